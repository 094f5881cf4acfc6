"""What a freeze would have kept: the top of the freeze-first list, frozen so many minutes after the report.

What it does
    The ledger is cut at the moment of the freeze, the trace is made again from what is known by then, and the top
    accounts of its freeze-first list are frozen. Kept is what FIFO finds of the victims' money in them at that moment.
What it assumes
    A report comes right after the last reported payment. The freeze holds at once, for the whole of the traced amount;
    money that was taken from there later would have stayed. Nothing was frozen before. Statements, types of accounts
    and what currencies are worth are those known today. Accounts that the list says to enquire at are not frozen. No
    account reacts to a freeze.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.trace.carried import follow
from graphflow.trace.flows import until
from graphflow.trace.freeze import ACTIONS
from graphflow.trace.holdings import latest
from graphflow.trace.taint import Rule

if TYPE_CHECKING:
    from graphflow.trace import Trace

ACCOUNTS = (1, 2, 5, 10, 20, None)
"""How many accounts are frozen; None: all of the list."""
DELAYS = (0, 5, 15, 30, 60, 120, 240, 1440)
"""Minutes from report to freeze."""
ASSUMES = (
    "all victims report together, right after the last payment, so that money of earlier ones is long gone; the "
    "freeze holds at once; what was taken from there later would have stayed; of few accounts a later freeze can keep "
    "more, as money is still coming together there"
)
_LISTED_BY: tuple[Rule, ...] = ("fifo", "pro_rata")
"""The rules by which the freeze-first list suggests amounts."""
Reported = Literal["last", "each"]
_SCHEMA = {
    "reported": pl.String(), "delay_minutes": pl.Int64(), "accounts": pl.String(), "frozen": pl.Int64(),
    "kept": pl.Int64(), "lost": pl.Int64(), "currency": pl.String(), "share": pl.Float64(), "recorded": pl.Boolean(),
}  # fmt: skip


def freeze_simulator(
    trace: Trace,
    *,
    reported: Reported = "last",
    accounts: Sequence[int | None] = ACCOUNTS,
    delays: Sequence[int] = DELAYS,
) -> pl.DataFrame:
    """A row a delay, number of accounts and currency; amounts in minor units. A curve: `kept` over `delay_minutes`.

    reported  "last": all victims are known when the last one reports; "each": each victim's own money is looked for
              right after that victim's last payment, and what is kept of each is added up (a replay a victim and delay)
    Columns: reported, delay_minutes, accounts (number, or "all"), frozen (how many there were; of "each", their sum),
    kept, lost (what was reported), currency, share (kept of lost; null in a currency in which nothing was reported),
    recorded (whether the records reach that moment: where they do not, money may have gone that nobody sees).
    """
    reports = _reports(trace, reported)
    lost = {code: int(part["amount"].sum()) for (code,), part in trace.payments.group_by("currency")}
    rows: list[dict[str, object]] = []
    for delay in delays:
        labels: dict[str, object] = {"reported": reported, "delay_minutes": delay}
        labels["recorded"] = max(moment for _, moment in reports) + timedelta(minutes=delay) <= latest(trace.flow)
        lists = [_listed(trace, owner, moment + timedelta(minutes=delay)) for owner, moment in reports]
        for number in accounts:
            tops = [table.head(number) if number is not None else table for table in lists]
            rows += list(_kept(tops, lost, labels, number))
    return pl.DataFrame(rows, schema=_SCHEMA)


def replayed(trace: Trace, moment: datetime, owner: int | None = None) -> Trace:
    """The same trace as it would have been at an earlier moment, from what is known by then, by FIFO and pro-rata.

    owner  only this victim's money is looked for; the other victims' payments are taken for clean ones
    """
    ledger = trace.flow.ledger
    last = int(ledger.frame["time"].search_sorted(moment, side="right"))
    known = replace(
        ledger,
        frame=ledger.frame[:last],
        payer_codes=ledger.payer_codes[:last],
        payee_codes=ledger.payee_codes[:last],
        freezes=ledger.freezes.clear(),
    )
    cut = until(trace.flow, trace.traced, last)
    if owner is not None:
        own = (cut.flows.owner == owner).astype(np.int32)
        cut = replace(cut, flows=replace(cut.flows, owner=own), victims=trace.traced.victims[owner - 1 : owner])
    flow = Flow(known, cut.rows, whole=trace.flow)
    flow.types = trace.flow.types
    payments = trace.payments.filter(pl.col("row").is_in(cut.rows[cut.flows.owner > 0]))
    return replace(
        trace,
        graph=FlowGraph(flow),
        traced=cut,
        taints=follow(cut, only=_LISTED_BY),
        payments=payments,
        now=moment,
        stages=(),
    )


def _reports(trace: Trace, reported: Reported) -> list[tuple[int | None, datetime]]:
    """Whose money is looked for from when on; None: everybody's."""
    time = trace.flow.ledger.frame["time"].gather(trace.payments["row"])
    if reported == "last":
        return [(None, time[-1])]
    owner = trace.traced.flows.owner[np.searchsorted(trace.traced.rows, trace.payments["row"].to_numpy())]
    last = pl.DataFrame({"owner": owner, "time": time}).group_by("owner").agg(pl.col("time").max()).sort("owner")
    return list(last.iter_rows())


def _listed(trace: Trace, owner: int | None, moment: datetime) -> pl.DataFrame:
    """Accounts to freeze at a moment, the first one first: `currency`, `kept`."""
    then = replayed(trace, moment, owner)
    table = then.freeze_first.filter(pl.col("action") != ACTIONS[2])
    return table.select("account", "currency", kept="fifo")


def _kept(
    tops: list[pl.DataFrame], lost: dict[str, int], labels: dict[str, object], number: int | None
) -> Iterator[dict[str, object]]:
    """What is kept in each currency: those in which something was reported, then those to which money was changed."""
    frozen = pl.concat(tops).group_by("currency").agg(pl.col("kept").sum(), number=pl.len())
    found = {code: (kept, many) for code, kept, many in frozen.iter_rows()}
    for code in [*sorted(lost), *sorted(found.keys() - lost.keys())]:
        kept, many = found.get(code, (0, 0))
        of = lost.get(code)
        yield {
            **labels,
            "accounts": "all" if number is None else str(number),
            "frozen": many,
            "kept": kept,
            "lost": of or 0,
            "currency": code,
            "share": round(kept / of, 4) if of else None,
        }
