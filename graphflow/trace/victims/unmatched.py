"""Why a line names no single transfer, and which transfers come nearest to what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from heapq import nlargest
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.ledger import Ledger, major
from graphflow.read.amounts import SCALE
from graphflow.trace.victims.fitting import Ask
from graphflow.trace.victims.stated_accounts import End
from graphflow.words import count, named, shown, span

Longs = npt.NDArray[np.int64]
Fields = tuple[bool, bool, bool, bool]
_Key = tuple[str, int, int | None]
"""Whose transfers: as payer or as payee, the account, and the other end where only those with it are meant."""

MOST_SHOWN = 5
_NEAR = 40
_LARGEST = 2**62
_SHIFTED = 2
_DAY = 86_400 * 1_000_000
_HALF_HOUR = _DAY // 48


def sentence(reason: str, note: str) -> str:
    """A reason, and what is wrong with the source that the line names."""
    return f"{note}; {reason}" if note else reason


@dataclass(frozen=True, eq=False)
class _Sorted:
    """Very many transfers, by time (as `rows` are) and by amount, to look up those near to one."""

    rows: Longs
    times: Longs
    by_amount: Longs
    amounts: Longs

    @classmethod
    def of(cls, rows: Longs, time: Longs, paid: Longs) -> _Sorted:
        by_amount = rows[np.argsort(paid[rows], kind="stable")]
        return cls(rows, time[rows], by_amount, paid[by_amount])

    def near(self, time: int | None, amounts: Iterable[int]) -> Longs:
        """Transfers near in time, or in amount (as minor units, for each number of decimals there is)."""
        parts = [self.rows[:_NEAR]] if time is None else [self._around(self.rows, self.times, time)]
        parts += [self._around(self.by_amount, self.amounts, min(amount, _LARGEST)) for amount in amounts]
        return np.unique(np.concatenate(parts))

    @staticmethod
    def _around(rows: Longs, values: Longs, value: int) -> Longs:
        at = int(np.searchsorted(values, value))
        return rows[max(0, at - _NEAR // 2) : at + _NEAR // 2]


class Explanations:
    """Transfers by account, looked up when first asked for, and what to say of lines."""

    def __init__(self, lines: pl.DataFrame, asked: Ask, ledger: Ledger) -> None:
        self.lines, self.asked, self.ledger = lines, asked, ledger
        self._asks = asked.table.to_dicts()
        self._kept: dict[_Key, _Sorted] = {}
        self.shifts: Counter[int] = Counter()

    # --- transfers by account ------------------------------------------------------------------------

    @cached_property
    def _groups(self) -> dict[str, tuple[Longs, Longs]]:
        """By side: the transfers of the accounts that lines state, grouped by account; and the account of each."""
        codes = {end.code for ends in self.asked.ends for end in ends if end.code is not None}
        wanted = np.zeros(self.ledger.accounts.height, np.bool_)
        wanted[list(codes)] = True
        proper = self.ledger.payer_codes != self.ledger.payee_codes
        grouped = {}
        for side, own in (("payer", self.ledger.payer_codes), ("payee", self.ledger.payee_codes)):
            rows = np.flatnonzero(wanted[own] & proper)
            rows = rows[np.argsort(own[rows], kind="stable")]
            grouped[side] = rows, own[rows].astype(np.int64)
        return grouped

    def _of(self, side: str, code: int) -> Longs:
        rows, own = self._groups[side]
        start, stop = np.searchsorted(own, [code, code + 1])
        part: Longs = rows[start:stop]
        return part

    def payments(self, code: int) -> Longs:
        """What a stated account pays to others, in ledger order."""
        return self._of("payer", code)

    def receipts(self, code: int) -> Longs:
        """What others pay to a stated account."""
        return self._of("payee", code)

    # --- what transfers say --------------------------------------------------------------------------

    def money(self, row: int) -> int:
        """What a transfer pays, in 10⁻¹⁸."""
        return int(self._paid[row]) * self._units[int(self.ledger.currency_codes[row])]

    @cached_property
    def _units(self) -> list[int]:
        return [10 ** (SCALE - places) for places in self.ledger.decimals.values()]

    def largest(self, rows: Longs) -> list[int]:
        """All of them, the largest few in front."""
        best = [row for row, _ in nlargest(MOST_SHOWN, map(self._with_money, rows.tolist()), key=itemgetter(1))]
        return best + [row for row in rows.tolist() if row not in best]

    def _with_money(self, row: int) -> tuple[int, int]:
        return row, self.money(row)

    def shown(self, rows: Sequence[int]) -> str:
        """Transfers in words, at most five."""
        told = "; ".join(self._said(row) for row in list(rows)[:MOST_SHOWN])
        more = len(rows) - MOST_SHOWN
        return f"{told}; and {more:,} more" if more > 0 else told

    def _said(self, row: int) -> str:
        of = self.ledger.frame.row(row, named=True)
        amount = f"{major(of['paid'], self.ledger.decimals[of['paid_currency']])} {of['paid_currency']}"
        return (
            f"{named(of['tx'])}: {of['time']:%Y-%m-%d %H:%M:%S} {named(of['payer'])} → {named(of['payee'])} "
            f"{amount} ({shown(of['file'])} row {of['row']})"
        )

    @cached_property
    def _paid(self) -> Longs:
        return self.ledger.frame["paid"].to_numpy()

    @cached_property
    def _time(self) -> Longs:
        return self.ledger.frame["time"].to_physical().to_numpy()

    def shift(self) -> str:
        """What to say where several lines fit but for one and the same number of half hours."""
        halves, number = max(self.shifts.items(), key=itemgetter(1), default=(0, 0))
        if not halves or number < _SHIFTED or 2 * number <= self.shifts.total():
            return ""
        return (
            f"{number:,} lines would fit if their times were {abs(halves) / 2:g} hours "
            f"{'later' if halves > 0 else 'earlier'}: are they of another time zone than the ledger?"
        )

    # --- why ------------------------------------------------------------------------------------------

    def of(self, k: int, rows: Sequence[int], ends: tuple[End, End], fields: Fields) -> tuple[str, list[int]]:
        """The reason for a line that is not matched, and the transfers to show."""
        whys = [end.why for end in ends if end.why]
        if len(rows) > 1:
            return f"{count(len(rows), 'transfer')} fit it: say more of it", self._order(k, np.array(rows))
        for reason in (*whys, self._out_of_range(k), self._foreign(k)):
            if reason:
                return reason, self._nearest(k, ends)
        turned = self._turned(k, ends)
        if turned:
            return "the money goes the other way, to the victim", turned
        selves = self._to_itself(k, ends)
        if selves or (ends[0].code is not None and ends[0].code == ends[1].code):
            return "payer and payee are one account: nothing moves", selves
        if fields == (False, False, False, True):
            return "a time alone names no payment", []
        near = self._nearest(k, ends)
        return self._differs(k, near), near

    def _out_of_range(self, k: int) -> str:
        asks, time = self._asks[k], self._time
        if asks["low"] is None or not time.size or (asks["high"] >= time[0] and asks["low"] <= time[-1]):
            return ""
        first, last = (f"{self.ledger.frame['time'][at]:%Y-%m-%d %H:%M}" for at in (0, -1))
        return f"its time is outside the ledger, which goes from {first} to {last} UTC"

    def _foreign(self, k: int) -> str:
        currency = self._asks[k]["currency"]
        if currency is None or currency in self.ledger.decimals:
            return ""
        return f"no transfer is in {shown(currency, 20)}; the ledger has {', '.join(self.ledger.currencies[:8])}"

    def _turned(self, k: int, ends: tuple[End, End]) -> list[int]:
        """Transfers that fit when the payer is the payee."""
        payer, payee = ends[0].code, ends[1].code
        if payer is None:
            return []
        rows = self.receipts(payer)
        if payee is not None:
            rows = rows[self.ledger.payer_codes[rows] == payee]
        return [row for row in self._close_to(k, rows, ("payee", payer, payee)) if self._fits(k, row)]

    def _fits(self, k: int, row: int) -> bool:
        """Whether a transfer has the amount and the time of a line."""
        asks = self._asks[k]
        in_time = asks["low"] is None or asks["low"] <= self._time[row] <= asks["high"]
        return in_time and (asks["amount"] is None or abs(self.money(row) - asks["amount"]) <= self.asked.spread)

    @cached_property
    def _selves(self) -> Longs:
        """Transfers whose payer is their payee."""
        return np.flatnonzero(self.ledger.payer_codes == self.ledger.payee_codes)

    def _to_itself(self, k: int, ends: tuple[End, End]) -> list[int]:
        """Transfers of the stated account to itself that fit."""
        if ends[0].code is None or ends[1].is_stated:
            return []
        own = self._selves[self.ledger.payer_codes[self._selves] == ends[0].code]
        return [row for row in own[:_NEAR].tolist() if self._fits(k, row)]

    def _nearest(self, k: int, ends: tuple[End, End]) -> list[int]:
        """Transfers between the accounts, or of either, or of the amount, by nearness in amount and time."""
        payer, payee = ends[0].code, ends[1].code
        if payer is not None:
            rows = self.payments(payer)
            both = rows[self.ledger.payee_codes[rows] == payee] if payee is not None else rows
            if both.size:
                return self._close_to(k, both, ("payer", payer, payee))
            return self._close_to(k, rows, ("payer", payer, None))
        if payee is not None:
            return self._close_to(k, self.receipts(payee), ("payee", payee, None))
        return []

    def _close_to(self, k: int, rows: Longs, key: _Key) -> list[int]:
        """The nearest few of some rows; of very many only those near in time or in amount are looked at."""
        asks = self._asks[k]
        if rows.size > 2 * _NEAR:
            kept = self._kept.get(key)
            if kept is None:
                kept = self._kept[key] = _Sorted.of(rows, self._time, self._paid)
            units = set(self._units)
            rows = kept.near(asks["first"], [asks["amount"] // unit for unit in units] if asks["amount"] else ())
        return self._order(k, rows)[:MOST_SHOWN]

    def _order(self, k: int, rows: Longs) -> list[int]:
        """Rows by how far they are from what the line says: share of the amount plus days, each at most one."""
        asks = self._asks[k]
        listed: list[int] = rows.tolist()

        def far(row: int) -> tuple[float, int]:
            money = abs(self.money(row) - asks["amount"]) / asks["amount"] if asks["amount"] else 0.0
            days = abs(int(self._time[row]) - asks["first"]) / _DAY if asks["first"] is not None else 0.0
            return min(money, 1.0) + min(days, 1.0), row

        return sorted(listed, key=far)

    def _differs(self, k: int, near: Sequence[int]) -> str:
        """What the nearest transfer has otherwise than the line."""
        if not near:
            payer, payee = self.asked.ends[k]
            who = "pays nobody" if payer.code is not None else "is paid by nobody"
            known = payer.code is not None or payee.code is not None
            return f"the account {who} in the ledger" if known else "no transfer fits it"
        parts = dict(self._differences(k, near[0]))
        if list(parts) == ["time"]:
            self.shifts[round((int(self._time[near[0]]) - self._asks[k]["first"]) / _HALF_HOUR)] += 1
        said = [f"{what} ({detail})" if detail else what for what, detail in parts.items()] or ["what else it says"]
        return f"no transfer fits it{self._unseen(k)}; the nearest differs in {' and '.join(said)}"

    def _unseen(self, k: int) -> str:
        """What to say where the records have neither side of the payment: then it is no wonder that it is not there."""
        payer, payee = self.asked.ends[k]
        stated = self._stated
        if not stated or payer.code is None or payee.code is None or {payer.code, payee.code} & stated:
            return ""
        names = self.ledger.names
        return (
            f": the statements of {named(names[payer.code])} and {named(names[payee.code])} are not held, ask for them"
        )

    @cached_property
    def _stated(self) -> set[int]:
        """Accounts whose own statements are held, where the ledger is made of statements."""
        if any(source.rows["accepted"] and not source.direction for source in self.ledger.sources):
            return set()
        own = self.ledger.accounts["account"].is_in(self.ledger.statements["account"].unique().implode())
        return set(own.arg_true().to_list())

    def _differences(self, k: int, row: int) -> Iterator[tuple[str, str]]:
        """In what a transfer differs from a line, and by how much."""
        ledger, asks = self.ledger, self._asks[k]
        sides = (ledger.payer_codes, ledger.payee_codes)
        for end, codes, what in zip(self.asked.ends[k], sides, ("payer", "payee"), strict=True):
            if end.code is not None and end.code != int(codes[row]):
                yield what, ""
        if asks["amount"] is not None and abs(self.money(row) - asks["amount"]) > self.asked.spread:
            yield "amount", ""
        if asks["currency"] not in (None, ledger.frame["paid_currency"][row]):
            yield "currency", ""
        if asks["low"] is not None and not asks["low"] <= self._time[row] <= asks["high"]:
            apart = min(abs(int(self._time[row]) - asks[end]) for end in ("first", "last"))
            yield "time", f"{span(timedelta(microseconds=apart))} apart"
