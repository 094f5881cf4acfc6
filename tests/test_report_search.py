"""What a report's search holds: every case of the run, its accounts with what the data says of them, within bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from view_cases import HOSTILE, banked, case, finding, hostile, ledger, tour

from graphflow.account_names import TYPES as TYPE_NAMES
from graphflow.case import Case
from graphflow.detect import DETECTORS
from graphflow.finding import Kind
from graphflow.graph import FlowGraph
from graphflow.languages import Reader, reader
from graphflow.ledger import Ledger
from graphflow.roles import ROLES as ROLE_NAMES
from graphflow.view import report_search
from graphflow.view.chart import cut_at
from graphflow.view.holders import PLAIN_TYPES, Holder, Holders
from graphflow.view.report import report
from graphflow.view.report_cases import MAX_CASES
from graphflow.view.report_charts import MAX_CUT, charts
from graphflow.view.report_search import Index, search_index
from graphflow.view.terms import DETECTORS as DETECTOR_TERMS
from graphflow.view.terms import EVIDENCE, RANKING, ROLES, SAID_AS, TYPES, terms_of
from graphflow.view.text import points_text


def index_of(graph: FlowGraph, cases: Sequence[Case], listed: int) -> Index:
    return search_index(
        cases, listed, holders=Holders(cases, graph), pages=frozenset({"case-0001"}), worth={}, to=Reader()
    )


def numbered(told: Case, count: int) -> list[Case]:
    return [replace(told, id=f"case-{k:04}", rank=k) for k in range(1, count + 1)]


def page(graph: FlowGraph, cases: Sequence[Case]) -> str:
    given: dict[str, Any] = {"title": "Run", "summary": "Read.", "sources": [], "truncated": [], "warnings": []}
    return report(**given, cases=cases, pages=[cases[0].id], rules=[], facts={}, version="0.1.0", graph=graph)


# --- the index --------------------------------------------------------------------------------------------


def test_every_case_has_its_accounts_flagged_ones_first() -> None:
    graph, told = banked()
    index = index_of(graph, numbered(told, 3), 1)
    assert [len(index.cases), len(index.lines)] == [3, 2]
    flagged, *own = index.cases[2]
    names = [index.accounts[place][0] for place in own]
    assert names[:flagged] == list(told.accounts)
    assert sorted(names) == sorted(told.roles)
    assert len(index.accounts) == len(told.roles)


def test_an_account_has_its_holder_and_its_bank() -> None:
    graph, told = banked()
    index = index_of(graph, [told], 1)
    facts = {account: [index.texts[place] for place in places] for account, *places in index.accounts}
    assert facts["V2"][:2] == ["Wang Min", "Sample Bank"]
    assert facts["C"][:2] == ["", "Model Bank"]


def test_a_line_says_what_a_row_says() -> None:
    graph, told = tour()
    _, line = index_of(graph, numbered(told, 2), 0).lines
    ident, level, headline, points, exact, amount, currency, worth, start, end, detectors, linked = line
    assert (ident, level, headline, linked) == ("case-0002", told.level, told.headline, 0)
    assert (points, exact, f"{amount} {currency}") == (points_text(told.points), told.points, told.amount_text)
    assert (worth, start, end) == (told.amount, "2026-03-02 09:05", "2026-03-02 09:19")
    assert len(detectors) == len({found.detector for found in told.findings})


def test_what_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, told = tour()
    cases = numbered(told, MAX_CASES + 40)
    whole = index_of(graph, cases, MAX_CASES)
    monkeypatch.setattr(report_search, "MOST_LINES", 20 * len(json.dumps(whole.lines[0])))
    monkeypatch.setattr(report_search, "MOST_ACCOUNTS", 5_000)
    index = index_of(graph, cases, MAX_CASES)
    assert 10 < len(index.lines) < 40
    assert 0 < len(index.cases) < MAX_CASES
    assert len(json.dumps([index.accounts, index.cases])) < 6_000
    html = page(graph, cases)
    told_of = re.search(r"holders and banks of the first (\d+) cases", html)
    assert told_of is not None
    assert int(told_of[1]) == len(index.cases)
    assert f'id="listed" data-of="{len(cases)}"' in html


@pytest.mark.slow
def test_ten_thousand_cases_with_long_names_stay_within_two_megabytes() -> None:
    names = [f"样例户名{'长' * 40}{k}" for k in range(400)]
    book = ledger([(f"P{k:04}", "C", 100, "CNY") for k in range(400)], payer_name=list(names))
    one = case([finding(book, lambda *_: True)], {}, headline="长" * 300)
    cases = [
        replace(one, id=f"case-{k:05}", rank=k, accounts=("C", *(f"P{n % 400:04}" for n in range(k, k + 100))))
        for k in range(1, 10_001)
    ]
    html = page(FlowGraph(book), cases)
    assert len(html.encode()) < 2_000_000


def test_a_text_of_the_data_cannot_leave_its_place() -> None:
    graph, told = hostile()
    html = page(graph, numbered(told, MAX_CASES + 2))
    for name in HOSTILE[:6]:
        assert name not in html
    found = re.search(r'id="index">(.*?)</script>', html, re.S)
    assert found is not None
    assert json.loads(found[1])["accounts"]
    assert "<" not in found[1]


# --- holders ----------------------------------------------------------------------------------------------------


def test_what_is_known_of_an_account_stands_in_brackets() -> None:
    to = reader("zh")
    assert Holder(account="A").told(to) == "A"
    assert Holder(account="15231:80266F880", bank="15231").told(to) == "15231:80266F880"
    assert Holder(account="A", name="样例", bank="模型银行", type="gateway").told(to) == "A (样例, 模型银行, 支付通道)"


def test_a_type_that_says_something_is_told_and_no_other() -> None:
    book = ledger([("P", "Q", 100, "CNY"), ("Q", "R", 90, "CNY")], payee_name=["Alipay (China) Network", None])
    told = case([finding(book, lambda *_: True, accounts=("P", "Q"))], {})
    known = Holders([told], FlowGraph(book))
    assert [known.of("Q").type, known.of("P").type] == ["gateway", ""]
    assert Holders([told], None).of("Q").type == ""
    assert "Flagged</span>: P; Q (Alipay (China) Network, gateway)" in page(FlowGraph(book), [told])


# --- points, terms, tall bars ------------------------------------------------------------------------------------


def test_points_have_one_decimal_at_most_and_their_exact_value_beside_them() -> None:
    graph, told = tour()
    html = page(graph, [replace(told, parts=(replace(told.parts[0], points=2.345),))])
    assert ">2.3</button>" in html
    assert 'data-sort="2.345"' in html
    shown = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", " ", html, flags=re.S)
    assert re.findall(r"\d\.\d\d+ points|[+-]\d+\.\d\d", shown) == []


def test_every_word_of_a_report_has_its_term() -> None:
    assert set(DETECTOR_TERMS) == {kind.name for kind in DETECTORS}
    assert set(EVIDENCE) == set(get_args(Kind))
    assert {SAID_AS.get(key, key) for key in ROLES} == set(ROLE_NAMES) - {"other"}
    assert {SAID_AS.get(key, key) for key in TYPES} == set(TYPE_NAMES) - set(PLAIN_TYPES)
    words = reader("zh").words
    groups = (RANKING, DETECTOR_TERMS, EVIDENCE, ROLES, TYPES)
    assert [text for group in groups for text in group.values() if text not in words] == []
    keys = [key for group in groups for key in group]
    assert len(keys) == len(set(keys))


def test_only_words_that_are_used_are_explained() -> None:
    _, told = tour()
    groups = {group.key: [term.key for term in group.terms] for group in terms_of([told], {"", "end"})}
    assert groups["detectors"] == ["cycle", "fan-in", "mule-chain"]
    assert groups["types"] == ["account end"]
    assert terms_of([], {"gateway"}) == []


@pytest.mark.parametrize(
    ("totals", "cut"),
    [([], 0), ([5], 0), ([1, 900], 0), ([1, 2, 3], 0), ([1, 0, 1, 900], 2), ([1] * 9 + [4], 0), ([1] * 9 + [5], 2),
     ([1] * 5 + [900] * 5, 0)],
)  # fmt: skip
def test_bars_are_cut_only_where_a_few_hide_the_others(totals: list[int], cut: int) -> None:
    assert cut_at(totals) == cut


def test_a_huge_amount_is_cut_and_said() -> None:
    usual = [("A", "B", 100_00 + k, "CNY") for k in range(60)]
    huge = 10**18
    book: Ledger = ledger([*usual, ("A", "B", huge, "CNY")])
    drawn = {chart.id: chart for chart in charts(FlowGraph(book).flow, [case([finding(book, lambda *_: True)], {})],
                                                 Reader())}  # fmt: skip
    chart = drawn["over-time"]
    assert chart.cut > 0
    assert sum(max(pair) > chart.cut for pair in zip(*(s.values for s in chart.series), strict=True)) <= MAX_CUT
    assert "10,000,000,000,000,502.85" in chart.cut_note
    assert "Cut at the top" in page(FlowGraph(book), [case([finding(book, lambda *_: True)], {})])


def test_a_row_names_a_few_detectors_and_unfolds_the_others() -> None:
    graph, told = banked()
    found = [replace(told.findings[0], detector=f"detector-{k}") for k in range(6)]
    html = page(graph, [replace(told, findings=tuple(found))])
    cell = re.search(r'<td class="detectors">(.*?)</td>', html, re.DOTALL)
    assert cell is not None
    first, _, rest = cell[1].partition("<details>")
    assert re.findall(r">(detector-\d)<", first) == [f"detector-{k}" for k in range(4)]
    assert "<summary>and 2 more</summary>" in rest
    assert re.findall(r">(detector-\d)<", rest) == ["detector-4", "detector-5"]


def test_a_report_says_which_cases_have_a_page() -> None:
    graph, told = banked()
    cases = [replace(told, id=f"case-{k}", rank=k) for k in (1, 2, 3)]
    html = page(graph, cases)
    assert "1 of 3 cases have a page of their own: those whose id is a link. --pages writes more, best first." in html
    rows = re.findall(r'<td class="id">(.*?)</td>', html)
    assert ["href=" in row for row in rows] == [True, False, False]
    assert 'id="paged"' not in page(graph, cases[:1])
