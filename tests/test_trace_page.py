"""The page of a trace as text: what it says, what it draws, what it leaves out and declares."""

from __future__ import annotations

import dataclasses
import json
import re
from html import unescape
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from test_view import Elements, data
from trace_cases import crowd, small, traced
from view_cases import ledger

from graphflow.languages import Reader
from graphflow.trace import EXACT, Order
from graphflow.view.picture import MAX_NODES
from graphflow.view.trace_curve import curve
from graphflow.view.trace_folder import write_trace
from graphflow.view.trace_page import trace_page
from graphflow.view.trace_picture import trace_picture
from graphflow.view.trace_sections import SHOWN, sections


def nodes_of(html: str) -> dict[str, dict[str, Any]]:
    """The drawn nodes by account."""
    return {node["label"]: node for node in data(html, "nodes")}


def edge_of(html: str, words: str) -> int:
    label = [node["label"] for node in data(html, "nodes")]
    pairs = [f"{label[edge['from']]} → {label[edge['to']]}" for edge in data(html, "edges")]
    return pairs.index(words)


def carried(html: str, words: str) -> dict[str, list[str]]:
    """What the listed transactions of an edge carried under each rule."""
    facts, places = data(html, "facts"), {}
    for row in facts["rows"]:
        ends = " → ".join(facts["accounts"][end]["account"] for end in row[3:5])
        if ends == words:
            for rule, part in zip(facts["rules"], row[13:], strict=True):
                places.setdefault(rule, []).append(f"{part} {facts['currencies'][row[6]][0]}")
    return places


@pytest.mark.parametrize("order", get_args(Order))
def test_every_order_says_what_it_is(order: Order) -> None:
    rows = [("C", "T", 30_00, "CNY"), ("V", "C", 100_00, "CNY"), ("C", "T", 50_00, "CNY")]
    html = trace_page(traced(ledger(rows), ["V"], order)).html
    assert f"Order {order}: " in html


def test_the_page_shows_where_to_cut_whom_to_look_at_and_whom_to_warn() -> None:
    html = trace_page(small()).html
    for title in ("Choke points", "Accounts to look at", "Early warning"):
        assert f"<h2>{title}</h2>" in html


# --- the picture ----------------------------------------------------------------------------------------


def test_victims_stand_first_then_tiers() -> None:
    drawn = nodes_of(trace_page(small()).html)
    assert {name: node["tier"] for name, node in drawn.items()} == {
        "V1": 0, "V2": 0, "C": 1, "T": 2, "D": 2, "X": 3, "E": 3,
    }  # fmt: skip
    assert drawn["V1"]["x"] < drawn["C"]["x"] < drawn["T"]["x"] < drawn["E"]["x"]
    assert drawn["E"]["x"] == drawn["X"]["x"]  # where the trail ends it stands in its own tier


def test_an_edge_knows_what_it_carried_under_each_rule() -> None:
    html = trace_page(small()).html
    # C holds 300 of its own first, then 500 and 400 of the victims: 600 to T are 300 of them under FIFO, all under LIFO
    assert carried(html, "C → T") == {
        "fifo": ["30000 CNY"], "lifo": ["60000 CNY"], "own_first": ["30000 CNY"], "pro_rata": ["45000 CNY"],
    }  # fmt: skip
    assert not data(html, "edges")[edge_of(html, "T → C")]["ahead"]
    assert data(html, "edges")[edge_of(html, "C → T")]["ahead"]


def test_an_edge_that_carries_nothing_under_a_rule_says_so() -> None:
    rows = [("X", "C", 900, "CNY"), ("V", "C", 100, "CNY"), ("C", "T", 500, "CNY"), ("T", "C", 1, "CNY")]
    html = trace_page(traced(ledger(rows), ["V"])).html
    assert (carried(html, "C → T")["fifo"], carried(html, "C → T")["lifo"]) == (["0 CNY"], ["100 CNY"])


def test_colour_is_what_is_still_held_under_the_rule() -> None:
    html = trace_page(small()).html
    facts = data(html, "facts")
    found = {account["account"]: account["group"] for account in facts["accounts"]}
    groups = {
        name: dict(zip(facts["rules"], [group] * 4 if isinstance(group, str) else group, strict=True))
        for name, group in found.items()
    }
    assert set(groups["V1"].values()) == {"victim"}
    assert (groups["C"]["fifo"], groups["X"]["fifo"]) == ("held-3", "held-1")
    assert set(groups["D"].values()) == {"held-2"}
    assert set(groups["E"].values()) == {"no-statement"}  # nobody knows whether it is still held there
    drawn = nodes_of(html)
    assert set(drawn["E"]["groups"].values()) == {"no-statement"}
    assert drawn["C"]["groups"]["fifo"] == "held-3"
    rows = [("X", "C", 900, "CNY"), ("V", "C", 100, "CNY"), ("C", "T", 500, "CNY"), ("T", "C", 1, "CNY")]
    differs = nodes_of(trace_page(traced(ledger(rows), ["V"])).html)["T"]["groups"]
    assert (differs["fifo"], differs["lifo"]) == ("held-0", "held-3")


