"""A daemon that is killed, or whose machine sleeps, while it keeps, judges and sends: the short form of `make crash`."""

import random
from pathlib import Path

from tests.benchmarks import trouble
from tests.benchmarks.crash import DONE, run

POINTS = [
    "K2 after prices, before judgements",
    "K4 claimed, before the message leaves",
    "K5 taken, before it is settled",
]


def test_a_daemon_killed_at_any_point_loses_nothing_and_repeats_only_what_it_had_not_settled(
    tmp_path: Path,
) -> None:
    told = run(tmp_path, [POINTS], chance=random.Random(1))

    assert told.tally.kills == dict.fromkeys([*POINTS, DONE], 1)
    assert len(told.expected) == 3
    assert (told.lost, told.strange, told.unmarked) == ([], [], [])
    assert told.repeated == told.tally.in_window
    assert told.repeated
    assert told.is_well


def test_a_machine_that_sleeps_for_eight_hours_while_a_message_is_sent_loses_nothing(tmp_path: Path) -> None:
    ended = trouble.run(tmp_path, trouble.asleep)

    assert len(ended.expected) == 3
    assert (ended.lost, ended.unmarked) == ([], [])
