"""Seeded ledgers in the AMLworld format, of any size, with what was planted written beside them.

    python tests/benchmarks/ledgers.py 1000000 [PERIODS]

prints the path of a CSV file of exactly that many rows; a second call finds it and returns at
once. The statistics follow IBM's HI-Small: about ten transactions an account, heavy-tailed
degrees, 12 % self-transfers, minute stamps shuffled inside each half hour, two hubs that only
pay. Five processors (0.3 % of all traffic in, 0.3 % out) are ours: the worst case for a search.

The file is made half hour by half hour, so memory holds the accounts, the pool of pairs and one
chunk of rows, however long the file is. Same arguments, same bytes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Edges = list[tuple[int, int]]

VERSION = 1  # part of the file name: raise it when the same arguments give other bytes
HEADER = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,"
    "Amount Paid,Payment Currency,Payment Format,Is Laundering\n"
)

# Time, in minutes since FIRST_DAY unless the name says otherwise.
FIRST_DAY = datetime(2022, 9, 1)
DAY = 24 * 60
SLOT = 30  # rows are in time order from slot to slot and shuffled inside one, as IBM's are
DAYS = 18
BUSY_DAYS = 10
DAY_WEIGHTS = [15.0, 14.5, 7.0, 7.0, 12.0, 12.0, 12.0, 12.0, 5.0, 3.5] + [0.01] * (DAYS - BUSY_DAYS)
CHUNK_ROWS = 250_000

# Who pays whom. The accounts of small number are hubs; nobody else is drawn from them.
PAYING_HUB_SHARES = [0.033, 0.02]  # of all rows
PROCESSORS = 5
HUBS = len(PAYING_HUB_SHARES) + PROCESSORS
SELF_SHARE = 0.12
PAYER_TAIL, PAYEE_TAIL = 0.5, 0.35  # the account of rank r is drawn in proportion to r ** -tail
ROWS_PER_ACCOUNT = 10
ROWS_PER_POOLED_PAIR = 4

# Money: US dollars of one unit, share of the accounts, digits after the point.
CURRENCIES = ["US Dollar", "Euro", "Yuan", "Shekel", "Yen", "UK Pound", "Rupee", "Swiss Franc", "Bitcoin"]
USD_PER = np.array([1.0, 1.17, 0.149, 0.298, 0.0095, 1.29, 0.0136, 1.09, 11_900.0])
HOME_WEIGHTS = np.array([0.37, 0.23, 0.1, 0.08, 0.07, 0.06, 0.04, 0.03, 0.02])
BITCOIN = CURRENCIES.index("Bitcoin")
DIGITS = np.where(np.arange(len(CURRENCIES)) == BITCOIN, 6, 2)
SMALLEST = np.where(np.arange(len(CURRENCIES)) == BITCOIN, 0.0001, 0.01)
CROSS_SHARE = 0.014  # of all rows
RATE_NOISE = 0.0005  # standard deviation of the logarithm
FORMATS = ["Cheque", "Credit Card", "ACH", "Cash", "Wire", "Bitcoin", "Reinvestment"]
FORMAT_WEIGHTS = [0.4, 0.28, 0.13, 0.11, 0.08]  # of the first five

# Planted patterns.
ROWS_PER_PATTERN = 5_000
FEWEST_PATTERNS = 24
WINDOWS = np.array([6, 24, 72, 192]) * 60
WINDOW_WEIGHTS = [0.3, 0.4, 0.2, 0.1]


@dataclass(frozen=True, kw_only=True)
class LedgerFiles:
    """Where one ledger is: the CSV, and the JSON that says what was planted in which row."""

    csv: Path
    truth: Path


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """One planted pattern. `transactions` are 1-based data rows, hop by hop or layer by layer."""

    kind: str
    window_minutes: int
    currency: str | None  # None: every payer pays in its own currency
    accounts: list[str]
    transactions: list[int]


@dataclass(frozen=True, kw_only=True)
class World:
    """The accounts, and the pool of pairs that background transactions are drawn from."""

    banks: pl.Series
    numbers: pl.Series
    home: Ints  # index into CURRENCIES
    pair_payer: Ints
    pair_payee: Ints
    pair_weight: Floats  # cumulative

    def key(self, account: int) -> str:
        """What a reader must make of this account: `bank:account`."""
        return f"{self.banks[account]}:{self.numbers[account]}"


@dataclass(frozen=True, kw_only=True)
class Transfers:
    """Transactions as columns; `planted` numbers the planted ones and is -1 for the rest."""

    minute: Ints
    payer: Ints
    payee: Ints
    usd: Floats
    pays_in: Ints
    gets_in: Ints
    planted: Ints

    def take(self, rows: Ints) -> Transfers:
        """Only these rows, in this order."""
        return Transfers(**{name: column[rows] for name, column in vars(self).items()})

    def __add__(self, other: Transfers) -> Transfers:
        """These rows, then the other ones."""
        both = vars(other)
        return Transfers(**{name: np.concatenate([col, both[name]]) for name, col in vars(self).items()})


def cache_dir() -> Path:
    """Where ledgers are kept between runs: GRAPHFLOW_BENCH_DIR, or a folder in the temporary one."""
    default = Path(tempfile.gettempdir()) / "graphflow-bench"
    return Path(os.environ.get("GRAPHFLOW_BENCH_DIR") or default)


def make_ledger(
    rows: int, seed: int = 7, *, processor_share: float = 0.003, planted: bool = True, folder: Path | None = None,
    periods: int = 1,
) -> LedgerFiles:  # fmt: skip
    """Write a ledger of exactly `rows` rows, or find the one written before.

    `processor_share` is each processor's share of all rows, once as payer and once as payee;
    0 leaves only the hubs that pay. Without `planted` there is background alone. `periods` of 18
    days follow each other, in which the same accounts deal.
    """
    folder = folder or cache_dir()
    stem = f"ledger-v{VERSION}-{rows}-{seed}-{processor_share:g}" + ("" if planted else "-plain")
    stem += f"-{periods}" if periods > 1 else ""
    files = LedgerFiles(csv=folder / f"{stem}.csv", truth=folder / f"{stem}.truth.json")
    if not (files.csv.exists() and files.truth.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        number = max(rows // ROWS_PER_PATTERN, FEWEST_PATTERNS)
        _write(files, rows, np.random.default_rng(seed), processor_share, number if planted else 0, periods)
    return files


def _write(
    files: LedgerFiles, rows: int, rng: np.random.Generator, processor_share: float, patterns: int, periods: int
) -> None:
    world = _world(rng, rows // periods)
    shapes, planted = _plant(rng, world, patterns)
    if periods > 1:
        of_pattern = rng.integers(0, periods, patterns)
        sizes = np.array([shape.size for shape in shapes])
        planted.minute[:] += np.repeat(of_pattern, sizes) * DAYS * DAY
    background = rows - len(planted.minute)
    if background < 0:
        raise ValueError(f"{rows} rows cannot hold the {len(planted.minute)} planted ones")
    row_of = np.zeros(len(planted.minute), np.int64)
    # Renamed when complete: an interrupted run must not leave half a ledger to be found.
    part = files.csv.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as out:
        out.write(HEADER.encode())
        done = 0
        for chunk in _chunks(rng, world, planted, background, processor_share, periods):
            at = np.flatnonzero(chunk.planted >= 0)
            row_of[chunk.planted[at]] = done + at + 1
            _write_rows(rng, world, chunk, out, periods)
            done += len(chunk.minute)
    _write_truth(files.truth, world, shapes, row_of)
    part.replace(files.csv)


def _world(rng: np.random.Generator, rows: int) -> World:
    accounts = max(rows // ROWS_PER_ACCOUNT, 200) + HUBS
    banks = min(max(accounts // 17, 50), 90_000)
    # A leading zero and at least three digits: an id that is read as a number loses its name.
    bank = [f"0{number}".zfill(3) for number in (1 + banks * rng.random(accounts) ** 2).astype(int)]
    home = rng.choice(len(CURRENCIES), accounts, p=HOME_WEIGHTS)
    home[:HUBS] = np.arange(HUBS) % 2  # dollars and euros: hubs deal in what most accounts hold
    payer, payee = _pairs(rng, accounts, rows // ROWS_PER_POOLED_PAIR + 1)
    repeats = np.minimum(rng.pareto(1.3, len(payer)) + 0.25, 200.0)
    return World(
        banks=pl.Series(bank),
        numbers=pl.Series([f"8{16 * n:08X}" for n in rng.permutation(accounts)]),
        home=home,
        pair_payer=payer,
        pair_payee=payee,
        pair_weight=np.cumsum(repeats),
    )


def _pairs(rng: np.random.Generator, accounts: int, count: int) -> tuple[Ints, Ints]:
    """Distinct-ended pairs of accounts that are no hub, both ends heavy-tailed."""
    many = accounts - HUBS
    # Inverting the distribution function needs one power a draw, and no table of weights.
    payer = rng.permutation(many)[(many * rng.random(count) ** (1 / (1 - PAYER_TAIL))).astype(np.int64)]
    payee = rng.permutation(many)[(many * rng.random(count) ** (1 / (1 - PAYEE_TAIL))).astype(np.int64)]
    payee = np.where(payer == payee, (payee + 1) % many, payee)
    return payer + HUBS, payee + HUBS


# ---------------------------------------------------------------- background


def _chunks(
    rng: np.random.Generator, world: World, planted: Transfers, rows: int, processor_share: float, periods: int
) -> Iterator[Transfers]:
    weights = np.repeat(DAY_WEIGHTS * periods, DAY // SLOT)
    per_slot = rng.multinomial(rows, weights / weights.sum())
    chunk_of_slot = np.cumsum(per_slot) // CHUNK_ROWS
    planted_slot = planted.minute // SLOT
    for chunk in np.unique(chunk_of_slot):
        slots = np.flatnonzero(chunk_of_slot == chunk)
        minute = np.repeat(slots * SLOT, per_slot[slots]) + rng.integers(0, SLOT, per_slot[slots].sum())
        inside = np.flatnonzero((planted_slot >= slots[0]) & (planted_slot <= slots[-1]))
        both = _background(rng, world, minute, processor_share) + planted.take(inside)
        yield both.take(np.argsort(both.minute // SLOT + rng.random(len(both.minute)), kind="stable"))


def _background(rng: np.random.Generator, world: World, minute: Ints, processor_share: float) -> Transfers:
    n = len(minute)
    payer, payee = _parties(rng, world, n, processor_share)
    pays_in = world.home[payer]
    other = rng.choice(len(CURRENCIES), n, p=HOME_WEIGHTS)
    # A self-transfer is never one, and some of the others draw the payer's own currency.
    chance = CROSS_SHARE / (1 - SELF_SHARE) / (1 - float(HOME_WEIGHTS @ HOME_WEIGHTS))
    cross = (rng.random(n) < chance) & (payer != payee)
    return Transfers(
        minute=minute,
        payer=payer,
        payee=payee,
        usd=np.minimum(np.exp(rng.normal(6.2, 2.0, n)), 1e8),
        pays_in=pays_in,
        gets_in=np.where(cross, other, pays_in),
        planted=np.full(n, -1),
    )


def _parties(rng: np.random.Generator, world: World, n: int, processor_share: float) -> tuple[Ints, Ints]:
    """Payer and payee of `n` rows: a pair from the pool, then a hub in the place of one end."""
    shares = [SELF_SHARE, *PAYING_HUB_SHARES, *[processor_share] * (2 * PROCESSORS)]
    role = np.searchsorted(np.cumsum(shares), rng.random(n), side="right")
    pair = np.searchsorted(world.pair_weight, rng.random(n) * world.pair_weight[-1], side="right")
    payer, payee = world.pair_payer[pair], world.pair_payee[pair]
    # Role 0 pays itself; roles 1 to HUBS make that hub the payer, the next ones a processor the payee.
    payer = np.where((role > 0) & (role <= HUBS), role - 1, payer)
    receives = (role > HUBS) & (role <= HUBS + PROCESSORS)
    payee = np.where(receives, role - 1 - PROCESSORS, payee)
    return payer, np.where(role == 0, payer, payee)


# ---------------------------------------------------------------- patterns


def _cycle(rng: np.random.Generator) -> list[Edges]:
    hops = int(rng.integers(2, 11))
    return [[(i, (i + 1) % hops)] for i in range(hops)]


def _chain(rng: np.random.Generator) -> list[Edges]:
    return [[(i, i + 1)] for i in range(rng.integers(3, 11))]


def _fan_in(rng: np.random.Generator) -> list[Edges]:
    return [[(i + 1, 0) for i in range(rng.integers(3, 21))]]


def _fan_out(rng: np.random.Generator) -> list[Edges]:
    return [[(0, i + 1) for i in range(rng.integers(3, 21))]]


def _scatter_gather(rng: np.random.Generator) -> list[Edges]:
    mules = range(2, 2 + rng.integers(3, 16))
    return [[(0, mule) for mule in mules], [(mule, 1) for mule in mules]]


def _gather_scatter(rng: np.random.Generator) -> list[Edges]:
    sources, sinks = rng.integers(3, 12, 2)
    return [[(i + 1, 0) for i in range(sources)], [(0, sources + i + 1) for i in range(sinks)]]


def _bipartite(rng: np.random.Generator) -> list[Edges]:
    return [_all_pairs(0, *rng.integers(2, 8, 2))]


def _stack(rng: np.random.Generator) -> list[Edges]:
    top, middle, bottom = rng.integers(2, 5, 3)
    return [_all_pairs(0, top, middle), _all_pairs(top, middle, bottom)]


def _all_pairs(first: int, left: int, right: int) -> Edges:
    return [(first + i, first + left + j) for i in range(left) for j in range(right)]


# Every pattern is a list of layers of edges between local account numbers; the money passes
# through the layers in order, so a cycle of ten hops is ten layers of one edge.
SHAPES: dict[str, Callable[[np.random.Generator], list[Edges]]] = {
    "cycle": _cycle,
    "fan-in": _fan_in,
    "fan-out": _fan_out,
    "chain": _chain,
    "scatter-gather": _scatter_gather,
    "gather-scatter": _gather_scatter,
    "bipartite": _bipartite,
    "stack": _stack,
}


@dataclass(frozen=True, kw_only=True)
class _Planned:
    kind: str
    window: int
    currency: int | None
    accounts: Ints
    first: int  # place of its first transaction among the planted ones
    size: int


def _plant(rng: np.random.Generator, world: World, count: int) -> tuple[list[_Planned], Transfers]:
    planned: list[_Planned] = []
    parts: list[Transfers] = []
    first = 0
    for number in range(count):
        kind = list(SHAPES)[number % len(SHAPES)]
        layers = SHAPES[kind](rng)
        window = int(rng.choice(WINDOWS, p=WINDOW_WEIGHTS))
        currency = int(rng.choice(BITCOIN, p=HOME_WEIGHTS[:BITCOIN] / HOME_WEIGHTS[:BITCOIN].sum()))
        accounts = _pick(rng, layers, len(world.home))
        # Every other round keeps one currency: half of IBM's cycles change it on the way.
        one_currency = currency if number // len(SHAPES) % 2 == 0 else None
        part = _transfers(rng, world, layers, accounts, window, one_currency, first)
        size = len(part.minute)
        planned.append(
            _Planned(kind=kind, window=window, currency=one_currency, accounts=accounts, first=first, size=size)
        )
        parts.append(part)
        first += size
    none = Transfers(**{name: np.empty(0, np.int64) for name in Transfers.__dataclass_fields__})
    every = {name: np.concatenate([getattr(part, name) for part in parts or [none]]) for name in vars(none)}
    return planned, Transfers(**every)


def _pick(rng: np.random.Generator, layers: list[Edges], accounts: int) -> Ints:
    needed = 1 + max(max(edge) for layer in layers for edge in layer)
    return HUBS + rng.choice(accounts - HUBS, int(needed), replace=False)


def _transfers(
    rng: np.random.Generator,
    world: World,
    layers: list[Edges],
    accounts: Ints,
    window: int,
    currency: int | None,
    first: int,
) -> Transfers:
    ends = accounts[np.array([edge for layer in layers for edge in layer])]
    pays_in = world.home[ends[:, 0]] if currency is None else np.full(len(ends), currency)
    return Transfers(
        minute=_layer_times(rng, layers, window),
        payer=ends[:, 0],
        payee=ends[:, 1],
        usd=_layer_amounts(rng, layers),
        pays_in=pays_in,
        gets_in=pays_in,
        planted=first + np.arange(len(ends)),
    )


def _layer_times(rng: np.random.Generator, layers: list[Edges], window: int) -> Ints:
    """Each layer has its own share of the window, so every layer is strictly later than the last."""
    start = int(rng.integers(0, BUSY_DAYS * DAY))
    bounds = start + np.arange(len(layers) + 1) * window // len(layers)
    return np.concatenate([rng.integers(bounds[i], bounds[i + 1], len(layer)) for i, layer in enumerate(layers)])


def _layer_amounts(rng: np.random.Generator, layers: list[Edges]) -> Floats:
    """US dollars: each layer passes on 92 to 100 % of the one before, split almost evenly."""
    total = np.exp(rng.normal(9, 1))
    # The same unevenness in every layer: a mule of a scatter-gather pays on what it was paid.
    uneven = rng.uniform(0.8, 1.2, max(map(len, layers)))
    amounts = []
    for layer in layers:
        amounts.append(total / len(layer) * uneven[: len(layer)])
        total *= rng.uniform(0.92, 1.0)
    return np.concatenate(amounts)


# ---------------------------------------------------------------- files


def _write_rows(rng: np.random.Generator, world: World, rows: Transfers, out: BinaryIO, periods: int) -> None:
    paid = _amount(rows.usd, rows.pays_in)
    noise = np.exp(rng.normal(0, RATE_NOISE, len(paid)))
    exchanged = _amount(paid * USD_PER[rows.pays_in] * noise, rows.gets_in)
    frame = pl.DataFrame(
        {
            "time": _stamps(periods).gather(rows.minute),
            "payer bank": world.banks.gather(rows.payer),
            "payer": world.numbers.gather(rows.payer),
            "payee bank": world.banks.gather(rows.payee),
            "payee": world.numbers.gather(rows.payee),
            "received": np.where(rows.pays_in == rows.gets_in, paid, exchanged),
            "received in": pl.Series(CURRENCIES).gather(rows.gets_in),
            "paid": paid,
            "paid in": pl.Series(CURRENCIES).gather(rows.pays_in),
            "format": pl.Series(FORMATS).gather(_formats(rng, rows)),
            "laundering": (rows.planted >= 0).astype(np.int8),
        }
    )
    frame.write_csv(out, include_header=False)


def _amount(usd: Floats, currency: Ints) -> Floats:
    """Dollars in units of a currency, rounded to its digits and never nothing."""
    scale = 10.0 ** DIGITS[currency]
    amount: Floats = np.maximum(np.round(usd / USD_PER[currency] * scale) / scale, SMALLEST[currency])
    return amount


def _formats(rng: np.random.Generator, rows: Transfers) -> Ints:
    drawn = rng.choice(len(FORMAT_WEIGHTS), len(rows.minute), p=FORMAT_WEIGHTS)
    drawn = np.where(rows.planted >= 0, FORMATS.index("ACH"), drawn)
    drawn = np.where(rows.pays_in == BITCOIN, FORMATS.index("Bitcoin"), drawn)
    return np.where(rows.payer == rows.payee, FORMATS.index("Reinvestment"), drawn)


@cache
def _stamps(periods: int) -> pl.Series:
    """The text of every minute of the ledger; to look it up is cheaper than to format it."""
    last = FIRST_DAY + timedelta(days=DAYS * periods)
    return pl.datetime_range(FIRST_DAY, last, "1m", eager=True).dt.strftime("%Y/%m/%d %H:%M")


def _write_truth(path: Path, world: World, planned: list[_Planned], row_of: Ints) -> None:
    paying = len(PAYING_HUB_SHARES)
    truth = {
        "rows": "1-based data rows of the CSV, header not counted",
        "paying_hubs": [world.key(hub) for hub in range(paying)],
        "processors": [world.key(hub) for hub in range(paying, HUBS)],
        "patterns": [asdict(_pattern(world, plan, row_of)) for plan in planned],
    }
    path.write_text(json.dumps(truth, indent=1), encoding="utf-8")


def _pattern(world: World, plan: _Planned, row_of: Ints) -> Pattern:
    return Pattern(
        kind=plan.kind,
        window_minutes=plan.window,
        currency=None if plan.currency is None else CURRENCIES[plan.currency],
        accounts=[world.key(int(account)) for account in plan.accounts],
        transactions=row_of[plan.first : plan.first + plan.size].tolist(),
    )


if __name__ == "__main__":
    print(make_ledger(int(sys.argv[1]), periods=int(sys.argv[2]) if len(sys.argv) > 2 else 1).csv)
