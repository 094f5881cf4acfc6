"""Stack: against a slow counterpart written from its docstring, and on ledgers made by hand."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, MINUTE, Row, nasty_rows, seeds
from oracles import Transfer, in_ledger_order
from said import A_DAY, Told, agree, cases, cut, found, kinds, lasted, one_off, said
from sharing_oracle import Ends, groups, in_common, pairs, partners, seen_from

import graphflow as gf

# --- the slow counterpart --------------------------------------------------------------------------

Layer = tuple[set[int], set[int]]
"""Receipts and payments of middle accounts."""


def layers(transfers: list[Transfer], *, window: int, least: int, skipped: Collection[object]) -> Iterator[Layer]:
    """Transfers of each layer, thinned one at a time until all bounds hold."""
    got, sent = (seen_from(transfers, paying=paying, skipped=skipped) for paying in (False, True))
    both = set(_either_way(pairs(transfers, got, window, least))) & set(
        _either_way(pairs(transfers, sent, window, least))
    )
    for group in groups(both):
        ins, outs = in_common(transfers, got, group, window), in_common(transfers, sent, group, window)
        while True:
            bad_in = [k for k in ins if _out_of_bounds(got, ins, k, least) or not _later(sent, outs, got[k][0], k)]
            bad_out = [k for k in outs if _out_of_bounds(sent, outs, k, least) or not _earlier(got, ins, sent[k][0], k)]
            if not bad_in and not bad_out:
                break
            ins, outs = ins - set(bad_in[:1]), outs - set(bad_out[:1])
        if ins:
            yield ins, outs


def _either_way(those: Iterator[Ends]) -> Iterator[Ends]:
    for a, b in those:
        yield from ((a, b), (b, a))


def _out_of_bounds(seen: dict[int, Ends], chosen: set[int], k: int, least: int) -> bool:
    """Whether the middle account has too few counterparties, or the outer one too few middle accounts."""
    return partners(seen, chosen, 0, seen[k][0]) < least or partners(seen, chosen, 1, seen[k][1]) < 2


def _later(sent: dict[int, Ends], outs: set[int], account: object, event: int) -> bool:
    return any(sent[k][0] == account and k > event for k in outs)


def _earlier(got: dict[int, Ends], ins: set[int], account: object, event: int) -> bool:
    return any(got[k][0] == account and k < event for k in ins)


def stacks(found: list[Layer]) -> list[list[Layer]]:
    """Layers joined where the payments of one are receipts of another."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(found)))
    graph.add_edges_from((a, b) for a in graph for b in graph if found[a][1] & found[b][0])
    return [[found[k] for k in group] for group in nx.connected_components(graph)]


def told(transfers: list[Transfer], stack: list[Layer]) -> Told:
    rows = sorted(set[int]().union(*(side for layer in stack for side in layer)))
    middle = {transfers[k].payee for ins, _ in stack for k in ins}
    got, paid = (sum(transfers[k].value for layer in stack for k in layer[side]) for side in (0, 1))
    brought = [k for k in rows if transfers[k].payer not in middle] or rows[:1]
    return Told(
        tuple(dict.fromkeys(name for k in rows for name in transfers[k][:2])),
        rows,
        sum(transfers[k].value for k in brought),
        {
            "layers": 2 + len(stack),
            "middle": len(middle),
            "payers": len({transfers[k].payer for k in rows} - middle),
            "payees": len({transfers[k].payee for k in rows} - middle),
            "kept": float(Fraction(min(got, paid), max(got, paid, 1))),
            "one_off_share": sum(one_off(transfers, k) for k in rows) / len(rows),
            "span_hours": lasted(transfers, rows),
        },
    )


def expected(transfers: list[Transfer], *, window: int, least: int, skipped: Collection[object]) -> list[Told]:
    all_layers = list(layers(transfers, window=window, least=least, skipped=skipped))
    listed = sorted(stacks(all_layers), key=lambda stack: min(k for ins, _ in stack for k in ins))
    return [told(transfers, stack) for stack in listed]


def test_stacks_are_those_of_the_slow_counterpart(mode: str) -> None:
    number = hubs = 0
    for k, case in enumerate(cases(seeds(400))):
        least = (1, 1, 2)[k % 3]
        detector = gf.Stack(min_shared=least, window=case.span, hub=case.hub)
        wanted = expected(case.transfers, window=case.window, least=least, skipped=case.skipped)
        agree(found(case.rows, detector), wanted)
        number += len(wanted)
        hubs += bool(wanted and case.skipped)
    assert number >= seeds(80) // 2, mode
    assert hubs >= 8


