"""The history of every instance for sparklines and charts, computed once for what is held, beside the readers.

Computing it takes a part of a second for a few rules and seconds for a thousand, so that a single thread does it and
readers see the last one that is whole.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from datetime import datetime
from functools import partial
from threading import Lock

from monitor.engine import Track
from monitor.errors import MonitorError
from monitor.gather import Context
from monitor.nearness import Nearness
from monitor.overview.history import history
from monitor.rules import InstanceKey

Tracks = Mapping[InstanceKey, Track]
LAST = 2.0
"""Seconds that a reader waits for the first one."""


class Histories:
    """The last history that is whole, and the one that is being computed."""

    def __init__(self, wait: float = LAST) -> None:
        self._wait = wait
        self._lock = Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._key: tuple[object, ...] | None = None
        self._asked: Context | None = None  # kept, so that the id of its rulebook stays its own
        self._next: Future[Tracks] | None = None
        self._whole: Tracks | None = None
        self.near: dict[tuple[object, ...], Nearness] = {}
        """How near instances were to their triggers, by the history that is whole."""

    def tracks(self, context: Context, now: datetime) -> Tracks:
        """The history of every instance, as of the bars that are held or a little before; empty while there is none."""
        key = (context.store.newest(), id(context.rulebook), now.date())
        with self._lock:
            if self._key != key and (self._next is None or self._next.done()):
                self._key, self._asked = key, context
                self._next = self._worker.submit(partial(history, context, now))
            found = self._next
        if found is None:
            return self._whole or {}
        return self._taken(found, timeout=0.0 if self._whole is not None else self._wait)

    def _taken(self, found: "Future[Tracks]", timeout: float) -> Tracks:
        try:
            whole = found.result(timeout=timeout)
        except TooLate:
            return self._whole or {}
        except MonitorError:
            self._key = None  # to be tried again
            raise
        if self._whole is not whole:
            self._whole, self.near = whole, {}
        return whole

    def close(self) -> None:
        """Compute nothing more."""
        self._worker.shutdown(cancel_futures=True)
