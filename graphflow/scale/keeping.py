"""What stretches of time let through, kept from one run to the next: those that new transfers do not touch are not
looked at again.

A stretch is the same when its transfers and those of its reach are, number by number, and detectors look at it in the
same way. Accounts that were left out then must still be left out where they occur in it; that more are now does no
harm, since a sieve may let too much through.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from graphflow import __version__
from graphflow.detect import Detector
from graphflow.errors import SourceError
from graphflow.flow import microseconds
from graphflow.scale import packing
from graphflow.scale.columns import Columns
from graphflow.scale.part import Bools, Facts
from graphflow.scale.stored import Stored
from graphflow.scale.survey import Sieved, left_out
from graphflow.scale.tasks import Task, cut_by_time
from graphflow.scale.workfolder import CUTS
from graphflow.store.manifest import Manifest
from graphflow.words import count

_DAYS = "days.json"
"""How many transfers each day of the store had."""


@dataclass
class Keeping:
    """What is kept in a folder, and is to be kept of this run.

    reused  how many stretches were not looked at again; of: how many there are
    """

    folder: Path
    of: int = 0
    _names: dict[Task, str] = field(default_factory=dict)
    _reused: set[Task] = field(default_factory=set)

    @property
    def reused(self) -> int:
        return len(self._reused)

    def notes(self, manifest: Manifest, since: datetime) -> list[str]:
        """What is to be said of what came in since the run before; `since`: from when on transfers are new."""
        then = self._told(_DAYS)
        if not then:
            return ["nothing is kept of an earlier run: all is looked at, and kept for the next one"]
        now = {str(part.day): part.rows for part in manifest.parts}
        if any(now.get(day, 0) < rows for day, rows in then.items()):
            return ["the store has lost transfers since the run before: what differs is looked at"]
        late = sum(rows - then.get(day, 0) for day, rows in now.items() if day < str(since.astimezone(UTC).date()))
        if late:
            return [f"{count(late, 'transfer')} before {since:%Y-%m-%d} came in since the run before, and counts too"]
        return []

    def cuts(self, reach: int) -> Sequence[int]:
        """Where stretches of a reach began."""
        found: Sequence[int] = self._told(CUTS).get(str(reach), ())
        return found

    def _told(self, name: str) -> Mapping[str, Any]:
        try:
            told: Mapping[str, Any] = json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return told

    def reuse(self, source: Stored, tasks: Sequence[Task], detectors: Sequence[Detector], facts: Facts) -> None:
        """Put down the results of those stretches that are as they were."""
        self.folder.mkdir(exist_ok=True)
        self._names = {task: _named(source.columns, task, detectors) for task in tasks}
        self.of = len(tasks)
        out = _left_out(source, tasks, detectors, facts)
        for task, name in self._names.items():
            kept, rows = self._load(name), _rows_of(source.columns, task)
            if kept is not None and not _comes_back(source.columns, rows, kept, out[task.reach]):
                sieved = [_moved(each, kept, rows[0], facts.traffic.size) for each in kept["sieved"]]
                packing.save(task.result, sieved)
                self._reused.add(task)

    def _load(self, name: str) -> Mapping[str, Any] | None:
        """What was kept under a name; None where there is nothing, or it is damaged: it is made anew then."""
        with suppress(SourceError):
            kept: Mapping[str, Any] = packing.load(self.folder / name)
            return kept
        return None

    def keep(self, source: Stored, detectors: Sequence[Detector], facts: Facts) -> None:
        """Keep what the stretches of this run let through, and nothing else."""
        out = _left_out(source, list(self._names), detectors, facts)
        for task, name in self._names.items():
            if task not in self._reused:
                packing.save(
                    self.folder / name,
                    {
                        "first": _rows_of(source.columns, task)[0],
                        "accounts": facts.traffic.size,
                        "left_out": np.packbits(out[task.reach]),
                        "sieved": packing.load(task.result),
                    },
                )
        cuts: dict[int, list[int]] = {}
        for task in self._names:
            cuts.setdefault(microseconds(task.reach), []).append(task.times[0])
        packing.set_down(self.folder / CUTS, lambda file: file.write(json.dumps(cuts).encode()))
        days = {str(part.day): part.rows for part in source.manifest.parts}
        packing.set_down(self.folder / _DAYS, lambda file: file.write(json.dumps(days).encode()))
        for path in self.folder.glob("*.npz"):
            if path.name not in self._names.values():
                path.unlink()


def _named(columns: Columns, task: Task, detectors: Sequence[Detector]) -> str:
    """The name of a file: what a stretch is made of and what is asked of it."""
    asked = [repr(detectors[number]) for number, cut in cut_by_time(detectors) if cut.reach == task.reach]
    told = [__version__, asked, task.times, _digest(columns, *_rows_of(columns, task))]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:40] + ".npz"


def _rows_of(columns: Columns, task: Task) -> tuple[int, int]:
    """The rows that a stretch is looked at with, from the first to before the last."""
    return columns.row_at(task.times[0]), columns.row_at(task.times[1] + microseconds(task.reach))


def _digest(columns: Columns, first: int, last: int) -> str:
    """What some rows are made of, as far as a sieve looks at them."""
    found = hashlib.blake2b(digest_size=20)
    for a, b in columns.chunks(first, last):
        for name in ("time", "payer", "payee", columns.valued):
            found.update(columns.read(name, a, b).data)
    return found.hexdigest()


def _left_out(
    source: Stored, tasks: Sequence[Task], detectors: Sequence[Detector], facts: Facts
) -> dict[timedelta, Bools]:
    """The accounts that are left out of the stretches of each reach."""
    cuts = [cut for _, cut in cut_by_time(detectors)]
    reaches = {task.reach for task in tasks}
    return {reach: left_out([cut for cut in cuts if cut.reach == reach], source.head, facts) for reach in reaches}


def _comes_back(columns: Columns, rows: tuple[int, int], kept: Mapping[str, Any], now: Bools) -> bool:
    """Whether an account that was left out then is not now, and occurs among these rows."""
    then = np.unpackbits(kept["left_out"], count=kept["accounts"]).astype(np.bool_)
    back = np.zeros(now.size, np.bool_)
    back[: then.size] = then & ~now[: then.size]
    if not back.any():
        return False
    return any(back[columns.read(end, a, b)].any() for a, b in columns.chunks(*rows) for end in ("payer", "payee"))


def _moved(sieved: Sieved, kept: Mapping[str, Any], first: int, accounts: int) -> Sieved:
    """What a stretch let through, by the places that its rows have now, and by as many accounts as there are now."""
    payer, payee = np.divmod(sieved.pairs, max(1, kept["accounts"]))
    return Sieved(places=sieved.places + (first - kept["first"]), pairs=payer * accounts + payee)
