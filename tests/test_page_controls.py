"""The controls of a case page in a real browser: each does what it says, and picture and table agree."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browsing import MARKS, Visit, browsers
from view_cases import banked

from graphflow.view import view

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from browsers()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return view(*banked()).save(tmp_path_factory.mktemp("page") / "case-0001.html")


@pytest.fixture(scope="module")
def opened(browser: Any, file: Path) -> Visit:
    return Visit(browser, file)


@pytest.fixture
def visit(opened: Visit) -> Iterator[Visit]:
    """One page for all tests, each from its start."""
    yield opened
    assert opened.trouble == []
    if opened.page.locator("#reset").is_enabled():
        opened.page.locator("#reset").click()
    assert len(opened.listed()) == 15


def pairs(visit: Visit) -> Counter[str]:
    """The edges of the transactions in the table."""
    return Counter(f"{a} → {b}" for a, b in zip(visit.column("Payer"), visit.column("Payee"), strict=True))


# --- filters ----------------------------------------------------------------------------------------------


def test_the_time_slider_hides_what_is_outside(visit: Visit) -> None:
    visit.slide("time-until", 3)
    assert visit.listed() == ["T00000", "T00001", "T00002"]
    assert set(visit.edges()) == {"V1 → C", "V2 → C", "V3 → C"}
    assert set(visit.nodes()) == {"V1", "V2", "V3", "C"}
    assert visit.edges()["V1 → C"]["amount"] == ["10,000 CNY"]  # the 500 came later
    visit.slide("time-from", 2)
    assert visit.listed() == ["T00002"]
    assert visit.page.locator("#time-said").inner_text() == "2026-03-02 09:07 – 2026-03-02 09:08"
    assert visit.page.locator("#time-from").get_attribute("aria-valuetext") == "2026-03-02 09:07"
    assert visit.page.locator("#bars .on").count() == 1
    assert visit.page.locator("#bars .past").count() == 13
    assert "1 of 15 transactions pass" in visit.page.locator("#filtered").inner_text()
    visit.slide("time-until", 0)  # a window is never empty, nor turned round
    assert visit.ask("graphflow.state.time") == [2, 3]
    visit.page.locator("#no-filter").click()
    assert len(visit.listed()) == 15


def test_what_is_chosen_adds_up_what_is_seen(visit: Visit) -> None:
    visit.page.mouse.click(*visit.spot(visit.nodes()["C"]))
    text = visit.page.locator("#chosen").inner_text()
    assert "230,500.00 CNY (8 transactions)" in text
    assert "3 payers" not in text
    visit.slide("time-until", 3)
    text = visit.page.locator("#chosen").inner_text()
    assert "60,000.00 CNY (3 transactions)" in text
    assert "230,500" not in text


def test_play_goes_from_event_to_event_and_stops(visit: Visit) -> None:
    place = "document.getElementById('play').getBoundingClientRect().top + scrollY"
    before = visit.ask(place)
    visit.page.locator("#play").click()
    assert visit.page.locator("#play").inner_text() == "Pause"
    visit.until("graphflow.state.upto > 1")
    assert visit.ask(place) == before  # what is filtered above the picture does not push the button away
    assert visit.page.locator("#chips").inner_text().startswith("Played until: ")
    visit.page.locator("#play").click()
    stopped = visit.ask("graphflow.state.upto")
    assert 1 < stopped < 14
    assert visit.listed() == [f"T{i:05d}" for i in range(stopped + 1)]
    assert visit.page.locator("#time-said").inner_text().endswith(visit.column("Time")[-1])
    visit.page.wait_for_timeout(250)
    assert visit.ask("graphflow.state.upto") == stopped
    visit.slide("time-until", 12)  # a window by hand is one again
    assert len(visit.listed()) == 12
    visit.page.locator("#undo").click()
    visit.page.locator("#undo").click()  # play is one step, however long it was
    assert (visit.ask("graphflow.state.upto"), visit.ask("graphflow.state.time")) == (None, None)


def test_amounts_are_compared_within_one_currency(visit: Visit) -> None:
    assert visit.page.locator("#amount-from").is_disabled()
    assert "choose a currency first" in (visit.page.locator("#amount-said").text_content() or "")
    visit.choose("currency", "USD")
    assert visit.listed() == ["T00013"]
    visit.choose("currency", "USD")
    visit.choose("currency", "CNY")
    last = int(visit.page.locator("#amount-until").get_attribute("max") or "0")
    visit.slide("amount-from", last - 1)
    assert visit.column("Amount") == ["70,000.00", "70,000.00", "69,000.00"]
    assert set(visit.edges()) == {"C → T1", "C → T2", "T2 → E1"}


def test_lists_and_legend_filter(visit: Visit) -> None:
    visit.choose("channel", "app")
    assert visit.listed() == [f"T{i:05d}" for i in range(1, 15, 2)]
    visit.choose("channel", "web")  # both: all
    assert len(visit.listed()) == 15
    visit.page.locator("#only-channel .none").click()
    visit.choose("bank", "Model Bank")
    assert "T00011" not in visit.listed()  # T2 → E1: both with the other bank
    assert "T00010" in visit.listed()
    visit.choose("bank", "Model Bank")
    visit.choose("finding", "2. cycle")
    assert visit.listed() == ["T00007", "T00010", "T00013", "T00014"]
    assert set(visit.edges()) == set(pairs(visit))
    visit.choose("finding", "1. fan-in")
    assert visit.listed() == [*[f"T{i:05d}" for i in range(8)], "T00010", "T00013", "T00014"]
    assert visit.page.locator("#only-finding .chosen-count").inner_text() == "2"
    visit.choose("role", "end")  # an end of it must be one
    assert visit.listed() == []
    visit.page.locator("#only-finding summary").click()
    visit.page.locator("#only-finding .none").click()
    assert visit.listed() == ["T00012"]
    visit.choose("role", "end")
    entry = visit.page.locator(".legend button[data-group=transit]")
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"
    assert not {"T1", "T2", "T3"} & set(visit.nodes())
    assert "E2" not in visit.nodes()  # it was paid by T3 alone
    entry.click()
    assert len(visit.nodes()) == 12


def test_words_filter_table_and_picture(visit: Visit) -> None:
    visit.page.fill("#row-words", "wang")
    assert visit.listed() == ["T00001"]
    assert set(visit.edges()) == {"V2 → C"}
    visit.page.fill("#row-words", "69000 web")
    assert visit.listed() == []
    assert visit.edges() == {}
    visit.page.locator("#undo").click()  # typing was one change
    assert len(visit.listed()) == 15


@pytest.mark.parametrize("seed", range(4))
def test_table_and_picture_agree_under_any_filters(visit: Visit, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(6):
        low = draw.randrange(14)
        change = {
            "time": draw.choice([None, [low, draw.randrange(low + 1, 16)]]),
            "off": draw.choice([[], ["transit"], ["end"], ["source", "cycle"]]),
            "finding": draw.choice([[], [], [0], [0, 1]]), "currency": draw.choice([[], [0], [1], [0, 1]]),
            "channel": draw.choice([[], [0], [0, 1]]), "bank": draw.choice([[], [1], [0, 1]]),
            "role": draw.choice([[], [], ["collector", "end"], ["cycle"]]),
            "words": draw.choice(["", "", "c", "09:1"]),
        }  # fmt: skip
        visit.ask("change => graphflow.change(change)", change)
        seen, listed = visit.edges(), pairs(visit)
        assert set(seen) == set(listed), change
        assert set(visit.nodes()) == {end for pair in listed for end in pair.split(" → ")}, change
        painted = visit.ask("[graphflow.network.body.edgeIndices, graphflow.network.body.nodeIndices]")
        assert set(painted[0]) == {edge["id"] for edge in seen.values()}, change
        assert set(painted[1]) == set(visit.nodes().values()), change
        sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for pair, amount, currency in zip(
            (f"{a} → {b}" for a, b in zip(visit.column("Payer"), visit.column("Payee"), strict=True)),
            visit.column("Amount"), visit.column("Currency"), strict=True,
        ):  # fmt: skip
            sums[pair][currency] += int(re.sub(r"\D", "", amount))
        for pair, edge in seen.items():
            told = dict(reversed(line.split(" ×")[0].split(" ")) for line in edge["amount"])
            assert {c: int(re.sub(r"\D", "", a)) * (1 if "." in a else 100) for c, a in told.items()} == sums[pair]


def test_what_is_filtered_stands_above_the_picture_and_can_be_taken_away(visit: Visit) -> None:
    visit.choose("finding", "2. cycle")
    visit.choose("bank", "Model Bank")
    visit.slide("time-from", 8)
    visit.page.fill("#row-words", "t1")
    visit.page.locator(".legend button[data-group=transit]").click()
    chips = visit.page.locator("#chips button")
    said = [
        "hidden: transit",
        "Finding: 2. cycle",
        "Bank: Model Bank",
        "Time: 2026-03-02 09:13 – 2026-03-02 09:20",
        "Words: t1",
    ]
    assert [text.removesuffix("×") for text in chips.all_inner_texts()] == said
    assert chips.first.get_attribute("aria-label") == "Take away the filter hidden: transit"
    top = visit.page.locator("#graph").bounding_box()["y"]
    assert all(chip.bounding_box()["y"] < top for chip in chips.all())
    for left in range(4, -1, -1):
        chips.first.focus()
        visit.page.keyboard.press("Enter")
        assert chips.count() == left
    assert visit.ask("document.activeElement.id") == "graph"  # the last one is gone: the keyboard stays near
    assert not visit.page.locator("#no-filter").is_visible()
    assert len(visit.listed()) == 15


def test_lists_open_and_close_by_keyboard_and_one_at_a_time(visit: Visit) -> None:
    lists = visit.page.locator(".filter-bar .list[open]")
    visit.page.locator("#only-bank summary").focus()
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Space")
    assert visit.ask("graphflow.state.bank.length") == 1
    visit.page.locator("#only-channel summary").click()
    visit.until("document.querySelectorAll('.filter-bar .list[open]').length === 1")
    assert lists.first.get_attribute("id") == "only-channel"
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Escape")
    assert lists.count() == 0
    assert visit.ask("document.activeElement.parentElement.id") == "only-channel"


# --- the table --------------------------------------------------------------------------------------------


def test_the_table_sorts_by_every_column(visit: Visit) -> None:
    heads = [text.strip().split("\n")[0] for text in visit.page.locator("#rows th").all_inner_texts()]
    for place, head in enumerate(heads):
        button = visit.page.locator("#rows th button").nth(place)
        button.click()
        rising = visit.column(head)
        button.click()
        falling = visit.column(head)
        key: Any = (lambda text: float(re.sub(r"[^\d.]", "", text))) if head in ("Amount", "Row") else str
        assert [key(cell) for cell in rising] == sorted(key(cell) for cell in rising), head
        assert [key(cell) for cell in falling] == sorted((key(cell) for cell in falling), reverse=True), head
        assert visit.page.locator("#rows th").nth(place).get_attribute("aria-sort") == "descending"
        button.click()
        assert visit.page.locator("#rows th[aria-sort=none]").count() == len(heads)
    assert visit.listed() == sorted(visit.listed())


def test_the_table_is_saved_as_it_stands(visit: Visit) -> None:
    visit.page.locator(".finding").nth(1).click()
    visit.page.locator("#rows th button").nth(4).click()
    name, content = visit.saved("#save-csv")
    assert name == "case-0001-4-of-15.csv"  # a part of it says so
    assert content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert lines[0][:6] == ["Transaction", "Time (UTC)", "Payer", "Payee", "Amount", "Currency"]
    assert [line[0] for line in lines[1:]] == visit.listed()
    assert lines[1] == [
        "T00013", "2026-03-02 09:18", "T1", "E1", "150.00", "USD", "150.00", "USD", "app", "bank.csv", "14", "",
        "", "Model Bank", "", "Sample Bank",
    ]  # fmt: skip


def test_an_edge_lists_its_transactions_with_file_and_row_to_copy(visit: Visit) -> None:
    visit.page.mouse.click(*visit.middle("T1 → E1"))
    visit.page.wait_for_timeout(350)
    cited = visit.page.locator(".cited li").all_inner_texts()
    assert [line.split(" · ")[-1] for line in cited] == ["bank.csv, row 11", "bank.csv, row 14"]
    button = visit.page.locator("#chosen button")
    button.click()
    visit.until("/Copied|Ctrl/.test(document.querySelector('#chosen button').textContent)")


# --- search, layouts, undo, link --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ("t2", {"node": "T2"}),
        ("wang", {"node": "V2"}),
        ("64,000", {"edge": "T3 → E2"}),
        ("150.00 usd", {"edge": "T1 → E1"}),
    ],
)
def test_search_jumps_to_accounts_names_and_amounts(visit: Visit, words: str, chosen: dict[str, str]) -> None:
    visit.page.fill("#search", words)
    assert visit.page.locator("#hits [role=option]").count() >= 1
    visit.page.press("#search", "Enter")
    assert visit.page.locator("#chosen b").inner_text() == next(iter(chosen.values()))
    assert [*visit.ask("graphflow.state.chosen")] == [*chosen]
    assert not visit.page.locator("#hits").is_visible()
    visit.page.fill("#search", "")


def test_search_finds_banks_and_arrows_move_through_the_hits(visit: Visit) -> None:
    visit.page.fill("#search", "model bank")
    assert [text.split(" · ")[0] for text in visit.page.locator("#hits li").all_inner_texts()] == ["C", "T1"]
    visit.page.press("#search", "ArrowDown")
    assert visit.page.locator("#search").get_attribute("aria-activedescendant") == "hit-1"
    visit.page.press("#search", "Enter")
    assert visit.page.locator("#chosen b").inner_text() == "T1"
    visit.page.fill("#search", "nobody of that name")
    assert visit.page.locator("#hits").inner_text() == "nothing found on this page"
    visit.page.fill("#search", "")


def test_an_account_stays_where_it_was_dragged(visit: Visit) -> None:
    node = visit.nodes()["V6"]
    before = visit.ask("id => graphflow.network.getPosition(id)", node)
    x, y = visit.spot(node)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 60, y - 30, steps=4)
    visit.page.mouse.up()
    after = visit.ask("id => graphflow.network.getPosition(id)", node)
    assert after["x"] > before["x"] + 20
    visit.page.select_option("#layout", "time")
    visit.page.select_option("#layout", "tiers")
    now = visit.ask("id => graphflow.network.getPosition(id)", node)
    assert (now["x"], now["y"]) == pytest.approx((after["x"], after["y"]), abs=1)
    for _ in range(3):
        visit.page.locator("#undo").click()
    now = visit.ask("id => graphflow.network.getPosition(id)", node)
    assert (now["x"], now["y"]) == pytest.approx((before["x"], before["y"]), abs=1)


def test_the_time_layout_stands_accounts_by_their_first_transaction(visit: Visit) -> None:
    visit.page.select_option("#layout", "time")
    names, at = visit.nodes(), {}
    for name, node in names.items():
        at[name] = visit.ask("id => graphflow.network.getPosition(id).x", node)
    assert [at[f"V{i}"] for i in range(1, 7)] == sorted(at[f"V{i}"] for i in range(1, 7))
    assert at["C"] == at["V1"] < at["V2"] < at["T1"] < at["T2"] < at["T3"] < at["E1"] < at["E2"]
    assert "2026-03-02 09:05" in visit.texts("heading")
    visit.page.select_option("#layout", "force")
    spots = visit.ask("graphflow.nodes().map(({ id }) => graphflow.network.getPosition(id)).map(({ x, y }) => [x, y])")
    apart = [abs(a[0] - b[0]) + abs(a[1] - b[1]) for i, a in enumerate(spots) for b in spots[:i]]
    assert min(apart) > 40
    visit.page.select_option("#layout", "tiers")
    visit.page.select_option("#layout", "force")
    again = visit.ask("graphflow.nodes().map(({ id }) => graphflow.network.getPosition(id)).map(({ x, y }) => [x, y])")
    assert again == spots


def test_the_state_survives_a_reload_as_a_link(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    node = visit.nodes()["T1"]
    changes = {
        "chosen": {"node": node}, "off": ["end"], "time": [1, 14], "role": ["collector"],
        "currency": [0], "amount": [1, 5], "words": "c",
        "layout": "time", "sort": [4, True], "moved": {"time": {str(node): [333, 44]}},
    }  # fmt: skip
    for name, value in changes.items():
        visit.ask("change => graphflow.change(change)", {name: value})
    told = [
        visit.listed(),
        sorted(visit.edges()),
        visit.ask("graphflow.state"),
        visit.page.locator("#chosen").inner_text(),
    ]
    visit.page.reload()
    visit.page.wait_for_timeout(150)
    assert told == [
        visit.listed(), sorted(visit.edges()), visit.ask("graphflow.state"), visit.page.locator("#chosen").inner_text(),
    ]  # fmt: skip
    assert visit.ask("id => graphflow.network.getPosition(id)", node) == {"x": 333, "y": 44}
    assert visit.page.locator("#layout").input_value() == "time"
    visit.page.locator("#reset").click()
    assert visit.ask("location.hash") in ("", "#")
    assert len(visit.listed()) == 15
    assert visit.trouble == []


def test_what_can_be_undone_survives_a_reload(browser: Any, file: Path) -> None:
    visit = Visit(browser, file)
    for change in ({"channel": [0]}, {"bank": [1]}, {"words": "c"}):
        visit.ask("change => graphflow.change(change)", change)
    visit.page.locator("#undo").click()
    visit.page.reload()
    visit.page.wait_for_timeout(150)
    assert visit.ask("[graphflow.state.channel, graphflow.state.bank, graphflow.state.words]") == [[0], [1], ""]
    visit.page.locator("#redo").click()
    assert visit.ask("graphflow.state.words") == "c"
    for _ in range(3):
        visit.page.keyboard.press("Control+z")
    assert len(visit.listed()) == 15
    assert visit.page.locator("#undo").is_disabled()
    visit.page.keyboard.press("Control+Shift+z")
    visit.page.keyboard.press("Control+y")
    assert visit.ask("[graphflow.state.channel, graphflow.state.bank]") == [[0], [1]]
    link = visit.ask("location.hash")
    other = Visit(browser, file, part=link)  # from elsewhere, without a past
    assert len(other.listed()) < 15
    other.page.locator("#undo").click()
    assert len(other.listed()) == 15
    assert visit.trouble == other.trouble == []


@pytest.mark.parametrize(
    "part",
    [
        "#%", "#null", "#[]", '#{"chosen":{"node":99999}}', '#{"chosen":{"finding":7}}', '#{"time":[9,"x"]}',
        '#{"off":["<img src=x onerror=alert(1)>"],"layout":"__proto__","sort":[99,true],"rule":"constructor"}',
        '#{"moved":{"tiers":{"__proto__":[1,2]}},"apart":[-1],"amount":[5,1],"bank":[1e9],"words":7,"__proto__":{"x":1}}',
        '#{"role":["<svg onload=alert(1)>"],"finding":[0,0,0,0,0],"channel":[0.5],"currency":-1}',
        '#{"amount":[0,999],"time":[998,999],"chosen":{"edge":[0,0]},"words":"<script>"}',
    ],
)  # fmt: skip
def test_a_link_that_somebody_made_up_opens_the_page(browser: Any, file: Path, part: str) -> None:
    visit = Visit(browser, file, part="#" + quote(part[1:]) if part != "#%" else part)
    assert visit.page.locator("#shown").inner_text() != ""
    visit.page.locator("#fit").click()
    assert visit.trouble == []
    visit.context.close()
