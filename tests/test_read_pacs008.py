"""pacs.008 → two-sided transfers: amounts, times, names, parties without account."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from bank_messages import OTHER, OWN, account, money, one, read, said, xml
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.read import read_ledger
from graphflow.read.messages import reader_for, warnings
from graphflow.read.messages.pacs008 import COLUMNS

UETR = "eb6305c9-1f7f-49de-aed0-16487c27b42d"


def credit(
    settled: str = "100.00",
    *,
    payer: str | None = OWN,
    payee: str | None = OTHER,
    names: str = "",
    more: str = "",
    currency: str = "EUR",
) -> str:
    """One payment; `more` stands after its settled amount."""
    return xml(
        "CdtTrfTxInf",
        xml("PmtId", names or said("EndToEndId", "E-1")),
        money(settled, currency, "IntrBkSttlmAmt"),
        more,
        said("Dbtr/Nm", "A Payer"),
        account("DbtrAcct", payer),
        said("DbtrAgt/FinInstnId/BICFI", "COBADEFF"),
        said("CdtrAgt/FinInstnId/ClrSysMmbId/MmbId", "021000021"),
        said("Cdtr/Nm", "A Payee"),
        account("CdtrAcct", payee),
    )


def pacs(*payments: str, count: str | None = None, group: str = "") -> str:
    head = xml("GrpHdr", said("MsgId", "M1"), said("CreDtTm", "2026-01-05T09:30:00"), said("NbOfTxs", count), group)
    body = xml("FIToFICstmrCdtTrf", head, *payments)
    return xml("Document", body, xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08")


def row(**options: str | None) -> dict[str, str]:
    return one(COLUMNS, pacs(credit(**options)))


def test_a_payment_is_a_transfer() -> None:
    assert row() == {
        "payment": "1.1",
        "time": "2026-01-05T09:30:00",
        "payer": OWN,
        "payer_name": "A Payer",
        "payer_bank": "COBADEFF",
        "payee": OTHER,
        "payee_name": "A Payee",
        "payee_bank": "021000021",
        "paid": "100.00",
        "paid_currency": "EUR",
        "received": "100.00",
        "received_currency": "EUR",
        "tx": "E-1",
        "memo": "settled 100.00 EUR",
    }


def test_what_was_instructed_is_what_was_paid() -> None:
    found = row(currency="USD", settled="108.10", more=money("100.00", "EUR", "InstdAmt") + said("XchgRate", "1.081"))
    assert (found["paid"], found["paid_currency"]) == ("100.00", "EUR")
    assert (found["received"], found["received_currency"]) == ("108.10", "USD")
    assert found["memo"] == "settled 108.10 USD; rate 1.081"


@pytest.mark.parametrize(
    ("settled", "bearer", "received"),
    [
        ("105.00", "DEBT", "100.00"),
        ("104.00", "DEBT", "104.00"),
        ("95.00", "CRED", "95.00"),
        ("105.00", "SHAR", "105.00"),
    ],
)
def test_prepaid_charges_are_taken_off_where_the_sum_says_so(settled: str, bearer: str, received: str) -> None:
    charges = xml("ChrgsInf", money("5.00"))
    found = row(settled=settled, more=money("100.00", tag="InstdAmt") + said("ChrgBr", bearer) + charges)
    assert (found["paid"], found["received"]) == ("100.00", received)
    assert found["memo"] == f"settled {settled} EUR; charges borne by {bearer}; charges 5.00 EUR"


def test_the_name_that_never_changes_is_taken_and_the_others_are_kept() -> None:
    names = f"{said('InstrId', 'I')}{said('EndToEndId', 'E')}{said('TxId', 'T')}{said('UETR', UETR)}"
    found = row(names=names)
    assert found["tx"] == UETR
    assert found["memo"].endswith("TxId T; EndToEndId E; InstrId I")
    assert row(names=f"{said('EndToEndId', 'NOTPROVIDED')}{said('TxId', 'T')}")["tx"] == "T"


def test_the_time_is_when_it_was_accepted() -> None:
    assert row(more=said("AccptncDtTm", "2026-01-05T09:31:02.5+01:00"))["time"] == "2026-01-05T09:31:02.5+01:00"


@pytest.mark.parametrize(("side", "word"), [("payer", "debtor"), ("payee", "creditor")])
def test_a_party_without_account_is_refused(side: str, word: str) -> None:
    for stated in (None, "NOTPROVIDED"):
        assert row(**{side: stated})["refused"] == f"the {word} has no account: a name is not an account"


def test_the_number_of_payments_is_checked() -> None:
    def said_of(count: str) -> list[str]:
        data = pacs(credit(), credit(), count=count).encode()
        reader = reader_for(data)
        assert reader is not None
        return warnings(*reader(data, "m"))

    assert said_of("2") == []
    assert said_of("3") == ["message M1 says it has 3 payments, but has 2"]


def test_a_message_becomes_a_ledger(tmp_path: Path) -> None:
    data = pacs(credit("0012.50"), credit("7", payee=None), credit("0")).encode()
    reader = reader_for(data)
    assert reader is not None
    header, frame = reader(data, "m")
    path = tmp_path / "made.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *frame.iter_rows()])
    ledger = read_ledger(path)
    assert ledger.sources[0].dialect == "pacs.008"
    assert ledger.frame.select("payer", "payee", "paid", "received").rows() == [(OWN, OTHER, 1250, 1250)]
    assert ledger.rejected["reason"].to_list() == [
        "the creditor has no account: a name is not an account",
        "zero amount: nothing moved",
    ]


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=1, max_size=30)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**17), words.map(str.strip).filter(bool)), min_size=1, max_size=5))
def test_what_is_written_is_read(made: list[tuple[int, str]]) -> None:
    payments = [
        credit(f"{cents // 100}.{cents % 100:02d}", more=said("RmtInf/Ustrd", memo) or "") for cents, memo in made
    ]
    found = read(COLUMNS, pacs(*payments, count=str(len(made))))
    assert [(r["paid"], r["memo"].rpartition("; settled")[0]) for r in found] == [
        (f"{cents // 100}.{cents % 100:02d}", memo) for cents, memo in made
    ]
