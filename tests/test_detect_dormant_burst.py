"""Dormant burst on ledgers made by hand, and on nasty ones against a slow counterpart."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import oracles
import pytest
from findings import found, kinds, said
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows, seeds

import graphflow as gf

DAY = 24 * 60
WOKE = 100 * DAY
BEFORE = Row("A", "SHOP", 0, 20_00)


def burst(number: int, *, amount: int = 12_000_00, at: float = WOKE) -> list[Row]:
    return [Row(f"P{k}", "A", at + 60 * k, amount) for k in range(number)]


def test_an_account_that_wakes_and_passes_everything_on_is_high() -> None:
    rows = [BEFORE, *burst(5), Row("A", "OUT", WOKE + 300, 60_000_00), Row("X", "Y", WOKE, 1)]
    (finding,) = found(rows, gf.DormantBurst())
    assert said(finding) == {
        "accounts": ("A",),
        "rows": [1, 3, 4, 5, 6, 7],
        "amount": 60_000_00,
        "currency": "CNY",
        "measures": {
            "idle_days": 100.0,
            "transfers": 6,
            "received": 60_000.0,
            "paid": 60_000.0,
            "moved_share": 1.0,
            "earlier_bursts": 0,
        },
        "level": "high",
    }
    assert kinds(finding) == {"history": (2.0, True), "conservation": (2.0, True)}
    assert finding.reason == (
        "A was idle for 100 days, then had 6 transfers in 5 hours; 100 % of what came in left within 1 day"
    )


@pytest.mark.parametrize(("number", "amount", "level"), [
    (5, 1_00, ["review"]), (4, 1_00, []), (1, 50_000_00, ["review"]), (1, 49_999_99, []), (5, 12_000_00, ["review"]),
])  # fmt: skip
def test_what_makes_a_burst(number: int, amount: int, level: list[str]) -> None:
    assert [f.level for f in found([BEFORE, *burst(number, amount=amount)], gf.DormantBurst())] == level


def test_many_small_ones_that_leave_stay_at_review() -> None:
    rows = [BEFORE, *burst(5, amount=100_00), Row("A", "OUT", WOKE + 300, 500_00)]
    (finding,) = found(rows, gf.DormantBurst())
    assert (finding.level, kinds(finding)["history"]) == ("review", (1.0, False))


@pytest.mark.parametrize(("idle", "number"), [(90 * DAY, 1), (90 * DAY - 1, 0)])
def test_the_idle_time_includes_its_bound(idle: float, number: int) -> None:
    assert len(found([BEFORE, *burst(5, at=idle)], gf.DormantBurst())) == number


def test_a_new_account_has_not_slept() -> None:
    assert not found([Row("X", "Y", 0, 1), *burst(9)], gf.DormantBurst())


def test_a_transfer_in_either_direction_breaks_the_sleep_and_one_to_oneself_does_not() -> None:
    for row in (Row("A", "X", 50 * DAY, 1), Row("X", "A", 50 * DAY, 1)):
        assert not found([BEFORE, row, *burst(5)], gf.DormantBurst())
    assert found([BEFORE, Row("A", "A", 50 * DAY, 1), *burst(5)], gf.DormantBurst())


def test_the_window_runs_from_the_transfer_that_wakes_the_account() -> None:
    near, far = Row("Z", "A", WOKE + 3 * DAY, 1_00), Row("Z", "A", WOKE + 3 * DAY + 1, 1_00)
    assert found([BEFORE, *burst(4, amount=1_00), near], gf.DormantBurst())
    assert not found([BEFORE, *burst(4, amount=1_00), far], gf.DormantBurst())


def test_a_large_payment_by_itself_must_be_larger_than_any_before() -> None:
    usual = Row("A", "SHOP", 0, 70_000_00)
    assert not found([usual, *burst(1, amount=70_000_00)], gf.DormantBurst())
    assert found([usual, *burst(1, amount=70_000_01)], gf.DormantBurst())


def test_an_account_that_wakes_again_and_again_lives_so() -> None:
    rows = [BEFORE, *(row for k in range(1, 4) for row in burst(5, at=k * WOKE))]
    findings = gf.detect(graph_of(rows), [gf.DormantBurst()])
    assert not findings
    assert findings.truncated == ("dormant-burst: 1 account with more than 2 bursts not reported (its rhythm)",)
    again = found(rows[:11], gf.DormantBurst())
    assert [f.measures["earlier_bursts"] for f in again] == [0, 1]


# --- against the definition --------------------------------------------------------------------------


class Burst(NamedTuple):
    """A burst by the definition."""

    account: str
    rows: list[int]
    received: int
    paid: int
    idle: float


def expected(rows: list[Row], idle: int, window: int, count: int, amount: int) -> list[Burst]:
    bursts = []
    for account in dict.fromkeys(name for row in rows for name in row[:2]):
        mine = [k for k, row in enumerate(rows) if account in row[:2] and row.payer != row.payee]
        for before, k in pairwise(mine):
            slept = rows[k].minutes - rows[before].minutes
            if slept < idle:
                continue
            # it ends with the window, or where the account has slept again
            events = [j for j in mine if j >= k and rows[j].minutes - rows[k].minutes <= window]
            for a, b in pairwise(events):
                if rows[b].minutes - rows[a].minutes >= idle:
                    events = [j for j in events if j <= a]
                    break
            got = sum(rows[j].amount for j in events if rows[j].payee == account)
            paid = sum(rows[j].amount for j in events if rows[j].payer == account)
            largest = max(rows[j].amount for j in mine if j < k)
            if len(events) >= count or max(got, paid) >= max(amount, largest + 1):
                bursts.append(Burst(account, events, got, paid, slept))
    return bursts


def check(rows: list[Row], idle: int, window: int, count: int, amount: int, most: int) -> int:
    rows = sorted(rows, key=lambda row: row.minutes)
    detector = gf.DormantBurst(
        idle=timedelta(minutes=idle), window=timedelta(minutes=window), count=count, amount=amount / 100,
        dwell=timedelta(minutes=4), most_bursts=most,
    )  # fmt: skip
    transfers = [oracles.Transfer(row.payer, row.payee, round(row.minutes), row.amount) for row in rows]
    passed = oracles.passed(oracles.matches(transfers, dwell=4))
    bursts = expected(rows, idle, window, count, amount)
    number = {b.account: sum(other.account == b.account for other in bursts) for b in bursts}
    wanted = {(b.account, tuple(b.rows)): b for b in bursts if number[b.account] <= most}
    findings = found(rows, detector)
    assert {(f.accounts[0], tuple(f.rows.tolist())) for f in findings} == set(wanted)
    assert len(findings) == len(wanted)
    for f in findings:
        b = wanted[f.accounts[0], tuple(f.rows.tolist())]
        moved: Any = ""
        if b.received:
            moved = round(sum(passed[k] for k in b.rows if rows[k].payee == b.account) / b.received, 4)
        facts = (b.received / 100, b.paid / 100, moved, len(b.rows), round(b.idle / DAY, 1))
        m = f.measures
        assert (m["received"], m["paid"], m["moved_share"], m["transfers"], m["idle_days"]) == facts
        assert f.amount == max(b.received, b.paid)
    return len(findings)


@pytest.fixture(params=["interpreted", "compiled"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHFLOW_KERNELS", request.param)


@pytest.mark.usefixtures("kernels")
def test_seeded_ledgers() -> None:
    number = 0
    for seed in range(seeds(300)):
        rng = random.Random(seed)
        number += check(
            random_rows(rng, 40), rng.choice((2, 5, 10)), rng.choice((1, 3, 8)), rng.randint(2, 4),
            rng.choice((100, 400)), rng.randint(1, 3),
        )  # fmt: skip
    assert number > seeds(100) // 2


@pytest.mark.usefixtures("kernels")
@settings(EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nasty_rows(40), st.sampled_from((2, 5, 10)), st.sampled_from((1, 3, 8)), st.integers(2, 4), st.integers(1, 3))
def test_any_ledger(rows: list[Row], idle: int, window: int, count: int, most: int) -> None:
    check(rows, idle, window, count, 300, most)
