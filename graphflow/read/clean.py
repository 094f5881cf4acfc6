"""Text → transfers: exact minor units, UTC times, and a reason for every row that does not become one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from graphflow.ledger import OPTIONAL, REJECTED, SCHEMA
from graphflow.read.amounts import (
    LEAST,
    MONEY,
    MOST_DECIMALS,
    comma_or_point,
    decimal,
    doubtful_point,
    learn,
    proved_comma,
    units,
    usual,
)
from graphflow.read.batches import FIELDS as COUNTED
from graphflow.read.batches import ROW
from graphflow.read.columns import EXCLUDED, REFUSED, Layout
from graphflow.read.keys import Keys
from graphflow.read.source import RawFile
from graphflow.read.times import check_format, find_format, is_zoned, parse_times

NO_CURRENCY = "XXX"
"""ISO 4217: no currency. What an amount is in when neither file nor option says."""

_FINE = rf"\.\d{{{MOST_DECIMALS + 1}}}|\de-"
_NO_AMOUNT = f"not an amount (digits, at most {MOST_DECIMALS} decimals, 64 bits of minor units)"
# Free text never decides which transfer it is, so white space around it is no reason to read the file again.
FREE = [name for name, kind in OPTIONAL.items() if kind == pl.String]


class Padded(Exception):
    """White space around an account or a code: the file must be read with it stripped."""


def is_padded(texts: pl.Series) -> bool:
    """Whether any of some distinct texts is empty or has white space at its ends (or at the colon of a joined key)."""
    return bool(texts.str.contains(r"^\s|\s$|\s:|:\s|^:|:$|^$").any())


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """One batch: `good` has times, minor units (in `decimals`) and text, `keys` its accounts; the rest stands in `bad`
    with a reason. `measures`: what the rest tells of money that is frozen."""

    good: pl.DataFrame
    keys: Keys
    bad: pl.DataFrame
    excluded: int
    decimals: dict[str, int]
    measures: pl.DataFrame | None = None

    @property
    def height(self) -> int:
        """Rows that were read."""
        return self.good.height + self.bad.height


class Cleaner:
    """Cleans the batches of one file. The time format found in the first batch holds for all of them.

    Once `time_format` is set nothing here changes, so batches may be cleaned on several threads.
    """

    def __init__(
        self,
        source: RawFile,
        layout: Layout,
        *,
        time_format: str | None,
        timezone: str,
        currency: str | None,
        decimal_mark: str | None = None,
        strip: bool = False,
    ) -> None:
        check_format(time_format or "%Y-%m-%d", timezone)
        self.source = source
        self.layout = layout
        self.timezone = timezone
        self.time_format = time_format
        self.currency = currency
        self._stated = False
        self.comma = comma_or_point(decimal_mark)
        self.doubtful = ""
        self.strip = strip or source.kind != "text" or layout.prepare is not None

    @property
    def knows_currency(self) -> bool:
        """Whether the file says what its amounts are in."""
        return self.layout.has("paid_currency") or self._stated

    @cached_property
    def floats(self) -> list[str]:
        """Amounts that the file holds as binary floating-point numbers."""
        parts, types = self.layout.parts, self.source.types
        if self.layout.floats:
            return [name for name in MONEY if name in parts]
        return [name for name in MONEY if name in parts and types and types[parts[name][0]].is_float()]

    def look_at(self, times: pl.Series, amounts: pl.Series) -> None:
        """Find the time format and the decimal mark from the texts of the first rows, unless they are given."""
        if self.time_format is None:
            self.time_format = find_format(times.str.strip_chars().replace("", None), self.source.path)
        if self.comma is None:
            commas = amounts.str.contains(",", literal=True).any()
            self.comma = proved_comma(amounts, self.source.path) if commas else None
            self.doubtful = doubtful_point(amounts) if self.source.kind == "text" and not commas else ""

    def first_texts(self, batch: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """The texts of a batch's times and amounts."""
        raw = self.layout.texts_of(batch.with_columns(_stripped(c) for c in _texts(batch)), ROW)
        return raw["time"], raw["paid"]

    def clean(self, batch: pl.DataFrame) -> Cleaned:
        """The transfers of a batch, and the rows that are none."""
        raw = self._texts(batch, strip=self.strip)
        frame, mask, decimals = self._typed(raw, self._whole(batch))
        good, bad, excluded = frame, pl.DataFrame(schema=REJECTED), 0
        if not mask.all():
            good, bad = frame.filter(mask), self._reasons(batch.filter(~mask))
            excluded, bad = bad[EXCLUDED].count(), bad.drop(EXCLUDED)
        return Cleaned(
            good=good.drop(*(() if self.layout.one_sided else ("payer", "payee")), EXCLUDED, REFUSED, strict=False),
            keys=Keys.of(good["payer"], good["payee"]),
            bad=bad,
            excluded=excluded,
            decimals=decimals,
            measures=_measures(raw) if self.layout.freezes else None,
        )

    def _whole(self, batch: pl.DataFrame) -> pl.Series:
        """Which rows have as many fields as the header."""
        if COUNTED in batch.columns:
            return batch[COUNTED] == len(self.source.header)
        return pl.repeat(True, batch.height, eager=True)

    # --- text --------------------------------------------------------------------------------------

    def _texts(self, batch: pl.DataFrame, *, strip: bool) -> pl.DataFrame:
        """Ledger fields as text; with `strip`, white space around it is taken off and nothing is left as null."""
        if strip:
            batch = batch.with_columns(_stripped(c) for c in _texts(batch))
        raw = self.layout.texts_of(batch, ROW).with_columns(_decimals_of_float(name) for name in self.floats)
        self._stated = self._stated or "paid_currency" in raw.columns
        unit = pl.lit(self.currency or NO_CURRENCY)
        stated = pl.col("paid_currency").fill_null(unit) if "paid_currency" in raw.columns else unit
        raw = raw.with_columns(paid_currency=stated)
        if "received" not in raw.columns:
            raw = raw.drop("received_currency", strict=False)
        if "received_currency" in raw.columns:
            raw = raw.with_columns(pl.col("received_currency").fill_null(pl.col("paid_currency")))
        raw = raw.with_columns(_stripped(c) for c in ("tx", *FREE) if c in raw.columns and not strip)
        coded = [c for c in raw.columns if {**SCHEMA, **OPTIONAL}.get(c) == pl.Categorical]
        raw = raw.with_columns(pl.col(coded).cast(pl.Categorical))
        if not strip and any(is_padded(raw[c].unique().cast(pl.String)) for c in coded):
            raise Padded
        return raw

    # --- types -------------------------------------------------------------------------------------

    def _typed(self, raw: pl.DataFrame, whole: pl.Series) -> tuple[pl.DataFrame, pl.Series, dict[str, int]]:
        """Values for texts, which rows are transfers, and the decimals amounts are in.

        whole  which rows have as many fields as the header
        """
        assert self.time_format is not None
        times = parse_times(raw["time"], self.time_format, self.timezone)
        exact = {name: decimal(raw[name], comma=bool(self.comma)) for name in MONEY if name in raw.columns}
        if self.layout.one_sided:
            raw = raw.with_columns(negative=(exact["paid"] < 0).fill_null(False))
            exact["paid"] = exact["paid"].abs()
        currency = {name: _currency(raw, name) for name in exact}
        mask = whole & times.is_not_null()
        for name in self._needed:
            mask &= raw[name].is_not_null()
        for verdict in (EXCLUDED, REFUSED):
            mask &= raw[verdict].is_null() if verdict in raw.columns else True
        for name in exact.keys() & LEAST.keys():
            mask &= (usual(exact[name], currency[name]).is_not_null() & (exact[name] >= LEAST[name])).fill_null(False)
        decimals: dict[str, int] = {}
        finer = sum(learn(values, currency[name], mask, decimals) for name, values in exact.items())
        minor = {
            name: units(values, currency[name], decimals, counts=mask if finer else None)
            for name, values in exact.items()
        }
        tier = [pl.col("tier").cast(OPTIONAL["tier"], strict=False)] if "tier" in raw.columns else []
        return raw.with_columns(times.alias("time"), *tier, **minor), mask, decimals

    @property
    def _needed(self) -> list[str]:
        """Texts that a transfer cannot be without."""
        told = "payer_balance" in self.layout.parts  # which way a row without a word went, its balance may tell
        return ["payer", "payee"] if told or not self.layout.one_sided else ["payer", "payee", "direction"]

    # --- what becomes of the rows ------------------------------------------------------------------

    def _sign(self, raw: pl.DataFrame, name: str) -> pl.Series:
        """1, 0 or -1 for an amount; null for what is none."""
        exact = decimal(raw[name], comma=bool(self.comma))
        exact = exact.abs() if self.layout.one_sided and name == "paid" else exact
        return exact.sign().set(usual(exact, _currency(raw, name)).is_null(), None)

    def _no_time(self) -> str:
        assert self.time_format is not None
        zone = "" if self.timezone == "UTC" or is_zoned(self.time_format) else f" in {self.timezone}"
        return f"not a time as {self.time_format}{zone}"

    def _reasons(self, batch: pl.DataFrame) -> pl.DataFrame:
        """One reason a row that is no transfer: the first of these that applies; and whether it is counted apart."""
        assert self.time_format is not None
        raw, width = self._texts(batch, strip=True), len(self.source.header)
        counted = batch[COUNTED] if COUNTED in batch.columns else pl.repeat(width, batch.height, eager=True)
        money = {name: self._sign(raw, name) for name in LEAST if name in raw.columns}
        frame = raw.with_columns(
            counted.alias(COUNTED),
            parse_times(raw["time"], self.time_format, self.timezone).alias("time ok"),
            **{f"{name} sign": sign for name, sign in money.items()},
        )
        made = {ROW, EXCLUDED, REFUSED, *self.layout.constants}
        given = [c for c in raw.columns if c not in made and not c.endswith("currency")]
        none = pl.lit(None, pl.String)
        said = {verdict: pl.col(verdict) if verdict in raw.columns else none for verdict in (EXCLUDED, REFUSED)}
        ragged = pl.lit(f"another number of fields than {width}")
        cases: list[tuple[pl.Expr, str, pl.Expr, pl.Expr]] = [
            (pl.all_horizontal(pl.col(c).is_null() for c in given), "", none, pl.lit("the line is empty")),
            (pl.col(COUNTED) != width, "", pl.col(COUNTED).cast(pl.String), ragged),
            *((reason.is_not_null(), "", none, reason) for reason in said.values()),
        ]
        for name in dict.fromkeys(["time", *self._needed, *money]):
            cases.append((pl.col(name).is_null(), name, pl.col(name), pl.lit("empty")))
        cases.append((pl.col("time ok").is_null(), "time", pl.col("time"), pl.lit(self._no_time())))
        for name in money:
            cases += [
                (pl.col(f"{name} sign").is_null(), name, pl.col(name), pl.lit(_NO_AMOUNT)),
                (pl.col(f"{name} sign") < 0, name, pl.col(name), pl.lit("negative amount (a reversal?)")),
            ]
        cases.append((pl.col("paid sign") == 0, "paid", pl.col("paid"), pl.lit("zero amount: nothing moved")))
        apart = {2, len(cases) - 1}
        header = {**self.layout.headers, "": ""}
        return frame.select(
            file=pl.lit(self.source.path),
            row=pl.col(ROW).cast(pl.Int64),
            column=_first([(when, pl.lit(header.get(name, name))) for when, name, _, _ in cases]),
            value=_first([(when, value) for when, _, value, _ in cases]),
            reason=_first([(when, reason) for when, _, _, reason in cases]),
            excluded=_first([(when, pl.lit(str(k) if k in apart else None)) for k, (when, *_) in enumerate(cases)]),
        )


