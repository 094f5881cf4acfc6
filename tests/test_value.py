"""One value basis: median rates of the ledger's own exchanges, chained; rough ones said; nothing added across."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES, FIRST_DAY, MINUTE

import graphflow as gf
from graphflow.ledger import Ledger
from graphflow.value import Rate, valuate

Transfer = tuple[int, str, int, str]


def exchanged(*transfers: Transfer) -> Ledger:
    """A ledger of (paid, its currency, received, its currency), in minor units."""
    paid, paid_in, received, received_in = zip(*transfers, strict=True)
    columns: dict[str, Any] = {
        "tx": [f"t{k}" for k in range(len(transfers))],
        "time": [FIRST_DAY + k * MINUTE for k in range(len(transfers))],
        "payer": [f"P{k}" for k in range(len(transfers))],
        "payee": [f"Q{k}" for k in range(len(transfers))],
        "paid": paid,
        "paid_currency": paid_in,
        "received": received,
        "received_currency": received_in,
    }
    return Ledger.from_frame(pl.DataFrame(columns))


def plain(amount: int, currency: str) -> Transfer:
    return amount, currency, amount, currency


def rates(ledger: Ledger) -> dict[str, tuple[float, int]]:
    return {rate.currency: (pytest.approx(rate.rate), rate.transfers) for rate in valuate(ledger).rates}


def test_one_currency_is_its_own_basis() -> None:
    valuation = valuate(exchanged(plain(100, "EUR"), plain(250, "EUR")))
    assert (valuation.values.tolist(), valuation.base, valuation.rates) == ([100, 250], "EUR", ())
    assert (valuation.rough, valuation.warnings) == (frozenset(), [])


def test_an_empty_ledger_has_no_basis() -> None:
    ledger = exchanged(plain(1, "EUR"))
    valuation = valuate(Ledger.from_frame(ledger.frame.clear()))
    assert (valuation.values.tolist(), valuation.base, valuation.rates) == ([], "", ())


def test_a_rate_is_the_median_of_exchanges_in_both_directions() -> None:
    ledger = exchanged(
        *[plain(100, "CNY")] * 9,
        (700, "CNY", 100, "USD"),
        (100, "USD", 710, "CNY"),
        (9900, "CNY", 100, "USD"),  # one bad rate
        plain(200, "USD"),
    )
    valuation = valuate(ledger)
    assert rates(ledger) == {"USD": (7.1, 3)}
    assert valuation.values.tolist() == [100] * 9 + [700, 710, 9900, 1420]
    assert valuation.warnings == [
        "amounts are compared in CNY, at median rates of the ledger's own exchanges: USD 7.1 (3 transfers)"
    ]


def test_the_base_is_the_currency_used_most() -> None:
    assert valuate(exchanged(plain(1, "USD"), plain(1, "EUR"), plain(1, "EUR"))).base == "EUR"
    assert valuate(exchanged(plain(1, "USD"), plain(1, "EUR"))).base == "EUR"  # ties by name


def test_rates_are_chained_over_pairs() -> None:
    """Euros reach the base over dollars, and a pair with more support goes before a direct one with less."""
    ledger = exchanged(
        *[plain(100, "CNY")] * 20,
        *[(700, "CNY", 100, "USD")] * 3,
        *[(100, "EUR", 110, "USD")] * 2,
        (100, "EUR", 900, "CNY"),
    )
    assert rates(ledger) == {"USD": (7.0, 3), "EUR": (7.7, 2)}


def test_minor_units_of_a_currency_are_taken_into_account() -> None:
    """100 yen (no decimals) for 5.00 yuan (two): a yen is worth five fen."""
    ledger = exchanged(*[plain(100, "CNY")] * 5, (500, "CNY", 100, "JPY"), plain(200, "JPY"))
    assert rates(ledger) == {"JPY": (0.05, 1)}
    assert valuate(ledger).values.tolist()[-1] == 1000


def test_a_currency_nobody_exchanges_is_valued_roughly_and_said() -> None:
    ledger = exchanged(*[plain(800, "CNY")] * 5, *[plain(100, "USD")] * 3)
    valuation = valuate(ledger)
    assert valuation.rates == (Rate(currency="USD", base="CNY", rate=8.0, transfers=0, basis="amounts"),)
    assert (valuation.rough, valuation.values.tolist()) == (frozenset({"USD"}), [800] * 8)
    assert valuation.warnings == [
        "no transfer exchanges USD with CNY: compared by their median amounts, which is rough; "
        "findings across them stay at review"
    ]


def test_what_hangs_on_a_rough_rate_is_rough() -> None:
    ledger = exchanged(*[plain(800, "CNY")] * 9, *[plain(100, "USD")] * 5, (100, "EUR", 110, "USD"))
    assert valuate(ledger).rough == {"USD", "EUR"}


def test_exchanges_of_nothing_give_no_rate() -> None:
    ledger = exchanged(*[plain(800, "CNY")] * 5, (0, "CNY", 100, "USD"), (100, "USD", 0, "CNY"))
    assert valuate(ledger).rough == {"USD"}


# --- currencies are never added --------------------------------------------------------------------


def fan_in(*currencies: str) -> gf.Finding:
    rows = [*[plain(700, "CNY")] * 30, (700, "CNY", 100, "USD"), *[plain(100, c) for c in currencies]]
    frame = exchanged(*rows).frame.select(
        "tx", "time", "payer", "paid", "paid_currency", "received", "received_currency",
        payee=pl.when(pl.int_range(pl.len()) > 30).then(pl.lit("C")).otherwise("payee"),
    )  # fmt: skip
    (finding,) = gf.detect(gf.FlowGraph(Ledger.from_frame(frame)), [gf.FanIn(min_payers=3)])
    return finding


def test_amounts_of_one_currency_are_added_in_it() -> None:
    finding = fan_in("USD", "USD", "USD")
    assert (finding.amount, finding.currency) == (300, "USD")


def test_amounts_of_several_currencies_are_added_in_the_base() -> None:
    finding = fan_in("USD", "CNY", "CNY")
    assert (finding.amount, finding.currency) == (900, "CNY")


def test_a_cycle_through_another_currency_is_kept_by_value() -> None:
    rows = [*[plain(700, "CNY")] * 9, (7000, "CNY", 1000, "USD"), (990, "USD", 990, "USD"), (980, "USD", 6860, "CNY")]
    frame = exchanged(*rows).frame.with_columns(
        payer=pl.Series([f"P{k}" for k in range(9)] + ["A", "B", "C"]),
        payee=pl.Series([f"Q{k}" for k in range(9)] + ["B", "C", "A"]),
    )
    (finding,) = gf.detect(gf.FlowGraph(Ledger.from_frame(frame)), [gf.Cycle(keep=0.9)])
    assert (finding.measures["kept"], finding.amount, finding.currency) == (0.98, 6860, "CNY")


CURRENCIES = st.sampled_from(("CNY", "USD", "EUR", "JPY", "BTC"))
TRANSFERS = st.tuples(st.integers(0, 10**6), CURRENCIES, st.integers(0, 10**6), CURRENCIES)


@EXAMPLES
@given(st.lists(TRANSFERS, min_size=1, max_size=15))
def test_any_ledger_has_a_value_for_each_transfer(transfers: list[Transfer]) -> None:
    ledger = exchanged(*transfers)
    valuation = valuate(ledger)
    assert valuation.base == ledger.currencies[0]
    assert [rate.currency for rate in valuation.rates] == ledger.currencies[1:]
    worth = {valuation.base: 1.0, **{rate.currency: rate.rate for rate in valuation.rates}}
    assert all(rate > 0 for rate in worth.values())
    for value, (paid, currency, _, _) in zip(valuation.values.tolist(), transfers, strict=True):
        unit = 10.0 ** (ledger.decimals[valuation.base] - ledger.decimals[currency])
        assert value == pytest.approx(paid * worth[currency] * unit, abs=0.51)
