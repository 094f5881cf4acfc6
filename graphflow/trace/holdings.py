"""Where the money is now: per account, what it still holds of the victims' money, and how long it may stay."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from graphflow.flow import Flow
from graphflow.kernels import stays
from graphflow.kernels.engine import ready
from graphflow.trace.carried import LIMITS, Taints
from graphflow.trace.flows import Traced
from graphflow.trace.taint import EXACT

DWELL = timedelta(hours=24)
"""Receipts that are handed on later than this say nothing of how long money stays."""


def holdings(flow: Flow, traced: Traced, taints: Taints, now: datetime) -> pl.DataFrame:
    """One row an account and currency that still holds traced money; amounts in minor units.

    Columns: code, account, bank, name, type, tier, currency, a column a rule, certain, at_most, poison (all that the
    account holds: an upper bound for triage, never for freezing), balance (null where it cannot be told), unseen (what
    is more than its statement's balance: it left in rows that the statement lacks), since, minutes_since,
    first_receipt, already_frozen, held (its own statement is), ends (why the trail ends there), dwell_minutes (how long
    this account keeps what it hands on, on average; null where it hands on nothing), minutes_left (how much longer
    half of the money that ever stayed there so long was kept; null where none was).
    """
    totals = taints.held.group_by("pot").agg(pl.col(EXACT).sum()).join(taints.all, on="pot", how="left")
    totals = totals.with_columns(pl.col(LIMITS).fill_null(0)).filter(pl.sum_horizontal(EXACT) > 0)
    pots = totals["pot"].to_numpy()
    codes = traced.account[pots]
    known = traced.known[pots]
    frame = totals.with_columns(
        code=codes,
        currency=pl.Series([flow.ledger.currencies[k] for k in traced.currency[pots].tolist()], dtype=pl.String),
        balance=pl.Series(traced.balance[pots]).set(pl.Series(~known), None),
        assumed=traced.assumed[pots],
        held=traced.held[codes],
        ends=pl.Series([traced.why.get(code, "") for code in codes.tolist()], dtype=pl.String),
        tier=pl.Series([taints.tiers.get(code, 0) for code in codes.tolist()], dtype=pl.Int32),
        type=pl.Series(
            [flow.types.words(code).split(" (")[0] or "unknown" for code in codes.tolist()], dtype=pl.String
        ),
        dwell_minutes=_dwell(flow, codes),
    )
    accounts = flow.ledger.accounts.with_row_index("code").with_columns(pl.col("code").cast(pl.Int32))
    frame = frame.join(accounts, on="code", how="left").join(_receipts(flow, traced, taints), on="pot", how="left")
    frame = frame.with_columns(minutes_since=((pl.lit(now) - pl.col("since")).dt.total_seconds() / 60).round(1))
    frame = _within_statements(frame.join(_left(flow, traced, frame), on="pot", how="left", maintain_order="left"))
    return _with_frozen(frame, flow).drop("pot").sort("account", "currency")


def _within_statements(frame: pl.DataFrame) -> pl.DataFrame:
    """What a statement's balance says of traced money: no more of it is certain, and what is more has left unseen."""
    stated = pl.col("balance").is_not_null() & ~pl.col("assumed")
    over = (pl.max_horizontal("fifo", "pro_rata") - pl.col("balance")).clip(0)
    return frame.with_columns(
        certain=pl.when(stated).then(pl.min_horizontal("certain", "balance")).otherwise("certain"),
        unseen=pl.when(stated).then(over).otherwise(0),
        poison=pl.max_horizontal("balance", "at_most"),
    )


def _left(flow: Flow, traced: Traced, frame: pl.DataFrame) -> pl.DataFrame:
    """By pot, how much longer money is likely to stay: half of what stayed as long was kept so much longer."""
    wanted = np.zeros(traced.account.size, np.bool_)
    wanted[frame["pot"].to_numpy()] = True
    flows, time = traced.flows, flow.ledger.frame["time"].to_physical().to_numpy()[traced.rows]
    rows, number = ready(stays, traced.rows.size).stays(
        flows.payer, flows.payee, flows.paid, flows.received, time, flows.opening, wanted
    )
    stayed = pl.DataFrame(
        {"pot": rows[:number, 0].astype(np.int32), "minutes": rows[:number, 1] / 60e6, "amount": rows[:number, 2]}
    )
    older = stayed.join(frame.select("pot", "minutes_since"), on="pot").filter(
        pl.col("minutes") > pl.col("minutes_since")
    )
    half = pl.col("amount").cum_sum() * 2 >= pl.col("amount").sum()
    return (
        older.sort("pot", "minutes")
        .group_by("pot", maintain_order=True)
        .agg(minutes_left=(pl.col("minutes").filter(half).first() - pl.col("minutes_since").first()).round(1))
    )


def _receipts(flow: Flow, traced: Traced, taints: Taints) -> pl.DataFrame:
    """When traced money came to each pot first and last."""
    events = taints.rows["event"].unique(maintain_order=True).to_numpy()
    time = flow.ledger.frame["time"].gather(traced.rows[events])
    return (
        pl.DataFrame({"pot": traced.flows.payee[events], "time": time})
        .group_by("pot")
        .agg(since=pl.col("time").max(), first_receipt=pl.col("time").min())
    )


def _dwell(flow: Flow, codes: np.ndarray[tuple[int], np.dtype[np.int32]]) -> pl.Series:
    lots = flow.lots(DWELL)
    moved, waited = lots.moved[codes], lots.waited[codes]
    minutes = np.divide(waited, moved * 60e6, out=np.zeros(codes.size), where=moved > 0)
    return pl.Series(minutes).round(1).set(pl.Series(moved == 0), None)


def _with_frozen(frame: pl.DataFrame, flow: Flow) -> pl.DataFrame:
    """What measures in force hold already, by account: in its largest pot."""
    frozen = flow.ledger.freezes.drop_nulls("amount").group_by("account").agg(already_frozen=pl.col("amount").sum())
    first = pl.col("pro_rata") == pl.col("pro_rata").max().over("account")
    frame = frame.join(frozen, on="account", how="left")
    return frame.with_columns(already_frozen=pl.when(first).then("already_frozen").fill_null(0))


def latest(flow: Flow) -> datetime:
    """The last time in the ledger: what "now" is taken to be unless it is said."""
    time: datetime = flow.ledger.frame["time"][-1]
    return time
