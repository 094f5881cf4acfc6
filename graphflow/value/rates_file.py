"""A file of exchange rates: what one unit of each currency is worth in one base currency, if need be by date.

    currency,rate,date,base
    EUR,1.08,2026-01-05,USD
    EUR,1.09,2026-01-06,USD
    CNY,0.14,,USD

`date` and `base` may be left out. A rate with a date holds until the next one of its currency. Without `base`, the
currency whose rate is 1 is the base.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from os import PathLike, fspath
from pathlib import Path

from graphflow.errors import RatesError, did_you_mean
from graphflow.ledger import Ledger
from graphflow.value.course import ALWAYS, Course

_COLUMNS = ("currency", "rate", "date", "base")
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True)
class RatesFile:
    """Rates by currency and day (days since 1970), in the base currency.

    path, sha256  which file it was, for the record of a run
    """

    path: str
    sha256: str
    base: str
    rates: Mapping[str, Mapping[int, float]]

    def courses(self, ledger: Ledger) -> dict[str, Course]:
        """Currency → course for the ledger's currencies that the file rates; the base of the valuation comes first.

        That is the file's base; where the ledger does not have it, the ledger's most used currency that is rated.
        Raises `RatesError` when none is.
        """
        held = [c for c in ledger.currencies if c in self.rates or c == self.base]
        if not held:
            wanted = ledger.currencies[0]
            raise RatesError(
                f'{self.path}: no rate for any currency of the ledger, such as "{wanted}": '
                f"{did_you_mean(wanted, dict.fromkeys([*self.rates, self.base]))}"
            )
        last = (ledger.period[1].date() - date(1970, 1, 1)).days if ledger.whole_height else ALWAYS
        courses = {c: Course.from_dates(self.rates.get(c, {ALWAYS: 1.0}), last) for c in held}
        if self.base in courses:
            return {self.base: courses.pop(self.base), **courses}
        first = courses.pop(held[0])
        return {held[0]: Course.flat(1.0), **{c: course.times(first.inverse()) for c, course in courses.items()}}


def read_rates(source: str | PathLike[str]) -> RatesFile:
    """Read a rates file (CSV); raises `RatesError` with the line that is not right.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "rates.csv"
    >>> _ = path.write_text("currency,rate\\nUSD,1\\nEUR,1.08\\n")
    >>> read_rates(path).base
    'USD'
    """
    path = fspath(source)
    try:
        content = Path(path).read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise RatesError(f"{path}: no such rates file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RatesError(f"{path}: is not a rates file in UTF-8 ({error})") from None
    rates: dict[str, dict[int, float]] = {}
    bases: set[str] = set()
    for where, row in _lines(path, text):
        own = rates.setdefault(row["currency"], {})
        day = _day(row["date"], where)
        if day in own:
            raise RatesError(f"{where}: a second rate for {row['currency']} {row['date']}".rstrip())
        own[day] = _rate(row["rate"], where)
        bases |= {row["base"]} - {""}
    base = _base(path, bases, rates)
    return RatesFile(path=path, sha256=hashlib.sha256(content).hexdigest(), base=base, rates=rates)


def _lines(path: str, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each line is, and its fields: empty ones where the file has no such column."""
    reader = csv.reader(io.StringIO(text))
    header = [name.strip().lower() for name in next(reader, [])]
    for name in ("currency", "rate"):
        if name not in header:
            raise RatesError(f'{path}: no column "{name}" (a rates file has {", ".join(_COLUMNS)})')
    for fields in reader:
        where = f"{path}, line {reader.line_num}"
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            raise RatesError(f"{where}: {len(fields)} fields where the header has {len(header)}")
        row = dict(zip(header, (field.strip() for field in fields), strict=True))
        if not row["currency"]:
            raise RatesError(f"{where}: no currency")
        yield where, {name: row.get(name, "") for name in _COLUMNS}


def _day(text: str, where: str) -> int:
    if not text:
        return ALWAYS
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:
        raise RatesError(f'{where}: date "{text}" is not like 2026-01-31') from None


def _rate(text: str, where: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise RatesError(f'{where}: rate "{text}" is not a number') from None
    if not (isfinite(rate) and rate > 0):
        raise RatesError(f"{where}: rate {text} must be above 0")
    return rate


def _base(path: str, bases: set[str], rates: Mapping[str, Mapping[int, float]]) -> str:
    """The one currency all rates are in."""
    if len(bases) > 1:
        raise RatesError(f"{path}: more than one base currency ({', '.join(sorted(bases))}); one file has one")
    ones = [currency for currency, own in rates.items() if set(own.values()) == {1.0}]
    if not bases and len(ones) != 1:
        raise RatesError(f'{path}: rates in which currency? Add a column "base", or the line of the base with rate 1')
    base = next(iter(bases or ones))
    if base in rates and base not in ones:
        raise RatesError(f"{path}: {base} is the base currency, so its own rate must be 1")
    return base
