"""Fan-out: one payer, many payees, inside a window."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from math import log2
from typing import ClassVar

from graphflow.detect.cuts import ByAccount
from graphflow.detect.fan import Episode
from graphflow.detect.fan import episodes as find_episodes
from graphflow.detect.threshold import threshold
from graphflow.finding import Finding, Part
from graphflow.flow import Flow
from graphflow.graph import FlowGraph
from graphflow.words import count, named, percent, span


@dataclass(frozen=True, kw_only=True)
class FanOut:
    """One payer, many payees, inside a window: the account that distributes.

    What it sees
        The mirror of fan-in. A window ends with each payment and holds the payments of the account not more than
        `window` before it (ties by ledger order; self-transfers left out). It is hot with at least `min_payees`
        distinct payees. An episode is the union of hot windows of which each shares a payment with the one before.
        A second-tier account that splits a large receipt in minutes looks like this.
    Measures
        payees (in the episode), peak_payees (in one window), one_off_share (payees whose receipts from this account,
        in the whole ledger, all lie within one window), amount_spread (standard deviation over mean), funded_share
        (value that had come in within `dwell` before, first in first out), stays_minutes (how long money stays with
        the account).
    When it is fooled
        Payrolls, refunds and marketplaces pay many too: the same people each month, or out of money that was
        there. So a fan-out alone stays at review. `high` needs a brief episode of one-off payees (not more than
        `many`), most of the money just received (`funded_share`), and passed on within `fast`.
    Parameters
        min_payees, window      5 payees in 96 hours (AMLSim plants 5 to 10; AMLworld takes up to 4 days)
        min_one_off             0.50: an episode with fewer one-off payees is ordinary, not reported, and counted
        one_off_share           0.70
        funded_share, dwell     0.80 of the value received within the 24 hours before
        fast                    60 minutes between receipt and payment on average
        brief                   7 days: a longer episode is an account's ordinary life
        many                    100 payees at once is how payrolls and platforms pay
        max_payees              1,000 in one window: a hub, not reported, and said so
        rarest                  500 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        RUSI and Lloyds, "Following the Fraud" (2025), for how fast money leaves; IBM AMLSim for the sizes.

    Example
    -------
    >>> FanOut(min_payees=3)
    FanOut(min_payees=3, window=datetime.timedelta(days=4), ...)
    """

    name: ClassVar[str] = "fan-out"

    min_payees: int = threshold(5, "payees", "IBM AMLSim plants 5 to 10; RIFT 2026 solutions use 5 to 10")
    window: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: its fans take up to 4 days")
    min_one_off: float = threshold(0.50, "share", "judgement")
    one_off_share: float = threshold(0.70, "share", "judgement")
    funded_share: float = threshold(
        0.80, "share", "RUSI and Lloyds 2025: over 85 % has left within 24 hours; the number is judgement"
    )
    dwell: timedelta = threshold(
        timedelta(hours=24), "duration", "RUSI and Lloyds 2025: over 85 % has left within 24 hours"
    )
    fast: timedelta = threshold(
        timedelta(minutes=60), "duration", "RUSI and Lloyds 2025: half has left within the hour"
    )
    brief: timedelta = threshold(timedelta(days=7), "duration", "judgement")
    many: int = threshold(100, "payees", "judgement")
    max_payees: int = threshold(1000, "payees", "judgement")
    rarest: int = threshold(500, "findings at a million transfers", "judgement")

    def cut(self) -> ByAccount:
        """One account after the other."""
        return ByAccount()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by account in order of first appearance in the ledger, then by time."""
        flow = graph.flow
        episodes = find_episodes(
            flow,
            flow.sent,
            flow.lots(self.dwell).funded,
            window=self.window,
            dwell=self.dwell,
            minimum=self.min_payees,
            most=self.max_payees,
            least_one_off=self.min_one_off,
            rarest=self.rarest,
        )
        for episode in episodes.found:
            yield self._finding(flow, episode)
        return episodes.left_out("payees", self.max_payees, self.min_one_off)

    def _finding(self, flow: Flow, episode: Episode) -> Finding:
        return Finding(
            detector=self.name,
            accounts=(episode.account,),
            rows=flow.ledger_rows(episode.events),
            ledger=flow.ledger,
            amount=episode.amount,
            currency=episode.currency,
            measures={
                "payees": episode.distinct,
                "peak_payees": episode.peak,
                "one_off_share": round(episode.one_off_share, 4),
                "amount_spread": round(episode.spread, 4),
                "funded_share": round(episode.moved, 4),
                "stays_minutes": round(episode.stays.total_seconds() / 60, 1) if episode.stays is not None else "",
            },
            parts=tuple(self._parts(flow, episode)),
            reason=(
                f"{named(episode.account)} paid {count(episode.distinct, 'payee')} in {span(episode.lasted)} "
                f"({percent(episode.one_off_share)} one-off); {percent(episode.moved)} had come in "
                f"within the {span(self.dwell)} before"
            ),
        )

    def _parts(self, flow: Flow, episode: Episode) -> list[Part]:
        once = episode.one_off_share >= self.one_off_share
        brief = once and not episode.rough and episode.lasted <= self.brief and episode.peak <= self.many
        parts = [
            Part(
                "structure",
                round(min(3.0, 1 + log2(episode.peak / self.min_payees)), 3) if brief else 0.5,
                f"{count(episode.peak, 'payee')} within {span(self.window)}",
            )
        ]
        if once:
            parts.append(
                Part(
                    "novelty",
                    1.0,
                    f"{percent(episode.one_off_share)} of the payees are never paid by this account again",
                )
            )
        if episode.moved >= self.funded_share:
            sentence = f"{percent(episode.moved)} of the money had come in within {span(self.dwell)} before"
            parts.append(Part("conservation", 2.0, sentence, decisive=brief))
        quick = episode.stays is not None and episode.stays <= self.fast and flow.ledger.precision < self.fast
        if quick and episode.moved >= self.funded_share and episode.stays is not None:
            parts.append(Part("speed", 2.0, f"money stays {span(episode.stays)} on average", decisive=brief))
        return parts
