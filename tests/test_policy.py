"""Which transitions people hear of: cooldown, what is owed, and an account of every transition."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import RECORDED_ONLY, Kind, Reason, Severity, Transition, transition_id
from monitor.engine import observe
from monitor.judge import Memories, judge
from monitor.policy import COOLDOWN, SILENT_KIND, Decided, Manners, Ongoing, Told, decide
from monitor.rules import Remind
from tests.support.made_up import made, sessions
from tests.support.rules import pack

START = date(2024, 1, 1)
W, C = Severity.WARNING, Severity.CRITICAL
Step = tuple[int, Kind, Severity]


def transition(day: int, kind: Kind, level: Severity = W) -> Transition:
    session = START + timedelta(days=day)
    return Transition(
        id=transition_id("p/r", None, level, kind, session),
        rule="p/r",
        instance=None,
        kind=kind,
        level=level,
        session=session,
        at=datetime.combine(session, datetime.min.time()),
    )


def days(*numbers: int) -> list[date]:
    return [START + timedelta(days=number) for number in numbers]


def no_reminder(session: date, ongoing: Ongoing, reason: Reason) -> Transition:
    raise AssertionError(session, ongoing, reason)


PLAIN = Manners(
    edge=False,
    remind=Remind(),
    hush=lambda _: None,
    reach=lambda _, __: None,
    known=lambda _: True,
    reminder=no_reminder,
)


def decided(
    steps: Sequence[Step],
    *,
    cooldown: int,
    sessions: Sequence[int] = range(40),
    told: Told | None = None,
    manners: Manners = PLAIN,
) -> tuple[list[Decided], Told]:
    return decide(
        [transition(*step) for step in steps],
        told or Told(),
        cooldown=cooldown,
        sessions=days(*sessions),
        still_open=lambda session, level: transition((session - START).days, Kind.STILL_OPEN, level),
        manners=manners,
    )


def heard(found: Sequence[Decided]) -> list[tuple[int, str, int]]:
    """What was sent: day, kind, and how many before it were withheld."""
    return [
        ((d.transition.session - START).days, d.transition.kind.value, d.withheld) for d in found if d.sent
    ]


def causes(found: Sequence[Decided]) -> list[str | None]:
    return [one.cause for one in found]


def test_without_a_cooldown_everything_but_silent_kinds_is_sent() -> None:
    steps = [
        (0, Kind.PENDING, W),
        (1, Kind.OPEN, W),
        (2, Kind.RESOLVE, W),
        (3, Kind.PENDING, W),
        (4, Kind.DROPPED, W),
        (4, Kind.OPEN, W),
    ]

    found, _ = decided(steps, cooldown=0)

    assert heard(found) == [(1, "open", 0), (2, "resolve", 0), (4, "open", 0)]
    assert causes(found) == [SILENT_KIND, None, None, SILENT_KIND, SILENT_KIND, None]


def test_an_open_within_the_cooldown_is_withheld_and_so_is_its_resolve() -> None:
    steps = [(0, Kind.OPEN, W), (1, Kind.RESOLVE, W), (3, Kind.OPEN, W), (4, Kind.RESOLVE, W)]

    found, told = decided(steps, cooldown=10)

    assert heard(found) == [(0, "open", 0), (1, "resolve", 0)]
    assert causes(found)[2:] == [COOLDOWN, COOLDOWN]
    assert told.withheld == 2
    assert told.owed is None


def test_the_next_message_says_how_many_were_withheld() -> None:
    steps = [
        (0, Kind.OPEN, W),
        (1, Kind.RESOLVE, W),
        (3, Kind.OPEN, W),
        (4, Kind.RESOLVE, W),
        (12, Kind.OPEN, W),
        (13, Kind.RESOLVE, W),
    ]

    found, told = decided(steps, cooldown=10)

    assert heard(found)[2:] == [(12, "open", 2), (13, "resolve", 0)]
    assert told.withheld == 0


def test_the_next_message_carries_the_causes_of_what_was_withheld_each_once() -> None:
    manners = replace(PLAIN, hush=lambda one: "silence 1" if one.session == START else None)
    steps = [
        (0, Kind.OPEN, W),
        (0, Kind.RESOLVE, W),
        (1, Kind.OPEN, W),
        (2, Kind.RESOLVE, W),
        (3, Kind.OPEN, W),
        (4, Kind.RESOLVE, W),
        (20, Kind.OPEN, W),
    ]

    found, told = decided(steps, cooldown=10, manners=manners)

    assert [(one.withheld, one.causes) for one in found if one.sent] == [
        (2, ("silence 1",)),
        (0, ()),
        (2, (COOLDOWN,)),
    ]
    assert (told.withheld, told.causes) == (0, ())


def test_what_an_older_version_withheld_is_told_without_a_cause() -> None:
    steps = [(1, Kind.OPEN, W), (2, Kind.RESOLVE, W), (20, Kind.OPEN, W)]

    found, _ = decided(steps, cooldown=10, told=Told(last_open=START, level=W, withheld=1))

    assert [(one.withheld, one.causes) for one in found if one.sent] == [(3, ())]


@pytest.mark.parametrize(("day", "sent"), [(9, False), (10, True)])
def test_a_cooldown_counts_calendar_days_between_session_labels(day: int, sent: bool) -> None:
    found, _ = decided(
        [(0, Kind.OPEN, W), (1, Kind.RESOLVE, W), (day, Kind.OPEN, W), (day, Kind.RESOLVE, W)], cooldown=10
    )

    assert found[2].sent is sent


def test_a_cooldown_counts_from_the_open_that_was_sent_last() -> None:
    steps = [
        (0, Kind.OPEN, W),
        (1, Kind.RESOLVE, W),
        (8, Kind.OPEN, W),
        (9, Kind.RESOLVE, W),
        (11, Kind.OPEN, W),
        (12, Kind.RESOLVE, W),
        (18, Kind.OPEN, W),
        (19, Kind.RESOLVE, W),
    ]

    found, _ = decided(steps, cooldown=10)

    assert heard(found) == [(0, "open", 0), (1, "resolve", 0), (11, "open", 2), (12, "resolve", 0)]


def test_what_still_fires_when_the_cooldown_is_over_is_told_once() -> None:
    steps = [(0, Kind.OPEN, W), (1, Kind.RESOLVE, W), (3, Kind.OPEN, W), (30, Kind.RESOLVE, W)]

    found, told = decided(steps, cooldown=10)

    assert heard(found)[2:] == [(10, "still_open", 1), (30, "resolve", 0)]
    assert told.last_open == START + timedelta(days=10)


def test_it_is_told_at_the_first_session_after_the_cooldown() -> None:
    steps = [(0, Kind.OPEN, W), (1, Kind.RESOLVE, W), (3, Kind.OPEN, W)]

    found, _ = decided(steps, cooldown=10, sessions=[0, 1, 3, 9, 14, 15])

    assert heard(found)[2:] == [(14, "still_open", 1)]


def test_it_counts_as_the_last_open_that_was_sent() -> None:
    steps = [
        (0, Kind.OPEN, W),
        (1, Kind.RESOLVE, W),
        (3, Kind.OPEN, W),
        (12, Kind.RESOLVE, W),
        (15, Kind.OPEN, W),
        (16, Kind.RESOLVE, W),
    ]

    found, _ = decided(steps, cooldown=10)

    assert heard(found)[2:] == [(10, "still_open", 1), (12, "resolve", 0)]


def test_what_resolves_in_that_session_is_not_told() -> None:
    steps = [(0, Kind.OPEN, W), (1, Kind.RESOLVE, W), (3, Kind.OPEN, W), (10, Kind.RESOLVE, W)]

    found, told = decided(steps, cooldown=10)

    assert heard(found)[2:] == []
    assert told.withheld == 2


def test_what_opens_again_in_that_session_is_an_open() -> None:
    steps = [
        (0, Kind.OPEN, W),
        (1, Kind.RESOLVE, W),
        (3, Kind.OPEN, W),
        (5, Kind.RESOLVE, W),
        (10, Kind.OPEN, W),
    ]

    found, _ = decided(steps, cooldown=10)

    assert heard(found)[2:] == [(10, "open", 2)]


def test_a_silent_change_in_that_session_does_not_hide_what_is_owed() -> None:
    steps = [(0, Kind.OPEN, C), (1, Kind.RESOLVE, C), (3, Kind.OPEN, C), (10, Kind.DEESCALATE, W)]

    found, _ = decided(steps, cooldown=10)

    assert heard(found)[2:] == [(10, "still_open", 1)]
    assert found[-1].transition.level is W


def test_an_escalation_passes_and_does_not_restart_the_cooldown() -> None:
    steps = [(0, Kind.OPEN, W), (9, Kind.ESCALATE, C), (9, Kind.RESOLVE, C), (10, Kind.OPEN, C)]

    found, _ = decided(steps, cooldown=10)

    assert heard(found) == [(0, "open", 0), (9, "escalate", 0), (9, "resolve", 0), (10, "open", 0)]


def test_an_escalation_of_an_episode_that_was_withheld_tells_of_it() -> None:
    steps = [
        (0, Kind.OPEN, W),
        (1, Kind.RESOLVE, W),
        (3, Kind.OPEN, W),
        (4, Kind.ESCALATE, C),
        (6, Kind.RESOLVE, C),
    ]

    found, _ = decided(steps, cooldown=10)

    assert heard(found)[2:] == [(4, "escalate", 1), (6, "resolve", 0)]


def test_an_open_above_the_level_of_the_last_message_passes() -> None:
    louder, _ = decided([(0, Kind.OPEN, W), (1, Kind.RESOLVE, W), (3, Kind.OPEN, C)], cooldown=10)
    alike, _ = decided(
        [(0, Kind.OPEN, W), (1, Kind.ESCALATE, C), (2, Kind.RESOLVE, C), (3, Kind.OPEN, C)], cooldown=10
    )
    softer, _ = decided(
        [(0, Kind.OPEN, C), (1, Kind.RESOLVE, C), (3, Kind.OPEN, W)], cooldown=10, sessions=range(5)
    )

    assert heard(louder)[2:] == [(3, "open", 0)]
    assert heard(alike)[3:] == [(10, "still_open", 1)]
    assert softer[-1].cause == COOLDOWN


def test_a_resolve_of_what_was_told_is_never_withheld() -> None:
    found, _ = decided([(5, Kind.RESOLVE, W)], cooldown=10, told=Told(last_open=START, level=W))

    assert heard(found) == [(5, "resolve", 0)]


# --- properties --------------------------------------------------------------------------------------------------

BOOK = pack(
    """\
