"""Zip and gzip files, unpacked one member at a time under names of our own, and never more than is bearable.

An archive is hostile until it is unpacked: it may unfold to more than a disk holds, name members with a path that
leads elsewhere, or say it is small when it is not. So nothing it says of itself is believed. Bytes are counted as
they come, and no name from it is ever the name of a file here.
"""

from __future__ import annotations

import gzip
import shutil
import stat
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

from graphflow.errors import SourceError
from graphflow.read.encodings import is_chinese

MOST_BYTES = 20 << 30
"""What an archive may unfold to in all."""
MOST_MEMBERS = 10_000
MOST_RATIO = 200
"""How many bytes a packed byte may stand for, in a member of more than `_SMALL`."""

_SMALL = 10 << 20
_BLOCK = 1 << 20
_PIECE = 1 << 12
"""How much of a member is asked for at once where a single block of it could unfold to gigabytes (bzip2, LZMA)."""
_ENCRYPTED, _UTF8_NAME = 1, 1 << 11
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_BIRTHMARKS = {
    "word/": "a Word document",
    "ppt/": "a slide show",
    "application/vnd.oasis.opendocument.text": "a text document",
    "application/vnd.oasis.opendocument.presentation": "a slide show",
}


@dataclass
class Budget:
    """How many bytes may still be unpacked, of one PATH with all that is in it."""

    left: int = field(default_factory=lambda: MOST_BYTES)

    def spend(self, path: str, size: int) -> None:
        """Raise `SourceError` when it is used up."""
        self.left -= size
        if self.left < 0:
            raise SourceError(f"{path}: unfolds to more than {MOST_BYTES >> 30} GiB: not unpacked any further")


@contextmanager
def opened(path: str, file: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file; whatever is wrong with it becomes one line."""
    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.filelist) > MOST_MEMBERS:
                raise SourceError(f"{path}: holds {len(archive.filelist):,} files; {MOST_MEMBERS:,} are the most")
            yield archive
    except _BROKEN as error:
        raise _broken(path, error) from error


def members(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """The files in a zip with their names as people know them, in the order of the names.

    Two of the same name are told apart by a number.
    """
    infos = [info for info in archive.filelist if not info.is_dir()]
    raw = {id(info): info.filename.encode("cp437", "replace") for info in infos if not info.flag_bits & _UTF8_NAME}
    encoding = _encoding_of_names(b"\n".join(raw.values()))
    files = [(raw[id(info)].decode(encoding) if id(info) in raw else info.filename, info) for info in infos]
    found: dict[str, zipfile.ZipInfo] = {}
    for name, info in sorted(files, key=lambda pair: pair[0]):
        number, shown = 1, name
        while shown in found:
            number += 1
            shown = f"{name} ({number})"
        found[shown] = info
    return list(found.items())


def _encoding_of_names(names: bytes) -> str:
    """What names are in that are not flagged as UTF-8: nobody states it, and DOS's code page 437 reads any bytes.

    Chinese versions of Windows write GB18030, macOS writes UTF-8 without saying so.
    """
    try:
        names.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030" if is_chinese(names) else "cp437"
    return "utf-8"


def kind_of(archive: zipfile.ZipFile) -> str:
    """What a zip file really is: "workbook", "archive", or some document in words."""
    names = {info.filename for info in archive.filelist}
    if names & {"xl/workbook.xml", "xl/workbook.bin"}:
        return "workbook"
    born = ""
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
        born = archive.read("mimetype").decode(errors="replace").strip()
    if born == "application/vnd.oasis.opendocument.spreadsheet":
        return "workbook"
    office = {name.partition("/")[0] + "/" for name in names} if "[Content_Types].xml" in names else set()
    return next((what for mark, what in _BIRTHMARKS.items() if mark in office or mark == born), "archive")


def content(path: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Generator[bytes, None, None]:
    """The bytes of a member, block by block, within bounds."""
    if info.flag_bits & _ENCRYPTED:
        raise SourceError(f"{path}: is encrypted; unpack it with its password, then name the folder")
    believed = copy(info)
    believed.file_size = 1 << 62  # what it says would end the reading, true or not
    size = _BLOCK if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else _PIECE
    seen = 0
    with archive.open(believed) as stream:
        while block := stream.read(size):
            seen += len(block)
            budget.spend(path, len(block))
            if seen > _SMALL and seen > MOST_RATIO * max(info.compress_size, 1):
                raise _bomb(path)
            yield block


def unpack_member(path: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path, budget: Budget) -> None:
    """A member as a file of its own."""
    with closing(content(path, archive, info, budget)) as blocks, to.open("wb") as copy_:
        for block in blocks:
            _must_have_room(path, to, len(block))
            copy_.write(block)


def unpack_gzip(path: str, file: Path, to: Path, budget: Budget) -> None:
    """What a gzip file holds as a file of its own."""
    packed = file.stat().st_size
    try:
        with gzip.open(file) as stream, to.open("wb") as copy_:
            while block := stream.read(_BLOCK):
                budget.spend(path, len(block))
                if copy_.tell() > max(_SMALL, MOST_RATIO * packed):
                    raise _bomb(path)
                _must_have_room(path, to, len(block))
                copy_.write(block)
    except _BROKEN as error:
        raise _broken(path, error) from error


def is_link(info: zipfile.ZipInfo) -> bool:
    """Whether a member is a symbolic link: its content is the name of another file."""
    return stat.S_ISLNK(info.external_attr >> 16)


def _must_have_room(path: str, to: Path, size: int) -> None:
    if shutil.disk_usage(to.parent).free < size + (256 << 20):
        raise SourceError(f"{path}: there is no room to unpack it in {to.parent.parent}; set TMPDIR to a larger disk")


def _bomb(path: str) -> SourceError:
    return SourceError(f"{path}: unfolds to more than {MOST_RATIO} times its size, as only traps do: not unpacked")


def _broken(path: str, error: Exception) -> SourceError:
    if isinstance(error, NotImplementedError | RuntimeError):
        return SourceError(f"{path}: is packed in a way that cannot be read here ({error}); unpack it first")
    return SourceError(f"{path}: is damaged and cannot be unpacked to its end ({error or type(error).__name__})")
