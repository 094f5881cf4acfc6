"""What a freeze would have kept: whole tables of ledgers written by hand, and the simulated case."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from ledgers import FIRST_DAY, ledger_of
from traces import payments_of, simulated_trace, trace_of

import graphflow as gf
from graphflow.trace import trace
from graphflow.trace.freeze_simulator import freeze_simulator, replayed

ROWS = [
    ("V", "A", 0, 1000), ("A", "B", 10, 700), ("A", "C", 20, 200), ("B", "D", 40, 650), ("C", "D", 50, 200),
    ("D", "E", 100, 800), ("E", "D", 2000, 5),
]  # fmt: skip


def kept(table: pl.DataFrame) -> dict[tuple[int, str], int]:
    return {(delay, number): money for delay, number, money in table.select("delay_minutes", "accounts", "kept").rows()}


def test_each_delay_freezes_what_was_there_then() -> None:
    table = freeze_simulator(trace_of(ROWS, [0]), accounts=(1, 2, None), delays=(0, 15, 30, 60, 120))
    assert kept(table) == {
        (0, "1"): 1000, (0, "2"): 1000, (0, "all"): 1000,
        (15, "1"): 700, (15, "2"): 1000, (15, "all"): 1000,
        (30, "1"): 700, (30, "2"): 900, (30, "all"): 1000,
        (60, "1"): 850, (60, "2"): 950, (60, "all"): 1000,
        (120, "1"): 800, (120, "2"): 900, (120, "all"): 1000,
    }  # fmt: skip
    assert set(table["lost"]) == {1000}
    assert table["share"].to_list() == [round(k / 1000, 4) for k in table["kept"]]
    assert table.filter(accounts="all")["frozen"].to_list() == [1, 2, 3, 3, 4]


def test_the_last_report_is_the_last_payment_and_each_report_the_victims_own() -> None:
    rows = [("V", "A", 0, 1000), ("A", "B", 10, 1000), ("B", "X", 25, 1000), ("W", "A", 30, 400), ("A", "B", 45, 300),
            ("X", "Y", 90, 1)]  # fmt: skip
    both = trace_of(rows, [0, 3])
    assert kept(freeze_simulator(both, accounts=(None,), delays=(0, 20))) == {(0, "all"): 1400, (20, "all"): 1400}
    each = freeze_simulator(both, reported="each", accounts=(1,), delays=(0, 20))
    assert each.select("reported", "delay_minutes", "frozen", "kept", "lost", "share").rows() == [
        ("each", 0, 2, 1400, 1400, 1.0),
        ("each", 20, 2, 1300, 1400, 0.9286),
    ]


def test_beyond_the_records_it_says_so() -> None:
    table = freeze_simulator(trace_of(ROWS, [0]), accounts=(None,), delays=(1440, 2000, 2001))
    assert table["recorded"].to_list() == [True, True, False]


def test_a_payment_of_nothing_keeps_nothing() -> None:
    nothing = trace_of([("V", "A", 0, 0)], [0])
    table = freeze_simulator(nothing, accounts=(1,), delays=(0,))
    assert table.select("frozen", "kept", "lost", "share").rows() == [(0, 0, 0, None)]
    assert [t.height for t in (nothing.choke_points, nothing.key_accounts, nothing.early_warning)] == [0, 0, 0]


def test_gateways_and_the_end_of_the_trail_are_not_frozen() -> None:
    rows = [("V", "A", 0, 1000), ("A", "G", 1, 600), ("A", "CASH", 2, 300)]
    table = freeze_simulator(trace_of(rows, [0], {"G": "gateway"}), accounts=(None,), delays=(0, 5))
    assert table.select("frozen", "kept").rows() == [(1, 1000), (1, 100)]


def test_money_that_changed_its_currency_has_its_own_line() -> None:
    rows = [("V", "A", 0, 1000), ("A", "A", 1, 700), ("A", "B", 2, 90, "USD")]
    ledger = ledger_of(rows)
    changed = ledger.frame.with_columns(
        received=pl.when(pl.col("tx") == "t1").then(90).otherwise("received"),
        received_currency=pl.when(pl.col("tx") == "t1").then(pl.lit("USD")).otherwise("received_currency"),
    )
    ledger = gf.Ledger.from_frame(changed.with_columns(pl.col("received_currency").cast(pl.Categorical)))
    found = freeze_simulator(
        trace(gf.FlowGraph(ledger), payments_of(ledger, pl.Series([0], dtype=pl.UInt32))), accounts=(5,), delays=(0, 5)
    )
    assert found.select("delay_minutes", "currency", "kept", "lost", "share").rows() == [
        (0, "CNY", 1000, 1000, 1.0),
        (5, "CNY", 300, 1000, 0.3),
        (5, "USD", 90, 0, None),
    ]


def test_a_replay_knows_nothing_of_what_came_later() -> None:
    whole = trace_of(ROWS, [0])
    then = replayed(whole, FIRST_DAY.replace(tzinfo=whole.now.tzinfo) + timedelta(minutes=45))
    short = trace_of(ROWS[:4], [0])
    columns = ["account", "fifo", "pro_rata", "since"]
    assert then.holdings.select(columns).rows() == short.holdings.select(columns).rows()
    assert then.holdings.select("account", "balance").rows() == [("A", 100), ("B", 50), ("C", 200), ("D", 650)]
    assert whole.flow.ledger.height == len(ROWS)


@pytest.mark.parametrize("number", ["1", "2", "5", "10", "20", "all"])
def test_in_the_simulated_case_more_accounts_never_keep_less(number: str) -> None:
    whole = simulated_trace()
    table = whole.freeze_simulator
    assert table.height == 6 * 8
    part = table.filter(accounts=number)
    every = table.filter(accounts="all")
    assert (part["kept"] <= every["kept"]).all()
    assert (every["kept"] <= every["lost"]).all()
    assert set(every["lost"]) == {whole.payments["amount"].sum()}
    last = replayed(whole, whole.now)
    assert last.holdings["fifo"].to_list() == whole.holdings["fifo"].to_list()
