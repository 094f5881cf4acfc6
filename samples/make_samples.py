"""Make the files of this folder: `python samples/make_samples.py [FOLDER]` writes the same bytes every time.

Everything is invented: accounts, names, banks and amounts belong to nobody. Each file is a function that
fills a `Book`; what it plants on purpose is remembered by name, and the README's table is made from that.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import attempts
import case_abroad
import case_in_china
import case_wallets

HEADER = ("tx", "time", "payer", "payee", "amount", "currency", "channel", "memo")
PLACE_HEADER = (*HEADER, "ip", "device")
TOUR_HEADER = (*HEADER, "payer_name", "payee_name", "payer_bank", "payee_bank")
AMLWORLD_HEADER = (
    "Timestamp", "From Bank", "Account", "To Bank", "Account", "Amount Received", "Receiving Currency",
    "Amount Paid", "Payment Currency", "Payment Format", "Is Laundering",
)  # fmt: skip
_START = datetime(2026, 3, 2)


@dataclass(frozen=True)
class Planted:
    """What was put into a file on purpose: `hit` is to be found, a near-miss (`hit` false) is not.

    accounts      the accounts to be suspected (of a near-miss: not)
    transactions  `tx` ids; in a file without ids, its rows (the first after the header is row 1)
    """

    what: str
    hit: bool
    accounts: tuple[str, ...]
    transactions: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """One file: its name, its rows as text, how it was made, and what is planted in it by name."""

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    made: str
    planted: dict[str, Planted]

    def csv(self) -> str:
        """The file's text, lines ended by a line feed."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([self.header, *self.rows])
        return text.getvalue()


@dataclass(frozen=True)
class _Entry:
    time: datetime
    payer: str
    payee: str
    fen: int
    channel: str
    memo: str
    part: str


@dataclass
class Book:
    """Transfers as they are thought of, in any order; `sample` puts them in time order and numbers them."""

    rng: Random
    entries: list[_Entry] = field(default_factory=list)
    parts: dict[str, tuple[str, bool, tuple[str, ...]]] = field(default_factory=dict)

    def plant(self, part: str, what: str, accounts: Iterable[str], *, hit: bool = False) -> str:
        """Announce a planted part; its transfers are entered with `part=` this name."""
        self.parts[part] = (what, hit, tuple(accounts))
        return part

    def pay(
        self,
        time: datetime,
        payer: str,
        payee: str,
        yuan: float,
        memo: str = "",
        *,
        channel: str = "app",
        part: str = "",
    ) -> None:
        """Enter one transfer; `yuan` is rounded to fen."""
        self.entries.append(_Entry(time, payer, payee, round(yuan * 100), channel, memo, part))

    def between(self, low: float, high: float) -> float:
        """An amount in yuan, even over the range, to the fen."""
        return round(low + (high - low) * self.rng.random(), 2)

    def in_day(self, day: int, first: int = 8, last: int = 21) -> datetime:
        """A moment of a day (0 is the first), between two hours."""
        return _START + timedelta(days=day, seconds=first * 3600 + int(self.rng.random() * (last - first) * 3600))

    def sample(self, file: str, made: str) -> Sample:
        """The plain table of the entries, numbered in time order."""
        entries = sorted(self.entries, key=lambda e: (e.time, e.payer, e.payee))
        letter = file[0].upper()
        rows = [
            (f"{letter}{k:04}", str(e.time), e.payer, e.payee, _yuan(e.fen), "CNY", e.channel, e.memo)
            for k, e in enumerate(entries, 1)
        ]
        planted = {
            part: Planted(
                what, hit, accounts, tuple(r[0] for r, e in zip(rows, entries, strict=True) if e.part == part)
            )
            for part, (what, hit, accounts) in self.parts.items()
        }
        return Sample(file, HEADER, tuple(rows), made, planted)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def _minutes(start: datetime, *steps: float) -> list[datetime]:
    """Moments that lie the given minutes apart, `start` first."""
    moments = [start]
    for step in steps:
        moments.append(moments[-1] + timedelta(seconds=round(step * 60)))
    return moments


def _way(book: Book, times: Sequence[datetime], accounts: Sequence[str], yuan: float, keep: float, part: str) -> None:
    """Money from account to account, `keep` of it a hop."""
    for k, (time, payer, payee) in enumerate(zip(times, accounts, accounts[1:], strict=False)):
        book.pay(time, payer, payee, yuan * keep**k, "transfer", part=part)


def _ordinary(book: Book, people: Sequence[str], shops: Sequence[str], *, days: int, rows: int) -> None:
    """Small purchases, spread over days, people and shops."""
    for k in range(rows):
        person, shop = people[book.rng.randrange(len(people))], shops[k % len(shops)]
        book.pay(book.in_day(k % days), person, shop, book.between(6, 180), "purchase", channel="qr")


def _codes(first: int, number: int) -> list[str]:
    return [f"ACC-{k}" for k in range(first, first + number)]


# --- one file a detector ---------------------------------------------------------------------------


def cycle() -> Sample:
    """Four accounts hand money round; twice it only looks like that."""
    book = Book(Random(11))
    ring, early, late = _codes(1001, 4), _codes(1011, 4), _codes(1021, 4)
    part = book.plant("ring", "money goes round four accounts in 9 hours, 97 % kept a hop", ring, hit=True)
    _way(book, _minutes(_START + timedelta(days=3, hours=9), 150, 190, 200), [*ring, ring[0]], 50_000, 0.97, part)
    part = book.plant("early hop", "closes only with a hop that was earlier than the one before it", early)
    moments = _minutes(_START + timedelta(days=5, hours=9), 120, 120, 120)
    _way(book, [moments[k] for k in (0, 2, 1, 3)], [*early, early[0]], 42_000, 0.97, part)
    part = book.plant("slow ring", "the same way round, in 5 days", late)
    _way(book, _minutes(_START + timedelta(days=6, hours=10), *[2400] * 3), [*late, late[0]], 46_000, 0.97, part)
    _ordinary(book, _codes(1101, 14), _codes(1201, 5), days=13, rows=48)
    return book.sample("cycle.csv", "60 transfers over 13 days among 31 accounts; 48 of them are small purchases")


