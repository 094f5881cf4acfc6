"""Transfers of one moment in the order in which statements have them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import precede
from graphflow.kernels.engine import ready

Longs = npt.NDArray[np.int64]


def in_order(transfers: pl.DataFrame) -> pl.DataFrame:
    """Transfers by file and row, but where several of one account have one time, as its balances go on.

    payer_place, payee_place  where the transfer stands in the statement of its payer and of its payee, if it does
    """
    long = _places(transfers)
    alike = long.select(pl.struct("time", "account").is_duplicated()).to_series()
    if not alike.any():
        return transfers
    near = long.filter(alike).sort("account", "time", "place")
    same = (near["account"] == near["account"].shift(1)) & (near["time"] == near["time"].shift(1))
    near = near.with_columns(before=pl.col("at").shift(1)).filter(same.fill_null(False))
    before = [np.full(transfers.height, -1, np.int64) for _ in range(2)]
    for side, rows in enumerate(before):
        part = near.filter(pl.col("side") == side)
        rows[part["at"].to_numpy()] = part["before"].to_numpy()
    order = np.arange(transfers.height)
    ready(precede, order.size).arrange(*before, order)
    return transfers[order]


def _places(transfers: pl.DataFrame) -> pl.DataFrame:
    """Each place that a transfer has in a statement."""
    sides = [
        transfers.select(
            "time", at=pl.int_range(pl.len()), side=pl.lit(side), account=pl.col(name), place=pl.col(f"{name}_place")
        )
        for side, name in enumerate(("payer", "payee"))
    ]
    return pl.concat(sides).drop_nulls("place")
