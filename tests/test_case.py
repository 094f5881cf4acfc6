"""Findings become cases: what joins them, what bounds them, their order, points, level and roles."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, random_rows

import graphflow as gf
from graphflow.finding import Finding, Part
from graphflow.graph import FlowGraph

HOUR = 60
WEAK = (Part("structure", 1.0, "a shape of some kind"),)
STRONG = (Part("structure", 2.0, "a clear shape", decisive=True), Part("speed", 1.0, "within minutes", decisive=True))


def chained(count: int, *, hours: float = 200) -> FlowGraph:
    """A0 pays A1, A1 pays A2 and so on, far apart in time."""
    return graph_of([(f"A{k}", f"A{k + 1}", hours * HOUR * k, 100 + k) for k in range(count)])


def finding(
    graph: FlowGraph,
    rows: Sequence[int],
    accounts: Sequence[str],
    *,
    detector: str = "mule-chain",
    parts: tuple[Part, ...] = WEAK,
) -> Finding:
    return Finding(
        detector=detector,
        accounts=tuple(accounts),
        rows=np.array(rows, np.int64),
        ledger=graph.ledger,
        amount=int(graph.flow.paid[list(rows)].max()),
        currency="CNY",
        measures={},
        parts=parts,
        reason=f"rows {list(rows)} of some accounts",
    )


def groups(cases: Sequence[gf.Case]) -> list[list[list[int]]]:
    return sorted(sorted(f.rows.tolist() for f in case.findings) for case in cases)


# --- joins ----------------------------------------------------------------------------------------


def test_findings_that_share_transactions_are_one_case() -> None:
    graph = chained(10)
    listed = [finding(graph, [0, 1], ["A1"]), finding(graph, [1, 2], ["A2"]), finding(graph, [4, 5], ["A5"])]
    assert groups(gf.open_cases(graph, listed)) == [[[0, 1], [1, 2]], [[4, 5]]]


@pytest.mark.parametrize(("size", "joined"), [(2, True), (3, False)])
def test_half_of_the_smaller_finding_must_be_shared(size: int, joined: bool) -> None:
    graph = chained(20)
    listed = [finding(graph, range(size), ["A1"]), finding(graph, range(size - 1, 2 * size - 1), ["A9"])]
    assert len(gf.open_cases(graph, listed)) == (1 if joined else 2)


@pytest.mark.parametrize(("gap", "joined"), [(72 * HOUR, True), (72 * HOUR + 1, False)])
def test_findings_that_suspect_an_account_are_one_case_when_near_in_time(gap: int, joined: bool) -> None:
    graph = graph_of([("P", "Q", 0, 100), ("R", "Q", gap, 100)])
    listed = [finding(graph, [0], ["Q"]), finding(graph, [1], ["Q"])]
    assert len(gf.open_cases(graph, listed)) == (1 if joined else 2)


def test_a_finding_is_near_every_one_that_has_not_ended() -> None:
    """The long one spans both short ones, which are far from one another."""
    graph = graph_of([("P", "Q", 0, 1), ("R", "Q", 60, 2), ("S", "Q", 200 * HOUR, 3), ("T", "Q", 210 * HOUR, 4)])
    listed = [finding(graph, [0, 3], ["Q"]), finding(graph, [1], ["Q"]), finding(graph, [2], ["Q"])]
    assert groups(gf.open_cases(graph, listed)) == [[[0, 3], [1], [2]]]


@pytest.mark.parametrize(("counterparties", "joined"), [(100, True), (101, False)])
def test_a_hub_joins_nothing(counterparties: int, joined: bool) -> None:
    graph = graph_of([(f"P{k}", "HUB", k, 100) for k in range(counterparties)])
    listed = [finding(graph, [0, 1], ["HUB"]), finding(graph, [5, 6], ["HUB"])]
    assert len(gf.open_cases(graph, listed)) == (1 if joined else 2)


def test_accounts_that_only_occur_on_both_do_not_join() -> None:
    graph = graph_of([("V", "A", 0, 1), ("V", "B", 1, 1)])
    assert len(gf.open_cases(graph, [finding(graph, [0], ["A"]), finding(graph, [1], ["B"])])) == 2


def test_suspicion_does_not_spread_by_weak_evidence() -> None:
    """A review finding joins a case at high that suspects all it suspects, or cites half of its transactions."""
    graph = chained(20)
    sure = finding(graph, [3, 4, 5], ["A4", "A5"], parts=STRONG)
    nested = finding(graph, [4, 9, 10], ["A5"])
    half = finding(graph, [5, 6], ["A6"])
    stranger = finding(graph, [5, 6, 7], ["A5", "A7"])
    assert [len(c.findings) for c in gf.open_cases(graph, [sure, nested, half])] == [3]
    apart = gf.open_cases(graph, [sure, stranger])
    assert [c.level for c in apart] == ["high", "review"]
    weak = finding(graph, [3, 4, 5], ["A4", "A5"])
    assert len(gf.open_cases(graph, [weak, stranger])) == 1


def test_what_is_sure_comes_together_first() -> None:
    """Two findings at high are one case even when one at review lies between them in time."""
    graph = graph_of([("P", "Q", 0, 1), ("R", "Q", HOUR, 2), ("S", "T", HOUR, 2), ("U", "Q", 2 * HOUR, 3)])
    first = finding(graph, [0], ["Q"], parts=STRONG)
    between = finding(graph, [1, 2], ["Q", "T"])
    last = finding(graph, [3], ["Q"], parts=STRONG)
    assert groups(gf.open_cases(graph, [first, between, last])) == [[[0], [3]], [[1, 2]]]


# --- bounds ---------------------------------------------------------------------------------------


def test_a_case_has_bounded_findings_and_says_what_was_left_out() -> None:
    graph = chained(12)
    listed = [finding(graph, [k, k + 1], [f"A{k + 1}"]) for k in range(10)]
    cases = gf.open_cases(graph, listed, most_findings=4)
    assert max(len(case.findings) for case in cases) == 4
    assert all("left out to keep this one readable" in case.split for case in cases if len(case.findings) == 4)
    assert [len(case.findings) for case in gf.open_cases(graph, listed)] == [10]
    assert not gf.open_cases(graph, listed)[0].split


def test_a_case_has_bounded_accounts() -> None:
    graph = chained(12)
    listed = [finding(graph, [k, k + 1], [f"A{k + 1}"]) for k in range(10)]
    cases = gf.open_cases(graph, listed, most_accounts=3)
    assert max(len(case.accounts) for case in cases) == 3


def test_the_strongest_joins_are_made_first() -> None:
    graph = chained(12)
    listed = [finding(graph, [0, 1], ["A1"]), finding(graph, [1, 2, 3, 4], ["A2"]), finding(graph, [2, 3, 4], ["A3"])]
    assert groups(gf.open_cases(graph, listed, most_findings=2)) == [[[0, 1]], [[1, 2, 3, 4], [2, 3, 4]]]


# --- what a case says -----------------------------------------------------------------------------


def test_a_case_adds_up_its_evidence() -> None:
    graph = chained(6)
    fan = finding(graph, [0, 1], ["A1"], detector="fan-in", parts=STRONG)
    chain = finding(graph, [1, 2], ["A1", "A2"], parts=(*WEAK, Part("conservation", 2.0, "most of it arrived")))
    again = finding(graph, [1, 2, 3], ["A3"], detector="fan-in")
    (case,) = gf.open_cases(graph, [again, chain, fan])
    assert case.findings == (fan, chain, again)
    assert [(part.kind, part.points) for part in case.parts] == [
        ("structure", 3.0),  # the best in full
        ("structure", 1.5),  # the best of another detector by half
        ("conservation", 1.0),  # a kind of evidence that was not there
    ]
    assert (case.points, case.level, case.id, case.rank) == (5.5, "high", "case-0001", 1)
    assert case.accounts == ("A1", "A2", "A3")
    assert case.rows.tolist() == [0, 1, 2, 3]
    assert case.headline == f"{fan.reason}; with 1 fan-in, 1 mule-chain"
    assert (case.start, case.end) == (fan.start, again.end)
    assert (case.amount, case.currency, case.amount_text) == (103, "CNY", "1.03 CNY")


def test_cases_are_ranked_by_level_points_amount_and_time() -> None:
    graph = graph_of([(f"A{k}", f"B{k}", k, amount) for k, amount in enumerate((5, 5, 9, 7, 7))])
    many = (Part("structure", 9.0, "a shape with many points"),)
    plain = [finding(graph, [k], [f"B{k}"]) for k in (1, 0, 2)]
    high, most = finding(graph, [3], ["B3"], parts=STRONG), finding(graph, [4], ["B4"], parts=many)
    cases = gf.open_cases(graph, [*plain, most, high])
    assert [case.rows.tolist() for case in cases] == [[3], [4], [2], [0], [1]]
    assert [case.level for case in cases] == ["high", "review", "review", "review", "review"]


def test_roles_say_what_each_account_does() -> None:
    rows = [("V1", "C", 0, 10), ("V2", "C", 1, 10), ("C", "T", 2, 20), ("T", "D", 3, 20), ("D", "E1", 4, 10),
            ("D", "E2", 5, 10)]  # fmt: skip
    graph = graph_of(rows)
    listed = [
        finding(graph, [0, 1], ["C"], detector="fan-in"),
        finding(graph, [0, 1, 2, 3, 4, 5], ["C", "T", "D", "E1", "E2"]),
        finding(graph, [4, 5], ["D"], detector="fan-out"),
    ]
    (case,) = gf.open_cases(graph, listed)
    assert dict(case.roles) == {
        "V1": "victim candidate",
        "V2": "victim candidate",
        "C": "collector",
        "T": "transit",
        "D": "distributor",
        "E1": "end",
        "E2": "end",
    }
    assert case.roles["T"] == "transit"
    assert len(case.roles) == 7


def test_accounts_on_a_cycle_have_that_role() -> None:
    graph = graph_of([("P", "Q", 0, 10), ("Q", "P", 1, 10)])
    (case,) = gf.open_cases(graph, gf.detect(graph, [gf.Cycle()]))
    assert dict(case.roles) == {"P": "cycle", "Q": "cycle"}


def test_no_findings_open_no_cases() -> None:
    assert gf.open_cases(chained(2), []) == []


# --- any findings ---------------------------------------------------------------------------------


def check_cases(graph: FlowGraph, listed: list[Finding], **bounds: int) -> None:
    cases = gf.open_cases(graph, listed, **bounds)
    assert sorted(id(f) for case in cases for f in case.findings) == sorted(map(id, listed))
    assert [case.rank for case in cases] == list(range(1, len(cases) + 1))
    assert len({case.id for case in cases}) == len(cases)
    ranks = [(case.level != "high", -case.points) for case in cases]
    assert ranks == sorted(ranks)
    for case in cases:
        check_case(case, graph, **bounds)
    again = gf.open_cases(graph, listed, **bounds)
    assert [(c.id, c.findings, c.points, c.split) for c in cases] == [
        (c.id, c.findings, c.points, c.split) for c in again
    ]


def check_case(case: gf.Case, graph: FlowGraph, most_findings: int = 100, most_accounts: int = 100) -> None:
    alone = len(case.findings) == 1
    suspects = max(len(f.accounts) for f in case.findings)
    if not alone and len(case.findings) > most_findings:  # those on top suspect nobody new
        others = Counter(name for f in case.findings for name in set(f.accounts))
        assert sum(any(others[name] == 1 for name in f.accounts) for f in case.findings) <= most_findings
    assert alone or len(case.accounts) <= max(suspects, most_accounts)
    assert case.points == pytest.approx(sum(part.points for part in case.parts))
    assert case.level == ("high" if any(f.level == "high" for f in case.findings) else "review")
    assert set(case.accounts) == {name for f in case.findings for name in f.accounts}
    assert case.start <= case.end
    frame = graph.ledger.frame[case.rows]
    payers, payees = set(frame["payer"]), set(frame["payee"])
    assert set(case.roles) == payers | payees
    for account, role in case.roles.items():
        assert role != "source" or account not in payees
        assert role != "end" or account not in payers


@st.composite
def any_findings(draw: st.DrawFn) -> tuple[FlowGraph, list[Finding]]:
    graph = graph_of([(f"A{k % 5}", f"A{(k * k + 1) % 7}", 700 * k, 100 + k % 3) for k in range(16)])
    frame, listed = graph.ledger.frame, []
    for _ in range(draw(st.integers(0, 12))):
        rows = sorted(draw(st.sets(st.integers(0, 15), min_size=1, max_size=5)))
        suspects = sorted(set(frame["payee"].gather(rows)))
        listed.append(
            finding(
                graph,
                rows,
                draw(st.lists(st.sampled_from(suspects), min_size=1, unique=True)),
                detector=draw(st.sampled_from(("cycle", "fan-in", "mule-chain"))),
                parts=draw(st.sampled_from((WEAK, STRONG))),
            )
        )
    return graph, listed


@EXAMPLES
@given(any_findings(), st.integers(1, 5), st.integers(1, 8))
def test_any_findings_become_sound_cases(
    drawn: tuple[FlowGraph, list[Finding]], most_findings: int, most_accounts: int
) -> None:
    check_cases(*drawn, most_findings=most_findings, most_accounts=most_accounts)


@EXAMPLES
@given(any_findings())
def test_without_bounds_cases_are_what_hangs_together(drawn: tuple[FlowGraph, list[Finding]]) -> None:
    """Compared with every pair joined one by one, by the definition, for findings of one level."""
    graph, mixed = drawn
    listed = [f for f in mixed if f.level == mixed[0].level]
    group = list(range(len(listed)))
    for a, first in enumerate(listed):
        for b in range(a):
            if belong_together(first, listed[b]):
                group = [group[b] if g == group[a] else g for g in group]
    parts: dict[int, list[Any]] = {}
    for k, g in enumerate(group):
        parts.setdefault(g, []).append(listed[k].rows.tolist())
    assert groups(gf.open_cases(graph, listed)) == sorted(sorted(rows) for rows in parts.values())


def belong_together(a: Finding, b: Finding) -> bool:
    shared = len(set(a.rows.tolist()) & set(b.rows.tolist()))
    gap = max(a.start, b.start) - min(a.end, b.end)
    near = set(a.accounts) & set(b.accounts) and gap.total_seconds() <= 72 * 3600
    return bool(near) or shared >= 0.5 * min(a.rows.size, b.rows.size)


def test_findings_of_seeded_ledgers_become_sound_cases() -> None:
    loose = [gf.Cycle(keep=0.0), gf.FanIn(min_payers=2), gf.FanOut(min_payees=2), gf.MuleChain(min_hops=2, keep=0.3)]
    for seed in range(40):
        graph = graph_of(random_rows(random.Random(seed), most=40))
        check_cases(graph, list(gf.detect(graph, loose)))


def test_the_order_of_rows_as_written_does_not_change_cases() -> None:
    rows = [
        Row(*row) for row in (("P", "Q", 0, 9), ("Q", "R", 5, 9), ("R", "P", 9, 9), ("X", "Y", 1, 5), ("Y", "X", 2, 5))
    ]
    told = []
    for order in (rows, rows[::-1]):
        graph = graph_of(order)
        told.append([(c.id, c.accounts, c.points, c.headline) for c in gf.open_cases(graph, gf.detect(graph))])
    assert told[0] == told[1]
