"""Where a table begins: separators, lines above the header, and files that have none."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from readers import cut_into
from test_read import check_accounting, column
from test_read_bad_input import complaint

from graphflow.read import read_ledger
from graphflow.read.heading import Heading, NoTable, name_of, of_rows, of_text
from graphflow.read.source import RawFile, Sources

ROW = "2026-01-05 09:00,A,B,12.50,CNY"
HEAD = "time,payer,payee,amount,currency"


def heading(folder: Path, text: str) -> Heading:
    path = folder / "a.csv"
    path.write_bytes(text.encode())
    return of_text("a.csv", path)


def opened(path: Path) -> RawFile:
    with Sources([path], None) as sources:
        return next(sources)


TITLES = {
    "none": "",
    "bank": "某银行交易明细\n",
    "bank and account": "某银行,\n户名：张三,账号：6222021234567890123\n导出时间：2026-01-31 10:00:00\n\n",
    "empty lines": "\n\n\n",
    "padded by Excel": "某银行交易明细,,,,\n户名,张三,,,\n账号,6222021234567890123,,,\n"
    "导出时间,2026-01-31 10:00:00,,,\n",
    "key and value": "Account holder,John Smith\nAccount number,12345678\nPeriod,2026-01-01 - 2026-01-31\n\n",
    "a stray quote": 'the "Bank" of\n5" of text\n',
    "a quoted line end": '"two\nlines",\n',
    "many": "".join(f"note {k}\n" for k in range(49)),
    "BOM": "\ufeff某银行\n",
}


@pytest.mark.parametrize("rows", [0, 1, 2, 60])
@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_lines_above_the_header_are_no_rows(tmp_path: Path, title: str, rows: int, separator: str) -> None:
    above = TITLES[title].replace(",", separator)
    table = (HEAD + "\n" + (ROW + "\n") * rows).replace(",", separator)
    found = heading(tmp_path, above + table)
    assert found.header == tuple(HEAD.split(","))
    assert (found.separator, found.above, found.lines) == (separator, above.count("\n"), above.count("\n") + 1)
    assert found.start == len((above + table[: table.index("\n") + 1]).encode())


def test_the_lines_above_are_kept(tmp_path: Path) -> None:
    found = heading(tmp_path, TITLES["padded by Excel"] + HEAD + "\n" + ROW + "\n")
    assert found.title == ("某银行交易明细", "户名,张三", "账号,6222021234567890123", "导出时间,2026-01-31 10:00:00")


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("ragged", ["", "2026-01-05 09:00,A\n"])
def test_each_way_of_reading_begins_below_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str, end: str, ragged: str
) -> None:
    cut_into(monkeypatch, 10)
    path = tmp_path / "a.csv"
    text = TITLES[title] + HEAD + "\n" + "".join(f"2026-01-05 09:{k:02},A{k},B,1,CNY\n" for k in range(40)) + ragged
    path.write_bytes(text.replace("\n", end).encode())
    ledger = read_ledger(path)
    check_accounting(ledger)
    assert column(ledger, "row") == list(range(1, 41))
    assert column(ledger, "payer") == [f"A{k}" for k in range(40)]
    assert ledger.rejected["row"].to_list() == ([41] if ragged else [])


@pytest.mark.usefixtures("way")
def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'{TITLES["bank and account"]}{HEAD}\n{ROW}\n2026-01-05 09:00,"A,B,1,CNY\n', encoding="utf-8")
    assert complaint(path) == "a.csv: line 7: unexpected end of data (a quote that is never closed?)"


@pytest.mark.parametrize("above", ["", "某银行\n\n"])
def test_rows_without_a_header_are_refused(tmp_path: Path, above: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(above + (ROW + "\n") * 5, encoding="utf-8")
    assert complaint(path) == (
        "a.csv: has no header row: its first row already holds values (2026-01-05 09:00, A, B, 12.50, CNY); "
        "add a line of column names"
    )


def test_no_row_is_taken_for_a_title(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{ROW}\n{ROW}\n{HEAD}\n{ROW}\n{ROW}\n", encoding="utf-8")
    assert "a.csv: has no header row: its first row already holds values" in complaint(path)


def test_a_header_far_below(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("note\n" * 51 + HEAD + "\n" + ROW + "\n", encoding="utf-8")
    assert complaint(path) == "a.csv: has no header row in its first 50 lines: take off what stands above"


@pytest.mark.parametrize(
    ("text", "separator", "header"),
    [
        ("a\tb\tc\n1,234.50\t2,5\t3\n1,234.50\t2,5\t3\n", "\t", ("a", "b", "c")),
        ("卡号\t,时间\t,金额\t\n6222\t,2026\t,1\t\n", ",", ("卡号", "时间", "金额")),
        ('"a;b","c;d"\n"1;2","3;4"\n', ",", ("a;b", "c;d")),
        ("a;b;c\n1,5;2,5;3,5\n", ";", ("a", "b", "c")),
        ("a|b, c|d\n1|2, 3|4\n", "|", ("a", "b, c", "d")),
        ("a,b,c,\n1,2,3,\n", ",", ("a", "b", "c", "")),
        ('a,"b\nc",d\n1,2,3\n', ",", ("a", "b\nc", "d")),
        ("step,type,amount\n1,PAYMENT,9.5\n", ",", ("step", "type", "amount")),
        ("a,b\nonly,words\nin,here\n", ",", ("a", "b")),
        ("Account,Amount,Account\n1,2,3\n", ",", ("Account", "Amount", "Account")),
    ],
)
def test_separators(tmp_path: Path, text: str, separator: str, header: tuple[str, ...]) -> None:
    found = heading(tmp_path, text)
    assert (found.separator, found.header) == (separator, header)


def test_what_cannot_be_seen_in_a_name_is_taken_off(tmp_path: Path) -> None:
    unseen = ["\t", "\xa0", "\u3000", "\ufeff", "\u200b", " \u2060"]
    names = [f"{blank}名{k}{blank}" for k, blank in enumerate(unseen)]
    found = heading(tmp_path, ",".join(names) + "\n" + ",".join("1" * len(names)) + "\n")
    assert found.header == tuple(f"名{k}" for k in range(len(names)))
    assert name_of("a b") == "a b"


def test_a_line_without_end(tmp_path: Path) -> None:
    long = "x," * (1 << 20)
    assert heading(tmp_path, f"{HEAD}\n{ROW}\n{long}").header == tuple(HEAD.split(","))
    with pytest.raises(NoTable, match="the first line is longer than 1,048,576 bytes"):
        heading(tmp_path, long)


def test_a_wide_table_is_looked_at_quickly(tmp_path: Path) -> None:
    names = [f"name {chr(97 + k % 26)}{'x' * (k // 26)}" for k in range(2_000)]
    text = ",".join(names) + "\n" + ("1.5," * 1_999 + "2\n") * 200
    assert len(heading(tmp_path, text).header) == 2_000


def test_rows_of_a_sheet() -> None:
    rows = [
        ("某银行交易明细", "", "", ""),
        ("户名", "张三", "", ""),
        ("", "", "", ""),
        ("时间 ", "付款\xa0", "收款", "金额"),
        ("2026-01-05", "A", "B", "1"),
    ]
    found = of_rows("b.xlsx/明细", rows)
    assert (found.header, found.title) == (("时间", "付款", "收款", "金额"), ("某银行交易明细", "户名 张三"))
    assert (found.above, found.lines) == (3, 4)
    with pytest.raises(NoTable, match=r"^b.xlsx/x: has no header row with several columns in its first rows$"):
        of_rows("b.xlsx/x", [("a note", ""), ("another", "")])


def test_any_order_of_lines_ends_in_a_header_or_a_clear_line(tmp_path: Path) -> None:
    lines = [HEAD, *[ROW] * 4, "note", "", "户名,张三,,,", "账号,6222,,,"]
    for seed in range(300):
        rng = random.Random(seed)
        rng.shuffle(lines)
        path = tmp_path / "a.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if lines.index(HEAD) < lines.index(ROW):
            assert opened(path).header == tuple(HEAD.split(",")), lines
        else:
            assert "has no header row" in complaint(path), lines


@pytest.mark.parametrize(
    "text",
    [
        "Dear colleague,\n\nplease find the records, as agreed.\nOn 2026-01-05, 12.50 was paid, and more.\nYours\n",
        "# Notes\n\n| **a** (x) | days | 1, 2 |\nSome prose, with commas, 1,000 of them.\nMore prose.\nAnd more.\n",
        "just words\nand more\n",
    ],
)
def test_prose_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(NoTable, match="has no header row with several columns in its first lines"):
        heading(tmp_path, text)
