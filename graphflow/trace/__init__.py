"""From victims onward: whose money is where, by which rule, and what to do about it first.

    trace(graph, payments) → Trace: what each payment carried, tiers, holdings, freeze-first list, next requests,
    restitution

Amounts inside are minor units; `tables` makes what files and people see. Everything is a lead for a person to judge:
which rule applies is for a court, and a suggested freeze is no order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from graphflow.clock import Stage
from graphflow.errors import SourceError
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.trace.carried import Taints, follow
from graphflow.trace.choke import Chokes, choke_points
from graphflow.trace.early_warning import early_warning
from graphflow.trace.flows import Order, Traced, traced
from graphflow.trace.freeze import freeze_first
from graphflow.trace.freeze_simulator import freeze_simulator
from graphflow.trace.holdings import holdings, latest
from graphflow.trace.key_accounts import key_accounts
from graphflow.trace.requests import next_requests
from graphflow.trace.schedule import schedule
from graphflow.trace.taint import EXACT, RULES, Rule
from graphflow.trace.trail import Bools, steps, suspects

if TYPE_CHECKING:
    from graphflow.trace.victims.matching import Victims

__all__ = ["EXACT", "RULES", "Order", "Rule", "Trace", "trace"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """The victims' money, followed.

    payments  the victims' reported payments: row, victim, amount, currency, …
    order     "strict" or "tolerant": see `flows.traced`
    now       the moment that "minutes since" is counted to
    unmatched lines of the victims file that name no payment of the ledger, with the nearest ones
    stages    how long each step took
    """

    graph: FlowGraph
    payments: pl.DataFrame
    traced: Traced
    taints: Taints
    order: Order
    now: datetime
    unmatched: pl.DataFrame = field(default_factory=pl.DataFrame)
    stages: tuple[Stage, ...] = ()
    warnings: tuple[str, ...] = ()
    truncated: tuple[str, ...] = ()

    @property
    def flow(self) -> Flow:
        """The columns of the ledger."""
        return self.graph.flow

    @cached_property
    def victims(self) -> list[str]:
        """The victims' accounts; number v of `taints` is victims[v - 1]."""
        return [self.flow.ledger.names[code] for code in self.traced.victims.tolist()]

    @cached_property
    def holdings(self) -> pl.DataFrame:
        """Where the money is now: see `holdings.holdings`."""
        return holdings(self.flow, self.traced, self.taints, self.now)

    @cached_property
    def freeze_first(self) -> pl.DataFrame:
        """What to act on, the first one first: see `freeze.freeze_first`."""
        return freeze_first(self.holdings, self._activity())

    @cached_property
    def next_requests(self) -> pl.DataFrame:
        """Statements to ask for next: see `requests.next_requests`."""
        return next_requests(self.flow, self.traced, self.taints)

    @cached_property
    def steps(self) -> pl.DataFrame:
        """Which payment carried whose money, under FIFO: see `trail.steps`."""
        return steps(self.flow, self.traced, self.taints)

    @cached_property
    def suspects(self) -> Bools:
        """Per account, whether it is suspected of moving the money: see `trail.suspects`."""
        return suspects(self.flow, self.traced, self.steps)

    @cached_property
    def choke_points(self) -> pl.DataFrame:
        """The fewest accounts, and transfers, that cut every trail: see `choke.choke_points`."""
        return self._chokes.table

    @cached_property
    def _chokes(self) -> Chokes:
        return choke_points(self)

    @cached_property
    def key_accounts(self) -> pl.DataFrame:
        """Accounts to look at, each with its reasons: see `key_accounts.key_accounts`."""
        return key_accounts(self)

    @cached_property
    def early_warning(self) -> pl.DataFrame:
        """Payers to warn and accounts being readied: see `early_warning.early_warning`."""
        return early_warning(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the tables made on demand left out, in words."""
        return self._chokes.notes

    @cached_property
    def freeze_simulator(self) -> pl.DataFrame:
        """What a freeze would have kept, by accounts and delay: see `freeze_simulator.freeze_simulator`."""
        return freeze_simulator(self)

    @cached_property
    def restitution(self) -> pl.DataFrame:
        """Shares of what is frozen, or of what is suggested to be where nothing is: see `schedule.schedule`."""
        return schedule(self)

    def _activity(self) -> pl.DataFrame:
        """Since when accounts are seen, and what they received in each currency."""
        frame = self.flow.ledger.frame
        codes = self.holdings["code"].unique().to_numpy()
        payer, payee = self.flow.ledger.payer_codes, self.flow.ledger.payee_codes
        near = np.flatnonzero(np.isin(payee, codes) | np.isin(payer, codes))
        part = frame.select("time", "received", "received_currency")[near].with_columns(
            payer=payer[near], payee=payee[near]
        )
        begun = pl.concat([part.select("time", code=pl.col(side)) for side in ("payer", "payee")])
        sums = part.group_by(code="payee", currency=pl.col("received_currency").cast(pl.String)).agg(
            received=pl.col("received").sum()
        )
        return sums.join(begun.group_by("code").agg(begun=pl.col("time").min()), on="code")

    def _repr_html_(self) -> str:
        """The page, in a frame of its own. The view stands above the trace, so it is fetched when a notebook asks."""
        from graphflow.view.trace_page import trace_page

        return trace_page(self)._repr_html_()

    def __repr__(self) -> str:
        rows, accounts = self.taints.rows.height, len(self.taints.tiers)
        told = f"{self.payments.height:,} payments of {len(self.victims):,} victims"
        return f"Trace({told}: {rows:,} rows, {accounts:,} accounts, {self.order})"


def trace(
    graph: FlowGraph,
    victims: Victims | pl.DataFrame,
    *,
    order: Order = "strict",
    within: timedelta | None = None,
    now: datetime | None = None,
) -> Trace:
    """Follow victims' money through a graph under every rule.

    victims   what `read_victims` or `victims_of` gives; or a frame, one row a reported payment: `row` (position in the
              ledger), `victim`, `amount` (minor units), `currency`
    order     "strict": the trail ends where a statement is not held; "tolerant": payments that other statements show
              are followed across it; "off": time is not looked at besides
    within    how long after the last reported payment money is followed
    now       the moment that it is now: minutes are counted to it, and later transfers are not known yet; the ledger's
              last time when not given

    Raises `SourceError` when there is no payment to follow.
    """
    payments = victims if isinstance(victims, pl.DataFrame) else victims.payments
    if not payments.height:
        raise SourceError("no victim's payment is in the ledger: nothing to trace")
    payments = payments.unique("row", keep="first", maintain_order=True).sort("row")
    if now is not None and (last := graph.ledger.frame["time"][payments["row"][-1]]) > now:
        raise SourceError(f"the moment to count to, {now:%Y-%m-%d %H:%M:%S}, is before the reported payment of {last}")
    cut = traced(graph.flow, payments, order=order, within=within, until=now)
    taints = follow(cut)
    return Trace(
        graph=graph,
        payments=payments,
        traced=cut,
        taints=taints,
        order=order,
        now=now or latest(graph.flow),
        unmatched=pl.DataFrame() if isinstance(victims, pl.DataFrame) else victims.unmatched,
        warnings=() if isinstance(victims, pl.DataFrame) else victims.warnings,
        truncated=taints.truncated,
    )
