"""The report as text and as figures: what it shows adds up, is bounded, and is in the reader's words."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from view_cases import HOSTILE, case, crowd, finding, hostile, ledger, rule, tour

import graphflow as gf
from graphflow.case import Case
from graphflow.finding import Part
from graphflow.graph import FlowGraph
from graphflow.languages import Reader
from graphflow.ledger import Ledger, Source
from graphflow.view.case_shape import MAX_LINES, MAX_NODES, case_shape
from graphflow.view.chart import Chart
from graphflow.view.flagged_flow import MAX_TIER, NEVER, NOT_REACHED, FlaggedFlow
from graphflow.view.layout import tiers
from graphflow.view.report import MAX_LINES as LISTED_LINES
from graphflow.view.report import MAX_SHAPES, MAX_SOURCES, report, script_texts
from graphflow.view.report_cases import MAX_STEPS, steps
from graphflow.view.report_charts import MAX_CURRENCIES, MAX_DETECTORS, charts
from graphflow.view.run_report import run_report

ROOT = Path(__file__).parent.parent
VENDOR = ROOT / "graphflow" / "view" / "assets" / "vendor"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> gf.Analysis:
    """A simulated town together with the samples: every role and detector, and several currencies."""
    out = tmp_path_factory.mktemp("town") / "sim"
    gf.simulate(seed=7, accounts=300, days=10).write(out)
    return gf.analyze([out / "transfers.csv", *sorted((ROOT / "samples").glob("*.csv"))])


def page(graph: FlowGraph | None, cases: list[Case], **changes: Any) -> str:
    given: dict[str, Any] = {
        "title": "Run", "summary": "Read.", "cases": cases, "pages": {told.id for told in cases}, "sources": [],
        "truncated": [], "warnings": [], "rules": [], "facts": {}, "version": "0.1.0", "graph": graph,
    }  # fmt: skip
    return report(**{**given, **changes})


def bare(rows: list[tuple[str, str, int, str]]) -> pl.DataFrame:
    """Transfers without their times."""
    return ledger(rows).frame.select("tx", "payer", "payee", "paid", "paid_currency")


def by_id(graph: FlowGraph, cases: list[Case], to: Reader | None = None) -> dict[str, Chart]:
    return {chart.id: chart for chart in charts(graph.flow, cases, to or Reader())}


# --- what others wrote ----------------------------------------------------------------------------------


def test_the_chart_library_is_the_published_file() -> None:
    known = tomllib.loads((VENDOR / "VENDOR.toml").read_text("utf-8"))
    for entry in known.values():
        assert sha512((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha512"], entry["name"]
        head = (VENDOR / entry["file"]).read_text("utf-8")[:200]
        assert f"v{entry['version']}" in head
        assert entry["license"] in head
        assert "MIT License" in (VENDOR / entry["license_file"]).read_text("utf-8")
    listed = {name for entry in known.values() for name in (entry["file"], entry["license_file"])}
    assert {path.name for path in VENDOR.iterdir()} == listed | {"VENDOR.toml"}


# --- points -----------------------------------------------------------------------------------------------


def test_steps_add_up_to_the_points_whatever_is_summed_up(town: gf.Analysis) -> None:
    for told in town.cases:
        for most in (1, 3, MAX_STEPS, 100):
            made = steps(told, most, Reader())
            assert sum(step.points for step in made) == pytest.approx(told.points, abs=1e-6)
            assert len(made) <= most + 1
    assert any(len(steps(told, 100, Reader())) > MAX_STEPS for told in town.cases)


def test_a_best_finding_is_told_by_its_own_parts() -> None:
    _, told = tour()
    best = told.findings[0]
    whole = replace(told, parts=(Part("structure", best.points, f"fan-in: {best.reason}"), *told.parts[1:]))
    assert steps(whole, 9, Reader())[0].sentence == "6 payers within 85 minutes"
    other = replace(told, parts=(Part("structure", best.points + 1, "another sum"), *told.parts[1:]))
    assert steps(other, 9, Reader())[0].sentence == "another sum"


# --- shapes -------------------------------------------------------------------------------------------------


def test_shapes_are_small_and_hold_no_text(town: gf.Analysis) -> None:
    hidden = 0
    for told in town.cases:
        shape = case_shape(town.graph, told)
        dots = re.findall(r"M\d+ \d+h0", shape.svg)
        assert len(set(dots)) == len(dots) == min(shape.accounts, MAX_NODES) == shape.accounts - shape.unseen
        assert shape.svg.count("L") <= MAX_LINES
        assert len(shape.svg) < 2500
        assert not re.search(r">[^<]", shape.svg)
        hidden += shape.unseen
    assert hidden


def test_a_shape_keeps_flagged_accounts_and_the_largest() -> None:
    graph, told = crowd(900)
    shape = case_shape(graph, told)
    assert (shape.accounts, shape.unseen) == (902, 902 - MAX_NODES)
    assert re.search(r'class="dot collector suspected" d="M\d+ \d+h0"', shape.svg)
    assert "and 862 more accounts" in page(graph, [told])


def test_money_runs_from_left_to_right_in_a_shape() -> None:
    svg = case_shape(*tour()).svg
    found = re.findall(r'class="dot ([a-z-]+)(?: suspected)?" d="M(\d+)', svg)
    left = {role: int(x) for role, x in found}
    assert left["source"] < left["collector"] < left["transit"] < left["end"]


@pytest.mark.parametrize("names", [HOSTILE, ("A",)])
def test_a_payment_to_oneself_or_a_hostile_name_makes_a_shape(names: tuple[str, ...]) -> None:
    book = ledger([(name, name, 100, "CNY") for name in names])
    shape = case_shape(FlowGraph(book), case([finding(book, lambda *_: True)], {}))
    assert shape.accounts == len(set(names))
    assert "<script" not in shape.svg


# --- charts, against loops ----------------------------------------------------------------------------------


def test_flagged_amounts_are_those_of_the_cited_rows_each_once(town: gf.Analysis) -> None:
    chart = by_id(town.graph, list(town.cases))["over-time"]
    flow = town.graph.flow
    high = {int(row) for told in town.cases if told.level == "high" for row in told.rows}
    rest = {int(row) for told in town.cases for row in told.rows} - high
    for series, rows in zip(chart.series, (high, rest), strict=True):
        assert rows
        whole = sum(int(flow.value[row]) for row in rows)
        assert sum(series.values) == pytest.approx(whole / 100)
    assert sum(int(row[1].replace(",", "")) for row in chart.rows) == len(high | rest)
    assert len(chart.labels) == len(chart.series[0].values) <= 62
    assert "Several currencies are shown by their value in CNY" in chart.note


def test_the_table_of_amounts_says_what_was_paid_by_currency() -> None:
    graph, told = tour()
    chart = by_id(graph, [told])["over-time"]
    assert chart.header[-1] == ("As paid, by currency", True)
    assert sum("USD" in row[-1] for row in chart.rows) == 1
    rows = [(f"P{k}", "C", 100, f"X{k:02}") for k in range(MAX_CURRENCIES + 3)]
    book = ledger(rows)
    many = by_id(FlowGraph(book), [case([finding(book, lambda *_: True, currency="X00")], {})])["over-time"]
    said = " ".join(row[-1] for row in many.rows)
    assert said.count("1.00 X") == len(rows)


@pytest.mark.parametrize(
    ("minutes", "said", "bars"),
    [(0, "by second", 1), (50, "by minute", 51), (60 * 24 * 3, "by 6 hours", 13), (60 * 24 * 40, "by day", 41),
     (60 * 24 * 300, "by week", 43), (60 * 24 * 365 * 50, "by year", 51)],
)  # fmt: skip
def test_the_step_of_time_fits_the_span(minutes: int, said: str, bars: int) -> None:
    book = Ledger.from_frame(_two(minutes, seconds=1 if not minutes else 0))
    chart = by_id(FlowGraph(book), [case([finding(book, lambda *_: True)], {})])["over-time"]
    assert said in chart.note
    assert abs(len(chart.labels) - bars) <= 1
    assert sum(chart.series[1].values) == 3.0


def _two(minutes: int, seconds: int = 0) -> Any:
    start = datetime(2026, 1, 1, 0, 7, seconds, tzinfo=UTC)
    frame = ledger([("A", "C", 100, "CNY"), ("B", "C", 200, "CNY")]).frame.select(
        "tx", "payer", "payee", "paid", "paid_currency"
    )
    return frame.with_columns(pl.Series("time", [start, start + timedelta(minutes=minutes)]))


def test_days_begin_by_the_readers_clock() -> None:
    graph, told = tour()  # from 09:05 to 09:19 UTC
    here = by_id(graph, [told], Reader(zone="Asia/Shanghai"))["over-time"]
    assert here.labels[0] == "2026-03-02 17:05"
    assert "(Asia/Shanghai)" in here.note


def test_how_soon_receipts_leave(town: gf.Analysis) -> None:
    flow, flagged = town.graph.flow, {name for told in town.cases for name in told.accounts}
    names = flow.names.to_list()
    payments: dict[int, list[int]] = defaultdict(list)
    for event in range(flow.size):
        if flow.payer[event] != flow.payee[event]:
            payments[int(flow.payer[event])].append(event)
    wanted = []
    for row in sorted({int(row) for told in town.cases for row in told.rows}):
        payee = int(flow.payee[row])
        if names[payee] in flagged and flow.payer[row] != payee:
            later = [event for event in payments[payee] if event > row]
            wait = int(flow.time[later[0]] - flow.time[row]) if later else NEVER
            wanted.append((int(flow.value[row]), wait))
    value, waits = FlaggedFlow(flow, town.cases).delays()
    assert list(zip(value.tolist(), waits.tolist(), strict=True)) == wanted
    assert NEVER in waits.tolist()
    chart = by_id(town.graph, list(town.cases))["delays"]
    assert sum(chart.series[0].values) == len(wanted)


def test_a_clock_of_days_tells_no_minutes() -> None:
    days = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)]
    rows = [("A", "C", 100, "CNY"), ("C", "B", 100, "CNY")]
    book = Ledger.from_frame(bare(rows).with_columns(pl.Series("time", days)))
    book = replace(book, precision=timedelta(days=1))
    chart = by_id(FlowGraph(book), [case([finding(book, lambda *_: True)], {})])["delays"]
    assert chart.labels[:2] == ("under 1 day", "1 day to 3 days")
    assert chart.series[0].values[1] == 1
    assert "wait 2 days or less" in chart.note


def test_tiers_are_those_of_the_pictures(town: gf.Analysis) -> None:
    """Where money of tier 0 reaches every account, tiers of the chart and of a case's picture are the same."""
    flow, checked = town.graph.flow, 0
    for told in town.cases:
        alone = FlaggedFlow(flow, [told])
        table = {tier: accounts for tier, accounts, _, _ in alone.by_tier().iter_rows()}
        codes = sorted({int(c) for row in told.rows for c in (flow.payer[row], flow.payee[row])})
        place = {code: k for k, code in enumerate(codes)}
        hops = [(place[int(flow.payer[row])], place[int(flow.payee[row])]) for row in told.rows]
        victims = {code for code in codes if told.roles[flow.names[code]] == "victim candidate"}
        others = [(payer, payee) for payer, payee in hops if payer != payee]
        only = {payer for payer, _ in others} - {payee for _, payee in others}
        sources = only | {place[code] for code in victims}
        drawn = tiers(len(codes), hops, sources or {hops[0][0]})
        assert sum(table.values()) == len(codes)
        if NOT_REACHED not in table:
            counts = np.bincount(np.minimum(drawn, MAX_TIER))
            assert table == {tier: int(n) for tier, n in enumerate(counts) if n}
            checked += 1
    assert checked > 20


