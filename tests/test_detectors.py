"""Each detector on ledgers made by hand: the whole expected value; and on nasty ones against the oracles."""

from __future__ import annotations

import random
import sys
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import long_ledgers
import numpy as np
import oracles
import pytest
from findings import found, kinds, said
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows
from long_ledgers import DAY
from oracles import Transfer, in_ledger_order

import graphflow as gf
from graphflow.detect import DETECTORS, Findings
from graphflow.finding import Finding

SEEDED = 150


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


# --- cycle ----------------------------------------------------------------------------------------

TRIANGLE = [("P", "Q", 0, 1000), ("Q", "R", 30, 980), ("R", "P", 90, 950)]


def test_a_cycle_says_what_came_back() -> None:
    (finding,) = found([*TRIANGLE, ("P", "X", 5, 990), ("X", "Y", 6, 990)], gf.Cycle())
    assert said(finding) == {
        "accounts": ("P", "Q", "R"),
        "rows": [0, 3, 4],
        "amount": 950,
        "currency": "CNY",
        "measures": {"hops": 3, "cycles": 1, "kept": 0.95, "span_hours": 1.5},
        "level": "high",
    }
    assert kinds(finding) == {"structure": (2.0, True), "conservation": (2.0, True), "speed": (1.0, False)}
    assert finding.points == 5.0
    (weighed,) = gf.detect(graph_of(TRIANGLE), [gf.Cycle()])
    assert weighed.parts[:3] == finding.parts
    assert finding.reason == "9.50 CNY went from P over 2 accounts back to it in 1 hour 30 minutes, 95 % kept"


def test_a_way_round_in_the_wrong_order_is_no_cycle() -> None:
    assert not found([("Q", "R", 0, 980), ("P", "Q", 30, 1000), ("R", "P", 10, 950)], gf.Cycle(max_hops=2))
    assert not found([("R", "P", 0, 9), ("Q", "R", 1, 9), ("P", "Q", 2, 9)], gf.Cycle())


def test_ties_are_in_the_order_of_the_rows() -> None:
    assert len(found([("P", "Q", 0, 9), ("Q", "R", 0, 9), ("R", "P", 0, 9)], gf.Cycle())) == 1
    assert not found([("R", "P", 0, 9), ("Q", "R", 0, 9), ("P", "Q", 0, 9)], gf.Cycle())


@pytest.mark.parametrize(("window", "number"), [(90, 1), (89, 0)])
def test_the_window_of_a_cycle_includes_its_end(window: int, number: int) -> None:
    assert len(found(TRIANGLE, gf.Cycle(window=minutes(window)))) == number


@pytest.mark.parametrize(("keep", "number"), [(0.95, 1), (0.96, 0), (0.55, 1)])
def test_the_share_a_cycle_keeps_includes_its_bound(keep: float, number: int) -> None:
    assert len(found(TRIANGLE, gf.Cycle(keep=keep))) == number


def test_bounds_are_exact_where_floats_are_not() -> None:
    assert 0.55 * 100 > 55  # what a plain product would compare with
    assert len(found([("P", "Q", 0, 100), ("Q", "P", 1, 55)], gf.Cycle(keep=0.55))) == 1
    assert len(found([("P", "Q", 0, 55), ("Q", "P", 1, 100)], gf.Cycle(keep=0.55))) == 1
    assert not found([("P", "Q", 0, 10_000_000), ("Q", "P", 1, 5_499_999)], gf.Cycle(keep=0.55))


@pytest.mark.parametrize(("max_hops", "number"), [(3, 1), (2, 0)])
def test_hops_of_a_cycle_are_bounded(max_hops: int, number: int) -> None:
    assert len(found(TRIANGLE, gf.Cycle(max_hops=max_hops))) == number


def test_two_hops_stay_at_review() -> None:
    (finding,) = found([("P", "Q", 0, 1000), ("Q", "P", 1, 1000)], gf.Cycle())
    assert finding.level == "review"
    assert kinds(finding)["structure"] == (1.667, False)


