"""Statements in their order: what balances prove of direction words, and where rows are missing."""

from __future__ import annotations

import numpy as np
import polars as pl

from graphflow.kernels import balances
from graphflow.kernels.engine import ready
from graphflow.ledger import GAPS

PLACE = "place"
"""Column with the place of a record in its account's statement, by which rows of one moment are ordered."""


def walked(records: pl.DataFrame, sign: pl.Series | None = None) -> pl.DataFrame:
    """Records account by account in the order of their balances, with `step` (see `kernels.balances.walk`) and `before`
    (the row that each follows).

    records  one-sided; `statement` names the account (and sub-account, and currency) whose balance a row states
    sign     1 in, -1 out; unknown when not given
    """
    sign = pl.repeat(0, records.height, dtype=pl.Int8, eager=True) if sign is None else sign
    sorted_ = records.with_columns(sign=sign).sort("statement", "time", maintain_order=True)
    size = sorted_.height
    order, step = np.arange(size), np.zeros(size, np.int8)
    if size and "payer_balance" in sorted_.columns:
        balance = sorted_["payer_balance"]
        ready(balances, size).walk(
            _longs(sorted_["statement"]),
            _longs(sorted_["time"].to_physical()),
            _longs(sorted_["paid"]),
            _longs(balance.fill_null(0)),
            balance.is_not_null().to_numpy().astype(np.uint8),
            np.array(sorted_["sign"].to_numpy(), np.int8),
            order,
            step,
        )
    return sorted_.with_columns(step=step)[order]


def gaps(walk: pl.DataFrame) -> pl.DataFrame:
    """Where the balance of a row does not follow from the row before it."""
    if "payer_balance" not in walk.columns or not (walk["step"] == balances.BREAK).any():
        return pl.DataFrame(schema={**GAPS, "file": pl.UInt32()})
    before = pl.col("payer_balance").forward_fill().over("statement").shift(1)
    signed = pl.col("paid") * pl.col("sign")
    return (
        walk.with_columns(
            opening=before,
            row_before=pl.col("row").shift(1),
            time_before=pl.col("time").shift(1),
        )
        .filter(pl.col("step") == balances.BREAK)
        .select(
            account="payer",
            currency=pl.col("paid_currency").cast(pl.String),
            amount=pl.col("payer_balance") - signed - pl.col("opening"),
            file="file",
            row_before="row_before",
            row_after="row",
            time_before="time_before",
            time_after="time",
        )
        .sort("account", "time_after", "file", "row_after")
    )


def _longs(values: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return (
        np.ascontiguousarray(values.to_numpy()).view(np.int64)
        if values.dtype == pl.UInt64
        else np.array(values.to_numpy(), np.int64)
    )