def test_money_that_was_paid_before_it_came_has_no_tier() -> None:
    book = ledger([("X", "Y", 100, "CNY"), ("A", "X", 100, "CNY")])
    graph, told = FlowGraph(book), case([finding(book, lambda *_: True)], {})
    chart = by_id(graph, [told])["tiers"]
    assert chart.labels == ("tier 0", "tier 1", "not reached from tier 0")
    assert chart.rows == (("tier 0", "1", "0.00", "1.00"), ("tier 1", "1", "1.00", "1.00"),
                          ("not reached from tier 0", "1", "1.00", "0.00"))  # fmt: skip
    ring = ledger([("A", "B", 100, "CNY"), ("B", "C", 100, "CNY"), ("C", "A", 100, "CNY")])
    chart = by_id(FlowGraph(ring), [case([finding(ring, lambda *_: True)], {})])["tiers"]
    assert chart.labels == ("tier 0", "tier 1", "tier 2")


def test_ways_longer_than_the_last_tier_end_in_it() -> None:
    book = ledger([(f"A{k}", f"A{k + 1}", 100, "CNY") for k in range(MAX_TIER + 4)])
    chart = by_id(FlowGraph(book), [case([finding(book, lambda *_: True)], {})])["tiers"]
    assert [row[1] for row in chart.rows] == ["1"] * MAX_TIER + ["5"]
    assert chart.labels[-1] == f"tier {MAX_TIER} or more"


