"""Records → a store: read in batches, set down by day, and put into the store in one step at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Unpack

import polars as pl

from graphflow.errors import OutputError, SourceError
from graphflow.read.files import read_files
from graphflow.read.options import PathName, ReadOptions
from graphflow.read.progress import Progress, silent
from graphflow.read.source import Sources
from graphflow.store import manifest as manifests
from graphflow.store.keeper import Keeper
from graphflow.store.lock import only_one
from graphflow.store.manifest import Manifest, Part
from graphflow.store.opened import names_of, part_of
from graphflow.store.spill import Spill

_BUSY, LOCK = ".ingesting", ".lock"
DATA = "data"


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What an ingest did: `before` and `after` are the store's manifests; the same where all files were there already.

    warnings  what a reader must know of the new files
    """

    before: Manifest
    after: Manifest
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Transfers that came in."""
        return self.after.rows - self.before.rows

    def __repr__(self) -> str:
        files = len(self.after.sources) - len(self.before.sources)
        held = f"{self.after.rows:,} in {len(self.after.parts):,} days"
        return f"Ingested({self.rows:,} new transfers of {files:,} files: {held})"


def ingest(
    sources: PathName | Iterable[PathName],
    store: str | os.PathLike[str],
    *,
    progress: Progress = silent,
    **options: Unpack[ReadOptions],
) -> Ingested:
    """Add transaction records to a store: a folder of Parquet files, one a day, sorted by time.

    sources  what `read_ledger` takes; rows must name both parties. A file that is in the store already changes nothing
    options  how files are to be read: see `read_ledger`

    Memory is that of some million rows, of the largest day, and of the names of all accounts, whatever the size of the
    input. The store is the old one until the last step, and then the new one. Raises `GraphflowError` in one line.

    Example
    -------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("time,payer,payee,amount,currency\\n2026-01-05 09:00,P,Q,12.50,CNY\\n")
    >>> ingest(folder / "a.csv", folder / "store")
    Ingested(1 new transfers of 1 files: 1 in 1 days)
    >>> ingest(folder / "a.csv", folder / "store").rows
    0
    """
    folder = Path(store)
    with _alone(folder) as draft:
        before = manifests.load(folder) if manifests.is_store(folder) else Manifest()
        names = names_of(folder, before)

        def empty() -> Keeper:
            for old in draft.iterdir():
                old.unlink()
            return Keeper(earlier=before, names=names, spill=Spill(draft), currency=options.get("currency"))

        keeper, inputs = read_files(sources, options, progress, empty, lambda keeper, inputs: (keeper, inputs))
        if set(keeper.accounting.seen) == set(before.seen):
            return Ingested(before=before, after=before, warnings=tuple(keeper.accounting.warnings))
        return _put_in(folder, before, keeper, inputs)


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """A folder for drafts in the store, that nobody else has at the same time."""
    draft = folder / _BUSY
    try:
        (folder / DATA).mkdir(parents=True, exist_ok=True)
        if not manifests.is_store(folder) and {path.name for path in folder.iterdir()} - {DATA, _BUSY, LOCK}:
            raise OutputError(f"{folder}: is not empty and is no store; name another folder")
        with only_one(folder / LOCK):
            shutil.rmtree(draft, ignore_errors=True)  # of one that was ended from outside
            draft.mkdir()
            try:
                yield draft
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error}); the store is as it was") from error


def _put_in(folder: Path, before: Manifest, keeper: Keeper, inputs: Sources) -> Ingested:
    """Write the new days, and the manifest last."""
    spill = keeper.spill
    if spill is None:
        raise SourceError("nothing was read")
    spill.set_down()
    if not spill.days and not before.parts:
        raise SourceError(keeper.accounting.empty or "no file has transfers")
    generation = before.generation + 1
    decimals = before.decimals
    for pieces in spill.days.values():
        for _, own in pieces:
            for code, places in own.items():
                decimals[code] = max(places, decimals.get(code, 0))
    old = {part.day: part for part in before.parts}
    parts = dict(old)
    for day in sorted(spill.days):
        had = [part_of(folder, old[day], decimals)] if day in old else []
        parts[day] = _written(folder, day, keeper.of_day(day, had, decimals), decimals, generation)
    names = keeper.accounts[keeper.names.len() :]
    listed, skipped = inputs.skips
    bad = pl.concat([*keeper.accounting.bad, listed])
    after = replace(
        before,
        generation=generation,
        sources=tuple(keeper.accounting.sources),
        precisions=keeper.precisions,
        parts=tuple(parts[day] for day in sorted(parts)),
        accounts=(*before.accounts, *_table(folder, names.to_frame(), f"accounts-{generation:06}")),
        rejected=(*before.rejected, *_table(folder, bad, f"rejected-{generation:06}")),
        seen=keeper.accounting.seen,
        warnings=(*before.warnings, *keeper.accounting.warnings, *skipped),
    )
    manifests.save(folder, after)
    for gone in before.files - after.files:
        (folder / gone).unlink(missing_ok=True)
    return Ingested(before=before, after=after, warnings=after.warnings[len(before.warnings) :])


def _written(folder: Path, day: date, frame: pl.DataFrame, decimals: dict[str, int], generation: int) -> Part:
    name = f"{DATA}/{day:%Y-%m-%d}-{generation:06}.parquet"
    _write(frame, folder / name)
    return Part(day=day, file=name, rows=frame.height, bytes=(folder / name).stat().st_size, decimals=decimals)


def _table(folder: Path, frame: pl.DataFrame, name: str) -> list[str]:
    """A table's file, if it has any row."""
    if not frame.height:
        return []
    _write(frame, folder / DATA / f"{name}.parquet")
    return [f"{DATA}/{name}.parquet"]


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write a file so that it is on the disk before a manifest names it."""
    with path.open("wb") as file:
        frame.write_parquet(file, compression="zstd", statistics=True)
        file.flush()
        os.fsync(file.fileno())
