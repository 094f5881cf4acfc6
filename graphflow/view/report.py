"""The page of a whole run: ranked cases with their reasons, where every row went, and what the product cannot say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from graphflow.case import Case
from graphflow.languages import Reader
from graphflow.ledger import Source
from graphflow.view.assets import nonce_of, template
from graphflow.view.page import span
from graphflow.words import shown

MAX_CASES = 500
MAX_PARTS = 6


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
    to: Reader | None = None,
) -> str:
    """`report.html`: one file that needs no network.

    title      heading of the page
    summary    the run in one paragraph
    cases      ranked, all of them: at most 500 are listed, the rest counted
    pages      ids of the cases that have a page in `cases/`
    sources    the inputs with their row accounting
    truncated  what was cut, in words; warnings: what a reader must know
    rules      rows of detector, parameter, value, unit and source; preset: what they started from
    facts      the run in figures, by name; to: whom it is for
    """
    listed = [_case_words(case, case.id in pages) for case in cases[:MAX_CASES]]
    return template("report.html.j2").render(
        reader=to or Reader(),
        title=title,
        summary=summary,
        cases=listed,
        case_count=len(cases),
        levels=_counts(case.level for case in cases),
        detectors=sorted({name for case in listed for name in case["detectors"]}),
        sources=sources,
        truncated=truncated,
        warnings=warnings,
        rules=rules,
        preset=preset,
        facts=facts,
        version=version,
        nonce=nonce_of(repr((title, summary, listed, [(s.path, s.sha256) for s in sources], version))),
    )


def _case_words(case: Case, linked: bool) -> dict[str, Any]:
    detectors = list(dict.fromkeys(finding.detector for finding in case.findings))
    return {
        "rank": case.rank,
        "id": case.id,
        "linked": linked,
        "level": case.level,
        "points": f"{case.points:g}",
        "parts": [(f"{part.points:+g}", shown(part.sentence, 300)) for part in case.parts[:MAX_PARTS]],
        "unlisted": max(0, len(case.parts) - MAX_PARTS),
        "headline": shown(case.headline, 300),
        "amount": case.amount_text,
        "span": span(case.start, case.end),
        "detectors": [shown(name, 40) for name in detectors],
    }


def _counts(levels: Any) -> dict[str, int]:
    counts = {"high": 0, "review": 0}
    for level in levels:
        counts[level] += 1
    return counts
