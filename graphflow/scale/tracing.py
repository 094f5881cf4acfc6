"""`trace` for a store of any size: who can hold the victims' money comes first, then all transfers of those.

    victims   transfers that the lines of the victims file may mean, and only those, are matched with them
    reach     a way through the store finds the accounts that the money can have reached (`reaching`)
    trace     all transfers of these accounts are a part of the ledger, with facts of the whole; it is traced as it is
    beside    what tables look at besides (`graphflow.trace.beside`) is read too, and the trace made of both

Memory grows with the transfers of reached accounts. Money that goes through a gateway or a large merchant brings all
transfers of that account in, since its balance is told as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Unpack

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_names import AccountTypeNames, built_in, load_account_types
from graphflow.clock import Clock, few_arenas, give_back
from graphflow.detect import DETECTORS, Findings, fit
from graphflow.errors import SourceError
from graphflow.flow import microseconds
from graphflow.graph import FlowGraph
from graphflow.read.options import PathName, ReadOptions
from graphflow.scale.analyzing import Scale, key_of, ready
from graphflow.scale.part import Bools, Facts, Longs, Part
from graphflow.scale.pieces import Piece
from graphflow.scale.reaching import Way, reached
from graphflow.scale.seeking import Seeker
from graphflow.scale.stored import Stored
from graphflow.scale.whole import Pieces
from graphflow.store import is_store
from graphflow.totals import DWELL
from graphflow.trace import Order, Trace, trace
from graphflow.trace.beside import beside
from graphflow.trace.flows import MOST_PASSES, ends_of
from graphflow.trace.victims.matching import Victims
from graphflow.tracing import moment_of, must_name_one, order_of, span_of, told, victims_in
from graphflow.words import percent

MUCH = 0.5
"""The share of a store's transfers in the trace from which it is said that pieces spare little memory."""


class Limits(NamedTuple):
    """In which order, and until when, money is followed: see `graphflow.trace.trace`."""

    order: Order
    within: timedelta | None
    now: datetime | None


class TracedPart(Part):
    """A part of a ledger that knows which accounts of the whole pay."""

    def __init__(self, piece: Piece, facts: Facts, paying: Bools, types: AccountTypeNames) -> None:
        super().__init__(piece.ledger, None, facts.beside(piece))
        self.type_names = types
        self._paying = paying

    @cached_property
    def paying(self) -> Bools:
        return self._paying

    def stays(self, dwell: timedelta) -> npt.NDArray[np.float64]:
        """As of the whole, also of accounts some of whose transfers are not here."""
        return self.totals.stays if dwell == DWELL else super().stays(dwell)


def trace_store(
    store: PathName,
    scale: Scale,
    *,
    victims: PathName | None = None,
    from_case: str | None = None,
    order: str = "strict",
    within: str | timedelta | None = None,
    at: str | datetime | None = None,
    tolerance: str | timedelta = "10m",
    types: PathName | None = None,
    tell: Callable[[str], None] = lambda name: None,
    note: Callable[[str], None] = lambda line: None,
    **options: Unpack[ReadOptions],
) -> Trace:
    """What `trace_files` gives of a store, in pieces: the same trace, in bounded memory.

    The trace's ledger holds the transfers that it rests on, not all. The work folder is still there:
    `graphflow.scale.workfolder.at_work` holds it and removes it at the end.

    note     hears what a reader must know of the run itself: where the trace is of most of the store
    options  as for `trace_files`; of those how to read only the time zone matters, as the store is read already

    Raises `GraphflowError` in one line.

    Example
    -------
    >>> import tempfile
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> _ = gf.ingest(folder / "town" / "transfers.csv", folder / "store")
    >>> asked = {"victims": folder / "town" / "victims.csv"}
    >>> pieces = trace_store(folder / "store", Scale(work=folder / "work"), **asked)
    >>> pieces.holdings.equals(gf.trace_files(folder / "store", **asked).holdings)
    True
    """
    few_arenas()
    limits = Limits(order_of(order), span_of(within), moment_of(at, options.get("timezone", "UTC")))
    must_name_one(victims, from_case)
    folder = Path(store)
    if not is_store(folder):
        raise SourceError(f"{folder}: is no store; graphflow ingest SOURCE... --store {folder} makes one")
    names = load_account_types(types) if types is not None else built_in()
    clock = Clock(tell=tell)
    with clock.stage("read"):
        source = ready(folder, scale, key_of(folder, scale, [kind() for kind in DETECTORS], names, None), None)
        pieces = Pieces(source=source, executor=scale.executor, stretch=scale.stretch, tell=scale.tell)
        seeker = Seeker(pieces, tolerance, options)
        some = seeker.of_file(Path(victims)) if victims is not None else seeker.of_case(str(from_case))

    def findings() -> Findings:
        return pieces.detect(None, names)[0]

    found = victims_in(some, clock, findings, victims, from_case, tolerance, options)
    rows = some.places(found.payments["row"].to_numpy().astype(np.int64))
    del some
    with clock.stage("trace"):
        traced = _Tracing(pieces, scale, names).of(found, rows, limits)
    if traced.traced.rows.size > MUCH * max(1, source.size):
        share = percent(traced.traced.rows.size / source.size)
        note(f"{share} of the store's transfers are of accounts that the money can have reached: all are in memory")
    return told(traced, clock)


