"""Movements for the taint rules that are nasty on purpose: seeded ones, and strategies that find the smallest."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from taint_oracle import Bounded, Event, Movements, Traced

SMALL = (0, 1, 1, 2, 3, 5, 7, 10)
PLAIN = (0, 1, 50, 99, 100, 100, 100, 101, 333, 1000, 500_000)
LARGE = (0, 1, 2**31 - 1, 2**31, 2**32 + 1, 2**52 + 1, 2**53 - 1, 2**53, 9_007_199_254_740_993 - 2)
SIZES = (SMALL, SMALL, PLAIN, LARGE, (*SMALL, *LARGE))


def random_movements(rng: random.Random, most: int = 30, *, one_currency: bool | None = None) -> Movements:
    """Up to so many events among 2 to 8 pots, with ties of every kind.

    one_currency  what arrives is what was paid; else mostly not (None: one case in two)
    """
    pots = list(range(rng.randint(2, 8)))
    hubs = rng.choices(pots, k=rng.choice((0, 0, 1, 2))) * 4
    sizes = rng.choice(SIZES)
    same = rng.random() < 0.5 if one_currency is None else one_currency
    currency = [0 if same else rng.randint(0, 2) for _ in pots]
    victims = rng.choice((1, 2, 3, 3, 40, 40))
    reported = rng.choice((0.1, 0.2, 0.3, 0.7))
    reached = set(pots[:1])
    events: list[Event] = []
    for _ in range(rng.randint(0, most)):
        if events and rng.random() < 0.15:
            events.append(rng.choice(events))
            continue
        payer = rng.choice(pots + hubs if rng.random() < 0.4 else sorted(reached))  # taint is to be moved on
        payee, paid = rng.choice(pots + hubs), rng.choice(sizes)
        received = paid if currency[payer] == currency[payee] and (same or rng.random() < 0.7) else rng.choice(sizes)
        owner = rng.randint(1, victims) if payer != payee and rng.random() < reported else 0
        events.append(Event(payer, payee, paid, paid if same else received, owner))
        reached |= {payee} if owner or payer in reached else set()
    opening = [rng.choice((0, rng.choice(sizes))) for _ in pots]
    return Movements(events, opening, [rng.random() < 0.15 for _ in pots])


def long_movements(rng: random.Random) -> Movements:
    """Some hundred events that hand most of what came on at once: many lots, split again and again."""
    pots = rng.randint(3, 40)
    balance = [0] * pots
    events = []
    for _ in range(rng.randint(100, 600)):
        payer, payee = rng.randrange(pots), rng.randrange(pots)
        owner = rng.randint(1, 30) if payer != payee and rng.random() < 0.2 else 0
        paid = min(2**52, max(1, balance[payer] * rng.randint(1, 10) // 9))
        if owner or balance[payer] == 0:
            paid = rng.randint(1, 10**6)
        received = paid if rng.random() < 0.8 else max(1, paid * rng.randint(90, 110) // 100)
        events.append(Event(payer, payee, paid, received, owner))
        if payer != payee:
            balance[payer] -= min(paid, balance[payer])
            balance[payee] += received
    return Movements(events, [0] * pots, [rng.random() < 0.05 for _ in range(pots)])


@st.composite
def nasty_movements(draw: st.DrawFn, most: int = 20, *, one_currency: bool = False) -> Movements:
    """Any events among 2 to 5 pots, amounts from one set of sizes."""
    count = draw(st.integers(2, 5))
    pot, amount = st.integers(0, count - 1), st.sampled_from(draw(st.sampled_from(SIZES)))
    drawn = st.tuples(pot, pot, amount, st.none() if one_currency else st.none() | amount, st.integers(-3, 4))
    events = [
        Event(a, b, paid, paid if received is None else received, max(0, owner) if a != b else 0)
        for a, b, paid, received, owner in draw(st.lists(drawn, max_size=most))
    ]
    opening = draw(st.lists(amount, min_size=count, max_size=count))
    stopped = draw(st.lists(st.sampled_from((False, False, False, True)), min_size=count, max_size=count))
    return Movements(events, opening, stopped)


def flows_of(movements: Movements) -> Any:
    """The same as the arrays that graphflow takes."""
    from graphflow.trace.taint import Flows

    table = np.array(movements.events, np.int64).reshape(-1, 5)
    payer, payee, owner = (np.ascontiguousarray(table[:, k], np.int32) for k in (0, 1, 4))
    paid, received = (np.ascontiguousarray(table[:, k]) for k in (2, 3))
    return Flows(
        payer=payer,
        payee=payee,
        paid=paid,
        received=received,
        owner=owner,
        opening=np.array(movements.opening, np.int64),
        stopped=np.array(movements.stopped, np.bool_),
    )


def graphflow_says(movements: Movements, rule: str) -> Traced | Bounded:
    """What graphflow says, in the oracle's terms; its arrays are sorted and list nothing twice and no zeros."""
    from graphflow.trace import taint

    if rule == "bounds":
        found = taint.bounds(flows_of(movements))
        pairs = zip(found.certain.tolist(), found.at_most.tolist(), strict=True)
        held = zip(found.held_certain.tolist(), found.held_at_most.tolist(), strict=True)
        return Bounded(
            _listed(found.event, found.owner, pairs, lambda pair: pair[1]),
            _listed(found.pots, found.pot_owner, held, lambda pair: pair[1]),
        )
    found = taint.carried(flows_of(movements), rule)
    absorbed = found.absorbed.tolist()
    assert len(absorbed) == movements.victims + 1
    return Traced(
        _listed(found.event, found.owner, found.amount.tolist(), int),
        _listed(found.pots, found.pot_owner, found.held.tolist(), int),
        {owner: amount for owner, amount in enumerate(absorbed) if owner and amount},
    )


