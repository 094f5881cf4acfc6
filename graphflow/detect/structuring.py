"""Structuring: repeated amounts just under a reporting threshold."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, log2
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.cuts import ByAccount
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Adjacency, Flow, microseconds
from graphflow.graph import FlowGraph
from graphflow.kernels.csr import KEEP_SLACK
from graphflow.ledger import Codes, major
from graphflow.words import Note, count, named, percent, span

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_LATE = 2**62

_REPORTED = (
    ("CNY", 50_000.0), ("Yuan", 50_000.0), ("USD", 10_000.0), ("US Dollar", 10_000.0),
    ("EUR", 10_000.0), ("Euro", 10_000.0), ("GBP", 10_000.0), ("UK Pound", 10_000.0),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Structuring:
    """Repeated amounts just under a reporting threshold.

    What it sees
        An amount is just under when it is at least `band` of its currency's threshold and less than all of it. A
        window is hot with at least `count` such amounts of one currency that one account pays, or one account gets,
        within `window` (self-transfers left out). An episode is the union of hot windows that share a transaction.
        Several payers, each just under, to one payee is smurfing: the payee is suspected. Where all of it is on one
        edge, both ends are, as the records do not tell whose idea it was.
        It must be unlike chance: of all amounts within `around` of the threshold that the account pays (or gets) in
        the whole ledger, at least the share `concentration` is just under.
    Measures
        transactions, threshold (major units), largest (as a share of the threshold), concentration, counterparties,
        one_off_share (counterparties whose transfers with the account, in this direction and in the whole ledger, all
        lie within one window), most_in_day (largest sum within `day`, as a multiple of the threshold).
    When it is fooled
        A price, a salary or a daily limit of the bank may lie just under a threshold, and the threshold may not hold
        for the kind of payment at all: many hold for cash alone. So `high` needs `high_count` amounts in a brief
        episode, and a second kind of evidence: one-off counterparties, or a sum above the threshold within a day.
    Parameters
        thresholds      amount a bank must report, by currency as the ledger writes it; other currencies are never seen
        band            0.80 of the threshold and more
        count, window   3 amounts in 7 days
        around          0.50: amounts from half to one and a half of the threshold are compared
        concentration   0.60 of those are just under
        high_count      5; brief: 30 days, a longer episode is an account's ordinary life
        one_off_share   0.70 of at least `count` counterparties
        day             24 hours: the ledger does not tell the bank's day
    Source
        PBOC Order [2016] No. 3 (cash, 50,000 yuan a day); 31 CFR 1010.311 and 1010.314 (10,000 dollars, aggregated);
        a FinCEN ruling on structuring with 9,900 on several days. Band, count and shares are judgement.

    Example
    -------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from graphflow.ledger import Ledger
    >>> frame = pl.DataFrame({"tx": ["a", "b", "c"], "time": [datetime(2026, 1, d) for d in (5, 6, 7)],
    ...     "payer": ["P"] * 3, "payee": ["Q", "R", "S"], "paid": [49_000_00] * 3, "paid_currency": ["CNY"] * 3})
    >>> [finding.reason for finding in Structuring().find(FlowGraph(Ledger.from_frame(frame)))]
    ['P paid 3 amounts just under 50,000.00 CNY in 2 days, 147,000.00 CNY in all, to 3 payees']
    """

    name: ClassVar[str] = "structuring"

    thresholds: tuple[tuple[str, float], ...] = threshold(
        _REPORTED, "major units of each currency", "PBOC Order [2016] No. 3; 31 CFR 1010.311; EU and UK cash rules"
    )
    band: float = threshold(0.80, "share", "judgement; a FinCEN ruling cites 9,900 of 10,000")
    count: int = threshold(3, "transfers", "judgement")
    window: timedelta = threshold(timedelta(days=7), "duration", "judgement; a FinCEN ruling cites several days")
    around: float = threshold(0.50, "share", "judgement")
    concentration: float = threshold(0.60, "share", "judgement")
    high_count: int = threshold(5, "transfers", "judgement")
    brief: timedelta = threshold(timedelta(days=30), "duration", "judgement")
    one_off_share: float = threshold(0.70, "share", "judgement; payers of collecting accounts hardly ever repeat")
    day: timedelta = threshold(timedelta(hours=24), "duration", "31 CFR 1010.311: one business day, aggregated")

    def cut(self) -> ByAccount:
        """One account after the other."""
        return ByAccount()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first transaction, payers before payees."""
        flow = graph.flow
        limits = self._limits(flow)
        near, under = self._near(flow, limits)
        episodes: dict[tuple[int, ...], list[_Episode]] = {}
        ordinary = 0
        for paying in (True, False):
            found, left_out = self._episodes(flow, near, under, paying=paying)
            ordinary += left_out
            for episode in found:
                episodes.setdefault(tuple(episode.events.tolist()), []).append(episode)
        for events in sorted(episodes):
            yield self._finding(flow, episodes[events], limits)
        if ordinary:
            rest = "of accounts that move as much just above a threshold or below the band not reported"
            return (Note.of(ordinary, "episode", rest),)
        return ()

    def _limits(self, flow: Flow) -> Longs:
        """The threshold of each of the ledger's currencies in minor units; 0 where there is none."""
        known = dict(self.thresholds)
        decimals = flow.ledger.decimals
        return np.array([round(known.get(name, 0) * 10**places) for name, places in decimals.items()], np.int64)

    def _near(self, flow: Flow, limits: Longs) -> tuple[Longs, Bools]:
        """Events whose amounts are around the threshold of their currency, and which of those are just under it."""
        none = np.empty(0, np.int64), np.empty(0, np.bool_)
        if not limits.any() or not flow.size:
            return none
        low, high = _minor(limits, 1 - self.around), np.floor(limits * (1 + self.around) / KEEP_SLACK).astype(np.int64)
        high[limits == 0] = -1
        codes, paid = flow.currency_codes, flow.paid
        near = np.flatnonzero((paid >= low[codes]) & (paid <= high[codes]) & (flow.payer != flow.payee))
        codes, paid = codes[near], paid[near]
        return near, (paid >= _minor(limits, self.band)[codes]) & (paid < limits[codes])

    def _episodes(self, flow: Flow, near: Longs, under: Bools, *, paying: bool) -> tuple[list[_Episode], int]:
        """Episodes of accounts in one direction, and how many were left out as no more than chance."""
        accounts = flow.payer if paying else flow.payee
        often = np.bincount(accounts[near[under]], minlength=flow.account_count) >= self.count
        if flow.own is not None:
            often &= flow.own
        kept = often[accounts[near]]
        near, under = near[kept], under[kept]
        key = accounts[near] * np.int64(len(flow.ledger.currencies)) + flow.currency_codes[near]
        order = np.argsort(key, kind="stable")
        near, under, key = near[order], under[order], key[order]
        group = np.flatnonzero(np.diff(key, prepend=-1))
        share = np.repeat(
            np.add.reduceat(under, group, dtype=np.int64) / np.diff(group, append=key.size) if key.size else [],
            np.diff(group, append=key.size),
        )[under]
        events, key = near[under], key[under]
        starts, stops = _stretches(key, flow.time[events], self.count, microseconds(self.window))
        unusual = share[starts] >= KEEP_SLACK * self.concentration
        found = [
            _Episode(events[a:b], paying, int(accounts[events[a]]), float(share[a]))
            for a, b in zip(starts[unusual].tolist(), stops[unusual].tolist(), strict=True)
        ]
        return found, int((~unusual).sum())

    def _finding(self, flow: Flow, same: list[_Episode], limits: Longs) -> Finding:
        """One finding of an episode; of two where payer and payee give the same transactions, all on one edge."""
        facts = self._facts(flow, same[0], limits)
        events, names, side = same[0].events, flow.names, "payee" if same[0].paying else "payer"
        accounts = tuple(names[episode.account] for episode in same)
        verb, preposition = ("paid", "to") if same[0].paying else ("received", "from")
        others = f"{preposition} {count(facts.others, side)}" if len(same) == 1 else f"to {named(accounts[1])}"
        currency = flow.ledger.currencies[int(flow.currency_codes[events[0]])]
        places = flow.ledger.decimals[currency]
        amount = int(flow.paid[events].sum())
        limit = major(facts.limit, places)
        return Finding(
            detector=self.name,
            accounts=accounts,
            rows=flow.ledger_rows(events),
            ledger=flow.ledger,
            amount=amount,
            currency=currency,
            measures={
                "transactions": int(events.size),
                "threshold": float(facts.limit / 10**places),
                "largest": round(int(flow.paid[events].max()) / facts.limit, 4),
                "concentration": round(same[0].share, 4),
                "counterparties": facts.others,
                "one_off_share": round(facts.one_off / facts.others, 4),
                "most_in_day": round(facts.in_day / facts.limit, 4),
            },
            parts=tuple(self._parts(events.size, facts, f"{limit} {currency}", side)),
            reason=(
                f"{named(accounts[0])} {verb} {count(int(events.size), 'amount')} just under {limit} {currency} "
                f"in {span(facts.lasted)}, {major(amount, places)} {currency} in all, {others}"
            ),
        )

    def _facts(self, flow: Flow, episode: _Episode, limits: Longs) -> _Facts:
        events, time = episode.events, flow.time[episode.events]
        side, others = (flow.sent, flow.payee) if episode.paying else (flow.received, flow.payer)
        partners = np.unique(others[events])
        running = np.concatenate([[0], np.cumsum(flow.paid[events])])
        first = np.searchsorted(time, time - microseconds(self.day))
        sums = running[1:] - running[first]
        return _Facts(
            limit=int(limits[flow.currency_codes[events[0]]]),
            lasted=timedelta(microseconds=int(time[-1] - time[0])),
            others=int(partners.size),
            one_off=_one_off(flow, side, episode.account, partners, microseconds(self.window)),
            in_day=int(sums.max()),
        )

    def _parts(self, number: int, facts: _Facts, limit: str, side: str) -> Iterator[Part]:
        brief = facts.lasted <= self.brief
        sure = brief and number >= self.high_count
        yield Part(
            "structure",
            round(min(3.0, 1 + log2(number / self.count)), 3) if brief else 0.5,
            f"{count(number, 'amount')} from {percent(self.band)} of {limit} up to just under it",
            decisive=sure,
        )
        once = facts.one_off / facts.others
        if facts.others >= self.count and once >= self.one_off_share:
            sentence = (
                f"{percent(once)} of {count(facts.others, side)} have no dealings with this account at other times"
            )
            yield Part("novelty", 1.0, sentence, decisive=sure)
        if facts.in_day > facts.limit:
            sentence = f"within {span(self.day)} they add up to {facts.in_day / facts.limit:.1f} times {limit}"
            yield Part("volume", 1.0, sentence, decisive=sure)


