"""camt.053 → one-sided records: directions, reversals, batches, counterparties, balances."""

from __future__ import annotations

from decimal import Decimal

import pytest
from bank_messages import OTHER, OWN, THIRD, balance, camt, entry, money, one, payment, read, said, statement, xml
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.read.messages import reader_for, warnings
from graphflow.read.messages.camt053 import COLUMNS


def rows(*inner: str, **options: str) -> list[dict[str, str]]:
    return read(COLUMNS, camt(statement(*inner, **options)))


def row(*inner: str) -> dict[str, str]:
    (only,) = rows(*inner)
    return only


def check_of(*inner: str) -> list[str]:
    data = camt(statement(*inner)).encode()
    reader = reader_for(data)
    assert reader is not None
    return warnings(*reader(data, "m"))


def test_an_entry_is_a_record_of_its_account() -> None:
    code = xml("BkTxCd", xml("Domn", said("Cd", "PMNT"), xml("Fmly", said("Cd", "RCDT"), said("SubFmlyCd", "ESCT"))))
    paid = payment(debtor=OTHER, debtor_name="A Payer", reference="E-1", more=said("RmtInf/Ustrd", "Rent & more") or "")
    assert row(entry("12.50", "CRDT", paid, more=code)) == {
        "entry": "1.1.1",
        "time": "2026-01-05",
        "payer": OWN,
        "payer_name": "Own Holder",
        "direction": "CRDT",
        "paid": "12.50",
        "paid_currency": "EUR",
        "payee": OTHER,
        "payee_name": "A Payer",
        "tx": "E-1",
        "channel": "PMNT/RCDT/ESCT",
        "memo": "Rent & more",
        "check": f"statement 1 of account {OWN}: has no opening balance, so its entries cannot be proved",
    }


@pytest.mark.parametrize(
    ("mark", "reversal", "other"),
    [
        ("CRDT", "", OTHER),
        ("DBIT", "", THIRD),
        ("CRDT", "true", THIRD),
        ("DBIT", "true", OTHER),
        ("DBIT", "false", THIRD),
    ],
)
def test_the_counterparty_is_the_other_role_and_a_reversal_keeps_the_roles_of_what_it_undoes(
    mark: str, reversal: str, other: str
) -> None:
    found = row(entry("1.00", mark, payment(debtor=OTHER, creditor=THIRD), more=said("RvslInd", reversal) or ""))
    assert found["payee"] == other
    assert found["direction"] == mark  # it already says what the reversal does
    assert found.get("reversal") == ("RvslInd" if reversal == "true" else None)


@pytest.mark.parametrize("mark", ["CRDT", "DBIT"])
@pytest.mark.parametrize("reversal", ["true", "false"])
def test_the_own_account_is_never_the_counterparty(mark: str, reversal: str) -> None:
    more = said("RvslInd", reversal) or ""
    assert row(entry("1", mark, payment(debtor=OWN, creditor=OTHER), more=more))["payee"] == OTHER
    assert row(entry("1", mark, payment(debtor=OTHER, creditor=OWN), more=more))["payee"] == OTHER
    assert row(entry("1", mark, payment(debtor=OTHER), more=more))["payee"] == OTHER
    assert row(entry("1", mark, payment(creditor_name="Only Name"), more=more))["payee_name"] == "Only Name"


def test_a_return_is_a_reversal() -> None:
    returned = xml("RtrInf", said("Rsn/Cd", "AC04"), said("AddtlInf", "closed"))
    found = row(entry("1", "CRDT", payment(debtor=OTHER, creditor=THIRD, more=returned)))
    assert (found["reversal"], found["payee"]) == ("RtrInf", THIRD)
    assert found["memo"] == "returned AC04; return note closed"


def test_a_name_is_not_an_account_and_agents_are_banks() -> None:
    agents = xml("RltdAgts", said("DbtrAgt/FinInstnId/BIC", "ABNANL2A"), said("CdtrAgt/FinInstnId/BICFI", "COBADEFF"))
    found = row(entry("1", "CRDT", payment(debtor_name="A Payer", more=agents)))
    assert (found.get("payee"), found["payee_name"], found["payee_bank"]) == (None, "A Payer", "ABNANL2A")


@pytest.mark.parametrize("wrapped", ["Nm", "Pty/Nm", "Agt/FinInstnId/Nm"])
def test_parties_of_old_and_new_versions(wrapped: str) -> None:
    parties = xml("RltdPties", said(f"Dbtr/{wrapped}", "A Payer"), said("DbtrAcct/Id/Othr/Id", "0012345"))
    found = row(entry("1", "CRDT", xml("TxDtls", parties)))
    assert (found["payee"], found["payee_name"]) == ("0012345", "A Payer")


