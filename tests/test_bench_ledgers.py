"""The benchmark's ledgers hold what their truth says, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from benchmarks import ledgers

ROWS = 5_000
Pattern = dict[str, Any]
Hop = dict[str, Any]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ledgers.LedgerFiles:
    return ledgers.make_ledger(ROWS, seed=3, folder=tmp_path_factory.mktemp("ledgers"))


@pytest.fixture(scope="module")
def frame(files: ledgers.LedgerFiles) -> pl.DataFrame:
    names = [
        "time",
        "from",
        "payer",
        "to",
        "payee",
        "received",
        "gets_in",
        "paid",
        "pays_in",
        "format",
        "label",
    ]
    raw = pl.read_csv(files.csv, infer_schema=False, new_columns=names)
    return raw.with_columns(
        pl.col("time").str.to_datetime("%Y/%m/%d %H:%M"),
        pl.concat_str("from", "payer", separator=":").alias("payer"),
        pl.concat_str("to", "payee", separator=":").alias("payee"),
        pl.col("paid", "received").cast(pl.Float64),
    )


@pytest.fixture(scope="module")
def truth(files: ledgers.LedgerFiles) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(files.truth.read_text(encoding="utf-8"))
    return loaded


def hops(frame: pl.DataFrame, pattern: Pattern) -> list[Hop]:
    return frame[[row - 1 for row in pattern["transactions"]]].to_dicts()


def test_header_and_rows(files: ledgers.LedgerFiles) -> None:
    lines = files.csv.read_text(encoding="utf-8").splitlines(keepends=True)
    assert lines[0] == ledgers.HEADER
    assert len(lines) == ROWS + 1


def test_same_arguments_same_bytes(files: ledgers.LedgerFiles, tmp_path: Path) -> None:
    again = ledgers.make_ledger(ROWS, seed=3, folder=tmp_path)
    other = ledgers.make_ledger(ROWS, seed=4, folder=tmp_path)
    assert again.csv.read_bytes() == files.csv.read_bytes()
    assert again.truth.read_bytes() == files.truth.read_bytes()
    assert other.csv.read_bytes() != files.csv.read_bytes()


def test_chunks_do_not_lose_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "CHUNK_ROWS", 300)
    files = ledgers.make_ledger(ROWS, folder=tmp_path)
    labels = pl.read_csv(files.csv, infer_schema=False)["Is Laundering"]
    planted = {row for pattern in json.loads(files.truth.read_text())["patterns"] for row in pattern["transactions"]}
    assert len(labels) == ROWS
    assert set((labels == "1").arg_true() + 1) == planted


def test_a_found_ledger_is_not_written_again(files: ledgers.LedgerFiles) -> None:
    before = files.csv.stat().st_mtime_ns
    assert ledgers.make_ledger(ROWS, seed=3, folder=files.csv.parent) == files
    assert files.csv.stat().st_mtime_ns == before
    assert not list(files.csv.parent.glob("*.part"))


def test_the_folder_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHFLOW_BENCH_DIR", str(tmp_path))
    assert ledgers.cache_dir() == tmp_path


def test_too_few_rows_for_the_patterns(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="10 rows cannot hold"):
        ledgers.make_ledger(10, folder=tmp_path)


def test_self_transfers_are_reinvestments(frame: pl.DataFrame) -> None:
    own = frame["payer"] == frame["payee"]
    assert own.mean() == pytest.approx(ledgers.SELF_SHARE, abs=0.02)
    assert (own == (frame["format"] == "Reinvestment")).all()


def test_banks_are_text_with_leading_zeros(frame: pl.DataFrame) -> None:
    banks = frame["from"]
    assert banks.str.starts_with("0").all()
    assert banks.str.len_chars().is_between(3, 6).all()


def test_time_runs_forward_from_slot_to_slot(frame: pl.DataFrame) -> None:
    assert frame["time"].dt.truncate("30m").is_sorted()
    assert not frame["time"].is_sorted()
    days = (frame["time"] - ledgers.FIRST_DAY).dt.total_days()
    assert (days >= ledgers.BUSY_DAYS).sum() < 0.02 * ROWS
    assert (days < ledgers.DAYS).all()


def test_hubs(frame: pl.DataFrame, truth: dict[str, Any]) -> None:
    for hub, share in zip(truth["paying_hubs"], ledgers.PAYING_HUB_SHARES, strict=True):
        assert (frame["payer"] == hub).mean() == pytest.approx(share, rel=0.25)
        assert not (frame["payee"] == hub).any()
    for side in ("payer", "payee"):
        assert frame[side].is_in(truth["processors"]).mean() == pytest.approx(0.015, rel=0.4)


def test_rates_can_be_inferred(frame: pl.DataFrame) -> None:
    changed = frame.filter((pl.col("pays_in") != pl.col("gets_in")) & (pl.col("paid") > 100))
    assert changed.height / ROWS == pytest.approx(ledgers.CROSS_SHARE, rel=0.5)
    usd = dict(zip(ledgers.CURRENCIES, ledgers.USD_PER, strict=True))
    paid = pl.col("paid") * pl.col("pays_in").replace_strict(usd)
    received = pl.col("received") * pl.col("gets_in").replace_strict(usd)
    ratio = changed.filter(pl.col("received") > 100).select(received / paid).to_series()
    assert ratio.is_between(0.99, 1.01).all()
    same = frame.filter(pl.col("pays_in") == pl.col("gets_in"))
    assert (same["paid"] == same["received"]).all()


def test_patterns_cite_labelled_rows_within_their_window(frame: pl.DataFrame, truth: dict[str, Any]) -> None:
    cited = [row for pattern in truth["patterns"] for row in pattern["transactions"]]
    assert sorted(cited) == ((frame["label"] == "1").arg_true() + 1).to_list()
    for pattern in truth["patterns"]:
        rows = hops(frame, pattern)
        span = max(row["time"] for row in rows) - min(row["time"] for row in rows)
        assert span.total_seconds() <= pattern["window_minutes"] * 60
        assert {row["payer"] for row in rows} | {row["payee"] for row in rows} == set(pattern["accounts"])
        assert pattern["currency"] is None or {row["pays_in"] for row in rows} == {pattern["currency"]}


def is_walk(rows: list[Hop]) -> bool:
    """Each hop leaves where the one before arrived, and later."""
    return all(a["payee"] == b["payer"] and a["time"] < b["time"] for a, b in pairwise(rows))


def parts(rows: list[Hop]) -> tuple[set[str], set[str]]:
    return {row["payer"] for row in rows}, {row["payee"] for row in rows}


def is_two_steps(rows: list[Hop]) -> bool:
    """Everything received in the middle came before anything was paid from there."""
    payers, payees = parts(rows)
    middle = payers & payees
    arrived = [row["time"] for row in rows if row["payee"] in middle]
    left = [row["time"] for row in rows if row["payer"] in middle]
    return bool(middle) and max(arrived) < min(left) and len(arrived) + len(left) == len(rows)


def ends(rows: list[Hop], payers: bool, payees: bool) -> bool:
    """Whether there is one account only that pays, and one only that is paid."""
    paying, paid = parts(rows)
    return (len(paying - paid) == 1) == payers and (len(paid - paying) == 1) == payees


FORMS: dict[str, Callable[[list[Hop]], bool]] = {
    "cycle": lambda rows: is_walk(rows) and 2 <= len(rows) <= 10 and rows[-1]["payee"] == rows[0]["payer"],
    "chain": lambda rows: is_walk(rows) and 3 <= len(rows) <= 10 and rows[-1]["payee"] != rows[0]["payer"],
    "fan-in": lambda rows: ends(rows, False, True) and len(parts(rows)[0]) == len(rows) >= 3,
    "fan-out": lambda rows: ends(rows, True, False) and len(parts(rows)[1]) == len(rows) >= 3,
    "scatter-gather": lambda rows: ends(rows, True, True) and is_two_steps(rows),
    "gather-scatter": lambda rows: ends(rows, False, False) and is_two_steps(rows),
    "bipartite": lambda rows: len(rows) == len(parts(rows)[0]) * len(parts(rows)[1]),
    "stack": lambda rows: ends(rows, False, False) and is_two_steps(rows),
}


@pytest.mark.parametrize("kind", FORMS)
def test_every_pattern_has_its_form(kind: str, frame: pl.DataFrame, truth: dict[str, Any]) -> None:
    of_kind = [pattern for pattern in truth["patterns"] if pattern["kind"] == kind]
    assert len(of_kind) >= 3
    for pattern in of_kind:
        assert FORMS[kind](hops(frame, pattern))


def test_every_planted_kind_is_checked() -> None:
    assert set(FORMS) == set(ledgers.SHAPES)
