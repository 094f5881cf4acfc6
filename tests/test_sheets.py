"""Workbooks: each sheet a table, each cell its text, and none that fills the memory."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from test_origins import skipped, zipped
from test_read import check_accounting, column
from test_read_bad_input import complaint

from graphflow.ledger import Ledger
from graphflow.read import reach, read_ledger
from graphflow.read.source import RawFile, Sources

HEAD = ["time", "payer", "payee", "amount", "currency"]
ROWS = [["2026-01-05 09:00", "0062220212345678901", "B", 12.5, "CNY"], ["2026-01-06 09:00", "B", "C", 100, "CNY"]]
Sheets = dict[str, list[list[Any]]]


def workbook(path: Path, sheets: Sheets, then: Callable[[Any], None] = lambda book: None) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(rows):
                for j, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(k, j, cell, date)
                    else:
                        sheet.write(k, j, cell)
        then(book)
    return path


def read(path: Path, **options: Any) -> Ledger:
    ledger = read_ledger(path, **options)
    check_accounting(ledger)
    return ledger


def sheets_of(path: Path) -> dict[str, RawFile]:
    with Sources([path], None) as sources:
        return {source.part: source for source in sources}


def test_each_sheet_is_a_table_of_its_own(tmp_path: Path) -> None:
    def hide(book: Any) -> None:
        book.worksheets()[1].hide()
        book.worksheets()[2].very_hidden()

    path = workbook(
        tmp_path / "book.xlsx",
        {
            "明细": [HEAD, *ROWS],
            "hidden": [HEAD, ROWS[0]],
            "more": [HEAD, ROWS[1]],
            "empty": [],
            "notes": [["see 明细"]],
        },
        hide,
    )
    ledger = read(path)
    assert [s.path for s in ledger.sources] == [f"{path}/{name}" for name in ("明细", "hidden", "more")]
    assert [s.rows["accepted"] for s in ledger.sources] == [2, 1, 1]
    assert {s.sha256 for s in ledger.sources} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    assert {s.encoding for s in ledger.sources} == {"workbook"}
    assert column(ledger, "payer")[0] == "0062220212345678901"
    assert column(ledger, "row") == [1, 1, 2, 1]
    assert skipped(ledger, tmp_path) == {"book.xlsx/notes": "has no header row with several columns in its first rows"}


def test_a_workbook_given_twice_is_known_sheet_by_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path / "book.xlsx", {"one": [HEAD, *ROWS], "two": [HEAD, *ROWS]})
    archive = zipped(tmp_path / "case.zip", {"copy.xlsx": path.read_bytes()})
    ledger = read_ledger([path, archive])
    check_accounting(ledger)
    assert [s.rows["duplicate"] for s in ledger.sources] == [0, 0, 2, 2]
    assert ledger.sources[2].path == f"{archive}/copy.xlsx/one"


def test_titles_and_empty_rows(tmp_path: Path) -> None:
    rows = [["某银行"], [], ["", "户名", "张三"], [], ["", *HEAD], ["", *ROWS[0]], [], ["", *ROWS[1]], ["", "", ""], []]
    path = workbook(tmp_path / "book.xlsx", {"s": rows})
    ledger = read(path)
    assert column(ledger, "row") == [1, 3]
    assert ledger.rejected.select("row", "reason").rows() == [(2, "the line is empty")]
    assert sheets_of(path)["s"].title == ("某银行", "户名 张三")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12.5, "12.5"),
        (100, "100"),
        (0.1 + 0.2, "0.3"),
        (123456789.12, "123456789.12"),
        (684827996.88, "684827996.88"),
        (911042004432.74, "911042004432.74"),
        (-1234567.89, "-1234567.89"),
        (1e-7, "0.0000001"),
        (999999999999999, "999999999999999"),
        (6222021234567890, "6.22202123456789E+15"),
        (6222021234567890123, "6.22202123456789E+18"),
        (1e21, "1E+21"),
        ("6222021234567890123", "6222021234567890123"),
        ("0012", "0012"),
        ("1.50", "1.50"),
        ("123456789.120000005", "123456789.120000005"),
        ("6.22202E+18", "6.22202E+18"),
        ("6222\t", "6222\t"),
        (True, "true"),
        (datetime(2026, 1, 5, 9, 0, 1), "2026-01-05 09:00:01"),
        (datetime(2026, 1, 5), "2026-01-05 00:00:00"),
        (datetime(2026, 1, 5, 9, 0, 1, 500_000), "2026-01-05 09:00:01.500"),
        (45293.4, "45293.4"),
        ("", None),
    ],
)
def test_a_cell_is_its_text(tmp_path: Path, cell: Any, text: str | None) -> None:
    def exactly(book: Any) -> None:
        if isinstance(cell, str):
            book.worksheets()[0].write_string(1, 1, cell)

    path = workbook(tmp_path / "book.xlsx", {"s": [["a", "b", "c"], ["x", cell, "y"]]}, exactly)
    source = sheets_of(path)["s"]
    assert source.frame.rows() == [("x", text, "y")]
    assert source.header == ("a", "b", "c")


def test_a_clock_time_has_no_day(tmp_path: Path) -> None:
    def clock(book: Any) -> None:
        book.worksheets()[0].write_number(1, 1, 0.375, book.add_format({"num_format": "hh:mm:ss"}))

    path = workbook(tmp_path / "book.xlsx", {"s": [["date", "time"], ["2026-01-05"]]}, clock)
    assert sheets_of(path)["s"].frame.rows() == [("2026-01-05", "09:00:00")]


def test_account_numbers_that_a_spreadsheet_cut_are_warned_of(tmp_path: Path) -> None:
    row = ["2026-01-05 09:00", 6222021234567890123, "6222021234567890123", 1, "CNY"]
    ledger = read(workbook(tmp_path / "book.xlsx", {"s": [HEAD, row]}))
    assert column(ledger, "payer") == ["6.22202123456789E+18"]
    assert column(ledger, "payee") == ["6222021234567890123"]
    assert "1 account numbers look cut by a spreadsheet" in ledger.warnings[0]


def test_dates_and_amounts_as_spreadsheets_hold_them(tmp_path: Path) -> None:
    row = [datetime(2026, 1, 5, 9, 0, 1), "A\t", "B", 911042004432.74, "CNY"]
    ledger = read(workbook(tmp_path / "book.xlsx", {"s": [HEAD, row]}))
    assert column(ledger, "paid") == [91104200443274]
    assert str(column(ledger, "time")[0]) == "2026-01-05 09:00:01+00:00"
    assert column(ledger, "payer") == ["A"]


def test_a_replacement_character_in_a_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path / "book.xlsx", {"s": [HEAD, ["2026-01-05", "张\ufffd", "B", 1, "CNY"]]})
    assert complaint(path).startswith("book.xlsx/s: holds U+FFFD")


def test_rows_without_a_header(tmp_path: Path) -> None:
    path = workbook(tmp_path / "book.xlsx", {"s": ROWS})
    assert complaint(path).startswith("book.xlsx/s: has no header row: its first row already holds values (2026-01-05")


def test_a_workbook_without_cells(tmp_path: Path) -> None:
    assert complaint(workbook(tmp_path / "book.xlsx", {"s": []})) == "book.xlsx: the workbook has no cells"


def test_workbooks_that_cannot_be_read(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    path = tmp_path / "a.xls"
    path.write_bytes(ole + bytes(600) + "EncryptedPackage".encode("utf-16-le"))
    assert complaint(path) == "a.xls: is encrypted with a password; open it and save it without one"
    path.write_bytes(ole + bytes(600) + "Workbook".encode("utf-16-le"))
    assert complaint(path).startswith("a.xls: is a workbook that cannot be read (")
    path.write_bytes(ole)
    assert complaint(path) == "a.xls: is an old Office document without sheets: export the records as CSV"
    zipped(path, {"xl/workbook.xml": b"<workbook>"})
    assert complaint(path).startswith("a.xls: is a workbook that cannot be read (")


def test_a_panic_of_the_library_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        """What Rust libraries raise where they find themselves wrong."""

    def panic(*_: Any, **__: Any) -> Any:
        raise Panic("index out of bounds\nat line 5")

    path = workbook(tmp_path / "book.xlsx", {"s": [HEAD, *ROWS]})
    monkeypatch.setattr("fastexcel.read_excel", panic)
    assert complaint(path) == (
        "book.xlsx: is a workbook that cannot be read (index out of bounds); open it and save it again as .xlsx"
    )


# --- how far a sheet reaches ------------------------------------------------------------------------


def changed(path: Path, old: bytes, new: bytes) -> Path:
    """The workbook with other XML in its sheet."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.filelist}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in members[sheet]
    members[sheet] = members[sheet].replace(old, new)
    return zipped(path, members)


