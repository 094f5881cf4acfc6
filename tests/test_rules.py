"""Rules files: made from the detectors, read back exactly, every mistake named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import graphflow as gf
from graphflow.detect import DETECTORS
from graphflow.errors import RuleError
from graphflow.rules import as_table, default_rules, load_rules, rules_file


def test_the_default_file_reads_back_as_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(rules_file(default_rules()), encoding="utf-8")
    assert load_rules(path) == default_rules() == [kind() for kind in DETECTORS]


def test_what_a_file_leaves_out_keeps_its_default(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[cycle]\nwindow = "1h30m"\n[fan-out]\noff = true\n', encoding="utf-8")
    detectors = load_rules(path)
    assert gf.Cycle(window=timedelta(minutes=90)) in detectors
    assert gf.FanIn() in detectors
    assert not any(isinstance(d, gf.FanOut) for d in detectors)


def test_amounts_by_currency_are_a_table_that_replaces_the_default(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[structuring]\ncount = 4\n[structuring.thresholds]\nCNY = 20000\n"US Dollar" = 3000.5\n', "utf-8")
    (structuring,) = (d for d in load_rules(path) if isinstance(d, gf.Structuring))
    assert structuring == gf.Structuring(count=4, thresholds=(("CNY", 20000.0), ("US Dollar", 3000.5)))
    assert as_table([structuring])["structuring"]["thresholds"] == "CNY 20,000.00, US Dollar 3,000.50"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cycel]\n", 'there is no detector "cycel": did you mean "cycle"?'),
        ("[cycle]\nwindw = 3\n", 'cycle has no parameter "windw": did you mean "window"?'),
        ("[cycle]\nwindow = 72\n", 'cycle.window must be a duration such as "72h", "60m" or "7d", not 72'),
        ('[cycle]\nwindow = "soon"\n', "must be a duration"),
        ('[cycle]\nkeep = "half"\n', "cycle.keep must be a number, not 'half'"),
        ("[cycle]\nkeep = -1\n", "cycle.keep must not be negative"),
        ("[cycle]\nmax_hops = 2.5\n", "cycle.max_hops must be a whole number"),
        ("[structuring]\nthresholds = 5\n", "structuring.thresholds must be a table of amounts by currency, not 5"),
        ("[structuring.thresholds]\nCNY = -1\n", "structuring.thresholds.CNY must not be negative, and is -1"),
        ("cycle = 3\n", "[cycle] must be a table"),
        ("[cycle\n", "is not a TOML rules file"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_rules(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