def test_the_best_of_parallel_ways_speaks_for_a_cycle() -> None:
    (finding,) = found([("P", "Q", 0, 1000), ("Q", "R", 10, 600), ("Q", "R", 20, 990), ("R", "P", 60, 980)], gf.Cycle())
    assert said(finding) == {
        "accounts": ("P", "Q", "R"),
        "rows": [0, 1, 2, 3],
        "amount": 980,
        "currency": "CNY",
        "measures": {"hops": 3, "cycles": 2, "kept": 0.98, "span_hours": 1.0},
        "level": "high",
    }
    assert finding.reason.endswith("98 % kept, 2 ways over the same accounts")


def test_overlapping_cycles_over_the_same_accounts_are_one_finding() -> None:
    rows = [("P", "Q", 0, 100), ("Q", "P", 10, 100), ("P", "Q", 10, 90), ("Q", "P", 20, 90), ("P", "Q", 41, 100)]
    first, second = found([*rows, ("Q", "P", 42, 100)], gf.Cycle(window=minutes(10)))
    assert (first.rows.tolist(), first.measures["cycles"]) == ([0, 1, 2, 3], 3)
    assert (second.rows.tolist(), second.measures["cycles"]) == ([4, 5], 1)


def test_nothing_going_round_is_no_evidence() -> None:
    (finding,) = found([("P", "Q", 0, 0), ("Q", "R", 1, 0), ("R", "P", 2, 0)], gf.Cycle())
    assert (finding.amount, finding.measures["kept"], finding.level) == (0, 0.0, "review")


def test_a_cycle_cut_by_its_width_says_so() -> None:
    rows = [("P", "Q", 0, 100), *[("Q", "P", 1, 100)] * 70]
    findings = gf.detect(graph_of(rows), [gf.Cycle()])
    assert findings.truncated == ("cycle: 1 hop with more than 64 parallel transactions cite the first 64",)
    assert (findings[0].measures["cycles"], findings[0].rows.size) == (70, 65)


def check_cycles(rows: list[Row], max_hops: int, window: int, keep: Fraction) -> int:
    transfers = in_ledger_order(rows)
    detector = gf.Cycle(max_hops=max_hops, window=minutes(window), keep=float(keep))
    findings = found(rows, detector)
    groups = oracles.cycle_groups(transfers, max_hops=max_hops, window=window, keep=keep)
    by_rows = {tuple(sorted({k for way in group for k in way})): group for group in groups}
    assert [int(f.rows[0]) for f in findings] == sorted(group[0][0] for group in groups)
    assert {tuple(f.rows.tolist()) for f in findings} == set(by_rows)
    for finding in findings:
        check_cycle(finding, by_rows[tuple(finding.rows.tolist())], transfers)
    return len(findings)


def check_cycle(finding: Finding, group: list[tuple[int, ...]], transfers: list[Transfer]) -> None:
    """The finding tells of one of the best of its cycles."""
    best = max(oracles.kept(way, transfers) for way in group)
    candidates = [
        (
            oracles.accounts_of(way, transfers),
            min(transfers[k].value for k in way),
            round((transfers[way[-1]].time - transfers[way[0]].time) / 60, 2),
            len(way),
        )
        for way in group
        if oracles.kept(way, transfers) == best
    ]
    measures = finding.measures
    assert measures["cycles"] == len(group)
    assert measures["kept"] == pytest.approx(float(best), abs=6e-5)
    assert (finding.accounts, finding.amount, measures["span_hours"], measures["hops"]) in candidates


def test_cycles_of_seeded_ledgers() -> None:
    number = 0
    for seed in range(SEEDED):
        rng = random.Random(seed)
        number += check_cycles(
            random_rows(rng), rng.randint(2, 6), rng.choice((2, 10, 30)), rng.choice((Fraction(0), Fraction(1, 2)))
        )
    assert number > SEEDED


@EXAMPLES
@given(nasty_rows(), st.integers(2, 6), st.sampled_from((1, 5, 30)), st.sampled_from((Fraction(0), Fraction(9, 10))))
def test_cycles_of_any_ledger(rows: list[Row], max_hops: int, window: int, keep: Fraction) -> None:
    check_cycles(rows, max_hops, window, keep)


# --- fan-in and fan-out ---------------------------------------------------------------------------


def collected(payers: int, *, step: float = 1, amount: int = 100) -> list[tuple[Any, ...]]:
    return [(f"P{k:02}", "C", k * step, amount) for k in range(payers)]


