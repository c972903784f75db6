"""What each key of a rule does, from the words in the file to the message: made-up closes of gold, day by day."""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl
import pytest

from monitor.alerts import Kind, Phase, Severity
from monitor.catchup import seed
from monitor.engine import observe, replay
from monitor.errors import FaultyFileError
from monitor.instruments import AssetKind, Catalogue
from monitor.judge import Memories, judge
from monitor.messages import Entry, compose
from monitor.policy import Decided
from monitor.rulefile import read_rulebook
from monitor.rules import Instance, Rulebook
from tests.support.made_up import CATALOGUE, Values, instrument, made, sessions
from tests.support.rules import pack

DAYS = sessions(60)


def judged(rulebook: Rulebook, gold: Values, **others: Values) -> list[Decided]:
    return judge(observe(rulebook, made({"gold": gold, **others})), {})[1]


def live(rulebook: Rulebook, gold: Values, **others: Values) -> list[Decided]:
    """Session by session, carrying only memory."""
    tracks = observe(rulebook, made({"gold": gold, **others}))
    memories: Memories = {}
    said: list[Decided] = []
    for day in DAYS[: len(gold)]:
        memories, decided = judge(tracks, memories, upto=day)
        said += decided
    return said


def told(found: Sequence[Decided], rule: str = "p/r") -> list[tuple[int, str]]:
    """What was sent of a rule: the number of its session, and its kind."""
    return [
        (DAYS.index(one.transition.session), one.transition.kind.value)
        for one in found
        if one.sent and one.transition.rule == rule
    ]


def withheld(found: Sequence[Decided], rule: str = "p/r") -> list[tuple[int, str, str | None]]:
    return [
        (DAYS.index(one.transition.session), one.transition.kind.value, one.cause)
        for one in found
        if not one.sent and one.cause != "silent kind" and one.transition.rule == rule
    ]


def texts(found: Sequence[Decided], kind: Kind) -> list[str]:
    return [one.text for one in found if one.transition.kind is kind]


def faults(rules: str) -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        pack(rules)
    return [fault.message for fault in caught.value.faults]


# --- mode: edge


EDGE = "r:\n  when: gold > 90\n  clear_when: gold < 85\n  mode: edge"


def test_an_edge_is_told_once_and_again_only_after_it_was_clear() -> None:
    found = judged(pack(EDGE), [80, 91, 95, 88, 92, 84, 93])

    assert told(found) == [(1, "open"), (6, "open")]
    assert [(one.transition.kind, one.cause) for one in found][1] == (Kind.RESOLVE, "silent kind")


def test_an_edge_needs_a_known_bar_that_did_not_fire_before_it() -> None:
    assert told(judged(pack(EDGE), [91, 95, 84, 93])) == [(3, "open")]
    assert told(judged(pack(EDGE), [91, None, 93])) == []


def test_an_edge_within_the_cooldown_is_counted_and_not_told_later() -> None:
    book = pack(EDGE + "\n  cooldown: 10 days")

    found = judged(book, [80, 91, 80, 91, 91, 91, 91, 91, 91, 91, 91, 91, 80, 92])

    assert told(found) == [(1, "open"), (13, "open")]
    assert [one.withheld for one in found if one.sent] == [0, 1]


def test_an_edge_has_nothing_to_remind_of() -> None:
    rule = EDGE + "\n  remind: {every: 10 bars}"

    assert faults(rule) == ['an edge is one event, so "remind" has nothing to tell']


# --- for: {bars, of} and clear_for


def test_some_of_the_last_known_bars_are_enough() -> None:
    book = pack("r:\n  when: gold > 90\n  for: {bars: 3, of: 5}")

    assert told(judged(book, [91, 80, 91, None, 80, 91])) == [(5, "open")]
    assert told(judged(book, [91, 80, 80, 91, 80, 91])) == []


def test_more_bars_than_there_are_among_them_is_a_fault() -> None:
    assert faults("r:\n  when: gold > 90\n  for: {bars: 3, of: 2}") == [
        '"for": 3 of 2 bars can never fire: `of` is at least `bars`'
    ]


def test_it_resolves_when_it_was_clear_for_long_enough() -> None:
    book = pack("r:\n  when: gold > 90\n  clear_for: 2 bars")

    assert told(judged(book, [91, 80, 91, 80, None, 80])) == [(0, "open"), (5, "resolve")]


