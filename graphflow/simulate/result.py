"""The simulation as tables and truth, and its files: the ledger, and the same case in other dialects."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graphflow.errors import OutputError, RuleError, did_you_mean
from graphflow.simulate.bank_return import FOLDER, bank_return
from graphflow.simulate.book import START, Book, Longs, Note
from graphflow.simulate.gang import Gang
from graphflow.simulate.tenpay import FILE, tenpay
from graphflow.simulate.trail import trail, victims_table

_Writer = Callable[
    [pl.DataFrame, pl.DataFrame, Mapping[str, Any]], tuple[dict[str, bytes], dict[str, Any]]
]  # transfers, accounts, truth → files, and what is true of them

DIALECTS = ("all", "two-sided", "bank-return", "tenpay")
"""What a simulation can be written as. Each but "all" adds its own files; accounts.csv and truth.json always come."""


def _two_sided(
    transfers: pl.DataFrame, accounts: pl.DataFrame, truth: Mapping[str, Any]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    victims = victims_table(transfers)
    return {"transfers.csv": transfers.write_csv().encode(), "victims.csv": victims.write_csv().encode()}, {}


_WRITERS: Mapping[str, _Writer] = {"two-sided": _two_sided, "bank-return": bank_return, "tenpay": tenpay}
_PLACES = {"two-sided": "transfers.csv", "bank-return": FOLDER, "tenpay": FILE}


def places(dialect: str) -> tuple[str, ...]:
    """What a written simulation has that can be read as a ledger, by name.

    >>> places("all")
    ('transfers.csv', 'bank_return', 'TenpayTrades.txt')
    """
    return tuple(_PLACES[name] for name in _named(dialect))


def _named(dialect: str) -> tuple[str, ...]:
    if dialect not in DIALECTS:
        raise RuleError(f'simulate: there is no dialect "{dialect}": {did_you_mean(dialect, DIALECTS)}')
    return tuple(_WRITERS) if dialect == "all" else (dialect,)


@dataclass(frozen=True, eq=False)
class Simulation:
    """A ledger and what is true about it.

    transfers  tx, time, payer, payee, names, banks, amount (text, yuan with two decimals), currency, channel,
               memo, ip, device, label ("", "trap:…" or "gang:…"); in time order
    accounts   account, name, bank, kind, role ("", "trap:…" or "gang:…")
    truth      what was planted, by account and `tx`, and where the victims' money went (`trace`, see `trail`); can be
               written as JSON
    """

    transfers: pl.DataFrame
    accounts: pl.DataFrame
    truth: Mapping[str, Any] = field(repr=False)

    def write(self, out: Path, *, dialect: str = "all") -> None:
        """Write the case into a new or empty folder: all of its files, or none.

        dialect  "two-sided" (transfers.csv, and victims.csv: the victims' payments as a police report lists them),
                 "bank-return" (a folder of one-sided statements in GB18030), "tenpay" (TenpayTrades.txt, in fen), or
                 "all" of them. What each holds is told in truth.json under its name.

        accounts.csv and truth.json always come along. Raises `OutputError` when the folder is not empty or cannot be
        written, `RuleError` for a dialect that there is not.
        """
        dialects = _named(dialect)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputError(f"{out}: exists and is not an empty folder; name a new one")
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            self._write_whole(out, dialects)
        except OSError as error:
            raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from None

    def _write_whole(self, out: Path, dialects: Iterable[str]) -> None:
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            truth = dict(self.truth)
            for dialect in dialects:
                files, told = _WRITERS[dialect](self.transfers, self.accounts, self.truth)
                _write_files(beside, files)
                truth |= {dialect.replace("-", "_"): told} if told else {}
            self.accounts.write_csv(beside / "accounts.csv")
            text = json.dumps(truth, indent=1, ensure_ascii=False)
            (beside / "truth.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            beside.chmod(0o755)
            beside.replace(out)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def __repr__(self) -> str:
        return f"Simulation({self.transfers.height:,} transfers among {self.accounts.height:,} accounts)"


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def finish(book: Book, gang: Gang, parameters: dict[str, int]) -> Simulation:
    """Put everything in time order, number it, and name accounts in the truth."""
    numbers = np.concatenate(book.numbers, axis=1)
    order = np.lexsort((np.arange(book.size), numbers[0]))
    tx = np.empty(book.size, np.int64)
    tx[order] = np.arange(1, book.size + 1)
    ids = [f"T{k:07}" for k in tx.tolist()]
    names = [book.account(code) for code in range(len(book.names))]
    transfers, accounts = _transfers(book, numbers, ids, names, order), _accounts(book, names)
    truth = _truth(book, gang, parameters, ids, names)
    return Simulation(
        transfers=transfers,
        accounts=accounts,
        truth={**truth, "trace": trail(transfers, accounts, truth["gang"])},
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
