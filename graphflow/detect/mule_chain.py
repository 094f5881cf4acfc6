"""Mule chain: money passed on from account to account, most of it arriving."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.finding import Finding, Part
from graphflow.flow import Flow, in_parts, microseconds
from graphflow.graph import FlowGraph
from graphflow.kernels import lots as kernels
from graphflow.kernels.engine import ready
from graphflow.words import count, percent, shown, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class MuleChain:
    """Money passed on from account to account, most of it arriving.

    What it sees
        At every account the receipts are lots, and each payment takes from the oldest lots not more than `dwell` old
        (first in, first out; ties by ledger order; self-transfers left out). A match of a receipt and a payment is a
        link when the receipt was passed on, and the payment funded, to at least `keep`; that survives splitting and
        merging, as all payments of a receipt and all receipts of a payment count together. A chain starts with a
        transaction of whose value at least `keep` makes min_hops - 1 more hops over links, all branches added up, and goes on
        as long as that holds, over `max_hops` transactions at most. Chains that share a transaction are one finding.
    Measures
        hops (transactions one after the other), kept (share of the value that arrives, of the best start),
        dwell_minutes (average time between receipt and payment, by value), dwell_per_hop (the same for each
        hop of the longest way, in minutes), residual (value that stayed with the accounts between, share of what they got),
        ends (accounts where the trail stops).
    When it is fooled
        An ordinary account that happens to spend what it gets, three in a row. So `high` needs at least `high_keep` arriving and
        either `fast` hops or at least `long` of them. An account with its own large balance that pays out late hides.
    Parameters
        min_hops, max_hops   3 to 10 transactions; dwell: 24 hours a hop
        keep, high_keep      0.80 for review, 0.90 for high: mules keep 1 to 15 %
        fast                 60 minutes a hop on average; long: 5 hops
        hub                  an account with more than 100 counterparties within `dwell` is not traversed, and said so
    Source
        RUSI and Lloyds, "Following the Fraud" (2025): under 15 % of the value was left in mule accounts after 24 hours;
        first-in-first-out as in Clayton's case (1816).

    Example
    -------
    >>> MuleChain(keep=0.9).min_hops
    3
    """

    name: ClassVar[str] = "mule-chain"

    min_hops: int = 3
    max_hops: int = 10
    dwell: timedelta = timedelta(hours=24)
    keep: float = 0.80
    high_keep: float = 0.90
    fast: timedelta = timedelta(minutes=60)
    long: int = 5
    hub: int = 100

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first transaction."""
        flow = graph.flow
        links, skipped = self._links(flow)
        if links.size:
            chains = self._chains(flow, links)
            for component in chains.components():
                yield self._finding(flow, chains, component)
        if skipped:
            return (f"{count(skipped, 'account')} with more than {self.hub:,} counterparties not traversed (hubs)",)
        return ()

    def _links(self, flow: Flow) -> tuple[Longs, int]:
        """Rows (receipt, payment, value) sorted by receipt and payment, and the number of hubs left out."""
        lots, got, sent = flow.lots(self.dwell), flow.received, flow.sent
        hub = flow.widths(self.dwell) > self.hub
        run = ready(kernels, flow.size).links
        parts = in_parts(
            lambda a, b: run(
                a, b, got.ptr, got.events, sent.ptr, sent.events, flow.time, flow.value, microseconds(self.dwell),
                lots.passed, lots.funded, self.keep, hub,
            ),
            got.ptr + sent.ptr,
        )  # fmt: skip
        found = np.concatenate([rows[:number] for rows, number in parts])
        return found[np.lexsort((found[:, 1], found[:, 0]))], int(hub.sum())

    def _chains(self, flow: Flow, links: Longs) -> _Chains:
        """Number the linked transactions in time order and find the chains over them."""
        events = np.unique(links[:, :2])
        source, target = np.searchsorted(events, links[:, 0]), np.searchsorted(events, links[:, 1])
        ptr = np.searchsorted(source, np.arange(events.size + 1)).astype(np.int64)
        on, hops, arrives = ready(kernels, flow.size).chains(
            flow.value[events],
            ptr,
            target.astype(np.int32),
            links[:, 2].copy(),
            self.keep,
            self.min_hops,
            self.max_hops,
        )
        return _Chains(events, source[on], target[on], links[on, 2], hops, arrives)

    def _finding(self, flow: Flow, chains: _Chains, component: _Component) -> Finding:
        events = component.events
        payer, payee = flow.payer[events], flow.payee[events]
        source, target, taken = chains.links(component)
        waited = (flow.time[target] - flow.time[source]) / 60e6
        dwell = float(np.average(waited, weights=taken))
        way = _longest(source, target, taken)
        kept = float(chains.arrives[component.nodes].max())
        starts = np.setdiff1d(events, target)
        sums = totals(flow, starts.astype(np.int32), np.zeros(1, np.int64))
        rough = bool(totals(flow, events, np.zeros(1, np.int64)).rough[0])
        between = np.isin(events, source)
        got = int(flow.value[events[between]].sum())
        ends = np.unique(payee[~between])
        suspects = _distinct(np.concatenate([payee[between], payer[np.isin(events, target)], ends]))
        names = tuple(flow.names.gather(suspects).to_list())
        first, last = flow.names[int(flow.payer[way[0]])], flow.names[int(flow.payee[way[-1]])]
        return Finding(
            detector=self.name,
            accounts=names,
            rows=flow.ledger_rows(events),
            ledger=flow.ledger,
            amount=int(sums.amount[0]),
            currency=sums.currency[0],
            measures={
                "hops": len(way),
                "kept": round(kept, 4),
                "dwell_minutes": round(dwell, 1),
                "dwell_per_hop": " ".join(f"{minutes:.0f}" for minutes in np.diff(flow.time[way]) / 60e6),
                "residual": round(1 - int(taken.sum()) / got, 4) if got else 0.0,
                "ends": int(ends.size),
            },
            parts=tuple(self._parts(flow, len(way), kept, timedelta(minutes=dwell), rough=rough)),
            reason=(
                f"{percent(kept)} of the money from {shown(first)} went {count(len(way), 'hop')} on to {shown(last)}, "
                f"staying {span(timedelta(minutes=dwell))} with each account on average"
            ),
        )

    def _parts(self, flow: Flow, hops: int, kept: float, dwell: timedelta, *, rough: bool) -> Iterator[Part]:
        yield Part("structure", round(1 + hops / 3, 3), f"{hops} hops one after the other", decisive=hops >= self.long)
        if kept >= self.high_keep:
            yield Part("conservation", 2.0, f"{percent(kept)} of the value arrived", decisive=not rough)
        if dwell <= self.fast and flow.ledger.precision < self.fast:
            yield Part("speed", 2.0, f"money stays {span(dwell)} with each account", decisive=not rough)


