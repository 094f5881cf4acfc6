"""The page of a whole run: ranked cases with their shapes and reasons, charts, where every row went, and what the
product cannot say."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from graphflow.case import Case
from graphflow.graph import FlowGraph
from graphflow.languages import Reader
from graphflow.ledger import ROW_KINDS, Source
from graphflow.view.assets import asset, nonce_of, template
from graphflow.view.case_shape import case_shape
from graphflow.view.chart import chart_script
from graphflow.view.holders import Holders
from graphflow.view.report_cases import MAX_CASES, case_row, case_times, level_counts
from graphflow.view.report_charts import charts
from graphflow.view.report_search import search_index
from graphflow.view.terms import terms_of
from graphflow.words import shown

MAX_SHAPES = 100
MAX_SOURCES = 200
MAX_LINES = 100
MAX_DETECTORS = 4
"""Of a row; the others unfold."""
SCRIPTS = ("report.js", "report_search.js", "report_table.js", "report_terms.js", "report_charts.js")


def report(
    *,
    title: str,
    summary: str,
    cases: Sequence[Case],
    pages: Collection[str],
    sources: Sequence[Source],
    truncated: Sequence[str],
    warnings: Sequence[str],
    rules: Sequence[Mapping[str, str]],
    facts: Mapping[str, str],
    version: str,
    preset: str = "",
    graph: FlowGraph | None = None,
    to: Reader | None = None,
    changed: Mapping[str, Any] | None = None,
) -> str:
    """`report.html`: one file that needs no network.

    title      heading of the page
    summary    the run in one paragraph
    cases      ranked, all of them: 500 are rows of the page, more are drawn when asked for, the rest is counted
    pages      ids of the cases that have a page in `cases/`
    sources    the inputs with their row accounting
    truncated  what was cut, in words; warnings: what a reader must know
    rules      rows of detector, parameter, value, unit and source; preset: what they started from
    facts      the run in figures, by name; to: whom it is for
    changed    what became of cases since the run before (`changes_section`), where there was one
    graph      the graph the cases were found in; without it there are no pictures, and no charts of transactions
    """
    reader = to or Reader()
    worth = graph.flow.valuation.factors if graph else {}
    # Charts are columns, which leave the interpreter to the rest: both at once take hardly longer than one
    with ThreadPoolExecutor(1) as pool:
        charted = pool.submit(charts, graph.flow if graph else None, cases, reader)
        shapes = {case.id: case_shape(graph, case) for case in cases[:MAX_SHAPES]} if graph else {}
        first, holders = cases[:MAX_CASES], Holders(cases, graph)
        listed = [
            case_row(case, times, linked=case.id in pages, shape=shapes.get(case.id), holders=holders, worth=worth,
                     to=reader)
            for case, times in zip(first, case_times(first), strict=True)
        ]  # fmt: skip
        index = search_index(cases, len(first), holders=holders, pages=frozenset(pages), worth=worth, to=reader)
        drawn = charted.result()
    inputs = [(source.path, source.sha256) for source in sources]
    return template("report.html.j2").render(
        reader=reader,
        title=title,
        summary=summary,
        cases=listed,
        index=index.data,
        held=len(listed) + len(index.lines),
        told=len(index.cases),
        case_count=len(cases),
        paged=sum(case.id in pages for case in cases),
        shape_count=len(shapes),
        base=graph.flow.valuation.base if graph and len(worth) > 1 else "",
        levels=level_counts(cases),
        detectors=sorted({shown(finding.detector, 40) for case in cases for finding in case.findings}),
        terms=terms_of(cases, {holders.of(name).type for case in first for name in case.accounts}),
        charts=drawn,
        chart_data=[chart.data for chart in drawn],
        chart_script=chart_script(),
        sources=sources[:MAX_SOURCES],
        more_sources=_summed(sources[MAX_SOURCES:]),
        truncated=truncated,
        warnings=warnings,
        max_lines=MAX_LINES,
        max_detectors=MAX_DETECTORS,
        rules=rules,
        preset=preset,
        changed=changed,
        facts=facts,
        version=version,
        words=_words(reader),
        nonce=nonce_of(repr((title, summary, listed, index.data, drawn, inputs, changed, version))),
    )


def _summed(sources: Sequence[Source]) -> dict[str, int]:
    """The row accounting of the inputs that are not listed, together; empty where all are."""
    if not sources:
        return {}
    return {"files": len(sources)} | {
        kind: sum(source.rows[kind] for source in sources) for kind in ("read", *ROW_KINDS)
    }


def _words(reader: Reader) -> dict[str, str]:
    """What the page's scripts say, in the reader's language; English needs no entry."""
    told = {text: reader.say(text) for text in script_texts()}
    return {text: own for text, own in told.items() if own != text}


@cache
def script_texts() -> tuple[str, ...]:
    """Every text that the page's scripts hand to `t`."""
    found = [re.findall(r'\bt\("([^"]+)"', asset(name)) for name in SCRIPTS]
    return tuple(sorted({text for texts in found for text in texts}))
