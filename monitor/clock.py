"""The only reader of the clock: the real one, or one that is set for a rehearsal.

Everything else is told the time; commands that only look read it here and load no daemon.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.errors import UsageError

YEARS = range(1900, 2200)
"""A set clock begins in one of them: there is room before and behind for every span that is looked over."""
FASTEST = 1_000_000
LEAST_WAIT = 0.2
"""Seconds between two wake-ups of a job, however fast the clock runs."""


@dataclass(frozen=True)
class Clock:
    """The one clock: the real one, or one that starts at a set instant and may run faster."""

    start: datetime | None = None
    speed: float = 1.0
    began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """This instant, in UTC."""
        if self.start is None:
            return datetime.now(UTC)
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * self.speed)

    def seconds(self, span: timedelta) -> float:
        """How many real seconds a span of this clock takes."""
        return max(span.total_seconds() / self.speed, LEAST_WAIT)

    def spans(self, real: timedelta) -> timedelta:
        """How far this clock goes in a real span."""
        return real * self.speed

    @property
    def label(self) -> str:
        """What every banner says when the clock is set; empty when it is real."""
        if self.start is None:
            return ""
        return f"set clock, from {self.start:%Y-%m-%d %H:%M} UTC" + (
            f", x{self.speed:g}" if self.speed != 1 else ""
        )


def read_clock(text: str | None) -> Clock:
    """`2020-03-12T17:00-04:00` or `2020-03-12T17:00-04:00,x3600` as a clock; None is the real one."""
    if not text:
        return Clock()
    instant, _, speed = text.partition(",")
    try:
        start = datetime.fromisoformat(instant.strip())
        factor = float(speed.strip().removeprefix("x")) if speed else 1.0
    except ValueError:
        start, factor = None, 0.0
    if start is None or start.tzinfo is None or start.year not in YEARS or not 0 < factor <= FASTEST:
        msg = (
            "--clock: expected an instant with its offset, such as 2020-03-12T17:00-04:00 or ...,x3600, "
            f"from {YEARS[0]} to {YEARS[-1]} and at most x{FASTEST:,}; got {text!r}"
        )
        raise UsageError(msg)
    return Clock(start.astimezone(UTC), factor)
