"""Signs that an account is one to look at: one function each, which yields accounts with points and a sentence.

All numbers are judgement. Commissions weigh most, since they are what a controller lives on; that many trails meet
somewhere, or leave for an exchange there, says more of the account than of who commands it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np
import polars as pl

from graphflow.account_names import TYPES
from graphflow.detect.device_ring import DeviceRing
from graphflow.detect.places import shared_places
from graphflow.detect.probe import Probe
from graphflow.kernels.habits import DAY
from graphflow.trace.trail import of_type, worth
from graphflow.words import count, percent, shown

if TYPE_CHECKING:
    from graphflow.trace import Trace

MEETING = 3
"""Victims whose money makes an account a meeting place."""
SHARE, TIMES, TIMES_OF_ONE, ALIKE, MOST = 0.25, 3, 5, 10, 200
"""A commission is at most a quarter of what its payer receives, comes on three days or more, five times or more where
one account alone pays it; none is more than ten times another, and nobody has more than 200 receipts of which most are
commissions."""
DOMINATED = 2
"""Victims whose every trail passes an account."""
MOST_ROWS = 100_000
"""Steps beyond which trails are not looked through victim by victim."""


class Sign(NamedTuple):
    """Why an account (its code) is one to look at."""

    account: int
    name: str
    points: float
    sentence: str


def convergence(trace: Trace) -> Iterator[Sign]:
    """Many victims' money comes to it, and is a fair part of what it receives."""
    victims = trace.steps.group_by("payee").agg(pl.col("owner").n_unique()).sort("payee")
    for account, number in victims.iter_rows():
        if number >= MEETING and trace.suspects[account]:
            share = number / len(trace.victims)
            said = f"money of {number} of {count(len(trace.victims), 'victim')} meets here"
            yield Sign(account, "convergence", 0.5 + 1.5 * share, said)


