"""A course: what one unit of a currency is worth in another, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY = 86_400_000_000
"""One day in the ledger's time unit."""
ALWAYS = -(10**7)
"""A day before all others, whose time still is a whole number of 64 bits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """Rates that hold from one day to the next change.

    whole   one rate for all of it, where a single number is needed
    starts  days since 1970 from which each of `rates` holds, rising; the first is before all days
    days    days that have a rate of their own
    """

    whole: float
    starts: Longs
    rates: Floats
    days: int = 0

    @classmethod
    def flat(cls, rate: float) -> Course:
        """The same rate on all days."""
        return cls(whole=rate, starts=np.array([ALWAYS]), rates=np.array([rate]))

    @classmethod
    def with_days(cls, whole: float, daily: Mapping[int, float]) -> Course:
        """Some days have their own rate; all others that of the whole.

        >>> Course.with_days(7.0, {3: 7.5}).at(np.array([2, 3, 4])).tolist()
        [7.0, 7.5, 7.0]
        """
        steps = {ALWAYS: whole, **{day + 1: whole for day in daily}, **daily}
        starts = sorted(steps)
        return cls(whole=whole, starts=np.array(starts), rates=np.array([steps[s] for s in starts]), days=len(daily))

    @classmethod
    def from_dates(cls, dated: Mapping[int, float], last: int) -> Course:
        """Each rate holds until the next date, the first one before that too; `whole` is the one on day `last`.

        >>> Course.from_dates({3: 7.5, 5: 8.0}, last=4).at(np.array([1, 4, 9])).tolist()
        [7.5, 7.5, 8.0]
        """
        days = sorted(dated)
        rates = np.array([dated[day] for day in days])
        made = cls(whole=0.0, starts=np.array([ALWAYS, *days[1:]]), rates=rates, days=len(days) if days[1:] else 0)
        return cls(whole=float(made.at(np.array([last]))[0]), starts=made.starts, rates=rates, days=made.days)

    def at(self, days: Longs) -> Floats:
        """The rate on each of some days."""
        rates: Floats = self.rates[np.searchsorted(self.starts, days, "right") - 1]
        return rates

    def inverse(self) -> Course:
        """What one unit of the other currency is worth in this one."""
        return Course(whole=1 / self.whole, starts=self.starts, rates=1 / self.rates, days=self.days)

    def times(self, other: Course) -> Course:
        """This course, valued by the course of the currency it is in."""
        starts = np.union1d(self.starts, other.starts)
        days = max(self.days, other.days)
        return Course(
            whole=self.whole * other.whole, starts=starts, rates=self.at(starts) * other.at(starts), days=days
        )
