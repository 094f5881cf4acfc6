"""Cleaned batches of all files → one ledger, with the account of where every row went."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.errors import SourceError, one_line
from graphflow.kernels import encode
from graphflow.kernels.engine import ready
from graphflow.ledger import (
    OPTIONAL,
    REJECTED,
    SCHEMA,
    Codes,
    Ledger,
    Source,
    describe_accounts,
    time_precision,
    used_currencies,
)
from graphflow.read.batches import ROW
from graphflow.read.clean import MONEY, NO_CURRENCY, POSITION, Cleaned, Cleaner, Keys, Padded, is_padded, too_fine
from graphflow.read.columns import Layout
from graphflow.read.source import RawFile
from graphflow.read.times import precision

_CUT_NUMBER = r"^\d(\.\d+)?[eE]\+?\d+$"
_SHOWN = 3
_POSITION = pl.format("{}:{}", "file", ROW)
"""What a transaction is called that has no id of its own: the number of its file, and its row."""


@dataclass
class AccountCodes:
    """Account keys → codes in order of first appearance, kept over all batches and files.

    Keys are compared by two independent 64-bit hashes, which is as good as by their text.
    """

    count: int = 0
    names: list[pl.Series] = field(default_factory=list)
    _first: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _second: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _table: Codes = field(default_factory=lambda: np.empty(0, np.int32))

    def encode(self, keys: Keys) -> Codes:
        """The code of each key; new keys get the next codes."""
        size = keys.names.len()
        run = ready(encode, size)
        self._make_room(size, run)
        codes = np.empty(size, np.int32)
        where = np.empty(size, np.int64)
        count = run.number(self._table, self._first, self._second, self.count, keys.one, keys.two, codes, where)
        if count > self.count:
            self.names.append(keys.names.gather(pl.Series(where[: count - self.count].astype(np.uint32))))
        self.count = int(count)
        return codes

    def _make_room(self, more: int, run: Any) -> None:
        need = self.count + more
        if self._first.size < need:
            self._first = np.concatenate([self._first[: self.count], np.empty(need, np.int64)])
            self._second = np.concatenate([self._second[: self.count], np.empty(need, np.int64)])
        if self._table.size < 2 * need:
            self._table = np.full(1 << int(2 * need).bit_length(), -1, np.int32)
            run.fill(self._table, self._first, self.count)


@dataclass
class _Part:
    """A batch on its way: typed columns, account codes, and the decimals its amounts are in."""

    frame: pl.DataFrame
    payer: Codes
    payee: Codes
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

    @property
    def next_number(self) -> int:
        """The number of the file that comes next, from 1."""
        return len(self._sources) + 1

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
        frame = _received(good.drop("payer", "payee")).with_columns(file=pl.lit(self.next_number, pl.UInt32))
        payer, payee = both[: good.height].copy(), both[good.height :].copy()
        self._parts.append(_Part(frame, payer, payee, cleaned.decimals))

    def finish(self, source: RawFile, layout: Layout, cleaner: Cleaner) -> None:
        """Close the current file's account."""
        counts, self._pending = self._pending, {}
        if counts.get("read") and not counts.get("accepted"):
            raise SourceError(
                f"{source.path}: none of its {counts['read']:,} rows is a transfer; {_said(self._bad[self._first_bad])}"
            )
        self._first_bad = len(self._bad)
        if not counts:
            self._warnings.append(f"{source.path}: has a header and no rows")
        if "paid_currency" not in layout.texts and self.currency is None:
            self._warnings.append(
                f"{source.path}: no currency column; amounts are taken as one currency, {NO_CURRENCY}"
            )
        time_format = cleaner.time_format or ""
        if counts:
            self._precisions.append(precision(time_format))
        columns = dict(layout.headers)
        self._sources.append(_source(source, layout.dialect, counts, time_format=time_format, columns=columns))

    def ledger(self) -> Ledger:
        """All files as one ledger, sorted by time; ties keep the order of files and rows."""
        if not self._parts:
            raise SourceError(f"{self._sources[-1].path}: has a header and no rows" if self._sources else "no rows")
        decimals = self._final_decimals()
        frame = _joined([_rescaled(p, decimals) for p in self._parts])
        payer = np.concatenate([p.payer for p in self._parts])
        payee = np.concatenate([p.payee for p in self._parts])
        self._parts.clear()
        names = pl.concat(self._accounts.names, rechunk=True).alias("account")
        frame, payer, payee = _in_time_order(frame, payer, payee)
        frame, repeated = self._with_tx(frame, payer, payee)
        if repeated is not None:
            frame, payer, payee = frame.filter(~repeated), payer[~repeated.to_numpy()], payee[~repeated.to_numpy()]
            frame = self._with_unique_tx(frame)
        whole = self._whole(frame, names, payer, payee)
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

    def _with_tx(self, frame: pl.DataFrame, payer: Codes, payee: Codes) -> tuple[pl.DataFrame, pl.Series | None]:
        """The source's own transaction ids, "file:row" where there is none; and which rows repeat an earlier one."""
        if "tx" not in frame.columns:
            return frame.rename({POSITION: "tx"}), None
        frame = frame.with_columns(tx=pl.col("tx").fill_null(_POSITION))
        twice = frame["tx"].is_duplicated()
        if not twice.any():
            return frame, None
        alike = frame.with_columns(payer=pl.Series(payer), payee=pl.Series(payee)).filter(twice)
        content = [name for name in alike.columns if name not in (ROW, "file", POSITION)]
        again = ~alike.select(pl.struct(content).is_first_distinct()).to_series()
        same = pl.repeat(False, frame.height, eager=True).scatter(twice.arg_true(), again)
        self._move_to_duplicates(frame.filter(same))
        return frame, same

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

    def _whole(self, frame: pl.DataFrame, names: pl.Series, payer: Codes, payee: Codes) -> pl.DataFrame:
        paths = [s.path for s in self._sources]
        files = pl.Series("file", paths, dtype=pl.Categorical).gather(frame["file"] - 1)
        codes = {"payer": pl.Series(payer.view(np.uint32)), "payee": pl.Series(payee.view(np.uint32))}
        frame = frame.with_columns(files, *(names.gather(code).alias(side) for side, code in codes.items()))
        wanted = {**SCHEMA, **OPTIONAL}
        return frame.select(pl.col(name).cast(kind) for name, kind in wanted.items() if name in frame.columns)

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