def test_an_account_knows_what_it_holds_and_a_transaction_its_file_and_row() -> None:
    facts = data(trace_page(small()).html, "facts")
    held = {account["account"]: account.get("held") for account in facts["accounts"]}
    assert held["E"][facts["rules"].index("lifo")] == [[0, "30000"]]
    row = next(row for row in facts["rows"] if row[0] == "T00005")
    assert [row[5], facts["currencies"][row[6]][0]] == ["25000", "CNY"]
    assert [facts["files"][row[10]], row[11]] == [["bank.csv", "bank.csv"], 6]
    assert row[13 + EXACT.index("lifo")] == "25000"


def test_a_line_of_the_list_highlights_its_account() -> None:
    told = small()
    html = trace_page(told).html
    label = [node["label"] for node in data(html, "nodes")]
    pairs = [(label[edge["from"]], label[edge["to"]]) for edge in data(html, "edges")]
    first = data(html, "facts")["findings"][0]
    assert label[first["node"]] == told.freeze_first["account"][0] == first["name"]
    assert {pairs[edge] for edge in first["edges"]} == {pair for pair in pairs if first["name"] in pair}
    assert drawn_ring(html) == set(told.freeze_first["account"])


def drawn_ring(html: str) -> set[str]:
    return {name for name, node in nodes_of(html).items() if node["flagged"]}


def test_what_does_not_fit_is_folded_by_tier_and_counted() -> None:
    told = crowd(900, tier=400)
    drawn = trace_picture(told, flagged=["M0399"])
    assert len(drawn.nodes) <= MAX_NODES
    folds = {drawn.tier[n]: node for n, node in enumerate(drawn.nodes) if node.folded}
    assert set(folds) == {0, 2}
    assert sum(len(node.members) for node in drawn.nodes) == len(drawn.accounts) == 900 + 400 + 2
    alone = {drawn.accounts[node.members[0]].account for node in drawn.nodes if not node.folded}
    assert {"C", "E", "P0899", "M0399"} <= alone
    for rule in EXACT:
        carried = sum(edge.carried[rule].totals.get("CNY", 0) for edge in drawn.edges)
        assert carried == told.taints.rows[rule].sum()
        held = sum(node.held[rule].totals.get("CNY", 0) for node in drawn.nodes)
        assert held == told.taints.held[rule].sum()
    html = trace_page(told).html
    labels = [node["label"] for node in data(html, "nodes") if node["folded"]]
    assert len(labels) == 2
    counts = [int(label.removeprefix("and ").removesuffix(" more")) for label in labels]
    assert sum(counts) == int(re.findall(r"([\d,]+) of 1,302 accounts", html)[0].replace(",", ""))
    assert len(html.encode()) < 1_500_000


def test_a_page_draws_as_many_accounts_as_it_is_asked_to() -> None:
    told = crowd(900, tier=400)
    few, many = trace_page(told, max_nodes=40).html, trace_page(told, max_nodes=2000).html
    assert "accounts are folded into boxes" in few
    assert "accounts are folded into boxes" not in many
    assert len(data(few, "nodes")) <= 40 < 900 < len(data(many, "nodes"))


def test_a_trail_of_many_tiers_is_folded_within_the_limit() -> None:
    rows = [("V", "A0000", 100, "CNY"), *((f"A{i:04d}", f"A{i + 1:04d}", 100, "CNY") for i in range(500))]
    drawn = trace_picture(traced(ledger(rows), ["V"]))
    assert len(drawn.nodes) <= MAX_NODES
    assert sum(len(node.members) for node in drawn.nodes) == 502


def test_edges_that_are_not_drawn_are_counted() -> None:
    drawn = trace_picture(crowd(50), max_edges=10)
    assert (len(drawn.edges), drawn.unseen) == (10, 40)
    assert "P0049" in {drawn.accounts[drawn.nodes[edge.payer].members[0]].account for edge in drawn.edges}


