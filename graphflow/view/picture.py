"""What is drawn of a case: accounts as nodes, parallel transactions as one edge, the rest folded and counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.case import Case
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.view.text import Totals, add

T = TypeVar("T")

MAX_NODES = 300
MAX_FOLDS = 24
MAX_EDGES = 1000
DWELL = timedelta(hours=24)


class Transfer(NamedTuple):
    """A cited transaction. `payer` and `payee` are positions in the picture's accounts; `carried`: of traced money, by
    rule, in minor units of the currency paid."""

    payer: int
    payee: int
    tx: str
    time: datetime
    paid: int
    paid_currency: str
    received: int
    received_currency: str
    channel: str
    file: str
    row: int
    twin: str
    carried: tuple[int, ...] = ()


class Account(NamedTuple):
    """An account on a cited transaction.

    why    the reason of its role; type: what kind of account, and why
    stays  seconds that money it hands on within a day stays on average, first in first out; None: it hands on none
    held   by rule, what it still holds, where money is traced
    """

    account: str
    bank: str
    name: str
    role: str | None
    flagged: bool
    why: str = ""
    type: str = ""
    stays: float | None = None
    held: Mapping[str, Amount] | None = None


@dataclass(kw_only=True)
class Tally:
    """What transactions add up to, each currency on its own. They come in time order."""

    count: int = 0
    totals: Totals = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, time: datetime, currency: str, amount: int) -> None:
        self.count += 1
        self.first = self.first or time
        self.last = time
        add(self.totals, currency, amount)


@dataclass(kw_only=True)
class Amount:
    """Traced money under one rule: what an edge carried, or a node still holds. `share`: of the largest such amount in
    its currency."""

    totals: Totals = field(default_factory=dict)
    share: float = 0.0


@dataclass(kw_only=True)
class Node:
    """One account, or several folded into one: `members` are positions in the picture's accounts.

    `beside` is the node that folded accounts are neighbours of (None: of no drawn account). `held`: by rule, where
    money is traced.
    """

    members: list[int]
    role: str | None
    flagged: bool = False
    folded: bool = False
    beside: int | None = None
    came: Tally = field(default_factory=Tally)
    went: Tally = field(default_factory=Tally)
    held: dict[str, Amount] = field(default_factory=dict)


@dataclass(kw_only=True)
class Edge:
    """All transactions from one node to another. `share`: of the largest edge of the same currency.

    transfers  those that are cited: all of a case, the first ones of a trace; carried: by rule, where money is traced
    """

    payer: int
    payee: int
    transfers: list[Transfer] = field(default_factory=list)
    paid: Tally = field(default_factory=Tally)
    received: Tally = field(default_factory=Tally)
    share: float = 0.0
    carried: dict[str, Amount] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A case, or a trace, as it is drawn.

    transfers   cited transactions in time order: all of a case, the largest ones of a trace; total: how many there are
    node_of     the node of each account
    edges       the drawn ones; edge_of: (payer node, payee node) → position in `edges`
    unseen      edges left out, the smallest ones
    form        how its times are written: in the ledger's own precision
    tier        of each node, where it is known; empty: told from the order in which money reached it
    """

    accounts: list[Account]
    transfers: list[Transfer]
    nodes: list[Node]
    node_of: list[int]
    edges: list[Edge]
    edge_of: dict[tuple[int, int], int]
    unseen: int
    total: int
    form: str = "%Y-%m-%d %H:%M:%S"
    tier: list[int] = field(default_factory=list)

    @property
    def folded(self) -> int:
        """Accounts that have no node of their own."""
        return sum(len(node.members) for node in self.nodes if node.folded)

    def hops(self) -> list[tuple[int, int]]:
        """(payer node, payee node) of each transaction, or of each edge by its first one, in time order."""
        if self.tier:
            return [(edge.payer, edge.payee) for edge in self.edges]
        return [(self.node_of[t.payer], self.node_of[t.payee]) for t in self.transfers]


