"""The charts of a report: when flagged money moved, what saw it, how soon it left, and between which tiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from graphflow.case import Case
from graphflow.flow import Flow, microseconds
from graphflow.languages import Reader
from graphflow.view.chart import Chart, Series, amount, base, cut_at, one_unit, valued
from graphflow.view.flagged_flow import MAX_TIER, NEVER, NOT_REACHED, FlaggedFlow
from graphflow.view.text import Totals, add, totals_text
from graphflow.words import shown, span

MAX_DETECTORS = 24
MAX_CURRENCIES = 6
MAX_CUT = 3

_DELAYS = (
    timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1),
    timedelta(days=3), timedelta(days=7),
)  # fmt: skip
_FORMS = {"s": "%Y-%m-%d %H:%M:%S", "m": "%Y-%m-%d %H:%M", "h": "%Y-%m-%d %H:%M", "d": "%Y-%m-%d", "w": "%Y-%m-%d",
          "mo": "%Y-%m", "y": "%Y"}  # fmt: skip
_SAID = {
    "1s": "by second", "10s": "by 10 seconds", "1m": "by minute", "10m": "by 10 minutes", "1h": "by hour",
    "6h": "by 6 hours", "1d": "by day", "1w": "by week, named by its Monday", "1mo": "by month",
    "3mo": "by 3 months, named by the first", "1y": "by year", "10y": "by 10 years", "100y": "by century",
}  # fmt: skip


def charts(flow: Flow | None, cases: Sequence[Case], to: Reader) -> list[Chart]:
    """The charts of a run: none without cases, and only cases by detector without a flow."""
    if not cases:
        return []
    if flow is None:
        return [_by_detector(cases, to)]
    flagged = FlaggedFlow(flow, cases)
    return [_over_time(flagged, to), _by_detector(cases, to), _delays(flagged, to), _tiers(flagged, to)]


# --- flagged amount over time -------------------------------------------------------------------------


def _over_time(flagged: FlaggedFlow, to: Reader) -> Chart:
    flow = flagged.flow
    table, every = flagged.by_time(to.zone)
    form = _FORMS[every.lstrip("0123456789")]
    spans = _spans(table)
    steps: list[datetime] = list(pl.datetime_range(table["time"][0], table["time"][-1], every, eager=True))
    nothing, one = _Span(), one_unit(flow)
    values = {high: tuple(spans.get(time, nothing).value[high] / one for time in steps) for high in (True, False)}
    columns = [(to.say("Time ({zone})", zone=to.zone), False), (to.say("Transactions"), True)]
    columns += [(f"{to.say(level)}, {base(flow)}", True) for level in ("high", "review")]
    if len(flow.ledger.currencies) > 1:
        columns.append((to.say("As paid, by currency"), True))
    labels = tuple(to.moment(time, form) for time in steps)
    totals = [sum(spans.get(time, nothing).value.values()) for time in steps]
    cut = cut_at(totals)
    said = to.say("Amounts of the transactions that cases cite, each counted once, {every} ({zone}).",
                  every=to.say(_SAID[every]), zone=to.zone)  # fmt: skip
    high = to.say("A transaction that a case at level high cites counts as high.")
    return Chart(
        id="over-time",
        title=to.say("Flagged amount over time"),
        note=f"{said} {high} {valued(flow, to)}",
        unit=base(flow),
        labels=labels,
        series=tuple(
            Series(name=to.say(level), colour=level, values=values[level == "high"]) for level in ("high", "review")
        ),
        header=tuple(columns),
        rows=tuple((to.moment(time, form), *_cells(span, flow, to)) for time, span in spans.items()),
        cut=cut / one,
        cut_note=_cut_note(labels, totals, cut, flow, to) if cut else "",
        stacked=True,
    )


def _cut_note(labels: Sequence[str], totals: Sequence[int], cut: int, flow: Flow, to: Reader) -> str:
    """Which bars are cut, and how tall they are."""
    tall = [(label, total) for label, total in zip(labels, totals, strict=True) if total > cut]
    named = ", ".join(f"{label}: {amount(total, flow)}" for label, total in tall[:MAX_CUT])
    more = " " + to.say("and {n} more", n=len(tall) - MAX_CUT) if len(tall) > MAX_CUT else ""
    return to.say("Cut at the top, so that the other bars can be seen ({unit}): {bars}.", unit=base(flow),
                  bars=named + more)  # fmt: skip


@dataclass
class _Span:
    """What falls into one step of time: transactions, value by whether it is high, and what was paid."""

    count: int = 0
    value: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    paid: Totals = field(default_factory=dict)


def _spans(table: pl.DataFrame) -> dict[datetime, _Span]:
    """The steps of time in which there was something, in their order."""
    spans: dict[datetime, _Span] = {}
    for time, currency, high, count, paid, value in table.iter_rows():
        own = spans.setdefault(time, _Span())
        own.count += count
        own.value[high] += value
        add(own.paid, currency, paid)
    return spans


def _cells(span: _Span, flow: Flow, to: Reader) -> list[str]:
    cells = [f"{span.count:,}", *(amount(span.value[high], flow) for high in (True, False))]
    if len(flow.ledger.currencies) > 1:
        listed = totals_text(span.paid, flow.ledger.decimals)
        more = len(listed) - MAX_CURRENCIES
        text = " + ".join(listed[:MAX_CURRENCIES])
        cells.append(text + (" + " + to.say("{n} more currencies", n=more) if more > 0 else ""))
    return cells


# --- cases by detector -------------------------------------------------------------------------------------


def _by_detector(cases: Sequence[Case], to: Reader) -> Chart:
    counts: dict[str, Counter[str]] = {"high": Counter(), "review": Counter()}
    for case in cases:
        counts[case.level].update({finding.detector for finding in case.findings})
    whole = counts["high"] + counts["review"]
    ranked = sorted(whole, key=lambda name: (-whole[name], name))
    listed, rest = ranked[:MAX_DETECTORS], ranked[MAX_DETECTORS:]
    labels = [shown(to.say(name), 30) for name in listed]
    numbers = {level: [counts[level][name] for name in listed] for level in counts}
    if rest:
        labels.append(to.say("{n} other detectors", n=len(rest)))
        for level, own in numbers.items():
            own.append(sum(counts[level][name] for name in rest))
    return Chart(
        id="by-detector",
        title=to.say("Cases by detector"),
        note=to.say("Number of cases with a finding of each detector, by the level of the case. A case counts once for "
                    "each of its detectors, so the bars add up to more than there are cases."),
        unit=to.say("cases"),
        labels=tuple(labels),
        series=tuple(Series(name=to.say(level), colour=level, values=tuple(own)) for level, own in numbers.items()),
        header=((to.say("Detector"), False), (to.say("high"), True), (to.say("review"), True)),
        rows=tuple((label, f"{a:,}", f"{b:,}") for label, a, b in zip(labels, *numbers.values(), strict=True)),
        across=True,
        counts=True,
        stacked=True,
    )  # fmt: skip


# --- how soon receipts leave ------------------------------------------------------------------------------------


def _delays(flagged: FlaggedFlow, to: Reader) -> Chart:
    value, waits = flagged.delays()
    # A minute means nothing to a clock of days
    bounds = [bound for bound in _DELAYS if bound >= flagged.flow.ledger.precision] or [_DELAYS[-1]]
    limits = [microseconds(bound) for bound in bounds]
    place = np.where(waits == NEVER, len(limits) + 1, np.searchsorted(limits, waits, side="right"))
    counts = np.bincount(place, minlength=len(limits) + 2).tolist()
    received = pl.DataFrame({"place": place, "value": pl.Series(value).cast(pl.Int128)}).group_by("place").sum()
    by_place: dict[int, int] = dict(received.iter_rows())
    sums = [by_place.get(k, 0) for k in range(len(counts))]
    gone = waits[waits != NEVER]
    note = to.say(
        "Receipts of flagged accounts that cases cite, by the time until the account's next payment to another."
    )
    if gone.size:
        note += " " + to.say(
            "Half of those that are followed by one wait {time} or less.", time=_length(int(np.median(gone)), to)
        )
    labels = _delay_labels(bounds, to)
    return Chart(
        id="delays",
        title=to.say("How soon receipts leave"),
        note=note,
        unit=to.say("receipts"),
        labels=labels,
        series=(Series(name=to.say("receipts"), colour="plain", values=tuple(counts)),),
        header=((to.say("Time until the next payment"), False), (to.say("Receipts"), True),
                (to.say("Received, {unit}", unit=base(flagged.flow)), True)),
        rows=tuple(
            (label, f"{number:,}", amount(own, flagged.flow))
            for label, number, own in zip(labels, counts, sums, strict=True)
        ),
        across=True,
        counts=True,
    )  # fmt: skip


def _delay_labels(bounds: Sequence[timedelta], to: Reader) -> tuple[str, ...]:
    said = [_length(microseconds(bound), to) for bound in bounds]
    return (
        to.say("under {time}", time=said[0]),
        *(to.say("{start} to {end}", start=start, end=end) for start, end in pairwise(said)),
        to.say("{time} or more", time=said[-1]),
        to.say("no later payment"),
    )


def _length(waited: int, to: Reader) -> str:
    """A time span in the reader's words, its two largest units."""
    words = span(timedelta(microseconds=waited)).split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return " ".join(to.say(f"{{n}} {unit}", n=number) for number, unit in pairs)


