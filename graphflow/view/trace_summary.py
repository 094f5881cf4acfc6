"""A trace in one paragraph: what was followed, where it is, what to do; and what the places are called."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graphflow.languages import Reader
from graphflow.trace import Trace
from graphflow.trace.freeze import ENQUIRED
from graphflow.view.text import many, totals_text

PLACES = {
    "bank-internal": "drawn in cash or gone to a bank's own accounts",
    "end": "gone where the records lead no further (cash, an unnamed account)",
    "gateway": "gone to payment gateways",
    "merchant": "gone to merchants",
    "tax-utility": "gone to offices and utilities",
    "payroll": "gone to employers",
    "landlord": "gone to landlords",
}
"""Where a trail ends, by the type of account."""


def place() -> pl.Expr:
    ends, kind = pl.col("ends"), pl.col("type")
    return (
        pl.when(ends == "a victim's own account").then(pl.lit("back in victims' own accounts"))
        .when(kind.is_in(list(PLACES)) & (ends != "")).then(kind.replace_strict(PLACES, default=""))
        .when(ends != "").then(pl.lit("in accounts whose statement is not held"))
        .otherwise(pl.lit("still in accounts on the trail"))
    )  # fmt: skip


def summary(trace: Trace, to: Reader) -> str:
    """The run in one paragraph: what was followed, where it is, what to do, and in which order it was followed."""
    ledger = trace.flow.ledger
    followed = to.say(
        "{lost} was followed: {payments} of {victims}, through {rows} to {accounts}, up to tier {tier}.",
        lost=_sum(trace.payments, "amount", ledger.decimals),
        payments=many(to, trace.payments.height, "{n} payment", "{n} payments"),
        victims=many(to, len(trace.victims), "{n} victim", "{n} victims"),
        rows=many(to, trace.taints.rows["event"].n_unique(), "{n} transaction", "{n} transactions"),
        accounts=many(to, len(trace.taints.tiers), "{n} account", "{n} accounts"),
        tier=max(trace.taints.tiers.values(), default=0),
    )
    acts = [_acted(trace, action, words, to) for action, words in ACTED.items()]
    acts = [act for act in acts if act] or [to.say("nothing is left that could be frozen")]
    where = to.say("Under first in, first out: {places}.", places=", ".join(_whereabouts(trace, to)))
    todo = to.say("To do: {acts}.", acts="; ".join(acts))
    return " ".join((followed, where, todo, _asked(trace, to), to.say(ORDERS[trace.order])))


def _whereabouts(trace: Trace, to: Reader) -> list[str]:
    """Where the money is, in words, the largest part first."""
    held = trace.holdings.with_columns(place=place()).filter(pl.col("fifo") > 0)
    ranked = held.group_by("place").agg(pl.col("fifo").sum()).sort(-pl.col("fifo"), "place")["place"].to_list()
    decimals = trace.flow.ledger.decimals
    parts = [f"{_sum(held.filter(place=place), 'fifo', decimals)} {to.say(place)}" for place in ranked]
    if any(trace.taints.absorbed["fifo"]):
        parts.append(to.say("the rest in what other victims reported"))
    return parts or [to.say("nothing is left")]


def _asked(trace: Trace, to: Reader) -> str:
    accounts = trace.next_requests["account"].n_unique()
    if not accounts:
        return to.say("The statements of all accounts on the trail are held.")
    asked = many(to, accounts, "{n} account", "{n} accounts")
    return to.say("Statements to ask for next: of {accounts}.", accounts=asked)


def _acted(trace: Trace, action: str, words: str, to: Reader) -> str:
    lines = trace.freeze_first.filter(pl.col("action") == action)
    if not lines.height:
        return ""
    amount = _sum(lines, "traced" if action == ENQUIRED else "suggested_freeze", trace.flow.ledger.decimals)
    accounts = many(to, lines["account"].n_unique(), "{n} account", "{n} accounts")
    return to.say(words, amount=amount, accounts=accounts)


ACTED = {
    "freeze": "freeze {amount} in {accounts}",
    "request and stop": "stop {amount} in {accounts} whose balance is not known, and ask for the statements",
    "enquire": "enquire about {amount} in {accounts}",
}


ORDERS = {
    "strict": "Order strict: the trail ends at accounts whose own statement is not held.",
    "tolerant": "Order tolerant: payments that only others' statements show are followed too.",
    "off": "Order off: no clock is looked at, so that money can seem to be passed on before it came; an upper view.",
}


def _sum(table: pl.DataFrame, amount: str, decimals: Mapping[str, int]) -> str:
    sums = dict(table.group_by("currency").agg(pl.col(amount).sum()).iter_rows())
    return " + ".join(totals_text(sums, decimals))
