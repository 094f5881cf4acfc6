"""Fan-in and fan-out: distinct counterparties of an account in a sliding window."""

from __future__ import annotations

import numpy as np

from graphflow.kernels.csr import Floats, Ints, Longs
from graphflow.kernels.engine import kernel
from graphflow.kernels.grow import taller


@kernel(
    "Tuple((int64[:, ::1], int64))(int64, int64, int64[::1], int32[::1], int32[::1], int64[::1], int64, int64, int64)"
)
def episodes(
    first: int,
    last: int,
    ptr: Longs,
    events: Ints,
    others: Ints,
    time: Longs,
    accounts: int,
    window: int,
    minimum: int,
) -> tuple[Longs, int]:
    """Maximal episodes of accounts first..last-1.

    A position is hot when the window that ends with it (its time less `window`, inclusive, and ties after
    it in ledger order left out) holds at least `minimum` distinct other ends. An episode is a run of hot
    windows of which each shares a transaction with the one before.
    Returns rows (account, start, stop, most distinct at once) over the positions of `events`, and their number.
    """
    found = np.empty((64, 4), np.int64)
    number = 0
    inside = np.zeros(accounts, np.int32)
    for a in range(first, last):
        begin, end = ptr[a], ptr[a + 1]
        if end - begin < minimum:
            continue
        low = begin
        distinct = 0
        start, stop, peak = -1, -1, 0
        for p in range(begin, end):
            if inside[others[p]] == 0:
                distinct += 1
            inside[others[p]] += 1
            now = time[events[p]]
            while now - time[events[low]] > window:
                inside[others[low]] -= 1
                if inside[others[low]] == 0:
                    distinct -= 1
                low += 1
            if distinct < minimum:
                continue
            if start >= 0 and low >= stop:
                found = _row(found, number, a, start, stop, peak)
                number += 1
                start = -1
            if start < 0:
                start, peak = low, 0
            stop = p + 1
            if distinct > peak:
                peak = distinct
        if start >= 0:
            found = _row(found, number, a, start, stop, peak)
            number += 1
        for p in range(low, end):
            inside[others[p]] = 0
    return found, number


@kernel("int64[:, ::1](int64[:, ::1], int64, int64, int64, int64, int64)")
def _row(table: Longs, number: int, account: int, start: int, stop: int, peak: int) -> Longs:
    """Write one row of the table, which grows when it is full."""
    if number == table.shape[0]:
        table = taller(table)
    table[number, 0] = account
    table[number, 1] = start
    table[number, 2] = stop
    table[number, 3] = peak
    return table


@kernel(
    "Tuple((int64[:, ::1], float64[:, ::1]))(int64[:, ::1], int64[::1], int32[::1], int32[::1], int64[::1], "
    "int64[::1], int64[::1], int64, int64)"
)
def describe(
    found: Longs,
    ptr: Longs,
    events: Ints,
    others: Ints,
    values: Longs,
    time: Longs,
    moved: Longs,
    accounts: int,
    window: int,
) -> tuple[Longs, Floats]:
    """Facts of each episode.

    moved  per event, the part of its value that FIFO matching moved on (or that funded it)
    Returns integers (distinct other ends, those of them whose transfers with this account all lie within one
    window, in the whole ledger, sum of values, sum of moved) and floats (mean and standard deviation of the values).
    """
    number = found.shape[0]
    whole = np.zeros((number, 4), np.int64)
    spread = np.zeros((number, 2), np.float64)
    since = np.zeros(accounts, np.int64)
    lasted = np.zeros(accounts, np.int64)
    met = np.full(accounts, -1, np.int64)
    counted = np.full(accounts, -1, np.int64)
    previous = -1
    for k in range(number):
        a, start, stop = found[k, 0], found[k, 1], found[k, 2]
        if a != previous:
            for p in range(ptr[a], ptr[a + 1]):
                other, now = others[p], time[events[p]]
                if met[other] != a:
                    met[other] = a
                    since[other] = now
                lasted[other] = now - since[other]
            previous = a
        squares = 0.0
        for p in range(start, stop):
            whole[k, 2] += values[p]
            whole[k, 3] += moved[events[p]]
            squares += float(values[p]) * float(values[p])
            if counted[others[p]] != k:
                counted[others[p]] = k
                whole[k, 0] += 1
                if lasted[others[p]] <= window:
                    whole[k, 1] += 1
        mean = whole[k, 2] / (stop - start)
        spread[k, 0] = mean
        spread[k, 1] = np.sqrt(max(0.0, squares / (stop - start) - mean * mean))
    return whole, spread
