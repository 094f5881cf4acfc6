"""Whoever is killed, whenever: the same result in the end, and what was done is not done again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import graphflow as gf
from graphflow.store import ingest

SMALL = Path(__file__).parent / "small_pieces.py"
FAST = ["--rules", "intl-app", "--pages", "1"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    gf.simulate(accounts=250, days=10).write(folder / "town", dialect="two-sided")
    ingest(folder / "town" / "transfers.csv", folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def expected(store: Path) -> dict[str, bytes]:
    out = store.parent / "expected"
    subprocess.run([sys.executable, SMALL, "analyze", store, "--out", out, *FAST], check=True, capture_output=True)
    return files_of(out)


def files_of(folder: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    ledger, run = found.pop("ledger.parquet"), found.pop("run.json")
    assert ledger
    assert run
    return found


def begun(store: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """A run in a session of its own, as a terminal would have it."""
    command = [sys.executable, str(SMALL), "analyze", str(store), "--out", str(out), *FAST, *options]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def workers_of(pid: int) -> list[int]:
    """Processes that a run started to work for it."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if not folder.name.isdigit() or "spawn_main" not in (folder / "cmdline").read_text():
                continue
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def until(condition: Callable[[], object], run: subprocess.Popen[str]) -> None:
    while run.poll() is None and not condition():
        time.sleep(0.01)


def results(out: Path) -> list[Path]:
    """Files of pieces that are done."""
    work = out.with_name(f"{out.name}.work")
    return sorted(path for kind in ("facts", "bucket", "stretch") for path in work.glob(f"{kind}-*.npz"))


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds workers by /proc")


def kill_a_worker(executor: str, store: Path, out: Path, rng: random.Random) -> tuple[bool, str]:
    """Whether a worker was killed, and what the run said."""
    done = rng.randint(0, 8)
    with begun(store, out, "--executor", executor, "--workers", "2") as run:
        until(lambda: len(results(out)) >= done and workers_of(run.pid), run)
        time.sleep(rng.random() / 5)
        victims = workers_of(run.pid)
        for victim in victims[:1]:
            os.kill(victim, signal.SIGKILL)
        _, said = run.communicate(timeout=120)
    assert run.returncode == 0, said
    return bool(victims), said


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_a_worker_is_killed(executor: str, store: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    killed, said = kill_a_worker(executor, store, tmp_path / "out", random.Random(1))
    assert killed
    assert "Traceback" not in said
    assert files_of(tmp_path / "out") == expected


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_workers_are_killed_twenty_times(
    executor: str, store: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    rng, number = random.Random(2), 0
    for k in range(20):
        number += kill_a_worker(executor, store, tmp_path / f"out{k}", rng)[0]
        assert files_of(tmp_path / f"out{k}") == expected
    assert number >= 15


def goes_on(store: Path, out: Path, expected: dict[str, bytes], options: Sequence[str] = ()) -> None:
    """What was done is not done again, and the result is the same."""
    before = {path.name: path.stat().st_mtime_ns for path in results(out)}
    with begun(store, out, "--resume", *options) as run:
        seen: dict[str, int] = {}

        def look() -> bool:
            for path in results(out):
                try:
                    seen[path.name] = path.stat().st_mtime_ns
                except OSError:
                    continue
            return False

        until(look, run)
        said = run.communicate()[1]
    assert run.returncode == 0, said
    assert {name: seen[name] for name in before if name in seen} == {n: t for n, t in before.items() if n in seen}
    assert set(before) <= set(seen)
    assert files_of(out) == expected
    assert not out.with_name(f"{out.name}.work").exists()


@needs_proc
@pytest.mark.parametrize(
    "executor", ["threads", *(pytest.param(name, marks=pytest.mark.slow) for name in ("processes", "dask"))]
)
def test_the_run_is_killed_and_goes_on(executor: str, store: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    out, options = tmp_path / "out", ["--executor", executor, "--workers", "2"]
    with begun(store, out, *options) as run:
        until(lambda: len(results(out)) >= 3, run)
        workers = workers_of(run.pid)
        run.kill()
        run.communicate()
    assert run.returncode == -signal.SIGKILL
    assert not out.exists()
    for _ in range(500):  # who works for a run that is gone ends
        if not any(Path(f"/proc/{worker}").exists() for worker in workers):
            break
        time.sleep(0.02)
    else:
        pytest.fail("workers of a run that was killed go on")
    goes_on(store, out, expected, options)


@needs_proc
@pytest.mark.parametrize(
    "executor", ["threads", *(pytest.param(name, marks=pytest.mark.slow) for name in ("processes", "dask"))]
)
def test_ctrl_c_says_how_to_go_on(executor: str, store: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with begun(store, out, "--executor", executor, "--workers", "2") as run:
        until(lambda: len(results(out)) >= 2, run)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 130, said
    assert said.strip().splitlines()[-1] == (
        f"graphflow: stopped; what is done is in {out}.work: the same command with --resume goes on from it"
    )
    assert "Traceback" not in said
    assert not out.exists()
    if executor == "threads":
        goes_on(store, out, expected)
