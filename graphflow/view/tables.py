"""An analysis as tables, in the columns that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.case import Case, best_roles
from graphflow.finding import Finding
from graphflow.flow import Flow
from graphflow.ledger import Ledger

_DWELL = timedelta(hours=24)
_HUB = 100
_AT_ONCE = 250_000
"""Accounts of which a table is made at once."""
_TEXTS = dict.fromkeys(
    (
        "finding_id",
        "case_id",
        "detector",
        "level",
        "currency",
        "headline",
        "split",
        "reason",
        "evidence",
        "measures",
        "truncated",
    ),
    pl.String,
)
_FORMULA = r"^[=+\-@\t\r]"


def cases_table(ledger: Ledger, cases: Sequence[Case]) -> pl.DataFrame:
    """One row a case, in rank order."""
    return pl.DataFrame(
        {
            "case_id": [c.id for c in cases],
            "rank": [c.rank for c in cases],
            "level": [c.level for c in cases],
            "points": [c.points for c in cases],
            "accounts": _lists([c.accounts for c in cases]),
            "findings": _lists([[f.id for f in c.findings] for c in cases]),
            "amount": _amounts(ledger, [(c.amount, c.currency) for c in cases]),
            "currency": [c.currency for c in cases],
            "start": _times(ledger, [min(int(f.rows[0]) for f in c.findings) for c in cases]),
            "end": _times(ledger, [max(int(f.rows[-1]) for f in c.findings) for c in cases]),
            "headline": [c.headline for c in cases],
            "split": [c.split for c in cases],
        },
        schema_overrides={"rank": pl.Int64, "points": pl.Float64, **_TEXTS},
    )


def findings_table(ledger: Ledger, cases: Sequence[Case]) -> pl.DataFrame:
    """One row a finding, by case."""
    listed = [(c.id, f) for c in cases for f in c.findings]
    found = [f for _, f in listed]
    return pl.DataFrame(
        {
            "finding_id": [f.id for f in found],
            "case_id": [case_id for case_id, _ in listed],
            "detector": [f.detector for f in found],
            "level": [f.level for f in found],
            "points": [f.points for f in found],
            "accounts": _lists([f.accounts for f in found]),
            "amount": _amounts(ledger, [(f.amount, f.currency) for f in found]),
            "currency": [f.currency for f in found],
            "start": _times(ledger, [int(f.rows[0]) for f in found]),
            "end": _times(ledger, [int(f.rows[-1]) for f in found]),
            "transactions": [f.rows.size for f in found],
            "reason": [f.reason for f in found],
            "evidence": [" · ".join(f"{p.sentence} (+{p.points:g})" for p in f.parts) for f in found],
            "measures": [" ".join(f"{k}={v}" for k, v in f.measures.items()) for f in found],
            "truncated": [f.truncated for f in found],
        },
        schema_overrides={"transactions": pl.Int64, "points": pl.Float64, **_TEXTS},
    )


def evidence_table(ledger: Ledger, cases: Sequence[Case]) -> pl.DataFrame:
    """One row a finding and transaction it cites, with the source row."""
    listed: list[tuple[str, Finding]] = [(c.id, f) for c in cases for f in c.findings]
    sizes = [f.rows.size for _, f in listed]
    owner = pl.Series(np.repeat(np.arange(len(listed), dtype=np.uint32), sizes))
    rows = pl.Series(np.concatenate([f.rows for _, f in listed] or [np.empty(0, np.int64)]).astype(np.uint32))
    frame = ledger.frame
    table = pl.DataFrame(
        {
            "finding_id": pl.Series([f.id for _, f in listed], dtype=pl.String).gather(owner),
            "case_id": pl.Series([case_id for case_id, _ in listed], dtype=pl.String).gather(owner),
            "transaction": frame["tx"].gather(rows),
            "file": frame["file"].gather(rows),
            "row": frame["row"].gather(rows).cast(pl.Int64),
        }
    )
    twins = (("twin_file", pl.String()), ("twin_row", pl.Int64()))
    return table.with_columns(
        (frame[name].gather(rows).cast(kind) if name in frame.columns else pl.lit(None, kind)).alias(name)
        for name, kind in twins
    )


def ledger_table(ledger: Ledger) -> pl.LazyFrame:
    """Every transfer; `paid` and `received` are minor units, `amount` is what was paid in major units."""
    first, *others = sorted(set(ledger.decimals.values())) or [0]
    kind = pl.Decimal(38, _scale(ledger))
    unit: pl.Expr = pl.lit(Decimal(1).scaleb(-first), kind)
    for places in others:
        held = [currency for currency, own in ledger.decimals.items() if own == places]
        one = pl.lit(Decimal(1).scaleb(-places), kind)
        unit = pl.when(pl.col("paid_currency").is_in(held)).then(one).otherwise(unit)
    return ledger.frame.lazy().with_columns(amount=pl.col("paid").cast(pl.Decimal(38, 0)) * unit)


def statements_table(ledger: Ledger) -> pl.DataFrame:
    """One row an account whose own records were given, and currency: how many, from when to when, its balances before
    the first and after the last."""
    return _in_major_units(_in_major_units(ledger.statements, "opening", ledger), "balance", ledger)


def gaps_table(ledger: Ledger) -> pl.DataFrame:
    """One row a break in a statement's balances: rows are missing, or wrong, between the two that it names."""
    return _in_major_units(ledger.gaps, "amount", ledger)


