"""A sheet: facts, notes and short tables, as the piece of HTML that a notebook puts under a cell.

It has no script and no request, and its few styles reach nothing but itself, so that it takes a notebook's own look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl
from markupsafe import Markup

from graphflow.finding import Part
from graphflow.languages import Reader
from graphflow.ledger import Ledger
from graphflow.view.assets import template
from graphflow.view.text import money, signed_points
from graphflow.words import shown

LINES = 12
"""Lines of a table; how many there are in all is said below it."""
NOTES = 5
"""Warnings that are listed."""
CURRENCIES = 4
"""Currencies whose totals are shown."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Heads and cells; `numbers` are the columns that stand to the right, `unbroken` those that never wrap.

    more  what is not listed, in words
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    unbroken: frozenset[int] = frozenset()
    title: str = ""
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What is shown, from top to bottom. `picture` is a frame that is made already; `notes` stand last."""

    title: str
    level: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[Part] = ()
    tables: Sequence[Table] = ()
    picture: Markup | None = None
    notes: Sequence[str] = ()

    @staticmethod
    def signed(parts: Sequence[Part]) -> str:
        """The points of some parts together, with their sign."""
        return signed_points(sum(part.points for part in parts))

    def html(self, to: Reader) -> str:
        """The piece of HTML; everything from data is escaped."""
        return template("notebook.html.j2").render(sheet=self, reader=to)


def rest(shown_lines: int, total: int, where: str, to: Reader) -> str:
    """What stands below a table that lists a part; nothing where it lists all."""
    if shown_lines >= total:
        return ""
    return to.say("{n} of {of} listed; {where} has all", n=f"{shown_lines:,}", of=f"{total:,}", where=where)


def first_lines(lines: Sequence[str], where: str, to: Reader) -> list[str]:
    """The first warnings, and where the others are."""
    listed = [shown(line, 400) for line in lines[:NOTES]]
    return [*listed, *filter(None, [rest(len(listed), len(lines), where, to)])]


def span(first: datetime, last: datetime, to: Reader) -> str:
    """From when to when, by the reader's clock; a day is named once."""
    begun, ended = to.moment(first), to.moment(last)
    if begun == ended:
        return begun
    return f"{begun} – {ended[11:] if ended[:10] == begun[:10] else ended}"


def zoned(word: str, to: Reader) -> str:
    """A head whose column shows times: says whose clock."""
    return f"{to.say(word)} ({to.zone})"


def paid_totals(ledger: Ledger, rows: Rows | None, to: Reader) -> str:
    """What was paid in each currency, never added together: the currencies with the most transfers."""
    columns = ledger.frame.select("paid", "paid_currency")
    part = columns if rows is None else columns[rows]
    sums = (
        part.group_by(pl.col("paid_currency").cast(pl.String))
        .agg(pl.len(), pl.col("paid").cast(pl.Int128).sum())
        .sort(pl.col("len"), "paid_currency", descending=[True, False])
    )
    told = [money(paid, currency, ledger.decimals) for currency, _, paid in sums.head(CURRENCIES).iter_rows()]
    if len(told) < sums.height:
        told.append(to.say("{n} more currencies", n=sums.height - len(told)))
    return " + ".join(told)


def transfers_table(ledger: Ledger, rows: Sequence[int], total: int, where: str, to: Reader, title: str = "") -> Table:
    """Transfers with file and row, and what came of it where another amount was received than was paid."""
    frame = ledger.frame[list(rows)]
    heads = ("Transaction", "Time", "Payer", "Payee", "Paid", "Received", "File", "Row")
    listed = [_transfer(row, ledger, to) for row in frame.iter_rows(named=True)]
    received = any(row[5] for row in listed)
    kept = [k for k in range(len(heads)) if k != 5 or received]
    return Table(
        title=title,
        heads=[zoned(heads[k], to) if heads[k] == "Time" else to.say(heads[k]) for k in kept],
        rows=[[row[k] for k in kept] for row in listed],
        numbers=frozenset(place for place, k in enumerate(kept) if k in (4, 5, 7)),
        more=rest(len(listed), total, where, to),
    )


def _transfer(row: Mapping[str, object], ledger: Ledger, to: Reader) -> list[str]:
    time, paid, received = row["time"], row["paid"], row["received"]
    assert isinstance(time, datetime)
    assert isinstance(paid, int)
    assert isinstance(received, int)
    form = "%Y-%m-%d %H:%M" if ledger.precision.total_seconds() >= 60 else "%Y-%m-%d %H:%M:%S"
    amounts = [
        money(amount, str(row[f"{side}_currency"]), ledger.decimals)
        for side, amount in (("paid", paid), ("received", received))
    ]
    file, number = str(row["file"]), f"{row['row']}"
    if row.get("twin_file") is not None:
        file, number = f"{file} + {row['twin_file']}", f"{number} + {row['twin_row']}"
    return [
        shown(row["tx"], 40), to.moment(time, form), shown(row["payer"], 48), shown(row["payee"], 48), amounts[0],
        amounts[1] if amounts[1] != amounts[0] else "", shown(file, 80), number,
    ]  # fmt: skip


def counted(kinds: Iterable[str]) -> str:
    """How often each kind occurs, the most frequent first.

    >>> counted(["fan-in", "cycle", "fan-in"])
    '2 fan-in, 1 cycle'
    """
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    return ", ".join(f"{number:,} {kind}" for kind, number in sorted(found.items(), key=lambda item: (-item[1], item)))
