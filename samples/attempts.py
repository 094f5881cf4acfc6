"""`samples/attempts`: laundering attempts of AMLworld's eight shapes in a background of ordinary transfers.

Two files in the format of IBM's AMLworld, invented here (no row is IBM's): the transfers, and the list of the attempts
that are hidden in them. Accounts on attempts have an ordinary life too. Some attempts are as small as real ones are, so
that not every one can be found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

FOLDER = "attempts"
HEADER = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,"
    "Amount Paid,Payment Currency,Payment Format,Is Laundering\n"
)
_START, _DAYS, _PEOPLE, _ORDINARY = datetime(2022, 9, 1), 12, 600, 2600
_RATES = {"US Dollar": 1.0, "Euro": 0.86, "Yuan": 6.70}
_BANKS = ("010", "03208", "012", "0220", "11")
_WAYS = ("Cheque", "ACH", "Credit Card", "Wire", "Cash")
Account = tuple[str, str]
Hop = tuple[int, int]

_SHAPES: tuple[tuple[str, Sequence[int]], ...] = (
    ("FAN-OUT", (2, 5, 9)), ("FAN-IN", (3, 6, 8)), ("CYCLE", (2, 4, 7)), ("SCATTER-GATHER", (2, 4, 6)),
    ("GATHER-SCATTER", (2, 3, 5)), ("BIPARTITE", (2, 4)), ("STACK", (2, 3)), ("RANDOM", (1, 3, 6)),
)  # fmt: skip
"""Typology → the size of each attempt: counterparties, or hops."""


def files() -> dict[str, bytes]:
    """Path in the folder of samples → content."""
    rng = Random(29)
    accounts = [(_BANKS[k % 5], f"81{0xB0000 + 977 * k:06X}0") for k in range(60 + _PEOPLE)]
    rows = _ordinary(rng, accounts)
    listed = []
    free = iter(rng.sample(accounts[60:], 300))
    for typology, sizes in _SHAPES:
        for size in sizes:
            hops = _hops(typology, size)
            members = [next(free) for _ in range(1 + max(max(hop) for hop in hops))]
            attempt = _attempt(rng, hops, members)
            rows += attempt
            told = f"BEGIN LAUNDERING ATTEMPT - {typology}\n{''.join(attempt)}END LAUNDERING ATTEMPT - {typology}\n\n"
            listed.append(told)
    rows.sort(key=lambda row: row[:16])
    return {
        f"{FOLDER}/transfers.csv": (HEADER + "".join(rows)).encode(),
        f"{FOLDER}/patterns.txt": "".join(listed).encode(),
    }


def _ordinary(rng: Random, accounts: Sequence[Account]) -> list[str]:
    """Wages, bills at the same few shops, payments to the same friend, and now and then a large one: people's lives."""
    rows = []
    for _ in range(_ORDINARY):
        time = _START + timedelta(minutes=rng.randrange(_DAYS * 1440))
        kind, person = rng.random(), 60 + rng.randrange(_PEOPLE)
        payer, payee = accounts[person], accounts[60 + (person - 60 + 1 + person % 7) % _PEOPLE]
        dollars = 10 ** (1.3 + 2 * rng.random())
        if kind < 0.15:
            payer, payee, dollars = accounts[person % 20], accounts[person], 900 + rng.random() * 2600
        elif kind < 0.65:
            payee, dollars = accounts[20 + person % 40], 5 + rng.random() * 240
        elif kind < 0.69:
            dollars *= 40
        rows.append(_row(time, payer, payee, dollars, rng.choice(_WAYS), laundering=False))
    return rows


def _home(account: Account) -> str:
    return list(_RATES)[int(account[1][-3], 16) % 3]


def _hops(typology: str, size: int) -> list[Hop]:
    """Payer and payee of each transfer of an attempt, as numbers of its members, in order of time."""
    many = range(1, size + 1)
    return {
        "FAN-OUT": [(0, k) for k in many],
        "FAN-IN": [(k, 0) for k in many],
        "CYCLE": [(k, (k + 1) % size) for k in range(size)],
        "SCATTER-GATHER": [(0, k) for k in many] + [(k, size + 1) for k in many],
        "GATHER-SCATTER": [(k, 0) for k in many] + [(0, size + k) for k in many],
        "BIPARTITE": [(k, size + k) for k in range(size)],
        "STACK": [(a, size + b) for a in range(size) for b in range(size)]
        + [(size + a, 2 * size + b) for a in range(size) for b in range(size)],
        "RANDOM": [(k, k + 1) for k in range(size)],
    }[typology]


def _attempt(rng: Random, hops: Sequence[Hop], members: Sequence[Account]) -> list[str]:
    """The rows of an attempt, within four days; on the whole as much goes out of an account as came in."""
    begin = _START + timedelta(minutes=1440 + rng.randrange((_DAYS - 6) * 1440))
    minutes = sorted(rng.randrange(4 * 1440) for _ in hops)
    start, held, rows = 4_000 + rng.random() * 16_000, dict[int, float](), []
    paying = [payer for payer, _ in hops]
    for place, ((payer, payee), minute) in enumerate(zip(hops, minutes, strict=True)):
        left = paying[place:].count(payer)
        dollars = held[payer] / left if payer in held else start * (0.7 + 0.6 * rng.random())
        if payer in held:
            held[payer] -= dollars
        held[payee] = held.get(payee, 0.0) + dollars * 0.98
        time = begin + timedelta(minutes=minute)
        rows.append(_row(time, members[payer], members[payee], dollars, "ACH", laundering=True))
    return rows


def _row(time: datetime, payer: Account, payee: Account, dollars: float, way: str, *, laundering: bool) -> str:
    """A row of AMLworld, in the currency of who pays."""
    currency = _home(payer)
    amount = f"{dollars * _RATES[currency]:.2f}"
    stamp = time.strftime("%Y/%m/%d %H:%M")
    money = f"{amount},{currency}"
    return f"{stamp},{','.join(payer)},{','.join(payee)},{money},{money},{way},{int(laundering)}\n"
