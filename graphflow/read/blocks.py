"""A large text file in blocks of whole lines, and the fields of a block: bytes until a column is asked for.

A row that is not plain (another number of fields than the header, a column that does not hold what is asked for) is
marked `odd`, and left to a slower reader. Quotes in unusual places, too many distinct codes, times without a fixed
form: `Unplain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import fields, rows, texts
from graphflow.kernels.engine import ready
from graphflow.ledger import TIME
from graphflow.read.amounts import LEAST
from graphflow.read.columns import Layout
from graphflow.read.encodings import NotUtf8
from graphflow.read.keys import SALT, SPARE
from graphflow.read.source import RawFile
from graphflow.read.times import EPOCHS, FIRST, LAST, in_zone, template

Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

BLOCK_BYTES = 1 << 23
_SMALLEST = 1 << 19
_FEWEST = 12
_MOST_CODES = 4096
_LONGEST = 1 << 28
_ALWAYS = 10**9
_CLOCK = 3
_ROW_BYTES = 100


class Unplain(Exception):
    """A file that must be read the other way."""


def suits(source: RawFile) -> bool:
    """Whether a file is text, and large enough for compiled kernels."""
    return source.kind == "text" and ready(fields, source.bytes // _ROW_BYTES) is not fields


@dataclass(frozen=True)
class Block:
    """Whole lines, each ending in a line feed: data[:size]; `number` is the row number of the first of `count`."""

    data: Bytes
    size: int
    number: int
    count: int


def blocks(source: RawFile) -> Iterator[Block]:
    """The lines after the header, in order; a last one without a line feed gets it. Raises `Unplain`."""
    count_lines = ready(rows, _ALWAYS).line_feeds
    size_of_block = min(BLOCK_BYTES, max(_SMALLEST, source.bytes // _FEWEST))
    number = 1
    with source.readable.open("rb") as stream:
        stream.seek(source.start)
        rest = np.empty(0, np.uint8)
        while True:
            data = np.empty(rest.size + size_of_block + SPARE, np.uint8)
            data[: rest.size] = rest
            got = stream.readinto(data[rest.size : -SPARE].data)
            size = rest.size + got
            if not got and size:
                data[size] = ord("\n")
                size += 1
            stop = _last_line_feed(data, size) + 1
            if stop:
                count = count_lines(data, stop)
                yield Block(data, stop, number, count)
                number += count
            if not got:
                return
            rest = data[stop:size]
            if rest.size > _LONGEST:
                raise Unplain


def _last_line_feed(data: Bytes, size: int) -> int:
    near = max(0, size - 4096)
    found = data[near:size].tobytes().rfind(b"\n")
    return near + found if found >= 0 else data[:size].tobytes().rfind(b"\n")


# --- one block ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """How lines of a file are cut into fields, and which fields make which column."""

    source: RawFile
    layout: Layout

    @cached_property
    def kinds(self) -> Bytes:
        return rows.byte_kinds(self.source.separator)

    @cached_property
    def place(self) -> npt.NDArray[np.int32]:
        place = np.full(len(self.source.header), -1, np.int32)
        place[list(self.layout.positions)] = np.arange(len(self.layout.positions))
        return place

    def parts(self, *names: str) -> npt.NDArray[np.int64]:
        """The wanted fields that make each of these columns."""
        parts = np.array([self.layout.parts[name] for name in names], np.int64)
        return self.place.astype(np.int64)[parts]


class Table:
    """The rows of a block, cut into fields. `odd` marks those that are not plain: more with each column read."""

    def __init__(self, cut: Cut, block: Block) -> None:
        self.cut, self.block, self.data = cut, block, block.data
        self.run: Any = ready(fields, _ALWAYS)
        self.words: Any = ready(texts, _ALWAYS)
        self.bounds = np.empty((block.count, 2 * len(cut.layout.positions)), np.int32)
        self.lines = np.full(block.count + 1, block.size, np.int32)
        self.odd = np.empty(block.count, np.uint8)
        split = ready(rows, _ALWAYS).split
        if split(self.data, block.size, cut.kinds, cut.place, self.bounds, self.lines, self.odd) != block.count:
            raise Unplain

    def __len__(self) -> int:
        return self.block.count

    def has(self, name: str) -> bool:
        """Whether the file has a column of this field."""
        return name in self.cut.layout.parts

    def good(self) -> Longs:
        """Numbers of the rows that are plain so far."""
        return np.flatnonzero(self.odd == 0)

    # --- texts

    def column(self, name: str, wanted: Longs | None = None) -> pl.Series:
        """The texts of one field, of all rows or some."""
        wanted = np.arange(len(self)) if wanted is None else wanted
        return self.texts(wanted, np.zeros_like(wanted), self.cut.parts(name))

    def texts(self, wanted: Longs, which: Longs, parts: npt.NDArray[np.int64]) -> pl.Series:
        """The text of fields parts[which[k]] of row wanted[k], for each k."""
        if not wanted.size:
            return pl.Series(dtype=pl.String)
        return pl.Series([self._lines(wanted, which, parts)]).str.split("\n").explode()

    def _lines(self, wanted: Longs, which: Longs, parts: npt.NDArray[np.int64]) -> str:
        room = np.empty(self.block.size + wanted.size * parts.shape[1], np.uint8)
        used = self.words.copied(self.data, self.bounds, wanted, which, parts, room)
        try:
            return room[: used - 1].tobytes().decode()
        except UnicodeDecodeError:
            raise NotUtf8(f"{self.cut.source.path}: is not UTF-8 to its end") from None

    def _span(self, parts: Longs) -> npt.NDArray[np.int32]:
        """From where the first of some fields begins to where the last ends; they must be neighbours in the file."""
        first, last = int(parts[0]), int(parts[-1])
        if any(np.diff(np.array(self.cut.layout.positions)[parts]) != 1):
            raise Unplain
        return np.stack([self.bounds[:, 2 * first], self.bounds[:, 2 * last + 1]], axis=1)

    # --- numbers

    def amounts(self, name: str) -> tuple[Longs, npt.NDArray[np.int8]]:
        """Digits and decimal places of each row."""
        digits, places = np.zeros(len(self), np.int64), np.zeros(len(self), np.int8)
        optional = name not in LEAST and name != "time"
        (w,) = self.cut.parts(name)[0]
        self.run.amounts(self.data, self.bounds, len(self), w, self.odd, optional, digits, places)
        return digits, places

    def codes(self, name: str) -> tuple[npt.NDArray[np.uint32], list[str]]:
        """Number of each row's text among the distinct ones, from 1 on (0: empty), and those."""
        code, first = np.zeros(len(self), np.uint32), np.empty(_MOST_CODES, np.int64)
        (w,) = self.cut.parts(name)[0]
        slots = np.zeros(4 * _MOST_CODES, np.int32)
        count = self.words.codes(self.data, self.bounds, len(self), w, self.odd, code, slots, first)
        if count < 0:
            raise Unplain
        wanted = first[:count]
        texts = self._lines(wanted, np.zeros_like(wanted), self.cut.parts(name)).split("\n") if count else []
        return code, texts

    def hashes(self, name: str) -> tuple[Longs, Longs]:
        """Two hashes of each row's key."""
        one, two = np.zeros(len(self), np.int64), np.zeros(len(self), np.int64)
        (parts,) = self.cut.parts(name)
        room = np.empty(int(np.diff(self.lines).max(initial=0)) + parts.size + SPARE, np.uint8)
        self.words.keys(self.data, self.bounds, len(self), parts, self.odd, SALT, one, two, room)
        return one, two

    def stamps(self, time_format: str, timezone: str) -> pl.Series:
        """UTC times."""
        stamps = np.zeros(len(self), np.int64)
        if time_format in EPOCHS:
            factor, _ = EPOCHS[time_format]
            digits, places = self.amounts("time")
            inside = (digits >= FIRST // factor) & (digits <= LAST // factor) & (places == 0)
            self.odd[~inside] = 1
            return pl.Series(np.where(inside, digits, 0) * factor).cast(TIME)
        form = template(time_format)
        if form is None:
            raise Unplain
        text, which = np.frombuffer(bytearray(form.text), np.uint8), np.array(form.which, np.int8)
        bounds = self._span(self.cut.parts("time")[0])
        if len(self.cut.layout.parts["time"]) > 1:  # date and clock in two columns, which meet at a separator
            dated = (which >= 0) & (which < _CLOCK)
            meet = (which[1:-1] < 0) & (dated[:-2] != dated[2:])
            text[np.flatnonzero(meet) + 1] = ord(self.cut.source.separator)
        self.run.times(self.data, bounds, len(self), 0, self.odd, text, which, form.fraction, stamps)
        times = in_zone(pl.Series(stamps).cast(pl.Datetime("us")), timezone)
        self.odd[times.is_null().to_numpy()] = 1
        return times
