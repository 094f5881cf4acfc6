"""Statements in their order: what balances prove of direction words, and where rows are missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.kernels import balances
from graphflow.kernels.engine import ready
from graphflow.ledger import GAPS

Longs = npt.NDArray[np.int64]

PLACES = ("payer_place", "payee_place")
"""Columns with the place of a transfer in the statements of its payer and its payee."""


_POT = ("payer", "paid_currency", "pot")


def with_statements(records: pl.DataFrame) -> pl.DataFrame:
    """Records with `statement`: whose balance each states.

    What files of different kinds state (a bank, a wallet) are different balances, whatever numbers they share: `pot`.
    An account may have several balances besides (of sub-accounts and account numbers under one card), or one balance
    under several such labels: per account, the split that leaves fewest breaks.
    """
    labels = [name for name in ("account", "sub") if name in records.columns]
    whole = records.with_columns(statement=_named_by([*_POT]))
    if not labels or "payer_balance" not in records.columns:
        return whole
    several = pl.any_horizontal(_varies(name).over("payer") for name in labels)
    mixed = whole.filter(several)
    if not mixed.height:
        return whole
    splits = [[*_POT, *labels[:k]] for k in range(len(labels) + 1)]
    if len(labels) > 1:
        splits.append([*_POT, labels[1]])
    best = _fewest_breaks(mixed, splits)
    whole = whole.join(best, on="payer", how="left", maintain_order="left")
    chosen = [pl.when(pl.col("split") == k).then(_named_by(names)) for k, names in enumerate(splits)]
    return whole.with_columns(statement=pl.coalesce(*chosen, "statement")).drop("split")


def _varies(name: str) -> pl.Expr:
    """Whether a column holds more than one thing, nothing counted as one."""
    column = pl.col(name)
    return (column != column.drop_nulls().first()).any() | (column.is_null().any() & column.is_not_null().any())


def _fewest_breaks(records: pl.DataFrame, splits: list[list[str]]) -> pl.DataFrame:
    """Per payer, the number of the split after which the fewest balances fail to go on, the first of equals."""
    counted = [
        walked(records.with_columns(statement=_named_by(names)))
        .group_by("payer")
        .agg(breaks=(pl.col("step") == balances.BREAK).sum(), split=pl.lit(k, pl.Int32))
        for k, names in enumerate(splits)
    ]
    return pl.concat(counted).sort("breaks", "split").unique("payer", keep="first", maintain_order=True).drop("breaks")


def _named_by(columns: list[str]) -> pl.Expr:
    return pl.struct(columns).hash()


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


def _longs(values: pl.Series) -> Longs:
    """A copy that kernels may take: Polars' own arrays are read-only."""
    copied = np.array(values.to_numpy())
    return copied.view(np.int64) if values.dtype == pl.UInt64 else copied.astype(np.int64, copy=False)
