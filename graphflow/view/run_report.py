"""The report of an analysis: its paragraph and its figures, in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence

from graphflow import __version__
from graphflow.analysis import Analysis
from graphflow.case import Case
from graphflow.changes import Changes
from graphflow.languages import Reader
from graphflow.ledger import Ledger
from graphflow.rules import Rules, explain
from graphflow.view.report import report
from graphflow.view.report_cases import level_counts
from graphflow.view.report_changes import changes_section
from graphflow.view.text import points_text
from graphflow.words import shown


def run_report(
    analysis: Analysis, pages: Sequence[Case], truncated: Sequence[str], to: Reader, changed: Changes | None = None
) -> str:
    """`report.html` of an analysis.

    pages    the cases that have a page; truncated: what was cut, in words, by the analysis and in writing it
    changed  what changed in the cases since an earlier run, where one was compared with
    """
    return report(
        title=to.say("graphflow report"),
        summary=" ".join([_paragraph(analysis, to), *_since(changed, to)]),
        cases=analysis.cases,
        pages={case.id for case in pages},
        sources=analysis.ledger.sources,
        truncated=truncated,
        warnings=analysis.warnings,
        rules=explain(analysis.detectors).to_dicts(),
        preset=preset_of(analysis),
        facts=_facts(analysis, to),
        version=__version__,
        graph=analysis.graph,
        to=to,
        changed=changes_section(changed, {case.id for case in pages}, to) if changed is not None else None,
    )


def preset_of(analysis: Analysis) -> str:
    """The preset that the rules started from; empty where a program made the detectors itself."""
    return analysis.detectors.preset if isinstance(analysis.detectors, Rules) else ""


def _paragraph(analysis: Analysis, to: Reader) -> str:
    levels, told = level_counts(analysis.cases), _of_rows(analysis.ledger, to)
    said = "{detectors} made {findings}, which belong to {cases}: {high} at level high, {review} at level review."
    told.append(
        to.say(
            said if analysis.findings else "{detectors} made no finding.",
            detectors=_count(len(analysis.detectors), "detector", to),
            findings=_count(len(analysis.findings), "finding", to),
            cases=_count(len(analysis.cases), "case", to),
            high=f"{levels['high']:,}",
            review=f"{levels['review']:,}",
        )
    )
    if analysis.cases:
        best = analysis.cases[0]
        said = "First in rank is {case} with {points} points: {headline}."
        headline = shown(to.say(best.headline).rstrip("."), 300)
        told.append(to.say(said, case=best.id, points=points_text(best.points), headline=headline))
    return " ".join(told)


def _since(changed: Changes | None, to: Reader) -> list[str]:
    """What changed in the cases, in a sentence."""
    if changed is None:
        return []
    said = "Since the run before, {new} are new, {grown} have grown, {changed} changed otherwise, {closed} are closed."
    numbers = {kind: f"{number:,}" for kind, number in changed.counts.items()}
    return [to.say(said, **{kind: numbers[kind] for kind in ("new", "grown", "changed", "closed")})]


def _of_rows(ledger: Ledger, to: Reader) -> list[str]:
    """What was read, and what the ledger holds of it."""
    rows, told = [source.rows for source in ledger.sources], []
    if rows:
        read, rejected = sum(own["read"] for own in rows), sum(own["rejected"] for own in rows)
        said = (
            "{files} gave {rows}, {rejected} of them rejected." if rejected else "{files} gave {rows}, none rejected."
        )
        files, whole = _count(len(rows), "input", to), _count(read, "row", to)
        told.append(to.say(said, files=files, rows=whole, rejected=f"{rejected:,}"))
    if ledger.whole_height:
        first, last = ledger.period
        told.append(
            to.say(
                "The ledger holds {transfers} between {accounts}, from {first} to {last} ({zone}).",
                transfers=_count(ledger.whole_height, "transfer", to),
                accounts=_count(ledger.accounts.height, "account", to),
                first=to.moment(first),
                last=to.moment(last),
                zone=to.zone,
            )
        )
    return told


def _count(number: int, noun: str, to: Reader) -> str:
    """A number with its noun in the reader's language."""
    return to.say(f"{{n}} {noun}" if number == 1 else f"{{n}} {noun}s", n=f"{number:,}")


def _facts(analysis: Analysis, to: Reader) -> dict[str, str]:
    ledger = analysis.ledger
    more = " …" if len(ledger.currencies) > 8 else ""
    return {
        to.say("Transfers"): f"{ledger.whole_height:,}",
        to.say("Accounts"): f"{ledger.accounts.height:,}",
        to.say("Currencies"): ", ".join(shown(currency, 12) for currency in ledger.currencies[:8]) + more,
        to.say("Findings"): f"{len(analysis.findings):,}",
        **_of_statements(ledger, to),
    }


def _of_statements(ledger: Ledger, to: Reader) -> dict[str, str]:
    """Figures of one-sided files, where there are any."""
    if not ledger.statements.height:
        return {}
    return {
        to.say("Statements held"): _count(ledger.statements["account"].n_unique(), "account", to),
        to.say("Statement gaps"): f"{ledger.gaps.height:,} (statement_gaps.csv)",
        to.say("Numbers joined"): f"{ledger.identities.height:,} (identities.csv)",
    }
