"""Words for a page: text from data made visible and short, amounts by currency, counts with their noun."""

from __future__ import annotations

import re
from collections.abc import Mapping

from graphflow.ledger import default_decimals, major

Totals = dict[str, int]
"""Minor units by currency. Currencies are never added together."""

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Characters that hide or turn other text round, as escapes a reader can see.

    A right-to-left mark in a name makes `gpj.exe` of `exe.jpg`; control characters vanish.

    >>> print(visible("acct\u202egpj"))
    acct\u202egpj
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut in the middle: account numbers differ at both ends.

    >>> shorten("6222021234567890123", 9)
    '6222…0123'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def shown(text: object, limit: int = 200) -> str:
    """Text from data as a page shows it: short first, so that ten thousand characters cost nothing."""
    return shorten(visible(shorten(str(text), limit)), limit) or "(empty)"


def plural(count: int, noun: str) -> str:
    """
    >>> plural(1, "account"), plural(2100, "account")
    ('1 account', '2,100 accounts')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def money(amount: int, currency: str, decimals: Mapping[str, int]) -> str:
    """An amount in major units with its currency."""
    return f"{major(amount, decimals.get(currency, default_decimals(currency)))} {shown(currency, 12)}"


def totals_text(totals: Totals, decimals: Mapping[str, int]) -> list[str]:
    """One line a currency, by name."""
    return [money(amount, currency, decimals) for currency, amount in sorted(totals.items())]


def add(totals: Totals, currency: str, amount: int) -> None:
    """Add an amount to the total of its own currency."""
    totals[currency] = totals.get(currency, 0) + amount
