"""Speed and memory that graphflow promises, as ratios within one run.

    pytest -m benchmark -s tests/benchmarks
    GRAPHFLOW_BENCH_ROWS=100000,1000000 pytest -m benchmark -s tests/benchmarks

prints one table, line by line as it is measured, and fails where a target is missed. Ledgers are
made once and kept (GRAPHFLOW_BENCH_DIR). The peer runs if GRAPHFLOW_SNAPML_PYTHON names an
interpreter that has snapml. Everything measured runs in a process of its own, also because
Linux counts a parent's memory into the peak of its children: this one must stay small.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median

import pytest

pytestmark = pytest.mark.benchmark

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SIZES = [int(rows) for rows in os.environ.get("GRAPHFLOW_BENCH_ROWS", "100000,1000000,5000000").split(",")]
MIB = 2**20

# Targets: ratios unless the unit is in the name.
LOAD_TO_READ_CSV = 3.0
MINE_TO_SNAPML = 100.0
MINE_ROWS = 5_000_000  # below it is shown: the peer slows as hubs grow, so a short ledger flatters it
ANALYZE_TO_READ_CSV = 12.0  # with all detectors
ANALYZE_ROWS = 5_000_000  # below, starting Python is most of the time
ANALYZE_MIB = 2560
ROW_COST_LARGE_TO_SMALL = 1.3
COMPILE_SECONDS = 10.0
COMPILE_ROWS = 500_000  # enough that nothing runs interpreted
HELP_SECONDS = 0.3
RETURN_TO_READ_CSV = 8.0
TRACE_TO_READ_CSV = 4.0
TRACE_ROWS = 5_000_000
TRACE_MIB = 2048
RETURN_ROWS = 1_000_000
RETURN_MIB = 2560
WORKBOOK_ROWS = 300_000
TOUR_SECONDS = 5.0


@dataclass
class Table:
    """Prints a line for each figure as it comes, past pytest's capture, and fails on a miss."""

    write: Callable[[str], None]
    started: bool = field(default=False)

    def row(self, rows: int | None, figure: str, value: float, unit: str, target: str, note: str) -> None:
        if not self.started:
            self.started = True
            self._line("rows", "figure", "measured", "target", "")
        size = "-" if rows is None else f"{rows:,}"
        self._line(size, figure, f"{value:,.2f} {unit}", target, note)

    def at_most(
        self,
        limit: float,
        value: float,
        figure: str,
        *,
        rows: int | None = None,
        unit: str = "x",
        note: str = "",
        holds: bool = True,
    ) -> None:
        """Show `value` and assert the limit; `holds=False` only shows it."""
        verdict = _verdict(value <= limit, holds)
        self.row(rows, figure, value, unit, f"<= {limit:g} {unit}", f"{verdict}  {note}")
        assert value <= limit or not holds, f"{figure}: {value:.2f} {unit}, target <= {limit:g}"

    def at_least(self, limit: float, value: float, figure: str, *, rows: int, note: str, holds: bool) -> None:
        """The same for a figure that must be large."""
        verdict = _verdict(value >= limit, holds)
        self.row(rows, figure, value, "x", f">= {limit:g} x", f"{verdict}  {note}")
        assert value >= limit or not holds, f"{figure}: {value:.2f} x, target >= {limit:g}"

    def _line(self, *cells: str) -> None:
        rows, figure, value, target, note = cells
        self.write(f"{rows:>10}  {figure:<34} {value:>14}  {target:>12}  {note}".rstrip())


