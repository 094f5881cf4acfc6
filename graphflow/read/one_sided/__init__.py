"""One-sided records → transfers: statements of single accounts, of which two may tell of one transfer.

The steps, in this order: rows delivered twice are set apart; numbers of one account become one; direction words are
proved by balances; both sides of a transfer are paired 1:1; reversals are set apart with what they take back; breaks
in balances are listed. Every record that does not become a transfer of its own is returned with what became of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from graphflow.read.one_sided.direction import IN, Words, decide
from graphflow.read.one_sided.duplicates import repeated
from graphflow.read.one_sided.ends import FILLER
from graphflow.read.one_sided.identities import Identities, joined
from graphflow.read.one_sided.order import in_order
from graphflow.read.one_sided.pairing import paired
from graphflow.read.one_sided.reversals import WORDS, marked, reversed_pairs
from graphflow.read.one_sided.statements import PLACES, gaps, walked, with_statements
from graphflow.words import count

FATES = {
    "file": pl.UInt32(), "row": pl.UInt32(), "kind": pl.String(), "reason": pl.String(), "value": pl.String(),
}  # fmt: skip
"""What became of a record that is no transfer of its own; a reason is given where it must be explained."""

INNER = (
    "account",
    "card",
    "sub",
    "direction",
    "negative",
    "reversal",
    "holder",
    "out",
    "statement",
    "step",
    "sign",
    *PLACES,
)
"""Columns of records that transfers do not have."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """Transfers in the order of their rows, and everything else that was learned.

    fates       as `FATES`
    gaps        as `statements.GAPS`
    words       file → what its direction words mean
    statements  per account with records of its own: rows, first and last time, opening and last balance
    """

    transfers: pl.DataFrame
    fates: pl.DataFrame
    gaps: pl.DataFrame
    statements: pl.DataFrame
    words: Mapping[int, Words]
    identities: Identities
    warnings: tuple[str, ...]


@dataclass
class Fates:
    """Collects what became of records; what is said last of a row holds."""

    parts: list[pl.DataFrame] = field(default_factory=list)

    def add(self, rows: pl.DataFrame, kind: str, reason: str | None = None) -> None:
        """Rows of one fate, with the column `value` where that says more."""
        value = pl.col("value") if "value" in rows.columns else pl.lit(None, pl.String)
        told = rows.select("file", "row", kind=pl.lit(kind), reason=pl.lit(reason, pl.String), value=value)
        self.parts.append(told.select(pl.col(name).cast(type_) for name, type_ in FATES.items()))

    def table(self) -> pl.DataFrame:
        """All of them."""
        whole = pl.concat([pl.DataFrame(schema=FATES), *self.parts])
        return whole.unique(["file", "row"], keep="last", maintain_order=True)


def resolve(
    records: pl.DataFrame,
    links: Iterable[pl.DataFrame],
    *,
    paths: Mapping[int, str],
    precision: Mapping[int, timedelta],
    in_words: Collection[str] = (),
    out_words: Collection[str] = (),
) -> Resolved:
    """Transfers from the records of all files.

    records  typed rows: file, row, time, payer (own account), payee, paid, paid_currency, direction, negative, and what
             else the files have
    links    numbers of one account, as `identities.LINKS`
    """
    fates, warnings = Fates(), list[str]()
    records, twice = repeated(_with_serials(records))
    fates.add(twice, "duplicate", "repeats a record of the same serial or balance")
    identities = joined([*links, *_links_of(records)])
    records = with_statements(_named(records, identities))
    proof = walked(records).select("file", "row", "direction", "step")
    words = decide(proof, paths, in_words=in_words, out_words=out_words)
    records = marked(_signed(records, words, proof, fates))
    walk = walked(records, records.select(pl.when("out").then(-1).otherwise(1).cast(pl.Int8)).to_series())
    found = paired(_directed(walk.with_columns(pl.int_range(pl.len()).alias(PLACES[0]))), precision)
    fates.add(found.second, "paired")
    kept, lone = _without_reversed(found.transfers, paths, fates)
    if lone:
        warnings.append(f"{count(lone, 'reversal')} without the transfer taken back: kept as transfers of their own")
    return Resolved(
        transfers=in_order(kept).drop(INNER, strict=False),
        fates=fates.table(),
        gaps=gaps(walk),
        statements=_held(walk),
        words=words,
        identities=identities,
        warnings=(*warnings, *found.warnings, *identities.warnings),
    )


def _links_of(records: pl.DataFrame) -> list[pl.DataFrame]:
    """Numbers that rows themselves give for one account: a card beside its account, a wallet beside a card."""
    holder = pl.col("holder") if "holder" in records.columns else pl.lit(None, pl.String)
    pairs = []
    for name, kept, alias, reason in (
        ("account", "payer", "account", "a row states both"),
        ("card", "card", "payer", "a row of the wallet states the card, and no other"),
    ):
        if name in records.columns:
            numbers: dict[str, str | pl.Expr] = {
                "kept": kept,
                "alias": alias,
                "alone": pl.lit(name == "card"),
                "holder": holder,
            }
            found = records.select(**numbers, reason=pl.lit(reason)).drop_nulls(["kept", "alias"])
            found = found.unique(["kept", "alias"], keep="first", maintain_order=True)
            pairs.append(_by_wallet(found, records) if name == "card" else found)
    return pairs


def _by_wallet(links: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Wallets and their cards: where no record is of the card, the account goes by the wallet, as its records do."""
    dealt = pl.concat([records["payer"], records["payee"]]).unique()
    seen = pl.col("kept").is_in(dealt.implode())
    sides = (("kept", "alias"), ("alias", "kept"))
    return links.with_columns(pl.when(seen).then(own).otherwise(other).alias(own) for own, other in sides)