def test_what_tiers_receive_and_pay_is_what_cases_cite(town: gf.Analysis) -> None:
    table = FlaggedFlow(town.graph.flow, town.cases).by_tier()
    whole = sum(int(town.graph.flow.value[told.rows].sum()) for told in town.cases)
    assert table["came"].sum() == table["went"].sum() == whole
    sources = table.row(by_predicate=pl.col("tier") == 0, named=True)
    assert sources["went"] > sources["came"]


def test_sums_of_hostile_amounts_do_not_wrap_round() -> None:
    book = ledger([(f"P{k}", "C", 2**62, "CNY") for k in range(6)])
    graph = FlowGraph(book)
    drawn = by_id(graph, [case([finding(book, lambda *_: True)], {})])
    assert sum(drawn["over-time"].series[1].values) == pytest.approx(6 * 2**62 / 100)
    assert drawn["delays"].rows[-1][2] == f"{6 * 2**62 // 100:,}.{6 * 2**62 % 100:02d}"


def test_a_case_counts_once_for_each_of_its_detectors() -> None:
    graph, told = tour()
    chart = by_id(graph, [told, told])["by-detector"]
    assert dict(zip(chart.labels, chart.series[1].values, strict=True)) == {"cycle": 2, "fan-in": 2, "mule-chain": 2}
    book = graph.ledger
    many = [finding(book, lambda *_: True, detector=f"own-{k:03}") for k in range(MAX_DETECTORS + 5)]
    chart = by_id(graph, [case(many, {})])["by-detector"]
    assert chart.labels[-1] == "5 other detectors"
    assert sum(chart.series[1].values) == MAX_DETECTORS + 5


