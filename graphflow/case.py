"""Findings → cases: what belongs together, in ranked order, with the role each account plays.

Two findings belong together when they share transactions, or an account suspected in both that is no hub. Strong
joins come first, and a case has a bounded size: a join that would make it larger is left out, and said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.finding import Finding, Level, Part
from graphflow.graph import FlowGraph
from graphflow.joins import Groups, joins
from graphflow.ledger import Ledger
from graphflow.words import count

Longs = npt.NDArray[np.int64]

Role = Literal["source", "collector", "transit", "distributor", "end", "cycle"]
"""source: paid in from outside the pattern; collector: many pay it; transit: passes on what it receives;
distributor: pays many; end: received, and nothing is seen to leave; cycle: on a closed way."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Findings that belong together.

    id        "case-0001": by rank
    findings  the best first
    accounts  suspected accounts of all findings, in order of first appearance
    roles     account → role, for every account on a cited transaction
    parts     (reason, points) of the case: the findings' points and what their coming together adds
    split     what was left out to bound the case, in words; empty when nothing was
    """

    id: str
    rank: int
    findings: tuple[Finding, ...]
    accounts: tuple[str, ...]
    roles: Mapping[str, Role]
    parts: tuple[Part, ...]
    headline: str
    split: str = ""

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
        return f"Case({self.id}, {self.level}, {self.points:g} points, {len(self.findings)} findings: {self.headline})"


def open_cases(
    graph: FlowGraph, findings: Iterable[Finding], *, most_findings: int = 30, most_accounts: int = 100
) -> list[Case]:
    """Group findings into ranked cases.

    Two findings are joined when at least a fifth of the transactions of the smaller one are in both (a transaction of
    more than 8 findings joins none), or when they
    suspect the same account (with at most 100 counterparties a day) not more than 72 hours apart. Joins are made from
    the strongest on, as long as a case keeps to `most_findings` and `most_accounts` suspected accounts.
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
    return [draft.case(rank, width) for rank, draft in enumerate(drafts, 1)]


# --- what a case says -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Draft:
    """A case before it has its rank."""

    findings: tuple[Finding, ...]
    parts: tuple[Part, ...]
    headline: str
    split: str
    order: tuple[bool, float, int, int, int]

    def case(self, rank: int, width: int) -> Case:
        accounts = tuple(dict.fromkeys(name for f in self.findings for name in f.accounts))
        return Case(
            id=f"case-{rank:0{width}d}",
            rank=rank,
            findings=self.findings,
            accounts=accounts,
            roles=_Roles(self.findings),
            parts=self.parts,
            headline=self.headline,
            split=self.split,
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
    return members[0].reason + (f"; with {also}" if also else "")


# --- roles ----------------------------------------------------------------------------------------

_BY_DETECTOR: Mapping[str, Role] = {"fan-in": "collector", "fan-out": "distributor", "cycle": "cycle"}
_ORDER: tuple[Role, ...] = ("collector", "distributor", "cycle", "transit", "end", "source")


class _Roles(Mapping[str, Role]):
    """Roles of a case's accounts, worked out at the first look: few cases of many are ever opened."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self._findings = findings

    @cached_property
    def _roles(self) -> dict[str, Role]:
        return roles(self._findings)

    def __getitem__(self, account: str) -> Role:
        return self._roles[account]

    def __iter__(self) -> Iterator[str]:
        return iter(self._roles)

    def __len__(self) -> int:
        return len(self._roles)


def roles(findings: Sequence[Finding]) -> dict[str, Role]:
    """The role of each account on the cited transactions, accounts in order of first appearance in the ledger.

    A collector is suspected by fan-in, a distributor by fan-out, an account on a cycle by cycle; another suspected
    account that receives and pays is transit. Who only pays is a source, who only receives an end.
    """
    if not findings:
        return {}
    ledger = findings[0].ledger
    pays, gets = set[int](), set[int]()
    by: dict[str, Role] = {}
    for finding in findings:
        pays.update(ledger.payer_codes[finding.rows].tolist())
        gets.update(ledger.payee_codes[finding.rows].tolist())
        role = _BY_DETECTOR.get(finding.detector)
        if role:
            by.update((account, min(by.get(account, role), role, key=_ORDER.index)) for account in finding.accounts)
    names = ledger.names
    found: dict[str, Role] = {}
    for code in sorted(pays | gets):
        flows: Role = "source" if code not in gets else "transit" if code in pays else "end"
        found[names[code]] = by.get(names[code], flows)
    return found


def best_roles(ledger: Ledger, cases: Sequence[Case]) -> pl.DataFrame:
    """Of each account on a case, its role in the best-ranked one: `account`, `role`, `case_id`.

    What `case.roles` says, for all cases at once.
    """
    listed = [(rank, finding) for rank, case in enumerate(cases) for finding in case.findings]
    if not listed:
        return pl.DataFrame(schema=dict.fromkeys(("account", "role", "case_id"), pl.String))
    rows = np.concatenate([finding.rows for _, finding in listed])
    owner = np.repeat([rank for rank, _ in listed], [finding.rows.size for _, finding in listed])
    sides = [pl.DataFrame({"case": owner, "code": codes[rows]}) for codes in (ledger.payer_codes, ledger.payee_codes)]
    flows = (
        pl.concat([sides[0].with_columns(pays=True, gets=False), sides[1].with_columns(pays=False, gets=True)])
        .group_by("case", "code")
        .agg(pl.col("pays", "gets").any())
    )
    by = [(rank, name, _ORDER.index(_BY_DETECTOR[f.detector])) for rank, f in listed if f.detector in _BY_DETECTOR
          for name in f.accounts]  # fmt: skip
    suspects = pl.DataFrame(by, schema={"case": pl.Int64, "account": pl.String, "by": pl.Int64}, orient="row")
    order = pl.lit(pl.Series(_ORDER))
    what = pl.when(~pl.col("gets")).then(pl.lit("source")).when("pays").then(pl.lit("transit")).otherwise(pl.lit("end"))
    return (
        flows.with_columns(account=pl.lit(ledger.accounts["account"]).gather(pl.col("code")))
        .join(suspects.group_by("case", "account").agg(pl.col("by").min()), on=["case", "account"], how="left")
        .sort("code", "case")
        .unique("code", keep="first", maintain_order=True)
        .select(
            "account",
            role=pl.coalesce(order.gather(pl.col("by")), what),
            case_id=pl.lit(pl.Series([case.id for case in cases])).gather(pl.col("case")),
        )
    )
