"""The part of `samples/case` from elsewhere: statements, payment messages, a token export, India's portal.

The same gang's other branches. In Europe three people pay one account, and the money goes over five more, each seen in
another form. On Ethereum a dealer's coins are split and joined. In India a victim's money passes three layers. Numbers
are invented: the IBANs' check digits are 00, which no bank has given; addresses are digests of words.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from xml.sax.saxutils import escape

JANE, TRADING, VENTE = "DE00100000000000000011", "NL00MODL0000000022", "FR0010000000000000000000033"
SHOP, LTD, END = "LT001000000000000044", "GB00MODL10000000000055", "CY00100000000000000000000066"
VICTIMS = ("DE00200000000000000001", "DE00200000000000000002", "AT002000000000000003")


def statement_en() -> str:
    """A bank's own export: title lines, two amount columns, semicolons and decimal commas."""
    rows = [
        (
            "09.03.2026",
            "08:00",
            "Employer Ltd",
            "DE00200000000000000009",
            "R-0901",
            "Salary",
            "",
            "1.850,00",
            "2.310,75",
        ),
        ("10.03.2026", "18:22", "", "", "R-1001", "Card payment Corner Market", "42,35", "", "2.268,40"),
        ("12.03.2026", "09:12", "Anna Example", VICTIMS[0], "R-1201", "Safe account", "", "9.800,00", "12.068,40"),
        ("12.03.2026", "09:31", "Ben Example", VICTIMS[1], "R-1202", "Safe account", "", "14.250,50", "26.318,90"),
        ("12.03.2026", "09:58", "Cleo Example", VICTIMS[2], "R-1203", "Safe account", "", "7.400,00", "33.718,90"),
        ("12.03.2026", "10:25", "Model Trading", TRADING, "E2E-1", "Invoice 7", "31.000,00", "", "2.718,90"),
        ("16.03.2026", "23:59", "", "", "R-1601", "Account fee", "4,90", "", "2.714,00"),
    ]
    header = "Booking date;Time;Counterparty name;Counterparty IBAN;Reference;Description;Debit;Credit;Balance;Currency"
    lines = ["Sample Savings Bank", "Account holder: Jane Sample", f"IBAN: {JANE}", "", header]
    return "\r\n".join([*lines, *(";".join((*row, "EUR")) for row in rows), ""])


# --- ISO 20022 -------------------------------------------------------------------------------------


def _xml(tag: str, *inner: str, **attributes: str) -> str:
    stated = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{stated}>{''.join(inner)}</{tag}>"


def _said(path: str, text: str) -> str:
    """A text inside elements: `_said("Id/IBAN", "DE00…")`."""
    made = escape(text)
    for tag in reversed(path.split("/")):
        made = _xml(tag, made)
    return made


def _money(amount: str) -> str:
    return _xml("Amt", amount, Ccy="EUR")


def _document(schema: str, *inner: str) -> str:
    body = _xml("Document", *inner, xmlns=f"urn:iso:std:iso:20022:tech:xsd:{schema}")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _entry(amount: str, mark: str, moment: str, details: str, *, more: str = "") -> str:
    dated = _said("BookgDt/DtTm", moment)
    return "\n" + _xml("Ntry", _money(amount), _said("CdtDbtInd", mark), more, _said("Sts/Cd", "BOOK"), dated, details)


def _details(reference: str, side: str, name: str, number: str, text: str) -> str:
    parties = _xml("RltdPties", _said(f"{side}/Nm", name), _said(f"{side}Acct/Id/IBAN", number))
    told = (_said("Refs/EndToEndId", reference), parties, _said("RmtInf/Ustrd", text))
    return _xml("NtryDtls", _xml("TxDtls", *told))


