"""Exports of chain explorers: several transfers of one hash, forged tokens, failures, fine decimals, look-alikes."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import examples

from graphflow.errors import SourceError
from graphflow.ledger import Ledger, major
from graphflow.read import read_ledger
from graphflow.read.dialects.tokens import CONTRACTS, plainly

TOKENS = [
    *("Txhash", "Blockno", "UnixTimestamp", "DateTime (UTC)", "From", "To", "TokenValue", "USDValueDayOfTx"),
    *("ContractAddress", "TokenName", "TokenSymbol"),
]
NATIVE = [
    *("Transaction Hash", "Blockno", "UnixTimestamp", "DateTime (UTC)", "From", "To", "ContractAddress"),
    *("Value_IN(ETH)", "Value_OUT(ETH)", "CurrentValue @ $3000/Eth", "TxnFee(ETH)", "TxnFee(USD)"),
    *("Historical $Price/Eth", "Status", "ErrCode", "Method"),
]
INTERNAL = [
    *("Txhash", "Blockno", "UnixTimestamp", "DateTime", "ParentTxFrom", "ParentTxTo", "ParentTxETH_Value", "From"),
    *("TxTo", "ContractAddress", "Value_IN(ETH)", "Value_OUT(ETH)", "CurrentValue @ $1/Eth", "Historical $Price/Eth"),
    *("Status", "ErrCode", "Type"),
]
TRON = ["Txn Hash", "Block", "Time(UTC)", "From", "To", "Token", "Amount/TokenID", "Result", "Status"]

ANN, BOB, SHOP = "0x" + "a1" * 20, "0x" + "b2" * 20, "0x" + "c3" * 20
LIKE_BOB = BOB[:6] + "9" * 32 + BOB[-4:]
USDT, FORGED = "0xdac17f958d2ee523a2206206994597c13d831ec7", "0x" + "66" * 20
TRON_USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
TOM, TIM = "T" + "Ab" * 16 + "c", "T" + "Cd" * 16 + "e"


def read(folder: Path, header: Sequence[str], *rows: Sequence[object], name: str = "a.csv", **options: Any) -> Ledger:
    path = folder / name
    with path.open("w", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    ledger = read_ledger(path, **options)
    source = ledger.sources[0]
    assert source.rows["read"] == ledger.height + ledger.rejected.height == len(rows)
    return ledger


def token(
    hash_: str, payer: str, payee: str, amount: str, *, contract: str = USDT, symbol: str = "USDT", second: int = 0
) -> list[object]:
    return [hash_, 1, 1_700_000_000 + second, "2023-11-14 22:13:20", payer, payee, amount, "$1", contract, "", symbol]


def native(
    hash_: str, payer: str, payee: str, came: str, went: str, *, made: str = "", status: str = "", code: str = ""
) -> list[object]:
    stamp = [1, 1_700_000_000, "2023-11-14 22:13:20"]
    return [hash_, *stamp, payer, payee, made, came, went, 1, "0.01", 30, 3000, status, code, "Transfer"]


def column(ledger: Ledger, name: str) -> list[Any]:
    values = ledger.frame[name]
    return values.cast(pl.String).to_list() if values.dtype == pl.Categorical else values.to_list()


def reasons(ledger: Ledger) -> list[str]:
    return ledger.rejected["reason"].to_list()


def warnings(ledger: Ledger) -> list[str]:
    return [text.split(": ", 1)[1] for text in ledger.warnings]


# --- Etherscan: tokens -----------------------------------------------------------------------------


def test_thousands_and_several_transfers_of_one_hash(tmp_path: Path) -> None:
    rows = [token("0x1", ANN, BOB, "1,000"), token("0x1", ANN, SHOP, "2.5"), token("0x1", ANN, BOB, "1,000")]
    ledger = read(tmp_path, TOKENS, *rows)
    assert ledger.sources[0].dialect == "etherscan"
    assert column(ledger, "paid") == [1_000_000_000, 2_500_000, 1_000_000_000]
    assert column(ledger, "tx") == [
        "0x1/USDT/a1a1a1>b2b2b2/1000",
        "0x1/USDT/a1a1a1>c3c3c3/2.5",
        "0x1/USDT/a1a1a1>b2b2b2/1000#2",
    ]
    assert column(ledger, "time")[0] == datetime.fromtimestamp(1_700_000_000, UTC)
    assert ledger.decimals == {"USDT": 6}
    assert warnings(ledger) == []


def test_one_transfer_in_the_exports_of_both_wallets_counts_once(tmp_path: Path) -> None:
    paths = [tmp_path / "ann.csv", tmp_path / "bob.csv"]
    theirs = [[token("0x1", ANN, SHOP, "7"), token("0x1", ANN, BOB, "5")], [token("0x1", ANN.upper(), BOB, "5.00")]]
    for path, rows in zip(paths, theirs, strict=True):
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([TOKENS, *rows])
    ledger = read_ledger(paths)
    assert sorted(column(ledger, "paid")) == [5_000_000, 7_000_000]
    assert ledger.sources[1].rows["duplicate"] == 1


@pytest.mark.parametrize("symbol", ["USDT", "usdt", "USD\u200bT", "UЅDТ", "USDT."])
def test_a_token_that_calls_itself_usdt_is_known_by_its_contract(tmp_path: Path, symbol: str) -> None:
    forged = token("0x1", ANN, BOB, "9000", contract=FORGED, symbol=symbol)
    ledger = read(tmp_path, TOKENS, forged, token("0x2", ANN, BOB, "5"))
    assert column(ledger, "paid") == [5_000_000]
    assert reasons(ledger) == [f"token contract {FORGED} is not that of USDT"]
    assert ledger.sources[0].rows["excluded"] == 1


def test_known_contracts_are_known_on_other_chains_and_in_mixed_case(tmp_path: Path) -> None:
    bnb_chain = "0x55d398326f99059fF775485246999027B3197955"
    ledger = read(tmp_path, TOKENS, token("0x1", ANN, BOB, "5", contract=bnb_chain, symbol="BSC-USD"))
    assert column(ledger, "paid_currency") == ["BSC-USD@0x55d39832"]
    ledger = read(tmp_path, TOKENS, token("0x1", ANN, BOB, "5", contract=bnb_chain))
    assert column(ledger, "paid_currency") == ["USDT"]


def test_tokens_of_one_name_are_never_added_up(tmp_path: Path) -> None:
    twin = FORGED[:-1] + "7"  # agrees with it in what is shown
    rows = [token("0x1", ANN, BOB, "1", contract=c, symbol="ABC") for c in (FORGED, "0x" + "77" * 20)]
    ledger = read(tmp_path, TOKENS, *rows)
    assert column(ledger, "paid_currency") == ["ABC@0x66666666", "ABC@0x77777777"]
    ledger = read(tmp_path, TOKENS, rows[0], token("0x2", ANN, BOB, "1", contract=twin, symbol="ABC"))
    assert column(ledger, "paid_currency") == [f"ABC@{FORGED}", f"ABC@{twin}"]


def test_an_older_export_names_no_contracts(tmp_path: Path) -> None:
    header = ["Txhash", "UnixTimestamp", "DateTime", "From", "To", "Value", "TokenName", "TokenSymbol"]
    ledger = read(
        tmp_path, header, ["0x1", 1_700_000_000, "2023-11-14 22:13:20", ANN, BOB, "1,234.5", "Tether", "USDT"]
    )
    assert (column(ledger, "paid"), column(ledger, "paid_currency")) == ([1_234_500_000], ["USDT"])
    assert warnings(ledger) == [
        "names no token contracts: symbols are taken at their word, forged ones (USDT, USDC, DAI, BUSD, WETH, WBTC) too"
    ]


def test_transfers_of_one_token_name_no_token(tmp_path: Path) -> None:
    header = ["Txhash", "Blockno", "UnixTimestamp", "DateTime", "From", "To", "Quantity", "Method"]
    row = ["0x1", 1, 1_700_000_000, "11/14/23 22:13", ANN, BOB, "6,000,000", "Swapin"]
    ledger = read(tmp_path, header, row, currency="USDT")
    assert (column(ledger, "paid"), column(ledger, "paid_currency")) == ([6_000_000_000_000], ["USDT"])
    assert column(ledger, "channel") == ["Swapin"]


def test_decimals_that_cannot_be_counted(tmp_path: Path) -> None:
    rows = [
        token("0x1", ANN, BOB, "1.123456789012345678", contract=FORGED, symbol="ABC"),
        token("0x2", ANN, BOB, "0.0000001", contract=FORGED, symbol="ABC"),
        token("0x3", ANN, BOB, "10,000,000,000,000", contract=FORGED, symbol="ABC"),
        token("0x4", ANN, BOB, "1" + "0" * 40, contract=FORGED, symbol="ABC"),
        token("0x5", ANN, BOB, "much", contract=FORGED, symbol="ABC"),
        token("0x6", ANN, BOB, "1E-3", contract=FORGED, symbol="ABC"),
        token("0x7", ANN, BOB, "0", contract=FORGED, symbol="ABC"),
    ]
    ledger = read(tmp_path, TOKENS, *rows)
    assert column(ledger, "paid") == [1_123_457, 1_000]
    assert reasons(ledger) == [
        "too little to be counted in 6 decimals",
        "too large to be counted in 6 decimals",
        "too large to be counted in 6 decimals",
        "not an amount (digits, at most 8 decimals, 64 bits of minor units)",
        "zero amount: nothing moved",
    ]
    assert warnings(ledger) == [
        "2 amounts have more decimals than can be counted and are rounded "
        "(8 are kept of a chain's own coin, 6 of tokens)"
    ]


def test_look_alike_addresses_are_marked_and_dropped_only_where_nothing_moved(tmp_path: Path) -> None:
    rows = [
        token("0x1", ANN, BOB, "100", second=0),
        token("0x2", LIKE_BOB, ANN, "0", second=60),
        token("0x3", LIKE_BOB, ANN, "0.001", second=61),
        token("0x4", ANN, LIKE_BOB, "5,000", second=120),
        token("0x5", SHOP, ANN, "0", second=130),
    ]
    ledger = read(tmp_path, TOKENS, *rows)
    mark = f"look-alike of {BOB}"
    assert column(ledger, "memo") == [None, mark, mark]
    assert column(ledger, "payee")[2] == LIKE_BOB
    assert reasons(ledger) == [f"zero amount, {mark}: address poisoning", "zero amount: nothing moved"]
    assert warnings(ledger) == ["3 rows are of addresses that look like another counterparty: see their memo"]


def test_the_real_address_is_the_one_that_moved_a_real_amount_first(tmp_path: Path) -> None:
    rows = [token("0x1", LIKE_BOB, ANN, "0.001"), token("0x2", ANN, BOB, "100", second=9)]
    assert column(read(tmp_path, TOKENS, *rows), "memo") == [f"look-alike of {BOB}", None]
    rows = [token("0x1", LIKE_BOB, ANN, "0.001"), token("0x2", ANN, BOB, "0.001", second=9)]
    assert column(read(tmp_path, TOKENS, *rows), "memo") == [None, None]


def test_zeros_that_addresses_begin_with_make_them_no_look_alikes(tmp_path: Path) -> None:
    one, other = ("0x0000" + digit * 32 + "beef" for digit in "12")
    ledger = read(tmp_path, TOKENS, token("0x1", ANN, one, "1"), token("0x2", ANN, other, "1", second=9))
    assert column(ledger, "memo") == [None, None]


def test_addresses_are_read_in_lower_case(tmp_path: Path) -> None:
    ledger = read(tmp_path, TOKENS, token("0x1", "0x" + "A1" * 20, BOB, "1"), token("0x2", ANN, "bob.eth", "1"))
    assert (column(ledger, "payer"), column(ledger, "payee")) == ([ANN, ANN], [BOB, "bob.eth"])
    assert warnings(ledger) == ["1 rows have addresses in mixed case, which are read in lower case"]


# --- Etherscan: the chain's own coin -------------------------------------------------------------------


def test_native_transactions(tmp_path: Path) -> None:
    rows = [
        native("0x1", ANN, BOB, "0", "1,234.123456789012345678"),
        native("0x2", BOB, ANN, "2", "0"),
        native("0x3", ANN, "", "0", "0.5", made=SHOP),
        native("0x4", ANN, SHOP, "0", "0"),
        native("0x5", ANN, BOB, "0", "9", status="Error(0)", code="Out of gas"),
        native("0x6", ANN, BOB, "0", "9", code="Reverted"),
        native("0x7", ANN, BOB, "0", "9", status="perhaps"),
        native("0x8", ANN, BOB, "3", "4"),
    ]
    ledger = read(tmp_path, NATIVE, *rows)
    assert column(ledger, "tx") == ["0x1", "0x2", "0x3"]
    assert column(ledger, "payee") == [BOB, ANN, SHOP]
    assert (column(ledger, "paid"), ledger.decimals) == ([123_412_345_679, 200_000_000, 50_000_000], {"ETH": 8})
    assert reasons(ledger) == [
        "zero amount: nothing moved",
        "the transaction failed (Error(0)): nothing moved",
        "the transaction failed (Reverted): nothing moved",
        "neither success nor failure that is known: perhaps",
        "an amount came in and another went out: which of them moved is not said",
    ]
    assert ledger.sources[0].rows["excluded"] == 3
    assert ledger.sources[0].columns["paid"] == "Value_IN(ETH) / Value_OUT(ETH)"


def test_other_chains_have_their_own_coin(tmp_path: Path) -> None:
    header = [name.replace("ETH", "BNB").replace("Eth", "BNB") for name in NATIVE]
    assert read(tmp_path, header, native("0x1", ANN, BOB, "1", "0")).currencies == ["BNB"]


def test_internal_transactions(tmp_path: Path) -> None:
    def row(payee: str, amount: str, status: str) -> list[object]:
        stamp = ["0x1", 1, 1_700_000_000, "2023-11-14 22:13:20"]
        return [*stamp, ANN, SHOP, "0", SHOP, payee, "", amount, "0", 1, 3000, status, "", "call"]

    ledger = read(tmp_path, INTERNAL, row(ANN, "1", "0"), row(BOB, "2", "0"), row(BOB, "2", "1"))
    assert column(ledger, "tx") == ["0x1/ETH/c3c3c3>a1a1a1/1", "0x1/ETH/c3c3c3>b2b2b2/2"]
    assert reasons(ledger) == ["the transaction failed (Error(1)): nothing moved"]


def test_times_without_a_number_are_utc_as_the_header_says(tmp_path: Path) -> None:
    header = ["Txhash", "DateTime (UTC)", "From", "To", "Value_IN(ETH)", "Value_OUT(ETH)"]
    row = ["0x1", "2024-01-16 10:00:00", ANN, BOB, "1", "0"]
    ledger = read(tmp_path, header, row, timezone="Asia/Shanghai")
    assert column(ledger, "time") == [datetime(2024, 1, 16, 10, tzinfo=UTC)]


def test_what_a_page_shows_has_its_unit_behind_the_amount(tmp_path: Path) -> None:
    header = [
        *("Transaction Hash", "Status", "Method", "Blockno", "DateTime (UTC)", "From", "From_Nametag", "To"),
        *("To_Nametag", "Amount", "Value (USD)", "Txn Fee"),
    ]
    row = ["0x1", "Success", "Transfer", 1, "2024-01-16 10:00:00", ANN, "", BOB, "Kiosk", "1.5 ETH", "$1", "0.01"]
    ledger = read(tmp_path, header, row)
    assert (column(ledger, "paid"), column(ledger, "paid_currency"), column(ledger, "tx")) == ([150], ["ETH"], ["0x1"])
    assert column(ledger, "payee_name") == ["Kiosk"]
    ledger = read(tmp_path, header, row, [*row[:9], "7 wei", "$1", "0.01"])
    assert reasons(ledger) == ["an amount in wei, not in coins"]


def test_collectibles_are_no_amounts(tmp_path: Path) -> None:
    header = [name if name != "TokenValue" else "TokenId" for name in TOKENS]
    with pytest.raises(SourceError, match=r"a.csv: is an export of collectibles \(a token id in each row\), not of"):
        read(tmp_path, header, token("0x1", ANN, BOB, "7"), dialect="etherscan")


def test_short_rows_are_listed(tmp_path: Path) -> None:
    ledger = read(tmp_path, TOKENS, token("0x1", ANN, BOB, "7"), token("0x2", ANN, BOB, "7")[:5])
    assert reasons(ledger) == ["another number of fields than 11"]


def test_only_failures_are_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, NATIVE, native("0x1", ANN, BOB, "0", "9", code="Reverted"))
    assert str(error.value).endswith(
        "a.csv: none of its 1 rows is a transfer; row 1: line: the transaction failed (Reverted): nothing moved"
    )


def test_one_time_that_is_none_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    bad = token("0x2", ANN, BOB, "1")
    bad[2] = "soon"
    ledger = read(tmp_path, TOKENS, token("0x1", ANN, BOB, "1"), bad)
    assert ledger.rejected.select("value", "reason").rows() == [("soon", "not a time as %Y-%m-%d %H:%M:%S%#z")]


# --- there and back --------------------------------------------------------------------------------

ADDRESS = st.integers(0, 16**6).map("0x{:034x}".format).map(lambda text: text + "beef00")
TRANSFER = st.tuples(st.integers(0, 50), ADDRESS, ADDRESS, st.integers(1, 10**15), st.sampled_from(sorted(CONTRACTS)))


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(TRANSFER, min_size=1, max_size=30))
def test_what_is_written_as_etherscan_is_read_back(rows: list[tuple[int, str, str, int, str]]) -> None:
    text = io.StringIO()
    listed = [
        token(
            f"0x{second % 7}",
            payer,
            payee,
            major(units, 6),
            contract=min(CONTRACTS[symbol]),
            symbol=symbol,
            second=second,
        )
        for second, payer, payee, units, symbol in rows
    ]
    csv.writer(text).writerows([TOKENS, *listed])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(text.getvalue())
        ledger = read_ledger(path)
    expected = [
        (
            datetime.fromtimestamp(1_700_000_000, UTC) + timedelta(seconds=second),
            payer,
            payee,
            Decimal(units) / 10**6,
            symbol,
        )
        for second, payer, payee, units, symbol in rows
    ]
    got = [
        (time, payer, payee, Decimal(paid) / 10 ** ledger.decimals[unit], unit)
        for time, payer, payee, paid, unit in zip(
            *(column(ledger, name) for name in ("time", "payer", "payee", "paid", "paid_currency")), strict=True
        )
    ]
    assert got == sorted(expected, key=lambda row: row[0])
    assert not ledger.rejected.height


# --- TronScan --------------------------------------------------------------------------------------


def tron(hash_: str, coin: str, amount: str, *, result: str = "SUCCESS", status: str = "CONFIRMED") -> list[object]:
    return [hash_, 1, "2024-03-05 12:00:00", TOM, TIM, coin, amount, result, status]


def test_tronscan(tmp_path: Path) -> None:
    rows = [
        tron("a", f"Tether USD(USDT)({TRON_USDT})", "1,000.5"),
        tron("b", f"USDT({TRON_USDT[:-1]}u)", "9"),
        tron("c", "TRX", "7.123456"),
        tron("d", "TRX", "7", result="REVERT"),
        tron("e", "1002000", "7"),
        tron("f", "TRX", "7", status="UNCONFIRMED"),
    ]
    ledger = read(tmp_path, TRON, *rows, timezone="Asia/Shanghai")
    assert ledger.sources[0].dialect == "tronscan"
    assert column(ledger, "time")[0] == datetime(2024, 3, 5, 12, tzinfo=UTC)
    assert column(ledger, "payer") == [TOM] * 3
    assert column(ledger, "paid_currency") == ["USDT", "TRX", "TRC10 1002000"]
    assert [ledger.decimals[unit] for unit in ("USDT", "TRX", "TRC10 1002000")] == [6, 6, 2]
    assert column(ledger, "paid") == [1_000_500_000, 7_123_456, 700]
    assert reasons(ledger) == [
        f"token contract {TRON_USDT[:-1]}u is not that of USDT",
        "the transaction failed (REVERT): nothing moved",
        "the transaction was not settled when it was exported (UNCONFIRMED)",
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (
            ["Transaction Hash", "Block", "Time (UTC)", "From", "To", "Amount", "Token"],
            ["a", 1, "2024/03/05 12:00:00", TOM, TIM, "12.5 USDT", ""],
        ),
        (
            [
                "transaction_id",
                "block_ts",
                "from_address",
                "to_address",
                "quantity",
                "Token Symbol",
                "Contract Address",
                "timestamp",
            ],
            ["a", 1, TOM, TIM, "12.5", "USDT", TRON_USDT, 1_709_640_000_000],
        ),
        (["hash", "date", "from", "to", "amount", "symbol"], ["a", "2024-03-05 12:00:00", TOM, TIM, "12.5", "USDT"]),
    ],
)
def test_headers_that_tronscan_has_had(tmp_path: Path, header: list[str], row: list[object]) -> None:
    ledger = read(tmp_path, header, row)
    assert ledger.sources[0].dialect == "tronscan"
    assert (column(ledger, "paid"), column(ledger, "paid_currency")) == ([12_500_000], ["USDT"])
    assert column(ledger, "time") == [datetime(2024, 3, 5, 12, tzinfo=UTC)]
    assert bool(warnings(ledger)) is ("Contract Address" not in header)


def test_other_files_of_these_columns_are_plain(tmp_path: Path) -> None:
    header = ["transaction_id", "timestamp", "from", "to", "amount"]
    ledger = read(tmp_path, header, ["a", "2024-03-05 12:00:00", "Tom", "Tim", "12.5"], currency="EUR")
    assert ledger.sources[0].dialect == "plain"


def test_what_symbols_are_meant_to_be_read_as() -> None:
    assert [plainly(text) for text in ("usdc", "$USDC", "USDС", "ＵＳＤＣ", "USDC.e")] == ["USDC"] * 4 + ["USDC.E"]
