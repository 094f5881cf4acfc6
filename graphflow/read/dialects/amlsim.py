"""AMLSim (IBM): transactions by day, in the three forms its versions have written.

`tx_log.csv` comes from the simulator (`step`, `nameOrig`, `isSAR`), `transactions.csv` and `cash_tx.csv` from its
converter (`orig_acct`, `tran_timestamp`), and older releases have `SENDER_ACCOUNT_ID` and `TIMESTAMP`. Times are days:
a number counts from the start of 2017, the converter's own default; a date may come with a clock at midnight that
means nothing. A CASH-IN is written from the account that receives it, so it is turned round. Files of accounts, alerts
and parties describe the transactions and hold none of their own (alert transactions are listed among all the others).
Source: github.com/IBM/AMLSim (scripts/convert_logs.py, paramFiles/*/schema.json).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from graphflow.read.columns import Layout
from graphflow.read.dialects.paysim import turned
from graphflow.read.dialects.steps import dated
from graphflow.read.headers import folded, needed, places, titles
from graphflow.read.source import RawFile

NAME = "amlsim"

START = datetime(2017, 1, 1)
_DAY = timedelta(days=1)
_NAMES = {
    "tx": ("tranid", "txid"),
    "time": ("trantimestamp", "step", "timestamp"),
    "payer": ("origacct", "nameorig", "senderaccountid"),
    "payee": ("beneacct", "namedest", "receiveraccountid"),
    "paid": ("baseamt", "amount", "txamount"),
    "channel": ("txtype", "type"),
    "label": ("issar", "isfraud"),
    "alert": ("alertid",),
    "payer_balance": ("newbalanceorig",),
    "payee_balance": ("newbalancedest",),
    "payer_bank": ("bankorig",),
    "payee_bank": ("bankdest",),
}
_NEEDED = {"time": "step", "payer": "orig_acct", "payee": "bene_acct", "paid": "base_amt", "channel": "tx_type"}
_OWN = ("origacct", "nameorig", "senderaccountid")
_ABOUT = (
    ("alertid", "alerttype"),  # alert_accounts.csv, alert_transactions.csv, sar_accounts.csv, alerts.csv
    ("alertid", "reason", "accountid"),
    ("accountid", "customerid"),
    ("acctid", "acctstat"),
    ("acctid", "custid"),
    ("partyid", "partytype"),
    ("partyid1", "partyid2"),
    ("modelid", "type", "accountid"),
)


def describes(header: Sequence[str]) -> bool:
    """Whether a file describes accounts, alerts or parties, and is no list of transactions of its own."""
    names = {folded(name) for name in header}
    return any({*marks} <= names for marks in _ABOUT)


def recognises(source: RawFile) -> bool:
    """Whether a header is AMLSim's: one of its names for the payer, and an alert for each row."""
    found = places(source.header, _NAMES)
    own = "payer" in found and folded(source.header[found["payer"]]) in _OWN
    return own and {*_NEEDED, "alert", "label"} <= found.keys() and not describes(source.header)


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by AMLSim's headers. Raises `ColumnError` naming the first that is not there."""
    found = places(source.header, _NAMES)
    needed(source, "an AMLSim file", found, _NEEDED)
    counted = f"times that are numbers are days, counted from {START:%Y-%m-%d}, which is the simulator's default"
    return Layout(
        dialect=NAME,
        parts={field: (k,) for field, k in found.items()},
        headers=titles(source, found, memo=("alert",)),
        prepare=_prepare,
        floats=True,
        precision=_DAY,
        warnings=(counted,),
    )


def _prepare(raw: pl.DataFrame) -> pl.DataFrame:
    """Days for steps and for dates with a clock; the alert of a row, where it is of one, as a note."""
    days = dated(raw["time"], START, _DAY).str.replace(r"^(\d{4}-\d\d-\d\d)T00:00:00(\.0+)?(Z|\+00:00)?$", "$1")
    raw = turned(raw.with_columns(days))
    if "alert" not in raw.columns:
        return raw
    of_one = ~pl.col("alert").str.starts_with("-")
    return raw.with_columns(memo=pl.when(of_one).then(pl.format("alert {}", "alert"))).drop("alert")
