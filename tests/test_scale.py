"""Detected in pieces, a ledger gives what it gives whole: for every detector, wherever it is cut."""

from __future__ import annotations

import gc
import random
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
import pytest
from ledgers import Row, ledger_of, random_rows, seeds

from graphflow.detect import DETECTORS, Cycle, Detector, FanIn, Findings, detect
from graphflow.errors import RuleError
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.scale.pieces import Whole
from graphflow.scale.run import Plan, detect_in_pieces

LOW: dict[str, Any] = {
    "min_payers": 2, "min_payees": 2, "min_one_off": 0.0, "least": 0.9, "tiny": 0.5, "ratio": 2.0, "rarest": 100,
    "thresholds": (("CNY", 1.0), ("USD", 1.1)), "idle": timedelta(days=1), "amount": 1.0, "min_hops": 2,
    "min_accounts": 2, "most_rings": 2,
}  # fmt: skip
"""Thresholds so low that small random ledgers are full of findings."""


def low(kind: type[Detector]) -> Detector:
    """A detector that finds much in little."""
    detector: Any = kind()
    return replace(detector, **{f.name: LOW[f.name] for f in fields(detector) if f.name in LOW})


def told(findings: Findings) -> list[tuple[Any, ...]]:
    return [
        (f.id, f.accounts, f.transactions, f.amount, f.currency, dict(f.measures), f.parts, f.reason) for f in findings
    ]


def random_plan(rng: random.Random, ledger: Ledger) -> Plan:
    """Cut anywhere, also twice at one place: pieces may be empty."""
    accounts = ledger.accounts.height
    codes = sorted(rng.randint(0, accounts) for _ in range(rng.randint(0, 4)))
    stamps = ledger.frame["time"].to_physical().to_list() or [0]
    times = sorted(rng.choice(stamps) + rng.randint(-1, 1) for _ in range(rng.randint(0, 4)))
    return Plan.at([0, *codes, accounts], [min(stamps) - 1, *times, max(stamps) + 2])


def spread(rng: random.Random, rows: Sequence[Row]) -> list[Row]:
    """The same transfers over hours or months, so that cuts in time fall between them, some in another currency."""
    factor, other = rng.choice((1, 60, 600, 1440, 4320, 20000)), rng.choice((0.0, 0.0, 0.3))
    return [
        row._replace(
            minutes=row.minutes * factor + rng.choice((0, 0, 1, 7)), currency="USD" if rng.random() < other else "CNY"
        )
        for row in rows
    ]


def check(ledger: Ledger, detectors: Sequence[Detector], plan: Plan) -> int:
    """Compare all that is found, in order, and what is said of it; how many findings there were."""
    whole = detect(FlowGraph(ledger), detectors)
    pieces, _ = detect_in_pieces(Whole(ledger), detectors, plan)
    assert told(pieces) == told(whole)
    assert pieces.truncated == whole.truncated
    assert pieces.warnings == whole.warnings
    return len(whole)


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_pieces_give_what_the_whole_gives(kind: type[Detector], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.rarity._FEWEST", 3)  # so that the rarest are chosen among many
    number = 0
    for seed in range(seeds(120)):
        rng = random.Random(seed)
        ledger = ledger_of(spread(rng, random_rows(rng, 110)))
        number += check(ledger, [low(kind)], random_plan(rng, ledger))
    assert number > 9


def test_all_detectors_at_once() -> None:
    for seed in range(seeds(15)):
        rng = random.Random(seed)
        ledger = ledger_of(spread(rng, random_rows(rng, 120)))
        check(ledger, [low(kind) for kind in DETECTORS], random_plan(rng, ledger))


def test_a_ledger_without_transfers() -> None:
    ledger = ledger_of([])
    check(ledger, [kind() for kind in DETECTORS], Plan.at([0, 0], [0, 1]))


def test_a_detector_that_does_not_say_how_it_is_cut_is_refused() -> None:
    @dataclass
    class Silent:
        name: ClassVar[str] = "silent"

    ledger = ledger_of([("A", "B", 0, 100)])
    with pytest.raises(RuleError, match="silent: does not say how it is cut"):
        detect_in_pieces(Whole(ledger), [Silent()], Plan.at([0, 2], [0, 1]))  # type: ignore[list-item]


# --- planted bugs: a test that cannot fail is none ------------------------------------------------


def _fails(detectors: Sequence[Detector]) -> bool:
    for seed in range(40):
        rng = random.Random(seed)
        ledger = ledger_of(spread(rng, random_rows(rng, 80)))
        try:
            check(ledger, detectors, random_plan(rng, ledger))
        except AssertionError:
            return True
    return False


def test_a_stretch_without_the_time_after_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Whole, "stretch", _cut_short(Whole.stretch))
    assert _fails([Cycle()])


def _cut_short(stretch: Any) -> Any:
    def shorter(self: Whole, times: tuple[int, int], left_out: Any) -> Any:
        reach = 96 * 3600 * 10**6
        return stretch(self, (times[0], times[1] - reach), left_out)

    return shorter


def test_facts_of_a_bucket_alone_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphflow.scale.part import Part

    monkeypatch.setattr(Part, "whole_size", property(lambda self: self.size))
    monkeypatch.setattr("graphflow.rarity.how_many", lambda size, most: max(1, size // 20))
    assert _fails([low(FanIn)])


def test_one_off_pairs_of_a_piece_alone_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphflow.rarity import Rarity
    from graphflow.scale.part import Part

    monkeypatch.setattr(Part, "rarity", property(Rarity))
    assert _fails([low(kind) for kind in DETECTORS if kind.name in ("gather-scatter", "mule-chain")])


def test_lost_links_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphflow.scale import survey

    whole = survey._placed
    monkeypatch.setattr(survey, "_placed", lambda flow, rows: whole(flow, rows[:-1]))
    assert _fails([low(kind) for kind in DETECTORS if kind.name == "mule-chain"])


def test_where_rows_are_of_the_whole() -> None:
    ledger = ledger_of([("A", "B", k, 100) for k in range(6)])
    part = ledger.part(np.array([1, 3, 4]))
    assert part.part(np.array([0, 2])).all_places.tolist() == [1, 4]
    assert (part.height, part.whole_height, part.period) == (3, 6, ledger.period)


def test_parts_go_without_a_search_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made of a piece is let go when it is done, though commands switch the search for cycles off."""
    made: list[weakref.ref[Flow]] = []
    honest = Flow.__init__

    def noted(self: Flow, *arguments: Any, **options: Any) -> None:
        made.append(weakref.ref(self))
        honest(self, *arguments, **options)

    monkeypatch.setattr(Flow, "__init__", noted)
    rng = random.Random(3)
    ledger = ledger_of(spread(rng, random_rows(rng, 60)))
    gc.collect()
    gc.disable()
    try:
        found = detect_in_pieces(Whole(ledger), [low(kind) for kind in DETECTORS], random_plan(rng, ledger))
        found[1].forget()
        del found
        assert len(made) > 20
        assert not [flow for flow in (each() for each in made) if flow is not None]
    finally:
        gc.enable()
