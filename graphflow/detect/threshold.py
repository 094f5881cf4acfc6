"""A parameter of a detector: a dataclass field that carries its unit and where its value comes from."""

from __future__ import annotations

from dataclasses import field
from typing import Any, TypeVar, cast

T = TypeVar("T")


def threshold(default: T, unit: str, source: str, *, defines: bool | None = None) -> T:
    """A field with a default, the unit it is counted in, and the source of that value.

    unit    "duration" for time spans, "share" for 0 to 1, else what is counted: "payers", "hops", "points"
    source  a paper, rule or law as a few words; "judgement" where nothing better is known
    defines whether a time span is part of what the pattern is, so that it cannot be looked for in times that are
            coarser; where not said, that holds for `window` and `dwell`. Other spans only make evidence

    >>> from dataclasses import dataclass, fields
    >>> @dataclass(frozen=True)
    ... class Rule:
    ...     hops: int = threshold(3, "hops", "judgement")
    >>> fields(Rule)[0].metadata["unit"]
    'hops'
    """
    told = {} if defines is None else {"defines": defines}
    made: Any = field(default=default, metadata={"unit": unit, "source": source, **told})
    return cast("T", made)
