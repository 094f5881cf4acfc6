"""Victims' money in proportion, and the bounds that hold whatever rule is used.

A pot's parts are a list of owners in rising order, kept in one pool: clean money (owner 0) and each victim's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.apportion import divided, shared_by_owner, shared_out
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

Longs = npt.NDArray[np.int64]
Table = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

OWNER, AFTER, LOW, HIGH = 0, 1, 2, 3
"""Of a part. In proportion, `LOW` is the amount; for bounds, the least and the most it can be."""
FIRST, SIZE, TOTAL = 0, 1, 2
FREE, USED = 0, 1
_NONE = -1


@kernel("int64(int64[:, ::1], int64[:, ::1], int64[::1], int64, int64, int64, int64, int64)")
def add(parts: Table, pots: Table, pool: Longs, pot: int, at: int, owner: int, low: int, high: int) -> int:
    """Add to an owner's part. `at`: a part of the pot before it, or -1; returns the part. The pool must have room."""
    before = at
    node = pots[pot, FIRST] if at == _NONE else parts[at, AFTER]
    while node != _NONE and parts[node, OWNER] < owner:
        before, node = node, parts[node, AFTER]
    if node != _NONE and parts[node, OWNER] == owner:
        parts[node, LOW] += low
        parts[node, HIGH] += high
        return before
    new = pool[FREE]
    if new == _NONE:
        new = pool[USED]
        pool[USED] += 1
    else:
        pool[FREE] = parts[new, AFTER]
    parts[new, OWNER], parts[new, AFTER], parts[new, LOW], parts[new, HIGH] = owner, node, low, high
    if before == _NONE:
        pots[pot, FIRST] = new
    else:
        parts[before, AFTER] = new
    pots[pot, SIZE] += 1
    return before


@kernel("void(int64[:, ::1], int64[:, ::1], int64[::1], int64)")
def sweep(parts: Table, pots: Table, pool: Longs, pot: int) -> None:
    """Take out parts that hold nothing any more."""
    before, node = np.int64(_NONE), pots[pot, FIRST]
    while node != _NONE:
        after = parts[node, AFTER]
        if parts[node, HIGH] == 0:
            if before == _NONE:
                pots[pot, FIRST] = after
            else:
                parts[before, AFTER] = after
            parts[node, AFTER] = pool[FREE]
            pool[FREE] = node
            pots[pot, SIZE] -= 1
        else:
            before = node
        node = after


@kernel("int64(int64[:, ::1], int64[:, ::1], int64[::1], int64, int64, int64[:, ::1], int64[::1])")
def take(parts: Table, pots: Table, pool: Longs, pot: int, wanted: int, slices: Table, rests: Longs) -> int:
    """Take an amount from a pot in proportion to its parts; fills `slices` and returns their number.

    What the pot does not hold is a last clean slice.
    """
    count, node = 0, pots[pot, FIRST]
    while node != _NONE:
        slices[count, 0], slices[count, 1] = parts[node, OWNER], parts[node, LOW]
        count += 1
        node = parts[node, AFTER]
    total = pots[pot, TOTAL]
    if total > wanted:
        shared_out(slices, count, wanted, total, rests)
    i, node = 0, pots[pot, FIRST]
    while node != _NONE:
        parts[node, LOW] -= slices[i, 1]
        parts[node, HIGH] -= slices[i, 1]
        i += 1
        node = parts[node, AFTER]
    pots[pot, TOTAL] = max(0, total - wanted)
    sweep(parts, pots, pool, pot)
    if total < wanted:
        slices[count, 0], slices[count, 1] = 0, wanted - total
        count += 1
    return count


@kernel("int64(int64[:, ::1], int64[:, ::1], int64[::1], int64, int64, int64[::1])")
def take_own(parts: Table, pots: Table, pool: Longs, pot: int, wanted: int, absorbed: Longs) -> int:
    """Take a reported payment: clean money first, then the others' in order of owners; returns what was there."""
    taken = 0
    node = pots[pot, FIRST]
    while node != _NONE and taken < wanted:
        part = min(wanted - taken, parts[node, LOW])
        absorbed[parts[node, OWNER]] += part
        parts[node, LOW] -= part
        parts[node, HIGH] -= part
        taken += part
        node = parts[node, AFTER]
    pots[pot, TOTAL] -= taken
    sweep(parts, pots, pool, pot)
    return taken


