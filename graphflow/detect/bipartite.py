"""Bipartite: payers who each pay several of the same payees."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import log2
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByCounterparties
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.relays import MOST_ONE_OFF
from graphflow.detect.sharing import common, components, sharing
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.rarity import Choice, cut_words, rarest
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Bipartite:
    """Payers who each pay several of the same payees: one hand behind many accounts on both sides.

    What it sees
        Two payers hang together when they have at least `min_shared` payees in common, each paid by both not more than
        `window` apart (self-transfers left out). Payers that hang together, over others too, are a group; of its
        payments those count that another payer of the group made to the same payee not more than `window` before or
        after. So every payer has at least `min_shared` payees and every payee at least two payers: a biclique or
        something near it, and, from `min_payers` payers on, one finding.
    Measures
        payers, payees, density (share of the possible pairs of payer and payee that occur), one_off_share (share of the
        payments between accounts that deal with each other only within 4 days), span_hours.
    When it is fooled
        People of one place pay the same shops. Those have many payers (`hub`) or make groups too large to report. A
        density near 1 among few accounts is what a machine that splits money makes. AMLworld calls bipartite also what
        are single transfers between accounts that share nothing: nobody can see those as a pattern.
    Parameters
        min_payers       2 payers
        min_shared       2 payees in common
        window           96 hours between the two payments to a common payee
        high_density     0.80, with at least 3 payers and 3 payees, for decisive structure; or any density with at
                         least `high_side` (4) on both sides
        one_off_share    0.90 of the payments, where most accounts of the ledger deal with each other again, for
                         decisive novelty
        most_payers      100: a larger group is not reported, and said so
        hub              an account with more than 50 counterparties in 24 hours is not traversed, nor is a
                         gateway; that is said
        rarest           400 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        Altman et al., "Realistic Synthetic Financial Transactions for Anti-Money Laundering Models" (NeurIPS 2023).

    Example
    -------
    >>> Bipartite(min_payers=3).min_shared
    2
    """

    name: ClassVar[str] = "bipartite"

    min_payers: int = threshold(2, "payers", "judgement")
    min_shared: int = threshold(2, "payees", "judgement")
    window: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: attempts take up to 4 days")
    high_density: float = threshold(0.80, "share", "judgement")
    high_side: int = threshold(4, "payers and payees", "judgement")
    one_off_share: float = threshold(0.90, "share", "domain: payers hardly ever repeat; number by judgement")
    most_payers: int = threshold(100, "payers", "judgement")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")
    rarest: int = threshold(400, "findings at a million transfers", "judgement")

    def cut(self) -> ByCounterparties:
        """Payers with payees in common."""
        return ByCounterparties(self.min_shared, self.window, lambda flow: untraversed(flow, self.hub), payees=True)

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by the first payer in order of first appearance in the ledger."""
        flow = graph.flow
        skipped = untraversed(flow, self.hub)
        pairs = sharing(flow, flow.sent, flow.received, self.window, skipped, self.min_shared)
        groups = list(components((a, b) for a, b in pairs.tolist()))
        small = [group for group in groups if len(group) <= self.most_payers]
        webs = [web for group in small for web in self._webs(flow, group, skipped)]
        rare = _rare(flow, webs, self.rarest)
        for web in (web for web, keep in zip(webs, rare.kept, strict=True) if keep):
            yield self._finding(flow, web)
        return tuple(self._cut_words(flow, len(groups) - len(small), rare.left_out))

    def _webs(self, flow: Flow, group: list[int], skipped: npt.NDArray[np.bool_]) -> Iterator[_Web]:
        shared = common(flow, flow.sent, group, self.window, skipped)
        events = np.array(sorted(event for dealt in shared.values() for event in dealt), np.int64)
        payers = list(dict.fromkeys(flow.payer[events].tolist()))
        if len(payers) >= self.min_payers:
            yield _Web(payers, list(dict.fromkeys(flow.payee[events].tolist())), events)

    def _finding(self, flow: Flow, web: _Web) -> Finding:
        sums = totals(flow, web.events, np.zeros(1, np.int64))
        pairs = len(set(zip(flow.payer[web.events].tolist(), flow.payee[web.events].tolist(), strict=True)))
        density = pairs / (len(web.payers) * len(web.payees))
        lasted = timedelta(microseconds=int(flow.time[web.events[-1]] - flow.time[web.events[0]]))
        one_off = float(flow.rarity.one_off[web.events].mean())
        names = flow.names.gather([*web.payers, *web.payees]).to_list()
        who = f"{count(len(web.payers), 'payer')} paid the same {count(len(web.payees), 'payee')}"
        return Finding(
            detector=self.name,
            accounts=tuple(dict.fromkeys(names)),
            rows=flow.ledger_rows(web.events),
            ledger=flow.ledger,
            amount=int(sums.amount[0]),
            currency=sums.currency[0],
            measures={
                "payers": len(web.payers),
                "payees": len(web.payees),
                "density": round(density, 4),
                "one_off_share": round(one_off, 4),
                "span_hours": round(lasted.total_seconds() / 3600, 2),
            },
            parts=tuple(self._parts(flow, web, density, one_off, rough=bool(sums.rough[0]))),
            reason=(f"{who} ({named(names[0])} and others, {percent(density)} of the pairs) in {span(lasted)}"),
        )

    def _parts(self, flow: Flow, web: _Web, density: float, one_off: float, *, rough: bool) -> Iterator[Part]:
        smaller = min(len(web.payers), len(web.payees))
        large = (density >= self.high_density and smaller >= 3) or smaller >= self.high_side
        sentence = f"{count(len(web.payers), 'payer')} and {count(len(web.payees), 'payee')}, {percent(density)} paired"
        points = round(min(4.0, 2 * density * log2(1 + smaller)), 3)
        yield Part("structure", points, sentence, decisive=large and not rough)
        if one_off >= self.one_off_share and flow.rarity.one_off_share <= MOST_ONE_OFF:
            sentence = f"{percent(one_off)} of the payments are between accounts that never deal with each other again"
            yield Part("novelty", 1.0, sentence, decisive=large)

    def _cut_words(self, flow: Flow, large: int, common: int) -> Iterator[str]:
        yield from untraversed_words(flow, self.hub)
        if large:
            yield f"{count(large, 'group')} of more than {self.most_payers:,} payers with the same payees not reported"
        yield from cut_words(common, "group")


class _Web(NamedTuple):
    """Payers and payees by first payment, and the payments in time order."""

    payers: list[int]
    payees: list[int]
    events: Longs


def _rare(flow: Flow, webs: list[_Web], most: int) -> Choice:
    """Which webs are among the rarest, by their amounts and size."""
    if not webs:
        return Choice(np.empty(0, np.bool_), 0)
    starts = np.cumsum([0] + [web.events.size for web in webs])[:-1]
    points = flow.rarity.volume(np.concatenate([web.events for web in webs]), starts).points
    return rarest(flow, points + np.array([min(len(w.payers), len(w.payees)) for w in webs]), most, "web")
