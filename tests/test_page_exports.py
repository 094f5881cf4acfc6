"""Pages in a real browser: boxes that unfold, exports, keyboard, contrast, and the controls of a trace page."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import trace_cases
from browsing import MARKS, Visit, browsers
from view_cases import HOSTILE, Row, banked, case, crowd, crowd_and_few, finding, hostile, ledger

from graphflow.graph import FlowGraph
from graphflow.view import view
from graphflow.view.trace_page import trace_page

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from browsers()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return view(*banked()).save(tmp_path_factory.mktemp("page") / "case-0001.html")


# --- boxes of folded accounts -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_box_unfolds_and_folds_again(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, view(*crowd(900)).save(tmp_path / "case.html"))
    fold = visit.nodes()["and 625 more"]
    whole = visit.edges()["and 625 more → C"]["amount"]
    visit.page.mouse.click(*visit.spot(fold))
    assert visit.page.locator("#shown").inner_text() == "625 of 901: and 625 more"
    visit.page.locator("#chosen button", has_text="Unfold 300").click()
    assert len(visit.nodes()) == 277 + 1 + 300
    rest = visit.edges()["and 325 more → C"]["amount"]
    own = visit.ask(
        "graphflow.edges().filter(({ id }) => Number(id.split('>')[0]) >= 278).map(({ amount }) => amount[0])"
    )
    cents = lambda text: int(re.sub(r"\D", "", text.split(" ")[0])) * (1 if "." in text else 100)  # noqa: E731
    assert len(own) == 300
    assert sum(map(cents, own)) + cents(rest[0]) == cents(whole[0])
    for _ in range(2):
        visit.page.locator("#chosen button", has_text="Unfold").click()
    assert not [name for name in visit.nodes() if name.endswith("more")]
    assert len(visit.nodes()) == 902
    visit.page.fill("#search", "P0000")
    visit.page.press("#search", "Enter")
    visit.page.locator("#chosen button", has_text="Fold again").click()
    assert "and 625 more" in visit.nodes()
    visit.page.fill("#search", "P0001")
    visit.page.press("#search", "Enter")  # of a box, only the account that was looked for
    assert {"P0001", "and 624 more"} <= set(visit.nodes())
    assert visit.trouble == []


@pytest.mark.slow
def test_a_box_of_a_trace_says_what_its_accounts_hold(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, trace_page(trace_cases.crowd(320, tier=40)).save(tmp_path / "trace.html"))
    drawn = json.loads(visit.page.locator("#nodes").text_content() or "")
    box = next(node["id"] for node in drawn if node["folded"] and node["tier"] == 2)
    held = next(node["folded"] for node in drawn if node["id"] == box)
    shown = visit.page.locator("#chosen")
    visit.page.mouse.click(*visit.spot(box))
    assert shown.locator("b").inner_text() == f"and {held} more"
    assert f"{held}.00 CNY" in shown.inner_text()  # each was paid 5, and paid 4 on
    visit.page.locator("#graph").focus()
    visit.page.keyboard.press("Enter")
    assert f"and {held} more" not in visit.nodes()
    assert len(visit.nodes()) == len(drawn) - 1 + held
    visit.page.locator("#undo").click()
    visit.page.fill("#search", "M0003")
    visit.page.press("#search", "Enter")  # of the box, only this one
    visit.page.locator("#fit").click()
    visit.page.mouse.click(*visit.spot(box))
    assert shown.locator("b").inner_text() == f"and {held - 1} more"
    assert f"{held - 1}.00 CNY" in shown.inner_text()
    visit.page.wait_for_timeout(400)
    visit.page.mouse.dblclick(*visit.spot(box))
    visit.until(f"!graphflow.nodes().some(({{ id }}) => id === {box})")
    assert visit.trouble == []


def overlaps(visit: Visit) -> list[str]:
    """Texts of the picture that cover each other, or the mark of another account."""
    boxes = visit.ask("graphflow.texts.map(({ left, right, top, bottom, lines, node }) => "
        "({ left, right, top, bottom, node, words: lines.join(' ') }))")  # fmt: skip
    marks = visit.ask("""graphflow.nodes().map(({ id }) => { const { network } = graphflow;
        const { x, y } = network.canvasToDOM(network.getPosition(id));
        const r = network.body.nodes[id].options.size * network.getScale() * 0.8;
        return { left: x - r, right: x + r, top: y - r, bottom: y + r, node: id, words: "the mark of " + id }; })""")
    found = []
    for place, one in enumerate(boxes):
        for other in [*boxes[:place], *marks]:
            across = one["left"] < other["right"] and other["left"] < one["right"]
            if across and one["top"] < other["bottom"] and other["top"] < one["bottom"]:
                found.append(f"{one['words']} on {other['words']}")
    return found


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_texts_on_the_picture_cover_nothing(browser: Any, file: Path, tmp_path: Path, screen: str) -> None:
    town = trace_page(trace_cases.crowd(60, tier=50)).save(tmp_path / "trace.html")
    for page in (file, town):
        visit = Visit(browser, page, screen)
        assert len(visit.texts("label")) >= 10
        assert overlaps(visit) == []
        visit.context.close()


def test_a_page_that_lists_only_some_transactions_says_so_and_keeps_whole_sums(browser: Any, tmp_path: Path) -> None:
    graph, told = crowd(2500)
    visit = Visit(browser, view(graph, told).save(tmp_path / "case.html"))
    assert visit.page.locator("#shown").inner_text() == "2,000 of 2,501, some of every finding, in time order"
    assert (
        "Filters see the 2,000 transactions that this page lists, of 2,501"
        in visit.page.locator("#filtered").inner_text()
    )
    edge = next(name for name in visit.edges() if name.endswith("more → C"))
    count = int(visit.edges()[edge]["amount"][0].split("×")[1].replace(",", ""))
    assert count == 2502 - (300 - 24) - 1
    visit.page.mouse.click(*visit.spot(visit.nodes()[edge.split(" → ")[0]]))
    assert f"({count:,} transactions)" in visit.page.locator("#chosen").inner_text()
    visit.slide("time-until", 2)
    assert sum(edge["amount"] != [] for edge in visit.edges().values()) == len(visit.edges()) > 0
    assert visit.trouble == []


def test_a_chosen_finding_says_how_many_of_its_transactions_are_listed(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, view(*crowd_and_few(2500)).save(tmp_path / "case.html"))
    visit.page.locator(".finding").nth(1).click()
    assert visit.page.locator("#shown").inner_text() == "2 of 2,502: finding 2"
    visit.page.locator(".finding").first.click()
    assert visit.page.locator("#shown").inner_text() == "1,998 of 2,500 transactions listed here: finding 1"
    visit.page.fill("#search", "P0000")
    visit.page.press("#search", "Enter")  # an account out of a box: nobody knows what is not listed
    assert visit.page.locator("#shown").inner_text() == "1 listed here, perhaps not all: P0000"
    visit.page.locator("#graph").focus()
    visit.ask("node => graphflow.change({ chosen: { node } })", visit.nodes()["C"])
    assert visit.page.locator("#shown").inner_text() == "1,998 of 2,500 transactions listed here: C"
    assert visit.trouble == []


def test_paper_states_filters_and_limits_the_table(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, view(*crowd(900)).save(tmp_path / "case.html"))
    visit.ask("graphflow.change({ role: ['source'], chosen: { finding: 0 } })")
    visit.ask("window.dispatchEvent(new Event('beforeprint'))")
    visit.page.emulate_media(media="print")
    page = visit.page
    assert page.locator("#on-paper").inner_text() == "Active filters: Role: source. Chosen: finding 1."
    assert sum(row.is_visible() for row in page.locator("#rows tbody tr").all()) == 200
    assert page.locator("#rest-rows").inner_text() == "and 700 more rows: in the CSV that this page saves"
    assert page.locator(".glossary").get_attribute("open") is not None
    controls = page.locator(".tools button, .filter-bar button, .filter-bar summary, select, input, #play")
    assert not [one for one in controls.all() if one.is_visible()]
    order = [page.locator(place).bounding_box()["y"] for place in ("header.top", ".picture", ".who", ".findings")]
    assert order == sorted(order)
    page.emulate_media(media="screen")
    visit.ask("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("header.top .who").count() == 1
    assert page.locator(".glossary").get_attribute("open") is None
    assert not page.locator("#on-paper").is_visible()
    assert len(page.pdf(format="A4")) > 20_000
    assert visit.trouble == []


def test_a_word_is_explained_when_it_is_reached(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.ask("node => graphflow.change({ chosen: { node } })", visit.nodes()["C"])
    word = visit.page.locator("#chosen dt.term").first
    word.focus()
    said = visit.ask("getComputedStyle(document.activeElement, '::after').content")
    assert said.strip('"') == word.get_attribute("title")
    assert "by this case's cited transactions alone" in visit.page.locator("#chosen").inner_text()


# --- files, keyboard, contrast ----------------------------------------------------------------------------


def picture_colours(visit: Visit, png: bytes) -> list[int]:
    """Width, height, and the colour of the first dot of a PNG."""
    script = """async (bytes) => { const file = new Blob([new Uint8Array(bytes)], { type: "image/png" });
        const image = await createImageBitmap(file);
        const sheet = new OffscreenCanvas(image.width, image.height).getContext("2d"); sheet.drawImage(image, 0, 0);
        return [image.width, image.height, ...sheet.getImageData(image.width - 1, image.height - 1, 1, 1).data]; }"""
    found: list[int] = visit.ask(script, list(png))
    return found


def test_the_picture_is_saved_on_white_in_dark_mode_too(browser: Any, file: Path) -> None:
    visit = Visit(browser, file, scheme="dark")
    name, png = visit.saved("#save-png")
    assert name == "case-0001.png"
    width, height, *dot = picture_colours(visit, png)
    assert width > 600
    assert height > 300
    assert dot == [255, 255, 255, 255]
    name, svg = visit.saved("#save-svg")
    sheet = ElementTree.fromstring(svg.decode())
    texts = {element.text for element in sheet.iter("{http://www.w3.org/2000/svg}text")}
    assert {"C", "V1", "tier 1", "60,000 CNY"} <= texts
    assert len([*sheet.iter("{http://www.w3.org/2000/svg}path")]) >= 13
    assert sheet[1].get("fill") == "#fff"
    assert visit.trouble == []


def test_hostile_names_do_nothing_in_exports_lists_and_search(browser: Any, tmp_path: Path) -> None:
    graph, told = hostile()
    names = ["=1+1", "+A1", "-2", "@x", *HOSTILE]
    rows: list[Row] = [(name, "=C", 100_00, "CNY") for name in names]
    book = ledger(rows, payer_name=[*names], payer_bank=[*names], channel=[*names])
    formulas = case([finding(book, lambda *_: True)], dict.fromkeys(names, "source"), accounts=())
    for made in ((graph, told), (FlowGraph(book), formulas)):
        visit = Visit(browser, view(*made).save(tmp_path / "case.html"))
        for words in ("<", "=", "9", "href"):
            visit.page.fill("#search", words)
        visit.page.press("#search", "Enter")
        for name in ("finding", "channel", "bank", "currency"):
            for box in visit.page.locator(f"#only-{name} input").all()[:4]:
                box.evaluate("(box) => box.click()")
        visit.page.locator("#no-filter").click()
        visit.page.locator("#reset").click()
        _, content = visit.saved("#save-csv")
        cells = [cell for line in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in line]
        assert not [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell)]
        _, svg = visit.saved("#save-svg")
        tags = {element.tag.partition("}")[2] for element in ElementTree.fromstring(svg.decode()).iter()}
        assert tags <= {"svg", "title", "rect", "path", "circle", "text"}
        assert "'=1+1" in cells or made[0] is graph
        told_at = visit.page.locator("#hits, #chosen, .filter-bar, .legend, #told")
        assert told_at.locator("script, img, a").count() == 0
        assert visit.ask("window.stolen") is None
        assert visit.trouble == []
        visit.context.close()


def test_the_keyboard_reaches_every_control(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.ask(
        "graphflow.change({ time: [0, 9], chosen: { edge: [graphflow.nodes()[0].id, graphflow.nodes()[1].id] } })"
    )
    visit.page.locator(".finding").first.click()
    name = """(element) => element.id || element.className + (element.dataset.group || element.dataset.finding ||
        element.textContent)"""
    wanted = visit.ask(f"""() => [...document.querySelectorAll(
        "a, button, input, select, summary, [tabindex='0']")].filter(
        (element) => element.checkVisibility() && !element.disabled).map({name})""")
    visit.page.evaluate("document.activeElement.blur()")
    stops, reached = [], []
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        stops.append(visit.ask(f"({name})(document.activeElement)"))
        inside = "document.activeElement.closest('.findings, .legend, #rows thead') !== null"
        while visit.ask(inside) and visit.ask(f"({name})(document.activeElement)") not in reached:
            reached.append(visit.ask(f"({name})(document.activeElement)"))
            visit.page.keyboard.press("ArrowDown")
    assert len(wanted) > 30
    assert set(wanted) <= {*reached, *stops}
    for place in (".findings", ".legend", "#rows thead"):  # a list is one stop
        assert visit.page.locator(f"{place} button[tabindex='0']").count() == 1
        assert visit.page.locator(f"{place} button:not([tabindex]):visible").count() == 0
    assert not [stop for stop in stops if stop.startswith("vis-network")]


def test_the_first_stops_lead_past_the_tools(browser: Any, file: Path) -> None:
    visit = Visit(browser, file, part="#" + quote('{"off":["end"]}'))
    for presses, target in ((1, "graph"), (2, "transactions")):
        visit.page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
        visit.page.reload()
        for _ in range(presses):
            visit.page.keyboard.press("Tab")
        assert visit.ask("document.activeElement.getBoundingClientRect().top >= 0")
        visit.page.keyboard.press("Enter")
        assert visit.ask("document.activeElement.id") == target
        assert visit.ask("graphflow.state.off") == ["end"]


def test_arrow_keys_go_from_account_to_account(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    visit.page.locator("#graph").focus()
    told = visit.page.locator("#told")
    visit.page.keyboard.press("ArrowRight")
    assert told.inner_text().startswith("V1. role: source")
    visit.page.keyboard.press("ArrowRight")
    assert told.inner_text().startswith("C. role: collector")
    visit.page.keyboard.press("ArrowRight")
    assert told.inner_text()[:2] in ("T1", "T2", "T3")
    assert visit.page.locator("#chosen b").inner_text() == told.inner_text()[:2]
    visit.page.keyboard.press("Control+z")  # a walk is one step
    assert told.inner_text() == ""
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("Escape")
    assert visit.ask("graphflow.state.chosen") is None


CONTRAST = """() => {
    const parts = (text) => text.match(/[\\d.]+/g).map(Number);
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const own = parts(getComputedStyle(at).backgroundColor);
            if (own.length < 4 || own[3] > 0.99) return own;
        }
        return [255, 255, 255];
    };
    const low = [];
    for (const element of document.querySelectorAll("body *")) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!text || !element.checkVisibility() || element.closest("script, svg")) continue;
        const own = light(parts(getComputedStyle(element).color)), ground = light(behind(element));
        const ratio = (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
        if (ratio < 4.5) low.push(`${element.tagName}.${element.className}: ${element.textContent.slice(0, 30)}`);
    }
    return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(browser: Any, file: Path, scheme: str) -> None:
    visit = Visit(browser, file, scheme=scheme)
    visit.page.locator(".finding").first.click()
    visit.page.locator(".legend button").first.click()
    visit.page.fill("#search", "t")
    assert visit.ask(CONTRAST) == []


