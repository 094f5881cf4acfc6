"""A ledger and its victims as payments between pots: only what the victims' money can have touched.

The whole ledger is looked at once, to see which accounts the money can have reached; from then on the work is that of
the payments of those accounts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_names import TYPES
from graphflow.account_types import AccountTypes
from graphflow.flow import Flow, microseconds
from graphflow.kernels import pots, reach
from graphflow.kernels.engine import ready
from graphflow.trace.taint import Flows

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Order = Literal["strict", "tolerant", "off"]
ENDS = ("gateway", "bank-internal", "end", "tax-utility", "merchant", "payroll", "landlord")
"""Types of accounts where a trail ends: what they pay is not the victims' money any more, or cannot be told from it."""


_TABLE = 4
"""Keys a payment up to which a table of all keys is made."""

MOST_PASSES = 100
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


def traced(
    flow: Flow, payments: pl.DataFrame, *, order: Order = "strict", within: timedelta | None = None,
    until: datetime | None = None,
) -> Traced:  # fmt: skip
    """Cut a ledger to what the victims' money can have touched.

    payments  reported: `row` (position in the ledger) and `victim` (account)
    order     "strict": the trail ends at accounts whose own statement is not held; "tolerant": payments that others'
              statements show of them are followed; "off": besides, time is not looked at: what a tier got can be what
              it paid before (for clocks that cannot be trusted; an upper view, not a finding)
    within    how long after the last reported payment money is followed; to the end when None
    until     the moment that it is now: later transfers are not known yet
    """
    victims, owner = _owners(flow, payments)
    held = statements_held(flow)
    why = ends_of(flow.types, victims, held, order)
    stopped = np.zeros(flow.ledger.accounts.height, np.bool_)
    stopped[list(why)] = True
    last = flow.ledger.height if within is None else _last_row(flow, payments, within)
    if until is not None:
        last = min(last, int(flow.ledger.frame["time"].search_sorted(until, side="right")))
    payer, payee = flow.ledger.payer_codes, flow.ledger.payee_codes
    tier = np.zeros(stopped.size, np.int32)
    run = ready(reach, last)
    for _ in range(MOST_PASSES if order == "off" else 1):
        before = tier.copy()
        run.tiers(payer[:last], payee[:last], owner[:last] > 0, stopped, tier)
        if np.array_equal(before, tier):
            break
    rows = np.flatnonzero((tier[payer[:last]] > 0) | (tier[payee[:last]] > 0) | (owner[:last] > 0))
    cut = _cut(flow, rows, owner, victims, tier > 0, held, why, last)
    return replace(cut, sequence=np.argsort(tier[payer[rows]], kind="stable")) if order == "off" else cut


def until(flow: Flow, traced: Traced, last: int) -> Traced:
    """The same cut as it was when the ledger had only its first `last` transfers; opening balances as known today."""
    size = int(np.searchsorted(traced.rows, last))
    flows = traced.flows
    flows = replace(
        flows,
        payer=flows.payer[:size],
        payee=flows.payee[:size],
        paid=flows.paid[:size],
        received=flows.received[:size],
        owner=flows.owner[:size],
    )
    told = ~traced.assumed
    balance = _balances(flow.ledger.frame[traced.rows[:size]], flows, flows.opening.copy(), told)
    sequence = traced.sequence[traced.sequence < size]
    return replace(traced, rows=traced.rows[:size], flows=flows, sequence=sequence, balance=balance)


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
        held |= flow.paying
    elif len(one_sided) < len(ledger.sources):
        two_sided = ~ledger.frame["file"].cast(pl.String).is_in(list(one_sided))
        held[ledger.payer_codes[two_sided.to_numpy()]] = True
    return held


