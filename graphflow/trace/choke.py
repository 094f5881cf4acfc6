"""Choke points: the fewest accounts, and the fewest transfers, whose stopping cuts every trail to where money leaves.

A trail goes from a victim's reported payment, payment by payment that carries traced money (FIFO) and never back in
time, to an end: an account from which no traced payment goes on (cash, an exchange, an account without a statement, or
one that only holds). The victims' own payments and the ends themselves are given: what can be stopped lies between.

Transfers are a minimum cut of a graph that has a node a payment and one for each state of an account (after each
receipt). Accounts are harder, since one account stands at many moments: a cut of the graph without times is an upper
bound, trails without a common account are a lower bound, and a search between the two closes the gap; where it is cut
off, the table says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import polars as pl
from networkx.algorithms.flow import dinitz

from graphflow.trace.trail import worth
from graphflow.words import count

if TYPE_CHECKING:
    from graphflow.trace import Trace

MOST_STEPS = 5_000
"""Payments looked at; of more, those that carry most."""
MOST_LOOKS = 2_000
"""Trails looked for in the search for a smaller set of accounts."""

START, END = -1, -2
_SCHEMA = {
    "kind": pl.String(), "account": pl.String(), "payee": pl.String(), "transaction": pl.String(),
    "file": pl.String(), "row": pl.Int64(), "carries": pl.Int64(), "currency": pl.String(),
    "every_trail": pl.Boolean(), "reason": pl.String(),
}  # fmt: skip

if TYPE_CHECKING:
    Graph = nx.DiGraph[int]
else:
    Graph = nx.DiGraph


class Step(NamedTuple):
    """A payment that carries traced money: pots and accounts of both sides, its ledger row, what it carries."""

    payer_pot: int
    payee_pot: int
    payer: int
    payee: int
    row: int
    amount: int
    reported: bool


class Chokes(NamedTuple):
    """The table, and in words what was left out."""

    table: pl.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Trails:
    """Steps in time order, and the accounts where trails end."""

    steps: list[Step]
    ends: frozenset[int]

    def find(self, removed: Iterable[int] = ()) -> tuple[int, ...] | None:
        """The accounts between a victim and an end on a trail of the fewest steps that avoids some accounts."""
        gone, at = set(removed), dict[int, tuple[int, ...]]()
        best: tuple[int, ...] | None = None
        for step in self.steps:
            way = () if step.reported else at.get(step.payer_pot)
            if way is None or step.payee in gone:
                continue
            if step.payee in self.ends:
                best = way if best is None or len(way) < len(best) else best
                continue
            longer = way if way[-1:] == (step.payee,) else (*way, step.payee)
            known = at.get(step.payee_pot)
            if known is None or len(longer) < len(known):
                at[step.payee_pot] = longer
        return best


def choke_points(trace: Trace, *, most: int = MOST_STEPS, looks: int = MOST_LOOKS) -> Chokes:
    """The fewest accounts and the fewest transfers that cut every trail.

    Columns of the table: kind ("account" or "transfer"), account (of a transfer: the payer), payee, transaction, file,
    row, carries (minor units, FIFO: what the account passed on, or what the transfer carried), currency, every_trail
    (whether every trail passes here), reason. An account that passed on several currencies has a row for each.
    """
    trails, notes = _trails(trace, most)
    if trails.find() is None:
        return Chokes(_table(trace, []), (*notes, "choke points: no trail has anything between victims and its end"))
    accounts, least = fewest_accounts(trails, looks)
    if least < len(accounts):
        notes.append(f"choke points: the search was cut off: {least} to {len(accounts)} accounts are needed")
    rows = [*_of_accounts(trails, trace, accounts), *_of_transfers(trails, trace)]
    return Chokes(_table(trace, rows), tuple(notes))


def _trails(trace: Trace, most: int) -> tuple[Trails, list[str]]:
    """Steps that matter: neither back to a victim nor within a pot, and none straight from a victim to an end."""
    victims = set(trace.traced.victims.tolist())
    value = pl.Series(worth(trace.flow, trace.steps))
    table = (
        trace.steps.with_columns(value=value)
        .group_by("event", maintain_order=True)
        .agg(
            pl.col("payer_pot", "payee_pot", "payer", "payee", "row", "reported").first(),
            pl.col("amount", "value").sum(),
        )
        .filter(pl.col("payer_pot") != pl.col("payee_pot"), ~pl.col("payee").is_in(list(victims)))
    )
    notes = []
    if table.height > most:
        bound = table["value"].sort(descending=True)[most]
        share = bound / max(1.0, float(table.filter("reported")["value"].sum()))
        table = table.filter((pl.col("value") > bound) | pl.col("reported"))
        notes.append(f"choke points: only payments that carry more than {share:.2%} of what was reported are looked at")
    steps = [Step(**row) for row in table.select(Step._fields).iter_rows(named=True)]
    paying = {step.payer for step in steps if not step.reported and step.payer != step.payee}
    ends = frozenset({step.payee for step in steps} - paying)
    between = [step for step in steps if not (step.reported and step.payee in ends)]
    if straight := len(steps) - len(between):
        notes.append(
            f"choke points: {count(straight, 'reported payment')} went straight to an end: nothing lies between"
        )
    return Trails(between, ends), notes


# --- accounts --------------------------------------------------------------------------------------


def fewest_accounts(trails: Trails, looks: int = MOST_LOOKS) -> tuple[tuple[int, ...], int]:
    """The smallest set of accounts that cuts every trail, and how many are needed at least.

    The two agree unless more than `looks` trails would have to be looked for.
    """
    if trails.find() is None:
        return (), 0
    best = _needed(trails, _static_cut(trails))
    least = len(list(_apart(trails, frozenset())))
    search = _Search(trails, looks)
    while least < len(best):
        found = search.cut(frozenset(), frozenset(), least)
        if search.left <= 0:
            break
        if found is not None:
            best = tuple(sorted(found))
            break
        least += 1
    return best, least


@dataclass
class _Search:
    """Sets of at most so many accounts, tried branch by branch: some account of every trail must be in the set."""

    trails: Trails
    left: int

    def cut(self, gone: frozenset[int], kept: frozenset[int], most: int) -> frozenset[int] | None:
        """A set of at most `most` accounts beyond `gone`, none of `kept`, that cuts every trail; or None."""
        self.left -= 1
        trail = self.trails.find(gone)
        if trail is None:
            return gone
        if self.left <= 0 or most == 0 or len(list(_apart(self.trails, gone))) > most:
            return None
        for account in trail:
            if account not in kept and (found := self.cut(gone | {account}, kept, most - 1)) is not None:
                return found
            kept |= {account}
        return None


def _apart(trails: Trails, gone: frozenset[int]) -> Iterator[tuple[int, ...]]:
    """Trails no two of which have an account in common: at least so many accounts are needed."""
    while (trail := trails.find(gone)) is not None:
        gone |= set(trail)
        yield trail


def _static_cut(trails: Trails) -> tuple[int, ...]:
    """Accounts that cut every way, whether it goes back in time or not; the cut nearest to the victims."""
    graph = Graph()
    for step in trails.steps:
        begin = START if step.reported else 2 * step.payer + 1
        graph.add_edge(END if step.payee in trails.ends else 2 * step.payee, begin)
        graph.add_edge(2 * step.payee + 1, 2 * step.payee, capacity=1)
    return tuple(sorted(node // 2 for node in _saturated(graph)))


def _saturated(graph: Graph) -> list[int]:
    """Nodes on the victims' side whose own edge (node + 1 → node, turned round) the minimum cut goes through."""
    _, (_, near) = nx.minimum_cut(graph, END, START, flow_func=dinitz)
    return [node for node in near if graph.has_edge(node + 1, node) and node + 1 not in near]


