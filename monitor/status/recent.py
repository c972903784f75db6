"""What was read a moment ago: many readers cost the daemon beside them no more than one."""

import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

Value = TypeVar("Value")
MOMENT = 1.0
"""Seconds."""


class Recent:
    """Answers that hold for a moment; whoever asks meanwhile gets the same, or waits for the one that is being made."""

    def __init__(self, seconds: float = MOMENT) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._locks: dict[Hashable, Lock] = defaultdict(Lock)
        self._held: dict[Hashable, tuple[float, object]] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The answer of a moment ago, or one that is made now.  Keys are few: nothing is ever thrown away."""
        with self._lock:
            own = self._locks[key]
        with own:
            made_at, value = self._held.get(key, (float("-inf"), None))
            if time.monotonic() - made_at < self._seconds:
                return value  # type: ignore[return-value]
            made = make()
            self._held[key] = time.monotonic(), made
            return made
