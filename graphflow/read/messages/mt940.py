"""SWIFT MT940, an account's statement; MT942 (report in the day) and MT950 have the same entries.

A statement line (field 61) is one account's own record. Its mark says which way the money went: C in, D out; RC takes
a credit back (out), RD takes a debit back (in). Its time is the entry date, when the bank booked it, else the value
date. The balances in fields 60 and 62 prove the entries, and give the balance after each when they do.

The library `mt940` reads each line, but never a whole file, as it loses things there without a word: a line without
a type is overwritten by the next one, one bad line ends the reading, the 30th of February becomes the 28th, a field
86 after the closing balance goes to the last entry, and bytes in an unknown encoding become letters of another. So
a file is taken apart here, each line is given to the library alone, and what it cannot read is a row with a reason.

An entry is called by its end-to-end id (see `payments` for why), so references of one bank are memo.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphflow.errors import SourceError
from graphflow.read.columns import Layout
from graphflow.read.messages.accounts import account, reference
from graphflow.read.messages.field86 import counterparty, with_question_marks
from graphflow.read.messages.fin import Message, decimal_point, decoded, looks_like, messages
from graphflow.read.messages.money import Proof, exact
from graphflow.read.messages.rows import Cells, Columns, Rows, Table, joined

if TYPE_CHECKING:
    from graphflow.read.source import RawFile  # which gets its tables from here

NAME = "mt940"

_KINDS = frozenset({"940", "942", "950"})
_TAGS = frozenset({"13", "20", "21", "25", "28", "34", "60", "61", "62", "64", "65", "86", "90", "94", "NS"})
_LINE = re.compile(r"\d{6}(?:\d{4}|\s{4})?(R?[DC])[A-Z]?[\n ]?([\d,]+)(.?)", re.IGNORECASE)
_EXPECTED = re.compile(r"\d{6}(?:\d{4})?E[DC]")
_BALANCE = re.compile(r"([CD])\d{6}([A-Z]{3})([\d,]+)", re.IGNORECASE)
_WAY = {"C": ("C", None), "D": ("D", None), "RC": ("D", "RC"), "RD": ("C", "RD")}
_ENDS = {"CHG": "FEE", "COM": "FEE", "INT": "INTEREST"}
_LATEST = 2079  # the standard: years 80 to 99 are of the last century

COLUMNS = Columns(
    dialect=NAME,
    one_sided=True,
    headers={
        "entry": "mt940 entry",
        "time": ":61: date",
        "payer": ":25:",
        "payer_bank": "{1:} bank",
        "direction": ":61: mark",
        "paid": ":61: amount",
        "paid_currency": ":60: currency",
        "payer_balance": "balance after the entry",
        "payee": ":86: account",
        "payee_name": ":86: name",
        "payee_bank": ":86: bank",
        "end": ":61: end",
        "tx": ":86: EREF",
        "channel": ":61: type",
        "memo": ":86:",
        "reversal": ":61: reversal",
        "excluded": "mt940 excluded",
        "refused": "mt940 refused",
        "note": "mt940 note",
        "encoding": "mt940 encoding",
        "check": "mt940 check",
    },
)


def recognises(source: RawFile) -> bool:
    """Whether a table was made of statement lines."""
    return COLUMNS.recognise(source)


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Statement lines as one-sided records."""
    return COLUMNS.layout(source)


def sniff(head: bytes) -> bool:
    """Whether a file begins like a statement or a report."""
    return looks_like(head, _KINDS, b"25P?", b"(?:61|60[FM]?|34F)")


def table(data: bytes | Path, path: str) -> Table:
    """All entries of all statements of a file."""
    rows, statements = Rows(COLUMNS), list[_Statement]()
    text, encoding = decoded(data, path)
    for message in messages(text, path, _TAGS):
        statement = _Statement(len(statements) + 1, message, encoding)
        statements.append(statement)
        if message.kind in ("", *_KINDS):
            statement.read(rows)
        else:
            reason = f"a message MT{message.kind} is no statement"
            rows.add({"entry": f"{statement.number}", "refused": reason}, statement.number)
    if not statements:
        raise SourceError(f"{path}: has no statement (a field :20: at the beginning of a line)")
    return rows.table({s.number: check for s in statements if (check := s.check)})


