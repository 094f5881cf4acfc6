"""AMLworld (IBM Transactions for Anti Money Laundering): eleven columns, `Account` twice.

The account is bank and account number together; leading zeros of the bank count. Paid and received amounts may
be in two currencies. There is no transaction id. Files saved again by pandas or Polars name the second account
`Account.1` or `Account_duplicated_0`. Source: Altman et al., "Realistic Synthetic Financial Transactions for
Anti-Money Laundering Models", NeurIPS 2023.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from graphflow.errors import ColumnError
from graphflow.read.columns import Layout
from graphflow.read.source import RawFile

NAME = "amlworld"

_ACCOUNT = re.compile(r"account([._ ]?(duplicated_)?\d+)?$", re.IGNORECASE)
_PLAIN = {
    "timestamp": "time",
    "from bank": "payer_bank",
    "to bank": "payee_bank",
    "amount received": "received",
    "receiving currency": "received_currency",
    "amount paid": "paid",
    "payment currency": "paid_currency",
    "payment format": "channel",
    "is laundering": "label",
}


def recognises(source: RawFile) -> bool:
    """Whether a header is AMLworld's: its own names, and an account column after each bank column."""
    names = {name.lower() for name in source.header}
    return {"from bank", "to bank", "amount paid", "amount received"} <= names and len(_accounts(source.header)) == 2


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by AMLworld's headers. Raises `ColumnError` naming the first that is not there."""
    lower = [name.lower() for name in source.header]
    for header in _PLAIN:
        if header not in lower and header != "is laundering":
            raise ColumnError(f'{source.path}: an AMLworld file has a column "{header.title()}"; this one has not')
    accounts = _accounts(source.header)
    if len(accounts) != 2:
        raise ColumnError(f'{source.path}: an AMLworld file has "Account" twice; this one has it {len(accounts)} times')
    positions = {field: lower.index(header) for header, field in _PLAIN.items() if header in lower}
    accounts = _by_side(accounts, positions["payer_bank"], positions["payee_bank"])
    parts: dict[str, tuple[int, ...]] = {field: (k,) for field, k in positions.items() if not field.endswith("_bank")}
    headers = {field: source.header[k] for field, k in positions.items()}
    for side, position in zip(("payer", "payee"), accounts, strict=True):
        bank = positions[f"{side}_bank"]
        parts[side] = (bank, position)
        headers[side] = f"{source.header[bank]} + {source.header[position]}"
    return Layout(dialect=NAME, parts=parts, headers=headers)


def _by_side(accounts: list[int], payer_bank: int, payee_bank: int) -> list[int]:
    """Payer's and payee's account column: each right after its bank, else in the order of the original file."""
    beside = [payer_bank + 1, payee_bank + 1]
    return beside if set(beside) == set(accounts) else accounts


def _accounts(header: Sequence[str]) -> list[int]:
    return [k for k, name in enumerate(header) if _ACCOUNT.match(name)]
