"""MT103 → two-sided transfers: the amounts of the standard's formula, accounts, banks, what is refused."""

from __future__ import annotations

import re

import pytest
from bank_messages import OTHER, OWN, fin, one, read
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.errors import SourceError
from graphflow.read.messages import reader_for
from graphflow.read.messages.mt103 import COLUMNS

UETR = "eb6305c9-1f7f-49de-aed0-16487c27b42d"
PARTIES = (f":50K:/{OWN}\r\nA PAYER\r\nSTREET 1\r\nBERLIN", f":59:/{OTHER}\r\nA PAYEE")


def message(*more: str, settled: str = "260105EUR1000,", parties: tuple[str, ...] = PARTIES, uetr: str = "") -> str:
    return fin("103", ":20:REF-1", ":23B:CRED", f":32A:{settled}", *parties, *more, uetr=uetr)


def row(*more: str, **options: str | tuple[str, ...]) -> dict[str, str]:
    return one(COLUMNS, message(*more, **options))


def test_a_message_is_a_transfer() -> None:
    assert row(":70:RENT\r\nJANUARY", ":71A:SHA", uetr=UETR.upper()) == {
        "message": "1 (line 1)",
        "time": "2026-01-05",
        "payer": OWN,
        "payer_name": "A PAYER",
        "payer_bank": "COBADEFF",
        "payee": OTHER,
        "payee_name": "A PAYEE",
        "payee_bank": "ABNANL2A",
        "paid": "1000",
        "paid_currency": "EUR",
        "received": "1000",
        "received_currency": "EUR",
        "tx": UETR,
        "channel": "CRED",
        "memo": "RENT JANUARY; payer address STREET 1, BERLIN; settled EUR 1000; charges borne by SHA; reference REF-1",
    }


@pytest.mark.parametrize(
    ("settled", "more", "paid", "received"),
    [
        ("990,", (":33B:EUR1000,", ":71A:BEN", ":71F:EUR8,", ":71F:EUR2,"), ("1000", "EUR"), "990"),
        ("1000,", (":33B:EUR1000,", ":71A:SHA"), ("1000", "EUR"), "1000"),
        ("1004,50", (":33B:EUR1000,", ":71A:OUR", ":71G:EUR4,50"), ("1000", "EUR"), "1000.00"),
        ("908,80", (":33B:USD1000,", ":36:0,9088", ":71A:SHA"), ("1000", "USD"), "908.80"),
    ],
)
def test_charges_and_rates(settled: str, more: tuple[str, ...], paid: tuple[str, str], received: str) -> None:
    found = row(*more, settled=f"260105EUR{settled}")
    assert (found["paid"], found["paid_currency"]) == paid
    assert (found["received"], found["received_currency"]) == (received, "EUR")
    assert "amounts" not in found["memo"]


def test_amounts_that_do_not_add_up_are_said() -> None:
    found = row(":33B:EUR1000,", ":71A:BEN", ":71F:EUR8,", settled="260105EUR990,")
    assert "amounts instructed amount and charges make 992.00, not the settled amount" in found["memo"]


@pytest.mark.parametrize(
    ("payer", "found"),
    [
        (f":50A:/{OWN}\r\nCOBADEFFXXX", (OWN, "COBADEFFXXX", None)),
        (f":50F:/{OWN}\r\n1/A PAYER\r\n1/AND SON\r\n2/STREET 1", (OWN, "A PAYER AND SON", "payer address 2/STREET 1")),
        (":50K:/0012345\r\nA PAYER", ("0012345", "A PAYER", None)),
    ],
)
def test_forms_of_the_ordering_customer(payer: str, found: tuple[str | None, ...]) -> None:
    cells = row(parties=(payer, PARTIES[1]))
    memo = next((part for part in cells["memo"].split("; ") if part.startswith("payer address")), None)
    assert (cells["payer"], cells["payer_name"], memo) == found


