"""Cleaned batches of all files → one ledger."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import polars as pl

from graphflow.errors import ColumnError, SourceError
from graphflow.kernels import csr
from graphflow.kernels.engine import ready
from graphflow.ledger import (
    GAPS,
    OPTIONAL,
    REJECTED,
    SCHEMA,
    STATEMENTS,
    Ledger,
    Source,
    describe_accounts,
    time_precision,
    used_currencies,
)
from graphflow.read.accounting import Accounting
from graphflow.read.amounts import rescaled
from graphflow.read.batches import ROW
from graphflow.read.clean import Cleaned, Cleaner, Padded, is_padded
from graphflow.read.columns import Layout
from graphflow.read.copies import equal_in, shared
from graphflow.read.keys import AccountCodes, Keys
from graphflow.read.one_sided import Resolved, resolve
from graphflow.read.one_sided.ends import CUT_NUMBER
from graphflow.read.one_sided.identities import Identities, joined
from graphflow.read.references import References
from graphflow.read.source import RawFile
from graphflow.read.times import precision
from graphflow.words import count, span

_SHOWN = 3
_FEW = 0.05
_ROOMY = 8
_PARTS = 8
POSITION = pl.concat_str(pl.col("file").cast(pl.String), pl.lit(":"), pl.col(ROW).cast(pl.String))
"""What a transaction is called that has no id of its own: the number of its file, and its row."""


@dataclass
class Batch:
    """A batch on its way: typed columns, with the codes of its accounts, and the decimals its amounts are in."""

    frame: pl.DataFrame
    decimals: dict[str, int]


@dataclass(kw_only=True)
class Assembler:
    """Collects cleaned batches file by file, then makes the ledger."""

    currency: str | None = None
    in_words: Collection[str] = ()
    out_words: Collection[str] = ()
    references: References = field(default_factory=References)
    _accounts: AccountCodes = field(default_factory=AccountCodes)
    _parts: list[Batch] = field(default_factory=list)
    _records: list[Batch] = field(default_factory=list)
    _precisions: dict[int, timedelta] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounting = Accounting(currency=self.currency)

    def add(self, cleaned: Cleaned, dialect: str, *, stripped: bool) -> None:
        """Take one batch of the current file. Raises `Padded` when an account needs stripping and none was done."""
        self.accounting.count(cleaned)
        if cleaned.measures is not None:
            self.references.freeze(cleaned.measures, self.accounting.number)
        good, number = cleaned.good, pl.lit(self.accounting.number, pl.UInt32)
        if not good.height:
            return
        if "direction" in good.columns:
            pot = pl.lit(dialect).cast(pl.Categorical)
            self._records.append(Batch(good.with_columns(file=number, pot=pot), cleaned.decimals))
            return
        known = len(self._accounts.names)
        frame = self._coded(good, cleaned.keys).with_columns(file=number)
        if not stripped and any(is_padded(names) for names in self._accounts.names[known:]):
            raise Padded
        self._keep(Batch(frame, cleaned.decimals))

    def _keep(self, part: Batch) -> None:
        """Keep a batch of transfers for the ledger."""
        self._parts.append(part)

    def _coded(self, frame: pl.DataFrame, keys: Keys) -> pl.DataFrame:
        both = self._accounts.encode(keys)
        return _received(frame).with_columns(payer=both[: frame.height], payee=both[frame.height :])

    def refer(self, source: RawFile, layout: Layout, raw: Iterable[pl.DataFrame]) -> None:
        """Take a file that describes accounts and has no transfers."""
        rows = [layout.texts_of(batch, ROW) for batch in raw]
        number = self.accounting.number
        height = sum(part.height for part in rows)
        told = f"tells of {layout.reference}, not of transfers: {count(height, 'row')} used for what they tell"
        self.accounting.set_apart(source, layout.dialect, "excluded", height, told)
        if rows and layout.reference in ("accounts", "sub-accounts"):
            self.references.add(pl.concat(rows), source.path)
        if rows and layout.reference == "freezes":
            self.references.freeze(pl.concat(rows), number)

    def leave(self, source: RawFile, error: ColumnError, raw: Iterable[pl.DataFrame]) -> None:
        """Take a file of a folder, archive or workbook whose columns are not known: all its rows are rejected."""
        reason = str(error).removeprefix(f"{source.path}: ")
        self.accounting.set_apart(source, "not recognised", "rejected", sum(part.height for part in raw), reason)
        self.accounting.say_empty(str(error))

    def finish(self, source: RawFile, layout: Layout, cleaner: Cleaner) -> None:
        """Close the current file's account."""
        number = self.accounting.number
        if self.accounting.finish(source, layout, cleaner):
            self._precisions[number] = layout.precision or precision(cleaner.time_format or "")

    def ledger(self) -> Ledger:
        """All files as one ledger, sorted by time; ties keep the order of files and rows."""
        sources = self.accounting.sources
        if not self._parts and not self._records:
            raise SourceError(self.accounting.empty or _nothing(sources))
        decimals = self._final_decimals()
        resolved = self._resolve(decimals) if self._records else None
        identities = resolved.identities if resolved else joined(self.references.links)
        frame = _joined([rescaled(p.frame, p.decimals, decimals) for p in self._parts])
        self._parts.clear()
        if frame.is_empty():
            raise SourceError(self.accounting.none_left())
        names = pl.concat(self._accounts.names, rechunk=True).alias("account")
        if identities.renamed:
            frame, names = _by_one_name(frame, names, identities)
        frame = _in_time_order(frame, min(self._precisions.values()))
        return self._finished(frame, names, decimals, resolved, identities)

    def _finished(
        self,
        frame: pl.DataFrame,
        names: pl.Series,
        decimals: dict[str, int],
        resolved: Resolved | None,
        identities: Identities,
    ) -> Ledger:
        """The ledger of transfers in time order, whose payers and payees are places in `names`."""
        sources = self.accounting.sources
        weights = _by_file(frame)
        self.accounting.warnings += shared(weights, equal_in(frame), self.accounting.paths)
        if "tx" in frame.columns:
            frame = self._with_unique_tx(self._without_repeats(frame))
            weights = _by_file(frame)
        payer, payee = (np.array(frame[side].to_numpy()) for side in ("payer", "payee"))
        whole = self._whole(frame, names)
        self._warn_about(names)
        if resolved and resolved.gaps.height:
            self.accounting.warnings.append(
                f"{count(resolved.gaps.height, 'statement gap')}: balances that do not go on from the row before; rows "
                "are missing there, or wrong"
            )
        accounts = self.references.described(banked(describe_accounts(names, whole), sources))
        gaps, statements = _learned(resolved, self.accounting.paths)
        return Ledger(
            frame=whole,
            accounts=accounts,
            payer_codes=payer,
            payee_codes=payee,
            decimals={c: decimals[c] for c in used_currencies(whole)},
            precision=self._precision(weights, lambda: time_precision(whole["time"])),
            sources=tuple(sources),
            rejected=pl.concat(self.accounting.bad) if self.accounting.bad else pl.DataFrame(schema=REJECTED),
            warnings=tuple(self.accounting.warnings),
            identities=identities.table,
            freezes=self.references.measures(self.accounting.paths, identities.renamed),
            gaps=gaps,
            statements=statements,
        )

    def _resolve(self, decimals: dict[str, int]) -> Resolved:
        """Make transfers of the one-sided records."""
        records = _joined([rescaled(p.frame, p.decimals, decimals) for p in self._records])
        self._records.clear()
        resolved = resolve(
            records,
            self.references.links,
            paths=self.accounting.paths,
            precision=self._precisions,
            in_words=self.in_words,
            out_words=self.out_words,
        )
        self.accounting.move(resolved.fates)
        self.accounting.learn(resolved.words)
        self.accounting.warnings += resolved.warnings
        transfers = resolved.transfers
        keys = Keys.of(transfers["payer"], transfers["payee"])
        self._parts.append(Batch(self._coded(transfers, keys), dict(decimals)))
        return resolved

    def _final_decimals(self) -> dict[str, int]:
        decimals: dict[str, int] = {}
        for part in (*self._parts, *self._records):
            for code, places in part.decimals.items():
                decimals[code] = max(places, decimals.get(code, 0))
        return decimals

    def _without_repeats(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that repeat an earlier one in full, the source's own id included, are duplicates."""
        frame = frame.with_columns(tx=pl.col("tx").fill_null(POSITION))
        twice = frame["tx"].is_duplicated()
        if not twice.any():
            return frame
        content = [name for name in frame.columns if name not in (ROW, "file")]
        again = ~frame.filter(twice).select(pl.struct(content).is_first_distinct()).to_series()
        same = pl.repeat(False, frame.height, eager=True).scatter(twice.arg_true(), again)
        told = "repeats an earlier row in full, transaction id included"
        fate = {"kind": pl.lit("duplicate"), "reason": pl.lit(told), "value": pl.col("tx")}
        self.accounting.move(frame.filter(same).select("file", ROW, **fate), "tx")
        return frame.filter(~same)

    def _with_unique_tx(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that share an id and differ are all kept, all but the first with their position added to it."""
        other = int(frame["tx"].is_duplicated().sum())
        if other:
            self.accounting.warnings.append(f"{other:,} rows share a transaction id with other content; all are kept")
        while frame["tx"].is_duplicated().any():  # again where the new id is in use already
            own = pl.when(pl.col("tx").is_first_distinct()).then("tx")
            frame = frame.with_columns(tx=own.otherwise(pl.format("{}#{}", "tx", POSITION)))
        return frame

    def _whole(self, frame: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
        """Columns as the ledger has them; the texts are made side by side."""
        paths = pl.Series([s.path for s in self.accounting.sources], dtype=pl.Categorical)
        made: dict[str, pl.Expr] = {
            **{name: pl.lit(paths).gather(pl.col(name) - 1) for name in ("file", "twin_file") if name in frame.columns},
            **{side: pl.lit(names).gather(pl.col(side)) for side in ("payer", "payee")},
        }
        if "tx" not in frame.columns:
            made["tx"] = pl.lit(_positions(frame))
        wanted = {name: kind for name, kind in {**SCHEMA, **OPTIONAL}.items() if name in frame.columns or name in made}
        return frame.select(made.get(name, pl.col(name)).cast(kind).alias(name) for name, kind in wanted.items())

    def _precision(self, weights: Mapping[int, int], told: Callable[[], timedelta]) -> timedelta:
        """The finest step that times can be trusted to tell.

        weights  transfers by number of file; told: the coarsest step that all times are a multiple of
        A few transfers of a coarser file do not take the clock from all the others; it is said of them.
        """
        paths, height = self.accounting.paths, sum(weights.values())
        steps = {n: step for n, step in self._precisions.items() if weights.get(n, 0) >= height * _FEW}
        stated = max(steps.values(), default=max(self._precisions.values()))
        for number, step in self._precisions.items():
            if step > stated:
                self.accounting.warnings.append(
                    f"{paths[number]}: its times are told by the {span(step)} only, those of most transfers by the "
                    f"{span(stated)}; what is said of hours and minutes does not hold for its rows"
                )
        return max(stated, told()) if height > 1000 else stated

    def _warn_about(self, names: pl.Series) -> None:
        cut = names.filter(names.str.contains(CUT_NUMBER))
        if cut.len():
            shown = ", ".join(cut.head(_SHOWN).to_list())
            self.accounting.warnings.append(
                f"{cut.len():,} account numbers look cut by a spreadsheet ({shown}): "
                "different accounts may have become one"
            )


def _by_file(frame: pl.DataFrame) -> dict[int, int]:
    """Transfers by number of file."""
    return dict(frame.group_by("file").len().iter_rows())


def _nothing(sources: Sequence[Source]) -> str:
    """What to say where no file has a transfer."""
    kinds = ", ".join(dict.fromkeys(source.dialect for source in sources))
    return f"{sources[0].path}: no file has transfers, only {kinds}; name the files with transactions as well"


def _learned(resolved: Resolved | None, paths: dict[int, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What statements tell beside their transfers, gaps and balances, with paths for the numbers of files."""
    if resolved is None:
        return pl.DataFrame(schema=GAPS), pl.DataFrame(schema=STATEMENTS)
    gaps = resolved.gaps.with_columns(pl.col("file").replace_strict(paths, return_dtype=pl.String))
    return gaps, resolved.statements


def _by_one_name(frame: pl.DataFrame, names: pl.Series, identities: Identities) -> tuple[pl.DataFrame, pl.Series]:
    """Accounts under the one number they go by, in order of first appearance."""
    renamed = names.replace(identities.renamed)
    table = pl.DataFrame({"account": renamed}).with_row_index("old")
    kept = table.unique("account", keep="first", maintain_order=True).select("account").with_row_index("code")
    code = table.join(kept, on="account", how="left", maintain_order="left")["code"].cast(pl.Int32)
    return frame.with_columns(code.gather(frame[side]).alias(side) for side in ("payer", "payee")), kept["account"]


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
        parts = pool.map(lambda k: frame[k * size : (k + 1) * size].select(POSITION).to_series(), range(_PARTS))
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


def banked(table: pl.DataFrame, sources: Sequence[Source]) -> pl.DataFrame:
    """The account table; where the dialect keys accounts by bank and number, the bank is the part before the colon."""
    if not any(s.dialect == "amlworld" for s in sources):
        return table
    bank = pl.col("account").str.extract(r"^([^:]+):")
    return table.with_columns(bank=pl.coalesce("bank", bank))
