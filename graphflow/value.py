"""One value basis for amounts in several currencies, from the ledger itself.

Amounts of different currencies are never added. To compare them, each currency gets a rate to a base
currency, the one used most: the median of received / paid over the transfers that paid one currency and
received the other, joined along the best-supported pairs. A currency that no such transfer connects is set
beside the base by the median amounts of the two; that is rough, is said, and never makes a finding `high`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import value as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What one unit of `currency` is worth in `base`, from `transfers` cross-currency transfers (0: rough)."""

    currency: str
    base: str
    rate: float
    transfers: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Valuation:
    """What every transfer is worth in one basis.

    values  int64, minor units of the base currency, for each ledger row (what was paid)
    base    the base currency; rates: one for each other currency
    factors what a minor unit of each currency is worth in minor units of the base
    """

    values: npt.NDArray[np.int64]
    base: str
    rates: tuple[Rate, ...]
    factors: Mapping[str, float]

    @property
    def rough(self) -> frozenset[str]:
        """Currencies whose rate rests on median amounts alone."""
        return frozenset(rate.currency for rate in self.rates if not rate.transfers)

    @property
    def warnings(self) -> list[str]:
        """What a reader of the results must know about the basis."""
        lines = []
        if self.rates:
            used = ", ".join(f"{r.currency} {r.rate:.6g} ({r.transfers} transfers)" for r in self.rates if r.transfers)
            if used:
                lines.append(
                    f"amounts are compared in {self.base}, at median rates of the ledger's own exchanges: {used}"
                )
        if self.rough:
            names = ", ".join(sorted(self.rough))
            lines.append(
                f"no transfer exchanges {names} with {self.base}: compared by their median amounts, which is rough; "
                "findings across them stay at review"
            )
        return lines


def valuate(ledger: Ledger) -> Valuation:
    """The value of every transfer, in minor units of the base currency.

    >>> from datetime import datetime
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "R"], "paid": [1000, 700], "paid_currency": ["CNY", "CNY"],
    ...     "received": [1000, 100], "received_currency": ["CNY", "USD"]})
    >>> valuate(Ledger.from_frame(frame)).rates
    (Rate(currency='USD', base='CNY', rate=7.0, transfers=1),)
    """
    currencies = ledger.currencies
    paid = ledger.frame["paid"].to_numpy()
    if len(currencies) < 2:
        return Valuation(values=paid, base="".join(currencies), rates=(), factors=dict.fromkeys(currencies, 1.0))
    base = currencies[0]
    rates = _spread(ledger, _pair_rates(ledger))
    worth = {base: 1.0, **{r.currency: r.rate for r in rates}}
    factors = {c: worth[c] * 10.0 ** (ledger.decimals[base] - ledger.decimals[c]) for c in currencies}
    values = ready(kernels, paid.size).worth(np.array(paid), ledger.currency_codes, np.array(list(factors.values())))
    return Valuation(values=values, base=base, rates=rates, factors=factors)


def _pair_rates(ledger: Ledger) -> dict[tuple[str, str], tuple[float, int]]:
    """(currency, other) → median worth of one unit of currency in the other, and the number of transfers."""
    decimals = ledger.decimals
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
        )
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


def _spread(ledger: Ledger, pairs: Mapping[tuple[str, str], tuple[float, int]]) -> tuple[Rate, ...]:
    """Walk from the base over the best-supported pair that reaches a currency not yet valued."""
    base, *others = ledger.currencies
    worth = {base: 1.0}
    support: dict[str, int] = {}
    medians: dict[str, float] = {}
    while len(worth) <= len(others):
        step = _next_pair(worth, pairs)
        if step is None:
            medians = medians or _medians(ledger)
            new = next(c for c in others if c not in worth)
            worth[new], support[new] = medians.get(base, 1.0) / medians.get(new, medians.get(base, 1.0)), 0
        else:
            known, new, rate, transfers = step
            worth[new], support[new] = worth[known] * rate, transfers
            if known in support and support[known] == 0:
                support[new] = 0
    return tuple(Rate(currency=c, base=base, rate=worth[c], transfers=support[c]) for c in others)


def _next_pair(
    worth: Mapping[str, float], pairs: Mapping[tuple[str, str], tuple[float, int]]
) -> tuple[str, str, float, int] | None:
    for (low, high), (rate, n) in pairs.items():
        if low in worth and high not in worth:
            return low, high, 1 / rate, n
        if high in worth and low not in worth:
            return high, low, rate, n
    return None


def _medians(ledger: Ledger) -> dict[str, float]:
    """The median amount paid in each currency, in major units."""
    middle = ledger.frame.lazy().filter(pl.col("paid") > 0).group_by("paid_currency").agg(pl.col("paid").median())
    rows = middle.collect().iter_rows()
    return {currency: amount / 10 ** ledger.decimals[currency] for currency, amount in rows}