def distributed(payees: int, *, at: float = 0, amount: int = 100) -> list[tuple[Any, ...]]:
    return [("D", f"Q{k:02}", at + k, amount) for k in range(payees)]


def test_a_fan_in_whose_money_leaves_is_high() -> None:
    rows = [*collected(10, amount=1000), ("C", "OUT", 20, 9000)]
    (finding,) = found(rows, gf.FanIn())
    assert said(finding) == {
        "accounts": ("C",),
        "rows": list(range(10)),
        "amount": 10_000,
        "currency": "CNY",
        "measures": {
            "payers": 10,
            "peak_payers": 10,
            "one_off_share": 1.0,
            "amount_spread": 0.0,
            "moved_share": 0.9,
            "stays_minutes": 16.0,  # the first nine lots, 20 to 12 minutes old
        },
        "level": "high",
    }
    assert kinds(finding) == {
        "structure": (2.0, False),
        "novelty": (1.0, False),
        "conservation": (2.0, True),
        "speed": (2.0, True),
    }
    assert finding.reason == ("C received from 10 payers in 9 minutes (100 % one-off); 90 % of it left within 1 day")


def test_a_fan_out_of_what_just_came_in_is_high() -> None:
    rows = [("IN", "D", 0, 1000), *distributed(10, at=5)]
    (finding,) = found(rows, gf.FanOut())
    assert said(finding) == {
        "accounts": ("D",),
        "rows": list(range(1, 11)),
        "amount": 1000,
        "currency": "CNY",
        "measures": {
            "payees": 10,
            "peak_payees": 10,
            "one_off_share": 1.0,
            "amount_spread": 0.0,
            "funded_share": 1.0,
            "stays_minutes": 9.5,
        },
        "level": "high",
    }
    assert finding.reason == (
        "D paid 10 payees in 9 minutes (100 % one-off); 100 % had come in within the 1 day before"
    )


def test_a_shop_that_keeps_what_it_collects_stays_at_review() -> None:
    (finding,) = found(collected(10), gf.FanIn())
    assert finding.level == "review"
    assert finding.measures["stays_minutes"] == ""


def test_money_that_leaves_in_the_same_minute_stays_zero_minutes() -> None:
    rows = [(f"P{k}", "C", 0, 100) for k in range(5)]
    (finding,) = found([*rows, ("C", "OUT", 0, 500)], gf.FanIn())
    assert finding.measures["stays_minutes"] == 0.0
    (finding,) = found([("IN", "D", 0, 500), *[("D", f"Q{k}", 0, 100) for k in range(5)]], gf.FanOut())
    assert finding.measures["stays_minutes"] == 0.0


@pytest.mark.parametrize(("payers", "number"), [(5, 1), (4, 0)])
def test_a_fan_has_enough_others(payers: int, number: int) -> None:
    assert len(found(collected(payers), gf.FanIn(min_payers=5))) == number
    assert len(found(distributed(payers), gf.FanOut(min_payees=5))) == number


@pytest.mark.parametrize(("window", "number"), [(40, 1), (39, 0)])
def test_the_window_of_a_fan_includes_its_start(window: int, number: int) -> None:
    assert len(found(collected(5, step=10), gf.FanIn(window=minutes(window)))) == number


def test_the_same_payer_again_is_not_another_one() -> None:
    assert not found([*collected(4), ("P00", "C", 5, 100), ("C", "C", 5, 100)], gf.FanIn())


def test_an_episode_is_maximal_and_reported_once() -> None:
    rows = [(f"P{k}", "C", 4 * k, 100) for k in range(12)]
    (finding,) = found(rows, gf.FanIn(window=minutes(16)))
    assert (finding.measures["payers"], finding.measures["peak_payers"]) == (12, 5)
    apart = [*rows, *[(f"R{k}", "C", 100 + k, 100) for k in range(5)]]
    assert [f.rows.size for f in found(apart, gf.FanIn(window=minutes(16)))] == [12, 5]


def test_hubs_are_left_out_and_said() -> None:
    findings = gf.detect(graph_of(collected(9)), [gf.FanIn(max_payers=8)])
    assert (len(findings), findings.truncated) == (
        0,
        ("fan-in: 1 account with more than 8 payers at once not reported (hubs)",),
    )


