"""One value basis for amounts in several currencies: from a file of rates, or from the ledger itself.

Amounts of different currencies are never added. To compare them, each currency gets a rate to a base
currency, the one used most. On what ground, the best first:

    file          what the user says they are worth
    exchanges     the median of received / paid over the ledger's transfers that paid one currency and received the
                  other, by day where a day has 20 or more of a pair, joined along the best-supported pairs
    pass-through  the rate at which accounts pass a currency on in others, where many agree
    amounts       the median amounts of the two currencies

The last two are rough, are said, and never make a finding `high`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import value as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger
from graphflow.value.course import DAY, Course
from graphflow.value.exchanges import ENOUGH, Pair, exchange_pairs
from graphflow.value.pass_through import Crowd, passed, rate_of
from graphflow.value.rates_file import RatesFile
from graphflow.words import count

Basis = Literal["file", "exchanges", "pass-through", "amounts"]
"""What a rate rests on."""

Pairs = Mapping[tuple[str, str], Pair]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What one unit of `currency` is worth in `base`.

    transfers  exchanges that say so
    basis      what the rate rests on; accounts: those that passed the currency on at this rate
    days       days with a rate of their own (`rate` holds on all others; in a file: its dates)
    """

    currency: str
    base: str
    rate: float
    transfers: int
    basis: Basis = "exchanges"
    accounts: int = 0
    days: int = 0

    def __str__(self) -> str:
        counts = ((self.transfers, "transfer"), (self.accounts, "account"), (self.days, "day"))
        support = ", ".join(count(number, noun) for number, noun in counts if number)
        return f"{self.currency} {self.rate:.6g}" + (f" ({support})" if support else "")


