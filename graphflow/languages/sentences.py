"""English sentences of the program, read and told in another language.

Reasons, headlines and warnings are made in English where they arise, with figures and names in them, and travel as
plain text. Whoever makes a page for another language reads them: a sentence that fits a template of the catalogue,
from its first character to its last, is told by that template.

Names come from data, so a name can hold the words of a template. Every way of reading is therefore looked for; where
two of them would tell a sentence differently, or none fits, the sentence stays English: a figure or an account is not
told wrongly, at worst it is told in English. One thing cannot be known from the text alone: a sentence that begins with
"fan-in: " is one about that detector's finding, not one about an account whose name begins so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import pairwise, product

from graphflow.languages.catalogue import Catalogue, catalogue_of
from graphflow.languages.slots import Slot, slot_of

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
JOINTS = {"sentences": ("; ", "；"), "list": (", ", "，")}
_WORD = re.compile(r"[A-Za-z]+")
_INSIDE = re.compile(r"(?<= )[A-Za-z]+(?=[ ,;:.])")
_MOST_TRIALS = 4000
_REMEMBERED = 20_000

Ways = frozenset[str]
"""How a sentence can be told: of one that can be told in one way alone, that one. Two are as bad as many."""


class TooManyWays(Exception):
    """A sentence that would take too long to read, as only one made for that does."""


class Effort:
    """How much may still be tried for one sentence."""

    def __init__(self) -> None:
        self._left = _MOST_TRIALS

    def spend(self) -> None:
        """One more trial. Raises `TooManyWays` when none is left."""
        self._left -= 1
        if self._left < 0:
            raise TooManyWays


@dataclass(frozen=True)
class Template:
    """A sentence with gaps: literal texts and slots by turns, and its pieces in the other language.

    literals  those of `parts`: what has not all of them, in their order, is no such sentence
    """

    parts: tuple[str | Slot, ...]
    told: tuple[str | Slot, ...]
    literals: tuple[str, ...]

    def may_fit(self, text: str) -> bool:
        """A quick look, which sees that most texts do not fit."""
        if isinstance(self.parts[0], str) and not text.startswith(self.parts[0]):
            return False
        at = 0
        for literal in self.literals:
            if (at := text.find(literal, at) + len(literal)) < len(literal):
                return False
        return isinstance(self.parts[-1], Slot) or at == len(text) or text.endswith(self.literals[-1])

    @property
    def begins_with_a_name(self) -> bool:
        """Whether anything from data can stand first."""
        first = self.parts[0]
        return isinstance(first, Slot) and first.of_data

    def readings(self, text: str, effort: Effort) -> Iterator[dict[str, str]]:
        """Every way of filling the gaps so that the whole text results."""
        return self._from(0, text, 0, {}, effort)

    def _from(self, part: int, text: str, at: int, filled: dict[str, str], effort: Effort) -> Iterator[dict[str, str]]:
        if part == len(self.parts):
            if at == len(text):
                yield filled
            return
        piece = self.parts[part]
        if isinstance(piece, str):
            if text.startswith(piece, at):
                yield from self._from(part + 1, text, at + len(piece), filled, effort)
            return
        for end in self._ends(part, piece, text, at):
            effort.spend()
            yield from self._from(part + 1, text, end, {**filled, piece.name: text[at:end]}, effort)

    def _ends(self, part: int, slot: Slot, text: str, at: int) -> Iterator[int]:
        """Where the text of a slot can end."""
        if slot.pattern:
            if found := slot.pattern.match(text, at):
                yield found.end()
            return
        after = self.parts[part + 1] if part + 1 < len(self.parts) else ""
        if not after:
            if slot.fits(text[at:]):
                yield len(text)
            return
        end = text.find(str(after), at + 1)
        while end >= 0:
            if slot.fits(text[at:end]):
                yield end
            end = text.find(str(after), end + 1)


class Sentences:
    """The sentences of a language: templates compiled once, what was told remembered."""

    def __init__(self, words: Catalogue) -> None:
        self._words = words.words
        self._prefix = re.compile(rf"(?:also )?(?:{'|'.join(map(re.escape, words.detectors)) or '(?!)'}): ")
        slot = cache(partial(slot_of, words=words))
        self._by_word = _by_word([_compiled(*pair, slot) for pair in words.sentences.items()])
        self.tell = lru_cache(_REMEMBERED)(self._tell)

    def _tell(self, text: str) -> str:
        """A sentence in the language; as it is where it cannot be read in exactly one way."""
        try:
            ways = self._joined(text, Effort())
        except TooManyWays:
            return text
        return next(iter(ways)) if len(ways) == 1 else text

    def _ways(self, text: str, effort: Effort) -> Ways:
        found = {self._words[text]} if text in self._words else set[str]()
        prefixed = self._prefix.match(text) is not None
        for template in self._candidates(text):
            if template.may_fit(text) and not (prefixed and template.begins_with_a_name):
                for filled in template.readings(text, effort):
                    found |= self._told(template, filled, effort)
                    if len(found) > 1:
                        return frozenset(found)
        return frozenset(found)

    def _candidates(self, text: str) -> Iterator[Template]:
        yield from self._by_word[""]
        for word in dict.fromkeys(_WORD.findall(text)):
            yield from self._by_word.get(word, ())

    def _joined(self, text: str, effort: Effort, kind: str = "sentences") -> Ways:
        """A sentence, or several joined."""
        joint, told = JOINTS[kind]
        found, at = set(self._ways(text, effort)), text.find(joint)
        while at >= 0:
            effort.spend()
            if head := self._ways(text[:at], effort):
                found |= {
                    f"{a}{told}{b}" for a, b in product(head, self._joined(text[at + len(joint) :], effort, kind))
                }
            at = text.find(joint, at + 1)
        return frozenset(found)

    def _told(self, template: Template, filled: dict[str, str], effort: Effort) -> Ways:
        pieces = [{piece} if isinstance(piece, str) else self._slot(piece, filled, effort) for piece in template.told]
        return frozenset(map("".join, product(*pieces)))

    def _slot(self, slot: Slot, filled: dict[str, str], effort: Effort) -> Ways:
        text = filled[slot.name]
        if slot.nested:
            return self._joined(text, effort, slot.nested) if slot.nested in JOINTS else self._ways(text, effort)
        return frozenset({slot.tell(text) if slot.tell else text})


@cache
def sentences_of(lang: str) -> Sentences:
    """The sentences of a language, made when first asked for."""
    return Sentences(catalogue_of(lang))


def _compiled(english: str, told: str, slot: Callable[[str], Slot]) -> Template:
    parts = _parts(english, slot)
    if any(isinstance(a, Slot) and isinstance(b, Slot) for a, b in pairwise(parts)):
        raise ValueError(f"nothing stands between two gaps: {english}")
    return Template(parts, _parts(told, slot), tuple(part for part in parts if isinstance(part, str)))


def _by_word(templates: Sequence[Template]) -> Mapping[str, list[Template]]:
    """Templates by a word of each, the one that fewest have; by "" those without: so that few are tried for a text."""
    has = [_whole_words(template) for template in templates]
    often = Counter(word for words in has for word in words)
    found: dict[str, list[Template]] = {"": []}
    for template, words in zip(templates, has, strict=True):
        rarest = min(words, key=lambda word: (often[word], word), default="")
        found.setdefault(rarest, []).append(template)
    return found


def _whole_words(template: Template) -> set[str]:
    """Words between blanks inside a literal: whatever stands in the gaps, a text has them as words too."""
    return {word for part in template.parts if isinstance(part, str) for word in _INSIDE.findall(part)}


def _parts(text: str, slot: Callable[[str], Slot]) -> tuple[str | Slot, ...]:
    pieces = PLACEHOLDER.split(text)
    return tuple(slot(p) if k % 2 else p for k, p in enumerate(pieces) if p or k % 2)
