"""Simulated data sets as their makers publish them: what each says of time, direction, stops and labels is kept."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.errors import ColumnError
from graphflow.ledger import Ledger, major
from graphflow.read import read_ledger
from graphflow.read.dialects import amlgentex, amlsim, paysim, saml_d

pytestmark = pytest.mark.usefixtures("way")

SHARED = Path(__file__).parents[1].parent / "shared/data/amlgentex"
PAYSIM = (
    "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud,"
    "isFlaggedFraud"
)
SAML_D = (
    "Time,Date,Sender_account,Receiver_account,Amount,Payment_currency,Received_currency,Sender_bank_location,"
    "Receiver_bank_location,Payment_type,Is_laundering,Laundering_type"
)
TX_LOG = "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isSAR,alertID"
CONVERTED = "tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id"
OLDER = "TX_ID,SENDER_ACCOUNT_ID,RECEIVER_ACCOUNT_ID,TX_TYPE,TX_AMOUNT,TIMESTAMP,IS_FRAUD,ALERT_ID"
GENTEX = "timestamp,nameOrig,nameDest,amount,type,bankOrig,bankDest,isSAR,patternID,typology"
GENTEX_LOG = (
    "step,type,amount,nameOrig,bankOrig,daysInBankOrig,phoneChangesOrig,oldbalanceOrig,newbalanceOrig,nameDest,bankDest,"
    "daysInBankDest,phoneChangesDest,oldbalanceDest,newbalanceDest,isSAR,alertID,modelType"
)


def read(folder: Path, *lines: str, name: str = "a.csv", **options: Any) -> Ledger:
    path = folder / name
    path.write_text("\n".join([*lines, ""]))
    return read_ledger(path, **options)


def column(ledger: Ledger, name: str) -> list[Any]:
    values = ledger.frame[name]
    return values.cast(pl.String).to_list() if values.dtype == pl.Categorical else values.to_list()


def said(ledger: Ledger) -> list[str]:
    """Warnings without the path, and reasons with their row."""
    warnings = [text.split(": ", 1)[1] for text in ledger.warnings]
    return warnings + [f"row {row}: {reason}" for row, reason in ledger.rejected.select("row", "reason").iter_rows()]


def as_csv(header: str, rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header.split(","), *rows])
    return text.getvalue()


def read_text(text: str) -> Ledger:
    with tempfile.TemporaryDirectory() as folder:
        return read(Path(folder), text.rstrip("\n"))


# --- SAML-D ----------------------------------------------------------------------------------------


def test_saml_d(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        SAML_D,
        "10:35:19,2022-10-07,8724731955,0769355426,1459.15,UK pounds,UK pounds,UK,UK,Cash Deposit,0,Normal_Cash",
        "10:35:20,2022-10-07,1491989064,8401255335,6019.64,UK pounds,Dirham,UK,UAE,Cross-border,1,Fan_Out",
        "10:35:21,2022-10-07,1491989064,8401255335,60,Groat,Yen,UK,Japan,Cross-border,0,Normal_Fan_Out",
        "10:35,2022-10-07,1491989064,8401255335,60,Yen,Yen,UK,Japan,Cross-border,0,Normal_Fan_Out",
    )
    assert ledger.sources[0].dialect == "saml-d"
    assert column(ledger, "time")[0] == datetime(2022, 10, 7, 10, 35, 19, tzinfo=UTC)
    assert column(ledger, "payee")[0] == "0769355426"
    assert column(ledger, "paid") == column(ledger, "received") == [145_915, 601_964, 6_000]
    assert column(ledger, "paid_currency") == column(ledger, "received_currency") == ["GBP", "GBP", "Groat"]
    assert column(ledger, "memo") == ["Normal_Cash", "Fan_Out", "Normal_Fan_Out"]
    assert column(ledger, "label") == ["0", "1", "0"]
    assert column(ledger, "payee_bank") == ["UK", "UAE", "Japan"]
    assert column(ledger, "channel")[1] == "Cross-border"
    assert said(ledger) == [
        '"Received_currency" has no amount of its own: what was paid counts as received, in the currency paid',
        "row 4: not a time as %H:%M:%S:%Y-%m-%d",
    ]
    assert ledger.sources[0].columns["time"] == "Time + Date"


@pytest.mark.parametrize("order", [[0, 1, *range(2, 12)], [1, 0, *range(2, 12)], [0, *range(2, 12), 1]])
@pytest.mark.parametrize("separator", [",", ";"])
def test_columns_of_saml_d_in_any_order(tmp_path: Path, order: list[int], separator: str) -> None:
    rows = [SAML_D.split(","), *(["10:35:19", f"2022-10-{day:02}", *"ABC", "Yen", *"abcd01"] for day in (7, 31, 32))]
    rows[2][0] = '"10:35:19"'
    for row in rows[1:]:
        row[4] = "1500"
    ledger = read(tmp_path, *(separator.join(row[k] for k in order) for row in rows))
    assert column(ledger, "time") == [datetime(2022, 10, day, 10, 35, 19, tzinfo=UTC) for day in (7, 31)]
    assert (column(ledger, "paid"), column(ledger, "paid_currency")) == ([1500, 1500], ["JPY", "JPY"])
    assert ledger.rejected["row"].to_list() == [3]


def test_a_saml_d_file_without_a_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match=r'a.csv: a SAML-D file has a column "Date"; this one has not: '):
        read(tmp_path, SAML_D.replace(",Date", ",Day"), "1,2,3,4,5,6,7,8,9,10,11,12", dialect="saml-d")


ACCOUNT = st.integers(0, 10**10 - 1).map("{:010d}".format)
MONEY = st.integers(1, 10**13)


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3 * 10**7), ACCOUNT, ACCOUNT, MONEY, st.sampled_from(sorted(saml_d.CURRENCIES))),
        min_size=1,
    )
)
def test_what_is_written_as_saml_d_is_read_back(rows: list[tuple[int, str, str, int, str]]) -> None:
    start = datetime(2022, 10, 7, tzinfo=UTC)
    times = [start + timedelta(seconds=row[0]) for row in rows]
    lines = [
        [
            f"{time:%H:%M:%S}",
            f"{time:%Y-%m-%d}",
            payer,
            payee,
            f"{Decimal(paid) / 100:.2f}",
            word,
            word,
            "UK",
            "UK",
            "ACH",
            0,
            "x",
        ]
        for time, (_, payer, payee, paid, word) in zip(times, rows, strict=True)
    ]
    ledger = read_text(as_csv(SAML_D, lines))
    expected = [
        (time, payer, payee, f"{Decimal(paid) / 100:.2f}", saml_d.CURRENCIES[word])
        for time, (_, payer, payee, paid, word) in zip(times, rows, strict=True)
    ]
    got = [
        (time, payer, payee, f"{Decimal(major(paid, ledger.decimals[unit]).replace(',', '')):.2f}", unit)
        for time, payer, payee, paid, unit in zip(
            *(column(ledger, name) for name in ("time", "payer", "payee", "paid", "paid_currency")), strict=True
        )
    ]
    assert got == sorted(expected, key=lambda row: row[0])


# --- PaySim ----------------------------------------------------------------------------------------


def test_paysim(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        PAYSIM,
        "1,PAYMENT,9839.64,C1,170136.0,160296.36,M1,0.0,0.0,0,0",
        "2,CASH_OUT,215489.19,C2,21518.0,0.0,C3,6345756.55,6794954.89,1,0",
        "27,CASH_IN,210329.84,C4,3778062.79,3988392.63,C5,1519266.6,1308936.76,0,0",
    )
    assert ledger.sources[0].dialect == "paysim"
    hours = [1, 2, 27]
    assert column(ledger, "time") == [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=h) for h in hours]
    assert column(ledger, "payer") == ["C1", "C2", "C5"]
    assert column(ledger, "payee") == ["M1", "C3", "C4"]
    assert column(ledger, "payer_balance") == [16_029_636, 0, 130_893_676]
    assert column(ledger, "payee_balance") == [None, 679_495_489, 398_839_263]
    assert column(ledger, "label") == ["0", "1", "0"]
    assert ledger.precision == timedelta(hours=1)
    assert said(ledger) == [
        "steps are hours, counted from 2020-01-01 00:00, which is made up",
        "no currency column; amounts are taken as one currency, XXX",
    ]


def test_paysim_rows_that_were_stopped_and_steps_that_are_none(tmp_path: Path) -> None:
    header = PAYSIM.replace("type", "action") + ",isUnauthorizedOverdraft"
    rows = ["1,TRANSFER,5,C1,9,9,C2,0,0,1,1,0", "1,DEBIT,5,C1,1,1,B2,0,0,0,0,1", "x,DEBIT,5,C1,1,1,B2,0,0,0,0,0"]
    ledger = read(tmp_path, header, *rows, "1,DEPOSIT,5,C1,1,6,B2,0,0,0,0,0")
    assert (column(ledger, "payer"), column(ledger, "payee")) == (["B2"], ["C1"])
    assert ledger.sources[0].rows["excluded"] == 2
    assert said(ledger)[2:] == [
        "row 1: flagged as fraud and stopped by the simulator: nothing moved",
        "row 2: beyond the overdraft limit and refused by the simulator: nothing moved",
        "row 3: not a time as %Y-%m-%d %H:%M",
    ]


KINDS = ["CASH_IN", "CASH_OUT", "DEBIT", "PAYMENT", "TRANSFER"]
PERSON = st.integers(1, 10**9)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 743), st.sampled_from(KINDS), MONEY, PERSON, PERSON), min_size=1))
def test_what_is_written_as_paysim_is_read_back(rows: list[tuple[int, str, int, int, int]]) -> None:
    lines = [
        [step, kind, f"{Decimal(paid) / 100:.2f}", f"C{one}", 0, 0, f"C{two}", 0, 0, 0, 0]
        for step, kind, paid, one, two in rows
    ]
    ledger = read_text(as_csv(PAYSIM, lines))
    expected = [
        (
            paysim.START.replace(tzinfo=UTC) + timedelta(hours=step),
            paid,
            *((f"C{two}", f"C{one}") if kind == "CASH_IN" else (f"C{one}", f"C{two}")),
        )
        for step, kind, paid, one, two in rows
    ]
    got = list(zip(*(column(ledger, name) for name in ("time", "paid", "payer", "payee")), strict=True))
    assert got == sorted(expected, key=lambda row: row[0])


# --- AMLSim ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (TX_LOG, ["3,TRANSFER,12.5,7,100,87.5,8,0,12.5,1,4", "3,CASH-IN,1.5,7,100,101.5,9,0,0,0,-1"]),
        (
            CONVERTED,
            ["1,7,8,TRANSFER,12.5,2017-01-04T00:00:00Z,true,4", "2,7,9,CASH-IN,1.5,2017-01-04T00:00:00Z,false,-1"],
        ),
        (OLDER, ["1,7,8,TRANSFER,12.5,3,True,4", "2,7,9,CASH-IN,1.5,3,False,-1"]),
    ],
)
def test_amlsim_in_its_three_forms(tmp_path: Path, header: str, rows: list[str]) -> None:
    ledger = read(tmp_path, header, *rows)
    assert ledger.sources[0].dialect == "amlsim"
    assert column(ledger, "time") == [datetime(2017, 1, 4, tzinfo=UTC)] * 2
    assert (column(ledger, "payer"), column(ledger, "payee")) == (["7", "9"], ["8", "7"])
    assert column(ledger, "paid") == [1_250, 150]
    assert [text.lower() in ("1", "true") for text in column(ledger, "label")] == [True, False]
    assert column(ledger, "memo") == ["alert 4", None]
    assert ledger.precision == timedelta(days=1)
    assert "times that are numbers are days, counted from 2017-01-01, which is the simulator's default" in said(ledger)


def test_balances_of_amlsim_stand_with_their_account(tmp_path: Path) -> None:
    ledger = read(tmp_path, TX_LOG, "0,CASH-IN,1.5,7,100,101.5,9,3,4,0,-1", "0,TRANSFER,1.5,7,100,98.5,9,3,5.5,0,-1")
    assert column(ledger, "payer_balance") == [400, 9_850]
    assert column(ledger, "payee_balance") == [10_150, 550]


@pytest.mark.parametrize(
    ("header", "about"),
    [
        ("alert_id,alert_type,is_sar,tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp", True),
        ("ALERT_ID,ALERT_TYPE,IS_FRAUD,TX_ID,SENDER_ACCOUNT_ID,RECEIVER_ACCOUNT_ID,TX_TYPE,TX_AMOUNT,TIMESTAMP", True),
        ("alert_id,alert_type,acct_id,acct_name,is_sar,model_id,start,end,schedule_id,bank_id", True),
        ("ACCOUNT_ID,CUSTOMER_ID,INIT_BALANCE,COUNTRY,ACCOUNT_TYPE,IS_FRAUD,TX_BEHAVIOR_ID", True),
        ("acct_id,dsply_nm,type,acct_stat,acct_rptng_crncy,prior_sar_count", True),
        (TX_LOG, False),
        (CONVERTED, False),
        (OLDER, False),
    ],
)
def test_files_beside_amlsim_describe(header: str, about: bool) -> None:
    assert amlsim.describes(header.split(",")) is about


# --- AMLGentex -------------------------------------------------------------------------------------


def test_amlgentex(tmp_path: Path) -> None:
    ledger = read(tmp_path, GENTEX, "2023-01-01,2211,7740,433.5567726912345,TRANSFER,bank_a,bank_c,1,44,cycle")
    assert ledger.sources[0].dialect == "amlgentex"
    assert (column(ledger, "paid"), ledger.decimals) == ([43_355_677_269], {"XXX": 8})
    assert column(ledger, "memo") == ["cycle:44"]
    assert (column(ledger, "payer_bank"), column(ledger, "payee_bank")) == (["bank_a"], ["bank_c"])
    assert '"amount" holds binary numbers, not decimals; amounts with more than 8 decimals are rounded' in said(ledger)
    assert ledger.sources[0].columns["memo"] == "typology + patternID"


def test_the_log_of_amlgentex(tmp_path: Path) -> None:
    row = "31,TRANSFER,10,5,bank_a,1,1,100,90,6,bank_b,1,1,0,10,0,-1,single"
    ledger = read(tmp_path, GENTEX_LOG, row)
    assert ledger.sources[0].dialect == "amlgentex"
    assert column(ledger, "time") == [datetime(2023, 2, 1, tzinfo=UTC)]
    assert (column(ledger, "payer_balance"), column(ledger, "payee_balance")) == ([9_000], [1_000])
    assert "steps are days, counted from 2023-01-01, which is made up" in said(ledger)


@pytest.mark.skipif(not SHARED.exists(), reason="the AMLGentex sample is not here")
def test_the_amlgentex_sample_in_full() -> None:
    path = SHARED / "account_to_account.parquet"
    table, ledger = pl.read_parquet(path), read_ledger(path)
    assert ledger.sources[0].dialect == "amlgentex"
    assert ledger.sources[0].rows["read"] == table.height == ledger.height + ledger.rejected.height
    units = table["amount"].cast(pl.Decimal(38, 8))
    assert Decimal(ledger.frame["paid"].sum()).scaleb(-8) == units.sum()
    assert ledger.precision == timedelta(days=1)
    assert sum(label == "1" for label in column(ledger, "label")) == table["isSAR"].sum()
    for name in ("accounts.csv", "alert_models.csv"):
        assert amlgentex.describes((SHARED / name).read_text().split("\n", 1)[0].split(","))
    assert not amlgentex.describes(table.columns)
