"""FlowGraph: the ledger as a directed multigraph that every NetworkX algorithm can run on.

Accounts are nodes, transactions are edges keyed by `tx`. The ledger's columns are the truth; NetworkX's
dicts are made the first time something asks for them, so a graph of millions of transfers costs nothing
until a small part of it is handed to an algorithm. Detectors read the columns and never make the dicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from graphflow.account_names import AccountTypeNames
from graphflow.errors import GraphflowError
from graphflow.flow import Flow
from graphflow.ledger import Ledger
from graphflow.value.rates_file import RatesFile, read_rates

if TYPE_CHECKING:
    from typing import Self

    MultiDiGraph = nx.MultiDiGraph[str]
else:
    MultiDiGraph = nx.MultiDiGraph

Rows = npt.NDArray[np.int64]

_EDGE_FIELDS = (
    "time",
    "paid",
    "paid_currency",
    "received",
    "received_currency",
    "channel",
    "memo",
    "label",
    "file",
    "row",
)


class _Lazy:
    """One of NetworkX's four dicts: made from the columns at the first look, set as NetworkX sets it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.networkx = getattr(nx.DiGraph, name)

    def __get__(self, graph: FlowGraph | None, owner: type[FlowGraph]) -> Any:
        if graph is None:
            return self
        if self.name not in graph.__dict__:
            graph._make_dicts()
        return graph.__dict__[self.name]

    def __set__(self, graph: FlowGraph, value: Any) -> None:
        self.networkx.__set__(graph, value)


