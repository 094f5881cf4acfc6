"""Every detector passes the battery, and the battery bites."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from battery import CHECKS, Check, check_is_deterministic, check_strangers_do_not_matter, findings
from hypothesis import given, settings
from ledgers import EXAMPLES, Row, examples, graph_of, nasty_rows, random_rows, seeds
from long_ledgers import long_rows

import graphflow as gf
from graphflow.detect import DETECTORS, Detector
from graphflow.detect.cuts import Cut
from graphflow.finding import Finding, Part
from graphflow.graph import FlowGraph

SEEDS = range(15)
Found = Generator[Finding, None, tuple[str, ...]]

OWN_LOOSE: dict[str, dict[str, Any]] = {
    "structuring": {"thresholds": (("CNY", 1.0),), "band": 0.5, "count": 2, "concentration": 0.3, "high_count": 3},
    "probe": {"tiny": 1.0, "least": 0.5, "ratio": 1.0, "quiet": timedelta(minutes=1), "high_payers": 2},
    "device-ring": {"most_accounts": 4, "high_accounts": 2, "exclusive_share": 0.1},
    "dormant-burst": {"idle": timedelta(minutes=5), "count": 2, "amount": 1.0},
}
"""Parameters of single detectors that their bounds in money ask for: the battery's amounts are 0.00 to 10.00."""


def eager(kind: type[Any], *, brief: bool = True) -> Any:
    """A detector that finds something in small ledgers: smallest counts, loosest shares; brief: short windows."""
    loose = {"min_payers": 2, "min_payees": 2, "min_hops": 2, "keep": 0.3, "high_payers": 3, "high_payees": 3}
    loose |= {"min_accounts": 2, "high_accounts": 3, "many": 2, "min_between": 1, "min_shared": 1}
    spans = {name: timedelta(minutes=12) for name in ("window", "dwell") if brief}
    names = {field.name for field in fields(kind)}
    own = OWN_LOOSE.get(kind.name, {})
    return kind(**{name: value for name, value in {**loose, **spans, **own}.items() if name in names})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_every_detector_passes(kind: type[Any], check: Check) -> None:
    for seed in SEEDS:
        check(eager(kind), random_rows(random.Random(seed)))


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_every_detector_passes_on_ledgers_of_weeks(kind: type[Any]) -> None:
    """Where pairs deal again, and relays count; whether they do hangs on the whole ledger, strangers too."""
    for seed in range(seeds(15)):
        rows = long_rows(random.Random(seed))
        for check in CHECKS:
            if check is not check_strangers_do_not_matter:
                check(eager(kind, brief=False), rows)


@settings(EXAMPLES, max_examples=examples(20))
@given(nasty_rows())
def test_every_detector_passes_on_any_ledger(rows: list[Row]) -> None:
    for kind in DETECTORS:
        for check in CHECKS[:6]:
            check(eager(kind), rows)


@pytest.mark.slow
@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_every_detector_passes_on_many_ledgers(kind: type[Any]) -> None:
    for seed in range(150):
        for check in CHECKS:
            check(eager(kind), random_rows(random.Random(seed), most=40))


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_the_ledgers_of_the_battery_give_findings(kind: type[Any]) -> None:
    number = [len(findings(eager(kind), graph_of(random_rows(random.Random(seed))))) for seed in SEEDS]
    assert sum(n > 0 for n in number) >= 5


# --- names agree ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_a_detector_is_where_its_name_says(kind: type[Any]) -> None:
    spec = find_spec(f"graphflow.detect.{kind.name.replace('-', '_')}")
    assert spec is not None
    assert kind.__module__ == spec.name
    assert kind.__name__ == kind.name.replace("-", " ").title().replace(" ", "")
    assert kind.__name__ in gf.__all__
    assert getattr(gf, kind.__name__) is kind


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_a_detector_is_a_frozen_dataclass_that_explains_itself(kind: type[Any]) -> None:
    assert is_dataclass(kind)
    assert kind() == kind()
    with pytest.raises(AttributeError):
        kind().name = "other"
    for heading in ("What it sees", "Measures", "When it is fooled", "Parameters", "Source", "Example"):
        assert heading in (kind.__doc__ or "")
    for parameter in fields(kind):
        assert parameter.name in (kind.__doc__ or "")


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_a_detector_says_how_it_is_cut(kind: type[Any]) -> None:
    assert isinstance(kind().cut(), Cut)


def test_every_file_of_a_detector_is_in_the_tuple() -> None:
    folder = Path(find_spec("graphflow.detect").origin or "").parent  # type: ignore[union-attr]
    shared = [
        "__init__", "amounts", "cuts", "episode_facts", "fan", "gateways", "lots", "places", "relays", "sharing",
        "threshold", "ways",
    ]  # fmt: skip
    detectors = {kind.name.replace("-", "_") for kind in DETECTORS}
    assert sorted(path.stem for path in folder.glob("*.py")) == sorted([*shared, *detectors])


