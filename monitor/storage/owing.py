"""The part of the door to the database behind which messages wait until they are delivered."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from monitor.alerts import Severity
from monitor.messages import Message
from monitor.routing import Episode
from monitor.storage import channels, outbox, telling, waiting
from monitor.storage.database import reading, writing
from monitor.storage.records import Attempt, GivenUp, OutboxRow, Owed


@dataclass(frozen=True, slots=True)
class Owing:
    """The messages of an open database; each method is one transaction."""

    engine: Engine

    def enqueue(self, messages: Iterable[Message], *, now: datetime) -> None:
        """Owe messages that no transition caused, such as a health alert; each key once."""
        with writing(self.engine) as connection:
            outbox.enqueue(connection, messages, now=now)

    def heard_on(self, episodes: Collection[Episode]) -> dict[Episode, frozenset[str]]:
        """The channels for which a message of each episode was written that was not given up."""
        with reading(self.engine) as connection:
            return outbox.heard_on(connection, episodes)

    def claim(
        self,
        *,
        now: datetime,
        lease: timedelta,
        channel: str,
        severities: Collection[Severity] = tuple(Severity),
    ) -> OutboxRow | None:
        """Take the next message of a channel that is due; None where there is none, or the channel is left alone."""
        with writing(self.engine) as connection:
            return outbox.claim(connection, now=now, lease=lease, channel=channel, severities=severities)

    def channels_due(self, *, now: datetime) -> list[str]:
        """The channels with messages that are due."""
        with reading(self.engine) as connection:
            return waiting.channels_due(connection, now=now)

    def abandoned(self, channel: str, *, now: datetime) -> list[OutboxRow]:
        """The messages of a channel that somebody claimed and never settled."""
        with reading(self.engine) as connection:
            return waiting.abandoned(connection, channel, now=now)

    def to_merge(
        self,
        row: OutboxRow,
        *,
        now: datetime,
        most: int,
        severities: Collection[Severity] = tuple(Severity),
    ) -> tuple[list[OutboxRow], bool]:
        """What is told with a message: all that waits and may be listed with it where that is so many, else what is
        about its episodes.

        The second says whether it is a list; then it is without bodies and pictures.
        """
        with reading(self.engine) as connection:
            every = waiting.backlog(connection, row, now=now, severities=severities)
            return (every, True) if len(every) >= most else (waiting.kin(connection, row), False)

    def attempts_since(self, channel: str, instant: datetime) -> int:
        """How often a channel was sent to."""
        with reading(self.engine) as connection:
            return channels.attempts_since(connection, channel, instant)

    def failures(self, channel: str) -> int:
        """How often in a row a channel failed."""
        with reading(self.engine) as connection:
            return channels.failures(connection, channel)

    def settle_sent(self, row: OutboxRow, *, now: datetime, merged: Collection[str] = ()) -> bool:
        """The channel took the message and those merged into it.  False when the claim had run out, here and below.

        Whoever sent it may say so, also a daemon that leads no more: it is not sent again then.
        """
        with writing(self.engine, bound=False) as connection:
            return outbox.settle_sent(connection, row, now=now, merged=merged)

    def settle_retry(
        self,
        row: OutboxRow,
        *,
        now: datetime,
        next_at: datetime,
        error: str,
        may_have_arrived: bool = False,
        left_alone_until: datetime | None = None,
    ) -> bool:
        """The channel did not take the message; it is owed again from `next_at` on."""
        with writing(self.engine) as connection:
            channels.has_failed(connection, row.channel, left_alone_until=left_alone_until)
            return outbox.settle_retry(
                connection, row, now=now, next_at=next_at, error=error, may_have_arrived=may_have_arrived
            )

    def settle_given_up(
        self, row: OutboxRow, given_up: GivenUp, *, now: datetime, left_alone_until: datetime | None = None
    ) -> bool:
        """The message is given up, and its channel is left alone until an instant, if one is given."""
        with writing(self.engine) as connection:
            if left_alone_until is not None:
                channels.has_failed(connection, row.channel, left_alone_until=left_alone_until)
            return outbox.settle_given_up(connection, row, given_up, now=now)

    def outbox_rows(self, *, status: Owed | None = None, ref: str | None = None) -> list[OutboxRow]:
        """Messages in the order in which they were written."""
        with reading(self.engine) as connection:
            return outbox.rows(connection, status=status, ref=ref)

    def carriers(self, transitions: Iterable[str]) -> list[OutboxRow]:
        """The messages that carry some transitions, in the order in which they were written."""
        with reading(self.engine) as connection:
            return outbox.carriers(connection, transitions)

    def attempts(self, key: str) -> list[Attempt]:
        """Every attempt to deliver a message, first one first."""
        with reading(self.engine) as connection:
            return outbox.attempts(connection, key)

    # --- for those who look

    def newest_messages(self, limit: int) -> list[OutboxRow]:
        """The messages that were written last, the newest first."""
        with reading(self.engine) as connection:
            return telling.newest(connection, limit)

    def messages_since(self, instant: datetime) -> list[OutboxRow]:
        """The messages that were written from an instant on."""
        with reading(self.engine) as connection:
            return telling.written_since(connection, instant)
