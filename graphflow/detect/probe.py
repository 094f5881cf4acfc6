"""Probe: a tiny payment to see whether an account works, then large ones."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.cuts import ByAccount
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow, microseconds
from graphflow.graph import FlowGraph
from graphflow.kernels.csr import KEEP_SLACK
from graphflow.ledger import major
from graphflow.words import count, named, percent, span

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A tiny payment to see whether an account works, then large ones.

    What it sees
        A tiny receipt is more than nothing and at most `tiny`; a large one is at least `least`, and more than `tiny`
        (self-transfers left out). A tiny one is a probe when a large one, at least `ratio` times it, comes into the
        same account not more than `window` later (ties by ledger order), and nobody could have known before that the
        account works. That is so when the same payer pays the large one, and paid the account nothing large within
        `quiet` before the probe; or when anyone does, and the account got nothing large from anybody within `quiet`
        before. Probes whose stretches up to their last large receipt overlap are one episode.
    Measures
        probes, probers (who paid them), receipts (large ones), payers (who paid those), tested_by_payer (probers that
        paid a large one too), wait_minutes (from the first probe to the first large receipt), moved_share (of the
        large ones, the value that left within `dwell`, first in first out).
    When it is fooled
        Careful people send 0.01 before an ordinary transfer, and banks and shops verify accounts that way. So a probe
        weighs little and is never `high` by itself. `high` needs `high_probes` of them, large receipts from
        `high_payers` payers after the first of them, and most of that money gone. An account in steady use is not
        tested, so there only a payer's own test is seen. In the first days of a ledger nothing is known of before.
    Parameters
        tiny          1.00, and least: 1,000.00, major units of the base currency
        ratio         100 times the tiny payment
        window        24 hours
        quiet         7 days
        high_probes   2; high_payers: 3
        moved_share   0.80 of the value within dwell: 24 hours
    Source
        FATF, Egmont Group and INTERPOL, "Illicit Financial Flows from Cyber-Enabled Fraud" (2023): a small payment
        that, once it succeeds, is quickly followed by larger ones to the same payee. The numbers are judgement.

    Example
    -------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> from graphflow.ledger import Ledger
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 5, 9, m) for m in (0, 5)],
    ...     "payer": ["P", "Q"], "payee": ["A", "A"], "paid": [1, 20_000_00], "paid_currency": ["CNY"] * 2})
    >>> [(finding.level, finding.reason) for finding in Probe().find(FlowGraph(Ledger.from_frame(frame)))]
    [('review', 'A got 1 tiny payment, and 5 minutes later 20,000.00 CNY in 1 large payment from 1 payer')]
    """

    name: ClassVar[str] = "probe"

    tiny: float = threshold(1.00, "major units of the base currency", "judgement")
    least: float = threshold(1_000.0, "major units of the base currency", "judgement")
    ratio: float = threshold(100.0, "times", "judgement")
    window: timedelta = threshold(timedelta(hours=24), "duration", "FATF 2023 says quickly; the number is judgement")
    quiet: timedelta = threshold(timedelta(days=7), "duration", "judgement")
    high_probes: int = threshold(2, "probes", "judgement")
    high_payers: int = threshold(3, "payers", "judgement")
    moved_share: float = threshold(0.80, "share", "RUSI and Lloyds 2025: above 0.85 on average")
    dwell: timedelta = threshold(timedelta(hours=24), "duration", "RUSI and Lloyds 2025")

    def cut(self) -> ByAccount:
        """One account after the other."""
        return ByAccount()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by account in order of first appearance in the ledger, then by time."""
        flow = graph.flow
        small, large = self._receipts(flow)
        episodes = list(_episodes(self._probes(flow, small, large))) if small.size and large.size else []
        larges = [episode.large for episode in episodes]
        starts = np.cumsum([0, *map(len, larges)])[:-1].astype(np.int64)
        sums = totals(flow, np.array(list(chain.from_iterable(larges)), np.int32), starts)
        for k, episode in enumerate(episodes):
            yield self._finding(flow, episode, int(sums.amount[k]), sums.currency[k], rough=bool(sums.rough[k]))
        return ()

    def _receipts(self, flow: Flow) -> tuple[Longs, Longs]:
        """Positions among all receipts of the tiny ones, and of the large ones of accounts that have tiny ones."""
        got = flow.received
        if not got.values.size:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        unit = 10 ** flow.ledger.decimals[flow.valuation.base]
        bound = self.tiny * unit / KEEP_SLACK
        small = np.flatnonzero((got.values > 0) & (got.values <= bound))
        tested = np.zeros(flow.account_count, np.bool_)
        tested[_accounts(got.ptr, small)] = True
        large = np.flatnonzero((got.values >= KEEP_SLACK * self.least * unit) & (got.values > bound))
        return small, large[tested[_accounts(got.ptr, large)]]

    def _probes(self, flow: Flow, small: Longs, large: Longs) -> Iterator[tuple[int, int, set[int]]]:
        """Probes (account, event, events of the large receipts that follow) by account and time."""
        got = flow.received
        place = np.concatenate([small, large])
        place.sort()
        tiny = np.isin(place, small, assume_unique=True)
        account = _accounts(got.ptr, place)
        edge = account * np.int64(flow.account_count) + got.others[place]
        followers: dict[int, set[int]] = {}
        for key in (account, edge):
            order = np.argsort(key, kind="stable")
            ordered = place[order]
            for k, stop in self._candidates(key[order], flow.time[got.events[ordered]], tiny[order]):
                after = ordered[k + 1 : stop][~tiny[order[k + 1 : stop]]]
                enough = got.values[after] >= KEEP_SLACK * self.ratio * float(got.values[ordered[k]])
                if enough.any():
                    followers.setdefault(int(ordered[k]), set()).update(got.events[after[enough]].tolist())
        for p in sorted(followers):
            yield int(np.searchsorted(got.ptr, p, "right")) - 1, int(got.events[p]), followers[p]

    def _candidates(self, key: Longs, time: Longs, tiny: Bools) -> Iterator[tuple[int, int]]:
        """Tiny ones that have a large one of their key soon after and none shortly before, and where `window` ends."""
        size = key.size
        position = np.arange(size)
        before = np.maximum.accumulate(np.where(tiny, -1, position))
        after = np.minimum.accumulate(np.where(tiny, size, position)[::-1])[::-1]
        near = after.clip(max=size - 1)
        followed = (after < size) & (key[near] == key) & (time[near] - time <= microseconds(self.window))
        known = (before >= 0) & (key[before] == key) & (time - time[before] <= microseconds(self.quiet))
        at = np.flatnonzero(tiny & followed & ~known)
        for k in at.tolist():
            group = int(np.searchsorted(key, key[k], "right"))
            yield k, int(np.searchsorted(time[k:group], time[k] + microseconds(self.window), "right")) + k

    def _finding(self, flow: Flow, episode: _Episode, amount: int, currency: str, *, rough: bool) -> Finding:
        tiny, large = np.array(episode.tiny), np.array(episode.large)
        paid = f"{major(amount, flow.ledger.decimals[currency])} {currency}"
        probers, payers = set(flow.payer[tiny].tolist()), set(flow.payer[large].tolist())
        wait = timedelta(microseconds=int(flow.time[large[0]] - flow.time[tiny[0]]))
        moved = int(flow.lots(self.dwell).passed[large].sum()) / max(1, int(flow.value[large].sum()))
        account = flow.names[episode.account]
        return Finding(
            detector=self.name,
            accounts=(account,),
            rows=flow.ledger_rows(np.sort(np.concatenate([tiny, large]))),
            ledger=flow.ledger,
            amount=amount,
            currency=currency,
            measures={
                "probes": int(tiny.size),
                "probers": len(probers),
                "receipts": int(large.size),
                "payers": len(payers),
                "tested_by_payer": len(probers & payers),
                "wait_minutes": round(wait / timedelta(minutes=1), 1),
                "moved_share": round(moved, 4),
            },
            parts=tuple(self._parts(int(tiny.size), len(payers), moved, rough=rough)),
            reason=(
                f"{named(account)} got {count(int(tiny.size), 'tiny payment')}, and {span(wait)} later {paid} in "
                f"{count(int(large.size), 'large payment')} from {count(len(payers), 'payer')}"
            ),
        )

    def _parts(self, probes: int, payers: int, moved: float, *, rough: bool) -> Iterator[Part]:
        collects = probes >= self.high_probes and payers >= self.high_payers
        sure = collects and not rough
        points = 2.0 if collects else 1.0 if probes >= self.high_probes else 0.5
        sentence = f"{count(probes, 'tiny payment')} before it got large ones from {count(payers, 'payer')}"
        yield Part("structure", points, sentence, decisive=sure)
        if moved >= KEEP_SLACK * self.moved_share:
            sentence = f"{percent(moved)} of the large ones left within {span(self.dwell)}"
            yield Part("conservation", 2.0 if collects else 0.5, sentence, decisive=sure)


class _Episode(NamedTuple):
    """Events of an account's tiny and large receipts that belong together, each in order."""

    account: int
    tiny: list[int]
    large: list[int]


def _accounts(ptr: Longs, positions: Longs) -> Longs:
    """The account of each position of an adjacency."""
    return np.searchsorted(ptr, positions, "right") - 1


def _episodes(probes: Iterable[tuple[int, int, set[int]]]) -> Iterator[_Episode]:
    """Probes (account, event, large events after it), in order, joined where their stretches overlap."""
    account, tiny, large = -1, list[int](), set[int]()
    for a, event, after in probes:
        if tiny and (a != account or event > max(large)):
            yield _Episode(account, tiny, sorted(large))
            tiny, large = [], set()
        account = a
        tiny.append(event)
        large |= after
    if tiny:
        yield _Episode(account, tiny, sorted(large))
