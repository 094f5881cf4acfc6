"""A case as one page that needs no network: the picture, the reasons and the transactions it cites.

The page of a trace (`trace_page`) takes its facts and its `Page` from here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from graphflow import __version__
from graphflow.case import Case
from graphflow.errors import OutputError
from graphflow.graph import FlowGraph
from graphflow.languages import Reader, reader
from graphflow.view.assets import nonce_of, script_words
from graphflow.view.facts import MAX_ROWS, as_json, facts_of
from graphflow.view.listing import Positions, fair_share, left_out, listed_here
from graphflow.view.marked import explained
from graphflow.view.network import draw
from graphflow.view.picture import MAX_EDGES, MAX_NODES, Node, Picture, picture
from graphflow.view.text import many, points_text, tenths
from graphflow.words import shown

MAX_FINDINGS = 100
MAX_PARTS = 30
MAX_WHO = 50
"""Reasons in points, and flagged accounts, that are listed each; what there is more is said."""


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
    cited = _cited(case)
    listed = fair_share(cited, len(drawn.transfers), max_rows)
    findings = _finding_facts(drawn, case, cited, listed, to)
    facts = as_json(facts_of(drawn, graph.ledger.decimals, to, findings=findings, listed=listed))
    words = {
        "reader": to,
        "case": case,
        "report": report,
        "facts": Markup(facts),
        "script_words": Markup(as_json(script_words(to))),
        "nonce": nonce_of(f"{case.id}{case.headline}{facts}"),
        "version": __version__,
        "span": span(case.start, case.end, to),
        "points": points_text(case.points),
        "parts": _part_words(case, to),
        "exact": all(round(part.points, 1) == part.points for part in case.parts),
        "who": _who(drawn, case, to),
        "findings": [
            _finding_words(finding, fact, to)
            for finding, fact in zip(case.findings[:MAX_FINDINGS], findings, strict=True)
        ],
        "terms": explained(_said(case, drawn, to), to.say),
        "roles": list(dict.fromkeys(account.role or "other" for account in drawn.accounts)),
        "folded": drawn.folded,
        "cited": many(to, len(drawn.transfers), "{n} transaction", "{n} transactions"),
        "among": many(to, len(drawn.accounts), "{n} account", "{n} accounts"),
        "flagged": many(to, len(case.accounts), "{n} account", "{n} accounts"),
        "cuts": _cuts(drawn, case, len(listed), to),
    }
    return Page(case.id, draw(drawn, words))


# --- words ------------------------------------------------------------------------------------------


def _finding_words(finding: Any, fact: Mapping[str, Any], to: Reader) -> dict[str, str]:
    points = points_text(finding.points)
    return {
        "listed": listed_here(fact, to),
        "detector": shown(to.say(finding.detector), 40),
        "reason": shown(to.say(finding.reason), 600),
        "amount": finding.amount_text,
        "level": finding.level,
        "points": to.say("1 point" if points == "1" else "{n} points", n=points),
        "span": span(finding.start, finding.end, to),
        "truncated": shown(to.say(finding.truncated), 300) if finding.truncated else "",
    }


def _part_words(case: Case, to: Reader) -> list[dict[str, Any]]:
    """The reasons as the page lists them. What is shown adds up to the points that are shown."""
    parts = case.parts[:MAX_PARTS]
    rest = case.parts[MAX_PARTS:]
    points = tenths([*(part.points for part in parts), *([sum(part.points for part in rest)] if rest else [])])
    largest = max(map(abs, points), default=0) or 1.0
    words = [
        {"sentence": shown(to.say(part.sentence), 400), "kind": to.say(part.kind), "decisive": part.decisive}
        for part in parts
    ]
    if rest:
        words.append({"sentence": to.say("{n} more reasons", n=len(rest)), "kind": "", "decisive": False})
    return [
        {**said, "points": f"{own:+g}", "width": f"{abs(100 * own / largest):.1f}"}
        for said, own in zip(words, points, strict=True)
    ]


def _who(drawn: Picture, case: Case, to: Reader) -> list[dict[str, str]]:
    """The flagged accounts, in the order of the case: whose, at which bank, of which type, in which role."""
    known = {account.account: account for account in drawn.accounts}
    flagged = [known[name] for name in case.accounts[:MAX_WHO] if name in known]
    return [
        {
            "account": shown(account.account, 60),
            "name": shown(account.name, 80) if account.name else "",
            "bank": shown(account.bank, 80) if account.bank else "",
            "type": shown(to.say(account.type), 120) if account.type else "",
            "role": to.say(account.role) if account.role else "",
        }
        for account in flagged
    ]


def _said(case: Case, drawn: Picture, to: Reader) -> Iterator[str]:
    """Every text of the page whose words are explained."""
    yield from (to.say(case.headline), to.say("flagged"))
    yield from (text for f in case.findings[:MAX_FINDINGS] for text in (to.say(f.detector), to.say(f.reason)))
    yield from (to.say(part.sentence) for part in case.parts[:MAX_PARTS])
    yield from (to.say(role) for role in dict.fromkeys(account.role for account in drawn.accounts) if role)


def span(start: datetime, end: datetime, to: Reader | None = None) -> str:
    """From when to when, by the reader's clock.

    >>> from datetime import UTC
    >>> span(datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 5, 10, 30, tzinfo=UTC))
    '2026-01-05 09:00 – 10:30'
    """
    clock = to or Reader()
    first, last = clock.moment(start), clock.moment(end)
    return f"{first} – {last[11:] if last[:10] == first[:10] else last}"


def _cuts(drawn: Picture, case: Case, listed: int, to: Reader) -> list[str]:
    """Everything that is in the case and not on the page, in words."""
    lines, findings = left_out(drawn, listed, to, largest=False, file="evidence.parquet"), len(case.findings)
    if findings > MAX_FINDINGS:
        text = "{n} of {of} findings are listed; findings.csv holds all of them."
        lines.append(to.say(text, n=MAX_FINDINGS, of=f"{findings:,}"))
    return lines + [shown(to.say(text), 400) for text in (case.split,) if text]


# --- facts for the script -----------------------------------------------------------------------------


def label_of(node: Node, drawn: Picture) -> str:
    """A node in few words."""
    return f"and {len(node.members):,} more" if node.folded else shown(drawn.accounts[node.members[0]].account, 60)


def _cited(case: Case) -> list[Positions]:
    """Of each finding, the positions of its transactions among those of the case."""
    return [np.unique(np.searchsorted(case.rows, finding.rows)) for finding in case.findings]


def _finding_facts(
    drawn: Picture, case: Case, cited: Sequence[Positions], listed: Sequence[int], to: Reader
) -> list[dict[str, Any]]:
    """Per listed finding: the transactions it cites, as places in the table; where some are not in it, `of` how many,
    and what lights up all the same."""
    place = {position: index for index, position in enumerate(listed)}
    facts = []
    for finding, rows in zip(case.findings[:MAX_FINDINGS], cited, strict=False):
        own = rows.tolist()
        here = [place[row] for row in own if row in place]
        facts.append(
            {
                "name": shown(to.say(finding.detector), 40),
                "rows": here,
                **({"of": len(own), **_lit(drawn, own)} if len(here) < len(own) else {}),
            }
        )
    return facts


def _lit(drawn: Picture, rows: Sequence[int]) -> dict[str, list[int]]:
    """The nodes and edges of transactions, in their order."""
    hops = {(drawn.node_of[drawn.transfers[r].payer], drawn.node_of[drawn.transfers[r].payee]): None for r in rows}
    return {
        "nodes": sorted({node for hop in hops for node in hop}),
        "edges": [drawn.edge_of[hop] for hop in hops if hop in drawn.edge_of],
    }
