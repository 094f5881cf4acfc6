"""The report in a real browser, with the network off: charts are drawn, the table answers, no name runs."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from view_cases import HOSTILE, hostile, rule

import graphflow as gf
from graphflow.languages import Reader
from graphflow.view.report import report
from graphflow.view.run_report import run_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="Playwright is not installed"),
]

CHARTS = ["waterfall", "over-time", "by-detector", "delays", "tiers"]
SHOWN = "#cases tbody tr:not([hidden])"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> gf.Analysis:
    """A simulated town and the samples: 40 cases and more."""
    out = tmp_path_factory.mktemp("town") / "sim"
    gf.simulate(seed=7, accounts=300, days=10).write(out)
    return gf.analyze([out / "transfers.csv", *sorted((ROOT / "samples").glob("*.csv"))])


@pytest.fixture(scope="module")
def file(analysis: gf.Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report") / "report.html"
    target.write_text(run_report(analysis, analysis.cases, analysis.truncated, Reader()), "utf-8")
    return target


class Visit:
    """An open report, and everything that should not have happened on it."""

    def __init__(self, browser: Any, file: Path, width: int = 1280, scheme: str = "light", **options: Any) -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True, **options
        )
        self.trouble: list[str] = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.trouble.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.trouble.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self._requested(request.url, file.as_uri()))
        self.page.goto(file.as_uri())

    def _requested(self, url: str, own: str) -> None:
        if url != own:
            self.trouble.append(f"request: {url}")

    def ranks(self) -> list[int]:
        """Ranks of the cases that are seen, from the top."""
        return [int(text) for text in self.page.locator(f"{SHOWN} td:first-child").all_inner_texts()]

    def colours_on(self, canvas: str) -> int:
        """How many different colours a chart has."""
        script = """id => {
            const canvas = document.getElementById(id);
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
        found: int = self.page.evaluate(script, canvas)
        return found

    def bars(self, chart: str) -> list[Any]:
        """The values of the first set of bars of a chart."""
        found: list[Any] = self.page.evaluate("id => graphflow.charts[id].data.datasets[0].data", chart)
        return found


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_opens_without_network_and_draws_its_charts(browser: Any, file: Path, width: int, scheme: str) -> None:
    visit = Visit(browser, file, width, scheme)
    assert [name for name in CHARTS if visit.colours_on(name) < 4] == []
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.page.evaluate("document.compatMode") == "CSS1Compat"
    visit.page.locator("#tiers").hover()
    assert visit.trouble == []


def test_the_scheme_changes_the_colours_of_charts(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    script = "graphflow.charts['over-time'].data.datasets[0].backgroundColor"
    before = visit.page.evaluate(script)
    visit.page.emulate_media(color_scheme="dark")
    for _ in range(50):  # wait_for_function evaluates text, which the page's policy forbids
        if visit.page.evaluate(script) != before:
            break
        visit.page.wait_for_timeout(50)
    wanted = visit.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--chart-high').trim()")
    assert visit.page.evaluate(script) == wanted
    assert visit.trouble == []


def test_every_column_sorts_and_says_so(browser: Any, file: Path, analysis: gf.Analysis) -> None:
    visit = Visit(browser, file)
    visit.page.locator("#every").click()
    cases, factors = analysis.cases, analysis.graph.flow.valuation.factors
    keys: dict[str, Any] = {
        "rank": lambda c: c.rank,
        "level": lambda c: c.level,
        "points": lambda c: c.points,
        "amount": lambda c: round(c.amount * factors[c.currency]),
        "time": lambda c: f"{c.start:%Y-%m-%d %H:%M}{c.end:%Y-%m-%d %H:%M}",
    }
    for key, of in keys.items():
        for direction in ("ascending", "descending"):
            if not (key == "rank" and direction == "ascending"):
                visit.page.locator(f"th[data-key={key}] .sort").click()
            wanted = sorted(cases, key=of, reverse=direction == "descending")
            heads = visit.page.locator("#cases th[aria-sort]")
            if key == "rank" and direction == "ascending":
                visit.page.select_option("#order", "rank ascending")
            assert heads.evaluate_all("all => all.map((head) => [head.dataset.key, head.ariaSort])") == [
                [key, direction]
            ]
            assert visit.page.input_value("#order") == f"{key} {direction}"
            got = {case.rank: of(case) for case in cases}
            assert [got[rank] for rank in visit.ranks()] == [of(case) for case in wanted], (key, direction)
    for key in ("case", "what", "detectors"):
        visit.page.select_option("#order", f"{key} descending")
        assert visit.page.locator(f"th[data-key={key}]").get_attribute("aria-sort") == "descending"
        assert sorted(visit.ranks()) == [case.rank for case in cases]
    assert visit.trouble == []


def test_search_and_filters_and_the_count_agree(browser: Any, file: Path, analysis: gf.Analysis) -> None:
    visit, of = Visit(browser, file), len(analysis.cases)
    shown = visit.page.locator("#shown")
    assert (len(visit.ranks()), shown.inner_text()) == (10, f"10 of {of} shown")
    visit.page.locator("#every").click()
    assert (len(visit.ranks()), visit.page.locator("#every").is_visible()) == (of, False)
    visit.page.select_option("#detector", "cycle")
    fit = [c.rank for c in analysis.cases if any(found.detector == "cycle" for found in c.findings)]
    assert visit.ranks() == fit
    visit.page.select_option("#level", "review")
    fit = [rank for rank in fit if analysis.cases[rank - 1].level == "review"]
    assert fit
    assert visit.ranks() == fit
    assert shown.inner_text() == f"{len(fit)} of {of} shown"
    visit.page.fill("#words", analysis.cases[fit[0] - 1].id.upper())
    assert visit.ranks() == fit[:1]
    hidden = next(a for c in analysis.cases for a in c.accounts if a not in visit.page.locator("#cases").text_content())
    visit.page.locator("#clear").click()
    visit.page.fill("#words", hidden)
    assert visit.ranks() == [c.rank for c in analysis.cases if hidden in c.roles]
    visit.page.fill("#words", "nowhere-to-be-found")
    assert visit.ranks() == []
    visit.page.locator("#clear").click()
    assert len(visit.ranks()) == of
    assert visit.trouble == []


def test_more_cases_come_when_asked_for(browser: Any, file: Path, analysis: gf.Analysis) -> None:
    visit, of = Visit(browser, file), len(analysis.cases)
    assert visit.page.locator("#more").inner_text() == f"Show {min(50, of - 10)} more"
    visit.page.select_option("#level", "review")
    fit = sum(case.level == "review" for case in analysis.cases)
    assert visit.page.locator("#shown").inner_text() == f"10 of {fit} that fit shown, {of} in all"
    visit.page.locator("#more").click()
    assert len(visit.ranks()) == min(60, fit)


def test_points_add_up_for_the_case_that_is_chosen(browser: Any, file: Path, analysis: gf.Analysis) -> None:
    visit = Visit(browser, file)
    for place, choose in ((0, None), (3, "click"), (2, "select")):
        row = visit.page.locator("#cases tbody tr").nth(place)
        if choose == "click":
            row.locator(".choose").click()
            assert visit.page.evaluate("document.activeElement.id") == "points"
        elif choose == "select":
            visit.page.select_option("#chosen", str(place))
        *spans, whole = visit.bars("waterfall")
        assert whole == [0, pytest.approx(analysis.cases[place].points)]
        assert [a for a, _ in spans] == [0, *(b for _, b in spans[:-1])]
        assert spans[-1][1] == whole[1]
        assert visit.page.input_value("#chosen") == str(place)
        assert visit.page.locator("#steps li").count() == len(spans)
        assert visit.page.locator("#said").inner_text() == row.locator(".what > b").inner_text()
    assert visit.trouble == []


def test_a_chosen_case_stays_itself_when_the_table_is_sorted(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.page.select_option("#order", "rank descending")
    first = visit.page.locator(SHOWN).first
    first.locator(".choose").click()
    assert visit.bars("waterfall")[-1][1] == pytest.approx(float(first.locator(".choose").inner_text()), abs=0.05)
    chosen = visit.page.locator("#chosen option:checked").inner_text()
    assert first.locator(".id").inner_text() in chosen


def test_figures_are_the_bars(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    assert visit.page.locator("#charts details[open]").count() == 0
    figure = visit.page.locator("figure", has=visit.page.locator("#delays"))
    figure.locator("summary").click()
    cells = figure.locator("tbody td:nth-child(2)").all_inner_texts()
    assert [int(cell.replace(",", "")) for cell in cells] == [value or 0 for value in visit.bars("delays")]


def test_on_paper_everything_is_open_and_light(browser: Any, file: Path) -> None:
    visit = Visit(browser, file, scheme="dark")
    assert visit.page.pdf(format="A4")[:5] == b"%PDF-"
    visit.page.emulate_media(media="print", color_scheme="dark")
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    folded = "details:not([open])"
    assert visit.page.locator(f"#charts {folded}, #terms {folded}, {SHOWN} {folded}").count() == 0
    assert visit.page.evaluate("graphflow.charts['over-time'].data.datasets[0].backgroundColor") == "#a3260f"
    assert not visit.page.locator("#search, nav").first.is_visible()
    assert [name for name in CHARTS if visit.colours_on(name) < 4] == []
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert visit.page.locator("#charts details[open]").count() == 0
    assert visit.trouble == []


def test_without_scripts_all_cases_and_figures_are_there(browser: Any, file: Path, analysis: gf.Analysis) -> None:
    visit = Visit(browser, file, java_script_enabled=False)
    assert visit.page.locator("#cases tbody tr:visible").count() == len(analysis.cases)
    assert visit.page.locator("#charts table:visible").count() == 4
    assert visit.page.locator("canvas:visible, #points:visible").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_names_are_only_text(browser: Any, tmp_path: Path, width: int) -> None:
    graph, told = hostile()
    words = list(HOSTILE)
    html = report(
        title=words[0], summary=words[4], cases=[told, told], pages={told.id}, sources=[], truncated=words,
        warnings=words, rules=[rule(*words[:5])], facts=dict(zip(words, words, strict=True)), version="0.1.0",
        preset=words[5], graph=graph, to=Reader(code="zh", words={}),
    )  # fmt: skip
    (tmp_path / "report.html").write_text(html, "utf-8")
    visit = Visit(browser, tmp_path / "report.html", width)
    visit.page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    visit.page.locator(".choose").first.click()
    for name in CHARTS:
        visit.page.locator(f"#{name}").hover()
    for key in ("what", "detectors"):
        visit.page.select_option("#order", f"{key} descending")
    told_in = visit.page.locator("#cases, #steps, #said, .notes, .summary, .facts, .figures, select")
    assert told_in.locator("script, img, a:not([href^=cases]), iframe").count() == 0
    assert visit.page.locator("body > script").count() == 5
    assert visit.page.evaluate("window.stolen") is None
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.trouble == []
