"""What ledgers, graphs, findings and results show of themselves at the end of a notebook cell.

A few facts, the first lines of a table, and how many there are in all: quick, whatever the size. Everything from data
is escaped. A picture stands in a sandboxed frame (`notebook_picture`); a case shows its page, as a trace does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from graphflow.case import Case
from graphflow.errors import GraphflowError
from graphflow.finding import Finding
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.languages import Reader
from graphflow.ledger import ROW_KINDS, Ledger
from graphflow.view.notebook_picture import frame, largest_part, picture_of
from graphflow.view.notebook_sheet import (
    LINES,
    Sheet,
    Table,
    counted,
    first_lines,
    paid_totals,
    rest,
    span,
    transfers_table,
    zoned,
)
from graphflow.view.page import case_page
from graphflow.view.text import points_text
from graphflow.words import shown

if TYPE_CHECKING:
    from graphflow.analysis import Analysis
    from graphflow.detect import Findings
    from graphflow.evaluate import Evaluation

MOST_LOOKED_AT = 20_000
"""Transfers of a graph up to which its parts are told apart."""
MOST_DRAWN = (300, 5_000)
"""Accounts and transfers of a part up to which it has a picture here: more is a thicket, and no answer."""
_ENGLISH = Reader()


def ledger_html(ledger: Ledger, to: Reader = _ENGLISH) -> str:
    """Its facts, where the rows of its files went, and its first transfers."""
    height = ledger.height
    facts = {to.say("Transfers"): f"{height:,}", to.say("Accounts"): f"{ledger.accounts.height:,}"}
    if height:
        facts[zoned("Time", to)] = span(ledger.frame["time"][0], ledger.frame["time"][-1], to)
        facts[to.say("Paid")] = paid_totals(ledger, None, to)
    first = range(min(LINES, height))
    transfers = transfers_table(ledger, first, height, "ledger.frame", to, to.say("First transfers"))
    return Sheet(
        title=to.say("Ledger"),
        facts=facts,
        tables=[*_files(ledger, to), transfers],
        notes=first_lines(ledger.warnings, "ledger.warnings", to),
    ).html(to)


def _files(ledger: Ledger, to: Reader) -> list[Table]:
    """Where the rows of each file went; nothing where the ledger came from a frame."""
    if not ledger.sources:
        return []
    kinds = ("read", *ROW_KINDS)
    listed = [
        [shown(source.path, 80), shown(source.dialect, 40), *(f"{source.rows[kind]:,}" for kind in kinds)]
        for source in ledger.sources[:LINES]
    ]
    return [
        Table(
            title=to.say("Rows of the files"),
            heads=[to.say("File"), to.say("Dialect"), *(to.say(kind.capitalize()) for kind in kinds)],
            rows=listed,
            numbers=frozenset(range(2, 2 + len(kinds))),
            more=rest(len(listed), len(ledger.sources), "ledger.sources", to),
        )
    ]


def graph_html(graph: FlowGraph, to: Reader = _ENGLISH) -> str:
    """Its facts and, where there is room, the picture of its largest part."""
    facts = {to.say("Transfers"): f"{graph.number_of_edges():,}", to.say("Accounts"): f"{graph.number_of_nodes():,}"}
    try:
        flow = graph.flow
    except GraphflowError:
        note = to.say("This graph has no ledger, so there is no picture: FlowGraph.from_networkx(graph) makes one.")
        return Sheet(title="FlowGraph", facts=facts, notes=[note]).html(to)
    if not flow.size:
        return Sheet(title="FlowGraph", facts=facts).html(to)
    ledger, part_of_all = flow.ledger, flow.size < flow.ledger.height
    if part_of_all:
        facts[to.say("Of a ledger of")] = to.say("{n} transfers", n=f"{ledger.height:,}")
    time = ledger.frame["time"]
    facts[zoned("Time", to)] = span(time[int(flow.rows[0])], time[int(flow.rows[-1])], to)
    facts[to.say("Paid")] = paid_totals(ledger, flow.rows if part_of_all else None, to)
    picture, note = _part_picture(flow, to)
    return Sheet(title="FlowGraph", facts=facts, picture=picture, notes=[note] if note else []).html(to)


def _part_picture(flow: Flow, to: Reader) -> tuple[Markup | None, str]:
    """The picture of the largest part and which part that is; or no picture, and why."""
    advice = to.say("graph.flow_subgraph(case.rows) is the graph of a case, and graph.flow_subgraph(rows) any other.")
    if flow.size > MOST_LOOKED_AT:
        return None, f"{to.say('Too large for a picture.')} {advice}"
    events, parts = largest_part(flow)
    part = Flow(flow.ledger, flow.ledger_rows(events), whole=flow)
    if part.accounts.size > MOST_DRAWN[0] or part.size > MOST_DRAWN[1]:
        told = to.say(
            "The largest of {n} parts, {accounts} accounts and {transfers} transfers, is too large for a picture.",
            n=f"{parts:,}", accounts=f"{part.accounts.size:,}", transfers=f"{part.size:,}",
        ) if parts > 1 else to.say("Too large for a picture.")  # fmt: skip
        return None, f"{told} {advice}"
    drawn = frame(picture_of(part), flow.ledger.decimals, to.say("Picture of the largest part"), to)
    if parts == 1:
        return drawn, ""
    return drawn, to.say(
        "Drawn is the largest of {n} parts: {accounts} accounts, {transfers} of {of} transfers.",
        n=f"{parts:,}", accounts=f"{part.accounts.size:,}", transfers=f"{part.size:,}", of=f"{flow.size:,}",
    )  # fmt: skip


# --- findings and cases -----------------------------------------------------------------------------


def finding_html(finding: Finding, to: Reader = _ENGLISH) -> str:
    """Its sentence, its reasons in points, its transactions with file and row, its picture."""
    ledger, rows = finding.ledger, finding.rows
    notes = [to.say("Points are a sum of reasons, not a probability. A lead for a person to judge.")]
    if finding.truncated:
        notes.insert(0, f"{to.say('Cut')}: {shown(finding.truncated, 400)}")
    picture = None
    if rows.size > MOST_DRAWN[1]:
        notes.insert(0, to.say("Too many transactions for a picture here."))
    else:
        drawn = picture_of(Flow(ledger, rows), finding.accounts)
        picture = frame(drawn, ledger.decimals, to.say("Picture of a finding"), to)
    return Sheet(
        title=shown(finding.reason, 600),
        level=finding.level,
        facts={
            to.say("Detector"): shown(finding.detector, 40),
            to.say("Points"): points_text(finding.points),
            to.say("Amount moved"): shown(finding.amount_text, 60),
            zoned("Time", to): span(finding.start, finding.end, to),
            to.say("Flagged"): _some(finding.accounts, to),
        },
        parts=finding.parts,
        picture=picture,
        tables=[transfers_table(ledger, rows[:LINES].tolist(), rows.size, "ledger.frame[finding.rows]", to)],
        notes=notes,
    ).html(to)


def _some(accounts: Sequence[str], to: Reader, most: int = 5) -> str:
    told = ", ".join(shown(account, 48) for account in accounts[:most])
    more = len(accounts) - most
    return told + (f" {to.say('and {n} more', n=f'{more:,}')}" if more > 0 else "")


def findings_html(findings: Findings, to: Reader = _ENGLISH) -> str:
    """How many of what, and the best ones, each with its number in `findings`."""
    found = findings.found
    ranked = sorted(range(len(found)), key=lambda k: (found[k].level != "high", -found[k].points, k))
    listed = [
        [
            str(k),
            shown(f.detector, 40),
            f.level,
            points_text(f.points),
            f.amount_text,
            span(f.start, f.end, to),
            shown(f.reason, 300),
        ]
        for k, f in ((k, found[k]) for k in ranked[:LINES])
    ]
    heads = ("Number", "Detector", "Level", "Points", "Amount", "Time", "Finding")
    return Sheet(
        title=to.say("Findings"),
        facts={
            to.say("Findings"): f"{len(findings):,}",
            to.say("High"): f"{sum(f.level == 'high' for f in findings):,}",
            to.say("By detector"): counted(shown(f.detector, 40) for f in findings) or "–",
        },
        tables=[
            Table(
                heads=[zoned(head, to) if head == "Time" else to.say(head) for head in heads],
                rows=listed,
                numbers=frozenset({0, 3, 4}),
                unbroken=frozenset({1, 2}),
                title=to.say("The best, by level and points"),
                more=rest(len(listed), len(findings), "findings[number]", to),
            )
        ]
        if listed
        else [],
        notes=_cuts_and_warnings(findings.truncated, findings.warnings, "findings", to),
    ).html(to)


def _cuts_and_warnings(truncated: Sequence[str], warnings: Sequence[str], of: str, to: Reader) -> list[str]:
    cuts = [f"{to.say('Cut')}: {line}" for line in truncated]
    return [*first_lines(cuts, f"{of}.truncated", to), *first_lines(warnings, f"{of}.warnings", to)]


def case_html(case: Case, to: Reader = _ENGLISH) -> str:
    """Its page; of a case that was made by hand and has no graph, its facts and reasons."""
    if case.graph is not None:
        return case_page(case.graph, case, to)._repr_html_()
    return Sheet(
        title=shown(case.headline, 600),
        level=case.level,
        facts={
            to.say("Case"): shown(case.id, 40),
            to.say("Points"): points_text(case.points),
            to.say("Findings"): f"{len(case.findings):,}",
            to.say("Flagged"): _some(case.accounts, to),
        },
        parts=case.parts,
        notes=[to.say("This case has no graph to draw from: view(graph, case) makes its page.")],
    ).html(to)


# --- results ------------------------------------------------------------------------------------------


def analysis_html(analysis: Analysis, to: Reader = _ENGLISH) -> str:
    """What was read and found, and the best cases."""
    listed = [
        [c.id, c.level, points_text(c.points), c.amount_text, span(c.start, c.end, to), shown(c.headline, 300)]
        for c in analysis.cases[:LINES]
    ]
    heads = ("Case", "Level", "Points", "Largest amount moved", "Time", "What was seen")
    return Sheet(
        title=to.say("Analysis"),
        facts={
            to.say("Transfers"): f"{analysis.ledger.whole_height:,}",
            to.say("Accounts"): f"{analysis.ledger.accounts.height:,}",
            to.say("Findings"): f"{len(analysis.findings):,}",
            to.say("Cases"): f"{len(analysis.cases):,}",
            to.say("High"): f"{sum(case.level == 'high' for case in analysis.cases):,}",
        },
        tables=[
            Table(
                heads=[zoned(head, to) if head == "Time" else to.say(head) for head in heads],
                rows=listed,
                numbers=frozenset({2, 3}),
                unbroken=frozenset({0, 1}),
                more=rest(len(listed), len(analysis.cases), "analysis.cases", to),
            )
        ]
        if listed
        else [],
        notes=_cuts_and_warnings(analysis.truncated, analysis.warnings, "analysis", to),
    ).html(to)


def evaluation_html(evaluation: Evaluation, to: Reader = _ENGLISH) -> str:
    """What was found of each typology, and how precise the cited transactions are beside their base rate."""
    columns = ("typology", "attempts", "found", "found_100", "high", "share")
    heads = ("Typology", "Attempts", "Found", "In the first 100 cases", "At high", "Share found")
    rows = [
        [_typology(name, benign, to), *map("{:,}".format, numbers), f"{share:.0%}"]
        for benign, name, *numbers, share in evaluation.typologies.select("benign", *columns).iter_rows()
    ]
    cited = [
        [level, f"{number:,}", f"{right:,}", f"{precision:.1%}", f"{recall:.1%}", f"{base:.2%}"]
        for level, number, right, precision, recall, base in evaluation.transactions.select(
            "level", "cited", "right", "precision", "recall", "base_rate"
        ).iter_rows()
    ]
    told = ("Level of findings", "Transactions cited", "Laundering", "Precision", "Recall", "Base rate")
    notes = [to.say("Figures hold for the data they were measured on, and for no other.")]
    if evaluation.missing:
        notes.insert(0, to.say("{n} transactions of the truth are not in the ledger.", n=f"{evaluation.missing:,}"))
    return Sheet(
        title=to.say("Evaluation"),
        facts={
            to.say("Average precision of cases"): f"{evaluation.average_precision:.3f}",
            to.say("Average precision of transactions"): f"{evaluation.transaction_precision:.3f}",
        },
        tables=[
            Table(heads=[to.say(h) for h in heads], rows=rows, numbers=frozenset(range(1, 6))),
            Table(heads=[to.say(h) for h in told], rows=cited, numbers=frozenset(range(1, 6))),
        ],
        notes=notes,
    ).html(to)


def _typology(name: str, benign: bool, to: Reader) -> str:
    if name == "all":
        return to.say("all, look-alikes apart")
    return shown(name, 60) + (f" ({to.say('look-alike')})" if benign else "")
