"""The second job in one call: files and victims → where the money is, with times and warnings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Unpack, get_args

import polars as pl

from graphflow.account_names import load_account_types
from graphflow.clock import Clock
from graphflow.errors import NoPayments, RuleError, SourceError, did_you_mean
from graphflow.finding import Finding
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

    Example
    -------
    >>> import tempfile
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> traced = trace_files(folder / "town" / "transfers.csv", victims=folder / "town" / "victims.csv")
    >>> traced.order, traced.unmatched.height
    ('strict', 0)
    """
    asked = order_of(order)
    must_name_one(victims, from_case)
    known = load_account_types(types) if types is not None else None
    clock = Clock(tell=tell)
    with clock.stage("read"):
        ledger = read_ledger(sources, progress=progress, **options)
        graph = FlowGraph(ledger, types=known)

    def findings() -> Iterable[Finding]:
        from graphflow.detect import detect

        return detect(graph)

    found = victims_in(ledger, clock, findings, victims, from_case, tolerance, options)
    with clock.stage("trace"):
        traced = trace(
            graph, found, order=asked, within=span_of(within), now=moment_of(at, options.get("timezone", "UTC"))
        )
    return told(traced, clock)


def must_name_one(victims: PathName | None, from_case: str | None) -> None:
    """Raise `SourceError` where it is not said whose money is meant, or said twice."""
    if (victims is None) == (from_case is None):
        raise SourceError(
            "whose money? name a table of the victims' payments with --victims, or a case with --from-case"
        )


def victims_in(
    ledger: Ledger,
    clock: Clock,
    findings: Callable[[], Iterable[Finding]],
    victims: PathName | None,
    from_case: str | None,
    tolerance: str | timedelta,
    options: ReadOptions,
) -> Victims:
    """The victims' payments in a ledger. `findings`: what detectors find, made where victims are named alone.

    Raises `NoPayments` where there is none.
    """
    with clock.stage("victims"):
        found = _victims(victims, from_case, ledger, tolerance, options)
    if victims is not None and _lone(found):
        with clock.stage("detect"):
            found = _by_findings(victims, ledger, findings, found, tolerance, options)
    if not found.payments.height:
        raise NoPayments(_none(found), map(_why, found.unmatched.head(_LISTED).to_dicts()))
    return found


def told(traced: Trace, clock: Clock) -> Trace:
    """The same with how long it took, and with what a reader must know of the ledger and of the victims."""
    flow = traced.flow
    said = (*flow.ledger.warnings, *flow.types.warnings, *_unmatched(traced.unmatched), *traced.warnings)
    return replace(traced, stages=tuple(clock.stages), warnings=said)


def order_of(order: str) -> Order:
    """The order of that name. Raises `RuleError`."""
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
    return victims_from_case(*case_of(str(from_case)), ledger)


def case_of(text: str) -> tuple[Path, str]:
    """The folder and the case that FOLDER/CASE names. Raises `SourceError`."""
    folder, _, case = text.rpartition("/")
    if not folder:
        raise SourceError(f'--from-case takes FOLDER/CASE, such as out/case/case-0001, not "{text}"')
    return Path(folder), case


def _read(
    victims: PathName,
    ledger: Ledger,
    tolerance: str | timedelta,
    options: ReadOptions,
    flagged: Collection[str] = (),
) -> Victims:
    return read_victims(
        victims, ledger, tolerance=tolerance_of(tolerance), timezone=options.get("timezone", "UTC"), flagged=flagged
    )


def tolerance_of(tolerance: str | timedelta) -> timedelta:
    """A span of time, or one in words. Raises `RuleError`."""
    return tolerance if isinstance(tolerance, timedelta) else parse_span(tolerance, "--tolerance")


def _lone(found: Victims) -> bool:
    """Whether lines name victims by their accounts alone, so that findings must tell which payments are meant."""
    return bool(found.unmatched["reason"].str.contains(_LONE, literal=True).any())


def _by_findings(
    victims: PathName, ledger: Ledger, findings: Callable[[], Iterable[Finding]], before: Victims,
    tolerance: str | timedelta, options: ReadOptions,
) -> Victims:  # fmt: skip
    """The same victims, matched to what they paid to collectors that findings of level high suspect; where that tells
    no payment of some victim, to any account of such findings."""
    high = [finding for finding in findings() if finding.level == "high"]
    collectors = {account for finding in high if finding.detector == "fan-in" for account in finding.accounts}
    found = _read(victims, ledger, tolerance, options, collectors)
    if _lone(found):
        flagged = {account for finding in high for account in finding.accounts}
        wider = _read(victims, ledger, tolerance, options, flagged)
        found = max(found, wider, key=lambda victims: victims.payments.height)
    new = found.payments.height - before.payments.height
    said = (
        f"victims are named by account alone: {count(new, 'payment')} to accounts that detectors flag (level high, "
        "usual rules) taken for theirs; check them, or name the payments"
    )
    return replace(found, warnings=(*found.warnings, said)) if new else before


def _none(found: Victims) -> str:
    more = found.unmatched.height - _LISTED
    said = f" ({_LISTED} of {found.unmatched.height:,} lines are listed above)" if more > 0 else ""
    return f"none of the victims' payments is in the ledger: nothing to trace{said}"


def _why(line: dict[str, Any]) -> str:
    """What stands in a line that names no payment, why, and which transfers come nearest."""
    where = f"line {line['line']}: " if line["line"] is not None else ""
    nearest = f"; nearest: {line['candidates']}" if line["candidates"] else ""
    return f"{where}{line['reason']}{nearest}"


def _unmatched(lines: pl.DataFrame) -> list[str]:
    number = lines.height
    if not number:
        return []
    reason = lines["reason"][0]
    return [
        f"{number:,} lines of the victims file name no single payment of the ledger (unmatched.csv); first: {reason}"
    ]


def span_of(within: str | timedelta | None) -> timedelta | None:
    """A span of time, or one in words. Raises `RuleError`."""
    return parse_span(within, "--within") if isinstance(within, str) else within


def moment_of(at: str | datetime | None, timezone: str, option: str = "--at") -> datetime | None:
    """A moment, or one as records write it. Raises `GraphflowError`, which names the option."""
    if not isinstance(at, str):
        return at
    text = pl.Series([at])
    moment: datetime | None = parse_times(text, find_format(text, option), timezone)[0]
    return moment
