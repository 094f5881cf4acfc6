"""Early warning: people who are paying a collector of the trail and have not reported it, and accounts being readied.

What it sees
    A collector got a reported payment, is suspected of moving the money, and either hands on at least half of what it
    receives within a day or has not paid at all. Its payers since its first reported payment are listed when their
    dealings look like a victim's: they never paid it before, all their payments come within 72 hours, at most a fifth
    came back, one is as large as half of the smallest reported payment, and they are ordinary accounts off the trail.
    An account is being readied when in the last `READY` before now an account of the trail (or one that tests accounts
    for it) sent it a tiny payment and nothing large came yet, or when it woke after long idleness (`dormant_burst`) and
    an account of the trail pays it, though not with traced money.
When it is fooled
    A friend who lends money once looks like a victim; so do customers of a shop that hands on its takings at once and
    has no name that tells. Accounts of merchants, gateways and the like are never collectors here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.detect.dormant_burst import DormantBurst
from graphflow.detect.probe import Probe
from graphflow.flow import microseconds
from graphflow.ledger import major
from graphflow.trace.key_signs import test_payments
from graphflow.trace.trail import DAY, of_type
from graphflow.words import count, percent, span

if TYPE_CHECKING:
    from graphflow.trace import Trace

Codes = npt.NDArray[np.int64]

ONE_OFF = timedelta(hours=72)
BAIT = 0.2
HANDED_ON = 0.5
SMALLEST = 0.5
READY = timedelta(days=7)
QUIET_RECEIPTS = 5
"""An account with more receipts in the last `READY` is in steady use: a tiny payment there is a small purchase."""
_SCHEMA = {
    "kind": pl.String(), "account": pl.String(), "payee": pl.String(), "last_payment": pl.Datetime("us", "UTC"),
    "amount": pl.Int64(), "currency": pl.String(), "payments": pl.Int64(), "transaction": pl.String(),
    "file": pl.String(), "row": pl.Int64(), "why": pl.String(),
}  # fmt: skip


def early_warning(trace: Trace) -> pl.DataFrame:
    """One row a payer and collector, or an account being readied; the newest payment first.

    Columns: kind ("still paying" or "being readied"), account, bank, name (of whom to warn, or of the account being
    readied), payee (of its last payment: the collector), last_payment, amount (minor units of that payment), currency,
    payments (how many there are), transaction, file, row (of that payment), why.
    """
    rows = [*_still_paying(trace), *_being_readied(trace)]
    described = trace.flow.ledger.accounts.select("account", "bank", "name")
    table = pl.DataFrame(rows, schema=_SCHEMA).join(described, on="account", how="left")
    return table.sort("kind", "last_payment", "account", "payee", descending=[True, True, False, False])


# --- still paying ----------------------------------------------------------------------------------


def collectors(trace: Trace) -> dict[int, int]:
    """Accounts that collect: code → ledger row of the first reported payment."""
    reported = trace.payments["row"].to_numpy()
    payees = trace.flow.payee[reported]
    first = {int(code): int(row) for row, code in sorted(zip(reported, payees, strict=True), reverse=True)}
    return {code: first[code] for code in sorted(first) if trace.suspects[code] and _hands_on(trace, code, first[code])}


def _hands_on(trace: Trace, code: int, begun: int) -> bool:
    """Whether money does not stay with it; one that has not paid yet may be about to."""
    flow = trace.flow
    if flow.sent.ptr[code] == flow.sent.ptr[code + 1]:
        return True
    got = _since(flow.received.events[flow.received.ptr[code] : flow.received.ptr[code + 1]], begun)
    return bool(flow.lots(DAY).passed[got].sum() >= HANDED_ON * flow.value[got].sum())


def _since(events: npt.NDArray[np.int32], row: int) -> npt.NDArray[np.int32]:
    return events[int(np.searchsorted(events, row)) :]


def _still_paying(trace: Trace) -> Iterator[dict[str, object]]:
    flow = trace.flow
    least, most = _reported_range(trace)
    ordinary, came = of_type(flow, ("unknown", "person")), _came(trace)
    for code, begun in collectors(trace).items():
        mine = slice(flow.received.ptr[code], flow.received.ptr[code + 1])
        events, payers = flow.received.events[mine], flow.received.others[mine]
        for payer in np.unique(payers[events >= begun]).tolist():
            if ordinary[payer] and payer not in trace.traced.victims and not came[payer]:
                paid = events[payers == payer].astype(np.int64)
                if (said := _like_a_victim(trace, paid, begun, least, most)) is not None:
                    yield _row(trace, "still paying", payer, paid, said)


def _reported_range(trace: Trace) -> tuple[float, float]:
    """The smallest and the largest reported payment, in the value basis."""
    values = trace.flow.value[trace.payments["row"].to_numpy()]
    return float(values.min()), float(values.max())


def _like_a_victim(trace: Trace, paid: Codes, begun: int, least: float, most: float) -> str | None:
    """Why somebody's payments to a collector look like a victim's; None where they do not."""
    flow = trace.flow
    lasted = int(flow.time[paid[-1]] - flow.time[paid[0]])
    values = flow.value[paid]
    back = _paid_back(trace, int(flow.payer[paid[0]]), int(flow.payee[paid[0]]))
    if paid[0] < begun or lasted > microseconds(ONE_OFF) or values.max() < SMALLEST * least:
        return None
    if back > BAIT * values.sum():
        return None
    within = "within the range of" if least <= values.max() <= most else "near or above"
    told = f"{count(paid.size, 'payment')}{f' within {span(timedelta(microseconds=lasted))}' if lasted else ''}"
    returned = f"{percent(back / values.sum())} came back" if back else "nothing came back"
    return f"{told} after it began collecting, none before; {within} the reported amounts; {returned}"


def _paid_back(trace: Trace, payer: int, collector: int) -> int:
    got = trace.flow.received
    mine = slice(got.ptr[payer], got.ptr[payer + 1])
    return int(got.values[mine][got.others[mine] == collector].sum())


# --- being readied ---------------------------------------------------------------------------------


def _being_readied(trace: Trace) -> Iterator[dict[str, object]]:
    probed = {code: (events, why) for code, events, why in _probed(trace)}
    woken = {code: (events, why) for code, events, why in _woken(trace)}
    for code in sorted({*probed, *woken}):
        found = [signs[code] for signs in (probed, woken) if code in signs]
        events = np.unique(np.concatenate([events for events, _ in found]))
        yield _row(trace, "being readied", code, events, "; ".join(why for _, why in found))


def _came(trace: Trace) -> npt.NDArray[np.bool_]:
    """Per account, whether FIFO brought victims' money there."""
    came = np.zeros(trace.flow.account_count, np.bool_)
    came[trace.steps["payee"].to_numpy()] = True
    return came