# --- reminders


def test_a_reminder_comes_each_so_many_bars_after_the_open_and_not_for_ever() -> None:
    book = pack("r:\n  when: gold > 90\n  remind: {every: 3 bars, max: 2}")

    found = judged(book, [80] + [92] * 12)

    assert told(found) == [(1, "open"), (4, "remind"), (7, "remind")]
    assert texts(found, Kind.REMIND)[1] == (
        "WARNING r: gold 92 > 90, 2024-01-10 (reminder 2, since 2024-01-02)"
    )


def test_reminders_count_sessions_and_not_days_whether_or_not_there_is_a_price() -> None:
    book = pack("r:\n  when: gold > 90\n  remind: {every: 3 bars}")

    found = judged(book, [92, 92, None, 92, 92, 92, None, 92, 92, 92])

    assert told(found) == [(0, "open"), (3, "remind"), (9, "remind")]
    assert withheld(found) == [(6, "remind", "unknown")]
    assert [one.transition.reminder for one in found if one.transition.kind is Kind.REMIND] == [1, 2, 3]
    assert len({one.transition.id for one in found}) == len(found)


def test_a_reminder_is_not_sent_in_a_session_that_has_another_message() -> None:
    book = pack(
        """\
r:
  levels:
    warning: {when: gold > 90}
    critical: {when: gold > 100}
  remind: {every: 2 bars}
"""
    )

    found = judged(book, [91, 91, 101, 101, 101, 80])

    assert told(found) == [(0, "open"), (2, "escalate"), (4, "remind"), (5, "resolve")]
    assert texts(found, Kind.REMIND) == [
        "CRITICAL r: gold 101 > 100, 2024-01-05 (reminder 1, since 2024-01-01)"
    ]


def test_a_reminder_between_firing_and_clear_says_that_it_is_not_clear() -> None:
    book = pack("r:\n  when: gold > 90\n  clear_when: gold < 85\n  remind: {every: 1 bar}")

    assert texts(judged(book, [91, 88]), Kind.REMIND) == [
        "WARNING r: gold 88 <= 90, clear < 85, 2024-01-02 (reminder 1, since 2024-01-01)"
    ]


def test_a_reminder_while_it_is_clear_but_not_yet_for_long_enough_does_not_say_that_it_fires() -> None:
    book = pack("r:\n  when: gold > 90\n  clear_for: 3 bars\n  remind: {every: 1 bar}")

    assert texts(judged(book, [91, 88]), Kind.REMIND) == [
        "WARNING r: gold 88 <= 90, 2024-01-02 (reminder 1, since 2024-01-01)"
    ]


def test_a_new_extreme_is_told_again_in_the_direction_of_the_rule() -> None:
    above = pack("r:\n  when: gold > 90\n  remind_on_new_extreme: 2%")
    below = pack("r:\n  when: gold < 90\n  remind_on_new_extreme: 2%")

    up = judged(above, [80, 100, 101, 102, 103, 104.04, 91, 105])
    down = judged(below, [95, 80, 79, 78.3, 78, 70, 80])

    assert told(up) == [(1, "open"), (3, "remind"), (5, "remind")]
    assert told(down) == [(1, "open"), (3, "remind"), (5, "remind")]
    assert (
        texts(up, Kind.REMIND)[0]
        == "WARNING r: gold 102 > 90, 2024-01-04 (reminder 1, new extreme, since 2024-01-02)"
    )


def test_a_new_extreme_needs_a_number_to_be_extreme() -> None:
    rule = "r:\n  when: crosses_above(gold, silver)\n  remind_on_new_extreme: 2%"

    assert faults(rule) == ["a new extreme needs a comparison with a number; this condition has none"]


def test_reminders_are_withheld_while_a_cooldown_owes_the_open() -> None:
    book = pack("r:\n  when: gold > 90\n  cooldown: 10 days\n  remind: {every: 2 bars}")

    found = judged(book, [91, 80, 91, 91, 91, 91, 91, 91, 91, 91, 91, 91])

    assert withheld(found) == [(2, "open", "cooldown"), (4, "remind", "cooldown"), (6, "remind", "cooldown")]
    assert told(found)[2:] == [(8, "still_open"), (10, "remind")]
    assert [one.withheld for one in found if one.transition.kind is Kind.STILL_OPEN] == [3]


