"""The transfers of a store that victims may mean: a small part of it, in which lines are matched as in the whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from graphflow.ledger import Ledger
from graphflow.read.options import ReadOptions
from graphflow.scale.part import Bools, Longs
from graphflow.scale.whole import Pieces
from graphflow.trace.victims.case import reported_in
from graphflow.trace.victims.file import read_lines
from graphflow.trace.victims.fitting import Sought, sought
from graphflow.trace.victims.matching import asked_of
from graphflow.tracing import case_of, tolerance_of

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Seeker:
    """A store, and how near a stated time has to be."""

    pieces: Pieces
    tolerance: str | timedelta
    options: ReadOptions

    def of_file(self, path: Path) -> Ledger:
        """All transfers that a line of a victims file can be matched with, or that are told as the nearest ones."""
        timezone, head = self.options.get("timezone", "UTC"), self.pieces.source.head
        file = read_lines(path, timezone=timezone)
        asked, _ = asked_of(file, head, tolerance=tolerance_of(self.tolerance), timezone=timezone)
        wanted = sought(asked, head)
        accounts = np.zeros(head.accounts.height, np.bool_)
        accounts[wanted.accounts] = True
        named = self._named(file.lines["tx"].drop_nulls(), file.lines["row"].drop_nulls())
        return self._part(accounts, [*self._fitting(wanted), *named])

    def of_case(self, case: str) -> Ledger:
        """The transfers that an earlier case cites as victims' payments."""
        reported, _ = reported_in(*case_of(case))
        none = np.zeros(self.pieces.source.head.accounts.height, np.bool_)
        return self._part(none, list(self._named(reported["tx"], pl.Series([], dtype=pl.UInt32))))

    def _part(self, accounts: Bools, places: list[Longs]) -> Ledger:
        """The first and the last transfer are always in it: they tell from when to when the whole is."""
        ends = np.array([0, self.pieces.source.size - 1])
        return self.pieces.full(accounts, np.unique(np.concatenate([ends, *places]))).ledger

    def _fitting(self, wanted: Sought) -> Iterator[Longs]:
        """Places of transfers that may be meant by amount or time alone."""
        if not wanted.paid.size and not wanted.stretches:
            return
        columns = self.pieces.source.columns
        for first, last in columns.chunks():
            payer, payee, time, paid = (columns.read(name, first, last) for name in ("payer", "payee", "time", "paid"))
            yield first + wanted.among(payer, payee, time, paid)

    def _named(self, ids: pl.Series, rows: pl.Series) -> Iterator[Longs]:
        """Places of transfers with some ids, or row numbers; and the first one of each file, where rows are named."""
        by_row = bool(rows.len())
        if not ids.len() and not by_row:
            return
        ids, rows = ids.unique(), rows.filter(rows.is_between(0, 2**32 - 1)).unique().cast(pl.UInt32)
        first, seen = 0, set[str]()
        for day in self.pieces.transfers():
            frame = day.frame
            kept = frame["tx"].is_in(ids.implode())
            if by_row:
                kept |= frame["row"].is_in(rows.implode())
                begins = frame.with_row_index("at").unique("file", keep="first").select("at", "file")
                new = [at for at, file in begins.iter_rows() if file not in seen]
                seen.update(begins["file"].cast(pl.String).to_list())
                yield first + np.array(new, np.int64)
            yield first + kept.arg_true().to_numpy().astype(np.int64)
            first += frame.height
