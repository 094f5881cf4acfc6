"""Which way money went in a one-sided record: words, proved by balances where there are any, and never guessed.

A word with a usual meaning is taken as it is unless the balances say otherwise. A word without one (`1`, `B`) needs
balances that prove it, or a person who says it. Words are from the card issuer's side, as statements print them: a
debit (借) is money out of the account.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from graphflow.errors import SourceError
from graphflow.words import count, percent

IN, OUT = "in", "out"
OUT_WORDS = (
    "出", "借", "借方", "支出", "转出", "取", "支", "付", "付款", "出账", "支取",
    "-", "d", "dr", "dbit", "debit", "o", "out", "withdrawal", "rc",
)  # fmt: skip
IN_WORDS = (
    "进", "贷", "贷方", "收入", "转入", "存", "入", "收", "收款", "入账", "存入",
    "+", "c", "cr", "crdt", "credit", "i", "in", "deposit", "rd",
)  # fmt: skip
"""What the words usually mean. RC and RD are MT940's marks of a reversed credit and a reversed debit."""

UNSIGNED = "(no sign)"
"""Stands for a word where amounts have signs and this one has none: money in, if others of the file have a minus."""

_PROVED = 0.9
_FEWEST = 3
_USUAL = {**dict.fromkeys(OUT_WORDS, OUT), **dict.fromkeys(IN_WORDS, IN)}


@dataclass(frozen=True)
class Words:
    """What the words of one file mean.

    meaning  word → "in" or "out"
    agree    rows whose balance moved as the word says; tested: rows where that could be seen
    """

    meaning: Mapping[str, str]
    agree: int
    tested: int

    def __str__(self) -> str:
        told = ", ".join(f"{word} = {way}" for word, way in sorted(self.meaning.items()))
        if not self.tested:
            return f"{told} (no balances to prove it by)"
        return f"{told} ({percent(self.agree / self.tested)} of {count(self.tested, 'balance')} agree)"


@dataclass(frozen=True)
class _Seen:
    """A word in a file: the rows after which the balance had risen by the amount, and those where it had fallen."""

    word: str
    rises: int
    falls: int

    @property
    def proved(self) -> str:
        tested = self.rises + self.falls
        if tested < _FEWEST or max(self.rises, self.falls) < _PROVED * tested:
            return ""
        return IN if self.rises > self.falls else OUT


def decide(
    steps: pl.DataFrame, paths: Mapping[int, str], *, in_words: Collection[str], out_words: Collection[str]
) -> dict[int, Words]:
    """What the words of each file mean.

    steps  columns file, direction (text), step (see `kernels.balances.walk` with no signs given)
    Raises `SourceError` where a word is not known and the balances do not tell, or where they contradict it.
    """
    told = {**{_folded(w): OUT for w in out_words}, **{_folded(w): IN for w in in_words}}
    found: dict[int, Words] = {}
    for file, words in _tallies(steps):
        meaning = {seen.word: _meaning(seen, told, paths[file]) for seen in words}
        if "-" in meaning and not meaning.get(UNSIGNED, IN):
            meaning[UNSIGNED] = IN
        unknown = [seen.word for seen in words if not meaning[seen.word]]
        if unknown:
            raise SourceError(_question(paths[file], unknown, [seen.word for seen in words]))
        agree = sum(seen.rises if meaning[seen.word] == IN else seen.falls for seen in words)
        found[file] = Words(meaning, agree, sum(seen.rises + seen.falls for seen in words))
    return found


def _tallies(steps: pl.DataFrame) -> Iterator[tuple[int, list[_Seen]]]:
    """Each file's words, in the order of the alphabet."""
    tally = (
        steps.drop_nulls("direction")
        .group_by("file", "direction")
        .agg(rises=(pl.col("step") == 1).sum(), falls=(pl.col("step") == -1).sum())
        .sort("file", "direction")
    )
    for (file,), part in tally.group_by("file", maintain_order=True):
        rows = part.select("direction", "rises", "falls").iter_rows()
        yield int(file), [_Seen(*row) for row in rows]


def _meaning(seen: _Seen, told: Mapping[str, str], path: str) -> str:
    """in, out, or nothing where it cannot be known."""
    word = _folded(seen.word)
    if word in told:
        return told[word]
    usual = _USUAL.get(word, "")
    if usual and seen.proved and usual != seen.proved:
        moved, times = ("rises", seen.rises) if seen.proved == IN else ("falls", seen.falls)
        raise SourceError(
            f'{path}: "{seen.word}" usually means money {usual}, but the balance {moved} by the amount in {times:,} of '
            f"{seen.rises + seen.falls:,} such rows; say what it means with --in-words or --out-words"
        )
    return usual or seen.proved


def _question(path: str, unknown: list[str], words: list[str]) -> str:
    shown = ", ".join(f'"{word}"' for word in unknown[:6])
    other = [word for word in words if word not in unknown]
    known = f" (beside {', '.join(other)})" if other else ""
    return (
        f"{path}: cannot tell whether {shown}{known} means money in or out: the balances do not prove it; "
        f"say it with --in-words WORD or --out-words WORD"
    )


def _folded(word: str) -> str:
    return word.strip().casefold()
