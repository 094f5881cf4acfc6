"""What a reader of one format makes of a file: tables whose cells are all text.

Workbooks have one table a sheet, bank messages one a statement. From here on a table is read as a text file is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from graphflow.read.heading import NoTable


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """One table of a file.

    name    what tells it from the other tables of the file; empty where there is only one
    format  what kind of file it is from, in the words of `Source.encoding`
    header  a name for each column; frame: the columns "0", "1", …, all text, null where nothing is stated
    title   what stands above the header
    warnings   what a reader must know, in words
    """

    name: str
    format: str
    header: tuple[str, ...]
    frame: pl.DataFrame = field(repr=False)
    title: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class TableReader(Protocol):
    """Reads one format. A new one is one module, and one entry in `source.TABLE_READERS`."""

    def knows(self, head: bytes) -> bool:
        """Whether a file that begins with these bytes is of this format; a few kilobytes are given."""

    def tables(self, path: str, file: Path) -> Iterator[Table | NoTable]:
        """The tables in the order of the file. `path` is what the file is called in messages, `file` where it is.

        Raises `SourceError` in one line. A part that holds no table is given as the `NoTable` that says so.
        """
