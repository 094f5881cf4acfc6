"""Where the table begins in a text or a sheet: the separator, the lines above the header, the header itself.

A bank writes its name, an account line and the time of the export above the table. Those lines are told from the
header by what stands below: a header names columns, so where the rows below hold digits it holds words, and it has
as many fields as they. A line that looks like the rows is never skipped: a file without a header is refused.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graphflow.errors import SourceError
from graphflow.read.encodings import NotUtf8

SEPARATORS = ",\t;|"
MOST_TITLE_LINES = 50
_SAMPLE = 150
_BELOW = 30
_LONGEST_RECORD = 20
_FEW = 4
"""Columns of the narrowest table that is taken for one although nothing below the header proves it."""
_LONGEST_LINE = 1 << 20
_BLANK = " \t\r\n\f\v\xa0\u3000\ufeff\u200b\u200c\u200d\u2060\u2003\u2002"
"""What spreadsheets and web pages leave at the ends of a header, seen or unseen."""

_VALUE = re.compile(r"(?=.*\d)[\d\s.,:/+\-()%¥￥$€£TZ年月日时分秒AaPpMmEe'_]+|0x[0-9a-fA-F]{8,}")
"""A number, an amount, a time, an account in digits: what a row holds and a header does not."""

Rows = Sequence[Sequence[str]]


class NoTable(SourceError):
    """A file that holds no records at all. Found in a folder it is passed over; named by the user it is an error."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands above the first row.

    title   the lines above the header, as text; empty ones left out
    above   how many lines those are, empty ones too; lines: with the header
    start   the byte at which the first row begins
    """

    header: tuple[str, ...]
    title: tuple[str, ...] = ()
    separator: str = ""
    above: int = 0
    lines: int = 0
    start: int = 0


def name_of(cell: str) -> str:
    """A column's name without what cannot be seen.

    >>> name_of("\\ufeff交易卡号\\t"), name_of("\\u200bBank\\xa0")
    ('交易卡号', 'Bank')
    """
    return cell.strip(_BLANK)


# --- text -----------------------------------------------------------------------------------------


def of_text(path: str, readable: Path) -> Heading:
    """The heading of a UTF-8 text. Raises `NoTable`, or `SourceError` for rows without a header."""
    raw = list(_first_lines(path, readable))
    try:
        lines = [line.decode("utf-8") for line in raw]
    except UnicodeDecodeError:
        raise NotUtf8(f"{path}: is not UTF-8") from None
    lines = [line.removeprefix("\ufeff").strip("\r\n") for line in lines]
    found = [split for separator in SEPARATORS if (split := _split(lines, separator)) is not None]
    if not found:
        said = next((line.strip() for line in lines if line.strip()), "")
        raise NoTable(path, f"has no header row with several columns in its first lines: {said[:80]!r}")
    best = max(found, key=lambda split: (split.table.agreed, split.table.width))
    if best.table.header is None:
        raise _no_header(path, best.table.first, best.records[best.table.first])
    above, size = best.ends[best.table.header - 1] if best.table.header else 0, best.ends[best.table.header]
    return Heading(
        header=tuple(map(name_of, best.records[best.table.header])),
        title=tuple(text for line in lines[:above] if (text := line.strip(_BLANK + SEPARATORS))),
        separator=best.separator,
        above=above,
        lines=size,
        start=sum(map(len, raw[:size])),
    )


def _first_lines(path: str, readable: Path) -> Iterator[bytes]:
    """The first lines of a file, of a bounded length in all; one that is cut short is left out."""
    size = 0
    with readable.open("rb") as stream:
        for k in range(_SAMPLE):
            line = stream.readline(_LONGEST_LINE)
            size += len(line)
            if not line or (size > 4 * _LONGEST_LINE and k > MOST_TITLE_LINES):
                return
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                if k:
                    return
                raise NoTable(path, f"the first line is longer than {_LONGEST_LINE:,} bytes, so it is not a header")
            yield line


@dataclass(frozen=True)
class _Split:
    """Lines taken apart at one separator. ends: the number of lines up to the end of each record."""

    separator: str
    records: list[list[str]]
    ends: list[int]
    table: _Table


def _split(lines: list[str], separator: str) -> _Split | None:
    """The lines as records, if this separator makes a table of them."""
    records, ends = _records(lines, separator)
    table = _table(records)
    if table is None:
        return None
    if table.header is not None:
        others = SEPARATORS.replace(separator, "").replace("\t", "")
        names = [name.strip() for name in records[table.header]]
        wrong = sum(name.startswith(tuple(others)) or name.endswith(tuple(others)) for name in names)
        if 2 * wrong > len([name for name in names if name]):
            return None
    return _Split(separator, records, ends, table)


def _records(lines: list[str], separator: str) -> tuple[list[list[str]], list[int]]:
    """Records, and the lines up to the end of each: a quoted field may hold line ends, but hardly a page of them."""
    records, ends = list[list[str]](), [0]
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator)
    try:
        for record in reader:
            if reader.line_num - ends[-1] > _LONGEST_RECORD:
                raise csv.Error
            records.append(record)
            ends.append(reader.line_num)
    except csv.Error:
        return [_fields(line, separator) for line in lines], list(range(1, len(lines) + 1))
    return records, ends[1:]


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


# --- rows -----------------------------------------------------------------------------------------


def of_rows(path: str, rows: Rows) -> Heading:
    """The heading of a sheet from its first rows, all of the same width; `above` and `lines` count rows of it."""
    table = _table(rows)
    if table is None:
        raise NoTable(path, "has no header row with several columns in its first rows")
    if table.header is None:
        raise _no_header(path, table.first, rows[table.first])
    title = [" ".join(filter(None, map(name_of, row))) for row in rows[: table.header]]
    return Heading(
        header=tuple(map(name_of, rows[table.header])),
        title=tuple(filter(None, title)),
        above=table.header,
        lines=table.header + 1,
    )


class _Record:
    """A record looked at once: its width, which fields hold anything, which a value."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells, self.width = cells, len(cells)
        self.names = {j: name for j, cell in enumerate(cells) if (name := name_of(cell))}
        self.values = {j for j, name in self.names.items() if _VALUE.fullmatch(name)}