def test_a_payroll_does_not_reach_high() -> None:
    """The same people each month, out of money that came in just before."""
    rows = []
    for month in range(3):
        at = month * 43_200
        rows += [("OWNER", "D", at, 1200), *[("D", f"E{k:02}", at + 5, 100) for k in range(12)]]
    assert [f.level for f in found(rows, gf.FanOut(min_one_off=0.0))] == ["review"] * 3
    result = gf.detect(graph_of(rows), [gf.FanOut()])
    assert not result.found
    assert result.truncated == (
        "fan-out: 3 episodes with under 50 % one-off payees not reported (an account's ordinary life)",
    )


def check_fans(rows: list[Row], window: int, minimum: int) -> int:
    transfers = in_ledger_order(rows)
    incoming = gf.FanIn(window=minutes(window), min_payers=minimum, dwell=minutes(20), min_one_off=0.0)
    outgoing = gf.FanOut(window=minutes(window), min_payees=minimum, dwell=minutes(20), min_one_off=0.0)
    matches = oracles.matches(transfers, dwell=20)
    for detector, receiving in ((incoming, True), (outgoing, False)):
        episodes = oracles.episodes(transfers, receiving=receiving, window=window, minimum=minimum)
        findings = found(rows, detector)
        assert sorted((f.accounts, f.rows.tolist()) for f in findings) == sorted(
            ((e.account,), e.transactions) for e in episodes
        )
        moved = oracles.passed(matches) if receiving else oracles.funded(matches)
        for finding in findings:
            check_fan(finding, transfers, moved, receiving, window)
    return len(findings)


def check_fan(finding: Finding, transfers: list[Transfer], moved: Any, receiving: bool, window: int) -> None:
    cited = [transfers[k] for k in finding.rows]
    values = [t.value for t in cited]
    others = {t.payer if receiving else t.payee for t in cited}
    left = sum(moved[int(k)] for k in finding.rows)
    number, _, once, spread, share, _ = finding.measures.values()
    assert (finding.amount, number) == (sum(values), len(others))
    assert once == pytest.approx(float(oracles.one_off(transfers, finding.rows.tolist(), window=window)), abs=6e-5)
    assert spread == pytest.approx(np.std(values) / np.mean(values) if sum(values) else 0, abs=1e-4)
    assert share == pytest.approx(left / max(1, sum(values)), abs=6e-5)


def test_fans_of_seeded_ledgers() -> None:
    number = 0
    for seed in range(SEEDED):
        rng = random.Random(seed)
        number += check_fans(random_rows(rng), rng.choice((2, 10, 30)), rng.randint(1, 3))
    assert number > SEEDED


@EXAMPLES
@given(nasty_rows(), st.sampled_from((1, 5, 30)), st.integers(1, 3))
def test_fans_of_any_ledger(rows: list[Row], window: int, minimum: int) -> None:
    check_fans(rows, window, minimum)


# --- mule chain -----------------------------------------------------------------------------------

CHAIN = [("V", "M1", 0, 1000), ("M1", "M2", 20, 950), ("M2", "M3", 50, 900)]


def test_a_chain_says_what_arrived() -> None:
    (finding,) = found(CHAIN, gf.MuleChain())
    assert said(finding) == {
        "accounts": ("M1", "M2", "M3"),
        "rows": [0, 1, 2],
        "amount": 1000,
        "currency": "CNY",
        "measures": {
            "hops": 3,
            "kept": 0.9,
            "even": 0.9,
            "dwell_minutes": 24.9,  # (950 × 20 + 900 × 30) / 1850
            "dwell_per_hop": "20 30",
            "residual": 0.0513,  # 100 of 1950
            "ends": 1,
        },
        "level": "high",
    }
    assert kinds(finding) == {"structure": (2.0, False), "conservation": (2.0, True), "speed": (2.0, True)}
    assert finding.reason == (
        "90 % of the money from V went 3 hops on to M3, staying 24 minutes 52 seconds with each account on average"
    )


def test_a_chain_survives_splitting_and_merging() -> None:
    rows = [
        ("V", "M", 0, 1000),
        ("M", "A", 5, 400),
        ("M", "B", 6, 600),
        ("A", "C", 10, 400),
        ("B", "C", 11, 600),
        ("C", "OUT", 20, 950),
    ]
    (finding,) = found(rows, gf.MuleChain())
    assert finding.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert finding.accounts == ("M", "A", "B", "C", "OUT")
    assert (finding.measures["hops"], finding.measures["kept"]) == (4, 0.95)
    assert finding.measures["dwell_per_hop"] == "6 5 9"  # over B, which carries more


