"""The command line: parse, call one public function, print. Heavy modules are imported when a command runs.

Exit status: 0 the run finished, 1 something the user can fix (one line on stderr), 2 wrong usage. Results go to files
or stdout, progress and messages to stderr.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphflow import __version__, digest
from graphflow.errors import GraphflowError, RuleError
from graphflow.languages import reader
from graphflow.reading_options import with_reading_options

if TYPE_CHECKING:
    from graphflow.analysis import Analysis
    from graphflow.ledger import Ledger
    from graphflow.rules import Rules

app = typer.Typer(
    name="graphflow",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Find laundering patterns in transaction records. Every result cites its source rows.",
    epilog="Results are leads for a person to judge, not verdicts.",
)

_INPUT, _RULES, _OUTPUT = "Reading", "Rules", "Output"

Sources = Annotated[
    list[Path],
    typer.Argument(
        help="Files, folders or zip archives of transaction records, in any format of `graphflow dialects`.",
        metavar="SOURCE...",
        show_default=False,
    ),
]
Rates = Annotated[
    Path | None,
    typer.Option(
        help="CSV of what currencies are worth: currency, rate, and if need be date and base.", rich_help_panel=_INPUT
    ),
]
Language = Annotated[
    str,
    typer.Option(
        "--lang",
        help="Language of the pages: `en` or `zh`. Their clock is that of `--timezone`.",
        rich_help_panel=_OUTPUT,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set one parameter, over the rules: `cycle.window=48h`, `fan-out.off=true`. May come several times.",
        metavar="DETECTOR.PARAMETER=VALUE",
        rich_help_panel=_RULES,
        show_default=False,
    ),
]


def _version(show: bool) -> None:
    if show:
        typer.echo(f"graphflow {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: `graphflow analyze samples/tour.csv --out out/tour`, then open out/tour/report.html")
@with_reading_options
def analyze(
    sources: Sources,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", rich_help_panel=_OUTPUT)] = Path(
        "graphflow-out"
    ),
    rules: Annotated[
        str | None,
        typer.Option(
            help="Preset (`cn-telecom`, `intl-app`, `crypto`) or rules file; `graphflow rules` prints one.",
            rich_help_panel=_RULES,
            metavar="PRESET|FILE",
        ),
    ] = None,
    settings: Settings = None,
    types: Annotated[
        Path | None,
        typer.Option(
            help="TOML file of account types: names and accounts of gateways, payrolls, landlords …",
            rich_help_panel=_RULES,
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(min=1, help="Keep the best so many cases, and say what the rest were.", rich_help_panel=_OUTPUT),
    ] = None,
    pages: Annotated[
        str, typer.Option(help="Case pages to write, best first: a number, or `all`.", rich_help_panel=_OUTPUT)
    ] = "100",
    rates: Rates = None,
    lang: Language = "en",
    *,
    reading: dict[str, Any],
) -> None:
    """Detect laundering patterns and write ranked cases, pictures and tables."""
    wanted, to = _pages(pages), reader(lang, reading["timezone"])
    for source in sources:
        digest.begin(source)
    from graphflow import analyze as run
    from graphflow.terminal import Bar, print_cases
    from graphflow.view.folder import open_results

    with Bar() as bar, open_results(out) as results:
        analysis = run(
            sources,
            detectors=_rules(rules, settings),
            types=types,
            rates=rates,
            budget=budget,
            progress=bar.rows,
            tell=bar.stage,
            on_ledger=results.begin,
            **reading,
        )
        results.finish(analysis, pages=wanted, to=to, command=_command(), tell=bar.pages)
    _tell(analysis)
    _rejected(analysis.ledger)
    print_cases(analysis, out)


@app.command(epilog="Example: `graphflow trace out/sim/transfers.csv --victims out/sim/victims.csv --out out/trace`")
@with_reading_options
def trace(
    sources: Sources,
    victims: Annotated[
        Path | None,
        typer.Option(
            help="Table of the victims' payments: account or name, payee, time, amount; or tx.", show_default=False
        ),
    ] = None,
    from_case: Annotated[
        str | None,
        typer.Option(help="Instead: FOLDER/CASE of an earlier analyze: `out/case/case-0001`.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", rich_help_panel=_OUTPUT)] = Path(
        "graphflow-trace"
    ),
    order: Annotated[
        str,
        typer.Option(
            help="`strict`: the trail ends where no statement is held; `tolerant`: others' bridge it; `off`: no clock."
        ),
    ] = "strict",
    within: Annotated[
        str | None, typer.Option(help="How long after the last reported payment money is followed: `48h`, `7d`.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="The moment minutes are counted to: `2026-03-01 12:00`; else the last transfer.")
    ] = None,
    tolerance: Annotated[str, typer.Option(help="How far a reported time may be from the ledger's.")] = "10m",
    types: Annotated[
        Path | None, typer.Option(help="TOML file of account types, before the built-in one.", show_default=False)
    ] = None,
    lang: Language = "en",
    *,
    reading: dict[str, Any],
) -> None:
    """Follow victims' money: where it went under each rule, where it is now, and what to freeze first."""
    if (victims is None) == (from_case is None):
        hint = "whose money? name a table of payments here, or a case with --from-case"
        raise typer.BadParameter(hint, param_hint="--victims")
    reader(lang, reading["timezone"])
    from graphflow.terminal import Bar, print_trace
    from graphflow.tracing import trace_files
    from graphflow.view.trace_folder import write_trace

    with Bar() as bar:
        found = trace_files(
            sources,
            victims=victims,
            from_case=from_case,
            order=order,
            within=within,
            at=at,
            tolerance=tolerance,
            types=types,
            progress=bar.rows,
            tell=bar.stage,
            **reading,
        )
        bar.stage("write")
        write_trace(found, out, lang=lang, zone=reading["timezone"], command=_command())
    _say(found.warnings, found.truncated)
    _rejected(found.graph.ledger)
    print_trace(found, out)


