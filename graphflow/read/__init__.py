"""Files → Ledger. One file here per source dialect; the rest is shared by all of them.

`read_ledger` recognises the dialect by the header, reads in batches (memory stays near that of the
columns kept), turns text into exact minor units and UTC times, and accounts for every row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path

from graphflow.errors import SourceError
from graphflow.ledger import Ledger
from graphflow.read.assemble import Assembler
from graphflow.read.batches import batches
from graphflow.read.clean import Cleaner
from graphflow.read.columns import load_mapping, recognise
from graphflow.read.progress import Progress, silent
from graphflow.read.source import RawFile, open_source

PathName = str | PathLike[str]


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

    paths        one file or several: CSV or TSV text, or Parquet
    mapping      ledger field → header of the file (`{"payer": "From Account"}`), or a TOML file that says so;
                 fields not mapped are recognised by their usual names
    dialect      "amlworld" or "plain"; recognised by the header when not given
    encoding     of text files: UTF-8 when not given; others (gb18030, cp1252, utf-16) must be named
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
    fields = load_mapping(mapping)
    assembler = Assembler(currency=currency)
    for name in names:
        with open_source(Path(name), encoding) as source:
            if assembler.has_seen(source.sha256):
                _count_duplicate(source, assembler)
                continue
            layout = recognise(source, fields, dialect)
            cleaner = Cleaner(source, layout, time_format=time_format, timezone=timezone, currency=currency)
            for batch in batches(source, layout.positions):
                assembler.add(cleaner.clean(batch))
                progress(source, batch.height)
            assembler.finish(source, layout, cleaner)
    return assembler.ledger()


def _count_duplicate(source: RawFile, assembler: Assembler) -> None:
    rows = sum(batch.height for batch in batches(source, [0]))
    assembler.skip(source, rows)