@pytest.mark.slow
def test_stacks_of_many_layers_are_those_of_the_slow_counterpart(mode: str) -> None:
    layers_seen = set()
    for seed in range(200):
        rows = _layered(random.Random(seed))
        wanted = expected(in_ledger_order(rows), window=9, least=2, skipped=())
        agree(found(rows, gf.Stack(window=9 * MINUTE)), wanted)
        layers_seen |= {told.measures["layers"] for told in wanted}
    assert layers_seen >= {3, 4, 5, 6}, mode


def _layered(rng: random.Random) -> list[Row]:
    """Three accounts a layer, each paying two or three of the next, mostly in time; some payments go anywhere."""
    rows = []
    for layer in range(rng.randint(2, 5)):
        for payer in range(3):
            for payee in rng.sample(range(3), rng.choice((2, 2, 3))):
                minute = 8 * layer + rng.randrange(9)
                rows.append(Row(f"{layer}{payer}", f"{layer + 1}{payee}", minute, rng.randrange(90, 110)))
    anyone = [name for row in rows for name in row[:2]]
    noise = [Row(rng.choice(anyone), rng.choice(anyone), rng.randrange(40), 100) for _ in range(rng.randrange(5))]
    return [*rows, *noise]


@EXAMPLES
@given(nasty_rows(), st.sampled_from((0, 3, 10, 30)), st.sampled_from((1, 2)))
def test_stacks_are_those_of_the_slow_counterpart_in_any_ledger(rows: list[Row], window: int, least: int) -> None:
    wanted = expected(in_ledger_order(rows), window=window, least=least, skipped=())
    agree(found(rows, gf.Stack(min_shared=least, window=window * MINUTE)), wanted)


# --- by hand ---------------------------------------------------------------------------------------

FIRST = [("P", "A", 0, 1000), ("P", "B", 1, 1000), ("Q", "A", 2, 1000), ("Q", "B", 3, 1000)]
SECOND = [("A", "X", 10, 950), ("A", "Y", 11, 950), ("B", "X", 12, 950), ("B", "Y", 13, 950)]
THIRD = [("X", "S", 20, 900), ("X", "T", 21, 900), ("Y", "S", 22, 900), ("Y", "T", 23, 900)]


def test_a_middle_layer_is_found_with_what_came_in_and_what_went_on() -> None:
    others = [("P", "V", 4, 9), ("W", "A", 5, 9), ("A", "U", 14, 9), ("X", "Z", 15, 9)]
    (finding,) = found([*FIRST, *SECOND, *others], gf.Stack())
    assert finding.transactions == tuple(f"t{k}" for k in range(8))
    assert said(finding) == {
        "accounts": ("P", "A", "B", "Q", "X", "Y"),
        "rows": [0, 1, 2, 3, 6, 7, 8, 9],
        "amount": 4000,
        "measures": {
            "layers": 3,
            "middle": 2,
            "payers": 2,
            "payees": 2,
            "kept": 0.95,
            "one_off_share": 1.0,
            "span_hours": 0.22,
        },
        "level": "high",
    }
    assert kinds(finding) == {"structure": (2.5, True), "conservation": (2.0, True)}
    assert finding.reason == (
        "2 payers (P first) paid 2 accounts that paid on to 2 payees in common, 95 % of the value, in 13 minutes"
    )


def test_layers_that_pay_one_another_are_one_stack() -> None:
    (finding,) = found([*FIRST, *SECOND, *THIRD], gf.Stack())
    assert finding.rows.size == 12
    assert finding.amount == 4000
    assert dict(finding.measures) == {
        "layers": 4, "middle": 4, "payers": 2, "payees": 2, "kept": 0.9487, "one_off_share": 1.0, "span_hours": 0.38,
    }  # fmt: skip


@pytest.mark.parametrize("missing", range(8))
def test_one_transfer_short_is_no_stack(missing: int) -> None:
    rows = [*FIRST, *SECOND]
    assert not found(rows[:missing] + rows[missing + 1 :], gf.Stack())


def test_a_middle_layer_that_pays_before_it_is_paid_is_no_stack() -> None:
    assert not found([*SECOND, *((a, b, m + 20, v) for a, b, m, v in FIRST)], gf.Stack())
    # B pays on before it is paid, which leaves A alone
    late = [(a, b, m + 20 if b == "B" else m, v) for a, b, m, v in FIRST]
    assert not found([*late, *SECOND], gf.Stack())


