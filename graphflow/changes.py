"""What changed in the cases between two runs: which are new, which have grown, which are gone."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

from graphflow.errors import SourceError

KINDS = ("new", "grown", "changed", "closed", "same")
"""What a case can be, in the order in which they are told."""

_TRANSACTION = ("file", "row")
_NEEDED = {
    "cases": ("case_id", "rank", "level", "points", "accounts", "amount", "currency", "headline"),
    "findings": ("finding_id", "case_id", "detector"),
    "evidence": ("finding_id", "case_id", *_TRANSACTION),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseTables:
    """The cases of a run as tables: see `cases.parquet`, `findings.parquet` and `evidence.parquet`.

    where  the folder they were read from; empty: none
    """

    cases: pl.DataFrame
    findings: pl.DataFrame
    evidence: pl.DataFrame
    where: str = ""

    @classmethod
    def read(cls, folder: str | PathLike[str]) -> CaseTables:
        """Those of a folder that `analyze` wrote. Raises `SourceError` in one line."""
        path = Path(folder)
        try:
            tables = {name: pl.read_parquet(path / f"{name}.parquet").select(own) for name, own in _NEEDED.items()}
        except (OSError, pl.exceptions.PolarsError) as error:
            why = (str(error).splitlines() or ["?"])[0][:200]
            raise SourceError(f"{path}: is no result of graphflow analyze to compare with ({why})") from error
        return cls(**tables, where=str(path))


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """What became of each case.

    table  one row a case of now, and one of each that is gone: `change` (one of `KINDS`), `case_id`, `rank` (null: it
           is gone), `level`, `points`, `before` (cases of then that it goes on with; of one that is gone, its own),
           `level_before`, `points_before` (of the best of those), `transactions`, `transactions_added`,
           `accounts_added`, `amount`, `currency`, `headline`
    where  the results that were compared with

    A transaction is the same when its file and row are. A case goes on with one of then when the same detectors cite
    half of the smaller one's transactions in both, and each other case has less in common with one of the two: several
    may have become one, and one several. A case that goes on with none is *new*; one that cites transactions that no
    case did then, or suspects accounts that those did not, *grown*; one that lost some, has another level, or goes on
    with several, *changed*. One of then that none goes on with is *closed*. Points move with what is usual in the
    ledger: that alone is no change.
    """

    table: pl.DataFrame
    where: str = ""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cases are of each kind."""
        found = dict(self.table["change"].value_counts().iter_rows())
        return {kind: found.get(kind, 0) for kind in KINDS}

    @cached_property
    def by_case(self) -> dict[str, str]:
        """What became of each case of now, by its id."""
        now = self.table.drop_nulls("rank")
        return dict(zip(now["case_id"], now["change"], strict=True))

    def __repr__(self) -> str:
        return f"Changes({', '.join(f'{number:,} {kind}' for kind, number in self.counts.items())})"


def changes(before: CaseTables, now: CaseTables) -> Changes:
    """Compare the cases of two runs over a growing ledger.

    Example
    -------
    >>> import tempfile
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> analysis = gf.analyze(folder / "town" / "transfers.csv")
    >>> then = CaseTables.read(gf.write_results(analysis, folder / "out", pages=0))
    >>> changes(then, then).counts["same"] == len(analysis.cases)
    True
    """
    by_detector = _evidence(before), _evidence(now)
    was, own = (evidence.drop("detector").unique() for evidence in by_detector)
    then = _Then(
        cases={case["case_id"]: {**case, "place": place} for place, case in enumerate(before.cases.to_dicts())},
        met=_lists(_going_on(*by_detector), "case_id", "case_id_then"),
        known=_sizes(own.join(was, on=_TRANSACTION, how="semi")),
        lost=set(was.join(own, on=_TRANSACTION, how="anti")["case_id"]),
    )
    sizes, were = _sizes(own), _sizes(was)
    told = [then.now(case, sizes.get(case["case_id"], 0)) for case in now.cases.iter_rows(named=True)]
    still = {name for names in then.met.values() for name in names}
    told += [_closed(case, were.get(name, 0)) for name, case in then.cases.items() if name not in still]
    scale = max(getattr(tables.cases.schema["amount"], "scale", 0) for tables in (before, now))
    schema = {**_COLUMNS, "amount": pl.Decimal(38, scale)}
    table = pl.DataFrame([{name: row[name] for name in schema} for row in told], schema=schema)
    order = pl.col("change").replace_strict({kind: place for place, kind in enumerate(KINDS)}, return_dtype=pl.Int8)
    return Changes(table=table.sort(order, maintain_order=True), where=before.where)


