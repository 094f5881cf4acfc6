"""camt.053, an account's statement in ISO 20022; camt.052 (report in the day) and camt.054 (advice) have the same
entries.

An entry is one account's own record. `Amt` has no sign, `CdtDbtInd` says which way the money went. Where `RvslInd`
is true the entry takes an earlier one back, and `CdtDbtInd` already says what that does to the account: a debit that
is a reversal undoes a credit. So nothing is turned round here.

What payments an entry is made of, and what they say, is in `payments`. Source: ISO 20022 message definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from graphflow.errors import SourceError
from graphflow.read.columns import Layout
from graphflow.read.messages.iso20022 import account_of, amount, bank_of, day, name_of, opening_names, records, text
from graphflow.read.messages.money import Proof, exact
from graphflow.read.messages.payments import COUNTERPARTY, described, payments, signed
from graphflow.read.messages.rows import Cells, Columns, Rows, Table

NAME = "camt.053"

_MESSAGES = {"BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn"}
_SECTIONS = frozenset({"Stmt", "Rpt", "Ntfctn"})
_KEPT = frozenset({"Acct", "Bal", "Ntry"})
_OPENING, _CLOSING, _BETWEEN = ("OPBD", "PRCD"), ("CLBD",), "ITBD"

COLUMNS = Columns(
    dialect=NAME,
    one_sided=True,
    headers={
        "entry": "camt entry",
        "time": "BookgDt",
        "payer": "Acct/Id",
        "payer_name": "Acct/Ownr",
        "payer_bank": "Acct/Svcr",
        "direction": "CdtDbtInd",
        "paid": "Amt",
        "paid_currency": "Amt/@Ccy",
        "payer_balance": "balance after the entry",
        "payee": "RltdPties account",
        "payee_name": "RltdPties name",
        "payee_bank": "RltdAgts bank",
        "end": "BkTxCd end",
        "tx": "EndToEndId",
        "channel": "BkTxCd",
        "memo": "RmtInf",
        "reversal": "RvslInd",
        "excluded": "Sts",
        "refused": "camt refused",
        "check": "camt check",
    },
)

if TYPE_CHECKING:
    from graphflow.read.source import RawFile  # which gets its tables from here


def recognises(source: RawFile) -> bool:
    """Whether a table was made of a statement's entries."""
    return COLUMNS.recognise(source)


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Entries as one-sided records."""
    return COLUMNS.layout(source)


def sniff(head: bytes) -> bool:
    """Whether a file begins like a statement, a report or an advice."""
    return not _MESSAGES.isdisjoint(opening_names(head))


def table(data: bytes | Path, path: str) -> Table:
    """All entries of all statements of a file, payments of batches apart."""
    rows, statements = Rows(COLUMNS), list[_Statement]()
    for event, element in records(data, path, _SECTIONS, _KEPT):
        if event == "start":
            statements.append(_Statement(number=len(statements) + 1, kind=element.tag))
        elif event == "end":
            statements[-1].close(rows)
        elif element.tag == "Acct":
            statements[-1].open(element)
        elif element.tag == "Bal":
            statements[-1].balances.append(_balance(element))
        else:
            statements[-1].book(element, rows)
    if not statements:
        raise SourceError(f"{path}: is XML without an account statement (camt.052, camt.053 or camt.054)")
    return rows.table({s.number: check for s in statements if (check := s.check)})


@dataclass
class _Statement:
    """One account's entries over some days."""

    number: int
    kind: str
    account: dict[str, str | None] = field(default_factory=dict)
    currency: str | None = None
    balances: list[tuple[str, int | None, str | None]] = field(default_factory=list)
    entries: int = 0
    _proof: Proof | None = None

    def open(self, element: Element) -> None:
        """Learn whose statement it is."""
        self.currency = text(element, "Ccy")
        self.account = {
            "payer": account_of(element),
            "payer_name": name_of(element, "Ownr"),
            "payer_bank": bank_of(element, "Svcr"),
        }

    @property
    def proof(self) -> Proof:
        """Opening and closing balance; kinds of balance that banks use in place of these are taken in turn."""
        if self._proof is None:
            first, last = _one_of(self.balances, _OPENING), _one_of(self.balances, _CLOSING)
            between = [b for b in self.balances if b[0] == _BETWEEN]  # a statement of several pages goes on in these
            first = first or (between.pop(0) if between else None)
            last = last or (between.pop() if between else None)
            self._proof = Proof(
                opening=first[1] if first else None,
                closing=last[1] if last else None,
                currency=first[2] if first else None,
            )
        return self._proof

    @property
    def check(self) -> str | None:
        """What speaks against the statement. Reports and advices need not have balances, so nothing speaks then."""
        if self.kind != "Stmt" and (self.proof.opening is None or self.proof.closing is None):
            return None
        said = self.proof.verdict()
        return f"statement {self.number} of account {self.account.get('payer')}: {said}" if said else None

    def book(self, entry: Element, rows: Rows) -> None:
        """Add the rows of an entry."""
        self.entries += 1
        shared = self._entry(entry)
        for k, (detail, own) in enumerate(payments(entry, shared), 1):
            cells = {**shared, **own, **described(entry, detail, shared, own.get("memo"))}
            cells["entry"] = f"{self.number}.{self.entries}.{k}"
            if not cells["excluded"]:
                cells["payer_balance"] = self._running(cells)
            rows.add(cells, self.number)

    def close(self, rows: Rows) -> None:
        """A statement whose balances differ though it has no entry is a row that says so, lest it be lost."""
        if not self.entries and self.check and self.proof.opening != self.proof.closing:
            rows.add({**self.account, "entry": f"{self.number}", "excluded": self.check}, self.number)

    def _entry(self, entry: Element) -> dict[str, str | None]:
        paid, currency = amount(entry, "Amt")
        direction = text(entry, "CdtDbtInd")
        status = text(entry, "Sts/Cd", "Sts/Prtry", "Sts") or ("BOOK" if self.kind == "Stmt" else None)
        refused = None if status else "the entry does not say whether it is booked (Sts)"
        if direction not in COUNTERPARTY:
            refused = f"CdtDbtInd must be CRDT or DBIT, not {direction or 'empty'}"
        return {
            **self.account,
            "time": day(entry, "BookgDt") or day(entry, "ValDt"),
            "direction": direction,
            "paid": paid,
            "paid_currency": currency or self.currency,
            "reversal": "RvslInd" if (text(entry, "RvslInd") or "").lower() in ("true", "1") else None,
            "excluded": f"not booked ({status})" if status and status != "BOOK" else None,
            "refused": refused,
        }

    def _running(self, cells: Cells) -> str | None:
        units = None if cells["refused"] else signed(cells)
        return self.proof.book(units, cells["paid_currency"], is_reversal=cells["reversal"] == "RvslInd")


def _balance(element: Element) -> tuple[str, int | None, str | None]:
    number, currency = amount(element, "Amt")
    units = exact(number)
    negative = text(element, "CdtDbtInd") == "DBIT"
    return (
        text(element, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry") or "",
        -units if units is not None and negative else units,
        currency,
    )


def _one_of(
    balances: list[tuple[str, int | None, str | None]], kinds: tuple[str, ...]
) -> tuple[str, int | None, str | None] | None:
    return next((b for kind in kinds for b in balances if b[0] == kind), None)
