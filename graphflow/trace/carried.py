"""What each payment carried, under every rule side by side, and how far from the victims it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from graphflow.kernels import reach
from graphflow.kernels.engine import ready
from graphflow.trace.flows import Traced
from graphflow.trace.taint import EXACT, MOST_ROWS, Bounds, Carried, Flows, Rule, bounds, carried

LIMITS = ("certain", "at_most")


@dataclass(frozen=True, kw_only=True, eq=False)
class Taints:
    """The victims' money under every exact rule, and its bounds.

    rows     one a payment and victim that any exact rule gives it: event (position in `Traced.rows`), owner (number of
             the victim), a column a rule and `certain`, `at_most` (minor units), tier
    held     one a pot and victim, with the same columns of amounts
    all      one a pot: certain and at_most of all victims together
    absorbed per rule, by victim: what ended in payments that other victims reported
    tiers    per pot's account code: fewest transfers from a victim's payment; truncated: what a bound cut off
    """

    rows: pl.DataFrame
    held: pl.DataFrame
    all: pl.DataFrame
    absorbed: dict[Rule, list[int]]
    tiers: dict[int, int]
    truncated: tuple[str, ...]


def follow(traced: Traced, *, most: int = MOST_ROWS, only: Sequence[Rule] = ()) -> Taints:
    """Carry the victims' money through the ledger under every rule, two at a time.

    only  the rules that are wanted, where it is not all of them and the bounds: the other columns are zero
    """
    sequence, flows = traced.sequence, _in_sequence(traced)
    wanted = only or EXACT
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        limits = pool.submit(lambda: Bounds.nothing(flows) if only else bounds(flows, most=most))
        each = pool.map(
            lambda rule: carried(flows, rule, most=most) if rule in wanted else Carried.nothing(flows), EXACT
        )
        found = {rule: replace(one, event=sequence[one.event]) for rule, one in zip(EXACT, each, strict=True)}
        span = limits.result()
        span = replace(span, event=sequence[span.event])
    rows = _rows(found, span)
    tier, tiers = _tiers(traced, rows)
    reached: dict[str, int] = {rule: one.reached for rule, one in found.items()}
    reached["bounds"] = span.reached
    return Taints(
        rows=rows.with_columns(tier=tier),
        held=_held(found, span),
        all=_together(traced, span),
        absorbed={rule: one.absorbed.tolist() for rule, one in found.items()},
        tiers=tiers,
        truncated=tuple(
            f"trace: {rule} stopped at {most:,} rows, after {at:,} of {traced.rows.size:,} payments; "
            "later ones are not followed"
            for rule, at in reached.items()
            if at < traced.rows.size
        ),
    )


def _in_sequence(traced: Traced) -> Flows:
    """The payments in the order in which they are followed."""
    flows, at = traced.flows, traced.sequence
    return replace(
        flows,
        payer=flows.payer[at],
        payee=flows.payee[at],
        paid=flows.paid[at],
        received=flows.received[at],
        owner=flows.owner[at],
    )


def _rows(found: dict[Rule, Carried], span: Bounds) -> pl.DataFrame:
    key = ["event", "owner"]
    parts = {
        rule: pl.DataFrame({"event": one.event, "owner": one.owner, rule: one.amount}) for rule, one in found.items()
    }
    rows = pl.concat([part.select(key) for part in parts.values()]).unique().sort(key)
    for rule, part in parts.items():
        rows = rows.join(part, on=key, how="left", maintain_order="left").with_columns(pl.col(rule).fill_null(0))
    limits = pl.DataFrame({"event": span.event, "owner": span.owner, "certain": span.certain, "at_most": span.at_most})
    return rows.join(limits, on=key, how="left", maintain_order="left").with_columns(pl.col(LIMITS).fill_null(0))


def _held(found: dict[Rule, Carried], span: Bounds) -> pl.DataFrame:
    key = ["pot", "owner"]
    limits = pl.DataFrame(
        {"pot": span.pots, "owner": span.pot_owner, "certain": span.held_certain, "at_most": span.held_at_most}
    )
    victims = max((one.absorbed.size for one in found.values()), default=1) - 1
    held = limits.filter(pl.col("owner") <= victims)
    for rule, one in found.items():
        part = pl.DataFrame({"pot": one.pots, "owner": one.pot_owner, rule: one.held})
        held = held.join(part, on=key, how="full", coalesce=True, maintain_order="left_right")
    amounts = [*EXACT, *LIMITS]
    return held.with_columns(pl.col(amounts).fill_null(0)).select(*key, *amounts).sort(key)


def _together(traced: Traced, span: Bounds) -> pl.DataFrame:
    every = span.pot_owner == traced.flows.victims + 1
    return pl.DataFrame(
        {"pot": span.pots[every], "certain": span.held_certain[every], "at_most": span.held_at_most[every]}
    )


def _tiers(traced: Traced, rows: pl.DataFrame) -> tuple[pl.Series, dict[int, int]]:
    """The tier of each row's payee by its payment, and of each account."""
    place = np.argsort(traced.sequence)
    events = rows["event"].unique(maintain_order=True).to_numpy()
    events = events[np.argsort(place[events], kind="stable")]
    flows, account = traced.flows, traced.account
    payer, payee = account[flows.payer[events]], account[flows.payee[events]]
    tier, of_event = np.zeros(int(account.max(initial=0)) + 1, np.int32), np.zeros(events.size, np.int32)
    ready(reach, events.size).tiers_of_carried(payer, payee, flows.owner[events] > 0, tier, of_event)
    of_rows = rows.select("event").join(
        pl.DataFrame({"event": events, "tier": of_event}), on="event", how="left", maintain_order="left"
    )
    seen = np.flatnonzero(tier)
    return of_rows["tier"], dict(zip(seen.tolist(), tier[seen].tolist(), strict=True))
