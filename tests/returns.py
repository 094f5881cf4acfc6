"""Small one-sided files for tests: a bank return of rows in a few words, and what was read of it in plain values."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphflow import Ledger, read_ledger

COLUMNS: Mapping[str, str] = {
    "own": "交易卡号", "account": "交易账号", "name": "账户开户名称", "holder": "开户人证件号码", "time": "交易时间",
    "amount": "交易金额", "balance": "交易余额", "way": "收付标志", "other": "交易对手账卡号", "cash": "现金标志",
    "other_name": "对手户名", "memo": "摘要说明", "currency": "交易币种", "success": "交易是否成功",
    "serial": "交易流水号", "merchant": "商户名称", "remark": "备注", "feedback": "查询反馈结果原因",
}  # fmt: skip
"""What tests call the columns of a bank return → how platforms do."""

Cells = Mapping[str, Any]


TAKEN_BACK, REVERSAL = "taken back by the reversal that is named", "a reversal of the transfer that is named"
"""What is said of the two sides of a reversal."""


def row(own: str, way: str, amount: str, other: str = "", time: str = "09:00:00", **more: str) -> Cells:
    """One record; a time is of 5 January 2026 unless it has a date."""
    when = time if " " in time else f"2026-01-05 {time}"
    return {"own": own, "way": way, "amount": amount, "other": other, "time": when, **more}


def statement(own: str, moves: str, *, opening: int = 0, day: str = "2026-01-05", other: str = "B") -> list[Cells]:
    """Rows of one account with balances, a minute apart: "出5 进7" in whole yuan."""
    rows, balance = [], opening
    for k, move in enumerate(moves.split()):
        way, amount = move[0], int(move[1:])
        balance += amount if way in "进贷2C" else -amount
        rows.append(row(own, way, f"{amount}.00", other, f"{day} 09:{k:02}:00", balance=f"{balance}.00"))
    return rows


def write(path: Path, rows: Sequence[Cells], *, encoding: str = "utf-8", names: Mapping[str, str] = COLUMNS) -> Path:
    """The rows as a file, with the columns that any of them has."""
    used = [key for key in names if any(key in cells for cells in rows)]
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([names[key] for key in used])
        writer.writerows([cells.get(key, "") for key in used] for cells in rows)
    return path


def read(folder: Path, *files: Sequence[Cells], **options: Any) -> Ledger:
    """A ledger of bank returns of these rows, one file each."""
    paths = [write(folder / f"{k}.csv", rows) for k, rows in enumerate(files, 1)]
    ledger = read_ledger(paths, **options)
    balanced(ledger)
    return ledger


def balanced(ledger: Ledger) -> None:
    """Every row of every file has gone somewhere, and those that say why are listed."""
    assert not ledger.rejected["reason"].null_count()
    for source in ledger.sources:
        kinds = {kind: rows for kind, rows in source.rows.items() if kind != "read"}
        assert source.rows["read"] == sum(kinds.values())
        told = ledger.rejected.filter(file=source.path)
        if told["row"].null_count() == 0:
            assert told.height == kinds["duplicate"] + kinds["excluded"] + kinds["rejected"]
    assert ledger.height == sum(source.rows["accepted"] for source in ledger.sources)


def edges(ledger: Ledger) -> list[tuple[str, str, int]]:
    """(payer, payee, minor units) of each transfer, in order of time."""
    return list(ledger.frame.select("payer", "payee", "paid").iter_rows())


def multiset(ledger: Ledger) -> Counter[tuple[Any, ...]]:
    """The same, and the currency, however they are ordered."""
    return Counter(ledger.frame.select("payer", "payee", "paid", "paid_currency").iter_rows())


def counts(ledger: Ledger) -> dict[str, int]:
    """How many rows of all files became what, without what did not occur."""
    total: Counter[str] = Counter()
    for source in ledger.sources:
        total.update(source.rows)
    return {kind: rows for kind, rows in total.items() if rows}


def reasons(ledger: Ledger) -> list[tuple[str, int | None, str]]:
    """(file, row, reason) of each row that became no transfer."""
    told = ledger.rejected.select("file", "row", "reason", "value").iter_rows()
    return sorted(
        (Path(file).name, number, reason if value is None else f"{reason}: {Path(value).name}")
        for file, number, reason, value in told
    )


def missing(ledger: Ledger) -> list[tuple[object, ...]]:
    """(account, currency, minor units, row before, row after) of each gap."""
    names = ("account", "currency", "amount", "row_before", "row_after")
    return list(ledger.gaps.select(*names).iter_rows())
