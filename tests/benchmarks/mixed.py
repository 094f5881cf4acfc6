"""Real attempts in a background that their accounts take part in.

    cd tests && python -m benchmarks.mixed 1000000 1

writes, once, a ledger of about so many rows in AMLworld's format and the patterns file that goes with it: IBM's
labelled attempts in a background that has no patterns of its own. Each of their accounts is made one of the
background's (no hub), so that it has ordinary traffic too. The same seed gives the same bytes. The attempts are data
of others and lie beside the project.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from benchmarks.ledgers import FIRST_DAY, HEADER, HUBS, SLOT, cache_dir, make_ledger

PATTERNS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "amlworld" / "HI-Small_Patterns.txt"
VERSION = 2
Account = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """A ledger with real attempts in it, and the patterns file that says which rows they are."""

    csv: Path
    patterns: Path
    rows: int


def make_mixed(rows: int, seed: int) -> Mixed:
    """The files of one seed, made or found."""
    background = make_ledger(rows, seed, planted=False)
    stem = cache_dir() / f"mixed-v{VERSION}-{rows}-{seed}"
    mixed = Mixed(csv=stem.with_suffix(".csv"), patterns=stem.with_suffix(".txt"), rows=rows)
    if not (mixed.csv.exists() and mixed.patterns.exists()):
        _write(mixed, background.csv, np.random.default_rng(seed))
    return mixed


def _write(mixed: Mixed, background: Path, rng: np.random.Generator) -> None:
    header, *lines = background.read_text().splitlines(keepends=True)
    assert header == HEADER
    renamed = _renamed(PATTERNS.read_text().splitlines(keepends=True), lines, rng)
    planted = [line for line in renamed if _is_row(line)]
    every = lines + planted
    order = np.argsort([_slot(line) for line in every] + rng.random(len(every)), kind="stable")
    mixed.csv.write_text(header + "".join(every[k] for k in order))
    mixed.patterns.write_text("".join(renamed))


def _renamed(attempts: list[str], background: list[str], rng: np.random.Generator) -> list[str]:
    """The lines of the patterns file with each account made one of the background's."""
    busy: dict[Account, int] = {}
    for line in background:
        fields = line.split(",", 5)
        for account in ((fields[1], fields[2]), (fields[3], fields[4])):
            busy[account] = busy.get(account, 0) + 1
    hubs = set(sorted(busy, key=lambda account: -busy[account])[: 10 * HUBS])
    free = [account for account in busy if account not in hubs]
    pool = [free[k] for k in rng.permutation(len(free))]
    names: dict[Account, Account] = {}
    lines = []
    for line in attempts:
        if not _is_row(line):
            lines.append(line)
            continue
        time, *ends, rest = line.split(",", 5)
        new = [names.setdefault(end, pool[len(names)]) for end in ((ends[0], ends[1]), (ends[2], ends[3]))]
        lines.append(",".join([time, *new[0], *new[1], rest]))
    return lines


def _is_row(line: str) -> bool:
    return line[:1].isdigit()


def _slot(line: str) -> int:
    """Half hours since the first day: rows are in time order from one to the next and shuffled inside."""
    time = datetime.strptime(line[:16], "%Y/%m/%d %H:%M")
    return int((time - FIRST_DAY).total_seconds()) // (60 * SLOT)


if __name__ == "__main__":
    made = make_mixed(int(sys.argv[1]), int(sys.argv[2]))
    print(made.csv, made.patterns)
