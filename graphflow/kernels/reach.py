"""Which accounts money can have reached, and by how few transfers, never back in time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@kernel("void(int32[::1], int32[::1], boolean[::1], boolean[::1], int32[::1])")
def tiers(payer: Ints, payee: Ints, reported: Bools, stopped: Bools, tier: Ints) -> None:
    """Fill the fewest transfers by which money of a reported payment can have come to each account; 0: not at all.

    stopped  accounts whose own payments carry nothing further
    """
    for k in range(payer.size):
        a, b = payer[k], payee[k]
        if reported[k]:
            tier[b] = 1
        elif a != b and tier[a] > 0 and not stopped[a] and (tier[b] == 0 or tier[b] > tier[a] + 1):
            tier[b] = tier[a] + 1


@kernel("void(int32[::1], int32[::1], boolean[::1], int32[::1], int32[::1])")
def tiers_of_carried(payer: Ints, payee: Ints, reported: Bools, tier: Ints, of_event: Ints) -> None:
    """The same over payments that are known to carry, one a row in time order; and the tier of each payment's payee by
    that payment."""
    for k in range(payer.size):
        a, b = payer[k], payee[k]
        hop = 1 if reported[k] else tier[a] + 1
        of_event[k] = hop
        if tier[b] == 0 or tier[b] > hop:
            tier[b] = hop
