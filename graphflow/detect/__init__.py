"""Detectors: one file a typology, all of the same shape, and `detect`, which runs them.

A detector is a frozen dataclass: its fields are its parameters, its docstring is the lesson, `find` yields
findings and returns, in words, what a bound cut off. A new one is one file, one entry in `DETECTORS`, one sample,
one test file and one row in the README.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from graphflow.detect.cycle import Cycle
from graphflow.detect.device_ring import DeviceRing
from graphflow.detect.dormant_burst import DormantBurst
from graphflow.detect.fan_in import FanIn
from graphflow.detect.fan_out import FanOut
from graphflow.detect.mule_chain import MuleChain
from graphflow.detect.probe import Probe
from graphflow.detect.structuring import Structuring
from graphflow.finding import Finding
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.words import span


class Detector(Protocol):
    """What every detector is: a frozen dataclass with a name and `find`."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Yield findings in a stated order; return what was cut, in words."""
        ...


DETECTORS: tuple[type[Detector], ...] = (Cycle, FanIn, FanOut, MuleChain, Structuring, Probe, DormantBurst, DeviceRing)
"""Every detector, in the order in which they run."""


@dataclass(frozen=True)
class Findings:
    """What detectors found, in the order of `DETECTORS` and then of each detector; reads like a list.

    truncated  what bounds cut off, in words; warnings: detectors that were off, and why
    """

    found: tuple[Finding, ...]
    truncated: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, index: int) -> Finding:
        return self.found[index]

    def __repr__(self) -> str:
        high = sum(f.level == "high" for f in self.found)
        return f"Findings({len(self.found)} findings, {high} high, {len(self.truncated)} notes of what was cut)"


def detect(graph: FlowGraph, detectors: Iterable[Detector] | None = None) -> Findings:
    """Run detectors (all of them with their default parameters when none are given) over a graph.

    A detector whose window is finer than the ledger's times can tell is switched off, with a warning.
    The same graph and detectors give the same findings in the same order.

    Example
    -------
    >>> from datetime import datetime
    >>> import polars as pl
    >>> frame = pl.DataFrame({"tx": ["a", "b", "c"], "time": [datetime(2026, 1, d) for d in (1, 2, 3)],
    ...     "payer": ["P", "Q", "R"], "payee": ["Q", "R", "P"], "paid": [1000, 990, 980],
    ...     "paid_currency": ["CNY"] * 3})
    >>> detect(FlowGraph(Ledger.from_frame(frame)), [Cycle()])[0].accounts
    ('P', 'Q', 'R')
    """
    found: list[Finding] = []
    truncated: list[str] = []
    warnings: list[str] = graph.flow.valuation.warnings
    for detector in detectors if detectors is not None else [kind() for kind in DETECTORS]:
        too_fine = _too_fine(detector, graph.ledger)
        if too_fine:
            warnings.append(too_fine)
            continue
        cut = yield_into(found, detector.find(graph))
        truncated += [f"{detector.name}: {line}" for line in cut]
    return Findings(tuple(found), tuple(truncated), tuple(warnings))


def yield_into(found: list[Finding], findings: Generator[Finding, None, tuple[str, ...]]) -> tuple[str, ...]:
    """Collect what a generator yields, and give what it returns."""
    while True:
        try:
            found.append(next(findings))
        except StopIteration as end:
            cut: tuple[str, ...] = end.value or ()
            return cut


def _too_fine(detector: Detector, ledger: Ledger) -> str:
    for parameter in fields(detector):
        value = getattr(detector, parameter.name)
        if parameter.name in ("window", "dwell") and isinstance(value, timedelta) and value < ledger.precision:
            return (
                f"{detector.name} is off: its {parameter.name} of {span(value)} is finer than the times of the "
                f"ledger, which tell {span(ledger.precision)}"
            )
    return ""
