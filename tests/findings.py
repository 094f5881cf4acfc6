"""What a detector finds in rows written by hand, as plain values."""

from __future__ import annotations

from typing import Any

from ledgers import graph_of

from graphflow.finding import Finding


def found(rows: list[Any], detector: Any) -> list[Finding]:
    """What a detector finds by itself, without the points of rarity that `gf.detect` adds."""
    return list(detector.find(graph_of(rows)))


def said(finding: Finding) -> dict[str, Any]:
    """A finding without its parts and reason."""
    return {
        "accounts": finding.accounts,
        "rows": finding.rows.tolist(),
        "amount": finding.amount,
        "currency": finding.currency,
        "measures": dict(finding.measures),
        "level": finding.level,
    }


def kinds(finding: Finding) -> dict[str, tuple[float, bool]]:
    """Points, and whether they are decisive, of each kind of evidence."""
    return {part.kind: (part.points, part.decisive) for part in finding.parts}
