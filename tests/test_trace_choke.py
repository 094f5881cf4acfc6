"""Choke points against every small set on small graphs, and whole tables of ledgers written by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

import pytest
from ledgers import seeds
from traces import simulated, simulated_trace, trace_of

from graphflow.trace import Trace
from graphflow.trace.choke import Trails, _trails, choke_points, fewest_accounts, fewest_transfers

MOST = 3


def ways(trails: Trails) -> Iterator[tuple[int, ...]]:
    """Every trail as positions of its steps, one after the other: slow, and nothing but the definition."""

    def go(way: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        last = trails.steps[way[-1]]
        if last.payee in trails.ends:
            yield way
            return
        for k in range(way[-1] + 1, len(trails.steps)):
            step = trails.steps[k]
            if step.payer_pot == last.payee_pot and not step.reported:
                yield from go((*way, k))

    for k, step in enumerate(trails.steps):
        if step.reported:
            yield from go((k,))


def smallest(needed: list[set[int]]) -> int | None:
    """How many are needed to meet every set; None when more than MOST."""
    every = sorted(set().union(*needed)) if needed else []
    for size in range(MOST + 1):
        if any(all(set(chosen) & one for one in needed) for chosen in combinations(every, size)):
            return size
    return None


def random_trace(seed: int) -> Trace:
    rng = random.Random(seed)
    names = "ABCDEFG"[: rng.randint(3, 7)]
    rows, reported = [], []
    for minute in range(rng.randint(6, 16)):
        if minute < 2 or rng.random() < 0.2:
            reported.append(minute)
            rows.append((rng.choice(("V1", "V2")), rng.choice(names), minute, 100))
        else:
            a, b = rng.sample(names, 2)
            rows.append((a, rng.choice((b, b, b, "X", "Y")), minute, rng.choice((50, 100, 150))))
    return trace_of(rows, reported)


@pytest.mark.parametrize("part", range(3))
def test_no_smaller_set_cuts_every_trail(part: int) -> None:
    sizes = set()
    for seed in range(part, 3 * seeds(150), 3):
        trails, _ = _trails(random_trace(seed), 1000)
        every = list(ways(trails))
        if not every or len(every) > 2000:
            continue
        accounts = [{trails.steps[k].payee for k in way[:-1]} for way in every]
        found, least = fewest_accounts(trails)
        assert least == len(found)
        assert all(one & set(found) for one in accounts), seed
        if (size := smallest(accounts)) is not None:
            assert len(found) == size, seed
            sizes.add(size)
        transfers = [{k for k in way if not trails.steps[k].reported} for way in every]
        cut = fewest_transfers(trails)
        assert all(one & set(cut) for one in transfers), seed
        if (size := smallest(transfers)) is not None:
            assert len(cut) == size, seed
    assert sizes >= {1, 2}


CHAIN = [("V", "A", 0, 1000), ("A", "B", 1, 600), ("A", "C", 2, 400), ("B", "D", 3, 600), ("C", "D", 4, 400),
         ("D", "E", 5, 900)]  # fmt: skip


def test_a_diamond_is_cut_where_it_begins_and_where_it_ends() -> None:
    table = trace_of(CHAIN, [0]).choke_points
    assert table.select("kind", "account", "payee", "transaction", "row", "carries", "every_trail").rows() == [
        ("account", "A", None, None, None, 1000, True),
        ("account", "D", None, None, None, 900, True),
        ("transfer", "D", "E", "t5", 6, 900, True),
    ]
    assert table["reason"].to_list() == [
        "every trail passes here; passed on traced money in 2 payments",
        "every trail passes here; passed on traced money in 1 payment",
        "every trail passes here",
    ]
    assert set(table["currency"]) == {"CNY"}


def test_two_branches_need_two_accounts() -> None:
    rows = [("V", "A", 0, 500), ("V", "B", 1, 300), ("A", "X", 2, 500), ("B", "Y", 3, 200)]
    table = trace_of(rows, [0, 1]).choke_points
    assert table.select("kind", "account", "carries", "every_trail").rows() == [
        ("account", "A", 500, False),
        ("account", "B", 200, False),
        ("transfer", "A", 500, False),
        ("transfer", "B", 200, False),
    ]
    assert table["reason"][0] == "one of 2 accounts that together cut every trail; passed on traced money in 1 payment"
    assert table["reason"][3] == "one of 2 transfers that together cut every trail"


BACK = [("V", "A", 1, 100), ("A", "D", 2, 100), ("D", "C", 3, 40), ("C", "X", 4, 40), ("D", "X", 5, 60),
        ("V", "B", 10, 100), ("B", "C", 11, 100)]  # fmt: skip


def test_a_way_back_in_time_needs_no_cut() -> None:
    table = trace_of(BACK, [0, 5]).choke_points
    assert table.filter(kind="account")["account"].to_list() == ["A", "D"]
    assert table.filter(kind="account")["every_trail"].all()
    assert table.filter(kind="transfer")["transaction"].to_list() == ["t1"]
    later = [*BACK, ("C", "X", 12, 50)]
    now = trace_of(later, [0, 5]).choke_points.filter(kind="account")
    assert now.height == 2
    assert not now["every_trail"].any()


def test_what_goes_straight_to_an_end_is_said() -> None:
    found = choke_points(trace_of([("V", "A", 0, 100), ("W", "B", 1, 100), ("B", "X", 2, 90)], [0, 1]))
    assert found.notes == ("choke points: 1 reported payment went straight to an end: nothing lies between",)
    assert found.table["account"].to_list() == ["B", "B"]
    alone = choke_points(trace_of([("V", "A", 0, 100)], [0]))
    assert alone.table.height == 0
    assert alone.notes[-1] == "choke points: no trail has anything between victims and its end"


def test_of_too_many_payments_the_largest_are_looked_at_and_it_is_said() -> None:
    rows = [*CHAIN, ("V", "F", 6, 10), ("F", "G", 7, 8)]
    found = choke_points(trace_of(rows, [0, 6]), most=6)
    assert found.notes[0] == "choke points: only payments that carry more than 0.99% of what was reported are looked at"
    assert choke_points(trace_of(rows, [0, 6])).notes == ()


RING = [
    ("V", "A", 0, 200), ("A", "B", 1, 100), ("A", "F", 2, 100), ("F", "X", 3, 100), ("V", "F", 4, 100),
    ("W", "C", 5, 200), ("C", "B", 6, 100), ("C", "D", 7, 100), ("F", "D", 8, 100), ("B", "X", 9, 200),
    ("D", "X", 10, 200),
]  # fmt: skip
"""Trails between five accounts in a ring: no more than two are apart, and two accounts do not meet them all."""


def test_a_search_closes_the_gap_and_says_so_when_it_is_cut_off() -> None:
    trace = trace_of(RING, [0, 4, 5])
    trails, _ = _trails(trace, 1000)
    assert smallest([{trails.steps[k].payee for k in way[:-1]} for way in ways(trails)]) == 3
    found, least = fewest_accounts(trails)
    assert (len(found), least) == (3, 3)
    assert choke_points(trace).notes == ()
    assert choke_points(trace, looks=0).notes == ("choke points: the search was cut off: 2 to 3 accounts are needed",)


def test_the_collecting_accounts_cut_the_simulated_case() -> None:
    table = simulated_trace().choke_points
    accounts = table.filter(kind="account")
    assert set(accounts["account"]) == set(simulated().truth["gang"]["tier_1"])
    assert accounts["carries"].is_sorted(descending=True)
