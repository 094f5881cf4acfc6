"""Probe on ledgers made by hand, and on nasty ones against a slow counterpart."""

from __future__ import annotations

import random
from datetime import timedelta
from fractions import Fraction
from typing import Any

import oracles
import pytest
from findings import found, kinds, said
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, nasty_rows, random_rows, seeds

import graphflow as gf

DAY = 24 * 60
TESTED = [Row("P", "A", 0, 1), Row("P", "A", 5, 20_000_00)]


def test_a_test_before_an_ordinary_transfer_weighs_little() -> None:
    (finding,) = found([*TESTED, Row("X", "Y", 3, 500_00)], gf.Probe())
    assert said(finding) == {
        "accounts": ("A",),
        "rows": [0, 2],
        "amount": 20_000_00,
        "currency": "CNY",
        "measures": {
            "probes": 1,
            "probers": 1,
            "receipts": 1,
            "payers": 1,
            "tested_by_payer": 1,
            "wait_minutes": 5.0,
            "moved_share": 0.0,
        },
        "level": "review",
    }
    assert kinds(finding) == {"structure": (0.5, False)}
    assert finding.reason == "A got 1 tiny payment, and 5 minutes later 20,000.00 CNY in 1 large payment from 1 payer"


def collected(payers: int, probes: int = 2) -> list[Row]:
    rows = [Row("T", "A", k, 1) for k in range(probes)]
    return rows + [Row(f"V{k}", "A", 10 + 10 * k, 9_000_00) for k in range(payers)]


def test_tests_before_several_pay_and_the_money_leaves_are_high() -> None:
    (finding,) = found([*collected(4), Row("A", "B", 60, 36_000_00)], gf.Probe())
    assert finding.level == "high"
    assert kinds(finding) == {"structure": (2.0, True), "conservation": (2.0, True)}
    assert (finding.rows.tolist(), finding.measures["tested_by_payer"]) == ([0, 1, 2, 3, 4, 5], 0)
    assert finding.amount == 36_000_00


@pytest.mark.parametrize(("payers", "probes"), [(2, 2), (4, 1)])
def test_few_payers_or_one_test_stay_at_review(payers: int, probes: int) -> None:
    (finding,) = found([*collected(payers, probes), Row("A", "B", 60, 9_000_00 * payers)], gf.Probe())
    assert finding.level == "review"


def test_money_that_stays_is_review() -> None:
    (finding,) = found(collected(4), gf.Probe())
    assert finding.level == "review"


@pytest.mark.parametrize(
    "rows",
    [
        [Row("P", "A", 0, 101), Row("P", "A", 5, 20_000_00)],
        [Row("P", "A", 0, 0), Row("P", "A", 5, 20_000_00)],
        [Row("P", "A", 0, 1), Row("P", "A", 5, 999_99)],
        [Row("P", "A", 0, 1), Row("P", "A", DAY + 1, 20_000_00)],
        [Row("P", "A", 5, 20_000_00), Row("P", "A", 5, 1)],
        [Row("P", "A", 0, 1), Row("P", "B", 5, 20_000_00)],
        [Row("P", "A", 0, 1), Row("A", "P", 5, 20_000_00)],
        [Row("A", "A", 0, 1), Row("P", "A", 5, 20_000_00)],
        [Row("P", "A", -3 * DAY, 2_000_00), *TESTED],
    ],
    ids=["not tiny", "nothing", "not large", "too late", "before", "elsewhere", "back", "to oneself", "known already"],
)
def test_near_misses(rows: list[Row]) -> None:
    assert not found(rows, gf.Probe())


def test_bounds_belong_to_it() -> None:
    assert found([Row("P", "A", 0, 100), Row("P", "A", DAY, 1_000_00)], gf.Probe())
    assert not found([Row("P", "A", 0, 100), Row("P", "A", DAY, 1_000_00)], gf.Probe(ratio=1001))


def test_an_account_in_use_is_tested_only_by_who_pays_it_anew() -> None:
    used = Row("X", "A", -DAY, 3_000_00)
    assert found([used, *TESTED], gf.Probe())
    assert not found([used, Row("T", "A", 0, 1), Row("P", "A", 5, 20_000_00)], gf.Probe())
    assert found([used._replace(minutes=-8 * DAY), Row("T", "A", 0, 1), Row("P", "A", 5, 20_000_00)], gf.Probe())


