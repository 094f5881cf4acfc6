"""What to freeze first: what can be recovered, times how soon it is likely to be gone.

The suggested amount is what the account holds of the victims' money, never the whole account: at most the balance and
the larger of FIFO and pro-rata, less what is frozen already. Gateways, merchants and accounts with a long ordinary
life are for an enquiry first. An account whose statement is not held has no balance that anyone knows: "request and
stop", after the others.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from graphflow.words import span

HOUR = 60.0
_UNKNOWN_DWELL = 15.0
"""Minutes that money is taken to stay in an account that has handed on nothing yet (Lloyds and RUSI, 2025: a quarter of
what known mule accounts received had left within 15 minutes)."""

GONE = ("end", "bank-internal", "tax-utility")
ENQUIRE = ("gateway", "exchange", "merchant", "payroll", "landlord")
ACTIONS = ("freeze", "request and stop", "enquire")
ENQUIRED = ACTIONS[2]
_ORDINARY_DAYS, _ORDINARY_SHARE = 14, 0.2


def freeze_first(holdings: pl.DataFrame, activity: pl.DataFrame) -> pl.DataFrame:
    """One row an account to act on, the first one first.

    holdings  see `holdings.holdings`
    activity  per `account` (code): `begun` (its first transfer) and `received` (minor units of all it received)
    Columns: those of holdings, and action, suggested_freeze (nothing where one should enquire first), traced (the
    larger of FIFO and pro-rata), urgency (the likelihood that the money leaves within the hour, 0 to 1), expected (the
    two multiplied), reason.
    """
    frame = holdings.filter(~pl.col("type").is_in(GONE), ~pl.col("ends").str.starts_with("a victim"))
    frame = frame.join(activity, on=["code", "currency"], how="left")
    traced = pl.max_horizontal("fifo", "pro_rata")
    limit = pl.when(pl.col("held") & pl.col("balance").is_not_null()).then(pl.min_horizontal("balance", traced))
    frame = frame.with_columns(
        recoverable=pl.max_horizontal(limit.otherwise(traced) - pl.col("already_frozen"), pl.lit(0)),
        traced=traced,
        good_faith=_good_faith(traced),
    )
    stays = pl.max_horizontal(pl.col("dwell_minutes").fill_null(_UNKNOWN_DWELL), pl.col("minutes_since"), pl.lit(1.0))
    enquire = pl.col("type").is_in(ENQUIRE) | (pl.col("good_faith") != "")
    frame = frame.with_columns(
        urgency=(1 - (-HOUR / stays).exp()).round(4),
        action=pl.when(enquire)
        .then(pl.lit(ACTIONS[2]))
        .when("held")
        .then(pl.lit(ACTIONS[0]))
        .otherwise(pl.lit(ACTIONS[1])),
    )
    asked = pl.col("action") == ACTIONS[2]
    frame = frame.with_columns(suggested_freeze=pl.when(asked).then(0).otherwise("recoverable"))
    frame = frame.with_columns(expected=(pl.col("suggested_freeze") * pl.col("urgency")).round(0).cast(pl.Int64))
    order = pl.col("action").replace_strict({name: k for k, name in enumerate(ACTIONS)}, return_dtype=pl.Int8)
    ranked = frame.filter((pl.col("suggested_freeze") > 0) | asked).sort(
        order, -pl.col("expected"), -pl.col("suggested_freeze"), -pl.col("traced"), "tier", "account"
    )
    reasons = [_reason(row) for row in ranked.iter_rows(named=True)]
    return ranked.with_columns(reason=pl.Series(reasons, dtype=pl.String)).with_row_index("rank", offset=1)


def leading(ranked: pl.DataFrame, each: int) -> pl.DataFrame:
    """The first lines of each action: those that wait for a statement come last, and may be the largest."""
    return ranked.filter(pl.int_range(pl.len()).over("action") < each)


def _good_faith(traced: pl.Expr) -> pl.Expr:
    """Why an account is probably one that received the money in good faith; empty where nothing says so."""
    old = (pl.col("first_receipt") - pl.col("begun")) >= timedelta(days=_ORDINARY_DAYS)
    share = traced / pl.col("received")
    told = pl.format(
        "ordinary life of {} days before, traced money is {} % of what it received",
        (pl.col("first_receipt") - pl.col("begun")).dt.total_days(),
        (100 * share).round(1),
    )
    return pl.when(old & (share <= _ORDINARY_SHARE)).then(told).otherwise(pl.lit(""))


def _reason(row: dict[str, object]) -> str:
    """Why this line, in one sentence."""
    parts = [f"last traced receipt {_minutes(row['minutes_since'])} ago"]
    dwell = row["dwell_minutes"]
    parts.append(f"hands money on after {_minutes(dwell)} on average" if dwell else "has handed on nothing")
    if row["minutes_left"]:
        parts.append(f"half of what stayed as long left within {_minutes(row['minutes_left'])} more")
    if row["unseen"]:
        parts.append("more was traced there than its statement's balance: the rest left in rows that are missing")
    if row["already_frozen"]:
        parts.append("partly frozen already")
    if row["good_faith"]:
        parts.append(f"probably in good faith: {row['good_faith']}")
    elif row["action"] == ACTIONS[2]:
        parts.append(f"{row['type']}: enquire, do not freeze")
    if row["action"] == ACTIONS[1]:
        parts.append("no statement held, so no balance is known")
    return f"tier {row['tier']}: " + "; ".join(parts)


def _minutes(number: object) -> str:
    return span(timedelta(minutes=float(str(number))))