def ends_of(types: AccountTypes, victims: Ints, held: Bools, order: Order) -> dict[int, str]:
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
    flow: Flow, rows: Longs, owner: Ints, victims: Ints, reached: Bools, held: Bools, why: dict[int, str], last: int
) -> Traced:
    """The payments of reached accounts, their pots numbered anew. `last`: how many transfers of the ledger count."""
    ledger = flow.ledger
    currencies = max(len(ledger.currencies), 1)
    keys, payer, payee = _pots(
        ledger.payer_codes[rows].astype(np.int64) * currencies + ledger.currency_codes[rows],
        ledger.payee_codes[rows].astype(np.int64) * currencies + ledger.received_codes[rows],
        ledger.accounts.height * currencies,
    )
    account, currency = (keys // currencies).astype(np.int32), (keys % currencies).astype(np.int32)
    stopped = ~reached[account]
    stopped[np.isin(account, list(why))] = True
    paid, received = (np.ascontiguousarray(ledger.frame[name].to_numpy()[rows]) for name in ("paid", "received"))
    flows = Flows(
        payer=payer, payee=payee, paid=paid, received=received, owner=owner[rows],
        opening=np.zeros(keys.size, np.int64), stopped=stopped,
    )  # fmt: skip
    statement = _statements(flow, account, currency)
    stated = statement["opening"].is_not_null().to_numpy().copy()
    flows.opening[:] = statement["opening"].fill_null(0).to_numpy()
    balance = _balances(ledger.frame[rows], flows, flows.opening, stated)
    balance = _at_the_end(flow, rows, flows, statement, balance, last)
    return Traced(
        rows=rows,
        flows=replace(flows, opening=np.maximum(flows.opening, 0)),
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


def _pots(payer: Longs, payee: Longs, most: int) -> tuple[Longs, Ints, Ints]:
    """The keys that occur, in rising order, and each payment's two by their place among them.

    most  keys are below this; a table of all of them is quicker than sorting where it is not much larger than they are
    """
    if most > _TABLE * payer.size:
        keys, numbers = np.unique(np.concatenate([payer, payee]), return_inverse=True)
        return keys, numbers[: payer.size].astype(np.int32), numbers[payer.size :].astype(np.int32)
    seen = np.zeros(most, np.bool_)
    seen[payer] = seen[payee] = True
    keys = np.flatnonzero(seen)
    place = np.zeros(most, np.int32)
    place[keys] = np.arange(keys.size)
    return keys, place[payer], place[payee]


def _statements(flow: Flow, account: Ints, currency: Ints) -> pl.DataFrame:
    """Of each pot, what its account's statements say in their own order: `opening`, `balance`, and until when (`last`).

    The ledger's order can be another: a receipt stands in it where the payer's bank has it.
    """
    names = flow.ledger.accounts["account"].gather(account)
    codes = pl.Series(flow.ledger.currencies, dtype=pl.String).gather(currency)
    whole = [pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()) for name in ("opening", "balance")]
    told = flow.ledger.statements.with_columns(pl.col("currency").cast(pl.String))
    of_pot = told.group_by("account", "currency").agg(*whole, pl.col("last").max())
    pots = pl.DataFrame({"account": names, "currency": codes})
    return pots.join(of_pot, on=["account", "currency"], how="left", maintain_order="left")


def _at_the_end(flow: Flow, rows: Longs, flows: Flows, statement: pl.DataFrame, balance: Longs, last: int) -> Longs:
    """The last balances: by the statement where there is one, and what others' records show after its end."""
    time = flow.ledger.frame["time"].to_physical().to_numpy()
    end = statement["last"].to_physical().fill_null(0).to_numpy()
    known = statement["balance"].is_not_null().to_numpy() & (end <= time[last - 1])
    time = time[rows]
    later = np.zeros(balance.size, np.int64)
    for pot, moved in ((flows.payer, -flows.paid), (flows.payee, flows.received)):
        after = time > end[pot]
        np.add.at(later, pot[after], moved[after])
    return np.where(known, np.maximum(statement["balance"].fill_null(0).to_numpy() + later, 0), balance)


def _balances(frame: pl.DataFrame, flows: Flows, opening: Longs, told: Bools) -> Longs:
    """The last balance of each pot; fills `opening` and `told` (that a statement tells them) where they are not yet."""
    stated = []
    for name in ("payer_balance", "payee_balance"):
        column = frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.Int64, eager=True)
        stated.append((column.fill_null(0).to_numpy().copy(), column.is_not_null().to_numpy().copy()))
    (payer_balance, payer_stated), (payee_balance, payee_stated) = stated
    balance = opening.copy()
    ready(pots, frame.height).balances(
        flows.payer, flows.payee, flows.paid, flows.received, payer_balance, payee_balance, payer_stated, payee_stated,
        opening, balance, told,
    )  # fmt: skip
    return np.maximum(balance, 0)
