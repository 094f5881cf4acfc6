"""Amounts, the rules they are traced by, numbers and time spans, as a page words them. Currencies are never added."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from graphflow.languages import Reader
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


def points_text(points: float) -> str:
    """Points with at most one decimal: what lies behind it ranks, and tells nothing.

    >>> points_text(116.856), points_text(3.0), points_text(-0.04)
    ('116.9', '3', '0')
    """
    return f"{round(points, 1) or 0.0:.1f}".removesuffix(".0")


def signed_points(points: float) -> str:
    """Points that are added, with their sign.

    >>> signed_points(2.345), signed_points(-1.0)
    ('+2.3', '-1')
    """
    told = points_text(points)
    return told if told.startswith("-") else f"+{told}"


def many(to: Reader, number: int, one: str, more: str) -> str:
    """A number with its noun, in the reader's language.

    >>> many(Reader(), 1, "{n} account", "{n} accounts"), many(Reader(), 1200, "{n} account", "{n} accounts")
    ('1 account', '1,200 accounts')
    """
    return to.say(one if number == 1 else more, n=f"{number:,}")


def lasting(seconds: float, to: Reader) -> str:
    """A time span in its largest two units.

    >>> lasting(461, Reader()), lasting(90_000, Reader()), lasting(0, Reader())
    ('7 minutes 41 seconds', '1 day 1 hour', '0 seconds')
    """
    units = (
        (86_400, "{n} day", "{n} days"), (3_600, "{n} hour", "{n} hours"), (60, "{n} minute", "{n} minutes"),
        (1, "{n} second", "{n} seconds"),
    )  # fmt: skip
    rest, words = round(seconds), []
    for size, one, more in units:
        count, rest = divmod(rest, size)
        if count:
            words.append(many(to, count, one, more))
    return " ".join(words[:2]) or to.say("{n} seconds", n=0)


def tenths(parts: Sequence[float]) -> list[float]:
    """Parts rounded to one decimal so that they add up to their rounded sum: the largest rests are rounded up.

    >>> tenths([1.25, 1.25, 0.02]), tenths([2, -0.5])
    ([1.3, 1.2, 0.0], [2.0, -0.5])
    """
    scaled = [round(10 * part, 6) for part in parts]
    whole = [math.floor(part) for part in scaled]
    short = round(round(sum(parts), 1) * 10) - sum(whole)
    first = sorted(range(len(parts)), key=lambda i: (whole[i] - scaled[i], i))[:short]
    return [(part + (i in first)) / 10 for i, part in enumerate(whole)]
