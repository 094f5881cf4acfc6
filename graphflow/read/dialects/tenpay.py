"""Tenpay and WeChat Pay (`TenpayTrades`): one-sided, tab separated, amounts in **fen** as the headers say.

`用户ID` is the wallet, `用户银行卡号` the card that a payment came from or went to. A wallet that states one card, that
no other wallet states, is joined with it. Two header names occur twice; neither is read. Source: column lists of public
tools.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graphflow.errors import ColumnError
from graphflow.read.columns import Layout
from graphflow.read.headers import folded, has, places
from graphflow.read.record_texts import from_hundredths, one_time, without_nulls
from graphflow.read.source import RawFile

NAME = "tenpay"

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "payer": ("用户id",),
    "tx": ("交易单号",),
    "payer_name": ("用户侧账号名称", "用户侧账户名称"),
    "direction": ("借贷类型",),
    "channel": ("交易业务类型",),
    "purpose": ("交易用途类型",),
    "time": ("交易时间",),
    "paid": ("交易金额分",),
    "payer_balance": ("账户余额分",),
    "card": ("用户银行卡号",),
    "payee": ("对手方id",),
    "payee_name": ("对手侧账户名称", "对手侧账号名称"),
    "payee_card": ("对手方银行卡号",),
    "payee_bank": ("对手侧银行名称",),
    "remark_1": ("备注1",),
    "remark_2": ("备注2",),
}
_NEEDED = ("payer", "direction", "time", "paid")
_TEXTS = ("purpose", "remark_1", "remark_2")


def recognises(source: RawFile) -> bool:
    """By the user's id beside an amount in fen."""
    return has(source.header, ("用户ID",), ("交易金额(分)",), ("借贷类型",))


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by their names."""
    found = places(source.header, _FIELDS)
    for field in _NEEDED:
        if field not in found:
            raise ColumnError(f"{source.path}: a TenpayTrades file has a column {_FIELDS[field][0]}; this one has not")
    assert folded(source.header[found["paid"]]).endswith("分")
    return Layout(
        dialect=NAME,
        parts={field: (k,) for field, k in found.items()},
        headers={field: source.header[k] for field, k in found.items()},
        prepare=_prepare,
        constants={"paid_currency": "CNY"},
        one_sided=True,
        unit="fen (hundredths of a yuan), as the header says",
    )


def _prepare(raw: pl.DataFrame) -> pl.DataFrame:
    raw = one_time(without_nulls(raw))
    money = [c for c in ("paid", "payer_balance") if c in raw.columns]
    raw = raw.with_columns(from_hundredths(pl.col(c)).alias(c) for c in money)
    others = [pl.col(c) for c in ("payee", "payee_card") if c in raw.columns]
    texts = [pl.col(c) for c in _TEXTS if c in raw.columns]
    if texts:
        memo = pl.concat_str(*texts, separator=" ", ignore_nulls=True)
        raw = raw.with_columns(memo=pl.when(memo != "").then(memo))
    raw = raw.with_columns(payee=pl.coalesce(*others, pl.lit(None, pl.String)))
    return raw.drop("payee_card", *_TEXTS, strict=False)
