"""A labelled ledger to learn and test with: a town's ordinary life, look-alikes, and one fraud's money trail.

book.py    accounts and transfers being written down
town.py    salaries, rent, shopping, bills, friends, by a daily rhythm
traps.py   innocent patterns that look like laundering, one function each
gang.py    the trail: victims, three tiers, cash-out, a cycle, money still in flight
trail.py   where the victims' money went, to the fen, for those who trace it
result.py  tables, truth and files

The same case in other dialects:

one_sided.py     each transfer as its two banks see it, with balances
bank_return.py   statements as banks answer the police
return_files.py  what stands beside the statements
beyond.py        rows that a bank return has and a ledger has not
tenpay.py        a wallet operator's file
"""

from __future__ import annotations

from graphflow.errors import RuleError
from graphflow.simulate.book import Book
from graphflow.simulate.gang import add_gang
from graphflow.simulate.result import Simulation, finish
from graphflow.simulate.town import add_town
from graphflow.simulate.traps import add_traps

__all__ = ["Simulation", "simulate"]


def simulate(*, seed: int = 7, accounts: int = 2000, days: int = 30) -> Simulation:
    """A ledger whose truth is known; the same arguments give the same ledger.

    seed      any whole number from 0 on
    accounts  accounts of the town and of the look-alikes, 200 at least; the 63 of the trail come on top
    days      days from 3 February 2026 on, 7 at least

    Raises `RuleError` when an argument is too small.

    Example
    -------
    >>> made = simulate(accounts=200, days=7)
    >>> made.accounts.height, len(made.truth["gang"]["tier_1"])
    (263, 8)
    """
    for name, value, least in (("seed", seed, 0), ("accounts", accounts, 200), ("days", days, 7)):
        if value < least:
            raise RuleError(f"simulate: {name} is {value}, and must be {least} or more")
    book = Book(seed=seed, days=days)
    town = add_town(book, accounts)
    add_traps(book, town)
    gang = add_gang(book, town)
    return finish(book, gang, {"seed": seed, "accounts": accounts, "days": days})
