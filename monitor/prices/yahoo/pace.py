"""When Yahoo may be asked: a budget of requests a minute, and a breaker that leaves a refusing host alone.

A pure state machine: time, chance and answers are passed in.  It does not send anything and does not know symbols.
One `Pace` belongs to one host.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitor.prices.source import Outcome

_REFUSALS = frozenset({Outcome.RATE_LIMITED, Outcome.UNAUTHORIZED})
_FAILURES = frozenset({Outcome.SERVER_ERROR, Outcome.NETWORK, Outcome.TIMEOUT})
_ANSWERS = frozenset({Outcome.OK, Outcome.NOT_FOUND, Outcome.EMPTY})
_LEAST_DELAY = timedelta(seconds=1)
_DOUBLINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is asked of the host, and how patient we are with it."""

    per_minute: float = 30
    burst: float = 40
    opens_after: int = 3
    """Failures in a row, of whichever symbols, after which the host is left alone."""
    closes_after: int = 2
    """Answers in a row after which it is trusted again."""
    base: timedelta = timedelta(seconds=5)
    refused_cap: timedelta = timedelta(minutes=30)
    failed_cap: timedelta = timedelta(minutes=5)
    retry_after_cap: timedelta = timedelta(days=1)


class Breaker(StrEnum):
    """Closed: ask.  Open: do not.  Half-open: ask for one symbol at a time and see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What is remembered about a host between requests."""

    tokens: float = 0
    """Requests that may be sent at once; below zero when an answer took more of them than foreseen."""
    counted_at: datetime | None = None
    breaker: Breaker = Breaker.CLOSED
    failures: int = 0
    answers: int = 0
    openings: int = 0
    """How often in a row the breaker opened without closing in between."""
    opened_at: datetime | None = None
    until: datetime | None = None
    probing: bool = False
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of asking for one symbol."""

    outcome: Outcome
    requests: int = 1
    """Requests it took, those of yfinance included."""
    retry_after: timedelta | None = None


def permit(pace: Pace, *, limits: Limits, now: datetime) -> tuple[Pace, str]:
    """Whether one symbol may be asked for now: the next state, and why not (empty if it may)."""
    pace = _refilled(_steady_clock(pace, now), limits=limits, now=now)
    if pace.breaker == Breaker.OPEN and pace.until is not None and now < pace.until:
        return pace, f"left alone until {_clock(pace.until)} because of {pace.because}"
    if pace.breaker != Breaker.CLOSED and pace.probing:
        return pace, f"waiting for a first answer after {pace.because}"
    if pace.tokens < 1:
        free = now + timedelta(minutes=(1 - pace.tokens) / limits.per_minute)
        return pace, f"the budget of {limits.per_minute:g} requests a minute is spent until {_clock(free)}"
    if pace.breaker == Breaker.CLOSED:
        return replace(pace, tokens=pace.tokens - 1), ""
    answers = pace.answers if pace.breaker == Breaker.HALF_OPEN else 0
    half = replace(pace, breaker=Breaker.HALF_OPEN, answers=answers, probing=True)
    return replace(half, tokens=pace.tokens - 1), ""


def record(pace: Pace, answer: Answer, *, limits: Limits, now: datetime, chance: float) -> Pace:
    """The state after an answer; `chance` in [0, 1) spreads the delay of a breaker that opens."""
    pace = replace(pace, tokens=pace.tokens - (answer.requests - 1))
    if pace.breaker == Breaker.HALF_OPEN:
        pace = replace(pace, probing=False)
    if answer.outcome in _REFUSALS | _FAILURES:
        return _after_failure(pace, answer, limits=limits, now=now, chance=chance)
    if answer.outcome in _ANSWERS:
        return _after_answer(pace, limits=limits)
    return pace


def _after_answer(pace: Pace, *, limits: Limits) -> Pace:
    if pace.breaker == Breaker.CLOSED:
        return replace(pace, failures=0)
    if pace.breaker == Breaker.OPEN:
        return pace  # asked before it opened; the delay stands
    if pace.answers + 1 < limits.closes_after:
        return replace(pace, answers=pace.answers + 1)
    return Pace(tokens=pace.tokens, counted_at=pace.counted_at)


def _after_failure(pace: Pace, answer: Answer, *, limits: Limits, now: datetime, chance: float) -> Pace:
    pace = replace(pace, failures=pace.failures + 1)
    patient = pace.breaker == Breaker.CLOSED and pace.failures < limits.opens_after
    told = answer.retry_after is not None
    if not told and (patient or pace.breaker == Breaker.OPEN):
        return pace
    until = now + _delay(answer, openings=pace.openings, limits=limits, chance=chance)
    return replace(
        pace,
        breaker=Breaker.OPEN,
        answers=0,
        openings=pace.openings + (pace.breaker != Breaker.OPEN),
        opened_at=now,
        until=until if pace.breaker != Breaker.OPEN else max(until, pace.until or until),
        because=f"{pace.failures} × {answer.outcome}",
    )


def _delay(answer: Answer, *, openings: int, limits: Limits, chance: float) -> timedelta:
    """Full jitter: anything up to a bound that doubles with each opening; never less than the host asked for."""
    cap = limits.refused_cap if answer.outcome in _REFUSALS else limits.failed_cap
    bound = min(cap, limits.base * 2 ** min(openings, _DOUBLINGS))
    asked_for = min(answer.retry_after or timedelta(), limits.retry_after_cap)
    spread: timedelta = bound * chance
    return max(spread, asked_for, _LEAST_DELAY)


def _refilled(pace: Pace, *, limits: Limits, now: datetime) -> Pace:
    if pace.counted_at is None:
        return replace(pace, tokens=limits.burst, counted_at=now)
    minutes = max(now - pace.counted_at, timedelta()) / timedelta(minutes=1)
    return replace(pace, tokens=min(limits.burst, pace.tokens + minutes * limits.per_minute), counted_at=now)


def _steady_clock(pace: Pace, now: datetime) -> Pace:
    """A clock that was set back must not prolong a delay by as much."""
    if pace.opened_at is None or pace.until is None or now >= pace.opened_at:
        return pace
    return replace(pace, opened_at=now, until=now + (pace.until - pace.opened_at))


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