# --- the battery bites ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """A sound detector to plant bugs in: accounts that pay one another, all their transactions."""

    name: ClassVar[str] = "pairs"

    def find(self, graph: FlowGraph) -> Found:
        flow = graph.flow
        by_pair: dict[frozenset[int], list[int]] = {}
        for event, (payer, payee) in enumerate(zip(flow.payer.tolist(), flow.payee.tolist(), strict=True)):
            if payer != payee:
                by_pair.setdefault(frozenset((payer, payee)), []).append(event)
        for pair, events in by_pair.items():
            if len(set(flow.payer[events].tolist())) == 2:
                yield self.finding(graph, pair, events)
        return ()

    def finding(self, graph: FlowGraph, pair: frozenset[int], events: list[int]) -> Finding:
        flow = graph.flow
        accounts = dict.fromkeys([int(flow.payer[events[0]]), int(flow.payee[events[0]])])
        return Finding(
            detector=self.name,
            accounts=tuple(flow.names[code] for code in accounts),
            rows=flow.ledger_rows(np.array(events)),
            ledger=flow.ledger,
            amount=int(flow.paid[events].sum()),
            currency=flow.ledger.currencies[0],
            measures={"transactions": len(events)},
            parts=(Part("structure", 1.0, "both ways between two accounts"),),
            reason=f"{len(events)} transactions both ways between two accounts",
        )


class Broken(Pairs):
    """Changes each finding of the sound one."""

    def finding(self, graph: FlowGraph, pair: frozenset[int], events: list[int]) -> Finding:
        sound = super().finding(graph, pair, events)
        return self.spoil(sound, graph)

    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        raise NotImplementedError


class DropsARow(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, rows=sound.rows[sound.rows != len(graph.ledger) // 2])


class CitesNothing(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, rows=sound.rows[:0])


class CitesUnsorted(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, rows=sound.rows[::-1].copy())


class CitesTwice(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, rows=np.repeat(sound.rows, 2))


class CitesEvents(Pairs):
    """Takes positions in a subgraph for positions in the ledger."""

    def finding(self, graph: FlowGraph, pair: frozenset[int], events: list[int]) -> Finding:
        return replace(super().finding(graph, pair, events), rows=np.array(events))


class SuspectsAnyone(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, accounts=("Somebody",))


class SuspectsNobody(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, accounts=())


class UsesNameOrder(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, accounts=tuple(sorted(sound.accounts)))


class UsesTheDate(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, parts=(*sound.parts, Part("volume", sound.start.month, "late in the year it is worse")))


class UsesThePosition(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, measures={"first_row": int(sound.rows[0])})


class UsesTheUnit(Pairs):
    def find(self, graph: FlowGraph) -> Found:
        for finding in findings(Pairs(), graph):
            if finding.amount > 500:
                yield finding
        return ()


class CallsNames(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, reason=f"{sound.accounts[0]} is surely the boss of {sound.accounts[1]}")


class SaysNothing(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, reason="seen")


class OwesMoney(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        return replace(sound, amount=-1)


class CountsSelfTransfers(Broken):
    def spoil(self, sound: Finding, graph: FlowGraph) -> Finding:
        selves = int((graph.flow.payer == graph.flow.payee).sum())
        return replace(sound, measures={"selves": selves})


class WritesOnItsInput(Pairs):
    def find(self, graph: FlowGraph) -> Found:
        graph.flow.value[:] += 1
        return (yield from super().find(graph))


class MakesTheDicts(Pairs):
    def find(self, graph: FlowGraph) -> Found:
        list(graph.edges)
        return (yield from super().find(graph))


class Remembers(Pairs):
    """Keeps state between runs: reports only what it has not reported before."""

    def __init__(self) -> None:
        object.__setattr__(self, "known", set())

    def find(self, graph: FlowGraph) -> Found:
        known: set[str] = self.known  # type: ignore[attr-defined]
        for finding in findings(Pairs(), graph):
            if finding.id not in known:
                known.add(finding.id)
                yield finding
        return ()


class FallsOnNothing(Pairs):
    def find(self, graph: FlowGraph) -> Found:
        assert graph.ledger.height, "an empty ledger"
        return (yield from super().find(graph))


BROKEN = (
    DropsARow, CitesNothing, CitesUnsorted, CitesTwice, CitesEvents, SuspectsAnyone, SuspectsNobody, UsesNameOrder,
    UsesTheDate, UsesThePosition, UsesTheUnit, CallsNames, SaysNothing, OwesMoney, CountsSelfTransfers,
    WritesOnItsInput, MakesTheDicts, Remembers, FallsOnNothing,
)  # fmt: skip


def fails(detector: Detector, check: Check) -> bool:
    try:
        for seed in SEEDS:
            check(detector, random_rows(random.Random(seed)))
    except (AssertionError, gf.GraphflowError):
        return True
    return False


def test_a_sound_detector_passes() -> None:
    assert not [check.__name__ for check in CHECKS if fails(Pairs(), check)]


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_detector_fails(kind: type[Pairs]) -> None:
    assert any(fails(kind(), check) for check in CHECKS)


def test_a_detector_that_remembers_is_caught_by_running_it_twice() -> None:
    with pytest.raises(AssertionError):
        check_is_deterministic(Remembers(), [Row("A", "B", 0, 100), Row("B", "A", 1, 100)])
