"""How detectors are cut, so that a ledger of any size can be worked off in pieces with the same result.

A detector says with `cut()` what a piece must hold for it. Pieces are sieved first: what may matter to the detector
comes together from all of them, and on that it then runs as it is. So nothing is joined at seams, and nothing is
counted twice: a sieve may let too much through, never too little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from graphflow.flow import Flow

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ByAccount:
    """It looks at one account after the other, at the receipts and payments of each and at nothing else."""


@dataclass(frozen=True)
class ByTime:
    """What it finds is made of pieces that last `reach` at most.

    sieve     the events of a flow that make such pieces: it looks at ends, times and values, and where fewer accounts
              are skipped it lets no less through
    skipped   accounts on none of those pieces
    parallel  whether all that the payer of one pays its payee may matter as well, at any time
    """

    reach: timedelta
    sieve: Callable[[Flow], Longs]
    skipped: Callable[[Flow], Bools]
    parallel: bool = False


@dataclass(frozen=True)
class ByLinks:
    """It follows links from receipts to payments of the same account, and those depend on that account alone.

    links  makes the flow keep its links and relays (`Flow.kept`); dwell: how long it asks money to have stayed
    """

    links: Callable[[Flow], object]
    dwell: timedelta


@dataclass(frozen=True)
class ByCounterparties:
    """It looks at accounts that have at least `least` counterparties in common, dealt with inside `window`.

    payees, payers  whether it asks for common payees, and for common payers; skipped: accounts that are neither
    """

    least: int
    window: timedelta
    skipped: Callable[[Flow], Bools]
    payees: bool = False
    payers: bool = False


@dataclass(frozen=True)
class ByPlaces:
    """It looks at accounts that pay from the same places (`graphflow.detect.places`)."""


Cut = ByAccount | ByTime | ByLinks | ByCounterparties | ByPlaces


class Cuttable(Protocol):
    """A detector that says how it is cut."""

    def cut(self) -> Cut:
        """What a piece must hold for it."""
        ...
