"""What kind of account it is by what it does, for accounts with enough traffic over enough days.

Every rule asks for activity on many days and for counterparties that come again. An account that many victims pay in
two days has neither, so it gets no type: when in doubt, none. The numbers are our judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from graphflow.account_names import AccountType
from graphflow.flow import Adjacency, Flow, in_parts, microseconds
from graphflow.kernels import habits as kernels
from graphflow.kernels.engine import ready
from graphflow.words import count, percent, span

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_DAYS = 10
_STEADY = 0.5
_AGAIN = 0.2
"""Active on 10 days, on half of the days from the first to the last; a fifth of the counterparties on two days or more."""
_WIDE = 50
"""A gateway has more than 50 payers and more than 50 payees a day: more than 100 counterparties."""
_DWELL = timedelta(hours=24)
_GUESTS = 30
_SLICE = 0.05
"""A merchant has 30 payers or more, and no payment is above a twentieth of all it receives."""
_STAFF = 10
_ALIKE = 0.3
_WAGE_DAYS = 6, 35
"""Wages: 10 payees in one day, the days 6 to 35 days apart, wages within 30 % of the ones before."""
_TENANTS = 2, 30
_MONTH = timedelta(days=24), timedelta(days=38)
_PARTS = 4
"""The kernels need a table of all accounts for each part of their work: few parts, few tables."""
_LEAST = 4
"""Two tenants who pay twice are the least traffic that can tell anything."""


@dataclass(frozen=True, eq=False)
class Behaviour:
    """Masks of accounts by type, and the figures they rest on.

    got, paid  per account, the columns of `kernels.habits.side`; batches: those of `kernels.habits.batches`
    stays      per account, the seconds that money stays with it; NaN: none is passed on
    """

    masks: dict[AccountType, Bools]
    got: Longs
    paid: Longs
    batches: Longs
    stays: npt.NDArray[np.float64]

    def sentence(self, code: int, kind: AccountType) -> str:
        """Why an account has its type."""
        got, paid, runs = self.got[code].tolist(), self.paid[code].tolist(), self.batches[code].tolist()
        if kind == "gateway":
            stay = span(timedelta(seconds=round(float(self.stays[code]))))
            return f"{count(got[1], 'payer')} and {count(paid[1], 'payee')}, money stays {stay}"
        if kind == "payroll":
            payees = count(round(runs[2] / runs[0]), "payee")
            return f"pays about {payees} in one day, {runs[0]:,} times {_gaps(runs[6], runs[7])} apart, the same ones again"
        if kind == "merchant":
            return f"{count(got[1], 'payer')} on {count(got[0], 'day')}, {percent(got[3] / got[1])} of them more than once; {_keeps(paid[1])}"
        return f"{count(got[6], 'payer')} of {got[1]:,} pay the same every month"


def _gaps(least: int, most: int) -> str:
    return f"{least} days" if least == most else f"{least} to {most} days"


def _keeps(payees: int) -> str:
    return f"pays {count(payees, 'other')}" if payees else "pays nobody"


def behaviour(flow: Flow) -> Behaviour | None:
    """What accounts do; nothing where the transfers cover too few days for any type."""
    if not flow.size or int(flow.time[-1]) - int(flow.time[0]) < _WAGE_DAYS[0] * kernels.DAY:
        return None
    got, paid, runs = _habits(flow)
    received, sent = flow.received, flow.sent
    first, last = first_and_last(flow)
    days = last // kernels.DAY - first // kernels.DAY + 1
    steady = [(side[:, 0] >= _DAYS) & (side[:, 0] >= _STEADY * days) for side in (got, paid)]
    again = [side[:, 3] >= _AGAIN * side[:, 1] for side in (got, paid)]
    wide = [
        (side[:, 2] >= _DAYS) & (side[:, 2] >= _STEADY * days) & more
        for side, more in zip((got, paid), again, strict=True)
    ]
    gateway = wide[0] & wide[1]
    guests = steady[0] & again[0] & (got[:, 1] >= _GUESTS)
    stays = np.full(flow.account_count, np.nan)
    if gateway.any() or guests.any():
        total, moved = received.sums(), flow.lots(_DWELL).moved
        stays = flow.stays(_DWELL)
        gateway &= 2 * moved >= total
        guests &= (2 * moved <= total) & (got[:, 4] <= _SLICE * total)
    payments, receipts = np.diff(sent.ptr), np.diff(received.ptr)
    few_out = np.maximum(_GUESTS, got[:, 1]) // 3 >= paid[:, 1]
    masks: dict[AccountType, Bools] = {
        "landlord": _landlords(got, receipts),
        "merchant": guests & few_out & (3 * payments <= receipts),
        "payroll": _payroll(runs, payments),
        "gateway": gateway,
    }
    return Behaviour(masks, got, paid, runs, stays)


def _habits(flow: Flow) -> tuple[Longs, Longs, Longs]:
    """The columns of the kernels, for receipts, payments, and payments in batches."""
    run, sent, month = ready(kernels, flow.size), flow.sent, [microseconds(limit) for limit in _MONTH]
    got, paid, runs = (np.zeros((flow.account_count, n), np.int64) for n in (kernels.SIDE, kernels.SIDE, kernels.BATCH))

    def look(side: Adjacency, found: Longs) -> None:
        in_parts(
            lambda a, b: run.side(
                a, b, side.ptr, side.events, side.others, side.values, flow.time, flow.account_count, _LEAST, _WIDE,
                *month, found,
            ),
            side.ptr, _PARTS,
        )  # fmt: skip

    look(flow.received, got)
    look(sent, paid)
    in_parts(
        lambda a, b: run.batches(
            a, b, sent.ptr, sent.events, sent.others, sent.values, flow.time, flow.account_count, _STAFF, _ALIKE, runs
        ),
        sent.ptr, _PARTS,
    )  # fmt: skip
    return got, paid, runs


def first_and_last(flow: Flow) -> tuple[Longs, Longs]:
    """Per account, the times of its first and last transfer with another; later than the last where there is none."""
    first, last = np.full(flow.account_count, 2**62), np.full(flow.account_count, -(2**62))
    for side in (flow.received, flow.sent):
        some = np.flatnonzero(np.diff(side.ptr))
        first[some] = np.minimum(first[some], flow.time[side.events[side.ptr[some]]])
        last[some] = np.maximum(last[some], flow.time[side.events[side.ptr[some + 1] - 1]])
    return first, last


def _landlords(got: Longs, receipts: Longs) -> Bools:
    """A few payers, and hardly a receipt that is not the first of a payer or the same again a month later."""
    payers, monthly, tenants = got[:, 1], got[:, 5], got[:, 6]
    few = (tenants >= _TENANTS[0]) & (payers <= _TENANTS[1]) & (5 * tenants >= 4 * payers)
    rents: Bools = few & (5 * monthly >= 4 * (receipts - payers))
    return rents


def _payroll(runs: Longs, payments: Longs) -> Bools:
    """Nearly all payments in batches at near-regular distances, to mostly the same payees, who get about the same."""
    number, batched, _, compared, again, alike, least, most = runs.T
    regular = (number >= 2) & (least >= _WAGE_DAYS[0]) & (most <= _WAGE_DAYS[1]) & (2 * most <= 3 * least)
    same: Bools = (5 * again >= 3 * compared) & (10 * alike >= 7 * again) & (5 * batched >= 4 * payments)
    return regular & same
