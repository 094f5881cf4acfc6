"""The benchmark's bank return is what it says: both sides of every transfer, and balances that go on."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from benchmarks import returns

from graphflow.simulate.bank_return import COLUMNS

ROWS = 6_000
Cells = dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(returns, "CHUNK_ROWS", 500)  # several chunks a file: one header all the same
        return returns.make_return(ROWS, seed=3, folder=tmp_path_factory.mktemp("returns"))


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Cells]:
    return [row for path in sorted(folder.glob("*_交易明细信息.csv")) for row in table(path)]


def table(path: Path) -> list[Cells]:
    with path.open(encoding="gb18030", newline="") as stream:
        return [{name: cell.strip("\t") for name, cell in row.items()} for row in csv.DictReader(stream)]


def test_both_sides_of_every_transfer(rows: list[Cells]) -> None:
    assert len(rows) == ROWS
    assert list(rows[0]) == list(COLUMNS)
    assert len(COLUMNS) == 34
    sides = defaultdict(list)
    for row in rows:
        sides[row["交易流水号"]].append(row)
    assert len(sides) == ROWS // 2
    for pair in sides.values():
        out, into = sorted(pair, key=lambda row: "出进".index(row["收付标志"]))
        assert (out["收付标志"], into["收付标志"]) == ("出", "进")
        assert (out["交易卡号"], out["交易对手账卡号"]) == (into["交易对手账卡号"], into["交易卡号"])
        assert out["交易卡号"] != into["交易卡号"]
        assert out["交易金额"] == into["交易金额"]
        apart = datetime.fromisoformat(into["交易时间"]) - datetime.fromisoformat(out["交易时间"])
        assert 0 <= apart.total_seconds() <= returns.LATEST


def test_balances_go_on(folder: Path, rows: list[Cells]) -> None:
    listed = {row["卡号"]: row for path in sorted(folder.glob("*_账户信息.csv")) for row in table(path)}
    assert len(listed) == ROWS // returns.ROWS_PER_ACCOUNT
    accounts = defaultdict(list)
    for row in rows:
        assert row["交易账号"] == listed[row["交易卡号"]]["账号"]
        accounts[row["交易卡号"]].append(row)
    for card, own in accounts.items():
        for before, after in pairwise(own):
            assert before["交易时间"] <= after["交易时间"]
            moved = Decimal(after["交易金额"]) * (1 if after["收付标志"] == "进" else -1)
            assert Decimal(before["交易余额"]) + moved == Decimal(after["交易余额"]) >= 0
        assert listed[card]["账户余额"] == own[-1]["交易余额"]


def test_made_once_and_the_same_again(folder: Path, tmp_path: Path) -> None:
    files = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert returns.make_return(ROWS, seed=3, folder=folder.parent) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == files
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    again, other = returns.make_return(ROWS, seed=3, folder=tmp_path), returns.make_return(ROWS, 4, tmp_path)
    assert again != other
    for name in files:
        assert (again / name).read_bytes() == (folder / name).read_bytes() != (other / name).read_bytes()


def test_half_a_transfer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="7 rows cannot be two for each transfer"):
        returns.make_return(7, folder=tmp_path)
