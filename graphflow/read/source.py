"""Inputs before their columns are known: what kind each is, its encoding, its header, its fingerprint.

A PATH may stand for many files, and a file for many tables; `Sources` gives them one by one. Everything that can be
wrong with a file as a whole is found here and said in one line.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

import polars as pl

from graphflow import digest
from graphflow.digest import Digest
from graphflow.errors import SourceError
from graphflow.ledger import REJECTED, Ledger
from graphflow.read import encodings, messages, sheets
from graphflow.read.encodings import NotUtf8
from graphflow.read.heading import NoTable, of_text
from graphflow.read.origins import Origin, Skipped, origins
from graphflow.read.tables import Table, TableReader

TABLE_READERS: tuple[TableReader, ...] = (sheets, messages)
"""Formats that are neither text nor Parquet. A reader that knows the first bytes of a file gets it."""

_HEAD = 1 << 22
_MAGIC = {
    b"%PDF": "a PDF: export the records as CSV",
    b"SQLite format 3": "a SQLite database: export the table as CSV",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"{\\rtf": "a text document: export the records as CSV",
}
_PACKED = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
}
_MARKUP = {
    b"<!doctype html": "a web page, whatever its name says: open it in Excel and save it as .xlsx",
    b"<html": "a web page, whatever its name says: open it in Excel and save it as .xlsx",
    b"<table": "a web page, whatever its name says: open it in Excel and save it as .xlsx",
    b"<?xml": "XML of a kind that is not known here: export the records as CSV",
    b"<": "markup, not a table: export the records as CSV",
}


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A readable input.

    path      what it is called in messages and results: a path, archive/member, or workbook/sheet
    found     it came with a folder, an archive or a workbook: the user did not name it
    kind      "text" (of which `readable` is the file itself, or a UTF-8 copy), "parquet", or "table" (`frame` has it)
    title     what stands above the header
    above     lines of the text above the header; lines: with the header; start: the byte where the first row begins
    part      what tells a sheet from the others of its workbook
    warnings  what a reader must know of it, in words
    """

    path: str
    readable: Path
    digest: Future[Digest] = field(repr=False)
    bytes: int
    kind: str
    encoding: str
    header: tuple[str, ...]
    separator: str = ""
    types: tuple[pl.DataType, ...] = field(default=(), repr=False)
    found: bool = False
    title: tuple[str, ...] = ()
    above: int = 0
    lines: int = 1
    start: int = 0
    part: str = ""
    warnings: tuple[str, ...] = ()
    frame: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False, compare=False)

    @property
    def sha256(self) -> str:
        """The fingerprint of the file as it was given; waits until the whole of it has been seen.

        Raises `SourceError` when a text that is read as it is turns out not to be sound UTF-8 to its end.
        """
        seen = self.digest.result()
        if self.kind == "text" and encodings.is_plain(self.encoding):
            if not seen.utf8:
                raise NotUtf8(f"{self.path}: is not UTF-8 to its end")
            if seen.replaced:
                raise encodings.lost(self.path)
        return seen.sha256

    @property
    def fingerprint(self) -> str:
        """What is the same for the same content: two sheets of a workbook differ, one sheet given twice does not."""
        return f"{self.sha256} {self.part}" if self.part else self.sha256


class Sources:
    """The tables that some paths stand for, one by one; what a table needs is there until the next one.

    encoding  of texts without a byte order mark; found when not given
    whole     texts are tried as UTF-8 to their ends before they are read (after `NotUtf8`)
    skipped   files that were found and hold no records, once all were looked at
    """

    def __init__(self, paths: list[Path], encoding: str | None, *, whole: bool = False) -> None:
        self.paths, self.encoding, self.whole = paths, encoding, whole
        self.skipped: list[Skipped] = []
        self._all = self._each()

    def __enter__(self) -> Iterator[RawFile]:
        return self._all

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._all.close()

    def explained(self, ledger: Ledger) -> Ledger:
        """The ledger with a word on each file that was skipped."""
        if not self.skipped:
            return ledger
        listed, said = self.skips
        return replace(ledger, rejected=pl.concat([ledger.rejected, listed]), warnings=ledger.warnings + said)

    @property
    def skips(self) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """The files that were skipped, as rejected rows and as warnings."""
        rows = [(one.path, None, None, None, f"skipped: {one.reason}") for one in self.skipped]
        said = tuple(f"{one.path}: {one.reason}; skipped" for one in self.skipped)
        return pl.DataFrame(rows, schema=REJECTED, orient="row"), said

    def _each(self) -> Generator[RawFile, None, None]:
        for path in self.paths:
            read, before = 0, len(self.skipped)
            with closing(self._below(path)) as sources:
                for source in sources:
                    read += 1
                    yield source
            if not read:
                found = self.skipped[before:]
                why = f" ({found[0].path}: {found[0].reason})" if found else ""
                raise SourceError(f"{path}: holds no records{why}")

    def _below(self, path: Path) -> Generator[RawFile, None, None]:
        """The tables of one path."""
        with closing(origins(path)) as found:
            for origin in found:
                if isinstance(origin, Skipped):
                    self.skipped.append(origin)
                else:
                    yield from self._of(origin)

    def _of(self, origin: Origin) -> Iterator[RawFile]:
        """The tables of one file. One that was not named may hold none."""
        with tempfile.TemporaryDirectory(prefix="graphflow-", ignore_cleanup_errors=True) as folder:
            try:
                for source in _open(origin, self.encoding, Path(folder), whole=self.whole):
                    if isinstance(source, RawFile):
                        yield source
                    else:
                        self.skipped.append(Skipped(source.path, source.reason))
            except NoTable as error:
                if not origin.found:
                    raise
                self.skipped.append(Skipped(error.path, error.reason))


