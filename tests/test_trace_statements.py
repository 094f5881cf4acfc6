"""Traces of statements that are out of order, incomplete or frozen, and what is said where nothing can be traced.

Every case is small enough to be worked out by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from traces import trace_of

import graphflow as gf
from graphflow.cli import main
from graphflow.errors import NoPayments, SourceError
from graphflow.trace.trail import tied
from graphflow.view.trace_folder import write_trace
from graphflow.view.trace_tables import holdings_table

STATED = "account,time,direction,amount,balance,counterparty,currency,serial\n"
SKEWED = STATED + (
    "P,2026-01-01 10:00:50,out,700,300,M,CNY,S1\n"
    "M,2026-01-01 10:00:55,in,300,350,V1,CNY,S0\n"
    "M,2026-01-01 10:00:58,in,700,1050,P,CNY,S1\n"
    "M,2026-01-01 10:05:00,out,1000,50,A,CNY,S2\n"
    "M,2026-01-01 10:06:00,in,10,60,Q,CNY,S3\n"
)
GAP = STATED + (
    "M,2026-01-01 10:00:00,in,5000,5010,V1,CNY,S1\n"
    "M,2026-01-01 10:02:00,out,10,100,A,CNY,S2\n"
    "M,2026-01-01 10:03:00,in,5,105,C,CNY,S3\n"
)
PLAIN = "time,payer,payee,amount,currency\n"


def traced(folder: Path, records: str, victims: str, **options: Any) -> gf.Trace:
    (folder / "records.csv").write_text(records)
    (folder / "victims.csv").write_text(victims)
    return gf.trace_files(folder / "records.csv", victims=folder / "victims.csv", **options)


def test_an_opening_balance_is_by_the_statements_own_order(tmp_path: Path) -> None:
    """P's bank has its payment before M's has the victim's: in the ledger M gets 700 first, and still opens at 50."""
    found = traced(tmp_path, SKEWED, "victim,payee,amount\nV1,M,300\n")
    held = {
        account: (fifo, lifo) for account, fifo, lifo in found.holdings.select("account", "fifo", "lifo").iter_rows()
    }
    # M's pot: 50 of its own, 700 of P, 300 of V1; 1,000 go to A
    assert held == {"M": (5000, 0), "A": (25000, 30000)}
    statement = found.flow.ledger.statements.filter(pl.col("account") == "M").row(0, named=True)
    assert (statement["opening"], statement["balance"]) == (5000, 6000)


def test_where_rows_are_missing_nothing_beyond_the_balance_is_certain(tmp_path: Path) -> None:
    found = traced(tmp_path, GAP, "victim,payee,amount\nV1,M,5000\n")
    line = found.freeze_first.row(0, named=True)
    assert (line["account"], line["fifo"], line["balance"], line["suggested_freeze"]) == ("M", 500000, 10500, 10500)
    assert (line["certain"], line["unseen"]) == (10500, 489500)
    assert "the rest left in rows that are missing" in line["reason"]
    folder = write_trace(found, tmp_path / "out")
    assert pl.read_csv(folder / "statement_gaps.csv")["account"].to_list() == ["M"]
    assert "lacks: M" in (folder / "trace.html").read_text("utf-8")


def test_what_came_back_is_no_loss_any_more() -> None:
    found = trace_of(
        [("V", "A", 0, 1000), ("A", "V", 5, 900), ("W", "A", 6, 1000), ("A", "B", 7, 1100), ("B", "C", 8, 1)], [0, 2]
    )
    table = found.restitution
    assert table.select("victim", "loss", "returned", "share_by_time", "share_pro_rata").rows() == [
        ("V", 1000, 900, 100, 100), ("W", 1000, 0, 1000, 1000),
    ]  # fmt: skip
    assert table.select("on_trail", "at_ends", "at_victims", "in_reports").rows() == [(99, 1, 900, 0), (1000, 0, 0, 0)]
    assert table["basis"].to_list() == ["suggested"] * 2


def test_each_loss_is_somewhere() -> None:
    """V's money is in what W reports: it is not lost from sight, nor counted twice."""
    found = trace_of([("V", "W", 0, 1000), ("X", "W", 1, 500), ("W", "B", 2, 1500), ("B", "Z", 3, 1)], [0, 2])
    parts = found.restitution.select("victim", "loss", "on_trail", "at_ends", "at_victims", "in_reports").rows()
    assert parts == [("V", 1000, 0, 0, 0, 1000), ("W", 1500, 1499, 1, 0, 0)]


def test_money_that_was_changed_goes_back_too(tmp_path: Path) -> None:
    header = "time,payer,payee,amount_paid,payment_currency,amount_received,receiving_currency\n"
    rows = (
        "2026-01-01 10:00,V,A,1000,CNY,1000,CNY\n2026-01-01 10:01,X,A,500,CNY,500,CNY\n"
        "2026-01-01 10:05,A,B,900,CNY,125.37,USD\n2026-01-01 10:06,B,C,100,USD,15123,JPY\n"
        "2026-01-01 10:07,C,D,1,JPY,1,JPY\n"
    )
    table = traced(tmp_path, header + rows, "victim,payee,amount\nV,A,1000\n").restitution
    assert table.select("currency", "loss", "share_by_time", "share_pro_rata").rows() == [
        ("CNY", 100000, 40000, 40000), ("JPY", 0, 15123, 15123), ("USD", 0, 2537, 2537),
    ]  # fmt: skip


