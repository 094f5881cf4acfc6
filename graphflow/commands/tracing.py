"""The command that follows victims' money."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphflow.commands.shared import (
    OUTPUT,
    Executor,
    Language,
    Resume,
    Scheduler,
    Sources,
    Work,
    Workers,
    command_line,
    say,
    say_rejected,
    scale_of,
)
from graphflow.languages import reader
from graphflow.reading_options import with_reading_options

if TYPE_CHECKING:
    from graphflow.scale.analyzing import Scale
    from graphflow.terminal import Bar
    from graphflow.trace import Trace


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
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", rich_help_panel=OUTPUT)] = Path(
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
    executor: Executor = "auto",
    workers: Workers = 0,
    scheduler: Scheduler = "",
    work: Work = None,
    resume: Resume = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Follow victims' money: where it went under each rule, where it is now, and what to freeze first."""
    if (victims is None) == (from_case is None):
        hint = "whose money? name a table of payments here, or a case with --from-case"
        raise typer.BadParameter(hint, param_hint="--victims")
    reader(lang, reading["timezone"])
    from graphflow.terminal import Bar, print_trace
    from graphflow.view.trace_folder import write_trace

    scale = scale_of(sources, out, executor, workers, scheduler, work, resume=resume)
    asked: dict[str, Any] = {
        "victims": victims, "from_case": from_case, "order": order, "within": within, "at": at, "tolerance": tolerance,
        "types": types, **reading,
    }  # fmt: skip
    notes: list[str] = []
    with _at_work(scale, out, sources[0]), Bar() as bar:
        found = _whole(sources, bar, asked) if scale is None else _in_pieces(sources[0], scale, bar, notes, asked)
        bar.stage("write")
        write_trace(found, out, lang=lang, zone=reading["timezone"], command=command_line())
    say((*notes, *found.warnings), found.truncated)
    say_rejected(found.graph.ledger)
    print_trace(found, out)


def _at_work(scale: Scale | None, out: Path, store: Path) -> AbstractContextManager[None]:
    """The work folder held, where there is one."""
    if scale is None:
        return nullcontext()
    from graphflow.scale.workfolder import apart, at_work

    apart(scale.work, out, store)
    return at_work(scale.work)


def _whole(sources: list[Path], bar: Bar, asked: dict[str, Any]) -> Trace:
    """Trace records that are all in memory."""
    from graphflow.tracing import trace_files

    return trace_files(sources, progress=bar.rows, tell=bar.stage, **asked)


def _in_pieces(store: Path, scale: Scale, bar: Bar, notes: list[str], asked: dict[str, Any]) -> Trace:
    """Trace a store in pieces; `notes` takes what is to be said of the run."""
    from graphflow.scale.tracing import trace_store

    return trace_store(store, replace(scale, tell=bar.pieces), tell=bar.stage, note=notes.append, **asked)
