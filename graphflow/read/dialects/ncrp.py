"""The workbook of India's cybercrime portal (NCRP, helpline 1930): what banks reported of a victim's money.

One sheet an outcome. "Money Transfer to" has transfers: from the account in `Account No./ (Wallet /PG/PA) Id` to the
one in `Account No`. Withdrawals (ATM, cheque, AEPS, POS) are records of one account, whose money ends in cash or at a
shop. "Transaction put on hold" moved nothing: the money stays where it is, and stands in `ledger.freezes`. `Layer` is
the portal's own count of hops from the victim, kept as `tier`: declared, not traced. Two columns are called
`Transaction Id / UTR Number`: the first is of the payment that brought the money, the second of the transfer itself.
`Disputed Amount` is the victim's share of it, kept in the memo. Sheets without amounts ("Others Less Then 500")
describe what was not looked into. Dates are day first, as India writes them. Sources: the sheets that public tools of
police units read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from graphflow.read.columns import Layout
from graphflow.read.dialects.explorers import first_rows
from graphflow.read.headers import folded, needed, places, titles
from graphflow.read.source import RawFile

NAME = "ncrp"

_KINDS = {"transactionamount": "moved", "withdrawalamount": "withdrawn", "putonholdamount": "held"}
HELD = "put on hold by the bank: frozen where it is, nothing moved"
UNSAID = "the sheet does not say which way the money went, nor to whom"
_OWN = ("accountnowalletpgpaid", "accountno", "accountnumber")
_UTR = ("transactionidutrnumber", "transactionid", "utrreferenceno")
_NAMES = {
    "payer": _OWN,
    "payee": ("accountno",),
    "parent": _UTR,
    "tx": ("transactionidutrnumber2", "transactionidutrnumber1", "transactionidutrnumberduplicated0", _UTR[0]),
    "time": ("transactiondate", "withdrawaldatetime", "withdrawaldateti", "withdrawaldate", "putonholddate"),
    "paid": ("transactionamount", "withdrawalamount", "putonholdamount"),
    "disputed": ("disputedamount",),
    "tier": ("layer",),
    "payee_bank": ("bankfis",),
    "payer_bank": ("actiontakenbybank",),
    "acknowledgement": ("acknowledgementno",),
    "remarks": ("remarks",),
    "reference": ("referenceno",),
    "shop": ("merchantname", "mid"),
    "place": ("placelocationofatm", "placeofatm", "atmid"),
    "cheque": ("chequeno",),
}
_NEEDED = {"payer": "Account No./ (Wallet /PG/PA) Id", "time": "Transaction Date", "paid": "Transaction Amount"}
_NOTES = {
    "remarks": "{}",
    "disputed": "disputed {}",
    "parent": "from payment {}",
    "reference": "reference {}",
    "place": "at {}",
    "cheque": "cheque {}",
    "acknowledgement": "acknowledgement {}",
}
_DAY_FIRST = r"^(\d{1,2})[/\-.](\d{1,2})[/\-.](\d{4})"
_BRACKET = r"\s*\[.*\]\s*$"
_CLOCKS = (
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M:%S:%p",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
)
_NO_CLOCK = " ?"
_NULL = pl.lit(None, pl.String)


def describes(header: Sequence[str]) -> bool:
    """Whether a sheet is of the portal and has no amounts: small payments, pending ones, banks without an answer."""
    names = {folded(name) for name in header}
    return "acknowledgementno" in names and not names & {*_NAMES["paid"]}


def recognises(source: RawFile) -> bool:
    """Whether a sheet is of the portal: an acknowledgement, an account, a date and an amount."""
    found = places(source.header, _NAMES)
    return {*_NEEDED, "acknowledgement"} <= found.keys()


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields of a sheet by the portal's headers. Raises `ColumnError` naming the first that is not there."""
    found = places(source.header, _NAMES)
    needed(source, "an NCRP sheet", found, _NEEDED)
    if "tx" not in found and "parent" in found:
        found["tx"] = found.pop("parent")
    title = source.header[found["paid"]]
    kind = _KINDS[folded(title)] if "payee" in found or folded(title) != "transactionamount" else "unsaid"
    if kind != "moved":
        found = {field: k for field, k in found.items() if field not in ("payee", "payee_bank", "tier")}
    by_day = not first_rows(source, [found["time"]]).to_series().str.contains(":").any()
    outcome = _Outcome(kind, title, by_day)
    return Layout(
        dialect=NAME,
        parts={field: (k,) for field, k in found.items()},
        headers=titles(source, found, memo=tuple(_NOTES)),
        prepare=outcome.prepare,
        constants={"paid_currency": "INR"},
        one_sided=outcome.name == "withdrawn",
        freezes=outcome.name == "held",
    )


