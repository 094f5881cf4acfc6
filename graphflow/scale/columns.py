"""The columns of a ledger that detectors look at, as plain files of numbers: read by stretches, never all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from graphflow.errors import SourceError

COLUMNS: Mapping[str, type[np.generic]] = {
    "payer": np.int32, "payee": np.int32, "time": np.int64, "paid": np.int64, "currency": np.int16,
}  # fmt: skip
VALUE = "value"
"""What each is worth; a file of its own only where there are several currencies."""

ENTRY = np.dtype(
    [("place", "<i8"), ("payer", "<i4"), ("payee", "<i4"), ("time", "<i8"), ("paid", "<i8"), ("value", "<i8"),
     ("currency", "<i2")]
)  # fmt: skip
"""A transfer in the file of a bucket: its place in the whole, and its columns."""

CHUNK = 2_000_000
"""Rows that are read at once."""


def put(file: BinaryIO, values: npt.NDArray[Any]) -> None:
    """Write numbers as they are in memory. A full disk is an `OSError` here, which `tofile` may miss."""
    file.write(np.ascontiguousarray(values).view(np.uint8).data)


@dataclass(frozen=True)
class Columns:
    """Files of numbers, one a column, in the order of the ledger."""

    folder: Path
    size: int

    def read(self, name: str, first: int, last: int) -> npt.NDArray[Any]:
        """Rows from the first to before the last. Raises `SourceError` where the file is not as long."""
        kind: Any = COLUMNS.get(name, np.int64)
        path = self.folder / f"{name}.bin"
        try:
            found = np.fromfile(path, kind, last - first, offset=first * np.dtype(kind).itemsize)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror or error}); delete {self.folder}") from error
        if found.size != last - first:
            raise SourceError(f"{path}: is cut short; delete {self.folder}, it is made anew")
        return found

    def entries(self, first: int, last: int, kept: npt.NDArray[np.int64] | None = None) -> npt.NDArray[Any]:
        """Rows with all their columns. `kept`: which of them, counted from the first; None: all."""
        rows: Any = slice(None) if kept is None else kept
        found = np.empty(last - first if kept is None else kept.size, ENTRY)
        found["place"] = np.arange(first, last)[rows]
        for name in COLUMNS:
            found[name] = self.read(name, first, last)[rows]
        found["value"] = found["paid"] if self.valued == "paid" else self.read(VALUE, first, last)[rows]
        return found

    @property
    def valued(self) -> str:
        """The column that says what each is worth."""
        return VALUE if (self.folder / f"{VALUE}.bin").exists() else "paid"

    def chunks(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, int]]:
        """First and last row of stretches that fit into memory, of all rows or some."""
        until = self.size if last is None else last
        for begin in range(first, until, CHUNK):
            yield begin, min(begin + CHUNK, until)

    def row_at(self, time: int) -> int:
        """The first row not earlier than a time."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) // 2
            if self.read("time", middle, middle + 1)[0] >= time:
                high = middle
            else:
                low = middle + 1
        return low
