"""Numbers and times as people read them."""

from __future__ import annotations

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


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "payer"), count(1200, "payer")
    ('1 payer', '1,200 payers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(name: str, most: int = 48) -> str:
    """A name short enough for a sentence, its middle left out, control and direction marks made visible.

    >>> shown("A" * 60, 9), shown("a\\u202eb")
    ('AAAA…AAAA', 'a\\\\u202eb')
    """
    safe = name
    if not name.isprintable():
        safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    if len(safe) <= most:
        return safe
    half = (most - 1) // 2
    return f"{safe[:half]}…{safe[-half:]}"
