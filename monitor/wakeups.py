"""APScheduler, set up so that it only wakes: a wake-up that is late or was missed comes once, and none comes twice at a time.

It counts on the clock of the machine, and would sleep as long as that was set back.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

NOTICED = 5.0
"""Seconds: a clock that is set back by less holds up nobody."""


class Jumps:
    """Whether the clock of the machine was set back; `steady` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], datetime], steady: Callable[[], float]) -> None:
        self._clock, self._steady = clock, steady
        self._before = self._lead()

    def _lead(self) -> float:
        return self._clock().timestamp() - self._steady()

    def back(self) -> float:
        """By how many seconds it was set back since it was asked last; zero where that is not worth a word."""
        before, self._before = self._before, self._lead()
        jump = before - self._before
        return jump if jump > NOTICED else 0.0


def scheduler_of(jobs: Iterable[tuple[str, Callable[[], None], float]], *, soon: datetime) -> Any:
    """A scheduler of jobs, each with its name and the seconds between two of its runs; each runs first at `soon`."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(4)}, job_defaults=defaults, timezone="UTC"
    )
    for name, job, seconds in jobs:
        scheduler.add_job(job, "interval", seconds=seconds, jitter=seconds / 5, id=name, next_run_time=soon)
    return scheduler


def wake(scheduler: Any, *, soon: datetime) -> None:
    """Let every job run at `soon`, whenever it was to run."""
    for job in scheduler.get_jobs():
        job.modify(next_run_time=soon)
