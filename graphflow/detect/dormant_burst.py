"""Dormant burst: an account long idle that is suddenly busy."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByAccount
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Adjacency, Flow, microseconds
from graphflow.graph import FlowGraph
from graphflow.kernels import wake as kernels
from graphflow.kernels.csr import KEEP_SLACK
from graphflow.kernels.engine import ready
from graphflow.ledger import Codes
from graphflow.words import Note, count, named, percent, span

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class DormantBurst:
    """An account long idle that is suddenly busy.

    What it sees
        An account wakes with a transfer (either direction, self-transfers left out) at least `idle` after the one
        before. Its burst is that transfer and all of its others not more than `window` later. It is seen with at least
        `count` transfers, or with at least `amount` received or paid and more than any transfer it had before.
    Measures
        idle_days (before it woke), transfers, received and paid (major units of the base currency, whole ledger's
        value basis), moved_share (of what it received in the burst, the value that left within `dwell`, first in first
        out; empty when it received nothing), earlier_bursts (of the same account).
    When it is fooled
        A savings account that pays for a house, a tax refund, a yearly bonus; an account of a season's trade. An
        account is asleep only as far as the ledger holds its transfers: one bank's records may miss another's. An
        account with more than `most_bursts` bursts lives so; it is not reported, and counted. So a burst alone stays at
        review. `high` needs both `count` and `amount`, and that what came in has left again.
    Parameters
        idle                  90 days
        count, amount         5 transfers, or 50,000 major units of the base currency
        window                3 days from the transfer that wakes the account
        moved_share, dwell    0.80 of the value within 24 hours: above 85 % has left mule accounts by then
        most_bursts           2 in the whole ledger
    Source
        PBOC, rules on suspicious transactions of 2006, article 11: an account idle for long that is suddenly used, with
        much traffic in a short time. RUSI and Lloyds, "Following the Fraud" (2025): old accounts are used more than new
        ones, and emptied within a day. Days, counts and amounts are judgement.

    Example
    -------
    >>> DormantBurst(idle=timedelta(days=180)).count
    5
    """

    name: ClassVar[str] = "dormant-burst"

    idle: timedelta = threshold(timedelta(days=90), "duration", "judgement; PBOC 2006, article 11, says long")
    count: int = threshold(5, "transfers", "judgement")
    amount: float = threshold(50_000.0, "major units of the base currency", "judgement")
    window: timedelta = threshold(timedelta(days=3), "duration", "judgement")
    moved_share: float = threshold(0.80, "share", "RUSI and Lloyds 2025: above 0.85 on average")
    dwell: timedelta = threshold(timedelta(hours=24), "duration", "RUSI and Lloyds 2025")
    most_bursts: int = threshold(2, "bursts", "judgement")

    def cut(self) -> ByAccount:
        """One account after the other."""
        return ByAccount()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by the transfer that wakes the account, its payee before its payer."""
        flow = graph.flow
        if not flow.size or flow.span < microseconds(self.idle):
            return ()
        table = self._bursts(flow)
        times = np.bincount(table[:, 0])[table[:, 0]]
        kept = table[times <= self.most_bursts]
        for burst in self._described(flow, kept):
            yield self._finding(flow, burst)
        if len(kept) < len(table):
            accounts = np.unique(table[times > self.most_bursts, 0]).size
            rest = f"with more than {self.most_bursts} bursts not reported (its rhythm)"
            return (Note.of(accounts, "account", rest),)
        return ()

    def _bursts(self, flow: Flow) -> Longs:
        """Rows of the kernel, by waking event and the account's number."""
        valuation = flow.valuation
        amount = self.amount * 10 ** flow.ledger.decimals[valuation.base]
        found, number = ready(kernels, flow.size).bursts(
            flow.payer, flow.payee, flow.time, flow.value, flow.account_count,
            microseconds(self.idle), microseconds(self.window), self.count, max(1, round(amount * KEEP_SLACK)),
        )  # fmt: skip
        table: Longs = found[:number]
        if flow.own is not None:
            table = table[flow.own[table[:, 0]]]
        return table[np.lexsort((flow.payer[table[:, 1]] == table[:, 0], table[:, 1]))]

    def _described(self, flow: Flow, table: Longs) -> Iterator[_Burst]:
        """What the findings say; totals of all of them at once."""
        sides = [[_between(side, *row[:3]) for side in (flow.received, flow.sent)] for row in table.tolist()]
        larger = [
            got if (row[4], got.size) >= (row[5], sent.size) else sent  # the size: where all values are nothing
            for row, (got, sent) in zip(table.tolist(), sides, strict=True)
        ]
        starts = np.cumsum([0, *(events.size for events in larger)])[:-1].astype(np.int64)
        sums = totals(flow, np.concatenate(larger) if larger else np.empty(0, np.int32), starts)
        passed = flow.lots(self.dwell).passed
        seen: dict[int, int] = {}
        for k, (row, (got, sent)) in enumerate(zip(table.tolist(), sides, strict=True)):
            account, _, _, transfers, received, paid, idle = row
            yield _Burst(
                account=account,
                events=np.sort(np.concatenate([got, sent])),
                transfers=transfers,
                received=received,
                paid=paid,
                idle=timedelta(microseconds=idle),
                moved=int(passed[got].sum()) / received if received else None,
                earlier=seen.get(account, 0),
                amount=int(sums.amount[k]),
                currency=sums.currency[k],
                rough=bool(sums.rough[k]),
            )
            seen[account] = seen.get(account, 0) + 1

    def _finding(self, flow: Flow, burst: _Burst) -> Finding:
        account = flow.names[burst.account]
        unit = 10 ** flow.ledger.decimals[flow.valuation.base]
        lasted = timedelta(microseconds=int(flow.time[burst.events[-1]] - flow.time[burst.events[0]]))
        within = f" in {span(lasted)}" if burst.transfers > 1 else ""
        left = "" if burst.moved is None else f"; {percent(burst.moved)} of what came in left within {span(self.dwell)}"
        return Finding(
            detector=self.name,
            accounts=(account,),
            rows=flow.ledger_rows(burst.events),
            ledger=flow.ledger,
            amount=burst.amount,
            currency=burst.currency,
            measures={
                "idle_days": round(burst.idle / timedelta(days=1), 1),
                "transfers": burst.transfers,
                "received": burst.received / unit,
                "paid": burst.paid / unit,
                "moved_share": round(burst.moved, 4) if burst.moved is not None else "",
                "earlier_bursts": burst.earlier,
            },
            parts=tuple(self._parts(burst, unit)),
            reason=(
                f"{named(account)} was idle for {count(burst.idle.days, 'day')}, then had "
                f"{count(burst.transfers, 'transfer')}{within}{left}"
            ),
        )

    def _parts(self, burst: _Burst, unit: int) -> Iterator[Part]:
        busy = burst.transfers >= self.count
        large = max(burst.received, burst.paid) >= KEEP_SLACK * self.amount * unit
        sure = busy and large and not burst.rough
        sentence = f"idle for {count(burst.idle.days, 'day')} before, {span(self.idle)} or more is long"
        yield Part("history", 2.0 if busy and large else 1.0, sentence, decisive=sure)
        if burst.moved is not None and burst.moved >= KEEP_SLACK * self.moved_share:
            sentence = f"{percent(burst.moved)} of what it received left within {span(self.dwell)}"
            yield Part("conservation", 2.0, sentence, decisive=sure)


class _Burst(NamedTuple):
    """A burst of an account; received and paid in the value basis, amount (the larger of them) in its currency.

    moved    of what it received, the share that left; None when it received nothing
    earlier  bursts of the same account before
    """

    account: int
    events: Codes
    transfers: int
    received: int
    paid: int
    idle: timedelta
    moved: float | None
    earlier: int
    amount: int
    currency: str
    rough: bool


def _between(side: Adjacency, account: int, first: int, last: int) -> Codes:
    """The account's events on one side from one event to another."""
    mine = side.events[side.ptr[account] : side.ptr[account + 1]]
    start, stop = np.searchsorted(mine, [first, last + 1])
    return mine[start:stop]
