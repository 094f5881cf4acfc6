"""A store that is there: its accounts, its days, and all of it as a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import Ledger
from graphflow.read.amounts import rescaled
from graphflow.store import manifest as manifests
from graphflow.store.keeper import Keeper
from graphflow.store.manifest import Manifest, Part


def read_store(folder: Path, *, since: date | None = None, until: date | None = None) -> Ledger:
    """The ledger of a store, or of its days from `since` to `until`: what reading all its files at once would give."""
    found = manifests.load(folder)
    days = [
        part for part in found.parts if (since is None or part.day >= since) and (until is None or part.day <= until)
    ]
    if not days:
        raise SourceError(f"{folder}: has no transfers" + ("" if since is None and until is None else " of these days"))
    keeper = keeper_of(folder, found)
    return keeper.ledger_of((_frame(folder, part), dict(part.decimals)) for part in days)


def keeper_of(folder: Path, found: Manifest) -> Keeper:
    """An assembler that knows what a store tells beside its transfers."""
    keeper = Keeper(earlier=found, names=names_of(folder, found))
    keeper.accounting.warnings += found.warnings
    keeper.accounting.bad += [_table(folder, name) for name in found.rejected]
    return keeper


def names_of(folder: Path, found: Manifest) -> pl.Series:
    """Names of the store's accounts, in the order of their codes."""
    tables = [_table(folder, name)["account"] for name in found.accounts]
    return pl.concat([pl.Series("account", dtype=pl.String), *tables], rechunk=True)


def part_of(folder: Path, part: Part, decimals: dict[str, int]) -> pl.DataFrame:
    """The transfers of a day, amounts in `decimals`."""
    return rescaled(_frame(folder, part), dict(part.decimals), decimals)


def days_at(folder: Path, found: Manifest, places: npt.NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """The transfers at some places of the whole ledger, which rise, day by day; days without one are left out."""
    for part, rows in _parts_at(found, places):
        yield part_of(folder, part, found.decimals)[rows]


def texts_at(
    folder: Path, found: Manifest, places: npt.NDArray[np.int64], kinds: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Some columns of the transfers at some places, which rise; of a day that has not one of them it is null."""
    days = [pl.DataFrame(schema=kinds)]
    for part, rows in _parts_at(found, places):
        held = [name for name in kinds if name in names_in(folder, part)]
        missing = [pl.lit(None, kind).alias(name) for name, kind in kinds.items() if name not in held]
        day = _frame(folder, part, held or ["payer"])[rows].with_columns(missing)
        days.append(day.select(pl.col(name).cast(kind) for name, kind in kinds.items()))
    return pl.concat(days)


def _parts_at(found: Manifest, places: npt.NDArray[np.int64]) -> Iterator[tuple[Part, npt.NDArray[np.int64]]]:
    """The days of some places, and their rows of each; days without one are left out."""
    first = 0
    for part in found.parts:
        a, b = np.searchsorted(places, (first, first + part.rows))
        if b > a:
            yield part, places[a:b] - first
        first += part.rows


def names_in(folder: Path, part: Part) -> list[str]:
    """Names of the columns that a day has."""
    path = _sound(folder, part)
    try:
        return list(pl.read_parquet_schema(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error


def _frame(folder: Path, part: Part, columns: list[str] | None = None) -> pl.DataFrame:
    path = _sound(folder, part)
    frame = _table(folder, part.file, columns)
    if frame.height != part.rows:
        raise SourceError(f"{path}: has {frame.height:,} rows instead of {part.rows:,}; restore it, or ingest anew")
    return frame


def _sound(folder: Path, part: Part) -> Path:
    """The file of a day, if it has the size that it had when it was written."""
    path = folder / part.file
    try:
        size = path.stat().st_size
    except OSError:
        size = -1
    if size != part.bytes:
        why = "is missing" if size < 0 else f"has {size:,} bytes instead of {part.bytes:,}"
        raise SourceError(f"{path}: the store's file of {part.day} {why}; restore it from a copy, or ingest anew")
    return path


def _table(folder: Path, name: str, columns: list[str] | None = None) -> pl.DataFrame:
    try:
        return pl.read_parquet(folder / name, columns=columns, memory_map=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(folder / name, error) from error


def _unreadable(path: Path, error: Exception) -> SourceError:
    why = (str(error).splitlines() or ["?"])[0][:200]
    return SourceError(f"{path}: cannot be read ({why}); restore the store's file from a copy")
