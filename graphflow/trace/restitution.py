"""How what is frozen goes back: by time where that separates, in proportion to the losses where it does not.

Chinese provisions of 2016 on returning frozen funds, article 8: a single remittance, or ones that time separates, go
back to whoever sent them; else in proportion to each victim's loss. Shares are whole minor units and sum to what is
frozen; nobody gets more than was lost. A schedule for people to check, not a decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Frozen:
    """What is frozen of the victims' money in one account, and what FIFO finds there: place of the victim → amount."""

    account: str
    amount: int
    found: Mapping[int, int]


def in_proportion(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount shared out by weights, in whole units that sum to it (largest remainders, the first of equals).

    >>> in_proportion(200000, [500000, 300000])
    [125000, 75000]
    """
    total = sum(weights)
    if total <= 0:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    rests = [amount * weight % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda k: (-rests[k], k))
    for k in order[: amount - sum(shares)]:
        shares[k] += 1
    return shares


def by_losses(amount: int, losses: Sequence[int]) -> list[int]:
    """Shares in proportion to losses, none above its loss."""
    return in_proportion(min(amount, sum(losses)), losses)


def by_time(frozen: Sequence[Frozen], losses: Sequence[int]) -> list[int]:
    """Shares account by account: to the victims whose money FIFO finds there, what it does not find by losses left."""
    shares, over = [0] * len(losses), 0
    for one in frozen:
        numbers, found = list(one.found), list(one.found.values())
        mine = in_proportion(one.amount, found) if one.amount < sum(found) else found
        over += one.amount - sum(mine)
        for number, share in zip(numbers, mine, strict=True):
            shares[number] += share
    left = [max(0, loss - share) for loss, share in zip(losses, shares, strict=True)]
    return [a + b for a, b in zip(shares, in_proportion(min(over, sum(left)), left), strict=True)]


def by_share(frozen: Sequence[Frozen], weights: Sequence[int]) -> list[int]:
    """Shares account by account of money that is in a currency in which nothing was lost: it was changed on the way, so
    no loss limits it. What FIFO does not find goes by weights."""
    shares, over = [0] * len(weights), 0
    for one in frozen:
        numbers, found = list(one.found), list(one.found.values())
        mine = in_proportion(min(one.amount, sum(found)), found)
        over += one.amount - sum(mine)
        for number, share in zip(numbers, mine, strict=True):
            shares[number] += share
    return [a + b for a, b in zip(shares, in_proportion(over, weights), strict=True)]


def restitution(
    victims: Sequence[str],
    losses: Sequence[int],
    frozen: Sequence[Frozen],
    currency: str,
    *,
    returned: Sequence[int] = (),
    weights: Sequence[int] = (),
) -> pl.DataFrame:
    """The schedule in one currency (minor units), one row a victim.

    returned  what came back to each victim's account already: shares are of what is still lost
    weights   what pro-rata traces of each victim's money: what decides where nothing was lost in this currency
    """
    back = returned or [0] * len(victims)
    still = [max(0, loss - came) for loss, came in zip(losses, back, strict=True)]
    if any(losses):
        timed = by_time(frozen, still)
        shared = by_losses(min(sum(one.amount for one in frozen), sum(still)), still)
    else:
        timed, shared = by_share(frozen, weights), in_proportion(sum(one.amount for one in frozen), weights)
    where: list[list[str]] = [[] for _ in victims]
    for one in frozen:
        for number, amount in one.found.items():
            where[number] += [one.account] if amount > 0 else []
    return pl.DataFrame(
        {
            "victim": victims,
            "loss": losses,
            "returned": back,
            "currency": [currency] * len(victims),
            "share_by_time": timed,
            "share_pro_rata": shared,
            "traced_to": [" ".join(accounts) for accounts in where],
        },
        schema_overrides=dict.fromkeys(("loss", "returned", "share_by_time", "share_pro_rata"), pl.Int64),
    )
