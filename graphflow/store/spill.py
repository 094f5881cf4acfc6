"""Transfers on their way into a store: set down on disk by day, so that memory holds a few million rows at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from graphflow.read.amounts import rescaled

MOST_ROWS = 2_000_000
"""Rows that are held before they are set down."""


@dataclass
class Spill:
    """Batches in the order in which they were read, by day.

    folder  where files are set down; `days`: of each day, its files with the decimals that their amounts are in
    """

    folder: Path
    days: dict[date, list[tuple[Path, dict[str, int]]]] = field(default_factory=dict)
    _held: list[tuple[pl.DataFrame, dict[str, int]]] = field(default_factory=list)
    _rows: int = 0
    _files: int = 0

    def add(self, frame: pl.DataFrame, decimals: Mapping[str, int]) -> None:
        """Take a batch of transfers with `time`."""
        self._held.append((frame, dict(decimals)))
        self._rows += frame.height
        if self._rows >= MOST_ROWS:
            self.set_down()

    def set_down(self) -> None:
        """Write what is held."""
        held, self._held, self._rows = self._held, [], 0
        if not held:
            return
        final: dict[str, int] = {}
        for _, own in held:
            for code, places in own.items():
                final[code] = max(places, final.get(code, 0))
        whole = pl.concat([rescaled(frame, own, final) for frame, own in held], how="diagonal")
        del held
        by_day = whole.with_columns(day=pl.col("time").dt.date()).partition_by("day", as_dict=True, include_key=False)
        for (day,), part in by_day.items():
            self._files += 1
            path = self.folder / f"spill-{self._files}.parquet"
            part.write_parquet(path, compression="lz4", statistics=False)
            self.days.setdefault(day, []).append((path, final))

    def of_day(self, day: date, final: Mapping[str, int]) -> Iterator[pl.DataFrame]:
        """What was set down of a day, in the order in which it was read."""
        for path, own in self.days.get(day, ()):
            yield rescaled(pl.read_parquet(path, memory_map=False), own, dict(final))
