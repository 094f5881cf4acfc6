"""The workbook of India's cybercrime portal, sheet by sheet: transfers, withdrawals, money put on hold."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphflow.ledger import Ledger
from graphflow.read import read_ledger
from graphflow.read.batches import batches
from graphflow.read.dialects import ncrp, recognise
from graphflow.read.source import Sources

FIRST = ["S No.", "Acknowledgement No.", "Account No./ (Wallet\xa0/PG/PA) Id", "Transaction Id / UTR Number"]
TRANSFERS = [
    *FIRST,
    *("Bank/FIs", "Layer", "Account No", "Ifsc Code", "Transaction Date", "Transaction ID / UTR Number2"),
    *("Transaction Amount", "Disputed Amount", "Reference No", "Remarks", "Action Taken By bank", "Date of Action"),
]
ATM = [*FIRST, "Withdrawal Date & Time", "Withdrawal Amount", "Disputed Amount", "ATM ID", "Place/Location of ATM"]
POS = [*FIRST, "Withdrawal Date & Ti", "Withdrawal Amount", "Disputed Amount", "Approval Code", "Merchant Name"]
AEPS = [*FIRST, "Withdrawal Date", "Withdrawal Amount", "Action Taken By bank"]
CHEQUE = [*FIRST, "Account No", "Withdrawal Date & Time", "Withdrawal Amount", "Cheque No"]
HOLD = [*FIRST, "Put on hold Date", "Put on hold Amount", "Action Taken By bank"]
OTHER = ["S No.", "Acknowledgement No.", "Account No.", "Transaction Id", "Transaction Date", "Transaction Amount"]


def transfer(tier: str, payer: str, payee: str, time: str, amount: str, *, utr: str = "UTR2") -> list[object]:
    return [
        1,
        "ACK1",
        payer,
        "UTR1",
        "Bank B",
        tier,
        payee,
        "B0",
        time,
        utr,
        amount,
        "500.00",
        "",
        "mule",
        "Bank A",
        "",
    ]


def write(folder: Path, header: Sequence[str], *rows: Sequence[object], name: str = "a.csv") -> Path:
    path = folder / name
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def read(folder: Path, header: Sequence[str], *rows: Sequence[object]) -> Ledger:
    return read_ledger(write(folder, header, *rows))


def column(ledger: Ledger, name: str) -> list[Any]:
    values = ledger.frame[name]
    return values.cast(pl.String).to_list() if values.dtype == pl.Categorical else values.to_list()


def record(folder: Path, header: Sequence[str], row: Sequence[object]) -> dict[str, Any]:
    """What the one row of a sheet of one-sided records is read as."""
    with Sources([write(folder, header, row)], None) as sources:
        source = next(sources)
        layout = recognise(source, {}, None)
        assert (layout.dialect, layout.one_sided) == ("ncrp", True)
        (found,) = layout.texts_of(next(batches(source, layout.positions)), "row").to_dicts()
    return {name: value for name, value in found.items() if value is not None}


def test_transfers_and_their_declared_tier(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        TRANSFERS,
        transfer("1", "009000000001", "9000000002 [ Reported 2 times ]", "31/08/2026 10:00", "1,25,000.00"),
        transfer("Layer 2", "9000000002", "9000000003", "31/08/2026 11:30", "₹ 25,000.00", utr="UTR3"),
    )
    assert ledger.sources[0].dialect == "ncrp"
    assert (column(ledger, "payer"), column(ledger, "payee")) == (
        ["009000000001", "9000000002"],
        ["9000000002", "9000000003"],
    )
    assert column(ledger, "time") == [datetime(2026, 8, 31, 10, tzinfo=UTC), datetime(2026, 8, 31, 11, 30, tzinfo=UTC)]
    assert (column(ledger, "paid"), ledger.currencies) == ([12_500_000, 2_500_000], ["INR"])
    assert (ledger.frame["tier"].to_list(), ledger.frame["tier"].dtype) == ([1, 2], pl.UInt8)
    assert column(ledger, "tx") == ["UTR2", "UTR3"]
    assert (column(ledger, "payer_bank"), column(ledger, "payee_bank")) == (["Bank A"] * 2, ["Bank B"] * 2)
    assert column(ledger, "memo") == [
        "mule; disputed 500.00; from payment UTR1; acknowledgement ACK1; [ Reported 2 times ]",
        "mule; disputed 500.00; from payment UTR1; acknowledgement ACK1",
    ]
    assert ledger.warnings == ()


def test_a_header_of_two_equal_names(tmp_path: Path) -> None:
    header = [name.replace("ID / UTR Number2", "Id / UTR Number") for name in TRANSFERS]
    ledger = read(tmp_path, header, transfer("1", "1", "2", "31/08/2026 10:00", "5"))
    assert column(ledger, "tx") == ["UTR2"]
    assert "from payment UTR1" in column(ledger, "memo")[0]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("01/08/2026 10:00", datetime(2026, 8, 1, 10, tzinfo=UTC)),
        ("1-8-2026 10:00:09", datetime(2026, 8, 1, 10, 0, 9, tzinfo=UTC)),
        ("01/08/2026 02:45:00 PM", datetime(2026, 8, 1, 14, 45, tzinfo=UTC)),
        ("01/08/2026 02:45:00:PM", datetime(2026, 8, 1, 14, 45, tzinfo=UTC)),
        ("2026-08-01T10:00:00", datetime(2026, 8, 1, 10, tzinfo=UTC)),
        ("2026-08-01 10:00:00.000", datetime(2026, 8, 1, 10, tzinfo=UTC)),
        ("01/08/2026", datetime(2026, 8, 1, tzinfo=UTC)),
    ],
)
def test_dates_are_day_first(tmp_path: Path, text: str, time: datetime) -> None:
    assert column(read(tmp_path, TRANSFERS, transfer("1", "1", "2", text, "5")), "time") == [time]


def test_a_date_without_a_clock_among_others_says_so(tmp_path: Path) -> None:
    rows = [transfer("1", "1", "2", "01/08/2026", "5"), transfer("1", "1", "2", "01/08/2026 10:00", "5", utr="UTR3")]
    ledger = read(tmp_path, TRANSFERS, *rows)
    assert [memo.endswith("time of day not stated") for memo in column(ledger, "memo")] == [True, False]


def test_rows_that_are_no_transfers(tmp_path: Path) -> None:
    good = transfer("1", "1", "2", "01/08/2026 10:00", "5")
    ledger = read(tmp_path, TRANSFERS, good, TRANSFERS, [], [*good[:8], "soon", *good[9:]], [*good[:6], "", *good[7:]])
    assert ledger.rejected.select("row", "column", "reason").rows() == [
        (2, "", "the header, repeated"),
        (3, "", "the line is empty"),
        (4, "Transaction Date", "not a time as %Y-%m-%d %H:%M:%S"),
        (5, "Account No", "empty"),
    ]


def test_money_put_on_hold_moved_nothing(tmp_path: Path) -> None:
    held = write(tmp_path, HOLD, [1, "ACK1", "2", "UTR2", "02/08/2026 15:00", "900.00", "Bank B"], name="hold.csv")
    moved = write(tmp_path, TRANSFERS, transfer("1", "1", "2", "01/08/2026 10:00", "5"))
    ledger = read_ledger([moved, held])
    assert ledger.sources[1].rows["excluded"] == 1
    assert ledger.rejected["reason"].to_list() == [ncrp.HELD]
    assert ledger.warnings == (f"{held}: none of its 1 rows is a transfer; row 1: line: {ncrp.HELD}",)


def test_a_sheet_that_says_no_direction_is_listed(tmp_path: Path) -> None:
    moved = write(tmp_path, TRANSFERS, transfer("1", "1", "2", "01/08/2026 10:00", "5"))
    other = write(tmp_path, OTHER, [1, "ACK1", "2", "UTR9", "02/08/2026 15:00", "900.00"], name="other.csv")
    ledger = read_ledger([moved, other])
    assert ledger.rejected["reason"].to_list() == [ncrp.UNSAID]


@pytest.mark.parametrize(
    ("header", "rest", "end", "memo"),
    [
        (ATM, ["02/08/2026 12:00:00 PM", "1,500.00", "1,500.00", "A7", "Pune"], "CASH", "disputed 1,500.00; at Pune"),
        (POS, ["02/08/2026 12:00", "1,500.00", "900", "067553", "Corner Fuels"], "POS:Corner Fuels", "disputed 900"),
        (AEPS, ["02/08/2026 12:00", "1,500.00", "Bank B"], "CASH", ""),
        (CHEQUE, ["9000000002", "02/08/2026 12:00", "1,500.00", "4711"], "CASH", "cheque 4711"),
    ],
)
def test_withdrawals_are_records_of_one_account_with_an_end(
    tmp_path: Path, header: list[str], rest: list[object], end: str, memo: str
) -> None:
    found = record(tmp_path, header, [1, "ACK1", "9000000002", "W1", *rest])
    expected = {
        "row": 1,
        "payer": "9000000002",
        "tx": "W1",
        "time": "2026-08-02 12:00:00",
        "paid": "1500.00",
        "paid_currency": "INR",
        "direction": "DBIT",
        "payee": end,
        "memo": f"{memo}; acknowledgement ACK1".removeprefix("; "),
    }
    assert found == expected | ({"payer_bank": "Bank B"} if header is AEPS else {})


def test_sheets_without_amounts_describe() -> None:
    assert ncrp.describes([*FIRST, "Reference No", "Remarks", "Action Taken By bank", "Date of Action", "pisnodal"])
    assert not any(ncrp.describes(header) for header in (TRANSFERS, ATM, POS, AEPS, CHEQUE, HOLD, OTHER))
    assert not ncrp.describes(["time", "payer", "payee"])
