"""The words a reader meets on a page, each explained in a sentence or two."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from graphflow.case import Case

RANKING = {
    "case": "Findings that belong together, because they share transactions or flagged accounts. A lead for a person "
            "to judge.",
    "points": "A sum of reasons. They rank cases against each other, and are no probability. Shown to one decimal, so "
              "shown steps can miss their shown sum by a little; cases.csv has them exactly.",
    "high": "Two independent kinds of evidence are decisive in one finding of the case. It still needs a person.",
    "review": "Worth a look, with less evidence than a case at level high. Ordinary business often looks like this.",
    "flagged": "An account that a finding suspects of moving the money on. Other accounts of a case only paid or were "
               "paid.",
    "amount": "The largest amount that one finding of the case moved. Amounts of findings overlap, and are not added.",
}  # fmt: skip
DETECTORS = {
    "cycle": "Money comes back to the account that it left, each transaction not earlier than the one before.",
    "fan-in": "Many accounts pay one within a short time: it collects.",
    "fan-out": "One account pays many within a short time: it distributes.",
    "mule-chain": "Money is passed on from account to account, and most of it arrives.",
    "scatter-gather": "One account pays several, and these pay one account: money is split and joined again.",
    "gather-scatter": "Many pay one account, which then pays many.",
    "bipartite": "Several payers pay the same several payees, as if one hand were behind them.",
    "stack": "Accounts in layers: one layer pays the next, which pays another.",
    "pass-through": "What an account receives leaves it again, nearly whole and soon.",
    "round-trip": "Money goes to another account and comes back, whole or in part.",
    "flow-density": "In a group of accounts nearly all that comes in goes out again.",
    "structuring": "Amounts again and again just below a limit from which a bank reports.",
    "probe": "A tiny payment to see whether an account works, then large ones.",
    "dormant-burst": "An account that long did nothing is suddenly busy.",
    "device-ring": "Several accounts pay from one device or address.",
}
EVIDENCE = {
    "structure": "The shape of the flow: who pays whom, how many, in which order.",
    "conservation": "What comes in goes out nearly whole.",
    "speed": "Money stays for minutes or hours where others keep it for days.",
    "novelty": "Parties that never dealt with each other before or after.",
    "volume": "Amounts far beyond what is usual in these records.",
    "device": "One device or address behind several accounts.",
    "history": "An account's own past against what it does now.",
}
ROLES = {
    "source": "Only pays into the flow of the case.",
    "victim candidate": "Looks like somebody who was made to pay. Only a report or a statement can tell.",
    "collector": "Receives from many.",
    "transit": "Passes on what it receives.",
    "distributor": "Pays many.",
    "cycle member": "Lies on a way on which money comes back.",
    "end": "Receives, and nothing is seen to leave.",
    "cash-out": "Value leaves the records here, as cash or otherwise, or gathers and stops.",
    "controller candidate": "Small shares, several branches or a device meet in it. Only a lead.",
}
TYPES = {
    "gateway": "Pays on for others, such as a payment service. Flows are not followed through it.",
    "payroll": "Pays wages.",
    "merchant": "Takes many small payments for goods or services.",
    "landlord": "Takes the same rents every month.",
    "tax-utility": "Takes taxes, fees or bills for water, power and the like.",
    "bank-internal": "An account of the bank itself. Flows are not followed through it.",
    "exchange": "Value changes its form here: an exchange, or a dealer in currency or crypto.",
    "account end": "The records lead no further: cash, fees, or a counterparty that no row names.",
}
SAID_AS = {"cycle member": "cycle", "account end": "end", "case": "Case", "points": "Points", "amount": "Amount",
           "flagged": "Flagged"}  # fmt: skip
"""How a term is shown where its key is not its word: a cycle is a detector and a role, an end a role and a type."""


class Term(NamedTuple):
    """A word and what it means. `key` is its own among all words; what is shown is `word`."""

    key: str
    word: str
    meaning: str


class Group(NamedTuple):
    """Words of one sort."""

    key: str
    title: str
    terms: list[Term]


def terms_of(cases: Sequence[Case], types: Collection[str]) -> list[Group]:
    """The words that a report of these cases uses. `types`: those of the accounts that it names."""
    if not cases:
        return []
    seen = {found.detector for case in cases for found in case.findings}
    kinds = {part.kind for case in cases for part in (*case.parts, *case.findings[0].parts)}
    own = {SAID_AS.get(key, key): key for key in TYPES}
    groups = [
        _group("ranking", "Ranking", RANKING, RANKING),
        _group("detectors", "Detectors", DETECTORS, seen),
        _group("evidence", "Kinds of evidence", EVIDENCE, kinds),
        _group("roles", "Roles", ROLES, ROLES),
        _group("types", "Account types", TYPES, {own[kind] for kind in types if kind in own}),
    ]
    return [group for group in groups if group.terms]


def _group(key: str, title: str, meanings: dict[str, str], used: Collection[str]) -> Group:
    return Group(key, title, [Term(k, SAID_AS.get(k, k), text) for k, text in meanings.items() if k in used])
