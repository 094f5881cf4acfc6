"""A store analyzed in pieces: the analysis that reading all of it at once would give, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from graphflow.account_names import AccountTypeNames
from graphflow.account_types import TYPES
from graphflow.clock import give_back
from graphflow.detect import Detector, Findings, fit, gathered
from graphflow.detect.cuts import ByPlaces
from graphflow.flow import microseconds
from graphflow.graph import FlowGraph
from graphflow.ledger import OPTIONAL, REJECTED, Ledger
from graphflow.scale import packing
from graphflow.scale.executors import Executor
from graphflow.scale.facts import AccountFacts, joined
from graphflow.scale.keeping import Keeping
from graphflow.scale.merge import Deciding, deciding, found_in
from graphflow.scale.part import Bools, Facts, Longs, Part
from graphflow.scale.pieces import Piece, Stretch
from graphflow.scale.plan import span_of, stretches_of
from graphflow.scale.stored import Stored
from graphflow.scale.survey import Sieved, cut_of
from graphflow.scale.tasks import Done, Kind, Task, cut_by_time, forget_facts, read_plan, write_facts
from graphflow.store.keeper import Keeper
from graphflow.store.opened import days_at, keeper_of, part_of

_NONE = np.empty(0, np.int64)
_AT_ONCE = 200_000
"""Transfers that are there at once with the names of their accounts."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """A store that is cut and indexed in a work folder, and who works on it.

    stretch  transfers of a stretch of time
    keeping  what an earlier run kept of stretches, where this one goes on from it
    tell     hears the kind of work, and of each task that is done how many there are
    surveyed gets `transfers` when no task is left
    """

    source: Stored
    executor: Executor
    stretch: int
    keeping: Keeping | None = None
    tell: Callable[[str, int, int, Done | None], None] = lambda kind, done, of, last: None
    surveyed: Callable[[Callable[[], Iterable[Ledger]]], None] = lambda transfers: None

    def detect(self, detectors: Sequence[Detector] | None, types: AccountTypeNames) -> tuple[Findings, FlowGraph]:
        """What is found in the whole, and the graph of all that cases rest on."""
        running, warnings = fit(detectors, self.source.head)
        facts = self.facts(running, types)
        write_facts(self.source.folder, facts)
        decide = self._surveyed(running, facts)
        self.surveyed(self.transfers)
        ledger, beside, results = found_in(self.source, running, decide, facts)
        flow = Part(ledger, None, beside)
        found = gathered(flow, running, results, facts.valuation.warnings + warnings)
        asked = self._asked(found, ledger, facts) if len(found) else np.zeros(facts.traffic.size, np.bool_)
        found = self._by_places(found)
        flow.forget()
        del decide, ledger, beside, results, flow  # what cases rest on is read now: both at once is too much
        give_back(self.source.size)
        return self._in_cases(found, asked, facts, types)

    def _surveyed(self, running: Sequence[Detector], facts: Facts) -> list[Deciding]:
        """What decides for each detector, by all pieces."""
        plan = read_plan(self.source.folder)
        tasks = [self._task("bucket", number, running) for number in range(len(plan.buckets))]
        later = self._stretches(running)
        if self.keeping is not None:
            self.keeping.reuse(self.source, later, running, facts)
        self._do("survey", [*tasks, *later])
        forget_facts()
        if self.keeping is not None:
            self.keeping.keep(self.source, running, facts)
        return self._decide(running, tasks, later, facts.traffic.size)

    def transfers(self) -> Iterator[Ledger]:
        """All transfers, day by day, and of a day with many a part at a time."""
        keeper = keeper_of(self.source.store, self.source.manifest)
        full = self._full_head(keeper)
        first = 0
        for part in self.source.manifest.parts:
            day = part_of(self.source.store, part, self.source.manifest.decimals)
            for some in day.iter_slices(_AT_ONCE):
                yield replace(full, frame=self._named(keeper, some, np.arange(first, first + some.height)))
                first += some.height

    def _task(self, kind: Kind, number: int, running: Sequence[Detector]) -> Task:
        return Task(str(self.source.store), str(self.source.folder), kind, number, tuple(running))

    def _stretches(self, running: Sequence[Detector]) -> list[Task]:
        """Tasks of stretches of time, for each reach that detectors have stretches of its own."""
        pieces = [
            (reach, times)
            for reach in sorted({cut.reach for _, cut in cut_by_time(running)})
            for times in self._cut(microseconds(reach))
        ]
        return [
            replace(self._task("stretch", number, running), times=times, reach=reach)
            for number, (reach, times) in enumerate(pieces)
        ]

    def _cut(self, reach: int) -> tuple[Stretch, ...]:
        before = self.keeping.cuts(reach) if self.keeping is not None else ()
        return stretches_of(self.source.columns, reach, self.stretch, before)

    def _do(self, what: str, tasks: Sequence[Task]) -> None:
        """Have tasks done; those whose files are there are."""
        left = [task for task in tasks if not task.result.exists()]
        done = len(tasks) - len(left)
        self.tell(what, done, len(tasks), None)

        def tell(last: Done) -> None:
            nonlocal done
            done += 1
            self.tell(what, done, len(tasks), last)

        if left:
            self.executor.run(left, tell)

    def facts(self, running: Sequence[Detector], types: AccountTypeNames) -> Facts:
        """What is true of the whole ledger."""
        source, one_off = self.source, np.zeros(self.source.size, np.bool_)
        tasks = [self._task("facts", number, running) for number in range(len(read_plan(source.folder).buckets))]
        self._do("facts", tasks)
        told: list[AccountFacts] = []
        for task in tasks:
            each: AccountFacts = packing.load(task.result)
            one_off[each.paid] = each.one_off
            told.append(replace(each, paid=_NONE, one_off=np.empty(0, np.bool_)))  # what was used is let go
        head = source.head
        return joined(told, one_off, head.accounts, types, source.valuation, span_of(head))

    def _decide(
        self, running: Sequence[Detector], buckets: Sequence[Task], stretches: Sequence[Task], size: int
    ) -> list[Deciding]:
        """What decides for each detector."""
        said = [packing.load(task.result) for task in buckets]
        sieved: dict[int, list[Sieved]] = {}
        for task in stretches:
            mine = [number for number, cut in cut_by_time(running) if cut.reach == task.reach]
            for number, each in zip(mine, packing.load(task.result), strict=True):
                sieved.setdefault(number, []).append(each)
        asks = any(isinstance(cut_of(detector), ByPlaces) for detector in running)
        users = self.source.users() if asks else (_NONE, _NONE)
        return [
            deciding(detector, [each[k] for each in said], sieved.get(k, ()), users, size)
            for k, detector in enumerate(running)
        ]

    # --- what cases rest on -----------------------------------------------------------------------

    def _by_places(self, found: Findings) -> Findings:
        """The same findings over the whole ledger, of which nothing is in memory: rows are places there."""
        head = replace(self.source.head, portion=None)
        return replace(found, found=tuple(replace(f, ledger=head, rows=f.ledger.places(f.rows)) for f in found))

    def _in_cases(
        self, found: Findings, asked: Bools, facts: Facts, types: AccountTypeNames
    ) -> tuple[Findings, FlowGraph]:
        """The findings, in a graph of what they cite.

        Around it are all transfers of accounts that are suspected, or that are on a cited transaction and not of a kind
        that everyone deals with: roles are looked up there.
        """
        wide = self.source.around(asked)
        around = Part(wide.ledger, None, facts.beside(wide))
        if wide.time is not None:
            around.time = wide.time
        piece = self.full(np.zeros(asked.size, np.bool_), np.unique(np.concatenate([f.rows for f in found] or [_NONE])))
        flow = Part(piece.ledger, None, facts.beside(piece), around=around)
        flow.type_names = types
        places = piece.ledger.all_places
        moved = [replace(f, ledger=piece.ledger, rows=np.searchsorted(places, f.rows)) for f in found]
        return replace(found, found=tuple(moved)), FlowGraph(flow)

    def _asked(self, found: Findings, ledger: Ledger, facts: Facts) -> Bools:
        rows = np.unique(np.concatenate([f.rows for f in found]))
        ends = np.unique(np.concatenate([ledger.payer_codes[rows], ledger.payee_codes[rows]]))
        plain = facts.types.codes[ends] <= TYPES.index("person")
        plain |= facts.types.codes[ends] == TYPES.index("exchange")
        names = pl.Series([name for f in found for name in f.accounts], dtype=pl.String).unique()
        suspected = ledger.accounts["account"].gather(ends).is_in(names.implode()).to_numpy()
        asked = np.zeros(facts.traffic.size, np.bool_)
        asked[ends[plain | suspected]] = True
        return asked

    def full(self, accounts: Bools, places: Longs) -> Piece:
        """Transfers with all their columns."""
        piece = self.source.chosen(accounts, places, _NONE)
        keeper, at = keeper_of(self.source.store, self.source.manifest), piece.ledger.all_places
        found = self.source.manifest
        days = list(days_at(self.source.store, found, at))
        if not days:  # nothing was found: the columns are there all the same
            days = [part_of(self.source.store, found.parts[0], found.decimals).clear()]
        frame = self._named(keeper, pl.concat(days, how="diagonal"), at)
        ledger = replace(
            self._full_head(keeper),
            frame=frame,
            payer_codes=piece.ledger.payer_codes,
            payee_codes=piece.ledger.payee_codes,
            portion=piece.ledger.portion,
        )
        return Piece(ledger, piece.values)

    def _full_head(self, keeper: Keeper) -> Ledger:
        """The ledger without its transfers, with all that a reader of results asks of it."""
        bad = keeper.accounting.bad
        return replace(
            self.source.head,
            sources=self.source.manifest.sources,
            rejected=pl.concat(bad) if bad else pl.DataFrame(schema=REJECTED),
        )

    def _named(self, keeper: Keeper, transfers: pl.DataFrame, places: Longs) -> pl.DataFrame:
        """Transfers of the store as a ledger has them, with the columns of all days, and ids of their own."""
        frame = keeper.whole(transfers, self.source.head.accounts["account"])
        missing = [name for name in self.source.names if name not in frame.columns and name in OPTIONAL]
        frame = frame.with_columns(pl.lit(None, OPTIONAL[name]).alias(name) for name in missing)
        wanted = [name for name in frame.columns if name not in OPTIONAL]
        frame = frame.select(*wanted, *(name for name in OPTIONAL if name in frame.columns))
        ids = self.source.ids
        if ids.height and places.size:
            at = np.searchsorted(places, ids["place"].to_numpy())
            here = (at < places.size) & (places[np.minimum(at, places.size - 1)] == ids["place"].to_numpy())
            frame = frame.with_columns(tx=frame["tx"].scatter(at[here].tolist(), ids["tx"].filter(pl.Series(here))))
        return frame
