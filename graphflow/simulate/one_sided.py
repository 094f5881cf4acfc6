"""A transfer as two banks see it: out in the payer's statement, in in the payee's, each with the balance after it."""

from __future__ import annotations

import numpy as np
import polars as pl

LATEST = 40
"""Seconds by which the payee's bank may book later than the payer's."""

_EVERY = 40
_MOST_OWN = 50_000


def sides(transfers: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Two rows a transfer: account, other (with name and bank), time, fen, sign (-1 out, 1 in), tx, serial, texts.

    `serial` is the transfer's id, in both rows; in every 40th transfer one side has lost it, in turns.
    """
    number = pl.int_range(pl.len())
    base = transfers.with_columns(
        pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S"),
        fen=pl.col("amount").str.replace(".", "", literal=True).cast(pl.Int64),
        later=pl.Series(rng.integers(0, LATEST + 1, transfers.height)),
        turn=number % (2 * _EVERY),
    )
    out = base.select(
        *_ends("payer", "payee"), "time", "ip", "device", *_SAME, sign=pl.lit(-1, pl.Int64), serial=_unless(_EVERY - 1)
    )
    into = base.select(
        *_ends("payee", "payer"),
        pl.col("time") + pl.duration(seconds="later"),
        *_SAME,
        sign=pl.lit(1, pl.Int64),
        serial=_unless(2 * _EVERY - 1),
    )
    return pl.concat([out, into], how="diagonal").with_columns(pl.col(pl.String).replace("", None))


_SAME = ("tx", "fen", "memo", "channel")


def _ends(own: str, other: str) -> list[pl.Expr]:
    return [pl.col(own).alias("account"), *(pl.col(f"{other}{end}").alias(f"other{end}") for end in _ENDS)]


_ENDS = ("", "_name", "_bank")


def _unless(turn: int) -> pl.Expr:
    return pl.when(pl.col("turn") != turn).then("tx")


def balanced(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The rows by account and time, with the `balance` after each; `change` (fen, signed) is what a row moves.

    Every account begins with so much that it never falls below nothing, and a little of its own.
    """
    rows = rows.sort("account", "time", maintain_order=True)
    rows = rows.with_columns(balance=pl.col("change").cum_sum().over("account"))
    opening = rows.group_by("account", maintain_order=True).agg(opening=(-pl.col("balance").min()).clip(lower_bound=0))
    own = pl.Series(rng.integers(100, _MOST_OWN, opening.height))
    opening = opening.with_columns(pl.col("opening") + own)
    return rows.join(opening, on="account", how="left", maintain_order="left").with_columns(
        balance=pl.col("opening") + pl.col("balance")
    )


def yuan(fen: str) -> pl.Expr:
    """A column of fen that are not negative, as text with two decimals."""
    cents = (pl.col(fen) % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(pl.col(fen) // 100, pl.lit("."), cents)
