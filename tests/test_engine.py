"""Which way a kernel runs, and what is said when it has to be compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphflow.kernels import csr, engine

ROOT = Path(__file__).parent.parent

RUN = """
import numpy as np
from graphflow.kernels import csr, engine
functions = engine.ready(csr, engine.COMPILE_FROM)
ends = np.array([0, 1, 0], np.int32), np.array([1, 1, 2], np.int32)
ptr, events, others, _ = functions.by_account(*ends, np.zeros(3, np.int64), 3, np.empty(0, np.bool_))
print(functions is not csr, ptr.tolist(), events.tolist(), others.tolist())
"""
UNWRITABLE = """
import numba
real = numba.njit
def njit(*args, **options):
    if options.pop("cache", False):
        raise RuntimeError("cannot cache function: no locator available")
    return real(*args, **options)
numba.njit = njit
"""
EXPECTED = "True [0, 2, 2, 2] [0, 2] [1, 2]"


def run(code: str, cache: Path, **more: str) -> subprocess.CompletedProcess[str]:
    alone = {"NUMBA_CACHE_DIR": str(cache), "GRAPHFLOW_COMPILING": "1"}
    environment = {k: v for k, v in os.environ.items() if k != "GRAPHFLOW_KERNELS"} | alone | more
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True)


def test_compiling_is_said_once_and_kept(tmp_path: Path) -> None:
    first, second = run(RUN, tmp_path), run(RUN, tmp_path)
    assert first.stdout.strip() == second.stdout.strip() == EXPECTED
    assert first.stderr.strip() == "graphflow: compiling its kernels for this machine (once, some seconds) …"
    assert not second.stderr


def test_code_older_than_any_kernel_is_compiled_anew(tmp_path: Path) -> None:
    run(RUN, tmp_path)
    for index in tmp_path.rglob("*.nbi"):
        os.utime(index, (0, 0))
    again = run(RUN, tmp_path)
    assert again.stdout.strip() == EXPECTED
    assert "compiling" in again.stderr
    assert all(index.stat().st_mtime > 0 for index in tmp_path.rglob("*.nbi"))


def test_without_a_folder_to_keep_it_in_the_kernel_is_compiled_all_the_same(tmp_path: Path) -> None:
    done = run(UNWRITABLE + RUN, tmp_path)
    assert done.stdout.strip() == EXPECTED
    assert "no folder to keep compiled kernels in (set NUMBA_CACHE_DIR)" in done.stderr


HELPED = """
from graphflow.kernels import csr, engine, lots
engine._Helper.modules = ("lots",)
del __import__("os").environ["GRAPHFLOW_COMPILING"]
engine.ready(csr, engine.COMPILE_FROM)
one = engine._HELPER._process
engine.ready(lots, engine.COMPILE_FROM)
hits = sum(f.stats.cache_hits.total() for name, f in engine._COMPILED.items() if ".lots." in name)
print(one.poll(), engine._HELPER._process is one, hits == len(engine._functions(lots)))
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core: no second process compiles")
def test_a_second_process_compiles_what_is_needed_later(tmp_path: Path) -> None:
    done = run(HELPED, tmp_path)
    assert done.stdout.strip() == "0 True True", done.stderr


def test_no_second_process_where_nothing_can_be_kept(tmp_path: Path) -> None:
    code = (
        UNWRITABLE + 'del __import__("os").environ["GRAPHFLOW_COMPILING"]\n' + RUN + "print(engine._HELPER._process)\n"
    )
    assert run(code, tmp_path).stdout.split("\n")[1] == "None"


@pytest.mark.slow
def test_a_second_process_that_fails_is_no_matter(tmp_path: Path) -> None:
    broken = HELPED.replace('("lots",)', '("lots", "no_such_kernel")')
    done = run(broken, tmp_path)
    assert done.stdout.strip() == "1 True False", done.stderr


def test_small_inputs_wait_for_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHFLOW_KERNELS", raising=False)
    assert engine.ready(csr, 10) is csr


@pytest.mark.parametrize(("forced", "interpreted"), [("interpreted", True), ("compiled", False)])
def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, forced: str, interpreted: bool) -> None:
    monkeypatch.setenv("GRAPHFLOW_KERNELS", forced)
    assert (engine.ready(csr, engine.COMPILE_FROM) is csr) == interpreted
