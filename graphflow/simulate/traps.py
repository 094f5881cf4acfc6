"""Innocent patterns that look like laundering: one function each, from which a detector can learn to be calm."""

from __future__ import annotations

import numpy as np

from graphflow.simulate.book import DAY, HOUR, MINUTE, Book
from graphflow.simulate.town import Town


def add_traps(book: Book, town: Town) -> None:
    """Put in every look-alike, in a fixed order."""
    for trap in (
        _payroll, _shop, _landlord, _charity, _family, _gateway, _tax, _wifi, _night, _verification, _second_hand,
        _loan, _refund, _repeat,
    ):  # fmt: skip
        trap(book, town)


def _own(book: Book, kind: str, name: str) -> int:
    return int(book.open(kind, [name])[0])


def _payroll(book: Book, town: Town) -> None:
    """One employer pays the same people on the 4th of every month, up to 200 of them, within minutes."""
    employer = _own(book, "employer", "Large Example Factory")
    people = town.residents[: min(200, town.residents.size // 2)]
    salary = book.fen(4_000, 12_000, people.size)
    positions = [
        book.pay(
            day * DAY + 10 * HOUR + 2 * np.arange(people.size), employer, people, salary,
            channel="batch", memo="salary", label="trap:payroll",
        )
        for day in book.days_of_month(4)
    ]  # fmt: skip
    book.trap("payroll", employer, np.concatenate(positions))


def _shop(book: Book, town: Town) -> None:
    """A shop with up to 300 guests, every day; a supplier is paid weekly, and the takings stay."""
    shop, supplier = _own(book, "shop", "Riverside Noodle Shop"), _own(book, "wholesaler", "Flour and Oil Supply")
    guests = town.residents[-min(300, town.residents.size // 2) :]
    number = guests.size * book.days // 3
    who = guests[book.rng.integers(0, guests.size, number)]
    paid = book.pay(
        book.moments(number), who, shop, book.fen(9, 60, number), channel="qr", memo="noodles", label="trap:shop"
    )
    weeks = np.arange(6, book.days, 7)
    bought = book.pay(weeks * DAY + 22 * HOUR, shop, supplier, book.fen(900, 1_500, weeks.size), label="trap:shop")
    book.trap("shop", shop, np.concatenate([paid, bought]))


def _landlord(book: Book, town: Town) -> None:
    """Twelve tenants pay on the 4th or the day after; the mortgage goes off five days later."""
    landlord, lender = _own(book, "landlord", "Hillside Rooms"), _own(book, "bank", "Example Mortgage Desk")
    tenants, rent = town.take(12), book.fen(1_200, 2_600, 12)
    positions = []
    for day in book.days_of_month(4):
        times = book.moments(12, first=day, days=min(2, book.days - day))
        positions.append(book.pay(times, tenants, landlord, rent, memo="rent", label="trap:landlord"))
        if day + 6 < book.days:
            time = (day + 6) * DAY + 8 * HOUR
            positions.append(
                book.pay(time, landlord, lender, int(rent.sum() * 0.8), memo="mortgage", label="trap:landlord")
            )
    book.trap("landlord", landlord, np.concatenate(positions))


def _charity(book: Book, town: Town) -> None:
    """A drive of four days with donors who give once; the money leaves over the weeks after it."""
    charity, clinic = _own(book, "charity", "Example Relief Fund"), _own(book, "clinic", "Model Clinic")
    donors = book.rng.choice(town.residents, min(90, town.residents.size // 2), replace=False)
    begin = min(8, book.days - 5)
    gifts = book.fen(20, 800, donors.size)
    given = book.pay(
        book.moments(donors.size, first=begin, days=4), donors, charity, gifts, memo="donation", label="trap:charity"
    )
    days = np.arange(begin + 6, book.days, 4)
    spent = book.pay(days * DAY + 11 * HOUR, charity, clinic, int(gifts.sum()) // 8, memo="aid", label="trap:charity")
    book.trap("charity", charity, np.concatenate([given, spent]))


def _family(book: Book, town: Town) -> None:
    """Seven relatives put money together over some hours; the day after, one purchase takes it all."""
    head, *relatives = town.take(8).tolist()
    dealer = _own(book, "shop", "Example Car Dealer")
    day = book.days // 2
    given = book.fen(8_000, 25_000, 7)
    times = day * DAY + 10 * HOUR + np.sort(book.rng.integers(0, 8 * HOUR, 7))
    pooled = book.pay(times, relatives, head, given, memo="for the car", label="trap:family")
    time = (day + 1) * DAY + 11 * HOUR + 25 * MINUTE
    bought = book.pay(time, head, dealer, int(given.sum()) - 35_000, memo="car", label="trap:family")
    book.trap("family-pool", head, np.concatenate([pooled, bought]))


def _gateway(book: Book, town: Town) -> None:
    """A payment service: many pay it, and it pays shops within minutes, every day."""
    gateway = _own(book, "gateway", "Example Pay Gateway")
    number = max(25, town.residents.size // 8) * book.days
    times, fen = book.moments(number), book.fen(5, 900, number)
    who, shop = book.rng.choice(town.residents, number), book.rng.choice(town.shops, number)
    paid = book.pay(times, who, gateway, fen, memo="order", label="trap:gateway")
    later = np.minimum(times + book.rng.integers(2 * MINUTE, 20 * MINUTE, number), book.days * DAY - 1)
    settled = book.pay(later, gateway, shop, fen - fen // 200, channel="batch", memo="order", label="trap:gateway")
    book.trap("gateway", gateway, np.concatenate([paid, settled]))


def _tax(book: Book, town: Town) -> None:
    """Everyone with a business and many people pay the tax office within a few days; it pays nobody back here."""
    office = _own(book, "government", "Example Tax Office")
    payers = np.concatenate([town.employers, town.shops, town.residents[::4]])
    times = book.moments(payers.size, first=min(12, book.days - 4), days=3)
    paid = book.pay(times, payers, office, book.fen(100, 9_000, payers.size), memo="tax", label="trap:tax")
    book.trap("tax-office", office, paid)


def _wifi(book: Book, town: Town) -> None:
    """Sixty strangers pay a café over its own network: one address, sixty devices."""
    cafe = _own(book, "shop", "Station Café")
    guests = town.take(min(60, town.residents.size // 5))
    number = guests.size * 3
    who = np.tile(guests, 3)
    paid = book.pay(
        book.moments(number), who, cafe, book.fen(12, 60, number), channel="qr", memo="coffee", label="trap:wifi",
        ip="203.0.113.60",
    )  # fmt: skip
    book.trap("public-wifi", guests, paid)


def _night(book: Book, town: Town) -> None:
    """Someone who works at night, and shops and pays friends between one and five."""
    worker, friend = town.take(2).tolist()
    nights = np.arange(book.days)
    times = nights * DAY + book.rng.integers(1 * HOUR, 5 * HOUR, nights.size)
    spent = book.pay(times, worker, town.shops[0], book.fen(10, 90, nights.size), channel="qr", label="trap:night")
    weeks = nights[4::7]
    times = weeks * DAY + book.rng.integers(1 * HOUR, 5 * HOUR, weeks.size)
    lent = book.pay(times, worker, friend, book.fen(100, 900, weeks.size), memo="thanks", label="trap:night")
    book.trap("night-shift", worker, np.concatenate([spent, lent]))


def _verification(book: Book, town: Town) -> None:
    """0.01 to see that the account is right, then the ordinary payment minutes later; five times."""
    payers, payees = town.take(5), town.take(5)
    times = book.moments(5, first=1, days=book.days - 2)
    tested = book.pay(times, payers, payees, 1, memo="test", label="trap:verification")
    paid = book.pay(times + 4 * MINUTE, payers, payees, book.fen(800, 9_000, 5), label="trap:verification")
    book.trap("verification", payees, np.concatenate([tested, paid]))


def _second_hand(book: Book, town: Town) -> None:
    """Someone sells old things to four people; one of them is a victim of the fraud, and paid for real goods."""
    seller = int(town.take(1)[0])
    victim = int(town.victims[0])
    buyers = [*town.residents[[5, 17, 31]].tolist(), victim]
    times = book.moments(4, first=1, days=book.days - 2)
    sold = book.pay(times, buyers, seller, book.fen(150, 2_500, 4), memo="second-hand bicycle", label="trap:seller")
    book.trap("second-hand", seller, sold)


def _loan(book: Book, town: Town) -> None:
    """Money is lent, and paid back whole some days later; three pairs of friends."""
    lenders, borrowers = town.take(3), town.take(3)
    fen = book.fen(2_000, 20_000, 3)
    times = book.moments(3, first=0, days=2)
    lent = book.pay(times, lenders, borrowers, fen, memo="loan", label="trap:loan")
    back = book.pay(times + 2 * DAY + 5 * HOUR, borrowers, lenders, fen, memo="paid back", label="trap:loan")
    book.trap("loan", np.concatenate([lenders, borrowers]), np.concatenate([lent, back]))


def _refund(book: Book, town: Town) -> None:
    """A shop takes goods back the same day; ten buyers get all they paid."""
    shop, buyers = _own(book, "shop", "Example Shoes"), town.take(10)
    fen = book.fen(120, 900, 10)
    times = book.moments(10, days=book.days - 1)
    bought = book.pay(times, buyers, shop, fen, channel="qr", memo="shoes", label="trap:refund")
    back = book.pay(
        times + book.rng.integers(HOUR, 9 * HOUR, 10), shop, buyers, fen, memo="refund", label="trap:refund"
    )
    book.trap("refund", shop, np.concatenate([bought, back]))


def _repeat(book: Book, town: Town) -> None:
    """Two equal coffees paid one by one in the same second, to one shop; 25 people do so.

    Drawn apart from everything else, so that the rest of the ledger is the same with it and without it.
    """
    rng = np.random.default_rng((book.seed, 25))
    payers = town.take(25)
    times = rng.integers(0, book.days, 25) * DAY + rng.integers(8 * HOUR, 20 * HOUR, 25)
    shops, fen = town.shops[rng.integers(0, town.shops.size, 25)], rng.integers(1_200, 4_200, 25)
    one, two = (book.pay(times, payers, shops, fen, channel="qr", memo="coffee", label="trap:repeat") for _ in range(2))
    book.trap("repeat", payers, np.column_stack([one, two]).ravel())
