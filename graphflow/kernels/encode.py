"""Account numbers from hashes: an open-addressing table that lives as long as a file is read."""

from __future__ import annotations

from graphflow.kernels.csr import Ints, Longs
from graphflow.kernels.engine import kernel


@kernel("void(int32[::1], int64[::1], int64)")
def fill(table: Ints, first: Longs, known: int) -> None:
    """Enter accounts 0..known-1, whose hashes are in `first`, into an empty table (-1 everywhere)."""
    mask = table.size - 1
    for code in range(known):
        slot = (first[code] ^ (first[code] >> 29)) & mask
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = code


@kernel("int64(int32[::1], int64[::1], int64[::1], int64, int64[::1], int64[::1], int32[::1], int64[::1])")
def number(
    table: Ints, first: Longs, second: Longs, known: int, one: Longs, two: Longs, codes: Ints, where: Longs
) -> int:
    """Give each key (one[i], two[i]) its account code, new keys the next ones in order of appearance.

    The first half of the keys are payers, the second half payees; they are taken in turn, row by row, so that the
    codes do not depend on how the rows were cut into batches.

    table   slots, a power of two and less than half full at the end; -1 is free
    first, second  hashes of the accounts so far, with room for new ones; known: how many there are
    where   position of the first appearance of each new account
    Returns how many accounts there are now.
    """
    mask = table.size - 1
    before = known
    half = one.size // 2
    for k in range(one.size):
        i = (k >> 1) + (k & 1) * half
        slot = (one[i] ^ (one[i] >> 29)) & mask
        while True:
            code = table[slot]
            if code < 0:
                table[slot] = known
                first[known] = one[i]
                second[known] = two[i]
                where[known - before] = i
                codes[i] = known
                known += 1
                break
            if first[code] == one[i] and second[code] == two[i]:
                codes[i] = code
                break
            slot = (slot + 1) & mask
    return known
