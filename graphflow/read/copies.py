"""Files that tell of the same transfers: they are counted twice, so it is said."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

_FEWEST, _SHARE = 5, 0.2
_KEY = ("time", "payer", "payee", "paid")


Equal = Mapping[tuple[int, int], int]
"""Numbers of two files, the smaller first → transfers that are in both."""


def shared(sizes: Mapping[int, int], equal: Equal, paths: Mapping[int, str]) -> list[str]:
    """A warning for each two files of which many transfers are equal: accounts, amount and time.

    sizes  transfers by number of file; equal: what `equal_in` says
    A few equal ones are no sign of anything: in files told by the day, people pay the same sum twice.
    """
    return [
        f"{paths[other]}: {number:,} of its {sizes[other]:,} transfers are in {paths[one]} as well (the same accounts, "
        "amount and time): if both tell of the same money, give only one of them"
        for (one, other), number in sorted(equal.items())
        if number >= max(_FEWEST, _SHARE * min(sizes[one], sizes[other]))
    ]


def equal_in(frame: pl.DataFrame) -> dict[tuple[int, int], int]:
    """How many transfers each two files have in common; of transfers with the number of their `file`."""
    if frame["file"].n_unique() < 2:
        return {}
    keys = frame.select("file", key=pl.struct(_KEY).hash())
    keys = keys.filter(keys["key"].is_duplicated()).unique(maintain_order=True)
    both = (
        keys.join(keys, on="key", suffix="_other")
        .filter(pl.col("file") < pl.col("file_other"))
        .group_by("file", "file_other")
        .len("equal")
    )
    return {(one, other): number for one, other, number in both.iter_rows()}
