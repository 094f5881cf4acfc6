"""Columns by the names a dialect has for them, however a file spells them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.errors import ColumnError, did_you_mean
from graphflow.read.columns import FIELDS

if TYPE_CHECKING:
    from graphflow.read.source import RawFile


def folded(header: str) -> str:
    """A header in lower case, letters and digits only: no-break spaces, brackets and dots differ between exports.

    >>> folded("Account No./ (Wallet\\xa0/PG/PA) Id")
    'accountnowalletpgpaid'
    """
    return re.sub(r"[\W_]+", "", header.lower())


def places(
    header: Sequence[str], names: Mapping[str, Sequence[str]], taken: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Field → its column, for the fields that are there. `names`: folded headers of each, the likeliest first.

    A column serves one field: of two with one name the first field that asks takes the first. `taken`: columns that
    serve a field already.
    """
    own = [folded(name) for name in header]
    found = dict(taken or {})
    for field, options in names.items():
        used = found.values()
        free = [k for name in options for k, other in enumerate(own) if other == name and k not in used]
        if free and field not in found:
            found[field] = free[0]
    return found


def has(header: Sequence[str], *groups: Collection[str]) -> bool:
    """Whether a header has one name of each group."""
    own = {folded(name) for name in header}
    return all(own & {folded(name) for name in group} for group in groups)


def needed(source: RawFile, what: str, found: Mapping[str, int], titles: Mapping[str, str]) -> None:
    """Raise `ColumnError` for the first of `titles` (field → how its header is usually written) that was not found."""
    for field, title in titles.items():
        if field not in found:
            near = did_you_mean(title, source.header).replace("known:", "the header has")
            raise ColumnError(f'{source.path}: {what} has a column "{title}"; this one has not: {near}')


def titles(source: RawFile, found: Mapping[str, int], **joined: tuple[str, ...]) -> dict[str, str]:
    """Ledger field → header as the file writes it; `joined` fields are made of several that are found."""
    own = {field: source.header[k] for field, k in found.items()}
    made = {field: " + ".join(own[name] for name in names if name in own) for field, names in joined.items()}
    return {field: title for field, title in {**own, **made}.items() if field in FIELDS and title}
