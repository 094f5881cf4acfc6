"""Statements of any bank: which way money went by sign, side or column; whose account it is; and what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from returns import balanced, counts, edges, reasons

from graphflow import Ledger, read_ledger
from graphflow.errors import ColumnError, SourceError


def read(folder: Path, *lines: str, **options: Any) -> Ledger:
    path = folder / "statement.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    ledger = read_ledger(path, **options)
    balanced(ledger)
    assert ledger.sources[0].dialect == "statement"
    return ledger


HEADER = "Date,Account,Counterparty,Amount,Currency"


# --- signs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["-5.00", "(5.00)", "5.00-", "- 5.00", "−5.00", "－5.00", "€-5.00", "-€5.00", "（5.00）", "5.00 DR", "5.00Dr."],
)
def test_money_out(text: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, HEADER, f"2026-01-05,A,B,{text},EUR", "2026-01-06,A,B,-7.00,EUR")
    assert edges(ledger) == [("A", "B", 500), ("A", "B", 700)]


@pytest.mark.parametrize("text", ["5.00", "+5.00", "5.00+", "€ 5.00", "5.00 Cr", "5.00CR", "€+5.00"])
def test_money_in(text: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, HEADER, f"2026-01-05,A,B,{text},EUR", "2026-01-06,A,B,-7.00,EUR")
    assert edges(ledger) == [("B", "A", 500), ("A", "B", 700)]


@pytest.mark.parametrize("text", ["5-10", "2026-01-05", "abc", "--5", "5.00 xx", "1 2 3 4"])
def test_a_sign_does_not_make_an_amount(text: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, HEADER, f"2026-01-05,A,B,{text},EUR", "2026-01-06,A,B,-7.00,EUR")
    assert edges(ledger)[-1] == ("A", "B", 700)
    told = [(number, reason.partition(" (")[0]) for _, number, reason in reasons(ledger)]
    assert told == [(1, "not an amount")] or text == "--5"


def test_amounts_without_any_sign_are_asked_for(tmp_path: Path) -> None:
    lines = [HEADER, "2026-01-05,A,B,5.00,EUR", "2026-01-06,A,B,7.00,EUR"]
    with pytest.raises(SourceError) as error:
        read(tmp_path, *lines)
    assert str(error.value) == (
        f'{tmp_path}/statement.csv: cannot tell whether "(no sign)" means money in or out: the balances do not prove '
        "it; say it with --in-words WORD or --out-words WORD"
    )
    assert edges(read(tmp_path, *lines, out_words=["(no sign)"])) == [("A", "B", 500), ("A", "B", 700)]


def test_amounts_without_any_sign_that_balances_prove(tmp_path: Path) -> None:
    lines = [f"2026-01-{day:02},A,B,1.00,{100 - day}.00" for day in range(1, 6)]
    ledger = read(tmp_path, "Date,Account,Counterparty,Amount,Balance", *lines, currency="EUR")
    assert edges(ledger) == [("A", "B", 100)] * 5
    assert ledger.sources[0].direction == "(no sign) = out (100 % of 4 balances agree)"


def test_a_minus_that_means_money_in(tmp_path: Path) -> None:
    """A credit card's statement counts what is owed: the balance contradicts the minus, and that is asked about."""
    moves, owed, lines = [-50, 20, -70, 30, 10, -40], 500, []
    for day, move in enumerate(moves, 1):
        owed -= move
        lines.append(f"2026-01-{day:02},A,B,{move}.00,{owed}.00")
    lines.append(f"2026-01-07,A,B,-5.00,{owed + 5}.00")
    header = "Date,Account,Counterparty,Amount,Balance"
    with pytest.raises(SourceError, match='"-" usually means money out, but the balance rises by the amount in 3 of 3'):
        read(tmp_path, header, *lines)


