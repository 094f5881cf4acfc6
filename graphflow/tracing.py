"""The second job in one call: files and victims → where the money is, with times and warnings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Unpack, get_args

from graphflow.account_names import load_account_types
from graphflow.clock import Clock
from graphflow.errors import NoPayments, RuleError, SourceError, did_you_mean
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.read import read_ledger
from graphflow.read.options import PathName, ReadOptions
from graphflow.read.progress import Progress, silent
from graphflow.read.times import find_format, parse_times
from graphflow.rules.values import parse_span
from graphflow.trace import Order, Trace, trace
from graphflow.trace.victims.case import victims_from_case
from graphflow.trace.victims.matching import Victims, read_victims
from graphflow.words import count

_LISTED = 20
_LONE = "none to an account that is named or flagged"


def trace_files(
    sources: PathName | Iterable[PathName],
    *,
    victims: PathName | None = None,
    from_case: str | None = None,
    order: str = "strict",
    within: str | timedelta | None = None,
    at: str | datetime | None = None,
    tolerance: str | timedelta = "10m",
    types: PathName | None = None,
    progress: Progress = silent,
    tell: Callable[[str], None] = lambda name: None,
    **options: Unpack[ReadOptions],
) -> Trace:
    """Read transaction records, find the victims' payments in them, and follow the money.

    victims    a table of the payments: see `victims.matching.read_victims`; or from_case: "FOLDER/CASE" of an earlier
               `analyze`
    order, within, at   see `trace.trace`; durations as "48h", times as the records write them
    tolerance  how far a reported time may be from the ledger's
    types      a TOML file of account types that comes before the built-in one
    options    how files are to be read: see `read_ledger`

    Raises `GraphflowError` with one clear line.
    """
    asked = _order(order)
    if (victims is None) == (from_case is None):
        raise SourceError(
            "whose money? name a table of the victims' payments with --victims, or a case with --from-case"
        )
    known = load_account_types(types) if types is not None else None
    clock = Clock(tell=tell)
    with clock.stage("read"):
        ledger = read_ledger(sources, progress=progress, **options)
        graph = FlowGraph(ledger, types=known)
    with clock.stage("victims"):
        found = _victims(victims, from_case, ledger, tolerance, options)
    if victims is not None and _lone(found):
        with clock.stage("detect"):
            found = _by_findings(victims, graph, found, tolerance, options)
    if not found.payments.height:
        raise NoPayments(_none(found), map(_why, found.unmatched.head(_LISTED).to_dicts()))
    with clock.stage("trace"):
        traced = trace(graph, found, order=asked, within=_span(within), now=_moment(at, options.get("timezone", "UTC")))
    return replace(
        traced,
        stages=tuple(clock.stages),
        warnings=(*ledger.warnings, *graph.flow.types.warnings, *_unmatched(found), *traced.warnings),
    )


def _order(order: str) -> Order:
    known: tuple[Order, ...] = get_args(Order)
    for one in known:
        if one == order:
            return one
    raise RuleError(f'there is no order "{order}": {did_you_mean(order, known)}')


def _victims(
    victims: PathName | None, from_case: str | None, ledger: Ledger, tolerance: str | timedelta, options: ReadOptions
) -> Victims:
    if victims is not None:
        return _read(victims, ledger, tolerance, options)
    folder, _, case = str(from_case).rpartition("/")
    if not folder:
        raise SourceError(f'--from-case takes FOLDER/CASE, such as out/case/case-0001, not "{from_case}"')
    return victims_from_case(Path(folder), case, ledger)


def _read(
    victims: PathName,
    ledger: Ledger,
    tolerance: str | timedelta,
    options: ReadOptions,
    flagged: Collection[str] = (),
) -> Victims:
    near = tolerance if isinstance(tolerance, timedelta) else parse_span(tolerance, "--tolerance")
    return read_victims(victims, ledger, tolerance=near, timezone=options.get("timezone", "UTC"), flagged=flagged)


def _lone(found: Victims) -> bool:
    """Whether lines name victims by their accounts alone, so that findings must tell which payments are meant."""
    return bool(found.unmatched["reason"].str.contains(_LONE, literal=True).any())


def _by_findings(
    victims: PathName, graph: FlowGraph, before: Victims, tolerance: str | timedelta, options: ReadOptions
) -> Victims:
    """The same victims, matched to what they paid to collectors that findings of level high suspect; where that tells
    no payment of some victim, to any account of such findings."""
    from graphflow.detect import detect

    high = [finding for finding in detect(graph) if finding.level == "high"]
    collectors = {account for finding in high if finding.detector == "fan-in" for account in finding.accounts}
    found = _read(victims, graph.ledger, tolerance, options, collectors)
    if _lone(found):
        flagged = {account for finding in high for account in finding.accounts}
        wider = _read(victims, graph.ledger, tolerance, options, flagged)
        found = max(found, wider, key=lambda victims: victims.payments.height)
    new = found.payments.height - before.payments.height
    told = (
        f"victims are named by account alone: {count(new, 'payment')} to accounts that detectors flag (level high, "
        "usual rules) taken for theirs; check them, or name the payments"
    )
    return replace(found, warnings=(*found.warnings, told)) if new else before


def _none(found: Victims) -> str:
    more = found.unmatched.height - _LISTED
    said = f" ({_LISTED} of {found.unmatched.height:,} lines are listed above)" if more > 0 else ""
    return f"none of the victims' payments is in the ledger: nothing to trace{said}"


def _why(line: dict[str, Any]) -> str:
    """What stands in a line that names no payment, why, and which transfers come nearest."""
    where = f"line {line['line']}: " if line["line"] is not None else ""
    nearest = f"; nearest: {line['candidates']}" if line["candidates"] else ""
    return f"{where}{line['reason']}{nearest}"


def _unmatched(found: Victims) -> list[str]:
    number = found.unmatched.height
    if not number:
        return []
    reason = found.unmatched["reason"][0]
    return [
        f"{number:,} lines of the victims file name no single payment of the ledger (unmatched.csv); first: {reason}"
    ]


def _span(within: str | timedelta | None) -> timedelta | None:
    return parse_span(within, "--within") if isinstance(within, str) else within


def _moment(at: str | datetime | None, timezone: str) -> datetime | None:
    if not isinstance(at, str):
        return at
    import polars as pl

    text = pl.Series([at])
    moment: datetime | None = parse_times(text, find_format(text, "--at"), timezone)[0]
    return moment
