"""Findings → cases: what belongs together, in ranked order, with the role each account plays.

Two findings belong together when they share a transaction, or an account suspected in both that is no
hub. A case has a bounded size: joins that would make it larger are left out, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from graphflow.finding import Finding, Level, Part

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

    @property
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
