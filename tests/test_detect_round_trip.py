"""Round trips: by hand, and against a slow counterpart on ledgers of minutes and of weeks."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows, seeds
from long_ledgers import DAY, HOUR, long_nasty_rows, long_rows
from oracles import Transfer, in_ledger_order

import graphflow as gf
from graphflow.finding import Finding

BACKS = (Fraction(1, 100), Fraction(1, 2), Fraction(9, 10))
Way = tuple[int, ...]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def found(rows: list[Any], detector: gf.RoundTrip | None = None) -> list[Finding]:
    return list((detector or gf.RoundTrip()).find(graph_of(rows)))


# --- by hand --------------------------------------------------------------------------------------

BAIT = [
    ("V", "C", 0, 1000),
    ("C", "V", DAY, 300),  # the withdrawal that is allowed
    ("V", "C", 2 * DAY, 1500),
    ("V", "C", 3 * DAY, 500),
    ("V", "C", 9 * DAY + 1, 9000),  # a minute more than a week after the last return, the one to C
    ("V", "D", DAY + 5, 70),
]


def test_a_bait_repayment_is_evidence_of_one_kind() -> None:
    (finding,) = found(BAIT)
    assert finding.accounts == ("V", "C")
    assert finding.rows.tolist() == [0, 1, 3, 4]
    assert (finding.amount, finding.currency) == (300, "CNY")
    assert dict(finding.measures) == {
        "hops": 2,
        "rounds": 2,  # the return, and what V paid after it, is C's own way there and back
        "back_share": 0.3,
        "kept": 0.3,
        "later_ratio": 2.0,
        "span_hours": 72.0,
    }
    assert [(p.kind, p.points, p.decisive) for p in finding.parts] == [
        ("structure", 1.0, False),
        ("history", 2.0, True),
    ]
    assert finding.parts[1].sentence == "a small part came back, then 2 times as much as before was paid"
    assert finding.reason == "30 % of what V sent over C came back in 1 payment within 3 days"
    assert finding.level == "review"  # one kind of evidence is never enough


@pytest.mark.parametrize(
    ("back", "later", "bait"),
    [
        (300, 2000, True),
        (301, 2000, False),  # just more than a small part
        (300, 1999, False),  # just less than twice as much
        (10, 2000, True),
    ],
)
def test_what_is_a_bait(back: int, later: int, bait: bool) -> None:
    (finding,) = found([("V", "C", 0, 1000), ("C", "V", 60, back), ("V", "C", 120, later)])
    assert [part.kind for part in finding.parts] == ["structure", "history"][: 1 + bait]


@pytest.mark.parametrize(
    "rows",
    [
        [("V", "C", 0, 1000), ("C", "V", 60, 9)],  # less than a hundredth is no return
        [("V", "C", 0, 10), ("C", "V", 60, 1001)],  # nor is more than a hundred times
        [("V", "C", 0, 1000), ("C", "V", 7 * DAY + 1, 1000)],  # a minute too late
        [("V", "C", 0, 1000), ("V", "C", 5, 1000)],
        [("V", "C", 0, 1000), ("D", "V", 60, 1000)],  # a receipt of another account
        [("V", "C", 0, 1000), ("C", "D", 60, 1000)],  # and one by another account
        [("V", "C", 0, 1000), ("C", "C", 60, 1000)],
        [("V", "C", 0, 1000), ("D", "V", 1, 1000), ("C", "D", 2, 1000)],  # back before it was handed on
        [("V", "C", 0, 1000), ("C", "D", 1, 9), ("D", "V", 2, 1000)],  # nearly nothing was handed on
        [("V", "C", 0, 1), ("C", "D", 1, 1), ("D", "E", 2, 1), ("E", "V", 3, 1)],  # over three others
    ],
)
def test_what_is_no_round_trip(rows: list[Any]) -> None:
    assert not found(rows)


@pytest.mark.parametrize(
    "rows",
    [
        [("V", "C", 0, 1000), ("C", "V", 60, 10)],
        [("V", "C", 0, 10), ("C", "V", 60, 1000)],
        [("V", "C", 0, 1000), ("C", "V", 7 * DAY, 1000)],
        [("V", "C", 0, 1000), ("C", "V", 0, 1000)],  # ties in the order of the rows
        [("V", "C", 0, 1000), ("C", "D", 1, 10), ("D", "V", 7 * DAY, 1000)],
    ],
)
def test_bounds_are_included(rows: list[Any]) -> None:
    (finding,) = found(rows)
    assert finding.rows.tolist() == list(range(len(rows)))


def test_over_a_third_account() -> None:
    rows = [
        ("V", "C", 0, 1000),
        ("C", "D", 30, 900),
        ("D", "V", 90, 400),
        ("D", "V", 500, 700),
        ("V", "C", 8 * DAY, 5000),
    ]
    (finding,) = found(rows)
    assert finding.accounts == ("V", "C", "D")
    assert finding.rows.tolist() == [0, 1, 2]  # the first return, and nothing after it
    assert dict(finding.measures) == {
        "hops": 3,
        "rounds": 1,
        "back_share": 0.4,
        "kept": 0.4,
        "later_ratio": 0.0,
        "span_hours": 1.5,
    }
    assert finding.reason == "40 % of what V sent over C and D came back in 1 payment within 1 hour 30 minutes"


def test_ways_over_the_same_accounts_are_one_finding_while_their_times_overlap() -> None:
    week = 7 * DAY
    rows = [
        ("V", "C", 0, 100),
        ("V", "C", 1, 100),
        ("C", "V", week, 90),
        ("V", "C", 15 * DAY, 50),
        ("C", "V", 16 * DAY, 50),
    ]
    first, second = found(rows)
    assert (first.rows.tolist(), first.measures["rounds"], first.measures["back_share"]) == ([0, 1, 2], 2, 0.45)
    assert (second.rows.tolist(), second.measures["rounds"]) == ([3, 4], 1)


def test_hubs_are_not_traversed_and_said() -> None:
    rows = [("V", "C", 0, 100), ("C", "V", 1, 100), ("C", "D", 2, 100)]
    findings = gf.detect(graph_of(rows), [gf.RoundTrip(hub=1)])
    assert (len(findings), findings.truncated) == (
        0,
        ("round-trip: 1 account with more than 1 counterparties not traversed (hubs)",),
    )


def test_the_rarest_are_kept_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.rarity._FEWEST", 1)
    rows = [row for k, value in enumerate((10, 500, 30)) for row in
            ((f"P{k}", f"M{k}", 100 * k, value), (f"M{k}", f"P{k}", 100 * k + 5, value))]  # fmt: skip
    findings = gf.detect(graph_of(rows), [gf.RoundTrip()])
    assert [f.accounts for f in findings] == [("P1", "M1")]
    assert findings.truncated == (
        "round-trip: 2 round trips not reported: others are rarer in this ledger (`rarest` bounds their number)",
    )


# --- against the slow counterpart -----------------------------------------------------------------


def ways(transfers: list[Transfer], window: int, back: Fraction, hubs: Collection[object] = ()) -> list[Way]:
    """A payment, perhaps one on to a third account, and the first return of each; sorted."""

    def follows(first: int, before: int, k: int) -> bool:
        start, hop, value = transfers[first], transfers[k], transfers[first].value
        near = k > before and hop.time - start.time <= window and hop.payer != hop.payee
        return near and back * value <= hop.value and back * hop.value <= value

    found: list[Way] = []
    for out, start in enumerate(transfers):
        if start.payer == start.payee:
            continue
        on = [k for k, t in enumerate(transfers) if t.payer == start.payee and follows(out, out, k)]
        direct = [k for k in on if transfers[k].payee == start.payer]
        found += [(out, k) for k in direct[:1]]
        for k in on:
            third = transfers[k].payee
            returns = [
                r for r, t in enumerate(transfers) if (t.payer, t.payee) == (third, start.payer) and follows(out, k, r)
            ]
            found += [(out, k, r) for r in returns[:1] if third != start.payer]
    return sorted(way for way in found if not {transfers[k].payer for k in way} & set(hubs))


def grouped(found: list[Way], transfers: list[Transfer]) -> list[list[Way]]:
    """Ways over the same accounts whose times overlap, by first payment."""
    by_accounts: dict[frozenset[object], list[list[Way]]] = {}
    for way in found:
        groups = by_accounts.setdefault(frozenset(transfers[k].payer for k in way), [])
        until = max((transfers[other[-1]].time for other in groups[-1]), default=-1) if groups else -1
        if transfers[way[0]].time > until:
            groups.append([])
        groups[-1].append(way)
    return [group for groups in by_accounts.values() for group in groups]


def expected(group: list[Way], transfers: list[Transfer], window: int) -> tuple[Any, ...]:
    """Accounts, transactions, amount and measures of a group."""
    first = transfers[group[0][0]].payer
    accounts = [transfers[k].payer for k in group[0]]
    cited = {k for way in group for k in way}
    last = max(cited)
    if len(accounts) == 2:
        cited |= {
            k for k, t in enumerate(transfers)
            if k > last and (t.payer, t.payee) == tuple(accounts) and t.time - transfers[last].time <= window
        }  # fmt: skip
    sent, back = ([k for k in sorted(cited) if transfers[k][end] == first] for end in (0, 1))

    def worth(some: list[int]) -> int:
        return sum(transfers[k].value for k in some)

    before, after = [k for k in sent if k < back[0]], [k for k in sent if k > back[0]]
    shares = [Fraction(min(v), max(*v, 1)) for v in ([transfers[k].value for k in way] for way in group)]
    later = Fraction(worth(after), max(1, worth(before))) if len(accounts) == 2 else Fraction(0)
    lasted = transfers[max(cited)].time - transfers[min(cited)].time
    measures = (len(accounts), len(group), Fraction(worth(back), max(1, worth([k for k in sent if k < back[-1]]))),
                max(shares), later, Fraction(lasted, 60))  # fmt: skip
    return tuple(accounts), sorted(cited), worth(back), measures


def check(rows: list[Row], window: int, back: Fraction) -> list[Finding]:
    transfers = in_ledger_order(rows)
    findings = found(rows, gf.RoundTrip(window=minutes(window), back=float(back)))
    wanted = [expected(group, transfers, window) for group in grouped(ways(transfers, window, back), transfers)]
    assert sorted((f.accounts, f.rows.tolist(), f.amount) for f in findings) == sorted(w[:3] for w in wanted)
    assert [int(f.rows[0]) for f in findings] == sorted(w[1][0] for w in wanted)
    by_key = {(w[0], tuple(w[1])): w[3] for w in wanted}
    for finding in findings:
        hops, _, share, _, later, _ = measures = by_key[finding.accounts, tuple(finding.rows.tolist())]
        assert list(finding.measures.values()) == pytest.approx([float(m) for m in measures], abs=0.0051)
        assert list(finding.measures.values())[2:4] == pytest.approx([float(m) for m in measures[2:4]], abs=6e-5)
        bait = hops == 2 and share <= Fraction(3, 10) and later >= 2
        assert [(p.kind, p.decisive) for p in finding.parts] == [("structure", False)] + [("history", True)] * bait
        assert finding.level == "review"
    return findings


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_seeded_ledgers(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHFLOW_KERNELS", mode)
    findings = []
    for seed in range(seeds(300)):
        rng = random.Random(seed)
        findings += check(random_rows(rng, most=30), rng.choice((0, 2, 10, 30)), rng.choice(BACKS))
        findings += check(long_rows(rng), rng.choice((HOUR, DAY, 4 * DAY, 7 * DAY)), rng.choice(BACKS))
    assert len(findings) > seeds(600)
    assert {(f.measures["hops"], len(f.parts)) for f in findings} >= {(2, 1), (3, 1)}
    assert max(int(f.measures["rounds"]) for f in findings) > 4


@EXAMPLES
@given(nasty_rows(30), st.sampled_from((0, 1, 5, 30)), st.sampled_from(BACKS))
def test_any_ledger_of_minutes(rows: list[Row], window: int, back: Fraction) -> None:
    check(rows, window, back)


@EXAMPLES
@given(long_nasty_rows(), st.sampled_from((HOUR, DAY, 7 * DAY)), st.sampled_from(BACKS))
def test_any_ledger_of_weeks(rows: list[Row], window: int, back: Fraction) -> None:
    check(rows, window, back)


def test_ways_around_hubs() -> None:
    """With an account that many deal with left out, the ways of the others are the same."""
    skipped = 0
    for seed in range(seeds(300)):
        rows = random_rows(random.Random(seed), most=30)
        graph, transfers = graph_of(rows), in_ledger_order(rows)
        detector = gf.RoundTrip(window=minutes(30), hub=3)
        hubs = {n for n, hub in zip(graph.flow.names, graph.flow.hubs(timedelta(days=1), 3), strict=True) if hub}
        skipped += bool(hubs)
        wanted = grouped(ways(transfers, 30, Fraction(1, 100), hubs), transfers)
        assert sorted(f.rows.tolist() for f in detector.find(graph)) == sorted(
            expected(group, transfers, 30)[1] for group in wanted
        )
    assert skipped > seeds(60) // 2
