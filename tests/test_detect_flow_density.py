"""Flow density: by hand, and against a slow counterpart on ledgers of minutes and of weeks."""

from __future__ import annotations

import random
from datetime import timedelta
from fractions import Fraction
from math import log2
from typing import Any

import long_ledgers
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows, seeds
from long_ledgers import DAY, HOUR, Episode, long_nasty_rows, long_rows
from oracles import Transfer, in_ledger_order

import graphflow as gf
from graphflow.finding import Finding

KEEPS = (Fraction(1, 2), Fraction(4, 5), Fraction(1))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def found(rows: list[Any], detector: gf.FlowDensity | None = None) -> list[Finding]:
    return list((detector or gf.FlowDensity()).find(graph_of(rows)))


# --- by hand --------------------------------------------------------------------------------------


def line(accounts: int, *, step: float = 10, kept: int = 10) -> list[tuple[Any, ...]]:
    """1,000 from P over so many accounts to Q, each of which keeps a little."""
    names = ["P", *(f"M{k}" for k in range(accounts)), "Q"]
    return [(names[k], names[k + 1], step * k, 1000 - kept * k) for k in range(accounts + 1)]


RING = [
    ("P", "A", 0, 600),
    ("R", "A", 5, 400),
    ("A", "B", 10, 500),
    ("A", "C", 12, 490),
    ("B", "D", 20, 500),
    ("C", "D", 30, 480),
    ("D", "A", 40, 300),  # a part goes round
    ("D", "Q", 50, 670),
    ("A", "T", 60, 300),
    ("P", "Z", 70, 100),  # nothing of it goes on
]


def test_a_group_says_what_went_through() -> None:
    (finding,) = found(RING)
    assert finding.accounts == ("A", "B", "C", "D")
    assert finding.rows.tolist() == list(range(9))
    assert (finding.amount, finding.currency, finding.level) == (1000, "CNY", "review")
    got = 600 + 400 + 500 + 490 + 500 + 480 + 300
    stayed = 10 + 10 + 10  # A keeps 10 of its first receipts, and C and D as much; then A pays them out of the last
    assert finding.measures["middle"] == 4
    assert (finding.measures["payers"], finding.measures["payees"]) == (2, 2)
    assert finding.measures["through_share"] == pytest.approx(1 - stayed / got, abs=1e-4)
    assert finding.measures["density"] == pytest.approx((got - stayed - 4 * stayed) / 4 / 100, abs=0.01)
    assert [(p.kind, p.points, p.decisive) for p in finding.parts] == [
        ("structure", 1.0, False),
        ("conservation", 1.0, True),
    ]
    assert finding.reason.startswith("99 % of what 4 accounts (A first) received went through them to others, after ")


@pytest.mark.parametrize(("accounts", "level"), [(3, None), (4, "review"), (5, "review"), (6, "high"), (9, "high")])
def test_how_many_accounts_it_takes(accounts: int, level: str | None) -> None:
    findings = found(line(accounts))
    assert [f.level for f in findings] == ([level] if level else [])
    for finding in findings:
        assert finding.accounts == tuple(f"M{k}" for k in range(accounts))
        assert finding.rows.tolist() == list(range(accounts + 1))
        assert (finding.measures["payers"], finding.measures["payees"], finding.amount) == (1, 1, 1000)
        assert finding.measures["dwell_minutes"] == 10.0
        assert finding.parts[0].points == pytest.approx(log2(accounts) / 2, abs=1e-3)


@pytest.mark.parametrize(("step", "number"), [(DAY, 1), (DAY + 1, 0)])
def test_the_dwell_time_includes_its_end(step: float, number: int) -> None:
    assert len(found(line(4, step=step))) == number


def passed_on(last: int) -> list[tuple[Any, ...]]:
    rows = line(4, kept=0)
    return [*rows[:-1], ("M3", "Q", 40, last)]


