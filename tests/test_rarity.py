"""Rarity: every measure against brute force, and what it adds to findings."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows
from long_ledgers import DAY, long_nasty_rows, long_rows, one_off, one_off_share
from oracles import Transfer, in_ledger_order

import graphflow as gf
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.kernels import rarity as kernels
from graphflow.kernels.engine import ready
from graphflow.rarity import cut_words, how_many, weighed, with_most

BUCKET = 1 / 256
"""Widest bucket of values, over its lower edge."""


@pytest.fixture(scope="module", params=["interpreted", "compiled"], autouse=True)
def mode(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test in both modes of the kernels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", request.param)
        yield


def seeded(count: int = 300) -> Iterator[tuple[random.Random, list[Row]]]:
    for seed in range(count):
        rng = random.Random(seed)
        yield rng, long_rows(rng) if seed % 2 else random_rows(rng, most=40)


def values_of(transfers: Sequence[Transfer]) -> list[int]:
    """Values of the transfers that count: no self-transfers."""
    return [t.value for t in transfers if t.payer != t.payee]


def share_from(values: list[int], least: float) -> Fraction:
    return Fraction(sum(v >= least for v in values), max(1, len(values)))


def tail(draws: int, least: int, share: Fraction) -> float:
    """Minus the decimal logarithm of the chance of at least so many hits."""
    chance = sum(math.comb(draws, k) * share**k * (1 - share) ** (draws - k) for k in range(least, draws + 1))
    return math.log10(chance.denominator) - math.log10(chance.numerator)


# --- one-off pairs --------------------------------------------------------------------------------


def check_one_off(rows: list[Row]) -> int:
    flow, transfers = graph_of(rows).flow, in_ledger_order(rows)
    wanted = one_off(transfers)
    assert flow.rarity.one_off.tolist() == wanted
    assert flow.rarity.one_off_share == pytest.approx(float(one_off_share(transfers)))
    half = np.arange(0, len(rows), 2)
    assert graph_of(rows).flow_subgraph(half).flow.rarity.one_off.tolist() == one_off([transfers[k] for k in half])
    return sum(wanted)


def test_one_off_pairs_of_seeded_ledgers() -> None:
    assert sum(check_one_off(rows) for _, rows in seeded()) > 600


@EXAMPLES
@given(long_nasty_rows())
def test_one_off_pairs_of_any_ledger(rows: list[Row]) -> None:
    check_one_off(rows)


@pytest.mark.parametrize(("later", "once"), [(4 * DAY, True), (4 * DAY + 1, False)])
def test_four_days_are_together(later: int, once: bool) -> None:
    rows = [("A", "B", 0, 1), ("A", "B", 5, 1), ("A", "B", later, 1), ("B", "A", 90 * DAY, 1), ("A", "A", 0, 1)]
    assert graph_of(rows).flow.rarity.one_off.tolist() == [once, False, once, once, True]


# --- how many are worth as much -------------------------------------------------------------------


def check_reached(values: list[int], asked: list[int]) -> None:
    flow = graph_of([("A", "B", k, value) for k, value in enumerate(values)]).flow
    given_ = flow.rarity.reached(np.array(asked, np.int64))
    for value, share in zip(asked, given_, strict=True):
        value = min(value, max(values))
        assert share_from(values, value) - 1e-12 <= share <= share_from(values, value * (1 - BUCKET)) + 1e-12


@EXAMPLES
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.lists(st.integers(0, 2 * 10**6), max_size=20))
def test_shares_are_exact_to_a_bucket(values: list[int], asked: list[int]) -> None:
    check_reached(values, [*values, *asked])


def test_shares_of_large_values_are_exact_to_a_bucket() -> None:
    for rng, _ in seeded():
        values = [int(10 ** (rng.random() * 15)) for _ in range(rng.randint(1, 80))]
        check_reached(values, values + [v + rng.randint(-9, 9) for v in values if v > 9])


# --- binomial tails -------------------------------------------------------------------------------


def points_of(draws: int, least: int, share: Fraction) -> float:
    run = ready(kernels, 0).tails
    return float(run(np.array([draws], np.int64), np.array([least], np.int64), np.array([float(share)]))[0])


@pytest.mark.parametrize("draws", [1, 2, 3, 7, 20, 60])
@pytest.mark.parametrize("share", [Fraction(1, 10**6), Fraction(1, 97), Fraction(1, 2), Fraction(9, 10)])
def test_tails_are_exact_sums(draws: int, share: Fraction) -> None:
    for least in range(1, draws + 1):
        assert points_of(draws, least, share) == pytest.approx(tail(draws, least, share), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("draws", "least", "share"),
    [(3, 0, Fraction(1, 2)), (3, 4, Fraction(1, 2)), (3, 2, Fraction(0)), (3, 2, Fraction(1)), (0, 0, Fraction(1, 2))],
)
def test_nothing_is_said_of_tails_that_say_nothing(draws: int, least: int, share: Fraction) -> None:
    assert points_of(draws, least, share) == 0.0


# --- volume ---------------------------------------------------------------------------------------


def expected_volume(values: list[int], share: float) -> float:
    """Points of values of which more than half are worth so much as `share` of the ledger is; 20 draws at most."""
    number = len(values)
    draws = min(number, 20)
    least = (number // 2 + 1) * draws // number
    return min(6.0, tail(draws, least, Fraction(share))) if 0 < share < 1 else 0.0


def check_volume(rng: random.Random, rows: list[Row]) -> None:
    transfers = in_ledger_order(rows)
    events = [k for k, t in enumerate(transfers) if t.payer != t.payee]
    if not events:
        return
    groups = [rng.choices(events, k=rng.choice((1, 2, 3, 8, 21, 40))) for _ in range(5)]
    sizes = [len(group) for group in groups]
    rarity = graph_of(rows).flow.rarity
    volume = rarity.volume(np.concatenate(groups), np.cumsum([0, *sizes])[:-1])
    assert volume.transfers.tolist() == sizes
    for k, group in enumerate(groups):
        values = sorted(transfers[event].value for event in group)
        reached = [v for v in values if 2 * sum(w >= v for w in values) > len(values)]
        assert volume.value[k] == max(reached)
        assert volume.share[k] == rarity.reached(np.array([max(reached)]))[0]
        assert volume.points[k] == pytest.approx(expected_volume(values, float(volume.share[k])), abs=1e-9)


def test_volume_of_seeded_ledgers() -> None:
    for rng, rows in seeded():
        check_volume(rng, rows)


@EXAMPLES
@given(nasty_rows(), st.integers(0, 1000))
def test_volume_of_any_ledger(rows: list[Row], seed: int) -> None:
    check_volume(random.Random(seed), rows)


# --- novelty --------------------------------------------------------------------------------------


def expected_novelty(pairs: int, once: int, base: Fraction) -> float:
    """How much likelier so many one-off pairs are at nine in ten than at the ledger's share, in orders of magnitude."""
    if not 0 < base < Fraction(9, 10):
        return 0.0
    ratio = Fraction(9, 10) ** once * Fraction(1, 10) ** (pairs - once) / (base**once * (1 - base) ** (pairs - once))
    return float(np.clip(math.log10(ratio.numerator) - math.log10(ratio.denominator), 0, 6))


