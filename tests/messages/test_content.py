"""What a message says of an alert: what clears it, how rare it is, when it was so last, what history says, its legs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.alerts import Kind, Reason, Severity, Transition
from monitor.messages import Background, Entry
from monitor.messages.content import Rank, items
from monitor.rules import Instance
from tests.support.made_up import CATALOGUE
from tests.support.rules import pack

SESSION = date(2026, 1, 30)
KNOWN = datetime(2026, 1, 30, 18, 30, tzinfo=UTC)


def made_up(text: str) -> Instance:
    (instance,) = pack(text, metrics="gsr: gold / silver").instances
    return instance


RATIO = made_up("ratio: {when: gsr > 90, clear_when: gsr < 85, say: 'Ratio {gsr:.1f}', cooldown: 20 days}")
OPEN = Transition(
    id="1",
    rule="p/ratio",
    instance=None,
    kind=Kind.OPEN,
    level=Severity.WARNING,
    session=SESSION,
    at=KNOWN,
    episode=4,
    opened=SESSION,
    values={"gsr": 104.8},
    legs={"gold.close": {"value": 5318.4, "session": SESSION, "known_at": KNOWN}},
)
RARE = Background(
    since=date(2000, 8, 30),
    sessions=6412,
    beyond=0.989,
    above=True,
    before=(date(2020, 2, 28), date(2020, 8, 5)),
)


def said(
    transition: Transition = OPEN,
    *,
    instance: Instance = RATIO,
    background: Background | None = RARE,
    evidence: str | None = "9 episodes",
    withheld: int = 0,
    causes: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    now: datetime | None = KNOWN + timedelta(minutes=25),
) -> dict[Rank, list[str]]:
    """The lines of a transition by their rank."""
    entry = Entry(
        instance=instance,
        transition=transition,
        background=background,
        evidence=evidence,
        withheld=withheld,
        causes=causes,
        notes=notes,
    )
    found: dict[Rank, list[str]] = {}
    for item in items(entry, CATALOGUE, now):
        found.setdefault(item.rank, []).append(item.line)
    return found


def test_an_open_says_all_that_one_message_must_hold() -> None:
    assert said(withheld=2, causes=("cooldown",)) == {
        Rank.WORDS: ["Ratio 104.8"],
        Rank.NOTE: ["2 messages withheld since the last one (cooldown)"],
        Rank.CLEAR: ["clear at gsr < 85, -19.80 (-18.9 %) from here"],
        Rank.HISTORY: ["history: higher than 98.9 % of 6,412 sessions since 2000-08-30"],
        Rank.BEFORE: ["last time: 2020-02-28 to 2020-08-05"],
        Rank.RULE: ["rule p/ratio, episode 4"],
        Rank.EVIDENCE: ["evidence 9 episodes"],
        Rank.LEG: ["gold 5,318 USD/ozt, 2026-01-30, known 18:30 UTC, Yahoo continuous futures, 25 min old"],
    }


@pytest.mark.parametrize("kind", [Kind.RESOLVE, Kind.RETRACT, Kind.WITHDRAW])
def test_what_is_over_says_neither_how_rare_it_is_nor_what_clears_it(kind: Kind) -> None:
    assert {Rank.CLEAR, Rank.HISTORY, Rank.BEFORE}.isdisjoint(said(replace(OPEN, kind=kind)))


@pytest.mark.parametrize("kind", [Kind.RESOLVE, Kind.RETRACT, Kind.WITHDRAW])
def test_the_end_does_not_say_the_words_of_a_rule_that_holds_no_more(kind: Kind) -> None:
    assert Rank.WORDS not in said(replace(OPEN, kind=kind))


@pytest.mark.parametrize(
    ("beyond", "above", "expected"),
    [
        (1.0, True, "highest of 6,412 sessions since 2000-08-30"),
        (1.0, False, "lowest of 6,412 sessions since 2000-08-30"),
        (0.99999, True, "higher than 99.9 % of 6,412 sessions since 2000-08-30"),
        (0.05, False, "lower than 5.0 % of 6,412 sessions since 2000-08-30"),
    ],
)
def test_how_rare_a_value_is_is_said_in_the_direction_of_its_rule(
    beyond: float, above: bool, expected: str
) -> None:
    found = said(background=replace(RARE, beyond=beyond, above=above))

    assert found[Rank.HISTORY] == [f"history: {expected}"]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, "last time: never in what is held, since 2000-08-30"),
        ((date(2020, 2, 28), None), "last time: 2020-02-28"),
    ],
)
def test_when_it_was_so_last(before: tuple[date, date | None] | None, expected: str) -> None:
    assert said(background=replace(RARE, before=before))[Rank.BEFORE] == [expected]


def test_without_a_history_nothing_is_said_of_it() -> None:
    assert {Rank.HISTORY, Rank.BEFORE, Rank.EVIDENCE}.isdisjoint(said(background=None, evidence=None))
    assert Rank.HISTORY not in said(background=replace(RARE, beyond=None))


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ("{when: gsr > 90}", 104.8, "clear at gsr <= 90, -14.80 (-14.1 %) from here"),
        ("{when: gsr > 90, clear_when: gsr < 85}", 80.0, "clear at gsr < 85"),
        ("{when: gsr > 90, clear_when: gsr < 85}", None, "clear at gsr < 85"),
        (
            "{when: 'change(gold, 1) < -5%', clear_when: 'change(gold, 1) > -2%'}",
            -0.07,
            "+5.0 points from here",
        ),
        ("{when: gsr > 90, clear_when: gsr < 85 or gold < 1}", 104.8, "clear at gsr < 85 or gold < 1"),
    ],
)
def test_what_clears_an_alert_and_how_far_that_is(rule: str, value: float | None, expected: str) -> None:
    instance = made_up(f"ratio: {rule}")
    name = next(iter(instance.shown))

    (line,) = said(replace(OPEN, values={name: value, "gold": 9.0}), instance=instance)[Rank.CLEAR]

    assert line.endswith(expected)


LADDER = made_up(
    "ladder: {levels: {warning: {when: gsr > 90, clear_when: gsr < 85, for: 3 bars},"
    " critical: {when: gsr > 100, clear_when: gsr < 98}}}"
)


@pytest.mark.parametrize("level", [Severity.WARNING, Severity.CRITICAL])
def test_a_ladder_says_what_clears_its_lowest_level_because_it_is_open_until_then(level: Severity) -> None:
    found = said(replace(OPEN, level=level, values={"gsr": 104.8}), instance=LADDER)

    assert found[Rank.CLEAR] == ["clear at gsr < 85, -19.80 (-18.9 %) from here"]


def test_where_no_single_comparison_clears_an_alert_nothing_is_said_of_it() -> None:
    two = made_up("ratio: {when: gsr > 90 and gold > 2}")
    edge = made_up("ratio: {when: gsr > 90, mode: edge}")
    crossing = made_up("ratio: {when: 'gsr > 90 and crosses_above(gold, 2)'}")

    assert Rank.CLEAR not in said(instance=two)
    assert Rank.CLEAR not in said(instance=edge)
    assert Rank.CLEAR not in said(instance=crossing)


def test_the_age_of_a_leg_is_left_out_where_nobody_knows_the_time_and_told_in_days_when_it_is_old() -> None:
    assert said(now=None)[Rank.LEG][0].endswith("Yahoo continuous futures")
    assert said(now=KNOWN + timedelta(days=3))[Rank.LEG][0].endswith("3 days old")
    assert said(now=KNOWN + timedelta(hours=5))[Rank.LEG][0].endswith("5 h old")


def test_a_reminder_says_which_one_it_is_and_since_when_it_is_open() -> None:
    reminder = replace(
        OPEN, kind=Kind.REMIND, opened=date(2026, 1, 26), reminder=2, reason=Reason.NEW_EXTREME
    )

    assert said(reminder)[Rank.RULE] == ["rule p/ratio, episode 4, reminder 2, new extreme, since 2026-01-26"]


def test_further_notes_stand_before_what_was_withheld() -> None:
    found = said(notes=("gold live: quoted is GCG26",), withheld=1, causes=("silence 2",))[Rank.NOTE]

    assert found == ["gold live: quoted is GCG26", "1 message withheld since the last one (silence 2)"]


@pytest.mark.parametrize(
    ("causes", "expected"),
    [(("silence 2", "cooldown"), " (silence 2, cooldown)"), ((), "")],
)
def test_all_causes_of_what_was_withheld_are_told_and_none_is_guessed(
    causes: tuple[str, ...], expected: str
) -> None:
    found = said(withheld=3, causes=causes)[Rank.NOTE]

    assert found == [f"3 messages withheld since the last one{expected}"]


def test_what_opens_again_and_again_is_said_to_flap_but_not_at_its_end() -> None:
    often = replace(RARE, lately=3)

    assert said(background=often)[Rank.NOTE] == ["flapping: opened 3 times in 20 sessions"]
    assert Rank.NOTE not in said(background=replace(RARE, lately=2))
    assert Rank.NOTE not in said(replace(OPEN, kind=Kind.RESOLVE), background=often)