@dataclass(frozen=True, kw_only=True, eq=False)
class Valuation:
    """What every transfer is worth in one basis.

    values  int64, minor units of the base currency, for each ledger row (what was paid)
    base    the base currency; rates: one for each other currency; file: where some of them were stated
    factors what a minor unit of each currency is worth in minor units of the base, day in, day out
    note    what was not looked at, in words; empty where nothing was left out
    courses what each of the ledger's currencies is worth from day to day, in minor units; empty where there is one only
    """

    values: npt.NDArray[np.int64]
    base: str
    rates: tuple[Rate, ...]
    factors: Mapping[str, float]
    file: RatesFile | None = None
    note: str = ""
    courses: tuple[tuple[Course, float], ...] = ()

    def worth(
        self, time: npt.NDArray[np.int64], currency: npt.NDArray[np.int16], paid: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """What transfers in time order are worth: their times, currencies (places in the ledger's), amounts paid."""
        if not self.courses:
            return paid
        starts = np.unique(np.concatenate([course.starts for course, _ in self.courses]))
        factors = np.stack([course.at(starts) * unit for course, unit in self.courses], axis=1)
        bounds = np.append(np.searchsorted(time, starts * DAY), time.size)
        values: npt.NDArray[np.int64] = ready(kernels, paid.size).worth(paid, currency, bounds, factors)
        return values

    @property
    def rough(self) -> frozenset[str]:
        """Currencies whose rate nobody stated and no exchange shows: passed on, or by median amounts alone."""
        return frozenset(rate.currency for rate in self.rates if rate.basis in ("pass-through", "amounts"))

    @property
    def warnings(self) -> list[str]:
        """What a reader of the results must know about the basis."""
        by: dict[str, list[Rate]] = {}
        for rate in self.rates:
            by.setdefault(rate.basis, []).append(rate)
        listed = {basis: ", ".join(map(str, rates)) for basis, rates in by.items()}
        stays = "findings across them stay at review"
        lines = {
            "file": f"amounts are compared in {self.base}, at the rates of {self._path}: {listed.get('file')}",
            "exchanges": f"amounts are compared in {self.base}, at median rates of the ledger's own exchanges"
            f"{self._daily}: {listed.get('exchanges')}",
            "pass-through": f"no transfer exchanges {listed.get('pass-through')} with {self.base}: compared at the "
            f"rate at which accounts passed money on in another currency, which is inferred; {stays}",
            "amounts": f"no transfer exchanges {', '.join(sorted(r.currency for r in by.get('amounts', [])))} with "
            f"{self.base}: compared by their median amounts, which is rough; {stays}",
        }
        return [line for basis, line in lines.items() if basis in by] + ([self.note] if self.note else [])

    @property
    def record(self) -> dict[str, Any]:
        """The rates and their file, for the record of a run."""
        stated = {"path": self.file.path, "sha256": self.file.sha256} if self.file else None
        return {"rates": [asdict(rate) for rate in self.rates], "rates_file": stated}

    @property
    def _path(self) -> str:
        return self.file.path if self.file else ""

    @property
    def _daily(self) -> str:
        daily = any(rate.days for rate in self.rates if rate.basis == "exchanges")
        return f" (by day where a day has {ENOUGH} or more of a pair)" if daily else ""


def valuate(ledger: Ledger, stated: RatesFile | None = None) -> Valuation:
    """The value of every transfer, in minor units of the base currency.

    stated  rates that the user knows; what they leave out is taken from the ledger

    >>> from datetime import datetime
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "R"], "paid": [1000, 700], "paid_currency": ["CNY", "CNY"],
    ...     "received": [1000, 100], "received_currency": ["CNY", "USD"]})
    >>> str(valuate(Ledger.from_frame(frame)).rates[0])
    'USD 7 (1 transfer)'
    """
    currencies = ledger.currencies
    paid = ledger.frame["paid"].to_numpy()
    if len(currencies) < 2:
        return Valuation(values=paid, base="".join(currencies), rates=(), factors=dict.fromkeys(currencies, 1.0))
    known = _start(ledger, stated)
    base = next(iter(known))
    note = _spread(known, ledger)
    units = {c: 10.0 ** (ledger.decimals[base] - ledger.decimals[c]) for c in currencies}
    made = Valuation(
        values=paid,
        base=base,
        rates=tuple(known[c].rate for c in currencies if c != base),
        factors={c: known[c].rate.rate * units[c] for c in currencies},
        file=stated,
        note=note,
        courses=tuple((known[c].course, units[c]) for c in currencies),
    )
    time = ledger.frame["time"].to_physical().to_numpy()
    return replace(made, values=made.worth(time, ledger.currency_codes, np.array(paid)))


@dataclass(frozen=True)
class _Known:
    """A currency that is valued: the rate to show, and the course to reckon with."""

    rate: Rate
    course: Course


def _start(ledger: Ledger, stated: RatesFile | None) -> dict[str, _Known]:
    """What is known before looking at the ledger: the base, which comes first, and what a file says."""
    courses = stated.courses(ledger) if stated else {ledger.currencies[0]: Course.flat(1.0)}
    base = next(iter(courses))
    return {c: _Known(_rate(c, base, course, "file"), course) for c, course in courses.items()}


def _rate(currency: str, base: str, course: Course, basis: Basis, transfers: int = 0, accounts: int = 0) -> Rate:
    return Rate(
        currency=currency,
        base=base,
        rate=course.whole,
        transfers=transfers,
        basis=basis,
        accounts=accounts,
        days=course.days,
    )


def _spread(known: dict[str, _Known], ledger: Ledger) -> str:
    """Value all other currencies on the best ground there is: exchanges, what was passed on, then median amounts.

    Whatever values one more currency may value others by exchanges with it, so those are looked at again.
    Returns what was left out, in words.
    """
    base, others = next(iter(known)), [c for c in ledger.currencies if c not in known]
    if not others:
        return ""
    pairs = exchange_pairs(ledger)
    _exchange(known, pairs)
    note = _pass_on(known, pairs, ledger) if any(c not in known for c in others) else ""
    missing = [c for c in others if c not in known]
    medians = _medians(ledger, [base, *missing]) if missing else {}
    for new in missing:
        if new not in known:
            course = Course.flat(medians.get(base, 1.0) / medians.get(new, medians.get(base, 1.0)))
            known[new] = _Known(_rate(new, base, course, "amounts"), course)
            _exchange(known, pairs)
    return note


def _exchange(known: dict[str, _Known], pairs: Pairs) -> None:
    """Walk over the best-supported pair that reaches a currency not yet valued, as far as pairs go.

    What is reached over a rough rate is as rough.
    """
    while (step := _next_pair(known, pairs)) is not None:
        old, new, pair, transfers = step
        over, course = known[old].rate, pair.times(known[old].course)
        rate = _rate(new, over.base, course, "exchanges", transfers)
        if over.basis == "file":  # its dates are not days of the ledger's own
            rate = replace(rate, days=pair.days)
        if over.basis in ("pass-through", "amounts"):
            rate = replace(rate, basis=over.basis, transfers=0, accounts=over.accounts)
        known[new] = _Known(rate, course)


def _next_pair(known: Mapping[str, _Known], pairs: Pairs) -> tuple[str, str, Course, int] | None:
    for (low, high), pair in pairs.items():
        if low in known and high not in known:
            return low, high, pair.course.inverse(), pair.transfers
        if high in known and low not in known:
            return high, low, pair.course, pair.transfers
    return None


def _pass_on(known: dict[str, _Known], pairs: Pairs, ledger: Ledger) -> str:
    """Value currencies by what accounts passed on, the clearest first; each may make others clear.

    Returns what was not looked at, in words.
    """
    base, place = next(iter(known)), {currency: k for k, currency in enumerate(ledger.currencies)}
    through = passed(ledger, [place[c] for c in place if c not in known])
    while True:
        worth = {place[c]: own.course.whole for c, own in known.items()}
        found = {c: rate_of(place[c], through, worth) for c in place if c not in known}
        clear: list[tuple[str, Crowd]] = [(c, crowd) for c, crowd in found.items() if crowd is not None]
        if not clear:
            break
        for currency, crowd in sorted(clear, key=lambda item: item[1].chance):
            if currency not in known:  # an exchange with one just valued is better
                course = Course.flat(crowd.rate)
                known[currency] = _Known(_rate(currency, base, course, "pass-through", 0, crowd.accounts), course)
                _exchange(known, pairs)
    if through.sampled is None:
        return ""
    some, whole = through.sampled
    return f"what accounts pass on was looked at in an even sample of them: {some:,} of {whole:,}"


def _medians(ledger: Ledger, wanted: Sequence[str]) -> dict[str, float]:
    """The median amount paid in each currency, in major units."""
    paid = ledger.frame.lazy().filter(pl.col("paid_currency").is_in(list(wanted)), pl.col("paid") > 0)
    rows = paid.group_by("paid_currency").agg(pl.col("paid").median()).collect().iter_rows()
    return {currency: amount / 10 ** ledger.decimals[currency] for currency, amount in rows}
