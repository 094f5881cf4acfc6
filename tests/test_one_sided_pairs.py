"""One-sided records: what was delivered twice, the two sides of one transfer, and what was taken back."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from returns import REVERSAL, TAKEN_BACK, Cells, counts, edges, read, reasons, row, statement, write

from graphflow import read_ledger
from graphflow.errors import SourceError

# --- delivered twice, and legitimate repeats --------------------------------------------------------


def test_a_serial_twice_in_one_file(tmp_path: Path) -> None:
    one = row("A", "出", "5.00", "B", serial="S1")
    ledger = read(
        tmp_path, [one, one, row("A", "出", "5.00", "C", serial="S1"), row("A", "出", "5.00", "B", serial="S2")]
    )
    assert sorted(edges(ledger)) == [("A", "B", 500), ("A", "B", 500), ("A", "C", 500)]
    assert reasons(ledger) == [("1.csv", 2, "repeats a record of the same serial or balance")]
    assert counts(ledger) == {"read": 4, "accepted": 3, "duplicate": 1}


def test_statements_whose_periods_overlap(tmp_path: Path) -> None:
    """No serials, but balances: no account has the same balance after two equal rows."""
    rows = statement("A", "进9 出5 进7 出2")
    ledger = read(tmp_path, rows[:3], [*rows[1:], row("A", "出", "1.00", "B", "10:00:00", balance="8.00")])
    assert edges(ledger) == [("B", "A", 900), ("A", "B", 500), ("B", "A", 700), ("A", "B", 200), ("A", "B", 100)]
    told = "repeats a record of the same serial or balance"
    assert reasons(ledger) == [("2.csv", 1, told), ("2.csv", 2, told)]
    assert not ledger.gaps.height


def test_equal_rows_of_one_file_are_kept(tmp_path: Path) -> None:
    same = row("A", "出", "5.00", "B")
    assert counts(read(tmp_path, [same] * 25)) == {"read": 25, "accepted": 25}


def test_equal_rows_of_one_file_are_kept_whatever_their_balance(tmp_path: Path) -> None:
    """Some banks state the balance of the day in each of its rows."""
    same = row("A", "出", "5.00", "B", balance="90.00")
    assert counts(read(tmp_path, [same, same])) == {"read": 2, "accepted": 2}


def test_equal_rows_without_balances_in_two_files_are_kept(tmp_path: Path) -> None:
    same = row("A", "出", "5.00", "B")
    assert counts(read(tmp_path, [same], [same, row("A", "出", "6.00", "B")])) == {"read": 3, "accepted": 3}


def test_twenty_five_equal_payments_of_which_both_sides_are_held(tmp_path: Path) -> None:
    out, into = [row("A", "出", "5.00", "B")] * 25, [row("B", "进", "5.00", "A", "09:00:30")] * 25
    ledger = read(tmp_path, out, into)
    assert edges(ledger) == [("A", "B", 500)] * 25
    assert counts(ledger) == {"read": 50, "accepted": 25, "paired": 25}


def test_a_serial_of_zeros_is_none(tmp_path: Path) -> None:
    same = row("A", "出", "5.00", "B", serial="000000")
    back = row("A", "进", "5.00", "B", "10:00:00", serial="000000")
    assert counts(read(tmp_path, [same, same, back])) == {"read": 3, "accepted": 3}


# --- twins ------------------------------------------------------------------------------------------


def twins(apart: str, *, one: str = "", other: str = "") -> tuple[list[Cells], list[Cells]]:
    out = row("A", "出", "5.00", "B", "09:00:00", serial=one)
    return [out], [row("B", "进", "5.00", "A", apart, serial=other)]


@pytest.mark.parametrize("apart", ["08:58:00", "09:00:00", "09:02:00"])
def test_two_minutes_apart_is_one_transfer(apart: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, *twins(apart))
    assert edges(ledger) == [("A", "B", 500)]
    assert counts(ledger) == {"read": 2, "accepted": 1, "paired": 1}
    told = ledger.frame.row(0, named=True)
    assert told["time"].strftime("%H:%M:%S") == "09:00:00"  # the payer's record is the transfer
    assert (told["file"], told["row"]) == (f"{tmp_path}/1.csv", 1)
    assert (told["twin_file"], told["twin_row"]) == (f"{tmp_path}/2.csv", 1)


@pytest.mark.parametrize("apart", ["08:57:59", "09:02:01"])
def test_a_second_more_is_two(apart: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, *twins(apart))
    assert edges(ledger) == [("A", "B", 500)] * 2
    assert counts(ledger) == {"read": 2, "accepted": 2}


@pytest.mark.parametrize(("one", "other", "accepted"), [("S1", "S1", 1), ("S1", "", 1), ("", "S2", 1), ("S1", "S2", 2)])
def test_serials_of_twins(one: str, other: str, accepted: int, tmp_path: Path) -> None:
    ledger = read(tmp_path, *twins("09:00:10", one=one, other=other))
    assert counts(ledger)["accepted"] == accepted
    apart = ("1 pairs of records have the accounts, the amount and the time of one transfer but different serials: "
             "kept as two transfers each",)  # fmt: skip
    assert ledger.warnings == (apart if accepted == 2 else ())


def test_the_serial_decides_which_of_two_equal_payments(tmp_path: Path) -> None:
    out = [row("A", "出", "5.00", "B", "09:00:00", serial="S1"), row("A", "出", "5.00", "B", "09:00:20", serial="S2")]
    into = [row("B", "进", "5.00", "A", "09:00:01", serial="S2"), row("B", "进", "5.00", "A", "09:00:21", serial="S1")]
    ledger = read(tmp_path, out, into)
    assert list(ledger.frame.select("tx", "row", "twin_row").iter_rows()) == [("S1", 1, 2), ("S2", 2, 1)]


@pytest.mark.parametrize(("pairs", "accepted"), [(10, 10), (9, 18)])
def test_banks_with_serials_of_their_own(pairs: int, accepted: int, tmp_path: Path) -> None:
    out = [row("A", "出", f"{k}.00", "B", f"09:{k:02}:00", serial=f"X{k}") for k in range(1, pairs + 1)]
    into = [row("B", "进", f"{k}.00", "A", f"09:{k:02}:09", serial=f"Y{k}") for k in range(1, pairs + 1)]
    ledger = read(tmp_path, out, into)
    assert counts(ledger)["accepted"] == accepted
    assert len(ledger.warnings) == 1
    assert ledger.warnings[0].startswith("10 transfers have another serial" if pairs == 10 else "9 pairs of records")


def test_serials_that_two_files_share_keep_others_apart(tmp_path: Path) -> None:
    out = [row("A", "出", f"{k}.00", "B", f"09:{k:02}:00", serial=f"X{k}") for k in range(1, 12)]
    into = [row("B", "进", f"{k}.00", "A", f"09:{k:02}:09", serial=f"Y{k}") for k in range(1, 12)]
    into[0] = {**into[0], "serial": "X1"}
    assert counts(read(tmp_path, out, into)) == {"read": 22, "accepted": 21, "paired": 1}


def test_a_file_of_days_beside_one_of_seconds(tmp_path: Path) -> None:
    out = [row("A", "出", "5.00", "B", "2026-01-05 14:30:00"), row("A", "出", "5.00", "B", "2026-01-07 10:00:00")]
    into = [row("B", "进", "5.00", "A", "2026-01-05 "), row("B", "进", "6.00", "A", "2026-01-06 ")]
    ledger = read(tmp_path, out, into)
    assert sorted(edges(ledger)) == [("A", "B", 500), ("A", "B", 500), ("A", "B", 600)]
    merged = ledger.frame.filter(pl.col("twin_row").is_not_null())
    assert merged["time"].dt.strftime("%d %H:%M").to_list() == ["05 14:30"]


def test_each_side_tells_of_itself(tmp_path: Path) -> None:
    out = row("A", "出", "5.00", "B", name="Payer", other_name="?", balance="95.00", memo="", serial="")
    into = row("B", "进", "5.00", "A", name="Payee", other_name="!", balance="15.00", memo="rent", serial="S1")
    told = read(tmp_path, [out], [into]).frame.row(0, named=True)
    names = ("payer_name", "payee_name", "payer_balance", "payee_balance", "memo", "tx")
    assert tuple(told[name] for name in names) == ("Payer", "Payee", 9500, 1500, "rent", "S1")


def test_money_between_numbers_of_one_account(tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("A", "出", "5.00", "A", serial="S1"), row("A", "进", "5.00", "A", serial="S1")])
    assert edges(ledger) == [("A", "A", 500)]
    assert counts(ledger) == {"read": 2, "accepted": 1, "paired": 1}
    assert ledger.warnings == ()


# --- reversals --------------------------------------------------------------------------------------

OUT = row("A", "出", "5.00", "B", "2026-01-05 09:00:00", serial="S1", memo="转账")
KEPT = row("A", "出", "7.00", "B", "2026-01-05 09:00:00", serial="S9")


@pytest.mark.parametrize("word", ["冲正", "交易抹账", "撤销", "退汇", "payment reversal"])
@pytest.mark.parametrize("serial", ["S1", "S2", ""])
def test_a_reversal_takes_its_original_back(word: str, serial: str, tmp_path: Path) -> None:
    back = row("A", "进", "5.00", "B", "2026-01-12 09:00:00", serial=serial, memo=word)
    ledger = read(tmp_path, [OUT, KEPT, back])
    assert edges(ledger) == [("A", "B", 700)]
    assert reasons(ledger) == [("1.csv", 1, f"{TAKEN_BACK}: 1.csv"), ("1.csv", 3, f"{REVERSAL}: 1.csv")]
    told = ledger.rejected.filter(row=1)["value"][0]
    assert told == f"row 3 of {tmp_path}/1.csv"
    assert counts(ledger) == {"read": 3, "accepted": 1, "excluded": 2}


def test_the_same_serial_the_other_way_round_is_a_reversal(tmp_path: Path) -> None:
    back = row("A", "进", "5.00", "B", "2026-01-06 09:00:00", serial="S1")
    assert edges(read(tmp_path, [back, KEPT, OUT])) == [("A", "B", 700)]


@pytest.mark.parametrize("serial", ["S2", ""])
def test_money_that_comes_back_is_no_reversal_unless_something_says_so(serial: str, tmp_path: Path) -> None:
    back = row("A", "进", "5.00", "B", "2026-01-06 09:00:00", serial=serial, memo="转账")
    assert edges(read(tmp_path, [OUT, back])) == [("A", "B", 500), ("B", "A", 500)]


def test_a_reversal_that_is_taken_back(tmp_path: Path) -> None:
    """The money did move in the end: a reversal takes back no reversal."""
    back = row("A", "进", "5.00", "B", "2026-01-06 09:00:00", memo="冲正")
    again = row("A", "出", "5.00", "B", "2026-01-07 09:00:00", memo="冲正")
    ledger = read(tmp_path, [OUT, back, again])
    assert list(ledger.frame.select("payer", "payee", "row").iter_rows()) == [("A", "B", 3)]


def test_a_reversal_after_more_than_a_week(tmp_path: Path) -> None:
    back = row("A", "进", "5.00", "B", "2026-01-12 09:00:01", serial="S2", memo="冲正")
    ledger = read(tmp_path, [OUT, back])
    assert edges(ledger) == [("A", "B", 500), ("B", "A", 500)]
    assert ledger.warnings == ("1 reversal without the transfer taken back: kept as transfers of their own",)


@pytest.mark.parametrize("change", [{"amount": "5.01"}, {"other": "C"}, {"way": "出"}, {"time": "2026-01-05 08:59:59"}])
def test_a_reversal_of_something_else(change: dict[str, str], tmp_path: Path) -> None:
    back = {**row("A", "进", "5.00", "B", "2026-01-06 09:00:00", serial="S2", memo="冲正"), **change}
    ledger = read(tmp_path, [OUT, back])
    assert ledger.height == 2
    assert ledger.warnings == ("1 reversal without the transfer taken back: kept as transfers of their own",)


def test_the_latest_original_unless_a_serial_says_which(tmp_path: Path) -> None:
    outs = [row("A", "出", "5.00", "B", f"2026-01-05 09:0{k}:00", serial=f"S{k}") for k in range(3)]
    back = row("A", "进", "5.00", "B", "2026-01-05 10:00:00", memo="冲正")
    for serial, gone in (("", "S2"), ("S1", "S1"), ("S0", "S0"), ("S7", "S2")):
        ledger = read(tmp_path, [*outs, {**back, "serial": serial}])
        assert {"S0", "S1", "S2"} - {*ledger.frame["tx"]} == {gone}


def test_each_reversal_takes_one_back(tmp_path: Path) -> None:
    outs = [row("A", "出", "5.00", "B", f"2026-01-05 09:0{k}:00") for k in range(3)]
    backs = [row("A", "进", "5.00", "B", f"2026-01-05 10:0{k}:00", memo="冲正") for k in range(2)]
    ledger = read(tmp_path, [*outs, *backs])
    assert edges(ledger) == [("A", "B", 500)]
    assert counts(ledger) == {"read": 5, "accepted": 1, "excluded": 4}


@pytest.mark.parametrize("says", [0, 1, 2])
def test_a_reversal_of_which_both_sides_are_held(says: int, tmp_path: Path) -> None:
    """Four rows, and whichever side's text says it."""
    memos = ("冲正", "转账") if says == 0 else ("转账", "冲正") if says == 1 else ("冲正", "冲正")
    ours = [OUT, KEPT, row("A", "进", "5.00", "B", "2026-01-05 10:00:00", memo=memos[0])]
    theirs = [
        row("B", "进", "5.00", "A", "2026-01-05 09:00:30", serial="S1", memo="转账"),
        row("B", "出", "5.00", "A", "2026-01-05 10:00:30", memo=memos[1]),
    ]
    ledger = read(tmp_path, ours, theirs)
    assert edges(ledger) == [("A", "B", 700)]
    assert reasons(ledger) == [
        ("1.csv", 1, f"{TAKEN_BACK}: 2.csv"),
        ("1.csv", 3, f"{REVERSAL}: 1.csv"),
        ("2.csv", 1, f"{TAKEN_BACK}: 2.csv"),
        ("2.csv", 2, f"{REVERSAL}: 1.csv"),
    ]
    assert counts(ledger) == {"read": 5, "accepted": 1, "excluded": 4}


def test_nothing_left(tmp_path: Path) -> None:
    back = row("A", "进", "5.00", "B", "2026-01-05 10:00:00", serial="S1", memo="冲正")
    with pytest.raises(SourceError, match=r"none of 2 rows is a transfer in the end; row 1: line .*taken back by"):
        read(tmp_path, [OUT, back])


def test_nothing_left_beside_a_list_of_accounts(tmp_path: Path) -> None:
    beside = tmp_path / "0.csv"
    beside.write_text("卡号,账号,账户状态\nA,00123,正常\n", "utf-8")
    path = write(tmp_path / "1.csv", [row("A", "进", "-5.00", "B")])
    with pytest.raises(SourceError, match="in the end; row 1: line: a negative amount of money in"):
        read_ledger([beside, path])