class FlowGraph(MultiDiGraph):
    """A `networkx.MultiDiGraph` over a ledger's columns.

    FlowGraph(ledger)           the whole ledger, at once and for nothing; `types=` names account types of your own,
                                rates="rates.csv" says what currencies are worth, where the ledger's own exchanges are
                                not to say it
    graph.flow_subgraph(rows)   some transfers of it, as a graph of the same kind
    FlowGraph.from_networkx(g)  from a graph a notebook already has
    graph.flow                  the columns as integer arrays, for detectors

    Edge attributes: `time`, `paid` and `received` in minor units with their currencies, `file`, `row`, and
    what else the ledger has. Node attributes: `bank`, `name`. Anything else passed as the first argument is
    read as `networkx.MultiDiGraph` would; such a graph has no ledger, and neither has one that was changed
    after it was made: `from_networkx` reads either again.

    Example
    -------
    >>> import polars as pl
    >>> from datetime import datetime
    >>> frame = pl.DataFrame({"tx": ["a", "b"], "time": [datetime(2026, 1, 1), datetime(2026, 1, 2)],
    ...     "payer": ["P", "Q"], "payee": ["Q", "R"], "paid": [1000, 900], "paid_currency": ["CNY", "CNY"]})
    >>> graph = FlowGraph(Ledger.from_frame(frame))
    >>> nx.shortest_path(graph, "P", "R")
    ['P', 'Q', 'R']
    >>> graph.edges["P", "Q", "a"]["paid"]
    1000
    """

    _adj = _Lazy("_adj")
    _succ = _Lazy("_succ")
    _pred = _Lazy("_pred")
    _node = _Lazy("_node")
    _flow: Flow | None = None
    _decimals: Mapping[str, int] | None = None

    def __init__(self, data: Any = None, *, types: AccountTypeNames | None = None, **attr: Any) -> None:
        if isinstance(data, Ledger):
            data = Flow(data, type_names=types, rates=_rates(attr.pop("rates", None)))
        if not isinstance(data, Flow):
            super().__init__(data, **attr)
            return
        super().__init__(**attr)
        for name in ("_adj", "_succ", "_pred", "_node"):
            del self.__dict__[name]
        self._flow, self._decimals = data, data.ledger.decimals

    @classmethod
    def from_networkx(
        cls,
        graph: nx.Graph[Any],
        *,
        time: str = "time",
        amount: str = "amount",
        currency: str | None = "currency",
        default_currency: str = "CNY",
        decimals: Mapping[str, int] | None = None,
    ) -> FlowGraph:
        """A FlowGraph of the edges of any directed NetworkX graph; `graph` is not changed.

        time, amount, currency  names of edge attributes: when, how much (major units: a number, a Decimal
                                or its text), in what; minor units in `paid` are taken where they are
        decimals                of those minor units, by currency, where they are not the usual ones (a FlowGraph
                                knows its own)
        The edge key becomes `tx` where keys are unique, else the edge's number; nodes become strings.
        Raises `GraphflowError` naming the first edge that lacks an attribute.
        """
        from graphflow.read.networkx_edges import ledger_from_networkx

        return cls(
            ledger_from_networkx(
                graph,
                time=time,
                amount=amount,
                currency=currency,
                default_currency=default_currency,
                decimals=decimals or getattr(graph, "_decimals", None),
            )
        )

    @property
    def flow(self) -> Flow:
        """The transfers as columns in time order. Raises `GraphflowError` for a graph without a ledger."""
        if self._flow is None:
            raise GraphflowError(
                "this graph has no ledger columns (made empty, or changed by hand): use FlowGraph.from_networkx(graph)"
            )
        return self._flow

    @property
    def ledger(self) -> Ledger:
        """The ledger the graph stands on (all of it, for a subgraph too)."""
        return self.flow.ledger

    def flow_subgraph(self, rows: Iterable[int] | Rows) -> FlowGraph:
        """The graph of some transfers, given by their positions in the ledger. Shares the columns.

        Positions may come in any order and more than once; the subgraph holds each transfer once, in time order.
        """
        wanted = np.unique(_positions(rows))
        height = self.ledger.height
        if wanted.size and (wanted[0] < 0 or wanted[-1] >= height):
            known = f"rows 0 to {height - 1}" if height else "no rows"
            raise GraphflowError(f"the ledger has {known}, not {wanted[0]} to {wanted[-1]}")
        graph = FlowGraph(Flow(self.ledger, wanted, whole=self.flow))
        graph.graph.update(self.graph)
        return graph

    @property
    def is_lazy(self) -> bool:
        """Whether NetworkX's dicts have not been made yet."""
        return "_adj" not in self.__dict__

    def __repr__(self) -> str:
        """What it holds, in one line; makes no dicts."""
        if self._flow is None:
            return f"FlowGraph({len(self)} accounts, {self.number_of_edges()} transfers, no ledger)"
        flow, height = self._flow, self.ledger.height
        told = f"{flow.size} transfers" + (f" of {height}" if flow.size < height else "")
        if not flow.size:
            return f"FlowGraph({told})"
        first, last = (f"{self.ledger.frame['time'][int(flow.rows[k])]:%Y-%m-%d %H:%M}" for k in (0, -1))
        return f"FlowGraph({told}, {len(self)} accounts, {first} to {last})"

    def _repr_html_(self) -> str:
        """Facts, and a small graph's picture. The view stands above, so it is fetched when a notebook asks."""
        from graphflow.view.notebook import graph_html

        return graph_html(self)

    # --- answers that need no dicts ---------------------------------------------------------------

    def number_of_edges(self, u: Any = None, v: Any = None) -> int:
        if self._flow is None or u is not None or not self.is_lazy:
            return super().number_of_edges(u, v)
        return self._flow.size

    def number_of_nodes(self) -> int:
        if self._flow is None or not self.is_lazy:
            return super().number_of_nodes()
        return self._flow.accounts.size

    def __len__(self) -> int:
        return self.number_of_nodes()

    def order(self) -> int:
        return self.number_of_nodes()

    # --- changes by hand part the graph from its ledger --------------------------------------------

    def _part(self) -> None:
        if self._flow is not None:
            self._make_dicts()
            self._flow = None

    def add_node(self, node_for_adding: Any, **attr: Any) -> None:
        self._part()
        super().add_node(node_for_adding, **attr)

    def add_nodes_from(self, nodes_for_adding: Iterable[Any], **attr: Any) -> None:
        self._part()
        super().add_nodes_from(nodes_for_adding, **attr)

    def remove_node(self, n: Any) -> None:
        self._part()
        super().remove_node(n)

    def remove_nodes_from(self, nodes: Iterable[Any]) -> None:
        self._part()
        super().remove_nodes_from(nodes)

    def add_edge(self, *edge: Any, **attr: Any) -> Any:
        """As `networkx.MultiDiGraph.add_edge(u, v, key=None, **attr)`; `add_edges_from` comes through here too."""
        self._part()
        return super().add_edge(*edge, **attr)

    def remove_edge(self, u: Any, v: Any, key: Any = None) -> None:
        self._part()
        super().remove_edge(u, v, key)

    def clear(self) -> None:
        self._part()
        super().clear()

    def clear_edges(self) -> None:
        self._part()
        super().clear_edges()

    def copy(self, as_view: bool = False) -> Self:
        """As NetworkX's; the copy of a graph that stands on a ledger stands on it too, until it is changed."""
        if as_view:
            return super().copy(as_view=True)
        if self._flow is not None and self.is_lazy:
            twin = type(self)(self._flow)
            twin.graph.update(self.graph)
        else:
            twin = super().copy()
            twin._flow, twin._decimals = self._flow, self._decimals
        return twin

    # --- making the dicts ------------------------------------------------------------------------

    def _make_dicts(self) -> None:
        """Fill NetworkX's dicts in the order in which `add_edge` would, transfer by transfer."""
        if self._flow is None or not self.is_lazy:
            return
        flow = self._flow
        nodes: dict[Any, dict[str, Any]] = {}
        succ: dict[Any, dict[Any, dict[Any, dict[str, Any]]]] = {}
        pred: dict[Any, dict[Any, dict[Any, dict[str, Any]]]] = {}
        frame = flow.frame
        fields = [name for name in _EDGE_FIELDS if name in frame.columns]
        table = frame.select("tx", "payer", "payee", *fields)
        for tx, payer, payee, *values in table.iter_rows():
            for node in (payer, payee):
                if node not in nodes:
                    nodes[node], succ[node], pred[node] = {}, {}, {}
            keyed = succ[payer].get(payee)
            if keyed is None:
                keyed = succ[payer][payee] = pred[payee][payer] = {}
            keyed[tx] = dict(zip(fields, values, strict=True))
        for account, bank, name in flow.described.iter_rows():
            nodes[account].update({k: v for k, v in (("bank", bank), ("name", name)) if v is not None})
        # `_adj` comes last: it is what `is_lazy` looks at, and another thread may be looking
        self._node, self._pred, self._adj = nodes, pred, succ


def _rates(source: str | PathLike[str] | RatesFile | None) -> RatesFile | None:
    return source if source is None or isinstance(source, RatesFile) else read_rates(source)


def _positions(rows: Iterable[int] | Rows) -> Rows:
    found = rows if isinstance(rows, np.ndarray) else np.array(list(rows))
    if not found.size:
        return np.empty(0, np.int64)
    if not np.issubdtype(found.dtype, np.integer):
        hint = ": numpy.flatnonzero(mask) makes them of a mask" if found.dtype == np.bool_ else ""
        raise GraphflowError(f"rows of a ledger are whole numbers, its positions from 0 on, not {found.dtype}{hint}")
    return found.astype(np.int64)
