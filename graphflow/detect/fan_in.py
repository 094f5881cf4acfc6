"""Fan-in: many payers, one payee, inside a window."""

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
class FanIn:
    """Many payers, one payee, inside a window: the account that collects.

    What it sees
        A window ends with each receipt and holds the receipts of the account not more than `window` before it
        (ties by ledger order; self-transfers left out). It is hot with at least `min_payers` distinct payers. An
        episode is the union of hot windows of which each shares a receipt with the one before: maximal, and reported
        once. A first-tier account in telecom fraud looks like this, and passes the money on at once.
    Measures
        payers (in the episode), peak_payers (in one window), one_off_share (payers whose payments to this account,
        in the whole ledger, all lie within one window), amount_spread (standard deviation over mean), moved_share
        (value that left within `dwell`, first in first out), stays_minutes (how long money stays with the account).
    When it is fooled
        Shops, charities, landlords and tax offices collect too: they keep the money, or are paid by the same people
        again. So a fan-in alone stays at review. `high` needs a brief episode of one-off payers, most of whose money
        is gone (`moved_share`), and gone within `fast`: relatives who pool money for a purchase take longer.
    Parameters
        min_payers, window      5 payers in 96 hours (AMLSim plants 5 to 10; AMLworld takes up to 4 days)
        min_one_off             0.50: an episode with fewer one-off payers is ordinary, not reported, and counted
        one_off_share           0.70: payers of collecting accounts hardly ever repeat
        moved_share, dwell      0.80 of the value within 24 hours: above 85 % has left mule accounts by then
        fast                    60 minutes: half of the value has left known mule accounts by then
        brief                   7 days: a longer episode is an account's ordinary life
        max_payers              1,000 in one window: a hub, not reported, and said so
        rarest                  500 findings at a million transfers, 1,000 in any case; what is left out is counted
    Source
        RUSI and Lloyds, "Following the Fraud" (2025), for how fast money leaves; IBM AMLSim for the sizes.

    Example
    -------
    >>> FanIn(min_payers=3)
    FanIn(min_payers=3, window=datetime.timedelta(days=4), ...)
    """

    name: ClassVar[str] = "fan-in"

    min_payers: int = threshold(5, "payers", "IBM AMLSim plants 5 to 10; RIFT 2026 solutions use 5 to 10")
    window: timedelta = threshold(timedelta(hours=96), "duration", "AMLworld: its fans take up to 4 days")
    min_one_off: float = threshold(0.50, "share", "judgement")
    one_off_share: float = threshold(
        0.70, "share", "judgement: payers of collecting accounts hardly repeat (bank training)"
    )
    moved_share: float = threshold(
        0.80, "share", "RUSI and Lloyds 2025: over 85 % has left within 24 hours; the number is judgement"
    )
    dwell: timedelta = threshold(
        timedelta(hours=24), "duration", "RUSI and Lloyds 2025: over 85 % has left within 24 hours"
    )
    fast: timedelta = threshold(
        timedelta(minutes=60), "duration", "RUSI and Lloyds 2025: half has left within the hour"
    )
    brief: timedelta = threshold(timedelta(days=7), "duration", "judgement")
    max_payers: int = threshold(1000, "payers", "judgement")
    rarest: int = threshold(500, "findings at a million transfers", "judgement")

    def cut(self) -> ByAccount:
        """One account after the other."""
        return ByAccount()

    def find(self, graph: FlowGraph) -> Generator[Finding, None, tuple[str, ...]]:
        """Findings by account in order of first appearance in the ledger, then by time."""
        flow = graph.flow
        episodes = find_episodes(
            flow,
            flow.received,
            flow.lots(self.dwell).passed,
            window=self.window,
            dwell=self.dwell,
            minimum=self.min_payers,
            most=self.max_payers,
            least_one_off=self.min_one_off,
            rarest=self.rarest,
        )
        for episode in episodes.found:
            yield self._finding(flow, episode)
        return episodes.left_out("payers", self.max_payers, self.min_one_off)

    def _finding(self, flow: Flow, episode: Episode) -> Finding:
        return Finding(
            detector=self.name,
            accounts=(episode.account,),
            rows=flow.ledger_rows(episode.events),
            ledger=flow.ledger,
            amount=episode.amount,
            currency=episode.currency,
            measures={
                "payers": episode.distinct,
                "peak_payers": episode.peak,
                "one_off_share": round(episode.one_off_share, 4),
                "amount_spread": round(episode.spread, 4),
                "moved_share": round(episode.moved, 4),
                "stays_minutes": round(episode.stays.total_seconds() / 60, 1) if episode.stays is not None else "",
            },
            parts=tuple(self._parts(flow, episode)),
            reason=(
                f"{named(episode.account)} received from {count(episode.distinct, 'payer')} in {span(episode.lasted)} "
                f"({percent(episode.one_off_share)} one-off); {percent(episode.moved)} of it left "
                f"within {span(self.dwell)}"
            ),
        )

    def _parts(self, flow: Flow, episode: Episode) -> list[Part]:
        once = episode.one_off_share >= self.one_off_share
        brief = once and not episode.rough and episode.lasted <= self.brief
        parts = [
            Part(
                "structure",
                round(min(3.0, 1 + log2(episode.peak / self.min_payers)), 3) if brief else 0.5,
                f"{count(episode.peak, 'payer')} within {span(self.window)}",
            )
        ]
        if once:
            parts.append(
                Part("novelty", 1.0, f"{percent(episode.one_off_share)} of the payers never pay this account again")
            )
        if episode.moved >= self.moved_share:
            sentence = f"{percent(episode.moved)} of the money left within {span(self.dwell)}"
            parts.append(Part("conservation", 2.0, sentence, decisive=brief))
        quick = episode.stays is not None and episode.stays <= self.fast and flow.ledger.precision < self.fast
        if quick and episode.moved >= self.moved_share and episode.stays is not None:
            parts.append(Part("speed", 2.0, f"money stays {span(episode.stays)} on average", decisive=brief))
        return parts
