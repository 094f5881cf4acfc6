"""Which encoding a text is in: by its mark, by strict trial, by evidence; never by a guess.

Almost any bytes can be read as cp1252, and a great many as gb18030, so that a text can be read says little. What
tells them apart is how the bytes above 0x7F stand together. Common Chinese characters are two such bytes, and come
in words; an accented letter of a western name stands alone between letters. Where neither shows, the user is asked.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from graphflow.errors import SourceError

BLOCK = 1 << 22
_ENOUGH = 200_000
"""So many bytes above 0x7F settle it; the rest of the file is not looked at for evidence."""
_CHINESE, _WESTERN, _NOISE = 0.7, 0.5, 0.1
"""The share of the bytes above 0x7F that proves an encoding, and what may speak for the other one."""
_FEW = 20
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_PLAIN = ("utf-8", "utf8", "utf-8-sig")
LOST = "\ufffd"

Bytes = npt.NDArray[np.uint8]


class NotUtf8(SourceError):
    """A text that begins as UTF-8 is something else further on: its encoding must be found from all of it."""


def marked(head: bytes) -> str | None:
    """The encoding that a byte order mark states."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


def is_plain(encoding: str) -> bool:
    """Whether text in this encoding can be read as it is."""
    return encoding in _PLAIN


def without_mark(head: bytes) -> str | None:
    """The UTF-16 that a text without a mark must be, as its zero bytes stand in every other place and only there."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if not even and odd > 0.2 * len(head[1::2]):
        return "utf-16-le"
    return "utf-16-be" if not odd and even > 0.2 * len(head[::2]) else None


def find(path: str, file: Path, head: bytes, named: str | None, *, whole: bool) -> str:
    """The encoding of a text. Raises `SourceError` where none is proved.

    named  what the user says; a byte order mark says it better
    whole  look for bytes that are not UTF-8 in all of the file, not only in its head
    """
    name = marked(head) or (named.lower().replace("_", "-") if named else None) or without_mark(head[:65536])
    if name is not None and not is_plain(name):
        return name
    first = _first_not_utf8(file, head if not whole else None)
    if first is None:
        return name or "utf-8"
    guess = None if name else _proved(file)
    if guess is None:
        raise _not_utf8(path, first, asked=name is None)
    return guess


@dataclass(frozen=True)
class _Place:
    byte: int
    position: int
    line: int


def _first_not_utf8(file: Path, head: bytes | None) -> _Place | None:
    """The first byte that is not UTF-8 in a head (which may end amid a character), or in all of a file."""
    if head is not None:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError as error:
            return _Place(head[error.start], error.start, head[: error.start].count(b"\n") + 1)
        return None
    position, lines, rest = 0, 1, b""
    with file.open("rb") as stream:
        while True:
            block = stream.read(BLOCK)
            text = rest + block
            rest = b""
            if not text.isascii():
                try:
                    _, used = codecs.utf_8_decode(text, "strict", not block)
                except UnicodeDecodeError as error:
                    at = error.start
                    return _Place(text[at], position + at, lines + text[:at].count(b"\n"))
                text, rest = text[:used], text[used:]
            if not block:
                return None
            position, lines = position + len(text), lines + text.count(b"\n")


def _not_utf8(path: str, first: _Place, *, asked: bool) -> SourceError:
    what = f"byte 0x{first.byte:02X} at position {first.position:,} (line {first.line:,}) is not UTF-8"
    if not asked:
        return SourceError(f"{path}: {what}; leave --encoding out, or say another")
    return SourceError(
        f"{path}: {what}, and neither gb18030 nor cp1252 is proved by the rest; say --encoding gb18030, cp1252, big5 …"
    )


# --- evidence -------------------------------------------------------------------------------------


@dataclass
class _Evidence:
    """Counts of bytes above 0x7F: all that may say something, those in common Chinese characters (late: in the later
    rows of their table), lone letters of western words."""

    high: int = 0
    chinese: int = 0
    late: int = 0
    western: int = 0

    def add(self, data: Bytes) -> None:
        """Take the next bytes, which end with one below 0x80."""
        at = np.flatnonzero(np.diff(np.concatenate([[0], (data >= 0x80).view(np.int8), [0]])))
        start, stop = at[::2], at[1::2]
        size = stop - start
        padded = np.concatenate([np.zeros(1, np.uint8), data, np.zeros(1, np.uint8)])
        before, after = _is_letter(padded[start]), _is_letter(padded[stop + 1])
        self.western += int(((size == 1) & _is_accented(data[start]) & (before | after)).sum())
        # two bytes at a letter can be two accented capitals as well as one Chinese character: no evidence
        either = (size == 2) & (before | after)
        self.high += int(size[~either].sum())
        words = (size % 2 == 0) & ~either
        run = np.repeat(np.flatnonzero(words), size[words] // 2)
        place = np.arange(run.size) - np.repeat(np.cumsum(size[words] // 2) - size[words] // 2, size[words] // 2)
        first = start[run] + 2 * place
        lead, trail = data[first], data[first + 1]
        common = (lead >= 0xB0) & (lead <= 0xD7)
        marks = (lead == 0xA1) | (lead == 0xA3)
        self.chinese += 2 * int(((common | marks) & (trail >= 0xA1)).sum())
        self.late += int((common & (lead > 0xC8) & (trail >= 0xA1)).sum())

    def says(self) -> str | None:
        """The encoding that is proved, if one is."""
        chinese, western = self.chinese / max(self.high, 1), self.western / max(self.high, 1)
        # Korean in its own encoding looks alike, but has no characters in the later rows of the Chinese table
        korean = self.chinese >= 2 * _FEW and not self.late
        if chinese >= _CHINESE and western <= _NOISE and not korean:
            return "gb18030"
        return "cp1252" if western >= _WESTERN and chinese <= _NOISE else None


def _is_letter(data: Bytes) -> npt.NDArray[np.bool_]:
    lower = data | 0x20
    letters: npt.NDArray[np.bool_] = (lower >= ord("a")) & (lower <= ord("z"))
    return letters


def _is_accented(data: Bytes) -> npt.NDArray[np.bool_]:
    """Letters of cp1252 and the apostrophe. Byte 0xFF, the last of them, is far more often damage than a letter."""
    others = np.frombuffer(b"\x8a\x8c\x8e\x9a\x9c\x9e\x9f\x92", np.uint8)
    accented: npt.NDArray[np.bool_] = (data >= 0xC0) & ~np.isin(data, np.array([0xD7, 0xF7, 0xFF], np.uint8))
    return accented | np.isin(data, others).astype(np.bool_)


def _proved(file: Path) -> str | None:
    """gb18030 or cp1252, if the file proves it."""
    found, rest = _Evidence(), b""
    with file.open("rb") as stream:
        while found.high < _ENOUGH:
            block = stream.read(BLOCK)
            text = rest + block
            cut = text.rfind(b"\n") + 1 if block and len(text) < 4 * BLOCK else len(text)
            text, rest = text[:cut], text[cut:]
            if not text.isascii():
                found.add(np.frombuffer(text, np.uint8))
            if not block:
                break
    return found.says()


def is_chinese(text: bytes) -> bool:
    """Whether bytes are Chinese in gb18030: proved by their kind, and readable to the last."""
    found = _Evidence()
    found.add(np.frombuffer(text, np.uint8))
    try:
        text.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return found.says() == "gb18030"


# --- conversion -----------------------------------------------------------------------------------


def convert(path: str, file: Path, encoding: str, copy: Path) -> None:
    """Write a UTF-8 copy with line feeds. Every byte is decoded strictly; what was lost before is not passed on."""
    try:
        with file.open(encoding=encoding, newline="") as old, copy.open("w", encoding="utf-8", newline="") as new:
            block = old.read(BLOCK)
            returns = "\n" not in block
            while block:
                if LOST in block:
                    raise lost(path)
                new.write(block.replace("\r", "\n") if returns else block)
                block = old.read(BLOCK)
    except LookupError as error:
        raise SourceError(
            f"{path}: there is no encoding named {encoding}; try utf-8, gb18030, cp1252 or utf-16"
        ) from error
    except UnicodeError as error:
        raise SourceError(f"{path}: is not {encoding} ({error}); try another --encoding") from error
    except ValueError as error:
        raise SourceError(f"{path}: {encoding} cannot be the name of an encoding ({error})") from error


def lost(path: str) -> SourceError:
    """What is said of a file that was converted with loss before it came here."""
    return SourceError(
        f"{path}: holds U+FFFD, the sign for a character that an earlier conversion could not say: "
        "names in it are lost; ask for the original file"
    )
