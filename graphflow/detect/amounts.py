"""What a group of transactions moved, in one currency: exact where it is one, in the value basis where not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.flow import Flow

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Totals:
    """Sum of each group in minor units of `currency`.

    rough   several currencies, one of which has only a rough rate
    """

    amount: Longs
    currency: list[str]
    rough: npt.NDArray[np.bool_]


def totals(flow: Flow, events: npt.NDArray[np.signedinteger[Any]], starts: Longs) -> Totals:
    """Totals of consecutive groups of `events`; group g begins at starts[g] and is not empty.

    Currencies are never added: a group with more than one is summed in the base currency.
    """
    if not starts.size:
        return Totals(np.empty(0, np.int64), [], np.empty(0, np.bool_))
    names, valuation = flow.ledger.currencies, flow.valuation
    codes = flow.currency_codes[events]
    first = np.minimum.reduceat(codes, starts)
    mixed = first != np.maximum.reduceat(codes, starts)
    unsure = np.array([name in valuation.rough for name in names])
    amount = np.where(mixed, np.add.reduceat(flow.value[events], starts), np.add.reduceat(flow.paid[events], starts))
    return Totals(
        amount=amount,
        currency=[valuation.base if m else names[k] for k, m in zip(first.tolist(), mixed.tolist(), strict=True)],
        rough=mixed & np.logical_or.reduceat(unsure[codes], starts),
    )
