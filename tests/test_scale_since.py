"""A store that grows: what new transfers do not touch is not looked at again, and the result is that of all of it."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from ledgers import Row, ledger_of, random_rows
from test_scale import told
from test_scale_store import LOW, cases

import graphflow as gf
from graphflow.detect.cuts import ByTime
from graphflow.flow import Flow
from graphflow.scale import keeping
from graphflow.scale.analyzing import Scale, analyze_store
from graphflow.scale.survey import cut_of
from graphflow.store import ingest
from graphflow.store.ingesting import Ingested

MOMENT = datetime(2026, 1, 5, tzinfo=UTC)
SIEVES = [(detector, cut) for detector in LOW if isinstance(cut := cut_of(detector), ByTime)]
HEAD = "time,payer,payee,amount,currency"


def since(store: Path, **options: Any) -> tuple[gf.Analysis, list[str]]:
    """The store analyzed with what was kept beside it, and what is said of the run."""
    notes: list[str] = []
    scale = Scale(work=store.parent / "work", since=MOMENT, bucket=40, stretch=20, note=notes.append, **options)
    return analyze_store(store, scale, detectors=LOW), notes


def reused(notes: Sequence[str]) -> int:
    return int(notes[-1].split()[0])


def grown(folder: Path, rows: Sequence[Row], name: str) -> Ingested:
    """A file of transfers, put into the store."""
    frame = ledger_of(rows).frame
    frame.select("time", "payer", "payee", amount=pl.col("paid") / 100, currency="paid_currency").write_csv(
        folder / name, datetime_format="%Y-%m-%d %H:%M:%S"
    )
    return ingest(folder / name, folder / "store")


def weeks(rng: random.Random, number: int, first: int = 0) -> list[list[Row]]:
    """As many weeks of transfers, one after the other."""
    return [
        [row._replace(minutes=row.minutes % 2000 + (first + k) * 10_080) for row in random_rows(rng, 60)]
        or [Row("A", "B", (first + k) * 10_080, 5)]
        for k in range(number)
    ]


def check(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Weeks that come in one by one, or a bit of each; how many stretches were not looked at again."""
    rng, found = random.Random(seed), 0
    monkeypatch.setattr("graphflow.rarity._FEWEST", 3)
    monkeypatch.setattr("graphflow.scale.columns.CHUNK", rng.choice((5, 64, 2_000_000)))
    given = weeks(rng, 4)
    if seed % 2:  # what comes in is of any time
        rows = [row for week in given for row in week]
        rng.shuffle(rows)
        given = [rows[k::4] for k in range(4)]
    for k, rows in enumerate(given):
        grown(folder, rows, f"f{k}.csv")
        analysis, notes = since(folder / "store")
        whole = gf.analyze(folder / "store", detectors=LOW)
        assert told(analysis.findings) == told(whole.findings)
        assert cases(analysis) == cases(whole)
        found += reused(notes)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_a_store_that_grows_is_as_if_looked_at_anew(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (check(seed, tmp_path, monkeypatch) > 0) == (seed == 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 60))
