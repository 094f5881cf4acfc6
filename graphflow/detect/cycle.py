"""Cycle: money that comes back to the account it left, in time order."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphflow.finding import Finding, Part
from graphflow.flow import Flow, in_threads
from graphflow.graph import FlowGraph
from graphflow.kernels import cycle as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import major
from graphflow.words import count, percent, shown, span

Longs = npt.NDArray[np.int64]

_BUDGET = 100_000
_ACCOUNT_BUDGET = 5_000_000
_TASK_BUDGET = 400_000_000
_MOST = 1_000
_WIDTH = 64
_TASKS = 32


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Money that comes back to the account it left, in time order.

    What it sees
        Simple temporal cycles: transactions from account to account, no account twice, each not earlier than the one
        before (ties by ledger order), back at the first account within `window` of the first transaction, with 2 to
        `max_hops` hops. Each transaction is worth between `keep` and 1 / `keep` of the first one, in one value
        basis (several currencies: the ledger's own median rates). Self-transfers are left out. Parallel transactions are
        bundled. Cycles over the same accounts whose times overlap are one finding, with their count.
    Measures
        hops, cycles (combinations of transactions that close), kept (the smallest value over the largest on the
        best cycle), span_hours.
    When it is fooled
        Refunds, loans repaid and money lent round between friends come back too: two hops stay at review. Cycles are rarer
        than chains in telecom fraud; they show turnover being faked, and bait paid back to a victim.
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

    max_hops: int = 10
    window: timedelta = timedelta(hours=72)
    keep: float = 0.50
    high_keep: float = 0.90
    fast: timedelta = timedelta(hours=6)

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first transaction."""
        flow = graph.flow
        rows, events, cut = self._search(flow)
        for group in _overlapping(flow, rows, events):
            yield self._finding(flow, group, rows, events)
        return tuple(self._cut_words(cut))

    def _search(self, flow: Flow) -> tuple[Longs, npt.NDArray[np.int32], Longs]:
        """Rows (first event, hops, combinations, start in events, stop) of each account sequence that closes."""
        until, sent, got = flow.until(self.window), flow.sent, flow.received
        search = ready(kernels, flow.size).search

        def run(first: int, last: int) -> Any:
            return search(
                first, last, flow.payer, flow.payee, flow.value, until, sent.ptr, sent.events, got.ptr, got.events,
                flow.account_count, self.max_hops, self.keep, _BUDGET, _ACCOUNT_BUDGET, _TASK_BUDGET, _MOST, _WIDTH,
            )  # fmt: skip

        bounds = np.linspace(0, flow.size, min(_TASKS, flow.size // 2000 + 1) + 1).astype(int).tolist()
        parts = in_threads(run, list(zip(bounds[:-1], bounds[1:], strict=True)))
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

    def _finding(self, flow: Flow, group: list[int], rows: Longs, events: npt.NDArray[np.int32]) -> Finding:
        cited = np.unique(np.concatenate([events[rows[k, 3] : rows[k, 4]] for k in group]))
        best, kept = max(((k, _kept(flow, events[rows[k, 3] : rows[k, 4]])) for k in group), key=lambda x: x[1])
        way = events[rows[best, 3] : rows[best, 4]]
        accounts = _in_order(flow, way)
        hops, cycles = int(rows[best, 1]), int(rows[group, 2].sum())
        lasted = timedelta(microseconds=int(flow.time[way[-1]] - flow.time[way[0]]))
        amount, currency, rough = _carried(flow, way)
        text = f"{major(amount, flow.ledger.decimals[currency])} {currency}"
        names = tuple(flow.names.gather(accounts).to_list())
        times = f", {cycles:,} ways over the same accounts" if cycles > 1 else ""
        return Finding(
            detector=self.name,
            accounts=names,
            rows=flow.ledger_rows(cited),
            ledger=flow.ledger,
            amount=amount,
            currency=currency,
            measures={
                "hops": hops,
                "cycles": cycles,
                "kept": round(kept, 4),
                "span_hours": round(lasted.total_seconds() / 3600, 2),
            },
            parts=tuple(self._parts(flow, hops, kept, lasted, rough=rough)),
            reason=(
                f"{text} went from {shown(names[0])} over {count(hops - 1, 'account')} back to it in {span(lasted)}, "
                f"{percent(kept)} kept{times}"
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


def _kept(flow: Flow, way: npt.NDArray[np.int32]) -> float:
    """Smallest over largest value of the transactions of a cycle, parallel ones taken alone."""
    values = flow.value[way]
    return float(values.min() / values.max()) if values.max() > 0 else 1.0


def _in_order(flow: Flow, way: npt.NDArray[np.int32]) -> list[int]:
    """Account codes of a cycle in the order of its hops."""
    payers = flow.payer[way]
    order: list[int] = payers[np.sort(np.unique(payers, return_index=True)[1])].tolist()
    return order


def _carried(flow: Flow, way: npt.NDArray[np.int32]) -> tuple[int, str, bool]:
    """What went the whole way round: the smallest transaction, in its currency or in the value basis; whether roughly."""
    codes = flow.currency_codes[way]
    if (codes == codes[0]).all():
        return int(flow.paid[way].min()), flow.ledger.currencies[int(codes[0])], False
    rough = any(flow.ledger.currencies[code] in flow.valuation.rough for code in codes.tolist())
    return int(flow.value[way].min()), flow.valuation.base, rough


def _overlapping(flow: Flow, rows: Longs, events: npt.NDArray[np.int32]) -> Iterator[list[int]]:
    """Groups of cycles over the same set of accounts whose times overlap, by time of the first transaction."""
    open_groups: dict[tuple[int, ...], tuple[list[int], int]] = {}
    groups: list[list[int]] = []
    for k in np.argsort(rows[:, 0], kind="stable").tolist():
        way = events[rows[k, 3] : rows[k, 4]]
        key = tuple(sorted(set(flow.payer[way].tolist())))
        last = int(flow.time[way.max()])
        if key in open_groups and int(flow.time[rows[k, 0]]) <= open_groups[key][1]:
            group, until = open_groups[key]
            group.append(k)
            open_groups[key] = (group, max(until, last))
        else:
            groups.append([k])
            open_groups[key] = (groups[-1], last)
    yield from groups
