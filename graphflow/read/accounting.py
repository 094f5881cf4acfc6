"""Where every row of every file went: `read = accepted + paired + duplicate + excluded + rejected`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from graphflow.errors import SourceError, one_line
from graphflow.ledger import REJECTED, ROW_KINDS, Source
from graphflow.read.amounts import MOST_DECIMALS
from graphflow.read.clean import NO_CURRENCY, Cleaned, Cleaner
from graphflow.read.columns import Layout
from graphflow.read.one_sided.direction import Words
from graphflow.read.source import RawFile


@dataclass(kw_only=True)
class Accounting:
    """Counts the rows of each file as they are read, and moves them when more is known.

    sources   finished files; a file's number is its place here, from 1 on
    bad       rows that are no transfer, as `ledger.REJECTED`
    warnings  what a reader must know, in words
    empty     why the last file that has no transfers has none
    """

    currency: str | None = None
    sources: list[Source] = field(default_factory=list)
    bad: list[pl.DataFrame] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    empty: str = ""
    _pending: dict[str, int] = field(default_factory=dict)
    _filled: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    _first_bad: int = 0

    @property
    def number(self) -> int:
        """The number of the file being read."""
        return len(self.sources) + 1

    @property
    def paths(self) -> dict[int, str]:
        """Number → path."""
        return {number: source.path for number, source in enumerate(self.sources, 1)}

    def go_on(self, sources: Iterable[Source], seen: Mapping[str, str]) -> None:
        """Go on after files that were read before. `seen`: their paths by fingerprint."""
        self.sources += sources
        self._seen.update(seen)

    @property
    def seen(self) -> dict[str, str]:
        """Fingerprint → path, of every file that was read."""
        return dict(self._seen)

    def count(self, cleaned: Cleaned) -> None:
        """Count one batch of the current file."""
        good, bad = cleaned.good, cleaned.bad
        for kind, rows in (
            ("read", good.height + bad.height),
            ("accepted", good.height),
            ("excluded", cleaned.excluded),
            ("rejected", bad.height - cleaned.excluded),
        ):
            self._pending[kind] = self._pending.get(kind, 0) + rows
        for name in good.columns:
            self._filled[name] = self._filled.get(name, 0) + good[name].count()
        if bad.height:
            self.bad.append(bad)

    def has_seen(self, source: RawFile) -> bool:
        """Whether a file with the same content was read before."""
        return bool(self._seen) and source.fingerprint in self._seen  # a fingerprint takes as long as reading

    def skip(self, source: RawFile, rows: int) -> None:
        """Count a file that was given twice."""
        earlier = self._seen[source.fingerprint]
        reason = f"the file has the same content as {earlier}"
        if rows:
            self.warnings.append(f"{source.path}: {reason}; its {rows:,} rows are counted as duplicate")
        self.set_apart(source, "duplicate", "duplicate", rows, reason)

    def set_apart(self, source: RawFile, dialect: str, kind: str, rows: int, reason: str) -> None:
        """Count a whole file whose rows are no transfers, for one reason."""
        self.bad.append(pl.DataFrame([(source.path, None, None, None, reason)], schema=REJECTED, orient="row"))
        self._seen.setdefault(source.fingerprint, source.path)
        self.sources.append(_source(source, dialect, {"read": rows, kind: rows}))
        self._first_bad = len(self.bad)

    def finish(self, source: RawFile, layout: Layout, cleaner: Cleaner) -> bool:
        """Close the current file's account. Returns whether it had any row."""
        counts, self._pending = self._pending, {}
        if counts.get("read") and not counts.get("accepted"):
            none = f"none of its {counts['read']:,} rows is a transfer; {_said(self.bad[self._first_bad])}"
            if counts["excluded"] < counts["read"]:
                raise SourceError(f"{source.path}: {none}")
            self.say_empty(f"{source.path}: {none}")  # read in full: holds and failures, among other files
        self._first_bad = len(self.bad)
        if not counts:
            self.say_empty(f"{source.path}: has a header and no rows")
        self.warnings += [f"{source.path}: {warning}" for warning in (*source.warnings, *layout.warnings)]
        if not cleaner.knows_currency and self.currency is None:
            self.warnings.append(f"{source.path}: no currency column; amounts are taken as one currency, {NO_CURRENCY}")
        if cleaner.doubtful:
            self.warnings.append(
                f"{source.path}: amounts such as {cleaner.doubtful} are read with a decimal point; if the point stands "
                "between thousands, say --decimal comma"
            )
        if cleaner.floats:
            headers = ", ".join(f'"{layout.headers[name]}"' for name in cleaner.floats)
            self.warnings.append(
                f"{source.path}: {headers} holds binary numbers, not decimals; amounts with more than "
                f"{MOST_DECIMALS} decimals are rounded"
            )
        self._seen[source.fingerprint] = source.path
        known = _source(source, layout.dialect, counts)
        filled, self._filled = self._filled, {}
        rows = counts.get("read", 0) - counts.get("excluded", 0)
        sides = dict.fromkeys(("payer", "payee"), counts.get("accepted", 0))
        share = {name: number / max(rows, 1) for name, number in {**sides, **filled}.items() if name in layout.headers}
        self.sources.append(
            replace(
                known,
                time_format=cleaner.time_format or "",
                columns=dict(layout.headers),
                confidence={name: round(min(part, 1.0), 4) for name, part in share.items()},
                title=source.title,
                header_line=max(source.above, len(source.title)) + 1,
                unit=layout.unit,
                decimal="comma" if cleaner.comma else "",
            )
        )
        return bool(counts)

    def say_empty(self, why: str) -> None:
        """Note a file without transfers: the error, if no file has any."""
        self.empty = why
        self.warnings.append(why)

    def move(self, rows: pl.DataFrame, column: str | None = None) -> None:
        """Count accepted rows otherwise: columns file (number), row, kind, reason (null: needs no explanation), and
        perhaps value.

        column  the header that decided it, where one did
        """
        for (number, kind), part in rows.group_by("file", "kind", maintain_order=True):
            self.shift(int(number), str(kind), part.height)
        told = rows.drop_nulls("reason").with_columns(pl.col("row").cast(pl.Int64), column=pl.lit(column, pl.String))
        path = pl.col("file").replace_strict(self.paths, return_dtype=pl.String)
        value = pl.col("value") if "value" in rows.columns else pl.lit(None, pl.String)
        self.bad.append(told.select("row", "column", "reason", file=path, value=value).select(REJECTED.keys()))

    def none_left(self) -> str:
        """What to say where no record of any file is a transfer of its own in the end."""
        told = pl.concat(self.bad).drop_nulls("row")
        path, rows = self.sources[0].path, sum(source.rows["read"] for source in self.sources)
        return f"{path}: none of {rows:,} rows is a transfer in the end; {_said(told)}"

    def learn(self, words: Mapping[int, Words]) -> None:
        """Keep what the direction words of files mean."""
        for number, known in words.items():
            self.sources[number - 1] = replace(self.sources[number - 1], direction=str(known))

    def shift(self, number: int, kind: str, rows: int) -> None:
        """Count some accepted rows of a file as another kind."""
        old = self.sources[number - 1]
        counts = dict(old.rows)
        counts["accepted"] -= rows
        counts[kind] += rows
        self.sources[number - 1] = replace(old, rows=counts)


def _said(bad: pl.DataFrame) -> str:
    """The first row of some rejected ones in words."""
    first = bad.row(0, named=True)
    value = "" if first["value"] is None else f" {one_line(first['value'], 80)!r}"
    return f"row {first['row']}: {first['column'] or 'line'}{value}: {first['reason']}"


def _source(source: RawFile, dialect: str, counts: dict[str, int]) -> Source:
    zero = dict.fromkeys(("read", *ROW_KINDS), 0)
    return Source(
        path=source.path,
        sha256=source.sha256,
        bytes=source.bytes,
        encoding=source.encoding,
        dialect=dialect,
        rows={**zero, **counts},
        separator=source.separator,
    )
