"""What accounts hold in each currency: before the first payment, and after the last."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.engine import kernel

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@kernel(
    "void(int32[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1], boolean[::1], boolean[::1], "
    "int64[::1], int64[::1], boolean[::1])"
)
def balances(
    payer: Ints, payee: Ints, paid: Longs, received: Longs, payer_balance: Longs, payee_balance: Longs,
    payer_stated: Bools, payee_stated: Bools, opening: Longs, balance: Longs, told: Bools,
) -> None:  # fmt: skip
    """Fill the opening and the last balance of each pot, and whether a statement tells them.

    payer_balance, payee_balance  after the payment, where `payer_stated`, `payee_stated`
    told      pots that come in with an opening balance (and that as `balance`)
    A pot that no statement tells opens at zero, and pays from elsewhere what it does not hold.
    """
    moved = np.zeros(opening.size, np.int64)
    for k in range(payer.size):
        a, b, p, r = payer[k], payee[k], paid[k], received[k]
        moved[a] -= p
        if payer_stated[k]:
            if not told[a]:
                told[a], opening[a] = True, payer_balance[k] - moved[a]
            balance[a] = payer_balance[k]
        elif told[a]:
            balance[a] -= p
        elif a != b:
            balance[a] = max(0, balance[a] - p)
        moved[b] += r
        if payee_stated[k]:
            if not told[b]:
                told[b], opening[b] = True, payee_balance[k] - moved[b]
            balance[b] = payee_balance[k]
        elif told[b] or a != b:
            balance[b] += r
