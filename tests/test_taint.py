"""graphflow's taint rules give what the oracle gives, compiled and interpreted; the golden vectors."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from ledgers import EXAMPLES, seeds
from taint_cases import STORIES, Story, answer_of, movements_of, pots_of
from taint_ledgers import flows_of, graphflow_says, long_movements, nasty_movements, random_movements
from taint_oracle import EXACT, Bounded, Movements, Traced, answer

RULES = (*EXACT, "poison", "bounds")
SHARED = Path(__file__).parents[1].parent / "shared/data/taint_vectors.json"
PAIRS = [(story, rule) for story in STORIES for rule in story.rules.split()]


@pytest.fixture(scope="module")
def taint(mode: str) -> Any:
    """graphflow's own, in both modes of its kernels."""
    return pytest.importorskip("graphflow.trace.taint", reason=f"no taint rules yet ({mode})")


# --- golden vectors -------------------------------------------------------------------------------

GOLDEN = {story.rules: story for story in STORIES if story.name == "golden"}
VICTIMS = {"V1": 1, "V2": 2}
LEFT = "M"


def fen(text: str) -> int:
    return int(Decimal(text) * 100)


def vectors() -> dict[str, Any]:
    if not SHARED.exists():
        pytest.skip("../shared/data/taint_vectors.json is not there; the same numbers stand in taint_cases")
    read: dict[str, Any] = json.loads(SHARED.read_text("utf-8"))
    return read


def paid_out(story: Story) -> dict[str, tuple[int, int]]:
    """The event that pays each of A and B, and its amount."""
    pots = pots_of(story)
    return {pots[e.payee]: (k, e.paid) for k, e in enumerate(movements_of(story).events) if pots[e.payee] in "AB"}


def check_golden(rule: str, found: Traced) -> None:
    """Exact for the victims; the file rounds the clean part by itself, so that is exact within one fen."""
    story, wanted = GOLDEN[rule], vectors()[rule]
    pot = pots_of(story).index(LEFT)
    parts = [(wanted["left"], {v: found.held.get((pot, n), 0) for v, n in VICTIMS.items()}, fen("2000"))]
    for payee, (k, paid) in paid_out(story).items():
        parts.append((wanted["out"][payee], {v: found.carried.get((k, n), 0) for v, n in VICTIMS.items()}, paid))
    for listed, amounts, whole in parts:
        assert {v: amount for v, amount in amounts.items() if amount} == {
            v: fen(listed[v]) for v in VICTIMS if v in listed
        }
        assert abs(whole - sum(amounts.values()) - fen(listed.get("clean", "0"))) <= (rule == "pro_rata")


def check_golden_bounds(found: Bounded) -> None:
    for payee, (k, _) in paid_out(GOLDEN["bounds"]).items():
        assert found.carried[k, 3] == tuple(map(fen, vectors()["bounds"][payee]))


def check_golden_poison(found: Traced) -> None:
    wanted, story = vectors()["poison"], GOLDEN["poison"]
    for payee, (k, _) in paid_out(story).items():
        assert {found.carried[k, n] for n in VICTIMS.values()} == {fen(wanted["out"][payee]["tainted"])}


def check_vector(rule: str, found: Any) -> None:
    if rule in EXACT:
        check_golden(rule, found)
    else:
        {"bounds": check_golden_bounds, "poison": check_golden_poison}[rule](found)


@pytest.mark.parametrize("rule", RULES)
def test_golden_vector_of_the_oracle(rule: str) -> None:
    check_vector(rule, answer(movements_of(GOLDEN[rule]), rule))


@pytest.mark.parametrize("rule", RULES)
def test_golden_vector(taint: Any, rule: str) -> None:
    check_vector(rule, graphflow_says(movements_of(GOLDEN[rule]), rule))


# --- agreement ------------------------------------------------------------------------------------


def check_agrees(movements: Movements) -> int:
    """Every rule, whole answers; how many amounts were compared."""
    compared = 0
    for rule in RULES:
        wanted = answer(movements, rule)
        assert graphflow_says(movements, rule) == wanted, f"{rule} of {movements}"
        compared += sum(map(len, wanted))
    return compared


@pytest.mark.parametrize(("story", "rule"), PAIRS, ids=[f"{story.name}: {rule}" for story, rule in PAIRS])
def test_by_hand(taint: Any, story: Story, rule: str) -> None:
    assert graphflow_says(movements_of(story), rule) == answer_of(story)


def test_agrees_on_seeded_ledgers(taint: Any) -> None:
    assert sum(check_agrees(random_movements(random.Random(seed))) for seed in range(seeds(6000))) > seeds(60_000)


def test_agrees_on_long_ledgers(taint: Any) -> None:
    assert sum(check_agrees(long_movements(random.Random(seed))) for seed in range(seeds(60))) > seeds(60_000)


@EXAMPLES
@given(nasty_movements())
def test_agrees_on_any_ledger(taint: Any, movements: Movements) -> None:
    check_agrees(movements)


# --- time, and what is given ----------------------------------------------------------------------


def test_no_way_runs_back_in_time(taint: Any) -> None:
    """What an event carries was reported there, or came to its payer by an earlier event that carried it."""
    carrying = 0
    for seed in range(seeds(1500)):
        movements = random_movements(random.Random(seed))
        for rule in RULES:
            carried = graphflow_says(movements, rule).carried
            everyone = movements.victims + 1
            for k, owner in carried:
                event = movements.events[k]
                came = any(movements.events[j].payee == event.payer for j, o in carried if o == owner and j < k)
                assert came or event.owner == owner or (owner == everyone and event.owner), f"{rule} of {movements}"
                carrying += came
    assert carrying > seeds(1500)


def test_what_comes_later_changes_nothing_before(taint: Any) -> None:
    for seed in range(seeds(900)):
        movements = random_movements(random.Random(seed))
        half = len(movements.events) // 2
        begun = movements._replace(events=movements.events[:half])
        for rule in (*EXACT, "poison"):
            whole = graphflow_says(movements, rule).carried
            assert {k: v for k, v in whole.items() if k[0] < half} == graphflow_says(begun, rule).carried


def test_kinds_of_numbers_and_what_is_given(taint: Any) -> None:
    """Arrays are of the kinds that are promised, and those given stay as they were."""
    flows, before = (flows_of(movements_of(GOLDEN["fifo"])) for _ in range(2))
    found, limits = taint.carried(flows, "fifo"), taint.bounds(flows)
    for answer_, kinds in (
        (found, {"event": 8, "owner": 4, "amount": 8, "pots": 4, "pot_owner": 4, "held": 8, "absorbed": 8}),
        (limits, {"event": 8, "owner": 4, "certain": 8, "at_most": 8, "pots": 4, "pot_owner": 4}),
        (limits, {"held_certain": 8, "held_at_most": 8}),
    ):
        assert {name: (getattr(answer_, name).dtype.kind, getattr(answer_, name).itemsize) for name in kinds} == {
            name: ("i", size) for name, size in kinds.items()
        }
    for rule in (*EXACT, "poison"):
        taint.carried(flows, rule)
    for name in ("payer", "payee", "paid", "received", "owner", "opening", "stopped"):
        assert getattr(flows, name).tolist() == getattr(before, name).tolist()
