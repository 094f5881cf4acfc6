"""The transfers of a ledger, or of some of its rows, as integer arrays in time order.

What detectors and tracers read. Each array has one entry a transfer; its position is the *event* that
kernels compare ("not earlier" is one integer comparison). Everything is made when first asked for, and kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_names import AccountTypeNames, built_in
from graphflow.kernels import csr, lots
from graphflow.kernels.engine import ready
from graphflow.ledger import Codes, Ledger
from graphflow.rarity import Choice, Rarity, with_most
from graphflow.totals import Totals, seconds_of
from graphflow.value import Valuation, valuate
from graphflow.value.rates_file import RatesFile

if TYPE_CHECKING:
    from graphflow.account_types import AccountTypes

T = TypeVar("T")
Longs = npt.NDArray[np.int64]

_DAY, _HUB = timedelta(hours=24), 50


def microseconds(span: timedelta) -> int:
    """A time span as the ledger's time unit.

    >>> microseconds(timedelta(minutes=1))
    60000000
    """
    return span // timedelta(microseconds=1)


@dataclass(frozen=True)
class Adjacency:
    """Events grouped by account, self-transfers left out: those of a are events[ptr[a]:ptr[a + 1]].

    others, values  the other end and the value of each
    """

    ptr: Longs
    events: Codes
    others: Codes
    values: Longs

    def sums(self) -> Longs:
        """The value of all its events, by account."""
        running = np.zeros(self.values.size + 1, np.int64)
        np.cumsum(self.values, out=running[1:])
        sums: Longs = running[self.ptr[1:]] - running[self.ptr[:-1]]
        return sums

    def without(self, left_out: npt.NDArray[np.bool_]) -> Adjacency:
        """The events of which neither end is one of these accounts."""
        kept = np.flatnonzero(~(np.repeat(left_out, np.diff(self.ptr)) | left_out[self.others]))
        ptr = np.searchsorted(kept, self.ptr).astype(np.int64)
        return Adjacency(ptr, self.events[kept], self.others[kept], self.values[kept])


@dataclass(frozen=True)
class Lots:
    """Receipts matched to payments, first in first out, within `dwell`.

    passed   per event: the part of its value that its payee moved on
    funded   per event: the part of its value that came from lots its payer had received
    moved    per account: the value matched; waited: that × microseconds between receipt and payment
    """

    dwell: timedelta
    passed: Longs
    funded: Longs
    moved: Longs
    waited: npt.NDArray[np.float64]


class Flow:
    """Columns of a ledger; `rows` are the positions of its transfers in the ledger (all of them: None).

    type_names  words and accounts by which accounts are typed (the built-in words: None)
    kept        what detectors made of it that others ask for too, by what it is; given: what is known of the whole
    rates       what the user says currencies are worth; whole: the flow of which this is a part, with the same value
                basis and type names
    """

    def __init__(
        self,
        ledger: Ledger,
        rows: Longs | None = None,
        *,
        type_names: AccountTypeNames | None = None,
        rates: RatesFile | None = None,
        whole: Flow | None = None,
    ) -> None:
        self.ledger = ledger
        inherited = whole.type_names if whole is not None else None
        self._type_names: AccountTypeNames = type_names or inherited or built_in()
        self._rows = rows
        self._rates, self._whole = rates, whole
        self._lots: dict[timedelta, Lots] = {}
        self._hubs: dict[tuple[timedelta, int], npt.NDArray[np.bool_]] = {}
        self.kept: dict[tuple[Any, ...], Any] = {}
        self.given: Mapping[str, Longs] = {}

    @property
    def size(self) -> int:
        """Number of transfers."""
        return self.ledger.height if self._rows is None else self._rows.size

    @property
    def whole_size(self) -> int:
        """Number of transfers by which their number is judged; of a part that knows its whole, the whole's."""
        return self.size

    @property
    def span(self) -> int:
        """Microseconds from the first to the last transfer."""
        return int(self.time[-1] - self.time[0]) if self.size else 0

    @property
    def own(self) -> npt.NDArray[np.bool_] | None:
        """The accounts all of whose transfers are here, and by which alone they are grouped; None: all accounts."""
        return None

    @property
    def around(self) -> Flow:
        """Where to look up what else accounts do: this flow, or a wider one where it has only what findings cite."""
        return self

    @cached_property
    def totals(self) -> Totals:
        """What every account received and paid."""
        return Totals.of(self)

    @cached_property
    def traffic(self) -> Longs:
        """Per account, its transfers with others."""
        traffic: Longs = np.diff(self.received.ptr) + np.diff(self.sent.ptr)
        return traffic

    def choose(self, points: npt.NDArray[np.float64], limit: int, what: str, owner: npt.NDArray[Any] | None) -> Choice:
        """The candidates with most points: see `graphflow.rarity.rarest`."""
        kept = with_most(points, limit)
        return Choice(kept, int(kept.size - kept.sum()))

    @property
    def rows(self) -> Longs:
        """The position of each transfer in the ledger."""
        return np.arange(self.size) if self._rows is None else self._rows

    def ledger_rows(self, events: npt.NDArray[Any]) -> Longs:
        """Positions in the ledger of some events of this flow."""
        return events.astype(np.int64) if self._rows is None else self._rows[events]

    def events_of(self, rows: Longs) -> Longs:
        """The events of some positions in the ledger, all of which this flow has."""
        return rows if self._rows is None else np.searchsorted(self._rows, rows)

    @property
    def account_count(self) -> int:
        """Accounts of the whole ledger: the length of arrays indexed by account code."""
        return self.ledger.accounts.height

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The transfers themselves."""
        return self.ledger.frame if self._rows is None else self.ledger.frame[self._rows]

    @cached_property
    def names(self) -> pl.Series:
        """The account of each code."""
        return self.ledger.accounts["account"]

    @cached_property
    def accounts(self) -> Codes:
        """Codes of the accounts that occur."""
        if self._rows is None:
            return np.arange(self.account_count, dtype=np.int32)
        return np.unique(np.concatenate([self.payer, self.payee]))

    def alone(self) -> Flow:
        """The same transfers with no accounts but those that occur: what is made by account is then small."""
        codes, ledger = self.accounts, self.ledger.part(self.rows)
        payer, payee = (np.searchsorted(codes, own).astype(np.int32) for own in (self.payer, self.payee))
        small = Flow(replace(ledger, accounts=self.described, payer_codes=payer, payee_codes=payee), whole=self)
        small.value = self.value
        return small

    @property
    def described(self) -> pl.DataFrame:
        """The accounts that occur, with bank and name."""
        return self.ledger.accounts if self._rows is None else self.ledger.accounts[self.accounts]

    @cached_property
    def payer(self) -> Codes:
        return self._take(self.ledger.payer_codes)

    @cached_property
    def payee(self) -> Codes:
        return self._take(self.ledger.payee_codes)

    @cached_property
    def time(self) -> Longs:
        """Microseconds since 1970, never falling."""
        return self._take(self.ledger.frame["time"].to_physical().to_numpy())

    @cached_property
    def valuation(self) -> Valuation:
        """The value basis of the whole ledger."""
        return self._whole.valuation if self._whole else valuate(self.ledger, self._rates)

    @cached_property
    def rarity(self) -> Rarity:
        """What is usual among these transfers."""
        return Rarity(self)

    @cached_property
    def value(self) -> Longs:
        """What each transfer is worth, in minor units of the base currency."""
        return self._take(self.valuation.values)

    @cached_property
    def paid(self) -> Longs:
        """What was paid, in minor units of its own currency."""
        return self._take(self.ledger.frame["paid"].to_numpy())

    @cached_property
    def currency_codes(self) -> npt.NDArray[np.int16]:
        """The currency paid, as its position in `ledger.currencies`."""
        return self._take(self.ledger.currency_codes)

    def forget(self) -> None:
        """Let go what knows this flow in turn, so that both go without a search for what nobody else knows."""
        self.__dict__.pop("rarity", None)

    def prepare(self) -> None:
        """Make what most detectors ask for, so that none makes it beside another."""
        for made in (self.time, self.paid, self.currency_codes, self.names, self._sides, self.gateways):
            del made
        self.hubs(_DAY, _HUB)
        self.lots(_DAY)
        self.rarity.prepare()

    @cached_property
    def paying(self) -> npt.NDArray[np.bool_]:
        """Per account of the ledger, whether it pays anything, to itself too."""
        paying = np.zeros(self.account_count, np.bool_)
        paying[self.payer] = True
        return paying

    @property
    def received(self) -> Adjacency:
        """Receipts by account."""
        return self._sides[0]

    @property
    def sent(self) -> Adjacency:
        """Payments by account."""
        return self._sides[1]

    @cached_property
    def _sides(self) -> list[Adjacency]:
        return self._make_sides()

    def _make_sides(self) -> list[Adjacency]:
        ends, run = (self.payer, self.payee), ready(csr, self.size).by_account
        own = np.empty(0, np.bool_) if self.own is None else self.own
        sides = in_threads(
            lambda side, other: run(ends[side], ends[other], self.value, self.account_count, own), [(1, 0), (0, 1)]
        )
        return [Adjacency(*side) for side in sides]

    @cached_property
    def onward(self) -> tuple[Codes, Codes]:
        """Per event, the position of its payee's first later payment, and of its payer's first later receipt."""
        return self.onward_of(self.received, self.sent)

    def onward_of(self, got: Adjacency, sent: Adjacency) -> tuple[Codes, Codes]:
        """The same over some of the events; what stands at the others means nothing."""
        next_out, next_in = np.empty(self.size, np.int32), np.empty(self.size, np.int32)
        run = ready(csr, self.size).onward
        in_parts(
            lambda a, b: run(a, b, got.ptr, got.events, sent.ptr, sent.events, next_out, next_in), got.ptr + sent.ptr
        )
        return next_out, next_in

    def until(self, window: timedelta) -> Codes:
        """Per event, the first event that is more than `window` later."""
        ends: Codes = ready(csr, self.size).until(self.time, microseconds(window))
        return ends

    def lots(self, dwell: timedelta) -> Lots:
        """Receipts matched to payments within `dwell`."""
        if dwell not in self._lots:
            self._lots[dwell] = self._match(dwell)
        return self._lots[dwell]

    def stays(self, dwell: timedelta) -> npt.NDArray[np.float64]:
        """Per account, the seconds that matched money stays with it on average, weighted by value; NaN: none."""
        lots = self.lots(dwell)
        return seconds_of(lots.moved, lots.waited)

    def hubs(self, window: timedelta, most: int) -> npt.NDArray[np.bool_]:
        """Per account, whether it has more than `most` distinct counterparties inside one window."""
        if (window, most) not in self._hubs:
            width = np.zeros(self.account_count, np.int32)
            got, sent = self.received, self.sent
            run = ready(lots, self.size).widest
            in_parts(
                lambda a, b: run(
                    a, b, got.ptr, got.events, got.others, sent.ptr, sent.events, sent.others, self.time,
                    self.account_count, microseconds(window), most + 1, width,
                ),
                got.ptr + sent.ptr,
            )  # fmt: skip
            self._hubs[window, most] = width > most
        return self._hubs[window, most]

    @property
    def type_names(self) -> AccountTypeNames:
        """By what accounts are typed: set it to type them anew (findings made before stay as they are)."""
        return self._type_names

    @type_names.setter
    def type_names(self, names: AccountTypeNames) -> None:
        self._type_names = names
        self.__dict__.pop("types", None)

    @cached_property
    def types(self) -> AccountTypes:
        """What kind of account each one is, by names and by these transfers."""
        from graphflow.account_types import type_accounts

        return type_accounts(self, self.type_names)

    @property
    def gateways(self) -> npt.NDArray[np.bool_]:
        """Per account, whether it is a payment gateway or the bank's own: not traversed, and no reason to join."""
        return self.types.gateways

    def _match(self, dwell: timedelta) -> Lots:
        got, sent = self.received, self.sent
        passed, funded = np.zeros(self.size, np.int64), np.zeros(self.size, np.int64)
        moved, waited = np.zeros(self.account_count, np.int64), np.zeros(self.account_count)
        run = ready(lots, self.size).match
        in_parts(
            lambda a, b: run(
                a, b, got.ptr, got.events, got.values, sent.ptr, sent.events, sent.values, self.time,
                microseconds(dwell), passed, funded, moved, waited,
            ),
            got.ptr + sent.ptr,
        )  # fmt: skip
        return Lots(dwell, passed, funded, moved, waited)

    def _take(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """This flow's part of a ledger column; a copy where Polars owns it, since kernels take writable arrays."""
        if self._rows is not None:
            return column[self._rows]
        return column if column.flags.writeable else column.copy()


def in_parts(run: Callable[[int, int], T], ptr: Longs, parts: int = 16) -> list[T]:
    """Run a kernel over ranges of accounts of about equal work on the thread pool; results in order.

    ptr  cumulative work by account, as in compressed rows; without accounts there is one empty range
    """
    accounts = ptr.size - 1
    edges = np.searchsorted(ptr, np.linspace(0, ptr[-1], parts + 1)[1:-1])
    bounds = np.unique(np.concatenate([[0], edges, [accounts]]))
    return in_threads(run, list(pairwise(bounds.tolist())) or [(0, 0)])


def in_threads(run: Callable[[int, int], T], ranges: Sequence[tuple[int, int]]) -> list[T]:
    """run(first, last) for each range, on as many threads as there are cores; results in order."""
    if len(ranges) < 2 or threads() < 2:
        return [run(*r) for r in ranges]
    with ThreadPoolExecutor(max_workers=threads()) as pool:
        return list(pool.map(lambda r: run(*r), ranges))


_threads: list[int] = []


def threads() -> int:
    """How many threads kernels run on: as many as there are cores, unless `use_threads` said otherwise."""
    return _threads[0] if _threads else os.cpu_count() or 1


def use_threads(number: int) -> None:
    """Run the kernels of this process on so many threads: for one of several workers on a machine."""
    _threads[:] = [number]