def test_a_rule_that_learns_to_remind_counts_from_the_open() -> None:
    plain, reminding = (pack("r:\n  when: gold > 90" + more) for more in ("", "\n  remind: {every: 4 bars}"))
    frame = made({"gold": [80] + [92] * 8})
    memories, _ = judge(observe(plain, frame), {}, upto=DAYS[3])

    _, found = judge(observe(reminding, frame), memories)

    assert told(found) == [(5, "remind")]


# --- inhibited_by


INHIBITED = """\
feed:
  when: silver > 2
r:
  when: gold > 90
  inhibited_by: [feed]
"""


def test_nothing_is_told_while_another_rule_is_open() -> None:
    found = judged(pack(INHIBITED), [80, 91, 91, 80, 91, 80], silver=[3, 3, 3, 3, 1, 1])

    assert withheld(found) == [
        (1, "open", "inhibited by p/feed"),
        (3, "resolve", "inhibited by p/feed"),
    ]
    assert told(found) == [(4, "open"), (5, "resolve")]


def test_what_is_open_when_the_other_rule_resolves_is_told_as_still_open() -> None:
    found = judged(pack(INHIBITED), [80, 91, 91, 91, 80], silver=[3, 3, 3, 1, 1])

    assert told(found) == [(3, "still_open"), (4, "resolve")]


def test_what_resolves_in_that_session_too_is_not_told_at_all() -> None:
    found = judged(pack(INHIBITED), [80, 91, 91, 80], silver=[3, 3, 3, 1])

    assert told(found) == []
    assert withheld(found)[1] == (3, "resolve", "inhibited by p/feed")


def test_an_escalation_that_was_inhibited_is_told_later() -> None:
    book = pack(
        """\
feed: {when: silver > 2}
r:
  levels: {warning: {when: gold > 90}, critical: {when: gold > 100}}
  inhibited_by: [p/feed]
"""
    )

    found = judged(book, [91, 101, 101, 101, 80], silver=[1, 3, 3, 1, 1])

    assert told(found) == [(0, "open"), (3, "still_open"), (4, "resolve")]
    assert withheld(found) == [(1, "escalate", "inhibited by p/feed")]
    assert texts(found, Kind.STILL_OPEN)[0].startswith("CRITICAL still open r: gold 101 > 100")


def test_states_are_not_inhibited() -> None:
    gold, silver = [80, 91, 91, 80, 91, 80], [3, 3, 3, 3, 1, 1]
    free = pack(INHIBITED.replace("\n  inhibited_by: [feed]", ""))

    def changes(book: Rulebook) -> list[tuple[date, Kind]]:
        found = judged(book, gold, silver=silver)
        return [(one.transition.session, one.transition.kind) for one in found]

    assert changes(pack(INHIBITED)) == changes(free)


GROUPED = """\
quiet:
  for_each: pair
  when: it > 2
r:
  for_each: pair
  when: it > 1
  inhibited_by: [quiet]
total:
  when: gold > 90
  inhibited_by: [quiet]
"""


def test_a_member_is_inhibited_by_the_same_member_and_others_by_any() -> None:
    found = judged(pack(GROUPED), [91, 91], mp=[1.5, 1.5], slv=[3, 3])

    sent = {(one.transition.rule, one.transition.instance): one.sent for one in found}
    assert sent["p/r", "mp"]
    assert not sent["p/r", "slv"]
    assert not sent["p/total", None]


@pytest.mark.parametrize("silver", [[1, 3, 3, 1, 3, 3, 1, 1], [3, None, 1, None, 3, 1, 3, 1]])
def test_live_is_backtest_where_rules_inhibit_each_other(silver: Values) -> None:
    gold = [91, 80, 91, 91, 80, 91, 91, 80]

    assert live(pack(INHIBITED), gold, silver=silver) == judged(pack(INHIBITED), gold, silver=silver)


def test_a_rule_that_is_not_loaded_is_a_warning_and_inhibits_nothing() -> None:
    book = pack("r:\n  when: gold > 90\n  inhibited_by: [q/feed, fed]\nfeed:\n  when: silver > 2")

    assert [str(warning) for warning in book.warnings] == [
        'p.yml:8:20: warning: rule "r": inhibited by "q/feed", which is not loaded; did you mean "p/feed"?',
        'p.yml:8:28: warning: rule "r": inhibited by "fed", which is not loaded; did you mean "feed"?',
    ]
    assert told(judged(book, [91], silver=[3])) == [(0, "open")]


