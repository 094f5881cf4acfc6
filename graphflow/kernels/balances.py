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
"""How far equal rows are looked for, and how many rows of the moments that follow are looked at."""

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
    begin, end = _moments(account, time)
    while i < size:
        if i == 0 or account[i] != account[i - 1]:
            known = False
        j = end[i]
        order[i] = i
        if j - i > 1:
            beyond = j
            while beyond < min(size, j + _AHEAD) and account[beyond] == account[i] and end[beyond] <= j + _NEAR:
                beyond += 1
            most = min(left, _AT_ONCE)
            left -= _arrange(i, beyond, before, known, most, begin, end, amount, balance, stated, sign, order)
        for k in range(i, j):
            row = order[k]
            step[row] = _step(before, known, amount[row], balance[row], stated[row], sign[row])
            before, known = _after(before, known, amount[row], balance[row], stated[row], sign[row])
        i = j


@kernel("Tuple((int64[::1], int64[::1]))(int64[::1], int64[::1])")
def _moments(account: Longs, time: Longs) -> tuple[Longs, Longs]:
    """For each row, where the rows of its account and moment begin and end."""
    size = account.size
    begin, end = np.empty(size, np.int64), np.empty(size, np.int64)
    for k in range(size):
        same = k > 0 and account[k] == account[k - 1] and time[k] == time[k - 1]
        begin[k] = begin[k - 1] if same else k
    for k in range(size - 1, -1, -1):
        end[k] = end[k + 1] if k + 1 < size and begin[k + 1] == begin[k] else k + 1
    return begin, end


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


@kernel(
    "int64(int64, int64, int64, boolean, int64, int64[::1], int64[::1], int64[::1], int64[::1], uint8[::1], int8[::1], "
    "int64[::1])"
)
def _arrange(
    i: int, beyond: int, before: int, known: bool, left: int,
    begin: Longs, end: Longs, amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs,
) -> int:  # fmt: skip
    """The rows of one moment, from i on, as in the file, or the other way round, or in the first order that a search
    finds: whichever leaves the fewest breaks, the first of them where several do. Returns how many rows were compared.

    The search is for an order without breaks, then for one with a single break, and so on, as long as `left` lasts.
    Where rows may end at several balances (that before them, or a sign, is unknown) it first looks ahead as far as
    `beyond`, then as far as the next moment.
    """
    j: int = end[i]
    follows = end[j] if beyond > j else j
    one_end = known
    for k in range(i, j):
        order[k] = k
        one_end &= sign[k] != 0
    least = _breaks(i, j, follows, before, known, amount, balance, stated, sign, order)
    if least == 0 and (one_end or follows == j):
        return j - i
    best = order[i:j].copy()
    twin, spent = _equals(i, max(j, beyond), begin, amount, balance, stated, sign), 0
    if not one_end:
        for goal in (beyond, min(follows, beyond)):
            used = _search(i, goal, before, known, 0, left, begin, end, twin, amount, balance, stated, sign, order)
            spent += abs(used)
            if used > 0:
                return spent
    for k in range(i, j):
        order[k] = j - 1 - (k - i)
    now = _breaks(i, j, follows, before, known, amount, balance, stated, sign, order)
    if now < least:
        least, best = now, order[i:j].copy()
    goal, allowed = min(j + 1, max(j, beyond)), 0
    while allowed < least and spent < left:
        most = left - spent
        used = _search(i, goal, before, known, allowed, most, begin, end, twin, amount, balance, stated, sign, order)
        spent += abs(used)
        if used > 0:
            least, best = allowed, order[i:j].copy()
        allowed += 1
    order[i:j] = best
    return spent


@kernel("int64[::1](int64, int64, int64[::1], int64[::1], int64[::1], uint8[::1], int8[::1])")
def _equals(i: int, beyond: int, begin: Longs, amount: Longs, balance: Longs, stated: Flags, sign: Signs) -> Longs:
    """For each row the last one of its moment before it that is the same in all that balances can tell; -1: none."""
    twin = np.full(beyond - i + _NEAR, -1, np.int64)
    for row in range(i + 1, min(beyond + _NEAR, amount.size)):
        for other in range(row - 1, max(begin[row], row - _NEAR) - 1, -1):
            if (
                amount[other] == amount[row] and balance[other] == balance[row]
                and stated[other] == stated[row] and sign[other] == sign[row]
            ):  # fmt: skip
                twin[row - i] = other - i
                break
    return twin


@kernel(
    "int64(int64, int64, int64, boolean, int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], "
    "uint8[::1], int8[::1], int64[::1])"
)
def _search(
    i: int, beyond: int, before: int, known: bool, allowed: int, left: int,
    begin: Longs, end: Longs, twin: Longs, amount: Longs, balance: Longs, stated: Flags, sign: Signs, order: Longs,
) -> int:  # fmt: skip
    """Depth first, the first row in the file first: an order of the rows of the moment from i on, and after them of
    rows of the moments that follow, as many as stand before `beyond`, with `allowed` breaks at most.

    Of rows that are the same (`twin`) only the first that is left is tried at a place. Returns how many rows were
    compared, negative where no such order was found or `left` was spent.
    """
    size, goal, depth, spent = end[beyond - 1] - i, beyond - i, 0, 0
    used = np.zeros(size, np.uint8)
    tried = np.full(goal + 1, -1, np.int64)  # below size: rows that go on from the one before, above: breaks
    start = np.zeros(goal + 1, np.int64)  # rows before it are used
    begun, sure, broken = np.zeros(goal + 1, np.int64), np.zeros(goal + 1, np.uint8), np.zeros(goal + 1, np.int64)
    begun[0], sure[0] = before, known
    while 0 <= depth < goal and spent <= left:
        first, stop = start[depth], end[i + depth] - i
        place, found = max(tried[depth] + 1, first), -1
        while place < (size + stop if broken[depth] < allowed else stop):
            if stop <= place < size + first:
                place = size + first
            row = place % size
            spent += 1
            if not used[row] and (twin[row] < 0 or used[twin[row]]):
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
        while start[depth] < size and used[start[depth]]:
            start[depth] += 1
        broken[depth] = broken[depth - 1] + (place >= size)
    if depth < goal:
        return -spent
    for k in range(end[i] - i):
        order[i + k] = i + tried[k] % size
    return spent
