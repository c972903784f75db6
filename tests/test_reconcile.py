"""Late and revised bars: what was told is put right once, and missing data puts nothing right."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import Kind, Reason
from monitor.catchup import seed
from monitor.engine import observe
from monitor.judge import Memories, Memory, judge
from monitor.policy import Decided
from monitor.reconcile import WINDOW
from monitor.rules import InstanceKey
from monitor.storage.codec import from_plain, to_plain
from tests.support.examples import examples
from tests.support.made_up import Values, made, sessions
from tests.support.rules import pack

BOOK = pack(
    "high: {when: gold > 2, for: 2 bars, clear_when: gold < 1.5}\nfall: {when: gold < 1, cooldown: 9 days}"
)
HIGH: InstanceKey = ("p/high", None)


def judged(gold: Values, memories: Memories | None = None) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    return judge(observe(BOOK, made({"gold": gold})), memories or {})


def heard(decided: list[Decided], rule: str = "p/high") -> list[tuple[str, int, str, str]]:
    """Kind, session by number, reason, and whether it was sent or why not."""
    numbers = {session: number for number, session in enumerate(sessions(60))}
    return [
        (
            one.transition.kind.value,
            numbers[one.transition.session],
            one.transition.reason.value,
            one.cause or "sent",
        )
        for one in decided
        if one.transition.rule == rule and one.transition.kind is not Kind.PENDING
    ]


def told(before: Values, after: Values) -> list[tuple[str, int, str, str]]:
    """What is said when today's bars say something else about sessions that were judged."""
    memories, _ = judged(before)
    return heard(judged(after, memories)[1])


def test_a_bar_that_comes_late_opens_late_and_says_why() -> None:
    assert told([1.6, 3.0, None, 1.6], [1.6, 3.0, 3.0, 1.6]) == [("open", 2, "late_data", "sent")]


def test_a_revised_bar_that_takes_an_open_away_sends_one_correction() -> None:
    memories, first = judged([1.6, 3.0, 3.0, 3.0])
    memories, second = judged([1.6, 3.0, 1.6, 3.0], memories)
    _, third = judged([1.6, 3.0, 1.6, 3.0], memories)

    assert heard(first) == [("open", 2, "threshold", "sent")]
    assert heard(second) == [("retract", 2, "revised_data", "sent")]
    assert "CORRECTION high" in second[0].text
    assert third == []


def test_an_open_that_was_withheld_is_taken_back_without_a_message() -> None:
    before = [1.6, 0.9, 1.6, 0.9, 1.6]
    memories, first = judged(before)
    _, second = judged([1.6, 0.9, 1.6, 1.6, 1.6], memories)

    assert heard(first, "p/fall")[-2][3] == "cooldown"
    assert heard(second, "p/fall") == [("retract", 3, "revised_data", "nobody heard of it")]


def test_an_open_that_was_taken_back_holds_no_cooldown() -> None:
    memories, _ = judged([1.6, 0.9])
    memories, second = judged([1.6, 1.6, 1.6], memories)
    _, third = judged([1.6, 1.6, 1.6, 0.9], memories)

    assert heard(second, "p/fall") == [("retract", 1, "revised_data", "sent")]
    assert heard(third, "p/fall") == [("open", 3, "threshold", "sent")]


def test_the_open_before_the_one_that_was_taken_back_holds_its_own_cooldown() -> None:
    book = pack(
        "fall: {cooldown: 9 days, levels: {warning: {when: gold < 1}, critical: {when: gold < 0.5}}}",
    )
    memories: Memories = {}
    for gold in ([0.9, 1.6], [0.9, 1.6, 0.4, 1.6]):
        memories, _ = judge(observe(book, made({"gold": gold})), memories)

    _, decided = judge(observe(book, made({"gold": [0.9, 1.6, 1.6, 1.6, 0.9]})), memories)

    assert heard(decided, "p/fall") == [
        ("retract", 2, "revised_data", "sent"),
        ("open", 4, "threshold", "cooldown"),
    ]


def test_an_episode_that_ended_after_all_is_resolved() -> None:
    assert told([3.0, 3.0, 3.0, 1.8], [3.0, 3.0, 3.0, 1.2]) == [("resolve", 3, "revised_data", "sent")]


def test_an_episode_that_did_not_end_is_opened_again() -> None:
    assert told([3.0, 3.0, 1.2, 1.8], [3.0, 3.0, 1.8, 1.8]) == [("reopen", 1, "revised_data", "sent")]


