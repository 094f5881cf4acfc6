"""SWIFT FIN files: messages, their blocks, and the fields of their text, with where in the file they stand.

A message is blocks in braces; block 4 is its text and ends with a line "-}". Banks also give out the text alone;
then a message begins at each field 20. Several messages may follow each other, with anything between them.

Every field is kept as it is written. A line that looks like no field of the message belongs to the field before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from graphflow.errors import SourceError

_TEXT = re.compile(r"\{4:[ \t]*\n?")
_END = re.compile(r"^-\}", re.MULTILINE)
_KIND = re.compile(r"\{2:([IO])(\d{3})([^}]{0,60})")
_SENDER = re.compile(r"\{1:[A-Z]\d\d([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})")
_UETR = re.compile(r"\{121:([0-9a-fA-F-]{36})\}")
_TERMINAL = re.compile(r"([A-Z0-9]{8})[A-Z0-9]([A-Z0-9]{3})")
_FIELD = re.compile(r"^:(\d\d[A-Z]?|9\d\d|NS):", re.MULTILINE)
_FIRST = re.compile(r"^:20:", re.MULTILINE)
_BLANK = " " + "".join(map(chr, range(32)))
_SNIFFED = 1 << 16

Field = tuple[str, str]
"""A tag without colons, and its text without the last line break."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message. `kind`, `sender` and `receiver` are empty where it came without blocks."""

    line: int
    fields: tuple[Field, ...]
    kind: str = ""
    sender: str = ""
    receiver: str = ""
    uetr: str = ""

    def first(self, *tags: str) -> str | None:
        """The text of the first field of these tags."""
        return next((text for tag, text in self.fields if tag in tags), None)

    def all(self, tag: str) -> list[str]:
        """The texts of all fields of a tag."""
        return [text for name, text in self.fields if name == tag]


def decoded(data: bytes | Path, path: str) -> tuple[str, str | None]:
    """The text of a file, with line feeds, and its encoding where that is not UTF-8: then it is taken to be cp1252.

    The two differ in nothing that a field is read by, only in names and other texts.
    """
    raw = data.read_bytes() if isinstance(data, Path) else data
    for encoding, said in (("utf-8-sig", None), ("cp1252", "cp1252")):
        try:
            return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n"), said
        except UnicodeDecodeError:
            continue
    raise SourceError(f"{path}: is neither UTF-8 nor cp1252; save it as UTF-8")


def messages(text: str, path: str, tags: frozenset[str] | None = None) -> Iterator[Message]:
    """The messages of a file in order.

    tags  how the tags of its fields begin; a line that begins like another one is text. None: any digits do
    """
    if not _TEXT.search(text):
        yield from _bare(text, tags)
        return
    after, line = 0, 1
    while begun := _TEXT.search(text, after):
        head = text[after : begun.start()]
        line += head.count("\n")
        end = _END.search(text, begun.end())
        if end is None or _TEXT.search(text, begun.end(), end.start()):
            where = f"{path}: line {line:,}"
            raise SourceError(f"{where}: the message that begins here has no end (-}}): the file is cut off")
        body = text[begun.end() : end.start()]
        yield _message(head, body, line, tags)
        line += text.count("\n", begun.start(), end.end())
        after = end.end()


def _bare(text: str, tags: frozenset[str] | None) -> Iterator[Message]:
    starts = [match.start() for match in _FIRST.finditer(text)]
    line, at = 1, 0
    before = _fields(text[: starts[0]] if starts else text, tags)
    if any(not tag.startswith("94") for tag, _ in before):  # else the number of the message alone, as Dutch banks write
        yield Message(line=line, fields=before)
    for start, end in pairwise([*starts, len(text)]):
        line += text.count("\n", at, start)
        at = start
        yield Message(line=line, fields=_fields(text[start:end], tags))


def _message(head: str, body: str, line: int, tags: frozenset[str] | None) -> Message:
    basic, kind, uetr = _SENDER.search(head), _KIND.search(head), _UETR.search(head)
    own = "".join(basic.groups()) if basic else ""
    other = _TERMINAL.search(kind[3]) if kind and kind[1] == "I" else _TERMINAL.search(kind[3], 10) if kind else None
    ends = (own, "".join(other.groups()) if other else "")
    if kind and kind[1] == "O":  # output: block 1 is who received it
        ends = ends[::-1]
    return Message(
        line=line,
        fields=_fields(body, tags),
        kind=kind[2] if kind else "",
        sender=ends[0].removesuffix("XXX"),
        receiver=ends[1].removesuffix("XXX"),
        uetr=uetr[1].lower() if uetr else "",
    )


def _fields(body: str, tags: frozenset[str] | None) -> tuple[Field, ...]:
    marks = [mark for mark in _FIELD.finditer(body) if tags is None or mark[1][:2] in tags]
    ends = [*(mark.start() for mark in marks), len(body)]
    return tuple((mark[1], _trimmed(body[mark.end() : end])) for mark, end in zip(marks, ends[1:], strict=False))


def _trimmed(text: str) -> str:
    """A field without its line break, and without the line "-" that ends a text given out alone."""
    bare = text.rstrip(_BLANK)
    if bare == "-" or bare.endswith("\n-"):
        bare = bare[:-1].rstrip(_BLANK)
    return bare.lstrip("\n")


def looks_like(head: bytes, kinds: frozenset[str], *tags: bytes) -> bool:
    """Whether a file begins with a message of one of some kinds; or, without blocks, has all of some fields."""
    start = head[:_SNIFFED].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    kind = re.search(rb"\{2:[IO](\d{3})", start)
    if kind:
        return kind[1].decode() in kinds
    start = start.removeprefix(b"\xef\xbb\xbf")
    return all(re.search(rb"(?m)^:" + tag + rb":", start) for tag in tags)


def decimal_point(number: str) -> str:
    """An amount of a message with a point for its comma. A comma is part of every amount ("100," is a hundred);
    what has none, or two, is no amount and stays as it is, to be refused with its reason.

    >>> decimal_point("1250,5"), decimal_point("100,"), decimal_point("1.250,50")
    ('1250.5', '100', '1.250,50')
    """
    if not re.fullmatch(r"[0-9]+,[0-9]*", number):
        return number
    return number.replace(",", ".").removesuffix(".")
