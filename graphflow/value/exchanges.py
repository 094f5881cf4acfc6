"""Rates from the ledger's own exchanges: transfers that paid one currency and received another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from graphflow.ledger import Ledger
from graphflow.value.course import Course

ENOUGH = 20
"""Exchanges of a pair from which on a day has a rate of its own."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What one unit of the first currency of a pair is worth in the second, from so many transfers."""

    course: Course
    transfers: int


def exchange_pairs(ledger: Ledger) -> dict[tuple[str, str], Pair]:
    """(currency, other) in order of name → the pair; those with most transfers first.

    The rate is the median of received / paid over transfers in both directions, so that some absurd ones do not matter:
    of each day that has enough of them, and of the whole ledger for all other days.
    """
    rates = _rates(ledger)
    ends = ["low", "high"]
    whole = rates.group_by(ends).agg(pl.col("rate").median(), pl.len().alias("n"))
    daily = rates.group_by(*ends, "day").agg(pl.col("rate").median(), pl.len().alias("n"))
    daily = daily.filter(pl.col("n") >= ENOUGH)
    own: dict[tuple[str, str], dict[int, float]] = {}
    for low, high, day, rate in daily.select(*ends, "day", "rate").iter_rows():
        own.setdefault((low, high), {})[day] = rate
    ranked = whole.sort("n", *ends, descending=[True, False, False])
    return {
        (low, high): Pair(course=Course.with_days(rate, own.get((low, high), {})), transfers=n)
        for low, high, rate, n in ranked.iter_rows()
    }


def _rates(ledger: Ledger) -> pl.DataFrame:
    """One row an exchange: the two currencies by name, the day, and the worth of the first in the second."""
    unit: Mapping[str, float] = {c: 10.0**d for c, d in ledger.decimals.items()}
    crossed = (
        ledger.frame.lazy()
        .filter(
            (pl.col("paid_currency") != pl.col("received_currency")) & (pl.col("paid") > 0) & (pl.col("received") > 0)
        )
        .select(
            pl.col("paid_currency").cast(pl.String).alias("a"),
            pl.col("received_currency").cast(pl.String).alias("b"),
            pl.col("paid").alias("x"),
            pl.col("received").alias("y"),
            pl.col("time").dt.epoch("d").alias("day"),
        )
    )
    x = pl.col("x") / pl.col("a").replace_strict(unit, return_dtype=pl.Float64)
    y = pl.col("y") / pl.col("b").replace_strict(unit, return_dtype=pl.Float64)
    return crossed.select(
        "day",
        low=pl.min_horizontal("a", "b"),
        high=pl.max_horizontal("a", "b"),
        rate=pl.when(pl.col("a") < pl.col("b")).then(y / x).otherwise(x / y),
    ).collect()
