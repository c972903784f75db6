"""Work that two threads share: nothing is left out, nothing done twice, and what goes wrong is told."""

from collections.abc import Sequence
from threading import Barrier, current_thread, main_thread

import pytest

from monitor.metrics.threads import LONG, each


@pytest.mark.parametrize("sessions", [1, LONG])
@pytest.mark.parametrize("items", [[], [5], [5, 3], list(range(100))])
def test_each_item_is_worked_on_once_and_answered_in_its_place(items: Sequence[int], sessions: int) -> None:
    asked: list[int] = []

    def double(item: int) -> int:
        asked.append(item)
        return 2 * item

    assert each(double, items, sessions=sessions) == [2 * item for item in items]
    assert sorted(asked) == sorted(items)


def test_of_long_histories_two_threads_work_at_the_same_time() -> None:
    both = Barrier(2, timeout=60)

    def meet(_: int) -> bool:
        both.wait()
        return current_thread() is main_thread()

    assert sorted(each(meet, [1, 2], sessions=LONG)) == [False, True]


@pytest.mark.parametrize("wrong", range(4))
def test_what_goes_wrong_in_either_thread_is_raised(wrong: int) -> None:
    def work(item: int) -> int:
        if item == wrong:
            raise IndexError(item)
        return item

    with pytest.raises(IndexError, match=str(wrong)):
        each(work, range(4), sessions=LONG)
