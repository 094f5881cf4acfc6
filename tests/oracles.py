"""Slow and obvious counterparts of the kernels and detectors: plain Python, exact numbers, no code of graphflow's.

Transfers are a list in ledger order; a transaction is its position in that list. "Later" is a greater position.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple


class Transfer(NamedTuple):
    """One transfer with account names or numbers, and its time and value as whole numbers."""

    payer: object
    payee: object
    time: int
    value: int


def in_ledger_order(rows: Iterable[Sequence[object]]) -> list[Transfer]:
    """Rows (payer, payee, time, value, …) sorted by time; ties stay as written."""
    transfers = [Transfer(*row[:4]) for row in rows]  # type: ignore[arg-type]
    return sorted(transfers, key=lambda t: t.time)


# --- cycles ---------------------------------------------------------------------------------------

Way = tuple[int, ...]


def cycles(transfers: list[Transfer], *, max_hops: int, window: int, keep: Fraction) -> list[Way]:
    """Every simple temporal cycle, as the transactions of its hops."""
    found: list[Way] = []
    for first, start in enumerate(transfers):
        if start.payer != start.payee:
            found += _closing((first,), transfers, max_hops, window, keep)
    return found


def _closing(way: Way, transfers: list[Transfer], max_hops: int, window: int, keep: Fraction) -> Iterator[Way]:
    first, last = transfers[way[0]], transfers[way[-1]]
    if last.payee == first.payer:
        yield way
        return
    if len(way) == max_hops:
        return
    visited = {transfers[k].payee for k in way}
    for k in range(way[-1] + 1, len(transfers)):
        hop = transfers[k]
        near = hop.time - first.time <= window
        kept = keep * first.value <= hop.value and keep * hop.value <= first.value
        if near and kept and hop.payer == last.payee and hop.payee not in visited:
            yield from _closing((*way, k), transfers, max_hops, window, keep)


def accounts_of(way: Way, transfers: list[Transfer]) -> tuple[object, ...]:
    """Who pays at each hop."""
    return tuple(transfers[k].payer for k in way)


def bundled(ways: Iterable[Way], transfers: list[Transfer]) -> dict[tuple[int, tuple[object, ...]], list[Way]]:
    """Cycles by first transaction and account sequence."""
    bundles: dict[tuple[int, tuple[object, ...]], list[Way]] = defaultdict(list)
    for way in ways:
        bundles[way[0], accounts_of(way, transfers)].append(way)
    return dict(bundles)


def kept(way: Way, transfers: list[Transfer]) -> Fraction:
    """Smallest value over largest."""
    values = [transfers[k].value for k in way]
    return Fraction(min(values), max(values)) if max(values) else Fraction(0)


def cycle_groups(transfers: list[Transfer], *, max_hops: int, window: int, keep: Fraction) -> list[list[Way]]:
    """Cycles over the same accounts whose times overlap, by first transaction."""
    groups: list[tuple[frozenset[object], list[Way]]] = []
    for way in sorted(cycles(transfers, max_hops=max_hops, window=window, keep=keep)):
        accounts = frozenset(accounts_of(way, transfers))
        latest = next((group for same, group in reversed(groups) if same == accounts), None)
        begins = transfers[way[0]].time
        # cycles of one first transaction belong to one bundle, whose end is that of its latest cycle
        if latest is not None and begins <= max(transfers[other[-1]].time for other in latest):
            latest.append(way)
        else:
            groups.append((accounts, [way]))
    return [group for _, group in groups]


# --- fans -----------------------------------------------------------------------------------------


class Episode(NamedTuple):
    """Transactions of an account in one direction; most distinct other ends at once."""

    account: object
    transactions: list[int]
    peak: int


def episodes(transfers: list[Transfer], *, receiving: bool, window: int, minimum: int) -> list[Episode]:
    """Unions of overlapping hot windows, by account (in order of first transaction) and time."""
    by_account: dict[object, list[int]] = defaultdict(list)
    for k, t in enumerate(transfers):
        if t.payer != t.payee:
            by_account[t.payee if receiving else t.payer].append(k)
    found = []
    for account, mine in by_account.items():
        open_: Episode | None = None
        for k in mine:
            inside = [j for j in mine if j <= k and transfers[k].time - transfers[j].time <= window]
            distinct = len({transfers[j].payer if receiving else transfers[j].payee for j in inside})
            if distinct < minimum:
                continue
            if open_ is not None and set(open_.transactions) & set(inside):
                merged = sorted({*open_.transactions, *inside})
                open_ = Episode(account, merged, max(open_.peak, distinct))
            else:
                if open_ is not None:
                    found.append(open_)
                open_ = Episode(account, inside, distinct)
        if open_ is not None:
            found.append(open_)
    return found


def one_off(transfers: list[Transfer], transactions: Iterable[int], *, window: int) -> Fraction:
    """Share of the other ends whose transfers with the account, in this direction, all lie within one window."""
    pairs = {(transfers[k].payer, transfers[k].payee) for k in transactions}
    times = {pair: [t.time for t in transfers if (t.payer, t.payee) == pair] for pair in pairs}
    return Fraction(sum(max(seen) - min(seen) <= window for seen in times.values()), len(pairs))


def widest(transfers: list[Transfer], account: object, window: int) -> int:
    """Most distinct counterparties of an account, both directions, in one window."""
    mine = [t for t in transfers if account in (t.payer, t.payee) and t.payer != t.payee]
    most = 0
    for k, last in enumerate(mine):
        inside = [t for t in mine[: k + 1] if last.time - t.time <= window]
        most = max(most, len({t.payee if t.payer == account else t.payer for t in inside}))
    return most


# --- lots -----------------------------------------------------------------------------------------


class Match(NamedTuple):
    """What a payment takes from one receipt."""

    receipt: int
    payment: int
    value: int


def matches(transfers: list[Transfer], *, dwell: int) -> list[Match]:
    """First in, first out, account by account; lots older than `dwell` are not touched any more."""
    lots: dict[object, deque[list[int]]] = defaultdict(deque)
    found = []
    for k, t in enumerate(transfers):
        if t.payer == t.payee:
            continue
        need, mine = t.value, lots[t.payer]
        while mine and need:
            receipt, left = mine[0]
            if t.time - transfers[receipt].time > dwell or not left:
                mine.popleft()
                continue
            take = min(left, need)
            found.append(Match(receipt, k, take))
            mine[0][1] -= take
            need -= take
        lots[t.payee].append([k, t.value])
    return found


def passed(found: Iterable[Match]) -> Counter[int]:
    """Per receipt, what was moved on."""
    total: Counter[int] = Counter()
    for match in found:
        total[match.receipt] += match.value
    return total


def funded(found: Iterable[Match]) -> Counter[int]:
    """Per payment, what came from lots."""
    total: Counter[int] = Counter()
    for match in found:
        total[match.payment] += match.value
    return total


def waited(found: Iterable[Match], transfers: list[Transfer], account: object) -> int:
    """Matched value of an account times the time it stayed."""
    mine = [m for m in found if transfers[m.payment].payer == account]
    return sum(m.value * (transfers[m.payment].time - transfers[m.receipt].time) for m in mine)


def links(transfers: list[Transfer], *, dwell: int, keep: Fraction, hubs: Iterable[object] = ()) -> list[Match]:
    """Matches whose receipt was passed on, and payment funded, to the share `keep`; sorted."""
    found, left_out = matches(transfers, dwell=dwell), set(hubs)
    out, into = passed(found), funded(found)
    return sorted(
        m
        for m in found
        if out[m.receipt] >= keep * transfers[m.receipt].value
        and into[m.payment] >= keep * transfers[m.payment].value
        and transfers[m.payment].payer not in left_out
    )


# --- chains ---------------------------------------------------------------------------------------


class Chains:
    """Chains over links, by the definition: shares by recursion, ways listed one by one."""

    def __init__(self, values: Sequence[int], found: list[Match], keep: Fraction, min_hops: int, max_hops: int) -> None:
        self.values, self.keep, self.min_hops, self.max_hops = values, keep, min_hops, max_hops
        self.onward: dict[int, list[Match]] = defaultdict(list)
        for link in found:
            self.onward[link.receipt].append(link)
        self.transactions = sorted({k for link in found for k in link[:2]})

    def share(self, transaction: int, hops: int) -> Fraction:
        """Share of a transaction's value that makes so many more hops."""
        if not hops:
            return Fraction(1)
        value = self.values[transaction]
        shares = (Fraction(m.value, value) * self.share(m.payment, hops - 1) for m in self.onward[transaction])
        return min(Fraction(1), sum(shares, Fraction(0)))  # more only where a receipt is both passed on and relayed

    def hops(self, transaction: int) -> int:
        """Transactions of the chain that starts here; 0 for none."""
        shares = ((h, self.share(transaction, h - 1)) for h in range(1, self.max_hops + 1))
        hops = max(h for h, share in shares if share > 0 and share >= self.keep)
        return hops if hops >= self.min_hops else 0

    def arrives(self, transaction: int) -> Fraction:
        """Share that arrives at the end of the chain that starts here; 0 for none."""
        hops = self.hops(transaction)
        return self.share(transaction, hops - 1) if hops else Fraction(0)

    def ways(self, transaction: int, more: int) -> Iterator[tuple[Match, ...]]:
        """Every way of so many links from a transaction."""
        if not more:
            yield ()
            return
        for link in self.onward[transaction]:
            for rest in self.ways(link.payment, more - 1):
                yield (link, *rest)

    def links(self) -> list[Match]:
        """Links on the ways of a chain, sorted."""
        starts = [k for k in self.transactions if self.hops(k)]
        return sorted({link for k in starts for way in self.ways(k, self.hops(k) - 1) for link in way})