def test_many_stores_that_grow(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check(seed, tmp_path, monkeypatch)


def test_nothing_new_is_nothing_to_look_at(tmp_path: Path) -> None:
    for k, rows in enumerate(weeks(random.Random(5), 3)):
        grown(tmp_path, rows, f"f{k}.csv")
    first, notes = since(tmp_path / "store")
    assert notes[0].startswith("nothing is kept of an earlier run")
    again, more = since(tmp_path / "store")
    number, _, of, *_ = more[-1].split()
    assert number == of
    assert int(number) > 3
    assert told(first.findings) == told(again.findings)


def test_a_stretch_that_new_transfers_touch_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not tell what a stretch is made of gives wrong findings: the test above would bite."""
    monkeypatch.setattr(keeping, "_digest", lambda columns, first, last: "")
    with pytest.raises(AssertionError):
        check(1, tmp_path, monkeypatch)


def test_who_is_left_out_no_longer_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that was left out of a stretch, and is not now."""
    for k, rows in enumerate(weeks(random.Random(5), 3)):
        grown(tmp_path, rows, f"f{k}.csv")
    honest = keeping.left_out
    monkeypatch.setattr(keeping, "left_out", lambda *a: np.ones_like(honest(*a)))
    since(tmp_path / "store")
    monkeypatch.setattr(keeping, "left_out", honest)
    assert reused(since(tmp_path / "store")[1]) == 0


def test_what_is_kept_and_damaged_is_made_anew(tmp_path: Path) -> None:
    for k, rows in enumerate(weeks(random.Random(5), 3)):
        grown(tmp_path, rows, f"f{k}.csv")
    first, _ = since(tmp_path / "store")
    kept = sorted((tmp_path / "work" / "kept").glob("*.npz"))
    kept[0].write_bytes(kept[0].read_bytes()[:-30])
    kept[1].unlink()
    again, notes = since(tmp_path / "store")
    assert reused(notes) == len(kept) - 2
    assert told(first.findings) == told(again.findings)
    assert sorted((tmp_path / "work" / "kept").glob("*.npz")) == kept


def test_transfers_that_came_late_are_said_and_count(tmp_path: Path) -> None:
    rows = weeks(random.Random(5), 3)
    grown(tmp_path, [*rows[0], *rows[2]], "a.csv")
    since(tmp_path / "store")
    late = grown(tmp_path, rows[1], "b.csv")
    notes: list[str] = []
    moment = datetime(2026, 1, 19, tzinfo=UTC)
    scale = Scale(work=tmp_path / "work", since=moment, bucket=40, stretch=20, note=notes.append)
    analysis = analyze_store(tmp_path / "store", scale, detectors=LOW)
    assert notes[0] == f"{late.rows:,} transfers before 2026-01-19 came in since the run before, and counts too"
    assert told(analysis.findings) == told(gf.analyze(tmp_path / "store", detectors=LOW).findings)


@pytest.mark.parametrize(("detector", "cut"), SIEVES, ids=lambda each: getattr(each, "name", ""))
def test_fewer_left_out_lets_no_less_through(detector: Any, cut: ByTime) -> None:
    """What was let through while fewer accounts were left out holds all that matters while more are."""
    for seed in range(60):
        rng = random.Random(seed)
        ledger = ledger_of([row._replace(minutes=row.minutes * 60) for row in random_rows(rng, 60)])
        marks = np.array([rng.random() for _ in range(ledger.accounts.height)])
        some, more = (set(cut.sieve(_Left(ledger, marks < share)).tolist()) for share in (0.1, 0.3))
        assert some >= more


@pytest.mark.parametrize("what", ["rarity", "totals", "traffic", "span", "whole_size"])
def test_a_sieve_that_looks_at_more_is_refused(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it lets through is kept for as long as ends, times and values stay, so it may look at nothing else."""
    grown(tmp_path, weeks(random.Random(5), 1)[0], "a.csv")
    monkeypatch.setattr(gf.Cycle, "_sieve", lambda self, flow: getattr(flow, what))
    with pytest.raises(TypeError, match=f"ends, times and values alone, not at {what}"):
        since(tmp_path / "store")


class _Left(Flow):
    """A flow of which these accounts are hubs."""

    def __init__(self, ledger: gf.Ledger, left: Any) -> None:
        super().__init__(ledger)
        self._left = left

    def hubs(self, window: Any, most: int) -> Any:
        return self._left


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "graphflow", *arguments]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_says_what_is_new_and_what_has_grown(tmp_path: Path) -> None:
    ring = [Row("A", "B", 0, 500_000), Row("B", "C", 5, 495_000), Row("C", "A", 9, 490_000)]
    more = [Row("B", "E", 20, 495_000), Row("E", "A", 25, 490_000), Row("A", "B", 19, 500_000)]
    other = [Row("K", "L", 9000, 500_000), Row("L", "M", 9005, 495_000), Row("M", "K", 9009, 490_000)]
    grown(tmp_path, ring, "a.csv")
    run = ("analyze", "store", "--out", "out", "--since", "2026-01-05")
    first = command(tmp_path, *run)
    assert first.returncode == 0, first.stderr
    assert "nothing is kept of an earlier run" in first.stderr
    assert not (tmp_path / "out" / "changes.csv").exists()
    grown(tmp_path, [*more, *other], "b.csv")
    second = command(tmp_path, *run)
    assert second.returncode == 0, second.stderr
    table = pl.read_parquet(tmp_path / "out" / "changes.parquet")
    assert sorted(table["change"]) == ["grown", "new"]
    assert "since the run before: 1 new, 1 grown" in second.stdout
    third = command(tmp_path, *run)
    assert "since the run before: 0 new, 0 grown, 0 changed, 0 closed, 2 same" in third.stdout
    assert sorted(path.name for path in (tmp_path / "out.work").iterdir()) == [".lock", "kept"]


def test_only_a_store_has_a_since(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{HEAD}\n2026-01-05 10:00:00,A,B,5,CNY\n")
    done = command(tmp_path, "analyze", "a.csv", "--since", "2026-01-05")
    assert done.returncode == 1
    assert "only a store is worked off in pieces" in done.stderr
    done = command(tmp_path, "analyze", "a.csv", "--since", "yesterday")
    assert done.returncode == 1
    assert "--since" in done.stderr
