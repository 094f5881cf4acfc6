"""Traces of small ledgers, and of the simulated case, for tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache

import polars as pl
from ledgers import ledger_of

import graphflow as gf
from graphflow.account_names import AccountType, AccountTypeNames
from graphflow.simulate import Simulation, simulate
from graphflow.trace import Trace, trace


def trace_of(
    rows: Iterable[Sequence[object]], reported: Collection[int], types: dict[str, AccountType] | None = None
) -> Trace:
    """The trace of rows written in time order; `reported`: positions of the victims' payments."""
    graph = gf.FlowGraph(ledger_of(rows), types=AccountTypeNames(accounts=types or {}))
    return trace(graph, payments_of(graph.ledger, pl.Series(sorted(reported), dtype=pl.UInt32)))


def payments_of(ledger: gf.Ledger, rows: pl.Series) -> pl.DataFrame:
    frame = ledger.frame[rows.to_list()]
    return pl.DataFrame({"row": rows, "victim": frame["payer"], "amount": frame["paid"]}).with_columns(
        currency=frame["paid_currency"].cast(pl.String)
    )


@cache
def simulated() -> Simulation:
    return simulate(accounts=400, days=30)


@cache
def simulated_ledger() -> gf.Ledger:
    frame = simulated().transfers
    return gf.Ledger.from_frame(
        frame.select(
            pl.exclude("time", "amount", "currency"),
            time=pl.col("time").str.to_datetime(),
            paid=(pl.col("amount").cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64),
            paid_currency=pl.col("currency"),
        )
    )


@cache
def simulated_trace(first: int = 40) -> Trace:
    """The trace of the first so many victims of the simulated case, all of whose payments are reported."""
    ledger, gang = simulated_ledger(), simulated().truth["gang"]
    mine = ledger.frame.with_row_index("at").filter(
        pl.col("payer").is_in(gang["victims"][:first]), pl.col("payee").is_in(gang["tier_1"])
    )
    return trace(gf.FlowGraph(ledger), payments_of(ledger, mine["at"]))
