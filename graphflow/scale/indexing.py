"""A store → plain columns, one day after the other, with what they tell of the whole ledger."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from graphflow.detect.places import users
from graphflow.ledger import TIME, Ledger, Portion
from graphflow.read.assemble import POSITION
from graphflow.scale import packing
from graphflow.scale.columns import COLUMNS, VALUE, Columns, put
from graphflow.store import manifest as manifests
from graphflow.store.gist import Gist
from graphflow.store.manifest import Manifest
from graphflow.store.opened import days_at, keeper_of, names_in, part_of
from graphflow.value import Valuation, valuate
from graphflow.value.rates_file import RatesFile

HEAD, ACCOUNTS, USERS, WORTH, IDS = "head.json", "accounts.arrow", "users.npz", "worth.npz", "ids.arrow"
INDEXED = "indexed"
"""Folder with the manifest that the store had."""
_EXACT = ("time", "paid", "paid_currency", "received", "received_currency", "payer", "payee")


@dataclass
class _Drafts:
    """What is gathered on the way through the days. `own_ids`: whether some transfer has an id of its source."""

    files: Mapping[str, BinaryIO]
    own_ids: bool
    gist: Gist = field(default_factory=Gist)
    codes: dict[str, int] = field(default_factory=dict)
    users: list[pl.DataFrame] = field(default_factory=list)
    exchanges: list[pl.DataFrame] = field(default_factory=list)
    ids: list[npt.NDArray[np.uint64]] = field(default_factory=list)

    def take(self, day: pl.DataFrame) -> None:
        self.gist.add(day)
        for name in ("payer", "payee", "time", "paid"):
            column = day[name].to_physical().to_numpy()
            put(self.files[name], column.astype(COLUMNS[name], copy=False))
        names = day["paid_currency"].cast(pl.String)
        for name in names.unique(maintain_order=True):
            self.codes.setdefault(name, len(self.codes))
        codes = names.replace_strict(self.codes, return_dtype=pl.Int16) if day.height else pl.Series([], dtype=pl.Int16)
        put(self.files["currency"], codes.to_numpy())
        self.users.append(users(day))
        if len(self.users) > 64:
            self.users = [pl.concat(self.users).unique()]
        if self.own_ids:
            self.ids.append(_ids_of(day).hash().to_numpy())
        crossed = day.filter(pl.col("paid_currency") != pl.col("received_currency"))
        self.exchanges.append(crossed.select(_EXACT))


def index(store: Path, folder: Path, rates: RatesFile | None = None) -> None:
    """Write a store's columns into a folder, and what they tell of the whole."""
    folder.mkdir(parents=True, exist_ok=True)
    found = _held(store, folder)
    keeper = keeper_of(store, found)
    own_ids = any("tx" in names_in(store, part) for part in found.parts)
    with ExitStack() as stack:
        files = {name: stack.enter_context((folder / f"{name}.bin").open("wb")) for name in COLUMNS}
        drafts = _Drafts(files, own_ids)
        for part in found.parts:
            drafts.take(part_of(store, part, found.decimals))
    twins, places = _twins(store, found, drafts)
    head, ids = keeper.without_rows(drafts.gist, twins)
    pl.DataFrame({"place": places, "tx": ids}).write_ipc(folder / IDS)
    head.accounts.write_ipc(folder / ACCOUNTS, compression="uncompressed")
    columns = Columns(folder, head.whole_height)
    _recode(columns, drafts.codes, head.currencies)
    table = pl.concat(drafts.users).unique().sort("place", "payer")
    place, payer = (table[name].to_numpy().astype(np.int64) for name in ("place", "payer"))
    np.savez(folder / USERS, place=place, payer=payer)
    worth = _valued(store, found, head, drafts.exchanges, rates)
    if len(head.currencies) > 1:
        _write_values(columns, worth)
    packing.save(folder / WORTH, replace(worth, values=np.empty(0, np.int64), file=None))
    _tell(folder, head, list(drafts.gist.columns))


def _held(store: Path, folder: Path) -> Manifest:
    """What the store holds, and goes on holding for this work: an ingest may come in meanwhile."""
    manifests.load(store)
    (folder / INDEXED).mkdir(exist_ok=True)
    shutil.copyfile(store / manifests.NAME, folder / INDEXED / manifests.NAME)
    return manifests.load(folder / INDEXED)


