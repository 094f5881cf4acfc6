"""Several files in one run: mappings remembered by header, files that tell of the same money, clocks of other steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphflow import read_ledger
from graphflow.errors import ColumnError, SourceError
from graphflow.ledger import Ledger

ODD = "When,Giver,Taker,Much\n2026-01-05 09:00,A,B,5\n"
MAPPING = {"time": "When", "payer": "Giver", "payee": "Taker", "amount": "Much"}
HEAD = "time,payer,payee,amount,currency\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def said(ledger: Ledger, word: str) -> list[str]:
    return [line for line in ledger.warnings if word in line]


def test_a_mapping_is_remembered_for_the_header_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    first = write(tmp_path, "a.csv", ODD)
    with pytest.raises(ColumnError):
        read_ledger(first, remembered=folder)
    read_ledger(first, mapping=MAPPING, remembered=folder)
    again = read_ledger(write(tmp_path, "b.csv", ODD.replace("A,B,5", "C,D,7")), remembered=folder)
    assert again.frame.select("payer", "payee", "paid").rows() == [("C", "D", 700)]
    assert len(said(again, "columns as given before for the same header")) == 1


def test_nothing_is_remembered_without_a_folder_or_of_a_file_that_failed(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    path = write(tmp_path, "a.csv", ODD)
    read_ledger(path, mapping=MAPPING)
    with pytest.raises(SourceError):
        read_ledger(write(tmp_path, "b.csv", ODD.replace(",5", ",five")), mapping=MAPPING, remembered=folder)
    assert not folder.exists()


def test_a_damaged_memory_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    path = write(tmp_path, "a.csv", ODD)
    read_ledger(path, mapping=MAPPING, remembered=folder)
    next(folder.iterdir()).write_text("[map\n", encoding="utf-8")
    with pytest.raises(SourceError, match="the mapping remembered there cannot be read; delete it, or give --map"):
        read_ledger(path, remembered=folder)


def test_files_that_tell_of_the_same_money_are_named(tmp_path: Path) -> None:
    rows = [f"2026-01-05 09:{k:02}:00,A{k},B,5.00,CNY\n" for k in range(10)]
    one = write(tmp_path, "one.csv", HEAD + "".join(rows))
    same = write(tmp_path, "same.csv", HEAD + "".join(rows[:6]) + "2026-01-06 09:00:00,Z,B,5.00,CNY\n")
    few = write(tmp_path, "few.csv", HEAD + "".join(rows[:4]) + "2026-01-06 09:00:00,Y,B,5.00,CNY\n")
    (line,) = said(read_ledger([one, same]), "give only one of them")
    assert "6 of its 7 transfers are in" in line
    assert not said(read_ledger([one, few]), "give only one of them")
    assert not said(read_ledger(one), "give only one of them")


def test_a_few_coarse_times_do_not_take_the_clock_from_the_rest(tmp_path: Path) -> None:
    fine = write(
        tmp_path, "fine.csv", HEAD + "".join(f"2026-01-05 09:00:{k % 60:02},A{k},B,5,CNY\n" for k in range(99))
    )
    coarse = write(tmp_path, "coarse.csv", HEAD + "2026-01-05,C,D,5,CNY\n")
    both = read_ledger([fine, coarse])
    assert both.precision.total_seconds() == 1
    assert len(said(both, "its times are told by the 1 day only")) == 1
    assert read_ledger(coarse).precision.days == 1
