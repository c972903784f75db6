"""Which transitions people hear of: each is sent, or withheld with its cause.

Decided from session labels and from what people heard before, never from a clock, so that the live daemon and a
backtest decide the same.  The first cause that matches wins: a silent kind, a rule that inhibits this one, a silence,
then what the cooldown still owes.  Two kinds of transitions are made here, because they are about messages only: the
`still open` of an episode whose open was withheld, and the reminder of one that was told.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from monitor.alerts import RECORDED_ONLY, Kind, Reason, Severity, Transition
from monitor.rules import Remind

COOLDOWN = "cooldown"
SILENT_KIND = "silent kind"
FIRST = "first judgement"
"""It was firing when its rule was judged for the first time."""
UNKNOWN = "unknown"
"""A reminder was due in a session of which nothing is known."""
INHIBITED = "inhibited by "
"""Followed by the rule that was open."""


@dataclass(frozen=True, slots=True)
class Ongoing:
    """The open episode of a rule with reminders."""

    level: Severity
    bars: int = 0
    """Sessions judged since it began."""
    reminders: int = 0
    """How many were due."""
    farthest: float | None = None
    """The reach of the farthest value told of it at the level of the last message."""


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
    causes: tuple[str, ...] = ()
    """Why, each cause once; without any nobody knows all of them: an older version counted only."""
    unheard: str | None = None
    """Why nobody has heard of the open episode, if it was not the cooldown."""
    louder: Severity | None = None
    """The level of an episode that people know at a lower one, because its escalation was inhibited."""
    ongoing: Ongoing | None = None
    """The open episode; kept for reminders only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A transition, what was decided about it, and its words."""

    transition: Transition
    sent: bool
    cause: str | None = None
    """Why it was withheld."""
    withheld: int = 0
    """Of a sent one: how many before it were withheld."""
    causes: tuple[str, ...] = ()
    """And why."""
    text: str = ""

    @property
    def withheld_by(self) -> str | None:
        """Why people did not hear of it; None where they did, and of what is never told."""
        return None if self.cause == SILENT_KIND else self.cause


def withholding(told: Told, cause: str) -> Told:
    """One message more is withheld; a cause is kept once."""
    known = not told.withheld or bool(told.causes)
    causes = (*told.causes, cause) if known and cause not in told.causes else told.causes
    return replace(told, withheld=told.withheld + 1, causes=causes)


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How a rule wants to be told of, and what that takes to know of its instance."""

    edge: bool
    remind: Remind
    hush: Callable[[Transition], str | None]
    """Why a transition is not told whatever the cooldown says: a rule that inhibits it, a silence."""
    reach: Callable[[date, Severity], float | None]
    """How far the value of a level is in a session, larger is farther in the rule's direction."""
    known: Callable[[date], bool]
    """Whether the session was more than unknown."""
    reminder: Callable[[date, Ongoing, Reason], Transition]
    """A reminder of an episode, its number among them."""


def decide(
    transitions: Sequence[Transition],
    told: Told,
    *,
    cooldown: int,
    sessions: Sequence[date],
    still_open: Callable[[date, Severity], Transition],
    manners: Manners,
) -> tuple[list[Decided], Told]:
    """Decide all transitions of one instance, in the order of sessions, over the sessions that were judged.

    `still_open` makes the transition that tells of an episode whose open was withheld; it is due after the first
    session that is known, in which nothing withholds it any more and the instance is still firing.
    """
    talk = _Talk(told, cooldown, still_open, manners)
    done = 0
    for session, group in groupby(transitions, key=lambda one: one.session):
        talk.wait(sessions[done : bisect_left(sessions, session)])
        talk.judged(session, group)
        done = bisect_right(sessions, session)
    talk.wait(sessions[done:])
    return talk.decided, talk.told


def decide_later(transition: Transition, told: Told, manners: Manners) -> tuple[Decided, Told]:
    """Decide an escalation of a session that was judged before, in which nothing else is due any more."""
    talk = _Talk(told, 0, lambda _, __: transition, manners)
    talk.tell(transition)
    return talk.decided[0], talk.told


