"""Bank return (调单): what a bank sends to the police for a query, as the platforms' public tools show it.

A folder or zip of files a bank: transactions, accounts, people, sub-accounts, measures in force, failed queries. The
transactions are one-sided: each row is one account's own record, with a word for which way the money went (收付标志).
Numbers end in a tab so that a spreadsheet keeps their digits, and carry a sub-account (`_156_1`); the card or the
account number may be missing; empty cells are marked in many ways.

Amounts without a currency are in yuan. Rows that did not succeed, and rows that only say that a query found nothing,
are counted apart. When fooled: a success flag in a code of the bank's own (01) is not understood, and the row is taken.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graphflow.errors import ColumnError
from graphflow.read.columns import Layout
from graphflow.read.headers import has, places
from graphflow.read.one_sided.ends import CUT_NUMBER
from graphflow.read.record_texts import excluded, from_two_columns, one_time, split_number, without_nulls
from graphflow.read.source import RawFile

NAME = "bank-return"

_WAY = (
    "收付标志", "借贷标志", "收支标志", "借贷方向", "收付方向", "收付标识", "资金收付标志", "资金收付标识", "借贷标记",
    "进出标志",
)  # fmt: skip
_TWO = ("借方金额", "贷方金额", "借方发生额", "贷方发生额")
_AMOUNT = ("交易金额", "发生额", "金额", "交易金额元")
_OWN = (
    "交易卡号",
    "交易账号",
    "交易账卡号",
    "查询账号",
    "查询帐号",
    "查询卡号",
    "卡号",
    "账号",
    "账卡号",
    "本方账号",
    "本方卡号",
)

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "card": ("交易卡号", "查询卡号", "本方卡号", "卡号"),
    "account": ("交易账号", "交易账卡号", "查询账号", "查询帐号", "本方账号", "账户账号", "账号", "账卡号"),
    "payer_name": ("账户开户名称", "交易方户名", "交易户名", "本方户名", "本方名称", "户名", "客户名称"),
    "holder": ("开户人证件号码", "交易方证件号码", "交易证件号码", "证件号码"),
    "date": ("交易日期",),
    "time": ("交易时间", "交易日期时间", "记账时间"),
    "paid": _AMOUNT,
    "debit": ("借方金额", "借方发生额", "支出金额"),
    "credit": ("贷方金额", "贷方发生额", "收入金额"),
    "payer_balance": ("交易余额", "账户余额", "余额", "交易后余额"),
    "direction": _WAY,
    "payee": (
        "交易对手账卡号", "对手账卡号", "交易对手账号", "对手账号", "对方账号", "对方账卡号", "对手卡号", "对方卡号",
        "交易对方账卡号", "交易对方帐卡号", "交易对方账号", "交易对方卡号",
    ),
    "cash": ("现金标志", "现金标识", "现金转账标识"),
    "payee_name": (
        "对手户名", "交易对手名称", "对手名称", "对方户名", "对方名称", "交易对手户名", "交易对方名称", "交易对方户名",
    ),
    "payee_bank": ("对手开户银行", "对方开户行", "对手开户行", "对方开户银行", "交易对手开户行", "交易对方开户行"),
    "memo": ("摘要说明", "摘要", "交易摘要", "交易说明", "用途", "交易用途"),
    "remark": ("备注", "附言", "交易备注", "备注说明"),
    "paid_currency": ("交易币种", "币种"),
    "success": ("交易是否成功", "是否成功", "交易结果", "成功标志"),
    "tx": ("交易流水号", "流水号", "业务流水号"),
    "ip": ("ip地址", "ip"),
    "device": ("mac地址", "mac", "macimei地址", "mac或imei地址"),
    "payee_balance": ("对手交易余额", "交易对手余额", "对方余额", "对手余额"),
    "merchant": ("商户名称", "商户名", "特约商户名称", "商户户名"),
    "channel": ("交易类型", "交易渠道"),
    "feedback": ("查询反馈结果原因", "查询反馈结果", "查询结果", "反馈原因"),
}  # fmt: skip

_DETAILS: Mapping[str, tuple[str, ...]] = {
    "card": ("卡号", "交易卡号", "查询卡号"),
    "account": ("账号", "交易账号", "主账号", "账户账号"),
    "name": ("账户开户名称", "户名", "客户名称", "开户人姓名", "姓名"),
    "holder": ("开户人证件号码", "证件号码", "开户人证照号码"),
    "bank": ("开户银行", "开户行", "开户网点", "反馈单位", "银行名称"),
}  # fmt: skip

_FREEZES: Mapping[str, tuple[str, ...]] = {
    "account": ("账号", "卡号", "账卡号", "账户账号", "冻结账号"),
    "amount": ("冻结金额", "措施金额", "执行金额", "强制措施金额"),
    "start": ("冻结开始日", "冻结开始日期", "冻结起始日", "措施开始时间", "冻结开始时间", "起始日期", "冻结日期"),
    "end": ("冻结截止日", "冻结截止日期", "冻结结束日", "措施结束时间", "冻结截止时间", "截止日期", "冻结到期日"),
    "by": ("冻结机关", "执行机关", "冻结机关名称", "措施机关"),
}  # fmt: skip

CURRENCIES = {
    **dict.fromkeys(("人民币", "人民币元", "RMB", "156", "CNY", "元"), "CNY"),
    **dict.fromkeys(("美元", "840"), "USD"),
    **dict.fromkeys(("港币", "港元", "344"), "HKD"),
    **dict.fromkeys(("欧元", "978"), "EUR"),
    **dict.fromkeys(("日元", "392"), "JPY"),
    **dict.fromkeys(("英镑", "826"), "GBP"),
}
"""Currencies as banks name them → ISO 4217."""

_FAILED = r"(?i)失败|不成功|未成功|已撤|^否$|^n$|^no$|^false$|^fail"
_NOTHING = r"失败|无记录|无数据|无交易|没有"


def recognises(source: RawFile) -> bool:
    """Any of the platform's files, by names that only they have together."""
    return _is_transactions(source) or bool(_kind(source))


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by the platform's names in any of their spellings."""
    if not _is_transactions(source) and (kind := _kind(source)):
        return _reference(source, kind)
    found = places(source.header, _FIELDS)
    found = {field: k for field, k in found.items() if field not in _beside(found)}
    for fields, name in (
        (("card", "account"), _OWN[0]),
        (("time", "date"), "交易时间"),
        (("paid", "debit"), "交易金额"),
    ):
        if not found.keys() & {*fields}:
            raise ColumnError(f"{source.path}: a bank return has a column {name}; this one has not")
    if "direction" not in found and not {"debit", "credit"} <= found.keys():
        raise ColumnError(f"{source.path}: a bank return has a column {_WAY[0]}; this one has not")
    return Layout(
        dialect=NAME,
        parts={field: (k,) for field, k in found.items()},
        headers={_public(field): source.header[k] for field, k in found.items()},
        prepare=_prepare,
        one_sided=True,
    )


