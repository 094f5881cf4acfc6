"""What files beside the transfers tell of accounts: holders, banks, other numbers, measures in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from graphflow.ledger import FREEZES
from graphflow.read.amounts import SCALE, decimal
from graphflow.read.one_sided.identities import LINKS

DETAILS = {
    "card": pl.String(), "account": pl.String(), "name": pl.String(), "holder": pl.String(), "bank": pl.String(),
}  # fmt: skip
"""One row an account: its card and its account number, its holder's name and identity number, its bank."""

_MEASURES = ("account", "amount", "start", "end", "by")


@dataclass
class References:
    """Collects account details over all files."""

    details: list[pl.DataFrame] = field(default_factory=list)
    links: list[pl.DataFrame] = field(default_factory=list)
    freezes: list[pl.DataFrame] = field(default_factory=list)

    def add(self, details: pl.DataFrame, path: str) -> None:
        """Take the account details of one file; a card and an account in one row are one account."""
        details = pl.concat([pl.DataFrame(schema=DETAILS), details], how="diagonal").select(DETAILS.keys())
        self.details.append(details)
        self.links.append(
            details.select(
                kept="card",
                alias="account",
                alone=pl.lit(False),
                holder="holder",
                reason=pl.lit(f"{path} lists both as one account"),
            ).cast(LINKS)  # type: ignore[arg-type]
        )

    def freeze(self, measures: pl.DataFrame, number: int) -> None:
        """Take the measures in force that a file lists."""
        self.freezes.append(measures.with_columns(file=pl.lit(number, pl.UInt32)))

    def measures(self, paths: Mapping[int, str], renamed: Mapping[str, str]) -> pl.DataFrame:
        """The measures in force as the ledger has them; an amount that cannot be read is left empty."""
        if not self.freezes:
            return pl.DataFrame(schema=FREEZES)
        whole = pl.concat([pl.DataFrame(schema=dict.fromkeys(_MEASURES, pl.String)), *self.freezes], how="diagonal")
        exact = decimal(whole["amount"]) // 10 ** (SCALE - 2)
        return whole.with_columns(
            amount=exact.cast(pl.Int64, strict=False),
            account=pl.col("account").replace(dict(renamed)),
            file=pl.col("file").replace_strict(dict(paths), return_dtype=pl.String),
        ).select(pl.col(name).cast(kind) for name, kind in FREEZES.items())

    def described(self, accounts: pl.DataFrame) -> pl.DataFrame:
        """An account table with the names and banks that transfers do not tell."""
        if not self.details:
            return accounts
        whole = pl.concat(self.details)
        for number in ("card", "account"):
            known = whole.drop_nulls(number).unique(number, keep="first", maintain_order=True)
            near = known.select(pl.col(number).alias("account"), told_name="name", told_bank="bank")
            accounts = (
                accounts.join(near, on="account", how="left", maintain_order="left")
                .with_columns(name=pl.coalesce("name", "told_name"), bank=pl.coalesce("bank", "told_bank"))
                .drop("told_name", "told_bank")
            )
        return accounts
