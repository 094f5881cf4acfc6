"""ISO 20022 messages: XML read as a stream, whatever the version, and the parts that messages share.

The standard library's parser is safe here because one door is closed. All that makes XML dangerous (bombs of
entities, files and addresses fetched by the parser) needs a document type declaration, and that can only stand
before the first element. So everything before the first element is given to the parser byte by byte, and a
declaration ends the reading at its first byte, before any entity in it is known. After the first element a
declaration is an error of its own. What is left is size: depth and the number of parts of a record are bounded, and
what is not kept is let go as soon as it ends.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from graphflow.errors import SourceError, one_line
from graphflow.read.messages.accounts import account

DEEPEST = 100
MOST_PARTS = 5_000_000
_LONGEST_PROLOG = 1 << 16
_PEEKED = 1 << 16
_PEEKED_NAMES = 200
_NAME = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.:-]{0,99})")
_VERSION = re.compile(r"V\d\d$")

Start = Callable[[str, dict[str, str]], None]


class _Declared(Exception):
    """A document type declaration."""


@lru_cache(maxsize=1000)
def local(tag: str) -> str:
    """The name of an element without namespace or prefix, and without the version that the first messages had in it.

    >>> local("{urn:iso:std:iso:20022:tech:xsd:camt.053.001.08}Ntry"), local("d:BkToCstmrStmtV01")
    ('Ntry', 'BkToCstmrStmt')
    """
    return _VERSION.sub("", tag[max(tag.rfind("}"), tag.rfind(":")) + 1 :])


def opening_names(head: bytes) -> list[str]:
    """The names of the first elements of what may be XML; none for what is not.

    What declares a type is not parsed. What looks like names in it is enough to give it to a reader, who refuses it.
    """
    names: list[str] = []
    stream = io.BytesIO(head)
    try:
        parser = _past_prolog(stream, lambda tag, _: names.append(local(tag)))
        while len(names) < _PEEKED_NAMES and stream.tell() < _PEEKED and (block := stream.read(4096)):
            parser.Parse(block, False)
    except _Declared:
        return [local(name.decode()) for name in _NAME.findall(head[:_PEEKED].replace(b"\0", b""))]
    except (expat.ExpatError, LookupError, ValueError):
        pass
    return names


def records(
    data: bytes | Path, path: str, sections: frozenset[str], kept: frozenset[str]
) -> Iterator[tuple[str, Element]]:
    """The parts of a message, as they come: ("start", section), ("whole", record in it), ("end", section).

    sections  names of the elements whose children are records (a statement); one is empty but for its name
    kept      names of the children that are wanted; all else is let go
    """
    with _opened(data) as stream:
        try:
            _past_prolog(stream, lambda tag, _: None)
            stream.seek(0)
            yield from _walk(stream, path, sections, kept)
        except _Declared:
            raise SourceError(
                f"{path}: declares a document type (DOCTYPE), as no bank message does and as attacks do: it is not read"
            ) from None
        except ElementTree.ParseError as error:
            raise SourceError(f"{path}: line {error.position[0]:,}: {_said(error)}") from None
        except expat.ExpatError as error:
            raise SourceError(f"{path}: line {error.lineno:,}: {_said(error)}") from None
        except (LookupError, ValueError) as error:  # what expat makes of an encoding it cannot read
            raise SourceError(f"{path}: {one_line(str(error), 120)}; save it as UTF-8") from None


def _said(error: Exception) -> str:
    what = str(error).partition(": line")[0]
    if "no element found" in what or "unclosed token" in what:
        return f"the XML ends here, before its elements do ({what}): the file is cut off"
    if "junk after document element" in what:
        return "another XML document begins here: save each message as a file of its own"
    return f"not well-formed XML ({what})"


def _opened(data: bytes | Path) -> BinaryIO:
    return data.open("rb") if isinstance(data, Path) else io.BytesIO(data)


def _past_prolog(stream: BinaryIO, start: Start) -> expat.XMLParserType:
    """A parser that has seen everything up to the first element. Raises `_Declared`."""
    begun = False

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal begun
        begun = True
        start(tag, attributes)

    def declared(*_: object) -> None:
        raise _Declared

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    parser.StartDoctypeDeclHandler = declared
    while not begun:
        byte = stream.read(1)
        parser.Parse(byte, not byte)
        if stream.tell() > _LONGEST_PROLOG:
            raise ValueError(f"no element begins in the first {_LONGEST_PROLOG:,} bytes")
    return parser


def _walk(stream: BinaryIO, path: str, sections: frozenset[str], kept: frozenset[str]) -> Iterator[tuple[str, Element]]:
    stack: list[Element] = []
    record: Element | None = None
    parts = 0
    for event, element in ElementTree.iterparse(stream, events=("start", "end")):
        if event == "start":
            element.tag = local(element.tag)
            inside = bool(stack) and stack[-1].tag in sections
            stack.append(element)
            parts += 1
            if record is None and element.tag in sections:
                yield "start", element
            elif record is None and inside and element.tag in kept:
                record, parts = element, 1
            _check_size(path, len(stack), parts if record is not None else 0)
            continue
        stack.pop()
        if record is None and element.tag in sections:
            yield "end", element
        elif record is not None and element is record:
            yield "whole", record  # whoever wants to may keep it
            record = None
            stack[-1].remove(element)
            continue
        if record is None:
            element.clear()
            if stack:
                stack[-1].remove(element)


def _check_size(path: str, depth: int, parts: int) -> None:
    if depth > DEEPEST:
        raise SourceError(f"{path}: has elements {DEEPEST} deep, as no bank message has: it is not read")
    if parts > MOST_PARTS:
        raise SourceError(f"{path}: one entry has more than {MOST_PARTS:,} elements, as none has: it is not read")


# --- what messages share ----------------------------------------------------------------------------


def at(element: Element | None, path: str) -> Element | None:
    """The first element at a path of names. (What the library does with paths takes ten times as long.)"""
    for name in path.split("/"):
        if element is None:
            return None
        element = element.find(name)
    return element


def text(element: Element | None, *paths: str) -> str | None:
    """The text at the first of some paths that has any."""
    for path in paths:
        found = at(element, path)
        if found is not None and found.text and (stripped := found.text.strip()):
            return stripped
    return None


def texts(element: Element | None, path: str) -> str | None:
    """All texts at a path, with spaces between them."""
    if element is None or at(element, path.partition("/")[0]) is None:
        return None
    return " ".join(filter(None, [(one.text or "").strip() for one in element.findall(path)])) or None


def amount(element: Element | None, *paths: str) -> tuple[str | None, str | None]:
    """The number and the currency of the first amount there is at some paths."""
    for path in paths:
        found = at(element, path)
        if found is not None and found.text:
            return found.text.strip() or None, (found.get("Ccy") or "").strip() or None
    return None, None


def account_of(element: Element | None) -> str | None:
    """The number of an account: its IBAN, else what else identifies it."""
    return account(text(element, "Id/IBAN", "Id/Othr/Id"))


def day(element: Element | None, name: str) -> str | None:
    """A date, with the time of day where that is given."""
    return text(element, f"{name}/DtTm", f"{name}/Dt")


def name_of(element: Element | None, name: str) -> str | None:
    """The name of a party; newer versions put it one level deeper, and allow a bank in its place."""
    return text(element, f"{name}/Nm", f"{name}/Pty/Nm", f"{name}/Agt/FinInstnId/Nm")


def bank_of(element: Element | None, name: str) -> str | None:
    """The bank that an agent is: its BIC, else its clearing code, else its name."""
    bank = f"{name}/FinInstnId"
    return text(element, f"{bank}/BICFI", f"{bank}/BIC", f"{bank}/ClrSysMmbId/MmbId", f"{bank}/Othr/Id", f"{bank}/Nm")


def remittance(element: Element | None) -> str | None:
    """What the payment is for: free text, and the references of the structured form."""
    structured = ("Strd/CdtrRefInf/Ref", "Strd/RfrdDocInf/Nb", "Strd/AddtlRmtInf")
    said = [texts(element, "RmtInf/Ustrd"), *(texts(element, f"RmtInf/{path}") for path in structured)]
    return " ".join(filter(None, said)) or None
