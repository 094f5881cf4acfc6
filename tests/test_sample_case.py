"""The sample case, as its user meets it: what is said of each file, what is one account, what is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from case_oracle import CARD, WALLET, totals

import graphflow as gf
from graphflow.ledger import ROW_KINDS, Ledger

ROOT = Path(__file__).parent.parent
CASE = Path("samples") / "case"
READ = {
    "TenpayTrades.txt": (5, 3, 2, 0, 0, 0),
    "alipay.csv": (6, 4, 0, 0, 2, 0),
    "bank_return/样例银行_交易明细信息.csv": (34, 21, 9, 1, 3, 0),
    "bank_return/样例银行_人员信息.csv": (7, 0, 0, 0, 7, 0),
    "bank_return/样例银行_任务失败信息.csv": (1, 0, 0, 0, 1, 0),
    "bank_return/样例银行_子账户信息.csv": (7, 0, 0, 0, 7, 0),
    "bank_return/样例银行_强制措施信息.csv": (0, 0, 0, 0, 0, 0),
    "bank_return/样例银行_账户信息.csv": (7, 0, 0, 0, 7, 0),
    "bank_return/模型银行_交易明细信息.csv": (22, 13, 7, 0, 2, 0),
    "bank_return/模型银行_人员信息.csv": (5, 0, 0, 0, 5, 0),
    "bank_return/模型银行_任务失败信息.csv": (0, 0, 0, 0, 0, 0),
    "bank_return/模型银行_子账户信息.csv": (0, 0, 0, 0, 0, 0),
    "bank_return/模型银行_强制措施信息.csv": (2, 0, 0, 0, 2, 0),
    "bank_return/模型银行_账户信息.csv": (5, 0, 0, 0, 5, 0),
    "camt053.xml": (5, 2, 1, 0, 2, 0),
    "mt103.txt": (1, 1, 0, 0, 0, 0),
    "mt940.sta": (3, 2, 1, 0, 0, 0),
    "ncrp.xlsx/Money Transfer to": (4, 4, 0, 0, 0, 0),
    "ncrp.xlsx/Withdrawal through ATM": (2, 2, 0, 0, 0, 0),
    "ncrp.xlsx/Transaction put on hold": (1, 0, 0, 0, 1, 0),
    "ncrp.xlsx/Others Less Then 500": (1, 0, 0, 0, 1, 0),
    "pacs008.xml": (2, 2, 0, 0, 0, 0),
    "statement_en.csv": (7, 7, 0, 0, 0, 0),
    "usdt_erc20.csv": (7, 5, 0, 0, 2, 0),
}
"""File → rows read, accepted, paired, duplicate, excluded, rejected."""

FIRST = ("6200010000000000005", "6200020000000000002")
SECOND = ("6200010000000000006", "6200020000000000003")
THIRD = (CARD, "6200020000000000004", "6200020000000000005")
ALIPAY = "2088000000000017"
ABROAD = ("DE00100000000000000011", "NL00MODL0000000022", "FR0010000000000000000000033", "LT001000000000000044")


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return gf.read_ledger(CASE)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case") / "out"
    done = run("analyze", CASE, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def run(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graphflow", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, encoding="utf-8")


def _source(ledger: Ledger, name: str) -> Any:
    return next(source for source in ledger.sources if source.path == (CASE / name).as_posix())


def _place(path: str) -> str:
    return Path(path).relative_to(CASE).as_posix()


def test_every_row_of_every_file_is_accounted_for(ledger: Ledger) -> None:
    assert {_place(s.path): tuple(s.rows[kind] for kind in ("read", *ROW_KINDS)) for s in ledger.sources} == READ
    assert ledger.height == sum(rows[1] for rows in READ.values())


def test_the_ledger_adds_up_to_what_other_code_reads(ledger: Ledger) -> None:
    sums, transfers = totals(ROOT / CASE)
    paid = ledger.frame.group_by(pl.col("paid_currency").cast(pl.String)).agg(pl.col("paid").sum()).iter_rows()
    assert {currency: Decimal(sum_).scaleb(-ledger.decimals[currency]) for currency, sum_ in paid} == sums
    assert ledger.height == transfers
    assert set(sums) == {"CNY", "EUR", "INR", "USDT"}


def test_cards_account_numbers_and_the_wallet_are_one_account(ledger: Ledger) -> None:
    told = {alias: (account, reason) for account, alias, reason in ledger.identities.iter_rows()}
    wallet = told.pop(WALLET)
    assert wallet == (CARD, "a row of the wallet states the card, and no other")
    assert {alias[:3] for alias in told} == {"001", "002"}
    assert all(account[4:6] + account[-3:] == alias[1:3] + alias[-3:] for alias, (account, _) in told.items())
    assert len(told) == 12
    assert not {*ledger.accounts["account"]} & {WALLET, *told}


def test_the_row_that_the_shop_lacks_is_the_one_gap(ledger: Ledger) -> None:
    (gap,) = ledger.gaps.select("account", "currency", "amount", "file").rows()
    assert gap == ("6200010000000000004", "CNY", 33_00, (CASE / "bank_return/样例银行_交易明细信息.csv").as_posix())
    there = ledger.frame.filter(pl.col("paid") == 33_00, pl.col("payee") == "6200010000000000004")
    assert there["payer"].to_list() == ["6200020000000000001"]  # its payer's bank has it


def test_twins_are_paired_across_files_and_repeats_are_kept(ledger: Ledger) -> None:
    twins = ledger.frame.drop_nulls("twin_file").select(pl.col("file", "twin_file").cast(pl.String))
    pairs = {(_place(file), _place(twin)) for file, twin in twins.iter_rows() if file != twin}
    one, other = (f"bank_return/{bank}银行_交易明细信息.csv" for bank in ("样例", "模型"))
    assert pairs == {
        (one, other),
        (other, one),
        ("alipay.csv", other),
        (one, "TenpayTrades.txt"),
        ("statement_en.csv", "camt053.xml"),
        ("camt053.xml", "mt940.sta"),
    }
    assert twins.height == sum(rows[2] for rows in READ.values())
    twice = ledger.frame.filter(pl.col("paid") == 20_00, pl.col("memo") == "扫码付款")
    assert twice["time"].n_unique() == 1
    assert twice["tx"].n_unique() == twice["twin_row"].n_unique() == twice.height == 2


def test_reversals_are_listed_with_what_they_take_back(ledger: Ledger) -> None:
    listed = ledger.rejected.filter(pl.col("reason").str.contains("revers"))
    told = {(_place(file), row): value for file, row, value in listed.select("file", "row", "value").iter_rows()}
    pairs = {place: (_place(value.split(" of ")[1]), int(value.split()[1])) for place, value in told.items()}
    assert {file: [place[0] for place in pairs].count(file) for file, _ in pairs} == {
        "bank_return/样例银行_交易明细信息.csv": 2,
        "bank_return/模型银行_交易明细信息.csv": 2,
        "camt053.xml": 2,
    }
    assert set(pairs.values()) < set(pairs)


def test_what_moved_nothing_says_why(ledger: Ledger) -> None:
    reasons = "\n".join(ledger.rejected["reason"])
    for said in ("did not succeed: 失败", "did not go through: 交易关闭", "不计收支", "put on hold by the bank"):
        assert said in reasons
    assert "is not that of USDT" in reasons
    assert "address poisoning" in reasons


def test_rows_without_counterparty_have_typed_ends(ledger: Ledger) -> None:
    ends = pl.concat([ledger.frame["payer"], ledger.frame["payee"]]).value_counts(name="n")
    typed = {end: n for end, n in ends.iter_rows() if ":" in end or (end.isupper() and end.isalpha())}
    assert typed == {
        "CASH": 5, "FEE": 5, "INTEREST": 2, "POS:样例超市": 1, "POS:样例影院": 1, f"UNKNOWN:{ABROAD[0]}": 1,
    }  # fmt: skip


def test_measures_in_force_and_declared_tiers_are_kept(ledger: Ledger) -> None:
    assert ledger.freezes.select("account", "amount").rows() == [
        (THIRD[1], 2_500_00),
        (THIRD[2], 2_385_00),
        ("60200000000031", 1_15_000_00),
    ]
    assert ledger.frame.filter(pl.col("paid_currency") == "INR")["tier"].drop_nulls().to_list() == [1, 2, 2, 3]


def test_words_are_proved_by_balances(ledger: Ledger) -> None:
    assert _source(ledger, "bank_return/样例银行_交易明细信息.csv").direction.startswith("出 = out, 进 = in (100 % of ")
    assert _source(ledger, "bank_return/模型银行_交易明细信息.csv").direction.startswith("借 = out, 贷 = in (100 % of ")


def test_the_chain_is_found_from_first_accounts_to_the_ends(out: Path) -> None:
    findings = pl.read_parquet(out / "findings.parquet").filter(detector="mule-chain", level="high")
    chains = [set(accounts) for accounts in findings["accounts"]]
    assert any({*FIRST, *SECOND, *THIRD, ALIPAY} <= chain for chain in chains)
    assert any({*ABROAD} <= chain for chain in chains)
    victims = {f"62000{bank}000000000000{k}" for bank, k in ((1, 1), (1, 2), (1, 3), (2, 1))}
    assert not any(victims & chain for chain in chains)


def test_each_case_has_its_page_with_its_accounts(out: Path) -> None:
    best = pl.read_parquet(out / "cases.parquet").row(0, named=True)
    page = (out / "cases" / f"{best['case_id']}.html").read_text(encoding="utf-8")
    assert best["level"] == "high"
    facts = json.loads(re.findall(r'<script[^>]*id="facts"[^>]*>(.*?)</script>', page, re.DOTALL)[0])
    assert {*best["accounts"]} <= {account["account"] for account in facts["accounts"]}
    assert {_place(path) for _, path in facts["files"]} == {
        "TenpayTrades.txt",
        "alipay.csv",
        "bank_return/样例银行_交易明细信息.csv",
        "bank_return/模型银行_交易明细信息.csv",
    }


def test_results_list_statements_gaps_and_identities(out: Path, ledger: Ledger) -> None:
    tables = {name: pl.read_csv(out / f"{name}.csv") for name in ("statements", "statement_gaps", "identities")}
    assert tables["statements"].height == ledger.statements.height
    assert tables["statement_gaps"]["amount"].to_list() == [33.0]
    assert tables["identities"].height == 13


def test_the_page_of_the_samples_gives_the_same_numbers() -> None:
    page = (ROOT / "samples" / "README.md").read_text("utf-8").split("## case/")[1]
    told = {file: line for line in page.splitlines() for file in re.findall(r"^\| `(\S+)`", line)}
    for name, (_, *counts) in READ.items():
        line = told.get(name.replace("交易明细信息.csv", "*"))
        if line is not None:
            said = {
                kind: int(n) for n, kind in re.findall(r"(\d+) (accepted|paired|duplicate|excluded|rejected)", line)
            }
            assert said == {kind: n for kind, n in zip(ROW_KINDS, counts, strict=True) if n}, name
    assert set(told) - {name.replace("交易明细信息.csv", "*") for name in READ} == {"ncrp.xlsx"}


def test_the_readme_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    section = (ROOT / "README.md").read_text("utf-8").split("### A folder as the bank sent it")[1].split("### ")[0]
    commands = re.findall(r"```sh\ngraphflow (.*)\n```", section)
    shown = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    assert commands == ["inspect samples/case", "analyze samples/case --out out/case"]
    assert len(shown) == len(commands)
    for command, block in zip(commands, shown, strict=True):
        words = command.replace("out/case", str(tmp_path / "out" / "case")).split()
        done = run(*words)
        assert done.returncode == 0, done.stderr
        printed = [line.rstrip().replace(f"{tmp_path}/", "") for line in done.stdout.splitlines()]
        assert set(block.splitlines()) - {"…"} <= set(printed)


def test_inspect_says_all_of_it_as_json() -> None:
    done = run("inspect", CASE, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [_place(file["path"]) for file in told["files"]] == sorted(READ, key=lambda name: list(READ).index(name))
    agreed = {
        "path", "sha256", "bytes", "dialect", "encoding", "separator", "header_line", "title", "columns", "unit",
        "decimal", "direction", "time_format", "rows",
    }  # fmt: skip
    assert all(agreed <= file.keys() for file in told["files"])
    by_name = {_place(file["path"]): file for file in told["files"]}
    english, fen = by_name["statement_en.csv"], by_name["TenpayTrades.txt"]
    assert (english["header_line"], english["decimal"], english["separator"]) == (5, "comma", ";")
    assert english["time_format"] == "%d.%m.%Y %H:%M"
    assert fen["unit"].startswith("fen")
    assert fen["columns"]["paid"] == {"header": "交易金额(分)", "confidence": 1.0}
    assert by_name["bank_return/样例银行_账户信息.csv"]["encoding"] == "gb18030"
    assert told["ledger"]["transfers"] == sum(rows[1] for rows in READ.values())
    assert told["gap_count"] == len(told["gaps"]) == 1
    assert len(told["examples"]) == 3
