"""Bank messages → tables: ISO 20022 (camt.052, .053, .054 and pacs.008) and SWIFT (MT940, MT942, MT950 and MT103).

A message file is no table. Each module here makes one of it (`table`), with a header that no other file has, and
is the dialect that knows the table again by that header. So all else that reads tables reads messages too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from graphflow.read.messages import camt053, mt103, mt940, pacs008
from graphflow.read.messages.rows import Table, warnings

__all__ = ["DIALECTS", "TableReader", "reader_for", "warnings"]

TableReader = Callable[[bytes | Path, str], Table]
"""The content of a file, or where it is, and the name it has for people → header and frame."""

DIALECTS = (camt053, pacs008, mt940, mt103)

_READERS: tuple[tuple[Callable[[bytes], bool], TableReader], ...] = tuple((d.sniff, d.table) for d in DIALECTS)


def reader_for(head: bytes) -> TableReader | None:
    """What makes a table of a file that begins like this (some kilobytes are enough); None for what is no message."""
    return next((table for sniff, table in _READERS if sniff(head)), None)
