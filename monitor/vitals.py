"""Signs of life: whether a heartbeat would be true, and the news that the daemon starts and stops.

A heartbeat says three things: data are fresh, what is held is judged, and messages leave.  Time is an argument.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from monitor.alerts import Severity
from monitor.clock import Clock
from monitor.gather import Context
from monitor.health import Health, unwell_series
from monitor.messages import Message, aged, message_key
from monitor.storage.store import Store
from monitor.wellbeing import current_health

STUCK = timedelta(hours=1)
"""A message that could have left so long ago, or a look at prices so long overdue, says that something is not well."""
HEARTBEAT_EVERY = timedelta(minutes=1)
HEARTBEAT = "heartbeat_at"
"""Under this name the store keeps when the daemon lived last."""
JUDGING = "judging"
"""And under this one how far the judging had come then."""
STOPPED = "stopped_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """How far the judging of a running daemon has come."""

    up_to_date: bool
    """Whether everything that is held has been judged by the rules in force."""
    looked_at: datetime | None
    """When it looked for prices last; of several calendars the one that waits longest."""
    every: timedelta
    """How often it looks."""


def patience(clock: Clock) -> timedelta:
    """How long a daemon on this clock may give no sign of life."""
    return 5 * timedelta(seconds=clock.seconds(HEARTBEAT_EVERY) * clock.speed)


def leave(store: Store, judging: Judging, *, now: datetime) -> None:
    """Leave a sign of life, for those who look at the database."""
    store.set_meta(HEARTBEAT, now.isoformat())
    store.set_meta(JUDGING, TypeAdapter(Judging).dump_json(judging).decode())


def left(store: Store) -> tuple[datetime | None, Judging | None]:
    """The last sign of life: when it was, and how far the judging had come."""
    alive, judging = store.meta(HEARTBEAT), store.meta(JUDGING)
    return (
        None if alive is None else datetime.fromisoformat(alive),
        None if judging is None else TypeAdapter(Judging).validate_json(judging),
    )


def ills(
    context: Context, judging: Judging | None, *, now: datetime, health: Health | None = None
) -> list[str]:
    """Why a heartbeat would be a lie; none when all is well.  Without `judging` that is left out.

    `health` is that of now, where somebody looked at it already.
    """
    health = health or current_health(context, now=now)
    oldest = context.store.counts().oldest_owed
    stuck = oldest is not None and now - oldest > STUCK
    return [
        *unwell_series(health),
        *(_behind(judging, now) if judging is not None else ()),
        *([f"a message is owed since {oldest:%Y-%m-%d %H:%M} UTC"] if stuck else []),
    ]


def _behind(judging: Judging, now: datetime) -> Iterator[str]:
    if not judging.up_to_date:
        yield "what is held was not judged yet"
    looked = judging.looked_at
    if looked is not None and now - looked > judging.every * 2 + STUCK:
        yield f"prices were looked for last at {looked:%Y-%m-%d %H:%M} UTC"


def started(context: Context, channels: Sequence[str], *, now: datetime, clock: str = "") -> list[Message]:
    """The news that the daemon starts; when it did not stop by itself before, until when it lived."""
    lived, stopped = context.store.meta(HEARTBEAT), context.store.meta(STOPPED)
    lines = [f"{len(context.rulebook.instances)} rules, prices from {context.source.label}.", *_clock(clock)]
    if lived is not None and (stopped is None or stopped < lived):
        last = datetime.fromisoformat(lived)
        away = f", {aged(now - last)} ago" if now >= last else ""
        lines.append(f"It was not stopped before: it lived last at {last:%Y-%m-%d %H:%M} UTC{away}.")
    return _notices(channels, "started", lines, now=now)


def stopped(context: Context, channels: Sequence[str], *, now: datetime, clock: str = "") -> list[Message]:
    """The news that the daemon was told to stop, and the note of it in the store."""
    context.store.set_meta(STOPPED, now.isoformat())
    lines = ["It was told to. Nothing is watched until it starts again.", *_clock(clock)]
    return _notices(channels, "stopped", lines, now=now)


def _clock(label: str) -> list[str]:
    return [f"{label[:1].upper()}{label[1:]}."] if label else []


def _notices(channels: Sequence[str], what: str, lines: Sequence[str], *, now: datetime) -> list[Message]:
    return [
        Message(
            channel=name,
            session=None,
            severity=Severity.INFO,
            title=f"INFO metalwatch {what}, {now:%Y-%m-%d %H:%M} UTC",
            body="\n".join(lines),
            transitions=(),
            key=message_key(name, [what, now.isoformat()]),
        )
        for name in channels
    ]
