"""How unusual a pattern is, measured against the ledger it is in: no labels, no thresholds from elsewhere.

Each measure is a chance: how often would so many transfers, drawn from the ledger blindly, show the same? (Novelty
sets two such chances against each other.) A point is one order of magnitude: 3 points are one in a thousand. Measures
rank findings; they are no probabilities of anything else, as transfers of a pattern are not drawn blindly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from math import log10, sqrt
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graphflow.finding import Finding, Part
from graphflow.kernels import rarity as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import major
from graphflow.words import count, one_in, span

if TYPE_CHECKING:
    from graphflow.flow import Flow

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TOGETHER = timedelta(hours=96)
_MOST_POINTS = 6.0
_LEAST_POINTS = 0.5
_MOST_DRAWS = 20
_ONCE = 0.9
_SHIFT = 44
_WIDTHS = np.unique(np.round(2 ** np.arange(0, 13.25, 0.25))).astype(np.int64)
_FEWEST = 1000
_DROPPED = 18
_CODE = 45
_LARGEST = (1 << _CODE) - 1


@dataclass(frozen=True)
class Volume:
    """Per group of transfers: how many it has, the value that more than half of them reach, the ledger's share of
    transfers that reach it, and the points of that."""

    transfers: Longs
    value: Longs
    share: Floats
    points: Floats


@dataclass(frozen=True, eq=False)
class Usual:
    """What is usual in a ledger, for those who look at a part of it.

    one_off        per transfer looked at, whether its payer pays its payee only within `TOGETHER`
    one_off_share  share of the ledger's transfers that are of one-off pairs
    reached        share of the ledger's transfers worth at least as much, by value bucket
    """

    one_off: npt.NDArray[np.bool_]
    one_off_share: float
    reached: Floats


class Rarity:
    """What is usual among the transfers of a flow, self-transfers left out; or in its whole, where that is known.

    volume   more than half of k transfers are worth at least v: the binomial chance of that, where each transfer of the
             ledger is as likely as another
    novelty  of k pairs of payer and payee so many deal only within `TOGETHER`: how much likelier that is where nine in
             ten transfers are of such pairs than where as many are as in the ledger
    """

    def __init__(self, flow: Flow, usual: Usual | None = None) -> None:
        self._flow, self._usual = flow, usual

    def prepare(self) -> None:
        """Make what is asked for often."""
        for made in (self.one_off, self._reached, self._densest):
            del made

    @cached_property
    def one_off(self) -> npt.NDArray[np.bool_]:
        """Per event, whether its payer pays its payee only within `TOGETHER`, in the whole flow."""
        from graphflow.flow import in_parts, microseconds

        if self._usual is not None:
            return self._usual.one_off
        flow, sent = self._flow, self._flow.sent
        once = np.zeros(flow.size, np.bool_)
        run = ready(kernels, flow.size).one_off
        in_parts(
            lambda a, b: run(
                a, b, sent.ptr, sent.events, sent.others, flow.time, flow.account_count, microseconds(TOGETHER), once
            ),
            sent.ptr,
            parts=4,
        )
        return once

    @cached_property
    def one_off_share(self) -> float:
        """Share of the transfers that are of one-off pairs."""
        if self._usual is not None:
            return self._usual.one_off_share
        return float(self.one_off.sum() / max(1, self._flow.sent.events.size))

    @cached_property
    def _reached(self) -> Floats:
        """Share of the transfers worth at least as much, by value bucket (256 to each doubling)."""
        if self._usual is not None:
            return self._usual.reached
        return reached_of(worth_counts(self._flow.sent.values))

    def reached(self, values: npt.NDArray[np.int64]) -> Floats:
        """Share of the ledger's transfers that are worth at least each value, to within 0.4 % of the value.

        Of a value above all of them: the share of the largest.
        """
        shares: Floats = self._reached[np.minimum(_bucket(values), self._reached.size - 1)]
        return shares

    def volume(self, events: npt.NDArray[np.integer], starts: Longs) -> Volume:
        """Of consecutive groups of events; group g begins at starts[g] and is not empty."""
        sizes = np.diff(np.append(starts, events.size))
        half = sizes // 2 + 1
        least = _ordered(self._flow.value[events], np.repeat(np.arange(starts.size), sizes), starts + half - 1)
        share = self.reached(least)
        return Volume(sizes, least, share, self._tails(sizes, half, share))

    def nearness(self, kept: Floats, matches: Longs) -> Floats:
        """Points of so many transfers in a row whose values stay within the ratio `kept`, either way, over all of them.

        Each is the chance that a transfer's value falls into a band so narrow, wherever it is most likely to.
        """
        matches = np.maximum(matches, 0)
        each = np.clip(kept, 1e-6, 1.0) ** (1 / np.maximum(matches, 1))
        doublings = -2 * np.log2(each) * 2**8 + 1
        step = np.minimum(np.searchsorted(_WIDTHS, doublings), _WIDTHS.size - 1)
        points: Floats = -np.log10(self._densest[step]) * matches
        return np.clip(points, 0.0, _MOST_POINTS)

    @cached_property
    def _densest(self) -> Floats:
        """For each of `_WIDTHS`, the largest share of the transfers that so many neighbouring value buckets hold."""
        reached = np.append(self._reached, np.zeros(int(_WIDTHS[-1])))
        shares = [float((reached[: -int(width)] - reached[int(width) :]).max()) for width in _WIDTHS]
        return np.clip(shares, 1e-9, 1.0)

    def novelty(self, pairs: Longs, one_off: Longs) -> Floats:
        """Points of so many pairs of accounts, of which so many are one-off."""
        base = self.one_off_share
        if not 0 < base < _ONCE:
            return np.zeros(pairs.size)
        for_each, against_each = np.log10(_ONCE / base), np.log10((1 - _ONCE) / (1 - base))
        points: Floats = one_off * for_each + (pairs - one_off) * against_each
        return np.clip(points, 0.0, _MOST_POINTS)

    def _tails(self, draws: Longs, least: Longs, share: Floats) -> Floats:
        """Points of at least `least` hits in so many draws, of which `_MOST_DRAWS` count: more only repeat them."""
        draws, least = draws.astype(np.int64), least.astype(np.int64)
        counted = np.minimum(draws, _MOST_DRAWS)
        least = least * counted // np.maximum(draws, 1)
        run = ready(kernels, self._flow.size).tails
        points: Floats = run(counted, least, share.astype(np.float64))
        return np.minimum(points, _MOST_POINTS)


def worth_counts(values: npt.NDArray[np.int64]) -> Longs:
    """How many transfers are in each value bucket."""
    counts: Longs = np.bincount(_bucket(values), minlength=1)
    return counts


def reached_of(counts: Longs) -> Floats:
    """The share of the transfers in each value bucket or above."""
    reached: Floats = np.cumsum(counts[::-1])[::-1] / max(1, counts.sum())
    return reached


def _bucket(values: npt.NDArray[np.int64]) -> Longs:
    """A number that grows with the value: exponent and eight bits after it of its float."""
    buckets: Longs = (np.maximum(values, 1).astype(np.float64).view(np.int64) >> _SHIFT) - (1023 << 8)
    return buckets


def _ordered(values: npt.NDArray[np.int64], group: Longs, places: Longs) -> Longs:
    """What stands at some places when values are in order of group, and in each the largest first.

    Group and value go into one number, which sorts five times as fast as two keys. That leaves 34 bits after the first
    one of a value, so one above 17 billion minor units may come out a trifle smaller.
    """
    if not group.size or int(group[-1]) >= 1 << 18:
        return values[np.lexsort((-values, group))][places]
    code = values.astype(np.float64).view(np.int64) >> _DROPPED
    keys = (group << _CODE) | (_LARGEST - code)
    keys.sort()
    found: Longs = ((_LARGEST - (keys[places] & _LARGEST)) << _DROPPED).view(np.float64).astype(np.int64)
    return found


@dataclass(frozen=True, eq=False)
class Choice:
    """Which of some candidates were kept, one truth each, and how many of the ledger's were left out."""

    kept: npt.NDArray[np.bool_]
    left_out: int


