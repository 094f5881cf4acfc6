"""Files that tell of the same transfers: they are counted twice, so it is said."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

_FEWEST, _SHARE = 5, 0.2
_KEY = ("time", "payer", "payee", "paid")


def shared(frame: pl.DataFrame, paths: Mapping[int, str]) -> list[str]:
    """A warning for each two files of which many transfers are equal: accounts, amount and time.

    frame  transfers with the number of their `file`
    A few equal ones are no sign of anything: in files told by the day, people pay the same sum twice.
    """
    sizes = dict(frame.group_by("file").len().iter_rows())
    if len(sizes) < 2:
        return []
    keys = frame.select("file", key=pl.struct(_KEY).hash())
    keys = keys.filter(keys["key"].is_duplicated()).unique(maintain_order=True)
    both = (
        keys.join(keys, on="key", suffix="_other")
        .filter(pl.col("file") < pl.col("file_other"))
        .group_by("file", "file_other")
        .len("equal")
        .sort("file", "file_other")
    )
    return [
        f"{paths[other]}: {equal:,} of its {sizes[other]:,} transfers are in {paths[one]} as well (the same accounts, "
        "amount and time): if both tell of the same money, give only one of them"
        for one, other, equal in both.iter_rows()
        if equal >= max(_FEWEST, _SHARE * min(sizes[one], sizes[other]))
    ]
