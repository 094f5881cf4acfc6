"""Numbers and times as people read them."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def span(value: timedelta) -> str:
    """A time span in its largest two units.

    >>> span(timedelta(hours=72)), span(timedelta(minutes=95)), span(timedelta(seconds=1)), span(timedelta())
    ('3 days', '1 hour 35 minutes', '1 second', '0 seconds')
    """
    seconds = value.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:g} milliseconds" if seconds else "0 seconds"
    rest, words = round(seconds), []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(words[:2])


def percent(share: float) -> str:
    """A share as a whole percentage, never rounded up to 100.

    >>> percent(0.973), percent(0.999), percent(1.0)
    ('97 %', '99 %', '100 %')
    """
    return f"{int(share * 100 + 1e-9)} %"


def one_in(share: float) -> str:
    """A small share as one in so many.

    >>> one_in(0.5), one_in(1 / 83.4), one_in(0.0000123), one_in(0.0)
    ('1 in 2', '1 in 83', '1 in 81,000', 'none')
    """
    if share <= 0:
        return "none"
    number = 1 / share
    rounded = round(number) if number < 1000 else round(number, 2 - len(str(int(number))))
    return f"1 in {int(rounded):,}"


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "payer"), count(1200, "payer")
    ('1 payer', '1,200 payers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Note(str):
    """A line that begins with a number of things: what several parts of a whole say adds up.

    >>> Note.of(2, "episode", "not reported"), sum(note.number for note in [Note.of(2, "episode", "not reported")])
    ('2 episodes not reported', 2)
    """

    number: int
    noun: str
    rest: str

    @classmethod
    def of(cls, number: int, noun: str, rest: str) -> Note:
        """So many of something, and what is said of them."""
        note = cls(f"{count(number, noun)} {rest}")
        note.number, note.noun, note.rest = number, noun, rest
        return note


_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Characters that hide or turn other text round, or drive a terminal, as escapes a reader can see.

    A right-to-left mark in a name makes `gpj.exe` of `exe.jpg`; control characters vanish.

    >>> print(visible("acct\u202egpj"))
    acct\u202egpj
    """
    if text.isascii() and text.isprintable():
        return text
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


def named(account: str) -> str:
    """An account's name, short enough for a sentence."""
    return shown(account, 48)