def _needed(trails: Trails, accounts: tuple[int, ...]) -> tuple[int, ...]:
    """Without accounts that are not needed, since their trails would go back in time."""
    for account in accounts:
        fewer = tuple(a for a in accounts if a != account)
        if trails.find(fewer) is None:
            accounts = fewer
    return accounts


def _of_accounts(trails: Trails, trace: Trace, cut: tuple[int, ...]) -> Iterator[dict[str, object]]:
    shortest = trails.find() or ()
    always = {account for account in shortest if trails.find({account}) is None}
    names, codes = trace.flow.ledger.names, trace.flow.ledger.currency_codes
    for account in sorted({*cut, *always}):
        passed: dict[int, list[int]] = {}
        for step in trails.steps:
            if step.payer == account != step.payee and not step.reported:
                passed.setdefault(int(codes[step.row]), []).append(step.amount)
        for currency, amounts in passed.items():
            yield {
                "kind": "account",
                "account": names[account],
                "carries": sum(amounts),
                "currency": trace.flow.ledger.currencies[currency],
                "every_trail": account in always,
                "reason": _reason(account in always, account in cut, len(cut), "account")
                + f"; passed on traced money in {count(len(amounts), 'payment')}",
            }


def _reason(always: bool, cuts: bool, size: int, kind: str) -> str:
    if always:
        return "every trail passes here"
    return f"one of {count(size, kind)} that together cut every trail" if cuts else ""


