"""What kind of account it is by what it does, for accounts with enough traffic over enough days.

Every rule asks for activity on many days and for counterparties that come again. An account that many victims pay in
two days has neither, so it gets no type: when in doubt, none. The numbers are our judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
"""Active on 10 days and on half of those from first to last; a fifth of the counterparties come on two days or more."""
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
_TENANTS = 3, 60
_MONTH = timedelta(days=24), timedelta(days=38)
_RENTS = 4
"""Rents: 3 to 60 payers (two are two employers), the same from each again after a month (24 to 38 days), four times or
more in all."""
_PARTS = 4
"""Parts of a kernel's work: each needs a table of all accounts, so there are few."""


@dataclass(frozen=True, eq=False)
class Habits:
    """What a kernel says of some accounts: `rows` beside `codes`, which rise."""

    codes: Longs
    rows: Longs

    @classmethod
    def joined(cls, parts: Sequence[Habits]) -> Habits:
        """Those of several parts, whose codes rise from one to the next."""
        return cls(np.concatenate([part.codes for part in parts]), np.concatenate([part.rows for part in parts]))

    def of(self, code: int) -> list[int]:
        """The row of an account."""
        row: list[int] = self.rows[np.searchsorted(self.codes, code)].tolist()
        return row

    def those(self, mask: Bools) -> Habits:
        """The accounts for which the mask is true."""
        return Habits(self.codes[mask], self.rows[mask])


@dataclass(frozen=True, eq=False)
class Behaviour:
    """Accounts by type, and the figures that say why.

    codes      type → codes of the accounts that behave like it
    got, paid  what `kernels.habits.side` says of receipts and payments; batches: what `batches` says
    stays      gateway → the seconds that money stays with it on average
    """

    codes: Mapping[AccountType, Longs]
    got: Habits
    paid: Habits
    batches: Habits
    stays: Mapping[int, float]

    @classmethod
    def joined(cls, parts: Sequence[Behaviour]) -> Behaviour | None:
        """What parts say of accounts of their own, those of each part after those of the one before."""
        if not parts:
            return None
        kinds = dict.fromkeys(kind for part in parts for kind in part.codes)
        return cls(
            {kind: np.concatenate([part.codes[kind] for part in parts if kind in part.codes]) for kind in kinds},
            Habits.joined([part.got for part in parts]),
            Habits.joined([part.paid for part in parts]),
            Habits.joined([part.batches for part in parts]),
            {code: seconds for part in parts for code, seconds in part.stays.items()},
        )

    def sentence(self, code: int, kind: AccountType) -> str:
        """Why an account has its type."""
        if kind == "payroll":
            number, _, size, _, _, _, least, most = self.batches.of(code)
            gaps = count(least, "day") if least == most else f"{least} to {most} days"
            staff = count(round(size / number), "payee")
            return f"pays about {staff} in one day, {number:,} times, {gaps} apart, mostly the same ones the same"
        days, payers, _, again, _, _, tenants, _ = self.got.of(code)
        if kind == "landlord":
            return f"{tenants:,} of {count(payers, 'payer')} pay the same every month"
        payees = self.paid.of(code)[1]
        if kind == "merchant":
            pays = f"pays {count(payees, 'other')}" if payees else "pays nobody"
            share = percent(again / payers)
            return f"{count(payers, 'payer')} on {count(days, 'day')}, {share} of them on two or more; {pays}"
        stay = span(timedelta(seconds=round(self.stays[code])))
        return f"{count(payers, 'payer')} and {count(payees, 'payee')} on {count(days, 'day')}, money stays {stay}"


def behaviour(flow: Flow, first: Longs, last: Longs) -> Behaviour | None:
    """What accounts do; nothing where the transfers cover too few days for any type.

    first, last  what `first_and_last` gives
    """
    if not flow.size or flow.span < _WAGE_DAYS[0] * kernels.DAY:
        return None
    receipts, payments = np.diff(flow.received.ptr), np.diff(flow.sent.ptr)
    days = last // kernels.DAY - first // kernels.DAY + 1
    # Only accounts whose number of transfers lets them have some type are looked at, one transfer after the other
    crowd = (receipts > _GUESTS) & (days >= _DAYS)
    rents = (receipts >= _RENTS) & (receipts <= _TENANTS[1] * days) & (last - first >= microseconds(_MONTH[0]))
    wages = (payments >= 2 * _STAFF) & (days > _WAGE_DAYS[0])
    got = _side(flow, flow.received, np.flatnonzero(crowd | rents))
    runs = _batches(flow, np.flatnonzero(wages))
    least = np.maximum(_DAYS, _STEADY * days)
    many = got.those((got.rows[:, 0] >= least[got.codes]) & _come_again(got) & (got.rows[:, 1] >= _GUESTS))
    paid = _side(flow, flow.sent, many.codes)
    stays: dict[int, float] = {}
    found: dict[AccountType, Longs] = {"landlord": _landlords(got, receipts), "payroll": _payroll(runs, payments)}
    if many.codes.size:
        moved = flow.lots(_DWELL).moved[many.codes]
        found["merchant"] = _merchants(many, paid, moved, 3 * payments[many.codes] <= receipts[many.codes])
        gateways = found["gateway"] = _gateways(many, paid, moved, least[many.codes])
        stays = dict(zip(gateways.tolist(), flow.stays(_DWELL)[gateways].tolist(), strict=True))
    return Behaviour(found, got, paid, runs, stays)


