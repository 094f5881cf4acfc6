"""What every account received and paid in all, and how long money stayed with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from graphflow.flow import Flow

Longs = npt.NDArray[np.int64]

DWELL = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, eq=False)
class Totals:
    """One entry an account, self-transfers left out.

    received, paid  how many transfers; got, gave: their value
    moved           the value it moved on within 24 hours, first in first out; waited: that × microseconds it stayed
    """

    received: Longs
    paid: Longs
    got: Longs
    gave: Longs
    moved: Longs
    waited: npt.NDArray[np.float64]

    @classmethod
    def of(cls, flow: Flow) -> Totals:
        """Those of a flow's accounts."""
        lots = flow.lots(DWELL)
        return cls(
            received=np.diff(flow.received.ptr),
            paid=np.diff(flow.sent.ptr),
            got=flow.received.sums(),
            gave=flow.sent.sums(),
            moved=lots.moved,
            waited=lots.waited,
        )

    @classmethod
    def joined(cls, parts: Sequence[Totals]) -> Totals:
        """Those of accounts that follow each other; there is one part at least."""
        return cls(
            **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)}
        )

    def part(self, codes: slice) -> Totals:
        """Those of some accounts."""
        return Totals(**{field.name: getattr(self, field.name)[codes] for field in fields(self)})

    @property
    def stays(self) -> npt.NDArray[np.float64]:
        """The seconds that matched money stays on average, weighted by value; NaN: none."""
        return seconds_of(self.moved, self.waited)


def seconds_of(moved: Longs, waited: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How long what was moved on had waited on average, of value × microseconds; NaN where nothing was."""
    seconds = np.full(moved.size, np.nan)
    np.divide(waited / 1e6, moved, out=seconds, where=moved > 0)
    return seconds