# --- transfers -------------------------------------------------------------------------------------


def fewest_transfers(trails: Trails) -> tuple[int, ...]:
    """Positions of the fewest steps that cut every trail, those nearest to the victims."""
    return tuple(sorted(node // 2 for node in _saturated(_in_time(trails).reverse())))


def every_trail(trails: Trails) -> tuple[int, ...]:
    """Positions of the steps that every trail passes, in order."""
    graph = _in_time(trails)
    over, node, found = nx.immediate_dominators(graph, START), END, []
    while node != START:
        node = over[node]
        if 0 <= node < 2 * len(trails.steps) and node % 2 == 0:
            found.append(node // 2)
    return tuple(k for k in reversed(found) if not trails.steps[k].reported)


def _in_time(trails: Trails) -> Graph:
    """Steps as nodes 2k → 2k + 1 that may be stopped; each receipt is a later state of its pot, which can pay from it.

    The states of pots are nodes after those of the steps. What has no capacity cannot be stopped.
    """
    graph, state, new = Graph(), dict[int, int](), 2 * len(trails.steps)
    for k, step in enumerate(trails.steps):
        begin = START if step.reported else state.get(step.payer_pot)
        if begin is None:
            continue
        graph.add_edge(begin, 2 * k)
        graph.add_edge(2 * k, 2 * k + 1, **({} if step.reported else {"capacity": 1}))
        if step.payee in trails.ends:
            graph.add_edge(2 * k + 1, END)
            continue
        graph.add_edge(2 * k + 1, new)
        if step.payee_pot in state:
            graph.add_edge(state[step.payee_pot], new)
        state[step.payee_pot] = new
        new += 2
    return graph


def _of_transfers(trails: Trails, trace: Trace) -> Iterator[dict[str, object]]:
    cut, always = fewest_transfers(trails), every_trail(trails)
    ledger = trace.flow.ledger
    for k in sorted({*cut, *always}):
        step = trails.steps[k]
        frame = ledger.frame[step.row]
        yield {
            "kind": "transfer",
            "account": ledger.names[step.payer],
            "payee": ledger.names[step.payee],
            "transaction": frame["tx"][0],
            "file": str(frame["file"][0]),
            "row": frame["row"][0],
            "carries": step.amount,
            "currency": str(frame["paid_currency"][0]),
            "every_trail": k in always,
            "reason": _reason(k in always, k in cut, len(cut), "transfer"),
        }


def _table(trace: Trace, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Accounts before transfers; where every trail passes first, then what carries most."""
    table = pl.DataFrame(rows, schema=_SCHEMA)
    described = trace.flow.ledger.accounts.select("account", "bank", "name")
    return table.join(described, on="account", how="left").sort(
        "kind", ~pl.col("every_trail"), -pl.col("carries"), "account", "transaction"
    )
