"""One account under several numbers: a card and its account, a wallet and the card it is paid from.

Numbers are joined where a row or an account list states both, with the reason kept. Never joined: numbers of different
holders, numbers a spreadsheet has cut or that only fill a cell (0, 00000), and a wallet that is paid from several cards
or a card that pays several wallets (which of them paid is not known).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from graphflow.ledger import IDENTITIES
from graphflow.read.one_sided.ends import CUT_NUMBER, FILLER
from graphflow.words import count

LINKS = {
    "kept": pl.String(), "alias": pl.String(), "alone": pl.Boolean(), "holder": pl.String(), "reason": pl.String(),
}  # fmt: skip
"""Two numbers of one account: the one that names it, the other, whether both must be of no other, the holder's id."""


@dataclass
class Identities:
    """What is known of numbers, and what follows.

    renamed   number → the number its account goes by
    table     the same with reasons, as `IDENTITIES`
    warnings  numbers that were kept apart, in words
    """

    renamed: dict[str, str] = field(default_factory=dict)
    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=IDENTITIES))
    warnings: list[str] = field(default_factory=list)


def joined(links: Iterable[pl.DataFrame]) -> Identities:
    """Groups of numbers that are one account.

    An account goes by its card where it has one card, else by the number that is not a card's alias; ties by text.
    """
    every = [part for part in links if part.height]
    if not every:
        return Identities()
    table = pl.concat(every).filter(
        pl.col("kept").is_not_null() & pl.col("alias").is_not_null() & (pl.col("kept") != pl.col("alias")),
        *(~pl.col(side).str.contains(rf"{CUT_NUMBER}|{FILLER}") for side in ("kept", "alias")),
    )
    table = table.unique(["kept", "alias"], keep="first", maintain_order=True).sort("kept", "alias")
    found = Identities()
    table = _without_shared(table, found)
    groups = _Groups()
    stated = table.select("kept", "alias", "holder").iter_rows()
    apart = [(kept, alias) for kept, alias, holder in stated if not groups.join(kept, alias, holder)]
    if apart:
        others = f" (and {count(len(apart) - 1, 'other pair')})" if apart[1:] else ""
        found.warnings.append(
            f"{apart[0][0]} and {apart[0][1]} are given as one account, of different holders: kept apart{others}"
        )
    _name(groups, table, found)
    return found


def _without_shared(table: pl.DataFrame, found: Identities) -> pl.DataFrame:
    """Links that hold only where each number has no other of the kind."""
    alone = table.filter("alone")
    ends = pl.concat([alone["kept"], alone["alias"].alias("kept")])
    shared = ends.filter(ends.is_duplicated()).unique().implode()
    bad = alone.filter(pl.any_horizontal(pl.col("kept", "alias").is_in(shared)))
    if bad.height:
        kept, alias, reason = bad.select("kept", "alias", "reason").row(0)
        found.warnings.append(
            f"{bad.height:,} links between numbers are not one to one, so both stay apart; one is {alias} and {kept} "
            f"({reason})"
        )
    return table.join(bad.select("kept", "alias"), on=["kept", "alias"], how="anti", maintain_order="left")


def _name(groups: _Groups, table: pl.DataFrame, found: Identities) -> None:
    """Choose the number each group goes by."""
    cards = set(table["kept"].to_list())
    reasons = {frozenset(pair): reason for *pair, reason in table.select("kept", "alias", "reason").iter_rows()}
    rows: list[tuple[str, str, str]] = []
    for members in groups.members():
        own = sorted(number for number in members if number in cards)
        others = sorted(number for number in members if number not in cards)
        name = own[0] if len(own) == 1 or not others else others[0]
        for number in sorted(members - {name}):
            found.renamed[number] = name
            reason = reasons.get(frozenset((name, number))) or next(
                text for pair, text in reasons.items() if number in pair
            )
            rows.append((name, number, reason))
    found.table = pl.DataFrame(sorted(rows), schema=IDENTITIES, orient="row")


class _Groups:
    """Numbers joined pair by pair, unless their holders differ."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._holder: dict[str, str] = {}

    def join(self, one: str, other: str, holder: str | None) -> bool:
        """Whether both may be one account."""
        tops = {self._top(one), self._top(other)}
        holders = {self._holder[top] for top in tops if top in self._holder} | ({holder} if holder else set())
        if len(holders) > 1:
            return False
        first, *rest = sorted(tops)
        for top in rest:
            self._above[top] = first
        if holders:
            self._holder[first] = holders.pop()
        return True

    def _top(self, number: str) -> str:
        self._above.setdefault(number, number)
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

    def members(self) -> list[set[str]]:
        groups: dict[str, set[str]] = {}
        for number in list(self._above):
            groups.setdefault(self._top(number), set()).add(number)
        return [members for members in groups.values() if len(members) > 1]
