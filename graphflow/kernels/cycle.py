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
from graphflow.kernels.cycle_reach import A_STAMP, B_STAMP, COLUMNS, D_STAMP, F_STAMP, prune, reach
from graphflow.kernels.cycle_walk import walk
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import longer


@kernel(
    "Tuple((int64[:, ::1], int64, int32[::1], int64, int64[::1]))(int64, int64, int32[::1], "
    "int32[::1], int64[::1], int32[::1], int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], "
    "int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], int64, int64, float64, int64, int64, "
    "int64, int64, int64)"
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
    out_others: Ints,
    out_values: Longs,
    in_ptr: Longs,
    in_events: Ints,
    in_others: Ints,
    in_values: Longs,
    next_out: Ints,
    next_in: Ints,
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
    out_*, in_*  payments and receipts by account, with the other ends and the values beside the events
    next_out, next_in  see `csr.onward`
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
        f0 = next_out[root]
        if f0 < 0 or out_events[f0] >= end:
            continue
        b0 = next_in[root]
        if b0 < 0 or in_events[b0] >= end:
            continue
        if spent[s] > account_budget or cut[2] > task_budget:
            cut[0] += 1
            continue
        least = KEEP_SLACK * keep * value[root]
        greatest = value[root] / (KEEP_SLACK * keep) if keep > 0 else 1e300
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
                    root, s, v, payee, found, following, mark, seen, expansions, max_hops, most, 10 * budget, width,
                    number, used, rows, flat, stack, cut,
                )  # fmt: skip
                work += steps
                if not whole:
                    cut[0] += 1
        spent[s] += work
        cut[2] += work
    return rows, number, flat, used, cut
