"""Texts in any encoding: found by a mark, by strict trial or by evidence, recorded, and asked for when not proved."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from readers import cut_into
from test_read import check_accounting, column
from test_read_bad_input import complaint

from graphflow.ledger import Ledger
from graphflow.read import encodings, read_ledger

pytestmark = pytest.mark.usefixtures("way")

HEAD = "time,payer,payee,amount,currency,memo\n"
CHINESE = "交易时间,付款账号,收款账号,金额,币种,备注\n2026-01-05 09:00,张三,李四,12.50,CNY,ATM取款\n"
WESTERN = HEAD + "2026-01-05 09:00,Zoë Müller,François,12.50,EUR,naïve\n2026-01-05 09:00,A,Zoë Müller,1,EUR,café\n"
ROWS = "".join(f"2026-01-05 09:{k:02},A{k},B,1.00,CNY,\n" for k in range(60))


def read(folder: Path, content: bytes, **options: Any) -> Ledger:
    path = folder / "a.csv"
    path.write_bytes(content)
    ledger = read_ledger(path, **options)
    check_accounting(ledger)
    return ledger


def refused(folder: Path, content: bytes, **options: Any) -> str:
    path = folder / "a.csv"
    path.write_bytes(content)
    return complaint(path, **options)


@pytest.mark.parametrize(
    ("encoding", "recorded"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_chinese_needs_no_option(tmp_path: Path, encoding: str, recorded: str, end: str) -> None:
    ledger = read(tmp_path, CHINESE.replace("\n", end).encode(encoding))
    assert (column(ledger, "payer"), column(ledger, "payee")) == (["张三"], ["李四"])
    assert ledger.sources[0].encoding == recorded


def test_western_names_need_no_option(tmp_path: Path) -> None:
    ledger = read(tmp_path, WESTERN.encode("cp1252"))
    assert ledger.accounts["account"].to_list() == ["Zoë Müller", "François", "A"]
    assert ledger.sources[0].encoding == "cp1252"


def test_a_mark_says_it_better_than_an_option(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        ledger = read(tmp_path, CHINESE.encode(encoding), encoding="gb18030")
        assert column(ledger, "payer") == ["张三"]
        assert ledger.sources[0].encoding == encoding


@pytest.mark.parametrize("where", [3, 59])
def test_bytes_far_below_a_plain_head_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: int) -> None:
    cut_into(monkeypatch, 10)
    monkeypatch.setattr("graphflow.read.source._HEAD", 100)
    lines = (HEAD + ROWS).splitlines(keepends=True)
    lines[where] = "2026-01-05 09:00,张三丰,李四,1.00,CNY,转账\n"
    ledger = read(tmp_path, "".join(lines).encode("gb18030"))
    assert ledger.height == 60
    assert "张三丰" in column(ledger, "payer")
    assert ledger.sources[0].encoding == "gb18030"


def test_bytes_in_a_column_that_nobody_reads_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.read.source._HEAD", 100)
    text = HEAD.replace("memo", "unused") + ROWS + "2026-01-05 09:00,A,B,1.00,CNY,转账汇款\n"
    assert read(tmp_path, text.encode("gb18030")).sources[0].encoding == "gb18030"


def test_text_that_is_utf_8_only_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.read.source._HEAD", 100)
    monkeypatch.setattr(encodings, "BLOCK", 7)  # characters across the borders of blocks
    text = (HEAD + ROWS + "2026-01-05 09:00,张三丰,李四,1.00,CNY,转账\n").encode()
    assert read(tmp_path, text).sources[0].encoding == "utf-8"
    damaged = text.replace("丰".encode(), "丰".encode()[:2])
    position = text.index("丰".encode())
    assert refused(tmp_path, damaged) == (
        f"a.csv: byte 0xE4 at position {position:,} (line 62) is not UTF-8, and neither gb18030 nor cp1252 is proved "
        "by the rest; say --encoding gb18030, cp1252, big5 …"
    )
    assert refused(tmp_path, damaged, encoding="utf-8") == (
        f"a.csv: byte 0xE4 at position {position:,} (line 62) is not UTF-8; leave --encoding out, or say another"
    )


def test_a_character_cut_at_the_end(tmp_path: Path) -> None:
    assert "is not UTF-8" in refused(tmp_path, (CHINESE + "2026-01-05 09:00,张").encode()[:-1])


@pytest.mark.parametrize("place", ["head", "far"])
def test_a_replacement_character_rejects_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    if place == "far":
        monkeypatch.setattr("graphflow.read.source._HEAD", 100)
        monkeypatch.setattr("graphflow.digest._BLOCK", 7)
    text = HEAD + ROWS + "2026-01-05 09:00,张\ufffd丰,李四,1.00,CNY,转账\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        assert refused(tmp_path, text.encode(encoding)) == (
            "a.csv: holds U+FFFD, the sign for a character that an earlier conversion could not say: "
            "names in it are lost; ask for the original file"
        )


# --- evidence --------------------------------------------------------------------------------------


def said(folder: Path, text: str | bytes, encoding: str = "") -> str | None:
    path = folder / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return encodings._proved(path)


@pytest.mark.parametrize(
    "text",
    ["金额", "元\n", "户名,张三\n", "A,转账,B", "CNY元,POS消费", "（测试）：１２", "镕基先生的账户明细"],
)
def test_chinese_is_proved(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, text, "gb18030") == "gb18030"


@pytest.mark.parametrize("text", ["Zoë", "Åsa,Øre", "l’été à la plage", "Ž. Šimek", "GRÖSSE", "naïve café"])
def test_western_is_proved(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, text, "cp1252") == "cp1252"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("CRÉÉ", "cp1252"),  # as two bytes at a letter it might be one Chinese character
        ("5 €", "cp1252"),
        ("CNY元", "gb18030"),
        ("Перевод между счетами клиента", "cp1251"),
        ("口座番号と氏名カタカナ", "euc-jp"),
        ("계좌번호예금주명거래일시출금액입금액잔액적요취급점송금인수취인은행명", "euc-kr"),
        ("帳號戶名交易日期金額餘額摘要", "big5"),
        ("帳號,付款人姓名,交易日期", "utf-8"),
    ],
)
def test_what_is_not_proved_is_asked_for(tmp_path: Path, text: str, encoding: str) -> None:
    assert said(tmp_path, text, encoding) is None


def test_noise_proves_nothing(tmp_path: Path) -> None:
    for seed in range(50):
        assert said(tmp_path, random.Random(seed).randbytes(3_000)) is None


def test_evidence_is_the_same_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "2026,张三,转账\n" * 500
    for size in (64, 1_000, 1 << 22):
        monkeypatch.setattr(encodings, "BLOCK", size)
        assert said(tmp_path, text, "gb18030") == "gb18030"
        assert said(tmp_path, "Zoë\n" * 500, "cp1252") == "cp1252"


def test_an_encoding_that_is_proved_must_hold_to_the_end(tmp_path: Path) -> None:
    text = (CHINESE + "2026-01-05 09:00,张三,李四,1,CNY,转账\n" * 50).encode(
        "gb18030"
    ) + b"2026-01-05 09:00,\xff\xff,B,1,CNY,\n"
    assert refused(tmp_path, text).startswith("a.csv: is not gb18030 ('gb18030' codec can't decode byte 0xff")


def test_an_encoding_that_is_named_is_taken_at_its_word(tmp_path: Path) -> None:
    text = HEAD + "2026-01-05 09:00,帳號,戶名,12.50,CNY,\n"
    assert column(read(tmp_path, text.encode("big5"), encoding="Big5"), "payer") == ["帳號"]


def test_utf_16_is_not_mistaken_for_a_binary_file(tmp_path: Path) -> None:
    assert encodings.without_mark("a,b\n1,2\n".encode("utf-16-le")) == "utf-16-le"
    assert encodings.without_mark("时间,金额\n2026-01-05,1\n".encode("utf-16-be")) == "utf-16-be"
    assert encodings.without_mark(b"a\0b\0\0c") is None
    assert encodings.without_mark(b"abc") is None
