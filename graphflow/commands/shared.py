"""The command line itself, the options that several commands share, and what is said on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphflow import __version__

if TYPE_CHECKING:
    from datetime import datetime

    from graphflow.analysis import Analysis
    from graphflow.ledger import Ledger
    from graphflow.scale.analyzing import Scale

app = typer.Typer(
    name="graphflow",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Find laundering patterns in transaction records. Every result cites its source rows.",
    epilog="Results are leads for a person to judge, not verdicts.",
)

INPUT, RULES, OUTPUT, SCALE = "Reading", "Rules", "Output", "Large stores"

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
        help="CSV of what currencies are worth: currency, rate, and if need be date and base.", rich_help_panel=INPUT
    ),
]
Language = Annotated[
    str,
    typer.Option(
        "--lang",
        help="Language of the pages: `en` or `zh`. Their clock is that of `--timezone`.",
        rich_help_panel=OUTPUT,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set one parameter, over the rules: `cycle.window=48h`, `fan-out.off=true`. May come several times.",
        metavar="DETECTOR.PARAMETER=VALUE",
        rich_help_panel=RULES,
        show_default=False,
    ),
]

Executor = Annotated[
    str,
    typer.Option(
        help="Work a store off in pieces, in bounded memory: `threads`, `processes`, or `dask`. `auto`: threads, for a "
        "store of 10 million transfers or more.",
        rich_help_panel=SCALE,
    ),
]
Workers = Annotated[
    int, typer.Option(min=0, help="Workers of `--executor`; 0: as suits the machine.", rich_help_panel=SCALE)
]
Scheduler = Annotated[
    str,
    typer.Option(help="Address of a Dask scheduler, `tcp://host:8786`.", metavar="ADDRESS", rich_help_panel=SCALE),
]
Work = Annotated[
    Path | None,
    typer.Option(help="Folder for pieces while they are worked on.", rich_help_panel=SCALE, show_default="OUT.work"),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where a run was stopped.", rich_help_panel=SCALE)]


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


def scale_of(
    sources: list[Path], out: Path, executor: str, workers: int, scheduler: str, work: Path | None, *, resume: bool,
    since: datetime | None = None,
) -> Scale | None:  # fmt: skip
    """How a store is worked off in pieces; None where it is looked at as a whole."""
    from graphflow.scale.choosing import scale_of as chosen

    folder = work or out.with_name(f"{out.name}.work")
    return chosen(sources, folder, executor, workers, scheduler, resume=resume, since=since)


# --- what is said -----------------------------------------------------------------------------------


def command_line() -> list[str]:
    return ["graphflow", *sys.argv[1:]]


def tell(analysis: Analysis) -> None:
    warn(analysis.ledger)
    for line in (*analysis.findings.warnings, *analysis.graph.flow.types.warnings):
        typer.echo(f"note: {line}", err=True)
    for line in analysis.truncated:
        typer.echo(f"cut: {line}", err=True)


def say(warnings: Sequence[str], truncated: Sequence[str]) -> None:
    from graphflow.words import visible

    for mark, lines in (("note", warnings), ("cut", truncated)):
        for line in lines:
            typer.echo(f"{mark}: {visible(line)}", err=True)


def say_rejected(ledger: Ledger) -> None:
    from graphflow.words import count

    if number := sum(source.rows["rejected"] for source in ledger.sources):
        typer.echo(f"note: {count(number, 'row')} did not become a transfer: rejected.csv says why", err=True)


def warn(ledger: Ledger) -> None:
    from graphflow.words import visible

    for line in ledger.warnings:
        typer.echo(f"note: {visible(line)}", err=True)
