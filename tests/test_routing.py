"""Routes: who hears of what; quiet hours: from when on."""

from datetime import UTC, datetime, time

import pytest

from monitor.alerts import Severity
from monitor.routing import Match, QuietHours, Route, Routing, everything
from tests.support.rules import pack

BOOK = pack(
    "high:\n  when: gold > 2\n  severity: warning\n  labels: {desk: metals}\n"
    "low:\n  levels:\n    info: {when: silver < 2}\n    critical: {when: silver < 1}"
)
HIGH, LOW = BOOK.instances
INFO, WARNING, CRITICAL = Severity
BERLIN = QuietHours(start=time(22), end=time(7), zone="Europe/Berlin")


def routes(*pairs: tuple[Match, str]) -> Routing:
    return Routing(routes=tuple(Route(match=match, channels=(channel,)) for match, channel in pairs))


@pytest.mark.parametrize(
    ("match", "heard"),
    [
        (Match(severity=frozenset({WARNING})), True),
        (Match(severity=frozenset({CRITICAL})), False),
        (Match(pack=(HIGH.rule.pack,)), True),
        (Match(pack=("other*",)), False),
        (Match(rule=("high",)), True),
        (Match(rule=(HIGH.rule.id,)), True),
        (Match(rule=("h*", "low")), True),
        (Match(rule=("low",)), False),
        (Match(instrument=("gold",)), True),
        (Match(instrument=("silver",)), False),
        (Match(labels={"desk": "metals"}), True),
        (Match(labels={"desk": "miners"}), False),
        (Match(labels={"team": "metals"}), False),
        (Match(health=True), False),
    ],
)
def test_a_route_takes_what_its_match_says_in_every_part(match: Match, heard: bool) -> None:
    assert match.takes(HIGH, WARNING) is heard


def test_the_first_route_that_matches_names_the_channels() -> None:
    ordered = routes(
        (Match(severity=frozenset({CRITICAL})), "phone"), (Match(rule=("low",)), "mail"), (Match(), "chat")
    )

    assert ordered.channels(LOW, CRITICAL) == ("phone",)
    assert ordered.channels(LOW, INFO) == ("mail",)
    assert ordered.channels(HIGH, WARNING) == ("chat",)


def test_health_alerts_go_to_the_first_route_for_them_or_for_everything() -> None:
    assert routes((Match(rule=("low",)), "mail"), (Match(), "chat")).health == ("chat",)
    assert routes((Match(health=True), "ops"), (Match(), "chat")).health == ("ops",)


def test_a_route_that_nothing_reaches_is_found() -> None:
    hidden = routes(
        (Match(rule=("low",)), "mail"), (Match(severity=frozenset({CRITICAL})), "phone"), (Match(), "chat")
    )

    assert hidden.unreached(BOOK) == [1]
    assert everything(["mail"]).unreached(BOOK) == []
    assert routes((Match(health=True), "ops"), (Match(), "chat")).unreached(BOOK) == []


@pytest.mark.parametrize(
    ("now", "from_then"),
    [
        ("2026-01-15T20:59", "2026-01-15T20:59"),  # 21:59 in Berlin
        ("2026-01-15T21:00", "2026-01-16T06:00"),
        ("2026-01-16T05:59", "2026-01-16T06:00"),
        ("2026-01-16T06:00", "2026-01-16T06:00"),
        ("2026-03-28T22:00", "2026-03-29T05:00"),  # the night the clocks go forward
        ("2026-10-24T21:00", "2026-10-25T06:00"),  # and the one they go back
    ],
)
def test_quiet_hours_end_at_their_local_time_also_in_the_nights_in_which_clocks_change(
    now: str, from_then: str
) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert BERLIN.over(instant, WARNING) == datetime.fromisoformat(from_then).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "from_then"),
    [
        ("2026-03-29T00:30", "2026-03-29T01:30"),  # 02:30 is left out: it is 03:30 then
        ("2026-10-25T00:15", "2026-10-25T00:30"),  # 02:15, for the first time
        ("2026-10-25T01:15", "2026-10-25T01:30"),  # and for the second
    ],
)
def test_quiet_hours_that_end_in_the_hour_that_is_left_out_or_repeated_end_after_now(
    now: str, from_then: str
) -> None:
    late = QuietHours(start=time(22), end=time(2, 30), zone="Europe/Berlin")
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert late.over(instant, WARNING) == datetime.fromisoformat(from_then).replace(tzinfo=UTC)


def test_a_critical_message_does_not_wait_for_the_end_of_quiet_hours_unless_told_to() -> None:
    night = datetime(2026, 1, 15, 23, tzinfo=UTC)
    strict = QuietHours(start=time(22), end=time(7), zone="Europe/Berlin", exempt=None)

    assert BERLIN.over(night, CRITICAL) == night
    assert strict.over(night, CRITICAL) > night


def test_quiet_hours_within_a_day_hold_from_start_to_end() -> None:
    lunch = QuietHours(start=time(12), end=time(13), zone="UTC")

    assert lunch.over(datetime(2026, 1, 15, 12, 30, tzinfo=UTC), INFO) == datetime(
        2026, 1, 15, 13, tzinfo=UTC
    )
    assert lunch.over(datetime(2026, 1, 15, 13, 0, tzinfo=UTC), INFO) == datetime(2026, 1, 15, 13, tzinfo=UTC)