# --- the page of a trace ----------------------------------------------------------------------------------


def test_a_trace_page_has_the_same_controls(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, trace_page(trace_cases.small()).save(tmp_path / "trace.html"))
    visit.page.select_option("#rule", "lifo")
    visit.slide("time-until", 3)
    assert visit.listed() == ["T00001", "T00002", "T00003"]
    assert set(visit.edges()) == {"V1 → C", "V2 → C", "C → T"}
    visit.page.locator("#no-filter").click()
    visit.page.locator(".legend button[data-group=victim]").click()
    assert not {"V1", "V2"} & set(visit.nodes())
    visit.page.locator("#undo").click()
    head = visit.page.locator("#rows th button").nth(10)  # carried, last in first out
    head.click()
    head.click()
    carried = [
        float(cell.replace(",", "")) for cell in visit.page.locator("#rows tbody td:nth-child(11)").all_inner_texts()
    ]
    assert carried == sorted(carried, reverse=True)
    name, content = visit.saved("#save-csv")
    head_line = content.decode("utf-8-sig").splitlines()[0]
    assert (name, "Carried (last in, first out)" in head_line) == ("trace.csv", True)
    visit.page.fill("#search", "li two")
    visit.page.press("#search", "Enter")
    assert visit.page.locator("#chosen b").inner_text() == "V2"
    state = visit.ask("graphflow.state")
    visit.page.reload()
    visit.page.wait_for_timeout(150)
    assert visit.ask("graphflow.state") == state
    assert visit.page.locator("#rule").input_value() == "lifo"
    assert json.dumps(state["sort"]) == "[10, true]"
    _, svg = visit.saved("#save-svg")
    assert b"victims" in svg
    file = visit.page.locator("#rows td.file").first
    assert (file.inner_text(), file.get_attribute("title")) == ("bank.csv", "bank.csv")
    assert visit.trouble == []


def test_a_trace_of_a_town_labels_what_is_to_be_frozen_first(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, trace_page(trace_cases.crowd(60, tier=50)).save(tmp_path / "trace.html"))
    flagged = {finding["name"] for finding in visit.facts()["findings"]}
    labels = " ".join(visit.texts("label"))
    assert len(visit.nodes()) > 110
    assert flagged
    assert all(name[-6:] in labels for name in flagged)
