"""The restitution schedule of a trace: what each victim lost, where FIFO finds it, and shares of what is frozen.

Shares are of what measures in force hold; where none is in force, of what is suggested to be frozen. The limit is what
FIFO or pro-rata traces to an account. What came back to a victim's own account is no loss any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.trace.restitution import Frozen, restitution

if TYPE_CHECKING:
    from graphflow.trace import Trace

Longs = npt.NDArray[np.int64]

OWN = "a victim's own account"
"""Why a trail ends at an account of a victim, whoever's money came there."""
WHERE = ("on_trail", "at_ends", "at_victims", "in_reports")


def schedule(trace: Trace) -> pl.DataFrame:
    """One row a victim and currency; amounts in minor units.

    Columns: victim, loss, returned (traced money that came back to the victim's own account), currency, share_by_time,
    share_pro_rata, traced_to, basis ("frozen" or "suggested"), and where FIFO finds the loss: on_trail (accounts that
    it passes), at_ends (cash, gateways, accounts without a statement: the trail ends there), at_victims (accounts of
    victims), in_reports (paid on in what other victims reported). These sum to the loss in its own currency, but for
    what was changed into another one: that is in the row of that currency.
    """
    basis = "frozen" if bool((trace.holdings["already_frozen"] > 0).any()) else "suggested"
    source = _source(trace, basis)
    held = _held(trace)
    used = set(trace.payments["currency"]) | set(source["currency"])
    return pl.concat(_in_currency(trace, currency, source, held, basis) for currency in sorted(used))


def _source(trace: Trace, basis: str) -> pl.DataFrame:
    """What is shared out: `code`, `account`, `currency`, `amount`."""
    table = trace.holdings if basis == "frozen" else trace.freeze_first
    amount = pl.min_horizontal(
        "already_frozen" if basis == "frozen" else "suggested_freeze", pl.max_horizontal("fifo", "pro_rata")
    )
    return table.select("code", "account", "currency", amount=amount).filter(pl.col("amount") > 0)


def _held(trace: Trace) -> pl.DataFrame:
    """Where FIFO and pro-rata find whose money: `code`, `currency`, `owner`, `fifo`, `pro_rata`, `place`."""
    pots, ledger = trace.traced, trace.flow.ledger
    table = trace.taints.held.select("pot", "owner", "fifo", "pro_rata")
    at = table["pot"].to_numpy()
    codes = pots.account[at]
    ends = pl.Series([pots.why.get(code, "") for code in codes.tolist()], dtype=pl.String)
    place = pl.when(pl.lit(ends) == OWN).then(pl.lit(WHERE[2])).when(pl.lit(ends) != "").then(pl.lit(WHERE[1]))
    return table.with_columns(
        code=codes,
        currency=pl.Series([ledger.currencies[k] for k in pots.currency[at].tolist()], dtype=pl.String),
        place=place.otherwise(pl.lit(WHERE[0])),
    )


def _in_currency(trace: Trace, currency: str, source: pl.DataFrame, held: pl.DataFrame, basis: str) -> pl.DataFrame:
    own = held.filter(pl.col("currency") == currency)
    lost = _lost(trace, currency)
    traced = _by_owner(own, "pro_rata", lost.size)
    numbers = np.flatnonzero((lost > 0) | (traced > 0)) if not lost.any() else np.flatnonzero(lost)
    place = {number: k for k, number in enumerate(numbers.tolist())}
    found = _found(own)
    frozen = [
        Frozen(account, amount, {place[v]: part for v, part in found.get(code, {}).items() if v in place})
        for code, account, amount in source.filter(pl.col("currency") == currency)
        .select("code", "account", "amount")
        .iter_rows()
    ]
    victims = [trace.victims[number - 1] for number in numbers.tolist()]
    back = _returned(trace, own, lost.size)
    table = restitution(
        victims, lost[numbers].tolist(), frozen, currency,
        returned=back[numbers].tolist(), weights=traced[numbers].tolist(),
    )  # fmt: skip
    parts = {name: _by_owner(own.filter(pl.col("place") == name), "fifo", lost.size) for name in WHERE[:3]}
    parts[WHERE[3]] = np.array(trace.taints.absorbed["fifo"]) if lost.any() else np.zeros(lost.size, np.int64)
    return table.with_columns(
        pl.lit(basis).alias("basis"), *(pl.Series(name, values[numbers]) for name, values in parts.items())
    )


def _lost(trace: Trace, currency: str) -> Longs:
    """Per number of a victim, what was reported in a currency."""
    lost = np.zeros(len(trace.victims) + 1, np.int64)
    paid = trace.payments.filter(pl.col("currency") == currency)
    events = np.searchsorted(trace.traced.rows, paid["row"].to_numpy())
    np.add.at(lost, trace.traced.flows.owner[events], paid["amount"].to_numpy())
    return lost


def _by_owner(held: pl.DataFrame, rule: str, size: int) -> Longs:
    sums = np.zeros(size, np.int64)
    np.add.at(sums, held["owner"].to_numpy(), held[rule].to_numpy())
    return sums


def _returned(trace: Trace, held: pl.DataFrame, size: int) -> Longs:
    """Per number of a victim, traced money that came to that victim's own account, whoever's it was."""
    number_of: Mapping[int, int] = {code: k for k, code in enumerate(trace.traced.victims.tolist(), 1)}
    back = np.zeros(size, np.int64)
    for code, amount in held.filter(pl.col("place") == WHERE[2]).select("code", "fifo").iter_rows():
        back[number_of[code]] += amount
    return back


def _found(held: pl.DataFrame) -> dict[int, dict[int, int]]:
    """What FIFO finds in each account (code) of each victim (number)."""
    found: dict[int, dict[int, int]] = {}
    for code, owner, amount in held.filter(pl.col("fifo") > 0).select("code", "owner", "fifo").iter_rows():
        found.setdefault(code, {})[owner] = amount
    return found
