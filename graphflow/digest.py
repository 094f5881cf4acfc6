"""What is known of a file once each of its bytes was seen, found on a thread of its own while other things go on.

Light to import: a command begins before it loads what reads the files.
"""

from __future__ import annotations

import codecs
import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 18
_UNPACKED_FIRST = (".zip", ".gz")
_POOL = ThreadPoolExecutor(1, thread_name_prefix="digest")
_BEGUN: dict[Path, Future[Digest]] = {}


@dataclass(frozen=True)
class Digest:
    """The fingerprint of a whole file, whether all of it is UTF-8, and whether that holds U+FFFD.

    U+FFFD stands where a program that wrote the file could not say a character: what stood there is gone.
    """

    sha256: str
    utf8: bool
    replaced: bool


def begin(path: Path) -> None:
    """Start on a file that is about to be read. Archives are left alone: what they hold is what is read."""
    if path.suffix.lower() not in _UNPACKED_FIRST and path.is_file():
        _BEGUN[path] = _POOL.submit(_digest, path)


def of(path: Path) -> Future[Digest]:
    """The digest of a file, under way: the one begun for it, once, else a new one."""
    return _BEGUN.pop(path, None) or _POOL.submit(_digest, path)


def _digest(path: Path) -> Digest:
    sha, text = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    utf8, replaced = True, False
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            sha.update(block)
            if utf8 and not (block.isascii() and not text.getstate()[0]):
                try:
                    replaced |= "\ufffd" in text.decode(block)
                except UnicodeDecodeError:
                    utf8 = False
    return Digest(sha.hexdigest(), utf8 and not text.getstate()[0], replaced)