FAR = [
    (b'r="E2"', b'r="XFD1048576"', "row 1,048,576, column 16,384"),
    (b'r="E2"', b'r="xfd2"', "row 2, column 16,384"),
    (b'r="E2"', b"r='ZZZZ2'", "row 2, column 475,254"),
    (b'r="E2"', b'r="E9999999"', "row 9,999,999, column 5"),
    (b'r="E2"', b'r = "ZZ900000"', "row 900,000, column 702"),
    (b'r="E2"', b'r="AZ1048576"', "row 1,048,576, column 52"),
    (b'<row r="2"', b'<row r="9999999999"', "row 9,999,999,999, column 0"),
    (b'<row r="2"', b'<row r="999999"><c/>' + b"<c/>" * 700 + b'</row><row r="2"', "row 999,999, column 701"),
]


@pytest.mark.parametrize(("old", "new", "place"), FAR)
def test_a_cell_far_away_is_refused_before_room_is_made(tmp_path: Path, old: bytes, new: bytes, place: str) -> None:
    path = changed(workbook(tmp_path / "book.xlsx", {"s": [HEAD, ROWS[0]]}), old, new)
    assert complaint(path) == (
        f"book.xlsx/xl/worksheets/sheet1.xml: reaches to {place}, which would fill the memory: delete what stands far "
        "below or beside the table, or save the sheet as CSV"
    )


