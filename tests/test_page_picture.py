"""The picture of a case page in a browser: nothing covers anything, steps, play, facts under the pointer, paper."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import trace_cases
from browsing import MARKS, Visit, browsers
from view_cases import Row, banked, case, finding, ledger, tour

import graphflow as gf
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.roles import Role
from graphflow.simulate import simulate
from graphflow.view import view
from graphflow.view.trace_page import trace_page

pytestmark = MARKS

LAYOUTS = ("tiers", "time", "force")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from browsers()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return view(*banked()).save(tmp_path_factory.mktemp("page") / "case-0001.html")


def burst(accounts: int) -> tuple[FlowGraph, Any]:
    """Half of the accounts appear in one and the same minute, the others over a month; some are flagged."""
    draw = random.Random(5)
    names = [f"62000000000000{i:05d}" for i in range(accounts)]
    pairs = [(names[draw.randrange(i)], names[i]) for i in range(1, accounts)]
    start = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    later = [start + timedelta(days=10, minutes=i % 2 * draw.randrange(20_000)) for i in range(len(pairs) - 2)]
    frame = pl.DataFrame(
        {
            "tx": [f"T{i:05d}" for i in range(len(pairs))],
            "time": [start, start, *later],
            "payer": [a for a, _ in pairs],
            "payee": [b for _, b in pairs],
            "payee_name": [f"Resident {i}" for i in range(len(pairs))],
            "paid": [draw.randrange(100, 10_000_000) for _ in pairs],
            "paid_currency": ["CNY"] * len(pairs),
        }
    )
    book = Ledger.from_frame(frame)
    kinds: tuple[Role, ...] = ("source", "transit", "collector", "end", "distributor")
    roles = {name: kinds[i % len(kinds)] for i, name in enumerate(names)}
    return FlowGraph(book), case([finding(book, lambda *_: True)], roles, accounts=tuple(names[:80]))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small and dense pictures."""
    folder = tmp_path_factory.mktemp("pages")
    sample = gf.analyze(Path(__file__).parent.parent / "samples" / "tour.csv")
    simulate(accounts=900).write(folder / "town")
    town = gf.analyze(folder / "town" / "transfers.csv")
    biggest = max(town.cases, key=lambda found: (len(found.accounts), found.id))
    return {
        "small": view(*tour()).save(folder / "small.html"),
        "tour": view(sample.graph, sample.cases[0]).save(folder / "tour.html"),
        "town": view(town.graph, biggest).save(folder / "town.html"),
        "dense": view(*burst(300)).save(folder / "dense.html"),
        "trace": trace_page(trace_cases.crowd(60, tier=50)).save(folder / "trace.html"),
    }


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Most of its accounts are folded, into many boxes."""
    return view(*burst(300), max_nodes=60).save(tmp_path_factory.mktemp("crowd") / "crowd.html")


MARKS_OF = """graphflow.nodes().map(({ id }) => { const { network } = graphflow, { options } = network.body.nodes[id];
    const { x, y } = network.canvasToDOM(network.getPosition(id)), r = options.size * network.getScale();
    return { x, y, r, left: x - r, right: x + r, top: y - r, bottom: y + r, node: id, ring: options.borderWidth }; })"""

TEXTS = (
    "graphflow.texts.map(({ left, right, top, bottom, lines }) => ({ left, right, top, bottom, words: lines.join() }))"
)


def cover(one: dict[str, Any], other: dict[str, Any]) -> bool:
    across = one["left"] < other["right"] and other["left"] < one["right"]
    return across and one["top"] < other["bottom"] and other["top"] < one["bottom"]


def covered(visit: Visit) -> list[tuple[str, str]]:
    """Texts of the picture that cover each other or a mark."""
    texts, marks = visit.ask(TEXTS), visit.ask(MARKS_OF)
    on_texts = [(a["words"], b["words"]) for a, b in itertools.combinations(texts, 2) if cover(a, b)]
    return on_texts + [(a["words"], f"mark {b['node']}") for a in texts for b in marks if cover(a, b)]


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "screen"),
    [
        ("small", "phone"), ("tour", "desk"), ("town", "desk"),
        *(pytest.param(*pair, marks=SLOW) for pair in (
            ("small", "desk"), ("tour", "phone"), ("town", "phone"), ("dense", "desk"), ("dense", "phone"),
            ("trace", "desk"), ("trace", "phone"),
        )),
    ],
)  # fmt: skip
def test_nothing_covers_anything_at_rest(browser: Any, pages: dict[str, Path], name: str, screen: str) -> None:
    visit = Visit(browser, pages[name], screen)
    for layout in LAYOUTS:
        visit.ask(f"graphflow.change({{ layout: '{layout}' }})")
        visit.page.wait_for_timeout(60)
        assert covered(visit) == [], layout
        assert len(visit.texts("label")) >= min(5, len(visit.nodes())), layout
        marks = visit.ask(MARKS_OF)
        close = [
            (a["node"], b["node"])
            for a, b in itertools.combinations(marks, 2)
            if (a["x"] - b["x"]) ** 2 + (a["y"] - b["y"]) ** 2 < (a["r"] + b["r"]) ** 2
        ]
        assert close == [], layout
        wide = visit.ask("document.getElementById('graph').clientWidth")
        for mark in marks:  # most of a mark is its colour
            assert mark["ring"] <= max(1, 0.4 * mark["r"]), layout
            assert 0 < mark["x"] < wide, layout
    assert visit.trouble == []
    visit.context.close()


def test_the_test_of_what_covers_what_bites(browser: Any, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["small"])
    visit.ask("graphflow.texts[0].left = -1e4; graphflow.texts[0].right = 1e4; graphflow.texts[0].bottom = 1e4")
    assert len(covered(visit)) > len(visit.nodes())


def test_from_afar_the_important_accounts_have_labels_and_nearer_the_others(
    browser: Any, pages: dict[str, Path]
) -> None:
    visit = Visit(browser, pages["dense"])
    named = "graphflow.texts.filter(({ kind }) => kind === 'label').map(({ node }) => node)"
    flagged = "id => graphflow.facts.accounts.some((account) => account.node === id && account.flagged)"
    ids = visit.ask(named)
    assert sum(visit.ask(flagged, node) for node in ids) >= 8
    assert sum(not visit.ask(flagged, node) for node in ids) <= 16
    plain = next(node for node in visit.nodes().values() if not visit.ask(flagged, node) and node not in ids)
    visit.ask("id => graphflow.network.moveTo({ position: graphflow.network.getPosition(id), scale: 1.2 })", plain)
    visit.page.wait_for_timeout(100)
    assert plain in visit.ask(named)
    visit.page.locator("#fit").click()
    visit.ask("id => graphflow.change({ chosen: { node: id } })", plain)
    visit.page.wait_for_timeout(100)
    assert plain in visit.ask(named)


def boxes(visit: Visit) -> list[dict[str, Any]]:
    """The boxes of folded accounts, the largest first."""
    nodes = visit.ask("JSON.parse(document.getElementById('nodes').textContent)")
    return sorted((node for node in nodes if node["folded"]), key=lambda node: -int(node["folded"]))


@pytest.mark.parametrize("screen", ["desk", pytest.param("phone", marks=SLOW)])
def test_every_box_has_its_label_and_the_largest_comes_first(browser: Any, crowd: Path, screen: str) -> None:
    visit = Visit(browser, crowd, screen)
    found = boxes(visit)
    assert len(found) > 3
    labels = "graphflow.texts.filter(({ kind }) => kind === 'label').map(({ node, lines }) => [node, lines.join()])"
    for layout in LAYOUTS:
        visit.ask(f"graphflow.change({{ layout: '{layout}' }})")
        visit.page.wait_for_timeout(60)
        written = visit.ask(labels)
        said = dict(written)
        for box in found:
            assert said[box["id"]] in (f"and {box['folded']:,} more", f"+{box['folded']:,}"), layout
        assert written[0][0] == found[0]["id"], layout
        assert covered(visit) == [], layout
    visit.ask("graphflow.change({ chosen: { finding: 0 } })")
    visit.page.wait_for_timeout(60)
    assert {box["id"] for box in found} <= set(dict(visit.ask(labels)))
    folded = {box["id"] for box in found}
    sizes = {mark["node"]: mark["r"] for mark in visit.ask(MARKS_OF)}
    assert min(sizes[node] for node in folded) > max(r for node, r in sizes.items() if node not in folded)
    visit.context.close()


def test_what_comes_out_of_a_small_box_stands_about_its_place(browser: Any, crowd: Path) -> None:
    visit = Visit(browser, crowd)
    drawn = {node["id"] for node in visit.ask("graphflow.nodes()")}
    small = boxes(visit)[-1]
    assert small["folded"] <= 24
    place = visit.ask("id => graphflow.network.getPosition(id)", small["id"])
    members = "id => graphflow.facts.accounts.flatMap(({ node }, index) => (node === id ? [index] : []))"
    visit.ask("apart => graphflow.change({ apart })", visit.ask(members, small["id"]))
    visit.page.locator("#fit").click()
    visit.page.wait_for_timeout(100)
    out = [node["id"] for node in visit.ask("graphflow.nodes()") if node["id"] not in drawn]
    assert len(out) == small["folded"]
    named = visit.ask("graphflow.texts.filter(({ kind }) => kind === 'label').map(({ node }) => node)")
    assert set(out[:8]) & set(named)
    for node in out:
        spot = visit.ask("id => graphflow.network.getPosition(id)", node)
        assert abs(spot["x"] - place["x"]) + abs(spot["y"] - place["y"]) < 400
    assert covered(visit) == []
    visit.context.close()


@pytest.mark.parametrize("screen", ["desk", pytest.param("phone", marks=SLOW)])
def test_no_amount_stands_close_to_a_label(browser: Any, pages: dict[str, Path], screen: str) -> None:
    visit = Visit(browser, pages["tour"], screen)
    box = "({ kind, left, right, top, bottom }) => ({ kind, left, right, top, bottom })"
    texts = visit.ask(f"graphflow.texts.map({box})")
    amounts = [text for text in texts if text["kind"] == "amount"]
    labels = [text for text in texts if text["kind"] == "label"]
    assert amounts
    assert labels
    for amount, one in itertools.product(amounts, labels):
        across = max(one["left"] - amount["right"], amount["left"] - one["right"])
        down = max(one["top"] - amount["bottom"], amount["top"] - one["bottom"])
        assert across > 15.9 or down > 4.9
    visit.context.close()


def test_on_a_phone_a_chosen_finding_leads_to_picture_and_table_and_back(browser: Any, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["tour"], "phone")
    finding = visit.page.locator(".finding").nth(1)
    ways = visit.page.locator(".findings li").nth(1).locator(".ways button")
    back = visit.page.locator("#way-back")
    assert not ways.first.is_visible()
    finding.click()
    for place, target in enumerate(("#graph", "#transactions")):
        ways.nth(place).click()
        seen = visit.page.locator(target).bounding_box()
        assert -1 <= seen["y"] < 500
        assert back.is_visible()
        back.click()
        assert 0 <= finding.bounding_box()["y"] < 844
        assert not back.is_visible()
    ways.first.click()
    visit.ask("graphflow.change({ chosen: null })")
    assert not back.is_visible()
    assert visit.trouble == []
    visit.context.close()
    desk = Visit(browser, pages["tour"])
    desk.page.locator(".finding").nth(1).click()
    assert not desk.page.locator(".ways button").nth(2).is_visible()  # the picture is beside the list
    desk.context.close()


@pytest.mark.slow
def test_time_goes_on_along_an_axis_that_says_what_it_is(browser: Any, pages: dict[str, Path]) -> None:
    for screen, along in (("desk", "x"), ("phone", "y")):
        visit = Visit(browser, pages["dense"], screen)
        visit.page.select_option("#layout", "time")
        assert any("busy times drawn wider" in text for text in visit.texts("heading"))
        script = """along => { const first = new Map();
            for (const { at, payer, payee } of graphflow.rows) for (const account of [payer, payee]) {
                const { node } = graphflow.facts.accounts[account]; if (!first.has(node)) first.set(node, at); }
            return [...first].map(([node, at]) => [at, graphflow.network.getPosition(node)[along]]); }"""
        spots = sorted(visit.ask(script, along))
        for (at, place), (later, further) in itertools.pairwise(spots):
            assert at == later or place <= further + 1
        visit.context.close()
    visit = Visit(browser, pages["tour"])
    visit.page.select_option("#layout", "time")
    assert any("an even axis" in text for text in visit.texts("heading"))
    assert "2026-03-18 00:00" in visit.texts("heading")


# --- facts under the pointer, an empty picture ------------------------------------------------------------


@pytest.mark.parametrize("screen", ["desk", pytest.param("phone", marks=SLOW)])
def test_facts_stand_beside_what_they_are_of(browser: Any, pages: dict[str, Path], screen: str) -> None:
    visit = Visit(browser, pages["tour"], screen)
    middle = """id => { const box = document.getElementById("graph").getBoundingClientRect(), { network } = graphflow;
        const { x, y } = network.canvasToDOM(network.body.edges[id].edgeType.getPoint(0.5));
        return [box.left + x, box.top + y]; }"""
    visit.page.locator("#graph").scroll_into_view_if_needed()
    seen = 0
    for node in visit.nodes().values():
        x, y = visit.spot(node)
        seen += facts_beside(visit, x, y, 8)
    for edge in visit.edges().values():
        x, y = visit.ask(middle, edge["id"])
        seen += facts_beside(visit, x, y, 3)
    assert seen > len(visit.nodes())
    visit.page.mouse.move(2, 2)
    visit.page.wait_for_timeout(30)
    assert not visit.page.locator("#tip").is_visible()


def facts_beside(visit: Visit, x: float, y: float, reach: float) -> bool:
    """Hover there; whether facts came. They cover nothing within reach."""
    visit.page.mouse.move(x, y)
    visit.page.wait_for_timeout(40)
    tip = visit.page.locator("#tip")
    if not tip.is_visible():
        return False
    box = tip.bounding_box()
    away = x + reach < box["x"] or x - reach > box["x"] + box["width"]
    assert away or y + reach < box["y"] or y - reach > box["y"] + box["height"]
    return True


def test_an_empty_picture_says_so_and_offers_the_way_back(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    assert not visit.page.locator("#nothing").is_visible()
    visit.page.fill("#row-words", "nobody of that name")
    assert "no transaction passes the filters" in visit.page.locator("#nothing").inner_text()
    visit.page.locator("#nothing-clear").click()
    assert not visit.page.locator("#nothing").is_visible()
    assert len(visit.nodes()) == 12
    assert visit.ask("document.activeElement.id") == "graph"
    assert visit.trouble == []


# --- step by step, play -----------------------------------------------------------------------------------


def test_what_is_chosen_is_walked_through_transaction_by_transaction(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    said = visit.page.locator("#step-said")
    assert visit.page.locator("#step-on").is_disabled()
    visit.page.locator(".finding").nth(1).click()
    listed = visit.listed()
    assert said.inner_text() == "4 transactions to step through, in time order"
    current = visit.page.locator("#rows tr[aria-current='step'] td:first-child")
    assert current.count() == 0
    visit.page.locator("#step-on").click()
    assert current.all_inner_texts() == listed[:1]
    assert said.inner_text() == "1 of 4: 2026-03-02 09:12, 70,000.00 CNY, C → T1"
    lit = """() => graphflow.edges().filter(({ id }) => graphflow.network.body.edges[id].options.color.opacity === 1)
        .map(({ name }) => name)"""
    assert visit.ask(lit) == ["C → T1"]
    visit.page.locator("#graph").focus()
    visit.page.keyboard.press("n")
    visit.page.keyboard.press("n")
    assert said.inner_text().startswith("3 of 4: 2026-03-02 09:18, 150.00 USD, T1 → E1")
    visit.page.keyboard.press("p")
    assert said.inner_text().startswith("2 of 4")
    for _ in range(3):
        visit.page.keyboard.press("n")
    assert said.inner_text().startswith("4 of 4")
    assert visit.ask(lit) == ["E1 → C"]
    assert visit.page.locator("#step-on").is_disabled()
    assert current.all_inner_texts() == listed[-1:]
    assert visit.listed() == listed
    visit.page.reload()
    visit.page.wait_for_timeout(150)
    assert said.inner_text().startswith("4 of 4")
    visit.page.locator("#all").click()
    assert visit.ask("graphflow.state.chosen") is None
    assert visit.trouble == []


@pytest.mark.slow
def test_numbers_of_a_large_finding_have_no_gaps(browser: Any, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["dense"])
    visit.page.locator(".finding").first.click()
    visit.page.wait_for_timeout(100)
    for presses in (0, 1, 7, 40):
        visit.ask("(presses) => { while (presses--) document.getElementById('step-on').click(); }", presses)
        visit.page.wait_for_timeout(60)
        numbers = sorted(map(int, visit.texts("step")))
        assert 1 <= len(numbers) <= 25
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert covered(visit) == []
    assert numbers[0] > 1  # the numbers go along with the steps
    visit.ask("graphflow.change({ chosen: { ...graphflow.state.chosen, row: graphflow.listed.at(-1).index } })")
    assert visit.page.locator("#rows tr[aria-current]").count() == 1  # and the table too, to rows not made before
    assert visit.ask("""() => {
        const row = document.querySelector("#rows tr[aria-current]").getBoundingClientRect();
        const seen = document.getElementById("transactions").getBoundingClientRect();
        return row.top >= seen.top && row.bottom <= seen.bottom;
    }""")


def test_filters_leave_the_numbers_of_a_finding_without_gaps(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.ask("graphflow.change({ chosen: { finding: 2 }, channel: [1] })")
    visit.page.wait_for_timeout(60)
    shown = len([name for name in visit.edges() if name in visit.bright()])
    assert sorted(visit.texts("step")) == [str(i + 1) for i in range(shown)]
    assert 0 < shown < 8


@pytest.mark.slow
def test_play_stops_at_every_event_and_not_between_them(browser: Any, tmp_path: Path) -> None:
    rows: list[Row] = [(f"V{i}", "C", 100 + i, "CNY") for i in range(6)]
    frame = ledger(rows).frame.with_columns(
        pl.Series("time", [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=d) for d in (0, 0, 0, 90, 91, 360)])
    )
    book = Ledger.from_frame(frame)
    visit = Visit(browser, view(FlowGraph(book), case([finding(book, lambda *_: True)], {})).save(tmp_path / "c.html"))
    watch = """() => {
        window.stops = []; window.gaps = [];
        const said = document.getElementById("play-said"), until = document.getElementById("time-said");
        const stopped = () => {
            const { upto } = graphflow.state;
            if (window.stops.at(-1) !== upto) window.stops.push(upto);
        };
        new MutationObserver(stopped).observe(until, { childList: true });
        const told = () => { if (said.textContent) window.gaps.push(said.textContent); };
        new MutationObserver(told).observe(said, { childList: true });
    }"""
    visit.ask(watch)
    visit.page.locator("#play").click()
    visit.until("document.getElementById('play').textContent === 'Play'", most=60_000)
    assert visit.ask("window.stops") == [2, 3, 4, 5, None]
    assert visit.ask("window.gaps") == ["90 days later", "269 days later"]
    assert len(visit.listed()) == 6
    assert visit.trouble == []


# --- paper ------------------------------------------------------------------------------------------------


def test_paper_shows_the_drawing_in_its_proportions(browser: Any, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["dense"], scheme="dark")
    texts = len(visit.ask("graphflow.texts"))
    visit.ask("dispatchEvent(new Event('beforeprint'))")
    visit.page.emulate_media(media="print")
    visit.page.wait_for_timeout(100)
    assert not visit.page.locator("#graph").is_visible()
    sheet = visit.page.locator("#paper svg").bounding_box()
    wide, tall = visit.ask(
        "document.querySelector('#paper svg').getAttribute('viewBox').split(' ').slice(2).map(Number)"
    )
    assert sheet["width"] / sheet["height"] >= wide / tall - 0.01
    assert visit.page.locator("#paper text").count() >= texts
    visit.page.emulate_media(media="screen")
    visit.ask("dispatchEvent(new Event('afterprint'))")
    assert visit.page.locator("#graph").is_visible()
    assert visit.page.locator("#paper svg").count() == 0
    assert visit.trouble == []