class _Tracing:
    """A store, and what is known of the whole."""

    def __init__(self, pieces: Pieces, scale: Scale, types: AccountTypeNames) -> None:
        self.pieces, self.scale, self.types = pieces, scale, types
        running, _ = fit(None, self.source.head)
        self.facts = pieces.facts(running, types)
        self.paying = np.zeros(self.source.head.accounts.height, np.bool_)
        for first, last in self.source.columns.chunks():
            self.paying[self.source.columns.read("payer", first, last)] = True

    @property
    def source(self) -> Stored:
        return self.pieces.source

    def of(self, found: Victims, places: Longs, limits: Limits) -> Trace:
        """The trace of payments at some places."""
        reach = self._reached(np.unique(places), limits)
        first = self._trace(reach, found, places, limits)
        more = beside(first, self._paid_since, self.source.users()) & ~reach
        if not more.any():
            return first
        rows = first.graph.ledger.height
        del first  # its transfers are read again with the others: both at once would be twice the memory
        give_back(rows)
        return self._trace(reach | more, found, places, limits)

    def _trace(self, accounts: Bools, found: Victims, places: Longs, limits: Limits) -> Trace:
        ends = np.array([0, self.source.size - 1])  # the first and last time of the ledger are those of the whole
        piece = self.pieces.full(accounts, np.unique(np.concatenate([places, ends])))
        graph = FlowGraph(TracedPart(piece, self.facts, self.paying, self.types))
        here = np.searchsorted(piece.ledger.all_places, places).astype(np.uint32)
        payments = found.payments.with_columns(row=here)
        return trace(graph, replace(found, payments=payments), order=limits.order, within=limits.within, now=limits.now)

    def _reached(self, places: Longs, limits: Limits) -> Bools:
        """Accounts that money of payments at some places can have reached."""
        columns = self.source.columns
        victims = np.array([columns.read("payer", row, row + 1)[0] for row in places.tolist()], np.int32)
        stopped = np.zeros(self.paying.size, np.bool_)
        stopped[list(ends_of(self.facts.types, victims, self.paying, limits.order))] = True
        last, way = self._last(places, limits), MOST_PASSES if limits.order == "off" else 1
        return reached(
            Way(reported=places, stopped=stopped, last=last, passes=way),
            columns,
            self.source.folder,
            self.scale.stretch,
            lambda done, of: self.scale.tell("reach", done, of, None),
        )

    def _last(self, places: Longs, limits: Limits) -> int:
        """How many transfers count, by how long and until when money is followed."""
        columns, times = self.source.columns, []
        if limits.within is not None:
            latest = int(columns.read("time", int(places[-1]), int(places[-1]) + 1)[0])
            times.append(latest + microseconds(limits.within))
        if limits.now is not None:
            times.append(_stamp(limits.now))
        return min((columns.row_at(time + 1) for time in times), default=columns.size)

    def _paid_since(self, payers: Bools, moment: datetime) -> Longs:
        columns = self.source.columns
        begin, paid = columns.row_at(_stamp(moment)), [np.empty(0, np.int64)]
        for first, last in columns.chunks() if payers.any() else ():
            if last > begin:
                payer, payee = (columns.read(name, max(first, begin), last) for name in ("payer", "payee"))
                paid.append(np.unique(payee[payers[payer]]).astype(np.int64))
        return np.unique(np.concatenate(paid))


def _stamp(moment: datetime) -> int:
    """Microseconds since 1970; a moment without a zone is UTC, as in the ledger."""
    return int(pl.Series([moment]).cast(pl.Datetime("us")).to_physical()[0])