def test_a_gateway_is_enquired_at_whatever_its_balance(tmp_path: Path) -> None:
    rows = PLAIN.replace("amount", "payee_name,amount") + (
        "2026-01-01 10:00,V,A,a,1000,CNY\n2026-01-01 10:05,A,C,支付宝（中国）网络技术有限公司,400,CNY\n"
        "2026-01-01 10:06,C,D,d,400,CNY\n"
    )
    line = traced(tmp_path, rows, "victim,payee,amount\nV,A,1000\n").freeze_first.filter(account="C").row(0, named=True)
    assert (line["action"], line["suggested_freeze"], line["traced"]) == ("enquire", 0, 40000)


def test_money_on_hold_in_an_ncrp_workbook_is_frozen_already(tmp_path: Path) -> None:
    first = ["S No.", "Acknowledgement No.", "Account No./ (Wallet /PG/PA) Id", "Transaction Id / UTR Number"]
    sheets = {
        "Money Transfer to": [
            [*first, "Account No", "Transaction Id / UTR Number", "Transaction Date", "Transaction Amount"],
            [1, "ACK1", "V", "U1", "A", "U1", "10/03/2026 10:00", "900.00"],
            [2, "ACK1", "A", "U1", "B", "U2", "10/03/2026 10:05", "800.00"],
        ],
        "Transaction put on hold": [
            [*first, "Put on hold Date", "Put on hold Amount"],
            [1, "ACK1", "B", "U2", "10/03/2026 12:00", "500.00"],
        ],
    }
    with xlsxwriter.Workbook(tmp_path / "ncrp.xlsx") as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for k, row in enumerate(rows):
                sheet.write_row(k, 0, row)
    (tmp_path / "victims.csv").write_text("tx\nU1\n")
    found = gf.trace_files(tmp_path / "ncrp.xlsx", victims=tmp_path / "victims.csv")
    assert found.flow.ledger.freezes.select("account", "amount").rows() == [("B", 50000)]
    line = found.freeze_first.filter(account="B").row(0, named=True)
    assert (line["already_frozen"], line["suggested_freeze"]) == (50000, 30000)
    assert found.restitution.select("share_by_time", "basis").rows() == [(50000, "frozen")]


def test_at_a_moment_nothing_later_is_known(tmp_path: Path) -> None:
    rows = PLAIN + "2026-01-01 10:00,V,A,100,CNY\n2026-01-01 10:05,A,B,60,CNY\n2026-01-01 11:00,B,C,60,CNY\n"
    found = traced(tmp_path, rows, "victim,payee,amount\nV,A,100\n", at="2026-01-01 10:30")
    assert found.holdings.select("account", "fifo", "minutes_since").rows() == [("A", 4000, 30.0), ("B", 6000, 25.0)]
    with pytest.raises(SourceError, match="is before the reported payment"):
        traced(tmp_path, rows, "victim,payee,amount\nV,A,100\n", at="2026-01-01 09:00")


def test_payments_of_the_moment_in_which_money_came_are_counted() -> None:
    found = trace_of([("A", "B", 0, 100), ("V", "A", 0, 100), ("A", "B", 0, 50), ("B", "C", 9, 1)], [1])
    assert tied(found.flow, found.traced, found.taints) == 1


def test_how_long_money_stays_is_told_from_what_the_account_did_before() -> None:
    rows = [("X", "A", 0, 100), ("A", "Y", 10, 100), ("X", "A", 20, 100), ("A", "Y", 80, 100)]
    rows += [("V", "A", 100, 100), ("X", "Z", 130, 1)]
    found = trace_of(rows, [4])
    # money stayed 10 and 60 minutes before; of what stayed as long as 30, half left within 30 more
    table = holdings_table(found).filter(account="A")
    assert table.select("minutes_since", "minutes_left").rows() == [(30.0, 30.0)]


def test_lines_without_a_payment_are_said_with_the_nearest_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = PLAIN + "2026-01-01 10:00,V,A,100,CNY\n2026-01-01 10:05,A,B,60,CNY\n"
    with pytest.raises(NoPayments) as caught:
        traced(tmp_path, rows, "victim,payee,amount\nV,A,101\nV,B,1\x1b[2J\n")
    assert caught.value.lines[0].partition(";")[0] == "line 1: no transfer fits it"
    assert "nearest: 1:1: 2026-01-01 10:00:00 V → A 100.00 CNY" in caught.value.lines[0]
    assert len(caught.value.lines) == 2
    arguments = ["graphflow", "trace", "records.csv", "--victims", "victims.csv", "--out", "out"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr().err.splitlines()
    assert left.value.code == 1
    assert [line.split(":")[0] for line in said] == ["note", "note", "graphflow"]
    assert "\x1b" not in "".join(said)
