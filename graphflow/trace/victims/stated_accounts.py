"""The accounts that people write down → the ledger's, and what a spreadsheet or a slip has done to a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from graphflow.ledger import Ledger
from graphflow.read.one_sided.ends import CUT_NUMBER
from graphflow.words import count, named

_KEPT = 15
"""Digits that a spreadsheet keeps of a number."""

_HALF = 4
_BETWEEN = re.compile(r"[\s'’`‘\-]+")
_LOOKED_AT = 100
_SOUGHT = 1_000
_LONGEST = 64


@dataclass(frozen=True, kw_only=True)
class End:
    """What a line says of one end of a payment.

    code  the account; None where it is not known by it
    name  the holder's name that an account must not contradict
    low, high  bounds of a number that a spreadsheet has cut, of the same length
    why   what is wrong with what was stated; empty where nothing is
    """

    code: int | None = None
    name: str | None = None
    low: str | None = None
    high: str | None = None
    why: str = ""

    @property
    def is_stated(self) -> bool:
        """Whether anything was said of it."""
        return self != NOBODY


NOBODY = End()


@dataclass
class StatedAccounts:
    """Texts and names → accounts of a ledger; looked up for all lines at once.

    nearest  unknown account → what to say of the nearest known one
    """

    codes: dict[str, int]
    names: dict[str, list[int]]
    has_names: bool
    nearest: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, ledger: Ledger, texts: Iterable[str], names: Iterable[str]) -> StatedAccounts:
        """Look up account texts and names; a text may turn out to be a name, an alias or a cut number."""
        stated = sorted(set(texts))
        forms = pl.Series([form for text in stated for form in spellings(text)], dtype=pl.String)
        table = ledger.accounts.lazy().with_row_index("code")
        alias = ledger.identities.filter(pl.col("alias").is_in(forms.implode()))
        wanted = pl.concat([forms, alias["account"]]).unique()
        known = table.filter(pl.col("account").is_in(wanted.implode())).select("account", "code").collect()
        codes = dict(known.iter_rows())
        codes |= {a: codes[account] for account, a in alias.select("account", "alias").iter_rows() if account in codes}
        holders = pl.Series(sorted({*names, *stated}), dtype=pl.String)
        of_name: dict[str, list[int]] = {}
        for name, code in table.filter(pl.col("name").is_in(holders.implode())).select("name", "code").collect().rows():
            of_name.setdefault(name, []).append(code)
        self = cls(codes, of_name, bool(ledger.accounts["name"].count()))
        unknown = [text for text in stated if self._code(text) is None and text not in of_name and _has_digit(text)]
        self.nearest = _nearest(unknown, ledger.accounts["account"]) if unknown else {}
        return self

    def end(self, text: str | None, name: str | None) -> End:
        """What an account text and a name say together; the account counts more."""
        if text is None:
            return self._of_name(name) if name else NOBODY
        code = self._code(text)
        if code is not None:
            return End(code=code)
        if cut := cut_bounds(text):
            why = f"a spreadsheet has cut the account number to {named(text)}: write it as text"
            return End(low=cut[0], high=cut[1], why=why + self.nearest.get(text, ""))
        if text in self.names or not _has_digit(text):
            return self._of_name(text)
        return End(why=f"the ledger has no account {named(text)}{self.nearest.get(text, '')}")

    def _code(self, text: str) -> int | None:
        return next((self.codes[form] for form in spellings(text) if form in self.codes), None)

    def _of_name(self, name: str) -> End:
        held = self.names.get(name, [])
        if len(held) == 1:
            return End(code=held[0])
        if not self.has_names:
            return End(name=name, why="the ledger has no names of account holders: give account numbers")
        several = f"{count(len(held), 'account')} have the name {named(name)}: say which"
        return End(name=name, why=several if held else f"no account of the ledger has the name {named(name)}")


def spellings(text: str) -> tuple[str, ...]:
    """An account as written, and without what people put around and between its digits.

    >>> spellings("6222 0212-3456_156_1")
    ('6222 0212-3456_156_1', '622202123456_156_1', '622202123456')
    """
    if text.isalnum():
        return (text,)
    bare = _BETWEEN.sub("", text)
    return tuple(dict.fromkeys((text, bare, bare.partition("_")[0])))


def cut_bounds(text: str) -> tuple[str, str] | None:
    """Between which numbers one lies that a spreadsheet has shown as 6.22E+18, or ended in zeros after 15 digits.

    >>> cut_bounds("6.2228E+10"), cut_bounds("622202123456789000"), cut_bounds("6222")
    (('62227500000', '62228999999'), ('622202123456789000', '622202123456789999'), None)
    """
    if re.fullmatch(CUT_NUMBER, text):
        mantissa, _, exponent = text.upper().partition("E")
        digits, length = mantissa.replace(".", ""), int(exponent.lstrip("+")[:4]) + 1
        if not len(digits) < length <= 2 * _KEPT:
            return None
        unit = 10 ** (length - len(digits))
        return str(int(digits) * unit - unit // 2).zfill(length), str(int(digits) * unit + unit - 1)
    rest = text[_KEPT:]
    if text.isdecimal() and text.isascii() and rest and not rest.strip("0"):
        return text, text[:_KEPT] + "9" * len(rest)
    return None


def _has_digit(text: str) -> bool:
    return any(c.isdecimal() for c in text)


# --- the nearest known account -----------------------------------------------------------------------


def _nearest(unknown: Sequence[str], accounts: pl.Series) -> dict[str, str]:
    """What to say of the known account nearest to each unknown one, where one is near.

    Near is, in this order: the same but for zeros in front; one slip away; the same in its first or its second half
    with few digits of the other half different.
    """
    told = dict.fromkeys(unknown[_SOUGHT:], "; the nearest known one is not looked for, as so many are unknown")
    sought = unknown[:_SOUGHT]
    bare = {text.lstrip("0"): text for text in sought if text.lstrip("0")}
    zeros = accounts.str.strip_chars_start("0")
    for k in zeros.is_in(list(bare)).arg_true().to_list():
        told.setdefault(bare[zeros[k]], f"; {named(accounts[k])} differs by zeros in front")
    for text in sought:
        if bounds := cut_bounds(text):
            told[text] = _within(accounts, *bounds)
    left = [text for text in sought if text not in told and 2 * _HALF <= len(text) <= _LONGEST]
    told |= _one_slip(left, accounts)
    left = [text for text in left if text not in told]
    for size in sorted({len(text) // 2 for text in left}):
        told |= _alike([text for text in left if len(text) // 2 == size], accounts, size)
    return told


def _one_slip(texts: Sequence[str], accounts: pl.Series) -> dict[str, str]:
    """Accounts with one digit changed, put in or left out, or two neighbours swapped."""
    of = {slip: text for text in texts for slip in slips(text)}
    known = accounts.filter(accounts.is_in(pl.Series(list(of), dtype=pl.String).implode()))
    return {of[account]: _digits(of[account], account) for account in known.to_list()[::-1]}


def slips(text: str) -> Iterator[str]:
    """What a number may have been before one slip of whoever typed it.

    >>> [slip for slip in slips("12") if set(slip) <= set("12")]
    ['112', '212', '2', '22', '112', '122', '1', '11', '121', '122', '21']
    """
    signs = sorted({*"0123456789", *text})
    for k in range(len(text) + 1):
        before, after = text[:k], text[k:]
        yield from (before + sign + after for sign in signs)
        if after:
            yield before + after[1:]
            yield from (before + sign + after[1:] for sign in signs if sign != after[0])
    yield from (text[:k] + text[k + 1] + text[k] + text[k + 2 :] for k in range(len(text) - 1))


def _digits(text: str, account: str) -> str:
    return f"; {named(account)} differs in {count(differing(text, account), 'digit')}"


def _within(accounts: pl.Series, low: str, high: str) -> str:
    """How many accounts a cut number may be."""
    fits = accounts.filter((accounts.str.len_bytes() == len(low)) & (accounts >= low) & (accounts <= high))
    shown = ", ".join(map(named, fits.head(3).to_list()))
    more = ", …" if fits.len() > 3 else ""
    return f"; {count(fits.len(), 'account')} of the ledger may be meant" + (f" ({shown}{more})" if shown else "")


def _alike(texts: Sequence[str], accounts: pl.Series, size: int) -> dict[str, str]:
    """Of accounts with the same first or last `size` characters, the one with the fewest digits different."""
    stated, known = pl.Series("stated", texts), accounts.alias("known")
    found: dict[str, tuple[int, str]] = {}
    for half in (pl.col("x").str.head(size), pl.col("x").str.tail(size)):
        left = pl.DataFrame({"x": stated, "stated": stated}).select("stated", half=half)
        right = pl.DataFrame({"x": known, "known": known}).select("known", half=half)
        right = right.filter(pl.col("half").is_in(left["half"].implode()))
        right = right.filter(pl.len().over("half") <= _LOOKED_AT)  # what very many have tells none of them apart
        for text, account in left.join(right, on="half").select("stated", "known").iter_rows():
            apart = differing(text, account)
            if 0 < apart <= max(1, len(text) // 4):
                found[text] = min(found.get(text, (apart, account)), (apart, account))
    return {text: _digits(text, account) for text, (_, account) in found.items()}


def differing(one: str, other: str) -> int:
    """How many characters must be changed, put in or taken out; for numbers of nearly the same length.

    >>> differing("6222021", "6222121"), differing("6222021", "622221")
    (1, 1)
    """
    start = next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    end = next((k for k, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[: len(a) - end], b[: len(b) - end]
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True))
    return max(len(a), len(b))