def test_a_rule_that_minds_missing_prices_of_which_none_can_be_missing_is_a_warning() -> None:
    nav = instrument("nav", kind=AssetKind.MANUAL, carry_days=5)
    catalogue = Catalogue({"gold": CATALOGUE.instruments["gold"], "nav": nav})
    rules = "r:\n  when: nav > 90\n  on_missing: {close_after: 2 bars}\nfine: {when: gold > 90, on_missing: reset_pending}"

    (warning,) = pack(rules, catalogue=catalogue).warnings

    said, hint = str(warning).split("; ")
    assert said == (
        'p.yml:8:17: warning: rule "r": `on_missing` does nothing, for what it reads follows no calendar'
    )
    assert hint == "`carry_days` of nav says how long a value stands"


def test_a_name_means_the_rule_of_the_same_pack_or_else_those_of_others() -> None:
    text = "pack: {name}\nabout: made up\nrules:\n  {rule}: {{when: gold > 1{more}}}\n"
    packs = {
        "a": text.format(name="a", rule="r", more=", inhibited_by: [feed, b/feed]"),
        "b": text.format(name="b", rule="feed", more=""),
        "c": text.format(name="c", rule="feed", more=""),
    }

    book = read_rulebook(packs, CATALOGUE)

    assert book.find("a/r")[0].rule.inhibited_by == ("b/feed", "c/feed", "b/feed")
    assert book.warnings == ()


def test_a_rule_cannot_inhibit_itself() -> None:
    assert faults("r:\n  when: gold > 1\n  inhibited_by: [r, p/r]") == ["a rule cannot inhibit itself"] * 2


# --- expires


def expiring(session: date, rule: str = "r:\n  when: gold > 90") -> Rulebook:
    return pack(f"{rule}\n  expires: {session}")


def test_what_is_open_resolves_in_the_session_in_which_the_rule_expires_and_nothing_comes_after() -> None:
    found = judged(expiring(DAYS[3]), [80, 91, 91, 92.1, 91, 80, 91])

    assert told(found) == [(1, "open"), (3, "resolve")]
    assert found[-1].transition.reason == "expired"
    assert texts(found, Kind.RESOLVE) == ["RESOLVED r: expired at gold 92.10, 2024-01-04 (since 2024-01-02)"]


def test_it_expires_at_the_next_session_when_its_day_has_none() -> None:
    saturday = DAYS[4] + timedelta(days=1)

    assert told(judged(expiring(saturday), [91] * 7)) == [(0, "open"), (5, "resolve")]


def test_what_is_pending_is_dropped_when_the_rule_expires() -> None:
    book = expiring(DAYS[1], "r:\n  when: gold > 90\n  for: 3 bars")

    found = judged(book, [91, 91, 91, 91])

    assert [(one.transition.kind, one.transition.reason) for one in found] == [
        (Kind.PENDING, "threshold"),
        (Kind.DROPPED, "expired"),
    ]


# --- on_first


@pytest.mark.parametrize(
    ("keys", "sent", "cause"),
    [
        ("on_first: notify", True, None),
        ("on_first: silent", False, "first judgement"),
        ("on_first: wait_for_edge", False, "first judgement"),
        ("mode: edge", False, "first judgement"),
    ],
)
def test_what_is_already_true_at_the_first_judgement(keys: str, sent: bool, cause: str | None) -> None:
    track = observe(pack(f"r:\n  when: gold > 90\n  {keys}"), made({"gold": [80, 91, 91]}))

    _, found = seed(track)

    assert [(one.sent, one.cause, one.transition.reason) for one in found] == [(sent, cause, "already_true")]


def test_an_edge_in_the_last_session_is_told_at_the_first_judgement() -> None:
    _, found = seed(observe(pack(EDGE), made({"gold": [80, 91]})))

    assert told(found) == [(1, "open")]


def test_after_a_silent_first_judgement_only_what_is_new_is_told() -> None:
    book = pack("r:\n  when: gold > 90\n  on_first: silent\n  remind: {every: 1 bar}")
    tracks = observe(book, made({"gold": [80, 91, 91, 91, 80, 91]}))
    memories, _ = seed([track.cut(upto=DAYS[2]) for track in tracks])

    _, found = judge(tracks, memories)

    assert withheld(found) == [(4, "resolve", "first judgement")]
    assert told(found) == [(5, "open")]
    assert found[-1].withheld == 2