# --- batches ---------------------------------------------------------------------------------------


def test_a_batch_becomes_its_payments_when_they_add_up() -> None:
    batch = [payment("10.00", creditor=OTHER, reference="A"), payment("2.50", creditor=THIRD, reference="B")]
    found = rows(balance("OPBD", "100.00"), balance("CLBD", "87.50"), entry("12.50", "DBIT", *batch))
    assert [(r["entry"], r["paid"], r["payee"], r["tx"], r["payer_balance"]) for r in found] == [
        ("1.1.1", "10.00", OTHER, "A", "90.00"),
        ("1.1.2", "2.50", THIRD, "B", "87.50"),
    ]


def test_a_batch_may_have_payments_both_ways() -> None:
    back = payment("2.50", debtor=THIRD, more=said("CdtDbtInd", "CRDT") or "")
    found = rows(entry("7.50", "DBIT", payment("10.00", creditor=OTHER), back))
    assert [(r["paid"], r["direction"], r["payee"]) for r in found] == [
        ("10.00", "DBIT", OTHER),
        ("2.50", "CRDT", THIRD),
    ]


@pytest.mark.parametrize("second", [None, "3.00"])
def test_a_batch_that_does_not_add_up_is_one_row_that_lists_its_payments(second: str | None) -> None:
    batch = [payment("10.00", creditor=OTHER, creditor_name="One"), payment(second, creditor=THIRD, reference="B")]
    found = row(entry("12.50", "DBIT", *batch))
    assert found["paid"] == "12.50"
    assert "payee" not in found
    amount = f"{second}; " if second else ""
    assert found["memo"] == (
        "batch of 2 payments without amounts that add up to the entry: "
        f"10.00; account {OTHER}; name One | {amount}account {THIRD}"
    )


def test_payments_that_are_not_listed_are_not_given_to_one_that_is() -> None:
    stated = said("Btch/NbOfTxs", "3") or ""
    found = row(entry("12.50", "DBIT", stated, payment("12.50", creditor=OTHER)))
    assert "payee" not in found
    assert found["memo"] == f"batch of 3 payments without amounts that add up to the entry: 12.50; account {OTHER}"
    assert row(entry("12.50", "DBIT", stated))["memo"] == "batch of 3 payments"
    assert row(entry("12.50", "DBIT", said("Btch/NbOfTxs", "1") or "", payment(creditor=OTHER)))["payee"] == OTHER


def test_payments_in_another_currency_are_no_parts_of_the_entry() -> None:
    dollars = [xml("TxDtls", money("6.25", "USD")) for _ in range(2)]
    assert row(entry("12.50", "DBIT", *dollars))["paid"] == "12.50"


# --- what entries say ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["PDNG", "INFO", "FUTR"])
def test_what_is_not_booked_is_excluded(status: str) -> None:
    assert row(entry("1", "CRDT", status=status))["excluded"] == f"not booked ({status})"


def test_status_of_the_old_versions() -> None:
    old = "<Ntry><Amt Ccy='EUR'>1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>"
    assert row(old)["excluded"] == "not booked (PDNG)"
    assert "excluded" not in row(old.replace("PDNG", "BOOK"))
    assert "excluded" not in row(old.replace("<Sts>PDNG</Sts>", ""))  # a statement holds what is booked


def test_reports_and_advices() -> None:
    none = xml("Ntry", money("1"), said("CdtDbtInd", "CRDT"))
    for message, kind in (("BkToCstmrAcctRpt", "Rpt"), ("BkToCstmrDbtCdtNtfctn", "Ntfctn")):
        found = read(COLUMNS, camt(statement(entry("1", "CRDT"), none, kind=kind), message=message))
        assert "check" not in found[0]  # they need not have balances
        assert found[1]["refused"] == "the entry does not say whether it is booked (Sts)"


def test_a_direction_must_be_said() -> None:
    assert row(entry("1", "BOTH"))["refused"] == "CdtDbtInd must be CRDT or DBIT, not BOTH"


