"""`analyze` for a store of any size: a work folder is made ready, tasks are done, cases opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from graphflow import __version__
from graphflow.account_names import AccountTypeNames, built_in, load_account_types
from graphflow.analysis import Analysis, concluded
from graphflow.clock import Clock, few_arenas
from graphflow.detect import Detector
from graphflow.errors import SourceError
from graphflow.ledger import Ledger
from graphflow.read.options import PathName
from graphflow.rules import default_rules
from graphflow.scale.executors import Executor, Threads
from graphflow.scale.indexing import head_of, index
from graphflow.scale.keeping import Keeping
from graphflow.scale.plan import BUCKET, STRETCH, Plan
from graphflow.scale.stored import Stored, fill_buckets
from graphflow.scale.tasks import Done, write_plan
from graphflow.scale.whole import Pieces
from graphflow.scale.workfolder import KEPT, begin, seal, sealed, unusable
from graphflow.store import is_store
from graphflow.store import manifest as manifests
from graphflow.value.rates_file import RatesFile, read_rates

Tell = Callable[[str, int, int, Done | None], None]
Transfers = Callable[[], Iterable[Ledger]]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How a store is worked off.

    >>> Scale(work=Path("work")).executor
    Threads(workers=1)

    work      folder for pieces and what they said; kept when a run ends before its end
    executor  who does the tasks; resume: go on with what is in `work`
    since     work off what transfers from this moment on touch, and keep the rest for the next run (see `Keeping`)
    bucket, stretch   transfers of a piece: memory grows with them
    tell      hears of tasks that are done; note: hears what is to be said of the run, a line each
    surveyed  gets what goes through all transfers, as soon as pieces leave a core to spare
    """

    work: Path
    executor: Executor = field(default_factory=Threads)
    resume: bool = False
    since: datetime | None = None
    bucket: int = BUCKET
    stretch: int = STRETCH
    tell: Tell = lambda kind, done, of, last: None
    note: Callable[[str], None] = lambda line: None
    surveyed: Callable[[Transfers], None] = lambda transfers: None


def analyze_store(
    store: PathName,
    scale: Scale,
    *,
    detectors: Sequence[Detector] | None = None,
    types: PathName | None = None,
    rates: PathName | None = None,
    budget: int | None = None,
    clock: Clock | None = None,
) -> Analysis:
    """What `analyze` gives of a store, in pieces: the same findings and cases, in bounded memory.

    detectors, types, rates, budget   as for `analyze`

    The analysis holds the transfers that cases rest on, not all; `transfers()` goes through all of them, for which the
    work folder must still be there. `write_results` writes what it would of the whole. Raises `GraphflowError` in one
    line.

    Example
    -------
    >>> import tempfile
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> _ = gf.ingest(folder / "town" / "transfers.csv", folder / "store")
    >>> pieces = analyze_store(folder / "store", Scale(work=folder / "work"))
    >>> whole = gf.analyze(folder / "store")
    >>> [case.id for case in pieces.cases] == [case.id for case in whole.cases]
    True
    """
    few_arenas()
    detectors = default_rules() if detectors is None else detectors
    folder, clock = Path(store), clock or Clock()
    if not is_store(folder):
        raise SourceError(f"{folder}: is no store; graphflow ingest SOURCE... --store {folder} makes one")
    names = load_account_types(types) if types is not None else built_in()
    stated = read_rates(rates) if rates is not None else None
    with clock.stage("read"):
        source = ready(folder, scale, key_of(folder, scale, detectors, names, stated), stated)
    keeping = None
    if scale.since is not None:
        keeping = Keeping(scale.work / KEPT)
        for line in keeping.notes(source.manifest, scale.since):
            scale.note(line)
    pieces = Pieces(
        source=source, executor=scale.executor, stretch=scale.stretch, keeping=keeping, tell=scale.tell,
        surveyed=scale.surveyed,
    )  # fmt: skip
    with clock.stage("detect"):
        try:
            findings, graph = pieces.detect(detectors, names)
        except OSError as error:
            raise unusable(scale.work, error) from error
    if keeping is not None:
        scale.note(f"{keeping.reused:,} of {keeping.of:,} stretches of time were as in the run before")
    return concluded(graph, findings, detectors, clock, budget=budget, transfers=pieces.transfers)


def ready(store: Path, scale: Scale, key: str, rates: RatesFile | None) -> Stored:
    """The store as a source of pieces: what is there of an earlier run of the same kind is kept on request."""
    folder = scale.work
    source = Stored(store, folder)
    try:
        if begin(folder, key, resume=scale.resume) and sealed(folder):
            return source
        index(store, folder, rates)
        plan = Plan.of(source.columns, head_of(folder).accounts.height, bucket=scale.bucket)
        fill_buckets(source.columns, plan.buckets)
        write_plan(folder, plan)
        seal(folder)
    except OSError as error:
        raise unusable(folder, error) from error
    return source


def key_of(
    store: Path, scale: Scale, detectors: Sequence[Detector], types: AccountTypeNames, rates: RatesFile | None
) -> str:
    """What a work folder is of, as text: the same for the same store, rules, types, rates, pieces and version."""
    told = {
        "version": __version__,
        "store": hashlib.sha256((store / manifests.NAME).read_bytes()).hexdigest(),
        "detectors": [repr(detector) for detector in detectors],
        "types": hashlib.sha256(repr(types).encode()).hexdigest(),
        "rates": rates.sha256 if rates else "",
        "pieces": [scale.bucket, scale.stretch],
    }
    return json.dumps(told, indent=1)
