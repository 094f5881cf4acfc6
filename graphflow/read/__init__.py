"""Files → Ledger. `dialects` and `messages` hold one file per source dialect, `one_sided` makes transfers of
statements; the rest is shared by all of them.

`read_ledger` recognises the dialect by the header, reads in batches (memory stays near that of the
columns kept), turns text into exact minor units and UTC times, and accounts for every row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from graphflow.ledger import Ledger
from graphflow.read.assemble import Assembler
from graphflow.read.files import read_files
from graphflow.read.options import PathName, ReadOptions
from graphflow.read.progress import Progress, silent


def read_ledger(
    paths: PathName | Iterable[PathName], *, progress: Progress = silent, **options: Unpack[ReadOptions]
) -> Ledger:
    """Read transaction records into one ledger.

    paths    files, folders and archives: CSV or TSV text, Parquet, workbooks; zip and gzip files with such in them
    options  see `ReadOptions`: mapping, dialect, encoding, time_format, timezone, currency, decimal, account, in_words,
             out_words, remembered

    Every row is a transfer in `ledger.frame` or stands in `ledger.rejected` with its reason. A file given twice
    (same SHA-256) is counted as duplicate. Raises `SourceError` or `ColumnError` with one clear line.

    Example
    -------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("time,payer,payee,amount,currency\\n2026-01-05 09:00,007,008,12.50,CNY\\n")
    >>> ledger = read_ledger(path)
    >>> ledger.frame["payer"][0], ledger.frame["paid"][0], ledger.sources[0].rows["accepted"]
    ('007', 1250, 1)
    """

    def empty() -> Assembler:
        return Assembler(
            currency=options.get("currency"),
            in_words=options.get("in_words", ()),
            out_words=options.get("out_words", ()),
        )

    return read_files(paths, options, progress, empty, lambda assembler, inputs: inputs.explained(assembler.ledger()))
