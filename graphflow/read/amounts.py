"""Money as text → exact minor units, and minor units from fewer decimals to more."""

from __future__ import annotations

import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import default_decimals

MONEY = ("paid", "received", "payer_balance", "payee_balance")
MOST_DECIMALS = 8
LEAST = {"paid": 1, "received": 0}
"""What a transfer moves at least, in minor units; other amounts may be anything, or nothing."""

SCALE = 18
"""Exact amounts are in units of ten to the power of minus this."""

_MARKS = r"(?i)^[\s\p{Sc}]+|[\s\p{Sc}]+$|\p{Sc}|CNY|RMB|人民币|元|USD|EUR|GBP|INR|Rs\.?|[\u200b\ufeff\t]"
_ROUNDED = rf"\.\d{{{SCALE}}}\d*[1-9]"


def decimal(text: pl.Series, *, comma: bool = False) -> pl.Series:
    """Exact amounts in units of 10⁻¹⁸, however they are written: with groups of thousands where those stand right,
    currency marks, full-width digits, brackets or a minus behind for what is negative.

    comma  a comma stands before the decimals, and points between thousands
    """
    exact = text.cast(pl.Decimal(38, SCALE), strict=False).to_physical()
    missed = text.is_not_null() & (_pointed(text) if comma else exact.is_null())
    if missed.any():
        where = missed.arg_true()
        again = _tidy(text.gather(where), comma=comma).cast(pl.Decimal(38, SCALE), strict=False).to_physical()
        exact = exact.scatter(where, again)
    if (text.str.len_bytes() > SCALE + 1).any():  # Polars rounds what has more than 18 decimals
        exact = exact.set(text.str.contains(_ROUNDED).fill_null(False), None)
    return exact


def _pointed(text: pl.Series) -> pl.Series:
    return text.str.contains(r"[.,]").fill_null(False)


def _tidy(text: pl.Series, *, comma: bool) -> pl.Series:
    """Amounts as plain digits with a point; what is not written as an amount stays as it is, and is none."""
    point, group = (",", ".") if comma else (".", ",")
    bare = (
        pl.col("text").str.normalize("NFKC").str.replace_all("[−–]", "-").str.replace_all(_MARKS, "").str.strip_chars()
    )
    bare = bare.str.replace(r"^\((.*)\)$", "-${1}").str.replace(r"^([^-].*)-$", "-${1}")
    whole = pl.col("bare").str.contains(rf"^[+-]?\d+([{point}]\d+)?$")
    thousands = pl.col("bare").str.contains(
        rf"^[+-]?\d{{1,3}}([{group}' ]\d{{2,3}})*[{group}' ]\d{{3}}([{point}]\d+)?$"
    )
    digits = pl.col("bare").str.replace_all(rf"[{group}' ]", "").str.replace(point, ".", literal=True)
    table = pl.DataFrame({"text": text}).with_columns(bare=bare)
    other = pl.lit(None, pl.String) if comma else pl.col("bare")
    return table.select(pl.when(whole | thousands).then(digits).otherwise(other)).to_series()


def comma_or_point(mark: str | None) -> bool | None:
    """What `--decimal` says: True for a comma. Raises `SourceError` for any other word."""
    if mark not in (None, "comma", "point"):
        raise SourceError(f'a decimal mark is "comma" or "point", not "{mark}"')
    return None if mark is None else mark == "comma"


def proved_comma(text: pl.Series, path: str) -> bool | None:
    """Whether amounts have a decimal comma (True) or point (False); None where they prove neither.

    Raises `SourceError` where some prove the one and some the other.
    """
    bare = text.drop_nulls().str.replace_all(_MARKS, "").str.strip_chars("+-()")
    found = {
        mark: bare.filter(
            bare.str.contains(rf"^(\d{{1,3}}([{group}' ]\d{{3}})+[{mark}]\d+|\d+[{mark}](\d{{1,2}}|\d{{4,}}))$")
        )
        for mark, group in ((",", "."), (".", ","))
    }
    comma, point = found[","], found["."]
    if comma.len() and point.len():
        raise SourceError(
            f'{path}: "{comma[0]}" has a decimal comma, "{point[0]}" a decimal point; say which amounts have with '
            "--decimal comma or --decimal point, and the others are rejected"
        )
    return True if comma.len() else False if point.len() else None


