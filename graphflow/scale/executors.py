"""Who does the tasks: threads of this process, processes of this machine, or the workers of a Dask cluster.

All are engines of others; scheduling and retries are theirs. What is done is on disk, so whoever is killed loses at
most the piece it was at.

A bank that has Spark needs no more than an executor of its own for `graphflow.scale.analyzing.Scale(executor=...)`:

    class Spark:
        def __init__(self, session):
            self.session = session

        def run(self, tasks, tell):
            def work(batches):
                for number in (number for batch in batches for number in batch.column("id").to_pylist()):
                    done = run_alone(tasks[number])
                    told = {"id": [number], "rows": [done.rows], "seconds": [done.seconds], "peak_mb": [done.peak_mb]}
                    yield pyarrow.RecordBatch.from_pydict(told)

            numbers = self.session.range(0, len(tasks), 1, len(tasks))  # one task a partition; nothing is shuffled
            said = numbers.mapInArrow(work, "id long, rows long, seconds double, peak_mb long")
            for row in said.toLocalIterator():
                tell(Done(tasks[row.id], row.rows, row.seconds, row.peak_mb))

Only numbers go through Spark, so none of its types come in the way. Workers need graphflow of the same version
(`PYSPARK_PYTHON`), pandas before 3, and the store and the work folder under the same paths. `local[2]` gives up at the
first failure: `local[2,4]` tries four times. It was run once by hand; no test of graphflow runs Spark.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from threading import Thread
from typing import Any, Protocol

from graphflow.errors import GraphflowError, SourceError
from graphflow.scale.tasks import Done, Task, run, run_alone

Tell = Callable[[Done], None]

_TRIES = 30
"""How often a pool of processes is made anew when one of them was killed, before it is given up."""
_STARTS = 4
"""How often a local cluster is started."""
_PATIENCE = 15
"""Seconds that a scheduler and its first worker have to answer."""


class Executor(Protocol):
    """Does tasks in any order, and tells of each that is done."""

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        """Do all of them. Raises `GraphflowError` in one line when that cannot be."""
        ...


@dataclass(frozen=True)
class Threads:
    """Threads of this process: so many tasks at a time, each with threads of its own for what takes long.

    One at a time needs least memory.
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
        pool = ProcessPoolExecutor(
            self.workers or os.cpu_count(), mp_context=get_context("spawn"), initializer=_end_with_parent
        )
        try:
            with _deaf_children():
                futures: list[Future[Done]] = [pool.submit(run_alone, task) for task in left]
            for future in as_completed(futures):
                done = future.result()
                del left[done.task]
                tell(done)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started here do not hear Ctrl-C: who started them does, and lets them finish what they are at."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would lift the block when it starts with the first of them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """A worker whose parent is gone waits for work that never comes, and holds memory."""
    Thread(target=_end_after, args=[parent_process()], daemon=True).start()


def _end_after(parent: Any) -> None:
    parent.join()
    os._exit(1)


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
        with self._client(distributed) as client:
            try:
                self._all(distributed, client, tasks, tell)
            except (CancelledError, OSError) as error:  # an error of a task is a GraphflowError
                raise GraphflowError(
                    f"{self._named}: the scheduler is gone ({_first_line(error)}); what is done is kept: --resume goes "
                    "on from there"
                ) from error

    @property
    def _named(self) -> str:
        return self.scheduler or "local cluster"

    def _all(self, distributed: Any, client: Any, tasks: Sequence[Task], tell: Tell) -> None:
        """Have the tasks done; one is asked for again when workers died of it, or with it."""
        asked = {future: task for task, future in zip(tasks, client.map(run_alone, tasks, pure=False), strict=True)}
        waiting, tries = distributed.as_completed(list(asked), loop=client.loop), 0
        for future in waiting:
            task = asked.pop(future)
            try:
                done = future.result()
            except distributed.KilledWorker:
                tries += 1
                if tries > _TRIES:
                    raise GraphflowError(
                        f"{self._named}: workers died {tries} times; what is done is kept: --resume goes on from there"
                    ) from None
                again = client.submit(run_alone, task, pure=False)
                asked[again] = task
                waiting.add(again)
                continue
            except (ImportError, AttributeError) as error:
                raise GraphflowError(
                    f"{self._named}: workers cannot run graphflow ({_first_line(error)}); have the same version there"
                ) from error
            tell(done)
            future.release()

    @contextmanager
    def _client(self, distributed: Any) -> Iterator[Any]:
        with ExitStack() as stack:
            try:
                with _deaf_children():
                    own = None if self.scheduler else self._own(distributed, stack)
                client = stack.enter_context(
                    distributed.Client(own or self.scheduler, timeout=_PATIENCE, set_as_default=False)
                )
                client.wait_for_workers(1, timeout=_PATIENCE)
            except (OSError, ValueError) as error:  # a timeout is an OSError
                raise SourceError(f"{self._named}: no scheduler with workers answers ({_first_line(error)})") from error
            yield client

    def _own(self, distributed: Any, stack: ExitStack) -> Any:
        """A cluster of this machine. A worker that is killed while it starts takes it down: once more then."""
        for _ in range(_STARTS):
            with suppress(RuntimeError):
                own = distributed.LocalCluster(
                    n_workers=self.workers or os.cpu_count(), threads_per_worker=1, dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )  # fmt: skip
                return stack.enter_context(own)
        raise GraphflowError(f"local cluster: workers died {_STARTS} times while they started")


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise GraphflowError('Dask is not installed: pip install "graphflow[cluster]"') from None
    return distributed


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
