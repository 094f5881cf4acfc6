"""Whether a source is worked off in pieces, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from graphflow.errors import GraphflowError, did_you_mean
from graphflow.scale.analyzing import Scale
from graphflow.scale.executors import Dask, Executor, Processes, Threads
from graphflow.store import is_store
from graphflow.store import manifest as manifests

LARGE = 10_000_000
"""Transfers of a store from which it is worked off in pieces unless told otherwise."""

EXECUTORS = ("auto", "threads", "processes", "dask")


def scale_of(
    sources: Sequence[Path], work: Path, executor: str, workers: int, scheduler: str, *, resume: bool,
    since: datetime | None = None,
) -> Scale | None:  # fmt: skip
    """How a store is worked off; None where the sources are looked at as a whole.

    Raises `GraphflowError` for an executor that is not known, and where pieces are asked for and there is no store.
    """
    if executor not in EXECUTORS:
        raise GraphflowError(f"--executor {executor}: {did_you_mean(executor, EXECUTORS)}")
    asked = executor != "auto" or bool(scheduler) or bool(workers) or resume or since is not None
    store = sources[0] if len(sources) == 1 and is_store(sources[0]) else None
    if store is None:
        if asked:
            raise GraphflowError(
                f"{sources[0]}: only a store is worked off in pieces; graphflow ingest SOURCE... --store DIR makes one"
            )
        return None
    if not asked and manifests.load(store).rows < LARGE:
        return None
    return Scale(work=work, executor=_executor(executor, workers, scheduler), resume=resume, since=since)


def _executor(name: str, workers: int, scheduler: str) -> Executor:
    if scheduler or name == "dask":
        return Dask(scheduler=scheduler, workers=workers)
    return Processes(workers) if name == "processes" else Threads(workers or 1)