def test_ties_of_a_stack_are_in_the_order_of_the_rows() -> None:
    rows = [(a, b, 0, v) for a, b, _, v in [*FIRST, *SECOND]]
    assert len(found(rows, gf.Stack())) == 1
    assert not found([*rows[4:], *rows[:4]], gf.Stack())


@pytest.mark.parametrize(("window", "number"), [(60, 1), (59, 0)])
@pytest.mark.parametrize("side", [0, 1])
def test_the_window_of_a_layer_includes_its_end(side: int, window: int, number: int) -> None:
    rows = [*FIRST, *((a, b, m + 490, v) for a, b, m, v in SECOND)]
    far = {("P", "B"): 60} if side == 0 else {("B", "Y"): 561}
    moved = [(a, b, far.get((a, b), m), v) for a, b, m, v in rows]
    assert len(found(moved, gf.Stack(window=window * MINUTE))) == number


@pytest.mark.parametrize(
    ("arriving", "level", "evidence"),
    [
        (1000, "high", (2.0, True)),
        (850, "high", (2.0, True)),
        (849, "review", (2.0, False)),
        (800, "review", (2.0, False)),
        (799, "review", None),
        (1200, "review", (2.0, False)),
    ],
)
def test_high_needs_value_handed_on_whole(arriving: int, level: str, evidence: Any) -> None:
    (finding,) = found([*FIRST, *((a, b, m, arriving) for a, b, m, _ in SECOND)], gf.Stack())
    assert finding.level == level
    assert kinds(finding).get("conservation") == evidence


def test_a_hub_is_in_no_layer_and_that_is_said() -> None:
    for hub in "PAX":
        crowd = [(hub, f"customer {k}", 60 + k, 5) for k in range(10)]
        assert not found([*FIRST, *SECOND, *crowd], gf.Stack(hub=9))
        words = cut([*FIRST, *SECOND, *crowd], gf.Stack(hub=9))
        assert words == ("stack: 1 account with more than 9 counterparties not traversed (hubs)",)
        assert len(found([*FIRST, *SECOND, *crowd], gf.Stack(hub=14))) == 1


def test_a_layer_that_is_too_large_is_counted() -> None:
    rows = [*FIRST, ("P", "C", 4, 9), ("Q", "C", 5, 9), *SECOND, ("C", "X", 14, 9), ("C", "Y", 15, 9)]
    assert found(rows, gf.Stack(most_accounts=3))[0].measures["middle"] == 3
    assert not found(rows, gf.Stack(most_accounts=2))
    assert cut(rows, gf.Stack(most_accounts=2)) == ("stack: 1 layer of more than 2 accounts not reported",)


def test_stacks_come_by_their_first_transfer() -> None:
    rows = [*FIRST, *SECOND]
    second = [(f"2{a}", f"2{b}", m - 0.5, v) for a, b, m, v in rows]
    assert [f.accounts[0] for f in found([*rows, *second], gf.Stack())] == ["2P", "P"]


def test_branches_that_send_money_round_in_a_circle_bring_none_in() -> None:
    """Every account is a middle one: the first transfer stands for what came in."""
    names, rows = "ABC", []
    for turn in range(3):
        rows += [(a, b, turn, 100 + turn) for a in names for b in names if a != b]
    (finding,) = found(rows, gf.Stack(min_shared=1))
    assert finding.measures["middle"] == 3
    assert finding.measures["payers"] == 0
    assert finding.amount == 100
    assert finding.reason == (
        "accounts among them paid 3 accounts that paid on to one another, 93 % of the value, in 2 minutes"
    )


def test_a_rough_exchange_rate_is_no_evidence() -> None:
    (finding,) = found([(*row, "USD" if "B" in row[:2] else "CNY") for row in [*FIRST, *SECOND]], gf.Stack())
    assert kinds(finding) == {"structure": (2.5, False), "conservation": (2.0, False)}


@pytest.mark.parametrize(("pairs", "level"), [(2, "high"), (3, "review")])
def test_high_needs_transfers_that_are_one_off(pairs: int, level: str) -> None:
    """Two or three of the eight pairs deal with each other again after five days."""
    again = [(a, b, m + 5 * A_DAY, 1) for a, b, m, _ in FIRST[:pairs]]
    (finding,) = found([*FIRST, *SECOND, *again], gf.Stack())
    assert finding.rows.size == 8
    assert finding.measures["one_off_share"] == 1 - pairs / 8
    assert finding.level == level
