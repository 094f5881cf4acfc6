"""A victims file as people write it → its lines as typed columns; nothing of the ledger is looked at here.

A line names one payment (by transaction, by source row, or by who paid whom, when and how much) or an account. Columns
are recognised by their usual names. A cell that cannot be read does not stop the others: its line says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time as clock
from datetime import timedelta
from pathlib import Path

import polars as pl

from graphflow.errors import ColumnError, SourceError
from graphflow.ledger import TIME
from graphflow.read import encodings, times
from graphflow.read.amounts import comma_or_point, decimal, proved_comma
from graphflow.read.batches import FIELDS, ROW, Ragged, batches
from graphflow.read.encodings import NotUtf8
from graphflow.read.heading import NoTable
from graphflow.read.record_texts import one_time, without_nulls
from graphflow.read.source import RawFile, Sources
from graphflow.trace.victims.columns import LINES, NAMES, columns_of

_TEXTS = tuple(NAMES)
_DAY = timedelta(days=1) // timedelta(microseconds=1)
_MOST_FORMATS = 4
_TEN_THOUSANDS = r"^([^万萬]*\d)\s*[万萬]\s*元?$"
_CHINESE_TIME = {
    r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?\s*": "$1-$2-$3 ",
    r"(\d{1,2})\s*[时時点點]\s*(\d{1,2})\s*分\s*(\d{1,2})\s*秒": "$1:$2:$3",
    r"(\d{1,2})\s*[时時点點]\s*(\d{1,2})\s*分?": "$1:$2",
    r"(\d{1,2})\s*[时時点點]\s*整?": "$1:00",
}
_CURRENCIES = dict.fromkeys(("RMB", "人民币", "人民币元", "元", "156", "¥", "￥"), "CNY")


@dataclass(frozen=True, kw_only=True, eq=False)
class VictimsFile:
    """The lines of a victims file, in its order, as `LINES`; and what a reader must know, in words."""

    path: str
    lines: pl.DataFrame = field(repr=False)
    warnings: tuple[str, ...] = ()


def read_lines(
    path: Path,
    *,
    timezone: str = "UTC",
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    time_format: str | None = None,
    decimal_mark: str | None = None,
) -> VictimsFile:
    """Read a victims file: CSV, TSV, a workbook, Parquet, or a text with one column.

    mapping       field of `NAMES` → header, where a header is not a usual one
    timezone      zone of times that state none; time_format: found from the cells when not given
    decimal_mark  "comma" or "point", where amounts do not prove it

    Raises `SourceError` or `ColumnError` when the file as a whole cannot be read.
    """
    times.check_format(time_format or "%Y-%m-%d", timezone)
    comma = comma_or_point(decimal_mark)
    parts: list[pl.DataFrame] = []
    warnings: list[str] = []
    refused: list[ColumnError] = []
    for table, header, frame in _tables(path, encoding):
        try:
            columns = columns_of(table, header, mapping or {})
        except ColumnError as error:
            refused.append(error)
            continue
        unused = [name for k, name in enumerate(header) if k not in columns.values() and name]
        warnings += [f"{table}: columns not used: {', '.join(unused)}"] if unused else []
        parts.append(_typed(_texts(table, frame, header, columns), timezone, time_format, comma))
    if not parts:
        raise refused[0] if refused else SourceError(f"{path}: has a header and no lines below it")
    warnings += [f"{error}; its lines are not read" for error in refused]
    return VictimsFile(path=str(path), lines=pl.concat(parts), warnings=tuple(warnings))


def lines_of(frame: pl.DataFrame, *, timezone: str = "UTC") -> VictimsFile:
    """The lines of a frame that a notebook holds: columns by the same names; amounts in major units, never floats.

    Raises `ColumnError` when no column names a payment, or amounts are floats.
    """
    table = "the frame"
    columns = columns_of(table, tuple(frame.columns), {})
    amount = columns.get("amount")
    if amount is not None and frame.dtypes[amount].is_float():
        raise ColumnError(f'the frame: column "{frame.columns[amount]}" holds floats: give amounts as text or Decimal')
    texts = frame.select(_as_text(name, kind).alias(str(k)) for k, (name, kind) in enumerate(frame.schema.items()))
    texts = texts.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias(ROW))
    return VictimsFile(
        path=table, lines=_typed(_texts(table, texts, tuple(frame.columns), columns), timezone, None, None)
    )


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(f"^{_escaped(name)}$")
    if isinstance(kind, pl.Datetime):
        zoned = "+00:00" if kind.time_zone else ""
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else column
        return utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + zoned)
    return column.cast(pl.String)


def _escaped(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else f"\\x{{{ord(c):x}}}" for c in name)


# --- tables ------------------------------------------------------------------------------------------

_Table = tuple[str, tuple[str, ...], pl.DataFrame]


def _tables(path: Path, encoding: str | None) -> list[_Table]:
    """Each table of a file: what it is called, its header, its rows as text; first the fast way, then the careful."""
    careful = whole = False
    while True:
        try:
            with Sources([path], encoding, whole=whole) as sources:
                found = [(s.path, s.header, _rows(s, careful=careful)) for s in sources]
            return [table for table in found if table[2].height]
        except Ragged:
            careful = True
        except NotUtf8:
            if whole:
                raise
            whole = True
        except NoTable as error:
            return [_one_column(path, encoding, error)]


def _rows(source: RawFile, *, careful: bool) -> pl.DataFrame:
    parts = list(batches(source, range(len(source.header)), careful=careful))
    names = {**{str(k): pl.String() for k in range(len(source.header))}, ROW: pl.UInt32()}
    return pl.concat(parts) if parts else pl.DataFrame(schema=names)


def _one_column(path: Path, encoding: str | None, error: NoTable) -> _Table:
    """A text whose lines are single cells: a list of transactions, or of accounts."""
    if "several columns" not in error.reason:
        raise error
    content = path.read_bytes()
    name = encodings.find(str(path), path, content, encoding, whole=True)
    with _decoded(path, name) as text:
        header, *cells = [cell.strip().strip('"') for cell in text.lstrip("\ufeff").splitlines() if cell.strip()]
    try:
        columns_of(str(path), (header,), {})
    except ColumnError:
        raise error from None
    frame = pl.DataFrame({"0": cells}, schema={"0": pl.String})
    return str(path), (header,), frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias(ROW))


@contextmanager
def _decoded(path: Path, name: str) -> Iterator[str]:
    try:
        yield path.read_text(encoding="utf-8-sig" if encodings.is_plain(name) else name)
    except (UnicodeDecodeError, LookupError):
        raise SourceError(f"{path}: cannot be read as {name}; say its encoding") from None


# --- cells -------------------------------------------------------------------------------------------


def _texts(table: str, frame: pl.DataFrame, header: tuple[str, ...], columns: Mapping[str, int]) -> pl.DataFrame:
    """The fields as text, null where a cell says nothing; what each line says; which have too few or many cells."""
    known = [pl.col(str(k)).alias(name) for name, k in columns.items()]
    whole = pl.lit(None, pl.String)
    if FIELDS in frame.columns:
        other = pl.lit(f"another number of cells than the header, which has {len(header)}")
        whole = pl.when(pl.col(FIELDS) != len(header)).then(other)
    raw = frame.select(pl.col(ROW).alias("line"), *known, refused=whole)
    raw = without_nulls(raw, but=("line", "refused"))
    written = [pl.format("{} {}", pl.lit(header[k]), pl.col(name)) for name, k in columns.items()]
    raw = raw.with_columns(says=pl.concat_str(written, separator=", ", ignore_nulls=True), table=pl.lit(table))
    missing = [pl.lit(None, pl.String).alias(name) for name in _TEXTS if name not in raw.columns]
    return raw.with_columns(missing)


def _typed(raw: pl.DataFrame, timezone: str, time_format: str | None, comma: bool | None) -> pl.DataFrame:
    """Lines with times, amounts and row numbers."""
    path = str(raw["table"][0]) if raw.height else ""
    if raw["date"].count():
        raw = one_time(raw).with_columns(pl.coalesce("time", raw["date"].alias("day")))  # a day alone is a time too
    time, step = _times(raw["time"], timezone, time_format, path)
    amount = _amounts(raw["amount"], comma, path)
    number = raw["row"].str.replace(r"\.0+$", "").str.replace_all(",", "").cast(pl.Int64, strict=False)
    bad = {"time": time, "amount": amount, "row": number}
    what = {"time": "not a time that can be read", "amount": "not an amount", "row": "not a row number"}
    reasons = [
        pl.when(pl.col(name).is_not_null() & pl.Series(f"typed {name}", typed).is_null()).then(
            pl.format('{} "{}" is {}', pl.lit(name), pl.col(name), pl.lit(what[name]))
        )
        for name, typed in bad.items()
    ]
    none = pl.when((amount <= 0).fill_null(False)).then(pl.lit("the amount is zero or negative"))
    refused = pl.coalesce("refused", *reasons, none)
    currency = pl.col("currency").str.to_uppercase().replace(_CURRENCIES)
    typed = raw.with_columns(refused=refused, currency=currency).with_columns(time, step, amount, number.alias("row"))
    return typed.select(pl.col(name).cast(kind) for name, kind in LINES.items())


def _amounts(text: pl.Series, comma: bool | None, path: str) -> pl.Series:
    """Exact amounts; `3.5万` is 35,000."""
    bare = text.str.replace(_TEN_THOUSANDS, "$1")
    if comma is None and bare.str.contains(",", literal=True).any():
        comma = proved_comma(bare, path)
    exact = decimal(bare, comma=bool(comma)).cast(pl.Int128)
    factor = text.str.contains(_TEN_THOUSANDS).fill_null(False)
    return exact.zip_with(~factor, exact * pl.Series([10_000], dtype=pl.Int128)).alias("amount")


def _times(text: pl.Series, timezone: str, time_format: str | None, path: str) -> tuple[pl.Series, pl.Series]:
    """UTC times and the step each tells. People mix formats: the one that reads most comes first, then what is left."""
    for pattern, plain in _CHINESE_TIME.items():
        text = text.str.replace(pattern, plain)
    text = text.str.strip_chars()
    time = pl.Series("time", [None] * text.len(), dtype=TIME)
    step = pl.Series("step", [None] * text.len(), dtype=pl.Int64)
    for attempt in range(_MOST_FORMATS):
        left = (text.is_not_null() & time.is_null()).arg_true()
        if left.is_empty():
            break
        try:
            form = time_format or times.find_format(text.gather(left), path)
        except SourceError as error:
            if not attempt and "day first" in str(error):
                raise
            break
        read = times.parse_times(text.gather(left), form, timezone)
        time = time.scatter(left, read)
        size = times.precision(form) // timedelta(microseconds=1)
        step = step.scatter(left, pl.repeat(size, left.len(), dtype=pl.Int64, eager=True))
    local = time.dt.convert_time_zone(timezone)
    if (local.dt.time().drop_nulls() == clock(0)).all():
        step = step.set(step.is_not_null(), _DAY)  # a spreadsheet writes days as midnights
    return time, step.set(time.is_null(), None)
