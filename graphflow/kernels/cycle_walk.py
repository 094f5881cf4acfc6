"""Account sequences that close into cycles, listed depth first; parallel transactions are counted, not listed."""

from __future__ import annotations

import numpy as np

from graphflow.kernels.csr import Ints, Longs
from graphflow.kernels.cycle_reach import D_STAMP, DEPART, HEAD, HOME, Tables
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import longer, taller


@kernel(
    "Tuple((boolean, int64, int64, int64, int64, int64[:, ::1], int32[::1], int32[::1]))(int64, "
    "int64, int64, int32[::1], int32[::1], int32[::1], int32[:, ::1], int64[::1], int64, int64, "
    "int64, int64, int64, int64, int64, int64[:, ::1], int32[::1], int32[::1], int64[::1])"
)
def walk(
    root: int,
    s: int,
    v: int,
    payee: Ints,
    found: Ints,
    following: Ints,
    mark: Tables,
    seen: Longs,
    expansions: int,
    max_hops: int,
    most: int,
    patience: int,
    width: int,
    number: int,
    used: int,
    rows: Longs,
    flat: Ints,
    stack: Ints,
    cut: Longs,
) -> tuple[bool, int, int, int, int, Longs, Ints, Ints]:
    """Depth first over account sequences, each by its earliest arrivals; writes a row for each that closes.

    Returns whether it came to the end, steps taken, and the counters and buffers, which may have grown.
    """
    path = np.empty(max_hops + 2, np.int32)
    legs = np.empty(max_hops + 2, np.int32)
    base = np.zeros(max_hops + 2, np.int64)
    top = np.zeros(max_hops + 2, np.int64)
    path[0] = s
    path[1] = v
    legs[1] = root
    depth = 1
    fresh = True
    listed = 0
    steps = 0
    while depth >= 1:
        if fresh:
            fresh = False
            expansions += 1
            base[depth] = top[depth - 1]
            top[depth] = base[depth]
            k = mark[path[depth], HEAD]
            while k >= 0:
                e = found[k]
                k = following[k]
                steps += 1
                y = payee[e]
                if e <= legs[depth] or seen[y] == expansions:
                    continue
                seen[y] = expansions
                if y == s:
                    path[depth + 1] = s
                    if number == rows.shape[0]:
                        rows = taller(rows)
                    rows[number, 0] = root
                    rows[number, 1] = depth + 1
                    rows[number, 3] = used
                    combinations, more, used, flat = bundle(
                        path, legs, depth, payee, found, following, mark, width, used, flat, cut
                    )
                    rows[number, 2] = combinations
                    rows[number, 4] = used
                    number += 1
                    listed += 1
                    steps += more
                elif mark[y, D_STAMP] == root and mark[y, DEPART] > e and depth + 1 + mark[y, HOME] <= max_hops:
                    again = False
                    for i in range(1, depth + 1):
                        if path[i] == y:
                            again = True
                    if not again:
                        if stack.size == top[depth]:
                            stack = longer(stack)
                        stack[top[depth]] = e
                        top[depth] += 1
        if listed >= most or steps > patience:
            return False, steps, expansions, number, used, rows, flat, stack
        if top[depth] > base[depth]:
            top[depth] -= 1
            e = stack[top[depth]]
            depth += 1
            path[depth] = payee[e]
            legs[depth] = e
            fresh = True
        else:
            depth -= 1
    return True, steps, expansions, number, used, rows, flat, stack


@kernel(
    "Tuple((int64, int64, int64, int32[::1]))(int32[::1], int32[::1], int64, int32[::1], int32[::1], "
    "int32[::1], int32[:, ::1], int64, int64, int32[::1], int64[::1])"
)
def bundle(
    path: Ints,
    legs: Ints,
    depth: int,
    payee: Ints,
    found: Ints,
    following: Ints,
    mark: Tables,
    width: int,
    used: int,
    flat: Ints,
    cut: Longs,
) -> tuple[int, int, int, Ints]:
    """Transactions of the account sequence path[0..depth+1], hop by hop, and the number of their combinations.

    legs[i] is the earliest arrival at path[i]. A transaction belongs to a hop when it is later than that and
    not later than the latest departure that still closes. Returns the count, steps, and what was written.
    """
    latest = np.empty(depth + 2, np.int32)
    latest[depth + 1] = 2147483647
    steps = 0
    for i in range(depth, 0, -1):
        latest[i] = -1
        k = mark[path[i], HEAD]
        while k >= 0:
            e = found[k]
            if payee[e] == path[i + 1] and e < latest[i + 1]:
                latest[i] = e
            k = following[k]
            steps += 1
    flat, used = _append(flat, used, legs[1])
    ways = np.ones(1, np.float64)
    events = np.empty(1, np.int32)
    events[0] = legs[1]
    total = 1.0
    for i in range(1, depth + 1):
        parallel = 0
        k = mark[path[i], HEAD]
        while k >= 0:
            e = found[k]
            if payee[e] == path[i + 1] and legs[i] < e <= latest[i]:
                parallel += 1
            k = following[k]
        here = np.empty(parallel, np.int32)
        counts = np.empty(parallel, np.float64)
        n = 0
        m = 0
        before = 0.0
        total = 0.0
        k = mark[path[i], HEAD]
        while k >= 0:
            e = found[k]
            if payee[e] == path[i + 1] and legs[i] < e <= latest[i]:
                while m < events.size and events[m] < e:
                    before += ways[m]
                    m += 1
                here[n] = e
                counts[n] = before
                total += before
                if n < width:
                    flat, used = _append(flat, used, e)
                n += 1
            k = following[k]
        if parallel > width:
            cut[1] += 1
        steps += 2 * parallel
        events = here
        ways = counts
    return int(min(total, 4e18)), steps, used, flat


@kernel("Tuple((int32[::1], int64))(int32[::1], int64, int64)")
def _append(flat: Ints, used: int, event: int) -> tuple[Ints, int]:
    if used == flat.size:
        flat = longer(flat)
    flat[used] = event
    return flat, used + 1