def test_separate_tests_are_separate_findings() -> None:
    later = [row._replace(minutes=row.minutes + 20 * DAY) for row in TESTED]
    assert [f.rows.tolist() for f in found([*TESTED, *later], gf.Probe())] == [[0, 1], [2, 3]]


# --- against the definition --------------------------------------------------------------------------

TINY, LEAST = 90, 100


def expected(rows: list[Row], ratio: Fraction, window: int, quiet: int) -> list[tuple[str, list[int], list[int]]]:
    """Account, tiny and large receipts of each episode, by the definition."""
    probes: dict[str, list[tuple[int, set[int]]]] = {}
    for k, tiny in enumerate(rows):
        if tiny.payer == tiny.payee or not 0 < tiny.amount <= TINY:
            continue
        large = [j for j, r in enumerate(rows) if r.payee == tiny.payee != r.payer and r.amount >= LEAST]
        after = set[int]()
        for group in (large, [j for j in large if rows[j].payer == tiny.payer]):
            if not any(j < k and tiny.minutes - rows[j].minutes <= quiet for j in group):
                near = (j for j in group if j > k and rows[j].minutes - tiny.minutes <= window)
                after |= {j for j in near if rows[j].amount >= ratio * tiny.amount}
        if after:
            probes.setdefault(tiny.payee, []).append((k, after))
    return [(account, *episode) for account, mine in probes.items() for episode in joined(mine)]


def joined(probes: list[tuple[int, set[int]]]) -> list[tuple[list[int], list[int]]]:
    groups: list[tuple[list[int], set[int]]] = []
    for k, after in probes:
        if groups and k < max(groups[-1][1]):
            groups[-1][0].append(k)
            groups[-1][1].update(after)
        else:
            groups.append(([k], set(after)))
    return [(tiny, sorted(large)) for tiny, large in groups]


def check(rows: list[Row], ratio: Fraction, window: int, quiet: int) -> int:
    rows = sorted(rows, key=lambda row: row.minutes)
    detector = gf.Probe(
        tiny=TINY / 100, least=LEAST / 100, ratio=float(ratio), window=timedelta(minutes=window),
        quiet=timedelta(minutes=quiet), dwell=timedelta(minutes=5),
    )  # fmt: skip
    transfers = [oracles.Transfer(row.payer, row.payee, round(row.minutes), row.amount) for row in rows]
    passed = oracles.passed(oracles.matches(transfers, dwell=5))
    findings = found(rows, detector)
    wanted = {
        tuple(sorted(tiny + large)): (account, tiny, large)
        for account, tiny, large in expected(rows, ratio, window, quiet)
    }
    assert {tuple(f.rows.tolist()) for f in findings} == set(wanted)
    assert len(findings) == len(wanted)
    for finding in findings:
        account, tiny, large = wanted[tuple(finding.rows.tolist())]
        worth = sum(rows[k].amount for k in large)
        facts: dict[str, Any] = {
            "probes": len(tiny),
            "probers": len({rows[k].payer for k in tiny}),
            "receipts": len(large),
            "payers": len({rows[k].payer for k in large}),
            "tested_by_payer": len({rows[k].payer for k in tiny} & {rows[k].payer for k in large}),
            "wait_minutes": round(rows[large[0]].minutes - rows[tiny[0]].minutes, 1),
            "moved_share": round(sum(passed[k] for k in large) / worth, 4),
        }
        assert (finding.accounts, finding.amount, dict(finding.measures)) == ((account,), worth, facts)
    return len(findings)


RATIOS = (Fraction(1), Fraction(5, 4), Fraction(10))


def test_seeded_ledgers() -> None:
    number = 0
    for seed in range(seeds(400)):
        rng = random.Random(seed)
        number += check(random_rows(rng, 40), rng.choice(RATIOS), rng.choice((1, 5, 30)), rng.choice((0, 3, 30)))
    assert number > seeds(100) // 2


@EXAMPLES
@given(nasty_rows(40), st.sampled_from(RATIOS), st.sampled_from((1, 5, 30)), st.sampled_from((0, 3, 30)))
def test_any_ledger(rows: list[Row], ratio: Fraction, window: int, quiet: int) -> None:
    check(rows, ratio, window, quiet)
