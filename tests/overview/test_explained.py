"""Why something fired, or did not: conditions, prices with their versions, counters, decisions, and how it looks today."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.cycle import judge_new
from monitor.delivery.channel import Channel
from monitor.delivery.outbox import deliver_due
from monitor.errors import DeliveryError
from monitor.gather import Context
from monitor.instruments import AssetKind, Catalogue
from monitor.overview.explained import explain, why_not
from monitor.overview.explained_rows import ExplainedRow
from monitor.prices.sample import SampleSource
from monitor.proving import keep_evidence
from monitor.routing import Match, everything
from monitor.silences import Acknowledged
from monitor.storage.records import Outcome, Owed
from monitor.storage.store import Store, open_store
from tests.support.made_up import CATALOGUE, Values, instrument, made, sessions
from tests.support.rules import pack

HIGH = "high: {when: gold > 2, for: 2 bars, clear_when: gold < 1.5, cooldown: 20 days}"
DAYS = sessions(12)
NOT_HELD = (
    f"not judged in session {DAYS[2]}: not all prices that it reads are held; "
    "`metalwatch once` judges what is complete"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'explained.db'}")
    yield opened
    opened.close()


def evening(number: int) -> datetime:
    return datetime.combine(DAYS[number], time(23), UTC)


def live(store: Store, gold: Values, rules: str = HIGH) -> None:
    """A cycle after each session from the first that was not seen yet."""
    around = Context(store, SampleSource(), pack(rules), routing=everything(["mail"]))
    for count in range(len(store.bars()) + 1, len(gold) + 1):
        store.add_bars(made({"gold": gold[:count]}), seen_at=evening(count - 1), source="made up")
        judge_new(around, now=evening(count - 1))


def explained(
    store: Store,
    rules: str = HIGH,
    *,
    session: date | None = None,
    known_by: datetime | None = None,
    now: datetime | None = None,
) -> ExplainedRow:
    book = pack(rules)
    (row,) = explain(
        store, book, book.find("high"), now=now or evening(11), session=session, known_by=known_by
    )
    return row


def test_a_session_is_explained_with_each_part_its_counters_and_its_price(store: Store) -> None:
    live(store, [1.0, 3.0])

    row = explained(store)

    (level,) = row.levels
    assert (row.session, row.state, row.stored) == (DAYS[1], "pending", True)
    assert (level.verdict, level.needs, level.phase, level.fires) == ("fire", "2 bars", "pending", 1)
    (part,), (clear,) = level.parts, level.clear_parts
    assert (part.metric, part.value, part.sign, part.threshold, part.holds) == ("gold", 3.0, ">", 2.0, True)
    assert (clear.sign, clear.threshold, clear.holds) == ("<", 1.5, False)
    (leg,) = row.legs
    assert (leg.value, leg.session, leg.version, leg.fetched_at) == (3.0, DAYS[1], 1, evening(1))
    assert row.today is not None
    assert (row.today.fires, row.today.differs) == (True, False)


def test_a_revised_price_shows_beside_the_one_that_was_read_and_whether_it_would_fire_today(
    store: Store,
) -> None:
    live(store, [1.0, 3.0, 3.0])
    store.add_bars(made({"gold": [1.0, 3.0, 1.8]}), seen_at=evening(4), source="made up")

    row = explained(store)

    (leg,) = row.legs
    assert (leg.value, leg.version, leg.value_today) == (3.0, 1, 1.8)
    assert row.levels[0].verdict == "fire"
    assert row.today is not None
    assert (row.today.fires, row.today.verdicts, row.today.differs) == (False, ("band",), True)
    assert row.today.parts[0].value == 1.8


def test_a_value_that_is_carried_shows_with_its_version_and_its_age_in_days(store: Store) -> None:
    nav = instrument("nav", kind=AssetKind.MANUAL, carry_days=5)
    catalogue = Catalogue({"gold": CATALOGUE.instruments["gold"], "nav": nav})
    book = pack("dear: {when: gold / nav > 2 and age(nav) >= 0, severity: info}", catalogue=catalogue)
    closes: dict[str, Values] = {"gold": [1.0, 3.0, 3.0], "nav": [1.0, None, None]}
    store.add_bars(made(closes, catalogue=catalogue), seen_at=evening(2), source="made up")

    (row,) = explain(store, book, book.instances, now=evening(3), session=DAYS[2])

    legs = {leg.leg: leg for leg in row.legs}
    close, age = legs["nav.close"], legs["nav.age"]
    assert (close.value, close.unit, close.version, close.value_today) == (1.0, "USD", 1, 1.0)
    assert (age.value, age.unit, age.version, age.value_today) == (2.0, "days", 1, 2.0)


def test_an_earlier_session_is_explained_as_it_was_judged(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0, 1.0])

    by_session = explained(store, session=DAYS[2])
    by_instant = explained(store, known_by=evening(2))

    assert by_session == by_instant
    assert by_session.state == "firing"
    assert by_session.levels[0].phase is None  # the counters of that day are not kept
    (opened,) = by_session.decisions
    assert (opened.kind, opened.sent) == ("open", True)
    assert [one.kind for one in explained(store).recent] == ["open", "pending"]


def test_a_session_that_nobody_judged_is_worked_out_and_says_so(store: Store) -> None:
    store.add_bars(made({"gold": [3.0, 3.0, 1.0]}), seen_at=evening(2), source="made up")

    row = explained(store, session=DAYS[1])

    assert (row.stored, row.levels[0].verdict) == (False, "fire")
    assert row.legs[0].fetched_at == evening(2)


def test_a_session_that_there_is_not_is_not_explained(store: Store) -> None:
    live(store, [1.0, 3.0])
    book = pack(HIGH)

    assert explain(store, book, book.instances, now=evening(3), session=DAYS[0] - timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("session", "told"),
    [
        (DAYS[0] - timedelta(days=1), "Sunday, 2023-12-31, is no session of what it reads (24/5)"),
        (DAYS[0] + timedelta(days=365), "that session is still to come"),
        (DAYS[4], "session 2024-01-05 is not over: its prices are settled at 2024-01-05 21:00 UTC"),
        (DAYS[2], NOT_HELD),
    ],
)
def test_why_a_session_cannot_be_explained_is_told(session: date, told: str) -> None:
    book = pack(HIGH)

    assert why_not(book.instances, book, session, now=evening(3)) == told


def test_a_decision_says_what_withheld_it_and_what_holds_now(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0, 1.0, 3.0, 3.0])

    row = explained(store)

    (opened,) = row.decisions
    assert (opened.sent, opened.cause, opened.messages) == (False, "cooldown", ())
    assert row.attention == (
        f"cooldown of 20 days: told {DAYS[2]}, over from {DAYS[2] + timedelta(days=20)}",
        "1 withheld since the last message",
    )


def test_silences_acknowledgements_and_inhibiting_rules_that_hold_now_are_named(store: Store) -> None:
    rules = "low: {when: gold > 0}\nhigh: {when: gold > 2, inhibited_by: [low]}"
    live(store, [1.0, 3.0], rules)
    now, over = evening(2), evening(1)
    store.add_silence(Match(rule=("high",)), reason="noise", author="ann", since=over, until=None)
    store.add_silence(Match(rule=("high",)), reason="past", author="ann", since=evening(0), until=over)
    store.acknowledge(
        Acknowledged(rule="p/high", instance=None, episode=1, author="bob", note="sold", at=now)
    )

    assert explained(store, rules, now=now).attention == (
        "1 withheld since the last message",
        "silence 1 by ann: noise",
        "acknowledged by bob: sold",
        "inhibited by p/low",
    )


def test_a_silence_until_resolved_is_over_with_the_episode_it_was_about(store: Store) -> None:
    rules = "high: {when: gold > 2}"
    live(store, [1.0, 3.0], rules)
    store.add_silence(Match(rule=("high",)), reason="noise", author="ann", since=evening(1), until=None)
    during = explained(store, rules).attention
    live(store, [1.0, 3.0, 1.0, 3.0], rules)

    assert during == ("silence 1 by ann: noise",)
    assert "silence 1 by ann: noise" not in explained(store, rules).attention


def test_the_message_and_every_attempt_stand_beside_what_they_tell(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0])
    answers = iter([DeliveryError("down"), None])

    def send(*_: object, **__: object) -> None:
        if (answer := next(answers)) is not None:
            raise answer

    for later in (0, 5):
        now = evening(2) + timedelta(hours=later)
        deliver_due(store, {"mail": Channel("mail", "test", send)}, now=lambda: now, jitter=lambda: 0.0)  # noqa: B023

    (message,) = explained(store).decisions[0].messages
    assert (message.channel, message.status, message.sent_at) == (
        "mail",
        Owed.SENT,
        evening(2) + timedelta(hours=5),
    )
    assert [(one.outcome, one.error) for one in message.attempts] == [
        (Outcome.RETRY, "down"),
        (Outcome.SENT, None),
    ]


def test_a_threshold_that_moves_and_a_yes_or_no_are_parts_with_their_values(store: Store) -> None:
    rules = "high: {when: 'gold > sma(gold, 2) and crosses_above(gold, 2)'}"
    live(store, [1.0, 3.0], rules)

    moving, answer = explained(store, rules).levels[0].parts

    assert (moving.value, moving.threshold, moving.holds) == (3.0, 2.0, True)
    assert moving.threshold_shown == "sma(gold, 2) 2"
    assert (answer.metric, answer.sign, answer.holds) == ("crosses_above(gold, 2)", "", True)


def test_what_is_unknown_is_neither_yes_nor_no(store: Store) -> None:
    rules = "high: {when: 'sma(gold, 5) > 2'}"
    live(store, [1.0, 3.0], rules)

    row = explained(store, rules)

    assert (row.levels[0].verdict, row.levels[0].parts[0].holds) == ("unknown", None)
    assert row.today is not None
    assert row.today.fires is None


def test_a_rule_that_asks_about_another_is_explained_with_it(store: Store) -> None:
    rules = "low: {when: gold > 2}\nhigh: {when: 'fired(\"low\")'}"
    live(store, [1.0, 3.0], rules)

    row = explained(store, rules)

    assert row.levels[0].parts[0].holds is True
    assert row.today is not None
    assert row.today.fires is True


def test_what_history_says_of_the_rule_stands_there_once_it_was_measured(store: Store) -> None:
    live(store, [1.0, 3.0, 3.0, 1.0])
    before = explained(store)
    keep_evidence(Context(store, SampleSource(), pack(HIGH)), now=evening(3))

    assert before.evidence is None
    assert (explained(store).evidence or "").startswith(f"{DAYS[0]} to {DAYS[3]}, 1 episode")
