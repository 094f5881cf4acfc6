"""The ledger: what it refuses, each text once, and what it says of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from graphflow.errors import GraphflowError, LedgerError
from graphflow.ledger import OPTIONAL, REJECTED, ROW_KINDS, SCHEMA, Ledger, Source, default_decimals, major

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def frame(**changes: Any) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "tx": ["a", "b", "c"],
        "time": [START + timedelta(hours=h) for h in (2, 0, 1)],
        "payer": ["P", "Q", "P"],
        "payee": ["Q", "R", "P"],
        "paid": [100, 200, 300],
        "paid_currency": ["CNY", "CNY", "USD"],
    }
    return pl.DataFrame({**columns, **changes})


def test_a_ledger_from_a_frame() -> None:
    made = frame()
    ledger = Ledger.from_frame(made)
    assert ledger.frame.schema == pl.Schema(SCHEMA)
    assert ledger.frame["tx"].to_list() == ["b", "c", "a"]
    assert ledger.frame["row"].to_list() == [2, 3, 1]
    assert ledger.frame["received"].to_list() == [200, 300, 100]
    assert ledger.frame["received_currency"].cast(pl.String).to_list() == ["CNY", "USD", "CNY"]
    assert ledger.frame["file"].cast(pl.String).unique().to_list() == ["frame"]
    assert ledger.accounts.rows() == [("Q", None, None), ("R", None, None), ("P", None, None)]
    assert (ledger.payer_codes.tolist(), ledger.payee_codes.tolist()) == ([0, 2, 2], [1, 2, 0])
    assert (ledger.height, len(ledger)) == (3, 3)
    assert ledger.currencies == ["CNY", "USD"]
    assert ledger.decimals == {"CNY": 2, "USD": 2}
    assert ledger.precision == timedelta(hours=1)
    assert (ledger.sources, ledger.warnings, ledger.rejected.schema) == ((), (), pl.Schema(REJECTED))
    assert made.equals(frame())


def test_optional_columns_and_decimals() -> None:
    ledger = Ledger.from_frame(frame(memo=["x", None, "y"], payer_bank=["B", None, None]), decimals={"USD": 3})
    assert ledger.frame["memo"].to_list() == [None, "y", "x"]
    assert ledger.accounts["bank"].to_list() == [None, None, "B"]
    assert ledger.decimals == {"CNY": 2, "USD": 3}


REFUSED: list[tuple[Callable[[], pl.DataFrame], str]] = [
    (lambda: frame().drop("payer"), 'the frame has no column "payer": did you mean "payee"?'),
    (
        lambda: frame().rename({"tx": "key"}),
        'the frame has no column "tx": known: key, time, payer, payee, paid, paid_currency',
    ),
    (lambda: frame(memoo=["x"] * 3), 'the ledger has no column "memoo": did you mean "memo"?'),
    (lambda: frame(paid=[1.5, 2, 3]), '"paid" must be whole minor units (for 12.50 write 1250), not Float64'),
    (lambda: frame(received=["1"] * 3), '"received" must be whole minor units (for 12.50 write 1250), not String'),
    (
        lambda: frame(time=["2026-01-05"] * 3),
        '"time" is text: parse it first, for example with pl.col("time").str.to_datetime()',
    ),
    (lambda: frame(time=[1, 2, 3]), '"time" must be a Datetime or a Date column, not Int64'),
    (lambda: frame(payee=["Q", None, "P"]), '"payee" is empty in row 2: every transfer needs it'),
    (lambda: frame(paid=[100, 200, None]), '"paid" is empty in row 3: every transfer needs it'),
    (lambda: frame(paid=[100, -1, -2]), '"paid" is negative in row 2: swap payer and payee instead'),
    (lambda: frame(received=[100, 1, -2]), '"received" is negative in row 3: swap payer and payee instead'),
    (lambda: frame(tx=["a", "b", "b"]), 'transaction "b" occurs more than once: "tx" must be unique'),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_frames_that_hold_no_ledger(make: Callable[[], pl.DataFrame], message: str) -> None:
    with pytest.raises(LedgerError) as error:
        Ledger.from_frame(make())
    assert str(error.value) == message
    assert isinstance(error.value, GraphflowError)


@pytest.mark.parametrize(
    "changes",
    [{"payer": [["P"], ["Q"], ["R"]]}, {"row": [-1, 2, 3]}, {"paid": pl.Series([2**64 - 1] * 3)}],
)  # fmt: skip
def test_columns_of_another_kind(changes: Any) -> None:
    with pytest.raises(LedgerError, match=r"^a column cannot be read as the ledger needs it: "):
        Ledger.from_frame(frame(**changes))


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([datetime(2026, 1, 5, 9)] * 3),
        pl.Series([datetime(2026, 1, 5, 17)] * 3).dt.replace_time_zone("Asia/Shanghai"),
        pl.Series([datetime(2026, 1, 5, 9)] * 3).cast(pl.Datetime("ms", "UTC")),
    ],
)
def test_times_become_utc(times: pl.Series) -> None:
    assert Ledger.from_frame(frame(time=times)).frame["time"].to_list() == [START] * 3


def test_account_numbers_become_text() -> None:
    assert Ledger.from_frame(frame(payer=[1, 2, 3])).frame["payer"].to_list() == ["2", "3", "1"]


@pytest.mark.parametrize(
    ("steps", "precision"),
    [
        ([0, 86_400], timedelta(days=1)),
        ([0, 3_600], timedelta(hours=1)),
        ([0, 60], timedelta(minutes=1)),
        ([0, 1], timedelta(seconds=1)),
        ([0, 0.001], timedelta(milliseconds=1)),
        ([0, 0.000001], timedelta(microseconds=1)),
    ],
)
def test_precision_is_the_finest_step_seen(steps: list[float], precision: timedelta) -> None:
    midnight = START.replace(hour=0)
    times = [midnight + timedelta(seconds=s) for s in (*steps, 0)]
    assert Ledger.from_frame(frame(time=times)).precision == precision
    assert Ledger.from_frame(frame(time=[date(2026, 1, 5)] * 3)).precision == timedelta(days=1)


def test_ledgers_introduce_themselves() -> None:
    ledger = Ledger.from_frame(frame())
    assert repr(ledger) == "Ledger(3 transfers, 3 accounts, CNY, USD, 2026-01-05 09:00 to 2026-01-05 11:00)"
    assert "<table" in ledger._repr_html_()
    many = frame().select(pl.all().exclude("paid_currency")).with_columns(paid_currency=pl.Series(["A", "B", "C"]))
    more = pl.concat([many, many.with_columns(tx=pl.col("tx") + "2", paid_currency=pl.lit("D") + pl.col("tx"))])
    assert ", A, B, C, Da, …, " in repr(Ledger.from_frame(more))
    assert repr(Ledger.from_frame(frame().clear())) == "Ledger(0 transfers)"


def test_ledgers_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Ledger.from_frame(frame()).frame = pl.DataFrame()  # type: ignore[misc]


def test_currencies_by_use_then_by_name() -> None:
    assert Ledger.from_frame(frame(paid_currency=["USD", "CNY", "AUD"])).currencies == ["AUD", "CNY", "USD"]


def source(**rows: int) -> Source:
    counts = {"read": 0, **dict.fromkeys(ROW_KINDS, 0), **rows}
    return Source(path="a.csv", sha256="", bytes=0, encoding="utf-8", dialect="plain", rows=counts)


def test_a_source_whose_rows_do_not_add_up() -> None:
    assert source(read=5, accepted=1, paired=1, duplicate=1, excluded=1, rejected=1).rows["read"] == 5
    with pytest.raises(LedgerError) as error:
        source(read=3, accepted=1, rejected=1)
    assert str(error.value) == "a.csv: 3 rows read, 2 accounted for"


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (123_456_789, 2, "1,234,567.89"),
        (7, 0, "7"),
        (-1_234, 0, "-1,234"),
        (1, 8, "0.00000001"),
        (2**63 - 1, 2, "92,233,720,368,547,758.07"),
        (1_000, 3, "1.000"),
    ],
)
def test_major_units(units: int, decimals: int, text: str) -> None:
    assert major(units, decimals) == text


def test_usual_decimals() -> None:
    known = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3, "BTC": 8, "Bitcoin": 8, "USDT": 6, "whatever": 2}
    assert {code: default_decimals(code) for code in known} == known


def test_columns_are_defined_once() -> None:
    assert not set(SCHEMA) & set(OPTIONAL)
