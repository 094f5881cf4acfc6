"""Texts of one-sided records: what is hung on to a number comes off, what belongs to a name stays."""

from __future__ import annotations

import polars as pl
import pytest

from graphflow.read.record_texts import split_number


@pytest.mark.parametrize(
    ("text", "number", "sub"),
    [
        ("6222000000000000001_156_1", "6222000000000000001", "156_1"),
        ("62220000_1", "62220000", "1"),
        ("622200****0001_CNY", "622200****0001", "CNY"),
        ("NRA0000123456_840", "NRA0000123456", "840"),
        ("KMU-7_156_1", "KMU-7", "156_1"),
        ("6222000000000000001", "6222000000000000001", None),
        ("wxid_sample_0001", "wxid_sample_0001", None),
        ("o9_Ab_c", "o9_Ab_c", None),
        ("_1", "_1", None),
    ],
)
def test_sub_accounts_come_off_numbers_only(text: str, number: str, sub: str | None) -> None:
    raw = pl.DataFrame({"payer": [text, "6222000000000000009_7", None]})
    found = split_number(raw, "payer", rest="sub")
    assert found.rows() == [(number, sub), ("6222000000000000009", "7"), (None, None)]
