"""Money that two transfers carry: through several accounts between two (scatter-gather), or many into one and out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import KEEP_SLACK, Ints, Longs
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


@kernel(
    "Tuple((int64[:, ::1], int64))(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], "
    "int32[::1], int32[::1], int64[::1], int64[::1], boolean[::1], int64, float64, boolean[::1])"
)
def matched(
    first: int,
    last: int,
    in_ptr: Longs,
    in_events: Ints,
    in_others: Ints,
    in_values: Longs,
    out_ptr: Longs,
    out_events: Ints,
    out_others: Ints,
    out_values: Longs,
    time: Longs,
    once: Bools,
    window: int,
    keep: float,
    skipped: Bools,
) -> tuple[Longs, int]:
    """Receipts of accounts first..last-1 and the payments that hand on about as much, one to one.

    once   per event: whether it counts (its payer pays its payee only once, say)
    A payment takes, of the receipts before it (ledger order) and not more than `window` earlier that no payment took,
    the one whose value is nearest to its own in ratio, at least `keep` (the later of equals). Money that goes back to
    the account it came from is left out.
    Returns rows (receipt, payment) by account and payment, and their number.
    """
    found = np.empty((64, 2), np.int64)
    number = 0
    used = np.zeros(64, np.bool_)
    for a in range(first, last):
        begin, end = in_ptr[a], in_ptr[a + 1]
        if skipped[a] or begin == end or out_ptr[a] == out_ptr[a + 1]:
            continue
        if used.size < end - begin:
            used = np.zeros(2 * (end - begin), np.bool_)
        for k in range(end - begin):
            used[k] = False
        low = begin
        for p in range(out_ptr[a], out_ptr[a + 1]):
            payment = out_events[p]
            if not once[payment] or out_values[p] <= 0:
                continue
            while low < end and time[payment] - time[in_events[low]] > window:
                low += 1
            nearest, best = -1, keep * KEEP_SLACK
            for q in range(low, end):
                if in_events[q] > payment:
                    break
                if used[q - begin] or not once[in_events[q]] or in_others[q] == out_others[p]:
                    continue
                smaller, larger = min(in_values[q], out_values[p]), max(in_values[q], out_values[p])
                ratio = smaller / larger
                if ratio >= best:
                    nearest, best = q, ratio
            if nearest >= 0:
                used[nearest - begin] = True
                if number == found.shape[0]:
                    found = taller(found)
                found[number, 0] = in_events[nearest]
                found[number, 1] = payment
                number += 1
    return found, number


@kernel(
    "Tuple((int64[:, ::1], int64))(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int32[::1], "
    "int32[::1], int64[::1], int64[::1], int64, int64, float64, boolean[::1])"
)
def returned(
    first: int,
    last: int,
    in_ptr: Longs,
    in_events: Ints,
    in_others: Ints,
    out_ptr: Longs,
    out_events: Ints,
    out_others: Ints,
    time: Longs,
    value: Longs,
    accounts: int,
    window: int,
    back: float,
    skipped: Bools,
) -> tuple[Longs, int]:
    """Payments of accounts first..last-1 with the first return of each, over one account or two.

    A way is a payment, the next account's payment after it (ledger order), directly back or to a third account, and
    then the first payment after that which comes back, all within `window` of the payment; each is worth at least
    `back` of the payment and at most 1 / `back` of it. Accounts `skipped` are on no way.
    Returns rows (payment, payment on or -1, return) by account and payment, and their number.
    """
    found = np.empty((64, 3), np.int64)
    number = 0
    stamp = np.full(accounts, -1, np.int32)  # of payers: the account whose receipts are listed
    head = np.zeros(accounts, np.int64)
    tail = np.zeros(accounts, np.int64)
    following = np.full(in_events.size, -1, np.int32)  # the next receipt from the same payer
    for s in range(first, last):
        if skipped[s] or in_ptr[s] == in_ptr[s + 1] or out_ptr[s] == out_ptr[s + 1]:
            continue
        for p in range(in_ptr[s], in_ptr[s + 1]):
            b = in_others[p]
            following[p] = -1
            if stamp[b] != s:
                stamp[b] = s
                head[b] = p
            else:
                following[tail[b]] = p
            tail[b] = p
        latest = in_events[in_ptr[s + 1] - 1]
        for p in range(out_ptr[s], out_ptr[s + 1]):
            out, m = out_events[p], out_others[p]
            if out > latest:
                break
            if skipped[m]:
                continue
            until = time[out] + window
            least, most = back * KEEP_SLACK * value[out], value[out] / (back * KEEP_SLACK)
            # the first payment of the next account after this one
            low, high = out_ptr[m], out_ptr[m + 1]
            while low < high:
                middle = (low + high) // 2
                if out_events[middle] > out:
                    high = middle
                else:
                    low = middle + 1
            direct = False
            for q in range(low, out_ptr[m + 1]):
                on, t = out_events[q], out_others[q]
                if time[on] > until or on > latest:
                    break
                if value[on] < least or value[on] > most:
                    continue
                if t == s:
                    if not direct:
                        direct = True
                        if number == found.shape[0]:
                            found = taller(found)
                        found[number, 0] = out
                        found[number, 1] = -1
                        found[number, 2] = on
                        number += 1
                    continue
                if stamp[t] != s or skipped[t] or in_events[tail[t]] < on:
                    continue
                r = head[t]
                while r >= 0:
                    event = in_events[r]
                    if time[event] > until:
                        break
                    if event > on and least <= value[event] <= most:
                        if number == found.shape[0]:
                            found = taller(found)
                        found[number, 0] = out
                        found[number, 1] = on
                        found[number, 2] = event
                        number += 1
                        break
                    r = following[r]
    return found, number
