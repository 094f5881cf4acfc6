"""Ways round: money back at the account it left. What cycle and round-trip are made of."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.gateways import between_others
from graphflow.flow import Flow, in_parts
from graphflow.kernels import cycle as kernels
from graphflow.kernels.cycle_reach import COLUMNS
from graphflow.kernels.engine import ready
from graphflow.words import count

Longs = npt.NDArray[np.int64]

_BUDGET = 100_000
_ACCOUNT_BUDGET = 5_000_000
_TASK_BUDGET = 400_000_000
_MOST = 1_000
_WIDTH = 64
_TASKS = 16


@dataclass(frozen=True)
class Ways:
    """Ways round, grouped: those over the same accounts whose times overlap are one group, by first transaction.

    cited  columns of their transactions; cut: what work budgets cut off, in words
    """

    cited: Cited
    groups: list[list[Bundle]]
    cut: tuple[str, ...]


def ways_round(flow: Flow, window: timedelta, max_hops: int, keep: float, left_out: npt.NDArray[np.bool_]) -> Ways:
    """Simple temporal cycles of 2 to `max_hops` transactions inside `window`, worth `keep` to 1 / `keep` of the first.

    Self-transfers and transfers with accounts `left_out` do not count; parallel transactions are bundled.
    """
    rows, events, cut = _search(flow, window, max_hops, keep, left_out)
    cited = Cited(flow, events)
    return Ways(cited, list(_overlapping(_bundles(rows, events, cited), cited)), tuple(_cut_words(cut)))


def cited_by(
    flow: Flow, window: timedelta, max_hops: int, keep: float, left_out: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """The events of all those cycles, each once."""
    return np.unique(_search(flow, window, max_hops, keep, left_out)[1]).astype(np.int64)


def _search(
    flow: Flow, window: timedelta, max_hops: int, keep: float, left_out: npt.NDArray[np.bool_]
) -> tuple[Longs, npt.NDArray[np.int32], Longs]:
    """Rows (first event, hops, combinations, start in events, stop) of each account sequence that closes."""
    until, (got, sent, onward) = flow.until(window), between_others(flow, left_out)
    sides = [column for side in (sent, got) for column in (side.ptr, side.events, side.others, side.values)]
    search, scratch = ready(kernels, flow.size).search, threading.local()

    def run(first: int, last: int) -> Any:
        if not hasattr(scratch, "mark"):
            scratch.mark = np.full((flow.account_count, COLUMNS), -1, np.int32)
        return search(
            first, last, flow.payer, flow.payee, until, *sides, *onward, scratch.mark,
            max_hops, keep, _BUDGET, _ACCOUNT_BUDGET, _TASK_BUDGET, _MOST, _WIDTH,
        )  # fmt: skip

    parts = in_parts(run, sent.ptr, min(_TASKS, flow.size // 2000 + 1))
    shift = np.cumsum([0] + [used for *_, used, _ in parts])
    tables = [rows[:number] + np.array([0, 0, 0, at, at]) for (rows, number, *_), at in zip(parts, shift, strict=False)]
    events = np.concatenate([flat[:used] for _, _, flat, used, _ in parts])
    return np.concatenate(tables), events, np.sum([cut for *_, cut in parts], axis=0)


def _cut_words(cut: Longs) -> Iterator[str]:
    if cut[0]:
        yield f"the search from {count(int(cut[0]), 'first transaction')} was stopped by a work budget"
    if cut[1]:
        yield f"{count(int(cut[1]), 'hop')} with more than {_WIDTH} parallel transactions cite the first {_WIDTH}"


class Cited:
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


class Bundle(NamedTuple):
    """Cycles of one first transaction and one account sequence: the transactions of each hop, in time order."""

    combinations: int
    hops: list[list[int]]


def _bundles(rows: Longs, events: npt.NDArray[np.int32], cited: Cited) -> Iterator[Bundle]:
    """Bundles by first transaction."""
    flat = events.tolist()
    for _, _, combinations, start, stop in rows[np.argsort(rows[:, 0], kind="stable")].tolist():
        hops = [list(hop) for _, hop in groupby(flat[start:stop], key=cited.payer.__getitem__)]
        yield Bundle(combinations, hops)


def _overlapping(bundles: Iterable[Bundle], cited: Cited) -> Iterator[list[Bundle]]:
    """Groups of cycles over the same set of accounts whose times overlap, by time of the first transaction."""
    latest: dict[frozenset[int], tuple[list[Bundle], int]] = {}
    groups: list[list[Bundle]] = []
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


def best(hops: list[list[int]], value: Mapping[int, int]) -> tuple[float, tuple[int, ...]]:
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


def carried(flow: Flow, cited: Cited, way: tuple[int, ...]) -> tuple[int, str, bool]:
    """What went all the way round, the smallest transaction: in its currency or the value basis; whether roughly."""
    names = {flow.ledger.currencies[cited.currency[event]] for event in way}
    if len(names) == 1:
        return min(cited.paid[event] for event in way), names.pop(), False
    return min(cited.value[event] for event in way), flow.valuation.base, not names.isdisjoint(flow.valuation.rough)
