"""Account types: by listed number, by name, by what an account does; and what detectors and cases do with them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from ledgers import EXAMPLES, Row, graph_of, ledger_of, nasty_rows, random_rows, seeds

import graphflow as gf
from graphflow.account_names import TYPES, AccountTypeNames, built_in, load_account_types
from graphflow.account_types import type_accounts
from graphflow.errors import GraphflowError, RuleError
from graphflow.flow import Flow
from graphflow.kernels import habits
from graphflow.kernels.engine import ready
from graphflow.ledger import Ledger

DAY = 24 * 60
ROOT = Path(__file__).parent.parent


def named(names: Sequence[str | None], types: AccountTypeNames | None = None) -> list[str]:
    """The types of accounts that have only a name, one payment each."""
    frame = ledger_of([(f"A{k}", "Z", k, 1) for k in range(len(names))]).frame
    ledger = Ledger.from_frame(frame.with_columns(payer_name=pl.Series(names, dtype=pl.String)))
    found = gf.FlowGraph(ledger, types=types).flow.types
    return [found.of(f"A{k}") for k in range(len(names))]


def types_of(rows: Sequence[tuple[str, str, float, int]], **types: Any) -> Any:
    return type_accounts(Flow(ledger_of(rows)), types.get("types", built_in()))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "types.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Alipay (China) Network", "gateway"),
        ("支付宝（中国）网络技术有限公司", "gateway"),
        ("财付通-张三", "gateway"),
        ("ＡＬＩＰＡＹ", "gateway"),  # wide letters of East Asian text
        ("Shop with PAYPAL", "gateway"),
        ("某某公司代发工资户", "payroll"),
        ("Payroll", "payroll"),
        ("国家税务总局某市税务局", "tax-utility"),
        ("City Water", "tax-utility"),
        ("待清算资金", "bank-internal"),
        ("Cash Machines 2", "bank-internal"),
        ("Binance-user-77", "exchange"),
        ("OTC desk", "exchange"),
        ("阳光物业服务", "landlord"),
        ("Taxi Wang", "unknown"),  # "tax" is no word of it
        ("Coffee House", "unknown"),
        ("Botch Ltd", "unknown"),  # "otc"
        ("stripes and dots", "unknown"),
        ("张三", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_name_tells_the_type(name: str | None, kind: str) -> None:
    assert named(["Wang Min", name])[1] == kind


def test_the_first_word_wins_whatever_stands_first_in_the_name() -> None:
    known = AccountTypeNames(words=(("city", "landlord"), ("pay", "gateway")))
    assert named(["pay city", "city pay", "pay"], known) == ["landlord", "landlord", "gateway"]


def test_names_are_matched_word_by_word_as_one_would_by_hand() -> None:
    rng = random.Random(3)
    words = ["pay", "银", "a.b", "pay day", "x"]
    known = AccountTypeNames(words=tuple((word, "gateway") for word in words))
    names = [
        "".join(rng.choice(["pay", "银", "a.b", "aXb", " ", "day", "x", "-", "7"]) for _ in range(4))
        for _ in range(400)
    ]
    found = dict(known.found_in(pl.Series(names)).iter_rows())
    for code, name in enumerate(names):
        assert found.get(code) == next((n for n, word in enumerate(words) if stands_in(word, name.lower())), None), name
    assert 50 < len(found) < 400


def stands_in(word: str, name: str) -> bool:
    def latin(character: str) -> bool:
        return character.isascii() and character.isalnum()

    for at in range(len(name) - len(word) + 1):
        before, after = name[at - 1 : at] if at else "", name[at + len(word) : at + len(word) + 1]
        free = not (latin(word[0]) and before and latin(before)) and not (latin(word[-1]) and after and latin(after))
        if name.startswith(word, at) and free:
            return True
    return False


# --- a user's file --------------------------------------------------------------------------------


def test_a_users_lines_win_and_listed_accounts_win_over_names(tmp_path: Path) -> None:
    known = load_account_types(
        write(tmp_path, '[landlord]\nnames = ["Alipay Homes"]\n[merchant]\naccounts = ["A1", "A9"]\n')
    )
    assert named(["alipay homes", "alipay", "tenpay"], known) == ["landlord", "merchant", "gateway"]


def test_a_listed_account_says_so_and_one_that_is_not_there_is_counted(tmp_path: Path) -> None:
    known = load_account_types(write(tmp_path, '[gateway]\naccounts = ["Q", "nobody"]\n'))
    found = gf.FlowGraph(ledger_of([("P", "Q", 0, 1)]), types=known).flow.types
    assert (found.of("Q"), found.of("P")) == ("gateway", "unknown")
    assert found.reason("Q").startswith("listed as gateway in ")
    assert found.warnings == (f"{tmp_path / 'types.toml'}: 1 listed account not in the ledger",)
    assert found.gateways.tolist() == [False, True]
    with pytest.raises(GraphflowError, match='no account "R"'):
        found.of("R")


def test_types_can_be_handed_to_a_graph_later(tmp_path: Path) -> None:
    graph = graph_of([("P", "Q", 0, 1)])
    assert graph.flow.types.of("Q") == "unknown"
    graph.flow.type_names = load_account_types(write(tmp_path, '[gateway]\naccounts = ["Q"]\n'))
    assert graph.flow.types.of("Q") == "gateway"


def test_a_type_can_be_switched_off(tmp_path: Path) -> None:
    known = load_account_types(write(tmp_path, "[gateway]\noff = true\n[person]\noff = true\n"))
    assert named(["alipay", "payroll"], known) == ["unknown", "payroll"]
    rows = [("P", "Q", k * DAY, 5) for k in range(9)]
    assert types_of(rows).of("P") == "person"
    assert types_of(rows, types=known).of("P") == "unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gatway]\n", 'there is no account type "gatway": did you mean "gateway"?'),
        ("gateway = 1\n", r"\[gateway\] must be a table"),
        ("[gateway]\nname = []\n", 'has no "name": did you mean "names"?'),
        ('[gateway]\nnames = "alipay"\n', "names must be a list of texts in quotes"),
        ("[gateway]\naccounts = [6222]\n", "accounts must be a list of texts in quotes"),
        ('[gateway]\nnames = [" "]\n', "names must be a list of texts in quotes"),
        ("[gateway]\noff = 1\n", "off must be true or false, not 1"),
        ('[gateway]\naccounts = ["A"]\n[landlord]\naccounts = ["A"]\n', r"stands under \[gateway\] and \[landlord\]"),
        ("[gateway\n", "is not a TOML file of account types"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RuleError, match=said):
        load_account_types(write(tmp_path, text))


def test_a_missing_file_is_said() -> None:
    with pytest.raises(RuleError, match="no such file of account types"):
        load_account_types("nowhere.toml")


def test_the_built_in_words_are_of_known_types_and_in_lower_case() -> None:
    assert {kind for _, kind in built_in().words} <= set(TYPES)
    assert all(word == word.lower().strip() for word, _ in built_in().words)


# --- behaviour ------------------------------------------------------------------------------------

Rows = list[tuple[str, str, float, int]]


def gateway_rows(*, days: int = 12, payers: int = 60, payees: int = 55, pays: int = 100) -> Rows:
    """Every day so many pay it, and it pays so many others on within minutes."""
    rows: Rows = []
    for day in range(days):
        for k in range(payers):
            rows.append((f"P{k}", "G", day * DAY + 5 * k, 100))
            rows.append(("G", f"S{k % payees}", day * DAY + 5 * k + 20, pays))
    return rows


def shop_rows(*, days: int = 14, guests: int = 40, regulars: int = 40, pays: float = 0.0) -> Rows:
    """Guests pay a little, day after day; `pays` of the takings leave at night."""
    rows: Rows = []
    for day in range(days):
        for k in range(10):
            guest = (10 * day + k) % guests if k < regulars else 1000 + 10 * day + k
            rows.append((f"P{guest}", "SHOP", day * DAY + 30 * k, 500 + k))
        if pays:
            rows.append(("SHOP", "OWNER", day * DAY + 400, int(pays * 5000)))
    return rows


def wage_rows(*, gaps: Sequence[int] = (30, 31), staff: int = 12, change: float = 1.0) -> Rows:
    """Pay days so many days apart, wages changing by a factor."""
    days, wage = [0, *np.cumsum(gaps).tolist()], 1.0
    rows: Rows = []
    for day in days:
        rows += [("WORKS", f"W{k}", day * DAY + k, int((5000 + 10 * k) * wage)) for k in range(staff)]
        wage *= change
    return rows


def rent_rows(*, tenants: int = 4, months: int = 3, change: int = 0) -> Rows:
    return [
        (f"T{k}", "L", (30 * month + k % 3) * DAY + 60 * k, 1000 + 50 * k + change * month)
        for month in range(months)
        for k in range(tenants)
    ]


@pytest.mark.parametrize(
    ("rows", "account", "kind"),
    [
        (gateway_rows(), "G", "gateway"),
        (gateway_rows(days=9), "G", "unknown"),  # too few days
        (gateway_rows(payers=50), "G", "unknown"),  # too few counterparties in a day
        (gateway_rows(payees=50), "G", "unknown"),
        (gateway_rows(pays=45), "G", "unknown"),  # money stays
        (shop_rows(), "SHOP", "merchant"),
        (shop_rows(days=9), "SHOP", "unknown"),
        (shop_rows(guests=29), "SHOP", "unknown"),
        (shop_rows(regulars=0), "SHOP", "unknown"),  # nobody comes again, as to a collector
        (shop_rows(pays=0.9), "SHOP", "unknown"),  # what comes in is gone the same day
        (shop_rows(pays=0.3), "SHOP", "merchant"),
        (wage_rows(), "WORKS", "payroll"),
        (wage_rows(gaps=(7, 7, 7)), "WORKS", "payroll"),
        (wage_rows(gaps=(30,)), "WORKS", "payroll"),
        (wage_rows(gaps=()), "WORKS", "unknown"),  # once is a fan-out
        (wage_rows(gaps=(7, 30)), "WORKS", "person"),
        (wage_rows(gaps=(2, 2, 2)), "WORKS", "unknown"),
        (wage_rows(staff=9), "WORKS", "person"),
        (wage_rows(change=1.5), "WORKS", "person"),
        (rent_rows(), "L", "landlord"),
        (rent_rows(tenants=2), "L", "person"),  # as somebody with two jobs
        (rent_rows(months=1), "L", "unknown"),
        (rent_rows(change=200), "L", "person"),
        (rent_rows(tenants=61), "L", "person"),
        ([(f"V{k}", "M", 60 * k, 5000) for k in range(40)], "M", "unknown"),  # 40 victims in two days
        ([("P", "Q", k * DAY, 5) for k in range(7)], "Q", "person"),
        ([("P", "Q", k * DAY, 5) for k in range(4)], "Q", "unknown"),
        ([("P", "Q", k, 5) for k in range(30)] + [("P", "Q", 8 * DAY, 5)], "Q", "unknown"),  # 31 transfers in nine days
    ],
)
def test_behaviour_tells_the_type(rows: Rows, account: str, kind: str) -> None:
    found = types_of(rows)
    assert found.of(account) == kind
    assert found.reason(account)


def test_the_reason_has_the_figures() -> None:
    assert types_of(gateway_rows()).reason("G") == "60 payers and 55 payees on 12 days, money stays 20 minutes"
    assert types_of(shop_rows()).reason("SHOP") == "40 payers on 14 days, 100 % of them on two or more; pays nobody"
    assert types_of(wage_rows()).reason("WORKS") == (
        "pays about 12 payees in one day, 3 times, 30 to 31 days apart, mostly the same ones the same"
    )
    assert types_of(rent_rows()).reason("L") == "4 of 4 payers pay the same every month"


def test_a_name_wins_over_behaviour() -> None:
    frame = ledger_of(shop_rows()).frame.with_columns(payee_name=pl.lit("City Water"))
    assert gf.FlowGraph(Ledger.from_frame(frame)).flow.types.of("SHOP") == "tax-utility"


def test_the_table_says_what_is_said_one_by_one(tmp_path: Path) -> None:
    known = load_account_types(write(tmp_path, '[gateway]\naccounts = ["P1"]\n'))
    rows = [*gateway_rows(), *shop_rows(), *wage_rows(), *rent_rows()]
    frame = ledger_of(rows).frame.with_columns(
        payer_name=pl.when(pl.col("payer") == "P2").then(pl.lit("Alipay")).otherwise(None)
    )
    found = gf.FlowGraph(Ledger.from_frame(frame), types=known).flow.types
    table = found.table()
    for code, (account, kind, reason) in enumerate(
        zip(found.accounts, table["type"], table["type_reason"], strict=True)
    ):
        assert (kind, reason) == (found.of(account), found.reason(account))
        assert found.words(code).startswith("" if kind == "unknown" else kind)
    assert set(table["type"]) >= {"gateway", "merchant", "payroll", "landlord", "person", "unknown"}


def test_a_subgraph_is_typed_by_its_own_transfers_and_the_same_names(tmp_path: Path) -> None:
    known = load_account_types(write(tmp_path, '[exchange]\naccounts = ["P1"]\n'))
    graph = gf.FlowGraph(ledger_of(gateway_rows()), types=known)
    part = graph.flow_subgraph(range(100)).flow
    assert graph.flow.types.of("G") == "gateway"
    assert (part.types.of("G"), part.types.of("P1")) == ("unknown", "exchange")


# --- kernels --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["interpreted", "compiled"])
def engine(request: pytest.FixtureRequest) -> Iterator[Callable[[ModuleType], Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", request.param)
        yield lambda module: ready(module, 0)


def slow_side(transfers: list[tuple[str, int, int]], wide: int, month: tuple[int, int]) -> list[int]:
    """(other, time, value) in time order."""
    days = sorted({time // habits.DAY for _, time, _ in transfers})
    met = {other: [(t, v) for o, t, v in transfers if o == other] for other, _, _ in transfers}
    crowds = [len({o for o, t, _ in transfers if t // habits.DAY == day}) for day in days]
    monthly = {
        other: sum(month[0] <= b[0] - a[0] <= month[1] and 20 * abs(b[1] - a[1]) <= a[1] for a, b in pairwise(those))
        for other, those in met.items()
    }
    return [
        len(days), len(met), sum(crowd > wide for crowd in crowds),
        sum(len({t // habits.DAY for t, _ in those}) > 1 for those in met.values()),
        max(v for _, _, v in transfers), sum(monthly.values()), sum(n > 0 for n in monthly.values()),
        sum(v for _, _, v in transfers),
    ]  # fmt: skip


def slow_batches(transfers: list[tuple[str, int, int]], least: int, alike: float) -> list[int]:
    days = sorted({time // habits.DAY for _, time, _ in transfers})
    lists = [(day, [(o, v) for o, t, v in transfers if t // habits.DAY == day]) for day in days]
    batches = [(day, those) for day, those in lists if len({o for o, _ in those}) >= least]
    again = same = 0
    for (_, before), (_, after) in pairwise(batches):
        last, first = dict(before), dict(reversed(after))
        again += len(last.keys() & first.keys())
        same += sum(abs(first[o] - last[o]) <= alike * last[o] for o in last.keys() & first.keys())
    gaps = [b[0] - a[0] for a, b in pairwise(batches)]
    sizes = [len({o for o, _ in those}) for _, those in batches]
    return [
        len(batches), sum(len(those) for _, those in batches), sum(sizes), sum(sizes[:-1]), again, same,
        min(gaps, default=0), max(gaps, default=0),
    ]  # fmt: skip


def test_habits_are_what_the_slow_way_says(engine: Callable[[ModuleType], Any]) -> None:
    seen = np.zeros(habits.SIDE + habits.BATCH, np.int64)
    for seed in range(seeds(150)):
        rng = random.Random(seed)
        rows = [
            row._replace(minutes=row.minutes * rng.choice((DAY // 4, DAY, 2 * DAY))) for row in random_rows(rng, 40)
        ]
        flow = Flow(ledger_of(rows))
        wide, month, least, alike = rng.randint(0, 3), (2 * habits.DAY, 9 * habits.DAY), rng.randint(1, 3), 0.3
        for side in (flow.received, flow.sent):
            codes = np.flatnonzero(np.diff(side.ptr))
            codes = codes[np.array([rng.random() < 0.8 for _ in codes], bool)]
            found, runs = (np.zeros((codes.size, n), np.int64) for n in (habits.SIDE, habits.BATCH))
            columns = (side.ptr, side.events, side.others, side.values, flow.time, flow.account_count)
            for a, b in ((0, codes.size // 2), (codes.size // 2, codes.size)):
                engine(habits).side(a, b, codes, *columns, wide, *month, found)
                engine(habits).batches(a, b, codes, *columns, least, alike, runs)
            for row, code in enumerate(codes.tolist()):
                part = slice(side.ptr[code], side.ptr[code + 1])
                listed = list(
                    zip(
                        [flow.names[o] for o in side.others[part].tolist()],
                        flow.time[side.events[part]].tolist(),
                        side.values[part].tolist(),
                        strict=True,
                    )
                )
                assert found[row].tolist() == slow_side(listed, wide, month)
                assert runs[row].tolist() == slow_batches(listed, least, alike)
            seen += np.concatenate([(found > 0).sum(axis=0), (runs > 0).sum(axis=0)])
    assert (seen > 20).all(), seen


# --- the simulator --------------------------------------------------------------------------------


def simulated(seed: int, days: int, *, names: bool) -> pl.DataFrame:
    made = gf.simulate(seed=seed, accounts=600 if days > 40 else 2000, days=days)
    frame = made.transfers.with_columns(
        pl.col("time").str.to_datetime(),
        paid=(pl.col("amount").cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64),
        paid_currency="currency",
    ).drop("amount", "currency", *(() if names else ("payer_name", "payee_name")))
    ledger = Ledger.from_frame(frame)
    types = gf.FlowGraph(ledger).flow.types
    return ledger.accounts.select("account").hstack(types.table()).join(made.accounts, on="account")


@pytest.mark.parametrize(("seed", "days", "names"), [(7, 30, True), (7, 30, False), (21, 30, False), (3, 70, False)])
def test_the_simulators_accounts_are_typed_right(seed: int, days: int, names: bool) -> None:
    table = simulated(seed, days, names=names)
    given = {kind: table.filter(pl.col("type") == kind) for kind in TYPES}
    crooked = table.filter(pl.col("role").str.starts_with("gang"))
    assert (
        not crooked["type"].is_in(["gateway", "merchant", "payroll", "landlord", "bank-internal", "tax-utility"]).any()
    )
    # nobody is typed what he is not; without names, cash machines look like a shop that many use
    assert set(given["payroll"]["kind"]) == {"employer"}
    assert set(given["landlord"]["kind"]) == {"landlord"}
    assert set(given["merchant"]["kind"]) <= ({"shop"} if names else {"shop", "cash"})
    assert given["merchant"].filter(pl.col("kind") == "shop").height >= 0.9 * (table["kind"] == "shop").sum()
    employers = table.filter(pl.col("kind") == "employer")
    wanted = employers if days > 60 else employers.filter(pl.col("role") == "trap:payroll")
    assert set(wanted["type"]) == {"payroll"}
    assert "landlord" in table.filter(pl.col("role") == "trap:landlord")["type"].to_list()
    if names or days == 30:
        assert given["gateway"]["kind"].to_list() == ["gateway"]
    if names:
        assert set(given["tax-utility"]["kind"]) == {"government", "utility"}
        assert set(given["bank-internal"]["kind"]) == {"cash"}
        assert set(given["exchange"]["role"]) == {"gang:otc"}


# --- what detectors and cases do with gateways ------------------------------------------------------

CHAIN = [("V", "A", 0, 1000), ("A", "B", 10, 990), ("B", "C", 20, 980), ("C", "D", 30, 970)]


def with_gateways(rows: Sequence[Sequence[object]], *accounts: str) -> gf.FlowGraph:
    known = AccountTypeNames(accounts=dict.fromkeys(accounts, "gateway"), source="test")
    return gf.FlowGraph(ledger_of(rows), types=known)


def test_a_chain_does_not_go_through_a_gateway_and_says_so() -> None:
    assert len(gf.detect(graph_of(CHAIN), [gf.MuleChain()])) == 1
    found = gf.detect(with_gateways(CHAIN, "B"), [gf.MuleChain()])
    assert list(found) == []
    line = "1 gateway not traversed (payment gateways and accounts of banks themselves, by type)"
    assert found.truncated == (f"mule-chain: {line}",)
    assert gf.detect(with_gateways(CHAIN, "B"), [gf.Cycle()]).truncated == (f"cycle: {line}",)


def test_a_chain_may_end_at_a_gateway_which_is_not_suspected() -> None:
    (finding,) = gf.detect(with_gateways(CHAIN, "D"), [gf.MuleChain()])
    assert finding.accounts == ("A", "B", "C")
    assert finding.transactions == ("t0", "t1", "t2", "t3")


def test_a_gateway_that_is_not_there_is_not_counted() -> None:
    graph = with_gateways([*CHAIN, ("X", "G", 50, 1)], "G")
    assert gf.detect(graph.flow_subgraph([0, 1, 2, 3]), [gf.MuleChain()]).truncated == ()


def check_cycles_without(rows: list[Row]) -> int:
    """Cycles beside gateways are those of the ledger without their transfers."""
    graph = with_gateways(rows, "A")
    loose = gf.Cycle(keep=0.0)
    apart = [k for k, (a, b) in enumerate(zip(graph.ledger.frame["payer"], graph.ledger.frame["payee"], strict=True))
             if "A" not in (a, b)]  # fmt: skip
    mine, wanted = gf.detect(graph, [loose]), gf.detect(gf.FlowGraph(graph.ledger).flow_subgraph(apart), [loose])
    assert [(f.transactions, f.accounts, f.reason) for f in mine] == [
        (f.transactions, f.accounts, f.reason) for f in wanted
    ]
    return len(mine)


def test_cycles_are_those_of_the_ledger_without_gateways() -> None:
    assert sum(check_cycles_without(random_rows(random.Random(seed), most=40)) for seed in range(150)) > 100


@EXAMPLES
@given(nasty_rows(most=30))
def test_cycles_are_those_of_any_ledger_without_gateways(rows: list[Row]) -> None:
    check_cycles_without(rows)


def test_a_gateway_joins_no_findings() -> None:
    """Two chains that end at one account, and a fan-in of it: with a gateway there they have nothing in common."""
    rows = [(f"{side}{k}", f"{side}{k + 1}" if k < 3 else "G", 10 * k, 1000 - k) for side in "AB" for k in range(4)]
    rows += [(f"P{k}", "G", 30 + k, 5) for k in range(4)]
    rules = [gf.MuleChain(), gf.FanIn()]
    together = gf.open_cases(graph_of(rows), gf.detect(graph_of(rows), rules))
    apart = gf.open_cases(with_gateways(rows, "G"), gf.detect(with_gateways(rows, "G"), rules))
    assert [len(case.findings) for case in together] == [3]
    assert [len(case.findings) for case in apart] == [1, 1, 1]


def test_analyze_takes_a_file_of_types_and_writes_them(tmp_path: Path) -> None:
    known = write(tmp_path, '[gateway]\naccounts = ["B", "nobody"]\n')
    rows = "".join(f"2026-01-05 09:{t:02}:00,{a},{b},{v}.00,CNY\n" for a, b, t, v in CHAIN)
    (tmp_path / "a.csv").write_text("time,payer,payee,amount,currency\n" + rows, encoding="utf-8")
    analysis = gf.analyze(tmp_path / "a.csv", types=known)
    assert not any("B" in finding.accounts for finding in analysis.findings)
    assert analysis.warnings[-1].endswith("1 listed account not in the ledger")
    out = gf.write_results(analysis, tmp_path / "out")
    table = pl.read_parquet(out / "accounts.parquet").filter(pl.col("account") == "B")
    assert table["type"].item() == "gateway"
    assert table["type_reason"].item().startswith("listed as gateway")
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["types"] == {"file": str(known), "off": [], "accounts": {"unknown": 4, "gateway": 1}}
    assert "gateway not traversed" in (out / "report.html").read_text(encoding="utf-8")


def test_the_command_takes_a_file_of_types(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from graphflow.cli import app

    known = write(tmp_path, '[bank-internal]\naccounts = ["nobody"]\n')
    command = ["analyze", str(ROOT / "samples" / "cycle.csv"), "--types", str(known), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert "1 listed account not in the ledger" in result.stderr
