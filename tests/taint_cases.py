"""Taint by hand: small stories, and all that each rule must say of them, worked out on paper.

An event is "payer>payee paid", "payer>payee paid:received" where another amount arrives, and ends in the victim whose
reported payment it is. An answer is "event owner amount" for payments and "pot owner amount" for what is held; bounds
have two amounts, and "all" for all victims together.
"""

from __future__ import annotations

from typing import NamedTuple

from taint_oracle import Bounded, Event, Movements, Traced

ORDERED = "fifo lifo own_first"
EXACT = f"{ORDERED} pro_rata"


class Story(NamedTuple):
    """What happened, and what the rules named (all of them alike) must say."""

    name: str
    rules: str
    events: str
    carried: str
    held: str
    absorbed: str = ""
    opening: str = ""
    stopped: str = ""


def pots_of(story: Story) -> list[str]:
    """The letters of its pots, in their order."""
    return sorted({letter for letter in story.events if letter.isupper()})


def movements_of(story: Story) -> Movements:
    """The events of a story."""
    pots = pots_of(story)
    opening = {pot: int(amount) for pot, amount in _parts(story.opening)}
    events = [_event(text.split(), pots) for text in story.events.split(",") if text.strip()]
    return Movements(events, [opening.get(pot, 0) for pot in pots], [pot in story.stopped for pot in pots])


def answer_of(story: Story) -> Traced | Bounded:
    """What its rules must say."""
    pots, everyone = pots_of(story), movements_of(story).victims + 1

    def owner(word: str) -> int:
        return everyone if word == "all" else int(word[1:])

    carried = {(int(k), owner(o)): tuple(map(int, amounts)) for k, o, *amounts in _parts(story.carried)}
    held = {(pots.index(pot), owner(o)): tuple(map(int, amounts)) for pot, o, *amounts in _parts(story.held)}
    if story.rules == "bounds":
        return Bounded({k: (a, b) for k, (a, b) in carried.items()}, {k: (a, b) for k, (a, b) in held.items()})
    absorbed = {owner(o): int(amount) for o, amount in _parts(story.absorbed)}
    return Traced({k: a for k, (a,) in carried.items()}, {k: a for k, (a,) in held.items()}, absorbed)


def _event(words: list[str], pots: list[str]) -> Event:
    payer, payee = words[0].split(">")
    paid, _, received = words[1].partition(":")
    owner = int(words[2][1:]) if len(words) > 2 else 0
    return Event(pots.index(payer), pots.index(payee), int(paid), int(received or paid), owner)


def _parts(text: str) -> list[list[str]]:
    return [part.split() for part in text.split(",") if part.strip()]


GOLDEN = "P>M 500000 v1, Q>M 300000 v2, M>A 400000, C>M 200000, M>B 500000"
BIG = 2**53
HALF = 2**52

