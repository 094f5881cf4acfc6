"""What is true of a whole ledger, gathered from buckets of accounts: each bucket has all transfers of its accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_behaviour import Behaviour
from graphflow.account_names import AccountTypeNames
from graphflow.account_types import Conduct, conduct, typed
from graphflow.detect import Detector
from graphflow.detect.gateways import DAY
from graphflow.flow import Flow
from graphflow.ledger import Ledger
from graphflow.rarity import Usual, reached_of, worth_counts
from graphflow.scale.part import Bools, Facts, Longs
from graphflow.totals import Totals
from graphflow.value import Valuation

Hubs = tuple[tuple[timedelta, int], ...]
"""(window, most) of the hubs that are asked for."""

_HUB = (DAY, 100)
"""What cases and tables ask."""


def hubs_asked(detectors: Iterable[Detector]) -> Hubs:
    """What these detectors ask of hubs."""
    asked = {_HUB}
    for detector in detectors:
        held = {parameter.name: getattr(detector, parameter.name) for parameter in fields(detector)}
        if "hub" in held:
            asked |= {(DAY, held["hub"]), (held.get("dwell", DAY), held["hub"])}
    return tuple(sorted(asked))


class Bucket(Flow):
    """All transfers of some accounts, before anything is known of the whole but its value basis and its span.

    codes  the accounts, from the first to before the last; valuation: of the rows of the ledger
    """

    def __init__(
        self, ledger: Ledger, rows: Longs | None, codes: tuple[int, int], valuation: Valuation, span: int
    ) -> None:
        super().__init__(ledger, rows)
        self.codes, self._span = codes, span
        self.valuation = valuation

    @property
    def span(self) -> int:
        return self._span

    @cached_property
    def own(self) -> Bools:
        own = np.zeros(self.account_count, np.bool_)
        own[slice(*self.codes)] = True
        return own


@dataclass(frozen=True, kw_only=True, eq=False)
class AccountFacts:
    """What a bucket says of its accounts, `codes`.

    traffic, small, hubs  one entry an account; seen: what its accounts do
    paid, one_off         rows of the ledger that its accounts pay, and whether each is of a one-off pair
    worth                 payments of its accounts by value bucket; totals: one entry an account
    """

    codes: tuple[int, int]
    traffic: Longs
    small: npt.NDArray[np.int8]
    seen: Behaviour | None
    hubs: dict[tuple[timedelta, int], Bools]
    paid: Longs
    one_off: Bools
    worth: Longs
    totals: Totals


def facts_of(bucket: Bucket, asked: Hubs) -> AccountFacts:
    """What the accounts of a bucket do."""
    own, paid, does = slice(*bucket.codes), np.sort(bucket.sent.events), conduct(bucket)
    told = AccountFacts(
        codes=bucket.codes,
        traffic=bucket.traffic[own],
        small=does.small[own],
        seen=does.seen,
        hubs={(window, most): bucket.hubs(window, most)[own] for window, most in asked},
        paid=bucket.ledger.places(paid.astype(np.int64)),
        one_off=bucket.rarity.one_off[paid],
        worth=worth_counts(bucket.sent.values),
        totals=Totals.of(bucket).part(own),
    )
    bucket.forget()
    return told


def joined(
    told: Sequence[AccountFacts], one_off: Bools, accounts: pl.DataFrame, types: AccountTypeNames,
    valuation: Valuation, span: int,
) -> Facts:  # fmt: skip
    """The facts of the whole, from those of all buckets in the order of their accounts.

    one_off  of each row of the ledger; valuation: of its rows
    """
    small = np.concatenate([each.small for each in told]) if told else np.empty(0, np.int8)
    worth = np.zeros(max((each.worth.size for each in told), default=1), np.int64)
    for each in told:
        worth[: each.worth.size] += each.worth
    return Facts(
        size=one_off.size,
        span=span,
        valuation=valuation,
        traffic=np.concatenate([each.traffic for each in told]) if told else np.empty(0, np.int64),
        totals=Totals.joined([each.totals for each in told]) if told else None,
        types=typed(accounts, types, Conduct(small, Behaviour.joined([each.seen for each in told if each.seen]))),
        hubs={key: np.concatenate([each.hubs[key] for each in told]) for key in told[0].hubs} if told else {},
        usual=Usual(one_off, float(one_off.sum() / max(1, int(worth.sum()))), reached_of(worth)),
    )
