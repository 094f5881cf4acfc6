"""Files → Ledger: what is recognised, how values are read, and where every row goes."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from readers import cut_into

from graphflow.errors import ColumnError, SourceError
from graphflow.ledger import ROW_KINDS, Ledger, default_decimals
from graphflow.read import read_ledger

pytestmark = pytest.mark.usefixtures("way")

HEAD = "time,payer,payee,amount,currency\n"
AMLWORLD = Path(__file__).parents[1].parent / "shared/data/amlworld/HI-Small_Trans_sample.csv"
MORE = {"accepted": 0, "paired": 0, "duplicate": 0, "excluded": 0, "rejected": 0}


def write(folder: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(folder: Path, text: str | bytes, **options: Any) -> Ledger:
    ledger = read_ledger(write(folder, text), **options)
    check_accounting(ledger)
    return ledger


def check_accounting(ledger: Ledger) -> None:
    """Every row is a transfer or is listed; one line may be listed for a whole file."""
    for source in ledger.sources:
        assert source.rows["read"] == sum(source.rows[kind] for kind in ROW_KINDS)
        listed = ledger.rejected.filter(pl.col("file") == source.path, pl.col("row").is_not_null())
        whole = ledger.rejected.filter(pl.col("file") == source.path, pl.col("row").is_null())
        if not whole.height:
            assert listed.height == sum(source.rows[kind] for kind in ("duplicate", "excluded", "rejected"))
    assert sum(s.rows["accepted"] for s in ledger.sources) == ledger.height
    assert ledger.rejected["reason"].null_count() == 0
    assert ledger.frame["tx"].n_unique() == ledger.height
    assert ledger.frame["time"].is_sorted()
    names = ledger.accounts["account"]
    assert names.n_unique() == ledger.accounts.height
    assert names.gather(pl.Series(ledger.payer_codes)).to_list() == ledger.frame["payer"].to_list()
    assert names.gather(pl.Series(ledger.payee_codes)).to_list() == ledger.frame["payee"].to_list()


def column(ledger: Ledger, name: str) -> list[Any]:
    values = ledger.frame[name]
    return values.cast(pl.String).to_list() if values.dtype == pl.Categorical else values.to_list()


def reasons(ledger: Ledger) -> list[tuple[Any, ...]]:
    return ledger.rejected.select("row", "column", "value", "reason").rows()


def counts(ledger: Ledger) -> dict[str, int]:
    return {kind: n for kind, n in ledger.sources[0].rows.items() if n}


# --- columns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "time,payer,payee,amount",
        "Date,From Account,To Account,Amount",
        "TIMESTAMP,sender,Receiver,value",
        "\ufeffdatetime,nameOrig,nameDest,Sum",
        " time , Debtor , Creditor , Transaction Amount ",
        "交易时间,付款账号,收款账号,交易金额",
        "transaction_date,source,target,paid",
    ],
)
def test_columns_by_their_usual_names(tmp_path: Path, header: str) -> None:
    ledger = read(tmp_path, header + "\n2026-01-05 09:00,007,8,12.50\n")
    assert [column(ledger, c) for c in ("payer", "payee", "paid")] == [["007"], ["8"], [1250]]
    assert ledger.currencies == ["XXX"]
    assert ledger.warnings == (f"{tmp_path / 'a.csv'}: no currency column; amounts are taken as one currency, XXX",)


def test_optional_columns(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        "id,time,payer,payee,amount,currency,channel,from name,to name,payer bank,to bank,payer_balance,payee balance,"
        "ip address,mac,remark,is_fraud\n"
        "T1,2026-01-05,A,B,1,CNY,app,Ann,Bob,B1,B2,100.5,,10.0.0.1,ff, hi ,1\n"
        'T2,2026-01-06,B,C,1,CNY,,,,,,x,3,,,"  ",\n',
    )
    assert column(ledger, "tx") == ["T1", "T2"]
    assert column(ledger, "memo") == ["hi", None]
    assert column(ledger, "payer_balance") == [10_050, None]
    assert column(ledger, "payee_balance") == [None, 300]
    assert ledger.accounts.rows() == [("A", "B1", "Ann"), ("B", "B2", "Bob"), ("C", None, None)]
    assert {"channel", "ip", "device", "label"} <= set(ledger.frame.columns)
    assert ledger.sources[0].columns["device"] == "mac"


def test_a_mapping_by_dict_and_by_file(tmp_path: Path) -> None:
    text = "when,a,b,how much,ccy,amount\n2026-01-05,P,Q,12.5,EUR,99\n"
    mapping = {"time": "when", "payer": "a", "payee": "B ", "amount": "How Much"}
    by_dict = read(tmp_path, text, mapping=mapping)
    assert [column(by_dict, c) for c in ("payer", "payee", "paid", "paid_currency")] == [["P"], ["Q"], [1250], ["EUR"]]
    lines = "".join(f'{k} = "{v}"\n' for k, v in mapping.items())
    for toml in (lines, "[map]\n" + lines):
        assert read(tmp_path, text, mapping=write(tmp_path, toml, "m.toml")).frame.equals(by_dict.frame)


@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        ("time,payr,payee,amount", None, 'a.csv: no column for "payer"; did you mean "payr"? (say --map payer=HEADER)'),
        (
            "time,payer,payee,amunt",
            None,
            'a.csv: no column for "amount"; did you mean "amunt"? (say --map amount=HEADER)',
        ),
        ("x,y,z,w", None, 'a.csv: no column for "time"; the header has x, y, z, w (say --map time=HEADER)'),
        ("time,payer,payee", None, 'a.csv: no column for "amount"; no column is left over (say --map amount=HEADER)'),
        ("time,a,b,amount", {"payer": "zz"}, 'a.csv: no column "zz": known: time, a, b, amount'),
        ("time,a,b,amount", {"payr": "a"}, 'a mapping names the field "payr": did you mean "payer"?'),
        ("time,a,b,amount", {"payer": 3}, 'the mapping of "payer" must be the text of a header'),
    ],
)
def test_the_nearest_header_is_named(tmp_path: Path, header: str, mapping: Any, message: str) -> None:
    with pytest.raises(ColumnError) as error:
        read(tmp_path, header + "\n1,2,3,4\n", mapping=mapping)
    assert str(error.value).replace(f"{tmp_path}/", "") == message


def test_received_currency_without_received_amount_is_not_made_up(tmp_path: Path) -> None:
    ledger = read(tmp_path, "time,payer,payee,amount,currency,received currency\n2026-01-05,A,B,100,USD,JPY\n")
    assert (column(ledger, "received"), column(ledger, "received_currency")) == ([10_000], ["USD"])


def test_two_currencies_in_one_transfer(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        "time,payer,payee,paid,paid currency,received,received currency\n"
        "2026-01-05,A,B,100.00,USD,15000,JPY\n2026-01-05,A,B,5,USD,5,USD\n",
    )
    assert (column(ledger, "paid"), column(ledger, "received")) == ([10_000, 500], [15_000, 500])
    assert ledger.decimals == {"USD": 2, "JPY": 0}


# --- text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_marks(tmp_path: Path, separator: str, end: str, mark: str) -> None:
    rows = [
        ["time", "payer", "payee", "amount", "memo"],
        ["2026-01-05", "A", "B", "1", "x"],
        ["2026-01-06", "B", "C", "2", ""],
    ]
    ledger = read(tmp_path, mark + "".join(separator.join(row) + end for row in rows))
    assert [column(ledger, c) for c in ("payer", "payee", "paid", "memo")] == [
        ["A", "B"],
        ["B", "C"],
        [100, 200],
        ["x", None],
    ]
    assert ledger.sources[0].separator == separator
    assert counts(ledger) == {"read": 2, "accepted": 2}


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings(tmp_path: Path, encoding: str, end: str) -> None:
    name = "Zoë" if encoding == "cp1252" else "张三"
    text = (HEAD + f'2026-01-05,{name},B,1,EUR\n2026-01-05,B,"{name}, Ltd",1,EUR\n').replace("\n", end)
    ledger = read(tmp_path, text.encode(encoding), encoding=encoding)
    assert column(ledger, "payer") == [name, "B"]
    assert column(ledger, "payee") == ["B", f"{name}, Ltd"]
    assert ledger.sources[0].encoding == encoding


def test_utf_16_with_a_mark_needs_no_option(tmp_path: Path) -> None:
    ledger = read(tmp_path, (HEAD + "2026-01-05,张三,B,1,CNY\n").encode("utf-16"))
    assert column(ledger, "payer") == ["张三"]
    assert ledger.sources[0].encoding == "utf-16"


def test_line_ends_inside_quotes_survive_a_change_of_encoding(tmp_path: Path) -> None:
    text = 'time,payer,payee,amount,memo\r\n2026-01-05,A,B,1,"one\r\ntwo"\r\n'
    for encoding in ("utf-8", "gb18030"):
        assert column(read(tmp_path, text.encode(encoding), encoding=encoding), "memo") == ["one\r\ntwo"]


def test_quotes_and_newlines_inside_fields(tmp_path: Path) -> None:
    ledger = read(tmp_path, HEAD + '2026-01-05,"A, ""the"" 1st","B\nb","1,234.50",CNY\n2026-01-06,B,C,2,CNY\n')
    assert column(ledger, "payer") == ['A, "the" 1st', "B"]
    assert column(ledger, "payee") == ["B\nb", "C"]
    assert column(ledger, "paid") == [123_450, 200]
    assert column(ledger, "row") == [1, 2]


def test_blank_short_and_long_rows_are_named(tmp_path: Path) -> None:
    ledger = read(
        tmp_path, HEAD + "2026-01-05,A,B,1,CNY\n\n2026-01-05,A,B\n2026-01-05,A,B,1,CNY,9\n2026-01-06,A,B,1,CNY\n\n"
    )
    assert reasons(ledger) == [
        (2, "", None, "the line is empty"),
        (3, "", "3", "another number of fields than 5"),
        (4, "", "6", "another number of fields than 5"),
        (6, "", None, "the line is empty"),
    ]
    assert column(ledger, "row") == [1, 5]
    assert counts(ledger) == {"read": 6, "accepted": 2, "rejected": 4}
    assert set(ledger.rejected["file"]) == {str(tmp_path / "a.csv")}


def test_a_short_and_a_long_row_do_not_make_up_for_each_other(tmp_path: Path) -> None:
    text = "time,payer,payee,amount,memo\n2026-01-05,A,B,1\n2026-01-05,A,B,1,x,y\n2026-01-05,A,B,1,z\n"
    assert [row for row, *_ in reasons(read(tmp_path, text))] == [1, 2]


def test_empty_last_columns_are_no_short_rows(tmp_path: Path) -> None:
    ledger = read(tmp_path, "time,payer,payee,amount,memo\n2026-01-05,A,B,1,\n2026-01-05,A,B,1,z\n")
    assert counts(ledger) == {"read": 2, "accepted": 2}


def test_padded_fields_are_stripped(tmp_path: Path) -> None:
    ledger = read(tmp_path, HEAD + " 2026-01-05 , A\t,\u3000B\xa0, 1.50 , CNY \n2026-01-05,A,B,1,CNY\n")
    assert [column(ledger, c) for c in ("payer", "payee", "paid", "paid_currency")] == [
        ["A", "A"], ["B", "B"], [150, 100], ["CNY", "CNY"],
    ]  # fmt: skip


@pytest.mark.parametrize("nothing", ["", " ", "\u3000", '""', '" "'])
def test_empty_fields_are_named(tmp_path: Path, nothing: str) -> None:
    rows = ["{0},A,B,1,CNY", "2026-01-05,{0},B,1,CNY", "2026-01-05,A,{0},1,CNY", "2026-01-05,A,B,{0},CNY"]
    text = HEAD + "\n".join([*rows, "2026-01-05,A,B,1,CNY"]).format(nothing) + "\n"
    ledger = read(tmp_path, text)
    assert counts(ledger) == {"read": 5, "accepted": 1, "rejected": 4}
    assert [(row, name) for row, name, *_ in reasons(ledger)] == [
        (1, "time"),
        (2, "payer"),
        (3, "payee"),
        (4, "amount"),
    ]
    assert ledger.currencies == ["CNY"]


def test_account_numbers_stay_text(tmp_path: Path) -> None:
    long = "12345678901234567890123"
    ledger = read(
        tmp_path, HEAD + f"2026-01-05,007,{long},1,CNY\n2026-01-05,7,{long}4,1,CNY\n2026-01-05,1.0,1e5,1,CNY\n"
    )
    assert ledger.accounts["account"].to_list() == ["007", long, "7", long + "4", "1.0", "1e5"]


def test_numbers_cut_by_a_spreadsheet_are_warned_of(tmp_path: Path) -> None:
    ledger = read(tmp_path, HEAD + "2026-01-05,6.2220212E+18,B,1,CNY\n")
    assert ledger.warnings == (
        "1 account numbers look cut by a spreadsheet (6.2220212E+18): different accounts may have become one",
    )


# --- money -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("12.50", 1250),
        ("12.5", 1250),
        ("12", 1200),
        ("+3", 300),
        (".5", 50),
        ("5.", 500),
        ('"1,234,567.89"', 123_456_789),
        ("1e3", 100_000),
        ("0.10000000000000000000", 10),
        ("92233720368547758.07", 2**63 - 1),
        (" 7 ", 700),
        ("007", 700),
        ("92233720368547758.08", None),
        ("123456789012345678901234", None),
        ("12,34", 1234),
        ("1,23", 123),
        ("NaN", None),
        ("inf", None),
        ("-inf", None),
        ("twelve", None),
        ("1.2.3", None),
        ("0x10", None),
        ("1_000", None),
        ("¥5", 500),
        ("￥１，２３４．５０", 123450),
        ("€ 2'000.50", 200050),
        ("1,00,000.00", 10000000),
        ("5 元", 500),
        ("0.000000001", None),
        ("1.123456789", None),
        ("33.333333333333336", None),
        ("0.1250000000000000000001", None),
    ],
)
def test_amounts_are_exact_or_rejected(tmp_path: Path, text: str, units: int | None) -> None:
    shown = text if "," not in text or text.startswith('"') else f'"{text}"'
    ledger = read(tmp_path, HEAD + f"2026-01-05,A,B,{shown},CNY\n2026-01-06,A,B,1,CNY\n")
    assert ledger.decimals == {"CNY": 2}
    if units is not None:
        assert column(ledger, "paid") == [units, 100]
        return
    assert reasons(ledger) == [
        (1, "amount", text, "not an amount (digits, at most 8 decimals, 64 bits of minor units)")
    ]  # fmt: skip


def test_zero_is_excluded_and_negative_rejected(tmp_path: Path) -> None:
    ledger = read(
        tmp_path, HEAD + "2026-01-05,A,B,0.00,CNY\n2026-01-05,A,B,-5,CNY\n2026-01-05,A,B,5,CNY\n2026-01-05,A,B,-0,CNY\n"
    )
    assert reasons(ledger) == [
        (1, "amount", "0.00", "zero amount: nothing moved"),
        (2, "amount", "-5", "negative amount (a reversal?)"),
        (4, "amount", "-0", "zero amount: nothing moved"),
    ]
    assert counts(ledger) == {"read": 4, "accepted": 1, "excluded": 2, "rejected": 1}


def test_usual_decimals_of_currencies(tmp_path: Path) -> None:
    codes = ("CNY", "JPY", "BTC", "BHD", "USDT")
    ledger = read(tmp_path, HEAD + "".join(f"2026-01-05,A,B,3,{code}\n" for code in codes))
    assert column(ledger, "paid") == [3 * 10 ** default_decimals(code) for code in codes]


@pytest.mark.parametrize("size", [1, 2, 250_000])
def test_more_decimals_raise_the_currency_over_all_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    cut_into(monkeypatch, size)
    ledger = read(
        tmp_path,
        "time,payer,payee,amount,currency,payer_balance\n2026-01-05,A,B,1,USD,5\n2026-01-05,A,B,2,CNY,6\n"
        "2026-01-05,A,B,0.001,USD,7\n2026-01-05,A,B,4.25,USD,\n",
    )
    assert ledger.decimals == {"USD": 3, "CNY": 2}
    assert column(ledger, "paid") == [1000, 200, 1, 4250]
    assert column(ledger, "received") == [1000, 200, 1, 4250]
    assert column(ledger, "payer_balance") == [5000, 600, 7000, None]


@pytest.mark.parametrize("size", [1, 250_000])
@pytest.mark.parametrize("turn", [1, -1])
def test_amounts_that_no_unit_can_count_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, turn: int
) -> None:
    cut_into(monkeypatch, size)
    rows = ["2026-01-05,A,B,900000000000000,USD\n", "2026-01-05,A,B,0.00000001,USD\n"][::turn]
    with pytest.raises(
        SourceError, match=r"^amounts in USD have so many decimals that the largest of them no longer fit"
    ):
        read(tmp_path, HEAD + "".join(rows))


# --- times -----------------------------------------------------------------------------------------

NINE = datetime(2026, 1, 15, 9, tzinfo=UTC)
MINUTE, SECOND, DAY = timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "time", "precision"),
    [
        ("2026-01-15 09:00", NINE, MINUTE),
        ("2026/01/15 09:00", NINE, MINUTE),
        ("2026-01-15T09:00", NINE, MINUTE),
        ("2026-01-15 09:00:00", NINE, SECOND),
        ("2026-01-15T09:00:00Z", NINE, SECOND),
        ("2026.01.15 09:00:00", NINE, SECOND),
        ("2026-01-15T17:00:00+08:00", NINE, SECOND),
        ("2026-01-15 09:00:00.000001", NINE + timedelta(microseconds=1), None),
        ("2026-01-15", NINE.replace(hour=0), DAY),
        ("20260115", NINE.replace(hour=0), DAY),
        ("20260115090000", NINE, SECOND),
        ("15/01/2026 09:00", NINE, MINUTE),
        ("01/15/2026 09:00", NINE, MINUTE),
        ("15.01.2026", NINE.replace(hour=0), DAY),
        ("1768467600", NINE, SECOND),
        ("1768467600000", NINE, timedelta(milliseconds=1)),
        ("2026/1/15 9:00", NINE, MINUTE),
    ],
)
def test_time_formats(tmp_path: Path, text: str, time: datetime, precision: timedelta | None) -> None:
    ledger = read(tmp_path, HEAD + f"{text},A,B,1,CNY\n")
    assert column(ledger, "time") == [time]
    assert ledger.precision == (precision or timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("time_format", "text", "time", "precision"),
    [
        ("%d/%m/%Y %I:%M %p", "05/01/2026 09:30 PM", datetime(2026, 1, 5, 21, 30), MINUTE),
        ("%d/%m/%Y", "05/01/2026", datetime(2026, 1, 5), DAY),
        ("%m/%d/%y %R", "05/01/26 09:30", datetime(2026, 5, 1, 9, 30), MINUTE),
        ("%Y%m%dT%H%M%S%z", "20260105T090000+0800", datetime(2026, 1, 5, 1), SECOND),
        ("%Y-%m-%dT%H:%M:%S%:z", "2026-01-05T09:00:00+08:00", datetime(2026, 1, 5, 1), SECOND),
        ("epoch_s", "0", datetime(1970, 1, 1), SECOND),
    ],
)
def test_a_stated_time_format(
    tmp_path: Path, time_format: str, text: str, time: datetime, precision: timedelta
) -> None:
    ledger = read(tmp_path, HEAD + f"{text},A,B,1,CNY\n", time_format=time_format)
    assert column(ledger, "time") == [time.replace(tzinfo=UTC)]
    assert ledger.precision == precision


def test_day_and_month_are_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, HEAD + "05/01/2026 09:00,A,B,1,CNY\n")
    assert str(error.value).replace(f"{tmp_path}/", "") == (
        "a.csv: '05/01/2026 09:00' could be day first or month first; "
        'say which: --time-format "%d/%m/%Y %H:%M" or --time-format "%m/%d/%Y %H:%M"'
    )
    assert column(read(tmp_path, HEAD + "05/01/2026,A,B,1,CNY\n13/01/2026,A,B,1,CNY\n"), "time")[0].month == 1


@pytest.mark.parametrize("text", ["05/01/26", "soon", "12026-01-05", "0026-01-05", "09:00", "1768467600000000", "1"])
def test_times_that_no_format_reads(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match=r"no known time format reads '.*'; say it with --time-format"):
        read(tmp_path, HEAD + f"{text},A,B,1,CNY\n")


@pytest.mark.parametrize("text", ["2026-02-30 09:00", "2026-01-05 24:00", "9999999-01-01 00:00", "x", "2026-01-05"])
def test_times_in_another_format_are_rejected(tmp_path: Path, text: str) -> None:
    ledger = read(tmp_path, HEAD + f"2026-01-05 09:00,A,B,1,CNY\n{text},A,B,1,CNY\n2026-01-05 10:00,A,B,1,CNY\n")
    assert reasons(ledger) == [(2, "time", text, "not a time as %Y-%m-%d %H:%M")]


def test_seconds_too_large_to_be_seconds_are_rejected(tmp_path: Path) -> None:
    rows = "".join(
        f"{stamp},A,B,1,CNY\n" for stamp in ("1768467600", "9999999999999999999", "999999999999999", "-9223372036854")
    )
    ledger = read(tmp_path, HEAD + rows, time_format="epoch_s")
    assert column(ledger, "time") == [NINE]
    assert [row for row, *_ in reasons(ledger)] == [2, 3, 4]


def test_times_of_a_zone(tmp_path: Path) -> None:
    text = HEAD + "2026-03-29 01:30,A,B,1,EUR\n2026-03-29 02:30,A,B,1,EUR\n2026-10-25 02:30,A,B,1,EUR\n"
    ledger = read(tmp_path, text, timezone="Europe/Berlin")
    assert column(ledger, "time") == [
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    ]
    assert reasons(ledger) == [(2, "time", "2026-03-29 02:30", "not a time as %Y-%m-%d %H:%M in Europe/Berlin")]
    zoned = read(tmp_path, HEAD + "2026-01-15T09:00:00Z,A,B,1,EUR\n", timezone="Asia/Shanghai")
    assert column(zoned, "time") == [NINE]


def test_ties_keep_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [f"2026-01-{5 - k // 40:02},A{k},B,1,CNY\n" for k in range(120)]
    assert column(read(tmp_path, HEAD + "".join(rows)), "row") == [*range(81, 121), *range(41, 81), *range(1, 41)]


# --- transaction ids and several files ---------------------------------------------------------------


def test_rows_without_an_id_get_their_position(tmp_path: Path) -> None:
    ledger = read(tmp_path, "tx,time,payer,payee,amount\n,2026-01-05,A,B,1\nx,2026-01-05,A,B,1\n ,2026-01-05,A,B,1\n")
    assert column(ledger, "tx") == ["1:1", "x", "1:3"]


def test_repeated_rows_are_duplicates_and_shared_ids_are_kept(tmp_path: Path) -> None:
    ledger = read(
        tmp_path,
        "tx,time,payer,payee,amount\nx,2026-01-05,A,B,1\nx,2026-01-05,A,B,1\nx,2026-01-05,A,C,1\nx,2026-01-05,C,B,1\n"
        "x,2026-01-05,A,B,2\ny,2026-01-05,A,B,1\nx,2026-01-05,A,B,1\n",
    )
    assert counts(ledger) == {"read": 7, "accepted": 5, "duplicate": 2}
    assert column(ledger, "tx") == ["x", "x#1:3", "x#1:4", "x#1:5", "y"]
    assert reasons(ledger) == [
        (row, "tx", "x", "repeats an earlier row in full, transaction id included") for row in (2, 7)
    ]
    assert ledger.warnings[1:] == ("4 rows share a transaction id with other content; all are kept",)


def test_ids_stay_unique_whatever_they_look_like(tmp_path: Path) -> None:
    ids = ["x", "x", "x#1:2", "", "1:4", "x#1:2"]
    ledger = read(
        tmp_path, "tx,time,payer,payee,amount\n" + "".join(f"{tx},2026-01-05,A,B,{k + 1}\n" for k, tx in enumerate(ids))
    )
    assert ledger.height == 6


def test_a_file_given_twice_counts_once(tmp_path: Path) -> None:
    one = write(tmp_path, HEAD + "2026-01-05,A,B,1,CNY\n2026-01-06,A,B,-1,CNY\n", "one.csv")
    two = write(tmp_path, one.read_bytes(), "two.csv")
    ledger = read_ledger([one, two, one])
    check_accounting(ledger)
    assert ledger.height == 1
    assert [s.rows["duplicate"] for s in ledger.sources] == [0, 2, 2]
    assert [s.dialect for s in ledger.sources] == ["plain", "duplicate", "duplicate"]
    assert ledger.rejected.rows()[1:] == [
        (str(p), None, None, None, f"the file has the same content as {one}") for p in (two, one)
    ]
    assert ledger.warnings[0] == f"{two}: the file has the same content as {one}; its 2 rows are counted as duplicate"


def test_several_files_become_one_ledger(tmp_path: Path) -> None:
    one = write(tmp_path, HEAD + "2026-01-06,A,B,1,CNY\n2026-01-05,A,B,2,CNY\n", "one.csv")
    two = write(
        tmp_path,
        "date;from;to;value;ccy\n06/01/2026;A;C;3,000;CNY\n05/13/2026;A;B;x;CNY\n05/13/2026;A;B;0.125;CNY\n",
        "two.csv",
    )
    ledger = read_ledger([str(one), two])
    check_accounting(ledger)
    assert column(ledger, "file") == [str(one), str(one), str(two), str(two)]
    assert column(ledger, "row") == [2, 1, 3, 1]
    assert column(ledger, "tx") == ["1:2", "1:1", "2:3", "2:1"]
    assert column(ledger, "paid") == [2000, 1000, 125, 3_000_000]
    assert ledger.rejected.rows() == [
        (str(two), 2, "value", "x", "not an amount (digits, at most 8 decimals, 64 bits of minor units)")
    ]


def test_a_file_without_rows_beside_others(tmp_path: Path) -> None:
    one = write(tmp_path, HEAD, "one.csv")
    two = write(tmp_path, HEAD + "2026-01-06 09:00,A,B,1,CNY\n", "two.csv")
    ledger = read_ledger([one, two])
    check_accounting(ledger)
    assert ledger.precision == MINUTE
    assert ledger.warnings == (f"{one}: has a header and no rows",)
    assert column(ledger, "file") == [str(two)]


def test_a_repeat_in_another_file_is_counted_there(tmp_path: Path) -> None:
    head = "tx,time,payer,payee,amount\n"
    one = write(tmp_path, head + "x,2026-01-05,A,B,1\n", "one.csv")
    two = write(tmp_path, head + "x,2026-01-05,A,B,1\ny,2026-01-05,A,B,1\n", "two.csv")
    ledger = read_ledger([one, two])
    check_accounting(ledger)
    assert [s.rows["duplicate"] for s in ledger.sources] == [0, 1]


def test_progress_is_told_of_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into(monkeypatch, 3)
    seen: list[int] = []
    path = write(tmp_path, HEAD + "2026-01-05,A,B,1,CNY\n" * 10)
    read_ledger(path, progress=lambda source, rows: seen.append(rows))
    assert sum(seen) == 10
    assert len(seen) > 1


# --- batches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 7, 64])
def test_results_do_not_depend_on_the_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    rows = [
        f"{k % 7},2026-01-{k % 9 + 10} 09:{k % 60:02},A{k % 13},B{k * k % 11},"
        f"{k % 5}.{k % 3}{k % 4 or ''},{'CNY' if k % 4 else 'USD'},m\n"
        for k in range(150)
    ]
    rows[70] = "1,2026-01-05,A,B,0.0001,CNY\n"
    path = write(tmp_path, "tx,time,payer,payee,amount,currency,memo\n" + "".join(rows))
    whole = read_ledger(path)
    cut_into(monkeypatch, size)
    for part in (read_ledger(path), read_ledger(path)):
        check_accounting(part)
        texts = pl.col(pl.Categorical).cast(pl.String)
        assert part.frame.with_columns(texts).equals(whole.frame.with_columns(texts))
        assert part.accounts.equals(whole.accounts)
        assert part.payer_codes.tolist() == whole.payer_codes.tolist()
        assert part.rejected.equals(whole.rejected)
        assert (part.decimals, part.precision, part.sources, part.warnings) == (
            whole.decimals,
            whole.precision,
            whole.sources,
            whole.warnings,
        )


@pytest.mark.parametrize("size", [1, 250_000])
def test_when_no_row_is_a_transfer_the_first_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    cut_into(monkeypatch, size)
    with pytest.raises(SourceError) as error:
        read(tmp_path, HEAD + "2026-01-05,A,B,x,CNY\n2026-01-05,A,,1,CNY\n2026-01-05,A,B,0,CNY\n")
    assert str(error.value) == (
        f"{tmp_path / 'a.csv'}: none of its 3 rows is a transfer; row 1: amount 'x': "
        "not an amount (digits, at most 8 decimals, 64 bits of minor units)"
    )


# --- Parquet ---------------------------------------------------------------------------------------


def parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "a.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("times", "precision"),
    [
        (pl.Series([datetime(2026, 1, 15, 9)]), None),
        (pl.Series([datetime(2026, 1, 15, 9)]).dt.replace_time_zone("UTC"), None),
        (pl.Series([datetime(2026, 1, 15, 17)]).dt.replace_time_zone("Asia/Shanghai"), None),
        (pl.Series([datetime(2026, 1, 15, 9)]).cast(pl.Datetime("ns")), None),
        (pl.Series(["2026-01-15 09:00"]), MINUTE),
        (pl.Series([1768467600]), SECOND),
        (pl.Series([1768467600000]), timedelta(milliseconds=1)),
    ],
)
@pytest.mark.parametrize(
    ("amounts", "paid"),
    [
        (pl.Series([12.5]), 1250),
        (pl.Series([12]), 1200),
        (pl.Series([Decimal("12.50")]), 1250),
        (pl.Series(["12.50"]), 1250),
        (pl.Series([12.5], dtype=pl.Float32), 1250),
        (pl.Series([12], dtype=pl.UInt8), 1200),
        (pl.Series([1e15]), 10**17),
    ],
)
def test_typed_columns(tmp_path: Path, times: pl.Series, precision: Any, amounts: pl.Series, paid: int) -> None:
    ledger = read_ledger(
        parquet(
            tmp_path,
            time=times,
            payer=pl.Series([7]),
            payee=pl.Series(["007 "], dtype=pl.Categorical),
            amount=amounts,
            label=[True],
        )
    )
    check_accounting(ledger)
    assert column(ledger, "time") == [NINE]
    assert [column(ledger, c) for c in ("payer", "payee", "paid", "label")] == [["7"], ["007"], [paid], ["true"]]
    assert ledger.precision == (precision or timedelta(microseconds=1))


def test_binary_amounts_are_rounded_to_what_an_amount_can_hold_and_that_is_said(tmp_path: Path) -> None:
    times = [datetime(2026, 1, 5)] * 5
    values = [433.556773123456789, 1e-9, float("nan"), 1.5, 1e17]
    ledger = read_ledger(parquet(tmp_path, time=times, payer=["A"] * 5, payee=["B"] * 5, amount=values))
    assert ledger.frame["paid"].to_list() == [43_355_677_312, 150_000_000]
    assert [(row, value.replace("+", ""), reason.partition(":")[0]) for row, _, value, reason in reasons(ledger)] == [
        (2, "0.00000000", "zero amount"),
        (3, "NaN", "not an amount (digits, at most 8 decimals, 64 bits of minor units)"),
        (5, "1e17", "not an amount (digits, at most 8 decimals, 64 bits of minor units)"),
    ]
    assert any('"amount" holds binary numbers' in line for line in ledger.warnings)


def test_parquet_times_with_a_zone_are_not_shifted_again(tmp_path: Path) -> None:
    times = pl.Series([datetime(2026, 1, 15, 9)]).dt.replace_time_zone("UTC")
    path = parquet(tmp_path, time=times, payer=["A"], payee=["B"], amount=[1])
    assert column(read_ledger(path, timezone="Asia/Shanghai"), "time") == [NINE]
    naive = parquet(tmp_path, time=[datetime(2026, 1, 15, 17)], payer=["A"], payee=["B"], amount=[1])
    assert column(read_ledger(naive, timezone="Asia/Shanghai"), "time") == [NINE]


def test_parquet_dates_and_bad_values(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        time=[date(2026, 1, 5), None, date(2026, 1, 5), date(2026, 1, 5)],
        payer=["A", "A", "", "A"],
        payee=["B"] * 4,
        amount=[1.0, 1.0, 1.0, float("nan")],
    )
    ledger = read_ledger(path)
    check_accounting(ledger)
    assert ledger.precision == DAY
    assert [(row, name) for row, name, *_ in reasons(ledger)] == [(2, "time"), (3, "payer"), (4, "amount")]


def test_parquet_columns_are_taken_by_position(tmp_path: Path) -> None:
    path = parquet(tmp_path, **{"^.*$": ["x"], "time": ["2026-01-05"], "payer": ["A"], "payee": ["B"], "amount": [1]})
    assert column(read_ledger(path, mapping={"memo": "^.*$"}), "memo") == ["x"]


# --- AMLworld ----------------------------------------------------------------------------------------

ALINES = (
    "2022/09/01 00:20,010,8000EBD30,010,8000EBD30,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,0\n"
    "2022/09/01 00:06,03208,8000F4580,001,8000F5340,0.01,US Dollar,0.01,US Dollar,Cheque,0\n"
    "2022/09/01 00:21,1,8000F4580,0001,8000F5340,0.00012,Bitcoin,5.50,Euro,Wire,1\n"
)
AHEAD = (
    "Timestamp,From Bank,{},To Bank,{},Amount Received,Receiving Currency,Amount Paid,Payment Currency,"
    "Payment Format,Is Laundering\n"
)


@pytest.mark.parametrize("second", ["Account", "Account.1", "Account_duplicated_0"])
def test_amlworld_is_recognised(tmp_path: Path, second: str) -> None:
    ledger = read(tmp_path, AHEAD.format("Account", second) + ALINES)
    assert ledger.sources[0].dialect == "amlworld"
    assert column(ledger, "payer") == ["03208:8000F4580", "010:8000EBD30", "1:8000F4580"]
    assert column(ledger, "payee") == ["001:8000F5340", "010:8000EBD30", "0001:8000F5340"]
    assert column(ledger, "paid") == [1, 369_734, 550]
    assert column(ledger, "received") == [1, 369_734, 12_000]
    assert column(ledger, "received_currency") == ["US Dollar", "US Dollar", "Bitcoin"]
    assert column(ledger, "label") == ["0", "0", "1"]
    assert ledger.accounts.filter(pl.col("account") == "03208:8000F4580")["bank"].to_list() == ["03208"]
    assert ledger.precision == MINUTE
    assert ledger.sources[0].columns["payee"] == f"To Bank + {second}"


def test_amlworld_with_its_sides_turned(tmp_path: Path) -> None:
    turned = (
        "To Bank,Account,From Bank,Account,Timestamp,Amount Received,Receiving Currency,Amount Paid,"
        "Payment Currency,Payment Format\n"
    )
    ledger = read(tmp_path, turned + "1,P,2,Q,2022/09/01 00:20,1,Euro,1,Euro,Wire\n")
    assert (column(ledger, "payer"), column(ledger, "payee")) == (["2:Q"], ["1:P"])


def test_amlworld_rows_with_holes(tmp_path: Path) -> None:
    lines = [line.split(",") for line in ALINES.splitlines()]
    lines[0][1] = ""
    lines[1][4] = " "
    ledger = read(tmp_path, AHEAD.format("Account", "Account") + "\n".join(",".join(line) for line in lines) + "\n")
    assert [(row, name) for row, name, *_ in reasons(ledger)] == [(1, "From Bank + Account"), (2, "To Bank + Account")]


def test_amlworld_asked_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match='an AMLworld file has a column "Timestamp"; this one has not'):
        read(tmp_path, HEAD + "2026-01-05,A,B,1,CNY\n", dialect="amlworld")
    once = AHEAD.format("Account", "Other") + ALINES
    with pytest.raises(ColumnError, match='an AMLworld file has "Account" twice; this one has it 1 times'):
        read(tmp_path, once, dialect="amlworld")
    with pytest.raises(SourceError, match='there is no dialect "amlword": did you mean "amlworld"'):
        read(tmp_path, once, dialect="amlword")
    plain = read(tmp_path, AHEAD.format("from", "to") + ALINES, dialect="plain", mapping={"time": "Timestamp"})
    assert plain.sources[0].dialect == "plain"


def test_banks_where_amlworld_and_plain_files_meet(tmp_path: Path) -> None:
    one = write(tmp_path, AHEAD.format("Account", "Account") + ALINES, "one.csv")
    two = write(tmp_path, HEAD + "2026-01-05,P,Q,1,CNY\n", "two.csv")
    banks = dict(read_ledger([one, two]).accounts.select("account", "bank").iter_rows())
    assert (banks["1:8000F4580"], banks["P"]) == ("1", None)


@pytest.mark.skipif(not AMLWORLD.exists(), reason="../shared/data/amlworld is not beside the project")
def test_real_amlworld_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    with AMLWORLD.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    paid: Counter[str] = Counter()
    received: Counter[str] = Counter()
    for row in rows:
        received[row[6]] += Decimal(row[5])  # type: ignore[assignment]
        paid[row[8]] += Decimal(row[7])  # type: ignore[assignment]
    for size in (250_000, 1_000):
        cut_into(monkeypatch, size)
        ledger = read_ledger(AMLWORLD)
        check_accounting(ledger)
        assert ledger.sources[0].rows == {**MORE, "read": 28_374, "accepted": 28_374}
        for side, expected in (("paid", paid), ("received", received)):
            sums = ledger.frame.group_by(f"{side}_currency").agg(pl.col(side).sum()).iter_rows()
            assert {code: Decimal(units).scaleb(-ledger.decimals[code]) for code, units in sums} == expected
        keys = {f"{row[1]}:{row[2]}" for row in rows} | {f"{row[3]}:{row[4]}" for row in rows}
        assert set(ledger.accounts["account"]) == keys
        assert column(ledger, "row") == sorted(range(1, len(rows) + 1), key=lambda k: rows[k - 1][0])


def test_received_amounts_with_more_decimals_leave_what_was_paid_right(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "time,payer,payee,amount,currency,received\n"
        "2026-01-05 09:00,A,B,1.00,USD,0.999\n2026-01-05 09:01,B,C,2.50,USD,2.50\n",
        encoding="utf-8",
    )
    ledger = read_ledger(path)
    assert ledger.decimals == {"USD": 3}
    assert ledger.frame["paid"].to_list() == [1000, 2500]
    assert ledger.frame["received"].to_list() == [999, 2500]


def test_times_as_a_spreadsheet_stores_them(tmp_path: Path) -> None:
    ledger = read(tmp_path, HEAD + "45293.4,A,B,1,CNY\n45293.7500231481,A,B,2,CNY\n45294,A,B,3,CNY\n")
    assert ledger.sources[0].time_format == "excel_serial"
    assert [f"{time:%Y-%m-%d %H:%M:%S}" for time in ledger.frame["time"]] == [
        "2024-01-02 09:36:00", "2024-01-02 18:00:02", "2024-01-03 00:00:00",
    ]  # fmt: skip
