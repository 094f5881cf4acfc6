"""MT940 → one-sided records: marks, dates, field 86, balances, and nothing lost on the way through the library."""

from __future__ import annotations

import re

import pytest
from bank_messages import OTHER, OWN, THIRD, fin, one, read
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.errors import SourceError
from graphflow.read.messages import reader_for, warnings
from graphflow.read.messages.mt940 import COLUMNS


def sta(*lines: str, opening: str = "C260101EUR100,00", closing: str | None = None, own: str = OWN) -> str:
    end = [f":62F:{closing}"] if closing else []
    return "\r\n".join([":20:STARTUMS", f":25:{own}", ":28C:1/1", f":60F:{opening}", *lines, *end, "-", ""])


def rows(*lines: str, **options: str) -> list[dict[str, str]]:
    return read(COLUMNS, sta(*lines, **options))


def row(*lines: str, **options: str) -> dict[str, str]:
    return one(COLUMNS, sta(*lines, **options))


def checks(text: str | bytes) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    reader = reader_for(data)
    assert reader is not None
    return warnings(*reader(data, "m"))


LINE = ":61:2601060105C12,50NTRFNONREF//B4E07"


def test_a_line_is_a_record_of_its_account() -> None:
    details = f":86:166?00CREDIT?20EREF+E-1?21SVWZ+Rent Jan?22uary?30ABNANL2A?31{OTHER}?32A PAYER?33 AND SON"
    assert row(LINE + "\r\nMORE", details, closing="C260105EUR112,50") == {
        "entry": "1.1",
        "time": "2026-01-05",
        "payer": OWN,
        "direction": "C",
        "paid": "12.50",
        "paid_currency": "EUR",
        "payer_balance": "112.50",
        "payee": OTHER,
        "payee_name": "A PAYER AND SON",
        "payee_bank": "ABNANL2A",
        "tx": "E-1",
        "channel": "NTRF",
        "memo": f"{details[4:]}; details MORE; bank reference B4E07; value date 2026-01-06",
    }


@pytest.mark.parametrize(
    ("mark", "direction", "reversal", "balance"),
    [("C", "C", None, "110.00"), ("D", "D", None, "90.00"), ("RC", "D", "RC", "90.00"), ("RD", "C", "RD", "110.00")],
)
def test_marks(mark: str, direction: str, reversal: str | None, balance: str) -> None:
    found = row(f":61:260105{mark}10,00NTRFX", closing=f"C260105EUR{balance.replace('.', ',')}")
    assert (found["direction"], found.get("reversal"), found["payer_balance"]) == (direction, reversal, balance)


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ("260105", "2026-01-05"),
        ("2601060105", "2026-01-05"),
        ("2501021231", "2024-12-31"),
        ("2412310102", "2025-01-02"),
        ("9912300103", "2000-01-03"),
        ("240229", "2024-02-29"),
    ],
)
def test_dates(dates: str, day: str) -> None:
    assert row(f":61:{dates}C1,NTRFX")["time"] == day


@pytest.mark.parametrize(
    "line",
    [
        ":61:260230C1,00NTRFX",  # the library makes it the 28th
        ":61:261305C1,00NTRFX",
        ":61:2601050230C1,00NTRFX",
        ":61:260105X1,00NTRFX",
        ":61:260105C1,00,00NTRFX",
        ":61:260105C,NTRFX",
        ":61:260105C1234567890123456,78NTRFX",  # the library cuts it after 15 digits
        ":61:260105C1234567890123456",
        ":61:260105C1,00",  # and takes the next line for this one
        ":61:nothing",
        ":61:",
    ],
)
def test_what_the_library_cannot_read_is_a_row_with_its_reason_and_the_others_are_kept(line: str) -> None:
    found = rows(line, LINE, ":86:free text", LINE)
    assert [r.get("paid") for r in found[1:]] == ["12.50", "12.50"]
    if line == ":61:260105C1,00":
        assert found[0]["paid"] == "1.00"  # nothing follows that could belong to it
        return
    assert found[0]["refused"].endswith(repr(line[4:]))
    assert "paid" not in found[0]


def test_a_line_without_type_may_hide_its_amount_in_its_reference() -> None:
    assert row(":61:260105C1,00-5")["refused"].startswith("it has no type, so its amount may go on in its reference")


def test_expected_entries_are_not_booked() -> None:
    assert row(":61:260105EC1,00NTRFX")["excluded"] == "expected, not booked (260105EC1,00NTRFX)"