def test_what_is_already_true_waits_for_the_rule_that_inhibits_it() -> None:
    tracks = observe(pack(INHIBITED), made({"gold": [91, 91, 91], "silver": [3, 3, 1]}))
    memories, first = seed([track.cut(upto=DAYS[1]) for track in tracks])

    _, found = judge(tracks, memories)

    assert withheld(first) == [(1, "open", "inhibited by p/feed")]
    assert told(found) == [(2, "still_open")]


def test_waiting_for_an_edge_is_arming_once() -> None:
    book = pack("r:\n  when: gold > 90\n  on_first: wait_for_edge")

    assert told(judged(book, [91, 91, 80, 91, 80])) == [(3, "open"), (4, "resolve")]


# --- on_missing


def test_missing_data_holds_what_is_pending_for_two_bars() -> None:
    book = pack("r:\n  when: gold > 90\n  for: 2 bars")

    assert told(judged(book, [91, None, None, 91])) == [(3, "open")]
    assert told(judged(book, [91, None, None, None, 91])) == []


def test_missing_data_may_drop_what_is_pending_at_once() -> None:
    book = pack("r:\n  when: gold > 90\n  for: 2 bars\n  on_missing: reset_pending")

    assert told(judged(book, [91, None, 91, 91])) == [(3, "open")]


def test_missing_data_may_close_what_is_open_after_a_while() -> None:
    book = pack("r:\n  when: gold > 90\n  on_missing: {close_after: 2 bars}")

    found = judged(book, [91, None, 91, None, None, 91])

    assert told(found) == [(0, "open"), (4, "resolve"), (5, "open")]
    assert found[1].transition.reason == "stale_closed"
    assert texts(found, Kind.RESOLVE) == [
        "RESOLVED r: closed without confirmation, 2024-01-05 (since 2024-01-01)"
    ]


STOPPED = (91, 91, None, None, None, None)


def test_missing_data_closes_what_is_open_although_all_its_prices_stopped() -> None:
    book = pack("r:\n  when: gold > 90\n  on_missing: {close_after: 2 bars}")

    found = judged(book, STOPPED, silver=(1,) * 6)

    assert told(found) == [(0, "open"), (3, "resolve")]
    assert found[1].transition.reason == "stale_closed"
    assert (
        found[1].transition.at == made({"silver": (1,) * 6})["known_at"][4]
    )  # when the next session was over


def test_the_close_is_the_same_when_prices_come_back() -> None:
    book = pack("r:\n  when: gold > 90\n  on_missing: {close_after: 2 bars}")

    before = judged(book, STOPPED, silver=(1,) * 6)
    after = judged(book, (*STOPPED, 91), silver=(1,) * 7)

    assert after[: len(before)] == before
    assert told(after) == [(0, "open"), (3, "resolve"), (6, "open")]


def test_missing_data_drops_what_is_pending_although_all_its_prices_stopped() -> None:
    book = pack("r:\n  when: gold > 90\n  for: 3 bars\n  on_missing: reset_pending")
    (track,) = observe(book, made({"gold": STOPPED, "silver": (1,) * 6}))

    states, transitions = replay([track], {})

    assert [(one.kind, one.session) for one in transitions] == [("pending", DAYS[0]), ("dropped", DAYS[2])]
    assert states["p/r", None].phase is Phase.OK


def test_a_session_that_may_still_come_is_not_missing() -> None:
    book = pack("r:\n  when: gold > 90\n  on_missing: {close_after: 1 bar}")

    assert told(judged(book, (91, 91, None), silver=(1, 1, 1))) == [(0, "open")]
    assert told(judged(book, (91, 91, None, 91), silver=(1, 1, 1, 1))) == [
        (0, "open"),
        (2, "resolve"),
        (3, "open"),
    ]


def test_a_market_far_away_makes_no_session_missing_that_is_not_over() -> None:
    book = pack("r:\n  when: nys > 90\n  on_missing: {close_after: 1 bar}")
    week = sessions(5, "XNYS", date(2024, 1, 8))

    def judged_with_sydney(days: int) -> list[tuple[date, str]]:
        sydney = made({"lyc": (1,) * days}, days=week)
        (track,) = observe(book, pl.concat([sydney, made({"nys": (91, 91)}, days=week)]))
        return [(one.session, one.kind.value) for one in replay([track], {})[1]]

    # Sydney's Thursday is settled when New York's Wednesday is just over, and its Thursday has not begun.
    assert judged_with_sydney(4) == [(week[0], "open")]
    assert judged_with_sydney(5) == [(week[0], "open"), (week[2], "resolve")]


