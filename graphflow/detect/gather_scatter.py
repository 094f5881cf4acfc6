"""Gather-scatter: many payers into one account, then many payees out of it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import isnan, log2
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByAccount
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
class GatherScatter:
    """Many payers into one account, then many payees out of it: the account that takes in and hands on.

    What it sees
        A payment of an account is a turn when the receipts before it (ledger order) and not more than `window` earlier
        come from at least `min_payers` accounts, and the payments from it on, not more than `window` later, go to at
        least `min_payees`. Turns of neighbouring payments that share a receipt are one run; its best turn, the one
        whose smaller side has most accounts, is one finding with the receipts and payments round it. Self-transfers are
        left out.
    Measures
        payers, payees, one_off_share (share of the transfers between accounts that deal with each other only within 4
        days), kept (value paid over value received, or its inverse when more was paid), moved_share (share of the value
        received that left within `dwell`, first in first out), stays_minutes (how long money stays with the account,
        over the whole ledger), span_hours.
    When it is fooled
        Any busy account takes in and pays out: a shop with its suppliers, a household with its bills. They are paid by
        the same people again, or keep part; rarity puts them low, and `high` needs one-off payers and payees.
    Parameters
        min_payers, min_payees   2 before, 2 after
        window                   96 hours on each side
        one_off_share            0.70 of the transfers, with at least `high_side` (3) payers and payees, for `high`
        moved_share, dwell       0.80 of the value within 24 hours
        fast                     60 minutes: half of the value has left known mule accounts by then
        hub                      an account with more than 50 counterparties in 24 hours is not traversed, nor is a
                                 gateway; that is said
        rarest                   400 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        Altman et al., "Realistic Synthetic Financial Transactions for Anti-Money Laundering Models" (NeurIPS 2023),
        for the pattern and its time; RUSI and Lloyds, "Following the Fraud" (2025), for how fast money leaves.

    Example
    -------
    >>> GatherScatter().min_payers
    2
    """

    name: ClassVar[str] = "gather-scatter"

    min_payers: int = threshold(2, "payers", "AMLworld: from 2 on; judgement")
    min_payees: int = threshold(2, "payees", "AMLworld: from 2 on; judgement")
    window: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: up to 4 days on each side")
    one_off_share: float = threshold(0.70, "share", "domain: payers hardly ever repeat; number by judgement")
    high_side: int = threshold(3, "payers and payees", "judgement")
    moved_share: float = threshold(0.80, "share", "RUSI/Lloyds 2025: above 85 % has left within 24 hours")
    dwell: timedelta = threshold(timedelta(hours=24), "duration", "RUSI/Lloyds 2025")
    fast: timedelta = threshold(timedelta(minutes=60), "duration", "RUSI/Lloyds 2025: half is gone within the hour")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")
    rarest: int = threshold(400, "findings at a million transfers", "judgement")

    def cut(self) -> ByAccount:
        """One account after the other."""
        return ByAccount()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by account in order of first appearance in the ledger, then by time."""
        flow = graph.flow
        skipped = untraversed(flow, self.hub)
        turns = self._turns(flow, skipped)
        rare = self._rare(flow, turns)
        yield from self._findings(flow, turns[rare.kept])
        return (*untraversed_words(flow, self.hub), *cut_words(rare.left_out, "turn"))

    def _turns(self, flow: Flow, skipped: npt.NDArray[np.bool_]) -> Longs:
        got, sent, run = flow.received, flow.sent, ready(kernels, flow.size).turned
        parts = in_parts(
            lambda a, b: run(
                a, b, got.ptr, got.events, got.others, sent.ptr, sent.events, sent.others, flow.time,
                flow.account_count, microseconds(self.window), self.min_payers, self.min_payees, skipped,
            ),
            got.ptr + sent.ptr,
        )  # fmt: skip
        return np.concatenate([rows[:number] for rows, number in parts])

    def _rare(self, flow: Flow, turns: Longs) -> Choice:
        """Which turns are among the rarest, by the amounts that came in and the one-off transfers on both sides."""
        if not len(turns):
            return Choice(np.empty(0, np.bool_), 0)
        ins, starts = _taken(flow.received.events, turns[:, 1:3])
        outs, out_starts = _taken(flow.sent.events, turns[:, 3:5])
        once = np.add.reduceat(flow.rarity.one_off[ins].astype(np.int64), starts)
        once += np.add.reduceat(flow.rarity.one_off[outs].astype(np.int64), out_starts)
        transfers = np.diff(turns[:, 1:3])[:, 0] + np.diff(turns[:, 3:5])[:, 0]
        points = flow.rarity.volume(ins, starts).points + flow.rarity.novelty(transfers, once)
        return rarest(flow, points, self.rarest, "turn", turns[:, 0])

    def _findings(self, flow: Flow, turns: Longs) -> Iterator[Finding]:
        if not len(turns):
            return
        ins, starts = _taken(flow.received.events, turns[:, 1:3])
        sums, passed = totals(flow, ins, starts), flow.lots(self.dwell).passed
        stays, names = flow.stays(self.dwell)[turns[:, 0]].tolist(), flow.names.gather(turns[:, 0]).to_list()
        for k, turn in enumerate(turns.tolist()):
            receipts = flow.received.events[turn[1] : turn[2]].astype(np.int64)
            payments = flow.sent.events[turn[3] : turn[4]].astype(np.int64)
            events = np.union1d(receipts, payments)
            got, paid = int(flow.value[receipts].sum()), int(flow.value[payments].sum())
            facts = _Facts(
                payers=turn[5],
                payees=turn[6],
                one_off=float(flow.rarity.one_off[events].mean()),
                kept=min(got, paid) / max(got, paid, 1),
                moved=int(passed[receipts].sum()) / max(got, 1),
                stays=None if isnan(stays[k]) else timedelta(seconds=stays[k]),
                lasted=timedelta(microseconds=int(flow.time[events[-1]] - flow.time[events[0]])),
                rough=bool(sums.rough[k]),
            )
            yield self._finding(flow, names[k], events, facts, int(sums.amount[k]), sums.currency[k])

    def _finding(self, flow: Flow, account: str, events: Longs, facts: _Facts, amount: int, currency: str) -> Finding:
        return Finding(
            detector=self.name,
            accounts=(account,),
            rows=flow.ledger_rows(events),
            ledger=flow.ledger,
            amount=amount,
            currency=currency,
            measures={
                "payers": facts.payers,
                "payees": facts.payees,
                "one_off_share": round(facts.one_off, 4),
                "kept": round(facts.kept, 4),
                "moved_share": round(facts.moved, 4),
                "stays_minutes": round(facts.stays.total_seconds() / 60, 1) if facts.stays is not None else "",
                "span_hours": round(facts.lasted.total_seconds() / 3600, 2),
            },
            parts=tuple(self._parts(flow, facts)),
            reason=(
                f"{named(account)} received from {count(facts.payers, 'payer')}, then paid "
                f"{count(facts.payees, 'payee')}, in {span(facts.lasted)}; {percent(facts.moved)} of what came in "
                f"left within {span(self.dwell)}"
            ),
        )

    def _parts(self, flow: Flow, facts: _Facts) -> Iterator[Part]:
        smaller = min(facts.payers, facts.payees)
        once = facts.one_off >= self.one_off_share and not facts.rough
        sure = once and smaller >= self.high_side
        sentence = f"{count(facts.payers, 'payer')} before, {count(facts.payees, 'payee')} after"
        yield Part("structure", round(min(3.0, 1 + log2(smaller) / 2), 3) if once else 0.5, sentence)
        if facts.moved >= self.moved_share:
            sentence = f"{percent(facts.moved)} of what came in left within {span(self.dwell)}"
            yield Part("conservation", 2.0, sentence, decisive=sure)
            quick = facts.stays is not None and facts.stays <= self.fast and flow.ledger.precision < self.fast
            if quick and facts.stays is not None:
                yield Part("speed", 2.0, f"money stays {span(facts.stays)} on average", decisive=sure)


@dataclass(frozen=True)
class _Facts:
    payers: int
    payees: int
    one_off: float
    kept: float
    moved: float
    stays: timedelta | None
    lasted: timedelta
    rough: bool


def _taken(events: npt.NDArray[np.int32], bounds: Longs) -> tuple[Longs, Longs]:
    """The events between each row's bounds one after the other, and where each row's begin."""
    lengths = bounds[:, 1] - bounds[:, 0]
    starts = np.cumsum(lengths) - lengths
    taken = events[np.repeat(bounds[:, 0] - starts, lengths) + np.arange(lengths.sum())]
    return taken.astype(np.int64), starts
