"""Which findings belong together: pairs from the strongest on, and groups that stay within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from graphflow.finding import Finding
from graphflow.graph import FlowGraph

_HUB = 100
_HUB_WINDOW = timedelta(hours=24)
_APART = timedelta(hours=72)
_SHARE = 0.5
_AT_ONCE = 16


def joins(graph: FlowGraph, findings: Sequence[Finding]) -> Iterator[tuple[int, int]]:
    """Pairs of findings that belong together: those of level high, then those of which one is, then the others.

    Each time the strongest come first.
    """
    high = [k for k, finding in enumerate(findings) if finding.level == "high"]
    for a, b in _pairs(graph, [findings[k] for k in high]):
        yield high[a], high[b]
    pairs, sure = list(_pairs(graph, findings)), set(high)
    yield from (pair for pair in pairs if len(sure.intersection(pair)) == 1)
    yield from (pair for pair in pairs if sure.isdisjoint(pair))


def _pairs(graph: FlowGraph, findings: Sequence[Finding]) -> Iterator[tuple[int, int]]:
    if len(findings) < 2:
        return
    yield from _sharing_transactions(graph, findings)
    yield from _sharing_accounts(graph, findings)


def _sharing_transactions(graph: FlowGraph, findings: Sequence[Finding]) -> Iterator[tuple[int, int]]:
    """Pairs by the number of transactions in both; one in very many findings, or with a gateway, joins none."""
    sizes, gateways = np.array([f.rows.size for f in findings]), graph.flow.gateways
    rows = np.concatenate([f.rows for f in findings])
    owner = np.repeat(np.arange(sizes.size), sizes)
    if gateways.any():
        apart = ~(gateways[graph.ledger.payer_codes[rows]] | gateways[graph.ledger.payee_codes[rows]])
        rows, owner = rows[apart], owner[apart]
    order = np.argsort(rows, kind="stable")
    rows, owner = rows[order], owner[order]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    lengths = np.diff(np.append(starts, rows.size))
    pairs = []
    for step in range(1, _AT_ONCE):
        first = np.flatnonzero(np.repeat((lengths > step) & (lengths <= _AT_ONCE), lengths))
        first = first[first + step < rows.size]
        first = first[rows[first] == rows[first + step]]
        pairs.append(owner[first] * sizes.size + owner[first + step])
    keys, shared = np.unique(np.concatenate(pairs), return_counts=True)
    a, b = np.divmod(keys, sizes.size)
    strong = shared >= _SHARE * np.minimum(sizes[a], sizes[b])
    a, b, shared = a[strong], b[strong], shared[strong]
    for k in np.lexsort((b, a, -shared)).tolist():
        yield int(a[k]), int(b[k])


def _sharing_accounts(graph: FlowGraph, findings: Sequence[Finding]) -> Iterator[tuple[int, int]]:
    """Pairs of findings that suspect one account, the closest in time first.

    Each is paired with the one before it that lasts longest: what is near an earlier one is near that one.
    """
    flow = graph.flow
    hubs = flow.names.filter(pl.Series(flow.hubs(_HUB_WINDOW, _HUB) | flow.gateways))
    times = flow.ledger.frame["time"].to_physical()
    spans = {
        "start": times.gather([int(f.rows[0]) for f in findings]),
        "end": times.gather([int(f.rows[-1]) for f in findings]),
    }
    owner = pl.Series(np.repeat(np.arange(len(findings)), [len(f.accounts) for f in findings]))
    table = pl.DataFrame(
        {
            "finding": owner,
            "account": pl.Series([name for f in findings for name in f.accounts], dtype=pl.String),
            **{name: column.gather(owner) for name, column in spans.items()},
        }
    )
    longest = pl.col("end").cum_max().over("account")
    before = pl.when(pl.col("end") == longest).then("finding").forward_fill().over("account")
    joined = (
        table.filter(~pl.col("account").is_in(hubs.implode()))
        .sort("account", "start", "finding")
        .with_columns(
            before=before.shift(1).over("account"),
            gap=(pl.col("start") - longest.shift(1).over("account")).clip(0),
        )
        .filter(pl.col("gap") <= _APART // timedelta(microseconds=1))
        .sort("gap", "before", "finding")
    )
    yield from zip(joined["before"].to_list(), joined["finding"].to_list(), strict=True)


class Groups:
    """Union-find whose groups stay within bounds; remembers what was left out.

    Suspicion does not spread from a finding at review into a group that has findings of level high: it joins one only
    when high findings of the group suspect all whom it suspects, or cite at least half of its transactions.
    """

    def __init__(self, findings: Sequence[Finding], most_findings: int, most_accounts: int) -> None:
        self._findings = findings
        self._most = most_findings, most_accounts
        self._parent = list(range(len(findings)))
        self._members = {k: [k] for k in range(len(findings))}
        self._accounts = {k: set(f.accounts) for k, f in enumerate(findings)}
        self._sure = {k: set(f.accounts) if f.level == "high" else set() for k, f in enumerate(findings)}
        self._left: dict[int, int] = {}

    def join(self, first: int, second: int) -> None:
        """Put the groups of two findings together, unless the result would be too large, or suspicion would spread.

        A group that suspects nobody new does not make a case larger, however many findings that gives.
        """
        a, b = sorted((self._root(first), self._root(second)))
        if a == b or self._spreads(a, b, first, second):
            return
        together = self._accounts[a] | self._accounts[b]
        many = len(self._members[a]) + len(self._members[b]) > self._most[0]
        grows = len(together) > max(len(self._accounts[a]), len(self._accounts[b]))
        if (grows and many) or len(together) > self._most[1]:
            self._left[a] = self._left.get(a, 0) + 1
            self._left[b] = self._left.get(b, 0) + 1
            return
        self._parent[b] = a
        self._members[a] += self._members.pop(b)
        self._accounts[a] = together
        self._sure[a] |= self._sure.pop(b)
        del self._accounts[b]
        self._left[a] = self._left.get(a, 0) + self._left.pop(b, 0)

    def _spreads(self, a: int, b: int, first: int, second: int) -> bool:
        """Whether a group at review would bring new suspects into one at high without sharing its transactions."""
        if bool(self._sure[a]) == bool(self._sure[b]):
            return False
        high, review = (a, b) if self._sure[a] else (b, a)
        if self._accounts[review] <= self._sure[high]:
            return False
        if len(self._members[review]) > 1:
            return True
        rows = self._findings[self._members[review][0]].rows
        other = first if self._root(first) == high else second
        return bool(2 * np.isin(rows, self._findings[other].rows).sum() < rows.size)

    def all(self) -> Iterator[tuple[list[Finding], int]]:
        """Members of each group, and how many joins its size left out."""
        for root, members in self._members.items():
            yield [self._findings[k] for k in members], self._left.get(root, 0)

    def _root(self, k: int) -> int:
        while self._parent[k] != k:
            self._parent[k] = k = self._parent[self._parent[k]]
        return k
