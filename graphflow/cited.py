"""Accounts and pairs of accounts on the cited transactions of many cases, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.finding import Finding
from graphflow.flow import Flow

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Cited:
    """Accounts and pairs of accounts on the cited transactions of each case.

    keys     case × accounts of the ledger + code, rising: one an account of a case; an account's place is its position
    flagged  whether some finding of the case suspects it; by: the first of `order` that such a finding's detector gives
             (the length of `order`: none)
    pair_*   places of payer and payee, value and first ledger row of each pair that has a cited transaction
    """

    def __init__(
        self, flow: Flow, findings: Sequence[Sequence[Finding]], by: Mapping[str, str], order: Sequence[str]
    ) -> None:
        ledger, self.flow, self.size = flow.ledger, flow, flow.account_count
        listed = [(case, finding) for case, found in enumerate(findings) for finding in found]
        rows = np.concatenate([finding.rows for _, finding in listed] or [np.empty(0, np.int64)])
        case = np.repeat([case for case, _ in listed], [finding.rows.size for _, finding in listed]).astype(np.int64)
        self.case, self.rows = _split(distinct(case * max(ledger.height, 1) + rows), ledger.height)
        ends = [self.case * self.size + codes[self.rows] for codes in (ledger.payer_codes, ledger.payee_codes)]
        self.keys, places = np.unique(np.concatenate(ends), return_inverse=True)
        self.payer, self.payee = places[: self.rows.size], places[self.rows.size :]
        self.codes: Longs = self.keys % max(self.size, 1)
        self._pair()
        self._flag(listed, by, order)

    @property
    def count(self) -> int:
        """Number of accounts of all cases."""
        return self.keys.size

    @property
    def owner(self) -> Longs:
        """The case of each account."""
        cases: Longs = self.keys // max(self.size, 1)
        return cases

    def tally(self, places: Longs) -> Longs:
        """How often each account occurs in `places`."""
        return np.bincount(places, minlength=self.count)

    def places_of(self, cases: Longs, codes: Longs) -> Longs:
        """Places of accounts of cases; -1 for one that is on none of its cited transactions."""
        wanted = cases * self.size + codes
        at = np.minimum(np.searchsorted(self.keys, wanted), self.count - 1)
        return np.where(self.keys[at] == wanted, at, -1)

    def _pair(self) -> None:
        keys, first, which = np.unique(self.payer * self.count + self.payee, return_index=True, return_inverse=True)
        self.pair_payer, self.pair_payee = _split(keys, self.count)
        value = self.flow.valuation.values[self.rows]
        self.pair_value = np.bincount(which, weights=value, minlength=keys.size)
        self.pair_first = self.rows[first]
        self.payees, self.payers = self.tally(self.pair_payer), self.tally(self.pair_payee)

    def _flag(self, listed: list[tuple[int, Finding]], by: Mapping[str, str], order: Sequence[str]) -> None:
        sizes = [len(f.accounts) for _, f in listed]
        kinds = [order.index(by[f.detector]) if f.detector in by else len(order) for _, f in listed]
        suspects = pl.DataFrame(
            {
                "case": np.repeat([case for case, _ in listed], sizes).astype(np.int64),
                "account": pl.Series([name for _, f in listed for name in f.accounts], dtype=pl.String),
                "by": np.repeat(kinds, sizes).astype(np.int64),
            }
        )
        mine = pl.DataFrame({"case": self.owner, "account": self.flow.names.gather(self.codes)})
        firsts = suspects.group_by("case", "account").agg(pl.col("by").min())
        joined = mine.join(firsts, on=["case", "account"], how="left", maintain_order="left")["by"]
        self.flagged: Bools = joined.is_not_null().to_numpy()
        self.by: Longs = joined.fill_null(len(order)).to_numpy()


def _split(keys: Longs, size: int) -> tuple[Longs, Longs]:
    """Two numbers out of first × size + second."""
    first, second = np.divmod(keys, np.int64(max(size, 1)))
    return first.astype(np.int64), second.astype(np.int64)


def distinct(keys: Longs) -> Longs:
    """The different ones of keys from 0 on, rising; faster than `np.unique` where they are nearly in order."""
    ordered = np.sort(keys, kind="stable")
    first: Longs = ordered[np.diff(ordered, prepend=-1) != 0]
    return first
