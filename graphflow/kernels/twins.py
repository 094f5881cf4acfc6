"""Two one-sided records of one transfer, found 1:1 among records of equal parties and amount."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

NONE = -1
_TABLE = 1 << 16
_FAR = 1 << 40


@kernel("void(int64[::1], int64[::1], uint8[::1], int64[::1], int64[::1], boolean, int64[::1])")
def pair(key: Longs, time: Longs, out: Flags, serial: Longs, tolerance: Longs, strict: bool, twin: Longs) -> None:
    """Give each record the other side of its transfer.

    key        equal for records of one payer, payee, amount and currency; rows are sorted by key and time
    out        1: the payer's record, 0: the payee's
    serial     number of the serial, `NONE` where there is none
    tolerance  how far the other side of a row may be in time: the larger of two counts
    strict     two records with different serials are not of one transfer
    twin       receives the row of the other side, `NONE` where there is none
    """
    twin[:] = NONE
    size, i = key.size, 0
    early = _earliest(key, time, tolerance)
    while i < size:
        late, j = time[i] + tolerance[i], i + 1
        # Rows part where no row before can be the other side of a row behind, whichever of them is the coarser
        while j < size and key[j] == key[i] and (time[j] <= late or early[j] <= time[j - 1]):
            late = max(late, time[j] + tolerance[j])
            j += 1
        if j - i > 1:
            _by_serial(i, j, time, out, serial, tolerance, twin)
            _by_time(i, j, time, out, serial, tolerance, strict, twin)
        i = j


@kernel("int64[::1](int64[::1], int64[::1], int64[::1])")
def _earliest(key: Longs, time: Longs, tolerance: Longs) -> Longs:
    """For each row how early the other side of it, or of a later row of its key, may be."""
    early = time - tolerance
    for k in range(key.size - 2, -1, -1):
        if key[k] == key[k + 1]:
            early[k] = min(early[k], early[k + 1])
    return early


@kernel("int64(int64, int64, int64[::1])")
def _widest(i: int, j: int, tolerance: Longs) -> int:
    """The largest tolerance of rows i to j."""
    widest: int = tolerance[i]
    for k in range(i + 1, j):
        widest = max(widest, tolerance[k])
    return widest


@kernel("void(int64, int64, int64[::1], uint8[::1], int64[::1], int64[::1], int64[::1])")
def _by_serial(i: int, j: int, time: Longs, out: Flags, serial: Longs, tolerance: Longs, twin: Longs) -> None:
    """Records that share a serial, in order of time."""
    widest, first = _widest(i, j, tolerance), i
    for a in range(i, j):
        if not out[a] or serial[a] == NONE:
            continue
        while time[first] < time[a] - widest:
            first += 1
        for b in range(first, j):
            if time[b] > time[a] + widest:
                break
            if out[b] or twin[b] != NONE or serial[b] != serial[a]:
                continue
            if abs(time[a] - time[b]) <= max(tolerance[a], tolerance[b]):
                twin[a], twin[b] = b, a
                break


@kernel("void(int64, int64, int64[::1], uint8[::1], int64[::1], int64[::1], boolean, int64[::1])")
def _by_time(
    i: int, j: int, time: Longs, out: Flags, serial: Longs, tolerance: Longs, strict: bool, twin: Longs
) -> None:
    """The rest: as many pairs as there can be without two of them crossing, and of those the nearest in time."""
    outs, ins = np.empty(j - i, np.int64), np.empty(j - i, np.int64)
    n = m = 0
    for k in range(i, j):
        if twin[k] == NONE and out[k]:
            outs[n] = k
            n += 1
        elif twin[k] == NONE:
            ins[m] = k
            m += 1
    if n == 0 or m == 0:
        return
    if (n + 1) * (m + 1) > _TABLE:
        _first_fit(outs[:n], ins[:m], time, serial, tolerance, strict, twin)
    else:
        _align(outs[:n], ins[:m], time, serial, tolerance, strict, twin)


@kernel("int64(int64, int64, int64[::1], int64[::1], int64[::1], boolean)")
def _apart(a: int, b: int, time: Longs, serial: Longs, tolerance: Longs, strict: bool) -> int:
    """How far two records are from each other in time; `_FAR` where they cannot be of one transfer."""
    if strict and serial[a] != NONE and serial[b] != NONE and serial[a] != serial[b]:
        return _FAR
    distance: int = abs(time[a] - time[b])
    return distance if distance <= max(tolerance[a], tolerance[b]) else _FAR


@kernel("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], boolean, int64[::1])")
def _align(outs: Longs, ins: Longs, time: Longs, serial: Longs, tolerance: Longs, strict: bool, twin: Longs) -> None:
    """Sequence alignment: a record left over costs more than any distance in time."""
    n, m = outs.size, ins.size
    alone = _FAR * 4
    cost = np.zeros((n + 1, m + 1), np.int64)
    for a in range(n - 1, -1, -1):
        for b in range(m - 1, -1, -1):
            # What is not paired is counted as 0, what is paired as its distance less a bonus: smallest is best.
            best = min(cost[a + 1, b], cost[a, b + 1])
            distance = _apart(outs[a], ins[b], time, serial, tolerance, strict)
            if distance < _FAR:
                best = min(best, cost[a + 1, b + 1] + distance - alone)
            cost[a, b] = best
    a = b = 0
    while a < n and b < m:
        distance = _apart(outs[a], ins[b], time, serial, tolerance, strict)
        if distance < _FAR and cost[a, b] == cost[a + 1, b + 1] + distance - alone:
            twin[outs[a]], twin[ins[b]] = ins[b], outs[a]
            a += 1
            b += 1
        elif cost[a, b] == cost[a + 1, b]:
            a += 1
        else:
            b += 1


@kernel("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], boolean, int64[::1])")
def _first_fit(
    outs: Longs, ins: Longs, time: Longs, serial: Longs, tolerance: Longs, strict: bool, twin: Longs
) -> None:
    """Where there are too many for a table: each payer's record with the first payee's that fits."""
    first = 0
    widest = max(_widest(outs[0], outs[-1] + 1, tolerance), _widest(ins[0], ins[-1] + 1, tolerance))
    for a in outs:
        while first < ins.size and (twin[ins[first]] != NONE or time[ins[first]] < time[a] - widest):
            first += 1
        for k in range(first, ins.size):
            b = ins[k]
            if time[b] > time[a] + widest:
                break
            if twin[b] == NONE and _apart(a, b, time, serial, tolerance, strict) < _FAR:
                twin[a], twin[b] = b, a
                break
