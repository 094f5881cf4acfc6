"""The pages in a real browser, with the network off: they open, they answer, and no name of an account runs."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trace_cases
from view_cases import HOSTILE, crowd, hostile, rule, tour

import graphflow as gf
from graphflow.view import view
from graphflow.view.report import report
from graphflow.view.trace_page import trace_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="Playwright is not installed"),
]

SCREENS = {"desk": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield launched
        launched.close()


class Visit:
    """An open page, and everything that should not have happened on it."""

    def __init__(self, browser: Any, file: Path, screen: str, scheme: str = "light") -> None:
        width, height = SCREENS[screen]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True, accept_downloads=False
        )
        self.trouble: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.trouble.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.trouble.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self._requested(request.url, file.as_uri()))
        self.page.goto(file.as_uri())
        self.page.wait_for_timeout(200)

    def _requested(self, url: str, own: str) -> None:
        if url != own:
            self.trouble.append(f"request: {url}")

    def spot(self, node: int) -> tuple[float, float]:
        """Where a node is on the screen."""
        script = "node => graphflow.network.canvasToDOM(graphflow.network.getPosition(node))"
        return self._on_screen(self.page.evaluate(script, node))

    def middle(self, edge: int) -> tuple[float, float]:
        """Where the curve of an edge is half way."""
        script = "id => graphflow.network.canvasToDOM(graphflow.network.body.edges[id].edgeType.getPoint(0.62))"
        return self._on_screen(self.page.evaluate(script, edge))

    def _on_screen(self, point: dict[str, float]) -> tuple[float, float]:
        box = self.page.locator("#graph").bounding_box()
        return box["x"] + point["x"], box["y"] + point["y"]

    def listed(self) -> list[str]:
        """The transactions in the table."""
        cells: list[str] = self.page.locator("#rows tbody tr td:first-child").all_inner_texts()
        return cells

    def colours(self) -> dict[int, float]:
        """Opacity of each edge."""
        script = """() => Object.fromEntries(
            Object.values(graphflow.network.body.edges).map((edge) => [edge.id, edge.options.color.opacity]))"""
        return {int(edge): opacity for edge, opacity in self.page.evaluate(script).items()}


def edge_between(visit: Visit, words: str) -> int:
    script = "words => JSON.parse(document.getElementById('facts').textContent).edges.findIndex(e => e[0][0] === words)"
    found: int = visit.page.evaluate(script, words)
    return found


def node_of(visit: Visit, account: str) -> int:
    script = "name => JSON.parse(document.getElementById('facts').textContent).nodes.findIndex(n => n[0][0] === name)"
    found: int = visit.page.evaluate(script, account)
    return found


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


def test_choosing_a_finding_highlights_and_filters(browser: Any, tour_file: Path) -> None:
    visit = Visit(browser, tour_file, "desk")
    visit.page.locator(".finding").nth(1).click()
    loop = {edge_between(visit, words) for words in ("C → T1", "T1 → E1", "E1 → C")}
    assert {edge for edge, opacity in visit.colours().items() if opacity > 0.5} == loop
    assert visit.listed() == ["T00007", "T00010", "T00013", "T00014"]
    assert visit.page.locator(".finding[aria-pressed=true]").count() == 1
    visit.page.locator("#all").click()
    assert len(visit.listed()) == 15
    assert set(visit.colours().values()) == {0.85}
    assert not visit.page.locator("#all").is_visible()
    assert visit.trouble == []


def test_clicking_an_account_or_an_edge_filters_the_table(browser: Any, tour_file: Path) -> None:
    visit = Visit(browser, tour_file, "desk")
    visit.page.mouse.click(*visit.spot(node_of(visit, "T1")))
    assert visit.listed() == ["T00007", "T00010", "T00013"]
    visit.page.mouse.click(*visit.middle(edge_between(visit, "T1 → E1")))
    visit.page.wait_for_timeout(400)  # vis-network tells two clicks from a double click by time
    assert visit.listed() == ["T00010", "T00013"]
    assert "68,000.00 CNY + 150.00 USD" in visit.page.locator("#chosen").inner_text()


def test_hovering_shows_the_facts(browser: Any, tour_file: Path) -> None:
    visit = Visit(browser, tour_file, "desk")
    visit.page.mouse.move(*visit.spot(node_of(visit, "V2")))
    visit.page.wait_for_timeout(100)
    text = visit.page.locator("#tip").inner_text()
    for fact in ("V2", "source", "Wang Min", "20,000.00 CNY (1 transaction)", "2026-03-02 09:06"):
        assert fact in text
    visit.page.mouse.move(*visit.middle(edge_between(visit, "T1 → E1")))
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
    ink = "() => graphflow.network.body.nodes[0].options.font.color"
    assert visit.page.evaluate(ink) == "#e8ebef"
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert visit.page.evaluate(ink) == "#000"
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert visit.page.evaluate(ink) == "#e8ebef"


def test_the_largest_picture_opens_at_once(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, view(*crowd(900)).save(tmp_path / "case.html"), "desk")
    assert visit.page.evaluate("performance.getEntriesByType('navigation')[0].domComplete") < 3000
    visit.page.mouse.click(*visit.spot(node_of(visit, "625 more accounts beside C")))
    assert len(visit.listed()) == 625
    assert visit.trouble == []


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


def widths(visit: Visit) -> dict[int, float]:
    """Width of each edge that is drawn."""
    script = """() => Object.fromEntries(Object.values(graphflow.network.body.edges)
        .filter((edge) => !edge.options.hidden).map((edge) => [edge.id, edge.options.width]))"""
    return {int(edge): width for edge, width in visit.page.evaluate(script).items()}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_trace_opens_without_network(browser: Any, trace_file: Path, screen: str, scheme: str) -> None:
    visit = Visit(browser, trace_file, screen, scheme)
    assert visit.trouble == []
    assert len(visit.listed()) == 8
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = visit.page.locator("#graph").bounding_box()
    for node in range(7):
        x, y = visit.spot(node)
        assert box["x"] < x < box["x"] + box["width"]
        assert box["y"] < y < box["y"] + box["height"]


def test_the_rule_of_a_trace_changes_widths_and_colours(browser: Any, trace_file: Path) -> None:
    visit = Visit(browser, trace_file, "desk")
    edge, node = edge_between(visit, "C → T"), node_of(visit, "E")
    fill = "node => graphflow.network.body.nodes[node].options.color.background"
    assert widths(visit)[edge] == pytest.approx(22 * 300 / 500)
    assert edge_between(visit, "T → E") not in widths(visit)
    assert visit.page.evaluate(fill, node) == "#b9c0ca"
    visit.page.select_option("#rule", "pro_rata")
    assert widths(visit)[edge] == pytest.approx(22 * 450 / 500)
    assert edge_between(visit, "T → E") in widths(visit)
    assert visit.page.evaluate(fill, node) == "#9c2f0c"
    assert visit.trouble == []


def test_an_edge_of_a_trace_shows_its_transactions_with_file_and_row(browser: Any, trace_file: Path) -> None:
    visit = Visit(browser, trace_file, "desk")
    visit.page.select_option("#rule", "pro_rata")
    visit.page.mouse.click(*visit.middle(edge_between(visit, "T → E")))
    visit.page.wait_for_timeout(400)
    assert visit.listed() == ["T00005", "T00006"]
    assert visit.page.locator("#rows tbody tr").first.locator("td").nth(7).inner_text() == "bank.csv"
    assert visit.page.locator("#rows tbody tr").first.locator("td").nth(8).inner_text() == "6"
    assert "bank.csv:6, bank.csv:7" in visit.page.locator("#chosen").inner_text()


def test_a_line_of_freeze_first_shows_its_account_in_the_trace(browser: Any, trace_file: Path) -> None:
    visit = Visit(browser, trace_file, "desk")
    button = visit.page.locator(".finding").first
    button.click()
    account = visit.page.locator("#chosen b").inner_text()
    assert account in button.inner_text()
    bright = {edge for edge, opacity in visit.colours().items() if opacity > 0.5}
    assert edge_between(visit, f"V1 → {account}") in bright
    assert 0 < len(bright) < 8
    visit.page.locator("#all").click()
    assert len(visit.listed()) == 8


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
    assert visit.page.locator("body > script").count() == 5
    assert visit.page.evaluate("window.stolen") is None
    assert visit.trouble == []


def test_the_largest_trace_opens_at_once(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, trace_page(trace_cases.crowd(900, tier=400)).save(tmp_path / "trace.html"), "desk")
    assert visit.page.evaluate("performance.getEntriesByType('navigation')[0].domComplete") < 3000
    assert visit.page.locator("#shown").inner_text() == "1,701 cited, in time order"
    assert visit.trouble == []
