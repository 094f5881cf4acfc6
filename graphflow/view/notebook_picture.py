"""The picture of a graph, or of a finding, inside a notebook: a frame of its own that needs no network.

Shapes say only what the drawn transactions say: who pays, who receives, who does both. Roles belong to cases.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from html import escape

import networkx as nx
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from graphflow import __version__
from graphflow.flow import Flow
from graphflow.languages import Reader
from graphflow.view.assets import nonce_of
from graphflow.view.facts import as_json
from graphflow.view.layout import tiers
from graphflow.view.network import draw
from graphflow.view.page import label_of
from graphflow.view.picture import Account, Edge, Node, Picture, Tally, assembled, cited, clock
from graphflow.view.text import totals_text
from graphflow.words import shown

MOST_NODES, MOST_EDGES = 80, 200
"""More than that is no picture in the width of a notebook: the rest is folded, and said."""

PAYS, RECEIVES, BOTH = "only pays", "only receives", "pays and receives"

Longs = npt.NDArray[np.int64]
Decimals = Mapping[str, int]


def largest_part(flow: Flow) -> tuple[Longs, int]:
    """Events of the part of a graph that holds the most transfers, and how many parts there are.

    A part is what hangs together when directions are left out. Of parts of one size the first in time order.
    """
    links: nx.Graph[int] = nx.Graph()
    links.add_edges_from(np.unique(np.stack([flow.payer, flow.payee], axis=1), axis=0).tolist())
    part_of = np.zeros(flow.account_count, np.int64)
    number = 0
    for number, members in enumerate(nx.connected_components(links), 1):
        part_of[list(members)] = number
    parts = part_of[flow.payer]
    sizes = np.bincount(parts, minlength=number + 1)
    best = parts[np.argmax(sizes[parts])]
    return np.flatnonzero(parts == best), number


def picture_of(flow: Flow, flagged: Collection[str] = ()) -> Picture:
    """The accounts and transfers of a small flow, in tiers: those who only pay stand first."""
    payers, payees = set(flow.payer.tolist()), set(flow.payee.tolist())
    accounts = [
        Account(account, bank or "", name or "", _kind(code in payers, code in payees), account in flagged)
        for code, (account, bank, name) in zip(flow.accounts.tolist(), flow.described.iter_rows(), strict=True)
    ]
    transfers = cited(flow, flow.accounts)
    made = assembled(accounts, transfers, form=clock(flow), max_nodes=MOST_NODES, max_edges=MOST_EDGES)
    sources = [index for index, node in enumerate(made.nodes) if node.role == PAYS]
    return replace(made, tier=tiers(len(made.nodes), made.hops(), sources))


def _kind(pays: bool, receives: bool) -> str:
    return BOTH if pays and receives else PAYS if pays else RECEIVES


def frame(drawn: Picture, decimals: Decimals, title: str, to: Reader) -> Markup:
    """The picture in a sandboxed frame: its script runs, and cannot reach the notebook or any other place."""
    facts = as_json(
        {
            "nodes": [_node_line(node, drawn, decimals, to) for node in drawn.nodes],
            "edges": [_edge_line(edge, drawn, decimals, to) for edge in drawn.edges],
            "widths": [round(1 + 7 * edge.share**0.5, 2) for edge in drawn.edges],
            "amounts": [_amount(edge, decimals) for edge in drawn.edges],
            "rest": to.say(
                "Point at an account or an arrow for its facts, and for amounts that have no room. Ctrl + wheel zooms."
            ),
        }
    )
    words = {
        "reader": to,
        "title": title,
        "facts": Markup(facts),
        "nonce": nonce_of(f"{title}{facts}"),
        "version": __version__,
        "kinds": [kind for kind in (PAYS, BOTH, RECEIVES) if any(node.role == kind for node in drawn.nodes)],
        "flagged": any(node.flagged for node in drawn.nodes),
        "folded": drawn.folded,
        "unseen": drawn.unseen,
        "accounts": len(drawn.accounts),
    }
    page = draw(drawn, words, page="notebook_picture.html.j2")
    return Markup(
        f'<iframe sandbox="allow-scripts" width="100%" height="480" style="border:0" title="{escape(title)}" '
        f'srcdoc="{escape(page)}"></iframe>'
    )


def _node_line(node: Node, drawn: Picture, decimals: Decimals, to: Reader) -> str:
    """An account in a line: who, and what came and went."""
    account = drawn.accounts[node.members[0]]
    who = [label_of(node, drawn)] + (
        [] if node.folded else [shown(text, 60) for text in (account.name, account.bank) if text]
    )
    told = [_tally(to.say("received"), node.came, decimals), _tally(to.say("paid"), node.went, decimals)]
    return " · ".join([*who, *filter(None, told)])


def _tally(word: str, tally: Tally, decimals: Decimals) -> str:
    return f"{word} {' + '.join(totals_text(tally.totals, decimals))} (×{tally.count:,})" if tally.count else ""


def _edge_line(edge: Edge, drawn: Picture, decimals: Decimals, to: Reader) -> str:
    ends = f"{label_of(drawn.nodes[edge.payer], drawn)} → {label_of(drawn.nodes[edge.payee], drawn)}"
    times = [to.moment(moment, drawn.form) for moment in (edge.paid.first, edge.paid.last) if moment]
    when = " – ".join(dict.fromkeys(times))
    return f"{ends} · {_tally(to.say('paid'), edge.paid, decimals)} · {when} {to.zone}"


def _amount(edge: Edge, decimals: Decimals) -> str:
    """What stands beside an arrow: amounts by currency, without cents where there are none, and how many payments."""
    lines = [text.replace(".00 ", " ") for text in totals_text(edge.paid.totals, decimals)]
    return "\n".join(lines) + (f" ×{edge.paid.count:,}" if edge.paid.count > 1 else "")
