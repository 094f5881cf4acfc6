"""Groups of accounts that have counterparties in common: what bipartite and stack are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from graphflow.flow import Adjacency, Flow, in_parts, microseconds
from graphflow.kernels import shared as kernels
from graphflow.kernels.engine import ready

Longs = npt.NDArray[np.int64]


def sharing(
    flow: Flow, side: Adjacency, back: Adjacency, window: timedelta, skipped: npt.NDArray[np.bool_], minimum: int
) -> Longs:
    """Pairs of account codes, the smaller first, with at least `minimum` counterparties in common.

    side   transfers by account in the direction that counts (`flow.sent`: payers of the same payees); back: the other
    A counterparty is common when both have a transfer with it not more than `window` apart. Accounts `skipped`
    are left out on both sides.
    """
    run = ready(kernels, flow.size).sharing
    parts = in_parts(
        lambda a, b: run(
            a, b, side.ptr, side.events, side.others, back.ptr, back.events, back.others, flow.time,
            flow.account_count, microseconds(window), skipped, minimum,
        ),
        side.ptr,
    )  # fmt: skip
    return np.concatenate([rows[:number, :2] for rows, number in parts])


def components(pairs: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Accounts that hang together over pairs, each group in ascending order, by its first account.

    >>> list(components([(1, 2), (5, 9), (2, 7)]))
    [[1, 2, 7], [5, 9]]
    """
    parent: dict[int, int] = {}

    def root(a: int) -> int:
        while parent.setdefault(a, a) != a:
            parent[a] = a = parent[parent[a]]
        return a

    for a, b in pairs:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    groups: dict[int, list[int]] = {}
    for a in sorted(parent):
        groups.setdefault(root(a), []).append(a)
    yield from groups.values()


def common(
    flow: Flow, side: Adjacency, group: list[int], window: timedelta, skipped: npt.NDArray[np.bool_]
) -> dict[int, list[int]]:
    """Counterparty → events with the group, of those that some two accounts of it deal with within `window`."""
    span = microseconds(window)
    events: dict[int, list[tuple[int, int]]] = {}
    for a in group:
        for p in range(int(side.ptr[a]), int(side.ptr[a + 1])):
            other = int(side.others[p])
            if not skipped[other]:
                events.setdefault(other, []).append((int(side.events[p]), a))
    found = {}
    for other, dealt in sorted(events.items()):
        dealt.sort()
        near = _near(flow, dealt, span)
        if near:
            found[other] = near
    return found


def _near(flow: Flow, dealt: list[tuple[int, int]], span: int) -> list[int]:
    """Events of which another account of the group has one not more than `span` away: the nearest one, either way."""
    near = set[int]()
    for way in (dealt, dealt[::-1]):
        last, foreign = way[0], None  # the event before on this way, and the nearest one of another account
        for now in way:
            if last[1] != now[1]:
                foreign = last
            if foreign and abs(int(flow.time[now[0]] - flow.time[foreign[0]])) <= span:
                near.add(now[0])
            last = now
    return sorted(near)


def pruned(
    flow: Flow, kept: dict[int, list[int]], own: npt.NDArray[np.int32], least_own: int, least_others: int
) -> dict[int, list[int]]:
    """The part in which each own account has at least `least_own` counterparties and each of those `least_others`.

    own  per event, the account of the group (payers for `flow.sent`)
    """
    while True:
        per_own: dict[int, set[int]] = {}
        for other, events in kept.items():
            for event in events:
                per_own.setdefault(int(own[event]), set()).add(other)
        good = {a for a, others in per_own.items() if len(others) >= least_own}
        left = {
            other: [event for event in events if int(own[event]) in good]
            for other, events in kept.items()
            if len({int(own[event]) for event in events} & good) >= least_others
        }
        if left == kept:
            return kept
        kept = left
