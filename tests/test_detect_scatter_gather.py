"""Scatter-gather: against a slow counterpart written from its docstring, and on ledgers made by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, MINUTE, Row, graph_of, nasty_rows, seeds
from oracles import Transfer, in_ledger_order
from said import Told, agree, appearance, cases, cut, found, kinds, lasted, said

import graphflow as gf

# --- the slow counterpart --------------------------------------------------------------------------


class Leg(NamedTuple):
    """Two transfers, source to between and between to sink, as positions in the ledger."""

    source: object
    between: object
    sink: object
    into: int
    out: int


def legs(transfers: list[Transfer], *, window: int, skipped: Collection[object]) -> Iterator[Leg]:
    """Every payment on with the latest payment of each source before it."""
    for out, on in enumerate(transfers):
        latest = {t.payer: k for k, t in enumerate(transfers[:out]) if t.payee == on.payer}
        for source, into in latest.items():
            different = len({source, on.payer, on.payee}) == 3
            near = on.time - transfers[into].time <= window
            if different and near and not {source, on.payer, on.payee} & set(skipped):
                yield Leg(source, on.payer, on.payee, into, out)


def episodes(
    transfers: list[Transfer], *, window: int, min_between: int, skipped: Collection[object]
) -> list[set[Leg]]:
    """Hot windows of a source and a sink, united as long as two of them share a leg."""
    by_ends: dict[tuple[object, object], list[Leg]] = defaultdict(list)
    for leg in legs(transfers, window=window, skipped=skipped):
        by_ends[leg.source, leg.sink].append(leg)
    return [episode for both in by_ends.values() for episode in _united(_hot(transfers, both, window, min_between))]


def _hot(transfers: list[Transfer], those: list[Leg], window: int, min_between: int) -> Iterator[set[Leg]]:
    for first in those:
        begin = transfers[first.into].time
        inside = {
            leg for leg in those if transfers[leg.into].time >= begin and transfers[leg.out].time <= begin + window
        }
        if len({leg.between for leg in inside}) >= min_between:
            yield inside


def _united(windows: Iterator[set[Leg]]) -> list[set[Leg]]:
    united: list[set[Leg]] = []
    for window in windows:
        apart = [other for other in united if not other & window]
        united = [*apart, window.union(*(other for other in united if other & window))]
    return united


def told(transfers: list[Transfer], episode: set[Leg]) -> Told:
    listed = sorted(episode, key=lambda leg: (leg.into, leg.out))
    ins, outs = {leg.into for leg in listed}, {leg.out for leg in listed}
    sent, arrived = (sum(transfers[k].value for k in side) for side in (ins, outs))
    rows, between = sorted(ins | outs), list(dict.fromkeys(leg.between for leg in listed))
    weights = [transfers[leg.out].value for leg in listed]
    weights = weights if any(weights) else [1] * len(listed)
    waits = [transfers[leg.out].time - transfers[leg.into].time for leg in listed]
    return Told(
        (listed[0].source, *between, listed[0].sink),
        rows,
        sent,
        {
            "between": len(between),
            "kept": float(Fraction(min(sent, arrived), max(sent, arrived, 1))),
            "dwell_minutes": sum(w * v for w, v in zip(waits, weights, strict=True)) / sum(weights),
            "span_hours": lasted(transfers, rows),
        },
    )


def expected(transfers: list[Transfer], *, window: int, min_between: int, skipped: Collection[object]) -> list[Told]:
    place = appearance(transfers)
    all_told = [
        told(transfers, episode)
        for episode in episodes(transfers, window=window, min_between=min_between, skipped=skipped)
    ]
    return sorted(all_told, key=lambda t: (place[t.accounts[0]], place[t.accounts[-1]], t.rows))


def test_episodes_are_those_of_the_slow_counterpart(mode: str) -> None:
    number = hubs = 0
    for k, case in enumerate(cases(seeds(400))):
        min_between = (1, 2, 2, 3)[k % 4]
        detector = gf.ScatterGather(min_between=min_between, window=case.span, hub=case.hub)
        wanted = expected(case.transfers, window=case.window, min_between=min_between, skipped=case.skipped)
        agree(found(case.rows, detector), wanted)
        number += len(wanted)
        hubs += bool(wanted and case.skipped)
    assert number >= seeds(300) // 2, mode
    assert hubs >= seeds(20) // 2


@EXAMPLES
@given(nasty_rows(), st.sampled_from((0, 3, 10, 30)), st.sampled_from((1, 2)))
def test_episodes_are_those_of_the_slow_counterpart_in_any_ledger(rows: list[Row], window: int, least: int) -> None:
    wanted = expected(in_ledger_order(rows), window=window, min_between=least, skipped=())
    agree(found(rows, gf.ScatterGather(min_between=least, window=window * MINUTE)), wanted)


# --- by hand ---------------------------------------------------------------------------------------

SPLIT = [
    ("S", "A", 0, 1000), ("S", "B", 10, 1000), ("S", "C", 20, 1000),
    ("A", "T", 30, 950), ("B", "T", 40, 950), ("C", "T", 50, 950),
]  # fmt: skip


def test_a_sum_split_and_joined_is_found_whole() -> None:
    others = [("S", "X", 5, 1000), ("X", "Y", 6, 900), ("Q", "T", 7, 900), ("A", "Z", 35, 10)]
    (finding,) = found([*SPLIT, *others], gf.ScatterGather())
    assert finding.transactions == ("t0", "t1", "t2", "t3", "t4", "t5")
    assert said(finding) == {
        "accounts": ("S", "A", "B", "C", "T"),
        "rows": [0, 4, 5, 6, 8, 9],
        "amount": 3000,
        "measures": {"between": 3, "kept": 0.95, "dwell_minutes": 30.0, "span_hours": 0.83},
        "level": "high",
    }
    assert kinds(finding) == {"structure": (2.585, True), "conservation": (2.0, True), "speed": (2.0, True)}
    assert finding.reason == "S paid 3 accounts that paid T, 95 % of the value, in 50 minutes"


def test_what_the_accounts_between_do_not_hand_on_in_order_is_not_seen() -> None:
    early = [("A", "T", 30, 950), ("S", "A", 31, 1000), ("B", "T", 30, 950), ("S", "B", 31, 1000)]
    assert not found(early, gf.ScatterGather())
    one = [("S", "A", 0, 1000), ("A", "T", 30, 950), ("B", "T", 30, 950), ("S", "B", 31, 1000)]
    assert not found(one, gf.ScatterGather())
    (finding,) = found(one, gf.ScatterGather(min_between=1))
    assert finding.accounts == ("S", "A", "T")


def test_ties_of_a_leg_are_in_the_order_of_the_rows() -> None:
    both = [("S", "A", 0, 9), ("S", "B", 0, 9), ("A", "T", 0, 9), ("B", "T", 0, 9)]
    assert len(found(both, gf.ScatterGather())) == 1
    assert not found([both[2], *both[:2], both[3]], gf.ScatterGather())


@pytest.mark.parametrize(("window", "number"), [(50, 1), (49, 0)])
def test_the_window_of_a_scatter_gather_includes_its_end(window: int, number: int) -> None:
    assert len(found(SPLIT, gf.ScatterGather(min_between=3, window=window * MINUTE))) == number
    assert len(found(SPLIT, gf.ScatterGather(min_between=2, window=window * MINUTE))) == 1


@pytest.mark.parametrize(("after", "between"), [(40, "ABC"), (41, "AB")])
def test_windows_that_share_a_leg_are_one_episode(after: int, between: str) -> None:
    """B's leg lies in A's window, and C's leg in the one that begins with B's, unless it ends a minute later."""
    rows = [
        ("S", "A", 0, 9), ("A", "T", 5, 9), ("S", "B", 20, 9), ("B", "T", 60, 9),
        ("S", "C", 20 + after, 9), ("C", "T", 40 + after, 9),
    ]  # fmt: skip
    (finding,) = found(rows, gf.ScatterGather(window=60 * MINUTE))
    assert finding.accounts == ("S", *between, "T")
    assert finding.rows.size == 2 * len(between)


@pytest.mark.parametrize("missing", range(4))
def test_one_transfer_short_is_no_scatter_gather(missing: int) -> None:
    rows = [("S", "A", 0, 1000), ("S", "B", 1, 1000), ("A", "T", 9, 990), ("B", "T", 9, 990)]
    assert len(found(rows, gf.ScatterGather())) == 1
    assert not found(rows[:missing] + rows[missing + 1 :], gf.ScatterGather())


def test_money_that_comes_back_to_its_source_is_no_scatter_gather() -> None:
    assert not found([("S", "A", 0, 9), ("S", "B", 1, 9), ("A", "S", 8, 9), ("B", "S", 9, 9)], gf.ScatterGather())


def test_a_payment_on_goes_with_the_latest_payment_in() -> None:
    rows = [*SPLIT, ("S", "A", 29, 500)]
    (finding,) = found(rows, gf.ScatterGather())
    assert "t6" in finding.transactions
    assert "t0" not in finding.transactions


@pytest.mark.parametrize(
    ("between", "arriving", "dwell", "level", "decisive"),
    [
        ("ABC", 1000, 300, "high", {"structure", "conservation"}),  # no fee kept
        ("ABC", 850, 300, "high", {"structure", "conservation"}),
        ("ABC", 849, 300, "review", {"structure"}),
        ("ABC", 799, 300, "review", {"structure"}),
        ("AB", 850, 300, "review", {"conservation"}),
        ("AB", 850, 60, "high", {"conservation", "speed"}),
        ("AB", 850, 61, "review", {"conservation"}),
        ("AB", 100, 60, "review", {"speed"}),
        ("ABC", 1200, 300, "review", {"structure"}),  # more arrived than was sent: 0.83
    ],
)
def test_high_needs_two_kinds_of_evidence(
    between: str, arriving: int, dwell: int, level: str, decisive: set[str]
) -> None:
    rows: list[tuple[Any, ...]] = [("S", name, k, 1000) for k, name in enumerate(between)]
    rows += [(name, "T", k + dwell, arriving) for k, name in enumerate(between)]
    (finding,) = found(rows, gf.ScatterGather())
    assert finding.level == level
    assert {kind for kind, (_, sure) in kinds(finding).items() if sure} == decisive
    assert ("conservation" in kinds(finding)) == (arriving not in (100, 799))


def test_days_cannot_tell_that_money_was_fast() -> None:
    days = [("S", "A", 0, 9), ("S", "B", 0, 9), ("A", "T", 0, 9), ("B", "T", 0, 9), ("Q", "R", 1440, 9)]
    (finding,) = gf.ScatterGather().find(graph_of(days, precision=1440 * MINUTE))
    assert "speed" not in kinds(finding)


def test_a_hub_is_neither_source_nor_between_nor_sink_and_that_is_said() -> None:
    for hub in "SAT":
        crowd = [(hub, f"customer {k}", 60 + k, 5) for k in range(10)]
        listed = found([*SPLIT, *crowd], gf.ScatterGather(hub=9))
        assert [f.accounts for f in listed] == ([("S", "B", "C", "T")] if hub == "A" else [])
        words = cut([*SPLIT, *crowd], gf.ScatterGather(hub=9))
        assert words == ("scatter-gather: 1 account with more than 9 counterparties not traversed (hubs)",)
    assert found([*SPLIT, *crowd], gf.ScatterGather(hub=13))


def test_findings_come_by_source_and_sink_as_the_ledger_names_them() -> None:
    second = [(f"2{payer}", f"2{payee}", minute + 3, value) for payer, payee, minute, value in SPLIT]
    assert [f.accounts[0] for f in found([*second, *SPLIT], gf.ScatterGather())] == ["S", "2S"]


def test_a_rough_exchange_rate_is_no_evidence() -> None:
    rows = [(*row, "USD" if "C" in row[:2] else "CNY") for row in SPLIT]
    (finding,) = found(rows, gf.ScatterGather())
    assert finding.measures["kept"] == 0.95
    assert kinds(finding) == {"structure": (2.585, False), "conservation": (2.0, False), "speed": (2.0, True)}
    assert (finding.currency, finding.amount) == ("CNY", 3000)