def _verdict(met: bool, holds: bool) -> str:
    if not holds:
        return "shown "
    return "met   " if met else "MISSED"


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    terminal = pytestconfig.pluginmanager.getplugin("terminalreporter")

    def write(line: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.write(f"\n{line} ")  # pytest's own dot then ends the line, not starts the next

    return Table(write=write)


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for outputs and compiled kernels, gone at once: they are large."""
    folder = Path(tempfile.mkdtemp(prefix="graphflow-bench-"))
    yield folder
    shutil.rmtree(folder)


# ---------------------------------------------------------------- running things


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished process: wall seconds, and the most memory it held, in MiB."""

    seconds: float
    peak_mib: float


def _environment(numba_cache: Path | None = None) -> dict[str, str]:
    """This checkout is what is measured, wherever another one may be installed."""
    path = os.pathsep.join([str(ROOT), str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    fresh = {} if numba_cache is None else {"NUMBA_CACHE_DIR": str(numba_cache)}
    return os.environ | {"PYTHONPATH": path} | fresh


def run(command: list[str], numba_cache: Path | None = None) -> Run:
    """Run to the end and say what it took; its own words are shown only if it fails."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=_environment(numba_cache),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)  # or Popen believes it still runs
        said.seek(0)
        assert process.returncode == 0, f"{command}:\n{said.read().decode(errors='replace')}"
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, KiB elsewhere
    return Run(seconds=took, peak_mib=usage.ru_maxrss * unit / MIB)


def graphflow(*arguments: str | Path, numba_cache: Path | None = None) -> Run:
    return run([sys.executable, "-m", "graphflow", *map(str, arguments)], numba_cache)


def analyze(ledger: Path, out: Path, numba_cache: Path | None = None) -> Run:
    """One whole run; its output is removed, so that no run has an earlier one to replace."""
    done = graphflow("analyze", ledger, "--out", out, numba_cache=numba_cache)
    shutil.rmtree(out)
    return done


def measure(task: str, ledger: Path) -> dict[str, float]:
    """Seconds of one task of `measure.py`."""
    figures: dict[str, float] = json.loads(_answer([str(HERE / "measure.py"), task, str(ledger)]))
    return figures


def snapml(ledger: Path) -> dict[str, float] | None:
    """The peer's figures; None where there is no snapml, and the script has said so."""
    answer = _answer([str(HERE / "peer_snapml.py"), str(ledger)])
    figures: dict[str, float] | None = json.loads(answer)
    return figures


def _answer(script: list[str]) -> str:
    """The last line that one of our scripts prints."""
    command = [sys.executable, *script]
    done = subprocess.run(command, env=_environment(), check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]


@cache
def ledger_of(rows: int) -> Path:
    """The ledger of that size, made if need be, and all of it in the page cache."""
    ledger = Path(_answer([str(HERE / "ledgers.py"), str(rows)]))
    with ledger.open("rb") as stream:
        while stream.read(16 * MIB):
            pass
    return ledger


@cache
def analyze_run(rows: int) -> Run:
    """The median of three runs of `graphflow analyze`, with warm caches."""
    ledger = ledger_of(rows)
    with tempfile.TemporaryDirectory(prefix="graphflow-bench-") as folder:
        analyze(ledger_of(min(rows, COMPILE_ROWS)), Path(folder) / "warm")
        runs = [analyze(ledger, Path(folder) / "out") for _ in range(3)]
    return sorted(runs, key=lambda one: one.seconds)[1]


# ---------------------------------------------------------------- what is promised


@pytest.mark.parametrize("rows", SIZES)
def test_load(rows: int, table: Table) -> None:
    took = measure("load", ledger_of(rows))
    note = f"{took['load']:.2f} s, read_csv {took['read_csv']:.2f} s"
    table.at_most(
        LOAD_TO_READ_CSV, took["load"] / took["read_csv"], "CSV to FlowGraph / read_csv", rows=rows, note=note
    )


@pytest.mark.parametrize("rows", SIZES)
def test_mine(rows: int, table: Table) -> None:
    took = measure("mine", ledger_of(rows))
    ours = rows / took["mine"]
    note = f"{took['mine']:.2f} s, {took['findings']:,.0f} findings"
    table.row(rows, "mining", ours / 1e6, "Mtx/s", "", f"shown   {note}")
    peer = snapml(ledger_of(rows))
    if peer is None:
        pytest.skip("no snapml: GRAPHFLOW_SNAPML_PYTHON names the interpreter that has it")
    note = f"snapml {peer['tx_per_s']:,.0f} tx/s on the first {peer['rows']:,.0f} rows"
    table.at_least(
        MINE_TO_SNAPML,
        ours / peer["tx_per_s"],
        "mining / snapml",
        rows=rows,
        note=note,
        holds=rows >= MINE_ROWS,
    )


@pytest.mark.parametrize("rows", SIZES)
def test_analyze(rows: int, table: Table) -> None:
    done = analyze_run(rows)
    floor = measure("read_csv", ledger_of(rows))["read_csv"]
    note = f"{done.seconds:.2f} s, read_csv {floor:.2f} s"
    holds = rows >= ANALYZE_ROWS
    ratio = done.seconds / floor
    table.at_most(ANALYZE_TO_READ_CSV, ratio, "analyze / read_csv", rows=rows, note=note, holds=holds)


@pytest.mark.parametrize("rows", SIZES)
def test_memory(rows: int, table: Table) -> None:
    table.at_most(ANALYZE_MIB, analyze_run(rows).peak_mib, "analyze, peak memory", rows=rows, unit="MiB")


def test_bank_return(table: Table) -> None:
    folder = Path(_answer(["-m", "benchmarks.returns", str(RETURN_ROWS)]))
    took = measure("statements", folder)
    note = f"{took['load']:.2f} s, the same bytes as texts {took['read_csv']:.2f} s"
    ratio = took["load"] / took["read_csv"]
    table.at_most(RETURN_TO_READ_CSV, ratio, "bank return to ledger / read_csv", rows=RETURN_ROWS, note=note)
    peak = measure("statements_memory", folder)["peak"]
    table.at_most(RETURN_MIB, peak, "bank return, peak memory", rows=RETURN_ROWS, unit="MiB")


def test_trace(table: Table) -> None:
    took = measure("traced", ledger_of(TRACE_ROWS))
    note = f"{took['two']:.2f} s, read_csv {took['read_csv']:.2f} s, {took['rows']:,.0f} rows"
    ratio = took["two"] / took["read_csv"]
    table.at_most(TRACE_TO_READ_CSV, ratio, "1,000 victims, FIFO and pro-rata", rows=TRACE_ROWS, note=note)
    table.at_most(TRACE_MIB, took["peak"], "1,000 victims, peak memory", rows=TRACE_ROWS, unit="MiB")
    table.row(TRACE_ROWS, "1,000 victims, all rules and bounds", took["all"], "s", "", "shown")


def test_workbook(table: Table) -> None:
    took = measure("workbook", Path(str(WORKBOOK_ROWS)))["load"]
    table.row(WORKBOOK_ROWS, "workbook to ledger", took, "s", "", "shown")


def test_cost_per_row(table: Table) -> None:
    large = max(SIZES)
    small = large // 10
    cost = {rows: analyze_run(rows).seconds / rows * 1e6 for rows in (small, large)}
    note = f"{cost[large]:.2f} us a row, {cost[small]:.2f} us at {small:,}"
    table.at_most(
        ROW_COST_LARGE_TO_SMALL,
        cost[large] / cost[small],
        "cost per row, large / small",
        rows=large,
        note=note,
    )


def test_compile(table: Table, scratch: Path) -> None:
    ledger = ledger_of(COMPILE_ROWS)
    cold, *warm = [analyze(ledger, scratch / "out", scratch / "numba").seconds for _ in range(3)]
    note = f"analyze {cold:.2f} s cold, {min(warm):.2f} s warm"
    table.at_most(COMPILE_SECONDS, cold - min(warm), "compile everything, once", unit="s", note=note)


def test_help(table: Table) -> None:
    took = median(graphflow("--help").seconds for _ in range(7))
    table.at_most(HELP_SECONDS, took, "graphflow --help", unit="s")


def test_tour_on_a_fresh_install(table: Table, scratch: Path) -> None:
    tour = ROOT / "samples" / "tour.csv"
    done = analyze(tour, scratch / "out", scratch / "numba")
    table.at_most(TOUR_SECONDS, done.seconds, "analyze tour.csv, nothing compiled", unit="s")
