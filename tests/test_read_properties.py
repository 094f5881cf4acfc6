"""Any ledger written as CSV is read back; any damaged file is accounted for, or refused in one line."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledgers import examples
from readers import cut_into

from graphflow.errors import SourceError
from graphflow.ledger import ROW_KINDS, Ledger, Source, major
from graphflow.read import read_ledger

pytestmark = pytest.mark.usefixtures("way")

HEAD = ["tx", "time", "payer", "payee", "amount", "currency", "memo"]
START = datetime(2026, 1, 5, tzinfo=UTC)
Row = tuple[str, str, int, int, str, str]

HOSTILE = st.one_of(
    st.sampled_from(
        [
            "A",
            "B,C",
            'say "hi"',
            '"',
            '""',
            "two\nlines",
            "tab\there",
            "a;b|c",
            "=1+1",
            "<script>",
            "\u202eevil",
            "张三",
            "0",
            "007",
            "1e5",
            "null",
            "NaN",
            "'",
            "\\",
            "a\x0bb",
            "é" * 50,
            "x" * 300,
            "🙂",
            "a:b",
            "#",
            "-",
            "1,000",
        ]
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\0"), min_size=1, max_size=12),
).filter(lambda name: name.strip() != "" and name == name.strip() and name.strip("\x1c\x1d\x1e\x1f\x85") == name)
ROWS = st.lists(
    st.tuples(
        HOSTILE, HOSTILE, st.integers(0, 300), st.integers(1, 10**14), st.sampled_from(["CNY", "USD", "JPY"]), HOSTILE
    ),
    min_size=1,
    max_size=12,
)


def as_csv(rows: list[Row], separator: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(HEAD)
    for number, (payer, payee, minutes, units, currency, memo) in enumerate(rows):
        amount = major(units, 0 if currency == "JPY" else 2)
        time = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")
        writer.writerow([f"t{number}", time, payer, payee, amount, currency, memo])
    return text.getvalue()


def read_bytes(content: bytes, **options: Any) -> Ledger:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        return read_ledger(path, **options)


def transfers(ledger: Ledger) -> list[tuple[Any, ...]]:
    columns = ("tx", "payer", "payee", "time", "paid", "paid_currency", "memo")
    return ledger.frame.select(pl.col(c).cast(pl.String) if c.endswith("cy") else c for c in columns).rows()


def expected(rows: list[Row]) -> list[tuple[Any, ...]]:
    listed = [
        (f"t{k}", payer, payee, START + timedelta(minutes=minutes), units, currency, memo)
        for k, (payer, payee, minutes, units, currency, memo) in enumerate(rows)
    ]
    return sorted(listed, key=lambda row: row[3])


def check_accounting(ledger: Ledger) -> None:
    for source in ledger.sources:
        assert source.rows["read"] == sum(source.rows[kind] for kind in ROW_KINDS)
    listed = ledger.rejected.height
    assert sum(s.rows["accepted"] for s in ledger.sources) == ledger.height
    assert sum(s.rows["read"] for s in ledger.sources) == ledger.height + listed
    assert ledger.rejected["reason"].null_count() == 0
    seen = sorted([*ledger.frame["row"], *ledger.rejected["row"]])
    assert seen == list(range(1, len(seen) + 1))


# --- there and back ----------------------------------------------------------------------------------


@settings(max_examples=examples(80), deadline=None)
@given(ROWS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.booleans())
@example([("B,C", 'say "hi"', 0, 1, "CNY", "two\nlines")], ";", "\r\n", True)
def test_any_ledger_comes_back(rows: list[Row], separator: str, end: str, quoted: bool) -> None:
    text = as_csv(rows, separator, end, csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    ledger = read_bytes(text.encode())
    assert transfers(ledger) == expected(rows)
    check_accounting(ledger)


@settings(max_examples=examples(40), deadline=None)
@given(ROWS, st.sampled_from(["utf-16", "utf-8-sig", "gb18030", "utf-32"]))
def test_any_ledger_comes_back_in_other_encodings(rows: list[Row], encoding: str) -> None:
    options = {} if encoding == "utf-16" else {"encoding": encoding}
    assert transfers(read_bytes(as_csv(rows).encode(encoding), **options)) == expected(rows)


@settings(max_examples=examples(40), deadline=None)
@given(ROWS, st.integers(1, 5))
def test_any_ledger_comes_back_whatever_the_batches(rows: list[Row], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cut_into(patch, size)
        ledger = read_bytes(as_csv(rows).encode())
    assert transfers(ledger) == expected(rows)
    assert ledger.accounts.equals(read_bytes(as_csv(rows).encode()).accounts)


@settings(max_examples=examples(40), deadline=None)
@given(ROWS)
def test_any_ledger_comes_back_from_parquet(rows: list[Row]) -> None:
    frame = pl.DataFrame(
        {
            "tx": [f"t{k}" for k in range(len(rows))],
            "time": [START + timedelta(minutes=row[2]) for row in rows],
            "payer": [row[0] for row in rows],
            "payee": [row[1] for row in rows],
            "amount": [Decimal(row[3]).scaleb(0 if row[4] == "JPY" else -2) for row in rows],
            "currency": [row[4] for row in rows],
            "memo": [row[5] for row in rows],
        },
        schema_overrides={"amount": pl.Decimal(30, 2)},
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    assert transfers(read_bytes(buffer.getvalue())) == expected(rows)


# --- damaged files ---------------------------------------------------------------------------------


def sound_file(seed: int, rows: int = 30) -> bytes:
    rng = random.Random(seed)
    names = ["A", "B,C", 'say "hi"', "two\nlines", "张三", "007", " padded ", "x;y"]
    made: list[Row] = [
        (
            rng.choice(names),
            rng.choice(names),
            rng.randrange(99),
            rng.randrange(1, 10**6),
            rng.choice(["CNY", "USD"]),
            rng.choice(["", "m", '"']),
        )
        for _ in range(rows)
    ]
    if seed % 2:
        made = [
            (f"P{k % 7}", f"Q{k % 5}", minutes, units, code, "m")
            for k, (_, _, minutes, units, code, _) in enumerate(made)
        ]
    return as_csv(made, rng.choice(",;\t|"), rng.choice(["\n", "\r\n"])).encode()


JUNK = (
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\xff",
    b"\0",
    b"\t",
    b";",
    b"NaN",
    b'""',
    b"\n\n\n",
    b" ",
    b"-",
    b"1e400",
    b"'",
    b"\xe5\xbc",
    b"\x1a",
)


def damaged(content: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(7)
    place = rng.randrange(len(content))
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + content[place + rng.randrange(1, 40) :]
    if kind == 2:
        return content[:place] + rng.choice(JUNK) + content[place:]
    if kind == 3:
        return content[:place] + rng.randbytes(rng.randrange(1, 6)) + content[place:]
    lines = content.split(b"\n")
    if kind == 4:
        swapped = [line.split(b",") for line in lines]
        for line in swapped:
            line[:2] = line[:2][::-1]
        return b"\n".join(b",".join(line) for line in swapped)
    if kind == 5:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
        return b"\n".join(lines)
    rng.shuffle(lines)
    return b"\n".join(lines)


def check_damaged(content: bytes) -> bool:
    """Whether the file was read; either way nothing is lost and nothing else is raised."""
    try:
        ledger = read_bytes(content)
    except SourceError as error:
        return not error.args[0].isprintable() and pytest.fail("more than one line")
    check_accounting(ledger)
    if b"\n" not in content or b"\r" not in content.replace(b"\r\n", b"\n"):
        assert ledger.sources[0].rows["read"] == records(content, ledger.sources[0])
    return True


def records(content: bytes, source: Source) -> int:
    """How many records Python's own csv module sees after the header (which ends one at any lone return)."""
    text = content.decode(source.encoding)
    if "\n" not in text:
        text = text.replace("\r", "\n")
    parsed = list(csv.reader(io.StringIO(text, newline=""), delimiter=source.separator))
    named = set(source.columns.values())
    return next(len(parsed) - k for k, record in enumerate(parsed, 1) if named <= {cell.strip() for cell in record})


