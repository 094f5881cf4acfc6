"""Slow and obvious counterparts of what one-sided records need: plain Python, with nothing of graphflow's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, permutations

BREAK = 2


@dataclass(frozen=True)
class Line:
    """A row of a statement: balance after it (None: not stated), sign 1 in, -1 out, 0 unknown."""

    account: int
    time: int
    amount: int
    balance: int | None
    sign: int


def steps(lines: Sequence[Line]) -> list[int]:
    """What each line of one account says beside the one before it: 1, -1, `BREAK`, or 0 for nothing to compare with."""
    told, before = [], None
    for line in lines:
        told.append(step(before, line))
        before = after(before, line)
    return told


def step(before: int | None, line: Line) -> int:
    if before is None or line.balance is None:
        return 0
    ways = [sign for sign in (1, -1) if line.sign in (0, sign) and before + sign * line.amount == line.balance]
    return ways[0] if ways else BREAK


def after(before: int | None, line: Line) -> int | None:
    if line.balance is not None:
        return line.balance
    return None if before is None or not line.sign else before + line.sign * line.amount


def moments(lines: Iterable[Line]) -> list[list[Line]]:
    """Lines of one account, moment by moment, as they come."""
    return [list(group) for _, group in groupby(lines, key=lambda line: line.time)]


def orders(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Every order in which the lines of one account may have happened."""
    done: list[list[Line]] = [[]]
    for moment in moments(lines):
        done = [[*before, *here] for before in done for here in permutations(moment)]
    yield from done


def fewest_breaks(lines: Sequence[Line]) -> int:
    """Breaks that no order of the lines of one account can do without."""
    return min(steps(order).count(BREAK) for order in orders(lines))


# --- twins ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """One record: key of what both sides have in common, whether it is the payer's, serial (None: none)."""

    key: int
    time: int
    out: bool
    serial: int | None
    tolerance: int


def may_pair(out: Side, into: Side, *, strict: bool) -> bool:
    """Whether two records can be of one transfer."""
    if out.key != into.key or not out.out or into.out:
        return False
    if strict and None not in (out.serial, into.serial) and out.serial != into.serial:
        return False
    return abs(out.time - into.time) <= max(out.tolerance, into.tolerance)


def by_serial(sides: Sequence[Side]) -> dict[int, int]:
    """Place of the payer's record → place of the payee's, of those that share a serial: in order, each once."""
    pairs: dict[int, int] = {}
    for a, out in enumerate(sides):
        for b, into in enumerate(sides):
            same = out.serial is not None and out.serial == into.serial
            if same and b not in pairs.values() and may_pair(out, into, strict=True):
                pairs[a] = b
                break
    return pairs


def best(sides: Sequence[Side], *, strict: bool) -> tuple[int, int]:
    """Of what serials have not paired: the most pairs that do not cross, and the least they can be apart in sum."""
    done = by_serial(sides)
    left = [k for k in range(len(sides)) if k not in done and k not in done.values()]
    found = (0, 0)
    for pairs in _matchings(sides, [k for k in left if sides[k].out], [k for k in left if not sides[k].out], strict):
        apart = sum(abs(sides[a].time - sides[b].time) for a, b in pairs)
        found = max(found, (len(pairs), -apart))
    return found[0], -found[1]


def _matchings(sides: Sequence[Side], outs: list[int], ins: list[int], strict: bool) -> Iterator[list[tuple[int, int]]]:
    """Every set of pairs that do not cross and that may be."""
    yield []
    for p, a in enumerate(outs):
        for q, b in enumerate(ins):
            if may_pair(sides[a], sides[b], strict=strict):
                same = [k for k in outs[p + 1 :] if sides[k].key == sides[a].key]
                other = [k for k in outs[p + 1 :] if sides[k].key != sides[a].key]
                later = [k for k in ins[q + 1 :] if sides[k].key == sides[a].key]
                rest = [k for k in ins if sides[k].key != sides[a].key]
                for more in _matchings(sides, [*same, *other], [*later, *rest], strict):
                    yield [(a, b), *more]
