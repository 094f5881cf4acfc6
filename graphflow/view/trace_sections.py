"""The tables of a trace's page: the first rows of each, and which file has all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from graphflow.languages import Reader
from graphflow.trace import Trace
from graphflow.trace.freeze import HOUR, leading
from graphflow.view.text import RULES_SAID, many, money
from graphflow.view.trace_summary import place
from graphflow.words import shown

SHOWN = 20
"""Rows of each table on the page."""

Row = Mapping[str, Any]
Cell = list[str]
"""The lines of a cell: the first one is what it says, the others are about it."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: its heading, by which rule or in which unit, and how a row fills it.

    kind  for the style sheet: "number", "time", "name", "long", or plain text
    """

    heading: str
    hint: str = ""
    kind: str = ""
    cell: Callable[[Row], Cell]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table as the page shows it. `told`: how many of how many rows, and where all are."""

    title: str
    note: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    told: str


FROZEN = "Shares of what is frozen. A schedule for people to check, not a decision."
SUGGESTED = (
    "Shares of what is suggested to be frozen, since nothing is yet. A schedule for people to check, not a decision."
)


def sections(trace: Trace, to: Reader) -> list[Section]:
    """All tables of the page, in the order of what to do. Titles, notes and headings are told by the template."""
    decimals = trace.flow.ledger.decimals
    return [
        _freeze_first(trace, decimals, to),
        _places(trace, decimals, to),
        _holdings(trace, decimals, to),
        _next_requests(trace, decimals, to),
        _choke_points(trace, decimals, to),
        _key_accounts(trace, decimals, to),
        _early_warning(trace, decimals, to),
        _restitution(trace, decimals, to),
    ]


