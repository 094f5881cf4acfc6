"""Money that two transfers carry: through several accounts between two (scatter-gather), or many into one and out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import Ints, Longs
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

Bools = npt.NDArray[np.bool_]


@kernel(
    "Tuple((int64[:, ::1], int64))(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int64, int64, "
    "boolean[::1], int64)"
)
def scattered(
    first: int,
    last: int,
    ptr: Longs,
    events: Ints,
    others: Ints,
    time: Longs,
    accounts: int,
    window: int,
    skipped: Bools,
    minimum: int,
) -> tuple[Longs, int]:
    """Ways over one account from sources first..last-1 to sinks that at least `minimum` accounts between lead to.

    ptr, events, others  payments by account; skipped: accounts that are neither source, sink nor between
    A payment of an account between counts with the latest payment of the source to it before (ledger order), when that
    is not more than `window` earlier and it does not go back to the source.
    Returns rows (source, sink, between, event in, event out), by source and then by account between as first paid,
    and their number.
    """
    found = np.empty((64, 5), np.int64)
    number = 0
    stamp = np.full(accounts, -1, np.int32)  # of accounts between: the source whose payments are listed
    head = np.zeros(accounts, np.int64)
    tail = np.zeros(accounts, np.int64)
    following = np.full(events.size, -1, np.int32)  # the source's next payment to the same account
    between = np.empty(accounts, np.int32)
    met = np.full(accounts, -1, np.int32)  # of sinks: the source in whose turn they were met
    over = np.zeros(accounts, np.int32)  # the accounts that lead to it
    latest = np.zeros(accounts, np.int32)  # and the last of them
    for s in range(first, last):
        if skipped[s] or ptr[s + 1] - ptr[s] < minimum:
            continue
        count = 0
        for p in range(ptr[s], ptr[s + 1]):
            m = others[p]
            if skipped[m]:
                continue
            following[p] = -1
            if stamp[m] != s:
                stamp[m] = s
                head[m] = p
                between[count] = m
                count += 1
            else:
                following[tail[m]] = p
            tail[m] = p
        if count < minimum:
            continue
        enough = False
        for emit in range(2):
            if emit == 1 and not enough:
                break
            for k in range(count):
                m = between[k]
                p = head[m]
                until = time[events[tail[m]]] + window
                # the first payment of m after the source's first one to it
                low, high = ptr[m], ptr[m + 1]
                while low < high:
                    middle = (low + high) // 2
                    if events[middle] > events[p]:
                        high = middle
                    else:
                        low = middle + 1
                for q in range(low, ptr[m + 1]):
                    out = events[q]
                    if time[out] > until:
                        break
                    while following[p] >= 0 and events[following[p]] < out:
                        p = following[p]
                    t = others[q]
                    if t == s or skipped[t] or time[out] - time[events[p]] > window:
                        continue
                    if emit == 1:
                        if over[t] >= minimum:
                            if number == found.shape[0]:
                                found = taller(found)
                            found[number, 0] = s
                            found[number, 1] = t
                            found[number, 2] = m
                            found[number, 3] = events[p]
                            found[number, 4] = out
                            number += 1
                        continue
                    if met[t] != s:
                        met[t] = s
                        over[t] = 0
                        latest[t] = -1
                    if latest[t] != m:
                        latest[t] = m
                        over[t] += 1
                        if over[t] >= minimum:
                            enough = True
    return found, number


@kernel(
    "Tuple((int64[:, ::1], int64))(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int32[::1], "
    "int32[::1], int64[::1], int64, int64, int64, int64, boolean[::1])"
)
def turned(
    first: int,
    last: int,
    in_ptr: Longs,
    in_events: Ints,
    in_others: Ints,
    out_ptr: Longs,
    out_events: Ints,
    out_others: Ints,
    time: Longs,
    accounts: int,
    window: int,
    min_payers: int,
    min_payees: int,
    skipped: Bools,
) -> tuple[Longs, int]:
    """The best turn of each run of turns of accounts first..last-1.

    A payment is a turn when the receipts before it (ledger order) and not more than `window` earlier come from at
    least `min_payers` accounts, and the payments from it on not more than `window` later go to at least `min_payees`.
    A run is turns of neighbouring payments of which each shares a receipt with the one before; the best has the
    largest smaller side, then the most accounts, then comes first.
    Returns rows (account, receipts from, to, payments from, to, payers, payees) over positions of the adjacencies.
    """
    found = np.empty((64, 7), np.int64)
    number = 0
    paying = np.zeros(accounts, np.int32)
    paid = np.zeros(accounts, np.int32)
    best = np.zeros(7, np.int64)
    for a in range(first, last):
        if skipped[a] or in_ptr[a + 1] - in_ptr[a] < min_payers or out_ptr[a + 1] - out_ptr[a] < min_payees:
            continue
        low = high = in_ptr[a]  # receipts low..high-1 are in the window before the payment
        end = out_ptr[a]  # payments p..end-1 are in the window from it on
        payers, payees = 0, 0
        reached = -1  # receipts up to which the run goes
        for p in range(out_ptr[a], out_ptr[a + 1]):
            turn = out_events[p]
            while high < in_ptr[a + 1] and in_events[high] < turn:
                if paying[in_others[high]] == 0:
                    payers += 1
                paying[in_others[high]] += 1
                high += 1
            while low < high and time[turn] - time[in_events[low]] > window:
                paying[in_others[low]] -= 1
                if paying[in_others[low]] == 0:
                    payers -= 1
                low += 1
            while end < out_ptr[a + 1] and time[out_events[end]] - time[turn] <= window:
                if paid[out_others[end]] == 0:
                    payees += 1
                paid[out_others[end]] += 1
                end += 1
            hot = payers >= min_payers and payees >= min_payees
            if reached >= 0 and (not hot or low >= reached):
                found = _row(found, number, best)
                number += 1
                reached = -1
            if hot:
                smaller, old = min(payers, payees), min(best[5], best[6])
                if reached < 0 or smaller > old or (smaller == old and payers + payees > best[5] + best[6]):
                    best[0] = a
                    best[1] = low
                    best[2] = high
                    best[3] = p
                    best[4] = end
                    best[5] = payers
                    best[6] = payees
                reached = high
            paid[out_others[p]] -= 1
            if paid[out_others[p]] == 0:
                payees -= 1
        if reached >= 0:
            found = _row(found, number, best)
            number += 1
        for p in range(low, high):
            paying[in_others[p]] = 0
    return found, number


@kernel("int64[:, ::1](int64[:, ::1], int64, int64[::1])")
def _row(table: Longs, number: int, row: Longs) -> Longs:
    """Write one row of the table, which grows when it is full."""
    if number == table.shape[0]:
        table = taller(table)
    for c in range(row.size):
        table[number, c] = row[c]
    return table
