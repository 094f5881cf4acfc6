"""FlowGraph gives what an eagerly built `networkx.MultiDiGraph` gives, and costs nothing until it is asked."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.errors import GraphflowError
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.read import read_ledger
from graphflow.read.networkx_edges import ledger_from_networkx

START = datetime(2026, 1, 5, tzinfo=UTC)
FIELDS = ("time", "paid", "paid_currency", "received", "received_currency", "file", "row")
Hop = tuple[str, str, int, int]


def ledger_of(hops: list[Hop]) -> Ledger:
    """A ledger of (payer, payee, minutes after the start, minor units)."""
    return Ledger.from_frame(
        pl.DataFrame(
            {
                "tx": [f"t{k}" for k in range(len(hops))],
                "time": [START + timedelta(minutes=minutes) for _, _, minutes, _ in hops],
                "payer": [payer for payer, *_ in hops],
                "payee": [payee for _, payee, *_ in hops],
                "paid": [paid for *_, paid in hops],
                "paid_currency": ["CNY" if k % 3 else "USD" for k in range(len(hops))],
            },
            schema_overrides={
                "payer": pl.String,
                "payee": pl.String,
                "paid": pl.Int64,
                "time": pl.Datetime("us", "UTC"),
            },
        )
    )


def eager(ledger: Ledger) -> nx.MultiDiGraph[str]:
    """The same graph by `add_edge`, one transfer after the other."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for row in ledger.frame.iter_rows(named=True):
        graph.add_edge(row["payer"], row["payee"], row["tx"], **{name: row[name] for name in FIELDS})
    return graph


def random_hops(seed: int, size: int = 60, accounts: int = 12) -> list[Hop]:
    rng = random.Random(seed)
    names = [f"A{k}" for k in range(accounts)]
    return [(rng.choice(names), rng.choice(names), rng.randrange(20), rng.randrange(1, 10_000)) for _ in range(size)]


HOPS = st.lists(
    st.tuples(st.sampled_from("PQRSTU"), st.sampled_from("PQRSTU"), st.integers(0, 5), st.integers(1, 9_999)),
    max_size=25,
)


@pytest.fixture
def ledger() -> Ledger:
    return ledger_of(random_hops(1))


@pytest.fixture
def graph(ledger: Ledger) -> FlowGraph:
    return FlowGraph(ledger)


# --- the same as NetworkX ------------------------------------------------------------------------

QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "nodes": lambda g: list(g.nodes(data=True)),
    "edges": lambda g: list(g.edges(keys=True, data=True)),
    "in_edges": lambda g: list(g.in_edges(keys=True, data=True)),
    "adjacency": lambda g: [(n, list(nbrs)) for n, nbrs in g.adjacency()],
    "adj": lambda g: {n: {m: dict(keyed) for m, keyed in nbrs.items()} for n, nbrs in g.adj.items()},
    "pred": lambda g: [(n, list(nbrs)) for n, nbrs in g.pred.items()],
    "iteration": list,
    "sizes": lambda g: (len(g), g.order(), g.number_of_nodes(), g.number_of_edges(), g.size(), g.size("paid")),
    "between": lambda g: [g.number_of_edges(u, v) for u in g for v in g],
    "degree": lambda g: (dict(g.degree()), dict(g.degree(weight="paid"))),
    "in_degree": lambda g: (dict(g.in_degree()), dict(g.in_degree(weight="paid"))),
    "out_degree": lambda g: (dict(g.out_degree()), dict(g.out_degree(weight="paid"))),
    "weak": lambda g: list(nx.weakly_connected_components(g)),
    "strong": lambda g: [frozenset(c) for c in nx.strongly_connected_components(g)],
    "condensation": lambda g: sorted(nx.condensation(g).edges) if len(g) else [],
    "pagerank": lambda g: nx.pagerank(g) if len(g) else {},
    "pagerank by amount": lambda g: nx.pagerank(g, weight="paid") if len(g) else {},
    "shortest paths": lambda g: dict(nx.all_pairs_shortest_path(g)),
    "dijkstra": lambda g: dict(nx.all_pairs_dijkstra_path_length(g, weight="paid")),
    "simple cycles": lambda g: list(nx.simple_cycles(g, length_bound=4)),
    "betweenness": nx.betweenness_centrality,
    "ancestors": lambda g: {n: nx.ancestors(g, n) for n in g},
    "self loops": lambda g: list(nx.selfloop_edges(g, keys=True)),
    "edge data": lambda g: [g.get_edge_data(u, v) for u, v in g.edges()],
    "membership": lambda g: [("A1" in g, g.has_node("nobody"), g.has_edge("A1", "A2"), g.has_successor("P", "Q"))],
    "successors": lambda g: {n: (list(g.successors(n)), list(g.predecessors(n))) for n in g},
    "flags": lambda g: (g.is_directed(), g.is_multigraph(), nx.is_frozen(g), nx.is_empty(g), nx.density(g)),
    "undirected": lambda g: list(g.to_undirected().edges(keys=True, data=True)),
    "undirected view": lambda g: list(g.to_undirected(as_view=True).edges(keys=True)),
    "directed": lambda g: list(g.to_directed().edges(keys=True, data=True)),
    "reversed": lambda g: list(g.reverse().edges(keys=True, data=True)),
    "reversed view": lambda g: list(g.reverse(copy=False).edges(keys=True, data=True)),
    "subgraph": lambda g: list(g.subgraph(list(g)[:4]).edges(keys=True, data=True)),
    "subgraph copy": lambda g: list(g.subgraph(list(g)[:4]).copy().edges(keys=True, data=True)),
    "edge subgraph": lambda g: list(g.edge_subgraph(list(g.edges(keys=True))[::2]).edges(keys=True)),
    "relabelled": lambda g: list(nx.relabel_nodes(g, {n: n.lower() for n in g}).edges(keys=True, data=True)),
    "composed": lambda g: list(nx.compose(g, nx.MultiDiGraph([("x", "y", "k")])).edges(keys=True)),
    "node link": nx.node_link_data,
    "adjacency data": nx.adjacency_data,
    "dict of dicts": nx.to_dict_of_dicts,
    "edge list": lambda g: list(nx.generate_edgelist(g, data=["paid"])),
    "matrix": lambda g: nx.to_scipy_sparse_array(g, weight="paid").toarray().tolist() if len(g) else [],
    "line graph": lambda g: sorted(nx.line_graph(g).edges),
    "as DiGraph": lambda g: list(nx.DiGraph(g).edges(data=True)),
    "dominators": lambda g: nx.immediate_dominators(g, next(iter(g))) if len(g) else {},
    "maximum flow": lambda g: (
        nx.maximum_flow_value(nx.DiGraph(g), *list(g)[:2], capacity="paid") if len(g) > 1 else 0
    ),
}  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_answers_are_networkx_answers(question: str, seed: int) -> None:
    ledger = ledger_of(random_hops(seed, size=40 + 40 * seed))
    ask = QUESTIONS[question]
    assert ask(FlowGraph(ledger)) == ask(eager(ledger))


@settings(max_examples=examples(60), deadline=None)
@given(HOPS)
def test_answers_on_any_small_ledger(hops: list[Hop]) -> None:
    ledger = ledger_of(hops)
    lazy, built = FlowGraph(ledger), eager(ledger)
    assert nx.utils.graphs_equal(lazy, built)
    for name, ask in QUESTIONS.items():
        assert ask(lazy) == ask(built), name


@pytest.mark.slow
@settings(max_examples=examples(500), deadline=None)
@given(HOPS)
def test_answers_on_many_small_ledgers(hops: list[Hop]) -> None:
    ledger = ledger_of(hops)
    for name, ask in QUESTIONS.items():
        assert ask(FlowGraph(ledger)) == ask(eager(ledger)), name


