"""Episodes: what happened between an open and its resolve, read back from what was decided."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from monitor.alerts import Kind, Severity
from monitor.policy import Decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One episode of one instance."""

    rule: str
    instance: str | None
    number: int
    opened: date
    resolved: date | None
    """None while it is open at the end."""
    worst: Severity
    told: bool
    """Whether its open was sent."""
    cause: str | None
    """Why its open was withheld."""


def episodes(decided: Iterable[Decided]) -> list[Episode]:
    """The episodes that opened, in the order of their opens."""
    found: dict[tuple[str, str | None, int], Episode] = {}
    for one in decided:
        transition = one.transition
        key = (transition.rule, transition.instance, transition.episode)
        if transition.kind is Kind.OPEN:
            found[key] = Episode(
                rule=transition.rule,
                instance=transition.instance,
                number=transition.episode,
                opened=transition.session,
                resolved=None,
                worst=transition.level,
                told=one.sent,
                cause=one.cause,
            )
        elif key in found and transition.kind in (Kind.ESCALATE, Kind.RESOLVE):
            resolved = transition.session if transition.kind is Kind.RESOLVE else None
            found[key] = replace(found[key], worst=transition.level, resolved=resolved)
    return list(found.values())