def test_prices_that_stop_hold_where_nothing_else_comes_and_where_a_rule_asks_for_nothing() -> None:
    closing = pack("r:\n  when: gold > 90\n  on_missing: {close_after: 1 bar}")

    assert told(judged(closing, STOPPED)) == [(0, "open")]
    assert told(judged(pack("r: {when: gold > 90}"), STOPPED, silver=(1,) * 6)) == [(0, "open")]


def test_who_knows_that_sessions_are_complete_may_say_so() -> None:
    book = pack("r:\n  when: gold > 90\n  on_missing: {close_after: 2 bars}")
    complete = made({"silver": (1,) * 6})["known_at"][5]
    (track,) = observe(book, made({"gold": STOPPED}), complete=complete)

    assert track.sessions.to_list() == list(DAYS[:5])
    assert [one.session for one in replay([track], {})[1]] == [DAYS[0], DAYS[3]]


def test_an_edge_that_missing_data_closed_has_to_be_seen_anew() -> None:
    book = pack(EDGE + "\n  on_missing: {close_after: 2 bars}")

    assert told(judged(book, [80, 91, None, None, 91, 80, 91])) == [(1, "open"), (6, "open")]


# --- labels, overrides, defaults, anchors


def test_a_pack_has_defaults_and_a_member_may_differ() -> None:
    text = """\
pack: p
about: made up
defaults:
  cooldown: 5 days
  severity: info
  for: 2 bars
  labels: {team: desk, tier: low}
rules:
  r:
    for_each: pair
    when: it > 2
    labels: {tier: high}
    overrides:
      mp: {when: it > 3, clear_when: it < 2, cooldown: 1 day, severity: critical, labels: {who: ann}}
  ladder:
    levels:
      warning: {when: gold > 1}
      critical: {when: gold > 2, for: 1 bar}
    cooldown: 0 days
"""
    book = {one.key: one for one in read_rulebook({"p.yml": text}, CATALOGUE).instances}
    mp, slv, ladder = book["p/r", "mp"], book["p/r", "slv"], book["p/ladder", None]

    assert [one.levels[0].when_text for one in (mp, slv)] == ["it > 3", "it > 2"]
    assert [one.levels[0].clear_text for one in (mp, slv)] == ["it < 2", None]
    assert [one.levels[0].severity for one in (mp, slv)] == [Severity.CRITICAL, Severity.INFO]
    assert [one.rule.cooldown for one in (mp, slv, ladder)] == [1, 5, 0]
    assert [one.levels[0].dwell.bars for one in (mp, slv)] == [2, 2]
    assert [level.dwell.bars for level in ladder.levels] == [2, 1]
    assert mp.labels == {"team": "desk", "tier": "high", "who": "ann"}
    assert slv.labels == {"team": "desk", "tier": "high"}


def test_an_override_judges_its_member_only() -> None:
    book = pack("r:\n  for_each: pair\n  when: it > 2\n  overrides:\n    mp: {when: it > 5}")

    found = judged(book, [1, 1], mp=[3, 3], slv=[3, 3])

    assert [one.transition.instance for one in found] == ["slv"]


