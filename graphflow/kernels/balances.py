"""Balances of a statement from row to row: in which order rows of one moment go, and where a row is missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Longs = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
Flags = npt.NDArray[np.uint8]

NOTHING, BREAK = 0, 2
_SPARE, _PER_ROW, _AT_ONCE = 1_000_000, 256, 500_000
"""How many rows may be compared to put rows of one moment in order: at all, more for each row, in one moment."""
_NEAR, _AHEAD = 64, 16
"""How far back equal rows are looked for, and how many rows of the next moment are looked at."""

_HUGE = 1 << 62


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
    left = _SPARE + _PER_ROW * size
    while i < size:
        if i == 0 or account[i] != account[i - 1]:
            known = False
        j = _end(i, account, time)
        order[i] = i
        if j - i > 1:
            follows = _end(j, account, time) if j < size and account[j] == account[i] else j
            left -= _arrange(i, j, follows, before, known, min(left, _AT_ONCE), amount, balance, stated, sign, order)
        for k in range(i, j):
            row = order[k]
            step[row] = _step(before, known, amount[row], balance[row], stated[row], sign[row])
            before, known = _after(before, known, amount[row], balance[row], stated[row], sign[row])
        i = j


@kernel("int64(int64, int64[::1], int64[::1])")
def _end(i: int, account: Longs, time: Longs) -> int:
    """Where the rows of the account and moment of row i end."""
    j = i + 1
    while j < account.size and account[j] == account[i] and time[j] == time[i]:
        j += 1
    return j


@kernel("int8(int64, boolean, int64, int64, uint8, int8)")
def _step(before: int, known: bool, amount: int, balance: int, stated: int, sign: int) -> int:
    if not known or not stated:
        return NOTHING
    rise = int(balance) - int(before)  # `int`: nothing that a file says may overflow where this is not compiled
    if sign >= 0 and rise == amount:
        return 1
    if sign <= 0 and -rise == amount:
        return -1
    return BREAK


@kernel("Tuple((int64, boolean))(int64, boolean, int64, int64, uint8, int8)")
def _after(before: int, known: bool, amount: int, balance: int, stated: int, sign: int) -> tuple[int, bool]:
    """The balance after a row, and whether it is known: a row that states none moves the one before."""
    if stated:
        return int(balance), True
    after = int(before) + int(sign) * int(amount)
    sure = known and sign != 0 and -_HUGE < after < _HUGE
    return (after if sure else 0), sure


@kernel("int64(int64, int64, int64, int64, boolean, int64[::1], int64[::1], uint8[::1], int8[::1], int64[::1])")
def _breaks(
    i: int, j: int, follows: int, before: int, known: bool,
    amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs,
) -> int:  # fmt: skip
    """Rows i to j in their order that do not go on from the one before, and one more where no row of the next moment
    (j to `follows`) goes on from the last."""
    count = 0
    for k in range(i, j):
        row = order[k]
        if _step(before, known, amount[row], balance[row], stated[row], sign[row]) == BREAK:
            count += 1
        before, known = _after(before, known, amount[row], balance[row], stated[row], sign[row])
    for row in range(j, follows):
        if _step(before, known, amount[row], balance[row], stated[row], sign[row]) != BREAK:
            return count
    return count + (follows > j)


@kernel("int64(int64, int64, int64, int64, boolean, int64, int64[::1], int64[::1], uint8[::1], int8[::1], int64[::1])")
def _arrange(
    i: int, j: int, follows: int, before: int, known: bool, left: int,
    amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs,
) -> int:  # fmt: skip
    """Rows i to j (of one moment) as in the file, or the other way round, or in the first order that a search finds:
    whichever leaves the fewest breaks, the first of them where several do. Returns how many rows were compared.

    The search is for an order without breaks, then for one with a single break, and so on, as long as `left` lasts.
    Where rows may end at several balances (that before them, or a sign, is unknown) it first looks further ahead.
    """
    for k in range(i, j):
        order[k] = k
    least = _breaks(i, j, follows, before, known, amount, balance, stated, sign, order)
    one_end = known
    for k in range(i, j):
        one_end &= sign[k] != 0
    if least == 0 and (one_end or follows == j):
        return j - i
    best = order[i:j].copy()
    twin = _equals(i, follows, amount, balance, stated, sign)
    ahead = min(follows - j, _AHEAD)
    spent = 0
    if ahead > 1 and not one_end:
        used = _search(i, j, follows, ahead, before, known, 0, left, twin, amount, balance, stated, sign, order)
        spent = abs(used)
        if used > 0:
            return spent
    for k in range(i, j):
        order[k] = j - 1 - (k - i)
    now = _breaks(i, j, follows, before, known, amount, balance, stated, sign, order)
    if now < least:
        least, best = now, order[i:j].copy()
    allowed, ahead = 0, min(ahead, 1)
    while allowed < least and spent < left:
        used = _search(
            i, j, follows, ahead, before, known, allowed, left - spent, twin, amount, balance, stated, sign, order
        )
        spent += abs(used)
        if used > 0:
            least, best = allowed, order[i:j].copy()
        allowed += 1
    order[i:j] = best
    return spent


@kernel("int64[::1](int64, int64, int64[::1], int64[::1], uint8[::1], int8[::1])")
def _equals(i: int, j: int, amount: Longs, balance: Longs, stated: Flags, sign: Signs) -> Longs:
    """For each row the last one before it that is the same in all that balances can tell; -1 where there is none."""
    twin = np.full(j - i, -1, np.int64)
    for row in range(i + 1, j):
        for other in range(row - 1, max(i, row - _NEAR) - 1, -1):
            if (
                amount[other] == amount[row] and balance[other] == balance[row]
                and stated[other] == stated[row] and sign[other] == sign[row]
            ):  # fmt: skip
                twin[row - i] = other - i
                break
    return twin


@kernel(
    "int64(int64, int64, int64, int64, int64, boolean, int64, int64, int64[::1], int64[::1], int64[::1], uint8[::1], "
    "int8[::1], int64[::1])"
)
def _search(
    i: int, j: int, follows: int, ahead: int, before: int, known: bool, allowed: int, left: int,
    twin: Longs, amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs,
) -> int:  # fmt: skip
    """Depth first, the first row in the file first: an order of rows i to j, and after them of `ahead` rows of the next
    moment (j to `follows`), with `allowed` breaks at most.

    Of rows that are the same (`twin`) only the first that is left is tried at a place. Returns how many rows were
    compared, negative where no such order was found or `left` was spent.
    """
    size, here, goal, depth, spent = follows - i, j - i, j - i + ahead, 0, 0
    used = np.zeros(size, np.uint8)
    tried = np.full(goal + 1, -1, np.int64)  # below size: rows that go on from the one before, above: breaks
    start = np.zeros(goal + 1, np.int64)  # rows before it are used
    begun, sure, broken = np.zeros(goal + 1, np.int64), np.zeros(goal + 1, np.uint8), np.zeros(goal + 1, np.int64)
    begun[0], sure[0] = before, known
    while 0 <= depth < goal and spent <= left:
        first, end = (start[depth], here) if depth < here else (here, size)
        place, found = max(tried[depth] + 1, first), -1
        while place < (size + end if broken[depth] < allowed else end):
            if end <= place < size + first:
                place = size + first
            row = place % size
            spent += 1
            if not used[row] and (twin[row] < 0 or used[twin[row]] or (row >= here > twin[row])):
                at = i + row
                step = _step(begun[depth], sure[depth] > 0, amount[at], balance[at], stated[at], sign[at])
                if (step == BREAK) == (place >= size):
                    found = row
                    break
            place += 1
        if found < 0:
            depth -= 1
            if depth >= 0:
                used[tried[depth] % size] = 0
            continue
        tried[depth], used[found] = place, 1
        at = i + found
        after, still = _after(begun[depth], sure[depth] > 0, amount[at], balance[at], stated[at], sign[at])
        depth += 1
        tried[depth], begun[depth], sure[depth], start[depth] = -1, after, still, start[depth - 1]
        while start[depth] < here and used[start[depth]]:
            start[depth] += 1
        broken[depth] = broken[depth - 1] + (place >= size)
    if depth < goal:
        return -spent
    for k in range(here):
        order[i + k] = i + tried[k] % size
    return spent
