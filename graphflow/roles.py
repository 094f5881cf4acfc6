"""The role each account plays in a case, and the sentence that says why.

Roles are worked out for all cases at once, on columns, the first time one of them is looked at: what a case says and
what accounts.parquet says come from the same table. A role says what an account does in the flow. It is a lead for a
person, never a verdict: a victim and a helper can look alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.cited import Cited
from graphflow.finding import Finding
from graphflow.flow import Flow
from graphflow.role_signs import Seen, Signs

Role = Literal[
    "controller candidate",
    "cash-out",
    "collector",
    "distributor",
    "cycle",
    "transit",
    "victim candidate",
    "source",
    "end",
]
"""controller candidate: small shares of what flagged accounts receive come to it, or their branches or device meet in
it; cash-out: value leaves here, as cash or at an exchange, or gathers and stops; collector: many pay it; distributor:
pays many; cycle: on a closed way; transit: passes on what it receives; victim candidate: an ordinary account that paid
collectors once and got next to nothing back; source: only pays; end: only receives."""

ROLES: tuple[Role, ...] = get_args(Role)

BY_DETECTOR: Mapping[str, Role] = {"fan-in": "collector", "fan-out": "distributor", "cycle": "cycle"}
_MANY = 5
"""Payers that make a flagged account a collector, payees that make it a distributor, whatever detector flagged it."""

_Reason = tuple[Role, str]
_REASONS: tuple[_Reason, ...] = (
    ("source", "only pays in this case, {b} payee{t}"),
    ("end", "only receives in this case, from {a} payer{s}"),
    ("transit", "receives from {a} payer{s} and pays {b} payee{t}"),
    ("collector", "{a} payer{s} pay it in this case"),
    ("distributor", "pays {b} payee{t} in this case"),
    ("cycle", "on a way of the money that comes back to where it began"),
    (
        "controller candidate",
        "gets {a} payments, at most {tenths} % of what each payer receives, again and again: like a commission",
    ),
    ("controller candidate", "{a} branches of the case meet in it"),
    ("controller candidate", "its device also made payments of {a} flagged accounts of the case"),
    ("cash-out", "an exchange or OTC desk by type: value changes its form here"),
    ("cash-out", "{a} % of what it pays leaves as cash"),
    (
        "cash-out",
        "{a} flagged accounts pay it, and it pays nobody afterwards: value gathers and stops or is still there",
    ),
    ("victim candidate", "paid collectors {a} time{s} within days and is not flagged itself; {back} came back"),
)
SOURCE, END, TRANSIT, COLLECTOR, DISTRIBUTOR, CYCLE, COMMISSION, BRANCHES, DEVICE, EXCHANGE, CASH, STOPS, VICTIM = (
    range(len(_REASONS))
)

Longs = npt.NDArray[np.int64]


class Roles:
    """Roles of the accounts of many cases; `findings` are those of each case, in the order of cases."""

    def __init__(self, flow: Flow, findings: Sequence[Sequence[Finding]]) -> None:
        self._flow, self.findings = flow, findings

    @cached_property
    def table(self) -> pl.DataFrame:
        """`case` (its position), `code`, `account`, `role`, `reason`, by case and code."""
        cited = Cited(self._flow, self.findings, BY_DETECTOR, ROLES)
        why, a, b = _decided(cited)
        return pl.DataFrame(
            {
                "case": cited.owner,
                "code": cited.codes,
                "account": self._flow.names.gather(cited.codes),
                "role": pl.Series([role for role, _ in _REASONS]).gather(why),
                "reason": _sentences(why, a, b),
            }
        )

    @cached_property
    def _bounds(self) -> list[int]:
        edges: list[int] = np.searchsorted(self.table["case"].to_numpy(), np.arange(len(self.findings) + 1)).tolist()
        return edges

    def of(self, case: int, column: str) -> dict[str, str]:
        """account → `role` or `reason` of one case, accounts in order of first appearance in the ledger."""
        part = self.table[self._bounds[case] : self._bounds[case + 1]]
        return dict(zip(part["account"].to_list(), part[column].to_list(), strict=True))

    def best(self) -> pl.DataFrame:
        """Of each account on a case, its role in the first one: `account`, `role`, `role_reason`, `case`."""
        first = self.table.sort("code", "case").unique("code", keep="first", maintain_order=True)
        return first.select("account", "role", pl.col("reason").alias("role_reason"), "case")


class Column(Mapping[str, str]):
    """One column of one case, made at the first look: few cases of many are ever opened."""

    def __init__(self, roles: Roles, case: int, column: str) -> None:
        self.roles, self._case, self._column = roles, case, column

    @cached_property
    def _values(self) -> dict[str, str]:
        return self.roles.of(self._case, self._column)

    def __getitem__(self, account: str) -> str:
        return self._values[account]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _decided(cited: Cited) -> tuple[Longs, Longs, Longs]:
    """Of each account, the position of its reason in `_REASONS` and the numbers in it. Later signs are stronger."""
    if not cited.count:
        return (np.empty(0, np.int64),) * 3
    signs, (why, a, b) = Signs(cited), _by_flow(cited)

    def set_to(reason: int, seen: Seen, *over: int) -> None:
        at = np.isin(why[seen.at], over) if over else np.ones(seen.at.size, np.bool_)
        why[seen.at[at]], a[seen.at[at]], b[seen.at[at]] = reason, seen.a[at], seen.b[at]

    set_to(VICTIM, signs.victims(why == COLLECTOR), SOURCE, TRANSIT)
    stops, meets = signs.gathering(why == END)
    set_to(BRANCHES, meets, END)
    set_to(STOPS, stops, END)
    set_to(DEVICE, signs.devices(((why == END) | (why == SOURCE)) & ~cited.flagged), END, SOURCE)
    weak = np.isin(why, (END, TRANSIT, STOPS, BRANCHES, DEVICE))
    set_to(CASH, signs.cash())
    set_to(EXCHANGE, signs.exchanges())
    set_to(COMMISSION, signs.commissions(weak))
    return why, a, b


def _by_flow(cited: Cited) -> tuple[Longs, Longs, Longs]:
    """What the detectors and the cited transactions alone say."""
    pays, gets = cited.payees > 0, cited.payers > 0
    by, most = (cited.by == ROLES.index(role) for role in ("collector", "distributor", "cycle")), cited.flagged
    tests = [
        *by,
        most & (cited.payers >= _MANY) & (cited.payers > cited.payees),
        most & (cited.payees >= _MANY) & (cited.payees > cited.payers),
        pays & gets,
        pays,
    ]
    why = np.select(tests, [COLLECTOR, DISTRIBUTOR, CYCLE, COLLECTOR, DISTRIBUTOR, TRANSIT, SOURCE], END)
    return why.astype(np.int64), cited.payers.copy(), cited.payees.copy()


def _sentences(why: Longs, a: Longs, b: Longs) -> pl.Series:
    """The reasons in words; many accounts share one."""
    numbers = pl.DataFrame({"why": why, "a": a, "b": b})
    texts = numbers.unique(maintain_order=True)
    said = [_REASONS[reason][1].format_map(_words(x, y)) for reason, x, y in texts.iter_rows()]
    told = texts.with_columns(text=pl.Series(said, dtype=pl.String))
    return numbers.join(told, on=["why", "a", "b"], how="left", maintain_order="left")["text"]


def _words(a: int, b: int) -> dict[str, str]:
    """The two numbers of a reason as its sentence needs them."""
    return {
        "a": f"{a:,}",
        "b": f"{b:,}",
        "s": "s" * (a != 1),
        "t": "s" * (b != 1),
        "back": f"{b:,} %" if b else "nothing",
        "tenths": f"{b / 10:g}",
    }
