"""What kind of account each one is: gateway, payroll, merchant, landlord, exchange … or a person's, or unknown.

What it sees
    Names first (words in account_types.toml and in the user's file, and account numbers listed there), then what an
    account does day after day, where it has enough traffic over enough days (`account_behaviour`).
What it is for
    Money that goes through a gateway or an account of the bank itself mixes with everybody's: such accounts are not
    traversed by chains and cycles, and never join two findings to one case. The other types are facts for a reader.
When it is fooled
    A name proves nothing: who calls his account "Alipay" is typed gateway, with that reason beside it. A type says
    what an account looks like, never that it is innocent. Switch a type off in a file of your own (`off = true`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.account_behaviour import Behaviour, behaviour, first_and_last
from graphflow.account_names import TYPES, AccountType, AccountTypeNames, load_account_types
from graphflow.errors import GraphflowError
from graphflow.flow import Flow
from graphflow.kernels.habits import DAY
from graphflow.words import count, shown

__all__ = ["TYPES", "AccountType", "AccountTypeNames", "AccountTypes", "load_account_types", "type_accounts"]

NOT_TRAVERSED: tuple[AccountType, ...] = ("gateway", "bank-internal", "end")
_ENDS = r"^(CASH|FEE|INTEREST)$|^(POS|UNKNOWN):"

_CODE = {kind: np.int8(code) for code, kind in enumerate(TYPES)}
_PLAIN_KINDS = ("unknown", "person")
_FEW = 5
_A_DAY = 3
_WEEK = 7
_LISTED, _NO_WORD = -2, -1


@dataclass(frozen=True, eq=False)
class AccountTypes:
    """The type of every account of a ledger, and why.

    codes     int8, one an account code: the position in `TYPES`
    accounts  the account of each code; names: its holder, where the ledger says
    gateways  one truth an account code: not traversed, joins nothing (types gateway, bank-internal, end)
    warnings  what a reader must know, in words
    """

    codes: npt.NDArray[np.int8]
    accounts: pl.Series
    gateways: npt.NDArray[np.bool_]
    warnings: tuple[str, ...]
    _known: AccountTypeNames
    _word: npt.NDArray[np.int32]
    _behaviour: Behaviour | None

    def of(self, account: str) -> AccountType:
        """The type of an account. Raises `GraphflowError` when the ledger has no such account."""
        return TYPES[int(self.codes[self._code(account)])]

    def reason(self, account: str) -> str:
        """Why it has that type, in one sentence. Raises `GraphflowError` when the ledger has no such account."""
        return self.reason_of(self._code(account))

    def reason_of(self, code: int) -> str:
        """The sentence for an account code."""
        kind, word = TYPES[int(self.codes[code])], int(self._word[code])
        if word == _LISTED:
            return f"listed as {kind} in {shown(self._known.source, 80)}"
        if word >= 0:
            return self._word_reasons[word]
        if self._behaviour and kind in self._behaviour.codes:
            return self._behaviour.sentence(code, kind)
        return _PLAIN[kind]

    def words(self, code: int) -> str:
        """Type and reason of an account code, as a page says it; empty where nothing is known."""
        kind = TYPES[int(self.codes[code])]
        if kind in _PLAIN_KINDS:
            return "" if kind == "unknown" else kind
        return f"{kind} ({self.reason_of(code)})"

    def table(self, some: slice = slice(None)) -> pl.DataFrame:
        """`type` and `type_reason` of every account, or of some, in the order of codes."""
        # Millions of accounts share a few sentences: those are gathered; only what behaviour says is made one by one
        texts = [_PLAIN["unknown"], _PLAIN["person"], *self._word_reasons]
        word, codes = self._word[some], self.codes[some]
        which = np.where(word >= 0, word + 2, codes == _CODE["person"]).astype(np.uint32)
        own = np.flatnonzero((word == _LISTED) | ((word == _NO_WORD) & (codes > _CODE["person"])))
        which[own] = len(texts) + np.arange(own.size)
        first = some.indices(self.codes.size)[0]
        reasons = pl.Series(texts + [self.reason_of(first + code) for code in own.tolist()], dtype=pl.String)
        return pl.DataFrame({"type": pl.Series(TYPES).gather(codes), "type_reason": reasons.gather(which)})

    @cached_property
    def _word_reasons(self) -> list[str]:
        return [f'name contains "{shown(word, 40)}"' for word, _ in self._known.words]

    def _code(self, account: str) -> int:
        code = self.accounts.index_of(account)
        if code is None:
            raise GraphflowError(f'the ledger has no account "{shown(account, 60)}"')
        return code

    @property
    def counts(self) -> dict[AccountType, int]:
        """Type → number of accounts, for types that occur."""
        numbers = np.bincount(self.codes, minlength=len(TYPES)).tolist()
        return {kind: number for kind, number in zip(TYPES, numbers, strict=True) if number}

    def __repr__(self) -> str:
        listed = ", ".join(f"{number:,} {kind}" for kind, number in self.counts.items())
        return f"AccountTypes({listed})"


_PLAIN = dict.fromkeys(TYPES, "") | {
    "unknown": "too little traffic or too mixed to say",
    "end": "the records lead no further: no row names the counterparty's account",
    "person": f"a small account: up to {_A_DAY} transfers a day on average, over a week or more",
}


def type_accounts(flow: Flow, types: AccountTypeNames) -> AccountTypes:
    """Type the accounts of a flow: a listed account before a name, a name before behaviour.

    Example
    -------
    >>> from datetime import datetime
    >>> from graphflow.account_names import built_in
    >>> from graphflow.ledger import Ledger
    >>> frame = pl.DataFrame({"tx": ["a"], "time": [datetime(2026, 1, 1)], "payer": ["P"], "payee": ["Q"],
    ...     "paid": [1000], "paid_currency": ["CNY"], "payee_name": ["Alipay (China) Network"]})
    >>> found = type_accounts(Flow(Ledger.from_frame(frame)), built_in())
    >>> found.of("Q"), found.reason("Q")
    ('gateway', 'name contains "alipay"')
    """
    return typed(flow.ledger.accounts, types, conduct(flow))


@dataclass(frozen=True, eq=False)
class Conduct:
    """What accounts do, whatever they are called: the code of `person` for small ones (0: others), and the rest."""

    small: npt.NDArray[np.int8]
    seen: Behaviour | None


def conduct(flow: Flow) -> Conduct:
    """What the accounts of a flow do."""
    first, last = first_and_last(flow)
    return Conduct(_small(flow, (last - first) // DAY + 1), behaviour(flow, first, last))


def typed(accounts: pl.DataFrame, types: AccountTypeNames, does: Conduct) -> AccountTypes:
    """The types of a ledger's accounts, by what is listed, what they are called, and what they do."""
    codes, seen = does.small.copy(), does.seen
    for kind, those in seen.codes.items() if seen else ():
        if kind not in types.off:
            codes[those] = _CODE[kind]
    word = np.full(codes.size, _NO_WORD, np.int32)
    named = types.found_in(accounts["name"])
    word[named["code"].to_numpy()] = named["word"].to_numpy()
    kinds = np.array([int(_CODE[kind]) for _, kind in types.words], np.int8)
    codes[word >= 0] = kinds[word[word >= 0]]
    if "end" not in types.off:
        ends = accounts["account"].str.contains(_ENDS).to_numpy()
        codes[ends], word[ends] = _CODE["end"], _NO_WORD
    missing = _list_accounts(accounts, types, codes, word)
    if "person" in types.off:
        codes[codes == _CODE["person"]] = 0
    return AccountTypes(
        codes=codes,
        accounts=accounts["account"],
        gateways=np.isin(codes, [_CODE[kind] for kind in NOT_TRAVERSED]),
        warnings=(f"{types.source}: {count(missing, 'listed account')} not in the ledger",) if missing else (),
        _known=types,
        _word=word,
        _behaviour=seen,
    )


def _small(flow: Flow, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
    """Code `person` for small accounts that are seen for a week or more, 0 for the others."""
    transfers = flow.traffic
    small = (transfers >= _FEW) & (days >= _WEEK) & (transfers <= _A_DAY * days)
    return np.where(small, _CODE["person"], np.int8(0))


def _list_accounts(
    accounts: pl.DataFrame, types: AccountTypeNames, codes: npt.NDArray[np.int8], word: npt.NDArray[np.int32]
) -> int:
    """Type the accounts that stand in the user's file; how many of them the ledger does not have."""
    listed = {account: kind for account, kind in types.accounts.items() if kind not in types.off}
    if not listed:
        return 0
    table = pl.DataFrame({"account": list(listed), "kind": [int(_CODE[kind]) for kind in listed.values()]})
    held = accounts.select("account").with_row_index("code").join(table, on="account")
    at = held["code"].to_numpy()
    codes[at], word[at] = held["kind"].to_numpy(), _LISTED
    return len(listed) - held.height