def camt053() -> str:
    """The statement of the second account; a payment on it is taken back the next morning."""
    fee = _said("BkTxCd/Domn/Cd", "PMNT") + _said("AddtlNtryInf", "Account fee")
    entries = (
        _entry("31000.00", "CRDT", "2026-03-12T10:25:00", _details("E2E-1", "Dbtr", "Jane Sample", JANE, "Invoice 7")),
        _entry("30500.00", "DBIT", "2026-03-12T10:50:00", _details("E2E-2", "Cdtr", "Vente", VENTE, "Invoice 19")),
        _entry("250.00", "DBIT", "2026-03-12T15:00:00", _details("E2E-3", "Cdtr", "Shop Model", SHOP, "Order 4")),
        _entry(
            "250.00", "CRDT", "2026-03-13T08:00:00", _details("E2E-3", "Cdtr", "Shop Model", SHOP, "Order 4"),
            more=_said("RvslInd", "true"),
        ),
        _entry("6.50", "DBIT", "2026-03-13T23:00:00", fee),
    )  # fmt: skip
    balances = [
        _xml("Bal", _said("Tp/CdOrPrtry/Cd", code), _money(amount), _said("CdtDbtInd", "CRDT"), _said("Dt/Dt", day))
        for code, amount, day in (("OPBD", "900.00", "2026-03-12"), ("CLBD", "1393.50", "2026-03-13"))
    ]
    owner = _xml("Acct", _said("Id/IBAN", TRADING), _said("Ccy", "EUR"), _said("Ownr/Nm", "Model Trading"))
    statement = _xml("Stmt", _said("Id", "S-1"), owner, *balances, *entries)
    return _document("camt.053.001.08", _xml("BkToCstmrStmt", _said("GrpHdr/MsgId", "M-1"), statement))


def pacs008() -> str:
    """Two payments between banks: the fourth hop, and one that has nothing to do with it."""
    payments = (
        _payment("P-1", "29700.00", "2026-03-13T09:12:00", (SHOP, "Shop Model"), (LTD, "Model Payments Ltd")),
        _payment("P-2", "120.00", "2026-03-13T09:15:00", (VICTIMS[0], "Anna Example"), (SHOP, "Shop Model")),
    )
    head = _xml("GrpHdr", _said("MsgId", "M-2"), _said("CreDtTm", "2026-03-13T09:30:00"), _said("NbOfTxs", "2"))
    return _document("pacs.008.001.08", _xml("FIToFICstmrCdtTrf", head, *payments))


def _payment(name: str, amount: str, moment: str, payer: tuple[str, str], payee: tuple[str, str]) -> str:
    settled = _xml("IntrBkSttlmAmt", amount, Ccy="EUR") + _said("AccptncDtTm", moment) + _said("ChrgBr", "SHAR")
    sides = [
        _said(f"{side}/Nm", holder) + _said(f"{side}Acct/Id/IBAN", number)
        for side, (number, holder) in (("Dbtr", payer), ("Cdtr", payee))
    ]
    return "\n" + _xml("CdtTrfTxInf", _said("PmtId/EndToEndId", name), settled, *sides)


# --- SWIFT -----------------------------------------------------------------------------------------


def mt940() -> str:
    """The statement of the third account, which tells days and no clock."""
    return "\r\n".join(
        [
            ":20:SAMPLE1", f":25:{VENTE}", ":28C:3/1", ":60F:C260312EUR410,00",
            ":61:2603120312C30500,00NTRFE2E-2//B1",
            f":86:166?00CREDIT?20EREF+E2E-2?21SVWZ+Invoice 19?31{TRADING}?32MODEL TRADING",
            ":61:2603130313D30100,00NTRFE2E-5//B2",
            f":86:177?00TRANSFER?20EREF+E2E-5?21SVWZ+Invoice 88?31{SHOP}?32SHOP MODEL",
            ":61:2603130313D3,00NCHGNONREF//B3", ":86:805?00CHARGES?20Account charges",
            ":62F:C260313EUR807,00", "-", "",
        ]
    )  # fmt: skip


