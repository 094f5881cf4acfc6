"""A store gives the ledger that its files would give, however they came into it, and is never half of anything."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import graphflow as gf
from graphflow.errors import OutputError, SourceError
from graphflow.ledger import Ledger
from graphflow.store import ingest, is_store, read_store, spill
from graphflow.store.lock import only_one
from graphflow.store.manifest import NAME, load

HEADER = "id,time,payer,payee,amount,currency,memo\n"


def same(one: Ledger, other: Ledger) -> None:
    assert one.frame.equals(other.frame)
    assert one.frame.schema == other.frame.schema
    assert one.accounts.equals(other.accounts)
    assert one.payer_codes.tolist() == other.payer_codes.tolist()
    assert one.payee_codes.tolist() == other.payee_codes.tolist()
    assert (one.decimals, one.precision) == (other.decimals, other.precision)
    assert [s.rows for s in one.sources] == [s.rows for s in other.sources]
    assert sorted(map(str, one.rejected.rows())) == sorted(map(str, other.rejected.rows()))


def written(path: Path, rng: random.Random, rows: int, *, days: int = 3, ids: bool = True) -> list[str]:
    """A file of rows in no order of time: ties, repeats, bad amounts, amounts of several decimals."""
    lines = []
    for k in range(rows):
        moment = f"2026-01-{rng.randint(1, days):02} {rng.randint(0, 23):02}:{rng.choice((0, 30)):02}:00"
        amount = rng.choice(("5", "7.50", "0.125", "0", "x", "1000"))
        name = f"{path.stem}{k}" if ids and rng.random() < 0.8 else ""
        lines.append(
            f"{name},{moment},A{rng.randint(0, 5)},B{rng.randint(0, 5)},{amount},{rng.choice(('CNY', 'USD'))},m"
        )
        if rng.random() < 0.2:
            lines.append(rng.choice(lines))
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return lines


@pytest.mark.parametrize("seed", range(12))
def test_a_store_is_the_ledger_of_its_files(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In as many deliveries as chance wants, with rows of earlier files again, set down every few rows."""
    rng = random.Random(seed)
    monkeypatch.setattr(spill, "MOST_ROWS", rng.choice((1, 7, 10_000)))
    files: list[Path] = []
    lines: list[str] = []
    for k in range(rng.randint(1, 4)):
        path = tmp_path / f"f{k}.csv"
        new = written(path, rng, rng.randint(3, 25), ids=seed % 3 > 0)
        again = rng.sample(lines, min(len(lines), 3))
        path.write_text(path.read_text() + "".join(f"{line}\n" for line in again))
        lines += new
        files.append(path)
    waiting, store = list(files), tmp_path / "store"
    while waiting:
        number = rng.randint(1, len(waiting))
        ingest(waiting[:number], store)
        waiting = waiting[number:]
    same(gf.read_ledger(store), gf.read_ledger(files))


def test_a_file_that_is_there_changes_nothing(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", random.Random(1), 20)
    ingest(tmp_path / "a.csv", tmp_path / "store")
    before = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()}
    done = ingest(tmp_path / "a.csv", tmp_path / "store")
    assert done.rows == 0
    assert {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()} == before


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", random.Random(2), 50)
    stores = [tmp_path / "one", tmp_path / "two"]
    for store in stores:
        ingest(tmp_path / "a.csv", store)
    one, two = ({p.relative_to(s): p.read_bytes() for p in s.rglob("*") if p.is_file()} for s in stores)
    assert one == two


def test_some_days_of_a_store(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        HEADER + "".join(f"t{day},2026-01-{day:02} 12:00,A,B,5,CNY,\n" for day in (1, 2, 3, 4))
    )
    ingest(tmp_path / "a.csv", tmp_path / "store")
    days = [part.day for part in load(tmp_path / "store").parts]
    assert read_store(tmp_path / "store", since=days[1], until=days[2]).frame["tx"].to_list() == ["t2", "t3"]


def test_analyze_and_trace_take_a_store(tmp_path: Path) -> None:
    tour = Path(__file__).parent.parent / "samples" / "tour.csv"
    (tmp_path / "victims.csv").write_text("tx\nT0001\n")
    for arguments in (
        ["ingest", tour, "--store", tmp_path / "store"],
        ["analyze", tmp_path / "store", "--out", tmp_path / "of-store"],
        ["analyze", tour, "--out", tmp_path / "of-file"],
        ["trace", tmp_path / "store", "--victims", tmp_path / "victims.csv", "--out", tmp_path / "trace-of-store"],
        ["trace", tour, "--victims", tmp_path / "victims.csv", "--out", tmp_path / "trace-of-file"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "graphflow", *map(str, arguments)], capture_output=True, text=True, check=True
        )
        if arguments[0] == "ingest":
            assert "transfers; now" in done.stdout
    names = [("of-", name) for name in ("cases", "findings", "evidence", "ledger", "accounts")]
    for kind, name in [*names, ("trace-of-", "trace"), ("trace-of-", "holdings")]:
        one, other = (pl.read_parquet(tmp_path / f"{kind}{end}" / f"{name}.parquet") for end in ("store", "file"))
        assert one.equals(other)


