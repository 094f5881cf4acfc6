"""A store worked off in pieces gives what its files give whole: the ledger, findings, cases, every byte written."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from ledgers import seeds
from stored_ledgers import deliver, write_files
from test_scale import low, told

import graphflow as gf
from graphflow.analysis import Analysis
from graphflow.detect import DETECTORS
from graphflow.scale.analyzing import Scale, analyze_store
from graphflow.store import spill
from graphflow.view.folder import write_results

LOW = [low(kind) for kind in DETECTORS]


def head(analysis: Analysis) -> list[object]:
    """What the ledger tells beside its transfers."""
    ledger = analysis.ledger
    return [
        ledger.accounts.rows(), list(ledger.decimals.items()), ledger.precision, ledger.sources, ledger.warnings,
        ledger.rejected.rows(), ledger.currencies, analysis.warnings, analysis.truncated,
    ]  # fmt: skip


def cases(analysis: Analysis) -> list[object]:
    return [
        (c.id, c.rank, c.level, c.points, c.parts, c.accounts, dict(c.roles), c.amount_text, c.headline)
        for c in analysis.cases
    ]


def files_of(folder: Path) -> dict[str, bytes]:
    """Each file of a result folder but run.json, which holds times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("run.json", "ledger.parquet")
    }


def compare(one: Analysis, other: Analysis, folder: Path) -> None:
    assert head(one) == head(other)
    assert told(one.findings) == told(other.findings)
    assert cases(one) == cases(other)
    for name, analysis in (("one", one), ("other", other)):
        write_results(analysis, folder / name, pages=3)
    tables = [pl.read_parquet(folder / name / "ledger.parquet") for name in ("one", "other")]
    assert tables[0].equals(tables[1])
    assert tables[0].schema == tables[1].schema
    assert files_of(folder / "one") == files_of(folder / "other")


@pytest.mark.parametrize("seed", range(seeds(60)))
def test_a_store_in_pieces_is_the_whole(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr("graphflow.rarity._FEWEST", 3)
    monkeypatch.setattr(spill, "MOST_ROWS", rng.choice((7, 10_000)))
    monkeypatch.setattr("graphflow.scale.columns.CHUNK", rng.choice((5, 64, 2_000_000)))
    files, store = write_files(rng, tmp_path), tmp_path / "store"
    deliver(rng, files, store)
    scale = Scale(work=tmp_path / "work", bucket=rng.choice((1, 9, 40, 1000)), stretch=rng.choice((3, 17, 60, 1000)))
    pieces = analyze_store(store, scale, detectors=LOW)
    compare(pieces, gf.analyze(store, detectors=LOW), tmp_path)
    if seed % 3 == 0:
        compare(pieces, gf.analyze(files, detectors=LOW), tmp_path)