@pytest.mark.parametrize(("last", "accounts"), [(800, 4), (799, 0)])
def test_a_fifth_may_stay(last: int, accounts: int) -> None:
    assert [len(f.accounts) for f in found(passed_on(last))] == [accounts] * bool(accounts)
    (finding,) = found(passed_on(last), gf.FlowDensity(min_accounts=3))
    assert len(finding.accounts) == (accounts or 3)


def test_the_penalty_decides_what_counts_where_less_need_be_kept() -> None:
    """M3 leaves three tenths: with 4 times what stays it does not count, with 2 times it does."""
    assert not found(passed_on(700), gf.FlowDensity(keep=0.5))
    (finding,) = found(passed_on(700), gf.FlowDensity(keep=0.5, penalty=2))
    assert finding.measures["density"] == pytest.approx((3700 - 2 * 300) / 4 / 100)


@pytest.mark.parametrize(("last", "kinds"), [(6561, ["structure", "conservation"]), (6560, ["structure"])])
def test_nine_tenths_through_are_evidence(last: int, kinds: list[str]) -> None:
    """Each account keeps a tenth."""
    names, values = ["P", "M0", "M1", "M2", "M3", "Q"], [10_000, 9000, 8100, 7290, last]
    (finding,) = found([(names[k], names[k + 1], k, value) for k, value in enumerate(values)])
    assert [part.kind for part in finding.parts] == kinds


def test_two_lines_that_share_no_transfer_are_two_groups() -> None:
    other = [(f"{a}'", f"{b}'", at + 5, amount) for a, b, at, amount in line(5)]
    assert [len(f.accounts) for f in found([*line(4), *other])] == [4, 5]
    joined = [*line(4)[:-1], ("M3", "M0'", 40, 960), *[(*row[:2], row[2] + 45, row[3] - 40) for row in other[1:]]]
    assert [len(f.accounts) for f in found(joined)] == [9]


def test_a_closed_ring_tells_the_amount_of_its_first_transaction() -> None:
    rows = [(f"M{k % 4}", f"M{(k + 1) % 4}", 10 * k, 1000) for k in range(9)]
    (finding,) = found(rows)
    assert (finding.amount, finding.measures["payers"], finding.measures["payees"]) == (1000, 0, 0)


def test_values_that_compare_only_roughly_are_not_decisive() -> None:
    rows = [(*row, "USD" if k % 2 else "CNY") for k, row in enumerate(line(6, kept=0))]
    assert [f.level for f in found(rows)] == ["review"]


def test_hubs_are_not_traversed_and_said() -> None:
    findings = gf.detect(graph_of(line(4)), [gf.FlowDensity(hub=1)])
    assert (len(findings), findings.truncated) == (
        0,
        ("flow-density: 4 accounts with more than 1 counterparties not traversed (hubs)",),
    )


def test_the_rarest_are_kept_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.rarity._FEWEST", 1)
    rows = [(f"{a}{k}", f"{b}{k}", at + 300 * k, value * amount) for k, value in enumerate((1, 50, 3))
            for a, b, at, amount in line(4)]  # fmt: skip
    findings = gf.detect(graph_of(rows), [gf.FlowDensity()])
    assert [f.accounts[0] for f in findings] == ["M01"]
    assert findings.truncated == (
        "flow-density: 2 groups not reported: others are rarer in this ledger (`rarest` bounds their number)",
    )


# --- against the slow counterpart -----------------------------------------------------------------


def groups(transfers: list[Transfer], dwell: int, keep: Fraction, penalty: int, least: int) -> list[list[Episode]]:
    """Dense episodes that hang together over a transfer one paid and another received."""

    def dense(episode: Episode) -> bool:
        through = sum(m.value for m in episode.links)
        stayed = sum(transfers[k].value for k in episode.receipts) - through
        return through - penalty * stayed >= 0

    left = [e for e in long_ledgers.episodes(transfers, oracles.links(transfers, dwell=dwell, keep=keep)) if dense(e)]
    found = []
    while left:
        group = [left.pop(0)]
        while more := [e for e in left if any(_touch(e, g) for g in group)]:
            group += more
            left = [e for e in left if e not in more]
        found.append(group)
    return [group for group in found if len({e.account for e in group}) >= least]


