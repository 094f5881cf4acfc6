"""Who has counterparties in common, by the definition: for the slow counterparts of bipartite and stack."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

import networkx as nx
from oracles import Transfer

Ends = tuple[object, object]
"""Whose transfer it is, and with whom."""


def seen_from(transfers: list[Transfer], *, paying: bool, skipped: Collection[object]) -> dict[int, Ends]:
    """Transfers of accounts that are not skipped, with the account that pays first (or the one that is paid)."""
    return {
        k: (t.payer, t.payee) if paying else (t.payee, t.payer)
        for k, t in enumerate(transfers)
        if t.payer != t.payee and not {t.payer, t.payee} & set(skipped)
    }


def shared(transfers: list[Transfer], seen: dict[int, Ends], a: object, b: object, window: int) -> set[object]:
    """Counterparties with which both have a transfer not more than `window` apart."""
    return {
        seen[j][1]
        for j in seen
        for k in seen
        if (seen[j][0], seen[k][0]) == (a, b)
        and seen[j][1] == seen[k][1]
        and abs(transfers[j].time - transfers[k].time) <= window
    }


def pairs(transfers: list[Transfer], seen: dict[int, Ends], window: int, minimum: int) -> Iterator[Ends]:
    """Accounts with at least `minimum` counterparties in common."""
    for a, b in combinations(dict.fromkeys(own for own, _ in seen.values()), 2):
        if len(shared(transfers, seen, a, b, window)) >= minimum:
            yield a, b


def groups(those: Iterable[Ends]) -> list[set[object]]:
    """Accounts that hang together over pairs."""
    return list(nx.connected_components(nx.Graph(list(those))))


def in_common(transfers: list[Transfer], seen: dict[int, Ends], group: set[object], window: int) -> set[int]:
    """Transfers of a group with whom another account of it deals not more than `window` before or after."""
    return {
        j
        for j in seen
        for k in seen
        if {seen[j][0], seen[k][0]} <= group
        and seen[j][0] != seen[k][0]
        and seen[j][1] == seen[k][1]
        and abs(transfers[j].time - transfers[k].time) <= window
    }


def partners(seen: dict[int, Ends], chosen: set[int], side: int, account: object) -> int:
    """With how many accounts an account deals in the chosen transfers, being at that side of them."""
    return len({seen[k][1 - side] for k in chosen if seen[k][side] == account})
