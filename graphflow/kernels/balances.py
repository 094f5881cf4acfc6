"""Balances of a statement from row to row: in which order rows of one moment go, and where a row is missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Longs = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
Flags = npt.NDArray[np.uint8]

NOTHING, BREAK = 0, 2
_WIDEST = 64


@kernel("void(int64[::1], int64[::1], int64[::1], int64[::1], uint8[::1], int8[::1], int64[::1], int8[::1])")
def walk(
    account: Longs, time: Longs, amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs, step: Signs
) -> None:
    """Put rows of one account and moment in the order that their balances tell, and compare each with the one before.

    account, time   rows are sorted by them, ties as in the file
    balance         after the row, where `stated`
    sign            1: money came in, -1: went out, 0: unknown
    order           receives which row stands at each place
    step            receives, by row: 1 or -1 as the balance rose or fell by the amount, `BREAK` where neither is so or
                    the sign says otherwise, `NOTHING` where there is nothing to compare with
    """
    size, i = account.size, 0
    before: int = 0
    known = False
    while i < size:
        if i == 0 or account[i] != account[i - 1]:
            known = False
        j = i + 1
        while j < size and account[j] == account[i] and time[j] == time[i]:
            j += 1
        if j - i > 1:
            _arrange(i, j, before, known, amount, balance, stated, sign, order)
        else:
            order[i] = i
        for k in range(i, j):
            row = order[k]
            step[row] = _step(before, known, amount[row], balance[row], stated[row], sign[row])
            before, known = _after(before, known, amount[row], balance[row], stated[row], sign[row])
        i = j


@kernel("int8(int64, boolean, int64, int64, uint8, int8)")
def _step(before: int, known: bool, amount: int, balance: int, stated: int, sign: int) -> int:
    if not known or not stated:
        return NOTHING
    if sign >= 0 and before + amount == balance:
        return 1
    if sign <= 0 and before - amount == balance:
        return -1
    return BREAK


@kernel("Tuple((int64, boolean))(int64, boolean, int64, int64, uint8, int8)")
def _after(before: int, known: bool, amount: int, balance: int, stated: int, sign: int) -> tuple[int, bool]:
    """The balance after a row, and whether it is known: a row that states none moves the one before."""
    if stated:
        return balance, True
    return before + sign * amount, known and sign != 0


@kernel("void(int64, int64, int64, boolean, int64[::1], int64[::1], uint8[::1], int8[::1], int64[::1])")
def _arrange(
    i: int, j: int, before: int, known: bool, amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs
) -> None:
    """Rows i to j (of one moment) as in the file, or the other way round, or each where its balance goes on from:
    whichever leaves the fewest breaks, the first of them where several do."""
    for k in range(i, j):
        order[k] = k
    least = _breaks(i, j, before, known, amount, balance, stated, sign, order)
    if least == 0:
        return
    tried = order[i:j].copy()
    for k in range(i, j):
        order[k] = j - 1 - (k - i)
    now = _breaks(i, j, before, known, amount, balance, stated, sign, order)
    if now < least:
        least, tried = now, order[i:j].copy()
    if least and j - i <= _WIDEST:
        for first in range(i, i + 1 if known else j):
            _follow(i, j, first, before, known, amount, balance, stated, sign, order)
            now = _breaks(i, j, before, known, amount, balance, stated, sign, order)
            if now < least:
                least, tried = now, order[i:j].copy()
    order[i:j] = tried


@kernel("int64(int64, int64, int64, boolean, int64[::1], int64[::1], uint8[::1], int8[::1], int64[::1])")
def _breaks(
    i: int, j: int, before: int, known: bool, amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs
) -> int:
    count = 0
    for k in range(i, j):
        row = order[k]
        if _step(before, known, amount[row], balance[row], stated[row], sign[row]) == BREAK:
            count += 1
        before, known = _after(before, known, amount[row], balance[row], stated[row], sign[row])
    return count


@kernel("void(int64, int64, int64, int64, boolean, int64[::1], int64[::1], uint8[::1], int8[::1], int64[::1])")
def _follow(
    i: int, j: int, first: int, before: int, known: bool,
    amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs,
) -> None:  # fmt: skip
    """Each row after one that its balance goes on from; the first in the file where several or none do.

    first  the row to begin with, where no balance is known before
    """
    used = np.zeros(j - i, np.uint8)
    for k in range(i, j):
        chosen = -1
        if k == i and not known:
            chosen = first
        else:
            for row in range(i, j):
                if not used[row - i]:
                    step = _step(before, known, amount[row], balance[row], stated[row], sign[row])
                    if step != BREAK:
                        chosen = row
                        break
                    if chosen < 0:
                        chosen = row
        used[chosen - i] = 1
        order[k] = chosen
        row = chosen
        before, known = _after(before, known, amount[row], balance[row], stated[row], sign[row])
