"""The oracle of the taint rules itself: answers worked out by hand, planted bugs, and what must hold of any ledger."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import taint_oracle
from hypothesis import given
from ledgers import EXAMPLES, seeds
from taint_cases import STORIES, Story, answer_of, movements_of
from taint_ledgers import FEATURES, features, nasty_movements, random_movements
from taint_oracle import Event, Movements, answer, bounds, poison, traced, unrounded

EXACT = tuple(taint_oracle.EXACT)
IN_LOTS = EXACT[:3]
ALL = (*EXACT, "poison", "bounds")

PAIRS = [(story, rule) for story in STORIES for rule in story.rules.split()]


def seeded(count: int, *, one_currency: bool | None = None) -> Iterator[Movements]:
    for seed in range(seeds(count)):
        yield random_movements(random.Random(seed), one_currency=one_currency)


# --- by hand --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("story", "rule"), PAIRS, ids=[f"{story.name}: {rule}" for story, rule in PAIRS])
def test_by_hand(story: Story, rule: str) -> None:
    assert answer(movements_of(story), rule) == answer_of(story)


class Bug(NamedTuple):
    """A passage of the oracle and what somebody might have written."""

    right: str
    wrong: str


BUGS = (
    Bug("-(amount * weights[i] % whole)", "amount * weights[i] % whole"),
    Bug("sorted(range(len(weights)), key", "sorted(reversed(range(len(weights))), key"),
    Bug("for i in by_remainder[: amount - sum(parts)]:", "for i in by_remainder[: amount - sum(parts) - 1]:"),
    Bug("[amount * weight // whole", "[int(amount * (weight / whole))"),
    Bug("first(lots, amount, clean + others)", "first(lots, amount)"),
    Bug("first(lots, amount, clean + others)", "first(lots, amount, clean + others[::-1])"),
    Bug("first(lots, amount, clean + others)", "first(lots, amount, others + clean)"),
    Bug("return first(lots, amount)\n", "return first(lots, amount, reversed(range(len(lots))))\n"),
    Bug("return first(lots, amount, reversed(range(len(lots))))", "return first(lots, amount)"),
    Bug("*(lot for lot in lots if lot[0] != 0)]", "*(lot for lot in lots[::-1] if lot[0] != 0)]"),
    Bug("if total(lots) <= amount:\n        return lots, []", "if total(lots) < amount:\n        return [], lots"),
    Bug("return filled(sorted(sums.items()))", "return filled(sums.items())"),
    Bug("if event.received == event.paid:", "if event.received:"),
    Bug("apportioned(event.received, [amount", "apportioned(event.paid, [amount"),
    Bug("until * units // whole - before * units // whole", "(until - before) * units // whole"),
    Bug("sums = by_owner(slices)\n    parts", "sums = by_owner(slices)[::-1]\n    parts"),
    Bug("event.paid > 0 and (event.payer", "(event.payer"),
    Bug("(event.payer != event.payee or event.owner > 0)", "True"),
    Bug("pots: list[Lots] = [filled([(0, opening)])", "pots: list[Lots] = [filled([(0, 0 * opening)])"),
    Bug("used_up, pots[event.payer] = own", "used_up, _ = own"),
    Bug("absorbed[owner] += amount", "absorbed[event.owner] += amount"),
    Bug("absorbed[owner] += amount", "absorbed[owner] = amount"),
    Bug("slices = [(event.owner, event.paid)]", "slices = [(event.owner, total(used_up))]"),
    Bug("elif movements.stopped[event.payer]:\n            slices =", "elif False:\n            slices ="),
    Bug(
        "if event.owner > 0:\n            used",
        "if event.owner > 0 and not movements.stopped[event.payer]:\n            used",
    ),
    Bug("filled([*slices, (0, event.paid - total(slices))])", "filled(slices)"),
    Bug("filled([*slices, (0, event.paid - total(slices))])", "filled([(0, event.paid - total(slices)), *slices])"),
    Bug("pots[event.payee] + converted(slices, event)", "pots[event.payee] + slices"),
    Bug("pots[event.payee] + converted(slices, event)", "pots[event.payee] + by_owner(converted(slices, event))"),
    Bug("pots[event.payee] + converted(slices, event)", "converted(slices, event) + pots[event.payee]"),
    Bug("pots[event.payee] + converted(slices, event)", "pots[event.payee] + converted(slices, event)[::-1]"),
    Bug("pots[event.payee] + converted(slices, event)", "pots[event.payee] + converted(by_owner(slices), event)"),
    Bug('if rule == "pro_rata":\n', "if True:\n"),
    Bug("owners = {event.owner}", "owners = {event.owner} | poisoned[event.payer]"),
    Bug("owners = set()", "owners = poisoned[event.payer]"),
    Bug("poisoned[event.payee] |= owners", "poisoned[event.payee] |= owners if event.received else set()"),
    Bug("poisoned[event.payee] |= owners", "poisoned[event.payee] = owners"),
    Bug("(k, owner): event.paid for owner in owners", "(k, owner): event.received for owner in owners"),
    Bug("everyone = movements.victims + 1", "everyone = movements.victims"),
    Bug("if event.owner > 0 or not movements.stopped[a]:", "if not movements.stopped[a]:"),
    Bug("if event.owner > 0 or not movements.stopped[a]:", "if True:"),
    Bug("t = min(event.paid, balance[a])", "t = event.paid"),
    Bug("max(0, t - (balance[a] - low[a]))", "min(t, low[a])"),
    Bug("max(0, t - (balance[a] - low[a]))", "max(0, t - balance[a])"),
    Bug("min(t, high[a])\n", "t\n"),
    Bug("max(0, low[a] - t), min(high", "low[a] - certain, min(high"),
    Bug("min(high[a], balance[a] - t), balance", "high[a] - at_most, balance"),
    Bug("min(high[a], balance[a] - t), balance", "high[a], balance"),
    Bug("event.paid if mine[k] else 0", "event.paid"),
    Bug("certain = at_most = event.paid if mine[k] else 0", "at_most = event.paid if mine[k] else 0"),
    Bug("balance[b] += event.received\n        low", "balance[b] += event.paid\n        low"),
    Bug("low[b] += certain * event.received // event.paid", "low[b] += -(-certain * event.received // event.paid)"),
    Bug("high[b] += -(-at_most * event.received // event.paid)", "high[b] += at_most * event.received // event.paid"),
)


@pytest.mark.parametrize("bug", BUGS, ids=[f"{k}: {bug.wrong[:60]}" for k, bug in enumerate(BUGS)])
def test_a_planted_bug_is_noticed_by_hand(bug: Bug) -> None:
    source = Path(taint_oracle.__file__).read_text("utf-8")
    assert source.count(bug.right) == 1
    copy = ModuleType("copy_of_taint_oracle")
    exec(source.replace(bug.right, bug.wrong), vars(copy))
    assert any(_differs(story, rule, copy) for story, rule in PAIRS)


def _differs(story: Story, rule: str, copy: Any) -> bool:
    try:
        return bool(copy.answer(movements_of(story), rule) != answer_of(story))
    except (ArithmeticError, IndexError, ValueError):
        return True


# --- of any ledger --------------------------------------------------------------------------------


def balances(movements: Movements) -> list[int]:
    """What each pot holds in the end, clean or not, whatever the rule."""
    pots = list(movements.opening)
    for a, b, paid, received, owner in movements.events:
        if paid == 0 or a == b:
            continue
        if owner or not movements.stopped[a]:
            pots[a] = max(0, pots[a] - paid)
        pots[b] += received
    return pots


def summed(amounts: dict[tuple[int, int], int]) -> dict[int, int]:
    """By the first of each pair, over all owners."""
    sums: Counter[int] = Counter()
    for (place, _), amount in amounts.items():
        sums[place] += amount
    return dict(sums)


def check_amounts(movements: Movements) -> None:
    """No payment and no pot has more than it has; a reported payment is its victim's; poison has no less."""
    most, held = poison(movements), balances(movements)
    for rule in EXACT:
        found = traced(movements, rule)
        assert all(amount <= movements.events[k].paid for k, amount in summed(found.carried).items())
        assert all(amount <= held[pot] for pot, amount in summed(found.held).items())
        assert all(amount <= most.carried[key] for key, amount in found.carried.items())
        for k, event in enumerate(movements.events):
            if event.owner and event.paid:
                carried = {owner: amount for (j, owner), amount in found.carried.items() if j == k}
                assert carried == {event.owner: event.paid}


