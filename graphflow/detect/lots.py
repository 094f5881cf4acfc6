"""Receipts and the payments that moved them on, first in first out: the links of chains, pass-through, dense flow."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import numpy.typing as npt

from graphflow.flow import Flow, in_parts, microseconds
from graphflow.kernels import lots as kernels
from graphflow.kernels.engine import ready

Longs = npt.NDArray[np.int64]


def links(flow: Flow, dwell: timedelta, keep: float, skipped: npt.NDArray[np.bool_]) -> Longs:
    """Rows (receipt, payment, value) by account in order of first appearance, receipt, and payment.

    A receipt counts when at least `keep` of it left within `dwell`, a payment when at least `keep` of it came from such
    lots. Accounts `skipped` are left out. Kept with the flow: several detectors ask for the same.
    """
    if "links" in flow.given:
        return flow.given["links"]
    key = ("links", dwell, keep, skipped.tobytes())
    if key not in flow.kept:
        flow.kept[key] = _links(flow, dwell, keep, skipped)
    found: Longs = flow.kept[key]
    return found


def _links(flow: Flow, dwell: timedelta, keep: float, skipped: npt.NDArray[np.bool_]) -> Longs:
    lots, got, sent, run = flow.lots(dwell), flow.received, flow.sent, ready(kernels, flow.size).links
    parts = in_parts(
        lambda a, b: run(
            a, b, got.ptr, got.events, got.values, sent.ptr, sent.events, sent.values, flow.time, microseconds(dwell),
            lots.passed, lots.funded, keep, skipped,
        ),
        got.ptr + sent.ptr,
    )  # fmt: skip
    return np.concatenate([rows[:number] for rows, number in parts])


def episodes(linked: Longs) -> Longs:
    """Where each episode begins in the rows of `links`: at one account, those that share lots.

    First in, first out never goes back, so links that hang together are neighbours: a new episode begins where neither
    the receipt nor the payment is the one before.
    """
    new = np.ones(len(linked), np.bool_)
    new[1:] = (np.diff(linked[:, 0]) != 0) & (np.diff(linked[:, 1]) != 0)
    return np.flatnonzero(new)


def receipts(linked: Longs, starts: Longs) -> tuple[Longs, Longs]:
    """The receipts of all episodes, each once, and where each episode's begin."""
    new = np.ones(len(linked), np.bool_)
    new[1:] = np.diff(linked[:, 0]) != 0
    new[starts] = True
    return linked[new, 0], (np.cumsum(new) - 1)[starts]
