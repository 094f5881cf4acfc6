"""Account keys as read → account codes, in order of first appearance, over all batches and files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import encode
from graphflow.kernels import texts as words
from graphflow.kernels.engine import ready
from graphflow.ledger import Codes

Longs = npt.NDArray[np.int64]

SALT: Longs = np.frombuffer(os.urandom(32), np.int64) | 1
"""New in each process, so that no file can hold accounts made to have one hash; results do not depend on it."""

SPARE = 16
"""Bytes that must follow texts in memory, for kernels read several at a time."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys of some rows, payers first and payees after them.

    texts   gives the keys at some positions
    hashes  two independent 64-bit hashes of each key, where the reader has made them
    """

    size: int
    texts: Callable[[Longs], pl.Series]
    hashes: tuple[Longs, Longs] | None = None

    @classmethod
    def of(cls, payer: pl.Series, payee: pl.Series) -> Keys:
        """The keys of payers and payees that are texts already."""
        names = pl.concat([payer, payee.alias(payer.name)])
        return cls(size=names.len(), texts=names.gather)

    def all_texts(self) -> pl.Series:
        """Every key."""
        return self.texts(np.arange(self.size))


def hashes_of(texts: pl.Series, run: Any) -> tuple[Longs, Longs]:
    """The two hashes of each text, by the compiled kernels `run` of `texts`."""
    data = np.frombuffer(bytearray((texts.str.join("")[0].encode() if texts.len() else b"") + bytes(SPARE)), np.uint8)
    stops = np.cumsum(texts.str.len_bytes().to_numpy(), dtype=np.int64)
    one, two = np.empty(stops.size, np.int64), np.empty(stops.size, np.int64)
    run.hashes(data, stops, SALT, one, two)
    return one, two


def together(a: Keys, b: Keys, order: Longs, run: Any) -> Keys:
    """Keys of the rows of `a` and then of `b`, with the rows put in another order. Both get hashes."""
    half = a.size // 2
    first = order < half
    row = np.where(first, order, order - half)
    of_a, at = np.tile(first, 2), np.concatenate([row, row + np.where(first, half, b.size // 2)])
    hashes = (np.empty(at.size, np.int64), np.empty(at.size, np.int64))
    for keys, mask in ((a, of_a), (b, ~of_a)):
        for whole, own in zip(hashes, keys.hashes or hashes_of(keys.all_texts(), run), strict=True):
            whole[mask] = own[at[mask]]

    def texts(where: Longs) -> pl.Series:
        mine, place = of_a[where], at[where]
        back = np.argsort(np.argsort(~mine, kind="stable"))
        return pl.concat([a.texts(place[mine]), b.texts(place[~mine])]).gather(back)

    return Keys(size=at.size, texts=texts, hashes=hashes)


@dataclass
class AccountCodes:
    """Keys → codes. A few keys are looked up by their text; many by two 64-bit hashes, which is as good as by text."""

    count: int = 0
    names: list[pl.Series] = field(default_factory=list)
    _by_text: dict[str, int] | None = field(default_factory=dict)
    _one: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    _two: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    _table: Codes = field(default_factory=lambda: np.empty(0, np.int32))

    def encode(self, keys: Keys) -> Codes:
        """The code of each key; new keys get the next codes, row by row, the payer first."""
        run = ready(encode, keys.size)
        if self._by_text is not None and keys.hashes is None and run is encode:
            return self._look_up(keys, self._by_text)
        run_words = ready(words, 10**9)
        one, two = keys.hashes or hashes_of(keys.all_texts(), run_words)
        run = ready(encode, 10**9)
        self._hash_known(run_words)
        self._make_room(keys.size, run)
        codes, where = np.empty(keys.size, np.int32), np.empty(keys.size, np.int64)
        count = int(run.number(self._table, self._one, self._two, self.count, one, two, codes, where))
        if count > self.count:
            self.names.append(keys.texts(where[: count - self.count]))
        self.count = count
        return codes

    def _look_up(self, keys: Keys, known: dict[str, int]) -> Codes:
        both = keys.all_texts().to_list()
        half = keys.size // 2
        for payer, payee in zip(both[:half], both[half:], strict=True):
            known.setdefault(payer, len(known))
            known.setdefault(payee, len(known))
        if len(known) > self.count:
            self.names.append(pl.Series(list(known)[self.count :], dtype=pl.String))
        self.count = len(known)
        return np.array([known[text] for text in both], np.int32)

    def _hash_known(self, run: Any) -> None:
        """Leave the look-up by text for good."""
        if self._by_text:
            self._one, self._two = hashes_of(pl.concat(self.names), run)
        self._by_text = None

    def _make_room(self, more: int, run: Any) -> None:
        need = self.count + more
        if self._one.size < need:
            self._one = np.concatenate([self._one[: self.count], np.empty(need, np.int64)])
            self._two = np.concatenate([self._two[: self.count], np.empty(need, np.int64)])
        if self._table.size < 2 * need:
            self._table = np.full(1 << int(2 * need).bit_length(), -1, np.int32)
            run.fill(self._table, self._one, self.count)
