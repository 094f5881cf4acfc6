"""Known attempts, from the files of those who planted or labelled them, as transactions of a ledger."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

from graphflow.errors import SourceError, did_you_mean
from graphflow.read import read_ledger

_BEGIN, _END = "BEGIN LAUNDERING ATTEMPT", "END LAUNDERING ATTEMPT"
_AMLWORLD = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,"
    "Amount Paid,Payment Currency,Payment Format,Is Laundering\n"
)
_SCALE = 8
_SCHEMA = pl.Schema({"attempt": pl.String, "typology": pl.String, "benign": pl.Boolean, "tx": pl.String})
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "attempt": ("attempt", "patternid", "alertid"),
    "typology": ("typology", "pattern", "alerttype", "launderingtype"),
    "label": ("issar", "label", "islaundering", "isfraud"),
    "tx": ("tx", "tranid", "transactionid", "transaction"),
    "row": ("row",),
    "file": ("file",),
}


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known about a ledger.

    table    one row an attempt and transaction: `attempt`, `typology`, `benign` (a look-alike), `tx` (null: not in the
             ledger)
    """

    table: pl.DataFrame

    @property
    def missing(self) -> int:
        """Transactions of the truth that the ledger does not have."""
        return self.table["tx"].null_count()

    @property
    def laundering(self) -> pl.DataFrame:
        """Attempts that are no look-alikes."""
        return self.table.filter(~pl.col("benign"))