def test_two_hops_are_no_chain_and_three_are() -> None:
    assert not found(CHAIN[:2], gf.MuleChain())
    assert len(found(CHAIN[:2], gf.MuleChain(min_hops=2))) == 1


@pytest.mark.parametrize(("dwell", "number"), [(30, 1), (29, 0)])
def test_the_dwell_time_includes_its_end(dwell: int, number: int) -> None:
    assert len(found(CHAIN, gf.MuleChain(dwell=minutes(dwell)))) == number


@pytest.mark.parametrize(("keep", "number"), [(0.90, 1), (0.91, 0)])
def test_the_share_a_chain_keeps_includes_its_bound(keep: float, number: int) -> None:
    assert len(found(CHAIN, gf.MuleChain(keep=keep))) == number


def test_ties_of_a_chain_are_in_the_order_of_the_rows() -> None:
    same = [("V", "M1", 0, 100), ("M1", "M2", 0, 100), ("M2", "M3", 0, 100)]
    assert len(found(same, gf.MuleChain())) == 1
    assert not found(same[::-1], gf.MuleChain())


def test_a_slow_short_chain_stays_at_review_and_a_long_one_does_not() -> None:
    rows = [(f"A{k}", f"A{k + 1}", 600 * k, 1000) for k in range(5)]
    (short,) = found(rows[:4], gf.MuleChain())
    (long,) = found(rows, gf.MuleChain())
    assert (short.level, long.level) == ("review", "high")


def test_hops_and_share_are_of_one_and_the_same_start() -> None:
    """Each chain keeps four fifths over three transactions; nobody's money is said to go further."""
    rows = [(f"A{k}", f"A{k + 1}", 60 * k, value) for k, value in enumerate((1000, 890, 800, 720, 640))]
    (finding,) = found(rows, gf.MuleChain())
    assert finding.rows.tolist() == [0, 1, 2, 3, 4]
    assert (finding.measures["hops"], finding.measures["kept"]) == (3, 0.809)
    assert finding.reason.startswith("80 % of the money from A1 went 3 hops on to A4,")
    assert finding.level == "review"


def test_a_start_that_keeps_more_speaks_before_one_that_goes_further() -> None:
    rows = [(f"A{k}", f"A{k + 1}", 10 * k, value) for k, value in enumerate((1000, 850, 850, 850))]
    (finding,) = found(rows, gf.MuleChain())
    assert (finding.measures["hops"], finding.measures["kept"]) == (3, 1.0)


def test_hubs_of_a_chain_are_not_traversed_and_said() -> None:
    findings = gf.detect(graph_of(CHAIN), [gf.MuleChain(hub=1)])
    assert (len(findings), findings.truncated) == (
        0,
        ("mule-chain: 2 accounts with more than 1 counterparties not traversed (hubs)",),
    )


LEDGER_OF_WEEKS: list[tuple[Any, ...]] = [
    *[("OWN", f"M{k}", 5 * DAY * week, 70_000) for k in (1, 2) for week in range(6)],  # they live on other money
    ("V", "M1", DAY + 7, 1000),
    ("M1", "M2", 3 * DAY, 980),
    ("M2", "M3", 6 * DAY, 960),
]


def test_a_chain_over_relays_where_first_in_first_out_sees_none() -> None:
    transfers = in_ledger_order(LEDGER_OF_WEEKS)
    assert not oracles.links(transfers, dwell=DAY, keep=Fraction(4, 5))
    (finding,) = found(LEDGER_OF_WEEKS, gf.MuleChain())
    assert finding.transactions == ("t12", "t13", "t14")
    assert finding.accounts == ("M1", "M2", "M3")
    assert (finding.amount, finding.level) == (1000, "review")
    assert dict(finding.measures) == {
        "hops": 3,
        "kept": 0.96,
        "even": 0.96,
        "dwell_minutes": round((980 * (2 * DAY - 7) + 960 * 3 * DAY) / 1940, 1),
        "dwell_per_hop": f"{2 * DAY - 7} {3 * DAY}",
        "residual": 1.0,  # first in, first out: not moved on within a day
        "ends": 1,
    }
    assert len(found(LEDGER_OF_WEEKS, gf.MuleChain(relay=timedelta(days=3)))) == 1
    assert not found(LEDGER_OF_WEEKS, gf.MuleChain(relay=timedelta(days=3) - minutes(1)))
    again = [*LEDGER_OF_WEEKS, ("M1", "M2", 30 * DAY, 5)]  # M1 pays M2 again: no one-off pair
    assert not found(again, gf.MuleChain())