def _freeze_first(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    columns = [
        _plain("rank", "Rank", kind="number"),
        _plain("action", "Action", to=to),
        _account(to),
        _plain("tier", "Tier", kind="number"),
        _money("suggested_freeze", "Suggested freeze", "at most the balance, and FIFO or pro-rata", decimals),
        Column(
            heading="Urgency",
            hint=f"likely to leave within {HOUR:.0f} minutes",
            kind="number",
            cell=lambda row: [f"{100 * row['urgency']:.0f} %"],
        ),
        _plain("reason", "Why", kind="long", limit=600, to=to),
        *(_rule(name, heading, decimals) for name, heading in HEADINGS.items()),
        _money("balance", "Balance", "by the statement, or as if it opened at zero", decimals),
    ]
    note = (
        "A suggested freeze is no order. What can be recovered, times how soon it is likely to be gone, comes first. "
        "Each line takes the larger of FIFO and pro-rata, so that together they can be more than was lost."
    )
    return _section(to, "Freeze first", note, columns, trace.freeze_first, "freeze_first.csv", first=leading)


def _places(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    """Totals by what kind of place the money is in: they sum to what was followed, less what came back."""
    table = trace.holdings.with_columns(place=place())
    sums = table.group_by("place", "currency").agg(
        pl.len().alias("accounts"), *(pl.col(name).sum() for name in TOTALLED)
    )
    columns = [
        _plain("place", "Where", to=to),
        _plain("accounts", "Accounts", kind="number"),
        *(_rule(name, heading, decimals) for name, heading in TOTALLED.items()),
    ]
    note = "Every unit of a victim's money is somewhere once under each rule; currencies are never added together."
    return _section(
        to, "Where the money is now", note, columns, sums.sort(-pl.col("fifo"), "place", "currency"), "", most=60
    )


def _holdings(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    table = trace.holdings.sort(-pl.max_horizontal("fifo", "pro_rata"), "account", "currency")
    columns = [
        _account(to),
        _plain("tier", "Tier", kind="number"),
        *(_rule(name, heading, decimals) for name, heading in HEADINGS.items()),
        _money("balance", "Balance", "by the statement, or as if it opened at zero", decimals),
        _money("already_frozen", "Frozen already", "by measures in force", decimals),
        Column(heading="Last traced receipt", hint=to.zone, kind="time", cell=lambda row: [_time(to, row["since"])]),
        _plain("ends", "Trail ends: why", kind="long", to=to),
    ]
    note = "The largest holdings of the victims' money, account by account."
    return _section(to, "Accounts that hold it", note, columns, table, "holdings.csv")


def _next_requests(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    table = trace.next_requests.sort(-pl.col("amount"), "account", "currency")
    columns = [
        _account(to),
        _rule("fifo", "FIFO", decimals, column="amount"),
        _rule("pro_rata", "Pro-rata", decimals),
        _plain("transfers", "Payments", kind="number"),
        Column(heading="First", hint=to.zone, kind="time", cell=lambda row: [_time(to, row["first"])]),
        Column(heading="Last", hint=to.zone, kind="time", cell=lambda row: [_time(to, row["last"])]),
    ]
    note = "Accounts that received traced money and whose own statement is not held: what the trail leaves there."
    return _section(to, "Next requests", note, columns, table, "next_requests.csv, and a file a bank in next_requests/")


def _choke_points(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    columns = [
        _plain("kind", "What", to=to),
        Column(heading="Account", hint="name, bank", kind="name", cell=lambda row: _account_or_transfer(row, to)),
        _rule("fifo", "Carries", decimals, column="carries"),
        Column(heading="On every trail", cell=lambda row: [to.say("yes" if row["every_trail"] else "no")]),
        _plain("reason", "Why", kind="long", limit=400, to=to),
    ]
    note = (
        "The fewest accounts whose stopping cuts the victims from every place where the trail ends; and, apart from "
        "that, the fewest transfers."
    )
    return _section(to, "Choke points", note, columns, trace.choke_points, "choke_points.csv")


def _account_or_transfer(row: Row, to: Reader) -> Cell:
    about = [shown(text, 80) for text in (row["name"], row["bank"]) if text]
    if row["payee"] is None:
        return [shown(row["account"], 60), *about]
    where = f"{row['transaction'] or ''} · {to.say('{file}, row {row}', file=row['file'], row=row['row'])}"
    return [f"{shown(row['account'], 60)} → {shown(row['payee'], 60)}", shown(where, 160)]


def _key_accounts(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    columns = [
        _plain("rank", "Rank", kind="number"),
        _account(to),
        _plain("tier", "Tier", kind="number"),
        _rule("fifo", "Came there", decimals, column="amount"),
        _plain("victims", "Victims", kind="number"),
        _plain("reasons", "Reasons", kind="long", limit=600, to=to),
    ]
    note = "Signs of whoever directs others, each with its reason. Accounts to look at; a sign is no proof."
    return _section(to, "Accounts to look at", note, columns, trace.key_accounts, "key_accounts.csv")


def _early_warning(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    columns = [
        _plain("kind", "What", to=to),
        _account(to),
        _plain("payee", "Pays to", kind="name"),
        Column(heading="Last payment", hint=to.zone, kind="time", cell=lambda row: [_time(to, row["last_payment"])]),
        _money("amount", "Amount", "of that payment", decimals),
        _plain("why", "Why", kind="long", limit=400, to=to),
    ]
    note = "People who still pay a collector of this trail: call them. And accounts that are being made ready."
    return _section(to, "Early warning", note, columns, trace.early_warning, "early_warning.csv")


def _restitution(trace: Trace, decimals: Mapping[str, int], to: Reader) -> Section:
    is_frozen = bool((trace.holdings["already_frozen"] > 0).any())
    columns = [
        Column(heading="Victim", kind="name", cell=lambda row: [shown(row["victim"], 60)]),
        _money("loss", "Loss", "payments reported and found", decimals),
        _money("returned", "Returned", "came back to the victim's account already", decimals),
        _money("share_by_time", "Share by time", "first in, first out; what is left by losses", decimals),
        _money("share_pro_rata", "Share pro-rata", "in proportion to the losses", decimals),
        Column(
            heading="Traced to",
            hint="first in, first out",
            kind="long",
            cell=lambda row: [shown(row["traced_to"] or "—", 120)],
        ),
    ]
    note = FROZEN if is_frozen else SUGGESTED
    return _section(
        to, "Restitution", note, columns, trace.restitution.sort(-pl.col("loss"), "victim"), "restitution.csv"
    )


# --- columns ------------------------------------------------------------------------------------------

HEADINGS = {"fifo": "FIFO", "pro_rata": "Pro-rata", "certain": "Certain", "at_most": "At most"}
TOTALLED = {"fifo": "FIFO", "lifo": "LIFO", "own_first": "Own first", "pro_rata": "Pro-rata"}


def _section(
    to: Reader, title: str, note: str, columns: Sequence[Column], table: pl.DataFrame, file: str,
    *, most: int = SHOWN, first: Callable[[pl.DataFrame, int], pl.DataFrame] = pl.DataFrame.head,
) -> Section:  # fmt: skip
    rows = [[column.cell(row) for column in columns] for row in first(table, most).iter_rows(named=True)]
    if not table.height:
        told = to.say("No rows.")
    elif len(rows) == table.height:
        told = many(to, table.height, "All of {n} row.", "All of {n} rows.")
    else:
        told = to.say("The first {n} of {of} rows.", n=len(rows), of=f"{table.height:,}")
    if file and table.height:
        told += " " + to.say("File: {file}.", file=to.say(file))
    return Section(title=title, note=note, columns=columns, rows=rows, told=told)


def _plain(name: str, heading: str, *, kind: str = "", limit: int = 200, to: Reader | None = None) -> Column:
    """A column as it is; `to`: what the program says itself, for a reader."""

    def cell(row: Row) -> Cell:
        value = to.say(row[name]) if to is not None and row[name] else row[name]
        return [f"{value:,}" if kind == "number" else shown(value, limit) if value else "—"]

    return Column(heading=heading, kind=kind, cell=cell)


def _rule(name: str, heading: str, decimals: Mapping[str, int], *, column: str = "") -> Column:
    """Amounts under a rule, which the heading states."""
    return _money(column or name, heading, RULES_SAID[name], decimals)


def _money(name: str, heading: str, hint: str, decimals: Mapping[str, int]) -> Column:
    def cell(row: Row) -> Cell:
        return ["?" if row[name] is None else money(row[name], row["currency"], decimals)]

    return Column(heading=heading, hint=hint, kind="number", cell=cell)


def _account(to: Reader) -> Column:
    def cell(row: Row) -> Cell:
        kind = row.get("type")
        about = [row.get("name"), row.get("bank"), to.say(kind) if kind and kind != "unknown" else None]
        return [shown(row["account"], 60), *(shown(text, 80) for text in about if text)]

    return Column(heading="Account", hint="name, bank, type", kind="name", cell=cell)


def _time(to: Reader, value: Any) -> str:
    return to.moment(value) if value is not None else "—"
