"""What exports of chain explorers have in common: whole files of a few thousand rows, which are looked at as a whole.

Which token a row moves, which row of several with one hash it is, and which address looks like another cannot be seen
from a row alone. So the file is read once when its layout is made, and what its rows become is kept by row number.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import polars as pl

from graphflow.read.batches import ROW, Ragged, batches
from graphflow.read.columns import Layout
from graphflow.read.dialects.look_alikes import resembled
from graphflow.read.dialects.tokens import CONTRACTS, judged
from graphflow.read.source import RawFile

Arrange = Callable[[pl.DataFrame], pl.DataFrame]
"""Texts by the names of an explorer → `hash`, `time`, `payer`, `payee`, `paid`, and `several` (whether a hash may stand
for several transfers); where there are: `symbol`, `contract`, `paid_currency` (of a chain's own coin), `failed`,
`refused`, `channel`, `memo`, names."""

_CLOCK = r"^\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d$"
_GROUPED = r"^\d{1,3}(,\d{3})+(\.\d+)?$"
_NUMBER = r"^[0-9]+(\.[0-9]*)?$"
_GLANCE = 100
_FINE, _USUAL = 8, 6
_MOST = 2**63 - 1
_KEPT = ("channel", "memo", "payer_name", "payee_name", "refused")
FAILED = "the transaction failed ({}): nothing moved"
_SUCCEEDED = ("", "1", "ok", "success", "successful", "succeeded", "true", "confirmed", "completed")
UNDECIDED = "the transaction was not settled when it was exported ({})"
_UNDECIDED = ("unconfirmed", "pending", "false")
_FAILED = "error|fail|revert|out of|out_of|bad |invalid|cancel|drop"


def looked_through(
    source: RawFile, *, dialect: str, parts: Mapping[str, int], headers: Mapping[str, str], arrange: Arrange
) -> Layout:
    """The layout of an export: what becomes of each row is known once the whole of it has been seen."""
    columns = {field: (k,) for field, k in parts.items()}
    bare = Layout(dialect=dialect, parts=columns)
    found = arrange(_whole(source, bare))
    named = "contract" in found.columns or "symbol" not in found.columns
    table = _identified(_looked_alike(_counted(_lowered(_judged(found)))))
    kept = [ROW, "tx", "time", "payer", "payee", "paid", "paid_currency", "excluded"]
    final = table.select(*kept, *(name for name in _KEPT if name in table.columns))

    def prepare(raw: pl.DataFrame) -> pl.DataFrame:
        return raw.select(ROW).join(final, on=ROW, how="left", maintain_order="left")

    return Layout(
        dialect=dialect, parts=columns, headers=headers, prepare=prepare, warnings=tuple(_warnings(table, named))
    )


def first_rows(source: RawFile, positions: Sequence[int]) -> pl.DataFrame:
    """A glance at the texts of some columns, to see what kind they are; columns are named by position."""
    schema = {str(k): pl.String() for k in positions}
    if source.kind != "text":
        return next(batches(source, positions), pl.DataFrame(schema=schema)).select(*schema).head(_GLANCE)
    with source.readable.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        try:
            rows = list(islice(csv.reader(stream, delimiter=source.separator), 1, 1 + _GLANCE))
        except csv.Error:  # the reader of the whole file says what is wrong
            rows = []
    return pl.DataFrame({str(k): [row[k] if k < len(row) else None for row in rows] for k in positions}, schema=schema)


def verdicts(raw: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """`failed` where one of the named columns says so, `refused` where one says what nobody knows."""
    failed, unknown = [], []
    for name in names:
        word = pl.col(name).fill_null("").str.to_lowercase()
        bad = word.str.contains(_FAILED)
        open_ = word.is_in(_UNDECIDED)
        failed.append(pl.when(bad).then(pl.format(FAILED, name)).when(open_).then(pl.format(UNDECIDED, name)))
        unsure = ~bad & ~open_ & ~word.is_in(_SUCCEEDED)
        unknown.append(pl.when(unsure).then(pl.format("neither success nor failure that is known: {}", name)))
    return raw.with_columns(failed=pl.coalesce(failed), refused=pl.coalesce(unknown)) if names else raw


def exact(text: pl.Expr) -> pl.Expr:
    """Amounts as numbers; thousands commas are understood where they stand right."""
    plain = pl.when(text.str.contains(_GROUPED)).then(text.str.replace_all(",", "")).otherwise(text)
    return plain.cast(pl.Decimal(38, 18), strict=False)


def utc(text: pl.Expr, *, stated: bool) -> pl.Expr:
    """Times as the text of a time in UTC, so that one that is none does not keep the others from being read.

    Seconds and milliseconds since 1970 are UTC; clocks are where their header says so (`stated`).
    """
    second = pl.when(text.str.contains(r"^\d{10}$")).then(text).when(text.str.contains(r"^\d{10}000$"))
    since = pl.from_epoch(second.then(text.str.head(10)).cast(pl.Int64, strict=False), time_unit="s")
    clock = pl.when(text.str.contains(_CLOCK)).then(pl.format("{}+00:00", text.str.replace_all("/", "-")))
    return pl.coalesce(since.dt.strftime("%Y-%m-%d %H:%M:%S+00:00"), *([clock] if stated else []), text)


def _whole(source: RawFile, bare: Layout) -> pl.DataFrame:
    """All rows, stripped, with nothing that is empty."""
    try:
        rows = list(batches(source, bare.positions))
    except Ragged:
        rows = list(batches(source, bare.positions, careful=True))
    names = [str(k) for k in bare.positions]
    empty = pl.DataFrame(schema={ROW: pl.UInt32, **dict.fromkeys(names, pl.String)})
    texts = pl.concat([empty, *(batch.select(ROW, *names) for batch in rows)])
    stripped = bare.texts_of(texts, ROW).with_columns(pl.col(pl.String).str.strip_chars())
    return stripped.with_columns(pl.col(pl.String).replace("", None))


def _judged(found: pl.DataFrame) -> pl.DataFrame:
    """Currencies by contract, and forged tokens out."""
    none = pl.lit(None, pl.String)
    found = found.with_columns(none.alias(name) for name in ("symbol", "contract") if name not in found.columns)
    lower = pl.when(pl.col("contract").str.starts_with("0x")).then(pl.col("contract").str.to_lowercase())
    found = found.with_columns(contract=lower.otherwise("contract"))
    own = found["paid_currency"] if "paid_currency" in found.columns else None
    tokens = judged(found.select("symbol", "contract").unique())
    found = found.drop("paid_currency", strict=False).join(
        tokens, on=["symbol", "contract"], how="left", nulls_equal=True, maintain_order="left"
    )
    failed = pl.col("failed") if "failed" in found.columns else none
    found = found.with_columns(excluded=pl.coalesce(failed, "excluded"))
    return found if own is None else found.with_columns(paid_currency=pl.coalesce("paid_currency", own))


def _lowered(found: pl.DataFrame) -> pl.DataFrame:
    """Addresses of the EVM chains in lower case: capitals in them are a checksum. TRON's mean something, and stay."""
    sides = ("payer", "payee")
    mixed = {side: pl.col(side).str.contains(r"^0[xX][0-9a-fA-F]{40}$") for side in sides}
    lower = {side: pl.when(mixed[side]).then(pl.col(side).str.to_lowercase()).otherwise(side) for side in sides}
    changed = pl.any_horizontal(pl.col(side) != lower[side] for side in sides)
    return found.with_columns(mixed=changed, **lower)


def _counted(found: pl.DataFrame) -> pl.DataFrame:
    """Amounts in as many decimals as can be counted; what is too large or too small for that has a reason.

    The number of decimals hangs on the token alone, not on the file, so that files of one token fit together.
    """
    fine = (pl.col("symbol").is_null() | pl.col("paid_currency").is_in(["WETH", "WBTC"])).fill_null(False)
    found = found.with_columns(exact=exact(pl.col("paid")), places=pl.when(fine).then(_FINE).otherwise(_USUAL))
    value, least = pl.col("exact"), pl.col("places")
    near = pl.when(least == _FINE).then(value.round(_FINE)).otherwise(value.round(_USUAL))
    most = pl.when(least == _FINE).then(_MOST // 10**_FINE).otherwise(_MOST // 10**_USUAL)
    digits = pl.col("paid").str.replace_all(",", "").str.contains(_NUMBER)
    large = pl.when((value.is_null() & digits) | (value >= most))
    small = pl.when((value > 0) & (near == 0))
    refused = [pl.col("refused")] if "refused" in found.columns else []
    return found.with_columns(
        rounded=near != value,
        paid=pl.when(near != value).then(near.cast(pl.String)).otherwise("paid"),
        refused=pl.coalesce(*refused, large.then(pl.format("too large to be counted in {} decimals", least))),
        excluded=pl.coalesce("excluded", small.then(pl.format("too little to be counted in {} decimals", least))),
    )


def _looked_alike(found: pl.DataFrame) -> pl.DataFrame:
    """Rows of look-alike addresses marked in the memo; such a row that moves nothing says so."""
    pairs = resembled(found.filter(pl.col("excluded").is_null() | (pl.col("exact") == 0)))
    for side in ("payer", "payee"):
        own = pairs.rename({"address": side, "resembles": f"{side} like"})
        found = found.join(own, on=side, how="left", maintain_order="left")
    like = pl.coalesce(pl.format("look-alike of {}", f"{side} like") for side in ("payer", "payee"))
    found = found.with_columns(like=like)
    nothing = pl.when(pl.col("exact") == 0).then(pl.format("zero amount, {}: address poisoning", "like"))
    memo = pl.concat_str(*(["memo"] if "memo" in found.columns else []), "like", separator="; ", ignore_nulls=True)
    return found.with_columns(memo=memo.replace("", None), excluded=pl.coalesce("excluded", nothing))


def _identified(found: pl.DataFrame) -> pl.DataFrame:
    """One id a transfer, the same in the exports of both of its wallets: a hash alone may stand for several.

    A chain's own coin moves once a hash (`several` says where not). The id of others adds currency, the ends of both
    addresses and the amount, and a number where even those agree.
    """
    amount = pl.col("exact").cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    ends = (pl.col(side).str.slice(-6) for side in ("payer", "payee"))
    long = pl.format("{}/{}/{}>{}/{}", "hash", pl.col("paid_currency").fill_null("token"), *ends, amount)
    found = found.with_columns(tx=pl.when("several").then(pl.coalesce(long, "hash")).otherwise("hash"))
    again = pl.int_range(1, pl.len() + 1).over("tx")
    return found.with_columns(
        tx=pl.when(pl.col("several") & (again > 1)).then(pl.format("{}#{}", "tx", again)).otherwise("tx")
    )


def _warnings(table: pl.DataFrame, named: bool) -> list[str]:
    said: list[str] = []
    if not named:
        known = ", ".join(CONTRACTS)
        said.append(f"names no token contracts: symbols are taken at their word, forged ones ({known}) too")
    counts = {name: int(table[name].sum()) for name in ("rounded", "mixed")}
    if counts["rounded"]:
        said.append(
            f"{counts['rounded']:,} amounts have more decimals than can be counted and are rounded "
            f"({_FINE} are kept of a chain's own coin, {_USUAL} of tokens)"
        )
    if counts["mixed"]:
        said.append(f"{counts['mixed']:,} rows have addresses in mixed case, which are read in lower case")
    like = table["like"].count()
    if like:
        said.append(f"{like:,} rows are of addresses that look like another counterparty: see their memo")
    return said
