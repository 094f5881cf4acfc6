"""The payments a camt entry stands for: their amounts, their counterparties, their references.

A batch entry stands for many payments. They become rows of their own when each has an amount and these add up to the
entry; else the entry is one row, and its memo lists what is known of the payments.

The counterparty is the debtor of a credit and the creditor of a debit. Returned and reversed payments keep the roles
of the payment they undo, so there it is the other way round. Both are rules of banks, not laws: a side that has the
statement's own account is never the counterparty, and where the file names one side only, that side is it. Agents
are banks, not parties; ultimate parties stand in the memo.

A transaction is called by its end-to-end id, as that is the only one that payer and payee both see; then by UETR and
`TxId`. The bank's own references (`AcctSvcrRef`) differ on the two sides of one transfer, so they are memo.

Charges are memo too (called costs, lest they make a fee of a payment): the entry's amount is what moved on the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from graphflow.read.messages.accounts import reference
from graphflow.read.messages.iso20022 import account_of, amount, at, bank_of, day, name_of, remittance, text, texts
from graphflow.read.messages.money import exact
from graphflow.read.messages.rows import Cells, joined

COUNTERPARTY = {"CRDT": "Dbtr", "DBIT": "Cdtr"}
"""Which party the other side of an entry is, by its direction."""

_ENDS = {"CHRG": "FEE", "FEES": "FEE", "COMM": "FEE", "COMT": "FEE", "INTR": "INTEREST", "CWDL": "CASH", "CDPT": "CASH",
         "BCDP": "CASH", "BCWD": "CASH", "XBCW": "CASH", "POSD": "POS", "POSC": "POS"}  # fmt: skip
"""What the last part of a bank transaction code says the other end is, where the entry names no other account."""


def payments(entry: Element, shared: Cells) -> Iterator[tuple[Element | None, dict[str, str | None]]]:
    """The payments of an entry, and what they say otherwise than it."""
    details = entry.findall("NtryDtls/TxDtls")
    stated = _stated(entry, len(details))
    if not details or (len(details) == stated == 1):
        yield (details[0] if details else None), {"memo": f"batch of {stated:,} payments" if stated > 1 else None}
        return
    apart = [_own(detail, shared) for detail in details]
    units = [signed(cells) for cells in apart]
    whole = signed(shared)
    if (
        whole is not None
        and len(details) == stated
        and None not in units
        and sum(u for u in units if u is not None) == whole
    ):
        yield from zip(details, apart, strict=True)
        return
    listed = [_told(detail, shared, cells) for detail, cells in zip(details, apart, strict=True)]
    said = f"batch of {stated:,} payments without amounts that add up to the entry"
    yield None, {"memo": f"{said}: " + " | ".join(listed)}


def _stated(entry: Element, found: int) -> int:
    """How many payments an entry has: as many as it says where it says more than it lists."""
    numbers = [number.text or "" for number in entry.findall("NtryDtls/Btch/NbOfTxs")]
    return max(found, sum(int(number) for number in numbers if _COUNT.fullmatch(number.strip())))


_COUNT = re.compile(r"[0-9]{1,15}")


def _own(detail: Element, shared: Cells) -> dict[str, str | None]:
    """A payment's own amount: only one in the currency of the account can be part of the entry."""
    number, currency = amount(detail, "Amt", "AmtDtls/TxAmt/Amt")
    direction = text(detail, "CdtDbtInd")
    return {
        "paid": number if currency == shared["paid_currency"] else None,
        "direction": direction if direction in COUNTERPARTY else shared["direction"],
    }


def signed(cells: Cells) -> int | None:
    """The amount of a row, money in positive."""
    units = exact(cells["paid"])
    return -units if units is not None and cells["direction"] == "DBIT" else units


def _told(detail: Element, shared: Cells, own: Cells) -> str:
    cells = described(None, detail, {**shared, **own}, None)
    return joined({"": own["paid"], "account": cells["payee"], "name": cells["payee_name"], "for": cells["memo"]}) or ""


# --- what a payment says -------------------------------------------------------------------------------


