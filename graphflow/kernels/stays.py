"""How long money stayed: each receipt of a pot matched to the payments that passed it on, first in first out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Table = npt.NDArray[np.int64]

POT, STAY, AMOUNT = 0, 1, 2
_NONE = -1


@kernel(
    "Tuple((int64[:, ::1], int64))(int32[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1], "
    "boolean[::1])"
)
def stays(
    payer: Ints, payee: Ints, paid: Longs, received: Longs, time: Longs, opening: Longs, wanted: Bools
) -> tuple[Table, int]:
    """Rows (pot, how long, amount) of what the wanted pots passed on, and their number.

    What a pot held before its first receipt goes first and counts for nothing; so does what it pays without having it.
    """
    left, after = np.zeros(payer.size, np.int64), np.full(payer.size, _NONE, np.int64)
    head, tail = np.full(opening.size, _NONE, np.int64), np.full(opening.size, _NONE, np.int64)
    before = opening.copy()
    rows, number = np.empty((1024, 3), np.int64), 0
    for k in range(payer.size):
        a, b = payer[k], payee[k]
        if a == b:
            continue
        if wanted[a]:
            part = min(before[a], paid[k])
            before[a] -= part
            rest = paid[k] - part
            while rest > 0 and head[a] != _NONE:
                first = head[a]
                part = min(rest, left[first])
                if number >= rows.shape[0]:
                    rows = taller(rows)
                rows[number, POT], rows[number, STAY], rows[number, AMOUNT] = a, time[k] - time[first], part
                number += 1
                rest -= part
                left[first] -= part
                if left[first] == 0:
                    head[a] = after[first]
        if wanted[b] and received[k] > 0:
            left[k] = received[k]
            if head[b] == _NONE:
                head[b] = k
            else:
                after[tail[b]] = k
            tail[b] = k
    return rows, number
