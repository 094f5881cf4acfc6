"""What a tracer should find: the victims' money followed to the fen, and the payments as a police report lists them.

Written down in plain Python, apart from the product's own tracing, so that the one can be held against the other. A pot
is what an account holds as a list of (victim, fen), 0 for what is no victim's; the transfers come in order of time. A
reported payment is the victim's own money, whatever the account held. Cash machines pay nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl

Slices = list[tuple[int, int]]
Take = Callable[[Slices, int], Slices]

COLLECT = "gang:collect"
_CASH = "cash"


def victims_table(transfers: pl.DataFrame) -> pl.DataFrame:
    """The victims' payments as a report has them: who, from and to which account, when (to the minute), how much."""
    paid = transfers.filter(pl.col("label") == COLLECT)
    return paid.select(
        "amount", victim="payer_name", victim_account="payer", payee="payee", time=pl.col("time").str.head(16)
    ).select("victim", "victim_account", "payee", "time", "amount")


def trail(transfers: pl.DataFrame, accounts: pl.DataFrame, gang: Mapping[str, Any]) -> dict[str, Any]:
    """What is true of the victims' money; amounts in fen.

    victims    the reported payments (`tx`), in order; payments: the same with `victim` and `amount`
    tiers      account → least hops from a reported payment, along money that fifo says is a victim's
    cash_out, otc, in_flight   accounts where it is withdrawn, is changed, still is; ends: cash machines it reached
    carried    by rule (fifo, pro_rata): tx → victim → fen that it carried
    held       by rule: account → victim → fen that is still there at the end
    absorbed   by rule: victim → fen that came back into a reported payment
    """
    rows = _rows(transfers)
    victims = {payer: k for k, payer in enumerate(dict.fromkeys(r[1] for r in rows if r[4]), 1)}
    names = {number: account for account, number in victims.items()}
    told = {"fifo": _follow(rows, victims, _first_in), "pro_rata": _follow(rows, victims, _in_proportion)}
    reported = [row for row in rows if row[4]]
    tiers = _tiers(rows, told["fifo"]["carried"])
    cash = set(accounts.filter(pl.col("kind") == _CASH)["account"])
    return {
        "victims": [tx for tx, *_ in reported],
        "payments": [
            {"tx": tx, "victim": payer, "payee": payee, "amount": fen} for tx, payer, payee, fen, _ in reported
        ],
        "tiers": tiers,
        **{name: [a for a in gang[name] if a in tiers] for name in ("cash_out", "otc", "in_flight")},
        "ends": [account for account in tiers if account in cash],
        **{what: {rule: _named(of[what], names) for rule, of in told.items()} for what in ("carried", "held")},
        "absorbed": {rule: {names[v]: fen for v, fen in of["absorbed"].items()} for rule, of in told.items()},
    }


_Row = tuple[str, str, str, int, bool]


def _rows(transfers: pl.DataFrame) -> list[_Row]:
    """tx, payer, payee, fen, reported; in ledger order. Only those of accounts that victims' money can reach: no other
    account has any to pass on, so what it pays is no victim's."""
    fen = transfers["amount"].str.replace(".", "", literal=True).cast(pl.Int64)
    table = transfers.select("tx", "payer", "payee", fen, reported=pl.col("label") == COLLECT)
    reached: set[str] = set()
    for payer, payee, reported in table.select("payer", "payee", "reported").iter_rows():
        if reported or payer in reached:
            reached.add(payee)
    own = pl.Series(sorted(reached), dtype=pl.String).implode()
    return list(table.filter(pl.col("payer").is_in(own) | pl.col("payee").is_in(own)).iter_rows())


def _named(table: Mapping[str, Mapping[int, int]], names: Mapping[int, str]) -> dict[str, dict[str, int]]:
    return {key: {names[v]: fen for v, fen in sorted(shares.items())} for key, shares in table.items() if shares}


def _follow(rows: Iterable[_Row], victims: Mapping[str, int], take: Take) -> dict[str, Any]:
    """Every transfer in order, each paid out of what its payer holds by one rule."""
    pots: defaultdict[str, Slices] = defaultdict(list)
    carried: dict[str, dict[int, int]] = {}
    absorbed: defaultdict[int, int] = defaultdict(int)
    for tx, payer, payee, fen, reported in rows:
        if reported:
            for victim, part in _own_first(pots[payer], fen):
                absorbed[victim] += part if victim else 0
            slices = [(victims[payer], fen)]
        else:
            slices = take(pots[payer], fen)
        pots[payee] += slices
        carried[tx] = _sums(slices)
    held = {account: _sums(pot) for account, pot in sorted(pots.items())}
    return {"carried": carried, "held": held, "absorbed": {v: fen for v, fen in sorted(absorbed.items()) if fen}}


def _sums(slices: Slices) -> dict[int, int]:
    sums: dict[int, int] = {}
    for victim, fen in slices:
        if victim and fen:
            sums[victim] = sums.get(victim, 0) + fen
    return sums


def _first_in(pot: Slices, fen: int) -> Slices:
    """First in, first out; what is missing came before the records and is no victim's."""
    taken: Slices = []
    while fen and pot:
        victim, amount = pot[0]
        part = min(amount, fen)
        taken.append((victim, part))
        fen -= part
        pot[:1] = [(victim, amount - part)] if amount > part else []
    return [*taken, (0, fen)] if fen else taken


def _own_first(pot: Slices, fen: int) -> Slices:
    pot.sort(key=lambda part: part[0] != 0)
    return _first_in(pot, fen)


def _in_proportion(pot: Slices, fen: int) -> Slices:
    """Each owner's share, floored; what is left goes one fen each to the largest remainders."""
    owners = sorted({victim for victim, _ in pot})
    held = {owner: sum(part for victim, part in pot if victim == owner) for owner in owners}
    total = sum(held.values())
    if total <= fen:
        pot.clear()
        return [*held.items(), (0, fen - total)]
    shares = {owner: fen * amount // total for owner, amount in held.items()}
    by_rest = sorted(owners, key=lambda owner: (-(fen * held[owner] % total), owner))
    for owner in by_rest[: fen - sum(shares.values())]:
        shares[owner] += 1
    pot[:] = [(owner, held[owner] - shares[owner]) for owner in owners]
    return list(shares.items())


def _tiers(rows: Iterable[_Row], carried: Mapping[str, Mapping[int, int]]) -> dict[str, int]:
    """Least hops that respect time: an account that pays before it is reached passes nothing on."""
    tiers: dict[str, int] = {}
    for tx, payer, payee, _, reported in rows:
        if carried[tx]:
            hops = 1 if reported else tiers[payer] + 1
            tiers[payee] = min(tiers.get(payee, hops), hops)
    return dict(sorted(tiers.items(), key=lambda item: (item[1], item[0])))
