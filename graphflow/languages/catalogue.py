"""Catalogues: what each language says for the English of the program, one TOML file a language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Catalogue:
    """What a language says.

    detectors  name of a detector → its own
    words      fixed English text → its own, detectors and counts ("{n} payers") among them; both have the same `{name}`
    nouns      what is counted, in the singular → how it follows its number ("payer" → "个付款方" in "3 个付款方")
    parameters name of a threshold in a rules file → what it is
    sentences  sentences with placeholders → its own with the same; `slots` says what each placeholder stands for
    """

    detectors: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    nouns: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)


@cache
def catalogue_of(lang: str) -> Catalogue:
    """The catalogue of a language, read once; that of English is empty, as English is what the code says.

    >>> catalogue_of("zh").words["Legend"]
    '图例'
    """
    if lang == "en":
        return Catalogue()
    tables = tomllib.loads(files(__package__).joinpath(f"{lang}.toml").read_text("utf-8"))
    nouns = tables["nouns"]
    counts = {f"{{n}} {noun}{s}": f"{{n}} {nouns[noun]}" for noun in nouns for s in ("", "s")}
    return Catalogue(**{**tables, "words": counts | tables["detectors"] | tables["words"]})
