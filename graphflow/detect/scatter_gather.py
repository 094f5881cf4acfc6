"""Scatter-gather: one account pays several, who pay one account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, groupby
from math import log2
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByTime
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow, in_parts, microseconds
from graphflow.graph import FlowGraph
from graphflow.kernels import relay as kernels
from graphflow.kernels.engine import ready
from graphflow.rarity import Choice, cut_words, rarest
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ScatterGather:
    """One account pays several, who pay one account: money split and joined again.

    What it sees
        A leg is two transfers: source to an account between, and on to the sink, the second not earlier than the first
        (ties by ledger order) and not more than `window` later. A payment on is taken with the latest payment of the
        source before it. A window begins with a leg and holds the legs that begin and end within `window`; it is hot
        with at least `min_between` accounts between. An episode is the union of hot windows that share a leg, and is
        reported once. Whether a fee was kept does not matter for being seen. Self-transfers are left out.
    Measures
        between (accounts between), kept (value that arrived over value sent, 0 to 1; more arrived: its inverse),
        dwell_minutes (average time from the first transfer of a leg to the second, by value), span_hours.
    When it is fooled
        A payer of wages and a landlord of several tenants look alike, and so does a family that pools what one of
        them was paid. Then little of it is kept whole. An account between that pays first and is paid later is not
        seen: that money cannot be the same.
    Parameters
        min_between         2 accounts between
        window              96 hours from the first to the last transfer
        keep, high_keep     0.80 of the value arriving counts as conserved, 0.85 for `high`: mules keep 1 to 15 %
        high_between        3: with fewer the shape alone is no evidence
        fast                60 minutes between the two transfers of a leg, on average
        hub                 an account with more than 50 counterparties in 24 hours is not traversed, nor is a
                            gateway; that is said
        rarest              400 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        Altman et al., "Realistic Synthetic Financial Transactions for Anti-Money Laundering Models" (NeurIPS 2023):
        the pattern, and attempts that take up to 4 days.

    Example
    -------
    >>> ScatterGather(min_between=3).window
    datetime.timedelta(days=4)
    """

    name: ClassVar[str] = "scatter-gather"

    min_between: int = threshold(2, "accounts", "AMLworld: from 2 on; judgement")
    window: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: attempts take up to 4 days")
    keep: float = threshold(0.80, "share", "domain: mules keep 1 to 15 % a hop")
    high_keep: float = threshold(0.85, "share", "domain: mules keep 1 to 15 % a hop")
    high_between: int = threshold(3, "accounts", "judgement")
    fast: timedelta = threshold(timedelta(minutes=60), "duration", "RUSI/Lloyds 2025: half is gone within the hour")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")
    rarest: int = threshold(400, "findings at a million transfers", "judgement")

    def cut(self) -> ByTime:
        """A hot window lasts `window`."""
        return ByTime(self.window, self._sieve, lambda flow: untraversed(flow, self.hub))

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by source and sink in order of first appearance in the ledger, then by time."""
        flow = graph.flow
        skipped = untraversed(flow, self.hub)
        episodes = list(self._episodes(flow, self._legs(flow, skipped)))
        rare = _rare(flow, episodes, self.rarest)
        shown = [episode for episode, keep in zip(episodes, rare.kept, strict=True) if keep]
        for episode, facts in zip(shown, _facts(flow, shown), strict=True):
            yield self._finding(flow, episode, facts)
        return (*untraversed_words(flow, self.hub), *cut_words(rare.left_out, "episode"))

    def _sieve(self, flow: Flow) -> Longs:
        """The transfers of all legs between accounts that several lead to."""
        return np.unique(self._legs(flow, untraversed(flow, self.hub))[:, 3:])

    def _legs(self, flow: Flow, skipped: npt.NDArray[np.bool_]) -> Longs:
        """Rows (source, sink, between, event in, event out) by source, sink, and event in."""
        sent, run = flow.sent, ready(kernels, flow.size).scattered
        parts = in_parts(
            lambda a, b: run(
                a, b, sent.ptr, sent.events, sent.others, flow.time, flow.account_count, microseconds(self.window),
                skipped, self.min_between,
            ),
            sent.ptr,
        )  # fmt: skip
        legs: Longs = np.concatenate([rows[:number] for rows, number in parts])
        return legs[np.lexsort((legs[:, 4], legs[:, 3], legs[:, 1], legs[:, 0]))]

    def _episodes(self, flow: Flow, legs: Longs) -> Iterator[_Episode]:
        """Unions of hot windows."""
        timed = zip(
            map(_Leg._make, legs.tolist()), flow.time[legs[:, 3]].tolist(), flow.time[legs[:, 4]].tolist(), strict=True
        )
        for _, group in groupby(timed, key=lambda leg: leg[0][:2]):
            those, begins, ends = zip(*group, strict=True)
            accounts = [leg.between for leg in those]
            for united in _united(accounts, begins, ends, microseconds(self.window), self.min_between):
                yield _made([those[k] for k in united])

    def _finding(self, flow: Flow, episode: _Episode, facts: _Facts) -> Finding:
        names = flow.names.gather([episode.source, *episode.between, episode.sink]).to_list()
        between = len(episode.between)
        return Finding(
            detector=self.name,
            accounts=tuple(names),
            rows=flow.ledger_rows(episode.events),
            ledger=flow.ledger,
            amount=facts.amount,
            currency=facts.currency,
            measures={
                "between": between,
                "kept": round(facts.kept, 4),
                "dwell_minutes": round(facts.dwell.total_seconds() / 60, 1),
                "span_hours": round(facts.lasted.total_seconds() / 3600, 2),
            },
            parts=tuple(self._parts(flow, between, facts)),
            reason=(
                f"{named(names[0])} paid {count(between, 'account')} that paid {named(names[-1])}, "
                f"{percent(facts.kept)} of the value, in {span(facts.lasted)}"
            ),
        )

    def _parts(self, flow: Flow, between: int, facts: _Facts) -> Iterator[Part]:
        yield Part(
            "structure",
            round(min(4.0, 1 + log2(between)), 3),
            f"split over {count(between, 'account')} and joined again, each payment on after the one in",
            decisive=between >= self.high_between and not facts.rough,
        )
        if facts.kept >= self.keep:
            sure = facts.kept >= self.high_keep and not facts.rough
            yield Part("conservation", 2.0, f"{percent(facts.kept)} of the value arrived", decisive=sure)
        if facts.dwell <= self.fast and flow.ledger.precision < self.fast:
            yield Part("speed", 2.0, f"{span(facts.dwell)} from one transfer of a leg to the next", decisive=True)