LADDER = pack("high: {levels: {warning: {when: gold > 2}, critical: {when: gold > 4}}}")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([1.0, 3.0, 3.0], [1.0, 3.0, 5.0], "CRITICAL high: gold 5 > 4, 2024-01-03 (since 2024-01-02)"),
        (
            [1.0, 3.0, 5.0, 1.0],
            [1.0, 3.0, 5.0, 3.0],
            "CRITICAL reopened high: gold 5 > 4, 2024-01-03 (since 2024-01-02)",
        ),
    ],
)
def test_what_became_louder_is_told_with_the_numbers_of_the_session_in_which_it_did(
    before: Values, after: Values, said: str
) -> None:
    memories, _ = judge(observe(LADDER, made({"gold": before})), {})
    _, decided = judge(observe(LADDER, made({"gold": after})), memories)

    assert [one.text for one in decided] == [said]


@pytest.mark.parametrize("keys", ["cooldown: 9 days", "on_first: silent"])
def test_what_became_louder_is_told_although_its_open_was_withheld(keys: str) -> None:
    book = pack(
        f"high: {{{keys}, levels: {{warning: {{when: gold > 2}}, critical: {{when: gold > 4, for: 2 bars}}}}}}"
    )
    memories, _ = seed(observe(book, made({"gold": [3.0, 1.0, 3.0]}))) if "first" in keys else ({}, [])
    memories, first = judge(observe(book, made({"gold": [3.0, 1.0, 3.0, 3.0, 5.0]})), memories)
    memories, second = judge(observe(book, made({"gold": [3.0, 1.0, 3.0, 5.0, 5.0]})), memories)
    _, third = judge(observe(book, made({"gold": [3.0, 1.0, 3.0, 5.0, 5.0, *[1.0] * 6]})), memories)

    assert not any(one.sent for one in first if one.transition.episode == 2)
    assert [
        (one.text, one.cause, one.withheld) for one in second if one.transition.kind is Kind.ESCALATE
    ] == [("CRITICAL high: gold 5 > 4, 2024-01-05 (since 2024-01-03)", None, 1)]
    assert [one.sent for one in third if one.transition.kind is Kind.RESOLVE] == [True]


def test_an_episode_that_is_open_again_and_began_long_ago_does_not_say_that_it_fires() -> None:
    book = pack("high: {when: gold > 2, clear_when: gold < 1}")
    between: list[float | None] = [1.5] * (WINDOW + 1)
    memories, _ = judge(observe(book, made({"gold": [3.0, *between, 0.5]})), {})
    _, decided = judge(observe(book, made({"gold": [3.0, *between, 1.5]})), memories)

    assert [one.text for one in decided] == [
        "WARNING reopened high: gold 1.500 <= 2, clear < 1, 2024-01-04 (since 2024-01-01)"
    ]


def test_an_episode_that_began_elsewhere_is_amended_in_silence() -> None:
    assert told([1.6, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]) == [("amend", 1, "revised_data", "silent kind")]


