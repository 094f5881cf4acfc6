"""Which column of a file is which field of the ledger: by dialect, by mapping, by usual names.

A dialect is a module with `NAME`, `recognises(header)` and `layout(source)`: see `plain` and `amlworld`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import polars as pl

from graphflow.errors import ColumnError, did_you_mean

FIELDS = (
    "tx", "time", "payer", "payee", "paid", "paid_currency", "received", "received_currency", "channel",
    "payer_name", "payee_name", "payer_bank", "payee_bank", "payer_balance", "payee_balance",
    "ip", "device", "memo", "label",
)  # fmt: skip
NEEDED = ("time", "payer", "payee", "paid")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the text columns of a file become ledger fields.

    parts    field → positions of the columns that make it, joined by colons
    headers  field → header(s) it comes from, for people
    """

    dialect: str
    parts: Mapping[str, tuple[int, ...]]
    headers: Mapping[str, str] = field(default_factory=dict)

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
        if name not in (*FIELDS, "amount", "currency"):
            raise ColumnError(f'a mapping names the field "{name}": {did_you_mean(name, FIELDS)}')
        if not isinstance(header, str):
            raise ColumnError(f'the mapping of "{name}" must be the text of a header')
    renamed = {"amount": "paid", "currency": "paid_currency"}
    return {renamed.get(name, name): header for name, header in mapping.items()}


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
