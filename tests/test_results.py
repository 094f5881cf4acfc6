"""The result folder: the contract of its files, whole or not at all, the same bytes twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

import graphflow as gf
from graphflow.case import best_roles
from graphflow.errors import OutputError
from graphflow.view import folder

ROOT = Path(__file__).parent.parent
SAMPLES = sorted((ROOT / "samples").glob("*.csv"))
REMOTE = re.compile(r"""(?:src|href|action|data)\s*=\s*["']?\s*(?:https?:)?//|@import|\bfetch\(|XMLHttpRequest""", re.I)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gf.write_results(gf.analyze(SAMPLES), tmp_path_factory.mktemp("results") / "out", command=["test"])


def test_every_file_of_the_contract_is_there(out: Path) -> None:
    names = {p.name for p in out.iterdir()}
    tables = {f"{n}.parquet" for n in ("cases", "findings", "evidence", "ledger", "accounts")}
    sheets = {"cases", "findings", "rejected", "statements", "statement_gaps", "identities"}
    assert names == tables | {f"{name}.csv" for name in sheets} | {"report.html", "run.json", "cases"}


def test_tables_hang_together(out: Path) -> None:
    tables = {n: pl.read_parquet(out / f"{n}.parquet") for n in ("cases", "findings", "evidence", "ledger", "accounts")}
    cases, findings, evidence = tables["cases"], tables["findings"], tables["evidence"]
    assert cases["rank"].to_list() == list(range(1, cases.height + 1))
    assert findings.join(evidence, on="finding_id", how="anti").is_empty()
    assert evidence.join(findings, on="finding_id", how="anti").is_empty()
    assert findings.join(cases, on="case_id", how="anti").is_empty()
    assert evidence.join(tables["ledger"], left_on="transaction", right_on="tx", how="anti").is_empty()
    assert cases["findings"].explode().sort().to_list() == findings["finding_id"].sort().to_list()
    suspected = cases["accounts"].explode().unique()
    assert suspected.is_in(tables["accounts"].filter(pl.col("role").is_not_null())["account"].implode()).all()


def test_evidence_points_at_the_very_source_row(out: Path) -> None:
    evidence = pl.read_parquet(out / "evidence.parquet")
    ledger = pl.read_parquet(out / "ledger.parquet")
    joined = evidence.join(ledger, left_on="transaction", right_on="tx", suffix="_ledger").head(50)
    for row in joined.iter_rows(named=True):
        if row["file"].endswith("amlworld.csv"):
            continue
        source = pl.read_csv(row["file"], infer_schema=False).row(row["row"] - 1, named=True)
        assert (source["payer"], source["payee"]) == (row["payer"], row["payee"])
        assert float(source["amount"]) == float(row["amount"])


def test_amounts_are_exact(out: Path) -> None:
    ledger = pl.read_parquet(out / "ledger.parquet")
    decimals = json.loads((out / "run.json").read_text(encoding="utf-8"))["decimals"]
    for paid, currency, amount in ledger.select("paid", "paid_currency", "amount").head(500).iter_rows():
        assert int(amount * 10 ** decimals[currency]) == paid


def test_run_json_accounts_for_every_row(out: Path) -> None:
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {"version", "command", "inputs", "rules", "stages", "truncated", "warnings", "counts"} <= run.keys()
    for source in run["inputs"]:
        rows = source["rows"]
        assert rows["read"] == sum(rows[k] for k in ("accepted", "paired", "duplicate", "excluded", "rejected"))
        assert len(source["sha256"]) == 64
    assert [stage["name"] for stage in run["stages"]] == ["read", "detect", "cases", "write"]


def test_pages_reach_nothing_outside(out: Path) -> None:
    pages = [out / "report.html", *(out / "cases").glob("*.html")]
    assert len(pages) == 1 + pl.read_parquet(out / "cases.parquet").height
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith("<!doctype html>")
        assert "Content-Security-Policy" in text
        assert not REMOTE.search(text)


