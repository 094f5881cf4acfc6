"""The steps of a page's clock: its time slider moves by them, and its histogram adds up by them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from graphflow.languages import Reader
from graphflow.view.text import lasting

MOST = 120
_SECONDS = tuple(timedelta(seconds=n) for n in (1, 5, 10, 30))
_STEPS = (
    *(timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=n) for n in (1, 2, 3, 6, 12)),
    *(timedelta(days=n) for n in (1, 2, 7, 14, 30, 91, 365)),
)
_YEAR = timedelta(days=365)


def step_of(length: timedelta, *, seconds: bool) -> timedelta:
    """The shortest usual step of which few enough cover a length of time.

    >>> step_of(timedelta(hours=3), seconds=False), step_of(timedelta(days=18), seconds=False)
    (datetime.timedelta(seconds=120), datetime.timedelta(seconds=21600))
    """
    steps = (*_SECONDS, *_STEPS) if seconds else _STEPS
    return next((step for step in steps if length < step * (MOST - 1)), _YEAR * -(-length // (_YEAR * (MOST - 1))))


def bins(times: Sequence[datetime], form: str, to: Reader) -> dict[str, Any]:
    """Where the steps begin and the last one ends: seconds since the first time, and by the reader's clock.

    The first step begins at a round time of the reader's clock, at or before the first time.
    """
    if not times:
        return {"at": [0, 1], "text": ["", ""], "step": ""}
    first, last = min(times), max(times)
    step = step_of(last - first, seconds="%S" in form)
    begin = first - _past(first.astimezone(ZoneInfo(to.zone)), step)
    count = (last - begin) // step + 1
    edges = [begin + step * place for place in range(count + 1)]
    exact = form if step < timedelta(minutes=1) else "%Y-%m-%d %H:%M"
    return {
        "at": [(edge - first).total_seconds() for edge in edges],
        "text": [to.moment(edge, exact) for edge in edges],
        "step": lasting(step.total_seconds(), to),
    }


def _past(local: datetime, step: timedelta) -> timedelta:
    """How long after a round time of its own clock a time is; steps of days begin at midnight."""
    clock = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return clock % min(step, timedelta(days=1))