def test_what_only_looks_far_away_is_read(tmp_path: Path) -> None:
    cells = ["XFD1048576", 'r="XFD1048576"', "rId1234567", " r='ZZZZ9' ", "<c r='ZZZ9'>"]
    path = workbook(tmp_path / "book.xlsx", {"s": [["a", "b"], *[[cell, "x"] for cell in cells]]})
    source = sheets_of(path)["s"]
    assert source.frame["0"].to_list() == [cell.strip() if cell != cells[3] else cell for cell in cells]


def test_a_sheet_is_measured_across_the_borders_of_blocks() -> None:
    xml = b'<sheetData><row r="1"><c r="A1"/></row><row r="77"><c r="C77"/><c r="AB3"/></row></sheetData>'
    assert reach._places("x", xml) == (77, 28)
    for size in (70, 80, 90):
        blocks = [xml[k : k + size] for k in range(0, len(xml), size)] + [b'<c r="XFD2"/>"']
        with pytest.raises(Exception, match="reaches to row 2, column 16,384"):
            reach.check("x", "sheet1.xml", iter(blocks))


def record(kind: int, content: bytes) -> bytes:
    return bytes([kind, len(content)]) + content


def test_a_binary_sheet_is_measured_by_its_records() -> None:
    near = record(0, (5).to_bytes(4, "little")) + record(2, (3).to_bytes(4, "little") + bytes(8))
    reach.check("x", "xl/worksheets/sheet1.bin", iter([near]))
    far = record(0, (1_048_575).to_bytes(4, "little")) + record(2, (600).to_bytes(4, "little") + bytes(8))
    with pytest.raises(Exception, match="reaches to row 1,048,576, column 601"):
        reach.check("x", "xl/worksheets/sheet1.bin", iter([near[:9], near[9:] + far]))
    reach.check("x", "xl/worksheets/sheet1.bin", iter([b"\x80"]))


# --- OpenDocument ------------------------------------------------------------------------------------

_NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


def opendocument(path: Path, rows: str) -> Path:
    content = (
        f'<?xml version="1.0"?><office:document-content {_NAMES}><office:body><office:spreadsheet>'
        f'<table:table table:name="明细">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped(path, {"mimetype": kind, "content.xml": content.encode(), "META-INF/manifest.xml": manifest})


def cells(*texts: str, more: str = "") -> str:
    made = "".join(
        f'<table:table-cell {more} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
        for text in texts
    )
    return f"<table:table-row>{made}</table:table-row>"


def test_an_opendocument_sheet(tmp_path: Path) -> None:
    rest = (
        '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    path = opendocument(tmp_path / "a.ods", cells(*HEAD) + cells("2026-01-05", "007", "B", "1", "CNY") + rest)
    ledger = read(path)
    assert column(ledger, "payer") == ["007"]
    assert ledger.sources[0].path == f"{path}/明细"


def test_an_opendocument_cell_that_stands_for_many(tmp_path: Path) -> None:
    many = cells("x", more='table:number-columns-repeated="16384"')
    assert "reaches to row 1, column 16,384, which would fill the memory" in complaint(
        opendocument(tmp_path / "a.ods", many)
    )
    rows = cells("x").replace("<table:table-row>", '<table:table-row table:number-rows-repeated="99999999">')
    assert "reaches to row 99,999,999, column 1, which" in complaint(opendocument(tmp_path / "a.ods", rows))
    assert "a.ods/content.xml: is damaged: its XML cannot be read (" in complaint(
        opendocument(tmp_path / "a.ods", "<table:table-row>")
    )
