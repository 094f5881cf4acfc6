"""Records delivered twice: in one file, or in statements whose periods overlap."""

from __future__ import annotations

import polars as pl

_CONTENT = ("payer", "payee", "time", "paid", "paid_currency", "direction", "negative", "tx", "payer_balance", "memo")


def repeated(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records without repeats, and the repeats.

    A record with a serial repeats an earlier one of the same serial and content. One without a serial but with a
    balance repeats one of another file with the same content: no account has the same balance after two equal rows.
    All else is kept: equal transfers in one second are legitimate.
    """
    columns = [name for name in _CONTENT if name in records.columns]
    alike = records.select(pl.struct(columns).hash()).to_series()
    twice = alike.is_duplicated()
    if not twice.any():
        return records, records.clear()
    near = records.with_row_index("at").filter(twice)
    known = pl.lit(False)
    if "tx" in columns:
        known = known | (pl.col("tx").is_not_null() & ~pl.struct(columns).is_first_distinct())
    if "payer_balance" in columns:
        known = known | (
            pl.col("payer_balance").is_not_null() & (pl.col("file") != pl.col("file").first().over(columns))
        )
    again = near.filter(known)["at"]
    keep = pl.repeat(True, records.height, eager=True).scatter(again, False)
    return records.filter(keep), records.filter(~keep)
