"""Decides whether a kernel runs compiled or interpreted, and compiles it once.

A kernel is a plain Python function in the subset that Numba compiles. Interpreted, it costs nothing to
start: right for samples and notebooks of some thousand rows. Compiled, it is a few hundred times
faster, and the machine code is kept on disk for the next process.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

COMPILE_FROM = 60_000
"""Rows from which compiling pays even the first time."""
CACHED_FROM = 5_000
"""Rows from which loading already compiled kernels pays."""

_KERNELS: dict[str, FunctionType] = {}
_SIGNATURES: dict[str, str] = {}
_COMPILED: dict[str, Any] = {}
_NAMESPACES: dict[str, Any] = {}
_LOCK = threading.RLock()
_SAID: set[str] = set()
_IS_HELPER = "GRAPHFLOW_COMPILING"


def kernel(signature: str) -> Callable[[F], F]:
    """Mark a function as a kernel: `ready` compiles it together with the kernels it calls.

    signature  Numba's types of the result and the arguments: one compiled version each, whatever the caller has
    """

    def mark(function: F) -> F:
        if not isinstance(function, FunctionType):
            raise TypeError("a kernel is a plain function")
        _KERNELS[_key(function)] = function
        _SIGNATURES[_key(function)] = signature
        return function

    return mark


def ready(module: ModuleType, rows: int) -> Any:
    """The functions of a kernel module, compiled or interpreted as suits `rows`.

    GRAPHFLOW_KERNELS=compiled or =interpreted decides instead where it is set.
    """
    if not _worth_compiling(module, rows):
        return module
    with _LOCK:
        if module.__name__ not in _NAMESPACES:
            if not _kept(module):
                _say_once("graphflow: compiling its kernels for this machine (once, some seconds) …")
                if _folders(module):
                    _HELPER.start()
                _HELPER.wait_for(module)
            _NAMESPACES[module.__name__] = _compiled(module)
        return _NAMESPACES[module.__name__]


def _compiled(module: ModuleType) -> SimpleNamespace:
    """All functions of a module, compiled or loaded; Numba makes much garbage that is not worth collecting."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return SimpleNamespace(**{f.__name__: _compile(f) for f in _functions(module)})
    finally:
        if collecting:
            gc.enable()


class _Helper:
    """A second process that compiles what detectors need while this one compiles what readers need.

    Numba compiles one function at a time in a process; what the helper made is loaded from disk.
    """

    modules = ("cycle", "lots", "fan", "habits", "relay", "handed_on", "shared")

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, once, where there is a second core and a Python to run."""
        if self._process or _IS_HELPER in os.environ or not sys.executable or (os.cpu_count() or 1) < 2:
            return
        names = ", ".join(f"{__package__}.{name}" for name in self.modules)
        code = f"import {names}; from {__name__} import ready; [ready(m, 10**9) for m in [{names}]]"
        environment = {**os.environ, _IS_HELPER: "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        with suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def wait_for(self, module: ModuleType) -> None:
        """Wait until it has compiled a module that is its task; if it failed, this process compiles."""
        if self._process and module.__name__.rpartition(".")[2] in self.modules:
            self._process.wait()


_HELPER = _Helper()


def _worth_compiling(module: ModuleType, rows: int) -> bool:
    forced = os.environ.get("GRAPHFLOW_KERNELS", "")
    if forced:
        return forced == "compiled"
    if rows >= COMPILE_FROM or (module.__name__ in _NAMESPACES and rows >= CACHED_FROM // 10):
        return True
    return rows >= CACHED_FROM and _on_disk(module)


def _functions(module: ModuleType) -> list[FunctionType]:
    return [f for f in _KERNELS.values() if f.__module__ == module.__name__]


def _key(function: FunctionType) -> str:
    return f"{function.__module__}.{function.__name__}"


def _compile(function: FunctionType) -> Any:
    """Compile a kernel in a copy of its module's globals where other kernels stand compiled."""
    key = _key(function)
    if key in _COMPILED:
        return _COMPILED[key]
    scope = dict(function.__globals__)
    twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
    for name in function.__code__.co_names:
        value = scope.get(name)
        if isinstance(value, FunctionType) and _key(value) in _KERNELS and value is not function:
            scope[name] = _compile(value)
    numba, signature = _numba(), _SIGNATURES[key]
    options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        compiled = numba.njit(signature, cache=True, **options)(twin)
    except RuntimeError:  # neither the package's folder nor the home folder can be written
        _say_once("graphflow: no folder to keep compiled kernels in (set NUMBA_CACHE_DIR); compiling for this run")
        compiled = numba.njit(signature, **options)(twin)
    scope[function.__name__] = compiled
    _COMPILED[key] = compiled
    return compiled


def _numba() -> ModuleType:
    """Numba, told to compile at its second level: a fifth less to wait for the first time, and no slower code."""
    if "numba" not in sys.modules:
        os.environ.setdefault("NUMBA_OPT", "2")
    return importlib.import_module("numba")


def _kept(module: ModuleType) -> bool:
    """Whether machine code of every kernel of a module is where Numba would look for it.

    Numba asks only whether the kernel's own file has changed, and would go on with old code of the kernels it calls:
    whatever is older than any of the kernels' files is thrown away here.
    """
    folders = _folders(module)
    for index in (path for folder in folders for path in folder.glob("*.nbi")):
        if index.stat().st_mtime < _newest_source():
            index.unlink(missing_ok=True)
    return bool(folders) and all(_index_files(folder, module, f) for folder in folders for f in _functions(module))


def _folders(module: ModuleType) -> set[Path]:
    """Where Numba keeps the machine code of a module's kernels; empty where it can keep none."""
    numba = _numba()
    try:
        return {Path(numba.njit(cache=True)(f).stats.cache_path) for f in _functions(module)}
    except RuntimeError:
        return set()


def _on_disk(module: ModuleType) -> bool:
    """The same question before Numba is imported, for the folders it normally uses."""
    folders = [Path(__file__).parent / "__pycache__"]
    if os.environ.get("NUMBA_CACHE_DIR"):
        folders = [p for p in Path(os.environ["NUMBA_CACHE_DIR"]).glob("kernels_*") if p.is_dir()]
    return any(all(_index_files(folder, module, f) for f in _functions(module)) for folder in folders)


def _index_files(folder: Path, module: ModuleType, function: FunctionType) -> bool:
    """Whether the folder holds machine code of a kernel that is not older than any kernel's source."""
    stem = module.__name__.rpartition(".")[2]
    return any(p.stat().st_mtime >= _newest_source() for p in folder.glob(f"{stem}.{function.__name__}-*.nbi"))


@cache
def _newest_source() -> float:
    return max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))


def _say_once(line: str) -> None:
    if line not in _SAID:
        _SAID.add(line)
        sys.stderr.write(line + "\n")
