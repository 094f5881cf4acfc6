"""Which part of each payment is the victims' money, under each rule.

No rule is the truth: money in an account is not labelled. Courts and laws choose one. FIFO (Clayton's case, 1816; by
time, as the Chinese provisions of 2016, article 8, want it where time can separate), pro-rata (the same article where
it cannot), LIFO and own money first (lowest intermediate balance) are exact: each unit of a victim's money is
somewhere, once. Poison calls everything tainted that it touched. Bounds say what is certain, and what is possible at
most, whatever exact rule is used.

Everything is in whole minor units. An account in one currency is a pot; what arrives in another currency is shared
out in proportion. An account that pays more than it is known to hold pays the rest from money before the records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from graphflow.errors import RuleError, did_you_mean
from graphflow.kernels import taint, taint_shares
from graphflow.kernels.engine import ready

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

Rule = Literal["fifo", "lifo", "own_first", "pro_rata", "poison"]
RULES: tuple[Rule, ...] = get_args(Rule)
EXACT: tuple[Rule, ...] = ("fifo", "lifo", "own_first", "pro_rata")
MOST_ROWS = 20_000_000

_ORDERED = {"fifo": taint.FIFO, "lifo": taint.LIFO, "own_first": taint.OWN_FIRST}


@dataclass(frozen=True, kw_only=True, eq=False)
class Flows:
    """Payments between pots, in the order of the ledger.

    payer, payee   int32 pots; paid, received: int64 minor units of the payer's and the payee's currency
    owner          int32 per payment: the number of the victim whose reported payment it is, or 0
    opening        int64 per pot: clean money before the first payment
    stopped        per pot: the trail ends there
    """

    payer: Ints
    payee: Ints
    paid: Longs
    received: Longs
    owner: Ints
    opening: Longs
    stopped: Bools

    @property
    def victims(self) -> int:
        """How many victims there are: numbers 1 to this."""
        return int(self.owner.max(initial=0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Carried:
    """Under one rule: what payments carried, what pots hold in the end, what ended in other reported payments.

    event, owner, amount   one a payment and victim, in that order; amounts are on the paid side
    pots, pot_owner, held  one a pot and victim; absorbed: per victim (index 0 is unused)
    reached                how many payments were looked at: fewer than there are where `most` rows were full
    """

    event: Longs
    owner: Ints
    amount: Longs
    pots: Ints
    pot_owner: Ints
    held: Longs
    absorbed: Longs
    reached: int

    @classmethod
    def nothing(cls, flows: Flows) -> Carried:
        """What stands for a rule that is not wanted."""
        longs, ints = np.empty(0, np.int64), np.empty(0, np.int32)
        return cls(
            event=longs, owner=ints, amount=longs, pots=ints, pot_owner=ints, held=longs,
            absorbed=np.zeros(flows.victims + 1, np.int64), reached=flows.paid.size,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounds:
    """The least and the most under any exact rule; victim V + 1 stands for all V together."""

    event: Longs
    owner: Ints
    certain: Longs
    at_most: Longs
    pots: Ints
    pot_owner: Ints
    held_certain: Longs
    held_at_most: Longs
    reached: int

    @classmethod
    def nothing(cls, flows: Flows) -> Bounds:
        """What stands for bounds that are not wanted."""
        longs, ints = np.empty(0, np.int64), np.empty(0, np.int32)
        return cls(
            event=longs, owner=ints, certain=longs, at_most=longs, pots=ints, pot_owner=ints, held_certain=longs,
            held_at_most=longs, reached=flows.paid.size,
        )  # fmt: skip


def carried(flows: Flows, rule: Rule, *, most: int = MOST_ROWS) -> Carried:
    """Follow the victims' money under one rule.

    Example
    -------
    >>> flows = Flows(payer=np.array([0, 1], np.int32), payee=np.array([1, 2], np.int32), paid=np.array([500, 300]),
    ...     received=np.array([500, 300]), owner=np.array([1, 0], np.int32), opening=np.array([0, 100, 0]),
    ...     stopped=np.zeros(3, np.bool_))
    >>> carried(flows, "fifo").amount.tolist(), carried(flows, "lifo").amount.tolist()
    ([500, 200], [500, 300])
    """
    if rule not in RULES:
        raise RuleError(f'there is no taint rule "{rule}": {did_you_mean(rule, RULES)}')
    absorbed = np.zeros(flows.victims + 1, np.int64)
    arrays = (flows.payer, flows.payee, flows.paid, flows.received, flows.owner, flows.opening, flows.stopped)
    none = np.empty((0, 3), np.int64)
    if rule in _ORDERED:
        run = ready(taint, flows.paid.size)
        rows, number, lots, pots, reached = run.ordered(*arrays, _ORDERED[rule], most, absorbed)
        left, count = run.held(lots, pots, absorbed.size)
    else:
        run = ready(taint_shares, flows.paid.size)
        if rule == "pro_rata":
            rows, number, parts, pots, reached = run.pro_rata(*arrays, most, absorbed)
            left, count = run.held(parts, pots)
        else:
            payer, payee, paid, _, owner, opening, stopped = arrays
            rows, number, reached = run.poison(payer, payee, paid, owner, stopped, opening.size, most)
            left, count = none, 0
    absorbed[0] = 0
    return Carried(
        event=rows[:number, 0].copy(),
        owner=rows[:number, 1].astype(np.int32),
        amount=rows[:number, 2].copy(),
        pots=left[:count, 0].astype(np.int32),
        pot_owner=left[:count, 1].astype(np.int32),
        held=left[:count, 2].copy(),
        absorbed=absorbed,
        reached=int(reached),
    )


def bounds(flows: Flows, *, most: int = MOST_ROWS) -> Bounds:
    """What certainly, and at most, is each victim's, under any exact rule."""
    run = ready(taint_shares, flows.paid.size)
    arrays = (flows.payer, flows.payee, flows.paid, flows.received, flows.owner, flows.opening, flows.stopped)
    rows, number, parts, pots, reached = run.bounds(*arrays, flows.victims + 1, most)
    left, count = run.held(parts, pots)
    return Bounds(
        event=rows[:number, 0].copy(),
        owner=rows[:number, 1].astype(np.int32),
        certain=rows[:number, 2].copy(),
        at_most=rows[:number, 3].copy(),
        pots=left[:count, 0].astype(np.int32),
        pot_owner=left[:count, 1].astype(np.int32),
        held_certain=left[:count, 2].copy(),
        held_at_most=left[:count, 3].copy(),
        reached=int(reached),
    )
