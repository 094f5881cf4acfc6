"""Where money goes when a record names no counterparty: typed ends, so that balances still close.

`CASH`, `FEE`, `INTEREST` and `POS:<merchant>` by what the row says of itself; else `UNKNOWN:<account>`, an end of that
account alone, with the counterparty's name where there is one: two accounts that deal with nobody named do not meet.
A counterparty whose number a spreadsheet has cut (6.22848E+18) is such an end as well: it may be any of thousands.
"""

from __future__ import annotations

import polars as pl

CASH, FEE, INTEREST, POS, UNKNOWN = "CASH", "FEE", "INTEREST", "POS:", "UNKNOWN:"
CUT_NUMBER = r"^\d(\.\d+)?[eE]\+?\d+$"
"""A long number as a spreadsheet shows it, most of its digits gone."""
FILLER = r"^[0\s.*-]*$"
"""A number that only fills its cell."""

_FEE = r"(?i)手续费|工本费|年费|短信费|管理费|服务费|汇划费|小额账户费|\bfees?\b|\bcharges?\b"
_INTEREST = r"(?i)利息|结息|付息|存息|\binterest\b"
_CASH = r"(?i)现金|取现|存现|现存|现支|取款|ATM|\bcash\b"
_POS = r"(?i)消费|POS|\bpurchase\b|\bcard payment\b"
_TOLD_BY = ("memo", "channel", "cash")


def filled(raw: pl.DataFrame) -> pl.DataFrame:
    """One-sided texts with a counterparty in each row that has an account of its own."""
    if "payee" not in raw.columns:
        raw = raw.with_columns(pl.lit(None, pl.String).alias("payee"))
    raw = raw.with_columns(payee=pl.when(~pl.col("payee").str.contains(FILLER)).then("payee"))
    cut = pl.col("payee").str.contains(CUT_NUMBER).fill_null(False)
    bare = raw["payee"].is_null() | raw.select(cut).to_series()
    if not bare.any():
        return raw.drop("merchant", "cash", "end", strict=False)
    ends = raw.filter(bare).select("row", payee=_end(raw))
    raw = raw.update(ends, on="row")
    return raw.drop("merchant", "cash", "end", strict=False)


def _end(raw: pl.DataFrame) -> pl.Expr:
    """The end of a row without counterparty."""
    stated, merchant, name, payee = (_column(raw, c) for c in ("end", "merchant", "payee_name", "payee"))
    told = [pl.col(c) for c in _TOLD_BY if c in raw.columns]
    said = pl.concat_str([pl.lit(""), *told], separator=" ", ignore_nulls=True)
    shop = pl.coalesce(merchant, pl.when(said.str.contains(_POS)).then(name))
    return pl.coalesce(
        stated,
        pl.when(said.str.contains(_FEE)).then(pl.lit(FEE)),
        pl.when(said.str.contains(_INTEREST)).then(pl.lit(INTEREST)),
        pl.lit(POS) + shop,
        pl.when(said.str.contains(_CASH)).then(pl.lit(CASH)),
        pl.lit(UNKNOWN) + pl.col("payer") + pl.coalesce(pl.lit(":") + payee, pl.lit(":") + name, pl.lit("")),
    )


def _column(raw: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in raw.columns else pl.lit(None, pl.String)
