"""A ledger of any size, detected in pieces: facts of accounts, what each piece lets through, then what decides.

Three rounds, and the pieces of one need nothing of each other:

    facts    of each bucket of accounts: what kind they are, hubs, one-off pairs, how large payments are
    survey   of each bucket and each stretch of time: what may matter to each detector
    finding  in all that matters, at once, by the detectors as they are
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from graphflow.account_names import AccountTypeNames, built_in
from graphflow.detect import Detector, Findings, fit, gathered
from graphflow.detect.cuts import ByTime
from graphflow.flow import microseconds
from graphflow.ledger import Ledger
from graphflow.scale.facts import AccountFacts, Bucket, Hubs, facts_of, hubs_asked, joined
from graphflow.scale.merge import deciding, found_in
from graphflow.scale.part import Facts, Longs, Part
from graphflow.scale.pieces import Codes, Source, Stretch
from graphflow.scale.survey import cut_of, survey_bucket, survey_stretch


@dataclass(frozen=True)
class Plan:
    """How a ledger is cut: buckets of account codes that follow each other, and stretches of time that do."""

    buckets: tuple[Codes, ...]
    stretches: tuple[Stretch, ...]

    @classmethod
    def at(cls, codes: Iterable[int], times: Iterable[int]) -> Plan:
        """Cut at these account codes and times, of which the first and the last are the ends."""
        return cls(tuple(pairwise(codes)), tuple(pairwise(times)))


def detect_in_pieces(
    source: Source, detectors: Iterable[Detector] | None, plan: Plan, *, types: AccountTypeNames | None = None
) -> tuple[Findings, Part]:
    """What `detect` finds in the whole, and the flow of all that it rests on.

    The same findings in the same order. Where a work budget cut the search for cycles the pieces may reach further,
    since each has that budget.
    """
    some = source.bucket((0, 0))
    running, warnings = fit(detectors, some)
    facts = facts_in(source, plan, some, types or built_in(), hubs_asked(running))
    said = [survey_bucket(running, *_beside(source.bucket(codes), facts), codes) for codes in plan.buckets]
    sieved = _sieved(source, running, plan, facts)
    decide = [
        deciding(detector, [each[k] for each in said], sieved.get(k, ()), facts.traffic.size)
        for k, detector in enumerate(running)
    ]
    ledger, beside, results = found_in(source, running, decide, facts)
    flow = Part(ledger, None, beside)
    return gathered(flow, running, results, facts.valuation.warnings + warnings), flow


def facts_in(source: Source, plan: Plan, some: Ledger, types: AccountTypeNames, asked: Hubs) -> Facts:
    """The facts of the whole, of which `some` is a part."""
    valuation, span = source.valuation, 0
    if source.size:
        first, last = some.period
        span = microseconds(last - first)
    one_off = np.zeros(source.size, np.bool_)
    told: list[AccountFacts] = []
    for codes in plan.buckets:
        piece = source.bucket(codes)
        values = valuation.values[piece.all_places]
        told.append(facts_of(Bucket(piece, None, codes, replace(valuation, values=values), span), asked))
        one_off[told[-1].paid] = told[-1].one_off
    return joined(told, one_off, some.accounts, types, valuation, span)


def _beside(piece: Ledger, facts: Facts) -> tuple[Ledger, Facts]:
    return piece, facts.at(piece.all_places)


def _sieved(source: Source, running: Sequence[Detector], plan: Plan, facts: Facts) -> dict[int, list[Longs]]:
    """By number of a detector that is cut by time, what each stretch lets through, the time after it looked at too."""
    reaches = {k: cut.reach for k, d in enumerate(running) if isinstance(cut := cut_of(d), ByTime)}
    if not reaches:
        return {}
    reach = microseconds(max(reaches.values()))
    by_time = [running[k] for k in reaches]
    found = [
        survey_stretch(by_time, *_beside(source.stretch((first, last + reach)), facts))
        for first, last in plan.stretches
    ]
    return {k: [each[n] for each in found] for n, k in enumerate(reaches)}