def test_novelty_is_a_ratio_of_chances() -> None:
    for _, rows in seeded():
        base, rarity = one_off_share(in_ledger_order(rows)), graph_of(rows).flow.rarity
        cases = [(pairs, once) for pairs in (1, 2, 5, 12) for once in range(pairs + 1)]
        pairs, once = np.array(cases, np.int64).T
        assert rarity.novelty(pairs, once) == pytest.approx([expected_novelty(*case, base) for case in cases])


# --- nearness -------------------------------------------------------------------------------------


def bucket(value: int) -> int:
    """The number of a value's bucket, by the definition: exponent, and 256 steps inside each doubling."""
    mantissa, exponent = math.frexp(max(value, 1))
    return (exponent - 1) * 256 + math.floor((2 * mantissa - 1) * 256)


def test_nearness_is_the_densest_band_of_so_many_buckets() -> None:
    for rng, _ in seeded():
        values = [int(10 ** (rng.random() * rng.choice((1, 3, 6)))) for _ in range(rng.randint(1, 60))]
        rarity = graph_of([("A", "B", k, value) for k, value in enumerate(values)]).flow.rarity
        buckets = sorted(bucket(value) for value in values)
        kept, matches = rng.choice((1.0, 0.999, 0.99, 0.9, 0.5, 0.01, 0.0)), rng.randint(1, 6)
        doublings = -2 * math.log2(max(kept, 1e-6)) / matches
        widths = sorted({round(2 ** (k / 4)) for k in range(53)})
        width = next((w for w in widths if w >= doublings * 256 + 1 - 1e-9), widths[-1])
        most = max(sum(low <= b < low + width for b in buckets) for low in buckets)
        wanted = min(6.0, -math.log10(most / len(values)) * matches)
        assert rarity.nearness(np.array([kept]), np.array([matches])) == pytest.approx([wanted], abs=1e-9)


