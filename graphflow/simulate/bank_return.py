"""The case as banks answer the police: a folder of one-sided statements, with what makes real ones hard to read.

Each bank has its own habits (`HABITS`): words for the direction, way to write a time, mark for an empty cell. Every
habit and every planted row is counted in the truth:

accounting       what becomes of the rows when they are read (the file delivered twice is not counted)
extra            rows by kind, and transfers, that the two-sided ledger has not: each has a typed end
excluded         rows that move nothing in the end: failed, zero, reversal (with its original, both sides)
gap              rows missing from one account's statement, and the rows around them
habits           how each bank writes
amounts          rows whose amount is written oddly, by how
without_serial   rows whose transfer has its serial on the other side only
rows             rows of each bank's transaction file; repeated_rows: those of them that are there twice
delivered_twice, freezes, failed_queries
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graphflow.simulate.beyond import EXTRA, beyond, typed_end
from graphflow.simulate.book import BANKS
from graphflow.simulate.one_sided import balanced, sides, yuan
from graphflow.simulate.return_files import Dossier, beside

FOLDER = "bank_return"
COLUMNS = (
    "交易卡号", "交易账号", "账户开户名称", "开户人证件号码", "交易时间", "交易金额", "交易余额", "收付标志",
    "交易对手账卡号", "现金标志", "对手户名", "对手身份证号", "对手开户银行", "摘要说明", "交易币种", "交易网点名称",
    "交易网点代码", "交易发生地", "交易是否成功", "传票号", "终端号", "IP地址", "MAC地址", "对手交易余额",
    "交易流水号", "日志号", "凭证种类", "凭证号", "交易柜员号", "商户名称", "商户号", "备注", "交易类型",
    "查询反馈结果原因",
)  # fmt: skip
"""The columns of the newer form, in its order."""

_NUMBERS = {
    "交易卡号", "交易账号", "开户人证件号码", "交易时间", "交易金额", "交易余额", "交易对手账卡号", "对手身份证号",
    "交易网点代码", "传票号", "终端号", "对手交易余额", "交易流水号", "日志号", "凭证号", "交易柜员号", "商户号",
}  # fmt: skip
_ODD_AMOUNTS = {"thousands": 40, "yuan_sign": 40, "full_width": 40, "negative": 40}
_REPEATED = 30
_PAGE = 5
_NO_NUMBER = 10
_FULL_WIDTH = dict(zip("0123456789.", "０１２３４５６７８９．", strict=True))


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How one bank writes.

    null     what stands in an empty cell
    words    direction: out, in
    time     format of 交易时间, as strftime has it
    suffix   the card number has the sub-account behind it
    owner    name and ID of the account's owner stand in the transaction file
    missing  the own number that every tenth row lacks
    """

    null: str
    words: tuple[str, str] = ("出", "进")
    time: str = "%Y-%m-%d %H:%M:%S"
    currency: str = "CNY"
    suffix: bool = False
    owner: bool = True
    missing: str = ""


HABITS: Mapping[str, Habits] = dict(
    zip(
        BANKS,
        (
            Habits(null="-", suffix=True),
            Habits(null=r"\N", words=("借", "贷"), time="%Y%m%d%H%M%S", missing="交易账号"),
            Habits(null="NULL", owner=False),
            Habits(null="无", time="%Y/%-m/%-d %H:%M:%S", currency="人民币"),
            Habits(null="", missing="交易卡号"),
        ),
        strict=True,
    )
)


