"""How far a sheet of a workbook reaches, found in its raw bytes before any library reads it.

Libraries make room for every cell from the first to the last, so a workbook of some kilobytes that states a cell at
the far corner would take hundreds of gigabytes. The three formats that are zip files state places in three ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from graphflow.errors import SourceError

MOST_CELLS = 50_000_000
MOST_ROWS, MOST_COLUMNS = 1 << 20, 702
_OVERLAP = 64
_FAR = re.compile(rb"[A-Za-z]{3,}\d+|[A-Za-z]{0,2}\d{7,}")
_IS_PLACE = re.compile(rb"(?<![\w:.-])r\s*=\s*[\"']$")
_ROW, _CELL = re.compile(rb"<(?:\w+:)?row\b"), re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW_NUMBER = re.compile(rb"<(?:\w+:)?row\b[^>]*?\sr\s*=\s*[\"'](\d{1,7})[\"']")
_ENDS_A_NAME = np.frombuffer(b" >/\n\t\r", np.uint8)
_ROW_RECORD, _CELL_RECORDS = 0, range(1, 12)
_CELLS = "urn:oasis:names:tc:opendocument:xmlns:table:1.0|table-cell"

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


def check(path: str, name: str, blocks: Iterator[bytes]) -> None:
    """Read a member of a workbook to its end. Raises `SourceError` where it is a sheet that reaches too far."""
    if name == "content.xml":
        _check_opendocument(path, blocks)
    elif name.endswith(".bin") and "sheet" in name.lower():
        _check_binary(path, blocks)
    else:
        _check_xml(path, blocks)


def _bound(path: str, rows: int, columns: int) -> None:
    if rows > MOST_ROWS or columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise SourceError(
            f"{path}: reaches to row {rows:,}, column {columns:,}, which would fill the memory: delete what stands "
            "far below or beside the table, or save the sheet as CSV"
        )


# --- Excel's XML ----------------------------------------------------------------------------------


def _check_xml(path: str, blocks: Iterator[bytes]) -> None:
    rest, is_sheet, rows, columns = b"", False, 0, 0
    for block in blocks:
        text = rest + block
        is_sheet = is_sheet or b"sheetData" in text
        if is_sheet:
            last, width = _places(path, text)
            rows, columns = max(rows, last), max(columns, width)
            _bound(path, rows, columns)
        rest = text[-_OVERLAP:]


def _places(path: str, text: bytes) -> tuple[int, int]:
    """The last row and the last column that a piece of XML names, as in r="AB17"."""
    data = np.frombuffer(text + bytes(8), np.uint8)
    quotes = np.flatnonzero((data == ord('"')) | (data == ord("'")))
    start, size = quotes[:-1] + 1, np.diff(quotes) - 1
    likely = (size > 0) & (size <= 16) & _is_digit(data[quotes[1:] - 1])
    start, size = start[likely], size[likely]
    one, two, three = (_is_letter(data[start + k]) for k in range(3))
    letters = one.astype(np.int64) + (one & two)
    far = (one & two & three) | (size - letters >= 7)
    last = _far_rows(path, text, start[far], size[far])
    near = one & ~far
    start, size, letters = start[near], size[near], letters[near]
    number, good = _numbers(data, start + letters, size - letters)
    rank, next_rank = _rank(data[start]), _rank(data[start + 1])
    column = np.where(letters == 2, 26 * rank + next_rank, rank)[good]
    rows, columns = _unplaced(data, text, column.size)
    return max(last, rows, int(number[good].max(initial=0))), max(columns, int(column.max(initial=0)))


def _unplaced(data: Bytes, text: bytes, placed: int) -> tuple[int, int]:
    """As above, if there are cells that do not say where they stand: they follow each other in their row."""
    named = np.flatnonzero(data[1:-1] == ord("c")) + 1
    named = named[(data[named - 1] == ord("<")) | (data[named - 1] == ord(":"))]
    if np.count_nonzero(np.isin(data[named + 1], _ENDS_A_NAME)) <= placed:
        return 0, 0
    rows = max((int(number) for number in _ROW_NUMBER.findall(text)), default=0)
    return max(rows, len(_ROW.findall(text))), max(len(_CELL.findall(part)) for part in _ROW.split(text))


def _numbers(data: Bytes, start: Longs, size: Longs) -> tuple[Longs, npt.NDArray[np.bool_]]:
    """Numbers of up to six digits, and which of them are numbers."""
    number, good = np.zeros(start.size, np.int64), size > 0
    for k in range(int(size.max(initial=0))):
        digit = data[start + k]
        inside = k < size
        good &= ~inside | _is_digit(digit)
        number = np.where(inside, 10 * number + (digit & 0x0F), number)
    return number, good


def _far_rows(path: str, text: bytes, start: Longs, size: Longs) -> int:
    """The last row among what looks like places far away, one by one. Raises `SourceError` for one too far."""
    last = 0
    for at, length in zip(start.tolist(), size.tolist(), strict=True):
        place = text[at : at + length]
        if _FAR.fullmatch(place) and _IS_PLACE.search(text[max(0, at - 16) : at]):
            digits = place.lstrip(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
            _bound(path, int(digits), _column(place[: len(place) - len(digits)]))
            last = max(last, int(digits))
    return last


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - ord("A") + 1
    return number


def _is_letter(data: Bytes) -> npt.NDArray[np.bool_]:
    lower = data | 0x20
    letters: npt.NDArray[np.bool_] = (lower >= ord("a")) & (lower <= ord("z"))
    return letters


def _is_digit(data: Bytes) -> npt.NDArray[np.bool_]:
    digits: npt.NDArray[np.bool_] = (data >= ord("0")) & (data <= ord("9"))
    return digits


def _rank(data: Bytes) -> Longs:
    rank: Longs = (data & 0x1F).astype(np.int64)
    return rank


# --- Excel's binary records -----------------------------------------------------------------------


def _check_binary(path: str, blocks: Iterator[bytes]) -> None:
    """Records of a kind, a length and as many bytes; a row states its number, a cell its column."""
    data = b"".join(blocks)
    at = rows = columns = 0
    while at < len(data):
        kind, at = _varying(data, at, 2)
        size, at = _varying(data, at, 4)
        value = int.from_bytes(data[at : at + 4], "little")
        if kind == _ROW_RECORD:
            rows = max(rows, value + 1)
        elif kind in _CELL_RECORDS:
            columns = max(columns, value + 1)
        at += size
    _bound(path, rows, columns)


def _varying(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, of which the last has no eighth bit."""
    number = 0
    for k in range(most):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << 7 * k
        if byte < 0x80:
            break
    return number, at


# --- OpenDocument ---------------------------------------------------------------------------------


class _Sheet:
    """Counts rows and columns of the XML of an OpenDocument sheet, where a cell or a row may stand for many."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.row = self.rows = self.columns = self.column = 0
        self.times = 1

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "table:table":
            self.row = self.rows = self.columns = 0
        elif name == "table:table-row":
            self.times, self.column = _times(attributes, "rows"), 0
            self.row += self.times
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self.column += _times(attributes, "columns")
            if any(key.endswith(":value-type") for key in attributes):
                self.rows, self.columns = self.row, max(self.columns, self.column)
                _bound(self.path, self.rows, self.columns)


def _times(attributes: dict[str, str], what: str) -> int:
    number = attributes.get(f"table:number-{what}-repeated", "1")
    return int(number) if number.isdecimal() and len(number) < 12 else 1


def _check_opendocument(path: str, blocks: Iterator[bytes]) -> None:
    sheet, parser = _Sheet(path), expat.ParserCreate()
    parser.StartElementHandler = sheet.begin
    try:
        for block in blocks:
            parser.Parse(block)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise SourceError(f"{path}: is damaged: its XML cannot be read ({error})") from None