class _Leg(NamedTuple):
    source: int
    sink: int
    between: int
    event_in: int
    event_out: int


class _Episode(NamedTuple):
    """Accounts between as first paid, transfers in and out of them, and all in time order."""

    source: int
    sink: int
    between: list[int]
    ins: npt.NDArray[np.int64]
    outs: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]
    waits: list[tuple[int, int]]


@dataclass(frozen=True)
class _Facts:
    amount: int
    currency: str
    rough: bool
    kept: float
    dwell: timedelta
    lasted: timedelta


def _united(
    between: Sequence[int], begins: Sequence[int], ends: Sequence[int], window: int, least: int
) -> Iterator[list[int]]:
    """Positions of the legs in each union of hot windows that share a leg; legs stand in the order of their begins.

    The window that begins with a leg holds those legs after it that end in time. So legs enter it in the order of their
    ends and leave it in that of their begins, and one pass does.
    """
    by_end = sorted(range(len(ends)), key=ends.__getitem__)
    earliest = list(accumulate(reversed(ends), min))[::-1]  # end among this leg and all after it
    inside: Counter[int] = Counter()
    entered, until = 0, begins[0] - 1  # legs that entered so far; end of the latest hot window
    episode: list[int] = []
    for k, account in enumerate(between):
        while entered < len(ends) and ends[by_end[entered]] <= begins[k] + window:
            inside[between[by_end[entered]]] += 1
            entered += 1
        if len(inside) >= least:
            if episode and earliest[k] > until:
                yield episode
                episode = []
            until = begins[k] + window
        if ends[k] <= until:
            episode.append(k)
        inside[account] -= 1
        if not inside[account]:
            del inside[account]
    if episode:
        yield episode


def _made(legs: list[_Leg]) -> _Episode:
    ins = np.unique([leg.event_in for leg in legs])
    outs = np.unique([leg.event_out for leg in legs])
    return _Episode(
        source=legs[0].source,
        sink=legs[0].sink,
        between=list(dict.fromkeys(leg.between for leg in legs)),
        ins=ins,
        outs=outs,
        events=np.union1d(ins, outs),
        waits=[(leg.event_in, leg.event_out) for leg in legs],
    )


def _rare(flow: Flow, episodes: list[_Episode], most: int) -> Choice:
    """Which episodes are among the rarest, by what went in."""
    if not episodes:
        return Choice(np.empty(0, np.bool_), 0)
    starts = np.cumsum([0] + [episode.ins.size for episode in episodes])[:-1]
    points = flow.rarity.volume(np.concatenate([episode.ins for episode in episodes]), starts).points
    return rarest(flow, points + np.array([len(episode.between) for episode in episodes]), most, "episode")


def _facts(flow: Flow, episodes: list[_Episode]) -> Iterator[_Facts]:
    if not episodes:
        return
    starts = np.cumsum([0] + [episode.ins.size for episode in episodes])[:-1]
    sums = totals(flow, np.concatenate([episode.ins for episode in episodes]), starts)
    whole = np.cumsum([0] + [episode.events.size for episode in episodes])[:-1]
    rough = totals(flow, np.concatenate([episode.events for episode in episodes]), whole).rough
    for k, episode in enumerate(episodes):
        sent, arrived = int(flow.value[episode.ins].sum()), int(flow.value[episode.outs].sum())
        legs = np.array(episode.waits)
        weights = flow.value[legs[:, 1]].astype(np.float64) + 1e-9
        waited = float(np.average(flow.time[legs[:, 1]] - flow.time[legs[:, 0]], weights=weights))
        yield _Facts(
            amount=int(sums.amount[k]),
            currency=sums.currency[k],
            rough=bool(rough[k]),
            kept=min(sent, arrived) / max(sent, arrived, 1),
            dwell=timedelta(microseconds=round(waited)),
            lasted=timedelta(microseconds=int(flow.time[episode.events[-1]] - flow.time[episode.events[0]])),
        )
