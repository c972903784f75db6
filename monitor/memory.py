"""The memory of this process: when Python looks for circles of garbage, and when what is free goes back to the system."""

import atexit
import gc
from collections.abc import Callable
from functools import cache

SOON_OVER = 500_000
"""So many new objects before Python looks; while libraries load, the usual 700 take a tenth of a command's time."""
USUAL = 700

KEPT = {-1: 1 << 30, -3: 1 << 25, -8: 1}
"""What glibc keeps when it is free, by the numbers of its options: 1 GiB, arrays of up to 32 MiB, for all threads."""


def ends_soon() -> None:
    """Little is thrown away before the process ends, and then nobody looks at what is left: that takes a tenth too.

    What is free is used again: arrays in memory that is new to the process take a fifth of a backtest.
    """
    gc.set_threshold(SOON_OVER)
    atexit.register(gc.freeze)
    choose = _of_glibc("mallopt")
    if choose is not None:
        for option, value in KEPT.items():
            choose(option, value)


def stays() -> None:
    """What is loaded is here to stay and is not looked at again; what comes is looked at as usual."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(USUAL)


def give_back() -> None:
    """Let the system have what is free: glibc keeps what a first judgement or the evidence of all rules took."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    """A call of glibc; other C libraries have none of that name."""
    import ctypes

    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return None
    return found
