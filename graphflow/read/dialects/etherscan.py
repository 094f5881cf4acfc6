"""Etherscan, and the explorers of other EVM chains in the same form (BscScan, PolygonScan, Snowtrace, Arbiscan, …).

Five exports are read: transactions (`Value_IN(ETH)`, `Value_OUT(ETH)`: one of them is the amount), internal
transactions (`ParentTxFrom`, `TxTo`), token transfers (`TokenValue`, or `Value` in older files), transfers of one
token (`Quantity`), and what a page shows (`Amount` with its unit, name tags). The fee is no transfer between the two.
A failed transaction moved nothing. Transfers of collectibles (`TokenId`) are no amounts of money, and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from graphflow.errors import SourceError
from graphflow.read.columns import Layout
from graphflow.read.dialects.explorers import FAILED, exact, looked_through, utc, verdicts
from graphflow.read.headers import folded, needed, places, titles
from graphflow.read.source import RawFile

NAME = "etherscan"

_NAMES = {
    "hash": ("transactionhash", "txhash"),
    "unix": ("unixtimestamp",),
    "clock": ("datetimeutc", "datetime"),
    "payer": ("from",),
    "payee": ("to", "txto"),
    "paid": ("tokenvalue", "value", "quantity", "amount"),
    "symbol": ("tokensymbol",),
    "contract": ("contractaddress",),
    "status": ("status",),
    "code": ("errcode",),
    "channel": ("method", "type"),
    "payer_name": ("fromnametag",),
    "payee_name": ("tonametag",),
    "memo": ("privatenote",),
}
_NEEDED = {"hash": "Txhash", "payer": "From", "payee": "To"}
_SIDE = re.compile(r"^Value_(IN|OUT)\((.+)\)$", re.IGNORECASE)
_UNIT = r"^(.*\d)\s+(\D\S*)$"


def recognises(source: RawFile) -> bool:
    """Whether a header is one of Etherscan's: a hash, both sides, and a column only it has."""
    found = places(source.header, _NAMES)
    own = {"unix", "payer_name", "payee_name"} & found.keys() or len(_sides(source)) == 2
    return _NEEDED.keys() <= found.keys() and bool(own) and ("paid" in found or len(_sides(source)) == 2)


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by Etherscan's headers; the whole file is looked through. Raises `ColumnError` or `SourceError`."""
    if "tokenid" in {folded(name) for name in source.header}:
        raise SourceError(
            f"{source.path}: is an export of collectibles (a token id in each row), not of amounts: leave it out"
        )
    sides = _sides(source)
    found = places(source.header, _NAMES)
    if len(sides) == 2:
        found = {field: k for field, k in found.items() if field not in ("paid", "symbol")}
        found |= {side: k for side, (k, _) in sides.items()}
    time = "unix" if "unix" in found else "clock"
    needed(source, "an Etherscan file", found, {**_NEEDED, time: "DateTime (UTC)"})
    if not {"in", "paid"} & found.keys():
        needed(source, "an Etherscan file", found, {"paid": "TokenValue"})
    found.pop("clock" if time == "unix" else "unix", None)
    internal = "parenttxfrom" in {folded(name) for name in source.header}
    coin = sides["in"][1] if len(sides) == 2 else None

    def arrange(raw: pl.DataFrame) -> pl.DataFrame:
        return _arranged(raw, coin=coin, internal=internal)

    header = {**titles(source, found, tx=("hash",)), "time": source.header[found[time]]}
    if coin:
        header["paid"] = " / ".join(source.header[found[side]] for side in ("in", "out"))
        header["paid_currency"] = header["paid"]
    elif "symbol" in found:
        header["paid_currency"] = source.header[found["symbol"]]
    return looked_through(source, dialect=NAME, parts=found, headers=header, arrange=arrange)


def _sides(source: RawFile) -> dict[str, tuple[int, str]]:
    """Columns of what came in and what went out, and their coin."""
    matches = ((k, _SIDE.match(name)) for k, name in enumerate(source.header))
    return {match[1].lower(): (k, match[2]) for k, match in matches if match}


def _arranged(raw: pl.DataFrame, *, coin: str | None, internal: bool) -> pl.DataFrame:
    """An export in the columns that explorers have in common."""
    if "status" in raw.columns and internal:  # there 0 is success and 1 is failure
        raw = raw.with_columns(pl.col("status").replace({"0": "", "1": "Error(1)"}))
    raw = verdicts(raw, ("status",) if "status" in raw.columns else ())
    if "code" in raw.columns:
        failed = [pl.col("failed")] if "failed" in raw.columns else []
        code = pl.when(pl.col("code") != "0").then(pl.format(FAILED, "code"))
        raw = raw.with_columns(failed=pl.coalesce(*failed, code))
    raw = raw.rename({"unix" if "unix" in raw.columns else "clock": "time"})
    raw = raw.with_columns(time=utc(pl.col("time"), stated=True), several=pl.lit(internal or not coin))
    return _with_units(raw) if coin is None else _with_sides(raw, coin)


def _with_sides(raw: pl.DataFrame, coin: str) -> pl.DataFrame:
    """Amounts of a chain's own coin, which came in or went out."""
    if "contract" in raw.columns:  # the contract that a transaction without a receiver made
        raw = raw.with_columns(payee=pl.coalesce("payee", "contract")).drop("contract")
    came, went = exact(pl.col("in")), exact(pl.col("out"))
    paid = pl.when((came != 0).fill_null(pl.col("in").is_not_null())).then("in").otherwise(pl.coalesce("out", "in"))
    both = pl.when((came > 0) & (went > 0) & (came != went))
    twice = both.then(pl.lit("an amount came in and another went out: which of them moved is not said"))
    refused = [pl.col("refused")] if "refused" in raw.columns else []
    return raw.with_columns(paid=paid, paid_currency=pl.lit(coin), refused=pl.coalesce(*refused, twice))


def _with_units(raw: pl.DataFrame) -> pl.DataFrame:
    """Amounts of tokens, and those of the chain's own coin that a page shows with its name."""
    unit = pl.col("paid").str.extract(_UNIT, 2)
    part = pl.when(unit.str.to_lowercase().str.ends_with("wei")).then(pl.format("an amount in {}, not in coins", unit))
    refused = [pl.col("refused")] if "refused" in raw.columns else []
    return raw.with_columns(
        paid=pl.coalesce(pl.col("paid").str.extract(_UNIT, 1), "paid"),
        paid_currency=unit,
        several=unit.is_null(),
        refused=pl.coalesce(*refused, part),
    )
