"""Bank messages → tables: ISO 20022 (camt.052, .053, .054 and pacs.008) and SWIFT (MT940, MT942, MT950 and MT103).

A message file is no table. Each module here makes one of it (`table`), with a header that no other file has, and
is the dialect that knows the table again by that header. So all else that reads tables reads messages too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from graphflow.read.messages import camt053, mt103, mt940, pacs008, rows
from graphflow.read.messages.rows import warnings
from graphflow.read.tables import Table

__all__ = ["DIALECTS", "knows", "reader_for", "tables", "warnings"]

DIALECTS = (camt053, pacs008, mt940, mt103)


def reader_for(head: bytes) -> Callable[[bytes | Path, str], rows.Table] | None:
    """What makes header and frame of a file that begins like this (some kilobytes are enough); None for no message."""
    return next((dialect.table for dialect in DIALECTS if dialect.sniff(head)), None)


def knows(head: bytes) -> bool:
    """Whether a file that begins like this is a bank message."""
    return reader_for(head) is not None


def tables(path: str, file: Path) -> Iterator[Table]:
    """The one table of a message file, with what a reader must know of it."""
    with file.open("rb") as stream:
        head = stream.read(4096)
    dialect = next(d for d in DIALECTS if d.sniff(head))
    header, frame = dialect.table(file, path)
    yield Table(name="", format=dialect.NAME, header=header, frame=frame, warnings=tuple(warnings(header, frame)))
