"""The picture of a case or a trace as a pyvis network. The only module that imports pyvis, when first used: it is slow.

Of pyvis the node and edge model and `generate_html` are used. Its template is ours, since its own loads
Bootstrap from the network and escapes nothing; titles are never set, since one `href` in any of them turns
all into HTML; positions are fixed, since its physics takes half a minute for 500 nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, NamedTuple

from markupsafe import Markup

from graphflow.ledger import default_decimals, major
from graphflow.view.assets import environment
from graphflow.view.layout import TALL, WIDE, Spot, bow, columns, spread, tiers
from graphflow.view.picture import Amount, Edge, Node, Picture
from graphflow.view.text import Totals
from graphflow.words import shorten, shown

OPTIONS = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False, "randomSeed": 1},
    "interaction": {"hover": True, "hoverConnectedEdges": False, "tooltipDelay": 0, "multiselect": False},
    "nodes": {"font": {"size": 15, "face": "system-ui, sans-serif", "vadjust": 0}, "borderWidth": 1},
    "edges": {
        "arrows": {"to": {"enabled": True, "scaleFactor": 0.75}},
        "arrowStrikethrough": False,
        "selectionWidth": 1,
        "hoverWidth": 1,
    },
}

SHAPES = {
    "source": "dot",
    "collector": "triangleDown",
    "transit": "diamond",
    "distributor": "triangle",
    "end": "square",
    "cycle": "hexagon",
    "victim candidate": "dot",
    "cash-out": "square",
    "controller candidate": "star",
    "no statement": "diamond",
    "trail end": "square",
}
"""A victim candidate is a source and a cash-out an end by nature: the same shape, much darker."""

HELD = ((0.5, "held-3"), (0.1, "held-2"), (0.0, "held-1"))
"""Colours of what an account still holds: above which share of the largest holding in its currency."""

WIDEST = 22.0
"""Canvas units of the edge that carried the most; the others in proportion."""

PAYS_IN = ("source", "victim candidate")
"""Roles that stand in the first column."""

FEW = 60
"""Up to so many nodes there is room for holders' names, and time to lead each curve round the others."""


def load() -> Any:
    """PyVis, which takes a moment to import."""
    return import_module("pyvis.network")


def draw(picture: Picture, words: Mapping[str, Any], decimals: Mapping[str, int], *, page: str = "case.html.j2") -> str:
    """The page's HTML. `words` is what the page says beside the picture: pyvis hands its heading on as it is."""
    network = load().Network(directed=True)
    network.templateEnv, network.path = environment(), page
    network.options = OPTIONS
    network.heading = {**words, "vis_network": vis_network()}
    standing = _standing(picture)
    _add_nodes(network, picture, standing)
    for index, edge in enumerate(picture.edges):
        network.edges.append(_edge(index, edge, picture, standing, decimals))
    html: str = network.generate_html("page.html")
    return html


@cache
def vis_network() -> Markup:
    """The drawing library inside the installed pyvis, without the line that makes browsers look for its map."""
    folder = files("pyvis").joinpath("templates", "lib", "vis-9.1.2")
    script = folder.joinpath("vis-network.min.js").read_text("utf-8")
    return Markup(script.partition("//# sourceMappingURL=")[0])


class Standing(NamedTuple):
    """Where each node stands: its tier, and its place on a wide and on a tall canvas."""

    tier: list[int]
    wide: list[Spot]
    tall: list[Spot]


def _standing(picture: Picture) -> Standing:
    hops = picture.hops()
    sources = [index for index, node in enumerate(picture.nodes) if node.role in PAYS_IN]
    tier = picture.tier or tiers(len(picture.nodes), hops, sources)
    order = columns(tier, hops, [picture.accounts[node.members[0]].account for node in picture.nodes])
    wide, tall = spread(order, WIDE), spread(order, TALL)
    every = range(len(picture.nodes))
    return Standing(tier, [wide[n] for n in every], [(tall[n][1], tall[n][0]) for n in every])


