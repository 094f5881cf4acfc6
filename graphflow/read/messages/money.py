"""Exact sums of a statement: opening balance, entries, closing balance, as whole numbers.

Python's decimals round at 28 digits without a word, so amounts are counted in whole units of 10⁻¹⁸ instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLACES = 18
_AMOUNT = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?", re.ASCII)


def exact(text: str | None) -> int | None:
    """A decimal number in units of 10⁻¹⁸; None for what is none, or is finer.

    >>> exact("12.50") == 12_500_000_000_000_000_000, exact("1,5"), exact(None)
    (True, None, None)
    """
    match = _AMOUNT.fullmatch(text or "")
    if match is None or len(match[3] or "") > _PLACES or len(match[2]) > 2 * _PLACES:
        return None
    units = int(match[2] + (match[3] or "").ljust(_PLACES, "0"))
    return -units if match[1] == "-" else units


def decimal_text(units: int) -> str:
    """Units of 10⁻¹⁸ as a decimal number, with two places at least.

    >>> decimal_text(exact("-1250.5")), decimal_text(exact("0.125"))
    ('-1250.50', '0.125')
    """
    whole, rest = divmod(abs(units), 10**_PLACES)
    places = f"{rest:0{_PLACES}d}".rstrip("0").ljust(2, "0")
    return f"{'-' if units < 0 else ''}{whole}.{places}"


@dataclass
class Proof:
    """Whether opening balance and entries make the closing balance; and the balance after each entry.

    A balance after an entry is worth something only when the whole statement proves. `reversed_sum` is the part
    of the entries that are marked as reversals: some banks give those the sign of what they reverse.
    """

    opening: int | None = None
    closing: int | None = None
    currency: str | None = None
    total: int = 0
    reversed_sum: int = 0
    uncounted: int = 0

    def book(self, amount: int | None, currency: str | None, *, is_reversal: bool = False) -> str | None:
        """Count an entry (money in is positive); the balance after it, where one can be told."""
        if amount is None or (self.currency is not None and currency != self.currency):
            self.uncounted += 1
            return None
        self.total += amount
        self.reversed_sum += amount if is_reversal else 0
        return None if self.opening is None or self.uncounted else decimal_text(self.opening + self.total)

    def verdict(self) -> str | None:
        """What speaks against the statement; None where it proves."""
        if self.opening is None or self.closing is None:
            side = "opening" if self.opening is None else "closing"
            return f"has no {side} balance, so its entries cannot be proved"
        if self.uncounted:
            return f"{self.uncounted:,} of its entries have no amount that can be counted, so it cannot be proved"
        made = self.opening + self.total
        if made == self.closing:
            return None
        said = (
            f"opening {decimal_text(self.opening)} and entries of {decimal_text(self.total)} make "
            f"{decimal_text(made)}, but the closing balance is {decimal_text(self.closing)}"
        )
        if self.reversed_sum and made - 2 * self.reversed_sum == self.closing:
            return f"{said}: it would prove if entries marked as reversals went the other way"
        return f"{said}: entries are missing, or are too many"