def sweep(seeds: range) -> Iterator[bool]:
    for seed in seeds:
        rng = random.Random(seed)
        content = sound_file(seed)
        for _ in range(rng.randrange(1, 4)):
            content = damaged(content, rng) or b"x"
        yield check_damaged(content)


def test_damaged_files_lose_no_row() -> None:
    read = list(sweep(range(200)))
    assert 50 < sum(read) < 200


@pytest.mark.slow
def test_many_damaged_files_lose_no_row() -> None:
    assert sum(sweep(range(1_000, 5_000))) > 600


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_bytes_put_anywhere_lose_no_row(junk: bytes, place: int) -> None:
    content = sound_file(1, rows=8)
    check_damaged(content[:place] + junk + content[place:])


# --- order -----------------------------------------------------------------------------------------


def test_reading_again_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into(monkeypatch, 50)
    rng = random.Random(5)
    rows: list[Row] = [
        (f"P{rng.randrange(99)}", f"Q{rng.randrange(99)}", rng.randrange(20), rng.randrange(1, 999), "CNY", "")
        for _ in range(2_000)
    ]
    path = tmp_path / "a.csv"
    path.write_text(as_csv(rows))
    first = read_ledger(path)
    for _ in range(5):
        again = read_ledger(path)
        assert again.frame.equals(first.frame)
        assert again.payer_codes.tolist() == first.payer_codes.tolist()
        assert again.accounts.equals(first.accounts)
    numbered = first.frame.select("time", "row")
    assert numbered.equals(numbered.sort("time", "row"))
