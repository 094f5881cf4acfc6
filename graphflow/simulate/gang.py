"""The trail of one telecom fraud: victims → three tiers → cash and exchange, in minutes, with little left behind.

Every account of the trail passes on what it holds in one go (a *sweep*) some minutes after a receipt; receipts
that come before the sweep are merged in it, and a sweep is split over several accounts of the next tier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from graphflow.simulate.book import DAY, HOUR, MINUTE, Book, Longs, Note
from graphflow.simulate.town import Town

_SIZES = {"tier_1": 8, "tier_2": 16, "tier_3": 30, "cash_out": 6, "otc": 2, "controller": 1}
_TITLES = {
    "tier_1": "Collecting Account", "tier_2": "Splitting Account", "tier_3": "Passing Account",
    "cash_out": "Withdrawing Account", "otc": "Exchange Desk", "controller": "Controlling Account",
}  # fmt: skip
_COMMISSION = 0.02
_FLIGHT = 3


@dataclass
class Gang:
    """Codes by tier, and what is known of the trail when it is written."""

    victims: Longs
    tiers: dict[str, Longs]
    cycle: tuple[int, ...] = ()
    held: dict[int, int] = field(default_factory=dict)
    due: dict[int, list[int]] = field(default_factory=dict)
    parent: dict[int, int] = field(default_factory=dict)

    @property
    def in_flight(self) -> Longs:
        """The accounts of tier 3 where money still is at the end."""
        return self.tiers["tier_3"][-_FLIGHT:]


def add_gang(book: Book, town: Town) -> Gang:
    """Open the accounts of the trail and let the money run."""
    tiers = {
        tier: book.open("person", [f"{_TITLES[tier]} {k:02}" for k in range(1, number + 1)], role=f"gang:{tier}")
        for tier, number in _SIZES.items()
    }
    gang = Gang(victims=town.victims, tiers=tiers)
    book.roles.update(dict.fromkeys(gang.victims.tolist(), "gang:victim"))
    _share_devices(book, gang)
    _turn_round(book, gang)
    first = _collect(book, gang)
    _sweep_all(book, town, gang, first)
    _commissions(book, gang)
    _note_patterns(book, gang)
    return gang


def _share_devices(book: Book, gang: Gang) -> None:
    """Three operators, each with one device and one address for the accounts they hold."""
    for tier in ("tier_1", "tier_2", "tier_3"):
        for k, code in enumerate(gang.tiers[tier].tolist()):
            book.devices[code] = (f"198.51.100.{k % 3 + 11}", f"D90000{k % 3 + 1:02}")


def _turn_round(book: Book, gang: Gang) -> None:
    """Before the first victim: one sum goes round four accounts of tier 3."""
    ring = gang.tiers["tier_3"][:4]
    gaps = book.rng.integers(15 * MINUTE, 50 * MINUTE, 4)
    fen = np.rint(book.fen(20_000, 40_000)[0] * 0.985 ** np.arange(4)).astype(np.int64)
    time = 14 * HOUR + np.cumsum(gaps)
    positions = book.pay(time, ring, np.roll(ring, -1), fen, memo="transfer", label="gang:cycle")
    gang.cycle = tuple(positions.tolist())
    book.patterns.append(Note("cycle", tuple(ring.tolist()), gang.cycle))


# --- victims ---------------------------------------------------------------------------------------


def _collect(book: Book, gang: Gang) -> list[tuple[int, int, int, int]]:
    """Victims' payments (time, payee, fen, position): five victims an account, on one day each."""
    receipts = []
    for k, account in enumerate(gang.tiers["tier_1"].tolist()):
        last = k == _SIZES["tier_1"] - 1
        day = 1 + k * (book.days - 2) // (_SIZES["tier_1"] - 1)
        begin = day * DAY + (18 if last else 9) * HOUR
        for victim in gang.victims[k::8].tolist():
            for time, fen in _payments(book, begin, 2 * HOUR if last else 8 * HOUR):
                position = int(book.pay(time, victim, account, fen, memo="safe account", label="gang:collect")[0])
                receipts.append((time, account, fen, position))
    return receipts


def _payments(book: Book, begin: int, length: int) -> Iterator[tuple[int, int]]:
    """One payment, or for one victim in four up to three, each larger than the one before."""
    number = int(book.rng.integers(2, 4)) if book.rng.random() < 0.25 else 1
    times = np.sort(begin + book.rng.integers(0, length, number))
    fen = int(book.fen(3_000, 60_000)[0])
    for k, time in enumerate(times.tolist()):
        yield time, fen * (k + 1) + k * 100_000


# --- passing on ------------------------------------------------------------------------------------


def _sweep_all(book: Book, town: Town, gang: Gang, first: list[tuple[int, int, int, int]]) -> None:
    """Receipts and sweeps in time order, until nothing is due or the run is over."""
    events: list[tuple[int, int, int, int]] = []
    for receipt in first:
        heappush(events, receipt)
    end = book.days * DAY
    while events:
        time, account, fen, position = heappop(events)
        if fen:
            _receive(book, gang, events, (time, account, fen, position))
        else:
            for sent in _sweep(book, town, gang, account, time):
                if sent[0] < end:
                    heappush(events, sent)


