"""Traced in pieces, a store gives the result folder that it gives whole: every file, byte for byte."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ledgers import seeds
from stored_traces import asked_for, in_pieces, stored_town, whole

from graphflow.errors import NoPayments, SourceError
from graphflow.scale import reaching, tracing
from graphflow.scale.reaching import Way, reached
from graphflow.trace import flows


def sizes_of(rng: random.Random) -> tuple[int, int]:
    return rng.choice((5, 20, 1000)), rng.choice((1, 3, 10, 50, 1000))


def compare(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether both ways say the same; that nothing can be traced counts when both say so in the same words."""
    rng = random.Random(seed)
    monkeypatch.setattr("graphflow.scale.columns.CHUNK", rng.choice((1, 7, 64, 2_000_000)))
    store, victims = stored_town(rng, folder)
    options, sizes = asked_for(rng), sizes_of(rng)
    told: list[Any] = []
    for run in (
        lambda: whole(store, victims, options, folder / "whole"),
        lambda: in_pieces(store, victims, options, folder / "pieces", sizes=sizes),
    ):
        try:
            told.append(run())
        except (NoPayments, SourceError) as error:
            told.append((str(error), [str(line) for line in getattr(error, "lines", ())]))
    if told[0] != told[1] and isinstance(told[0], dict) and isinstance(told[1], dict):
        print(seed, options, sizes, [name for name in told[0] if told[0][name] != told[1].get(name)])
    assert isinstance(told[0], tuple) or "trace.html" in told[0]
    return bool(told[0] == told[1])


@pytest.mark.parametrize("seed", range(seeds(60)))
def test_pieces_give_what_the_whole_gives(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare(seed, tmp_path, monkeypatch)