@dataclass(frozen=True, eq=False)
class _Component:
    """One group of chains that share transactions: their nodes, and the slice of the sorted links."""

    nodes: Longs
    events: npt.NDArray[np.int32]
    first: int
    last: int


class _Chains:
    """Chains as numbered transactions (`events`) and the links on them, grouped by what hangs together."""

    def __init__(
        self, events: Longs, source: Longs, target: Longs, taken: Longs, hops: Longs, arrives: npt.NDArray[np.float64]
    ) -> None:
        self.events, self.hops, self.arrives = events, hops, arrives
        root = _roots(events.size, source, target)
        order = np.argsort(root[source], kind="stable")
        self.source, self.target, self.taken = source[order], target[order], taken[order]
        self._root = root[self.source]

    def components(self) -> Iterator[_Component]:
        """Groups by their first transaction."""
        bounds = np.flatnonzero(np.diff(self._root, prepend=-1, append=-1))
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            nodes = np.unique(np.concatenate([self.source[first:last], self.target[first:last]]))
            yield _Component(nodes, self.events[nodes].astype(np.int32), first, last)

    def links(self, component: _Component) -> tuple[Longs, Longs, Longs]:
        """Receipt and payment events of a group's links, and the value each carries."""
        part = slice(component.first, component.last)
        return self.events[self.source[part]], self.events[self.target[part]], self.taken[part]


def _roots(size: int, source: Longs, target: Longs) -> Longs:
    """Per node, the smallest node of its group; links join. (Halving paths: near linear.)"""
    parent = list(range(size))
    for a, b in zip(source.tolist(), target.tolist(), strict=True):
        while parent[a] != a:
            parent[a] = a = parent[parent[a]]
        while parent[b] != b:
            parent[b] = b = parent[parent[b]]
        if a != b:
            parent[max(a, b)] = min(a, b)
    for node in range(size):
        parent[node] = parent[parent[node]]
    return np.array(parent, np.int64)


def _longest(source: Longs, target: Longs, taken: Longs) -> list[int]:
    """The way over links with the most hops; among those the one that carries most; then the earliest."""
    best: dict[int, tuple[int, int, int]] = {}
    for a, b, value in sorted(zip(source.tolist(), target.tolist(), taken.tolist(), strict=True), reverse=True):
        hops, carried, _ = best.get(b, (1, 2**62, -1))
        offer = (hops + 1, min(value, carried), b)
        if a not in best or offer[:2] >= best[a][:2]:
            best[a] = offer
    start = min(best, key=lambda a: (-best[a][0], -best[a][1], a))
    way = [start]
    while way[-1] in best:
        way.append(best[way[-1]][2])
    return way


def _distinct(codes: npt.NDArray[np.int32]) -> list[int]:
    order: list[int] = codes[np.sort(np.unique(codes, return_index=True)[1])].tolist()
    return order
