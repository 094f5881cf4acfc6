"""A case as one page that needs no network: the picture, the reasons and the transactions it cites.

The page of a trace (`trace_page`) takes its facts and its `Page` from here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from graphflow import __version__
from graphflow.case import Case
from graphflow.errors import OutputError
from graphflow.graph import FlowGraph
from graphflow.languages import Reader, reader
from graphflow.view.assets import nonce_of, script_words
from graphflow.view.facts import MAX_ROWS, as_json, facts_of
from graphflow.view.network import draw
from graphflow.view.picture import MAX_EDGES, MAX_NODES, Node, Picture, picture
from graphflow.view.text import many
from graphflow.words import shown

MAX_FINDINGS = 100


@dataclass(frozen=True)
class Page:
    """A finished page. In a notebook it shows itself; `save` writes it as one file.

    >>> Page("case-0001", "<!doctype html>")
    Page(case_id='case-0001')
    """

    case_id: str
    html: str = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write the page as UTF-8, whole or not at all: nobody sees half a page. Raises `OutputError`."""
        target = Path(path)
        draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
        try:
            draft.write_bytes(self.html.encode("utf-8", "backslashreplace"))
            os.replace(draft, target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
        return target

    def _repr_html_(self) -> str:
        """A frame of its own: styles stay in it, its script cannot reach the notebook, its exports download."""
        return (
            '<iframe sandbox="allow-scripts allow-downloads" width="100%" height="820" style="border:0" '
            f'title="{escape(self.case_id)}" srcdoc="{escape(self.html)}"></iframe>'
        )


def view(
    graph: FlowGraph, case: Case, *, lang: str = "en", zone: str | None = None, max_nodes: int = MAX_NODES
) -> Page:
    """The page of a case. `graph` is the one the case was found in; it is not changed.

    lang       "en" or "zh"; zone: whose clock the page shows, such as "Asia/Shanghai"; UTC when not given
    max_nodes  accounts that are drawn on their own; with more than 300 a page opens more slowly, and is harder to read

    Example
    -------
    >>> import graphflow as gf
    >>> from datetime import datetime
    >>> import polars as pl
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "P"], "paid": [1000, 990], "paid_currency": ["CNY"] * 2})
    >>> graph = gf.FlowGraph(gf.Ledger.from_frame(frame))
    >>> page = view(graph, gf.open_cases(graph, gf.detect(graph))[0])
    >>> page
    Page(case_id='case-0001')
    """
    return case_page(graph, case, reader(lang, zone), max_nodes=max_nodes)


def case_page(graph: FlowGraph, case: Case, to: Reader, *, max_nodes: int = MAX_NODES, report: str = "") -> Page:
    """The page of a case for a reader. `report`: where the report stands, seen from the page, if there is one."""
    max_rows = max(MAX_ROWS, 3 * max_nodes)
    drawn = picture(graph, case, max_nodes=max_nodes, max_edges=max(MAX_EDGES, 3 * max_nodes))
    findings = _finding_facts(drawn, case, max_rows, to)
    facts = as_json(facts_of(drawn, graph.ledger.decimals, to, findings=findings, max_rows=max_rows))
    words = {
        "reader": to,
        "case": case,
        "report": report,
        "facts": Markup(facts),
        "script_words": Markup(as_json(script_words(to))),
        "nonce": nonce_of(f"{case.id}{case.headline}{facts}"),
        "version": __version__,
        "span": span(case.start, case.end, to),
        "largest_part": max((part.points for part in case.parts), default=1.0) or 1.0,
        "findings": [_finding_words(finding, to) for finding in case.findings[:MAX_FINDINGS]],
        "roles": list(dict.fromkeys(account.role or "other" for account in drawn.accounts)),
        "folded": drawn.folded,
        "cited": many(to, len(drawn.transfers), "{n} transaction", "{n} transactions"),
        "among": many(to, len(drawn.accounts), "{n} account", "{n} accounts"),
        "flagged": many(to, len(case.accounts), "{n} account", "{n} accounts"),
        "cuts": _cuts(drawn, case, max_rows, to),
    }
    return Page(case.id, draw(drawn, words))


# --- words ------------------------------------------------------------------------------------------


def _finding_words(finding: Any, to: Reader) -> dict[str, str]:
    return {
        "detector": shown(to.say(finding.detector), 40),
        "reason": shown(to.say(finding.reason), 600),
        "amount": finding.amount_text,
        "level": finding.level,
        "points": to.say("1 point" if finding.points == 1 else "{n} points", n=f"{finding.points:g}"),
        "span": span(finding.start, finding.end, to),
        "truncated": shown(to.say(finding.truncated), 300) if finding.truncated else "",
    }


def span(start: datetime, end: datetime, to: Reader | None = None) -> str:
    """From when to when, by the reader's clock.

    >>> from datetime import UTC
    >>> span(datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 5, 10, 30, tzinfo=UTC))
    '2026-01-05 09:00 – 10:30'
    """
    clock = to or Reader()
    first, last = clock.moment(start), clock.moment(end)
    return f"{first} – {last[11:] if last[:10] == first[:10] else last}"


def _cuts(drawn: Picture, case: Case, max_rows: int, to: Reader) -> list[str]:
    """Everything that is in the case and not on the page, in words."""
    rows, findings = len(drawn.transfers), len(case.findings)
    lines = []
    if drawn.folded:
        text = "{n} of {of} accounts are folded into boxes (“and … more”)."
        lines.append(to.say(text, n=f"{drawn.folded:,}", of=f"{len(drawn.accounts):,}"))
    if drawn.unseen:
        one, more = "{n} edge with the smallest amounts not drawn.", "{n} edges with the smallest amounts not drawn."
        lines.append(many(to, drawn.unseen, one, more))
    if rows > max_rows:
        text = "The table lists the first {n} of {of} transactions; evidence.parquet holds all of them."
        lines.append(to.say(text, n=f"{max_rows:,}", of=f"{rows:,}"))
    if findings > MAX_FINDINGS:
        text = "{n} of {of} findings are listed; findings.csv holds all of them."
        lines.append(to.say(text, n=MAX_FINDINGS, of=f"{findings:,}"))
    return lines + [shown(to.say(text), 400) for text in (case.split,) if text]


# --- facts for the script -----------------------------------------------------------------------------


def label_of(node: Node, drawn: Picture) -> str:
    """A node in few words."""
    return f"and {len(node.members):,} more" if node.folded else shown(drawn.accounts[node.members[0]].account, 60)


def _finding_facts(drawn: Picture, case: Case, max_rows: int, to: Reader) -> list[dict[str, Any]]:
    """Per listed finding: the transactions it cites; where some of them are not listed, what lights up all the same."""
    position = {int(row): index for index, row in enumerate(case.rows)}
    facts = []
    for finding in case.findings[:MAX_FINDINGS]:
        rows = sorted({position[int(row)] for row in finding.rows})
        hops = {(drawn.node_of[drawn.transfers[r].payer], drawn.node_of[drawn.transfers[r].payee]): None for r in rows}
        unlisted = {
            "nodes": sorted({node for hop in hops for node in hop}),
            "edges": [drawn.edge_of[hop] for hop in hops if hop in drawn.edge_of],
        }
        facts.append(
            {
                "name": shown(to.say(finding.detector), 40),
                "rows": [row for row in rows if row < max_rows],
                **(unlisted if rows[-1] >= max_rows else {}),
            }
        )
    return facts
