"""The peer: how many transactions a second IBM snapml's GraphFeaturePreprocessor gets through.

snapml is proprietary. It is used here only, never a dependency, and lives in an environment of
its own that somebody made by hand (snapml and numpy are all it needs). Name its interpreter:

    GRAPHFLOW_SNAPML_PYTHON=.../bin/python python tests/benchmarks/peer_snapml.py LEDGER.csv

prints one line, `{"rows": ..., "seconds": ..., "tx_per_s": ...}`, or null and the reason where
there is no snapml. This file is also what that other interpreter runs, on encoded columns, so
nothing but numpy may be imported at the top.

Settings: the windows IBM publishes for AMLworld (scatter-gather 6 h, the others 24 h), batches of
4096 rows (the fastest with two threads), as many rows as fit into the time given. Rows get slower
as hubs grow, so a short ledger flatters the peer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 60.0
BATCH_ROWS = 4096
THREADS = 2
HOUR = 3600
WINDOWS = {"fan": 24, "degree": 24, "scatter-gather": 6, "temp-cycle": 24}  # hours
BINS = list(range(2, 11))
MOST_ROWS = 2_000_000  # to encode; far more than a minute is enough for


def rate(ledger: Path, seconds: float | None = None) -> dict[str, float] | None:
    """Rows, seconds and rows a second of snapml on a ledger in AMLworld's format.

    `seconds` is when to stop; by default GRAPHFLOW_SNAPML_SECONDS, or 60. None, and a line on
    stderr, where snapml cannot be imported.
    """
    python = os.environ.get("GRAPHFLOW_SNAPML_PYTHON") or sys.executable
    limit = seconds or float(os.environ.get("GRAPHFLOW_SNAPML_SECONDS") or SECONDS)
    if not _has_snapml(python):
        print("no snapml: set GRAPHFLOW_SNAPML_PYTHON to an interpreter that has it", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as folder:
        columns = Path(folder) / "columns.npy"
        np.save(columns, encode(ledger))
        command = [python, __file__, "--child", str(columns), str(limit)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: dict[str, float] = json.loads(answer.splitlines()[-1])
    return measured


def _has_snapml(python: str) -> bool:
    try:
        found = subprocess.run([python, "-c", "import snapml"], capture_output=True, check=False)
    except OSError:
        return False
    return found.returncode == 0


def encode(ledger: Path, rows: int = MOST_ROWS) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The first rows as snapml wants them: id, payer, payee, seconds, amount; all floats.

    In time order, for rows that arrive late make it miss cycles.
    """
    import polars as pl

    frame = pl.read_csv(ledger, n_rows=rows, infer_schema=False)
    stamp, from_bank, payer, to_bank, payee, _, _, paid = frame.columns[:8]
    frame = frame.select(
        (pl.col(stamp).str.to_datetime("%Y/%m/%d %H:%M").dt.timestamp("ms") // 1000).alias("time"),
        pl.concat_str(from_bank, payer, separator=":").alias("payer"),
        pl.concat_str(to_bank, payee, separator=":").alias("payee"),
        pl.col(paid).cast(pl.Float64).alias("paid"),
    ).sort("time", maintain_order=True)
    ends = pl.concat([frame["payer"], frame["payee"]]).cast(pl.Categorical).to_physical().to_numpy()
    payers, payees = np.split(ends, 2)
    time_ = frame["time"].to_numpy() - frame["time"][0]
    return np.column_stack([np.arange(len(frame)), payers, payees, time_, frame["paid"]]).astype(np.float64)


def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = {
        "num_threads": THREADS,
        "time_window": 24 * HOUR,
        "max_no_edges": -1,
        "vertex_stats": False,
        "lc-cycle": False,
    }
    for pattern, hours in WINDOWS.items():
        settings |= {pattern: True, f"{pattern}_tw": hours * HOUR, f"{pattern}_bins": BINS}
    return settings


def _child(columns: Path, seconds: float) -> dict[str, float]:
    from snapml import GraphFeaturePreprocessor  # type: ignore[import-not-found]

    rows = np.load(columns)
    peer = GraphFeaturePreprocessor()
    peer.set_params(_settings())
    done, began = 0, time.perf_counter()
    while done < len(rows) and time.perf_counter() - began < seconds:
        done += len(peer.transform(rows[done : done + BATCH_ROWS]))
    took = time.perf_counter() - began
    return {"rows": done, "seconds": round(took, 3), "tx_per_s": round(done / took, 1)}


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        print(json.dumps(_child(Path(sys.argv[2]), float(sys.argv[3]))))
    else:
        print(json.dumps(rate(Path(sys.argv[1]))))