def _recent(trace: Trace, payers: npt.NDArray[np.bool_]) -> Codes:
    """Payments of some accounts in the last days, to ordinary accounts."""
    flow = trace.flow
    begin, end = (flow.ledger.frame["time"].search_sorted(trace.now - READY, side="left"), flow.size)
    fit = of_type(flow, ("unknown", "person"))
    fit[trace.traced.victims] = False
    events = np.arange(int(begin), end)
    return events[payers[flow.payer[events]] & fit[flow.payee[events]]]


def _probed(trace: Trace) -> Iterator[tuple[int, Codes, str]]:
    """Accounts that got tiny payments from the trail and nothing large yet."""
    flow, probe = trace.flow, Probe()
    unit = 10 ** flow.ledger.decimals[flow.valuation.base]
    testers = trace.suspects.copy()
    testers[[sign.account for sign in test_payments(trace)]] = True
    testers[trace.traced.victims] = False
    events = _recent(trace, testers)
    events = events[(flow.value[events] > 0) & (flow.value[events] <= probe.tiny * unit)]
    for code in np.unique(flow.payee[events]).tolist():
        got = flow.received.events[flow.received.ptr[code] : flow.received.ptr[code + 1]]
        mine = events[flow.payee[events] == code]
        near = _since(got, int(np.searchsorted(flow.time, flow.time[mine[0]] - microseconds(READY))))
        if near.size <= QUIET_RECEIPTS and not (flow.value[near] >= probe.least * unit).any():
            testers_of = count(np.unique(flow.payer[mine]).size, "account")
            yield code, mine, f"{count(mine.size, 'tiny payment')} from {testers_of} of the trail, nothing large yet"


def _woken(trace: Trace) -> Iterator[tuple[int, Codes, str]]:
    """Accounts that woke after long idleness and are paid by the trail, though not with traced money."""
    flow = trace.flow
    paid = _recent(trace, trace.suspects)
    paid = paid[~_came(trace)[flow.payee[paid]]]
    near = np.zeros(flow.account_count, np.bool_)
    near[flow.payee[paid]] = True
    if not paid.size:
        return
    part = trace.graph.flow_subgraph(np.flatnonzero(near[flow.payer] | near[flow.payee]))
    for finding in DormantBurst().find(part):
        code = flow.ledger.names.index(finding.accounts[0])
        mine = np.intersect1d(paid[flow.payee[paid] == code], finding.rows)
        if mine.size:
            idle = timedelta(days=float(finding.measures["idle_days"]))
            yield code, mine, f"idle for {count(idle.days, 'day')}, now paid by an account of the trail"


def _row(trace: Trace, kind: str, account: int, events: Codes, why: str) -> dict[str, object]:
    """The warning, with the last of its payments."""
    ledger, last = trace.flow.ledger, int(events[-1])
    row = ledger.frame.row(last, named=True)
    return {
        "kind": kind,
        "account": ledger.names[account],
        "payee": row["payee"],
        "last_payment": row["time"],
        "amount": row["paid"],
        "currency": row["paid_currency"],
        "payments": int(events.size),
        "transaction": row["tx"],
        "file": row["file"],
        "row": row["row"],
        "why": f"{why} ({major(row['paid'], ledger.decimals[row['paid_currency']])} {row['paid_currency']} last)",
    }
