"""Time order, and adjacency in compressed rows that keep it; by counting sort."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KEEP_SLACK = 1 - 1e-12
"""Times a share and a value, it lets through what equals the product exactly: 0.55 * 200 is above 110 in floats."""


@kernel(
    "Tuple((int64[::1], int32[::1], int32[::1], int64[::1]))(int32[::1], int32[::1], int64[::1], int64, boolean[::1])"
)
def by_account(
    key: Ints, other: Ints, value: Longs, accounts: int, own: npt.NDArray[np.bool_]
) -> tuple[Longs, Ints, Ints, Longs]:
    """Events grouped by account, self-transfers left out.

    key, other, value  per event: the account to group by, the one at the other end, and the value
    own                accounts whose events are wanted; empty: all
    Returns (ptr, events, others, values): the events of account a are events[ptr[a]:ptr[a + 1]], in time
    order, with the other ends and the values beside them.
    """
    ptr, every = np.zeros(accounts + 1, np.int64), own.size == 0
    for e in range(key.size):
        if key[e] != other[e] and (every or own[key[e]]):
            ptr[key[e] + 1] += 1
    for a in range(accounts):
        ptr[a + 1] += ptr[a]
    total = ptr[accounts]
    events = np.empty(total, np.int32)
    others = np.empty(total, np.int32)
    values = np.empty(total, np.int64)
    free = ptr[:accounts].copy()
    for e in range(key.size):
        k = key[e]
        if k != other[e] and (every or own[k]):
            events[free[k]] = e
            others[free[k]] = other[e]
            values[free[k]] = value[e]
            free[k] += 1
    return ptr, events, others, values


@kernel("int32[::1](int64[::1], int64)")
def until(time: Longs, window: int) -> Ints:
    """Per event, the first one that is more than `window` later."""
    ends = np.empty(time.size, np.int32)
    end = 0
    for e in range(time.size):
        while end < time.size and time[end] - time[e] <= window:
            end += 1
        ends[e] = end
    return ends


@kernel("uint32[::1](int64[::1], int64, int64, int64)")
def by_time(time: Longs, first: int, step: int, slots: int) -> npt.NDArray[np.uint32]:
    """Positions in time order, ties as they come, by counting sort.

    Times are first + k * step for k from 0 to slots - 1; if one is not, the answer is empty.
    """
    free = np.zeros(slots + 1, np.int64)
    for e in range(time.size):
        k = (time[e] - first) // step
        if k * step + first != time[e]:
            return np.empty(0, np.uint32)
        free[k + 1] += 1
    for k in range(slots):
        free[k + 1] += free[k]
    order = np.empty(time.size, np.uint32)
    for e in range(time.size):
        k = (time[e] - first) // step
        order[free[k]] = e
        free[k] += 1
    return order


@kernel("void(int64, int64, int64[::1], int32[::1], int64[::1], int32[::1], int32[::1], int32[::1])")
def onward(
    first: int,
    last: int,
    in_ptr: Longs,
    in_events: Ints,
    out_ptr: Longs,
    out_events: Ints,
    next_out: Ints,
    next_in: Ints,
) -> None:
    """Where money can go from each event, by one merge of the lists of accounts first..last-1.

    Fills next_out[e] with the position of the first later payment of the payee of e, and next_in[e] with that of
    the first later receipt of the payer of e; -1 where there is none.
    """
    for a in range(first, last):
        p, p_end = out_ptr[a], out_ptr[a + 1]
        q, q_end = in_ptr[a], in_ptr[a + 1]
        while p < p_end or q < q_end:
            if q == q_end or (p < p_end and out_events[p] < in_events[q]):
                next_in[out_events[p]] = q if q < q_end else -1
                p += 1
            else:
                next_out[in_events[q]] = p if p < p_end else -1
                q += 1


@kernel("int64(int32[::1], int64, int64, int64)")
def first_after(events: Ints, start: int, stop: int, event: int) -> int:
    """The first position in events[start:stop] that holds a later event than `event`."""
    if stop - start <= 8:
        while start < stop and events[start] <= event:
            start += 1
        return start
    while start < stop:
        middle = (start + stop) >> 1
        if events[middle] <= event:
            start = middle + 1
        else:
            stop = middle
    return start
