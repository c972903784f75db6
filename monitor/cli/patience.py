"""Long work in a terminal: a bar with the time left, and Ctrl-C, which ends it with what is done so far."""

import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from monitor.cli.screen import live, note

T = TypeVar("T")


class Patience:
    """Whether whoever started the work has had enough of it."""

    def __init__(self) -> None:
        self.over = False

    def watch(self, items: Sequence[T], what: str) -> Iterable[T]:
        """The items one by one with a bar on stderr, where that is a terminal; no more of them after Ctrl-C."""
        screen = live()
        if screen is None:
            yield from self._until_over(items)
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=screen, transient=True) as shown:
            yield from shown.track(self._until_over(items), total=len(items), description=what)

    def _until_over(self, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            if self.over:
                return
            yield item


@contextmanager
def patient() -> Iterator[Patience]:
    """Ctrl-C ends the work between two items; pressed again it ends the command at once."""
    patience = Patience()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        patience.over = True
        signal.signal(signal.SIGINT, before)
        note("stopping: what is done so far is told; Ctrl-C again ends at once")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield patience
    finally:
        signal.signal(signal.SIGINT, before)