def bank_return(
    transfers: pl.DataFrame, accounts: pl.DataFrame, truth: Mapping[str, Any]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files (path → bytes) and what is true of them, from the tables and the truth of a simulation."""
    rng = np.random.default_rng((truth["seed"], 40))
    people = accounts.filter(kind="resident", role="")
    rows = sides(transfers, rng).with_columns(change=pl.col("fen") * pl.col("sign"), kind=pl.lit("transfer"))
    rows = pl.concat([rows, beyond(people, truth["parameters"]["days"], rng)], how="diagonal")
    rows = balanced(rows, rng).with_row_index("position")
    dossier = Dossier.of(accounts, rows, truth)
    rows = rows.join(dossier.owners, on="account", how="left", maintain_order="left")
    rows, gap = _without_a_page(rows, accounts)
    rows, repeated = _with_repeats(_with_odd_amounts(rows, rng), gap["account"], rng)
    files, tables = {}, {}
    for bank, habits in HABITS.items():
        tables[bank] = _table(rows.filter(bank=bank), bank, habits)
        files[f"{FOLDER}/{bank}_交易明细信息.csv"] = encoded(tables[bank])
        files |= {f"{FOLDER}/{bank}_{name}.csv": encoded(table) for name, table in beside(dossier, bank).items()}
    twice = BANKS[3]
    copy = f"{FOLDER}/{twice}_交易明细信息(1).csv"
    files[copy] = files[f"{FOLDER}/{twice}_交易明细信息.csv"]
    told = _truth(rows, transfers.height, gap)
    told["rows"] = {bank: table.height for bank, table in tables.items()}
    told["repeated_rows"] = repeated
    told["delivered_twice"] = {"file": f"{twice}_交易明细信息.csv", "copy": copy.partition("/")[2]}
    told |= {"freezes": dossier.freezes.to_dicts(), "failed_queries": dossier.failed_queries.to_dicts()}
    return files, told


def encoded(table: pl.DataFrame) -> bytes:
    """CSV as the platform writes it: GB18030, CRLF."""
    return table.write_csv(line_terminator="\r\n").encode("gb18030")


# --- what is planted ---------------------------------------------------------------------------------


def _without_a_page(rows: pl.DataFrame, accounts: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Leave five rows of one innocent shop out of its own statement, and say which."""
    page = next(_pages(rows, accounts.filter(kind="shop", role="")["account"].to_list()))
    before, *lost, after = page.to_dicts()
    gap = {
        "account": page["account"][0],
        "bank": page["bank"][0],
        "transactions": [row["tx"] for row in lost],
        "before": _said(before),
        "after": _said(after),
    }
    return rows.filter(~pl.col("position").is_in([row["position"] for row in lost])), gap


def _pages(rows: pl.DataFrame, shops: list[str]) -> Iterator[pl.DataFrame]:
    """From the middle of each shop's statement, a page whose loss shows in the balances, with the row on each side."""
    for shop in shops:
        own = rows.filter(account=shop)
        page = own.slice(own.height // 2 - _PAGE // 2, _PAGE + 2)
        if page.height == _PAGE + 2 and page["serial"].null_count() == 0 and page["change"][1:-1].sum() != 0:
            yield page


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    balance = row["balance"]
    return {"serial": row["serial"], "time": str(row["time"]), "balance": f"{balance // 100}.{balance % 100:02}"}


def _with_odd_amounts(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Mark a few rows whose amount is written in another way (`odd`)."""
    transfer = pl.col("kind") == "transfer"
    fits = {
        "thousands": transfer & (pl.col("fen") >= 100_000),
        "negative": transfer & (pl.col("sign") < 0) & (pl.col("bank") == BANKS[3]),
    }
    odd = pl.Series("odd", [""] * rows.height)
    for name, number in _ODD_AMOUNTS.items():
        free = rows.select(fits.get(name, transfer) & (odd == "")).to_series().arg_true().to_numpy()
        odd = odd.scatter(rng.choice(free, min(number, free.size), replace=False), name)
    return rows.with_columns(odd)


def _with_repeats(rows: pl.DataFrame, gap: str, rng: np.random.Generator) -> tuple[pl.DataFrame, dict[str, int]]:
    """Put some rows in twice, as they are; how many by bank."""
    fits = rows.filter((pl.col("kind") == "transfer") & pl.col("serial").is_not_null() & (pl.col("account") != gap))
    again = fits[np.sort(rng.choice(fits.height, _REPEATED, replace=False))]
    number = {bank: again.filter(bank=bank).height for bank in BANKS}
    marked = pl.concat([rows.with_columns(again=pl.lit(False)), again.with_columns(again=pl.lit(True))])
    return marked.sort("position", maintain_order=True), number


# --- the transaction file ----------------------------------------------------------------------------


def _table(rows: pl.DataFrame, bank: str, habits: Habits) -> pl.DataFrame:
    """The 34 columns of one bank, as text."""
    card, number = pl.col("account"), pl.col("number")
    if habits.suffix:
        card = card + pl.when(pl.col("code") % 2 == 0).then(pl.lit("_1")).otherwise(pl.lit("_156_1"))
    lacks = pl.col("position") % _NO_NUMBER == 0
    texts = {
        "交易卡号": pl.when(~lacks).then(card) if habits.missing == "交易卡号" else card,
        "交易账号": pl.when(~lacks).then(number) if habits.missing == "交易账号" else number,
        "账户开户名称": pl.col("name") if habits.owner else _NOTHING,
        "开户人证件号码": pl.col("identity") if habits.owner else _NOTHING,
        "交易时间": pl.col("time").dt.strftime(habits.time),
        "交易金额": _amount(),
        "交易余额": yuan("balance"),
        "收付标志": pl.when(pl.col("sign") < 0).then(pl.lit(habits.words[0])).otherwise(pl.lit(habits.words[1])),
        "交易对手账卡号": pl.col("other"),
        "现金标志": pl.when(pl.col("kind") == "cash").then(pl.lit("现金")).otherwise(pl.lit("转账")),
        "对手户名": pl.col("other_name"),
        "对手开户银行": pl.col("other_bank"),
        "摘要说明": pl.col("memo"),
        "交易币种": pl.lit(habits.currency),
        "交易网点名称": pl.lit(f"{bank} Branch 1"),
        "交易网点代码": pl.lit(f"00{BANKS.index(bank) + 1:02}01"),
        "交易发生地": pl.lit("Sampletown"),
        "交易是否成功": pl.when(pl.col("kind") == "failed").then(pl.lit("失败")).otherwise(pl.lit("成功")),
        "IP地址": pl.col("ip"),
        "MAC地址": _mac(),
        "交易流水号": pl.col("serial"),
        "日志号": pl.col("position").cast(pl.String).str.zfill(9),
        "商户名称": pl.col("merchant"),
        "交易类型": pl.col("channel"),
        "查询反馈结果原因": pl.col("why").fill_null("成功"),
    }
    return rows.select(_cell(texts.get(name, _NOTHING), name, habits.null) for name in COLUMNS)


_NOTHING = pl.lit(None, pl.String)


def _cell(text: pl.Expr, name: str, null: str) -> pl.Expr:
    """A cell as written: the bank's mark where nothing is; a TAB behind numbers, so that Excel keeps every digit."""
    if name in _NUMBERS:
        return (text.fill_null(null) + "\t").alias(name)
    return (text.fill_null(null) if null else text).alias(name)


def _amount() -> pl.Expr:
    plain, odd = yuan("fen"), pl.col("odd")
    sign = pl.when(pl.col("position") % 2 == 0).then(pl.lit("¥")).otherwise(pl.lit("￥"))
    thousands = pl.concat_str(_grouped(pl.col("fen") // 100), plain.str.tail(3))
    return (
        pl.when(odd == "thousands").then(thousands)
        .when(odd == "yuan_sign").then(sign + plain)
        .when(odd == "full_width").then(plain.str.replace_many(_FULL_WIDTH))
        .when(odd == "negative").then(pl.lit("-") + plain)
        .otherwise(plain)
    )  # fmt: skip


def _grouped(yuans: pl.Expr) -> pl.Expr:
    """Whole yuan from 1,000 on, below a thousand millions, with commas."""
    text = yuans.cast(pl.String)
    return text.str.replace(r"(\d)(\d{3})$", "$1,$2").str.replace(r"(\d)(\d{3},)", "$1,$2")


def _mac() -> pl.Expr:
    """An address for each device; those that begin with 02 are nobody's."""
    digits = pl.col("device").str.slice(1).cast(pl.Int64).cast(pl.String).str.zfill(10)
    return pl.lit("02-") + pl.concat_str([digits.str.slice(2 * k, 2) for k in range(5)], separator="-")


# --- truth -------------------------------------------------------------------------------------------


def _truth(rows: pl.DataFrame, transfers: int, gap: dict[str, Any]) -> dict[str, Any]:
    """What was planted, and what becomes of every row when it is read (`accounting`)."""
    kinds = dict(rows.filter(~pl.col("again")).group_by("kind").len().sort("kind").iter_rows())
    once = rows.filter(~pl.col("again"))
    odd = {name: once.filter(odd=name).height for name in _ODD_AMOUNTS}
    extra = once.filter(pl.col("kind").is_in(EXTRA)).sort("position")
    lost = len(gap["transactions"])
    repeated = rows.height - once.height
    moved_not = {kind: kinds[kind] for kind in ("failed", "zero", "reversal")}
    return {
        "folder": FOLDER,
        "accounting": {
            "read": rows.height,
            "accepted": transfers + extra.height,
            "paired": transfers - lost,
            "duplicate": repeated,
            "excluded": sum(moved_not.values()),
            "rejected": 0,
        },
        "excluded": moved_not,
        "without_serial": once["serial"].null_count(),
        "amounts": odd,
        "habits": {bank: _habits_said(once.filter(bank=bank), habits) for bank, habits in HABITS.items()},
        "extra": {
            "rows": {kind: kinds[kind] for kind in EXTRA},
            "transfers": [_extra(row) for row in extra.iter_rows(named=True)],
        },
        "gap": gap,
    }


def _habits_said(rows: pl.DataFrame, habits: Habits) -> dict[str, Any]:
    lacking = rows.filter(pl.col("position") % _NO_NUMBER == 0).height if habits.missing else 0
    said = {"null": habits.null, "out": habits.words[0], "in": habits.words[1], "time": habits.time}
    said |= {"currency": habits.currency, "missing": habits.missing}
    return {**said, "rows_missing": lacking, "card_suffix": habits.suffix, "owner_named": habits.owner}


def _extra(row: Mapping[str, Any]) -> dict[str, str]:
    ends = [row["account"], typed_end(row["kind"], row["merchant"])][:: -row["sign"]]
    fen = row["fen"]
    return {
        "payer": ends[0], "payee": ends[1], "amount": f"{fen // 100}.{fen % 100:02}", "time": str(row["time"]),
        "serial": row["serial"],
    }  # fmt: skip
