from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.delivery.retry import BASE, CAP, TIME_LIMIT, is_permanent, may_have_arrived, next_attempt

WRITTEN = datetime(2026, 1, 29, 22, 5, tzinfo=UTC)
END = WRITTEN + TIME_LIMIT

attempts = st.integers(1, 10_000)
jitters = st.floats(0, 1)
ages = st.timedeltas(timedelta(0), TIME_LIMIT - timedelta(microseconds=1))


def longest_wait(attempts: int) -> timedelta:
    after = next_attempt(attempts, WRITTEN, created_at=WRITTEN, jitter=1.0)
    assert after is not None
    return after - WRITTEN


def test_the_longest_wait_doubles_up_to_a_cap() -> None:
    waits = [longest_wait(number) for number in (1, 2, 3, 9, 10, 500)]

    assert waits == [BASE, 2 * BASE, 4 * BASE, 256 * BASE, CAP, CAP]


@given(attempts, ages, jitters)
def test_the_next_attempt_is_within_the_wait_and_the_time_limit(
    attempts: int, age: timedelta, jitter: float
) -> None:
    now = WRITTEN + age

    after = next_attempt(attempts, now, created_at=WRITTEN, jitter=jitter)

    assert after is not None
    assert now <= after <= min(now + CAP, END)


@given(attempts, st.timedeltas(timedelta(0), timedelta(days=30)), jitters)
def test_nothing_is_tried_again_beyond_the_time_limit(attempts: int, late: timedelta, jitter: float) -> None:
    assert next_attempt(attempts, END + late, created_at=WRITTEN, jitter=jitter) is None


def test_the_last_attempt_is_at_the_end_of_the_time_limit() -> None:
    almost = END - timedelta(seconds=1)

    assert next_attempt(50, almost, created_at=WRITTEN, jitter=1.0) == END


@pytest.mark.parametrize(
    "reason",
    [
        "Failed to send JSON POST notification: Unauthorized, error=401.",
        "Failed to send JSON POST notification: error=410.",
        "Failed to send Telegram notification: (403) bot was blocked.",
        "Socket Exception: (535, b'5.7.8 Authentication credentials invalid')",
        "Socket Exception: {'ann@example.org': (550, b'no such user')}",
        "SMTP recipient ann@example.org was refused: 550 b'no such user'",
        "invalid_auth",
        "Unauthorized",
    ],
)
def test_what_trying_again_cannot_cure_is_permanent(reason: str) -> None:
    assert is_permanent(reason)


@pytest.mark.parametrize(
    "reason",
    [
        "Failed to send JSON POST notification: Servers are overloaded., error=503.",
        "Failed to send JSON POST notification: error=429.",
        "Failed to send to Slack: Unauthorized proxy, error=502.",
        "Socket Exception: (454, b'4.7.0 Temporary authentication failure')",
        "Socket Exception: (421, b'too many connections')",
        "Socket Exception: [Errno 111] Connection refused",
        "something nobody has seen before",
        "",
    ],
)
def test_anything_else_may_pass(reason: str) -> None:
    assert not is_permanent(reason)


@pytest.mark.parametrize(
    ("reason", "arrived"),
    [
        ("HTTPConnectionPool(host='x', port=1): Read timed out. (read timeout=4.0)", True),
        (
            "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
            True,
        ),
        ("Connection unexpectedly closed: timed out", True),
        ("Connection to 127.0.0.1 timed out. (connect timeout=4.0)", False),
        ("[Errno 111] Connection refused", False),
        ("error=503.", False),
    ],
)
def test_silence_after_the_message_left_is_told_from_silence_before(reason: str, *, arrived: bool) -> None:
    assert may_have_arrived(reason) is arrived
