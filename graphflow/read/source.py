"""One input file before its columns are known: what kind it is, its encoding, its header, its fingerprint.

Everything that can be wrong with a file as a whole is found here and said in one line.
"""

from __future__ import annotations

import csv
import io
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from graphflow import digest
from graphflow.errors import SourceError

_BLOCK = 1 << 22
_LONGEST_LINE = 1 << 20
_SEPARATORS = ",\t;|"
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAGIC = {
    b"PK\x03\x04": "a zip or Excel file: unpack it, or save it as CSV",
    b"\x1f\x8b": "gzip-compressed: unpack it first",
    b"%PDF": "a PDF: export the records as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save it as CSV",
    b"SQLite format 3": "a SQLite database: export the table as CSV",
}


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A readable input: `readable` is the file itself, or a UTF-8 copy of it."""

    path: str
    readable: Path
    digest: Future[str] = field(repr=False)
    bytes: int
    kind: str
    encoding: str
    header: tuple[str, ...]
    separator: str = ""
    title: tuple[str, ...] = ()
    types: tuple[pl.DataType, ...] = field(default=(), repr=False)

    @property
    def sha256(self) -> str:
        """The fingerprint of the file as it was given; waits until the whole of it has been seen."""
        return self.digest.result()


@contextmanager
def open_source(path: Path, encoding: str | None = None) -> Iterator[RawFile]:
    """Look at a file once from end to end and say what it is. A converted copy lives as long as the block."""
    _must_be_file(path)
    with path.open("rb") as stream:
        head = stream.read(_BLOCK)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise SourceError(f"{path}: the file is empty")
    if head.startswith(b"PAR1"):
        yield _parquet(path)
        return
    _must_be_text(path, head, encoding)
    with tempfile.TemporaryDirectory(prefix="graphflow-") as folder:
        readable, name = _as_utf8(path, head, encoding, Path(folder))
        yield _text(path, readable, name)


def _must_be_file(path: Path) -> None:
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise SourceError(f"{path}: is a folder; name its files, for example {path}/*.csv")
        if not stat.S_ISREG(kind):
            raise SourceError(f"{path}: is a pipe or a device, which can be read only once; save it as a file first")
        path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        near = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise SourceError(f"{path}: no such file{_near(path.name, near)}") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # a zero byte in the name
        raise SourceError(f"{path}: cannot be the name of a file ({error})") from error


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def _must_be_text(path: Path, head: bytes, encoding: str | None) -> None:
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise SourceError(f"{path}: is {what}")
    if head[:2] in _MARKS or (encoding or "").lower().replace("_", "-").startswith(("utf-16", "utf-32", "utf16")):
        return
    if b"\0" in head[:65536]:
        wide = _without_mark(head[:65536])
        if wide:
            raise SourceError(f"{path}: looks like UTF-16 without a byte order mark; try --encoding {wide}")
        raise SourceError(f"{path}: is a binary file (a zero byte at position {head.index(0):,}), not CSV or Parquet")


def _without_mark(head: bytes) -> str:
    """The UTF-16 that a text mostly in ASCII would be: every other byte is zero."""
    for name, zeros, letters in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if zeros.count(0) > 0.7 * len(zeros) and not letters.count(0):
            return name
    return ""


def _as_utf8(path: Path, head: bytes, encoding: str | None, folder: Path) -> tuple[Path, str]:
    """The file itself when it is UTF-8 with line feeds, else a converted copy."""
    if encoding is None and head[:2] in _MARKS:
        encoding = "utf-16"
    name = (encoding or "utf-8").lower().replace("_", "-")
    only_returns = b"\r" in head and b"\n" not in head
    if name in ("utf-8", "utf8", "utf-8-sig") and not only_returns:
        return path, "utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8"
    copy = folder / "utf8.csv"
    try:
        with path.open(encoding=name, newline="") as old, copy.open("w", encoding="utf-8", newline="") as new:
            block = old.read(_BLOCK)
            returns = "\n" not in block
            while block:
                new.write(block.replace("\r", "\n") if returns else block)
                block = old.read(_BLOCK)
    except LookupError as error:
        raise SourceError(f"{path}: there is no encoding named {name}; try utf-8, gb18030, cp1252 or utf-16") from error
    except UnicodeError as error:
        raise SourceError(f"{path}: is not {name} ({error}); try another --encoding") from error
    except ValueError as error:
        raise SourceError(f"{path}: {name} cannot be the name of an encoding ({error})") from error
    return copy, name


def _text(path: Path, readable: Path, encoding: str) -> RawFile:
    header, separator = _header(path, readable)
    return RawFile(
        path=str(path),
        readable=readable,
        digest=digest.of(path),
        bytes=path.stat().st_size,
        kind="text",
        encoding=encoding,
        header=tuple(header),
        separator=separator,
    )


def _header(path: Path, readable: Path) -> tuple[list[str], str]:
    with readable.open("rb") as stream:
        lines = [stream.readline(_LONGEST_LINE) for _ in range(2)]
    if len(lines[0]) == _LONGEST_LINE:
        raise SourceError(f"{path}: the first line is longer than {_LONGEST_LINE:,} bytes, so it is not a header")
    try:
        first = lines[0].decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    second = lines[1].decode(errors="replace").strip("\r\n")
    separator = max(_SEPARATORS, key=lambda s: (min(first.count(s), second.count(s) if second else 1), first.count(s)))
    try:
        header = next(csv.reader(io.StringIO(first, newline=""), delimiter=separator), [])
    except csv.Error as error:
        raise SourceError(f"{path}: the first line is not a header ({error})") from None
    if len(header) < 2:
        raise SourceError(f"{path}: the first line is not a header with several columns: {first[:80]!r}")
    return [name.strip().strip("\ufeff\t\u3000\xa0") for name in header], separator


def not_utf8(path: Path | str) -> SourceError:
    """Name the first byte that is not UTF-8, its line, and an encoding that would take it."""
    line, before = 1, 0
    with Path(path).open("rb") as stream:
        for text in stream:
            try:
                text.decode("utf-8")
            except UnicodeDecodeError as error:
                tail = text[error.start : error.start + 64]
                guess = next((e for e in ("gb18030", "cp1252") if _decodes(text, e)), "cp1252")
                return SourceError(
                    f"{path}: byte 0x{tail[0]:02X} at position {before + error.start:,} (line {line:,}) is not UTF-8; "
                    f"try --encoding {guess}"
                )
            line += 1
            before += len(text)
    return SourceError(f"{path}: is not UTF-8; name its encoding with --encoding")


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _parquet(path: Path) -> RawFile:
    try:
        schema = pl.read_parquet_schema(path)
    except Exception as error:
        raise SourceError(f"{path}: is not a readable Parquet file ({str(error).splitlines()[0]})") from error
    return RawFile(
        path=str(path),
        readable=path,
        digest=digest.of(path),
        bytes=path.stat().st_size,
        kind="parquet",
        encoding="parquet",
        header=tuple(schema),
        types=tuple(schema.values()),
    )
