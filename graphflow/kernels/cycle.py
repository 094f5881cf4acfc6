"""Simple temporal cycles, searched from the cheaper side and bundled by account sequence.

For each first transaction s → v, `reach` goes forward from v and backward from s at once, and always
advances the side with fewer transactions still to look at: a hub on one side costs nothing. The side that
finishes first holds every transaction that can lie on a cycle; `prune` leaves, by earliest arrival and then by
latest departure, the few that really can; `walk` lists the account sequences that close. Parallel transactions
are one step of that walk: `bundle` counts their combinations instead of listing them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import KEEP_SLACK, Ints, Longs, first_after
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import longer, taller

Tables = npt.NDArray[np.int32]

# Columns of the scratch table, one row (one cache line) an account. A stamp holds the first transaction
# for which the columns after it are meant, so nothing is ever cleared.
F_STAMP = 0  # reached forward,
F_FROM = 1  # and looked at from this position of its payments on
B_STAMP = 2  # reached backward,
B_UPTO = 3  # and looked at up to this position of its receipts
A_STAMP = 4  # on a way from v,
ARRIVE = 5  # and there from this event on
D_STAMP = 6  # on a way back to s,
DEPART = 7  # if left by this event,
HOME = 8  # in this many hops at least;
HEAD = 9  # the first of its transactions that are left
COLUMNS = 16


@kernel(
    "Tuple((int64[:, ::1], int64, int32[::1], int64, int64[::1]))(int64, int64, int32[::1], "
    "int32[::1], int64[::1], int32[::1], int64[::1], int32[::1], int64[::1], int32[::1], int64, "
    "int64, float64, int64, int64, int64, int64, int64)"
)
def search(
    first: int,
    last: int,
    payer: Ints,
    payee: Ints,
    value: Longs,
    until: Ints,
    out_ptr: Longs,
    out_events: Ints,
    in_ptr: Longs,
    in_events: Ints,
    accounts: int,
    max_hops: int,
    keep: float,
    budget: int,
    account_budget: int,
    task_budget: int,
    most: int,
    width: int,
) -> tuple[Longs, int, Ints, int, Longs]:
    """Cycles whose first transaction is one of the events first..last-1.

    until  per event, the first event outside the window that starts with it
    keep   every transaction is worth between `keep` and 1 / `keep` of the first one
    budget, account_budget, task_budget  transactions looked at per first transaction, per account that
           starts cycles, and in all; most: account sequences per first transaction; width: parallel
           transactions listed a hop
    Returns rows (first event, hops, combinations, start in events, stop), their number, the events and
    theirs, and counts (first transactions cut by a budget, hops cut by `width`, transactions looked at).
    """
    rows = np.empty((64, 5), np.int64)
    number = 0
    flat = np.empty(1024, np.int32)
    used = 0
    cut = np.zeros(3, np.int64)
    spent = np.zeros(accounts, np.int64)
    mark = np.empty((accounts, COLUMNS), np.int32)
    for a in range(accounts):
        mark[a, F_STAMP] = -1
        mark[a, B_STAMP] = -1
        mark[a, A_STAMP] = -1
        mark[a, D_STAMP] = -1
    seen = np.zeros(accounts, np.int64)
    expansions = 0
    f_queue = np.empty((256, 4), np.int64)
    b_queue = np.empty((256, 4), np.int64)
    f_found = np.empty(256, np.int32)
    b_found = np.empty(256, np.int32)
    following = np.empty(256, np.int32)
    stack = np.empty(256, np.int32)
    for root in range(first, last):
        s = payer[root]
        v = payee[root]
        if s == v:
            continue
        end = until[root]
        f0 = first_after(out_events, out_ptr[v], out_ptr[v + 1], root)
        if f0 == out_ptr[v + 1] or out_events[f0] >= end:
            continue
        b0 = first_after(in_events, in_ptr[s], in_ptr[s + 1], root)
        if b0 == in_ptr[s + 1] or in_events[b0] >= end:
            continue
        if spent[s] > account_budget or cut[2] > task_budget:
            cut[0] += 1
            continue
        least = KEEP_SLACK * keep * value[root]
        greatest = value[root] / (KEEP_SLACK * keep) if keep > 0 else 1e300
        side, count, work, f_queue, b_queue, f_found, b_found = reach(
            root, s, v, end, f0, b0, least, greatest, payer, payee, value, out_ptr, out_events, in_ptr, in_events,
            max_hops, budget, mark, f_queue, b_queue, f_found, b_found,
        )  # fmt: skip
        if side < 0:
            cut[0] += 1
        elif count > 0:
            found = f_found if side == 0 else b_found
            while following.size < count:
                following = longer(following)
            prune(root, s, v, payer, payee, found, count, following, mark)
            if mark[v, D_STAMP] == root:
                whole, steps, expansions, number, used, rows, flat, stack = walk(
                    root, s, v, payee, found, following, mark, seen, expansions, max_hops, most, 10 * budget, width,
                    number, used, rows, flat, stack, cut,
                )  # fmt: skip
                work += steps
                if not whole:
                    cut[0] += 1
        spent[s] += work
        cut[2] += work
    return rows, number, flat, used, cut


@kernel(
    "Tuple((int64, int64, int64, int64[:, ::1], int64[:, ::1], int32[::1], int32[::1]))(int64, "
    "int64, int64, int64, int64, int64, float64, float64, int32[::1], int32[::1], int64[::1], "
    "int64[::1], int32[::1], int64[::1], int32[::1], int64, int64, int32[:, ::1], int64[:, ::1], "
    "int64[:, ::1], int32[::1], int32[::1])"
)
def reach(
    root: int,
    s: int,
    v: int,
    end: int,
    f0: int,
    b0: int,
    least: float,
    greatest: float,
    payer: Ints,
    payee: Ints,
    value: Longs,
    out_ptr: Longs,
    out_events: Ints,
    in_ptr: Longs,
    in_events: Ints,
    max_hops: int,
    budget: int,
    mark: Tables,
    f_queue: Longs,
    b_queue: Longs,
    f_found: Ints,
    b_found: Ints,
) -> tuple[int, int, int, Longs, Longs, Ints, Ints]:
    """Look forward from v and backward from s until one side has seen all there is.

    Queue rows are (unused, start, stop, hops): positions of an account's payments or receipts to look at.
    Returns which side finished (0 forward, 1 backward, -1 over budget), how many transactions it found
    (0 when it does not meet the other end), the work done, and the buffers, which may have grown.
    """
    f1 = first_after(out_events, f0, out_ptr[v + 1], end - 1)
    b1 = first_after(in_events, b0, in_ptr[s + 1], end - 1)
    f_head = 0
    f_tail = 1
    b_head = 0
    b_tail = 1
    f_queue[0, 1] = f0
    f_queue[0, 2] = f1
    f_queue[0, 3] = 1
    b_queue[0, 1] = b0
    b_queue[0, 2] = b1
    b_queue[0, 3] = 0
    mark[v, F_STAMP] = root
    mark[v, F_FROM] = f0
    mark[s, B_STAMP] = root
    mark[s, B_UPTO] = b1
    f_left = f1 - f0
    b_left = b1 - b0
    f_number = 0
    b_number = 0
    f_home = False
    b_home = False
    work = 0
    while f_left > 0 and b_left > 0 and work <= budget:
        if f_left <= b_left:
            p = f_queue[f_head, 1]
            stop = f_queue[f_head, 2]
            h = f_queue[f_head, 3]
            f_head += 1
            f_left -= stop - p
            work += stop - p
            while p < stop:
                e = out_events[p]
                p += 1
                y = payee[e]
                if y == v or value[e] < least or value[e] > greatest:
                    continue
                if f_number == f_found.size:
                    f_found = longer(f_found)
                f_found[f_number] = e
                f_number += 1
                if y == s:
                    f_home = True
                elif h + 1 < max_hops:
                    fresh = first_after(out_events, out_ptr[y], out_ptr[y + 1], e)
                    if mark[y, F_STAMP] == root:
                        known = np.int64(mark[y, F_FROM])
                    else:
                        known = first_after(out_events, fresh, out_ptr[y + 1], end - 1)
                    if fresh < known:
                        mark[y, F_STAMP] = root
                        mark[y, F_FROM] = fresh
                        f_left += known - fresh
                        if f_tail == f_queue.shape[0]:
                            f_queue = taller(f_queue)
                        f_queue[f_tail, 1] = fresh
                        f_queue[f_tail, 2] = known
                        f_queue[f_tail, 3] = h + 1
                        f_tail += 1
        else:
            p = b_queue[b_head, 1]
            stop = b_queue[b_head, 2]
            h = b_queue[b_head, 3]
            b_head += 1
            b_left -= stop - p
            work += stop - p
            while p < stop:
                e = in_events[p]
                p += 1
                y = payer[e]
                if y == s or value[e] < least or value[e] > greatest:
                    continue
                if b_number == b_found.size:
                    b_found = longer(b_found)
                b_found[b_number] = e
                b_number += 1
                if y == v:
                    b_home = True
                elif h + 2 < max_hops:
                    fresh = first_after(in_events, in_ptr[y], in_ptr[y + 1], e - 1)
                    if mark[y, B_STAMP] == root:
                        known = np.int64(mark[y, B_UPTO])
                    else:
                        known = first_after(in_events, in_ptr[y], fresh, root)
                    if fresh > known:
                        mark[y, B_STAMP] = root
                        mark[y, B_UPTO] = fresh
                        b_left += fresh - known
                        if b_tail == b_queue.shape[0]:
                            b_queue = taller(b_queue)
                        b_queue[b_tail, 1] = known
                        b_queue[b_tail, 2] = fresh
                        b_queue[b_tail, 3] = h + 1
                        b_tail += 1
    side = -1
    count = 0
    if f_left <= 0:
        side = 0
        if f_home:
            count = f_number
    elif b_left <= 0:
        side = 1
        if b_home:
            count = b_number
    return side, count, work, f_queue, b_queue, f_found, b_found


@kernel("void(int64, int64, int64, int32[::1], int32[::1], int32[::1], int64, int32[::1], int32[:, ::1])")
def prune(
    root: int,
    s: int,
    v: int,
    payer: Ints,
    payee: Ints,
    found: Ints,
    count: int,
    following: Ints,
    mark: Tables,
) -> None:
    """Of the transactions found, keep those on a way v → … → s in time order.

    They stand in `found`, listed by account in time order: from mark[account, HEAD] on through `following`.
    """
    sort(found, count)
    mark[v, A_STAMP] = root
    mark[v, ARRIVE] = root
    kept = 0
    for k in range(count):
        e = found[k]
        x = payer[e]
        y = payee[e]
        if mark[x, A_STAMP] == root and mark[x, ARRIVE] < e:
            if y != s and mark[y, A_STAMP] != root:
                mark[y, A_STAMP] = root
                mark[y, ARRIVE] = e
            found[kept] = e
            kept += 1
    for k in range(kept - 1, -1, -1):
        e = found[k]
        x = payer[e]
        y = payee[e]
        hops = 1
        if y != s:
            if mark[y, D_STAMP] != root or mark[y, DEPART] < e:
                continue
            hops = mark[y, HOME] + 1
        if mark[x, D_STAMP] != root:
            mark[x, D_STAMP] = root
            mark[x, DEPART] = e
            mark[x, HOME] = hops
            mark[x, HEAD] = -1
        if hops < mark[x, HOME]:
            mark[x, HOME] = hops
        following[k] = mark[x, HEAD]
        mark[x, HEAD] = k


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


@kernel("void(int32[::1], int64)")
def sort(array: Ints, count: int) -> None:
    """Shell sort in place of the first `count`: short lists mostly, and far less to compile than a library sort."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap >= 1:
        for i in range(gap, count):
            x = array[i]
            j = i
            while j >= gap and array[j - gap] > x:
                array[j] = array[j - gap]
                j -= gap
            array[j] = x
        gap //= 3
