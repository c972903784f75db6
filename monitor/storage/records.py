"""What goes into the store and comes out: frozen values, and nothing of the database.

Read `Judged` first: it is all that one judged session changes, and it is written in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import polars as pl

from monitor.alerts import Severity, Transition
from monitor.bars import Action, Quote
from monitor.judge import Memory
from monitor.live import Live
from monitor.messages import Form, Message
from monitor.policy import Decided
from monitor.quality import Finding
from monitor.rules import InstanceKey

FIRST_STARTED = "first_started_at"
"""The name under which the instant is kept at which something was judged first."""

Version = tuple[str, str]
"""A rule's full id and the hash of what it asks, as `Rulebook.versions` has it."""


@dataclass(frozen=True, slots=True)
class Leader:
    """The daemon that leads on a database, or led last."""

    epoch: int
    """How often the lead was taken."""
    holder: str
    """Its machine and process."""
    since: datetime
    leads: bool
    """Whether it still leads."""


@dataclass(frozen=True, slots=True)
class Polled:
    """All that one poll of the prices brought."""

    bars: pl.DataFrame
    """A bar frame."""
    quotes: Sequence[Quote] = ()
    """What the source says of the bars that are not settled."""
    actions: Sequence[Action] = ()
    findings: Sequence[Finding] = ()
    messages: Sequence[Message] = ()
    """What people must hear of it, each key once."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What of it was news."""

    new_bars: int
    """Versions that were written."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How one instance was judged in one session, and from which numbers; `explain` tells it."""

    rule: str
    instance: str | None
    session: date
    at: datetime
    """The instant from which its values could be known."""
    verdicts: tuple[str, ...]
    """One per level, lowest first."""
    values: Mapping[str, float | None]
    legs: Mapping[str, Mapping[str, object]]
    phase: str
    """The phase of the instance after the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """One time at which something was judged: what it takes to judge the same again."""

    at: datetime
    seen_upto: datetime
    """When the newest bar version had been stored that a close rule saw: one that is final, or comes after one."""
    judged_by: str
    """The version of Metalwatch, the digest of the catalogue, and that of the rules in force."""
    before: Mapping[InstanceKey, Memory] | None = None
    """What was remembered before it; kept now and then, and whenever another judged before."""
    packs: Mapping[str, str] | None = None
    """The rules as they were written, by file; kept with what was remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All that one judged session changes."""

    memories: Mapping[InstanceKey, Memory] = field(default_factory=dict)
    decided: Sequence[Decided] = ()
    messages: Sequence[Message] = ()
    lives: Mapping[InstanceKey, Live | None] = field(default_factory=dict)
    """What was told before the close; None where that is over."""
    evaluations: Sequence[Evaluation] = ()
    judging: Judging | None = None
    """With the first of the sessions that are judged at one time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A transition as it was stored, with what was decided about telling it."""

    transition: Transition
    sent: bool
    cause: str | None
    """Why it was withheld."""
    text: str
    recorded_at: datetime
    rule_hash: str


class Owed(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    SENDING = "sending"
    """Claimed; nobody knows yet whether it arrived."""
    RETRY = "retry"
    SENT = "sent"
    DEAD = "dead"
    """Refused for good, and told elsewhere."""
    EXPIRED = "expired"
    """No channel took it until its time was up; told elsewhere."""
    MERGED = "merged"
    """Told in another message, which names it."""
    UNKNOWN = "unknown"
    """Of a channel that may be sent to at most once: nobody knows whether it arrived, and it is not sent again; told elsewhere."""


OPEN = (Owed.PENDING, Owed.RETRY, Owed.SENDING)
"""Messages that are not settled yet."""
GIVEN_UP = (Owed.DEAD, Owed.EXPIRED, Owed.UNKNOWN)
"""Messages that are not sent any more, though nobody knows that they arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One message for one channel, and how far it has come."""

    number: int
    """Rows of a channel are sent in this order."""
    key: str
    ref: str
    channel: str
    session: date | None
    severity: Severity
    title: str
    body: str
    form: Form
    chart: Mapping[str, Any] | None
    """What its picture shows, as `charts` packs it."""
    transitions: tuple[str, ...]
    about: str | None
    """Of a notice about a message that was given up: the key of that message."""
    created_at: datetime
    status: Owed
    attempts: int
    next_at: datetime
    lease_until: datetime | None
    possible_repeat: bool
    """An earlier attempt may have arrived."""
    sent_at: datetime | None
    last_error: str | None
    merged_into: str | None = None
    """The key of the message that tells it."""
    deferred_until: datetime | None = None
    """The end of the quiet hours in which it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """How a message ends that is not sent any more."""

    end: Owed
    """`DEAD`, `EXPIRED` or `UNKNOWN`."""
    error: str
    merged: Sequence[str] = ()
    """The keys of those that end with it."""
    notices: Sequence[Message] = ()
    """What is told of it elsewhere."""


class Outcome(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    RETRY = "retry"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """Its process died, or hung beyond its lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver a message; one without an end is under way, or its process died."""

    key: str
    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much is stored, for `status`."""

    bars: int
    """Bar versions."""
    transitions: int
    decisions: Mapping[str, int]
    """Transitions by what became of them: `sent`, or the cause why not."""
    outbox: Mapping[Owed, int]
    oldest_owed: datetime | None
    """Since when the oldest message that is still owed could have been sent."""
