"""Cycle: money that comes back to the account it left, in time order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow, in_parts
from graphflow.graph import FlowGraph
from graphflow.kernels import cycle as kernels
from graphflow.kernels.cycle_reach import COLUMNS
from graphflow.kernels.engine import ready
from graphflow.ledger import major
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]

_BUDGET = 100_000
_ACCOUNT_BUDGET = 5_000_000
_TASK_BUDGET = 400_000_000
_MOST = 1_000
_WIDTH = 64
_TASKS = 16


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Money that comes back to the account it left, in time order.

    What it sees
        Simple temporal cycles: transactions from account to account, no account twice, each not earlier than the one
        before (ties by ledger order), back at the first account within `window` of the first transaction, with 2 to
        `max_hops` hops. Each transaction is worth between `keep` and 1 / `keep` of the first one, in one value
        basis (several currencies: the ledger's own median rates). Self-transfers are left out. Parallel transactions
        are bundled. Cycles over the same accounts whose times overlap are one finding, with their count.
    Measures
        hops, cycles (combinations of transactions that close), kept (the smallest value over the largest on the
        best cycle, which is the one that keeps most), span_hours (of that cycle).
    When it is fooled
        Refunds, loans repaid and money lent round between friends come back too: two hops stay at review. Cycles are
        rarer than chains in telecom fraud; they show turnover being faked, and bait paid back to a victim.
    Parameters
        max_hops    10 at most; window: 72 hours; keep: 0.50 for review; high_keep: 0.90, a fee of 0 to 15 % a hop
        fast        6 hours for the whole way round
    Bounds
        100,000 transactions looked at for each first transaction, 5 million for each account that starts cycles,
        1,000 account sequences for each first transaction, 64 parallel transactions cited a hop. What they cut is said.
    Source
        Blanuša et al., "Scalable Fine-Grained Parallel Cycle Enumeration Algorithms" (SPAA 2022), for the definition;
        AMLSim plants cycles of 5 to 10 accounts.

    Example
    -------
    >>> Cycle(window=timedelta(hours=24)).max_hops
    10
    """

    name: ClassVar[str] = "cycle"

    max_hops: int = threshold(10, "hops", "IBM AMLSim plants cycles of 5 to 10 accounts")
    window: timedelta = threshold(timedelta(hours=72), "duration", "judgement; AMLSim's cycles take 5 to 20 days")
    keep: float = threshold(0.50, "share", "judgement")
    high_keep: float = threshold(0.90, "share", "judgement: commissions of 1 to 5 % a hop (press, 2019 and 2021)")
    fast: timedelta = threshold(timedelta(hours=6), "duration", "judgement")

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first transaction."""
        flow = graph.flow
        rows, events, cut = self._search(flow)
        cited = _Cited(flow, events)
        for group in _overlapping(_bundles(rows, events, cited), cited):
            yield self._finding(flow, cited, group)
        return tuple(self._cut_words(cut))

    def _search(self, flow: Flow) -> tuple[Longs, npt.NDArray[np.int32], Longs]:
        """Rows (first event, hops, combinations, start in events, stop) of each account sequence that closes."""
        until, sent, got = flow.until(self.window), flow.sent, flow.received
        sides = [column for side in (sent, got) for column in (side.ptr, side.events, side.others, side.values)]
        search, scratch = ready(kernels, flow.size).search, threading.local()

        def run(first: int, last: int) -> Any:
            if not hasattr(scratch, "mark"):
                scratch.mark = np.full((flow.account_count, COLUMNS), -1, np.int32)
            return search(
                first, last, flow.payer, flow.payee, until, *sides, *flow.onward, scratch.mark,
                self.max_hops, self.keep, _BUDGET, _ACCOUNT_BUDGET, _TASK_BUDGET, _MOST, _WIDTH,
            )  # fmt: skip

        parts = in_parts(run, sent.ptr, min(_TASKS, flow.size // 2000 + 1))
        shift = np.cumsum([0] + [used for *_, used, _ in parts])
        tables = [
            rows[:number] + np.array([0, 0, 0, at, at]) for (rows, number, *_), at in zip(parts, shift, strict=False)
        ]
        events = np.concatenate([flat[:used] for _, _, flat, used, _ in parts])
        return np.concatenate(tables), events, np.sum([cut for *_, cut in parts], axis=0)

    def _cut_words(self, cut: Longs) -> Iterator[str]:
        if cut[0]:
            yield f"the search from {count(int(cut[0]), 'first transaction')} was stopped by a work budget"
        if cut[1]:
            yield f"{count(int(cut[1]), 'hop')} with more than {_WIDTH} parallel transactions cite the first {_WIDTH}"

    def _finding(self, flow: Flow, cited: _Cited, group: list[_Bundle]) -> Finding:
        kept, way = max((_best(bundle.hops, cited.value) for bundle in group), key=itemgetter(0))
        names = tuple(cited.names[cited.payer[event]] for event in way)
        cycles = sum(bundle.combinations for bundle in group)
        lasted = timedelta(microseconds=cited.time[way[-1]] - cited.time[way[0]])
        amount, currency, rough = _carried(flow, cited, way)
        text = f"{major(amount, flow.ledger.decimals[currency])} {currency}"
        times = f", {cycles:,} ways over the same accounts" if cycles > 1 else ""
        return Finding(
            detector=self.name,
            accounts=names,
            rows=flow.ledger_rows(np.array(sorted({event for b in group for hop in b.hops for event in hop}))),
            ledger=flow.ledger,
            amount=amount,
            currency=currency,
            measures={
                "hops": len(way),
                "cycles": cycles,
                "kept": round(kept, 4),
                "span_hours": round(lasted.total_seconds() / 3600, 2),
            },
            parts=tuple(self._parts(flow, len(way), kept, lasted, rough=rough)),
            reason=(
                f"{text} went from {named(names[0])} over {count(len(way) - 1, 'account')} back to it in "
                f"{span(lasted)}, {percent(kept)} kept{times}"
            ),
        )

    def _parts(self, flow: Flow, hops: int, kept: float, lasted: timedelta, *, rough: bool) -> Iterator[Part]:
        real = hops >= 3
        yield Part(
            "structure", round(1 + min(hops, 6) / 3, 3), f"a way round of {hops} hops in time order", decisive=real
        )
        if kept >= self.high_keep:
            yield Part("conservation", 2.0, f"{percent(kept)} of the value came back", decisive=not rough)
        if lasted <= self.fast and flow.ledger.precision < self.fast:
            yield Part("speed", 1.0, f"the whole way took {span(lasted)}", decisive=False)


class _Cited:
    """Columns of the transactions that lie on cycles, by event: read out of the ledger once."""

    def __init__(self, flow: Flow, events: npt.NDArray[np.int32]) -> None:
        cited = np.unique(events)
        self._events: list[int] = cited.tolist()
        self.payer, self.time = self._column(flow.payer[cited]), self._column(flow.time[cited])
        self.value, self.paid = self._column(flow.value[cited]), self._column(flow.paid[cited])
        self.currency = self._column(flow.currency_codes[cited])
        codes = np.unique(flow.payer[cited])
        self.names: dict[int, str] = dict(zip(codes.tolist(), flow.names.gather(codes).to_list(), strict=True))

    def _column(self, values: npt.NDArray[Any]) -> dict[int, int]:
        return dict(zip(self._events, values.tolist(), strict=True))


class _Bundle(NamedTuple):
    """Cycles of one first transaction and one account sequence: the transactions of each hop, in time order."""

    combinations: int
    hops: list[list[int]]


def _bundles(rows: Longs, events: npt.NDArray[np.int32], cited: _Cited) -> Iterator[_Bundle]:
    """Bundles by first transaction."""
    flat = events.tolist()
    for _, _, combinations, start, stop in rows[np.argsort(rows[:, 0], kind="stable")].tolist():
        hops = [list(hop) for _, hop in groupby(flat[start:stop], key=cited.payer.__getitem__)]
        yield _Bundle(combinations, hops)


def _overlapping(bundles: Iterable[_Bundle], cited: _Cited) -> Iterator[list[_Bundle]]:
    """Groups of cycles over the same set of accounts whose times overlap, by time of the first transaction."""
    latest: dict[frozenset[int], tuple[list[_Bundle], int]] = {}
    groups: list[list[_Bundle]] = []
    for bundle in bundles:
        accounts = frozenset(cited.payer[hop[0]] for hop in bundle.hops)
        begins, ends = cited.time[bundle.hops[0][0]], cited.time[bundle.hops[-1][-1]]
        group, until = latest.get(accounts, ([], begins - 1))
        if begins > until:
            group = []
            groups.append(group)
        group.append(bundle)
        latest[accounts] = group, max(until, ends)
    yield from groups


Offer = tuple[int, int, tuple[int, ...]]
"""Smallest and largest value of a way, and its transactions."""


def _best(hops: list[list[int]], value: Mapping[int, int]) -> tuple[float, tuple[int, ...]]:
    """The cycle of a bundle whose smallest value is nearest to its largest, and that ratio (0 when nothing moved).

    Hop by hop, each transaction keeps the ways to it that no other way to it beats at both ends.
    """
    root = hops[0][0]
    reached: list[list[Offer]] = [[(value[root], value[root], (root,))]]
    for hop in hops[1:]:
        front: list[Offer] = []
        before, reached = deque(reached), []
        for event in hop:
            while before and before[0][0][2][-1] < event:
                for offer in before.popleft():
                    _add(front, offer)
            here: list[Offer] = []
            for low, high, way in front:
                _add(here, (min(low, value[event]), max(high, value[event]), (*way, event)))
            reached.append(here)
    ways = [(low / high if high else 0.0, way) for offers in reached for low, high, way in offers]
    return max(ways, key=itemgetter(0))


def _add(front: list[Offer], offer: Offer) -> None:
    """Add a way unless one that is there is as good at both ends; drop those that it beats."""
    low, high, _ = offer
    if not any(l >= low and h <= high for l, h, _ in front):
        front[:] = [old for old in front if old[0] > low or old[1] < high]
        front.append(offer)


def _carried(flow: Flow, cited: _Cited, way: tuple[int, ...]) -> tuple[int, str, bool]:
    """What went all the way round, the smallest transaction: in its currency or the value basis; whether roughly."""
    names = {flow.ledger.currencies[cited.currency[event]] for event in way}
    if len(names) == 1:
        return min(cited.paid[event] for event in way), names.pop(), False
    return min(cited.value[event] for event in way), flow.valuation.base, not names.isdisjoint(flow.valuation.rough)
