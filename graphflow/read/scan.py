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
from itertools import chain

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import fields
from graphflow.ledger import REJECTED, default_decimals
from graphflow.read.amounts import LEAST, MONEY, MOST_DECIMALS, rescaled
from graphflow.read.batches import ROW, counted
from graphflow.read.blocks import Block, Cut, Longs, Table, Unplain, blocks
from graphflow.read.clean import FREE, NO_CURRENCY, Cleaned, Cleaner
from graphflow.read.columns import Layout
from graphflow.read.encodings import NotUtf8
from graphflow.read.keys import Keys, together
from graphflow.read.source import RawFile
from graphflow.read.times import SAMPLE

_AHEAD = 3
_ANY = -(2**63) + 1
_NONE = np.uint32(2**32 - 1)


def scan(source: RawFile, layout: Layout, cleaner: Cleaner) -> Iterator[Cleaned]:
    """A file's rows in order, cleaned. Raises `Unplain`.

    cleaner  cleans the rows that are not plain, stripping them; holds the time format, once that is found
    """
    whole, cut = blocks(source), Cut(source, layout)
    first: list[Block] = []
    while sum(block.count for block in first) < SAMPLE and (block := next(whole, None)) is not None:
        first.append(block)
    if not first:
        return
    tables = [Table(cut, block) for block in first]
    cleaner.look_at(*(pl.concat(table.column(name) for table in tables) for name in ("time", "paid")))
    if cleaner.comma:
        raise Unplain
    with ThreadPoolExecutor(_AHEAD - 1) as pool:
        waiting: deque[Future[Cleaned]] = deque()
        for block in chain(first, whole):
            waiting.append(pool.submit(_cleaned, cut, cleaner, block))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _cleaned(cut: Cut, cleaner: Cleaner, block: Block) -> Cleaned:
    """The transfers of a block, and the rows that are none."""
    assert cleaner.time_format is not None
    table = Table(cut, block)
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
        keys=together(keys, odd.keys, order.to_numpy().astype(np.int64), table.words),
        bad=odd.bad,
        excluded=odd.excluded,
        decimals=final,
    )


def _categories(texts: list[str | None], code: npt.NDArray[np.uint32]) -> pl.Series:
    return pl.Series(texts, dtype=pl.Categorical).gather(code)


def _money(table: Table, unit: str) -> tuple[dict[str, pl.Series], dict[str, int]]:
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
        run.bounded(size, table.odd, digits, places, MOST_DECIMALS, LEAST.get(name, _ANY))
    for step in (run.learn, run.scale):
        for name, (digits, places) in amounts.items():
            step(size, table.odd, digits, places, of[name], known)
    columns = {name: _categories(list(number), code) for name, code in stated.items()}
    for name, (digits, places) in amounts.items():
        nothing = places == fields.NOTHING
        columns[name] = pl.Series(digits).set(pl.Series(nothing), None) if nothing.any() else pl.Series(digits)
    return columns, dict(zip(number, known.tolist(), strict=True))


def _numbered(table: Table, name: str, number: dict[str, int]) -> npt.NDArray[np.uint32]:
    """Each row's currency as its place in `number`, which takes up new ones; `_NONE` where none is stated."""
    if not table.has(name):
        return np.full(len(table), _NONE)
    own, texts = table.codes(name)
    stands_for = table.cut.layout.meanings.get(name, {})
    texts = [stands_for.get(text, text) for text in texts]
    return np.array([_NONE, *(number.setdefault(text, len(number)) for text in texts)], np.uint32)[own]


def _keys(table: Table, good: Longs, hashes: list[tuple[Longs, Longs]]) -> Keys:
    """The account keys of the plain rows."""
    parts = table.cut.parts("payer", "payee")

    def texts(where: Longs) -> pl.Series:
        side, row = np.divmod(where, max(good.size, 1))
        return table.texts(good[row], side, parts)

    (payer_one, payer_two), (payee_one, payee_two) = hashes
    one, two = np.concatenate([payer_one[good], payee_one[good]]), np.concatenate([payer_two[good], payee_two[good]])
    return Keys(size=2 * good.size, texts=texts, hashes=(one, two))


def _odd_rows(table: Table) -> pl.DataFrame:
    """The rows that are not plain, taken apart by `csv`."""
    odd = np.flatnonzero(table.odd)
    try:
        lines = [table.data[table.lines[r] : table.lines[r + 1]].tobytes().decode() for r in odd.tolist()]
        taken = list(csv.reader(lines, delimiter=table.cut.source.separator, strict=True))
    except UnicodeDecodeError:
        raise NotUtf8(f"{table.cut.source.path}: is not UTF-8 to its end") from None
    except csv.Error:
        raise Unplain from None
    return counted(taken, pl.Series(odd + table.block.number), table.cut.layout.positions)
