"""Work on long histories by two threads: numpy lets go of Python's lock while it works out a step."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

LONG = 200_000
"""With so many sessions a second thread pays."""
AT_ONCE = 131_072
"""So many values are a step: few for the caches, but so many that the threads seldom wait for each other."""

Item = TypeVar("Item")
Made = TypeVar("Made")


def each(work: Callable[[Item], Made], items: Sequence[Item], *, sessions: int) -> list[Made]:
    """What some work makes of each item, which stands for so many sessions."""
    if sessions < LONG or len(items) == 1:
        return [work(item) for item in items]
    made: dict[int, Made] = {}
    waiting = deque(enumerate(items))

    def work_off() -> None:
        while True:
            try:
                place, item = waiting.popleft()
            except IndexError:  # nothing is left
                return
            made[place] = work(item)

    with ThreadPoolExecutor(1, thread_name_prefix="observe") as pool:
        other = pool.submit(work_off)
        work_off()
        other.result()
    return [made[place] for place in range(len(items))]