def _in_major_units(table: pl.DataFrame, column: str, ledger: Ledger) -> pl.DataFrame:
    """A table whose minor units are decimal major units."""
    scale = _scale(ledger)
    pairs = zip(table[column].to_list(), table["currency"].cast(pl.String).to_list(), strict=True)
    exact = [None if amount is None else Decimal(amount).scaleb(-ledger.decimals.get(c, 2)) for amount, c in pairs]
    return table.with_columns(pl.Series(column, exact, dtype=pl.Decimal(38, scale)), pl.col("currency").cast(pl.String))


def accounts_tables(flow: Flow, cases: Sequence[Case]) -> Iterator[pl.DataFrame]:
    """One row an account: totals in the value basis, how long money stays, and its role in its best-ranked case.

    `passed_share` and `stays_minutes` come from first-in-first-out lots within 24 hours; self-transfers are left out.
    Tables of some accounts each, in the order of their codes; one at least.
    """
    named, hubs = best_roles(flow, cases), flow.hubs(_DWELL, _HUB)
    for first in range(0, max(1, flow.account_count), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        table = flow.ledger.accounts[some].with_columns(*_types(flow, hubs[some], some), *_totals(flow, some))
        yield table.join(named, on="account", how="left", maintain_order="left").select(
            "account",
            "bank",
            "name",
            "type",
            "role",
            "case_id",
            pl.exclude("account", "bank", "name", "type", "role", "case_id", "type_reason", "role_reason"),
            "type_reason",
            "role_reason",
        )


def _totals(flow: Flow, some: slice) -> Iterator[pl.Expr | pl.Series]:
    """What some accounts received and paid, and how long it stayed."""
    totals, factor = flow.totals, 10 ** flow.ledger.decimals.get(flow.valuation.base, 2)
    received, passed = totals.got[some], totals.moved[some]
    yield pl.Series("received_count", totals.received[some])
    yield pl.Series("paid_count", totals.paid[some])
    yield pl.Series("received_total", received / factor)
    yield pl.Series("paid_total", totals.gave[some] / factor)
    yield pl.lit(flow.valuation.base).alias("totals_currency")
    share = np.divide(passed, received, out=np.zeros(passed.size), where=received > 0)
    yield pl.Series("passed_share", share.round(4))
    yield pl.Series("stays_minutes", (totals.stays[some] / 60).round(1)).fill_nan(None)


def _types(flow: Flow, hubs: npt.NDArray[np.bool_], some: slice) -> tuple[pl.Expr, pl.Expr]:
    """`type` and `type_reason` of some accounts; one of unknown type with very many counterparties a day is a hub."""
    known = flow.types.table(some)
    hub = pl.Series(hubs) & (known["type"] == "unknown")
    said = f"more than {_HUB} counterparties within a day"
    return (
        pl.when(hub).then(pl.lit("hub")).otherwise(known["type"]).alias("type"),
        pl.when(hub).then(pl.lit(said)).otherwise(known["type_reason"]).alias("type_reason"),
    )


def for_spreadsheet(table: pl.DataFrame) -> pl.DataFrame:
    """Lists joined by a space, times as text, and no cell that a spreadsheet would run as a formula.

    Account numbers stay as they are. The form `="6222…"` would keep a spreadsheet from cutting them to 15 digits, and
    every other program from reading them: how to import them as text is in the README.
    """
    lists = [name for name, kind in table.schema.items() if isinstance(kind, pl.List)]
    times = [name for name, kind in table.schema.items() if isinstance(kind, pl.Datetime)]
    flat = table.with_columns(
        *(pl.col(name).list.join(" ") for name in lists),
        *(pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S") for name in times),
    )
    text = pl.col(pl.String)
    return flat.with_columns(pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text).name.keep())


def _scale(ledger: Ledger) -> int:
    return max(ledger.decimals.values(), default=2)


def _lists(groups: Sequence[Sequence[str]]) -> pl.Series:
    """Lists of texts, made from one flat column: a thousand times faster than list by list."""
    owner = np.repeat(np.arange(len(groups), dtype=np.uint32), [len(g) for g in groups])
    flat = pl.DataFrame({"owner": owner, "text": pl.Series([t for g in groups for t in g], dtype=pl.String)})
    return flat.group_by("owner", maintain_order=True).agg("text")["text"]


def _amounts(ledger: Ledger, pairs: Sequence[tuple[int, str]]) -> pl.Series:
    """Minor units as decimal major units."""
    exact = [Decimal(amount).scaleb(-ledger.decimals[currency]) for amount, currency in pairs]
    return pl.Series(exact, dtype=pl.Decimal(38, _scale(ledger)))


def _times(ledger: Ledger, rows: Sequence[int]) -> pl.Series:
    return ledger.frame["time"].gather(list(rows))