def _measures(raw: pl.DataFrame) -> pl.DataFrame:
    """Money that rows say is held in an account, as `References.freeze` takes it."""
    held = raw.filter(pl.col(EXCLUDED).is_not_null() & pl.col("payer").is_not_null())
    return held.select(account=pl.col("payer").cast(pl.String), amount="paid", start="time", row=ROW)


def _texts(batch: pl.DataFrame) -> list[str]:
    """Names of the columns of text."""
    return [name for name, kind in batch.schema.items() if kind == pl.String]


def _currency(raw: pl.DataFrame, name: str) -> pl.Series:
    """The currency of an amount."""
    own = name == "received" and "received_currency" in raw.columns
    return raw["received_currency" if own else "paid_currency"]


def _decimals_of_float(name: str) -> pl.Expr:
    """A binary number with more decimals than an amount can have, rounded to as many; any other text as it is."""
    text = pl.col(name)
    rounded = text.cast(pl.Float64, strict=False).cast(pl.Decimal(38, MOST_DECIMALS), strict=False).cast(pl.String)
    return pl.when(text.str.contains(_FINE)).then(rounded).otherwise(text).alias(name)


def _stripped(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _first(cases: list[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    chosen = pl.lit(None, pl.String)
    for when, value in reversed(cases):
        chosen = pl.when(when).then(value).otherwise(chosen)
    return chosen
