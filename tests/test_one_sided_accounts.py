"""One-sided records: numbers of one account, statements and what is missing in them, and whatever stands in cells."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples
from returns import edges, missing, read, reasons, row, statement

from graphflow import Ledger
from graphflow.errors import GraphflowError

# --- identities -------------------------------------------------------------------------------------


def known(ledger: Ledger) -> list[tuple[str, str, str]]:
    return list(ledger.identities.iter_rows())


def test_a_card_beside_its_account(tmp_path: Path) -> None:
    rows = [row("C1", "出", "5.00", "B", account="A1"), row("", "出", "6.00", "B", account="A1")]
    ledger = read(tmp_path, [*rows, row("C2", "出", "7.00", "A1")])
    assert sorted(edges(ledger)) == [("C1", "B", 500), ("C1", "B", 600), ("C2", "C1", 700)]
    assert known(ledger) == [("C1", "A1", "a row states both")]


def test_several_cards_of_one_account_go_by_the_account(tmp_path: Path) -> None:
    rows = [row(card, "出", "5.00", "B", account="A1") for card in ("C1", "C2", "C3")]
    ledger = read(tmp_path, rows)
    assert edges(ledger) == [("A1", "B", 500)] * 3
    assert known(ledger) == [("A1", f"C{k}", "a row states both") for k in (1, 2, 3)]


def test_numbers_of_different_holders_stay_apart(tmp_path: Path) -> None:
    rows = [row(f"C{k}", "出", "5.00", "B", account="A1", holder=f"00000000000000000{k}") for k in (1, 2, 3)]
    ledger = read(tmp_path, rows)
    assert {payer for payer, _, _ in edges(ledger)} == {"C1", "C2", "C3"}
    assert known(ledger) == [("C1", "A1", "a row states both")]
    assert ledger.warnings == (
        "C2 and A1 are given as one account, of different holders: kept apart (and 1 other pair)",
    )


def test_a_filler_is_no_account(tmp_path: Path) -> None:
    rows = [row(f"C{k}", "出", "5.00", "B", account="00000") for k in (1, 2, 3)]
    ledger = read(tmp_path, rows)
    assert {payer for payer, _, _ in edges(ledger)} == {"C1", "C2", "C3"}
    assert known(ledger) == []


def test_a_cut_number_is_joined_with_nobody(tmp_path: Path) -> None:
    rows = [row("6.22E+18", "出", "5.00", "B", account="A1"), row("6.22E+18", "出", "5.00", "B", account="A2")]
    ledger = read(tmp_path, rows)
    assert sorted(edges(ledger)) == [("A1", "B", 500), ("A2", "B", 500)]
    assert known(ledger) == []


# --- gaps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lost", "amount"), [(2, -300), (3, 400)])
@pytest.mark.parametrize("newest_first", [False, True])
def test_one_row_is_missing(lost: int, amount: int, newest_first: bool, tmp_path: Path) -> None:
    rows = statement("A", "进9 出1 出3 进4 出2")
    del rows[lost]
    ledger = read(tmp_path, rows[::-1] if newest_first else rows)
    before, after = (lost, lost + 1) if not newest_first else (4 - lost + 1, 4 - lost)
    assert missing(ledger) == [("A", "CNY", amount, before, after)]
    times = ledger.gaps.select("time_before", "time_after").row(0)
    assert [f"{time:%H:%M}" for time in times] == [f"09:{lost - 1:02}", f"09:{lost + 1:02}"]


def test_rows_of_one_moment_are_no_gap_in_whatever_order(tmp_path: Path) -> None:
    rows = [{**cells, "time": "2026-01-05 09:00:00"} for cells in statement("A", "进9 出1 出3 进4 出2 进7 出5")]
    first = row("A", "进", "1.00", "B", "2026-01-05 08:00:00", balance="0.00")
    for order in (rows, rows[::-1], rows[::2] + rows[1::2], rows[3:] + rows[:3]):
        assert missing(read(tmp_path, [first, *order])) == []


def test_rows_without_balance_in_between(tmp_path: Path) -> None:
    rows = statement("A", "进9 出1 出3 进4 出2")
    bare = [{**cells, "balance": ""} if k in (1, 2) else cells for k, cells in enumerate(rows)]
    assert missing(read(tmp_path, bare)) == []
    del bare[1]
    assert missing(read(tmp_path, bare)) == [("A", "CNY", -100, 2, 3)]


def test_a_failed_row_moves_no_balance(tmp_path: Path) -> None:
    rows = [{**cells, "success": "成功"} for cells in statement("A", "进9 出1 出2")]
    failed = row("A", "出", "500.00", "B", "2026-01-05 09:01:30", balance="8.00", success="失败")
    ledger = read(tmp_path, [*rows[:2], failed, rows[2]])
    assert missing(ledger) == []
    assert reasons(ledger) == [("1.csv", 3, "did not succeed: 失败")]


def test_sub_accounts_with_balances_of_their_own(tmp_path: Path) -> None:
    one, two = statement("C_1", "进9 出1 出3 进4"), statement("C_156_2", "进50 出7 出3 进4")
    mixed = [cells for pair in zip(one, two, strict=True) for cells in pair]
    ledger = read(tmp_path, mixed)
    assert missing(ledger) == []
    assert {payer for payer, _, _ in edges(ledger)} == {"C", "B"}


def test_sub_accounts_of_which_rows_do_not_all_state_the_account(tmp_path: Path) -> None:
    one, two = statement("C_1", "进9 出1 出3 进4 出2"), statement("C_156_2", "进50 出7 出3 进4 出2")
    mixed = [cells for pair in zip(one, two, strict=True) for cells in pair]
    rows = [{**cells, "account": "0012345" if k % 3 else ""} for k, cells in enumerate(mixed)]
    assert missing(read(tmp_path, rows)) == []


def test_sub_accounts_with_one_balance(tmp_path: Path) -> None:
    rows = [{**cells, "own": f"C_{k % 2}"} for k, cells in enumerate(statement("C", "进9 出1 出3 进4"))]
    assert missing(read(tmp_path, rows)) == []


def test_currencies_have_balances_of_their_own(tmp_path: Path) -> None:
    yuan = [{**cells, "currency": "人民币"} for cells in statement("A", "进9 出1 出3")]
    dollars = [{**cells, "currency": "美元"} for cells in statement("A", "进50 出1 出4")]
    ledger = read(tmp_path, [cells for pair in zip(yuan, dollars, strict=True) for cells in pair])
    assert missing(ledger) == []
    assert set(ledger.currencies) == {"CNY", "USD"}
    held = list(ledger.statements.select("account", "currency", "records", "balance").iter_rows())
    assert held == [("A", "CNY", 3, 500), ("A", "USD", 3, 4500)]


def test_a_statement_in_two_files_goes_on(tmp_path: Path) -> None:
    rows = statement("A", "进9 出1 出3 进4 出2")
    assert missing(read(tmp_path, rows[:2], rows[2:])) == []
    assert missing(read(tmp_path, rows[2:], rows[:2])) == []
    assert [amount for _, _, amount, _, _ in missing(read(tmp_path, rows[:2], rows[3:]))] == [-300]


def test_in_and_out_again_on_the_first_day_newest_first(tmp_path: Path) -> None:
    rows = [
        {**cells, "time": f"2026-01-0{5 + k // 2}"} for k, cells in enumerate(statement("A", "进500 出500 进30 出10"))
    ]
    assert missing(read(tmp_path, rows)) == []
    assert missing(read(tmp_path, rows[::-1])) == []


def test_the_days_of_a_statement(tmp_path: Path) -> None:
    days = [datetime(2026, 1, 5) + timedelta(days=k) for k in range(4)]
    rows = [cells for day in days for cells in statement("A", "进9", day=f"{day:%Y-%m-%d}")]
    rows = [{**cells, "balance": f"{9 * k}.00"} for k, cells in enumerate(rows, 1)]
    held = read(tmp_path, rows).statements.row(0, named=True)
    assert (held["account"], held["records"], held["balance"]) == ("A", 4, 3600)
    assert all(held["last"] - held["first"] >= after - before for before, after in pairwise(days))


# --- whatever stands in the cells -------------------------------------------------------------------

NUMBERS = ("A", "B", "C_1", "C_156_1", "", "-", "0", "6.2E+18", "无", "6228480000000000001", "=A1", "é\u3000")
NASTY = {
    "own": NUMBERS,
    "account": NUMBERS,
    "other": NUMBERS,
    "holder": ("", "1", "2"),
    "time": ("2026-01-05 09:00:00", "2026-01-05 09:01:00", "2026-01-20 09:00:00", "", "2026-01-05", "9999-99-99"),
    "amount": ("5.00", "-5.00", "0", "7", "", "x", "92233720368547758.07", "1e3", "5.001", "-92233720368547758.08"),
    "balance": ("", "5.00", "10.00", "0.00", "-5", "92233720368547758.07", "-92233720368547758.07", "y"),
    "way": ("出", "进", "借", "", "1", "RD", "出"),
    "memo": ("", "冲正", "手续费", "ATM", "消费", "reversal"),
    "serial": ("", "S1", "S2", "0", "S1"),
    "currency": ("", "CNY", "美元", "JPY", "zzz"),
    "success": ("", "成功", "失败"),
    "merchant": ("", "Sample Kiosk"),
}


@given(st.lists(st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in NASTY.items()}), max_size=12))
@settings(max_examples=examples(60), deadline=None)
def test_whatever_stands_in_the_cells(rows: list[dict[str, str]]) -> None:
    """Every row is accounted for, or one line says why nothing can be read."""
    half = len(rows) // 2
    with tempfile.TemporaryDirectory() as folder, suppress(GraphflowError):
        read(Path(folder), rows[:half], rows[half:], in_words=["1"])
