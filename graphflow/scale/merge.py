"""What pieces said, put together: which accounts and transfers decide for each detector, and what it finds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from graphflow.clock import give_back
from graphflow.detect import Detector, yield_into
from graphflow.detect.cuts import ByAccount, ByCounterparties, ByLinks, ByPlaces, ByTime
from graphflow.finding import Finding
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.rarity import with_most
from graphflow.scale.part import Asked, Decided, Facts, Longs
from graphflow.scale.pieces import Source
from graphflow.scale.survey import Linked, Met, OfAccounts, Said, Sieved, cut_of
from graphflow.words import Note

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Deciding:
    """What a detector needs of the whole to find what it would find there.

    accounts  all of whose transfers it needs; places: of single transfers; pairs: all from one to the other
    alone     whether it may look at those accounts alone
    totals    word → number of candidates in the whole; notes: what was cut, added up
    linked    links and relays of the whole
    """

    accounts: Longs = field(default_factory=lambda: _NONE)
    places: Longs = field(default_factory=lambda: _NONE)
    pairs: Longs = field(default_factory=lambda: _NONE)
    alone: bool = False
    totals: dict[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    linked: Linked | None = None


def deciding(
    detector: Detector, said: Sequence[Said], sieved: Sequence[Sieved], users: tuple[Longs, Longs], accounts: int
) -> Deciding:
    """What decides for a detector, from what buckets said, in their order, and what stretches let through.

    users  what `Source.users` gives
    """
    match cut_of(detector):
        case ByAccount():
            return _best([each for each in said if isinstance(each, OfAccounts)])
        case ByTime():
            return Deciding(places=_union([s.places for s in sieved]), pairs=_union([s.pairs for s in sieved]))
        case ByLinks():
            linked = _chained([each for each in said if isinstance(each, Linked)])
            ends = [rows[:, column] for rows in linked.kinds.values() for column in (0, 1)]
            return Deciding(places=_union(ends), linked=linked)
        case ByCounterparties() as cut:
            met = [each for each in said if isinstance(each, Met)]
            return Deciding(accounts=_in_common(cut, met, accounts))
        case ByPlaces():
            return Deciding(accounts=_together(*users), alone=True)


def _union(arrays: Sequence[Longs]) -> Longs:
    """All numbers of some lists, each once, in order. Lists that rise already are merged, not sorted anew."""
    found = np.concatenate([*arrays, _NONE])
    found.sort(kind="stable")
    return found[np.append(True, found[1:] != found[:-1])] if found.size else found


def _best(said: Sequence[OfAccounts]) -> Deciding:
    """The accounts of the best candidates of the whole, and of all findings that are no candidates."""
    chosen, totals = [each.accounts for each in said], dict[str, int]()
    for what in dict.fromkeys(word for each in said for word in each.asked):
        asked: list[Asked] = [each.asked[what] for each in said if what in each.asked]
        kept = with_most(np.concatenate([each.points for each in asked]), asked[0].limit)
        chosen.append(np.concatenate([each.owner for each in asked])[kept])
        totals[what] = sum(each.number for each in asked)
    return Deciding(accounts=_union(chosen), alone=True, totals=totals, notes=_added([e.notes for e in said]))


def _added(lists: Sequence[Sequence[Note]]) -> tuple[Note, ...]:
    """Notes that say the same of parts, added up."""
    numbers: dict[tuple[str, str], int] = {}
    for note in (note for notes in lists for note in notes):
        numbers[note.noun, note.rest] = numbers.get((note.noun, note.rest), 0) + note.number
    return tuple(Note.of(number, noun, rest) for (noun, rest), number in numbers.items())


def _chained(said: Sequence[Linked]) -> Linked:
    """The links of all accounts, in the order of accounts."""
    kinds = dict.fromkeys(kind for each in said for kind in each.kinds)
    receipts = np.concatenate([*(each.receipts for each in said), _NONE])
    order = np.argsort(receipts, kind="stable")
    return Linked(
        kinds={kind: np.concatenate([each.kinds[kind] for each in said if kind in each.kinds]) for kind in kinds},
        receipts=receipts[order],
        passed=np.concatenate([*(each.passed for each in said), _NONE])[order],
    )


def _in_common(cut: ByCounterparties, said: Sequence[Met], accounts: int) -> Longs:
    """The accounts of pairs that have enough in common, of each kind that is asked for."""
    pairs: Longs | None = None
    for wanted, lists in ((cut.payers, [each.payers for each in said]), (cut.payees, [each.payees for each in said])):
        if wanted:
            keys, number = np.unique(np.concatenate([*lists, _NONE]), return_counts=True)
            enough = keys[number >= cut.least]
            pairs = enough if pairs is None else np.intersect1d(pairs, enough)
    return _union(list(np.divmod(pairs, accounts))) if pairs is not None else _NONE


def _together(place: Longs, account: Longs) -> Longs:
    """The accounts that pay from a place from which another one pays."""
    _, which, users = np.unique(place, return_inverse=True, return_counts=True)
    return np.unique(account[users[which] > 1])


# --- finding --------------------------------------------------------------------------------------


def found_in(
    source: Source, detectors: Sequence[Detector], decide: Sequence[Deciding], facts: Facts
) -> tuple[Ledger, Facts, list[tuple[list[Finding], tuple[str, ...]]]]:
    """What each detector finds in what decides for it, and says was cut; in one ledger of all that."""
    accounts = facts.traffic.size
    mask = np.zeros(accounts, np.bool_)
    mask[_union([own.accounts for own in decide])] = True
    piece = source.chosen(mask, _union([own.places for own in decide]), _union([own.pairs for own in decide]))
    ledger, beside = piece.ledger, facts.beside(piece)
    results = []
    for detector, own in zip(detectors, decide, strict=True):
        flow = _flow(ledger, beside, own, accounts)
        found: list[Finding] = []
        cut = yield_into(found, detector.find(FlowGraph(flow)))
        flow.forget()
        del flow
        give_back(ledger.height)
        results.append((found, (*own.notes, *(line for line in cut if not isinstance(line, Note)))))
    return ledger, beside, results


def _flow(ledger: Ledger, facts: Facts, own: Deciding, accounts: int) -> Decided:
    places = ledger.all_places
    mask = np.zeros(accounts, np.bool_)
    mask[own.accounts] = True
    kept = mask[ledger.payer_codes] | mask[ledger.payee_codes]
    kept[np.searchsorted(places, own.places)] = True
    if own.pairs.size:
        kept |= np.isin(ledger.payer_codes * np.int64(accounts) + ledger.payee_codes, own.pairs)
    rows = np.flatnonzero(kept)
    flow = Decided(ledger, rows, facts, mask if own.alone else None, own.totals)
    if own.linked is not None:
        at, passed = places[rows], np.zeros(rows.size, np.int64)
        passed[np.searchsorted(at, own.linked.receipts)] = own.linked.passed
        flow.give({kind: _events(links, at) for kind, links in own.linked.kinds.items()}, passed)
    return flow


def _events(rows: Longs, places: Longs) -> Longs:
    events = rows.copy()
    events[:, :2] = np.searchsorted(places, rows[:, :2])
    return events
