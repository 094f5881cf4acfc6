"""Random ledgers of some weeks in which some accounts deal with each other again and others only once."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection
from fractions import Fraction
from typing import NamedTuple

import oracles
from hypothesis import strategies as st
from ledgers import Row
from oracles import Transfer

HOUR = 60
DAY = 24 * HOUR
TOGETHER = 4 * DAY
VALUES = (0, 1, 500, 790, 799, 800, 801, 900, 950, 1000, 1000, 1000, 1250, 1251, 5000)
STEPS = (0, 1, 15, 16, 59, 60, 61, DAY - 1, DAY, 4 * DAY, 4 * DAY + 1)


def long_rows(rng: random.Random, most: int = 22) -> list[Row]:
    """Money handed on among a few accounts, and standing payments of the same accounts week after week.

    About every other ledger has so many of the latter that at most half of its transfers are of one-off pairs.
    """
    names = [chr(65 + k) for k in range(rng.randint(4, 9))]
    rows, at, value, payer = [], 0, 1000, rng.choice(names)
    for _ in range(rng.randint(0, most)):
        if rng.random() < 0.3:  # someone else, some other time
            at, value, payer = rng.randint(0, 12 * 24) * HOUR, rng.choice(VALUES), rng.choice(names)
        payee = rng.choice(names)
        rows.append(Row(payer, payee, at, value))
        if rng.random() < 0.85:
            payer = payee
        at += rng.choice(STEPS)
        value = rng.choice((value, value, *VALUES, value * 9 // 10, max(0, value - 1)))
    for k in range(rng.randint(0, most // 3)):
        pair, first = rng.sample(names, 2) if rng.random() < 0.3 else [f"S{k}", f"T{k}"], rng.randint(0, 5 * 24) * HOUR
        rows += [Row(*pair, first + week * 5 * DAY, rng.choice(VALUES)) for week in range(rng.randint(2, 4))]
    return rows + _transit(rng) if rng.random() < 0.5 else rows


def _transit(rng: random.Random) -> list[Row]:
    """An account with regular money of its own through which sums of strangers pass."""
    rows = [Row("S", "M", 5 * DAY * week, 20_000) for week in range(6)]
    for k in range(rng.randint(1, 3)):
        at, value = rng.randint(0, 6 * 24) * HOUR, rng.choice(VALUES)
        rows += [Row(f"P{k}", "M", at, value), Row("M", f"X{k}", at + rng.randint(0, 4 * 24) * HOUR, value)]
    return rows


@st.composite
def long_nasty_rows(draw: st.DrawFn) -> list[Row]:
    """A ledger of `long_rows` in any order, and some transfers of any kind."""
    rows = long_rows(random.Random(draw(st.integers(0, 10_000))))
    row = st.builds(
        Row,
        st.sampled_from("ABCDS"),
        st.sampled_from("ABCDT"),
        st.sampled_from(STEPS),
        st.sampled_from(VALUES),
        st.just("CNY"),
    )
    return draw(st.permutations([*rows, *draw(st.lists(row, max_size=6))]))


# --- slow counterparts ----------------------------------------------------------------------------


def one_off(transfers: list[Transfer]) -> list[bool]:
    """Per transfer, whether its payer pays its payee only within 4 days; self-transfers never count."""
    times: dict[tuple[object, object], list[int]] = defaultdict(list)
    for t in transfers:
        times[t.payer, t.payee].append(t.time)
    lasted = {pair: max(seen) - min(seen) for pair, seen in times.items()}
    return [t.payer != t.payee and lasted[t.payer, t.payee] <= TOGETHER for t in transfers]


def one_off_share(transfers: list[Transfer]) -> Fraction:
    others = sum(t.payer != t.payee for t in transfers)
    return Fraction(sum(one_off(transfers)), max(1, others))


def relays(
    transfers: list[Transfer], *, window: int, keep: Fraction, hubs: Collection[object] = ()
) -> list[tuple[int, int]]:
    """Receipts and payments that hand them on, by the definition; sorted."""
    if one_off_share(transfers) > Fraction(1, 2):
        return []
    return matched(transfers, one_off(transfers), window=window, keep=keep, hubs=hubs)


def matched(
    transfers: list[Transfer], once: list[bool], *, window: int, keep: Fraction, hubs: Collection[object]
) -> list[tuple[int, int]]:
    """The same where `once` says which transfers count."""
    counted = [k for k, t in enumerate(transfers) if once[k] and t.value > 0]
    found: list[tuple[int, int]] = []
    for p in counted:
        payment = transfers[p]
        free = [
            (_ratio(transfers[r].value, payment.value), r)
            for r in counted
            if r < p
            and transfers[r].payee == payment.payer
            and transfers[r].payer != payment.payee
            and payment.payer not in hubs
            and payment.time - transfers[r].time <= window
            and r not in {receipt for receipt, _ in found}
        ]
        near = [(ratio, r) for ratio, r in free if ratio >= keep]
        if near:
            found.append((max(near)[1], p))
    return sorted(found)


def _ratio(a: int, b: int) -> Fraction:
    return Fraction(min(a, b), max(a, b))


class Episode(NamedTuple):
    """What is handed on at one account: links (receipt, payment, value)."""

    account: object
    links: list[oracles.Match]

    @property
    def receipts(self) -> list[int]:
        return sorted({m.receipt for m in self.links})

    @property
    def payments(self) -> list[int]:
        return sorted({m.payment for m in self.links})

    @property
    def transactions(self) -> list[int]:
        return sorted({*self.receipts, *self.payments})


def episodes(transfers: list[Transfer], linked: list[oracles.Match]) -> list[Episode]:
    """Links of one account that share a receipt or a payment, directly or over others; by receipt."""
    accounts = dict.fromkeys(transfers[m.receipt].payee for m in linked)
    found = []
    for account in accounts:
        left = [m for m in linked if transfers[m.receipt].payee == account]
        while left:
            group = [left.pop(0)]
            while more := [m for m in left if any(m.receipt == g.receipt or m.payment == g.payment for g in group)]:
                group += more
                left = [m for m in left if m not in more]
            found.append(Episode(account, sorted(group)))
    return sorted(found, key=lambda e: e.links)
