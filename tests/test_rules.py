"""Rules: presets and files, made from the detectors, read back exactly, every mistake named, every value explained."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest
from ledgers import graph_of

import graphflow as gf
from graphflow.detect import DETECTORS, Detector
from graphflow.detect.threshold import threshold
from graphflow.errors import RuleError
from graphflow.rules import DEFAULT_PRESET, PRESETS, default_rules, explain, load_rules, rules_file, with_settings

ROOT = Path(__file__).parent.parent
TOUR = ROOT / "samples" / "tour.csv"
PRESET_FOLDER = ROOT / "graphflow" / "presets"


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
        ("[cycle]\nmax_hops = nan\n", "cycle.max_hops must be a number, not nan"),
        ("[cycle]\nkeep = 1.5\n", "cycle.keep is a share, from 0 to 1, not 1.5"),
        ("[cycle]\nkeep = true\n", "cycle.keep must be a number, not True"),
        ('[cycle]\nwindow = "99999999999d"\n', "cycle.window is longer than any ledger"),
        ('[cycle]\noff = "yes"\n', "cycle.off must be true or false, not 'yes'"),
        (
            "[cycle]\nkeep = { value = 0.5, sauce = 'x' }\n",
            'cycle.keep has "sauce" beside its value: did you mean "source"?',
        ),
        ("[cycle]\nkeep = { value = 0.5, source = 3 }\n", "cycle.keep: its source must be a text, not 3"),
        ('preset = "intl"\n', 'there is no preset "intl": did you mean "intl-app"?'),
        ("[structuring]\nthresholds = 5\n", "structuring.thresholds must be a table of numbers by name, not 5"),
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


# --- presets ----------------------------------------------------------------------------------------


def sources(rules: Sequence[Detector]) -> dict[tuple[str, str], tuple[str, str]]:
    """(detector, parameter) → value and source."""
    return {(row[0], row[1]): (row[2], row[4]) for row in explain(rules).iter_rows()}


def test_the_default_preset_is_the_defaults() -> None:
    assert list(load_rules("cn-telecom")) == [kind() for kind in DETECTORS]
    assert gf.analyze(TOUR, rules="cn-telecom").detectors == gf.analyze(TOUR).detectors


@pytest.mark.parametrize("name", [name for name in PRESETS if name != DEFAULT_PRESET])
def test_a_preset_differs_and_each_value_has_its_source(name: str) -> None:
    rules = load_rules(name)
    assert rules.preset == name
    assert list(rules) != [kind() for kind in DETECTORS]
    content = tomllib.loads((PRESET_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    told = sources(rules)
    for detector, table in content.items():
        for parameter, given in table.items():
            assert len(given["source"]) > 8, (detector, parameter)
            assert told[detector, parameter][1] == given["source"]
    default = sources(default_rules())
    for key, (value, source) in told.items():
        assert (value, source) == default[key] or key[1] in content[key[0]], key


def test_every_default_has_a_unit_and_a_source() -> None:
    table = explain(default_rules())
    assert table.columns == ["detector", "parameter", "value", "unit", "source"]
    assert table.height == sum(len(fields(kind)) for kind in DETECTORS)
    assert table.filter((pl.col("unit") == "") | (pl.col("source") == "")).is_empty()


def test_presets_are_the_files_that_are_there() -> None:
    assert {path.stem for path in PRESET_FOLDER.glob("*.toml")} == set(PRESETS)


def test_a_file_may_start_from_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        'preset = "intl-app"\n[fan-in]\nmin_payers = 7\nwindow = "24h"\n'
        '[cycle]\nkeep = { value = 0.6, source = "our cases\\n2025" }\n',
        encoding="utf-8",
    )
    rules, preset = load_rules(path), sources(load_rules("intl-app"))
    told = sources(rules)
    assert rules.preset == "intl-app"
    assert told["fan-in", "min_payers"] == ("7", f"rules file {path}")
    assert told["fan-in", "window"] == preset["fan-in", "window"]  # the same value: it comes from where it came from
    assert told["cycle", "keep"] == ("0.6", "our cases\\n2025")
    assert told["mule-chain", "keep"] == preset["mule-chain", "keep"] != sources(default_rules())["mule-chain", "keep"]


def test_no_such_preset_or_file_names_the_presets() -> None:
    with pytest.raises(RuleError) as caught:
        load_rules("crypt")
    assert str(caught.value) == (
        'crypt: no such rules file, and no preset of that name (cn-telecom, intl-app, crypto): did you mean "crypto"?'
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_printed_preset_reads_back_with_its_values_and_sources(name: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    rules = with_settings(load_rules(name), ["fan-out.off=true"])
    path.write_text(rules_file(rules), encoding="utf-8")
    again = load_rules(path)
    assert again == rules
    assert [d.name for d in again.off] == ["fan-out"]
    assert (
        explain(again).filter(pl.col("parameter") != "off").equals(explain(rules).filter(pl.col("parameter") != "off"))
    )


# --- single settings -----------------------------------------------------------------------------------


def test_settings_are_put_over_rules_and_say_so() -> None:
    rules = with_settings(load_rules("crypto"), ["cycle.window=48h", "fan-in.min_payers = 6", "cycle.keep=.55"])
    told = sources(rules)
    assert told["cycle", "window"] == ("48h", "set by the user")
    assert told["fan-in", "min_payers"] == ("6", "set by the user")
    assert told["cycle", "keep"] == ("0.55", "set by the user")
    assert told["cycle", "fast"] == sources(load_rules("crypto"))["cycle", "fast"]
    assert [type(d) for d in rules] == list(DETECTORS)


def test_a_detector_is_switched_off_and_on_again() -> None:
    off = with_settings(default_rules(), ["fan-out.off=true"])
    assert [d.name for d in off] == [kind.name for kind in DETECTORS if kind.name != "fan-out"]
    assert sources(off)["fan-out", "off"] == ("true", "set by the user")
    assert with_settings(off, ["fan-out.off=false"]) == default_rules()
    assert with_settings([gf.Cycle(keep=0.7)], ["fan-in.off=false"]) == [gf.Cycle(keep=0.7), gf.FanIn()]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("cycel.window=48h", 'cycel.window=48h: there is no detector "cycel": did you mean "cycle"?'),
        ("cycle.windw=48h", 'cycle.windw=48h: cycle has no parameter "windw": did you mean "window"?'),
        ("cycle.window=soon", 'cycle.window must be a duration such as "72h", "60m" or "7d", not \'soon\''),
        ("cycle.max_hops=many", "cycle.max_hops must be a number, not 'many'"),
        ("cycle.keep=2", "cycle.keep is a share, from 0 to 1, not 2"),
        ("cycle.off=maybe", "cycle.off must be true or false, not 'maybe'"),
        ("cycle.window.CNY=48h", "cycle.window is no table, so it has no CNY"),
        ("cycle", '"cycle" must be like cycle.window=48h'),
        ("cycle.window", '"cycle.window" must be like cycle.window=48h'),
        ("fan-out.window=1h", "fan-out is off; to use it set fan-out.off=false first"),
    ],
)
def test_a_wrong_setting_names_detector_parameter_and_value(setting: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        with_settings(with_settings(default_rules(), ["fan-out.off=true"]), [setting])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_detectors_of_one_name_are_not_guessed_between() -> None:
    with pytest.raises(RuleError, match="several detectors have one name"):
        with_settings([gf.Cycle(), gf.Cycle(keep=0.9)], ["cycle.window=1h"])


def test_detectors_made_by_hand_are_explained_too() -> None:
    told = sources([gf.Cycle(keep=0.7)])
    assert told["cycle", "keep"] == ("0.7", "set by the user")
    assert told["cycle", "window"] == sources(default_rules())["cycle", "window"]


# --- tables of numbers by name, texts, yes or no: a detector that has them ---------------------------------


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """Amounts just under a threshold."""

    name: ClassVar[str] = "tiny"

    thresholds: tuple[tuple[str, float], ...] = threshold((("CNY", 50000.0),), "amount by currency", "a law")
    word: str = threshold("night", "", "judgement")
    strict: bool = threshold(False, "yes or no", "judgement")
    nap: timedelta = threshold(timedelta(milliseconds=1500), "duration", "judgement")

    def find(self, graph: gf.FlowGraph) -> Generator[gf.Finding, None, tuple[str, ...]]:
        yield from ()
        return ()


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.rules.DETECTORS", (*DETECTORS, Tiny))


TABLES = [
    "[tiny.thresholds]\nCNY = 40000\n'US Dollar' = 10000\n",
    "[tiny]\nthresholds = { CNY = 40000, 'US Dollar' = 10000 }\n",
    "[tiny.thresholds]\nvalue = { CNY = 40000, 'US Dollar' = 10000 }\nsource = 'two laws'\n",
]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("text", TABLES)
def test_a_table_of_thresholds_is_read_printed_and_read_again(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    rules = load_rules(path)
    assert rules[-1] == Tiny(thresholds=(("CNY", 40000.0), ("US Dollar", 10000.0)))
    said = "two laws" if "source" in text else f"rules file {path}"
    assert sources(rules)["tiny", "thresholds"] == ("CNY 40000, US Dollar 10000", said)
    path.write_text(rules_file(with_settings(rules, ["tiny.strict=true", "tiny.word=3"])), encoding="utf-8")
    assert load_rules(path)[-1] == replace(rules[-1], strict=True, word="3")  # type: ignore[type-var]


@pytest.mark.usefixtures("tiny")
def test_one_entry_of_a_table_is_set() -> None:
    rules = with_settings(default_rules(), ["tiny.thresholds.USD=10000", "tiny.thresholds.CNY=1e4"])
    assert rules[-1] == Tiny(thresholds=(("CNY", 10000.0), ("USD", 10000.0)))
    for setting, message in (
        ("tiny.thresholds=5", "tiny.thresholds is a table; set one entry, as thresholds.NAME=…"),
        ("tiny.thresholds.CNY=much", "tiny.thresholds.CNY must be a number, not 'much'"),
        ("tiny.strict=perhaps", "tiny.strict must be true or false, not 'perhaps'"),
    ):
        with pytest.raises(RuleError) as caught:
            with_settings(rules, [setting])
        assert message in str(caught.value)


@pytest.mark.usefixtures("tiny")
def test_a_table_must_be_one(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[tiny]\nthresholds = 5\n", encoding="utf-8")
    with pytest.raises(RuleError, match="thresholds must be a table of numbers by name, not 5"):
        load_rules(path)


# --- in a run ---------------------------------------------------------------------------------------------


def test_a_run_says_which_rules_it_used(tmp_path: Path) -> None:
    rules = with_settings(load_rules("intl-app"), ["cycle.window=48h", "fan-out.off=true"])
    analysis = gf.analyze(TOUR, detectors=rules)
    gf.write_results(analysis, tmp_path / "out")
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["preset"] == "intl-app"
    assert run["rules"]["cycle"]["window"] == "48h"
    assert run["rules_used"] == explain(rules).to_dicts()
    assert {"detector": "fan-out", "parameter": "off", "value": "true", "unit": "", "source": "set by the user"} in run[
        "rules_used"
    ]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Preset intl-app, with the values below." in page
    assert "Western mules keep 8 to 10 % a hop" in page
    assert "set by the user" in page


def test_rules_and_detectors_are_not_given_both() -> None:
    with pytest.raises(RuleError, match="give detectors or rules, not both"):
        gf.analyze(TOUR, detectors=[gf.Cycle()], rules="crypto")


def test_a_preset_changes_what_is_found(tmp_path: Path) -> None:
    path = tmp_path / "six.csv"
    rows = [f"2026-01-0{k + 1},P{k},C,100,CNY" for k in range(6)]
    path.write_text("\n".join(["time,payer,payee,amount,currency", *rows]), encoding="utf-8")
    found = {name: gf.analyze(path, rules=name).findings for name in PRESETS}
    assert [len(found[name]) > 0 for name in PRESETS] == [True, False, False]  # six payers in six days, not in 24 hours


# --- times too coarse ---------------------------------------------------------------------------------------


DAYS = "the times of the ledger tell 1 day"


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Spans of each kind."""

    name: ClassVar[str] = "timed"

    window: timedelta = threshold(timedelta(days=3), "duration", "judgement")
    gap: timedelta = threshold(timedelta(hours=30), "duration", "judgement", defines=True)
    fast: timedelta = threshold(timedelta(days=1), "duration", "judgement")
    dwell: timedelta = threshold(timedelta(hours=2), "duration", "judgement", defines=False)

    def find(self, graph: gf.FlowGraph) -> Generator[gf.Finding, None, tuple[str, ...]]:
        yield from ()
        return ("it ran",)


@pytest.mark.parametrize(
    ("precision", "warnings", "ran"),
    [
        (timedelta(hours=1), [], True),
        (
            timedelta(days=1),
            ["the times of the ledger tell 1 day: no evidence of timed.fast (1 day), timed.dwell (2 hours)"],
            True,
        ),
        (
            timedelta(hours=36),
            ["timed is off: its gap of 1 day 6 hours is finer than the times of the ledger, which tell 1 day 12 hours"],
            False,
        ),
    ],
)
def test_what_coarse_times_cannot_tell_is_said(precision: timedelta, warnings: list[str], ran: bool) -> None:
    findings = gf.detect(graph_of([("A", "B", 0, 100)], precision=precision), [Timed()])
    assert list(findings.warnings) == warnings
    assert bool(findings.truncated) == ran


def test_the_evidence_that_days_cannot_give_is_named_for_all_detectors() -> None:
    findings = gf.detect(graph_of([("A", "B", 0, 100)], precision=timedelta(days=1)), [gf.FanIn(), gf.MuleChain()])
    assert list(findings.warnings) == [
        "the times of the ledger tell 1 day: no evidence of fan-in.fast (1 hour), mule-chain.fast (1 hour)"
    ]