def _beside(found: Mapping[str, int]) -> set[str]:
    """Fields that are not read, as others say the same."""
    if {"direction", "paid"} <= found.keys():
        return {"debit", "credit"}
    return {"paid"} if "debit" in found else set()


def _public(field: str) -> str:
    return {"card": "payer"}.get(field, field)


def _is_transactions(source: RawFile) -> bool:
    ways = has(source.header, _WAY, _AMOUNT) or has(source.header, _TWO[::2], _TWO[1::2])
    return (
        ways and has(source.header, _OWN) and has(source.header, ("交易时间", "交易日期", "交易日期时间", "记账时间"))
    )


def _prepare(raw: pl.DataFrame) -> pl.DataFrame:
    raw = without_nulls(raw)
    for number in ("card", "account", "payee"):
        raw = split_number(raw, number, rest="sub" if number == "card" else "")
    numbers = [pl.col(c) for c in ("card", "account") if c in raw.columns]
    whole = [pl.when(~number.str.contains(CUT_NUMBER)).then(number) for number in numbers]
    raw = one_time(raw).with_columns(payer=pl.coalesce(*whole, *numbers))
    if "paid" not in raw.columns:
        raw = from_two_columns(raw)
    if "account" not in raw.columns:
        raw = raw.with_columns(account=pl.lit(None, pl.String))
    raw = _with_remark(_with_currency(raw))
    return _without_failed(raw).drop("card", "success", "feedback", "remark", strict=False)


