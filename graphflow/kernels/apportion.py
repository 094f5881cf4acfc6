"""Whole units shared out in proportion: nobody gets more than a unit too much, and the sum is exact."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Longs = npt.NDArray[np.int64]

_SAFE = 1 << 31


@kernel("UniTuple(int64, 2)(int64, int64, int64)")
def divided(a: int, b: int, c: int) -> tuple[int, int]:
    """Quotient and remainder of a times b by c, exact where the product has more than 64 bits. 0 <= b, 0 <= a <= c."""
    if a < _SAFE and b < _SAFE:
        return a * b // c, a * b % c
    quotient, rest = 0, 0
    for k in range(62, -1, -1):
        quotient, rest = quotient * 2, rest * 2
        if rest >= c:
            quotient, rest = quotient + 1, rest - c
        if (b >> k) & 1:
            # b times a, bit by bit: a is at most c, so one step never adds more than one whole
            rest += a
            if rest >= c:
                quotient, rest = quotient + 1, rest - c
    return quotient, rest


@kernel("void(int64[:, ::1], int64, int64, int64, int64[::1])")
def shared_out(slices: npt.NDArray[np.int64], count: int, part: int, whole: int, rests: Longs) -> None:
    """Turn amounts (column 1) that sum to `whole` into ones in proportion that sum to `part`.

    Each gets its share rounded down; what is left over goes, a unit each, to those whose shares lost most by that, the
    first of equals. `part` may be more than `whole`.
    """
    times, over = part // whole, part % whole
    left = part
    for i in range(count):
        amount = slices[i, 1]
        share, rests[i] = divided(over, amount, whole)
        slices[i, 1] = times * amount + share
        left -= slices[i, 1]
    if left == 0:
        return
    order = np.argsort(-rests[:count], kind="mergesort")
    for i in range(left):
        slices[order[i], 1] += 1


@kernel("void(int64[:, ::1], int64, int64, int64)")
def shared_by_owner(slices: npt.NDArray[np.int64], count: int, part: int, whole: int) -> None:
    """As `shared_out` for slices (owner, amount), but each owner as one; an owner's units go to his slices in order.

    So no owner gets a unit more or less than his share rounded up or down, however his money lies, and neighbours of
    one owner may be one slice or several.
    """
    order = np.argsort(slices[:count, 0], kind="mergesort")
    sums, m = np.zeros((count, 2), np.int64), 0
    for i in range(count):
        at = order[i]
        if i > 0 and slices[at, 0] != sums[m, 0]:
            m += 1
        sums[m, 0] = slices[at, 0]
        sums[m, 1] += slices[at, 1]
    arrive = sums.copy()
    shared_out(arrive, m + 1, part, whole, np.zeros(count, np.int64))
    m, seen, given = 0, np.int64(0), np.int64(0)
    for i in range(count):
        at = order[i]
        if slices[at, 0] != sums[m, 0]:
            m, seen, given = m + 1, np.int64(0), np.int64(0)
        seen += slices[at, 1]
        if seen > 0:
            until, _ = divided(seen, arrive[m, 1], sums[m, 1])
            slices[at, 1] = until - given
            given = np.int64(until)