def _listed(places: Any, owners: Any, values: Iterable[Any], size: Any) -> dict[tuple[int, int], Any]:
    keys = list(zip(places.tolist(), owners.tolist(), strict=True))
    assert keys == sorted(set(keys))
    listed = dict(zip(keys, values, strict=True))
    assert all(owner > 0 for _, owner in keys)
    assert all(size(value) > 0 for value in listed.values())
    return listed


FEATURES = (
    "to oneself",
    "parallel",
    "nothing paid",
    "nothing arrives",
    "another amount arrives",
    "beyond 32 bits",
    "overdrawn",
    "out of a stopped pot",
    "reported out of a stopped pot",
    "reported out of a tainted pot",
    "over ten victims",
    "no events",
    "one event",
)


def features(movements: Movements) -> Counter[str]:
    """How often each nasty thing is there: what a test says its cases hold."""
    balance, seen = list(movements.opening), Counter(dict.fromkeys(FEATURES, 0))
    reached: set[int] = set()
    for event in movements.events:
        seen["to oneself"] += event.payer == event.payee
        seen["nothing paid"] += event.paid == 0
        seen["nothing arrives"] += event.received == 0 < event.paid
        seen["another amount arrives"] += event.received != event.paid
        seen["beyond 32 bits"] += event.paid >= 2**32
        if event.paid == 0 or event.payer == event.payee:
            continue
        seen["reported out of a tainted pot"] += event.owner > 0 and event.payer in reached
        seen["out of a stopped pot"] += event.owner == 0 and movements.stopped[event.payer]
        seen["reported out of a stopped pot"] += event.owner > 0 and movements.stopped[event.payer]
        if event.owner or not movements.stopped[event.payer]:
            seen["overdrawn"] += balance[event.payer] < event.paid
            balance[event.payer] -= min(balance[event.payer], event.paid)
        balance[event.payee] += event.received
        if event.owner or event.payer in reached:
            reached.add(event.payee)
    seen["no events"] += not movements.events
    seen["one event"] += len(movements.events) == 1
    seen["parallel"] += len({(e.payer, e.payee) for e in movements.events}) < len(movements.events)
    seen["over ten victims"] += len({e.owner for e in movements.events}) > 10
    return seen
