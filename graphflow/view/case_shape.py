"""The shape of a case as a small picture: who paid whom, left to right, without a word.

It is for the eye that runs down a long table: a fan, a ring and a chain look different at once. Accounts are dots in
the colour of their role, suspected ones larger; every pair of accounts that has a cited transaction is a line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from graphflow.case import Case
from graphflow.graph import FlowGraph
from graphflow.view.layout import WIDE, Hop, columns, spread, tiers
from graphflow.view.network import PAYS_IN

MAX_NODES = 40
MAX_LINES = 60
WIDTH, HEIGHT, MARGIN = 150, 72, 7

Longs = npt.NDArray[np.int64]


class Shape(NamedTuple):
    """A picture of a case. `svg` is ours, no text from data is in it; `unseen`: accounts it has no dot for."""

    svg: Markup
    accounts: int
    unseen: int


def case_shape(graph: FlowGraph, case: Case) -> Shape:
    """Draw a case: at most 40 accounts, suspected ones and those with the largest flow first."""
    flow = graph.flow
    events = flow.events_of(case.rows)
    codes, ends = np.unique(np.stack([flow.payer[events], flow.payee[events]]), return_inverse=True)
    payer, payee = ends.reshape(2, -1).astype(np.int64)
    names: list[str] = flow.names.gather(codes).to_list()
    roles, flagged = [case.roles.get(name) or "other" for name in names], set(case.accounts)
    suspected = np.array([name in flagged for name in names])
    tier = tiers(codes.size, _hops(payer, payee), [n for n, role in enumerate(roles) if role in PAYS_IN])
    kept = _kept(payer, payee, flow.value[events], suspected)
    place = np.full(codes.size, -1)
    place[kept] = np.arange(kept.size)
    drawn = (place[payer] >= 0) & (place[payee] >= 0) & (payer != payee)
    hops = list(dict.fromkeys(_hops(place[payer[drawn]], place[payee[drawn]])))
    few = kept.tolist()
    spots = _scaled(spread(columns([tier[n] for n in few], hops, [names[n] for n in few]), WIDE))
    dots = [(roles[n].replace(" ", "-"), bool(suspected[n]), spots[k]) for k, n in enumerate(few)]
    return Shape(_svg(dots, [(spots[a], spots[b]) for a, b in hops[:MAX_LINES]]), codes.size, codes.size - kept.size)


def _hops(payer: Longs, payee: Longs) -> list[Hop]:
    return list(zip(payer.tolist(), payee.tolist(), strict=True))


def _kept(payer: Longs, payee: Longs, value: Longs, suspected: npt.NDArray[np.bool_]) -> Longs:
    """Positions of the accounts that get a dot, rising."""
    size = np.bincount(payer, value, suspected.size) + np.bincount(payee, value, suspected.size)
    ranked = np.lexsort((-size, ~suspected))
    return np.sort(ranked[:MAX_NODES])


def _scaled(spots: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Places on the canvas of a page, drawn together so that they fill the small picture both ways."""
    xs, ys = zip(*spots.values(), strict=True)
    fits = [(min(own), (size - 2 * MARGIN) / max(max(own) - min(own), 1)) for own, size in ((xs, WIDTH), (ys, HEIGHT))]
    single = [max(own) == min(own) for own in (xs, ys)]
    found = {}
    for node, spot in spots.items():
        x, y = (
            size // 2 if alone else round(MARGIN + (at - least) * by)
            for at, (least, by), alone, size in zip(spot, fits, single, (WIDTH, HEIGHT), strict=True)
        )
        found[node] = x, y
    return found


def _svg(dots: list[tuple[str, bool, tuple[int, int]]], lines: list[tuple[tuple[int, int], tuple[int, int]]]) -> Markup:
    """One path for all lines, and one for all dots of a role: a dot is a line of no length with a round end."""
    ways = "".join(f"M{a} {b}L{c} {d}" for (a, b), (c, d) in lines)
    groups: dict[tuple[str, bool], str] = {}
    for role, suspected, (x, y) in dots:
        key = role, suspected
        groups[key] = groups.get(key, "") + f"M{x} {y}h0"
    marks = "".join(
        f'<path class="dot {role}{" suspected" if suspected else ""}" d="{d}"/>'
        for (role, suspected), d in sorted(groups.items())
    )
    return Markup(f'<svg class="case-shape" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
                  f'<path class="way" d="{ways}"/>{marks}</svg>')  # fmt: skip