def test_an_open_episode_that_becomes_two_is_open_still_and_nobody_hears_an_end() -> None:
    before = [3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    memories, _ = judged(before)
    memories, second = judged([3.0, 3.0, 1.0, 3.0, 3.0, 3.0], memories)
    _, third = judged([3.0, 3.0, 1.0, 3.0, 3.0, 3.0, 1.0], memories)

    silently = ("revised_data", "silent kind")
    assert heard(second) == [("amend", 1, *silently), ("amend", 4, *silently)]
    assert heard(third) == [("resolve", 6, "threshold", "sent")]


def test_an_episode_that_becomes_two_which_are_over_is_resolved_once() -> None:
    said = told([3.0, 3.0, 3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 1.0, 3.0, 3.0, 1.0])

    assert said == [("amend", 1, "revised_data", "silent kind"), ("resolve", 5, "revised_data", "sent")]


def test_two_episodes_that_become_one_which_is_open_are_open_still_and_none_is_taken_back() -> None:
    said = told([3.0, 3.0, 1.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0, 3.0])

    assert said == [("amend", 1, "revised_data", "silent kind")]


def test_a_revision_that_classes_nothing_differently_says_nothing() -> None:
    assert told([1.6, 3.0, 3.0, 3.0], [1.7, 2.9, 3.1, 3.0]) == []


@pytest.mark.parametrize("gone", [[1.6, 3.0, None, 3.0], [None, None, 3.0, 3.0]])
def test_a_bar_that_vanishes_takes_nothing_back(gone: Values) -> None:
    assert told([1.6, 3.0, 3.0, 3.0], gone) == []


def since(keys: str, *markets: Values) -> list[list[tuple[str, int, str, str]]]:
    """What is said after each of several looks at a rule."""
    book, memories = pack(f"high: {{when: gold > 2, {keys}}}"), dict[InstanceKey, Memory]()
    said = []
    for gold in markets:
        after, decided = judge(observe(book, made({"gold": gold})), memories)
        memories |= after
        said.append(heard(decided))
    return said


@pytest.mark.parametrize(("days", "fate"), [(0, "sent"), (3, "sent"), (4, "cooldown")])
def test_an_episode_that_was_over_before_the_one_told_last_waits_for_a_cooldown_between_the_two_only(
    days: int, fate: str
) -> None:
    _, late = since(f"cooldown: {days} days", [1.0, 1.0, 1.0, 1.0, 3.0], [1.0, 3.0, 1.0, 1.0, 3.0])

    assert late == [("open", 1, "revised_data", fate), ("resolve", 2, "revised_data", fate)]


def test_a_cooldown_counts_from_the_newest_open_although_an_older_one_was_told_later() -> None:
    before, late = [1.0, 1.0, 1.0, 1.0, 3.0, 1.0], [3.0, 1.0, 1.0, 1.0, 3.0, 1.0]
    *_, last = since("cooldown: 4 days", before, late, [*late, 3.0])

    assert last == [("open", 6, "threshold", "sent")]
    *_, last = since("cooldown: 5 days", before, late, [*late, 3.0])
    assert last[:1] == [("open", 6, "threshold", "cooldown")]


def test_what_is_owed_of_an_open_episode_is_told_although_one_before_it_came_and_went_late() -> None:
    before, late = [3.0, 1.0, 1.0, 1.0, 3.0, 3.0], [3.0, 1.0, 3.0, 1.0, 3.0, 3.0]
    _, _, last = since("cooldown: 9 days", before, late, [*late, 3.0, 3.0, 3.0])

    assert last == [("still_open", 7, "threshold", "sent")]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([3.0, 1.0, *[1.0] * 5], ("retract", 2, "revised_data", "sent")),
        ([3.0, 1.0, *[3.0] * 4, 1.0], ("resolve", 6, "revised_data", "sent")),
    ],
)
def test_what_was_told_as_still_open_is_corrected_like_what_was_told_at_once(
    after: Values, said: tuple[str, int, str, str]
) -> None:
    _, last, correction = since("cooldown: 7 days", [3.0, 1.0, 3.0], [3.0, 1.0, *[3.0] * 5], after)

    assert last == [("still_open", 5, "threshold", "sent")]
    assert correction == [said]


def test_what_is_owed_of_an_open_episode_is_told_although_the_one_before_it_is_taken_back() -> None:
    before, after = [3.0, 1.0, 3.0, 3.0], [1.0, 1.0, 3.0, 3.0]
    _, correction, last = since("cooldown: 9 days", before, after, [*after, 3.0])

    assert correction == [("retract", 0, "revised_data", "sent")]
    assert last == [("still_open", 4, "threshold", "sent")]


def test_reminders_of_an_open_episode_count_on_although_the_one_before_it_is_taken_back() -> None:
    book = pack("high: {when: gold > 2, remind: {every: 1 bar}}")
    memories, _ = judge(observe(book, made({"gold": [3.0, 1.0, 3.0, 3.0]})), {})
    memories, _ = judge(observe(book, made({"gold": [1.0, 1.0, 3.0, 3.0]})), memories)
    _, decided = judge(observe(book, made({"gold": [1.0, 1.0, 3.0, 3.0, 3.0]})), memories)

    assert [one.transition.reminder for one in decided] == [2]


def test_what_is_still_open_is_not_taken_for_one_before_it_that_came_and_went_late() -> None:
    book = pack("high: {when: gold > 2, cooldown: 7 days}")
    memories, _ = judge(observe(book, made({"gold": [3.0, 1.0, 1.0, 1.0, 3.0]})), {})
    _, decided = judge(observe(book, made({"gold": [3.0, 1.0, 3.0, 1.0, 3.0, 3.0]})), memories)

    assert decided[-1].text == "WARNING still open high: gold 3 > 2, 2024-01-08 (since 2024-01-05)"


def test_reminders_of_an_open_episode_count_on_although_one_before_it_came_and_went_late() -> None:
    before, late = [1.0, 1.0, 1.0, 1.0, 3.0], [1.0, 3.0, 1.0, 1.0, 3.0]
    _, _, last = since("remind: {every: 2 bars}", before, late, [*late, 3.0, 3.0, 3.0])

    assert last == [("remind", 6, "threshold", "sent")]


