"""One value basis for amounts in several currencies, from the ledger itself.

Amounts of different currencies are never added. To compare them, each currency gets a rate to a base
currency, the one used most: the median of received / paid over the transfers that paid one currency and
received the other, joined along the best-supported pairs. A currency that no such transfer connects gets the rate at
which accounts pass it on in other currencies, where many agree (`pass_through.py`); where they do not, it is set
beside the base by the median amounts of the two. Both are rough, are said, and never make a finding `high`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import value as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger
from graphflow.value.pass_through import Crowd, passed, rate_of

Basis = Literal["exchanges", "pass-through", "amounts"]
"""What a rate rests on: the ledger's own exchanges, money that accounts passed on, or median amounts alone."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What one unit of `currency` is worth in `base`.

    transfers  cross-currency transfers that say so; 0: rough
    basis      what the rate rests on; accounts: those that passed the currency on at this rate
    """

    currency: str
    base: str
    rate: float
    transfers: int
    basis: Basis = "exchanges"
    accounts: int = 0


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
        """Currencies whose rate rests on no exchange: on what accounts passed on, or on median amounts alone."""
        return frozenset(rate.currency for rate in self.rates if not rate.transfers)

    @property
    def warnings(self) -> list[str]:
        """What a reader of the results must know about the basis."""
        exchanged, through, amounts = (
            [rate for rate in self.rates if rate.basis == basis] for basis in ("exchanges", "pass-through", "amounts")
        )
        lines = []
        if exchanged:
            used = ", ".join(f"{r.currency} {r.rate:.6g} ({r.transfers} transfers)" for r in exchanged)
            lines.append(f"amounts are compared in {self.base}, at median rates of the ledger's own exchanges: {used}")
        if through:
            used = ", ".join(f"{r.currency} {r.rate:.6g} ({r.accounts} accounts)" for r in through)
            lines.append(
                f"no transfer exchanges {used} with {self.base}: compared at the rate at which accounts passed it on "
                "in another currency, which is inferred; findings across them stay at review"
            )
        if amounts:
            names = ", ".join(sorted(r.currency for r in amounts))
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
    (Rate(currency='USD', base='CNY', rate=7.0, transfers=1, basis='exchanges', accounts=0),)
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
    """Rates by the best ground there is: exchanges, then what was passed on, then median amounts.

    Whatever values one more currency may value others by exchanges with it, so those are looked at again.
    """
    base, *others = ledger.currencies
    rates = {base: Rate(currency=base, base=base, rate=1.0, transfers=0)}
    _exchange(rates, pairs)
    if len(rates) <= len(others):
        _pass_on(rates, pairs, ledger)
    medians = _medians(ledger) if len(rates) <= len(others) else {}
    for new in others:
        if new not in rates:
            worth = medians.get(base, 1.0) / medians.get(new, medians.get(base, 1.0))
            rates[new] = Rate(currency=new, base=base, rate=worth, transfers=0, basis="amounts")
            _exchange(rates, pairs)
    return tuple(rates[c] for c in others)


def _exchange(rates: dict[str, Rate], pairs: Mapping[tuple[str, str], tuple[float, int]]) -> None:
    """Walk over the best-supported pair that reaches a currency not yet valued, as far as pairs go.

    What is reached over a rough rate is as rough.
    """
    base = next(iter(rates.values())).base
    while (step := _next_pair(rates, pairs)) is not None:
        known, new, rate, transfers = step
        over = rates[known]
        sure = over.basis == "exchanges"
        rates[new] = replace(over, currency=new, base=base, rate=over.rate * rate, transfers=transfers if sure else 0)


def _pass_on(rates: dict[str, Rate], pairs: Mapping[tuple[str, str], tuple[float, int]], ledger: Ledger) -> None:
    """Value currencies by what accounts passed on, the clearest first; each may make others clear."""
    place = {currency: k for k, currency in enumerate(ledger.currencies)}
    through = passed(ledger, [place[c] for c in place if c not in rates])
    while True:
        worth = {place[c]: rate.rate for c, rate in rates.items()}
        found = {c: rate_of(place[c], through, worth) for c in place if c not in rates}
        clear = sorted(((c, crowd) for c, crowd in found.items() if crowd), key=lambda item: item[1].chance)
        if not clear:
            return
        for currency, crowd in clear:
            if currency not in rates:  # an exchange with one just valued is better
                rates[currency] = _inferred(currency, ledger.currencies[0], crowd)
                _exchange(rates, pairs)


def _inferred(currency: str, base: str, crowd: Crowd) -> Rate:
    return Rate(
        currency=currency, base=base, rate=crowd.rate, transfers=0, basis="pass-through", accounts=crowd.accounts
    )


def _next_pair(
    worth: Mapping[str, Rate], pairs: Mapping[tuple[str, str], tuple[float, int]]
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
