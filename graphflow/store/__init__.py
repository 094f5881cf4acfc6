"""A ledger on disk, one Parquet file a day, for what is too much to read anew each time.

ingesting.py  records → store, in bounded memory, in one step
opened.py     a store, or some of its days → the ledger that its files would give
manifest.py   what a store holds; keeper.py, spill.py: the reader's assembler with days on disk between
"""

from __future__ import annotations

from graphflow.store.ingesting import Ingested, ingest
from graphflow.store.manifest import is_store
from graphflow.store.opened import read_store

__all__ = ["Ingested", "ingest", "is_store", "read_store"]
