"""A rule edited, removed, renamed or brought back while it is open: what is kept, recorded and told."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import AlertState, Kind, Severity
from monitor.catchup import seed
from monitor.engine import observe
from monitor.judge import Memories, Memory, judge
from monitor.policy import Decided
from monitor.rules import InstanceKey
from tests.support.examples import examples
from tests.support.made_up import Values, made, sessions
from tests.support.rules import pack
from tests.test_semantics_properties import DAYS, MARKETS, RULES, Market, book_of, stored, tracks_of

R: InstanceKey = ("p/r", None)
Said = tuple[str, str, int, str, str]


def judged(
    rule: str, gold: Values, memories: Memories | None = None
) -> tuple[dict[InstanceKey, Memory], list[Decided]]:
    return judge(observe(pack(f"r:\n  {rule}"), made({"gold": gold})), memories or {})


def said(decided: Sequence[Decided]) -> list[Said]:
    """Kind, level, session by number, reason, and whether it was sent or why not."""
    numbers = {session: number for number, session in enumerate(sessions(120))}
    return [
        (
            one.transition.kind.value,
            one.transition.level.value,
            numbers[one.transition.session],
            one.transition.reason.value,
            one.cause or "sent",
        )
        for one in decided
    ]


def edit(before: str, after: str, gold: Values, *then: float | None) -> list[Said]:
    """What is said once a rule that was judged reads otherwise, and in the sessions after that."""
    memories, _ = judged(before, gold)
    memories, now = judged(after, gold, memories)
    _, later = judged(after, [*gold, *then], memories)
    return said([*now, *later])


def changed(kind: str, level: str, session: int, fate: str = "sent") -> Said:
    return (kind, level, session, "rule_changed", fate)


LOW, HIGH = "when: gold > 90", "when: gold > 100"


# --- what is open before and after


def test_an_episode_that_is_open_under_the_new_conditions_too_is_the_same_and_nothing_is_told() -> None:
    memories, first = judged(LOW, [80, 95, 80, 95, 104])
    after, now = judged(HIGH, [80, 95, 80, 95, 104], memories)
    _, then = judged(HIGH, [80, 95, 80, 95, 104, 99], after)

    assert said(now) == [changed("amend", "warning", 4, "silent kind")]
    assert [one.transition.episode for one in (*first, *now, *then)] == [1, 1, 2, 2, 2]
    assert said(then) == [("resolve", "warning", 5, "threshold", "sent")]


def test_an_episode_that_is_no_longer_open_resolves_and_says_that_the_rule_was_edited() -> None:
    memories, _ = judged(LOW, [80, 95])
    after, now = judged(HIGH, [80, 95], memories)

    assert said(now) == [changed("resolve", "warning", 1)]
    assert now[0].text == "RESOLVED r: closed by a rule edit at gold 95, 2024-01-02 (since 2024-01-02)"
    assert after[R].state.level is None
    assert judged(HIGH, [80, 95], after)[1] == []


def test_what_is_newly_true_opens_and_says_since_when() -> None:
    memories, _ = judged(HIGH, [80, 95, 96])
    _, now = judged(LOW, [80, 95, 96], memories)

    assert said(now) == [changed("open", "warning", 2)]
    assert now[0].text == "WARNING r: gold 96 > 90, 2024-01-03 (already true since 2024-01-02)"


def test_what_is_open_neither_before_nor_after_says_nothing() -> None:
    assert edit(LOW, HIGH, [80, 95, 80]) == []


def test_an_edit_back_and_forth_is_recorded_each_time_under_an_id_of_its_own() -> None:
    gold = [80, 95]
    memories, decided = judged(LOW, gold)
    for rule in (HIGH, LOW, HIGH, LOW):
        memories, more = judged(rule, gold, memories)
        decided += more

    assert [one.transition.kind.value for one in decided] == ["open", "resolve", "open", "resolve", "open"]
    assert len({one.transition.id for one in decided}) == 5


def test_an_end_is_not_told_to_people_who_never_heard_of_the_beginning() -> None:
    often = "cooldown: 90 days"

    assert edit(f"{LOW}\n  {often}", f"{HIGH}\n  {often}", [80, 95, 80, 95]) == [
        changed("resolve", "warning", 3, "cooldown")
    ]


def test_what_is_newly_true_keeps_to_the_cooldown() -> None:
    often = "cooldown: 4 days"

    assert edit(f"{HIGH}\n  {often}", f"{LOW}\n  {often}", [104, 80, 95], 95, 95) == [
        changed("open", "warning", 2, "cooldown"),
        ("still_open", "warning", 4, "threshold", "sent"),
    ]


def test_missed_sessions_are_judged_by_the_new_conditions_in_the_same_breath() -> None:
    memories, _ = judged(LOW, [80, 95])

    assert said(judged(HIGH, [80, 95, 96, 104], memories)[1]) == [
        changed("resolve", "warning", 1),
        ("open", "warning", 3, "threshold", "sent"),
    ]


# --- levels


def ladder(**levels: int) -> str:
    lines = "".join(f"\n    {name}: {{when: gold > {limit}}}" for name, limit in levels.items())
    return f"levels:{lines}"


def test_a_louder_level_that_is_added_and_true_escalates() -> None:
    assert edit(ladder(warning=90), ladder(warning=90, critical=100), [80, 104]) == [
        changed("escalate", "critical", 1)
    ]


def test_a_louder_level_that_is_added_and_open_but_does_not_fire_now_says_so() -> None:
    critical = "\n    critical: {when: gold > 100, clear_when: gold < 95}"
    memories, _ = judged(ladder(warning=90), [80, 104, 98])
    _, now = judged(ladder(warning=90) + critical, [80, 104, 98], memories)

    assert [one.text for one in now] == [
        "CRITICAL r: gold 98 <= 100, clear < 95, 2024-01-03 (since 2024-01-02)"
    ]


def test_a_louder_level_that_is_added_and_not_true_waits_for_its_time() -> None:
    assert edit(ladder(warning=90), ladder(warning=90, critical=110), [80, 104], 112) == [
        changed("amend", "warning", 1, "silent kind"),
        ("escalate", "critical", 2, "threshold", "sent"),
    ]


def test_a_level_people_never_heard_of_is_news_although_it_was_true_before_the_edit() -> None:
    assert edit(ladder(warning=90), ladder(warning=90, critical=100), [80, 104, 95], 104) == [
        changed("amend", "warning", 2, "silent kind"),
        ("escalate", "critical", 3, "threshold", "sent"),
    ]


def test_a_level_that_is_removed_while_it_is_open_leaves_the_episode_to_the_others() -> None:
    assert edit(ladder(warning=90, critical=100), ladder(warning=90), [80, 104], 80) == [
        changed("amend", "warning", 1, "silent kind"),
        ("resolve", "warning", 2, "threshold", "sent"),
    ]


def test_levels_that_change_places_keep_the_episode_and_tell_only_what_became_louder() -> None:
    low, high = ladder(info=90, warning=100), ladder(info=100, warning=90)

    assert edit(low, high, [80, 95]) == [changed("escalate", "warning", 1)]
    assert edit(high, low, [80, 95], 80) == [
        changed("amend", "info", 1, "silent kind"),
        ("resolve", "warning", 2, "threshold", "sent"),
    ]


def test_a_rule_that_becomes_a_ladder_keeps_its_episode() -> None:
    assert edit(LOW, ladder(info=80, warning=90, critical=110), [70, 95]) == [
        changed("amend", "warning", 1, "silent kind")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{LOW}\n  severity: warning", f"{LOW}\n  severity: critical"),
        (f"{LOW}\n  severity: critical", f"{LOW}\n  severity: info"),
        (ladder(info=90, warning=100), ladder(warning=90, critical=100)),
        (LOW, f"{LOW}\n  say: high"),
        (LOW, f"{LOW}\n  labels: {{team: desk}}"),
        (LOW, f"{LOW}\n  cooldown: 9 days"),
        (LOW, f"{LOW}\n  note: because"),
        (LOW, f"{LOW}\n  study: gold"),
        (LOW, f"{LOW}\n  remind: {{every: 9 bars}}"),
    ],
)
def test_other_words_and_another_severity_keep_everything_and_say_nothing(before: str, after: str) -> None:
    assert edit(before, after, [80, 95, 95], 95) == []


def test_after_another_severity_everything_remembered_speaks_of_it() -> None:
    memories, _ = judged(f"{LOW}\n  severity: critical\n  cooldown: 90 days", [80, 95, 80, 95])
    after, _ = judged(f"{LOW}\n  severity: info\n  cooldown: 90 days", [80, 95, 80, 95], memories)

    assert (after[R].told.level, after[R].told.owed) == (Severity.INFO, Severity.INFO)
    past = after[R].past
    assert past is not None
    assert {one.worst for one in past.lived} == {Severity.INFO}
    assert after[R].state == memories[R].state


def test_a_late_bar_after_another_severity_escalates_nothing() -> None:
    memories, _ = judged(f"{LOW}\n  severity: info", [80, None, 95, 95])

    assert said(judged(f"{LOW}\n  severity: critical", [80, 95, 95, 95], memories)[1]) == [
        ("amend", "critical", 1, "late_data", "silent kind")
    ]


# --- other keys


def test_a_longer_for_closes_what_has_not_held_for_so_long_and_opens_it_in_time() -> None:
    assert edit(LOW, f"{LOW}\n  for: 3 bars", [80, 95, 95], 95) == [
        changed("resolve", "warning", 2),
        ("open", "warning", 3, "threshold", "sent"),
    ]


def test_a_shorter_for_opens_what_was_pending() -> None:
    assert edit(f"{LOW}\n  for: 3 bars", LOW, [80, 95, 95]) == [changed("open", "warning", 2)]


def test_an_episode_that_becomes_an_edge_ends_in_silence() -> None:
    assert edit(LOW, f"{LOW}\n  mode: edge", [80, 95], 80, 95) == [
        changed("amend", "warning", 1, "silent kind"),
        ("resolve", "warning", 2, "threshold", "silent kind"),
        ("open", "warning", 3, "threshold", "sent"),
    ]


def test_an_edge_that_happened_before_the_edit_is_not_told_as_if_it_were_new() -> None:
    assert edit(f"{HIGH}\n  mode: edge", f"{LOW}\n  mode: edge", [80, 95, 95], 80) == [
        changed("open", "warning", 2, "first judgement"),
        ("resolve", "warning", 3, "threshold", "silent kind"),
    ]


def test_a_rule_that_wants_silence_at_first_has_it_after_an_edit() -> None:
    silent = "on_first: silent"

    assert edit(f"{HIGH}\n  {silent}", f"{LOW}\n  {silent}", [80, 95], 80) == [
        changed("open", "warning", 1, "first judgement"),
        ("resolve", "warning", 2, "threshold", "first judgement"),
    ]


def test_an_edge_nobody_heard_of_that_becomes_an_episode_is_told_once_it_may_be() -> None:
    edge, episode = (f"{LOW}\n  cooldown: 6 days{mode}" for mode in ("\n  mode: edge", "\n  for: 1 bar"))

    assert edit(edge, episode, [80, 95, 80, 95], 95, 95, 80) == [
        changed("amend", "warning", 3, "silent kind"),
        ("still_open", "warning", 5, "threshold", "sent"),
        ("resolve", "warning", 6, "threshold", "sent"),
    ]


def test_a_rule_that_expires_before_today_closes() -> None:
    assert edit(LOW, f"{LOW}\n  expires: 2024-01-02", [80, 95, 95], 80, 95) == [
        changed("resolve", "warning", 2)
    ]


def test_reminders_go_on_after_an_edit() -> None:
    remind = "remind: {every: 2 bars}"

    assert edit(f"{LOW}\n  {remind}", f"{HIGH}\n  {remind}", [80, 104, 104], 104, 104) == [
        changed("amend", "warning", 2, "silent kind"),
        ("remind", "warning", 3, "threshold", "sent"),
    ]


def test_a_rule_about_another_metal_is_judged_by_that_one() -> None:
    bars = made({"gold": [80, 95], "silver": [1, 1]})
    memories, _ = judge(observe(pack(f"r:\n  {LOW}"), bars), {})
    _, now = judge(observe(pack("r:\n  when: silver > 3\n  remind_on_new_extreme: 2%"), bars), memories)

    assert said(now) == [changed("resolve", "warning", 1)]


# --- too little history


LONG = "when: sma(gold, 5) > 90"


def test_an_episode_is_held_while_the_new_conditions_know_nothing() -> None:
    assert edit(LOW, LONG, [80, 95, 95], 95, 80, 80) == [
        changed("amend", "warning", 2, "silent kind"),
        ("resolve", "warning", 4, "threshold", "sent"),
    ]


def test_a_ladder_is_held_at_the_level_people_know() -> None:
    long = "levels:\n    info: {when: 'sma(gold, 5) > 80'}\n    warning: {when: 'sma(gold, 5) > 90'}"
    memories, _ = judged(ladder(warning=90, critical=100), [80, 104])
    memories, now = judged(long, [80, 104], memories)

    assert said(now) == [changed("amend", "warning", 1, "silent kind")]
    assert (memories[R].state.level, memories[R].state.worst) == (1, 1)


def test_a_rule_whose_instrument_has_no_bar_as_old_as_the_episode_holds_it() -> None:
    days = sessions(5)
    memories, _ = judged(LOW, [80, 95])
    bars = made({"gold": [80, 95, 95, 95], "silver": [None, None, None, 2]}, days=days)

    memories, now = judge(observe(pack("r:\n  when: silver > 3"), bars), memories)

    assert said(now) == [("resolve", "warning", 3, "threshold", "sent")]


def test_nothing_open_and_nothing_known_is_quiet() -> None:
    assert edit(LOW, LONG, [80, 80], 80, 80, 80) == []


# --- with late bars, first judgements and many episodes


def test_a_revised_bar_before_the_edit_is_corrected_by_the_new_conditions() -> None:
    memories, _ = judged(HIGH, [80, 80, 95, 95])
    memories, now = judged(LOW, [80, 80, 95, 95], memories)
    _, then = judged(LOW, [80, 80, 95, 81], memories)

    assert said(now) == [changed("open", "warning", 3)]
    assert said(then) == [("resolve", "warning", 3, "revised_data", "sent")]


def test_what_only_the_new_conditions_find_in_the_past_is_neither_told_nor_counted() -> None:
    up_and_down = [80, 95] * 12
    memories, first = judged(HIGH, [*up_and_down, 104])
    memories, now = judged(LOW, [*up_and_down, 104], memories)
    corrected, then = judged(LOW, [*up_and_down[:-1], 80, 104], memories)

    assert said(now) == [changed("amend", "warning", 24, "silent kind")]
    assert [one.transition.episode for one in (*first, *now)] == [1, 1]
    assert {one.sent for one in then} <= {False}
    assert corrected[R].state.episode == 1


def test_a_first_judgement_is_edited_like_any_other() -> None:
    memories, _ = seed(observe(pack(f"r:\n  {LOW}"), made({"gold": [80, 95]})))

    assert said(judged(HIGH, [80, 95], memories)[1]) == [changed("resolve", "warning", 1)]


def test_a_memory_without_a_session_is_edited_without_a_word() -> None:
    never = {R: Memory(AlertState.fresh(1), rule_hash="other")}

    assert said(judged(ladder(info=90, warning=100), [80, 95], never)[1]) == [
        ("open", "info", 1, "threshold", "sent")
    ]


def test_a_late_open_of_a_rule_with_new_extremes_needs_no_new_session() -> None:
    extreme = f"{LOW}\n  remind_on_new_extreme: 2%"
    memories, _ = judged(extreme, [80, None, 80])

    assert [one[:3] for one in said(judged(extreme, [80, 95, 80], memories)[1])] == [
        ("open", "warning", 1),
        ("resolve", "warning", 2),
    ]


# --- whatever the rules


@examples(60)
@given(RULES, RULES, MARKETS, st.integers(0, DAYS - 1))
def test_after_an_edit_the_state_is_that_of_the_new_conditions_alone_and_a_second_look_finds_nothing(
    before: str, after: str, market: Market, day: int
) -> None:
    tracks = tracks_of(book_of(after), market, day)
    memories, _ = judge(tracks_of(book_of(before), market, day), {})
    edited, _ = judge(tracks, stored(memories))
    fresh, _ = judge(tracks, {})

    assert judge(tracks, stored(edited))[1] == []
    for key, memory in edited.items():
        one, other = memory.state, fresh[key].state
        last = max(filter(None, (other.session, memories[key].state.session)), default=None)
        assert (one.level, one.session) == (other.level, last)  # what was judged stays judged
        assert [lv.phase for lv in one.levels] == [lv.phase for lv in other.levels]
        assert one.episode >= (one.level is not None)
        assert memory.past is not None
        assert all(lived.number > 0 for lived in memory.past.lived)


@examples(60)
@given(RULES, RULES, MARKETS, st.integers(0, DAYS - 1))
def test_across_an_edit_everything_is_told_at_most_once_and_no_end_without_its_beginning(
    before: str, after: str, market: Market, day: int
) -> None:
    memories, decided = judge(tracks_of(book_of(before), market, day), {})
    for upto in (day, DAYS - 1):
        memories, more = judge(tracks_of(book_of(after), market, upto), stored(memories))
        decided += more

    assert len({one.transition.id for one in decided}) == len(decided)
    assert all(one.sent is (one.cause is None) for one in decided)
    heard = False
    for one in (one for one in decided if one.transition.rule == "p/r" and one.sent):
        assert heard or one.transition.kind is not Kind.RESOLVE
        heard = one.transition.kind is not Kind.RESOLVE
