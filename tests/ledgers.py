"""Small ledgers for tests: written by hand, or nasty on purpose (ties, hubs, self-transfers, parallel transfers)."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl
from hypothesis import Phase, settings
from hypothesis import strategies as st

from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger

FIRST_DAY = datetime(2026, 1, 5)
MINUTE = timedelta(minutes=1)


class Row(NamedTuple):
    """One transfer: who pays whom, how many minutes after the first day began, minor units, currency, from what."""

    payer: str
    payee: str
    minutes: float
    amount: int
    currency: str = "CNY"
    device: str = ""
    ip: str = ""


Rows = Iterable[Sequence[object]]


def ledger_of(rows: Rows, *, txs: Sequence[str] | None = None, precision: timedelta | None = MINUTE) -> Ledger:
    """A ledger of (payer, payee, minutes, amount[, currency[, device[, ip]]]) in any order of time.

    tx are t0, t1, … as written; `device` and `ip` are columns where a row has one, as a reader would have it.
    precision  of the times; None: as the ledger itself tells it from them
    """
    listed = [Row(*row) for row in rows]  # type: ignore[arg-type]
    frame = pl.DataFrame(
        {
            "tx": list(txs) if txs is not None else [f"t{k}" for k in range(len(listed))],
            "time": [FIRST_DAY + timedelta(minutes=row.minutes) for row in listed],
            "payer": [row.payer for row in listed],
            "payee": [row.payee for row in listed],
            "paid": [row.amount for row in listed],
            "paid_currency": [row.currency for row in listed],
        },
        schema={
            "tx": pl.String,
            "time": pl.Datetime("us"),
            "payer": pl.String,
            "payee": pl.String,
            "paid": pl.Int64,
            "paid_currency": pl.String,
        },
    )
    places = [pl.Series(name, [getattr(row, name) or None for row in listed], pl.String) for name in ("device", "ip")]
    ledger = Ledger.from_frame(frame.with_columns(column for column in places if column.count()))
    if precision is not None:
        object.__setattr__(ledger, "precision", precision)
    return ledger


def graph_of(rows: Rows, *, precision: timedelta | None = MINUTE) -> FlowGraph:
    """The graph of `ledger_of(rows)`."""
    return FlowGraph(ledger_of(rows, precision=precision))


# --- nasty ones -----------------------------------------------------------------------------------

EXAMPLES = settings(
    max_examples=60, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate, Phase.shrink]
)
"""The same examples at each run, as few as a default test run can pay for."""

DEVICES = ("", "", "", "D1", "D2", "D3", "00:00:00:00:00:00")
IPS = ("", "", "", "", "10.0.0.1", "198.51.100.7")


def seeds(number: int) -> int:
    """How many of so many seeded ledgers to look at: a third, all with GRAPHFLOW_ALL_SEEDS=1."""
    return number if os.environ.get("GRAPHFLOW_ALL_SEEDS") else number // 3


def examples(number: int) -> int:
    """How many of so many examples that hypothesis makes to look at: a quarter, all with GRAPHFLOW_ALL_SEEDS=1."""
    return number if os.environ.get("GRAPHFLOW_ALL_SEEDS") else max(10, number // 4)


AMOUNTS = (0, 1, 50, 80, 89, 90, 99, 100, 100, 100, 101, 110, 111, 125, 200, 1000)


def random_rows(rng: random.Random, most: int = 25) -> list[Row]:
    """Seeded counterpart of `nasty_rows`."""
    names = [chr(65 + k) for k in range(rng.randint(2, 6))]
    hubs = names[: rng.choice((0, 0, 1, 2))] * 3  # some accounts come up far more often than others
    stamps = [rng.randint(0, 30) for _ in range(rng.randint(1, 8))]
    amounts = rng.sample(AMOUNTS, rng.randint(1, 5))
    rows = [
        Row(rng.choice(names + hubs), rng.choice(names + hubs[:3]), rng.choice(stamps), rng.choice(amounts))
        for _ in range(rng.randint(0, most))
    ]
    places = random.Random(f"{rows}")  # of its own, so that what the caller draws next does not depend on it
    return [row._replace(device=places.choice(DEVICES), ip=places.choice(IPS)) for row in rows]


@st.composite
def nasty_rows(draw: st.DrawFn, most: int = 25) -> list[Row]:
    """0 to `most` transfers among 2 to 6 accounts, times and amounts from tiny sets, in no order."""
    names = [chr(65 + k) for k in range(draw(st.integers(2, 6)))]
    payer = st.sampled_from(names + names[:1] * draw(st.sampled_from((0, 6))))
    payee = st.sampled_from(names + names[-1:] * draw(st.sampled_from((0, 6))))
    minutes = st.sampled_from((0, 1, 2, 3, 5, 8, 13, 30))
    places = st.sampled_from(DEVICES), st.sampled_from(IPS)
    row = st.builds(Row, payer, payee, minutes, st.sampled_from(AMOUNTS), st.just("CNY"), *places)
    return draw(st.lists(row, max_size=most))


def nasty_ledgers(most: int = 25) -> st.SearchStrategy[Ledger]:
    """Ledgers of `nasty_rows`."""
    return nasty_rows(most).map(ledger_of)
