"""SWIFT MT103, a customer's credit transfer from bank to bank: payer and payee in one record.

The standard ties its amounts together: instructed amount (33B) × rate (36) + receiver's charges (71G) − sender's
charges (71F) = settled amount (32A). So what was paid is the instructed amount, or the settled one where that is all
there is. What was received is the settled amount without the receiver's charges, which the payer has prepaid (OUR)
and which are no part of the transfer. Sender's charges (SHA, BEN) are taken off already. What the payee's own bank
still takes off is in no message. All charges stand in the memo; where the sum does not hold the memo says so.

Accounts are the lines that begin with a slash in 50 and 59. A party without one is refused: a name is not an
account. A message that returns or rejects another (/RETN/, /REJT/ in 72) is refused too, as its parties are those of
the other message while its money goes back; a test (CRTS) moves nothing.

A transfer is called by its UETR (block 3), else by the sender's reference (20). There is no well-kept library for this:
those there are read one message with one pattern, and pass over fields that they do not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphflow.errors import SourceError
from graphflow.read.columns import Layout
from graphflow.read.messages.accounts import account
from graphflow.read.messages.fin import Message, decimal_point, decoded, looks_like, messages
from graphflow.read.messages.money import decimal_text, exact
from graphflow.read.messages.rows import Cells, Columns, Rows, Table, joined

if TYPE_CHECKING:
    from graphflow.read.source import RawFile  # which gets its tables from here

NAME = "mt103"

_KINDS = frozenset({"103"})
_SETTLED = re.compile(r"(\d\d)(\d\d)(\d\d)([A-Z]{3})(.+)")
_AMOUNT = re.compile(r"([A-Z]{3})(.+)")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_CENTURY = 80  # the standard: years 80 to 99 are of the last century
_BACK = re.compile(r"^/(RETN|REJT)/", re.MULTILINE)
_RATE = re.compile(r"\d+,\d*")

COLUMNS = Columns(
    dialect=NAME,
    headers={
        "message": "mt103 message",
        "time": ":32A: date",
        "payer": ":50a: account",
        "payer_name": ":50a: name",
        "payer_bank": ":52a:",
        "payee": ":59a: account",
        "payee_name": ":59a: name",
        "payee_bank": ":57a:",
        "paid": ":33B: amount",
        "paid_currency": ":33B: currency",
        "received": ":32A: amount",
        "received_currency": ":32A: currency",
        "tx": ":20:",
        "channel": ":23B:",
        "memo": ":70:",
        "excluded": "mt103 excluded",
        "refused": "mt103 refused",
        "encoding": "mt103 encoding",
    },
)


def recognises(source: RawFile) -> bool:
    """Whether a table was made of transfer messages."""
    return COLUMNS.recognise(source)


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Messages as two-sided transfers."""
    return COLUMNS.layout(source)


def sniff(head: bytes) -> bool:
    """Whether a file begins like an MT103."""
    return looks_like(head, _KINDS, b"32A", b"50[AFK]?", b"59[AF]?")


def table(data: bytes | Path, path: str) -> Table:
    """All messages of a file."""
    rows, count = Rows(COLUMNS), 0
    text, encoding = decoded(data, path)
    for count, message in enumerate(messages(text, path), 1):
        shared = {"message": f"{count} (line {message.line:,})", "encoding": encoding}
        if message.kind in ("", *_KINDS):
            rows.add({**shared, **_transfer(message)})
        else:
            rows.add({**shared, "refused": f"a message MT{message.kind} is no customer transfer (MT103)"})
    if not count:
        raise SourceError(f"{path}: has no message (a field :20: at the beginning of a line)")
    return rows.table({})


@dataclass(frozen=True)
class _Party:
    account: str | None
    name: str | None
    rest: str | None


def _transfer(message: Message) -> Cells:
    payer, payee = _party(message, "50A", "50F", "50K", "50"), _party(message, "59", "59A", "59F")
    settled = _SETTLED.fullmatch((message.first("32A") or "").strip())
    back = _BACK.search(message.first("72") or "")
    refused = None
    if settled is None:
        refused = f"the settled amount (:32A:) cannot be read: {message.first('32A')!r}"
    elif back:
        refused = f"returns or rejects an earlier message (/{back[1]}/ in :72:), so its money goes the other way"
    elif payer.account is None or payee.account is None:
        side = "ordering customer (:50:)" if payer.account is None else "beneficiary (:59:)"
        refused = f"the {side} has no account: a name is not an account"
    return {
        "payer": payer.account,
        "payer_name": payer.name,
        "payer_bank": _bank(message, "52") or message.sender or None,
        "payee": payee.account,
        "payee_name": payee.name,
        "payee_bank": _bank(message, "57") or message.receiver or None,
        "tx": message.uetr or message.first("20"),
        "channel": message.first("23B"),
        "excluded": "a test message (CRTS)" if message.first("23B") == "CRTS" else None,
        "refused": refused,
        **(_amounts(message, settled) if settled else {}),
        "memo": _memo(message, payer, payee, settled),
    }


