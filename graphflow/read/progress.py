"""How a reader tells how far it is: a callable, so that readers know nothing of terminals."""

from __future__ import annotations

from typing import Protocol

from graphflow.read.source import RawFile


class Progress(Protocol):
    """Called after each batch with the file and the number of rows just read."""

    def __call__(self, source: RawFile, rows: int) -> None: ...


def silent(source: RawFile, rows: int) -> None:
    """Say nothing."""
