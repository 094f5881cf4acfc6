"""Finding: what a detector saw, in which transactions, how sure, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Literal

import numpy as np
import numpy.typing as npt

from graphflow.errors import GraphflowError
from graphflow.ledger import Ledger, major

Level = Literal["high", "review"]
Kind = Literal["structure", "conservation", "speed", "novelty", "volume", "device", "history"]
"""Independent kinds of evidence: the shape of the flow, value passed on whole, minutes instead of days,
counterparties never seen otherwise, size beyond what the shape needs, one device behind several accounts, an
account's own past against what it does now."""

Measure = float | int | str


@dataclass(frozen=True)
class Part:
    """One reason in points: `kind` of evidence, how many points, and the sentence.

    `decisive` evidence is strong enough to count towards the two kinds that level `high` needs.
    """

    kind: Kind
    points: float
    sentence: str
    decisive: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """A pattern seen in the ledger. It cites rows, or it cannot be made.

    detector   name of the detector
    accounts   accounts suspected of moving the money, not every party
    rows       positions in the ledger of the transactions, in time order (never empty)
    ledger     the ledger the rows are in
    amount     minor units of `currency`: the value that the pattern moved
    measures   named facts, with their units in the name or the detector's docstring
    parts      the reasons; points are their sum, `high` needs two decisive kinds
    reason     one sentence for a person
    truncated  what was cut in this finding, in words; empty when nothing was

    Example
    -------
    >>> import graphflow as gf
    >>> import polars as pl
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "P"], "paid": [1000, 990], "paid_currency": ["CNY"] * 2})
    >>> graph = gf.FlowGraph(gf.Ledger.from_frame(frame))
    >>> finding = gf.detect(graph, [gf.Cycle()])[0]
    >>> finding.transactions, [part.kind for part in finding.parts][:2]
    (('a', 'b'), ['structure', 'conservation'])
    """

    detector: str
    accounts: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    ledger: Ledger = field(repr=False)
    amount: int
    currency: str
    measures: Mapping[str, Measure]
    parts: tuple[Part, ...]
    reason: str
    truncated: str = ""

    def __post_init__(self) -> None:
        if not self.rows.size:
            raise GraphflowError(f"{self.detector}: a finding must cite transactions")

    @cached_property
    def id(self) -> str:
        """The same for the same transactions of the same input, whatever else was found."""
        digest = blake2b(
            self.ledger.places(self.rows).astype("<i8").tobytes(), digest_size=5, person=self.detector.encode()[:16]
        )
        return f"{self.detector}-{digest.hexdigest()}"

    @property
    def transactions(self) -> tuple[str, ...]:
        """The `tx` of each cited transaction, in time order."""
        return tuple(self.ledger.frame["tx"].gather(self.rows).to_list())

    @property
    def start(self) -> datetime:
        """Time of the first transaction."""
        first: datetime = self.ledger.frame["time"][int(self.rows[0])]
        return first

    @property
    def end(self) -> datetime:
        """Time of the last transaction."""
        last: datetime = self.ledger.frame["time"][int(self.rows[-1])]
        return last

    @cached_property
    def points(self) -> float:
        """The sum of the parts. A rank, not a probability."""
        return round(sum(part.points for part in self.parts), 3)

    @cached_property
    def level(self) -> Level:
        """`high` when two independent kinds of evidence are decisive, else `review`."""
        return "high" if len({part.kind for part in self.parts if part.decisive}) > 1 else "review"

    @property
    def amount_text(self) -> str:
        """The amount in major units with its currency."""
        return f"{major(self.amount, self.ledger.decimals.get(self.currency, 2))} {self.currency}"

    def __repr__(self) -> str:
        return f"Finding({self.detector}, {self.level}, {self.points:g} points: {self.reason})"

    def _repr_html_(self) -> str:
        """Sentence, reasons, transactions and picture. The view stands above, so it is fetched when a notebook asks."""
        from graphflow.view.notebook import finding_html

        return finding_html(self)
