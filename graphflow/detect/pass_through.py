"""Pass-through: an account whose receipts leave again, nearly whole and soon."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import log2
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.cuts import ByAccount
from graphflow.detect.episode_facts import SOON, Facts, facts_of
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.lots import episodes, links, receipts
from graphflow.detect.relays import relays
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.rarity import Choice, cut_words, rarest
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PassThrough:
    """An account whose receipts leave again, nearly whole and soon.

    What it sees
        Receipts are lots, and each payment takes from the oldest lots not more than `dwell` old (first in, first out;
        ties by ledger order; self-transfers left out). A receipt counts when at least `keep` of it left, and a payment
        when at least `keep` of it came from lots. Receipts and payments of one account that share lots are one
        episode, and one finding. A relay is one too: a one-off receipt handed on in a one-off payment of nearly the
        same value (at least `keep`) within `relay`, whatever else the account does, where at least half
        of the transfers are of pairs that deal again (`graphflow.detect.relays`). A relay that an episode
        holds says nothing new; the other relays of one account whose times overlap go together.
    Measures
        receipts, payments, moved_share (value that left so, share of the receipts), residual (the rest),
        kept (value of the receipts over that of the payments, or its inverse),
        within_15m, within_60m, within_24h (share of the receipts that left so soon), dwell_minutes (average time that
        what left had stayed, by value), median_minutes (half of what left had stayed no longer).
    When it is fooled
        Everyone passes money on: a wage goes to the landlord, one friend pays for all. One receipt and one payment are
        therefore never `high`. An account with its own balance that pays out later than `dwell` hides.
    Parameters
        dwell            24 hours: after that a receipt has stayed
        relay            96 hours from a receipt to the payment that relays it
        keep             0.80 of each receipt and payment
        high_keep        0.90 of the receipts leaving within 24 hours, for `high`
        fast_share       0.50 of the receipts leaving within 60 minutes, for `high` (where times tell 15 minutes)
        many             5 receipts, for `high`
        hub              an account with more than 50 counterparties in 24 hours is not traversed, nor is a
                         gateway; that is said
        rarest           400 findings at a million transfers, 1,000 in any case; what is left out is counted
        rarest_relays    1,500 relays likewise
    Source
        RUSI and Lloyds, "Following the Fraud" (2025): of what known mule accounts received, 28 % left within 15
        minutes, a further 25 % within the hour, and under 15 % was left after 24 hours.

    Example
    -------
    >>> PassThrough().dwell
    datetime.timedelta(days=1)
    """

    name: ClassVar[str] = "pass-through"

    dwell: timedelta = threshold(timedelta(hours=24), "duration", "RUSI/Lloyds 2025: over 85 % gone in 24 hours")
    relay: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: attempts take up to 4 days", defines=True)
    keep: float = threshold(0.80, "share", "RUSI/Lloyds 2025: above 0.85 on average; AMLSim keeps 0.90")
    high_keep: float = threshold(0.90, "share", "AMLSim: a margin of 0.1")
    fast_share: float = threshold(0.50, "share", "RUSI/Lloyds 2025: 53 % gone within the hour")
    many: int = threshold(5, "receipts", "domain: 5 receipts, or a large amount")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")
    rarest: int = threshold(400, "findings at a million transfers", "judgement")
    rarest_relays: int = threshold(1500, "relays at a million transfers", "judgement")

    def cut(self) -> ByAccount:
        """One account after the other."""
        return ByAccount()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by account in order of first appearance in the ledger, then by time."""
        flow = graph.flow
        skipped = untraversed(flow, self.hub)
        linked = links(flow, self.dwell, self.keep, skipped)
        starts = episodes(linked)
        relayed = self._relayed(flow, skipped)
        bounds, rare = np.append(starts, len(linked)), _rare(flow, linked, starts, self.rarest)
        shown = [linked[bounds[k] : bounds[k + 1]] for k in np.flatnonzero(rare.kept)]
        rare_relays = _rare_relays(flow, relayed, self.rarest_relays)
        shown += _overlapping(flow, relayed[rare_relays.kept & ~_inside(flow, relayed, shown)])
        shown.sort(key=lambda episode: (flow.payee[episode[0, 0]], episode[0, 0], episode[0, 1], len(episode)))
        for episode, facts in zip(shown, facts_of(flow, shown), strict=True):
            yield self._finding(flow, episode, facts)
        return (*untraversed_words(flow, self.hub), *cut_words(rare.left_out + rare_relays.left_out, "episode"))

    def _relayed(self, flow: Flow, skipped: npt.NDArray[np.bool_]) -> Longs:
        """Rows (receipt, payment, value) of the relays."""
        receipt, payment = relays(flow, self.relay, self.keep, skipped).T
        return np.stack([receipt, payment, np.minimum(flow.value[receipt], flow.value[payment])], axis=1)

    def _finding(self, flow: Flow, episode: Longs, facts: Facts) -> Finding:
        soon = dict(zip(("within_15m", "within_60m", "within_24h"), (round(s, 4) for s in facts.soon), strict=True))
        return Finding(
            detector=self.name,
            accounts=(facts.account,),
            rows=flow.ledger_rows(np.unique(episode[:, :2])),
            ledger=flow.ledger,
            amount=facts.amount,
            currency=facts.currency,
            measures={
                "receipts": facts.receipts,
                "payments": facts.payments,
                "moved_share": round(facts.moved, 4),
                "residual": round(1 - facts.moved, 4),
                "kept": round(facts.kept, 4),
                **soon,
                "dwell_minutes": round(facts.dwell.total_seconds() / 60, 1),
                "median_minutes": round(facts.median.total_seconds() / 60, 1),
            },
            parts=tuple(self._parts(flow, facts)),
            reason=(
                f"{named(facts.account)} passed on {percent(facts.moved)} of {count(facts.receipts, 'receipt')} in "
                f"{count(facts.payments, 'payment')}, after {span(facts.dwell)} on average"
            ),
        )

    def _parts(self, flow: Flow, facts: Facts) -> Iterator[Part]:
        sure = facts.receipts >= self.many and not facts.rough
        sentence = f"{count(facts.receipts, 'receipt')} passed on in {count(facts.payments, 'payment')}"
        yield Part("structure", round(min(2.0, 0.5 + log2(facts.receipts) / 2), 3), sentence)
        quarter, hour, day = facts.soon
        if day >= self.high_keep:
            sentence = f"{percent(day)} of the value left within 24 hours, {percent(1 - facts.moved)} stayed"
            yield Part("conservation", 2.0, sentence, decisive=sure)
        if hour >= self.fast_share and flow.ledger.precision <= SOON[0]:
            sentence = f"{percent(quarter)} of the value left within 15 minutes, {percent(hour)} within the hour"
            yield Part("speed", 2.0, sentence, decisive=sure)


