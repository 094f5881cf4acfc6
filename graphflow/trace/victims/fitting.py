"""Which transfers fit what a line says: joins on whatever it states, so that millions of transfers cost no loop.

Lines that state the same kinds of things are joined together. A time is a key by its stretch of the clock, so that a
join meets only transfers near it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.ledger import Ledger
from graphflow.read.amounts import SCALE
from graphflow.trace.victims.stated_accounts import End

Longs = npt.NDArray[np.int64]

MOST = 2_000
"""Transfers a line may fit and still have each of them looked at."""

_KINDS = ("payer", "payee", "exact", "timed")


@dataclass(frozen=True, kw_only=True, eq=False)
class Fits:
    """By line (its position): the rows that fit, in order; how many fit where they are too many to look at."""

    rows: Mapping[int, Sequence[int]] = field(default_factory=dict)
    crowded: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ask:
    """What lines say, as columns to join on.

    table   one row a line: `index`, `payer`, `payee` (codes), `amount` (10⁻¹⁸), `currency`, `low`, `high` (times that
            fit), `first`, `last` (times that are the same as far as the line and the ledger tell)
    ends    of each line, its payer and its payee
    spread  by how much an amount may differ, in 10⁻¹⁸
    """

    table: pl.DataFrame
    ends: Sequence[tuple[End, End]]
    spread: int = 0


def ask(
    lines: pl.DataFrame,
    ends: Sequence[tuple[End, End]],
    ledger: Ledger,
    *,
    tolerance: timedelta,
    spread: int = 0,
    timezone: str = "UTC",
) -> Ask:
    """The columns of `Ask`: a line or a ledger that is told by the day means all of it, on clocks of `timezone`."""
    micro = timedelta(microseconds=1)
    day, grain = timedelta(days=1) // micro, ledger.precision // micro
    by_day = grain >= day
    local = pl.col("time").dt.convert_time_zone(timezone).dt.truncate("1d").dt.convert_time_zone("UTC")
    begin = (local if by_day else pl.col("time")).to_physical()
    step = pl.max_horizontal("step", pl.lit(day)) if by_day else pl.col("step")
    clock = step < day
    fine = pl.when(clock).then(grain - 1).otherwise(0)  # a transfer at 09:30 of a ledger by the minute: until 09:31
    reach = pl.when(clock).then(tolerance // micro).otherwise(0)
    first, last = begin - fine, begin + step - 1
    table = lines.select(
        index=pl.int_range(pl.len(), dtype=pl.Int64),
        payer=pl.Series([end.code for end, _ in ends], dtype=pl.Int32),
        payee=pl.Series([end.code for _, end in ends], dtype=pl.Int32),
        amount="amount",
        currency="currency",
        low=first - reach,
        high=last + reach,
        first=first,
        last=last,
        by_day=~clock,
    )
    return Ask(table=table, ends=ends, spread=spread)


def fits(ask: Ask, ledger: Ledger) -> Fits:
    """Transfers that fit each line; those at the very time it tells, where there are such."""
    rows: dict[int, Sequence[int]] = {}
    crowded: dict[int, int] = {}
    if not ledger.height:
        return Fits()
    for part, kinds in _groups(ask):
        pairs, many = _joined(part, kinds, ledger)
        crowded |= many
        rows |= _kept(pairs, ask, ledger)
    return Fits(rows=rows, crowded=crowded)


def _groups(ask: Ask) -> Iterator[tuple[pl.DataFrame, dict[str, bool]]]:
    """Lines that state the same kinds of things, and which kinds these are."""
    table = ask.table.with_columns(
        exact=(pl.lit(not ask.spread)) & pl.col("amount").is_not_null(), timed=pl.col("low").is_not_null()
    )
    half_known = {k for k, ends in enumerate(ask.ends) if any(end.low or end.name for end in ends)}
    for kinds in product((True, False), repeat=len(_KINDS)):
        payer, payee, exact, timed = kinds
        if not any(kinds):
            continue
        part = table.filter(
            pl.col("payer").is_not_null() == payer, pl.col("payee").is_not_null() == payee,
            pl.col("exact") == exact, pl.col("timed") == timed,
        )  # fmt: skip
        if kinds == (False, False, False, True):  # a time alone would fit too much
            part = part.filter(pl.col("amount").is_not_null() | pl.col("index").is_in(list(half_known)))
        if part.height:
            yield part, dict(zip(_KINDS, kinds, strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class Sought:
    """Which transfers of a ledger of any size lines may mean: all others can be left out when they are matched.

    accounts   codes of the accounts that lines state: all their transfers; paid: amounts in minor units
    stretches  of a length of time, which of the stretches that long, counted from 1970
    """

    accounts: Longs
    paid: Longs
    stretches: Sequence[tuple[int, Longs]]

    def among(self, payer: npt.NDArray[np.int32], payee: npt.NDArray[np.int32], time: Longs, paid: Longs) -> Longs:
        """Positions of those that may be meant among some transfers."""
        kept = np.isin(payer, self.accounts) | np.isin(payee, self.accounts) | np.isin(paid, self.paid)
        for wide, numbers in self.stretches:
            kept |= np.isin(time // wide, numbers)
        return np.flatnonzero(kept)


def sought(ask: Ask, ledger: Ledger) -> Sought:
    """What to look for in transfers. `ledger`: its accounts and currencies are all that is asked."""
    paid, stretches = [np.empty(0, np.int64)], []
    for part, kinds in _groups(ask):
        if kinds["payer"] or kinds["payee"]:
            continue
        keyed, _, wide = _keyed(part, kinds, ledger)
        if kinds["exact"]:
            paid.append(keyed["paid"].unique().to_numpy())
        else:
            stretches.append((wide, keyed["stretch"].unique().to_numpy()))
    codes = {end.code for ends in ask.ends for end in ends if end.code is not None}
    return Sought(
        accounts=np.array(sorted(codes), np.int64), paid=np.unique(np.concatenate(paid)), stretches=tuple(stretches)
    )


def _keyed(part: pl.DataFrame, kinds: Mapping[str, bool], ledger: Ledger) -> tuple[pl.DataFrame, list[str], int]:
    """Lines with the columns on which they are joined, the names of these, and how long a stretch of the clock is."""
    wide = int((part["high"] - part["low"]).to_numpy().max()) + 1 if kinds["timed"] else 1
    keys = [name for name in ("payer", "payee") if kinds[name]]
    if kinds["exact"]:
        part, keys = _in_minor_units(part, ledger), [*keys, "paid", "places"]
    if kinds["timed"]:
        stretches = pl.concat_list(pl.col("low") // wide, pl.col("high") // wide).list.unique()
        part, keys = part.with_columns(stretch=stretches).explode("stretch"), [*keys, "stretch"]
    return part, keys, wide


def _joined(part: pl.DataFrame, kinds: Mapping[str, bool], ledger: Ledger) -> tuple[pl.DataFrame, dict[int, int]]:
    """Pairs of line and transfer that agree in what is a key, and the lines with too many."""
    part, keys, wide = _keyed(part, kinds, ledger)
    pool = _pool(part, kinds, ledger, wide)
    number = part.join(pool.group_by(keys).len(), on=keys).group_by("index").agg(pl.col("len").sum())
    many = dict(number.filter(pl.col("len") > MOST).iter_rows())
    few = part.filter(~pl.col("index").is_in(list(many)))
    own = [name for name in ("paid", "places", "payer", "payee") if name not in keys]
    return few.drop(own, strict=False).join(pool, on=keys), many


def _in_minor_units(part: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Amounts as minor units, for each number of decimals that the ledger's currencies have."""
    parts = []
    for places in sorted(set(ledger.decimals.values())):
        unit = 10 ** (SCALE - places)
        whole = part.filter(pl.col("amount") % unit == 0)
        paid = (pl.col("amount") // unit).cast(pl.Int64, strict=False)
        parts.append(whole.with_columns(paid=paid, places=pl.lit(places, pl.Int16)))
    return pl.concat(parts).drop_nulls("paid") if parts else part.clear()


def _pool(part: pl.DataFrame, kinds: Mapping[str, bool], ledger: Ledger, wide: int) -> pl.DataFrame:
    """The transfers that any of the lines may mean."""
    time = ledger.frame["time"].to_physical()
    if kinds["payer"] or kinds["payee"]:
        name, codes = ("payer", ledger.payer_codes) if kinds["payer"] else ("payee", ledger.payee_codes)
        wanted = np.zeros(ledger.accounts.height, np.bool_)
        wanted[part[name].to_numpy()] = True
        rows = np.flatnonzero(wanted[codes])
    elif kinds["exact"]:
        rows = ledger.frame["paid"].is_in(part["paid"].unique().implode()).arg_true().to_numpy().astype(np.int64)
    else:
        rows = (time // wide).is_in(part["stretch"].unique().implode()).arg_true().to_numpy().astype(np.int64)
    places = np.array(list(ledger.decimals.values()), np.int16)
    return pl.DataFrame(
        {
            "row": rows,
            "payer": ledger.payer_codes[rows],
            "payee": ledger.payee_codes[rows],
            "paid": ledger.frame["paid"].gather(rows),
            "places": places[ledger.currency_codes[rows]],
            "at": time.gather(rows),
        }
    ).with_columns(stretch=pl.col("at") // wide)


def _kept(pairs: pl.DataFrame, ask: Ask, ledger: Ledger) -> dict[int, list[int]]:
    """What is left of pairs when all that lines say is held against them."""
    units = {places: 10 ** (SCALE - places) for places in set(ledger.decimals.values())}
    money = pl.col("paid").cast(pl.Int128) * pl.col("places").replace_strict(units, return_dtype=pl.Int128)
    apart = (money - pl.col("amount")).abs()
    own = ledger.frame["paid_currency"].gather(pairs["row"]).cast(pl.String)
    kept = pairs.with_columns(own=own).filter(
        pl.col("low").is_null() | pl.col("at").is_between("low", "high"),
        pl.col("amount").is_null() | (apart <= ask.spread),
        pl.col("currency").is_null() | (pl.col("currency") == pl.col("own")),
        pl.col("payer") != pl.col("payee"),
    )
    kept = kept.filter(_agrees(kept, ask, ledger)).with_columns(same=pl.col("at").is_between("first", "last"))
    kept = kept.with_columns(same=pl.col("same").fill_null(False))
    kept = kept.filter(pl.col("same") | ~pl.col("same").any().over("index"))
    return dict(kept.group_by("index").agg(pl.col("row").sort()).iter_rows())


def _agrees(pairs: pl.DataFrame, ask: Ask, ledger: Ledger) -> pl.Series:
    """Whether accounts have the names and the cut numbers that lines state."""
    good = np.ones(pairs.height, np.bool_)
    for side, which in (("payer", 0), ("payee", 1)):
        odd = {k: ends[which] for k, ends in enumerate(ask.ends) if ends[which].name or ends[which].low}
        where = pairs["index"].is_in(list(odd)).arg_true().to_list()
        codes = pairs[side].gather(where)
        texts, names = ledger.accounts["account"].gather(codes), ledger.accounts["name"].gather(codes)
        lines = pairs["index"].gather(where).to_list()
        good[where] = [
            agrees(odd[k], text, name) for k, text, name in zip(lines, texts.to_list(), names.to_list(), strict=True)
        ]
    return pl.Series(good)


def agrees(end: End, account: str, name: str | None) -> bool:
    """Whether an account can be the one that a cut number or a holder's name stands for."""
    if end.low is not None and end.high is not None:
        return len(account) == len(end.low) and end.low <= account <= end.high
    return end.name is None or name is None or name == end.name
