"""A point before three digits: a decimal point as far as anyone can tell, and a person is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphflow.read import read_ledger


@pytest.mark.parametrize(
    ("amounts", "doubtful"),
    [
        (("1.234", "500"), "1.234"),
        (("12.000", "1.500"), "12.000"),
        (("1.234", "0.500"), ""),
        (("1.234", "7.25"), ""),
        (("1234.000",), ""),
        (("500", "700"), ""),
        (("1,234", "500"), ""),
    ],
)
def test_a_point_that_nothing_proves_is_said(tmp_path: Path, amounts: tuple[str, ...], doubtful: str) -> None:
    path = tmp_path / "a.csv"
    rows = [f'2026-01-05 09:0{k},001,002,"{amount}",EUR' for k, amount in enumerate(amounts)]
    path.write_text("\n".join(["time,payer,payee,amount,currency", *rows]) + "\n")
    said = [warning for warning in read_ledger(path).warnings if "decimal" in warning]
    told = f"{path}: amounts such as {doubtful} are read with a decimal point; if the point stands between thousands, "
    assert said == ([f"{told}say --decimal comma"] if doubtful else [])
    assert not any("decimal" in warning for warning in read_ledger(path, decimal="point").warnings)


def test_what_is_said_helps(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,payer,payee,amount,currency\n2026-01-05 09:00,001,002,1.234,EUR\n")
    assert read_ledger(path).frame["paid"].to_list() == [1234]  # of a thousandth each
    ledger = read_ledger(path, decimal="comma")
    assert (ledger.frame["paid"].to_list(), dict(ledger.decimals)) == ([1234_00], {"EUR": 2})
