"""Rates by day: from a file the user gives, or from the ledger's own exchanges where a day has enough of them."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, FIRST_DAY
from oracles import Move
from test_value_pass_through import DAY, ledger_of, plain

import graphflow as gf
from graphflow.errors import RatesError
from graphflow.ledger import Ledger
from graphflow.value import valuate
from graphflow.value.course import ALWAYS, Course
from graphflow.value.exchanges import ENOUGH
from graphflow.value.rates_file import read_rates


def file_of(folder: Path, text: str) -> Path:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return path


def payments(*amounts: tuple[int, int, str]) -> Ledger:
    """A ledger of (day, minor units, currency)."""
    return ledger_of([plain(f"P{k}", f"Q{k}", day * DAY, much, c) for k, (day, much, c) in enumerate(amounts)])


def iso(day: int) -> str:
    return f"{FIRST_DAY + timedelta(days=day):%Y-%m-%d}"


# --- a rates file -------------------------------------------------------------------------------------


def test_a_file_without_dates_holds_always(tmp_path: Path) -> None:
    path = file_of(tmp_path, "currency,rate\nUSD,1\nEUR,1.25\nJPY,0.01\n")
    ledger = payments((0, 100, "USD"), (1, 100, "USD"), (2, 100, "EUR"), (3, 500, "JPY"))
    valuation = gf.FlowGraph(ledger, rates=path).flow.valuation
    assert valuation.values.tolist() == [100, 100, 125, 500]  # yen have no decimals
    assert (valuation.base, valuation.rough) == ("USD", frozenset())
    assert valuation.factors == pytest.approx({"USD": 1.0, "EUR": 1.25, "JPY": 1.0})
    assert valuation.warnings == [f"amounts are compared in USD, at the rates of {path}: EUR 1.25, JPY 0.01"]


def test_the_latest_rate_on_or_before_the_day_holds_and_the_first_one_before_that(tmp_path: Path) -> None:
    path = file_of(tmp_path, f"Currency,Rate,Date,Base\nEUR,2,{iso(4)},USD\nEUR,1.5,{iso(2)},USD\n\n")
    ledger = payments(*[(day, 100, "EUR") for day in range(6)], *[(0, 100, "USD")] * 7)
    valuation = valuate(ledger, read_rates(path))
    by_day = valuation.values[ledger.frame["paid_currency"].to_numpy() == "EUR"]
    assert by_day.tolist() == [150, 150, 150, 150, 200, 200]
    (rate,) = valuation.rates
    assert (rate.rate, rate.days, rate.basis) == (2.0, 2, "file")  # the one number is that of the ledger's last day


def test_a_day_is_a_day_in_utc_to_the_last_microsecond(tmp_path: Path) -> None:
    path = file_of(tmp_path, f"currency,rate,date\nUSD,1,\nEUR,1,{iso(0)}\nEUR,3,{iso(1)}\n")
    moves = [plain("A", "B", DAY - 1, 100, "EUR"), plain("A", "B", DAY, 100, "EUR"), plain("A", "B", DAY, 1, "USD")]
    assert valuate(ledger_of(moves), read_rates(path)).values.tolist() == [100, 300, 1]


def test_a_base_the_ledger_has_not_is_reckoned_into_one_it_has(tmp_path: Path) -> None:
    path = file_of(tmp_path, f"currency,rate,date,base\nEUR,2,,USD\nCNY,0.1,{iso(0)},USD\nCNY,0.2,{iso(1)},USD\n")
    ledger = payments(*[(0, 100, "EUR")] * 3, (0, 1000, "CNY"), (1, 1000, "CNY"))
    valuation = valuate(ledger, read_rates(path))
    assert (valuation.base, valuation.values.tolist()) == ("EUR", [100, 100, 100, 50, 100])


def test_the_base_of_the_file_is_the_base_even_if_seldom_used(tmp_path: Path) -> None:
    path = file_of(tmp_path, "currency,rate\nUSD,1\nEUR,2\n")
    ledger = payments((0, 100, "EUR"), (0, 100, "EUR"), (0, 100, "USD"))
    assert valuate(ledger, read_rates(path)).values.tolist() == [200, 200, 100]


def test_what_a_file_leaves_out_is_taken_from_the_ledger(tmp_path: Path) -> None:
    """Francs are exchanged with euros, so they are worth what euros are that day; koruna are anyone's guess."""
    path = file_of(tmp_path, f"currency,rate,date\nUSD,1,\nEUR,1,{iso(0)}\nEUR,2,{iso(1)}\n")
    exchanges = [Move("A", "B", day * DAY, 100, "CHF", 110, "EUR") for day in (0, 1)]
    fillers = [plain("F", "G", 0, 100, "USD")] * 9 + [plain("F", "G", 0, 50, "CZK")]
    valuation = valuate(ledger_of(fillers + exchanges), read_rates(path))
    assert valuation.values.tolist() == [100] * 10 + [110, 220]
    assert {rate.currency: rate.basis for rate in valuation.rates} == {
        "EUR": "file", "CHF": "exchanges", "CZK": "amounts",
    }  # fmt: skip
    assert valuation.rough == {"CZK"}
    assert [line.split(":")[0] for line in valuation.warnings][1:] == [
        "amounts are compared in USD, at median rates of the ledger's own exchanges",
        "no transfer exchanges CZK with USD",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'no column "currency"'),
        ("currency,worth\nEUR,1\n", 'no column "rate"'),
        ("currency,rate\nEUR,dear\n", 'line 2: rate "dear" is not a number'),
        ("currency,rate\nUSD,1\nEUR,-2\n", "line 3: rate -2 must be above 0"),
        ("currency,rate\nEUR,nan\n", "rate nan must be above 0"),
        ("currency,rate\n,1\n", "line 2: no currency"),
        ("currency,rate\nEUR\n", "line 2: 1 fields where the header has 2"),
        ("currency,rate,date\nEUR,1,31.01.2026\n", 'date "31.01.2026" is not like 2026-01-31'),
        ("currency,rate\nEUR,1\nEUR,2\n", "line 3: a second rate for EUR"),
        ("currency,rate,base\nEUR,2,USD\nCNY,2,JPY\n", "more than one base currency (JPY, USD)"),
        ("currency,rate\nEUR,2\nCNY,3\n", 'Add a column "base", or the line of the base with rate 1'),
        ("currency,rate,base\nUSD,2,USD\n", "USD is the base currency, so its own rate must be 1"),
        ("currency,rate\nUSD,1\nSEK,2\n", 'no rate for any currency of the ledger, such as "CNY": known: USD, SEK'),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = file_of(tmp_path, text)
    with pytest.raises(RatesError) as caught:
        valuate(payments((0, 1, "EUR"), (0, 1, "CNY")), read_rates(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(RatesError, match="no such rates file"):
        read_rates(tmp_path / "nowhere.csv")
    (tmp_path / "rates.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RatesError, match="is not a rates file in UTF-8"):
        read_rates(tmp_path / "rates.csv")


def test_a_run_says_which_rates_it_used(tmp_path: Path) -> None:
    path = file_of(tmp_path, "currency,rate\nUS Dollar,1\nEuro,1.2\nYuan,0.15\n")
    source = Path(__file__).parent.parent / "samples" / "amlworld.csv"
    command = [sys.executable, "-m", "graphflow", "analyze", source, "--rates", path, "--out", tmp_path / "out"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["rates_file"]["path"] == str(path)
    assert len(run["rates_file"]["sha256"]) == 64
    assert {rate["currency"]: (rate["rate"], rate["basis"]) for rate in run["rates"]} == {
        "Euro": (1.2, "file"), "Yuan": (0.15, "file"),
    }  # fmt: skip
    said = f"amounts are compared in US Dollar, at the rates of {path}: Euro 1.2, Yuan 0.15"
    assert said in run["warnings"]
    assert said in " ".join(done.stderr.split())
    analysis = gf.analyze(source, rates=path)
    assert [case.points for case in analysis.cases] == pl.read_parquet(tmp_path / "out" / "cases.parquet")[
        "points"
    ].to_list()


def test_part_of_a_graph_has_the_rates_of_the_whole(tmp_path: Path) -> None:
    path = file_of(tmp_path, "currency,rate\nUSD,1\nEUR,2\n")
    graph = gf.FlowGraph(payments((0, 100, "USD"), (1, 100, "EUR")), rates=path)
    part = graph.flow_subgraph([1]).flow_subgraph([1]).flow
    assert part.value.tolist() == [200]
    assert part.valuation is graph.flow.valuation


# --- courses against slow counterparts --------------------------------------------------------------------

DATED = st.dictionaries(st.integers(0, 9), st.sampled_from((0.5, 1.0, 2.0, 4.0)), min_size=1)


def slow_on(dated: dict[int, float], day: int) -> float:
    before = [d for d in dated if d <= day]
    return dated[max(before)] if before else dated[min(dated)]


@EXAMPLES
@given(DATED, DATED)
def test_courses_are_those_of_the_slow_counterpart(one: dict[int, float], two: dict[int, float]) -> None:
    import numpy as np

    days = np.arange(-2, 12)
    a, b = Course.from_dates(one, last=5), Course.from_dates(two, last=5)
    assert a.at(days).tolist() == [slow_on(one, day) for day in days.tolist()]
    assert a.inverse().at(days).tolist() == [1 / slow_on(one, day) for day in days.tolist()]
    assert a.times(b).at(days).tolist() == [slow_on(one, d) * slow_on(two, d) for d in days.tolist()]
    assert a.whole == slow_on(one, 5)
    own = Course.with_days(3.0, one)
    assert own.at(days).tolist() == [one.get(day, 3.0) for day in days.tolist()]
    assert own.starts[0] == ALWAYS


# --- the ledger's own exchanges, by day ---------------------------------------------------------------------


def test_exchanges_are_by_day_where_a_day_has_enough_and_outliers_do_not_matter() -> None:
    rng = random.Random(2)
    moves = [plain("F", "G", 0, 100, "CNY") for _ in range(400)]
    wanted = {}
    for day, rate, number in ((0, 7.0, ENOUGH), (1, 8.0, ENOUGH + 5), (2, 9.0, ENOUGH - 1), (3, 7.5, 40)):
        rates = [rate * rng.uniform(0.99, 1.01) for _ in range(number)]
        rates[: number // 5] = [rate * rng.choice((0.001, 1000)) for _ in range(number // 5)]
        wanted[day] = rates
        for k, r in enumerate(rates):
            to, back = round(1_000_00 * r), 1_000_00
            move = (to, "CNY", back, "USD") if k % 2 else (back, "USD", to, "CNY")
            moves.append(Move(f"A{k}", f"B{k}", day * DAY + k, *move))
    moves += [plain(f"C{day}", "D", day * DAY + 999, 100_000_00, "USD") for day in range(5)]
    ledger = ledger_of(sorted(moves, key=lambda move: move.time))
    valuation = valuate(ledger)
    whole = statistics.median(rate for rates in wanted.values() for rate in rates)
    seen = ledger.frame.with_columns(value=valuation.values).filter(pl.col("payee") == "D")["value"].to_list()
    for day, value in enumerate(seen):
        own = day in wanted and len(wanted[day]) >= ENOUGH
        rate = statistics.median(wanted[day]) if own else whole
        assert value / 100_000_00 == pytest.approx(rate, rel=1e-4), day
    (rate,) = valuation.rates
    assert (rate.days, rate.basis, rate.rate) == (3, "exchanges", pytest.approx(whole, rel=1e-4))
    assert valuation.warnings == [
        "amounts are compared in CNY, at median rates of the ledger's own exchanges (by day where a day has 20 or more "
        f"of a pair): USD {rate.rate:.6g} (104 transfers, 3 days)"
    ]


def test_the_first_day_of_the_epoch_and_days_before_it_are_days_too() -> None:
    moves = [plain("F", "G", 0, 100, "CNY") for _ in range(100)]
    for day, much in ((-1, 700), (0, 800)):
        moves += [Move(f"A{k}", "B", day * DAY, much, "CNY", 100, "USD") for k in range(ENOUGH)]
        moves.append(plain("C", "D", day * DAY + 5, 100, "USD"))
    shift = int((date(1970, 1, 1) - FIRST_DAY.date()).days) * DAY
    ledger = ledger_of([move._replace(time=move.time + shift) for move in moves])
    seen = ledger.frame.with_columns(value=valuate(ledger).values).filter(pl.col("payee") == "D")["value"]
    assert seen.to_list() == [700, 800]
