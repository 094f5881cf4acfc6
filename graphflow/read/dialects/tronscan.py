"""TronScan: TRX, TRC-10 and TRC-20 transfers of an address on TRON.

The header has changed with the years, so columns are known by several names each, and a file is taken for TronScan's
where its addresses are TRON's (base58, beginning with T: capitals count). The token may stand with its contract in one
cell (`USDT(TR7N…)`), the unit may stand behind the amount. Tokens without a contract are TRX, or TRC-10 by number.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graphflow.read.columns import Layout
from graphflow.read.dialects.explorers import first_rows, looked_through, utc, verdicts
from graphflow.read.headers import folded, needed, places, titles
from graphflow.read.source import RawFile

NAME = "tronscan"

_NAMES = {
    "hash": ("txnhash", "transactionhash", "txhash", "hash", "txid", "transactionid"),
    "time": ("timeutc", "timestamp", "blocktime", "blocktimestamp", "datetimeutc", "datetime", "time", "date"),
    "payer": ("from", "fromaddress", "transferfromaddress", "sender", "owneraddress"),
    "payee": ("to", "toaddress", "transfertoaddress", "receiver"),
    "paid": ("amounttokenid", "amount", "quantity", "tokenvalue", "value"),
    "symbol": ("token", "tokensymbol", "tokenabbr", "symbol", "tokenname"),
    "contract": ("tokencontractaddress", "contractaddress", "tokencontract", "tokenaddress", "contract"),
    "result": ("result", "contractret", "finalresult"),
    "status": ("status", "confirmed"),
    "channel": ("transactiontype", "transfertype", "type", "method"),
    "payer_name": ("fromtag", "fromnametag"),
    "payee_name": ("totag", "tonametag"),
}
_NEEDED = {"hash": "Transaction Hash", "time": "Time(UTC)", "payer": "From", "payee": "To", "paid": "Amount"}
_BASE58 = "T[1-9A-HJ-NP-Za-km-z]{33}"
_CONTRACT = rf"({_BASE58})"
_UNIT = r"^(.*\d)\s+(\D\S*)$"


def recognises(source: RawFile) -> bool:
    """Whether a file has a transfer's columns and addresses of TRON in them."""
    found = places(source.header, _NAMES)
    if not _NEEDED.keys() <= found.keys():
        return False
    rows = first_rows(source, [found["payer"], found["payee"]])
    like = rows.select(pl.all().str.strip_chars().str.contains(f"^{_BASE58}$")).sum()
    return rows.height > 0 and all(2 * int(count or 0) > rows.height for count in like.row(0))


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by TronScan's headers; the whole file is looked through. Raises `ColumnError` naming what is missing."""
    found = places(source.header, _NAMES)
    needed(source, "a TronScan file", found, _NEEDED)
    zoned = "utc" in folded(source.header[found["time"]])
    headers = titles(source, found, tx=("hash",))
    if "symbol" in found:
        headers["paid_currency"] = source.header[found["symbol"]]

    def arrange(raw: pl.DataFrame) -> pl.DataFrame:
        return _arranged(raw, zoned=zoned)

    return looked_through(source, dialect=NAME, parts=found, headers=headers, arrange=arrange)


def _arranged(raw: pl.DataFrame, *, zoned: bool) -> pl.DataFrame:
    """An export in the columns that explorers have in common."""
    raw = verdicts(raw, tuple(name for name in ("result", "status") if name in raw.columns))
    unit = pl.col("paid").str.extract(_UNIT, 2)
    token = pl.coalesce("symbol", unit) if "symbol" in raw.columns else unit
    inside = token.str.extract(_CONTRACT)
    name = pl.coalesce(token.str.extract(r"\(([^()]+)\)\s*\(?T"), token.str.replace(rf"[\s(]*{_CONTRACT}.*$", ""))
    coin = name.str.to_uppercase() == "TRX"
    number = pl.when(name.str.contains(r"^\d+$")).then(pl.format("TRC10 {}", name))
    said = pl.coalesce("contract", inside) if "contract" in raw.columns else inside
    contracts = "contract" in raw.columns or bool(raw.select(inside.is_not_null().any()).item())
    raw = raw.with_columns(
        time=utc(pl.col("time"), stated=zoned),
        paid=pl.coalesce(pl.col("paid").str.extract(_UNIT, 1), "paid"),
        symbol=pl.when(~coin).then(pl.coalesce(number, name)),
        contract=pl.when(~coin).then(said),
        paid_currency=pl.when(coin).then(pl.lit("TRX")),
        several=pl.lit(True),
    )
    return raw if contracts else raw.drop("contract")