def commissions(trace: Trace) -> Iterator[Sign]:
    """Small payments of suspected accounts, again and again, are most of what it receives."""
    flow = trace.flow
    (givers,) = np.nonzero(trace.suspects)
    events = np.flatnonzero(trace.suspects[flow.payer] & (flow.payer != flow.payee))
    ordinary = of_type(flow, ("unknown", "person"))
    paid = pl.DataFrame(
        {"payer": flow.payer[events], "payee": flow.payee[events], "value": flow.value[events],
         "day": flow.time[events] // DAY}
    ).filter(pl.Series(ordinary[flow.payee[events]]), pl.col("value") > 0)  # fmt: skip
    got, receipts = flow.totals.got, flow.totals.received
    base = pl.DataFrame({"payer": givers.astype(np.int32), "base": got[givers]})
    way = paid.group_by("payer", "payee").agg(pl.col("value").sum()).join(base, on="payer")
    largest = way.group_by("payee").agg(
        most=(pl.col("value") / pl.col("base")).max(),
        payers=pl.len(),
        whole=pl.col("value").sum() / pl.col("base").sum(),
    )
    seen = (
        paid.group_by("payee")
        .agg(
            number=pl.len(), days=pl.col("day").n_unique(), value=pl.col("value").sum(),
            low=pl.col("value").min(), high=pl.col("value").max(),
        )
        .join(largest, on="payee")
        .filter(
            pl.col("most") <= SHARE,
            pl.col("days") >= TIMES,
            (pl.col("payers") > 1) | (pl.col("number") >= TIMES_OF_ONE),
            pl.col("high") <= ALIKE * pl.col("low"),
        )
        .sort("payee")
    )  # fmt: skip
    for account, number, payers, whole, value in seen.select("payee", "number", "payers", "whole", "value").iter_rows():
        if receipts[account] <= MOST and 2 * value >= got[account]:
            said = f"{number} payments from {count(payers, 'account')} of the trail, {whole:.1%} of what those receive"
            yield Sign(account, "commission", 5.0, f"{said}: like a commission")


def test_payments(trace: Trace) -> Iterator[Sign]:
    """It paid tiny amounts to accounts of the trail before large ones came there (detector `probe`)."""
    flow = trace.flow
    tested: dict[int, set[int]] = {}
    part = trace.graph.flow_subgraph(trace.traced.rows)
    tiny = Probe().tiny * 10 ** flow.ledger.decimals[flow.valuation.base]
    for finding in Probe().find(part):
        payers, payees = flow.payer[finding.rows], int(flow.payee[finding.rows[0]])
        small = flow.value[finding.rows] <= tiny
        for payer in (set(payers[small].tolist()) - set(payers[~small].tolist())) if trace.suspects[payees] else ():
            tested.setdefault(payer, set()).add(payees)
    for payer, accounts in sorted(tested.items()):
        if len(accounts) > 1 or trace.suspects[payer]:
            said = f"sent test payments to {count(len(accounts), 'account')} of the trail before they were used"
            yield Sign(payer, "test payments", 3.0 if len(accounts) > 1 else 1.0, said)


def devices(trace: Trace) -> Iterator[Sign]:
    """It pays from a device (or, on the trail, an address) of two or more other accounts of the trail."""
    places = shared_places(trace.flow, DeviceRing().most_accounts)
    links = pl.DataFrame({"account": places.payer, "place": places.place, "trail": trace.suspects[places.payer]})
    users = links.group_by("place").agg(on_trail=pl.col("trail").sum()).filter(pl.col("on_trail") > 1)
    found = links.join(users, on="place").with_columns(others=pl.col("on_trail") - pl.col("trail"))
    found = found.with_columns(name=pl.Series(places.names, dtype=pl.String).gather(found["place"]))
    meant = (pl.col("others") > 1) & (pl.col("trail") | pl.col("name").str.starts_with("device"))
    best = found.filter(meant).sort("account", -pl.col("others").cast(pl.Int64), "place")
    for account, name, trail, others in (
        best.unique("account", keep="first", maintain_order=True)
        .select("account", "name", "trail", "others")
        .iter_rows()
    ):
        said = f"pays from {shown(name, 48)}, as {count(others, 'other account')} of the trail"
        yield Sign(account, "shared device", 1.0 if trail else 2.0, said)


def exits(trace: Trace) -> Iterator[Sign]:
    """The last account in ordinary money before an exchange or OTC desk."""
    flow = trace.flow
    exchange = flow.types.codes == TYPES.index("exchange")
    value = worth(flow, trace.steps)
    out = trace.steps.with_columns(
        to_exchange=exchange[trace.steps["payee"].to_numpy()] & ~exchange[trace.steps["payer"].to_numpy()], value=value
    ).filter("to_exchange", ~pl.col("reported"))
    whole = max(out["value"].sum(), 1.0)
    each = out.group_by("payer").agg(pl.col("value").sum(), pl.col("payee").unique().sort()).sort("payer")
    for account, part, desks in each.select("payer", "value", "payee").iter_rows():
        names = ", ".join(shown(flow.ledger.names[desk], 48) for desk in desks[:3])
        said = f"last account before an exchange ({names}): {percent(part / whole)} of the traced money that went there"
        yield Sign(account, "last before exchange", 0.5 + part / whole, said)


def dominators(trace: Trace) -> Iterator[Sign]:
    """Every trail of some victims passes it on the way to where their money ends."""
    if trace.steps.height > MOST_ROWS:
        return
    passed: dict[int, int] = {}
    for (_,), part in trace.steps.group_by("owner", maintain_order=True):
        for account in _always(part):
            passed[account] = passed.get(account, 0) + 1
    for account, number in sorted(passed.items()):
        if number >= DOMINATED and trace.suspects[account]:
            share = number / len(trace.victims)
            said = f"all trails of {count(number, 'victim')} that go on pass it"
            yield Sign(account, "every trail", 0.5 + share, said)


def _always(part: pl.DataFrame) -> list[int]:
    """Accounts on every way of one victim's money, whether it goes back in time or not; ends are not among them."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    begin, end = -1, -2
    going = set(part.filter(~pl.col("reported") & (pl.col("payer") != pl.col("payee")))["payer"].to_list())
    for payer, payee, reported in part.select("payer", "payee", "reported").iter_rows():
        if payer != payee and (payee in going or not reported):
            graph.add_edge(begin if reported else payer, payee if payee in going else end)
    if begin not in graph or end not in graph or not nx.has_path(graph, begin, end):
        return []
    over, node, found = nx.immediate_dominators(graph, begin), end, []
    while (node := over[node]) != begin:
        found.append(node)
    return found


def case_files(trace: Trace) -> Iterator[Sign]:
    """It stands in the trails of several case files: gangs are wider than a case."""
    cases = _cases(trace)
    if not cases:
        return
    file = trace.flow.ledger.frame["file"].gather(trace.steps["row"].to_numpy()).cast(pl.String)
    sides = trace.steps.with_columns(case=file.replace_strict(cases, default=None, return_dtype=pl.String))
    reported = set(sides.filter("reported")["case"].drop_nulls().to_list())
    both = pl.concat([sides.select("case", account=pl.col(side)) for side in ("payer", "payee")]).drop_nulls()
    each = both.group_by("account").agg(pl.col("case").unique().sort()).sort("account")
    for account, names in each.iter_rows():
        if len(reported) > 1 and len(names) > 1 and trace.suspects[account]:
            told = ", ".join(shown(name, 48) for name in names[:5])
            yield Sign(account, "several cases", 2.0, f"stands in the trails of {len(names)} case files: {told}")


def _cases(trace: Trace) -> dict[str, str]:
    """Source file → its case: its folder where there are several, else the file itself where it has both sides.

    Statements of one folder are one case: that an account stands in several of them says nothing.
    """
    sources = trace.flow.ledger.sources
    folders = {source.path: str(PurePath(source.path).parent) for source in sources}
    if len(set(folders.values())) > 1:
        return folders
    two_sided = {source.path: source.path for source in sources if not source.direction}
    return two_sided if len(two_sided) > 1 else {}


SIGNS: tuple[Callable[[Trace], Iterator[Sign]], ...] = (
    commissions, test_payments, case_files, convergence, dominators, exits, devices,
)  # fmt: skip
"""Every sign, those of who commands first."""
