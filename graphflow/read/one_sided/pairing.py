"""The payer's record and the payee's record of one transfer, paired 1:1 and made one row.

Two records pair when one is money out of A to B, the other money into B from A, of equal amount and currency, and not
further apart in time than `TOLERANCE` (or than the coarser of their files can say). Records that share a serial pair
first; two different serials keep records apart, unless the serials of two files have nothing in common at all, as each
bank has its own. Equal transfers in one second are different transfers: each record is used once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import twins
from graphflow.kernels.engine import ready

Longs = npt.NDArray[np.int64]

TOLERANCE = timedelta(seconds=120)
_OWN_SERIALS = 10
_PAYERS = ("ip", "device")


@dataclass(frozen=True)
class Paired:
    """Transfers of which both sides were merged, the records that were the second side, and what to know."""

    transfers: pl.DataFrame
    second: pl.DataFrame
    warnings: tuple[str, ...]


def paired(records: pl.DataFrame, precision: Mapping[int, timedelta]) -> Paired:
    """Merge both sides of each transfer.

    records    directed: payer and payee are who paid and who got; `out` says whose record it is
    precision  file → finest step of its times
    """
    order, twin, warnings = _twins(records, precision)
    sorted_ = records[order]
    out = sorted_["out"].to_numpy()
    has = twin >= 0
    lone = sorted_.filter(~has)
    first = np.flatnonzero(has & out)
    payer, payee = sorted_[first], sorted_[twin[first]]
    merged = _merged(payer, payee)
    transfers = pl.concat([merged, lone], how="diagonal").sort("file", "row")
    return Paired(transfers, payee.select("file", "row"), tuple(warnings))


def _twins(records: pl.DataFrame, precision: Mapping[int, timedelta]) -> tuple[Longs, Longs, list[str]]:
    """The order records were put in, and for each in that order the place of its other side (-1: none)."""
    key = records.select(pl.struct("payer", "payee", "paid", "paid_currency").hash()).to_series()
    codes = key.to_numpy().view(np.int64)
    time = records["time"].to_physical().to_numpy()
    order = np.lexsort((time, codes))
    serials = _serials(records)[order]
    files = records["file"].to_numpy()[order]
    widest = {file: max(TOLERANCE, step) // timedelta(microseconds=1) for file, step in precision.items()}
    tolerance = np.array([widest.get(k, 0) for k in range(max(widest, default=0) + 1)], np.int64)[files]
    run = ready(twins, order.size)
    out = records["out"].to_numpy().astype(np.uint8)[order]
    arrays = (codes[order], np.ascontiguousarray(time[order]), out)
    twin = np.empty(order.size, np.int64)
    run.pair(*arrays, serials, tolerance, True, twin)
    warnings = _of_own_serials(run, arrays, serials, tolerance, files, twin)
    _only_equal(records, order, twin)
    return order, twin, warnings


def _serials(records: pl.DataFrame) -> Longs:
    if "tx" not in records.columns:
        return np.full(records.height, twins.NONE, np.int64)
    hashed = records["tx"].hash().to_numpy() >> np.uint64(1)
    return np.where(records["tx"].is_null().to_numpy(), twins.NONE, hashed.astype(np.int64))


def _only_equal(records: pl.DataFrame, order: Longs, twin: Longs) -> None:
    """Part whatever only shares a hash."""
    first = np.flatnonzero(twin >= 0)
    parts = records.select("payer", "payee", "paid", "paid_currency")
    one, other = parts[order[first]], parts[order[twin[first]]]
    equal = np.ones(first.size, np.bool_)
    for name in parts.columns:
        equal &= (one[name] == other[name]).to_numpy()
    twin[first[~equal]] = twins.NONE


def _of_own_serials(
    run: object,
    arrays: tuple[Longs, Longs, npt.NDArray[np.uint8]],
    serials: Longs,
    tolerance: Longs,
    files: npt.NDArray[np.uint32],
    twin: Longs,
) -> list[str]:
    """Pair what only differing serials kept apart, where the serials of the two files are never the same."""
    alone = np.flatnonzero(twin < 0)
    if not alone.size:
        return []
    left = np.empty(alone.size, np.int64)
    rest = [np.ascontiguousarray(array[alone]) for array in arrays]
    run.pair(*rest, serials[alone], tolerance[alone], False, left)  # type: ignore[attr-defined]
    found = np.flatnonzero((left >= 0) & (rest[2] == 1))
    if not found.size:
        return []
    one, other = alone[found], alone[left[found]]
    sharing = np.flatnonzero(twin >= 0)
    same = serials[sharing] == serials[twin[sharing]]
    common = {_files(files, a, twin[a]) for a in sharing[same & (serials[sharing] != twins.NONE)].tolist()}
    pairs = [_files(files, a, b) for a, b in zip(one.tolist(), other.tolist(), strict=True)]
    numbers = {pair: pairs.count(pair) for pair in set(pairs)}
    apart = 0
    for a, b, pair in zip(one.tolist(), other.tolist(), pairs, strict=True):
        if pair in common or numbers[pair] < _OWN_SERIALS:
            apart += 1
        else:
            twin[a], twin[b] = b, a
    warnings = []
    if len(pairs) > apart:
        warnings.append(
            f"{len(pairs) - apart:,} transfers have another serial in each statement (no serial is in both files, so "
            "each bank has its own): paired by accounts, amount and time"
        )
    if apart:
        warnings.append(
            f"{apart:,} pairs of records have the accounts, the amount and the time of one transfer but different "
            "serials: kept as two transfers each"
        )
    return warnings


def _files(files: npt.NDArray[np.uint32], a: int, b: int) -> tuple[int, int]:
    one, other = int(files[a]), int(files[b])
    return (one, other) if one <= other else (other, one)


def _merged(payer: pl.DataFrame, payee: pl.DataFrame) -> pl.DataFrame:
    """One row a transfer: each side's account as its own record tells it, the rest as the payer's does first."""
    columns = {}
    for name in payer.columns:
        own, other = payer[name], payee[name]
        if name in ("file", "row", "time", "out"):
            columns[name] = own
        elif name.startswith("payee_"):
            columns[name] = _either(other, own)
        elif name in _PAYERS:
            columns[name] = own
        else:
            columns[name] = _either(own, other)
    twin = {"twin_file": payee["file"], "twin_row": payee["row"]}
    return pl.DataFrame({**columns, **twin})


def _either(first: pl.Series, second: pl.Series) -> pl.Series:
    return first if not first.null_count() else first.zip_with(first.is_not_null(), second)