@dataclass
class _Statement:
    """One account's entries, with what the message says of all of them."""

    number: int
    message: Message
    encoding: str | None = None
    proof: Proof = field(default_factory=Proof)
    account: str | None = None
    currency: str | None = None
    entries: int = 0

    def __post_init__(self) -> None:
        first, last = (_balance(self.message.first(*(f"{n}{letter}" for letter in ("F", "M", "")))) for n in (60, 62))
        limit = re.match(r"[A-Z]{3}", self.message.first("34F") or "")
        self.currency = first[1] or last[1] or (limit[0] if limit else None)
        self.proof = Proof(opening=first[0], closing=last[0], currency=self.currency)
        stated = (self.message.first("25", "25P") or "").partition("\n")[0]
        self.account = account(stated, self.currency)

    @property
    def is_report(self) -> bool:
        """Whether it is a report in the day, which has no balances."""
        return self.message.kind == "942" or self.message.first("34F", "13D") is not None

    @property
    def check(self) -> str | None:
        """What speaks against the statement."""
        if not self.entries and self.proof.opening == self.proof.closing:
            return None
        if self.is_report and (self.proof.opening is None or self.proof.closing is None):
            return None
        said = self.proof.verdict()
        return (
            f"statement {self.number} of account {self.account} (line {self.message.line:,}): {said}" if said else None
        )

    def read(self, rows: Rows) -> None:
        """Add a row for each statement line; and one for a statement without any whose balances differ."""
        entries, notes = _entries(self.message)
        for line, texts in entries:
            self.entries += 1
            cells = {
                "entry": f"{self.number}.{self.entries}",
                "payer": self.account,
                "payer_bank": self.message.sender or None,
                "paid_currency": self.currency,
                "note": " ".join(notes),
                "encoding": self.encoding,
                **_cells(line, texts),
            }
            if not cells.get("excluded"):
                cells["payer_balance"] = self._running(cells)
            rows.add(cells, self.number)
        if not self.entries and self.check:
            cells = {"entry": f"{self.number}", "payer": self.account, "note": " ".join(notes), "excluded": self.check}
            rows.add(cells, self.number)

    def _running(self, cells: Cells) -> str | None:
        units = exact(cells.get("paid"))
        signed = -units if units is not None and cells.get("direction") == "D" else units
        is_reversal = cells.get("reversal") in ("RC", "RD")
        return self.proof.book(signed, self.currency, is_reversal=is_reversal)


def _balance(text: str | None) -> tuple[int | None, str | None]:
    """A balance, money in hand positive, and its currency."""
    match = _BALANCE.fullmatch((text or "").strip())
    units = exact(decimal_point(match[3])) if match else None
    if match is None or units is None:
        return None, None
    return (-units if match[1].upper() == "D" else units), match[2].upper()


def _entries(message: Message) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Statement lines, each with the texts that belong to it; and texts on the statement as a whole."""
    entries, notes = list[tuple[str, list[str]]](), list[str]()
    open_entry = False
    for tag, text in message.fields:
        if tag == "61":
            entries.append((text, []))
        if tag in ("86", "NS"):
            (entries[-1][1] if open_entry else notes).append(text)
        open_entry = tag == "61" or (open_entry and tag in ("86", "NS"))
    return entries, notes


# --- one entry -----------------------------------------------------------------------------------------


def _cells(line: str, texts: list[str]) -> dict[str, str | None]:
    raw = joined({"": " ".join(text.replace("\n", " ") for text in texts)})
    alike = [with_question_marks("".join(text.split("\n"))) for text in texts]
    if _EXPECTED.match(line):
        return {"memo": raw, "excluded": f"expected, not booked ({line.partition(chr(10))[0]})"}
    try:
        data = _by_library(line, alike)
    except (RuntimeError, ValueError, ArithmeticError):
        data = {}
    said = _LINE.match(line)
    reason = _unread(data, said)
    if said is None or reason:
        return {"memo": raw, "refused": f"{reason}: {line!r}"}
    other = counterparty(data, " ".join(alike), str(data.get("extra_details") or ""))
    direction, reversal = _WAY[said[1].upper()]
    kind = str(data.get("id") or "")
    return {
        "time": _day(data.get("entry_date") or data["date"]),
        "direction": direction,
        "reversal": reversal or other.pop("returned"),
        "paid": f"{abs(data['amount'].amount):f}",
        "channel": kind,
        "end": None if other["payee"] else _ENDS.get(kind[1:].upper()),
        **{name: other[name] for name in ("payee", "payee_name", "payee_bank", "tx")},
        "memo": joined(
            {
                "": raw,
                "details": str(data.get("extra_details") or "").replace("\n", " "),
                "customer reference": reference(data.get("customer_reference")),
                "bank reference": reference(data.get("bank_reference")),
                "value date": _day(data["date"]) if data.get("entry_date") not in (None, data["date"]) else None,
            }
        ),
    }


def _by_library(line: str, texts: list[str]) -> dict[str, Any]:
    """What the library makes of one statement line, with what it does in silence switched off.

    It knows one line of details; banks write more, so those are made one. A line break before the amount is its own.
    """
    import mt940

    start = _LINE.match(line)
    head = line.find("\n", start.end(2)) if start else -1
    line = line if head < 0 else line[: head + 1] + line[head + 1 :].replace("\n", " ")

    logging.getLogger("mt940").addHandler(_SILENT)  # else it prints what it cannot read
    statement = mt940.models.Transactions(options=mt940.Options.all(), processors={"pre_statement": []})
    statement.parse("".join([f":61:{line}", *(f"\n:86:{text}" for text in texts)]))
    if len(statement) != 1:
        raise ValueError(f"{len(statement)} entries")
    return statement[0].data


_SILENT = logging.NullHandler()


def _unread(data: Mapping[str, Any], said: re.Match[str] | None) -> str | None:
    """Why an entry cannot be taken. An amount is taken only when it is all of the digits that stand there."""
    if not data or said is None:
        return "not a statement line (date, mark, amount, type)"
    whole = exact(decimal_point(said[2]) if "," in said[2] else said[2])
    if whole is None or exact(f"{abs(data['amount'].amount):f}") != whole:
        return "its amount cannot be told"
    if not data.get("id") and said[3].strip():
        return "it has no type, so its amount may go on in its reference"
    return None


def _day(day: date) -> str:
    year = day.year - 100 if day.year > _LATEST else day.year
    return f"{year}-{day.month:02d}-{day.day:02d}"
