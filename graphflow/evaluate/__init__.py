"""Findings against truth: which known attempts were found, how soon in the ranking, and what else was cited."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from graphflow.errors import SourceError
from graphflow.evaluate.truth import Truth, load_truth

if TYPE_CHECKING:
    from graphflow.analysis import Analysis

TOPS = (100, 500, 1000)
_HALF = 0.5
_STEPS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """How results compare with what is known.

    typologies    one row a typology and one for all: `attempts`, `found` (cases cite at least half of the attempt's
                  transactions), `found_100`, `found_500`, `found_1000` (the best-ranked cases do), `share`; look-alikes
                  stand apart (`benign`), for them `high` counts those of which findings at level high cite half
    attempts      one row an attempt: `attempt`, `typology`, `benign`, `size` (transactions), `rank` (of the case with
                  which half of them are cited; null: never), `high` (half of them in findings at that level)
    transactions  one row a level of findings (any, high): `cited`, `right`, `precision`, `recall`, `f1`, `base_rate`,
                  `lift`
    average_precision  over cases in rank order; a case is right when it cites at least half of an attempt, or at least
                  half of what it cites is laundering
    transaction_precision  average precision over transactions, each at the rank of the best case that cites it (those
                  of one case are tied; what no case cites comes last and counts for nothing)
    sweep         one row a threshold of points: what is left of cases, precision, recall, f1, attempts found
    missing       transactions of the truth that the ledger does not have: their attempts lack them, and `transactions`
                  leaves them out
    truth         one row an attempt and transaction of it: `attempt`, `typology`, `benign`, `tx` (null: missing)

    Example
    -------
    >>> import tempfile
    >>> import graphflow as gf
    >>> folder = Path(tempfile.mkdtemp())
    >>> gf.simulate(accounts=200, days=7).write(folder / "town", dialect="two-sided")
    >>> evaluation = evaluate(gf.analyze(folder / "town" / "transfers.csv"), folder / "town" / "truth.json")
    >>> evaluation.attempts["rank"].null_count(), evaluation.missing
    (0, 0)
    """

    typologies: pl.DataFrame
    attempts: pl.DataFrame
    transactions: pl.DataFrame
    sweep: pl.DataFrame
    average_precision: float
    transaction_precision: float
    missing: int
    truth: pl.DataFrame

    def __repr__(self) -> str:
        whole = self.typologies.filter(pl.col("typology") == "all").row(0, named=True)
        return (
            f"Evaluation({whole['found']} of {whole['attempts']} attempts found, "
            f"average precision {self.average_precision:.3f})"
        )

    def _repr_html_(self) -> str:
        """What was found of each typology, and how precisely: fetched when a notebook asks."""
        from graphflow.view.notebook import evaluation_html

        return evaluation_html(self)


def evaluate(results: Analysis | str | PathLike[str], truth: Truth | str | PathLike[str]) -> Evaluation:
    """Compare an analysis, or the folder it was written to, with the truth.

    truth  a file that `graphflow.evaluate.truth.load_truth` knows, or what it gave

    An attempt counts as found when cited transactions cover at least half of its own, so a case over a part of it
    does. Every figure stands beside its base rate: what citing transactions at random would give. Figures hold for the
    data they were measured on. Raises `SourceError` with one clear line.

    Example
    -------
    >>> import tempfile
    >>> from graphflow import analyze, simulate
    >>> simulation = simulate(seed=7, accounts=200, days=7)
    >>> folder = Path(tempfile.mkdtemp())
    >>> simulation.write(folder)
    >>> evaluation = evaluate(analyze(folder / "transfers.csv"), folder / "truth.json")
    >>> evaluation.typologies.columns[:3]
    ['typology', 'benign', 'attempts']
    """
    ledger, decimals, cited = _of_folder(Path(results)) if isinstance(results, str | PathLike) else _of(results)
    known = truth if isinstance(truth, Truth) else load_truth(truth, ledger, decimals)
    attempts = _attempts(known, cited)
    return Evaluation(
        typologies=_typologies(attempts),
        attempts=attempts,
        transactions=_transactions(known, cited, ledger.height),
        sweep=_sweep(known, cited),
        average_precision=_average_precision(known, cited),
        transaction_precision=_transaction_precision(known, cited),
        missing=known.missing,
        truth=known.table,
    )


# --- what was found -------------------------------------------------------------------------------


_CITED = {"rank": pl.Int64, "points": pl.Float64, "tx": pl.String, "high": pl.Boolean}
"""One row a case and transaction; `high`: a finding at that level cites it there."""


def _of(analysis: Analysis) -> tuple[pl.DataFrame, dict[str, int], pl.DataFrame]:
    ledger = analysis.ledger
    listed = [
        ledger.frame[finding.rows].select(
            rank=pl.lit(case.rank, pl.Int64), points=pl.lit(case.points), tx="tx", high=pl.lit(finding.level == "high")
        )
        for case in analysis.cases
        for finding in case.findings
    ]
    return ledger.frame, dict(ledger.decimals), _once(pl.concat([pl.DataFrame(schema=_CITED), *listed]))


def _of_folder(folder: Path) -> tuple[pl.DataFrame, dict[str, int], pl.DataFrame]:
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        cases = pl.read_parquet(folder / "cases.parquet").select("case_id", "rank", "points")
        levels = pl.read_parquet(folder / "findings.parquet").select("finding_id", high=pl.col("level") == "high")
        evidence = pl.read_parquet(folder / "evidence.parquet").select("finding_id", "case_id", tx="transaction")
        ledger = pl.read_parquet(folder / "ledger.parquet")
        decimals: dict[str, int] = run["decimals"]
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{folder}: is no result of graphflow analyze ({error})") from error
    cited = evidence.join(cases, on="case_id").join(levels, on="finding_id")
    return ledger, decimals, _once(cited.select(pl.col(name).cast(kind) for name, kind in _CITED.items()))


def _once(cited: pl.DataFrame) -> pl.DataFrame:
    return cited.group_by("rank", "points", "tx").agg(pl.col("high").any()).sort("rank", "tx")


# --- against what is known ------------------------------------------------------------------------


def _attempts(known: Truth, cited: pl.DataFrame) -> pl.DataFrame:
    """One row an attempt: its size, and the rank down to which half of it is cited (null: never)."""
    best = cited.group_by("tx").agg(pl.col("rank").min(), pl.col("high").any())
    joined = known.table.join(best, on="tx", how="left")
    half = (pl.len() * _HALF).ceil().cast(pl.Int64) - 1
    return joined.group_by("attempt", "typology", "benign", maintain_order=True).agg(
        size=pl.len(),
        rank=pl.col("rank").sort(nulls_last=True).get(half),
        high=pl.col("high").fill_null(False).sum() >= pl.len() * _HALF,
    )


def _typologies(attempts: pl.DataFrame) -> pl.DataFrame:
    counts = {
        "attempts": pl.len(),
        "found": pl.col("rank").is_not_null().sum(),
        **{f"found_{top}": (pl.col("rank") <= top).sum() for top in TOPS},
        "high": pl.col("high").sum(),
    }
    each = attempts.group_by("typology", "benign").agg(**counts).sort("benign", "typology")
    whole = attempts.filter(~pl.col("benign")).select(typology=pl.lit("all"), benign=pl.lit(False), **counts)
    return pl.concat([each, whole]).with_columns(share=(pl.col("found") / pl.col("attempts")).round(4).fill_nan(0.0))


def _scores(right: int, cited: int, laundering: int, height: int) -> dict[str, float]:
    precision, recall = right / cited if cited else 0.0, right / laundering if laundering else 0.0
    base = laundering / height if height else 0.0
    return {
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        "f1": round(2 * precision * recall / (precision + recall), 6) if right else 0.0,
        "base_rate": round(base, 8),
        "lift": round(precision / base, 2) if base else 0.0,
    }


def _counted(cited: pl.DataFrame, laundering: pl.Series) -> tuple[int, int]:
    """Transactions that cases cite, and those of them that are laundering."""
    once = cited["tx"].unique()
    return once.len(), int(once.is_in(laundering.implode()).sum())


def _transactions(known: Truth, cited: pl.DataFrame, height: int) -> pl.DataFrame:
    laundering = known.laundering["tx"].drop_nulls().unique()
    rows = []
    for level, part in (("any", cited), ("high", cited.filter("high"))):
        number, right = _counted(part, laundering)
        scores = _scores(right, number, laundering.len(), height)
        rows.append({"level": level, "cited": number, "right": right, **scores})
    return pl.DataFrame(rows)


def _average_precision(known: Truth, cited: pl.DataFrame) -> float:
    """The mean, over the right cases, of the share of right cases down to each."""
    laundering = known.laundering
    mostly = cited.group_by("rank").agg(
        right=pl.col("tx").is_in(laundering["tx"].drop_nulls().implode()).mean() >= _HALF
    )
    sizes = laundering.group_by("attempt").len("size")
    covers = cited.join(laundering, on="tx").group_by("rank", "attempt").len("part").join(sizes, on="attempt")
    whole = covers.filter(pl.col("part") >= pl.col("size") * _HALF)["rank"].implode()
    cases = mostly.sort("rank").select(right=(pl.col("right") | pl.col("rank").is_in(whole)).cast(pl.Int64))
    right = cases["right"]
    if not right.sum():
        return 0.0
    precision = right.cum_sum() / pl.Series(range(1, right.len() + 1))
    return round(float(precision.filter(right == 1).sum()) / int(right.sum()), 6)


def _transaction_precision(known: Truth, cited: pl.DataFrame) -> float:
    """The mean, over all laundering transactions, of the share of them among those ranked as high or higher."""
    laundering = known.laundering["tx"].drop_nulls().unique()
    best = cited.group_by("tx").agg(pl.col("rank").min())
    ranked = best.group_by("rank").agg(pl.len(), right=pl.col("tx").is_in(laundering.implode()).sum()).sort("rank")
    down_to = ranked.select(share=pl.col("right").cum_sum() / pl.col("len").cum_sum(), right="right")
    return round(float((down_to["share"] * down_to["right"]).sum()) / laundering.len(), 6) if laundering.len() else 0.0


def _sweep(known: Truth, cited: pl.DataFrame) -> pl.DataFrame:
    """From all cases up to the best, at up to 40 thresholds of points."""
    laundering, attempts = known.laundering["tx"].drop_nulls().unique(), Truth(known.laundering)
    points = cited["points"].unique().sort()
    picked = points.gather_every(max(1, points.len() // _STEPS))
    rows = []
    for threshold in picked.to_list():
        part = cited.filter(pl.col("points") >= threshold)
        number, right = _counted(part, laundering)
        scores = _scores(right, number, laundering.len(), 0)
        rows.append(
            {
                "points": threshold,
                "cases": part["rank"].n_unique(),
                "cited": number,
                **{name: scores[name] for name in ("precision", "recall", "f1")},
                "attempts_found": _attempts(attempts, part)["rank"].count(),
            }
        )
    return pl.DataFrame(rows)
