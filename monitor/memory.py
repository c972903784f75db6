"""The memory of this process: when Python looks for circles of garbage, and when what is free goes back to the system."""

import atexit
import gc
from collections.abc import Callable
from functools import cache

SOON_OVER = 500_000
"""So many new objects before Python looks; while libraries load, the usual 700 take a tenth of a command's time."""
USUAL = 700


def ends_soon() -> None:
    """Little is thrown away before the process ends, and then nobody looks at what is left: that takes a tenth too."""
    gc.set_threshold(SOON_OVER)
    atexit.register(gc.freeze)


def stays() -> None:
    """What is loaded is here to stay and is not looked at again; what comes is looked at as usual."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(USUAL)


def give_back() -> None:
    """Let the system have what is free: glibc keeps what a first judgement or the evidence of all rules took."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """The call of glibc; other C libraries have none."""
    import ctypes

    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None
    return found
