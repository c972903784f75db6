"""When a digest is due, and what it says."""

from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.digest import Every, Schedule, compose_digest, counts

WEEKLY = Schedule(every=Every.WEEK, at=time(8), zone="Europe/Berlin", weekday=0)
DAILY = Schedule(every=Every.DAY, at=time(8), zone="Europe/Berlin")
DUE = datetime(2026, 1, 12, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        (WEEKLY, "2026-01-12T07:00", "2026-01-12T07:00"),
        (WEEKLY, "2026-01-12T06:59", "2026-01-05T07:00"),
        (WEEKLY, "2026-01-18T23:00", "2026-01-12T07:00"),
        (DAILY, "2026-01-12T06:59", "2026-01-11T07:00"),
        (DAILY, "2026-03-29T06:00", "2026-03-29T06:00"),  # summer time began at night
        (DAILY, "2026-03-28T06:30", "2026-03-27T07:00"),
    ],
)
def test_a_digest_is_due_at_its_local_time_in_summer_and_in_winter(
    schedule: Schedule, now: str, due: str
) -> None:
    def instant(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert schedule.last_due(instant(now)) == instant(due)


def test_digests_of_a_day_with_25_hours_or_of_23_follow_each_other_without_a_gap() -> None:
    autumn, spring = datetime(2026, 10, 25, 7, tzinfo=UTC), datetime(2026, 3, 29, 6, tzinfo=UTC)

    assert DAILY.before(autumn) == autumn - timedelta(hours=25)
    assert DAILY.before(spring) == spring - timedelta(hours=23)
    assert WEEKLY.before(DUE) == DUE - timedelta(days=7)


def test_a_digest_says_how_much_happened_first_and_drops_what_is_empty() -> None:
    sections = {"Open": ["warning gsr-high"], "Closed": [], "Withheld": ["2 by cooldown"]}
    message = compose_digest(
        "mail", WEEKLY, DUE, counts({"Opened": 1, "Closed": 0, "Open": 1}), sections, source="Yahoo"
    )

    assert message.title == "Weekly digest, 2026-01-12: 1 opened, 1 open"
    assert message.body.startswith(
        "Open (1)\n  warning gsr-high\n\nWithheld (1)\n  2 by cooldown\n\nYahoo | ref "
    )


def test_a_digest_of_nothing_says_that_nothing_happened() -> None:
    assert counts({"Opened": 0, "Open": 0}) == "nothing happened"


def test_the_digest_of_one_instant_has_one_key_for_each_channel() -> None:
    def key(channel: str, due: datetime) -> str:
        return compose_digest(channel, WEEKLY, due, "", {}, source="Yahoo").key

    assert key("mail", DUE) == key("mail", DUE)
    assert len({key("mail", DUE), key("phone", DUE), key("mail", DUE.replace(day=19))}) == 3


def test_a_long_list_is_cut_and_the_rest_is_counted() -> None:
    message = compose_digest(
        "mail", DAILY, DUE, "", {"Opened": [f"line {n}" for n in range(15)]}, source="Yahoo"
    )

    assert "Opened (15)" in message.body
    assert "line 11\n  and 3 more" in message.body
