"""Text → transfers: exact minor units, UTC times, and a reason for every row that does not become one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import OPTIONAL, REJECTED, SCHEMA, default_decimals
from graphflow.read.batches import FIELDS as COUNTED
from graphflow.read.batches import ROW
from graphflow.read.columns import NEEDED, Layout
from graphflow.read.source import RawFile
from graphflow.read.times import check_format, find_format, is_zoned, parse_times

NO_CURRENCY = "XXX"
"""ISO 4217: no currency. What an amount is in when neither file nor option says."""

POSITION = "position"
"""What a row without a transaction id is called: the number of its file, and its row."""

_SCALE = 18
_ROUNDED = rf"\.\d{{{_SCALE}}}\d*[1-9]"
MONEY = ("paid", "received", "payer_balance", "payee_balance")
_COUNTED_OUT = "zero amount"
_MOST_DECIMALS = 8
_NO_AMOUNT = f"not an amount (digits, at most {_MOST_DECIMALS} decimals, 64 bits of minor units)"
# Free text never decides which transfer it is, so white space around it is no reason to read the file again.
_FREE = [name for name, kind in OPTIONAL.items() if kind == pl.String]


class Padded(Exception):
    """White space around an account or a code: the file must be read with it stripped."""


def is_padded(texts: pl.Series) -> bool:
    """Whether any of some distinct texts is empty or has white space at its ends (or at the colon of a joined key)."""
    return bool(texts.str.contains(r"^\s|\s$|\s:|:\s|^:|:$|^$").any())


@dataclass(frozen=True)
class Keys:
    """Account keys, payers first and payees after them, with two independent 64-bit hashes of each."""

    names: pl.Series
    one: npt.NDArray[np.int64]
    two: npt.NDArray[np.int64]

    @classmethod
    def of(cls, payer: pl.Series, payee: pl.Series) -> Keys:
        """The keys of the payers and payees of some rows."""
        names = pl.concat([payer, payee.alias(payer.name)])
        one, two = (np.array(names.hash(seed).to_numpy()).view(np.int64) for seed in (1, 2))
        return cls(names, one, two)


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """One batch: `good` has times, minor units (in `decimals`) and text; the rest stands in `bad` with a reason."""

    good: pl.DataFrame
    keys: Keys
    bad: pl.DataFrame
    excluded: int
    decimals: dict[str, int]

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
        strip: bool = False,
        number: int = 1,
    ) -> None:
        check_format(time_format or "%Y-%m-%d", timezone)
        self.number = number
        self.source = source
        self.layout = layout
        self.timezone = timezone
        self.time_format = time_format
        self.currency = currency
        self.strip = strip or source.kind == "parquet"

    def look_at(self, batch: pl.DataFrame) -> None:
        """Find the time format in the first batch, unless it is given."""
        if self.time_format is None:
            times = batch.select(self.layout.texts["time"].str.strip_chars()).to_series()
            self.time_format = find_format(times, self.source.path)

    def clean(self, batch: pl.DataFrame) -> Cleaned:
        """The transfers of a batch, and the rows that are none."""
        raw = self._texts(batch)
        typed, decimals = self._typed(raw)
        good = pl.all_horizontal(pl.col(f"{name} ok").is_not_null() for name in self._needed(raw))
        good &= pl.col("paid ok") > 0
        if "received" in raw.columns:
            good &= pl.col("received ok") >= 0
        mask = typed.select(good.fill_null(False)).to_series()
        if COUNTED in batch.columns:
            mask &= batch[COUNTED] == len(self.source.header)
        bad = pl.DataFrame(schema=REJECTED) if mask.all() else self._reasons(raw, typed, batch, ~mask)
        finished = self._finished(raw, typed, mask)
        return Cleaned(
            good=finished,
            keys=Keys.of(finished["payer"], finished["payee"]),
            bad=bad,
            excluded=int(bad["reason"].str.starts_with(_COUNTED_OUT).sum()),
            decimals=decimals,
        )

    # --- text --------------------------------------------------------------------------------------

    def _texts(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Ledger fields as text; with `strip`, white space around it is taken off and nothing is left as null."""
        if self.strip:
            batch = batch.with_columns(_stripped(c) for c, kind in batch.schema.items() if kind == pl.String)
        raw = batch.select(ROW, **self.layout.texts)
        unit = pl.lit(self.currency or NO_CURRENCY)
        stated = pl.col("paid_currency").fill_null(unit) if "paid_currency" in raw.columns else unit
        raw = raw.with_columns(paid_currency=stated)
        if "received" not in raw.columns:
            raw = raw.drop("received_currency", strict=False)
        if "received_currency" in raw.columns:
            raw = raw.with_columns(pl.col("received_currency").fill_null(pl.col("paid_currency")))
        raw = raw.with_columns(_stripped(c) for c in ("tx", *_FREE) if c in raw.columns and not self.strip)
        coded = [c for c in raw.columns if {**SCHEMA, **OPTIONAL}.get(c) == pl.Categorical]
        raw = raw.with_columns(pl.col(coded).cast(pl.Categorical))
        if not self.strip and any(is_padded(raw[c].unique().cast(pl.String)) for c in coded):
            raise Padded
        return raw

    # --- types -------------------------------------------------------------------------------------

    def _needed(self, raw: pl.DataFrame) -> list[str]:
        return [*NEEDED, *(["received"] if "received" in raw.columns else [])]

    def _typed(self, raw: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
        """Columns `<field> ok`: the value where the text holds one, else null; and the decimals amounts are in."""
        assert self.time_format is not None
        exact = {name: _decimal(raw[name]) for name in MONEY if name in raw.columns and name != "received"}
        parts = {name: (values, raw["paid_currency"]) for name, values in exact.items()}
        other = _received_otherwise(raw) if "received" in raw.columns else pl.Series(dtype=pl.UInt32)
        if other.len():
            kind = raw["received_currency" if "received_currency" in raw.columns else "paid_currency"]
            parts["received"] = (_decimal(raw["received"].gather(other)), kind.gather(other))
        decimals: dict[str, int] = {}
        finer = [_learn(values, currency, decimals) for values, currency in parts.values()]
        units = {name: _units(*part, decimals, exact=not any(finer)) for name, part in parts.items()}
        if "received" in raw.columns:  # `scatter` writes into the series itself, and what was paid must stay as it is
            units["received"] = (
                units["paid"].clone().scatter(other, units["received"]) if other.len() else units["paid"]
            )
        columns = {
            "time ok": parse_times(raw["time"], self.time_format, self.timezone),
            "payer ok": raw["payer"],
            "payee ok": raw["payee"],
            **{f"{name} ok": values for name, values in units.items()},
        }
        return pl.DataFrame(columns), decimals

    # --- what becomes of the rows ------------------------------------------------------------------

    def _finished(self, raw: pl.DataFrame, typed: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
        plain = [c for c in raw.columns if f"{c} ok" not in typed.columns]
        frame = pl.concat([raw.select(plain), typed.rename(lambda c: c.removesuffix(" ok"))], how="horizontal")
        if "tx" not in frame.columns:
            frame = frame.with_columns(pl.format("{}:{}", pl.lit(self.number), ROW).alias(POSITION))
        return frame if mask.all() else frame.filter(mask)

    def _no_time(self) -> str:
        assert self.time_format is not None
        zone = "" if self.timezone == "UTC" or is_zoned(self.time_format) else f" in {self.timezone}"
        return f"not a time as {self.time_format}{zone}"

    def _reasons(self, raw: pl.DataFrame, typed: pl.DataFrame, batch: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
        """One reason a row: the first of these that applies."""
        raw, typed = raw.filter(bad), typed.filter(bad)
        width = len(self.source.header)
        counted = batch[COUNTED].filter(bad) if COUNTED in batch.columns else pl.repeat(width, raw.height, eager=True)
        frame = pl.concat([raw, typed, counted.alias(COUNTED).to_frame()], how="horizontal")
        given = [c for c in self.layout.texts if c in raw.columns and not c.endswith("currency")]
        cases: list[tuple[pl.Expr, str, pl.Expr, str]] = [
            (pl.all_horizontal(pl.col(c).is_null() for c in given), "", pl.lit(None, pl.String), "the line is empty"),
            (pl.col(COUNTED) != width, "", pl.col(COUNTED).cast(pl.String), f"another number of fields than {width}"),
        ]
        for name in self._needed(raw):
            cases.append((pl.col(name).is_null(), name, pl.col(name), "empty"))
        cases.append((pl.col("time ok").is_null(), "time", pl.col("time"), self._no_time()))
        for name in ("paid", "received"):
            if name in raw.columns:
                value = pl.col(name)
                cases += [
                    (pl.col(f"{name} ok").is_null(), name, value, _NO_AMOUNT),
                    (pl.col(f"{name} ok") < 0, name, value, "negative amount (a reversal?)"),
                ]
        cases.append((pl.col("paid ok") == 0, "paid", pl.col("paid"), _COUNTED_OUT + ": nothing moved"))
        header = {**self.layout.headers, "": ""}
        return frame.select(
            file=pl.lit(self.source.path),
            row=pl.col(ROW).cast(pl.Int64),
            column=_first([(when, pl.lit(header.get(name, name))) for when, name, _, _ in cases]),
            value=_first([(when, value) for when, _, value, _ in cases]),
            reason=_first([(when, pl.lit(reason)) for when, _, _, reason in cases]),
        )


def _stripped(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _first(cases: list[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    chosen = pl.lit(None, pl.String)
    for when, value in reversed(cases):
        chosen = pl.when(when).then(value).otherwise(chosen)
    return chosen


def too_fine(code: str) -> SourceError:
    """What is wrong when minor units small enough for one amount of a currency cannot count another one."""
    return SourceError(
        f"amounts in {code} have so many decimals that the largest of them no longer fit exact minor units (64 bits): "
        f"look for an amount with up to {_MOST_DECIMALS} decimals that is a mistake"
    )


def _learn(exact: pl.Series, currency: pl.Series, decimals: dict[str, int]) -> bool:
    """Give `decimals` the usual places of each currency, or as many (8 at most) as its amounts need.

    Returns whether any amount needed more than the usual.
    """
    for code in sorted(currency.unique().drop_nulls().cast(pl.String).to_list()):
        decimals.setdefault(code, default_decimals(code))
    value = pl.col("exact")
    finer = pl.DataFrame({"exact": exact, "currency": currency}).filter(value % _unit(decimals) != 0)
    for (code,), part in finer.filter(value % 10 ** (_SCALE - _MOST_DECIMALS) == 0).group_by("currency"):
        while (part["exact"] % _power(decimals[str(code)]) != 0).any():
            decimals[str(code)] += 1
    return not finer.is_empty()


def _units(amounts: pl.Series, currency: pl.Series, decimals: dict[str, int], *, exact: bool) -> pl.Series:
    """Minor units of each row's currency; null for an amount with more decimals than any currency has.

    exact  that no amount has more decimals than its currency, so nothing needs checking
    """
    frame = pl.DataFrame({"exact": amounts, "currency": currency})
    value = pl.col("exact")
    if exact:
        return frame.select((value // _unit(decimals)).cast(pl.Int64, strict=False)).to_series()
    whole = pl.when(value % _unit(decimals) == 0).then(value)
    units = frame.select((whole // _unit(decimals)).cast(pl.Int64, strict=False)).to_series()
    usual = _unit({code: default_decimals(code) for code in decimals})
    fitted = frame.select((value // usual).cast(pl.Int64, strict=False).is_not_null() & whole.is_not_null()).to_series()
    lost = units.is_null() & fitted
    if lost.any():
        raise too_fine(str(currency.filter(lost)[0]))
    return units


def _unit(decimals: dict[str, int]) -> pl.Expr:
    """What a minor unit is in exact amounts, by the `currency` of a row."""
    powers = {code: 10 ** (_SCALE - places) for code, places in decimals.items()}
    if len(set(powers.values())) == 1:
        return pl.lit(next(iter(powers.values())), pl.Int128)
    return pl.col("currency").cast(pl.String).replace_strict(powers, default=None, return_dtype=pl.Int128)


def _power(places: int) -> pl.Series:
    return pl.Series([10 ** (_SCALE - places)], dtype=pl.Int128)


def _received_otherwise(raw: pl.DataFrame) -> pl.Series:
    """Rows that received something else than was paid: most did not, and need no second look."""
    other = raw["received"].ne_missing(raw["paid"])
    if "received_currency" in raw.columns:
        other |= raw["received_currency"] != raw["paid_currency"]
    return other.arg_true()


def _decimal(text: pl.Series) -> pl.Series:
    """Exact amounts in units of 10⁻¹⁸; thousands commas are understood where they stand right."""
    exact = text.cast(pl.Decimal(38, _SCALE), strict=False).to_physical()
    missed = (exact.is_null() & text.is_not_null()).arg_true()
    if not missed.is_empty():
        rest = text.gather(missed).str.strip_chars()
        grouped = rest.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
        again = pl.select(pl.when(grouped).then(rest.str.replace_all(",", "")).otherwise(rest)).to_series()
        exact = exact.scatter(missed, again.cast(pl.Decimal(38, _SCALE), strict=False).to_physical())
    if (text.str.len_bytes() > _SCALE + 1).any():  # Polars rounds what has more than 18 decimals
        exact = exact.set(text.str.contains(_ROUNDED).fill_null(False), None)
    return exact
