"""What stores in pieces cost: time a row and memory as they grow, what workers gain, and what a next run saves.

    GRAPHFLOW_BENCH_LARGE=5000000,20000000 pytest -m benchmark -s tests/benchmarks/test_large.py
    GRAPHFLOW_BENCH_LARGE=20000000,100000000/5 pytest -m benchmark -s tests/benchmarks/test_large.py -k store

Sizes are rows, and after a stroke how many periods of 18 days they fill (one if nothing is said). The ledgers are made
once and kept (GRAPHFLOW_BENCH_DIR): 20 million rows are 1.8 GB, their store and work folder 4 GB. Memory is the largest
resident set of a process, by the system's account.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.ledgers import make_ledger
from benchmarks.test_speed import Run, Table, graphflow


class Size(NamedTuple):
    """Rows of a ledger, and the periods of 18 days that they fill."""

    rows: int
    periods: int = 1

    @classmethod
    def of(cls, text: str) -> Size:
        rows, _, periods = text.partition("/")
        return cls(int(rows), int(periods or 1))


SIZES = [Size.of(text) for text in os.environ.get("GRAPHFLOW_BENCH_LARGE", "1000000,5000000").split(",")]
SMALLEST, LARGEST = min(SIZES), max(SIZES)
HOLDS_FROM, HUGE = 20_000_000, 100_000_000
"""Rows from which the goals hold; smaller ones are shown: starting processes is much of their time."""
COST_LARGE_TO_SMALL, COST_HUGE_TO_LARGE = 1.3, 1.4
PEAK_MIB, PEAK_HUGE_MIB = 2560, 6144
TWO_WORKERS_TO_ONE = 1.6
ONE_WORKER_TO_THREADS = 1.25

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="graphflow-bench-") as made:
        yield Path(made)


@cache
def store(size: Size, folder: Path) -> tuple[Path, Run]:
    """The store of a ledger, and what it took to make."""
    made = folder / f"store-{size.rows}"
    return made, graphflow("ingest", make_ledger(size.rows, periods=size.periods).csv, "--store", made)


@cache
def analyzed(size: Size, folder: Path, *options: str) -> Run:
    """What analyzing it in pieces takes, with written results."""
    made, _ = store(size, folder)
    return graphflow("analyze", made, "--out", folder / f"out-{size.rows}", *options)


def test_store_to_results(table: Table, folder: Path) -> None:
    """Time a row against the smallest, and memory, of all sizes; from 100 million rows on from the store alone."""
    for size in sorted(SIZES):
        _, ingested = store(size, folder)
        run = analyzed(size, folder, "--executor", "threads")
        peak, huge = max(ingested.peak_mib, run.peak_mib), size.rows >= HUGE
        note = f"ingest {ingested.seconds:.0f} s, analyze {run.seconds:.0f} s"
        limit, goal = (PEAK_HUGE_MIB, COST_HUGE_TO_LARGE) if huge else (PEAK_MIB, COST_LARGE_TO_SMALL)
        holds = size.rows >= HOLDS_FROM
        table.at_most(limit, peak, "store, peak", rows=size.rows, unit="MiB", note=note, holds=holds)
        if size != SMALLEST:
            spent, least = (_seconds(each, folder, ingest=not huge) / each.rows for each in (size, SMALLEST))
            table.at_most(goal, spent / least, "store, time a row to smallest", rows=size.rows, holds=holds)


def _seconds(size: Size, folder: Path, *, ingest: bool) -> float:
    spent = analyzed(size, folder, "--executor", "threads").seconds
    return spent + store(size, folder)[1].seconds if ingest else spent


def test_workers(table: Table, folder: Path) -> None:
    """Two Dask workers against one, and one against this process with one thread."""
    rows = LARGEST.rows
    two, one = (analyzed(LARGEST, folder, "--executor", "dask", "--workers", str(n)).seconds for n in (2, 1))
    alone = analyzed(LARGEST, folder, "--executor", "processes", "--workers", "1").seconds
    holds = rows >= HOLDS_FROM
    table.at_least(TWO_WORKERS_TO_ONE, one / two, "two Dask workers to one", rows=rows, note="", holds=holds)
    table.at_most(ONE_WORKER_TO_THREADS, one / alone, "one Dask worker to a process", rows=rows, holds=holds)


def test_next_run(table: Table, folder: Path) -> None:
    """A run of which all is kept from the one before: the most that `--since` can save."""
    options = ("--since", "2022-09-18", "--work", str(folder / "kept"))
    first = analyzed(LARGEST, folder, *options).seconds
    made, _ = store(LARGEST, folder)
    again = graphflow("analyze", made, "--out", folder / f"out-{LARGEST.rows}", *options)
    note = f"{first:.0f} s, then {again.seconds:.0f} s"
    table.at_most(1.0, again.seconds / first, "next run to first", rows=LARGEST.rows, note=note, holds=False)
