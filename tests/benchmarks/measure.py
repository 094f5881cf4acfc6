"""What the benchmarks time, each in a process of its own: one JSON line on stdout.

    python tests/benchmarks/measure.py load LEDGER.csv

A process of its own keeps one figure's memory and warm caches out of the next one's.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

Figures = dict[str, float]


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call; what it made is freed before the next one."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def read_csv(path: str, rounds: int = 3) -> Figures:
    """Polars' own reader on all columns, the floor that everything is compared with."""
    return {"read_csv": median(seconds(lambda: pl.read_csv(path)) for _ in range(rounds))}


def load(path: str, rounds: int = 3) -> Figures:
    """CSV to FlowGraph, turn by turn with Polars' reader, so that a busy machine hurts both."""
    import graphflow as gf

    gf.FlowGraph(gf.read_ledger(path))  # page cache, imports, compiled kernels
    floor, graph = [], []
    for _ in range(rounds):
        floor.append(seconds(lambda: pl.read_csv(path)))
        graph.append(seconds(lambda: gf.FlowGraph(gf.read_ledger(path))))
    return {"read_csv": median(floor), "load": median(graph)}


def statements(folder: str, rounds: int = 3) -> Figures:
    """A bank return to a ledger, turn by turn with Polars reading the same bytes as texts."""
    import graphflow as gf

    files = sorted(Path(folder).iterdir())

    def as_texts() -> None:
        for file in files:
            pl.read_csv(file, encoding="gb18030", infer_schema=False)

    gf.read_ledger(folder)
    floor, ledger = [], []
    for _ in range(rounds):
        floor.append(seconds(as_texts))
        ledger.append(seconds(lambda: gf.read_ledger(folder)))
    return {"read_csv": median(floor), "load": median(ledger)}


def statements_memory(folder: str) -> Figures:
    """The most memory that reading a bank return takes, in MiB."""
    import graphflow as gf

    gf.read_ledger(folder)
    return {"peak": most_memory()}


def most_memory() -> float:
    """The most memory that this process has held, in MiB."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def traced(path: str, rounds: int = 3) -> Figures:
    """A thousand victims' payments through a loaded ledger: under FIFO and pro-rata, and all rules with bounds."""
    import numpy as np

    import graphflow as gf
    from graphflow.trace.flows import traced as cut_to
    from graphflow.trace.taint import carried

    ledger = gf.read_ledger(path)
    graph = gf.FlowGraph(ledger)
    others = np.flatnonzero(ledger.payer_codes != ledger.payee_codes)
    rows = np.sort(np.random.default_rng(7).choice(others, 1000, replace=False))
    part = ledger.frame[rows.tolist()]
    payments = part.select(
        victim="payer", amount="paid", currency=pl.col("paid_currency").cast(pl.String)
    ).with_columns(row=pl.Series(rows.astype(np.uint32)))

    def two_rules() -> None:
        cut = cut_to(graph.flow, payments)
        for rule in ("fifo", "pro_rata"):
            carried(cut.flows, rule)

    two_rules()
    two = median(seconds(two_rules) for _ in range(rounds))
    peak = most_memory()  # before anything else is held: all columns read by Polars are as much again
    every = median(seconds(lambda: gf.trace(graph, payments)) for _ in range(rounds))
    found = float(gf.trace(graph, payments).taints.rows.height)
    return {"two": two, "all": every, "rows": found, "peak": peak, **read_csv(path)}


def workbook(rows: str) -> Figures:
    """A workbook of so many transfers to a ledger."""
    import xlsxwriter

    import graphflow as gf

    with tempfile.TemporaryDirectory(prefix="graphflow-bench-") as scratch:
        path = Path(scratch) / "transfers.xlsx"
        book = xlsxwriter.Workbook(path, {"constant_memory": True})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("time", "payer", "payee", "amount", "currency"))
        for row in range(1, int(rows) + 1):
            time_text = f"2026-01-{row % 28 + 1:02} {row % 24:02}:00:{row % 60:02}"
            sheet.write_row(row, 0, (time_text, f"P{row % 5000:05}", f"Q{row % 7000:05}", row % 900 + 0.25, "CNY"))
        book.close()
        return {"load": median(seconds(lambda: gf.read_ledger(path)) for _ in range(3))}


def mine(path: str, rounds: int = 3) -> Figures:
    """The four detectors on a graph that is ready; a fresh one each round, for it may keep indices."""
    import graphflow as gf

    day = timedelta(hours=24)
    detectors: list[Any] = [gf.Cycle(window=day, max_hops=10), gf.FanIn(), gf.FanOut(), gf.MuleChain()]
    ledger = gf.read_ledger(path)
    found: list[int] = []

    def one_round() -> float:
        graph = gf.FlowGraph(ledger)
        return seconds(lambda: found.append(len(list(gf.detect(graph, detectors=detectors)))))

    one_round()  # kernels come from the cache
    took = median(one_round() for _ in range(rounds))
    return {"mine": took, "findings": found[-1]}


if __name__ == "__main__":
    tasks: tuple[Callable[[str], Figures], ...] = (
        read_csv,
        load,
        mine,
        statements,
        statements_memory,
        workbook,
        traced,
    )
    print(json.dumps({task.__name__: task for task in tasks}[sys.argv[1]](sys.argv[2])))
