"""One value basis for amounts in several currencies, from the ledger's own cross-currency transfers.

Amounts of different currencies are never added. To compare them, each currency gets a rate to a base
currency (the one used most): the median of received / paid over the transfers that paid one currency and
received the other, joined along the best-supported pairs. Currencies that no such transfer connects form
components of their own, each with its own base, and are never compared with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What one unit of `currency` is worth in `base`, from `transfers` cross-currency transfers."""

    currency: str
    base: str
    rate: float
    transfers: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Valuation:
    """What every transfer is worth in one basis.

    values      int64, minor units of the component's base currency, for each ledger row (what was paid)
    components  int8, which base a transfer's value is in; all 0 when one base covers the ledger
    bases       base currency of each component
    rates       the rates used, the base currencies themselves left out
    """

    values: npt.NDArray[np.int64]
    components: npt.NDArray[np.int8]
    bases: tuple[str, ...]
    rates: tuple[Rate, ...]

    @property
    def warnings(self) -> list[str]:
        """What a reader of the results must know about the basis."""
        lines = [
            f"the rate of {r.currency} to {r.base} rests on {r.transfers} cross-currency transfers"
            for r in self.rates
            if r.transfers < 5
        ]
        if len(self.bases) > 1:
            lines.append("no transfer connects " + " with ".join(self.bases) + ": amounts are not compared across them")
        return lines


def valuate(ledger: Ledger) -> Valuation:
    """The value of every transfer, in minor units of a base currency.

    >>> from datetime import datetime
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "R"], "paid": [1000, 700], "paid_currency": ["CNY", "CNY"],
    ...     "received": [1000, 100], "received_currency": ["CNY", "USD"]})
    >>> valuate(Ledger.from_frame(frame)).rates
    (Rate(currency='USD', base='CNY', rate=7.0, transfers=1),)
    """
    currencies = ledger.currencies
    if len(currencies) < 2:
        zeros = np.zeros(ledger.height, np.int8)
        return Valuation(values=ledger.frame["paid"].to_numpy(), components=zeros, bases=tuple(currencies), rates=())
    pairs = _pair_rates(ledger)
    worth, component, bases, rates = _spread(currencies, pairs)
    scale = [worth[c] * 10.0 ** (ledger.decimals[bases[component[c]]] - ledger.decimals[c]) for c in currencies]
    known = pl.Enum(currencies)
    code = ledger.frame["paid_currency"].cast(pl.String).cast(known).to_physical().to_numpy()
    paid = ledger.frame["paid"].to_numpy()
    factor = np.array(scale)[code]
    values = np.where(factor == 1.0, paid, np.rint(paid * factor).astype(np.int64))
    components = np.array([component[c] for c in currencies], np.int8)[code]
    return Valuation(values=values, components=components, bases=tuple(bases), rates=tuple(rates))


def _pair_rates(ledger: Ledger) -> dict[tuple[str, str], tuple[float, int]]:
    """(currency, other) → median worth of one unit of currency in the other, and the number of transfers."""
    decimals = ledger.decimals
    crossed = (
        ledger.frame.lazy()
        .select(
            pl.col("paid_currency").cast(pl.String).alias("a"),
            pl.col("received_currency").cast(pl.String).alias("b"),
            pl.col("paid").alias("x"),
            pl.col("received").alias("y"),
        )
        .filter((pl.col("a") != pl.col("b")) & (pl.col("x") > 0) & (pl.col("y") > 0))
    )
    unit = {c: 10.0**d for c, d in decimals.items()}
    x = pl.col("x") / pl.col("a").replace_strict(unit, return_dtype=pl.Float64)
    y = pl.col("y") / pl.col("b").replace_strict(unit, return_dtype=pl.Float64)
    one_way = pl.col("a") < pl.col("b")
    table = (
        crossed.select(
            low=pl.min_horizontal("a", "b"),
            high=pl.max_horizontal("a", "b"),
            rate=pl.when(one_way).then(y / x).otherwise(x / y),
        )
        .group_by("low", "high")
        .agg(pl.col("rate").median(), pl.len().alias("n"))
        .sort("n", "low", "high", descending=[True, False, False])
        .collect()
    )
    return {(low, high): (rate, n) for low, high, rate, n in table.iter_rows()}


def _spread(
    currencies: list[str], pairs: Mapping[tuple[str, str], tuple[float, int]]
) -> tuple[dict[str, float], dict[str, int], list[str], list[Rate]]:
    """Walk from each base over the best-supported pair that reaches a currency not yet valued."""
    worth: dict[str, float] = {}
    component: dict[str, int] = {}
    bases: list[str] = []
    rates: list[Rate] = []
    for start in currencies:
        if start in worth:
            continue
        worth[start], component[start] = 1.0, len(bases)
        bases.append(start)
        while (step := _next_pair(worth, component, pairs, len(bases) - 1)) is not None:
            known, new, rate, n = step
            worth[new], component[new] = worth[known] * rate, component[known]
            rates.append(Rate(currency=new, base=start, rate=worth[new], transfers=n))
    return worth, component, bases, rates


def _next_pair(
    worth: Mapping[str, float],
    component: Mapping[str, int],
    pairs: Mapping[tuple[str, str], tuple[float, int]],
    current: int,
) -> tuple[str, str, float, int] | None:
    for (low, high), (rate, n) in pairs.items():
        if component.get(low) == current and high not in worth:
            return low, high, 1 / rate, n
        if component.get(high) == current and low not in worth:
            return high, low, rate, n
    return None
