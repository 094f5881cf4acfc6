"""Kernels of one-sided records against slow and obvious counterparts, interpreted and compiled."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples
from statement_oracle import BREAK, Line, Side, best, by_serial, fewest_breaks, may_pair, steps

from graphflow.kernels import balances, twins
from graphflow.kernels.engine import ready

pytestmark = pytest.mark.usefixtures("mode")

# --- balances ------------------------------------------------------------------------------------


def walked(lines: Sequence[Line]) -> tuple[list[Line], list[int]]:
    """Lines in the order that the kernel puts them in, and what it says of each."""
    order, step = arranged(lines)
    return [lines[k] for k in order], [step[k] for k in order]


def arranged(lines: Sequence[Line]) -> tuple[list[int], list[int]]:
    """Which line stands at each place, and by line what the kernel says of it."""
    order, step = np.arange(len(lines)), np.zeros(len(lines), np.int8)
    ready(balances, len(lines)).walk(
        np.array([line.account for line in lines], np.int64),
        np.array([line.time for line in lines], np.int64),
        np.array([line.amount for line in lines], np.int64),
        np.array([line.balance or 0 for line in lines], np.int64),
        np.array([line.balance is not None for line in lines], np.uint8),
        np.array([line.sign for line in lines], np.int8),
        order,
        step,
    )
    assert sorted(order.tolist()) == list(range(len(lines)))
    return order.tolist(), step.tolist()


def statement(moves: Sequence[tuple[int, int]], *, time: int = 1, opening: int = 0) -> list[Line]:
    """Lines of one moment without a break, of (sign, amount)."""
    lines, balance = [], opening
    for sign, amount in moves:
        balance += sign * amount
        lines.append(Line(1, time, amount, balance, sign))
    return lines


def unsigned(lines: Sequence[Line]) -> list[Line]:
    return [Line(line.account, line.time, line.amount, line.balance, 0) for line in lines]


MOVES = st.tuples(st.sampled_from([1, -1]), st.sampled_from([1, 1, 2, 3, 5]))


@st.composite
def closed(draw: st.DrawFn, most: int, *, begun: bool, known: bool) -> list[Line]:
    """Rows of an account that do follow from each other, those of a moment in any order.

    begun   a first row whose place is certain; known: rows have their signs
    """
    lines = statement([(1, 9)], time=-1) if begun else []
    balance = 9 * begun
    for moment in range(draw(st.integers(1, most))):
        here = statement(draw(st.lists(MOVES, min_size=1, max_size=6)), time=moment, opening=balance)
        balance = here[-1].balance or 0
        lines += draw(st.permutations(here))
    return lines if known else unsigned(lines)


WITHOUT_BREAK = st.one_of(
    closed(4, begun=True, known=True),  # a moment ends where it must
    closed(3, begun=False, known=True),  # sixteen rows are looked ahead
    closed(3, begun=True, known=False),
    closed(3, begun=False, known=False),
)


@given(WITHOUT_BREAK)
@settings(max_examples=examples(200), deadline=None)
def test_an_order_without_a_break_is_found_whenever_there_is_one(lines: list[Line]) -> None:
    order, step = walked(lines)
    assert BREAK not in step
    assert step == steps(order)


LINES = st.builds(
    Line,
    account=st.just(1),
    time=st.just(0),
    amount=st.sampled_from([0, 1, 2, 3]),
    balance=st.sampled_from([None, 0, 1, 2, 3, 4]),
    sign=st.sampled_from([-1, 0, 1]),
)


@given(st.lists(LINES, min_size=1, max_size=5), st.booleans())
@settings(max_examples=examples(150), deadline=None)
def test_the_fewest_breaks_in_one_moment(here: list[Line], begun: bool) -> None:
    first = [Line(1, -1, 1, 2, 1)] if begun else []
    order, step = walked([*first, *here])
    assert step == steps(order)
    assert step.count(BREAK) == fewest_breaks([*first, *here])


@given(
    st.lists(
        st.builds(Line, st.integers(1, 3), st.integers(0, 3), *[st.integers(0, 3)] * 2, st.sampled_from([1, -1])),
        max_size=12,
    )
)
@settings(max_examples=examples(150), deadline=None)
def test_accounts_have_nothing_to_do_with_each_other(lines: list[Line]) -> None:
    lines = sorted(lines, key=lambda line: (line.account, line.time))
    order, step = walked(lines)
    assert [(line.account, line.time) for line in order] == [(line.account, line.time) for line in lines]
    assert Counter(order) == Counter(lines)
    told = [number for _, group in groupby(order, key=lambda line: line.account) for number in steps(list(group))]
    assert step == told


def test_rows_of_one_moment_stay_as_in_the_file_where_nothing_speaks_against_it() -> None:
    lines = statement([(1, 5), (-1, 5), (1, 5), (-1, 5)])
    assert walked(lines)[0] == lines
    bare = [Line(1, 1, amount, None, 0) for amount in (3, 1, 2)]
    assert walked(bare) == (bare, [0, 0, 0])


def test_equal_rows_stay_as_in_the_file() -> None:
    """In, out, in, out of one amount, in an order that must be changed: rows that are the same keep theirs."""
    into, out = Line(1, 1, 5, 14, 1), Line(1, 1, 5, 9, -1)
    order, step = arranged([Line(1, 0, 9, 9, 1), out, into, into, out, out, into])
    assert order == [0, 2, 1, 3, 4, 6, 5]
    assert BREAK not in step


def test_a_statement_with_the_newest_row_first_is_turned_round() -> None:
    lines = statement([(1, 5), (1, 7), (-1, 4), (1, 9), (-1, 2)])
    assert walked(lines[::-1])[0] == lines


def test_the_first_moment_is_put_so_that_the_next_one_goes_on_from_it() -> None:
    """In and out again on the first day, newest first: both orders close, only one of them goes on."""
    day = statement([(1, 500), (-1, 500)])
    later = Line(1, 2, 30, 30, 1)
    order, step = walked([*day[::-1], later])
    assert order == [*day, later]
    assert step == [0, -1, 1]


def test_a_row_that_states_no_balance_moves_the_one_before() -> None:
    lines = [Line(1, 0, 5, 5, 1), Line(1, 1, 3, None, 1), Line(1, 2, 2, None, -1), Line(1, 3, 1, 7, 1)]
    assert walked(lines)[1] == [0, 0, 0, 1]
    unknown = [lines[0], Line(1, 1, 3, None, 0), lines[3]]
    assert walked(unknown)[1] == [0, 0, 0]


def test_one_row_and_none() -> None:
    assert walked([]) == ([], [])
    line = Line(1, 0, 5, 5, 1)
    assert walked([line]) == ([line], [0])


@pytest.mark.parametrize("amount", [2**63 - 1, 2**62, 1])
def test_the_largest_amounts(amount: int) -> None:
    most = 2**63 - 1
    lines = [
        Line(1, 0, amount, -most, 1),
        *(Line(1, 1, amount, None, 1) for _ in range(3)),
        Line(1, 2, amount, most, 1),
        Line(1, 2, amount, most - amount, -1),
    ]
    assert walked(lines)[1].count(BREAK) <= 1


def test_a_long_shuffled_moment_is_put_in_order() -> None:
    rng = random.Random(4)
    moves = [(rng.choice((1, -1)), rng.randrange(1, 10**6)) for _ in range(60)]
    lines = statement(moves)
    mixed = rng.sample(lines, len(lines))
    assert walked([Line(1, 0, 1, 0, -1), *mixed])[0][1:] == lines


def test_a_moment_that_nothing_puts_in_order_ends(mode: str) -> None:
    rng = random.Random(5)
    size = 4_000 if mode == "compiled" else 200
    lines = [Line(1, 0, rng.choice((1, 2)), rng.randrange(6), 0) for _ in range(size)]
    begun = time.perf_counter()
    order, step = walked(lines)
    assert time.perf_counter() - begun < 20
    assert step == steps(order)


# --- twins ---------------------------------------------------------------------------------------


def paired(sides: Sequence[Side], *, strict: bool) -> list[int]:
    """For each record, sorted by key and time, the place of its other side."""
    twin = np.empty(len(sides), np.int64)
    ready(twins, len(sides)).pair(
        np.array([side.key for side in sides], np.int64),
        np.array([side.time for side in sides], np.int64),
        np.array([side.out for side in sides], np.uint8),
        np.array([twins.NONE if side.serial is None else side.serial for side in sides], np.int64),
        np.array([side.tolerance for side in sides], np.int64),
        strict,
        twin,
    )
    return twin.tolist()


SIDES = st.builds(
    Side,
    key=st.integers(1, 2),
    time=st.integers(0, 12),
    out=st.booleans(),
    serial=st.sampled_from([None, None, 1, 2, 3]),
    tolerance=st.sampled_from([0, 1, 2, 9]),
)


@given(st.lists(SIDES, max_size=8), st.booleans())
@settings(max_examples=examples(300), deadline=None)
def test_as_many_pairs_as_can_be(sides: list[Side], strict: bool) -> None:
    sides = sorted(sides, key=lambda side: (side.key, side.time))
    twin = paired(sides, strict=strict)
    pairs = {a: b for a, b in enumerate(twin) if b >= 0 and sides[a].out}
    assert all(twin[b] == a for a, b in enumerate(twin) if b >= 0)
    assert all(may_pair(sides[a], sides[b], strict=strict) for a, b in pairs.items())
    first = by_serial(sides)
    assert {a: b for a, b in pairs.items() if a in first} == first
    rest = [(a, b) for a, b in pairs.items() if a not in first]
    assert (len(rest), sum(abs(sides[a].time - sides[b].time) for a, b in rest)) == best(sides, strict=strict)


def test_equal_records_in_one_second_are_used_once_each() -> None:
    sides = [Side(1, 0, out, None, 0) for out in (True, True, False, True, False)]
    twin = paired(sides, strict=True)
    assert sum(k >= 0 for k in twin) == 4
    assert sorted(k for k in twin if k >= 0) == sorted(a for a, k in enumerate(twin) if k >= 0)


def test_a_coarser_record_reaches_over_finer_ones_between() -> None:
    """The record of 00:00 says only which day; two finer ones stand before it, further apart than their own reach."""
    sides = [
        Side(1, 0, True, None, 2),
        Side(1, 30, True, 7, 2),
        Side(1, 60, False, None, 100),
        Side(1, 61, False, 7, 40),
    ]
    assert paired(sides, strict=True) == [2, 3, 0, 1]


def test_a_serial_pairs_before_what_is_nearer() -> None:
    sides = [Side(1, 0, True, 5, 9), Side(1, 1, False, None, 9), Side(1, 8, False, 5, 9), Side(1, 9, True, None, 9)]
    assert paired(sides, strict=True) == [2, 3, 0, 1]


def test_a_serial_is_found_as_far_as_the_coarser_record_reaches() -> None:
    sides = [Side(1, 0, True, 5, 0), Side(1, 0, False, None, 0), Side(1, 8, False, 5, 9)]
    assert paired(sides, strict=True) == [2, twins.NONE, 0]


def test_very_many_equal_records(mode: str) -> None:
    """Too many for a table of all pairs: each is still used once, with one that is near."""
    size = 30_000 if mode == "compiled" else 1_000
    times = sorted(random.Random(1).randrange(size) for _ in range(size))
    sides = [Side(1, time, out, None, 2) for time in times for out in (True, False)]
    begun = time.perf_counter()
    twin = paired(sides, strict=True)
    assert time.perf_counter() - begun < 20
    assert min(twin) >= 0
    assert all(twin[twin[k]] == k and abs(sides[k].time - sides[twin[k]].time) <= 2 for k in range(len(sides)))
