"""Seeded bank returns of any size: one folder of one-sided statements in GB18030, as banks answer the police.

    cd tests && python -m benchmarks.returns 1000000

prints the path of a folder whose transaction files have exactly that many rows; a second call finds it and returns at
once. Every transfer has its row out and its row in (0 to 40 seconds later), with one serial; balances are continuous.
Nothing in it is wrong or odd: what is measured is reading and pairing. `graphflow.simulate` plants the traps.

Same arguments, same bytes.
"""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.ledgers import cache_dir
from graphflow.simulate.bank_return import COLUMNS

Ints = npt.NDArray[np.int64]

VERSION = 1  # part of the folder's name: raise it when the same arguments give other bytes
BANKS = ("Bank of Samples", "Example Savings", "First Model Bank", "Invented Commercial")
FIRST_DAY = datetime(2026, 2, 3)
SECONDS = 60 * 86_400
ROWS_PER_ACCOUNT = 50
LATEST = 40  # seconds by which the payee's bank books later
TAIL = 0.4  # the account of rank r is drawn in proportion to r ** -tail
CHUNK_ROWS = 100_000
MEMOS = ("转账", "消费", "货款", "工资", "房租", "还款", "生活费", "手机充值")
PLACES = ("样例市", "示例县", "模型镇")
TYPES = ("手机银行", "网上银行", "柜面", "代收付")


