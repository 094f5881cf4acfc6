"""Texts in which words of this field are explained: for readers who meet "fan-in" or "one-off" for the first time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup, escape

from graphflow.roles import ROLES as ROLE_NAMES
from graphflow.view.terms import DETECTORS, RANKING, ROLES

Say = Callable[[str], str]

IN_SENTENCES = {
    "one-off": "Payer and payee deal with each other within a few days, and never before or after.",
    "hops": "A hop is one transfer from an account to the next.",
    "hop": "A hop is one transfer from an account to the next.",
    "tier": "How many transfers an account is away from where the money set out.",
    "staying": "The time from money coming in to its going out again (dwell), the oldest money first.",
    "stays": "The time from money coming in to its going out again (dwell), the oldest money first.",
    "decisive": "Evidence strong enough to count towards level high, which needs two kinds of it.",
}
"""Words of reasons and headlines. Of two forms of one word, the first is its name."""
TERMS: Mapping[str, str] = {
    **IN_SENTENCES,
    "flagged": RANKING["flagged"],
    **DETECTORS,
    **{word: means for word, means in ROLES.items() if word in ROLE_NAMES},
}
"""Each word as pages say it, and what it means."""


def marked(text: str, say: Say) -> Markup:
    """A text with the first of each word of `TERMS` in it explained: by its title, and when it is reached or tapped.

    Everything else of the text is escaped: names in it come from data.

    >>> print(str(marked("3 hops <b>", str)).replace(TERMS["hops"], "…"))
    3 <span class="term" tabindex="0" title="…" data-means="…">hops</span> &lt;b&gt;
    """
    made, seen, at = Markup(""), set(), 0
    for word, start, end in _found(text, say):
        if word in seen:
            continue
        seen.add(word)
        means = say(TERMS[word])
        span = Markup('<span class="term" tabindex="0" title="{0}" data-means="{0}">{1}</span>')
        made += escape(text[at:start]) + span.format(means, text[start:end])
        at = end
    return made + escape(text[at:])


def explained(texts: Iterable[str], say: Say) -> list[tuple[str, str]]:
    """The words of `TERMS` that these texts hold, each with what it means, in the order of `TERMS`.

    >>> explained(["one-off payers", "a fan-in"], str)[1]
    ('fan-in', 'Many accounts pay one within a short time: it collects.')
    """
    used = {word for text in texts for word, *_ in _found(text, say)}
    found: dict[str, str] = {}  # of two forms of a word, the first
    for word, means in TERMS.items():
        if word in used:
            found.setdefault(say(means), say(word))
    return [(word, means) for means, word in found.items()]


def _found(text: str, say: Say) -> list[tuple[str, int, int]]:
    """Each word in a text, and from where to where: the longest where two begin at one place.

    A word ends where no letter goes on; Chinese has no such ends.
    """
    own = {say(word): word for word in TERMS}
    ranked = sorted(own, key=lambda word: (-len(word), word))
    pattern = "|".join(rf"(?<![\w-]){re.escape(w)}(?![\w-])" if w.isascii() else re.escape(w) for w in ranked)
    return [(own[hit[0]], hit.start(), hit.end()) for hit in re.finditer(pattern, text)]
