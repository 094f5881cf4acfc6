"""The pages as text: escaped, offline, the same every time, and saying what they leave out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trace_cases
from view_cases import HOSTILE, banked, case, crowd, crowd_and_few, finding, hostile, ledger, rule, tour

from graphflow.errors import OutputError
from graphflow.finding import Part
from graphflow.graph import FlowGraph
from graphflow.languages import Reader
from graphflow.ledger import Source
from graphflow.view import Page, layout, view
from graphflow.view.assets import page_script, script_texts, script_words
from graphflow.view.bins import bins
from graphflow.view.listing import fair_share
from graphflow.view.page import case_page
from graphflow.view.picture import MAX_FOLDS, MAX_NODES, picture
from graphflow.view.report import MAX_CASES, report
from graphflow.view.trace_page import trace_page
from graphflow.words import shorten, shown, visible

REMOTE = re.compile(r"""(?:src|href|action|data)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import|\bfetch\(|XMLHttpRequest|WebSocket""", re.I)  # fmt: skip # noqa: E501
SOURCE = Source(
    path='in/<b onclick="x">.csv', sha256="ab" * 32, bytes=9, encoding="utf-8", dialect="plain",
    rows={"read": 9, "accepted": 4, "paired": 2, "duplicate": 1, "excluded": 1, "rejected": 1},
)  # fmt: skip


class Elements(HTMLParser):
    """Tags and attributes as a browser sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def data(html: str, name: str) -> Any:
    """One of the page's JSON elements."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.S)
    assert found is not None
    return json.loads(found[1])


def run_report(**changes: Any) -> str:
    _, told = tour()
    given: dict[str, Any] = {
        "title": "Run", "summary": "15 transactions were read.", "cases": [told], "pages": {told.id},
        "sources": [SOURCE], "truncated": ["cycle: stopped at a hub"], "warnings": ["minutes only"],
        "rules": [rule("fan-in", "min_payers", "5")], "facts": {"Accounts": "12"}, "version": "0.1.0",
    }  # fmt: skip
    return report(**{**given, **changes})


# --- every page ---------------------------------------------------------------------------------------


def pages() -> dict[str, str]:
    graph, told = hostile()
    words = list(HOSTILE)
    return {
        "tour": view(*tour()).html,
        "hostile": view(graph, told).html,
        "report": run_report(),
        "hostile report": run_report(
            title=words[0], summary=words[1], cases=[told], truncated=words, warnings=words,
            facts=dict.fromkeys(words, words[4]), rules=[rule(*words[:3])], preset=words[3],
        ),
        "trace": trace_page(trace_cases.small()).html,
        "hostile trace": trace_page(trace_cases.hostile()).html,
    }  # fmt: skip


@pytest.fixture(scope="module", params=["tour", "hostile", "report", "hostile report", "trace", "hostile trace"])
def html(request: pytest.FixtureRequest) -> str:
    return pages()[request.param]


def test_pages_reach_out_to_nothing(html: str) -> None:
    assert REMOTE.search(html) is None
    assert html.startswith("<!doctype html>")
    assert '<meta charset="utf-8">' in html
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {tag for tag, _ in Elements(html).tags}


def test_only_our_scripts_may_run(html: str) -> None:
    nonce = re.search(r"default-src 'none'; script-src 'nonce-([0-9a-f]{32})'", html)
    assert nonce is not None
    scripts = [attrs for tag, attrs in Elements(html).tags if tag == "script"]
    running = [attrs for attrs in scripts if attrs.get("type") != "application/json"]
    assert [attrs.get("nonce") for attrs in running] == [nonce[1]] * len(running)
    assert len(running) in (1, 2)


def test_nothing_from_data_becomes_markup(html: str) -> None:
    for tag, attrs in Elements(html).tags:
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert not str(attrs.get("href", "")).lower().startswith("javascript"), (tag, attrs)
    for name in HOSTILE[:6]:
        assert name not in html


def test_characters_that_hide_others_are_spelled_out(html: str) -> None:
    text = html.partition("* vis-network")[0]
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)
    assert "L" * 1000 not in html


@pytest.mark.parametrize("word", ["guilty", "criminal", "boss"])
def test_pages_judge_nobody(html: str, word: str) -> None:
    assert word not in html.partition("* vis-network")[0].lower()
    assert "Leads for a person to judge, not verdicts" in html


def test_pages_are_the_same_in_another_process() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests'); from view_cases import tour, crowd; import trace_cases;"
        "from graphflow.view import view; from graphflow.view.trace_page import trace_page;"
        "told = trace_page(trace_cases.crowd(500, tier=50)).html;"
        "from hashlib import sha256; whole = view(*tour()).html + view(*crowd(400)).html + told;"
        "print(sha256(whole.encode()).hexdigest())"
    )
    root = Path(__file__).parent.parent
    runs = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(runs) == 1


# --- the case page --------------------------------------------------------------------------------------


def test_case_page_says_why() -> None:
    graph, told = tour()
    html = unescape(view(graph, told).html)
    assert all(part.sentence in html for part in told.parts)
    assert all(found.reason in html for found in told.findings)
    assert "15 transactions, 12 accounts" in html
    assert "Why 5.5 points" in html


def test_many_reasons_are_summed_up() -> None:
    graph, told = hostile()
    assert len(told.parts) == 100
    assert re.search(r"\+70</td>\s*<td></td>\s*<td>70 more reasons", view(graph, told).html)


def test_view_leaves_the_graph_as_it_was() -> None:
    graph, told = tour()
    before = graph.ledger.frame.clone()
    view(graph, told)
    assert graph.is_lazy
    assert graph.ledger.frame.equals(before)


def test_transactions_between_two_accounts_are_one_edge_and_currencies_are_not_added() -> None:
    graph, told = tour()
    drawn = picture(graph, told)
    names = [account.account for account in drawn.accounts]
    edge = drawn.edges[drawn.edge_of[names.index("T1"), names.index("E1")]]
    assert (edge.paid.count, edge.paid.totals) == (2, {"CNY": 68_000_00, "USD": 150_00})
    facts = data(view(graph, told).html, "facts")
    rows = [row for row in facts["rows"] if [facts["accounts"][end]["account"] for end in row[3:5]] == ["T1", "E1"]]
    assert [[row[5], facts["currencies"][row[6]], facts["files"][row[10]], row[11]] for row in rows] == [
        ["6800000", ["CNY", 2], ["bank.csv", "bank.csv"], 11],
        ["15000", ["USD", 2], ["bank.csv", "bank.csv"], 14],
    ]


def test_amounts_that_no_double_holds_stay_exact() -> None:
    book = ledger([("A", "B", 9_007_199_254_740_993, "CNY")])
    facts = data(
        view(FlowGraph(book), case([finding(book, lambda *_: True)], {"A": "source", "B": "end"})).html, "facts"
    )
    assert facts["rows"][0][5] == "9007199254740993"


def test_a_page_that_lists_all_its_transactions_needs_no_sums_and_another_one_has_them() -> None:
    assert data(view(*tour()).html, "facts")["whole"] is None
    graph, told = crowd(2500)
    html = view(graph, told).html
    whole = data(html, "facts")["whole"]
    carried = sum(int(amount) for edge in whole["edges"] for _, amount in edge["paid"][1])
    assert carried == graph.ledger.frame["paid"].sum()
    assert sum(edge["paid"][0] for edge in whole["edges"]) == 2501


def test_accounts_say_how_long_money_stays_with_them() -> None:
    stays = {account["account"]: account.get("stays") for account in data(view(*tour()).html, "facts")["accounts"]}
    assert stays["T2"] == "3 minutes"  # C pays T2 in minute 8, T2 pays E1 in minute 11
    assert stays["V1"] is None
    assert stays["E2"] is None


def test_times_are_those_of_the_readers_clock() -> None:
    html = view(*tour(), zone="Asia/Shanghai").html
    assert data(html, "facts")["rows"][0][1:3] == [0, "2026-03-02 17:05"]
    assert data(html, "facts")["clock"]["text"][0] == "2026-03-02 17:05"
    assert "Time (Asia/Shanghai)" in html


def test_both_ways_between_two_accounts_are_curved_apart() -> None:
    book = ledger([("A", "B", 100, "CNY"), ("B", "A", 100, "CNY")])
    html = view(FlowGraph(book), case([finding(book, lambda *_: True)], {"A": "cycle", "B": "cycle"})).html
    assert [edge["bend"] for edge in data(html, "edges")] == [[0.22, 0.22]] * 2


def test_accounts_stand_from_left_to_right_by_tier() -> None:
    graph, told = tour()
    html = view(graph, told).html
    x: dict[int, set[float]] = {}
    for node in data(html, "nodes"):
        x.setdefault(node["tier"], set()).add(node["x"])
    assert [len(places) for places in x.values()] == [1] * 4
    assert sorted(x) == [0, 1, 2, 3]
    assert [min(x[tier]) for tier in sorted(x)] == sorted(min(x[tier]) for tier in x)
    assert len({(node["x"], node["y"]) for node in data(html, "nodes")}) == 12


def test_findings_name_their_rows() -> None:
    facts = data(view(*tour()).html, "facts")
    loop = facts["findings"][1]
    assert (loop["name"], sorted(loop)) == ("cycle", ["name", "rows"])
    assert [facts["rows"][row][0] for row in loop["rows"]] == ["T00007", "T00010", "T00013", "T00014"]


def test_a_finding_lights_up_what_is_drawn_though_not_all_of_it_is_listed() -> None:
    html = view(*crowd(2500)).html
    facts = data(html, "facts")
    last = next(i for i, edge in enumerate(data(html, "edges")) if edge["from"] == node_at(facts, "C"))
    assert last in facts["findings"][0]["edges"]
    assert max(facts["findings"][0]["rows"]) == 1999


def node_at(facts: Any, name: str) -> int:
    found: int = next(account["node"] for account in facts["accounts"] if account["account"] == name)
    return found


def test_what_does_not_fit_is_folded_and_counted() -> None:
    graph, told = crowd(900)
    drawn = picture(graph, told)
    assert len(drawn.nodes) <= MAX_NODES
    folds = [node for node in drawn.nodes if node.folded]
    assert sum(len(node.members) for node in drawn.nodes) == 902
    assert len(folds) == 1
    assert drawn.accounts[drawn.nodes[folds[0].beside or 0].members[0]].account == "C"
    assert len(folds[0].members) == 902 - (MAX_NODES - MAX_FOLDS) - 1 == drawn.folded
    assert folds[0].went.count == drawn.folded
    whole = sum(node.went.totals.get("CNY", 0) for node in drawn.nodes)
    assert whole == graph.ledger.frame["paid"].sum()
    kept = {drawn.accounts[node.members[0]].account for node in drawn.nodes if not node.folded}
    assert {"C", "E", "P0899"} <= kept
    assert "P0000" not in kept
    html = view(graph, told).html
    assert "and 625 more" in [node["label"] for node in data(html, "nodes")]
    assert "625 of 902 accounts are folded" in html
    held = [account["node"] for account in data(html, "facts")["accounts"]]
    assert held.count(drawn.nodes.index(folds[0])) == 625  # so that it can be unfolded on the page
    assert len(html.encode()) < 1_000_000


def test_the_table_says_when_it_is_cut() -> None:
    html = view(*crowd(2500)).html
    assert len(data(html, "facts")["rows"]) == 2000
    assert "The table lists 2,000 of 2,501 transactions: those of small findings" in html


def test_small_findings_keep_their_rows_beside_a_huge_one() -> None:
    html = view(*crowd_and_few(2500)).html
    facts = data(html, "facts")
    fan, chain = facts["findings"]
    assert [facts["rows"][place][0] for place in chain["rows"]] == ["T02500", "T02501"]
    assert "of" not in chain
    assert (len(fan["rows"]), fan["of"]) == (1998, 2500)
    assert html.count("transactions listed here</span>") == 1
    assert "1,998 of 2,500 transactions listed here" in html
    times = [row[1] for row in facts["rows"]]
    assert times == sorted(times)


@pytest.mark.parametrize("seed", range(5))
def test_every_finding_has_its_share_of_the_rows(seed: int) -> None:
    draw = np.random.default_rng(seed)
    total, most = 400, 120
    cited = [np.sort(draw.choice(total, size, replace=False)) for size in draw.integers(1, 300, 12)]
    listed = np.array(fair_share(cited, total, most))
    assert len(set(listed.tolist())) == most
    assert listed.tolist() == sorted(listed.tolist())
    shares = [np.isin(own, listed).sum() for own in cited]
    assert all(share >= min(own.size, most // 12) for share, own in zip(shares, cited, strict=True))
    assert fair_share(cited, 100, 120) == list(range(100))


def test_points_that_are_shown_add_up() -> None:
    graph, told = tour()
    parts = tuple(Part("structure", points, "a reason") for points in (1.25, 1.25, 0.333, 7.04, 0.05))
    html = view(graph, case(told.findings, dict(told.roles), parts=parts)).html
    table = html.partition('<table class="points">')[2].partition("</table>")[0]
    shown = [float(text) for text in re.findall(r'<td class="number">([+-][\d.]+)</td>', table)]
    assert len(shown) == 5
    assert round(sum(shown), 1) == 9.9
    assert "Why 9.9 points" in html
    assert "Rounded to one decimal" in html
    assert "Rounded to one decimal" not in view(graph, told).html


def test_words_of_the_field_are_explained_where_names_are_not() -> None:
    graph, told = tour()
    hostile = "3 hops to </h1><script>, staying 2 minutes; a hop to one-off-x"
    html = view(graph, case(told.findings, dict(told.roles), headline=hostile)).html
    head = html.partition("<h1>")[2].partition("</h1>")[0]
    assert re.findall(r'class="term" tabindex="0" title="[^"<>]+" data-means="[^"<>]+">([^<]+)<', head) == [
        "hops", "staying", "hop",
    ]  # fmt: skip
    assert "&lt;/h1&gt;&lt;script&gt;" in head
    glossary = html.partition('class="glossary"')[2].partition("</details>")[0]
    assert "<dt>fan-in</dt>" in glossary
    assert "<dt>device-ring</dt>" not in glossary


def test_flagged_accounts_are_told_with_holder_bank_and_role() -> None:
    graph, told = banked()
    who = view(graph, told).html.partition('class="who"')[2].partition("</details>")[0]
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", who, re.DOTALL)][1:]
    assert rows == [["C", "—", "Model Bank", "—", "collector"], ["T1", "—", "Model Bank", "—", "transit"]]


def test_an_empty_name_still_has_a_node() -> None:
    book = ledger([("", "B", 100, "CNY")])
    html = view(FlowGraph(book), case([finding(book, lambda *_: True)], {"": "source", "B": "end"})).html
    assert data(html, "nodes")[0]["label"] == "(empty)"


def test_two_thousand_accounts_can_be_drawn() -> None:
    html = view(*crowd(2100), max_nodes=2000).html
    assert 1900 < len(data(html, "nodes")) <= 2000
    assert data(html, "facts")["whole"] is None


# --- our script -----------------------------------------------------------------------------------------


def test_the_script_never_writes_html() -> None:
    found = re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function", page_script()
    )
    assert found is None


def test_every_fixed_text_of_the_script_is_known_to_catalogues() -> None:
    script = page_script()
    assert re.findall(r"(?<![\w.$])t\((?!\")\w+", script) == ["t(text", "t(number"]  # where they are made
    both = re.findall(r'many\([^"()]*"([^"]*)", "([^"]*)"', script)
    assert len(both) == len(re.findall(r"(?<![\w.$])many\(", script))
    said = re.findall(r'(?<![\w.$])t\("((?:[^"\\]|\\.)*)"', script)
    assert len(said) > 60
    assert {*said, *(text for pair in both for text in pair)} <= set(script_texts())


def test_the_script_gets_its_texts_in_the_readers_language() -> None:
    to = Reader(code="zh", words={"Play": "播放", "not in the script": "x"})
    assert script_words(to) == {"Play": "播放"}
    graph, told = tour()
    html = case_page(
        graph, told, Reader(code="zh", words={"Play": "播放", "tier {n}": "第{n}层", "Legend": "图例"})
    ).html
    assert data(html, "words") == {"Play": "播放", "tier {n}": "第{n}层"}
    assert 'aria-label="图例"' in html


def test_steps_of_the_clock_begin_at_round_times_of_the_reader() -> None:
    times = [datetime(2026, 3, 2, 9, 7, tzinfo=UTC), datetime(2026, 3, 5, 20, 1, tzinfo=UTC)]
    made = bins(times, "%Y-%m-%d %H:%M", Reader(zone="Asia/Kolkata"))
    assert (made["text"][0], made["text"][1], made["step"]) == ("2026-03-02 14:00", "2026-03-02 15:00", "1 hour")
    assert made["at"][0] == -37 * 60
    assert made["at"][-2] <= (times[1] - times[0]).total_seconds() < made["at"][-1]


# --- the page as a value -----------------------------------------------------------------------------------


def test_save_writes_the_page_whole(tmp_path: Path) -> None:
    page = view(*tour())
    assert page.save(str(tmp_path / "case.html")) == tmp_path / "case.html"
    assert (tmp_path / "case.html").read_text("utf-8") == page.html
    assert os.listdir(tmp_path) == ["case.html"]


def test_save_says_where_it_cannot_write(tmp_path: Path) -> None:
    target = tmp_path / "none" / "case.html"
    with pytest.raises(OutputError, match=r"cannot write .*case\.html: No such file or directory"):
        Page("case-0001", "x").save(target)


def test_in_a_notebook_the_page_stays_in_its_frame() -> None:
    page = view(*hostile())
    tags = Elements(page._repr_html_()).tags
    assert [(tag, attrs["sandbox"]) for tag, attrs in tags] == [("iframe", "allow-scripts allow-downloads")]
    assert tags[0][1]["srcdoc"] == page.html
    assert repr(page) == "Page(case_id='case-0001')"


# --- layout and words ------------------------------------------------------------------------------------------


def test_a_tier_is_the_least_hops_in_time_order() -> None:
    # 2 pays 3 before anything reached 2: that payment carries nothing of the source's
    assert layout.tiers(4, [(2, 3), (0, 1), (1, 2)], sources=[0]) == [0, 1, 2, 3]
    assert layout.tiers(4, [(0, 1), (1, 2), (0, 2), (2, 3)], sources=[0]) == [0, 1, 1, 2]
    assert layout.tiers(3, [(2, 0), (0, 1), (1, 2)], sources=[]) == [1, 2, 0]


def test_long_columns_are_wrapped() -> None:
    spots = layout.spread([list(range(100)), [100]], layout.WIDE)
    left = {x for node, (x, _) in spots.items() if node < 100}
    assert len(left) > 3
    assert max(left) < spots[100][0]
    assert len(set(spots.values())) == 101


def test_sweeps_take_crossings_away() -> None:
    hops = [(0, 3), (1, 2)]
    assert layout.columns([0, 0, 1, 1], hops, ["a", "b", "c", "d"]) == [[0, 1], [3, 2]]


def test_text_is_made_visible_and_short() -> None:
    assert visible("a\u202eb\x00\u2067") == "a\\u202eb\\u0000\\u2067"
    assert len(shorten("x" * 500, 200)) == 200
    assert shown("\u202e" * 10_000, 50).startswith("\\u202e")
    assert len(shown("\u202e" * 10_000, 50)) == 50


# --- the report ----------------------------------------------------------------------------------------------------


def test_report_links_the_pages_and_accounts_for_rows() -> None:
    html = run_report()
    assert '<a href="cases/case-0001.html">case-0001</a>' in html
    row = re.search(r"abababababab….*?</tr>", html, re.S)
    assert row is not None
    assert re.findall(r'class="number">(\d+)<', row[0]) == ["9", "4", "2", "1", "1", "1"]
    assert f'title="{"ab" * 32}"' in html
    for text in ("cycle: stopped at a hub", "minutes only", "min_payers", "No single red flag is enough"):
        assert text in html
    assert "<a href" not in run_report(pages=set())


def test_report_lists_at_most_so_many_cases_and_counts_the_rest() -> None:
    _, told = tour()
    html = run_report(cases=[told] * (MAX_CASES + 12))
    assert html.count('data-level="') == MAX_CASES
    assert "The first 500 of 512 cases are listed; cases.csv holds all of them" in html
    assert "512: 0 high, 512 review" in html


def test_report_without_cases_says_what_that_means() -> None:
    assert "No case was found" in run_report(cases=[], sources=[])
