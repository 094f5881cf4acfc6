"""Both ways of reading a text file, for tests that hold for either: as columns of text, and by compiled kernels."""

from __future__ import annotations

from importlib import import_module

import pytest

batches = import_module("graphflow.read.batches")  # the package has a function of that name
blocks = import_module("graphflow.read.blocks")

WAYS = {"texts": "interpreted", "kernels": "compiled"}
_ROW_BYTES = 40


def cut_into(patch: pytest.MonkeyPatch, rows: int) -> None:
    """Files are read about so many rows at a time."""
    patch.setattr(batches, "BATCH_ROWS", rows)
    patch.setattr(blocks, "BLOCK_BYTES", rows * _ROW_BYTES)
