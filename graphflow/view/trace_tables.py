"""A trace as tables, in the columns that scripts rely on; amounts are decimal major units."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from graphflow.ledger import Ledger
from graphflow.trace import EXACT, Trace
from graphflow.trace.carried import LIMITS
from graphflow.trace.freeze_simulator import ASSUMES
from graphflow.trace.schedule import WHERE
from graphflow.view.text import RULES_SAID

AMOUNTS = (*EXACT, *LIMITS)
_FIFO = pl.lit(RULES_SAID["fifo"]).alias("rule")
"""By which rule the amounts of a table are, where its columns do not bear the rules' names."""


def trace_table(trace: Trace) -> pl.DataFrame:
    """One row a victim and transaction that carried its value."""
    ledger, rows = trace.flow.ledger, trace.taints.rows
    at = trace.traced.rows[rows["event"].to_numpy()]
    frame = ledger.frame[at]
    names = pl.Series(trace.victims, dtype=pl.String)
    return _major(
        rows.select(
            victim=names.gather(rows["owner"] - 1),
            transaction=frame["tx"],
            file=frame["file"].cast(pl.String),
            row=frame["row"].cast(pl.Int64),
            tier=pl.col("tier"),
            time=frame["time"],
            payer=frame["payer"],
            payee=frame["payee"],
            currency=frame["paid_currency"].cast(pl.String),
            **{name: pl.col(name) for name in AMOUNTS},
            inferred=~pl.Series(trace.traced.held[ledger.payer_codes[at]]),
        ),
        AMOUNTS,
        ledger,
    )


def holdings_table(trace: Trace) -> pl.DataFrame:
    """One row an account and currency that still holds traced money, by tier."""
    acted = trace.freeze_first.select("account", "currency", "suggested_freeze")
    table = trace.holdings.join(acted, on=["account", "currency"], how="left").with_columns(
        pl.col("suggested_freeze").fill_null(0), balance_is=_balance()
    )
    columns = ["account", "bank", "name", "tier", "type", "currency", *AMOUNTS, "balance", "balance_is", "since"]
    columns += [
        "minutes_since",
        "minutes_left",
        "already_frozen",
        "suggested_freeze",
        "ends",
        "dwell_minutes",
        "poison",
    ]
    money = (*AMOUNTS, "poison", "balance", "already_frozen", "suggested_freeze")
    return _major(table.select(columns).sort("tier", "account", "currency"), money, trace.flow.ledger)


def freeze_table(trace: Trace) -> pl.DataFrame:
    """One line an account to act on, the first one first."""
    columns = ["rank", "action", "account", "bank", "name", "tier", "type", "suggested_freeze", "currency"]
    columns += ["urgency", "expected", *AMOUNTS, "balance", "balance_is", "already_frozen", "since", "minutes_since"]
    columns += ["minutes_left"]
    money = (*AMOUNTS, "suggested_freeze", "expected", "balance", "already_frozen")
    table = trace.freeze_first.with_columns(balance_is=_balance())
    return _major(table.select(*columns, "reason"), money, trace.flow.ledger)


def requests_table(trace: Trace) -> pl.DataFrame:
    """One line an account to ask for, by bank. `amount`: first in, first out."""
    rules = [rule for rule in EXACT if rule != "fifo"]
    table = trace.next_requests.select(
        "account", "bank", "name", "amount", "currency", "first", "last", "transfers", *rules, _FIFO
    )
    return _major(table, ("amount", *rules), trace.flow.ledger)


def restitution_table(trace: Trace) -> pl.DataFrame:
    """One line a victim and currency."""
    money = ("loss", "returned", "share_by_time", "share_pro_rata", *WHERE)
    return _major(trace.restitution, money, trace.flow.ledger)


def choke_table(trace: Trace) -> pl.DataFrame:
    """One line an account or transfer that together with the others cuts every trail. `carries`: FIFO."""
    columns = ["kind", "account", "bank", "name", "payee", "transaction", "file", "row", "carries", "currency"]
    return _major(trace.choke_points.select(*columns, "every_trail", "reason", _FIFO), ("carries",), trace.flow.ledger)


def key_table(trace: Trace) -> pl.DataFrame:
    """One line an account to look at. `amount`: what FIFO brought there."""
    return _major(trace.key_accounts.with_columns(_FIFO), ("amount",), trace.flow.ledger)


def warning_table(trace: Trace) -> pl.DataFrame:
    """One line somebody to warn, or an account being readied, with the last payment."""
    columns = ["kind", "account", "bank", "name", "payee", "last_payment", "amount", "currency", "payments"]
    table = trace.early_warning.select(*columns, "transaction", "file", "row", "why")
    return _major(table, ("amount",), trace.flow.ledger)


def simulator_table(trace: Trace) -> pl.DataFrame:
    """One line a delay, number of accounts and currency. `kept`: FIFO; `assumes`: what it rests on."""
    table = trace.freeze_simulator.select(
        "accounts",
        "delay_minutes",
        "kept",
        "share",
        "currency",
        "lost",
        "frozen",
        "reported",
        "recorded",
        assumes=pl.lit(ASSUMES),
    ).with_columns(_FIFO)
    return _major(table, ("kept", "lost"), trace.flow.ledger)


def _balance() -> pl.Expr:
    """What a balance rests on."""
    return (
        pl.when(pl.col("balance").is_null())
        .then(pl.lit("not known: no statement held"))
        .when("assumed")
        .then(pl.lit("opens at zero: no statement says otherwise"))
        .otherwise(pl.lit("statement"))
    )


def _major(table: pl.DataFrame, columns: tuple[str, ...], ledger: Ledger) -> pl.DataFrame:
    """Minor units as decimals, by the currency of each row."""
    scale = max(ledger.decimals.values(), default=2)
    factor = pl.col("currency").replace_strict(
        {code: 10 ** (scale - places) for code, places in ledger.decimals.items()}, default=1, return_dtype=pl.Int128
    )
    kind = pl.Decimal(38, scale)
    unit = pl.lit(Decimal(1).scaleb(-scale), kind)
    return table.with_columns(
        ((pl.col(name).cast(pl.Int128) * factor).cast(kind) * unit).cast(kind).alias(name) for name in columns
    )
