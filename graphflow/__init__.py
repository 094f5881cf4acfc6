"""graphflow: from transaction records to laundering patterns, with every result citing its source rows.

    ledger = read_ledger("transfers.csv")     files → Ledger
    graph = FlowGraph(ledger)                 Ledger → a networkx.MultiDiGraph over its columns
    findings = detect(graph)                  graph → Findings that cite ledger rows
    cases = open_cases(graph, findings)       Findings → ranked Cases
    view(graph, cases[0])                     Case → an interactive page, one file, offline
    trace(graph, read_victims(file, ledger))  victims' payments → where their money is under each rule

`analyze` does the first five with times and warnings, `trace_files` the last; `write_results` and `write_trace` put
their files into a folder. `analyze_store` and `trace_store` do the same for stores that are too large for memory.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphflow.analysis import Analysis as Analysis
    from graphflow.analysis import analyze as analyze
    from graphflow.case import Case as Case
    from graphflow.case import open_cases as open_cases
    from graphflow.detect import Findings as Findings
    from graphflow.detect import detect as detect
    from graphflow.detect.bipartite import Bipartite as Bipartite
    from graphflow.detect.cycle import Cycle as Cycle
    from graphflow.detect.device_ring import DeviceRing as DeviceRing
    from graphflow.detect.dormant_burst import DormantBurst as DormantBurst
    from graphflow.detect.fan_in import FanIn as FanIn
    from graphflow.detect.fan_out import FanOut as FanOut
    from graphflow.detect.flow_density import FlowDensity as FlowDensity
    from graphflow.detect.gather_scatter import GatherScatter as GatherScatter
    from graphflow.detect.mule_chain import MuleChain as MuleChain
    from graphflow.detect.pass_through import PassThrough as PassThrough
    from graphflow.detect.probe import Probe as Probe
    from graphflow.detect.round_trip import RoundTrip as RoundTrip
    from graphflow.detect.scatter_gather import ScatterGather as ScatterGather
    from graphflow.detect.stack import Stack as Stack
    from graphflow.detect.structuring import Structuring as Structuring
    from graphflow.errors import GraphflowError as GraphflowError
    from graphflow.evaluate import Evaluation as Evaluation
    from graphflow.evaluate import evaluate as evaluate
    from graphflow.finding import Finding as Finding
    from graphflow.graph import FlowGraph as FlowGraph
    from graphflow.ledger import Ledger as Ledger
    from graphflow.read import read_ledger as read_ledger
    from graphflow.scale.analyzing import Scale as Scale
    from graphflow.scale.analyzing import analyze_store as analyze_store
    from graphflow.scale.tracing import trace_store as trace_store
    from graphflow.simulate import simulate as simulate
    from graphflow.store import ingest as ingest
    from graphflow.trace import Trace as Trace
    from graphflow.trace import trace as trace
    from graphflow.trace.victims.matching import Victims as Victims
    from graphflow.trace.victims.matching import read_victims as read_victims
    from graphflow.trace.victims.matching import victims_of as victims_of
    from graphflow.tracing import trace_files as trace_files
    from graphflow.view import Page as Page
    from graphflow.view import view as view
    from graphflow.view.folder import write_results as write_results
    from graphflow.view.trace_folder import write_trace as write_trace

__version__ = "0.1.0"

_HOMES = {
    "Analysis": "analysis",
    "analyze": "analysis",
    "Case": "case",
    "open_cases": "case",
    "Findings": "detect",
    "detect": "detect",
    "Cycle": "detect.cycle",
    "DeviceRing": "detect.device_ring",
    "DormantBurst": "detect.dormant_burst",
    "FanIn": "detect.fan_in",
    "FanOut": "detect.fan_out",
    "MuleChain": "detect.mule_chain",
    "Bipartite": "detect.bipartite",
    "FlowDensity": "detect.flow_density",
    "GatherScatter": "detect.gather_scatter",
    "PassThrough": "detect.pass_through",
    "RoundTrip": "detect.round_trip",
    "ScatterGather": "detect.scatter_gather",
    "Stack": "detect.stack",
    "Probe": "detect.probe",
    "Structuring": "detect.structuring",
    "GraphflowError": "errors",
    "Evaluation": "evaluate",
    "evaluate": "evaluate",
    "Finding": "finding",
    "FlowGraph": "graph",
    "Ledger": "ledger",
    "read_ledger": "read",
    "Scale": "scale.analyzing",
    "analyze_store": "scale.analyzing",
    "trace_store": "scale.tracing",
    "simulate": "simulate",
    "ingest": "store",
    "Trace": "trace",
    "trace": "trace",
    "Victims": "trace.victims.matching",
    "read_victims": "trace.victims.matching",
    "victims_of": "trace.victims.matching",
    "trace_files": "tracing",
    "Page": "view",
    "view": "view",
    "write_results": "view.folder",
    "write_trace": "view.trace_folder",
}
__all__ = [
    "Analysis",
    "Bipartite",
    "Case",
    "Cycle",
    "DeviceRing",
    "DormantBurst",
    "Evaluation",
    "FanIn",
    "FanOut",
    "Finding",
    "Findings",
    "FlowDensity",
    "FlowGraph",
    "GatherScatter",
    "GraphflowError",
    "Ledger",
    "MuleChain",
    "Page",
    "PassThrough",
    "Probe",
    "RoundTrip",
    "Scale",
    "ScatterGather",
    "Stack",
    "Structuring",
    "Trace",
    "Victims",
    "analyze",
    "analyze_store",
    "detect",
    "evaluate",
    "ingest",
    "open_cases",
    "read_ledger",
    "read_victims",
    "simulate",
    "trace",
    "trace_files",
    "trace_store",
    "victims_of",
    "view",
    "write_results",
    "write_trace",
]


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that `graphflow --help` answers at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'graphflow' has no attribute {name!r}")
    value = getattr(import_module(f"graphflow.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _Package(ModuleType):
    """Python binds an imported submodule to its package. Verbs (`detect`, `evaluate`, `view`, `simulate`, `trace`) have
    the name of the folder they live in: for those `graphflow.detect` stays the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