def chain_links(transfers: list[Transfer], dwell: int, keep: Fraction) -> list[oracles.Match]:
    """First in, first out, and relays that are no links yet."""
    links = oracles.links(transfers, dwell=dwell, keep=keep)
    known = {m[:2] for m in links}
    relayed = long_ledgers.relays(transfers, window=4 * DAY, keep=keep)
    values = [t.value for t in transfers]
    return sorted(
        [*links, *(oracles.Match(a, b, min(values[a], values[b])) for a, b in relayed if (a, b) not in known)]
    )


def check_chains(rows: list[Row], keep: Fraction, min_hops: int, max_hops: int, dwell: int = 20) -> int:
    transfers = in_ledger_order(rows)
    links = chain_links(transfers, dwell, keep)
    chains = oracles.Chains([t.value for t in transfers], links, keep, min_hops, max_hops)
    trails = oracles.components(chains.links())
    findings = found(rows, gf.MuleChain(dwell=minutes(dwell), keep=float(keep), min_hops=min_hops, max_hops=max_hops))
    assert [f.rows.tolist() for f in findings] == [sorted({k for m in trail for k in m[:2]}) for trail in trails]
    for finding, trail in zip(findings, trails, strict=True):
        check_chain(finding, trail, transfers, chains, dwell)
    return len(findings)


def check_chain(
    finding: Finding, trail: list[oracles.Match], transfers: list[Transfer], chains: oracles.Chains, dwell: int
) -> None:
    receipts, payments = {m.receipt for m in trail}, {m.payment for m in trail}
    stays = [(m.value, transfers[m.payment].time - transfers[m.receipt].time) for m in trail]
    starts = [(chains.hops(k), chains.arrives(k)) for k in finding.rows.tolist() if chains.hops(k)]
    hops, kept = max(starts, key=lambda start: (start[1] >= Fraction(9, 10), *start))
    left = oracles.passed(oracles.matches(transfers, dwell=dwell))
    got = sum(transfers[k].value for k in receipts)
    measures = finding.measures
    assert finding.amount == sum(transfers[k].value for k in receipts - payments)
    assert (measures["hops"], measures["ends"]) == (hops, len({transfers[k].payee for k in payments - receipts}))
    assert measures["kept"] == pytest.approx(float(kept), abs=6e-5)
    assert measures["dwell_minutes"] == pytest.approx(
        sum(v * t for v, t in stays) / sum(v for v, _ in stays), abs=0.051
    )
    assert measures["residual"] == pytest.approx(1 - sum(left[k] for k in receipts) / got, abs=6e-5)
    assert set(finding.accounts) == {transfers[m.payment].payer for m in trail} | {
        transfers[k].payee for k in payments - receipts
    }


def test_chains_of_seeded_ledgers() -> None:
    number = 0
    for seed in range(2 * SEEDED):
        rng = random.Random(seed)
        min_hops, keep = rng.randint(2, 3), rng.choice((Fraction(1, 2), Fraction(4, 5), Fraction(9, 10)))
        number += check_chains(random_rows(rng, most=40), keep, min_hops, min_hops + rng.randint(0, 4))
    assert number > SEEDED


def test_chains_of_seeded_ledgers_of_weeks() -> None:
    number = 0
    for seed in range(2 * SEEDED):
        rng = random.Random(seed)
        min_hops, keep = rng.randint(2, 3), rng.choice((Fraction(1, 2), Fraction(4, 5), Fraction(9, 10)))
        rows = long_ledgers.long_rows(rng)
        number += check_chains(rows, keep, min_hops, min_hops + rng.randint(0, 4), rng.choice((60, DAY)))
    assert number > SEEDED


