"""The command line's options of how files are read: one list, for every command that reads files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

_INPUT = "Reading"


def _option(kind: Any, default: Any, text: str, *names: str, metavar: str | None = None) -> inspect.Parameter:
    info = typer.Option(*names, help=text, rich_help_panel=_INPUT, metavar=metavar)
    return inspect.Parameter(
        "named_later", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )


_OPTIONS: dict[str, inspect.Parameter] = {
    "columns": _option(
        str | None,
        None,
        "Which column is which: `payer=FROM,payee=TO,amount=SUM`, or a TOML file that says so. It is remembered for "
        "files with the same header.",
        "--map",
    ),
    "dialect": _option(str | None, None, "Name of the format, where it is not recognised: `graphflow dialects`."),
    "encoding": _option(str | None, None, "Encoding of text files, such as gb18030 or cp1252; found if not given."),
    "time_format": _option(str | None, None, "How times are written, as `%d/%m/%Y %H:%M`, `epoch_s` or `epoch_ms`."),
    "timezone": _option(str, "UTC", "Zone of times that state none."),
    "currency": _option(str | None, None, "Currency of a file that has no currency column."),
    "decimal": _option(
        str | None, None, "What stands before the decimals, where files do not prove it.", metavar="comma|point"
    ),
    "account": _option(str | None, None, "The account of a statement that does not name it."),
    "in_words": _option(
        list[str] | None,
        None,
        "A word that marks money in, in a one-sided file. May come several times.",
        metavar="WORD",
    ),
    "out_words": _option(list[str] | None, None, "A word that marks money out; may come again.", metavar="WORD"),
}


def with_reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command that gets, as `reading`, a dict of `read_ledger`'s options, each an option of the command line."""
    own = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    kept = [p.replace(annotation=hints[p.name]) for p in own.parameters.values() if p.name != "reading"]
    added = [option.replace(name=name) for name, option in _OPTIONS.items()]

    @wraps(command)
    def wrapped(**given: Any) -> None:
        reading = {name: given.pop(name) for name in _OPTIONS}
        reading["mapping"] = _mapping(reading.pop("columns"))
        for words in ("in_words", "out_words"):
            reading[words] = tuple(reading[words] or ())
        command(**given, reading=reading | {"remembered": remembered_folder()})

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*kept, *added)]
    wrapped.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    return wrapped


def remembered_folder() -> Path:
    """Where mappings are remembered: GRAPHFLOW_MAPPINGS, else the user's folder for settings."""
    import os

    return Path(os.environ.get("GRAPHFLOW_MAPPINGS") or Path(typer.get_app_dir("graphflow")) / "mappings")


def _mapping(columns: str | None) -> dict[str, str] | Path | None:
    """`a=B,c=D` as a mapping; a text without = is the name of a TOML file."""
    if columns is None:
        return None
    if "=" not in columns:
        return Path(columns)
    pairs = [pair.partition("=") for pair in columns.split(",")]
    return {field.strip(): header.strip() for field, _, header in pairs}