def _named(records: pl.DataFrame, identities: Identities) -> pl.DataFrame:
    """Each account by the number it goes by."""
    if not identities.renamed:
        return records
    return records.with_columns(pl.col("payer", "payee").replace(identities.renamed))


def _with_serials(records: pl.DataFrame) -> pl.DataFrame:
    """Records whose serial is null where it is only a filler."""
    if "tx" not in records.columns:
        return records
    return records.with_columns(tx=pl.when(~pl.col("tx").str.contains(FILLER)).then("tx"))


def _signed(records: pl.DataFrame, words: Mapping[int, Words], proof: pl.DataFrame, fates: Fates) -> pl.DataFrame:
    """Records with `out`: whether money left the account."""
    meaning = [(file, word, way != IN) for file, known in words.items() for word, way in known.meaning.items()]
    schema = {"file": pl.UInt32(), "direction": pl.String(), "out": pl.Boolean()}
    known = pl.DataFrame(meaning, schema=schema, orient="row")
    records = records.join(known, on=["file", "direction"], how="left", maintain_order="left")
    if records["out"].null_count():
        records = _told_by_balance(records, proof, fates)
    return _with_negatives(records, proof, fates) if records["negative"].any() else records


def _told_by_balance(records: pl.DataFrame, proof: pl.DataFrame, fates: Fates) -> pl.DataFrame:
    """Rows without a word for the direction: as their balance moved; what it does not tell is rejected."""
    records = records.join(proof.drop("direction"), on=["file", "row"], how="left", maintain_order="left")
    moved = pl.when(pl.col("step").is_in([1, -1])).then(pl.col("step") == -1)
    records = records.with_columns(out=pl.coalesce("out", moved)).drop("step")
    fates.add(records.filter(pl.col("out").is_null()), "rejected", "no word for the direction, and no balance tells it")
    return records.filter(pl.col("out").is_not_null())


def _with_negatives(records: pl.DataFrame, proof: pl.DataFrame, fates: Fates) -> pl.DataFrame:
    """What an amount below zero means: by the balance where it tells; else out as stated for money out, the reversal
    that its text or serial says it is, or a contradiction."""
    if "reversal" not in records.columns:
        records = records.with_columns(reversal=pl.lit(None, pl.String))
    records = records.join(proof.drop("direction"), on=["file", "row"], how="left", maintain_order="left")
    negative, seen = pl.col("negative"), pl.col("step").is_in([1, -1])
    moved = pl.col("step") == -1
    records = records.with_columns(
        back=negative & pl.when(seen).then(moved != pl.col("out")).otherwise(_takes_back(records))
    )
    lost = records.filter(negative & ~seen & ~pl.col("back") & ~pl.col("out"))
    fates.add(lost, "rejected", "a negative amount of money in, and nothing says it is a reversal")
    mark = pl.when("back").then(pl.coalesce("reversal", pl.lit("negative amount"))).otherwise("reversal")
    records = records.with_columns(out=pl.col("out") ^ pl.col("back"), reversal=mark).drop("step", "back")
    return records.join(lost, on=["file", "row"], how="anti", maintain_order="left")


