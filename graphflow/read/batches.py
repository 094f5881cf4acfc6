"""A file's rows in batches: text columns named by their position, and the row numbers.

Polars reads; where it finds a file it cannot read, or one whose rows have different numbers of fields (which it
would fill or cut in silence), the file is read again row by row, so that each such row can be named.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

import polars as pl

from graphflow.errors import ColumnError, SourceError
from graphflow.read.encodings import NotUtf8
from graphflow.read.source import RawFile

BATCH_ROWS = 250_000
ROW = "row"
"""Name of the column of 1-based row numbers; the others are named "0", "1", … by position in the file."""

FIELDS = "fields"
"""Name of the column with the number of fields where that was counted row by row."""


class Ragged(Exception):
    """Rows of different lengths, or text Polars cannot parse: the file must be read row by row."""


def batches(source: RawFile, positions: Sequence[int], *, careful: bool = False) -> Iterator[pl.DataFrame]:
    """The columns at `positions`, some hundred thousand rows at a time, in file order.

    Raises `Ragged` on the way when the file needs `careful` reading.
    """
    if source.kind == "parquet":
        return _parquet(source, positions)
    if source.kind == "table":
        return _table(source, positions)
    return _careful(source, positions) if careful else _fast(source, positions)


def _fast(source: RawFile, positions: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Polars, all columns as text. A row that lacks fields shows as an empty last column, a long one as an error."""
    last = len(source.header) - 1
    names = _names([*positions, last])
    number = (pl.col("index") + 1).cast(pl.UInt32).alias(ROW)
    regular, height = False, 0
    try:
        for batch in _scan(source).select(*names, number).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            if not regular and batch[str(last)].null_count():
                if not _is_regular(source):
                    raise Ragged
                regular = True
            height += batch.height
            yield batch
    except pl.exceptions.PolarsError as error:
        if "invalid utf-8" in str(error):
            raise NotUtf8(f"{source.path}: is not UTF-8 to its end") from None
        raise Ragged from error
    if not height and _has_more(source):
        raise Ragged


def _has_more(source: RawFile) -> bool:
    """Whether anything stands below the header: a quote in it that is never closed would take all rows for itself."""
    with source.readable.open("rb") as stream:
        stream.seek(source.start)
        return bool(stream.read(1 << 16).strip())


def _is_regular(source: RawFile) -> bool:
    """Whether every line has as many separators as the header: certain only where nothing is quoted."""
    separators = lines = 0
    tail = b""
    with source.readable.open("rb") as stream:
        stream.seek(source.start)
        while block := stream.read(1 << 22):
            if b'"' in block:
                return False
            separators += block.count(source.separator.encode())
            lines += block.count(b"\n")
            tail = (tail + block)[-65536:]
    lines += 1 - tail[len(tail.rstrip(b"\r\n")) :].count(b"\n")
    return separators == (len(source.header) - 1) * lines


def _scan(source: RawFile) -> pl.LazyFrame:
    names = [str(k) for k in range(len(source.header))]
    return pl.scan_csv(
        source.readable,
        separator=source.separator,
        infer_schema=False,
        new_columns=names,
        row_index_name="index",
        skip_lines=source.above,
    )


def _names(positions: Sequence[int]) -> list[str]:
    return [str(k) for k in sorted(set(positions))]


def _careful(source: RawFile, positions: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Row by row, with the number of fields of each; a row of another length keeps what it has."""
    number = 0
    for rows in _blocks(source):
        yield counted(rows, pl.int_range(number + 1, number + len(rows) + 1, eager=True), positions)
        number += len(rows)


def counted(rows: Sequence[list[str]], numbers: pl.Series, positions: Sequence[int]) -> pl.DataFrame:
    """A batch of rows that `csv` has taken apart, with the number of fields of each."""
    columns: dict[str, list[str | None]] = {str(k): [_field(row, k) for row in rows] for k in sorted(set(positions))}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return frame.with_columns(
        numbers.cast(pl.UInt32).alias(ROW), pl.Series(FIELDS, [len(row) for row in rows], dtype=pl.UInt32)
    )


def _field(row: list[str], position: int) -> str | None:
    return row[position] if position < len(row) and row[position] else None


def _blocks(source: RawFile, size: int = 100_000) -> Iterator[list[list[str]]]:
    with source.readable.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as stream:
        raw.seek(source.start)
        reader = csv.reader(stream, delimiter=source.separator, strict=True)
        try:
            while block := list(islice(reader, size)):
                yield block
        except csv.Error as error:
            raise SourceError(
                f"{source.path}: line {source.lines + reader.line_num:,}: {error} (a quote that is never closed?)"
            ) from error
        except UnicodeDecodeError:
            raise NotUtf8(f"{source.path}: is not UTF-8 to its end") from None


def _table(source: RawFile, positions: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Columns that a reader of some other format made."""
    wanted = source.frame.select(_names(positions)).with_row_index(ROW, 1).with_columns(pl.col(ROW).cast(pl.UInt32))
    yield from wanted.iter_slices(BATCH_ROWS)


def _parquet(source: RawFile, positions: Sequence[int]) -> Iterator[pl.DataFrame]:
    wanted = sorted(set(positions))
    for k in wanted:
        if source.types[k].is_nested() or source.types[k] == pl.Object:
            raise ColumnError(f'{source.path}: column "{source.header[k]}" holds {source.types[k]}, not single values')
    texts = [_as_text(k, source.types[k]).alias(str(k)) for k in wanted]
    number = (pl.col("graphflow row") + 1).cast(pl.UInt32).alias(ROW)
    lazy = pl.scan_parquet(source.readable).with_row_index("graphflow row").select(*texts, number)
    try:
        yield from lazy.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{source.path}: cannot be read to its end ({str(error).splitlines()[0]})") from error


def _as_text(position: int, kind: pl.DataType) -> pl.Expr:
    """A typed column as the text a CSV would hold, so that one set of rules reads both."""
    column = pl.nth(position + 1)  # by position (0 is the row index), as a name like "^x$" would be a pattern
    if isinstance(kind, pl.Datetime):
        zoned = "+00:00" if kind.time_zone else ""
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else column
        return utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + zoned)
    if kind == pl.Date:
        return column.dt.strftime("%Y-%m-%d")
    return column.cast(pl.String)
