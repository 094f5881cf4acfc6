"""Cases built by hand for the tests of the pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from graphflow.case import Case
from graphflow.finding import Finding, Part
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.roles import Role

START = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
Row = tuple[str, str, int, str]

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">href</a>',
    "it's \"quoted\" & 'so'",
    "</script><script>window.stolen = 1</script>",
    "</title></style><svg onload=alert(1)>",
    "left\u202eright\u2066\x07",
    "{{ 7 * 7 }} {% raw %}",
    "L" * 10_000,
    "__proto__",
)
"""Account names as somebody would write them who knows how pages are made."""


def ledger(rows: Sequence[Row], **columns: list[str | None]) -> Ledger:
    """(payer, payee, minor units, currency), a minute apart."""
    frame = pl.DataFrame(rows, schema=["payer", "payee", "paid", "paid_currency"], orient="row").with_columns(
        pl.Series("tx", [f"T{index:05d}" for index in range(len(rows))]),
        pl.Series("time", [START + timedelta(minutes=index) for index in range(len(rows))]),
        pl.lit("bank.csv").alias("file"),
        *(pl.Series(name, values) for name, values in columns.items()),
    )
    return Ledger.from_frame(frame)


def finding(book: Ledger, keep: Callable[[str, str], bool], **changes: Any) -> Finding:
    pairs = zip(book.frame["payer"], book.frame["payee"], strict=True)
    made: dict[str, Any] = {
        "detector": "fan-in",
        "accounts": ("C",),
        "rows": np.array([index for index, pair in enumerate(pairs) if keep(*pair)]),
        "ledger": book,
        "amount": 401_500_50,
        "currency": "CNY",
        "measures": {},
        "parts": (Part("structure", 2.0, "6 payers within 85 minutes", decisive=True),),
        "reason": "6 accounts paid C",
    }
    return Finding(**{**made, **changes})


def case(findings: Sequence[Finding], roles: dict[str, Role], **changes: Any) -> Case:
    made: dict[str, Any] = {
        "id": "case-0001",
        "rank": 1,
        "findings": tuple(findings),
        "accounts": tuple(dict.fromkeys(account for found in findings for account in found.accounts)),
        "roles": roles,
        "parts": tuple(part for found in findings for part in found.parts),
        "headline": "6 payers, one collector",
    }
    return Case(**{**made, **changes})


def tour() -> tuple[FlowGraph, Case]:
    """Six victims pay a collector, three accounts pass it on to two ends, and one end pays back."""
    victims, transit = [f"V{i}" for i in range(1, 7)], ["T1", "T2", "T3"]
    rows: list[Row] = [(victim, "C", 10_000_00 * (i + 1), "CNY") for i, victim in enumerate(victims)]
    rows += [("V1", "C", 500_00, "CNY"), ("C", "T1", 70_000_00, "CNY"), ("C", "T2", 70_000_00, "CNY")]
    rows += [("C", "T3", 65_000_00, "CNY"), ("T1", "E1", 68_000_00, "CNY"), ("T2", "E1", 69_000_00, "CNY")]
    rows += [("T3", "E2", 64_000_00, "CNY"), ("T1", "E1", 150_00, "USD"), ("E1", "C", 20_000_00, "CNY")]
    book = ledger(rows, payer_name=[None, "Wang Min", *[None] * (len(rows) - 2)])
    fan = finding(book, lambda payer, _: payer in victims)
    ring = {("C", "T1"), ("T1", "E1"), ("E1", "C")}
    parts = (Part("speed", 1.5, "back after 7 minutes"),)
    loop = finding(book, lambda a, b: (a, b) in ring, detector="cycle", accounts=("C", "T1", "E1"), parts=parts)
    chain = finding(
        book, lambda a, b: a in ("C", *transit) and b != "C", detector="mule-chain", accounts=tuple(transit)
    )
    roles: dict[str, Role] = {**dict.fromkeys(victims, "source"), **dict.fromkeys(transit, "transit")}
    roles |= {"C": "collector", "E1": "cycle", "E2": "end"}
    return FlowGraph(book), case([fan, loop, chain], roles)


def banked() -> tuple[FlowGraph, Case]:
    """The tour, with banks and channels."""
    graph, told = tour()
    columns = ("payer", "payee", "paid", "paid_currency")
    rows: list[Row] = [tuple(row[name] for name in columns) for row in graph.ledger.frame.to_dicts()]
    book = ledger(
        rows,
        channel=["app" if i % 2 else "web" for i in range(len(rows))],
        payer_bank=["Model Bank" if row[0] in ("C", "T1") else "Sample Bank" for row in rows],
        payee_bank=["Model Bank" if row[1] in ("C", "T1") else "Sample Bank" for row in rows],
        payer_name=["Wang Min" if row[0] == "V2" else None for row in rows],
    )
    found = [
        finding(book, lambda payer, _: payer.startswith("V")),
        finding(book, lambda a, b: (a, b) in {("C", "T1"), ("T1", "E1"), ("E1", "C")}, detector="cycle"),
        finding(book, lambda a, _: a in ("C", "T1", "T2", "T3"), detector="mule-chain"),
    ]
    return FlowGraph(book), case(found, dict(told.roles), accounts=("C", "T1"))


def hostile() -> tuple[FlowGraph, Case]:
    """Everything from data that a page can show is hostile."""
    rows: list[Row] = [(name, "C", 100_00, "CNY") for name in HOSTILE] + [("C", HOSTILE[0], 900_00, "<b>X</b>")]
    names: list[str | None] = [*HOSTILE, HOSTILE[1]]
    book = ledger(rows, payer_name=names, payer_bank=names, channel=names, memo=names)
    parts = tuple(Part("structure", 1.0, name) for name in HOSTILE)
    found = [
        finding(book, lambda *_: True, reason=name, detector=name[:16], parts=parts, truncated=name) for name in HOSTILE
    ]
    roles: dict[str, Role] = {**dict.fromkeys(HOSTILE, "source"), "C": "collector"}
    return FlowGraph(book), case(found, roles, headline=" ".join(HOSTILE), accounts=("C", *HOSTILE), split=HOSTILE[0])


def crowd(payers: int) -> tuple[FlowGraph, Case]:
    """Many payers of one collector, who pays one account."""
    rows: list[Row] = [(f"P{i:04d}", "C", 1_00 + i, "CNY") for i in range(payers)] + [("C", "E", 5_00, "CNY")]
    book = ledger(rows)
    roles: dict[str, Role] = {**{f"P{i:04d}": "source" for i in range(payers)}, "C": "collector", "E": "end"}
    return FlowGraph(book), case([finding(book, lambda *_: True)], roles)


def crowd_and_few(payers: int) -> tuple[FlowGraph, Case]:
    """A huge fan, then a chain of two transactions at the very end, found beside it."""
    rows: list[Row] = [(f"P{i:04d}", "C", 1_00 + i, "CNY") for i in range(payers)] + [
        ("A", "B", 9_00, "CNY"),
        ("B", "D", 8_00, "CNY"),
    ]
    book = ledger(rows)
    fan = finding(book, lambda _, payee: payee == "C")
    chain = finding(book, lambda payer, _: payer in ("A", "B"), detector="mule-chain", accounts=("A", "B"))
    roles: dict[str, Role] = {**{f"P{i:04d}": "source" for i in range(payers)}, "C": "collector", "D": "end"}
    return FlowGraph(book), case([fan, chain], {**roles, "A": "source", "B": "transit"})


def rule(detector: str, parameter: str, value: str, unit: str = "", source: str = "") -> dict[str, str]:
    """One row of the rules that a report shows."""
    return {"detector": detector, "parameter": parameter, "value": value, "unit": unit, "source": source}
