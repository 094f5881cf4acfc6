"""How rare something is in the ledger itself: pairs that deal once, and binomial tails."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import Floats, Ints, Longs
from graphflow.kernels.engine import kernel


@kernel("void(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int64, int64, boolean[::1])")
def one_off(
    first: int,
    last: int,
    ptr: Longs,
    events: Ints,
    others: Ints,
    time: Longs,
    accounts: int,
    window: int,
    once: npt.NDArray[np.bool_],
) -> None:
    """Mark the payments of accounts first..last-1 whose payee got all its payments from them within one window."""
    since = np.zeros(accounts, np.int64)
    lasted = np.zeros(accounts, np.int64)
    met = np.full(accounts, -1, np.int32)
    for a in range(first, last):
        for p in range(ptr[a], ptr[a + 1]):
            other, now = others[p], time[events[p]]
            if met[other] != a:
                met[other] = a
                since[other] = now
            lasted[other] = now - since[other]
        for p in range(ptr[a], ptr[a + 1]):
            once[events[p]] = lasted[others[p]] <= window


@kernel("float64[::1](int64[::1], int64[::1], float64[::1])")
def tails(draws: Longs, least: Longs, share: Floats) -> Floats:
    """Per row, minus the decimal logarithm of the chance that at least `least` of so many draws hit a share.

    Terms of the binomial are added from `least` on until they no longer count; with a share of 0 or 1, or none
    asked for, the answer is 0: nothing is said.
    """
    points = np.zeros(draws.size, np.float64)
    for r in range(draws.size):
        n, k, q = draws[r], least[r], share[r]
        if k <= 0 or k > n or q <= 0.0 or q >= 1.0:
            continue
        log = math.lgamma(n + 1.0) - math.lgamma(k + 1.0) - math.lgamma(n - k + 1.0)
        log += k * math.log(q) + (n - k) * math.log1p(-q)
        term, total = 1.0, 1.0
        odds = q / (1.0 - q)
        for j in range(k + 1, n + 1):
            term *= odds * (n - j + 1) / j
            total += term
            if term < 1e-12 * total:
                break
        points[r] = max(0.0, -(log + math.log(total)) / math.log(10.0))
    return points
