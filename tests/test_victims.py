"""Victims' payments: every line of a victims file is one ledger row, or is listed with the reason."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from ledgers import FIRST_DAY, MINUTE, Row, ledger_of, random_rows, seeds

import graphflow as gf
from graphflow.errors import ColumnError, GraphflowError, SourceError
from graphflow.ledger import IDENTITIES, Ledger
from graphflow.simulate import simulate
from graphflow.trace.victims.case import victims_from_case
from graphflow.trace.victims.columns import LINES
from graphflow.trace.victims.file import read_lines
from graphflow.trace.victims.fitting import ask, fits
from graphflow.trace.victims.matching import Victims, read_victims, victims_of
from graphflow.trace.victims.stated_accounts import End
from graphflow.view.folder import write_results

V1, V2, V3, M, N = "6222020000000000017", "6222020000000000025", "6222020000000000033", "6333000000000000009", "6444"
ROWS = [
    (V1, M, 10, 5000_00),
    (V1, M, 10, 5000_00),
    (V2, M, 20.2, 7000_00),
    (M, N, 30, 100),
    (V3, M, 40, 100),
    ("A", "A", 50, 77),
    (V3, N, 60, 100),
    (V2, M, 300, 7000_00),
]


@pytest.fixture
def ledger() -> Ledger:
    return ledger_of(ROWS, precision=timedelta(seconds=1))


def write(folder: Path, *lines: str) -> Path:
    path = folder / "victims.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def found(victims: Victims) -> dict[int, int]:
    """Line → row, for lines with one."""
    return dict(victims.payments.select("line", "row").iter_rows())


def read_or_refused(path: Path, ledger: Ledger, **options: Any) -> Victims | str:
    """The victims, or the one line that says why the file cannot be read."""
    try:
        return read_victims(path, ledger, **options)
    except GraphflowError as error:
        return str(error)


def reason(folder: Path, ledger: Ledger, *lines: str, **options: Any) -> str:
    """The reason of the only line that is not matched."""
    victims = read_victims(write(folder, *lines), ledger, **options)
    assert victims.unmatched.height == 1, victims.payments
    return str(victims.unmatched["reason"][0])


# --- reading -----------------------------------------------------------------------------------------

CHINESE = [
    ("受害人", "账号", "收款账号", "交易时间", "金额(元)"),
    ("张三", V1, M, "2026年1月5日 0时10分", "5,000.00"),
    ("李四", V2, M, "2026-01-05 00:20", "0.7万元"),
    ("王五", V3, M, "2026/1/5", "¥1"),
]


def test_a_chinese_file_in_any_dress(tmp_path: Path, ledger: Ledger) -> None:
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in CHINESE)
    (tmp_path / "a.csv").write_bytes(text.encode("gb18030"))
    (tmp_path / "b.csv").write_bytes(("受害人报案登记表\n\n" + text).encode("utf-8-sig"))
    (tmp_path / "c.tsv").write_text("\n".join("\t".join(row) for row in CHINESE), encoding="utf-16")
    with xlsxwriter.Workbook(tmp_path / "d.xlsx") as book:
        sheet = book.add_worksheet("报案")
        for k, row in enumerate(CHINESE):
            sheet.write_row(k, 0, row)
        book.add_worksheet("说明").write_row(0, 0, ("某", "事"))
    wanted = None
    for name in ("a.csv", "b.csv", "c.tsv", "d.xlsx"):
        lines = read_lines(tmp_path / name).lines.drop("table")
        wanted = lines if wanted is None else wanted
        assert lines.equals(wanted, null_equal=True), name
        assert found(read_victims(tmp_path / name, ledger)) == {1: 0, 2: 2, 3: 4}
    assert wanted is not None
    assert wanted["amount"].to_list() == [n * 10**18 for n in (5000, 7000, 1)]
    assert wanted["step"].to_list() == [60_000_000, 60_000_000, 86_400_000_000]
    assert wanted["name"].to_list() == ["张三", "李四", "王五"]
    assert (
        wanted["says"][0] == f"账号 {V1}, 受害人 张三, 收款账号 {M}, 交易时间 2026年1月5日 0时10分, 金额(元) 5,000.00"
    )


def test_a_sheet_that_names_no_payments_is_said(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "v.xlsx") as book:
        for name, rows in (("payments", [("tx", "note"), ("t1", "x")]), ("notes", [("who", "what"), ("a", "b")])):
            sheet = book.add_worksheet(name)
            for k, row in enumerate(rows):
                sheet.write_row(k, 0, row)
    file = read_lines(tmp_path / "v.xlsx")
    assert file.lines["tx"].to_list() == ["t1"]
    assert any("columns not used: note" in told for told in file.warnings)
    assert any("v.xlsx/notes: no column names a payment" in told for told in file.warnings)


def test_dates_beside_clocks_and_days_alone(tmp_path: Path) -> None:
    lines = read_lines(write(tmp_path, "account,date,time", "A,2026-01-05,09:30", "B,2026-01-06,")).lines
    assert [f"{time:%d %H:%M}" for time in lines["time"]] == ["05 09:30", "06 00:00"]
    assert lines["step"].to_list() == [60_000_000, 86_400_000_000]
    midnights = read_lines(write(tmp_path, "account,time", "A,2026-01-05 00:00:00", "B,2026-01-06 00:00:00")).lines
    assert midnights["step"].to_list() == [86_400_000_000] * 2


def test_a_list_of_one_column(tmp_path: Path, ledger: Ledger) -> None:
    victims = read_victims(write(tmp_path, "tx", "t3", "t0"), ledger)
    assert found(victims) == {1: 3, 2: 0}
    assert victims.payments["how"].unique().to_list() == ["by transaction id"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", 'no column names a payment: a victims file has "tx"'),
        ("victim,payee,time,amount\n", "has a header and no lines below it"),
        ("", "the file is empty"),
        ("victim,time\nA,03/04/2026\n", "could be day first or month first"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, ledger: Ledger, content: str, message: str) -> None:
    (tmp_path / "victims.csv").write_text(content)
    with pytest.raises(SourceError, match=message):
        read_victims(tmp_path / "victims.csv", ledger)


def test_options_that_are_wrong(tmp_path: Path, ledger: Ledger) -> None:
    path = write(tmp_path, "Acct,x", f"{V2},1")
    with pytest.raises(SourceError, match="no such file"):
        read_victims(tmp_path / "none.csv", ledger)
    with pytest.raises(ColumnError, match='has no field "victm": did you mean "victim"'):
        read_victims(path, ledger, mapping={"victm": "Acct"})
    with pytest.raises(ColumnError, match='no column "Act": did you mean "Acct"'):
        read_victims(path, ledger, mapping={"victim": "Act"})
    with pytest.raises(SourceError, match="time tolerance must not be negative"):
        read_victims(path, ledger, mapping={"victim": "Acct"}, tolerance=-MINUTE)
    with pytest.raises(SourceError, match='amount tolerance "x" is not an amount'):
        read_victims(path, ledger, mapping={"victim": "Acct"}, amount_tolerance="x")
    assert read_victims(path, ledger, mapping={"victim": "Acct"}).unmatched.height == 1


# --- one payment -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "line", "row", "how"),
    [
        (
            "victim,payee,time,amount",
            f"{V2},{M},2026-01-05 00:20,7000",
            2,
            "by accounts, amount and time 00:00:12 apart",
        ),
        ("victim,payee,time", f"{V2},{M},2026-01-05 00:29:30", 2, "by accounts and time 00:09:18 apart"),
        ("payee,time,amount", f"{M},2026-01-05 05:00,7000.00", 7, "by payee, amount and time 00:00:00 apart"),
        ("time,amount", "2026-01-05 00:20,7000", 2, "by amount and time 00:00:12 apart"),
        ("victim,amount", f"{V3},1", None, ""),
        ("victim,payee,amount", f"{V3},{M},1", 4, "by accounts and amount"),
        ("victim,payee", f"{V3},{M}", 4, "by accounts"),
        ("victim,amount,currency", f"{V1},5000,人民币", None, ""),
        ("file,row", "frame,3", 2, "by file and row"),
        ("row,amount", "3,7000", 2, "by file and row"),
        ("tx,amount", "t4,1.00", 4, "by transaction id"),
        ("tx,victim,time", f"gone,{V2},2026-01-05 00:20", 2, "the ledger has no transaction gone"),
        ("victim,time", "6222 0200-0000 0000 025,2026-01-05 00:20", 2, "by victim and time 00:00:12 apart"),
        ("victim,time", "6.22202E+18,2026-01-05 00:20:12", 2, "by victim and time 00:00:00 apart"),
    ],
)
def test_any_part_that_fits_one_transfer(
    tmp_path: Path, ledger: Ledger, header: str, line: str, row: int | None, how: str
) -> None:
    victims = read_victims(write(tmp_path, header, line), ledger)
    if row is None and "5000" in line:  # two equal payments: any of them is the same money
        assert victims.payments["row"].to_list() == [0]
        assert "one of 2 equal transfers of the same moment" in victims.payments["how"][0]
    elif row is None:
        assert victims.unmatched["reason"].to_list() == ["2 transfers fit it: say more of it"]
    else:
        assert victims.payments["row"].to_list() == [row]
        assert how in victims.payments["how"][0]
        paid = victims.payments.row(0, named=True)
        assert (paid["victim"], paid["amount"], paid["currency"]) == (ROWS[row][0], ROWS[row][3], "CNY")


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        ("victim,payee,time,amount", f"{V2},{M},2026-01-05 00:20,7001", "the nearest differs in amount"),
        ("victim,payee,time,amount", f"{V2},{M},2026-01-05 02:20,7000", "differs in time (1 hour 59 minutes apart)"),
        ("victim,payee,time,amount", f"{V2},{N},2026-01-05 00:20,7000", "differs in payee"),
        ("victim,payee,time,amount", f"{M},{V2},2026-01-05 00:20,7000", "the money goes the other way, to the victim"),
        ("victim,time,amount", f"{M},2026-01-05 00:20,7000", "the money goes the other way, to the victim"),
        ("victim,time,amount", "A,2026-01-05 00:50,0.77", "payer and payee are one account: nothing moves"),
        ("victim,payee", "A,A", "payer and payee are one account: nothing moves"),
        ("tx,victim", f"t2,{M}", "the money goes the other way, to the victim"),
        ("tx,amount", "t2,7000.01", "another amount stands in the transfer that it names by transaction id"),
        ("tx,victim", f"t2,{V1}", "another payer stands"),
        ("tx,victim", "t5,A", "payer and payee are one account"),
        ("tx,note", "t99,", "the ledger has no transaction t99"),
        ("tx,amount", "t2,about 7000", 'amount "about 7000" is not an amount'),
        (
            "victim,time,amount",
            f"{V2},2027-01-05 00:20,7000",
            "its time is outside the ledger, which goes from 2026-01-05",
        ),
        ("victim,time,amount", f"{V2},soon,7000", 'time "soon" is not a time that can be read'),
        ("victim,amount", f"{V2},-5", "the amount is zero or negative"),
        ("victim,amount,currency", f"{V2},7000,EUR", "no transfer is in EUR; the ledger has CNY"),
        ("victim,amount", f"{V2[:-1]}6,7000", f"the ledger has no account {V2[:-1]}6; {V2} differs in 1 digit"),
        ("victim,amount", f"{V2[:-2]}52,7000", f"; {V2} differs in 2 digits"),
        ("victim,amount", f"{V2}0,7000", f"; {V2} differs in 1 digit"),
        ("victim,payee", f"6.22202E+18,{M}", "fit it"),
        (
            "victim,note",
            "6.22202E+18,",
            "has cut the account number to 6.22202E+18: write it as text; 3 accounts of the",
        ),
        ("victim,note", f"{V2[:15]}0000,", "3 accounts of the ledger may be meant"),
        ("victim,note", "Nobody,", "the ledger has no names of account holders: give account numbers"),
        ("victim,time", ",2026-01-05 00:20", "a time alone names no payment"),
        ("file,row", "frame,99", "row 99 of frame is no transfer of the ledger"),
        ("file,row", "fram,1", 'the ledger has no file fram: did you mean "frame"?'),
        ("victim,payee", ",\nA,A", None),
        ("victim,note", f"{N},", f"{N} pays nobody in the ledger"),
        ("payee,note", f"{V1},", f"{V1}: no victim pays it"),
    ],
)
def test_lines_that_are_listed(tmp_path: Path, ledger: Ledger, header: str, line: str, words: str | None) -> None:
    if words is None:
        victims = read_victims(write(tmp_path, header, line), ledger)
        assert victims.unmatched["reason"][0] == "it names no payment and no account"
        return
    assert words in reason(tmp_path, ledger, header, line)


def test_candidates_name_the_nearest_rows(tmp_path: Path, ledger: Ledger) -> None:
    path = write(tmp_path, "victim,payee,time,amount", f"{V2},{M},2026-01-05 00:20,7001")
    (line,) = read_victims(path, ledger).unmatched.rows(named=True)
    near, far = line["candidates"].split("; ")
    assert near == f"t2: 2026-01-05 00:20:12 {V2} → {M} 7,000.00 CNY (frame row 3)"
    assert far.startswith("t7: ")
    assert line["says"] == f"victim {V2}, payee {M}, time 2026-01-05 00:20, amount 7001"


def test_a_row_that_became_no_transfer_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,payer,payee,amount,currency\n2026-01-05 09:00,V,M,50,CNY\n?,V,M,60,CNY\n")
    ledger = gf.read_ledger(tmp_path / "a.csv")
    told = reason(tmp_path, ledger, "file,row", "a.csv,2")
    assert "did not become a transfer: not a time" in told
    assert found(read_victims(write(tmp_path, "file,row", "a.csv,1"), ledger)) == {1: 0}


def test_an_amount_tolerance(tmp_path: Path, ledger: Ledger) -> None:
    path = write(tmp_path, "victim,time,amount", f"{V2},2026-01-05 00:20,6999.50")
    assert read_victims(path, ledger).payments.is_empty()
    assert found(read_victims(path, ledger, amount_tolerance="0.50")) == {1: 2}
    assert read_victims(path, ledger, amount_tolerance=Decimal("0.49")).payments.is_empty()


def test_a_ledger_or_a_line_by_the_day(tmp_path: Path) -> None:
    day = timedelta(days=1)
    by_day = ledger_of([(V1, M, 0, 100), (V1, M, 1440, 100)], precision=day)
    path = write(tmp_path, "victim,time,amount", f"{V1},2026-01-06 23:50,1")
    victims = read_victims(path, by_day)
    assert (found(victims), victims.payments["how"][0]) == ({1: 1}, "by victim, amount and day")
    by_minute = ledger_of([(V1, M, 1, 100), (V1, M, 1441, 100)])
    path = write(tmp_path, "victim,time,amount", f"{V1},2026-01-06,1")
    assert found(read_victims(path, by_minute)) == {1: 1}


def test_times_of_another_zone_are_named_as_such(tmp_path: Path, ledger: Ledger) -> None:
    path = write(
        tmp_path, "victim,time,amount", f"{V1},2026-01-05 08:10,5000", f"{V2},2026-01-05 08:20,7000",
    )  # fmt: skip
    victims = read_victims(path, ledger_of(ROWS[:-1]))
    assert victims.payments.is_empty()
    victims = read_victims(path, ledger_of([*ROWS[:-1], ("X", "Y", 900, 5)]))
    assert victims.warnings == (
        "2 lines would fit if their times were 8 hours earlier: are they of another time zone than the ledger?",
    )
    assert found(read_victims(path, ledger, timezone="Asia/Shanghai")) == {1: 0, 2: 2}


# --- who --------------------------------------------------------------------------------------------


def with_names(ledger: Ledger, **names: str) -> Ledger:
    named = ledger.accounts.with_columns(
        name=pl.col("account").replace_strict(names, default=None, return_dtype=pl.String)
    )
    return replace(ledger, accounts=named)


def test_names_stand_for_accounts_where_one_has_them(tmp_path: Path) -> None:
    ledger = with_names(ledger_of(ROWS), **{V1: "Ann Sample", V2: "Bo Sample", V3: "Bo Sample"})
    header = "name,payee,time,amount"
    victims = read_victims(
        write(tmp_path, header, f"Ann Sample,{M},2026-01-05 00:10,5000", f"Bo Sample,{M},2026-01-05 00:20,7000"), ledger
    )
    assert found(victims) == {1: 0, 2: 2}  # of the two called Bo one fits the rest
    assert "2 accounts have the name Bo Sample: say which" in reason(tmp_path, ledger, "name,note", "Bo Sample,")
    assert "3 transfers fit it" in reason(tmp_path, ledger, "victim,amount", "Bo Sample,1")  # M has no name
    assert "no account of the ledger has the name Al" in reason(
        tmp_path, ledger, header, f"Al,{M},2026-01-05 00:20,7000"
    )


def test_an_alias_is_the_account(tmp_path: Path) -> None:
    alias = pl.DataFrame([(V2, "1000000025", "account list")], schema=IDENTITIES, orient="row")
    ledger = replace(ledger_of(ROWS), identities=alias)
    assert found(read_victims(write(tmp_path, "victim,time", "1000000025,2026-01-05 00:20"), ledger)) == {1: 2}


def test_an_account_alone(tmp_path: Path, ledger: Ledger) -> None:
    assert "made 2 payments, none to an account that is named or flagged" in reason(
        tmp_path, ledger, "victim,note", f"{V3},"
    )
    victims = read_victims(write(tmp_path, "victim,note", f"{V3},"), ledger, flagged=[N])
    assert found(victims) == {1: 6}
    assert victims.payments["how"][0] == "by victim: its only payment to an account that is named or flagged"
    both = read_victims(write(tmp_path, "victim,note", f"{V3},"), ledger, flagged=[N, M])
    assert "made 2 payments to accounts that are named or flagged" in both.unmatched["reason"][0]


def test_a_payee_alone_means_all_that_victims_pay_it(tmp_path: Path, ledger: Ledger) -> None:
    victims = read_victims(write(tmp_path, "collector,tx", f"{M},", f"{N},", ",t2"), ledger)
    assert victims.payments.select("line", "row").rows() == [(1, 0), (1, 1), (3, 2), (1, 4), (2, 6), (1, 7)]
    assert victims.warnings == ("line 2: 1 payment into it left out, as other payees named alone made them",)
    assert victims.accounts == [V1, V2, V3]


# --- repeats ------------------------------------------------------------------------------------------

LINE = f"{V1},{M},2026-01-05 00:10,5000"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_equal_payments_and_lines(tmp_path: Path, ledger: Ledger, number: int) -> None:
    victims = read_victims(write(tmp_path, "victim,payee,time,amount", *[LINE] * number), ledger)
    assert found(victims) == dict(enumerate(range(min(number, 2)), 1))
    assert victims.unmatched["line"].to_list() == [3] * (number - 2)
    if number == 3:
        assert victims.unmatched["reason"][0] == "the same transfer as line 2: it counts once"
        assert victims.warnings == ("1 line listed for naming transfers that other lines name: these count once",)


def test_a_transfer_taken_by_its_id_leaves_its_equal(tmp_path: Path, ledger: Ledger) -> None:
    path = write(tmp_path, "tx,victim,payee,time,amount", f",{LINE}", "t0,,,,", "t0,,,,")
    victims = read_victims(path, ledger)
    assert found(victims) == {1: 1, 2: 0}
    assert victims.unmatched["line"].to_list() == [3]


def test_as_many_lines_as_transfers_that_differ(tmp_path: Path) -> None:
    ledger = ledger_of([(V1, M, 10.1, 100), (V1, M, 10.6, 100), (V1, M, 14, 100)], precision=timedelta(seconds=1))
    line = f"{V1},2026-01-05 00:10,1"
    one = read_victims(write(tmp_path, "victim,time,amount", line), ledger)
    assert one.unmatched["reason"].to_list() == ["2 transfers fit it: say more of it"]
    two = read_victims(write(tmp_path, "victim,time,amount", line, line, f"{V1},2026-01-05 00:14,1"), ledger)
    assert found(two) == {1: 0, 2: 1, 3: 2}  # the minute decides, and two lines fit two transfers of it


# --- against a slow count -----------------------------------------------------------------------------


def slowly(rows: list[Row], line: dict[str, Any], tolerance: int) -> list[int]:
    """Positions of the transfers that fit, those of the very minute first of all."""
    near = [
        k
        for k, row in enumerate(rows)
        if row.payer != row.payee
        and line["payer"] in (None, row.payer)
        and line["payee"] in (None, row.payee)
        and line["amount"] in (None, row.amount)
        and (line["minute"] is None or abs(row.minutes - line["minute"]) <= tolerance)
    ]
    same = [k for k in near if line["minute"] is not None and rows[k].minutes == line["minute"]]
    return same or near


@pytest.mark.parametrize("seed", range(seeds(120)))
def test_what_fits_as_a_slow_count_says(seed: int) -> None:
    rng = random.Random(seed)
    rows = sorted(random_rows(rng), key=lambda row: row.minutes)
    ledger, tolerance = ledger_of(rows), rng.choice((0, 1, 10))
    if not rows:
        return
    lines = []
    for _ in range(12):
        row = rng.choice(rows)
        told = {
            "payer": row.payer,
            "payee": row.payee,
            "amount": row.amount,
            "minute": row.minutes + rng.choice((0, 0, 2)),
        }
        lines.append({name: value if rng.random() < 0.6 else None for name, value in told.items()})
    frame = pl.DataFrame(
        [
            {
                "time": None if line["minute"] is None else FIRST_DAY + line["minute"] * MINUTE,
                "amount": None if line["amount"] is None else line["amount"] * 10**16,
                "step": None if line["minute"] is None else 60_000_000,
            }
            for line in lines
        ],
        schema={"time": pl.Datetime("us"), "amount": pl.Int128, "step": pl.Int64},
    ).with_columns(pl.col("time").dt.replace_time_zone("UTC"), currency=pl.lit(None, pl.String))
    codes = {account: k for k, account in enumerate(ledger.names)}
    ends = [
        tuple(End(code=codes[line[side]]) if line[side] is not None else End() for side in ("payer", "payee"))
        for line in lines
    ]
    found = fits(ask(frame, ends, ledger, tolerance=tolerance * MINUTE), ledger)  # type: ignore[arg-type]
    for k, line in enumerate(lines):
        if any(line[name] is not None for name in ("payer", "payee", "amount")):
            assert list(found.rows.get(k, ())) == slowly(rows, line, tolerance), line


PIECES = (
    "", "", "A", "B", "C", "Z", "2026-01-05", "2026-01-05 00:10", "2026/1/5 0:05", "13/01/2026", "46027.5", "1.00",
    "0.50", "1", "-5", "1e30", "9" * 40, "3万", "1,000.00", "6.22E+18", "6.2E+999999999999", "622202123456789000", "t0",
    "t1", "=cmd|'/c'!A0", "\x1b[2J", "\u202eabc", "NULL", "∞", "nan", "99999999999", "4294967296", "CNY", "元", "frame",
)  # fmt: skip
HEADERS = (
    "tx",
    "victim",
    "payee",
    "time",
    "amount",
    "currency",
    "file",
    "row",
    "name",
    "date",
    "x",
    "受害人",
    "金额(元)",
)


@pytest.mark.parametrize("seed", range(seeds(90)))
def test_no_line_is_dropped_whatever_stands_in_it(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    ledger, header = ledger_of(random_rows(rng)), ["victim", *rng.sample(HEADERS[2:], rng.randint(1, 6))]
    path = tmp_path / "victims.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for _ in range(rng.randint(1, 8)):
            writer.writerow([rng.choice(PIECES) for _ in range(len(header) + (rng.random() < 0.05))])
    victims = read_or_refused(path, ledger, amount_tolerance=rng.choice((0, "0.5")))
    if isinstance(victims, str):
        assert victims
        assert "\n" not in victims
        return
    matched, listed = set(victims.payments["line"]), set(victims.unmatched["line"])
    assert matched | listed == set(read_lines(path).lines["line"])
    assert not matched & listed
    assert victims.payments["row"].is_unique().all()
    assert (victims.unmatched["reason"] != "").all()
    assert all(ledger.payer_codes[row] != ledger.payee_codes[row] for row in victims.payments["row"])


# --- from a notebook, from a case, from a simulation --------------------------------------------------


def test_payments_that_a_notebook_holds(ledger: Ledger) -> None:
    assert victims_of(["t2", "t4"], ledger).payments["row"].to_list() == [2, 4]
    frame = pl.DataFrame({"victim": [V2], "time": [datetime(2026, 1, 5, 0, 20)], "amount": [Decimal("7000.00")]})
    assert victims_of(frame, ledger).payments["row"].to_list() == [2]
    with pytest.raises(ColumnError, match='"amount" holds floats: give amounts as text or Decimal'):
        victims_of(frame.with_columns(pl.col("amount").cast(pl.Float64)), ledger)
    with pytest.raises(SourceError, match="a list of transactions, not one text"):
        victims_of("t2", ledger)
    assert victims_of(pl.DataFrame(schema={"tx": pl.String}), ledger).payments.is_empty()
    assert list(LINES)[:2] == ["table", "line"]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("victims")
    simulate(accounts=400).write(folder / "town")
    return folder


def test_the_report_of_a_simulation_is_matched_whole(town: Path) -> None:
    truth = simulate(accounts=400).truth["trace"]
    for source in ("transfers.csv", "bank_return", "TenpayTrades.txt"):
        ledger = gf.read_ledger(town / "town" / source)
        victims = read_victims(town / "town" / "victims.csv", ledger)
        assert victims.unmatched.is_empty(), source
        assert sorted(ledger.frame["tx"].gather(victims.payments["row"])) == sorted(truth["victims"]), source


def test_victims_of_a_case(town: Path) -> None:
    analysis = gf.analyze(town / "town" / "transfers.csv")
    write_results(analysis, town / "out", pages=0)
    victims = victims_from_case(town / "out", "case-0001", analysis.ledger)
    paid = analysis.ledger.frame[victims.payments["row"]]
    assert victims.payments.height > 40
    assert set(paid["label"].cast(pl.String)) == {"gang:collect"}
    assert victims.payments["line"].null_count() == victims.payments.height
    with pytest.raises(SourceError, match=r'has no case "case-1": (known|did you mean)'):
        victims_from_case(town / "out", "case-1", analysis.ledger)
    with pytest.raises(SourceError, match="is no result of graphflow analyze"):
        victims_from_case(town / "town", "case-0001", analysis.ledger)
    less = gf.Ledger.from_frame(analysis.ledger.frame.filter(pl.col("tx") != paid["tx"][0]))
    again = victims_from_case(town / "out", "case-0001", less)
    assert again.payments.height == victims.payments.height - 1
    assert again.unmatched["reason"].to_list() == ["the ledger has no such transaction"]
    moved = analysis.ledger.frame.with_columns(row=pl.col("row") + 1)
    moved = victims_from_case(town / "out", "case-0001", gf.Ledger.from_frame(moved)).unmatched
    assert moved.height == victims.payments.height
    assert moved["reason"].str.contains("stands in .*transfers.csv row").all()
