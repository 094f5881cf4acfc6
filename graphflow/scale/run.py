"""A ledger of any size, detected in pieces: facts of accounts, what each piece lets through, then what decides.

Three rounds, and the pieces of one need nothing of each other:

    facts    of each bucket of accounts: what kind they are, hubs, one-off pairs, how large payments are
    survey   of each bucket and each stretch of time: what may matter to each detector
    finding  in all that matters, at once, by the detectors as they are
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from graphflow.account_names import AccountTypeNames, built_in
from graphflow.detect import Detector, Findings, fit, gathered
from graphflow.detect.cuts import ByPlaces, ByTime
from graphflow.flow import microseconds
from graphflow.scale.facts import AccountFacts, Bucket, Hubs, facts_of, hubs_asked, joined
from graphflow.scale.merge import deciding, found_in
from graphflow.scale.part import Facts, Part
from graphflow.scale.pieces import Source
from graphflow.scale.plan import Plan, span_of
from graphflow.scale.survey import Sieved, cut_of, left_out, survey_bucket, survey_stretch

_NONE = np.empty(0, np.int64)


def detect_in_pieces(
    source: Source, detectors: Iterable[Detector] | None, plan: Plan, *, types: AccountTypeNames | None = None
) -> tuple[Findings, Part]:
    """What `detect` finds in the whole, and the flow of all that it rests on.

    The same findings in the same order. Where a work budget cut the search for cycles the pieces may reach further,
    since each has that budget.
    """
    some = source.empty()
    running, warnings = fit(detectors, some)
    facts = facts_in(source, plan, types or built_in(), hubs_asked(running))
    said = [survey_bucket(running, source.bucket(codes), facts, codes) for codes in plan.buckets]
    sieved = _sieved(source, running, plan, facts)
    users = source.users() if any(isinstance(cut_of(d), ByPlaces) for d in running) else (_NONE, _NONE)
    decide = [
        deciding(detector, [each[k] for each in said], sieved.get(k, ()), users, facts.traffic.size)
        for k, detector in enumerate(running)
    ]
    ledger, beside, results = found_in(source, running, decide, facts)
    flow = Part(ledger, None, beside)
    return gathered(flow, running, results, facts.valuation.warnings + warnings), flow


def facts_in(source: Source, plan: Plan, types: AccountTypeNames, asked: Hubs) -> Facts:
    """The facts of the whole."""
    some, one_off = source.empty(), np.zeros(source.size, np.bool_)
    span = span_of(some)
    told: list[AccountFacts] = []
    for codes in plan.buckets:
        piece = source.bucket(codes)
        valuation = replace(source.valuation, values=piece.values)
        told.append(facts_of(Bucket(piece.ledger, None, codes, valuation, span), asked))
        one_off[told[-1].paid] = told[-1].one_off
    return joined(told, one_off, some.accounts, types, source.valuation, span)


def _sieved(source: Source, running: Sequence[Detector], plan: Plan, facts: Facts) -> dict[int, list[Sieved]]:
    """By number of a detector that is cut by time, what each stretch lets through, the time after it looked at too."""
    cuts = {k: cut for k, d in enumerate(running) if isinstance(cut := cut_of(d), ByTime)}
    reach = microseconds(max((cut.reach for cut in cuts.values()), default=timedelta()))
    skipped = left_out(list(cuts.values()), source.empty(), facts)
    found = [
        survey_stretch(list(cuts.values()), source.stretch((first, last + reach), skipped), facts)
        for first, last in (plan.stretches if cuts else ())
    ]
    return {k: [each[n] for each in found] for n, k in enumerate(cuts)}
