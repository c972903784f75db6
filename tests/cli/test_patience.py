"""Ctrl-C ends long work between two items, and a second one ends the command."""

import signal
from collections.abc import Iterator

import pytest

from monitor.cli.patience import patient


@pytest.fixture(autouse=True)
def at_a_terminal() -> Iterator[None]:
    """Python's own answer to Ctrl-C: whoever starts the tests in the background may have switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_ctrl_c_ends_the_work_after_the_item_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    done = []

    with patient() as patience:
        for item in patience.watch(range(9), "working"):
            done.append(item)
            if item == 2:
                signal.raise_signal(signal.SIGINT)
        later = list(patience.watch(range(9), "working on"))

    assert (done, later, patience.over) == ([0, 1, 2], [], True)
    assert capsys.readouterr().err == "stopping: what is done so far is told; Ctrl-C again ends at once\n"


def test_the_second_ctrl_c_ends_the_command() -> None:
    with patient() as patience:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert patience.over


def test_after_the_work_ctrl_c_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)

    with patient():
        assert signal.getsignal(signal.SIGINT) is not before

    assert signal.getsignal(signal.SIGINT) is before