@pytest.mark.parametrize("seed", range(3))
def test_answers_on_a_part_are_networkx_answers_on_the_part(seed: int) -> None:
    ledger = ledger_of(random_hops(seed))
    rows = random.Random(seed).sample(range(ledger.height), 20)
    part = FlowGraph(ledger).flow_subgraph(rows)
    built = eager(Ledger.from_frame(ledger.frame[sorted(rows)]))
    assert part.is_lazy
    for name, ask in QUESTIONS.items():
        assert ask(part) == ask(built), name


def test_each_kind_of_access_may_be_the_first(ledger: Ledger) -> None:
    built = eager(ledger)
    for name, ask in QUESTIONS.items():
        fresh = FlowGraph(ledger)
        assert ask(fresh) == ask(built), name
        assert nx.utils.graphs_equal(fresh, built)


def test_node_attributes_are_bank_and_name() -> None:
    frame = ledger_of([("P", "Q", 0, 5), ("Q", "R", 1, 5)]).frame.with_columns(
        payer_bank=pl.lit("B1"), payee_name=pl.Series(["Ann", None])
    )
    nodes = FlowGraph(Ledger.from_frame(frame)).nodes
    assert dict(nodes(data=True)) == {"P": {"bank": "B1"}, "Q": {"bank": "B1", "name": "Ann"}, "R": {}}


def test_a_flow_graph_is_a_multidigraph(graph: FlowGraph) -> None:
    assert isinstance(graph, nx.MultiDiGraph)
    assert isinstance(graph, nx.Graph)
    assert type(graph.to_undirected()) is nx.MultiGraph
    assert type(graph.to_directed()) is nx.MultiDiGraph


def test_data_that_is_no_ledger_is_read_as_networkx_reads_it() -> None:
    made = FlowGraph([("P", "Q"), ("Q", "R")], name="mine")
    assert made.name == "mine"
    assert list(made.edges) == list(nx.MultiDiGraph([("P", "Q"), ("Q", "R")]).edges)
    assert FlowGraph().number_of_nodes() == 0
    with pytest.raises(GraphflowError, match="no ledger columns"):
        _ = made.flow


def test_graph_attributes(ledger: Ledger) -> None:
    graph = FlowGraph(ledger)
    graph.graph["name"] = "mine"
    assert graph.name == graph.copy().name == graph.flow_subgraph([0]).name == "mine"
    assert graph.is_lazy


# --- lazy ------------------------------------------------------------------------------------------


def test_sizes_do_not_make_the_dicts(graph: FlowGraph, ledger: Ledger) -> None:
    built = eager(ledger)
    assert (len(graph), graph.order(), graph.number_of_nodes()) == (len(built),) * 3
    assert graph.number_of_edges() == built.number_of_edges()
    assert bool(graph)
    assert graph.flow.size == ledger.height
    assert graph.is_lazy
    assert str(graph) == str(built).replace("MultiDiGraph", "FlowGraph")
    assert graph.is_lazy


def test_a_part_shares_the_columns_and_stays_lazy(graph: FlowGraph, ledger: Ledger) -> None:
    part = graph.flow_subgraph([5, 3, 3, 9])
    assert part.number_of_edges() == 3
    assert part.ledger is ledger
    assert part.flow.rows.tolist() == [3, 5, 9]
    assert part.flow_subgraph(np.array([3, 5])).number_of_edges() == 2
    assert part.number_of_nodes() == len(set(ledger.frame[[3, 5, 9]]["payer"]) | set(ledger.frame[[3, 5, 9]]["payee"]))
    assert part.is_lazy
    assert graph.is_lazy
    list(part.edges)
    assert graph.is_lazy
    assert not part.is_lazy


def test_a_part_may_be_empty(graph: FlowGraph) -> None:
    part = graph.flow_subgraph([])
    assert (part.number_of_edges(), len(part), list(part.edges)) == (0, 0, [])


