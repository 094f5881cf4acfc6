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
ptr, events, others = functions.by_account(np.array([0, 1, 0], np.int32), np.array([1, 1, 2], np.int32), 3)
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


def run(code: str, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "GRAPHFLOW_KERNELS"} | {"NUMBA_CACHE_DIR": str(cache)}
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


def test_small_inputs_wait_for_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHFLOW_KERNELS", raising=False)
    assert engine.ready(csr, 10) is csr


@pytest.mark.parametrize(("forced", "interpreted"), [("interpreted", True), ("compiled", False)])
def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, forced: str, interpreted: bool) -> None:
    monkeypatch.setenv("GRAPHFLOW_KERNELS", forced)
    assert (engine.ready(csr, engine.COMPILE_FROM) is csr) == interpreted
