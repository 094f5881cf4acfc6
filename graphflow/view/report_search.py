"""What a report's search looks through: all cases of the run, as far as they fit into one page.

The first cases are rows of the page. The others stand in it as short lines, from which the browser draws a row when a
search, a filter or a reader asks for it. Every account on a case is listed once, with its holder, bank and type; a case
names its accounts by number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphflow.case import Case
from graphflow.languages import Reader
from graphflow.view.holders import Holder, Holders
from graphflow.view.report_cases import amount_of, case_times
from graphflow.view.text import points_text
from graphflow.words import shown

MOST_LINES = 300_000
MOST_ACCOUNTS = 300_000
"""Bytes that lines of cases, and accounts with their places in cases, may take: a report stays below two megabytes."""


@dataclass
class Index:
    """What the browser searches, and how far it goes.

    accounts  [account, name, bank, type]; the last three are places in `texts`, trailing ones left out; 0: not known
    cases     of each case in rank order: how many accounts are flagged, then its accounts, flagged ones first
    lines     of each case that is no row of the page: id, level, headline, points, amount, currency, value, times,
              detectors (places in `texts`), whether it has a page
    """

    texts: list[str] = field(default_factory=lambda: [""])
    accounts: list[list[Any]] = field(default_factory=list)
    cases: list[list[int]] = field(default_factory=list)
    lines: list[list[Any]] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """What the page holds."""
        return {"texts": self.texts, "accounts": self.accounts, "cases": self.cases, "lines": self.lines}


def search_index(
    cases: Sequence[Case], listed: int, *, holders: Holders, pages: frozenset[str], worth: Mapping[str, float],
    to: Reader,
) -> Index:  # fmt: skip
    """The index of a run of which the first `listed` cases are rows of the page."""
    index = Index()
    places: dict[str, int] = {"": 0}
    room = MOST_LINES
    for line in _lines(cases[listed:], pages, worth, to):
        line[-2] = [_place(text, places, index.texts) for text in line[-2]]
        room -= len(json.dumps(line)) + 1
        if room < 0:
            break
        index.lines.append(line)
    _add_accounts(index, cases[: listed + len(index.lines)], holders, places, to)
    return index


def _lines(cases: Sequence[Case], pages: frozenset[str], worth: Mapping[str, float], to: Reader) -> Iterator[list[Any]]:
    for case, times in zip(cases, case_times(cases), strict=True):
        number, currency = amount_of(case)
        yield [
            case.id, case.level, shown(to.say(case.headline), 160), points_text(case.points), case.points, number,
            currency, round(case.amount * worth.get(case.currency, 1.0)), *(to.moment(time) for time in times),
            list(dict.fromkeys(shown(finding.detector, 40) for finding in case.findings)), int(case.id in pages),
        ]  # fmt: skip


def _place(text: str, places: dict[str, int], texts: list[str]) -> int:
    """Where a text stands among the texts; it is added if it is new."""
    if text not in places:
        places[text] = len(texts)
        texts.append(text)
    return places[text]


def _add_accounts(index: Index, cases: Sequence[Case], holders: Holders, places: dict[str, int], to: Reader) -> None:
    """The accounts of each case, as far as there is room: those of a case are all there, or none of them."""
    room, numbers = MOST_ACCOUNTS, dict[str, int]()
    for case in cases:
        flagged = dict.fromkeys(case.accounts)
        everyone = [*flagged, *(account for account in case.roles if account not in flagged)]
        new = [account for account in everyone if account not in numbers]
        told = [_told(holders.of(account), places, index.texts, to) for account in new]
        first = len(numbers)
        numbers.update((account, first + k) for k, account in enumerate(new))
        line = [len(flagged), *(numbers[account] for account in everyone)]
        room -= len(json.dumps([told, line])) + sum(len(json.dumps(holders.of(account).name)) for account in new)
        if room < 0:
            return
        index.accounts += told
        index.cases.append(line)


def _told(holder: Holder, places: dict[str, int], texts: list[str], to: Reader) -> list[Any]:
    facts = [holder.name, holder.bank, to.say(holder.type) if holder.type else ""]
    told: list[Any] = [holder.account, *(_place(text, places, texts) for text in facts)]
    while told[-1] == 0:
        told.pop()
    return told