@pytest.mark.parametrize("rows", [[-1], [60], [0, 1_000]])
def test_rows_outside_the_ledger_are_refused(graph: FlowGraph, rows: list[int]) -> None:
    with pytest.raises(GraphflowError, match=r"^the ledger has rows 0 to 59, not -?\d+ to -?\d+$"):
        graph.flow_subgraph(rows)


@pytest.mark.parametrize("mask", [[True] * 60, np.ones(60, bool), pl.Series([True] * 60)])
def test_a_mask_is_not_taken_for_positions(graph: FlowGraph, mask: Any) -> None:
    with pytest.raises(GraphflowError, match=r"not bool: numpy.flatnonzero\(mask\) makes them of a mask$"):
        graph.flow_subgraph(mask)
    with pytest.raises(GraphflowError, match=r"whole numbers, its positions from 0 on, not float64$"):
        graph.flow_subgraph([0.5])  # type: ignore[list-item]


def test_an_empty_ledger() -> None:
    graph = FlowGraph(ledger_of([]))
    assert (len(graph), graph.number_of_edges(), list(graph)) == (0, 0, [])
    with pytest.raises(GraphflowError, match=r"^the ledger has no rows, not 0 to 0$"):
        graph.flow_subgraph([0])


# --- copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("looked_at", [False, True])
@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)), lambda g: g.copy()]
)
def test_copies_are_equal_and_keep_the_ledger(ledger: Ledger, twin: Callable[[Any], Any], *, looked_at: bool) -> None:
    graph = FlowGraph(ledger)
    if looked_at:
        list(graph.edges)
    other = twin(graph)
    assert type(other) is FlowGraph
    assert other.is_lazy is not looked_at
    assert nx.utils.graphs_equal(other, eager(ledger))
    assert other.flow.ledger.frame.equals(ledger.frame)
    assert graph.is_lazy is not looked_at


@pytest.mark.parametrize("looked_at", [False, True])
def test_a_changed_copy_leaves_the_graph_alone(ledger: Ledger, *, looked_at: bool) -> None:
    graph = FlowGraph(ledger)
    if looked_at:
        list(graph.edges)
    twin = graph.copy()
    twin.add_edge("new", "newer", "key")
    twin.nodes["A1"]["name"] = "changed"
    u, v, tx = next(iter(twin.edges(keys=True)))
    twin.edges[u, v, tx]["paid"] = -1
    assert nx.utils.graphs_equal(graph, eager(ledger))
    assert graph.flow.size == ledger.height
    with pytest.raises(GraphflowError):
        _ = twin.flow


def test_a_pickled_part_is_the_part(graph: FlowGraph) -> None:
    part = graph.flow_subgraph([1, 2])
    assert nx.utils.graphs_equal(pickle.loads(pickle.dumps(part)), part)


def test_views_follow_the_graph_and_have_no_ledger_of_their_own(graph: FlowGraph, ledger: Ledger) -> None:
    for view in (graph.subgraph(list(graph)[:5]), graph.reverse(copy=False), graph.copy(as_view=True)):
        assert nx.is_frozen(view)
        with pytest.raises(GraphflowError, match="no ledger columns"):
            _ = view.flow
    assert nx.utils.graphs_equal(graph.reverse().reverse(), eager(ledger))


