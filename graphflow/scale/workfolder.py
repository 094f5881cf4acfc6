"""The folder in which a store is worked off: whose it is, what was begun in it, and that its files are as written.

A run that ends in any way but well leaves it, and `--resume` goes on with what is there.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from graphflow.errors import OutputError, SourceError, Stopped
from graphflow.scale import packing
from graphflow.store.lock import only_one

KEY, SUMS, LOCK = "work.json", "sums.json", ".lock"
KEPT, CUTS = "kept", "cuts.json"
"""Folder of what is kept for a later run, and a file that it always has."""
_BLOCK = 1 << 20


def apart(work: Path, out: Path, store: Path) -> None:
    """Refuse a work folder that holds the results or the store, or is in the results: it is removed at the end."""
    held, results, source = work.resolve(), out.resolve(), store.resolve()
    for other, option in ((results, "--out"), (source, "the store")):
        if other.is_relative_to(held):
            raise OutputError(f"{work}: the work folder may not be or hold {option}; name another one with --work")
    if held.is_relative_to(results):
        raise OutputError(f"{work}: the work folder may not be in --out; name another one with --work")


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Hold a work folder alone, and remove it when the block ends well, but for what is kept for a later run.

    Raises `Stopped`, which says how to go on, when the block is interrupted.
    """
    _refuse_what_is_not_ours(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = only_one(folder / LOCK, "another run is at work there; wait for it to end, or name another --work")
        with lock:
            yield
    except KeyboardInterrupt:
        if told(folder) is None:
            raise
        raise Stopped(f"stopped; what is done is in {folder}: the same command with --resume goes on from it") from None
    except OSError as error:
        raise unusable(folder, error) from error
    finally:
        if folder.is_dir() and {path.name for path in folder.iterdir()} <= {LOCK}:
            shutil.rmtree(folder, ignore_errors=True)
    _clear(folder)
    if folder.is_dir() and not (folder / KEPT).exists():
        shutil.rmtree(folder, ignore_errors=True)


def begin(folder: Path, key: str, *, resume: bool) -> bool:
    """Whether a folder has work of this kind to go on with; one that has not is emptied.

    key  what the work is of; see `KEY`
    """
    _refuse_what_is_not_ours(folder)
    before = told(folder)
    if resume and before is not None:
        if before != key:
            raise OutputError(
                f"{folder}: was begun with another store, other rules or another version of graphflow; leave out "
                "--resume"
            )
        return True
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    packing.set_down(folder / KEY, lambda file: file.write(key.encode()))
    return False


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name in (LOCK, KEPT):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def told(folder: Path) -> str | None:
    """What the work in a folder is of; None where there is none."""
    try:
        return (folder / KEY).read_text("utf-8")
    except (OSError, ValueError):
        return None


def unusable(folder: Path, error: OSError) -> OutputError:
    """What to say when the disk does not do what it is asked."""
    why = error.strerror or error
    return OutputError(
        f"{folder}: cannot be used ({why}); the store is as it was, and what is done is kept: --resume goes on from it"
    )


def _refuse_what_is_not_ours(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; --work names a folder")
    ours = {LOCK, KEPT} if (folder / KEPT / CUTS).exists() else {LOCK}
    if folder.is_dir() and told(folder) is None and {path.name for path in folder.iterdir()} - ours:
        raise OutputError(f"{folder}: is not empty and holds no work of graphflow; name another folder with --work")


# --- files as they were written -------------------------------------------------------------------


def seal(folder: Path) -> None:
    """Note the check sum of every file, when all that tasks share is there."""
    sums = json.dumps(
        _sums(folder, sorted(path.name for path in folder.iterdir() if path.name not in (KEY, LOCK, KEPT)))
    )
    packing.set_down(folder / SUMS, lambda file: file.write(sums.encode()))


def sealed(folder: Path) -> bool:
    """Whether all that tasks share was written to its end. Raises `SourceError` where a file has changed since."""
    try:
        noted = json.loads((folder / SUMS).read_text("utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder / SUMS}: cannot be read; leave out --resume") from error
    try:
        found = _sums(folder, list(noted))
    except OSError as error:
        raise SourceError(f"{error.filename}: cannot be read ({error.strerror}); leave out --resume") from error
    for name, number in found.items():
        if number != noted[name]:
            raise SourceError(f"{folder / name}: is not as it was written; leave out --resume")
    return True


def _sums(folder: Path, names: list[str]) -> dict[str, int]:
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(lambda name: _sum(folder / name), names), strict=True))


def _sum(path: Path) -> int:
    if path.is_dir():
        return 0
    number = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            number = zlib.crc32(block, number)
    return number
