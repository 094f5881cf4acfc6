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
from graphflow.detect.cuts import ByPlaces
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
        most_rings        300, the largest first; how many more there are is said
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
    most_rings: int = threshold(300, "rings", "judgement")

    def cut(self) -> ByPlaces:
        """Accounts that pay from the same places."""
        return ByPlaces()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by time of the first cited payment."""
        flow = graph.flow
        places = shared_places(flow, self.most_accounts)
        ring, left_out = self._rings(flow, places)
        for found in _described(flow, places, ring, flow.lots(self.dwell).funded) if (ring >= 0).any() else ():
            yield self._finding(flow, found)
        return (*places.notes, *left_out)

    def _rings(self, flow: Flow, places: Places) -> tuple[Longs, list[str]]:
        """The ring of each account (its smallest account; -1: none), and what was left out, in words."""
        ring = _components(places, flow.account_count)
        users = np.unique(places.payer)
        members = np.bincount(ring[users], minlength=flow.account_count)
        crowds = int((members > self.most_members).sum())
        candidates = np.flatnonzero((members >= max(2, self.min_accounts)) & (members <= self.most_members))
        worth = np.bincount(ring[flow.payer[places.events]], flow.value[places.events], flow.account_count)
        best = candidates[np.lexsort((candidates, -worth[candidates], -members[candidates]))]
        more = best.size - self.most_rings
        chosen = np.zeros(flow.account_count, np.bool_)
        chosen[best[: self.most_rings]] = True
        notes = []
        if crowds:
            notes.append(f"{count(crowds, 'ring')} of more than {self.most_members} accounts not reported")
        if more > 0:
            notes.append(f"{count(more, 'ring')} after the {self.most_rings} largest not reported")
        return np.where(chosen[ring], ring, -1) if ring.size else ring, notes

    def _finding(self, flow: Flow, ring: _Ring) -> Finding:
        names = ring.accounts
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
            reason=f"{count(len(names), 'account')} with {named(names[0])} share where they pay from: {told}{more}",
        )

    def _parts(self, ring: _Ring) -> Iterator[Part]:
        number = len(ring.accounts)
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
    accounts: tuple[str, ...]
    places: list[tuple[str, int]]
    exclusive: float
    inside: int
    same_payee: int
    funded: float
    amount: int
    currency: str
    rough: bool


def _components(places: Places, accounts: int) -> Longs:
    """Per account, the smallest account that places connect it with (itself when none does)."""
    label = np.arange(accounts)
    while places.payer.size:
        least = np.full(len(places.names), accounts)
        np.minimum.at(least, places.place, label[places.payer])
        lower = label.copy()
        np.minimum.at(lower, places.payer, least[places.place])
        lower = lower[lower]  # a label is an account of the same ring: its own label is as good, and smaller
        if np.array_equal(lower, label):
            break
        label = lower
    return label


def _described(flow: Flow, places: Places, ring: Longs, funded: Longs) -> Iterator[_Ring]:
    """The rings by their first payment, facts of all of them worked out at once.

    ring  per account, its ring; -1: none
    """
    own = ring[flow.payer[places.events]]
    events = places.events[own >= 0]
    own = own[own >= 0]
    order = np.argsort(own, kind="stable")
    events, own = events[order], own[order]
    starts = np.flatnonzero(np.diff(own, prepend=-1))
    rings = own[starts]
    sums = totals(flow, events, starts)
    value, paid_on = np.add.reduceat(flow.value[events], starts), np.add.reduceat(funded[events], starts)
    made = np.zeros(flow.account_count, np.int64)
    np.add.at(made, ring[flow.payer[places.named]], 1)  # those of no ring count at the end, where no ring is asked for
    inside, same_payee = _between(flow, events, ring)
    accounts = np.unique(places.payer[ring[places.payer] >= 0])
    accounts = accounts[np.argsort(ring[accounts], kind="stable")]
    ends = np.cumsum(np.bincount(ring[accounts], minlength=flow.account_count)[rings])
    members, names = np.split(accounts, ends), flow.names.gather(accounts).to_list()
    linked = _links(places, ring)
    cited = np.split(events, starts[1:])
    for k in np.argsort(events[starts]).tolist():
        code = int(rings[k])
        yield _Ring(
            events=cited[k],
            accounts=tuple(names[ends[k] - members[k].size : ends[k]]),
            places=linked[code],
            exclusive=cited[k].size / int(made[code]),
            inside=int(inside[code]),
            same_payee=int(same_payee[code]),
            funded=int(paid_on[k]) / max(1, int(value[k])),
            amount=int(sums.amount[k]),
            currency=sums.currency[k],
            rough=bool(sums.rough[k]),
        )


def _between(flow: Flow, events: Codes, ring: Longs) -> tuple[Longs, Longs]:
    """Per ring, how many of its accounts pay or are paid by another one, and most of them that pay one outsider."""
    payer, payee = flow.payer[events], flow.payee[events]
    within = ring[payer] == ring[payee]
    dealing = np.unique(np.concatenate([payer[within], payee[within]]))
    outward = np.unique(np.stack([ring[payer], payee, payer])[:, ~within], axis=1)
    pairs, payers = np.unique(outward[:2], axis=1, return_counts=True)
    most = np.zeros(flow.account_count, np.int64)
    np.maximum.at(most, pairs[0], payers)
    return np.bincount(ring[dealing], minlength=flow.account_count), most


def _links(places: Places, ring: Longs) -> dict[int, list[tuple[str, int]]]:
    """Ring → its places with the number of accounts of each, most first."""
    mine = ring[places.payer] >= 0
    found, first, users = np.unique(places.place[mine], return_index=True, return_counts=True)
    columns = users.tolist(), found.tolist(), ring[places.payer[mine][first]].tolist()
    linked: dict[int, list[tuple[str, int]]] = {}
    for number, place, code in sorted(zip(*columns, strict=True), key=lambda link: (-link[0], link[1])):
        linked.setdefault(code, []).append((places.names[place], number))
    return linked