def densest(values: list[int], band: float) -> float:
    """Largest share of values in a band of so many doublings."""
    return max(sum(low <= v <= low * 2**band for v in values) for low in values) / len(values)


def test_nearness_lies_between_a_narrower_and_a_wider_band_of_values() -> None:
    """Against values themselves, not buckets: a bucket is 0.0028 to 0.0057 doublings wide."""
    for rng, _ in seeded(150):
        values = sorted(int(10 ** (2 + rng.random() * 3)) for _ in range(60))
        rarity = graph_of([("A", "B", k, value) for k, value in enumerate(values)]).flow.rarity
        kept = rng.choice((1.0, 0.99, 0.95, 0.8))
        share = 10 ** -float(rarity.nearness(np.array([kept]), np.array([1]))[0])
        doublings = -2 * math.log2(kept)
        assert (
            densest(values, 0.7 * doublings - 0.006) - 1e-9
            <= share
            <= densest(values, 1.25 * 1.45 * doublings + 0.012) + 1e-9
        )


def test_the_nearer_and_the_more_the_more_points() -> None:
    rng = random.Random(5)
    rows = [("A", "B", k, int(10 ** (3 + rng.random() * 6))) for k in range(400)]
    rarity = graph_of(rows).flow.rarity
    kept = np.array([0.0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0])
    for matches in range(1, 8):
        points = rarity.nearness(kept, np.full(kept.size, matches))
        assert (np.diff(points) >= 0).all()
        assert matches > 1 or points[-1] > points[3] > points[1]
    more = rarity.nearness(np.full(9, 0.9), np.arange(9))
    assert more[0] == 0.0
    assert (np.diff(more) >= 0).all()
    assert more[-1] == 6.0


# --- the rarest -----------------------------------------------------------------------------------


def test_ties_go_to_the_earlier_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.rarity._FEWEST", 3)
    kept = with_most(np.array([1.0, 2.0, 1.0, 5.0, 1.0, 0.5]), how_many(10, 100))
    assert kept.tolist() == [True, True, False, True, False, False]
    for rng, _ in seeded():
        points = [float(rng.randint(0, 3)) for _ in range(rng.randint(0, 9))]
        best = sorted(range(len(points)), key=lambda k: (-points[k], k))[:3]
        assert np.flatnonzero(with_most(np.array(points), how_many(10, 100))).tolist() == sorted(best)


