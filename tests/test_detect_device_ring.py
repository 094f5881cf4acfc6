"""Device ring on ledgers made by hand, and on nasty ones against a slow counterpart."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import networkx as nx
import oracles
import pytest
from findings import found, kinds, said
from hypothesis import given
from hypothesis import strategies as st
from ledgers import DEVICES, EXAMPLES, IPS, Row, graph_of, nasty_rows, random_rows, seeds

import graphflow as gf

PHONE = "02:00:5e:10:00:01"
ROUTER = "198.51.100.7"


def pays(
    payer: str, payee: str = "SHOP", at: float = 0, *, device: str = PHONE, ip: str = "", amount: int = 100
) -> Row:
    return Row(payer, payee, at, amount, "CNY", device, ip)


def operated(number: int, *, funded: bool = True, **place: Any) -> list[Row]:
    """Accounts paid by strangers that pay on at once, to one account, from one place."""
    into = [Row(f"V{k}", f"M{k}", 10 * k, 100) for k in range(number)] if funded else []
    return [*into, *[pays(f"M{k}", "OUT", 10 * k + 5, **place) for k in range(number)]]


def test_three_accounts_on_one_telephone_that_pass_money_on_are_high() -> None:
    (finding,) = found([*operated(3), Row("X", "Y", 1, 5), pays("Z", at=2, device="other")], gf.DeviceRing())
    assert said(finding) == {
        "accounts": ("M0", "M1", "M2"),
        "rows": [3, 5, 7],
        "amount": 300,
        "currency": "CNY",
        "measures": {
            "accounts": 3,
            "places": 1,
            "payments": 3,
            "exclusive_share": 1.0,
            "inside": 0,
            "same_payee": 3,
            "funded_share": 1.0,
        },
        "level": "high",
    }
    assert kinds(finding) == {"device": (1.585, True), "structure": (0.5, False), "conservation": (2.0, True)}
    assert finding.reason == f"3 accounts with M0 share where they pay from: device {PHONE} (3 accounts)"


def test_a_family_with_one_telephone_stays_at_review_whatever_it_does() -> None:
    rows = [*operated(2), pays("M0", "M1", 30), pays("M1", "M0", 31)]
    (finding,) = found(rows, gf.DeviceRing())
    assert (finding.level, finding.measures["inside"]) == ("review", 2)


def test_own_money_stays_at_review() -> None:
    (finding,) = found(operated(9, funded=False), gf.DeviceRing())
    assert finding.level == "review"


def test_five_accounts_of_which_half_pay_one_another_are_high() -> None:
    rows = [pays(f"M{k}", f"M{k + 1}" if k < 2 else "SHOP", k) for k in range(5)]
    (finding,) = found(rows, gf.DeviceRing())
    assert (finding.level, finding.measures["inside"]) == ("high", 3)
    assert found(rows[:4], gf.DeviceRing())[0].level == "review"
    apart = [row._replace(payee="SHOP") for row in rows[1:]]
    assert found([rows[0], *apart], gf.DeviceRing())[0].level == "review"


def test_accounts_that_pay_from_elsewhere_too_stay_at_review() -> None:
    elsewhere = [pays(f"M{k}", at=40 + k, device=f"OWN{k}") for k in range(3)]
    (finding,) = found([*operated(3), *elsewhere], gf.DeviceRing())
    assert (finding.level, finding.measures["exclusive_share"]) == ("high", 0.5)
    (finding,) = found([*operated(3), *elsewhere, pays("M0", at=50, device="OWN0")], gf.DeviceRing())
    assert (finding.level, kinds(finding)["device"]) == ("review", (0.5, False))


def test_links_make_one_ring_and_each_is_told() -> None:
    rows = [pays("A"), pays("B", at=1), pays("B", at=2, device="", ip=ROUTER), pays("C", at=3, device="", ip=ROUTER),
            pays("D", at=4, device="lonely"), pays("E", at=5, device="")]  # fmt: skip
    (finding,) = found(rows, gf.DeviceRing())
    assert (finding.accounts, finding.rows.tolist()) == (("A", "B", "C"), [0, 1, 2, 3])
    assert f"device {PHONE} (2 accounts), ip {ROUTER} (2 accounts)" in finding.reason


@pytest.mark.parametrize("ways", [(PHONE, PHONE.upper().replace(":", "-")), ("imei 7", " IMEI 7 ")])
def test_one_device_written_in_two_ways_is_one(ways: tuple[str, str]) -> None:
    (finding,) = found([pays("A", device=ways[0]), pays("B", device=ways[1])], gf.DeviceRing())
    assert finding.measures["places"] == 1


@pytest.mark.parametrize("ip", [
    "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1", "0.0.0.0", "169.254.3.4", "100.64.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fd12::1", "::ffff:192.168.0.1", "300.1.1.1", "unknown", "-",
])  # fmt: skip
def test_addresses_that_link_nobody(ip: str) -> None:
    findings = gf.detect(graph_of([pays(name, device="", ip=ip) for name in "ABC"]), [gf.DeviceRing()])
    assert not findings
    assert findings.truncated == ("device-ring: 1 ip value of several accounts not used (private, invalid or empty)",)


@pytest.mark.parametrize("ip", ["9.255.255.255", "11.0.0.0", "172.32.0.1", "192.167.0.1", "2001:db8::7"])
def test_addresses_that_link(ip: str) -> None:
    assert found([pays(name, device="", ip=ip) for name in "AB"], gf.DeviceRing())


@pytest.mark.parametrize("device", ["00:00:00:00:00:00", "FF-FF-FF-FF-FF-FF", "000000000000000", "null", "N/A", " "])
def test_devices_that_link_nobody(device: str) -> None:
    assert not found([pays(name, device=device) for name in "ABC"], gf.DeviceRing())


@pytest.mark.parametrize(("number", "seen"), [(20, 1), (21, 0)])
def test_a_public_network_links_nobody_and_that_is_said(number: int, seen: int) -> None:
    findings = gf.detect(graph_of(operated(number, device="", ip=ROUTER)), [gf.DeviceRing()])
    assert len(findings) == seen
    said_ = ("device-ring: 1 ip value of more than 20 accounts not used (public networks, gateways)",)
    assert findings.truncated == (() if seen else said_)


def test_a_chain_of_chances_and_what_comes_after_the_largest_are_said() -> None:
    chain = [pays(name, at=k, device=f"D{(k + 1) // 2}") for k, name in enumerate("AABBCCDD")]
    findings = gf.detect(graph_of(chain), [gf.DeviceRing(most_members=3)])
    assert (len(findings), findings.truncated) == (0, ("device-ring: 1 ring of more than 3 accounts not reported",))
    pairs = [pays(f"M{k}", at=k, device=f"D{k // 2}", amount=100 + k) for k in range(6)]
    findings = gf.detect(graph_of(pairs), [gf.DeviceRing(most_rings=2)])
    assert [f.accounts for f in findings] == [("M2", "M3"), ("M4", "M5")]
    assert findings.truncated == ("device-ring: 1 ring after the 2 largest not reported",)


def test_a_ledger_without_the_columns_gives_nothing_and_says_nothing() -> None:
    findings = gf.detect(graph_of([Row("A", "B", 0, 1), Row("B", "C", 1, 1)]), [gf.DeviceRing()])
    assert (len(findings), findings.truncated, findings.warnings) == (0, (), ())


def test_only_the_payers_side_counts() -> None:
    assert not found([pays("A", "B"), pays("A", "C", 1)], gf.DeviceRing())
    assert not found([pays("A", "A"), pays("B", at=1)], gf.DeviceRing())


# --- against the definition --------------------------------------------------------------------------

USABLE = {("device", name) for name in DEVICES if name.startswith("D")} | {("ip", "198.51.100.7")}


def expected(rows: list[Row], most: int) -> dict[tuple[int, ...], dict[str, Any]]:
    """Cited rows of each ring → its accounts and facts, by the definition."""
    real = [k for k, row in enumerate(rows) if row.payer != row.payee]
    users: dict[Any, set[str]] = {}
    for k in real:
        for place in (("device", rows[k].device), ("ip", rows[k].ip)):
            users.setdefault(place, set()).add(rows[k].payer)
    shared = {place for place, names in users.items() if place in USABLE and 2 <= len(names) <= most}
    links = nx.Graph([(place, name) for place in shared for name in users[place]])
    rings = {}
    for part in nx.connected_components(links):
        accounts = {node for node in part if isinstance(node, str)}
        mine = [k for k in real if rows[k].payer in accounts]
        events = [k for k in mine if {("device", rows[k].device), ("ip", rows[k].ip)} & shared]
        inner = [k for k in events if rows[k].payee in accounts]
        outside = [(rows[k].payee, {rows[j].payer for j in events if rows[j].payee == rows[k].payee})
                   for k in events if k not in inner]  # fmt: skip
        rings[tuple(events)] = {
            "accounts": len(accounts),
            "places": len(part) - len(accounts),
            "payments": len(events),
            "exclusive_share": round(len(events) / sum(bool(rows[k].device or rows[k].ip) for k in mine), 4),
            "inside": len({name for k in inner for name in rows[k][:2]}),
            "same_payee": max((len(payers) for _, payers in outside), default=0),
        }
    return rings


def check(rows: list[Row], most: int) -> int:
    rows = sorted(rows, key=lambda row: row.minutes)
    findings = found(rows, gf.DeviceRing(most_accounts=most, dwell=timedelta(minutes=5)))
    transfers = [oracles.Transfer(row.payer, row.payee, round(row.minutes), row.amount) for row in rows]
    into = oracles.funded(oracles.matches(transfers, dwell=5))
    wanted = expected(rows, most)
    assert [tuple(f.rows.tolist()) for f in findings] == sorted(wanted, key=lambda events: events[0])
    for finding in findings:
        events = finding.rows.tolist()
        worth = sum(rows[k].amount for k in events)
        share = round(sum(into[k] for k in events) / max(1, worth), 4)
        assert dict(finding.measures) == {**wanted[tuple(events)], "funded_share": share}
        assert set(finding.accounts) == {rows[k].payer for k in events}
        assert finding.amount == worth
    return len(findings)


def test_seeded_ledgers() -> None:
    number = 0
    for seed in range(seeds(300)):
        rng = random.Random(seed)
        rows = random_rows(rng, 40)
        places = [(rng.choice(DEVICES), rng.choice(IPS)) if rng.random() < 0.4 else ("", "") for _ in rows]
        number += check(
            [row._replace(device=d, ip=ip) for row, (d, ip) in zip(rows, places, strict=True)], rng.randint(2, 6)
        )
    assert number > seeds(100) // 2


@EXAMPLES
@given(nasty_rows(40), st.integers(2, 6))
def test_any_ledger(rows: list[Row], most: int) -> None:
    check(rows, most)
