"""Roles in cases: each one by hand, all of them against a slow counterpart, and the simulator's gang."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from ledgers import Row, graph_of, ledger_of, seeds

import graphflow as gf
from graphflow.account_names import AccountTypeNames
from graphflow.finding import Finding, Part
from graphflow.graph import FlowGraph
from graphflow.ledger import Ledger
from graphflow.roles import BY_DETECTOR, ROLES
from graphflow.view.assets import asset
from graphflow.view.network import PAYS_IN, SHAPES

ROOT = Path(__file__).parent.parent
HOUR = 60
DAY = 24 * HOUR
FORBIDDEN = ("guilty", "criminal", "boss")


def finding(graph: FlowGraph, rows: Sequence[int], accounts: Sequence[str], detector: str = "mule-chain") -> Finding:
    return Finding(
        detector=detector,
        accounts=tuple(accounts),
        rows=np.array(rows, np.int64),
        ledger=graph.ledger,
        amount=1,
        currency="CNY",
        measures={},
        parts=(Part("structure", 1.0, "a shape of some kind"),),
        reason="some rows of some accounts",
    )


def told(graph: FlowGraph, *found: Finding) -> dict[str, tuple[str, str]]:
    """account → role and reason in the only case."""
    (case,) = gf.open_cases(graph, found)
    assert list(case.roles) == list(case.role_reasons)
    return {account: (role, case.role_reasons[account]) for account, role in case.roles.items()}


def with_columns(
    rows: Sequence[Sequence[object]], types: AccountTypeNames | None = None, **columns: list[str]
) -> FlowGraph:
    """Rows in time order with more columns beside them."""
    frame = ledger_of(rows).frame.with_columns(pl.Series(name, values) for name, values in columns.items())
    return FlowGraph(Ledger.from_frame(frame), types=types)


# --- victims --------------------------------------------------------------------------------------

PAID = [("V", "C", 0, 1000), ("W", "C", 5, 1000)]


def victims(extra: Sequence[Sequence[object]], cited: int = 2) -> tuple[str, str]:
    """The role of V, who paid the collector C, in a ledger with more than the cited rows."""
    graph = graph_of([*PAID, *extra])
    return told(graph, finding(graph, range(cited), ["C"], "fan-in"))["V"]


@pytest.mark.parametrize(
    ("extra", "role"),
    [
        ([], "victim candidate"),
        ([("C", "V", 10, 200)], "victim candidate"),  # bait: a fifth comes back
        ([("C", "V", 10, 201)], "source"),
        ([("V", "C", 72 * HOUR, 500)], "victim candidate"),
        ([("V", "C", 72 * HOUR + 1, 500)], "source"),  # they go on dealing with each other
        ([("V", "X", 10, 5000), ("X", "V", 20, 5000)], "victim candidate"),  # what it does elsewhere is its own life
    ],
)
def test_a_victim_pays_a_collector_once_and_gets_next_to_nothing_back(
    extra: list[tuple[str, str, int, int]], role: str
) -> None:
    assert victims(extra)[0] == role


def test_a_victim_candidate_says_how_often_it_paid_and_what_came_back() -> None:
    assert victims([])[1] == "paid collectors 1 time within days and is not flagged itself; nothing came back"
    assert victims([("V", "C", 9, 1000), ("C", "V", 10, 11)])[1] == (
        "paid collectors 2 times within days and is not flagged itself; 1 % came back"
    )


def test_who_is_flagged_or_pays_others_too_is_no_victim_candidate() -> None:
    graph = graph_of([*PAID, ("V", "T", 10, 10)])
    roles = told(graph, finding(graph, [0, 1, 2], ["C"], "fan-in"))
    assert (roles["V"][0], roles["W"][0]) == ("source", "victim candidate")
    roles = told(graph, finding(graph, [0, 1], ["C", "V"], "fan-in"))
    assert (roles["V"][0], roles["W"][0]) == ("collector", "victim candidate")


def test_a_gateway_or_a_shop_has_no_victims() -> None:
    graph = FlowGraph(ledger_of(PAID), types=AccountTypeNames(accounts={"C": "merchant"}))
    assert told(graph, finding(graph, [0, 1], ["C"], "fan-in"))["V"][0] == "source"
    graph = FlowGraph(ledger_of(PAID), types=AccountTypeNames(accounts={"V": "payroll"}))
    assert told(graph, finding(graph, [0, 1], ["C"], "fan-in"))["V"][0] == "source"


# --- where value leaves ------------------------------------------------------------------------------


def test_an_exchange_that_receives_is_a_cash_out() -> None:
    rows = [("A", "B", 0, 100), ("B", "X", 1, 99), ("X", "B", 2, 5)]
    graph = FlowGraph(ledger_of(rows), types=AccountTypeNames(accounts={"X": "exchange"}))
    assert told(graph, finding(graph, [0, 1, 2], ["B"]))["X"] == (
        "cash-out",
        "an exchange or OTC desk by type: value changes its form here",
    )


@pytest.mark.parametrize(("cash", "role"), [(100, "cash-out"), (99, "transit")])
def test_half_of_what_it_pays_as_cash_makes_a_cash_out(cash: int, role: str) -> None:
    rows = [("A", "B", 0, 500), ("B", "C", 1, 100), ("B", "ATM", 2, cash)]
    graph = with_columns(rows, channel=["app", "app", "ATM withdrawal"])
    assert told(graph, finding(graph, [0, 1], ["B"]))["B"][0] == role


def test_value_that_gathers_and_stops_is_a_cash_out() -> None:
    rows = [("S", "A", 0, 9), ("S", "B", 1, 9), ("A", "E", 2, 9), ("B", "E", 3, 9)]
    graph = graph_of(rows)
    assert told(graph, finding(graph, range(4), ["A", "B", "E"]))["E"] == (
        "cash-out",
        "2 flagged accounts pay it, and it pays nobody afterwards: value gathers and stops or is still there",
    )
    assert told(graph, finding(graph, range(4), ["A", "B"]))["E"][0] == "end"  # not flagged
    graph = graph_of([*rows, ("E", "Z", 4, 1)])
    assert told(graph, finding(graph, range(4), ["A", "B", "E"]))["E"][0] == "end"  # it pays on


# --- who may control ---------------------------------------------------------------------------------


def commission(shares: Sequence[tuple[str, int]], *, more: Sequence[tuple[str, str, int, int]] = ()) -> str:
    """The role of K, whom A and B pay a share of what they got, one payment a day."""
    rows = [("V", "A", 0, 10_000), ("V", "B", 0, 10_000), ("A", "E", 1, 9_000), ("B", "E", 1, 9_000)]
    rows += [(payer, "K", (day + 1) * DAY, amount) for day, (payer, amount) in enumerate(shares)]
    graph = graph_of([*rows, *more])
    return told(graph, finding(graph, range(len(rows)), ["A", "B"]))["K"][0]


@pytest.mark.parametrize(
    ("shares", "role"),
    [
        ([("A", 200), ("B", 200), ("A", 300)], "controller candidate"),
        ([("A", 200), ("B", 200)], "end"),  # two days
        ([("A", 200)] * 4, "end"),  # one payer, four times
        ([("A", 200)] * 5, "controller candidate"),
        ([("A", 500)] * 5, "controller candidate"),  # a quarter of what A got
        ([("A", 501)] * 5, "end"),
        ([("A", 100), ("B", 1000), ("A", 100)], "controller candidate"),
        ([("A", 100), ("B", 1001), ("A", 100)], "end"),  # not alike
    ],
)
def test_small_regular_shares_make_a_controller_candidate(shares: list[tuple[str, int]], role: str) -> None:
    assert commission(shares) == role


def test_who_lives_of_other_money_is_no_controller_candidate() -> None:
    shares = [("A", 200)] * 5
    assert commission(shares, more=[("Z", "K", 9 * DAY, 1000)]) == "controller candidate"
    assert commission(shares, more=[("Z", "K", 9 * DAY, 1001)]) == "end"


def test_branches_that_meet_in_an_account_that_lives_on() -> None:
    rows = [(f"S{k}", f"A{k}", k, 9) for k in range(3)] + [(f"A{k}", "K", 5 + k, 9) for k in range(3)]
    graph = graph_of([*rows, ("K", "Z", 20, 1)])
    roles = told(graph, finding(graph, range(6), ["A0", "A1", "A2"]))
    assert roles["K"] == ("controller candidate", "3 branches of the case meet in it")
    same = graph_of([("S", *row[1:]) for row in rows[:3]] + [*rows[3:], ("K", "Z", 20, 1)])
    assert told(same, finding(same, range(6), ["A0", "A1", "A2"]))["K"][0] == "end"  # one branch, split


def test_a_device_of_several_flagged_accounts() -> None:
    rows = [("A", "C", 0, 9), ("B", "C", 1, 9), ("C", "K", 2, 9), ("K", "Z", 3, 1)]
    graph = with_columns(rows, device=["d1", "d1", "d2", "d1"])
    assert told(graph, finding(graph, [0, 1, 2], ["A", "B", "C"]))["K"] == (
        "controller candidate",
        "its device also made payments of 2 flagged accounts of the case",
    )
    other = with_columns(rows, device=["d1", "d1", "d2", "d3"])
    assert told(other, finding(other, [0, 1, 2], ["A", "B", "C"]))["K"][0] == "end"
    nothing = with_columns(rows, device=["", "", "", ""])
    assert told(nothing, finding(nothing, [0, 1, 2], ["A", "B", "C"]))["K"][0] == "end"


# --- shape --------------------------------------------------------------------------------------------


def test_many_payers_or_payees_make_the_role_whatever_detector_flagged_it() -> None:
    rows = (
        [(f"V{k}", "C", k, 10) for k in range(5)] + [("C", "D", 9, 50)] + [("D", f"E{k}", 10 + k, 9) for k in range(5)]
    )
    graph = graph_of(rows)
    roles = told(graph, finding(graph, range(11), ["C", "D"], "new-detector"))
    assert roles["C"] == ("collector", "5 payers pay it in this case")
    assert roles["D"] == ("distributor", "pays 5 payees in this case")
    assert roles["V0"][0] == "victim candidate"
    assert roles["E0"] == ("end", "only receives in this case, from 1 payer")


# --- against the slow way -----------------------------------------------------------------------------


def slow_roles(graph: FlowGraph, found: Sequence[Finding], exchange: str) -> dict[str, tuple[str, str]]:
    """The definition, account by account, over lists of transfers. Types: one exchange, nobody else typed."""
    frame = graph.ledger.frame
    ledger = [
        (row, t["payer"], t["payee"], t["paid"], t["time"], t["channel"], t["device"])
        for row, t in enumerate(frame.iter_rows(named=True))
    ]
    rows = sorted({row for f in found for row in f.rows.tolist()})
    cited, flagged = [ledger[row] for row in rows], {name for f in found for name in f.accounts}
    by = {
        name: min((BY_DETECTOR[f.detector] for f in found if name in f.accounts and f.detector in BY_DETECTOR),
                  key=ROLES.index, default=None)
        for name in flagged
    }  # fmt: skip
    others = [t for t in ledger if t[1] != t[2]]
    accounts = {end for t in cited for end in t[1:3]}
    payers = {a: {t[1] for t in cited if t[2] == a} for a in accounts}
    payees = {a: {t[2] for t in cited if t[1] == a} for a in accounts}
    base = {a: slow_base(by.get(a), a in flagged, len(payers[a]), len(payees[a])) for a in accounts}
    collectors = {a for a in accounts if base[a] == "collector"}
    return {
        a: slow_role(a, base[a], cited, others, flagged, payers, payees, collectors, exchange) for a in sorted(accounts)
    }


def slow_base(by: str | None, flagged: bool, payers: int, payees: int) -> str:
    if by:
        return by
    if flagged and payers >= 5 and payers > payees:
        return "collector"
    if flagged and payees >= 5 and payees > payers:
        return "distributor"
    return "transit" if payers and payees else "source" if payees else "end"


def slow_role(a, base, cited, others, flagged, payers, payees, collectors, exchange):  # type: ignore[no-untyped-def]
    sent, got = [t for t in others if t[1] == a], [t for t in others if t[2] == a]
    n, m = len(payers[a]), len(payees[a])
    plain = {
        "collector": f"{n} payer{'s' * (n != 1)} pay it in this case",
        "distributor": f"pays {m} payee{'s' * (m != 1)} in this case",
        "cycle": "on a way of the money that comes back to where it began",
        "transit": f"receives from {n} payer{'s' * (n != 1)} and pays {m} payee{'s' * (m != 1)}",
        "source": f"only pays in this case, {m} payee{'s' * (m != 1)}",
        "end": f"only receives in this case, from {n} payer{'s' * (n != 1)}",
    }
    answer = (base, plain[base])
    partners = payers[a] | payees[a]
    if base in ("source", "transit") and a not in flagged and m and partners <= collectors and a != exchange:
        pairs = [[t for t in sent if t[2] == c] for c in payees[a]]
        paid = sum(t[3] for pair in pairs for t in pair)
        back = sum(t[3] for t in got if t[1] in payees[a])
        short = all(pair and pair[-1][4] - pair[0][4] <= timedelta(hours=72) for pair in pairs)
        if short and paid and 5 * back <= paid:
            number = sum(map(len, pairs))
            came = f"{ceil(100 * back / paid)} %" if back else "nothing"
            times = f"{number} time{'s' * (number != 1)}"
            answer = (
                "victim candidate",
                f"paid collectors {times} within days and is not flagged itself; {came} came back",
            )
    if base == "end":
        givers = payers[a] & flagged
        first = min(t[0] for t in cited if t[2] == a)
        pays_on = any(t[0] > first for t in sent)
        feeders = {next((t[1] for t in cited if t[2] == p), p) for p in givers}
        if len(feeders) >= 3 and pays_on and a != exchange:
            answer = ("controller candidate", f"{len(feeders)} branches of the case meet in it")
        if len(givers) > 1 and a in flagged and not pays_on:
            text = f"{len(givers)} flagged accounts pay it, and it pays nobody afterwards"
            answer = ("cash-out", f"{text}: value gathers and stops or is still there")
    if answer[0] in ("end", "source") and a != exchange and a not in flagged:
        users = {d: {t[1] for t in cited if t[6] == d and t[1] in flagged} for *_, d in cited if d}
        shared = max((len(users[t[6]]) for t in sent[-5:] if len(users.get(t[6], ())) > 1), default=0)
        if shared:
            answer = ("controller candidate", f"its device also made payments of {shared} flagged accounts of the case")
    weak = answer[0] in ("end", "transit", "controller candidate") or "stops or is still" in answer[1]
    out, cash = sum(t[3] for t in sent), sum(t[3] for t in sent if "cash" in t[5])
    if a in flagged and n and cash and 2 * cash >= out:
        answer = ("cash-out", f"{100 * cash // out} % of what it pays leaves as cash")
    if a == exchange and n:
        answer = ("cash-out", "an exchange or OTC desk by type: value changes its form here")
    if weak and a != exchange:
        answer = slow_commission(a, cited, others, flagged) or answer
    return answer


def slow_commission(a, cited, others, flagged):  # type: ignore[no-untyped-def]
    def received(p: str) -> int:
        return sum(t[3] for t in others if t[2] == p)

    here = {end for t in cited for end in t[1:3]}
    givers = {t[1] for t in cited if t[2] == a and t[1] in flagged}
    part = sum(t[3] for t in cited if t[2] == a and t[1] in flagged)
    got = [t for t in others if t[2] == a]
    known = [t for t in got if t[1] in flagged & here]
    sources = {t[1] for t in known}
    if not part or part > 0.25 * sum(map(received, givers)) or not known:
        return None
    share = max(sum(t[3] for t in known if t[1] == p) / max(received(p), 1) for p in sources)
    regular = len({t[4].date() for t in known}) >= 3 and (len(sources) > 1 or len(known) >= 5)
    amounts = [t[3] for t in known]
    most = 2 * sum(amounts) >= sum(t[3] for t in got)
    if not (regular and share <= 0.25 and most and max(amounts) <= 10 * min(amounts)):
        return None
    text = f"gets {len(known)} payments, at most {ceil(1000 * share) / 10:g} % of what each payer receives"
    return ("controller candidate", f"{text}, again and again: like a commission")


def some_case(rng: random.Random) -> tuple[FlowGraph, list[Finding]]:
    names = [chr(65 + k) for k in range(rng.randint(3, 9))]
    paid = rng.choice(((1, 5, 9, 100), (10, 20, 1000), (7,)))
    transfers = [
        Row(rng.choice(names), rng.choice(names), 60 * rng.randint(0, rng.choice((20, 150))), rng.choice(paid))
        for _ in range(rng.randint(4, 45))
    ]
    if rng.random() < 0.5:  # somebody whom others pay a little, day after day
        giver = rng.choice(names)
        transfers += [Row(giver, "K", DAY * day, rng.choice((1, 2))) for day in range(rng.randint(2, 7))]
    if rng.random() < 0.3:  # branches that meet
        transfers += [t for k in range(3) for t in (Row(names[k], f"M{k}", 1, 9), Row(f"M{k}", "N", 90, 9))]
        transfers.append(Row("N", "A", 9 * DAY, 1))
    transfers = sorted((t for t in transfers if t.payer != t.payee), key=lambda t: t.minutes) or [Row("A", "B", 0, 1)]
    graph = with_columns(
        transfers,
        AccountTypeNames(accounts={"B": "exchange"}, off=frozenset({"person"})),
        channel=[rng.choice(("app", "app", "cash")) for _ in transfers],
        device=[rng.choice(("", "", "d1", "d2", "d3")) for _ in transfers],
    )
    found = [some_finding(rng, graph) for _ in range(rng.randint(1, 2))]
    frame = graph.ledger.frame.with_row_index()
    between = frame.filter(pl.col("payer").str.contains("M") | pl.col("payee").str.contains("M"))["index"].to_list()
    return graph, [*found, finding(graph, between, ["M0", "M1", "M2"])] if between else found


def some_finding(rng: random.Random, graph: FlowGraph) -> Finding:
    height = graph.ledger.height
    rows = sorted(rng.sample(range(height), rng.randint(1, height)))
    frame = graph.ledger.frame[rows]
    on_them = sorted({*frame["payer"], *frame["payee"]})
    suspects = rng.sample(on_them, rng.randint(1, min(len(on_them), 8)))
    return finding(graph, rows, suspects, rng.choice(("fan-in", "fan-out", "cycle", "mule-chain", "mule-chain")))


def test_roles_are_what_the_slow_way_says() -> None:
    seen: Counter[str] = Counter()
    for seed in range(seeds(1000)):
        graph, found = some_case(random.Random(seed))
        for case in gf.open_cases(graph, found):
            wanted = slow_roles(graph, case.findings, "B")
            mine = {account: (case.roles[account], case.role_reasons[account]) for account in sorted(case.roles)}
            assert mine == wanted, seed
            seen.update({"".join(c for c in reason if not c.isdigit()) for _, reason in wanted.values()})
    kinds = (
        "like a commission",
        "branches",
        "device",
        "by type",
        "as cash",
        "stops or",
        "came back",
        "way of the money",
    )
    for kind in kinds:
        assert sum(n for reason, n in seen.items() if kind in reason) >= 3, kind


def test_roles_in_a_part_of_a_ledger_are_those_of_that_part_alone() -> None:
    for seed in range(100):
        graph, _ = some_case(random.Random(seed))
        if graph.ledger.height < 6:
            continue
        kept = list(range(0, graph.ledger.height, 2))
        types = graph.flow.type_names
        alone = FlowGraph(Ledger.from_frame(graph.ledger.frame[kept]), types=types)
        part = graph.flow_subgraph(kept)
        inside, outside = (
            told(g, finding(g, rows, [graph.ledger.frame["payee"][0]]))
            for g, rows in ((part, kept), (alone, range(len(kept))))
        )
        assert inside == outside


# --- words and picture ---------------------------------------------------------------------------------


def test_every_role_is_drawn_explained_and_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    page = (ROOT / "graphflow/view/templates/case.html.j2").read_text("utf-8")
    css = asset("page.css")
    for role in ROLES:
        slug = role.replace(" ", "-")
        assert role in SHAPES
        assert f"--{slug}: #" in css
        assert f".{slug} {{ fill: var(--{slug}); }}" in css
        assert f'"{role}": (' in page
        assert role in readme
    assert set(PAYS_IN) <= set(ROLES)


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


LIGHT = {"victim": "#3b1f6b", "cash": "#7a1010", "controller": "#5c4a00", "source": "#0072b2", "end": "#009e73"}
DARK = {"victim": "#c9b3f5", "cash": "#ffb3a0", "controller": "#f0e442", "source": "#3a9bd9", "end": "#1fb98c"}


@pytest.mark.parametrize(("sheet", "palette"), [("#ffffff", LIGHT), ("#181c22", DARK)])
def test_new_roles_stand_out_from_the_page_and_from_what_has_their_shape(sheet: str, palette: dict[str, str]) -> None:
    """A victim candidate has the shape of a source, a cash-out that of an end."""
    assert all(colour in asset("page.css") for colour in palette.values())
    for name in ("victim", "cash", "controller"):
        assert contrast(palette[name], sheet) >= 4.5
    assert contrast(palette["victim"], palette["source"]) >= 1.5
    assert contrast(palette["cash"], palette["end"]) >= 1.4


def test_a_page_has_the_role_its_reason_and_the_type() -> None:
    rows = [("A", "B", 0, 100), ("B", "X", 1, 99)]
    graph = FlowGraph(ledger_of(rows), types=AccountTypeNames(accounts={"X": "exchange"}, source="mine.toml"))
    (case,) = gf.open_cases(graph, [finding(graph, [0, 1], ["B"])])
    html = gf.view(graph, case).html
    facts = json.loads(re.search(r'id="facts">(.*?)</script>', html, re.S)[1])  # type: ignore[index]
    exchange = next(account for account in facts["accounts"] if account["account"] == "X")
    assert exchange["why"] == "an exchange or OTC desk by type: value changes its form here"
    assert exchange["type"] == "exchange (listed as exchange in mine.toml)"
    assert '"groups":"cash-out"' in html


# --- the simulator --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [7, 21])
def test_the_gangs_accounts_have_their_roles(seed: int, tmp_path: Path) -> None:
    made = gf.simulate(seed=seed)
    made.write(tmp_path / "town")
    analysis = gf.analyze(tmp_path / "town" / "transfers.csv")
    tiers = made.truth["gang"]
    high = [case for case in analysis.cases if case.level == "high"]

    def roles_of(accounts: Sequence[str]) -> Counter[str]:
        best = [next((case for case in high if a in case.roles), None) for a in accounts]
        return Counter(case.roles[a] for case, a in zip(best, accounts, strict=True) if case)

    assert set(roles_of([tiers["controller"]])) == {"controller candidate"}
    first = roles_of(tiers["tier_1"])
    assert set(first) <= {"collector", "source"}  # what paid into one may be cited in another case only
    assert first["collector"] >= len(tiers["tier_1"]) - 1
    second = roles_of(tiers["tier_2"])
    assert set(second) <= {"distributor", "transit", "controller candidate"}  # some share the operators' devices
    assert second["controller candidate"] <= 2
    assert set(roles_of([*tiers["cash_out"], *tiers["otc"]])) == {"cash-out"}
    victims = roles_of(tiers["victims"])
    assert victims["victim candidate"] >= 0.95 * victims.total()
    names = ("victims", "tier_1", "tier_2", "tier_3", "cash_out", "otc")
    gang = {tiers["controller"], *(account for name in names for account in tiers[name])}
    strangers = {role for case in high for account, role in case.roles.items() if account not in gang}
    assert not {"collector", "controller candidate", "cash-out", "victim candidate"} & strangers
    for case in analysis.cases:
        assert not any(word in reason for reason in case.role_reasons.values() for word in FORBIDDEN)