def _add_nodes(network: Any, picture: Picture, standing: Standing) -> None:
    for index, node in enumerate(picture.nodes):
        x, y = standing.wide[index]
        network.add_node(
            index,
            label=node_label(node, picture, 20),
            brief=node_label(node, picture, 11),
            shape="box" if node.folded else SHAPES.get(node.role or "", "dot"),
            group=(node.role or "other").replace(" ", "-"),
            size=(20 if node.flagged else 14) + (7 if node.role == "controller candidate" else 0),  # a star is thin
            flagged=node.flagged,
            folded=node.folded,
            tier=standing.tier[index],
            x=x,
            y=y,
            tall=standing.tall[index],
            **_by({rule: {"group": _held_group(node, amount)} for rule, amount in node.held.items()}),
        )


def _by(rules: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What differs between the rules of a trace; nothing in a case."""
    return {"by": rules} if rules else {}


def _held_group(node: Node, amount: Amount) -> str:
    if node.role == "victim":
        return "victim"
    return next((group for least, group in HELD if amount.share > least), "held-0")


def node_label(node: Node, picture: Picture, limit: int) -> str:
    """The account, and its holder's name while there is room for it."""
    if node.folded:
        return f"and {len(node.members):,} more"
    account = picture.accounts[node.members[0]]
    label = shown(account.account, limit)
    if account.name and len(picture.nodes) <= FEW:
        label += "\n" + shown(account.name, limit)
    return label


def _edge(index: int, edge: Edge, picture: Picture, standing: Standing, decimals: Mapping[str, int]) -> dict[str, Any]:
    """What pyvis keeps of an edge; its own `add_edge` searches all nodes for each end.

    `amount` is drawn by our script, where there is room for it. `bend` is how round the curve is on a wide and
    on a tall canvas; 0 is an even curve to the next tier. `by`: width and amount under each rule of tracing.
    """
    return {
        "id": index,
        "from": edge.payer,
        "to": edge.payee,
        "width": round(1 + 7 * edge.share**0.5, 2),
        "amount": edge_label(edge, decimals),
        "bend": _bend(edge, picture, standing),
        "ahead": standing.tier[edge.payee] > standing.tier[edge.payer],
        **_by({rule: _carried(amount, decimals) for rule, amount in edge.carried.items()}),
    }


def _carried(amount: Amount, decimals: Mapping[str, int]) -> dict[str, Any]:
    """An edge under one rule; it is not drawn where the rule lets it carry nothing."""
    label = "\n".join(_round_amounts({currency: n for currency, n in amount.totals.items() if n}, decimals))
    return {"width": round(max(WIDEST * amount.share, 1.0), 2) if label else 0, "amount": label}


def _bend(edge: Edge, picture: Picture, standing: Standing) -> list[float]:
    """Edges both ways between two accounts, within a tier or past one are curved apart from the others."""
    step = standing.tier[edge.payee] - standing.tier[edge.payer]
    if (edge.payee, edge.payer) in picture.edge_of or step == 0:
        return [0.22, 0.22]
    if step == 1:
        return [0, 0]
    if len(picture.nodes) > FEW:
        return [0.2, 0.2]
    others = [n for n in range(len(picture.nodes)) if n not in (edge.payer, edge.payee)]
    return [bow(at[edge.payer], at[edge.payee], [at[n] for n in others]) for at in (standing.wide, standing.tall)]


def edge_label(edge: Edge, decimals: Mapping[str, int]) -> str:
    """Amounts by currency, round ones without their cents, and how many transactions when more than one."""
    count = f" ×{edge.paid.count:,}" if edge.paid.count > 1 else ""
    return "\n".join(_round_amounts(edge.paid.totals, decimals)) + count


def _round_amounts(totals: Totals, decimals: Mapping[str, int]) -> list[str]:
    lines = []
    for currency, amount in sorted(totals.items()):
        places = decimals.get(currency, default_decimals(currency))
        whole, cents = divmod(amount, 10**places)
        lines.append(f"{major(amount, places) if cents else f'{whole:,}'} {shorten(shown(currency), 12)}")
    return lines
