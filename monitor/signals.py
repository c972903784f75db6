"""What a daemon is told by signals: to end, or to read its rules again.

One that comes while the daemon starts waits until it is ready to heed it: by itself it would end the process at once.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDS = (signal.SIGTERM, signal.SIGINT)
READS_AGAIN = signal.SIGHUP


@contextmanager
def held_back() -> Iterator[None]:
    """Signals wait until they are heeded, or the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*ENDS, READS_AGAIN})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def heed(*, end: Callable[[], object], read_again: Callable[[], object]) -> None:
    """From now on do what signals ask for, also what they asked for while they were held back.

    Rules are read again in a thread of their own: the one that hears signals must not wait.
    """
    for number in ENDS:
        signal.signal(number, lambda *_: end())
    signal.signal(READS_AGAIN, lambda *_: threading.Thread(target=read_again, name="reload").start())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*ENDS, READS_AGAIN})