# --- what can be wrong -------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Path:
    written(tmp_path / "a.csv", random.Random(3), 30)
    ingest(tmp_path / "a.csv", tmp_path / "store")
    return tmp_path / "store"


def test_a_missing_or_cut_part_is_a_line(store: Path) -> None:
    part = store / load(store).parts[1].file
    whole = part.read_bytes()
    part.unlink()
    with pytest.raises(SourceError, match="is missing; restore it"):
        gf.read_ledger(store)
    part.write_bytes(whole[:-7])
    with pytest.raises(SourceError, match="bytes instead of"):
        gf.read_ledger(store)
    part.write_bytes(bytes(len(whole)))
    with pytest.raises(SourceError, match="cannot be read"):
        gf.read_ledger(store)


def test_a_newer_or_damaged_manifest_is_a_line(store: Path) -> None:
    told = json.loads((store / NAME).read_text())
    (store / NAME).write_text(json.dumps({**told, "schema": 99, "version": "9.9"}))
    with pytest.raises(SourceError, match=r"schema 99, made by graphflow 9\.9"):
        gf.read_ledger(store)
    (store / NAME).write_text(json.dumps({**told, "parts": "x"}))
    with pytest.raises(SourceError, match="is damaged"):
        gf.read_ledger(store)
    (store / NAME).write_text("{")
    with pytest.raises(SourceError, match="cannot be read as a store's manifest"):
        gf.read_ledger(store)


def test_a_store_stands_alone_among_sources(store: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a store, and is read alone"):
        gf.read_ledger([store, tmp_path / "a.csv"])


def test_statements_are_not_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(
        "account,time,direction,amount,balance,counterparty,currency\n"
        "M,2026-01-01 10:00:00,in,50,60,V,CNY\nM,2026-01-01 10:02:00,out,10,50,A,CNY\n"
    )
    with pytest.raises(SourceError, match="transfers that name both parties"):
        ingest(tmp_path / "s.csv", tmp_path / "store")
    assert not is_store(tmp_path / "store")


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", random.Random(3), 5)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="is no store"):
        ingest(tmp_path / "a.csv", tmp_path / "mine")


def test_one_ingest_at_a_time_and_what_a_dead_one_left_is_no_hindrance(store: Path, tmp_path: Path) -> None:
    written(tmp_path / "b.csv", random.Random(4), 5)
    (store / ".ingesting").mkdir()
    (store / ".ingesting" / "spill-1.parquet").write_bytes(b"half")
    with only_one(store / ".lock"), pytest.raises(OutputError, match="another ingest is at work"):
        ingest(tmp_path / "b.csv", store)
    assert ingest(tmp_path / "b.csv", store).rows > 0
    assert not (store / ".ingesting").exists()


def test_an_ingest_that_fails_leaves_the_old_store(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = gf.read_ledger(store)
    written(tmp_path / "b.csv", random.Random(5), 30)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match=r"No space left on device\); the store is as it was"):
        ingest(tmp_path / "b.csv", store)
    same(gf.read_ledger(store), before)


def test_an_ingest_that_is_killed_leaves_the_old_store_or_the_new_one(tmp_path: Path) -> None:
    rng = random.Random(6)
    written(tmp_path / "a.csv", rng, 200, days=20)
    written(tmp_path / "b.csv", rng, 3_000, days=28)
    store = tmp_path / "store"
    ingest(tmp_path / "a.csv", store)
    old, new = gf.read_ledger(store), gf.read_ledger([tmp_path / "a.csv", tmp_path / "b.csv"])
    run = f"ingest({str(tmp_path / 'b.csv')!r}, {str(store)!r})"
    code = f"from graphflow.store import ingest; print('go', flush=True); {run}"
    for k in range(6):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.05 * k)
            process.send_signal(signal.SIGKILL)
        found = gf.read_ledger(store)
        same(found, new if found.height == new.height else old)
    ingest(tmp_path / "b.csv", store)
    same(gf.read_ledger(store), new)