def test_two_runs_write_the_same_bytes(out: Path, tmp_path: Path) -> None:
    again = gf.write_results(gf.analyze(SAMPLES), tmp_path / "again")
    for path in sorted(p for p in out.rglob("*") if p.is_file() and p.name != "run.json"):
        assert (again / path.relative_to(out)).read_bytes() == path.read_bytes(), path.name


def test_a_later_run_replaces_and_a_failing_one_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = gf.write_results(gf.analyze(ROOT / "samples" / "cycle.csv"), tmp_path / "out")
    before = (first / "cases.csv").read_bytes()

    def broken(*_: object) -> None:
        raise RuntimeError("disk on fire")

    other = gf.analyze(ROOT / "samples" / "fan_in.csv")
    with monkeypatch.context() as patched:
        patched.setattr(folder, "_write_pages", broken)
        with pytest.raises(RuntimeError):
            gf.write_results(other, first)
    assert (first / "cases.csv").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    gf.write_results(other, first)
    assert (first / "cases.csv").read_bytes() != before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_folder_with_other_things_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError, match="not empty"):
        gf.write_results(gf.analyze(ROOT / "samples" / "cycle.csv"), tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_fewer_pages_than_cases_is_said(tmp_path: Path) -> None:
    analysis = gf.analyze(SAMPLES)
    out = gf.write_results(analysis, tmp_path / "out", pages=1)
    assert len(list((out / "cases").iterdir())) == 1
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert any(line.startswith("pages: the first 1 of") for line in run["truncated"])


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@sum(1)", "\t=1"])
def test_spreadsheet_cells_do_not_run(tmp_path: Path, name: str) -> None:
    rows = "".join(f'2026-01-05 09:0{k},P{k},"{name}",100.00,CNY\n' for k in range(6))
    (tmp_path / "a.csv").write_text("time,payer,payee,amount,currency\n" + rows, encoding="utf-8")
    out = gf.write_results(gf.analyze(tmp_path / "a.csv"), tmp_path / "out")
    for table in ("cases.csv", "findings.csv", "rejected.csv"):
        text = (out / table).read_text(encoding="utf-8-sig")
        assert not re.search(r'(^|,)"?[=+\-@\t]', text, re.MULTILINE), text
    assert name.strip() in (out / "findings.csv").read_text(encoding="utf-8-sig")


def test_nothing_found_is_a_result_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,payer,payee,amount,currency\n2026-01-05,A,B,5.00,CNY\n", encoding="utf-8")
    out = gf.write_results(gf.analyze(tmp_path / "a.csv"), tmp_path / "out")
    assert pl.read_parquet(out / "cases.parquet").is_empty()
    assert pl.read_parquet(out / "evidence.parquet").is_empty()
    assert (out / "report.html").exists()


@pytest.mark.parametrize("seed", [7, 21])
def test_roles_of_all_accounts_are_those_of_their_best_case(seed: int, tmp_path: Path) -> None:
    gf.simulate(seed=seed, accounts=300, days=10).write(tmp_path / "town")
    analysis = gf.analyze([tmp_path / "town" / "transfers.csv", *SAMPLES])
    wanted: dict[str, tuple[str, str, str]] = {}
    for case in analysis.cases:
        for account, role in case.roles.items():
            wanted.setdefault(account, (role, case.role_reasons[account], case.id))
    found = best_roles(analysis.graph.flow, analysis.cases)
    assert {account: tuple(rest) for account, *rest in found.rows()} == wanted
    assert len({role for role, *_ in wanted.values()}) >= 8
    # the same again for cases that were not opened together, whose table must be made anew
    again = best_roles(analysis.graph.flow, analysis.cases[:3])
    few = {account: told for account, told in wanted.items() if told[2] in {case.id for case in analysis.cases[:3]}}
    assert {account: tuple(rest) for account, *rest in again.rows()} == few
    assert best_roles(analysis.graph.flow, []).is_empty()
