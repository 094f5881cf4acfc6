"""Fields of text → codes and hashes, a word of eight bytes at a time.

`data`, `bounds` and `odd` are as in `fields`; there must be sixteen bytes to spare behind the text.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.csr import Longs
from graphflow.kernels.engine import kernel
from graphflow.kernels.fields import Unsigned
from graphflow.kernels.rows import Bounds, Bytes


@kernel("int64(uint8[::1], int64, int64)")
def word(data: Bytes, p: int, stop: int) -> int:
    """Up to eight bytes of data[p:stop] as one number: one load and no branch. There must be eight bytes to read."""
    eight = (
        np.int64(data[p])
        | np.int64(data[p + 1]) << 8
        | np.int64(data[p + 2]) << 16
        | np.int64(data[p + 3]) << 24
        | np.int64(data[p + 4]) << 32
        | np.int64(data[p + 5]) << 40
        | np.int64(data[p + 6]) << 48
        | np.int64(data[p + 7]) << 56
    )
    return int(eight if stop - p >= 8 else eight & ((1 << 8 * max(stop - p, 0)) - 1))


@kernel("int64(uint8[::1], int32[:, ::1], int64, int64, uint8[::1], uint32[::1], int32[::1], int64[::1])")
def codes(
    data: Bytes, bounds: Bounds, rows: int, w: int, odd: Bytes, code: Unsigned, slots: Bounds, first: Longs
) -> int:
    """Number the distinct texts of a column from 1 on in order of appearance; 0: empty.

    slots  a power of two of entries, all 0; first[k]: the row where text k + 1 stands first (its room is the limit)
    Returns how many there are, or -1 when there are more than `first` can hold.
    """
    number = 0
    mask = slots.size - 1
    ones, twos = np.empty(first.size, np.int64), np.empty(first.size, np.int64)
    for r in range(rows):
        if odd[r]:
            continue
        start, stop = bounds[r, 2 * w], bounds[r, 2 * w + 1]
        size = stop - start
        one, two = word(data, start, stop), word(data, start + 8, stop)  # most texts have 16 bytes at most
        slot = ((one * -7046029254386353131) ^ (two * -4417276706812531889)) + size
        p = start + 16
        while p < stop:
            slot = (slot ^ word(data, p, stop)) * -7046029254386353131
            p += 8
        slot = ((slot >> 33) ^ (slot >> 47)) & mask
        while slots[slot] > 0:
            k = slots[slot] - 1
            a, b = bounds[first[k], 2 * w], bounds[first[k], 2 * w + 1]
            same = ones[k] == one and twos[k] == two and b - a == size
            p = 16
            while same and p < size:
                same = word(data, a + p, b) == word(data, start + p, stop)
                p += 8
            if same:
                break
            slot = (slot + 1) & mask
        if slots[slot] == 0 and size > 0:
            if number == first.size:
                return -1
            first[number] = r
            ones[number], twos[number] = one, two
            number += 1
            slots[slot] = number
        code[r] = slots[slot] if size > 0 else 0
    return number


@kernel("Tuple((int64, int64))(uint8[::1], int64, int64, int64[::1])")
def mixed(data: Bytes, start: int, stop: int, salt: Longs) -> tuple[int, int]:
    """Two hashes of data[start:stop], a word of eight bytes at a time."""
    one, two = salt[0] + stop - start, salt[2]
    p = start
    while p < stop:  # a range with a step costs a division
        eight = word(data, p, stop)
        one = (one ^ eight) * salt[1]
        one ^= (one >> 31) & 0x1FFFFFFFF
        two = (two + eight) * salt[3]
        two ^= (two >> 29) & 0x7FFFFFFFF
        p += 8
    return one, two


@kernel(
    "void(uint8[::1], int32[:, ::1], int64, int64[::1], uint8[::1], int64[::1], int64[::1], int64[::1], uint8[::1])"
)
def keys(
    data: Bytes, bounds: Bounds, rows: int, parts: Longs, odd: Bytes, salt: Longs, one: Longs, two: Longs, room: Bytes
) -> None:
    """Two 64-bit hashes of each row's key: its fields `parts` with a colon between them. None may be empty.

    salt  four random odd numbers; room: where keys of several parts are put together, longer by sixteen than any line
    """
    for r in range(rows):
        if odd[r]:
            continue
        start, stop = bounds[r, 2 * parts[0]], bounds[r, 2 * parts[0] + 1]
        if start == stop:
            odd[r] = 1
        if parts.size == 1:
            one[r], two[r] = mixed(data, start, stop, salt)
            continue
        used = 0
        for part in parts:
            start, stop = bounds[r, 2 * part], bounds[r, 2 * part + 1]
            if start == stop:
                odd[r] = 1
            if used > 0:
                room[used] = 58
                used += 1
            for p in range(start, stop):
                room[used] = data[p]
                used += 1
        one[r], two[r] = mixed(room, 0, used, salt)


@kernel("void(uint8[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def hashes(data: Bytes, stops: Longs, salt: Longs, one: Longs, two: Longs) -> None:
    """The same hashes of texts that follow each other in `data`, the i-th up to stops[i]."""
    start = 0
    for i in range(stops.size):
        one[i], two[i] = mixed(data, start, stops[i], salt)
        start = stops[i]


@kernel("int64(uint8[::1], int32[:, ::1], int64[::1], int64[::1], int64[:, ::1], uint8[::1])")
def copied(data: Bytes, bounds: Bounds, wanted: Longs, which: Longs, parts: npt.NDArray[np.int64], room: Bytes) -> int:
    """Texts one after the other in `room`, a line feed after each, and how long that is.

    The k-th text is that of row wanted[k]: its fields parts[which[k]], joined by colons.
    """
    used = 0
    for k in range(wanted.size):
        r = wanted[k]
        for n in range(parts.shape[1]):
            if n > 0:
                room[used] = 58
                used += 1
            w = parts[which[k], n]
            for p in range(bounds[r, 2 * w], bounds[r, 2 * w + 1]):
                room[used] = data[p]
                used += 1
        room[used] = 10
        used += 1
    return used
