"""The main job in one call: files → ledger → graph → findings → cases, with times and warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Unpack

from graphflow.account_names import load_account_types
from graphflow.case import Case, open_cases
from graphflow.clock import Clock
from graphflow.detect import Detector, Findings, detect
from graphflow.errors import RuleError
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.read import read_ledger
from graphflow.read.options import PathName, ReadOptions
from graphflow.read.progress import Progress, silent
from graphflow.rules import Rules, default_rules, load_rules
from graphflow.value.rates_file import read_rates
from graphflow.words import count


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Everything a run made.

    truncated  what bounds cut off; warnings: what a reader must know before believing a number
    transfers  goes through all transfers where `ledger` is a part of them

    Example
    -------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> analysis = analyze(folder / "town" / "transfers.csv")
    >>> analysis.cases[0].rank, analysis.ledger is analysis.graph.ledger
    (1, True)
    """

    ledger: Ledger
    graph: FlowGraph
    findings: Findings
    cases: Sequence[Case]
    detectors: Sequence[Detector]
    clock: Clock
    truncated: tuple[str, ...]
    warnings: tuple[str, ...]
    transfers: Callable[[], Iterable[Ledger]] | None = None

    def __repr__(self) -> str:
        high = sum(case.level == "high" for case in self.cases)
        return f"Analysis({self.ledger!r}: {len(self.findings)} findings in {len(self.cases)} cases, {high} high)"

    def _repr_html_(self) -> str:
        """What was read and found, and the best cases: fetched when a notebook asks."""
        from graphflow.view.notebook import analysis_html

        return analysis_html(self)


def analyze(
    sources: PathName | Iterable[PathName],
    *,
    detectors: Sequence[Detector] | None = None,
    types: PathName | None = None,
    rules: PathName | None = None,
    rates: PathName | None = None,
    budget: int | None = None,
    progress: Progress = silent,
    tell: Callable[[str], None] = lambda name: None,
    on_ledger: Callable[[Ledger], None] = lambda ledger: None,
    **options: Unpack[ReadOptions],
) -> Analysis:
    """Read transaction records, detect laundering patterns, and open ranked cases.

    detectors  what to run; all of them with default parameters when not given
    types      a TOML file of account types that comes before the built-in one (see `graphflow/account_types.toml`)
    rules      instead of detectors: the name of a preset ("cn-telecom", "intl-app", "crypto") or a rules file
    rates      a file that says what currencies are worth (CSV: currency, rate, and if need be date and base); without
               one, the ledger's own exchanges say it
    budget     how many cases there is time for: the best are kept, and what the rest were is said
    options    how files are to be read: see `read_ledger`
    `tell` hears the name of each stage as it starts, `on_ledger` gets the
    ledger as soon as detection leaves a core to spare.
    Raises `GraphflowError` with one clear line.

    Example
    -------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> len(analyze(folder / "town" / "transfers.csv", budget=3).cases)
    3
    """
    if budget is not None and budget < 1:
        raise RuleError(f"a budget is a number of cases from 1 on, not {budget}")
    chosen = _chosen(detectors, rules)
    known = load_account_types(types) if types is not None else None
    stated = read_rates(rates) if rates is not None else None
    clock = Clock(tell=tell)
    with clock.stage("read"):
        ledger = read_ledger(sources, progress=progress, **options)
        graph = FlowGraph(ledger, types=known, rates=stated)
    with clock.stage("detect"):
        findings = detect(graph, chosen)
    on_ledger(ledger)
    return concluded(graph, findings, chosen, clock, budget=budget)


def concluded(
    graph: FlowGraph,
    findings: Findings,
    detectors: Sequence[Detector],
    clock: Clock,
    *,
    budget: int | None = None,
    transfers: Callable[[], Iterable[Ledger]] | None = None,
) -> Analysis:
    """The analysis that findings lead to: cases are opened, and what was cut is said."""
    ledger = graph.ledger
    with clock.stage("cases"):
        opened = open_cases(graph, findings)
    cases, over = _within(budget, opened)
    if over:
        kept = {finding.id for case in cases for finding in case.findings}
        findings = replace(findings, found=tuple(finding for finding in findings if finding.id in kept))
    split = sum(bool(case.split) for case in cases)
    bounded = (f"cases: {split:,} cases were kept from growing; each says so",) if split else ()
    return Analysis(
        ledger=ledger,
        graph=graph,
        findings=findings,
        cases=cases,
        detectors=detectors,
        clock=clock,
        truncated=findings.truncated + bounded + over,
        warnings=ledger.warnings + findings.warnings + graph.flow.types.warnings,
        transfers=transfers,
    )


def _within(budget: int | None, opened: list[Case]) -> tuple[list[Case], tuple[str, ...]]:
    """The best cases, and what the others were, in words."""
    if budget is None or len(opened) <= budget:
        return opened, ()
    rest = opened[budget:]
    high = sum(case.level == "high" for case in rest)
    kinds = Counter(finding.detector for case in rest for finding in case.findings)
    told = ", ".join(f"{number:,} {name}" for name, number in kinds.most_common())
    best = max(case.points for case in rest)
    return opened[:budget], (
        f"budget: {count(len(rest), 'case')} beyond the best {budget:,} left out ({high:,} high; at most {best:g} "
        f"points; findings: {told})",
    )


def _chosen(detectors: Sequence[Detector] | None, rules: PathName | None) -> Sequence[Detector]:
    """What to run; rules keep what they know of where their values come from."""
    if rules is not None:
        if detectors is not None:
            raise RuleError("give detectors or rules, not both")
        return load_rules(rules)
    if detectors is None:
        return default_rules()
    return detectors if isinstance(detectors, Rules) else list(detectors)
