"""Alipay's account statement (账户明细): one-sided, amounts in yuan, parties as `2088…(name)`.

The bill that a person downloads (交易明细) is read as well, Alipay's and WeChat's: it does not name its own account in
a column, and says whom it paid mostly by name. Payments that did not go through (交易关闭, 失败, still waiting) are
counted apart, and rows that are called neither income nor expense (不计收支, /: money moved between a person's own
pots). Source: column lists of public tools.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graphflow.errors import ColumnError
from graphflow.read.columns import Layout
from graphflow.read.headers import has, places
from graphflow.read.record_texts import excluded, one_time, without_nulls
from graphflow.read.source import RawFile

NAME = "alipay"

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "payer": ("用户信息", "用户id", "支付宝用户id", "用户号", "账户"),
    "payee": ("交易对方信息", "对方用户id", "交易对方id", "对方账户", "交易对方账号", "对方账号"),
    "payee_name": ("交易对方", "对方名称"),
    "time": ("交易创建时间", "交易付款时间", "付款时间", "交易时间", "入账时间"),
    "paid": ("金额元", "交易金额元", "金额"),
    "payer_balance": ("账户余额元", "余额元", "账户余额"),
    "direction": ("收支", "收支类型", "收入支出"),
    "memo": ("消费名称", "商品名称", "商品说明", "商品"),
    "remark": ("备注",),
    "tx": ("交易号", "支付宝交易号", "交易订单号", "交易单号"),
    "state": ("交易状态", "当前状态"),
    "channel": ("类型", "交易类型", "交易分类"),
    "ip": ("ip地址", "客户端ip"),
}
_NEEDED = ("time", "paid", "direction")
_WITH_NAME = r"^(\S+?)\s*[(（](.*)[)）]$"
_STOPPED = r"关闭|失败|等待|未付款|待付款|已取消|冻结失败"
_NEITHER = ("不计收支", "其他", "其它", "/", "")


def recognises(source: RawFile) -> bool:
    """By 收/支 beside a time and an amount, and a user or what became of each payment."""
    known = has(source.header, ("收/支",), _FIELDS["time"], _FIELDS["paid"])
    return known and (
        has(source.header, _FIELDS["payer"]) or has(source.header, _FIELDS["state"], _FIELDS["payee_name"])
    )


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by their names."""
    found = places(source.header, _FIELDS)
    for field in _NEEDED:
        if field not in found:
            raise ColumnError(f"{source.path}: an Alipay statement has a column {_FIELDS[field][0]}; this one has not")
    return Layout(
        dialect=NAME,
        parts={field: (k,) for field, k in found.items()},
        headers={field: source.header[k] for field, k in found.items()},
        prepare=_prepare,
        constants={"paid_currency": "CNY"},
        one_sided=True,
    )


def _prepare(raw: pl.DataFrame) -> pl.DataFrame:
    raw = one_time(without_nulls(raw, but=("row", "direction")))
    for side in ("payer", "payee"):
        raw = _parted(raw, side)
    texts = [pl.col(c) for c in ("memo", "remark") if c in raw.columns]
    if texts:
        memo = pl.concat_str(*texts, separator=" ", ignore_nulls=True)
        raw = raw.with_columns(memo=pl.when(memo != "").then(memo))
    neither = pl.col("direction").is_in(list(_NEITHER)) | pl.col("direction").is_null()
    reasons = [pl.when(neither).then(pl.lit("neither income nor expense (不计收支)"))]
    if "state" in raw.columns:
        stopped = pl.col("state").str.contains(_STOPPED)
        reasons.insert(0, pl.when(stopped).then(pl.format("did not go through: {}", pl.col("state"))))
    return excluded(raw, *reasons).drop("remark", "state", strict=False)


def _parted(raw: pl.DataFrame, side: str) -> pl.DataFrame:
    """Number and name of a party written as one text."""
    if side not in raw.columns:
        return raw
    both = pl.col(side).str.extract_groups(_WITH_NAME)
    name = both.struct.field("2").replace("", None)
    known = pl.col(f"{side}_name") if f"{side}_name" in raw.columns else pl.lit(None, pl.String)
    return raw.with_columns(
        pl.coalesce(both.struct.field("1"), side).alias(side), pl.coalesce(known, name).alias(f"{side}_name")
    )