def _touch(a: Episode, b: Episode) -> bool:
    return bool(set(a.payments) & set(b.receipts) or set(b.payments) & set(a.receipts))


def check(rows: list[Row], dwell: int, keep: Fraction, penalty: int, least: int) -> list[Finding]:
    transfers = in_ledger_order(rows)
    detector = gf.FlowDensity(
        dwell=minutes(dwell), keep=float(keep), penalty=float(penalty), min_accounts=least, high_accounts=least + 1
    )
    findings, wanted = found(rows, detector), groups(transfers, dwell, keep, penalty, least)
    by_rows = {tuple(sorted({k for e in group for k in e.transactions})): group for group in wanted}
    assert [tuple(f.rows.tolist()) for f in findings] == sorted(by_rows, key=lambda cited: cited[0])
    for finding in findings:
        cited = finding.rows.tolist()
        check_one(finding, by_rows[tuple(cited)], transfers, cited, penalty, least)
    return findings


def check_one(
    finding: Finding, group: list[Episode], transfers: list[Transfer], cited: list[int], penalty: int, least: int
) -> None:
    middle = {e.account for e in group}
    links = [m for e in group for m in e.links]
    got, through = sum(transfers[k].value for e in group for k in e.receipts), sum(m.value for m in links)
    into = [k for k in cited if transfers[k].payer not in middle]
    waited = sum(m.value * (transfers[m.payment].time - transfers[m.receipt].time) for m in links)
    share, measures = Fraction(through, got), finding.measures
    assert set(finding.accounts) == middle
    assert len(finding.accounts) == measures["middle"] == len(middle)
    assert finding.accounts[0] == transfers[min(m.receipt for m in links)].payee
    assert measures["payers"] == len({transfers[k].payer for k in into})
    assert measures["payees"] == len({transfers[k].payee for k in cited} - middle)
    assert measures["through_share"] == pytest.approx(float(share), abs=6e-5)
    assert measures["density"] == pytest.approx((through - penalty * (got - through)) / len(middle) / 100, abs=0.0051)
    assert measures["dwell_minutes"] == pytest.approx(waited / through, abs=0.0501)
    assert finding.amount == sum(transfers[k].value for k in into or cited[:1])
    large, whole = len(middle) > least, share >= Fraction(9, 10)
    assert [(p.kind, p.decisive) for p in finding.parts] == [("structure", large)] + [("conservation", True)] * whole
    assert finding.level == ("high" if large and whole else "review")


def test_seeded_ledgers() -> None:
    findings = []
    for seed in range(seeds(400)):
        rng = random.Random(seed)
        keep, penalty, least = rng.choice(KEEPS), rng.randint(0, 4), rng.randint(2, 3)
        findings += check(random_rows(rng, most=40), rng.choice((2, 10, 30)), keep, penalty, least)
        findings += check(long_rows(rng), rng.choice((HOUR, DAY)), keep, penalty, least)
    assert len(findings) > seeds(200)
    assert {f.level for f in findings} == {"high", "review"}


@EXAMPLES
@given(nasty_rows(40), st.sampled_from((5, 30)), st.sampled_from(KEEPS), st.integers(0, 4), st.integers(2, 4))
def test_any_ledger_of_minutes(rows: list[Row], dwell: int, keep: Fraction, penalty: int, least: int) -> None:
    check(rows, dwell, keep, penalty, least)


@EXAMPLES
@given(long_nasty_rows(), st.sampled_from((HOUR, DAY)), st.sampled_from(KEEPS), st.integers(0, 4), st.integers(2, 4))
def test_any_ledger_of_weeks(rows: list[Row], dwell: int, keep: Fraction, penalty: int, least: int) -> None:
    check(rows, dwell, keep, penalty, least)
