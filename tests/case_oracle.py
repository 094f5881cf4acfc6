"""The sample case read again by other code, as slowly and plainly as can be: what its transfers must add up to.

Nothing of `graphflow` is used here. Two records of one transfer are not looked for by time or serial: among records of
equal parties and amount, there are as many transfers as the side that states more of them.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

WALLET, CARD = "wxid_sample_0001", "6200010000000000007"
USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"


class Record(NamedTuple):
    """What one account states: `out` where money left it. A two-sided record is the payer's."""

    own: str
    other: str
    amount: Decimal
    currency: str
    out: bool


def totals(case: Path) -> tuple[dict[str, Decimal], int]:
    """The sum of all transfers by currency, and how many there are."""
    sums: dict[str, Decimal] = {}
    sides: dict[tuple[str, str, Decimal, str], Counter[bool]] = {}
    for record in records(case):
        own, other = (CARD if name == WALLET else name for name in (record.own, record.other))
        ends = (own, other) if record.out else (other, own)
        sides.setdefault((*ends, record.amount, record.currency), Counter())[record.out] += 1
    for (_, _, amount, currency), stated in sides.items():
        sums[currency] = sums.get(currency, Decimal(0)) + amount * max(stated.values())
    return sums, sum(max(stated.values()) for stated in sides.values())


def records(case: Path) -> Iterator[Record]:
    """Every record that moves money in the end."""
    for path in sorted(case.glob("bank_return/*_交易明细信息.csv")):
        yield from _bank(path.read_bytes().decode("gb18030"))
    yield from _tenpay((case / "TenpayTrades.txt").read_text("utf-8"))
    yield from _alipay((case / "alipay.csv").read_text("utf-8-sig"))
    yield from _statement((case / "statement_en.csv").read_text("utf-8"))
    yield from _camt(ElementTree.parse(case / "camt053.xml").getroot())
    yield from _mt940((case / "mt940.sta").read_text("utf-8"))
    for payment in ElementTree.parse(case / "pacs008.xml").getroot().findall(".//{*}CdtTrfTxInf"):
        payer, payee = (payment.find(f"{{*}}{side}Acct/{{*}}Id/{{*}}IBAN").text for side in ("Dbtr", "Cdtr"))  # type: ignore[union-attr]
        yield Record(str(payer), str(payee), Decimal(str(payment.findtext("{*}IntrBkSttlmAmt"))), "EUR", True)
    yield from _mt103((case / "mt103.txt").read_text("utf-8"))
    for row in csv.DictReader(io.StringIO((case / "usdt_erc20.csv").read_text("utf-8"))):
        amount = Decimal(row["TokenValue"].replace(",", ""))
        if amount and row["ContractAddress"] == USDT:
            yield Record(row["From"], row["To"], amount, "USDT", True)
    yield from _ncrp(case / "ncrp.xlsx")


def _bank(text: str) -> Iterator[Record]:
    rows = list(dict.fromkeys(tuple(cell.strip() for cell in row) for row in csv.reader(io.StringIO(text))))
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    taken_back = {row["交易流水号"] for row in table if row["摘要说明"] == "冲正"}
    for row in table:
        if row["交易是否成功"] == "失败" or row["交易流水号"] in taken_back:
            continue
        amount = unicodedata.normalize("NFKC", row["交易金额"]).strip("¥").replace(",", "")
        other = row["交易对手账卡号"].replace("\\N", "-")
        yield Record(row["交易卡号"].split("_")[0], other, Decimal(amount), "CNY", row["收付标志"] in "出借")


def _tenpay(text: str) -> Iterator[Record]:
    for cells in (line.split("\t") for line in text.splitlines()[1:]):
        yield Record(cells[0], cells[14] or cells[16], Decimal(cells[8]) / 100, "CNY", cells[4] == "出")


def _alipay(text: str) -> Iterator[Record]:
    for row in csv.DictReader(io.StringIO(text)):
        if row["交易状态"] == "交易成功" and row["收/支"] != "不计收支":
            own, other = (row[name].split("(")[0] for name in ("用户信息", "交易对方信息"))
            yield Record(own, other, Decimal(row["金额(元)"]), "CNY", row["收/支"] == "支出")


def _statement(text: str) -> Iterator[Record]:
    own = re.search(r"IBAN: (\w+)", text)
    assert own is not None
    for row in csv.DictReader(text.splitlines()[4:], delimiter=";"):
        amount = (row["Debit"] or row["Credit"]).replace(".", "").replace(",", ".")
        yield Record(own[1], row["Counterparty IBAN"], Decimal(amount), "EUR", bool(row["Debit"]))


def _camt(root: ElementTree.Element) -> Iterator[Record]:
    own = root.findtext(".//{*}Stmt/{*}Acct/{*}Id/{*}IBAN")
    entries = list(root.findall(".//{*}Ntry"))
    taken_back = {e.findtext(".//{*}EndToEndId") for e in entries if e.findtext("{*}RvslInd") == "true"}
    for entry in entries:
        if entry.findtext(".//{*}EndToEndId") not in taken_back:
            other = entry.findtext(".//{*}RltdPties//{*}IBAN") or ""
            out = entry.findtext("{*}CdtDbtInd") == "DBIT"
            yield Record(str(own), other, Decimal(str(entry.findtext("{*}Amt"))), "EUR", out)


def _mt940(text: str) -> Iterator[Record]:
    own = re.search(r":25:(\w+)", text)
    assert own is not None
    for mark, amount, details in re.findall(r":61:\d{10}([CD])([\d,]+)N.*\s+:86:(.*)", text):
        other = re.search(r"\?31(\w+)", details)
        yield Record(own[1], other[1] if other else "", Decimal(amount.replace(",", ".")), "EUR", mark == "D")


def _mt103(text: str) -> Iterator[Record]:
    found = re.search(r":32A:\d{6}EUR([\d,]+)\s+:50K:/(\w+)[^:]+:59:/(\w+)", text)
    assert found is not None
    yield Record(found[2], found[3], Decimal(found[1].replace(",", ".")), "EUR", True)


def _ncrp(path: Path) -> Iterator[Record]:
    """The first two sheets: transfers, and withdrawals."""
    with zipfile.ZipFile(path) as archive:
        for number, (payee, amount) in {1: (6, 10), 2: (None, 5)}.items():
            rows = ElementTree.fromstring(archive.read(f"xl/sheet{number}.xml")).findall(".//{*}row")
            for row in list(rows)[1:]:
                cells = [cell.text or "" for cell in row.findall(".//{*}t")]
                other = cells[payee] if payee else f"cash {cells[0]}"
                yield Record(cells[2], other, Decimal(cells[amount].replace(",", "")), "INR", True)
