"""Threads that ask Yahoo: each keeps its connection, and none of them keeps a process that is to end.

The pool of the standard library waits for its threads when a process ends, and a server that does not answer would
hold up whoever pressed Ctrl-C for all of a call's time.
"""

from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeVar

T = TypeVar("T")
HEARD_WITHIN = 0.2
"""Seconds; a signal that another thread took is heard when the main thread wakes up."""


class Workers:
    """So many threads, started when the first question comes; `close` them in the end."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._interrupted = False

    def answers(self, *questions: Callable[[], T]) -> list[T]:
        """The answers in the order of the questions; Ctrl-C ends the wait for them at once."""
        self._start()
        futures = [self._asked(question) for question in questions]
        try:
            while wait(futures, timeout=HEARD_WITHIN).not_done:
                pass
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            self._interrupted = True
            raise

    def close(self) -> None:
        """Let the threads end, when they have their answers; after Ctrl-C nobody waits for those."""
        for _ in self._threads:
            self._waiting.put(None)
        if not self._interrupted:
            for thread in self._threads:
                thread.join()

    def _start(self) -> None:
        with self._lock:
            while len(self._threads) < self._count:
                name = f"yahoo_{len(self._threads)}"
                self._threads.append(Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()

    def _asked(self, question: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def ask() -> None:
            try:
                future.set_result(question())
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
                future.set_exception(error)

        self._waiting.put(ask)
        return future

    def _work(self) -> None:
        while (ask := self._waiting.get()) is not None:
            if not self._interrupted:
                ask()