# --- the page --------------------------------------------------------------------------------------------------


def test_five_hundred_cases_and_the_chart_library_stay_small(town: gf.Analysis) -> None:
    told = [replace(one, id=f"case-{k:04}", rank=k) for k, one in enumerate([*town.cases] * 100, 1)][:5000]
    assert len(told) == 5000
    html = page(town.graph, told, pages={one.id for one in told[:100]})
    assert len(html.encode()) < 2_000_000
    assert html.count('<tr data-level="') == 500
    assert html.count('<svg class="case-shape" ') == MAX_SHAPES
    assert "The first 500 of 5,000 cases are listed; cases.csv holds all of them" in html
    assert "The first 100 cases have one." in html


def test_a_report_without_cases_carries_no_chart_library(town: gf.Analysis) -> None:
    html = page(town.graph, [])
    assert "No case was found. That says only that these rules saw nothing in these rows." in html
    assert "Chart.js" not in html
    assert "<canvas" not in html
    assert len(html.encode()) < 60_000


def test_one_case_has_its_charts_and_its_figures_in_tables() -> None:
    graph, told = tour()
    html = page(graph, [told])
    assert re.findall(r'<canvas id="([a-z-]+)"', html) == ["waterfall", "over-time", "by-detector", "delays", "tiers"]
    assert html.count('<table class="figures">') == 5  # four charts, and the inputs
    assert "Chart.js" in html
    assert "sourceMappingURL" not in html


