"""Excel and OpenDocument workbooks: one table a sheet, hidden sheets too, each cell as text.

A spreadsheet keeps numbers to fifteen digits. An account number of more that was not stored as text has lost its
end for good: it is given in scientific notation, as Excel shows it, so that it is never taken for the account. Dates
are ISO text. The library that reads allocates a sheet by the place of its last cell, so that place is checked first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from graphflow.errors import SourceError
from graphflow.read import archives, reach
from graphflow.read.heading import NoTable, of_rows
from graphflow.read.tables import Table

Kind = Literal["string", "boolean"]

if TYPE_CHECKING:
    from fastexcel import ExcelReader

_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_HEAD_ROWS = 150
_DIGITS = 15
_LONG_NUMBER = r"^-?(\d{16,}|\d+\.\d{9}|\d{8,}\.\d+)$"
_CLOCK = r"^1899-12-3[01] (\d\d:\d\d:\d\d(?:\.\d+)?)$"


def knows(head: bytes) -> bool:
    """Old Excel files by their mark. Those in a zip are told from other archives by what they hold."""
    return head.startswith(_OLE)


def tables(path: str, file: Path) -> Iterator[Table | NoTable]:
    """The sheets of a workbook that hold anything."""
    _check(path, file)
    reader = _open(path, file)
    empty = True
    for number, name in enumerate(reader.sheet_names):
        frame = _cells(f"{path}/{name}", reader, number)
        if frame.height:
            empty = False
            yield _table(f"{path}/{name}", name, frame)
    if empty:
        raise NoTable(path, "the workbook has no cells")


def _open(path: str, file: Path) -> ExcelReader:
    import fastexcel

    try:
        return fastexcel.read_excel(file.absolute())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the library is no `Exception`
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: BaseException) -> SourceError:
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "password" in why.lower():
        return _encrypted(path)
    return SourceError(f"{path}: is a workbook that cannot be read ({why}); open it and save it again as .xlsx")


def _encrypted(path: str) -> SourceError:
    return SourceError(f"{path}: is encrypted with a password; open it and save it without one")


# --- cells ----------------------------------------------------------------------------------------


def _table(path: str, name: str, frame: pl.DataFrame) -> Table | NoTable:
    head = frame.head(_HEAD_ROWS).select(pl.all().fill_null("")).rows()
    try:
        heading = of_rows(path, head)
    except NoTable as error:
        return error
    rows = frame.slice(heading.lines)
    return Table(name=name, format="workbook", header=heading.header, title=heading.title, frame=rows)


def _cells(path: str, reader: ExcelReader, number: int) -> pl.DataFrame:
    """A sheet's cells as text, without empty rows and columns at its ends."""
    frame = _load(path, reader, number, "string")
    long = [k for k, column in enumerate(frame) if column.str.contains(_LONG_NUMBER).any()]
    if long:
        numeric = _load(path, reader, number, "boolean", long)  # true or false for numbers, null for text
        frame = frame.with_columns(_as_shown(frame[str(k)], numeric[str(j)]) for j, k in enumerate(long))
    text = pl.all().str.replace(_CLOCK, "$1")
    return _trimmed(frame.with_columns(text).with_columns(pl.all().replace("", None)))


def _load(path: str, reader: ExcelReader, number: int, kind: Kind, columns: list[int] | None = None) -> pl.DataFrame:
    try:
        sheet = reader.load_sheet(number, header_row=None, skip_rows=0, dtypes=kind, use_columns=columns)
        frame: pl.DataFrame = sheet.to_polars()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the library is no `Exception`
        raise _unreadable(path, error) from None
    return frame.rename({name: str(k) for k, name in enumerate(frame.columns)})


def _as_shown(text: pl.Series, numeric: pl.Series) -> pl.Series:
    """Numbers with the fifteen digits a spreadsheet keeps; cells that are text stay as they are."""
    where = (numeric.is_not_null() & text.str.contains(_LONG_NUMBER)).arg_true()
    return text.scatter(where, [_fifteen_digits(cell) for cell in text.gather(where)])


def _fifteen_digits(cell: str) -> str:
    """A number as Excel shows it.

    >>> _fifteen_digits("123456789.120000005"), _fifteen_digits("6222021234567889920")
    ('123456789.12', '6.22202123456789E+18')
    """
    shown = f"{float(cell):.{_DIGITS}g}"
    return shown.upper() if "e" in shown else shown


def _trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    if not frame.width:
        return frame
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    last = filled.arg_true().max()
    if not isinstance(last, int):
        return frame.clear()
    frame = frame.head(last + 1)
    used = [k for k, column in enumerate(frame) if column.null_count() < frame.height]
    return frame.select(frame.columns[: used[-1] + 1])


# --- bounds ---------------------------------------------------------------------------------------


def _check(path: str, file: Path) -> None:
    """Refuse a workbook that would fill the memory, is encrypted, or is damaged."""
    with file.open("rb") as stream:
        head = stream.read(8)
    if head == _OLE:
        _check_streams(path, file.read_bytes())
        return
    budget = archives.Budget()
    with archives.opened(path, file) as archive:
        for info in archive.filelist:
            member = f"{path}/{info.filename}"
            with closing(archives.content(member, archive, info, budget)) as blocks:
                reach.check(member, info.filename, blocks)


def _check_streams(path: str, content: bytes) -> None:
    """An old Office file holds streams by name: a sheet's are "Workbook" or "Book", an encrypted one's says so."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise _encrypted(path)
    if "Book".encode("utf-16-le") not in content and "Workbook".encode("utf-16-le") not in content:
        raise NoTable(path, "is an old Office document without sheets: export the records as CSV")
