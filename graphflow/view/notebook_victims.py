"""What the payments that victims report show of themselves at the end of a notebook cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.languages import Reader
from graphflow.view.notebook_sheet import LINES, Sheet, Table, first_lines, rest
from graphflow.words import shown

if TYPE_CHECKING:
    from graphflow.trace.victims.matching import Victims


def victims_html(victims: Victims, to: Reader | None = None) -> str:
    """How many payments were found and how each was, and the lines that name no payment."""
    to = to or Reader()
    tables = [_payments(victims, to), _unmatched(victims, to)]
    return Sheet(
        title=to.say("Victims' payments"),
        facts={
            to.say("Payments"): f"{victims.payments.height:,}",
            to.say("Accounts of victims"): f"{len(victims.accounts):,}",
            to.say("Lines not matched"): f"{victims.unmatched.height:,}",
        },
        tables=[table for table in tables if table.rows],
        notes=first_lines(victims.warnings, "victims.warnings", to),
    ).html(to)


def _payments(victims: Victims, to: Reader) -> Table:
    columns = victims.payments.head(LINES).select("line", "victim", "amount", "currency", "how")
    listed = [
        ["" if line is None else f"{line}", shown(victim, 48), f"{amount:,}", shown(currency, 12), shown(how, 200)]
        for line, victim, amount, currency, how in columns.iter_rows()
    ]
    heads = (to.say("Line"), to.say("Victim"), to.say("Minor units"), to.say("Currency"), to.say("How it was matched"))
    more = rest(len(listed), victims.payments.height, "victims.payments", to)
    return Table(heads=heads, rows=listed, numbers=frozenset({0, 2}), more=more)


def _unmatched(victims: Victims, to: Reader) -> Table:
    columns = victims.unmatched.head(LINES).select("line", "says", "reason")
    listed = [[shown(cell, 200) for cell in row] for row in columns.iter_rows()]
    heads = (to.say("Line"), to.say("What it says"), to.say("Why it names no payment"))
    more = rest(len(listed), victims.unmatched.height, "victims.unmatched", to)
    return Table(heads=heads, rows=listed, numbers=frozenset({0}), title=to.say("Lines not matched"), more=more)
