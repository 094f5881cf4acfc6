"""Bipartite: against a slow counterpart written from its docstring, and on ledgers made by hand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, MINUTE, Row, graph_of, nasty_rows, seeds
from oracles import Transfer, in_ledger_order
from said import Told, agree, appearance, cases, cut, found, kinds, lasted, one_off, said
from sharing_oracle import groups, in_common, pairs, partners, seen_from

import graphflow as gf

# --- the slow counterpart --------------------------------------------------------------------------


def webs(transfers: list[Transfer], *, window: int, min_shared: int, skipped: Collection[object]) -> list[set[int]]:
    """Payments of each group that go to common payees, thinned one payment at a time until all bounds hold."""
    seen = seen_from(transfers, paying=True, skipped=skipped)
    found = []
    for group in groups(pairs(transfers, seen, window, min_shared)):
        chosen = in_common(transfers, seen, group, window)
        while bad := [
            k
            for k in chosen
            if partners(seen, chosen, 0, seen[k][0]) < min_shared or partners(seen, chosen, 1, seen[k][1]) < 2
        ]:
            chosen.discard(bad[0])
        found.append(chosen)
    return found


def told(transfers: list[Transfer], chosen: set[int]) -> Told:
    rows = sorted(chosen)
    payers, payees = (list(dict.fromkeys(transfers[k][side] for k in rows)) for side in (0, 1))
    occurring = {transfers[k][:2] for k in rows}
    return Told(
        tuple(dict.fromkeys([*payers, *payees])),
        rows,
        sum(transfers[k].value for k in rows),
        {
            "payers": len(payers),
            "payees": len(payees),
            "density": len(occurring) / len(payers) / len(payees),
            "one_off_share": sum(one_off(transfers, k) for k in rows) / len(rows),
            "span_hours": lasted(transfers, rows),
        },
    )


def expected(
    transfers: list[Transfer], *, window: int, min_payers: int, min_shared: int, skipped: Collection[object]
) -> list[Told]:
    place = appearance(transfers)
    listed = [told(transfers, web) for web in webs(transfers, window=window, min_shared=min_shared, skipped=skipped)]
    return sorted(
        (web for web in listed if web.measures["payers"] >= min_payers),
        key=lambda web: min(place[transfers[k].payer] for k in web.rows),
    )


def test_groups_are_those_of_the_slow_counterpart(mode: str) -> None:
    number = hubs = 0
    for k, case in enumerate(cases(seeds(400), most=50)):
        min_payers, min_shared = ((2, 1), (2, 2), (3, 2), (2, 3))[k % 4]
        detector = gf.Bipartite(min_payers=min_payers, min_shared=min_shared, window=case.span, hub=case.hub)
        wanted = expected(
            case.transfers, window=case.window, min_payers=min_payers, min_shared=min_shared, skipped=case.skipped
        )
        agree(found(case.rows, detector), wanted)
        number += len(wanted)
        hubs += bool(wanted and case.skipped)
    assert number >= seeds(100) // 2, mode
    assert hubs >= seeds(20) // 2


@EXAMPLES
@given(nasty_rows(), st.sampled_from((0, 3, 10, 30)), st.sampled_from((1, 2)))
def test_groups_are_those_of_the_slow_counterpart_in_any_ledger(rows: list[Row], window: int, shared: int) -> None:
    wanted = expected(in_ledger_order(rows), window=window, min_payers=2, min_shared=shared, skipped=())
    agree(found(rows, gf.Bipartite(min_shared=shared, window=window * MINUTE)), wanted)


# --- by hand ---------------------------------------------------------------------------------------

WEB = [
    (payer, payee, 10 * k + j, 100 + 10 * k + j) for k, payer in enumerate("PQR") for j, payee in enumerate("XYZ")
]  # fmt: skip


def test_payers_of_the_same_payees_are_found_with_those_payments() -> None:
    others = [("P", "V", 3, 9), ("S", "X", 4, 9), ("X", "P", 5, 9), ("P", "P", 6, 9)]
    (finding,) = found([*WEB, *others], gf.Bipartite())
    assert finding.transactions == tuple(f"t{k}" for k in range(9))
    assert said(finding) == {
        "accounts": ("P", "Q", "R", "X", "Y", "Z"),
        "rows": [0, 1, 2, 7, 8, 9, 10, 11, 12],
        "amount": sum(row[3] for row in WEB),
        "measures": {"payers": 3, "payees": 3, "density": 1.0, "one_off_share": 1.0, "span_hours": 0.37},
        "level": "review",
    }
    assert kinds(finding) == {"structure": (4.0, True)}
    assert finding.reason == "3 payers paid the same 3 payees (P and others, 100 % of the pairs) in 22 minutes"


def test_one_hand_alone_is_never_high() -> None:
    rows = [(payer, payee, 0, 100) for payer in "ABCDEFGH" for payee in "STUVWXYZ"]
    (finding,) = gf.detect(graph_of(rows), [gf.Bipartite()])
    assert finding.level == "review"


@pytest.mark.parametrize(
    ("rows", "density", "decisive"),
    [
        (WEB, 1.0, True),
        ([row for row in WEB if row[:2] != ("R", "Z")], 0.8889, True),
        ([row for row in WEB if row[:2] not in {("R", "Z"), ("Q", "Y")}], 0.7778, False),
        ([row for row in WEB if row[0] != "R"], 1.0, False),
        ([row for row in WEB if row[1] != "Z"], 1.0, False),
    ],
)  # fmt: skip
def test_decisive_structure_is_dense_and_three_wide(rows: list[Any], density: float, decisive: bool) -> None:
    (finding,) = found(rows, gf.Bipartite())
    assert finding.measures["density"] == density
    assert kinds(finding)["structure"][1] is decisive


def test_payers_that_share_one_payee_only_do_not_hang_together() -> None:
    rows = [("P", "X", 0, 9), ("Q", "X", 1, 9), ("P", "Y", 2, 9), ("Q", "Z", 3, 9)]
    assert not found(rows, gf.Bipartite())
    assert len(found([*rows, ("Q", "Y", 4, 9)], gf.Bipartite())) == 1


def test_a_payee_whom_nobody_else_of_the_group_pays_is_left_out() -> None:
    rows = [(a, b, 0, 9) for a in "PQ" for b in "XY"] + [("P", "V", 1, 9), ("S", "V", 1, 9)]
    (finding,) = found(rows, gf.Bipartite())
    assert finding.accounts == ("P", "Q", "X", "Y")


@pytest.mark.parametrize(("after", "number"), [(60, 1), (61, 0)])
def test_the_window_between_two_payers_includes_its_end(after: int, number: int) -> None:
    rows = [("P", "X", 0, 9), ("P", "Y", 500, 9), ("Q", "X", 60, 9), ("Q", "Y", 500 + after, 9)]
    assert len(found(rows, gf.Bipartite(window=60 * MINUTE))) == number
    flipped = [("Q" if a == "P" else "P", b, m, v) for a, b, m, v in rows]
    assert len(found(flipped, gf.Bipartite(window=60 * MINUTE))) == number


def test_a_payment_far_from_those_of_the_others_is_left_out() -> None:
    rows = [("P", "X", 0, 9), ("Q", "X", 10, 9), ("P", "Y", 0, 9), ("Q", "Y", 10, 9), ("P", "X", 71, 9)]
    (finding,) = found(rows, gf.Bipartite(window=60 * MINUTE))
    assert "t4" not in finding.transactions


def test_payers_hang_together_over_others() -> None:
    rows = [(a, b, 0, 9) for a, both in (("P", "WX"), ("Q", "WXYZ"), ("R", "YZ")) for b in both]
    (finding,) = found(rows, gf.Bipartite(min_payers=3))
    assert (finding.measures["payers"], finding.measures["payees"], finding.measures["density"]) == (3, 4, 0.6667)
    assert not found(rows[:6], gf.Bipartite(min_payers=3))


def test_a_payee_may_be_a_payer_too() -> None:
    rows = [(a, b, 0, 9) for a, both in (("P", "QX"), ("Q", "XY"), ("R", "QXY")) for b in both]
    (finding,) = found(rows, gf.Bipartite())
    assert finding.accounts == ("P", "Q", "R", "X", "Y")
    assert finding.measures["payees"] == 3


def test_a_hub_is_neither_payer_nor_payee_and_that_is_said() -> None:
    for hub, left in (("P", ("Q", "R", "X", "Y", "Z")), ("X", ("P", "Q", "R", "Y", "Z"))):
        crowd = [(hub, f"customer {k}", 60 + k, 5) for k in range(10)]
        (finding,) = found([*WEB, *crowd], gf.Bipartite(hub=9))
        assert finding.accounts == left
        words = cut([*WEB, *crowd], gf.Bipartite(hub=9))
        assert words == ("bipartite: 1 account with more than 9 counterparties not traversed (hubs)",)


def test_a_group_that_is_too_large_is_counted() -> None:
    assert len(found(WEB, gf.Bipartite(most_payers=3))) == 1
    assert not found(WEB, gf.Bipartite(most_payers=2))
    words = cut(WEB, gf.Bipartite(most_payers=2))
    assert words == ("bipartite: 1 group of more than 2 payers with the same payees not reported",)


def test_a_rough_exchange_rate_is_no_evidence() -> None:
    (finding,) = found([(*row, "USD" if "R" in row[:2] else "CNY") for row in WEB], gf.Bipartite())
    assert kinds(finding) == {"structure": (4.0, False)}


GRID = [(f"P{a}", f"Q{b}", 60 * (4 * a + b), 900 + a) for a in range(4) for b in range(4)]
USUAL = [(f"R{k}", f"S{k}", 24 * 60 * 7 * week, 500) for k in range(6) for week in range(8)]


def test_one_off_payments_make_it_high_where_most_accounts_deal_again() -> None:
    (usual,) = gf.Bipartite().find(graph_of([*GRID, *USUAL]))
    assert usual.level == "high"
    assert {part.kind for part in usual.parts if part.decisive} == {"structure", "novelty"}
    (alone,) = gf.Bipartite().find(graph_of(GRID))  # everything is one-off here: that says nothing
    assert alone.level == "review"
    again = [(payer, payee, minutes + 24 * 60 * 30, amount) for payer, payee, minutes, amount in GRID]
    assert {f.level for f in gf.Bipartite().find(graph_of([*GRID, *again, *USUAL]))} == {"review"}


def test_four_on_both_sides_are_decisive_however_thin() -> None:
    thin = [row for row in GRID if (int(row[0][1]) + int(row[1][1])) % 4 != 3]
    (finding,) = gf.Bipartite().find(graph_of([*thin, *USUAL]))
    assert finding.measures["density"] == 0.75
    assert finding.level == "high"
    assert {f.level for f in gf.Bipartite(high_side=5).find(graph_of([*thin, *USUAL]))} == {"review"}
