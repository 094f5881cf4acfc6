"""What stores in pieces cost: time a row and memory as they grow, and what workers gain.

    GRAPHFLOW_BENCH_LARGE=5000000,20000000 pytest -m benchmark -s tests/benchmarks/test_large.py

The ledgers are made once and kept (GRAPHFLOW_BENCH_DIR): 20 million rows are 1.8 GB, their store and work folder 4 GB.
Memory is the largest resident set of a process, by the system's account.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks.test_speed import Run, Table, graphflow, ledger_of

SIZES = [int(rows) for rows in os.environ.get("GRAPHFLOW_BENCH_LARGE", "1000000,5000000").split(",")]
COST_LARGE_TO_SMALL = 1.3
PEAK_MIB = 2560
TWO_WORKERS_TO_ONE = 1.6
ONE_WORKER_TO_THREADS = 1.25
HOLDS_FROM = 20_000_000  # smaller ones are shown: starting processes is much of their time

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="graphflow-bench-") as made:
        yield Path(made)


@cache
def store(rows: int, folder: Path) -> tuple[Path, Run]:
    """The store of a ledger, and what it took to make."""
    made = folder / f"store-{rows}"
    return made, graphflow("ingest", ledger_of(rows), "--store", made)


@cache
def analyzed(rows: int, folder: Path, *options: str) -> Run:
    """What analyzing it in pieces takes, with written results."""
    made, _ = store(rows, folder)
    return graphflow("analyze", made, "--out", folder / "out", *options)


def test_from_csv_to_results(table: Table, folder: Path) -> None:
    """Time a row of the largest against the smallest, and memory of all."""
    cost = {}
    for rows in SIZES:
        _, ingested = store(rows, folder)
        run = analyzed(rows, folder, "--executor", "threads")
        cost[rows] = (ingested.seconds + run.seconds) / rows
        peak = max(ingested.peak_mib, run.peak_mib)
        note = f"ingest {ingested.seconds:.0f} s, analyze {run.seconds:.0f} s"
        table.at_most(PEAK_MIB, peak, "store, peak", rows=rows, unit="MiB", note=note, holds=rows >= HOLDS_FROM)
    ratio = cost[max(SIZES)] / cost[min(SIZES)]
    holds = max(SIZES) >= HOLDS_FROM
    table.at_most(COST_LARGE_TO_SMALL, ratio, "store, time a row to smallest", rows=max(SIZES), holds=holds)


def test_workers(table: Table, folder: Path) -> None:
    """Two Dask workers against one, and one against this process with one thread."""
    rows = max(SIZES)
    two, one = (analyzed(rows, folder, "--executor", "dask", "--workers", str(n)).seconds for n in (2, 1))
    alone = analyzed(rows, folder, "--executor", "processes", "--workers", "1").seconds
    holds = rows >= HOLDS_FROM
    table.at_least(TWO_WORKERS_TO_ONE, one / two, "two Dask workers to one", rows=rows, note="", holds=holds)
    table.at_most(ONE_WORKER_TO_THREADS, one / alone, "one Dask worker to a process", rows=rows, holds=holds)
