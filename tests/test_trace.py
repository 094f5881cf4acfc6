"""Tracing on the simulator's case, against what it knows, and on small ledgers by hand."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ledgers import graph_of

import graphflow as gf
from graphflow.errors import SourceError
from graphflow.trace import EXACT
from graphflow.trace.restitution import Frozen, restitution


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("town") / "sim"
    gf.simulate(seed=7, accounts=400, days=12).write(out)
    return out


@pytest.fixture(scope="module")
def truth(town: Path) -> dict[str, Any]:
    known: dict[str, Any] = json.loads((town / "truth.json").read_text("utf-8"))
    return known


@pytest.fixture(scope="module")
def traced(town: Path) -> gf.Trace:
    return gf.trace_files(town / "transfers.csv", victims=town / "victims.csv")


@pytest.fixture(scope="module")
def returned(town: Path) -> gf.Trace:
    """The same case from the banks' statements."""
    return gf.trace_files(town / "bank_return", victims=town / "victims.csv")


def carried(trace: gf.Trace, rule: str) -> dict[str, dict[str, int]]:
    """Transaction → victim → minor units."""
    rows = trace.taints.rows.filter(pl.col(rule) > 0)
    tx = trace.flow.ledger.frame["tx"][trace.traced.rows[rows["event"].to_numpy()].tolist()]
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for name, owner, amount in zip(tx, rows["owner"], rows[rule], strict=True):
        found[name][trace.victims[owner - 1]] = amount
    return dict(found)


