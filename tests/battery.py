"""The checks that every detector passes. Each takes a detector and rows, and fails with an assertion.

Findings are compared by what they cite (tx and account names), since positions move when rows are added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import polars as pl
from ledgers import MINUTE, Row, ledger_of

from graphflow.detect import Detector
from graphflow.finding import Finding
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger

FORBIDDEN = ("guilty", "criminal", "boss")
DAY = 24 * 60

Rows = Sequence[Row]
Seen = list[tuple[Any, ...]]


def findings(detector: Detector, graph: FlowGraph) -> list[Finding]:
    return list(detector.find(graph))


def seen(detector: Detector, ledger: Ledger) -> Seen:
    """What a detector cites, suspects and measures, in no order that rows could shift."""
    return sorted(
        (f.transactions, f.accounts, f.amount, f.currency, sorted(f.measures.items()), f.parts, f.truncated)
        for f in findings(detector, FlowGraph(ledger))
    )


def cited(detector: Detector, ledger: Ledger) -> list[tuple[str, ...]]:
    return sorted(f.transactions for f in findings(detector, FlowGraph(ledger)))


# --- the checks -----------------------------------------------------------------------------------


def check_leaves_its_input_alone(detector: Detector, rows: Rows) -> None:
    ledger = ledger_of(rows)
    frame, codes = ledger.frame.clone(), (ledger.payer_codes.copy(), ledger.payee_codes.copy())
    graph = FlowGraph(ledger)
    flow = graph.flow
    columns = [column.copy() for column in (flow.time, flow.value, flow.payer, flow.payee, flow.paid)]
    findings(detector, graph)
    assert ledger.frame.equals(frame)
    assert np.array_equal(ledger.payer_codes, codes[0])
    assert np.array_equal(ledger.payee_codes, codes[1])
    for column, before in zip((flow.time, flow.value, flow.payer, flow.payee, flow.paid), columns, strict=True):
        assert np.array_equal(column, before)
    assert graph.is_lazy


def check_is_deterministic(detector: Detector, rows: Rows) -> None:
    ledger = ledger_of(rows)
    graph = FlowGraph(ledger)
    runs = [findings(detector, g) for g in (graph, graph, FlowGraph(ledger))]
    told = [[(f.id, f.accounts, f.reason, f.points) for f in run] for run in runs]
    assert told[0] == told[1] == told[2]


def check_cites_rows(detector: Detector, rows: Rows) -> None:
    ledger = ledger_of(rows)
    for finding in findings(detector, FlowGraph(ledger)):
        assert finding.rows.size
        assert (np.diff(finding.rows) > 0).all()
        assert 0 <= finding.rows[0] <= finding.rows[-1] < ledger.height
        assert finding.ledger is ledger


def check_suspects_accounts_it_cites(detector: Detector, rows: Rows) -> None:
    for finding in findings(detector, FlowGraph(ledger_of(rows))):
        frame = finding.ledger.frame[finding.rows]
        on_them = set(pl.concat([frame["payer"], frame["payee"]]).to_list())
        assert finding.accounts
        assert len(set(finding.accounts)) == len(finding.accounts)
        assert set(finding.accounts) <= on_them


def check_says_what_it_saw(detector: Detector, rows: Rows) -> None:
    for finding in findings(detector, FlowGraph(ledger_of(rows))):
        assert finding.detector == detector.name
        assert finding.start <= finding.end
        assert finding.amount >= 0
        assert finding.currency in finding.ledger.currencies
        assert finding.points > 0
        assert len(finding.reason) > 20
        assert all(len(part.sentence) > 8 for part in finding.parts)
        said = " ".join([finding.reason, *(part.sentence for part in finding.parts)]).lower()
        assert not any(word in said for word in FORBIDDEN)
        assert all(isinstance(value, int | float | str) for value in finding.measures.values())


def check_names_do_not_matter(detector: Detector, rows: Rows) -> None:
    """Renamed accounts give the same findings, renamed, in the same order."""
    names = sorted({name for row in rows for name in row[:2]})
    new = {name: f"{len(names) - k:03} new" for k, name in enumerate(names)}
    renamed = [row._replace(payer=new[row.payer], payee=new[row.payee]) for row in rows]
    before, after = (findings(detector, FlowGraph(ledger_of(r))) for r in (rows, renamed))
    assert [(f.transactions, f.points, tuple(new.get(a, a) for a in f.accounts)) for f in before] == [
        (f.transactions, f.points, f.accounts) for f in after
    ]


def check_strangers_do_not_matter(detector: Detector, rows: Rows) -> None:
    """Findings stay when accounts that deal with none of these come before and after."""
    size = len(rows)
    strangers = [("X1", "X2", -400 * DAY, 7), ("X2", "X3", -300 * DAY, 8), ("X3", "X1", 900 * DAY, 9)]
    ledger = ledger_of([*rows, *strangers], txs=[f"t{k}" for k in range(size + 3)])
    assert seen(detector, ledger_of(rows)) == seen(detector, ledger)


def check_the_date_does_not_matter(detector: Detector, rows: Rows) -> None:
    later = [row._replace(minutes=row.minutes + 500 * DAY) for row in rows]
    before, after = ledger_of(rows), ledger_of(later)
    assert seen(detector, before) == seen(detector, after)
    for old, new in zip(*(findings(detector, FlowGraph(x)) for x in (before, after)), strict=True):
        assert (new.start - old.start, new.end - old.end) == (500 * DAY * MINUTE,) * 2


def check_the_unit_of_money_does_not_matter(detector: Detector, rows: Rows) -> None:
    """Nor does it to a detector that has bounds in major units, when they grow with the amounts."""
    tenfold = [row._replace(amount=10 * row.amount) for row in rows]
    assert cited(detector, ledger_of(rows)) == cited(_with_tenfold_bounds(detector), ledger_of(tenfold))


def _with_tenfold_bounds(detector: Any) -> Any:
    bounds = {
        f.name: getattr(detector, f.name) for f in fields(detector) if "major units" in f.metadata.get("unit", "")
    }
    if not bounds:
        return detector
    grown = {
        name: 10 * bound if not isinstance(bound, tuple) else tuple((currency, 10 * units) for currency, units in bound)
        for name, bound in bounds.items()
    }
    return replace(detector, **grown)


def check_a_subgraph_of_all_is_the_graph(detector: Detector, rows: Rows) -> None:
    graph = FlowGraph(ledger_of(rows))
    whole, part = findings(detector, graph), findings(detector, graph.flow_subgraph(range(len(rows))))
    assert [(f.id, f.accounts, f.reason) for f in whole] == [(f.id, f.accounts, f.reason) for f in part]


def check_a_subgraph_is_a_ledger_of_its_own(detector: Detector, rows: Rows) -> None:
    """What is found in a part cites rows of the whole ledger, and is what a ledger of that part alone gives."""
    ledger = ledger_of(rows)
    half = np.arange(0, ledger.height, 2)
    part = sorted(f.transactions for f in findings(detector, FlowGraph(ledger).flow_subgraph(half)))
    frame = ledger.frame[half]
    minutes = ((frame["time"] - ledger.frame["time"][0]).dt.total_seconds() / 60).to_list() if rows else []
    places = [frame[name] if name in frame.columns else [""] * half.size for name in ("device", "ip")]
    alone = list(
        zip(frame["payer"], frame["payee"], minutes, frame["paid"], frame["paid_currency"], *places, strict=True)
    )
    assert part == cited(detector, ledger_of(alone, txs=frame["tx"].to_list()))


def check_self_transfers_do_not_matter(detector: Detector, rows: Rows) -> None:
    selves = [row._replace(payee=row.payer, amount=100) for row in rows[::2]]
    assert seen(detector, ledger_of(rows)) == seen(detector, ledger_of([*rows, *selves]))


def check_next_to_nothing_gives_nothing(detector: Detector, rows: Rows) -> None:
    del rows
    for few in ([], [Row("A", "B", 0, 100)], [Row("A", "A", 0, 100)]):
        assert not findings(detector, FlowGraph(ledger_of(few)))


Check = Callable[[Detector, Rows], None]

CHECKS: tuple[Check, ...] = (
    check_leaves_its_input_alone,
    check_is_deterministic,
    check_cites_rows,
    check_suspects_accounts_it_cites,
    check_says_what_it_saw,
    check_names_do_not_matter,
    check_strangers_do_not_matter,
    check_the_date_does_not_matter,
    check_the_unit_of_money_does_not_matter,
    check_a_subgraph_of_all_is_the_graph,
    check_a_subgraph_is_a_ledger_of_its_own,
    check_self_transfers_do_not_matter,
    check_next_to_nothing_gives_nothing,
)
