"""Links and episodes of whole flows are what a slow first in, first out gives; relays what their definition gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any

import long_ledgers
import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows, seeds
from long_ledgers import DAY, HOUR, long_nasty_rows, long_rows
from oracles import Match, in_ledger_order

from graphflow.detect import lots
from graphflow.detect.relays import relays
from graphflow.flow import Flow

KEEPS = (Fraction(0), Fraction(1, 2), Fraction(4, 5), Fraction(1))
WINDOWS = (0, HOUR, DAY, 4 * DAY)


@pytest.fixture(scope="module", params=["interpreted", "compiled"], autouse=True)
def mode(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test in both modes of the kernels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", request.param)
        yield


def hub_mask(flow: Flow, hubs: set[object]) -> Any:
    return np.array([name in hubs for name in flow.names.to_list()], np.bool_)


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


# --- links and episodes ---------------------------------------------------------------------------


def check_lots(rows: list[Row], dwell: int, keep: Fraction, hubs: set[object]) -> int:
    flow, transfers = graph_of(rows).flow, in_ledger_order(rows)
    linked = lots.links(flow, minutes(dwell), float(keep), hub_mask(flow, hubs))
    wanted = oracles.links(transfers, dwell=dwell, keep=keep, hubs=hubs)
    order = {name: k for k, name in enumerate(flow.names.to_list())}
    wanted.sort(key=lambda m: (order[transfers[m.receipt].payee], m))
    assert [Match(*row) for row in linked.tolist()] == wanted
    starts = lots.episodes(linked)
    groups = [[Match(*row) for row in part.tolist()] for part in np.split(linked, starts)[1:]]
    assert sorted(groups) == [episode.links for episode in long_ledgers.episodes(transfers, wanted)]
    received, bounds = lots.receipts(linked, starts)
    assert [part.tolist() for part in np.split(received, bounds)[1:]] == [
        sorted({m.receipt for m in group}) for group in groups
    ]
    return len(groups)


def test_links_and_episodes_of_seeded_ledgers() -> None:
    found = 0
    for seed in range(seeds(300)):
        rng = random.Random(seed)
        hubs: set[object] = {"A"} if seed % 5 == 0 else set()
        found += check_lots(random_rows(rng, most=40), rng.choice((0, 2, 10, 30)), rng.choice(KEEPS), hubs)
        found += check_lots(long_rows(rng), rng.choice(WINDOWS), rng.choice(KEEPS), hubs)
    assert found > seeds(600)


@EXAMPLES
@given(nasty_rows(40), st.sampled_from((0, 1, 5, 30)), st.sampled_from(KEEPS), st.sets(st.sampled_from("AB")))
def test_links_and_episodes_of_any_ledger(rows: list[Row], dwell: int, keep: Fraction, hubs: set[object]) -> None:
    check_lots(rows, dwell, keep, hubs)


def test_lots_that_share_a_payment_are_one_episode_and_a_new_lot_is_another() -> None:
    rows = [
        ("P", "M", 0, 100),
        ("Q", "M", 1, 100),
        ("M", "X", 2, 150),
        ("M", "Y", 3, 50),
        ("R", "M", 4, 70),
        ("M", "Z", 5, 70),
    ]
    flow = graph_of(rows).flow
    linked = lots.links(flow, minutes(60), 0.8, hub_mask(flow, set()))
    assert linked.tolist() == [[0, 2, 100], [1, 2, 50], [1, 3, 50], [4, 5, 70]]
    assert lots.episodes(linked).tolist() == [0, 3]


# --- relays ---------------------------------------------------------------------------------------


def check_relays(rows: list[Row], window: int, keep: Fraction, hubs: set[object]) -> int:
    flow, transfers = graph_of(rows).flow, in_ledger_order(rows)
    pairs = relays(flow, minutes(window), float(keep), hub_mask(flow, hubs))
    payee = flow.payee[pairs[:, 0]]
    assert sorted(map(tuple, pairs.tolist())) == long_ledgers.relays(transfers, window=window, keep=keep, hubs=hubs)
    assert (np.diff(payee) >= 0).all()
    assert (np.diff(pairs[:, 1])[np.diff(payee) == 0] > 0).all()
    return len(pairs)


def test_relays_of_seeded_ledgers() -> None:
    found = [0, 0]
    for seed in range(seeds(400)):
        rng = random.Random(seed)
        hubs: set[object] = {"A"} if seed % 5 == 0 else set()
        number = check_relays(long_rows(rng), rng.choice(WINDOWS), rng.choice(KEEPS), hubs)
        found[number > 0] += 1
    assert min(found) > seeds(80) // 2


@EXAMPLES
@given(long_nasty_rows(), st.sampled_from(WINDOWS), st.sampled_from(KEEPS), st.sets(st.sampled_from("AB")))
def test_relays_of_any_ledger(rows: list[Row], window: int, keep: Fraction, hubs: set[object]) -> None:
    check_relays(rows, window, keep, hubs)


STANDING: list[tuple[Any, ...]] = [("S", "T", 5 * DAY * k, 7) for k in range(6)]


def relayed(rows: list[tuple[Any, ...]], standing: list[tuple[Any, ...]] = STANDING) -> list[list[str]]:
    """Times and amounts tell the transfers apart here: cited as payer, payee and amount."""
    flow = graph_of([*rows, *standing]).flow
    names = flow.names.to_list()
    found = relays(flow, timedelta(hours=96), 0.8, hub_mask(flow, set()))
    return [[f"{names[flow.payer[e]]}{names[flow.payee[e]]}{flow.value[e]}" for e in pair] for pair in found.tolist()]


def test_the_nearest_value_is_relayed_and_the_latest_of_equals() -> None:
    receipts = [("P", "M", 1, 900), ("Q", "M", 2, 1000), ("R", "M", 3, 1000), ("U", "M", 4, 1100)]
    assert relayed([*receipts, ("M", "X", 60, 1000)]) == [["RM1000", "MX1000"]]
    assert relayed([*receipts, ("M", "X", 60, 1000), ("M", "Y", 61, 1000)]) == [
        ["RM1000", "MX1000"],
        ["QM1000", "MY1000"],
    ]


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([("P", "M", 1, 1000), ("M", "X", 1 + 4 * DAY, 1000)], 1),
        ([("P", "M", 1, 1000), ("M", "X", 2 + 4 * DAY, 1000)], 0),  # a minute too late
        ([("P", "M", 1, 1000), ("M", "X", 60, 800)], 1),
        ([("P", "M", 1, 1000), ("M", "X", 60, 799)], 0),
        ([("P", "M", 1, 800), ("M", "X", 60, 1000)], 1),
        ([("P", "M", 1, 799), ("M", "X", 60, 1000)], 0),
        ([("P", "M", 1, 1000), ("M", "P", 60, 1000)], 0),  # back to where it came from
        ([("M", "X", 60, 1000), ("P", "M", 60, 1000)], 0),  # in the same minute, but written before
        ([("P", "M", 60, 1000), ("M", "X", 60, 1000)], 1),
        ([("P", "M", 1, 1000), ("M", "M", 30, 1000), ("M", "X", 60, 1000)], 1),
        ([("P", "M", 1, 1000), ("P", "M", 2 + 4 * DAY, 5), ("M", "X", 60, 1000)], 0),  # P pays M again
        ([("P", "M", 1, 1000), ("P", "M", 1 + 4 * DAY, 5), ("M", "X", 60, 1000)], 1),
        ([("P", "M", 1, 0), ("M", "X", 60, 0)], 0),
    ],
)
def test_what_is_a_relay(rows: list[tuple[Any, ...]], number: int) -> None:
    assert len(relayed(rows)) == number


def test_no_relays_where_most_transfers_are_of_pairs_that_deal_once() -> None:
    rows = [("P", "M", 1, 1000), ("M", "X", 60, 1000)]
    assert len(relayed(rows, STANDING[:2])) == 1  # half of them
    assert not relayed([*rows, ("U", "V", 0, 9)], STANDING[:2])