def test_anchors_and_merge_keys_spare_repeating_oneself() -> None:
    book = pack(
        "one: &same\n  when: gold > 90\n  remind: {every: 5 bars}\ntwo:\n  <<: *same\n  cooldown: 3 days"
    )
    one, two = (instance.rule for instance in book.instances)

    assert (one.remind, one.cooldown, two.cooldown) == (two.remind, 0, 3)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("for_each: pair\n  when: it > 1\n  overrides: {mpp: {when: it > 2}}", '"mpp" is no member of pair'),
        ("when: gold > 1\n  overrides: {mp: {when: gold > 2}}", "a rule without a group has no overrides"),
        ("for_each: pair\n  when: it > 1\n  overrides: {mp: {when: itt > 2}}", 'unknown name "itt"'),
        (
            "for_each: pair\n  levels: {info: {when: it > 1}}\n  overrides: {mp: {for: 2 bars}}",
            '"for" cannot be overridden in a ladder',
        ),
        ("when: gold > 1\n  labels: {tier: 1}", '"tier": expected a text; got 1'),
        ("when: gold > 1\n  expires: soon", "\"expires\": it is a session: write 2026-12-31, not 'soon'"),
        (
            "when: gold > 1\n  on_missing: fire",
            "\"on_missing\": write hold, reset_pending or {close_after: 5 bars}, not 'fire'",
        ),
        (
            "when: gold > 1\n  remind_on_new_extreme: 0%",
            '"remind_on_new_extreme": it is a part of the value: write "2%", not \'0%\'',
        ),
        ("when: gold > 1\n  remind: {max: 2}", 'the key "every" is missing'),
    ],
)
def test_what_is_written_wrongly_is_a_fault(rule: str, fault: str) -> None:
    assert faults(f"r:\n  {rule}") == [fault]


# --- values that both fire and clear


@pytest.mark.parametrize(
    ("when", "clear"),
    [
        ("gold > 90", "gold < 95"),
        ("gold > 90", "gold > 85"),
        ("gold >= 90", "gold <= 90"),
        ("gold < 90", "gold > 85"),
        ("90 < gold", "95 > gold"),
    ],
)
def test_a_value_that_both_fires_and_clears_is_a_fault(when: str, clear: str) -> None:
    (fault,) = faults(f"r:\n  when: {when}\n  clear_when: {clear}")

    assert fault.startswith("some values both fire and clear: ")


@pytest.mark.parametrize(
    ("when", "clear"),
    [
        ("gold > 90", "gold <= 90"),
        ("gold >= 90", "gold < 90"),
        ("gold > 90", "silver < 95"),
        ("gold > 90 or gold < 1", "gold < 95"),
        ("gold > silver", "gold < silver * 2"),
    ],
)
def test_what_cannot_be_both_or_is_not_that_simple_is_no_fault(when: str, clear: str) -> None:
    assert pack(f"r:\n  when: {when}\n  clear_when: {clear}").instances


# --- what changes a state, and what only changes messages


PLAIN = "r:\n  when: gold > 90"


def instance_of(rule: str) -> Instance:
    (instance,) = pack(rule).instances
    return instance


@pytest.mark.parametrize(
    "key",
    [
        "remind: {every: 5 bars}",
        "remind_on_new_extreme: 2%",
        "inhibited_by: [feed]",
        "on_first: silent",
        "labels: {team: desk}",
    ],
)
def test_what_only_changes_messages_keeps_the_state(key: str) -> None:
    assert instance_of(f"{PLAIN}\n  {key}").semantic_hash == instance_of(PLAIN).semantic_hash


@pytest.mark.parametrize(
    "key",
    [
        "mode: edge",
        "for: {bars: 1, of: 2}",
        "clear_for: 2 bars",
        "expires: 2026-12-31",
        "on_first: wait_for_edge",
        "on_missing: reset_pending",
        "on_missing: {close_after: 3 bars}",
    ],
)
def test_what_judges_differently_is_another_rule(key: str) -> None:
    assert instance_of(f"{PLAIN}\n  {key}").semantic_hash != instance_of(PLAIN).semantic_hash


# --- the message


def test_a_message_says_what_withheld_those_before_it() -> None:
    book = pack(INHIBITED)
    found = judged(book, [80, 91, 91, 91], silver=[3, 3, 3, 1])
    (one,) = [one for one in found if one.sent and one.transition.rule == "p/r"]
    instance, held = book.find("r")[0], one.withheld
    entry = Entry(instance=instance, transition=one.transition, withheld=held, causes=one.causes)

    message = compose("mail", [entry], catalogue=CATALOGUE, source="made up")

    assert "1 message withheld since the last one (inhibited by p/feed)" in message.body


def test_a_list_of_many_says_of_each_line_what_withheld_those_before_it() -> None:
    book = pack("r: {when: gold > 90}")
    (one,) = judged(book, [80, 91])
    entry = Entry(instance=book.find("r")[0], transition=one.transition, withheld=2, causes=("silence 1",))

    message = compose("mail", [entry] * 11, catalogue=CATALOGUE, source="made up")

    lines = message.body.splitlines()[:11]
    assert all(line.endswith("; 2 messages withheld since the last one (silence 1)") for line in lines)
