"""Bad input gets one clear line: never another exception, never a traceback."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphflow.errors import ColumnError, GraphflowError, SourceError, did_you_mean, one_line
from graphflow.read import read_ledger

pytestmark = pytest.mark.usefixtures("way")

HEAD = b"time,payer,payee,amount,currency\n"
ROW = b"2026-01-05 09:00,A,B,1.00,CNY\n"


def complaint(path: Any, **options: Any) -> str:
    """The one line that reading says; the folder of the tests left out."""
    with pytest.raises(SourceError) as error:
        read_ledger(path, **options)
    message = str(error.value)
    assert message
    assert message.isprintable()
    assert len(message) < 1_000
    first = path if isinstance(path, str | Path) else path[0]
    return message.replace(str(Path(first).parent) + "/", "")


def of_bytes(folder: Path, content: bytes, **options: Any) -> str:
    path = folder / "a.csv"
    path.write_bytes(content)
    return complaint(path, **options)


def test_no_file_at_all() -> None:
    with pytest.raises(SourceError, match=r"^no input file given$"):
        read_ledger([])


def test_a_missing_file_and_the_nearest_name(tmp_path: Path) -> None:
    assert complaint(tmp_path / "transfers.csv") == "transfers.csv: no such file"
    (tmp_path / "transfer.csv").write_bytes(HEAD + ROW)
    assert complaint(tmp_path / "transfers.csv") == 'transfers.csv: no such file; did you mean "transfer.csv"?'
    assert complaint(str(tmp_path / "nowhere" / "a.csv")) == "a.csv: no such file"
    assert complaint(tmp_path / "transfer.csv" / "a.csv") == "a.csv: no such file"
    assert complaint([tmp_path / "transfer.csv", tmp_path / "b.csv"]).endswith("b.csv: no such file")


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    assert complaint(tmp_path / ("x" * 300)).endswith("cannot be read (File name too long)")
    assert "cannot be the name of a file" in complaint(str(tmp_path / "a\0b"))
    assert complaint(tmp_path / "a\nb\x1b[31m.csv") == "a\\nb\\x1b[31m.csv: no such file"


def test_a_folder_and_a_pipe(tmp_path: Path) -> None:
    assert complaint(tmp_path).endswith(": the folder holds no files")
    os.mkfifo(tmp_path / "pipe")
    assert complaint(tmp_path / "pipe") == (
        "pipe: is a pipe or a device, which can be read only once; save it as a file first"
    )


@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + ROW)
    path.chmod(0)
    assert complaint(path) == "a.csv: cannot be read (Permission denied)"


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + ROW)

    def refuse(self: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert complaint(path) == "a.csv: cannot be read (Permission denied)"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_empty_files(tmp_path: Path, content: bytes) -> None:
    assert of_bytes(tmp_path, content) == "a.csv: the file is empty"


@pytest.mark.parametrize(
    "content", [HEAD, HEAD[:-1], b"\xef\xbb\xbf" + HEAD, HEAD.replace(b"\n", b"\r\n"), HEAD.replace(b"\n", b"\r")]
)
def test_a_header_and_nothing_else(tmp_path: Path, content: bytes) -> None:
    assert of_bytes(tmp_path, content) == "a.csv: has a header and no rows"


OTHER_KINDS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "pdf": (lambda p: p.write_bytes(b"%PDF-1.7\n..."), "a PDF: export the records as CSV"),
    "rar": (lambda p: p.write_bytes(b"Rar!\x1a\x07\x01\x00"), "a RAR archive: unpack it first"),
    "tar": (lambda p: p.write_bytes(bytes(257) + b"ustar" + bytes(300)), "a tar archive: unpack it first"),
    "png": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n"), "a picture"),
    "html": (
        lambda p: p.write_bytes(b"\xef\xbb\xbf\r\n<HTML><table><tr><td>1"),
        "a web page, whatever its name says: open it in Excel and save it as .xlsx",
    ),
    "xml": (
        lambda p: p.write_bytes(b"<?xml version='1.0'?><Workbook/>"),
        "XML of a kind that is not known here: export the records as CSV",
    ),
    "sqlite": (lambda p: p.write_bytes(b"SQLite format 3\0"), "a SQLite database: export the table as CSV"),
    "elf": (
        lambda p: p.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9)),
        "a binary file (a zero byte at position 7), not CSV or Parquet",
    ),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_kinds_of_files(tmp_path: Path, kind: str) -> None:
    make, what = OTHER_KINDS[kind]
    make(tmp_path / "a.csv")
    assert complaint(tmp_path / "a.csv") == f"a.csv: is {what}"


def test_random_bytes(tmp_path: Path) -> None:
    for seed in range(40):
        of_bytes(tmp_path, random.Random(seed).randbytes(5_000))


def test_a_bad_byte_is_found_in_every_way_of_reading(tmp_path: Path) -> None:
    for rows in (ROW, b"2026-01-05 09:00,A,B\n", b'2026-01-05 09:00,"A",B,1,\n'):
        assert "byte 0xFF at position" in of_bytes(tmp_path, HEAD + rows + b"2026-01-05 09:00,\xff,B,1,CNY\n")
    returns = (HEAD + ROW + b"2026-01-05 09:00,\xff,B,1,CNY\n").replace(b"\n", b"\r")
    assert "byte 0xFF at position" in of_bytes(tmp_path, returns)


def test_a_wrong_encoding_by_name(tmp_path: Path) -> None:
    chinese = HEAD + "2026-01-05 09:00,张三,B,1.00,CNY\n".encode("gbk")
    assert of_bytes(tmp_path, chinese, encoding="utf-8").startswith("a.csv: byte 0xD5 at position")
    assert of_bytes(tmp_path, chinese, encoding="ascii").startswith(
        "a.csv: is not ascii ('ascii' codec can't decode byte"
    )
    assert of_bytes(tmp_path, chinese, encoding="gbkk") == (
        "a.csv: there is no encoding named gbkk; try utf-8, gb18030, cp1252 or utf-16"
    )
    for odd in ("base64", "a\0b", "idna", "utf-16"):
        of_bytes(tmp_path, chinese[:-1], encoding=odd)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"just words\nand more\n", "a.csv: has no header row with several columns in its first lines: 'just words'"),
        (b'{"a": 1}\n', "a.csv: has no header row with several columns in its first lines: '{\"a\": 1}'"),
        (
            ROW + ROW,
            "a.csv: has no header row: its first row already holds values (2026-01-05 09:00, A, B, 1.00, CNY); "
            "add a line of column names",
        ),
        (b"x" * 5_000_000, "a.csv: the first line is longer than 1,048,576 bytes, so it is not a header"),
        (b"x,\xe5\xbc\xa0" * 1_000_000, "a.csv: the first line is longer than 1,048,576 bytes, so it is not a header"),
    ],
)
def test_text_that_is_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    assert of_bytes(tmp_path, content) == message


def test_a_line_of_five_megabytes(tmp_path: Path) -> None:
    message = of_bytes(tmp_path, HEAD + b"x" * 5_000_000)
    assert message.startswith("a.csv: ")
    ledger_path = tmp_path / "b.csv"
    ledger_path.write_bytes(HEAD + ROW + b"y" * 5_000_000 + b"," * 4 + b"\n" + ROW)
    ledger = read_ledger(ledger_path)
    assert ledger.sources[0].rows["rejected"] == 1
    assert ledger.height == 2


def test_a_header_with_thousands_of_columns(tmp_path: Path) -> None:
    header = ",".join(f"column {k} \x1b[31m" for k in range(5_000)).encode()
    message = of_bytes(tmp_path, header + b"\n1,2\n")
    assert message.startswith('a.csv: no column for "time"; the header has column 0 \\x1b[31m, column 1')
    assert "and 4,970 more" in message


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    assert of_bytes(tmp_path, HEAD + ROW + b'2026-01-05 09:00,"A,B,1,CNY\n' + ROW * 5) == (
        "a.csv: line 8: unexpected end of data (a quote that is never closed?)"
    )
    long = of_bytes(tmp_path, HEAD + b'2026-01-05 09:00,"A,B,1,CNY\n' + ROW * 10_000)
    assert long.endswith("(a quote that is never closed?)")


def test_all_rows_rejected(tmp_path: Path) -> None:
    assert of_bytes(tmp_path, HEAD + b"2026-01-05,A,B,-1,CNY\n2026-01-05,A,B,0,CNY\n") == (
        "a.csv: none of its 2 rows is a transfer; row 1: amount '-1': negative amount (a reversal?)"
    )
    assert of_bytes(tmp_path, HEAD + b"2026-01-05,A,B," + b"9" * 100_000 + b",CNY\n").startswith(
        "a.csv: none of its 1 rows is a transfer; row 1: amount '999"
    )
    assert of_bytes(tmp_path, HEAD + b"2026-01-05,b\n") == (
        "a.csv: none of its 1 rows is a transfer; row 1: line '2': another number of fields than 5"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dialect": "amlwrld"}, 'there is no dialect "amlwrld": did you mean "amlworld"?'),
        ({"timezone": "Mars/Base"}, 'there is no time zone "Mars/Base"; try UTC or Asia/Shanghai'),
        ({"timezone": ""}, 'there is no time zone ""; try UTC or Asia/Shanghai'),
        ({"timezone": "../../etc/passwd"}, 'there is no time zone "../../etc/passwd"; try UTC or Asia/Shanghai'),
        ({"mapping": {"payer": "nobody"}}, 'a.csv: no column "nobody": known: time, payer, payee, amount, currency'),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: Any, message: str) -> None:
    assert of_bytes(tmp_path, HEAD + ROW, **options) == message


@pytest.mark.parametrize("time_format", ["%Q", "", "foo", "%Y-%m-%d %H", "%", "%H:%M", "%Y-%m-%d", "%z", "%j", "\0"])
def test_time_formats_that_cannot_be(tmp_path: Path, time_format: str) -> None:
    message = of_bytes(tmp_path, HEAD + ROW, time_format=time_format)
    assert "is a transfer; row 1: time '2026-01-05 09:00'" in message or "cannot be used as --time-format" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"payer =", "m.toml: is not a TOML file (Invalid value (at end of document))"),
        (b"\xff\xfe", "m.toml: is not a TOML file ("),
        (b"map = 3", 'm.toml: "map" must be a table of lines like payer = "From Account"'),
        (b"[map]\npayr = 'x'", 'a mapping names the field "payr": did you mean "payer"?'),
        (b"[payer]\nx = 'x'", 'the mapping of "payer" must be the text of a header'),
    ],
)
def test_mappings_that_cannot_be(tmp_path: Path, content: bytes, message: str) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_bytes(content)
    assert of_bytes(tmp_path, HEAD + ROW, mapping=mapping).startswith(message)


def test_mapping_files_that_are_not_there(tmp_path: Path) -> None:
    assert of_bytes(tmp_path, HEAD + ROW, mapping=tmp_path / "m.toml") == "m.toml: no such mapping file"
    assert "cannot be read as a mapping file (Is a directory)" in of_bytes(tmp_path, HEAD + ROW, mapping=tmp_path)


def test_parquet_that_is_broken(tmp_path: Path) -> None:
    good = tmp_path / "good.parquet"
    pl.DataFrame(
        {"time": ["2026-01-05"] * 99, "payer": ["A"] * 99, "payee": ["B"] * 99, "amount": range(99)}
    ).write_parquet(good)
    whole = good.read_bytes()
    assert of_bytes(tmp_path, whole[:50]).startswith("a.csv: is not a readable Parquet file (")
    assert of_bytes(tmp_path, b"PAR1").startswith("a.csv: is not a readable Parquet file (")
    for start in range(4, 200, 7):
        (tmp_path / "a.csv").write_bytes(whole[:start] + b"\xff" * 20 + whole[start + 20 :])
        try:
            rows = read_ledger(tmp_path / "a.csv").sources[0].rows
        except SourceError:
            continue
        assert rows["read"] == 99


def test_parquet_columns_that_hold_no_single_values(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {"time": ["2026-01-05"], "payer": [["A"]], "payee": ["B"], "amount": [1]}
    pl.DataFrame(columns).write_parquet(path)
    assert complaint(path) == 'a.parquet: column "payer" holds List(String), not single values'
    pl.DataFrame({**columns, "payer": [b"\xff\xfe"]}).write_parquet(path)
    complaint(path)
    pl.DataFrame({**columns, "payer": [None]}).write_parquet(path)
    assert complaint(path) == "a.parquet: none of its 1 rows is a transfer; row 1: payer: empty"
    pl.DataFrame({"x": [1]}).write_parquet(path)
    assert complaint(path) == 'a.parquet: no column for "time"; the header has x (say --map time=HEADER)'
    pl.DataFrame(columns).clear().write_parquet(path)
    complaint(path)


def test_errors_are_one_line_whatever_they_quote() -> None:
    assert str(GraphflowError("a\nb\tc\u2028d\x1b")) == "a\\nb\\tc\\u2028d\\x1b"
    assert len(str(GraphflowError("x" * 10_000))) < 700
    assert one_line("张三 é") == "张三 é"
    assert did_you_mean("zz", map(str, range(40))).endswith("28, 29 and 10 more")
    assert issubclass(ColumnError, SourceError)
