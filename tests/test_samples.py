"""The samples are what make_samples.py makes, and hold what their page says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import graphflow as gf

FOLDER = Path(__file__).parent.parent / "samples"
DETECTORS: dict[str, Any] = {
    "cycle.csv": gf.Cycle(), "fan_in.csv": gf.FanIn(), "fan_out.csv": gf.FanOut(), "mule_chain.csv": gf.MuleChain(),
    "scatter_gather.csv": gf.ScatterGather(), "gather_scatter.csv": gf.GatherScatter(), "bipartite.csv": gf.Bipartite(),
    "stack.csv": gf.Stack(),
    "pass_through.csv": gf.PassThrough(), "round_trip.csv": gf.RoundTrip(), "flow_density.csv": gf.FlowDensity(),
    "structuring.csv": gf.Structuring(), "probe.csv": gf.Probe(), "dormant_burst.csv": gf.DormantBurst(),
    "device_ring.csv": gf.DeviceRing(), "amlworld.csv": gf.Cycle(),
}  # fmt: skip
NEVER_HIGH = {"bipartite.csv"}
"""Files whose detector has one kind of evidence only: what is planted is found at `review`."""


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_samples", FOLDER / "make_samples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)  # as it is when the script is run
        spec.loader.exec_module(module)
    return module


MAKE = _load()
SAMPLES: dict[str, Any] = MAKE.samples()
REVIEW = sorted(MAKE._REVIEW)


def _graph(file: str) -> gf.FlowGraph:
    return gf.FlowGraph(gf.read_ledger(FOLDER / file))


def _rows(file: str, transactions: tuple[str, ...]) -> set[int]:
    """Row numbers of planted transactions, whether cited by id or by row."""
    if transactions[0].startswith("row "):
        return {int(t.removeprefix("row ")) for t in transactions}
    ids = [row[0] for row in SAMPLES[file].rows]
    return {ids.index(t) + 1 for t in transactions}


def _cited(graph: gf.FlowGraph, finding: gf.Finding) -> set[int]:
    return set(graph.ledger.frame["row"].gather(finding.rows).to_list())


def test_committed_files_are_what_the_script_makes(tmp_path: Path) -> None:
    MAKE.main(tmp_path)
    made = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert set(made) == {*SAMPLES, "README.md", *(f"case/{path}" for path in MAKE.case()), *MAKE.attempts.files()}
    assert {name: (FOLDER / name).read_bytes() for name in made} == made
    for part in ("case", "attempts"):
        kept = {path.relative_to(FOLDER).as_posix() for path in (FOLDER / part).rglob("*") if path.is_file()}
        assert kept == {name for name in made if name.startswith(f"{part}/")}


@pytest.mark.parametrize("file", sorted(SAMPLES))
def test_every_row_is_a_transfer(file: str) -> None:
    ledger = gf.read_ledger(FOLDER / file)
    assert ledger.frame.height == len(SAMPLES[file].rows)
    assert ledger.rejected.is_empty()


@pytest.mark.parametrize("file", sorted(SAMPLES))
def test_sizes(file: str) -> None:
    low, high = {"tour.csv": (150, 400), "amlworld.csv": (190, 210)}.get(file, (30, 120))
    assert low <= len(SAMPLES[file].rows) <= high


@pytest.mark.parametrize("file", sorted(DETECTORS))
def test_the_hit_is_found_and_the_near_misses_are_not(file: str) -> None:
    graph = _graph(file)
    found = list(gf.detect(graph, [DETECTORS[file]]))
    for part, planted in SAMPLES[file].planted.items():
        touched = [f for f in found if set(planted.accounts) & set(f.accounts)]
        if planted.hit:
            level = "review" if (file, part) in REVIEW or file in NEVER_HIGH else "high"
            hits = [f for f in touched if f.level == level and set(planted.accounts) <= set(f.accounts)]
            assert len(hits) == 1, part
            assert _cited(graph, hits[0]) <= _rows(file, planted.transactions)
        elif (file, part) in REVIEW:
            assert {f.level for f in touched} == {"review"}, part
        else:
            assert not touched, part


@pytest.mark.parametrize("file", sorted(set(DETECTORS) - {"amlworld.csv"}))
def test_only_what_is_planted_is_high(file: str) -> None:
    high = {account for f in gf.detect(_graph(file)) if f.level == "high" for account in f.accounts}
    hit = {row[k] for part in SAMPLES[file].planted.values() if part.hit
           for row in SAMPLES[file].rows if row[0] in part.transactions for k in (2, 3)}  # fmt: skip
    assert high <= hit


def test_the_tour_is_one_high_case() -> None:
    graph = _graph("tour.csv")
    cases = gf.open_cases(graph, gf.detect(graph))
    planted = SAMPLES["tour.csv"].planted
    assert [case.level for case in cases].count("high") == 1
    assert {*planted["trail"].accounts, *planted["ring"].accounts} <= set(cases[0].accounts)
    assert not set(planted["shop"].accounts) & set(cases[0].accounts)


def test_amlworld_keeps_both_amounts_and_rates() -> None:
    ledger = gf.read_ledger(FOLDER / "amlworld.csv")
    paid = ledger.frame.sort("row")["paid"].to_list()
    assert paid == [round(float(row[7]) * 100) for row in SAMPLES["amlworld.csv"].rows]
    rates = {rate.currency: rate.rate for rate in gf.FlowGraph(ledger).flow.valuation.rates}
    assert rates == pytest.approx({"Euro": 1 / 0.86, "Yuan": 1 / 6.7}, rel=0.01)
