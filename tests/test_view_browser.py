"""The pages in a real browser, with the network off: they open, they answer, and no name of an account runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trace_cases
from browsing import MARKS, SCREENS, Visit, browsers
from view_cases import HOSTILE, hostile, rule, tour

import graphflow as gf
from graphflow.view import view
from graphflow.view.report import report
from graphflow.view.trace_page import trace_page

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from browsers()


@pytest.fixture
def tour_file(tmp_path: Path) -> Path:
    return view(*tour()).save(tmp_path / "case-0001.html")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_case_opens_without_network(browser: Any, tour_file: Path, screen: str, scheme: str) -> None:
    visit = Visit(browser, tour_file, screen, scheme)
    assert visit.trouble == []
    assert len(visit.listed()) == 15
    assert visit.page.evaluate("document.compatMode") == "CSS1Compat"
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for node in range(12):
        x, y = visit.spot(node)
        box = visit.page.locator("#graph").bounding_box()
        assert box["x"] < x < box["x"] + box["width"]
        assert box["y"] < y < box["y"] + box["height"]


def test_the_best_case_of_the_sample_folder_opens(browser: Any, tmp_path: Path) -> None:
    analysis = gf.analyze(Path(__file__).parent.parent / "samples" / "case")
    file = view(analysis.graph, analysis.cases[0]).save(tmp_path / "case-0001.html")
    visit = Visit(browser, file, "desk")
    assert visit.trouble == []
    assert {"2026031100000005", "1000026031102"} <= {*visit.listed()}  # of Alipay, of Tenpay


def test_choosing_lights_up_and_filters_the_table(browser: Any, tour_file: Path) -> None:
    visit = Visit(browser, tour_file)
    visit.page.locator(".finding").nth(1).click()
    assert visit.bright() == {"C → T1", "T1 → E1", "E1 → C"}
    assert visit.listed() == ["T00007", "T00010", "T00013", "T00014"]
    assert sorted(visit.texts("step")) == ["1", "2", "3"]
    assert visit.page.locator(".finding[aria-pressed=true]").count() == 1
    visit.page.locator("#all").click()
    assert len(visit.listed()) == 15
    assert visit.bright() == set(visit.edges())
    assert not visit.page.locator("#all").is_visible()
    visit.page.mouse.click(*visit.spot(visit.nodes()["T1"]))
    assert visit.listed() == ["T00007", "T00010", "T00013"]
    visit.page.mouse.click(*visit.middle("T1 → E1"))
    visit.page.wait_for_timeout(400)  # vis-network tells two clicks from a double click by time
    assert visit.listed() == ["T00010", "T00013"]
    assert "68,000.00 CNY + 150.00 USD" in visit.page.locator("#chosen").inner_text()
    assert visit.edges()["T1 → E1"]["amount"] == ["68,000 CNY", "150 USD ×2"]
    assert visit.trouble == []


def test_hovering_shows_the_facts(browser: Any, tour_file: Path) -> None:
    visit = Visit(browser, tour_file)
    visit.page.mouse.move(*visit.spot(visit.nodes()["V2"]))
    visit.page.wait_for_timeout(100)
    text = visit.page.locator("#tip").inner_text()
    for fact in ("V2", "source", "Wang Min", "20,000.00 CNY (1 transaction)", "2026-03-02 09:06"):
        assert fact in text
    visit.page.mouse.move(*visit.middle("T1 → E1"))
    visit.page.wait_for_timeout(100)
    assert "bank.csv:11, bank.csv:14" in visit.page.locator("#tip").inner_text()


def test_hostile_names_are_only_text(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, view(*hostile()).save(tmp_path / "case.html"), "desk")
    for node in range(len(HOSTILE) + 1):
        visit.page.mouse.move(*visit.spot(node))
        visit.page.wait_for_timeout(60)
        assert visit.page.locator("#tip").is_visible()
        visit.page.mouse.click(*visit.spot(node))
    for button in visit.page.locator(".finding").all():
        button.click()
    tip = visit.page.locator("#tip, #chosen, #rows, .findings")
    assert tip.locator("script, img, a, svg").count() == 0
    assert visit.page.evaluate("window.stolen") is None
    assert visit.trouble == []


def test_paper_is_white_in_dark_mode_too(browser: Any, tour_file: Path) -> None:
    visit = Visit(browser, tour_file, "desk", "dark")
    ring = "graphflow.network.body.nodes[graphflow.nodes().find(({ name }) => name === 'C').id].options.color.border"
    assert visit.ask(ring) == "#e8ebef"
    visit.ask("dispatchEvent(new Event('beforeprint'))")
    assert visit.ask(ring) == "#000"
    visit.ask("dispatchEvent(new Event('afterprint'))")
    assert visit.ask(ring) == "#e8ebef"


def test_the_notebook_frame_runs_without_reaching_out(browser: Any, tmp_path: Path) -> None:
    host = tmp_path / "notebook.html"
    host.write_text("<!doctype html><meta charset=utf-8>" + view(*tour())._repr_html_(), "utf-8")
    visit = Visit(browser, host, "desk")
    frame = visit.page.frame_locator("iframe")
    assert frame.locator("#rows tbody tr").count() == 15
    assert [line for line in visit.trouble if "about:srcdoc" not in line] == []


@pytest.mark.parametrize("screen", SCREENS)
def test_the_report_filters_its_cases(browser: Any, tmp_path: Path, screen: str) -> None:
    told, bad = tour()[1], hostile()[1]
    html = report(
        title=HOSTILE[0], summary=HOSTILE[1], cases=[told, bad], pages={told.id}, sources=[], truncated=HOSTILE,
        warnings=HOSTILE, rules=[rule(HOSTILE[0], HOSTILE[1], HOSTILE[4])], facts={}, version="0.1.0",
    )  # fmt: skip
    (tmp_path / "report.html").write_text(html, "utf-8")
    visit = Visit(browser, tmp_path / "report.html", screen)
    rows = visit.page.locator("#cases tbody tr:visible")
    assert rows.count() == 2
    visit.page.fill("#words", "one COLLECTOR")
    assert rows.count() == 1
    visit.page.fill("#words", "")
    visit.page.select_option("#detector", "mule-chain")
    assert rows.count() == 1
    assert visit.page.locator("#shown").inner_text() == "1 of 2 shown"
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.page.evaluate("window.stolen") is None
    assert visit.trouble == []


# --- the page of a trace ------------------------------------------------------------------------------


@pytest.fixture
def trace_file(tmp_path: Path) -> Path:
    return trace_page(trace_cases.small()).save(tmp_path / "trace.html")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_trace_opens_without_network(browser: Any, trace_file: Path, screen: str, scheme: str) -> None:
    visit = Visit(browser, trace_file, screen, scheme)
    assert visit.trouble == []
    assert len(visit.listed()) == 8
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for node in range(7):
        x, y = visit.spot(node)
        box = visit.page.locator("#graph").bounding_box()
        assert box["x"] < x < box["x"] + box["width"]
        assert box["y"] < y < box["y"] + box["height"]


def test_the_rule_of_a_trace_changes_widths_amounts_and_colours(browser: Any, trace_file: Path) -> None:
    visit = Visit(browser, trace_file)
    edge = visit.edges()["C → T"]
    assert edge["width"] == pytest.approx(22 * 300 / 500)
    assert edge["amount"] == ["300 CNY"]
    assert "T → E" not in visit.edges()
    visit.page.select_option("#rule", "pro_rata")
    edge = visit.edges()["C → T"]
    assert edge["width"] == pytest.approx(22 * 450 / 500)
    assert edge["amount"] == ["450 CNY"]
    assert "T → E" in visit.edges()
    visit.page.mouse.click(*visit.middle("T → E"))
    visit.page.wait_for_timeout(400)
    assert visit.listed() == ["T00005", "T00006"]
    assert (visit.column("File")[0], visit.column("Row")[0]) == ("bank.csv", "6")
    assert "bank.csv:6, bank.csv:7" in visit.page.locator("#chosen").inner_text()
    assert visit.trouble == []


def test_places_where_the_trail_ends_do_not_look_like_places_that_hold(browser: Any, trace_file: Path) -> None:
    visit = Visit(browser, trace_file)
    groups = {node["name"]: node["group"] for node in visit.ask("graphflow.nodes()")}
    assert (groups["E"], groups["C"]) == ("no-statement", "held-3")
    visit.page.select_option("#rule", "lifo")
    assert {node["name"]: node["group"] for node in visit.ask("graphflow.nodes()")}["E"] == "no-statement"
    visit.ask("graphflow.change({ chosen: { node: graphflow.nodes().find(({ name }) => name === 'E').id } })")
    text = visit.page.locator("#chosen").inner_text()
    assert "last seen here, last in, first out" in text
    assert "300.00 CNY" in text
    assert "still held" not in text
    assert visit.texts("heading") == ["victims", "tier 1", "tier 2", "tier 3"]


def test_a_line_of_freeze_first_shows_its_account_in_the_trace(browser: Any, trace_file: Path) -> None:
    visit = Visit(browser, trace_file)
    button = visit.page.locator(".finding").first
    button.click()
    account = visit.page.locator("#chosen b").inner_text()
    assert account in button.inner_text()
    bright = visit.bright()
    assert f"V1 → {account}" in bright
    assert 0 < len(bright) < len(visit.edges())
    visit.page.locator("#all").click()
    assert len(visit.listed()) == 8


@pytest.mark.slow
def test_hostile_names_are_only_text_in_a_trace(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, trace_page(trace_cases.hostile()).save(tmp_path / "trace.html"), "desk")
    for node in range(2 * len(HOSTILE) + 2):
        visit.page.mouse.move(*visit.spot(node))
        visit.page.wait_for_timeout(40)
        visit.page.mouse.click(*visit.spot(node))
    for button in visit.page.locator(".finding").all():
        button.click()
    assert visit.page.locator("#tip, #chosen, #rows, .findings, .figures, .notes").count() > 6
    told = visit.page.locator("#tip, #chosen, #rows, .findings, .figures, .notes, .summary")
    assert told.locator("script, img, a, svg").count() == 0
    assert visit.page.locator("body > script").count() == 6
    assert visit.page.evaluate("window.stolen") is None
    assert visit.trouble == []