# --- two columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [("Debit", "Credit"), ("Withdrawals", "Deposits"), ("Withdrawal Amt.", "Deposit Amt."), ("Paid out", "Paid in"),
     ("Money Out", "Money In"), ("支出", "收入"), ("借方发生额", "贷方发生额")],
)  # fmt: skip
def test_two_columns(names: tuple[str, str], tmp_path: Path) -> None:
    header = f"Date,Description,{names[0]},{names[1]},Balance"
    lines = [
        "2026-01-05,rent,5.00,,95.00",
        "2026-01-06,pay,0.00,7.50,102.50",
        '2026-01-07,ATM cash,"1,000.00",0,-897.50',
    ]
    ledger = read(tmp_path, header, *lines, account="me", currency="EUR")
    assert edges(ledger) == [("me", "UNKNOWN:me", 500), ("UNKNOWN:me", "me", 750), ("me", "CASH", 100000)]
    assert ledger.sources[0].direction == "credit = in, debit = out (100 % of 2 balances agree)"
    assert not ledger.gaps.height


def test_two_columns_with_commas_before_the_decimals(tmp_path: Path) -> None:
    header = "Datum;Date;Details;Debit;Credit;Balance"
    lines = ["1;05.01.2026;Miete;1.250,00;0,00;98.750,00", "2;16.01.2026;Lohn;0,00;7,50;98.757,50"]
    ledger = read(tmp_path, header, *lines, account="me", currency="EUR")
    assert edges(ledger) == [("me", "UNKNOWN:me", 125000), ("UNKNOWN:me", "me", 750)]


def test_rows_of_two_columns_that_are_none(tmp_path: Path) -> None:
    header = "Date,Account,Counterparty,Debit,Credit"
    lines = ["2026-01-05,A,B,5.00,6.00", "2026-01-05,A,B,n/a,", "2026-01-05,A,B,five,", "2026-01-05,A,B,5.00,"]
    ledger = read(tmp_path, header, *lines, currency="EUR")
    assert edges(ledger) == [("A", "B", 500)]
    told = [(number, reason.partition(" (")[0]) for _, number, reason in reasons(ledger)]
    assert told == [(1, "both a debit and a credit amount"), (2, "zero amount: nothing moved: 0"), (3, "not an amount")]
    assert counts(ledger) == {"read": 4, "accepted": 1, "excluded": 1, "rejected": 2}


# --- a column of directions ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Dr/Cr", "Direction", "Debit/Credit", "CdtDbtInd", "In/Out", "借贷方向"])
def test_a_column_of_directions(name: str, tmp_path: Path) -> None:
    lines = ["2026-01-05,001,B,5.00,D", "2026-01-06,001,B,7.00,C"]
    ledger = read(tmp_path, f"Date,Account No,Counterparty Account,Value,{name}", *lines, currency="EUR")
    assert edges(ledger) == [("001", "B", 500), ("B", "001", 700)]


# --- whose statement it is -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "account"),
    [
        ("Account number: 0012345678", "0012345678"),
        ("IBAN: DE02 1203 0000 0000 2020 51", "DE02120300000000202051"),
        ("账号：6200000000000000001", "6200000000000000001"),
        ("卡号 6200 0000 0000 0000 001", "6200000000000000001"),
        ("Account No. 12-345-678", "12345678"),
    ],
)
def test_a_title_line_names_it(title: str, account: str, tmp_path: Path) -> None:
    lines = ["2026-01-05,rent,-5.00,95.00", "2026-01-06,pay,7.00,102.00", "2026-01-07,fee,-1.00,101.00"]
    ledger = read(tmp_path, title, "Period,January", "", "Date,Description,Amount,Balance", *lines, currency="EUR")
    assert edges(ledger)[0] == (account, f"UNKNOWN:{account}", 500)
    assert ledger.statements["account"].to_list() == [account]


def test_nothing_names_it(tmp_path: Path) -> None:
    lines = ["Date,Description,Amount,Balance", "2026-01-05,rent,-5.00,95.00"]
    with pytest.raises(ColumnError) as error:
        read(tmp_path, *lines)
    assert str(error.value) == (
        f"{tmp_path}/statement.csv: is a statement that does not name its own account; say --account NUMBER, or which "
        "column has it with --map payer=HEADER"
    )
    assert edges(read(tmp_path, *lines, account="007")) == [("007", "UNKNOWN:007", 500)]