def components(found: Iterable[Match]) -> list[list[Match]]:
    """Links that hang together by a transaction, by their first transaction."""
    groups: list[list[Match]] = []
    for link in sorted(found):
        touching = [g for g in groups if any({link.receipt, link.payment} & {m.receipt, m.payment} for m in g)]
        groups = [g for g in groups if g not in touching]
        groups.append(sorted([link, *(m for g in touching for m in g)]))
    return sorted(groups)


def is_way(transactions: Sequence[int], found: Iterable[Match]) -> bool:
    """Whether each transaction is linked to the next."""
    joined = {(m.receipt, m.payment) for m in found}
    return all(pair in joined for pair in pairwise(transactions))


# --- currencies that nobody exchanges ---------------------------------------------------------------


class Move(NamedTuple):
    """One transfer with what was paid and received, each with its currency."""

    payer: object
    payee: object
    time: int
    paid: int
    paid_in: str
    received: int
    received_in: str


def passed_on(moves: Sequence[Move], unknown: set[str], within: int, following: int) -> list[tuple[int, int]]:
    """Receipts and the payments that may have passed them on in another currency, one of the two unknown."""
    pairs = []
    for first, receipt in enumerate(moves):
        own = [k for k, move in enumerate(moves) if move.payer == receipt.payee != move.payee]
        if receipt.payer == receipt.payee:
            continue
        for then in [k for k in own if k > first][:following]:
            payment = moves[then]
            if (
                payment.payee != receipt.payer
                and payment.time - receipt.time <= within
                and receipt.received_in != payment.paid_in
                and {receipt.received_in, payment.paid_in} & unknown
                and receipt.received > 0
                and payment.paid > 0
            ):
                pairs.append((first, then))
    return pairs


def crowds(ratios: Sequence[float], who: Sequence[Sequence[object]], width: float) -> list[int]:
    """Per rising ratio, how many different ones of each kind are from it to `width` above; the least of the kinds."""
    return [
        min(len({kind[k] for k in range(start, len(ratios)) if ratios[k] <= low + width}) for kind in who)
        for start, low in enumerate(ratios)
    ]
