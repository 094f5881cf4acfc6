"""Accounts that wake: idle for long, then busy within a window."""

from __future__ import annotations

import numpy as np

from graphflow.kernels.csr import Ints, Longs
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

_NEVER = -(2**62)


@kernel(
    "Tuple((int64[:, ::1], int64))(int32[::1], int32[::1], int64[::1], int64[::1], int64, int64, int64, int64, int64)"
)
def bursts(
    payer: Ints,
    payee: Ints,
    time: Longs,
    value: Longs,
    accounts: int,
    idle: int,
    window: int,
    least: int,
    amount: int,
) -> tuple[Longs, int]:
    """Bursts of accounts after a silence of at least `idle`, in one pass over the transfers.

    An account wakes with a transfer (either direction, self-transfers left out) at least `idle` later than its last
    one. Its burst is that transfer and those not more than `window` after it, and counts with at least `least` of
    them, or with at least `amount` received or paid, and more than any transfer of the account before it woke.
    Returns rows (account, event that wakes it, last event, transfers, received, paid, silence before) in the order
    in which they came to count, and their number.
    """
    found = np.empty((64, 7), np.int64)
    number = 0
    last = np.full(accounts, _NEVER, np.int64)
    woken = np.full(accounts, -1, np.int64)
    slept = np.zeros(accounts, np.int64)
    sums = np.zeros((accounts, 3), np.int64)
    largest = np.zeros(accounts, np.int64)
    bound = np.zeros(accounts, np.int64)
    row = np.full(accounts, -1, np.int64)
    for e in range(payer.size):
        if payer[e] == payee[e]:
            continue
        now = time[e]
        for side in range(2):
            a = payee[e] if side == 0 else payer[e]
            silence = now - last[a]
            known = last[a] != _NEVER
            last[a] = now
            if known and silence >= idle:
                woken[a] = e
                slept[a] = silence
                row[a] = -1
                bound[a] = max(amount, largest[a] + 1)
                sums[a, 0], sums[a, 1], sums[a, 2] = 0, 0, 0
            largest[a] = max(largest[a], value[e])
            if woken[a] < 0:
                continue
            if now - time[woken[a]] > window:
                woken[a] = -1
                continue
            sums[a, 0] += 1
            sums[a, 1 + side] += value[e]
            if row[a] < 0 and (sums[a, 0] >= least or sums[a, 1] >= bound[a] or sums[a, 2] >= bound[a]):
                if number == found.shape[0]:
                    found = taller(found)
                row[a] = number
                found[number, 0] = a
                found[number, 1] = woken[a]
                found[number, 6] = slept[a]
                number += 1
            if row[a] >= 0:
                found[row[a], 2] = e
                for k in range(3):
                    found[row[a], 3 + k] = sums[a, k]
    return found, number
