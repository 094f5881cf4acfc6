"""Fields of text → amounts and times. What a loop does not understand it leaves, marked `odd`.

`data` is a block of text, `bounds` says where field w of row r stands in it (at 2 * w and 2 * w + 1), see `rows.split`.
Rows marked in `odd` are passed over; a row whose field is not of the plain kind read here is marked as well: a slower
reader knows what it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel
from graphflow.kernels.rows import Bounds, Bytes

Longs = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.uint32]

NOTHING = -1
"""In `places`: the field is empty."""

_MOST_DIGITS = 18


@kernel("void(uint8[::1], int32[:, ::1], int64, int64, uint8[::1], boolean, int64[::1], int8[::1])")
def amounts(
    data: Bytes,
    bounds: Bounds,
    rows: int,
    w: int,
    odd: Bytes,
    optional: bool,
    digits: Longs,
    places: npt.NDArray[np.int8],
) -> None:
    """Decimal numbers (a minus, digits, a point and digits) as digits and decimal places: 12.50 is 1250 and 2."""
    for r in range(rows):
        if odd[r]:
            continue
        p, stop = bounds[r, 2 * w], bounds[r, 2 * w + 1]
        places[r] = NOTHING
        digits[r] = 0
        if p == stop:
            odd[r] = 0 if optional else 1
            continue
        negative = data[p] == 45
        if negative:
            p += 1
        value = 0
        count = 0
        point = -1
        while p < stop:
            digit = int(data[p]) - 48
            if 0 <= digit <= 9:
                value = value * 10 + digit
                count += 1
            elif digit == -2 and point < 0 and count > 0:
                point = count
            else:
                count = 99
                break
            p += 1
        if count == 0 or count > _MOST_DIGITS or point == count:
            odd[r] = 1
            continue
        digits[r] = -value if negative else value
        places[r] = count - point if point >= 0 else 0


@kernel("void(int64, uint8[::1], int64[::1], int8[::1], int64, int64)")
def bounded(rows: int, odd: Bytes, digits: Longs, places: npt.NDArray[np.int8], most: int, least: int) -> None:
    """Leave amounts of less than `least`, or that need more than `most` decimal places, to a slower reader."""
    for r in range(rows):
        if not odd[r] and (needed(digits[r], int(places[r]), most) > most or digits[r] < least):
            odd[r] = places[r] != NOTHING


@kernel("int64(int64, int64, int64)")
def needed(digits: int, places: int, enough: int) -> int:
    """Decimal places without zeros at their end; any number up to `enough` when that is all they need."""
    while places > enough and digits % 10 == 0:
        digits //= 10
        places -= 1
    return places


@kernel("void(int64, uint8[::1], int64[::1], int8[::1], uint32[::1], int64[::1])")
def learn(rows: int, odd: Bytes, digits: Longs, places: npt.NDArray[np.int8], code: Unsigned, known: Longs) -> None:
    """Raise known[c] to the decimal places that the amounts of code c need."""
    for r in range(rows):
        if not odd[r] and places[r] > known[code[r]]:
            known[code[r]] = max(known[code[r]], needed(digits[r], int(places[r]), known[code[r]]))


@kernel("void(int64, uint8[::1], int64[::1], int8[::1], uint32[::1], int64[::1])")
def scale(rows: int, odd: Bytes, digits: Longs, places: npt.NDArray[np.int8], code: Unsigned, known: Longs) -> None:
    """Digits → minor units of each row's code, in place. More than 63 bits are left to a slower reader."""
    for r in range(rows):
        if odd[r] or places[r] == NOTHING:
            continue
        value = digits[r]
        steps = known[code[r]] - int(places[r])
        while steps < 0:
            value //= 10
            steps += 1
        while steps > 0 and -922337203685477580 <= value <= 922337203685477580:
            value *= 10
            steps -= 1
        if steps > 0:
            odd[r] = 1
        digits[r] = value


@kernel("void(uint8[::1], int32[:, ::1], int64, int64, uint8[::1], uint8[::1], int8[::1], boolean, int64[::1])")
def times(
    data: Bytes,
    bounds: Bounds,
    rows: int,
    w: int,
    odd: Bytes,
    template: Bytes,
    which: npt.NDArray[np.int8],
    fraction: bool,
    stamps: Longs,
) -> None:
    """Times written as in `template`, as microseconds since 1970. The calendar is Gregorian, years 1900 to 9999.

    which     per byte of the template, the part its digit belongs to (year, month, day, hour, minute, second: 0 to 5),
              or -1 where the template's byte stands itself
    fraction  whether a point and up to six digits may follow
    """
    part = np.zeros(6, np.int64)
    length = template.size
    for r in range(rows):
        if odd[r]:
            continue
        start, stop = bounds[r, 2 * w], bounds[r, 2 * w + 1]
        good = stop - start == length or (fraction and length + 1 < stop - start <= length + 7)
        part[:] = 0
        if good:
            for k in range(length):
                digit = int(data[start + k]) - 48
                if which[k] >= 0:
                    good &= 0 <= digit <= 9
                    part[which[k]] = part[which[k]] * 10 + digit
                else:
                    good &= data[start + k] == template[k]
        micro = 0
        if good and stop - start > length:
            good = data[start + length] == 46
            for p in range(start + length + 1, start + length + 7):
                digit = int(data[p]) - 48 if p < stop else 0
                good &= 0 <= digit <= 9
                micro = micro * 10 + digit
        year, month, day = part[0], part[1], part[2]
        good &= year >= 1900 and 1 <= month <= 12 and part[3] <= 23 and part[4] <= 59 and part[5] <= 59
        if not good or day < 1 or day > days_in(year, month):
            odd[r] = 1
            continue
        seconds = (days_since_1970(year, month, day) * 24 + part[3]) * 3600 + part[4] * 60 + part[5]
        stamps[r] = seconds * 1000000 + micro


@kernel("int64(int64, int64)")
def days_in(year: int, month: int) -> int:
    """Days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@kernel("int64(int64, int64, int64)")
def days_since_1970(year: int, month: int, day: int) -> int:
    """Days since 1 January 1970, counting years from March on so that the leap day comes last."""
    y = year if month > 2 else year - 1
    m = (month + 9) % 12
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 719469
