"""The words of a transition: the first 80 characters, unknown values, keys, and nothing that is advice."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path

import pytest

from monitor.alerts import Kind, Reason, Severity, Transition, transition_id
from monitor.instruments import Catalogue, read_catalogue
from monitor.language import Const, bounds_of, shown, written
from monitor.messages import Entry, compose, headline, leg_line, message_key, say, words
from monitor.packs import pack_files
from monitor.rulefile import read_rulebook
from monitor.rules import Instance, Level, Rulebook
from tests.support.rules import pack

RULES = Path(__file__).parents[2] / "rules"
SESSION = date(2026, 1, 30)
OPENED = date(2026, 1, 28)
ADVICE = re.compile(
    r"\b(buy|sell|short|hold|enter|exit|target|recommend\w*|should|opportunit\w+)\b", re.IGNORECASE
)


def shipped() -> Rulebook:
    text = (RULES / "instruments.yml").read_text(encoding="utf-8")
    catalogue = read_catalogue(text, file="instruments.yml")
    texts = {path.name: path.read_text(encoding="utf-8") for path in pack_files(RULES)}
    return read_rulebook(texts, catalogue)


SHIPPED = shipped()


def beyond(level: Level) -> dict[str, float | None]:
    """Values that make a level fire: each compared metric well beyond its threshold."""
    found: dict[str, float | None] = {}
    for metric, sign, limit in bounds_of(level.when):
        if isinstance(limit, Const):
            step = abs(limit.value) * 0.1234567 or 0.1234567
            found.setdefault(written(metric), limit.value + (step if sign in (">", ">=") else -step))
    return found


def transition(
    instance: Instance,
    level: Level,
    kind: Kind = Kind.OPEN,
    *,
    values: Mapping[str, float | None] | None = None,
    reason: Reason = Reason.THRESHOLD,
) -> Transition:
    rule, member = instance.key
    shown_values = dict.fromkeys(instance.shown, 1.2345) | (beyond(level) if values is None else dict(values))
    return Transition(
        id=transition_id(rule, member, level.severity, kind, SESSION),
        rule=rule,
        instance=member,
        kind=kind,
        level=level.severity,
        session=SESSION,
        at=datetime(2026, 1, 30, 18, 30, tzinfo=UTC),
        reason=reason,
        episode=3,
        opened=SESSION if kind is Kind.OPEN and reason is Reason.THRESHOLD else OPENED,
        values=shown_values,
        legs={
            f"{leg}.close": {
                "value": 5318.4,
                "session": SESSION,
                "known_at": datetime(2026, 1, 30, 18, 30, tzinfo=UTC),
            }
            for leg in sorted(instance.instruments)
        },
    )


FIRSTS = {instance.rule.id: instance for instance in reversed(SHIPPED.instances)}
"""Each shipped rule, for the first member of its group."""
CASES = [
    (instance, level, kind)
    for instance in FIRSTS.values()
    for level in instance.levels
    for kind in (Kind.OPEN, Kind.ESCALATE, Kind.STILL_OPEN, Kind.RESOLVE)
]
IDS = [f"{i.rule.id}-{i.member or 'all'}-{level.severity}-{kind}" for i, level, kind in CASES]


@pytest.mark.parametrize(("instance", "level", "kind"), CASES, ids=IDS)
def test_the_first_80_characters_carry_severity_what_value_threshold_and_session(
    instance: Instance, level: Level, kind: Kind
) -> None:
    condition = level.clear_when if kind is Kind.RESOLVE and level.clear_when else level.when
    # A threshold that moves, such as a high-water mark, has no number of its own: it is told by its words.
    metric, _, limit = next(iter(bounds_of(condition)))
    value = limit.value * 1.07 if isinstance(limit, Const) else 123.4
    unit = "%" if "%" in (metric.unit, limit.unit) else "1"
    one = transition(instance, level, kind, values={written(metric): value})

    first = headline(instance, one)[:80]

    assert first.startswith("RESOLVED" if kind is Kind.RESOLVE else level.severity.upper())
    assert instance.rule.name in first
    assert instance.member is None or instance.member in first
    assert shown(value, unit) in first
    assert written(limit) in first
    assert SESSION.isoformat() in first


@pytest.mark.parametrize(("instance", "level", "kind"), CASES, ids=IDS)
def test_a_message_of_a_shipped_rule_gives_no_advice_and_formats_every_number(
    instance: Instance, level: Level, kind: Kind
) -> None:
    one = transition(instance, level, kind)

    message = compose(
        "phone", [Entry(instance=instance, transition=one)], catalogue=SHIPPED.catalogue, source="files"
    )

    text = f"{message.title}\n{message.body}\n{words(instance, one)}"
    assert not ADVICE.search(text), ADVICE.findall(text)
    assert "{" not in text
    assert "nan" not in text.lower().replace("tennant", "")
    assert "None" not in text
    assert message.title[:80].rstrip()


@pytest.mark.parametrize(
    "instance", SHIPPED.instances, ids=[f"{i.rule.id}-{i.member}" for i in SHIPPED.instances]
)
def test_the_notes_of_shipped_rules_give_no_advice(instance: Instance) -> None:
    assert not ADVICE.search(f"{instance.rule.say} {instance.rule.note}")


def made_up(text: str, metrics: str = "gsr: gold / silver\nlimit: 90") -> Instance:
    (instance,) = pack(text, metrics=metrics).instances
    return instance


RATIO = made_up("ratio: {when: gsr > 90, clear_when: gsr < 85, say: 'Ratio {gsr:.1f}, {silver:,.2f}'}")


def test_an_open_tells_the_comparison_that_opened_it() -> None:
    one = transition(RATIO, RATIO.levels[0], values={"gsr": 104.83, "silver": 30.0})

    assert headline(RATIO, one) == "WARNING ratio: gsr 104.8 > 90, 2026-01-30"
    assert words(RATIO, one) == "WARNING ratio: gsr 104.8 > 90, 2026-01-30. Ratio 104.8, 30.00"


def test_a_resolve_tells_the_comparison_that_cleared_it_and_since_when_it_was_open() -> None:
    one = transition(RATIO, RATIO.levels[0], Kind.RESOLVE, values={"gsr": 84.0})

    assert headline(RATIO, one) == "RESOLVED ratio: gsr 84 < 85, 2026-01-30 (since 2026-01-28)"


def test_a_resolve_without_a_clear_condition_tells_the_opposite_of_what_opened_it() -> None:
    plain = made_up("plain: {when: gsr > 90}")

    line = headline(plain, transition(plain, plain.levels[0], Kind.RESOLVE, values={"gsr": 84.0}))

    assert line.startswith("RESOLVED plain: gsr 84 <= 90, 2026-01-30")


@pytest.mark.parametrize(
    ("value", "told"),
    [(84.0, "gsr 84 < 85"), (97.0, "gsr 97 < 98")],  # the second where `warning` did not hold for 3 bars yet
)
def test_a_ladder_that_ends_tells_the_comparison_of_the_lowest_level_that_is_clear(
    value: float, told: str
) -> None:
    ladder = made_up(
        "ladder: {levels: {warning: {when: gsr > 90, clear_when: gsr < 85, for: 3 bars},"
        " critical: {when: gsr > 100, clear_when: gsr < 98}}}"
    )

    line = headline(ladder, transition(ladder, ladder.levels[1], Kind.RESOLVE, values={"gsr": value}))

    assert line == f"RESOLVED ladder: {told}, 2026-01-30 (since 2026-01-28)"


def test_what_is_still_open_and_what_was_already_true_say_since_when() -> None:
    level = RATIO.levels[0]
    still = headline(RATIO, transition(RATIO, level, Kind.STILL_OPEN, values={"gsr": 104.0}))
    already = headline(RATIO, transition(RATIO, level, values={"gsr": 104.0}, reason=Reason.ALREADY_TRUE))

    assert still == "WARNING still open ratio: gsr 104 > 90, 2026-01-30 (since 2026-01-28)"
    assert already == "WARNING ratio: gsr 104 > 90, 2026-01-30 (already true since 2026-01-28)"


def test_what_is_told_later_between_firing_and_clear_tells_what_it_has_not_reached_yet() -> None:
    level = RATIO.levels[0]
    still = headline(RATIO, transition(RATIO, level, Kind.STILL_OPEN, values={"gsr": 87.0}))
    already = headline(RATIO, transition(RATIO, level, values={"gsr": 87.0}, reason=Reason.ALREADY_TRUE))

    assert still == "WARNING still open ratio: gsr 87 <= 90, clear < 85, 2026-01-30"
    assert already == "WARNING ratio: gsr 87 <= 90, clear < 85, 2026-01-30 (already true)"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"gsr": 30.0, "gold": 5.0}, "gsr 30 < 40"),
        ({"gsr": 100.0, "gold": 5.0}, "gsr 100 > 90"),
        ({"gsr": 60.0, "gold": 500.0}, "gold 500 > 100"),
    ],
)
def test_of_several_comparisons_the_one_that_holds_is_told(
    values: dict[str, float | None], told: str
) -> None:
    several = made_up("several: {when: gsr < 40 or gsr > 90 or gold > 100}")

    assert told in headline(several, transition(several, several.levels[0], values=values))


@pytest.mark.parametrize(
    ("condition", "fires", "opened", "clears", "resolved"),
    [
        ("not (gsr > 90)", 80.0, "gsr 80 <= 90", 91.0, "gsr 91 > 90"),
        ("not (gsr > 90 or gsr < 60)", 80.0, "gsr 80 <= 90", 50.0, "gsr 50 < 60"),
        ("gsr < 20 or crosses_above(gsr, 70)", 75.0, "WHEN", 76.0, "gsr 76 >= 20"),
        (
            "gsr < 80 and crosses_above(gsr, 70)",
            75.0,
            "crosses_above(gsr, 70) and gsr 75 < 80",
            76.0,
            "WHEN does not hold",
        ),
        ("not (gsr >= 80 or crosses_above(gsr, 70))", 75.0, "gsr 75 < 80", 81.0, "gsr 81 >= 80"),
        ("crosses_above(gsr, 70)", 75.0, "WHEN", 76.0, "WHEN does not hold"),
    ],
)
def test_no_comparison_is_told_that_did_not_decide(
    condition: str, fires: float, opened: str, clears: float, resolved: str
) -> None:
    mixed = made_up(f'r: {{when: "{condition}"}}')
    (level,) = mixed.levels

    opens = headline(mixed, transition(mixed, level, values={"gsr": fires}))
    ends = headline(mixed, transition(mixed, level, Kind.RESOLVE, values={"gsr": clears}))

    assert opens == f"WARNING r: {opened.replace('WHEN', condition)}, 2026-01-30"
    assert ends.startswith(f"RESOLVED r: {resolved.replace('WHEN', condition)}, 2026-01-30")


def test_a_threshold_under_a_name_is_told_as_its_number() -> None:
    named = made_up("named: {when: gsr > limit}")

    line = headline(named, transition(named, named.levels[0], values={"gsr": 104.0, "limit": 90.0}))

    assert line == "WARNING named: gsr 104 > 90, 2026-01-30"


def test_a_threshold_that_moves_is_told_with_its_number() -> None:
    moving = made_up('moving: {when: "gsr > sma(gsr, 20)"}')
    (level,) = moving.levels

    opens = headline(moving, transition(moving, level, values={"gsr": 104.0, "sma(gsr, 20)": 99.5}))
    unknown = headline(moving, transition(moving, level, values={"gsr": 104.0, "sma(gsr, 20)": None}))

    assert opens == "WARNING moving: gsr 104 > sma(gsr, 20) 99.50, 2026-01-30"
    assert unknown == "WARNING moving: gsr 104 > sma(gsr, 20) ?, 2026-01-30"


def test_a_long_name_gives_way_to_the_numbers_and_to_the_member_of_its_group() -> None:
    rules = (
        "strength-against-gold-over-sixty-sessions: {for_each: metals, when: 'zscore(it / gold, 60) < -2'}"
    )
    silver = next(
        one for one in pack(rules, metrics="gsr: gold / silver").instances if one.member == "silver"
    )
    (level,) = silver.levels

    line = headline(silver, transition(silver, level, values={"zscore(silver / gold, 60)": -2.345}))

    assert line == "WARNING strength-against-gold-over… silver: …/ gold, 60) -2.345 < -2, 2026-01-30"
    assert len(line) == 80


def test_a_long_condition_that_is_told_without_numbers_keeps_its_beginning() -> None:
    condition = "not (crosses_below(gsr, 80) and crosses_below(silver, sma(silver, 200)))"
    quiet = made_up(f"quiet: {{when: '{condition}'}}")

    line = headline(quiet, transition(quiet, quiet.levels[0], values={}))
    ending = made_up(f"ending: {{when: gsr > 80, clear_when: '{condition}'}}")
    end = headline(ending, transition(ending, ending.levels[0], Kind.RESOLVE, values={}))

    assert end == "RESOLVED ending: not (crosses_below(gsr, 80) and crosses_below(silv…, 2026-01-30"
    assert line == "WARNING quiet: not (crosses_below(gsr, 80) and crosses_below(silver…, 2026-01-30"
    assert len(line) == 80


def test_an_unknown_number_is_a_question_mark() -> None:
    one = transition(RATIO, RATIO.levels[0], values={"gsr": None, "silver": None})

    assert headline(RATIO, one) == "WARNING ratio: gsr ? > 90, 2026-01-30"
    assert say(RATIO, one) == "Ratio ?, ?"


def test_a_leg_is_told_with_its_unit_session_time_and_basis(catalogue: Catalogue) -> None:
    leg = {"value": 5318.4, "session": SESSION, "known_at": datetime(2026, 1, 30, 18, 30, tzinfo=UTC)}

    line = leg_line("gold.close", leg, catalogue)

    assert line.startswith("gold 5,318 USD/ozt, ")
    for part in ("2026-01-30", "18:30 UTC", "continuous futures"):
        assert part in line


def test_the_age_of_a_series_is_told_in_days(catalogue: Catalogue) -> None:
    leg = {"value": 3.0, "session": SESSION}

    assert leg_line("gold.age", leg, catalogue).startswith("gold.age 3 days, 2026-01-30")


def test_a_leg_that_is_not_known_is_a_question_mark(catalogue: Catalogue) -> None:
    assert leg_line("mp.volume", {"value": None, "session": None}, catalogue).startswith("mp.volume ?, ")


def entries() -> list[Entry]:
    ladder = made_up("ladder: {levels: {info: {when: gsr > 60}, critical: {when: gsr > 100}}}")
    plain = made_up("plain: {when: gsr > 90}")
    return [
        Entry(instance=plain, transition=transition(plain, plain.levels[0])),
        Entry(instance=ladder, transition=transition(ladder, ladder.levels[1], Kind.ESCALATE), withheld=2),
        Entry(instance=RATIO, transition=transition(RATIO, RATIO.levels[0], Kind.RESOLVE)),
    ]


def test_one_message_tells_all_the_loudest_first(catalogue: Catalogue) -> None:
    message = compose("phone", entries(), catalogue=catalogue, source="sample market, not real prices")

    assert message.title.startswith("CRITICAL ladder: ")
    assert "+2 more" in message.title
    assert message.severity is Severity.CRITICAL
    assert message.session == SESSION
    assert message.transitions == tuple(sorted(entry.transition.id for entry in entries()))
    for part in (
        "plain",
        "ratio",
        "2 messages withheld",
        "sample market, not real prices",
        f"explain {message.ref}",
    ):
        assert part in message.body


def test_the_key_of_a_message_does_not_depend_on_the_order_of_what_it_tells(catalogue: Catalogue) -> None:
    keys = {
        compose("phone", order, catalogue=catalogue, source="files").key for order in permutations(entries())
    }

    assert len(keys) == 1
    assert keys != {compose("mail", entries(), catalogue=catalogue, source="files").key}
    assert keys != {compose("phone", entries()[:2], catalogue=catalogue, source="files").key}


def test_a_key_is_the_same_on_every_machine() -> None:
    assert message_key("phone", ["b", "a"]) == message_key("phone", ["a", "b"])
    assert message_key("phone", ["ab"]) != message_key("phone", ["a", "b"])
    assert message_key("phone", ["a"]) == "afdca7061825f0dffad07aa5e56851cf"


def test_the_name_of_the_channel_does_not_stand_in_the_message(catalogue: Catalogue) -> None:
    secret = "env:PHONE-token-1234"

    message = compose(secret, entries(), catalogue=catalogue, source="files")

    assert "1234" not in f"{message.title}{message.body}"
