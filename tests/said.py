"""What a detector says, as plain values that tests compare; and ledgers for comparing it with an oracle."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import oracles
import pytest
from ledgers import MINUTE, Row, graph_of, random_rows
from oracles import Transfer, in_ledger_order

import graphflow as gf
from graphflow.finding import Finding

A_DAY = 24 * 60


def found(rows: Iterable[Sequence[object]], detector: Any) -> list[Finding]:
    """Findings before their rarity is added."""
    return list(detector.find(graph_of(rows)))


def cut(rows: Iterable[Sequence[object]], detector: Any) -> tuple[str, ...]:
    """What a detector says it left out."""
    return gf.detect(graph_of(rows), [detector]).truncated


def said(finding: Finding) -> dict[str, Any]:
    """A finding as plain values, without its parts and reason."""
    return {
        "accounts": finding.accounts,
        "rows": finding.rows.tolist(),
        "amount": finding.amount,
        "measures": dict(finding.measures),
        "level": finding.level,
    }


def kinds(finding: Finding) -> dict[str, tuple[float, bool]]:
    """Points of each kind of evidence, and whether it is decisive."""
    return {part.kind: (part.points, part.decisive) for part in finding.parts}


class Told(NamedTuple):
    """What an oracle says a detector must: accounts in any order where they have none, and rounded measures."""

    accounts: tuple[object, ...]
    rows: list[int]
    amount: int
    measures: dict[str, float]


def agree(findings: Sequence[Finding], wanted: Sequence[Told]) -> None:
    """The findings are those of the oracle, in its order; measures to within their rounding."""
    assert [f.rows.tolist() for f in findings] == [w.rows for w in wanted]
    for finding, told in zip(findings, wanted, strict=True):
        assert finding.accounts == told.accounts
        assert finding.amount == told.amount
        numbers = {name: value if value != "" else -1 for name, value in finding.measures.items()}
        assert numbers == pytest.approx(told.measures, abs=0.051)
        assert {n: v for n, v in numbers.items() if isinstance(v, int)} == {
            n: told.measures[n] for n, v in numbers.items() if isinstance(v, int)
        }
        near = {name: value for name, value in numbers.items() if not name.endswith("minutes")}
        assert near == pytest.approx({name: told.measures[name] for name in near}, abs=0.0051)


class Case(NamedTuple):
    """A random ledger with a window and a hub to try on it."""

    rows: list[Row]
    transfers: list[Transfer]
    window: int
    hub: int

    @property
    def span(self) -> timedelta:
        return self.window * MINUTE

    @property
    def skipped(self) -> set[object]:
        """Accounts that are hubs."""
        names = {name for t in self.transfers for name in t[:2]}
        return {name for name in names if oracles.widest(self.transfers, name, A_DAY) > self.hub}


def cases(number: int, *, most: int = 60) -> Iterator[Case]:
    """Random ledgers over half an hour or some days; the hub leaves out no account, nearly all, or just Z."""
    for seed in range(number):
        rng = random.Random(seed)
        stretch, hub = rng.choice((1, 1, 300)), rng.choice((3, 6, 6, 100, 100))
        rows = random_rows(rng, most)
        if hub == 6:
            rows = [row for old in rows for row in (old, *_with_hub(rng, old))]
        rows = [row._replace(minutes=row.minutes * stretch) for row in rows]
        yield Case(rows, in_ledger_order(rows), rng.choice((0, 3, 8, 12, 30)) * stretch, hub)


def _with_hub(rng: random.Random, row: Row) -> list[Row]:
    """Sometimes Z pays or is paid at that time too, by one of these accounts or by a stranger."""
    others = {0: row.payer, 1: row.payee, 2: f"stranger {rng.randrange(8)}", 3: f"stranger {rng.randrange(8)}"}
    other = others.get(rng.randrange(8))
    ends = rng.choice((("Z", other), (other, "Z")))
    return [row._replace(payer=ends[0], payee=ends[1])] if other else []


def appearance(transfers: Sequence[Transfer]) -> dict[object, int]:
    """The place of each account in the order in which the ledger names them."""
    return {name: k for k, name in enumerate(dict.fromkeys(name for t in transfers for name in t[:2]))}


def lasted(transfers: Sequence[Transfer], rows: Sequence[int]) -> float:
    """Hours from the first to the last transfer."""
    return (transfers[rows[-1]].time - transfers[rows[0]].time) / 60


def one_off(transfers: Sequence[Transfer], k: int) -> bool:
    """Whether these two deal with each other, in this direction, only within 4 days."""
    same = [t.time for t in transfers if t[:2] == transfers[k][:2]]
    return max(same) - min(same) <= 4 * A_DAY