@dataclass(frozen=True)
class _Outcome:
    """A kind of sheet: what became of the money, the header of its amounts, and whether its dates have no clock."""

    name: str
    title: str
    by_day: bool

    def prepare(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Texts as the ledger needs them."""
        header = pl.when(pl.col("paid") == self.title).then(pl.lit("the header, repeated"))
        raw = _noted(raw.with_columns(dates(raw["time"], by_day=self.by_day), refused=header), by_day=self.by_day)
        raw = raw.with_columns(paid=_ungrouped(pl.col("paid").str.strip_prefix("₹").str.strip_chars()))
        if self.name in ("held", "unsaid"):
            why = pl.lit(HELD if self.name == "held" else UNSAID)
            raw = raw.with_columns(payee=_NULL, excluded=pl.when(header.is_null()).then(why))
        if self.name == "withdrawn":
            shop = [pl.format("POS:{}", "shop")] if "shop" in raw.columns else []
            there = pl.when(pl.col("payer").is_not_null())
            end = there.then(pl.coalesce(*shop, pl.lit("CASH")))
            raw = raw.with_columns(payee=_NULL, direction=there.then(pl.lit("DBIT")), end=end)
        if "tier" in raw.columns:
            raw = raw.with_columns(tier=pl.col("tier").str.extract(r"^(?:[Ll](?:ayer)?[\s-]*)?(\d{1,3})(?:\.0+)?$"))
        return raw.drop("shop", strict=False)


def _noted(raw: pl.DataFrame, *, by_day: bool) -> pl.DataFrame:
    """Account numbers without the portal's remarks behind them, which go to the memo with all else that was said."""
    sides = [side for side in ("payer", "payee") if side in raw.columns]
    said = [pl.format(text, name) for name, text in _NOTES.items() if name in raw.columns]
    said += [pl.col(side).str.extract(rf"({_BRACKET})").str.strip_chars() for side in sides]
    if not by_day:
        said.append(pl.when(pl.col("time").str.ends_with(_NO_CLOCK)).then(pl.lit("time of day not stated")))
    memo = pl.concat_str(*said, separator="; ", ignore_nulls=True).replace("", None)
    numbers = [pl.col(side).str.replace(_BRACKET, "").replace("", None) for side in sides]
    raw = raw.with_columns(*numbers, memo=memo, time=pl.col("time").str.replace(_NO_CLOCK, " 00:00:00", literal=True))
    return raw.drop([name for name in _NOTES if name in raw.columns])


def _ungrouped(text: pl.Expr) -> pl.Expr:
    """Commas out of amounts: India groups by lakh and crore, `1,25,000.00`."""
    grouped = text.str.contains(r"^\d{1,3}(,\d{2,3})*,\d{3}(\.\d+)?$")
    return pl.when(grouped).then(text.str.replace_all(",", "")).otherwise(text)


def dates(text: pl.Series, *, by_day: bool) -> pl.Series:
    """Dates with the day first as ISO dates, and their clocks in 24 hours; others stay as they are.

    >>> dates(pl.Series(["5/8/2026 02:30 PM", "31-12-2026"]), by_day=True).to_list()
    ['2026-08-05 14:30:00', '2026-12-31']
    """
    iso = text.str.replace(_DAY_FIRST, "$3-0$2-0$1").str.replace_all(r"-0(\d\d)", "-$1")
    iso = iso.str.replace(r"^([\d-]{10})T", "$1 ").alias("iso")
    clock = pl.coalesce(pl.col("iso").str.to_datetime(form, strict=False) for form in _CLOCKS)
    times = iso.to_frame().select(clock.dt.strftime("%Y-%m-%d %H:%M:%S")).to_series()
    whole = times.fill_null(iso).alias(text.name)
    return whole if by_day else whole.str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}" + _NO_CLOCK)