@pytest.mark.parametrize(
    ("parties", "who"),
    [
        ((":50F:CCPT/DE/123456\r\n1/A PAYER", PARTIES[1]), "ordering customer (:50:)"),
        ((":50K:A PAYER", PARTIES[1]), "ordering customer (:50:)"),
        ((PARTIES[0], ":59:A PAYEE\r\nSTREET 2"), "beneficiary (:59:)"),
    ],
)
def test_a_party_without_account_is_refused(parties: tuple[str, ...], who: str) -> None:
    assert row(parties=parties)["refused"] == f"the {who} has no account: a name is not an account"


def test_banks() -> None:
    found = row(":52A:/C/12345\r\nDEUTDEFFXXX", ":57D://FW021000021\r\nA BANK\r\nNEW YORK")
    assert (found["payer_bank"], found["payee_bank"]) == ("DEUTDEFFXXX", "FW021000021")


def test_returns_tests_and_unreadable_amounts() -> None:
    assert "returns or rejects an earlier message (/RETN/" in row(":72:/RETN/59\r\n/AC01/")["refused"]
    assert row()["channel"] == "CRED"
    assert one(COLUMNS, message().replace(":23B:CRED", ":23B:CRTS"))["excluded"] == "a test message (CRTS)"
    assert row(settled="tomorrow")["refused"] == "the settled amount (:32A:) cannot be read: 'tomorrow'"
    assert row(settled="260105EUR1.000,50")["paid"] == "1.000,50"  # for the cleaner to refuse


def test_several_messages_and_other_kinds() -> None:
    text = message() + "\r\n$" + fin("202", ":20:X") + message(settled="991231USD5,25")
    found = read(COLUMNS, text)
    assert [(r["message"], r.get("paid"), r.get("time")) for r in found] == [
        ("1 (line 1)", "1000", "2026-01-05"),
        ("2 (line 12)", None, None),
        ("3 (line 14)", "5.25", "1999-12-31"),
    ]
    assert found[1]["refused"] == "a message MT202 is no customer transfer (MT103)"


def test_texts_without_blocks() -> None:
    text = re.sub(r"\{4:\r\n|\{[^4].*?\}+|-\}", "", message()) + ":20:REF-2\n:32A:260106EUR2,\n"
    found = read(COLUMNS, text)
    assert [(r["tx"], r["paid"]) for r in found] == [("REF-1", "1000"), ("REF-2", "2")]


def test_output_messages_name_their_sender_in_block_2() -> None:
    text = message().replace("{2:I103ABNANL2AXXXXN}", "{2:O1031000260105DEUTDEFFAXXX00000000002601051000N}")
    found = one(COLUMNS, text)
    assert (found["payer_bank"], found["payee_bank"]) == ("DEUTDEFF", "COBADEFF")


def test_a_file_that_is_cut_off_is_refused() -> None:
    text = (message() + "\r\n" + message()).encode()
    reader = reader_for(text)
    assert reader is not None
    with pytest.raises(SourceError, match=r"m.fin: line 12: the message that begins here has no end \(-\}\)"):
        reader(text[:-40], "m.fin")


allowed = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 /-?().,'+", min_size=1, max_size=35).map(str.strip)
lines = allowed.filter(lambda t: t and not t.startswith(("-", "/", ":")))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**14), lines, lines), min_size=1, max_size=4))
def test_what_is_written_is_read(made: list[tuple[int, str, str]]) -> None:
    text = "".join(
        message(
            f":70:{memo}",
            settled=f"260105EUR{cents // 100},{cents % 100:02d}",
            parties=(f":50K:/{OWN}\r\n{name}", PARTIES[1]),
        )
        for cents, name, memo in made
    )
    found = [(r["paid"], r["payer_name"], r["memo"].rpartition("; settled")[0]) for r in read(COLUMNS, text)]
    assert found == [(f"{cents // 100}.{cents % 100:02d}", name, memo) for cents, name, memo in made]
