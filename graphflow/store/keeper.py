"""The reader's assembler between files and a store: batches go to disk by day, and a store's days become a ledger.

A store holds transfers as the assembler has them before it makes the ledger: account codes, numbers of files, minor
units. The ledger is then made of them by the same steps, so that it is the one of all files read at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import REJECTED, Ledger, Portion
from graphflow.read.amounts import rescaled
from graphflow.read.assemble import POSITION, Assembler, Batch, banked
from graphflow.read.clean import Cleaned
from graphflow.read.columns import Layout
from graphflow.read.copies import shared
from graphflow.read.keys import Keys
from graphflow.read.one_sided.identities import joined
from graphflow.read.source import RawFile
from graphflow.store.gist import Gist
from graphflow.store.manifest import Manifest
from graphflow.store.spill import Spill

_ONE_SIDED = (
    "a store takes transfers that name both parties; statements of single accounts are paired over all files of a "
    "case: name those files where a source is asked for"
)


@dataclass(kw_only=True)
class Keeper(Assembler):
    """An assembler that goes on where a store stands.

    earlier   what the store holds; names: its accounts, in the order of their codes
    spill     where batches go
    """

    earlier: Manifest = field(default_factory=Manifest)
    names: pl.Series = field(default_factory=lambda: pl.Series("account", dtype=pl.String))
    spill: Spill | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.accounting.go_on(self.earlier.sources, self.earlier.seen)
        self._precisions.update(self.earlier.precisions)

    def add(self, cleaned: Cleaned, dialect: str, *, stripped: bool) -> None:
        """Take one batch of the current file, if its rows name both parties."""
        if "direction" in cleaned.good.columns:
            raise SourceError(f"records of {dialect}: {_ONE_SIDED}")
        if not self._accounts.names and self.names.len():  # those who only read a store need no codes of its names
            self._accounts.encode(Keys.of(self.names, self.names))
        super().add(cleaned, dialect, stripped=stripped)

    def refer(self, source: RawFile, layout: Layout, raw: Iterable[pl.DataFrame]) -> None:
        """A file beside statements: nothing for a store."""
        raise SourceError(f"{source.path}: tells of {layout.reference}; {_ONE_SIDED}")

    def _keep(self, part: Batch) -> None:
        if self.spill is not None:
            self.spill.add(part.frame, part.decimals)

    @property
    def accounts(self) -> pl.Series:
        """Names of all accounts, by their codes."""
        if not self._accounts.names:
            return self.names.alias("account")
        return pl.concat([self.names.clear(), *self._accounts.names], rechunk=True).alias("account")

    @property
    def precisions(self) -> dict[int, timedelta]:
        """Per number of a file, the finest step of its times."""
        return dict(self._precisions)

    def of_day(self, day: date, before: Sequence[pl.DataFrame], decimals: dict[str, int]) -> pl.DataFrame:
        """All transfers of a day, in time order: those that the store has and the new ones; repeats are counted."""
        new = self.spill.of_day(day, decimals) if self.spill is not None else ()
        frame: pl.DataFrame = pl.concat([*before, *new], how="diagonal").sort("time", maintain_order=True)
        if "tx" not in frame.columns or not frame["tx"].count():
            return frame
        kept: pl.DataFrame = self._without_repeats(frame)
        return kept.with_columns(tx=pl.when(own_of(kept)).then("tx"))

    def ledger_of(self, parts: Iterable[tuple[pl.DataFrame, dict[str, int]]]) -> Ledger:
        """The ledger of a store's days, of which there is one at least, and which come in order."""
        final = self.earlier.decimals
        frames = [rescaled(frame, own, final) for frame, own in parts]
        frame = pl.concat(frames, how="diagonal", rechunk=False)
        return self._finished(frame, self.accounts, final, None, joined([]))

    def without_rows(self, gist: Gist, twins: pl.DataFrame) -> tuple[Ledger, pl.Series]:
        """The ledger of a store without its transfers, which knows of what it is a part.

        twins  all transfers whose id another one has as well, in order; beside the ledger come their ids made unique
        """
        self.accounting.warnings += shared(gist.rows, gist.equal, self.accounting.paths)
        ids = self._with_unique_tx(twins)["tx"] if twins.height else pl.Series("tx", [], pl.String)
        self._warn_about(self.accounts)
        final = self.earlier.decimals
        ledger = Ledger(
            frame=self.whole(pl.DataFrame(schema=gist.columns), self.accounts),
            accounts=banked(gist.accounts(self.accounts), self.accounting.sources),
            payer_codes=np.empty(0, np.int32),
            payee_codes=np.empty(0, np.int32),
            decimals={code: final[code] for code in gist.currencies},
            precision=self._precision(gist.rows, lambda: gist.step),
            sources=tuple(self.accounting.sources),
            rejected=pl.concat(self.accounting.bad) if self.accounting.bad else pl.DataFrame(schema=REJECTED),
            warnings=tuple(self.accounting.warnings),
            portion=Portion(places=np.empty(0, np.int64), height=gist.height, first=gist.first, last=gist.last),
        )
        return ledger, ids

    def whole(self, frame: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
        """Transfers of the store in the columns of a ledger. `names`: of all accounts."""
        return self._whole(with_ids(frame), names)


def with_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """Transfers of which each has an id, where some have one of their own."""
    return frame.with_columns(tx=pl.col("tx").fill_null(POSITION)) if "tx" in frame.columns else frame


def own_of(frame: pl.DataFrame) -> pl.Expr:
    """Whether an id is the source's own, and not made of file and row."""
    return pl.col("tx") != pl.concat_str(pl.col("file").cast(pl.String), pl.lit(":"), pl.col("row").cast(pl.String))
