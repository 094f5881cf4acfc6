"""Reversals: paired with the transfer they take back, both left out of the flow, both listed.

A record is a reversal when its file says so (a flag, a negative amount of the same direction and serial) or its text
does (冲正, 抹账, 撤销, 退汇, reversal). Its original is an earlier transfer the other way round, of equal amount, at
most `WITHIN` before: by serial where both have one, else the latest. A reversal without original stays a transfer.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import polars as pl

WITHIN = timedelta(days=7)
WORDS = r"(?i)冲正|冲销|抹账|抹帐|撤销|撤单|退汇|\brevers(al|ed)\b|\bchargeback\b"
_KEY = ("payer", "payee", "paid", "paid_currency")


def reversed_pairs(transfers: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Pairs of transfers that cancel each other: columns `original` and `reversal` (positions), and how many reversals
    have no original."""
    marked = transfers.with_row_index("at").filter(_marked(transfers))
    found: list[tuple[int, int]] = []
    taken: set[int] = set()
    originals = _by_key(transfers, marked)
    for row in marked.sort("time", "at").iter_rows(named=True):
        key = (row["payee"], row["payer"], row["paid"], row["paid_currency"])
        chosen = _original(originals.get(key, []), row, taken | {row["at"]})
        if chosen >= 0:
            taken |= {chosen, row["at"]}
            found.append((chosen, row["at"]))
    pairs = pl.DataFrame(found, schema={"original": pl.UInt32, "reversal": pl.UInt32}, orient="row")
    return pairs, marked.height - len(found)


def _marked(transfers: pl.DataFrame) -> pl.Series:
    marks = [pl.col("reversal").is_not_null()] if "reversal" in transfers.columns else []
    told = [pl.col(c).cast(pl.String) for c in ("memo", "channel") if c in transfers.columns]
    marks += [text.str.contains(WORDS).fill_null(False) for text in told]
    return transfers.select(pl.any_horizontal([pl.lit(False), *marks])).to_series()


_Rows = list[tuple[int, datetime, str | None, bool]]


def _by_key(transfers: pl.DataFrame, marked: pl.DataFrame) -> dict[tuple[object, ...], _Rows]:
    """Transfers that a reversal could take back, by what they have in common with it: (position, time, serial)."""
    wanted = marked.select(payer="payee", payee="payer", paid="paid", paid_currency="paid_currency").unique()
    serial = pl.col("tx") if "tx" in transfers.columns else pl.lit(None, pl.String)
    near = (
        transfers.with_columns(at=pl.int_range(pl.len()), serial=serial, marked=_marked(transfers))
        .join(wanted, on=_KEY, how="semi")
        .sort("time", "at")
    )
    rows: dict[tuple[object, ...], _Rows] = defaultdict(list)
    for *key, at, time, tx, mark in near.select(*_KEY, "at", "time", "serial", "marked").iter_rows():
        rows[tuple(key)].append((at, time, tx, mark))
    return rows


def _original(candidates: _Rows, reversal: dict[str, object], taken: set[int]) -> int:
    """The position of the transfer that a reversal takes back; -1 where there is none."""
    time, serial = reversal["time"], reversal.get("tx")
    assert isinstance(time, datetime)
    best = -1
    for at, when, tx, mark in candidates:
        if at in taken or mark or not time - WITHIN <= when <= time:
            continue
        if serial is not None and tx == serial:
            return at
        best = at
    return best
