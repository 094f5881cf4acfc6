"""Thresholds: the fields of the detectors, as a TOML file a person can change.

    [fan-in]
    min_payers = 5
    window = "24h"

Durations are texts of numbers with d, h, m or s ("1h30m"). Amounts by currency are a table, which replaces the default
whole: `[structuring.thresholds]` and below it `CNY = 50000`. What a file leaves out keeps its default.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from graphflow.detect import DETECTORS, Detector
from graphflow.errors import RuleError, did_you_mean

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([dhms])")


def default_rules() -> list[Detector]:
    """Every detector with its default parameters."""
    return [kind() for kind in DETECTORS]


def load_rules(path: Path | str) -> list[Detector]:
    """The detectors of a rules file, in the order of `DETECTORS`; one whose table has `off = true` is left out.

    Raises `RuleError` naming the table, the parameter, or the value that is not right.
    """
    try:
        with Path(path).open("rb") as stream:
            content = tomllib.load(stream)
    except FileNotFoundError:
        raise RuleError(f"{path}: no such rules file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(f"{path}: is not a TOML rules file ({error})") from None
    known = {kind.name: kind for kind in DETECTORS}
    for name, table in content.items():
        if name not in known:
            raise RuleError(f'{path}: there is no detector "{name}": {did_you_mean(name, known)}')
        if not isinstance(table, Mapping):
            raise RuleError(f"{path}: [{name}] must be a table")
    tables = {name: dict(content.get(name, {})) for name in known}
    return [_made(kind, tables[name], str(path)) for name, kind in known.items() if not tables[name].pop("off", False)]


def _made(kind: type[Detector], table: Mapping[str, Any], path: str) -> Detector:
    known: dict[str, Field[Any]] = {f.name: f for f in fields(kind)}
    values = {}
    for name, value in table.items():
        if name not in known:
            raise RuleError(f'{path}: {kind.name} has no parameter "{name}": {did_you_mean(name, known)}')
        values[name] = _value(value, known[name].default, f"{path}: {kind.name}.{name}")
    return kind(**values)


def _value(value: object, default: object, where: str) -> object:
    """A value of the kind its default has."""
    if isinstance(default, timedelta):
        return parse_span(value, where)
    if isinstance(default, tuple):
        if not isinstance(value, Mapping):
            raise RuleError(f"{where} must be a table of amounts by currency, not {value!r}")
        return tuple((str(name), float(_number(amount, 0.0, f"{where}.{name}"))) for name, amount in value.items())
    return _number(value, default, where)


def _number(value: object, default: object, where: str) -> float:
    """A number, whole where the default is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RuleError(f"{where} must be a number, not {value!r}")
    if value < 0:
        raise RuleError(f"{where} must not be negative, and is {value}")
    if isinstance(default, int):
        if value != int(value):
            raise RuleError(f"{where} must be a whole number, not {value!r}")
        return int(value)
    return float(value)


def parse_span(text: object, where: str = "a duration") -> timedelta:
    """A duration from text.

    >>> parse_span("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if not isinstance(text, str) or not text or _SPAN.sub("", text).strip():
        raise RuleError(f'{where} must be a duration such as "72h", "60m" or "7d", not {text!r}')
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _SPAN.findall(text)))


def span_text(value: timedelta) -> str:
    """A duration as a rules file writes it.

    >>> span_text(timedelta(hours=72)), span_text(timedelta(minutes=90)), span_text(timedelta(days=7))
    ('72h', '90m', '7d')
    """
    seconds = int(value.total_seconds())
    if seconds and seconds % 86_400 == 0 and seconds > 3 * 86_400:
        return f"{seconds // 86_400}d"
    for unit, size in (("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def as_table(detectors: Sequence[Detector]) -> dict[str, dict[str, str]]:
    """Detector → parameter → value as text, for reports and run.json."""
    return {d.name: {f.name: _text(getattr(d, f.name)) for f in fields(d)} for d in detectors}


def rules_file(detectors: Sequence[Detector]) -> str:
    """A rules file that says what the detectors' parameters are, each table headed by what it sees."""
    tables = []
    for detector in detectors:
        lesson = (type(detector).__doc__ or "").strip().splitlines()[0]
        lines = [f"# {lesson}", f"[{detector.name}]"]
        for parameter in fields(detector):
            value = getattr(detector, parameter.name)
            lines.append(f"{parameter.name} = {_toml(value)}")
        tables.append("\n".join(lines))
    return "\n\n".join(tables) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, timedelta):
        return f'"{span_text(value)}"'
    if isinstance(value, tuple):
        return "{ " + ", ".join(f"{json.dumps(name, ensure_ascii=False)} = {amount}" for name, amount in value) + " }"
    return f"{value}"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{name} {amount:,.2f}" for name, amount in value)
    return span_text(value) if isinstance(value, timedelta) else f"{value}"
