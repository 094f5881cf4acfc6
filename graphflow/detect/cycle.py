"""Cycle: money that comes back to the account it left, in time order."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.detect.cuts import ByTime
from graphflow.detect.gateways import untraversed, untraversed_words
from graphflow.detect.threshold import threshold
from graphflow.detect.ways import Bundle, Cited, best, carried, cited_by, ways_round
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.ledger import major
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]


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
        max_hops    12; window: 4 days; keep: 0.50 for review; high_keep: 0.90, a fee of 0 to 15 % a hop
        fast        6 hours for the whole way round
        hub         an account with more than 50 counterparties in 24 hours is on no cycle, nor is a payment gateway
                    or an account of the bank itself (see `account_types`); that is said
    Bounds
        100,000 transactions looked at for each first transaction, 5 million for each account that starts cycles,
        1,000 account sequences for each first transaction, 64 parallel transactions cited a hop. What they cut is said.
    Source
        Blanuša et al., "Scalable Fine-Grained Parallel Cycle Enumeration Algorithms" (SPAA 2022), for the definition;
        AMLSim plants cycles of 5 to 10 accounts.

    Example
    -------
    >>> Cycle(window=timedelta(hours=24)).max_hops
    12
    """

    name: ClassVar[str] = "cycle"

    max_hops: int = threshold(12, "hops", "IBM AMLSim plants cycles of 5 to 10 accounts")
    window: timedelta = threshold(timedelta(hours=96), "duration", "judgement; AMLSim's cycles take 5 to 20 days")
    keep: float = threshold(0.50, "share", "judgement")
    high_keep: float = threshold(0.90, "share", "judgement: commissions of 1 to 5 % a hop (press, 2019 and 2021)")
    fast: timedelta = threshold(timedelta(hours=6), "duration", "judgement")
    hub: int = threshold(50, "counterparties in 24 hours", "judgement")

    def cut(self) -> ByTime:
        """A cycle lasts `window` at most."""
        return ByTime(self.window, self._sieve, lambda flow: untraversed(flow, self.hub), parallel=True)

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first transaction."""
        flow = graph.flow
        ways = ways_round(flow, self.window, self.max_hops, self.keep, untraversed(flow, self.hub))
        for group in ways.groups:
            yield self._finding(flow, ways.cited, group)
        return (*ways.cut, *untraversed_words(flow, self.hub))

    def _sieve(self, flow: Flow) -> Longs:
        """The transactions of all cycles that are cited; more may be parallel to them."""
        return cited_by(flow, self.window, self.max_hops, self.keep, untraversed(flow, self.hub))

    def _finding(self, flow: Flow, cited: Cited, group: list[Bundle]) -> Finding:
        kept, way = max((best(bundle.hops, cited.value) for bundle in group), key=itemgetter(0))
        names = tuple(cited.names[cited.payer[event]] for event in way)
        cycles = sum(bundle.combinations for bundle in group)
        lasted = timedelta(microseconds=cited.time[way[-1]] - cited.time[way[0]])
        amount, currency, rough = carried(flow, cited, way)
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
