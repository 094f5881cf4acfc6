"""Reversals: paired with the transfer they take back, both left out of the flow, both listed.

A record is a reversal when its file says so (a flag, a negative amount of the same direction and serial), its text
does (冲正, 抹账, 撤销, 退汇, reversal), or the same serial moved the same amount the other way before. Its original is
an earlier transfer the other way round, of equal amount, at most `WITHIN` before: by serial where both have one, else
the latest. A reversal without original stays a transfer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

WITHIN = timedelta(days=7)
WORDS = r"(?i)冲正|冲销|抹账|抹帐|撤销|撤单|退汇|\brevers(al|ed)\b|\bchargeback\b"
_KEY = ("payer", "payee", "paid", "paid_currency")


def marked(records: pl.DataFrame) -> pl.DataFrame:
    """Records with `reversal`, filled where their text or their serial says so.

    records  `payer` is whose record it is, `payee` the counterparty, `out` whether money left the account
    """
    mark = pl.lit("by its text")
    said = [pl.col("reversal")] if "reversal" in records.columns else []
    texts = [pl.col(name).cast(pl.String) for name in ("memo", "channel") if name in records.columns]
    said += [pl.when(text.str.contains(WORDS)).then(mark) for text in texts]
    records = records.with_columns(reversal=pl.coalesce(*said, pl.lit(None, pl.String)))
    return _turned(records) if "tx" in records.columns else records


def _turned(records: pl.DataFrame) -> pl.DataFrame:
    """Marks where the serial of an account's record had moved the same amount the other way before."""
    own = ["payer", "payee", "paid", "paid_currency", "tx"]
    # Money between numbers of one account has both directions in one serial, and nothing is taken back
    may = records["tx"].is_not_null() & (records["payer"] != records["payee"])
    several = may & records.select(pl.struct(own).hash()).to_series().is_duplicated()
    if not several.any():
        return records
    near = records.select("out", "time", *own).with_row_index("at").filter(several).sort("time", maintain_order=True)
    turned = near.filter(pl.col("out") != pl.col("out").first().over(own))["at"]
    marks = records["reversal"].scatter(turned, "by its serial") if turned.len() else records["reversal"]
    return records.with_columns(marks)


def reversed_pairs(transfers: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Pairs of transfers that cancel each other: columns `original` and `reversal` (positions), and how many reversals
    have no original.

    transfers  with the marks of `marked`
    """
    whole = transfers.with_row_index("at")
    reversals = whole.drop_nulls("reversal").sort("time", "at")
    found: list[tuple[int, int]] = []
    originals = _by_key(whole, reversals)
    for row in reversals.iter_rows(named=True):
        key = (row["payee"], row["payer"], row["paid"], row["paid_currency"])
        chosen = originals[key].take(row["time"], row.get("tx")) if key in originals else -1
        if chosen >= 0:
            found.append((chosen, row["at"]))
    pairs = pl.DataFrame(found, schema={"original": pl.UInt32, "reversal": pl.UInt32}, orient="row")
    return pairs, reversals.height - len(found)


@dataclass
class _Originals:
    """Transfers of one key that a reversal could take back, in order of time."""

    places: list[int] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    serials: list[str | None] = field(default_factory=list)

    def take(self, time: datetime, serial: str | None) -> int:
        """The position of the transfer that a reversal of that time takes back, which is then gone; -1: none."""
        near = range(bisect_left(self.times, time - WITHIN), bisect_right(self.times, time))
        if not near:
            return -1
        chosen = near[-1]
        if serial is not None:
            chosen = next((k for k in near if self.serials[k] == serial), chosen)
        del self.times[chosen], self.serials[chosen]
        return self.places.pop(chosen)


def _by_key(transfers: pl.DataFrame, reversals: pl.DataFrame) -> dict[tuple[object, ...], _Originals]:
    """What a reversal could take back, by what they have in common with it."""
    wanted = reversals.select(payer="payee", payee="payer", paid="paid", paid_currency="paid_currency").unique()
    serial = pl.col("tx") if "tx" in transfers.columns else pl.lit(None, pl.String)
    near = (
        transfers.filter(pl.col("reversal").is_null())
        .with_columns(serial=serial)
        .join(wanted, on=_KEY, how="semi")
        .sort("time", "at")
    )
    rows: dict[tuple[object, ...], _Originals] = defaultdict(_Originals)
    for *key, at, time, tx in near.select(*_KEY, "at", "time", "serial").iter_rows():
        known = rows[tuple(key)]
        known.places.append(at)
        known.times.append(time)
        known.serials.append(tx)
    return rows
