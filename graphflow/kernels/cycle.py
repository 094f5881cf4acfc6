"""Simple temporal cycles, searched from the cheaper side and bundled by account sequence.

For each first transaction s → v, `reach` goes forward from v and backward from s at once, and always
advances the side with fewer transactions still to look at: a hub on one side costs nothing. The side that
finishes first holds every transaction that can lie on a cycle; `prune` leaves, by earliest arrival and then by
latest departure, the few that really can; `walk` lists the account sequences that close. Parallel transactions
are one step of that walk: `bundle` counts their combinations instead of listing them.
"""

from __future__ import annotations

import numpy as np

from graphflow.kernels.csr import KEEP_SLACK, Ints, Longs
from graphflow.kernels.cycle_reach import D_STAMP, Tables, prune, reach
from graphflow.kernels.cycle_walk import walk
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import longer

_GLANCE = 32
"""Receipts of the payer that are looked at before a search begins: most first transactions end there."""


@kernel(
    "Tuple((int64[:, ::1], int64, int32[::1], int64, int64[::1]))(int64, int64, int32[::1], "
    "int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], "
    "int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], int32[:, ::1], int64, float64, int64, int64, "
    "int64, int64, int64)"
)
def search(
    first: int,
    last: int,
    payer: Ints,
    payee: Ints,
    until: Ints,
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
    mark: Tables,
    max_hops: int,
    keep: float,
    budget: int,
    account_budget: int,
    task_budget: int,
    most: int,
    width: int,
) -> tuple[Longs, int, Ints, int, Longs]:
    """Cycles whose first transaction is a payment of one of the accounts first..last-1.

    until  per event, the first event outside the window that starts with it
    out_*, in_*  payments and receipts by account, with the other ends and the values beside the events
    next_out, next_in  see `csr.onward`
    mark   scratch of `COLUMNS` an account, -1 everywhere, or as a call over other accounts left it
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
    seen = np.zeros(out_ptr.size - 1, np.int64)
    expansions = 0
    f_queue = np.empty((256, 4), np.int64)
    b_queue = np.empty((256, 4), np.int64)
    f_found = np.empty(256, np.int32)
    b_found = np.empty(256, np.int32)
    following = np.empty(256, np.int32)
    stack = np.empty(256, np.int32)
    for s in range(first, last):
        spent = 0
        b0 = in_ptr[s]
        stop = in_ptr[s + 1]
        for p in range(out_ptr[s], out_ptr[s + 1]):
            root = out_events[p]
            while b0 < stop and in_events[b0] <= root:
                b0 += 1
            if b0 == stop:
                break
            end = until[root]
            least = KEEP_SLACK * keep * out_values[p]
            greatest = out_values[p] / (KEEP_SLACK * keep) if keep > 0 else 1e300
            near = b0
            glance = min(stop, b0 + _GLANCE)
            while near < glance and in_events[near] < end and not least <= in_values[near] <= greatest:
                near += 1
            if near == stop or in_events[near] >= end:
                continue
            f0 = next_out[root]
            if f0 < 0 or out_events[f0] >= end:
                continue
            if spent > account_budget or cut[2] > task_budget:
                cut[0] += 1
                continue
            v = out_others[p]
            side, count, work, f_queue, b_queue, f_found, b_found = reach(
                root, s, v, end, f0, b0, least, greatest, out_ptr, out_events, out_others, out_values,
                in_ptr, in_events, in_others, in_values, next_out, next_in, max_hops, budget,
                mark, f_queue, b_queue, f_found, b_found,
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
                        root, s, v, payee, found, following, mark, seen, expansions, max_hops, most, 10 * budget,
                        width, number, used, rows, flat, stack, cut,
                    )  # fmt: skip
                    work += steps
                    if not whole:
                        cut[0] += 1
            spent += work
            cut[2] += work
    return rows, number, flat, used, cut
