"""What can go wrong while a store is worked off: one line that says what to do, and nothing lost."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphflow as gf
from graphflow.errors import GraphflowError, OutputError, SourceError
from graphflow.scale import packing, tasks
from graphflow.scale.analyzing import Scale, analyze_store
from graphflow.scale.choosing import scale_of
from graphflow.scale.executors import Dask, Executor, Processes, Threads
from graphflow.scale.workfolder import LOCK, apart, at_work
from graphflow.store import ingest
from graphflow.store.lock import only_one
from graphflow.store.manifest import NAME, load
from graphflow.view.folder import open_results

DETECTORS = [gf.Cycle(), gf.FanIn(min_payers=3)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    lines = [
        f"2026-01-{1 + k % 5:02} {k % 24:02}:00:00,A{k % 7},B{k % 5},{5 + k},{('CNY', 'USD')[k % 9 == 0]}"
        for k in range(120)
    ]
    (tmp_path / "a.csv").write_text("time,payer,payee,amount,currency\n" + "\n".join(lines) + "\n")
    ingest(tmp_path / "a.csv", tmp_path / "store")
    return tmp_path / "store"


def scale(store: Path, **options: Any) -> Scale:
    return Scale(work=store.parent / "work", bucket=50, stretch=50, **options)


def analyzed(store: Path, **options: Any) -> list[str]:
    return [f.id for f in analyze_store(store, scale(store, **options), detectors=DETECTORS).findings]


def stopped_before(what: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is ended before it saves what is named so."""
    save = packing.save

    def ended(path: Path, thing: object) -> None:
        if path.name.startswith(what):
            raise KeyboardInterrupt
        save(path, thing)

    with monkeypatch.context() as patch:
        patch.setattr(packing, "save", ended)
        with pytest.raises(KeyboardInterrupt):
            analyzed(store)


# --- the disk -------------------------------------------------------------------------------------


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "what",
    ["indexing.put", "stored.put", "packing.os.fsync", "whole.write_facts",
     "packing.np.savez", "indexing.shutil.copyfile"],
)  # fmt: skip
def test_a_full_disk_is_a_line_and_the_run_goes_on(what: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [f.id for f in gf.analyze(store, detectors=DETECTORS).findings]
    with monkeypatch.context() as patch:
        patch.setattr(f"graphflow.scale.{what}", full)
        with pytest.raises(OutputError, match=r"work: cannot be used \(No space left on"):
            analyzed(store)
    assert analyzed(store, resume=True) == expected
    assert not [path for path in (store.parent / "work").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("what", ["_write_parts", "_write_both", "run_report"])
def test_a_full_disk_under_the_results_is_a_line_and_the_run_goes_on(
    what: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, expected = store.parent / "out", [f.id for f in gf.analyze(store, detectors=DETECTORS).findings]

    def run(**options: Any) -> list[str]:
        with at_work(store.parent / "work"), open_results(out) as results:
            told = scale(store, surveyed=results.begin_parts, **options)
            analysis = analyze_store(store, told, detectors=DETECTORS)
            results.finish(analysis, tell=lambda what, done, of: None)
        return [f.id for f in analysis.findings]

    with monkeypatch.context() as patch:
        patch.setattr(import_module("graphflow.view.folder"), what, full)
        with pytest.raises(OutputError, match=r"out: cannot be written \(No space left on"):
            run()
    assert not out.exists()
    assert list((store.parent / "work").glob("bucket-*.npz"))
    assert run(resume=True) == expected
    assert (out / "report.html").exists()
    assert not (store.parent / "work").exists()


@pytest.mark.parametrize("executor", [Threads(2), Processes(2)], ids=["threads", "processes"])
def test_a_task_that_cannot_write_is_a_line(executor: Executor, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one in another process: the work folder has lost its plan."""
    stopped_before("facts-", store, monkeypatch)
    work = store.parent / "work"
    task = tasks.Task(str(store), str(work), "facts", 0, ())
    (work / tasks.PLAN).unlink()
    with pytest.raises(OutputError, match="work: cannot be used"):
        executor.run([task], lambda done: None)


@pytest.mark.parametrize("most", [2_000, 20_000])
def test_files_that_may_not_grow(most: int, tmp_path: Path) -> None:
    """As on a full disk, but by the system's own word: Polars and NumPy write as well, not only Python."""
    gf.simulate(accounts=200, days=7).write(tmp_path / "town", dialect="two-sided")
    ingest(tmp_path / "town" / "transfers.csv", tmp_path / "store")
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "analyze", "store", "--out", "out", "--executor", "threads"],
        check=False, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(gf.__file__).parents[1])},
        capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "out.work: cannot be used (File too large" in done.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()


# --- the store ------------------------------------------------------------------------------------


def newer(store: Path) -> None:
    told = json.loads((store / NAME).read_text())
    (store / NAME).write_text(json.dumps({**told, "schema": 99, "version": "9.9"}))


def missing(store: Path) -> None:
    (store / load(store).parts[1].file).unlink()


def corrupt(store: Path) -> None:
    path = store / load(store).parts[1].file
    path.write_bytes(bytes(path.stat().st_size))


def half_zero(store: Path) -> None:
    path = store / load(store).parts[1].file
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])


@pytest.mark.parametrize(
    ("damage", "said"),
    [(newer, r"schema 99, made by graphflow 9\.9"), (missing, "is missing; restore"), (corrupt, "cannot be read"),
     (half_zero, "cannot be read|rows instead of")],
)  # fmt: skip
def test_a_damaged_store_is_a_line(damage: Callable[[Path], None], said: str, store: Path) -> None:
    damage(store)
    with pytest.raises(SourceError, match=said):
        analyzed(store)


