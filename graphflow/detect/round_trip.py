"""Round trip: money there and back between two or three accounts, of whatever part."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByTime
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow, in_parts, microseconds
from graphflow.graph import FlowGraph
from graphflow.kernels import handed_on as kernels
from graphflow.kernels.engine import ready
from graphflow.rarity import Choice, cut_words, rarest
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]
Way = tuple[int, int, int]
"""A payment, the payment on over a third account (-1: none), and the return."""


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """Money there and back between two or three accounts, of whatever part.

    What it sees
        Ways from an account over one or two others and back to it, each transaction not earlier than the one before
        (ties by ledger order), inside `window`, each worth at least `back` of the first and at most 1 / `back` of it.
        Each way takes the first such return. Self-transfers are left out. Ways over the same accounts whose times
        overlap are one finding. With two accounts it also takes what the first one pays the second within `window`
        after the last return: the bait repayment of investment fraud is a small return, then much larger payments.
    Measures
        hops (2 or 3), rounds (ways), back_share (value that came back to the first account over value it had sent by
        the last return), kept (smallest value over largest on the way that keeps most), later_ratio (what the first
        account paid after the first return, over what it had paid before it; 0 for three hops), span_hours.
    When it is fooled
        Friends lend and pay back, shops refund, firms trade with each other. One red flag alone stays at review. Cycle
        sees the same over more accounts where the value stays whole.
    Parameters
        window         7 days from the first transaction to the return
        back           0.01: a return of less is no round trip
        bait, later    at most 0.30 of what was sent comes back first, then at least 2 times as much as before is paid
        hub            an account with more than 50 counterparties in 24 hours is not traversed, nor is a
                       gateway; that is said
        rarest         400 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        FinCEN alert FIN-2023-Alert005 on investment fraud: a small withdrawal is allowed, then larger payments follow.

    Example
    -------
    >>> RoundTrip().window
    datetime.timedelta(days=7)
    """

    name: ClassVar[str] = "round-trip"

    window: timedelta = threshold(timedelta(days=7), "duration", "AMLworld: to and fro for days; judgement")
    back: float = threshold(0.01, "share", "judgement")
    bait: float = threshold(0.30, "share", "FIN-2023-Alert005: a small withdrawal; number by judgement")
    later: float = threshold(2.0, "times", "FIN-2023-Alert005: much larger sums; number by judgement")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")
    rarest: int = threshold(400, "findings at a million transfers", "judgement")

    def cut(self) -> ByTime:
        """A way lasts `window` at most; what else is paid between its ends may follow it."""
        return ByTime(self.window, self._sieve, lambda flow: untraversed(flow, self.hub), parallel=True)

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first transaction."""
        flow = graph.flow
        skipped = untraversed(flow, self.hub)
        trips = [self._trip(flow, ways) for ways in _overlapping(flow, self._ways(flow, skipped))]
        rare = _rare(flow, trips, self.rarest)
        for trip in (trip for trip, keep in zip(trips, rare.kept, strict=True) if keep):
            yield self._finding(flow, trip)
        return (*untraversed_words(flow, self.hub), *cut_words(rare.left_out, "round trip"))

    def _ways(self, flow: Flow, skipped: npt.NDArray[np.bool_]) -> Longs:
        """Rows (payment, payment on or -1, return) by payment."""
        got, sent, run = flow.received, flow.sent, ready(kernels, flow.size).returned
        parts = in_parts(
            lambda a, b: run(
                a, b, got.ptr, got.events, got.others, sent.ptr, sent.events, sent.others, flow.time, flow.value,
                flow.account_count, microseconds(self.window), self.back, skipped,
            ),
            got.ptr + sent.ptr,
        )  # fmt: skip
        ways: Longs = np.concatenate([rows[:number] for rows, number in parts])
        return ways[np.lexsort((ways[:, 2], ways[:, 1], ways[:, 0]))]

    def _sieve(self, flow: Flow) -> Longs:
        """The transactions of all ways."""
        ways = self._ways(flow, untraversed(flow, self.hub))
        return np.unique(ways[ways >= 0])

    def _trip(self, flow: Flow, ways: list[Way]) -> _Trip:
        first = ways[0]
        accounts = [int(flow.payer[event]) for event in first if event >= 0]
        events = np.unique([event for way in ways for event in way if event >= 0])
        if len(accounts) == 2:
            events = np.union1d(events, self._following(flow, accounts[0], accounts[1], int(events[-1])))
        kept = max(_kept([int(flow.value[event]) for event in way if event >= 0]) for way in ways)
        return _Trip(accounts, events.astype(np.int64), len(ways), kept)

    def _following(self, flow: Flow, payer: int, payee: int, last: int) -> Longs:
        """The payments from one account to another after an event and not more than `window` later."""
        a, b = int(flow.sent.ptr[payer]), int(flow.sent.ptr[payer + 1])
        events, others = flow.sent.events[a:b], flow.sent.others[a:b]
        until = flow.time[last] + microseconds(self.window)
        after: Longs = events[(others == payee) & (events > last) & (flow.time[events] <= until)].astype(np.int64)
        return after

    def _finding(self, flow: Flow, trip: _Trip) -> Finding:
        first, names = trip.accounts[0], flow.names.gather(trip.accounts).to_list()
        sent = trip.events[flow.payer[trip.events] == first]
        returned = trip.events[flow.payee[trip.events] == first]
        back = int(flow.value[returned].sum()) / max(1, int(flow.value[sent[sent < returned[-1]]].sum()))
        before, after = sent[sent < returned[0]], sent[sent > returned[0]]
        later = int(flow.value[after].sum()) / max(1, int(flow.value[before].sum())) if len(names) == 2 else 0.0
        sums = totals(flow, returned, np.zeros(1, np.int64))
        lasted = timedelta(microseconds=int(flow.time[trip.events[-1]] - flow.time[trip.events[0]]))
        over = f"over {named(names[1])}" + (f" and {named(names[2])}" if len(names) == 3 else "")
        return Finding(
            detector=self.name,
            accounts=tuple(names),
            rows=flow.ledger_rows(trip.events),
            ledger=flow.ledger,
            amount=int(sums.amount[0]),
            currency=sums.currency[0],
            measures={
                "hops": len(names),
                "rounds": trip.rounds,
                "back_share": round(back, 4),
                "kept": round(trip.kept, 4),
                "later_ratio": round(later, 2),
                "span_hours": round(lasted.total_seconds() / 3600, 2),
            },
            parts=tuple(self._parts(len(names), back, later)),
            reason=(
                f"{percent(back)} of what {named(names[0])} sent {over} came back in "
                f"{count(len(returned), 'payment')} within {span(lasted)}"
            ),
        )

    def _parts(self, hops: int, back: float, later: float) -> Iterator[Part]:
        yield Part("structure", 1.0, f"there and back in {hops} hops")
        if hops == 2 and back <= self.bait and later >= self.later:
            sentence = f"a small part came back, then {later:.3g} times as much as before was paid"
            yield Part("history", 2.0, sentence, decisive=True)


