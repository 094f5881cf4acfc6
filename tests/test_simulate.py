"""The simulated ledger: the same every time, true to its truth, and calm about its look-alikes."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import graphflow as gf
from graphflow.errors import OutputError, RuleError
from graphflow.simulate import Simulation, simulate
from graphflow.simulate.trail import trail

SIZES = {"victims": 40, "tier_1": 8, "tier_2": 16, "tier_3": 30, "cash_out": 6, "otc": 2, "in_flight": 3, "cycle": 4}


@cache
def made() -> Simulation:
    return simulate(accounts=400, days=30)


@cache
def rows() -> dict[str, dict[str, Any]]:
    return {row["tx"]: row for row in made().transfers.iter_rows(named=True)}


def found(simulated: Simulation) -> tuple[gf.Finding, ...]:
    frame = simulated.transfers.select(
        pl.exclude("time", "amount", "currency"),
        time=pl.col("time").str.to_datetime(),
        paid=(pl.col("amount").cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64),
        paid_currency=pl.col("currency"),
    )
    return tuple(gf.detect(gf.FlowGraph(gf.Ledger.from_frame(frame))))


def high(simulated: Simulation) -> set[str]:
    """Accounts suspected in a finding of level high."""
    return {account for f in found(simulated) if f.level == "high" for account in f.accounts}


def trap(kind: str) -> tuple[set[str], pl.DataFrame]:
    """Accounts of a look-alike, and its transfers."""
    note = next(t for t in made().truth["traps"] if t["kind"] == kind)
    return set(note["accounts"]), made().transfers.filter(pl.col("tx").is_in(note["transactions"]))


def yuan(frame: pl.DataFrame) -> float:
    return float(frame["amount"].cast(pl.Float64).sum())


# --- files and arguments -----------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(accounts=200, days=7).write(tmp_path / name)
    simulate(accounts=200, days=7, seed=8).write(tmp_path / "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
    names = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "TenpayTrades.txt", "accounts.csv", "bank_return", "transfers.csv", "truth.json", "victims.csv",
    ]  # fmt: skip
    differ = {
        name.name for name in names if (tmp_path / "c" / name).read_bytes() != (tmp_path / "a" / name).read_bytes()
    }
    assert {"TenpayTrades.txt", "accounts.csv", "transfers.csv", "truth.json"} <= differ
    assert sum("交易明细信息" in name or "_账户信息" in name for name in differ) == 5 + 1 + 5
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    made().write(tmp_path / "out")
    ledger = gf.read_ledger(tmp_path / "out" / "transfers.csv")
    assert ledger.frame.height == made().transfers.height
    assert ledger.rejected.is_empty()
    assert {"ip", "device", "label", "memo", "payer_name"} <= set(ledger.frame.columns)
    truth = json.loads((tmp_path / "out" / "truth.json").read_text(encoding="utf-8"))
    assert {name: truth[name] for name in made().truth} == made().truth
    assert truth.keys() - made().truth.keys() == {"bank_return", "tenpay"}


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(OutputError, match="not an empty folder"):
        made().write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dumps", full)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        made().write(tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"accounts": 199}, "accounts is 199, and must be 200 or more"),
        ({"days": 6}, "days is 6, and must be 7 or more"),
        ({"seed": -1}, "seed is -1, and must be 0 or more"),
    ],
)
def test_arguments_that_are_too_small(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        simulate(**arguments)


# --- the ledger --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accounts", "days"), [(200, 7), (230, 9), (400, 30), (500, 61)])
def test_accounts_and_times(accounts: int, days: int) -> None:
    simulated = simulate(accounts=accounts, days=days)
    frame = simulated.transfers
    assert simulated.accounts.height == accounts + 63
    assert simulated.accounts["account"].is_unique().all()
    assert simulated.accounts["account"].str.contains(r"^62\d{17}$").all()
    assert set(frame["payer"]) | set(frame["payee"]) <= set(simulated.accounts["account"])
    times = frame["time"].str.to_datetime()
    assert times.is_sorted()
    assert ((times - datetime(2026, 2, 3)).dt.total_days() < days).all()
    assert frame["amount"].str.contains(r"^\d+\.\d\d$").all()
    assert (frame["payer"] != frame["payee"]).all()
    assert frame.null_count().sum_horizontal()[0] == 0


def test_truth_names_what_is_there() -> None:
    accounts, ids = set(made().accounts["account"]), set(made().transfers["tx"])
    truth = made().truth
    for note in [*truth["patterns"], *truth["traps"]]:
        assert note["accounts"], note["kind"]
        assert set(note["accounts"]) <= accounts
        assert note["transactions"]
        assert set(note["transactions"]) <= ids
    assert truth["gang"]["controller"] in accounts
    assert {d["device"] for d in truth["gang"]["devices"]} == {"D9000001", "D9000002", "D9000003"}


# --- the trail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("part", "size"), SIZES.items())
def test_sizes_of_the_trail(part: str, size: int) -> None:
    assert len(set(made().truth["gang"][part])) == size


def test_every_account_of_the_tiers_moves_money() -> None:
    gang = made().truth["gang"]
    for tier in ("tier_1", "tier_2", "tier_3", "cash_out", "otc"):
        assert set(gang[tier]) <= set(made().transfers["payee"]), tier
    senders = set(made().transfers["payer"])
    assert set(gang["in_flight"]).isdisjoint(senders)
    assert {*gang["tier_1"], *gang["tier_2"], *gang["tier_3"]} - senders == set(gang["in_flight"])


def test_some_victims_pay_more_each_time() -> None:
    paid = made().transfers.filter(label="gang:collect").with_columns(pl.col("amount").cast(pl.Float64))
    victims = paid.group_by("payer", maintain_order=True).agg("amount", pl.len())
    assert victims.height == 40
    assert 3 < (victims["len"] > 1).sum() < 20
    assert all(sorted(amounts) == amounts for amounts in victims["amount"].to_list())


def test_chains_run_forward_in_minutes() -> None:
    chains = [note for note in made().truth["patterns"] if note["kind"] == "mule-chain"]
    assert len(chains) > 10
    for chain in chains:
        way = [rows()[tx] for tx in chain["transactions"]]
        assert len(way) >= 3
        for before, after in pairwise(way):
            assert before["payee"] == after["payer"]
            assert before["time"] <= after["time"]


def test_the_cycle_closes_in_order() -> None:
    way = [rows()[tx] for tx in made().truth["gang"]["cycle"]]
    assert [row["payee"] for row in way] == [*(row["payer"] for row in way[1:]), way[0]["payer"]]
    assert sorted(row["time"] for row in way) == [row["time"] for row in way]
    assert float(way[-1]["amount"]) > 0.9 * float(way[0]["amount"])


def test_little_is_left_behind() -> None:
    gang, frame = made().truth["gang"], made().transfers.filter(pl.col("label").str.starts_with("gang:"))
    for account in {*gang["tier_1"], *gang["tier_2"], *gang["tier_3"]} - set(gang["in_flight"]):
        got, sent = yuan(frame.filter(payee=account)), yuan(frame.filter(payer=account))
        assert 0.96 * got < sent < 1.0 * got + 41_000  # four of them also began the cycle with their own money


def test_the_controller_gets_two_percent() -> None:
    frame = made().transfers
    share = yuan(frame.filter(label="gang:commission")) / yuan(frame.filter(label="gang:collect"))
    assert 0.012 < share <= 0.0201  # of the last day nothing has been paid yet


# --- the look-alikes ---------------------------------------------------------------------------------


def test_payroll_pays_the_same_people_twice() -> None:
    _, paid = trap("payroll")
    months = paid.group_by(pl.col("time").str.head(7)).agg(pl.col("payee").sort(), pl.len())
    assert months.height == 2
    assert months["payee"][0].to_list() == months["payee"][1].to_list()
    assert paid["payer"].n_unique() == 1


@pytest.mark.parametrize(("kind", "payers", "kept"), [("shop", 150, 0.6), ("tax-office", 80, 1.0), ("landlord", 12, 0)])
def test_collectors_that_keep_what_they_get(kind: str, payers: int, kept: float) -> None:
    (account,), frame = trap(kind)
    received = frame.filter(payee=account)
    assert received["payer"].n_unique() >= payers
    assert yuan(frame.filter(payer=account)) <= (1 - kept) * yuan(received) + 1


def test_the_charity_has_one_off_donors_and_waits() -> None:
    (account,), frame = trap("charity")
    given, spent = frame.filter(payee=account), frame.filter(payer=account)
    assert given["payer"].is_unique().all()
    assert max(given["time"]) < min(spent["time"])


def test_the_family_buys_the_day_after() -> None:
    (account,), frame = trap("family-pool")
    assert frame.filter(payee=account)["payer"].n_unique() == 7
    assert frame["time"].str.head(10).n_unique() == 2
    assert yuan(frame.filter(payer=account)) > 0.97 * yuan(frame.filter(payee=account)) - 1


def test_the_gateway_is_busy_every_day_on_both_sides() -> None:
    (account,), frame = trap("gateway")
    days = frame.group_by(pl.col("time").str.head(10)).agg((pl.col("payer") == account).sum().alias("out"), pl.len())
    assert days.height == 30
    assert (days["out"] > 10).all()


def test_one_address_and_many_devices() -> None:
    accounts, frame = trap("public-wifi")
    assert len(accounts) == 60
    assert frame["ip"].n_unique() == 1
    assert frame["device"].n_unique() == 60


def test_small_shapes() -> None:
    assert trap("night-shift")[1]["time"].str.slice(11, 2).is_in(["01", "02", "03", "04"]).all()
    assert (trap("verification")[1]["amount"] == "0.01").sum() == 5
    assert len(set(trap("second-hand")[1]["payer"]) & set(made().truth["gang"]["victims"])) == 1
    for kind in ("loan", "refund"):
        amounts = sorted(trap(kind)[1]["amount"])
        assert amounts[::2] == amounts[1::2]


# --- the detectors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "accounts", "days"),
    [
        (7, 2000, 30),
        (7, 400, 30),
        (1, 1000, 30),
        (21, 300, 15),
        (23, 300, 15),
    ],
)
def test_no_trap_reaches_high(seed: int, accounts: int, days: int) -> None:
    simulated = simulate(seed=seed, accounts=accounts, days=days)
    innocent = {account for note in simulated.truth["traps"] for account in note["accounts"]}
    assert not innocent & high(simulated)


@pytest.mark.parametrize(("accounts", "days"), [(200, 7), (400, 30)])
def test_the_tiers_are_found(accounts: int, days: int) -> None:
    simulated = simulate(accounts=accounts, days=days)
    suspected = high(simulated)
    for tier in ("tier_1", "tier_2", "tier_3", "in_flight"):
        assert set(simulated.truth["gang"][tier]) <= suspected, tier


# --- where the victims' money went --------------------------------------------------------------------


def test_the_trail_keeps_every_fen() -> None:
    trace = made().truth["trace"]
    assert trace["victims"] == made().transfers.filter(label="gang:collect")["tx"].to_list()
    lost: dict[str, int] = {}
    for payment in trace["payments"]:
        assert rows()[payment["tx"]]["payer"] == payment["victim"]
        lost[payment["victim"]] = lost.get(payment["victim"], 0) + payment["amount"]
    for rule in ("fifo", "pro_rata"):
        kept: dict[str, int] = dict(trace["absorbed"][rule])
        for shares in trace["held"][rule].values():
            for victim, fen in shares.items():
                kept[victim] = kept.get(victim, 0) + fen
        assert kept == lost, rule
        for tx, shares in trace["carried"][rule].items():
            assert 0 < sum(shares.values()) <= round(100 * float(rows()[tx]["amount"])), tx


def test_the_trail_has_the_tiers_that_were_planted() -> None:
    gang, trace = made().truth["gang"], made().truth["trace"]
    for hops, tiers in enumerate((("tier_1",), ("tier_2",), ("tier_3",), ("cash_out", "otc")), 1):
        planted = {account for tier in tiers for account in gang[tier]}
        assert {account for account, own in trace["tiers"].items() if own == hops} == planted, hops
    assert set(trace["in_flight"]) == set(gang["in_flight"]) <= set(trace["held"]["fifo"])
    cash = set(made().accounts.filter(kind="cash")["account"])
    assert {account for account, own in trace["tiers"].items() if own == 5} == cash | {gang["controller"]}
    assert set(trace["ends"]) == cash


def test_victims_as_a_report_lists_them(tmp_path: Path) -> None:
    made().write(tmp_path / "out", dialect="two-sided")
    told = pl.read_csv(tmp_path / "out" / "victims.csv", infer_schema=False)
    assert told.columns == ["victim", "victim_account", "payee", "time", "amount"]
    paid = [rows()[tx] for tx in made().truth["trace"]["victims"]]
    assert told.rows() == [(r["payer_name"], r["payer"], r["payee"], r["time"][:16], r["amount"]) for r in paid]


def test_the_rules_of_the_trail_part_money_as_they_say() -> None:
    paid = [("V1", "M", "0.02"), ("V2", "M", "0.02"), ("V3", "M", "0.02"), ("M", "X", "0.04")]
    transfers = pl.DataFrame(
        [(f"t{k}", *row, "gang:collect" if row[1] == "M" else "") for k, row in enumerate(paid)],
        schema=["tx", "payer", "payee", "amount", "label"],
        orient="row",
    )
    accounts = pl.DataFrame({"account": ["M", "X"], "kind": ["person", "cash"]})
    found = trail(transfers, accounts, {"cash_out": [], "otc": [], "in_flight": ["M"]})
    assert found["carried"]["fifo"]["t3"] == {"V1": 2, "V2": 2}
    assert found["carried"]["pro_rata"]["t3"] == {"V1": 2, "V2": 1, "V3": 1}
    assert found["held"]["pro_rata"] == {"M": {"V2": 1, "V3": 1}, "X": {"V1": 2, "V2": 1, "V3": 1}}
    assert (found["tiers"], found["ends"]) == ({"M": 1, "X": 2}, ["X"])
