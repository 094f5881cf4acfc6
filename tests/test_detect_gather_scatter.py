"""Gather-scatter: against a slow counterpart written from its docstring, and on ledgers made by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, MINUTE, Row, graph_of, nasty_rows, seeds
from oracles import Transfer, in_ledger_order
from said import A_DAY, Told, agree, appearance, cases, cut, found, kinds, lasted, one_off, said

import graphflow as gf

# --- the slow counterpart --------------------------------------------------------------------------


class Turn(NamedTuple):
    """Transfers round a payment, as positions in the ledger, and who is at their other ends."""

    receipts: list[int]
    payments: list[int]
    payers: int
    payees: int


def turns(transfers: list[Transfer], account: object, *, window: int, payers: int, payees: int) -> list[Turn | None]:
    """One for each payment of the account, None where the payment is no turn."""
    into = [k for k, t in enumerate(transfers) if t.payee == account != t.payer]
    out = [k for k, t in enumerate(transfers) if t.payer == account != t.payee]
    listed: list[Turn | None] = []
    for k in out:
        now = transfers[k].time
        before = [j for j in into if j < k and now - transfers[j].time <= window]
        after = [j for j in out if j >= k and transfers[j].time - now <= window]
        turn = Turn(before, after, len({transfers[j].payer for j in before}), len({transfers[j].payee for j in after}))
        listed.append(turn if turn.payers >= payers and turn.payees >= payees else None)
    return listed


def best_turns(listed: list[Turn | None]) -> Iterator[Turn]:
    """The best one of each run of neighbours that share a receipt."""
    runs: list[list[Turn]] = []
    for last, turn in pairwise([None, *listed]):
        if turn and last and set(turn.receipts) & set(last.receipts):
            runs[-1].append(turn)
        elif turn:
            runs.append([turn])
    for run in runs:
        yield max(run, key=lambda turn: (min(turn.payers, turn.payees), turn.payers + turn.payees, -run.index(turn)))


def told(transfers: list[Transfer], account: object, turn: Turn, dwell: int) -> Told:
    moved = oracles.matches(transfers, dwell=dwell)
    passed, all_moved = oracles.passed(moved), sum(m.value for m in moved if transfers[m.payment].payer == account)
    got, paid = (sum(transfers[k].value for k in side) for side in (turn.receipts, turn.payments))
    rows = sorted({*turn.receipts, *turn.payments})
    return Told(
        (account,),
        rows,
        got,
        {
            "payers": turn.payers,
            "payees": turn.payees,
            "one_off_share": sum(one_off(transfers, k) for k in rows) / len(rows),
            "kept": float(Fraction(min(got, paid), max(got, paid, 1))),
            "moved_share": sum(passed[k] for k in turn.receipts) / max(got, 1),
            "stays_minutes": oracles.waited(moved, transfers, account) / all_moved if all_moved else -1,
            "span_hours": lasted(transfers, rows),
        },
    )


def expected(
    transfers: list[Transfer], *, window: int, dwell: int, payers: int, payees: int, skipped: Collection[object]
) -> list[Told]:
    return [
        told(transfers, account, turn, dwell)
        for account in appearance(transfers)
        if account not in skipped
        for turn in best_turns(turns(transfers, account, window=window, payers=payers, payees=payees))
    ]


def test_turns_are_those_of_the_slow_counterpart(mode: str) -> None:
    number = hubs = several = 0
    for k, case in enumerate(cases(seeds(400))):
        payers, payees = ((1, 1), (2, 2), (2, 3), (3, 2))[k % 4]
        dwell = 5 * MINUTE * max(1, case.window // 12)
        detector = gf.GatherScatter(min_payers=payers, min_payees=payees, window=case.span, dwell=dwell, hub=case.hub)
        wanted = expected(
            case.transfers, window=case.window, dwell=dwell // MINUTE, payers=payers, payees=payees,
            skipped=case.skipped,
        )  # fmt: skip
        agree(found(case.rows, detector), wanted)
        number += len(wanted)
        hubs += bool(wanted and case.skipped)
        several += len({told.accounts for told in wanted}) < len(wanted)
    assert number >= seeds(300) // 2, mode
    assert hubs >= seeds(30) // 2
    assert several >= 20


@EXAMPLES
@given(nasty_rows(), st.sampled_from((0, 3, 10, 30)), st.sampled_from((1, 2)))
def test_turns_are_those_of_the_slow_counterpart_in_any_ledger(rows: list[Row], window: int, least: int) -> None:
    span, transfers = window * MINUTE, in_ledger_order(rows)
    wanted = expected(transfers, window=window, dwell=8, payers=least, payees=least, skipped=())
    agree(found(rows, gf.GatherScatter(min_payers=least, min_payees=least, window=span, dwell=8 * MINUTE)), wanted)


# --- by hand ---------------------------------------------------------------------------------------

GATHERED = [("A", "M", 0, 1000), ("B", "M", 10, 2000), ("C", "M", 20, 1000)]
SCATTERED = [("M", "X", 30, 1900), ("M", "Y", 40, 1900)]


def test_an_account_that_takes_in_and_hands_on_is_found_with_what_it_took_and_handed() -> None:
    others = [("A", "X", 15, 700), ("X", "Q", 50, 700), ("D", "A", 1, 5)]
    (finding,) = found([*GATHERED, *SCATTERED, *others], gf.GatherScatter(high_side=2))
    assert finding.transactions == ("t0", "t1", "t2", "t3", "t4")
    assert said(finding) == {
        "accounts": ("M",),
        "rows": [0, 2, 4, 5, 6],
        "amount": 4000,
        "measures": {
            "payers": 3, "payees": 2, "one_off_share": 1.0, "kept": 0.95, "moved_share": 0.95, "stays_minutes": 25.5,
            "span_hours": 0.67,
        },
        "level": "high",
    }  # fmt: skip
    assert kinds(finding) == {"structure": (1.5, False), "conservation": (2.0, True), "speed": (2.0, True)}
    assert finding.reason == (
        "M received from 3 payers, then paid 2 payees, in 40 minutes; 95 % of what came in left within 1 day"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [*GATHERED[:1], *SCATTERED],  # one payer
        [*GATHERED, *SCATTERED[:1]],  # one payee
        [*GATHERED[:1], ("A", "M", 11, 5), *SCATTERED],  # one payer twice
        [*GATHERED, SCATTERED[0], ("M", "X", 41, 5)],  # one payee twice
        [*GATHERED, SCATTERED[0], ("M", "M", 41, 5)],  # a self-transfer is no second payee
        [("M", "X", 0, 9), ("M", "Y", 1, 9), ("A", "M", 2, 9), ("B", "M", 3, 9)],  # pays first
        [("A", "M", 0, 9), ("M", "X", 1, 9), ("M", "Y", 2, 9), ("B", "M", 3, 9)],  # only one came before
        [("A", "M", 0, 9), ("M", "X", 1, 9), ("B", "M", 2, 9), ("M", "X", 3, 9)],
    ],
)
def test_one_side_short_is_no_gather_scatter(rows: list[tuple[Any, ...]]) -> None:
    assert not found(rows, gf.GatherScatter(high_side=2))


@pytest.mark.parametrize(("window", "number"), [(20, 1), (19, 0)])
def test_the_window_before_a_turn_includes_its_end(window: int, number: int) -> None:
    rows = [("A", "M", 0, 9), ("B", "M", 1, 9), ("M", "X", 20, 9), ("M", "Y", 21, 9)]
    assert len(found(rows, gf.GatherScatter(window=window * MINUTE))) == number


@pytest.mark.parametrize(("window", "number"), [(20, 1), (19, 0)])
def test_the_window_after_a_turn_includes_its_end(window: int, number: int) -> None:
    rows = [("A", "M", 0, 9), ("B", "M", 1, 9), ("M", "X", 2, 9), ("M", "Y", 22, 9)]
    assert len(found(rows, gf.GatherScatter(window=window * MINUTE))) == number


def test_ties_of_a_turn_are_in_the_order_of_the_rows() -> None:
    rows = [("A", "M", 0, 9), ("B", "M", 0, 9), ("M", "X", 0, 9), ("M", "Y", 0, 9)]
    assert len(found(rows, gf.GatherScatter(high_side=2))) == 1
    assert not found([rows[0], rows[2], rows[1], rows[3]], gf.GatherScatter(high_side=2))


def test_turns_that_share_no_receipt_are_two_findings() -> None:
    again = [(payer, payee, minute + 60, value) for payer, payee, minute, value in [*GATHERED, *SCATTERED]]
    rows = [*GATHERED, *SCATTERED, *again]
    assert [f.rows.size for f in found(rows, gf.GatherScatter(window=100 * MINUTE))] == [7]
    assert [f.rows.size for f in found(rows, gf.GatherScatter(window=20 * MINUTE))] == [4, 4]


def test_a_run_is_told_by_its_best_turn() -> None:
    rows = [
        ("A", "M", 0, 9),
        ("B", "M", 1, 9),
        ("M", "X", 2, 9),
        ("C", "M", 3, 9),
        *(("M", f"Y{k}", 4, 9) for k in range(3)),
    ]
    (finding,) = found(rows, gf.GatherScatter(high_side=2))
    assert (finding.measures["payers"], finding.measures["payees"]) == (3, 3)
    assert "t2" not in finding.transactions


@pytest.mark.parametrize(
    ("rows", "level", "decisive"),
    [
        ([*GATHERED, *SCATTERED], "high", {"conservation", "speed"}),
        ([*GATHERED, *SCATTERED, ("A", "M", 5 * A_DAY, 1)], "high", {"conservation", "speed"}),  # 4 of 5 one-off
        ([*GATHERED, *SCATTERED, ("A", "M", 5 * A_DAY, 1), ("M", "X", 6 * A_DAY, 1)], "review", set()),  # 3 of 5
        ([*GATHERED, ("M", "X", 30, 1600), ("M", "Y", 40, 1599)], "review", set()),  # 79.98 % left
        ([*GATHERED, ("M", "X", 30, 1600), ("M", "Y", 40, 1600)], "high", {"conservation", "speed"}),
        ([*GATHERED, ("M", "X", 90, 1900), ("M", "Y", 100, 1900)], "review", {"conservation"}),  # not within the hour
        ([*GATHERED, ("M", "X", 30 + A_DAY, 1900), ("M", "Y", 30 + A_DAY, 1900)], "review", set()),
    ],
)  # fmt: skip
def test_high_needs_one_off_payers_and_money_that_leaves_at_once(
    rows: list[tuple[Any, ...]], level: str, decisive: set[str]
) -> None:
    (finding,) = found(rows, gf.GatherScatter(high_side=2))
    assert finding.level == level
    assert {kind for kind, (_, sure) in kinds(finding).items() if sure} == decisive


def test_days_cannot_tell_that_money_was_fast() -> None:
    rows = [("A", "M", 0, 9), ("B", "M", 0, 9), ("M", "X", 0, 9), ("M", "Y", 0, 9)]
    (finding,) = gf.GatherScatter(high_side=2).find(graph_of(rows, precision=A_DAY * MINUTE))
    assert finding.level == "review"
    assert set(kinds(finding)) == {"structure", "conservation"}


def test_a_hub_is_no_turn_and_that_is_said_but_it_may_pay_one() -> None:
    crowd = [("M", f"customer {k}", 60 + k, 5) for k in range(10)]
    assert not found([*GATHERED, *SCATTERED, *crowd], gf.GatherScatter(hub=9))
    words = cut([*GATHERED, *SCATTERED, *crowd], gf.GatherScatter(hub=9))
    assert words == ("gather-scatter: 1 account with more than 9 counterparties not traversed (hubs)",)
    employer = [("A", f"worker {k}", 60 + k, 5) for k in range(10)]
    assert [f.accounts for f in found([*GATHERED, *SCATTERED, *employer], gf.GatherScatter(hub=9))] == [("M",)]


def test_a_rough_exchange_rate_is_no_evidence() -> None:
    plain = [("A", "M", 0, 1000), ("B", "M", 1, 1000), ("M", "X", 2, 950), ("M", "Y", 3, 950)]
    (finding,) = found(
        [(*row, "USD" if {"B", "Y"} & set(row) else "CNY") for row in plain], gf.GatherScatter(high_side=2)
    )
    assert kinds(finding) == {"structure": (0.5, False), "conservation": (2.0, False), "speed": (2.0, False)}
    assert found(plain, gf.GatherScatter(high_side=2))[0].level == "high"


def test_high_needs_three_on_both_sides() -> None:
    assert [f.level for f in found([*GATHERED, *SCATTERED], gf.GatherScatter(high_side=2))] == ["high"]
    assert {f.level for f in found([*GATHERED, *SCATTERED], gf.GatherScatter(high_side=9))} == {"review"}
