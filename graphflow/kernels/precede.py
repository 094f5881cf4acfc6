"""An order in which whatever must come first does, and all else stays as it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Longs = npt.NDArray[np.int64]


@kernel("void(int64[::1], int64[::1], int64[::1])")
def arrange(one: Longs, other: Longs, order: Longs) -> None:
    """Put each row after the two that must come before it.

    one, other  rows that come before each row, -1 for none; where rows wait for each other, the first of them goes
    order       receives which row stands at each place
    """
    state = np.zeros(one.size, np.uint8)  # 0: not seen, 1: waits for another, 2: placed
    stack = np.empty(one.size, np.int64)
    place = 0
    for row in range(one.size):
        if state[row]:
            continue
        top = 0
        stack[0], state[row] = row, 1
        while top >= 0:
            at = stack[top]
            before = one[at]
            if before < 0 or state[before]:
                before = other[at]
            if before >= 0 and not state[before]:
                top += 1
                stack[top], state[before] = before, 1
                continue
            state[at] = 2
            order[place] = at
            place += 1
            top -= 1
