"""AMLGentex: transfers by day, of planted patterns and of benign ones that look like them.

Both forms are read: the table of transfers between accounts (`timestamp`, `nameOrig`, `isSAR`, `typology`), and the
simulator's log (`step` in days, balances, `modelType`). What a transfer was planted for is kept as a note, `typology`
and number, so that a person can look; detectors do not read notes. Amounts are binary numbers, in no stated currency.
`accounts.csv` and `alert_models.csv` describe accounts. Source: github.com/aidotse/AMLGentex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from graphflow.read.columns import Layout
from graphflow.read.dialects.steps import dated
from graphflow.read.headers import folded, needed, places, titles
from graphflow.read.source import RawFile

NAME = "amlgentex"

START = datetime(2023, 1, 1)
_DAY = timedelta(days=1)
_NAMES = {
    "time": ("timestamp", "step"),
    "payer": ("nameorig",),
    "payee": ("namedest",),
    "paid": ("amount",),
    "channel": ("type",),
    "payer_bank": ("bankorig",),
    "payee_bank": ("bankdest",),
    "payer_balance": ("newbalanceorig",),
    "payee_balance": ("newbalancedest",),
    "label": ("issar",),
    "typology": ("typology", "modeltype"),
    "pattern": ("patternid", "alertid"),
}
_NEEDED = {"time": "timestamp", "payer": "nameOrig", "payee": "nameDest", "paid": "amount", "label": "isSAR"}
_ABOUT = (("accountid", "customerid"), ("modelid", "type", "accountid"))


def describes(header: Sequence[str]) -> bool:
    """Whether a file describes accounts, or which accounts a pattern was planted on."""
    names = {folded(name) for name in header}
    return any({*marks} <= names for marks in _ABOUT)


def recognises(source: RawFile) -> bool:
    """Whether a header is AMLGentex's: its label, the banks of both sides, and what each transfer was planted for."""
    return {*_NEEDED, "payer_bank", "payee_bank", "typology"} <= places(source.header, _NAMES).keys()


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by AMLGentex's headers. Raises `ColumnError` naming the first that is not there."""
    found = places(source.header, _NAMES)
    needed(source, "an AMLGentex file", found, _NEEDED)
    parts = {field: (k,) for field, k in found.items()}
    notes = tuple(k for (k,) in (parts.pop(field) for field in ("typology", "pattern") if field in parts))
    steps = folded(source.header[found["time"]]) == "step"
    return Layout(
        dialect=NAME,
        parts={**parts, "memo": notes} if notes else parts,
        headers=titles(source, found, memo=("typology", "pattern")),
        prepare=_by_day if steps else None,
        floats=source.kind == "text",
        precision=_DAY,
        warnings=(f"steps are days, counted from {START:%Y-%m-%d}, which is made up",) if steps else (),
    )


def _by_day(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.with_columns(dated(raw["time"], START, _DAY))
