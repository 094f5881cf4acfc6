"""Delimited text → where each field of each row stands. Bytes only: what the fields mean is `fields`' concern."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Bytes = npt.NDArray[np.uint8]
Bounds = npt.NDArray[np.int32]

# What a byte is to `split`.
SEPARATOR, LINE_FEED, QUOTE, RETURN = 1, 2, 3, 4


def byte_kinds(separator: str) -> Bytes:
    """The kind of each of the 256 bytes, for `split`; 0: part of a field."""
    kinds = np.zeros(256, np.uint8)
    for text, kind in ((separator, SEPARATOR), ("\n", LINE_FEED), ('"', QUOTE), ("\r", RETURN)):
        kinds[ord(text)] = kind
    return kinds


@kernel("int64(uint8[::1], int64)")
def line_feeds(data: Bytes, size: int) -> int:
    """How many lines end in data[:size]."""
    count = 0
    for p in range(size):
        count += data[p] == 10
    return count


@kernel("int64(uint8[::1], int64, uint8[::1], int32[::1], int32[:, ::1], int32[::1], uint8[::1])")
def split(data: Bytes, size: int, kinds: Bytes, place: Bounds, bounds: Bounds, lines: Bounds, odd: Bytes) -> int:
    """Cut data[:size], whole lines that end in a line feed, into rows and fields.

    place   per column of the file, its number among the wanted ones, or -1
    Fills, per row: `bounds` with the start and stop of wanted field w at 2 * w and 2 * w + 1, quotes and ASCII white
    space around it left out (0 and 0 where it is missing); `lines` with where the line starts; `odd` with 1 for a row
    of another number of fields or with other white space around a wanted field.
    Returns the number of rows, or -1 where quotes are used in a way that is not understood here (a quote inside a
    field, doubled, or around a line feed; a carriage return that ends no line).
    """
    marks = np.empty(size, np.int32)
    count = 0
    for p in range(size):  # without a branch: which bytes end a field cannot be foreseen
        marks[count] = p
        count += kinds[data[p]] != 0
    row = 0
    start = 0
    i = 0
    columns = place.size
    while i < count:
        lines[row] = start
        odd[row] = 0
        column = 0
        kind = 0
        while kind != LINE_FEED:
            p = marks[i]
            i += 1
            stop = p
            if kinds[data[p]] == QUOTE:
                if p != start:
                    return -1
                start = p + 1
                p = marks[i]
                i += 1
                while kinds[data[p]] != QUOTE:
                    if kinds[data[p]] == LINE_FEED:
                        return -1
                    p = marks[i]
                    i += 1
                stop = p
                p = marks[i]
                i += 1
                if p != stop + 1 or kinds[data[p]] == QUOTE:
                    return -1
            kind = kinds[data[p]]
            if kind == RETURN:
                kind = kinds[data[p + 1]]
                if kind != LINE_FEED:
                    return -1
                p += 1
                i += 1
            if column < columns and place[column] >= 0:
                while start < stop and is_space(data[start]):
                    start += 1
                while start < stop and is_space(data[stop - 1]):
                    stop -= 1
                if start < stop and (data[start] >= 0xC2 or data[stop - 1] >= 0x80) and wide_space(data, start, stop):
                    odd[row] = 1
                bounds[row, 2 * place[column]] = start
                bounds[row, 2 * place[column] + 1] = stop
            column += 1
            start = p + 1
        if column != columns:
            odd[row] = 1
            for missing in range(column, columns):
                if place[missing] >= 0:
                    bounds[row, 2 * place[missing]] = bounds[row, 2 * place[missing] + 1] = 0
        row += 1
    return row


@kernel("boolean(uint8)")
def is_space(byte: int) -> bool:
    """White space of one byte, as Unicode has it."""
    return byte == 32 or 9 <= byte <= 13


@kernel("boolean(uint8[::1], int64, int64)")
def wide_space(data: Bytes, start: int, stop: int) -> bool:
    """Whether a field begins or ends with white space of two or three bytes (U+0085, U+00A0, U+3000 …)."""
    for p in (start, stop - 2):
        if stop - start >= 2 and data[p] == 0xC2 and (data[p + 1] == 0x85 or data[p + 1] == 0xA0):
            return True
    for p in (start, stop - 3):
        if stop - start >= 3:
            a, b, c = data[p], data[p + 1], data[p + 2]
            if a == 0xE3 and b == 0x80 and c == 0x80:
                return True
            if a == 0xE1 and b == 0x9A and c == 0x80:
                return True
            if a == 0xE2 and b == 0x80 and (c <= 0x8A or c == 0xA8 or c == 0xA9 or c == 0xAF):
                return True
            if a == 0xE2 and b == 0x81 and c == 0x9F:
                return True
    return False
