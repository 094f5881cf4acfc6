"""What one piece says: facts of its accounts first, then what may matter to each detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from graphflow.detect import Detector, yield_into
from graphflow.detect.cuts import ByAccount, ByCounterparties, ByLinks, ByTime, Cut
from graphflow.errors import RuleError
from graphflow.finding import Finding
from graphflow.flow import Adjacency, Flow, in_parts, microseconds
from graphflow.graph import FlowGraph
from graphflow.kernels import shared as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger
from graphflow.scale.part import Asked, Bools, Facts, Longs, Part, Sieving, Surveyed
from graphflow.scale.pieces import Codes, Piece
from graphflow.words import Note


def cut_of(detector: Detector) -> Cut:
    """How a detector is cut. Raises `RuleError` when it does not say."""
    says = getattr(detector, "cut", None)
    if says is None:
        raise RuleError(
            f"{detector.name}: does not say how it is cut into pieces (see graphflow.detect.cuts); analyze the whole "
            "ledger at once, or leave it out"
        )
    cut: Cut = says()
    return cut


@dataclass(frozen=True, kw_only=True, eq=False)
class OfAccounts:
    """What a detector that looks at accounts says of a bucket.

    asked     word → candidates that may be among the best of the whole
    accounts  those of its accounts that findings cite; notes: what was cut, to be added up
    """

    asked: dict[str, Asked]
    accounts: Longs
    notes: tuple[Note, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Linked:
    """Links and relays of a bucket's accounts: rows (receipt, payment, …) by kind, as places in the whole ledger.

    receipts, passed  the receipts among them, rising, and the value that each account passed on of them
    """

    kinds: dict[str, Longs]
    receipts: Longs
    passed: Longs


@dataclass(frozen=True, kw_only=True, eq=False)
class Met:
    """Pairs of accounts (smaller × accounts + larger) with a counterparty of the bucket in common: once for each."""

    payers: Longs
    payees: Longs


@dataclass(frozen=True, kw_only=True, eq=False)
class Sieved:
    """What a stretch lets through: places in the whole ledger, and payer × number of accounts + payee of pairs."""

    places: Longs
    pairs: Longs


Said = OfAccounts | Linked | Met | None


def survey_bucket(detectors: Sequence[Detector], piece: Piece, facts: Facts, codes: Codes) -> list[Said]:
    """What each detector says of all transfers of some accounts; None from those that look at something else."""
    own = np.zeros(piece.ledger.accounts.height, np.bool_)
    own[slice(*codes)] = True
    flow = Surveyed(piece.ledger, None, facts.beside(piece), own)
    said = [_said(detector, cut_of(detector), flow, codes) for detector in detectors]
    flow.forget()
    return said


def survey_stretch(cuts: Sequence[ByTime], piece: Piece, facts: Facts) -> list[Sieved]:
    """What may matter in a stretch of time, for each detector that is cut so."""
    flow = Sieving(piece.ledger, None, facts.beside(piece))
    if piece.time is not None:
        flow.time = piece.time
    return [_sieved(cut, flow) for cut in cuts]


def left_out(cuts: Sequence[ByTime], head: Ledger, facts: Facts) -> Bools:
    """Accounts whose transfers matter to none of these detectors. `head`: the ledger without its transfers."""
    flow = Part(head, None, facts)
    masks = [cut.skipped(flow) for cut in cuts]
    return np.logical_and.reduce(masks) if masks else np.zeros(head.accounts.height, np.bool_)


def _sieved(cut: ByTime, flow: Part) -> Sieved:
    events = cut.sieve(flow)
    pairs = np.unique(flow.payer[events] * np.int64(flow.account_count) + flow.payee[events])
    return Sieved(places=flow.ledger.places(events), pairs=pairs if cut.parallel else pairs[:0])


def _said(detector: Detector, cut: Cut, flow: Surveyed, codes: Codes) -> Said:
    match cut:
        case ByAccount():
            return _of_accounts(detector, flow)
        case ByLinks():
            return _linked(cut, flow)
        case ByCounterparties():
            return _met(cut, flow, codes)
        case _:
            return None


def _of_accounts(detector: Detector, flow: Surveyed) -> OfAccounts:
    flow.asked = {}
    found: list[Finding] = []
    notes = yield_into(found, detector.find(FlowGraph(flow)))
    return OfAccounts(
        asked=flow.asked,
        accounts=_suspected(flow, found),
        notes=tuple(note for note in notes if isinstance(note, Note)),
    )


def _suspected(flow: Surveyed, found: Sequence[Finding]) -> Longs:
    """The flow's own accounts that findings suspect; each is on a transaction that they cite."""
    rows = np.concatenate([finding.rows for finding in found] or [np.empty(0, np.int64)])
    ends = np.unique(np.concatenate([flow.payer[rows], flow.payee[rows]])).astype(np.int64)
    ends = ends[flow.own_accounts[ends]]
    names = pl.Series([name for finding in found for name in finding.accounts], dtype=pl.String).unique()
    kept: Longs = ends[flow.names.gather(ends).is_in(names.implode()).to_numpy()]
    return kept


def _linked(cut: ByLinks, flow: Surveyed) -> Linked:
    flow.kept.clear()
    cut.links(flow)
    kinds = {key[0]: rows for key, rows in flow.kept.items()}
    receipts = np.unique(np.concatenate([rows[:, 0] for rows in kinds.values()] or [np.empty(0, np.int64)]))
    return Linked(
        kinds={kind: _placed(flow, rows) for kind, rows in kinds.items()},
        receipts=flow.ledger.places(receipts),
        passed=flow.lots(cut.dwell).passed[receipts],
    )


def _placed(flow: Flow, rows: Longs) -> Longs:
    """Rows whose first two columns are events, as places in the whole ledger."""
    placed = rows.copy()
    for column in (0, 1):
        placed[:, column] = flow.ledger.places(rows[:, column])
    return placed


def _met(cut: ByCounterparties, flow: Surveyed, codes: Codes) -> Met:
    skipped = cut.skipped(flow)

    def pairs(side: Adjacency, wanted: bool) -> Longs:
        if not wanted:
            return np.empty(0, np.int64)
        run = ready(kernels, flow.size).meeting
        parts = in_parts(
            lambda a, b: run(
                a, b, side.ptr, side.events, side.others, flow.time, flow.account_count, microseconds(cut.window),
                skipped,
            ),
            side.ptr,
        )  # fmt: skip
        found: Longs = np.concatenate([rows[:number] for rows, number in parts])
        return found

    return Met(payers=pairs(flow.sent, cut.payers), payees=pairs(flow.received, cut.payees))