def test_the_table_lists_what_carried_most_and_says_so() -> None:
    html = trace_page(crowd(2500)).html
    facts = data(html, "facts")
    assert (len(facts["rows"]), facts["total"], facts["listed"]) == (2000, 2500, "largest")
    assert "T02499" in {row[0] for row in facts["rows"]}
    assert "T00000" not in {row[0] for row in facts["rows"]}
    assert [row[1] for row in facts["rows"]] == sorted(row[1] for row in facts["rows"])
    assert "The table lists the 2,000 of 2,500 transactions that carried the most" in html
    assert len(html.encode()) < 1_500_000


# --- the tables -------------------------------------------------------------------------------------------


def test_every_amount_states_its_rule_in_the_heading() -> None:
    for section in sections(small(), Reader()):
        for column in section.columns:
            assert column.hint or column.heading not in ("FIFO", "LIFO", "Pro-rata", "Certain", "At most", "Own first")
            if column.heading == "FIFO":
                assert column.hint == "first in, first out"


def test_where_the_money_is_sums_to_what_was_paid() -> None:
    told = small()
    places = sections(told, Reader())[1]
    at = [column.heading for column in places.columns].index("FIFO")
    amounts = [int(row[at][0].removesuffix(" CNY").replace(".", "").replace(",", "")) for row in places.rows]
    assert sum(amounts) == told.payments["amount"].sum()


def test_a_table_says_how_many_rows_it_shows_and_which_file_has_all() -> None:
    told = {section.title: section.told for section in sections(crowd(30, tier=40), Reader())}
    assert told["Restitution"] == f"The first {SHOWN} of 30 rows. File: restitution.csv."
    assert told["Freeze first"] == f"The first {SHOWN} of 42 rows. File: freeze_first.csv."
    assert told["Next requests"] == "No rows."
    told = {section.title: section.told for section in sections(small(), Reader())}
    assert told["Next requests"] == "All of 1 row. File: next_requests.csv, and a file a bank in next_requests/."


def test_the_run_is_told_in_a_sentence() -> None:
    html = unescape(trace_page(small()).html)
    assert "900.00 CNY was followed: 2 payments of 2 victims, through" in html
    assert "still in accounts on the trail" in html
    assert "freeze 900.00 CNY in 4 accounts; stop 225.00 CNY in 1 account whose balance is not known" in html
    assert "Order strict: the trail ends at accounts whose own statement is not held." in html


def test_the_page_says_what_it_does_not_hold() -> None:
    lines = pl.DataFrame({"line": ["7"], "why": ["no payment of this amount"]})
    told = dataclasses.replace(small(), unmatched=lines, warnings=("minutes only",), truncated=("fifo stopped",))
    html = unescape(trace_page(told).html)
    for words in ("1 line of the victims file named no payment", "minutes only", "fifo stopped", "for a court"):
        assert words in html


def test_currencies_are_never_added() -> None:
    rows = [("V", "C", 100_00, "CNY"), ("V", "C", 70_00, "USD"), ("C", "T", 10_00, "USD"), ("T", "C", 1, "USD")]
    html = trace_page(traced(ledger(rows), ["V"])).html
    assert "100.00 CNY + 70.00 USD was followed: 2 payments" in html
    assert carried(html, "V → C")["fifo"] == ["10000 CNY", "7000 USD"]


# --- as a value, and as a file ------------------------------------------------------------------------------


def test_a_trace_shows_its_page_in_a_notebook() -> None:
    told = small()
    tags = Elements(told._repr_html_()).tags
    assert [(tag, attrs["sandbox"]) for tag, attrs in tags] == [("iframe", "allow-scripts allow-downloads")]
    assert tags[0][1]["srcdoc"] == trace_page(told).html


def test_the_folder_holds_the_page_and_why_rows_were_rejected(tmp_path: Path) -> None:
    told = small()
    out = write_trace(told, tmp_path / "out")
    assert (out / "trace.html").read_text("utf-8") == trace_page(told).html
    assert (out / "rejected.csv").exists()
    assert json.loads((out / "run.json").read_text("utf-8"))["counts"]["payments"] == 2


def test_the_curve_says_what_freezing_would_have_kept() -> None:
    trace = small()
    drawn = curve(trace, "as it was")
    assert drawn is not None
    table = trace.freeze_simulator.filter(pl.col("currency") == drawn.currency)
    assert len(drawn.lines) == table["accounts"].n_unique()
    assert all(len(line.points.split()) == len(drawn.delays) for line in drawn.lines)
    heights = [float(point.split(",")[1]) for line in drawn.lines for point in line.points.split()]
    assert min(heights) >= 8
    assert max(heights) <= drawn.height
    assert "What freezing would have kept" in trace_page(trace).html
