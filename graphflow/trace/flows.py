"""A ledger and its victims as payments between pots: only what the victims' money can have touched.

The whole ledger is looked at once, to see which accounts the money can have reached; from then on the work is that of
the payments of those accounts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_names import TYPES
from graphflow.account_types import AccountTypes
from graphflow.flow import Flow, microseconds
from graphflow.kernels import reach, taint
from graphflow.kernels.engine import ready
from graphflow.trace.taint import Flows

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Order = Literal["strict", "tolerant", "off"]
ENDS = ("gateway", "bank-internal", "end", "tax-utility", "merchant", "payroll", "landlord")
"""Types of accounts where a trail ends: what they pay is not the victims' money any more, or cannot be told from it."""


_MOST_PASSES = 100
"""Tiers beyond this are not told apart where time is off."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Traced:
    """The part of a ledger that victims' money can have touched.

    rows       positions in the ledger, in its order
    flows      those payments between pots
    sequence   the order in which they are followed: that of time, or tier by tier where time is off
    account, currency   of each pot: account code, and position in `ledger.currencies`
    victims    account code of each victim; number v of the kernels is victims[v - 1]
    balance    of each pot at the end, in minor units; known: whether it can be told (the account has a statement, or
               pays)
    assumed    pots whose opening balance no statement gives: they open at zero
    held       per account: whether its own statement is held; why: type or reason the trail ends there, by account
    """

    rows: Longs
    flows: Flows
    sequence: Longs
    account: Ints
    currency: Ints
    victims: Ints
    balance: Longs
    known: Bools
    assumed: Bools
    held: Bools
    why: dict[int, str]


def traced(flow: Flow, payments: pl.DataFrame, *, order: Order = "strict", within: timedelta | None = None) -> Traced:
    """Cut a ledger to what the victims' money can have touched.

    payments  reported: `row` (position in the ledger) and `victim` (account)
    order     "strict": the trail ends at accounts whose own statement is not held; "tolerant": payments that others'
              statements show of them are followed; "off": besides, time is not looked at: what a tier got can be what
              it paid before (for clocks that cannot be trusted; an upper view, not a finding)
    within    how long after the last reported payment money is followed; to the end when None
    """
    victims, owner = _owners(flow, payments)
    held = statements_held(flow)
    why = _ends(flow.types, victims, held, order)
    stopped = np.zeros(flow.ledger.accounts.height, np.bool_)
    stopped[list(why)] = True
    last = flow.ledger.height if within is None else _last_row(flow, payments, within)
    payer, payee = flow.ledger.payer_codes, flow.ledger.payee_codes
    tier = np.zeros(stopped.size, np.int32)
    run = ready(reach, last)
    for _ in range(_MOST_PASSES if order == "off" else 1):
        before = tier.copy()
        run.tiers(payer[:last], payee[:last], owner[:last] > 0, stopped, tier)
        if np.array_equal(before, tier):
            break
    rows = np.flatnonzero((tier[payer[:last]] > 0) | (tier[payee[:last]] > 0) | (owner[:last] > 0))
    cut = _cut(flow, rows, owner, victims, tier > 0, held, why)
    return replace(cut, sequence=np.argsort(tier[payer[rows]], kind="stable")) if order == "off" else cut


def until(flow: Flow, traced: Traced, last: int) -> Traced:
    """The same cut as it was when the ledger had only its first `last` transfers."""
    owner = np.zeros(flow.ledger.height, np.int32)
    owner[traced.rows] = traced.flows.owner
    reached = np.zeros(flow.ledger.accounts.height, np.bool_)
    reached[traced.account[~traced.flows.stopped]] = True
    rows = traced.rows[: int(np.searchsorted(traced.rows, last))]
    return _cut(flow, rows, owner, traced.victims, reached, traced.held, traced.why)


def _owners(flow: Flow, payments: pl.DataFrame) -> tuple[Ints, Ints]:
    """The victims' account codes by their first payment, and per transfer of the ledger the number of the victim whose
    payment it is."""
    rows = np.sort(payments["row"].to_numpy())
    codes = flow.ledger.payer_codes[rows]
    sorted_, first, which = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(order.size, np.int32)
    number[order] = np.arange(1, order.size + 1)
    owner = np.zeros(flow.ledger.height, np.int32)
    owner[rows] = number[which]
    return sorted_[order].astype(np.int32), owner


def statements_held(flow: Flow) -> Bools:
    """Accounts whose own records are in the ledger: those with statements, and those that pay in two-sided files."""
    ledger = flow.ledger
    held = np.zeros(ledger.accounts.height, np.bool_)
    own = ledger.accounts["account"].is_in(ledger.statements["account"].unique().implode())
    held[own.to_numpy()] = True
    one_sided = {source.path for source in ledger.sources if source.direction}
    if not one_sided:
        held[ledger.payer_codes] = True
    elif len(one_sided) < len(ledger.sources):
        two_sided = ~ledger.frame["file"].cast(pl.String).is_in(list(one_sided))
        held[ledger.payer_codes[two_sided.to_numpy()]] = True
    return held


def _ends(types: AccountTypes, victims: Ints, held: Bools, order: Order) -> dict[int, str]:
    """Accounts where the trail ends, and why."""
    kinds = [k for k, kind in enumerate(TYPES) if kind in ENDS]
    why = {code: types.words(code) for code in np.flatnonzero(np.isin(types.codes, kinds)).tolist()}
    if order == "strict":
        why |= {code: "its own statement is not held" for code in np.flatnonzero(~held).tolist() if code not in why}
    return why | dict.fromkeys(victims.tolist(), "a victim's own account")


def _last_row(flow: Flow, payments: pl.DataFrame, within: timedelta) -> int:
    time = flow.ledger.frame["time"].to_physical().to_numpy()
    latest = int(time[payments["row"].to_numpy()].max()) + microseconds(within)
    return int(np.searchsorted(time, latest, side="right"))


def _cut(
    flow: Flow, rows: Longs, owner: Ints, victims: Ints, reached: Bools, held: Bools, why: dict[int, str]
) -> Traced:
    """The payments of reached accounts, their pots numbered anew."""
    ledger = flow.ledger
    currencies = max(len(ledger.currencies), 1)
    sides = [
        ledger.payer_codes[rows].astype(np.int64) * currencies + ledger.currency_codes[rows],
        ledger.payee_codes[rows].astype(np.int64) * currencies + ledger.received_codes[rows],
    ]
    keys, numbers = np.unique(np.concatenate(sides), return_inverse=True)
    account, currency = (keys // currencies).astype(np.int32), (keys % currencies).astype(np.int32)
    payer, payee = numbers[: rows.size].astype(np.int32), numbers[rows.size :].astype(np.int32)
    paid, received = (np.ascontiguousarray(ledger.frame[name].to_numpy()[rows]) for name in ("paid", "received"))
    opening, balance, stated = _balances(ledger.frame[rows], payer, payee, paid, received, keys.size)
    ready(taint, rows.size).totals(payer, payee, paid, received, owner[rows], run := np.maximum(opening, 0))
    balance = np.where(stated, np.maximum(balance, 0), run)
    stopped = ~reached[account]
    stopped[np.isin(account, list(why))] = True
    flows = Flows(
        payer=payer, payee=payee, paid=paid, received=received, owner=owner[rows],
        opening=np.maximum(opening, 0), stopped=stopped,
    )  # fmt: skip
    return Traced(
        rows=rows,
        flows=flows,
        sequence=np.arange(rows.size),
        account=account,
        currency=currency,
        victims=victims,
        balance=balance,
        known=stated | held[account],
        assumed=~stated,
        held=held,
        why=why,
    )


def _balances(
    frame: pl.DataFrame, payer: Ints, payee: Ints, paid: Longs, received: Longs, pots: int
) -> tuple[Longs, Longs, Bools]:
    """Opening and last balance of each pot, and whether a statement tells them (else it opens at zero)."""
    none = pl.repeat(None, frame.height, dtype=pl.Int64, eager=True)
    stated = [frame[c] if c in frame.columns else none for c in ("payer_balance", "payee_balance")]
    moves = pl.DataFrame(
        {
            "pot": np.concatenate([payer, payee]),
            "at": np.tile(np.arange(payer.size), 2),
            "moved": np.concatenate([-paid, received]),
            "stated": pl.concat([side.alias("stated") for side in stated]),
        }
    ).sort("pot", "at", maintain_order=True)
    running = moves.with_columns(sum=pl.col("moved").cum_sum().over("pot"))
    by_pot = running.group_by("pot", maintain_order=True).agg(
        before=(pl.col("stated") - pl.col("sum")).drop_nulls().first(),
        after=(pl.col("stated") - pl.col("sum")).drop_nulls().last(),
        total=pl.col("sum").last(),
    )
    opening, balance, told = np.zeros(pots, np.int64), np.zeros(pots, np.int64), np.zeros(pots, np.bool_)
    at = by_pot["pot"].to_numpy()
    told[at] = by_pot["before"].is_not_null().to_numpy()
    opening[at] = by_pot["before"].fill_null(0).to_numpy()
    balance[at] = (by_pot["after"].fill_null(0) + by_pot["total"]).to_numpy()
    return opening, balance, told
