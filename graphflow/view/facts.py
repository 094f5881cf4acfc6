"""What a page's script knows: accounts, transactions and findings, all as text that is safe to show, amounts exact.

Amounts are minor units in decimal digits, since a script's numbers lose cents of large ones; times are seconds since
the page's first transaction, beside the time by the reader's clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from graphflow.languages import Reader
from graphflow.ledger import default_decimals
from graphflow.view.bins import bins
from graphflow.view.marked import TERMS
from graphflow.view.picture import Account, Edge, Node, Picture, Tally, Transfer
from graphflow.view.text import Totals, lasting
from graphflow.words import shown

MAX_ROWS = 2000
NAMES_IN_FULL = 400
"""Up to so many accounts, their numbers stand in full length on the page."""

Decimals = Mapping[str, int]


def as_json(data: object) -> str:
    """JSON that can stand inside a script element: nothing in it can close the element or open another."""
    text = json.dumps(data, separators=(",", ":"))
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def facts_of(
    drawn: Picture,
    decimals: Decimals,
    to: Reader,
    *,
    findings: Sequence[Mapping[str, Any]],
    listed: Sequence[int],
    largest: bool = False,
) -> dict[str, Any]:
    """Everything the page's script shows, for a reader.

    findings  what each button of the list highlights
    listed    positions of the transactions that the page holds, in time order
    largest   where it does not hold all: the largest ones, or a fair share of every finding
    """
    rows = [drawn.transfers[position] for position in listed]
    page = _Page(drawn, rows, decimals, to)
    # `held` may name currencies that no listed transaction has: the list of currencies is read last
    facts = {
        "accounts": [page.account(index) for index in page.used],
        "rows": [page.row(t) for t in rows],
        "whole": page.whole() if len(rows) < drawn.total else None,
        "held": page.held_in_boxes(),
    }
    return {
        **facts,
        "banks": page.banks.texts,
        "channels": page.channels.texts,
        "currencies": [[shown(code, 12), decimals.get(code, default_decimals(code))] for code in page.currencies.texts],
        "files": [[shown(PurePath(file).name, 80), shown(file)] for file in page.files.texts],
        "rules": page.rules,
        "findings": list(findings),
        "means": _means(drawn, to),
        "total": drawn.total,
        "listed": "largest" if largest else "fair",
        "clock": bins([t.time for t in rows], drawn.form, to),
    }


def _means(drawn: Picture, to: Reader) -> dict[str, str]:
    """What the words beside an account mean: roles by the name under which they are drawn, and how long money stays."""
    roles = {account.role for account in drawn.accounts if account.role in TERMS}
    words = {**{role.replace(" ", "-"): role for role in sorted(filter(None, roles))}, "stays": "stays"}
    return {name: to.say(TERMS[word]) for name, word in words.items()}


class _Texts:
    """Texts that come again and again, each once: a fact then holds its place."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._place: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Where the text stands; -1 for none."""
        if not text:
            return -1
        if text not in self._place:
            self._place[text] = len(self.texts)
            self.texts.append(text)
        return self._place[text]