@dataclass(frozen=True)
class _Table:
    """A table found in some records: its header's number, or the number of the first row of one without a header.

    agreed  whether there are records below, and they have as many fields as the header
    """

    first: int
    width: int
    agreed: bool
    header: int | None


def _table(rows: Rows) -> _Table | None:
    records = [_Record(row) for row in rows]
    several = [k for k, record in enumerate(records) if len(record.names) > 1]
    candidates = [c for k in several if k <= MOST_TITLE_LINES and (c := _candidate(records, k)) is not None]
    if not candidates:
        return _headless(records, several)
    agreed = [c for c in candidates if c.agreed] or candidates
    most = max(len(records[c.first].names) for c in agreed)
    best = next(c for c in agreed if 10 * len(records[c.first].names) >= 9 * most)
    if not best.agreed and _is_prose(records, several, best):
        return None
    values = _value_columns(records, best.first)
    above = next((k for k in several if k < best.first and _is_row(records[k], records[best.first], values)), None)
    if above is None:
        above = _first_of_a_table([k for k in several if k < best.first and records[k].values], records)
    return best if above is None else replace(best, first=above, header=None)


def _first_of_a_table(numbers: list[int], records: list[_Record]) -> int | None:
    """The first of some records that are rows of another table: three or more with values, of one width, which is no
    title's."""
    widths = Counter(records[k].width for k in numbers if records[k].width > _FEW)
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    return next(k for k in numbers if records[k].width == width) if count >= _FEW else None


def _is_prose(records: list[_Record], several: list[int], header: _Table) -> bool:
    """Whether what might be a header, with other rows below it or none, is a line of a letter that has commas."""
    filled = [k for k, record in enumerate(records) if record.names]
    if header.first == filled[-1] and header.width >= _FEW:
        return False
    return header.width < _FEW - 1 or 2 * len(several) <= len(filled)


def _headless(records: list[_Record], several: list[int]) -> _Table | None:
    """Rows without a header, if most of the lines are alike; prose with commas is no table."""
    widths = Counter(records[k].width for k in several)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    if 2 * count < sum(bool(record.names) for record in records[several[0] :]):
        return None
    return _Table(next(k for k in several if records[k].width == width), width, agreed=False, header=None)


def _candidate(records: list[_Record], k: int) -> _Table | None:
    """Record k as a header, if it can be one: names in most columns, words where the rows below hold values."""
    record = records[k]
    if 2 * len(record.names) < record.width or 2 * len(set(record.names.values())) < len(record.names):
        return None
    values = _value_columns(records, k)
    if (not values and record.values) or (values and 2 * len(record.values & values) >= len(values)):
        return None
    below = [other.width for other in records[k + 1 :] if other.names]
    same = below.count(record.width)
    return _Table(k, record.width, agreed=same > 0 and 10 * same >= 8 * len(below), header=k)


def _value_columns(records: list[_Record], k: int) -> set[int]:
    """Columns in which nearly every record below k, of the same width, holds a value if it holds anything."""
    below = [other for other in records[k + 1 :] if other.width == records[k].width][:_BELOW]
    filled = Counter(j for record in below for j in record.names)
    valued = Counter(j for record in below for j in record.values)
    return {j for j, count in valued.items() if 10 * count >= 8 * filled[j]}


def _is_row(record: _Record, header: _Record, values: set[int]) -> bool:
    """Whether a record above the header is a row: as full as one, or with values where the rows below have them."""
    if record.width != header.width or not record.values:
        return False
    as_below = bool(values) and 10 * len(record.values & values) >= 8 * len(values)
    return as_below or 10 * len(record.names) >= 6 * len(header.names)


def _no_header(path: str, number: int, row: Sequence[str]) -> SourceError:
    if number > MOST_TITLE_LINES:
        return SourceError(
            f"{path}: has no header row in its first {MOST_TITLE_LINES} lines: take off what stands above"
        )
    shown = ", ".join(row[:6])
    return SourceError(
        f"{path}: has no header row: its first row already holds values ({shown[:120]}); add a line of column names"
    )
