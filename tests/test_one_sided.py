"""One-sided records → transfers, rule by rule: what is read of a few rows, in whole expected values."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns import Cells, counts, edges, read, reasons, row, write

from graphflow import Ledger, read_ledger
from graphflow.errors import GraphflowError, SourceError
from graphflow.read.one_sided.direction import IN_WORDS, OUT_WORDS

TAKEN_BACK, REVERSAL = "taken back by the reversal that is named", "a reversal of the transfer that is named"


def statement(own: str, moves: str, *, opening: int = 0, day: str = "2026-01-05", other: str = "B") -> list[Cells]:
    """Rows of one account with balances, a minute apart: "出5 进7" in whole yuan."""
    rows, balance = [], opening
    for k, move in enumerate(moves.split()):
        way, amount = move[0], int(move[1:])
        balance += amount if way in "进贷2C" else -amount
        rows.append(row(own, way, f"{amount}.00", other, f"{day} 09:{k:02}:00", balance=f"{balance}.00"))
    return rows


def reworded(rows: list[Cells], into: str, out: str) -> list[Cells]:
    return [{**cells, "way": into if cells["way"] == "进" else out} for cells in rows]


# --- direction words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "way"),
    [
        *((word, "out") for word in ("出", "借", "支", "付", "转出", "支出", "取", "-", "D", "DR", "O", "DBIT", "RC")),
        *((word, "in") for word in ("进", "贷", "收", "入", "转入", "收入", "存", "+", "C", "CR", "I", "CRDT", "RD")),
    ],
)
def test_usual_words(word: str, way: str, tmp_path: Path) -> None:
    """A debit is money out of the account. MT940: RC takes a credit back, RD a debit."""
    ledger = read(tmp_path, [row("A", word, "5.00", "B"), row("A", f" {word.lower()}\t", "6.00", "B")])
    a, b = ("A", "B") if way == "out" else ("B", "A")
    assert edges(ledger) == [(a, b, 500), (a, b, 600)]


def test_no_word_means_both() -> None:
    assert not {*OUT_WORDS} & {*IN_WORDS}
    assert all(word == word.casefold() for word in (*OUT_WORDS, *IN_WORDS))


def test_what_balances_prove_is_told(tmp_path: Path) -> None:
    ledger = read(tmp_path, statement("A", "进9 出5 出3 进7 出2"), [row("C", "借", "1.00", "D")])
    told = [source.direction for source in ledger.sources]
    assert told == [
        "出 = out, 进 = in (100 % of 4 balances agree)",
        "借 = out (no balances to prove it by)",
    ]


def test_a_word_that_is_wrong_in_one_row(tmp_path: Path) -> None:
    """The row is taken as it says, and the balances beside it do not close."""
    rows = statement("A", " ".join(["进9"] + ["出1", "进2"] * 10))
    rows[7] = {**rows[7], "way": "进"}
    ledger = read(tmp_path, rows)
    assert ledger.sources[0].direction == "出 = out, 进 = in (95 % of 20 balances agree)"
    assert edges(ledger)[7] == ("B", "A", 100)
    assert missing(ledger) == [("A", "CNY", -200, 7, 8)]


@pytest.mark.parametrize(("out", "into"), [("1", "2"), ("2", "1")])
def test_codes_are_proved_by_balances(out: str, into: str, tmp_path: Path) -> None:
    """Of two public tools one reads 1 as out and the other as in: only balances tell."""
    moves = "进900 出50 出30 进70 出20 进10 进40"
    rows = reworded(statement("A", moves), into, out)
    ledger = read(tmp_path, rows)
    meaning = sorted([f"{out} = out", f"{into} = in"])
    assert ledger.sources[0].direction == ", ".join(meaning) + " (100 % of 6 balances agree)"
    assert edges(ledger)[:2] == [("B", "A", 90000), ("A", "B", 5000)]


def test_codes_without_balances_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, [row("A", "1", "5.00", "B"), row("A", "2", "6.00", "B"), row("A", "出", "7.00", "B")])
    assert str(error.value) == (
        f'{tmp_path}/1.csv: cannot tell whether "1", "2" (beside 出) means money in or out: the balances do not prove '
        "it; say it with --in-words WORD or --out-words WORD"
    )


def test_two_balances_are_no_proof(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match='cannot tell whether "B"'):
        read(tmp_path, [{**cells, "way": "B"} for cells in statement("A", "出5 出3 出4", opening=100)])


def test_words_that_are_said(tmp_path: Path) -> None:
    rows = [row("A", "1", "5.00", "B"), row("A", "Zwei", "6.00", "B")]
    ledger = read(tmp_path, rows, in_words=["1"], out_words=["zwei"])
    assert edges(ledger) == [("B", "A", 500), ("A", "B", 600)]


def test_a_contradiction_is_said(tmp_path: Path) -> None:
    rows = reworded(statement("A", "进9 进5 进3 进7 出2 出1"), "借", "贷")
    with pytest.raises(SourceError) as error:
        read(tmp_path, rows)
    assert str(error.value) == (
        f'{tmp_path}/1.csv: "借" usually means money out, but the balance rises by the amount in 3 of 3 such rows; say '
        "what it means with --in-words or --out-words"
    )
    ledger = read(tmp_path, rows, in_words=["借"], out_words=["贷"])
    assert ledger.sources[0].direction == "借 = in, 贷 = out (100 % of 5 balances agree)"


def test_each_file_has_its_own_words(tmp_path: Path) -> None:
    moves = "进9 进5 进3 进7 出2 出1 出3"
    one, two = reworded(statement("A", moves), "1", "2"), reworded(statement("C", moves), "2", "1")
    ledger = read(tmp_path, one, two)
    assert [source.direction.partition(" (")[0] for source in ledger.sources] == ["1 = in, 2 = out", "1 = out, 2 = in"]
    assert {(payer, payee) for payer, payee, _ in edges(ledger)[:4]} == {("B", "A"), ("B", "C")}


def test_a_row_without_a_word(tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("A", "出", "5.00", "B"), row("A", "", "6.00", "B"), row("A", "-", "7.00", "B")])
    assert edges(ledger) == [("A", "B", 500), ("A", "B", 700)]  # a minus is a word, whatever it is elsewhere
    assert reasons(ledger) == [("1.csv", 2, "empty")]
    assert ledger.rejected["column"].to_list() == ["收付标志"]


# --- amounts below zero --------------------------------------------------------------------------


def test_a_negative_amount_of_money_out_is_money_out(tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("A", "出", "-5.00", "B"), row("A", "出", "6.00", "B")])
    assert edges(ledger) == [("A", "B", 500), ("A", "B", 600)]


def test_a_negative_amount_of_money_in_is_a_contradiction(tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("A", "进", "-5.00", "B"), row("A", "进", "6.00", "B")])
    assert edges(ledger) == [("B", "A", 600)]
    assert reasons(ledger) == [("1.csv", 1, "a negative amount of money in, and nothing says it is a reversal")]
    assert counts(ledger) == {"read": 2, "accepted": 1, "rejected": 1}


def test_the_lowest_amount_that_has_no_opposite(tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("A", "出", "-92233720368547758.08", "B"), row("A", "出", "5.00", "B")])
    assert edges(ledger) == [("A", "B", 500)]
    ((_, number, reason),) = reasons(ledger)
    assert (number, reason.partition(" (")[0]) == (1, "not an amount")


def test_a_balance_says_that_a_negative_amount_is_only_a_way_of_writing(tmp_path: Path) -> None:
    rows = statement("A", "进9 出5 进7 出2 进4")
    ledger = read(tmp_path, [rows[0], *({**cells, "amount": f"-{cells['amount']}"} for cells in rows[1:])])
    assert edges(ledger) == [("B", "A", 900), ("A", "B", 500), ("B", "A", 700), ("A", "B", 200), ("B", "A", 400)]


def test_a_balance_says_that_a_negative_amount_went_the_other_way(tmp_path: Path) -> None:
    """A red entry: the balance rises after money "out" of -5."""
    rows = statement("A", "进9 出5 出1 进5 出2 出1")
    rows[3] = {**rows[3], "way": "出", "amount": "-5.00"}
    ledger = read(tmp_path, rows)
    assert edges(ledger) == [("B", "A", 900), ("A", "B", 100), ("A", "B", 200), ("A", "B", 100)]
    assert reasons(ledger) == [("1.csv", 2, f"{TAKEN_BACK}: 1.csv"), ("1.csv", 4, f"{REVERSAL}: 1.csv")]
    assert not ledger.gaps.height


def test_a_negative_amount_takes_back_what_has_its_serial(tmp_path: Path) -> None:
    rows = [row("A", "进", "5.00", "B", serial="S1"), row("A", "进", "-5.00", "B", "10:00:00", serial="S1")]
    ledger = read(tmp_path, [*rows, row("A", "进", "5.00", "B", serial="S2")])
    assert edges(ledger) == [("B", "A", 500)]
    assert reasons(ledger) == [("1.csv", 1, f"{TAKEN_BACK}: 1.csv"), ("1.csv", 2, f"{REVERSAL}: 1.csv")]


def test_a_negative_amount_whose_text_says_reversal(tmp_path: Path) -> None:
    rows = [row("A", "出", "5.00", "B"), row("A", "出", "-5.00", "B", "10:00:00", memo="冲正")]
    ledger = read(tmp_path, [*rows, row("A", "出", "7.00", "B")])
    assert edges(ledger) == [("A", "B", 700)]
    assert counts(ledger) == {"read": 3, "accepted": 1, "excluded": 2}


# --- typed ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({"memo": "手续费"}, "FEE"),
        ({"memo": "跨行汇划费"}, "FEE"),
        ({"memo": "monthly fee"}, "FEE"),
        ({"memo": "结息"}, "INTEREST"),
        ({"memo": "利息税"}, "INTEREST"),
        ({"memo": "ATM取款"}, "CASH"),
        ({"cash": "现金"}, "CASH"),
        ({"memo": "消费", "merchant": "Sample Kiosk"}, "POS:Sample Kiosk"),
        ({"memo": "消费", "other_name": "Sample Cinema"}, "POS:Sample Cinema"),
        ({"merchant": "Sample Kiosk"}, "POS:Sample Kiosk"),
        ({"memo": "消费"}, "UNKNOWN:A"),
        ({}, "UNKNOWN:A"),
        ({"other_name": "Resident 0001"}, "UNKNOWN:A:Resident 0001"),
        ({"other": "0", "other_name": "Resident 0001"}, "UNKNOWN:A:Resident 0001"),
        ({"other": "00000000"}, "UNKNOWN:A"),
        ({"other": "\\N"}, "UNKNOWN:A"),
        ({"other": "无"}, "UNKNOWN:A"),
        ({"other": "6.22848E+18"}, "UNKNOWN:A:6.22848E+18"),
        ({"other": "6.22848e18"}, "UNKNOWN:A:6.22848e18"),
        ({"other": "6228480000000000001_156_1"}, "6228480000000000001"),
        ({"other": "B", "memo": "手续费"}, "B"),
        ({"memo": "coffee"}, "UNKNOWN:A"),
    ],
)
def test_ends(more: dict[str, str], end: str, tmp_path: Path) -> None:
    rows = [row("A", "出", "5.00", **more), row("A", "进", "6.00", time="10:00:00", **more)]
    assert edges(read(tmp_path, rows)) == [("A", end, 500), (end, "A", 600)]


def test_two_accounts_that_deal_with_nobody_named_do_not_meet(tmp_path: Path) -> None:
    cut = {"other": "6.22848E+18", "other_name": "Resident 0001"}
    ledger = read(tmp_path, [row("A", "出", "5.00", **cut), row("B", "进", "5.00", **cut), row("C", "进", "5.00")])
    parties = {party for payer, payee, _ in edges(ledger) for party in (payer, payee)} - {"A", "B", "C"}
    assert parties == {"UNKNOWN:A:6.22848E+18", "UNKNOWN:B:6.22848E+18", "UNKNOWN:C"}


# --- delivered twice, and legitimate repeats -----------------------------------------------------


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


# --- twins ---------------------------------------------------------------------------------------


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


# --- reversals -----------------------------------------------------------------------------------

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


# --- identities ----------------------------------------------------------------------------------


def accounts(*rows: tuple[str, str, str]) -> list[Cells]:
    """An account list: card, account, holder."""
    return [
        {"own": card, "account": account, "holder": holder, "name": f"Holder {holder}"}
        for card, account, holder in rows
    ]


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


# --- gaps ----------------------------------------------------------------------------------------


def missing(ledger: Ledger) -> list[tuple[object, ...]]:
    names = ("account", "currency", "amount", "row_before", "row_after")
    return list(ledger.gaps.select(*names).iter_rows())


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


# --- whatever stands in the cells ----------------------------------------------------------------

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
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_the_cells(rows: list[dict[str, str]]) -> None:
    """Every row is accounted for, or one line says why nothing can be read."""
    half = len(rows) // 2
    with tempfile.TemporaryDirectory() as folder, suppress(GraphflowError):
        read(Path(folder), rows[:half], rows[half:], in_words=["1"])
