"""The columns of a victims file: what they are usually called, and what a line is once it is read."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graphflow.errors import ColumnError, did_you_mean
from graphflow.ledger import TIME
from graphflow.read.headers import places

_AMOUNTS = (
    "amount", "amountpaid", "paidamount", "paid", "sum", "value", "transactionamount", "loss", "lossamount",
    "amountlost", "金额", "交易金额", "转账金额", "付款金额", "汇款金额", "被骗金额", "涉案金额", "损失金额",
)  # fmt: skip
NAMES: Mapping[str, tuple[str, ...]] = {
    "tx": (
        "tx", "txid", "txhash", "transaction", "transactionid", "transactionno", "transactionnumber", "serial",
        "serialno", "reference", "referenceno", "utr", "utrno", "rrn", "流水号", "交易流水号", "交易单号", "流水",
    ),
    "file": ("file", "sourcefile", "文件", "文件名", "来源文件"),
    "row": ("row", "sourcerow", "rowno", "rownumber", "行", "行号", "来源行"),
    "victim": (
        "victimaccount", "victimaccountno", "victimaccountnumber", "victimcard", "payeraccount", "payer", "account",
        "accountno", "accountnumber", "card", "cardno", "cardnumber", "fromaccount", "senderaccount", "from", "sender",
        "受害人账号", "被害人账号", "受害人账户", "被害人账户", "受害人卡号", "被害人卡号", "被骗账号", "付款账号",
        "付款账户", "付款方账号", "付款卡号", "转出账号", "转出账户", "转出卡号", "账号", "账户", "卡号", "付款方",
        "victim", "受害人", "被害人", "报案人", "事主",
    ),
    "name": (
        "victimname", "payername", "sendername", "name", "victim", "受害人姓名", "被害人姓名", "报案人姓名", "姓名",
        "付款户名", "付款人", "付款方户名", "户名", "受害人", "被害人", "报案人", "事主",
    ),
    "payee": (
        "payeeaccount", "payee", "collectoraccount", "collector", "beneficiaryaccount", "beneficiary", "toaccount",
        "to", "receiveraccount", "receiver", "recipientaccount", "recipient", "suspectaccount", "suspect",
        "收款账号", "收款账户", "收款方账号", "收款卡号", "收款人账号", "涉案账号", "涉案账户", "涉案卡号",
        "嫌疑人账号", "嫌疑账号", "嫌疑人账户", "嫌疑人卡号", "对方账号", "对方账户", "对方卡号", "对手账号",
        "转入账号", "转入账户", "转入卡号", "一级卡", "一级卡号", "一级账户", "收款方",
    ),
    "payee_name": (
        "payeename", "beneficiaryname", "receivername", "recipientname", "suspectname", "收款户名", "收款人",
        "收款方户名", "收款人姓名", "对方户名", "对手户名", "嫌疑人姓名",
    ),
    "time": (
        "time", "datetime", "timestamp", "paymenttime", "transfertime", "transactiontime", "交易时间", "转账时间",
        "付款时间", "汇款时间", "被骗时间", "支付时间", "时间",
    ),
    "date": (
        "date", "paymentdate", "transferdate", "transactiondate", "交易日期", "转账日期", "付款日期", "汇款日期",
        "日期",
    ),
    "amount": (*_AMOUNTS, *(f"{name}元" for name in _AMOUNTS if not name.isascii())),
    "currency": ("currency", "ccy", "币种", "交易币种"),
    "case": ("case", "caseno", "casenumber", "caseid", "案件编号", "案号", "案件号", "警情编号"),
}  # fmt: skip
"""Field → its usual names, as `headers.folded` makes them, the likeliest first."""

NAMING = ("tx", "row", "victim", "name", "payee", "amount")
"""A line needs one of these to name anything."""

LINES: Mapping[str, pl.DataType] = {
    "table": pl.String(), "line": pl.UInt32(), "tx": pl.String(), "file": pl.String(), "row": pl.Int64(),
    "victim": pl.String(), "name": pl.String(), "payee": pl.String(), "payee_name": pl.String(), "time": TIME,
    "step": pl.Int64(), "amount": pl.Int128(), "currency": pl.String(), "says": pl.String(), "refused": pl.String(),
}  # fmt: skip
"""`step`: the finest step that the line's time tells, in microseconds (a day: it has no clock). `amount`: in units of
10⁻¹⁸. `says`: the cells as written. `refused`: why a cell cannot be read."""


def columns_of(table: str, header: tuple[str, ...], mapping: Mapping[str, str]) -> dict[str, int]:
    """Field → its column. Raises `ColumnError` when none names a payment or an account."""
    for name in mapping:
        if name not in NAMES:
            raise ColumnError(f'a victims file has no field "{name}": {did_you_mean(name, NAMES)}')
    given = {name: _position(table, header, title) for name, title in mapping.items()}
    found = places(header, NAMES, given)
    if not any(name in found for name in NAMING):
        near = did_you_mean("victim", [name for name in header if name]).replace("known:", "the header has")
        raise ColumnError(
            f'{table}: no column names a payment: a victims file has "tx", or "file" and "row", or "victim", "payee", '
            f'"time" and "amount"; {near}'
        )
    return found


def _position(table: str, header: tuple[str, ...], title: str) -> int:
    if title not in header:
        raise ColumnError(f'{table}: no column "{title}": {did_you_mean(title, header)}')
    return header.index(title)
