"""FIFO lots: which receipts a payment passes on, and chains of such matches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import KEEP_SLACK, Floats, Ints, Longs
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller

Bools = npt.NDArray[np.bool_]


@kernel(
    "void(int64, int64, int64[::1], int32[::1], int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], "
    "int64, int64[::1], int64[::1], int64[::1], float64[::1])"
)
def match(
    first: int,
    last: int,
    in_ptr: Longs,
    in_events: Ints,
    in_values: Longs,
    out_ptr: Longs,
    out_events: Ints,
    out_values: Longs,
    time: Longs,
    dwell: int,
    passed: Longs,
    funded: Longs,
    moved: Longs,
    waited: Floats,
) -> None:
    """Match the receipts of accounts first..last-1 to the payments that moved them on.

    Each receipt is a lot. A payment takes from the oldest lots that arrived before it (ledger order) and
    not more than `dwell` before; what a lot still holds when it is older than that stays where it is.
    Fills, per event, `passed` (moved on by later payments) and `funded` (of this payment, from lots), and per
    account `moved` (the value matched) and `waited` (that times the time between receipt and payment).
    """
    for a in range(first, last):
        head = in_ptr[a]
        stop = in_ptr[a + 1]
        if head == stop:
            continue
        left = in_values[head]
        for p in range(out_ptr[a], out_ptr[a + 1]):
            payment = out_events[p]
            need = out_values[p]
            while head < stop and need > 0:
                receipt = in_events[head]
                if receipt > payment:
                    break
                age = time[payment] - time[receipt]
                if age <= dwell and left > 0:
                    take = min(left, need)
                    left -= take
                    need -= take
                    passed[receipt] += take
                    funded[payment] += take
                    moved[a] += take
                    waited[a] += float(take) * float(age)
                if age > dwell or left <= 0:
                    head += 1
                    if head < stop:
                        left = in_values[head]


@kernel(
    "Tuple((int64[:, ::1], int64))(int64, int64, int64[::1], int32[::1], int64[::1], int64[::1], int32[::1], "
    "int64[::1], int64[::1], int64, int64[::1], int64[::1], float64, boolean[::1])"
)
def links(
    first: int,
    last: int,
    in_ptr: Longs,
    in_events: Ints,
    in_values: Longs,
    out_ptr: Longs,
    out_events: Ints,
    out_values: Longs,
    time: Longs,
    dwell: int,
    passed: Longs,
    funded: Longs,
    keep: float,
    hub: Bools,
) -> tuple[Longs, int]:
    """The same matching, giving the matches that conserve value: rows (receipt, payment, value), and their number.

    A match counts when the receipt was passed on, and the payment funded, to at least the share `keep`,
    and the account between them is no hub.
    """
    found = np.empty((64, 3), np.int64)
    number = 0
    for a in range(first, last):
        head = in_ptr[a]
        stop = in_ptr[a + 1]
        if head == stop or hub[a]:
            continue
        left = in_values[head]
        for p in range(out_ptr[a], out_ptr[a + 1]):
            payment = out_events[p]
            need = out_values[p]
            whole = funded[payment] >= KEEP_SLACK * keep * need
            while head < stop and need > 0:
                receipt = in_events[head]
                if receipt > payment:
                    break
                age = time[payment] - time[receipt]
                if age <= dwell and left > 0:
                    take = min(left, need)
                    left -= take
                    need -= take
                    if whole and passed[receipt] >= KEEP_SLACK * keep * in_values[head]:
                        if number == found.shape[0]:
                            found = taller(found)
                        found[number, 0] = receipt
                        found[number, 1] = payment
                        found[number, 2] = take
                        number += 1
                if age > dwell or left <= 0:
                    head += 1
                    if head < stop:
                        left = in_values[head]
    return found, number


@kernel(
    "void(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], "
    "int64[::1], int64, int64, int64, int32[::1])"
)
def widest(
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
    least: int,
    width: Ints,
) -> None:
    """Per account, the most distinct counterparties (both directions) inside one window; fills `width`.

    Accounts with fewer than `least` transfers are passed over.
    """
    inside = np.zeros(accounts, np.int32)
    order = np.empty(1024, np.int64)
    for a in range(first, last):
        i, o = in_ptr[a], out_ptr[a]
        i_end, o_end = in_ptr[a + 1], out_ptr[a + 1]
        total = i_end - i + o_end - o
        if total < least:
            continue
        if order.size < total:
            order = np.empty(2 * total, np.int64)
        low = 0
        distinct = 0
        for n in range(total):
            if o == o_end or (i < i_end and in_events[i] < out_events[o]):
                order[n] = i
                other, now = in_others[i], time[in_events[i]]
                i += 1
            else:
                order[n] = -o - 1
                other, now = out_others[o], time[out_events[o]]
                o += 1
            if inside[other] == 0:
                distinct += 1
            inside[other] += 1
            while True:
                at = order[low]
                event = in_events[at] if at >= 0 else out_events[-at - 1]
                if now - time[event] <= window:
                    break
                gone = in_others[at] if at >= 0 else out_others[-at - 1]
                inside[gone] -= 1
                if inside[gone] == 0:
                    distinct -= 1
                low += 1
            if distinct > width[a]:
                width[a] = distinct
        for n in range(low, total):
            at = order[n]
            inside[in_others[at] if at >= 0 else out_others[-at - 1]] = 0


@kernel(
    "Tuple((boolean[::1], int32[::1], float64[::1]))(int64[::1], int64[::1], int32[::1], int64[::1], "
    "float64, int64, int64)"
)
def chains(
    value: Longs, ptr: Longs, target: Ints, taken: Longs, keep: float, min_hops: int, max_hops: int
) -> tuple[Bools, Ints, Floats]:
    """Chains over links between transactions numbered in time order.

    value   per transaction; ptr, target, taken: its links to the transactions that passed it on, and the
            value each took
    The share of a transaction's value that makes h more hops is the sum over its links of the share taken,
    times the share of that payment's value that makes h - 1 more. A transaction starts a chain when at least `keep` of
    its value makes min_hops - 1 more hops (at most max_hops - 1); the chain goes as deep as `keep` still holds.
    Returns which links lie on a chain, and per transaction the hops of the chain it starts (0: none) and the
    share of its value that arrives at that chain's end.
    """
    count = value.size
    share = np.zeros((count, max_hops), np.float64)
    longest = np.zeros(count, np.int64)
    hops = np.zeros(count, np.int32)
    arrives = np.zeros(count, np.float64)
    reach = np.zeros(count, np.int64)
    for x in range(count - 1, -1, -1):
        share[x, 0] = 1.0
        for k in range(ptr[x], ptr[x + 1]):
            y = target[k]
            part = taken[k] / value[x]
            longest[x] = max(longest[x], min(longest[y] + 1, max_hops - 1))
            for h in range(1, max_hops):
                share[x, h] = min(1.0, share[x, h] + part * share[y, h - 1])
        depth = 0
        while depth + 1 < max_hops and share[x, depth + 1] > 0 and share[x, depth + 1] >= keep - 1e-9:
            depth += 1
        if depth + 1 >= min_hops:
            hops[x] = depth + 1
            arrives[x] = share[x, depth]
            reach[x] = 1 << depth
    on = np.zeros(target.size, np.bool_)
    for x in range(count):
        for k in range(ptr[x], ptr[x + 1]):
            y = target[k]
            # bit r of reach[x]: some chain has r more hops to make from x; it goes to y if y has r - 1 in it
            onward = (reach[x] >> 1) & ((1 << (longest[y] + 1)) - 1)
            if onward:
                on[k] = True
                reach[y] |= onward
    return on, hops, arrives
