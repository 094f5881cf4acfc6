"""Where the pieces of a ledger come from: buckets of accounts, stretches of time, and rows that were chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from graphflow.ledger import Ledger
from graphflow.value import Valuation, valuate
from graphflow.value.rates_file import RatesFile

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = tuple[int, int]
"""Account codes from the first to before the last."""
Stretch = tuple[int, int]
"""Microseconds since 1970, from the first to before the last."""


class Source(Protocol):
    """A ledger that is looked at in pieces; each is a `Ledger` that knows its rows' places in the whole."""

    @property
    def size(self) -> int:
        """Transfers of the whole."""
        ...

    @property
    def valuation(self) -> Valuation:
        """The value basis; `values` are those of all rows."""
        ...

    def bucket(self, codes: Codes) -> Ledger:
        """All transfers of some accounts."""
        ...

    def stretch(self, times: Stretch) -> Ledger:
        """The transfers of a stretch of time."""
        ...

    def chosen(self, accounts: Bools, places: Longs) -> Ledger:
        """All transfers of some accounts, and those at some places."""
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

    def bucket(self, codes: Codes) -> Ledger:
        ends = (self.ledger.payer_codes, self.ledger.payee_codes)
        return self.ledger.part(np.flatnonzero(np.any([(end >= codes[0]) & (end < codes[1]) for end in ends], axis=0)))

    def stretch(self, times: Stretch) -> Ledger:
        first, last = np.searchsorted(self.ledger.frame["time"].to_physical().to_numpy(), times)
        return self.ledger.part(np.arange(first, last))

    def chosen(self, accounts: Bools, places: Longs) -> Ledger:
        kept = accounts[self.ledger.payer_codes] | accounts[self.ledger.payee_codes]
        kept[places] = True
        return self.ledger.part(np.flatnonzero(kept))
