"""Stretches of combinations measured somewhere: in this process, on all cores, or on a distributed engine.

Whatever measures them, a stretch gives the same numbers, and they are put together in the order of combinations.
Processes are spawned, never forked, read the bars once, and compute on one thread each.
"""

import logging
import multiprocessing
import os
import pickle
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.backtest.tried import Job, Measured, stretches
from monitor.backtest.watch import Watch
from monitor.config import single_threaded
from monitor.errors import MonitorError, UnreachableError, UsageError

SMALL = 400
"""Fewer combinations than this are measured before processes have started."""
SIZE = 200
"""So many combinations at once, on a distributed engine at least."""
DASK = "dask"
ADDRESS = r"(tcp|tls)://[^\s/]+:\d+\Z"

Measure = Callable[[int, int], "Future[Measured]"]


def measured(job: Job, *, engine: str, processes: int | None, watch: Watch) -> list[Measured]:
    """All stretches of combinations in their order; fewer of them where whoever watches ends it early."""
    count = job.choices.count
    if engine.partition(":")[0] == DASK:
        opened, size = _dask(job, engine, processes or cores()), SIZE
    elif engine != "local":
        raise UsageError(f'no engine "{engine}": local, {DASK}, or {DASK}:tcp://host:8786')
    elif (processes or cores()) == 1 or count < SMALL:
        parts = list(stretches(count, SIZE // 4))
        return [job.measure(*part) for part in watch(parts, _label(SIZE // 4))]
    else:
        opened = _pool(job, processes or cores())
        size = max(min(SIZE, count // (4 * (processes or cores()))), 1)
    try:
        with opened as measure:
            return _gathered(measure, list(stretches(count, size)), watch, _label(size))
    except BrokenExecutor as error:
        raise MonitorError(
            f"a process that measured combinations was ended from outside ({error}); where memory is short, take "
            "fewer --processes"
        ) from None


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _label(size: int) -> str:
    return f"{size} combinations each"


def _gathered(measure: Measure, parts: Sequence[tuple[int, int]], watch: Watch, label: str) -> list[Measured]:
    with _deaf():
        futures = [measure(*part) for part in parts]
    done = [future.result() for future in watch(futures, label)]
    for future in futures[len(done) :]:
        future.cancel()
    return done


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes started meanwhile never hear Ctrl-C, which is the business of the one that started them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # or it starts with the first process, and lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# --- processes


_JOBS: list[Job] = []
"""What a process was started with; empty in any other."""


def _begin(file: Path) -> None:
    """Once in each process: what to measure."""
    _JOBS[:] = [pickle.loads(file.read_bytes())]  # noqa: S301 - of our own parent, in a folder nobody else may enter


def _measure_here(first: int, stop: int) -> Measured:
    return _JOBS[0].measure(first, stop)


@contextmanager
def _pool(job: Job, processes: int) -> Iterator[Measure]:
    spawn = multiprocessing.get_context("spawn")
    with single_threaded(), TemporaryDirectory(prefix="metalwatch-") as folder:
        # Not by the pipe that starts a process: whoever fills it waits for ever when that process dies before it reads.
        file = Path(folder) / "job"
        file.write_bytes(pickle.dumps(job))
        pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin, initargs=(file,))
        with _closing(pool) as executor:
            yield lambda first, stop: _submitted(executor, first, stop)


def _submitted(executor: Executor, first: int, stop: int) -> "Future[Measured]":
    try:
        return executor.submit(_measure_here, first, stop)
    except OSError as error:
        if error.errno is not None:
            raise
        raise BrokenExecutor(str(error)) from None  # it is giving up just now, and has closed its own pipe


@contextmanager
def _closing(executor: Executor) -> Iterator[Executor]:
    others = {*multiprocessing.active_children()}
    try:
        yield executor
    except BrokenExecutor:
        # One process died, and the executor ended those it knew of; it waits for ever for one that started just then.
        for process in {*multiprocessing.active_children()} - others:
            process.kill()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


# --- Dask


@contextmanager
def _dask(job: Job, engine: str, processes: int) -> Iterator[Measure]:
    """A scheduler at an address, or one of our own with its workers, on loopback."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError("the engine dask is not installed: pip install 'metalwatch[sweep]'") from None
    address = engine.partition(":")[2]
    if address and not re.match(ADDRESS, address):
        raise UsageError(f'"{address}" is no address of a Dask scheduler: write {DASK}:tcp://host:8786')
    with single_threaded(), _deaf():
        cluster = None
        if not address:
            alone = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": logging.ERROR}
            cluster = LocalCluster(processes, **alone)
        try:
            client = Client(address or cluster, timeout="10s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UnreachableError(f"no Dask scheduler at {address}: {error}") from None
    try:
        sent = client.scatter(job, broadcast=True, hash=False)
        executor = client.get_executor(pure=False)
        yield lambda first, stop: executor.submit(Job.measure, sent, first, stop)
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def joined(parts: Iterable[Measured]) -> Measured:
    """Stretches as one."""
    import numpy as np

    found = list(parts)
    tried = tuple(one for part in found for one in part.tried)
    return Measured(tried, np.max([part.farthest for part in found], axis=0) if found else np.zeros(0))
