"""The command line with pieces so small that a small store has many: `python small_pieces.py analyze STORE …`."""

from __future__ import annotations

from functools import partial

from graphflow.cli import main
from graphflow.scale import choosing

if __name__ == "__main__":  # workers import this file
    choosing.Scale = partial(choosing.Scale, bucket=700, stretch=700)  # type: ignore[misc, assignment]
    main()
