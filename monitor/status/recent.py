"""What was read a moment ago: many readers cost the daemon beside them no more than one."""

import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

Value = TypeVar("Value")
MOMENT = 1.0
"""Seconds."""
SHARE = 5
"""What took long to make holds for so many times as long, so that most of the time is the daemon's."""
LONGEST = 5
"""Moments that anything holds at most."""


class Recent:
    """Answers that hold for a moment, or longer where they took long to make; whoever asks meanwhile gets the same, or
    waits for the one that is being made.
    """

    def __init__(self, seconds: float = MOMENT, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._locks: dict[Hashable, Lock] = defaultdict(Lock)
        self._held: dict[Hashable, tuple[float, object]] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The answer of a moment ago, or one that is made now.  Keys are few: nothing is ever thrown away."""
        with self._lock:
            own = self._locks[key]
        with own:
            until, value = self._held.get(key, (float("-inf"), None))
            began = self._clock()
            if began < until:
                return value  # type: ignore[return-value]
            made = make()
            ended = self._clock()
            holds = min(max(self._seconds, SHARE * (ended - began)), LONGEST * self._seconds)
            self._held[key] = ended + holds, made
            return made
