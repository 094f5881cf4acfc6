"""What dialects of one-sided records do to their texts: null marks, two amount columns, signs, dates beside clocks."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from graphflow.read.columns import EXCLUDED
from graphflow.read.one_sided.direction import UNSIGNED

NULLS = ("-", "--", "\\N", "\\\\N", "NULL", "Null", "null", "None", "N/A", "n/a", "#N/A", "nan", "NaN", "无", "空")
"""What stands in cells that say nothing."""

_EDGES = r"^[\s\u3000\u00a0\u200b\ufeff]+|[\s\u3000\u00a0\u200b\ufeff]+$"
_BARE_CLOCK = r"^\d{5,6}$"
_SPACED = r"^([A-Z]{2}\d{2}|\d{4})( [A-Z0-9]{4})+( [A-Z0-9]{1,3})?$"
_UNIT = r"(?:CNY|RMB|USD|EUR|GBP|INR|Rs\.?|人民币|元|[^\p{L}\p{N}])"
_NO_MONEY = rf"(?i)^(?:{_UNIT}|[0０])*$"
_SIGN_BEFORE, _SIGN_BEHIND = r"^([^\d+＋(（−－-]*)[+＋(（−－-]", r"[)）+＋−－-]([^\d+＋)）−－-]*)$"
_SIDE = r"(?i)\s*(dr|cr)\.?\s*$"
_PLUS = r"^[^\d]*[+＋]|\d[^\d]*[+＋]\s*[^\d]*$"
_MINUS = r"^[^\d]*[−－-]|^[^\d]*[(（].*[)）][^\d]*$|\d[^\d]*[−－-]\s*[^\d]*$"
_WITH_SUB = r"^(?:[A-Z]{0,4}\d[\d*]{3,}_|[^a-z_]+(?:_\d{1,6})+$)"
"""A long number with anything behind it, or a code in capitals with short numbers behind it."""


def without_nulls(raw: pl.DataFrame, *, but: Collection[str] = ("row", "direction")) -> pl.DataFrame:
    """Texts without white space of any kind around them, and without what only marks an empty cell."""
    names = [name for name, kind in raw.schema.items() if kind == pl.String]
    bare = [pl.col(name).str.replace_all(_EDGES, "") for name in names if _needs_stripping(raw[name])]
    raw = raw.with_columns(bare)
    return raw.with_columns(
        pl.when(~pl.col(name).is_in(["", *(() if name in but else NULLS)])).then(name).alias(name) for name in names
    )


def _needs_stripping(texts: pl.Series) -> bool:
    return bool(texts.str.contains(_EDGES).any())


def split_number(raw: pl.DataFrame, name: str, *, rest: str = "") -> pl.DataFrame:
    """A number without what a bank has hung on to it (`6222…_156_1`: a sub-account), that in a column of its own.

    Only numbers: a wallet's name (`wxid_…`) keeps its underscores, or all wallets would be one.
    """
    if name not in raw.columns or not raw[name].str.contains("_", literal=True).any():
        return raw
    numbered = pl.col(name).str.contains(_WITH_SUB)
    parts = pl.col(name).str.splitn("_", 2)
    bare = pl.when(numbered).then(parts.struct[0]).otherwise(name)
    columns = {name: bare} | ({rest: pl.when(numbered).then(parts.struct[1])} if rest else {})
    return raw.with_columns(**columns)


def without_gaps(raw: pl.DataFrame, name: str) -> pl.DataFrame:
    """A number without the spaces that people write into it (`DE02 1203 …`, `6228 4800 …`)."""
    if name not in raw.columns:
        return raw
    whole = pl.when(pl.col(name).str.contains(_SPACED)).then(pl.col(name).str.replace_all(" ", "")).otherwise(name)
    return raw.with_columns(whole.alias(name))


def from_two_columns(raw: pl.DataFrame) -> pl.DataFrame:
    """`paid` and `direction` from the columns `debit` and `credit`, of which one holds an amount that is not zero."""
    debit, credit = (_no_zero(raw, name) for name in ("debit", "credit"))
    both = debit.is_not_null() & credit.is_not_null()
    way = pl.when(debit.is_not_null()).then(pl.lit("debit")).otherwise(pl.lit("credit"))
    none = pl.lit("0")
    raw = raw.with_columns(
        paid=pl.coalesce(debit, credit, none),
        direction=way,
        refused=pl.when(both).then(pl.lit("both a debit and a credit amount")),
    )
    return raw.drop("debit", "credit", strict=False)


def _no_zero(raw: pl.DataFrame, name: str) -> pl.Expr:
    """An amount as text, but nothing for zero or for a mark; what is no amount at all stays, to be named."""
    if name not in raw.columns:
        return pl.lit(None, pl.String)
    return pl.when(~pl.col(name).str.contains(_NO_MONEY)).then(name)


def from_sign(raw: pl.DataFrame) -> pl.DataFrame:
    """`direction` from the sign of the amount (before it, behind it, or brackets) or its `Dr`/`Cr`, which it loses."""
    paid = pl.col("paid")
    told = pl.coalesce(
        paid.str.extract(_SIDE, 1).str.to_uppercase(),
        pl.when(paid.str.contains(_MINUS)).then(pl.lit("-")),
        pl.when(paid.str.contains(_PLUS)).then(pl.lit("+")),
        pl.when(paid.is_not_null()).then(pl.lit(UNSIGNED)),
    )
    bare = paid.str.replace(_SIDE, "").str.replace(_SIGN_BEFORE, "${1}").str.replace(_SIGN_BEHIND, "${1}")
    return raw.with_columns(direction=told, paid=bare)


def by_side(text: pl.Expr) -> pl.Expr:
    """A balance whose `Dr` or `Cr` says whether the account owes, with a minus where it does."""
    bare = text.str.replace(_SIDE, "")
    return pl.when(text.str.extract(_SIDE, 1).str.to_uppercase() == "DR").then(pl.lit("-") + bare).otherwise(bare)


def one_time(raw: pl.DataFrame) -> pl.DataFrame:
    """`time` from a date beside a clock, where a file has two columns."""
    if "date" not in raw.columns:
        return raw
    if "time" not in raw.columns:
        return raw.rename({"date": "time"})
    clock = (
        pl.when(pl.col("time").str.contains(_BARE_CLOCK))
        .then(pl.col("time").str.zfill(6).str.replace(r"^(\d\d)(\d\d)(\d\d)$", "${1}:${2}:${3}"))
        .otherwise("time")
    )
    whole = pl.col("time").str.len_chars() > 8
    day = pl.col("date").str.replace(r"[ T]00:00(:00)?(\.0+)?$", "")
    joined = pl.when(whole).then("time").otherwise(pl.concat_str(day, pl.lit(" "), clock))
    return raw.with_columns(time=joined).drop("date")


def from_hundredths(text: pl.Expr) -> pl.Expr:
    """Whole hundredths (fen, cents) as an amount in the unit: `1250` → `12.50`; what is no whole number is marked."""
    whole = text.str.replace(r"\.0+$", "").str.replace_all(",", "")
    padded = whole.str.replace(r"^(-?)(\d)$", "${1}00${2}").str.replace(r"^(-?)(\d\d)$", "${1}0${2}")
    point = padded.str.replace(r"^(-?\d+)(\d\d)$", "${1}.${2}")
    return pl.when(whole.str.contains(r"^-?\d+$")).then(point).otherwise(text + pl.lit(" (not whole hundredths)"))


def excluded(raw: pl.DataFrame, *reasons: pl.Expr) -> pl.DataFrame:
    """Rows that moved no money, each with the first of `reasons` that is not null."""
    return raw.with_columns(pl.coalesce(*reasons).alias(EXCLUDED)) if reasons else raw
