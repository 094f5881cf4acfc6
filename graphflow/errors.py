"""Every exception graphflow raises on purpose.

One line each: what is wrong, where, and what to do about it. `main()` in the CLI is the
only place that catches them; a notebook user sees them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class GraphflowError(Exception):
    """Something the user can fix. The message is one clear line, whatever stands in the names it quotes.

    >>> import graphflow as gf
    >>> gf.read_ledger("nowhere.csv")
    Traceback (most recent call last):
    graphflow.errors.SourceError: nowhere.csv: ...
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


_LONGEST = 600
_LISTED = 30


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Text from files as one line of bounded length: what a terminal would act on is written as an escape.

    >>> one_line("a\\nb\\x1b[0m")
    'a\\\\nb\\\\x1b[0m'
    """
    cut = text if len(text) <= longest else text[: longest // 2] + " … " + text[-longest // 2 :]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


class SourceError(GraphflowError):
    """An input file cannot be read as transaction records."""


class NoPayments(SourceError):
    """No line of a victims file names a payment of the ledger. `lines`: why not, each, and what comes nearest."""

    def __init__(self, message: str, lines: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.lines = tuple(one_line(line, 3 * _LONGEST) for line in lines)


class ColumnError(SourceError):
    """A needed column is missing, or a mapping names one that is not there."""


class RuleError(GraphflowError):
    """A rules file or a parameter of a detector is not valid."""


class RatesError(GraphflowError):
    """A file of exchange rates cannot be read, or says nothing about the ledger's currencies."""


class OutputError(GraphflowError):
    """The results cannot be written where they were asked for."""


class Stopped(GraphflowError):
    """Somebody stopped the run; the message says how to go on."""


class LedgerError(GraphflowError):
    """A frame does not hold what a ledger must hold."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The nearest of the known names as a hint, or the whole list when nothing is near.

    >>> did_you_mean("payr", ["payer", "payee", "time"])
    'did you mean "payer"?'
    >>> did_you_mean("x", ["payer", "payee"])
    'known: payer, payee'
    """
    options = [one_line(option, 60) for option in known]
    near = get_close_matches(name, options, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    more = f" and {len(options) - _LISTED:,} more" if len(options) > _LISTED else ""
    return "known: " + ", ".join(options[:_LISTED]) + more
