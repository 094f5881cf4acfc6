"""The edges of a NetworkX graph that a notebook already has → Ledger."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from numbers import Real
from typing import Any

import networkx as nx
import numpy as np
import polars as pl

from graphflow.errors import GraphflowError, did_you_mean
from graphflow.ledger import ACCOUNTS, OPTIONAL, TIME, Ledger, default_decimals

_MOST_DECIMALS = 8
_LARGEST = 2**63 - 1
_TEXTS = tuple(name for name, kind in OPTIONAL.items() if not kind.is_integer() and not name.startswith("twin"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIMES = range((datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND, 253_402_300_800 * 1_000_000)


def ledger_from_networkx(
    graph: nx.Graph[Any],
    *,
    time: str = "time",
    amount: str = "amount",
    currency: str | None = "currency",
    default_currency: str = "CNY",
    decimals: Mapping[str, int] | None = None,
) -> Ledger:
    """One transfer per edge; `graph` is not changed, and nodes without edges are left out.

    time      datetimes, dates, ISO text, or seconds since 1970; times without a zone are taken as UTC
    amount    major units: an int, float, Decimal or text; an edge with `paid` gives minor units instead
    currency  attribute with the currency, else `paid_currency`; edges without either are in `default_currency`
    decimals  of the minor units in `paid` and `received`, where they are not the usual ones

    The edge key becomes `tx` where no two edges share one, else the edge's number from 1 on; accounts become
    strings. Edge attributes named like ledger columns are kept. Edges stand in the order of the graph, or of their
    `file` and `row` where all have these, so a ledger's graph gives the ledger back. Raises `GraphflowError`
    naming the first edge that lacks an attribute or has one that cannot be read.

    Example
    -------
    >>> graph = nx.DiGraph()
    >>> graph.add_edge("P", "Q", time="2026-01-05T09:00", amount=12.5)
    >>> ledger_from_networkx(graph).frame.select("tx", "payer", "payee", "paid").row(0)
    ('1', 'P', 'Q', 1250)
    """
    if not isinstance(graph, nx.Graph) or not graph.is_directed():
        raise GraphflowError("money flows one way: from_networkx needs a networkx.DiGraph or MultiDiGraph")
    edges = _edges(graph)
    base = _Base(decimals or {})
    paid = [_Money.paid(edge, base, amount, currency, default_currency) for edge in edges]
    received = [_Money.received(edge, base, sent) for edge, sent in zip(edges, paid, strict=True)]
    places = _decimals(base, [*paid, *received])
    columns = {
        "tx": pl.Series(_keys(edges), dtype=pl.String),
        "time": pl.Series([_time(edge, time) for edge in edges], dtype=pl.Int64).cast(TIME),
        **_accounts(edges),
        **_amounts("paid", paid, places),
        **_amounts("received", received, places),
        **_texts(edges),
        **_provenance(edges),
    }
    return Ledger.from_frame(_with_node_facts(pl.DataFrame(columns), graph), decimals=places)


# --- edges ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Edge:
    payer: Hashable
    payee: Hashable
    key: Hashable
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        key = "" if self.key is None else f", key {self.key!r}"
        return f"edge {self.payer!r} → {self.payee!r}{key}"


def _edges(graph: nx.Graph[Any]) -> list[_Edge]:
    if isinstance(graph, nx.MultiGraph):
        edges = [_Edge(u, v, key, facts) for u, v, key, facts in graph.edges(keys=True, data=True)]
    else:
        edges = [_Edge(u, v, None, facts) for u, v, facts in graph.edges(data=True)]
    if all(_has_row(edge) for edge in edges):
        edges.sort(key=lambda edge: (str(edge.facts.get("file", "")), edge.facts["row"]))
    return edges


def _has_row(edge: _Edge) -> bool:
    row = edge.facts.get("row")
    return isinstance(row, int) and 0 <= row < 2**32


def _keys(edges: list[_Edge]) -> list[str]:
    keys = [str(edge.key) for edge in edges]
    if all(edge.key is not None for edge in edges) and len(set(keys)) == len(keys):
        return keys
    return [str(number) for number in range(1, len(edges) + 1)]


def _accounts(edges: list[_Edge]) -> dict[str, pl.Series]:
    """Both sides as text. Raises `GraphflowError` where two nodes (1 and "1") would become one account."""
    seen: dict[str, Hashable] = {}
    for edge in edges:
        for node in (edge.payer, edge.payee):
            if seen.setdefault(str(node), node) != node:
                raise GraphflowError(f"nodes {seen[str(node)]!r} and {node!r} would both be account {node}: rename one")
    return {
        "payer": pl.Series([str(edge.payer) for edge in edges], dtype=pl.String),
        "payee": pl.Series([str(edge.payee) for edge in edges], dtype=pl.String),
    }


def _texts(edges: list[_Edge]) -> dict[str, pl.Series]:
    """What else the ledger has a column for, as text, where any edge states it."""
    columns = {}
    for name in _TEXTS:
        values = [_text(edge.facts.get(name)) for edge in edges]
        if any(value is not None for value in values):
            columns[name] = pl.Series(values, dtype=pl.String)
    return columns


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _provenance(edges: list[_Edge]) -> dict[str, pl.Series]:
    kept = all(_has_row(edge) for edge in edges)
    rows = [edge.facts["row"] for edge in edges] if kept else list(range(1, len(edges) + 1))
    files = [_text(edge.facts.get("file")) or "networkx" for edge in edges]
    return {"file": pl.Series(files, dtype=pl.String), "row": pl.Series(rows, dtype=pl.UInt32)}


def _with_node_facts(frame: pl.DataFrame, graph: nx.Graph[Any]) -> pl.DataFrame:
    """Bank and name of the nodes as columns, for the sides that the edges do not state themselves."""
    for fact in (name for name in ACCOUNTS if name != "account"):
        known = {str(node): str(facts[fact]) for node, facts in graph.nodes(data=True) if facts.get(fact) is not None}
        for side in ("payer", "payee"):
            if known and f"{side}_{fact}" not in frame.columns:
                values = pl.col(side).replace_strict(known, default=None, return_dtype=pl.String)
                frame = frame.with_columns(values.alias(f"{side}_{fact}"))
    return frame


def _must(edge: _Edge, name: str) -> Any:
    value = edge.facts.get(name)
    if value is None:
        hint = did_you_mean(name, map(str, edge.facts)) if edge.facts else "it has no attributes"
        raise GraphflowError(f'{edge} has no "{name}": {hint}')
    return value


# --- money ---------------------------------------------------------------------------------------


class _Base(dict[str, int]):
    """Decimals of minor units as given, the usual ones for other currencies."""

    def __missing__(self, currency: str) -> int:
        return default_decimals(currency)


@dataclass(frozen=True)
class _Money:
    """An exact amount in major units of a currency."""

    exact: Fraction
    currency: str
    edge: _Edge

    @classmethod
    def paid(cls, edge: _Edge, base: _Base, amount: str, currency: str | None, default: str) -> _Money:
        named = (edge.facts.get(name) for name in (currency, "paid_currency") if name is not None)
        code = next((str(value) for value in named if value is not None), default)
        if edge.facts.get("paid") is None:
            return cls(_major(edge, amount), code, edge)
        return cls(_minor(edge, "paid", base[code]), code, edge)

    @classmethod
    def received(cls, edge: _Edge, base: _Base, sent: _Money) -> _Money:
        code = _text(edge.facts.get("received_currency")) or sent.currency
        if edge.facts.get("received") is None:
            return cls(sent.exact, code, edge)
        return cls(_minor(edge, "received", base[code]), code, edge)

    def units(self, decimals: int) -> int:
        units = self.exact * 10**decimals
        if units > _LARGEST:
            raise GraphflowError(f"{self.edge}: the amount is too large for exact {self.currency} minor units")
        return int(units)

    def needs(self, decimals: int) -> bool:
        """Whether the amount has more than so many decimals."""
        units: Fraction = self.exact * 10**decimals
        return units.denominator != 1


def _minor(edge: _Edge, name: str, decimals: int) -> Fraction:
    value = edge.facts[name]
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise GraphflowError(f'{edge}: "{name}" must be whole minor units (for 12.50 write 1250), not {value!r}')
    return _not_negative(edge, name, Fraction(int(value), 10**decimals))


def _major(edge: _Edge, name: str) -> Fraction:
    """A float counts as the shortest decimal number that it prints as."""
    value = _must(edge, name)
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        exact = Decimal("NaN")
    if isinstance(value, bool) or not exact.is_finite() or (exact and abs(exact.adjusted()) > 30):
        raise GraphflowError(f'{edge}: "{name}" is {value!r}, which is not an amount')
    major = Fraction(exact) if exact else Fraction(0)
    if (major * 10**_MOST_DECIMALS).denominator != 1:
        raise GraphflowError(f'{edge}: "{name}" is {value!r}, with more than {_MOST_DECIMALS} decimals: round it first')
    return _not_negative(edge, name, major)


def _not_negative(edge: _Edge, name: str, amount: Fraction) -> Fraction:
    if amount < 0:
        raise GraphflowError(f'{edge}: "{name}" is negative: swap payer and payee instead')
    return amount


def _decimals(base: _Base, amounts: list[_Money]) -> dict[str, int]:
    """The decimals of each currency: the given or usual ones, or as many as its amounts need."""
    decimals: dict[str, int] = {}
    for money in amounts:
        places = decimals.get(money.currency, base[money.currency])
        while money.needs(places):
            places += 1
        decimals[money.currency] = places
    return decimals


def _amounts(name: str, amounts: list[_Money], decimals: Mapping[str, int]) -> dict[str, pl.Series]:
    units = [money.units(decimals[money.currency]) for money in amounts]
    codes = [money.currency for money in amounts]
    return {name: pl.Series(units, dtype=pl.Int64), f"{name}_currency": pl.Series(codes, dtype=pl.String)}


# --- times ---------------------------------------------------------------------------------------


def _time(edge: _Edge, name: str) -> int:
    """Microseconds since 1970."""
    value = _must(edge, name)
    try:
        stamp = _microseconds(value)
    except (ValueError, TypeError, OverflowError):
        stamp = _TIMES.stop
    if stamp not in _TIMES:
        raise GraphflowError(f'{edge}: "{name}" is {value!r}, which is not a time')
    return stamp


def _microseconds(value: Any) -> int:
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        return int((aware - _EPOCH) // _MICROSECOND)
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise TypeError("neither a time nor a number")
    return int(Fraction(str(value)) * 1_000_000 // 1)