def test_an_analysis_says_itself_in_a_paragraph(town: gf.Analysis) -> None:
    html = run_report(town, town.cases, ["cycle: stopped"], Reader(zone="Asia/Shanghai"))
    found = re.search(r'<p class="summary">(.*?)</p>', html, re.S)
    assert found is not None
    high = sum(told.level == "high" for told in town.cases)
    for words in (f"{town.ledger.height:,} transfers", f"{len(town.cases):,} cases", f"{high:,} at level high",
                  "(Asia/Shanghai)", "First in rank is case-0001"):  # fmt: skip
        assert words in found[1]
    assert "Time (Asia/Shanghai)" in html
    assert all(line[:40].replace("&", "&amp;") in html for line in town.warnings)


def test_long_lists_are_cut_and_counted() -> None:
    rows = dict.fromkeys(("read", "accepted", "paired", "duplicate", "excluded", "rejected"), 0) | {
        "read": 3,
        "accepted": 3,
    }
    source = Source(path="a.csv", sha256="ab" * 32, bytes=9, encoding="utf-8", dialect="plain", rows=rows)
    html = page(None, [], sources=[source] * (MAX_SOURCES + 20), warnings=["w"] * (LISTED_LINES + 7), truncated=["c"])
    assert "and 20 more inputs; run.json names all of them" in html
    assert '<td class="number">60</td>' in html
    assert "and 7 more; run.json has all of them" in html


def test_hostile_names_stay_text_wherever_they_come_in() -> None:
    graph, told = hostile()
    words = list(HOSTILE)
    html = page(graph, [told] * 3, title=words[0], summary=words[4], warnings=words, truncated=words, preset=words[5],
                rules=[rule(*words[:5])], facts=dict(zip(words, words, strict=True)))  # fmt: skip
    for name in words[:6]:
        assert name not in html
    for block in re.findall(r'<script type="application/json" id="[a-z-]+">(.*?)</script>', html, re.S):
        json.loads(block)
        assert "<" not in block


# --- the reader's words --------------------------------------------------------------------------------------------


class Marked(dict[str, str]):
    """A catalogue that knows every text, and marks it."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return f"‹{key}›"

    def get(self, key: str, default: Any = None) -> str:
        return self[key]


class Texts(HTMLParser):
    """What a reader sees or hears, outside of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style", "title")
        self.found += [value for name, value in attrs if name in ("aria-label", "placeholder") and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style", "title")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(data.strip())


def unmarked(texts: list[str]) -> Iterator[str]:
    for text in texts:
        depth, left = 0, ""
        for character in text:
            depth += (character == "‹") - (character == "›")
            left += character if depth == 0 and character != "›" else ""
        if re.search(r"[A-Za-z]{2}", left):
            yield left


def test_every_fixed_text_goes_through_the_readers_catalogue() -> None:
    graph, told = tour()
    html = page(
        graph, [told], warnings=["WARNING"], truncated=["CUT"], rules=[rule("D", "P", "V")], preset="PRESET",
        to=Reader(code="zh", words=Marked()), summary="SUMMARY", title="TITLE", facts={"FACT": "1"},
    )  # fmt: skip
    data = {"WARNING", "CUT", "SUMMARY", "TITLE", "FACT", "SHA-256", told.headline, told.id, told.amount_text}
    data |= {found.detector for found in told.findings} | {part.sentence for part in told.parts}
    amounts = r"(, )?CNY|[\d,.]+ (CNY|USD)( \+ [\d,.]+ USD)?|case-0001 · .*"
    left = [text for text in unmarked(Texts(html).found) if text not in data]
    assert [text for text in left if not re.fullmatch(amounts, text)] == []


def test_the_scripts_get_exactly_the_words_they_say() -> None:
    texts = script_texts()
    assert "Show {n} more" in texts
    html = page(None, [], to=Reader(code="en", words={texts[0]: "译", "Cases": "案件"}))
    found = re.search(r'id="phrases">(.*?)</script>', html)
    assert found is not None
    assert json.loads(found[1]) == {texts[0]: "译"}