def test_a_number_is_the_same_with_the_spaces_people_write(tmp_path: Path) -> None:
    lines = [
        "2026-01-05,DE02 1203 0000 0000 2020 51,DE88100900001234567892,-5.00,EUR",
        "2026-01-05,DE88 1009 0000 1234 5678 92,DE02120300000000202051,5.00,EUR",
        "2026-01-06,6228 4800 0000 0000 001,Sample Shop No 1,-6.00,EUR",
    ]
    ledger = read(tmp_path, "Date,IBAN,Counterparty IBAN,Amount,Currency", *lines)
    assert edges(ledger) == [
        ("DE02120300000000202051", "DE88100900001234567892", 500),
        ("6228480000000000001", "Sample Shop No 1", 600),
    ]


# --- what it is taken for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["time,payer,payee,amount,balance", "date,from,to,value,direction", "时间,付款账号,收款账号,金额,余额"]
)
def test_two_sides_are_no_statement(header: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n2026-01-05 09:00:00,A,B,5.00,1\n", "utf-8")
    ledger = read_ledger(path)
    assert ledger.sources[0].dialect == "plain"
    assert edges(ledger) == [("A", "B", 500)]


def test_a_mapping_names_the_columns(tmp_path: Path) -> None:
    mapping = {"time": "Wann", "payer": "Konto", "payee": "Gegenkonto", "paid": "Betrag", "direction": "S/H"}
    ledger = read(
        tmp_path, "Wann,Konto,Gegenkonto,Betrag,S/H", "2026-01-05,A,B,5.00,S", "2026-01-05,A,B,6.00,H",
        mapping=mapping, in_words=["H"], out_words=["S"],
    )  # fmt: skip
    assert sorted(edges(ledger)) == [("A", "B", 500), ("B", "A", 600)]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Account,Counterparty,Amount,Balance", 'no column for "time"'),
        ("Date,Account,Counterparty,Direction", 'no column for "amount"'),
    ],
)
def test_a_column_that_is_missing(header: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match=said):
        read(tmp_path, header, "A,B,5.00,6.00")


# --- both sides, balances, dates -----------------------------------------------------------------


def test_both_sides_of_a_transfer(tmp_path: Path) -> None:
    lines = ["2026-01-05 09:00:00,A,B,-5.00,EUR", "2026-01-05 09:01:30,B,A,5.00,EUR"]
    ledger = read(tmp_path, HEADER, *lines)
    assert edges(ledger) == [("A", "B", 500)]
    assert counts(ledger) == {"read": 2, "accepted": 1, "paired": 1}


def test_currencies_are_not_paired(tmp_path: Path) -> None:
    lines = ["2026-01-05 09:00:00,A,B,-5.00,EUR", "2026-01-05 09:00:00,B,A,5.00,USD"]
    assert edges(read(tmp_path, HEADER, *lines)) == [("A", "B", 500)] * 2
    ledger = read(tmp_path, HEADER, *lines, "2026-01-05 09:01:00,B,A,5.00,EUR")
    assert list(ledger.frame.select("paid_currency", "twin_row").iter_rows()) == [("EUR", 3), ("USD", None)]


def test_balances_with_a_side(tmp_path: Path) -> None:
    lines = ["2026-01-05,A,B,5.00 Dr,3.00 Cr", "2026-01-06,A,B,7.00 Dr,4.00 Dr", "2026-01-07,A,B,9.00 Cr,5.00 Cr"]
    ledger = read(tmp_path, "Date,Account,Counterparty,Amount,Balance", *lines, currency="INR")
    assert ledger.sources[0].direction == "CR = in, DR = out (100 % of 2 balances agree)"
    assert not ledger.gaps.height
    assert ledger.statements["balance"].to_list() == [500]


def test_newest_first_with_a_row_missing(tmp_path: Path) -> None:
    lines = [
        "2026-01-08,A,B,-1.00,11.00",
        "2026-01-07,A,B,2.00,12.00",
        "2026-01-05,A,B,-3.00,17.00",
        "2026-01-05,A,B,20.00,20.00",
    ]
    ledger = read(tmp_path, "Date,Account,Counterparty,Amount,Balance", *lines, currency="EUR")
    assert list(ledger.gaps.select("account", "amount", "row_before", "row_after").iter_rows()) == [("A", -700, 3, 2)]


@pytest.mark.parametrize("text", ["01/02/2026", "1-2-2026"])
def test_day_and_month_either_way(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="could be day first or month first"):
        read(tmp_path, HEADER, f"{text},A,B,-5.00,EUR")
