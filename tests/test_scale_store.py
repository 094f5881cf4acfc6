"""A store worked off in pieces gives what its files give whole: the ledger, findings, cases, every byte written."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from stored_ledgers import deliver, write_files
from test_scale import low, told

import graphflow as gf
from graphflow.analysis import Analysis
from graphflow.detect import DETECTORS
from graphflow.scale.analyzing import Scale, analyze_store
from graphflow.scale.executors import Dask, Executor, Processes, Threads
from graphflow.store import ingest, spill
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


def check(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many findings a random store has, in pieces as whole."""
    rng = random.Random(seed)
    monkeypatch.setattr("graphflow.rarity._FEWEST", 3)
    monkeypatch.setattr(spill, "MOST_ROWS", rng.choice((7, 10_000)))
    monkeypatch.setattr("graphflow.scale.columns.CHUNK", rng.choice((5, 64, 2_000_000)))
    files, store = write_files(rng, folder), folder / "store"
    deliver(rng, files, store)
    scale = Scale(work=folder / "work", bucket=rng.choice((9, 40, 1000)), stretch=rng.choice((9, 30, 1000)))
    pieces = analyze_store(store, scale, detectors=LOW)
    compare(pieces, gf.analyze(store if seed % 2 else files, detectors=LOW), folder)
    return len(pieces.findings)


@pytest.mark.parametrize("seed", range(3))
def test_a_store_in_pieces_is_the_whole(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(seed, tmp_path, monkeypatch) > 9


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 150))
def test_many_stores_in_pieces_are_the_whole(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check(seed, tmp_path, monkeypatch)


def test_what_some_days_have_not_is_no_loss(tmp_path: Path) -> None:
    """Days without `device` or ids of their own beside days that have them, and ids that look like made ones."""
    head, columns = "time,payer,payee,amount,currency", "A,B,5,CNY"
    (tmp_path / "a.csv").write_text(f"{head}\n2026-01-05 10:00:00,{columns}\n2026-01-05 11:00:00,{columns}\n")
    (tmp_path / "b.csv").write_text(
        f"tx,device,{head}\n1:2,D,2026-01-06 10:00:00,{columns}\nX,D,2026-01-07 10:00:00,{columns}\n"
        f"X,D,2026-01-08 10:00:00,{columns}\nX#2:4,D,2026-01-09 10:00:00,{columns}\n"
    )
    for name in ("a", "b"):
        ingest(tmp_path / f"{name}.csv", tmp_path / "store")
    pieces = analyze_store(tmp_path / "store", Scale(work=tmp_path / "work", bucket=3, stretch=2), detectors=LOW)
    compare(pieces, gf.analyze([tmp_path / "a.csv", tmp_path / "b.csv"], detectors=LOW), tmp_path)
    assert pl.read_parquet(tmp_path / "one" / "ledger.parquet")["tx"].n_unique() == 6


@pytest.mark.parametrize(
    "executors",
    [
        pytest.param((Threads(1), Threads(1), Threads(2), Processes(2)), id="own"),
        pytest.param((Threads(1), Processes(1), Dask(workers=2)), id="dask", marks=pytest.mark.slow),
    ],
)
def test_the_same_bytes_by_whomever(executors: Sequence[Executor], tmp_path: Path) -> None:
    """Executors, numbers of workers, and a second time."""
    rng = random.Random(3)
    deliver(rng, write_files(rng, tmp_path), tmp_path / "store")
    found = []
    for k, executor in enumerate(executors):
        scale = Scale(work=tmp_path / f"work{k}", executor=executor, bucket=40, stretch=60)
        analysis = analyze_store(tmp_path / "store", scale, detectors=LOW)
        write_results(analysis, tmp_path / f"out{k}", pages=2)
        found.append({**files_of(tmp_path / f"out{k}"), "": (tmp_path / f"out{k}" / "ledger.parquet").read_bytes()})
    assert all(each == found[0] for each in found)
