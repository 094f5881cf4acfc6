"""A currency nobody exchanges: its rate is where many accounts pass it on, and only where they clearly do."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import oracles
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, FIRST_DAY, MINUTE
from oracles import Move

import graphflow as gf
from graphflow.kernels import value as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger
from graphflow.value import pass_through, valuate

DAY = 24 * 60


def ledger_of(moves: list[Move]) -> Ledger:
    """A ledger of moves whose times are minutes; ties as written."""
    columns: dict[str, Any] = {
        "tx": [f"t{k}" for k in range(len(moves))],
        "time": [FIRST_DAY + move.time * MINUTE for move in moves],
        "payer": [str(move.payer) for move in moves],
        "payee": [str(move.payee) for move in moves],
        "paid": [move.paid for move in moves],
        "paid_currency": [move.paid_in for move in moves],
        "received": [move.received for move in moves],
        "received_currency": [move.received_in for move in moves],
    }
    schema = {"time": pl.Datetime("us"), "paid": pl.Int64, "received": pl.Int64}
    return Ledger.from_frame(pl.DataFrame(columns, schema_overrides=schema))


def plain(payer: object, payee: object, time: int, amount: int, currency: str) -> Move:
    return Move(payer, payee, time, amount, currency, amount, currency)


# --- a town in dollars, through which some riyals pass -------------------------------------------------


def town(rng: random.Random, payments: int = 1500) -> list[Move]:
    """Ordinary payments in dollars between 100 people."""
    return [
        plain(f"P{rng.randrange(100)}", f"P{rng.randrange(100)}", rng.randrange(20 * DAY), amount(rng, 6), "USD")
        for _ in range(payments)
    ]


def amount(rng: random.Random, middle: float) -> int:
    return 1 + int(100 * math.exp(rng.gauss(middle, 2)))


def passing(
    rng: random.Random, times: int, rate: float, fee: float, currency: str = "SAR", into: str = "USD"
) -> list[Move]:
    """So many people of the town receive and pass on, or the other way round, keeping up to a fee."""
    moves = []
    for k in range(times):
        start, much = rng.randrange(17 * DAY), amount(rng, 8)
        kept = 1 - rng.uniform(0, fee)
        person = f"P{k}"
        first, then = (currency, into) if k % 2 else (into, currency)
        worth = much * (rate if k % 2 else 1 / rate) * kept
        moves.append(plain(f"in{currency}{k}", person, start, much, first))
        moves.append(plain(person, f"out{currency}{k}", start + rng.randrange(1, DAY), max(1, round(worth)), then))
    return moves


def rate_of(moves: list[Move], currency: str = "SAR") -> tuple[float, str]:
    rng = random.Random(1)
    fillers = [plain("F", f"G{k % 7}", rng.randrange(20 * DAY), amount(rng, 6), "USD") for k in range(1000)]
    (rate,) = (r for r in valuate(ledger_of([*moves, *fillers])).rates if r.currency == currency)
    return rate.rate, rate.basis


@pytest.mark.parametrize("seed", range(5))
def test_a_rate_many_accounts_agree_on_is_found(seed: int) -> None:
    rng = random.Random(seed)
    rate, basis = rate_of(town(rng) + passing(rng, 30, 0.2667, 0.05))
    assert basis == "pass-through"
    assert rate == pytest.approx(0.2667, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_unrelated_receipts_and_payments_give_none(seed: int) -> None:
    rng = random.Random(seed)
    strangers = [
        plain(f"in{k}", f"P{rng.randrange(100)}", rng.randrange(20 * DAY), amount(rng, 8), "SAR") for k in range(80)
    ]
    assert rate_of(town(rng) + strangers)[1] == "amounts"


def test_one_busy_account_is_one_witness() -> None:
    """An account that passes on a hundred times says it once: a shop may have its own way."""
    rng = random.Random(3)
    moves = []
    for _ in range(100):
        start, much = rng.randrange(17 * DAY), amount(rng, 8)
        moves += [plain("in", "P0", start, much, "SAR"), plain("P0", "out", start + 1, max(1, much // 4), "USD")]
    assert rate_of(town(rng) + moves)[1] == "amounts"


def test_a_fixed_price_is_one_witness() -> None:
    """Sixty people get a wage of 5,000 and pay a rent of 800: the same two amounts, whoever they are."""
    rng = random.Random(4)
    moves = []
    for k in range(60):
        start = rng.randrange(17 * DAY)
        moves += [plain("firm", f"P{k}", start, 5000_00, "SAR"), plain(f"P{k}", "landlord", start + 60, 800_00, "USD")]
    assert rate_of(moves)[1] == "amounts"


def test_a_currency_just_valued_values_another() -> None:
    """Rand are only ever passed on as riyals, riyals as dollars."""
    rng = random.Random(5)
    moves = town(rng) + passing(rng, 30, 0.2667, 0.04) + passing(rng, 30, 0.2, 0.04, "ZAR", "SAR")
    assert rate_of(moves) == (pytest.approx(0.2667, rel=0.04), "pass-through")
    assert rate_of(moves, "ZAR") == (pytest.approx(0.2 * 0.2667, rel=0.06), "pass-through")


def test_an_exchange_with_a_currency_just_valued_values_another() -> None:
    """Dirham are exchanged with riyals, never with dollars: as rough as the riyal, and said so."""
    rng = random.Random(6)
    exchanged = [Move("A", "B", 5, 100_00, "SAR", 98_00, "AED")] * 2
    valuation = valuate(ledger_of(town(rng) + passing(rng, 30, 0.2667, 0.04) + exchanged))
    rates = {rate.currency: rate for rate in valuation.rates}
    assert rates["AED"].rate == pytest.approx(rates["SAR"].rate / 0.98)
    assert (rates["AED"].basis, rates["AED"].transfers, rates["AED"].accounts) == (
        "pass-through",
        0,
        rates["SAR"].accounts,
    )
    assert valuation.rough == {"SAR", "AED"}


def test_it_is_said_and_stays_rough() -> None:
    rng = random.Random(7)
    valuation = valuate(ledger_of(town(rng) + passing(rng, 30, 0.2667, 0.04)))
    (rate,) = valuation.rates
    assert valuation.rough == {"SAR"}
    assert rate.accounts >= 15
    assert valuation.warnings == [
        f"no transfer exchanges SAR {rate.rate:.6g} ({rate.accounts} accounts) with USD: compared at the rate at which "
        "accounts passed money on in another currency, which is inferred; findings across them stay at review"
    ]


def test_a_cycle_over_such_a_rate_stays_at_review() -> None:
    rng = random.Random(8)
    way = [plain("A", "B", 0, 1000_00, "USD"), plain("B", "C", 9, 3740_00, "SAR"), plain("C", "A", 18, 995_00, "USD")]
    ledger = ledger_of(town(rng) + passing(rng, 30, 0.2667, 0.04) + way)
    found = [f for f in gf.detect(gf.FlowGraph(ledger), [gf.Cycle()]) if set(f.accounts) == {"A", "B", "C"}]
    assert [(f.level, f.currency) for f in found] == [("review", "USD")]
    assert found[0].measures["kept"] > 0.9  # by median amounts it would not be a cycle at all


# --- against slow counterparts ------------------------------------------------------------------------

NAMES = st.sampled_from("ABCD")
KINDS = st.sampled_from(("USD", "SAR", "ZAR"))
MOVES = st.builds(
    Move, NAMES, NAMES, st.sampled_from((0, 1, 60, 4319, 4320, 4321, 9000)), st.sampled_from((0, 100, 250)), KINDS,
    st.sampled_from((0, 100, 250)), KINDS,
)  # fmt: skip


@EXAMPLES
@given(st.lists(MOVES, min_size=1, max_size=14), st.sampled_from(({"SAR"}, {"SAR", "ZAR"})))
def test_pairs_are_those_of_the_slow_counterpart(moves: list[Move], unknown: set[str]) -> None:
    moves = sorted(moves, key=lambda move: move.time)
    ledger = ledger_of(moves)
    place = {currency: k for k, currency in enumerate(ledger.currencies)}
    pairs = pass_through.passed(ledger, [place[c] for c in unknown & place.keys()])
    wanted = [
        (str(moves[a].payee), moves[a].received_in, moves[b].paid_in, moves[a].received / 100, moves[b].paid / 100)
        for a, b in oracles.passed_on(moves, unknown, within=3 * DAY, following=3)
    ]
    names = ledger.names
    seen = zip(pairs.account, pairs.into, pairs.out_of, pairs.received, pairs.paid, strict=True)
    assert [(names[a], ledger.currencies[i], ledger.currencies[o], r, p) for a, i, o, r, p in seen] == wanted


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_witnesses_are_counted_as_the_slow_counterpart_does(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHFLOW_KERNELS", mode)
    run = ready(kernels, 0).witnesses
    rng = random.Random(9)
    for _ in range(300):
        ratios = sorted(rng.choice((0.0, 0.1, 0.2, 0.21, 0.5, 3.0)) for _ in range(rng.randrange(0, 12)))
        who = [rng.randrange(5) for _ in ratios]
        count = run(np.array(ratios, np.float64), np.array(who, np.int64), 0.1)
        assert count.tolist() == oracles.crowds(ratios, [who], 0.1)


def slow_usual(ratios: list[float], who: list[list[int]], width: float, middle: float) -> float:
    """What a window holds beside the middle one, window by window: the nearer third, or all of it within 1."""
    reach = int(1.0 / width)

    def held(tile: int) -> int:
        inside = [k for k, x in enumerate(ratios) if math.floor((x - middle) / width + 0.5) == tile]
        return min(len({kind[k] for k in inside}) for kind in who)

    means = []
    for n in (max(3, reach // 3), reach):
        tiles = [tile for tile in range(-n, n + 1) if abs(tile) > 1]
        means.append((sum(held(tile) for tile in tiles) + 1) / len(tiles))
    return max(means)


@pytest.mark.parametrize("width", [0.04, 0.2])
def test_what_chance_makes_is_counted_as_the_slow_counterpart_does(width: float) -> None:
    rng = random.Random(10)
    for _ in range(100):
        ratios = sorted(rng.gauss(0, 1) for _ in range(rng.randrange(1, 60)))
        who = [[rng.randrange(8) for _ in ratios] for _ in range(3)]
        middle = rng.choice(ratios)
        arrays = [np.array(kind, np.int64) for kind in who]
        usual: Callable[..., float] = pass_through._usual
        assert usual(np.array(ratios), arrays, width, middle) == pytest.approx(slow_usual(ratios, who, width, middle))


def test_the_chance_is_that_of_poisson() -> None:
    for mean in (0.1, 1.0, 7.5):
        for count in (0, 1, 5, 20):
            exact = 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count))
            assert pass_through._at_least(count, mean) == pytest.approx(exact, abs=1e-12)


def test_a_sample_of_many_accounts_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(11)
    moves = town(rng) + passing(rng, 90, 0.2667, 0.04)
    whole = rate_of(moves)
    monkeypatch.setattr(pass_through, "_MOST", 120)
    sample = rate_of(moves)
    assert sample == (pytest.approx(whole[0], rel=0.02), "pass-through")
    assert valuate(ledger_of(moves)).warnings[-1] == (
        "what accounts pass on was looked at in an even sample of them: 120 of 180"
    )


def test_hubs_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    moves = [plain("A", "H", 0, 100, "SAR"), *[plain("H", f"B{k}", k, 27, "USD") for k in range(1, 4)]]
    ledger = ledger_of([*moves, *[plain("X", "Y", 9, 5, "USD")] * 5])
    unknown = [ledger.currencies.index("SAR")]
    assert pass_through.passed(ledger, unknown).account.size == 3
    monkeypatch.setattr(pass_through, "_BUSY", 3)
    assert pass_through.passed(ledger, unknown).account.size == 0


def test_next_to_nothing_gives_nothing() -> None:
    ledger = ledger_of([plain("A", "B", 0, 100, "SAR"), plain("C", "D", 0, 100, "USD")])
    pairs = pass_through.passed(ledger, [0, 1])
    assert pairs.account.size == 0
    assert pass_through.rate_of(0, pairs, {1: 1.0}) is None
    assert timedelta(hours=72) == pass_through._WITHIN
