"""Commands that look for patterns: analyze, the rules it goes by, and how good it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphflow import digest
from graphflow.commands.shared import (
    OUTPUT,
    RULES,
    SCALE,
    Executor,
    Language,
    Rates,
    Resume,
    Scheduler,
    Settings,
    Sources,
    Work,
    Workers,
    command_line,
    say,
    say_rejected,
    scale_of,
    tell,
)
from graphflow.errors import RuleError
from graphflow.languages import reader
from graphflow.reading_options import with_reading_options

if TYPE_CHECKING:
    from datetime import datetime

    from graphflow.changes import CaseTables
    from graphflow.languages import Reader
    from graphflow.rules import Rules
    from graphflow.scale.analyzing import Scale


@with_reading_options
def analyze(
    sources: Sources,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", rich_help_panel=OUTPUT)] = Path(
        "graphflow-out"
    ),
    rules: Annotated[
        str | None,
        typer.Option(
            help="Preset (`cn-telecom`, `intl-app`, `crypto`) or rules file; `graphflow rules` prints one.",
            rich_help_panel=RULES,
            metavar="PRESET|FILE",
        ),
    ] = None,
    settings: Settings = None,
    types: Annotated[
        Path | None,
        typer.Option(
            help="TOML file of account types: names and accounts of gateways, payrolls, landlords …",
            rich_help_panel=RULES,
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(min=1, help="Keep the best so many cases, and say what the rest were.", rich_help_panel=OUTPUT),
    ] = None,
    pages: Annotated[
        str, typer.Option(help="Case pages to write, best first: a number, or `all`.", rich_help_panel=OUTPUT)
    ] = "100",
    rates: Rates = None,
    lang: Language = "en",
    executor: Executor = "auto",
    workers: Workers = 0,
    scheduler: Scheduler = "",
    work: Work = None,
    resume: Resume = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="Look again only at what transfers from this moment on touch: `2026-03-01`. What the rest gave is "
            "kept in `--work`, and cases are compared with those in `--out`.",
            metavar="TIME",
            rich_help_panel=SCALE,
        ),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            help="Results of an earlier run: changes.csv says which cases are new, have grown, or are closed.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Detect laundering patterns and write ranked cases, pictures and tables."""
    wanted, to = _pages(pages), reader(lang, reading["timezone"])
    chosen = _rules(rules, settings)
    moment = _moment(since, reading["timezone"])
    scale = scale_of(sources, out, executor, workers, scheduler, work, resume=resume, since=moment)
    then = _earlier(before, out if since is not None else None)
    if scale is not None:
        _in_pieces(sources[0], out, scale, chosen, types, rates, budget, pages=wanted, to=to, then=then)
        return
    for source in sources:
        digest.begin(source)
    from graphflow import analyze as run
    from graphflow.terminal import Bar, print_cases
    from graphflow.view.folder import open_results

    with Bar() as bar, open_results(out) as results:
        analysis = run(
            sources,
            detectors=chosen,
            types=types,
            rates=rates,
            budget=budget,
            progress=bar.rows,
            tell=bar.stage,
            on_ledger=results.begin,
            **reading,
        )
        results.finish(analysis, pages=wanted, to=to, command=command_line(), tell=bar.pages, before=then)
    tell(analysis)
    say_rejected(analysis.ledger)
    print_cases(analysis, out, results.changes)


def _in_pieces(
    store: Path, out: Path, scale: Scale, chosen: Rules, types: Path | None, rates: Path | None, budget: int | None, *,
    pages: int | None, to: Reader, then: CaseTables | None,
) -> None:  # fmt: skip
    """Analyze a store in pieces, and write what a whole one gives."""
    from graphflow.clock import Clock
    from graphflow.scale.analyzing import analyze_store
    from graphflow.scale.workfolder import apart, at_work
    from graphflow.terminal import Bar, print_cases
    from graphflow.view.folder import must_be_ours, open_results

    apart(scale.work, out, store)
    must_be_ours(out)
    with at_work(scale.work), Bar() as bar, open_results(out) as results:
        notes: list[str] = []
        told = replace(scale, tell=bar.pieces, note=notes.append, surveyed=results.begin_parts)
        clock = Clock(tell=bar.stage)
        analysis = analyze_store(store, told, detectors=chosen, types=types, rates=rates, budget=budget, clock=clock)
        results.finish(analysis, pages=pages, to=to, command=command_line(), tell=bar.pages, before=then)
    say(notes, ())
    tell(analysis)
    say_rejected(analysis.ledger)
    print_cases(analysis, out, results.changes)


def _moment(since: str | None, timezone: str) -> datetime | None:
    from graphflow.tracing import moment_of

    return None if since is None else moment_of(since, timezone, "--since")


def _earlier(before: Path | None, own: Path | None) -> CaseTables | None:
    """The results to compare with; `own`: those that are replaced, which may be there and be compared with."""
    from graphflow.changes import CaseTables

    if before is not None:
        return CaseTables.read(before)
    return CaseTables.read(own) if own is not None and (own / "cases.parquet").exists() else None


def rules(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A preset (`cn-telecom`, `intl-app`, `crypto`) or a rules file, to check and print in full.",
            metavar="PRESET|FILE",
            show_default=False,
        ),
    ] = None,
    settings: Settings = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="A table: each value with its unit and where it comes from.")
    ] = False,
) -> None:
    """Print the rules file: every parameter of every detector with its value, its unit and its source."""
    from graphflow.rules import rules_file

    used = _rules(source, settings)
    if explain:
        from graphflow.terminal import print_rules

        print_rules(used)
    else:
        typer.echo(rules_file(used), nl=False)


def evaluate(
    results: Annotated[Path, typer.Argument(help="Folder that `graphflow analyze` wrote.", show_default=False)],
    truth: Annotated[
        Path,
        typer.Option(help="What is known: AMLworld's patterns, a simulation's truth.json, or a table of attempts."),
    ],
) -> None:
    """Compare results with known attempts: found, how soon in the ranking, and at what price."""
    from graphflow import evaluate as compare
    from graphflow.terminal import print_evaluation

    print_evaluation(compare(results, truth))


def _rules(source: str | None, settings: list[str] | None) -> Rules:
    """The rules of a preset or file, with single parameters set."""
    from graphflow.rules import default_rules, load_rules, with_settings

    chosen = load_rules(source) if source is not None else default_rules()
    try:
        return with_settings(chosen, settings or [])
    except RuleError as error:
        raise RuleError(f"--set {error}") from None


def _pages(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit():
        raise RuleError(f'--pages takes a number or "all", not {text!r}')
    return int(text)
