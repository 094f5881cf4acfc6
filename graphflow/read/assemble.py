"""Cleaned batches of all files → one ledger, with the account of where every row went."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import polars as pl

from graphflow.errors import SourceError, one_line
from graphflow.kernels import csr
from graphflow.kernels.engine import ready
from graphflow.ledger import (
    OPTIONAL,
    REJECTED,
    SCHEMA,
    Ledger,
    Source,
    describe_accounts,
    time_precision,
    used_currencies,
)
from graphflow.read.amounts import MOST_DECIMALS, rescaled
from graphflow.read.batches import ROW
from graphflow.read.clean import NO_CURRENCY, Cleaned, Cleaner, Padded, is_padded
from graphflow.read.columns import Layout
from graphflow.read.keys import AccountCodes
from graphflow.read.source import RawFile
from graphflow.read.times import precision

_CUT_NUMBER = r"^\d(\.\d+)?[eE]\+?\d+$"
_SHOWN = 3
_ROOMY = 8
_PARTS = 8
_POSITION = pl.concat_str(pl.col("file").cast(pl.String), pl.lit(":"), pl.col(ROW).cast(pl.String))
"""What a transaction is called that has no id of its own: the number of its file, and its row."""


@dataclass
class _Part:
    """A batch on its way: typed columns, with the codes of its accounts, and the decimals its amounts are in."""

    frame: pl.DataFrame
    decimals: dict[str, int]


@dataclass(kw_only=True)
class Assembler:
    """Collects cleaned batches file by file, then makes the ledger."""

    currency: str | None = None
    _accounts: AccountCodes = field(default_factory=AccountCodes)
    _parts: list[_Part] = field(default_factory=list)
    _bad: list[pl.DataFrame] = field(default_factory=list)
    _sources: list[Source] = field(default_factory=list)
    _warnings: list[str] = field(default_factory=list)
    _precisions: list[timedelta] = field(default_factory=list)
    _pending: dict[str, int] = field(default_factory=dict)
    _first_bad: int = 0
    _empty: str = ""

    def has_seen(self, source: RawFile) -> bool:
        """Whether a file with the same content was read before."""
        return any(s.sha256 == source.sha256 for s in self._sources)

    def skip(self, source: RawFile, rows: int) -> None:
        """Count a file that was given twice."""
        earlier = next(s.path for s in self._sources if s.sha256 == source.sha256)
        reason = f"the file has the same content as {earlier}"
        self._warnings.append(f"{source.path}: {reason}; its {rows:,} rows are counted as duplicate")
        self._bad.append(pl.DataFrame([(source.path, None, None, None, reason)], schema=REJECTED, orient="row"))
        self._sources.append(_source(source, "duplicate", {"read": rows, "duplicate": rows}))
        self._first_bad = len(self._bad)

    def add(self, cleaned: Cleaned, *, stripped: bool) -> None:
        """Take one batch of the current file. Raises `Padded` when an account needs stripping and none was done."""
        good, bad = cleaned.good, cleaned.bad
        for kind, rows in (
            ("read", good.height + bad.height),
            ("accepted", good.height),
            ("excluded", cleaned.excluded),
            ("rejected", bad.height - cleaned.excluded),
        ):
            self._pending[kind] = self._pending.get(kind, 0) + rows
        if bad.height:
            self._bad.append(bad)
        if not good.height:
            return
        known = len(self._accounts.names)
        both = self._accounts.encode(cleaned.keys)
        if not stripped and any(is_padded(names) for names in self._accounts.names[known:]):
            raise Padded
        number = pl.lit(len(self._sources) + 1, pl.UInt32)
        frame = _received(good).with_columns(payer=both[: good.height], payee=both[good.height :], file=number)
        self._parts.append(_Part(frame, cleaned.decimals))

    def finish(self, source: RawFile, layout: Layout, cleaner: Cleaner) -> None:
        """Close the current file's account."""
        counts, self._pending = self._pending, {}
        if counts.get("read") and not counts.get("accepted"):
            none = f"none of its {counts['read']:,} rows is a transfer; {_said(self._bad[self._first_bad])}"
            if counts["excluded"] < counts["read"]:
                raise SourceError(f"{source.path}: {none}")
            self._say_empty(f"{source.path}: {none}")  # read in full: holds and failures, among other files
        self._first_bad = len(self._bad)
        if not counts:
            self._say_empty(f"{source.path}: has a header and no rows")
        if not layout.has("paid_currency") and self.currency is None:
            self._warnings.append(
                f"{source.path}: no currency column; amounts are taken as one currency, {NO_CURRENCY}"
            )
        self._warnings += [f"{source.path}: {warning}" for warning in layout.warnings]
        if cleaner.floats:
            headers = ", ".join(f'"{layout.headers[name]}"' for name in cleaner.floats)
            self._warnings.append(
                f"{source.path}: {headers} holds binary numbers, not decimals; amounts with more than "
                f"{MOST_DECIMALS} decimals are rounded"
            )
        time_format = cleaner.time_format or ""
        if counts:
            self._precisions.append(layout.precision or precision(time_format))
        columns = dict(layout.headers)
        self._sources.append(_source(source, layout.dialect, counts, time_format=time_format, columns=columns))

    def _say_empty(self, why: str) -> None:
        """Note a file without transfers: the error, if no file has any."""
        self._empty = why
        self._warnings.append(why)

    def ledger(self) -> Ledger:
        """All files as one ledger, sorted by time; ties keep the order of files and rows."""
        if not self._parts:
            raise SourceError(self._empty or "no rows")
        decimals = self._final_decimals()
        frame = _joined([rescaled(p.frame, p.decimals, decimals) for p in self._parts])
        self._parts.clear()
        names = pl.concat(self._accounts.names, rechunk=True).alias("account")
        frame = _in_time_order(frame, min(self._precisions))
        if "tx" in frame.columns:
            frame = self._with_unique_tx(self._without_repeats(frame))
        payer, payee = (np.array(frame[side].to_numpy()) for side in ("payer", "payee"))
        whole = self._whole(frame, names)
        self._warn_about(names)
        return Ledger(
            frame=whole,
            accounts=_accounts(names, whole, self._sources),
            payer_codes=payer,
            payee_codes=payee,
            decimals={c: decimals[c] for c in used_currencies(whole)},
            precision=self._precision(whole),
            sources=tuple(self._sources),
            rejected=pl.concat(self._bad) if self._bad else pl.DataFrame(schema=REJECTED),
            warnings=tuple(self._warnings),
        )

    def _final_decimals(self) -> dict[str, int]:
        decimals: dict[str, int] = {}
        for part in self._parts:
            for code, places in part.decimals.items():
                decimals[code] = max(places, decimals.get(code, 0))
        return decimals

    def _without_repeats(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that repeat an earlier one in full, the source's own id included, are duplicates."""
        frame = frame.with_columns(tx=pl.col("tx").fill_null(_POSITION))
        twice = frame["tx"].is_duplicated()
        if not twice.any():
            return frame
        content = [name for name in frame.columns if name not in (ROW, "file")]
        again = ~frame.filter(twice).select(pl.struct(content).is_first_distinct()).to_series()
        same = pl.repeat(False, frame.height, eager=True).scatter(twice.arg_true(), again)
        self._move_to_duplicates(frame.filter(same))
        return frame.filter(~same)

    def _with_unique_tx(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that share an id and differ are all kept, all but the first with their position added to it."""
        other = int(frame["tx"].is_duplicated().sum())
        if other:
            self._warnings.append(f"{other:,} rows share a transaction id with other content; all are kept")
        while frame["tx"].is_duplicated().any():  # again where the new id is in use already
            own = pl.when(pl.col("tx").is_first_distinct()).then("tx")
            frame = frame.with_columns(tx=own.otherwise(pl.format("{}#{}", "tx", _POSITION)))
        return frame

    def _move_to_duplicates(self, rows: pl.DataFrame) -> None:
        if not rows.height:
            return
        paths = {k: s.path for k, s in enumerate(self._sources, 1)}
        self._bad.append(
            rows.select(
                file=pl.col("file").replace_strict(paths, return_dtype=pl.String),
                row=pl.col(ROW).cast(pl.Int64),
                column=pl.lit("tx"),
                value=pl.col("tx"),
                reason=pl.lit("repeats an earlier row in full, transaction id included"),
            )
        )
        for number, count in rows.group_by("file").len().iter_rows():
            old = self._sources[number - 1]
            moved = {**old.rows, "accepted": old.rows["accepted"] - count, "duplicate": old.rows["duplicate"] + count}
            self._sources[number - 1] = Source(**{**vars(old), "rows": moved})

    def _whole(self, frame: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
        """Columns as the ledger has them; the texts are made side by side."""
        paths = pl.Series([s.path for s in self._sources], dtype=pl.Categorical)
        made = {
            "file": pl.lit(paths).gather(pl.col("file") - 1),
            **{side: pl.lit(names).gather(pl.col(side)) for side in ("payer", "payee")},
        }
        if "tx" not in frame.columns:
            made["tx"] = pl.lit(_positions(frame))
        wanted = {name: kind for name, kind in {**SCHEMA, **OPTIONAL}.items() if name in frame.columns or name in made}
        return frame.select(made.get(name, pl.col(name)).cast(kind).alias(name) for name, kind in wanted.items())

    def _precision(self, frame: pl.DataFrame) -> timedelta:
        stated = max(self._precisions)
        return max(stated, time_precision(frame["time"])) if frame.height > 1000 else stated

    def _warn_about(self, names: pl.Series) -> None:
        cut = names.filter(names.str.contains(_CUT_NUMBER))
        if cut.len():
            shown = ", ".join(cut.head(_SHOWN).to_list())
            self._warnings.append(
                f"{cut.len():,} account numbers look cut by a spreadsheet ({shown}): "
                "different accounts may have become one"
            )


def _said(bad: pl.DataFrame) -> str:
    """The first row of some rejected ones in words."""
    first = bad.row(0, named=True)
    value = "" if first["value"] is None else f" {one_line(first['value'], 80)!r}"
    return f"row {first['row']}: {first['column'] or 'line'}{value}: {first['reason']}"


def _source(
    source: RawFile,
    dialect: str,
    counts: dict[str, int],
    *,
    time_format: str = "",
    columns: dict[str, str] | None = None,
) -> Source:
    zero = dict.fromkeys(("read", "accepted", "paired", "duplicate", "excluded", "rejected"), 0)
    return Source(
        path=source.path,
        sha256=source.sha256,
        bytes=source.bytes,
        encoding=source.encoding,
        dialect=dialect,
        rows={**zero, **counts},
        separator=source.separator,
        time_format=time_format,
        columns=columns or {},
    )


def _received(frame: pl.DataFrame) -> pl.DataFrame:
    """Where a file says nothing else, what was paid is what was received."""
    same = (("received", "paid"), ("received_currency", "paid_currency"))
    return frame.with_columns(pl.col(paid).alias(name) for name, paid in same if name not in frame.columns)


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Batches below each other."""
    return pl.concat(frames, how="diagonal") if len({tuple(f.columns) for f in frames}) > 1 else pl.concat(frames)


def _positions(frame: pl.DataFrame) -> pl.Series:
    """What transactions are called that have no id of their own; made in parts, as it takes a while."""
    size = -(-frame.height // _PARTS) or 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = pool.map(lambda k: frame[k * size : (k + 1) * size].select(_POSITION).to_series(), range(_PARTS))
        return pl.concat(parts, rechunk=True)


def _in_time_order(frame: pl.DataFrame, step: timedelta) -> pl.DataFrame:
    """Whole columns sorted by time, ties as they come. `step`: what times are probably multiples of."""
    time = frame["time"].rechunk()
    order = None if time.is_sorted() else _time_order(time, step // timedelta(microseconds=1))
    columns = [frame.drop_in_place(name) for name in frame.columns]

    def arranged(k: int) -> pl.Series:
        whole, columns[k] = columns[k].rechunk(), time  # what is held twice is let go as early as can be
        return whole if order is None else whole.gather(order)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return pl.DataFrame(list(pool.map(arranged, range(len(columns)))))


def _time_order(time: pl.Series, step: int) -> pl.Series:
    stamps = np.array(time.to_physical().to_numpy())
    first, slots = int(stamps.min()), int(stamps.max() - stamps.min()) // step + 1
    run = ready(csr, stamps.size)
    if run is not csr and slots <= _ROOMY * stamps.size:
        order = run.by_time(stamps, first, step, slots)
        if order.size:
            return pl.Series(order)
    return time.to_frame().select(pl.arg_sort_by(time.name, maintain_order=True)).to_series()


def _accounts(names: pl.Series, frame: pl.DataFrame, sources: list[Source]) -> pl.DataFrame:
    """The account table; where the dialect keys accounts by bank and number, the bank is the part before the colon."""
    table = describe_accounts(names, frame)
    if not any(s.dialect == "amlworld" for s in sources):
        return table
    bank = pl.col("account").str.extract(r"^([^:]+):")
    return table.with_columns(bank=pl.coalesce("bank", bank))
