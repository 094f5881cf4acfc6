"""Reading by compiled kernels gives the very ledger that reading by columns of text gives, or the same refusal."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples, seeds
from readers import WAYS, cut_into
from test_read_properties import as_csv, damaged, sound_file

from graphflow.errors import GraphflowError
from graphflow.kernels import encode, rows, texts
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger
from graphflow.read import read_ledger
from graphflow.read.keys import SALT, AccountCodes, Keys, hashes_of
from graphflow.read.scan import scan
from graphflow.read.times import template

SHARED = Path(__file__).parents[1].parent / "shared/data/amlworld/HI-Small_Trans_sample.csv"
AMLWORLD = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,"
    "Amount Paid,Payment Currency,Payment Format,Is Laundering\n"
)
PLAIN = "tx,time,payer,payee,amount,currency,received,received currency,channel,payer balance,memo,payer name\n"
SPACES = ["", "", "", " ", "\t", "\u3000", "\xa0", "\u2003"]
ODD = {
    "time": [
        "2026-02-29 00:00",
        "2024-02-29 23:59",
        "2026-13-01 00:00",
        "2026-1-5 9:00",
        "",
        "2026-01-05",
        "1899-12-31",
    ],
    "account": ["A", "0" * 40, "é", "张三", "A B", "", "x" * 17, "x" * 16, "x" * 8, "a:b", "\u2003"],
    "amount": [
        *("1", "1.5", "1.50", "1.500000", "0.00000001", "0.000000001", "-1", "+1", "1e3", ".5", "5.", "0", "", "NaN"),
        *("9" * 18, "9" * 19, "92233720368547758.07", "92233720368547758.08", "007.10", "0.1" + "0" * 20),
    ],
    "currency": ["CNY", "JPY", "BTC", "", "US Dollar", "a currency of a very long name"],
    "text": ["", "m", "two words", "é" * 9],
}
GOOD = {
    "time": ["2026-01-05 09:00", "2026-01-05 09:01", "2026-12-31 23:59"],
    "account": ["A", "B", "007", "6222021234567890123"],
    "amount": ["1", "12.50", "1000000"],
    "currency": ["CNY", "USD"],
    "text": ["", "rent"],
}


def outcome(path: Path, way: str, **options: Any) -> Ledger | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", WAYS[way])
        try:
            return read_ledger(path, **options)
        except GraphflowError as error:
            return re.sub("^amounts in .* have so many", "amounts have so many", str(error))  # any one may be named


def check_alike(path: Path, **options: Any) -> bool:
    """Whether the file is read at all; both ways it comes to the same."""
    by_text, kernels = (outcome(path, way, **options) for way in WAYS)
    if isinstance(by_text, str) or isinstance(kernels, str):
        assert by_text == kernels
        return False
    plain = pl.col(pl.Categorical).cast(pl.String)
    assert kernels.frame.with_columns(plain).rows() == by_text.frame.with_columns(plain).rows()
    assert kernels.frame.schema == by_text.frame.schema
    assert kernels.rejected.rows() == by_text.rejected.rows()
    assert kernels.accounts.equals(by_text.accounts)
    assert kernels.payer_codes.tolist() == by_text.payer_codes.tolist()
    assert kernels.payee_codes.tolist() == by_text.payee_codes.tolist()
    for name in ("decimals", "precision", "sources", "warnings"):
        assert getattr(kernels, name) == getattr(by_text, name)
    return True


def table(rng: random.Random, header: str, kinds: list[str], count: int, odd: float) -> str:
    """Lines of a file, each field plain or, with some likelihood, anything but."""

    def value(kind: str) -> str:
        if rng.random() >= odd:
            return rng.choice(GOOD[kind])
        return rng.choice(SPACES) + rng.choice(ODD[kind] + GOOD[kind]) + rng.choice(SPACES)

    lines = []
    for _ in range(count):
        line = [value(kind) for kind in kinds]
        if rng.random() < odd / 3:
            line = line[: rng.randrange(len(line) + 2)] + ["more"] * rng.randrange(2)
        if rng.random() < odd / 3:
            line = [f'"{field}"' for field in line]
        lines.append(",".join(line))
    return header + rng.choice(["\n", "\r\n"]).join(lines) + rng.choice(["", "\n", "\n\n"])


def tables(seeds: range) -> Iterator[str]:
    aml = ["time", "text", "account", "text", "account", "amount", "currency", "amount", "currency", "text", "text"]
    plain = ["account", "time", "account", "account", "amount", "currency", "amount", "currency", "text", "amount"]
    for seed in seeds:
        rng = random.Random(seed)
        odd = rng.choice([0.0, 0.0, 0.02, 0.1, 0.4])
        count = rng.randrange(0, 40)
        if seed % 3:
            yield table(rng, PLAIN, [*plain, "text", "account"], count, odd)
        else:
            yield table(rng, AMLWORLD, aml, count, odd)


def check_all(folder: Path, texts: Iterator[str], rows_at_once: int) -> int:
    path = folder / "a.csv"
    with pytest.MonkeyPatch.context() as patch:
        cut_into(patch, rows_at_once)
        read = 0
        for text in texts:
            path.write_bytes(text.encode())
            read += check_alike(path)
        return read


@pytest.mark.parametrize("rows_at_once", [15, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 10_000))])
def test_nasty_tables(tmp_path: Path, rows_at_once: int) -> None:
    number = seeds(100)
    assert check_all(tmp_path, tables(range(number)), rows_at_once) > 0.6 * number


@pytest.mark.slow
def test_many_nasty_tables(tmp_path: Path) -> None:
    assert check_all(tmp_path, tables(range(100, 1_500)), 7) > 1_000


@pytest.mark.slow
def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for seed in range(1_500):
        rng = random.Random(seed)
        content = sound_file(seed)
        for _ in range(rng.randrange(1, 4)):
            content = damaged(content, rng) or b"x"
        path.write_bytes(content)
        check_alike(path)


@pytest.mark.parametrize(
    ("time_format", "stamp"),
    [
        (None, "05.03.2026 07:08:09"),
        (None, "2026-03-05T07:08:09"),
        (None, "20260305070809"),
        (None, "2026/3/5 7:08"),
        (None, "2026-03-05 07:08:09.5"),
        (None, "2026-03-05 07:08:09.123456"),
        (None, "2026-03-05 07:08:09.1234567"),
        (None, "2026-03-05"),
        (None, "2026-03-05T07:08:09+08:00"),
        (None, "1772694489"),
        (None, "1772694489123"),
        ("%d/%m/%Y %H:%M", "05/03/2026 07:08"),
        ("%y%m%d", "260305"),
        ("%d-%b-%Y", "05-Mar-2026"),
        ("%Y%m%d%H", "2026030507"),
    ],
)
@pytest.mark.parametrize("timezone", ["UTC", "Asia/Shanghai", "Europe/Berlin"])
def test_times(tmp_path: Path, time_format: str | None, stamp: str, timezone: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"time,payer,payee,amount\n{stamp},A,B,1\n{stamp},B,C,2\n")
    check_alike(path, time_format=time_format, timezone=timezone)


def test_an_hour_that_no_clock_showed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,payer,payee,amount\n2026-03-29 02:30,A,B,1\n2026-03-29 03:30,B,C,2\n2026-10-25 02:30,B,C,2\n")
    assert check_alike(path, timezone="Europe/Berlin")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared AMLworld rows are not here")
@pytest.mark.parametrize("rows_at_once", [1_000, 100_000])
def test_real_rows(monkeypatch: pytest.MonkeyPatch, rows_at_once: int) -> None:
    cut_into(monkeypatch, rows_at_once)
    assert check_alike(SHARED)


def test_a_large_file_is_scanned_and_an_unusual_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    real = scan

    def spy(*args: Any) -> Iterator[Any]:
        asked.append(True)
        return real(*args)

    monkeypatch.setattr("graphflow.read.files.scan", spy)
    monkeypatch.setenv("GRAPHFLOW_KERNELS", "compiled")
    path = tmp_path / "a.csv"
    path.write_text(as_csv([("A", "B", 0, 100, "CNY", 'a "word"')]))
    assert read_ledger(path).height == 1
    assert asked == [True]  # tried, given up, and read the other way


# --- kernels ---------------------------------------------------------------------------------------


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.text(max_size=40), max_size=30))
def test_distinct_texts_have_distinct_hashes(any_texts: list[str]) -> None:
    distinct = list(dict.fromkeys(any_texts))
    one, two = hashes_of(pl.Series(distinct, dtype=pl.String), ready(texts, 10**9))
    assert len(set(one.tolist())) == len(set(two.tolist())) == len(distinct)


def test_each_bit_of_a_text_counts() -> None:
    run = ready(texts, 10**9)
    text = np.frombuffer(b"abcdefghijklmnopqrstuvw" + bytes(16), np.uint8).copy()
    for size in range(1, 24):
        hashes = set()
        for bit in range(-1, 8 * size):
            changed = text.copy()
            if bit >= 0:
                changed[bit // 8] ^= 1 << bit % 8
            one, two = np.empty(1, np.int64), np.empty(1, np.int64)
            run.hashes(changed, np.array([size]), SALT, one, two)
            hashes |= {int(one[0]), int(two[0])}
        assert len(hashes) == 2 * (8 * size + 1)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.lists(st.sampled_from("ABCDEFG"), min_size=2, max_size=8), max_size=6), st.integers(0, 6))
def test_codes_do_not_depend_on_how_keys_are_looked_up(batches: list[list[str]], texts_first: int) -> None:
    seen: dict[str, int] = {}
    codes = AccountCodes()
    for k, batch in enumerate(batches):
        half = len(batch) // 2
        payer, payee = pl.Series(batch[:half]), pl.Series(batch[half : 2 * half])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRAPHFLOW_KERNELS", "interpreted" if k < texts_first else "compiled")
            if k >= texts_first or ready(encode, 0) is encode:
                got = codes.encode(Keys.of(payer, payee))
        for pair in zip(payer, payee, strict=True):
            for name in pair:
                seen.setdefault(name, len(seen))
        assert got.tolist() == [seen[name] for name in [*payer, *payee]]
    assert [name for part in codes.names for name in part] == list(seen)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.text(st.sampled_from('ab, \t"\r\xa0\u3000'), max_size=12), min_size=1, max_size=8))
def test_rows_are_cut_as_csv_cuts_them(lines: list[str]) -> None:
    """Where `split` answers at all, a row that is not odd has the fields that `csv` finds, stripped."""
    import csv

    data = "".join(line + "\n" for line in lines).encode()
    room = np.frombuffer(data + bytes(16), np.uint8).copy()
    bounds, starts = np.zeros((len(lines), 4), np.int32), np.zeros(len(lines) + 1, np.int32)
    odd = np.zeros(len(lines), np.uint8)
    run = ready(rows, 10**9)
    found = run.split(room, len(data), rows.byte_kinds(","), np.array([0, 1], np.int32), bounds, starts, odd)
    if found < 0:
        return
    taken = list(csv.reader(data.decode().split("\n")[:-1], strict=True))
    assert found == len(lines) == run.line_feeds(room, len(data))
    for k, fields_ in enumerate(taken):
        if odd[k]:
            assert len(fields_) != 2 or any(f != f.strip(" \t\r") or f.strip() != f for f in fields_)
        else:
            cut = [data[bounds[k, 2 * w] : bounds[k, 2 * w + 1]].decode() for w in range(2)]
            assert cut == [f.strip() for f in fields_]


@pytest.mark.parametrize("time_format", ["%y-%m-%d", "%Y-%m", "%Y-%m-%d %I:%M", "%Y-%m-%d %Y", "%Y年%m月%d日", "%+"])
def test_formats_without_fixed_places_have_no_template(time_format: str) -> None:
    assert template(time_format) is None
