"""Every exception graphflow raises on purpose.

One line each: what is wrong, where, and what to do about it. `main()` in the CLI is the
only place that catches them; a notebook user sees them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class GraphflowError(Exception):
    """Something the user can fix. The message is one clear line."""


class SourceError(GraphflowError):
    """An input file cannot be read as transaction records."""


class ColumnError(SourceError):
    """A needed column is missing, or a mapping names one that is not there."""


class RuleError(GraphflowError):
    """A rules file or a parameter of a detector is not valid."""


class OutputError(GraphflowError):
    """The results cannot be written where they were asked for."""


class LedgerError(GraphflowError):
    """A frame does not hold what a ledger must hold."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest of the known names as a hint, or the whole list when nothing is near.

    >>> did_you_mean("payr", ["payer", "payee", "time"])
    'did you mean "payer"?'
    >>> did_you_mean("x", ["payer", "payee"])
    'known: payer, payee'
    """
    options = list(known)
    near = get_close_matches(name, options, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return "known: " + ", ".join(options)
