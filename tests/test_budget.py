"""A budget keeps the best cases, and says what the rest were."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import graphflow as gf
from graphflow.cli import app
from graphflow.errors import RuleError
from graphflow.words import count

TOUR = Path(__file__).parent.parent / "samples" / "tour.csv"


def test_a_budget_keeps_the_best_cases_as_they_are() -> None:
    whole, best = gf.analyze(TOUR), gf.analyze(TOUR, budget=1)
    assert len(whole.cases) > 1
    assert [(c.id, c.points, c.accounts) for c in best.cases] == [(c.id, c.points, c.accounts) for c in whole.cases[:1]]
    assert sorted(f.id for f in best.findings) == sorted(f.id for f in whole.cases[0].findings)
    order = [f.id for f in whole.findings]
    assert [f.id for f in best.findings] == sorted((f.id for f in best.findings), key=order.index)


def test_what_a_budget_leaves_out_is_said() -> None:
    whole, best = gf.analyze(TOUR), gf.analyze(TOUR, budget=1)
    rest = whole.cases[1:]
    (line,) = [line for line in best.truncated if line.startswith("budget:")]
    cases = count(len(rest), "case")
    assert f"{cases} beyond the best 1 left out ({sum(c.level == 'high' for c in rest)} high" in line
    assert f"at most {max(c.points for c in rest):g} points" in line
    left = [f.detector for c in rest for f in c.findings]
    assert all(f"{left.count(name)} {name}" in line for name in set(left))


def test_a_budget_that_is_not_reached_says_nothing() -> None:
    whole = gf.analyze(TOUR)
    assert gf.analyze(TOUR, budget=len(whole.cases)).truncated == whole.truncated


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(RuleError, match="from 1 on, not 0"):
        gf.analyze(TOUR, budget=0)


def test_the_command_takes_a_budget(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["analyze", str(TOUR), "--budget", "1", "--out", str(out)])
    assert result.exit_code == 0
    assert pl.read_parquet(out / "cases.parquet").height == 1
    assert pl.read_parquet(out / "findings.parquet")["case_id"].unique().to_list() == ["case-0001"]
    assert any(line.startswith("budget:") for line in json.loads((out / "run.json").read_text())["truncated"])
