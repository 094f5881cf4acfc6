"""Flow density: a group of accounts through which nearly all that comes in goes out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import log2
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByLinks
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.lots import episodes, links
from graphflow.detect.sharing import components
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.rarity import Choice, cut_words, rarest
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class FlowDensity:
    """A group of accounts through which nearly all that comes in goes out: rings that no single motif shows.

    What it sees
        Receipts are lots, and each payment takes from the oldest lots not more than `dwell` old (first in, first out;
        ties by ledger order; self-transfers left out). Receipts that left and payments that came from lots, each to at
        least `keep`, make an episode of an account where they share lots. Its measure is what went through less
        `penalty` times what stayed; with less than nothing the episode does not count. Episodes of which one paid what
        another received are a group, and with at least `min_accounts` accounts one finding.
    Measures
        middle (accounts that pass money on), payers and payees (accounts outside that pay them and are paid by them),
        through_share (value that went through over value received by the middle accounts), density (what went through
        less `penalty` times what stayed, for each middle account, in major units of the base currency), dwell_minutes
        (average time that what went through had stayed, by value).
    When it is fooled
        Firms of one group that sweep their balances to each other every evening look alike. Mules who keep a round sum
        each time hide from it, and so does one who leaves more than a fifth lying.
    Parameters
        dwell           24 hours
        keep            0.80 of each receipt and payment
        penalty         4 times what stays: a fifth may stay
        min_accounts    4 middle accounts
        high_accounts   6 middle accounts for decisive structure
        high_keep       0.90 going through for decisive conservation
        hub             an account with more than 50 counterparties in 24 hours is not traversed, nor is a
                        gateway; that is said
        rarest          400 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        Li et al., "FlowScope: Spotting Money Laundering Based on Graphs" (AAAI 2020), for the measure: throughput less
        a multiple of what is left; there over layers of a static graph, here over lots in time order.

    Example
    -------
    >>> FlowDensity().min_accounts
    4
    """

    name: ClassVar[str] = "flow-density"

    dwell: timedelta = threshold(timedelta(hours=24), "duration", "RUSI/Lloyds 2025: over 85 % gone in 24 hours")
    keep: float = threshold(0.80, "share", "RUSI/Lloyds 2025: above 0.85 on average")
    penalty: float = threshold(4.0, "times", "FlowScope, AAAI 2020")
    min_accounts: int = threshold(4, "accounts", "judgement")
    high_accounts: int = threshold(6, "accounts", "judgement")
    high_keep: float = threshold(0.90, "share", "AMLSim: a margin of 0.1")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")
    rarest: int = threshold(400, "findings at a million transfers", "judgement")

    def cut(self) -> ByLinks:
        """Links are an account's own."""
        return ByLinks(lambda flow: links(flow, self.dwell, self.keep, untraversed(flow, self.hub)), self.dwell)

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by the first transaction."""
        flow = graph.flow
        skipped = untraversed(flow, self.hub)
        groups = [g for g in self._groups(flow, skipped) if np.unique(g.account).size >= self.min_accounts]
        rare = _rare(flow, groups, self.rarest)
        shown = [group for group, keep in zip(groups, rare.kept, strict=True) if keep]
        for group in sorted(shown, key=lambda g: int(g.links[:, 0].min())):
            yield self._finding(flow, group)
        return (*untraversed_words(flow, self.hub), *cut_words(rare.left_out, "group"))

    def _groups(self, flow: Flow, skipped: npt.NDArray[np.bool_]) -> Iterator[_Group]:
        """Episodes that hang together over a transfer that one paid and another received."""
        linked = links(flow, self.dwell, self.keep, skipped)
        starts = episodes(linked)
        number = np.repeat(np.arange(starts.size), np.diff(np.append(starts, len(linked))))
        linked, number = linked[(dense := self._dense(flow, linked, number))[number]], number[dense[number]]
        paid_by = np.full(flow.size, -1, np.int64)
        paid_by[linked[:, 1]] = number
        source = paid_by[linked[:, 0]]
        pairs = np.unique(np.stack([source, number], axis=1)[source >= 0], axis=0)
        first = np.searchsorted(number, np.arange(starts.size + 1))
        for group in components(map(tuple, pairs.tolist())):
            rows = np.concatenate([np.arange(first[k], first[k + 1]) for k in group])
            yield _Group(linked[rows], flow.payee[linked[rows, 0]])

    def _dense(self, flow: Flow, linked: Longs, number: Longs) -> npt.NDArray[np.bool_]:
        """Per episode, whether more goes through than `penalty` times what stays."""
        size = int(number[-1]) + 1 if number.size else 0
        new = np.ones(number.size, np.bool_)
        new[1:] = (np.diff(linked[:, 0]) != 0) | (np.diff(number) != 0)
        got = np.bincount(number[new], flow.value[linked[new, 0]].astype(np.float64), size)
        through = np.bincount(number, linked[:, 2].astype(np.float64), size)
        dense: npt.NDArray[np.bool_] = through - self.penalty * (got - through) >= 0
        return dense

    def _finding(self, flow: Flow, group: _Group) -> Finding:
        events = np.unique(group.links[:, :2])
        middle = np.unique(group.account)
        outside_in = events[~np.isin(flow.payer[events], middle)]
        payees = np.setdiff1d(flow.payee[events], middle)
        got, through = int(flow.value[np.unique(group.links[:, 0])].sum()), int(group.links[:, 2].sum())
        waited = flow.time[group.links[:, 1]] - flow.time[group.links[:, 0]]
        dwell = timedelta(microseconds=round(float(np.average(waited, weights=group.links[:, 2] + 1e-9))))
        sums = totals(flow, outside_in if outside_in.size else events[:1], np.zeros(1, np.int64))
        unit = 10 ** flow.ledger.decimals.get(flow.valuation.base, 2)
        share = through / max(got, 1)
        names = flow.names.gather(list(dict.fromkeys(group.account[np.argsort(group.links[:, 0])].tolist()))).to_list()
        parts = self._parts(middle.size, share, rough=bool(totals(flow, events, np.zeros(1, np.int64)).rough[0]))
        return Finding(
            detector=self.name,
            accounts=tuple(names),
            rows=flow.ledger_rows(events),
            ledger=flow.ledger,
            amount=int(sums.amount[0]),
            currency=sums.currency[0],
            measures={
                "middle": int(middle.size),
                "payers": int(np.unique(flow.payer[outside_in]).size),
                "payees": int(payees.size),
                "through_share": round(share, 4),
                "density": round((through - self.penalty * (got - through)) / middle.size / unit, 2),
                "dwell_minutes": round(dwell.total_seconds() / 60, 1),
            },
            parts=tuple(parts),
            reason=(
                f"{percent(share)} of what {count(middle.size, 'account')} ({named(names[0])} first) received went "
                f"through them to others, after {span(dwell)} on average"
            ),
        )

    def _parts(self, middle: int, share: float, *, rough: bool) -> Iterator[Part]:
        sentence = f"{count(middle, 'account')} that pass on what they receive, to each other too"
        large = middle >= self.high_accounts and not rough
        yield Part("structure", round(min(3.0, log2(middle) / 2), 3), sentence, decisive=large)
        if share >= self.high_keep:
            sentence = f"{percent(share)} of the value went through"
            yield Part("conservation", 1.0, sentence, decisive=not rough)


@dataclass(frozen=True)
class _Group:
    """Links (receipt, payment, value) of episodes that hang together, and the account of each."""

    links: Longs
    account: npt.NDArray[np.int32]


def _rare(flow: Flow, groups: list[_Group], most: int) -> Choice:
    """Which groups are among the rarest, by amounts and one-off pairs."""
    if not groups:
        return Choice(np.empty(0, np.bool_), 0)
    listed = [np.unique(group.links[:, :2]) for group in groups]
    sizes = np.array([events.size for events in listed])
    events, starts = np.concatenate(listed), np.cumsum(sizes) - sizes
    once = np.add.reduceat(flow.rarity.one_off[events].astype(np.int64), starts)
    points = flow.rarity.volume(events, starts).points + flow.rarity.novelty(sizes, once)
    return rarest(flow, points, most, "group")
