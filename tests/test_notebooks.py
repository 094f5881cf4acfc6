"""Notebooks run, and what objects show of themselves in one is bounded, escaped and says what it leaves out."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient
from view_cases import HOSTILE, crowd, finding, hostile, ledger, tour

import graphflow as gf
from graphflow.finding import Part
from graphflow.view.notebook import MOST_DRAWN, MOST_LOOKED_AT
from graphflow.view.notebook_picture import MOST_NODES, largest_part
from graphflow.view.notebook_sheet import LINES

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
HAS_ALTAIR = importlib.util.find_spec("altair") is not None
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


class Seen(HTMLParser):
    """The elements of a piece of HTML, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def frames(self) -> list[str]:
        return [str(attrs["srcdoc"]) for tag, attrs in self.tags if tag == "iframe"]


def facts(frame: str) -> dict[str, list[str]]:
    """What a picture says of its accounts and arrows."""
    found = re.search(r'<script type="application/json" id="facts">(.*?)</script>', frame, re.S)
    assert found is not None
    told: dict[str, list[str]] = json.loads(found[1])
    return told


# --- the notebooks -------------------------------------------------------------------------------------


def executed(path: Path, *, chart: bool) -> Any:
    """A notebook that was run; without `chart`, cells that need Altair are left out."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if chart or "chart" not in cell.metadata.get("tags", [])]
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_run_and_end_in_something_to_look_at(path: Path) -> None:
    shown = executed(path, chart=HAS_ALTAIR)
    outputs = [output for cell in shown.cells for output in cell.get("outputs", [])]
    assert any("iframe" in output["data"].get("text/html", "") for output in outputs if "data" in output)
    assert not [output["text"] for output in outputs if output["output_type"] == "stream"], "nothing is printed"


@pytest.mark.skipif(not HAS_ALTAIR, reason="Altair is not installed: the chart of 04_find_and_explain is not drawn")
def test_the_chart_is_for_the_notebooks_own_vega() -> None:
    import altair as alt

    spec = alt.Chart(pl.DataFrame({"x": [1], "y": [2]})).mark_line().to_dict()
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v5"), "what JupyterLab 4 can draw"
    cell = next(
        cell
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
        if "chart" in cell.metadata.get("tags", [])
    )
    assert 'alt.renderers.enable("mimetype")' in cell.source, "the usual one fetches its script from the network"


def test_what_04_says_of_its_misses_holds() -> None:
    samples = ROOT / "samples" / "attempts"
    evaluation = gf.evaluate(gf.analyze(samples / "transfers.csv"), samples / "patterns.txt")
    missed = evaluation.attempts.filter(pl.col("rank").is_null())
    assert missed.select("typology", "size").rows() == [("fan-out", 2), ("fan-in", 3), ("bipartite", 4)]
    assert evaluation.missing == 0
    assert evaluation.truth.height == evaluation.attempts["size"].sum()
    assert evaluation.transactions.row(1, named=True)["precision"] > 10 * evaluation.transactions["base_rate"][0]


# --- everything is reachable from gf -------------------------------------------------------------------


def test_notebooks_take_from_graphflow_what_gf_has() -> None:
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            assert not re.search(r"from graphflow|import graphflow\.", cell.source), path.name
            if cell.cell_type == "code":
                assert set(re.findall(r"\bgf\.(\w+)", cell.source)) <= set(dir(gf)), path.name


def test_names_complete_in_a_notebook() -> None:
    jedi = pytest.importorskip("jedi", reason="jedi completes names in IPython; it is not installed")
    offered = {found.name for found in jedi.Interpreter("gf.", [{"gf": gf}]).complete()}
    assert set(gf.__all__) <= offered
    typed = "import graphflow as gf\ncase = gf.open_cases(graph, [])[0]\ngf.view(graph, case).s"
    assert "save" in {found.name for found in jedi.Script(typed).complete()}


@pytest.mark.parametrize("name", gf.__all__)
def test_public_names_have_an_example(name: str) -> None:
    assert ">>>" in getattr(gf, name).__doc__, name


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_notebooks_agree_with_the_types(tmp_path: Path) -> None:
    for path in NOTEBOOKS:
        cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        (tmp_path / f"n{path.stem}.py").write_text("\n".join(cells), "utf-8")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")]
    if not HAS_ALTAIR:
        command.append("--disable-error-code=import-not-found")
    told = subprocess.run([*command, *tmp_path.glob("*.py")], capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.returncode == 0, told.stdout


# --- one line ----------------------------------------------------------------------------------------------


def test_each_object_says_in_a_line_what_it_is() -> None:
    graph, told = tour()
    assert repr(graph) == "FlowGraph(15 transfers, 12 accounts, 2026-03-02 09:05 to 2026-03-02 09:19)"
    part = graph.flow_subgraph([7, 8])
    assert repr(part) == "FlowGraph(2 transfers of 15, 3 accounts, 2026-03-02 09:12 to 2026-03-02 09:13)"
    assert graph.is_lazy
    assert repr(graph.flow_subgraph([])) == "FlowGraph(0 transfers of 15)"
    by_hand = gf.FlowGraph()
    by_hand.add_edge("P", "Q")
    assert repr(by_hand) == "FlowGraph(2 accounts, 1 transfers, no ledger)"
    assert repr(told.findings[0]) == "Finding(fan-in, review, 2 points: 6 accounts paid C)"
    assert repr(told) == "Case(case-0001, review, 5.5 points, 3 findings: 6 payers, one collector)"


def test_victims_show_what_was_matched_and_what_was_not(tmp_path: Path) -> None:
    graph, _ = tour()
    reported = tmp_path / "victims.csv"
    reported.write_text("victim,payee,amount\nV2,C,20000.00\n<b>V9</b>,C,7.00\n", "utf-8")
    seen = Seen(gf.read_victims(reported, graph.ledger)._repr_html_())
    assert "2,000,000" in seen.text
    assert "Lines not matched" in seen.text
    assert "<b>V9</b>" in seen.text
    assert not {tag for tag, _ in seen.tags} & {"iframe", "script"}


# --- the graph -----------------------------------------------------------------------------------------------


def test_a_small_graph_shows_the_picture_of_its_largest_part() -> None:
    book = ledger(
        [("A", "B", 100_00, "CNY"), ("P", "Q", 5_00, "CNY"), ("Q", "R", 4_00, "USD"), ("R", "P", 4_00, "CNY")]
    )
    graph = gf.FlowGraph(book)
    seen = Seen(graph._repr_html_())
    assert graph.is_lazy, "looking makes no dicts"
    assert "Drawn is the largest of 2 parts: 3 accounts, 3 of 4 transfers." in seen.text
    assert "109.00 CNY + 4.00 USD" in seen.text
    (frame,) = seen.frames
    told = facts(frame)
    assert [line.partition(" · ")[0] for line in told["edges"]] == ["P → Q", "Q → R", "R → P"]
    assert len(told["nodes"]) == 3
    assert [a["sandbox"] for tag, a in seen.tags if tag == "iframe"] == ["allow-scripts"]
    assert graph._repr_html_() == gf.FlowGraph(book)._repr_html_()


def test_the_largest_part_is_the_one_with_the_most_transfers() -> None:
    book = ledger([(*pair, 1, "CNY") for pair in ("AB", "BC", "PQ", "PQ", "QP")])
    events, parts = largest_part(gf.FlowGraph(book).flow)
    assert (events.tolist(), parts) == ([2, 3, 4], 2)
    events, parts = largest_part(gf.FlowGraph(book).flow_subgraph([0, 2, 3]).flow)
    assert (events.tolist(), parts) == ([1, 2], 2)


def test_a_part_of_a_ledger_says_so() -> None:
    graph, _ = tour()
    text = Seen(graph.flow_subgraph([0, 7])._repr_html_()).text
    assert "Of a ledger of" in text
    assert "15 transfers" in text
    assert "80,000.00 CNY" in text


def test_a_large_part_is_not_drawn_and_that_is_said() -> None:
    graph, _ = crowd(MOST_DRAWN[0] + 1)
    html = graph._repr_html_()
    assert "Too large for a picture." in Seen(html).text
    rows = [*((f"P{i:04d}", "C", 100, "CNY") for i in range(MOST_DRAWN[0] + 1)), ("X", "Y", 100, "CNY")]
    html = gf.FlowGraph(ledger(rows))._repr_html_()
    assert "The largest of 2 parts, 302 accounts and 301 transfers, is too large for a picture." in Seen(html).text
    assert "iframe" not in html


def test_a_large_graph_is_shown_without_being_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, _ = crowd(MOST_LOOKED_AT)
    module = importlib.import_module("graphflow.view.notebook")
    monkeypatch.setattr(module, "largest_part", lambda flow: pytest.fail("its parts were looked for"))
    html = graph._repr_html_()
    assert "Too large for a picture." in Seen(html).text
    assert "20,001" in html
    assert len(html) < 4_000
    assert graph.is_lazy
    assert len(graph.ledger._repr_html_()) < 10_000


def test_what_is_folded_in_a_picture_is_said() -> None:
    graph, _ = crowd(MOST_NODES + 20)
    (frame,) = Seen(graph._repr_html_()).frames
    assert re.search(r"dashed box: \d+ of 102 accounts, folded", Seen(frame).text)


def test_graphs_without_ledger_or_transfers_are_shown_too() -> None:
    by_hand = gf.FlowGraph()
    by_hand.add_edge(HOSTILE[0], HOSTILE[1])
    assert "has no ledger" in Seen(by_hand._repr_html_()).text
    graph, _ = tour()
    assert "0" in Seen(graph.flow_subgraph([])._repr_html_()).text
    assert "Transfers" in Seen(gf.FlowGraph(gf.Ledger.from_frame(graph.ledger.frame.clear()))._repr_html_()).text


# --- findings and cases ----------------------------------------------------------------------------------------


def test_a_finding_shows_its_sentence_reasons_rows_and_picture() -> None:
    _, told = tour()
    seen = Seen(told.findings[0]._repr_html_())
    for text in ("6 accounts paid C", "review", "+2", "6 payers within 85 minutes", "structure, decisive", "T00001"):
        assert text in seen.text, text
    assert "bank.csv" in seen.text
    assert "Received" not in seen.text, "no column where every amount arrives as it was paid"
    (frame,) = seen.frames
    assert "V2 · Wang Min · paid 20,000.00 CNY (×1)" in facts(frame)["nodes"]
    arrow = "V1 → C · paid 10,500.00 CNY (×2) · 2026-03-02 09:05 – 2026-03-02 09:11 UTC"
    assert arrow in facts(frame)["edges"]
    assert "ring: flagged" in Seen(frame).text


def test_a_finding_lists_its_first_rows_and_counts_the_rest() -> None:
    _, told = crowd(LINES + 5)
    text = Seen(told.findings[0]._repr_html_()).text
    assert f"{LINES} of {LINES + 6} listed; ledger.frame[finding.rows] has all" in text


def test_more_than_a_picture_holds_is_said() -> None:
    _, told = crowd(MOST_DRAWN[1] + 1)
    html = told.findings[0]._repr_html_()
    assert "Too many transactions for a picture here." in html
    assert "iframe" not in html


def test_both_amounts_and_both_files_of_a_transfer_are_shown() -> None:
    rows = ledger([("A", "B", 10_000, "CNY")]).frame.with_columns(
        received=pl.lit(1_400), received_currency=pl.lit("USD"), twin_file=pl.lit("other.csv"), twin_row=pl.lit(9)
    )
    found = finding(gf.Ledger.from_frame(rows), lambda *_: True, truncated="stopped at a hub")
    text = Seen(found._repr_html_()).text
    for expected in ("100.00 CNY", "14.00 USD", "bank.csv + other.csv", "1 + 9", "Cut: stopped at a hub"):
        assert expected in text, expected


def test_a_case_shows_its_page() -> None:
    frame = ledger([("A", "B", 1000, "CNY"), ("B", "C", 990, "CNY"), ("C", "A", 980, "CNY")])
    graph = gf.FlowGraph(frame)
    opened = gf.open_cases(graph, gf.detect(graph))[0]
    assert opened._repr_html_() == gf.view(graph, opened)._repr_html_()
    _, by_hand = tour()
    text = Seen(by_hand._repr_html_()).text
    assert "6 payers, one collector" in text
    assert "view(graph, case) makes its page" in text


def test_findings_show_the_best_first_with_their_numbers() -> None:
    book = ledger([("A", "B", 100_00, "CNY")] * (LINES + 3))
    weak = [finding(book, lambda *_: True, reason=f"weak {k}") for k in range(LINES + 2)]
    parts = (Part("speed", 1.0, "soon", decisive=True), Part("structure", 1.0, "many", decisive=True))
    strong = finding(book, lambda *_: True, reason="the strong one", detector="cycle", parts=parts)
    found = gf.Findings((*weak, strong), truncated=("fan-in: 7 left out",), warnings=("times are coarse",))
    text = Seen(found._repr_html_()).text
    assert text.index("the strong one") < text.index("weak 0")
    assert f"{LINES + 2}cycle" in text
    for expected in ("14 fan-in, 1 cycle", "12 of 15 listed", "Cut: fan-in: 7 left out", "times are coarse"):
        assert expected in text, expected
    assert "By detector" in Seen(gf.Findings(())._repr_html_()).text


# --- ledgers and results -------------------------------------------------------------------------------------------


def test_a_ledger_shows_where_its_rows_came_from() -> None:
    text = Seen(gf.read_ledger(ROOT / "samples" / "case")._repr_html_()).text
    for expected in ("mt103.txt", "Rejected", "Rows of the files", "ledger.sources has all"):
        assert expected in text, expected
    assert "0" in Seen(gf.Ledger.from_frame(ledger([("A", "B", 1, "CNY")]).frame.clear())._repr_html_()).text


def test_each_currency_has_its_own_total() -> None:
    book = ledger([("A", "B", 100, code) for code in ("CNY", "CNY", "USD", "EUR", "GBP", "JPY", "INR")])
    text = Seen(book._repr_html_()).text
    assert "2.00 CNY + 1.00 EUR + 1.00 GBP + 1.00 INR + 2 more currencies" in text


def test_totals_of_large_amounts_do_not_run_over() -> None:
    book = ledger([("A", "B", 9 * 10**18, "CNY")] * 3)
    assert "270,000,000,000,000,000.00 CNY" in Seen(book._repr_html_()).text


def test_an_analysis_and_an_evaluation_show_their_figures(tmp_path: Path) -> None:
    gf.simulate(accounts=200, days=7).write(tmp_path / "town", dialect="two-sided")
    analysis = gf.analyze(tmp_path / "town" / "transfers.csv")
    text = Seen(analysis._repr_html_()).text
    assert f"{len(analysis.findings):,}" in text
    assert "case-0001" in text
    evaluation = gf.evaluate(analysis, tmp_path / "town" / "truth.json")
    text = Seen(evaluation._repr_html_()).text
    for expected in ("mule-chain", "payroll (look-alike)", "all, look-alikes apart", "Base rate", "for no other"):
        assert expected in text, expected


# --- hostile names ---------------------------------------------------------------------------------------

PLAIN = {
    "div", "style", "h4", "h5", "b", "span", "table", "thead", "tbody", "tr", "th", "td", "p", "ul", "li",
    "iframe",
}  # fmt: skip


def hostile_objects() -> Iterator[tuple[str, Any]]:
    graph, told = hostile()
    yield "ledger", graph.ledger
    yield "graph", graph
    yield "finding", told.findings[4]
    yield "findings", gf.Findings(told.findings, truncated=HOSTILE, warnings=HOSTILE)
    yield "case by hand", told


@pytest.mark.parametrize("name", [name for name, _ in hostile_objects()])
def test_no_name_becomes_an_element(name: str) -> None:
    html = dict(hostile_objects())[name]._repr_html_()
    seen = Seen(html)
    assert {tag for tag, _ in seen.tags} <= PLAIN
    assert {attr for _, attrs in seen.tags for attr in attrs} <= {
        "class", "sandbox", "width", "height", "style", "title", "srcdoc", "colspan",
    }  # fmt: skip
    assert "\u202e" not in html
    assert "L" * 1000 not in html
    for frame in seen.frames:
        inside = Seen(frame)
        assert "img" not in {tag for tag, _ in inside.tags}
        assert not [attr for _, attrs in inside.tags for attr in attrs if attr.startswith("on")]
        nonces = {attrs.get("nonce") for tag, attrs in inside.tags if tag == "script" and "type" not in attrs}
        policy = next(attrs["content"] for _, attrs in inside.tags if "http-equiv" in attrs)
        assert [f"'nonce-{nonce}'" in str(policy) for nonce in nonces] == [True]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
@pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="Playwright is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_draw_and_nothing_runs(tmp_path: Path, scheme: Any) -> None:
    from playwright.sync_api import sync_playwright

    graph, told = hostile()
    host = tmp_path / "notebook.html"
    shown = "".join(piece._repr_html_() for piece in (graph, told.findings[0], tour()[0]))
    host.write_text(f"<!doctype html><meta charset=utf-8>{shown}", "utf-8")
    trouble: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme, offline=True)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
        page.on(
            "request",
            lambda request: trouble.append(request.url) if not request.url.startswith(("file:", "about:")) else None,
        )
        page.goto(host.as_uri())
        frames = page.frames[1:]
        assert len(frames) == 3
        for frame in frames:
            frame.frame_element().scroll_into_view_if_needed()
            drawn = "Boolean(window.graphflow && document.querySelector('canvas').width > 300)"
            for _ in range(100):  # wait_for_function evaluates text, which the page's policy forbids
                if frame.evaluate(drawn):
                    break
                page.wait_for_timeout(50)
            assert frame.evaluate(drawn)
            assert frame.evaluate("window.stolen") is None
        last = frames[-1]
        hub = next(k for k, line in enumerate(facts(last.content())["nodes"]) if line.startswith("C · "))
        assert "Point at an account" in last.inner_text("#told")
        spot = last.evaluate(
            "(hub => { const net = graphflow.network, at = net.canvasToDOM(net.getPosition(hub));"
            " const box = document.getElementById('graph').getBoundingClientRect();"
            " return [box.x + at.x, box.y + at.y]; })",
            hub,
        )
        corner = last.frame_element().bounding_box()
        assert corner is not None
        page.mouse.click(corner["x"] + spot[0], corner["y"] + spot[1])
        page.wait_for_timeout(100)
        assert last.inner_text("#told").startswith("C · received 230,500.00 CNY (×8)")
        browser.close()
    assert trouble == []
