"""Ordinary life: people, their employers, shops and friends, and a month of small and large payments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from graphflow.simulate.book import DAY, HOUR, Book, Longs

_RESERVED = 12
_VICTIMS = 40
_SHOPS = (
    "Harbour Noodle Shop", "Corner Market", "Model Bakery", "Sample Pharmacy", "Example Books", "Test Tea House",
    "Placeholder Clothing", "Invented Hardware", "Garden Fruit Stand", "Demo Barber",
)  # fmt: skip


@dataclass
class Town:
    """Codes of the town's accounts. `free`: residents who have no part in the trail or a look-alike yet."""

    residents: Longs
    employers: Longs
    shops: Longs
    landlords: Longs
    utilities: Longs
    wholesalers: Longs
    atms: Longs
    victims: Longs
    free: list[int] = field(default_factory=list)

    def take(self, number: int) -> Longs:
        """Residents for one look-alike, never given twice."""
        taken, self.free = self.free[:number], self.free[number:]
        return np.array(taken, np.int64)


def add_town(book: Book, accounts: int) -> Town:
    """Open the town's accounts, leaving 12 of them to the look-alikes' own, and let its people live."""
    town = _opened(book, accounts - _RESERVED)
    for live in (_salaries, _rents, _bills, _shopping, _friends, _cash, _trade):
        live(book, town)
    return town


def _opened(book: Book, accounts: int) -> Town:
    employers, shops, landlords = max(3, accounts // 40), max(8, accounts // 25), max(2, accounts // 100)
    others = {
        "employers": book.open("employer", [f"Sample Works {k:03}" for k in range(1, employers + 1)]),
        "shops": book.open("shop", [f"{_SHOPS[k % 10]} {k // 10 + 1}" for k in range(shops)]),
        "landlords": book.open("landlord", [f"Example Homes {k:02}" for k in range(1, landlords + 1)]),
        "utilities": book.open("utility", ["City Power", "City Water", "Model Telecom"]),
        "wholesalers": book.open("wholesaler", [f"Demo Wholesale {k}" for k in range(1, 5)]),
        "atms": book.open("cash", [f"Cash Machines {k}" for k in range(1, 4)]),
    }
    left = accounts - len(book.names)
    residents = book.open("resident", [f"Resident {k:04}" for k in range(1, left + 1)])
    shuffled = book.rng.permutation(residents)
    free = shuffled[_VICTIMS:].tolist()
    return Town(residents=residents, victims=shuffled[:_VICTIMS], free=free, **others)


def _salaries(book: Book, town: Town) -> None:
    """Each employer pays its people on the 10th, in one batch; everyone has an employer."""
    employer = town.employers[np.arange(town.residents.size) % town.employers.size]
    salary = book.fen(3_800, 14_000, town.residents.size)
    for day in book.days_of_month(10):
        time = day * DAY + 9 * HOUR + (employer * 137) % HOUR + np.arange(employer.size) // town.employers.size
        book.pay(time, employer, town.residents, salary, channel="batch", memo="salary")


def _rents(book: Book, town: Town) -> None:
    """A third rents, and pays in the first days of a month."""
    tenants = town.residents[::3]
    landlord, rent = town.landlords[tenants % town.landlords.size], book.fen(900, 3_500, tenants.size)
    for day in book.days_of_month(5):
        time = book.moments(tenants.size, first=day, days=min(4, book.days - day))
        book.pay(time, tenants, landlord, rent, memo="rent")


def _bills(book: Book, town: Town) -> None:
    for utility in town.utilities:
        number = town.residents.size
        book.pay(book.moments(number), town.residents, utility, book.fen(30, 260, number), memo="monthly bill")


def _shopping(book: Book, town: Town) -> None:
    """Every other day a purchase; near shops are used again, and some shops much more than others."""
    number = town.residents.size * book.days // 2
    who = book.rng.integers(0, town.residents.size, number)
    weight = 1 / (1 + np.arange(town.shops.size)) ** 0.7
    some = book.rng.choice(town.shops.size, number, p=weight / weight.sum())
    near = (who * 3 + book.rng.integers(0, 4, number)) % town.shops.size
    shop = np.where(book.rng.random(number) < 0.7, near, some)
    book.pay(
        book.moments(number),
        town.residents[who],
        town.shops[shop],
        book.fen(4, 400, number),
        channel="qr",
        memo="purchase",
    )


def _friends(book: Book, town: Town) -> None:
    """Shared meals and presents, among a handful of friends each."""
    number = town.residents.size * book.days // 20
    who = book.rng.integers(0, town.residents.size, number)
    friend = (who + book.rng.choice([-7, -3, -1, 1, 3, 7], number)) % town.residents.size
    book.pay(
        book.moments(number), town.residents[who], town.residents[friend], book.fen(10, 600, number), memo="thanks"
    )


def _cash(book: Book, town: Town) -> None:
    number = town.residents.size * book.days // 30
    who = town.residents[book.rng.integers(0, town.residents.size, number)]
    hundreds = book.rng.integers(1, 21, number) * 10_000
    book.pay(book.moments(number), who, town.atms[who % 3], hundreds, channel="atm", memo="cash")


def _trade(book: Book, town: Town) -> None:
    """Shops buy every week, wholesalers pay employers for goods, employers pay bills."""
    for first in range(3, book.days, 7):
        number = town.shops.size
        time = book.moments(number, first=first, days=min(2, book.days - first))
        book.pay(time, town.shops, town.wholesalers[town.shops % 4], book.fen(900, 5_000, number), memo="goods")
        number = town.employers.size
        time = book.moments(number, first=first - 1, days=2)
        book.pay(
            time,
            town.wholesalers[town.employers % 4],
            town.employers,
            book.fen(20_000, 160_000, number),
            memo="invoice",
        )
