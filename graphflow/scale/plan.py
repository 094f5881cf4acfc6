"""How a ledger is cut, and what that needs to know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from graphflow.flow import microseconds
from graphflow.ledger import Ledger
from graphflow.scale.columns import Columns
from graphflow.scale.pieces import Codes, Stretch

BUCKET, STRETCH = 1_500_000, 1_500_000
"""Transfers of a bucket of accounts and of a stretch of time; an account or a moment that has more is one piece."""
_MOST = 12_000_000


@dataclass(frozen=True)
class Plan:
    """How a ledger is cut: buckets of account codes that follow each other, and stretches of time that do."""

    buckets: tuple[Codes, ...]
    stretches: tuple[Stretch, ...]

    @classmethod
    def at(cls, codes: Iterable[int], times: Iterable[int]) -> Plan:
        """Cut at these account codes and times, of which the first and the last are the ends."""
        return cls(tuple(pairwise(codes)), tuple(pairwise(times)))

    @classmethod
    def of(cls, columns: Columns, accounts: int, *, bucket: int = BUCKET) -> Plan:
        """Buckets of about so many transfers each; stretches are cut by what is asked of them (`stretches_of`)."""
        degree = np.zeros(accounts, np.int64)
        for first, last in columns.chunks():
            for name in ("payer", "payee"):
                degree += np.bincount(columns.read(name, first, last), minlength=accounts)
        codes = np.searchsorted(np.cumsum(degree), np.arange(bucket, int(degree.sum()), bucket)) + 1
        return cls.at(np.unique([0, *codes, accounts]).tolist(), [])


def stretches_of(columns: Columns, reach: int, stretch: int, before: Iterable[int] = ()) -> tuple[Stretch, ...]:
    """Stretches of time of about so many transfers, and more where the time after them that is looked at has many.

    reach   microseconds after a stretch that are looked at with it: they are read again, so it has a third as many
    before  where stretches began in an earlier run: they do again
    """
    if not columns.size:
        return ()
    first = int(columns.read("time", 0, 1)[0])
    last = int(columns.read("time", columns.size - 1, columns.size)[0])
    again = max(columns.row_at(first + k * reach) - columns.row_at(first + (k - 1) * reach) for k in (1, 2))
    step = max(stretch, min(again, _MOST) // 3)
    times = sorted({first, *(time for time in before if first < time <= last), last + 1})
    for begin, end in pairwise([columns.row_at(time) for time in times]):
        times += [int(columns.read("time", row, row + 1)[0]) for row in range(begin + step, end - step // 2, step)]
    return tuple(pairwise(sorted(set(times))))


def span_of(some: Ledger) -> int:
    """Microseconds from the first to the last transfer of the ledger of which this is a part."""
    if not some.whole_height:
        return 0
    first, last = some.period
    return microseconds(last - first)
