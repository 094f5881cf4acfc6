"""Detectors: one file a typology, all of the same shape, and `detect`, which runs them.

A detector is a frozen dataclass: its fields are its parameters, its docstring is the lesson, `find` yields
findings and returns, in words, what a bound cut off. A new one is one file, one entry in `DETECTORS`, one sample,
one test file and one row in the README.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from graphflow.detect.bipartite import Bipartite
from graphflow.detect.cycle import Cycle
from graphflow.detect.device_ring import DeviceRing
from graphflow.detect.dormant_burst import DormantBurst
from graphflow.detect.fan_in import FanIn
from graphflow.detect.fan_out import FanOut
from graphflow.detect.flow_density import FlowDensity
from graphflow.detect.gather_scatter import GatherScatter
from graphflow.detect.mule_chain import MuleChain
from graphflow.detect.pass_through import PassThrough
from graphflow.detect.probe import Probe
from graphflow.detect.round_trip import RoundTrip
from graphflow.detect.scatter_gather import ScatterGather
from graphflow.detect.stack import Stack
from graphflow.detect.structuring import Structuring
from graphflow.finding import Finding
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.rarity import weighed
from graphflow.words import span

_LARGE = 500_000
"""Transfers from which two detectors run at a time."""


class Detector(Protocol):
    """What every detector is: a frozen dataclass with a name and `find`."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Yield findings in a stated order; return what was cut, in words."""
        ...


DETECTORS: tuple[type[Detector], ...] = (
    Cycle,
    FanIn,
    FanOut,
    MuleChain,
    ScatterGather,
    GatherScatter,
    Bipartite,
    Stack,
    PassThrough,
    RoundTrip,
    FlowDensity,
    Structuring,
    Probe,
    DormantBurst,
    DeviceRing,
)
"""Every detector, in the order in which they run."""


@dataclass(frozen=True)
class Findings:
    """What detectors found, in the order of `DETECTORS` and then of each detector; reads like a list.

    truncated  what bounds cut off, in words; warnings: detectors that were off, and why

    Example
    -------
    >>> import graphflow as gf
    >>> from datetime import datetime
    >>> import polars as pl
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "P"], "paid": [1000, 990], "paid_currency": ["CNY"] * 2})
    >>> graph = gf.FlowGraph(gf.Ledger.from_frame(frame))
    >>> found = detect(graph, [Cycle()])
    >>> len(found), found[0].accounts
    (1, ('P', 'Q'))
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

    def _repr_html_(self) -> str:
        """How many of what, and the first ones. The view stands above, so it is fetched when a notebook asks."""
        from graphflow.view.notebook import findings_html

        return findings_html(self)


def detect(graph: FlowGraph, detectors: Iterable[Detector] | None = None) -> Findings:
    """Run detectors (all of them with their default parameters when none are given) over a graph.

    Each finding's points get what its rarity in this ledger adds (`graphflow.rarity`).
    A detector whose window is finer than the ledger's times can tell is switched off, with a warning; where only a
    part of its evidence is, the warning says which.
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
    running, warnings = fit(detectors, graph.ledger)
    return gathered(graph.flow, running, _all_found(graph, running), graph.flow.valuation.warnings + warnings)


def fit(detectors: Iterable[Detector] | None, ledger: Ledger) -> tuple[list[Detector], list[str]]:
    """The detectors that the times of a ledger are fine enough for, and what is said of the others."""
    chosen = list(detectors) if detectors is not None else [kind() for kind in DETECTORS]
    too_fine = {id(detector): _too_fine(detector, ledger) for detector in chosen}
    running = [detector for detector in chosen if not too_fine[id(detector)]]
    return running, [line for line in too_fine.values() if line] + _unseen(running, ledger)


def gathered(
    flow: Flow,
    running: Sequence[Detector],
    results: Iterable[tuple[list[Finding], tuple[str, ...]]],
    warnings: Iterable[str],
) -> Findings:
    """What detectors found and said was cut, as one."""
    found: list[Finding] = []
    truncated: list[str] = []
    for detector, (own, cut) in zip(running, results, strict=True):
        found += own
        truncated += [f"{detector.name}: {line}" for line in cut]
    return Findings(tuple(weighed(flow, found)), tuple(truncated), tuple(warnings))


def _all_found(graph: FlowGraph, running: Sequence[Detector]) -> Iterator[tuple[list[Finding], tuple[str, ...]]]:
    """What each detector finds and says was cut, in order. In a large ledger two run at a time: while one makes
    findings, which is Python's work and one core's, the other's kernels have the rest."""

    def run(detector: Detector) -> tuple[list[Finding], tuple[str, ...]]:
        own: list[Finding] = []
        return own, yield_into(own, detector.find(graph))

    if graph.flow.size < _LARGE:
        yield from map(run, running)
        return
    graph.flow.prepare()
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield from pool.map(run, running)


def yield_into(found: list[Finding], findings: Generator[Finding, None, tuple[str, ...]]) -> tuple[str, ...]:
    """Collect what a generator yields, and give what it returns."""
    while True:
        try:
            found.append(next(findings))
        except StopIteration as end:
            cut: tuple[str, ...] = end.value or ()
            return cut


def _too_fine(detector: Detector, ledger: Ledger) -> str:
    """Why a detector cannot look for its pattern in times so coarse; empty where it can."""
    for parameter, value in _durations(detector):
        if _defines(parameter) and value < ledger.precision:
            return (
                f"{detector.name} is off: its {parameter.name} of {span(value)} is finer than the times of the "
                f"ledger, which tell {span(ledger.precision)}"
            )
    return ""


def _unseen(detectors: Iterable[Detector], ledger: Ledger) -> list[str]:
    """Evidence that times so coarse cannot give, in one line: "within the hour" cannot be told from days."""
    blind = [
        f"{detector.name}.{parameter.name} ({span(value)})"
        for detector in detectors
        for parameter, value in _durations(detector)
        if value and value <= ledger.precision and not _defines(parameter)
    ]
    if not blind:
        return []
    return [f"the times of the ledger tell {span(ledger.precision)}: no evidence of {', '.join(blind)}"]


def _durations(detector: Detector) -> list[tuple[Field[Any], timedelta]]:
    held = [(parameter, getattr(detector, parameter.name)) for parameter in fields(detector)]
    return [(parameter, value) for parameter, value in held if isinstance(value, timedelta)]


def _defines(parameter: Field[Any]) -> bool:
    """Whether a time span is part of what the pattern is."""
    return bool(parameter.metadata.get("defines", parameter.name in ("window", "dwell")))
