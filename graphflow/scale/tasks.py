"""One piece of work: what it needs is on disk, and what it says goes there, so it may run anywhere and twice.

A task names a work folder and a number. Whoever runs it reads the piece from files, and writes one file that is there
whole or not at all: a task whose file is there is done, whoever did it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from graphflow import __version__
from graphflow.account_names import built_in
from graphflow.account_types import AccountTypes
from graphflow.clock import few_arenas, give_back, peak_rss_mb
from graphflow.detect import Detector
from graphflow.detect.cuts import ByTime
from graphflow.errors import GraphflowError
from graphflow.flow import microseconds, use_threads
from graphflow.rarity import Usual
from graphflow.scale import packing
from graphflow.scale.facts import Bucket, facts_of, hubs_asked
from graphflow.scale.part import Facts
from graphflow.scale.pieces import Stretch
from graphflow.scale.plan import Plan, span_of
from graphflow.scale.stored import Stored
from graphflow.scale.survey import cut_of, left_out, survey_bucket, survey_stretch
from graphflow.scale.workfolder import unusable

Kind = Literal["facts", "bucket", "stretch"]

PLAN, FACTS = "plan.json", "facts.npz"


@dataclass(frozen=True)
class Task:
    """A piece of work: `kind` of it, and the number of the bucket in the plan of the work folder, or of the stretch.

    times, reach  of a stretch: from the first to before the last, and how much longer it is looked at
    version       of graphflow that asks for it
    """

    store: str
    folder: str
    kind: Kind
    number: int
    detectors: tuple[Detector, ...]
    times: Stretch = (0, 0)
    reach: timedelta = timedelta()
    version: str = __version__

    @property
    def result(self) -> Path:
        """The file that is there when it is done."""
        return Path(self.folder) / f"{self.kind}-{self.number:05}.npz"


@dataclass(frozen=True)
class Done:
    """A task that is done: of how many transfers, in what time, and the largest memory of its process so far."""

    task: Task
    rows: int
    seconds: float
    peak_mb: int


def run(task: Task) -> Done:
    """Do a piece of work, unless its file is there. Raises `GraphflowError` in one line."""
    if task.version != __version__:
        raise GraphflowError(f"a worker has graphflow {__version__}, and is asked by {task.version}: have one version")
    began = time.perf_counter()
    rows = 0
    if not task.result.exists():
        try:
            said, rows = _said(task)
            packing.save(task.result, said)
        except OSError as error:
            raise unusable(Path(task.folder), error) from error
        del said
        give_back(rows)
    return Done(task, rows, time.perf_counter() - began, peak_rss_mb())


def run_alone(task: Task) -> Done:
    """The same on one thread: for one of several workers on a machine."""
    few_arenas()
    use_threads(1)
    return run(task)


def cut_by_time(detectors: Sequence[Detector]) -> list[tuple[int, ByTime]]:
    """The numbers of detectors that are cut by time, and how."""
    cuts = [(number, cut_of(detector)) for number, detector in enumerate(detectors)]
    return [(number, cut) for number, cut in cuts if isinstance(cut, ByTime)]


def _said(task: Task) -> tuple[Any, int]:
    source, plan = Stored(Path(task.store), Path(task.folder)), read_plan(Path(task.folder))
    if task.kind == "stretch":
        cuts = [cut for _, cut in cut_by_time(task.detectors) if cut.reach == task.reach]
        first, last = task.times
        facts = shared_facts(source.folder)
        until = last + microseconds(task.reach)
        piece = source.stretch((first, until), left_out(cuts, source.head, facts))
        return survey_stretch(cuts, piece, facts), piece.ledger.height
    codes = plan.buckets[task.number]
    piece = source.bucket(codes)
    if task.kind == "bucket":
        return survey_bucket(task.detectors, piece, shared_facts(source.folder), codes), piece.ledger.height
    valuation = replace(source.valuation, values=piece.values)
    bucket = Bucket(piece.ledger, None, codes, valuation, span_of(source.head))
    return facts_of(bucket, hubs_asked(task.detectors)), piece.ledger.height


# --- what tasks share -----------------------------------------------------------------------------


def write_plan(folder: Path, plan: Plan) -> None:
    """Say how the ledger is cut."""
    told = {"buckets": plan.buckets}
    packing.set_down(folder / PLAN, lambda file: file.write(json.dumps(told).encode()))


def read_plan(folder: Path) -> Plan:
    """How the ledger is cut."""
    told = json.loads((folder / PLAN).read_text("utf-8"))
    return Plan(tuple((int(a), int(b)) for a, b in told["buckets"]), ())


def write_facts(folder: Path, facts: Facts) -> None:
    """Write the facts of the whole as far as a survey asks for them."""
    packing.save(
        folder / FACTS,
        {
            "size": facts.size, "span": facts.span, "traffic": facts.traffic, "hubs": dict(facts.hubs),
            "usual": facts.usual, "codes": facts.types.codes, "gateways": facts.types.gateways,
            "valuation": facts.valuation,
        },
    )  # fmt: skip


@lru_cache(maxsize=1)
def _facts(folder: Path, written: int) -> Facts:
    held = packing.load(folder / FACTS)
    types = AccountTypes(
        codes=held["codes"],
        accounts=Stored(folder, folder).head.accounts["account"],
        gateways=held["gateways"],
        warnings=(),
        _known=built_in(),
        _word=np.empty(0, np.int32),
        _behaviour=None,
    )
    usual: Usual = held["usual"]
    return Facts(
        size=held["size"], span=held["span"], valuation=held["valuation"], traffic=held["traffic"], types=types,
        hubs=held["hubs"], usual=usual,
    )  # fmt: skip


def forget_facts() -> None:
    """Let go what this process holds of shared facts, when no task is left."""
    _facts.cache_clear()


def shared_facts(folder: Path) -> Facts:
    """The facts that a survey asks for; read once by each process."""
    return _facts(folder, (folder / FACTS).stat().st_mtime_ns)
