"""Random ledgers as files of several kinds, taken into a store in several deliveries."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from ledgers import FIRST_DAY, Row, random_rows
from long_ledgers import long_rows

from graphflow.store import ingest

CURRENCIES = ("CNY", "USD", "JPY", "KWD")
"""Of two, two, no and three decimals."""


def rows_of(rng: random.Random) -> list[Row]:
    """Transfers of hours or weeks; accounts of the two kinds of ledgers meet."""
    rows = [Row("A", "B", 5, 100), *random_rows(rng, 60), *(long_rows(rng, 40) if rng.random() < 0.8 else ())]
    factor = rng.choice((1, 60, 600, 1440))
    spread = [row._replace(minutes=row.minutes * factor + rng.choice((0, 0, 1, 7))) for row in rows]
    return [row._replace(currency=rng.choice(CURRENCIES) if rng.random() < 0.2 else "CNY") for row in spread]


def write_files(rng: random.Random, folder: Path) -> list[Path]:
    """The same ledger in one to four files, each with columns of its own; some rows are in two of them."""
    rows = rows_of(rng)
    rng.shuffle(rows)
    number = rng.randint(1, min(4, len(rows)))
    exchanged, ids = rng.random() < 0.4, rng.random() < 0.7
    paths = []
    for k in range(number):
        own = rows[k::number] + (rng.sample(rows, min(len(rows), 3)) if rng.random() < 0.5 else [])
        paths.append(folder / f"f{k}.csv")
        _write(paths[-1], own, rng, exchanged=exchanged, ids=ids)
    rng.shuffle(paths)
    return paths


def deliver(rng: random.Random, files: Sequence[Path], store: Path) -> None:
    """Ingest the files in as many steps as chance wants."""
    waiting = list(files)
    while waiting:
        number = rng.randint(1, len(waiting))
        ingest(waiting[:number], store)
        waiting = waiting[number:]


def _write(path: Path, rows: Sequence[Row], rng: random.Random, *, exchanged: bool, ids: bool) -> None:
    extra = [name for name in ("device", "ip", "payer_name", "payee_bank", "memo", "channel") if rng.random() < 0.5]
    if exchanged and rng.random() < 0.7:
        extra += ["received", "received_currency"]
    names = ["time", "payer", "payee", "amount", "currency", *extra]
    if ids and rng.random() < 0.8:
        names.insert(0, "tx")
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names, extrasaction="ignore")
        table.writeheader()
        for told in _told(rows, rng):
            table.writerow(told)


def _told(rows: Sequence[Row], rng: random.Random) -> Iterator[dict[str, Any]]:
    rate = {"CNY": 1.0, "USD": 7.0, "JPY": 0.05, "KWD": 23.0}
    for k, row in enumerate(rows):
        into = rng.choice(CURRENCIES) if rng.random() < 0.5 else row.currency
        amount = row.amount if row.currency == "JPY" else row.amount / 100
        if row.currency == "KWD":
            amount += 0.005
        yield {
            "tx": rng.choice(("", f"T{k}", f"T{k}", f"T{k % 7}", f"T{k % 7}#1:{k}", f"1:{k + 1}", f"2:{k}")),
            "time": f"{FIRST_DAY + timedelta(minutes=row.minutes):%Y-%m-%d %H:%M:%S}",
            "payer": row.payer, "payee": row.payee, "amount": f"{amount:g}" if rng.random() < 0.99 else "none",
            "currency": row.currency, "device": row.device, "ip": row.ip,
            "channel": rng.choice(("", "ATM withdrawal", "App", "App")),
            "payer_name": rng.choice(("", f"Holder {row.payer}", "Salary Ltd")),
            "payee_bank": rng.choice(("", "Bank 1", "Bank 2")),
            "memo": rng.choice(("", "rent", "loan")),
            "received": f"{amount * rate[row.currency] / rate[into]:.0f}", "received_currency": into,
        }  # fmt: skip