def mt103() -> str:
    """The last hop. Its sender bears his bank's charges, the receiver the others (SHA)."""
    fields = (
        ":20:MT103-1", ":23B:CRED", ":32A:260316EUR29000,00", f":50K:/{LTD}\r\nMODEL PAYMENTS LTD",
        f":59:/{END}\r\nFAR END HOLDINGS", ":70:CONSULTING", ":71A:SHA",
    )  # fmt: skip
    head = "{1:F01MODLGB2LAXXX0000000000}{2:I103MODLCY2NXXXXN}{4:\r\n"
    return head + "".join(f"{field}\r\n" for field in fields) + "-}"


# --- Ethereum --------------------------------------------------------------------------------------

USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
"""Tether's own contract, which anyone can look up; the addresses that deal are invented."""


def address(word: str) -> str:
    """An address that is a digest of a word."""
    return "0x" + sha256(word.encode()).hexdigest()[:40]


DEALER, FIRST, LEFT, RIGHT, DEPOSIT = (address(f"graphflow sample {name}") for name in ("D", "1", "2", "3", "X"))
LIKE_LEFT = LEFT[:6] + address("like")[6:38] + LEFT[-4:]
FORGED = address("a token that is called USDT")


def usdt_erc20() -> str:
    """The dealer's coins, split and joined; beside them a forged token, and a look-alike of an address of the gang."""
    moves = (
        (1773216000, DEALER, FIRST, "42,000", USDT), (1773216840, FIRST, LEFT, "24,900.5", USDT),
        (1773216900, FIRST, RIGHT, "17,000", USDT), (1773217200, FIRST, LIKE_LEFT, "0", USDT),
        (1773217260, FORGED, FIRST, "99,999", FORGED), (1773218100, LEFT, DEPOSIT, "24,880.25", USDT),
        (1773218700, RIGHT, DEPOSIT, "16,990", USDT),
    )  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(
        ("Txhash", "Blockno", "UnixTimestamp", "DateTime (UTC)", "From", "To", "TokenValue", "USDValueDayOfTx",
         "ContractAddress", "TokenName", "TokenSymbol")
    )  # fmt: skip
    for k, (second, payer, payee, value, contract) in enumerate(moves, 1):
        clock = f"2026-03-11 {second % 86_400 // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}"
        name = "0x" + sha256(f"graphflow sample transaction {k}".encode()).hexdigest()
        writer.writerow((name, 20_000_000 + k, second, clock, payer, payee, value, "", contract, "Tether USD", "USDT"))
    return text.getvalue()


# --- India's portal --------------------------------------------------------------------------------

_FIRST = ("S No.", "Acknowledgement No.", "Account No./ (Wallet\xa0/PG/PA) Id", "Transaction Id / UTR Number")
_TRANSFERS = [  # own account, UTR before, bank, layer, payee, time, UTR, amount
    ("50100000000001", "UTR100", "Sample Bank", "1", "60200000000011", "11:05 AM", "UTR101", "2,00,000.00"),
    ("60200000000011", "UTR101", "Model Bank", "2", "60200000000021", "11:20 AM", "UTR102", "1,20,000.00"),
    ("60200000000011", "UTR101", "Model Bank", "2", "60200000000022", "11:24 AM", "UTR103", "75,000.00"),
    ("60200000000021", "UTR102", "Far Bank", "3", "60200000000031", "11:50 AM", "UTR104", "1,15,000.00"),
]
_SHEETS: dict[str, tuple[Sequence[str], Sequence[Sequence[str]]]] = {
    "Money Transfer to": (
        (*_FIRST, "Bank/FIs", "Layer", "Account No", "Ifsc Code", "Transaction Date", "Transaction ID / UTR Number2",
         "Transaction Amount", "Disputed Amount", "Reference No", "Remarks", "Action Taken By bank", "Date of Action"),
        _TRANSFERS,
    ),
    "Withdrawal through ATM": (
        (*_FIRST, "Withdrawal Date & Time", "Withdrawal Amount", "Disputed Amount", "ATM ID", "Place/Location of ATM"),
        [
            ("60200000000022", "UTR103", "10/03/2026 12:10 PM", "10,000.00", "10,000.00", "ATM0001", "Sampletown"),
            ("60200000000022", "UTR103", "10/03/2026 12:12 PM", "10,000.00", "10,000.00", "ATM0001", "Sampletown"),
        ],
    ),
    "Transaction put on hold": (
        (*_FIRST, "Put on hold Date", "Put on hold Amount", "Action Taken By bank"),
        [("60200000000031", "UTR104", "10/03/2026 03:30 PM", "1,15,000.00", "Far Bank")],
    ),
    "Others Less Then 500": (
        (*_FIRST, "Remarks"),
        [("50100000000001", "UTR090", "Rs 200 at a shop, not looked into")],
    ),
}  # fmt: skip


