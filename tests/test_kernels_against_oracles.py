"""Every kernel gives what its slow counterpart in `oracles` gives, compiled and interpreted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from types import ModuleType
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import numpy.typing as npt
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, nasty_rows, random_rows
from oracles import Transfer, in_ledger_order

from graphflow.kernels import csr, cycle, encode, fan, lots
from graphflow.kernels.cycle_reach import COLUMNS
from graphflow.kernels.engine import ready

SEEDED = 1000
KEEPS = (Fraction(0), Fraction(1, 2), Fraction(55, 100), Fraction(9, 10), Fraction(1))
MANY = 10**9
Engine = Callable[[ModuleType], Any]


@pytest.fixture(scope="module", params=["interpreted", "compiled"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The functions of a kernel module, in one mode or the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", request.param)
        yield lambda module: ready(module, 0)


def seeded(count: int = SEEDED, most: int = 25) -> Iterator[tuple[random.Random, list[Transfer]]]:
    for seed in range(count):
        rng = random.Random(seed)
        yield rng, in_ledger_order(random_rows(rng, most))


class Arrays(NamedTuple):
    """What kernels take: codes, times and values in time order, and both adjacencies."""

    payer: npt.NDArray[np.int32]
    payee: npt.NDArray[np.int32]
    time: npt.NDArray[np.int64]
    value: npt.NDArray[np.int64]
    names: list[str]
    sent: tuple[Any, Any, Any, Any]
    got: tuple[Any, Any, Any, Any]


def arrays(transfers: list[Transfer], engine: Engine) -> Arrays:
    names = sorted({str(name) for t in transfers for name in t[:2]})
    payer = np.array([names.index(t.payer) for t in transfers], np.int32)
    payee = np.array([names.index(t.payee) for t in transfers], np.int32)
    by_account, value = engine(csr).by_account, np.array([t.value for t in transfers], np.int64)
    return Arrays(
        payer,
        payee,
        np.array([t.time for t in transfers], np.int64),
        value,
        names,
        by_account(payer, payee, value, len(names), np.empty(0, np.bool_)),
        by_account(payee, payer, value, len(names), np.empty(0, np.bool_)),
    )


# --- adjacency ------------------------------------------------------------------------------------


def test_adjacency_lists_the_transfers_of_each_account_in_time_order(engine: Engine) -> None:
    for _, transfers in seeded(300):
        a = arrays(transfers, engine)
        for code, name in enumerate(a.names):
            for (ptr, events, others, values), mine in ((a.sent, 0), (a.got, 1)):
                part = slice(ptr[code], ptr[code + 1])
                wanted = [k for k, t in enumerate(transfers) if t[mine] == name and t.payer != t.payee]
                assert events[part].tolist() == wanted
                assert values[part].tolist() == [transfers[k].value for k in wanted]
                assert [a.names[o] for o in others[part]] == [transfers[k][1 - mine] for k in wanted]


@pytest.mark.parametrize("size", [0, 1, 5, 9, 40])
def test_first_after_is_the_first_greater_one(engine: Engine, size: int) -> None:
    events = np.arange(0, 3 * size, 3, dtype=np.int32)
    for event in range(-1, 3 * size + 2):
        wanted = next((k for k, e in enumerate(events) if e > event), size)
        assert engine(csr).first_after(events, 0, size, event) == wanted


@pytest.mark.parametrize("step", [1, 5, 60])
def test_by_time_sorts_and_keeps_the_order_of_ties(engine: Engine, step: int) -> None:
    for rng, _ in seeded(200):
        time = np.array([step * rng.randrange(20) for _ in range(rng.randrange(1, 40))], np.int64)
        slots = int(time.max() - time.min()) // step + 1
        order = engine(csr).by_time(time, int(time.min()), step, slots)
        assert order.tolist() == sorted(range(time.size), key=lambda k: time[k])
        if step > 1 and time.size > 1:
            time[-1] = time.min() + 1
            assert engine(csr).by_time(time, int(time.min()), step, slots).size == 0


def test_until_is_the_end_of_the_window(engine: Engine) -> None:
    for rng, transfers in seeded(200):
        times = [t.time for t in transfers]
        window = rng.randrange(0, 12)
        wanted = [next((j for j, t in enumerate(times) if t - time > window), len(times)) for time in times]
        assert engine(csr).until(np.array(times, np.int64), window).tolist() == wanted


# --- cycles ---------------------------------------------------------------------------------------

Bundles = dict[tuple[int, tuple[object, ...]], tuple[list[int], int]]


class Searched(NamedTuple):
    """Cycles by (first transaction, account sequence): their transactions and combinations; what was cut."""

    bundles: Bundles
    cut_roots: int
    cut_hops: int


def search(transfers: list[Transfer], engine: Engine, *, max_hops: int, window: int, keep: float, parts: int = 1,
           budget: int = MANY, account_budget: int = MANY, task_budget: int = MANY, most: int = MANY,
           width: int = 64) -> Searched:  # fmt: skip
    a = arrays(transfers, engine)
    until = engine(csr).until(a.time, window)
    onward = np.empty(len(transfers), np.int32), np.empty(len(transfers), np.int32)
    engine(csr).onward(0, len(a.names), a.got[0], a.got[1], a.sent[0], a.sent[1], *onward)
    bounds = np.linspace(0, len(a.names), parts + 1).astype(int).tolist()
    mark = np.full((len(a.names), COLUMNS), -1, np.int32)
    bundles: Bundles = {}
    cuts = np.zeros(2, int)
    for first, last in pairwise(bounds):
        rows, number, flat, _, cut = engine(cycle).search(
            first, last, a.payer, a.payee, until, *a.sent, *a.got,
            *onward, mark, max_hops, keep, budget, account_budget, task_budget, most, width,
        )  # fmt: skip
        cuts += cut[:2]
        for root, hops, combinations, start, stop in rows[:number].tolist():
            cited = flat[start:stop].tolist()
            sequence = tuple(dict.fromkeys(transfers[k].payer for k in cited))
            assert len(sequence) == hops
            assert (root, sequence) not in bundles
            assert len(set(cited)) == len(cited)
            bundles[root, sequence] = sorted(cited), combinations
    return Searched(bundles, *cuts.tolist())


def wanted(transfers: list[Transfer], max_hops: int, window: int, keep: Fraction) -> Bundles:
    ways = oracles.cycles(transfers, max_hops=max_hops, window=window, keep=keep)
    bundles = oracles.bundled(ways, transfers)
    return {key: (sorted({k for way in ways for k in way}), len(ways)) for key, ways in bundles.items()}


def test_cycles_of_seeded_ledgers(engine: Engine) -> None:
    found = 0
    for rng, transfers in seeded():
        max_hops, window, keep = rng.randint(2, 6), rng.choice((0, 3, 10, 30)), rng.choice(KEEPS)
        searched = search(transfers, engine, max_hops=max_hops, window=window, keep=float(keep))
        assert searched == (wanted(transfers, max_hops, window, keep), 0, 0)
        found += len(searched.bundles)
    assert found > SEEDED


@EXAMPLES
@given(nasty_rows(), st.integers(2, 6), st.sampled_from((0, 1, 5, 30)), st.sampled_from(KEEPS))
def test_cycles_of_any_ledger(engine: Engine, rows: list[Row], max_hops: int, window: int, keep: Fraction) -> None:
    transfers = in_ledger_order(rows)
    searched = search(transfers, engine, max_hops=max_hops, window=window, keep=float(keep))
    assert searched == (wanted(transfers, max_hops, window, keep), 0, 0)


@pytest.mark.slow
def test_cycles_of_longer_ledgers(engine: Engine) -> None:
    for rng, transfers in seeded(1000, most=60):
        max_hops, window, keep = rng.randint(2, 6), rng.choice((3, 10)), rng.choice(KEEPS)
        searched = search(transfers, engine, max_hops=max_hops, window=window, keep=float(keep))
        assert searched == (wanted(transfers, max_hops, window, keep), 0, 0)


def test_roots_split_over_ranges_give_the_same(engine: Engine) -> None:
    for rng, transfers in seeded(300):
        bounds = {"max_hops": 5, "window": 20, "keep": rng.choice((0.0, 0.5))}
        assert search(transfers, engine, parts=rng.randint(2, 7), **bounds) == search(transfers, engine, **bounds)


@pytest.mark.parametrize("budget", ["budget", "account_budget", "task_budget", "most"])
def test_a_small_budget_gives_a_subset_and_says_so(engine: Engine, budget: str) -> None:
    cut = 0
    for rng, transfers in seeded(400):
        bounds = {"max_hops": 5, "window": 20, "keep": 0.0}
        whole, small = search(transfers, engine, **bounds), search(
            transfers, engine, **bounds, **{budget: rng.randint(1, 4)}
        )  # fmt: skip
        assert small.bundles.items() <= whole.bundles.items()
        assert small.cut_roots or small.bundles == whole.bundles
        cut += small.cut_roots > 0
    assert cut > 50


def test_a_small_width_cites_fewer_and_says_so(engine: Engine) -> None:
    cut = 0
    for _, transfers in seeded(400):
        whole = search(transfers, engine, max_hops=4, window=30, keep=0.0)
        small = search(transfers, engine, max_hops=4, window=30, keep=0.0, width=1)
        assert small.bundles.keys() == whole.bundles.keys()
        for key, (cited, combinations) in small.bundles.items():
            assert set(cited) <= set(whole.bundles[key][0])
            assert (combinations, len(cited)) == (whole.bundles[key][1], len(key[1]))
        assert bool(small.cut_hops) == (small.bundles != whole.bundles)
        cut += small.cut_hops
    assert cut > 50


def test_cycles_repeated_in_rounds_are_those_of_networkx(engine: Engine) -> None:
    """When every transfer comes again in each of as many rounds as there are accounts, each closed way can be gone."""
    found = 0
    for rng, transfers in seeded(150, most=9):
        pairs = list({(t.payer, t.payee): None for t in transfers})
        rng.shuffle(pairs)
        rounds = [Transfer(*pair, time, 1) for time in range(6) for pair in pairs]
        searched = search(rounds, engine, max_hops=6, window=30, keep=0.0)
        static = nx.DiGraph([pair for pair in pairs if pair[0] != pair[1]])
        assert {turned(way) for _, way in searched.bundles} == {turned(way) for way in nx.simple_cycles(static)}
        found += len(searched.bundles)
    assert found > 300


def test_every_cycle_is_a_simple_cycle_of_networkx(engine: Engine) -> None:
    for _, transfers in seeded(200):
        static = nx.DiGraph([t[:2] for t in transfers if t.payer != t.payee])
        searched = search(transfers, engine, max_hops=6, window=30, keep=0.0)
        assert {turned(way) for _, way in searched.bundles} <= {turned(way) for way in nx.simple_cycles(static)}


def turned(way: tuple[Any, ...] | list[Any]) -> tuple[Any, ...]:
    """A closed way from its smallest account on."""
    at = list(way).index(min(way))
    return (*way[at:], *way[:at])


# --- fans -----------------------------------------------------------------------------------------


def check_fans(transfers: list[Transfer], engine: Engine, window: int, minimum: int) -> int:
    a = arrays(transfers, engine)
    number = 0
    for side, receiving in ((a.got, True), (a.sent, False)):
        events = side[1]
        found, number = engine(fan).episodes(0, len(a.names), *side[:3], a.time, len(a.names), window, minimum)
        rows = [(a.names[k], events[first:last].tolist(), peak) for k, first, last, peak in found[:number].tolist()]
        wanted = oracles.episodes(transfers, receiving=receiving, window=window, minimum=minimum)
        assert rows == sorted((str(e.account), *e[1:]) for e in wanted)
        check_facts(transfers, engine, a, side, found[:number].copy(), receiving, window)
    return number


def check_facts(transfers: list[Transfer], engine: Engine, a: Arrays, side: tuple[Any, Any, Any, Any],
                found: npt.NDArray[np.int64], receiving: bool, window: int) -> None:  # fmt: skip
    moved = np.arange(len(transfers), dtype=np.int64) + 1
    whole, spread = engine(fan).describe(found, *side, a.time, moved, len(a.names), window)
    for (_, first, last, _), facts, (mean, deviation) in zip(found.tolist(), whole.tolist(), spread, strict=True):
        cited = side[1][first:last].tolist()
        values = [transfers[k].value for k in cited]
        others = {transfers[k].payer if receiving else transfers[k].payee for k in cited}
        once = oracles.one_off(transfers, cited, window=window) * len(others)
        assert facts == [len(others), once, sum(values), sum(k + 1 for k in cited)]
        assert mean == pytest.approx(np.mean(values))
        assert deviation == pytest.approx(np.std(values), abs=1e-4)


def test_fans_of_seeded_ledgers(engine: Engine) -> None:
    found = 0
    for rng, transfers in seeded():
        found += check_fans(transfers, engine, rng.choice((0, 2, 5, 30)), rng.randint(1, 4))
    assert found > SEEDED


@EXAMPLES
@given(nasty_rows(), st.sampled_from((0, 1, 5, 30)), st.integers(1, 4))
def test_fans_of_any_ledger(engine: Engine, rows: list[Row], window: int, minimum: int) -> None:
    check_fans(in_ledger_order(rows), engine, window, minimum)


def test_fans_of_ranges_of_accounts_are_those_of_all(engine: Engine) -> None:
    for rng, transfers in seeded(200):
        a = arrays(transfers, engine)
        middle = rng.randint(0, len(a.names))
        parts = []
        for first, last in ((0, len(a.names)), (0, middle), (middle, len(a.names))):
            found, number = engine(fan).episodes(first, last, *a.got[:3], a.time, len(a.names), 10, 2)
            parts.append(found[:number].tolist())
        assert parts[0] == parts[1] + parts[2]


# --- lots -----------------------------------------------------------------------------------------


class Matched(NamedTuple):
    """The arrays that `lots.match` fills."""

    passed: npt.NDArray[np.int64]
    funded: npt.NDArray[np.int64]
    moved: npt.NDArray[np.int64]
    waited: npt.NDArray[np.float64]


def match(a: Arrays, engine: Engine, dwell: int) -> Matched:
    size, accounts = a.payer.size, len(a.names)
    filled = Matched(*(np.zeros(n, np.int64) for n in (size, size, accounts)), np.zeros(accounts))
    engine(lots).match(0, len(a.names), *a.got[:2], a.got[3], *a.sent[:2], a.sent[3], a.time, dwell, *filled)
    return filled


def links(
    a: Arrays, engine: Engine, dwell: int, filled: Matched, keep: float, hub: list[bool]
) -> list[tuple[int, ...]]:
    found, number = engine(lots).links(
        0, len(a.names), *a.got[:2], a.got[3], *a.sent[:2], a.sent[3], a.time, dwell,
        filled.passed, filled.funded, keep, np.array(hub, bool),
    )  # fmt: skip
    return sorted(map(tuple, found[:number].tolist()))


def check_lots(transfers: list[Transfer], engine: Engine, dwell: int, keep: Fraction, hubs: set[str]) -> int:
    a = arrays(transfers, engine)
    found = oracles.matches(transfers, dwell=dwell)
    filled = match(a, engine, dwell)
    every = range(len(transfers))
    assert filled.passed.tolist() == [oracles.passed(found)[k] for k in every]
    assert filled.funded.tolist() == [oracles.funded(found)[k] for k in every]
    for code, name in enumerate(a.names):
        assert filled.moved[code] == sum(m.value for m in found if transfers[m.receipt].payee == name)
    assert filled.waited.tolist() == [oracles.waited(found, transfers, name) for name in a.names]
    linked = links(a, engine, dwell, filled, float(keep), [name in hubs for name in a.names])
    assert linked == oracles.links(transfers, dwell=dwell, keep=keep, hubs=hubs)
    return len(linked)


def test_lots_and_links_of_seeded_ledgers(engine: Engine) -> None:
    found = 0
    for rng, transfers in seeded():
        hubs = {"A"} if rng.random() < 0.2 else set()
        found += check_lots(transfers, engine, rng.choice((0, 2, 10, 30)), rng.choice(KEEPS), hubs)
    assert found > SEEDED


@EXAMPLES
@given(nasty_rows(), st.sampled_from((0, 1, 5, 30)), st.sampled_from(KEEPS), st.sets(st.sampled_from("AB")))
def test_lots_and_links_of_any_ledger(
    engine: Engine, rows: list[Row], dwell: int, keep: Fraction, hubs: set[str]
) -> None:
    check_lots(in_ledger_order(rows), engine, dwell, keep, hubs)


def test_widest_counts_counterparties_of_both_directions(engine: Engine) -> None:
    for rng, transfers in seeded(500):
        a, window = arrays(transfers, engine), rng.choice((0, 2, 5, 30))
        width = np.zeros(len(a.names), np.int32)
        engine(lots).widest(0, len(a.names), *a.got[:3], *a.sent[:3], a.time, len(a.names), window, 0, width)
        assert width.tolist() == [oracles.widest(transfers, name, window) for name in a.names]


# --- chains ---------------------------------------------------------------------------------------


def check_chains(transfers: list[Transfer], engine: Engine, keep: Fraction, min_hops: int, max_hops: int) -> int:
    found = oracles.links(transfers, dwell=30, keep=Fraction(1, 2))
    chains = oracles.Chains([t.value for t in transfers], found, keep, min_hops, max_hops)
    nodes = chains.transactions
    number = {k: n for n, k in enumerate(nodes)}
    ptr = np.searchsorted([number[m.receipt] for m in found], np.arange(len(nodes) + 1)).astype(np.int64)
    on, hops, arrives = engine(lots).chains(
        np.array([transfers[k].value for k in nodes], np.int64), ptr,
        np.array([number[m.payment] for m in found], np.int32), np.array([m.value for m in found], np.int64),
        float(keep), min_hops, max_hops,
    )  # fmt: skip
    assert hops.tolist() == [chains.hops(k) for k in nodes]
    assert arrives.tolist() == pytest.approx([float(chains.arrives(k)) for k in nodes])
    assert [m for m, lies_on_one in zip(found, on, strict=True) if lies_on_one] == chains.links()
    return int(on.sum())


def test_chains_of_seeded_ledgers(engine: Engine) -> None:
    found = 0
    for rng, transfers in seeded(2000):
        min_hops = rng.randint(2, 4)
        found += check_chains(transfers, engine, rng.choice(KEEPS), min_hops, rng.randint(min_hops, 7))
    assert found > SEEDED


@EXAMPLES
@given(nasty_rows(40), st.sampled_from(KEEPS), st.integers(2, 4), st.integers(0, 4))
def test_chains_of_any_ledger(engine: Engine, rows: list[Row], keep: Fraction, min_hops: int, more: int) -> None:
    check_chains(in_ledger_order(rows), engine, keep, min_hops, min_hops + more)


# --- account numbers ------------------------------------------------------------------------------


@EXAMPLES
@given(
    st.lists(st.lists(st.tuples(st.sampled_from((-5, 0, 3, 11, 2**62)), st.integers(-1, 2)), max_size=8), max_size=4)
)
def test_numbers_of_keys_batch_by_batch(engine: Engine, batches: list[list[tuple[int, int]]]) -> None:
    table, first, second = np.full(64, -1, np.int32), np.zeros(32, np.int64), np.zeros(32, np.int64)
    known: dict[tuple[int, int], int] = {}
    for pairs in batches:
        half = len(pairs) // 2
        batch = pairs[: 2 * half]  # payers, then payees: numbered row by row
        turns = [key for row in zip(batch[:half], batch[half:], strict=True) for key in row]
        keys = np.array(batch, np.int64).reshape(-1, 2)
        codes, where = np.empty(len(batch), np.int32), np.empty(len(batch), np.int64)
        new = [key for key in dict.fromkeys(turns) if key not in known]
        for key in new:
            known[key] = len(known)
        number = engine(encode).number(
            table, first, second, len(known) - len(new), keys[:, 0].copy(), keys[:, 1].copy(), codes, where
        )
        assert number == len(known)
        assert codes.tolist() == [known[key] for key in batch]
        assert [batch[k] for k in where[: len(new)].tolist()] == new
    assert list(zip(first.tolist(), second.tolist(), strict=True))[: len(known)] == list(known)
    assert_refilled(engine, table, first, len(known))


def assert_refilled(engine: Engine, table: npt.NDArray[np.int32], first: npt.NDArray[np.int64], known: int) -> None:
    """A larger table filled from the hashes holds every account once."""
    larger = np.full(2 * table.size, -1, np.int32)
    engine(encode).fill(larger, first, known)
    assert sorted(larger[larger >= 0].tolist()) == list(range(known))
