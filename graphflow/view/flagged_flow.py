"""The transactions that cases cite, as columns: when, how soon they go on, and between which tiers.

What the charts of a report show. Everything is worked out on columns for all cases at once; a currency is never added
to another: sums are values in the ledger's one value basis.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.case import Case, roles_of
from graphflow.cited import distinct
from graphflow.flow import Flow, microseconds

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MAX_TIER = 6
"""Tiers beyond this one are counted together with it: few cases reach so far."""
NOT_REACHED = -1
NEVER = -1

STEPS = ("1s", "10s", "1m", "10m", "1h", "6h", "1d", "1w", "1mo", "3mo", "1y", "10y", "100y")
_SECONDS = (1, 10, 60, 600, 3600, 21_600, 86_400, 604_800, 2_629_746, 7_889_238, 31_556_952, 315_569_520, 3_155_695_200)
MOST_STEPS = 60


class FlaggedFlow:
    """Cited transactions of cases. `flow` is the one the cases were found in.

    case, events   each pair of a case and a transaction that it cites, once, by case and time
    once           the events, each once; high: whether a case at level high cites it
    """

    def __init__(self, flow: Flow, cases: Sequence[Case]) -> None:
        self.flow, self.cases = flow, cases
        listed = [(number, finding.rows) for number, case in enumerate(cases) for finding in case.findings]
        owner = np.repeat([number for number, _ in listed], [rows.size for _, rows in listed]).astype(np.int64)
        events = flow.events_of(np.concatenate([rows for _, rows in listed] or [np.empty(0, np.int64)]))
        self.case, self.events = np.divmod(distinct(owner * max(flow.size, 1) + events), max(flow.size, 1))
        self.once = distinct(self.events)
        self.high = np.zeros(self.once.size, np.bool_)
        levels = np.array([case.level == "high" for case in cases], np.bool_)
        self.high[np.searchsorted(self.once, self.events[levels[self.case]])] = True

    @property
    def value(self) -> Longs:
        """The value of each of `once`, in minor units of the base currency."""
        return self.flow.value[self.once]

    def by_time(self, zone: str) -> tuple[pl.DataFrame, str]:
        """A row a step of time by the clock of `zone`: `time`, `currency`, `high`, `count`, `paid`, `value`.

        Also the step, one of `STEPS`: the finest that makes at most 60 of them and that the ledger's times can tell.
        """
        every = _step(self.flow, self.once)
        times = pl.Series(self.flow.time[self.once]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        frame = pl.DataFrame(
            {
                "time": times.dt.convert_time_zone(zone).dt.truncate(every),
                "currency": pl.Series(self.flow.ledger.currencies, dtype=pl.String).gather(
                    self.flow.currency_codes[self.once].astype(np.uint32)
                ),
                "high": self.high,
                # As wide as can be: no sum of hostile amounts may wrap round
                "paid": pl.Series(self.flow.paid[self.once]).cast(pl.Int128),
                "value": pl.Series(self.value).cast(pl.Int128),
            }
        )
        grouped = frame.group_by("time", "currency", "high").agg(pl.len().alias("count"), pl.col("paid", "value").sum())
        return grouped.sort("time", "currency", "high"), every

    @cached_property
    def flagged(self) -> Longs:
        """Codes of the accounts that some case suspects and that receive a cited transaction, rising."""
        names = pl.Series([name for case in self.cases for name in case.accounts], dtype=pl.String).unique()
        payees = distinct(self.flow.payee[self.once].astype(np.int64))
        codes: Longs = payees[self.flow.names.gather(payees).is_in(names.implode()).to_numpy()]
        return codes

    def delays(self) -> tuple[Longs, Longs]:
        """Cited receipts of flagged accounts: their value, and the microseconds until the account's next payment to
        another (-1: it pays nobody afterwards)."""
        flow, payee = self.flow, self.flow.payee[self.once]
        mine = (flow.payer[self.once] != payee) & np.isin(payee, self.flagged)
        receipts, account = self.once[mine], np.searchsorted(self.flagged, payee[mine])
        wide, whole = flow.around, flow.ledger
        sent, size = wide.sent, max(whole.whole_height, 1)
        first, last = sent.ptr[self.flagged], sent.ptr[self.flagged + 1]
        sizes = last - first
        begin = np.cumsum(sizes) - sizes
        slots = np.arange(int(sizes.sum())) - np.repeat(begin - first, sizes)
        payments = sent.events[slots].astype(np.int64)
        # One rising key, account first: a single search finds every next payment
        keys = np.repeat(np.arange(self.flagged.size), sizes) * size + wide.ledger.places(wide.ledger_rows(payments))
        at = np.searchsorted(keys, account * size + whole.places(flow.ledger_rows(receipts)), side="right")
        found = at < (begin + sizes)[account]
        waits = np.full(receipts.size, NEVER, np.int64)
        waits[found] = wide.time[payments[at[found]]] - flow.time[receipts[found]]
        return flow.value[receipts], waits

    def by_tier(self) -> pl.DataFrame:
        """A row a tier, from 0: `tier`, `accounts`, `came` and `went`, values of cited transactions; -1: accounts that
        no tier-0 account reaches.

        Tier 0 are the accounts that only pay in their case, and victim candidates; in a case without one, the account
        that pays first. Any other account's tier is the least number of transactions, each not earlier than the one
        before, by which money of tier 0 can reach it. What two cases cite counts in both.
        """
        size = max(self.flow.account_count, 1)
        ends = [self.case * size + codes[self.events].astype(np.int64) for codes in (self.flow.payer, self.flow.payee)]
        keys, places = np.unique(np.concatenate(ends), return_inverse=True)
        payer, payee = places[: self.events.size], places[self.events.size :]
        tier = self._tiers(keys, payer, payee)
        value = pl.Series(self.flow.value[self.events]).cast(pl.Int128)
        tables = [
            pl.DataFrame({"tier": tier[own], name: value}).group_by("tier").agg(pl.col(name).sum())
            for own, name in ((payee, "came"), (payer, "went"))
        ]
        whole = pl.DataFrame({"tier": tier}).group_by("tier").agg(pl.len().alias("accounts"))
        for table in tables:
            whole = whole.join(table, on="tier", how="left")
        return whole.fill_null(0).sort("tier")

    def _tiers(self, keys: Longs, payer: Longs, payee: Longs) -> Longs:
        """Of each account of a case. Round k finds what money can reach in k hops, and when at the earliest."""
        tier = np.full(keys.size, NOT_REACHED, np.int64)
        reached = np.full(keys.size, self.flow.size, np.int64)
        start = self._starts(keys, payer, payee)
        tier[start], reached[start] = 0, -1
        changed, hop = tier == 0, 0
        while changed.any():
            hop += 1
            goes = changed[payer] & (self.events > reached[payer])
            after = reached.copy()
            np.minimum.at(after, payee[goes], self.events[goes])
            changed, reached = after < reached, after
            tier[changed & (tier == NOT_REACHED)] = min(hop, MAX_TIER)
        return tier

    def _starts(self, keys: Longs, payer: Longs, payee: Longs) -> Bools:
        """Which accounts of a case are its tier 0."""
        size, other = max(self.flow.account_count, 1), payer != payee
        pays, gets = (np.bincount(own[other], minlength=keys.size) > 0 for own in (payer, payee))
        start: Bools = pays & ~gets
        table = roles_of(self.flow, self.cases).table
        victims = table.filter(pl.col("role") == "victim candidate")
        start[np.searchsorted(keys, victims["case"].to_numpy() * size + victims["code"].to_numpy())] = True
        cases, first = np.unique(self.case, return_index=True)
        without = ~np.isin(cases, keys[start] // size)
        start[payer[first[without]]] = True
        return start


def _step(flow: Flow, events: Longs) -> str:
    """The finest step of time that makes few enough of them and is not finer than the clock."""
    length = (int(flow.time[events[-1]]) - int(flow.time[events[0]])) / 1e6 if events.size else 0.0
    finest = microseconds(flow.ledger.precision) / 1e6
    fit = (k for k, own in enumerate(_SECONDS) if own >= finest and length / own < MOST_STEPS)
    return STEPS[next(fit, len(STEPS) - 1)]