r:
  levels:
    info: {when: gold > 2, clear_when: gold < 2}
    warning: {when: gold > 3, clear_when: gold < 3}
    critical: {when: gold > 4}
  cooldown: 6 days
""",
)
PRICES = st.lists(st.sampled_from([1.0, 1.0, 2.0, 3.0, 4.0, 5.0, None]), min_size=25, max_size=25)


@given(PRICES, st.lists(st.integers(0, 24), max_size=6).map(sorted))
def test_deciding_session_by_session_is_deciding_at_once(prices: list[float | None], cuts: list[int]) -> None:
    tracks = observe(BOOK, made({"gold": prices}))
    memories: Memories = {}
    said: list[Decided] = []
    for day in cuts:
        memories, found = judge(tracks, memories, upto=sessions(25)[day])
        said += found
    memories, found = judge(tracks, memories)

    assert (memories, said + found) == judge(tracks, {})


@given(PRICES)
def test_every_transition_is_sent_or_withheld_with_a_cause(prices: list[float | None]) -> None:
    memories, found = judge(observe(BOOK, made({"gold": prices})), {})

    for one in found:
        assert one.sent is (one.cause is None)
        assert (one.cause == SILENT_KIND) is (one.transition.kind in RECORDED_ONLY)
        assert one.withheld == 0 or one.sent
    withheld = sum(one.cause == COOLDOWN for one in found)
    assert withheld == sum(one.withheld for one in found) + sum(m.told.withheld for m in memories.values())
    assert all(bool(one.causes) is (one.withheld > 0) for one in found)


@given(PRICES)
def test_people_hear_of_each_episode_from_open_to_resolve_or_not_at_all(prices: list[float | None]) -> None:
    _, found = judge(observe(BOOK, made({"gold": prices})), {})

    for episode in {one.transition.episode for one in found}:
        sent = [d.transition.kind for d in found if d.sent and d.transition.episode == episode]
        opened = [kind for kind in sent if kind in (Kind.OPEN, Kind.STILL_OPEN)]
        assert len(opened) <= 1
        assert sent == [] or sent[0] in (Kind.OPEN, Kind.STILL_OPEN, Kind.ESCALATE)
        assert Kind.RESOLVE not in sent or sent[-1] is Kind.RESOLVE


@given(PRICES)
def test_two_sent_opens_are_as_far_apart_as_the_cooldown_says_or_the_second_is_louder(
    prices: list[float | None],
) -> None:
    _, found = judge(observe(BOOK, made({"gold": prices})), {})
    sent = [one.transition for one in found if one.sent]

    for before, later in itertools.pairwise(sent):
        opens = [t for t in sent if t.session <= before.session and t.kind in (Kind.OPEN, Kind.STILL_OPEN)]
        if later.kind in (Kind.OPEN, Kind.STILL_OPEN) and opens:
            over = (later.session - opens[-1].session).days >= 6
            assert over or later.level.rank > before.level.rank


def test_what_is_owed_waits_for_a_session_of_which_something_is_known() -> None:
    book = pack("r: {when: gold > 2, clear_when: gold < 1, cooldown: 4 days}")
    closes = [3.0, 0.5, 3.0, 3.0, None, 3.0]
    _, found = judge(observe(book, made({"gold": closes, "silver": [1.0] * 6})), {})

    told = [(one.transition.kind, one.transition.session) for one in found if one.sent]
    assert told[-1] == (Kind.STILL_OPEN, sessions(6)[5])
    assert sessions(6)[4] - sessions(6)[0] == timedelta(days=4)


def test_a_still_open_carries_the_numbers_of_its_own_session() -> None:
    prices = [3.5, 1.0, 3.2, 3.3, 3.4, 3.6, 3.7]
    _, found = judge(observe(BOOK, made({"gold": prices})), {})

    (still,) = [one for one in found if one.transition.kind is Kind.STILL_OPEN]

    assert still.transition.session == sessions(7)[5]  # the Monday on which six days are over
    assert still.transition.values == {"gold": 3.6}
    assert (still.transition.opened, still.transition.episode) == (sessions(7)[2], 2)
