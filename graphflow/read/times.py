"""Times from text: one format a file, found from the data, refused where day and month could be either."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from graphflow.errors import SourceError

_DAY, _MINUTE, _SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
_PARTS = timedelta(microseconds=1)

# Order matters only where two formats take the same text; those pairs are refused below.
_FORMATS: dict[str, timedelta] = {
    "%Y-%m-%d %H:%M:%S": _SECOND,
    "%Y-%m-%dT%H:%M:%S": _SECOND,
    "%Y/%m/%d %H:%M": _MINUTE,
    "%Y/%m/%d %H:%M:%S": _SECOND,
    "%Y-%m-%d %H:%M": _MINUTE,
    "%Y-%m-%dT%H:%M": _MINUTE,
    "%Y-%m-%d %H:%M:%S%.f": _PARTS,
    "%Y-%m-%dT%H:%M:%S%.f": _PARTS,
    "%Y-%m-%dT%H:%M:%S%#z": _SECOND,
    "%Y-%m-%d %H:%M:%S%#z": _SECOND,
    "%Y-%m-%dT%H:%M:%S%.f%#z": _PARTS,
    "%Y-%m-%d": _DAY,
    "%Y/%m/%d": _DAY,
    "%Y.%m.%d %H:%M:%S": _SECOND,
    "%Y%m%d%H%M%S": _SECOND,
    "%Y%m%d %H:%M:%S": _SECOND,
    "%H:%M:%S:%Y-%m-%d": _SECOND,  # from two columns
    "%Y-%m-%d:%H:%M:%S": _SECOND,
    "%Y%m%d": _DAY,
    "%d/%m/%Y %H:%M:%S": _SECOND,
    "%m/%d/%Y %H:%M:%S": _SECOND,
    "%d/%m/%Y %H:%M": _MINUTE,
    "%m/%d/%Y %H:%M": _MINUTE,
    "%d/%m/%Y": _DAY,
    "%m/%d/%Y": _DAY,
    "%d.%m.%Y %H:%M:%S": _SECOND,
    "%d.%m.%Y %H:%M": _MINUTE,
    "%d.%m.%Y": _DAY,
    "%d-%m-%Y %H:%M:%S": _SECOND,
    "%m-%d-%Y %H:%M:%S": _SECOND,
    "%d-%m-%Y": _DAY,
    "%m-%d-%Y": _DAY,
}
# Letters after % that state a part of the clock, the finest first; anything else is a date.
_STEPS = (("f.369+", _PARTS), ("STrXcs", _SECOND), ("MR", _MINUTE), ("HIkl", timedelta(hours=1)))
_ZONED = re.compile(r"%[:#]*z|%\+")
FIRST, LAST = -2_208_988_800 * 1_000_000, 253_402_300_800 * 1_000_000 - 1
"""1900 to 9999: two-digit years read as the years 0 to 99, and serial numbers read as seconds, fall outside."""

EPOCHS = {"epoch_s": (1_000_000, _SECOND), "epoch_ms": (1_000, timedelta(milliseconds=1))}
EXCEL = "excel_serial"
"""Days since the end of 1899 with a fraction, as a spreadsheet stores times; told from other numbers by their range."""

_EXCEL_EPOCH, _EXCEL_DAYS = -2_209_161_600 * 1_000_000, (25_569, 73_050)
_GLANCE = 200
SAMPLE = 20_000
"""Times that are looked at to find their format."""


def find_format(text: pl.Series, path: str) -> str:
    """The format that reads the most of a sample of times.

    Raises `SourceError` when none reads any, or when day-first and month-first read the same share.
    """
    sample = text.head(SAMPLE).drop_nulls()
    if sample.is_empty():
        return next(iter(_FORMATS))
    epoch = _epoch(sample) or _excel(sample)
    if epoch:
        return epoch
    likely = [name for name in _FORMATS if _reads(sample.head(_GLANCE), name) == min(sample.len(), _GLANCE)]
    scores = {name: _reads(sample, name) for name in likely}
    if sample.len() not in scores.values():  # else no other format reads as many
        scores = {name: _reads(sample, name) for name in _FORMATS}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] == 0:
        raise SourceError(
            f'{path}: no known time format reads {sample[0]!r}; say it with --time-format "%Y-%m-%d %H:%M"'
        )
    other = best.replace("%d", "?").replace("%m", "%d").replace("?", "%m")
    if best.startswith(("%d", "%m")) and scores.get(other) == scores[best]:
        raise SourceError(
            f"{path}: {sample[0]!r} could be day first or month first; say which: "
            f'--time-format "{best}" or --time-format "{other}"'
        )
    return best


def _reads(text: pl.Series, time_format: str) -> int:
    return int(_parse(text, time_format, "UTC").is_not_null().sum())


def parse_times(text: pl.Series, time_format: str, timezone: str) -> pl.Series:
    """UTC times; null where the text is not in the format, or never existed in the time zone."""
    times = _parse(text, time_format, timezone)
    missed = (times.is_null() & text.is_not_null()).arg_true()
    if missed.is_empty():
        return times
    return times.scatter(missed, _parse(text.gather(missed).str.strip_chars(), time_format, timezone))


def check_format(time_format: str, timezone: str) -> None:
    """Raise `SourceError` where a time zone or a format cannot be used at all."""
    try:
        pl.Series([datetime(2026, 1, 5)]).dt.replace_time_zone(timezone or "none")
    except (pl.exceptions.PolarsError, ValueError):
        raise SourceError(f'there is no time zone "{timezone}"; try UTC or Asia/Shanghai') from None
    try:
        _parse(pl.Series(["2026-01-05 09:00:00"]), time_format, timezone)
    except pl.exceptions.PolarsError as error:
        why = str(error).splitlines()[0]
        raise SourceError(f'"{time_format}" cannot be used as --time-format: {why}') from None


def is_zoned(time_format: str) -> bool:
    """Whether the times state their own zone."""
    return time_format in EPOCHS or bool(_ZONED.search(time_format))


def precision(time_format: str) -> timedelta:
    """The finest step a format can state.

    >>> precision("%Y/%m/%d %H:%M")
    datetime.timedelta(seconds=60)
    """
    if time_format in EPOCHS:
        return EPOCHS[time_format][1]
    if time_format == EXCEL:
        return _SECOND
    if time_format in _FORMATS:
        return _FORMATS[time_format]
    return next((step for marks, step in _STEPS if re.search(f"%[-_0]?[{marks}]", time_format)), _DAY)


def _parse(text: pl.Series, time_format: str, timezone: str) -> pl.Series:
    times = _parsed(text, time_format, timezone)
    stamps = times.to_physical()
    ends = pl.Series([stamps.min(), stamps.max()], dtype=pl.Int64)
    if ends.drop_nulls().is_between(FIRST, LAST).all():
        return times
    return times.zip_with(stamps.is_between(FIRST, LAST), pl.Series([None], dtype=times.dtype))


def _parsed(text: pl.Series, time_format: str, timezone: str) -> pl.Series:
    if time_format in EPOCHS:
        factor, _ = EPOCHS[time_format]
        stamps = text.cast(pl.Int64, strict=False)
        stamps = stamps.set(~stamps.is_between(FIRST // factor, LAST // factor), None) * factor
        return stamps.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if time_format == EXCEL:
        return in_zone(_from_serial(text), timezone)
    if is_zoned(time_format):
        return text.str.to_datetime(time_format, time_unit="us", strict=False).dt.convert_time_zone("UTC")
    if precision(time_format) < _DAY:
        naive = text.str.to_datetime(time_format, time_unit="us", strict=False)
    else:
        naive = text.str.to_date(time_format, strict=False).cast(pl.Datetime("us"))
    return in_zone(naive, timezone)


def in_zone(naive: pl.Series, timezone: str) -> pl.Series:
    """Times that state no zone, as they are on clocks of `timezone`, in UTC; null where no clock showed them."""
    if timezone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    local = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


@dataclass(frozen=True)
class Template:
    """A format of digits at fixed places: the text with zeros for digits, the part each digit belongs to (year to
    second: 0 to 5; -1: none), and whether a fraction may follow."""

    text: bytes
    which: tuple[int, ...]
    fraction: bool


def template(time_format: str) -> Template | None:
    """The template of a format, or None where it is not of that kind.

    >>> template("%Y-%m-%d %H:%M")
    Template(text=b'0000-00-00 00:00', which=(0, 0, 0, 0, -1, 1, 1, -1, 2, 2, -1, 3, 3, -1, 4, 4), fraction=False)
    """
    fraction = time_format.endswith("%S%.f")
    pieces = re.findall(r"%.|[^%]", time_format.removesuffix("%.f") if fraction else time_format)
    marks = [piece[1] for piece in pieces if len(piece) == 2]
    if any(mark not in "YmdHMS" for mark in marks) or len(set(marks)) < len(marks) or not {*"Ymd"} <= {*marks}:
        return None
    text, which = "", list[int]()
    for piece in pieces:
        part = "YmdHMS".find(piece[1]) if len(piece) == 2 else -1
        width = 4 if part == 0 else 2 if part > 0 else 1
        text += "0" * width if part >= 0 else piece
        which += [part] * width
    return Template(text.encode(), tuple(which), fraction) if text.isascii() else None


def _from_serial(text: pl.Series) -> pl.Series:
    """Times of a spreadsheet's serial numbers, to the second: its fractions of a day are no more exact than that."""
    days = text.cast(pl.Float64, strict=False)
    days = days.set(~days.is_between(*_EXCEL_DAYS).fill_null(True), None)
    seconds = (days * 86_400).round(0).cast(pl.Int64)
    return (seconds * 1_000_000 + _EXCEL_EPOCH).cast(pl.Datetime("us"))


def _excel(sample: pl.Series) -> str:
    """Five digits, some of them with a fraction: whole numbers alone could be anything."""
    serial = sample.str.contains(r"^\d{5}(\.\d+)?$")
    if not serial.all() or not sample.str.contains(".", literal=True).any():
        return ""
    return EXCEL if sample.cast(pl.Float64).is_between(*_EXCEL_DAYS).all() else ""


def _epoch(sample: pl.Series) -> str:
    digits = sample.str.contains(r"^\d+$").all()
    if not digits:
        return ""
    length = sample.str.len_bytes()
    if (length == 10).all():
        return "epoch_s"
    return "epoch_ms" if (length == 13).all() else ""
