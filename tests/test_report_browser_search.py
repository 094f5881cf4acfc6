"""The report's search in a real browser: it reaches every case of the run, says why, and what it did not search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browsing import MARKS, Visit, browsers
from view_cases import HOSTILE, banked, case, finding, hostile, ledger

from graphflow.case import Case
from graphflow.graph import FlowGraph
from graphflow.languages import Reader, reader
from graphflow.view import report_search
from graphflow.view.report import report
from graphflow.view.report_cases import MAX_CASES

pytestmark = MARKS
SHOWN = "#cases tbody tr:not([hidden])"
MANY = MAX_CASES + 30


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from browsers()


def saved(folder: Path, graph: FlowGraph, cases: list[Case], to: Reader | None = None) -> Path:
    html = report(
        title="Run", summary="Read.", cases=cases, pages={cases[0].id, cases[-1].id}, sources=[], truncated=[],
        warnings=[], rules=[], facts={}, version="0.1.0", graph=graph, to=to,
    )  # fmt: skip
    target = folder / "report.html"
    target.write_text(html, "utf-8")
    return target


def many() -> tuple[FlowGraph, list[Case]]:
    """More cases than there are rows; the last one is another than the rest."""
    graph, told = banked()
    cases = [replace(told, id=f"case-{k:04}", rank=k, accounts=("T1",), roles={"T1": "transit"}) for k in
             range(1, MANY + 1)]  # fmt: skip
    cases[-1] = replace(cases[-1], accounts=("C", "V2"), roles=told.roles, headline="Something else was seen")
    return graph, cases


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("many"), *many())


def ids(visit: Visit) -> list[str]:
    found: list[str] = visit.page.locator(f"{SHOWN} .id").all_inner_texts()
    return found


@pytest.mark.parametrize(
    ("words", "why"),
    [("wang min", "flagged account V2 (Wang Min, Sample Bank)"), ("ＷＡＮＧ", "Wang Min"), ("v2", "flagged account V2"),
     ("e2", "account E2 (Sample Bank)"), (f"case-0{MANY}", "Case"), ("something else", "What was seen")],
)  # fmt: skip
def test_a_case_beyond_the_rows_is_found_and_says_why(browser: Any, file: Path, words: str, why: str) -> None:
    visit = Visit(browser, file)
    visit.page.fill("#words", words)
    assert ids(visit) == [f"case-{MANY:04}"]
    assert why in visit.page.locator(f"{SHOWN} .found").inner_text()
    assert visit.page.locator(f"{SHOWN} .id a").get_attribute("href") == f"cases/case-{MANY:04}.html"
    assert "C (Model Bank); V2 (Wang Min, Sample Bank)" in visit.page.locator(f"{SHOWN} .flagged").inner_text()
    visit.page.locator("#clear").click()
    assert visit.page.locator(".found:visible").count() == 0
    assert visit.trouble == []


def test_a_case_beyond_the_rows_speaks_the_readers_language(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, saved(tmp_path, *many(), reader("zh")))
    visit.page.fill("#words", "wang min")
    row = visit.page.locator(SHOWN)
    assert row.locator(".level").inner_text() == "待核查"
    assert row.locator(".detectors span").all_inner_texts() == ["分散转入", "资金回环", "逐级转移链"]
    assert "findings.csv" in row.locator(".note").inner_text()
    visit.page.fill("#words", "wang 待核查 资金回环")
    assert ids(visit) == [f"case-{MANY:04}"]


def test_a_bank_and_a_kind_find_every_case(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    assert visit.page.locator("#shown").inner_text() == f"10 of {MANY} shown"
    visit.page.locator("#every").click()
    for words in ("model bank", "mule-chain"):
        visit.page.fill("#words", words)
        assert len(ids(visit)) == MANY
    assert visit.page.locator("#listed").inner_text() == ""


def test_all_cases_sort_together(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.page.select_option("#order", "rank descending")
    assert ids(visit) == [f"case-{k:04}" for k in range(MANY, MANY - 10, -1)]
    visit.page.select_option("#order", "what descending")
    assert ids(visit)[0] == f"case-{MANY:04}"
    visit.page.select_option("#order", "rank ascending")
    assert ids(visit)[0] == "case-0001"
    visit.page.locator(f"{SHOWN} .choose").first.click()
    assert visit.page.input_value("#chosen") == "0"
    assert visit.trouble == []


def test_nothing_found_says_what_was_not_searched(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_search, "MOST_LINES", 0)
    visit = Visit(browser, saved(tmp_path, *many()))
    beyond = "30 cases are not in this page, and were not searched; cases.csv and findings.csv hold them."
    visit.page.fill("#words", "wang")
    assert visit.page.locator("#nothing").inner_text() == f"No case of this page fits. {beyond}"
    visit.page.locator("#clear").click()
    assert not visit.page.locator("#nothing").is_visible()
    assert visit.page.locator("#listed").inner_text() == beyond


def test_what_was_asked_for_is_on_paper(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.page.fill("#words", "model")
    visit.page.select_option("#level", "review")
    visit.page.select_option("#order", "points descending")
    assert not visit.page.locator("#filtered").is_visible()
    visit.page.emulate_media(media="print")
    told = visit.page.locator("#filtered").inner_text()
    assert told == "Shown are cases that fit: words “model”, level review. In the order of: Points ↓."


def test_terms_are_explained_by_keyboard_and_by_tap(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    ask = visit.page.locator("th[data-terms=detectors] .ask")
    ask.focus()
    visit.page.keyboard.press("Enter")
    tip = visit.page.locator(".meaning")
    assert tip.locator("dt").all_inner_texts() == ["cycle", "fan-in", "mule-chain"]
    assert ask.get_attribute("aria-expanded") == "true"
    visit.page.keyboard.press("Escape")
    assert (tip.is_visible(), ask.get_attribute("aria-expanded")) == (False, "false")
    visit.page.locator(f"{SHOWN} .detectors span", has_text="mule-chain").first.click()
    assert tip.locator("dd").all_inner_texts() == [
        "Money is passed on from account to account, and most of it arrives."
    ]
    visit.page.locator("h1").click()
    assert not tip.is_visible()


def test_cut_bars_can_be_seen_whole(browser: Any, tmp_path: Path) -> None:
    rows = [("A", "B", 100_00 + k, "CNY") for k in range(50)] + [("A", "B", 10**14, "CNY")]
    book = ledger(rows)
    visit = Visit(browser, saved(tmp_path, FlowGraph(book), [case([finding(book, lambda *_: True)], {})]))
    most = "graphflow.charts['over-time'].scales.y.max"
    button = visit.page.locator(".uncut")
    assert visit.ask(most) < 10_000
    button.click()
    assert (visit.ask(most) >= 10**12, button.get_attribute("aria-pressed")) == (True, "true")
    button.click()
    assert visit.ask(most) < 10_000
    assert visit.trouble == []


@pytest.mark.parametrize("screen", ["desk", pytest.param("phone", marks=pytest.mark.slow)])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_names_are_only_text_in_a_search(browser: Any, tmp_path: Path, screen: str, lang: str) -> None:
    graph, told = hostile()
    cases = [replace(told, id=f"case-{k:04}", rank=k) for k in range(1, MAX_CASES + 3)]
    visit = Visit(browser, saved(tmp_path, graph, cases, reader(lang)), screen)
    visit.page.select_option("#order", "rank descending")
    for name in (*HOSTILE[:7], "alert", "__proto__ constructor", "\\", "({["):
        visit.page.fill("#words", name)
    visit.page.fill("#words", "alert stolen")
    assert visit.page.locator(f"{SHOWN} .found").count() == 10
    visit.page.locator("#cases [data-term]:visible").first.click()
    assert visit.page.locator("main").locator("script, img, iframe, a[href^=javascript]").count() == 0
    assert visit.ask("window.stolen") is None
    assert visit.ask("document.documentElement.scrollWidth <= innerWidth")
    assert visit.trouble == []


def test_a_case_without_a_page_says_so(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    titles = "rows => rows.map((row) => [row.querySelector('.id a') !== null, row.querySelector('.id').title])"
    no_page = [False, "This case has no page of its own; --pages writes more."]
    assert visit.page.eval_on_selector_all(SHOWN, titles) == [[True, ""], *[no_page] * 9]
    visit.page.select_option("#order", "rank descending")
    assert visit.page.eval_on_selector_all(SHOWN, titles) == [[True, ""], *[no_page] * 9]


# --- the link ----------------------------------------------------------------------------------------------


def asked(visit: Visit) -> dict[str, str]:
    """What the search and the order of the table are set to."""
    return {name: visit.page.input_value(f"#{name}") for name in ("words", "level", "detector", "order")}


@pytest.mark.slow
def test_what_is_asked_for_survives_a_reload(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.page.fill("#words", "model % # “bank”")
    visit.page.fill("#words", "model bank")
    visit.page.select_option("#level", "review")
    visit.page.select_option("#detector", "mule-chain")
    visit.page.select_option("#order", "case descending")
    before = (
        asked(visit),
        ids(visit),
        visit.page.locator("#shown").inner_text(),
        visit.page.locator("#filtered").text_content(),
    )
    visit.page.reload()
    after = (
        asked(visit),
        ids(visit),
        visit.page.locator("#shown").inner_text(),
        visit.page.locator("#filtered").text_content(),
    )
    assert after == before
    assert before[0] == {"words": "model bank", "level": "review", "detector": "mule-chain", "order": "case descending"}
    assert before[1][0] == f"case-{MANY:04}"
    visit.page.locator("nav a[href='#rules']").click()
    visit.until("location.hash.includes('mule-chain')")
    visit.page.reload()
    assert asked(visit) == before[0]
    visit.page.locator("th[data-key=rank] .sort").click()
    visit.page.locator("#clear").click()
    assert visit.ask("location.hash") == ""
    assert visit.trouble == []


@pytest.mark.slow
def test_a_link_opens_elsewhere_and_in_the_same_page(browser: Any, file: Path) -> None:
    link = "#" + quote(json.dumps({"words": "something else", "order": "points descending"}))
    assert ids(Visit(browser, file, part=link)) == [f"case-{MANY:04}"]
    visit = Visit(browser, file)
    visit.ask("link => { location.hash = link; }", link)
    visit.until("document.getElementById('words').value === 'something else'")
    assert ids(visit) == [f"case-{MANY:04}"]
    assert visit.page.locator("th[aria-sort=descending]").get_attribute("data-key") == "points"
    assert visit.trouble == []


@pytest.mark.parametrize(
    "state",
    [
        "%", '{"words":["case"],"level":{},"detector":1,"order":null}',
        *(pytest.param(more, marks=pytest.mark.slow) for more in (
            "null", "[1]", '"words"', "{", "<img src=x onerror=alert(1)>", '{"__proto__":{"words":"case"}}',
            '{"level":"guilty","detector":"none","order":"rank"}', '{"order":"constructor descending"}',
            '{"words":"' + "x" * 1001 + '"}', '{"constructor":"x","limit":"9"}',
        )),
    ],
)  # fmt: skip
def test_a_hostile_link_does_nothing(browser: Any, file: Path, state: str) -> None:
    visit = Visit(browser, file, part="#" + (quote(state) if state != "%" else state))
    assert asked(visit) == {"words": "", "level": "", "detector": "", "order": "rank ascending"}
    assert visit.page.locator("#shown").inner_text() == f"10 of {MANY} shown"
    assert ids(visit)[0] == "case-0001"
    assert visit.trouble == []


def test_markup_in_a_link_is_only_text(browser: Any, file: Path) -> None:
    words = "<img src=x onerror=window.stolen=1>"
    visit = Visit(browser, file, part="#" + quote(json.dumps({"words": words})))
    assert visit.page.input_value("#words") == words
    assert visit.page.locator("main img").count() == 0
    assert visit.ask("window.stolen") is None
    assert visit.trouble == []
