"""What became of the cases since the run before, as a section of the report."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from graphflow.changes import Changes
from graphflow.languages import Reader
from graphflow.view.text import points_text
from graphflow.words import shown

MOST = 100
"""Cases that are listed; changes.csv has all."""
_TOLD = ("new", "grown", "closed")


def changes_section(changed: Changes, pages: Collection[str], to: Reader) -> dict[str, Any]:
    """The cases that are new, have grown or are closed: so many of each, and the first of them.

    pages  ids of the cases that have a page
    """
    numbers = changed.counts
    listed = [row for row in changed.table.iter_rows(named=True) if row["change"] in _TOLD]
    return {
        "where": shown(changed.where, 200),
        "counts": [(to.say(kind), f"{number:,}") for kind, number in numbers.items()],
        "rows": [_row(row, pages, to) for row in listed[:MOST]],
        "more": len(listed) - len(listed[:MOST]),
    }


def _row(row: dict[str, Any], pages: Collection[str], to: Reader) -> dict[str, Any]:
    gone = row["case_id"] is None
    return {
        "change": row["change"],
        "id": row["before"][0] if gone else row["case_id"],
        "linked": row["case_id"] in pages,
        "level": row["level"],
        "points": points_text(row["points"]),
        "before": "" if gone or row["points_before"] is None else points_text(row["points_before"]),
        "transactions": f"{row['transactions_added']:+,}" if row["change"] == "grown" else f"{row['transactions']:,}",
        "accounts": [shown(name, 44) for name in row["accounts_added"][:3]] if row["change"] == "grown" else [],
        "more_accounts": max(0, len(row["accounts_added"]) - 3) if row["change"] == "grown" else 0,
        "headline": shown(to.say(row["headline"]), 200),
    }