@dataclass(frozen=True)
class _Trip:
    """Accounts from the first payer on, transactions in time order, combinations, and the share the best way keeps."""

    accounts: list[int]
    events: Longs
    rounds: int
    kept: float


def _kept(values: list[int]) -> float:
    return min(values) / max(*values, 1)


def _overlapping(flow: Flow, ways: Longs) -> list[list[Way]]:
    """Groups of ways over the same set of accounts whose times overlap, by first payment."""
    latest: dict[frozenset[int], tuple[list[Way], int]] = {}
    groups: list[list[Way]] = []
    begins, ends = flow.time[ways[:, 0]].tolist(), flow.time[ways[:, 2]].tolist()
    payers = [flow.payer[ways[:, k]].tolist() for k in range(3)]  # of no payment on: some payer that is not looked at
    for k, (out, on, back) in enumerate(ways.tolist()):
        accounts = frozenset((payers[0][k], payers[2][k]) if on < 0 else (payers[0][k], payers[1][k], payers[2][k]))
        group, until = latest.get(accounts, ([], begins[k] - 1))
        if begins[k] > until:
            group = []
            groups.append(group)
        group.append((out, on, back))
        latest[accounts] = group, max(until, ends[k])
    return groups


def _rare(flow: Flow, trips: list[_Trip], most: int) -> Choice:
    """Which trips are among the rarest, by their amounts and one-off pairs."""
    if not trips:
        return Choice(np.empty(0, np.bool_), 0)
    sizes = np.array([trip.events.size for trip in trips])
    events = np.concatenate([trip.events for trip in trips])
    starts = np.cumsum(sizes) - sizes
    once = np.add.reduceat(flow.rarity.one_off[events].astype(np.int64), starts)
    points = flow.rarity.volume(events, starts).points + flow.rarity.novelty(sizes, once)
    return rarest(flow, points, most, "trip")