# --- inflow and outflow per tier --------------------------------------------------------------------------------


def _tiers(flagged: FlaggedFlow, to: Reader) -> Chart:
    flow, one = flagged.flow, one_unit(flagged.flow)
    rows = sorted(flagged.by_tier().iter_rows(), key=lambda row: (row[0] == NOT_REACHED, row[0]))
    labels = [_tier(tier, to) for tier, *_ in rows]
    return Chart(
        id="tiers",
        title=to.say("Inflow and outflow per tier"),
        note=to.say("Tier 0 are accounts that only pay in their case, and victim candidates; in a case without one, "
                    "the account that pays first. The tier of another is the fewest transactions by which their money "
                    "can have reached it. A transaction that two cases cite counts in both.") + " " + valued(flow, to),
        unit=base(flow),
        labels=tuple(labels),
        series=(
            Series(name=to.say("inflow"), colour="inflow", values=tuple(came / one for _, _, came, _ in rows)),
            Series(name=to.say("outflow"), colour="outflow", values=tuple(went / one for *_, went in rows)),
        ),
        header=((to.say("Tier"), False), (to.say("Accounts"), True),
                *((f"{to.say(word)}, {base(flow)}", True) for word in ("inflow", "outflow"))),
        rows=tuple(
            (label, f"{accounts:,}", amount(came, flow), amount(went, flow))
            for label, (_, accounts, came, went) in zip(labels, rows, strict=True)
        ),
    )  # fmt: skip


def _tier(tier: int, to: Reader) -> str:
    if tier == NOT_REACHED:
        return to.say("not reached from tier 0")
    return to.say("tier {n} or more" if tier == MAX_TIER else "tier {n}", n=tier)
