"""The case as a wallet operator answers: one tab-separated file of one-sided rows, its amounts in fen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from graphflow.simulate.one_sided import balanced, sides

FILE = "TenpayTrades.txt"
HEADER = (
    "用户ID", "交易单号", "大单号", "用户侧账号名称", "借贷类型", "交易业务类型", "交易用途类型", "交易时间",
    "交易金额(分)", "账户余额(分)", "用户银行卡号", "用户侧网银联单号", "网联/银联", "第三方账户名称", "对手方ID",
    "对手侧账户名称", "对手方银行卡号", "对手侧银行名称", "对手侧网银联单号", "网联/银联", "第三方账户名称",
    "对手方接收时间", "对手方接收金额(分)", "备注1", "备注2",
)  # fmt: skip
"""The operator's header: two names stand in it twice, once for each side."""

_PURPOSES = {"app": "转账", "qr": "扫二维码付款", "batch": "代付", "atm": "提现", "counter": "转账"}
_TIME = "%Y-%m-%d %H:%M:%S"
_CARDS = 6


def tenpay(
    transfers: pl.DataFrame, accounts: pl.DataFrame, truth: Mapping[str, Any]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The file (its name → bytes) and what is true of it, from the tables and the truth of a simulation.

    A user's ID is the account of the two-sided ledger; a few users also have a bank card, with another number.
    """
    rng = np.random.default_rng((truth["seed"], 41))
    rows = sides(transfers, rng).with_columns(change=pl.col("fen") * pl.col("sign"), serial=pl.col("tx"))
    received = rows.filter(sign=1).select("tx", received="time")
    rows = balanced(rows, rng).join(received, on="tx", how="left", maintain_order="left")
    users = accounts.filter(kind="resident")["account"].gather_every(97)[:_CARDS].to_list()
    cards = {user: f"620099{number:013}" for number, user in enumerate(users, 1)}
    rows = rows.join(accounts.select("account", "name"), on="account", how="left", maintain_order="left")
    body = _table(rows, cards).write_csv(include_header=False, separator="\t", quote_style="never")
    text = "\t".join(HEADER) + "\n" + body
    return {FILE: text.encode()}, {"file": FILE, "rows": rows.height, "unit": "fen", "cards": cards}


def _table(rows: pl.DataFrame, cards: Mapping[str, str]) -> pl.DataFrame:
    empty = pl.lit(None, pl.String)
    side = pl.when(pl.col("sign") < 0).then(pl.lit("出")).otherwise(pl.lit("入"))
    card = pl.col("account").replace_strict(cards, default=None, return_dtype=pl.String)
    columns = (
        pl.col("account"), pl.col("serial"), pl.lit("1000") + pl.col("serial").str.slice(1), pl.col("name"), side,
        pl.lit("余额支付"), pl.col("channel").replace(_PURPOSES), pl.col("time").dt.strftime(_TIME),
        pl.col("fen"), pl.col("balance"), card, empty, empty, empty, pl.col("other"),
        pl.col("other_name"), empty, empty, empty, empty, empty,
        pl.col("received").dt.strftime(_TIME), pl.col("fen"), pl.col("memo"), empty,
    )  # fmt: skip
    return rows.select(column.alias(str(k)) for k, column in enumerate(columns))
