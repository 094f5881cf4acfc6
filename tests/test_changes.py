"""What changed in the cases between two runs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import graphflow as gf
from graphflow.changes import CaseTables, changes
from graphflow.errors import SourceError

HEAD = "time,payer,payee,amount,currency"


def chain(day: int, *accounts: str, amount: int = 5000) -> list[str]:
    """Money that goes round: a cycle over these accounts, in as many minutes."""
    ends = zip(accounts, (*accounts[1:], accounts[0]), strict=True)
    return [f"2026-01-{day:02} 09:{k:02},{a},{b},{amount - k},CNY" for k, (a, b) in enumerate(ends)]


def run(folder: Path, name: str, lines: list[str]) -> Path:
    """The results of records that are always in the same file."""
    (folder / "records.csv").write_text("\n".join([HEAD, *lines]) + "\n")
    analysis = gf.analyze(folder / "records.csv", detectors=[gf.Cycle()])
    return gf.write_results(analysis, folder / name, pages=0)


def compared(then: Path, now: Path) -> pl.DataFrame:
    return changes(CaseTables.read(then), CaseTables.read(now)).table


def test_a_run_compared_with_itself_is_the_same(tmp_path: Path) -> None:
    out = run(tmp_path, "out", chain(5, "A", "B", "C") + chain(6, "D", "E", "F"))
    table = compared(out, out)
    assert table["change"].to_list() == ["same", "same"]
    assert table["before"].to_list() == [[case] for case in table["case_id"]]


def test_what_is_new_has_grown_and_is_gone_is_told(tmp_path: Path) -> None:
    kept, grows, goes = chain(5, "A", "B", "C"), chain(6, "D", "E", "F"), chain(7, "G", "H", "I")
    then = run(tmp_path, "then", kept + grows + goes)
    # A row that is not there any more must not move the others: their places in the file are their names.
    gone = [f"2026-01-07 10:{k:02},X{k},Y{k},1.00,CNY" for k in range(len(goes))]
    now = run(tmp_path, "now", kept + grows + gone + chain(6, "D", "E", "K") + chain(20, "L", "M", "N"))
    table = compared(then, now)
    told = {row["change"]: row for row in table.iter_rows(named=True)}
    (other,) = set(told) - {"new", "grown", "closed"}
    assert other in ("changed", "same")  # what is usual in the ledger moved, and points with it
    assert told[other]["transactions_added"] == 0
    assert set(told["grown"]["accounts_added"]) == {"K"}
    assert told["grown"]["transactions"] == 6
    assert told["grown"]["transactions_added"] == 3
    assert told["new"]["before"] == []
    assert told["new"]["level_before"] is None
    assert told["closed"]["case_id"] is None
    assert told["closed"]["rank"] is None
    assert told["closed"]["accounts_added"] == []
    assert "G" in told["closed"]["headline"]


def test_cases_that_became_one_are_all_named(tmp_path: Path) -> None:
    two = chain(5, "A", "B", "C") + chain(5, "D", "E", "F")
    then = run(tmp_path, "then", two)
    now = run(tmp_path, "now", two + chain(6, "A", "D", "Z"))
    table = compared(then, now)
    assert table["change"].to_list() == ["grown"]
    assert sorted(table["before"][0]) == ["case-0001", "case-0002"]
    back = compared(now, then)
    assert back["change"].to_list() == ["changed", "changed"]
    assert back["before"].to_list() == [["case-0001"], ["case-0001"]]


def test_another_level_is_a_change_and_other_points_are_none(tmp_path: Path) -> None:
    then = CaseTables.read(run(tmp_path, "out", chain(5, "A", "B", "C")))

    def moved(**columns: pl.Expr) -> pl.DataFrame:
        cases = then.cases.with_columns(**columns)
        return changes(then, CaseTables(cases=cases, findings=then.findings, evidence=then.evidence)).table

    table = moved(points=pl.col("points") + 1)
    assert table["change"].to_list() == ["same"]
    assert (table["points"] - table["points_before"]).to_list() == [1.0]
    other = {"review": "high", "high": "review"}
    assert moved(level=pl.col("level").replace(other))["change"].to_list() == ["changed"]


def test_runs_without_cases_are_compared_too(tmp_path: Path) -> None:
    some = run(tmp_path, "some", chain(5, "A", "B", "C"))
    none = run(tmp_path, "none", ["2026-01-05 09:00,A,B,1.00,CNY"])
    assert compared(none, some)["change"].to_list() == ["new"]
    assert compared(some, none)["change"].to_list() == ["closed"]
    assert compared(none, none).height == 0


def test_it_is_written_beside_the_results(tmp_path: Path) -> None:
    then = run(tmp_path, "then", chain(5, "A", "B", "C"))
    (tmp_path / "records.csv").write_text("\n".join([HEAD, *chain(5, "A", "B", "C"), *chain(9, "L", "M", "N")]) + "\n")
    analysis = gf.analyze(tmp_path / "records.csv", detectors=[gf.Cycle()])
    out = gf.write_results(analysis, tmp_path / "now", pages=0, before=then)
    table = pl.read_parquet(out / "changes.parquet")
    assert sorted(table["change"]) == ["new", "same"]
    assert (out / "changes.csv").read_text("utf-8-sig").splitlines()[1].startswith("new,case-000")
    assert "Since the run before, 1 are new" in (out / "report.html").read_text("utf-8")


def test_a_folder_that_is_no_result_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing: is no result of graphflow analyze to compare with"):
        CaseTables.read(tmp_path / "nothing")
