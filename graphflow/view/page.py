"""A case as one page that needs no network: the picture, the reasons and the transactions it cites.

The page of a trace (`trace_page`) takes its facts and its `Page` from here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from graphflow import __version__
from graphflow.case import Case
from graphflow.errors import OutputError
from graphflow.graph import FlowGraph
from graphflow.languages import Reader, reader
from graphflow.view.assets import nonce_of
from graphflow.view.network import draw
from graphflow.view.picture import MAX_NODES, Amount, Edge, Node, Picture, Transfer, picture
from graphflow.view.text import RULES_SAID, money, totals_text
from graphflow.words import count as plural
from graphflow.words import shown

MAX_ROWS = 2000
MAX_FINDINGS = 100
SOURCES_SHOWN = 5

Decimals = Mapping[str, int]


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
        """A frame of its own: the page's styles stay in it, and its script cannot reach the notebook."""
        return (
            '<iframe sandbox="allow-scripts" width="100%" height="820" style="border:0" '
            f'title="{escape(self.case_id)}" srcdoc="{escape(self.html)}"></iframe>'
        )


def view(graph: FlowGraph, case: Case, *, lang: str = "en", zone: str | None = None) -> Page:
    """The page of a case. `graph` is the one the case was found in; it is not changed.

    lang  "en" or "zh"; zone: whose clock the page shows, such as "Asia/Shanghai"; UTC when not given

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
    return case_page(graph, case, reader(lang, zone))


def case_page(graph: FlowGraph, case: Case, to: Reader) -> Page:
    """The page of a case for a reader."""
    drawn = picture(graph, case)
    decimals = graph.ledger.decimals
    facts = as_json(facts_of(drawn, decimals, findings=_finding_facts(drawn, case)))
    words = {
        "reader": to,
        "case": case,
        "facts": Markup(facts),
        "nonce": nonce_of(f"{case.id}{case.headline}{facts}"),
        "version": __version__,
        "span": span(case.start, case.end),
        "largest_part": max((part.points for part in case.parts), default=1.0) or 1.0,
        "findings": [_finding_words(finding) for finding in case.findings[:MAX_FINDINGS]],
        "roles": list(dict.fromkeys(node.role or "other" for node in drawn.nodes)),
        "folded": drawn.folded,
        "accounts": len(drawn.accounts),
        "transactions": len(drawn.transfers),
        "cuts": _cuts(drawn, case),
    }
    return Page(case.id, draw(drawn, words, decimals))


def as_json(data: object) -> str:
    """JSON that can stand inside a script element: nothing in it can close the element or open another."""
    text = json.dumps(data, separators=(",", ":"))
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


# --- words ------------------------------------------------------------------------------------------


def _finding_words(finding: Any) -> dict[str, str]:
    return {
        "detector": shown(finding.detector, 40),
        "reason": shown(finding.reason, 600),
        "amount": finding.amount_text,
        "level": finding.level,
        "points": f"{finding.points:g} point" + ("" if finding.points == 1 else "s"),
        "span": span(finding.start, finding.end),
        "truncated": shown(finding.truncated, 300) if finding.truncated else "",
    }


def span(start: Any, end: Any) -> str:
    """
    >>> from datetime import datetime
    >>> span(datetime(2026, 1, 5, 9), datetime(2026, 1, 5, 10, 30))
    '2026-01-05 09:00 – 10:30'
    """
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} – {last}"


def _cuts(drawn: Picture, case: Case) -> list[str]:
    """Everything that is in the case and not on the page, in words."""
    rows, findings = len(drawn.transfers), len(case.findings)
    lines = []
    if drawn.folded:
        lines.append(f"{drawn.folded:,} of {len(drawn.accounts):,} accounts are folded into boxes (“and … more”).")
    if drawn.unseen:
        lines.append(f"{plural(drawn.unseen, 'edge')} with the smallest amounts not drawn.")
    if rows > MAX_ROWS:
        lines.append(
            f"The table lists the first {MAX_ROWS:,} of {rows:,} transactions; evidence.parquet holds all of them."
        )
    if findings > MAX_FINDINGS:
        lines.append(f"{MAX_FINDINGS} of {findings:,} findings are listed; findings.csv holds all of them.")
    return lines + [shown(text, 400) for text in (case.split,) if text]


# --- facts for the script -----------------------------------------------------------------------------


def facts_of(drawn: Picture, decimals: Decimals, *, findings: list[dict[str, Any]]) -> dict[str, Any]:
    """What hovering, clicking and the table show. `findings`: what each button of the list highlights."""
    listed = drawn.transfers[:MAX_ROWS]
    used = sorted({account for t in listed for account in (t.payer, t.payee)})
    place = {account: index for index, account in enumerate(used)}
    files = sorted({t.file for t in listed})
    limit = 200 if len(used) <= MAX_NODES else 80
    return {
        "nodes": [_node_facts(node, drawn, decimals) for node in drawn.nodes],
        "edges": [_edge_facts(edge, drawn, decimals) for edge in drawn.edges],
        "accounts": [[shown(drawn.accounts[a].account, limit), drawn.node_of[a]] for a in used],
        "files": [shown(file) for file in files],
        "rows": [_row(t, place, files, decimals) for t in listed],
        "findings": findings,
        "total": drawn.total,
    }


def _row(t: Transfer, place: Mapping[int, int], files: list[str], decimals: Decimals) -> list[Any]:
    amount, currency = money(t.paid, t.paid_currency, decimals).split(" ", 1)
    same = t.paid == t.received and t.paid_currency == t.received_currency
    received = "" if same else money(t.received, t.received_currency, decimals)
    where = [files.index(t.file), t.row, shown(t.twin, 120) if t.twin else ""]
    channel = shown(t.channel, 40) if t.channel else ""
    carried = [money(part, t.paid_currency, decimals).split(" ", 1)[0] for part in t.carried]
    return [
        shown(t.tx, 80), t.time, place[t.payer], place[t.payee], amount, currency, received, channel, *where, *carried,
    ]  # fmt: skip


def _node_facts(node: Node, drawn: Picture, decimals: Decimals) -> list[list[str]]:
    """[heading], then [what, value] lines."""
    times = [t for t in (node.came.first, node.went.first) if t], [t for t in (node.came.last, node.went.last) if t]
    lines = _who(node, drawn)
    for word, tally in (("in", node.came), ("out", node.went)):
        if tally.count:
            amounts = " + ".join(totals_text(tally.totals, decimals))
            lines.append([word, f"{amounts} ({plural(tally.count, 'transaction')})"])
    lines += _by_rule(node.held, "still held", decimals)
    return [*lines, ["first", min(times[0], default="")], ["last", max(times[1], default="")]]


def _by_rule(amounts: Mapping[str, Amount], word: str, decimals: Decimals) -> list[list[str]]:
    """Traced money, a line a rule."""
    return [
        [f"{word}, {RULES_SAID[rule]}", " + ".join(totals_text(amount.totals, decimals)) or "nothing"]
        for rule, amount in amounts.items()
    ]


def _who(node: Node, drawn: Picture) -> list[list[str]]:
    if node.folded:
        beside = "" if node.beside is None else f" beside {label_of(drawn.nodes[node.beside], drawn)}"
        return [[f"{plural(len(node.members), 'more account')}{beside}"], ["role", node.role or "several"]]
    account = drawn.accounts[node.members[0]]
    role = (account.role or "other") + (", flagged" if account.flagged else "")
    lines = [[shown(account.account)], ["role", role]]
    more = (("why", account.why), ("type", account.type), ("bank", account.bank), ("name", account.name))
    return lines + [[w, shown(v)] for w, v in more if v]


def label_of(node: Node, drawn: Picture) -> str:
    """A node in few words."""
    return f"and {len(node.members):,} more" if node.folded else shown(drawn.accounts[node.members[0]].account, 60)


def _edge_facts(edge: Edge, drawn: Picture, decimals: Decimals) -> list[list[str]]:
    cited = [f"{shown(t.file, 60)}:{t.row}" for t in edge.transfers[:SOURCES_SHOWN]]
    rest = edge.paid.count - len(cited)
    lines = [
        [f"{label_of(drawn.nodes[edge.payer], drawn)} → {label_of(drawn.nodes[edge.payee], drawn)}"],
        ["transactions", f"{edge.paid.count:,}"],
        ["paid", " + ".join(totals_text(edge.paid.totals, decimals))],
    ]
    if edge.received.totals != edge.paid.totals:
        lines.append(["received", " + ".join(totals_text(edge.received.totals, decimals))])
    lines += _by_rule(edge.carried, "carried", decimals)
    source = ", ".join(cited) + (f" and {rest:,} more" if rest else "")
    return [*lines, ["first", edge.paid.first], ["last", edge.paid.last], ["source rows", source]]


def _finding_facts(drawn: Picture, case: Case) -> list[dict[str, Any]]:
    """Per listed finding: the nodes and edges to highlight, the rows of the table to show."""
    position = {int(row): index for index, row in enumerate(case.rows)}
    facts = []
    for finding in case.findings[:MAX_FINDINGS]:
        rows = [position[int(row)] for row in finding.rows]
        hops = {(drawn.node_of[drawn.transfers[r].payer], drawn.node_of[drawn.transfers[r].payee]) for r in rows}
        facts.append(
            {
                "nodes": sorted({node for hop in hops for node in hop}),
                "edges": sorted(drawn.edge_of[hop] for hop in hops if hop in drawn.edge_of),
                "rows": sorted(row for row in set(rows) if row < MAX_ROWS),
            }
        )
    return facts
