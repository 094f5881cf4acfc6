"""Detected in pieces, a ledger gives what it gives whole: for every detector, wherever it is cut."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from ledgers import ledger_of, random_rows

from graphflow.detect import DETECTORS, detect
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.scale.pieces import Whole
from graphflow.scale.run import Plan, detect_in_pieces


def told(findings):
    return [
        (f.id, f.accounts, f.transactions, f.amount, f.currency, dict(f.measures), f.parts, f.reason) for f in findings
    ]


def random_plan(rng: random.Random, ledger: Ledger) -> Plan:
    """Cut anywhere, also at equal places: pieces may be empty."""
    accounts = ledger.accounts.height
    codes = sorted(rng.randint(0, accounts) for _ in range(rng.randint(0, 4)))
    stamps = ledger.frame["time"].to_physical().to_list() or [0]
    times = sorted(rng.choice(stamps) + rng.randint(-1, 1) for _ in range(rng.randint(0, 4)))
    return Plan.at([0, *codes, accounts], [min(stamps) - 1, *times, max(stamps) + 1])


def check(ledger: Ledger, detectors, plan: Plan) -> None:
    whole = detect(FlowGraph(ledger), detectors)
    pieces, _ = detect_in_pieces(Whole(ledger), detectors, plan)
    assert told(pieces) == told(whole)
    assert pieces.truncated == whole.truncated
    assert pieces.warnings == whole.warnings
    return whole


def spread(rng: random.Random, rows: list[Row]) -> list[Row]:
    """The same transfers over hours or months, so that cuts in time fall between them."""
    factor = rng.choice((1, 60, 600, 1440, 4320, 20000))
    return [row._replace(minutes=row.minutes * factor + rng.choice((0, 0, 1, 7))) for row in rows]


@pytest.mark.parametrize("kind", DETECTORS, ids=lambda kind: kind.name)
def test_pieces_give_what_the_whole_gives(kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.rarity._FEWEST", 3)
    number = 0
    for seed in range(100):
        rng = random.Random(seed)
        ledger = ledger_of(spread(rng, random_rows(rng, 80)))
        whole = check(ledger, [replace(kind(), **({"rarest": 100} if hasattr(kind(),"rarest") else {}))], random_plan(rng, ledger))
        number += len(whole)
    print(kind.name, number)