class _Page:
    """The facts of one page, made one by one; texts that repeat are gathered on the way."""

    def __init__(self, drawn: Picture, rows: Sequence[Transfer], decimals: Decimals, to: Reader) -> None:
        self.drawn, self.decimals, self.to = drawn, decimals, to
        alone = {node.members[0] for node in drawn.nodes if not node.folded}
        self.used = sorted(alone | {account for t in rows for account in (t.payer, t.payee)})
        self.at = {account: place for place, account in enumerate(self.used)}
        self.start = min((t.time for t in rows), default=None)
        self.limit = 200 if len(self.used) <= NAMES_IN_FULL else 80
        self.banks, self.channels, self.currencies, self.files = _Texts(), _Texts(), _Texts(), _Texts()
        held = next((account.held for account in drawn.accounts if account.held), None)
        carried = next((edge.carried for edge in drawn.edges if edge.carried), held)
        self.rules = list(carried or {})

    def account(self, index: int) -> dict[str, Any]:
        """What is known of an account; what is not is left out."""
        account = self.drawn.accounts[index]
        facts = {
            "account": shown(account.account, self.limit),
            "node": self.drawn.node_of[index],
            "group": groups_of(account, self.rules),
            "bank": self.banks.place(shown(account.bank, 80) if account.bank else ""),
            "name": shown(account.name, self.limit) if account.name else "",
            "flagged": account.flagged,
            "why": shown(self.to.say(account.why)) if account.why else "",
            "type": shown(self.to.say(account.type)) if account.type else "",
            "stays": lasting(account.stays, self.to) if account.stays is not None else "",
            "held": self._by_rule(account.held) if account.held else "",
        }
        return {name: value for name, value in facts.items() if value != "" and value is not False and value != -1}

    def row(self, t: Transfer) -> list[Any]:
        """A transaction. What was received is empty where it is what was paid."""
        same = t.paid == t.received and t.paid_currency == t.received_currency
        received = ["", -1] if same else [str(t.received), self.currencies.place(t.received_currency)]
        return [
            shown(t.tx, 80), self._seconds(t.time), self.to.moment(t.time, self.drawn.form), self.at[t.payer],
            self.at[t.payee], str(t.paid), self.currencies.place(t.paid_currency), *received,
            self.channels.place(shown(t.channel, 40) if t.channel else ""), self.files.place(t.file), t.row,
            shown(t.twin, 120) if t.twin else "", *(str(part) for part in t.carried),
        ]  # fmt: skip

    def held_in_boxes(self) -> dict[int, Any]:
        """By node, what accounts that are folded together still hold under each rule."""
        boxes = {index: node for index, node in enumerate(self.drawn.nodes) if node.folded and node.held}
        return {index: self._by_rule(node.held) for index, node in boxes.items()}

    def whole(self) -> dict[str, Any]:
        """Totals of nodes and edges where not all their transactions are listed."""
        return {
            "nodes": [self._node(node) for node in self.drawn.nodes],
            "edges": [self._edge(edge) for edge in self.drawn.edges],
        }

    def _node(self, node: Node) -> dict[str, Any]:
        return {"came": self._tally(node.came), "went": self._tally(node.went)}

    def _edge(self, edge: Edge) -> dict[str, Any]:
        carried = self._by_rule(edge.carried) if edge.carried else []
        sources = [[self.files.place(t.file), t.row] for t in edge.transfers[:5]]
        return {"paid": self._tally(edge.paid), "carried": carried, "sources": sources}

    def _tally(self, tally: Tally) -> list[Any]:
        times = [
            [self._seconds(time), self.to.moment(time, self.drawn.form)] if time else []
            for time in (tally.first, tally.last)
        ]
        return [tally.count, self._totals(tally.totals), *times]

    def _by_rule(self, amounts: Mapping[str, Any]) -> list[list[list[Any]]]:
        return [self._totals(amounts[rule].totals) if rule in amounts else [] for rule in self.rules]

    def _totals(self, totals: Totals) -> list[list[Any]]:
        return [[self.currencies.place(currency), str(amount)] for currency, amount in sorted(totals.items()) if amount]

    def _seconds(self, time: datetime) -> float:
        seconds = (time - self.start).total_seconds() if self.start else 0.0
        return int(seconds) if seconds.is_integer() else round(seconds, 6)


# --- what an account is drawn as --------------------------------------------------------------------------

HELD = ((0.5, "held-3"), (0.1, "held-2"), (0.0, "held-1"))
"""Colours of what an account still holds: above which share of the largest holding in its currency."""
ENDS = ("victim", "trail end", "no statement")
"""Roles on a trace that are drawn as they are: what reached the end of the trail is not held there."""


def groups_of(account: Account, rules: Sequence[str]) -> Any:
    """How an account is drawn: by its role in a case; in a trace, by what it still holds under each rule."""
    if not rules:
        return group_of(account.role, 0.0, traced=False)
    held = account.held or {}
    groups = [group_of(account.role, held[rule].share if rule in held else 0.0, traced=True) for rule in rules]
    return groups[0] if len(set(groups)) == 1 else groups


def group_of(role: str | None, share: float, *, traced: bool) -> str:
    """The name under which the style sheet has a colour.

    >>> group_of("trail end", 0.9, traced=True), group_of("account", 0.9, traced=True), group_of(None, 0, traced=False)
    ('trail-end', 'held-3', 'other')
    """
    if traced and role not in ENDS:
        return next((group for least, group in HELD if share > least), "held-0")
    return (role or "other").replace(" ", "-")
