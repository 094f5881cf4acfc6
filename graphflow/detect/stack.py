"""Stack: layers of accounts, each paying the next, with the same payers and payees in each layer."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import log2
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByCounterparties
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.sharing import common, components, pruned, sharing
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Layers of accounts: payers pay a middle layer together, which pays the next layer together.

    What it sees
        Two middle accounts hang together when they have at least `min_shared` payers and at least `min_shared` payees
        in common, each dealt with by both not more than `window` apart (self-transfers left out). Middle accounts that
        hang together are a layer; of their transfers those count that are with such common payers and payees, as long
        as every middle account has at least `min_shared` on both sides, every outer one deals with two middle accounts,
        and every middle account was paid before it paid (ties by ledger order). Layers whose payments are the next
        one's receipts are one finding.
    Measures
        layers (of accounts, from 3 on), middle (accounts between the first and last layer), payers (of the first
        layer; 0 when the layers pay in a circle), payees (of the last), kept (value paid by the middle accounts over
        value they received, or its inverse), one_off_share (share of the transfers between accounts that deal with each
        other only within 4 days), span_hours.
    When it is fooled
        Branches of one business pay the same suppliers out of what the same customers paid. They do so again and again:
        rarity puts them low, and `high` needs one-off transfers. AMLworld calls stack also chains of two hops that
        share no account: those are pass-through here, one by one.
    Parameters
        min_shared       2 payers and 2 payees in common
        window           96 hours between two transfers with a common payer, or payee
        keep             0.80 of the value handed on counts as conserved, 0.85 (`high_keep`) for `high`
        one_off_share    0.70 of the transfers, for decisive structure, and 3 middle accounts (`high_middle`) or all
                         of it within `brief` (7 days)
        most_accounts    100 middle accounts: a larger layer is not reported, and said so
        hub              an account with more than 50 counterparties in 24 hours is not traversed, nor is a
                         gateway; that is said
    Source
        Altman et al., "Realistic Synthetic Financial Transactions for Anti-Money Laundering Models" (NeurIPS 2023),
        for the pattern; Liu et al., "Efficient (α,β)-core computation in bipartite graphs" (VLDB Journal 2020), for
        what is left of a layer.

    Example
    -------
    >>> Stack().min_shared
    2
    """

    name: ClassVar[str] = "stack"

    min_shared: int = threshold(2, "accounts", "judgement")
    window: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: attempts take up to 4 days")
    keep: float = threshold(0.80, "share", "domain: mules keep 1 to 15 % a hop")
    high_keep: float = threshold(0.85, "share", "domain: mules keep 1 to 15 % a hop")
    high_middle: int = threshold(3, "accounts", "judgement")
    brief: timedelta = threshold(timedelta(days=7), "duration", "judgement")
    one_off_share: float = threshold(0.70, "share", "domain: payers hardly ever repeat; number by judgement")
    most_accounts: int = threshold(100, "accounts", "judgement")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")

    def cut(self) -> ByCounterparties:
        """Accounts with payers in common, and payees."""
        return ByCounterparties(
            self.min_shared, self.window, lambda flow: untraversed(flow, self.hub), payees=True, payers=True
        )

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by the first transfer."""
        flow = graph.flow
        skipped = untraversed(flow, self.hub)
        groups = list(components(self._pairs(flow, skipped)))
        small = [group for group in groups if len(group) <= self.most_accounts]
        layers = [layer for group in small for layer in self._layers(flow, group, skipped)]
        for stack in sorted(_stacked(layers), key=lambda s: s[0].ins[0]):
            yield self._finding(flow, stack)
        return tuple(self._cut_words(flow, len(groups) - len(small)))

    def _pairs(self, flow: Flow, skipped: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
        """Pairs of accounts that have both payers and payees in common."""
        paid = sharing(flow, flow.received, flow.sent, self.window, skipped, self.min_shared)
        for a, b in sorted(map(tuple, paid.tolist())):
            if len(common(flow, flow.sent, [a, b], self.window, skipped)) >= self.min_shared:
                yield a, b

    def _layers(self, flow: Flow, group: list[int], skipped: npt.NDArray[np.bool_]) -> Iterator[_Layer]:
        """The transfers of a middle layer that keep to order and to what is common, if any are left."""
        ins = common(flow, flow.received, group, self.window, skipped)
        outs = common(flow, flow.sent, group, self.window, skipped)
        while True:
            ins = pruned(flow, ins, flow.payee, self.min_shared, 2)
            outs = pruned(flow, outs, flow.payer, self.min_shared, 2)
            left = _in_order(flow, ins, outs)
            if left == (ins, outs):
                break
            ins, outs = left
        middle = sorted(_firsts(flow, ins).keys() & _lasts(flow, outs).keys())
        if len(middle) > 1:
            yield _Layer(middle, _flat(ins), _flat(outs))

    def _finding(self, flow: Flow, stack: list[_Layer]) -> Finding:
        events = np.unique(np.concatenate([side for layer in stack for side in (layer.ins, layer.outs)]))
        middle = {account for layer in stack for account in layer.middle}
        payers = [a for a in dict.fromkeys(flow.payer[events].tolist()) if a not in middle]
        payees = [a for a in dict.fromkeys(flow.payee[events].tolist()) if a not in middle]
        got = sum(int(flow.value[layer.ins].sum()) for layer in stack)
        paid = sum(int(flow.value[layer.outs].sum()) for layer in stack)
        kept = min(got, paid) / max(got, paid, 1)
        one_off = float(flow.rarity.one_off[events].mean())
        fresh = events[~np.isin(flow.payer[events], sorted(middle))]
        sums = totals(flow, fresh if fresh.size else events[:1], np.zeros(1, np.int64))
        rough = bool(totals(flow, events, np.zeros(1, np.int64)).rough[0])
        lasted = timedelta(microseconds=int(flow.time[events[-1]] - flow.time[events[0]]))
        order = list(dict.fromkeys(np.stack([flow.payer[events], flow.payee[events]], axis=1).ravel().tolist()))
        names = flow.names.gather(order).to_list()
        return Finding(
            detector=self.name,
            accounts=tuple(names),
            rows=flow.ledger_rows(events),
            ledger=flow.ledger,
            amount=int(sums.amount[0]),
            currency=sums.currency[0],
            measures={
                "layers": 2 + len(stack),
                "middle": len(middle),
                "payers": len(payers),
                "payees": len(payees),
                "kept": round(kept, 4),
                "one_off_share": round(one_off, 4),
                "span_hours": round(lasted.total_seconds() / 3600, 2),
            },
            parts=tuple(self._parts(len(stack), len(middle), kept, one_off, lasted, rough=rough)),
            reason=(
                f"{_payers(flow, payers)} paid {count(len(middle), 'account')} that paid on to {_payees(payees)}, "
                f"{percent(kept)} of the value, in {span(lasted)}"
            ),
        )

    def _parts(
        self, depth: int, middle: int, kept: float, one_off: float, lasted: timedelta, *, rough: bool
    ) -> Iterator[Part]:
        large = middle >= self.high_middle or lasted <= self.brief
        once = large and one_off >= self.one_off_share and not rough
        sentence = f"{2 + depth} layers, {count(middle, 'account')} between, the same payers and payees for them"
        yield Part("structure", round(min(4.0, 1 + depth + log2(middle) / 2), 3), sentence, decisive=once)
        if kept >= self.keep:
            sure = kept >= self.high_keep and not rough
            yield Part("conservation", 2.0, f"{percent(kept)} of the value was handed on", decisive=sure)

    def _cut_words(self, flow: Flow, large: int) -> Iterator[str]:
        yield from untraversed_words(flow, self.hub)
        if large:
            yield f"{count(large, 'layer')} of more than {self.most_accounts:,} accounts not reported"


@dataclass(frozen=True)
class _Layer:
    """Middle accounts, and the events by which they were paid and paid, in time order."""

    middle: list[int]
    ins: Longs
    outs: Longs


def _payers(flow: Flow, payers: list[int]) -> str:
    """Who brings money in; there may be no such account when the layers pay in a circle."""
    return f"{count(len(payers), 'payer')} ({named(flow.names[payers[0]])} first)" if payers else "accounts among them"


def _payees(payees: list[int]) -> str:
    return f"{count(len(payees), 'payee')} in common" if payees else "one another"


Common = dict[int, list[int]]


def _firsts(flow: Flow, ins: Common) -> dict[int, int]:
    """The first receipt of each middle account."""
    first: dict[int, int] = {}
    for event in sorted((e for events in ins.values() for e in events), reverse=True):
        first[int(flow.payee[event])] = event
    return first


def _lasts(flow: Flow, outs: Common) -> dict[int, int]:
    """The last payment of each middle account."""
    return {int(flow.payer[event]): event for event in sorted(e for events in outs.values() for e in events)}


def _in_order(flow: Flow, ins: Common, outs: Common) -> tuple[Common, Common]:
    """Receipts that some payment of their payee follows, and payments that some receipt of their payer precedes."""
    first, last = _firsts(flow, ins), _lasts(flow, outs)
    before = {e for events in ins.values() for e in events if e < last.get(int(flow.payee[e]), -1)}
    after = {e for events in outs.values() for e in events if e > first.get(int(flow.payer[e]), flow.size)}
    return _only(ins, before), _only(outs, after)


def _only(kept: Common, good: set[int]) -> Common:
    """The events that are good, and the accounts that have any."""
    left = {other: [event for event in events if event in good] for other, events in kept.items()}
    return {other: events for other, events in left.items() if events}


def _flat(kept: Common) -> Longs:
    return np.array(sorted(event for events in kept.values() for event in events), np.int64)


def _stacked(layers: list[_Layer]) -> Iterable[list[_Layer]]:
    """Layers joined where the payments of one are receipts of another, each stack by first receipt."""
    receives: dict[int, int] = {event: k for k, layer in enumerate(layers) for event in layer.ins.tolist()}
    pairs = [(k, k) for k in range(len(layers))]
    pairs += [(k, receives[e]) for k, layer in enumerate(layers) for e in layer.outs.tolist() if e in receives]
    for group in components(pairs):
        yield sorted((layers[k] for k in group), key=lambda layer: int(layer.ins[0]))
