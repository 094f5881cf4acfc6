"""Commands about records: what is in files, which formats there are, a store of them, and invented ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from graphflow.commands.shared import OUTPUT, Sources, say, warn
from graphflow.reading_options import with_reading_options


@with_reading_options
def inspect(
    sources: Sources,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.", rich_help_panel=OUTPUT)] = False,
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
    warn(ledger)


def dialects() -> None:
    """List the formats that are recognised, with their names for `--dialect`."""
    from graphflow.read.dialects import DIALECTS
    from graphflow.terminal import print_dialects

    print_dialects(DIALECTS)


@with_reading_options
def ingest(
    sources: Sources,
    store: Annotated[Path, typer.Option("--store", help="Folder of the store; made where there is none.")],
    *,
    reading: dict[str, Any],
) -> None:
    """Add records to a store: a ledger on disk that `analyze` and `trace` read wherever they take a source."""
    from graphflow.store import ingest as run
    from graphflow.terminal import Bar, print_ingested

    with Bar() as bar:
        bar.stage("ingest")
        done = run(sources, store, progress=bar.rows, **reading)
    say(done.warnings, ())
    print_ingested(done, store)


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
