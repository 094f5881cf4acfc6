"""What stands beside the transactions in a bank return: accounts, owners, sub-accounts, freezes, failed queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from graphflow.simulate.book import BANKS, START
from graphflow.simulate.one_sided import yuan

_TAB = pl.lit("\t")


@dataclass(frozen=True, eq=False)
class Dossier:
    """What the banks know beside the transactions.

    owners          account, code, name, bank, kind, number (the account number behind the card), identity, balance
    freezes         bank, account, measure, amount, since, until
    failed_queries  bank, account, reason
    """

    owners: pl.DataFrame
    freezes: pl.DataFrame
    failed_queries: pl.DataFrame

    @classmethod
    def of(cls, accounts: pl.DataFrame, rows: pl.DataFrame, truth: Mapping[str, Any]) -> Dossier:
        """From the simulation's accounts and truth, and all rows with their balances."""
        owners = _owners(accounts, rows)
        bank = BANKS[2]
        failed = {"bank": bank, "account": f"6200{BANKS.index(bank) + 1:02}0000009999999", "reason": "账号不存在"}
        return cls(owners, _freezes(owners, truth), pl.DataFrame([failed]))


def _owners(accounts: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    closing = rows.group_by("account").agg(closing=pl.col("balance").last())
    code = pl.col("code").cast(pl.String)
    bank = pl.col("bank").replace_strict({name: f"{k:03}" for k, name in enumerate(BANKS, 1)}, return_dtype=pl.String)
    return (
        accounts.select("account", "name", "bank", "kind")
        .with_row_index("code")
        .join(closing, on="account", how="left", maintain_order="left")
        .with_columns(
            closing=pl.col("closing").fill_null(0),
            number=bank + code.str.zfill(14),
            identity=pl.lit("000000") + code.str.zfill(12),  # no region has the number 000000
        )
    )


def _freezes(owners: pl.DataFrame, truth: Mapping[str, Any]) -> pl.DataFrame:
    """Two accounts that the money went through, whole, and a quarter of what is on one where it still is."""
    gang = truth["gang"]
    in_part = gang["in_flight"][0]
    frozen = [in_part, gang["tier_3"][0], gang["cash_out"][0]]
    since = START + timedelta(days=truth["parameters"]["days"], hours=9)
    quarter = pl.when(pl.col("account") == in_part).then(pl.col("closing") // 4).otherwise("closing")
    held = owners.filter(pl.col("account").is_in(frozen)).with_columns(closing=quarter)
    times = [since + timedelta(minutes=20 * k) for k in range(held.height)]
    return held.select(
        "bank",
        "account",
        "number",
        measure=pl.lit("公安冻结"),
        amount=yuan("closing"),
        since=pl.Series([str(time) for time in times]),
        until=pl.Series([str(time + timedelta(days=181)) for time in times]),
    )


def beside(dossier: Dossier, bank: str) -> dict[str, pl.DataFrame]:
    """The bank's files beside the transactions, by name; a file may have no row but its header."""
    own = dossier.owners.filter(bank=bank)
    return {
        "账户信息": _accounts(own, bank, set(dossier.freezes["account"])),
        "人员信息": _people(own),
        "子账户信息": _sub_accounts(own if bank == BANKS[0] else own.clear(), bank),
        "强制措施信息": _measures(dossier.freezes.filter(bank=bank)),
        "任务失败信息": _failures(dossier.failed_queries.filter(bank=bank)),
    }


def _accounts(own: pl.DataFrame, bank: str, frozen: set[str]) -> pl.DataFrame:
    return own.select(
        pl.col("name").alias("账户开户名称"),
        (pl.col("identity") + _TAB).alias("开户人证件号码"),
        (pl.col("account") + _TAB).alias("卡号"),
        (pl.col("number") + _TAB).alias("账号"),
        pl.lit("2021-03-01 10:00:00\t").alias("开户时间"),
        (yuan("closing") + _TAB).alias("账户余额"),
        (yuan("closing") + _TAB).alias("可用余额"),
        pl.lit("CNY").alias("币种"),
        pl.lit(f"00{BANKS.index(bank) + 1:02}01\t").alias("开户网点代码"),
        pl.lit(f"{bank} Branch 1").alias("开户网点"),
        pl.when(pl.col("account").is_in(frozen)).then(pl.lit("冻结")).otherwise(pl.lit("正常")).alias("账户状态"),
        pl.lit(bank).alias("账号开户银行"),
    )


def _people(own: pl.DataFrame) -> pl.DataFrame:
    natural = pl.col("kind").is_in(["resident", "person"])
    return own.select(
        pl.col("name").alias("客户名称"),
        pl.when(natural).then(pl.lit("居民身份证")).otherwise(pl.lit("统一社会信用代码")).alias("证照类型"),
        (pl.col("identity") + _TAB).alias("证照号码"),
        pl.lit(None, pl.String).alias("单位地址"),
        pl.lit(None, pl.String).alias("联系电话"),
        pl.lit(None, pl.String).alias("工作单位"),
    )


def _sub_accounts(own: pl.DataFrame, bank: str) -> pl.DataFrame:
    """Of the bank that writes the sub-account behind the card number."""
    suffix = pl.when(pl.col("code") % 2 == 0).then(pl.lit("_1")).otherwise(pl.lit("_156_1"))
    return own.select(
        pl.lit(bank).alias("银行名称"),
        (pl.col("account") + _TAB).alias("开户账号"),
        (pl.col("account") + suffix + _TAB).alias("子账户账号"),
        (yuan("closing") + _TAB).alias("余额"),
        pl.lit("活期").alias("子账户类别"),
        pl.lit("1\t").alias("子账户序号"),
        pl.lit("CNY").alias("币种"),
        pl.lit("正常").alias("账户状态"),
    )


def _measures(freezes: pl.DataFrame) -> pl.DataFrame:
    return freezes.select(
        pl.col("bank").alias("银行名称"),
        (pl.col("number") + _TAB).alias("账号"),
        (pl.col("account") + _TAB).alias("卡号"),
        pl.lit("1\t").alias("措施序号"),
        pl.col("measure").alias("冻结措施类型"),
        (pl.col("amount") + _TAB).alias("冻结金额"),
        pl.lit("样例市公安局").alias("冻结机关"),
        (pl.col("since") + _TAB).alias("冻结开始日期"),
        (pl.col("until") + _TAB).alias("冻结截止日期"),
        pl.lit(None, pl.String).alias("备注"),
    )


def _failures(queries: pl.DataFrame) -> pl.DataFrame:
    return queries.select(
        pl.lit("000000000001\t").alias("任务流水号"),
        pl.col("bank").alias("银行名称"),
        pl.lit("个人").alias("主体类别"),
        (pl.col("account") + _TAB).alias("账卡号"),
        pl.lit("失败").alias("反馈结果"),
        pl.col("reason").alias("查询反馈结果原因"),
    )
