"""Damaged files of every kind: each ends in one clear line, or in a ledger that accounts for every row."""

from __future__ import annotations

import gzip
import io
import random
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples
from test_read import check_accounting
from test_read_properties import damaged

from graphflow.errors import SourceError
from graphflow.read import read_ledger

WESTERN = "time,payer,payee,amount,currency,memo\n"
TITLE = "某银行交易明细\n户名：张三丰\n\n"
TEXT = "交易时间,付款账号,收款账号,金额,币种,备注\n" + "".join(
    f'2026-01-05 09:{k:02},622202123456789{k:04},李四{k},"1,{k:03}.50",CNY,转账\t\n' for k in range(30)
)


def workbook() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        for name in ("明细", "more"):
            sheet = book.add_worksheet(name)
            for k, line in enumerate(TEXT.replace('"1,', "1").replace('50"', "50").splitlines()):
                sheet.write_row(k, 0, line.split(","))
    return content.getvalue()


def archive(how: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", how) as zip_file:
        zip_file.writestr("a.csv", TEXT.encode("gb18030"))
        zip_file.writestr("b/b.xlsx", workbook())
        zip_file.writestr("c.csv.gz", gzip.compress((TITLE + TEXT).encode(), mtime=0))
        zip_file.writestr("readme.txt", b"nothing here\n")
    return content.getvalue()


@cache
def sound() -> dict[str, bytes]:
    return {
        "utf-8": TEXT.encode(),
        "title": (TITLE + TEXT).encode("utf-8-sig"),
        "gb18030": (TITLE + TEXT).encode("gb18030"),
        "utf-16": TEXT.encode("utf-16"),
        "utf-16-le": TEXT.encode("utf-16-le"),
        "cp1252": (WESTERN + TEXT.split("\n", 1)[1]).encode("cp1252", "ignore").replace(b"CNY,", b"caf\xe9,"),
        "returns": TEXT.replace("\n", "\r").encode("gb18030"),
        "xlsx": workbook(),
        "zip": archive(zipfile.ZIP_DEFLATED),
        "stored": archive(zipfile.ZIP_STORED),
        "gzip": gzip.compress(TEXT.encode("gb18030"), mtime=0),
    }


KINDS = list(sound())
MARKS = [b"PK\x03\x04", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1", b"\xff\xfe", b""]


def outcome(content: bytes) -> str:
    """ "read" or "refused"; anything else that is raised fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        path.write_bytes(content)
        try:
            ledger = read_ledger(path)
        except SourceError as error:
            return "refused" if str(error).isprintable() and len(str(error)) < 1_000 else str(error)
        check_accounting(ledger)
        return "read"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_damaged_is_read(kind: str) -> None:
    assert outcome(sound()[kind]) == "read"


def flipped(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def worse(content: bytes, seed: int) -> bytes:
    """Up to three injuries: bits flipped, pieces cut out, put in, doubled, shuffled."""
    rng = random.Random(seed)
    for _ in range(rng.randrange(1, 4)):
        content = (flipped(content, rng) if rng.random() < 0.4 else damaged(content, rng)) or b"x"
    return content


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(kind: str) -> None:
    outcomes = {outcome(worse(sound()[kind], seed)) for seed in range(25)}
    assert outcomes | {"read"} == {"read", "refused"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_damaged_files(kind: str) -> None:
    outcomes = {outcome(worse(sound()[kind], seed)) for seed in range(25, 500)}
    assert outcomes == {"read", "refused"}


def with_damage_inside(content: bytes, seed: int) -> bytes:
    """A zip file that is sound as such, with a member that is not."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = random.Random(seed).choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, worse(old.read(name), seed) if name == chosen else old.read(name))
    return made.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "zip"])
def test_damage_inside_an_archive(kind: str) -> None:
    outcomes = {outcome(with_damage_inside(sound()[kind], seed)) for seed in range(60)}
    assert outcomes == {"read", "refused"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["xlsx", "zip"])
def test_much_damage_inside_an_archive(kind: str) -> None:
    outcomes = {outcome(with_damage_inside(sound()[kind], seed)) for seed in range(60, 1_000)}
    assert outcomes == {"read", "refused"}


@settings(max_examples=examples(80), deadline=None)
@given(st.sampled_from(KINDS), st.binary(max_size=60), st.floats(0, 1))
def test_bytes_put_anywhere(kind: str, junk: bytes, share: float) -> None:
    content = sound()[kind]
    place = int(share * len(content))
    assert outcome(content[:place] + junk + content[place:]) in ("read", "refused")


@settings(max_examples=examples(80), deadline=None)
@given(st.sampled_from(MARKS), st.binary(max_size=300))
def test_junk_behind_a_mark(mark: bytes, junk: bytes) -> None:
    assert outcome(mark + junk) == "refused"
