"""What an account does day after day: how many others, how wide, how regular; one row an account that is asked for."""

from __future__ import annotations

import numpy as np

from graphflow.kernels.csr import Ints, Longs
from graphflow.kernels.engine import kernel

DAY = 86_400_000_000
"""Microseconds; a day is a UTC day."""

SIDE = 8
"""Columns of `side`: days, others, wide_days, returning, largest, monthly, tenants, total."""

BATCH = 8
"""Columns of `batches`: batches, batched, others, compared, again, alike, least gap, most gap (days)."""


@kernel(
    "void(int64, int64, int64[::1], int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], int64, int64, int64, "
    "int64, int64[:, ::1])"
)
def side(
    first: int,
    last: int,
    wanted: Longs,
    ptr: Longs,
    events: Ints,
    others: Ints,
    values: Longs,
    time: Longs,
    accounts: int,
    wide: int,
    month_from: int,
    month_to: int,
    found: Longs,
) -> None:
    """One direction of accounts wanted[first:last]; fills rows first..last-1 of `found`.

    days       with a transfer; others: distinct counterparties; wide_days: days with more than `wide` of them
    returning  counterparties that come on more than one day; largest, total: of values
    monthly    transfers month_from to month_to microseconds after the same counterparty's last one, and within a
               twentieth of its value; tenants: counterparties with such a transfer
    """
    # Of each counterparty: the account it was met at (plus one), time and value of its last transfer, and marks
    met = np.zeros((accounts, 4), np.int64)
    for row in range(first, last):
        a = wanted[row]
        today, seen_today = np.int64(-(2**62)), 0
        for p in range(ptr[a], ptr[a + 1]):
            o = others[p]
            now, value = time[events[p]], values[p]
            day = now // DAY
            if day != today:
                found[row, 0] += 1
                if seen_today > wide:
                    found[row, 2] += 1
                today, seen_today = day, 0
            if met[o, 0] != a + 1:
                met[o, 0] = a + 1
                met[o, 3] = 0
                found[row, 1] += 1
                seen_today += 1
            else:
                gap = now - met[o, 1]
                if met[o, 1] // DAY != day:
                    seen_today += 1
                    if met[o, 3] & 1 == 0:
                        met[o, 3] |= 1
                        found[row, 3] += 1
                if month_from <= gap <= month_to and abs(value - met[o, 2]) <= met[o, 2] // 20:
                    found[row, 5] += 1
                    if met[o, 3] & 2 == 0:
                        met[o, 3] |= 2
                        found[row, 6] += 1
            met[o, 1] = now
            met[o, 2] = value
            if value > found[row, 4]:
                found[row, 4] = value
            found[row, 7] += value
        if seen_today > wide:
            found[row, 2] += 1


@kernel(
    "void(int64, int64, int64[::1], int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], int64, int64, "
    "float64, int64[:, ::1])"
)
def batches(
    first: int,
    last: int,
    wanted: Longs,
    ptr: Longs,
    events: Ints,
    others: Ints,
    values: Longs,
    time: Longs,
    accounts: int,
    least: int,
    alike: float,
    found: Longs,
) -> None:
    """Days on which accounts wanted[first:last] pay at least `least` others (batches); fills rows of `found`.

    batches, batched   their number, and the payments in them; others: the payees of all of them, batch by batch
    compared   payees of all batches but the last; again: those of them that the next batch pays too; alike: of these,
               those whose first payment there differs from their last one by at most the share `alike`
    gaps       the fewest and the most days from a batch to the next (0: one batch)
    """
    # Of each payee: the day list it was last counted in, the batch it was last in, and its last value there
    met = np.zeros((accounts, 3), np.int64)
    lists = 0
    batch = 0
    for row in range(first, last):
        a = wanted[row]
        p = ptr[a]
        before, size_before = np.int64(0), 0
        while p < ptr[a + 1]:
            day = time[events[p]] // DAY
            lists += 1
            size = 0
            q = p
            while q < ptr[a + 1] and time[events[q]] // DAY == day:
                if met[others[q], 0] != lists:
                    met[others[q], 0] = lists
                    size += 1
                q += 1
            if size >= least:
                batch += 1
                found[row, 0] += 1
                found[row, 1] += q - p
                found[row, 2] += size
                if found[row, 0] > 1:
                    found[row, 3] += size_before
                    gap = day - before
                    if found[row, 0] == 2 or gap < found[row, 6]:
                        found[row, 6] = gap
                    found[row, 7] = max(found[row, 7], gap)
                for k in range(p, q):
                    o = others[k]
                    if found[row, 0] > 1 and met[o, 1] == batch - 1:
                        found[row, 4] += 1
                        if abs(values[k] - met[o, 2]) <= alike * met[o, 2]:
                            found[row, 5] += 1
                    met[o, 1] = batch
                    met[o, 2] = values[k]
                before, size_before = day, size
            p = q
