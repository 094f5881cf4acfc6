"""Values of parameters: from TOML or from the command line to what the detector holds, and back to text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import Field
from datetime import timedelta
from math import isfinite
from typing import Any

from graphflow.errors import RuleError

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def parse_span(text: object, where: str = "a duration") -> timedelta:
    """A duration from text.

    >>> parse_span("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if not isinstance(text, str) or not text or _SPAN.sub("", text).strip():
        raise RuleError(f'{where} must be a duration such as "72h", "60m" or "7d", not {text!r}')
    try:
        return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _SPAN.findall(text)))
    except OverflowError:
        raise RuleError(f"{where} is longer than any ledger: {text!r}") from None


def span_text(value: timedelta) -> str:
    """A duration as a rules file writes it.

    >>> span_text(timedelta(hours=72)), span_text(timedelta(minutes=90)), span_text(timedelta(days=7))
    ('72h', '90m', '7d')
    """
    if value.microseconds:
        return f"{value.total_seconds():f}".rstrip("0") + "s"
    seconds = int(value.total_seconds())
    if seconds and seconds % 86_400 == 0 and seconds > 3 * 86_400:
        return f"{seconds // 86_400}d"
    for unit, size in (("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def checked(value: object, parameter: Field[Any], where: str) -> object:
    """A value of TOML as a parameter holds it: the kind its default has.

    A table (thresholds by currency, say) becomes a tuple of names and numbers, in its order.
    """
    default = parameter.default
    if isinstance(default, timedelta):
        return parse_span(value, where)
    if isinstance(default, tuple):
        if not isinstance(value, Mapping):
            raise RuleError(f"{where} must be a table of numbers by name, not {value!r}")
        return tuple((name, _float(number, f"{where}.{name}")) for name, number in value.items())
    if isinstance(default, bool | str):
        kind = "true or false" if isinstance(default, bool) else "a text"
        if type(value) is not type(default):
            raise RuleError(f"{where} must be {kind}, not {value!r}")
        return value
    number = _float(value, where)
    if parameter.metadata.get("unit") == "share" and number > 1:
        raise RuleError(f"{where} is a share, from 0 to 1, not {value}")
    if not isinstance(default, int):
        return number
    if number != int(number):
        raise RuleError(f"{where} must be a whole number, not {value!r}")
    return int(number)


def _float(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise RuleError(f"{where} must be a number, not {value!r}")
    if value < 0:
        raise RuleError(f"{where} must not be negative, and is {value}")
    return float(value)


def from_text(text: str, parameter: Field[Any]) -> object:
    """What a text of the command line would be in TOML: numbers and true or false where they are wanted.

    A text that is none of these stays one, and is refused for what it is.
    """
    if isinstance(parameter.default, str | timedelta):
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def shown(value: object) -> str:
    """A value for people: in a report, a table, a run's record.

    >>> shown(timedelta(hours=24)), shown(0.5), shown((("CNY", 50000.0), ("USD", 10000.0)))
    ('24h', '0.5', 'CNY 50000, USD 10000')
    """
    if isinstance(value, timedelta):
        return span_text(value)
    if isinstance(value, tuple):
        return ", ".join(f"{name} {number:g}" for name, number in value)
    return str(value)


def in_toml(value: object) -> str:
    """A value as TOML writes it.

    >>> in_toml((("US Dollar", 10000.0), ("CNY", 50000.0)))
    '{ "US Dollar" = 10000.0, CNY = 50000.0 }'
    """
    if isinstance(value, timedelta):
        return f'"{span_text(value)}"'
    if isinstance(value, tuple):
        entries = ", ".join(f"{_key(name)} = {number}" for name, number in value)
        return f"{{ {entries} }}" if entries else "{}"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
