"""Mule chain: money passed on from account to account, most of it arriving."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByLinks
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.lots import links
from graphflow.detect.relays import relays
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.kernels import lots as kernels
from graphflow.kernels.engine import ready
from graphflow.rarity import Choice, cut_words, rarest
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class MuleChain:
    """Money passed on from account to account, most of it arriving.

    What it sees
        At every account the receipts are lots, and each payment takes from the oldest lots not more than `dwell` old
        (first in, first out; ties by ledger order; self-transfers left out). A match of a receipt and a payment is a
        link when the receipt was passed on, and the payment funded, to at least `keep`; that survives splitting and
        merging, as all payments of a receipt and all receipts of a payment count together. A relay is a link too: a
        one-off receipt handed on in a one-off payment of nearly the same value (at least `keep`) within `relay`, where
        at least half of the transfers are of pairs that deal again (`graphflow.detect.relays`). A chain starts with a
        transaction of whose value at least `keep` makes min_hops - 1 more hops over links, all branches added up (to
        the whole at most, where a receipt is both passed on and relayed), and goes on as long as that holds, over
        `max_hops` transactions at most. Chains that share a transaction are one finding.
    Measures
        hops (transactions one after the other) and kept (share of the value that arrives), both of the best start:
        one with `high_keep` arriving before others, then most hops, then most arriving;
        even (smallest over largest value on that way: near 1 where one sum goes all the way),
        dwell_minutes (average time between receipt and payment, by value), dwell_per_hop (time in minutes before each
        hop of the way from that start that carries most), residual (value not moved on within `dwell`, first in first
        out, by the accounts between, share of what they got), ends (accounts where the trail stops).
    When it is fooled
        An ordinary account that happens to spend what it gets, three in a row. So `high` needs at least `high_keep`
        arriving and either `fast` hops or at least `long` of them. An account with its own large balance that pays out
        late hides.
    Parameters
        min_hops, max_hops   3 to 10 transactions; dwell: 24 hours a hop
        relay                96 hours a relay
        keep, high_keep      0.80 for review, 0.90 for high: mules keep 1 to 15 %
        fast                 60 minutes a hop on average; long: 5 hops
        busy                 0.05: an account between with a smaller share of its transactions on the chains does other
                             business, as a small gateway does; then nothing is decisive
        hub                  an account with more than 50 counterparties within `dwell` is not traversed, and said so;
                             nor is a payment gateway or an account of the bank itself (see `account_types`)
        rarest               400 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        RUSI and Lloyds, "Following the Fraud" (2025): under 15 % of the value was left in mule accounts after 24 hours;
        first-in-first-out as in Clayton's case (1816).

    Example
    -------
    >>> MuleChain(keep=0.9).min_hops
    3
    """

    name: ClassVar[str] = "mule-chain"

    min_hops: int = threshold(3, "hops", "RIFT 2026 solutions: 3 hops or more")
    max_hops: int = threshold(10, "hops", "judgement")
    dwell: timedelta = threshold(
        timedelta(hours=24), "duration", "RUSI and Lloyds 2025: over 85 % has left within 24 hours"
    )
    relay: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: layers up to 4 days apart", defines=True)
    keep: float = threshold(0.80, "share", "RUSI and Lloyds 2025: over 85 % is passed on; the number is judgement")
    high_keep: float = threshold(0.90, "share", "IBM AMLSim: margin_ratio 0.1")
    fast: timedelta = threshold(
        timedelta(minutes=60), "duration", "RUSI and Lloyds 2025: half has left within the hour"
    )
    long: int = threshold(5, "hops", "judgement")
    busy: float = threshold(0.05, "share", "judgement")
    hub: int = threshold(50, "counterparties", "judgement")
    rarest: int = threshold(400, "findings at a million transfers", "judgement")

    def cut(self) -> ByLinks:
        """Links and relays are an account's own."""
        return ByLinks(self._links, self.dwell)

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first transaction."""
        flow = graph.flow
        linked = self._links(flow)
        cut: tuple[str, ...] = ()
        if linked.size:
            chains = self._chains(flow, linked)
            trails = list(chains.trails())
            rare = _rare(flow, chains, trails, self.rarest)
            for trail in (trail for trail, keep in zip(trails, rare.kept, strict=True) if keep):
                yield self._finding(flow, chains, trail)
            cut = cut_words(rare.left_out, "chain")
        return (*untraversed_words(flow, self.hub, self.dwell), *cut)

    def _links(self, flow: Flow) -> Longs:
        """Rows (receipt, payment, value) sorted by receipt and payment."""
        hub = untraversed(flow, self.hub, self.dwell)
        found = links(flow, self.dwell, self.keep, hub)
        found = np.concatenate([found, self._relayed(flow, hub, found)])
        return found[np.argsort(found[:, 0] * flow.size + found[:, 1])]

    def _relayed(self, flow: Flow, hub: npt.NDArray[np.bool_], linked: Longs) -> Longs:
        """Rows of relays that are no links yet."""
        pairs = relays(flow, self.relay, self.keep, hub)
        keys, wanted = linked[:, 0] * flow.size + linked[:, 1], pairs[:, 0] * flow.size + pairs[:, 1]
        keys.sort()
        known = np.searchsorted(keys, wanted) < np.searchsorted(keys, wanted, side="right")
        receipt, payment = pairs[~known].T
        return np.stack([receipt, payment, np.minimum(flow.value[receipt], flow.value[payment])], axis=1)

    def _chains(self, flow: Flow, linked_rows: Longs) -> _Chains:
        """Number the linked transactions in time order and find the chains over them."""
        linked = np.zeros(flow.size, np.bool_)
        linked[linked_rows[:, :2]] = True
        events = np.flatnonzero(linked)
        number = np.zeros(flow.size, np.int64)
        number[events] = np.arange(events.size)
        source, target = number[linked_rows[:, 0]], number[linked_rows[:, 1]]
        ptr = np.searchsorted(source, np.arange(events.size + 1)).astype(np.int64)
        on, hops, arrives = ready(kernels, flow.size).chains(
            flow.value[events],
            ptr,
            target.astype(np.int32),
            linked_rows[:, 2].copy(),
            self.keep,
            self.min_hops,
            self.max_hops,
        )
        ends = np.stack([source[on], target[on]])
        used = np.zeros(events.size, np.bool_)
        used[ends] = True
        number = np.cumsum(used) - 1
        hub, passed = untraversed(flow, self.hub, self.dwell), flow.lots(self.dwell).passed
        return _Chains(
            flow,
            passed,
            hub,
            events[used],
            linked_rows[on, 2],
            (number[ends[0]], number[ends[1]]),
            hops[used],
            arrives[used],
        )

    def _finding(self, flow: Flow, chains: _Chains, trail: _Trail) -> Finding:
        time, value, payee = chains.time, chains.value, chains.payee
        moved = sum(taken for _, _, taken in trail.links)
        dwell = sum(taken * (time[b] - time[a]) for a, b, taken in trail.links) / moved / 60e6
        start = self._best_start(chains, trail)
        way, kept = _way(start, chains.hops[start], trail.links), chains.arrives[start]
        passing = {a for a, _, _ in trail.links}
        got = sum(value[node] for node in passing)
        between = dict.fromkeys(payee[node] for node in trail.nodes if node in passing)
        ends = sorted({payee[node] for node in trail.nodes if node not in passing})
        suspects = {**between, **dict.fromkeys(end for end in ends if end not in chains.hubs)}
        first, last = chains.names[chains.payer[way[0]]], chains.names[payee[way[-1]]]
        return Finding(
            detector=self.name,
            accounts=tuple(chains.names[code] for code in suspects),
            rows=flow.ledger_rows(chains.events[trail.nodes]),
            ledger=flow.ledger,
            amount=trail.amount,
            currency=trail.currency,
            measures={
                "hops": len(way),
                "kept": round(kept, 4),
                "even": round(min(value[node] for node in way) / max(1, *(value[node] for node in way)), 4),
                "dwell_minutes": round(dwell, 1),
                "dwell_per_hop": " ".join(f"{(time[b] - time[a]) / 60e6:.0f}" for a, b in pairwise(way)),
                "residual": round(1 - sum(chains.passed[node] for node in passing) / got, 4),
                "ends": len(ends),
            },
            parts=tuple(
                self._parts(
                    flow,
                    len(way),
                    kept,
                    timedelta(minutes=dwell),
                    sure=not (trail.rough or self._is_busy(chains, trail)),
                )
            ),
            reason=(
                f"{percent(kept)} of the money from {named(first)} went {count(len(way), 'hop')} on to {named(last)}, "
                f"staying {span(timedelta(minutes=dwell))} with each account on average"
            ),
        )

    def _best_start(self, chains: _Chains, trail: _Trail) -> int:
        starts = [node for node in trail.nodes if chains.hops[node]]
        return max(starts, key=lambda n: (self._keeps(chains.arrives[n]), chains.hops[n], chains.arrives[n], -n))

    def _keeps(self, share: float) -> bool:
        """Whether a share is at least `high_keep`; it is a product of ratios, so not exact."""
        return share >= self.high_keep - 1e-9

    def _is_busy(self, chains: _Chains, trail: _Trail) -> bool:
        """Whether some account between has almost all its traffic elsewhere, as a small gateway has."""
        cited: dict[int, int] = {}
        for node in trail.nodes:
            for code in (chains.payer[node], chains.payee[node]):
                cited[code] = cited.get(code, 0) + 1
        between = {chains.payee[a] for a, _, _ in trail.links}
        return any(cited[code] < self.busy * chains.traffic[code] for code in between)

    def _parts(self, flow: Flow, hops: int, kept: float, dwell: timedelta, *, sure: bool) -> Iterator[Part]:
        long = sure and hops >= self.long
        yield Part("structure", round(1 + hops / 3, 3), f"{hops} hops one after the other", decisive=long)
        if self._keeps(kept):
            yield Part("conservation", 2.0, f"{percent(kept)} of the value arrived", decisive=sure)
        if dwell <= self.fast and flow.ledger.precision < self.fast:
            yield Part("speed", 2.0, f"money stays {span(dwell)} with each account", decisive=sure)


Link = tuple[int, int, int]
"""Numbers of a receipt and of the payment that passed it on, and the value that took."""


@dataclass(frozen=True)
class _Trail:
    """One group of chains that share transactions: their numbers, links, and what went in at their starts."""

    nodes: list[int]
    links: list[Link]
    amount: int
    currency: str
    rough: bool


def _rare(flow: Flow, chains: _Chains, trails: list[_Trail], most: int) -> Choice:
    """Which trails are among the rarest, by the amount of their first transaction, one-off pairs and hops."""
    if not trails:
        return Choice(np.empty(0, np.bool_), 0)
    sizes = np.array([len(trail.nodes) for trail in trails])
    nodes = np.concatenate([trail.nodes for trail in trails])
    starts = np.cumsum(sizes) - sizes
    once = np.add.reduceat(flow.rarity.one_off[chains.events[nodes]].astype(np.int64), starts)
    points = flow.rarity.novelty(sizes, once) - np.log10(flow.rarity.reached(flow.value[chains.events[nodes[starts]]]))
    hops = np.maximum.reduceat(np.array(chains.hops)[nodes], starts)
    return rarest(flow, points + hops / 3, most, "chain")


class _Chains:
    """Chains as transactions numbered in time order and the links on them.

    Groups are many and small: their columns are plain lists here, read out of the ledger once.
    """

    def __init__(
        self,
        flow: Flow,
        passed: Longs,
        hub: npt.NDArray[np.bool_],
        events: Longs,
        taken: Longs,
        ends: tuple[Longs, Longs],
        hops: npt.NDArray[np.int32],
        arrives: npt.NDArray[np.float64],
    ) -> None:
        self.events = events.astype(np.int32)
        self.time, self.value = flow.time[events].tolist(), flow.value[events].tolist()
        self.payer, self.payee = flow.payer[events].tolist(), flow.payee[events].tolist()
        self.passed: list[int] = passed[events].tolist()
        self.hops: list[int] = hops.tolist()
        self.arrives: list[float] = arrives.tolist()
        codes = np.unique(np.concatenate([flow.payer[events], flow.payee[events]]))
        self.traffic = dict(zip(codes.tolist(), flow.traffic[codes].tolist(), strict=True))
        self.hubs = set(codes[hub[codes]].tolist())
        self.names = dict(zip(codes.tolist(), flow.names.gather(codes).to_list(), strict=True))
        self._flow, self._links = flow, (*ends, taken)

    def trails(self) -> Iterator[_Trail]:
        """Groups by their first transaction."""
        source, target, taken = self._links
        root = _roots(self.events.size, source, target)
        nodes, node_bounds = _grouped(np.unique(np.concatenate([source, target])), root)
        starts, start_bounds = _grouped(np.setdiff1d(source, target), root)
        into = totals(self._flow, self.events[starts], start_bounds[:-1])
        rough = totals(self._flow, self.events[nodes], node_bounds[:-1]).rough
        order = np.argsort(root[source], kind="stable")
        links = list(zip(*(column[order].tolist() for column in (source, target, taken)), strict=True))
        link_bounds = _bounds(root[source[order]])
        ordered = nodes.tolist()
        for k, (a, b) in enumerate(pairwise(node_bounds.tolist())):
            part = slice(*link_bounds[k : k + 2].tolist())
            yield _Trail(ordered[a:b], links[part], int(into.amount[k]), into.currency[k], bool(rough[k]))


def _grouped(nodes: Longs, root: Longs) -> tuple[Longs, Longs]:
    """Nodes by root and number, and the bounds of the groups."""
    ordered = nodes[np.argsort(root[nodes], kind="stable")]
    return ordered, _bounds(root[ordered])


def _bounds(keys: Longs) -> Longs:
    """Where each run of equal keys begins, and the end of the last one."""
    return np.flatnonzero(np.diff(keys, prepend=-1, append=-1)).astype(np.int64)


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


def _way(start: int, hops: int, links: list[Link]) -> list[int]:
    """The way of so many transactions over links that carries most; among those the earliest."""
    onward: dict[int, list[tuple[int, int]]] = {}
    for a, b, value in links:
        onward.setdefault(a, []).append((b, value))
    layers = [{start: (-(2**62), start)}]  # transaction: (minus what arrives there, the transaction before)
    for _ in range(hops - 1):
        layer: dict[int, tuple[int, int]] = {}
        for a, (carried, _) in layers[-1].items():
            for b, value in onward.get(a, ()):
                offer = (max(carried, -value), a)
                layer[b] = min(layer.get(b, offer), offer)
        layers.append(layer)
    way = [min(layers[-1], key=lambda node: (layers[-1][node][0], node))]
    for layer in reversed(layers[1:]):
        way.append(layer[way[-1]][1])
    return way[::-1]