def rarest(flow: Flow, points: Floats, most: int, what: str, owner: npt.NDArray[np.integer] | None = None) -> Choice:
    """The candidates with most points, as many as `how_many` says; ties go to the earlier one.

    what   one word for the candidates, of its own within a detector
    owner  the account of each, for a detector that looks at one account after the other
    """
    return flow.choose(points, how_many(flow.whole_size, most), what, owner)


def how_many(size: int, most: int) -> int:
    """How many candidates a ledger of so many transfers keeps: `most` at a million transfers, 1,000 in any case.

    In larger ledgers the number grows with the root of theirs: who reads has not ten times the time.
    """
    return max(_FEWEST, int(most * sqrt(size / 1_000_000)))


def with_most(points: Floats, limit: int) -> npt.NDArray[np.bool_]:
    """Which rows are among the `limit` with most points; ties go to the earlier row."""
    kept = np.ones(points.size, np.bool_)
    if points.size > limit:
        kept[np.argsort(-points, kind="stable")[limit:]] = False
    return kept


def cut_words(left_out: int, noun: str) -> tuple[str, ...]:
    """What `rarest` left out, in words."""
    if not left_out:
        return ()
    return (f"{count(left_out, noun)} not reported: others are rarer in this ledger (`rarest` bounds their number)",)


