"""Victims' payments of a case that an earlier `graphflow analyze` has opened."""

from __future__ import annotations

from os import PathLike
from pathlib import Path, PurePath

import polars as pl

from graphflow.errors import SourceError, did_you_mean
from graphflow.ledger import Ledger
from graphflow.trace.victims.matching import PAYMENTS, UNMATCHED, Victims
from graphflow.words import count, named, shown

VICTIM = "victim candidate"
_HOW = "from {}: {} paid an account of the case"


def victims_from_case(folder: str | PathLike[str], case_id: str, ledger: Ledger) -> Victims:
    """The payments of a case's victim candidates to the accounts that it suspects.

    folder   what `graphflow analyze` wrote; case_id: a case of it, such as "case-0001"
    ledger   read from the same files, or from more of them

    The collecting accounts are those suspected accounts that victim candidates pay in the transactions that the case
    cites; payments to them that no finding cites count too. A role is that of an account in its best-ranked case:
    victim candidates of better cases are not taken, and said. Each payment is found by its transaction, and must stand
    in the same row of the same file and say the same. Raises `SourceError` for a folder that is no result, a case that
    it has not, or one without victim candidates.
    """
    reported, warnings = reported_in(Path(folder), case_id)
    where = reported.select("tx").with_row_index("k").join(_positions(reported["tx"], ledger), on="tx", how="left")
    found = where.sort("k")["position"]
    right = [
        None if row is None else _differs(of, ledger, row) for of, row in zip(reported.to_dicts(), found, strict=True)
    ]
    good = pl.Series([wrong == "" for wrong in right], dtype=pl.Boolean)
    rows = found.filter(good)
    payments = pl.DataFrame(
        {
            "table": pl.repeat(None, rows.len(), dtype=pl.String, eager=True),
            "line": pl.repeat(None, rows.len(), dtype=pl.UInt32, eager=True),
            "row": rows,
            "victim": ledger.frame["payer"].gather(rows),
            "amount": ledger.frame["paid"].gather(rows),
            "currency": ledger.frame["paid_currency"].gather(rows),
            "how": pl.repeat(_HOW.format(case_id, f"a {VICTIM}"), rows.len(), eager=True),
        }
    ).sort("row")
    return Victims(
        payments=payments.select(pl.col(name).cast(kind) for name, kind in PAYMENTS.items()),
        unmatched=_listed(reported, right, ~good),
        warnings=warnings,
    )


def reported_in(folder: Path, case_id: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The transfers of an earlier result that are victims' payments of a case, and what a reader must know."""
    tables = _read(folder)
    if case_id not in set(tables["cases"]["case_id"]):
        raise SourceError(f'{folder}: has no case "{case_id}": {did_you_mean(case_id, tables["cases"]["case_id"])}')
    return _reported(folder, case_id, tables)


def _read(folder: Path) -> dict[str, pl.DataFrame]:
    names = {
        "cases": ("case_id", "accounts"),
        "accounts": ("account", "role", "case_id"),
        "evidence": ("case_id", "transaction"),
        "ledger": ("tx", "payer", "payee", "paid", "paid_currency", "time", "file", "row"),
    }
    try:
        return {name: pl.read_parquet(folder / f"{name}.parquet", columns=list(own)) for name, own in names.items()}
    except (OSError, pl.exceptions.PolarsError) as error:
        why = str(error).splitlines()[0]
        raise SourceError(f"{folder}: is no result of graphflow analyze ({why})") from error


def _reported(folder: Path, case_id: str, tables: dict[str, pl.DataFrame]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The transfers of the earlier ledger that are victims' payments, and what a reader must know."""
    suspected = tables["cases"].filter(case_id=case_id)["accounts"].explode()
    candidates = tables["accounts"].filter(pl.col("role") == VICTIM, ~pl.col("account").is_in(suspected.implode()))
    victims = candidates.filter(case_id=case_id)["account"]
    cited = tables["evidence"].filter(case_id=case_id)["transaction"].unique()
    paid = tables["ledger"].filter(
        pl.col("payer").is_in(candidates["account"].implode()), pl.col("payee").is_in(suspected.implode())
    )
    own = paid.filter(pl.col("payer").is_in(victims.implode()))
    collecting = own.filter(pl.col("tx").is_in(cited.implode()))["payee"].unique()
    if collecting.is_empty():
        raise SourceError(
            f"{folder}: no {VICTIM} of {case_id} pays an account of it: name the payments in a victims file"
        )
    reported = own.filter(pl.col("payee").is_in(collecting.implode()))
    others = paid.filter(pl.col("payee").is_in(collecting.implode()), ~pl.col("payer").is_in(victims.implode()))
    if others.is_empty():
        return reported, ()
    number = count(others["payer"].n_unique(), VICTIM)
    told = f"{number} of better-ranked cases also paid collecting accounts of {case_id}: not taken; name them in a file"
    return reported, (told,)


def _positions(wanted: pl.Series, ledger: Ledger) -> pl.DataFrame:
    at = ledger.frame["tx"].is_in(wanted.implode()).arg_true()
    return pl.DataFrame({"tx": ledger.frame["tx"].gather(at), "position": at.cast(pl.UInt32)})


def _differs(of: dict[str, object], ledger: Ledger, row: int) -> str:
    """What a transfer says otherwise than that of the case; empty where it is the same."""
    own = ledger.frame.row(row, named=True)
    if PurePath(str(own["file"])).name != PurePath(str(of["file"])).name or own["row"] != of["row"]:
        return f"stands in {shown(own['file'])} row {own['row']} here"
    other = [name for name in ("time", "payer", "payee", "paid", "paid_currency") if own[name] != of[name]]
    return f"has another {', '.join(other)} here" if other else ""


def _listed(reported: pl.DataFrame, right: list[str | None], bad: pl.Series) -> pl.DataFrame:
    rows = reported.filter(bad)
    says = [
        f"transaction {named(of['tx'])} of {shown(of['file'])} row {of['row']}, {named(of['payer'])} → "
        f"{named(of['payee'])}"
        for of in rows.to_dicts()
    ]
    reasons = [
        "the ledger has no such transaction" if why is None else f"the transaction {why}" for why in right if why != ""
    ]
    return pl.DataFrame(
        {"table": None, "line": None, "says": says, "reason": reasons, "candidates": [""] * rows.height},
        schema=UNMATCHED,
    )