def _receive(
    book: Book, gang: Gang, events: list[tuple[int, int, int, int]], receipt: tuple[int, int, int, int]
) -> None:
    time, account, fen, position = receipt
    gang.held[account] = gang.held.get(account, 0) + fen
    waiting = gang.due.setdefault(account, [])
    if not waiting and account not in gang.in_flight and account in _movers(gang):
        heappush(events, (time + _wait(book), account, 0, -1))
    waiting.append(position)


def _movers(gang: Gang) -> set[int]:
    return {code for tier in ("tier_1", "tier_2", "tier_3", "cash_out") for code in gang.tiers[tier].tolist()}


def _wait(book: Book) -> int:
    """Seconds until a sweep: 1 to 15 minutes, one time in twelve up to 60."""
    if book.rng.random() < 1 / 12:
        return int(book.rng.integers(15 * MINUTE, 60 * MINUTE))
    return int(book.rng.integers(1 * MINUTE, 15 * MINUTE))


def _sweep(book: Book, town: Town, gang: Gang, account: int, time: int) -> list[tuple[int, int, int, int]]:
    """Pay on what is held, but for a fee of 0.2 to 1.5 %; the receipts that this makes."""
    held, waiting = gang.held.pop(account), gang.due.pop(account)
    total = int(held * (1 - book.rng.uniform(0.002, 0.015)))
    payees, label = _next(book, town, gang, account)
    share = book.rng.dirichlet(np.full(payees.size, 6.0))
    parts = np.floor(share * total).astype(np.int64)
    parts[0] += total - parts.sum()
    times = time + np.cumsum(book.rng.integers(10, 90, payees.size))
    positions = book.pay(times, account, payees, parts, channel=_channel(label), memo="transfer", label=label)
    gang.parent.update(dict.fromkeys(positions.tolist(), waiting[0]))
    return list(zip(times.tolist(), payees.tolist(), parts.tolist(), positions.tolist(), strict=True))


def _channel(label: str) -> str:
    return "atm" if label == "gang:withdraw" else "app"


def _next(book: Book, town: Town, gang: Gang, account: int) -> tuple[Longs, str]:
    """Whom an account pays: some of a few accounts of the next tier that it always uses."""
    tiers, rng = gang.tiers, book.rng
    moving = tiers["tier_3"][:-_FLIGHT]
    if account in tiers["tier_1"]:
        k = account - int(tiers["tier_1"][0])
        return tiers["tier_2"][2 * k : 2 * k + 2], "gang:split"
    if account in tiers["tier_2"][-2:]:
        return gang.in_flight, "gang:split"
    if account in tiers["tier_2"]:
        k = account - int(tiers["tier_2"][0])
        return moving[(2 * k + rng.permutation(5)[:3]) % moving.size], "gang:split"
    if account in tiers["tier_3"]:
        return rng.choice(np.concatenate([tiers["cash_out"], tiers["otc"]]), 1), "gang:gather"
    return rng.choice(town.atms, 1), "gang:withdraw"


def _commissions(book: Book, gang: Gang) -> None:
    """The exchange desks pay 2 % of what the trail collected to the controller, in the night after."""
    blocks = np.concatenate(book.numbers, axis=1)
    collected = blocks[:, np.isin(blocks[2], gang.tiers["tier_1"])]
    for day in np.unique(collected[0] // DAY).tolist():
        if day + 1 >= book.days:
            continue
        total = int(collected[3, collected[0] // DAY == day].sum())
        time = (day + 1) * DAY + int(book.rng.integers(1, 3 * HOUR))
        desk, controller = gang.tiers["otc"][day % 2], gang.tiers["controller"][0]
        book.pay(time, desk, controller, round(total * _COMMISSION), memo="share", label="gang:commission")


# --- truth -----------------------------------------------------------------------------------------


def _note_patterns(book: Book, gang: Gang) -> None:
    blocks = np.concatenate(book.numbers, axis=1)
    for account in gang.tiers["tier_1"].tolist():
        received = np.flatnonzero(blocks[2] == account)
        order = received[np.argsort(blocks[0, received], kind="stable")]
        book.patterns.append(Note("fan-in", (account,), tuple(order.tolist())))
    for way in _ways(gang):
        between = tuple(blocks[1, list(way[1:])].tolist())
        book.patterns.append(Note("mule-chain", between, way))


def _ways(gang: Gang) -> Iterator[tuple[int, ...]]:
    """For each victim's payment that opened a sweep, one way of its money as far as it went."""
    last = {position: position for position in gang.parent}
    for position in sorted(gang.parent.values()):
        last.pop(position, None)
    seen = set()
    for end in sorted(last):
        way = [end]
        while way[0] in gang.parent:
            way.insert(0, gang.parent[way[0]])
        if way[0] not in seen and len(way) > 2:
            seen.add(way[0])
            yield tuple(way)
