"""pacs.008, a customer's credit transfer from bank to bank in ISO 20022: payer and payee in one record.

Debtor and creditor are the parties; agents are their banks, and no parties. Two amounts are told apart: what the
debtor instructed (`InstdAmt`, in the currency of the order) is what was paid; what the banks settle
(`IntrBkSttlmAmt`) is what was received. Charges that the debtor bears (`ChrgBr` DEBT) may travel inside the settled
amount; they are taken off where the sum says so (settled = instructed + charges), and are memo everywhere else. What
the creditor's own bank still takes off is in no message.

A payment is called by its UETR, which is unique in the world and never changes on the way; then by `TxId` and
`EndToEndId`. Its time is when the bank accepted it, else when the message was made, else the day of settlement.
A party without an account is refused: a name is not an account. Source: ISO 20022 message definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from graphflow.errors import SourceError
from graphflow.read.columns import Layout
from graphflow.read.messages.accounts import reference
from graphflow.read.messages.iso20022 import (
    account_of,
    amount,
    at,
    bank_of,
    name_of,
    opening_names,
    records,
    remittance,
    text,
)
from graphflow.read.messages.money import decimal_text, exact
from graphflow.read.messages.rows import Cells, Columns, Rows, Table, joined

if TYPE_CHECKING:
    from graphflow.read.source import RawFile  # which gets its tables from here

NAME = "pacs.008"

_MESSAGE = "FIToFICstmrCdtTrf"
_KEPT = frozenset({"GrpHdr", "CdtTrfTxInf"})
_NAMES = ("UETR", "TxId", "EndToEndId", "InstrId")

COLUMNS = Columns(
    dialect=NAME,
    headers={
        "payment": "pacs payment",
        "time": "AccptncDtTm",
        "payer": "DbtrAcct",
        "payer_name": "Dbtr",
        "payer_bank": "DbtrAgt",
        "payee": "CdtrAcct",
        "payee_name": "Cdtr",
        "payee_bank": "CdtrAgt",
        "paid": "InstdAmt",
        "paid_currency": "InstdAmt/@Ccy",
        "received": "IntrBkSttlmAmt",
        "received_currency": "IntrBkSttlmAmt/@Ccy",
        "tx": "UETR",
        "channel": "PmtTpInf",
        "memo": "RmtInf",
        "refused": "pacs refused",
        "check": "pacs check",
    },
)


def recognises(source: RawFile) -> bool:
    """Whether a table was made of payments between banks."""
    return COLUMNS.recognise(source)


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Payments as two-sided transfers."""
    return COLUMNS.layout(source)


def sniff(head: bytes) -> bool:
    """Whether a file begins like a pacs.008."""
    return _MESSAGE in opening_names(head)


def table(data: bytes | Path, path: str) -> Table:
    """All payments of a file."""
    rows, checks = Rows(COLUMNS), dict[int, str]()
    group, number, count = Element("GrpHdr"), 0, 0
    for event, element in records(data, path, frozenset({_MESSAGE}), _KEPT):
        if event == "start":
            group, number, count = Element("GrpHdr"), number + 1, 0
        elif event == "end":
            stated = text(group, "NbOfTxs")
            if stated is not None and stated != str(count):
                checks[number] = f"message {text(group, 'MsgId')} says it has {stated} payments, but has {count:,}"
        elif element.tag == "GrpHdr":
            group = element
        else:
            count += 1
            rows.add({"payment": f"{number}.{count}", **_payment(element, group)}, number)
    if not number:
        raise SourceError(f"{path}: is XML without payments between banks (pacs.008)")
    return rows.table(checks)


def _payment(payment: Element, group: Element) -> Cells:
    stated = {name: reference(text(payment, f"PmtId/{name}")) for name in _NAMES}
    tx = next((name for name in _NAMES if stated[name]), None)
    payer, payee = (account_of(at(payment, f"{side}Acct")) for side in ("Dbtr", "Cdtr"))
    kind = ("PmtTpInf/LclInstrm/Cd", "PmtTpInf/LclInstrm/Prtry", "PmtTpInf/SvcLvl/Cd", "PmtTpInf/SvcLvl/Prtry")
    return {
        "time": _time(payment, group),
        "payer": payer,
        "payer_name": name_of(payment, "Dbtr"),
        "payer_bank": bank_of(payment, "DbtrAgt"),
        "payee": payee,
        "payee_name": name_of(payment, "Cdtr"),
        "payee_bank": bank_of(payment, "CdtrAgt"),
        "tx": stated[tx] if tx else None,
        "channel": text(payment, *kind) or text(group, *kind),
        "refused": _refused(payer, payee),
        **_amounts(payment, {name: value for name, value in stated.items() if name != tx}),
    }


def _refused(payer: str | None, payee: str | None) -> str | None:
    for account, side in ((payer, "debtor"), (payee, "creditor")):
        if account is None:
            return f"the {side} has no account: a name is not an account"
    return None


def _time(payment: Element, group: Element) -> str | None:
    accepted = text(payment, "AccptncDtTm") or text(group, "CreDtTm")
    return accepted or text(payment, "IntrBkSttlmDt") or text(group, "IntrBkSttlmDt")


def _amounts(payment: Element, names: Cells) -> Cells:
    """What was paid and received, and a memo with what is left to say."""
    settled, currency = amount(payment, "IntrBkSttlmAmt")
    instructed, ordered = amount(payment, "InstdAmt")
    if instructed is None:
        instructed, ordered = settled, currency
    charges = [amount(charge, "Amt") for charge in payment.findall("ChrgsInf")]
    return {
        "paid": instructed,
        "paid_currency": ordered,
        "received": _received((instructed, ordered), (settled, currency), charges, text(payment, "ChrgBr")),
        "received_currency": currency,
        "memo": joined(
            {
                "": remittance(payment),
                "purpose": text(payment, "Purp/Cd", "Purp/Prtry"),
                "ultimate debtor": name_of(payment, "UltmtDbtr"),
                "ultimate creditor": name_of(payment, "UltmtCdtr"),
                "settled": " ".join(filter(None, (settled, currency))),
                "settled on": text(payment, "IntrBkSttlmDt"),
                "rate": text(payment, "XchgRate"),
                "charges borne by": text(payment, "ChrgBr"),
                "charges": ", ".join(" ".join(filter(None, pair)) for pair in charges),
                **names,
            }
        ),
    }


Amount = tuple[str | None, str | None]


def _received(paid: Amount, settled: Amount, charges: list[Amount], bearer: str | None) -> str | None:
    """The settled amount, without charges that the sum proves to be in it."""
    units = [exact(number) for number, _ in charges]
    whole, ordered = exact(settled[0]), exact(paid[0])
    same = {currency for _, currency in (*charges, paid, settled)}
    if bearer != "DEBT" or len(same) > 1 or None in units or whole is None or ordered is None:
        return settled[0]
    fees = sum(unit for unit in units if unit is not None)
    return decimal_text(ordered) if fees and ordered + fees == whole else settled[0]