class _Talk:
    """The fold over sessions: what was decided so far, and what people have heard."""

    def __init__(
        self, told: Told, cooldown: int, still_open: Callable[[date, Severity], Transition], manners: Manners
    ) -> None:
        self.told, self.cooldown, self.still_open, self.manners = told, cooldown, still_open, manners
        self.decided: list[Decided] = []

    def wait(self, sessions: Sequence[date]) -> None:
        """Sessions without a transition; nothing is due in them unless something is owed or reminded of."""
        for session in sessions:
            if self.told.ongoing is None and self.told.owed is None and self.told.louder is None:
                return
            self.judged(session, ())

    def judged(self, session: date, transitions: Iterable[Transition]) -> None:
        """One session: what happened in it, then what is due after it."""
        before = len(self.decided)
        if self.told.ongoing is not None:
            later = replace(self.told.ongoing, bars=self.told.ongoing.bars + 1)
            self.told = replace(self.told, ongoing=later)
        for transition in transitions:
            self.tell(transition)
        owed = self.told.owed or self.told.louder
        if owed is not None and self._may_tell(session, owed):
            self.tell(self.still_open(session, owed))
        elif self.told.ongoing is not None and not any(one.sent for one in self.decided[before:]):
            self._remind(session, self.told.ongoing)

    def _may_tell(self, session: date, owed: Severity) -> bool:
        """Whether what is owed may be told: something must be known; an escalation does not wait for the cooldown."""
        last = self.told.last_open if self.told.owed is not None else None
        over = last is None or (session - last).days >= self.cooldown
        return over and self.manners.known(session) and self._hushed(session, owed) is None

    def _hushed(self, session: date, level: Severity) -> str | None:
        """Why the open episode may not be told of in a session."""
        return self.manners.hush(self.still_open(session, level))

    def _remind(self, session: date, ongoing: Ongoing) -> None:
        if ongoing.bars == 0 or self.told.unheard == FIRST:
            return
        extreme = self._is_new_extreme(session, ongoing)
        if extreme or self._is_round(ongoing):
            reason = Reason.NEW_EXTREME if extreme else Reason.THRESHOLD
            ongoing = replace(ongoing, reminders=ongoing.reminders + 1)
            self.told = replace(self.told, ongoing=ongoing)
            self.tell(self.manners.reminder(session, ongoing, reason))

    def _is_round(self, ongoing: Ongoing) -> bool:
        every, most = self.manners.remind.every, self.manners.remind.max
        if every is None or ongoing.bars % every:
            return False
        return most is None or ongoing.bars // every <= most

    def _is_new_extreme(self, session: date, ongoing: Ongoing) -> bool:
        """A value beyond all that were told of this episode, in a session in which it can be told."""
        told, step, farthest = self.told, self.manners.remind.new_extreme, ongoing.farthest
        if step is None or farthest is None or told.level is None or told.owed is not None:
            return False
        reach = self.manners.reach(session, told.level)
        beyond = 0.0 if reach is None else reach - farthest
        return beyond > 0 and beyond >= step * abs(farthest) and self._hushed(session, told.level) is None

    def tell(self, transition: Transition) -> None:
        cause = self._cause(transition)
        made = Decided(transition=transition, sent=cause is None, cause=cause)
        if made.sent:
            made = replace(made, withheld=self.told.withheld, causes=self.told.causes)
        self.decided.append(made)
        if transition.kind is Kind.OPEN and self.manners.remind:
            self.told = replace(self.told, ongoing=Ongoing(transition.level))
        if cause is None:
            self._heard(transition)
        elif cause == SILENT_KIND:
            self._lowered(transition)
        else:
            self._withhold(transition, cause)
        if transition.kind is Kind.RESOLVE:
            self.told = replace(self.told, owed=None, unheard=None, louder=None, ongoing=None)

    def _cause(self, transition: Transition) -> str | None:
        """Why a transition is withheld; None when it is sent.  The first match wins."""
        kind = transition.kind
        if kind in RECORDED_ONLY or (kind is Kind.RESOLVE and self.manners.edge):
            return SILENT_KIND
        hushed = self.manners.hush(transition)
        if hushed is not None:
            return hushed
        if kind in (Kind.RESOLVE, Kind.REMIND) and (self.told.owed or self.told.unheard):
            return self.told.unheard or COOLDOWN
        if kind is Kind.REMIND:
            return None if self.manners.known(transition.session) else UNKNOWN
        return COOLDOWN if kind is Kind.OPEN and self._is_cooling(transition) else None

    def _is_cooling(self, transition: Transition) -> bool:
        told = self.told
        if told.last_open is None or told.level is None or transition.level.rank > told.level.rank:
            return False
        # A late bar may open before the one that was told last.
        return abs((transition.session - told.last_open).days) < self.cooldown

    def _heard(self, transition: Transition) -> None:
        told, opens = self.told, transition.kind in (Kind.OPEN, Kind.STILL_OPEN)
        ongoing = told.ongoing
        if ongoing is not None:
            reach = self._reach(transition)
            same = ongoing.farthest if transition.level is told.level else None
            farthest = max((one for one in (reach, same) if one is not None), default=None)
            ongoing = replace(ongoing, level=transition.level, farthest=farthest)
        last_open = max(transition.session, told.last_open or date.min) if opens else told.last_open
        self.told = Told(last_open=last_open, level=transition.level, ongoing=ongoing)

    def _reach(self, transition: Transition) -> float | None:
        if self.manners.remind.new_extreme is None:
            return None
        return self.manners.reach(transition.session, transition.level)

    def _lowered(self, transition: Transition) -> None:
        """A de-escalation lowers what is owed, and what is reminded of."""
        told, level = self.told, transition.level
        if transition.kind is not Kind.DEESCALATE:
            return
        more = told.louder is not None and (told.level is None or level.rank > told.level.rank)
        self.told = replace(
            told,
            owed=level if told.owed else None,
            louder=level if more else None,
            ongoing=replace(told.ongoing, level=level) if told.ongoing else None,
        )

    def _withhold(self, transition: Transition, cause: str) -> None:
        """What was withheld is counted, and an open or an escalation is owed; an edge is over and never owed."""
        told, level = withholding(self.told, cause), transition.level
        because = None if cause == COOLDOWN else cause
        if transition.kind is Kind.OPEN:
            told = replace(told, owed=level, unheard=because)
        elif transition.kind is Kind.ESCALATE:
            unheard = told.owed or told.unheard
            told = replace(told, owed=level, unheard=because) if unheard else replace(told, louder=level)
        if told.ongoing is not None and transition.kind is Kind.ESCALATE:
            told = replace(told, ongoing=replace(told.ongoing, level=level))
        self.told = replace(told, owed=None, louder=None) if self.manners.edge else told
