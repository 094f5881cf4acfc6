"""The simulator's dialects, read back by a slow and obvious reader: the same transfers, and the truth told right."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from graphflow.errors import RuleError
from graphflow.simulate import simulate
from graphflow.simulate.result import places

COLUMNS = [
    "交易卡号", "交易账号", "账户开户名称", "开户人证件号码", "交易时间", "交易金额", "交易余额", "收付标志",
    "交易对手账卡号", "现金标志", "对手户名", "对手身份证号", "对手开户银行", "摘要说明", "交易币种", "交易网点名称",
    "交易网点代码", "交易发生地", "交易是否成功", "传票号", "终端号", "IP地址", "MAC地址", "对手交易余额",
    "交易流水号", "日志号", "凭证种类", "凭证号", "交易柜员号", "商户名称", "商户号", "备注", "交易类型",
    "查询反馈结果原因",
]  # fmt: skip
NUMBERS = {
    "交易卡号", "交易账号", "开户人证件号码", "交易时间", "交易金额", "交易余额", "交易对手账卡号", "交易流水号",
    "日志号", "交易网点代码",
}  # fmt: skip
NULLS = {"", "-", r"\N", "NULL", "无"}
OUT, IN = {"出", "借"}, {"进", "贷"}
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S")
ENDS = {"ATM取款": "CASH", "手续费": "FEE", "结息": "INTEREST"}

BANK = "Bank of Samples"

Edge = tuple[str, str, int]


@dataclass
class Row:
    """One side of a transfer, as the slow reader understands it."""

    own: str
    other: str
    fen: int
    sign: int
    time: datetime
    balance: int
    serial: str
    raw: dict[str, str]
    bank: str

    @property
    def edge(self) -> Edge:
        ends = (self.own, self.other or self.end)
        return (*ends, self.fen) if self.sign < 0 else (*ends[::-1], self.fen)

    @property
    def end(self) -> str:
        return ENDS.get(self.raw["摘要说明"]) or "POS:" + self.raw["商户名称"]

    @property
    def moved(self) -> bool:
        return self.raw["交易是否成功"] == "成功"


class Case:
    """A simulation on disk, and the slow reader of each of its dialects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.truth: dict[str, Any] = json.loads((folder / "truth.json").read_text("utf-8"))
        self.told = self.truth["bank_return"]

    @cached_property
    def ledger(self) -> list[dict[str, str]]:
        with (self.folder / "transfers.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    @cached_property
    def edges(self) -> Counter[Edge]:
        return Counter((row["payer"], row["payee"], fen(row["amount"])) for row in self.ledger)

    def tables(self, kind: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """(bank, rows with every cell as it stands) of each file of a kind, in the order of their names."""
        for path in sorted((self.folder / "bank_return").glob(f"*_{kind}.csv")):
            with path.open(encoding="gb18030", newline="") as stream:
                yield path.name.partition("_")[0], list(csv.DictReader(stream))

    @cached_property
    def cards(self) -> dict[str, str]:
        """Account number → card."""
        return {bare(r["账号"]): bare(r["卡号"]) for _, rows in self.tables("账户信息") for r in rows}

    @cached_property
    def written(self) -> list[Row]:
        """Every row of every transaction file (not of the copy)."""
        return [self.row(bank, cells) for bank, rows in self.tables("交易明细信息") for cells in rows]

    @cached_property
    def once(self) -> list[Row]:
        """The rows without those that a file repeats word by word."""
        return list({(row.bank, *row.raw.values()): row for row in self.written}.values())

    def row(self, bank: str, cells: dict[str, str]) -> Row:
        raw = {name: bare(cell) for name, cell in cells.items()}
        own = raw["交易卡号"].partition("_")[0] or self.cards[raw["交易账号"]]
        assert raw["收付标志"] in OUT | IN
        return Row(
            own=own,
            other=raw["交易对手账卡号"],
            fen=abs(fen(raw["交易金额"])),
            sign=-1 if raw["收付标志"] in OUT else 1,
            time=moment(raw["交易时间"]),
            balance=fen(raw["交易余额"]),
            serial=raw["交易流水号"],
            raw=raw,
            bank=bank,
        )

    @cached_property
    def accepted(self) -> list[Row]:
        """Rows that are a side of a transfer: no failure, nothing of zero, nothing reversed."""
        reversed_serials = {row.serial for row in self.once if row.raw["摘要说明"] == "冲正"}
        return [row for row in self.once if row.moved and row.fen and row.serial not in reversed_serials]


def bare(cell: str) -> str:
    text = cell.strip("\t")
    return "" if text in NULLS else text


def fen(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").lstrip("¥￥").strip()
    value = Decimal(plain) * 100
    assert value == int(value)
    return int(value)


def moment(text: str) -> datetime:
    for form in TIMES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise AssertionError(text)


def paired(rows: list[Row]) -> tuple[list[Edge], int]:
    """One edge a transfer: first by the serial on both sides, then by what both say; and how many pairs there were."""
    by_serial = {(row.serial, row.edge): row for row in rows if row.sign < 0 and row.serial}
    pairs = [(by_serial.pop((r.serial, r.edge)), r) for r in rows if r.sign > 0 and (r.serial, r.edge) in by_serial]
    done = {id(row) for pair in pairs for row in pair}
    waiting: dict[Edge, list[Row]] = defaultdict(list)
    for row in rows:
        if row.sign < 0 and id(row) not in done:
            waiting[row.edge].append(row)
    alone = []
    for row in rows:
        if row.sign > 0 and id(row) not in done:
            twin = next((out for out in waiting[row.edge] if are_twins(out, row)), None)
            if twin is None:
                alone.append(row.edge)
            else:
                waiting[row.edge].remove(twin)
                pairs.append((twin, row))
    return [row.edge for row in rows if row.sign < 0] + alone, len(pairs)


def are_twins(out: Row, into: Row) -> bool:
    return 0 <= (into.time - out.time).total_seconds() <= 40 and not (out.serial and into.serial)


@pytest.fixture(scope="module", params=[(7, 400, 30), (3, 200, 7)], ids=str)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    seed, accounts, days = request.param
    folder = tmp_path_factory.mktemp("case") / "out"
    simulate(seed=seed, accounts=accounts, days=days).write(folder)
    return Case(folder)


# --- the same case -----------------------------------------------------------------------------------


def test_the_bank_return_has_the_same_transfers(case: Case) -> None:
    edges, pairs = paired(case.accepted)
    extra = Counter((t["payer"], t["payee"], fen(t["amount"])) for t in case.told["extra"]["transfers"])
    assert Counter(edges) - extra == case.edges
    assert extra - Counter(edges) == Counter()
    assert pairs == len(case.ledger) - len(case.told["gap"]["transactions"])


def test_the_wallet_file_has_the_same_transfers(case: Case) -> None:
    rows = tenpay_rows(case)
    paid = Counter((r["用户ID"], r["对手方ID"], int(r["交易金额(分)"])) for r in rows if r["借贷类型"] == "出")
    received = Counter((r["对手方ID"], r["用户ID"], int(r["交易金额(分)"])) for r in rows if r["借贷类型"] == "入")
    assert paid == received == case.edges
    by_serial = Counter(r["交易单号"] for r in rows)
    assert by_serial == Counter({row["tx"]: 2 for row in case.ledger})


def test_equal_payments_in_one_second_are_there_one_by_one(case: Case) -> None:
    (trap,) = [trap for trap in case.truth["traps"] if trap["kind"] == "repeat"]
    rows = {row["tx"]: row for row in case.ledger}
    pairs = [(rows[a], rows[b]) for a, b in zip(trap["transactions"][::2], trap["transactions"][1::2], strict=True)]
    assert len(pairs) == len(trap["accounts"]) == 25
    for one, two in pairs:
        assert one["tx"] != two["tx"]
        assert all(one[name] == two[name] for name in ("time", "payer", "payee", "amount"))
        assert case.edges[one["payer"], one["payee"], fen(one["amount"])] >= 2
    # Whoever takes equal rows for one transfer loses these
    said = [(row.edge, row.time, row.sign) for row in case.accepted if row.raw["摘要说明"] == "coffee"]
    assert len(said) - len(set(said)) >= 25


def test_twins_are_seconds_apart_and_share_a_serial(case: Case) -> None:
    sides: dict[str, list[Row]] = defaultdict(list)
    for row in case.accepted:
        sides[row.serial].append(row)
    assert len(sides.pop("")) == case.told["without_serial"] == len(case.ledger) // 40
    apart = set()
    for rows in sides.values():
        assert len(rows) <= 2
        if len(rows) == 2:
            out, into = sorted(rows, key=lambda row: row.sign)
            assert (out.sign, into.sign) == (-1, 1)
            assert out.edge == into.edge
            apart.add((into.time - out.time).total_seconds())
    assert apart == set(range(41))


# --- balances ----------------------------------------------------------------------------------------


def test_balances_are_continuous_but_for_the_gap(case: Case) -> None:
    gap, breaks = case.told["gap"], []
    closing: dict[str, int] = {}
    for own, rows in by_account(case.once).items():
        closing[own] = rows[-1].balance
        opening = rows[0].balance - rows[0].sign * rows[0].fen * rows[0].moved
        assert 0 < min(opening, *(row.balance for row in rows)) < 500_00  # nobody begins with more than is needed
        for before, after in pairwise(rows):
            assert before.time <= after.time
            if before.balance + after.sign * after.fen * after.moved != after.balance:
                breaks.append((own, said(before), said(after)))
    assert breaks == [(gap["account"], gap["before"], gap["after"])]
    listed = {bare(r["卡号"]): fen(bare(r["账户余额"])) for _, rows in case.tables("账户信息") for r in rows}
    assert {own: listed[own] for own in closing} == closing
    assert {listed[own] for own in listed.keys() - closing.keys()} <= {0}


def test_the_wallets_balances_are_continuous(case: Case) -> None:
    last: dict[str, int] = {}
    for row in tenpay_rows(case):
        sign = 1 if row["借贷类型"] == "入" else -1
        balance, amount = int(row["账户余额(分)"]), int(row["交易金额(分)"])
        assert last.get(row["用户ID"], balance - sign * amount) + sign * amount == balance >= 0
        last[row["用户ID"]] = balance


def test_the_page_that_is_missing(case: Case) -> None:
    gap = case.told["gap"]
    lost = [row for row in case.ledger if row["tx"] in gap["transactions"]]
    sides = [row for row in case.accepted if row.serial in gap["transactions"]]
    assert len(lost) == 5
    assert all(gap["account"] in (row["payer"], row["payee"]) for row in lost)
    assert [row for row in sides if row.own == gap["account"]] == []
    assert {row.other for row in sides} == {gap["account"]}
    assert gap["account"] not in {a for t in case.truth["traps"] + case.truth["patterns"] for a in t["accounts"]}


# --- what was planted --------------------------------------------------------------------------------


def test_every_row_is_accounted_for(case: Case) -> None:
    told = case.told["accounting"]
    excluded = Counter(kind(row) for row in case.once) & Counter(dict.fromkeys(("failed", "zero", "reversal"), 10**6))
    assert dict(excluded) == case.told["excluded"]
    edges, pairs = paired(case.accepted)
    assert told == {
        "read": len(case.written),
        "accepted": len(edges),
        "paired": pairs,
        "duplicate": len(case.written) - len(case.once),
        "excluded": excluded.total(),
        "rejected": 0,
    }
    assert told["read"] == sum(told.values()) - told["read"]
    assert {bank: len(rows) for bank, rows in case.tables("交易明细信息")} == case.told["rows"]


def test_reversals_net_to_nothing(case: Case) -> None:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in case.once:
        if kind(row) == "reversal":
            groups[row.serial].append(row)
    assert len(groups) == 7
    for rows in groups.values():
        assert Counter((row.own, row.sign) for row in rows) == Counter(
            (own, sign) for own in {row.own for row in rows} for sign in (-1, 1)
        )
        there, there_too, back, back_too = sorted(rows, key=lambda row: row.time)
        assert [row.raw["摘要说明"] for row in (there, there_too, back, back_too)] == ["转账", "转账", "冲正", "冲正"]
        assert there.edge == there_too.edge == (back.edge[1], back.edge[0], back.fen)
        assert back.edge == back_too.edge


def test_rows_without_a_counterparty(case: Case) -> None:
    lonely = Counter(kind(row) for row in case.once if not row.other)
    assert dict(lonely) == case.told["extra"]["rows"]
    assert {t["serial"] for t in case.told["extra"]["transfers"]} == {row.serial for row in case.once if not row.other}


def test_odd_ways_to_write_an_amount(case: Case) -> None:
    marks = {"thousands": ",", "yuan_sign": "¥￥", "full_width": "０１２３４５６７８９", "negative": "-"}
    texts = [row.raw["交易金额"] for row in case.once]
    counted = {name: sum(any(c in text for c in chars) for text in texts) for name, chars in marks.items()}
    assert counted == case.told["amounts"] == dict.fromkeys(marks, 40)
    assert all(row.sign < 0 for row in case.once if row.raw["交易金额"].startswith("-"))


def test_rows_and_a_file_that_come_twice(case: Case) -> None:
    again = Counter((row.bank, *row.raw.values()) for row in case.written)
    by_bank: Counter[str] = Counter()
    for key, number in again.items():
        by_bank[key[0]] += number - 1
    assert {bank: by_bank[bank] for bank in case.told["repeated_rows"]} == case.told["repeated_rows"]
    assert by_bank.total() == 30
    folder, twice = case.folder / "bank_return", case.told["delivered_twice"]
    assert twice["file"] != twice["copy"]
    assert (folder / twice["file"]).read_bytes() == (folder / twice["copy"]).read_bytes()
    assert len(list(folder.glob("*交易明细*"))) == 6


@pytest.mark.parametrize("place", range(5))
def test_each_bank_has_its_habits(case: Case, place: int) -> None:
    bank, habits = list(case.told["habits"].items())[place]
    cells = dict(case.tables("交易明细信息"))[bank]
    own = [row for row in case.once if row.bank == bank]
    assert {row["对手身份证号"].removesuffix("\t") for row in cells} == {habits["null"]}
    assert {row["收付标志"] for row in cells} == {habits["out"], habits["in"]}
    assert {row["交易币种"] for row in cells} == {habits["currency"]}
    assert {bare(row["账户开户名称"]) != "" for row in cells} == {habits["owner_named"]}
    assert {bare(row["开户人证件号码"]) != "" for row in cells} == {habits["owner_named"]}
    form = habits["time"].replace("%-", "%")
    assert all(datetime.strptime(row.raw["交易时间"], form) == row.time for row in own)
    assert {row["交易卡号"].count("_") > 0 for row in cells} == {habits["card_suffix"]}
    if habits["card_suffix"]:
        assert {row["交易卡号"].strip("\t")[19:] for row in cells} == {"_1", "_156_1"}
    lacking = Counter(name for row in own for name in ("交易卡号", "交易账号") if not row.raw[name])
    assert lacking == ({habits["missing"]: habits["rows_missing"]} if habits["missing"] else {})


def test_the_habits_differ(case: Case) -> None:
    seen = {name: {habits[name] for habits in case.told["habits"].values()} for name in case.told["habits"][BANK]}
    assert seen["null"] == NULLS
    assert {(h["out"], h["in"]) for h in case.told["habits"].values()} == {("出", "进"), ("借", "贷")}
    assert seen["missing"] == {"", "交易卡号", "交易账号"}
    assert seen["currency"] == {"CNY", "人民币"}
    assert seen["card_suffix"] == seen["owner_named"] == {True, False}
    assert len(seen["time"]) == 3


def test_what_stands_beside_the_transactions(case: Case) -> None:
    accounts = {bare(r["卡号"]): r for _, rows in case.tables("账户信息") for r in rows}
    with (case.folder / "accounts.csv").open(encoding="utf-8", newline="") as stream:
        known = {row["account"]: row for row in csv.DictReader(stream)}
    assert {card: row["账户开户名称"] for card, row in accounts.items()} == {a: r["name"] for a, r in known.items()}
    assert len(case.cards) == len(accounts)
    assert not case.cards.keys() & known.keys()
    persons = {bare(r["证照号码"]) for _, rows in case.tables("人员信息") for r in rows}
    assert persons == {bare(row["开户人证件号码"]) for row in accounts.values()}
    frozen = {bare(r["卡号"]): bare(r["冻结金额"]) for _, rows in case.tables("强制措施信息") for r in rows}
    assert frozen == {freeze["account"]: freeze["amount"] for freeze in case.told["freezes"]}
    assert {card for card, row in accounts.items() if row["账户状态"] == "冻结"} == frozen.keys()
    assert len(frozen) == 3
    assert all(known[card]["role"].startswith("gang:") for card in frozen)
    there = {card: fen(bare(accounts[card]["账户余额"])) for card in frozen}
    in_part = {card for card in frozen if there[card] > fen(frozen[card])}
    assert {card: there[card] // 4 for card in in_part} == {card: fen(frozen[card]) for card in in_part}
    assert len(in_part) == 1
    assert all(there[card] == fen(amount) for card, amount in frozen.items() if card not in in_part)
    failed = [bare(r["账卡号"]) for _, rows in case.tables("任务失败信息") for r in rows]
    assert failed == [query["account"] for query in case.told["failed_queries"]]
    assert not set(failed) & known.keys()
    subs = [bare(r["子账户账号"]) for _, rows in case.tables("子账户信息") for r in rows]
    used = {r.raw["交易卡号"] for r in case.once if "_" in r.raw["交易卡号"]}
    assert used <= set(subs)
    assert {sub.partition("_")[0] for sub in subs} <= known.keys()


# --- bytes -------------------------------------------------------------------------------------------


def test_the_form_of_the_files(case: Case) -> None:
    paths = sorted((case.folder / "bank_return").iterdir())
    assert len(paths) == 5 * 6 + 1
    for path in paths:
        content = path.read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n") > 0
        content.decode("gb18030")
    for _, rows in case.tables("交易明细信息"):
        assert list(rows[0]) == COLUMNS
        assert all(row[name].endswith("\t") for row in rows for name in NUMBERS)
    # Only GB18030 can write this sign, which GBK has not: a reader must not take the one for the other
    assert any("¥" in row.raw["交易金额"] for row in case.once)


def test_nobody_real(case: Case) -> None:
    with (case.folder / "accounts.csv").open(encoding="utf-8", newline="") as stream:
        names = {row["name"] for row in csv.DictReader(stream)}
    said = {row.raw[name] for row in case.once for name in ("账户开户名称", "对手户名")} - {""}
    assert said <= names
    identities = {bare(r["开户人证件号码"]) for _, rows in case.tables("账户信息") for r in rows}
    assert all(identity.startswith("000000") and len(identity) == 18 for identity in identities)
    assert {row.raw["MAC地址"][:3] for row in case.once if row.raw["MAC地址"]} == {"02-"}
    merchants = {row.raw["商户名称"] for row in case.once} - {""}
    assert all(merchant.split()[0] in ("Sample", "Model", "Example", "Placeholder") for merchant in merchants)
    fictional = ("Bank of Samples", "Example Savings", "First Model Bank", "Invented Commercial", "Placeholder Credit")
    assert {path.name.partition("_")[0] for path in (case.folder / "bank_return").iterdir()} == set(fictional)


def test_the_wallet_files_header_and_cards(case: Case) -> None:
    head = (case.folder / "TenpayTrades.txt").read_text("utf-8").partition("\n")[0].split("\t")
    assert [name for name, number in Counter(head).items() if number == 2] == ["网联/银联", "第三方账户名称"]
    assert len(head) == 25
    rows, told = tenpay_rows(case), case.truth["tenpay"]
    assert len(rows) == told["rows"] == 2 * len(case.ledger)
    assert {r["用户ID"]: r["用户银行卡号"] for r in rows if r["用户银行卡号"]} == told["cards"]
    assert {r["用户ID"] for r in rows}.isdisjoint(told["cards"].values())
    received = {r["交易单号"]: r["交易时间"] for r in rows if r["借贷类型"] == "入"}
    assert all(received[r["交易单号"]] == r["对手方接收时间"] for r in rows)
    assert all(r["交易金额(分)"] == r["对手方接收金额(分)"] for r in rows)


def test_one_dialect_alone(tmp_path: Path) -> None:
    made = simulate(accounts=200, days=7)
    expected = {
        "two-sided": {"transfers.csv", "victims.csv"}, "bank-return": {"bank_return"}, "tenpay": {"TenpayTrades.txt"},
    }  # fmt: skip
    made.write(tmp_path / "all")
    for dialect, names in expected.items():
        made.write(tmp_path / dialect, dialect=dialect)
        assert set(places(dialect)) == names - {"victims.csv"}
        assert {p.name for p in (tmp_path / dialect).iterdir()} == names | {"accounts.csv", "truth.json"}
        for path in (tmp_path / dialect).rglob("*.csv"):
            assert path.read_bytes() == (tmp_path / "all" / path.relative_to(tmp_path / dialect)).read_bytes()
        truth = json.loads((tmp_path / dialect / "truth.json").read_text("utf-8"))
        assert truth.keys() - made.truth.keys() == {dialect.replace("-", "_")} - {"two_sided"}
    with pytest.raises(RuleError, match='no dialect "bankreturn": did you mean "bank-return"'):
        made.write(tmp_path / "x", dialect="bankreturn")
    assert not (tmp_path / "x").exists()


# --- helpers -----------------------------------------------------------------------------------------


def tenpay_rows(case: Case) -> list[dict[str, str]]:
    """The wallet file's rows; of a name that stands in the header twice, the first."""
    head, *lines = (case.folder / "TenpayTrades.txt").read_text("utf-8").splitlines()
    names = head.split("\t")
    rows = [line.split("\t") for line in lines]
    assert {len(row) for row in rows} == {len(names)}
    return [dict(reversed(list(zip(names, row, strict=True)))) for row in rows]


def by_account(rows: list[Row]) -> dict[str, list[Row]]:
    accounts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        accounts[row.own].append(row)
    return accounts


def said(row: Row) -> dict[str, str]:
    return {"serial": row.serial, "time": str(row.time), "balance": f"{Decimal(row.balance) / 100:.2f}"}


def kind(row: Row) -> str:
    """What a row is, by what it says."""
    if not row.moved:
        assert row.raw["查询反馈结果原因"].startswith("交易失败")
        return "failed"
    if row.fen == 0:
        return "zero"
    if row.serial.startswith("R"):
        return "reversal"
    if row.other:
        return "transfer"
    return row.end.partition(":")[0].lower()
