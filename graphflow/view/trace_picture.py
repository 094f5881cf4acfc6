"""What is drawn of a trace: tiers from the victims to where the trail ends, each edge with what it carried by rule.

A trace can have millions of payments, so everything is summed as columns; only cited payments become transfers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.trace import EXACT, Trace
from graphflow.view.picture import (
    DWELL,
    MAX_EDGES,
    MAX_FOLDS,
    MAX_NODES,
    Account,
    Amount,
    Edge,
    Node,
    Picture,
    Tally,
    Transfer,
    cited,
    clock,
    known,
    largest,
)
from graphflow.view.text import add

CITED_PER_EDGE = 5

Codes = npt.NDArray[np.int32]


def trace_picture(
    trace: Trace,
    *,
    flagged: Collection[str] = (),
    max_nodes: int = MAX_NODES,
    max_edges: int = MAX_EDGES,
    max_cited: int = 2000,
) -> Picture:
    """Sum a trace's payments by pairs of accounts, and decide what is drawn.

    flagged  accounts that get a ring, and are never folded
    """
    moves = _moves(trace)
    codes = np.unique(np.concatenate([moves["payer"].to_numpy(), moves["payee"].to_numpy()]))
    held = _held(trace, codes)
    accounts = _accounts(trace, codes, set(flagged), held)
    column = _columns(trace, codes, accounts)
    kept = _kept(accounts, _sizes(moves, codes), column, max_nodes)
    nodes, node_of, tier = _nodes(accounts, column, kept)
    place = np.array(node_of, np.int32)
    moves = moves.with_columns(
        a=place[np.searchsorted(codes, moves["payer"].to_numpy())],
        b=place[np.searchsorted(codes, moves["payee"].to_numpy())],
    )
    _fill_nodes(nodes, moves, held.with_columns(node=place[np.searchsorted(codes, held["code"].to_numpy())]))
    edges = _edges(moves)
    drawn = largest(edges, [edge.share for edge in edges], max_edges)
    transfers = _cite(trace, moves, codes, drawn, max_cited)
    return Picture(
        accounts=accounts,
        transfers=transfers,
        nodes=nodes,
        node_of=node_of,
        edges=drawn,
        edge_of={(edge.payer, edge.payee): position for position, edge in enumerate(drawn)},
        unseen=len(edges) - len(drawn),
        total=moves.height,
        form=clock(trace.flow),
        tier=tier,
    )


def _moves(trace: Trace) -> pl.DataFrame:
    """One row a payment that carried under any rule, in time order: `at` (its row of the ledger), payer, payee (codes),
    what was paid and received, the time, a column a rule."""
    events = trace.taints.rows.group_by("event").agg(pl.col(EXACT).sum()).sort("event")
    at = trace.traced.rows[events["event"].to_numpy()]
    ledger = trace.flow.ledger
    frame = ledger.frame[at]
    return events.select(
        at=pl.Series(at),
        payer=pl.Series(ledger.payer_codes[at]),
        payee=pl.Series(ledger.payee_codes[at]),
        time=frame["time"],
        paid=frame["paid"],
        paid_currency=frame["paid_currency"].cast(pl.String),
        received=frame["received"],
        received_currency=frame["received_currency"].cast(pl.String),
        **{rule: pl.col(rule) for rule in EXACT},
    )


def _accounts(trace: Trace, codes: Codes, flagged: Collection[str], held: pl.DataFrame) -> list[Account]:
    """The accounts that traced money touched. `why`: where the trail ends, the reason."""
    victims, why, own = set(trace.traced.victims.tolist()), trace.traced.why, trace.traced.held
    types, amounts = trace.flow.types, _amounts(held, ["code"], "currency")
    stays = known(trace.flow.stays(DWELL)[codes], codes)
    found = []
    for code, row in zip(codes.tolist(), trace.flow.ledger.accounts[codes].iter_rows(), strict=True):
        account, bank, name = row
        if code in victims:
            role = "victim"
        elif code in why:
            role = "trail end" if why[code] == types.words(code) else "no statement"
        else:
            role = "account" if own[code] else "no statement"
        ends = "" if code in victims else why.get(code, "")
        here = amounts.get((code,))
        found.append(
            Account(account, bank or "", name or "", role, account in flagged, ends, types.words(code),
                    stays.get(code), here)
        )  # fmt: skip
    return found


def _columns(trace: Trace, codes: Codes, accounts: Sequence[Account]) -> list[int]:
    """Victims first, then the tier of each account, also of one where the trail ends."""
    tiers = trace.taints.tiers
    return [0 if a.role == "victim" else tiers.get(code, 0) for code, a in zip(codes.tolist(), accounts, strict=True)]


# --- folding ----------------------------------------------------------------------------------------


def _sizes(moves: pl.DataFrame, codes: Codes) -> list[float]:
    """Per account, its largest part in what was traced in any one currency, under the rule that gives it most."""
    sides = pl.concat(
        [moves.select(pl.col(side).alias("code"), "paid_currency", *EXACT) for side in ("payer", "payee")]
    )
    sums = sides.group_by("code", "paid_currency").agg(size=pl.max_horizontal(pl.col(EXACT).sum()))
    sums = sums.with_columns(pl.col("size") / pl.col("size").sum().over("paid_currency"))
    by_code = dict(sums.group_by("code").agg(pl.col("size").max()).iter_rows())
    return [by_code.get(code, 0.0) for code in codes.tolist()]


def _kept(accounts: Sequence[Account], sizes: Sequence[float], column: Sequence[int], limit: int) -> list[int]:
    """Flagged accounts first, then those through which the largest amounts went."""
    if len(accounts) <= limit:
        return list(range(len(accounts)))
    ranked = sorted(range(len(accounts)), key=lambda i: (not accounts[i].flagged, -sizes[i], i))
    return sorted(ranked[: limit - min(len(set(column)), MAX_FOLDS, limit // 2)])


def _nodes(
    accounts: Sequence[Account], column: Sequence[int], kept: Sequence[int]
) -> tuple[list[Node], list[int], list[int]]:
    """A node for each account that is kept, one a column for the others; the node of each account, the tier of each
    node. Columns far from the victims share a fold."""
    node_of, tier = [-1] * len(accounts), [column[index] for index in kept]
    nodes = [Node(members=[i], role=accounts[i].role, flagged=accounts[i].flagged) for i in kept]
    for node, index in enumerate(kept):
        node_of[index] = node
    folds: dict[int, list[int]] = defaultdict(list)
    deepest = sorted(set(column))[:MAX_FOLDS][-1]
    for index in range(len(accounts)):
        if node_of[index] < 0:
            folds[min(column[index], deepest)].append(index)
    for place, members in sorted(folds.items()):
        for index in members:
            node_of[index] = len(nodes)
        roles = {accounts[index].role for index in members}
        role = roles.pop() if len(roles) == 1 else None
        flagged = any(accounts[index].flagged for index in members)
        nodes.append(Node(members=members, role=role, flagged=flagged, folded=len(members) > 1))
        tier.append(place)
    return nodes, node_of, tier


# --- sums ---------------------------------------------------------------------------------------------


def _tallies(moves: pl.DataFrame, key: Sequence[str], side: str) -> dict[Any, Tally]:
    """What payments add up to by key; `side` is paid or received."""
    sums = moves.group_by(*key, f"{side}_currency", maintain_order=True).agg(
        pl.len(), pl.col(side).sum(), first=pl.col("time").min(), last=pl.col("time").max()
    )
    found: dict[Any, Tally] = defaultdict(Tally)
    for *at, currency, count, amount, first, last in sums.iter_rows():
        tally = found[tuple(at)]
        tally.count += count
        tally.first, tally.last = min(tally.first or first, first), max(tally.last or last, last)
        add(tally.totals, currency, amount)
    return found


def _amounts(table: pl.DataFrame, key: Sequence[str], currency: str) -> dict[Any, dict[str, Amount]]:
    """Traced money by key and rule. Shares are of the largest key in the same currency under the same rule."""
    sums = table.group_by(*key, currency, maintain_order=True).agg(pl.col(EXACT).sum())
    shares = sums.select(pl.col(rule) / pl.col(rule).max().clip(1).over(currency) for rule in EXACT)
    found: dict[Any, dict[str, Amount]] = defaultdict(lambda: {rule: Amount() for rule in EXACT})
    width = len(key)
    for row, part in zip(sums.iter_rows(), shares.iter_rows(), strict=True):
        for rule, amount, share in zip(EXACT, row[width + 1 :], part, strict=True):
            if amount:
                mine = found[row[:width]][rule]
                mine.share = max(mine.share, share)
                add(mine.totals, row[width], amount)
    return found


def _held(trace: Trace, codes: Codes) -> pl.DataFrame:
    """What accounts still hold, by account (its code) and currency."""
    held = trace.taints.held.group_by("pot", maintain_order=True).agg(pl.col(EXACT).sum())
    pots = held["pot"].to_numpy()
    account, names = trace.traced.account[pots], pl.Series(trace.flow.ledger.currencies, dtype=pl.String)
    table = held.with_columns(code=account, currency=names.gather(trace.traced.currency[pots]))
    return table.filter(pl.Series(np.isin(account, codes)))


def _fill_nodes(nodes: list[Node], moves: pl.DataFrame, held: pl.DataFrame) -> None:
    went, came = _tallies(moves, ["a"], "paid"), _tallies(moves, ["b"], "received")
    amounts = _amounts(held, ["node"], "currency")
    for position, node in enumerate(nodes):
        node.went, node.came, node.held = went[(position,)], came[(position,)], amounts[(position,)]


def _edges(moves: pl.DataFrame) -> list[Edge]:
    """One edge for each ordered pair of nodes, in order of its first payment."""
    paid, received = _tallies(moves, ["a", "b"], "paid"), _tallies(moves, ["a", "b"], "received")
    carried = _amounts(moves, ["a", "b"], "paid_currency")
    edges = []
    for (a, b), tally in paid.items():
        by_rule = carried[a, b]
        share = max(amount.share for amount in by_rule.values())
        edges.append(Edge(payer=a, payee=b, paid=tally, received=received[a, b], share=share, carried=by_rule))
    return edges


def _cite(trace: Trace, moves: pl.DataFrame, codes: Codes, edges: Sequence[Edge], most: int) -> list[Transfer]:
    """The payments that carried the most, in time order; and the first ones of each edge, put there."""
    order = moves.with_row_index("i").sort(-pl.max_horizontal(EXACT), "i")["i"].head(most).sort()
    firsts = moves.with_row_index("i").group_by("a", "b", maintain_order=True).agg(pl.col("i").head(CITED_PER_EDGE))
    drawn = {(edge.payer, edge.payee): edge for edge in edges}
    of_edges = {(a, b): places for a, b, places in firsts.iter_rows() if (a, b) in drawn}
    needed = sorted({*order.to_list(), *(place for places in of_edges.values() for place in places)})
    part = moves[needed]
    found = cited(trace.graph.flow_subgraph(part["at"].to_numpy()).flow, codes)
    carried = part.select(EXACT).iter_rows()
    at = {i: t._replace(carried=amounts) for i, t, amounts in zip(needed, found, carried, strict=True)}
    for pair, places in of_edges.items():
        drawn[pair].transfers = [at[place] for place in places]
    return [at[place] for place in order.to_list()]
