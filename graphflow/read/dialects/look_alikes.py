"""Address poisoning: an address made to look like one the victim pays, seen by its first and last characters.

Wallets show `0x1234…abcd`. A forger makes an address with the same ends, and sends nothing, or next to nothing, so that
it stands in the history where the victim copies it from. Four characters at each end agree by chance once in four
billion pairs. (Zeros at the beginning are passed over: many contracts have them.) The address that moved a real amount
first is taken for the real one; rows of the others are marked, payments to them too, for that is the theft.
"""

from __future__ import annotations

import polars as pl

_ADDRESS = r"^(0x[0-9a-f]{40}|T[1-9A-HJ-NP-Za-km-z]{33})$"
_SAME_IN_ALL = "^(0x0*|T)"
_ENDS = 4
DUST = 0.01
"""Amounts below this are no sign that an address is real, in whatever token."""


def resembled(frame: pl.DataFrame) -> pl.DataFrame:
    """Look-alike `address` → the one it `resembles`.

    frame  `payer`, `payee`, `time` (texts that sort), `exact` (amounts)
    """
    real = pl.when(pl.col("exact") >= DUST).then("time")
    sides = [frame.select(pl.col(side).alias("address"), real.alias("first")) for side in ("payer", "payee")]
    addresses = pl.concat(sides).filter(pl.col("address").str.contains(_ADDRESS))
    addresses = addresses.group_by("address").agg(pl.col("first").min())
    begin = pl.col("address").str.replace(_SAME_IN_ALL, "").str.head(_ENDS)
    several = addresses.with_columns(ends=begin + "…" + pl.col("address").str.tail(_ENDS))
    several = several.filter(pl.len().over("ends") > 1, pl.col("first").is_not_null().any().over("ends"))
    first = pl.col("address").sort_by("first", "address", nulls_last=True).first().over("ends")
    return several.with_columns(resembles=first).filter(pl.col("resembles") != pl.col("address")).drop("first", "ends")