def load_truth(path: str | PathLike[str], ledger: pl.DataFrame, decimals: Mapping[str, int]) -> Truth:
    """The truth in a file, tied to the transactions of a ledger table (as in `ledger.parquet`).

    Known are AMLworld's patterns file (tied by what its rows say, each to one transaction), the `truth.json` of
    `graphflow simulate`, and tables (CSV or Parquet) with columns for the attempt and its typology and either the
    transaction id (`tx`, `tran_id`) or the `row` of the source: AMLSim's alert transactions, AMLGentex's transfers
    (whose order is the row). A label of 0 makes an attempt a benign look-alike. Raises `SourceError` for other files.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read as truth ({error.strerror})") from error
    if _BEGIN.encode() in head:
        return Truth(_from_patterns(path, ledger, decimals))
    if head.lstrip().startswith(b"{"):
        return Truth(_from_simulation(path, ledger))
    try:
        table = pl.read_parquet(path) if head.startswith(b"PAR1") else pl.read_csv(path, infer_schema=False)
        return Truth(_from_table(path, table, ledger))
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{path}: is no truth that is known here ({str(error).splitlines()[0]})") from error


# --- AMLworld -------------------------------------------------------------------------------------


def _from_patterns(path: Path, ledger: pl.DataFrame, decimals: Mapping[str, int]) -> pl.DataFrame:
    """Attempts between BEGIN and END lines, their rows read as AMLworld rows are."""
    attempts: list[tuple[str, str]] = []
    lines: list[str] = []
    number, typology = 0, ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(_BEGIN):
            number, typology = number + 1, line.removeprefix(_BEGIN).strip(" -").partition(":")[0].strip().lower()
        elif line.startswith(_END):
            typology = ""
        elif typology and line.strip():
            attempts.append((str(number), typology))
            lines.append(line)
    if not lines:
        raise SourceError(f"{path}: has no rows between its {_BEGIN} and {_END} lines")
    with tempfile.TemporaryDirectory(prefix="graphflow-") as folder:
        file = Path(folder) / "rows.csv"
        file.write_text(_AMLWORLD + "\n".join(lines) + "\n", encoding="utf-8")
        known = read_ledger(file)
    own = _keyed(known.frame, known.decimals)
    found = own.join(_keyed(ledger, decimals).rename({"tx": "match"}), on=_KEY, how="left", maintain_order="left")
    listed = pl.DataFrame(
        {"attempt": [a for a, _ in attempts], "typology": [t for _, t in attempts]}, orient="col"
    ).with_row_index("row", offset=1)
    return found.join(listed, on="row").select("attempt", "typology", benign=pl.lit(False), tx="match").cast(_SCHEMA)


_SAYS = ("time", "payer", "payee", "paid", "paid_currency", "received", "received_currency", "channel")
_KEY = [*_SAYS, "again"]


def _keyed(frame: pl.DataFrame, decimals: Mapping[str, int]) -> pl.DataFrame:
    """What each transaction says, in a form that two files have in common; `again` counts those that say the same."""
    names = pl.col("payer", "payee").str.replace(r"^0+([^:])", "$1")  # pandas takes the zeros off banks
    text = pl.col("paid_currency", "received_currency", "channel").cast(pl.String)
    scaled = [
        (
            pl.col(name).cast(pl.Int128)
            * pl.col(f"{name}_currency")
            .cast(pl.String)
            .replace_strict({c: 10 ** (_SCALE - d) for c, d in decimals.items()}, return_dtype=pl.Int128)
        ).alias(name)
        for name in ("paid", "received")
    ]
    has = frame.with_columns(pl.lit(None, pl.String).alias("channel")) if "channel" not in frame.columns else frame
    table = has.select("tx", "row", "time", names, text, *scaled)
    again = pl.int_range(pl.len()).over(_SAYS).alias("again")
    return table.select("tx", "row", *_SAYS, again)


# --- others ---------------------------------------------------------------------------------------


def _from_simulation(path: Path, ledger: pl.DataFrame) -> pl.DataFrame:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        planted = [(f"{k}", p, False) for k, p in enumerate(content["patterns"])]
        planted += [(f"trap {k}", p, True) for k, p in enumerate(content["traps"])]
        rows = [(name, p["kind"], benign, tx) for name, p, benign in planted for tx in p["transactions"]]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: is not the truth.json of a simulation ({error!r})") from error
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return _only_known(table, ledger)


def _from_table(path: Path, frame: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    columns = {field: _column(frame, names) for field, names in _ALIASES.items()}
    for field in ("attempt", "typology"):
        if columns[field] is None:
            raise SourceError(
                f'{path}: a table of truth needs a column "{field}": {did_you_mean(field, frame.columns)}'
            )
    label = pl.col(columns["label"]).cast(pl.String) if columns["label"] else pl.lit("1")
    picked = {
        "attempt": pl.col(str(columns["attempt"])).cast(pl.String),
        "typology": pl.col(str(columns["typology"])).cast(pl.String),
        "benign": label.str.to_lowercase().is_in(["0", "false", "0.0", ""]),
    }
    if columns["tx"]:
        table = frame.select(**picked, tx=pl.col(columns["tx"]).cast(pl.String))
        return _only_known(table.drop_nulls("attempt").cast(_SCHEMA), ledger)
    row = pl.col(columns["row"]).cast(pl.Int64) if columns["row"] else pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    keys = ["row", *(["file"] if columns["file"] else [])]
    if not columns["file"] and ledger["file"].n_unique() > 1:
        raise SourceError(f'{path}: the ledger is of several files, so the truth needs a column "file" beside "row"')
    table = frame.select(**picked, row=row, **({"file": pl.col(columns["file"])} if columns["file"] else {}))
    known = ledger.select("tx", pl.col("row").cast(pl.Int64), pl.col("file").cast(pl.String)).select("tx", *keys)
    joined = table.drop_nulls("attempt").join(known, on=keys, how="left", maintain_order="left")
    return joined.select(*_SCHEMA).cast(_SCHEMA)


def _column(frame: pl.DataFrame, names: tuple[str, ...]) -> str | None:
    folded = {name.lower().replace("_", "").replace(" ", ""): name for name in frame.columns}
    return next((folded[name] for name in names if name in folded), None)


def _only_known(table: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    known = pl.col("tx").is_in(ledger["tx"].implode())
    return table.with_columns(tx=pl.when(known).then("tx"))
