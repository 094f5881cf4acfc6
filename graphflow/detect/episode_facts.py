"""What is told of an episode, receipts of an account and the payments that moved them on: shares, and times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.flow import Flow, microseconds

Longs = npt.NDArray[np.int64]

SOON = (timedelta(minutes=15), timedelta(minutes=60), timedelta(hours=24))
"""The spans within which the value that left is told."""


@dataclass(frozen=True)
class Facts:
    """The account and its receipts and payments, each counted once; their amount and currency as they came in.

    rough    their values compare only roughly
    moved    share of the receipts' value that left; soon: within each of `SOON`
    kept     value of the receipts over that of the payments, or its inverse
    dwell    how long what left had stayed, on average by value; median: half of it stayed no longer
    """

    account: str
    receipts: int
    payments: int
    amount: int
    currency: str
    rough: bool
    moved: float
    kept: float
    soon: tuple[float, float, float]
    dwell: timedelta
    median: timedelta


def facts_of(flow: Flow, shown: list[Longs]) -> Iterator[Facts]:
    """What is measured of each episode; over all of them at once, as there are thousands of small ones."""
    if not shown:
        return
    sizes = np.array([len(episode) for episode in shown])
    starts, owner = np.cumsum(sizes) - sizes, np.repeat(np.arange(sizes.size), sizes)
    rows = np.concatenate(shown)
    (came, came_at), (went, went_at) = _each_once(flow, owner, rows[:, 0]), _each_once(flow, owner, rows[:, 1])
    got, paid = np.add.reduceat(flow.value[came], came_at), np.add.reduceat(flow.value[went], went_at)
    waited, taken = flow.time[rows[:, 1]] - flow.time[rows[:, 0]], rows[:, 2]  # of each link, which is worth something
    moved = np.add.reduceat(taken, starts)
    soon = [np.add.reduceat(np.where(waited <= microseconds(s), taken, 0), starts) / got for s in SOON]
    dwell = np.add.reduceat(waited * taken.astype(np.float64), starts) / moved
    sums, rough = totals(flow, came, came_at), totals(flow, rows[:, :2].ravel(), 2 * starts).rough
    yield from map(
        Facts,
        flow.names.gather(flow.payee[rows[starts, 0]]).to_list(),
        np.diff(came_at, append=came.size).tolist(),
        np.diff(went_at, append=went.size).tolist(),
        sums.amount.tolist(),
        sums.currency,
        rough.tolist(),
        (moved / got).tolist(),
        (np.minimum(got, paid) / np.maximum(got, paid)).tolist(),
        zip(*(share.tolist() for share in soon), strict=True),
        map(_span, np.rint(dwell).astype(np.int64).tolist()),
        map(_span, _middle(waited, taken, owner, starts).tolist()),
    )


def _each_once(flow: Flow, owner: Longs, events: Longs) -> tuple[Longs, Longs]:
    """The distinct events of each episode, and where each episode's begin."""
    keys = np.unique(owner * flow.size + events)
    return keys % flow.size, np.searchsorted(keys, np.arange(int(owner[-1]) + 1) * flow.size)


def _middle(waited: Longs, taken: Longs, owner: Longs, starts: Longs) -> Longs:
    """Per episode, the time after which half of what left had left."""
    order = np.lexsort((waited, owner))
    running = np.cumsum(taken[order])
    before = running[starts] - taken[order][starts]
    total = np.append(before[1:], running[-1]) - before
    middle: Longs = waited[order][np.searchsorted(running, before + (total + 1) // 2)]
    return middle


def _span(microseconds: int) -> timedelta:
    return timedelta(microseconds=microseconds)
