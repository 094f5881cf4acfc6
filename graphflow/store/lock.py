"""One process at a time: a lock that the system lets go when its holder ends, however that happens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graphflow.errors import OutputError


@contextmanager
def only_one(path: Path, told: str = "another ingest is at work there; wait for it to end") -> Iterator[None]:
    """Hold a lock on a file, which is made and stays. Raises `OutputError` where another process holds it."""
    with path.open("ab") as file:
        try:
            _lock(file)
        except OSError:
            raise OutputError(f"{path.parent}: {told}") from None
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
