"""Large text files, block by block through compiled kernels: several times as fast as through columns of text.

A row of the plain kind (as many fields as the header, digits where a number or a time belongs) never becomes text:
amounts, times, currencies and account keys go from bytes to numbers. Every other row is taken apart by `csv` and
cleaned as all rows of small files are, so that both ways of reading give the same ledger. A file with quotes in
unusual places, or with times that have no fixed form, is left to the other way as a whole (`Unplain`).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import fields, rows
from graphflow.kernels.engine import ready
from graphflow.ledger import REJECTED, TIME, default_decimals
from graphflow.read.amounts import MONEY, MOST_DECIMALS, rescaled
from graphflow.read.batches import ROW, counted
from graphflow.read.clean import FREE, NO_CURRENCY, Cleaned, Cleaner
from graphflow.read.columns import Layout
from graphflow.read.keys import SALT, SPARE, Keys, together
from graphflow.read.source import RawFile, not_utf8
from graphflow.read.times import EPOCHS, FIRST, LAST, SAMPLE, in_zone, template

Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

BLOCK_BYTES = 1 << 23
_SMALLEST = 1 << 19
_FEWEST = 12
_AHEAD = 3
_MOST_CODES = 4096
_LONGEST = 1 << 28
_ALWAYS = 10**9
_ROW_BYTES = 100
_ANY = -(2**63) + 1
_NONE = np.uint32(2**32 - 1)
_LEAST = {"paid": 1, "received": 0}


class Unplain(Exception):
    """A file that must be read the other way."""


def suits(source: RawFile) -> bool:
    """Whether a file is text, and large enough for compiled kernels."""
    return source.kind == "text" and ready(fields, source.bytes // _ROW_BYTES) is not fields


def scan(source: RawFile, layout: Layout, cleaner: Cleaner) -> Iterator[Cleaned]:
    """A file's rows in order, cleaned. Raises `Unplain`.

    cleaner  cleans the rows that are not plain, stripping them; holds the time format, once that is found
    """
    blocks, cut = _blocks(source), _Cut(source, layout)
    first: list[_Block] = []
    while sum(block.count for block in first) < SAMPLE and (block := next(blocks, None)) is not None:
        first.append(block)
    if not first:
        return
    cleaner.look_at(pl.concat(_Table(cut, block).column("time") for block in first))
    with ThreadPoolExecutor(_AHEAD - 1) as pool:
        waiting: deque[Future[Cleaned]] = deque()
        for block in chain(first, blocks):
            waiting.append(pool.submit(_cleaned, cut, cleaner, block))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# --- blocks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Block:
    """Whole lines, each ending in a line feed: data[:size]; `number` is the row number of the first of `count`."""

    data: Bytes
    size: int
    number: int
    count: int


def _blocks(source: RawFile) -> Iterator[_Block]:
    count_lines = ready(rows, _ALWAYS).line_feeds
    size_of_block = min(BLOCK_BYTES, max(_SMALLEST, source.bytes // _FEWEST))
    number = 1
    with source.readable.open("rb") as stream:
        if stream.readline().count(b'"') % 2:
            raise Unplain
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
                yield _Block(data, stop, number, count)
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
class _Cut:
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


class _Table:
    """The rows of a block, cut into fields. `odd` marks those that are not plain: more with each column read."""

    def __init__(self, cut: _Cut, block: _Block) -> None:
        self.cut, self.block, self.data = cut, block, block.data
        self.run: Any = ready(fields, _ALWAYS)
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
        used = self.run.copied(self.data, self.bounds, wanted, which, parts, room)
        try:
            return room[: used - 1].tobytes().decode()
        except UnicodeDecodeError:
            raise not_utf8(self.cut.source.path) from None

    # --- numbers

    def amounts(self, name: str) -> tuple[Longs, npt.NDArray[np.int8]]:
        """Digits and decimal places of each row."""
        digits, places = np.zeros(len(self), np.int64), np.zeros(len(self), np.int8)
        optional = name not in ("time", "paid", "received")
        (w,) = self.cut.parts(name)[0]
        self.run.amounts(self.data, self.bounds, len(self), w, self.odd, optional, digits, places)
        return digits, places

    def codes(self, name: str) -> tuple[npt.NDArray[np.uint32], list[str]]:
        """Number of each row's text among the distinct ones, from 1 on (0: empty), and those."""
        code, first = np.zeros(len(self), np.uint32), np.empty(_MOST_CODES, np.int64)
        (w,) = self.cut.parts(name)[0]
        slots = np.zeros(4 * _MOST_CODES, np.int32)
        count = self.run.codes(self.data, self.bounds, len(self), w, self.odd, code, slots, first)
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
        self.run.keys(self.data, self.bounds, len(self), parts, self.odd, SALT, one, two, room)
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
        (w,) = self.cut.parts("time")[0]
        text, which = np.frombuffer(bytearray(form.text), np.uint8), np.array(form.which, np.int8)
        self.run.times(self.data, self.bounds, len(self), w, self.odd, text, which, form.fraction, stamps)
        times = in_zone(pl.Series(stamps).cast(pl.Datetime("us")), timezone)
        self.odd[times.is_null().to_numpy()] = 1
        return times


# --- a block's transfers --------------------------------------------------------------------------