@EXAMPLES
@given(long_ledgers.long_nasty_rows(), st.sampled_from((Fraction(1, 2), Fraction(4, 5))), st.integers(2, 3))
def test_chains_of_any_ledger_of_weeks(rows: list[Row], keep: Fraction, min_hops: int) -> None:
    check_chains(rows, keep, min_hops, min_hops + 2, DAY)


@EXAMPLES
@given(nasty_rows(40), st.sampled_from((Fraction(1, 2), Fraction(4, 5))), st.integers(2, 3), st.integers(0, 4))
def test_chains_of_any_ledger(rows: list[Row], keep: Fraction, min_hops: int, more: int) -> None:
    check_chains(rows, keep, min_hops, min_hops + more)


# --- all of them ----------------------------------------------------------------------------------


def test_high_takes_two_kinds_of_decisive_evidence() -> None:
    levels = set()
    for seed in range(SEEDED):
        rows = random_rows(random.Random(seed), most=40)
        for finding in gf.detect(graph_of(rows), [gf.Cycle(), gf.MuleChain(), gf.FanIn(min_payers=2)]):
            decisive = {part.kind for part in finding.parts if part.decisive}
            assert finding.level == ("high" if len(decisive) >= 2 else "review")
            assert finding.points == pytest.approx(sum(part.points for part in finding.parts))
            levels.add((finding.detector, finding.level))
    assert levels == {(name, level) for name in ("cycle", "mule-chain", "fan-in") for level in ("high", "review")}


@pytest.mark.parametrize(
    ("detector", "name"),
    [
        (gf.Cycle(window=minutes(59)), "window"),
        (gf.FanIn(window=minutes(59)), "window"),
        (gf.FanOut(dwell=minutes(59)), "dwell"),
        (gf.MuleChain(dwell=minutes(59)), "dwell"),
    ],
)
def test_a_window_finer_than_the_times_switches_a_detector_off(detector: Any, name: str) -> None:
    rows = [*TRIANGLE[:1], ("Q", "P", 60, 1000)]
    findings = gf.detect(graph_of(rows, precision=timedelta(hours=1)), [detector])
    assert findings == Findings(
        (),
        (),
        (f"{detector.name} is off: its {name} of 59 minutes is finer than the times of the ledger, which tell 1 hour",),
    )


def test_speed_is_no_evidence_where_times_cannot_tell_it() -> None:
    hours = graph_of([("P", "Q", 0, 9), ("Q", "R", 0, 9), ("R", "P", 0, 9)], precision=timedelta(days=1))
    for detector in (gf.Cycle(), gf.MuleChain()):
        (finding,) = gf.detect(hours, [detector])
        assert "speed" not in kinds(finding)


def test_values_in_currencies_that_compare_only_roughly_do_not_reach_high() -> None:
    rows = [("P", "Q", 0, 1000, "CNY"), ("Q", "R", 1, 1000, "CNY"), ("R", "P", 2, 1000, "USD")]
    (finding,) = found(rows, gf.Cycle())
    assert (finding.level, finding.currency) == ("review", "CNY")


def test_all_detectors_run_with_their_defaults_in_their_order() -> None:
    names = [kind.name for kind in DETECTORS]
    assert names == [
        "cycle", "fan-in", "fan-out", "mule-chain", "scatter-gather", "gather-scatter", "bipartite", "stack",
        "pass-through", "round-trip", "flow-density", "structuring", "probe", "dormant-burst", "device-ring",
    ]  # fmt: skip
    found_by = [f.detector for f in gf.detect(graph_of([*TRIANGLE, *collected(5)]))]
    assert found_by == sorted(found_by, key=names.index)
    assert {"cycle", "fan-in", "mule-chain", "pass-through", "round-trip"} <= set(found_by)


def test_two_at_a_time_find_what_one_after_the_other_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = gf.read_ledger(Path(__file__).parent.parent / "samples" / "tour.csv")
    told = []
    for large in (10**9, 0):
        monkeypatch.setattr(sys.modules["graphflow.detect"], "_LARGE", large)
        found = gf.detect(gf.FlowGraph(ledger))
        told.append(([(f.id, f.points, f.reason) for f in found], found.truncated, found.warnings))
    assert told[0] == told[1]
    assert len(told[0][0]) > 10