def picture(graph: FlowGraph, case: Case, *, max_nodes: int = MAX_NODES, max_edges: int = MAX_EDGES) -> Picture:
    """Read the case's transactions from the graph's columns, and decide what is drawn."""
    flow = graph.flow_subgraph(case.rows).flow
    flagged, types, why = set(case.accounts), graph.flow.types, case.role_reasons
    stays = known(flow.alone().stays(DWELL), flow.accounts)
    accounts = [
        Account(
            account, bank or "", name or "", case.roles.get(account), account in flagged, why.get(account, ""),
            types.words(code), stays.get(code),
        )
        for code, (account, bank, name) in zip(flow.accounts.tolist(), flow.described.iter_rows(), strict=True)
    ]  # fmt: skip
    return assembled(accounts, cited(flow, flow.accounts), form=clock(flow), max_nodes=max_nodes, max_edges=max_edges)


def assembled(
    accounts: list[Account], transfers: list[Transfer], *, form: str, max_nodes: int, max_edges: int
) -> Picture:
    """The picture of transactions among accounts: what does not fit is folded and counted."""
    nodes, node_of = _nodes(accounts, transfers, max_nodes)
    for t in transfers:
        nodes[node_of[t.payer]].went.add(t.time, t.paid_currency, t.paid)
        nodes[node_of[t.payee]].came.add(t.time, t.received_currency, t.received)
    edges = _edges(transfers, node_of)
    kept = largest(edges, [edge.share for edge in edges], max_edges)
    return Picture(
        accounts=accounts,
        transfers=transfers,
        nodes=nodes,
        node_of=node_of,
        edges=kept,
        edge_of={(edge.payer, edge.payee): position for position, edge in enumerate(kept)},
        unseen=len(edges) - len(kept),
        total=len(transfers),
        form=form,
    )


def known(seconds: npt.NDArray[np.float64], codes: npt.NDArray[np.int32]) -> dict[int, float]:
    """How long money stays, by account code; where none is passed on, the account is left out."""
    return {int(code): float(value) for code, value in zip(codes, seconds, strict=True) if not np.isnan(value)}


def clock(flow: Flow) -> str:
    """The format of times in the ledger's own precision."""
    return "%Y-%m-%d %H:%M" if flow.ledger.precision.total_seconds() >= 60 else "%Y-%m-%d %H:%M:%S"


def cited(flow: Flow, accounts: npt.NDArray[np.int32]) -> list[Transfer]:
    """The transactions of a flow; `accounts` are the sorted codes of the picture's accounts."""
    has = flow.frame.columns
    texts = [pl.col(n).cast(pl.String).fill_null("") if n in has else pl.lit("") for n in ("channel", "file")]
    twin = pl.format("{}:{}", "twin_file", "twin_row").fill_null("") if "twin_file" in has else pl.lit("")
    table = flow.frame.select(
        pl.Series("from", np.searchsorted(accounts, flow.payer)),
        pl.Series("to", np.searchsorted(accounts, flow.payee)),
        "tx",
        "time",
        "paid",
        pl.col("paid_currency").cast(pl.String),
        "received",
        pl.col("received_currency").cast(pl.String),
        *(text.alias(f"text{i}") for i, text in enumerate(texts)),
        "row",
        twin.alias("twin"),
    )
    return [Transfer(*row) for row in table.iter_rows()]


# --- folding ----------------------------------------------------------------------------------------


def _nodes(accounts: list[Account], transfers: list[Transfer], limit: int) -> tuple[list[Node], list[int]]:
    """A node for each account that fits, and nodes for groups of the others; a group of one is drawn as it is."""
    kept = _kept(accounts, transfers, limit)
    node_of = [-1] * len(accounts)
    nodes: list[Node] = []
    for index in kept:
        node_of[index] = len(nodes)
        nodes.append(Node(members=[index], role=accounts[index].role, flagged=accounts[index].flagged))
    for beside, members in _groups(node_of, transfers):
        for index in members:
            node_of[index] = len(nodes)
        roles = {accounts[index].role for index in members}
        flagged = any(accounts[index].flagged for index in members)
        role = roles.pop() if len(roles) == 1 else None
        nodes.append(Node(members=members, role=role, flagged=flagged, folded=len(members) > 1, beside=beside))
    return nodes, node_of


