"""Bank returns (调单): each trap of real ones as a small file, and the words a person sees."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from returns import COLUMNS, Cells, balanced, counts, edges, read, reasons, row, write

from graphflow import read_ledger
from graphflow.errors import SourceError

ROWS = [row("A", "出", "5.00", "B", name="Resident 0001"), row("A", "进", "6.00", "C", "10:00:00")]
EDGES = [("A", "B", 500), ("C", "A", 600)]


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("gb18030", "gb18030"), ("utf-8-sig", "utf-8-sig"), ("utf-8", "utf-8"), ("utf-16", "utf-16"), ("gbk", "gb18030")],
)
def test_encodings(encoding: str, told: str, tmp_path: Path) -> None:
    rows = [{**cells, "other_name": "示例居民", "memo": "转账"} for cells in ROWS]
    ledger = read_ledger(write(tmp_path / "a.csv", rows, encoding=encoding))
    assert edges(ledger) == EDGES
    assert ledger.sources[0].encoding == told
    assert ledger.sources[0].dialect == "bank-return"
    assert set(ledger.frame["memo"]) == {"转账"}


@pytest.mark.parametrize("mark", ["\t", "\u3000", "\xa0", " \t ", "\ufeff"])
def test_what_stands_around_cells_and_headers(mark: str, tmp_path: Path) -> None:
    names = {key: f"{name}{mark}" for key, name in COLUMNS.items()}
    rows = [{key: f"{text}{mark}" for key, text in cells.items()} for cells in ROWS]
    ledger = read_ledger(write(tmp_path / "a.csv", rows, names=names))
    assert edges(ledger) == EDGES
    assert ledger.sources[0].dialect == "bank-return"


@pytest.mark.parametrize("null", ["", "-", "--", "\\N", "\\\\N", "NULL", "null", "无", "None", "N/A"])
def test_marks_of_empty_cells(null: str, tmp_path: Path) -> None:
    rows = [row("A", "出", "5.00", null, other_name=null, memo=null, serial=null, account=null, balance=null)] * 2
    ledger = read(tmp_path, rows)
    assert edges(ledger) == [("A", "UNKNOWN:A", 500)] * 2
    assert ledger.frame["memo"].null_count() == 2


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", ["6228480000000000001_1", "6228480000000000001_156_1", "6228480000000000001"])
def test_what_banks_hang_on_to_numbers(own: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, [row(own, "出", "5.00", "0000000000000000012_156_1", account="00123_1")])
    assert edges(ledger) == [("6228480000000000001", "0000000000000000012", 500)]
    assert ledger.identities["alias"].to_list() == ["00123"]


def test_the_card_or_the_account_is_missing(tmp_path: Path) -> None:
    rows = [
        row("6228480000000000001", "出", "5.00", "B", account="00123"),
        row("", "出", "6.00", "B", account="00123"),
        row("6228480000000000001", "出", "7.00", "B", account="-"),
    ]
    assert {payer for payer, _, _ in edges(read(tmp_path, rows))} == {"6228480000000000001"}
    only = read_ledger(write(tmp_path / "only.csv", [row("", "出", "5.00", "B", account="00123")]))
    assert edges(only) == [("00123", "B", 500)]


def test_neither_number(tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("", "出", "5.00", "B", account="\\N"), *ROWS])
    assert edges(ledger) == EDGES
    assert reasons(ledger) == [("1.csv", 1, "empty")]
    assert ledger.rejected["column"].to_list() == ["交易卡号"]


def test_cut_numbers_are_said(tmp_path: Path) -> None:
    rows = [row("6.22848E+18", "出", "5.00", "B"), row("6.22848E+18", "出", "6.00", "6.21700E+15", "10:00:00")]
    ledger = read(tmp_path, rows)
    assert any("6.22848E+18" in warning for warning in ledger.warnings)
    assert edges(ledger)[1][1] == "UNKNOWN:6.22848E+18:6.21700E+15"


# --- amounts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["1234.56", "1,234.56", "￥1,234.56", "¥1234.56", "１２３４．５６", "1234.56元", " 1234.560 ", "+1234.56"]
)
def test_amounts(text: str, tmp_path: Path) -> None:
    assert edges(read(tmp_path, [row("A", "出", text, "B")])) == [("A", "B", 123456)]


@pytest.mark.parametrize("text", ["abc", "1.234,56,7", "12-50", "1.2.3", "5.00abc", "∞", "NaN"])
def test_what_is_no_amount(text: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("A", "出", text, "B"), *ROWS])
    assert edges(ledger) == EDGES
    ((_, number, reason),) = reasons(ledger)
    assert (number, reason.partition(" (")[0].partition(":")[0]) in ((1, "not an amount"), (1, "empty"))


def test_a_row_of_zero(tmp_path: Path) -> None:
    ledger = read(tmp_path, [row("A", "出", "0.00", "B"), row("A", "进", "0", "B"), *ROWS])
    assert [reason for _, _, reason in reasons(ledger)] == [
        "zero amount: nothing moved: 0.00", "zero amount: nothing moved: 0",
    ]  # fmt: skip
    assert counts(ledger) == {"read": 4, "accepted": 2, "excluded": 2}


@pytest.mark.parametrize("names", [("借方金额", "贷方金额"), ("借方发生额", "贷方发生额"), ("支出金额", "收入金额")])
def test_two_columns_instead_of_a_flag(names: tuple[str, str], tmp_path: Path) -> None:
    columns = {"own": "交易卡号", "time": "交易时间", "debit": names[0], "credit": names[1], "other": "对方账号"}
    rows: list[Cells] = [
        {"debit": "5.00", "credit": "0.00"},
        {"debit": "", "credit": "6.00"},
        {"debit": "-", "credit": "￥7.00"},
        {"debit": "0", "credit": "0.00"},
        {"debit": "8.00", "credit": "9.00"},
        {"debit": "x", "credit": ""},
        {"debit": "０．００", "credit": "1,000.00"},
    ]
    common = {"own": "A", "other": "B"}
    rows = [{**common, "time": f"2026-01-05 09:0{k}:00", **cells} for k, cells in enumerate(rows)]
    ledger = read_ledger(write(tmp_path / "a.csv", rows, names=columns))
    balanced(ledger)
    assert edges(ledger) == [("A", "B", 500), ("B", "A", 600), ("B", "A", 700), ("B", "A", 100000)]
    told = [(number, reason.partition(" (")[0]) for _, number, reason in reasons(ledger)]
    assert told == [(4, "zero amount: nothing moved: 0"), (5, "both a debit and a credit amount"), (6, "not an amount")]


def test_a_flag_goes_before_two_columns(tmp_path: Path) -> None:
    columns = {**COLUMNS, "debit": "借方金额", "credit": "贷方金额"}
    rows = [{**row("A", "出", "5.00", "B"), "debit": "5.00", "credit": "0.00"}]
    assert edges(read_ledger(write(tmp_path / "a.csv", rows, names=columns))) == [("A", "B", 500)]


# --- currencies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [("人民币", "CNY"), ("CNY", "CNY"), ("156", "CNY"), ("RMB", "CNY"), ("", "CNY"), ("-", "CNY"), ("美元", "USD"),
     ("840", "USD"), ("HKD", "HKD"), ("港币", "HKD")],
)  # fmt: skip
def test_currencies(text: str, code: str, tmp_path: Path) -> None:
    assert read(tmp_path, [row("A", "出", "5.00", "B", currency=text)]).currencies == [code]


def test_no_column_of_currencies_is_yuan(tmp_path: Path) -> None:
    assert read(tmp_path, ROWS).currencies == ["CNY"]


# --- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y/%-m/%-d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d %H:%M:%S"]
)
def test_times(form: str, tmp_path: Path) -> None:
    moments = [datetime(2026, 1, 2, 10, 0, 5), datetime(2026, 1, 23, 22, 30, 59)]
    rows = [{**row("A", "出", "5.00", "B"), "time": f"{moment.strftime(form)}\t"} for moment in moments]
    ledger = read(tmp_path, rows)
    assert [time.replace(tzinfo=None) for time in ledger.frame["time"]] == moments


@pytest.mark.parametrize(
    ("date", "clock"),
    [("2026-01-02", "09:30:05"), ("20260102", "093005"), ("20260102", "93005"), ("2026-01-02 00:00:00", "09:30:05"),
     ("2026-01-02", "2026-01-02 09:30:05"), ("20260102", "09:30:05")],
)  # fmt: skip
def test_date_and_clock_in_two_columns(date: str, clock: str, tmp_path: Path) -> None:
    names = {**COLUMNS, "date": "交易日期"}
    rows = [{**row("A", "出", "5.00", "B"), "date": date, "time": clock}]
    ledger = read_ledger(write(tmp_path / "a.csv", rows, names=names))
    assert f"{ledger.frame['time'][0]:%Y-%m-%d %H:%M:%S}" == "2026-01-02 09:30:05"


def test_a_date_alone(tmp_path: Path) -> None:
    names = {**COLUMNS, "time": "交易日期"}
    rows = [{**row("A", "出", "5.00", "B"), "time": "20260102"}]
    ledger = read_ledger(write(tmp_path / "a.csv", rows, names=names))
    assert f"{ledger.frame['time'][0]:%Y-%m-%d}" == "2026-01-02"
    assert ledger.precision == timedelta(days=1)


def test_a_row_of_another_form_of_time(tmp_path: Path) -> None:
    ledger = read(tmp_path, [*ROWS, {**ROWS[0], "time": "99991399"}])
    assert edges(ledger) == EDGES
    assert reasons(ledger) == [("1.csv", 3, "not a time as %Y-%m-%d %H:%M:%S: 99991399")]


# --- what did not happen -------------------------------------------------------------------------


@pytest.mark.parametrize("success", ["失败", "交易失败", "不成功", "未成功", "否", "N", "false", "已撤销"])
def test_what_did_not_succeed(success: str, tmp_path: Path) -> None:
    ledger = read(tmp_path, [{**cells, "success": "成功"} for cells in ROWS] + [{**ROWS[0], "success": success}])
    assert edges(ledger) == EDGES
    assert reasons(ledger) == [("1.csv", 3, f"did not succeed: {success}")]
    assert counts(ledger) == {"read": 3, "accepted": 2, "excluded": 1}


@pytest.mark.parametrize("success", ["成功", "是", "Y", "1", "交易成功", "", "正常"])
def test_what_succeeded(success: str, tmp_path: Path) -> None:
    assert counts(read(tmp_path, [{**ROWS[0], "success": success}])) == {"read": 1, "accepted": 1}


@pytest.mark.parametrize("feedback", ["查询失败", "无记录", "查无此人，没有数据", "无交易明细"])
def test_rows_that_only_answer_the_query(feedback: str, tmp_path: Path) -> None:
    answer = {"own": "A", "feedback": feedback}
    ledger = read(tmp_path, [{**cells, "feedback": "成功"} for cells in ROWS] + [answer])
    assert edges(ledger) == EDGES
    assert reasons(ledger) == [("1.csv", 3, f"the query's answer, not a transfer: {feedback}")]


def test_both_texts_of_a_row_may_hold_the_word_that_matters(tmp_path: Path) -> None:
    rows = [row("A", "出", "5.00", memo="转账", remark="手续费"), row("A", "出", "6.00", memo="结息", remark="")]
    assert edges(read(tmp_path, rows)) == [("A", "FEE", 500), ("A", "INTEREST", 600)]


# --- headers -------------------------------------------------------------------------------------

SPELLINGS: list[dict[str, str]] = [
    {"own": "查询卡号", "time": "交易日期", "amount": "交易金额", "way": "借贷标志", "other": "交易对方账卡号"},
    {"own": "查询账号", "time": "交易时间", "amount": "发生额", "way": "借贷方向", "other": "对手账号"},
    {"own": "本方账号", "time": "交易日期时间", "amount": "金额", "way": "收付标识", "other": "对方卡号"},
    {"own": "卡号", "time": "记账时间", "amount": "交易金额(元)", "way": "进出标志", "other": "交易对方帐卡号"},
    {"own": "账 号", "time": "交易时间", "amount": "交易金额", "way": "资金收付标志", "other": "交易对手账号"},
]


@pytest.mark.parametrize("names", SPELLINGS, ids=lambda names: names["own"])
def test_names_of_columns_vary(names: dict[str, str], tmp_path: Path) -> None:
    ledger = read_ledger(write(tmp_path / "a.csv", ROWS, names=names))
    assert edges(ledger) == EDGES
    assert ledger.sources[0].dialect == "bank-return"
    assert ledger.sources[0].columns["payee"] == names["other"]


@pytest.mark.parametrize(
    ("lacks", "said"), [("own", "交易卡号"), ("time", "交易时间"), ("amount", "交易金额"), ("way", "收付标志")]
)
def test_a_column_that_is_missing(lacks: str, said: str, tmp_path: Path) -> None:
    names = {key: name for key, name in COLUMNS.items() if key != lacks}
    path = write(tmp_path / "a.csv", ROWS, names=names)
    with pytest.raises(SourceError) as error:
        read_ledger(path, dialect="bank-return")
    assert str(error.value) == f"{path}: a bank return has a column {said}; this one has not"


# --- files beside the transactions ---------------------------------------------------------------


def table(path: Path, *lines: str) -> Path:
    """A file of these lines."""
    path.write_text("\n".join(lines) + "\n", "gb18030")
    return path


BESIDE = [
    (
        "accounts",
        "账户开户名称,开户人证件号码,卡号,账号,账户余额,账户状态,开户网点",
        "Resident 0001,000000000000000001,A\t,00123\t,100.00,正常,Sample Branch",
    ),
    (
        "accounts",
        "账户开户名称,开户人证件号码,交易卡号,交易账号,账号开户时间,账户余额,可用余额,币种,开户网点代码,开户网点,账户状态,"
        "钞汇标志名称,销户日期,账户类型,备注,账号开户银行",
        "Resident 0001,0000001,A,00123,2020-01-01,10.00,10.00,人民币,01,Sample Branch,正常,钞,,个人,,Bank of Samples",
    ),
    ("people", "客户名称,证照类型,证照号码,单位地址,联系电话,工作单位", "Resident 0001,身份证,0000001,,,"),
    ("people", "开户名称,证照类型,证照号码,住宅地址,住宅电话", "Resident 0001,,0000001,Sampletown,"),
    ("people", "开户名称,证照类型,证照号码,联系电话", "Resident 0001,,0000001,"),
    (
        "sub-accounts",
        "反馈单位,名称,证件号码,账号,子账户序号,子账户类别,子账户账号,币种,账户余额",
        "Bank of Samples,Resident 0001,0000001,00123,1,,00123_1,人民币,5.00",
    ),
    (
        "freezes",
        "银行名称,账号,冻结措施类型,冻结金额,冻结机关,冻结开始日期,冻结截止日期,措施序号",
        "Bank of Samples,00123,0002,1000,Sample Authority,2026-01-06,2026-07-05,1",
    ),
    (
        "queries",
        "任务流水号,银行名称,主体类别,证账号码,账卡号,发送时间,反馈时间,反馈结果,查询结果",
        "1,Bank of Samples,,,A,2026-01-06 10:00:00,2026-01-06 10:00:01,失败,失败",
    ),
    ("queries", "账卡号,开户银行,失败原因", "A,Bank of Samples,查无此账号"),
]


@pytest.mark.parametrize(("kind", "header", "line"), BESIDE, ids=[f"{k}-{kind}" for k, (kind, *_) in enumerate(BESIDE)])
def test_files_beside_the_transactions(kind: str, header: str, line: str, tmp_path: Path) -> None:
    transfers = write(tmp_path / "a.csv", ROWS)
    beside = table(tmp_path / "b.csv", header, line)
    for paths in ([transfers, beside], [beside, transfers]):
        ledger = read_ledger(paths)
        assert edges(ledger) == EDGES
        (source,) = (source for source in ledger.sources if source.path.endswith("b.csv"))
        assert source.dialect == f"bank-return: {kind}"
        assert source.rows["excluded"] == source.rows["read"] == 1
        told = ledger.rejected.filter(file=source.path)["reason"].to_list()
        assert told == [f"tells of {kind}, not of transfers: 1 row used for what they tell"]


def test_a_file_beside_the_transactions_alone(tmp_path: Path) -> None:
    kind, header, line = BESIDE[0]
    path = table(tmp_path / "b.csv", header, line)
    with pytest.raises(SourceError, match="no file has transfers, only bank-return: accounts"):
        read_ledger(path)
    assert kind == "accounts"


def test_an_account_list_joins_and_names(tmp_path: Path) -> None:
    names = {"card": "卡号", "account": "账号", "name": "账户开户名称", "holder": "开户人证件号码", "state": "账户状态"}
    listed = {
        "card": "A",
        "account": "00123_156_1",
        "name": "Resident 0001",
        "holder": "000000000000000001",
        "state": "正常",
    }
    paths = [
        write(
            tmp_path / "a.csv",
            [row("", "出", "5.00", "B", account="00123"), row("", "出", "6.00", "B", account="00124")],
        ),
        write(tmp_path / "accounts.csv", [listed], names=names),
    ]
    ledger = read_ledger(paths)
    assert sorted(edges(ledger)) == [("00124", "B", 600), ("A", "B", 500)]
    assert list(ledger.identities.iter_rows()) == [("A", "00123", f"{paths[1]} lists both as one account")]
    assert dict(ledger.accounts.select("account", "name").iter_rows())["A"] == "Resident 0001"


def test_an_ordinary_table_is_not_taken_for_a_return(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("交易时间,付款账号,收款账号,金额,账户状态\n2026-01-05 09:00:00,007,008,5.00,正常\n", "utf-8")
    assert read_ledger(path).sources[0].dialect == "plain"
