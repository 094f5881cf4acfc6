"""A ledger's files as a store, cut into pieces in a work folder."""

from __future__ import annotations

from pathlib import Path

from graphflow.read.options import PathName
from graphflow.scale.indexing import index
from graphflow.scale.run import Plan
from graphflow.scale.stored import Stored, fill_buckets
from graphflow.store import ingest


def stored(source: PathName, folder: Path, plan: Plan | None = None) -> Stored:
    """The store of a file, indexed."""
    ingest(source, folder / "store")
    index(folder / "store", folder / "work")
    found = Stored(folder / "store", folder / "work")
    if plan is not None:
        fill_buckets(found.columns, plan.buckets)
    return found
