"""The dialects there are, and which one a file speaks. A new one is one file here and one entry below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from graphflow.errors import ColumnError, SourceError, did_you_mean
from graphflow.read.columns import OF_STATEMENTS, Layout
from graphflow.read.dialects import (
    alipay,
    amlgentex,
    amlsim,
    amlworld,
    bank_return,
    etherscan,
    ncrp,
    paysim,
    plain,
    saml_d,
    statement,
    tenpay,
    tronscan,
)
from graphflow.read.headers import folded
from graphflow.read.messages import camt053, mt103, mt940, pacs008
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


_OWN_NAMES: tuple[Dialect, ...] = (
    *(bank_return, tenpay, alipay),
    *(camt053, pacs008, mt940, mt103),
    *(tronscan, etherscan, ncrp),
    *(amlworld, saml_d, amlgentex, amlsim, paysim),
)
_BY_MAPPING: tuple[Dialect, ...] = (statement, plain)
DIALECTS: Mapping[str, Dialect] = {d.NAME: d for d in (*_OWN_NAMES, *_BY_MAPPING)}
"""By name, in the order in which they are asked; the last takes what no other knows."""

_BESIDE = (
    (amlsim.describes, "accounts, alerts or parties"),
    (amlgentex.describes, "accounts or planted patterns"),
    (ncrp.describes, "payments without amounts"),
)
"""Files that come with those of a dialect and hold no transfers, by header, and what they tell of."""

BY_MAPPING = frozenset(d.NAME for d in _BY_MAPPING)
"""Names of the dialects whose columns a mapping may name."""


def recognise(source: RawFile, mapping: Mapping[str, str], dialect: str | None, account: str | None = None) -> Layout:
    """The layout of a file: the dialect asked for, else the first that knows the file.

    A mapping is for the files that have all the columns it names, and for those that no dialect recognises.

    account  whose statement it is, where the file does not say
    """
    return _of_account(source, _layout(source, mapping, dialect), account)


def _of_account(source: RawFile, found: Layout, account: str | None) -> Layout:
    """A one-sided layout that knows whose records they are."""
    if not found.one_sided or found.parts.keys() & {"payer", "card", "account"} or "payer" in found.constants:
        return found
    if account is None:
        raise ColumnError(
            f"{source.path}: is a statement that does not name its own account; say --account NUMBER, or which column "
            "has it with --map payer=HEADER"
        )
    return replace(found, constants={**found.constants, "payer": account})


def _layout(source: RawFile, mapping: Mapping[str, str], dialect: str | None) -> Layout:
    if dialect is not None:
        if dialect not in DIALECTS:
            raise SourceError(f'there is no dialect "{dialect}": {did_you_mean(dialect, DIALECTS)}')
        return DIALECTS[dialect].layout(source, mapping)
    bare = {folded(name) for name in source.header}
    named = bool(mapping) and {folded(name) for name in mapping.values()} <= bare
    own = next((d for d in _OWN_NAMES if not named and d.recognises(source)), None)
    if own is not None:
        return own.layout(source, {})
    told = next((text for describes, text in _BESIDE if not named and describes(source.header)), "")
    if told:
        return Layout(dialect=f"about {told}", parts={"name": (0,)}, reference=told)
    one_sided = bool(mapping.keys() & {*OF_STATEMENTS}) or statement.recognises(source)
    return statement.layout(source, mapping) if one_sided else plain.layout(source, mapping)
