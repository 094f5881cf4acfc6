"""Amounts of money, and the rules they are traced by, as a page words them: by currency, never added together."""

from __future__ import annotations

from collections.abc import Mapping

from graphflow.ledger import default_decimals, major
from graphflow.words import shown

RULES_SAID = {
    "fifo": "first in, first out",
    "lifo": "last in, first out",
    "own_first": "the account's own money first (lowest intermediate balance)",
    "pro_rata": "in proportion to what the account holds",
    "certain": "the victims' whatever exact rule is used",
    "at_most": "possible under some exact rule",
}
"""What each rule of tracing, and each limit, means: for headers."""

Totals = dict[str, int]
"""Minor units by currency. Currencies are never added together."""


def money(amount: int, currency: str, decimals: Mapping[str, int]) -> str:
    """An amount in major units with its currency."""
    return f"{major(amount, decimals.get(currency, default_decimals(currency)))} {shown(currency, 12)}"


def totals_text(totals: Totals, decimals: Mapping[str, int]) -> list[str]:
    """One line a currency, by name."""
    return [money(amount, currency, decimals) for currency, amount in sorted(totals.items())]


def add(totals: Totals, currency: str, amount: int) -> None:
    """Add an amount to the total of its own currency."""
    totals[currency] = totals.get(currency, 0) + amount
