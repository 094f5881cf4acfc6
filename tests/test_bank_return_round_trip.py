"""Ledgers written as bank returns, by the test and by the simulator, and read back: the same transfers."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples
from returns import Cells, balanced, counts, edges, multiset, row, write

from graphflow import read_ledger, simulate

# --- round trip ----------------------------------------------------------------------------------

Transfer = tuple[str, str, int, int]  # payer, payee, fen, second

TRANSFERS = st.lists(
    st.tuples(
        st.sampled_from(["6200000000000000001", "6200000000000000002", "0000123"]),
        st.sampled_from(["6200000000000000001", "6200000000000000002", "0000123"]),
        st.sampled_from([1, 500, 500, 123456, 10**12]),
        st.integers(0, 600),
    ),
    min_size=1,
    max_size=12,
)


def as_return(
    transfers: list[Transfer], *, held: set[str], serials: bool, rng: random.Random
) -> dict[str, list[Cells]]:
    """Statements of the accounts that are held: by account, rows in order of time, with balances."""
    balance: Counter[str] = Counter(dict.fromkeys(held, 10**15))
    files: dict[str, list[Cells]] = {account: [] for account in sorted(held)}
    begun = datetime(2026, 1, 5, 9)
    for k, (payer, payee, fen, second) in enumerate(sorted(transfers, key=lambda t: t[3])):
        for own, other, way in ((payer, payee, "出"), (payee, payer, "进")):
            if own in held:
                balance[own] += fen if way == "进" else -fen
                time = f"{begun + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}"
                serial = f"T{k}" if serials else ""
                stated = f"{balance[own] // 100}.{balance[own] % 100:02}"
                cells = row(own, way, f"{fen // 100}.{fen % 100:02}\t", other, time, balance=stated, serial=serial)
                files[own].append(cells)
    return {account: rng.choice([rows, rows[::-1]]) for account, rows in files.items() if rows}


@given(TRANSFERS, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=examples(25), deadline=None)
@pytest.mark.usefixtures("way")
def test_round_trip(transfers: list[Transfer], serials: bool, rng: random.Random) -> None:
    """Statements of every account, or of some of them, give the transfers that they tell of."""
    parties = {party for payer, payee, *_ in transfers for party in (payer, payee)}
    held = {party for party in sorted(parties) if rng.random() < 0.7} or parties
    files = as_return(transfers, held=held, serials=serials, rng=rng)
    with tempfile.TemporaryDirectory() as folder:
        paths = [write(Path(folder) / f"{account}.csv", rows, encoding="gb18030") for account, rows in files.items()]
        ledger = read_ledger(paths)
    told = [(payer, payee, fen) for payer, payee, fen, _ in transfers if {payer, payee} & held]
    assert Counter(edges(ledger)) == Counter(told)
    both = sum({payer, payee} <= held for payer, payee, *_ in transfers)
    assert counts(ledger).get("paired", 0) == both
    assert not ledger.gaps.height
    balanced(ledger)


# --- the simulator's -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("case") / "out"
    simulate(seed=3, accounts=300, days=10).write(folder)
    return folder, json.loads((folder / "truth.json").read_text("utf-8"))


def test_the_simulated_return_is_the_simulated_ledger(case: tuple[Path, dict[str, Any]]) -> None:
    folder, truth = case
    told = truth["bank_return"]
    two = read_ledger(folder / "transfers.csv")
    ledger = read_ledger(sorted((folder / "bank_return").iterdir()))
    balanced(ledger)
    extra = multiset(ledger) - multiset(two)
    assert multiset(two) - multiset(ledger) == Counter()
    wanted = Counter(
        (t["payer"], t["payee"], int(t["amount"].replace(".", "")), "CNY") for t in told["extra"]["transfers"]
    )
    assert extra == wanted
    kinds = counts(ledger)
    beside = sum(s.rows["read"] for s in ledger.sources if ": " in s.dialect)
    copy = sum(s.rows["read"] for s in ledger.sources if s.dialect == "duplicate")
    kinds = {**kinds, "read": kinds["read"] - beside - copy, "excluded": kinds["excluded"] - beside}
    kinds["duplicate"] -= copy
    assert {**dict.fromkeys(told["accounting"], 0), **kinds} == told["accounting"]


def test_the_simulated_returns_gap_and_proofs(case: tuple[Path, dict[str, Any]]) -> None:
    folder, truth = case
    told = truth["bank_return"]["gap"]
    ledger = read_ledger(folder / "bank_return")
    ((account, before, after),) = ledger.gaps.select("account", "time_before", "time_after").iter_rows()
    assert account == told["account"]
    assert [f"{time:%Y-%m-%d %H:%M:%S}" for time in (before, after)] == [told["before"]["time"], told["after"]["time"]]
    words = {source.direction.partition(" of ")[0] for source in ledger.sources if source.direction}
    assert words == {"出 = out, 进 = in (100 %", "借 = out, 贷 = in (100 %"}


def test_every_planted_repeat_is_kept(case: tuple[Path, dict[str, Any]]) -> None:
    folder, truth = case
    (trap,) = (trap for trap in truth["traps"] if trap["kind"] == "repeat")
    two, ledger = read_ledger(folder / "transfers.csv"), read_ledger(folder / "bank_return")
    planted = two.frame.filter(two.frame["tx"].is_in(trap["transactions"]))
    assert planted.height == 50
    wanted = Counter(planted.select("payer", "payee", "paid", "paid_currency").iter_rows())
    assert wanted <= multiset(ledger)
    assert all(number >= 2 for number in wanted.values())


def test_the_simulated_wallet_file_is_the_simulated_ledger(case: tuple[Path, dict[str, Any]]) -> None:
    folder, truth = case
    two, wallet = read_ledger(folder / "transfers.csv"), read_ledger(folder / "TenpayTrades.txt")
    assert multiset(wallet) == multiset(two)
    assert counts(wallet) == {"read": 2 * two.height, "accepted": two.height, "paired": two.height}
    cards = {account: alias for account, alias, _ in wallet.identities.iter_rows()}
    assert cards == truth["tenpay"]["cards"]
    assert not wallet.gaps.height
    assert wallet.warnings == ()
