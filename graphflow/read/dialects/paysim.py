"""PaySim: mobile money, one row an action of a client, times in hours from the start.

The client stands in `nameOrig`, whichever way the money goes: a CASH_IN (or DEPOSIT) raises the client's balance, so
`nameDest` is who pays. Balances of merchants (names that begin with M) are zeros that say nothing. Actions that the
simulator stopped (flagged as fraud, or beyond the overdraft limit) moved nothing. Amounts are in no stated currency.
Source: Lopez-Rojas, Elmir, Axelsson, "PaySim: A financial mobile money simulator for fraud detection", EMSS 2016, and
the simulator's own code (github.com/EdgarLopezPhD/PaySim, actors/Client.java).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from graphflow.read.columns import Layout
from graphflow.read.dialects.steps import dated
from graphflow.read.headers import needed, places, titles
from graphflow.read.source import RawFile

NAME = "paysim"

START = datetime(2020, 1, 1)
_HOUR = timedelta(hours=1)
_NAMES = {
    "time": ("step",),
    "channel": ("type", "action"),
    "paid": ("amount",),
    "payer": ("nameorig",),
    "payer_balance": ("newbalanceorig",),
    "payee": ("namedest",),
    "payee_balance": ("newbalancedest",),
    "label": ("isfraud",),
    "flagged": ("isflaggedfraud",),
    "overdraft": ("isunauthorizedoverdraft",),
}
_NEEDED = {"time": "step", "channel": "type", "paid": "amount", "payer": "nameOrig", "payee": "nameDest"}
_OTHERS = {"isSAR", "alertID", "bankOrig"}
_INCOMING = ("CASH_IN", "DEPOSIT")
_STOPPED = {
    "flagged": "flagged as fraud and stopped by the simulator: nothing moved",
    "overdraft": "beyond the overdraft limit and refused by the simulator: nothing moved",
}


def recognises(source: RawFile) -> bool:
    """Whether a header is PaySim's. AMLSim, which grew out of it, has columns of its own besides."""
    found = places(source.header, _NAMES)
    return {*_NEEDED, "label"} <= found.keys() and not _OTHERS & {*source.header}


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by PaySim's headers. Raises `ColumnError` naming the first that is not there."""
    found = places(source.header, _NAMES)
    needed(source, "a PaySim file", found, _NEEDED)
    return Layout(
        dialect=NAME,
        parts={field: (k,) for field, k in found.items()},
        headers=titles(source, found),
        prepare=_prepare,
        precision=_HOUR,
        warnings=(f"steps are hours, counted from {START:%Y-%m-%d %H:%M}, which is made up",),
    )


def _prepare(raw: pl.DataFrame) -> pl.DataFrame:
    stops = [name for name in _STOPPED if name in raw.columns]
    stopped = pl.coalesce(
        pl.when(pl.col(name).str.to_lowercase().is_in(["1", "1.0", "true"])).then(pl.lit(_STOPPED[name]))
        for name in stops
    )
    balances = [name for name in ("payer_balance", "payee_balance") if name in raw.columns]
    known = [
        pl.when(~pl.col(name.removesuffix("_balance")).str.starts_with("M")).then(name).alias(name) for name in balances
    ]
    raw = raw.with_columns(dated(raw["time"], START, _HOUR), *known, *([stopped.alias("excluded")] if stops else []))
    return turned(raw.drop(stops))


def turned(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of money that comes in, turned so that who pays stands first."""
    incoming = pl.col("channel").str.to_uppercase().str.replace_all("-", "_").is_in(_INCOMING)
    pairs = [("payer", "payee"), ("payer_balance", "payee_balance"), ("payer_bank", "payee_bank")]
    both = [pair for pair in pairs if set(pair) <= set(raw.columns)]
    swaps = [
        pl.when(incoming).then(b).otherwise(a).alias(a) for one, other in both for a, b in ((one, other), (other, one))
    ]
    return raw.with_columns(swaps)
