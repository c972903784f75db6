"""What is recorded of a change: a transition, with the numbers that made it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.alerts.kinds import Kind, Reason, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One recorded change of one instance, with the numbers that made it."""

    id: str
    rule: str
    """Full id of the rule, `pack/name`."""
    instance: str | None
    """The member of `for_each`, else None."""
    kind: Kind
    level: Severity
    session: date
    at: datetime
    """The instant from which its values could be known."""
    reason: Reason = Reason.THRESHOLD
    episode: int = 0
    opened: date | None = None
    """The session in which its episode began."""
    reminder: int = 0
    """Of a reminder: its number within the episode."""
    values: Mapping[str, float | None] = field(default_factory=dict)
    """The metrics of the rule in that session."""
    legs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """For each leg its value, session and known_at, as it was judged."""


def transition_id(
    rule: str, instance: str | None, level: str, kind: str, session: date, occurrence: int = 0
) -> str:
    """The same change of the same instance in the same session has the same id, whoever computes it."""
    parts = (rule, instance or "", level, kind, session.isoformat(), str(occurrence))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
