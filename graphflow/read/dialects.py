"""The dialects there are, and which one a file speaks. A new one is one file here and one entry below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from graphflow.errors import SourceError, did_you_mean
from graphflow.read import amlgentex, amlsim, amlworld, etherscan, ncrp, paysim, plain, saml_d, tronscan
from graphflow.read.columns import Layout
from graphflow.read.source import RawFile


class Dialect(Protocol):
    """A module of this package.

    NAME        what `--dialect` calls it
    recognises  whether a file speaks it, by its header and what kind of file it is
    layout      which column is which field; `mapping` is empty where the dialect has names of its own.
                Raises `ColumnError` naming the first column that is not there
    """

    NAME: str

    def recognises(self, source: RawFile) -> bool: ...

    def layout(self, source: RawFile, mapping: Mapping[str, str]) -> Layout: ...


_OWN_NAMES: tuple[Dialect, ...] = (amlworld, saml_d, amlgentex, amlsim, paysim, tronscan, etherscan, ncrp)
_BY_MAPPING: tuple[Dialect, ...] = (plain,)
DIALECTS: Mapping[str, Dialect] = {d.NAME: d for d in (*_OWN_NAMES, *_BY_MAPPING)}
"""By name, in the order in which they are asked; the last takes what no other knows."""


def recognise(source: RawFile, mapping: Mapping[str, str], dialect: str | None) -> Layout:
    """The layout of a file: the dialect asked for, else the first that knows the file.

    A mapping names columns itself, so dialects with names of their own are not asked then.
    """
    if dialect is not None:
        if dialect not in DIALECTS:
            raise SourceError(f'there is no dialect "{dialect}": {did_you_mean(dialect, DIALECTS)}')
        return DIALECTS[dialect].layout(source, mapping)
    asked = _BY_MAPPING if mapping else (*_OWN_NAMES, *_BY_MAPPING)
    chosen = next(d for d in asked if d.recognises(source))
    return chosen.layout(source, mapping)
