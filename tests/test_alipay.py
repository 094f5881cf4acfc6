"""Alipay's account statement, and the bills that a person downloads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from returns import balanced, counts, edges, reasons

from graphflow import Ledger, read_ledger
from graphflow.errors import ColumnError

POLICE = "用户信息,交易创建时间,收/支,金额（元）,交易对方信息,消费名称,交易号,商户订单号,交易状态"
A, B = "2088000000000001(Resident 0001)", "2088000000000002(Resident 0002)"


def read(folder: Path, *lines: str, header: str = POLICE, **options: str) -> Ledger:
    path = folder / "账户明细.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "gb18030")
    ledger = read_ledger(path, **options)  # type: ignore[arg-type]
    balanced(ledger)
    assert ledger.sources[0].dialect == "alipay"
    return ledger


def line(
    way: str, amount: str, *, own: str = A, other: str = B, tx: str = "", state: str = "交易成功", what: str = ""
) -> str:
    return f"{own},2026-01-05 09:00:00,{way},{amount},{other},{what},{tx},,{state}"


def test_income_and_expense(tmp_path: Path) -> None:
    ledger = read(tmp_path, line("支出", "5.00", tx="T1", what="rent"), line("收入", "6.05", tx="T2"))
    one, two = "2088000000000001", "2088000000000002"
    assert edges(ledger) == [(one, two, 500), (two, one, 605)]
    assert dict(ledger.accounts.select("account", "name").iter_rows()) == {one: "Resident 0001", two: "Resident 0002"}
    assert ledger.frame["tx"].to_list() == ["T1", "T2"]
    assert ledger.frame["memo"].to_list() == ["rent", None]
    assert ledger.currencies == ["CNY"]


@pytest.mark.parametrize(
    ("party", "number"),
    [
        ("2088000000000002(Resident 0002)", "2088000000000002"),
        ("2088000000000002（Resident 0002）", "2088000000000002"),
        ("2088000000000002 (Sample (East) Shop)", "2088000000000002"),
        ("2088000000000002\t", "2088000000000002"),
        ("2088000000000002()", "2088000000000002"),
    ],
)
def test_a_number_with_a_name(party: str, number: str, tmp_path: Path) -> None:
    assert edges(read(tmp_path, line("支出", "5.00", other=party)))[0][1] == number


@pytest.mark.parametrize("state", ["交易关闭", "支付失败", "等待付款", "等待买家付款", "已取消"])
def test_what_did_not_go_through(state: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, line("支出", "5.00"), line("支出", "6.00", state=state))
    assert edges(ledger) == [("2088000000000001", "2088000000000002", 500)]
    assert reasons(ledger) == [("账户明细.csv", 2, f"did not go through: {state}")]
    assert counts(ledger) == {"read": 2, "accepted": 1, "excluded": 1}


@pytest.mark.parametrize("state", ["交易成功", "还款成功", "退款成功", "支付成功", ""])
def test_what_went_through(state: str, tmp_path: Path) -> None:
    assert counts(read(tmp_path, line("支出", "5.00", state=state))) == {"read": 1, "accepted": 1}


@pytest.mark.parametrize("way", ["不计收支", "其他", "/", ""])
def test_neither_income_nor_expense(way: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, line("支出", "5.00"), line(way, "6.00"))
    assert reasons(ledger) == [("账户明细.csv", 2, "neither income nor expense (不计收支)")]
    assert counts(ledger) == {"read": 2, "accepted": 1, "excluded": 1}


def test_both_sides(tmp_path: Path) -> None:
    ledger = read(tmp_path, line("支出", "5.00", tx="T1"), line("收入", "5.00", own=B, other=A, tx="T1"))
    assert edges(ledger) == [("2088000000000001", "2088000000000002", 500)]
    assert counts(ledger) == {"read": 2, "accepted": 1, "paired": 1}


@pytest.mark.parametrize("lacks", ["收/支", "金额（元）", "交易创建时间"])
def test_a_column_that_is_missing(lacks: str, tmp_path: Path) -> None:
    said = {"收/支": "收支", "金额（元）": "金额元", "交易创建时间": "交易创建时间"}[lacks]
    path = tmp_path / "a.csv"
    path.write_text(POLICE.replace(lacks, "x") + "\n" + line("支出", "5.00") + "\n", "utf-8")
    with pytest.raises(ColumnError) as error:
        read_ledger(path, dialect="alipay")
    assert str(error.value) == f"{path}: an Alipay statement has a column {said}; this one has not"


# --- bills ---------------------------------------------------------------------------------------

BILLS: Sequence[tuple[str, Sequence[str]]] = [
    (
        "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注",
        [
            "2026-01-05 09:00:00,餐饮美食,Sample Diner,diner@example.com,lunch,支出,¥32.50,余额宝,交易成功,T1\t,M1\t,",
            "2026-01-05 10:00:00,转账红包,Resident 0002,,loan,收入,\"1,200.00\",余额,交易成功,T2\t,,back",
            "2026-01-05 11:00:00,投资理财,余额宝,,转入,不计收支,100.00,余额,交易成功,T3\t,,",
            "2026-01-05 12:00:00,服饰装扮,Sample Shop,,shirt,支出,59.00,花呗,交易关闭,T4\t,,",
        ],
    ),
    (
        "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注",
        [
            "2026-01-05 09:00:00,商户消费,Sample Diner,lunch,支出,¥32.50,零钱,支付成功,T1\t,M1\t,/",
            "2026-01-05 10:00:00,转账,Resident 0002,/,收入,\"¥1,200.00\",/,已存入零钱,T2\t,/,back",
            "2026-01-05 11:00:00,零钱提现,Bank of Samples,/,/,¥100.00,Bank of Samples,提现已到账,T3\t,/,/",
            "2026-01-05 12:00:00,商户消费,Sample Shop,shirt,支出,¥59.00,零钱,支付失败,T4\t,/,/",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("header", "lines"), BILLS, ids=["alipay", "wechat"])
def test_a_bill(header: str, lines: Sequence[str], tmp_path: Path) -> None:
    ledger = read(tmp_path, *lines, header=header, account="me")
    paid, got = edges(ledger)
    assert paid in [("me", "diner@example.com", 3250), ("me", "POS:Sample Diner", 3250)]
    assert got == ("UNKNOWN:me:Resident 0002", "me", 120000)
    assert ledger.frame["tx"].to_list() == ["T1", "T2"]
    told = [(number, reason.partition(" (")[0].partition(":")[0]) for _, number, reason in reasons(ledger)]
    assert told == [(3, "neither income nor expense"), (4, "did not go through")]


@pytest.mark.parametrize(("header", "lines"), BILLS, ids=["alipay", "wechat"])
def test_a_bill_does_not_say_whose_it_is(header: str, lines: Sequence[str], tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="does not name its own account; say --account NUMBER"):
        read(tmp_path, *lines, header=header)
