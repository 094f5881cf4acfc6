"""Lines that name a transaction, or the source file and row of one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

import polars as pl

from graphflow.errors import did_you_mean
from graphflow.ledger import Ledger
from graphflow.words import count, named, shown

Placed = tuple[dict[int, int], dict[int, str]]
"""Line → ledger row; line → what is wrong with what it names."""


def by_transaction(lines: pl.DataFrame, ledger: Ledger) -> Placed:
    """Lines with a transaction id."""
    asked = {k: tx for k, tx in enumerate(lines["tx"].to_list()) if tx is not None}
    if not asked:
        return {}, {}
    wanted = pl.Series(sorted(set(asked.values())), dtype=pl.String)
    rows = ledger.frame["tx"].is_in(wanted.implode()).arg_true()
    row_of = dict(zip(ledger.frame["tx"].gather(rows).to_list(), rows.to_list(), strict=True))
    missing = {k: f"the ledger has no transaction {named(tx)}" for k, tx in asked.items() if tx not in row_of}
    return {k: row_of[tx] for k, tx in asked.items() if tx in row_of}, missing


def by_source(lines: pl.DataFrame, ledger: Ledger, done: Collection[int]) -> Placed:
    """Lines with a file and a row, or a row where the ledger is of one file."""
    pairs = zip(lines["file"].to_list(), lines["row"].to_list(), strict=True)
    asked = {k: (file, row) for k, (file, row) in enumerate(pairs) if row is not None and k not in done}
    if not asked:
        return {}, {}
    files = _files(ledger)
    paths = {file: _path(file, files) for file in {file for file, _ in asked.values()}}
    place = _places(ledger, {row for _, row in asked.values()})
    found: dict[int, int] = {}
    missing: dict[int, str] = {}
    for k, (file, row) in asked.items():
        path, wrong = paths[file]
        if path is None:
            missing[k] = wrong
        elif (path, row) in place:
            found[k] = place[path, row]
        else:
            missing[k] = f"row {row:,} of {shown(path)} {_fate(ledger, path, row)}"
    return found, missing


def _files(ledger: Ledger) -> list[str]:
    columns = [name for name in ("file", "twin_file") if name in ledger.frame.columns]
    return sorted({path for name in columns for path in ledger.frame[name].unique().drop_nulls().to_list()})


def _path(file: str | None, files: list[str]) -> tuple[str | None, str]:
    """The file of the ledger that a text names, by its path or its last part; or what is wrong."""
    if file is None:
        if len(files) == 1:
            return files[0], ""
        return None, f"a row without its file, and the ledger is of {count(len(files), 'file')}"
    if file in files:
        return file, ""
    last = PurePath(file.replace("\\", "/")).name
    same = [path for path in files if PurePath(path).name == last or path.endswith("/" + file)]
    if len(same) == 1:
        return same[0], ""
    if same:
        return None, f"{count(len(same), 'file')} of the ledger are called {shown(last)}: say the whole path"
    return None, f"the ledger has no file {shown(file)}: {did_you_mean(file, files)}"


def _places(ledger: Ledger, rows: set[int]) -> dict[tuple[str, int], int]:
    """(file, row) → position, of transfers from rows with these numbers."""
    wanted = pl.Series(sorted(row for row in rows if 0 <= row < 2**32), dtype=pl.UInt32)
    found: dict[tuple[str, int], int] = {}
    for file, row in (("twin_file", "twin_row"), ("file", "row")):
        if file in ledger.frame.columns:
            at = ledger.frame[row].is_in(wanted.implode()).fill_null(False).arg_true()
            texts, numbers = ledger.frame[file].gather(at).to_list(), ledger.frame[row].gather(at).to_list()
            found |= dict(zip(zip(texts, numbers, strict=True), at.to_list(), strict=True))
    return found


def _fate(ledger: Ledger, path: str, row: int) -> str:
    """Why a row of a file is no transfer."""
    known = ledger.rejected.filter(file=path, row=row)
    return f"did not become a transfer: {known['reason'][0]}" if known.height else "is no transfer of the ledger"