def test_references_and_charges() -> None:
    charges = xml("Chrgs", money("1.20", tag="TtlChrgsAndTaxAmt"), xml("Rcrd", money("1.20")))
    inner = xml("Refs", said("EndToEndId", "NOTPROVIDED"), said("UETR", "u-1"), said("TxId", "t-1"))
    found = row(entry("1", "DBIT", xml("TxDtls", inner, charges), more=said("ValDt/Dt", "2026-01-06") or ""))
    assert found["tx"] == "u-1"
    assert found["memo"] == "costs 1.20 EUR; value date 2026-01-06; TxId t-1"
    old = xml("Chrgs", money("0.30")) + xml("Chrgs", money("0.40"))
    assert row(entry("1", "DBIT", more=old))["memo"] == "costs 0.30 EUR, 0.40 EUR"
    assert row(entry("1", "DBIT", more=said("AcctSvcrRef", "BK9") or ""))["memo"] == "bank reference BK9"


@pytest.mark.parametrize(
    ("code", "end"),
    [("CHRG", "FEE"), ("INTR", "INTEREST"), ("CWDL", "CASH"), ("POSD", "POS:A Shop"), ("ESCT", None)],
)
def test_entries_without_counterparty_end_in_what_their_code_says(code: str, end: str | None) -> None:
    domain = xml("Domn", said("Cd", "PMNT"), xml("Fmly", said("Cd", "CCRD"), said("SubFmlyCd", code)))
    shop = payment(creditor_name="A Shop")
    assert row(entry("1", "DBIT", shop, more=xml("BkTxCd", domain))).get("end") == end
    nameless = row(entry("1", "DBIT", more=xml("BkTxCd", domain)))
    assert nameless.get("end") == (None if code == "POSD" else end)
    known = payment(creditor_name="A Shop", creditor=OTHER)
    assert "end" not in row(entry("1", "DBIT", known, more=xml("BkTxCd", domain)))


def test_the_bank_s_own_code() -> None:
    assert row(entry("1", "DBIT", more=said("BkTxCd/Prtry/Cd", "NTRF+166") or ""))["channel"] == "NTRF+166"


def test_times_are_in_one_format() -> None:
    def times(*dates: str) -> list[str]:
        return [r["time"] for r in rows(*(entry("1", "CRDT", date=date) for date in dates))]

    assert times("2026-01-05", "2026-01-06Z") == ["2026-01-05", "2026-01-06"]
    assert times("2026-01-05T10:00:00Z", "2026-01-05T10:00:00+01:00") == [
        "2026-01-05T10:00:00+00:00",
        "2026-01-05T10:00:00+01:00",
    ]
    assert times("2026-01-05T10:00:00+01:00", "2026-01-06", "tomorrow") == [
        "2026-01-05T10:00:00",
        "2026-01-06T00:00:00",
        "tomorrow",
    ]


# --- balances ----------------------------------------------------------------------------------------


def test_balances_prove_a_statement_and_give_one_after_each_entry() -> None:
    entries = [entry("12.50", "CRDT"), entry("30.00", "DBIT"), entry("5", "CRDT", status="PDNG")]
    found = rows(balance("OPBD", "10.00", "DBIT"), balance("CLBD", "27.50", "DBIT"), *entries)
    assert [r.get("payer_balance") for r in found] == ["2.50", "-27.50", None]
    assert not any("check" in r for r in found)


def test_a_statement_that_does_not_prove_says_so_and_has_no_balances() -> None:
    inner = (balance("OPBD", "10.00"), balance("CLBD", "25.00"), entry("12.50", "CRDT"))
    assert "payer_balance" not in row(*inner)
    assert check_of(*inner) == [
        f"statement 1 of account {OWN}: opening 10.00 and entries of 12.50 make 22.50, but the closing balance is "
        "25.00: entries are missing, or are too many"
    ]


def test_a_bank_that_gives_reversals_the_sign_of_what_they_reverse_is_found_out() -> None:
    wrong = entry("5.00", "DBIT", more=said("RvslInd", "true") or "")
    (check,) = check_of(balance("OPBD", "10.00"), balance("CLBD", "15.00"), wrong)
    assert check.endswith("it would prove if entries marked as reversals went the other way")


def test_pages_and_missing_balances() -> None:
    page = (balance("ITBD", "10.00"), balance("ITBD", "22.50"), entry("12.50", "CRDT"))
    assert row(*page)["payer_balance"] == "22.50"
    assert check_of(balance("PRCD", "1.00"), entry("12.50", "CRDT"))[0].endswith(
        "has no closing balance, so its entries cannot be proved"
    )


