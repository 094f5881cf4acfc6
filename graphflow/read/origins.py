"""From a PATH to the files in it: a file, a folder with all below it, a zip or gzip file with what it holds.

Each is looked at in the order of its name. What is unpacked is there while it is looked at, and gone after.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from graphflow.errors import SourceError
from graphflow.read import archives

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_EMPTY_ZIP = b"PK\x05\x06"
_DEEPEST = 2
_CLUTTER = ("Thumbs.db", "desktop.ini", "__MACOSX")


@dataclass(frozen=True)
class Origin:
    """A file to read.

    path    what it is called: its own path, or archive/member
    file    where its bytes are now
    found   it came with a folder or an archive: the user did not name it
    kind    "file", "workbook", or what else a zip file turned out to be, in words
    """

    path: str
    file: Path
    found: bool
    kind: str = "file"


@dataclass(frozen=True)
class Skipped:
    """A file that was found and holds no records, and why it is thought so."""

    path: str
    reason: str


@dataclass
class _Unpacking:
    """Where the contents of one PATH are unpacked, and how much more may be."""

    folder: Path
    budget: archives.Budget = field(default_factory=archives.Budget)
    count: int = 0

    def place(self) -> Path:
        """A file name that nothing else has, and that no archive chose."""
        self.count += 1
        return self.folder / str(self.count)

    def reachable(self, path: Path) -> Path:
        """The file itself, or a link to it where its name is no text, which not every library can open."""
        try:
            str(path).encode()
        except UnicodeEncodeError:
            link = self.place()
            link.symlink_to(path.absolute())
            return link
        return path


def origins(path: Path) -> Generator[Origin | Skipped, None, None]:
    """The files that a PATH stands for. Raises `SourceError` where there is none."""
    is_folder = _look_at(path)
    with tempfile.TemporaryDirectory(prefix="graphflow-", ignore_cleanup_errors=True) as folder:
        unpacking = _Unpacking(Path(folder))
        if not is_folder:
            yield from _inside(Origin(shown(path), unpacking.reachable(path), found=False), unpacking, 0)
            return
        empty = True
        for found in _below(path):
            empty = False
            if isinstance(found, Skipped):
                yield found
            else:
                yield from _inside(replace(found, file=unpacking.reachable(found.file)), unpacking, 0)
        if empty:
            raise SourceError(f"{path}: the folder holds no files")


def _look_at(path: Path) -> bool:
    """Whether a path is a folder. Raises `SourceError` for what cannot be read."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            return True
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
    return False


def shown(path: Path) -> str:
    """A path as text that can be printed and stored. Old names on disk may be GB18030, or no text at all."""
    raw = os.fsencode(path)
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("ascii", "backslashreplace")


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def _below(folder: Path) -> Iterator[Origin | Skipped]:
    """All files below a folder, by name. Links that lead out of it are not followed."""
    home = folder.resolve()
    for name in sorted(_names_below(folder)):
        path = folder / name
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            yield Skipped(shown(path), "is a link that leads out of the folder")
        elif path.is_symlink() and path.is_dir():
            yield Skipped(shown(path), "is a link to a folder that is read where it is")
        elif not path.exists():
            yield Skipped(shown(path), "is a link to nothing")
        elif not path.is_file():
            yield Skipped(shown(path), "is a pipe or a device")
        else:
            _look_at(path)
            yield Origin(shown(path), path, found=True)


def _names_below(folder: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise SourceError(f"{error.filename}: cannot be read ({error.strerror})") from error

    for here, folders, files in os.walk(folder, onerror=refuse):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        folders[:] = [name for name in folders if not _is_clutter(name)]
        for name in [*files, *links]:
            if not _is_clutter(name):
                yield (Path(here) / name).relative_to(folder).as_posix()


def _is_clutter(name: str) -> bool:
    """What an operating system or an office program leaves beside the files of people."""
    return (name.startswith((".", "~$")) and name not in (".", "..")) or name in _CLUTTER


def _inside(origin: Origin, unpacking: _Unpacking, depth: int) -> Iterator[Origin | Skipped]:
    """The file itself, or what is in it."""
    with origin.file.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(_GZIP):
        yield from _in_gzip(origin, unpacking, depth)
    elif head in (_ZIP, _EMPTY_ZIP):
        yield from _in_zip(origin, unpacking, depth)
    else:
        yield origin


def _in_gzip(origin: Origin, unpacking: _Unpacking, depth: int) -> Iterator[Origin | Skipped]:
    _must_not_be_deep(origin.path, depth)
    place = unpacking.place()
    archives.unpack_gzip(origin.path, origin.file, place, unpacking.budget)
    name = PurePosixPath(origin.path.replace("\\", "/")).name
    inner = name[:-3] if name.lower().endswith(".gz") else "content"
    yield from _inside(Origin(f"{origin.path}/{inner}", place, origin.found), unpacking, depth + 1)
    place.unlink(missing_ok=True)


def _in_zip(origin: Origin, unpacking: _Unpacking, depth: int) -> Iterator[Origin | Skipped]:
    """The members of an archive; a workbook or a document, though a zip file too, is itself."""
    with archives.opened(origin.path, origin.file) as archive:
        kind = archives.kind_of(archive)
        if kind != "archive":
            yield Origin(origin.path, origin.file, origin.found, kind)
            return
        _must_not_be_deep(origin.path, depth)
        members = archives.members(archive)
        if not members:
            raise SourceError(f"{origin.path}: the archive holds no files")
        for name, info in members:
            path = f"{origin.path}/{name}"
            if any(map(_is_clutter, name.split("/"))):
                continue
            if archives.is_link(info):
                yield Skipped(path, "is a link, which an archive cannot be trusted with")
                continue
            place = unpacking.place()
            archives.unpack_member(path, archive, info, place, unpacking.budget)
            yield from _inside(Origin(path, place, found=True), unpacking, depth + 1)
            place.unlink(missing_ok=True)


def _must_not_be_deep(path: str, depth: int) -> None:
    if depth >= _DEEPEST:
        raise SourceError(f"{path}: is an archive in an archive in an archive; unpack the outer ones first")
