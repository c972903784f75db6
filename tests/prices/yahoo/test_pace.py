"""The budget and the breaker, as properties: no clock runs here."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.prices.source import Outcome
from monitor.prices.yahoo.pace import Answer, Breaker, Limits, Pace, permit, record

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMITS = Limits()
REFUSED = Answer(outcome=Outcome.RATE_LIMITED)
DOWN = Answer(outcome=Outcome.SERVER_ERROR)
FINE = Answer(outcome=Outcome.OK)
HOUR = timedelta(hours=1)


def asked(pace: Pace, *answers: Answer, now: datetime = START, chance: float = 0.5) -> Pace:
    """Ask and be answered; every question must be permitted."""
    for answer in answers:
        pace, refusal = permit(pace, limits=LIMITS, now=now)
        assert not refusal
        pace = record(pace, answer, limits=LIMITS, now=now, chance=chance)
    return pace


def why_not(pace: Pace, *, now: datetime = START) -> str:
    return permit(pace, limits=LIMITS, now=now)[1]


@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=300))
def test_no_span_of_time_sees_more_requests_than_the_burst_and_the_minutes_in_it(gaps: list[int]) -> None:
    pace, now, sent = Pace(), START, list[datetime]()
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        pace, refusal = permit(pace, limits=LIMITS, now=now)
        sent += [now] * (not refusal)

    for first, start in enumerate(sent):
        minutes = (sent[-1] - start) / timedelta(minutes=1)
        assert len(sent) - first <= LIMITS.burst + LIMITS.per_minute * minutes + 1e-6


def test_a_first_start_of_thirty_symbols_with_cookie_and_crumb_is_within_the_budget() -> None:
    first = Answer(outcome=Outcome.OK, requests=3)

    pace = asked(Pace(), first, *[FINE] * 29)

    assert not why_not(pace)


def test_a_spent_budget_says_until_when_and_comes_back() -> None:
    pace = asked(Pace(), *[FINE] * 40)

    assert why_not(pace) == "the budget of 30 requests a minute is spent until 2026-03-02 12:00:02 UTC"
    assert not why_not(pace, now=START + timedelta(seconds=2))


def test_requests_that_yfinance_added_count_as_well() -> None:
    pace = asked(Pace(), Answer(outcome=Outcome.OK, requests=44))

    assert why_not(pace, now=START + timedelta(seconds=9))
    assert not why_not(pace, now=START + timedelta(seconds=10))


@pytest.mark.parametrize(
    "failure", [REFUSED, DOWN, Answer(outcome=Outcome.TIMEOUT), Answer(outcome=Outcome.NETWORK)]
)
def test_three_failures_in_a_row_open_the_breaker(failure: Answer) -> None:
    pace = asked(Pace(), FINE, failure, failure)
    assert pace.breaker == Breaker.CLOSED

    pace = asked(pace, failure)

    assert pace.breaker == Breaker.OPEN
    assert "left alone until 2026-03-02 12:00:02 UTC because of 3 ×" in why_not(pace)


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.BAD_PAYLOAD, Outcome.EMPTY])
def test_what_is_wrong_with_one_symbol_never_opens_it(outcome: Outcome) -> None:
    pace = asked(Pace(), *[Answer(outcome=outcome)] * 30)

    assert pace.breaker == Breaker.CLOSED


def test_an_answer_in_between_starts_the_count_again() -> None:
    pace = asked(Pace(), REFUSED, REFUSED, FINE, REFUSED, REFUSED)

    assert pace.breaker == Breaker.CLOSED


def test_a_host_that_says_how_long_is_left_alone_that_long_at_once() -> None:
    pace = asked(Pace(), Answer(outcome=Outcome.RATE_LIMITED, retry_after=timedelta(seconds=120)))

    assert why_not(pace, now=START + timedelta(seconds=119))
    assert not why_not(pace, now=START + timedelta(seconds=120))


def test_after_the_delay_one_probe_goes_out_and_the_others_wait_for_it() -> None:
    pace = asked(Pace(), REFUSED, REFUSED, REFUSED)
    later = START + HOUR

    pace, refusal = permit(pace, limits=LIMITS, now=later)

    assert not refusal
    assert why_not(pace, now=later) == "waiting for a first answer after 3 × rate limited"


def test_two_answers_close_it_and_a_failed_probe_opens_it_for_longer() -> None:
    opened = asked(Pace(), REFUSED, REFUSED, REFUSED)

    closed = asked(opened, FINE, FINE, now=START + HOUR)
    again = asked(opened, FINE, REFUSED, now=START + HOUR)

    assert closed.breaker == Breaker.CLOSED
    assert again.breaker == Breaker.OPEN
    assert again.until == START + HOUR + timedelta(seconds=5)


def test_a_probe_with_a_senseless_answer_lets_the_next_symbol_try() -> None:
    pace = asked(Pace(), REFUSED, REFUSED, REFUSED)

    pace = asked(pace, Answer(outcome=Outcome.BAD_PAYLOAD), now=START + HOUR)

    assert pace.breaker == Breaker.HALF_OPEN
    assert not why_not(pace, now=START + HOUR)


@given(st.integers(1, 30), st.floats(0, 0.999), st.sampled_from([REFUSED, DOWN]))
def test_the_delay_grows_with_every_opening_up_to_its_cap(
    openings: int, chance: float, failure: Answer
) -> None:
    pace, now = asked(Pace(), failure, failure, failure, chance=chance), START
    for _ in range(openings):
        now = pace.until or now
        pace = asked(pace, failure, now=now, chance=chance)

    cap = LIMITS.refused_cap if failure is REFUSED else LIMITS.failed_cap
    bound = min(cap, LIMITS.base * 2 ** min(openings, 20))
    assert pace.until is not None
    assert timedelta(seconds=1) <= pace.until - now <= max(bound, timedelta(seconds=1))


@given(
    st.lists(st.sampled_from([*Outcome]), max_size=60),
    st.lists(st.integers(-4000, 4000), min_size=60, max_size=60),
)
def test_whatever_happens_the_host_is_asked_again_after_a_day(
    outcomes: list[Outcome], steps: list[int]
) -> None:
    pace, now = Pace(), START
    for outcome, step in zip(outcomes, steps, strict=False):
        now += timedelta(seconds=step)
        pace, refusal = permit(pace, limits=LIMITS, now=now)
        if not refusal:
            pace = record(pace, Answer(outcome=outcome), limits=LIMITS, now=now, chance=0.7)

    assert not why_not(pace, now=now + timedelta(days=1))


def test_a_clock_that_is_set_back_does_not_prolong_the_delay_by_as_much() -> None:
    pace = asked(Pace(), REFUSED, REFUSED, REFUSED)
    back = START - 24 * HOUR

    pace, refusal = permit(pace, limits=LIMITS, now=back)

    assert refusal
    assert not why_not(pace, now=back + timedelta(seconds=5))
