"""What amounts in several currencies are worth in one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import Floats, Longs
from graphflow.kernels.engine import kernel


@kernel("int64[::1](int64[::1], int16[::1], int64[::1], float64[:, ::1])")
def worth(paid: Longs, currency: npt.NDArray[np.int16], bounds: Longs, factor: npt.NDArray[np.float64]) -> Longs:
    """Each amount times a factor, to the nearest whole unit (a half to the even one).

    bounds  stretches of rows in time order: those from bounds[s] to bounds[s + 1] take factor[s, currency]
    """
    values = np.empty(paid.size, np.int64)
    for s in range(bounds.size - 1):
        for e in range(bounds[s], bounds[s + 1]):
            by = factor[s, currency[e]]
            values[e] = paid[e] if by == 1.0 else int(np.rint(paid[e] * by))
    return values


@kernel("int64[::1](float64[::1], int64[::1], float64)")
def witnesses(ratio: Floats, who: Longs, width: float) -> Longs:
    """Per entry of rising ratios, how many different `who` there are from it to `width` above it."""
    size = ratio.size
    number = np.zeros(size, np.int64)
    times = np.zeros(1 + (who.max() if size else 0), np.int64)
    stop, here = 0, 0
    for start in range(size):
        while stop < size and ratio[stop] <= ratio[start] + width:
            if times[who[stop]] == 0:
                here += 1
            times[who[stop]] += 1
            stop += 1
        number[start] = here
        times[who[start]] -= 1
        if times[who[start]] == 0:
            here -= 1
    return number
