"""An analysis as a folder: tables, case pages, the report and run.json, written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from graphflow import __version__
from graphflow.analysis import Analysis
from graphflow.case import Case
from graphflow.changes import CaseTables, Changes, changes
from graphflow.clock import give_back
from graphflow.errors import OutputError
from graphflow.graph import FlowGraph
from graphflow.languages import Reader, reader
from graphflow.ledger import Ledger
from graphflow.rules import as_table, explain
from graphflow.view.network import load
from graphflow.view.page import case_page
from graphflow.view.run_report import preset_of, run_report
from graphflow.view.tables import (
    accounts_tables,
    cases_table,
    evidence_table,
    findings_table,
    for_spreadsheet,
    gaps_table,
    ledger_table,
    statements_table,
)

Tell = Callable[[str, int, int], None]

PAGES = 100
"""Case pages written unless told otherwise: the best-ranked cases."""


def write_results(
    analysis: Analysis,
    out: str | os.PathLike[str],
    *,
    pages: int | None = PAGES,
    lang: str = "en",
    zone: str | None = None,
    command: Sequence[str] = (),
    tell: Tell = lambda what, done, of: None,
    before: str | os.PathLike[str] | None = None,
) -> Path:
    """Write everything about an analysis into the folder `out`.

    pages    how many of the best-ranked cases get a page; None for all
    lang     language of the pages: "en" or "zh"; zone: whose clock they show (tables are UTC)
    command  the command line, for run.json; `tell` hears how many pages are done
    before   a folder of earlier results: what changed in the cases is written beside them (`graphflow.changes`)
    An earlier result in `out` is replaced at the end, in one step; a run that fails leaves it as it was. Raises
    `OutputError` when `out` is a file, or a folder that holds something else. The same input gives the same
    bytes in every table and page; only run.json holds times.

    Example
    -------
    >>> import tempfile
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> out = write_results(gf.analyze(folder / "town" / "transfers.csv"), folder / "out", pages=1)
    >>> (out / "report.html").exists()
    True
    """
    then = CaseTables.read(before) if before is not None else None
    with open_results(out) as results:
        if analysis.transfers is None:  # else the ledger is written of parts
            results.begin(analysis.ledger)
        results.finish(analysis, pages=pages, to=reader(lang, zone), command=command, tell=tell, before=then)
    return Path(out)


@contextmanager
def open_results(out: str | os.PathLike[str]) -> Iterator[Results]:
    """A result folder in the making: it takes the place of `out` when the block ends well.

    For those who write while they analyze: `begin` with the ledger, `finish` with the analysis.
    """
    folder = Path(out)
    must_be_ours(folder)
    with replacing(folder) as new, ThreadPoolExecutor(1) as pool:
        (new / "cases").mkdir()
        pool.submit(load)
        yield Results(new, pool)


class Results:
    """The files of a result folder that is not yet in its place.

    changes  what changed in the cases, once it is finished, where there are earlier ones
    """

    changes: Changes | None = None

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self._folder = folder
        self._pool = pool
        self._ledger: Future[None] | None = None

    def begin(self, ledger: Ledger) -> None:
        """Start writing the ledger, the largest table, on a thread of its own."""
        self._ledger = self._pool.submit(_write_ledger, ledger, self._folder / "ledger.parquet")

    def begin_parts(self, transfers: Callable[[], Iterable[Ledger]]) -> None:
        """The same where it is looked at in parts."""
        parts = (ledger_table(ledger).collect() for ledger in transfers())
        self._ledger = self._pool.submit(_write_parts, parts, self._folder / "ledger.parquet", statistics=False)

    def finish(
        self, analysis: Analysis, *, pages: int | None = PAGES, to: Reader | None = None, command: Sequence[str] = (),
        tell: Tell, before: CaseTables | None = None,
    ) -> None:  # fmt: skip
        """Write all the rest. `before`: the cases of an earlier run, to compare with."""
        to = to or Reader()
        new, shown = self._folder, list(analysis.cases if pages is None else analysis.cases[:pages])
        truncated = list(analysis.truncated)
        if len(shown) < len(analysis.cases):
            truncated.append(
                f"pages: the first {len(shown):,} of {len(analysis.cases):,} cases have one; all are in the tables"
            )
        with analysis.clock.stage("write"):
            give_back(analysis.ledger.height)
            tables = _write_tables(analysis, new)
            give_back(analysis.ledger.height)
            if before is not None:
                self.changes = changes(before, tables)
                _write_both(self.changes.table, new / "changes")
            _write_pages(analysis.graph, shown, new / "cases", to, tell)
            page = run_report(analysis, shown, truncated, to, self.changes)
            (new / "report.html").write_text(page, encoding="utf-8")
            if self._ledger is None and analysis.transfers is not None:
                self.begin_parts(analysis.transfers)
            elif self._ledger is None:
                self.begin(analysis.ledger)
            if self._ledger is not None:
                self._ledger.result()
        told = _run(analysis, command, truncated)
        if self.changes is not None:
            told["changes"] = {"before": self.changes.where, **self.changes.counts}
        run = json.dumps(told, indent=1, ensure_ascii=False)
        (new / "run.json").write_text(run + "\n", encoding="utf-8")


def must_be_ours(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier result."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; --out names a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "run.json").exists():
        raise OutputError(f"{folder}: is not empty and holds no earlier result; name another folder")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place when the block ends well."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from error
    try:
        new.chmod(0o777 & ~_umask())
        yield new
        _swap(new, folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _swap(new: Path, folder: Path) -> None:
    if not folder.exists():
        new.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    try:
        new.rename(folder)
    except OSError:
        (old / folder.name).rename(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_ledger(ledger: Ledger, path: Path) -> None:
    ledger_table(ledger).sink_parquet(path, compression="lz4", statistics=False, maintain_order=True)


def _write_parts(parts: Iterator[pl.DataFrame], path: Path, *, statistics: bool) -> None:
    """One table of parts that follow each other, of which no two are in memory at once."""
    first = next(parts)
    whole = register_io_source(lambda columns, predicate, rows, batch: chain([first], parts), schema=first.schema)
    whole.sink_parquet(path, compression="lz4", statistics=statistics, maintain_order=True)


def _write_tables(analysis: Analysis, new: Path) -> CaseTables:
    ledger, cases = analysis.ledger, analysis.cases
    ranked, found = cases_table(ledger, cases), findings_table(ledger, cases)
    for name, table in (("cases", ranked), ("findings", found)):
        _write_both(table, new / name)
    evidence = evidence_table(ledger, cases)
    evidence.write_parquet(new / "evidence.parquet", compression="lz4")
    _write_parts(accounts_tables(analysis.graph.flow, cases), new / "accounts.parquet", statistics=True)
    for_spreadsheet(ledger.rejected).write_csv(new / "rejected.csv")
    of_statements = {
        "statements": statements_table(ledger),
        "statement_gaps": gaps_table(ledger),
        "identities": ledger.identities,
    }
    for name, table in of_statements.items():
        for_spreadsheet(table).write_csv(new / f"{name}.csv", include_bom=True)
    return CaseTables(cases=ranked, findings=found, evidence=evidence)


def _write_both(table: pl.DataFrame, path: Path) -> None:
    """A table for programs and for a spreadsheet."""
    table.write_parquet(path.with_name(f"{path.name}.parquet"))
    for_spreadsheet(table).write_csv(path.with_name(f"{path.name}.csv"), include_bom=True)


def _write_pages(graph: FlowGraph, cases: Sequence[Case], folder: Path, to: Reader, tell: Tell) -> None:
    for done, case in enumerate(cases, 1):
        (folder / f"{case.id}.html").write_text(
            case_page(graph, case, to, report="../report.html").html, encoding="utf-8"
        )
        tell("pages", done, len(cases))


def _run(analysis: Analysis, command: Sequence[str], truncated: Sequence[str]) -> dict[str, Any]:
    ledger = analysis.ledger
    by_detector: dict[str, int] = {}
    for finding in analysis.findings:
        by_detector[finding.detector] = by_detector.get(finding.detector, 0) + 1
    levels = {level: sum(c.level == level for c in analysis.cases) for level in ("high", "review")}
    return {
        "version": __version__,
        "command": list(command),
        "inputs": inputs(ledger),
        "rules": as_table(analysis.detectors),
        "rules_used": explain(analysis.detectors).to_dicts(),
        "preset": preset_of(analysis),
        "stages": [asdict(stage) for stage in analysis.clock.stages],
        "truncated": list(truncated),
        "warnings": list(analysis.warnings),
        "decimals": dict(ledger.decimals),
        **analysis.graph.flow.valuation.record,
        "types": _types(analysis),
        "counts": _counts(analysis, by_detector, levels),
    }


def inputs(ledger: Ledger) -> list[dict[str, Any]]:
    """The files that were read, and where their rows went."""
    return [{**asdict(s), "rows": dict(s.rows), "columns": dict(s.columns)} for s in ledger.sources]


def _counts(analysis: Analysis, by_detector: Mapping[str, int], levels: Mapping[str, int]) -> dict[str, Any]:
    return {
        "transfers": analysis.ledger.whole_height,
        "accounts": analysis.ledger.accounts.height,
        "findings": len(analysis.findings),
        "findings_by_detector": dict(by_detector),
        "cases": len(analysis.cases),
        "cases_by_level": dict(levels),
    }


def _types(analysis: Analysis) -> dict[str, Any]:
    """The user's file of account types, what it switches off, and how many accounts have each type."""
    types, names = analysis.graph.flow.types, analysis.graph.flow.type_names
    return {"file": names.source, "off": sorted(names.off), "accounts": types.counts}
