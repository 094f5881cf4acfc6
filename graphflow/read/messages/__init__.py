"""Bank messages → tables: ISO 20022 (camt.052, .053, .054 and pacs.008) and SWIFT (MT940, MT942, MT950 and MT103).

A message file is no table. Each module here makes one of it (`table`), with a header that no other file has, and
is the dialect that knows the table again by that header. So all else that reads tables reads messages too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from graphflow.errors import SourceError
from graphflow.read.messages import camt053, iso20022, mt103, mt940, pacs008
from graphflow.read.messages.rows import Table, warnings

__all__ = ["DIALECTS", "TableReader", "reader_for", "warnings"]

TableReader = Callable[[bytes | Path, str], Table]
"""The content of a file, or where it is, and the name it has for people → header and frame."""

DIALECTS = (camt053, pacs008, mt940, mt103)

_READERS: tuple[tuple[Callable[[bytes], bool], TableReader], ...] = tuple((d.sniff, d.table) for d in DIALECTS)


def reader_for(head: bytes) -> TableReader | None:
    """What makes a table of a file that begins like this; None for what is no message.

    Other XML has a reader too: it says that it is no message. There is nothing else that could read it.
    """
    found = next((table for sniff, table in _READERS if sniff(head)), None)
    return found or (_other_xml if iso20022.is_xml(head) else None)


def _other_xml(data: bytes | Path, path: str) -> Table:
    """Say what is wrong with XML that is no message."""
    names = iso20022.opening_names(data if isinstance(data, bytes) else _head(data))
    if not names:  # nothing begins, or it is not let in: read on to where that is said
        deque(iso20022.records(data, path, frozenset(), frozenset()), maxlen=0)
    raise SourceError(
        f"{path}: is XML or HTML (its first element is {(names or ['nothing'])[0]}). Of XML only bank messages are "
        "read: camt.052, camt.053, camt.054, pacs.008. Save tables as CSV or Excel"
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_PEEKED)


_PEEKED = 1 << 16
