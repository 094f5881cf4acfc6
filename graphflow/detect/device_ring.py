"""Device ring: accounts that pay from the same device or address."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import log2
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from graphflow.detect.amounts import totals
from graphflow.detect.places import Places, shared_places
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.kernels.csr import KEEP_SLACK
from graphflow.ledger import Codes
from graphflow.words import count, named, percent, shown, span

Longs = npt.NDArray[np.int64]

_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class DeviceRing:
    """Accounts that pay from the same device or address.

    What it sees
        The ledger's `device` and `ip` tell where the payer was. Two accounts are linked when both pay from one value
        (self-transfers left out); accounts that links hold together are a ring, with at least `min_accounts`. Empty,
        invalid and private values link nobody: 10/8, 172.16/12, 192.168/16, 100.64/10, 127/8, link-local and the like
        in both versions of IP, all zeros, all ones, "unknown". Nor does a value of more than `most_accounts` accounts:
        that is a public network or a gateway. MAC addresses are the same however they are written. Cited are the
        payments that ring accounts made from the values they share. A ledger without these columns gives nothing.
    Measures
        accounts, places (values that link them), payments, exclusive_share (of the ring's payments that name a device
        or an address, those from the shared ones), inside (ring accounts that pay or are paid by another one, in the
        cited payments), same_payee (most ring accounts that pay one account outside), funded_share (of the value
        paid, what had come in within `dwell` before, first in first out).
    When it is fooled
        A family has one telephone and one router, a shop's accounts one till, a small firm one computer. So a ring
        alone stays at review, and so does a pair whatever else it does. `high` needs `high_accounts` that pay from
        nearly nowhere else, and either most of the money just received, or `large` accounts half of which pay one
        another. Operators with a device for each account hide.
    Parameters
        min_accounts      2; high_accounts: 3; large: 5
        most_accounts     20 accounts of one value
        exclusive_share   0.50 of the payments that name a place
        funded_share      0.80 of the value within dwell: 24 hours
        most_members      100 accounts; a larger ring is a chain of chances, not reported, and said so
        most_rings        500, the largest first; how many more there are is said
    Source
        FATF, Egmont Group and INTERPOL, "Illicit Financial Flows from Cyber-Enabled Fraud" (2023): one address or
        device on many accounts. Two accounts and outward payments alone are investigators' practice; the caps are
        judgement.

    Example
    -------
    >>> DeviceRing(most_accounts=10).min_accounts
    2
    """

    name: ClassVar[str] = "device-ring"

    min_accounts: int = threshold(2, "accounts", "practice of investigators")
    high_accounts: int = threshold(3, "accounts", "judgement; two may be a family")
    large: int = threshold(5, "accounts", "judgement")
    most_accounts: int = threshold(20, "accounts", "judgement")
    exclusive_share: float = threshold(0.50, "share", "judgement")
    funded_share: float = threshold(0.80, "share", "RUSI and Lloyds 2025: above 0.85 on average")
    dwell: timedelta = threshold(timedelta(hours=24), "duration", "RUSI and Lloyds 2025")
    most_members: int = threshold(100, "accounts", "judgement")
    most_rings: int = threshold(500, "rings", "judgement")

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first cited payment."""
        flow = graph.flow
        places = shared_places(flow, self.most_accounts)
        notes = list(places.notes)
        if places.payer.size:
            rings, left_out = self._rings(flow, places)
            notes += left_out
            yield from self._findings(flow, places, rings)
        return tuple(notes)

    def _rings(self, flow: Flow, places: Places) -> tuple[Longs, list[str]]:
        """The ring of each payment of `places` (its smallest account; -1: none), and what was left out, in words."""
        ring = _components(places.payer, places.place, flow.account_count)
        members = np.bincount(ring[np.unique(places.payer)], minlength=flow.account_count)
        crowd, enough = members > self.most_members, members >= self.min_accounts
        candidates = np.flatnonzero(enough & ~crowd)
        worth = np.bincount(ring[places.payer], flow.value[places.event], flow.account_count)
        best = candidates[np.lexsort((candidates, -worth[candidates], -members[candidates]))]
        chosen = np.zeros(flow.account_count, np.bool_)
        chosen[best[: self.most_rings]] = True
        notes = []
        if crowd.any():
            notes.append(f"{count(int(crowd.sum()), 'ring')} of more than {self.most_members} accounts not reported")
        if best.size > self.most_rings:
            notes.append(
                f"{count(best.size - self.most_rings, 'ring')} after the {self.most_rings} largest not reported"
            )
        mine = ring[places.payer]
        return np.where(chosen[mine], mine, -1), notes

    def _findings(self, flow: Flow, places: Places, rings: Longs) -> Iterator[Finding]:
        made = np.bincount(flow.payer[places.named], minlength=flow.account_count)
        for mine in _groups(rings):
            yield self._finding(flow, self._described(flow, places, mine, made))

    def _described(self, flow: Flow, places: Places, mine: Longs, made: Longs) -> _Ring:
        """Facts of one ring from its positions in `places`; made: payments of each account that name a place."""
        events, accounts = np.unique(places.event[mine]), np.unique(places.payer[mine])
        payer, payee = flow.payer[events], flow.payee[events]
        inside = np.isin(payee, accounts)
        outward = np.unique(np.stack([payee[~inside], payer[~inside]]), axis=1)[0]
        links = np.unique(np.stack([places.place[mine], places.payer[mine]]), axis=1)[0]
        place, users = np.unique(links, return_counts=True)
        order = np.lexsort((place, -users))
        sums = totals(flow, events, np.zeros(1, np.int64))
        value = int(flow.value[events].sum())
        return _Ring(
            events=events,
            accounts=accounts,
            places=[(places.names[p], n) for p, n in zip(place[order].tolist(), users[order].tolist(), strict=True)],
            exclusive=events.size / int(made[accounts].sum()),
            inside=int(np.unique(np.concatenate([payer[inside], payee[inside]])).size),
            same_payee=int(np.unique(outward, return_counts=True)[1].max(initial=0)),
            funded=int(flow.lots(self.dwell).funded[events].sum()) / max(1, value),
            amount=int(sums.amount[0]),
            currency=sums.currency[0],
            rough=bool(sums.rough[0]),
        )

    def _finding(self, flow: Flow, ring: _Ring) -> Finding:
        names = tuple(flow.names.gather(ring.accounts).to_list())
        told = ", ".join(f"{shown(place, 48)} ({users} accounts)" for place, users in ring.places[:_TOLD])
        more = f" and {count(len(ring.places) - _TOLD, 'more place')}" if len(ring.places) > _TOLD else ""
        return Finding(
            detector=self.name,
            accounts=names,
            rows=flow.ledger_rows(ring.events),
            ledger=flow.ledger,
            amount=ring.amount,
            currency=ring.currency,
            measures={
                "accounts": len(names),
                "places": len(ring.places),
                "payments": int(ring.events.size),
                "exclusive_share": round(ring.exclusive, 4),
                "inside": ring.inside,
                "same_payee": ring.same_payee,
                "funded_share": round(ring.funded, 4),
            },
            parts=tuple(self._parts(ring)),
            reason=f"{count(len(names), 'account')} with {named(names[0])} pay from the same place: {told}{more}",
        )

    def _parts(self, ring: _Ring) -> Iterator[Part]:
        number = int(ring.accounts.size)
        apart = ring.exclusive >= KEEP_SLACK * self.exclusive_share
        sure = apart and number >= self.high_accounts and not ring.rough
        sentence = f"{count(number, 'account')} make {percent(ring.exclusive)} of their payments from places they share"
        yield Part("device", round(min(3.0, log2(number)), 3) if apart else 0.5, sentence, decisive=sure)
        if ring.inside:
            many = sure and number >= self.large and 2 * ring.inside >= number
            yield Part("structure", 1.0, f"{ring.inside} of {number} accounts pay one another", decisive=many)
        elif ring.same_payee > 1:
            yield Part("structure", 0.5, f"{ring.same_payee} of {number} accounts pay the same account")
        if ring.funded >= KEEP_SLACK * self.funded_share:
            sentence = f"{percent(ring.funded)} of the money had come in within {span(self.dwell)} before"
            yield Part("conservation", 2.0, sentence, decisive=sure)


class _Ring(NamedTuple):
    """Facts of a ring; places: what links its accounts, and how many each, most first."""

    events: Codes
    accounts: Codes
    places: list[tuple[str, int]]
    exclusive: float
    inside: int
    same_payee: int
    funded: float
    amount: int
    currency: str
    rough: bool


def _components(account: Codes, place: Longs, accounts: int) -> Longs:
    """Per account, the smallest account that places connect it with (itself when none does)."""
    label = np.arange(accounts)
    while True:
        least = np.full(int(place.max()) + 1, accounts)
        np.minimum.at(least, place, label[account])
        lower = label.copy()
        np.minimum.at(lower, account, least[place])
        lower = lower[lower]  # a label is an account of the same ring: its own label is as good, and smaller
        if np.array_equal(lower, label):
            return label
        label = lower


def _groups(rings: Longs) -> Iterator[Longs]:
    """Positions of each ring, rings by their first position; those of ring -1 left out."""
    order = np.argsort(rings, kind="stable")
    order = order[np.searchsorted(rings[order], 0) :]
    groups = np.split(order, np.flatnonzero(np.diff(rings[order])) + 1) if order.size else []
    yield from sorted(groups, key=lambda group: int(group[0]))
