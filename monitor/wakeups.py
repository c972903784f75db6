"""APScheduler, set up so that it only wakes: a wake-up that is late or was missed comes once, and none comes twice at a time."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any


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
