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

from graphflow.view.assets import environment
from graphflow.view.facts import group_of
from graphflow.view.layout import CROWD, CROWDED_TALL, CROWDED_WIDE, TALL, WIDE, Spot, bow, columns, spread, tiers
from graphflow.view.picture import Edge, Node, Picture
from graphflow.words import shown

OPTIONS = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False, "randomSeed": 1},
    "interaction": {"hover": True, "hoverConnectedEdges": False, "tooltipDelay": 0, "multiselect": False},
    "nodes": {"borderWidth": 1},
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

PAYS_IN = ("source", "victim candidate")
"""Roles that stand in the first column."""

FEW = 60
"""Up to so many nodes there is time to lead each curve round the others."""


def load() -> Any:
    """PyVis, which takes a moment to import."""
    return import_module("pyvis.network")


def draw(picture: Picture, words: Mapping[str, Any], *, page: str = "case.html.j2") -> str:
    """The page's HTML. `words` is what the page says beside the picture: pyvis hands its heading on as it is."""
    network = load().Network(directed=True)
    network.templateEnv, network.path = environment(), page
    network.options = OPTIONS
    network.heading = {**words, "vis_network": vis_network()}
    standing = _standing(picture)
    _add_nodes(network, picture, standing)
    for index, edge in enumerate(picture.edges):
        network.edges.append(_edge(index, edge, picture, standing))
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
    every = range(len(picture.nodes))
    crowded = len(every) > CROWD
    wide, tall = spread(order, CROWDED_WIDE if crowded else WIDE), spread(order, CROWDED_TALL if crowded else TALL)
    return Standing(tier, [wide[n] for n in every], [(tall[n][1], tall[n][0]) for n in every])


def _add_nodes(network: Any, picture: Picture, standing: Standing) -> None:
    for index, node in enumerate(picture.nodes):
        x, y = standing.wide[index]
        network.add_node(
            index,
            label=node_label(node, picture),
            shape="box" if node.folded else SHAPES.get(node.role or "", "dot"),
            size=(20 if node.flagged else 14) + (7 if node.role == "controller candidate" else 0),  # a star is thin
            flagged=node.flagged,
            folded=len(node.members) if node.folded else 0,
            tier=standing.tier[index],
            x=x,
            y=y,
            tall=standing.tall[index],
            groups=_groups(node),
        )


def _groups(node: Node) -> str | dict[str, str]:
    """Under which name the style sheet has its colour; in a trace, under each rule."""
    if not node.held:
        return group_of(node.role, 0.0, traced=False)
    return {rule: group_of(node.role, amount.share, traced=True) for rule, amount in node.held.items()}


def node_label(node: Node, picture: Picture) -> str:
    """The account; of several folded into one, how many."""
    if node.folded:
        return f"and {len(node.members):,} more"
    return shown(picture.accounts[node.members[0]].account, 60)


def _edge(index: int, edge: Edge, picture: Picture, standing: Standing) -> dict[str, Any]:
    """What pyvis keeps of an edge; its own `add_edge` searches all nodes for each end.

    Width and amount follow the transactions that are looked at: the page's script adds them up. `bend` is how round
    the curve is on a wide and on a tall canvas; 0 is an even curve to the next tier.
    """
    return {
        "id": index,
        "from": edge.payer,
        "to": edge.payee,
        "bend": _bend(edge, picture, standing),
        "ahead": standing.tier[edge.payee] > standing.tier[edge.payer],
    }


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