def check_conserved(movements: Movements) -> None:
    """In one currency: what a victim paid is held somewhere or was used up, to the unit."""
    paid: Counter[int] = Counter()
    for event in movements.events:
        paid[event.owner] += event.paid if event.owner else 0
    for rule in EXACT:
        found = traced(movements, rule)
        ends = Counter(found.absorbed)
        for (_, owner), amount in found.held.items():
            ends[owner] += amount
        assert +ends == +paid


def check_within_bounds(movements: Movements) -> None:
    """Certain ≤ each exact rule ≤ at most, for each victim and for all, on the way and at the end."""
    limits, everyone = bounds(movements), movements.victims + 1
    for rule in EXACT:
        found = traced(movements, rule)
        for amounts, pairs in ((found.carried, limits.carried), (found.held, limits.held)):
            whole = amounts | {(place, everyone): amount for place, amount in summed(amounts).items()}
            for key in whole.keys() | pairs.keys():
                certain, at_most = pairs.get(key, (0, 0))
                assert certain <= whole.get(key, 0) <= at_most, (rule, key)


def check_one_victim_of_all(movements: Movements) -> None:
    """In one currency, where lots decide, many victims together are one: who owns a lot does not move it."""
    one = movements._replace(events=[event._replace(owner=min(event.owner, 1)) for event in movements.events])
    for rule in IN_LOTS:
        many, merged = traced(movements, rule), traced(one, rule)
        for ours, theirs in zip(many[:2], merged[:2], strict=True):
            assert summed(ours) == summed(theirs)
    everyone, limits = movements.victims + 1, bounds(movements)
    for ours, theirs in zip(limits, bounds(one), strict=True):
        of_all = {place: pair for (place, owner), pair in ours.items() if owner == everyone}
        assert of_all == {place: pair for (place, owner), pair in theirs.items() if owner == 1}


