"""What pots hold: the kernel against a plain counterpart, and a cut made short against one made of a shorter ledger."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphflow.kernels import pots, stays
from graphflow.kernels.engine import ready
from graphflow.trace.flows import _pots

Move = tuple[int, int, int, int, int | None, int | None]
"""Payer, payee, paid, received, and each one's balance after it where a statement tells it."""

AMOUNT = st.sampled_from([0, 1, 2, 3, 10, 100])
STATED = st.none() | st.sampled_from([-5, 0, 1, 7, 50, 1000])
MOVES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), AMOUNT, AMOUNT, STATED, STATED), max_size=12)


@pytest.fixture(scope="module", params=["interpreted", "compiled"])
def run(request: pytest.FixtureRequest) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", request.param)
        yield SimpleNamespace(balances=ready(pots, 0).balances, stays=ready(stays, 0).stays)


def told(moves: list[Move], pot: int) -> tuple[int, int, bool]:
    """Opening, last balance and whether a statement tells them, from all that touched one pot, one after the other."""
    touched: list[tuple[int, int | None, bool]] = []
    for payer, payee, paid, received, of_payer, of_payee in moves:
        if payer == pot:
            touched.append((-paid, of_payer, payer == payee))
        if payee == pot:
            touched.append((received, of_payee, payer == payee))
    first = next((k for k, (_, stated, _) in enumerate(touched) if stated is not None), None)
    if first is None:
        held = 0
        for moved, _, to_oneself in touched:
            held = held if to_oneself else max(0, held + moved)
        return 0, held, False
    opening = int(touched[first][1] or 0) - sum(moved for moved, _, _ in touched[: first + 1])
    last = max(k for k, (_, stated, _) in enumerate(touched) if stated is not None)
    return opening, int(touched[last][1] or 0) + sum(moved for moved, _, _ in touched[last + 1 :]), True


def kernel_says(run: SimpleNamespace, moves: list[Move]) -> list[tuple[int, int, bool]]:
    columns = list(zip(*moves, strict=True)) if moves else [()] * 6
    payer, payee = (np.array(columns[k], np.int32) for k in (0, 1))
    paid, received = (np.array(columns[k], np.int64) for k in (2, 3))
    balance = [np.array([value or 0 for value in columns[k]], np.int64) for k in (4, 5)]
    stated = [np.array([value is not None for value in columns[k]], np.bool_) for k in (4, 5)]
    opening, last, is_told = np.zeros(4, np.int64), np.zeros(4, np.int64), np.zeros(4, np.bool_)
    run.balances(payer, payee, paid, received, *balance, *stated, opening, last, is_told)
    return list(zip(opening.tolist(), last.tolist(), is_told.tolist(), strict=True))


@given(moves=MOVES)
@example(moves=[(0, 0, 3, 3, None, None), (0, 1, 5, 5, None, None), (1, 0, 2, 2, None, None)])
@example(moves=[(0, 1, 5, 5, None, None), (0, 1, 1, 1, 7, None), (2, 0, 3, 3, None, None)])
def test_balances_are_those_of_one_pot_after_the_other(run: SimpleNamespace, moves: list[Move]) -> None:
    assert kernel_says(run, moves) == [told(moves, pot) for pot in range(4)]


@given(keys=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20))
def test_pots_are_numbered_alike_by_table_and_by_sorting(keys: list[tuple[int, int]]) -> None:
    payer, payee = (np.array([key[k] for key in keys], np.int64) for k in (0, 1))
    by_table, by_sorting = _pots(payer, payee, 31), _pots(payer, payee, 10**9)
    if len(keys) >= 8:
        assert 4 * payer.size >= 31
    for one, other in zip(by_table, by_sorting, strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype


def unit_by_unit(moves: list[Move], opening: int, pot: int) -> list[int]:
    """How long each unit that the pot passed on stayed, by hand: a queue of units with the time each came."""
    queue: list[int | None] = [None] * opening
    stayed = []
    for time, (payer, payee, paid, received, *_) in enumerate(moves):
        if payer == payee:
            continue
        if payer == pot:
            stayed += [time - came for came in queue[:paid] if came is not None]
            del queue[:paid]
        if payee == pot:
            queue += [time] * received
    return sorted(stayed)


@given(moves=MOVES, opening=st.sampled_from([0, 1, 5]))
def test_money_stays_until_it_is_passed_on_first_in_first_out(
    run: SimpleNamespace, moves: list[Move], opening: int
) -> None:
    columns = list(zip(*moves, strict=True)) if moves else [()] * 6
    payer, payee = (np.array(columns[k], np.int32) for k in (0, 1))
    paid, received = (np.array(columns[k], np.int64) for k in (2, 3))
    held, wanted = np.full(4, opening, np.int64), np.array([True, True, True, False])
    rows, number = run.stays(payer, payee, paid, received, np.arange(len(moves), dtype=np.int64), held, wanted)
    for pot in range(4):
        own = rows[:number][rows[:number, 0] == pot]
        assert sorted(np.repeat(own[:, 1], own[:, 2]).tolist()) == (
            unit_by_unit(moves, opening, pot) if pot < 3 else []
        )
