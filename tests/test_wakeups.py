"""Wake-ups go on when the clock of the machine is set back."""

import threading
from datetime import UTC, datetime, timedelta

from monitor.wakeups import Jumps, scheduler_of, wake

NOW = datetime(2026, 3, 29, 2, tzinfo=UTC)


def test_a_clock_that_is_set_back_is_noticed_once_and_one_that_goes_on_is_not() -> None:
    steady, off = [0.0], [0.0]
    jumps = Jumps(lambda: NOW + timedelta(seconds=steady[0] + off[0]), lambda: steady[0])

    steady[0] += 3600
    assert jumps.back() == 0
    off[0] = -10_800
    assert round(jumps.back()) == 10_800
    assert jumps.back() == 0


def test_a_clock_that_is_set_on_or_corrected_a_little_wakes_nobody() -> None:
    off = [0.0]
    jumps = Jumps(lambda: NOW + timedelta(seconds=off[0]), lambda: 0.0)

    off[0] = 86_400
    assert jumps.back() == 0
    off[0] -= 1
    assert jumps.back() == 0


def test_a_job_that_would_wait_for_hours_runs_when_it_is_woken() -> None:
    ran = threading.Event()
    now = datetime.now(UTC)
    scheduler = scheduler_of([("look", ran.set, 60.0)], soon=now + timedelta(hours=3))
    scheduler.start()
    try:
        assert not ran.is_set()
        wake(scheduler, soon=now)
        assert ran.wait(timeout=30)
    finally:
        scheduler.shutdown(wait=True)