# --- changes by hand -------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Any], Any]] = {
    "add_node": lambda g: g.add_node("new", name="N"),
    "add_nodes_from": lambda g: g.add_nodes_from(["x", "y"], bank="B"),
    "add_edge": lambda g: g.add_edge("A1", "new"),
    "add_edge with key": lambda g: g.add_edge("A1", "A2", key="k", paid=3),
    "add_edge by name": lambda g: g.add_edge(u_for_edge="A1", v_for_edge="A2", key="k", paid=3),
    "add_edges_from": lambda g: g.add_edges_from([("A1", "x"), ("x", "A1", "k"), ("x", "y", "k", {"paid": 1})], memo=1),
    "add_weighted_edges_from": lambda g: g.add_weighted_edges_from([("A1", "x", 3.5)]),
    "update": lambda g: g.update(edges=[("A1", "x")], nodes=["z"]),
    "remove_node": lambda g: g.remove_node("A1"),
    "remove_nodes_from": lambda g: g.remove_nodes_from(["A1", "A2", "nobody"]),
    "remove_edge": lambda g: g.remove_edge(*list(g.edges)[3][:2]),
    "remove_edge by key": lambda g: g.remove_edge(*list(g.edges)[3]),
    "remove_edges_from": lambda g: g.remove_edges_from(list(g.edges)[:5]),
    "clear": lambda g: g.clear(),
    "clear_edges": lambda g: g.clear_edges(),
    "relabel in place": lambda g: nx.relabel_nodes(g, {"A1": "other"}, copy=False),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_parts_the_graph_from_its_ledger(ledger: Ledger, change: str) -> None:
    graph, built = FlowGraph(ledger), eager(ledger)
    result, expected = CHANGES[change](graph), CHANGES[change](built)
    if change != "relabel in place":
        assert result == expected
    assert nx.utils.graphs_equal(graph, built)
    assert list(graph.edges(keys=True, data=True)) == list(built.edges(keys=True, data=True))
    assert (len(graph), graph.number_of_edges()) == (len(built), built.number_of_edges())
    with pytest.raises(GraphflowError, match=r"^this graph has no ledger columns \(made empty, or changed by hand\)"):
        _ = graph.flow
    assert ledger.frame.equals(ledger_of(random_hops(1)).frame)


def test_a_frozen_graph_cannot_be_changed_and_keeps_its_ledger(graph: FlowGraph) -> None:
    nx.freeze(graph)
    assert graph.is_lazy
    with pytest.raises(nx.NetworkXError, match="Frozen"):
        graph.add_edge("P", "Q")
    assert graph.flow.size == 60


# --- from_networkx -----------------------------------------------------------------------------------

SAME = ("tx", "time", "payer", "payee", "paid", "paid_currency", "received", "received_currency", "file", "row")


def same_ledger(one: Ledger, other: Ledger) -> None:
    texts = pl.col(pl.Categorical).cast(pl.String)
    assert one.frame.select(SAME).with_columns(texts).equals(other.frame.select(SAME).with_columns(texts))
    assert one.decimals == other.decimals
    assert one.accounts["account"].to_list() == other.accounts["account"].to_list()


@settings(max_examples=examples(60), deadline=None)
@given(HOPS)
def test_a_ledger_comes_back_from_its_graph(hops: list[Hop]) -> None:
    ledger = ledger_of(hops)
    plain = nx.MultiDiGraph(FlowGraph(ledger))
    same_ledger(FlowGraph.from_networkx(plain).ledger, ledger)
    same_ledger(ledger_from_networkx(FlowGraph(ledger)), ledger)


def test_a_file_comes_back_from_its_graph(tmp_path: Any) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "time,payer,payee,amount,currency,memo\n2026-01-05 09:00,B,A,0.125,USD,x\n2026-01-05 09:00,A,B,3,JPY,\n"
    )
    ledger = read_ledger(path)
    graph = FlowGraph(ledger)
    same_ledger(FlowGraph.from_networkx(graph).ledger, ledger)
    same_ledger(FlowGraph.from_networkx(graph.copy()).ledger, ledger)
    same_ledger(FlowGraph.from_networkx(nx.MultiDiGraph(graph), decimals=ledger.decimals).ledger, ledger)
    assert FlowGraph.from_networkx(graph).ledger.frame["memo"].to_list() == ["x", None]
    graph.remove_edge("B", "A")
    assert FlowGraph.from_networkx(graph).ledger.frame["paid"].to_list() == [3]
    assert FlowGraph.from_networkx(graph).ledger.decimals == {"JPY": 0}


