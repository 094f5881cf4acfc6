"""Early warning: ledgers written by hand with near misses, and victims of the simulated case who did not report."""

from __future__ import annotations

import polars as pl
import pytest
from traces import simulated, simulated_trace, trace_of

from graphflow.trace import Trace

DAY = 1440
HOUR = 60
BASE = [("V", "A", 0, 500_000), ("A", "B", 10, 490_000)]
SWEEP = ("A", "B", 200, 800_000)


def warned(trace: Trace, kind: str = "still paying") -> dict[str, str]:
    table = trace.early_warning.filter(kind=kind)
    return dict(table.select("account", "why").iter_rows())


def test_who_pays_the_collector_next_is_warned() -> None:
    rows = [*BASE, ("P", "A", 100, 300_000), ("P", "A", 130, 450_000), SWEEP]
    table = trace_of(rows, [0]).early_warning
    assert table.select("kind", "account", "payee", "amount", "currency", "payments", "transaction", "row").rows() == [
        ("still paying", "P", "A", 450_000, "CNY", 2, "t3", 4)
    ]
    assert f"{table['last_payment'][0]:%H:%M}" == "02:10"
    assert table["why"][0] == (
        "2 payments within 30 minutes after it began collecting, none before; near or above the reported amounts; "
        "nothing came back (4,500.00 CNY last)"
    )


@pytest.mark.parametrize(
    "more",
    [
        [("P", "A", 100, 200_000)],  # less than half of what was reported
        [("P", "A", 100, 400_000), ("A", "B", 120, 10_000), ("A", "P", 150, 100_000)],  # a quarter came back
        [("P", "A", 100, 400_000), ("P", "A", 5 * DAY, 400_000)],  # not within 72 hours
        [("B", "A", 100, 400_000)],  # of the trail itself
        [("V", "A", 100, 400_000)],  # the victim, known already
    ],
)
def test_whose_dealings_are_not_like_a_victims(more: list[tuple[object, ...]]) -> None:
    assert warned(trace_of([*BASE, *more, ("A", "B", 6 * DAY, 800_000)], [0])) == {}


def test_who_paid_it_before_is_an_old_acquaintance() -> None:
    rows = [("P", "A", 0, 400_000), ("V", "A", 10, 500_000), ("P", "A", 20, 400_000), ("A", "B", 30, 1_200_000)]
    assert warned(trace_of(rows, [1])) == {}


def test_customers_of_a_shop_are_not_warned() -> None:
    rows = [*BASE, ("P", "A", 100, 450_000), SWEEP]
    assert set(warned(trace_of(rows, [0]))) == {"P"}
    assert warned(trace_of(rows, [0], {"A": "merchant"})) == {}
    keeps = [("V", "A", 0, 500_000), ("P", "A", 100, 450_000), ("Q", "A", 101, 450_000), ("A", "B", 5 * DAY, 10)]
    assert warned(trace_of(keeps, [0])) == {}, "it keeps its takings"
    assert set(warned(trace_of(keeps[:3], [0]))) == {"P", "Q"}, "it has paid nobody yet"
    assert warned(trace_of(rows, [0], {"P": "payroll"})) == {}


def test_an_account_that_the_trail_tests_is_being_readied() -> None:
    clean = [("S", "B", 0, 100_000), *BASE, ("B", "N", 300, 1), ("B", "N", 301, 2)]
    table = trace_of(clean, [1]).early_warning
    assert table.select("kind", "account", "payee", "amount", "payments", "transaction").rows() == [
        ("being readied", "N", "N", 2, 2, "t4")
    ]
    assert table["why"][0] == "2 tiny payments from 1 account of the trail, nothing large yet (0.02 CNY last)"


@pytest.mark.parametrize(
    "more",
    [
        [("S", "N", 310, 200_000)],  # a large one came: in use
        [(f"C{k}", "N", 250 + k, 500) for k in range(6)],  # a kiosk
        [("V", "B", 9 * DAY, 10)],  # long ago
    ],
)
def test_a_small_purchase_readies_nobody(more: list[tuple[object, ...]]) -> None:
    clean = [("S", "B", 0, 100_000), *BASE, ("B", "N", 300, 1)]
    rows = sorted([*clean, *more], key=lambda row: float(str(row[2])))
    assert "N" in warned(trace_of(clean, [1]), "being readied")
    assert warned(trace_of(rows, [1]), "being readied") == {}


def test_an_account_that_wakes_and_is_paid_by_the_trail() -> None:
    rows = [("N", "S", 0, 100), ("S", "B", 120 * DAY - 5, 60_000_00), ("V", "A", 120 * DAY, 500_000),
            ("A", "B", 120 * DAY + 10, 490_000), ("B", "N", 120 * DAY + 20, 60_000_00)]  # fmt: skip
    found = warned(trace_of(rows, [2]), "being readied")
    assert found == {"N": "idle for 120 days, now paid by an account of the trail (60,000.00 CNY last)"}
    awake = [*rows[:1], ("N", "S", 100 * DAY, 100), *rows[1:]]
    assert warned(trace_of(awake, [3]), "being readied") == {}


def test_victims_of_the_simulated_case_who_did_not_report_are_warned() -> None:
    trace, gang = simulated_trace(20), simulated().truth["gang"]
    frame = trace.flow.ledger.frame.filter(pl.col("payee").is_in(gang["tier_1"]))
    known, silent = gang["victims"][:20], gang["victims"][20:]
    begun = frame.filter(pl.col("payer").is_in(known)).group_by("payee").agg(begun=pl.col("time").min())
    after = frame.filter(pl.col("payer").is_in(silent)).join(begun, on="payee")
    after = after.group_by("payer").agg((pl.col("time") > pl.col("begun")).all(), pl.col("paid").max())
    least = trace.payments["amount"].min() / 2
    expected = set(after.filter("time", pl.col("paid") >= least)["payer"])
    assert expected
    assert set(warned(trace)) == expected
    assert trace.early_warning["last_payment"].is_sorted(descending=True)
