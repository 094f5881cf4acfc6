"""Payment gateways and the bank's own accounts in detectors: left out, and said so."""

from __future__ import annotations

from collections.abc import Iterator

from graphflow.flow import Adjacency, Flow
from graphflow.ledger import Codes
from graphflow.words import count


def between_others(flow: Flow) -> tuple[Adjacency, Adjacency, tuple[Codes, Codes]]:
    """Receipts, payments and `onward` of the transfers that touch no gateway; the flow's own when it has none."""
    gateways = flow.gateways
    if not gateways.any():
        return flow.received, flow.sent, flow.onward
    got, sent = flow.received.without(gateways), flow.sent.without(gateways)
    return got, sent, flow.onward_of(got, sent)


def not_traversed(flow: Flow) -> Iterator[str]:
    """The line that says how many gateways were not traversed; none when there is none."""
    number = int(flow.gateways[flow.accounts].sum())
    if number:
        yield f"{count(number, 'gateway')} not traversed (payment gateways and accounts of banks themselves, by type)"
