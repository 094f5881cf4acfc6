"""Accounts and transfers being written down, in any order; whole columns at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]

START = datetime(2026, 2, 3)
"""The first day. As February has 28 days, the 4th of a month comes twice in 30 days."""

DAY, HOUR, MINUTE = 86_400, 3_600, 60
BANKS = ("Bank of Samples", "Example Savings", "First Model Bank", "Invented Commercial", "Placeholder Credit")
_OFFLINE = ("batch", "counter", "atm")

# How busy each hour of the day is, from midnight on.
_RHYTHM = np.array([2, 1, 1, 1, 1, 2, 6, 14, 20, 20, 20, 26, 34, 24, 18, 18, 20, 28, 36, 36, 30, 22, 12, 6], np.float64)


@dataclass(frozen=True)
class Note:
    """Something planted: its kind, its accounts (codes) and its transfers (positions), in order."""

    kind: str
    accounts: tuple[int, ...]
    positions: tuple[int, ...]


@dataclass
class Book:
    """What is opened and paid. An account is its code (0, 1, …), a time is in seconds from the first midnight.

    >>> book = Book(seed=1, days=7)
    >>> a, b = book.open("resident", ["Resident A", "Resident B"]).tolist()
    >>> book.pay(60, a, b, 1250, memo="lunch").tolist(), book.size
    ([0], 1)
    """

    seed: int
    days: int
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    roles: dict[int, str] = field(default_factory=dict)
    devices: dict[int, tuple[str, str]] = field(default_factory=dict)
    patterns: list[Note] = field(default_factory=list)
    traps: list[Note] = field(default_factory=list)
    size: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.numbers: list[Longs] = []
        self.texts: list[tuple[int, str, str, str, str]] = []

    def open(self, kind: str, names: list[str], role: str = "") -> Longs:
        """Open an account for each name; their codes."""
        first = len(self.names)
        self.names += names
        self.kinds += [kind] * len(names)
        codes = np.arange(first, len(self.names))
        if role:
            self.roles.update(dict.fromkeys(codes.tolist(), role))
        return codes

    def pay(
        self, time: npt.ArrayLike, payer: npt.ArrayLike, payee: npt.ArrayLike, fen: npt.ArrayLike,
        *, channel: str = "app", memo: str = "", label: str = "", ip: str = "",
    ) -> Longs:  # fmt: skip
        """Enter transfers (arguments are broadcast); their positions. `ip`: not the payer's own network."""
        columns = np.broadcast_arrays(*(np.asarray(x, np.int64) for x in (time, payer, payee, fen)))
        block = np.stack([np.atleast_1d(column).ravel() for column in columns])
        self.numbers.append(block)
        self.texts.append((block.shape[1], channel, memo, label, ip))
        positions = np.arange(self.size, self.size + block.shape[1])
        self.size += block.shape[1]
        return positions

    def trap(self, kind: str, accounts: npt.ArrayLike, positions: npt.ArrayLike) -> None:
        """Remember a look-alike. `accounts`: those that look like it, not everyone who paid them."""
        codes = np.atleast_1d(np.asarray(accounts, np.int64)).tolist()
        self.traps.append(Note(kind, tuple(codes), tuple(np.atleast_1d(np.asarray(positions, np.int64)).tolist())))
        self.roles.update(dict.fromkeys(codes, f"trap:{kind}"))

    # --- chance --------------------------------------------------------------------------------------

    def moments(self, number: int, *, first: int = 0, days: int = 0) -> Longs:
        """Times over `days` days from day `first` on (0: to the end), by the daily rhythm."""
        day = first + self.rng.integers(0, days or self.days - first, number)
        hour = self.rng.choice(24, number, p=_RHYTHM / _RHYTHM.sum())
        return day * DAY + hour * HOUR + self.rng.integers(0, HOUR, number)

    def fen(self, low: float, high: float, number: int = 1) -> Longs:
        """Amounts between two of yuan, small ones more often than large ones."""
        yuan: npt.NDArray[np.float64] = np.exp(self.rng.uniform(np.log(low), np.log(high), number))
        return np.rint(100 * yuan).astype(np.int64)

    def days_of_month(self, day: int) -> list[int]:
        """Which days of the run (0 is the first) are that day of a month."""
        first = START.toordinal()
        return [k for k in range(self.days) if datetime.fromordinal(first + k).day == day]

    # --- identity ------------------------------------------------------------------------------------

    def account(self, code: int) -> str:
        """19 digits that no bank has given out."""
        return f"6200{code % len(BANKS) + 1:02}{(code * 7_919 + self.seed * 104_729) % 10**6:06}{code:07}"

    def bank(self, code: int) -> str:
        """The account's bank."""
        return BANKS[code % len(BANKS)]

    def place(self, code: int, channel: str) -> tuple[str, str]:
        """IP and device of a payment: empty where nobody is online."""
        if channel in _OFFLINE:
            return "", ""
        return self.devices.get(code) or (f"10.{code // 62_500}.{code // 250 % 250}.{code % 250 + 1}", f"D{code:07}")