def held(trace: gf.Trace, rule: str) -> dict[str, dict[str, int]]:
    """Account → victim → minor units."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for pot, owner, amount in trace.taints.held.filter(pl.col(rule) > 0).select("pot", "owner", rule).iter_rows():
        found[trace.flow.ledger.names[trace.traced.account[pot]]][trace.victims[owner - 1]] = amount
    return dict(found)


def test_every_reported_payment_is_found(traced: gf.Trace, truth: dict[str, Any]) -> None:
    assert traced.unmatched.height == 0
    assert sorted(traced.flow.ledger.frame["tx"][traced.payments["row"].to_list()]) == sorted(truth["trace"]["victims"])


@pytest.mark.parametrize("case", ["traced", "returned"])
def test_tiers_are_those_of_the_gang(case: str, truth: dict[str, Any], request: pytest.FixtureRequest) -> None:
    trace = request.getfixturevalue(case)
    tiers = {trace.flow.ledger.names[code]: tier for code, tier in trace.taints.tiers.items()}
    gang = {account: tier for account, tier in truth["trace"]["tiers"].items() if account in tiers}
    assert gang == {account: tiers[account] for account in gang}
    for name in ("tier_1", "tier_2", "tier_3", "cash_out", "otc", "in_flight"):
        assert all(account in tiers for account in truth["gang"][name])


@pytest.mark.parametrize("rule", ["fifo", "pro_rata"])
def test_what_is_carried_and_held_to_the_fen(traced: gf.Trace, truth: dict[str, Any], rule: str) -> None:
    assert carried(traced, rule) == truth["trace"]["carried"][rule]
    assert held(traced, rule) == truth["trace"]["held"][rule]


@pytest.mark.parametrize("case", ["traced", "returned"])
def test_conservation(case: str, request: pytest.FixtureRequest) -> None:
    trace: gf.Trace = request.getfixturevalue(case)
    lost = trace.payments.group_by("victim").agg(pl.col("amount").sum())
    for rule in EXACT:
        left = trace.taints.held.group_by("owner").agg(pl.col(rule).sum())
        found = {trace.victims[owner - 1]: amount for owner, amount in left.iter_rows()}
        ended = dict(zip(trace.victims, trace.taints.absorbed[rule][1:], strict=True))
        assert {v: found.get(v, 0) + ended[v] for v in trace.victims} == dict(lost.iter_rows())
    rows = trace.taints.rows
    for rule in EXACT:
        assert (rows["certain"] <= rows[rule]).all()
        assert (rows[rule] <= rows["at_most"]).all()


def test_money_in_flight_is_the_first_to_freeze(returned: gf.Trace, truth: dict[str, Any]) -> None:
    first = returned.freeze_first.head(3)
    assert set(first["account"]) == set(truth["gang"]["in_flight"])
    assert (first["action"] == "freeze").all()
    whole = returned.freeze_first
    assert (whole["suggested_freeze"] <= whole.select(pl.max_horizontal("fifo", "pro_rata")).to_series()).all()
    known = whole.filter(pl.col("held"))
    assert (known["suggested_freeze"] <= known["balance"]).all()
    frozen = returned.flow.ledger.freezes
    assert set(frozen["account"]) & set(whole.filter(pl.col("already_frozen") > 0)["account"])


def test_gateways_and_traps_are_never_to_be_frozen(traced: gf.Trace, truth: dict[str, Any]) -> None:
    typed = {trap["kind"]: trap["accounts"] for trap in truth["traps"]}
    frozen = traced.freeze_first.filter(pl.col("action") == "freeze")
    assert not set(typed["gateway"]) & set(frozen["account"])
    assert not frozen["type"].is_in(["gateway", "merchant"]).any()


def test_next_requests_are_the_frontier(traced: gf.Trace) -> None:
    asked = traced.next_requests
    payers = set(traced.flow.ledger.frame["payer"])
    reached = {traced.flow.ledger.names[code] for code in traced.taints.tiers}
    assert set(asked["account"]) == reached - payers
    for rule, column in (("fifo", "amount"), ("pro_rata", "pro_rata")):
        outside = {account: sum(of.values()) for account, of in held(traced, rule).items() if account not in payers}
        assert asked[column].sum() == sum(outside.values())


def test_shares_sum_to_what_is_frozen(returned: gf.Trace) -> None:
    schedule = returned.restitution
    frozen = returned.holdings.with_columns(most=pl.max_horizontal("fifo", "pro_rata"))
    total = frozen.select(pl.min_horizontal("already_frozen", "most").sum()).item()
    assert schedule["share_by_time"].sum() == schedule["share_pro_rata"].sum() == total
    assert (schedule["share_by_time"] <= schedule["loss"]).all()


def test_the_folder_keeps_the_contract(traced: gf.Trace, tmp_path: Path) -> None:
    out, again = (gf.write_trace(traced, tmp_path / name) for name in ("a", "b"))
    table = pl.read_parquet(out / "trace.parquet")
    assert {"victim", "transaction", "file", "row", "tier", *EXACT, "certain", "at_most"} <= set(table.columns)
    assert isinstance(table.schema["fifo"], pl.Decimal)
    paid = table.filter(pl.col("tier") == 1).group_by("victim").agg(pl.col("fifo").sum())
    lost = pl.read_csv(out / "restitution.csv", infer_schema=False)
    assert {v: f"{a:.2f}" for v, a in paid.iter_rows()} == dict(lost.select("victim", "loss").iter_rows())
    for path in sorted(out.rglob("*.parquet")) + sorted(out.rglob("*.csv")):
        assert path.read_bytes() == (again / path.relative_to(out)).read_bytes()
    run = json.loads((out / "run.json").read_text("utf-8"))
    assert run["counts"]["victims"] == len(traced.victims)


def small(*rows: tuple[str, str, int, int]) -> gf.FlowGraph:
    """Transfers (payer, payee, minute, amount)."""
    return graph_of(list(rows))


def followed(graph: gf.FlowGraph, *tx: str, **options: Any) -> gf.Trace:
    return gf.trace(graph, gf.victims_of(tx, graph.flow.ledger), **options)


def test_nothing_to_trace_is_said() -> None:
    graph = small(("V", "A", 0, 100))
    with pytest.raises(SourceError, match="nothing to trace"):
        gf.trace(graph, pl.DataFrame(schema={"row": pl.UInt32, "victim": pl.String, "amount": pl.Int64}))


def test_money_that_comes_back_to_the_victim_ends_there() -> None:
    graph = small(("V", "A", 0, 100), ("A", "V", 1, 100), ("V", "S", 2, 100))
    trace = followed(graph, graph.flow.ledger.frame["tx"][0])
    assert held(trace, "fifo") == {"V": {"V": 100}}


def test_time_is_not_turned_round() -> None:
    graph = small(("A", "B", 0, 100), ("V", "A", 1, 100), ("A", "C", 2, 40))
    trace = followed(graph, graph.flow.ledger.frame["tx"][1])
    assert held(trace, "fifo") == {"A": {"V": 60}, "C": {"V": 40}}


def test_within_bounds_how_long_money_is_followed() -> None:
    graph = small(("V", "A", 0, 100), ("A", "B", 10, 100), ("B", "C", 500, 100))
    tx = graph.flow.ledger.frame["tx"][0]
    assert set(held(followed(graph, tx), "fifo")) == {"C"}
    assert set(held(followed(graph, tx, within=timedelta(hours=1)), "fifo")) == {"B"}


def test_shares_by_time_and_in_proportion() -> None:
    frozen = [Frozen("A", 300, {0: 200, 1: 200}), Frozen("B", 50, {1: 20})]
    schedule = restitution(["U", "V"], [400, 300], frozen, "CNY")
    assert schedule["share_by_time"].to_list() == [170, 180]  # 150 each from A, 20 of B to V, 30 of B as 250 to 130
    assert schedule["share_pro_rata"].to_list() == [200, 150]
    assert schedule["traced_to"].to_list() == ["A", "A B"]
    golden = restitution(["V1", "V2"], [500_000, 300_000], [Frozen("M", 200_000, {})], "CNY")
    assert golden["share_pro_rata"].to_list() == [125_000, 75_000]


def test_time_is_looked_at_unless_it_is_off() -> None:
    graph = small(("A", "B", 0, 100), ("B", "C", 1, 70), ("V", "A", 2, 100), ("A", "D", 3, 10))
    tx = graph.flow.ledger.frame["tx"][2]
    assert held(followed(graph, tx), "fifo") == {"A": {"V": 90}, "D": {"V": 10}}
    off = followed(graph, tx, order="off")
    assert held(off, "fifo") == {"B": {"V": 30}, "C": {"V": 70}}
    assert [tier for _, tier in sorted(off.taints.tiers.items())] == [1, 2, 3]


def test_victims_named_by_account_alone_are_found_by_what_detectors_flag(
    town: Path, truth: dict[str, Any], tmp_path: Path
) -> None:
    accounts = dict.fromkeys(pl.read_csv(town / "victims.csv", infer_schema=False)["victim_account"].to_list())
    (tmp_path / "accounts.csv").write_text("victim account\n" + "\n".join(accounts) + "\n")
    found = gf.trace_files(town / "transfers.csv", victims=tmp_path / "accounts.csv")
    paid = found.flow.ledger.frame["tx"].gather(found.payments["row"]).to_list()
    reported = {payment["tx"]: payment["victim"] for payment in truth["trace"]["payments"]}
    assert set(paid) <= reported.keys()
    assert len(paid) >= 0.9 * len(reported)
    assert any("named by account alone" in line for line in found.warnings)
