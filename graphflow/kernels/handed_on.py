"""Money that an account hands on as one sum, and money that comes back to the account it left."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import KEEP_SLACK, Ints, Longs
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

Bools = npt.NDArray[np.bool_]


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
    the account it came from is left out, and transfers of no value.
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
                if used[q - begin] or not once[in_events[q]] or in_others[q] == out_others[p] or in_values[q] <= 0:
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
