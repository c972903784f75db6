"""Which transitions people hear of: each is sent, or withheld with its cause.

Decided from session labels and from what people heard before, never from a clock, so that the live daemon and a
backtest decide the same.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from monitor.alerts import RECORDED_ONLY, Kind, Severity, Transition

COOLDOWN = "cooldown"
SILENT_KIND = "silent kind"


@dataclass(frozen=True, slots=True)
class Told:
    """What people have heard of one instance."""

    last_open: date | None = None
    """Session of the last open, or still open, that was sent."""
    level: Severity | None = None
    """The level of the last message that was sent."""
    owed: Severity | None = None
    """The level of an open episode nobody has heard of, because its open was withheld."""
    withheld: int = 0
    """Messages withheld since the last one that was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A transition, what was decided about it, and its words."""

    transition: Transition
    sent: bool
    cause: str | None = None
    """Why it was withheld."""
    withheld: int = 0
    """Of a sent one: how many before it were withheld."""
    text: str = ""


def decide(
    transitions: Sequence[Transition],
    told: Told,
    *,
    cooldown: int,
    sessions: Sequence[date],
    still_open: Callable[[date, Severity], Transition],
) -> tuple[list[Decided], Told]:
    """Decide all transitions of one instance, in the order of sessions, over the sessions that were judged.

    `still_open` makes the transition that tells of an episode whose open a cooldown withheld; it is due after the
    first session in which the cooldown is over and the instance is still firing.
    """
    decided: list[Decided] = []
    last = None
    for session, group in groupby(transitions, key=lambda one: one.session):
        due = _due(told, cooldown, sessions, after=last, before=session)
        if due is not None:
            told = _tell(decided, still_open(due, told.owed or Severity.INFO), told, cooldown)
        for transition in group:
            told = _tell(decided, transition, told, cooldown)
        last = session
    due = _due(told, cooldown, sessions, after=last, before=None)
    if due is not None:
        told = _tell(decided, still_open(due, told.owed or Severity.INFO), told, cooldown)
    return decided, told


def _due(
    told: Told, cooldown: int, sessions: Sequence[date], *, after: date | None, before: date | None
) -> date | None:
    """The first judged session in which a withheld open may be told, if it comes before the next transition."""
    if told.owed is None or told.last_open is None:
        return None
    earliest = told.last_open + timedelta(days=cooldown)
    index = bisect_left(sessions, max(earliest, after) if after else earliest)
    if index == len(sessions) or (before is not None and sessions[index] >= before):
        return None
    return sessions[index]


def _tell(decided: list[Decided], transition: Transition, told: Told, cooldown: int) -> Told:
    cause = _cause(transition, told, cooldown)
    if cause is None:
        decided.append(Decided(transition=transition, sent=True, withheld=told.withheld))
        return _heard(transition, told)
    decided.append(Decided(transition=transition, sent=False, cause=cause))
    if cause == SILENT_KIND:
        return (
            replace(told, owed=transition.level) if told.owed and transition.kind is Kind.DEESCALATE else told
        )
    owed = transition.level if transition.kind is Kind.OPEN else None
    return replace(told, owed=owed, withheld=told.withheld + 1)


def _cause(transition: Transition, told: Told, cooldown: int) -> str | None:
    """Why a transition is withheld; None when it is sent.  The first match wins."""
    kind = transition.kind
    if kind in RECORDED_ONLY:
        return SILENT_KIND
    if kind is Kind.RESOLVE:
        return COOLDOWN if told.owed else None
    if kind is not Kind.OPEN or told.last_open is None or told.level is None:
        return None
    louder = transition.level.rank > told.level.rank
    over = (transition.session - told.last_open).days >= cooldown
    return None if over or louder else COOLDOWN


def _heard(transition: Transition, told: Told) -> Told:
    opens = transition.kind in (Kind.OPEN, Kind.STILL_OPEN)
    return Told(last_open=transition.session if opens else told.last_open, level=transition.level)
