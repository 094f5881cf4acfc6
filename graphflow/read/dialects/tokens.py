"""Which token a row of a chain explorer moves: anyone may call a token USDT, so its contract decides.

A symbol that belongs to a known token and stands beside another contract is a forgery, and its rows move nothing of
worth. A token not known here keeps its symbol with the start of its contract (`ABC@0x12345678`), so that two tokens of
one name are never added up. The known contracts are those their issuers publish (tether.to, circle.com, the token
pages of etherscan.io, bscscan.com, polygonscan.com, arbiscan.io, optimistic.etherscan.io, basescan.org, snowtrace.io
and tronscan.org); one symbol stands for a token on each chain its issuer or the chain's bridge serves.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping

import polars as pl

_KNOWN = {
    "USDT": """
        0xdac17f958d2ee523a2206206994597c13d831ec7 0x55d398326f99059ff775485246999027b3197955
        0xc2132d05d31c914a87c6611c10748aeb04b58e8f 0xfd086bc7cd5c481dcc9c85ebe478a1c0b69fcbb9
        0x94b008aa00579c1307b0ef2c499ad98a8ce58e58 0x9702230a8ea53601f5cd2dc00fdbc13d4df4a8c7
        TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t""",
    "USDC": """
        0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48 0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d
        0x3c499c542cef5e3811e1192ce70d8cc03d5c3359 0x2791bca1f2de4661ed88a30c99a7a9449aa84174
        0xaf88d065e77c8cc2239327c5edb3a432268e5831 0x0b2c639c533813f4aa9d7837caf62653d097ff85
        0x833589fcd6edb6e08f4c7c32d4f71b54bda02913 0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e
        TEkxiTehnzSmSe2XqrBj4w32RUN966rdz8""",
    "DAI": """
        0x6b175474e89094c44da98b954eedeac495271d0f 0x1af3f329e8be154074d8769d1ffa4ee058b1dbc3
        0x8f3cf7ad23cd3cadbd9735aff958023239c6a063""",
    "BUSD": "0x4fabb145d64652a948d72533023f6e7a623c7c53 0xe9e7cea3dedca5984780bafc599bd69add087d56",
    "WETH": """
        0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2 0x7ceb23fd6bc0add59e62ac25578270cff1b9f619
        0x82af49447d8a07e3bd95bd0d56f35241523fbab1 0x4200000000000000000000000000000000000006""",
    "WBTC": "0x2260fac5e5542a773aa44fbcfedf7c193bc2c599 0x1bfd67037b42cf73acf2047067bd4f2c47d9bfd6",
}
CONTRACTS: Mapping[str, frozenset[str]] = {symbol: frozenset(text.split()) for symbol, text in _KNOWN.items()}
"""Symbol → its contracts on Ethereum, BNB Chain, Polygon, Arbitrum, Optimism, Base, Avalanche and TRON."""

FORGED = "token contract {} is not that of {}"

# Letters of other alphabets that look like Latin capitals, as forgers of symbols use them.
_LIKE = str.maketrans("АВСЕНІЈКМОРЅТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧЦ", "ABCEHIJKMOPSTXYABEZHIKMNOPTYXU")
_SHOWN = 10
_LONGEST = 24


def judged(pairs: pl.DataFrame) -> pl.DataFrame:
    """Each `symbol` and `contract` with the `paid_currency` it is, or the reason in `excluded`."""
    starts = Counter((symbol, _start(contract)) for symbol, contract in pairs.iter_rows())
    rows = [(symbol, contract, *_judge(symbol, contract, starts)) for symbol, contract in pairs.iter_rows()]
    names = ("symbol", "contract", "paid_currency", "excluded")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _judge(
    symbol: str | None, contract: str | None, starts: Counter[tuple[str | None, str | None]]
) -> tuple[str | None, str | None]:
    """The currency of a token and, where it is forged, why it does not count."""
    if contract is None:
        return symbol, None
    meant = plainly(symbol or "")
    if meant in CONTRACTS:
        return (meant, None) if contract in CONTRACTS[meant] else (symbol, FORGED.format(contract, meant))
    short = _start(contract) if starts[symbol, _start(contract)] == 1 else contract
    name = " ".join((symbol or "token").split())
    return f"{name if len(name) <= _LONGEST else name[:_LONGEST] + '…'}@{short}", None


def _start(contract: str | None) -> str | None:
    return contract and contract[:_SHOWN]


def plainly(symbol: str) -> str:
    """The known symbol that a text is meant to be read as: in capitals, without what cannot be seen.

    >>> plainly("usd\\u200bt"), plainly("U\\u0405DT"), plainly("USD Coin")
    ('USDT', 'USDT', 'USD COIN')
    """
    text = unicodedata.normalize("NFKC", symbol).upper().translate(_LIKE)
    seen = (c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Mn"))
    return "".join(seen).strip(" $.")