def _cleaned(cut: _Cut, cleaner: Cleaner, block: _Block) -> Cleaned:
    """The transfers of a block, and the rows that are none."""
    assert cleaner.time_format is not None
    table = _Table(cut, block)
    columns = {"time": table.stamps(cleaner.time_format, cleaner.timezone)}
    hashes = [table.hashes(side) for side in ("payer", "payee")]
    for name in ("channel", "label", "payer_bank", "payee_bank"):
        if table.has(name):
            columns[name] = _categories([None, *(coded := table.codes(name))[1]], coded[0])
    money, decimals = _money(table, cleaner.currency or NO_CURRENCY)
    good = table.good()
    frame = pl.DataFrame({**columns, **money}) if good.size == len(table) else pl.DataFrame({**columns, **money})[good]
    texts = {name: table.column(name, good).replace("", None) for name in ("tx", *FREE) if table.has(name)}
    frame = frame.with_columns(pl.Series(ROW, (good + block.number).astype(np.uint32)), **texts)
    keys = _keys(table, good, hashes)
    if good.size == len(table):
        return Cleaned(good=frame, keys=keys, bad=pl.DataFrame(schema=REJECTED), excluded=0, decimals=decimals)
    odd = cleaner.clean(_odd_rows(table))
    if not odd.good.height:
        return Cleaned(good=frame, keys=keys, bad=odd.bad, excluded=odd.excluded, decimals=decimals)
    final = {code: max(decimals.get(code, 0), odd.decimals.get(code, 0)) for code in {**decimals, **odd.decimals}}
    both = [rescaled(frame, decimals, final), rescaled(odd.good, odd.decimals, final).select(frame.columns)]
    whole = pl.concat(both)
    order = whole[ROW].arg_sort()
    return Cleaned(
        good=whole[order],
        keys=together(keys, odd.keys, order.to_numpy().astype(np.int64), table.run),
        bad=odd.bad,
        excluded=odd.excluded,
        decimals=final,
    )


def _categories(texts: list[str | None], code: npt.NDArray[np.uint32]) -> pl.Series:
    return pl.Series(texts, dtype=pl.Categorical).gather(code)


def _money(table: _Table, unit: str) -> tuple[dict[str, pl.Series], dict[str, int]]:
    """Currencies, and amounts in minor units with the decimals they are in.

    unit  the currency of amounts that state none
    """
    number: dict[str, int] = {unit: 0}
    paid = _numbered(table, "paid_currency", number)
    paid[paid == _NONE] = 0
    stated = {"paid_currency": paid}
    if table.has("received") and table.has("received_currency"):
        own = _numbered(table, "received_currency", number)
        stated["received_currency"] = np.where(own == _NONE, paid, own)
    known = np.array([default_decimals(code) for code in number], np.int64)
    amounts = {name: table.amounts(name) for name in MONEY if table.has(name)}
    of = {name: stated.get(f"{name}_currency", paid) for name in amounts}
    size, run = len(table), table.run
    for name, (digits, places) in amounts.items():
        run.bounded(size, table.odd, digits, places, MOST_DECIMALS, _LEAST.get(name, _ANY))
    for step in (run.learn, run.scale):
        for name, (digits, places) in amounts.items():
            step(size, table.odd, digits, places, of[name], known)
    columns = {name: _categories(list(number), code) for name, code in stated.items()}
    for name, (digits, places) in amounts.items():
        units = pl.Series(digits)
        columns[name] = (
            units.set(pl.Series(places == fields.NOTHING), None) if (places == fields.NOTHING).any() else units
        )
    return columns, dict(zip(number, known.tolist(), strict=True))


def _numbered(table: _Table, name: str, number: dict[str, int]) -> npt.NDArray[np.uint32]:
    """Each row's currency as its place in `number`, which takes up new ones; `_NONE` where none is stated."""
    if not table.has(name):
        return np.full(len(table), _NONE)
    own, texts = table.codes(name)
    return np.array([_NONE, *(number.setdefault(text, len(number)) for text in texts)], np.uint32)[own]


def _keys(table: _Table, good: Longs, hashes: list[tuple[Longs, Longs]]) -> Keys:
    """The account keys of the plain rows."""
    parts = table.cut.parts("payer", "payee")

    def texts(where: Longs) -> pl.Series:
        side, row = np.divmod(where, max(good.size, 1))
        return table.texts(good[row], side, parts)

    (payer_one, payer_two), (payee_one, payee_two) = hashes
    one, two = np.concatenate([payer_one[good], payee_one[good]]), np.concatenate([payer_two[good], payee_two[good]])
    return Keys(size=2 * good.size, texts=texts, hashes=(one, two))


def _odd_rows(table: _Table) -> pl.DataFrame:
    """The rows that are not plain, taken apart by `csv`."""
    odd = np.flatnonzero(table.odd)
    try:
        lines = [table.data[table.lines[r] : table.lines[r + 1]].tobytes().decode() for r in odd.tolist()]
        taken = list(csv.reader(lines, delimiter=table.cut.source.separator, strict=True))
    except UnicodeDecodeError:
        raise not_utf8(table.cut.source.path) from None
    except csv.Error:
        raise Unplain from None
    return counted(taken, pl.Series(odd + table.block.number), table.cut.layout.positions)