def _with_currency(raw: pl.DataFrame) -> pl.DataFrame:
    stated = pl.col("paid_currency") if "paid_currency" in raw.columns else pl.lit(None, pl.String)
    return raw.with_columns(paid_currency=stated.replace(CURRENCIES).fill_null("CNY"))


def _with_remark(raw: pl.DataFrame) -> pl.DataFrame:
    """One text of the two that rows carry, as either may hold the word that matters."""
    texts = [c for c in ("memo", "remark") if c in raw.columns]
    if not texts:
        return raw
    memo = pl.concat_str(*texts, separator=" ", ignore_nulls=True)
    return raw.with_columns(memo=pl.when(memo != "").then(memo))


def _without_failed(raw: pl.DataFrame) -> pl.DataFrame:
    reasons = []
    if "success" in raw.columns:
        failed = pl.col("success").str.contains(_FAILED)
        reasons.append(pl.when(failed).then(pl.format("did not succeed: {}", pl.col("success"))))
    if "feedback" in raw.columns:
        nothing = pl.col("feedback").str.contains(_NOTHING)
        reasons.append(pl.when(nothing).then(pl.format("the query's answer, not a transfer: {}", pl.col("feedback"))))
    return excluded(raw, *reasons)


# --- files beside the transactions ----------------------------------------------------------------------------------


_MEASURES = (*_FREEZES["amount"], "强制措施类型", "措施类型", "冻结措施类型", "措施序号")
_TASKS = ("任务流水号", "任务状态", "失败原因", "查询失败原因", "查询结果")
_SUBS = ("子账户序号", "子账户类别", "子账户账号", "子账户余额")
_STATES = ("账户状态", "开户时间", "开户日期", "账号开户时间", "账户余额", "可用余额", "销户日期", "账户类别")
_PERSONS = ("证件号码", "证照号码", "身份证号码", "开户人证件号码")
_CONTACTS = (
    "联系电话", "联系手机", "手机号码", "住宅电话", "工作单位", "单位电话", "住宅地址", "通讯地址", "单位地址", "住址",
)  # fmt: skip


def _kind(source: RawFile) -> str:
    """What a file beside the transactions tells of; nothing where it is none of them."""
    header = source.header
    if has(header, _MEASURES):
        return "freezes"
    if has(header, _TASKS) and not has(header, _AMOUNT):
        return "queries"
    if has(header, _SUBS):
        return "sub-accounts"
    if has(header, _DETAILS["card"] + _DETAILS["account"], _STATES):
        return "accounts"
    return "people" if has(header, _PERSONS, _CONTACTS) else ""


def _reference(source: RawFile, kind: str) -> Layout:
    names = {"accounts": _DETAILS, "sub-accounts": _DETAILS, "freezes": _FREEZES}.get(kind, {})
    found = places(source.header, names)
    return Layout(
        dialect=f"{NAME}: {kind}",
        parts={field: (k,) for field, k in found.items()} or {"name": (0,)},
        headers={field: source.header[k] for field, k in found.items()},
        prepare=_details,
        reference=kind,
    )


def _details(raw: pl.DataFrame) -> pl.DataFrame:
    raw = without_nulls(raw)
    for number in ("card", "account"):
        raw = split_number(raw, number)
    return raw
