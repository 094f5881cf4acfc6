"""What was recognised in files, as plain values: for programs, and for the tables that people see."""

from __future__ import annotations

from typing import Any

from graphflow.ledger import Ledger, Source, major

_EXAMPLES, _GAPS = 3, 1000


def described(ledger: Ledger) -> dict[str, Any]:
    """Files, ledger, examples, gaps and warnings, ready for JSON.

    Example
    -------
    >>> from graphflow import read_ledger
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("time,payer,payee,amount,currency\\n2026-01-05 09:00,007,008,12.50,CNY\\n")
    >>> described(read_ledger(path))["examples"][0]["paid"]
    '12.50'
    """
    first, last = ledger.frame["time"][0], ledger.frame["time"][-1]
    return {
        "files": [_file(source) for source in ledger.sources],
        "ledger": {
            "transfers": ledger.height,
            "accounts": ledger.accounts.height,
            "first": f"{first:%Y-%m-%dT%H:%M:%SZ}",
            "last": f"{last:%Y-%m-%dT%H:%M:%SZ}",
            "precision_seconds": ledger.precision.total_seconds(),
            "currencies": dict(ledger.decimals),
        },
        "examples": [_example(row, ledger) for row in ledger.frame.head(_EXAMPLES).iter_rows(named=True)],
        "gaps": [_plain(row) for row in ledger.gaps.head(_GAPS).iter_rows(named=True)],
        "gap_count": ledger.gaps.height,
        "identities": ledger.identities.height,
        "statements": ledger.statements.height,
        "not_transfers": dict(ledger.rejected["reason"].value_counts(sort=True, name="n").head(50).iter_rows()),
        "warnings": list(ledger.warnings),
    }


def _file(source: Source) -> dict[str, Any]:
    return {
        "path": source.path,
        "sha256": source.sha256,
        "bytes": source.bytes,
        "dialect": source.dialect,
        "encoding": source.encoding,
        "separator": source.separator,
        "header_line": source.header_line,
        "title": list(source.title),
        "columns": {
            name: {"header": header, "confidence": source.confidence.get(name)}
            for name, header in source.columns.items()
        },
        "unit": source.unit or "the currency's unit",
        "decimal": source.decimal or "point",
        "direction": source.direction,
        "time_format": source.time_format,
        "rows": dict(source.rows),
    }


def _example(row: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
    paid = major(row["paid"], ledger.decimals[row["paid_currency"]])
    return {**_plain({name: row[name] for name in ("tx", "time", "payer", "payee")}), "paid": paid} | {
        "currency": row["paid_currency"],
        "file": row["file"],
        "row": row["row"],
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Values that JSON has."""
    return {name: f"{v:%Y-%m-%dT%H:%M:%SZ}" if hasattr(v, "strftime") else v for name, v in row.items()}