def _rescaled(part: _Part, decimals: dict[str, int]) -> pl.DataFrame:
    """Amounts of a batch in the final decimals of their currencies."""
    factors = {c: 10 ** (decimals[c] - places) for c, places in part.decimals.items() if decimals[c] != places}
    if not factors:
        return part.frame
    frame = part.frame
    for name in MONEY:
        code = f"{name}_currency" if f"{name}_currency" in frame.columns else "paid_currency"
        if name in frame.columns:
            factor = pl.col(code).cast(pl.String).replace_strict(factors, default=1, return_dtype=pl.Int128)
            fine = (pl.col(name).cast(pl.Int128) * factor).cast(pl.Int64, strict=False)
            lost = frame.filter(pl.col(name).is_not_null() & fine.is_null())
            if lost.height:
                raise too_fine(str(lost[code][0]))
            frame = frame.with_columns(fine.alias(name))
    return frame


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Batches below each other in whole columns, one column at a time so that little is held twice."""
    whole = pl.concat(frames, how="diagonal") if len({tuple(f.columns) for f in frames}) > 1 else pl.concat(frames)
    frames.clear()
    return pl.DataFrame([whole.drop_in_place(name).rechunk() for name in whole.columns])


def _in_time_order(frame: pl.DataFrame, payer: Codes, payee: Codes) -> tuple[pl.DataFrame, Codes, Codes]:
    if frame["time"].is_sorted():
        return frame, payer, payee
    order = frame.select(pl.arg_sort_by("time", maintain_order=True)).to_series()
    positions = order.to_numpy()
    return frame[order], payer[positions], payee[positions]


def _accounts(names: pl.Series, frame: pl.DataFrame, sources: list[Source]) -> pl.DataFrame:
    """The account table; where the dialect keys accounts by bank and number, the bank is the part before the colon."""
    table = describe_accounts(names, frame)
    if not any(s.dialect == "amlworld" for s in sources):
        return table
    bank = pl.col("account").str.extract(r"^([^:]+):")
    return table.with_columns(bank=pl.coalesce("bank", bank))