def test_a_store_that_grows_meanwhile_is_looked_at_as_it_was(store: Path, tmp_path: Path) -> None:
    """Days that a later ingest made anew are missed; others are read as they were."""
    analysis = analyze_store(store, scale(store), detectors=DETECTORS)
    assert analysis.transfers is not None
    before = [ledger.frame for ledger in analysis.transfers()]
    (tmp_path / "b.csv").write_text("time,payer,payee,amount,currency\n2026-02-01 10:00:00,A,B,5,CNY\n")
    ingest(tmp_path / "b.csv", store)
    assert all(a.equals(b.frame) for a, b in zip(before, analysis.transfers(), strict=True))
    (tmp_path / "c.csv").write_text("time,payer,payee,amount,currency\n2026-01-01 10:00:00,A,B,5,CNY\n")
    ingest(tmp_path / "c.csv", store)
    with pytest.raises(SourceError, match="is missing"):
        list(analysis.transfers())


def test_no_store(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="is no store; graphflow ingest"):
        analyzed(tmp_path / "empty")
    (tmp_path / "a.csv").write_text("")
    for options in ({"executor": "dask"}, {"workers": 2}, {"scheduler": "tcp://x:1"}, {"resume": True}):
        asked = {"executor": "auto", "workers": 0, "scheduler": "", "resume": False, **options}
        for source in ("a.csv", "empty"):
            with pytest.raises(GraphflowError, match="only a store is worked off in pieces"):
                scale_of([tmp_path / source], tmp_path / "w", **asked)  # type: ignore[arg-type]


# --- the work folder ------------------------------------------------------------------------------


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = slice(len(content) // 3, 2 * len(content) // 3)
    content[middle] = bytes(255 - byte for byte in content[middle])
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize("damage", [spoil, cut, Path.unlink])
@pytest.mark.parametrize(
    "name", ["paid.bin", "value.bin", "bucket-0-", "users.npz", "accounts.arrow", "head.json", "plan.json"]
)
def test_a_spoilt_work_folder_is_not_gone_on_with(
    damage: Callable[[Path], None], name: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_before("stretch-", store, monkeypatch)
    path = next((store.parent / "work").glob(f"{name}*"))
    damage(path)
    with pytest.raises(SourceError, match=rf"{path.name}: .*leave out --resume"):
        analyzed(store, resume=True)
    assert analyzed(store) == [f.id for f in gf.analyze(store, detectors=DETECTORS).findings]


@pytest.mark.parametrize("damage", [spoil, cut])
@pytest.mark.parametrize("name", ["facts-00001.npz", "bucket-00000.npz"])
def test_a_spoilt_result_is_named(
    damage: Callable[[Path], None], name: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_before("stretch-", store, monkeypatch)
    path = store.parent / "work" / name
    damage(path)
    with pytest.raises(SourceError, match=rf"{name}: cannot be read .*delete it, it is made anew"):
        analyzed(store, resume=True)
    path.unlink()
    assert analyzed(store, resume=True) == [f.id for f in gf.analyze(store, detectors=DETECTORS).findings]


def test_work_of_something_else_is_not_gone_on_with(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped_before("stretch-", store, monkeypatch)
    with pytest.raises(OutputError, match="was begun with another store, other rules"):
        analyze_store(store, scale(store, resume=True), detectors=[gf.Cycle()])


def test_a_folder_of_somebody_is_left_alone(store: Path) -> None:
    work = store.parent / "work"
    work.write_text("mine")
    with pytest.raises(OutputError, match="is a file; --work names a folder"):
        analyzed(store)
    work.unlink()
    work.mkdir()
    (work / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="is not empty and holds no work of graphflow"), at_work(work):
        pytest.fail("worked there")
    assert [path.name for path in work.iterdir()] == ["letter.txt"]


def test_a_work_folder_is_apart_from_results_and_store(tmp_path: Path) -> None:
    out, store = tmp_path / "a" / "out", tmp_path / "b" / "store"
    for work in (out, out.parent, store, store.parent, tmp_path, out / "work"):
        with pytest.raises(OutputError, match="work folder may not be"):
            apart(work, out, store)
    apart(out.with_name("out.work"), out, store)


def test_two_runs_do_not_share_a_work_folder(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with only_one(work / LOCK), pytest.raises(OutputError, match="another run is at work there"), at_work(work):
        pytest.fail("worked there")


# --- who works ------------------------------------------------------------------------------------


def test_a_scheduler_that_is_not_there(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.scale.executors._PATIENCE", 0.3)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(SourceError, match=f"{address}: no scheduler with workers answers"):
            analyzed(store, executor=Dask(scheduler=address))


def test_a_worker_of_another_version(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped_before("facts-", store, monkeypatch)
    task = tasks.Task(str(store), str(store.parent / "work"), "facts", 0, (), version="0.0.1")
    with pytest.raises(GraphflowError, match=r"and is asked by 0\.0\.1"):
        tasks.run(task)


def test_a_piece_that_is_done_is_not_done_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped_before("facts-", store, monkeypatch)
    task = tasks.Task(str(store), str(store.parent / "work"), "facts", 0, tuple(DETECTORS))
    assert tasks.run(task).rows > 0
    assert tasks.run(task).rows == 0
    assert isinstance(packing.load(task.result).paid, np.ndarray)
