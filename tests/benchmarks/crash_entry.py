"""A metalwatch that dies by `kill -9` at one exact point of its work.

    python -m tests.benchmarks.crash_entry POINT metalwatch-arguments...

The product knows nothing of it: before the command runs, the methods of the store are wrapped, so that the process
kills itself the first time it comes to the point.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, event

from monitor.cli import main
from monitor.storage.store import Store

Method = Callable[..., Any]

_writes: ContextVar[str] = ContextVar("writes", default="")
"""The method of the store whose transaction is under way."""

POINTS: dict[str, tuple[str, str]] = {
    "K1 before prices are committed": ("keep", "commit"),
    "K2 after prices, before judgements": ("keep", "after"),
    "K1 before judgements are committed": ("commit", "commit"),
    "K3 after judgements, before a claim": ("commit", "after"),
    "K4 claimed, before the message leaves": ("claim", "after"),
    "K5 taken, before it is settled": ("settle_sent", "before"),
    "K5 taken, before that is committed": ("settle_sent", "commit"),
    "K6 after it is settled": ("settle_sent", "after"),
}
"""By name: the method of the store, and where in it; in an order in which each life comes farther than the last."""


def arm(point: str) -> None:
    """Let this process die at a point."""
    method, where = POINTS[point]
    setattr(Store, method, _wrapped(getattr(Store, method), method, where))
    if where == "commit":
        event.listen(Engine, "commit", _at_commit)


def _wrapped(real: Method, name: str, where: str) -> Method:
    def call(*args: Any, **named: Any) -> Any:
        if where == "before":
            _die()
        token = _writes.set(name if where == "commit" and _matters(name, named, args) else "")
        try:
            result = real(*args, **named)
        finally:
            _writes.reset(token)
        if where == "after" and _came_to_something(name, result, args):
            _die()
        return result

    return call


def _matters(name: str, named: dict[str, Any], args: tuple[Any, ...]) -> bool:
    """Whether a transaction writes more than an empty poll or an empty session would."""
    if name == "keep":
        return bool(args[1].bars.height)
    return bool(args[1].messages) if name == "commit" else True


def _came_to_something(name: str, result: Any, args: tuple[Any, ...]) -> bool:
    if name == "keep":
        return bool(result.new_bars)
    return bool(args[1].messages) if name == "commit" else bool(result)


def _at_commit(_connection: Connection) -> None:
    if _writes.get():
        _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    arm(sys.argv[1])
    sys.argv = ["metalwatch", *sys.argv[2:]]
    main()