class _Episode(NamedTuple):
    """Events of an account in one direction; share: of its amounts around the threshold, those just under it."""

    events: Longs
    paying: bool
    account: int
    share: float


class _Facts(NamedTuple):
    """Facts of an episode; limit and in_day (the largest sum within a day) in minor units."""

    limit: int
    lasted: timedelta
    others: int
    one_off: int
    in_day: int


def _minor(limits: Longs, share: float) -> Longs:
    """The smallest amounts that are at least a share of the limits, where floats are not exact."""
    return np.array([ceil(limit * share * KEEP_SLACK) for limit in limits.tolist()], np.int64)


def _stretches(key: Longs, time: Longs, least: int, window: int) -> tuple[Longs, Longs]:
    """Bounds of the unions of windows that hold at least so many positions of one key and share a position."""
    size = key.size
    first = np.arange(max(0, size - least + 1))
    last = first + least - 1
    hot = first[(key[first] == key[last]) & (time[last] - time[first] <= window)]
    covered, joined = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
    for steps, length in ((covered, least), (joined, least - 1)):  # joined: to the position after it
        np.add.at(steps, hot, 1)
        np.add.at(steps, hot + length, -1)
    inside, on = np.cumsum(covered)[:size] > 0, np.cumsum(joined)[:size] > 0
    starts = np.flatnonzero(inside & ~np.concatenate([[False], on[:-1]]))
    return starts, np.flatnonzero(inside & ~on) + 1


def _one_off(flow: Flow, side: Adjacency, account: int, partners: Codes, window: int) -> int:
    """How many of the partners have all their transfers with the account, in this direction, within one window."""
    mine = slice(int(side.ptr[account]), int(side.ptr[account + 1]))
    place = np.searchsorted(partners, side.others[mine]).clip(max=partners.size - 1)
    known = partners[place] == side.others[mine]
    place, time = place[known], flow.time[side.events[mine]][known]
    first, last = (np.full(partners.size, end) for end in (_LATE, -_LATE))
    np.minimum.at(first, place, time)
    np.maximum.at(last, place, time)
    return int((last - first <= window).sum())