# --- field 86 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "account", "name", "reference"),
    [
        (f"/TRTP/SEPA OVERBOEKING/IBAN/{OTHER}/BIC/ABNANL2A/NAME/J DOE/REMI/RENT/EREF/E-1", OTHER, "J DOE", "E-1"),
        (f"/EREF/E-1//CNTP/{OTHER}/ABNANL2A/J DOE///REMI/USTD//RENT/", OTHER, "J DOE", "E-1"),
        ("/ORDP//NAME/J DOE/REMI/RENT/EREF/NOTPROVIDED", None, "J DOE", None),
        ("177?00X?20EREF+E-1?3020041010?31123456789?32J DOE", "20041010/123456789", "J DOE", "E-1"),
        (f"177~00X~20RENT~3010203040~31123~32J DOE~38{OTHER}", OTHER, "J DOE", None),
        (f"177?00X?20SVWZ+RENT IBAN+{OTHER}?21 BIC+ABNANL2A?32J DOE", OTHER, "J DOE", None),
        ("RENT J DOE", None, None, None),
    ],
)
def test_the_other_side(details: str, account: str | None, name: str | None, reference: str | None) -> None:
    found = row(LINE, f":86:{details}")
    assert (found.get("payee"), found.get("payee_name"), found.get("tx")) == (account, name, reference)
    assert details in found["memo"]


def test_the_account_in_the_second_line_of_a_dutch_entry() -> None:
    assert row(f"{LINE}\r\n{OTHER}", own=f"{OWN}EUR")["payee"] == OTHER
    assert row(LINE, own=f"{OWN}EUR")["payer"] == OWN
    assert row(LINE, own="20041010/0123456")["payer"] == "20041010/0123456"


def test_details_in_several_lines_and_amounts_on_a_line_of_their_own() -> None:
    assert row(LINE + "\r\nONE\r\nTWO\r\nTHREE")["memo"].startswith("details ONE TWO THREE; ")
    assert row(":61:260105C\r\n12,50NTRFX\r\nONE\r\nTWO")["paid"] == "12.50"


def test_details_of_any_length_and_several_fields() -> None:
    long = "\r\n".join("X" * 65 for _ in range(30))
    found = row(LINE, f":86:{long}", ":86:second", ":NS:third")
    assert found["memo"].startswith("X" * 65)
    assert found["memo"].count("X") == 30 * 65
    assert " second third; " in found["memo"]


def test_a_line_that_only_looks_like_a_field_is_text() -> None:
    found = rows(LINE, ":86:AT 12\r\n:47:30 OF THE DAY\r\n:940:", LINE)
    assert len(found) == 2
    assert found[0]["memo"].startswith("AT 12 :47:30 OF THE DAY")


def test_text_after_the_closing_balance_belongs_to_no_entry() -> None:
    text = sta(LINE, ":86:of the entry", closing="C260105EUR112,50").replace("\r\n-", "\r\n:86:of the statement\r\n-")
    found = one(COLUMNS, text)
    assert found["memo"].startswith("of the entry; ")
    assert found["note"] == "of the statement"


def test_returns_and_fees() -> None:
    assert row(LINE, ":86:/RTRN/AC04/NAME/J DOE")["reversal"] == "AC04"
    for kind, end in (("NCHG", "FEE"), ("NCOM", "FEE"), ("NINT", "INTEREST"), ("NTRF", None)):
        assert row(f":61:260105D1,00{kind}X").get("end") == end
    assert "end" not in row(":61:260105D1,00NCHGX", f":86:/IBAN/{THIRD}/")


# --- statements --------------------------------------------------------------------------------------


def test_statements_of_one_file_are_kept_apart() -> None:
    text = sta(LINE, closing="C260105EUR112,50") + sta(
        LINE, opening="D260101USD5,", closing="C260105USD7,50", own="0012"
    )
    found = read(COLUMNS, text)
    names = ("entry", "payer", "paid_currency", "payer_balance")
    assert [tuple(r[n] for n in names) for r in found] == [
        ("1.1", OWN, "EUR", "112.50"),
        ("2.1", "0012", "USD", "7.50"),
    ]
    assert checks(text) == []


def test_pages_have_balances_of_their_own() -> None:
    text = sta(LINE, closing="C260105EUR112,50").replace(":60F:", ":60M:").replace(":62F:", ":62M:")
    assert one(COLUMNS, text)["payer_balance"] == "112.50"


@pytest.mark.parametrize(
    ("closing", "said"),
    [
        ("C260105EUR120,00", "opening 100.00 and entries of 12.50 make 112.50, but the closing balance is 120.00: "
         "entries are missing, or are too many"),
        ("C260105EUR1 2", "has no closing balance, so its entries cannot be proved"),
    ],
)  # fmt: skip
def test_statements_that_do_not_prove_say_so(closing: str, said: str) -> None:
    text = sta(LINE, closing=closing)
    assert "payer_balance" not in one(COLUMNS, text)
    assert checks(text) == [f"statement 1 of account {OWN} (line 1): {said}"]


