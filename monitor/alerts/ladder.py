"""The memory of one instance: its levels, each on its own, and the episode they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from monitor.alerts.kinds import Kind, Phase, Reason, Verdict
from monitor.alerts.level import Dwell, LevelState, advance


@dataclass(frozen=True, slots=True)
class AlertState:
    """The memory of one instance: its levels, lowest first, and the episode they add up to."""

    levels: tuple[LevelState, ...]
    session: date | None = None
    """The last session judged."""
    level: int | None = None
    """Index of the highest open level; None when no episode is open."""
    worst: int | None = None
    """The highest level of the episode so far."""
    opened: date | None = None
    """The session in which the open episode began."""
    episode: int = 0
    """How many episodes have opened, the open one included."""

    @classmethod
    def fresh(cls, levels: int) -> "AlertState":
        """The state before anything was observed."""
        return cls(levels=(LevelState(),) * levels)

    @property
    def phase(self) -> Phase:
        """The phase of the instance: that of its highest open level, else pending or ok."""
        if self.level is not None:
            return self.levels[self.level].phase
        return Phase.PENDING if any(lv.phase is Phase.PENDING for lv in self.levels) else Phase.OK


@dataclass(frozen=True, slots=True)
class Change:
    """A step of the machine worth recording: its kind and the index of the level it is about."""

    kind: Kind
    level: int
    reason: Reason = Reason.THRESHOLD


def advance_ladder(
    state: AlertState,
    session: date,
    verdicts: Sequence[Verdict],
    dwells: Sequence[Dwell],
    *,
    expires: date | None = None,
) -> tuple[AlertState, tuple[Change, ...]]:
    """One step of one instance: every level on its own, then the episode they add up to.

    A session at or before the last one judged is ignored.  The episode's level is the highest open one;
    it opens with the first, escalates when a level above its worst opens, resolves when none is open.
    From the session `expires` on nothing is judged any more; what is open then resolves.
    """
    if state.session is not None and session <= state.session:
        return state, ()
    if expires is not None and session >= expires:
        return _expire(state, session)
    levels: list[LevelState] = []
    changes: list[Change] = []
    reason = Reason.THRESHOLD
    for index, (level, verdict, dwell) in enumerate(zip(state.levels, verdicts, dwells, strict=True)):
        after, kind = advance(level, verdict, dwell)
        levels.append(after)
        if kind in (Kind.PENDING, Kind.DROPPED):
            changes.append(Change(kind, index))
        if kind is Kind.RESOLVE and verdict is Verdict.UNKNOWN:
            reason = Reason.STALE_CLOSED
    top = max((i for i, level in enumerate(levels) if level.phase.is_open), default=None)
    after_all = replace(state, levels=tuple(levels), session=session)
    episode, change = _advance_episode(after_all, top, reason)
    return episode, (*changes, *change)


def clearing(state: AlertState, sessions: int) -> AlertState:
    """An instance of one level that is open, after so many clear sessions in a row that resolve nothing yet."""
    (level,) = state.levels
    return replace(state, levels=(replace(level, clears=level.clears + sessions),))


def _expire(state: AlertState, session: date) -> tuple[AlertState, tuple[Change, ...]]:
    pending = (i for i, level in enumerate(state.levels) if level.phase is Phase.PENDING)
    changes = [Change(Kind.DROPPED, index, Reason.EXPIRED) for index in pending]
    if state.worst is not None:
        changes.append(Change(Kind.RESOLVE, state.worst, Reason.EXPIRED))
    after = AlertState.fresh(len(state.levels))
    return replace(after, session=session, episode=state.episode), tuple(changes)


def _advance_episode(
    state: AlertState, top: int | None, closing: Reason
) -> tuple[AlertState, tuple[Change, ...]]:
    before, worst = state.level, state.worst
    if top == before:
        return state, ()
    if before is None or worst is None:
        opened = replace(state, level=top, worst=top, opened=state.session, episode=state.episode + 1)
        return opened, (Change(Kind.OPEN, top or 0),)
    if top is None:
        return replace(state, level=None, worst=None, opened=None), (Change(Kind.RESOLVE, worst, closing),)
    if top > worst:
        return replace(state, level=top, worst=top), (Change(Kind.ESCALATE, top),)
    moved = replace(state, level=top)
    return moved, ((Change(Kind.DEESCALATE, top, closing),) if top < before else ())
