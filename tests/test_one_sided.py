"""One-sided records: which way money went, and where it went when nobody is named; whole expected values."""

from __future__ import annotations

from pathlib import Path

import pytest
from returns import REVERSAL, TAKEN_BACK, Cells, counts, edges, missing, read, reasons, row, statement

from graphflow.errors import SourceError
from graphflow.read.one_sided.direction import IN_WORDS, OUT_WORDS


def reworded(rows: list[Cells], into: str, out: str) -> list[Cells]:
    return [{**cells, "way": into if cells["way"] == "进" else out} for cells in rows]


# --- direction words --------------------------------------------------------------------------------


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


# --- amounts below zero -----------------------------------------------------------------------------


def test_a_row_without_a_word_goes_as_its_balance_moved(tmp_path: Path) -> None:
    rows = statement("A", "进9 出2 进1 出3")
    bare = [{**cells, "way": ""} if k in (1, 2) else cells for k, cells in enumerate(rows)]
    assert edges(read(tmp_path, bare)) == edges(read(tmp_path, rows))


def test_a_row_without_a_word_that_no_balance_tells_is_rejected(tmp_path: Path) -> None:
    rows = statement("A", "进9 出2 进1")
    rows[1] = {**rows[1], "way": "", "balance": ""}
    ledger = read(tmp_path, rows)
    assert ledger.rejected["reason"].to_list() == ["no word for the direction, and no balance tells it"]
    assert ledger.sources[0].rows["rejected"] == 1


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


# --- typed ends -------------------------------------------------------------------------------------


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
