"""Where the pieces of a ledger come from: buckets of accounts, stretches of time, and rows that were chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.detect.places import users
from graphflow.ledger import Ledger
from graphflow.value import Valuation, valuate
from graphflow.value.rates_file import RatesFile

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = tuple[int, int]
"""Account codes from the first to before the last."""
Stretch = tuple[int, int]
"""Microseconds since 1970, from the first to before the last."""


@dataclass(frozen=True)
class Piece:
    """Some transfers as a ledger that knows their places in the whole, and what each is worth in the value basis.

    time  microseconds since 1970 of each, where they are there in memory that kernels may have: else made of the ledger
    """

    ledger: Ledger
    values: Longs
    time: Longs | None = None


class Source(Protocol):
    """A ledger that is looked at in pieces."""

    @property
    def size(self) -> int:
        """Transfers of the whole."""
        ...

    @property
    def valuation(self) -> Valuation:
        """The value basis; its `values` are not to be relied on."""
        ...

    def empty(self) -> Ledger:
        """A piece without transfers, which tells of the whole: accounts, currencies, times, files."""
        ...

    def bucket(self, codes: Codes) -> Piece:
        """All transfers of some accounts."""
        ...

    def stretch(self, times: Stretch, left_out: Bools) -> Piece:
        """The transfers of a stretch of time, of which no end is left out; to oneself is none.

        Columns are those that a sieve asks for: ends, times and values.
        """
        ...

    def chosen(self, accounts: Bools, places: Longs, pairs: Longs) -> Piece:
        """All transfers of some accounts, those at some places, and those from payer to payee of some pairs.

        pairs  payer × number of accounts + payee
        """
        ...

    def users(self) -> tuple[Longs, Longs]:
        """Numbers of the places that are paid from and the accounts that do: see `graphflow.detect.places`."""
        ...


@dataclass(frozen=True)
class Whole:
    """A ledger in memory, as a source of pieces."""

    ledger: Ledger
    rates: RatesFile | None = None

    @property
    def size(self) -> int:
        return self.ledger.height

    @cached_property
    def valuation(self) -> Valuation:
        return valuate(self.ledger, self.rates)

    def empty(self) -> Ledger:
        return self.ledger.part(np.empty(0, np.int64))

    def bucket(self, codes: Codes) -> Piece:
        ends = (self.ledger.payer_codes, self.ledger.payee_codes)
        return self._at(np.flatnonzero(np.any([(end >= codes[0]) & (end < codes[1]) for end in ends], axis=0)))

    def stretch(self, times: Stretch, left_out: Bools) -> Piece:
        first, last = np.searchsorted(self.ledger.frame["time"].to_physical().to_numpy(), times)
        payer, payee = self.ledger.payer_codes[first:last], self.ledger.payee_codes[first:last]
        return self._at(first + np.flatnonzero((payer != payee) & ~left_out[payer] & ~left_out[payee]))

    def chosen(self, accounts: Bools, places: Longs, pairs: Longs) -> Piece:
        payer, payee = self.ledger.payer_codes, self.ledger.payee_codes
        kept = accounts[payer] | accounts[payee]
        kept |= np.isin(payer * np.int64(accounts.size) + payee, pairs)
        kept[places] = True
        return self._at(np.flatnonzero(kept))

    def users(self) -> tuple[Longs, Longs]:
        frame = self.ledger.frame.select(name for name in ("device", "ip") if name in self.ledger.frame.columns)
        ends = {"payer": self.ledger.payer_codes, "payee": self.ledger.payee_codes}
        table = users(pl.DataFrame(ends).hstack(frame)).sort("place", "payer")
        return table["place"].to_numpy().astype(np.int64), table["payer"].to_numpy().astype(np.int64)

    def _at(self, rows: Longs) -> Piece:
        return Piece(self.ledger.part(rows), self.valuation.values[rows])
