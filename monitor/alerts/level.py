"""The machine of one level: one pure step from a state and the class of an observation to the next state.

Counters are kept only where the machine reads them, so that equal states are equal values: fires and
unknowns while pending, clears while firing or recovering, and unknowns there only if they can close it.
"""

from dataclasses import dataclass, replace

from monitor.alerts.kinds import Kind, Phase, Verdict

MAX_UNKNOWN_PENDING = 2
"""So many unknown observations in a row a pending level survives, unless `on_missing` says otherwise."""


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long a level must hold: `bars` fires (in a row, or among the last `of` known) to open,
    `clear_bars` clears in a row to resolve.  An `edge` level opens only after a known bar without fire.
    """

    bars: int = 1
    clear_bars: int = 1
    of: int | None = None
    edge: bool = False
    max_unknown: int = MAX_UNKNOWN_PENDING
    """So many unknown observations in a row it survives while pending."""
    close_after: int | None = None
    """After so many unknown observations in a row an open level closes without confirmation."""

    @property
    def minds_missing(self) -> bool:
        """Whether missing prices change a state by themselves, beyond what the next price would change anyway."""
        return self.close_after is not None or self.max_unknown < MAX_UNKNOWN_PENDING


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


def advance(state: LevelState, verdict: Verdict, dwell: Dwell) -> tuple[LevelState, Kind | None]:
    """One step of one level: the table of states and observations.

    Returns the next state and what to record: pending, dropped, open, resolve or nothing.
    """
    if state.phase.is_open:
        return _advance_open(state, verdict, dwell)
    if verdict is Verdict.UNKNOWN:
        return _wait(state, dwell)
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


def _wait(state: LevelState, dwell: Dwell) -> tuple[LevelState, Kind | None]:
    """Unknown while not open: a pending level holds, but not for ever."""
    if state.phase is Phase.OK:
        return state, None
    if state.unknowns + 1 > dwell.max_unknown:
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
        return _hold(state, dwell)
    if verdict is Verdict.CLEAR:
        clears = state.clears + 1
        if clears >= dwell.clear_bars:
            return LevelState(armed=dwell.edge), Kind.RESOLVE
        return replace(state, phase=Phase.RECOVERING, clears=clears, unknowns=0), None
    keep = verdict is Verdict.BAND_KEEPING_CLEARS
    return replace(state, phase=Phase.FIRING, clears=state.clears if keep else 0, unknowns=0), None


def _hold(state: LevelState, dwell: Dwell) -> tuple[LevelState, Kind | None]:
    """Unknown while open: held, unless so much missing data closes it.  An edge then has to be seen anew."""
    if dwell.close_after is None:
        return state, None
    if state.unknowns + 1 >= dwell.close_after:
        return LevelState(), Kind.RESOLVE
    return replace(state, unknowns=state.unknowns + 1), None


def is_idle(state: LevelState, dwell: Dwell) -> Verdict | None:
    """The one verdict that can change this level, or None when any could.

    `replay` skips to the next bar of that verdict; a property test holds skipping equal to stepping.
    """
    if state.phase is Phase.OK and (state.armed or not dwell.edge):
        return Verdict.FIRE
    if state.phase is Phase.FIRING and state.clears == 0 and dwell.close_after is None:
        return Verdict.CLEAR
    return None