def _placed(name: str, row: Sequence[str], number: int) -> list[str]:
    """A row in the places of its sheet: number, acknowledgement, and what follows."""
    cells = [str(number), "30000000000001", *row]
    if name != "Money Transfer to":
        return cells
    account, utr, bank, layer, payee, clock, own, amount = row
    moved = (account, utr, bank, layer, payee, "SAMP0000001", f"10/03/2026 {clock}", own, amount, amount)
    return [*cells[:2], *moved, "", "", "Sample Bank", ""]


def ncrp() -> bytes:
    """The workbook, texts in its cells. It is not compressed, so that it has the same bytes everywhere."""
    parts = {"[Content_Types].xml": _content_types(), "_rels/.rels": _relations({"officeDocument": "xl/workbook.xml"})}
    sheets = [_xml("sheet", name=name, sheetId=str(k), **{"r:id": f"r{k}"}) for k, name in enumerate(_SHEETS, 1)]
    names = {"xmlns": f"{_OPEN}/spreadsheetml/2006/main", "xmlns:r": f"{_OPEN}/officeDocument/2006/relationships"}
    parts["xl/workbook.xml"] = _xml("workbook", _xml("sheets", *sheets), **names)
    parts["xl/_rels/workbook.xml.rels"] = _relations(
        *[{"worksheet": f"sheet{k}.xml"} for k in range(1, len(_SHEETS) + 1)]
    )
    for k, (name, (header, rows)) in enumerate(_SHEETS.items(), 1):
        table = [list(header), *(_placed(name, row, n) for n, row in enumerate(rows, 1))]
        cells = [_xml("row", *(_xml("c", _said("is/t", text), t="inlineStr") for text in row)) for row in table]
        parts[f"xl/sheet{k}.xml"] = _xml("worksheet", _xml("sheetData", *cells), xmlns=names["xmlns"])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path, text in parts.items():
            archive.writestr(zipfile.ZipInfo(path), f'<?xml version="1.0" encoding="UTF-8"?>\n{text}')
    return content.getvalue()


_OPEN = "http://schemas.openxmlformats.org"


def _content_types() -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    defaults = (("rels", "application/vnd.openxmlformats-package.relationships+xml"), ("xml", f"{kind}.worksheet+xml"))
    made = [_xml("Default", Extension=name, ContentType=stated) for name, stated in defaults]
    made.append(_xml("Override", PartName="/xl/workbook.xml", ContentType=f"{kind}.sheet.main+xml"))
    return _xml("Types", *made, xmlns=f"{_OPEN}/package/2006/content-types")


def _relations(*targets: dict[str, str]) -> str:
    pairs = [pair for target in targets for pair in target.items()]
    made = [
        _xml("Relationship", Id=f"r{k}", Type=f"{_OPEN}/officeDocument/2006/relationships/{kind}", Target=path)
        for k, (kind, path) in enumerate(pairs, 1)
    ]
    return _xml("Relationships", *made, xmlns=f"{_OPEN}/package/2006/relationships")


def files() -> dict[str, bytes]:
    """Path in the case folder → content."""
    texts = {
        "statement_en.csv": statement_en(),
        "camt053.xml": camt053(),
        "mt940.sta": mt940(),
        "pacs008.xml": pacs008(),
        "mt103.txt": mt103(),
        "usdt_erc20.csv": usdt_erc20(),
    }
    return {**{name: text.encode() for name, text in texts.items()}, "ncrp.xlsx": ncrp()}