def first_and_last(flow: Flow) -> tuple[Longs, Longs]:
    """Per account, the times of its first and last transfer with another; the first is later where there is none."""
    first, last = np.full(flow.account_count, 2**62), np.full(flow.account_count, -(2**62))
    for side in (flow.received, flow.sent):
        some = np.flatnonzero(np.diff(side.ptr))
        first[some] = np.minimum(first[some], flow.time[side.events[side.ptr[some]]])
        last[some] = np.maximum(last[some], flow.time[side.events[side.ptr[some + 1] - 1]])
    return first, last


# --- the kernels, for the accounts that are asked for ---------------------------------------------


def _side(flow: Flow, side: Adjacency, codes: Longs) -> Habits:
    found, month = np.zeros((codes.size, kernels.SIDE), np.int64), [microseconds(limit) for limit in _MONTH]
    run = ready(kernels, flow.size).side
    if codes.size:
        in_parts(
            lambda a, b: run(
                a, b, codes, side.ptr, side.events, side.others, side.values, flow.time, flow.account_count, _WIDE,
                *month, found,
            ),
            _work(side, codes), _PARTS,
        )  # fmt: skip
    return Habits(codes, found)


def _batches(flow: Flow, codes: Longs) -> Habits:
    found, side = np.zeros((codes.size, kernels.BATCH), np.int64), flow.sent
    run = ready(kernels, flow.size).batches
    if codes.size:
        in_parts(
            lambda a, b: run(
                a, b, codes, side.ptr, side.events, side.others, side.values, flow.time, flow.account_count, _STAFF,
                _ALIKE, found,
            ),
            _work(side, codes), _PARTS,
        )  # fmt: skip
    return Habits(codes, found)


def _work(side: Adjacency, codes: Longs) -> Longs:
    """The work of the first so many accounts: their transfers."""
    work = np.zeros(codes.size + 1, np.int64)
    np.cumsum(side.ptr[codes + 1] - side.ptr[codes], out=work[1:])
    return work


# --- the rules ------------------------------------------------------------------------------------


def _come_again(side: Habits) -> Bools:
    again: Bools = side.rows[:, 3] >= _AGAIN * side.rows[:, 1]
    return again


def _gateways(got: Habits, paid: Habits, moved: Longs, least: npt.NDArray[np.float64]) -> Longs:
    """Crowds on both sides on most days, and at least half of the money gone within a day."""
    wide = (got.rows[:, 2] >= least) & (paid.rows[:, 2] >= least) & _come_again(paid)
    return got.codes[wide & (2 * moved >= got.rows[:, 7])]


def _merchants(got: Habits, paid: Habits, moved: Longs, rarely_pays: Bools) -> Longs:
    """A crowd that pays small amounts, few others paid, and at most half of the money gone within a day."""
    total = got.rows[:, 7]
    small = (got.rows[:, 4] <= _SLICE * total) & (2 * moved <= total)
    return got.codes[small & rarely_pays & (3 * paid.rows[:, 1] <= got.rows[:, 1])]


def _landlords(got: Habits, receipts: Longs) -> Longs:
    """A few payers, and hardly a receipt that is not the first of a payer or the same again a month later."""
    payers, monthly, tenants = got.rows[:, 1], got.rows[:, 5], got.rows[:, 6]
    few = (tenants >= _TENANTS[0]) & (payers <= _TENANTS[1]) & (5 * tenants >= 4 * payers)
    rents = (monthly >= _RENTS) & (5 * monthly >= 4 * (receipts[got.codes] - payers))
    return got.codes[few & rents]


def _payroll(runs: Habits, payments: Longs) -> Longs:
    """Nearly all payments in batches at near-regular distances, to mostly the same payees, who get about the same."""
    number, batched, _, compared, again, alike, least, most = runs.rows.T
    regular = (number >= 2) & (least >= _WAGE_DAYS[0]) & (most <= _WAGE_DAYS[1]) & (2 * most <= 3 * least)
    same = (5 * again >= 3 * compared) & (10 * alike >= 7 * again) & (5 * batched >= 4 * payments[runs.codes])
    codes: Longs = runs.codes[regular & same]
    return codes
