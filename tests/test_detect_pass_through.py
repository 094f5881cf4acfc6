"""Pass-through: by hand, and against a slow counterpart on ledgers of minutes and of weeks."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import long_ledgers
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, Row, graph_of, nasty_rows, random_rows, seeds
from long_ledgers import DAY, HOUR, Episode, long_nasty_rows, long_rows
from oracles import Match, Transfer, in_ledger_order

import graphflow as gf
from graphflow.finding import Finding

KEEPS = (Fraction(1, 2), Fraction(4, 5), Fraction(1))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def found(rows: list[Any], detector: gf.PassThrough | None = None) -> list[Finding]:
    return list((detector or gf.PassThrough()).find(graph_of(rows)))


def kinds(finding: Finding) -> dict[str, tuple[float, bool]]:
    return {part.kind: (part.points, part.decisive) for part in finding.parts}


# --- by hand --------------------------------------------------------------------------------------


def passing(receipts: int) -> list[tuple[Any, ...]]:
    """Receipts of 1,000 every half hour, each handed on ten minutes later."""
    return [row for k in range(receipts) for row in
            ((f"P{k}", "M", 30 * k, 1000), ("M", f"X{k}", 30 * k + 10, 1000))]  # fmt: skip


MERGED = [("P", "M", 0, 600), ("Q", "M", 10, 400), ("M", "X", 20, 500), ("M", "Y", 70, 450), ("M", "Z", 5000, 50)]


def test_receipts_and_payments_that_share_lots_are_one_finding() -> None:
    (finding,) = found(MERGED)
    assert finding.accounts == ("M",)
    assert finding.rows.tolist() == [0, 1, 2, 3]
    assert (finding.amount, finding.currency, finding.level) == (1000, "CNY", "review")
    assert dict(finding.measures) == {
        "receipts": 2,
        "payments": 2,
        "moved_share": 0.95,
        "residual": 0.05,
        "kept": 0.95,
        "within_15m": 0.0,
        "within_60m": 0.85,  # 500 after 20 minutes, 350 after 60; 100 of the first receipt after 70
        "within_24h": 0.95,
        "dwell_minutes": 40.0,  # (500 * 20 + 350 * 60 + 100 * 70) / 950
        "median_minutes": 20.0,
    }
    assert kinds(finding) == {"structure": (1.0, False), "conservation": (2.0, False), "speed": (2.0, False)}
    assert finding.reason == "M passed on 95 % of 2 receipts in 2 payments, after 40 minutes on average"


def test_many_receipts_that_leave_whole_within_the_hour_are_high() -> None:
    assert [f.level for f in found(passing(5))] == ["review"] * 5  # five times one receipt and one payment
    (finding,) = found([*[(f"P{k}", "M", k, 1000) for k in range(5)], ("M", "X", 10, 2500), ("M", "Y", 20, 2500)])
    assert finding.level == "high"
    assert kinds(finding) == {"structure": (1.661, False), "conservation": (2.0, True), "speed": (2.0, True)}
    assert (finding.measures["within_15m"], finding.measures["within_60m"]) == (0.5, 1.0)


def collected(receipts: int, out: int, at: float = 30, amount: int = 1000) -> list[tuple[Any, ...]]:
    return [*[(f"P{k}", "M", 0, amount) for k in range(receipts)], ("M", "X", at, out)]


@pytest.mark.parametrize(
    ("rows", "level"),
    [
        (collected(5, 5000), "high"),
        (collected(4, 4000), "review"),  # one receipt short of `many`
        (collected(5, 4799), "review"),  # the fifth leaves to less than four fifths
        ([*collected(4, 2250, amount=300), ("Q", "M", 1, 1300)], "high"),
        ([*collected(4, 2249, amount=300), ("Q", "M", 1, 1300)], "review"),  # just under `high_keep`
        (collected(5, 5000, at=60), "high"),
        (collected(5, 5000, at=61), "review"),  # a minute too late for `fast_share`
        ([*collected(5, 2500, at=60), ("M", "Y", DAY, 2500)], "high"),
        ([*collected(5, 2499, at=60), ("M", "Y", DAY, 2501)], "review"),  # just under half within the hour
        ([*collected(5, 2500, at=60), ("M", "Y", DAY + 1, 2500)], "review"),  # half of it after the day
    ],
)
def test_what_is_high(rows: list[tuple[Any, ...]], level: str) -> None:
    (finding,) = found(rows)
    assert finding.level == level


@pytest.mark.parametrize(("dwell", "number"), [(70, 1), (69, 0)])
def test_the_dwell_time_includes_its_end(dwell: int, number: int) -> None:
    assert len(found([("P", "M", 0, 100), ("M", "X", 70, 100)], gf.PassThrough(dwell=minutes(dwell)))) == number


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([("P", "M", 0, 100), ("M", "X", 5, 80)], 1),
        ([("P", "M", 0, 100), ("M", "X", 5, 79)], 0),  # just too little of the receipt left
        ([("P", "M", 0, 80), ("M", "X", 5, 100)], 1),
        ([("P", "M", 0, 79), ("M", "X", 5, 100)], 0),  # just too little of the payment came from it
        ([("P", "M", 0, 100), ("N", "X", 5, 100)], 0),  # another account paid
        ([("M", "X", 0, 100), ("P", "M", 0, 100)], 0),  # written before the receipt
        ([("P", "M", 0, 100), ("M", "M", 5, 100)], 0),
        ([("P", "M", 0, 100), ("M", "P", 5, 100)], 1),  # back is on, too
    ],
)
def test_what_passes_through(rows: list[tuple[Any, ...]], number: int) -> None:
    assert len(found(rows)) == number


STANDING = [("S", "T", 5 * DAY * k, 7) for k in range(6)]


LONG = gf.PassThrough(dwell=timedelta(days=3))


def test_a_relay_is_found_beside_ordinary_money_and_overlapping_ones_together() -> None:
    """M lives on 20,000 that never leaves whole; first in, first out mixes it with what is relayed."""
    own = [("S", "M", 5 * DAY * k, 20_000) for k in range(6)]
    rows = [*own, *STANDING, ("P", "M", DAY, 1000), ("M", "X", 2 * DAY, 950)]
    (finding,) = found(rows, LONG)
    assert finding.transactions == ("t12", "t13")
    assert finding.measures["kept"] == 0.95
    assert finding.measures["dwell_minutes"] == 1440.0
    assert (finding.level, kinds(finding)) == ("review", {"structure": (0.5, False), "conservation": (2.0, False)})
    (together,) = found([*rows, ("Q", "M", 2 * DAY - 60, 3000), ("M", "Y", 3 * DAY, 3000)], LONG)
    assert together.transactions == ("t12", "t14", "t13", "t15")
    assert (together.measures["receipts"], together.amount) == (2, 4000)
    apart = found([*rows, ("Q", "M", 2 * DAY + 60, 3000), ("M", "Y", 3 * DAY, 3000)], LONG)
    assert [f.transactions for f in apart] == [("t12", "t13"), ("t14", "t15")]


def test_a_relay_that_is_an_episode_is_told_once() -> None:
    (finding,) = found([*STANDING, ("P", "M", 0, 100), ("M", "X", 5, 100)])
    assert finding.transactions == ("t6", "t7")


def test_a_relay_takes_four_days_at_most() -> None:
    for late, number in ((0, 1), (1, 0)):
        rows = [*STANDING, ("P", "M", 0, 100), ("M", "X", 4 * DAY + late, 100)]
        assert len(found(rows)) == number


def test_speed_is_no_evidence_where_times_cannot_tell_it() -> None:
    for precision, kinds in ((15, ["structure", "conservation", "speed"]), (16, ["structure", "conservation"])):
        (finding,) = gf.PassThrough().find(graph_of(collected(5, 5000), precision=minutes(precision)))
        assert [part.kind for part in finding.parts] == kinds


def test_values_that_compare_only_roughly_do_not_reach_high() -> None:
    rows = [(*row, "USD" if row[0] == "M" else "CNY") for row in collected(5, 5000)]
    assert [f.level for f in found(rows)] == ["review"]
    assert [f.level for f in found([(*row[:4], "CNY") for row in rows])] == ["high"]


def test_hubs_are_not_traversed_and_said() -> None:
    findings = gf.detect(graph_of(collected(5, 5000)), [gf.PassThrough(hub=5)])
    assert (len(findings), findings.truncated) == (
        0,
        ("pass-through: 1 account with more than 5 counterparties not traversed (hubs)",),
    )


def test_the_rarest_are_kept_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.rarity._FEWEST", 2)
    rows = [row for k, value in enumerate((10, 500, 30, 900)) for row in
            ((f"P{k}", f"M{k}", 100 * k, value), (f"M{k}", f"X{k}", 100 * k + 5, value))]  # fmt: skip
    findings = gf.detect(graph_of(rows), [gf.PassThrough()])
    assert [f.accounts for f in findings] == [("M1",), ("M3",)]
    assert findings.truncated == (
        "pass-through: 2 episodes not reported: others are rarer in this ledger (`rarest` bounds their number)",
    )


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [((500, 500), (900, 900), "N"), ((900, 720), (900, 900), "N"), ((900, 900), (900, 900), "M")],
)
def test_large_relays_that_keep_their_value_are_the_rarest(
    first: tuple[int, int], second: tuple[int, int], kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two relays one is kept; of equals the earlier."""
    monkeypatch.setattr("graphflow.rarity._FEWEST", 1)
    rows = [("S", name, 5 * DAY * k, 20_000 * (k + 1)) for k in range(6) for name in "MN"]
    for name, hour, (came, went) in (("M", 1, first), ("N", 2, second)):
        rows += [(f"P{name}", name, DAY + hour, came), (name, f"X{name}", 2 * DAY + hour, went)]
    findings = gf.detect(graph_of(rows), [replace(LONG, rarest_relays=0)])
    assert [f.accounts for f in findings] == [(kept,)]
    assert findings.truncated[0].startswith("pass-through: 1 episode not reported")


