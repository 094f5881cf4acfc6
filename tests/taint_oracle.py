"""Slow and obvious counterpart of the taint rules: plain Python, whole numbers and fractions, no code of graphflow's.

A pot is one account in one currency. An event moves `paid` out of the payer's pot and `received` into the payee's.
Money in a pot lies in lots, each with its owner: 0 for clean money, v for what victim v lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple


class Event(NamedTuple):
    """One transfer between pots, in ledger order; owner: the victim whose reported payment it is, or 0."""

    payer: int
    payee: int
    paid: int
    received: int
    owner: int = 0


class Movements(NamedTuple):
    """What happened: events, and for each pot the clean money before them and whether the trail ends there."""

    events: Sequence[Event]
    opening: Sequence[int]
    stopped: Sequence[bool]

    @property
    def victims(self) -> int:
        """The greatest number of a victim."""
        return max((event.owner for event in self.events), default=0)


Slice = tuple[int, int]
"""An owner and an amount."""
Lots = list[Slice]
Take = Callable[[Lots, int], tuple[Lots, Lots]]
"""What of the lots makes up an amount, in the order taken, and the lots left."""


class Traced(NamedTuple):
    """What one rule says: by (event, owner), by (pot, owner), by owner. Clean money and zeros are not listed."""

    carried: dict[tuple[int, int], int]
    held: dict[tuple[int, int], int]
    absorbed: dict[int, int]


class Bounded(NamedTuple):
    """Certain and at most, by (event, owner) and by (pot, owner); the owner after the last victim is all of them."""

    carried: dict[tuple[int, int], tuple[int, int]]
    held: dict[tuple[int, int], tuple[int, int]]


# --- lots -----------------------------------------------------------------------------------------


def total(lots: Iterable[Slice]) -> int:
    """The amounts of all lots."""
    return sum(amount for _, amount in lots)


def filled(lots: Iterable[Slice]) -> Lots:
    """The lots that are not empty."""
    return [(owner, amount) for owner, amount in lots if amount > 0]


def apportioned(amount: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of an amount in proportion to weights: rounded down, then one more to the largest remainders."""
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % whole))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def first(lots: Lots, amount: int, order: Iterable[int] | None = None) -> tuple[Lots, Lots]:
    """Lots taken one after the other, in an order of their positions; what is left stays where it was."""
    left, taken = list(lots), []
    for i in order if order is not None else range(len(lots)):
        owner, size = left[i]
        part = min(size, amount - total(taken))
        taken.append((owner, part))
        left[i] = owner, size - part
    return filled(taken), filled(left)


def own_money(lots: Lots, amount: int) -> tuple[Lots, Lots]:
    """What a victim's reported payment uses up: clean lots, then the others, each kind first in first out."""
    clean = [i for i, (owner, _) in enumerate(lots) if owner == 0]
    others = [i for i, (owner, _) in enumerate(lots) if owner != 0]
    return first(lots, amount, clean + others)


def fifo(lots: Lots, amount: int) -> tuple[Lots, Lots]:
    """From the first lot on."""
    return first(lots, amount)


def lifo(lots: Lots, amount: int) -> tuple[Lots, Lots]:
    """From the last lot on."""
    return first(lots, amount, reversed(range(len(lots))))


def own_first(lots: Lots, amount: int) -> tuple[Lots, Lots]:
    """All clean money as one lot, then the others first in first out."""
    clean = total(lot for lot in lots if lot[0] == 0)
    return first([(0, clean), *(lot for lot in lots if lot[0] != 0)], amount)


def pro_rata(lots: Lots, amount: int) -> tuple[Lots, Lots]:
    """The same share of each owner's money."""
    if total(lots) <= amount:
        return lots, []
    parts = apportioned(amount, [size for _, size in lots])
    taken = [(owner, part) for (owner, _), part in zip(lots, parts, strict=True)]
    left = [(owner, size - part) for (owner, size), part in zip(lots, parts, strict=True)]
    return filled(taken), filled(left)


def by_owner(lots: Iterable[Slice]) -> Lots:
    """One lot for each owner, clean money first."""
    sums: dict[int, int] = defaultdict(int)
    for owner, amount in lots:
        sums[owner] += amount
    return filled(sorted(sums.items()))


EXACT: dict[str, Take] = {"fifo": fifo, "lifo": lifo, "own_first": own_first, "pro_rata": pro_rata}


# --- exact rules ----------------------------------------------------------------------------------


