"""Structuring on ledgers made by hand, and on nasty ones against a slow counterpart."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from findings import found, kinds, said
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows, seeds
from oracles import Transfer, one_off

import graphflow as gf

DAY = 24 * 60
UNDER = 49_000_00


def paid(number: int, *, step: float = 120, amount: int = UNDER, currency: str = "CNY") -> list[Row]:
    return [Row("P", f"Q{k}", k * step, amount, currency) for k in range(number)]


def test_one_payer_who_stays_just_under_is_high_with_five_one_off_payees() -> None:
    rows = [*paid(5), Row("P", "SHOP", 30, 120_00), Row("X", "Y", 40, UNDER)]
    (finding,) = found(rows, gf.Structuring())
    assert said(finding) == {
        "accounts": ("P",),
        "rows": [0, 3, 4, 5, 6],
        "amount": 5 * UNDER,
        "currency": "CNY",
        "measures": {
            "transactions": 5,
            "threshold": 50_000.0,
            "largest": 0.98,
            "concentration": 1.0,
            "counterparties": 5,
            "one_off_share": 1.0,
            "most_in_day": 4.9,
        },
        "level": "high",
    }
    assert kinds(finding) == {"structure": (1.737, True), "novelty": (1.0, True), "volume": (1.0, True)}
    assert finding.reason == (
        "P paid 5 amounts just under 50,000.00 CNY in 8 hours, 245,000.00 CNY in all, to 5 payees"
    )


def test_several_payers_to_one_payee_are_smurfs_and_the_payee_is_suspected() -> None:
    rows = [Row(f"S{k}", "C", k * DAY, UNDER - 100_00 * k) for k in range(5)]
    (finding,) = found(rows, gf.Structuring())
    assert (finding.accounts, finding.measures["counterparties"]) == (("C",), 5)
    assert finding.reason.endswith("from 5 payers")
    (finding,) = found([row._replace(minutes=2.1 * row.minutes) for row in rows], gf.Structuring())  # all but 4 a week
    assert finding.measures["transactions"] == 5


def test_all_on_one_edge_is_one_finding_that_names_both_ends() -> None:
    rows = [Row("P", "Q", 60 * k, UNDER) for k in range(3)]
    (finding,) = found(rows, gf.Structuring())
    assert (finding.accounts, finding.level) == (("P", "Q"), "review")
    assert finding.reason.endswith("147,000.00 CNY in all, to Q")


@pytest.mark.parametrize(("number", "level"), [(2, []), (3, ["review"]), (4, ["review"]), (5, ["high"])])
def test_how_many_amounts_it_takes(number: int, level: list[str]) -> None:
    assert [finding.level for finding in found(paid(number), gf.Structuring())] == level


@pytest.mark.parametrize(("amount", "number"), [(40_000_00, 1), (39_999_99, 0), (49_999_99, 1), (50_000_00, 0)])
def test_the_band_has_its_lower_end_and_not_the_threshold(amount: int, number: int) -> None:
    assert len(found(paid(3, amount=amount), gf.Structuring())) == number


@pytest.mark.parametrize(("step", "number"), [(3.5 * DAY, 1), (3.5 * DAY + 1, 0)])
def test_the_window_includes_its_end(step: float, number: int) -> None:
    assert len(found(paid(3, step=step), gf.Structuring())) == number


@pytest.mark.parametrize(("others", "number"), [(2, 1), (3, 0)])
@pytest.mark.parametrize("amount", [25_000_00, 39_000_00, 50_000_00, 75_000_00])
def test_amounts_that_are_as_often_above_or_below_are_chance(amount: int, others: int, number: int) -> None:
    rows = [*paid(3), *[Row("P", "R", 20 * DAY, amount)] * others]
    findings = gf.detect(graph_of(rows), [gf.Structuring()])
    assert len(findings) == number
    assert bool(findings.truncated) == (number == 0)


@pytest.mark.parametrize("amount", [24_999_99, 75_000_01])
def test_amounts_far_from_the_threshold_are_not_compared(amount: int) -> None:
    assert len(found([*paid(3), *[Row("P", "R", 20 * DAY, amount)] * 9], gf.Structuring())) == 1


def test_a_currency_without_a_threshold_is_never_flagged() -> None:
    assert not found(paid(9, currency="JPY"), gf.Structuring())
    assert not found(paid(9, amount=9_500_00), gf.Structuring())
    (finding,) = found(paid(9, amount=9_500_00, currency="US Dollar"), gf.Structuring())
    assert finding.measures["threshold"] == 10_000.0
    assert found(paid(9, currency="JPY"), gf.Structuring(thresholds=(("JPY", 5_000_000.0),)))


def test_currencies_do_not_come_together() -> None:
    rows = [*paid(2), *[row._replace(amount=9_800_00) for row in paid(2, currency="USD")]]
    assert not found(rows, gf.Structuring())


def test_month_after_month_is_an_accounts_ordinary_life() -> None:
    (finding,) = found(paid(12, step=3 * DAY), gf.Structuring())
    assert (finding.level, kinds(finding)["structure"]) == ("review", (0.5, False))


def test_self_transfers_are_left_out() -> None:
    assert not found([Row("P", "P", k, UNDER) for k in range(9)], gf.Structuring())


# --- against the definition --------------------------------------------------------------------------

T = 100
BAND, SHARE = Fraction(4, 5), Fraction(1, 2)


def expected(rows: list[Row], count: int, window: int) -> dict[tuple[int, ...], Any]:
    """Rows of each episode → (accounts, concentration, one-off share, most within a day), by the definition."""
    rows = sorted(rows, key=lambda row: row.minutes)
    transfers = [Transfer(row.payer, row.payee, round(60 * row.minutes), row.amount) for row in rows]
    by_account: dict[Any, list[int]] = defaultdict(list)
    for k, row in enumerate(rows):
        if row.payer != row.payee and T <= 2 * row.amount <= 3 * T:
            by_account["payer", row.payer].append(k)
            by_account["payee", row.payee].append(k)
    episodes: dict[tuple[int, ...], Any] = {}
    for (_, account), near in sorted(by_account.items(), key=lambda item: item[0][0] != "payer"):
        under = [k for k in near if BAND * T <= rows[k].amount < T]
        share = Fraction(len(under), len(near))
        for episode in unions(rows, under, count, window) if share >= SHARE else []:
            names = (*episodes[episode][0], account) if episode in episodes else (account,)
            once = one_off(transfers, episode, window=60 * window)
            episodes.setdefault(episode, (names, share, once, in_day(rows, episode)))
            episodes[episode] = (names, *episodes[episode][1:])
    return episodes


def unions(rows: list[Row], under: list[int], count: int, window: int) -> list[tuple[int, ...]]:
    merged: list[set[int]] = []
    for k in under:
        inside = {j for j in under if j <= k and rows[k].minutes - rows[j].minutes <= window}
        if len(inside) < count:
            continue
        if merged and merged[-1] & inside:
            merged[-1] |= inside
        else:
            merged.append(inside)
    return [tuple(sorted(episode)) for episode in merged]


def in_day(rows: list[Row], episode: tuple[int, ...]) -> Fraction:
    sums = [sum(rows[j].amount for j in episode if j <= k and rows[k].minutes - rows[j].minutes <= 4) for k in episode]
    return Fraction(max(sums), T)


def check(rows: list[Row], count: int, window: int) -> int:
    detector = gf.Structuring(
        thresholds=(("CNY", 1.0),), band=0.8, count=count, window=timedelta(minutes=window), concentration=0.5,
        day=timedelta(minutes=4),
    )  # fmt: skip
    findings = found(rows, detector)
    wanted = expected(rows, count, window)
    assert [tuple(f.rows.tolist()) for f in findings] == sorted(wanted)
    for finding in findings:
        accounts, share, once, most = wanted[tuple(finding.rows.tolist())]
        assert finding.accounts == accounts
        assert finding.measures["concentration"] == round(float(share), 4)
        assert finding.measures["one_off_share"] == round(float(once), 4)
        assert finding.measures["most_in_day"] == round(float(most), 4)
    return len(findings)


def test_seeded_ledgers() -> None:
    number = 0
    for seed in range(seeds(300)):
        rng = random.Random(seed)
        number += check(random_rows(rng, 40), rng.randint(2, 4), rng.choice((2, 10, 30)))
    assert number > seeds(100) // 2


@EXAMPLES
@given(nasty_rows(40), st.integers(2, 4), st.sampled_from((1, 2, 10)))
def test_any_ledger(rows: list[Row], count: int, window: int) -> None:
    check(rows, count, window)
