"""The trail under FIFO: which payment carried whose money from whom to whom, and who is suspected of moving it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_names import TYPES
from graphflow.flow import Flow
from graphflow.trace.carried import Taints
from graphflow.trace.flows import ENDS, Traced

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ORDINARY = tuple(kind for kind in ENDS if kind != "exchange")
"""Types of accounts that victims' money can come to without any doing of theirs."""
TRACED_SHARE = 0.2
"""An account is suspected of moving the money when at least a fifth of what it received is theirs (judgement) …"""
HANDED_ON = 0.8
"""… or when it hands on so much of what it receives within a day, whoever's it is: few of a collector's victims may
have reported (RUSI and Lloyds 2025: above 0.85 on average)."""
DAY = timedelta(hours=24)


def steps(flow: Flow, traced: Traced, taints: Taints) -> pl.DataFrame:
    """One row a payment and victim whose money FIFO finds in it, in the order of the ledger.

    Columns: event, row (position in the ledger), owner (number of the victim), amount (minor units paid), payer and
    payee (account codes), payer_pot and payee_pot, currency (position in `ledger.currencies`), reported.
    """
    rows = taints.rows.filter(pl.col("fifo") > 0)
    event = rows["event"].to_numpy()
    at = traced.rows[event]
    return rows.select("event", "owner", amount="fifo").with_columns(
        row=at,
        payer=flow.ledger.payer_codes[at],
        payee=flow.ledger.payee_codes[at],
        payer_pot=traced.flows.payer[event],
        payee_pot=traced.flows.payee[event],
        currency=flow.ledger.currency_codes[at].astype(np.int64),
        reported=traced.flows.owner[event] > 0,
    )


def of_type(flow: Flow, kinds: tuple[str, ...]) -> Bools:
    """Per account, whether it is of one of these types."""
    return np.isin(flow.types.codes, [TYPES.index(kind) for kind in kinds])


def worth(flow: Flow, trail: pl.DataFrame) -> npt.NDArray[np.float64]:
    """What each step carried, in minor units of the base currency."""
    at = trail["row"].to_numpy()
    share = trail["amount"].to_numpy() / np.maximum(flow.paid[at], 1)
    return np.asarray(flow.value[at] * share)


def tied(flow: Flow, traced: Traced, taints: Taints) -> int:
    """Payments that stand before traced money of the same moment which their account got: by another order of the
    moment they could have passed it on."""
    time = flow.ledger.frame["time"].to_physical().gather(traced.rows)
    events = pl.DataFrame({"event": np.arange(traced.rows.size), "time": time})
    came = events.filter(pl.col("event").is_in(taints.rows["event"].implode()))
    came = came.with_columns(pot=pl.Series(traced.flows.payee[came["event"].to_numpy()]))
    last = came.group_by("pot", "time").agg(last=pl.col("event").max())
    own = pl.Series(traced.flows.payer != traced.flows.payee)
    went = events.with_columns(pot=pl.Series(traced.flows.payer)).filter(
        own & ~pl.Series(traced.flows.stopped[traced.flows.payer])
    )
    return went.join(last, on=["pot", "time"]).filter(pl.col("event") < pl.col("last")).height


def suspects(flow: Flow, traced: Traced, trail: pl.DataFrame) -> Bools:
    """Per account, whether it is suspected of moving the victims' money.

    Their money came to it, and is a fair part of all that it received, or nothing stays with it; it is no victim, and
    not of a type whose accounts take money from everybody.
    """
    came = np.bincount(trail["payee"].to_numpy(), worth(flow, trail), flow.account_count)
    reached = np.bincount(trail["payee"].to_numpy(), minlength=flow.account_count) > 0
    received = flow.received.sums()
    moves = (came >= TRACED_SHARE * received) | (flow.lots(DAY).moved >= HANDED_ON * received)
    found: Bools = reached & moves & ~of_type(flow, ORDINARY)
    found[traced.victims] = False
    return found