@app.command(epilog="Example: `graphflow inspect samples/tour.csv`")
@with_reading_options
def inspect(
    sources: Sources,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.", rich_help_panel=_OUTPUT)] = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Say what is recognised in files before anything runs: format, columns, times, directions, where each row goes."""
    from graphflow import read_ledger
    from graphflow.terminal import Bar, print_sources

    with Bar() as bar:
        bar.stage("read")
        ledger = read_ledger(sources, progress=bar.rows, **reading)
    if as_json:
        from graphflow.inspection import described

        typer.echo(json.dumps(described(ledger), indent=1, ensure_ascii=False))
        return
    print_sources(ledger)
    _warn(ledger)


@app.command(epilog="Example: `graphflow dialects`")
def dialects() -> None:
    """List the formats that are recognised, with their names for `--dialect`."""
    from graphflow.read.dialects import DIALECTS
    from graphflow.terminal import print_dialects

    print_dialects(DIALECTS)


@app.command(
    epilog="Example: `graphflow rules > my-rules.toml`, change a number, `graphflow analyze … --rules my-rules.toml`"
)
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


@app.command(epilog="Example: `graphflow simulate --seed 7 --out out/simulated`")
def simulate(
    out: Annotated[Path, typer.Option("--out", "-o", help="A new or empty folder for the files.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same bytes.")] = 7,
    accounts: Annotated[int, typer.Option(help="Ordinary accounts of the town.")] = 2000,
    days: Annotated[int, typer.Option(help="Days that the records cover.")] = 30,
    dialect: Annotated[
        str,
        typer.Option(
            help="`two-sided` (transfers.csv), `bank-return` (a folder of one-sided statements in GB18030), `tenpay` "
            "(TenpayTrades.txt, in fen), or `all`: the same case in each.",
        ),
    ] = "all",
) -> None:
    """Make a labelled telecom-fraud ledger with look-alike traps, all people invented."""
    from graphflow import simulate as make
    from graphflow.simulate.result import places

    names = ", ".join(str(out / name) for name in places(dialect))
    simulation = make(seed=seed, accounts=accounts, days=days)
    simulation.write(out, dialect=dialect)
    typer.echo(f"{simulation.transfers.height:,} transfers → {names}; what was planted → {out / 'truth.json'}")


@app.command(epilog="Example: `graphflow evaluate out/simulated --truth out/simulated/truth.json`")
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


def main() -> None:
    """Run the command line; every error the user can fix becomes one line on stderr."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start threads that nothing here uses
    gc.disable()  # a run makes many objects and little garbage: looking for it costs more than it frees
    try:
        app()
    except GraphflowError as error:
        from graphflow.words import visible

        for line in getattr(error, "lines", ()):
            typer.echo(f"note: {visible(line)}", err=True)
        typer.echo(f"graphflow: {visible(str(error))}", err=True)
        sys.exit(1)
    except SystemExit as done:
        if done.code:
            raise
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # everything is written: taking gigabytes apart object by object would only cost time


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


def _command() -> list[str]:
    return ["graphflow", *sys.argv[1:]]


def _tell(analysis: Analysis) -> None:
    _warn(analysis.ledger)
    for line in (*analysis.findings.warnings, *analysis.graph.flow.types.warnings):
        typer.echo(f"note: {line}", err=True)
    for line in analysis.truncated:
        typer.echo(f"cut: {line}", err=True)


def _say(warnings: Sequence[str], truncated: Sequence[str]) -> None:
    from graphflow.words import visible

    for mark, lines in (("note", warnings), ("cut", truncated)):
        for line in lines:
            typer.echo(f"{mark}: {visible(line)}", err=True)


def _rejected(ledger: Ledger) -> None:
    from graphflow.words import count

    if number := sum(source.rows["rejected"] for source in ledger.sources):
        typer.echo(f"note: {count(number, 'row')} did not become a transfer: rejected.csv says why", err=True)


def _warn(ledger: Ledger) -> None:
    from graphflow.words import visible

    for line in ledger.warnings:
        typer.echo(f"note: {visible(line)}", err=True)
