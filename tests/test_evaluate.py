"""Results against truth: each figure as a slow count in plain Python gives it, and truth from each kind of file."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest
from test_cli import run

import graphflow as gf
from graphflow.analysis import Analysis
from graphflow.errors import SourceError
from graphflow.evaluate import Evaluation, evaluate
from graphflow.evaluate.truth import Truth, load_truth

ROOT = Path(__file__).parent.parent
TOUR = ROOT / "samples" / "tour.csv"
SHARED = ROOT.parent / "shared" / "data"
COLUMNS = {"attempt": pl.String, "typology": pl.String, "benign": pl.Boolean, "tx": pl.String}


@pytest.fixture(scope="module")
def tour() -> Analysis:
    return gf.analyze(TOUR)


def truth_of(rows: list[tuple[str, str, bool, str | None]]) -> Truth:
    return Truth(pl.DataFrame(rows, schema=COLUMNS, orient="row"))


def random_truth(analysis: Analysis, rng: random.Random) -> Truth:
    """Attempts of a few transactions each: cited ones, others, and ones that are not there."""
    cited = [tx for case in analysis.cases for tx in analysis.ledger.frame["tx"].gather(case.rows)]
    pool = sorted({*rng.sample(cited, min(12, len(cited))), *rng.sample(analysis.ledger.frame["tx"].to_list(), 12)})
    rng.shuffle(pool)
    rows: list[tuple[str, str, bool, str | None]] = []
    for k in range(rng.randint(1, 6)):
        kind, benign = rng.choice(["cycle", "fan-in"]), rng.random() < 0.3
        for _ in range(rng.randint(1, 5)):
            rows.append((f"a{k}", kind, benign, pool.pop() if pool and rng.random() < 0.9 else None))
    return truth_of(rows)


def check(evaluation: Evaluation, analysis: Analysis, truth: Truth) -> None:
    """Every figure, counted slowly."""
    frame = analysis.ledger.frame
    cases = [(case, set(frame["tx"].gather(case.rows))) for case in analysis.cases]
    attempts: dict[tuple[str, str, bool], list[str | None]] = defaultdict(list)
    for attempt, typology, benign, tx in truth.table.rows():
        attempts[attempt, typology, benign].append(tx)

    sure = {tx for case in analysis.cases for f in case.findings if f.level == "high" for tx in f.transactions}

    def found(txs: list[str | None], top: int, high: bool = False) -> bool:
        seen = sure if high else {tx for case, own in cases if case.rank <= top for tx in own}
        return sum(tx in seen for tx in txs) >= len(txs) / 2

    for row in evaluation.typologies.iter_rows(named=True):
        mine = [
            txs
            for (_, typology, benign), txs in attempts.items()
            if benign == row["benign"] and row["typology"] in (typology, "all")
        ]
        assert row["attempts"] == len(mine)
        assert row["found"] == sum(found(txs, 10**9) for txs in mine)
        assert row["found_100"] == sum(found(txs, 100) for txs in mine)
        assert row["high"] == sum(found(txs, 10**9, high=True) for txs in mine)
    listed = {(a, t, b): (size, rank) for a, t, b, size, rank, _ in evaluation.attempts.rows()}
    assert {key: len(txs) for key, txs in attempts.items()} == {key: size for key, (size, _) in listed.items()}
    for key, (_, rank) in listed.items():
        assert (rank is not None) == found(attempts[key], 10**9)
        assert rank is None or (found(attempts[key], rank) and not found(attempts[key], rank - 1))
    laundering = {tx for (_, _, benign), txs in attempts.items() if not benign for tx in txs} - {None}
    for row in evaluation.transactions.iter_rows(named=True):
        cited = sure if row["level"] == "high" else {tx for case, own in cases for tx in own}
        right = len(cited & laundering)
        assert (row["cited"], row["right"]) == (len(cited), right)
        assert row["precision"] == pytest.approx(right / len(cited) if cited else 0, abs=1e-6)
        assert row["recall"] == pytest.approx(right / len(laundering) if laundering else 0, abs=1e-6)
        assert row["base_rate"] == pytest.approx(len(laundering) / frame.height, abs=1e-8)
    hits = [
        len(own & laundering) >= len(own) / 2
        or any(not benign and sum(tx in own for tx in txs) >= len(txs) / 2 for (_, _, benign), txs in attempts.items())
        for _, own in cases
    ]
    precisions = [sum(hits[: k + 1]) / (k + 1) for k, hit in enumerate(hits) if hit]
    wanted = sum(precisions) / len(precisions) if precisions else 0.0
    assert evaluation.average_precision == pytest.approx(wanted, abs=1e-6)
    best = {tx: min(case.rank for case, own in cases if tx in own) for tx in {tx for _, own in cases for tx in own}}
    reached = []
    for tx in laundering & best.keys():
        above = [other for other in best if best[other] <= best[tx]]
        reached.append(sum(other in laundering for other in above) / len(above))
    wanted = sum(reached) / len(laundering) if laundering else 0.0
    assert evaluation.transaction_precision == pytest.approx(wanted, abs=1e-6)
    for row in evaluation.sweep.iter_rows(named=True):
        kept = {tx for case, own in cases if case.points >= row["points"] for tx in own}
        assert row["precision"] == pytest.approx(len(kept & laundering) / len(kept), abs=1e-6)
        assert row["attempts_found"] == sum(
            not benign and sum(tx in kept for tx in txs) >= len(txs) / 2 for (_, _, benign), txs in attempts.items()
        )
    assert evaluation.missing == sum(tx is None for txs in attempts.values() for tx in txs)
    for row in evaluation.sweep.iter_rows(named=True):
        left = [own for case, own in cases if case.points >= row["points"]]
        assert row["cases"] == len(left)
        assert row["cited"] == len(set().union(*left))


def test_figures_are_what_counting_gives(tour: Analysis) -> None:
    for seed in range(60):
        truth = random_truth(tour, random.Random(seed))
        check(evaluate(tour, truth), tour, truth)


def test_a_perfect_and_an_empty_truth(tour: Analysis) -> None:
    best = tour.ledger.frame["tx"].gather(tour.cases[0].rows).to_list()
    perfect = evaluate(tour, truth_of([("a", "all of it", False, tx) for tx in best]))
    assert perfect.typologies.filter(pl.col("typology") == "all").row(0, named=True)["found_100"] == 1
    assert perfect.average_precision == 1.0
    assert repr(perfect) == "Evaluation(1 of 1 attempts found, average precision 1.000)"
    nothing = evaluate(tour, truth_of([]))
    assert nothing.average_precision == 0.0
    assert nothing.transactions["recall"].to_list() == [0.0, 0.0]


def test_a_folder_is_evaluated_as_the_analysis_it_was_written_from(tour: Analysis, tmp_path: Path) -> None:
    gf.write_results(tour, tmp_path / "out")
    truth = random_truth(tour, random.Random(3))
    one, two = evaluate(tour, truth), evaluate(tmp_path / "out", truth)
    for name in ("typologies", "attempts", "transactions", "sweep"):
        assert getattr(one, name).equals(getattr(two, name))
    assert (one.average_precision, one.missing) == (two.average_precision, two.missing)


# --- truth files ----------------------------------------------------------------------------------


def test_patterns_are_tied_to_rows_that_say_the_same(tmp_path: Path) -> None:
    header = "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,"
    header += "Payment Currency,Payment Format,Is Laundering\n"
    line = "2022/09/01 00:06,{0},800737690,012,80011F990,2848.96,Euro,2848.96,Euro,ACH,1\n"
    other = "2022/09/01 00:07,09,A,{0},B,1.50,Yen,0.00012,Bitcoin,Wire,1\n"
    file, patterns = tmp_path / "rows.csv", tmp_path / "patterns.txt"
    file.write_text(header + line.format("21174") + other.format("1") + line.format("21174") + other.format("2"))
    patterns.write_text(
        "BEGIN LAUNDERING ATTEMPT - FAN-OUT:  Max 2-degree Fan-Out\n"
        + line.format("021174") * 3
        + "END LAUNDERING ATTEMPT - FAN-OUT\n\nBEGIN LAUNDERING ATTEMPT - STACK\n"
        + other.format("02")
        + "END LAUNDERING ATTEMPT - STACK\n"
    )
    ledger = gf.read_ledger(file)
    truth = load_truth(patterns, ledger.frame, ledger.decimals)
    assert truth.table.rows() == [
        ("1", "fan-out", False, "1:1"),
        ("1", "fan-out", False, "1:3"),
        ("1", "fan-out", False, None),
        ("2", "stack", False, "1:4"),
    ]
    assert truth.missing == 1


@pytest.mark.skipif(not SHARED.exists(), reason="the shared AMLworld files are not here")
def test_real_patterns() -> None:
    ledger = gf.read_ledger(SHARED / "amlworld" / "HI-Small_Trans_sample.csv")
    truth = load_truth(SHARED / "amlworld" / "HI-Small_Patterns.txt", ledger.frame, ledger.decimals)
    assert truth.table.height == 3_209
    attempts = truth.table.unique("attempt")["typology"].value_counts(sort=True, name="n")
    assert dict(attempts.rows()) == {
        "cycle": 54, "gather-scatter": 51, "bipartite": 49, "fan-out": 48, "scatter-gather": 44, "stack": 43,
        "random": 41, "fan-in": 40,
    }  # fmt: skip
    tied = truth.table["tx"].drop_nulls()
    assert tied.n_unique() == tied.len() == 166
    labels = ledger.frame.filter(pl.col("tx").is_in(tied.implode()))["label"].cast(pl.String)
    assert set(labels) == {"1"}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared AMLGentex file is not here")
def test_real_table() -> None:
    path = SHARED / "amlgentex" / "account_to_account.parquet"
    ledger = gf.read_ledger(path)
    truth = load_truth(path, ledger.frame, ledger.decimals)
    assert truth.missing == 6  # nothing moved
    assert truth.laundering.height == 2_327
    assert all(name.startswith("n_") for name in truth.table.filter(pl.col("benign"))["typology"].unique())


def test_a_table_by_transaction_id_or_by_row(tour: Analysis, tmp_path: Path) -> None:
    frame = tour.ledger.frame
    by_id, by_row = tmp_path / "alerts.csv", tmp_path / "rows.csv"
    tx, row = frame["tx"][5], frame["row"][5]
    by_id.write_text(f"alert_id,alert_type,is_sar,tran_id\n7,cycle,True,{tx}\n8,shop,False,nowhere\n")
    by_row.write_text(f"attempt,typology,label,row\n7,cycle,1,{row}\n8,shop,0,99999\n")
    for path in (by_id, by_row):
        rows = load_truth(path, frame, tour.ledger.decimals).table.rows()
        assert rows == [("7", "cycle", False, tx), ("8", "shop", True, None)]


def test_a_simulation_is_its_own_truth(tmp_path: Path) -> None:
    simulation = gf.simulate(seed=7, accounts=200, days=10)
    simulation.write(tmp_path)
    evaluation = evaluate(gf.analyze(tmp_path / "transfers.csv"), tmp_path / "truth.json")
    whole = evaluation.typologies.filter(pl.col("typology") == "all").row(0, named=True)
    assert whole["found"] > 0.8 * whole["attempts"] > 0
    assert not evaluation.typologies.filter(pl.col("benign"))["high"].sum()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", 'needs a column "attempt"'),
        ("attempt,b\n1,2\n", 'needs a column "typology"'),
        ('{"patterns": 1}', "is not the truth.json of a simulation"),
        ("", "is no truth that is known here"),
        ("PAR1 and no more", "is no truth that is known here"),
        ("BEGIN LAUNDERING ATTEMPT - CYCLE\nEND LAUNDERING ATTEMPT", "has no rows between"),
    ],
)
def test_files_that_are_no_truth(tour: Analysis, tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "truth"
    path.write_text(content)
    with pytest.raises(SourceError, match=words):
        load_truth(path, tour.ledger.frame, tour.ledger.decimals)


def test_rows_of_several_files_need_their_file(tmp_path: Path) -> None:
    head = "time,payer,payee,amount\n"
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(head + f"2026-01-05,{name},B,1\n2026-01-06,B,{name},1\n")
    ledger = gf.read_ledger([tmp_path / "a.csv", tmp_path / "b.csv"])
    truth = tmp_path / "truth.csv"
    truth.write_text("attempt,typology,row\n1,cycle,2\n")
    with pytest.raises(SourceError, match='so the truth needs a column "file" beside "row"'):
        load_truth(truth, ledger.frame, ledger.decimals)
    truth.write_text(f"attempt,typology,row,file\n1,cycle,2,{tmp_path / 'b.csv'}\n")
    assert load_truth(truth, ledger.frame, ledger.decimals).table["tx"].to_list() == ["2:2"]


def test_the_command_line_prints_what_the_library_gives(tour: Analysis, tmp_path: Path) -> None:
    gf.write_results(tour, tmp_path / "out")
    truth = tmp_path / "truth.csv"
    txs = tour.ledger.frame["tx"].gather(tour.cases[0].rows)
    truth.write_text("attempt,typology,tx\n" + "".join(f"1,\x1b[2Jodd,{tx}\n" for tx in txs))
    done = run("evaluate", tmp_path / "out", "--truth", truth)
    assert done.returncode == 0, done.stderr
    assert "average precision of the cases in rank order: 1.0000" in done.stdout
    assert "\x1b" not in done.stdout
    missing = run("evaluate", tmp_path / "nowhere", "--truth", truth)
    assert missing.returncode == 1
    assert "is no result of graphflow analyze" in missing.stderr