@pytest.mark.parametrize(
    ("size", "most", "kept"),
    [(10, 400, 1000), (6_250_000, 400, 1000), (6_270_000, 400, 1001), (25_000_000, 400, 2000), (5_000_000, 100, 1000)],
)
def test_how_many_are_kept(size: int, most: int, kept: int) -> None:
    assert how_many(size, most) == kept
    assert int(with_most(np.arange(3000.0), kept).sum()) == kept
    assert with_most(np.arange(3000.0), kept)[-kept:].all()
    assert with_most(np.arange(float(kept)), kept).all()


def test_what_was_left_out_is_said() -> None:
    assert cut_words(0, "chain") == ()
    assert cut_words(1, "chain") == (
        "1 chain not reported: others are rarer in this ledger (`rarest` bounds their number)",
    )
    assert cut_words(1200, "chain")[0].startswith("1,200 chains not reported")


# --- what findings get ----------------------------------------------------------------------------


def planted(graph: gf.FlowGraph, rows: list[int], *, detector: str = "test", **measures: Any) -> Finding:
    return Finding(
        detector=detector,
        accounts=("A",),
        rows=np.array(rows, np.int64),
        ledger=graph.ledger,
        amount=1,
        currency="CNY",
        measures=measures,
        parts=(Part("structure", 1.0, "what the detector says"),),
        reason="a finding made by hand",
    )


def added(flow: Flow, findings: list[Finding]) -> list[tuple[Part, ...]]:
    after = weighed(flow, findings)
    for old, new in zip(findings, after, strict=True):
        assert replace(new, parts=old.parts).id == old.id
        assert new.parts[: len(old.parts)] == old.parts
        assert not any(part.decisive for part in new.parts[len(old.parts) :])
    return [new.parts[len(old.parts) :] for old, new in zip(findings, after, strict=True)]


ORDINARY = [(f"U{k % 5}", f"W{k % 7}", 6 * DAY * k, 100 + k) for k in range(99)]


def test_what_a_finding_gets_and_in_which_words() -> None:
    rows = [*ORDINARY, ("P", "M", 1000 * DAY, 50_000), ("Q", "M", 1000 * DAY, 50_000), ("M", "X", 1000 * DAY, 99_000)]
    graph = graph_of(rows)
    (parts,) = added(graph.flow, [planted(graph, [99, 100, 101], receipts=2, kept=0.99)])
    names = {part.kind: part for part in parts}
    assert list(names) == ["structure", "volume", "novelty", "conservation"]
    assert names["structure"].sentence == "1 such finding with receipts 2 or more among 16 accounts"
    assert names["structure"].points == pytest.approx(math.log10(16), abs=1e-3)
    assert names["volume"].sentence == "most of 2 payments in are worth 500.00 CNY or more, as 1 in 34 of all transfers"
    assert names["volume"].points == pytest.approx(2 * math.log10(34), abs=1e-3)
    base = Fraction(3, 102)
    assert (
        names["novelty"].sentence
        == "3 of 3 pairs of payer and payee deal only within 4 days, as 1 in 34 of all transfers"
    )
    assert names["novelty"].points == pytest.approx(3 * math.log10(Fraction(9, 10) / base), abs=1e-3)
    points = names["conservation"].points
    assert points == pytest.approx(float(graph.flow.rarity.nearness(np.array([0.99]), np.array([1]))[0]), abs=1e-3)
    assert names["conservation"].sentence.startswith("amounts so near to each other would come by chance 1 in ")


def test_one_payment_in_is_said_so_and_a_ring_is_weighed_by_its_first() -> None:
    ring = [("A", "B", 700 * DAY, 90_000), ("B", "C", 700 * DAY, 80_000), ("C", "A", 700 * DAY, 70_000)]
    graph = graph_of([*ORDINARY, *ring])
    one, all_ = added(graph.flow, [planted(graph, [99, 100]), planted(graph, [99, 100, 101])])
    for parts in (one, all_):
        (volume,) = (part for part in parts if part.kind == "volume")
        assert volume.sentence == "the payment in is worth 900.00 CNY or more, as 1 in 102 of all transfers"