def test_an_empty_statement_whose_balances_differ_is_a_row() -> None:
    assert rows(balance("OPBD", "1.00"), balance("CLBD", "1.00")) == []
    found = row(balance("OPBD", "1.00"), balance("CLBD", "3.00"))
    assert found["excluded"].endswith("but the closing balance is 3.00: entries are missing, or are too many")
    assert found["excluded"] == found["check"]


def test_statements_of_one_file_are_kept_apart() -> None:
    first = statement(balance("OPBD", "0"), balance("CLBD", "1.00"), entry("1.00", "CRDT"))
    second = statement(balance("OPBD", "5"), balance("CLBD", "5.00"), entry("1.00", "CRDT"), own="0012345")
    found = read(COLUMNS, camt(first, second))
    assert [(r["entry"], r["payer"], r.get("payer_balance"), "check" in r) for r in found] == [
        ("1.1.1", OWN, "1.00", False),
        ("2.1.1", "0012345", None, True),
    ]


def test_sums_are_exact_beyond_what_decimals_and_floats_hold() -> None:
    big = "99999999999999999.99"
    inner = [entry(big, "CRDT") for _ in range(3)]
    total = f"{3 * Decimal(big) + Decimal('0.01'):f}"
    assert rows(balance("OPBD", "0.01"), balance("CLBD", total), *inner)[-1]["payer_balance"] == total


def test_any_prefix_and_version_is_read() -> None:
    plain = camt(statement(entry("1", "CRDT")))
    prefixed = plain.replace("<", "<d:").replace("<d:/", "</d:").replace("<d:?", "<?").replace("xmlns=", "xmlns:d=")
    assert read(COLUMNS, prefixed) == read(COLUMNS, plain)
    first = plain.replace("BkToCstmrStmt>", "BkToCstmrStmtV01>").replace("camt.053.001.08", "camt.053.001.01")
    assert read(COLUMNS, first) == read(COLUMNS, plain)
    assert read(COLUMNS, plain.replace("UTF-8", "UTF-16").encode("utf-16")) == read(COLUMNS, plain)


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=1, max_size=20)
clean = texts.map(str.strip).filter(lambda t: t and t.upper() not in ("UNKNOWN", "N/A", "NONREF", "NOTPROVIDED"))
moves = st.lists(
    st.tuples(st.integers(1, 10**17), st.sampled_from(["CRDT", "DBIT"]), st.sampled_from([OTHER, THIRD]), clean, clean),
    min_size=1,
    max_size=6,
)


@settings(max_examples=examples(60), deadline=None)
@given(moves, st.integers(-(10**9), 10**9))
def test_what_is_written_is_read(made: list[tuple[int, str, str, str, str]], opening: int) -> None:
    def amount(cents: int) -> str:
        return f"{abs(cents) // 100}.{abs(cents) % 100:02d}"

    def mark(cents: int) -> str:
        return "DBIT" if cents < 0 else "CRDT"

    closing, entries, expected = opening, list[str](), list[tuple[str, ...]]()
    for cents, way, other, name, memo in made:
        closing += cents if way == "CRDT" else -cents
        side = "debtor" if way == "CRDT" else "creditor"
        parties = {side: other, f"{side}_name": name}
        entries.append(entry(amount(cents), way, payment(**parties, more=said("RmtInf/Ustrd", memo) or "")))
        sign = "-" if closing < 0 else ""
        expected.append((amount(cents), way, other, name, memo, sign + amount(closing)))
    start = balance("OPBD", amount(opening), mark(opening)), balance("CLBD", amount(closing), mark(closing))
    found = rows(*start, *entries)
    names = ("paid", "direction", "payee", "payee_name", "memo", "payer_balance")
    assert [tuple(r[n] for n in names) for r in found] == expected


def test_one_sided_layout() -> None:
    from graphflow.read.dialects import DIALECTS

    source = type("Source", (), {"path": "m", "header": COLUMNS.header})
    layout = DIALECTS["camt.053"].layout(source, {})
    assert layout.one_sided
    data = camt(statement(entry("12.50", "CRDT", payment(debtor=OTHER)))).encode()
    reader = reader_for(data)
    assert reader is not None
    batch = reader(data, "m")[1].with_row_index("row", 1)
    texts = layout.texts_of(batch, "row").row(0, named=True)
    assert {k: v for k, v in texts.items() if v is not None} == {
        "row": 1, "time": "2026-01-05", "payer": OWN, "payer_name": "Own Holder", "direction": "CRDT", "paid": "12.50",
        "paid_currency": "EUR", "payee": OTHER,
    }  # fmt: skip
    assert one(COLUMNS, data)["payee"] == OTHER
