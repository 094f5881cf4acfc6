"""Accounts to look at: ledgers written by hand with near misses, and the simulated case."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from traces import payments_of, simulated, simulated_trace, trace_of

import graphflow as gf
from graphflow.account_names import AccountType
from graphflow.trace import Trace, trace

DAY = 1440
Rows = list[tuple[object, ...]]


def signs(trace: Trace, name: str) -> dict[str, str]:
    """account → sentence of one sign."""
    found = {}
    for account, names, reasons in trace.key_accounts.select("account", "signs", "reasons").iter_rows():
        if name in names:
            found[account] = next(part for part in reasons.split("; ") if part.startswith(START[name]))
    return found


START = {
    "commission": tuple("123456789"), "test payments": "sent", "convergence": "money of", "every trail": "all trails",
    "last before exchange": "last account", "shared device": "pays from", "several cases": "stands",
}  # fmt: skip


def days(number: int, *, share: int = 20, to: str = "K") -> Rows:
    """A victim a day pays A, which passes it on to B; B pays a commission."""
    rows: Rows = []
    for k in range(number):
        begin = k * DAY
        rows += [(f"V{k}", "A", begin, 1000), ("A", "B", begin + 10, 980), ("B", "X", begin + 20, 900),
                 ("B", to, begin + 30, share)]  # fmt: skip
    return rows


def reported(rows: Rows) -> list[int]:
    return [k for k, row in enumerate(rows) if str(row[0]).startswith("V")]


def test_regular_small_shares_are_like_a_commission() -> None:
    rows = days(5)
    table = trace_of(rows, reported(rows)).key_accounts
    assert table.select("rank", "account", "tier", "signs", "victims", "amount").rows() == [
        (1, "K", 3, "commission convergence", 5, 100),
        (2, "A", 1, "convergence every trail", 5, 5000),
        (3, "B", 2, "convergence every trail", 5, 4900),
        (4, "X", 3, "convergence", 5, 4500),
    ]
    assert table["points"].to_list() == [7.0, 3.5, 3.5, 2.0]


@pytest.mark.parametrize(
    "rows",
    [
        days(4),  # four payments of one account
        [(*row[:2], int(str(row[2])) // 4, row[3]) for row in days(5)],  # on two days
        days(5, share=300),  # not a small share: 300 of 980
        [*days(5), *[("S", "K", 7 * DAY + k, 150) for k in range(2)]],  # most of what K receives comes from elsewhere
        [*days(4), *[(*row[:3], 900) if row[1] == "K" else row for row in days(5)[16:]]],  # one is many times another
        days(5, to="V0"),  # a victim who gets money back
    ],
)
def test_what_is_like_a_commission_and_is_none(rows: Rows) -> None:
    assert signs(trace_of(rows, reported(rows)), "commission") == {}


def test_a_landlord_or_shop_gets_no_commission() -> None:
    rows = days(5)
    assert "K" in signs(trace_of(rows, reported(rows)), "commission")
    kinds: tuple[AccountType, ...] = ("landlord", "merchant", "gateway")
    for kind in kinds:
        typed = trace_of(rows, reported(rows), {"K": kind})
        assert "K" not in typed.key_accounts["account"].to_list()


def test_who_sends_test_payments_to_the_trail() -> None:
    rows: Rows = [
        ("T", "A", 0, 1), ("T", "B", 1, 1), ("V1", "A", 60, 500_000), ("V2", "B", 61, 400_000),
        ("V3", "C", 62, 1), ("V3", "C", 63, 300_000),
    ]  # fmt: skip
    found = signs(trace_of(rows, [2, 3, 5]), "test payments")
    assert found == {"T": "sent test payments to 2 accounts of the trail before they were used"}
    once = trace_of([rows[0], *rows[2:]], [1, 2, 4])
    assert signs(once, "test payments") == {}, "one tiny payment by a stranger says little"


def test_the_last_account_before_an_exchange_is_named() -> None:
    rows: Rows = [("V", "A", 0, 1000), ("A", "B", 1, 600), ("A", "C", 2, 400), ("B", "OTC", 3, 600),
                  ("C", "OTC", 4, 200), ("OTC", "D", 5, 300)]  # fmt: skip
    found = signs(trace_of(rows, [0], {"OTC": "exchange"}), "last before exchange")
    assert found == {
        "B": "last account before an exchange (OTC): 75 % of the traced money that went there",
        "C": "last account before an exchange (OTC): 25 % of the traced money that went there",
    }
    assert signs(trace_of(rows, [0]), "last before exchange") == {}


def test_a_device_of_the_trail_leads_to_another_account() -> None:
    def row(payer: str, payee: str, minute: int, device: str) -> tuple[object, ...]:
        return (payer, payee, minute, 1000, "CNY", device)

    rows: Rows = [
        ("V", "A", 0, 1000), row("A", "B", 1, "D1"), row("B", "C", 2, "D1"), row("K", "S", 3, "D1"),
        row("C", "X", 4, "D2"), row("L", "S", 5, "D2"),
    ]  # fmt: skip
    assert signs(trace_of(rows, [0]), "shared device") == {"K": "pays from device D1, as 2 other accounts of the trail"}
    more = [*rows, row("C", "X", 6, "D1")]
    assert set(signs(trace_of(more, [0]), "shared device")) == {"A", "B", "C", "K"}


def test_two_victims_do_not_make_a_meeting_place_and_a_shop_is_none() -> None:
    rows: Rows = [("V1", "A", 0, 100), ("V2", "A", 1, 100)]
    assert signs(trace_of(rows, [0, 1]), "convergence") == {}
    three: Rows = [*rows, ("V3", "A", 2, 100)]
    assert signs(trace_of(three, [0, 1, 2]), "convergence") == {"A": "money of 3 of 3 victims meets here"}
    busy: Rows = [("S", "A", 0, 1300), *three]
    assert signs(trace_of(busy, [1, 2, 3]), "convergence") == {}, "most of what it receives is not the victims'"


def test_an_account_in_the_trails_of_two_case_files(tmp_path: Path) -> None:
    def write(case: str, victim: str, collector: str) -> Path:
        folder = tmp_path / case
        folder.mkdir()
        lines = [f"{case}1,2026-01-05 09:00:00,{victim},{collector},1000.00,CNY",
                 f"{case}2,2026-01-05 09:05:00,{collector},MULE,900.00,CNY"]  # fmt: skip
        path = folder / "transfers.csv"
        path.write_text("tx,time,payer,payee,amount,currency\n" + "\n".join(lines) + "\n")
        return path

    paths = [write("north", "V1", "A"), write("south", "V2", "B")]
    ledger = gf.read_ledger(paths)
    at = ledger.frame.with_row_index("at").filter(pl.col("payer").is_in(["V1", "V2"]))["at"]
    both = trace(gf.FlowGraph(ledger), payments_of(ledger, at))
    found = signs(both, "several cases")
    assert list(found) == ["MULE"]
    assert found["MULE"].startswith("stands in the trails of 2 case files: ")
    one = trace(gf.FlowGraph(ledger), payments_of(ledger, at[:1]))
    assert signs(one, "several cases") == {}


def test_the_simulated_case_names_the_controller_and_the_exits() -> None:
    trace, gang = simulated_trace(), simulated().truth["gang"]
    table = trace.key_accounts
    top = table["account"].to_list()
    assert gang["controller"] in top[:3]
    exits = signs(trace, "last before exchange")
    payers = trace.steps.filter(pl.col("payee").is_in([trace.flow.ledger.names.index(a) for a in gang["otc"]]))["payer"]
    assert {trace.flow.ledger.names[code] for code in payers} == set(exits) != set()
    assert all(any(desk in said for said in exits.values()) for desk in gang["otc"])
    traps = {account for trap in simulated().truth["traps"] for account in trap["accounts"]}
    assert not traps & set(top[:10])
    assert not set(gang["victims"]) & set(top)
    assert table["points"].is_sorted(descending=True)
