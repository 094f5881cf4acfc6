"""Address poisoning: an address made to look like one the victim pays, seen by its first and last characters.

Wallets show `0x1234…abcd`. A forger makes an address with the same ends, and sends nothing, or next to nothing, so that
it stands in the history where the victim copies it from. Four characters at each end agree by chance once in four
billion pairs (of addresses that begin with zeros, as contracts made to be cheap do, more are compared). The address that moved a real amount first is taken for the real one; rows of the others are marked,
payments to them too, for that is the theft.
"""

from __future__ import annotations

import polars as pl

_ADDRESS = r"^(0x[0-9a-f]{40}|T[1-9A-HJ-NP-Za-km-z]{33})$"
_LEAD, _ENDS, _AFTER_ZEROS = {"0x": 2, "T": 1}, 4, 10
DUST = 0.01
"""Amounts below this are no sign that an address is real, in whatever token."""


def resembled(frame: pl.DataFrame) -> pl.DataFrame:
    """Look-alike `address` → the one it `resembles`.

    frame  `payer`, `payee`, `time` (texts that sort), `exact` (amounts)
    """
    real = pl.when(pl.col("exact") >= DUST).then("time")
    sides = [frame.select(pl.col(side).alias("address"), real.alias("first")) for side in ("payer", "payee")]
    addresses = (
        pl.concat(sides).filter(pl.col("address").str.contains(_ADDRESS)).group_by("address").agg(pl.col("first").min())
    )
    lead = pl.when(pl.col("address").str.starts_with("0x")).then(_LEAD["0x"]).otherwise(_LEAD["T"])
    begin = pl.when(pl.col("address").str.contains("^0x0000")).then(_AFTER_ZEROS).otherwise(_ENDS)
    ends = pl.col("address").str.slice(lead, begin) + "…" + pl.col("address").str.slice(-_ENDS)
    several = addresses.with_columns(ends.alias("ends")).filter(pl.len().over("ends") > 1)
    first = pl.col("address").sort_by("first", "address", nulls_last=True).first().over("ends")
    known = pl.col("first").is_not_null().any().over("ends")
    return (
        several.filter(known)
        .with_columns(resembles=first)
        .filter(pl.col("resembles") != pl.col("address"))
        .select("address", "resembles")
    )
