"""Where each account stands: left to right in the order in which money reached it, computed before the page is made.

The picture needs no physics: it is the same on every machine, opens at once, and a column is a tier.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

Hop = tuple[int, int]

Spot = tuple[int, int]

SWEEPS = 6
CLEAR, LABEL = 58, 18
"""How far a curve keeps from the middle of an account's mark and label, and how far below the mark that is."""


class Spacing(NamedTuple):
    """Canvas units. `line` is how many accounts stand side by side in a tier before it is wrapped."""

    tier: float
    wrapped: float
    beside: float
    line: int


WIDE = Spacing(tier=290, wrapped=170, beside=86, line=14)
TALL = Spacing(tier=190, wrapped=96, beside=130, line=3)
"""For a narrow screen: tiers go from top to bottom, and few accounts stand side by side."""

CROWD = 150
"""More accounts stand closer: few of them have a label, and their marks stay larger on the screen."""

CROWDED_WIDE = Spacing(tier=230, wrapped=110, beside=64, line=14)
CROWDED_TALL = Spacing(tier=150, wrapped=70, beside=90, line=3)


def tiers(count: int, hops: Sequence[Hop], sources: Collection[int]) -> list[int]:
    """Per node, the least number of hops from a source along transactions in time order.

    hops     (payer, payee) of each transaction in time order
    sources  nodes at tier 0

    What no source reaches starts at its earliest payer: one tier before the account it pays where that
    is known, else at 0. A closed way thus begins with the account that paid first.

    >>> tiers(3, [(0, 1), (1, 2), (2, 0)], sources=[])
    [0, 1, 2]
    """
    tier: dict[int, int] = dict.fromkeys(sources, 0)
    for payer, payee in hops:
        if payer in tier:
            tier[payee] = min(tier.get(payee, count), tier[payer] + 1)
    for payer, payee in hops:
        if payer not in tier:
            tier[payer] = max(tier.get(payee, 1) - 1, 0)
        tier.setdefault(payee, tier[payer] + 1)
    return [tier.get(node, 0) for node in range(count)]


def columns(tier: Sequence[int], hops: Sequence[Hop], names: Sequence[str]) -> list[list[int]]:
    """The nodes of each tier from first to last place: by first transaction, then name, then fewer crossings."""
    first: dict[int, int] = {}
    for position, hop in enumerate(hops):
        for node in hop:
            first.setdefault(node, position)
    found: list[list[int]] = [[] for _ in range(max(tier, default=-1) + 1)]
    for node in sorted(range(len(tier)), key=lambda n: (first.get(n, len(hops)), names[n])):
        found[tier[node]].append(node)
    return _uncrossed([column for column in found if column], tier, hops)


def _uncrossed(found: list[list[int]], tier: Sequence[int], hops: Sequence[Hop]) -> list[list[int]]:
    """Barycentre sweeps: each node moves to the mean place of its neighbours before it, then after it."""
    before: dict[int, set[int]] = {}
    after: dict[int, set[int]] = {}
    for a, b in hops:
        if tier[a] != tier[b]:
            low, high = (a, b) if tier[a] < tier[b] else (b, a)
            before.setdefault(high, set()).add(low)
            after.setdefault(low, set()).add(high)
    place = {node: spot for column in found for node, spot in zip(column, _centred(len(column)), strict=True)}
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        beside = before if forward else after
        for index in range(len(found)) if forward else reversed(range(len(found))):
            wish = {n: _mean([place[m] for m in sorted(beside.get(n, ()))], place[n]) for n in found[index]}
            found[index] = sorted(found[index], key=wish.__getitem__)
            place.update(zip(found[index], _centred(len(found[index])), strict=True))
    return found


def _centred(count: int) -> list[float]:
    return [index - (count - 1) / 2 for index in range(count)]


def _mean(values: list[float], otherwise: float) -> float:
    return round(sum(values) / len(values), 6) if values else otherwise


def spread(found: Sequence[Sequence[int]], spacing: Spacing) -> dict[int, Spot]:
    """Node → (along the flow, across it) in canvas units; a long column becomes several beside each other."""
    spots: dict[int, Spot] = {}
    along = 0.0
    for column in found:
        height = max(spacing.line, math.ceil(math.sqrt(len(column) * spacing.wrapped / spacing.beside)))
        lines = math.ceil(len(column) / height)
        height = math.ceil(len(column) / lines)
        for line in range(lines):
            part = column[line * height : (line + 1) * height]
            for node, place in zip(part, _centred(len(part)), strict=True):
                spots[node] = round(along + line * spacing.wrapped), round(place * spacing.beside)
        along += (lines - 1) * spacing.wrapped + spacing.tier
    return spots


def bow(start: Spot, end: Spot, others: Iterable[Spot]) -> float:
    """How round a curve from start to end must be to pass by the accounts that stand between: vis-network's
    roundness for clockwise curves, the least of a few that keeps clear, else a moderate one."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    beside = []
    for x, y in ((x, y + LABEL) for x, y in others):
        along = ((x - start[0]) * dx + (y - start[1]) * dy) / length**2
        if 0.02 < along < 0.98:
            beside.append((4 * along * (1 - along), ((x - start[0]) * dy - (y - start[1]) * dx) / length))
    for roundness in (0.12, 0.2, 0.28, 0.36, 0.44, 0.52, 0.6, 0.68):
        rise = (1 + roundness) / 4 * length * math.sin(roundness * math.pi / 2)
        if all(abs(aside - rise * part) > CLEAR for part, aside in beside):
            return roundness
    return 0.3
