"""Which column of a file is which field of the ledger: by dialect, by mapping, by usual names.

What a dialect is: see `dialects.Dialect`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from os import PathLike
from pathlib import Path

import polars as pl

from graphflow.errors import ColumnError, did_you_mean
from graphflow.read.one_sided.ends import filled

FIELDS = (
    "tx", "time", "payer", "payee", "paid", "paid_currency", "received", "received_currency", "channel",
    "payer_name", "payee_name", "payer_bank", "payee_bank", "payer_balance", "payee_balance",
    "ip", "device", "memo", "label",
)  # fmt: skip
NEEDED = ("time", "payer", "payee", "paid")
OF_STATEMENTS = ("direction", "debit", "credit", "date", "merchant", "account")
"""Fields of one-sided records that transfers do not have; a mapping that names one of them is for a statement."""

_OTHER_NAMES = {
    "amount": "paid", "currency": "paid_currency",
    "own": "payer", "counterparty": "payee", "balance": "payer_balance", "counterparty_name": "payee_name",
}  # fmt: skip
EXCLUDED = "excluded"
"""Column in which a dialect says why a row moved no money (failed, refused): such rows are counted apart."""

REFUSED = "refused"
"""Column in which a dialect says why a row cannot be read as a transfer."""

Prepare = Callable[[pl.DataFrame], pl.DataFrame]
"""Texts of a batch as the file has them → as the ledger needs them; the column of row numbers stays."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the text columns of a file become ledger fields.

    parts      field → positions of the columns that make it, joined by colons; names that are no ledger fields are
               for `prepare`
    headers    field → header(s) it comes from, for people
    prepare    what the dialect does to the texts (stripped, nothing empty); it gives ledger fields, and may give
               `excluded` and `refused`: the reason a row is no transfer
    meanings   field → what its texts stand for, where that is something else: "UK pounds" → GBP
    constants  field → what every row has: a currency, a channel
    one_sided  each row is one account's own record (`payer` is that account, `payee` its counterparty, as for money
               going out, and `direction` the word for which way it went): see `one_sided`
    unit       what amounts count, where it is not the unit of their currency, in words
    reference  what the rows tell of, where they are no transfers at all: "accounts", "people", "freezes", …
    freezes    whether rows that are `excluded` tell of money held in the payer's account
    floats     whether amounts are binary floating-point numbers written out, with digits that mean nothing
    precision  the finest step of its times, where the format of their text could say finer ones
    warnings   what a reader of the results must know of how the file was taken
    """

    dialect: str
    parts: Mapping[str, tuple[int, ...]]
    headers: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare | None = None
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    one_sided: bool = False
    reference: str = ""
    unit: str = ""
    freezes: bool = False
    floats: bool = False
    precision: timedelta | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether columns are fields as they stand, so that compiled kernels can read them."""
        own = self.constants or self.one_sided or self.floats or self.reference
        return self.prepare is None and not own

    def has(self, name: str) -> bool:
        """Whether rows have this field: from a column, made of some, or the same in all."""
        return name in self.parts or name in self.headers or name in self.constants

    def texts_of(self, batch: pl.DataFrame, *keep: str) -> pl.DataFrame:
        """The ledger fields of a batch as text, and the columns to `keep`."""
        raw = batch.select(*keep, **self.texts)
        for name, texts in self.meanings.items():
            known = pl.Series(texts.keys(), dtype=pl.String), pl.Series(texts.values(), dtype=pl.String)
            raw = raw.with_columns(pl.col(name).replace(*known))
        if self.prepare is not None:
            raw = self.prepare(raw)
        raw = raw.with_columns(pl.lit(text).alias(name) for name, text in self.constants.items())
        return filled(raw) if self.one_sided else raw

    @property
    def positions(self) -> tuple[int, ...]:
        """Columns to read, in the order of the file."""
        return tuple(sorted({position for parts in self.parts.values() for position in parts}))

    @property
    def texts(self) -> Mapping[str, pl.Expr]:
        """Field → its text, as an expression over the columns "0", "1", … of a batch."""
        return {
            name: pl.concat_str([pl.col(str(k)) for k in parts], separator=":") if parts[1:] else pl.col(str(parts[0]))
            for name, parts in self.parts.items()
        }


def load_mapping(mapping: Mapping[str, str] | str | PathLike[str] | None) -> dict[str, str]:
    """A mapping given as such, or as a TOML file of `field = "header"` lines (in a [map] table or not)."""
    if mapping is None:
        return {}
    if not isinstance(mapping, Mapping):
        mapping = _from_toml(Path(mapping))
    for name, header in mapping.items():
        if name not in (*FIELDS, *OF_STATEMENTS, *_OTHER_NAMES):
            known = (*FIELDS, *OF_STATEMENTS, *_OTHER_NAMES)
            raise ColumnError(f'a mapping names the field "{name}": {did_you_mean(name, known)}')
        if not isinstance(header, str):
            raise ColumnError(f'the mapping of "{name}" must be the text of a header')
    return {_OTHER_NAMES.get(name, name): header for name, header in mapping.items()}


def _from_toml(path: Path) -> Mapping[str, str]:
    try:
        with path.open("rb") as stream:
            content = tomllib.load(stream)
    except FileNotFoundError:
        raise ColumnError(f"{path}: no such mapping file") from None
    except OSError as error:
        raise ColumnError(f"{path}: cannot be read as a mapping file ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ColumnError(f"{path}: is not a TOML file ({error})") from None
    table: Mapping[str, str] = content.get("map", content)
    if not isinstance(table, Mapping):
        raise ColumnError(f'{path}: "map" must be a table of lines like payer = "From Account"')
    return table
