"""The command line as its user meets it: exit status, one clear line, the same results as the library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import graphflow as gf
from graphflow.rules import explain, load_rules

ROOT = Path(__file__).parent.parent
TOUR = ROOT / "samples" / "tour.csv"


def run(*args: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graphflow", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, encoding="utf-8")


def test_analyze_writes_what_the_library_finds(tmp_path: Path) -> None:
    done = run("analyze", TOUR, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    analysis = gf.analyze(TOUR)
    cases = pl.read_parquet(tmp_path / "out" / "cases.parquet")
    assert cases["case_id"].to_list() == [case.id for case in analysis.cases]
    assert cases["points"].to_list() == [case.points for case in analysis.cases]
    assert "report.html" in done.stdout
    assert analysis.cases[0].id in done.stdout


def test_a_rules_file_changes_what_is_found(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[cycle]\noff = true\n[fan-in]\nmin_payers = 1000\n", encoding="utf-8")
    assert run("analyze", TOUR, "--out", tmp_path / "out", "--rules", rules).returncode == 0
    found = pl.read_parquet(tmp_path / "out" / "findings.parquet")
    assert not found["detector"].is_in(["cycle", "fan-in"]).any()


def test_a_preset_and_settings_change_what_is_run(tmp_path: Path) -> None:
    settings = ("--set", "cycle.window=48h", "--set", "fan-out.off=true")
    assert run("analyze", TOUR, "--out", tmp_path / "out", "--rules", "intl-app", *settings).returncode == 0
    told = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert told["preset"] == "intl-app"
    assert told["rules"]["cycle"]["window"] == "48h"
    assert told["rules"]["cycle"]["high_keep"] == "0.8"
    assert "fan-out" not in told["rules"]


def test_rules_are_explained_in_a_hundred_columns() -> None:
    done = run("rules", "crypto", "--explain", "--set", "cycle.window=48h", "--set", "fan-out.off=true")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == "preset crypto"
    assert "where the value comes from" in lines[1]
    rows = [" ".join(line.split()) for line in lines]
    assert "window 48h duration set by the user" in rows
    assert "fan-out off true set by the user" in rows
    whole = " ".join(rows)
    for detector, parameter, value, *_ in explain(load_rules("crypto")).iter_rows():
        if detector != "fan-out" and parameter != "window" and len(value) <= 16:  # longer ones are wrapped
            assert f"{parameter} {value}" in whole, (detector, parameter)


def test_printed_rules_are_a_rules_file(tmp_path: Path) -> None:
    printed = run("rules").stdout
    rules = tmp_path / "rules.toml"
    rules.write_text(printed, encoding="utf-8")
    assert run("rules", rules).stdout == printed
    assert "min_payers = 5  # payers; " in printed


def test_inspect_says_what_was_recognised() -> None:
    done = run("inspect", ROOT / "samples" / "amlworld.csv")
    assert done.returncode == 0, done.stderr
    for words in ("amlworld", "utf-8", "%Y/%m/%d %H:%M", "From Bank + Account", "read ", "accepted "):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("analyze", "nowhere.csv"), "nowhere.csv: no such file"),
        (("analyze", "samples/images"), "samples/images: holds no records ("),
        (("analyze", TOUR, "--rules", "nowhere.toml"), "no such rules file"),
        (("analyze", TOUR, "--rules", "intl-ap"), 'did you mean "intl-app"?'),
        (("analyze", TOUR, "--set", "cycle.windw=48h"), '--set cycle.windw=48h: cycle has no parameter "windw"'),
        (("rules", "--set", "cycle.window=soon"), "cycle.window must be a duration"),
        (("analyze", TOUR, "--rates", "nowhere.csv"), "nowhere.csv: no such rates file"),
        (("analyze", TOUR, "--map", "payer=Nobody"), 'no column "Nobody"'),
        (("analyze", TOUR, "--pages", "many"), '--pages takes a number or "all"'),
        (("analyze", TOUR, "--out", "README.md"), "is a file"),
        (("analyze", TOUR, "--out", "graphflow"), "is not empty and holds no earlier result"),
        (("inspect", TOUR, "--timezone", "Mars/Olympus"), 'no time zone "Mars/Olympus"'),
    ],
)
def test_what_the_user_can_fix_is_one_line_and_status_1(args: tuple[object, ...], words: str) -> None:
    done = run(*args)
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("args", [("analyze",), ("nonsense",), ("analyze", TOUR, "--no-such-option")])
def test_wrong_usage_is_status_2(args: tuple[object, ...]) -> None:
    assert run(*args).returncode == 2


def test_version_and_help() -> None:
    assert run("--version").stdout.strip() == f"graphflow {gf.__version__}"
    for command in ("analyze", "inspect", "rules", "simulate"):
        done = run(command, "--help")
        assert done.returncode == 0
        assert "Example" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv=['graphflow','--help']\n"
    code += "try:\n import graphflow.cli; graphflow.cli.app()\nexcept SystemExit: pass\n"
    code += "print([m for m in ('polars','networkx','numpy','numba','pyvis') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip().endswith("[]")


def test_terminal_escapes_in_data_do_not_reach_the_terminal(tmp_path: Path) -> None:
    hostile = "acct\x1b[2J\u202egnp"
    rows = "".join(f"2026-01-05 09:0{k},{hostile},B{k},100.00,CNY\n" for k in range(6))
    source = tmp_path / "hostile.csv"
    source.write_text("time,payer,payee,amount,currency\n" + rows, encoding="utf-8")
    done = run("analyze", source, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "\x1b[2J" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr


def test_simulate_then_analyze(tmp_path: Path) -> None:
    made = run("simulate", "--seed", 3, "--accounts", 300, "--days", 10, "--out", tmp_path / "sim")
    assert made.returncode == 0, made.stderr
    assert run("analyze", tmp_path / "sim" / "transfers.csv", "--out", tmp_path / "out").returncode == 0
    again = run("simulate", "--seed", 3, "--accounts", 300, "--days", 10, "--out", tmp_path / "sim")
    assert again.returncode == 1
    assert "not an empty folder" in again.stderr


def test_simulate_one_dialect(tmp_path: Path) -> None:
    made = run("simulate", "--accounts", 200, "--days", 7, "--dialect", "tenpay", "--out", tmp_path / "sim")
    assert made.returncode == 0, made.stderr
    assert str(tmp_path / "sim" / "TenpayTrades.txt") in made.stdout.replace("\n", "")
    assert not (tmp_path / "sim" / "transfers.csv").exists()
    wrong = run("simulate", "--dialect", "tenpai", "--out", tmp_path / "no")
    assert wrong.returncode == 1
    assert wrong.stderr == 'graphflow: simulate: there is no dialect "tenpai": did you mean "tenpay"?\n'
