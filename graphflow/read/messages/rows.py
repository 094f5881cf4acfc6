"""The table a message file becomes: one row an entry or a payment, every cell text, columns named "0", "1", …

A message says once for many rows what is true of all of them (whether the balances of a statement prove its
entries). That is known only at the end of the statement, so such words are filled in when the table is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from graphflow.errors import ColumnError
from graphflow.read.columns import EXCLUDED, REFUSED, Layout
from graphflow.read.columns import FIELDS as LEDGER_FIELDS

if TYPE_CHECKING:
    from graphflow.read.source import RawFile  # which gets its tables from here

Cells = Mapping[str, str | None]
"""One row: field → text."""

Table = tuple[tuple[str, ...], pl.DataFrame]
"""A header, and a frame of texts under it."""

CHECK = "check"
"""Field for what speaks against a row's statement or message as a whole; empty where nothing does."""

ENCODING = "encoding"
"""Field for the encoding of a file that states none and is not UTF-8."""

_CHUNK = 20_000
_SIDE = "side"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What the table of one kind of message has.

    headers    field → header, in the order of the columns; no other file has such headers, so they are how the table
               is known again. Fields that are none of the ledger's say where a row stands and what was checked
    one_sided  see `Layout`
    """

    dialect: str
    headers: Mapping[str, str]
    one_sided: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """The header row."""
        return tuple(self.headers.values())

    def recognise(self, source: RawFile) -> bool:
        """Whether a file is such a table."""
        return source.header == self.header

    def layout(self, source: RawFile) -> Layout:
        """Each column is a field. Raises `ColumnError` naming the first that is missing."""
        missing = next((name for name in self.header if name not in source.header), None)
        if missing:
            raise ColumnError(f'{source.path}: is no {self.dialect} message: it has no "{missing}"')
        named = {name: h for name, h in self.headers.items() if name in _READ}
        return Layout(
            dialect=self.dialect,
            parts={name: (source.header.index(header),) for name, header in named.items()},
            headers={name: header for name, header in named.items() if name in LEDGER_FIELDS},
            prepare=_as_it_is,
            one_sided=self.one_sided,
        )


_READ = frozenset({*LEDGER_FIELDS, "direction", "reversal", "end", EXCLUDED, REFUSED})


def _as_it_is(raw: pl.DataFrame) -> pl.DataFrame:
    """Nothing is left to do. That it is said keeps the table from the kernels, which know no verdicts on rows."""
    return raw


@dataclass
class Rows:
    """Collects rows into compact frames as they come, so that memory stays near that of the text kept."""

    columns: Columns
    _pending: list[list[str | None]] = field(default_factory=list)
    _groups: list[int] = field(default_factory=list)
    _frames: list[pl.DataFrame] = field(default_factory=list)

    def add(self, cells: Cells, group: int = 0) -> None:
        """Take a row. `group`: the statement or message it belongs to."""
        self._pending.append([_text(cells.get(name)) for name in self.columns.headers])
        self._groups.append(group)
        if len(self._pending) == _CHUNK:
            self._pack()

    def table(self, checks: Mapping[int, str]) -> Table:
        """The whole table. A group with something in `checks` gets that as its check, and loses its balances, which
        are only as good as the proof."""
        self._pack()
        whole = pl.concat(self._frames)
        said = pl.col(_SIDE).replace_strict(checks, default=None, return_dtype=pl.String)
        whole = whole.with_columns(said.alias(CHECK))
        if "payer_balance" in self.columns.headers:
            kept = pl.when(pl.col(CHECK).is_null()).then("payer_balance")
            whole = whole.with_columns(kept.alias("payer_balance"))
        if "time" in self.columns.headers:
            whole = whole.with_columns(one_format(whole["time"]))
        return self.columns.header, whole.select(pl.col(n).alias(str(k)) for k, n in enumerate(self.columns.headers))

    def _pack(self) -> None:
        schema = dict.fromkeys(self.columns.headers, pl.String)
        frame = pl.DataFrame(self._pending, schema=schema, orient="row")
        self._frames.append(frame.with_columns(pl.Series(_SIDE, self._groups, pl.Int64)))
        self._pending, self._groups = [], []


def _text(cell: str | None) -> str | None:
    return (cell.strip() or None) if cell else None


_DATE = r"^(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?$"
_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$"
_ZONE = r"(Z|[+-]\d\d:\d\d)$"


def one_format(times: pl.Series) -> pl.Series:
    """XML dates and times of one file, all in one format.

    Dates alone stay dates. Where some rows have a time of day, a date means its midnight; where some of those state
    no zone (as no date does), the clock of the bank counts for all of them, and zones that were stated are left out.

    >>> one_format(pl.Series("time", ["2026-01-05+01:00", "2026-01-06"])).to_list()
    ['2026-01-05', '2026-01-06']
    >>> one_format(pl.Series("time", ["2026-01-05T09:30:00Z", "2026-01-06T10:00:00.5+01:00"])).to_list()
    ['2026-01-05T09:30:00+00:00', '2026-01-06T10:00:00.5+01:00']
    >>> one_format(pl.Series("time", ["2026-01-05T09:30:00+01:00", "2026-01-06"])).to_list()
    ['2026-01-05T09:30:00', '2026-01-06T00:00:00']
    """
    frame = times.alias("time").to_frame()
    time = pl.col("time")
    frame = frame.with_columns(time.str.replace(_DATE, "${1}"))
    known = frame["time"].drop_nulls()
    moments = known.filter(known.str.contains(_MOMENT))
    if moments.is_empty():
        return frame["time"].alias(times.name)
    zoned = moments.len() == known.len() and moments.str.contains(_ZONE).all()
    midnight = pl.when(time.str.contains(_DATE)).then(time + "T00:00:00").otherwise(time)
    zone = midnight.str.replace("Z$", "+00:00") if zoned else _without_zone(midnight)
    return frame.select(zone.alias(times.name)).to_series()


def _without_zone(time: pl.Expr) -> pl.Expr:
    """Only what is a time in full: anything else stays, to be named as what cannot be read."""
    return pl.when(time.str.contains(_MOMENT)).then(time.str.replace(_ZONE, "")).otherwise(time)


def warnings(header: tuple[str, ...], frame: pl.DataFrame, most: int = 20) -> list[str]:
    """What people must know of a table: what speaks against its statements or messages, each said once in file order
    (the first ones, and how many more there are), and an encoding that was taken for lack of a better one."""
    columns = {name.rpartition(" ")[2]: frame[str(k)].drop_nulls() for k, name in enumerate(header)}
    none = pl.Series(dtype=pl.String)
    said: list[str] = columns.get(CHECK, none).unique(maintain_order=True).to_list()
    if len(said) > most:
        said[most:] = [f"and {len(said) - most:,} more; the column {CHECK} of their rows says what"]
    encodings = columns.get(ENCODING, none).unique().to_list()
    return said + [f"is not UTF-8: names and texts are read as {one}" for one in encodings]


def joined(parts: Mapping[str, str | None], separator: str = "; ") -> str | None:
    """A memo of several texts, each after what it is; a text whose label is empty stands alone.

    >>> joined({"": "Rent", "UETR": None, "value date": "2026-01-06"})
    'Rent; value date 2026-01-06'
    """
    said = [f"{label} {text}".strip() for label, text in parts.items() if text]
    return separator.join(said) or None