def test_usual_things_add_nothing() -> None:
    graph = graph_of([*ORDINARY, *ORDINARY])
    assert added(graph.flow, [planted(graph, [0], size=1)] * 12) == [()] * 12
    assert weighed(graph.flow, []) == []


def as_large(findings: list[Finding], finding: Finding) -> int:
    """Findings of the same detector whose first measure is not smaller."""

    def size(f: Finding) -> float:
        first = next(iter(f.measures.values()), 0)
        return 0.0 if isinstance(first, str) else float(first)

    return sum(f.detector == finding.detector and size(f) >= size(finding) for f in findings)


def expected_parts(flow: Flow, transfers: list[Transfer], findings: list[Finding], f: Finding) -> list[Any]:
    """Kinds and points of what a finding gets, from its transactions one by one."""
    cited = [transfers[k] for k in f.rows.tolist()]
    accounts = {name for t in transfers for name in t[:2]}
    payees = {t.payee for t in cited}
    brought = [t.value for t in cited if t.payer not in payees] or [cited[0].value]
    least = sorted(brought)[(len(brought) - 1) // 2]
    once = dict(zip(((t.payer, t.payee) for t in transfers), one_off(transfers), strict=True))
    pairs = {(t.payer, t.payee) for t in cited}
    sized = not isinstance(next(iter(f.measures.values()), ""), str)
    share = f.measures.get("even", f.measures.get("kept"))
    matches = 0 if share is None else max(int(f.measures.get("hops", 2)) - 1, 1)
    points = {
        "structure": min(6.0, math.log10(Fraction(len(accounts), as_large(findings, f)))) if sized else 0.0,
        "volume": expected_volume(brought, float(flow.rarity.reached(np.array([least]))[0])),
        "novelty": expected_novelty(len(pairs), sum(once[p] for p in pairs), one_off_share(transfers)),
        "conservation": float(flow.rarity.nearness(np.array([float(share or 0)]), np.array([matches]))[0]),
    }
    return [(kind, pytest.approx(value, abs=1e-3)) for kind, value in points.items() if value >= 0.5]


def test_parts_of_any_findings_are_what_their_transactions_give() -> None:
    """Groups of transfers at random, as if detectors had found them."""
    kinds = set()
    for rng, rows in seeded():
        graph, transfers = graph_of(rows), in_ledger_order(rows)
        usable = [k for k, t in enumerate(transfers) if t.payer != t.payee]
        findings = [
            planted(graph, sorted(rng.sample(usable, rng.randint(1, min(6, len(usable))))),
                    detector=rng.choice("ab"), **rng.choice(({"size": rng.randint(1, 5)}, {"kept": rng.random()},
                    {"hops": rng.randint(2, 9), "even": 0.999, "kept": 0.1}, {"name": "text"}, {})))
            for _ in range(rng.randint(0, 5)) if usable
        ]  # fmt: skip
        parts = added(graph.flow, findings)
        for finding, got in zip(findings, parts, strict=True):
            assert [(p.kind, p.points) for p in got] == expected_parts(graph.flow, transfers, findings, finding)
            kinds |= {p.kind for p in got}
    assert kinds == {"structure", "volume", "novelty", "conservation"}


def test_findings_of_a_subgraph_are_weighed_by_the_subgraph() -> None:
    rows = [*ORDINARY, ("P", "M", 1000 * DAY, 50_000), ("M", "X", 1000 * DAY, 50_000)]
    graph = graph_of(rows)
    part = graph.flow_subgraph(np.array([*range(10), 99, 100]))
    (finding,) = gf.detect(part, [gf.PassThrough()])
    (volume,) = (p for p in finding.parts if p.kind == "volume")
    assert volume.sentence.endswith("as 1 in 6 of all transfers")
