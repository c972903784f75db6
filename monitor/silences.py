"""What people asked not to hear: silences with their reason and end, and acknowledged episodes.

They change messages, never states.  Both are asked about the instant from which a transition's values could be
known, not about the clock, so that judging again later hides the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.alerts import Kind, Transition
from monitor.routing import Match
from monitor.rules import Instance

SILENCE = "silence "
"""Followed by its number."""
ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Some alerts are not told for a while."""

    number: int
    match: Match
    reason: str
    author: str
    since: datetime
    until: datetime | None = None
    """None: until the alerts that were open when it began are resolved."""

    def hides(self, instance: Instance, transition: Transition) -> bool:
        """Whether a transition is not told."""
        if not self.match.takes(instance, transition.level):
            return False
        if self.until is None:
            return (
                transition.opened or transition.session
            ) <= self.since.date() and self.since <= transition.at
        return self.since <= transition.at < self.until


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """An episode whose reminders are not sent any more."""

    rule: str
    instance: str | None
    episode: int
    author: str
    note: str
    at: datetime


Hush = Callable[[Instance, Transition], str | None]
"""Why people do not want to hear of a transition, or None."""


def NOBODY(_instance: Instance, _transition: Transition) -> str | None:  # noqa: N802 - the constant among them
    """Nobody asked for anything."""
    return None


def hush(silences: Iterable[Silence], acknowledged: Iterable[Acknowledged]) -> Hush:
    """The first reason that holds: a silence, by its number, then an acknowledgement, which is for reminders."""
    ordered = sorted(silences, key=lambda one: one.number)
    known = {(one.rule, one.instance, one.episode): one for one in acknowledged}

    def cause(instance: Instance, transition: Transition) -> str | None:
        silence = next((one for one in ordered if one.hides(instance, transition)), None)
        if silence is not None:
            return f"{SILENCE}{silence.number}"
        one = known.get((transition.rule, transition.instance, transition.episode))
        if transition.kind is Kind.REMIND and one is not None and one.at <= transition.at:
            return f"{ACKNOWLEDGED} by {one.author}"
        return None

    return cause
