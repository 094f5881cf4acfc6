"""Who does the tasks: threads of this process, processes of this machine, or the workers of a Dask cluster.

All are engines of others; scheduling and retries are theirs. What is done is on disk, so whoever is killed loses at
most the piece it was at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol

from graphflow.errors import GraphflowError, SourceError
from graphflow.scale.tasks import Done, Task, run, run_alone

Tell = Callable[[Done], None]

_TRIES = 30
"""How often a pool of processes is made anew when one of them was killed, before it is given up."""


class Executor(Protocol):
    """Does tasks in any order, and tells of each that is done."""

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        """Do all of them. Raises `GraphflowError` in one line when that cannot be."""
        ...


@dataclass(frozen=True)
class Threads:
    """Threads of this process: so many tasks at a time, each with threads of its own for what takes long.

    One at a time is hardly slower and needs least memory.
    """

    workers: int = 1

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        pool = ThreadPoolExecutor(self.workers)
        try:
            for done in as_completed([pool.submit(run, task) for task in tasks]):
                tell(done.result())
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Processes:
    """Processes of this machine. One that is killed is replaced, and its task done again."""

    workers: int = 0

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        left = dict.fromkeys(tasks)
        for _ in range(_TRIES):
            try:
                self._round(left, tell)
            except BrokenProcessPool:
                continue
            return
        raise GraphflowError(f"worker processes died {_TRIES} times; what is done is kept: --resume goes on from there")

    def _round(self, left: dict[Task, None], tell: Tell) -> None:
        pool = ProcessPoolExecutor(self.workers or os.cpu_count(), mp_context=get_context("spawn"))
        try:
            futures: list[Future[Done]] = [pool.submit(run_alone, task) for task in left]
            for future in as_completed(futures):
                done = future.result()
                del left[done.task]
                tell(done)
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Dask:
    """The workers of a Dask cluster: those of a scheduler, or `workers` processes of this machine.

    scheduler  its address ("tcp://host:8786"); empty: a cluster of this machine. Workers need graphflow of the same
               version, and the store and the work folder under the same paths
    """

    scheduler: str = ""
    workers: int = 0

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        distributed = _distributed()
        own = None
        try:
            if not self.scheduler:
                own = distributed.LocalCluster(
                    n_workers=self.workers or os.cpu_count(), threads_per_worker=1, dashboard_address=None
                )
            client = distributed.Client(own or self.scheduler, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:  # a timeout is an OSError
            raise SourceError(f"{self.scheduler}: no scheduler answers ({_first_line(error)})") from error
        try:
            with client.as_current():
                for future in distributed.as_completed(client.map(run_alone, tasks, pure=False, retries=_TRIES)):
                    tell(future.result())
                    future.release()
        finally:
            client.close()
            if own is not None:
                own.close()


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise GraphflowError('Dask is not installed: pip install "graphflow[cluster]"') from None
    return distributed


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
