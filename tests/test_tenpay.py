"""TenpayTrades files: fen, wallets beside cards, header names that occur twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from returns import balanced, counts, edges, reasons

from graphflow import Ledger, read_ledger
from graphflow.errors import ColumnError, SourceError

HEADER = (
    "用户ID", "交易单号", "大单号", "用户侧账号名称", "借贷类型", "交易业务类型", "交易用途类型", "交易时间",
    "交易金额(分)", "账户余额(分)", "用户银行卡号", "用户侧网银联单号", "网联/银联", "第三方账户名称", "对手方ID",
    "对手侧账户名称", "对手方银行卡号", "对手侧银行名称", "对手侧网银联单号", "网联/银联", "第三方账户名称",
    "对手方接收时间", "对手方接收金额(分)", "备注1", "备注2",
)  # fmt: skip


def line(own: str, way: str, fen: str, other: str = "wx_b", **more: str) -> Mapping[str, str]:
    usual = {"用户ID": own, "借贷类型": way, "交易金额(分)": fen, "对手方ID": other, "交易时间": "2026-01-05 09:00:00"}
    return {**usual, **more}


def write(folder: Path, *lines: Mapping[str, str], header: tuple[str, ...] = HEADER) -> Path:
    path = folder / "TenpayTrades.txt"
    rows = ["\t".join(header), *("\t".join(cells.get(name, "") for name in header) for cells in lines)]
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def read(folder: Path, *lines: Mapping[str, str]) -> Ledger:
    ledger = read_ledger(write(folder, *lines))
    balanced(ledger)
    assert ledger.sources[0].dialect == "tenpay"
    return ledger


@pytest.mark.parametrize(
    ("text", "fen"), [("1", 1), ("12", 12), ("1250", 1250), ("100000", 100000), ("1250.00", 1250), ("1,250", 1250)]
)
def test_amounts_are_fen(text: str, fen: int, tmp_path: Path) -> None:
    ledger = read(tmp_path, line("wx_a", "出", text))
    assert edges(ledger) == [("wx_a", "wx_b", fen)]
    assert ledger.currencies == ["CNY"]
    assert ledger.decimals == {"CNY": 2}


@pytest.mark.parametrize("text", ["12.50", "abc", "1e3"])
def test_what_is_no_whole_number_of_fen(text: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, line("wx_a", "出", text), line("wx_a", "出", "100"))
    assert edges(ledger) == [("wx_a", "wx_b", 100)]
    assert ledger.rejected["value"].to_list() == [f"{text} (not whole hundredths)"]


def test_brackets_of_another_width(tmp_path: Path) -> None:
    header = tuple(name.replace("(", "（").replace(")", "）") for name in HEADER)
    cells = {header[HEADER.index(name)]: text for name, text in line("wx_a", "出", "125").items()}
    assert edges(read_ledger(write(tmp_path, cells, header=header))) == [("wx_a", "wx_b", 125)]


def test_both_sides_of_a_payment(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        line("wx_a", "出", "500", "wx_b", 交易单号="T1", 用户侧账号名称="Resident 0001"),
        line("wx_b", "入", "500", "wx_a", 交易单号="T1", 用户侧账号名称="Resident 0002", 备注1="rent", 备注2="May"),
    )
    assert edges(ledger) == [("wx_a", "wx_b", 500)]
    assert counts(ledger) == {"read": 2, "accepted": 1, "paired": 1}
    told = ledger.frame.row(0, named=True)
    assert (told["tx"], told["payer_name"], told["payee_name"]) == ("T1", "Resident 0001", "Resident 0002")
    assert told["memo"] == "rent May"


def test_a_wallet_and_its_only_card(tmp_path: Path) -> None:
    """The wallet's own records keep the wallet's name, unless the card is an account that money is seen to reach."""
    rows = [line("wx_a", "出", "500", 用户银行卡号="6200000000000000001"), line("wx_a", "入", "600")]
    alone = read(tmp_path, *rows)
    assert edges(alone) == [("wx_a", "wx_b", 500), ("wx_b", "wx_a", 600)]
    reason = "a row of the wallet states the card, and no other"
    assert list(alone.identities.iter_rows()) == [("wx_a", "6200000000000000001", reason)]
    seen = read(tmp_path, *rows, line("wx_c", "出", "700", "", 对手方银行卡号="6200000000000000001"))
    assert sorted(edges(seen)) == [
        ("6200000000000000001", "wx_b", 500),
        ("wx_b", "6200000000000000001", 600),
        ("wx_c", "6200000000000000001", 700),
    ]
    assert list(seen.identities.iter_rows()) == [("6200000000000000001", "wx_a", reason)]


@pytest.mark.parametrize(
    "cards",
    [
        [("wx_a", "C1"), ("wx_a", "C2")],
        [("wx_a", "C1"), ("wx_c", "C1")],
        [("wx_a", "C1"), ("wx_a", "C2"), ("wx_c", "C2")],
    ],
)
@pytest.mark.parametrize("seen", [False, True])
def test_wallets_and_cards_that_are_not_one_to_one_stay_apart(
    cards: list[tuple[str, str]], seen: bool, tmp_path: Path
) -> None:
    rows = [line(wallet, "出", "500", 用户银行卡号=card) for wallet, card in cards]
    rows += [line("wx_z", "出", "700", "", 对手方银行卡号="C1")] if seen else []
    ledger = read(tmp_path, *rows)
    assert {payer for payer, _, _ in edges(ledger)} == {wallet for wallet, _ in cards} | ({"wx_z"} if seen else set())
    assert not ledger.identities.height
    (told,) = ledger.warnings
    assert told.startswith(f"{len(cards)} links between numbers are not one to one, so both stay apart; one is ")


def test_a_wallet_joins_the_bank_that_holds_its_card(tmp_path: Path) -> None:
    bank = tmp_path / "bank.csv"
    bank.write_text("交易卡号,交易时间,交易金额,收付标志,交易对手账卡号\nC1,2026-01-05 10:00:00,9.00,出,C9\n", "utf-8")
    path = write(tmp_path, line("wx_a", "出", "500", 用户银行卡号="C1"))
    ledger = read_ledger([path, bank])
    assert edges(ledger) == [("C1", "wx_b", 500), ("C1", "C9", 900)]
    assert list(ledger.identities.select("account", "alias").iter_rows()) == [("C1", "wx_a")]


def test_the_counterparty_is_a_card_or_nobody(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        line("wx_a", "出", "1", "", 对手方银行卡号="6200000000000000009"),
        line("wx_a", "出", "2", "", 对手侧账户名称="Sample Shop"),
        line("wx_a", "出", "3", "", 对手侧账户名称="Sample Shop", 交易用途类型="商户消费"),
        line("wx_a", "出", "4", "", 交易用途类型="提现手续费"),
    )
    assert edges(ledger) == [
        ("wx_a", "6200000000000000009", 1),
        ("wx_a", "UNKNOWN:wx_a:Sample Shop", 2),
        ("wx_a", "POS:Sample Shop", 3),
        ("wx_a", "FEE", 4),
    ]


def test_balances_prove_the_words(tmp_path: Path) -> None:
    moves = [("入", 900), ("出", 100), ("出", 300), ("入", 50)]
    rows, balance = [], 0
    for k, (way, fen) in enumerate(moves):
        balance += fen if way == "入" else -fen
        rows.append(line("wx_a", way, str(fen), **{"账户余额(分)": str(balance), "交易时间": f"2026-01-05 09:0{k}:00"}))
    ledger = read(tmp_path, *rows)
    assert ledger.sources[0].direction == "入 = in, 出 = out (100 % of 3 balances agree)"
    del rows[2]
    assert ledger.gaps.height == 0
    assert read(tmp_path, *rows).gaps["amount"].to_list() == [-300]


def test_a_reversal_of_a_payment(tmp_path: Path) -> None:
    back = line("wx_a", "入", "500", 交易单号="T2", 交易用途类型="转账撤销", 交易时间="2026-01-05 10:00:00")
    ledger = read(tmp_path, line("wx_a", "出", "500", 交易单号="T1"), line("wx_a", "出", "700"), back)
    assert edges(ledger) == [("wx_a", "wx_b", 700)]
    assert [number for _, number, _ in reasons(ledger)] == [1, 3]


@pytest.mark.parametrize("lacks", ["用户ID", "借贷类型", "交易时间", "交易金额(分)"])
def test_a_column_that_is_missing(lacks: str, tmp_path: Path) -> None:
    path = write(tmp_path, line("wx_a", "出", "500"), header=tuple(name for name in HEADER if name != lacks))
    said = lacks.replace("(", "").replace(")", "").replace("ID", "id")
    with pytest.raises(ColumnError) as error:
        read_ledger(path, dialect="tenpay")
    assert str(error.value) == f"{path}: a TenpayTrades file has a column {said}; this one has not"


def test_an_amount_that_is_not_said_to_be_fen_is_not_taken_for_fen(tmp_path: Path) -> None:
    """The unit is the header's: a file of yuan is refused as Tenpay's, never read a hundred times too small."""
    header = tuple(name.replace("(分)", "") for name in HEADER)
    cells = {name.replace("(分)", ""): text for name, text in line("wx_a", "出", "500").items()}
    path = write(tmp_path, cells, header=header)
    with pytest.raises(SourceError, match="a TenpayTrades file has a column 交易金额分; this one has not"):
        read_ledger(path, dialect="tenpay")
