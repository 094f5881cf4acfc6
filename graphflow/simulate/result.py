"""The simulation as tables and truth, and its three files."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphflow.errors import OutputError
from graphflow.simulate.book import START, Book, Longs, Note
from graphflow.simulate.gang import Gang


@dataclass(frozen=True, eq=False)
class Simulation:
    """A ledger and what is true about it.

    transfers  tx, time, payer, payee, names, banks, amount (text, yuan with two decimals), currency, channel,
               memo, ip, device, label ("", "trap:…" or "gang:…"); in time order
    accounts   account, name, bank, kind, role ("", "trap:…" or "gang:…")
    truth      what was planted, by account and `tx`; can be written as JSON
    """

    transfers: pl.DataFrame
    accounts: pl.DataFrame
    truth: Mapping[str, Any] = field(repr=False)

    def write(self, out: Path) -> None:
        """Write transfers.csv, accounts.csv and truth.json into a new or empty folder: all of them, or none.

        Raises `OutputError` when the folder is not empty or cannot be written.
        """
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputError(f"{out}: exists and is not an empty folder; name a new one")
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            self._write_whole(out)
        except OSError as error:
            raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from None

    def _write_whole(self, out: Path) -> None:
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            self.transfers.write_csv(beside / "transfers.csv")
            self.accounts.write_csv(beside / "accounts.csv")
            text = json.dumps(self.truth, indent=1, ensure_ascii=False)
            (beside / "truth.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            beside.chmod(0o755)
            beside.replace(out)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def __repr__(self) -> str:
        return f"Simulation({self.transfers.height:,} transfers among {self.accounts.height:,} accounts)"


def finish(book: Book, gang: Gang, parameters: dict[str, int]) -> Simulation:
    """Put everything in time order, number it, and name accounts in the truth."""
    numbers = np.concatenate(book.numbers, axis=1)
    order = np.lexsort((np.arange(book.size), numbers[0]))
    tx = np.empty(book.size, np.int64)
    tx[order] = np.arange(1, book.size + 1)
    ids = [f"T{k:07}" for k in tx.tolist()]
    names = [book.account(code) for code in range(len(book.names))]
    return Simulation(
        transfers=_transfers(book, numbers, ids, names, order),
        accounts=_accounts(book, names),
        truth=_truth(book, gang, parameters, ids, names),
    )


def _transfers(book: Book, numbers: Longs, ids: list[str], names: list[str], order: Longs) -> pl.DataFrame:
    time, payer, payee, fen = (column.tolist() for column in numbers)
    texts = [text for number, *text in book.texts for _ in range(number)]
    places = [book.place(code, text[0]) for code, text in zip(payer, texts, strict=True)]
    columns = {
        "tx": ids,
        "time": [_stamp(seconds) for seconds in time],
        "payer": [names[code] for code in payer],
        "payee": [names[code] for code in payee],
        "payer_name": [book.names[code] for code in payer],
        "payee_name": [book.names[code] for code in payee],
        "payer_bank": [book.bank(code) for code in payer],
        "payee_bank": [book.bank(code) for code in payee],
        "amount": [f"{amount // 100}.{amount % 100:02}" for amount in fen],
        "currency": ["CNY"] * book.size,
        "channel": [channel for channel, *_ in texts],
        "memo": [memo for _, memo, *_ in texts],
        "ip": [text[3] or ip for text, (ip, _) in zip(texts, places, strict=True)],
        "device": [device for _, device in places],
        "label": [text[2] for text in texts],
    }
    return pl.DataFrame(columns)[order]


def _stamp(seconds: int) -> str:
    return str(datetime(START.year, START.month, START.day) + timedelta(seconds=seconds))


def _accounts(book: Book, names: list[str]) -> pl.DataFrame:
    codes = range(len(names))
    return pl.DataFrame(
        {
            "account": names,
            "name": book.names,
            "bank": [book.bank(code) for code in codes],
            "kind": book.kinds,
            "role": [book.roles.get(code, "") for code in codes],
        }
    )


def _truth(book: Book, gang: Gang, parameters: dict[str, int], ids: list[str], names: list[str]) -> dict[str, Any]:
    def named(codes: Iterable[int]) -> list[str]:
        return [names[code] for code in codes]

    def noted(notes: list[Note]) -> list[dict[str, Any]]:
        return [
            {"kind": n.kind, "accounts": named(n.accounts), "transactions": [ids[p] for p in n.positions]}
            for n in notes
        ]

    members = {tier: named(codes.tolist()) for tier, codes in gang.tiers.items()}
    return {
        "seed": parameters["seed"],
        "parameters": parameters,
        "gang": {
            "victims": named(gang.victims.tolist()),
            **members,
            "controller": members["controller"][0],
            "in_flight": named(gang.in_flight.tolist()),
            "cycle": [ids[position] for position in gang.cycle],
            "devices": _devices(book, names),
        },
        "patterns": noted(book.patterns),
        "traps": noted(book.traps),
    }


def _devices(book: Book, names: list[str]) -> list[dict[str, Any]]:
    """Each operator's device and address, and the accounts used from it."""
    places = sorted(set(book.devices.values()))
    return [
        {
            "device": device,
            "ip": ip,
            "accounts": [names[c] for c, place in book.devices.items() if place == (ip, device)],
        }
        for ip, device in places
    ]
