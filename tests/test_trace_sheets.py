"""The trace folder: the columns that scripts rely on, amounts in major units, cells that no spreadsheet runs."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from traces import trace_of

from graphflow.view.trace_folder import write_trace

COLUMNS = {
    "choke_points": ["kind", "account", "transaction", "file", "row", "carries", "currency", "reason"],
    "key_accounts": ["account", "bank", "name", "tier", "points", "reasons", "victims", "amount"],
    "early_warning": ["account", "payee", "last_payment", "amount", "file", "row", "why"],
    "freeze_simulator": ["accounts", "delay_minutes", "kept", "share"],
}
ROWS = [
    ("V", "=A", 0, 500_000), ("=A", "B", 10, 500_000), ("P", "=A", 20, 400_000), ("B", "X", 30, 450_000),
    ("=A", "B", 40, 400_000), ("W", "Y", 50, 100),
]  # fmt: skip


def sheet(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{name}.csv", infer_schema=False)


def test_the_tables_are_in_the_folder(tmp_path: Path) -> None:
    folder = write_trace(trace_of(ROWS, [0, 5]), tmp_path / "out")
    sheets = {name: sheet(folder, name) for name in COLUMNS}
    for name, columns in COLUMNS.items():
        assert set(columns) <= set(sheets[name].columns), name
    assert sheets["choke_points"].select("account", "carries").rows()[:2] == [("'=A", "5000.00"), ("B", "4500.00")]
    assert sheets["early_warning"].select("account", "payee", "amount", "row").row(0) == ("P", "'=A", "4000.00", "3")
    assert sheets["freeze_simulator"].select("accounts", "delay_minutes", "kept").row(0) == ("1", "0", "500.00")
    truncated = json.loads((folder / "run.json").read_text())["truncated"]
    assert truncated == ["choke points: 1 reported payment went straight to an end: nothing lies between"]


def test_the_same_trace_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_trace(trace_of(ROWS, [0, 5]), tmp_path / name) for name in ("a", "b"))
    for name in COLUMNS:
        assert (first / f"{name}.csv").read_bytes() == (second / f"{name}.csv").read_bytes()
