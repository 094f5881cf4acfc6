"""Accounts that everyone deals with: hubs, payment gateways, the bank's own accounts. Left out, and said so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from graphflow.flow import Adjacency, Flow, in_threads
from graphflow.ledger import Codes
from graphflow.words import count

Bools = npt.NDArray[np.bool_]

DAY = timedelta(hours=24)


def untraversed(flow: Flow, hub: int, window: timedelta = DAY) -> Bools:
    """Per account, whether it has more than `hub` counterparties inside one window, or is a gateway by its type."""
    mask: Bools = flow.hubs(window, hub) | flow.gateways
    return mask


def untraversed_words(flow: Flow, hub: int, window: timedelta = DAY) -> Iterator[str]:
    """The lines that say how many hubs and gateways were left out; none when there are none."""
    hubs = int((flow.hubs(window, hub) & ~flow.gateways).sum())
    if hubs:
        yield f"{count(hubs, 'account')} with more than {hub:,} counterparties not traversed (hubs)"
    gateways = int(flow.gateways[flow.accounts].sum())
    if gateways:
        yield f"{count(gateways, 'gateway')} not traversed (payment gateways and accounts of banks themselves, by type)"


def between_others(flow: Flow, left_out: Bools) -> tuple[Adjacency, Adjacency, tuple[Codes, Codes]]:
    """Receipts, payments and `onward` of the transfers that touch none of these accounts; the flow's own if all do."""
    sides = (flow.received, flow.sent)
    if not any(np.diff(side.ptr)[left_out].any() for side in sides):
        return *sides, flow.onward
    got, sent = in_threads(lambda k, _: sides[k].without(left_out), [(0, 0), (1, 1)])
    return got, sent, flow.onward_of(got, sent)