@kernel(
    "Tuple((int64[:, ::1], int64, int64[:, ::1], int64[:, ::1], int64))(int32[::1], int32[::1], int64[::1], "
    "int64[::1], int32[::1], int64[::1], boolean[::1], int64, int64[::1])"
)
def pro_rata(
    payer: Ints, payee: Ints, paid: Longs, received: Longs, owner: Ints, opening: Longs, stopped: Bools,
    most: int, absorbed: Longs,
) -> tuple[Table, int, Table, Table, int]:  # fmt: skip
    """As `taint.ordered`, in proportion; returns rows, their number, parts and pots at the end, and the event it came
    to."""
    parts, pots = np.zeros((1024, 4), np.int64), np.zeros((opening.size, 3), np.int64)
    pots[:, FIRST] = _NONE
    pool = np.array([_NONE, 0], np.int64)
    slices, rests = np.zeros((1024, 2), np.int64), np.zeros(1024, np.int64)
    rows, number = np.empty((1024, 3), np.int64), 0
    for pot in range(opening.size):
        if opening[pot] > 0:
            while pool[USED] >= parts.shape[0]:
                parts = taller(parts)
            add(parts, pots, pool, pot, _NONE, 0, opening[pot], opening[pot])
            pots[pot, TOTAL] = opening[pot]
    for k in range(paid.size):
        a, b, p, r = payer[k], payee[k], paid[k], received[k]
        if p <= 0 or (a == b and owner[k] == 0):
            continue
        if number >= most:
            return rows, number, parts, pots, k
        while slices.shape[0] < pots[a, SIZE] + 2:
            slices = taller(slices)
        if rests.size < slices.shape[0]:
            rests = np.zeros(slices.shape[0], np.int64)
        if owner[k] > 0:
            take_own(parts, pots, pool, a, p, absorbed)
            slices[0, 0], slices[0, 1] = owner[k], p
            count = 1
        elif stopped[a]:
            slices[0, 0], slices[0, 1] = 0, p
            count = 1
        else:
            count = take(parts, pots, pool, a, p, slices, rests)
        while rows.shape[0] < number + count:
            rows = taller(rows)
        for i in range(count):
            if slices[i, 0] > 0 and slices[i, 1] > 0:
                rows[number, 0], rows[number, 1], rows[number, 2] = k, slices[i, 0], slices[i, 1]
                number += 1
        if r != p:
            shared_by_owner(slices, count, r, p)
        while parts.shape[0] < pool[USED] + count:
            parts = taller(parts)
        at = _NONE
        for i in range(count):
            if slices[i, 1] > 0:
                if slices[i, 0] == 0:
                    at = _NONE  # a last clean slice stands before the others
                at = add(parts, pots, pool, b, at, slices[i, 0], slices[i, 1], slices[i, 1])
        pots[b, TOTAL] += r
    return rows, number, parts, pots, paid.size


