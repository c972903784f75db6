"""The memory of an alert: one pure step from a state and an observation to a state and its changes.

`advance` is the machine of one level, `advance_ladder` the fold of several levels into one episode.
Nothing here knows of prices, frames, messages or clocks.

The states of a level:

* ok: not firing;
* pending: firing, but not for long enough to open;
* firing: open;
* recovering: open and clear, but not for long enough to resolve.

Counters are kept only where the machine reads them, so that equal states are equal values: fires and
unknowns while pending, clears while firing or recovering.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import IntEnum, StrEnum

MAX_UNKNOWN_PENDING = 2
"""So many unknown observations in a row a pending level survives."""


class Severity(StrEnum):
    """How loud an alert is; also the names of a ladder's levels, lowest first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Verdict(IntEnum):
    """The class of one observation."""

    UNKNOWN = 0
    FIRE = 1
    CLEAR = 2
    BAND = 3
    """Known, neither firing nor clear."""
    BAND_KEEPING_CLEARS = 4
    """Not firing, and whether it is clear is unknown: a band that leaves the count of clears."""


class Phase(StrEnum):
    """The state of one level."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"

    @property
    def is_open(self) -> bool:
        return self in (Phase.FIRING, Phase.RECOVERING)


class Kind(StrEnum):
    """What a transition says happened."""

    PENDING = "pending"
    DROPPED = "dropped"
    OPEN = "open"
    ESCALATE = "escalate"
    DEESCALATE = "deescalate"
    RESOLVE = "resolve"
    STILL_OPEN = "still_open"
    RETRACT = "retract"
    REOPEN = "reopen"
    AMEND = "amend"


RECORDED_ONLY = frozenset({Kind.PENDING, Kind.DROPPED, Kind.DEESCALATE, Kind.AMEND})
"""Kinds that are stored and never sent."""


class Reason(StrEnum):
    """Why a transition happened."""

    THRESHOLD = "threshold"
    ALREADY_TRUE = "already_true"
    LATE_DATA = "late_data"
    REVISED_DATA = "revised_data"
    RULE_CHANGED = "rule_changed"
    EXPIRED = "expired"
    RETRACTED = "retracted"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long a level must hold: `bars` fires (in a row, or among the last `of` known) to open,
    `clear_bars` clears in a row to resolve.  An `edge` level opens only after a known bar without fire.
    """

    bars: int = 1
    clear_bars: int = 1
    of: int | None = None
    edge: bool = False


@dataclass(frozen=True, slots=True)
class LevelState:
    """The memory of one level."""

    phase: Phase = Phase.OK
    fires: int = 0
    clears: int = 0
    unknowns: int = 0
    recent: tuple[bool, ...] = ()
    """Whether each of the last known observations fired; kept for `Dwell.of` only."""
    armed: bool = False
    """A known observation without fire has been seen."""


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


def advance(state: LevelState, verdict: Verdict, dwell: Dwell) -> tuple[LevelState, Kind | None]:
    """One step of one level: the table of states and observations.

    Returns the next state and what to record: pending, dropped, open, resolve or nothing.
    """
    if state.phase.is_open:
        return _advance_open(state, verdict, dwell)
    if verdict is Verdict.UNKNOWN:
        return _wait(state)
    if verdict is not Verdict.FIRE:
        return _not_firing(state, dwell)
    if dwell.edge and not state.armed:
        return state, None
    recent = (*state.recent, True)[-dwell.of :] if dwell.of else ()
    fires = sum(recent) if dwell.of else state.fires + 1
    if fires >= dwell.bars:
        return LevelState(Phase.FIRING, armed=state.armed), Kind.OPEN
    began = Kind.PENDING if state.phase is Phase.OK else None
    return LevelState(Phase.PENDING, fires=fires, recent=recent, armed=state.armed), began


def _wait(state: LevelState) -> tuple[LevelState, Kind | None]:
    """Unknown while not open: a pending level holds, but not for ever."""
    if state.phase is Phase.OK:
        return state, None
    if state.unknowns + 1 > MAX_UNKNOWN_PENDING:
        return LevelState(armed=state.armed), Kind.DROPPED
    return replace(state, unknowns=state.unknowns + 1), None


def _not_firing(state: LevelState, dwell: Dwell) -> tuple[LevelState, Kind | None]:
    """Clear or band while not open: pending starts again, or ages if some of many bars are enough."""
    armed = dwell.edge
    recent = (*state.recent, False)[-dwell.of :] if dwell.of else ()
    if any(recent):
        return LevelState(Phase.PENDING, fires=sum(recent), recent=recent, armed=armed), None
    dropped = Kind.DROPPED if state.phase is Phase.PENDING else None
    return LevelState(armed=armed), dropped


def _advance_open(state: LevelState, verdict: Verdict, dwell: Dwell) -> tuple[LevelState, Kind | None]:
    if verdict is Verdict.UNKNOWN:
        return state, None
    if verdict is Verdict.CLEAR:
        clears = state.clears + 1
        if clears >= dwell.clear_bars:
            return LevelState(armed=dwell.edge), Kind.RESOLVE
        return replace(state, phase=Phase.RECOVERING, clears=clears), None
    keep = verdict is Verdict.BAND_KEEPING_CLEARS
    return replace(state, phase=Phase.FIRING, clears=state.clears if keep else 0), None


def advance_ladder(
    state: AlertState, session: date, verdicts: Sequence[Verdict], dwells: Sequence[Dwell]
) -> tuple[AlertState, tuple[Change, ...]]:
    """One step of one instance: every level on its own, then the episode they add up to.

    A session at or before the last one judged is ignored.  The episode's level is the highest open one;
    it opens with the first, escalates when a level above its worst opens, resolves when none is open.
    """
    if state.session is not None and session <= state.session:
        return state, ()
    levels: list[LevelState] = []
    changes: list[Change] = []
    for index, (level, verdict, dwell) in enumerate(zip(state.levels, verdicts, dwells, strict=True)):
        after, kind = advance(level, verdict, dwell)
        levels.append(after)
        if kind in (Kind.PENDING, Kind.DROPPED):
            changes.append(Change(kind, index))
    top = max((i for i, level in enumerate(levels) if level.phase.is_open), default=None)
    after_all = replace(state, levels=tuple(levels), session=session)
    episode, change = _advance_episode(after_all, top)
    return episode, (*changes, *change)


def _advance_episode(state: AlertState, top: int | None) -> tuple[AlertState, tuple[Change, ...]]:
    before, worst = state.level, state.worst
    if top == before:
        return state, ()
    if before is None or worst is None:
        opened = replace(state, level=top, worst=top, opened=state.session, episode=state.episode + 1)
        return opened, (Change(Kind.OPEN, top or 0),)
    if top is None:
        return replace(state, level=None, worst=None, opened=None), (Change(Kind.RESOLVE, worst),)
    if top > worst:
        return replace(state, level=top, worst=top), (Change(Kind.ESCALATE, top),)
    moved = replace(state, level=top)
    return moved, ((Change(Kind.DEESCALATE, top),) if top < before else ())


def is_idle(state: LevelState, dwell: Dwell) -> Verdict | None:
    """The one verdict that can change this level, or None when any could.

    `replay` skips to the next bar of that verdict; a property test holds skipping equal to stepping.
    """
    if state.phase is Phase.OK and (state.armed or not dwell.edge):
        return Verdict.FIRE
    if state.phase is Phase.FIRING and state.clears == 0:
        return Verdict.CLEAR
    return None
