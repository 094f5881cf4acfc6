"""What a store holds, in one small file: which parts, of which days, from which sources.

Data files are written once and never changed. A new manifest takes the old one's place in one step, at the end: whoever
is interrupted leaves the old store, and files that nobody names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from graphflow import __version__
from graphflow.errors import SourceError
from graphflow.ledger import Source

NAME = "graphflow-store.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Part:
    """The transfers of one day, sorted by time: one Parquet file.

    day       by UTC; file: its name below the store; rows, bytes: to tell a damaged file
    decimals  of each currency, that amounts are in
    """

    day: date
    file: str
    rows: int
    bytes: int
    decimals: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All that is in a store.

    generation   how often something was ingested; names of new files bear it
    sources      every file that was ingested, with where its rows went; its number is its place, from 1 on
    precisions   per number of a source, the finest step of its times
    parts        by day; accounts, rejected: names of files, in the order in which they were added
    seen         fingerprint of each file's content → its path
    warnings     what a reader must know, from all ingests
    """

    generation: int = 0
    sources: tuple[Source, ...] = ()
    precisions: Mapping[int, timedelta] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    accounts: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Transfers in the store."""
        return sum(part.rows for part in self.parts)

    @property
    def decimals(self) -> dict[str, int]:
        """Of each currency, the most that a part has."""
        most: dict[str, int] = {}
        for part in self.parts:
            for code, places in part.decimals.items():
                most[code] = max(places, most.get(code, 0))
        return most

    @property
    def files(self) -> set[str]:
        """Names of all data files."""
        return {*(part.file for part in self.parts), *self.accounts, *self.rejected}


def is_store(folder: Path) -> bool:
    """Whether a folder is a store."""
    try:
        return (folder / NAME).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def load(folder: Path) -> Manifest:
    """The manifest of a store. Raises `SourceError` in one line."""
    path = folder / NAME
    try:
        told = json.loads(path.read_text("utf-8"))
        schema = told["schema"]
    except FileNotFoundError:
        raise SourceError(f"{folder}: is no store ({NAME} is missing); graphflow ingest makes one") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: cannot be read as a store's manifest ({_first_line(error)})") from error
    if schema != SCHEMA:
        raise SourceError(
            f"{path}: the store is of schema {schema}, made by graphflow {told.get('version', '?')}; this one reads "
            f"schema {SCHEMA}: use that version, or ingest the files anew"
        )
    try:
        return _typed(told)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(f"{path}: is damaged ({_first_line(error)}); restore it from a copy") from error


def save(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in the old one's place, in one step."""
    text = json.dumps(_plain(manifest), indent=1, ensure_ascii=False)
    draft = folder / f".{NAME}.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, folder / NAME)


def _plain(manifest: Manifest) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "version": __version__,
        "generation": manifest.generation,
        "sources": [asdict(source) for source in manifest.sources],
        "precisions": {str(number): step // timedelta(microseconds=1) for number, step in manifest.precisions.items()},
        "parts": [{**asdict(part), "day": part.day.isoformat()} for part in manifest.parts],
        "accounts": list(manifest.accounts),
        "rejected": list(manifest.rejected),
        "seen": dict(manifest.seen),
        "warnings": list(manifest.warnings),
    }


def _typed(told: Mapping[str, Any]) -> Manifest:
    return Manifest(
        generation=int(told["generation"]),
        sources=tuple(replace(Source(**source), title=tuple(source["title"])) for source in told["sources"]),
        precisions={int(number): timedelta(microseconds=step) for number, step in told["precisions"].items()},
        parts=tuple(Part(**{**part, "day": date.fromisoformat(part["day"])}) for part in told["parts"]),
        accounts=tuple(told["accounts"]),
        rejected=tuple(told["rejected"]),
        seen=dict(told["seen"]),
        warnings=tuple(told["warnings"]),
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