STORIES = (
    # --- the golden vector of each rule, in fen: M opens with 1,000.00 ---------------------------------------------
    Story(
        "golden",
        "fifo",
        GOLDEN,
        "0 v1 500000, 1 v2 300000, 2 v1 300000, 4 v1 200000, 4 v2 300000",
        "A v1 300000, B v1 200000, B v2 300000",
        opening="M 100000",
    ),
    Story(
        "golden",
        "lifo",
        GOLDEN,
        "0 v1 500000, 1 v2 300000, 2 v1 100000, 2 v2 300000, 4 v1 300000",
        "A v1 100000, A v2 300000, B v1 300000, M v1 100000",
        opening="M 100000",
    ),
    Story(
        "golden",
        "own_first",
        GOLDEN,
        "0 v1 500000, 1 v2 300000, 2 v1 300000, 4 v1 200000, 4 v2 100000",
        "A v1 300000, B v1 200000, B v2 100000, M v2 200000",
        opening="M 100000",
    ),
    Story(
        "golden",
        "pro_rata",
        GOLDEN,
        "0 v1 500000, 1 v2 300000, 2 v1 222222, 2 v2 133333, 4 v1 198413, 4 v2 119048",
        "A v1 222222, A v2 133333, B v1 198413, B v2 119048, M v1 79365, M v2 47619",
        opening="M 100000",
    ),
    Story(
        "golden",
        "poison",
        GOLDEN,
        "0 v1 500000, 1 v2 300000, 2 v1 400000, 2 v2 400000, 4 v1 500000, 4 v2 500000",
        "",
        opening="M 100000",
    ),
    Story(
        "golden",
        "bounds",
        GOLDEN,
        "0 v1 500000 500000, 0 all 500000 500000, 1 v2 300000 300000, 1 all 300000 300000,"
        "2 v1 0 400000, 2 v2 0 300000, 2 all 300000 400000, 4 v1 0 500000, 4 v2 0 300000, 4 all 200000 500000",
        "A v1 0 400000, A v2 0 300000, A all 300000 400000, B v1 0 500000, B v2 0 300000, B all 200000 500000,"
        "M v1 0 200000, M v2 0 200000, M all 0 200000",
        opening="M 100000",
    ),
    # --- the order of lots ------------------------------------------------------------------------------------------
    Story("nothing", f"{EXACT} poison", "", "", ""),
    Story("nothing", "bounds", "", "", ""),
    Story("nothing reported", f"{EXACT} poison", "A>B 5, B>C 5", "", "", opening="A 5"),
    Story("opening first", "fifo", "V>A 50 v1, A>B 40", "0 v1 50, 1 v1 10", "A v1 40, B v1 10", opening="A 30"),
    Story("opening last", "lifo", "V>A 50 v1, A>B 40", "0 v1 50, 1 v1 40", "A v1 10, B v1 40", opening="A 30"),
    Story(
        "put in the order taken",
        "lifo",
        "V>A 10 v1, W>A 20 v2, A>B 30, B>C 15, C>D 5",
        "0 v1 10, 1 v2 20, 2 v1 10, 2 v2 20, 3 v1 10, 3 v2 5, 4 v2 5",
        "B v2 15, C v1 10, D v2 5",
    ),
    Story(
        "put in the order taken",
        "fifo",
        "V>A 10 v1, W>A 20 v2, A>B 30, B>C 15, C>D 5",
        "0 v1 10, 1 v2 20, 2 v1 10, 2 v2 20, 3 v1 10, 3 v2 5, 4 v1 5",
        "B v2 15, C v1 5, C v2 5, D v1 5",
    ),
    Story(
        "part of a lot stays",
        "lifo",
        "V>A 10 v1, A>B 5, C>A 3, A>B 6",
        "0 v1 10, 1 v1 5, 3 v1 3",
        "A v1 2, B v1 8",
        opening="A 10",
    ),
    Story(
        "clean receipts come first too",
        "own_first",
        "V>A 50 v1, C>A 15, A>B 30",
        "0 v1 50, 2 v1 5",
        "A v1 45, B v1 5",
        opening="A 10",
    ),
    Story(
        "tainted lots in order",
        "own_first",
        "V>A 10 v1, W>A 10 v2, A>B 15",
        "0 v1 10, 1 v2 10, 2 v1 10, 2 v2 5",
        "A v2 5, B v1 10, B v2 5",
    ),
    Story(
        "ties: clean first, then the smaller owner",
        "pro_rata",
        "V>A 1 v1, W>A 1 v2, A>B 1, A>C 1",
        "0 v1 1, 1 v2 1, 3 v1 1",
        "A v2 1, C v1 1",
        opening="A 1",
    ),
    Story(
        "amounts beyond floats",
        "pro_rata",
        f"V>A {BIG} v1, W>A {BIG} v2, A>B {BIG - 1}",
        f"0 v1 {BIG}, 1 v2 {BIG}, 2 v1 {HALF}, 2 v2 {HALF - 1}",
        f"A v1 {HALF}, A v2 {HALF + 1}, B v1 {HALF}, B v2 {HALF - 1}",
    ),
    Story(
        "amounts beyond floats: 0.6 of a unit is not the larger remainder",
        EXACT,
        "V>A 8 v1, W>A 1 v2, U>A 1 v3, A>B 10:9007199254740987",
        "0 v1 8, 1 v2 1, 2 v3 1, 3 v1 8, 3 v2 1, 3 v3 1",
        "B v1 7205759403792789, B v2 900719925474099, B v3 900719925474099",
    ),
    # --- what arrives -----------------------------------------------------------------------------------------------
    Story(
        "more arrives: the smaller owner has the odd unit",
        EXACT,
        "V>A 1 v1, W>A 1 v2, A>B 2:3",
        "0 v1 1, 1 v2 1, 2 v1 1, 2 v2 1",
        "B v1 2, B v2 1",
    ),
    Story(
        "the larger remainder has the odd unit",
        EXACT,
        "V>A 3 v1, W>A 1 v2, A>B 4:7",
        "0 v1 3, 1 v2 1, 2 v1 3, 2 v2 1",
        "B v1 5, B v2 2",
    ),
    Story("a payment arrives as its own", EXACT, "V>A 3:20 v1, A>B 7", "0 v1 3, 1 v1 7", "A v1 13, B v1 7"),
    Story(
        "amounts of one owner are converted as one",
        EXACT,
        "V>A 1 v1, V>A 1 v1, W>A 1 v2, A>B 3:2",
        "0 v1 1, 1 v1 1, 2 v2 1, 3 v1 2, 3 v2 1",
        "B v1 1, B v2 1",
    ),
    Story("clean lots are one", "own_first", "V>A 1 v1, C>A 1, A>B 3:2", "0 v1 1, 2 v1 1", "B v1 1", opening="A 1"),
    Story("nothing arrives", EXACT, "V>A 9 v1, A>B 9:0, B>C 5", "0 v1 9, 1 v1 9", ""),
    Story("nothing arrives", "poison", "V>A 9 v1, A>B 9:0, B>C 5", "0 v1 9, 1 v1 9, 2 v1 5", ""),
    Story("nothing is paid", EXACT, "V>A 9 v1, A>B 0:5, B>C 5, W>B 0 v2", "0 v1 9", "A v1 9"),
    Story("nothing is paid", "poison", "V>A 9 v1, A>B 0:5, B>C 5, W>B 0 v2", "0 v1 9", ""),
    Story("to oneself", "fifo", "V>A 50 v1, A>A 20, A>B 20", "0 v1 50, 2 v1 10", "A v1 40, B v1 10", opening="A 10"),
    Story("to oneself", "poison", "V>A 50 v1, A>A 20, A>B 20", "0 v1 50, 2 v1 20", "", opening="A 10"),
    # --- more is paid than is there ---------------------------------------------------------------------------------
    Story("shortfall is clean, and last", "fifo", "V>A 50 v1, A>B 80, B>C 60", "0 v1 50, 1 v1 50, 2 v1 50", "C v1 50"),
    Story(
        "shortfall is clean, and last",
        "lifo",
        "V>A 50 v1, A>B 80, B>C 60",
        "0 v1 50, 1 v1 50, 2 v1 30",
        "B v1 20, C v1 30",
    ),
    Story(
        "shortfall mixes on arrival",
        "pro_rata",
        "V>A 30 v1, A>B 40:20, B>C 10",
        "0 v1 30, 1 v1 30, 2 v1 7",
        "B v1 8, C v1 7",
    ),
    Story(
        "shortfall is clean as the rest is",
        EXACT,
        "V>A 1 v1, W>A 1 v2, A>B 5:2",
        "0 v1 1, 1 v2 1, 2 v1 1, 2 v2 1",
        "B v1 1",
        opening="A 1",
    ),
    Story(
        "no owner has more than his share rounded up",
        "fifo lifo",
        "V>A 3 v1, W>A 2 v2, V>A 3 v1, W>A 2 v2, V>A 3 v1, W>A 2 v2, A>B 15:3",
        "0 v1 3, 1 v2 2, 2 v1 3, 3 v2 2, 4 v1 3, 5 v2 2, 6 v1 9, 6 v2 6",
        "B v1 2, B v2 1",
    ),
    Story(
        "an owner's units go to his slices in order",
        "fifo",
        "V>A 3 v1, W>A 3 v2, V>A 3 v1, A>B 9:6, B>C 3",
        "0 v1 3, 1 v2 3, 2 v1 3, 3 v1 6, 3 v2 3, 4 v1 2, 4 v2 1",
        "B v1 2, B v2 1, C v1 2, C v2 1",
    ),
    Story(
        "taint without end",
        "poison",
        "V>A 5 v1, W>A 1 v2, A>B 9, A>B 9",
        "0 v1 5, 1 v2 1, 2 v1 9, 2 v2 9, 3 v1 9, 3 v2 9",
        "",
    ),
    # --- where the trail ends ---------------------------------------------------------------------------------------
    Story(
        "a stopped pot keeps all",
        EXACT,
        "V>A 50 v1, A>B 50, B>C 30",
        "0 v1 50, 1 v1 50",
        "B v1 50",
        stopped="B",
    ),
    Story("a stopped pot keeps all", "poison", "V>A 50 v1, A>B 50, B>C 30", "0 v1 50, 1 v1 50", "", stopped="B"),
    Story(
        "a stopped pot keeps all",
        "bounds",
        "V>A 50 v1, A>B 50, B>C 30",
        "0 v1 50 50, 0 all 50 50, 1 v1 50 50, 1 all 50 50",
        "B v1 50 50, B all 50 50",
        stopped="B",
    ),
    # --- a victim pays out of tainted money -------------------------------------------------------------------------
    Story(
        "a victim passes on another's money",
        EXACT,
        "V>A 50 v1, A>W 50, W>A 80 v2",
        "0 v1 50, 1 v1 50, 2 v2 80",
        "A v2 80",
        absorbed="v1 50",
        opening="W 20",
    ),
    Story(
        "clean money is used up first",
        EXACT,
        "V>W 30 v1, C>W 20, W>A 25 v2",
        "0 v1 30, 2 v2 25",
        "A v2 25, W v1 25",
        absorbed="v1 5",
    ),
    Story(
        "then the oldest taint, under any rule",
        EXACT,
        "V>W 10 v1, U>W 10 v2, W>A 15 v3, W>B 5",
        "0 v1 10, 1 v2 10, 2 v3 15, 3 v2 5",
        "A v3 15, B v2 5",
        absorbed="v1 10, v2 5",
    ),
    Story(
        "pro rata knows no order of arrival: the smaller owner first",
        "pro_rata",
        "U>W 10 v2, V>W 10 v1, W>A 15 v3",
        "0 v2 10, 1 v1 10, 2 v3 15",
        "A v3 15, W v2 5",
        absorbed="v1 10, v2 5",
    ),
    Story(
        "lots stay in their order",
        "fifo",
        "V>W 10 v1, C>W 10, W>A 5 v2, W>B 12",
        "0 v1 10, 2 v2 5, 3 v1 10",
        "A v2 5, B v1 10",
    ),
    Story(
        "the same victim pays again, bait come back",
        EXACT,
        "V>A 50 v1, A>V 20, V>A 30 v1",
        "0 v1 50, 1 v1 20, 2 v1 30",
        "A v1 60",
        absorbed="v1 20",
        stopped="V",
    ),
    Story(
        "the same victim pays again, bait come back",
        "bounds",
        "V>A 50 v1, A>V 20, V>A 30 v1",
        "0 v1 50 50, 0 all 50 50, 1 v1 20 20, 1 all 20 20, 2 v1 30 30, 2 all 30 30",
        "A v1 60 60, A all 60 60",
        stopped="V",
    ),
    Story(
        "a reported payment is its victim's alone",
        "poison",
        "V>W 30 v1, W>A 25 v2, A>B 10",
        "0 v1 30, 1 v2 25, 2 v2 10",
        "",
    ),
    Story(
        "a reported payment is its victim's alone",
        "bounds",
        "V>W 30 v1, C>W 20, W>A 25 v2",
        "0 v1 30 30, 0 all 30 30, 2 v2 25 25, 2 all 25 25",
        "A v2 25 25, A all 25 25, W v1 5 25, W all 5 25",
    ),
    Story(
        "what is used up adds up",
        EXACT,
        "V>W 30 v1, W>A 10 v2, W>A 12 v2",
        "0 v1 30, 1 v2 10, 2 v2 12",
        "A v2 22, W v1 8",
        absorbed="v1 22",
    ),
    # --- bounds -----------------------------------------------------------------------------------------------------
    Story(
        "two hops",
        "bounds",
        "V>A 50 v1, A>B 60, B>C 30",
        "0 v1 50 50, 0 all 50 50, 1 v1 40 50, 1 all 40 50, 2 v1 10 30, 2 all 10 30",
        "A v1 0 10, A all 0 10, B v1 10 30, B all 10 30, C v1 10 30, C all 10 30",
        opening="A 20",
    ),
    Story(
        "certain is rounded down, at most up",
        "bounds",
        "V>A 2 v1, A>B 3:2",
        "0 v1 2 2, 0 all 2 2, 1 v1 2 2, 1 all 2 2",
        "B v1 1 2, B all 1 2",
        opening="A 1",
    ),
    Story(
        "shortfall is clean",
        "bounds",
        "V>A 50 v1, A>B 80, B>C 40",
        "0 v1 50 50, 0 all 50 50, 1 v1 50 50, 1 all 50 50, 2 v1 10 40, 2 all 10 40",
        "B v1 10 40, B all 10 40, C v1 10 40, C all 10 40",
    ),
    Story(
        "what arrives is what can be paid",
        "bounds",
        "V>A 2:4 v1, A>B 4",
        "0 v1 2 2, 0 all 2 2, 1 v1 4 4, 1 all 4 4",
        "B v1 4 4, B all 4 4",
    ),
    Story("to oneself", "bounds", "V>A 5 v1, A>A 5", "0 v1 5 5, 0 all 5 5", "A v1 5 5, A all 5 5", opening="A 5"),
    Story("nothing is paid", "bounds", "V>A 9 v1, A>B 0:5", "0 v1 9 9, 0 all 9 9", "A v1 9 9, A all 9 9"),
)
