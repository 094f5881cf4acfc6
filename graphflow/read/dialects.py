"""The dialects there are, and which one a file speaks. A new one is one file here and one entry below."""

from __future__ import annotations

from collections.abc import Mapping

from graphflow.errors import SourceError, did_you_mean
from graphflow.read import amlworld, plain
from graphflow.read.columns import Layout
from graphflow.read.source import RawFile


def recognise(source: RawFile, mapping: Mapping[str, str], dialect: str | None) -> Layout:
    """The layout of a file: the dialect asked for, else the first that knows the header, else the plain one."""
    known = {amlworld.NAME: amlworld, plain.NAME: plain}
    if dialect is not None and dialect not in known:
        raise SourceError(f'there is no dialect "{dialect}": {did_you_mean(dialect, known)}')
    if dialect == amlworld.NAME or (dialect is None and not mapping and amlworld.recognises(source.header)):
        return amlworld.layout(source)
    return plain.layout(source, mapping)
