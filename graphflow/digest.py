"""Fingerprints of files, taken on a thread of its own while other things go on.

Light to import: a command begins them before it loads what reads the files.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

_POOL = ThreadPoolExecutor(1, thread_name_prefix="digest")
_BEGUN: dict[Path, Future[str]] = {}


def begin(path: Path) -> None:
    """Start on a file that is about to be read."""
    _BEGUN[path] = _POOL.submit(_sha256, path)


def of(path: Path) -> Future[str]:
    """The SHA-256 of a file, under way: the one begun for it, once, else a new one."""
    return _BEGUN.pop(path, None) or _POOL.submit(_sha256, path)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
