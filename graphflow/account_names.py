"""Names that tell what kind of account it is: words and account lists in TOML files, built in and the user's."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args
from unicodedata import normalize

import polars as pl

from graphflow.errors import RuleError, did_you_mean

AccountType = Literal[
    "unknown",
    "person",
    "gateway",
    "payroll",
    "merchant",
    "landlord",
    "tax-utility",
    "bank-internal",
    "exchange",
    "end",
]
"""unknown: too little to say; person: a small account like most people's; gateway: pays on for others, and is not
traversed; payroll: pays wages; merchant: many small payments for goods; landlord: the same rents every month;
tax-utility; bank-internal: the bank's own accounts; exchange: an exchange or OTC desk, where value changes its form;
end: where the records lead no further (cash, fees, interest, a counterparty that no row names), nor traversed."""


TYPES: tuple[AccountType, ...] = get_args(AccountType)
_KEYS = ("names", "accounts", "off")


@dataclass(frozen=True)
class AccountTypeNames:
    """What is known of accounts by name or number.

    words     (word, type), case folded; what stands first wins
    accounts  account → type: the account's number stands in the user's file
    off       types that nobody gets
    source    the user's file, for sentences; empty: only the built-in words
    """

    words: tuple[tuple[str, AccountType], ...] = ()
    accounts: Mapping[str, AccountType] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    source: str = ""

    def found_in(self, names: pl.Series) -> pl.DataFrame:
        """Of the names that have a word in them: `code` (its position) and `word` (the position of the first word)."""
        words = [(number, word) for number, (word, kind) in enumerate(self.words) if kind not in self.off]
        if names.null_count() == names.len() or not words:
            return pl.DataFrame(schema={"code": pl.UInt32, "word": pl.UInt32})
        table = pl.DataFrame({"name": _fold(names)}).with_row_index("code")
        # One pass over all names with all words at once; the few that have some word are then looked at word by word
        some = table.filter(pl.col("name").str.contains_any([word for _, word in words]))
        asked = [(n, word) for n, word in words if some["name"].str.contains(word, literal=True).any()]
        found = [pl.when(pl.col("name").str.contains(_pattern(w))).then(pl.lit(n, pl.UInt32)) for n, w in asked]
        first = pl.coalesce(found) if found else pl.lit(None, pl.UInt32)
        return some.select("code", word=first).drop_nulls()


def _fold(names: pl.Series) -> pl.Series:
    """Lower case, and the wide Latin letters of East Asian text as the usual ones."""
    if names.str.len_bytes().sum() != names.str.len_chars().sum():
        wide = names.str.contains("[\uff01-\uff5e]").fill_null(False)
        if wide.any():  # only these: normalising costs five times as much as everything else here
            names = names.scatter(wide.arg_true(), names.filter(wide).str.normalize("NFKC"))
    return names.str.to_lowercase()


def _pattern(word: str) -> str:
    """The word, standing by itself where it begins or ends with a Latin letter or a digit."""
    before = r"(?:^|[^\p{Latin}\p{N}])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?:$|[^\p{Latin}\p{N}])" if word[-1].isascii() and word[-1].isalnum() else ""
    return f"{before}{re.escape(word)}{after}"


@cache
def built_in() -> AccountTypeNames:
    """The words that come with graphflow.

    >>> ("alipay", "gateway") in built_in().words
    True
    """
    text = files("graphflow").joinpath("account_types.toml").read_text("utf-8")
    words, _, _ = _read(tomllib.loads(text), "account_types.toml")
    return AccountTypeNames(words=words)


def load_account_types(path: str | os.PathLike[str]) -> AccountTypeNames:
    """The built-in words with those of a user's file before them.

        [gateway]
        names = ["city pay"]
        accounts = ["6222020000001234567"]
        [landlord]
        off = true

    Raises `RuleError` naming the table and the value that is not right.
    """
    try:
        with Path(path).open("rb") as stream:
            content = tomllib.load(stream)
    except FileNotFoundError:
        raise RuleError(f"{path}: no such file of account types") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleError(f"{path}: is not a TOML file of account types ({error})") from None
    words, accounts, off = _read(content, str(path))
    return AccountTypeNames((*words, *built_in().words), accounts, off, str(path))


Read = tuple[tuple[tuple[str, AccountType], ...], dict[str, AccountType], frozenset[str]]


def _read(content: Mapping[str, Any], path: str) -> Read:
    """Words, accounts and types switched off of a file's content."""
    words: list[tuple[str, AccountType]] = []
    accounts: dict[str, AccountType] = {}
    off = set()
    for name, table in content.items():
        kind = next((kind for kind in TYPES[1:] if kind == name), None)
        if kind is None:
            raise RuleError(f'{path}: there is no account type "{name}": {did_you_mean(name, TYPES[1:])}')
        if not isinstance(table, Mapping):
            raise RuleError(f"{path}: [{name}] must be a table")
        _check_keys(table, f"{path}: [{name}]")
        words += [(normalize("NFKC", word).lower(), kind) for word in _texts(table, "names", f"{path}: [{name}]")]
        for account in _texts(table, "accounts", f"{path}: [{name}]"):
            if accounts.setdefault(account, kind) != kind:
                raise RuleError(f'{path}: account "{account}" stands under [{accounts[account]}] and [{kind}]')
        if table.get("off", False):
            off.add(name)
    return tuple(words), accounts, frozenset(off)


def _check_keys(table: Mapping[str, Any], where: str) -> None:
    for key in table:
        if key not in _KEYS:
            raise RuleError(f'{where} has no "{key}": {did_you_mean(key, _KEYS)}')
    if not isinstance(table.get("off", False), bool):
        raise RuleError(f"{where}: off must be true or false, not {table['off']!r}")


def _texts(table: Mapping[str, Any], key: str, where: str) -> Iterable[str]:
    listed = table.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(text, str) and text.strip() for text in listed):
        raise RuleError(f'{where}: {key} must be a list of texts in quotes, such as ["city pay"]')
    return listed