def _open(origin: Origin, encoding: str | None, folder: Path, *, whole: bool) -> Iterator[RawFile | NoTable]:
    """What is in one file, by its first bytes."""
    with origin.file.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise NoTable(origin.path, "the file is empty")
    reader = sheets if origin.kind == "workbook" else next((r for r in TABLE_READERS if r.knows(head[:4096])), None)
    if reader is not None:
        yield from _tables(origin, reader)
    elif head.startswith(b"PAR1"):
        yield _parquet(origin)
    else:
        _must_be_text(origin, head, encoding)
        yield _text(origin, head, encoding, folder, whole=whole)


def _raw(origin: Origin, kind: str, encoding: str, header: tuple[str, ...]) -> RawFile:
    return RawFile(
        path=origin.path,
        readable=origin.file,
        digest=digest.of(origin.file),
        bytes=origin.file.stat().st_size,
        kind=kind,
        encoding=encoding,
        header=header,
        found=origin.found,
    )


# --- tables ---------------------------------------------------------------------------------------


def _tables(origin: Origin, reader: TableReader) -> Iterator[RawFile | NoTable]:
    whole = _raw(origin, "table", "", ())
    for table in reader.tables(origin.path, origin.file):
        yield table if isinstance(table, NoTable) else _of_table(whole, table)


def _of_table(whole: RawFile, table: Table) -> RawFile:
    path = f"{whole.path}/{table.name}" if table.name else whole.path
    if any(column.str.contains(encodings.LOST, literal=True).any() for column in table.frame):
        raise encodings.lost(path)
    return replace(
        whole,
        path=path,
        part=table.name,
        encoding=table.format,
        header=table.header,
        title=table.title,
        warnings=table.warnings,
        frame=table.frame,
        found=whole.found or bool(table.name),
    )


def _parquet(origin: Origin) -> RawFile:
    try:
        schema = pl.read_parquet_schema(origin.file)
    except Exception as error:
        raise SourceError(f"{origin.path}: is not a readable Parquet file ({str(error).splitlines()[0]})") from error
    return replace(_raw(origin, "parquet", "parquet", tuple(schema)), types=tuple(schema.values()))


# --- text -----------------------------------------------------------------------------------------


def _must_be_text(origin: Origin, head: bytes, encoding: str | None) -> None:
    path = origin.path
    if origin.kind != "file":
        raise NoTable(path, f"is {origin.kind}: export the records as CSV")
    for magic, what in _PACKED.items():
        if head.startswith(magic):
            raise SourceError(f"{path}: is {what}: unpack it first")
    if head[257:262] == b"ustar":
        raise SourceError(f"{path}: is a tar archive: unpack it first")
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise NoTable(path, f"is {what}")
    start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, what in _MARKUP.items():
        if start.startswith(magic):
            raise NoTable(path, f"is {what}")
    wide = (encodings.marked(head) or encoding or "").lower().replace("_", "-").startswith(("utf-16", "utf-32", "utf1"))
    if b"\0" in head[:65536] and not wide and not encodings.without_mark(head[:65536]):
        raise NoTable(path, f"is a binary file (a zero byte at position {head.index(0):,}), not CSV or Parquet")


def _text(origin: Origin, head: bytes, encoding: str | None, folder: Path, *, whole: bool) -> RawFile:
    """A text, with a UTF-8 copy where it is not UTF-8 with line feeds."""
    name = encodings.find(origin.path, origin.file, head, encoding, whole=whole)
    readable = origin.file
    if not encodings.is_plain(name) or (b"\r" in head and b"\n" not in head):
        readable = folder / "utf8.csv"
        encodings.convert(origin.path, origin.file, name, readable)
    elif encodings.LOST.encode() in head:
        raise encodings.lost(origin.path)
    heading = of_text(origin.path, readable)
    return replace(
        _raw(origin, "text", name, heading.header),
        readable=readable,
        separator=heading.separator,
        title=heading.title,
        above=heading.above,
        lines=heading.lines,
        start=heading.start,
    )
