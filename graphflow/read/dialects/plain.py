"""Plain payer → payee tables: one row a transfer, columns recognised by their usual names or a mapping."""

from __future__ import annotations

from collections.abc import Mapping

from graphflow.errors import ColumnError, did_you_mean
from graphflow.read.columns import FIELDS, NEEDED, Layout
from graphflow.read.headers import folded, places
from graphflow.read.source import RawFile

NAME = "plain"

ALIASES: Mapping[str, tuple[str, ...]] = {
    "tx": (
        "tx", "txid", "transaction", "transactionid", "transactionno", "id", "reference", "serial",
        "流水号", "交易流水号",
    ),
    "time": (
        "time", "timestamp", "datetime", "date", "transactiontime", "transactiondate", "bookingtime",
        "交易时间", "时间",
    ),
    "payer": (
        "payer", "payeraccount", "from", "fromaccount", "sender", "senderaccount", "source", "src", "debtor",
        "debtoraccount", "orig", "originator", "nameorig", "accountfrom",
        "付款账号", "付款账户", "付款方账号", "付款方",
    ),
    "payee": (
        "payee", "payeeaccount", "to", "toaccount", "receiver", "receiveraccount", "recipient", "target", "dst",
        "destination", "creditor", "creditoraccount", "beneficiary", "bene", "namedest", "accountto",
        "收款账号", "收款账户", "收款方账号", "收款方",
    ),
    "paid": (
        "amount", "paid", "amountpaid", "paidamount", "value", "sum", "transactionamount", "baseamt",
        "金额", "交易金额",
    ),
    "paid_currency": ("currency", "paidcurrency", "paymentcurrency", "ccy", "币种", "交易币种"),
    "received": ("received", "amountreceived", "receivedamount"),
    "received_currency": ("receivedcurrency", "receivingcurrency"),
    "channel": ("channel", "paymentformat", "paymenttype", "method", "type", "渠道", "交易类型"),
    "payer_name": ("payername", "fromname", "sendername", "付款户名", "付款方户名", "付款人"),
    "payee_name": ("payeename", "toname", "receivername", "beneficiaryname", "收款户名", "收款方户名", "收款人"),
    "payer_bank": ("payerbank", "frombank", "senderbank", "bankfrom", "付款银行", "付款行"),
    "payee_bank": ("payeebank", "tobank", "receiverbank", "bankto", "收款银行", "收款行"),
    "payer_balance": ("payerbalance", "付款方余额"),
    "payee_balance": ("payeebalance", "收款方余额"),
    "ip": ("ip", "ipaddress", "ip地址"),
    "device": ("device", "deviceid", "mac", "macaddress", "imei", "mac地址"),
    "memo": ("memo", "note", "remark", "description", "narrative", "purpose", "摘要", "备注", "附言"),
    "label": ("label", "islaundering", "issar", "isfraud", "laundering", "标签"),
}  # fmt: skip
"""Usual names of fields, as `headers.folded` makes them."""


def recognises(source: RawFile) -> bool:
    """Any table: columns that are missing are asked for."""
    return True


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by the mapping first, then by their usual names; each column serves one field."""
    given = {field: position(source, header) for field, header in mapping.items()}
    positions = places(source.header, {field: ALIASES[field] for field in FIELDS}, given)
    for field in NEEDED:
        if field not in positions:
            raise ColumnError(missing(source, field, positions))
    return Layout(
        dialect=NAME,
        parts={field: (position,) for field, position in positions.items()},
        headers={field: source.header[position] for field, position in positions.items()},
    )


def position(source: RawFile, header: str) -> int:
    """Where a header stands that a mapping names."""
    if header in source.header:
        return source.header.index(header)
    bare = [folded(name) for name in source.header]
    if folded(header) in bare:
        return bare.index(folded(header))
    raise ColumnError(f'{source.path}: no column "{header}": {did_you_mean(header, source.header)}')


def missing(source: RawFile, field: str, taken: Mapping[str, int]) -> str:
    """What to say when there is no column for a field."""
    free = [name for k, name in enumerate(source.header) if k not in taken.values()]
    public = {"paid": "amount"}.get(field, field)
    near = did_you_mean(public, free) if free else "no column is left over"
    option = f"--map {public}=HEADER"
    return f'{source.path}: no column for "{public}"; {near.replace("known:", "the header has")} (say {option})'
