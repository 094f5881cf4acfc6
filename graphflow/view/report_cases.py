"""The cases of a report as rows of its table, and the steps by which each came to its points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from graphflow.case import Case
from graphflow.finding import Part
from graphflow.languages import Reader
from graphflow.view.case_shape import Shape
from graphflow.view.holders import Holders
from graphflow.view.text import points_text, signed_points
from graphflow.words import shown

MAX_CASES = 500
MOST_TOLD = 3
Times = tuple[datetime, datetime]
MAX_STEPS = 12
BRIEF, BRIEF_STEPS = 100, 4
"""Cases beyond the first 100 name their four largest reasons, so that a long report stays small."""


class Step(NamedTuple):
    """One step up to a case's points. `kind`: of evidence, empty where several kinds are summed up."""

    points: float
    kind: str
    sentence: str

    @property
    def signed(self) -> str:
        """The points with their sign."""
        return signed_points(self.points)


def steps(case: Case, most: int, to: Reader) -> list[Step]:
    """The parts that add up to a case's points, the last of them summed up where there are more than `most`.

    A case counts its best finding in full. That finding's own parts stand in its place, where they add up to the same:
    they say more than the sentence that the headline has said already.
    """
    parts = _parts(case)
    told = [Step(part.points, part.kind, shown(to.say(part.sentence), 300)) for part in parts[:most]]
    rest = parts[most:]
    if len(rest) == 1:
        return [*told, Step(rest[0].points, rest[0].kind, shown(to.say(rest[0].sentence), 300))]
    if rest:
        points = round(sum(part.points for part in rest), 3)
        told.append(Step(points, "", to.say("{n} more reasons", n=f"{len(rest):,}")))
    return told


def _parts(case: Case) -> Sequence[Part]:
    first, best = case.parts[:1], case.findings[0].parts
    whole = round(sum(part.points for part in best), 3)
    if first and best and first[0].points == whole:
        return (*best, *case.parts[1:])
    return case.parts


def case_row(
    case: Case, times: Times, *, linked: bool, shape: Shape | None, holders: Holders, worth: Mapping[str, float],
    to: Reader,
) -> dict[str, Any]:  # fmt: skip
    """What the table shows of a case, and by what it sorts.

    times  of its first and last transaction
    worth  what a minor unit of each currency is worth in the base currency; the amount sorts by it
    """
    detectors = list(dict.fromkeys(shown(finding.detector, 40) for finding in case.findings))
    number, currency = amount_of(case)
    return {
        "rank": case.rank,
        "id": case.id,
        "linked": linked,
        "level": case.level,
        "points": points_text(case.points),
        "exact": case.points,
        "steps": steps(case, MAX_STEPS if case.rank <= BRIEF else BRIEF_STEPS, to),
        "headline": shown(to.say(case.headline), 300),
        "flagged": [holders.of(account).told(to) for account in case.accounts[:MOST_TOLD]],
        "more_flagged": max(len(case.accounts) - MOST_TOLD, 0),
        "amount": number,
        "currency": currency,
        "worth": round(case.amount * worth.get(case.currency, 1.0)),
        "start": to.moment(times[0]),
        "end": to.moment(times[1]),
        "detectors": detectors,
        "shape": shape,
    }


def case_times(cases: Sequence[Case]) -> list[Times]:
    """When each case begins and ends. All are looked up at once: one by one it takes longer than all the rest."""
    if not cases:
        return []
    time = cases[0].findings[0].ledger.frame["time"]
    firsts = time.gather([min(int(finding.rows[0]) for finding in case.findings) for case in cases])
    lasts = time.gather([max(int(finding.rows[-1]) for finding in case.findings) for case in cases])
    return list(zip(firsts, lasts, strict=True))


def amount_of(case: Case) -> tuple[str, str]:
    """The amount of a case and its currency, each for a place of its own."""
    number, _, currency = case.amount_text.partition(" ")
    return number, shown(currency, 20)


def level_counts(cases: Iterable[Case]) -> dict[str, int]:
    """How many cases have each level."""
    counts = {"high": 0, "review": 0}
    for case in cases:
        counts[case.level] += 1
    return counts
