"""For whom pages are written: the language they speak, and the time zone their clock shows.

English is what the code says. Another language is a catalogue (`catalogue`), one TOML file: English text → its own.
Sentences with figures and names in them are read by the catalogue's templates (`sentences`). What a catalogue lacks, or
what can be read in two ways, stays English: nothing is left out because nobody has translated it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graphflow.errors import RuleError, did_you_mean
from graphflow.languages.catalogue import catalogue_of
from graphflow.languages.sentences import sentences_of

LANGUAGES = {"en": "English", "zh": "中文"}


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whom a page is for.

    code   language: "en" or "zh"; zone: whose clock the page shows, always named beside times
    words  English text → the same in the reader's language; placeholders are `{name}` in both
    """

    code: str = "en"
    zone: str = "UTC"
    words: Mapping[str, str] = field(default_factory=dict, repr=False)

    def say(self, text: str, **values: object) -> str:
        """A text in the reader's language, its placeholders filled; a whole sentence of a finding or a trace as well.

        Give a sentence whole, and cut it afterwards: one that was cut cannot be read. What is not known stays English.

        >>> Reader().say("{n} of {of}", n=3, of=7)
        '3 of 7'
        """
        known = text in self.words
        told = self.words[text] if known else text
        filled = told.format(**values) if values else told
        return filled if known or self.code == "en" else sentences_of(self.code).tell(filled)

    def parameter(self, name: str) -> str:
        """What a threshold of a rules file is in the reader's language; empty in English, where its name says it.

        >>> reader("zh").parameter("window"), Reader().parameter("window")
        ('时间窗口', '')
        """
        return catalogue_of(self.code).parameters.get(name, "")

    def moment(self, time: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
        """A time of the ledger by the reader's clock.

        >>> from datetime import UTC
        >>> Reader(zone="Asia/Shanghai").moment(datetime(2026, 3, 4, 20, 17, tzinfo=UTC))
        '2026-03-05 04:17'
        """
        return time.astimezone(ZoneInfo(self.zone)).strftime(form)


def reader(lang: str = "en", zone: str | None = None) -> Reader:
    """Whom pages are for. Raises `RuleError` for a language or a zone that is not known.

    >>> reader("zh").code
    'zh'
    """
    if lang not in LANGUAGES:
        raise RuleError(f'there is no language "{lang}" for pages: {did_you_mean(lang, LANGUAGES)}')
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RuleError(f'there is no time zone "{zone}": names are like Asia/Shanghai') from error
    return Reader(code=lang, zone=zone or "UTC", words=catalogue_of(lang).words)
