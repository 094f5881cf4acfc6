"""Accounts to look at: where the victims' trails meet, and who is behind them. Leads for a person, no more than that.

Each sign gives points (judgement) and a sentence; an account's points are their sum. Signs are in `key_signs`. Accounts
of types that take money from everybody (gateways, merchants, landlords …) and the victims' own are never listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from graphflow.account_names import TYPES
from graphflow.trace.key_signs import SIGNS, Sign
from graphflow.trace.trail import ORDINARY, of_type

if TYPE_CHECKING:
    from graphflow.trace import Trace


def key_accounts(trace: Trace) -> pl.DataFrame:
    """One row an account to look at, the one with most points first.

    Columns: rank, account, bank, name, type, tier (0: no traced money came to it), points, signs, reasons (sentences
    joined by "; ", the strongest first), victims (how many's money FIFO brought there), amount (minor units of the
    currency of most of it), currency.
    """
    flow = trace.flow
    barred = of_type(flow, ORDINARY)
    barred[trace.traced.victims] = True
    found: dict[int, list[Sign]] = {}
    for sign in (sign for signs in SIGNS for sign in signs(trace)):
        if not barred[sign.account]:
            found.setdefault(sign.account, []).append(sign)
    codes = np.array(list(found), np.int64)
    each = [sorted(signs, key=lambda sign: -sign.points) for signs in found.values()]
    table = pl.DataFrame(
        {
            "code": codes,
            "type": pl.Series([TYPES[k] for k in flow.types.codes[codes].tolist()], dtype=pl.String),
            "tier": pl.Series([trace.taints.tiers.get(code, 0) for code in found], dtype=pl.Int32),
            "points": pl.Series([round(sum(s.points for s in signs), 2) for signs in each], dtype=pl.Float64),
            "signs": pl.Series([" ".join(s.name for s in signs) for signs in each], dtype=pl.String),
            "reasons": pl.Series(["; ".join(s.sentence for s in signs) for signs in each], dtype=pl.String),
        }
    )
    described = flow.ledger.accounts[codes.tolist()]
    table = table.with_columns(described.get_columns()).join(_brought(trace), on="code", how="left")
    table = table.with_columns(pl.col("victims", "amount").fill_null(0))
    ranked = table.sort(-pl.col("points"), -pl.col("victims"), -pl.col("amount"), "account")
    columns = ["account", "bank", "name", "type", "tier", "points", "signs", "reasons", "victims", "amount", "currency"]
    return ranked.select(columns).with_row_index("rank", offset=1)


def _brought(trace: Trace) -> pl.DataFrame:
    """What FIFO brought to each account: in the currency of most payments, and of how many victims."""
    ledger = trace.flow.ledger
    sums = trace.steps.group_by(code=pl.col("payee").cast(pl.Int64), place=pl.col("currency")).agg(
        pl.col("amount").sum(), number=pl.len().cast(pl.Int64)
    )
    victims = trace.steps.group_by(code=pl.col("payee").cast(pl.Int64)).agg(
        victims=pl.col("owner").n_unique().cast(pl.Int64)
    )
    most = sums.sort("code", -pl.col("number"), "place").unique("code", keep="first", maintain_order=True)
    currency = pl.Series("currency", [ledger.currencies[k] for k in most["place"].to_list()], dtype=pl.String)
    return most.select("code", "amount").with_columns(currency).join(victims, on="code")
