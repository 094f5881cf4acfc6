"""Random files of transfers with victims in them, and a trace of their store: whole, and in pieces."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from graphflow.scale.analyzing import Scale
from graphflow.scale.tracing import trace_store
from graphflow.store import ingest
from graphflow.tracing import trace_files
from graphflow.view.trace_folder import write_trace

HEADER = "id,time,payer,payee,amount,currency,payee_name,device,ip\n"
FIRST = datetime(2026, 1, 5)
NAMES = {"A0": "Alipay payment gateway", "A1": "City Supermarket", "A2": "OKX exchange"}
DEVICES = ("", "", "", "D1", "D2", "D3", "D4")


@dataclass
class Town:
    """Lines of a file of transfers, those of a victims file, and how both are asked for."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    reported: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def pay(self, payer: str, payee: str, minute: float, amount: str, *, device: str = "") -> None:
        moment = f"{FIRST + timedelta(minutes=round(minute)):%Y-%m-%d %H:%M}:00"
        tx = f"t{len(self.lines)}" if self.rng.random() < 0.8 else ""
        currency = "USD" if self.rng.random() < 0.1 else "CNY"
        name = NAMES.get(payee, "")
        self.lines.append(f"{tx},{moment},{payer},{payee},{amount},{currency},{name},{device},")
        if payer.startswith("V") and self.rng.random() < 0.7:
            self.reported.append((tx, payer, payee, moment, amount))

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The two files; each line of the victims file says what is enough, too little, or something wrong."""
        (folder / "transfers.csv").write_text(HEADER + "\n".join(self.lines) + "\n")
        told = [self._told(k, *each) for k, each in enumerate(self.reported)]
        told.append(",,V9,,,\n" if self.rng.random() < 0.5 else ",,,,2026-01-09,77\n")
        (folder / "victims.csv").write_text("tx,row,victim,payee,time,amount\n" + "".join(told))
        return folder / "transfers.csv", folder / "victims.csv"

    def _told(self, k: int, tx: str, payer: str, payee: str, moment: str, amount: str) -> str:
        ways = [
            f",,{payer},{payee},{moment},{amount}\n", f",,{payer},{payee},{moment},{amount}\n",
            f",,{payer},,,{amount}\n",
            f",,,,{moment},{amount}\n", f",,,{payee},,{amount}\n", f",,{payer},{payee},{moment},{amount}1\n",
            f",,{payer},,,\n", f",,,,,{amount}\n",
        ]  # fmt: skip
        if tx:
            ways += [f"{tx},,,,,\n"] * 2
        row = next((n for n, line in enumerate(self.lines, 1) if f",{moment},{payer},{payee}," in line), 0)
        return self.rng.choice([*ways, f",{row},,,,\n"]) if k else ways[0]


def random_town(rng: random.Random) -> Town:
    """Victims pay collectors, money is handed on and splits, among people who pay each other for weeks."""
    town, days = Town(rng), rng.choice((2, 10, 60))
    people = [f"A{k}" for k in range(rng.randint(6, 40))]
    used = {name: rng.choice(DEVICES) for name in people}
    for _ in range(rng.randint(5, 120)):
        payer, payee = rng.choice(people), rng.choice(people)
        town.pay(payer, payee, rng.random() * days * 1440, rng.choice(("5", "7.50", "120", "1000", "0", "0.01")),
                 device=used[payer])  # fmt: skip
    for k in range(rng.randint(1, 5)):
        at, begin = rng.choice(people[:6]), rng.uniform(0.2, 0.9) * days * 1440
        amount = rng.randint(50, 5000)
        for _ in range(rng.randint(1, 2)):
            town.pay(f"V{k}", at, begin, str(amount))
        for _ in range(rng.randint(0, 6)):
            begin += rng.choice((0, 3, 30, 600))
            onward = rng.choice(people)
            town.pay(at, onward, begin, str(max(1, amount * rng.choice((3, 9, 10)) // 10)), device=used[at])
            town.pay(at, rng.choice(people), begin + rng.choice((-2000, 5)), rng.choice(("1", "3")), device=used[at])
            at = rng.choice((at, onward))
    if not town.reported:
        town.pay("V0", people[0], days * 700, "99")
        town.reported = town.reported or [("", "V0", people[0], town.lines[-1].split(",")[1], "99")]
    rng.shuffle(town.lines)
    return town


def asked_for(rng: random.Random) -> dict[str, Any]:
    """Options of a trace, most of them as they are usually left."""
    return {
        "order": rng.choice(("strict", "strict", "tolerant", "off")),
        "within": rng.choice((None, None, "6h", "5d")),
        "at": rng.choice((None, None, "2026-03-01 00:00")),
    }


def said(folder: Path) -> dict[str, bytes | str]:
    """All files of a trace's folder, `run.json` without its times."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        if path.name == "run.json":
            run = json.loads(path.read_text("utf-8"))
            found[path.name] = json.dumps({**run, "stages": [stage["name"] for stage in run["stages"]]})
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def whole(store: Path, victims: Path | None, options: Mapping[str, Any], out: Path) -> dict[str, bytes | str]:
    """What is told of a store in memory."""
    write_trace(trace_files(store, victims=victims, **options), out)
    return said(out)


def in_pieces(
    store: Path, victims: Path | None, options: Mapping[str, Any], out: Path, *, sizes: tuple[int, int], **scale: Any
) -> dict[str, bytes | str]:
    """What is told of it in buckets and stretches of some sizes."""
    told = Scale(work=out.with_name(f"{out.name}.work"), bucket=sizes[0], stretch=sizes[1], **scale)
    write_trace(trace_store(store, told, victims=victims, **options), out)
    return said(out)


def stored_town(rng: random.Random, folder: Path) -> tuple[Path, Path]:
    """A random town as a store, and its victims file."""
    transfers, victims = random_town(rng).write(folder)
    ingest(transfers, folder / "store")
    return folder / "store", victims
