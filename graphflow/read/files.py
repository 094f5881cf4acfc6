"""Files, one after the other, into an assembler: the fast way first, and again a slower way where one needs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import TypeVar

import polars as pl

from graphflow.errors import ColumnError, SourceError, did_you_mean
from graphflow.read.assemble import Assembler
from graphflow.read.batches import Ragged, batches
from graphflow.read.blocks import Unplain, suits
from graphflow.read.clean import Cleaned, Cleaner, Padded
from graphflow.read.columns import Layout, load_mapping
from graphflow.read.dialects import BY_MAPPING, recognise
from graphflow.read.encodings import NotUtf8
from graphflow.read.options import PathName, ReadOptions
from graphflow.read.progress import Progress
from graphflow.read.remembered import keep, recall
from graphflow.read.scan import scan
from graphflow.read.source import RawFile, Sources
from graphflow.read.times import SAMPLE

T = TypeVar("T")
A = TypeVar("A", bound=Assembler)

_AHEAD = 2


def read_files(
    paths: PathName | Iterable[PathName],
    options: ReadOptions,
    progress: Progress,
    make: Callable[[], A],
    finish: Callable[[A, Sources], T],
) -> T:
    """Read transaction records into an assembler, and give what `finish` makes of it.

    make  an empty assembler: where a file needs a slower way of reading, all begins anew
    Raises `SourceError` or `ColumnError` with one clear line.
    """
    names = [paths] if isinstance(paths, str | PathLike) else list(paths)
    if not names:
        raise SourceError("no input file given")
    for name in options:
        if name not in ReadOptions.__annotations__:
            raise TypeError(f'there is no option "{name}": {did_you_mean(name, ReadOptions.__annotations__)}')
    mapping = load_mapping(options.get("mapping"))
    way = _Way()
    while True:
        try:
            return _read([Path(name) for name in names], mapping, options, progress, way, make(), finish)
        except Unplain:
            way = replace(way, scan=False)
        except Padded:
            way = replace(way, strip=True)
        except Ragged:
            way = replace(way, careful=True)
        except NotUtf8:
            if way.whole:
                raise
            way = replace(way, whole=True)


@dataclass(frozen=True)
class _Way:
    """How files are read: the fast way first, as few files need the slower ones.

    scan     large texts by compiled kernels (until `Unplain`)
    strip    with white space taken off (after `Padded`); careful: row by row (after `Ragged`)
    whole    texts tried as UTF-8 to their ends, and converted where they are not (after `NotUtf8`)
    """

    scan: bool = True
    strip: bool = False
    careful: bool = False
    whole: bool = False


def _read(
    paths: list[Path],
    mapping: Mapping[str, str],
    options: ReadOptions,
    progress: Progress,
    way: _Way,
    assembler: A,
    finish: Callable[[A, Sources], T],
) -> T:
    """One attempt."""
    currency = options.get("currency")
    inputs = Sources(paths, options.get("encoding"), whole=way.whole)
    with inputs as sources:
        for source in sources:
            known = mapping or _recalled(source, options, assembler.accounting.warnings)
            try:
                layout = recognise(source, known, options.get("dialect"), options.get("account"))
            except ColumnError as error:
                if not source.found:
                    raise
                assembler.leave(source, error, batches(source, (0,), careful=way.careful))
                continue
            if assembler.accounting.has_seen(source):
                rows = sum(batch.height for batch in batches(source, layout.positions, careful=way.careful))
                assembler.accounting.skip(source, rows)
                continue
            if layout.reference:
                assembler.refer(source, layout, batches(source, layout.positions, careful=way.careful))
                continue
            scanned = way.scan and layout.is_plain and suits(source)
            cleaner = Cleaner(
                source,
                layout,
                time_format=options.get("time_format"),
                timezone=options.get("timezone", "UTC"),
                currency=currency,
                decimal_mark=options.get("decimal"),
                strip=way.strip or scanned,
            )
            if scanned:
                parts = scan(source, layout, cleaner)
            else:
                parts = _cleaned(cleaner, batches(source, layout.positions, careful=way.careful))
            for cleaned in parts:
                assembler.add(cleaned, layout.dialect, stripped=cleaner.strip)
                progress(source, cleaned.height)
            assembler.finish(source, layout, cleaner)
            _remember(source, layout, mapping, options)
    return finish(assembler, inputs)


def _recalled(source: RawFile, options: ReadOptions, warnings: list[str]) -> Mapping[str, str]:
    """The mapping that was given before for a file with this header."""
    folder = options.get("remembered")
    if folder is None:
        return {}
    mapping, path = recall(Path(folder), source.header)
    if path is not None:
        warnings.append(f"{source.path}: columns as given before for the same header (delete {path} to forget)")
    return mapping


def _remember(source: RawFile, layout: Layout, mapping: Mapping[str, str], options: ReadOptions) -> None:
    """Keep a mapping that a file was read by."""
    folder = options.get("remembered")
    if folder is not None and mapping and layout.dialect in BY_MAPPING:
        keep(Path(folder), source.header, mapping)


def _cleaned(cleaner: Cleaner, raw: Iterator[pl.DataFrame]) -> Iterator[Cleaned]:
    """Batches cleaned in order, the next ones already under way on other threads."""
    first: list[pl.DataFrame] = []
    while sum(batch.height for batch in first) < SAMPLE and (batch := next(raw, None)) is not None:
        first.append(batch)
    if not first:
        return
    cleaner.look_at(*cleaner.first_texts(pl.concat(first)))
    with ThreadPoolExecutor(_AHEAD) as pool:
        waiting: deque[Future[Cleaned]] = deque()
        for batch in chain(first, raw):
            waiting.append(pool.submit(cleaner.clean, batch))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