def converted(slices: Lots, event: Event) -> Lots:
    """What arrives of the slices of a payment: apportioned among owners, an owner's units to his slices in order."""
    if event.received == event.paid:
        return slices
    sums = by_owner(slices)
    parts = apportioned(event.received, [amount for _, amount in sums])
    arrived = []
    for i, (owner, _) in enumerate(slices):
        until = total(lot for lot in slices[: i + 1] if lot[0] == owner)
        before = total(lot for lot in slices[:i] if lot[0] == owner)
        units, whole = next((units, whole) for units, (o, whole) in zip(parts, sums, strict=True) if o == owner)
        arrived.append((owner, until * units // whole - before * units // whole))
    return filled(arrived)


def moves(event: Event) -> bool:
    """Whether an event moves anything: a transfer to oneself and one of nothing do not."""
    return event.paid > 0 and (event.payer != event.payee or event.owner > 0)


def traced(movements: Movements, rule: str) -> Traced:
    """Every event in ledger order under one of the exact rules."""
    pots: list[Lots] = [filled([(0, opening)]) for opening in movements.opening]
    carried: dict[tuple[int, int], int] = {}
    absorbed: dict[int, int] = defaultdict(int)
    for k, event in enumerate(movements.events):
        if not moves(event):
            continue
        if event.owner > 0:
            used_up, pots[event.payer] = own_money(pots[event.payer], event.paid)
            for owner, amount in used_up:
                if owner > 0:
                    absorbed[owner] += amount
            slices = [(event.owner, event.paid)]
        elif movements.stopped[event.payer]:
            slices = [(0, event.paid)]
        else:
            slices, pots[event.payer] = EXACT[rule](pots[event.payer], event.paid)
            slices = filled([*slices, (0, event.paid - total(slices))])
        pots[event.payee] = pots[event.payee] + converted(slices, event)
        if rule == "pro_rata":
            pots[event.payee] = by_owner(pots[event.payee])
        carried |= {(k, owner): amount for owner, amount in by_owner(slices) if owner > 0}
    held = {(pot, owner): amount for pot, lots in enumerate(pots) for owner, amount in by_owner(lots) if owner > 0}
    return Traced(carried, held, dict(absorbed))


# --- poison and bounds ----------------------------------------------------------------------------


def poison(movements: Movements) -> Traced:
    """Any contact taints all that a pot pays from then on, whatever arrived; what is held is not told apart."""
    poisoned: list[set[int]] = [set() for _ in movements.opening]
    carried: dict[tuple[int, int], int] = {}
    for k, event in enumerate(movements.events):
        if not moves(event):
            continue
        if event.owner > 0:
            owners = {event.owner}
        elif movements.stopped[event.payer]:
            owners = set()
        else:
            owners = poisoned[event.payer]
        poisoned[event.payee] |= owners
        carried |= {(k, owner): event.paid for owner in owners}
    return Traced(carried, {}, {})


def bounds(movements: Movements) -> Bounded:
    """What of each victim, and of all, is certainly and at most in each payment and each pot."""
    everyone = movements.victims + 1
    carried: dict[tuple[int, int], tuple[int, int]] = {}
    held: dict[tuple[int, int], tuple[int, int]] = {}
    for owner in range(1, everyone + 1):
        mine = [event.owner > 0 if owner == everyone else event.owner == owner for event in movements.events]
        payments, pots = _bounds_of(movements, mine)
        carried |= {(k, owner): pair for k, pair in payments.items() if pair[1] > 0}
        held |= {(pot, owner): pair for pot, pair in enumerate(pots) if pair[1] > 0}
    return Bounded(carried, held)


def _bounds_of(movements: Movements, mine: Sequence[bool]) -> tuple[dict[int, tuple[int, int]], list[tuple[int, int]]]:
    """The bounds of the money that these reported payments brought."""
    balance = list(movements.opening)
    low, high = [0] * len(balance), [0] * len(balance)
    payments: dict[int, tuple[int, int]] = {}
    for k, event in enumerate(movements.events):
        if not moves(event):
            continue
        a, b = event.payer, event.payee
        certain = at_most = 0
        if event.owner > 0 or not movements.stopped[a]:
            t = min(event.paid, balance[a])
            certain, at_most = max(0, t - (balance[a] - low[a])), min(t, high[a])
            low[a], high[a], balance[a] = max(0, low[a] - t), min(high[a], balance[a] - t), balance[a] - t
        if event.owner > 0:
            certain = at_most = event.paid if mine[k] else 0
        payments[k] = certain, at_most
        balance[b] += event.received
        low[b] += certain * event.received // event.paid
        high[b] += -(-at_most * event.received // event.paid)
    return payments, list(zip(low, high, strict=True))


def answer(movements: Movements, rule: str) -> Traced | Bounded:
    """What a rule, poison or bounds say."""
    if rule == "bounds":
        return bounds(movements)
    return poison(movements) if rule == "poison" else traced(movements, rule)


# --- without rounding -----------------------------------------------------------------------------


def unrounded(movements: Movements) -> dict[tuple[int, int], Fraction]:
    """What pro rata gives by (event, owner) where no victim pays out of tainted money and nothing is ever rounded."""
    pots: list[dict[int, Fraction]] = [{0: Fraction(opening)} for opening in movements.opening]
    carried: dict[tuple[int, int], Fraction] = {}
    for k, event in enumerate(movements.events):
        if not moves(event):
            continue
        pot = pots[event.payer]
        whole = sum(pot.values())
        share = min(Fraction(1), event.paid / whole) if whole else Fraction(0)
        moved = {owner: amount * share for owner, amount in pot.items()}
        if event.owner == 0 and movements.stopped[event.payer]:
            moved = {}
        for owner, amount in moved.items():
            pot[owner] -= amount
        moved[0] = moved.get(0, Fraction(0)) + event.paid - sum(moved.values())
        if event.owner > 0:
            moved = {event.owner: Fraction(event.paid)}
        for owner, amount in moved.items():
            pots[event.payee][owner] = pots[event.payee].get(owner, Fraction(0)) + amount * event.received / event.paid
        carried |= {(k, owner): amount for owner, amount in moved.items() if owner > 0 and amount > 0}
    return carried
