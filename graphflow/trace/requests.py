"""The next letters: accounts that received traced money and whose own statement is not held."""

from __future__ import annotations

import polars as pl

from graphflow.flow import Flow
from graphflow.trace.carried import Taints
from graphflow.trace.flows import Traced
from graphflow.trace.taint import EXACT


def next_requests(flow: Flow, traced: Traced, taints: Taints) -> pl.DataFrame:
    """One row an account and currency, by bank, the largest amount first.

    Columns: account, bank, name, currency, amount (minor units, FIFO: what the trail leaves there), a column each other
    exact rule, first and last (when traced money came), transfers. The amounts of a rule sum to what that rule traces
    to accounts without a statement: the untraced outflow.
    """
    events = taints.rows.select("event", *EXACT).group_by("event", maintain_order=True).agg(pl.col(EXACT).sum())
    at = events["event"].to_numpy()
    pots = traced.flows.payee[at]
    codes = traced.account[pots]
    asked = ~traced.held[codes]
    received = events.with_columns(pot=pots, time=flow.ledger.frame["time"].gather(traced.rows[at])).filter(
        pl.Series(asked)
    )
    seen = received.group_by("pot").agg(first=pl.col("time").min(), last=pl.col("time").max(), transfers=pl.len())
    left = taints.held.group_by("pot").agg(pl.col(EXACT).sum())
    frame = seen.join(left, on="pot", how="left").with_columns(pl.col(EXACT).fill_null(0))
    codes = traced.account[frame["pot"].to_numpy()]
    currency = traced.currency[frame["pot"].to_numpy()]
    accounts = flow.ledger.accounts[codes.tolist()]
    frame = frame.with_columns(
        accounts["account"], accounts["bank"], accounts["name"],
        currency=pl.Series([flow.ledger.currencies[k] for k in currency.tolist()], dtype=pl.String),
    ).rename({"fifo": "amount"})  # fmt: skip
    return frame.drop("pot").sort(pl.col("bank").fill_null("\uffff"), -pl.col("amount"), "account")