def doubtful_point(text: pl.Series) -> str:
    """The first amount whose point may stand between thousands, where no other amount proves what points are.

    >>> doubtful_point(pl.Series(["1.234", "500"])), doubtful_point(pl.Series(["1.234", "0.5"]))
    ('1.234', '')
    """
    bare = text.drop_nulls().str.replace_all(_MARKS, "").str.strip_chars("+-()")
    pointed = bare.filter(bare.str.contains(".", literal=True))
    thousands = pointed.str.contains(r"^[1-9]\d{0,2}\.\d{3}$")
    return str(pointed[0]) if pointed.len() and thousands.all() else ""


def usual(exact: pl.Series, currency: pl.Series) -> pl.Series:
    """Minor units as the currency usually has them, rounded down; null for what no choice of decimals could count."""
    decimals = {code: default_decimals(code) for code in _codes(currency)}
    value = pl.col("exact")
    fits = pl.when(value % 10 ** (SCALE - MOST_DECIMALS) == 0).then(value // _unit(decimals))
    return pl.DataFrame({"exact": exact, "currency": currency}).select(fits.cast(pl.Int64, strict=False)).to_series()


def learn(exact: pl.Series, currency: pl.Series, counts: pl.Series, decimals: dict[str, int]) -> bool:
    """Give `decimals` the usual places of each currency, or as many (8 at most) as its amounts need.

    counts  which amounts count: one in a row that is rejected says nothing about its currency
    Returns whether any amount needs more than the usual.
    """
    for code in _codes(currency):
        decimals.setdefault(code, default_decimals(code))
    value = pl.col("exact")
    table = pl.DataFrame({"exact": exact, "currency": currency, "counts": counts})
    finer = table.filter(value % _unit(decimals) != 0)
    learned = finer.filter(pl.col("counts") & (value % 10 ** (SCALE - MOST_DECIMALS) == 0))
    for (code,), part in learned.group_by("currency"):
        while (part["exact"] % _power(decimals[str(code)]) != 0).any():
            decimals[str(code)] += 1
    return not finer.is_empty()


def units(exact: pl.Series, currency: pl.Series, decimals: dict[str, int], *, counts: pl.Series | None) -> pl.Series:
    """Minor units of each row's currency; null for an amount with more decimals than its currency has.

    counts  see `learn`; None: no amount has more decimals than its currency, so nothing needs checking
    """
    frame = pl.DataFrame({"exact": exact, "currency": currency})
    value = pl.col("exact")
    if counts is None:
        return frame.select((value // _unit(decimals)).cast(pl.Int64, strict=False)).to_series()
    whole = pl.when(value % _unit(decimals) == 0).then(value)
    found = frame.select((whole // _unit(decimals)).cast(pl.Int64, strict=False)).to_series()
    lost = found.is_null() & counts & usual(exact, currency).is_not_null()
    if lost.any():
        raise too_fine(str(currency.filter(lost)[0]))
    return found


def rescaled(frame: pl.DataFrame, own: dict[str, int], final: dict[str, int]) -> pl.DataFrame:
    """Minor units in `own` decimals of each currency → the same amounts in its `final` ones, which are no fewer."""
    factors = {code: 10 ** (final[code] - places) for code, places in own.items() if final[code] != places}
    if not factors:
        return frame
    for name in MONEY:
        code = f"{name}_currency" if f"{name}_currency" in frame.columns else "paid_currency"
        if name in frame.columns:
            factor = pl.col(code).cast(pl.String).replace_strict(factors, default=1, return_dtype=pl.Int128)
            fine = (pl.col(name).cast(pl.Int128) * factor).cast(pl.Int64, strict=False)
            lost = frame.filter(pl.col(name).is_not_null() & fine.is_null())
            if lost.height:
                raise too_fine(str(lost[code][0]))
            frame = frame.with_columns(fine.alias(name))
    return frame


def too_fine(code: str) -> SourceError:
    """What is wrong when minor units small enough for one amount of a currency cannot count another one."""
    return SourceError(
        f"amounts in {code} have so many decimals that the largest of them no longer fit exact minor units (64 bits): "
        f"look for an amount with up to {MOST_DECIMALS} decimals that is a mistake"
    )


def _codes(currency: pl.Series) -> list[str]:
    return sorted(currency.unique().drop_nulls().cast(pl.String).to_list())


def _unit(decimals: dict[str, int]) -> pl.Expr:
    """What a minor unit is in exact amounts, by the `currency` of a row."""
    powers = {code: 10 ** (SCALE - places) for code, places in decimals.items()}
    if len(set(powers.values())) == 1:
        return pl.lit(next(iter(powers.values())), pl.Int128)
    return pl.col("currency").cast(pl.String).replace_strict(powers, default=None, return_dtype=pl.Int128)


def _power(places: int) -> pl.Series:
    return pl.Series([10 ** (SCALE - places)], dtype=pl.Int128)
