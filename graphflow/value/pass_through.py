"""What a currency is worth that nobody exchanges: the ratio at which accounts pass it on in other currencies.

An account that receives 1,000 riyal and pays 262 dollars a day later may have passed the money on, or may just have
done two things. The first kind agrees with itself over many accounts: its ratios lie within a few percent of the
rate, while those of the second kind are anywhere. So the densest narrow window of ratios is the rate, if it is much
denser than chance would make it.

How dense a window is, is counted in accounts, and not in more than its different receipts or different payments in
amount: one busy account, or one fixed price, is one piece of evidence however often it comes.

It is fooled where many people spend the same share of what they get, as of a wage on rent: that share is taken for the
rate. So such a rate stays rough, whatever agrees with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log

import numpy as np
import numpy.typing as npt

from graphflow.kernels import value as kernels
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_WITHIN = timedelta(hours=72)
_NEXT = 3
"""Payments after a receipt that may be the one that passes it on."""
_WIDTHS = (0.02, 0.05, 0.10)
"""Half widths of the windows tried: one pass-through keeps all, another a fee of some percent."""
_QUIET = 4
"""Windows are also tried over the accounts with no more pairs than this: the pairs of busy ones are mostly chance."""
_AROUND = 1.0
"""How far, in the logarithm of the ratio, the neighbourhood of a window reaches that says what chance makes."""
_LEAST = 6
_TIMES = 3.0
_NEXT_BEST = 1.5
_CHANCE = 1e-3
"""A window is the rate with 6 accounts or more, 3 times what its neighbourhood has, 1.5 times the next separate
window, and under 1 in 1,000 to be chance, over all windows looked at."""
_BUSY = 1_000
"""Transfers from which on an account is a hub, whose payments follow its receipts by chance: left out."""
_MOST = 5_000
"""Accounts looked at; where a currency has more, these are an even sample and tell the same."""


@dataclass(frozen=True, kw_only=True)
class Passed:
    """Receipts and the payments that may have passed them on in another currency, one entry a pair.

    account         who received and paid
    into, out_of    currencies received and paid, as positions in `ledger.currencies`
    received, paid  amounts in major units
    sampled         where not all accounts were looked at: how many, and of how many
    """

    account: Longs
    into: Longs
    out_of: Longs
    received: Floats
    paid: Floats
    sampled: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """A window of ratios that stands out: its median, how many accounts say so, and how likely that is by chance."""

    rate: float
    accounts: int
    chance: float


def passed(ledger: Ledger, unknown: Collection[int]) -> Passed:
    """Receipts in one currency and payments in another, one of the two in `unknown`.

    Each receipt is set beside the account's next 3 payments within 72 hours ("next" in ledger order); a payment that
    goes back to whom it came from passes nothing on.
    """
    rows, sampled = _rows(ledger, unknown)
    frame = ledger.frame.select("time", "received", "paid")[rows]
    payer, payee = (codes[rows].astype(np.int64) for codes in (ledger.payer_codes, ledger.payee_codes))
    time = frame["time"].to_physical().to_numpy()
    sent = np.argsort(payer, kind="stable")
    size = rows.size + 1
    keys = payer[sent] * size + sent
    follows = np.searchsorted(keys, payee * size + np.arange(rows.size), "right")
    place = (follows[:, None] + np.arange(_NEXT)).ravel()
    first = np.repeat(np.arange(rows.size), _NEXT)
    first, place = first[place < rows.size], place[place < rows.size]
    then = sent[place]
    into, out_of = ledger.received_codes[rows].astype(np.int64), ledger.currency_codes[rows].astype(np.int64)
    strange = np.zeros(len(ledger.currencies), np.bool_)
    strange[list(unknown)] = True
    received, paid = frame["received"].to_numpy(), frame["paid"].to_numpy()
    kept = (payer[then] == payee[first]) & (payee[then] != payer[first]) & (into[first] != out_of[then])
    kept &= (time[then] - time[first] <= _WITHIN // timedelta(microseconds=1)) & (received[first] > 0)
    kept &= (paid[then] > 0) & (strange[into[first]] | strange[out_of[then]])
    first, then = first[kept], then[kept]
    unit = np.array([10.0 ** ledger.decimals[c] for c in ledger.currencies])
    return Passed(
        account=payee[first],
        into=into[first],
        out_of=out_of[then],
        received=received[first] / unit[into[first]],
        paid=paid[then] / unit[out_of[then]],
        sampled=sampled,
    )


def _rows(ledger: Ledger, unknown: Collection[int]) -> tuple[Longs, tuple[int, int] | None]:
    """Rows of the accounts that receive or pay a currency in `unknown`, without self-transfers and hubs.

    Of many accounts a sample, and then how many they are, of how many.
    """
    strange = np.zeros(len(ledger.currencies), np.bool_)
    strange[list(unknown)] = True
    payer, payee = ledger.payer_codes, ledger.payee_codes
    marked = np.zeros(ledger.accounts.height, np.bool_)
    marked[payee[strange[ledger.received_codes]]] = True
    marked[payer[strange[ledger.currency_codes]]] = True
    accounts = np.flatnonzero(marked)
    if accounts.size > _MOST:
        marked[accounts] = False
        marked[accounts[np.linspace(0, accounts.size - 1, _MOST).astype(np.int64)]] = True
    rows = np.flatnonzero((marked[payer] | marked[payee]) & (payer != payee))
    busy = np.bincount(payer[rows], minlength=marked.size) + np.bincount(payee[rows], minlength=marked.size) > _BUSY
    marked &= ~busy
    sampled = (_MOST, int(accounts.size)) if accounts.size > _MOST else None
    return rows[marked[payer[rows]] | marked[payee[rows]]], sampled


def rate_of(currency: int, pairs: Passed, worth: Mapping[int, float]) -> Crowd | None:
    """What one unit of a currency is worth, by pairs whose other currency is worth something known; None: unclear.

    >>> pairs = Passed(account=np.arange(8), into=np.ones(8, np.int64), out_of=np.zeros(8, np.int64),
    ...     received=np.arange(100.0, 108), paid=np.arange(100.0, 108) * 7)
    >>> crowd = rate_of(1, pairs, {0: 1.0})
    >>> round(crowd.rate, 3), crowd.accounts
    (7.0, 8)
    """
    known = np.array([worth.get(c, 0.0) for c in range(_number(pairs, currency))])
    as_received = (pairs.into == currency) & (known[pairs.out_of] > 0)
    as_paid = (pairs.out_of == currency) & (known[pairs.into] > 0)
    kept = as_received | as_paid
    got, gave = pairs.received[kept], pairs.paid[kept]
    other = np.where(as_received[kept], pairs.out_of[kept], pairs.into[kept])
    ratio = np.log(known[other]) + np.where(as_received[kept], np.log(gave) - np.log(got), np.log(got) - np.log(gave))
    columns = [np.unique(column, return_inverse=True)[1] for column in (pairs.account[kept], got, gave)]
    quiet = np.bincount(columns[0])[columns[0]] <= _QUIET if ratio.size else np.zeros(0, np.bool_)
    found = []
    for those in (np.ones(ratio.size, np.bool_), quiet):
        order = np.flatnonzero(those)[np.argsort(ratio[those], kind="stable")]
        witnesses = [column[order] for column in columns]
        found += [_crowd(ratio[order], witnesses, log((1 + w) / (1 - w))) for w in _WIDTHS]
    return min((crowd for crowd in found if crowd is not None), key=lambda crowd: crowd.chance, default=None)


def _number(pairs: Passed, currency: int) -> int:
    return 1 + max(currency, int(pairs.into.max(initial=0)), int(pairs.out_of.max(initial=0)))


def _crowd(ratio: Floats, witnesses: list[Longs], width: float) -> Crowd | None:
    """The densest window of a width, if it stands out."""
    if ratio.size < _LEAST:
        return None
    count = ready(kernels, ratio.size).witnesses
    dense = np.min([count(ratio, np.ascontiguousarray(w), width) for w in witnesses], axis=0)
    best = int(np.argmax(dense))
    stop = int(np.searchsorted(ratio, ratio[best] + width, "right"))
    most = int(dense[best])
    middle = (ratio[best] + ratio[stop - 1]) / 2
    apart = dense[np.abs(ratio + width / 2 - middle) > max(2 * width, 2 * log(1.1))]
    usual = _usual(ratio, witnesses, width, middle)
    chance = min(1.0, 2 * len(_WIDTHS) * ratio.size * _at_least(most, usual))
    if most < max(_LEAST, _TIMES * usual, _NEXT_BEST * apart.max(initial=0)) or chance >= _CHANCE:
        return None
    return Crowd(rate=exp(float(np.median(ratio[best:stop]))), accounts=most, chance=chance)


def _usual(ratio: Floats, witnesses: list[Longs], width: float, middle: float) -> float:
    """What a window holds on average beside the one in the middle: near it or further, whichever is more.

    One more than is there is counted, so that what was never seen is not taken for impossible.
    """
    tile = np.floor((ratio - middle) / width + 0.5).astype(np.int64)
    held = np.full(2 * int(_AROUND / width) + 1, 2**62)
    reach = held.size // 2
    near = np.abs(tile) <= reach
    for witness in witnesses:
        seen = np.unique((tile[near] + reach) * (1 + witness.max()) + witness[near]) // (1 + witness.max())
        held = np.minimum(held, np.bincount(seen, minlength=held.size))
    sides = [np.r_[held[reach - n : reach - 1], held[reach + 2 : reach + n + 1]] for n in (max(3, reach // 3), reach)]
    return float(max((side.sum() + 1) / max(side.size, 1) for side in sides))


def _at_least(count: int, mean: float) -> float:
    """The chance of at least so many where `mean` are usual (Poisson).

    >>> round(_at_least(1, 1.0), 4), _at_least(0, 3.0)
    (0.6321, 1.0)
    """
    if count == 0:
        return 1.0
    if count <= mean:  # not unusual: no need of the exact number
        return 1.0 - sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count))
    term = total = exp(count * log(mean) - mean - lgamma(count + 1))
    while term > 1e-17 * total:
        count += 1
        term *= mean / count
        total += term
    return total
