"""Who holds the accounts of cases: what the data says of a name, a bank and a type, beside the number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from graphflow.account_names import AccountType
from graphflow.case import Case
from graphflow.graph import FlowGraph
from graphflow.languages import Reader
from graphflow.words import shown

PLAIN_TYPES: tuple[AccountType, ...] = ("unknown", "person")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """An account as a report tells it; what the data does not say is empty."""

    account: str
    name: str = ""
    bank: str = ""
    type: str = ""

    def told(self, to: Reader) -> str:
        """The account, and what is known of it in brackets, but for a bank that its number begins with."""
        bank = "" if self.account.startswith(self.bank) else self.bank
        known = [self.name, bank, to.say(self.type) if self.type else ""]
        told = ", ".join(part for part in known if part)
        return f"{self.account} ({told})" if told else self.account


class Holders:
    """Who holds the accounts of cases, and of what type they are. Types need the graph."""

    def __init__(self, cases: Sequence[Case], graph: FlowGraph | None) -> None:
        self._known: dict[str, Holder] = {}
        names = {name for case in cases for name in (*case.accounts, *case.roles)}
        if not names:
            return
        table = cases[0].findings[0].ledger.accounts
        asked = pl.Series("account", sorted(names), dtype=pl.String)
        types = _types(asked, graph)
        found = table.filter(pl.col("account").is_in(asked.implode())).select("account", "name", "bank")
        for account, name, bank in found.iter_rows():
            self._known[account] = Holder(
                account=shown(account, 64), name=_text(name), bank=_text(bank), type=types.get(account, "")
            )

    def of(self, account: str) -> Holder:
        """What is known of an account."""
        return self._known.get(account) or Holder(account=shown(account, 64))


def _text(value: str | None) -> str:
    return shown(value, 48) if value else ""


def _types(asked: pl.Series, graph: FlowGraph | None) -> dict[str, str]:
    """Types that say something, by account."""
    if graph is None:
        return {}
    known = graph.flow.types
    table = pl.DataFrame({"account": known.accounts, "type": known.table()["type"]})
    table = table.filter(pl.col("account").is_in(asked.implode()) & ~pl.col("type").is_in(PLAIN_TYPES))
    return dict(table.iter_rows())
