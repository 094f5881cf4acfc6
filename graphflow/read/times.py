"""Times from text: one format a file, found from the data, refused where day and month could be either."""

from __future__ import annotations

from datetime import timedelta

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
_EPOCHS = {"epoch_s": (1_000_000, _SECOND), "epoch_ms": (1_000, timedelta(milliseconds=1))}
_SAMPLE = 20_000


def find_format(text: pl.Series, path: str) -> str:
    """The format that reads the most of a sample of times.

    Raises `SourceError` when none reads any, or when day-first and month-first read the same share.
    """
    sample = text.drop_nulls().head(_SAMPLE)
    if sample.is_empty():
        return next(iter(_FORMATS))
    epoch = _epoch(sample)
    if epoch:
        return epoch
    scores = {name: int(_parse(sample, name, "UTC").is_not_null().sum()) for name in _FORMATS}
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


def parse_times(text: pl.Series, time_format: str, timezone: str) -> pl.Series:
    """UTC times; null where the text is not in the format, or never existed in the time zone."""
    times = _parse(text, time_format, timezone)
    missed = (times.is_null() & text.is_not_null()).arg_true()
    if missed.is_empty():
        return times
    return times.scatter(missed, _parse(text.gather(missed).str.strip_chars(), time_format, timezone))


def precision(time_format: str) -> timedelta:
    """The finest step a format can state.

    >>> precision("%Y/%m/%d %H:%M")
    datetime.timedelta(seconds=60)
    """
    if time_format in _EPOCHS:
        return _EPOCHS[time_format][1]
    if time_format in _FORMATS:
        return _FORMATS[time_format]
    steps = (
        ("%f", _PARTS),
        ("%.", _PARTS),
        ("%S", _SECOND),
        ("%T", _SECOND),
        ("%M", _MINUTE),
        ("%H", timedelta(hours=1)),
    )
    return next((step for mark, step in steps if mark in time_format), _DAY)


def _parse(text: pl.Series, time_format: str, timezone: str) -> pl.Series:
    if time_format in _EPOCHS:
        factor, _ = _EPOCHS[time_format]
        stamps = text.cast(pl.Int64, strict=False) * factor
        return stamps.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if "%z" in time_format or "%#z" in time_format:
        return text.str.to_datetime(time_format, time_unit="us", strict=False).dt.convert_time_zone("UTC")
    if "%H" in time_format or "%T" in time_format:
        naive = text.str.to_datetime(time_format, time_unit="us", strict=False)
    else:
        naive = text.str.to_date(time_format, strict=False).cast(pl.Datetime("us"))
    if timezone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    local = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _epoch(sample: pl.Series) -> str:
    digits = sample.str.contains(r"^\d+$").all()
    if not digits:
        return ""
    length = sample.str.len_bytes()
    if (length == 10).all():
        return "epoch_s"
    return "epoch_ms" if (length == 13).all() else ""