# --- against the slow counterpart -----------------------------------------------------------------


def groups(transfers: list[Transfer], dwell: int, relay: int, keep: Fraction) -> list[Episode]:
    """Episodes, and relays that none of them holds, together where they overlap."""
    grouped = long_ledgers.episodes(transfers, oracles.links(transfers, dwell=dwell, keep=keep))
    held = [({m.receipt for m in e.links}, {m.payment for m in e.links}) for e in grouped]
    open_: dict[object, list[Match]] = {}
    together: list[list[Match]] = []
    for receipt, payment in long_ledgers.relays(transfers, window=relay, keep=keep):
        if any(receipt in ins and payment in outs for ins, outs in held):
            continue
        account = transfers[receipt].payee
        if account not in open_ or receipt > max(m.payment for m in open_[account]):
            open_[account] = []
            together.append(open_[account])
        open_[account].append(Match(receipt, payment, min(transfers[receipt].value, transfers[payment].value)))
    return [*grouped, *(Episode(transfers[group[0].receipt].payee, group) for group in together)]


def measured(episode: Episode, transfers: list[Transfer]) -> dict[str, Any]:
    stays = sorted((transfers[m.payment].time - transfers[m.receipt].time, m.value) for m in episode.links)
    got, paid = (sum(transfers[k].value for k in side) for side in (episode.receipts, episode.payments))
    left = sum(value for _, value in stays)
    within = {f"within_{name}": Fraction(sum(v for stay, v in stays if stay <= limit), got)
              for name, limit in (("15m", 15), ("60m", 60), ("24h", DAY))}  # fmt: skip
    median = next(stay for k, (stay, _) in enumerate(stays) if 2 * sum(v for _, v in stays[: k + 1]) >= left)
    return {
        "receipts": len(episode.receipts),
        "payments": len(episode.payments),
        "moved_share": Fraction(left, got),
        "residual": 1 - Fraction(left, got),
        "kept": Fraction(min(got, paid), max(got, paid)),
        **within,
        "dwell_minutes": Fraction(sum(stay * v for stay, v in stays), left),
        "median_minutes": median,
    }


