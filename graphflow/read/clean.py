"""Text → transfers: exact minor units, UTC times, and a reason for every row that does not become one."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import polars as pl

from graphflow.errors import SourceError
from graphflow.ledger import REJECTED, default_decimals
from graphflow.read.batches import FIELDS as COUNTED
from graphflow.read.batches import ROW
from graphflow.read.columns import NEEDED, Layout
from graphflow.read.source import RawFile
from graphflow.read.times import find_format, parse_times

NO_CURRENCY = "XXX"
"""ISO 4217: no currency. What an amount is in when neither file nor option says."""

_SCALE = 18
_BLANKS = " \t\r\n\u00a0\u3000\ufeff"
_MOST = 2**63 - 1
_MONEY = ("paid", "received", "payer_balance", "payee_balance")
_COUNTED_OUT = "zero amount"


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """One batch: `good` has times, minor units (in `decimals`) and text; the rest stands in `bad` with a reason."""

    good: pl.DataFrame
    bad: pl.DataFrame
    excluded: int
    decimals: dict[str, int]


@dataclass(kw_only=True)
class Cleaner:
    """Cleans the batches of one file. What it learns from the first (the time format) holds for all.

    decimals  places of the minor unit by currency; grows when an amount has more
    """

    source: RawFile
    layout: Layout
    time_format: str | None
    timezone: str
    currency: str | None
    decimals: dict[str, int] = field(default_factory=dict)

    def __init__(
        self, source: RawFile, layout: Layout, *, time_format: str | None, timezone: str, currency: str | None
    ) -> None:
        try:
            ZoneInfo(timezone)
        except (ValueError, OSError, KeyError):
            raise SourceError(f'there is no time zone "{timezone}"; try UTC or Asia/Shanghai') from None
        self.source, self.layout, self.timezone = source, layout, timezone
        self.time_format, self.currency, self.decimals = time_format, currency, {}

    def clean(self, batch: pl.DataFrame) -> Cleaned:
        """The transfers of a batch, and the rows that are none."""
        raw = self._texts(batch)
        if self.time_format is None:
            self.time_format = find_format(raw["time"], self.source.path)
        typed = self._typed(raw)
        good = pl.all_horizontal(pl.col(f"{name} ok").is_not_null() for name in self._needed(raw))
        good &= pl.col("paid ok") > 0
        if "received" in raw.columns:
            good &= pl.col("received ok") >= 0
        mask = typed.select(good.fill_null(False)).to_series()
        if COUNTED in batch.columns:
            mask &= batch[COUNTED] == len(self.source.header)
        bad = self._reasons(raw, typed, batch, ~mask) if not mask.all() else pl.DataFrame(schema=REJECTED)
        return Cleaned(
            good=self._finished(raw, typed, mask),
            bad=bad,
            excluded=int(bad["reason"].str.starts_with(_COUNTED_OUT).sum()),
            decimals=dict(self.decimals),
        )

    # --- text --------------------------------------------------------------------------------------

    def _texts(self, batch: pl.DataFrame) -> pl.DataFrame:
        fields = {name: self._tidy(text) for name, text in self.layout.texts.items()}
        if "paid_currency" not in fields:
            fields["paid_currency"] = pl.lit(self.currency or NO_CURRENCY)
        raw = batch.select(ROW, **fields)
        raw = raw.with_columns(pl.col("paid_currency").fill_null(self.currency or NO_CURRENCY))
        if "received_currency" in raw.columns:
            raw = raw.with_columns(pl.col("received_currency").fill_null(pl.col("paid_currency")))
        return raw

    def _tidy(self, text: pl.Expr) -> pl.Expr:
        if self.source.padded or self.source.kind == "parquet":
            text = text.str.strip_chars(_BLANKS)
        if self.source.padded or self.source.quoted or self.source.kind == "parquet":
            text = pl.when(text != "").then(text)
        return text

    # --- types -------------------------------------------------------------------------------------

    def _needed(self, raw: pl.DataFrame) -> list[str]:
        return [*NEEDED, *(["received"] if "received" in raw.columns else [])]

    def _typed(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Columns `<field> ok`: the value where the text holds one, else null."""
        assert self.time_format is not None
        columns = {
            "time ok": parse_times(raw["time"], self.time_format, self.timezone),
            "payer ok": raw["payer"],
            "payee ok": raw["payee"],
        }
        for name in _MONEY:
            if name in raw.columns:
                columns[f"{name} ok"] = self._amounts(raw, name)
        return pl.DataFrame(columns)

    def _amounts(self, raw: pl.DataFrame, name: str) -> pl.Series:
        """Minor units of each row's currency; amounts with more decimals than it has raise its number of decimals."""
        currency = raw[self._currency_of(name, raw)]
        if name == "received" and "received_currency" in raw.columns:
            return self._received(raw)
        return self._minor(raw[name], currency)

    def _received(self, raw: pl.DataFrame) -> pl.Series:
        """As most rows receive what was paid, only the others are parsed a second time."""
        same = (raw["received"] == raw["paid"]) & (raw["received_currency"] == raw["paid_currency"])
        paid = self._minor(raw["paid"], raw["paid_currency"])
        other = (~same).fill_null(True).arg_true()
        if other.is_empty():
            return paid
        parsed = self._minor(raw["received"].gather(other), raw["received_currency"].gather(other))
        return paid.scatter(other, parsed)

    def _currency_of(self, name: str, raw: pl.DataFrame) -> str:
        return "received_currency" if name == "received" and "received_currency" in raw.columns else "paid_currency"

    def _minor(self, text: pl.Series, currency: pl.Series) -> pl.Series:
        exact = _decimal(text).to_physical()
        for code in currency.unique().drop_nulls().to_list():
            self.decimals.setdefault(code, default_decimals(code))
        units = self._units(exact, currency)
        broken = exact.is_not_null() & (units.cast(pl.Int128) * self._unit(currency) != exact)
        if broken.any():
            self._raise_decimals(exact.filter(broken), currency.filter(broken))
            units = self._units(exact, currency)
        return units

    def _units(self, exact: pl.Series, currency: pl.Series) -> pl.Series:
        frame = pl.DataFrame({"exact": exact, "unit": self._unit(currency)})
        units = frame.select(pl.col("exact") // pl.col("unit")).to_series()
        return units.cast(pl.Int64, strict=False)

    def _unit(self, currency: pl.Series) -> pl.Series:
        """10 to the power of the decimals that a minor unit does not use, per row."""
        powers = {code: 10 ** (_SCALE - places) for code, places in self.decimals.items()}
        if len(set(powers.values())) == 1:
            return pl.repeat(next(iter(powers.values())), currency.len(), dtype=pl.Int128, eager=True)
        return currency.replace_strict(powers, default=None, return_dtype=pl.Int128)

    def _raise_decimals(self, exact: pl.Series, currency: pl.Series) -> None:
        for code in currency.unique().drop_nulls().to_list():
            values = exact.filter(currency == code)
            places = self.decimals[code]
            while places < 8 and (values % pl.Series([10 ** (_SCALE - places)], dtype=pl.Int128) != 0).any():
                places += 1
            self.decimals[code] = places

    # --- what becomes of the rows ------------------------------------------------------------------

    def _finished(self, raw: pl.DataFrame, typed: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
        plain = [c for c in raw.columns if f"{c} ok" not in typed.columns]
        frame = pl.concat([raw.select(plain), typed.rename(lambda c: c.removesuffix(" ok"))], how="horizontal")
        return frame if mask.all() else frame.filter(mask)

    def _reasons(self, raw: pl.DataFrame, typed: pl.DataFrame, batch: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
        """One reason a row: the first of these that applies."""
        raw, typed = raw.filter(bad), typed.filter(bad)
        width = len(self.source.header)
        counted = batch[COUNTED].filter(bad) if COUNTED in batch.columns else pl.repeat(width, raw.height, eager=True)
        frame = pl.concat([raw, typed, counted.alias(COUNTED).to_frame()], how="horizontal")
        given = [c for c in self.layout.texts if c in raw.columns]
        cases: list[tuple[pl.Expr, str, pl.Expr, str]] = [
            (pl.all_horizontal(pl.col(c).is_null() for c in given), "", pl.lit(None, pl.String), "the line is empty"),
            (pl.col(COUNTED) != width, "", pl.col(COUNTED).cast(pl.String), f"another number of fields than {width}"),
        ]
        for name in self._needed(raw):
            cases.append((pl.col(name).is_null(), name, pl.col(name), "empty"))
        cases.append((pl.col("time ok").is_null(), "time", pl.col("time"), f"not a time as {self.time_format}"))
        for name in ("paid", "received"):
            if name in raw.columns:
                value = pl.col(name)
                cases += [
                    (pl.col(f"{name} ok").is_null(), name, value, "not an amount (digits, at most 8 decimals)"),
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


def _first(cases: list[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    chosen = pl.lit(None, pl.String)
    for when, value in reversed(cases):
        chosen = pl.when(when).then(value).otherwise(chosen)
    return chosen


def _decimal(text: pl.Series) -> pl.Series:
    """Exact decimal numbers; thousands commas are understood where they stand right."""
    exact = text.cast(pl.Decimal(38, _SCALE), strict=False)
    missed = (exact.is_null() & text.is_not_null()).arg_true()
    if missed.is_empty():
        return exact
    rest = text.gather(missed)
    grouped = rest.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
    again = pl.select(pl.when(grouped).then(rest.str.replace_all(",", ""))).to_series()
    return exact.scatter(missed, again.cast(pl.Decimal(38, _SCALE), strict=False))
