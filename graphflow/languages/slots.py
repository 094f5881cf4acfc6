"""What stands in the gaps of a sentence: figures, counts, spans, amounts, accounts; how each is known and retold.

The name of a placeholder says what it is, and a digit tells two of a kind apart: `{share}`, `{account2}`.

    n          a number as it is, with or without thousands marks: 1,200 or 0.05
    share      97 %
    span       1 hour 35 minutes
    payers     a number with that noun (any noun of the catalogue, in the plural); count: with whichever noun
    money      10,400.00 CNY; moneys: several of them, joined by " + "
    moment     2026-03-02 09:05; file: a file of the results, such as run.json
    account    a name as sentences show it, at most 48 characters; text: whatever else comes from data
    detector   the name of one; term: a word of the catalogue, such as a role or a kind of evidence
    tally      3 fan-in, 2 cycle
    places     device a1b2 (3 accounts), ip 198.51.100.7 (2 accounts)
    sentence   another sentence; sentences: one or more, joined by "; "; list: by ", "

Figures, amounts and names are retold as they are. Only nouns, terms and sentences are put into other words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from graphflow.languages.catalogue import Catalogue

NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]\d+)?(?![,.]?\d)"
_UNITS = ("day", "hour", "minute", "second", "millisecond")
_LONGEST_ACCOUNT, _LONGEST_CURRENCY = 48, 32
_MONEY = re.compile(rf"{NUMBER} [^\n]{{1,{_LONGEST_CURRENCY}}}")
_PLACE = rf"(?:device|ip) .{{1,{_LONGEST_ACCOUNT}}}? \({NUMBER} accounts?\)"
_PLACES = re.compile(rf"{_PLACE}(?:, {_PLACE})*")
_GROUP = re.compile(
    rf"{NUMBER} payees?|{NUMBER} payers? \(.+ first\)|accounts among them"
    rf"|on to (?:{NUMBER} payees? in common|one another)",
    re.DOTALL,
)
"""What sentences say of several accounts where others name one: it is taken as what it says, not as a name."""
_TALLIED = re.compile(rf"({NUMBER}) (\S[^,]*)")


@dataclass(frozen=True)
class Slot:
    """A gap of a sentence.

    name     of the placeholder
    pattern  what stands there, where its end can be told; None: up to the words that follow
    fits     whether a text may stand there, for the others
    tell     its text in the language; None: as it is
    nested   "" or "sentence", "sentences", "list": it is read as those
    """

    name: str
    pattern: re.Pattern[str] | None = None
    fits: Callable[[str], bool] = bool
    tell: Callable[[str], str] | None = None
    nested: str = ""

    @property
    def of_data(self) -> bool:
        """Whether it is an account or another text from data."""
        return self.name.startswith(("account", "text")) and self.pattern is None


def slot_of(name: str, words: Catalogue) -> Slot:
    """The slot for a placeholder's name. Raises `KeyError` for one that means nothing.

    >>> slot_of("payers", Catalogue(nouns={"payer": "个付款方"})).tell("1,200 payers")
    '1,200 个付款方'
    """
    kind = name.rstrip("0123456789")
    if kind in ("sentence", "sentences", "list"):
        return Slot(name, nested=kind)
    if kind in (known := _fixed(words)):
        pattern, tell = known[kind]
        return Slot(name, re.compile(pattern + r"(?![\w-])"), tell=tell)
    if kind in (known_open := _open(words)):
        fits, said = known_open[kind]
        return Slot(name, fits=fits, tell=said)
    noun = kind.removesuffix("s")
    if noun not in words.nouns:
        raise KeyError(name)
    return Slot(name, re.compile(_counted(noun) + r"(?![\w-])"), tell=partial(_told_counts, words.nouns))


def _fixed(words: Catalogue) -> Mapping[str, tuple[str, Callable[[str], str] | None]]:
    """Kinds whose end can be told: pattern, and how it is retold."""
    nouns = "|".join(sorted(map(_noun, words.nouns), key=len, reverse=True)) or "(?!)"
    unit = rf"{NUMBER} (?:{'|'.join(map(_noun, _UNITS))})"
    counts = partial(_told_counts, words.nouns)
    return {
        "n": (NUMBER, None),
        "share": (rf"{NUMBER} ?%", lambda text: text.replace(" ", "")),
        "span": (rf"{unit}(?: {unit})?", counts),
        "count": (rf"{NUMBER} (?:{nouns})", counts),
        "moment": (r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?", None),
        "file": (r"\w+\.(?:csv|json|parquet|html)", None),
    }


def _open(words: Catalogue) -> Mapping[str, tuple[Callable[[str], bool], Callable[[str], str] | None]]:
    """Kinds that end where the words of the sentence go on: whether a text fits, and how it is retold."""
    return {
        "account": (_is_account, None),
        "text": (bool, None),
        "detector": (words.detectors.__contains__, words.words.__getitem__),
        "money": (lambda text: _MONEY.fullmatch(text) is not None, None),
        "moneys": (lambda text: all(map(_MONEY.fullmatch, text.split(" + "))), None),
        "term": (words.words.__contains__, words.words.__getitem__),
        "places": (lambda text: _PLACES.fullmatch(text) is not None, partial(_told_places, words.nouns, words.words)),
        "tally": (partial(_is_tally, words.detectors), partial(_told_tally, words.detectors)),
    }


def _is_account(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_ACCOUNT and not _GROUP.fullmatch(text)


def _noun(noun: str) -> str:
    return re.escape(noun) + "s?"


def _counted(noun: str) -> str:
    return rf"{NUMBER} {_noun(noun)}"


def _told_counts(nouns: Mapping[str, str], text: str) -> str:
    """Each number and its noun; the noun goes up to the next number."""
    parts = re.findall(rf"({NUMBER}) ([^\d]+?)(?= {NUMBER}|$)", text)
    return " ".join(f"{number} {nouns[noun] if noun in nouns else nouns[noun[:-1]]}" for number, noun in parts)


def _tallied(text: str) -> Iterator[tuple[str, str] | None]:
    for one in text.split(", "):
        found = _TALLIED.fullmatch(one)
        yield (found[1], found[2]) if found else None


def _is_tally(words: Mapping[str, str], text: str) -> bool:
    return all(one is not None and one[1] in words for one in _tallied(text))


def _told_tally(words: Mapping[str, str], text: str) -> str:
    return "、".join(f"{words[one[1]]} {one[0]}" for one in _tallied(text) if one)


def _told_places(nouns: Mapping[str, str], words: Mapping[str, str], text: str) -> str:
    users = re.compile(rf"\(({NUMBER}) accounts?\)(?:, (?=(?:device|ip) )|$)")
    told = users.sub(lambda found: f"（{found[1]} {nouns['account']}）、", text)
    kinds = re.compile(r"(^|）、)(device|ip) ")  # where a place begins: elsewhere the words are its name
    told = kinds.sub(lambda found: f"{found[1]}{words[found[2]]} ", told)
    return told.removesuffix("、").replace(" （", "（")
