"""What the days of a store tell of the whole ledger, gathered one day after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from graphflow.ledger import ACCOUNTS, time_precision
from graphflow.read.copies import equal_in

_COARSEST = timedelta(days=1)


@dataclass
class Gist:
    """What is known after some days.

    rows     transfers by number of file; equal: those that two files have in common
    used     currency → how often it was paid or received; step: what all times are a multiple of
    columns  those that some day has, with their kinds; first, last: times
    """

    rows: dict[int, int] = field(default_factory=dict)
    equal: dict[tuple[int, int], int] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    step: timedelta = _COARSEST
    columns: dict[str, pl.DataType] = field(default_factory=dict)
    first: datetime = datetime.min
    last: datetime = datetime.min
    _described: dict[tuple[str, str], pl.DataFrame] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """Number of transfers."""
        return sum(self.rows.values())

    @property
    def currencies(self) -> list[str]:
        """The most used first, ties by name: as a ledger has them."""
        return sorted(self.used, key=lambda code: (-self.used[code], code))

    def add(self, day: pl.DataFrame) -> None:
        """Take the next day's transfers, as a store holds them."""
        if not day.height:
            return
        if not self.height:
            self.first = day["time"][0]
        self.last = day["time"][-1]
        for number, rows in day.group_by("file").len().iter_rows():
            self.rows[number] = self.rows.get(number, 0) + rows
        for pair, number in equal_in(day).items():
            self.equal[pair] = self.equal.get(pair, 0) + number
        for column in ("paid_currency", "received_currency"):
            for code, number in day[column].cast(pl.String).value_counts(name="n").iter_rows():
                self.used[code] = self.used.get(code, 0) + number
        self.step = min(self.step, time_precision(day["time"]))
        self.columns.update(day.schema)
        for side in ("payer", "payee"):
            for name in ("bank", "name"):
                self._describe(day, side, name)

    def _describe(self, day: pl.DataFrame, side: str, name: str) -> None:
        column = f"{side}_{name}"
        if column not in day.columns:
            return
        told = day.select(pl.col(side).alias("code"), pl.col(column).cast(pl.String).alias(name)).drop_nulls(name)
        known = self._described.get((side, name))
        both = told.unique("code", keep="first", maintain_order=True)
        if known is not None:
            both = pl.concat([known, both]).unique("code", keep="first", maintain_order=True)
        self._described[side, name] = both

    def accounts(self, names: pl.Series) -> pl.DataFrame:
        """The account table: bank and name are the first ones that a payer is said to have, else a payee."""
        table = names.alias("account").to_frame().with_row_index("code")
        for name in ("bank", "name"):
            told = [self._described[side, name] for side in ("payer", "payee") if (side, name) in self._described]
            if not told:
                table = table.with_columns(pl.lit(None, pl.String).alias(name))
                continue
            known = pl.concat(told).unique("code", keep="first", maintain_order=True)
            known = known.with_columns(pl.col("code").cast(table.schema["code"]))
            table = table.join(known, on="code", how="left", maintain_order="left")
        return table.select(ACCOUNTS.keys())
