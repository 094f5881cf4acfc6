"""SAML-D: 9.5 million labelled transactions, date and time in two columns, currencies and countries in words.

There is one amount, in the payment currency. `Received_currency` says in what it arrived, and there is no amount and
no rate for that, so what was paid counts as received. A bank is known by its country only. `Laundering_type` names the
pattern of each row, benign ones too: it is kept as a note, `Is_laundering` as the label. Source: Oztas et al.,
"Enhancing Anti-Money Laundering: Development of a Synthetic Transaction Monitoring Dataset", ICEBE 2023.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphflow.read.columns import Layout
from graphflow.read.headers import needed, places, titles
from graphflow.read.source import RawFile

NAME = "saml-d"

CURRENCIES = {
    "UK pounds": "GBP",
    "Euro": "EUR",
    "US dollar": "USD",
    "Swiss franc": "CHF",
    "Turkish lira": "TRY",
    "Dirham": "AED",
    "Moroccan dirham": "MAD",
    "Pakistani rupee": "PKR",
    "Indian rupee": "INR",
    "Naira": "NGN",
    "Yen": "JPY",
    "Mexican Peso": "MXN",
    "Albanian lek": "ALL",
}
"""All that the published file has; another text stays as it is."""

_NAMES = {
    "date": ("date",),
    "clock": ("time",),
    "payer": ("senderaccount",),
    "payee": ("receiveraccount",),
    "paid": ("amount",),
    "paid_currency": ("paymentcurrency",),
    "arrived": ("receivedcurrency",),
    "payer_bank": ("senderbanklocation",),
    "payee_bank": ("receiverbanklocation",),
    "channel": ("paymenttype",),
    "label": ("islaundering",),
    "memo": ("launderingtype",),
}
_NEEDED = {
    "date": "Date",
    "clock": "Time",
    "payer": "Sender_account",
    "payee": "Receiver_account",
    "paid": "Amount",
    "paid_currency": "Payment_currency",
}
_ONE_AMOUNT = '"{}" has no amount of its own: what was paid counts as received, in the currency paid'


def recognises(source: RawFile) -> bool:
    """Whether a header is SAML-D's."""
    return {*_NEEDED, "payer_bank", "payee_bank"} <= places(source.header, _NAMES).keys()


def layout(source: RawFile, mapping: Mapping[str, str]) -> Layout:
    """Fields by SAML-D's headers. Raises `ColumnError` naming the first that is not there."""
    found = places(source.header, _NAMES)
    needed(source, "a SAML-D file", found, _NEEDED)
    arrived = found.pop("arrived", None)
    when = tuple(sorted(found.pop(field) for field in ("date", "clock")))
    return Layout(
        dialect=NAME,
        parts={"time": when, **{field: (k,) for field, k in found.items()}},
        headers={**titles(source, found), "time": " + ".join(source.header[k] for k in when)},
        meanings={"paid_currency": CURRENCIES},
        warnings=() if arrived is None else (_ONE_AMOUNT.format(source.header[arrived]),),
    )
