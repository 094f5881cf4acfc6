"""Small bank messages for tests, and what is read from them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from graphflow.read.messages import reader_for
from graphflow.read.messages.rows import Columns

OWN = "DE89370400440532013000"
OTHER = "NL91ABNA0417164300"
THIRD = "GB82WEST12345698765432"


def read(columns: Columns, text: str | bytes, path: str = "m") -> list[dict[str, str]]:
    """The rows of a message, each with the fields that have something."""
    data = text if isinstance(text, bytes) else text.encode()
    reader = reader_for(data)
    assert reader is not None
    header, frame = reader(data, path)
    assert header == columns.header
    assert frame.columns == [str(k) for k in range(len(header))]
    return [{k: v for k, v in zip(columns.headers, row, strict=True) if v is not None} for row in frame.iter_rows()]


def one(columns: Columns, text: str | bytes) -> dict[str, str]:
    """The only row of a message."""
    (row,) = read(columns, text)
    return row


# --- ISO 20022 -----------------------------------------------------------------------------------


def xml(tag: str, *inner: str | None, **attributes: str) -> str:
    """An element; texts must be escaped by `said`."""
    stated = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{stated}>{''.join(filter(None, inner))}</{tag}>"


def said(path: str, text: str | None) -> str | None:
    """An element with a text, inside others: said("Refs/EndToEndId", "E1")."""
    if text is None:
        return None
    made = escape(text)
    for tag in reversed(path.split("/")):
        made = xml(tag, made)
    return made


def money(number: str, currency: str = "EUR", tag: str = "Amt") -> str:
    return xml(tag, number, Ccy=currency)


def account(tag: str, number: str | None) -> str | None:
    if number is None:
        return None
    return said(f"{tag}/Id/IBAN" if number[:2].isalpha() else f"{tag}/Id/Othr/Id", number)


def balance(kind: str, number: str, mark: str = "CRDT") -> str:
    return xml("Bal", said("Tp/CdOrPrtry/Cd", kind), money(number), said("CdtDbtInd", mark))


def payment(
    number: str | None = None,
    *,
    debtor: str | None = None,
    creditor: str | None = None,
    debtor_name: str | None = None,
    creditor_name: str | None = None,
    reference: str | None = None,
    more: str = "",
) -> str:
    """TxDtls, in the order of the schema as far as it matters."""
    parties = xml(
        "RltdPties",
        said("Dbtr/Nm", debtor_name),
        account("DbtrAcct", debtor),
        said("Cdtr/Nm", creditor_name),
        account("CdtrAcct", creditor),
    )
    return xml("TxDtls", said("Refs/EndToEndId", reference), money(number) if number else "", parties, more)


def entry(
    number: str, mark: str, *payments: str, status: str = "BOOK", date: str = "2026-01-05", more: str = ""
) -> str:
    """An entry; `more` stands before its payments."""
    when = said("BookgDt/DtTm" if "T" in date else "BookgDt/Dt", date)
    details = xml("NtryDtls", *payments) if payments else None
    return xml("Ntry", money(number), said("CdtDbtInd", mark), said("Sts/Cd", status), when, more, details)


def statement(*inner: str, own: str = OWN, kind: str = "Stmt") -> str:
    number = said("Id/IBAN" if own[:2].isalpha() else "Id/Othr/Id", own)
    owner = xml("Acct", number, said("Ccy", "EUR"), said("Ownr/Nm", "Own Holder"))
    return xml(kind, said("Id", "S1"), owner, *inner)


def camt(*statements: str, message: str = "BkToCstmrStmt", version: str = "camt.053.001.08") -> str:
    body = xml(message, said("GrpHdr/MsgId", "M1"), *statements)
    document = xml("Document", body, xmlns=f"urn:iso:std:iso:20022:tech:xsd:{version}")
    return f'<?xml version="1.0" encoding="UTF-8"?>{document}'


# --- SWIFT ---------------------------------------------------------------------------------------


def fin(kind: str, *fields: str, uetr: str = "", sender: str = "COBADEFFAXXX", receiver: str = "ABNANL2AXXXX") -> str:
    """A message in blocks; each field is written with its tag."""
    user = f"{{3:{{121:{uetr}}}}}" if uetr else ""
    head = f"{{1:F01{sender}0000000000}}{{2:I{kind}{receiver}N}}{user}"
    return head + "{4:\r\n" + "".join(f"{field}\r\n" for field in fields) + "-}{5:{CHK:0123456789AB}}"
