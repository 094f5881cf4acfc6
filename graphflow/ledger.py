"""The ledger: transfers in time order, each with the source row it came from.

`SCHEMA` is the one definition of a transfer. A `Ledger` is frozen and valid by construction:
`Ledger.from_frame` checks a Polars frame and says in one line what does not hold; the readers
in `graphflow.read` build on the same checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.errors import LedgerError, did_you_mean

Codes = npt.NDArray[np.int32]

TIME = pl.Datetime("us", "UTC")

SCHEMA: Mapping[str, pl.DataType] = {
    "tx": pl.String(),
    "time": TIME,
    "payer": pl.String(),
    "payee": pl.String(),
    "paid": pl.Int64(),
    "paid_currency": pl.Categorical(),
    "received": pl.Int64(),
    "received_currency": pl.Categorical(),
    "file": pl.Categorical(),
    "row": pl.UInt32(),
}
"""Every transfer has these. `paid` and `received` are minor units of their own currency."""

OPTIONAL: Mapping[str, pl.DataType] = {
    "channel": pl.Categorical(),
    "payer_name": pl.String(),
    "payee_name": pl.String(),
    "payer_bank": pl.Categorical(),
    "payee_bank": pl.Categorical(),
    "payer_balance": pl.Int64(),
    "payee_balance": pl.Int64(),
    "ip": pl.String(),
    "device": pl.String(),
    "memo": pl.String(),
    "label": pl.Categorical(),
    "tier": pl.UInt8(),
    "twin_file": pl.Categorical(),
    "twin_row": pl.UInt32(),
}
"""Kept when the source has them. `tier` is how many hops from a victim the source says a transfer is (the `Layer` of
India's NCRP workbook): declared, not traced. `twin_*` names the second side of a paired transfer."""

ACCOUNTS: Mapping[str, pl.DataType] = {"account": pl.String(), "bank": pl.String(), "name": pl.String()}

ROW_KINDS = ("accepted", "paired", "duplicate", "excluded", "rejected")

REJECTED: Mapping[str, pl.DataType] = {
    "file": pl.String(),
    "row": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason": pl.String(),
}


GAPS: Mapping[str, pl.DataType] = {
    "account": pl.String(), "currency": pl.String(), "amount": pl.Int64(), "file": pl.String(),
    "row_before": pl.UInt32(), "row_after": pl.UInt32(), "time_before": TIME, "time_after": TIME,
}  # fmt: skip
"""`amount` (minor units, with its sign) is what the rows that are missing between two must add up to."""

IDENTITIES: Mapping[str, pl.DataType] = {"account": pl.String(), "alias": pl.String(), "reason": pl.String()}

STATEMENTS: Mapping[str, pl.DataType] = {
    "account": pl.String(), "currency": pl.Categorical(), "dialect": pl.Categorical(), "records": pl.UInt32(),
    "first": TIME, "last": TIME, "opening": pl.Int64(), "balance": pl.Int64(),
}  # fmt: skip

FREEZES: Mapping[str, pl.DataType] = {
    "account": pl.String(), "amount": pl.Int64(), "start": pl.String(), "end": pl.String(), "by": pl.String(),
    "file": pl.String(), "row": pl.UInt32(),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Source:
    """One input file: what it is, what was recognised in it, where its rows went.

    `rows` holds `read` and each of `ROW_KINDS`; `read` is their sum, always.
    columns     ledger fields → the headers they were read from
    confidence  field → share of rows in which its column says something that can be used
    direction   what the words of a one-sided file mean, and how far its balances prove it
    title       lines above the header that are not empty
    header_line the line (of a sheet: the row) that the header stands in
    unit        what amounts count, where it is not the currency's unit
    decimal     "comma" where a comma stands before decimals
    """

    path: str
    sha256: str
    bytes: int
    encoding: str
    dialect: str
    rows: Mapping[str, int]
    separator: str = ""
    time_format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    confidence: Mapping[str, float] = field(default_factory=dict)
    direction: str = ""
    title: tuple[str, ...] = ()
    header_line: int = 1
    unit: str = ""
    decimal: str = ""

    def __post_init__(self) -> None:
        parts = sum(self.rows[kind] for kind in ROW_KINDS)
        if self.rows["read"] != parts:
            raise LedgerError(f"{self.path}: {self.rows['read']} rows read, {parts} accounted for")


@dataclass(frozen=True, kw_only=True, eq=False)
class Portion:
    """What a ledger that is a part of a larger one is of it: its rows' places there, rising, and that one's height and
    first and last time."""

    places: npt.NDArray[np.int64]
    height: int
    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True, eq=False)
class Ledger:
    """Transfers sorted by time; ties keep the order of the files and of the rows in them.

    frame      one row a transfer, columns of `SCHEMA` and those of `OPTIONAL` that the source has
    accounts   one row an account (`account`, `bank`, `name`); the row number is the account's code
    payer_codes, payee_codes   int32 arrays beside the frame: the account codes of each transfer
    decimals   decimal places of the minor unit of each currency
    precision  the finest step seen in the times: a minute when no time has seconds
    sources    the files read; rejected: every row that did not become a transfer; warnings: plain words
    gaps       where the balances of a statement do not follow from each other: rows are missing, or wrong
    identities numbers that are the same account, and how that is known
    statements accounts whose own records were given: how many, from when to when, the last balance stated
    freezes    measures that files say are in force: account, amount, from, until
    portion    of which larger ledger this is a part (accounts are those of that one); None: it is whole

    Example
    -------
    >>> from datetime import datetime, timezone
    >>> frame = pl.DataFrame({"tx": ["a"], "time": [datetime(2026, 1, 5, 9, tzinfo=timezone.utc)],
    ...     "payer": ["P"], "payee": ["Q"], "paid": [12_50], "paid_currency": ["CNY"]})
    >>> Ledger.from_frame(frame)
    Ledger(1 transfers, 2 accounts, CNY, 2026-01-05 09:00 to 2026-01-05 09:00)
    """

    frame: pl.DataFrame
    accounts: pl.DataFrame
    payer_codes: Codes
    payee_codes: Codes
    decimals: Mapping[str, int]
    precision: timedelta = timedelta(microseconds=1)
    sources: tuple[Source, ...] = ()
    rejected: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECTED))
    gaps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GAPS))
    identities: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=IDENTITIES))
    statements: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STATEMENTS))
    freezes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FREEZES))
    warnings: tuple[str, ...] = ()
    portion: Portion | None = None

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, *, decimals: Mapping[str, int] | None = None) -> Ledger:
        """A ledger from a frame that a notebook already holds.

        Needs `tx`, `time`, `payer`, `payee`, `paid` (minor units) and `paid_currency`; `received` and its
        currency default to what was paid, `file` to "frame" and `row` to the frame's row number.
        Raises `LedgerError` naming the column and the first row that does not hold.
        """
        whole = _typed(_completed(frame))
        _check(whole)
        whole = whole.sort("time", maintain_order=True)
        names, payers, payees = encode_accounts(whole["payer"], whole["payee"])
        currencies = used_currencies(whole)
        return cls(
            frame=whole,
            accounts=describe_accounts(names, whole),
            payer_codes=payers,
            payee_codes=payees,
            decimals={c: (decimals or {}).get(c, default_decimals(c)) for c in currencies},
            precision=time_precision(whole["time"]),
        )

    @property
    def height(self) -> int:
        """Number of transfers."""
        return self.frame.height

    @property
    def whole_height(self) -> int:
        """Number of transfers of the whole ledger of which this may be a part."""
        return self.portion.height if self.portion else self.height

    @property
    def period(self) -> tuple[datetime, datetime]:
        """First and last time of the whole ledger, which has one transfer at least."""
        if self.portion:
            return self.portion.first, self.portion.last
        first, last = self.frame["time"][0], self.frame["time"][-1]
        return first, last

    def places(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where some of its rows are in the whole ledger."""
        return self.portion.places[rows] if self.portion else rows

    @property
    def all_places(self) -> npt.NDArray[np.int64]:
        """Where each of its rows is in the whole ledger."""
        return self.portion.places if self.portion else np.arange(self.height)

    def part(self, rows: npt.NDArray[np.int64]) -> Ledger:
        """Some rows as a ledger of their own, that knows of which it is a part; `rows` rise."""
        first, last = self.period if self.whole_height else (datetime.min, datetime.min)
        return replace(
            self,
            frame=self.frame[rows],
            payer_codes=self.payer_codes[rows],
            payee_codes=self.payee_codes[rows],
            portion=Portion(places=self.places(rows), height=self.whole_height, first=first, last=last),
        )

    @cached_property
    def names(self) -> list[str]:
        """The account of each code, as Python texts; made once."""
        return self.accounts["account"].to_list()

    @cached_property
    def currency_codes(self) -> npt.NDArray[np.int16]:
        """Per transfer, the currency paid as its position in `currencies`."""
        return self._places("paid_currency")

    @cached_property
    def received_codes(self) -> npt.NDArray[np.int16]:
        """Per transfer, the currency received as its position in `currencies`."""
        return self._places("received_currency")

    def _places(self, column: str) -> npt.NDArray[np.int16]:
        names = pl.Series(self.currencies, dtype=pl.Categorical).to_physical().to_numpy()
        place = np.zeros(int(names.max(initial=0)) + 1, np.int16)
        place[names] = np.arange(names.size)
        codes: npt.NDArray[np.int16] = place[self.frame[column].to_physical().to_numpy()]
        return codes

    @property
    def currencies(self) -> list[str]:
        """Currency codes in use, the most frequent first."""
        return list(self.decimals)

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        if not self.frame.height:
            return "Ledger(0 transfers)"
        first, last = (f"{self.frame['time'][i]:%Y-%m-%d %H:%M}" for i in (0, -1))
        kinds = ", ".join(self.currencies[:4]) + (", …" if len(self.currencies) > 4 else "")
        return f"Ledger({self.height} transfers, {self.accounts.height} accounts, {kinds}, {first} to {last})"

    def _repr_html_(self) -> str:
        """Facts, files and first transfers. The view stands above the ledger, so it is fetched when a notebook asks."""
        from graphflow.view.notebook import ledger_html

        return ledger_html(self)


# --- money --------------------------------------------------------------------------------------

_DECIMALS = {
    **dict.fromkeys(("JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "KWD", "OMR", "JOD", "TND"), 3),
    **dict.fromkeys(("BTC", "Bitcoin", "XBT"), 8),
    **dict.fromkeys(("USDT", "USDC"), 6),
}


def default_decimals(currency: str) -> int:
    """Decimal places of a currency's minor unit (ISO 4217; 8 for bitcoin, 6 for USDT and USDC).

    A source with more decimals than this raises the number for its currency, so no digit is rounded away.

    >>> default_decimals("CNY"), default_decimals("JPY"), default_decimals("BTC")
    (2, 0, 8)
    """
    return _DECIMALS.get(currency, 2)


def major(amount: int, decimals: int) -> str:
    """Minor units as a decimal number in digits, with thousands commas.

    >>> major(123456789, 2), major(-5, 2), major(7, 0)
    ('1,234,567.89', '-0.05', '7')
    """
    sign, whole = ("-", -amount) if amount < 0 else ("", amount)
    if not decimals:
        return f"{sign}{whole:,}"
    units, rest = divmod(whole, 10**decimals)
    return f"{sign}{units:,}.{rest:0{decimals}d}"


# --- building blocks shared with the readers -------------------------------------------------------


def encode_accounts(payer: pl.Series, payee: pl.Series) -> tuple[pl.Series, Codes, Codes]:
    """Account names by first appearance (row by row, the payer first), and the code of each payer and payee."""
    pairs = pl.DataFrame({"payer": payer.cast(pl.String), "payee": payee.cast(pl.String)})
    both = pairs.select(account=pl.concat_list("payer", "payee").explode())
    codes = both.unique(maintain_order=True).with_row_index("code")
    joined = both.join(codes, on="account", how="left", maintain_order="left")
    code = joined["code"].to_numpy().astype(np.int32)
    return codes["account"], code[::2].copy(), code[1::2].copy()


def describe_accounts(names: pl.Series, frame: pl.DataFrame) -> pl.DataFrame:
    """The account table: bank and name are the first ones the ledger states for an account."""
    table = names.alias("account").to_frame()
    for field_name in ("bank", "name"):
        sides = [
            frame.select(
                pl.col(side).alias("account"),
                pl.col(f"{side}_{field_name}").cast(pl.String).alias(field_name),
            )
            for side in ("payer", "payee")
            if f"{side}_{field_name}" in frame.columns
        ]
        if not sides:
            table = table.with_columns(pl.lit(None, pl.String).alias(field_name))
            continue
        known = pl.concat(sides).drop_nulls(field_name).unique("account", keep="first", maintain_order=True)
        table = table.join(known, on="account", how="left", maintain_order="left")
    return table.select(ACCOUNTS.keys())


def used_currencies(frame: pl.DataFrame) -> list[str]:
    """Currency codes of the ledger, the most used first; ties by name."""
    counts: dict[str, int] = {}
    for column in ("paid_currency", "received_currency"):
        for code, count in frame[column].value_counts(name="n").iter_rows():
            counts[code] = counts.get(code, 0) + count
    return sorted(counts, key=lambda code: (-counts[code], code))


_STEPS = (
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
    timedelta(milliseconds=1),
)


def time_precision(time: pl.Series) -> timedelta:
    """The coarsest of day, hour, minute, second, millisecond that every time is a multiple of.

    A file of a few rows that happen to fall on full hours looks coarser than it is: the readers
    pass the format's own precision instead where they know it.
    """
    stamps = time.to_physical()
    for step in _STEPS:
        unit = step // timedelta(microseconds=1)
        if all((part % unit == 0).all() for part in (stamps.head(1000), stamps)):  # most steps fail at once
            return step
    return timedelta(microseconds=1)


def _completed(frame: pl.DataFrame) -> pl.DataFrame:
    """Fill what a plain payer→payee frame leaves out, and refuse columns nobody knows."""
    needed = ("tx", "time", "payer", "payee", "paid", "paid_currency")
    for name in needed:
        if name not in frame.columns:
            raise LedgerError(f'the frame has no column "{name}": {did_you_mean(name, frame.columns)}')
    for name in frame.columns:
        if name not in SCHEMA and name not in OPTIONAL:
            raise LedgerError(f'the ledger has no column "{name}": {did_you_mean(name, [*SCHEMA, *OPTIONAL])}')
    missing = {
        "received": pl.col("paid"),
        "received_currency": pl.col("paid_currency"),
        "file": pl.lit("frame"),
        "row": pl.int_range(1, pl.len() + 1),
    }
    return frame.with_columns([expr.alias(name) for name, expr in missing.items() if name not in frame.columns])


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    wanted = {**SCHEMA, **OPTIONAL}
    columns = [name for name in wanted if name in frame.columns]
    for name in ("paid", "received"):
        if not frame.schema[name].is_integer():
            raise LedgerError(f'"{name}" must be whole minor units (for 12.50 write 1250), not {frame.schema[name]}')
    if frame.schema["time"] == pl.String:
        raise LedgerError('"time" is text: parse it first, for example with pl.col("time").str.to_datetime()')
    if frame.height and not isinstance(frame.schema["time"], pl.Datetime | pl.Date):
        raise LedgerError(f'"time" must be a Datetime or a Date column, not {frame.schema["time"]}')
    if isinstance(frame.schema["time"], pl.Datetime) and frame.schema["time"].time_zone is None:
        frame = frame.with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    try:
        return frame.select(pl.col(name).cast(wanted[name]) for name in columns)
    except pl.exceptions.InvalidOperationError as error:
        raise LedgerError(f"a column cannot be read as the ledger needs it: {str(error).splitlines()[0]}") from error


def _check(frame: pl.DataFrame) -> None:
    for name in SCHEMA:
        if frame[name].null_count():
            row = int(frame[name].is_null().arg_max() or 0)
            raise LedgerError(f'"{name}" is empty in row {row + 1}: every transfer needs it')
    for name in ("paid", "received"):
        if frame.height and (frame[name] < 0).any():
            row = int((frame[name] < 0).arg_max() or 0)
            raise LedgerError(f'"{name}" is negative in row {row + 1}: swap payer and payee instead')
    if frame["tx"].n_unique() != frame.height:
        twice = frame["tx"].filter(frame["tx"].is_duplicated())[0]
        raise LedgerError(f'transaction "{twice}" occurs more than once: "tx" must be unique')