def test_sessions_older_than_the_window_are_left_as_they_were() -> None:
    quiet = [1.6] * (WINDOW + 1)

    assert told([3.0, 3.0, *quiet], [1.6, 1.6, *quiet]) == []


def test_a_first_judgement_can_be_corrected_too() -> None:
    memories, first = seed(observe(BOOK, made({"gold": [1.6, 3.0, 3.0]})))
    _, second = judged([1.6, 3.0, 1.6], memories)

    assert heard(first) == [("open", 2, "already_true", "sent")]
    assert heard(second) == [("retract", 2, "revised_data", "sent")]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            [1.6, 3.0, 3.0, 1.2, 3.0, 3.0],
            [1.6, 3.0, 3.0, 1.2, 3.0, 1.6],
            [("retract", 5, "revised_data", "sent")],
        ),
        ([3.0, 3.0, 1.2, 1.6, 1.6], [3.0, 3.0, 1.2, 1.6, 1.2], []),
        ([3.0, 3.0, 1.2, 1.6], [1.6, 3.0, 1.2, 1.6], [("retract", 1, "revised_data", "nobody heard of it")]),
        ([3.0, 3.0, 1.2, 1.6], [3.0, 3.0, 1.6, 1.6], [("open", 1, "revised_data", "sent")]),
    ],
    ids=["the open one alone", "nothing of those before", "one that was over", "one that did not end"],
)
def test_episodes_from_before_the_first_start_are_not_told_with_a_correction_unless_one_is_open_after_all(
    before: Values, after: Values, said: list[tuple[str, int, str, str]]
) -> None:
    memories, _ = seed(observe(BOOK, made({"gold": before})))

    assert heard(judged(after, memories)[1]) == said


def test_an_episode_whose_open_was_withheld_and_that_did_not_end_is_told_once_its_cooldown_is_over() -> None:
    memories, first = judged([1.0, 0.5, 1.0, 0.5, 1.0])
    memories, second = judged([1.0, 0.5, 1.0, 0.5, 0.7], memories)
    _, third = judged([1.0, 0.5, 1.0, 0.5, *[0.7] * 6], memories)

    assert heard(first, "p/fall")[2:] == [
        ("open", 3, "threshold", "cooldown"),
        ("resolve", 4, "threshold", "cooldown"),
    ]
    assert heard(second, "p/fall") == [("open", 3, "revised_data", "cooldown")]
    assert heard(third, "p/fall") == [("still_open", 8, "threshold", "sent")]


def test_what_is_new_is_judged_in_the_same_breath() -> None:
    memories, _ = judged([1.6, 3.0, 3.0])

    assert heard(judged([1.6, 3.0, 1.6, 3.0, 3.0], memories)[1]) == [
        ("retract", 2, "revised_data", "sent"),
        ("open", 4, "threshold", "sent"),
    ]


def test_the_past_survives_storage() -> None:
    memories, _ = judged([1.6, 3.0, 3.0, 3.0])

    assert from_plain(Memory, to_plain(memories[HIGH])) == memories[HIGH]


CLOSES = st.sampled_from([0.8, 1.2, 1.8, 3.0, None])
MARKETS = st.lists(CLOSES, min_size=14, max_size=14)


@examples(60)
@given(MARKETS, MARKETS)
def test_after_a_correction_the_state_is_that_of_a_fresh_fold_and_a_second_one_finds_nothing(
    before: list[float | None], after: list[float | None]
) -> None:
    known = [new if new is not None else old for old, new in zip(before, after, strict=True)]
    known[-1] = known[-1] or 1.8  # the newest session has a bar both times
    before[-1] = before[-1] or 1.8
    memories, _ = judged(before)

    corrected, _ = judged(known, memories)
    fresh, _ = judged(known)

    assert levels(corrected) == levels(fresh)
    assert judged(known, corrected)[1] == []


def levels(memories: Mapping[InstanceKey, Memory]) -> dict[InstanceKey, object]:
    return {
        key: (memory.state.levels, memory.state.level, memory.state.session)
        for key, memory in memories.items()
    }


def test_a_reason_tells_late_from_revised() -> None:
    late = told([1.6, 3.0, None, 1.6], [1.6, 3.0, 3.0, 1.6])
    revised = told([1.6, 3.0, 1.6, 1.6], [1.6, 3.0, 3.0, 1.6])

    assert [one[2] for one in late + revised] == [Reason.LATE_DATA, Reason.REVISED_DATA]
