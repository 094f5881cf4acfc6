"""Accounts that have counterparties in common, close in time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import Ints, Longs
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

Bools = npt.NDArray[np.bool_]


@kernel(
    "Tuple((int64[:, ::1], int64))(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int32[::1], "
    "int32[::1], int64[::1], int64, int64, boolean[::1], int64)"
)
def sharing(
    first: int,
    last: int,
    ptr: Longs,
    events: Ints,
    others: Ints,
    back_ptr: Longs,
    back_events: Ints,
    back_others: Ints,
    time: Longs,
    accounts: int,
    window: int,
    skipped: Bools,
    minimum: int,
) -> tuple[Longs, int]:
    """Pairs of accounts, the smaller one in first..last-1, with at least `minimum` counterparties in common.

    ptr, events, others  transfers by account in one direction; back_*: by counterparty, the other way round
    A counterparty is common when both have a transfer with it not more than `window` apart. Accounts that are `skipped`
    are neither. Returns rows (account, larger account, counterparties in common) by account, and their number.
    """
    found = np.empty((64, 3), np.int64)
    number = 0
    stamp = np.full(accounts, -1, np.int32)  # of counterparties: the account whose transfers are listed
    head = np.zeros(accounts, np.int64)
    tail = np.zeros(accounts, np.int64)
    following = np.full(events.size, -1, np.int32)  # the account's next transfer with the same counterparty
    listed = np.empty(accounts, np.int32)
    met = np.full(accounts, -1, np.int32)  # of others: the account in whose turn they were met
    common = np.zeros(accounts, np.int32)
    latest = np.zeros(accounts, np.int32)
    seen = np.empty(accounts, np.int32)
    for a in range(first, last):
        if skipped[a] or ptr[a + 1] - ptr[a] < minimum:
            continue
        count = 0
        for p in range(ptr[a], ptr[a + 1]):
            c = others[p]
            if skipped[c]:
                continue
            following[p] = -1
            if stamp[c] != a:
                stamp[c] = a
                head[c] = p
                listed[count] = c
                count += 1
            else:
                following[tail[c]] = p
            tail[c] = p
        if count < minimum:
            continue
        others_seen = 0
        for k in range(count):
            c = listed[k]
            p = head[c]
            since = time[events[p]] - window
            until = time[events[tail[c]]] + window
            low, high = back_ptr[c], back_ptr[c + 1]
            while low < high:
                middle = (low + high) // 2
                if time[back_events[middle]] >= since:
                    high = middle
                else:
                    low = middle + 1
            for q in range(low, back_ptr[c + 1]):
                now = time[back_events[q]]
                if now > until:
                    break
                b = back_others[q]
                if b <= a or skipped[b]:
                    continue
                # the transfer of a with c that is nearest before this one, or the first one after it
                while following[p] >= 0 and time[events[following[p]]] <= now:
                    p = following[p]
                near = abs(now - time[events[p]]) <= window
                if not near and following[p] >= 0:
                    near = time[events[following[p]]] - now <= window
                if not near:
                    continue
                if met[b] != a:
                    met[b] = a
                    common[b] = 0
                    latest[b] = -1
                    seen[others_seen] = b
                    others_seen += 1
                if latest[b] != c:
                    latest[b] = c
                    common[b] += 1
        for k in range(others_seen):
            b = seen[k]
            if common[b] >= minimum:
                if number == found.shape[0]:
                    found = taller(found)
                found[number, 0] = a
                found[number, 1] = b
                found[number, 2] = common[b]
                number += 1
    return found, number


@kernel(
    "Tuple((int64[::1], int64))(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int64, int64, "
    "boolean[::1])"
)
def meeting(
    first: int,
    last: int,
    ptr: Longs,
    events: Ints,
    others: Ints,
    time: Longs,
    accounts: int,
    window: int,
    skipped: Bools,
) -> tuple[Longs, int]:
    """Pairs of accounts that both deal with an account of first..last-1, not more than `window` apart.

    ptr, events, others  transfers by account; accounts that are `skipped` are neither. Returns smaller × accounts +
    larger account, each pair once for each account that both deal with, and their number.
    """
    found = np.empty(64, np.int64)
    number = 0
    for c in range(first, last):
        if skipped[c]:
            continue
        start = number
        for p in range(ptr[c], ptr[c + 1]):
            a, until = others[p], time[events[p]] + window
            if skipped[a]:
                continue
            for q in range(p + 1, ptr[c + 1]):
                b = others[q]
                if time[events[q]] > until:
                    break
                if b == a or skipped[b]:
                    continue
                if number == found.size:
                    grown = np.empty(2 * found.size, np.int64)
                    grown[:number] = found[:number]
                    found = grown
                found[number] = min(a, b) * accounts + max(a, b)
                number += 1
        if number > start:
            found[start:number].sort()
            kept = start + 1
            for k in range(start + 1, number):
                if found[k] != found[k - 1]:
                    found[kept] = found[k]
                    kept += 1
            number = kept
    return found, number