def make_return(rows: int = 1_000_000, seed: int = 7, folder: Path | None = None) -> Path:
    """Write a bank return with `rows` rows of transactions (an even number), or find the one written before."""
    if rows % 2:
        raise ValueError(f"{rows} rows cannot be two for each transfer")
    folder = folder or cache_dir()
    made = folder / f"return-v{VERSION}-{rows}-{seed}"
    if not made.exists():
        # Renamed when complete: an interrupted run must not leave half a return to be found.
        part = made.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write(part, rows // 2, np.random.default_rng(seed))
        part.replace(made)
    return made


def _write(folder: Path, transfers: int, rng: np.random.Generator) -> None:
    number = max(2 * transfers // ROWS_PER_ACCOUNT, 20)
    sides = _balanced(_sides(transfers, number, rng))
    closing = sides.group_by("account").agg(pl.col("balance").last())
    accounts = _accounts(number).join(closing, on="account", how="left").fill_null(0).sort("account")
    for place, bank in enumerate(BANKS):
        with (folder / f"{bank}_交易明细信息.csv").open("wb") as out:
            own = sides.filter(pl.col("account") % len(BANKS) == place)
            for k, chunk in enumerate(own.iter_slices(CHUNK_ROWS)):
                out.write(_bytes(_statement(chunk, accounts, bank), header=k == 0))
        table = _account_table(accounts.filter(bank=bank))
        (folder / f"{bank}_账户信息.csv").write_bytes(_bytes(table, header=True))


def _bytes(table: pl.DataFrame, *, header: bool) -> bytes:
    return table.write_csv(include_header=header, line_terminator="\r\n").encode("gb18030")


def _accounts(number: int) -> pl.DataFrame:
    """Cards, account numbers, names and IDs by code; all of them numbers that nobody has."""
    code = pl.col("account")
    bank = (code % len(BANKS) + 1).cast(pl.String)
    within = (code * 7_919 % 10**6).cast(pl.String).str.zfill(6)
    text = code.cast(pl.String)
    return pl.DataFrame({"account": np.arange(number)}).with_columns(
        card=pl.concat_str(pl.lit("62000"), bank, within, text.str.zfill(7)),
        number=pl.concat_str(pl.lit("00"), bank, text.str.zfill(14)),
        name="Resident " + text.str.zfill(6),
        identity="000000" + text.str.zfill(12),
        bank=pl.lit(pl.Series(BANKS)).gather(code % len(BANKS)),
    )


def _sides(transfers: int, accounts: int, rng: np.random.Generator) -> pl.DataFrame:
    """Both rows of every transfer, by account codes: out, then in."""
    payer, payee = _drawn(accounts, transfers, rng), _drawn(accounts, transfers, rng)
    payee = np.where(payer == payee, (payee + 1) % accounts, payee)
    time, fen = np.sort(rng.integers(0, SECONDS, transfers)), np.exp(rng.normal(9.5, 1.7, transfers)).astype(np.int64)
    later = time + rng.integers(0, LATEST + 1, transfers)
    both = {
        "account": (payer, payee), "other": (payee, payer), "time": (time, later), "fen": (fen + 1, fen + 1),
        "sign": (np.full(transfers, -1), np.full(transfers, 1)), "serial": (np.arange(transfers),) * 2,
    }  # fmt: skip
    return pl.DataFrame({name: np.concatenate(columns) for name, columns in both.items()})


def _drawn(accounts: int, number: int, rng: np.random.Generator) -> Ints:
    """Accounts, some of them much busier than others."""
    codes: Ints = rng.permutation(accounts)[(accounts * rng.random(number) ** (1 / (1 - TAIL))).astype(np.int64)]
    return codes


def _balanced(sides: pl.DataFrame) -> pl.DataFrame:
    """The rows by account and time with the balance after each, never below nothing."""
    sides = sides.sort("account", "time", maintain_order=True)
    sides = sides.with_columns(balance=(pl.col("sign") * pl.col("fen")).cum_sum().over("account"))
    opening = -pl.col("balance").min().over("account").clip(upper_bound=0)
    return sides.with_columns(pl.col("balance") + opening)


# ---------------------------------------------------------------- files


def _statement(rows: pl.DataFrame, accounts: pl.DataFrame, bank: str) -> pl.DataFrame:
    """The 34 columns of some rows of one bank; what it writes in an empty cell is nothing."""
    own, other = accounts[rows["account"]], accounts[rows["other"]]
    serial = rows["serial"]
    texts = {
        "交易卡号": own["card"] + "\t",
        "交易账号": own["number"] + "\t",
        "账户开户名称": own["name"],
        "开户人证件号码": own["identity"] + "\t",
        "交易时间": _stamps(rows["time"]) + "\t",
        "交易金额": _yuan(rows["fen"]) + "\t",
        "交易余额": _yuan(rows["balance"]) + "\t",
        "收付标志": pl.Series(["出", "进"]).gather((rows["sign"] + 1) // 2),
        "交易对手账卡号": other["card"] + "\t",
        "现金标志": pl.lit("转账"),
        "对手户名": other["name"],
        "对手开户银行": other["bank"],
        "摘要说明": pl.Series(MEMOS).gather(serial % len(MEMOS)),
        "交易币种": pl.lit("CNY"),
        "交易网点名称": pl.lit(f"{bank} Branch 1"),
        "交易网点代码": pl.lit("000101\t"),
        "交易发生地": pl.Series(PLACES).gather(serial % len(PLACES)),
        "交易是否成功": pl.lit("成功"),
        "交易流水号": "S" + serial.cast(pl.String).str.zfill(12) + "\t",
        "日志号": serial.cast(pl.String).str.zfill(9) + "\t",
        "交易类型": pl.Series(TYPES).gather(serial % len(TYPES)),
        "查询反馈结果原因": pl.lit("成功"),
    }
    return rows.select(**{name: texts.get(name, pl.lit(None, pl.String)) for name in COLUMNS})


def _account_table(accounts: pl.DataFrame) -> pl.DataFrame:
    texts = {
        "账户开户名称": accounts["name"],
        "开户人证件号码": accounts["identity"] + "\t",
        "卡号": accounts["card"] + "\t",
        "账号": accounts["number"] + "\t",
        "开户时间": pl.lit("2021-03-01 10:00:00\t"),
        "账户余额": _yuan(accounts["balance"]) + "\t",
        "币种": pl.lit("CNY"),
        "开户网点": accounts["bank"] + " Branch 1",
        "账户状态": pl.lit("正常"),
    }
    return accounts.select(**texts)


def _stamps(seconds: pl.Series) -> pl.Series:
    times = (seconds * 10**6).cast(pl.Duration("us")) + pl.lit(FIRST_DAY)
    return pl.select(times.dt.strftime("%Y-%m-%d %H:%M:%S")).to_series()


def _yuan(fen: pl.Series) -> pl.Series:
    return (fen // 100).cast(pl.String) + "." + (fen % 100).cast(pl.String).str.zfill(2)


if __name__ == "__main__":
    print(make_return(int(sys.argv[1])))
