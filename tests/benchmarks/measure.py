"""What the benchmarks time, each in a process of its own: one JSON line on stdout.

    python tests/benchmarks/measure.py load LEDGER.csv

A process of its own keeps one figure's memory and warm caches out of the next one's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
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
    tasks: dict[str, Callable[[str], Figures]] = {"read_csv": read_csv, "load": load, "mine": mine}
    print(json.dumps(tasks[sys.argv[1]](sys.argv[2])))
