"""Damaged files of the dialects with columns of their own: refused in one line, or every row accounted for."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import test_read_explorers as explorers
import test_read_ncrp as portal
import test_read_research as research

from graphflow.errors import SourceError
from graphflow.read import read_ledger


def text(header: Sequence[str], *rows: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


_TOKENS = [
    explorers.token(f"0x{k % 3}", explorers.ANN, explorers.LIKE_BOB if k % 2 else explorers.BOB, "1,000.123456789")
    for k in range(8)
]
SOUND = [
    text(explorers.TOKENS, *_TOKENS),
    text(explorers.NATIVE, *(explorers.native(f"0x{k}", explorers.ANN, explorers.BOB, "0", "1.5") for k in range(8))),
    text(explorers.TRON, *(explorers.tron("a", f"USDT({explorers.TRON_USDT})", "1,000.5") for _ in range(8))),
    text(portal.TRANSFERS, *(portal.transfer("1", "1", "2", "01/08/2026 10:00", "5") for _ in range(8))),
    research.PAYSIM + "\n" + "1,PAYMENT,9839.64,C1,170136.0,160296.36,M1,0.0,0.0,0,0\n" * 8,
    research.SAML_D + "\n" + "10:35:19,2022-10-07,87,76,14.15,UK pounds,Yen,UK,UK,ACH,0,Normal\n" * 8,
    research.TX_LOG + "\n" + "3,TRANSFER,12.5,7,100,87.5,8,0,12.5,1,4\n" * 8,
    research.GENTEX_LOG + "\n" + "31,TRANSFER,10,5,bank_a,1,1,100,90,6,bank_b,1,1,0,10,0,-1,single\n" * 8,
]
BITS = ['"', ",", "\n", "\0", "é", "-", "9" * 40, "0x", "TRX", "1e308", "NaN", "[", "\u202e", "\xa0", "{}", "$1", "\\"]


def damaged(rng: random.Random) -> bytes:
    """A sound file with a few bits put in or taken out, its columns in another order, or its end cut off."""
    header, _, body = rng.choice(SOUND).partition("\n")
    letters = list(body)
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(letters) + 1)
        letters[at : at + rng.choice([0, 1, 8])] = rng.choice([*BITS, ""])
    names = header.split(",")
    if rng.random() < 0.2:
        rng.shuffle(names)
    if rng.random() < 0.1:
        names.pop(rng.randrange(len(names)))
    data = f"{','.join(names)}\n{''.join(letters)}".encode()
    return data[: rng.randrange(1, len(data))] if rng.random() < 0.1 else data


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_damaged_exports_are_accounted_for_or_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    read, complaints = 0, list[str]()
    for number in range(60):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(damaged(rng))
        try:
            ledger = read_ledger(path)
        except SourceError as error:
            complaints.append(str(error))
            continue
        read += 1
        assert ledger.sources[0].rows["read"] == ledger.height + ledger.rejected.height
        assert ledger.rejected["reason"].null_count() == 0
    assert read > 10
    assert not any("\n" in complaint for complaint in complaints)