_COLUMNS = {
    "change": pl.String(), "case_id": pl.String(), "rank": pl.Int64(), "level": pl.String(), "points": pl.Float64(),
    "before": pl.List(pl.String()), "level_before": pl.String(), "points_before": pl.Float64(),
    "transactions": pl.Int64(), "transactions_added": pl.Int64(), "accounts_added": pl.List(pl.String()),
    "amount": pl.Decimal(38, 2), "currency": pl.String(), "headline": pl.String(),
}  # fmt: skip


def _going_on(was: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Pairs of a case of now and one of then with which it goes on, from the evidence of both."""
    pairs = (
        own.join(was, on=(*_TRANSACTION, "detector"), suffix="_then").group_by("case_id", "case_id_then").len("common")
    )
    pairs = pairs.join(own.group_by("case_id").len("own"), on="case_id").join(
        was.group_by("case_id").len("was"), left_on="case_id_then", right_on="case_id"
    )
    alike = pl.col("common") / (pl.col("own") + pl.col("was") - pl.col("common"))
    pairs = pairs.filter(2 * pl.col("common") >= pl.min_horizontal("own", "was")).with_columns(alike=alike)
    best = pl.concat(
        pairs.sort(-pl.col("alike"), "case_id", "case_id_then").unique(side, keep="first", maintain_order=True)
        for side in ("case_id", "case_id_then")
    )
    return best.select("case_id", "case_id_then").unique()


def _evidence(results: CaseTables) -> pl.DataFrame:
    """Each case with each detector and transaction that it cites."""
    detectors = results.findings.select("finding_id", "case_id", "detector")
    cited = results.evidence.select("finding_id", "case_id", *(pl.col(n).cast(pl.String) for n in _TRANSACTION))
    return cited.join(detectors, on=("finding_id", "case_id")).drop("finding_id").unique()


def _sizes(cited: pl.DataFrame) -> dict[str, int]:
    return dict(cited.group_by("case_id").len().iter_rows())


def _lists(table: pl.DataFrame, key: str, value: str) -> dict[str, list[str]]:
    return dict(table.group_by(key).agg(value).iter_rows())


@dataclass(frozen=True, kw_only=True)
class _Then:
    """What is known of the cases of then.

    cases  by their ids, with their places in the ranking; met: case of now → those that it goes on with
    known  case of now → how many of its transactions some case cited then; lost: those that cited more than is now
    """

    cases: Mapping[str, dict[str, Any]]
    met: Mapping[str, list[str]]
    known: Mapping[str, int]
    lost: Set[str]

    def now(self, case: dict[str, Any], transactions: int) -> dict[str, Any]:
        """What became of a case of now."""
        name = case["case_id"]
        before = sorted((self.cases[other] for other in self.met.get(name, ())), key=itemgetter("place"))
        suspected = {account for other in before for account in other["accounts"]}
        told = {
            **case,
            "before": [other["case_id"] for other in before],
            "level_before": before[0]["level"] if before else None,
            "points_before": before[0]["points"] if before else None,
            "transactions": transactions,
            "transactions_added": transactions - self.known.get(name, 0),
            "accounts_added": [account for account in case["accounts"] if account not in suspected],
        }
        return {**told, "change": self._change(told)}

    def _change(self, told: dict[str, Any]) -> str:
        if not told["before"]:
            return "new"
        if told["transactions_added"] or told["accounts_added"]:
            return "grown"
        stands = told["level"] == told["level_before"] and len(told["before"]) == 1
        return "same" if stands and not self.lost & set(told["before"]) else "changed"


def _closed(case: dict[str, Any], transactions: int) -> dict[str, Any]:
    """A case of then of which nothing is cited now."""
    return {
        **case,
        "change": "closed",
        "case_id": None,
        "rank": None,
        "before": [case["case_id"]],
        "level_before": case["level"],
        "points_before": case["points"],
        "transactions": transactions,
        "transactions_added": 0,
        "accounts_added": [],
    }
