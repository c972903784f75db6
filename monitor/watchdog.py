"""What a service manager is told of the process: that it is ready, that it stops, and that its work goes on.

The protocol is systemd's `sd_notify`: a datagram of lines to the socket whose name stands in the environment.  Without
such a socket nothing is told.  A manager that waits for signs of life restarts a process that gives none, so they are
given only while every job ends in time.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LONGEST_JOB = 30 * 60.0
"""Seconds: a first start that asks a source politely for decades of prices needs minutes."""
LONGEST_PAUSE = 5 * 60.0
"""Seconds after which some job must have ended: messages are looked for every ten."""


def notify(address: str | None, *states: str) -> None:
    """Tell the manager; one that does not listen is not waited for."""
    if not address:
        return
    path = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto("\n".join(states).encode(), path)


class Pulse:
    """Whether the jobs of a process go on; `now` gives seconds that only grow."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._running: dict[object, float] = {}
        self._ended = now()

    @contextmanager
    def job(self) -> Iterator[None]:
        """One run of a job."""
        run = object()
        self._running[run] = self._now()
        try:
            yield
        finally:
            del self._running[run]
            self._ended = self._now()

    @property
    def beats(self) -> bool:
        """Whether no run takes too long, and none has been missing for too long."""
        now = self._now()
        longest = max((now - began for began in list(self._running.values())), default=0.0)
        return longest < LONGEST_JOB and (bool(self._running) or now - self._ended < LONGEST_PAUSE)
