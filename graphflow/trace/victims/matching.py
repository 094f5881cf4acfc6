"""Victims' payments: lines of a victims file, transactions or a case → rows of the ledger.

Every line is matched, or listed with the reason and the nearest transfers. Nothing is chosen among transfers that
differ: two that fit one line are listed, not guessed at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from os import PathLike
from pathlib import Path

import numpy as np
import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import Ledger
from graphflow.read.amounts import SCALE
from graphflow.trace.victims.file import VictimsFile, lines_of, read_lines
from graphflow.trace.victims.fitting import Ask, ask, fits
from graphflow.trace.victims.sorting_out import Outcome, sort_out
from graphflow.trace.victims.stated_accounts import StatedAccounts
from graphflow.words import visible

PAYMENTS: Mapping[str, pl.DataType] = {
    "table": pl.String(), "line": pl.UInt32(), "row": pl.UInt32(), "victim": pl.String(), "amount": pl.Int64(),
    "currency": pl.String(), "how": pl.String(),
}  # fmt: skip
UNMATCHED: Mapping[str, pl.DataType] = {
    "table": pl.String(), "line": pl.UInt32(), "says": pl.String(), "reason": pl.String(), "candidates": pl.String(),
}  # fmt: skip

TOLERANCE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, eq=False)
class Victims:
    """The payments that victims report, as rows of the ledger.

    payments   one row a payment, in ledger order: `table` and `line` of the victims file (null: from a case), `row`
               (position in `ledger.frame`), `victim` (the account that paid), `amount` (minor units) and `currency`,
               `how` it was matched, in words
    unmatched  every line that names no single transfer: `says` what stands in it, the `reason`, `candidates`
    warnings   what a reader must know

    Example
    -------
    >>> import graphflow as gf
    >>> from datetime import datetime
    >>> import polars as pl
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1)] * 2, "payer": ["P", "Q"],
    ...     "payee": ["Q", "P"], "paid": [1000, 990], "paid_currency": ["CNY"] * 2})
    >>> graph = gf.FlowGraph(gf.Ledger.from_frame(frame))
    >>> victims_of(["a"], graph.ledger)
    Victims(1 payments of 1 accounts, 0 lines unmatched)
    """

    payments: pl.DataFrame
    unmatched: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=UNMATCHED))
    warnings: tuple[str, ...] = ()

    @property
    def accounts(self) -> list[str]:
        """The victims' accounts, by their first payment."""
        return self.payments["victim"].unique(maintain_order=True).to_list()

    def __repr__(self) -> str:
        return (
            f"Victims({self.payments.height:,} payments of {len(self.accounts):,} accounts, "
            f"{self.unmatched.height:,} lines unmatched)"
        )

    def _repr_html_(self) -> str:
        """Figures and first lines. The view stands above the trace, so it is fetched when a notebook asks."""
        from graphflow.view.notebook_victims import victims_html

        return victims_html(self)


def read_victims(
    path: str | PathLike[str],
    ledger: Ledger,
    *,
    tolerance: timedelta = TOLERANCE,
    timezone: str = "UTC",
    amount_tolerance: Decimal | str | int = 0,
    flagged: Collection[str] = (),
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    time_format: str | None = None,
    decimal: str | None = None,
) -> Victims:
    """Read a victims file and find its payments in the ledger.

    tolerance         how far a line's time may be from the transfer's; without a clock in the line or the ledger the
                      day must be the same
    timezone          zone of times that state none: the one the ledger was read with
    amount_tolerance  how far an amount may be off, in major units
    flagged           accounts of findings: a victim's account alone is matched to its only payment to one of them
    mapping           field → header (see `victims_columns.NAMES`), for headers that are not usual ones
    encoding, time_format, decimal   as for `read_ledger`

    A line names one payment: by transaction; by source file and row; or by any of victim, payee, time and amount that
    fit exactly one transfer. A payee alone means all payments into it; a victim alone its only payment, or its only
    one to an account that the file or `flagged` names. Raises `SourceError` or `ColumnError` in one line.

    Example
    -------
    >>> import tempfile
    >>> from graphflow import read_ledger
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("time,payer,payee,amount,currency\\n2026-01-05 09:00:12,V,M,50.00,CNY\\n")
    >>> _ = (folder / "v.csv").write_text("victim,payee,time,amount\\nV,M,2026-01-05 09:00,50\\n")
    >>> read_victims(folder / "v.csv", read_ledger(folder / "a.csv")).payments["how"][0]
    'by accounts, amount and time 00:00:12 apart'
    """
    return match(
        read_lines(
            Path(path),
            timezone=timezone,
            mapping=mapping,
            encoding=encoding,
            time_format=time_format,
            decimal_mark=decimal,
        ),
        ledger,
        tolerance=tolerance,
        spread=_exact(amount_tolerance),
        timezone=timezone,
        flagged=flagged,
    )