def test_an_empty_statement_whose_balances_differ_is_a_row() -> None:
    assert rows(closing="C260105EUR100,00") == []
    assert "but the closing balance is 99.00" in row(closing="C260105EUR99,00")["excluded"]


def test_reports_in_the_day_have_no_balances() -> None:
    text = sta(LINE).replace(":60F:C260101EUR100,00", ":34F:EUR0,")
    assert one(COLUMNS, text)["paid_currency"] == "EUR"
    assert checks(text) == []


def test_messages_in_blocks() -> None:
    fields = sta(LINE, closing="C260105EUR112,50").replace("\r\n-", "").split("\r\n")
    text = fin("940", *filter(None, fields)) + fin("103", ":20:X") + fin("942", *filter(None, fields))
    found = read(COLUMNS, text)
    assert [(r["entry"], r.get("payer_bank"), r.get("refused")) for r in found] == [
        ("1.1", "COBADEFF", None),
        ("2", None, "a message MT103 is no statement"),
        ("3.1", "COBADEFF", None),
    ]


def test_dutch_files_with_the_number_of_the_message() -> None:
    text = ":940:\r\n" + sta(LINE, closing="C260105EUR112,50").replace("-\r\n", "") + ":940:\r\n" + sta(LINE)
    assert [r["entry"] for r in read(COLUMNS, text)] == ["1.1", "2.1"]
    assert len(checks(text)) == 1  # the first proves


def test_lines_before_any_statement_are_not_lost() -> None:
    text = ":25:0012\r\n" + LINE + "\r\n" + sta(LINE)
    assert [(r["entry"], r["payer"]) for r in read(COLUMNS, text)] == [("1.1", "0012"), ("2.1", OWN)]


def test_encodings() -> None:
    text = sta(LINE, ":86:166?20MÜLLER", closing="C260105EUR112,50")
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        assert one(COLUMNS, text.encode(encoding))["memo"].startswith("166?20MÜLLER")
    assert checks(text.encode("cp1252")) == ["is not UTF-8: names and texts are read as cp1252"]
    assert checks(text) == []
    raw = text.encode().replace("Ü".encode(), b"\x81")
    reader = reader_for(raw)
    assert reader is not None
    with pytest.raises(SourceError, match=r"^m.sta: is neither UTF-8 nor cp1252; save it as UTF-8$"):
        reader(raw, "m.sta")


def test_the_library_says_nothing_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    rows(":61:nothing")
    assert capsys.readouterr() == ("", "")


def test_every_line_is_a_row_whatever_stands_in_it() -> None:
    text = sta(LINE, ":86:X", ":61:", LINE, ":61:260105C1,00NTRFX\r\nmore", ":61:bad")
    assert len(read(COLUMNS, text)) == len(re.findall(r"(?m)^:61:", text)) == 5


def test_many_statements_that_do_not_prove_are_counted() -> None:
    found = checks(sta(LINE) * 25)
    assert len(found) == 21
    assert found[-1] == "and 5 more; the column check of their rows says what"


def test_long_runs_of_blanks_take_no_time() -> None:
    found = one(COLUMNS, sta(LINE, ":86:X" + "\r\n" * 1_000_000 + "Y", closing="C260105EUR112,50"))
    assert found["memo"].startswith("X ")


words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-+()'", min_size=1, max_size=27).map(str.strip).filter(bool)
moves = st.lists(
    st.tuples(st.integers(1, 10**12), st.sampled_from(["C", "D", "RC", "RD"]), st.sampled_from([OTHER, THIRD]), words),
    min_size=1,
    max_size=6,
)


@settings(max_examples=examples(60), deadline=None)
@given(moves, st.integers(-(10**9), 10**9))
def test_what_is_written_is_read(made: list[tuple[int, str, str, str]], opening: int) -> None:
    def amount(cents: int) -> str:
        return f"{abs(cents) // 100},{abs(cents) % 100:02d}"

    def balance(cents: int) -> str:
        return f"{'D' if cents < 0 else 'C'}260105EUR{amount(cents)}"

    now, lines, expected = opening, list[str](), list[tuple[str, ...]]()
    for cents, mark, other, name in made:
        out = mark in ("D", "RC")
        now += -cents if out else cents
        lines += [f":61:260105{mark}{amount(cents)}NTRFX", f":86:177?00X?31{other}?32{name}"]
        point = f"{'-' if now < 0 else ''}{amount(now)}".replace(",", ".")
        expected.append((amount(cents).replace(",", "."), "D" if out else "C", other, name, point))
    found = rows(*lines, opening=balance(opening), closing=balance(now))
    names = ("paid", "direction", "payee", "payee_name", "payer_balance")
    assert [tuple(r[n] for n in names) for r in found] == expected
