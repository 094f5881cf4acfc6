"""Findings → cases: what belongs together, in ranked order, with the role each account plays.

Two findings belong together when they share transactions, or an account suspected in both that is no hub and no
gateway. Strong joins come first, and a case has a bounded size: a join that would make it larger is left out, and said
so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import is_

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.finding import Finding, Level, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.joins import Groups, joins
from graphflow.roles import Column, Roles
from graphflow.words import count

Longs = npt.NDArray[np.int64]

_FEW_KINDS = 3
"""Up to so many other detectors a headline names each with its number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Findings that belong together.

    id        "case-0001": by rank
    findings  the best first
    accounts  suspected accounts of all findings, in order of first appearance
    roles     account → role, for every account on a cited transaction; role_reasons: account → why, in a sentence
    parts     (reason, points) of the case: the findings' points and what their coming together adds
    split     what was left out to bound the case, in words; empty when nothing was
    graph     the graph it was opened in, from which its page is drawn; None: it was made by hand

    Example
    -------
    >>> import graphflow as gf
    >>> import polars as pl
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "P"], "paid": [1000, 990], "paid_currency": ["CNY"] * 2})
    >>> graph = gf.FlowGraph(gf.Ledger.from_frame(frame))
    >>> case = gf.open_cases(graph, gf.detect(graph))[0]
    >>> case.id, case.amount_text, case.roles["Q"]
    ('case-0001', '10.00 CNY', 'cycle')
    """

    id: str
    rank: int
    findings: tuple[Finding, ...]
    accounts: tuple[str, ...]
    roles: Mapping[str, str]
    parts: tuple[Part, ...]
    headline: str
    split: str = ""
    role_reasons: Mapping[str, str] = field(default_factory=dict)
    graph: FlowGraph | None = field(default=None, repr=False)

    @cached_property
    def points(self) -> float:
        """The sum of the parts. A rank, not a probability."""
        return round(sum(part.points for part in self.parts), 3)

    @cached_property
    def level(self) -> Level:
        """The highest level among the findings."""
        return "high" if any(f.level == "high" for f in self.findings) else "review"

    @cached_property
    def rows(self) -> npt.NDArray[np.int64]:
        """Ledger positions of all cited transactions, each once, in time order."""
        return np.unique(np.concatenate([f.rows for f in self.findings]))

    @property
    def amount(self) -> int:
        """The largest amount that one finding moved, in minor units: amounts of findings overlap and are not added."""
        return self._largest.amount

    @property
    def currency(self) -> str:
        """Currency of `amount`."""
        return self._largest.currency

    @property
    def amount_text(self) -> str:
        """`amount` in major units with its currency."""
        return self._largest.amount_text

    @property
    def start(self) -> datetime:
        """Time of the first transaction."""
        return min(f.start for f in self.findings)

    @property
    def end(self) -> datetime:
        """Time of the last transaction."""
        return max(f.end for f in self.findings)

    @cached_property
    def _largest(self) -> Finding:
        same = [f for f in self.findings if f.currency == self.findings[0].currency]
        return max(same, key=lambda f: f.amount)

    def __repr__(self) -> str:
        told = f"{self.level}, {self.points:g} points, {count(len(self.findings), 'finding')}"
        return f"Case({self.id}, {told}: {self.headline})"

    def _repr_html_(self) -> str:
        """The page. The view stands above the case, so it is fetched when a notebook asks."""
        from graphflow.view.notebook import case_html

        return case_html(self)


def open_cases(
    graph: FlowGraph, findings: Iterable[Finding], *, most_findings: int = 100, most_accounts: int = 100
) -> list[Case]:
    """Group findings into ranked cases.

    Two findings are joined when at least half of the transactions of the smaller one are in both (a transaction of
    more than 16 findings joins none), or when they suspect the same account (with at most 100 counterparties a day) not
    more than 72 hours apart. A gateway or an account of a bank itself joins nothing, nor does a transaction with one.
    Joins are made from the strongest on, those between findings of level high first, as long as a case keeps to
    `most_findings` and `most_accounts` suspected accounts; a finding that suspects nobody new may come on top. A
    finding at review joins a case at high only when findings at high suspect all whom it suspects, or one of them cites
    at least half of its transactions: suspicion does not spread by weak evidence.
    Cases are ranked by level, then points, then amount in the value basis, then time.

    Example
    -------
    >>> import polars as pl
    >>> from graphflow.ledger import Ledger
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "P"], "paid": [1000, 990], "paid_currency": ["CNY"] * 2})
    >>> graph = FlowGraph(Ledger.from_frame(frame))
    >>> from graphflow.detect import detect
    >>> [(case.id, case.level, case.accounts) for case in open_cases(graph, detect(graph))]
    [('case-0001', 'review', ('P', 'Q'))]
    """
    listed = list(findings)
    groups = Groups(listed, most_findings, most_accounts)
    for a, b in joins(graph, listed):
        groups.join(a, b)
    drafts = [_draft(graph, members, left) for members, left in groups.all()]
    drafts.sort(key=lambda d: d.order)
    width = max(4, len(str(len(drafts))))
    roles = Roles(graph.flow, [draft.findings for draft in drafts])
    return [draft.case(rank, width, roles, graph) for rank, draft in enumerate(drafts, 1)]


# --- what a case says -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Draft:
    """A case before it has its rank."""

    findings: tuple[Finding, ...]
    parts: tuple[Part, ...]
    headline: str
    split: str
    order: tuple[bool, float, int, int, int]

    def case(self, rank: int, width: int, roles: Roles, graph: FlowGraph) -> Case:
        accounts = tuple(dict.fromkeys(name for f in self.findings for name in f.accounts))
        return Case(
            id=f"case-{rank:0{width}d}",
            rank=rank,
            findings=self.findings,
            accounts=accounts,
            roles=Column(roles, rank - 1, "role"),
            role_reasons=Column(roles, rank - 1, "reason"),
            parts=self.parts,
            headline=self.headline,
            split=self.split,
            graph=graph,
        )


def _draft(graph: FlowGraph, members: list[Finding], left: int) -> _Draft:
    members.sort(key=lambda f: (f.level != "high", -f.points, int(f.rows[0]), f.detector))
    best = members[0]
    parts = tuple(_case_parts(members))
    points = round(sum(part.points for part in parts), 3)
    worth = max(round(f.amount * graph.flow.valuation.factors[f.currency]) for f in members)
    split = f"{count(left, 'join')} with other cases left out to keep this one readable" if left else ""
    high = any(f.level == "high" for f in members)
    return _Draft(
        tuple(members), parts, _headline(members), split, (not high, -points, -worth, int(best.rows[0]), left)
    )


def _case_parts(members: list[Finding]) -> Iterator[Part]:
    """The best finding in full, the best of each other detector by half, each further kind of evidence one point."""
    best = members[0]
    kinds = {part.kind for part in best.parts}
    yield Part("structure", best.points, f"{best.detector}: {best.reason}")
    seen = {best.detector}
    for finding in members[1:]:
        if finding.detector in seen:
            continue
        seen.add(finding.detector)
        yield Part("structure", round(finding.points / 2, 3), f"also {finding.detector}: {finding.reason}")
        new = {part.kind for part in finding.parts} - kinds
        kinds |= new
        for kind in sorted(new):
            yield Part(kind, 1.0, f"{finding.detector} adds evidence of another kind: {kind}")


def _headline(members: list[Finding]) -> str:
    others: dict[str, int] = {}
    for finding in members[1:]:
        others[finding.detector] = others.get(finding.detector, 0) + 1
    also = ", ".join(f"{number} {name}" for name, number in sorted(others.items()))
    if len(others) > _FEW_KINDS:  # a list of all is no headline
        also = f"{count(sum(others.values()), 'more finding')} of {count(len(others), 'kind')}"
    return members[0].reason + (f"; with {also}" if also else "")


# --- roles ----------------------------------------------------------------------------------------


def best_roles(flow: Flow, cases: Sequence[Case]) -> pl.DataFrame:
    """Of each account on a case, its role in the best-ranked one: `account`, `role`, `role_reason`, `case_id`.

    What `case.roles` and `case.role_reasons` say, for all cases at once.
    """
    roles = roles_of(flow, cases)
    ids = pl.Series([case.id for case in cases], dtype=pl.String)
    return roles.best().select("account", "role", "role_reason", case_id=pl.lit(ids).gather(pl.col("case")))


def roles_of(flow: Flow, cases: Sequence[Case]) -> Roles:
    """The roles of the accounts of these cases, worked out once where the cases were opened together."""
    return _shared(cases) or Roles(flow, [case.findings for case in cases])


def _shared(cases: Sequence[Case]) -> Roles | None:
    """The roles of exactly these cases, where they were opened together: then they are known already."""
    roles = next((case.roles.roles for case in cases if isinstance(case.roles, Column)), None)
    same = roles is not None and len(roles.findings) == len(cases)
    return roles if same and roles and all(map(is_, roles.findings, (case.findings for case in cases))) else None
