"""Files → Ledger. One file here per source dialect; the rest is shared by all of them.

`read_ledger` recognises the dialect by the header, reads in batches (memory stays near that of the
columns kept), turns text into exact minor units and UTC times, and accounts for every row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from os import PathLike
from pathlib import Path

import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import Ledger
from graphflow.read.assemble import Assembler
from graphflow.read.batches import Ragged, batches
from graphflow.read.blocks import Unplain, suits
from graphflow.read.clean import Cleaned, Cleaner, Padded
from graphflow.read.columns import load_mapping
from graphflow.read.dialects import recognise
from graphflow.read.encodings import NotUtf8
from graphflow.read.progress import Progress, silent
from graphflow.read.scan import scan
from graphflow.read.source import Sources
from graphflow.read.times import SAMPLE

PathName = str | PathLike[str]

_AHEAD = 2


def read_ledger(
    paths: PathName | Iterable[PathName],
    *,
    mapping: Mapping[str, str] | PathName | None = None,
    dialect: str | None = None,
    encoding: str | None = None,
    time_format: str | None = None,
    timezone: str = "UTC",
    currency: str | None = None,
    progress: Progress = silent,
) -> Ledger:
    """Read transaction records into one ledger.

    paths        files, folders and archives: CSV or TSV text, Parquet, workbooks; zip and gzip files with such in them
    mapping      ledger field → header of the file (`{"payer": "From Account"}`), or a TOML file that says so;
                 fields not mapped are recognised by their usual names
    dialect      "amlworld" or "plain"; recognised by the header when not given
    encoding     of text files without a byte order mark; found when not given (UTF-8, UTF-16, gb18030, cp1252), and
                 asked for when none is proved
    time_format  strptime format, or "epoch_s" / "epoch_ms"; found from the data when not given, and asked
                 for when day and month could be either way round
    timezone     zone of times that state none; they become UTC
    currency     of amounts whose file has no currency column

    Every row is a transfer in `ledger.frame` or stands in `ledger.rejected` with its reason. A file given twice
    (same SHA-256) is counted as duplicate. Raises `SourceError` or `ColumnError` with one clear line.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("time,payer,payee,amount,currency\\n2026-01-05 09:00,007,008,12.50,CNY\\n")
    >>> ledger = read_ledger(path)
    >>> ledger.frame["payer"][0], ledger.frame["paid"][0], ledger.sources[0].rows["accepted"]
    ('007', 1250, 1)
    """
    names = [paths] if isinstance(paths, str | PathLike) else list(paths)
    if not names:
        raise SourceError("no input file given")
    options = _Options(
        mapping=load_mapping(mapping),
        dialect=dialect,
        encoding=encoding,
        time_format=time_format,
        timezone=timezone,
        currency=currency,
        progress=progress,
    )
    way = _Way()
    while True:
        try:
            return _read([Path(name) for name in names], options, way)
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


@dataclass(frozen=True, kw_only=True)
class _Options:
    mapping: Mapping[str, str]
    dialect: str | None
    encoding: str | None
    time_format: str | None
    timezone: str
    currency: str | None
    progress: Progress


def _read(paths: list[Path], options: _Options, way: _Way) -> Ledger:
    """One attempt."""
    assembler = Assembler(currency=options.currency)
    inputs = Sources(paths, options.encoding, whole=way.whole)
    with inputs as sources:
        for source in sources:
            if assembler.has_seen(source):
                layout = recognise(source, options.mapping, options.dialect)
                rows = sum(batch.height for batch in batches(source, layout.positions, careful=way.careful))
                assembler.skip(source, rows)
                continue
            layout = recognise(source, options.mapping, options.dialect)
            scanned = way.scan and suits(source)
            cleaner = Cleaner(
                source,
                layout,
                time_format=options.time_format,
                timezone=options.timezone,
                currency=options.currency,
                strip=way.strip or scanned,
            )
            if scanned:
                parts = scan(source, layout, cleaner)
            else:
                parts = _cleaned(cleaner, batches(source, layout.positions, careful=way.careful))
            for cleaned in parts:
                assembler.add(cleaned, stripped=cleaner.strip)
                options.progress(source, cleaned.height)
            assembler.finish(source, layout, cleaner)
    return inputs.explained(assembler.ledger())


def _cleaned(cleaner: Cleaner, raw: Iterator[pl.DataFrame]) -> Iterator[Cleaned]:
    """Batches cleaned in order, the next ones already under way on other threads."""
    first: list[pl.DataFrame] = []
    while sum(batch.height for batch in first) < SAMPLE and (batch := next(raw, None)) is not None:
        first.append(batch)
    if not first:
        return
    cleaner.look_at(pl.concat(first).select(cleaner.layout.texts["time"]).to_series())
    with ThreadPoolExecutor(_AHEAD) as pool:
        waiting: deque[Future[Cleaned]] = deque()
        for batch in chain(first, raw):
            waiting.append(pool.submit(cleaner.clean, batch))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
