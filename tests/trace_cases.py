"""Traces built by hand for the tests of their page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import polars as pl
from view_cases import HOSTILE, Row, ledger

from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.trace import Order, Trace, trace


def traced(book: Ledger, victims: Sequence[str], order: Order = "strict") -> Trace:
    """All payments of the victims are reported ones."""
    reported = book.frame.drop("row").with_row_index("row").filter(pl.col("payer").is_in(list(victims)))
    payments = reported.select(
        "row", victim="payer", amount="paid", currency=pl.col("paid_currency").cast(pl.String)
    )  # fmt: skip
    return trace(FlowGraph(book), payments, order=order)


def small() -> Trace:
    """Two victims pay C, who had money of its own and pays T and D; T passes some on to E, whose statement is not held.

    Which victim's money went to T, and what C still holds, depends on the rule.
    """
    rows: list[Row] = [
        ("X", "C", 300_00, "CNY"), ("V1", "C", 500_00, "CNY"), ("V2", "C", 400_00, "CNY"), ("C", "T", 600_00, "CNY"),
        ("C", "D", 100_00, "CNY"), ("T", "E", 250_00, "CNY"), ("T", "E", 50_00, "CNY"), ("T", "C", 20_00, "CNY"),
        ("D", "X", 1_00, "CNY"),
    ]  # fmt: skip
    return traced(ledger(rows, payer_name=["Own", "Li One", "Li Two", *[None] * 6]), ["V1", "V2"])


def hostile() -> Trace:
    """Everything from data that the page can show is hostile."""
    rows: list[Row] = [(name, "C", 100_00, "CNY") for name in HOSTILE]
    rows += [("C", f"{name} 2", 60_00, "CNY") for name in HOSTILE]
    rows += [(HOSTILE[0], "C", 900_00, "<b>X</b>"), ("C", f"{HOSTILE[4]} 3", 500_00, "<b>X</b>")]
    names: list[str | None] = [*HOSTILE, *HOSTILE, HOSTILE[0], HOSTILE[4]]
    book = ledger(
        rows, payer_name=names, payer_bank=names, payee_name=names, payee_bank=names, channel=names, memo=names
    )
    return dataclasses.replace(traced(book, HOSTILE), warnings=HOSTILE, truncated=HOSTILE)


def crowd(victims: int, *, tier: int = 0) -> Trace:
    """Many victims of one account, who pays many accounts and E, who pays back a little."""
    rows: list[Row] = [(f"P{i:04d}", "C", 10_00 + i, "CNY") for i in range(victims)]
    rows += [("C", f"M{i:04d}", 5_00, "CNY") for i in range(tier)]
    rows += [(f"M{i:04d}", "E", 4_00, "CNY") for i in range(tier)] + [("E", "C", 1_00, "CNY")]
    return traced(ledger(rows), [f"P{i:04d}" for i in range(victims)])