# --- of findings ----------------------------------------------------------------------------------


def weighed(flow: Flow, findings: Sequence[Finding]) -> list[Finding]:
    """The findings with what their rarity adds to their parts: volume, novelty, and conservation where one measures it.

    Volume looks at the transfers that bring money in: those whose payer is nobody's payee in the finding (its first
    transfer where there are none, as on a cycle), as what is passed on was counted once. Novelty looks at all pairs.
    Conservation looks at the measures `even` (where there is none: `kept`) and `hops`: by chance the next transfer
    would be worth anything. Structure looks at the first measure: how many findings of the detector are as large.
    """
    if not findings:
        return []
    rarity = flow.rarity
    sizes = np.array([f.rows.size for f in findings])
    owner = np.repeat(np.arange(sizes.size), sizes)
    events = flow.events_of(np.concatenate([f.rows for f in findings]))
    volume = rarity.volume(*_brought_in(flow, owner, events, sizes))
    pairs, one_off = _pairs(flow, owner, events, sizes.size)
    novelty = rarity.novelty(pairs, one_off)
    near = rarity.nearness(*_kept(findings))
    alike = _as_large(findings)
    rows = zip(
        findings, volume.points.tolist(), volume.transfers.tolist(), volume.value.tolist(), volume.share.tolist(),
        novelty.tolist(), pairs.tolist(), one_off.tolist(), near.tolist(), alike.tolist(), strict=True,
    )  # fmt: skip
    return [
        replace(
            f,
            parts=(
                *f.parts,
                *_structure_part(flow, f, number),
                *_volume_part(flow, points, transfers, value, share),
                *_novelty_part(flow, new, of, once),
                *_nearness_part(kept),
            ),
        )
        for f, points, transfers, value, share, new, of, once, kept, number in rows
    ]


def _kept(findings: Sequence[Finding]) -> tuple[Floats, Longs]:
    """The share kept, and over how many transfers one after the other; 0 where a detector does not measure it."""
    measures = [(f.measures.get("even", f.measures.get("kept")), f.measures.get("hops", 2)) for f in findings]
    kept = np.array([float(share or 0) for share, _ in measures])
    matches = np.array([max(int(hops) - 1, 1) if share is not None else 0 for share, hops in measures])
    return kept, matches


