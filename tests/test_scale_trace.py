"""Traced in pieces, a store gives the result folder that it gives whole: every file, byte for byte."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ledgers import seeds
from stored_traces import asked_for, in_pieces, said, stored_town, whole
from typer.testing import CliRunner

from graphflow.cli import app
from graphflow.errors import GraphflowError, NoPayments, SourceError
from graphflow.scale import reaching, tracing
from graphflow.scale.reaching import Way, reached
from graphflow.simulate import simulate
from graphflow.store import ingest


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
    assert isinstance(told[0], tuple) or "trace.html" in told[0]
    return bool(told[0] == told[1])


@pytest.mark.parametrize("seed", range(seeds(24)))
def test_pieces_give_what_the_whole_gives(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare(seed, tmp_path, monkeypatch)


# --- the test bites: a part of what pieces rest on is left out ------------------------------------------------------


def bites(folder: Path, monkeypatch: pytest.MonkeyPatch, most: int = 40) -> bool:
    """Whether some random store shows what was planted."""
    for seed in range(most):
        (folder / str(seed)).mkdir()
        if not compare(seed, folder / str(seed), monkeypatch):
            return True
    return False


@pytest.mark.slow
def test_accounts_beside_the_trail_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tracing, "beside", lambda trace, paid_since, users: np.zeros(trace.flow.account_count, np.bool_)
    )
    assert bites(tmp_path, monkeypatch)


def test_a_stretch_that_forgets_the_one_before_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(way: Way, columns: Any, folder: Path, stretch: int, tell: Any = None) -> Any:
        first = int(way.reported[0])
        return reached(Way(reported=way.reported, stopped=way.stopped, last=first + 1), columns, folder, stretch)

    monkeypatch.setattr(tracing, "reached", forgetful)
    assert bites(tmp_path, monkeypatch)


def test_the_first_and_last_transfer_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = tracing.Pieces.full
    monkeypatch.setattr(tracing.Pieces, "full", lambda self, accounts, places: full(self, accounts, places[1:-1]))
    assert bites(tmp_path, monkeypatch)


# --- a run that is ended goes on --------------------------------------------------------------------------------------


class Ended(Exception):
    """The run is ended from outside."""


@pytest.mark.parametrize("order", ["strict", "off"])
def test_a_run_that_is_ended_goes_on_after_its_last_stretch(order: str, tmp_path: Path) -> None:
    rng = random.Random(5)
    store, victims = stored_town(rng, tmp_path)
    options = {"order": order}
    wanted = whole(store, victims, options, tmp_path / "whole")
    rows: list[int] = []

    def end_after(number: int) -> Any:
        def tell(kind: str, done: int, of: int, last: object) -> None:
            if kind == "reach":
                rows.append(done)
                if len(rows) == number:
                    raise Ended

        return tell

    for number in (1, 3):
        rows.clear()
        with pytest.raises(Ended):
            in_pieces(
                store, victims, options, tmp_path / "pieces", sizes=(20, 4), tell=end_after(number), resume=number > 1
            )
    ended = rows[-1]
    rows.clear()
    told = in_pieces(store, victims, options, tmp_path / "pieces", sizes=(20, 4), tell=end_after(-1), resume=True)
    assert rows[0] == ended + 4
    assert told == wanted


def test_another_question_does_not_go_on_with_what_was_begun(tmp_path: Path) -> None:
    """The same store and types, but money is followed for a shorter time: the work folder serves, its answer not."""
    store, victims = stored_town(random.Random(5), tmp_path)
    in_pieces(store, victims, {}, tmp_path / "pieces", sizes=(20, 4))
    told = in_pieces(store, victims, {"within": "1h"}, tmp_path / "pieces", sizes=(20, 4), resume=True)
    assert told == whole(store, victims, {"within": "1h"}, tmp_path / "whole")


def test_a_damaged_checkpoint_is_made_anew(tmp_path: Path) -> None:
    store, victims = stored_town(random.Random(5), tmp_path)
    wanted = in_pieces(store, victims, {}, tmp_path / "pieces", sizes=(20, 4))
    state = tmp_path / "pieces.work" / reaching.STATE
    state.write_bytes(state.read_bytes()[:-30])
    assert in_pieces(store, victims, {}, tmp_path / "pieces", sizes=(20, 4), resume=True) == wanted


def test_a_folder_that_is_no_store_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no store; graphflow ingest"):
        in_pieces(tmp_path / "nothing", tmp_path / "victims.csv", {}, tmp_path / "out", sizes=(20, 4))


def test_the_command_gives_the_same_and_clears_up(tmp_path: Path) -> None:
    store, victims = stored_town(random.Random(5), tmp_path)
    for name, more in (("whole", []), ("pieces", ["--executor", "threads", "--workers", "2"])):
        told = CliRunner().invoke(
            app, ["trace", str(store), "--victims", str(victims), "--out", str(tmp_path / name), *more]
        )
        assert told.exit_code == 0, told.output
    one, other = (said(tmp_path / name) for name in ("whole", "pieces"))
    assert {**one, "run.json": ""} == {**other, "run.json": ""}
    assert not (tmp_path / "pieces.work").exists()


def test_pieces_of_what_is_no_store_are_refused_by_the_command(tmp_path: Path) -> None:
    _, victims = stored_town(random.Random(5), tmp_path)
    told = CliRunner().invoke(
        app, ["trace", str(tmp_path / "transfers.csv"), "--victims", str(victims), "--executor", "threads"]
    )
    assert isinstance(told.exception, GraphflowError)
    assert "only a store is worked off in pieces" in str(told.exception)


@pytest.mark.slow
def test_victims_by_account_alone_are_told_by_what_pieces_find(tmp_path: Path) -> None:
    simulation = simulate(accounts=300, days=12)
    simulation.write(tmp_path / "town", dialect="two-sided")
    ingest(tmp_path / "town" / "transfers.csv", tmp_path / "store")
    lines = ["victim", *simulation.truth["gang"]["victims"]]
    (tmp_path / "victims.csv").write_text("\n".join(lines) + "\n")
    wanted = whole(tmp_path / "store", tmp_path / "victims.csv", {}, tmp_path / "whole")
    assert "detectors flag" in str(wanted["run.json"])
    sizes = (4000, 3000)
    assert in_pieces(tmp_path / "store", tmp_path / "victims.csv", {}, tmp_path / "pieces", sizes=sizes) == wanted


def test_victims_of_a_case(tmp_path: Path) -> None:
    simulate(accounts=300, days=12).write(tmp_path / "town", dialect="two-sided")
    ingest(tmp_path / "town" / "transfers.csv", tmp_path / "store")
    done = CliRunner().invoke(app, ["analyze", str(tmp_path / "store"), "--out", str(tmp_path / "out"), "--pages", "0"])
    assert done.exit_code == 0, done.output
    options = {"from_case": f"{tmp_path / 'out'}/case-0001"}
    wanted = whole(tmp_path / "store", None, options, tmp_path / "whole")
    assert in_pieces(tmp_path / "store", None, options, tmp_path / "pieces", sizes=(4000, 3000)) == wanted
