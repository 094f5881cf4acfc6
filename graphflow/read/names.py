"""Finding columns by any of their usual names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence


def folded(name: str) -> str:
    """A header as it is compared: lower case, letters and digits only.

    >>> folded(" Amount (CNY) "), folded("交易金额(元)")
    ('amountcny', '交易金额元')
    """
    return re.sub(r"[\W_]+", "", name.lower())


def places(
    header: Sequence[str], names: Mapping[str, Sequence[str]], taken: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Field → position of the first of its names (as `folded` makes them) that a header has; a column serves once."""
    found = dict(taken or {})
    bare = [folded(name) for name in header]
    for field, known in names.items():
        if field not in found:
            free = (bare.index(name) for name in known if name in bare and bare.index(name) not in found.values())
            position = next(free, None)
            if position is not None:
                found[field] = position
    return found


def has(header: Sequence[str], *groups: Collection[str]) -> bool:
    """Whether a header has one name of each group."""
    bare = {folded(name) for name in header}
    return all(bare & {folded(name) for name in group} for group in groups)
