"""What tells one role from another: columns over the accounts of all cases, and signs looked up in the whole ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_names import TYPES
from graphflow.cited import Bools, Cited, Floats, Longs, distinct
from graphflow.flow import Adjacency, Flow, microseconds
from graphflow.kernels.habits import DAY

CASH_WORDS = ("cash", "atm", "withdraw", "取现", "取款", "现金", "现支")
"""What the name of a channel holds when money leaves it as cash."""
_CASH = 0.5
"""At least half of what an account pays leaves as cash."""
_ONE_OFF = microseconds(timedelta(hours=72))
_BAIT = 0.2
"""A victim pays within 72 hours, and gets at most a fifth back: bait is small beside what follows it."""
_SHARE = 0.25
_TIMES = 3
_TIMES_OF_ONE = 5
_ALIKE = 10
_MOST = 200
"""A commission is at most a quarter of what its payer receives (one desk may pay it for a whole gang), comes on three
days or more, five times or more where one account alone pays it, and none is more than ten times another. All numbers
here are our judgement."""
_BRANCHES = 3
_LATEST = 5


@dataclass(frozen=True, eq=False)
class Seen:
    """Accounts (positions in `Cited.keys`) that show a sign, and the numbers for the sentence."""

    at: Longs
    a: Longs
    b: Longs


class Signs:
    """Looks signs up, each for all cases at once."""

    def __init__(self, cited: Cited) -> None:
        self._cited, self._flow = cited, cited.flow.around
        kind = cited.flow.types.codes[cited.codes]
        self.ordinary: Bools = kind <= TYPES.index("person")
        self.exchange: Bools = kind == TYPES.index("exchange")

    def commissions(self, candidates: Bools) -> Seen:
        """Small shares of what flagged accounts of the case receive, again and again, are most of what it receives.

        candidates  accounts that may have the sign. a: payments; b: the largest share of one payer's receipts, in ‰.
        Accounts with more than 200 receipts are not looked at: nobody's commissions are so many.
        """
        cited, flow = self._cited, self._flow
        pairs = cited.flagged[cited.pair_payer] & (candidates & self.ordinary)[cited.pair_payee]
        payers, payees = cited.pair_payer[pairs], cited.pair_payee[pairs]
        received = self._received(payers)
        part = np.bincount(payees, weights=cited.pair_value[pairs], minlength=cited.count)
        base = np.bincount(payees, weights=received[payers], minlength=cited.count)
        few = np.diff(flow.received.ptr)[cited.codes] <= _MOST
        at = np.flatnonzero((part > 0) & (part <= _SHARE * base) & few)
        asked, events, others, values = _entries(flow.received, cited.codes[at])
        payer = cited.places_of(cited.owner[at][asked], others)
        known = (payer >= 0) & cited.flagged[payer]
        ways, way = np.unique(asked[known] * cited.count + payer[known], return_inverse=True)
        mine = ways // max(cited.count, 1)
        each = np.bincount(way, weights=values[known], minlength=ways.size)
        givers = ways % max(cited.count, 1)
        share = each / np.maximum(self._received(givers)[givers], 1)
        most = np.zeros(at.size)
        np.maximum.at(most, mine, share)
        number, sources = np.bincount(asked[known], minlength=at.size), np.bincount(mine, minlength=at.size)
        known_value, value = (np.bincount(asked[m], weights=values[m], minlength=at.size) for m in (known, slice(None)))
        least, largest = np.full(at.size, 2**62), np.zeros(at.size, np.int64)
        np.minimum.at(least, asked[known], values[known])
        np.maximum.at(largest, asked[known], values[known])
        days = distinct(asked[known] * 10**6 + flow.time[events[known]] // DAY % 10**6) // 10**6
        regular = (np.bincount(days, minlength=at.size) >= _TIMES) & ((sources > 1) | (number >= _TIMES_OF_ONE))
        seen = regular & (most <= _SHARE) & (2 * known_value >= value) & (largest <= _ALIKE * least)
        return Seen(at[seen], number[seen], np.ceil(1000 * most[seen]).astype(np.int64))

    def exchanges(self) -> Seen:
        """Exchanges and OTC desks that receive. a: payers."""
        at = np.flatnonzero(self.exchange & (self._cited.payers > 0))
        return Seen(at, self._cited.payers[at], np.zeros_like(at))

    def cash(self) -> Seen:
        """Flagged accounts that receive, and pay at least half of what they pay as cash. a: that share, in %."""
        cited, frame = self._cited, self._flow.ledger.frame
        if "channel" not in frame.columns:
            return _nobody()
        at = np.flatnonzero(cited.flagged & (cited.payers > 0))
        codes, own = np.unique(cited.codes[at], return_inverse=True)
        which, events, _, values = _entries(self._flow.sent, codes)
        as_cash = _says_cash(frame["channel"].gather(self._flow.ledger_rows(events)))
        paid = np.bincount(which, weights=values, minlength=codes.size)
        cash = np.bincount(which[as_cash], weights=values[as_cash], minlength=codes.size)
        percents = (100 * cash / np.maximum(paid, 1)).astype(np.int64)[own]
        seen = ((cash > 0) & (cash >= _CASH * paid))[own]
        return Seen(at[seen], percents[seen], np.zeros_like(at[seen]))

    def _received(self, places: Longs) -> Floats:
        """Per place, what its account receives in the whole ledger; 0 at those that are not asked for."""
        asked = distinct(places)
        which, _, _, values = _entries(self._flow.received, self._cited.codes[asked])
        total = np.zeros(self._cited.count)
        total[asked] = np.bincount(which, weights=values, minlength=asked.size)
        return total

    def gathering(self, ends: Bools) -> tuple[Seen, Seen]:
        """Of accounts that pay nobody in the case: where value gathers and stops, and where branches meet.

        The first: two or more flagged accounts pay it, it is flagged, and it pays nobody afterwards. a: those payers.
        The second: three branches or more meet in it, and it lives on. a: branches. Flagged payers are of one branch
        when the same account paid them first.
        """
        cited, ledger = self._cited, self._cited.flow.ledger
        first = np.full(cited.count, ledger.whole_height)
        np.minimum.at(first, cited.pair_payee, ledger.places(cited.pair_first))
        feeder = np.arange(cited.count)
        opening = ledger.places(cited.pair_first) == first[cited.pair_payee]
        feeder[cited.pair_payee[opening]] = cited.pair_payer[opening]
        pairs = cited.flagged[cited.pair_payer] & ends[cited.pair_payee]
        payers, payees = cited.pair_payer[pairs], cited.pair_payee[pairs]
        number = cited.tally(payees)
        branches = cited.tally(distinct(payees * cited.count + feeder[payers]) // max(cited.count, 1))
        pays_on = _last_paid(self._flow)[cited.codes] > first
        stops = np.flatnonzero((number > 1) & cited.flagged & ~pays_on)
        meets = np.flatnonzero((branches >= _BRANCHES) & pays_on & self.ordinary)
        return Seen(stops, number[stops], np.zeros_like(stops)), Seen(meets, branches[meets], np.zeros_like(meets))

    def victims(self, collects: Bools) -> Seen:
        """Ordinary accounts, not flagged, that pay only collectors, each within 72 hours, and get at most a fifth back.

        Payments and what came back are looked up in the whole ledger. a: payments; b: what came back, in % rounded up.
        """
        cited, flow = self._cited, self._flow
        target = collects & (self.ordinary | self.exchange)
        unfit = np.zeros(cited.count, np.bool_)
        unfit[cited.pair_payer[~target[cited.pair_payee]]] = True
        unfit[cited.pair_payee[~target[cited.pair_payer]]] = True
        fit = (cited.payees > 0) & ~unfit & ~cited.flagged & self.ordinary
        pairs = fit[cited.pair_payer]
        payers, payees = cited.pair_payer[pairs], cited.pair_payee[pairs]
        there = _dealings(flow, cited.codes[payers], cited.codes[payees])
        back = _dealings(flow, cited.codes[payees], cited.codes[payers])
        lasting = np.bincount(payers, weights=there.lasted > _ONE_OFF, minlength=cited.count)
        number, paid, got = (
            np.bincount(payers, weights=x, minlength=cited.count) for x in (there.number, there.value, back.value)
        )
        at = np.flatnonzero(fit & (lasting == 0) & (got <= _BAIT * paid) & (paid > 0))
        return Seen(at, number[at].astype(np.int64), np.ceil(100 * got[at] / paid[at]).astype(np.int64))

    def devices(self, weak: Bools) -> Seen:
        """Accounts whose device also made cited payments of two or more flagged accounts of the case. a: those.

        weak  accounts that may have the sign; their five latest payments in the ledger are looked at
        """
        cited, flow = self._cited, self._flow
        frame, own_frame = flow.ledger.frame, cited.flow.ledger.frame
        if "device" not in frame.columns:
            return _nobody()
        by_flagged = cited.flagged[cited.payer]
        used = pl.DataFrame(
            {
                "case": cited.case[by_flagged],
                "account": cited.payer[by_flagged],
                "device": own_frame["device"].gather(cited.rows[by_flagged]),
            }
        )
        shared = (
            used.filter(pl.col("device").str.len_chars() > 0)
            .group_by("case", "device")
            .agg(pl.col("account").n_unique().alias("a"))
            .filter(pl.col("a") > 1)
        )
        at = np.flatnonzero(weak & self.ordinary & np.isin(cited.owner, shared["case"].to_numpy()))
        asked, events, _, _ = _entries(flow.sent, cited.codes[at], latest=_LATEST)
        own = pl.DataFrame(
            {
                "case": cited.owner[at][asked],
                "at": at[asked],
                "device": frame["device"].gather(flow.ledger_rows(events)),
            }
        )
        seen = own.join(shared, on=["case", "device"]).group_by("at").agg(pl.col("a").max()).sort("at")
        return Seen(seen["at"].to_numpy(), seen["a"].to_numpy().astype(np.int64), np.zeros(seen.height, np.int64))


# --- looked up in the ledger ----------------------------------------------------------------------


def _nobody() -> Seen:
    none = np.empty(0, np.int64)
    return Seen(none, none, none)


def _entries(side: Adjacency, codes: npt.NDArray[Any], *, latest: int = 0) -> tuple[Longs, Longs, Longs, Longs]:
    """Transfers of some accounts: the position in `codes` of each, its event, the other end and the value.

    latest  only so many of each account, the last ones; 0: all
    """
    stop = side.ptr[codes + 1]
    start = np.maximum(side.ptr[codes], stop - latest) if latest else side.ptr[codes]
    lengths = stop - start
    which = np.repeat(np.arange(codes.size), lengths)
    at = np.arange(which.size) + np.repeat(start - (np.cumsum(lengths) - lengths), lengths)
    return which, side.events[at].astype(np.int64), side.others[at].astype(np.int64), side.values[at]


@dataclass(frozen=True, eq=False)
class Dealings:
    """Of each pair: how many transfers, their value, and the microseconds from the first to the last."""

    number: Longs
    value: Floats
    lasted: Longs


def _dealings(flow: Flow, payers: Longs, payees: Longs) -> Dealings:
    """All transfers of the ledger from each payer to each payee; the shorter of their two lists is read."""
    size = payers.size
    number, value = np.zeros(size, np.int64), np.zeros(size)
    first, last = np.full(size, 2**62), np.full(size, -(2**62))
    shorter = np.diff(flow.sent.ptr)[payers] <= np.diff(flow.received.ptr)[payees]
    for side, own, other, mine in ((flow.sent, payers, payees, shorter), (flow.received, payees, payers, ~shorter)):
        at = np.flatnonzero(mine)
        which, events, others, values = _entries(side, own[at])
        ours = others == other[at][which]
        pair, time = at[which[ours]], flow.time[events[ours]]
        number += np.bincount(pair, minlength=size)
        value += np.bincount(pair, weights=values[ours], minlength=size)
        np.minimum.at(first, pair, time)
        np.maximum.at(last, pair, time)
    return Dealings(number, value, np.maximum(last - first, 0))


def _last_paid(flow: Flow) -> Longs:
    """Per account, the place of its last payment in the whole ledger; -1: none."""
    last = np.full(flow.account_count, -1)
    some = np.flatnonzero(np.diff(flow.sent.ptr))
    last[some] = flow.ledger.places(flow.ledger_rows(flow.sent.events[flow.sent.ptr[some + 1] - 1]))
    return last


def _says_cash(channel: pl.Series) -> Bools:
    """Of each transfer, whether its channel says cash."""
    names = channel.unique().drop_nulls()
    words = [name for name in names.cast(pl.String).to_list() if any(word in name.lower() for word in CASH_WORDS)]
    cash: Bools = channel.is_in(pl.Series(words, dtype=names.dtype).implode()).fill_null(False).to_numpy()
    return cash
