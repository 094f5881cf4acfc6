"""What freezing would have kept, as a curve: share of the loss by the delay, one line a number of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from graphflow.trace import Trace

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 240, 44, 26
_ROOM = 92
"""Of the width, for the words at the end of each line."""


@dataclass(frozen=True)
class Line:
    """One line: its points, and where and what its words are."""

    points: str
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Curve:
    """Lines over the delays, evenly spaced, and the marks of both axes as (position, text)."""

    currency: str
    lines: Sequence[Line]
    delays: Sequence[tuple[float, str]]
    shares: Sequence[tuple[float, str]]
    assumes: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def curve(trace: Trace, assumes: str) -> Curve | None:
    """The curve in the currency in which most was lost; None where nothing was."""
    table = trace.freeze_simulator
    if not table.height:
        return None
    currency = table.sort("lost", "currency", descending=[True, False])["currency"][0]
    table = table.filter(pl.col("currency") == currency)
    delays = table["delay_minutes"].unique().sort().to_list()
    top = max(0.1, min(1.0, -(-max(map(float, table["share"].to_list())) // 0.1) * 0.1))  # the next tenth
    place = {delay: LEFT + k * (WIDTH - LEFT - _ROOM) / max(len(delays) - 1, 1) for k, delay in enumerate(delays)}

    def height(share: float) -> float:
        return round(8 + (HEIGHT - BOTTOM - 8) * (1 - share / top), 1)

    lines = []
    for accounts in table["accounts"].unique(maintain_order=True).to_list():
        part = table.filter(pl.col("accounts") == accounts).sort("delay_minutes")
        at = [(round(place[d], 1), height(float(s))) for d, s in part.select("delay_minutes", "share").iter_rows()]
        words = "all accounts" if accounts == "all" else f"first {accounts}"
        lines.append(Line(" ".join(f"{x},{y}" for x, y in at), at[-1][0] + 6, at[-1][1] + 4, words))
    return Curve(
        currency=currency,
        lines=_apart(lines),
        delays=[(round(x, 1), _minutes(delay)) for delay, x in place.items()],
        shares=[(height(k * top / 4), f"{100 * k * top / 4:.0f} %") for k in range(5)],
        assumes=assumes,
    )


def _apart(lines: list[Line]) -> list[Line]:
    """Words of lines that end close together are moved down until each can be read."""
    placed: list[Line] = []
    for line in sorted(lines, key=lambda one: one.y):
        y = max(line.y, placed[-1].y + 13) if placed else line.y
        placed.append(Line(line.points, line.x, y, line.words))
    return placed


def _minutes(delay: int) -> str:
    return f"{delay} min" if delay < 60 else f"{delay // 60} h"