def check_scaled(movements: Movements, by: int = 1000) -> None:
    """In one currency nothing is rounded but pro rata: all amounts times a thousand give a thousand times each."""
    events = [event._replace(paid=event.paid * by, received=event.received * by) for event in movements.events]
    large = Movements(events, [opening * by for opening in movements.opening], movements.stopped)
    for rule in (*IN_LOTS, "poison"):
        for ours, theirs in zip(answer(movements, rule), answer(large, rule), strict=True):
            assert {key: amount * by for key, amount in ours.items()} == theirs
    for ours, theirs in zip(bounds(movements), bounds(large), strict=True):
        assert {key: (low * by, high * by) for key, (low, high) in ours.items()} == theirs


CHECKS = (check_amounts, check_within_bounds)
IN_ONE_CURRENCY = (check_conserved, check_one_victim_of_all, check_scaled)


def test_holds_of_seeded_ledgers() -> None:
    for movements in seeded(3000):
        for check in CHECKS:
            check(movements)


def test_holds_of_seeded_ledgers_in_one_currency() -> None:
    for movements in seeded(3000, one_currency=True):
        for check in IN_ONE_CURRENCY:
            check(movements)


@EXAMPLES
@given(nasty_movements())
def test_holds_of_any_ledger(movements: Movements) -> None:
    for check in CHECKS:
        check(movements)


@EXAMPLES
@given(nasty_movements(one_currency=True))
def test_holds_of_any_ledger_in_one_currency(movements: Movements) -> None:
    for check in IN_ONE_CURRENCY:
        check(movements)


def without_tainted_victims(movements: Movements) -> Movements:
    """The same, but what a victim pays out of a pot that tainted money reached is no reported payment."""
    reached: set[int] = set()
    events = []
    for event in movements.events:
        event = event._replace(owner=0) if event.payer in reached else event
        reached |= {event.payee} if event.owner or event.payer in reached else set()
        events.append(event)
    return movements._replace(events=events)


def test_pro_rata_is_near_to_what_fractions_give() -> None:
    """Each payment rounds each owner by less than one unit, and later payments share that error among them."""
    compared = 0
    for movements in map(without_tainted_victims, seeded(3000, one_currency=True)):
        rounded, whole = traced(movements, "pro_rata").carried, unrounded(movements)
        for key in rounded.keys() | whole.keys():
            compared += whole.get(key, Fraction()).denominator > 1
            assert abs(rounded.get(key, 0) - whole.get(key, 0)) <= key[0]
    assert compared > seeds(3000)


# --- time -----------------------------------------------------------------------------------------


def reaches(movements: Movements, k: int, owner: int) -> bool:
    """Whether a way leads from a reported payment of this victim to event k, each hop a later event."""
    event = movements.events[k]
    if event.paid == 0 or (event.payer == event.payee and not event.owner):
        return False
    if event.owner or movements.stopped[event.payer]:
        return event.owner == owner
    earlier = movements.events[:k]
    feeds = [j for j, e in enumerate(earlier) if e.payee == event.payer]
    return any(reaches(movements, j, owner) for j in feeds)


def test_only_ways_that_run_forward_in_time_carry() -> None:
    carrying = 0
    for seed in range(seeds(1500)):
        movements = random_movements(random.Random(seed), most=12)
        wanted = {
            (k, owner)
            for k in range(len(movements.events))
            for owner in range(1, movements.victims + 1)
            if reaches(movements, k, owner)
        }
        assert set(poison(movements).carried) == wanted
        assert all(set(traced(movements, rule).carried) <= wanted for rule in EXACT)
        carrying += len(wanted)
    assert carrying > seeds(1500)


@EXAMPLES
@given(nasty_movements())
def test_what_comes_later_changes_nothing_before(movements: Movements) -> None:
    half = len(movements.events) // 2
    begun = movements._replace(events=[*movements.events[:half], Event(0, 1, 1, 2, movements.victims)])
    for rule in ALL:
        whole, part = ({k: v for k, v in answer(m, rule).carried.items() if k[0] < half} for m in (movements, begun))
        assert whole == part


# --- what the ledgers hold ------------------------------------------------------------------------


def test_seeded_ledgers_hold_every_nasty_thing() -> None:
    seen: Counter[str] = Counter()
    for movements in seeded(3000):
        seen += Counter(name for name, times in features(movements).items() if times)
    assert {name for name, ledgers in seen.items() if ledgers >= 10} == set(FEATURES)
