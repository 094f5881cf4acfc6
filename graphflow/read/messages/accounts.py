"""Account numbers in messages: an IBAN is known by its check digits, and written in one way."""

from __future__ import annotations

import re
from functools import lru_cache

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_NOTHING = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "UNKNOWN", "N/A"})


def is_iban(text: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616: the number, moved round, leaves 1 on division by 97).

    >>> is_iban("DE89370400440532013000"), is_iban("DE88370400440532013000"), is_iban("0532013000")
    (True, False, False)
    """
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


@lru_cache(maxsize=100_000)
def account(text: str | None, currency: str | None = None) -> str | None:
    """An account as all messages should name it; None where a placeholder stands for it.

    What is proved to hold an IBAN (spaces in it, a bank before it, the account's currency behind it, as Dutch
    banks write) is that IBAN. Anything else is left as it is.

    >>> account("de89 3704 0044 0532 0130 00"), account("NL91ABNA0417164300EUR", "EUR"), account("NOTPROVIDED")
    ('DE89370400440532013000', 'NL91ABNA0417164300', None)
    >>> account("20041010/0123456789")
    '20041010/0123456789'
    """
    given = (text or "").strip()
    if given.upper() in _NOTHING:
        return None
    packed = re.sub(r"\s+", "", given).upper()
    tries = [packed, packed.rpartition("/")[2]]
    if currency:
        tries += [one.removesuffix(currency) for one in tries]
    return next((one for one in tries if is_iban(one)), given)


def reference(text: str | None) -> str | None:
    """A reference; None where a placeholder stands for it."""
    given = (text or "").strip()
    return None if given.upper() in _NOTHING else given
