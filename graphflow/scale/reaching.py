"""Which accounts the victims' money can have reached: one way through the columns of a store, stretch by stretch.

The only thing carried from one stretch to the next is the tier of each account, so memory does not grow with the
number of transfers. After each stretch it is written down: a run that was ended goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from graphflow.errors import SourceError
from graphflow.kernels import reach
from graphflow.kernels.engine import ready
from graphflow.scale import packing
from graphflow.scale.columns import Columns

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

STATE = "reached.npz"


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """What is asked: from which payments, through which accounts, how far.

    reported  places of the reported payments, rising; stopped: accounts whose own payments carry nothing further
    last      how many transfers of the ledger count; passes: how often to go through them, until nothing changes
    """

    reported: Longs
    stopped: Bools
    last: int
    passes: int = 1

    @property
    def mark(self) -> str:
        """The same for the same question, so that an answer begun for another one is not gone on with."""
        told = hashlib.sha256(f"{self.last} {self.passes} ".encode())
        told.update(self.reported.astype("<i8").tobytes())
        told.update(np.packbits(self.stopped).tobytes())
        return told.hexdigest()


@dataclass
class _State:
    """How far it has come: the row to go on with, of which pass, and whether that pass has changed anything."""

    tier: Ints
    row: int
    passed: int = 0
    changed: bool = False


def reached(
    way: Way, columns: Columns, folder: Path, stretch: int, tell: Callable[[int, int], None] = lambda done, of: None
) -> Bools:
    """Per account, whether money of a reported payment can have come to it. `tell` hears rows done, of how many."""
    first = 0 if way.passes > 1 else min(int(way.reported[0]), way.last)  # where time is off, what was before counts
    state = _begun(way, folder) or _State(np.zeros(way.stopped.size, np.int32), first)
    run = ready(reach, columns.size)
    while state.passed < way.passes:
        while state.row < way.last:
            end = min(state.row + stretch, way.last)
            payer, payee = (columns.read(name, state.row, end) for name in ("payer", "payee"))
            reported = np.zeros(end - state.row, np.bool_)
            a, b = np.searchsorted(way.reported, (state.row, end))
            reported[way.reported[a:b] - state.row] = True
            before = state.tier.copy() if way.passes > 1 else state.tier
            run.tiers(payer, payee, reported, way.stopped, state.tier)
            state.changed |= way.passes > 1 and not np.array_equal(before, state.tier)
            state.row = end
            _write(way, state, folder)
            tell(end - first, way.last - first)
        state.passed = state.passed + 1 if state.changed else way.passes
        state.row, state.changed = first, False
    _write(way, state, folder)
    return state.tier > 0


def _write(way: Way, state: _State, folder: Path) -> None:
    packing.save(folder / STATE, [way.mark, state.tier, state.row, state.passed, state.changed])


def _begun(way: Way, folder: Path) -> _State | None:
    """How far an earlier run has come with the same question."""
    if not (folder / STATE).exists():
        return None
    try:
        mark, tier, row, passed, changed = packing.load(folder / STATE)
    except SourceError:
        return None
    return _State(tier, row, passed, changed) if mark == way.mark else None