def victims_of(
    payments: Iterable[str] | pl.DataFrame,
    ledger: Ledger,
    *,
    tolerance: timedelta = TOLERANCE,
    timezone: str = "UTC",
    flagged: Collection[str] = (),
) -> Victims:
    """Victims' payments that a notebook holds: transaction ids, or a frame with the columns of a victims file.

    Amounts of a frame are in major units: text, Decimal or whole numbers.

    Example
    -------
    >>> from datetime import datetime
    >>> frame = pl.DataFrame({"tx": ["a"], "time": [datetime(2026, 1, 5)], "payer": ["V"], "payee": ["M"],
    ...     "paid": [12_50], "paid_currency": ["CNY"]})
    >>> victims_of(["a", "b"], Ledger.from_frame(frame))
    Victims(1 payments of 1 accounts, 1 lines unmatched)
    """
    frame = payments if isinstance(payments, pl.DataFrame) else _listed(payments)
    return match(lines_of(frame, timezone=timezone), ledger, tolerance=tolerance, timezone=timezone, flagged=flagged)


def _listed(payments: Iterable[str]) -> pl.DataFrame:
    if isinstance(payments, str):
        raise SourceError(f'victims_of takes a list of transactions, not one text: ["{payments}"]')
    return pl.DataFrame({"tx": list(payments)}, schema={"tx": pl.String})


def _exact(amount: Decimal | str | int) -> int:
    try:
        exact = Decimal(amount).scaleb(SCALE)
        whole = int(exact)
    except (InvalidOperation, ValueError, OverflowError):
        raise SourceError(f'the amount tolerance "{amount}" is not an amount') from None
    if exact < 0 or whole != exact:
        raise SourceError(f'the amount tolerance "{amount}" must be 0 or more, with at most {SCALE} decimals')
    return whole


def match(
    file: VictimsFile,
    ledger: Ledger,
    *,
    tolerance: timedelta = TOLERANCE,
    spread: int = 0,
    timezone: str = "UTC",
    flagged: Collection[str] = (),
) -> Victims:
    """The lines of a victims file as rows of the ledger. `spread`: how far amounts may be off, in 10⁻¹⁸."""
    lines = file.lines
    asked, stated = asked_of(file, ledger, tolerance=tolerance, spread=spread, timezone=timezone, flagged=flagged)
    codes = {code for account in flagged if (code := stated.end(account, None).code) is not None}
    outcome = sort_out(lines, asked, fits(asked, ledger), ledger, codes)
    return _victims(file, lines, outcome, ledger)


def asked_of(
    file: VictimsFile,
    ledger: Ledger,
    *,
    tolerance: timedelta = TOLERANCE,
    spread: int = 0,
    timezone: str = "UTC",
    flagged: Collection[str] = (),
) -> tuple[Ask, StatedAccounts]:
    """What lines say, with the accounts that they state. Of the ledger all but its transfers is looked at."""
    if tolerance < timedelta():
        raise SourceError("the time tolerance must not be negative")
    lines = file.lines
    texts = [text for name in ("victim", "payee") for text in lines[name].drop_nulls().to_list()]
    names = [text for name in ("name", "payee_name") for text in lines[name].drop_nulls().to_list()]
    stated = StatedAccounts.of(ledger, [*texts, *flagged], names)
    columns = (lines[name].to_list() for name in ("victim", "name", "payee", "payee_name"))
    ends = [(stated.end(v, n), stated.end(p, m)) for v, n, p, m in zip(*columns, strict=True)]
    return ask(lines, ends, ledger, tolerance=tolerance, spread=spread, timezone=timezone), stated


def _victims(file: VictimsFile, lines: pl.DataFrame, outcome: Outcome, ledger: Ledger) -> Victims:
    found = sorted((row, k, how) for k, pairs in outcome.matched.items() for row, how in pairs)
    rows = np.array([row for row, _, _ in found], np.uint32)
    at = pl.Series([k for _, k, _ in found], dtype=pl.UInt32)
    payments = pl.DataFrame(
        {
            "table": lines["table"].gather(at),
            "line": lines["line"].gather(at),
            "row": rows,
            "victim": ledger.frame["payer"].gather(rows),
            "amount": ledger.frame["paid"].gather(rows),
            "currency": ledger.frame["paid_currency"].gather(rows),
            "how": pl.Series([how for _, _, how in found], dtype=pl.String),
        }
    )
    listed = sorted(outcome.listed)
    says = pl.col("says").map_elements(visible, return_dtype=pl.String)
    unmatched = (
        lines.select("table", "line", "says")[listed]
        .with_columns(says)
        .with_columns(
            reason=pl.Series([outcome.listed[k][0] for k in listed], dtype=pl.String),
            candidates=pl.Series([outcome.listed[k][1] for k in listed], dtype=pl.String),
        )
    )
    return Victims(
        payments=payments.select(pl.col(name).cast(kind) for name, kind in PAYMENTS.items()),
        unmatched=unmatched.select(pl.col(name).cast(kind) for name, kind in UNMATCHED.items()),
        warnings=(*file.warnings, *outcome.warnings),
    )