def fan_in() -> Sample:
    """Twelve strangers pay one account within a working day."""
    book = Book(Random(12))
    _collects(book, "ACC-2001", _codes(2101, 12), _codes(2011, 2))
    part = book.plant("four payers", "4 payers in 24 hours, and the money leaves at once", ["ACC-2031"])
    for k, payer in enumerate(_codes(2131, 4)):
        time = _START + timedelta(days=7, hours=9 + 2 * k)
        book.pay(time, payer, "ACC-2031", 2000 + 300 * k, "transfer", part=part)
        book.pay(time + timedelta(minutes=20), "ACC-2031", "ACC-2032", 1960 + 294 * k, "transfer", part=part)
    part = book.plant("shop", "a shop: the same 9 guests every day, and the takings stay", ["ACC-2041"])
    for day in range(6):
        for guest in _codes(2141, 9):
            book.pay(book.in_day(day, 7, 20), guest, "ACC-2041", book.between(8, 45), "lunch", channel="qr", part=part)
    _ordinary(book, _codes(2201, 10), _codes(2301, 6), days=12, rows=24)
    return book.sample("fan_in.csv", "104 transfers over 12 days; 24 of them are small purchases elsewhere")


def _collects(book: Book, collector: str, payers: Sequence[str], onward: Sequence[str]) -> None:
    part = book.plant(
        "collector", "12 one-off payers in 8 hours; the money leaves within the hour, to two accounts", [collector],
        hit=True,
    )  # fmt: skip
    held = 0.0
    for k, payer in enumerate(payers):
        time = _START + timedelta(days=4, hours=9, minutes=43 * k + int(book.rng.random() * 6))
        amount = book.between(3_000, 28_000)
        held += amount
        book.pay(time, payer, collector, amount, "deposit", part=part)
        if k % 2:
            book.pay(time + timedelta(minutes=14), collector, onward[k // 2 % 2], held * 0.98, "transfer", part=part)
            held = 0.0


def fan_out() -> Sample:
    """One receipt is paid out to twelve strangers within 40 minutes."""
    book = Book(Random(13))
    part = book.plant(
        "distributor", "one receipt of 120,000, then 12 one-off payees within 40 minutes", ["ACC-3001"], hit=True
    )
    start = _START + timedelta(days=20, hours=14)
    book.pay(start, "ACC-3000", "ACC-3001", 120_000, "transfer", part=part)
    for k, payee in enumerate(_codes(3101, 12)):
        time = start + timedelta(minutes=4 + 3 * k, seconds=int(book.rng.random() * 60))
        book.pay(time, "ACC-3001", payee, 9_200 + 100 * k, "transfer", part=part)
    part = book.plant("four payees", "one receipt, then 4 payees within 40 minutes", ["ACC-3031"])
    start = _START + timedelta(days=11, hours=10)
    book.pay(start, "ACC-3030", "ACC-3031", 20_000, "transfer", part=part)
    for k, payee in enumerate(_codes(3131, 4)):
        book.pay(start + timedelta(minutes=9 * (k + 1)), "ACC-3031", payee, 4_850, "transfer", part=part)
    part = book.plant("payroll", "an employer pays the same 15 people at two month ends", ["ACC-3041"])
    for day in (29, 59):
        book.pay(book.in_day(day - 8, 9, 11), "ACC-3040", "ACC-3041", 130_000, "invoice", channel="counter")
        for k, person in enumerate(_codes(3141, 15)):
            time = _START + timedelta(days=day, hours=10, seconds=7 * k)
            book.pay(time, "ACC-3041", person, 6_400 + 150 * k, "salary", channel="batch", part=part)
    _ordinary(book, _codes(3201, 12), _codes(3301, 6), days=60, rows=40)
    return book.sample("fan_out.csv", "90 transfers over 60 days; 40 of them are small purchases")


def mule_chain() -> Sample:
    """Money passed on over five hops, split and merged on its way."""
    book = Book(Random(14))
    source, first, left, right, merge, last, end = _codes(4001, 7)
    part = book.plant(
        "chain", "5 hops about 8 minutes apart; the second account splits, the fourth merges",
        [first, left, right, merge, last], hit=True,
    )  # fmt: skip
    moments = _minutes(_START + timedelta(days=6, hours=20, minutes=3), 7.5, 1, 7, 1.5, 8.25, 8)
    hops = [
        (source, first, 60_000.0), (first, left, 31_000.0), (first, right, 28_200.0), (left, merge, 30_600.0),
        (right, merge, 27_900.0), (merge, last, 57_900.0), (last, end, 57_300.0),
    ]  # fmt: skip
    for time, (payer, payee, yuan) in zip(moments, hops, strict=True):
        book.pay(time, payer, payee, yuan, "transfer", part=part)
    short, keeper = _codes(4021, 3), _codes(4031, 4)
    part = book.plant("two hops", "2 hops in 10 minutes; the third account keeps the money", short[1:2])
    _way(book, _minutes(_START + timedelta(days=3, hours=11), 10), short, 30_000, 0.98, part)
    part = book.plant("keeps 60 %", "3 hops, but the second account keeps 60 % of what it got", keeper[1:3])
    for time, (payer, payee), yuan in zip(
        _minutes(_START + timedelta(days=8, hours=15), 9, 8),
        pairwise(keeper),
        (40_000, 16_000, 15_700),
        strict=True,
    ):
        book.pay(time, payer, payee, yuan, "transfer", part=part)
    _ordinary(book, _codes(4101, 14), _codes(4201, 5), days=14, rows=50)
    return book.sample("mule_chain.csv", "62 transfers over 14 days; 50 of them are small purchases")


def scatter_gather() -> Sample:
    """One account pays five, who pay one; three times it only looks like that."""
    book = Book(Random(21))
    hit, early, slow, wages = _codes(5001, 7), _codes(5011, 5), _codes(5021, 5), _codes(5031, 5)
    what = "one account pays 5, who pay on to one within the hour; 96 % arrives"
    part = book.plant("split", what, hit, hit=True)
    _split_and_join(book, hit, _START + timedelta(days=5, hours=13), 38, 0.96, part)
    part = book.plant("early", "the same shape, but each of the 3 pays on before it is paid", early)
    _split_and_join(book, early, _START + timedelta(days=3, hours=15), -45, 0.97, part)
    part = book.plant("slow", "the same shape, but the money is paid on 5 days later", slow)
    _split_and_join(book, slow, _START + timedelta(days=2, hours=10), 5 * 1440, 0.97, part)
    part = book.plant("landlord", "an employer pays 3 people, who pay rent to one landlord: a third arrives", wages)
    _split_and_join(book, wages, _START + timedelta(days=9, hours=9), 1700, 0.33, part)
    _ordinary(book, _codes(5101, 14), _codes(5201, 5), days=13, rows=50)
    return book.sample("scatter_gather.csv", "78 transfers over 13 days; 50 of them are small purchases")


def _split_and_join(book: Book, accounts: Sequence[str], start: datetime, after: float, keep: float, part: str) -> None:
    """The first account pays all but the last, who pay the last so many minutes after."""
    source, *between, sink = accounts
    for k, account in enumerate(between):
        time, yuan = start + timedelta(minutes=6 * k), book.between(8_000, 19_000)
        book.pay(time, source, account, yuan, "transfer", part=part)
        book.pay(time + timedelta(minutes=after + k), account, sink, yuan * keep, "transfer", part=part)


def gather_scatter() -> Sample:
    """Seven strangers pay one account, which pays four within the hour."""
    book = Book(Random(22))
    part = book.plant(
        "transit", "7 payers within half an hour, then 4 payees within 45 minutes; 97 % leaves", ["ACC-6001"], hit=True
    )
    _in_and_out(book, "ACC-6001", 6010, 7, 4, _START + timedelta(days=4, hours=12), 9, part)
    part = book.plant(
        "pays first", "5 payers and 3 payees, but every payment is before the first receipt", ["ACC-6002"]
    )
    _in_and_out(book, "ACC-6002", 6030, 5, 3, _START + timedelta(days=6, hours=9), -900, part)
    part = book.plant("one payee", "5 payers, and all of it goes to one account, the day after", ["ACC-6003"])
    _in_and_out(book, "ACC-6003", 6050, 5, 1, _START + timedelta(days=7, hours=11), 1600, part)
    part = book.plant("five days", "5 payers, and 3 payees 5 days later", ["ACC-6004"])
    _in_and_out(book, "ACC-6004", 6070, 5, 3, _START + timedelta(days=2, hours=11), 5 * 1440, part)
    part = book.plant("canteen", "the same 5 guests every day, and less than half goes to two suppliers", ["ACC-6005"])
    for day in range(8):
        for guest in _codes(6091, 5):
            book.pay(
                book.in_day(day, 11, 14), guest, "ACC-6005", book.between(20, 45), "lunch", channel="qr", part=part
            )
        if day % 3 == 2:
            for supplier in _codes(6097, 2):
                book.pay(book.in_day(day, 18, 20), "ACC-6005", supplier, book.between(70, 90), "flour", part=part)
    _ordinary(book, _codes(6201, 8), _codes(6301, 6), days=10, rows=20)
    return book.sample("gather_scatter.csv", "97 transfers over 10 days; 20 of them are small purchases elsewhere")


def _in_and_out(
    book: Book, account: str, first: int, payers: int, payees: int, start: datetime, after: float, part: str
) -> None:
    """Payers 5 minutes apart, then so many minutes after the last one the payees, 9 minutes apart."""
    total, time = 0.0, start
    for payer in _codes(first, payers):
        yuan = book.between(4_000, 16_000)
        book.pay(time, payer, account, yuan, "deposit", part=part)
        total, time = total + yuan, time + timedelta(minutes=5)
    time += timedelta(minutes=after)
    for k, payee in enumerate(_codes(first + 10, payees)):
        book.pay(time + timedelta(minutes=9 * k), account, payee, total * 0.97 / payees, "transfer", part=part)


def bipartite() -> Sample:
    """Four accounts pay the same four, as a machine does; others only share a shop."""
    book = Book(Random(23))
    payers, payees = _codes(7001, 4), _codes(7005, 4)
    part = book.plant(
        "grid", "4 payers pay the same 4 payees within 5 hours, every pair once", [*payers, *payees], hit=True
    )
    for k, (payer, payee) in enumerate((a, b) for a in payers for b in payees):
        time = _START + timedelta(days=6, hours=10, minutes=17 * k)
        book.pay(time, payer, payee, book.between(4_000, 4_900), "transfer", part=part)
    fans = _codes(7021, 5)
    part = book.plant("one in common", "5 payers pay one account, and each another one of its own", fans)
    for k, payer in enumerate(fans):
        for payee in ("ACC-7030", f"ACC-{7031 + k}"):
            book.pay(book.in_day(4), payer, payee, book.between(3_000, 4_000), "transfer", part=part)
    apart = _codes(7041, 2)
    part = book.plant("days apart", "2 payers pay the same 3 payees, one 5 days after the other", apart)
    for k, payer in enumerate(apart):
        for payee in _codes(7043, 3):
            book.pay(book.in_day(1 + 6 * k, 9, 12), payer, payee, book.between(3_000, 4_000), "transfer", part=part)
    street = _codes(7051, 6)
    part = book.plant("street", "6 neighbours buy in the same 5 shops, now and then", street)
    for k in range(44):
        payer, shop = street[k % 6], 7061 + book.rng.randrange(5)
        book.pay(book.in_day(k // 4), payer, f"ACC-{shop}", book.between(6, 90), "purchase", channel="qr", part=part)
    return book.sample("bipartite.csv", "76 transfers over 11 days; 44 of them are small purchases in one street")


def stack() -> Sample:
    """Money goes down four layers, each account paid by two and paying two."""
    book = Book(Random(24))
    hit, early, single, shops = _codes(8001, 11), _codes(8021, 6), _codes(8031, 6), _codes(8041, 6)
    what = "2 payers, 3 and 4 accounts between, 2 payees: each pays all of the next layer, 97 % kept a layer"
    part = book.plant("layers", what, hit, hit=True)
    _layers(book, [hit[:2], hit[2:5], hit[5:9], hit[9:]], _START + timedelta(days=5, hours=9), 240, 0.97, part)
    part = book.plant("wrong order", "2 payers, 2 between, 2 payees, but the last payments were first", early)
    _layers(book, [early[:2], early[2:4], early[4:]], _START + timedelta(days=8, hours=19), -300, 0.97, part)
    part = book.plant("one payee", "2 payers, 2 between, and only one payee in common", single[2:4])
    start = _START + timedelta(days=3, hours=9)
    _layers(book, [single[:2], single[2:4], single[4:5]], start, 200, 0.97, part)
    book.pay(start + timedelta(hours=5), single[2], single[5], 900, "transfer", part=part)
    what = "2 branches have 2 customers in common and 2 suppliers, who get 45 % of the takings"
    part = book.plant("branches", what, shops)
    _layers(book, [shops[:2], shops[2:4], shops[4:]], _START + timedelta(days=9, hours=9), 1500, 0.45, part)
    _ordinary(book, _codes(8101, 14), _codes(8201, 5), days=13, rows=40)
    return book.sample("stack.csv", "89 transfers over 13 days; 40 of them are small purchases")


def _layers(book: Book, layers: Sequence[Sequence[str]], start: datetime, apart: float, keep: float, part: str) -> None:
    """Every account pays all of the next layer, which has as much less to pay on."""
    total = 120_000.0
    for depth, (payers, payees) in enumerate(pairwise(layers)):
        each = total / len(payers) / len(payees)
        for k, (payer, payee) in enumerate((a, b) for a in payers for b in payees):
            time = start + timedelta(minutes=apart * depth + 7 * k)
            book.pay(time, payer, payee, each * (0.96 + 0.02 * (k % 5)), "transfer", part=part)
        total *= keep


def pass_through() -> Sample:
    """Six receipts in an hour leave again within the next; others keep part of theirs, or wait."""
    book = Book(Random(25))
    what = "6 receipts in 25 minutes; 97 % leave in 3 payments, half an hour later on average"
    part = book.plant("transit", what, ["ACC-9001"], hit=True)
    _received(book, "ACC-9001", _START + timedelta(days=4, hours=10), part)
    for k, yuan in enumerate((18_000, 25_000, 18_000)):
        time = _START + timedelta(days=4, hours=10, minutes=31 + 9 * k)
        book.pay(time, "ACC-9001", f"ACC-{9011 + k}", yuan, "transfer", part=part)
    part = book.plant(
        "keeps a third", "one receipt, and 3 payments in the hour after; a third of it stays", ["ACC-9002"]
    )
    book.pay(_START + timedelta(days=6, hours=14), "ACC-9020", "ACC-9002", 63_000, "transfer", part=part)
    for k in range(3):
        time = _START + timedelta(days=6, hours=14, minutes=15 + 15 * k)
        book.pay(time, "ACC-9002", f"ACC-{9021 + k}", 14_000, "transfer", part=part)
    part = book.plant("waits", "6 receipts; they leave after 3 days and 8 hours", ["ACC-9003"])
    _received(book, "ACC-9003", _START + timedelta(days=1, hours=9), part)
    book.pay(_START + timedelta(days=4, hours=17, minutes=30), "ACC-9003", "ACC-9031", 61_000, "transfer", part=part)
    what = "a wage of which most goes to the landlord the same day: one receipt, one payment"
    part = book.plant("wage and rent", what, ["ACC-9004"])
    for day in (2, 12):
        book.pay(_START + timedelta(days=day, hours=9), "ACC-9041", "ACC-9004", 5_000, "wage", part=part)
        book.pay(_START + timedelta(days=day, hours=18), "ACC-9004", "ACC-9042", 4_500, "rent and arrears", part=part)
    _ordinary(book, _codes(9101, 12), _codes(9201, 5), days=13, rows=40)
    return book.sample("pass_through.csv", "64 transfers over 13 days; 40 of them are small purchases")


def _received(book: Book, account: str, start: datetime, part: str) -> None:
    """Six receipts of 10,500 on average from six accounts, five minutes apart."""
    first = int(account.removeprefix("ACC-")) * 10
    for k in range(6):
        time = start + timedelta(minutes=5 * k)
        book.pay(time, f"ACC-{first + k}", account, 9_250 + 500 * k, "transfer", part=part)


def round_trip() -> Sample:
    """A small withdrawal is allowed, then far more is paid; and money back over a third account."""
    book = Book(Random(26))
    day, hour = timedelta(days=1), timedelta(hours=1)
    what = "5,000 in, 1,000 back on the next day; then 20,000 and 36,000 in on the days after"
    part = book.plant("bait", what, ["ACC-8002"], hit=True)
    for at, payer, payee, yuan, memo in (
        (3 * day + 10 * hour, "ACC-8001", "ACC-8002", 5_000, "invest"),
        (4 * day + 11 * hour, "ACC-8002", "ACC-8001", 1_000, "profit"),
        (5 * day + 15 * hour, "ACC-8001", "ACC-8002", 20_000, "invest more"),
        (7 * day + 12 * hour, "ACC-8001", "ACC-8002", 36_000, "invest more"),
    ):
        book.pay(_START + at, payer, payee, yuan, memo, part=part)
    way = _codes(8011, 3)
    part = book.plant("over a third", "30,000 over two accounts; 40 % is back after 2 days", way, hit=True)
    for at, payer, payee, yuan in ((0, 0, 1, 30_000), (20, 1, 2, 24_000), (49, 2, 0, 12_000)):
        book.pay(_START + 6 * day + (9 + at) * hour, way[payer], way[payee], yuan, "transfer", part=part)
    for name, what, account, back in (
        ("late refund", "the money comes back, but after 8 days", 8021, (8 * day, 8021, 2_400)),
        ("another account", "the payee pays the same sum, but to another account", 8031, (1 * day, 8033, 2_400)),
        ("cashback", "0.5 % comes back: no return of the money", 8041, (1 * day, 8041, 12)),
    ):
        shop = f"ACC-{account + 1}"
        part = book.plant(name, what, [f"ACC-{account}", shop])
        book.pay(_START + 2 * day + 9 * hour, f"ACC-{account}", shop, 2_400, "order", part=part)
        book.pay(_START + 2 * day + 10 * hour + back[0], shop, f"ACC-{back[1]}", back[2], "refund", part=part)
    _ordinary(book, _codes(8101, 12), _codes(8201, 5), days=12, rows=40)
    return book.sample("round_trip.csv", "53 transfers over 12 days; 40 of them are small purchases")


def flow_density() -> Sample:
    """A net of seven accounts through which all goes in hours, in no one shape."""
    book = Book(Random(27))
    net = _codes(7001, 7)
    part = book.plant(
        "net", "60,000 from 3 payers goes through 7 accounts to 2, by many ways, in 7 hours", net, hit=True
    )
    start, (a, b, c, d, e, f, g) = _START + timedelta(days=5, hours=9), net
    for minutes, payer, payee, yuan in (
        (0, "ACC-7011", a, 25_000), (10, "ACC-7012", a, 15_000), (15, "ACC-7013", b, 20_000),
        (70, a, c, 22_000), (80, a, b, 17_500), (130, b, d, 19_000), (140, b, e, 18_000),
        (160, c, e, 12_000), (170, c, f, 9_700), (230, d, f, 18_800), (240, e, g, 29_500),
        (300, f, g, 12_000), (310, f, "ACC-7021", 16_100), (390, g, "ACC-7022", 41_000),
    ):  # fmt: skip
        book.pay(start + timedelta(minutes=minutes), payer, payee, yuan, "transfer", part=part)
    short = _codes(7031, 5)
    part = book.plant("three accounts", "20,000 goes over 3 accounts in a line, 5 hours apart", short[1:4])
    _way(book, _minutes(_START + timedelta(days=2, hours=8), *[300] * 3), short, 20_000, 0.96, part)
    keeper = _codes(7041, 6)
    part = book.plant("keep a quarter", "20,000 goes over 4 accounts in a line; each keeps a quarter", keeper[1:5])
    _way(book, _minutes(_START + timedelta(days=7, hours=8), *[90] * 4), keeper, 20_000, 0.75, part)
    slow = _codes(7051, 6)
    part = book.plant("a day and more", "20,000 goes over 4 accounts in a line, 26 hours at each", slow[1:5])
    _way(book, _minutes(_START + timedelta(days=4, hours=8), *[1560] * 4), slow, 20_000, 0.96, part)
    _ordinary(book, _codes(7101, 14), _codes(7201, 5), days=13, rows=46)
    return book.sample("flow_density.csv", "74 transfers over 13 days; 46 of them are small purchases")


def structuring() -> Sample:
    """Seven strangers bring sums just under 50,000 to one account, two or three a day."""
    book = Book(Random(17))
    part = book.plant(
        "smurfs", "7 payers bring 45,200 to 49,800 each to one account in 3 days, more than 50,000 a day", ["ACC-5001"],
        hit=True,
    )  # fmt: skip
    for k, payer in enumerate(_codes(5011, 7)):
        time = _START + timedelta(days=8 + k // 3, hours=10 + 2 * (k % 3), minutes=7 * k)
        book.pay(time, payer, "ACC-5001", 45_200 + 4_600 * k / 6, "deposit", channel="counter", part=part)
    part = book.plant("two", "2 amounts just under 50,000 on one day", ["ACC-5031", "ACC-5032"])
    for k in range(2):
        book.pay(_START + timedelta(days=5, hours=9 + 3 * k), "ACC-5031", "ACC-5032", 49_000, "transfer", part=part)
    part = book.plant("monthly", "49,500 of rent for offices, once a month", ["ACC-5041", "ACC-5042"])
    for day in (0, 30, 60, 90):
        book.pay(_START + timedelta(days=day, hours=9), "ACC-5041", "ACC-5042", 49_500, "rent", part=part)
    part = book.plant("trader", "a trader's amounts on both sides of 50,000, 4 of 10 just under it", ["ACC-5051"])
    for k, yuan in enumerate((31_000, 42_500, 68_000, 47_000, 55_500, 27_800, 71_200, 44_100, 52_300, 49_900)):
        time = _START + timedelta(days=14 + k // 2, hours=9 + 4 * (k % 2))
        book.pay(time, f"ACC-{5061 + k % 5}", "ACC-5051", yuan, "goods", part=part)
    _ordinary(book, _codes(5101, 12), _codes(5201, 5), days=95, rows=40)
    return book.sample("structuring.csv", "63 transfers over 95 days; 40 of them are small purchases")


def probe() -> Sample:
    """An account is tried with 0.01 three times, then four people pay into it, and it is emptied."""
    book = Book(Random(18))
    start = _START + timedelta(days=6, hours=9)
    part = book.plant(
        "tested", "3 payments of 0.01 in an hour, then 4 payers within 6 hours; the money leaves at once", ["ACC-6001"],
        hit=True,
    )  # fmt: skip
    for k, tester in enumerate(("ACC-6011", "ACC-6012", "ACC-6011")):
        book.pay(start + timedelta(minutes=20 * k), tester, "ACC-6001", 0.01, "test", part=part)
    for k, payer in enumerate(_codes(6021, 4)):
        time = start + timedelta(hours=2 + k, minutes=13 * k)
        book.pay(time, payer, "ACC-6001", 18_000 + 4_500 * k, "safe account", part=part)
        book.pay(time + timedelta(minutes=9), "ACC-6001", "ACC-6031", 17_700 + 4_400 * k, "transfer", part=part)
    part = book.plant("careful", "0.01 to see that the number is right, then a deposit of 8,000", ["ACC-6042"])
    for minutes, yuan in ((0, 0.01), (6, 8_000)):
        book.pay(_START + timedelta(days=9, hours=15, minutes=minutes), "ACC-6041", "ACC-6042", yuan, "flat", part=part)
    part = book.plant("in use", "0.01 from a stranger to an account that was paid 5,000 the day before", ["ACC-6052"])
    for payer, hours, yuan in (("ACC-6051", 0, 5_000), ("ACC-6053", 24, 0.01), ("ACC-6051", 30, 5_200)):
        book.pay(_START + timedelta(days=11, hours=8 + hours), payer, "ACC-6052", yuan, "goods", part=part)
    part = book.plant("two days later", "0.01, and 9,000 two days later", ["ACC-6062"])
    for hours, yuan in ((0, 0.01), (48, 9_000)):
        book.pay(_START + timedelta(days=3, hours=10 + hours), "ACC-6061", "ACC-6062", yuan, "car", part=part)
    _ordinary(book, _codes(6101, 12), _codes(6201, 5), days=14, rows=42)
    return book.sample("probe.csv", "60 transfers over 14 days; 42 of them are small purchases")


def dormant_burst() -> Sample:
    """An account that slept for five months takes in 120,000 in a day and is empty the next."""
    book = Book(Random(19))
    part = book.plant(
        "woken", "idle for 150 days, then 4 receipts and 3 payments in 2 days; the money leaves within hours",
        ["ACC-7001"], hit=True,
    )  # fmt: skip
    book.pay(_START + timedelta(days=3, hours=12), "ACC-7001", "ACC-7201", 38.50, "lunch", channel="qr")
    start = _START + timedelta(days=153, hours=13)
    for k in range(4):
        book.pay(start + timedelta(hours=8 * k), f"ACC-{7011 + k}", "ACC-7001", 28_000 + 1_500 * k, "invest", part=part)
    for k, yuan in enumerate((28_900, 28_500, 62_000)):
        book.pay(start + timedelta(hours=4 + 11 * k), "ACC-7001", f"ACC-{7021 + k}", yuan, "transfer", part=part)
    part = book.plant("two months", "idle for 60 days, then as busy", ["ACC-7031"])
    book.pay(_START + timedelta(days=80, hours=10), "ACC-7031", "ACC-7201", 52, "lunch", channel="qr", part=part)
    for k in range(6):
        payer, payee = (f"ACC-{7041 + k}", "ACC-7031") if k % 2 == 0 else ("ACC-7031", f"ACC-{7041 + k}")
        time = _START + timedelta(days=140, hours=9 + 3 * k)
        book.pay(time, payer, payee, 30_000 - 400 * k, "transfer", part=part)
    part = book.plant("four", "idle for 120 days, then 4 small transfers in 2 days", ["ACC-7051"])
    for day in (5, 125, 125.5, 126, 126.5):
        book.pay(_START + timedelta(days=day, hours=9), "ACC-7051", "ACC-7202", 210, "books", part=part)
    part = book.plant("house", "idle for 130 days, then one payment of 400,000 for a flat", ["ACC-7061"])
    book.pay(_START + timedelta(days=10, hours=9), "ACC-7062", "ACC-7061", 5_000, "savings", part=part)
    book.pay(_START + timedelta(days=140, hours=9), "ACC-7061", "ACC-7063", 400_000, "flat", part=part)
    _ordinary(book, _codes(7101, 10), _codes(7203, 5), days=160, rows=60)
    return book.sample("dormant_burst.csv", "82 transfers over 160 days; 60 of them are small purchases")


def device_ring() -> Sample:
    """Five accounts are paid from outside, and pay on within minutes, all from two devices of one operator."""
    book = Book(Random(20))
    ring, family, guests = _codes(8001, 5), _codes(8031, 2), _codes(8041, 24)
    places = dict.fromkeys(ring[:3], ("198.51.100.21", "02-00-5E-10-00-01"))
    places |= dict.fromkeys(ring[2:], ("198.51.100.22", "02:00:5e:10:00:02"))
    part = book.plant(
        "operator", "5 accounts on 2 devices; each is paid by a victim and pays on within 20 minutes", ring, hit=True
    )
    for k, account in enumerate(ring):
        time = _START + timedelta(days=6, hours=9 + 2 * k)
        book.pay(time, f"ACC-{8011 + k}", account, 20_000 + 1_000 * k, "safe account")
        for share in (0.55, 0.44):
            time += timedelta(minutes=9)
            book.pay(time, account, (ring[(k + 1) % 5], "ACC-8021")[k % 2], (20_000 + 1_000 * k) * share, part=part)
    part = book.plant("family", "husband and wife on one tablet", family)
    for k in range(6):
        book.pay(book.in_day(k), family[k % 2], f"ACC-{8301 + k % 3}", book.between(20, 300), "shopping", part=part)
    part = book.plant("café", "24 guests pay over the café's own network", guests)
    for guest in guests:
        book.pay(book.in_day(8, 9, 18), guest, "ACC-8051", book.between(12, 60), "coffee", channel="qr", part=part)
    part = book.plant("at home", "10 people whose routers all give them 192.168.1.2", _codes(8101, 10))
    for k in range(20):
        payer = f"ACC-{8101 + k % 10}"
        book.pay(book.in_day(k % 12), payer, f"ACC-{8301 + k % 3}", book.between(6, 180), "shopping", part=part)
    places |= dict.fromkeys(family, ("203.0.113.9", "TABLET-77"))
    places |= {guest: ("203.0.113.60", f"PHONE-{guest[-4:]}") for guest in guests}
    places |= {f"ACC-{8101 + k}": ("192.168.1.2", f"PHONE-81{k:02}") for k in range(10)}
    plain = book.sample("device_ring.csv", "65 transfers over 12 days with address and device of the payer")
    ring_two = {ring[2]: [places[ring[2]], ("198.51.100.21", "02-00-5E-10-00-01")]}
    rows = []
    for row in plain.rows:
        options = ring_two.get(row[2], [places.get(row[2], ("", ""))])
        rows.append((*row, *options[len(rows) % len(options)]))
    return Sample(plain.file, PLACE_HEADER, tuple(rows), plain.made, plain.planted)


# --- the tour --------------------------------------------------------------------------------------


def _number(code: int) -> str:
    """A 19-digit account number that no bank has given out."""
    return f"6200000000{code:09}"


_COLLECTOR, _TRANSIT, _CASH = _number(2001), [_number(k) for k in (3001, 3002, 3003)], _number(4001)
_SHOP, _EMPLOYER, _LANDLORD, _UTILITY, _SUPPLIER = (_number(k) for k in (7001, 7002, 7003, 7004, 7005))
_MARKET, _BAKERY = _number(7006), _number(7007)
_RESIDENTS = [_number(1000 + k) for k in range(1, 41)]
_NAMES = {
    _COLLECTOR: "Example Trading Account", _CASH: "Withdrawal Card Holder", _SHOP: "Harbour Noodle Shop",
    _EMPLOYER: "Sample Tools Factory", _LANDLORD: "Landlord Example", _UTILITY: "City Power and Water",
    _SUPPLIER: "Flour and Oil Supplier", _MARKET: "Corner Market", _BAKERY: "Example Bakery",
    **{a: f"Transit Account {k}" for k, a in enumerate(_TRANSIT, 1)},
    **{a: f"Resident {k:04}" for k, a in enumerate(_RESIDENTS, 1)},
}  # fmt: skip
_BANKS = ("Bank of Samples", "Example Savings", "First Model Bank")


def tour() -> Sample:
    """One small case, from six victims to the cash machine, in the middle of ordinary life."""
    book = Book(Random(15))
    _life(book)
    _noodles(book)
    _warm_up(book)
    _collected(book)
    plain = book.sample("tour.csv", "")
    rows = tuple((*row, _NAMES[row[2]], _NAMES[row[3]], _bank(row[2]), _bank(row[3])) for row in plain.rows)
    made = (
        f"{len(rows)} transfers over 28 days among {len({a for r in rows for a in r[2:4]})} accounts: salaries, rent, "
        "bills, shopping, and one fraud with its money trail. Account numbers have 19 digits and stay text"
    )
    return Sample(plain.file, TOUR_HEADER, rows, made, plain.planted)


def _bank(account: str) -> str:
    return _BANKS[int(account) % len(_BANKS)]


def _life(book: Book) -> None:
    """Salaries and rent once, bills in the second week, small purchases every day."""
    for k, person in enumerate(_RESIDENTS[:24]):
        book.pay(_START + timedelta(days=8, hours=9, seconds=5 * k), _EMPLOYER, person, 5_200 + 90 * k, "salary March")
        book.pay(book.in_day(10 + k % 12), person, _UTILITY, book.between(60, 240), "power and water")
    for person in _RESIDENTS[2:14]:
        book.pay(book.in_day(1 + book.rng.randrange(4)), person, _LANDLORD, 1_800, "rent March")
    for k in range(60):
        person = _RESIDENTS[book.rng.randrange(40)]
        book.pay(
            book.in_day(k % 28), person, (_MARKET, _BAKERY)[k % 2], book.between(5, 160), "groceries", channel="qr"
        )


def _noodles(book: Book) -> None:
    what = "a shop that many pay on one day, as they pay the collector; its takings stay, and guests come again"
    part = book.plant("shop", what, [_SHOP])
    for day in range(28):
        for _ in range(6):
            guest = _RESIDENTS[book.rng.randrange(22)]
            book.pay(book.in_day(day, 11, 20), guest, _SHOP, book.between(12, 48), "noodles", channel="qr", part=part)
    for week in (6, 13, 20, 27):
        book.pay(book.in_day(week, 21, 22), _SHOP, _SUPPLIER, book.between(350, 420), "flour", part=part)


def _warm_up(book: Book) -> None:
    """Three days before, the same accounts hand a sum round."""
    ring = [_COLLECTOR, *_TRANSIT]
    part = book.plant("ring", "three days before, 90,000 goes round the same four accounts in 3 hours", ring, hit=True)
    _way(book, _minutes(_START + timedelta(days=14, hours=13), 55, 48, 70), [*ring, _COLLECTOR], 90_000, 0.98, part)


def _collected(book: Book) -> None:
    """Six victims in an afternoon; each receipt or two is split three ways and withdrawn."""
    what = "6 victims pay the collector; the money is split to 3 transit accounts and cashed out, minutes a hop"
    part = book.plant("trail", what, [_COLLECTOR, *_TRANSIT], hit=True)
    amounts = (18_000.0, 42_500.0, 9_800.0, 66_000.0, 30_000.0, 51_200.0)
    for k, (victim, yuan) in enumerate(zip(_RESIDENTS[34:], amounts, strict=True)):
        time = _START + timedelta(days=17, hours=13, minutes=37 * k + 11)
        book.pay(time, victim, _COLLECTOR, yuan, "deposit for the case" if k % 2 else "safe account", part=part)
        _split(book, time, yuan * 0.99, part)


def _split(book: Book, time: datetime, yuan: float, part: str) -> None:
    for share, account in zip((0.45, 0.35, 0.20), _TRANSIT, strict=True):
        out = time + timedelta(seconds=120 + int(book.rng.random() * 300))
        book.pay(out, _COLLECTOR, account, yuan * share, "transfer", part=part)
        cash = out + timedelta(seconds=180 + int(book.rng.random() * 420))
        book.pay(cash, account, _CASH, yuan * share * 0.985, "withdrawal", channel="atm", part=part)


# --- AMLworld --------------------------------------------------------------------------------------

_RATES = {"US Dollar": 1.0, "Euro": 0.86, "Yuan": 6.70}


def amlworld() -> Sample:
    """Invented rows under AMLworld's header: bank and account, two amounts, two currencies, no ids."""
    rng = Random(16)
    accounts = [(("010", "03208", "012", "0220", "11")[k % 5], f"80{0xA0000 + 1391 * k:06X}0") for k in range(60)]
    lines = [*_life_abroad(rng, accounts), *_rings(accounts)]
    lines.sort(key=lambda line: line[1])
    parts = {
        "ring": ("20,000 US Dollar goes round four accounts in 7 hours, in Dollar, Euro and Yuan, 97 % kept", True, 40),
        "bare numbers": (
            "the amounts are alike as bare numbers, but Yuan are not Dollars: most value is gone",
            False,
            44,
        ),
    }
    planted = {
        part: Planted(
            what, hit, tuple(":".join(a) for a in accounts[k : k + 4]),
            tuple(f"row {n}" for n, line in enumerate(lines, 1) if line[0] == part),
        )
        for part, (what, hit, k) in parts.items()
    }  # fmt: skip
    made = (
        f"{len(lines)} rows in the format of IBM's AMLworld, invented here (no row is IBM's): self-transfers, "
        "cross-currency rows at 0.86 Euro and 6.70 Yuan a Dollar. Times in minutes. There "
        "are no ids, so rows are cited: the first after the header is row 1"
    )
    return Sample("amlworld.csv", AMLWORLD_HEADER, tuple(line[1] for line in lines), made, planted)


_Line = tuple[str, tuple[str, ...]]


def _line(
    time: datetime, payer: tuple[str, str], payee: tuple[str, str], cents: int, paid: str, received: str = "",
    *, way: str = "ACH", part: str = "",
) -> _Line:  # fmt: skip
    received = received or paid
    got = round(cents * _RATES[received] / _RATES[paid])
    stamp = time.strftime("%Y/%m/%d %H:%M")
    return part, (stamp, *payer, *payee, _yuan(got), received, _yuan(cents), paid, way, str(int(part == "ring")))


def _life_abroad(rng: Random, accounts: list[tuple[str, str]]) -> list[_Line]:
    """Ordinary rows: a fifth self-transfers, an eighth across currencies."""
    currencies, ways = list(_RATES), ("Cheque", "ACH", "Credit Card", "Wire", "Cash")
    lines = []
    for k in range(192):
        time = datetime(2022, 9, 1) + timedelta(minutes=int(rng.random() * 10 * 1440))
        payer, payee = accounts[rng.randrange(40)], accounts[48 + rng.randrange(12)]
        cents, home = int(10 ** (3 + 3 * rng.random())), currencies[k % 3]
        if k % 5 == 0:
            lines.append(_line(time, payer, payer, cents, home, way="Reinvestment"))
            continue
        other = currencies[(k + 1) % 3] if k % 8 == 1 else home
        lines.append(_line(time, payer, payee, cents + 10_000, home, other, way=ways[rng.randrange(5)]))
    return lines


def _rings(accounts: list[tuple[str, str]]) -> list[_Line]:
    lines = []
    for part, first, day, amounts in (
        ("ring", 40, 3, (20_000.00, 16_684.00, 126_080.60, 18_253.46)),
        ("bare numbers", 44, 6, (20_000.00, 19_400.00, 18_818.00, 18_253.46)),
    ):
        ring = accounts[first : first + 4]
        for k, (amount, paid) in enumerate(zip(amounts, ("US Dollar", "Euro", "Yuan", "US Dollar"), strict=True)):
            time = datetime(2022, 9, day, 9, 10) + timedelta(minutes=140 * k)
            lines.append(_line(time, ring[k], ring[(k + 1) % 4], round(amount * 100), paid, part=part))
    return lines


# --- writing ---------------------------------------------------------------------------------------

MAKERS: tuple[Callable[[], Sample], ...] = (
    tour, cycle, fan_in, fan_out, mule_chain, scatter_gather, gather_scatter, bipartite, stack, pass_through,
    round_trip, flow_density, structuring, probe, dormant_burst, device_ring, amlworld,
)  # fmt: skip


def samples() -> dict[str, Sample]:
    """Every sample by file name."""
    return {sample.file: sample for sample in (make() for make in MAKERS)}


_README = """# Samples

Small ledgers to try graphflow on, one for each detector, a tour through all of them, a case folder as banks and
others send it ([case/](#case)), and labelled attempts to measure against ([attempts/](#attempts)). Everything in them
is invented; accounts, names, banks and amounts belong to nobody.
`make_samples.py` makes them and this page, the same bytes every time:

    python samples/make_samples.py

A *hit* is planted to be found, at level `high`, or, where it says "review", at that. A *near-miss* looks much like one
and is not to be found, or, where it says "review", not above that level.
"""
_REVIEW = {
    ("tour.csv", "shop"), ("scatter_gather.csv", "landlord"), ("gather_scatter.csv", "canteen"),
    ("bipartite.csv", "street"), ("stack.csv", "branches"), ("pass_through.csv", "wage and rent"),
    ("round_trip.csv", "bait"), ("round_trip.csv", "over a third"), ("probe.csv", "careful"),
    ("dormant_burst.csv", "house"), ("device_ring.csv", "family"),
}  # fmt: skip


def readme() -> str:
    """The page about the samples, from what is planted in them."""
    return "\n".join(
        [_README, *(_section(sample) for sample in samples().values()), _case_section() + _attempts_section()]
    )


def _section(sample: Sample) -> str:
    lines = [
        f"## {sample.file}",
        "",
        f"{sample.made}.",
        "",
        "| Planted | What | Accounts | Transactions |",
        "|---|---|---|---|",
    ]
    for part, planted in sample.planted.items():
        sort = ("hit" if planted.hit else "near-miss") + (", review" if (sample.file, part) in _REVIEW else "")
        accounts = ", ".join(f"`{a}`" for a in planted.accounts)
        lines.append(f"| **{part}** ({sort}) | {planted.what} | {accounts} | {_ids(planted.transactions)} |")
    return "\n".join([*lines, ""])


def _ids(transactions: Sequence[str]) -> str:
    if len(transactions) <= 15:
        return ", ".join(transactions)
    return f"{', '.join(transactions[:6])}, … {transactions[-1]} ({len(transactions)} in all)"


CASE = "case"
"""The folder of the case as it was handed over."""

_CASE = """## case/

One invented story as investigators are handed it: not a table, but a folder of what banks, wallets, a portal and a
block explorer sent, each in its own form. Six people in China are talked into paying two accounts; within an hour the
money goes over a second and a third tier to cash, over a wallet, and to a coin dealer. Other branches are in Europe,
on Ethereum and in India.

    graphflow inspect samples/case
    graphflow analyze samples/case --out out/case

| File | What it shows | What graphflow says of it |
|---|---|---|
"""
_CASE_FILES = (
    (
        "`bank_return/样例银行_*`",
        "six files of one bank, in GB18030: cells that end in a tab, `-` for nothing, cards with `_156_1` behind them, "
        "amounts as `¥12.30`, `22,000.00` and in full-width digits; a row delivered twice, two real payments in one "
        "second, a payment that failed, a row that the shop's statement lacks",
        "34 rows read: 21 accepted, 9 paired, 1 duplicate, 3 excluded; 出 is out and 进 is in, as all balances agree; "
        "one gap of 33.00; cards and account numbers are one account",
    ),
    (
        "`bank_return/模型银行_*`",
        "the other bank: 借 and 贷, `20260311104926`, `\\N` for nothing, account numbers missing, cash, fees, "
        "interest, two accounts frozen; the other side of a payment taken back",
        "22 rows read: 13 accepted, 7 paired, 2 excluded (the payment and its reversal, each naming the other); ends "
        "`CASH`, `FEE`, `INTEREST`; two freezes",
    ),
    (
        "`TenpayTrades.txt`",
        "a wallet, amounts in fen, headers that occur twice; the wallet is filled from a card of the bank return",
        "5 rows: 3 accepted, 2 paired (one with the bank's row); the wallet and the card are one account",
    ),
    (
        "`alipay.csv`",
        "账户明细 of one user: a payment that was closed, one between his own pots",
        "6 rows: 4 accepted (one paired with the bank's row, which has no serial), 2 excluded",
    ),
    (
        "`statement_en.csv`",
        "three title lines, debit and credit columns, semicolons, `1.850,00`, `12.03.2026`",
        "7 accepted; the account from the title line; the decimal comma and the order of day and month are proved",
    ),
    (
        "`camt053.xml`",
        "an account statement in ISO 20022, with a reversal",
        "5 rows: 2 accepted, 1 paired with `statement_en.csv`, 2 excluded (the payment and its reversal)",
    ),
    (
        "`mt940.sta`",
        "a SWIFT statement that tells days, not hours",
        "3 rows: 2 accepted, 1 paired with `camt053.xml`; that its times are coarse is said",
    ),
    ("`pacs008.xml`", "two payments between banks, two-sided", "2 accepted"),
    ("`mt103.txt`", "the last hop, a SWIFT payment", "1 accepted"),
    (
        "`usdt_erc20.csv`",
        "Etherscan's token export: a forged USDT, nothing sent to a look-alike address, `42,000`",
        "7 rows: 5 accepted, 2 excluded (the token's contract is not Tether's; address poisoning)",
    ),
    (
        "`ncrp.xlsx`",
        "India's portal: transfers in layers, ATM withdrawals, money on hold; `2,00,000.00`, `10/03/2026 11:05 AM`",
        "4 transfers with their layer as `tier`, 2 to `CASH`, 1 on hold excluded, 1 that was not looked into",
    ),
)  # fmt: skip


def _case_section() -> str:
    """What is in the case folder, file by file."""
    return _CASE + "".join(f"| {' | '.join(told)} |\n" for told in _CASE_FILES)


_ATTEMPTS = """
## attempts/

Laundering attempts of AMLworld's eight shapes in a background of wages, bills and payments among friends, in the
format of IBM's AMLworld and invented here (no row is IBM's): {transfers:,} transfers in `transfers.csv`, {laundering}
of them in {attempts} attempts, which `patterns.txt` lists. Some attempts are a transfer or two, as real ones are: no
detector can tell them from ordinary life.

    graphflow analyze samples/attempts/transfers.csv --out out/attempts
    graphflow evaluate out/attempts --truth samples/attempts/patterns.txt
"""


def _attempts_section() -> str:
    """What is in the folder of attempts."""
    transfers, patterns = (content.decode() for content in attempts.files().values())
    return _ATTEMPTS.format(
        transfers=transfers.count("\n") - 1,
        laundering=transfers.count(",1\n"),
        attempts=patterns.count("BEGIN"),
    )


def case() -> dict[str, bytes]:
    """The files of the case folder: path in it → content."""
    return {**case_in_china.bank_return(), **case_wallets.files(), **case_abroad.files()}


def main(folder: Path) -> None:
    """Write every sample, the case folder and the page about them into a folder."""
    files = {sample.file: sample.csv().encode() for sample in samples().values()}
    files |= {f"{CASE}/{path}": content for path, content in case().items()}
    files |= attempts.files()
    files["README.md"] = readme().encode()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
