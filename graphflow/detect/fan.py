"""What fan-in and fan-out share: episodes of an account's receipts (or payments) and the facts about each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import isnan

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.flow import Adjacency, Flow, in_parts, in_threads, microseconds
from graphflow.kernels import fan as kernels
from graphflow.kernels.engine import ready
from graphflow.rarity import Choice, cut_words
from graphflow.rarity import rarest as keep_rarest
from graphflow.words import Note, percent

Longs = npt.NDArray[np.int64]

_PARTS = 4


@dataclass(frozen=True)
class Episode:
    """One account, and a stretch of its receipts (or payments) in which windows with many other ends overlap.

    lasted    from the first to the last transaction
    peak      most distinct other ends in one window; distinct: in the whole episode
    one_off   other ends whose transfers with this account, in the whole ledger, all lie within one window
    moved     share of the value that FIFO matching moved on (or that funded it) within the dwell time
    spread    standard deviation of the values over their mean
    stays     how long matched money stays with the account on average, over the whole ledger
    rough     the amounts are of currencies that can only roughly be compared
    """

    account: str
    events: npt.NDArray[np.int32]
    lasted: timedelta
    peak: int
    distinct: int
    one_off: int
    moved: float
    spread: float
    stays: timedelta | None
    amount: int
    currency: str
    rough: bool

    @property
    def one_off_share(self) -> float:
        """Share of the other ends that are one-off."""
        return self.one_off / self.distinct


@dataclass(frozen=True)
class Episodes:
    """Episodes by account and time, and what was not reported: hubs, ordinary episodes, and the less rare ones."""

    found: Iterator[Episode]
    hubs: int
    ordinary: int
    common: int

    def left_out(self, noun: str, most: int, least: float) -> tuple[str, ...]:
        """What was not reported, in words."""
        lines: list[str] = []
        if self.hubs:
            lines.append(Note.of(self.hubs, "account", f"with more than {most:,} {noun} at once not reported (hubs)"))
        if self.ordinary:
            rest = f"with under {percent(least)} one-off {noun} not reported (an account's ordinary life)"
            lines.append(Note.of(self.ordinary, "episode", rest))
        return (*lines, *cut_words(self.common, "episode"))


def episodes(
    flow: Flow,
    side: Adjacency,
    moved: Longs,
    *,
    window: timedelta,
    dwell: timedelta,
    minimum: int,
    most: int,
    least_one_off: float,
    rarest: int,
) -> Episodes:
    """Episodes with at least `minimum` other ends in one window, at least the share `least_one_off` of them one-off.

    Of many the `rarest` (see `graphflow.rarity`). An other end is one-off when all its transfers with the account,
    in the whole ledger, lie within one window.
    """
    run = ready(kernels, flow.size)
    parts = in_parts(
        lambda a, b: run.episodes(
            a, b, side.ptr, side.events, side.others, flow.time, flow.account_count, microseconds(window), minimum
        ),
        side.ptr,
    )
    found = np.concatenate([rows[:number] for rows, number in parts])
    hubs = np.unique(found[found[:, 3] > most, 0])
    found = np.ascontiguousarray(found[~np.isin(found[:, 0], hubs)])
    cuts = np.linspace(0, len(found), _PARTS + 1).astype(int).tolist()
    described = in_threads(
        lambda a, b: run.describe(
            found[a:b], side.ptr, side.events, side.others, side.values, flow.time, moved, flow.account_count,
            microseconds(window),
        ),
        list(pairwise(cuts)),
    )  # fmt: skip
    facts, spread = (np.concatenate(columns) for columns in zip(*described, strict=True))
    unusual = facts[:, 1] >= least_one_off * facts[:, 0]
    found, facts, spread = found[unusual], facts[unusual], spread[unusual]
    rare = _rarest(flow, side, found, facts, rarest)
    kept = rare.kept
    shown = _described(flow, side, found[kept], facts[kept], spread[kept], dwell)
    return Episodes(shown, int(hubs.size), int((~unusual).sum()), rare.left_out)


def _rarest(flow: Flow, side: Adjacency, found: Longs, facts: Longs, most: int) -> Choice:
    """Which episodes are among the rarest by the amounts and the one-off ends they have."""
    if not found.size:
        return Choice(np.empty(0, np.bool_), 0)
    events, starts, _ = _events(side, found)
    points = flow.rarity.volume(events, starts).points + flow.rarity.novelty(facts[:, 0], facts[:, 1])
    return keep_rarest(flow, points, most, "episode", found[:, 0])


def _events(side: Adjacency, found: Longs) -> tuple[npt.NDArray[np.int32], Longs, Longs]:
    """The events of all episodes one after the other, and where each begins and stops among them."""
    lengths = found[:, 2] - found[:, 1]
    stops = np.cumsum(lengths)
    starts = stops - lengths
    return side.events[np.repeat(found[:, 1] - starts, lengths) + np.arange(lengths.sum())], starts, stops


def _described(
    flow: Flow, side: Adjacency, found: Longs, facts: Longs, spread: npt.NDArray[np.float64], dwell: timedelta
) -> Iterator[Episode]:
    events, starts, stops = _events(side, found)
    sums = totals(flow, events, starts)
    lasted = flow.time[events[stops - 1]] - flow.time[events[starts]]
    columns = (
        flow.names.gather(found[:, 0]).to_list(),
        starts.tolist(),
        stops.tolist(),
        lasted.tolist(),
        found[:, 3].tolist(),
        facts[:, :2].tolist(),
        (facts[:, 3] / np.maximum(facts[:, 2], 1)).tolist(),
        (spread[:, 1] / np.maximum(spread[:, 0], 1e-12)).tolist(),
        flow.stays(dwell)[found[:, 0]].tolist(),
        sums.amount.tolist(),
        sums.currency,
        sums.rough.tolist(),
    )
    for account, start, stop, us, peak, (distinct, one_off), share, deviation, seconds, amount, currency, rough in zip(
        *columns, strict=True
    ):
        yield Episode(
            account=account,
            events=events[start:stop],
            lasted=timedelta(microseconds=us),
            peak=peak,
            distinct=distinct,
            one_off=one_off,
            moved=share,
            spread=deviation,
            stays=None if isnan(seconds) else timedelta(seconds=seconds),
            amount=amount,
            currency=currency,
            rough=rough,
        )
