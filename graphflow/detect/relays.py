"""Relays: a one-off receipt that an account hands on, about whole, in one one-off payment.

First in, first out follows every receipt, but mixes what passes through with the money an account lives on. Between
accounts that deal with each other only once, equal amounts in and out are told apart from that, whatever else goes on.
Where most transfers are of such pairs that says nothing, and none are looked for.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt

from graphflow.flow import Flow, in_parts, microseconds
from graphflow.kernels import handed_on as kernels
from graphflow.kernels.engine import ready

Longs = npt.NDArray[np.int64]

MOST_ONE_OFF = 0.5
"""Relays are looked for where at most this share of the transfers is of one-off pairs."""


def relays(flow: Flow, window: timedelta, keep: float, skipped: npt.NDArray[np.bool_]) -> Longs:
    """Rows (receipt, payment) by account in order of first appearance, and payment.

    Both are one-off: their payer pays their payee only within 4 days. The payment is not earlier than the receipt (ties
    by ledger order), not more than `window` later, and does not go back to the payer; the smaller of the two values is
    at least `keep` of the larger, and not nothing. One to one: each payment in turn takes the receipt of the nearest
    value that is left, the latest of equals. Accounts `skipped` hand nothing on.
    """
    if flow.rarity.one_off_share > MOST_ONE_OFF:
        return np.empty((0, 2), np.int64)
    if "relays" in flow.given:
        return flow.given["relays"]
    key = ("relays", window, keep, skipped.tobytes())
    if key not in flow.kept:
        flow.kept[key] = _relays(flow, window, keep, skipped)
    found: Longs = flow.kept[key]
    return found


def _relays(flow: Flow, window: timedelta, keep: float, skipped: npt.NDArray[np.bool_]) -> Longs:
    got, sent, run = flow.received, flow.sent, ready(kernels, flow.size).matched
    parts = in_parts(
        lambda a, b: run(
            a, b, got.ptr, got.events, got.others, got.values, sent.ptr, sent.events, sent.others, sent.values,
            flow.time, flow.rarity.one_off, microseconds(window), keep, skipped,
        ),
        got.ptr + sent.ptr,
    )  # fmt: skip
    return np.concatenate([rows[:number] for rows, number in parts])