@kernel(
    "Tuple((int64[:, ::1], int64, int64[:, ::1], int64[:, ::1], int64))(int32[::1], int32[::1], int64[::1], "
    "int64[::1], int32[::1], int64[::1], boolean[::1], int64, int64)"
)
def bounds(
    payer: Ints, payee: Ints, paid: Longs, received: Longs, owner: Ints, opening: Longs, stopped: Bools,
    every: int, most: int,
) -> tuple[Table, int, Table, Table, int]:  # fmt: skip
    """The least and the most of each payment that can be a victim's, under any rule, given only what each pot held.

    every  the owner that stands for all victims together
    Returns rows (event, owner, certain, at most), their number, parts and pots at the end, and the event it came to.
    """
    parts, pots = np.zeros((1024, 4), np.int64), np.zeros((opening.size, 3), np.int64)
    pots[:, FIRST] = _NONE
    pool = np.array([_NONE, 0], np.int64)
    rows, number = np.empty((1024, 4), np.int64), 0
    pots[:, TOTAL] = opening
    for k in range(paid.size):
        a, b, p, r = payer[k], payee[k], paid[k], received[k]
        if p <= 0 or (a == b and owner[k] == 0):
            continue
        if number >= most:
            return rows, number, parts, pots, k
        first, begin = number, pots[a, FIRST]
        if owner[k] > 0 or not stopped[a]:
            held = pots[a, TOTAL]
            taken = min(p, held)
            while rows.shape[0] < number + pots[a, SIZE] + 2:
                rows = taller(rows)
            node = begin
            while node != _NONE:
                low, high = parts[node, LOW], parts[node, HIGH]
                if owner[k] == 0:
                    rows[number, 0], rows[number, 1] = k, parts[node, OWNER]
                    rows[number, 2], rows[number, 3] = max(0, taken - (held - low)), min(taken, high)
                    number += 1 if rows[number, 3] > 0 else 0
                parts[node, LOW], parts[node, HIGH] = max(0, low - taken), min(high, held - taken)
                node = parts[node, AFTER]
            pots[a, TOTAL] = held - taken
            sweep(parts, pots, pool, a)
        if owner[k] > 0:
            while rows.shape[0] < number + 2:
                rows = taller(rows)
            for who in (np.int64(owner[k]), np.int64(every)):
                rows[number, 0], rows[number, 1], rows[number, 2], rows[number, 3] = k, who, p, p
                number += 1
        while parts.shape[0] < pool[USED] + number - first:
            parts = taller(parts)
        at = _NONE
        for i in range(first, number):
            low, high = rows[i, 2], rows[i, 3]
            if r != p:
                low, _ = divided_wide(low, r, p)
                high, rest = divided_wide(high, r, p)
                high += 1 if rest > 0 else 0
            if high > 0:
                at = add(parts, pots, pool, b, at, rows[i, 1], low, high)
        pots[b, TOTAL] += r
    return rows, number, parts, pots, paid.size


@kernel("UniTuple(int64, 2)(int64, int64, int64)")
def divided_wide(a: int, b: int, c: int) -> tuple[int, int]:
    """As `divided`, for any b: a is at most c."""
    times, over = b // c, b % c
    share, rest = divided(over, a, c)
    return times * a + share, rest


@kernel("Tuple((int64[:, ::1], int64))(int64[:, ::1], int64[:, ::1])")
def held(parts: Table, pots: Table) -> tuple[Table, int]:
    """What each pot still holds of each victim's money: rows (pot, owner, least, most), and their number."""
    rows, number = np.empty((1024, 4), np.int64), 0
    for pot in range(pots.shape[0]):
        node = pots[pot, FIRST]
        while node != _NONE:
            if parts[node, OWNER] > 0:
                while rows.shape[0] < number + 1:
                    rows = taller(rows)
                rows[number, 0], rows[number, 1] = pot, parts[node, OWNER]
                rows[number, 2], rows[number, 3] = parts[node, LOW], parts[node, HIGH]
                number += 1
            node = parts[node, AFTER]
    return rows, number


@kernel(
    "Tuple((int64[:, ::1], int64, int64))(int32[::1], int32[::1], int64[::1], int32[::1], boolean[::1], int64, int64)"
)
def poison(
    payer: Ints, payee: Ints, paid: Longs, owner: Ints, stopped: Bools, number_of_pots: int, most: int
) -> tuple[Table, int, int]:
    """Every payment of a pot that any victim's money has reached: rows (event, owner, amount paid), their number, and
    the event it came to."""
    parts, pots = np.zeros((1024, 4), np.int64), np.zeros((number_of_pots, 3), np.int64)
    pots[:, FIRST] = _NONE
    pool = np.array([_NONE, 0], np.int64)
    rows, number = np.empty((1024, 3), np.int64), 0
    for k in range(paid.size):
        a, b, p = payer[k], payee[k], paid[k]
        if p <= 0 or (a == b and owner[k] == 0):
            continue
        if number >= most:
            return rows, number, k
        first = number
        while rows.shape[0] < number + pots[a, SIZE] + 1:
            rows = taller(rows)
        if owner[k] > 0:
            rows[number, 0], rows[number, 1], rows[number, 2] = k, owner[k], p
            number += 1
        elif not stopped[a]:
            node = pots[a, FIRST]
            while node != _NONE:
                rows[number, 0], rows[number, 1], rows[number, 2] = k, parts[node, OWNER], p
                number += 1
                node = parts[node, AFTER]
        while parts.shape[0] < pool[USED] + number - first:
            parts = taller(parts)
        at = _NONE
        for i in range(first, number):
            at = add(parts, pots, pool, b, at, rows[i, 1], 1, 1)
    return rows, number, paid.size