def _takes_back(records: pl.DataFrame) -> pl.Expr:
    """Whether a negative amount is said to be a reversal: by a mark, its text, or the serial of a positive amount."""
    said = [pl.col("memo").str.contains(WORDS)] if "memo" in records.columns else []
    said += [pl.col("reversal").is_not_null()] if "reversal" in records.columns else []
    if "tx" in records.columns:
        said.append(pl.col("tx").is_not_null() & (~pl.col("negative")).any().over("payer", "tx", "paid"))
    return pl.any_horizontal([pl.lit(False), *said]).fill_null(False)


def _directed(records: pl.DataFrame) -> pl.DataFrame:
    """Who paid as payer and who got as payee; records are as for money going out."""
    sides = [c.removeprefix("payer") for c in records.columns if c.startswith("payer")]
    sides += [s for c in records.columns if c.startswith("payee") and (s := c.removeprefix("payee")) not in sides]
    for side in sides:
        for name in (f"payer{side}", f"payee{side}"):
            if name not in records.columns:
                kind = records.schema[f"payee{side}" if name.startswith("payer") else f"payer{side}"]
                records = records.with_columns(pl.lit(None, kind).alias(name))
    swapped = {
        f"{one}{side}": pl.when("out").then(f"{one}{side}").otherwise(f"{other}{side}")
        for side in sides
        for one, other in (("payer", "payee"), ("payee", "payer"))
    }
    payers = [c for c in ("ip", "device") if c in records.columns]
    return records.with_columns(**swapped, **{c: pl.when("out").then(c) for c in payers})


def _without_reversed(transfers: pl.DataFrame, paths: Mapping[int, str], fates: Fates) -> tuple[pl.DataFrame, int]:
    """Transfers without those that cancel each other, and how many reversals have nothing to cancel."""
    pairs, lone = reversed_pairs(transfers)
    for one, other, told in (
        ("original", "reversal", "taken back by the reversal that is named"),
        ("reversal", "original", "a reversal of the transfer that is named"),
    ):
        rows, against = transfers[pairs[one]], transfers[pairs[other]]
        place = [f"row {row} of {paths[file]}" for file, row in against.select("file", "row").iter_rows()]
        rows = rows.with_columns(value=pl.Series(place, dtype=pl.String))
        fates.add(rows, "excluded", told)
        if "twin_row" in rows.columns:
            fates.add(rows.drop_nulls("twin_row").select("value", file="twin_file", row="twin_row"), "excluded", told)
    gone = pl.concat([pairs["original"], pairs["reversal"].alias("original")])
    keep = pl.repeat(True, transfers.height, eager=True).scatter(gone, False)
    return transfers.filter(keep), lone


def _held(walk: pl.DataFrame) -> pl.DataFrame:
    """Accounts whose own records there are; balances: of all statements of an account, each in its own order."""
    stated = pl.col("payer_balance") if "payer_balance" in walk.columns else pl.lit(None, pl.Int64)
    moved = (pl.col("paid") * pl.col("sign")).cum_sum().over("statement")
    since = stated - moved  # what rows without a balance moved after the last stated one is in `balance` too
    each = (
        walk.with_columns(since=since, moved=moved)
        .group_by("payer", "paid_currency", "pot", "statement", maintain_order=True)
        .agg(
            records=pl.len(),
            first=pl.col("time").min(),
            last=pl.col("time").max(),
            opening=pl.col("since").drop_nulls().first(),
            balance=pl.col("since").drop_nulls().last() + pl.col("moved").last(),
        )
    )
    whole = [pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum()) for name in ("opening", "balance")]
    return (
        each.group_by("payer", "paid_currency", "pot", maintain_order=True)
        .agg(pl.col("records").sum(), pl.col("first").min(), pl.col("last").max(), *whole)
        .sort("payer", "paid_currency", "pot")
        .rename({"payer": "account", "paid_currency": "currency", "pot": "dialect"})
    )
