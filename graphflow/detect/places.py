"""Where payments were made from: devices and addresses that several accounts share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.flow import Flow
from graphflow.ledger import Codes
from graphflow.words import count

Longs = npt.NDArray[np.int64]

_PRIVATE = {
    4: ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3"),
    6: ("::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
}  # fmt: skip
"""Addresses that say nothing about who shares them: of one's own network, a carrier's, nobody's, everybody's."""
_RANGES = {
    version: [(int(net[0]), int(net[-1])) for net in map(ip_network, nets)] for version, nets in _PRIVATE.items()
}
_NOTHING = frozenset({"", "-", "--", "n/a", "na", "nan", "none", "null", "nil", "unknown", "undefined", "other", "无"})
_MAC = r"^[0-9a-f]{2}([:\-]?)(?:[0-9a-f]{2}[:\-]?){4}[0-9a-f]{2}$|^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$"


@dataclass(frozen=True)
class Places:
    """Places that several accounts pay from, and the payments made from them.

    payer, place  one entry for each account and place that it pays from; place is the position in `names`
    names         "device …" or "ip …"
    events        payments made from such places, in order
    named         per event, whether it names a device or an address at all (self-transfers do not count)
    notes         values that were not used, in words
    """

    payer: Codes
    place: Longs
    names: list[str]
    events: Codes
    named: npt.NDArray[np.bool_]
    notes: tuple[str, ...]


def shared_places(flow: Flow, most: int) -> Places:
    """Places of at least two and at most `most` accounts."""
    parts = [pl.DataFrame(schema={"event": pl.Int32, "payer": pl.Int32, "place": pl.String})]
    named, shared = np.zeros(flow.size, np.bool_), np.zeros(flow.size, np.bool_)
    notes: list[str] = []
    for column in ("device", "ip"):
        if column in flow.ledger.frame.columns:
            used = _used(flow, column)
            named[used["event"].to_numpy()] = True
            rows, left_out = _shared(used, column, most)
            shared[rows["event"].to_numpy()] = True
            parts.append(rows)
            notes += left_out
    links = pl.concat(parts).select("payer", "place").unique().sort("place", "payer")
    names = links["place"].unique().sort()
    return Places(
        payer=links["payer"].to_numpy(),
        place=names.search_sorted(links["place"]).to_numpy().astype(np.int64),
        names=names.to_list(),
        events=np.flatnonzero(shared).astype(np.int32),
        named=named,
        notes=tuple(notes),
    )


def users(transfers: pl.DataFrame) -> pl.DataFrame:
    """A number made of each place (`place`) and each account that pays from it (`payer`): each pair once.

    transfers  `payer`, `payee` and `device` or `ip`, where they are known
    Two places may have one number, though hardly ever.
    """
    parts = [pl.DataFrame(schema={"place": pl.UInt64, "payer": pl.Int32})]
    for column in ("device", "ip"):
        if column in transfers.columns:
            used = transfers.select("payer", "payee", value=column)
            used = used.filter((pl.col("value") != "") & (pl.col("payer") != pl.col("payee")))
            number = pl.concat_str(pl.lit(f"{column} "), _same(column)).hash()
            parts.append(used.select(place=number, payer="payer").unique())
    return pl.concat(parts).unique()


def _used(flow: Flow, column: str) -> pl.DataFrame:
    """Payments that name a value: `event`, `payer`, `value`."""
    frame = pl.DataFrame({"event": np.arange(flow.size, dtype=np.int32), "payer": flow.payer, "payee": flow.payee})
    frame = frame.with_columns(flow.frame[column].alias("value"))
    return frame.filter((pl.col("value") != "") & (pl.col("payer") != pl.col("payee"))).drop("payee")


def _shared(used: pl.DataFrame, column: str, most: int) -> tuple[pl.DataFrame, list[str]]:
    """Payments (`event`, `payer`, `place`) from shared values of a column, and what was left out."""
    values = used.group_by("value").agg(low=pl.col("payer").min(), high=pl.col("payer").max())
    values = values.with_columns(same=_same(column))
    several = (
        values.group_by("same").agg(pl.col("low").min(), pl.col("high").max()).filter(pl.col("low") < pl.col("high"))
    )
    values = values.join(several.select("same"), on="same", how="semi")
    usable = [value for value in values["same"].unique().to_list() if _is_usable(column, value)]
    wasted = several.height - len(usable)
    values = values.filter(pl.col("same").is_in(usable))
    rows = used.join(values.select("value", "same"), on="value")
    users = rows.group_by("same").agg(n=pl.col("payer").n_unique(), value=pl.col("value").min())
    kept = users.filter(pl.col("n") <= most)
    rows = rows.drop("value").join(kept, on="same")
    notes = []
    if wasted:
        notes.append(f"{count(wasted, f'{column} value')} of several accounts not used (private, invalid or empty)")
    if kept.height < users.height:
        crowded = count(users.height - kept.height, f"{column} value")
        notes.append(f"{crowded} of more than {most} accounts not used (public networks, gateways)")
    return rows.select("event", "payer", place=pl.format("{} {}", pl.lit(column), "value")), notes


def _same(column: str) -> pl.Expr:
    """The value as it is compared: without blanks; a device's letters small, and a MAC address without separators."""
    text = pl.col("value").str.strip_chars().str.to_lowercase()
    if column == "ip":
        return text
    return pl.when(text.str.contains(_MAC)).then(text.str.replace_all(r"[:\-.]", "")).otherwise(text)


def _is_usable(column: str, value: str) -> bool:
    """Whether a value can tell who shares it.

    >>> _is_usable("ip", "198.51.100.7"), _is_usable("ip", "192.168.0.7"), _is_usable("ip", "::ffff:10.0.0.1")
    (True, False, False)
    >>> _is_usable("device", "a1b2c3d4e5f6"), _is_usable("device", "000000000000"), _is_usable("device", "null")
    (True, False, False)
    """
    if value in _NOTHING:
        return False
    if column == "device":
        return re.fullmatch(r"[0:\-. ]+|[f:\-. ]+", value) is None
    try:
        address: IPv4Address | IPv6Address = ip_address(value)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    number = int(address)
    return not any(first <= number <= last for first, last in _RANGES[address.version])
