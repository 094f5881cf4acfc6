"""From what fits each line to one transfer a line, or the reason why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from graphflow.ledger import Ledger
from graphflow.trace.victims.fitting import Ask, Fits, agrees
from graphflow.trace.victims.source_rows import by_source, by_transaction
from graphflow.trace.victims.unmatched import Explanations, sentence
from graphflow.words import count, named

_LISTABLE = 64
"""More transfers than this that fit one line are never matched one to one with as many lines."""


@dataclass(kw_only=True)
class Outcome:
    """By line (its position): rows and how each was found; or the reason and the candidates."""

    matched: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    listed: dict[int, tuple[str, str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def sort_out(lines: pl.DataFrame, asked: Ask, fit: Fits, ledger: Ledger, flagged: Collection[int]) -> Outcome:
    """Decide each line: sources first, then lines with one fit, then groups of lines with the same fits."""
    work = _Sorting(lines, asked, fit, ledger, flagged)
    work.take_sources()
    work.take_single()
    work.take_groups()
    work.take_lone_victims()
    work.take_collectors()
    work.list_rest()
    return work.outcome


_ALL_TO_ONE = "its payments to the one account among those it pays that is named or flagged"


class _Sorting:
    """The lines that are still open, and the rows that are taken."""

    def __init__(self, lines: pl.DataFrame, asked: Ask, fit: Fits, ledger: Ledger, flagged: Collection[int]) -> None:
        self.lines, self.asked, self.fit, self.ledger = lines, asked, fit, ledger
        self.outcome = Outcome()
        self.notes: dict[int, str] = {}
        self.taken: dict[int, int] = {}
        self._refused = lines["refused"].to_list()
        self._tx, self._row = lines["tx"].to_list(), lines["row"].to_list()
        self._asks = asked.table.to_dicts()
        self.explain = Explanations(lines, asked, ledger)
        bare = [k for k in range(lines.height) if not self._asks[k]["amount"] and self._asks[k]["low"] is None]
        self.collectors = {k: code for k in bare if (code := self._lone(k, 1)) is not None}
        self.victims = {k: code for k in bare if (code := self._lone(k, 0)) is not None}
        self.named = set(flagged) | {end.code for _, end in asked.ends if end.code is not None}

    def _lone(self, k: int, which: int) -> int | None:
        """The account of a line that states one end and nothing else."""
        if self.asked.ends[k][1 - which].is_stated or self._sources(k):
            return None
        return self.asked.ends[k][which].code

    def _sources(self, k: int) -> bool:
        return self._tx[k] is not None or self._row[k] is not None

    def _open(self) -> Iterator[int]:
        done = self.outcome
        return (k for k in range(self.lines.height) if k not in done.matched and k not in done.listed)

    def _take(self, k: int, row: int, how: str) -> None:
        """A row for a line; one that is taken already counts once."""
        if row in self.taken:
            self._list_again(k, row)
            return
        self.taken[row] = k
        self.outcome.matched.setdefault(k, []).append((row, how))

    def _list_again(self, k: int, row: int) -> None:
        first = self.lines["line"][self.taken[row]]
        self._list(k, f"the same transfer as line {first}: it counts once", [row])

    def _list(self, k: int, reason: str, rows: Sequence[int] = ()) -> None:
        self.outcome.listed[k] = (reason, self.explain.shown(rows))

    # --- steps -------------------------------------------------------------------------------------

    def take_sources(self) -> None:
        """Lines that name a transaction, or a file and a row."""
        known, missing = by_transaction(self.lines, self.ledger)
        placed, unplaced = by_source(self.lines, self.ledger, set(known))
        for k, row in sorted({**placed, **known}.items()):
            if self._refused[k] is not None:
                self._list(k, self._refused[k], [row])
                continue
            how = "by transaction id" if k in known else "by file and row"
            wrong = self._against(k, row)
            if wrong:
                self._list(k, f"{wrong} in the transfer that it names {how}", [row])
            else:
                self._take(k, row, how)
        self.notes = {**unplaced, **missing}
        for k, note in self.notes.items():
            if k not in placed and k not in known and not self._can_fit(k):
                self._list(k, note)

    def _can_fit(self, k: int) -> bool:
        """Whether a line says enough to be found without the source it names."""
        return self._refused[k] is None and k in self.fit.rows and sum(map(bool, self._fields(k))) > 1

    def _fields(self, k: int) -> tuple[bool, bool, bool, bool]:
        payer, payee = self.asked.ends[k]
        asks = self._asks[k]
        return payer.is_stated, payee.is_stated, asks["amount"] is not None, asks["low"] is not None

    def _against(self, k: int, row: int) -> str:
        """What a line says otherwise than a transfer; a time that is apart is no contradiction."""
        ledger, asks = self.ledger, self._asks[k]
        codes = int(ledger.payer_codes[row]), int(ledger.payee_codes[row])
        if codes[0] == codes[1]:
            return "payer and payee are one account"
        stated = self.asked.ends[k]
        if (stated[0].code, stated[1].code) in ((codes[1], codes[0]), (codes[1], None)):
            return "the money goes the other way, to the victim,"
        for end, code, what in zip(stated, codes, ("payer", "payee"), strict=True):
            other = end.code is not None and end.code != code
            account = ledger.accounts.row(code, named=True)
            if other or not agrees(end, account["account"], account["name"]) or (end.why and not (end.low or end.name)):
                return f"another {what} stands"
        if asks["amount"] is not None and abs(self.explain.money(row) - asks["amount"]) > self.asked.spread:
            return "another amount stands"
        if asks["currency"] is not None and ledger.frame["paid_currency"][row] != asks["currency"]:
            return "another currency stands"
        return ""

    def take_single(self) -> None:
        """Lines that one transfer fits."""
        for k in list(self._open()):
            rows = self._fitting(k)
            if len(rows) == 1:
                self._take(k, rows[0], self._how(k, rows[0]))

    def _fitting(self, k: int) -> Sequence[int]:
        """What fits a line that is sound; an account that is not known fits nothing."""
        unknown = any(end.why and not (end.low or end.name) for end in self.asked.ends[k])
        unknown |= self._fields(k) == (False, False, False, True)  # a time alone names no payment
        if self._refused[k] is not None or unknown or k in self.fit.crowded or k in self.collectors:
            return ()
        return self.fit.rows.get(k, ())

    def _how(self, k: int, row: int) -> str:
        payer, payee, amount, time = self._fields(k)
        parts = [
            "accounts" if payer and payee else "victim" if payer else "payee" if payee else "",
            "amount" if amount else "",
            self._apart(k, row) if time else "",
        ]
        said = [part for part in parts if part]
        words = ", ".join(said[:-1]) + (" and " if said[1:] else "") + said[-1]
        note = f"; {self.notes[k]}" if k in self.notes else ""
        return f"by {words}" + (": its only payment" if said == ["victim"] else "") + note

    def _apart(self, k: int, row: int) -> str:
        if self._asks[k]["by_day"]:
            return "day"
        stated, own = self.lines["time"][k], self.ledger.frame["time"][row]
        seconds = round(abs((own - stated).total_seconds()))
        return f"time {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02} apart"

    def take_groups(self) -> None:
        """Lines that the same transfers fit: as many lines as transfers, or transfers of which any is the same."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for k in self._open():
            rows = self._fitting(k)
            if 1 < len(rows) <= _LISTABLE and k not in self.victims:
                groups.setdefault(tuple(rows), []).append(k)
        for rows, lines in groups.items():
            free = [row for row in rows if row not in self.taken]
            alike = self._alike(rows)
            if alike or (len(free) == len(rows) <= len(lines)):
                self._one_to_one(lines, rows, free, alike=alike)

    def _one_to_one(self, lines: Sequence[int], rows: Sequence[int], free: Sequence[int], *, alike: bool) -> None:
        for position, k in enumerate(lines):
            if position >= len(free):
                self._list_again(k, rows[-1])
                continue
            row = free[position]
            number = count(len(rows), "equal transfer" if alike else "transfer")
            which = f"one of {number}" + (" of the same moment" if alike else f" that {len(lines)} lines fit")
            self._take(k, row, f"{self._how(k, row)}, {which}")

    def _alike(self, rows: Sequence[int]) -> bool:
        """Whether transfers have the same accounts, time and money, so that any of them is the same in effect."""
        ledger = self.ledger
        columns = (ledger.payer_codes, ledger.payee_codes, ledger.currency_codes, ledger.received_codes)
        at = list(rows)
        texts = (ledger.frame[name].gather(at).n_unique() == 1 for name in ("time", "paid", "received"))
        return all(len(set(column[at].tolist())) == 1 for column in columns) and all(texts)

    def take_lone_victims(self) -> None:
        """An account that lost money: its only payment to an account that the file or the findings name."""
        wanted = np.array(sorted(self.named), np.int64)
        for k in list(self._open()):
            if k not in self.victims or self._refused[k] is not None:
                continue
            account, rows = named_account(self.ledger, self.victims[k]), self.explain.payments(self.victims[k])
            to_named = rows[np.isin(self.ledger.payee_codes[rows], wanted)]
            if to_named.size == 1:
                self._take(k, int(to_named[0]), "by victim: its only payment to an account that is named or flagged")
            elif to_named.size and np.unique(self.ledger.payee_codes[to_named]).size == 1:
                for row in to_named.tolist():
                    self._take(k, row, f"by victim: {_ALL_TO_ONE}")
            elif to_named.size:
                made = count(to_named.size, "payment")
                reason = f"{account} made {made} to accounts that are named or flagged: say which"
                self._list(k, reason, self.explain.largest(to_named))
            elif rows.size:
                reason = (
                    f"{account} made {count(rows.size, 'payment')}, none to an account that is named or flagged: add "
                    "the payee, time or amount of those that are meant"
                )
                self._list(k, reason, self.explain.largest(rows))
            else:
                self._list(k, f"{account} pays nobody in the ledger")

    def take_collectors(self) -> None:
        """A payee alone: all payments into it, but those of other such accounts."""
        codes = set(self.collectors.values())
        for k, code in self.collectors.items():
            if k in self.outcome.listed or self._refused[k] is not None:
                continue
            rows = self.explain.receipts(code)
            own = [row for row in rows.tolist() if int(self.ledger.payer_codes[row]) not in codes]
            new = [row for row in own if row not in self.taken]
            if len(own) < rows.size:
                left = count(int(rows.size) - len(own), "payment")
                self.outcome.warnings.append(
                    f"line {self.lines['line'][k]}: {left} into it left out, as other payees named alone made them"
                )
            for row in new:
                self._take(k, row, f"a payment into {named_account(self.ledger, code)}")
            if not new:
                none = "what it receives is named by other lines: it counts once" if own else "no victim pays it"
                self._list(k, f"{named_account(self.ledger, code)}: {none}", own[:5])

    def list_rest(self) -> None:
        """Every line that is still open, with its reason."""
        for k in list(self._open()):
            payer, payee = self.asked.ends[k]
            if self._refused[k] is not None:
                self._list(k, self._refused[k])
            elif not any(self._fields(k)):
                self._list(k, self.notes.get(k, "it names no payment and no account"))
            elif k in self.fit.crowded:
                self._list(k, f"{self.fit.crowded[k]:,} transfers may be meant: say more of it")
            else:
                rows = self._fitting(k)
                reason, near = self.explain.of(k, rows, (payer, payee), self._fields(k))
                self._list(k, sentence(reason, self.notes.get(k, "")), near)
        if told := self.explain.shift():
            self.outcome.warnings.append(told)
        again = sum("counts once" in reason for reason, _ in self.outcome.listed.values())
        if again:
            self.outcome.warnings.append(
                f"{count(again, 'line')} listed for naming transfers that other lines name: these count once"
            )


def named_account(ledger: Ledger, code: int) -> str:
    """An account by its code, short enough for a sentence."""
    return named(ledger.accounts["account"][code])