def one_edge(**facts: Any) -> nx.DiGraph[Any]:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_edge("P", "Q", **{"time": "2026-01-05", "amount": 1, **facts})
    return graph


@pytest.mark.parametrize(
    ("amount", "paid", "decimals"),
    [
        (12, 1200, 2), (12.5, 1250, 2), (0.1 + 0.2 - 0.3 + 0.07, None, 0), (Decimal("12.50"), 1250, 2),
        (" 7.10 ", 710, 2),
        ("0.125", 125, 3), (1e3, 100_000, 2), ("1E+2", 10_000, 2), (np.float64(4.35), 435, 2), (np.int64(3), 300, 2),
        (0, 0, 2), ("0.00000001", 1, 8), (4.35, 435, 2), (1_000_000_000.01, 100_000_000_001, 2),
        (Decimal("1.0000000000000000000000000000000000000000"), 100, 2), ("92233720368547758.07", 2**63 - 1, 2),
        ("92233720368547758.08", None, 0), ("1e999999999", None, 0), ("1e-999999999", None, 0), ("NaN", None, 0),
        (float("inf"), None, 0), ("twelve", None, 0), (True, None, 0), ("0.000000001", None, 0),
        ("-1", None, 0), ("", None, 0),
    ],
)  # fmt: skip
def test_amounts_are_exact_or_refused(amount: Any, paid: int | None, decimals: int) -> None:
    if paid is None:
        with pytest.raises(GraphflowError, match=r"^edge 'P' → 'Q': "):
            ledger_from_networkx(one_edge(amount=amount))
        return
    ledger = ledger_from_networkx(one_edge(amount=amount))
    assert ledger.frame["paid"].to_list() == [paid]
    assert ledger.decimals == {"CNY": decimals}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (datetime(2026, 1, 5, 9), datetime(2026, 1, 5, 9)),
        (datetime(2026, 1, 5, 9, tzinfo=ZoneInfo("Asia/Shanghai")), datetime(2026, 1, 5, 1)),
        (datetime(2026, 1, 5).date(), datetime(2026, 1, 5)),
        ("2026-01-05T09:00:01.5+08:00", datetime(2026, 1, 5, 1, 0, 1, 500_000)),
        (" 2026-01-05 09:00 ", datetime(2026, 1, 5, 9)),
        ("20260105", datetime(2026, 1, 5)),
        (1_767_603_600, datetime(2026, 1, 5, 9)),
        (1_767_603_600.25, datetime(2026, 1, 5, 9, 0, 0, 250_000)),
        (np.int64(1_767_603_600), datetime(2026, 1, 5, 9)),
        (np.datetime64("2026-01-05T09:00"), datetime(2026, 1, 5, 9)),
        (-1.5, datetime(1969, 12, 31, 23, 59, 58, 500_000)),
        ("yesterday", None), (True, None), ([], None), (float("nan"), None), (1e18, None), (np.datetime64("NaT"), None),
        (1_767_603_600_000_000, None), ("", None),
    ],
)  # fmt: skip
def test_times_become_utc_or_are_refused(time: Any, expected: datetime | None) -> None:
    if expected is None:
        with pytest.raises(GraphflowError, match=r"^edge 'P' → 'Q': \"time\" is .*, which is not a time$"):
            ledger_from_networkx(one_edge(time=time))
        return
    assert ledger_from_networkx(one_edge(time=time)).frame["time"].to_list() == [expected.replace(tzinfo=UTC)]


def test_minor_units_are_taken_where_an_edge_has_them() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("P", "Q", time=0, paid=1250, amount=99)
    graph.add_edge("P", "Q", time=1, amount="0.125")
    ledger = ledger_from_networkx(graph)
    assert ledger.frame["paid"].to_list() == [12_500, 125]
    assert ledger.decimals == {"CNY": 3}
    for wrong in (12.5, "1250", True):
        with pytest.raises(GraphflowError, match=r"\"paid\" must be whole minor units \(for 12.50 write 1250\)"):
            ledger_from_networkx(one_edge(paid=wrong))


