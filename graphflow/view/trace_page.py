"""A trace as one page that needs no network: the picture by tiers, what to act on first, and where the money is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from markupsafe import Markup

from graphflow import __version__
from graphflow.languages import Reader
from graphflow.trace import EXACT, Trace
from graphflow.trace.freeze import ENQUIRED, leading
from graphflow.trace.freeze_simulator import ASSUMES
from graphflow.trace.trail import tied
from graphflow.view.assets import nonce_of, script_words
from graphflow.view.facts import MAX_ROWS, as_json, facts_of
from graphflow.view.listing import left_out, listed_here
from graphflow.view.network import draw
from graphflow.view.page import Page, label_of
from graphflow.view.picture import MAX_EDGES, MAX_NODES, Picture
from graphflow.view.text import RULES_SAID, money
from graphflow.view.trace_curve import curve
from graphflow.view.trace_picture import trace_picture
from graphflow.view.trace_sections import sections
from graphflow.view.trace_summary import summary
from graphflow.words import count as plural
from graphflow.words import named, shown

EACH = 8
"""Lines of each action that stand beside the picture."""
MAX_LINES = 100
"""Warnings, cuts and lines of the victims file that are listed each."""


def trace_page(trace: Trace, to: Reader | None = None, *, max_nodes: int = MAX_NODES) -> Page:
    """The page of a trace for a reader. The same trace gives the same page, byte by byte.

    max_nodes  accounts that are drawn on their own; with more than 300 a page opens more slowly, and is harder to read
    """
    to, decimals = to or Reader(), trace.flow.ledger.decimals
    first = leading(trace.freeze_first, EACH)
    drawn = trace_picture(
        trace,
        flagged=first["account"].to_list(),
        max_nodes=max_nodes,
        max_edges=max(MAX_EDGES, 3 * max_nodes),
        max_cited=max(MAX_ROWS, 3 * max_nodes),
    )
    buttons, listed = _buttons(first, drawn), len(drawn.transfers)
    facts = as_json(facts_of(drawn, decimals, to, findings=buttons, listed=range(listed), largest=True))
    said = summary(trace, to)
    words = {
        "reader": to,
        "title": "Where the victims' money went",
        "summary": said,
        "facts": Markup(facts),
        "script_words": Markup(as_json(script_words(to))),
        "figures": _figures(trace, to),
        "nonce": nonce_of(f"{said}{facts}"),
        "version": __version__,
        "rules": {rule: to.say(RULES_SAID[rule]) for rule in EXACT},
        "first": [
            {**_first_words(row, decimals, to), "listed": listed_here(button, to)}
            for row, button in zip(first.iter_rows(named=True), buttons, strict=True)
        ],
        "acted": trace.freeze_first.height,
        "sections": sections(trace, to),
        "curve": curve(trace, ASSUMES),
        "folded": drawn.folded,
        "roles": {account.role for account in drawn.accounts},
        "cuts": left_out(drawn, listed, to, largest=True, file="trace.parquet"),
        "notes": _listed(_notes(trace), to),
        "warnings": _listed(trace.warnings, to),
        "truncated": _listed(trace.truncated, to),
        "sources": trace.flow.ledger.sources,
    }
    return Page("trace", draw(drawn, words, page="trace.html.j2"))


def _figures(trace: Trace, to: Reader) -> dict[str, str]:
    return {
        "Victims": f"{len(trace.victims):,}",
        "Payments found": f"{trace.payments.height:,}",
        "Lines without a payment": f"{trace.unmatched.height:,}",
        "Accounts reached": f"{len(trace.taints.tiers):,}",
        "Order": to.say(trace.order),
        "Minutes count to": f"{to.moment(trace.now)} ({to.zone})",
    }


def _first_words(row: Mapping[str, Any], decimals: Mapping[str, int], to: Reader) -> dict[str, str]:
    """A line of the freeze-first list, as a button."""
    return {
        "rank": row["rank"],
        "account": shown(row["account"], 40),
        "name": shown(row["name"], 60) if row["name"] else "",
        "action": row["action"],
        "amount": money(
            row["traced"] if row["action"] == ENQUIRED else row["suggested_freeze"], row["currency"], decimals
        ),
        "reason": shown(to.say(row["reason"]), 400),
    }


def _buttons(first: pl.DataFrame, drawn: Picture) -> list[dict[str, Any]]:
    """What each line of the list highlights: its account, the edges to and from it, their listed transactions."""
    node_at = {account.account: node for account, node in zip(drawn.accounts, drawn.node_of, strict=True)}
    found = []
    for account in first["account"].to_list():
        node = node_at[account]
        near = [index for index, edge in enumerate(drawn.edges) if node in (edge.payer, edge.payee)]
        ends = {end for index in near for end in (drawn.edges[index].payer, drawn.edges[index].payee)}
        rows = [
            index
            for index, t in enumerate(drawn.transfers)
            if node in (drawn.node_of[t.payer], drawn.node_of[t.payee])
        ]  # fmt: skip
        name = label_of(drawn.nodes[node], drawn)
        of = _transactions(drawn, node)
        cut = {"of": of} if len(rows) < of else {}
        found.append({"nodes": sorted(ends | {node}), "edges": near, "rows": rows, "name": name, "node": node, **cut})
    return found


def _transactions(drawn: Picture, node: int) -> int:
    """How many transactions a node has, in and out; one to itself is counted once."""
    own = drawn.nodes[node]
    itself = next((edge.paid.count for edge in drawn.edges if edge.payer == edge.payee == node), 0)
    return own.came.count + own.went.count - itself


def _notes(trace: Trace) -> list[str]:
    """What a reader must know of how this was made."""
    notes = ["No rule is the truth: money in an account is not labelled. Which rule applies is for a court."]
    if assumed := trace.holdings.filter(pl.col("assumed") & pl.col("held")).height:
        notes.append(
            f"No statement gives the opening balance of {plural(assumed, 'account')}: taken as zero. Had one held "
            "money of its own, less of what it passed on, and more of what it kept, would be the victims' under FIFO."
        )
    if unseen := trace.holdings.filter(pl.col("unseen") > 0)["account"].to_list():
        notes.append(
            "More was traced to an account than its statement's balance, so that some left in rows that the statement "
            f"lacks: {', '.join(named(account) for account in unseen[:5])}{' …' if len(unseen) > 5 else ''}. Ask for "
            "those rows; statement_gaps.csv says where they are missing."
        )
    if ties := tied(trace.flow, trace.traced, trace.taints):
        notes.append(
            f"{plural(ties, 'payment')} went out in the very moment in which traced money came in: such are taken in "
            "the order of the records, and money that came first in truth may be passed on by them."
        )
    if trace.unmatched.height:
        notes.append(
            f"{plural(trace.unmatched.height, 'line')} of the victims file named no payment of the ledger, and "
            "nothing of them is in this page; unmatched.csv lists them with the nearest payments."
        )
    back = {rule: sum(amounts) for rule, amounts in trace.taints.absorbed.items()}
    if any(back.values()):
        notes.append(
            "Part of the money ended in payments that other victims reported, and is not counted twice; run.json says "
            "how much under each rule (absorbed)."
        )
    return notes


def _listed(lines: Sequence[str], to: Reader) -> list[str]:
    """At most so many lines, and how many more there are."""
    listed = [shown(to.say(line), 600) for line in lines[:MAX_LINES]]
    more = len(lines) - len(listed)
    return [*listed, to.say("and {n} more; run.json has all of them", n=f"{more:,}")] if more else listed