def _party(message: Message, *tags: str) -> _Party:
    """Account, name and the rest of a party. Numbered lines (F) are name where they begin with 1; a code in place of
    the account (a passport, a customer number) is no account."""
    tag, text = next(((tag, text) for tag, text in message.fields if tag in tags), ("", ""))
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    number = account(lines.pop(0)[1:]) if lines and lines[0].startswith("/") else None
    if tag.endswith("F"):
        names = [line[2:] for line in lines if line.startswith("1/")]
        others = [line for line in lines if not line.startswith("1/")]
    else:
        names, others = lines[:1], lines[1:]
    return _Party(number, " ".join(names) or None, ", ".join(others) or None)


def _bank(message: Message, number: str) -> str | None:
    """A bank: its BIC, else its clearing code, else its name."""
    text = next((text for tag, text in message.fields if tag[:2] == number), "")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    bic = next((line for line in lines if _BIC.fullmatch(line)), None)
    return bic or next((line.strip("/") for line in lines), None)


# --- amounts ---------------------------------------------------------------------------------------


def _amounts(message: Message, settled: re.Match[str]) -> Cells:
    currency, number = settled[4], decimal_point(settled[5].strip())
    ordered = _money(message.first("33B")) or (currency, number)
    year = 1900 if int(settled[1]) >= _CENTURY else 2000
    return {
        "time": f"{year + int(settled[1])}-{settled[2]}-{settled[3]}",
        "paid": ordered[1],
        "paid_currency": ordered[0],
        "received": _received(message, currency, number),
        "received_currency": currency,
    }


def _money(text: str | None) -> tuple[str, str] | None:
    match = _AMOUNT.fullmatch((text or "").strip())
    return (match[1], decimal_point(match[2].strip())) if match else None


def _received(message: Message, currency: str, number: str) -> str:
    """The settled amount without the receiver's charges, which by the standard are in its currency."""
    whole, charge = exact(number), _money(message.first("71G"))
    units = exact(charge[1]) if charge and charge[0] == currency else None
    return decimal_text(whole - units) if whole is not None and units and units < whole else number


def _doubt(message: Message, settled: re.Match[str]) -> str | None:
    """That the amounts do not add up; where one of them is in another currency nothing can be said."""
    ordered, added, taken = (_money(message.first(tag)) for tag in ("33B", "71G", "71F"))
    all_taken = [_money(text) for text in message.all("71F")]
    said = [ordered, added, *all_taken]
    if ordered is None or message.first("36") or any(pair and pair[0] != settled[4] for pair in said):
        return None
    amounts = [exact(pair[1]) if pair else 0 for pair in said]
    whole = exact(decimal_point(settled[5].strip()))
    if whole is None or None in amounts or (taken and None in all_taken):
        return None
    start, plus, *minus = (amount or 0 for amount in amounts)
    made = start + plus - sum(minus)
    return None if made == whole else f"instructed amount and charges make {decimal_text(made)}, not the settled amount"


def _memo(message: Message, payer: _Party, payee: _Party, settled: re.Match[str] | None) -> str | None:
    def flat(tag: str) -> str | None:
        return ", ".join(text.replace("\n", " ") for text in message.all(tag)) or None

    return joined(
        {
            "": flat("70"),
            "payer address": payer.rest,
            "payee address": payee.rest,
            "settled": (settled[4] + " " + decimal_point(settled[5].strip())) if settled else None,
            "rate": flat("36"),
            "charges borne by": flat("71A"),
            "sender's charges": flat("71F"),
            "receiver's charges": flat("71G"),
            "amounts": _doubt(message, settled) if settled else None,
            "correspondent": flat("53A") or flat("53B") or flat("53D"),
            "intermediary": flat("56A") or flat("56C") or flat("56D"),
            "instruction": flat("23E"),
            "time indication": flat("13C"),
            "to receiver": flat("72"),
            "regulatory": flat("77B"),
            "reference": message.first("20") if message.uetr else None,
        }
    )
