"""A part of a ledger that knows what is true of the whole: detectors run on it exactly as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.account_types import AccountTypes
from graphflow.flow import Flow, Lots
from graphflow.ledger import Codes, Ledger
from graphflow.rarity import Choice, Rarity, Usual
from graphflow.scale.pieces import Piece
from graphflow.totals import Totals
from graphflow.value import Valuation

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Facts:
    """What is true of a whole ledger, beside some rows of it.

    size, span    transfers of the whole; microseconds from its first to its last
    valuation     its value basis; `values` are those of the rows
    traffic       per account, its transfers with others
    types         what kind of account each one is
    hubs          (window, most) → per account, whether it has more than `most` counterparties inside one window
    usual         what is usual; `one_off` is that of the rows
    totals        of all accounts; None where nobody asks
    """

    size: int
    span: int
    valuation: Valuation
    traffic: Longs
    types: AccountTypes
    hubs: Mapping[tuple[timedelta, int], Bools]
    usual: Usual
    totals: Totals | None = None

    def beside(self, piece: Piece) -> Facts:
        """Facts of the whole, `one_off` of all its rows, beside those of a piece."""
        one_off = self.usual.one_off[piece.ledger.all_places]
        return replace(
            self,
            valuation=replace(self.valuation, values=piece.values),
            usual=replace(self.usual, one_off=one_off),
        )


class Part(Flow):
    """Some transfers of a ledger, with facts of the whole.

    facts  beside the rows of the ledger; own: the accounts all of whose transfers are here, where only those are to be
           looked at (their receipts and payments alone are listed by account); around: a flow with more transfers
    """

    def __init__(
        self, ledger: Ledger, rows: Longs | None, facts: Facts, own: Bools | None = None, around: Flow | None = None
    ) -> None:
        super().__init__(ledger, rows)
        self._facts, self._own, self._around = facts, own, around

    @property
    def around(self) -> Flow:
        return self._around or self

    @property
    def whole_size(self) -> int:
        return self._facts.size

    @property
    def span(self) -> int:
        return self._facts.span

    @property
    def own(self) -> Bools | None:
        return self._own

    @property
    def own_accounts(self) -> Bools:
        """The same, all accounts where it is of all."""
        return np.ones(self.account_count, np.bool_) if self._own is None else self._own

    @cached_property
    def traffic(self) -> Longs:
        return self._facts.traffic

    @cached_property
    def totals(self) -> Totals:
        return self._facts.totals or super().totals

    @cached_property
    def accounts(self) -> Codes:
        return np.arange(self.account_count, dtype=np.int32)

    @cached_property
    def valuation(self) -> Valuation:
        return self._facts.valuation

    @cached_property
    def types(self) -> AccountTypes:
        return self._facts.types

    @cached_property
    def rarity(self) -> Rarity:
        usual = self._facts.usual
        return Rarity(self, replace(usual, one_off=self._take(usual.one_off)))

    def hubs(self, window: timedelta, most: int) -> Bools:
        return self._facts.hubs[window, most]


class Sieving(Part):
    """A part that a sieve looks at: ends, times and values, and who is left out.

    What it lets through is kept for as long as those stay, so it may know nothing else of the whole.
    """

    @property
    def span(self) -> int:
        raise _TooMuch("span")

    @property
    def whole_size(self) -> int:
        raise _TooMuch("whole_size")

    @cached_property
    def traffic(self) -> Longs:
        raise _TooMuch("traffic")

    @cached_property
    def totals(self) -> Totals:
        raise _TooMuch("totals")

    @cached_property
    def rarity(self) -> Rarity:
        raise _TooMuch("rarity")


class _TooMuch(TypeError):
    def __init__(self, what: str) -> None:
        super().__init__(f"a sieve looks at ends, times and values alone, not at {what}")


class Surveyed(Part):
    """A part that keeps no candidate, and tells how good each was: which are the best the whole alone can say.

    asked  word for the candidates → points and account of those that may be among the best, and how many there were
    """

    def __init__(self, ledger: Ledger, rows: Longs | None, facts: Facts, own: Bools) -> None:
        super().__init__(ledger, rows, facts, own)
        self.asked: dict[str, Asked] = {}

    def choose(self, points: npt.NDArray[np.float64], limit: int, what: str, owner: npt.NDArray[Any] | None) -> Choice:
        if owner is None:
            raise TypeError(f"a detector that looks at one account after the other says whose each {what} is")
        best = np.argsort(-points, kind="stable")[:limit]
        best.sort()
        self.asked[what] = Asked(points[best], owner[best].astype(np.int64), points.size, limit)
        return Choice(np.zeros(points.size, np.bool_), 0)


class Decided(Part):
    """A part that holds all that any candidate kept in the whole rests on; totals: candidates of the whole, by word."""

    def __init__(
        self, ledger: Ledger, rows: Longs | None, facts: Facts, own: Bools | None, totals: Mapping[str, int]
    ) -> None:
        super().__init__(ledger, rows, facts, own)
        self._totals = totals
        self._passed: Longs | None = None

    def give(self, links: Mapping[str, Longs], passed: Longs) -> None:
        """Take links and relays of the whole as they are, and what of each event was passed on."""
        self.given, self._passed = links, passed

    def _match(self, dwell: timedelta) -> Lots:
        if self._passed is None:
            return super()._match(dwell)
        none = np.zeros(self.account_count, np.int64)
        return Lots(dwell, self._passed, np.zeros(self.size, np.int64), none, none.astype(np.float64))

    def choose(self, points: npt.NDArray[np.float64], limit: int, what: str, owner: npt.NDArray[Any] | None) -> Choice:
        chosen = super().choose(points, limit, what, owner)
        if what not in self._totals:
            return chosen
        return Choice(chosen.kept, self._totals[what] - int(chosen.kept.sum()))


@dataclass(frozen=True, eq=False)
class Asked:
    """Candidates that may be among the `limit` best of the whole, and the number of all."""

    points: npt.NDArray[np.float64]
    owner: Longs
    number: int
    limit: int