def _as_large(findings: Sequence[Finding]) -> Longs:
    """Per finding, how many of its detector are at least as large, itself among them, by their first measure."""
    sizes = [next(iter(f.measures.values()), 0) for f in findings]
    size = np.array([float(value) if isinstance(value, int | float) else 0.0 for value in sizes])
    detectors = np.unique([f.detector for f in findings], return_inverse=True)[1]
    alike = np.empty(size.size, np.int64)
    for k in range(int(detectors.max()) + 1):
        own = np.flatnonzero(detectors == k)
        ordered = np.sort(size[own])
        alike[own] = own.size - np.searchsorted(ordered, size[own])
    return alike


def _structure_part(flow: Flow, finding: Finding, alike: int) -> Iterator[Part]:
    points = min(_MOST_POINTS, log10(max(1, flow.accounts.size / alike)))
    name, size = next(iter(finding.measures.items()), ("", ""))
    if points >= _LEAST_POINTS and not isinstance(size, str):
        yield Part(
            "structure",
            round(points, 3),
            f"{count(alike, 'such finding')} with {name} {size} or more among {count(flow.accounts.size, 'account')}",
        )


def _volume_part(flow: Flow, points: float, transfers: int, value: int, share: float) -> Iterator[Part]:
    if points >= _LEAST_POINTS:
        base = flow.valuation.base
        text = f"{major(value, flow.ledger.decimals.get(base, 2))} {base}"
        what = "the payment in is" if transfers == 1 else f"most of {transfers:,} payments in are"
        yield Part("volume", round(points, 3), f"{what} worth {text} or more, as {one_in(share)} of all transfers")


def _novelty_part(flow: Flow, points: float, pairs: int, once: int) -> Iterator[Part]:
    if points >= _LEAST_POINTS:
        yield Part(
            "novelty",
            round(points, 3),
            f"{once:,} of {count(pairs, 'pair')} of payer and payee deal only within {span(TOGETHER)}, as "
            f"{one_in(flow.rarity.one_off_share)} of all transfers",
        )


def _nearness_part(points: float) -> Iterator[Part]:
    if points >= _LEAST_POINTS:
        yield Part(
            "conservation",
            round(points, 3),
            f"amounts so near to each other would come by chance {one_in(10**-points)} times",
        )


def _brought_in(flow: Flow, owner: Longs, events: Longs, sizes: Longs) -> tuple[Longs, Longs]:
    """The events by which money comes into each group, and where each group begins among them."""
    width = np.int64(flow.account_count)
    paid = np.unique(owner * width + flow.payee[events])
    payer = owner * width + flow.payer[events]
    at = np.minimum(np.searchsorted(paid, payer), paid.size - 1)
    fresh = paid[at] != payer
    number = np.bincount(owner[fresh], minlength=sizes.size)
    first = np.cumsum(sizes) - sizes
    fresh[first[number == 0]] = True
    number = np.maximum(number, 1)
    return events[fresh], np.cumsum(number) - number


def _pairs(flow: Flow, owner: Longs, events: Longs, groups: int) -> tuple[Longs, Longs]:
    """Per group, its distinct pairs of payer and payee, and those of them that are one-off."""
    order = np.lexsort((flow.payee[events], flow.payer[events], owner))
    owner, events = owner[order], events[order]
    payer, payee = flow.payer[events], flow.payee[events]
    new = np.ones(events.size, np.bool_)
    new[1:] = (np.diff(owner) != 0) | (np.diff(payer) != 0) | (np.diff(payee) != 0)
    pairs = np.bincount(owner[new], minlength=groups)
    once = np.bincount(owner[new], weights=flow.rarity.one_off[events[new]], minlength=groups)
    return pairs.astype(np.int64), once.astype(np.int64)
