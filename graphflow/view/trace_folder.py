"""A trace as a folder: the page, tables and run.json, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from graphflow import __version__
from graphflow.languages import reader
from graphflow.trace import EXACT, Trace
from graphflow.view.folder import inputs, must_be_ours, replacing
from graphflow.view.tables import for_spreadsheet, gaps_table
from graphflow.view.text import RULES_SAID
from graphflow.view.trace_page import trace_page
from graphflow.view.trace_tables import (
    choke_table,
    freeze_table,
    holdings_table,
    key_table,
    requests_table,
    restitution_table,
    simulator_table,
    trace_table,
    warning_table,
)


def write_trace(
    trace: Trace, out: str | os.PathLike[str], *, lang: str = "en", zone: str | None = None, command: Sequence[str] = ()
) -> Path:
    """Write everything about a trace into the folder `out`.

    lang  language of the page: "en" or "zh"; zone: whose clock it shows (tables are UTC); command: for run.json

    An earlier result in `out` is replaced at the end, in one step; a run that fails leaves it as it was. The same input
    gives the same bytes in every table and in the page; only run.json holds times. Raises `OutputError` as
    `write_results` does.
    """
    folder, to = Path(out), reader(lang, zone)
    must_be_ours(folder)
    with replacing(folder) as new:
        trace_table(trace).write_parquet(new / "trace.parquet")
        held = holdings_table(trace)
        held.write_parquet(new / "holdings.parquet")
        sheets = {
            "holdings": held,
            "freeze_first": freeze_table(trace),
            "next_requests": requests_table(trace),
            "restitution": restitution_table(trace),
            "freeze_simulator": simulator_table(trace),
            "choke_points": choke_table(trace),
            "key_accounts": key_table(trace),
            "early_warning": warning_table(trace),
            "unmatched": trace.unmatched,
        }
        for name, table in sheets.items():
            _sheet(table, new / f"{name}.csv")
        _letters(sheets["next_requests"], new / "next_requests")
        for_spreadsheet(trace.flow.ledger.rejected).write_csv(new / "rejected.csv")
        _sheet(gaps_table(trace.flow.ledger), new / "statement_gaps.csv")
        (new / "trace.html").write_bytes(trace_page(trace, to).html.encode("utf-8", "backslashreplace"))
        run = json.dumps(_run(trace, command), indent=1, ensure_ascii=False)
        (new / "run.json").write_text(run + "\n", encoding="utf-8")
    return folder


def _sheet(table: pl.DataFrame, path: Path) -> None:
    for_spreadsheet(table).write_csv(path, include_bom=True)


def _letters(requests: pl.DataFrame, folder: Path) -> None:
    """One file a bank: what to ask it for."""
    folder.mkdir()
    for number, ((bank,), part) in enumerate(requests.group_by("bank", maintain_order=True), 1):
        name = re.sub(r"[^\w-]+", "_", str(bank or "bank unknown")).strip("_")[:60]
        _sheet(part, folder / f"{number:02}_{name}.csv")


def _run(trace: Trace, command: Sequence[str]) -> dict[str, Any]:
    return {
        "version": __version__,
        "command": list(command),
        "inputs": inputs(trace.flow.ledger),
        "rules": dict(RULES_SAID),
        "order": trace.order,
        "now": f"{trace.now:%Y-%m-%dT%H:%M:%SZ}",
        "stages": [asdict(stage) for stage in trace.stages],
        "truncated": [*trace.truncated, *trace.notes],
        "warnings": list(trace.warnings),
        "counts": {
            "victims": len(trace.victims),
            "payments": trace.payments.height,
            "unmatched_lines": trace.unmatched.height,
            "rows": trace.taints.rows.height,
            "accounts": len(trace.taints.tiers),
            "absorbed": {rule: sum(trace.taints.absorbed[rule]) for rule in EXACT},
        },
    }
