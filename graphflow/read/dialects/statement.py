"""A statement of any bank: one-sided rows, columns by their usual names or a mapping.

Which way the money went is told by two amount columns (debit, credit), by a direction column, or by the sign of the
amount (a minus, brackets, `Dr` or `Cr` behind it). Where no amount of a file has a sign, nothing is taken for granted.
The account itself is a column, stands in a title line above the header, or is given as an option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from graphflow.errors import ColumnError
from graphflow.read.columns import Layout
from graphflow.read.dialects import plain
from graphflow.read.headers import has, places
from graphflow.read.record_texts import (
    by_side,
    from_sign,
    from_two_columns,
    one_time,
    split_number,
    without_gaps,
    without_nulls,
)
from graphflow.read.source import RawFile

NAME = "statement"

_WAYS = (
    "direction", "drcr", "crdr", "dc", "cdtdbtind", "creditdebit", "creditdebitindicator", "debitcredit", "inout",
    "transactiondirection", "收付标志", "借贷标志", "借贷方向", "收支", "收支类型", "收支标志", "方向",
)  # fmt: skip
_DEBITS = (
    "debit", "debitamount", "withdrawal", "withdrawals", "withdrawalamt", "withdrawalamount", "moneyout", "paidout",
    "out", "借方金额", "借方发生额", "支出金额", "支出",
)  # fmt: skip
_CREDITS = (
    "credit", "creditamount", "deposit", "deposits", "depositamt", "depositamount", "moneyin", "paidin", "in",
    "贷方金额", "贷方发生额", "收入金额", "收入",
)  # fmt: skip

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "payer": (
        "account", "accountnumber", "accountno", "ownaccount", "iban", "accountiban", "accountid", "card", "cardnumber",
        "customeraccount", "本方账号", "账号", "卡号", "交易账号", "交易卡号", "账户",
    ),
    "account": ("subaccount",),
    "payer_name": ("accountname", "accountholder", "ownname", "holder", "customername", "本方户名", "户名"),
    "date": ("transactiondate", "bookingdate", "postingdate", "valuedate", "交易日期", "记账日期"),
    "time": ("time", "timestamp", "datetime", "transactiontime", "bookingtime", "交易时间", "date", "日期", "时间"),
    "debit": _DEBITS,
    "credit": _CREDITS,
    "paid": (
        "amount", "transactionamount", "value", "sum", "amt", "betrag", "montant", "importe",
        "交易金额", "金额", "发生额",
    ),
    "payer_balance": (
        "balance", "runningbalance", "balanceafter", "closingbalance", "accountbalance", "saldo", "solde",
        "余额", "账户余额", "交易余额",
    ),
    "direction": _WAYS,
    "payee": (
        "counterparty", "counterpartyaccount", "counterpartyiban", "counterpartyaccountnumber", "otheraccount",
        "beneficiaryaccount", "partneraccount", "partneriban", "toaccount", "recipientaccount", "对方账号", "对手账号",
        "对方卡号", "交易对手账号", "交易对手账卡号", "对方账户",
    ),
    "payee_name": (
        "counterpartyname", "othername", "beneficiary", "beneficiaryname", "partnername", "payeename", "对方户名",
        "对手户名", "对方名称",
    ),
    "payee_bank": ("counterpartybank", "otherbank", "beneficiarybank", "partnerbank", "对方开户行", "对手开户银行"),
    "paid_currency": ("currency", "ccy", "币种", "交易币种"),
    "tx": (
        "tx", "txid", "transactionid", "transactionno", "reference", "refno", "serial", "id", "流水号", "交易流水号",
    ),
    "channel": ("channel", "type", "transactiontype", "method", "渠道", "交易类型"),
    "memo": (
        "memo", "description", "narration", "narrative", "details", "remark", "remarks", "purpose",
        "摘要", "备注", "附言",
    ),
    "merchant": ("merchant", "merchantname", "商户名称"),
    "ip": ("ip", "ipaddress", "ip地址"),
    "device": ("device", "deviceid", "mac", "macaddress", "imei", "mac地址"),
}  # fmt: skip

_TITLE = re.compile(
    r"(?:账号|卡号|帐号|account(?: no\.?| number)?|iban)\W{0,3}\s*([A-Z]{2}\d[\dA-Z ]{10,40}|\d[\d -]{6,30})", re.I
)


def recognises(source: RawFile) -> bool:
    """One side only: two amount columns, a direction, or a balance, and no payer's column beside a payee's."""
    sides = places(source.header, {side: plain.ALIASES[side] for side in ("payer", "payee")})
    if len(sides) == 2 and not has(source.header, _DEBITS, _CREDITS):
        return False
    ways = has(source.header, _DEBITS, _CREDITS) or has(source.header, _WAYS)
    signed = has(source.header, _FIELDS["payer_balance"]) or has(source.header, _FIELDS["payee"])
    return ways or (signed and has(source.header, _FIELDS["paid"]))


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by the mapping first, then by their usual names."""
    given = {field: plain.position(source, header) for field, header in mapping.items()}
    found = places(source.header, _FIELDS, given)
    two = {"debit", "credit"} <= found.keys()
    for field in ("debit", "credit") if not two else ("paid", "direction"):
        found.pop(field, None)
    if "time" not in found and "date" in found:
        found["time"] = found.pop("date")
    if "time" not in found:
        raise ColumnError(plain.missing(source, "time", found))
    if not two and "paid" not in found:
        raise ColumnError(plain.missing(source, "paid", found))
    own = {} if "payer" in found else _own_account(source)
    return Layout(
        dialect=NAME,
        parts={field: (k,) for field, k in found.items()},
        headers={field: source.header[k] for field, k in found.items()} | dict.fromkeys(own, "title line"),
        prepare=_prepare,
        constants=own,
        one_sided=True,
    )


def _own_account(source: RawFile) -> dict[str, str]:
    """The account that a title line names, if one does."""
    for line in source.title:
        if found := _TITLE.search(line):
            return {"payer": re.sub(r"[ -]", "", found[1])}
    return {}


def _prepare(raw: pl.DataFrame) -> pl.DataFrame:
    raw = one_time(without_nulls(raw))
    for number in ("payer", "payee"):
        raw = without_gaps(split_number(raw, number), number)
    if "payer_balance" in raw.columns:
        raw = raw.with_columns(payer_balance=by_side(pl.col("payer_balance")))
    if "debit" in raw.columns:
        return from_two_columns(raw)
    return raw if "direction" in raw.columns else from_sign(raw)
