"""How long the steps of a run took, and how much memory they needed."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_WORTH_IT = 100_000
_ARENA_MAX = -8
"""`M_ARENA_MAX` of malloc.h: by default a process has eight arenas a core, and what one frees no other uses."""


@dataclass(frozen=True)
class Stage:
    """One step of a run: how long it took, and the most memory the process had used by its end."""

    name: str
    seconds: float
    peak_rss_mb: int


@dataclass
class Clock:
    """Collects the stages of a run."""

    stages: list[Stage] = field(default_factory=list)
    tell: Callable[[str], None] = lambda name: None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as one stage."""
        self.tell(name)
        start = time.perf_counter()
        yield
        self.stages.append(Stage(name, round(time.perf_counter() - start, 3), peak_rss_mb()))


def few_arenas() -> None:
    """Have threads share what memory they gave back, where the C library keeps it for each of them (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def give_back(rows: int) -> None:
    """Give memory that is no longer used back to the system, where its C library can (Linux); it keeps it otherwise.

    rows  transfers that were looked at: few are not worth the time
    """
    if rows >= _WORTH_IT:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def peak_rss_mb() -> int:
    """The most memory this process has used, in MiB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10
