"""Victims' money through lots in an order: first in first out, last in first out, or own money first.

A lot is (owner, amount); owner 0 is clean money. The lots of a pot (an account in one currency) are a linked list in
one pool: taking and putting cost nothing beyond the lots touched, so the work grows with what is traced.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.apportion import shared_by_owner
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

Longs = npt.NDArray[np.int64]
Table = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

FIFO, LIFO, OWN_FIRST = 0, 1, 2
OWNER, AMOUNT, BEFORE, AFTER = 0, 1, 2, 3
HEAD, TAIL, SIZE = 0, 1, 2
FREE, USED = 0, 1
_NONE = -1


@kernel("void(int64[:, ::1], int64[:, ::1], int64[::1], int64, int64)")
def unlink(lots: Table, pots: Table, pool: Longs, pot: int, node: int) -> None:
    """Take a lot out of its pot, and keep its place for the next one."""
    before, after = lots[node, BEFORE], lots[node, AFTER]
    if before == _NONE:
        pots[pot, HEAD] = after
    else:
        lots[before, AFTER] = after
    if after == _NONE:
        pots[pot, TAIL] = before
    else:
        lots[after, BEFORE] = before
    lots[node, AFTER] = pool[FREE]
    pool[FREE] = node
    pots[pot, SIZE] -= 1


@kernel("int64(int64[:, ::1], int64[:, ::1], int64[::1], int64, int64, int64, boolean)")
def put(lots: Table, pots: Table, pool: Longs, pot: int, owner: int, amount: int, ahead: bool) -> int:
    """Add a lot behind the others (or ahead of them); one of the same owner that stands there grows instead.

    The pool must have room. Returns the amount.
    """
    end = pots[pot, HEAD] if ahead else pots[pot, TAIL]
    if end != _NONE and lots[end, OWNER] == owner:
        lots[end, AMOUNT] += amount
        return amount
    node = pool[FREE]
    if node == _NONE:
        node = pool[USED]
        pool[USED] += 1
    else:
        pool[FREE] = lots[node, AFTER]
    lots[node, OWNER], lots[node, AMOUNT] = owner, amount
    if ahead:
        lots[node, BEFORE], lots[node, AFTER] = _NONE, end
        pots[pot, HEAD] = node
        if end == _NONE:
            pots[pot, TAIL] = node
        else:
            lots[end, BEFORE] = node
    else:
        lots[node, BEFORE], lots[node, AFTER] = end, _NONE
        pots[pot, TAIL] = node
        if end == _NONE:
            pots[pot, HEAD] = node
        else:
            lots[end, AFTER] = node
    pots[pot, SIZE] += 1
    return amount


@kernel("int64(int64[:, ::1], int64[:, ::1], int64[::1], int64, int64, int64, int64[:, ::1])")
def take(lots: Table, pots: Table, pool: Longs, pot: int, wanted: int, rule: int, slices: Table) -> int:
    """Take an amount from a pot; fills `slices` (owner, amount) in the order taken and returns their number.

    What the pot does not hold is a last clean slice.
    """
    count = 0
    if rule == OWN_FIRST:
        node = pots[pot, HEAD]
        while node != _NONE and wanted > 0:
            after = lots[node, AFTER]
            if lots[node, OWNER] == 0:
                part = min(wanted, lots[node, AMOUNT])
                slices[count, 0], slices[count, 1] = 0, part
                count += 1
                wanted -= part
                lots[node, AMOUNT] -= part
                if lots[node, AMOUNT] == 0:
                    unlink(lots, pots, pool, pot, node)
            node = after
    while wanted > 0:
        node = pots[pot, TAIL] if rule == LIFO else pots[pot, HEAD]
        if node == _NONE:
            slices[count, 0], slices[count, 1] = 0, wanted
            return count + 1
        part = min(wanted, lots[node, AMOUNT])
        slices[count, 0], slices[count, 1] = lots[node, OWNER], part
        count += 1
        wanted -= part
        lots[node, AMOUNT] -= part
        if lots[node, AMOUNT] == 0:
            unlink(lots, pots, pool, pot, node)
    return count


@kernel(
    "Tuple((int64[:, ::1], int64, int64[:, ::1], int64[:, ::1], int64))(int32[::1], int32[::1], int64[::1], "
    "int64[::1], int32[::1], int64[::1], boolean[::1], int64, int64, int64[::1])"
)
def ordered(
    payer: Ints, payee: Ints, paid: Longs, received: Longs, owner: Ints, opening: Longs, stopped: Bools,
    rule: int, most: int, absorbed: Longs,
) -> tuple[Table, int, Table, Table, int]:  # fmt: skip
    """Carry the victims' money through all events, in their order.

    owner     per event: the victim whose reported payment it is, or 0
    most      rows after which it stops; absorbed: receives what ended in reported payments, by owner
    Returns rows (event, owner, amount paid) and their number, the lots and pots at the end, and the event it came to.
    """
    lots, pots = np.zeros((1024, 4), np.int64), np.full((opening.size, 3), _NONE, np.int64)
    pots[:, SIZE] = 0
    pool = np.array([_NONE, 0], np.int64)
    slices = np.zeros((1024, 2), np.int64)
    rows, number = np.empty((1024, 3), np.int64), 0
    shares, touched = np.zeros(absorbed.size, np.int64), np.zeros(absorbed.size, np.int64)
    for pot in range(opening.size):
        if opening[pot] > 0:
            while pool[USED] >= lots.shape[0]:
                lots = taller(lots)
            put(lots, pots, pool, pot, 0, opening[pot], False)
    for k in range(paid.size):
        a, b, p, r = payer[k], payee[k], paid[k], received[k]
        if p <= 0 or (a == b and owner[k] == 0):
            continue
        if number >= most:
            return rows, number, lots, pots, k
        while slices.shape[0] < pots[a, SIZE] + 2:
            slices = taller(slices)
        if owner[k] > 0:
            count = take(lots, pots, pool, a, p, OWN_FIRST, slices)
            for i in range(count):
                absorbed[slices[i, 0]] += slices[i, 1]
            slices[0, 0], slices[0, 1] = owner[k], p
            count = 1
        elif stopped[a]:
            slices[0, 0], slices[0, 1] = 0, p
            count = 1
        else:
            count = take(lots, pots, pool, a, p, rule, slices)
        m = 0
        for i in range(count):
            who = slices[i, 0]
            if who > 0:
                if shares[who] == 0:
                    touched[m] = who
                    m += 1
                shares[who] += slices[i, 1]
        if m > 1:
            touched[:m] = np.sort(touched[:m])
        while rows.shape[0] < number + m:
            rows = taller(rows)
        for i in range(m):
            who = touched[i]
            rows[number, 0], rows[number, 1], rows[number, 2] = k, who, shares[who]
            shares[who] = 0
            number += 1
        if r != p:
            shared_by_owner(slices, count, r, p)
        while lots.shape[0] < pool[USED] + count:
            lots = taller(lots)
        for i in range(count):
            if slices[i, 1] > 0:
                put(lots, pots, pool, b, slices[i, 0], slices[i, 1], rule == OWN_FIRST and slices[i, 0] == 0)
    return rows, number, lots, pots, paid.size


@kernel("Tuple((int64[:, ::1], int64))(int64[:, ::1], int64[:, ::1], int64)")
def held(lots: Table, pots: Table, owners: int) -> tuple[Table, int]:
    """What each pot still holds of each owner's money: rows (pot, owner, amount), and their number."""
    rows, number = np.empty((1024, 3), np.int64), 0
    shares, touched = np.zeros(owners, np.int64), np.zeros(owners, np.int64)
    for pot in range(pots.shape[0]):
        m = 0
        node = pots[pot, HEAD]
        while node != _NONE:
            who = lots[node, OWNER]
            if who > 0:
                if shares[who] == 0:
                    touched[m] = who
                    m += 1
                shares[who] += lots[node, AMOUNT]
            node = lots[node, AFTER]
        if m > 1:
            touched[:m] = np.sort(touched[:m])
        while rows.shape[0] < number + m:
            rows = taller(rows)
        for i in range(m):
            who = touched[i]
            rows[number, 0], rows[number, 1], rows[number, 2] = pot, who, shares[who]
            shares[who] = 0
            number += 1
    return rows, number
