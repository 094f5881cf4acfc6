"""Which transactions a page lists where it has no room for all, and what a page says of all that it leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.languages import Reader
from graphflow.view.picture import Picture
from graphflow.view.text import many

Positions = npt.NDArray[np.int64]


def fair_share(cited: Sequence[Positions], total: int, most: int) -> list[int]:
    """Positions of the transactions that are listed, in their order (time). Every finding has its share of the room.

    cited  of each finding, the positions of its transactions; total: how many transactions there are in all

    The smallest findings come first, so that one with few transactions keeps them all beside a huge one. What the small
    ones leave free goes to the larger ones. Of a finding that has more than its share, the first ones are listed.

    >>> fair_share([np.arange(8), np.array([8, 9])], total=10, most=6)
    [0, 1, 2, 3, 8, 9]
    """
    if total <= most:
        return list(range(total))
    listed = np.zeros(total, np.bool_)
    room = most
    ranked = sorted(range(len(cited)), key=lambda i: (len(cited[i]), i))
    for place, index in enumerate(ranked):
        new = cited[index][~listed[cited[index]]]
        taken = new[: -(-room // (len(ranked) - place))]  # rounded up: of a last odd place somebody has the use
        listed[taken] = True
        room -= taken.size
    listed[np.flatnonzero(~listed)[:room]] = True
    return [int(position) for position in np.flatnonzero(listed)]


def left_out(drawn: Picture, listed: int, to: Reader, *, largest: bool, file: str) -> list[str]:
    """What is not in the picture, or not in the table, in words. The same words on every page.

    listed   how many transactions the table has; largest: the largest ones, or a fair share of every finding
    file     where all of them are
    """
    lines = []
    if drawn.folded:
        text = "{n} of {of} accounts are folded into boxes (“and … more”)."
        lines.append(to.say(text, n=f"{drawn.folded:,}", of=f"{len(drawn.accounts):,}"))
    if drawn.unseen:
        one, more = "{n} edge with the smallest amounts not drawn.", "{n} edges with the smallest amounts not drawn."
        lines.append(many(to, drawn.unseen, one, more))
    if listed < drawn.total:
        counts = {"n": f"{listed:,}", "of": f"{drawn.total:,}", "file": file}
        lines.append(
            to.say("The table lists the {n} of {of} transactions that carried the most; {file} has all.", **counts)
            if largest
            else to.say(
                "The table lists {n} of {of} transactions: those of small findings, and the first ones of large ones; "
                "{file} has all.",
                **counts,
            )
        )
    return lines


def listed_here(fact: Mapping[str, Any], to: Reader) -> str:
    """How many of the transactions of a finding the page has, where it has not all. `fact`: its `rows`, and `of`."""
    if "of" not in fact:
        return ""
    return to.say("{n} of {of} transactions listed here", n=f"{len(fact['rows']):,}", of=f"{fact['of']:,}")
