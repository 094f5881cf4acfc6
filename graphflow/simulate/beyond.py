"""Rows of a bank return that no two-sided ledger has: one function a kind, a few of each.

Money moves in the first four and in reversals; what failed and what is zero moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from graphflow.simulate.book import DAY, HOUR, MINUTE, START

EXTRA = ("cash", "fee", "interest", "pos")
"""Kinds that become transfers to or from a typed end: there is no counterparty."""

ENDS = {"cash": "CASH", "fee": "FEE", "interest": "INTEREST"}
"""Kind → the name of its typed end; of "pos" it is `POS:` and the merchant."""

_MERCHANTS = ("Sample Cinema", "Model Filling Station", "Example Kiosk", "Placeholder Sports")
_NUMBERS = {"cash": 14, "fee": 16, "interest": 18, "pos": 15, "failed": 12, "zero": 9, "reversal": 7}
_NIGHT_TO_NIGHT = 15 * HOUR

Row = dict[str, Any]


def beyond(accounts: pl.DataFrame, days: int, rng: np.random.Generator) -> pl.DataFrame:
    """The rows, with the columns of `sides` and `kind`, `change`, `merchant`, `why` (of what failed).

    accounts  those that may have such rows: account, name, bank
    """
    people = accounts.rows(named=True)
    rows = [row for kind, number in _NUMBERS.items() for _ in range(number) for row in _MADE[kind](people, days, rng)]
    for number, row in enumerate(rows, 1):
        row.setdefault("serial", f"X{number:07}")
    frame = pl.DataFrame(rows, infer_schema_length=None)
    moved = pl.col("kind").is_in(["failed", "zero"]).not_()
    return frame.with_columns(pl.col("time").cast(pl.Datetime("us")), change=pl.col("fen") * pl.col("sign") * moved)


def typed_end(kind: str, merchant: str | None) -> str:
    """What stands in for the counterparty of a row that has none."""
    return ENDS.get(kind) or f"POS:{merchant}"


def _row(kind: str, account: Row, time: datetime, fen: int, sign: int, **more: Any) -> Row:
    return {"kind": kind, "account": account["account"], "time": time, "fen": fen, "sign": sign, **more}


def _some(people: list[Row], rng: np.random.Generator, number: int) -> list[Row]:
    return [people[k] for k in rng.choice(len(people), number, replace=False)]


def _one(people: list[Row], rng: np.random.Generator) -> Row:
    return people[int(rng.integers(len(people)))]


def _when(days: int, rng: np.random.Generator) -> datetime:
    """A moment of the day: not at night, so that a reversal is not the day after."""
    seconds = int(rng.integers(0, days)) * DAY + 7 * HOUR + int(rng.integers(0, _NIGHT_TO_NIGHT))
    return START + timedelta(seconds=seconds)


def _cash(people: list[Row], days: int, rng: np.random.Generator) -> Iterator[Row]:
    fen = int(rng.integers(1, 6)) * 10_000
    yield _row("cash", _one(people, rng), _when(days, rng), fen, -1, memo="ATM取款", channel="atm")


def _fee(people: list[Row], days: int, rng: np.random.Generator) -> Iterator[Row]:
    fen = int(rng.integers(50, 600))
    yield _row("fee", _one(people, rng), _when(days, rng), fen, -1, memo="手续费", channel="batch")


def _interest(people: list[Row], days: int, rng: np.random.Generator) -> Iterator[Row]:
    fen = int(rng.integers(3, 900))
    yield _row("interest", _one(people, rng), _when(days, rng), fen, 1, memo="结息", channel="batch")


def _pos(people: list[Row], days: int, rng: np.random.Generator) -> Iterator[Row]:
    fen, merchant = int(rng.integers(800, 30_000)), _MERCHANTS[int(rng.integers(len(_MERCHANTS)))]
    yield _row("pos", _one(people, rng), _when(days, rng), fen, -1, memo="消费", channel="pos", merchant=merchant)


def _to(other: Row) -> Row:
    return {"other": other["account"], "other_name": other["name"], "other_bank": other["bank"]}


def _failed(people: list[Row], days: int, rng: np.random.Generator) -> Iterator[Row]:
    payer, payee = _some(people, rng, 2)
    fen, why = int(rng.integers(10_000, 900_000)), ("交易失败：余额不足", "交易失败：超过限额")[int(rng.integers(2))]
    yield _row("failed", payer, _when(days, rng), fen, -1, memo="转账", channel="app", why=why, **_to(payee))


def _zero(people: list[Row], days: int, rng: np.random.Generator) -> Iterator[Row]:
    payer, payee = _some(people, rng, 2)
    yield _row("zero", payer, _when(days, rng), 0, -1, memo="账户验证", channel="app", **_to(payee))


def _reversal(people: list[Row], days: int, rng: np.random.Generator) -> Iterator[Row]:
    """A transfer and, minutes later, its reversal: opposite flags, the same serial, in both statements."""
    payer, payee = _some(people, rng, 2)
    time, fen = _when(days, rng), int(rng.integers(5_000, 400_000))
    serial = f"R{int(rng.integers(10**9)):09}"
    back = time + timedelta(seconds=int(rng.integers(3 * MINUTE, 40 * MINUTE)))
    for when, sign, memo in ((time, -1, "转账"), (back, 1, "冲正")):
        both = {"memo": memo, "channel": "app", "serial": serial}
        yield _row("reversal", payer, when, fen, sign, **both, **_to(payee))
        later = when + timedelta(seconds=int(rng.integers(1, 30)))
        yield _row("reversal", payee, later, fen, -sign, **both, **_to(payer))


_MADE = {
    "cash": _cash, "fee": _fee, "interest": _interest, "pos": _pos, "failed": _failed, "zero": _zero,
    "reversal": _reversal,
}  # fmt: skip