def check(rows: list[Row], dwell: int, relay: int, keep: Fraction, many: int) -> list[Finding]:
    transfers = in_ledger_order(rows)
    detector = gf.PassThrough(dwell=minutes(dwell), relay=minutes(relay), keep=float(keep), many=many)
    findings, wanted = found(rows, detector), groups(transfers, dwell, relay, keep)
    by_rows = {tuple(e.transactions): e for e in wanted}
    assert len(by_rows) == len(wanted)
    assert sorted(tuple(f.rows.tolist()) for f in findings) == sorted(by_rows)
    order = {name: k for k, name in enumerate(graph_of(rows).flow.names.to_list())}
    places = [(order[f.accounts[0]], by_rows[tuple(f.rows.tolist())].links[0][:2]) for f in findings]
    assert places == sorted(places)
    for finding in findings:
        episode = by_rows[tuple(finding.rows.tolist())]
        values = measured(episode, transfers)
        assert finding.accounts == (episode.account,)
        assert finding.amount == sum(transfers[k].value for k in episode.receipts)
        assert list(finding.measures) == list(values)
        assert list(finding.measures.values()) == pytest.approx([float(v) for v in values.values()], abs=0.0501)
        shares = [name for name in values if "within" in name or name in ("moved_share", "residual", "kept")]
        assert [finding.measures[name] for name in shares] == pytest.approx(
            [float(values[n]) for n in shares], abs=6e-5
        )
        sure = values["receipts"] >= many
        fast, whole = values["within_60m"] >= Fraction(1, 2), values["within_24h"] >= Fraction(9, 10)
        assert finding.level == ("high" if sure and fast and whole else "review")
        assert [part.kind for part in finding.parts] == ["structure"] + ["conservation"] * whole + ["speed"] * fast
    return findings


def test_seeded_ledgers() -> None:
    number, levels = 0, set()
    for seed in range(seeds(300)):
        rng = random.Random(seed)
        keep, many = rng.choice(KEEPS), rng.randint(1, 4)
        findings = check(random_rows(rng, most=40), rng.choice((2, 10, 30)), 4 * DAY, keep, many)
        findings += check(long_rows(rng), rng.choice((HOUR, DAY, 3 * DAY)), rng.choice((DAY, 4 * DAY)), keep, many)
        number += len(findings)
        levels |= {f.level for f in findings}
    assert number > 600
    assert levels == {"high", "review"}


@EXAMPLES
@given(nasty_rows(40), st.sampled_from((0, 5, 30)), st.sampled_from(KEEPS), st.integers(1, 5))
def test_any_ledger_of_minutes(rows: list[Row], dwell: int, keep: Fraction, many: int) -> None:
    check(rows, dwell, 4 * DAY, keep, many)


@EXAMPLES
@given(long_nasty_rows(), st.sampled_from((HOUR, DAY, 3 * DAY)), st.sampled_from(KEEPS), st.integers(1, 5))
def test_any_ledger_of_weeks(rows: list[Row], dwell: int, keep: Fraction, many: int) -> None:
    check(rows, dwell, 4 * DAY, keep, many)