def _twins(store: Path, found: Manifest, drafts: _Drafts) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """The transfers that may have the id of another one, or get it when ids are made unique, and their places."""
    if not drafts.own_ids:
        return pl.DataFrame(), np.empty(0, np.int64)
    ids = np.concatenate(drafts.ids)
    drafts.ids.clear()
    ordered = np.sort(ids)
    places = np.flatnonzero(np.isin(ids, np.unique(ordered[1:][ordered[1:] == ordered[:-1]])))
    while places.size:
        days = pl.concat(list(days_at(store, found, places)), how="diagonal")
        twins = days.with_columns(tx=_ids_of(days))
        more = np.union1d(places, np.flatnonzero(np.isin(ids, _taken(twins, ordered))))
        if more.size == places.size:
            return twins, places
        places = more
    return pl.DataFrame(), places


def _ids_of(transfers: pl.DataFrame) -> pl.Series:
    """The id of each: that of its source, or its file and row."""
    own = "tx" in transfers.columns
    return transfers.select(tx=pl.col("tx").fill_null(POSITION) if own else POSITION)["tx"]


def _taken(twins: pl.DataFrame, ordered: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hashes of those ids that would make these transfers unique, but that some transfer has already.

    ordered  hashes of the ids of all transfers
    """
    taken = [np.empty(0, np.uint64)]
    while twins.height:
        twins = twins.with_columns(tx=pl.format("{}#{}", "tx", POSITION))
        hashes = twins["tx"].hash().to_numpy()
        hit = ordered[np.minimum(np.searchsorted(ordered, hashes), ordered.size - 1)] == hashes
        twins = twins.filter(pl.Series(hit))
        taken.append(hashes[hit])
    return np.concatenate(taken)


def _tell(folder: Path, head: Ledger, columns: Sequence[str]) -> None:
    """Write what workers need to know of the whole; last, so that it says that all is there."""
    first, last = head.period if head.whole_height else (datetime.min, datetime.min)
    told = {
        "size": head.whole_height,
        "decimals": dict(head.decimals),
        "precision": head.precision // timedelta(microseconds=1),
        "first": first.isoformat(),
        "last": last.isoformat(),
        "columns": list(columns),
        "warnings": list(head.warnings),
    }
    (folder / HEAD).write_text(json.dumps(told), encoding="utf-8")


def head_of(folder: Path) -> Ledger:
    """The ledger without its transfers, as far as detectors ask: accounts, currencies, times."""
    told = json.loads((folder / HEAD).read_text("utf-8"))
    frame = pl.DataFrame(schema={"time": TIME, "paid": pl.Int64(), "paid_currency": pl.Categorical()})
    return Ledger(
        frame=frame,
        accounts=pl.read_ipc(folder / ACCOUNTS),
        payer_codes=np.empty(0, np.int32),
        payee_codes=np.empty(0, np.int32),
        decimals=told["decimals"],
        warnings=tuple(told["warnings"]),
        precision=timedelta(microseconds=told["precision"]),
        portion=Portion(
            places=np.empty(0, np.int64),
            height=told["size"],
            first=datetime.fromisoformat(told["first"]),
            last=datetime.fromisoformat(told["last"]),
        ),
    )


def _recode(columns: Columns, codes: Mapping[str, int], currencies: Sequence[str]) -> None:
    """Currencies by their places in the ledger's; they were numbered as they came."""
    place = np.array([currencies.index(code) for code in codes] or [0], np.int16)
    if (place == np.arange(place.size)).all():
        return
    with (columns.folder / "currency.bin").open("r+b") as file:
        for first, last in columns.chunks():
            new = place[columns.read("currency", first, last)]
            file.seek(2 * first)
            put(file, new)
            file.flush()


def _valued(
    store: Path, found: Manifest, head: Ledger, exchanges: Sequence[pl.DataFrame], rates: RatesFile | None
) -> Valuation:
    """The value basis, by the ledger's exchanges alone where these say all; else all transfers are looked at."""
    worth = valuate(_bare(head, pl.concat(exchanges) if exchanges else None), rates)
    if all(rate.basis in ("file", "exchanges") for rate in worth.rates):
        return worth
    days = [part_of(store, part, found.decimals).select(_EXACT) for part in found.parts]
    return valuate(_bare(head, pl.concat(days)), rates)


def _bare(head: Ledger, transfers: pl.DataFrame | None) -> Ledger:
    """A ledger of some transfers with nothing but what values are reckoned from."""
    if transfers is None or not transfers.height:
        return head
    payer, payee = (np.array(transfers[side].to_numpy(), np.int32) for side in ("payer", "payee"))
    return replace(head, frame=transfers.drop("payer", "payee"), payer_codes=payer, payee_codes=payee)


def _write_values(columns: Columns, worth: Valuation) -> None:
    with (columns.folder / f"{VALUE}.bin").open("wb") as file:
        for first, last in columns.chunks():
            time, currency, paid = (columns.read(name, first, last) for name in ("time", "currency", "paid"))
            put(file, worth.worth(time, currency, paid))