def _kept(accounts: list[Account], transfers: list[Transfer], limit: int) -> Collection[int]:
    """Flagged accounts first, then those with the largest amounts."""
    if len(accounts) <= limit:
        return range(len(accounts))
    size = _sizes(len(accounts), transfers)
    ranked = sorted(range(len(accounts)), key=lambda i: (not accounts[i].flagged, -size[i], i))
    return sorted(ranked[: limit - min(MAX_FOLDS, limit // 2)])


def _sizes(count: int, transfers: Sequence[Transfer]) -> list[float]:
    """Per account, its largest part in the total of any one currency: comparable, though nothing is converted."""
    whole: Totals = {}
    own: list[Totals] = [{} for _ in range(count)]
    for t in transfers:
        add(whole, t.paid_currency, t.paid)
        add(own[t.payer], t.paid_currency, t.paid)
        if t.payee != t.payer:
            add(whole, t.received_currency, t.received)
            add(own[t.payee], t.received_currency, t.received)
    return [max((amount / (whole[c] or 1) for c, amount in totals.items()), default=0.0) for totals in own]


def _groups(node_of: Sequence[int], transfers: Sequence[Transfer]) -> list[tuple[int | None, list[int]]]:
    """Accounts without a node, by the drawn neighbour and the side of it on which they are first seen.

    The largest groups stay apart; the rest, and accounts with no drawn neighbour, make one group more.
    """
    found: dict[int, tuple[int, bool]] = {}
    for t in transfers:
        if node_of[t.payer] < 0 <= node_of[t.payee]:
            found.setdefault(t.payer, (node_of[t.payee], True))
        elif node_of[t.payee] < 0 <= node_of[t.payer]:
            found.setdefault(t.payee, (node_of[t.payer], False))
    groups: dict[tuple[int, bool], list[int]] = {}
    rest: list[int] = []
    for index in (i for i, node in enumerate(node_of) if node < 0):
        (groups.setdefault(found[index], []) if index in found else rest).append(index)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    rest += [index for _, members in ranked[MAX_FOLDS - 1 :] for index in members]
    apart: list[tuple[int | None, list[int]]] = [(beside, members) for (beside, _), members in ranked[: MAX_FOLDS - 1]]
    return [*apart, (None, sorted(rest))] if rest else apart


# --- edges --------------------------------------------------------------------------------------------


def _edges(transfers: Sequence[Transfer], node_of: Sequence[int]) -> list[Edge]:
    """One edge for each ordered pair of nodes, in order of its first transaction."""
    edges: dict[tuple[int, int], Edge] = {}
    for t in transfers:
        key = node_of[t.payer], node_of[t.payee]
        edge = edges.get(key)
        if edge is None:
            edge = edges[key] = Edge(payer=key[0], payee=key[1])
        edge.transfers.append(t)
        edge.paid.add(t.time, t.paid_currency, t.paid)
        edge.received.add(t.time, t.received_currency, t.received)
    largest: Totals = {}
    for edge in edges.values():
        for currency, amount in edge.paid.totals.items():
            largest[currency] = max(largest.get(currency, 1), amount)
    for edge in edges.values():
        edge.share = max(amount / largest[currency] for currency, amount in edge.paid.totals.items())
    return list(edges.values())


def largest(items: list[T], sizes: Sequence[float], limit: int) -> list[T]:
    """The largest items, still in their order."""
    if len(items) <= limit:
        return items
    ranked = sorted(range(len(items)), key=lambda i: (-sizes[i], i))
    return [items[i] for i in sorted(ranked[:limit])]