def described(entry: Element | None, detail: Element | None, shared: Cells, memo: str | None) -> Cells:
    """The counterparty, the names and the memo of one payment of an entry."""
    returned = "RtrInf" if detail is not None and detail.find("RtrInf") is not None else None
    reversal = shared["reversal"] or returned
    side = _counterparty(detail, shared, is_reversal=reversal is not None)
    parties, agents = (None if detail is None else detail.find(name) for name in ("RltdPties", "RltdAgts"))
    account, name = account_of(at(parties, f"{side}Acct")), name_of(parties, side)
    code = _code(detail) or _code(entry)
    names = ("EndToEndId", "UETR", "TxId")
    stated = {n: reference(text(detail, f"Refs/{n}")) for n in names}
    tx = next((n for n in names if stated[n]), None)
    return {
        "payee": account,
        "payee_name": name,
        "payee_bank": bank_of(agents, f"{side}Agt"),
        "end": None if account else _end(code, name),
        "tx": stated[tx] if tx else None,
        "channel": code,
        "reversal": reversal,
        "memo": joined(
            {"": memo or remittance(detail), **_memo(entry, detail), **{n: stated[n] for n in names if n != tx}}
        ),
    }


def _counterparty(detail: Element | None, shared: Cells, *, is_reversal: bool) -> str:
    """Dbtr or Cdtr: see the top of this file."""
    rule = COUNTERPARTY.get(shared["direction"] or "", "Cdtr")
    if is_reversal:
        rule = "Dbtr" if rule == "Cdtr" else "Cdtr"
    parties = None if detail is None else detail.find("RltdPties")
    accounts = {side: account_of(at(parties, f"{side}Acct")) for side in COUNTERPARTY.values()}
    own = [side for side, number in accounts.items() if number is not None and number == shared.get("payer")]
    if len(own) == 1:
        return "Dbtr" if own == ["Cdtr"] else "Cdtr"
    named = [side for side in accounts if accounts[side] or name_of(parties, side)]
    return named[0] if len(named) == 1 else rule


def _code(element: Element | None) -> str | None:
    """A bank transaction code: domain, family and sub-family; else the bank's own."""
    domain = "BkTxCd/Domn"
    parts = [text(element, f"{domain}/{p}") for p in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "/".join(filter(None, parts)) or text(element, "BkTxCd/Prtry/Cd")


def _end(code: str | None, name: str | None) -> str | None:
    end = _ENDS.get((code or "").rpartition("/")[2]) if (code or "").count("/") == 2 else None
    if end == "POS":
        return f"POS:{name}" if name else None
    return end


def _memo(entry: Element | None, detail: Element | None) -> dict[str, str | None]:
    parties = None if detail is None else detail.find("RltdPties")
    return {
        "note": " ".join(filter(None, [text(detail, "AddtlTxInf"), text(entry, "AddtlNtryInf")])) or None,
        "ultimate debtor": name_of(parties, "UltmtDbtr"),
        "ultimate creditor": name_of(parties, "UltmtCdtr"),
        "returned": texts(detail, "RtrInf/Rsn/Cd") or text(detail, "RtrInf/Rsn/Prtry"),
        "return note": texts(detail, "RtrInf/AddtlInf"),
        "instructed": " ".join(filter(None, amount(detail, "AmtDtls/InstdAmt/Amt"))) or None,
        "costs": _charges(detail) or _charges(entry),
        "value date": day(entry, "ValDt") if day(entry, "BookgDt") not in (None, day(entry, "ValDt")) else None,
        "accepted": text(detail, "RltdDts/AccptncDtTm", "RltdDts/TxDtTm"),
        "bank reference": text(detail, "Refs/AcctSvcrRef") or text(entry, "AcctSvcrRef"),
        "instruction": reference(text(detail, "Refs/InstrId")),
        "mandate": reference(text(detail, "Refs/MndtId")),
        "cheque": reference(text(detail, "Refs/ChqNb")),
    }


def _charges(element: Element | None) -> str | None:
    """What was charged: the total, else each record (charges of the first versions are records themselves)."""
    if at(element, "Chrgs") is None or element is None:
        return None
    total = [amount(charge, "TtlChrgsAndTaxAmt") for charge in element.findall("Chrgs")]
    single = [amount(charge, "Amt") for charge in (*element.findall("Chrgs"), *element.findall("Chrgs/Rcrd"))]
    found = [pair for pair in total if pair[0]] or [pair for pair in single if pair[0]]
    return ", ".join(" ".join(filter(None, pair)) for pair in found) or None