def _rare(flow: Flow, linked: Longs, starts: Longs, most: int) -> Choice:
    """Which episodes are among the rarest, by the amounts that came in and by one-off pairs."""
    if not starts.size:
        return Choice(np.empty(0, np.bool_), 0)
    points = flow.rarity.volume(*receipts(linked, starts)).points
    once = flow.rarity.one_off[linked[:, :2]].astype(np.int64).sum(axis=1)
    number = np.diff(np.append(starts, len(linked)))
    points += flow.rarity.novelty(2 * number, np.add.reduceat(once, starts))
    return rarest(flow, points, most, "episode", flow.payee[linked[starts, 0]])


def _inside(flow: Flow, relayed: Longs, shown: list[Longs]) -> npt.NDArray[np.bool_]:
    """Per relay, whether one of these episodes has both its receipt and its payment: it would say nothing new."""
    if not shown:
        return np.zeros(len(relayed), np.bool_)
    number = np.repeat(np.arange(len(shown)), [len(episode) for episode in shown])
    whole, of = np.concatenate(shown), np.full((2, flow.size), -1, np.int64)
    of[0, whole[:, 0]], of[1, whole[:, 1]] = number, number
    inside: npt.NDArray[np.bool_] = (of[0, relayed[:, 0]] >= 0) & (of[0, relayed[:, 0]] == of[1, relayed[:, 1]])
    return inside


def _overlapping(flow: Flow, relayed: Longs) -> list[Longs]:
    """Relays of one account whose times overlap, together."""
    if not len(relayed):
        return []
    account = flow.payee[relayed[:, 0]]
    relayed = relayed[np.lexsort((relayed[:, 0], account))]
    account = flow.payee[relayed[:, 0]]
    groups: list[list[int]] = []
    until = -1
    for k, (receipt, payment) in enumerate(relayed[:, :2].tolist()):
        if not groups or account[k] != account[groups[-1][0]] or receipt > until:
            groups.append([])
            until = payment
        groups[-1].append(k)
        until = max(until, payment)
    return [relayed[group] for group in groups]


def _rare_relays(flow: Flow, relayed: Longs, most: int) -> Choice:
    """Which relays are among the rarest: large ones, handed on nearly whole."""
    receipt, payment, carried = flow.value[relayed[:, 0]], flow.value[relayed[:, 1]], relayed[:, 2]
    kept = carried / np.maximum(np.maximum(receipt, payment), 1)
    points = flow.rarity.nearness(kept, np.ones(carried.size, np.int64))
    points -= np.log10(np.maximum(flow.rarity.reached(receipt), 1e-9))
    return rarest(flow, points, most, "relay", flow.payee[relayed[:, 0]])
