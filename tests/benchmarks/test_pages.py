"""What pages promise in a browser: soon drawn, quick to answer, small. Run alone: `pytest -m benchmark -s`."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from browsing import MARKS, Visit, browsers
from view_cases import Row, case, finding, ledger

from graphflow.graph import FlowGraph
from graphflow.roles import Role
from graphflow.view import view

pytestmark = [pytest.mark.benchmark, *MARKS]

FIRST_PAINT_MS = 1000.0
ANSWER_MS = 100.0
FILE_BYTES = 1_500_000
LARGE_OPEN_MS = 3000.0

CHANGES = {
    "a filter": "graphflow.change({ time: [3, 9] })",
    "no filter": "graphflow.change({ time: null })",
    "an account": "graphflow.change({ chosen: { node: 7 } })",
    "a finding": "graphflow.change({ chosen: { finding: 0 } })",
    "a legend entry": "graphflow.change({ off: ['transit'] })",
    "sorting": "graphflow.change({ sort: [4, true] })",
    "words": "graphflow.change({ words: 'a12' })",
    "undo": "graphflow.undo()",
}
"""Each with all drawing that follows from it."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from browsers()


def crowded(accounts: int, edges: int, transfers: int) -> Any:
    """Accounts in five tiers, with so many edges between them."""
    draw = random.Random(1)
    tier = [f"A{i:04d}" for i in range(accounts)]
    pairs = [(tier[i - 1], tier[i]) for i in range(1, accounts)]
    while len(pairs) < edges:
        a, b = draw.sample(range(accounts), 2)
        pairs.append((tier[a], tier[b]))
        pairs = list(dict.fromkeys(pairs))
    chosen = pairs + [draw.choice(pairs) for _ in range(transfers - len(pairs))]
    rows: list[Row] = [(a, b, draw.randrange(1, 10_000_00), "CNY") for a, b in chosen]
    roles: dict[str, Role] = {name: ("source", "transit", "collector", "end")[i % 4] for i, name in enumerate(tier)}  # type: ignore[misc]
    book = ledger(rows, channel=["app"] * len(rows))
    return FlowGraph(book), case([finding(book, lambda *_: True, accounts=("A0001",))], roles)


def opened(browser: Any, file: Path) -> tuple[Visit, float]:
    """The page, and the milliseconds from opening it to its first picture."""
    visit = Visit(browser, file)
    return visit, max(
        visit.ask("performance.getEntriesByType('paint').map(({ startTime }) => startTime)[0]"),
        visit.ask("performance.getEntriesByName('graphflow drawn')[0].startTime"),
    )


def test_three_hundred_accounts_are_drawn_at_once_and_answer_at_once(
    browser: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = view(*crowded(300, 1000, 2000)).save(tmp_path / "case.html")
    visit, painted = opened(browser, file)
    assert (len(visit.nodes()), len(visit.edges())) == (300, 1000)
    timed = (
        "() => { const start = performance.now(); %s; graphflow.network.redraw(); return performance.now() - start; }"
    )
    rounds = [{what: visit.ask(timed % change) for what, change in CHANGES.items()} for _ in range(3)]
    answers = {what: min(took[what] for took in rounds) for what in CHANGES}  # the rest is what else the machine does
    with capsys.disabled():
        print(f"\n300 accounts, 1,000 edges: {painted:.0f} ms to the picture, {file.stat().st_size:,} bytes")
        print(", ".join(f"{what} {took:.0f} ms" for what, took in answers.items()))
    assert painted < FIRST_PAINT_MS
    assert file.stat().st_size <= FILE_BYTES
    assert max(answers.values()) < ANSWER_MS
    assert visit.trouble == []


def test_two_thousand_accounts_still_open(browser: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = view(*crowded(2000, 4000, 6000), max_nodes=2000).save(tmp_path / "case.html")
    visit, painted = opened(browser, file)
    with capsys.disabled():
        print(f"\n2,000 accounts, 4,000 edges: {painted:.0f} ms to the picture, {file.stat().st_size:,} bytes")
    assert len(visit.nodes()) == 2000
    assert painted < LARGE_OPEN_MS
    assert visit.trouble == []
