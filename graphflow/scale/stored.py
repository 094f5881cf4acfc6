"""A store as a source of pieces: its columns in files, its accounts in buckets, its days for what else is asked."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import OPTIONAL, TIME, Ledger, Portion
from graphflow.scale import packing
from graphflow.scale.columns import ENTRY, Columns, put
from graphflow.scale.indexing import HEAD, IDS, INDEXED, USERS, WORTH, head_of
from graphflow.scale.pieces import Bools, Codes, Longs, Piece, Stretch
from graphflow.store import manifest as manifests
from graphflow.store.manifest import Manifest
from graphflow.store.opened import texts_at
from graphflow.value import Valuation

S = TypeVar("S")
T = TypeVar("T")
_NAMES = ENTRY.names or ()
_NONE = np.empty(0, np.int64)
_LOOKED_UP = ("channel", "device")
"""Columns that roles look up beside ends, times and values."""


@dataclass(frozen=True)
class Stored:
    """A store whose columns are in `folder` (`graphflow.scale.indexing`), and its buckets beside them."""

    store: Path
    folder: Path

    @cached_property
    def head(self) -> Ledger:
        """The ledger without its transfers."""
        return head_of(self.folder)

    @cached_property
    def texts(self) -> list[str]:
        """Columns of text that detectors look at and some day has."""
        return [name for name in ("device", "ip") if name in self.names]

    @cached_property
    def names(self) -> list[str]:
        """Columns that some day has."""
        found: list[str] = json.loads((self.folder / HEAD).read_text("utf-8"))["columns"]
        return found

    @cached_property
    def columns(self) -> Columns:
        """The files of its columns."""
        return Columns(self.folder, self.head.whole_height)

    @cached_property
    def manifest(self) -> Manifest:
        """What the store held when it was indexed; what came in since is not looked at."""
        return manifests.load(self.folder / INDEXED)

    @cached_property
    def ids(self) -> pl.DataFrame:
        """Transfers whose ids had to be made unique: `place` and `tx`."""
        return pl.read_ipc(self.folder / IDS)

    @property
    def size(self) -> int:
        return self.head.whole_height

    @cached_property
    def valuation(self) -> Valuation:
        found: Valuation = packing.load(self.folder / WORTH)
        return found

    def empty(self) -> Ledger:
        return self.head

    def bucket(self, codes: Codes) -> Piece:
        path = bucket_path(self.folder, codes)
        try:
            return self._piece(np.fromfile(path, ENTRY))
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror or error}); delete {self.folder}") from error

    def stretch(self, times: Stretch, left_out: Bools) -> Piece:
        first, last = (self.columns.row_at(time) for time in times)
        within = self.columns.chunks(first, max(first, last))
        return self._lean([(a, b, self._between_others(a, b, left_out)) for a, b in within])

    def _lean(self, chunks: Sequence[tuple[int, int, Longs]]) -> Piece:
        """Some rows of chunks of columns, counted from the first of each, with ends, times and values alone."""

        def column(name: str) -> npt.NDArray[Any]:
            return np.concatenate([self.columns.read(name, a, b)[kept] for a, b, kept in chunks] or [_NONE])

        time = column("time").astype(np.int64, copy=False)
        ledger = replace(
            self.head,
            frame=pl.DataFrame({"time": pl.Series(time).cast(TIME)}),
            payer_codes=column("payer").astype(np.int32, copy=False),
            payee_codes=column("payee").astype(np.int32, copy=False),
            portion=replace(_portion(self.head), places=np.concatenate([a + kept for a, _, kept in chunks] or [_NONE])),
        )
        return Piece(ledger, column(self.columns.valued), time)

    def _between_others(self, first: int, last: int, left_out: Bools) -> Longs:
        """Of these rows, those that lead from one account to another and touch none that is left out."""
        payer, payee = (self.columns.read(name, first, last) for name in ("payer", "payee"))
        return np.flatnonzero((payer != payee) & ~left_out[payer] & ~left_out[payee])

    def chosen(self, accounts: Bools, places: Longs, pairs: Longs) -> Piece:
        entries = np.concatenate([*self._chosen(accounts, places, pairs), np.empty(0, ENTRY)])
        piece = self._piece(entries)
        if not self.texts:
            return piece
        texts = texts_at(self.store, self.manifest, entries["place"], dict.fromkeys(self.texts, pl.String()))
        return replace(piece, ledger=replace(piece.ledger, frame=piece.ledger.frame.hstack(texts)))

    def around(self, accounts: Bools) -> Piece:
        """All transfers of some accounts, with no more than roles look up: ends, times, values, channels, devices."""
        chunks = []
        for first, last in self.columns.chunks():
            payer, payee = (self.columns.read(name, first, last) for name in ("payer", "payee"))
            chunks.append((first, last, np.flatnonzero(accounts[payer] | accounts[payee])))
        piece = self._lean(chunks)
        kinds: dict[str, pl.DataType] = {name: OPTIONAL[name] for name in _LOOKED_UP if name in self.names}
        if not kinds:
            return piece
        texts = texts_at(self.store, self.manifest, piece.ledger.all_places, kinds)
        return replace(piece, ledger=replace(piece.ledger, frame=piece.ledger.frame.hstack(texts)))

    def users(self) -> tuple[Longs, Longs]:
        with np.load(self.folder / USERS) as held:
            return held["place"], held["payer"]

    def _chosen(self, accounts: Bools, places: Longs, pairs: Longs) -> Iterator[npt.NDArray[Any]]:
        size = np.int64(accounts.size)
        payers = np.zeros(accounts.size, np.bool_)
        payers[pairs // size] = True
        for first, last in self.columns.chunks():
            payer, payee = (self.columns.read(name, first, last) for name in ("payer", "payee"))
            kept = accounts[payer] | accounts[payee]
            some = np.flatnonzero(payers[payer])
            kept[some] |= np.isin(payer[some] * size + payee[some], pairs)
            a, b = np.searchsorted(places, (first, last))
            kept[places[a:b] - first] = True
            yield self.columns.entries(first, last, np.flatnonzero(kept))

    def _piece(self, entries: npt.NDArray[Any]) -> Piece:
        return self._pieced([entries])

    def _pieced(self, parts: list[npt.NDArray[Any]]) -> Piece:
        """Entries that follow each other, column by column, so that no more than one column is there twice."""
        head, entries = self.head, {str(name): np.concatenate([part[name] for part in parts]) for name in _NAMES}
        parts.clear()
        names = pl.Series(head.currencies, dtype=pl.Categorical)
        frame = pl.DataFrame(
            {
                "time": pl.Series(entries["time"]).cast(TIME),
                "paid": entries["paid"],
                "paid_currency": names.gather(entries["currency"].astype(np.uint32)),
            }
        )
        ledger = replace(
            head,
            frame=frame,
            payer_codes=entries["payer"],
            payee_codes=entries["payee"],
            portion=replace(_portion(head), places=entries["place"]),
        )
        return Piece(ledger, entries["value"])


def bucket_path(folder: Path, codes: Codes) -> Path:
    """The file of a bucket of accounts."""
    return folder / f"bucket-{codes[0]}-{codes[1]}.bin"


def _portion(head: Ledger) -> Portion:
    if head.portion is None:
        raise TypeError("the head of a store is a part of it")
    return head.portion


def fill_buckets(columns: Columns, buckets: tuple[Codes, ...]) -> None:
    """Write each transfer into the bucket of its payer and into that of its payee, in order."""
    kind = np.uint16 if len(buckets) < 1 << 16 else np.int64  # the former is sorted in one pass
    bucket_of = np.repeat(np.arange(len(buckets)).astype(kind), [last - first for first, last in buckets])

    def sort(chunk: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], Longs, Longs]:
        """Rows as bytes, their order by buckets, and where each bucket ends in it."""
        entries = columns.entries(*chunk)
        mine = bucket_of[np.stack([entries["payer"], entries["payee"]], axis=1)]
        once = np.ones(mine.shape, np.bool_)
        once[:, 1] = mine[:, 0] != mine[:, 1]
        listed = mine[once]
        order = np.flatnonzero(once.ravel())[np.argsort(listed, kind="stable")] // 2
        lines = entries.view(np.uint8).reshape(entries.size, ENTRY.itemsize)  # taken much faster than records
        return lines, order, np.cumsum(np.bincount(listed, minlength=len(buckets)))

    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        files = [stack.enter_context(bucket_path(columns.folder, codes).open("wb")) for codes in buckets]
        for lines, order, stops in _ahead(pool, sort, columns.chunks()):
            for file, start, stop in zip(files, [0, *stops], stops, strict=False):
                put(file, lines.take(order[start:stop], axis=0))


def _ahead(pool: Executor, make: Callable[[S], T], things: Iterable[S]) -> Iterator[T]:
    """What is made of each thing, while the next one is being made."""
    waiting: deque[Future[T]] = deque()
    for thing in things:
        waiting.append(pool.submit(make, thing))
        if len(waiting) > 1:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
