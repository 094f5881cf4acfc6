"""What the tables of a trace look at beside the accounts that the money can have reached.

A trace needs all transfers of reached accounts. Some tables ask more: who tests accounts before they are used, which
accounts are being readied, who pays from the same device. Where a ledger is read in part, all transfers of these
accounts are read too, so that each table says what it says of the whole. What accounts receive in all, which shows who
lives on commissions, is known of the whole without its transfers (`Flow.totals`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graphflow.detect.device_ring import DeviceRing
from graphflow.trace.early_warning import READY
from graphflow.trace.key_signs import test_payments
from graphflow.trace.trail import of_type

if TYPE_CHECKING:
    from graphflow.trace import Trace

Bools = npt.NDArray[np.bool_]
Longs = npt.NDArray[np.int64]

PaidSince = Callable[[Bools, datetime], Longs]
"""Accounts that some accounts pay from a moment on."""


def beside(trace: Trace, paid_since: PaidSince, users: tuple[Longs, Longs]) -> Bools:
    """Accounts of which tables look at all transfers, though the money need not have reached them.

    trace   of a ledger that has all transfers of the reached accounts
    users   numbers of places and the accounts that pay from them, of the whole: see `detect.places.users`
    """
    testers = np.zeros(trace.suspects.size, np.bool_)
    testers[[sign.account for sign in test_payments(trace)]] = True
    readied = np.zeros(testers.size, np.bool_)
    readied[paid_since(testers | trace.suspects, trace.now - READY)] = True
    return testers | (readied & of_type(trace.flow, ("unknown", "person"))) | _sharing(trace.suspects, *users)


def _sharing(suspects: Bools, place: Longs, payer: Longs) -> Bools:
    """Accounts that pay from a place of two suspected ones; of a place of very many, enough to see that it is one."""
    sharing = np.zeros(suspects.size, np.bool_)
    several, number = np.unique(place[suspects[payer]], return_counts=True)
    kept = np.isin(place, several[number > 1])
    place, payer = place[kept], payer[kept]
    order = np.lexsort((~suspects[payer], place))
    place, payer = place[order], payer[order]
    rank = np.arange(place.size) - np.searchsorted(place, place)
    sharing[payer[rank <= DeviceRing().most_accounts]] = True
    return sharing
