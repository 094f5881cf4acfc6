"""What can lie on a cycle: the search from both ends of a first transaction, and what it leaves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import Ints, Longs, first_after
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
    "Tuple((int64, int64, int64, int64[:, ::1], int64[:, ::1], int32[::1], int32[::1]))(int64, "
    "int64, int64, int64, int64, int64, float64, float64, int64[::1], int32[::1], int32[::1], "
    "int64[::1], int64[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], int64, "
    "int64, int32[:, ::1], int64[:, ::1], int64[:, ::1], int32[::1], int32[::1])"
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
    out_ptr: Longs,
    out_events: Ints,
    out_others: Ints,
    out_values: Longs,
    in_ptr: Longs,
    in_events: Ints,
    in_others: Ints,
    in_values: Longs,
    next_out: Ints,
    next_in: Ints,
    max_hops: int,
    budget: int,
    mark: Tables,
    f_queue: Longs,
    b_queue: Longs,
    f_found: Ints,
    b_found: Ints,
) -> tuple[int, int, int, Longs, Longs, Ints, Ints]:
    """Look forward from v and backward from s until one side has seen all there is.

    The lists of payments and receipts come with their other ends and values beside them: what is looked at lies
    together in memory. Queue rows are (unused, start, stop, hops): positions to look at.
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
                y = out_others[p]
                worth = out_values[p]
                p += 1
                if y == v or worth < least or worth > greatest:
                    continue
                if f_number == f_found.size:
                    f_found = longer(f_found)
                f_found[f_number] = e
                f_number += 1
                if y == s:
                    f_home = True
                elif h + 1 < max_hops:
                    fresh = next_out[e]
                    if fresh < 0:
                        continue
                    if mark[y, F_STAMP] == root:
                        known = int(mark[y, F_FROM])
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
                y = in_others[p]
                worth = in_values[p]
                p += 1
                if y == s or worth < least or worth > greatest:
                    continue
                if b_number == b_found.size:
                    b_found = longer(b_found)
                b_found[b_number] = e
                b_number += 1
                if y == v:
                    b_home = True
                elif h + 2 < max_hops:
                    fresh = next_in[e] if next_in[e] >= 0 else in_ptr[y + 1]
                    if mark[y, B_STAMP] == root:
                        known = int(mark[y, B_UPTO])
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