def test_attributes_by_other_names() -> None:
    graph = nx.DiGraph()
    graph.add_edge(1, 2, when=0, value=3, unit="JPY", label="x", color="red")
    graph.add_edge(2, 3, when=1, value=3)
    ledger = ledger_from_networkx(graph, time="when", amount="value", currency="unit", default_currency="EUR")
    assert ledger.frame["payer"].to_list() == ["1", "2"]
    assert ledger.frame["paid"].to_list() == [3, 300]
    assert ledger.frame["paid_currency"].cast(pl.String).to_list() == ["JPY", "EUR"]
    assert ledger.frame["label"].cast(pl.String).to_list() == ["x", None]
    assert "color" not in ledger.frame.columns
    only = ledger_from_networkx(graph, time="when", amount="value", currency=None, default_currency="EUR")
    assert only.currencies == ["EUR"]


def test_keys_become_tx_where_they_are_unique() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("P", "Q", "a", time=0, amount=1)
    graph.add_edge("Q", "R", "b", time=1, amount=1)
    assert ledger_from_networkx(graph).frame["tx"].to_list() == ["a", "b"]
    graph.add_edge("R", "P", "a", time=2, amount=1)
    assert ledger_from_networkx(graph).frame["tx"].to_list() == ["1", "2", "3"]
    numbered = nx.MultiDiGraph()
    numbered.add_edge("P", "Q", 1, time=0, amount=1)
    numbered.add_edge("P", "Q", "1", time=0, amount=1)
    assert ledger_from_networkx(numbered).frame["tx"].to_list() == ["1", "2"]


def test_nodes_that_would_become_one_account_are_refused() -> None:
    graph = nx.DiGraph()
    graph.add_edge(1, "1", time=0, amount=1)
    with pytest.raises(GraphflowError, match=r"^nodes 1 and '1' would both be account 1: rename one$"):
        FlowGraph.from_networkx(graph)


def test_facts_of_nodes_and_lonely_nodes() -> None:
    graph = one_edge()
    graph.add_node("alone")
    graph.nodes["P"].update(bank="B1", name="Ann")
    ledger = ledger_from_networkx(graph)
    assert ledger.accounts.rows() == [("P", "B1", "Ann"), ("Q", None, None)]
    assert FlowGraph(ledger).nodes["P"] == {"bank": "B1", "name": "Ann"}


@pytest.mark.parametrize("wrong", [nx.Graph([("P", "Q")]), nx.MultiGraph(), [("P", "Q")]])
def test_only_directed_graphs(wrong: Any) -> None:
    with pytest.raises(
        GraphflowError, match=r"^money flows one way: from_networkx needs a networkx.DiGraph or MultiDiGraph$"
    ):
        FlowGraph.from_networkx(wrong)


def test_the_first_edge_without_an_attribute_is_named() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("P", "Q", "a", time=0, amount=1)
    graph.add_edge("Q", "R", "b", timee=0, amount=1)
    with pytest.raises(GraphflowError, match=r"^edge 'Q' → 'R', key 'b' has no \"time\": did you mean \"timee\"\?$"):
        FlowGraph.from_networkx(graph)
    bare = nx.DiGraph([("P", "Q")])
    with pytest.raises(GraphflowError, match=r"^edge 'P' → 'Q' has no \"amount\": it has no attributes$"):
        FlowGraph.from_networkx(bare)


def test_the_input_is_not_changed() -> None:
    graph = one_edge(currency="USD")
    before = copy.deepcopy(graph)
    made = FlowGraph.from_networkx(graph)
    made.add_edge("Q", "P")
    made.edges["P", "Q", "1"]["paid"] = 0
    assert nx.utils.graphs_equal(graph, before)


def test_a_graph_without_edges_is_an_empty_ledger() -> None:
    assert FlowGraph.from_networkx(nx.DiGraph()).ledger.height == 0
