"""Observations -> transitions: the fold over sessions, skipping stretches in which nothing can change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import zip_longest

import numpy as np

from monitor.alerts import (
    AlertState,
    Change,
    Dwell,
    Kind,
    Reason,
    Transition,
    Verdict,
    advance_ladder,
    clearing,
    is_idle,
)
from monitor.engine.runs import Rows, episodes_of, is_by_runs
from monitor.engine.track import Track, transition
from monitor.rules import InstanceKey

States = Mapping[InstanceKey, AlertState]


def replay(
    tracks: Sequence[Track], states: States, *, reason: Reason = Reason.THRESHOLD
) -> tuple[dict[InstanceKey, AlertState], list[Transition]]:
    """The states after all observations, and every transition on the way in the order of sessions.

    An instance without a state starts fresh; observations at or before a state's session are ignored.
    """
    after: dict[InstanceKey, AlertState] = {}
    transitions: list[Transition] = []
    for track in tracks:
        key = track.instance.key
        after[key] = states.get(key) or AlertState.fresh(len(track.instance.levels))
        for row, before, state, change in _changes(track, after[key]):
            if change is not None:
                transitions.append(_transition(track, row, before, state, change, reason))
            after[key] = state
    transitions.sort(key=lambda one: (one.session, one.rule, one.instance or ""))
    return after, transitions


def state_after(track: Track, state: AlertState) -> AlertState:
    """The state after all observations, without the transitions on the way."""
    for _, _, after, _ in _changes(track, state):
        state = after
    return state


def opens(track: Track) -> list[date]:
    """The sessions in which an instance that starts fresh opened."""
    opened, _ = episode_rows(track)
    return track.sessions[opened].to_list()


def episodes(track: Track) -> list[tuple[date, date | None]]:
    """The sessions in which an instance that starts fresh opened and resolved; None: still open at the end."""
    opened, resolved = (track.sessions[rows].to_list() for rows in episode_rows(track))
    return list(zip_longest(opened, resolved))


def episode_rows(track: Track) -> tuple[Rows, Rows]:
    """The rows in which an instance that starts fresh opened, and those in which it resolved."""
    dwells = track.instance.dwells
    if len(dwells) == 1 and track.instance.rule.expires is None and is_by_runs(dwells[0]):
        return episodes_of(track.verdicts[0], dwells[0])
    fresh = AlertState.fresh(len(dwells))
    changes = [(row, change.kind) for row, _, _, change in _changes(track, fresh) if change is not None]
    opened, resolved = (
        np.array([row for row, kind in changes if kind is wanted], np.intp)
        for wanted in (Kind.OPEN, Kind.RESOLVE)
    )
    return opened, resolved


def _changes(track: Track, state: AlertState) -> Iterator[tuple[int, AlertState, AlertState, Change | None]]:
    """The fold: each change with its row and the states around it, and the state at the end without one."""
    dwells, expires = track.instance.dwells, track.instance.rule.expires
    positions = _positions(track)
    rows = len(track.sessions)
    stop = rows if expires is None else track.row_of(expires)
    row = 0 if state.session is None else track.row_after(state.session)
    if row >= rows:
        return
    while (row := _next_row(state, dwells, positions, row, stop)) < rows:
        if ahead := _clears_ahead(state, dwells, track, row, stop):
            state, row = clearing(state, ahead), row + ahead
        verdicts = [track.verdict(level, row) for level in range(len(dwells))]
        before = state
        state, changes = advance_ladder(state, track.sessions[row], verdicts, dwells, expires=expires)
        for change in changes:
            yield row, before, state, change
        row = row + 1 if row < stop else rows  # nothing comes after a rule has expired
    yield rows - 1, state, replace(state, session=track.sessions[-1]), None


Positions = tuple[dict[Verdict, np.ndarray[tuple[int], np.dtype[np.intp]]], ...]


def _positions(track: Track) -> Positions:
    """The rows of each level that fire, and those that are clear."""
    return tuple(
        {v: np.flatnonzero(level == v) for v in (Verdict.FIRE, Verdict.CLEAR)} for level in track.verdicts
    )


def _next_row(state: AlertState, dwells: Sequence[Dwell], positions: Positions, row: int, stop: int) -> int:
    """The first row from here on that can change the state, at the latest the one in which the rule expires;
    beyond the end when none can.
    """
    nearest = max(row, stop)
    for level, dwell, rows in zip(state.levels, dwells, positions, strict=True):
        waits_for = is_idle(level, dwell)
        if waits_for is None:
            return row
        found = rows[waits_for]
        at = int(np.searchsorted(found, row))
        if at < len(found):
            nearest = min(nearest, int(found[at]))
    return nearest


def _clears_ahead(state: AlertState, dwells: Sequence[Dwell], track: Track, row: int, stop: int) -> int:
    """How many sessions from here on, before the last of them, only count as clear; of one level: others may change."""
    if len(dwells) > 1 or not state.levels[0].phase.is_open:
        return 0
    wanted = dwells[0].clear_bars - state.levels[0].clears
    counting = track.verdicts[0][row : min(row + wanted, stop)] == Verdict.CLEAR
    return max(0, (len(counting) if counting.all() else int(counting.argmin())) - 1)


def _transition(
    track: Track, row: int, before: AlertState, state: AlertState, change: Change, reason: Reason
) -> Transition:
    level = track.instance.levels[change.level].severity
    opened = state.opened or before.opened
    reason = change.reason if change.reason is not Reason.THRESHOLD else reason
    return transition(track, row, change.kind, level, episode=state.episode, opened=opened, reason=reason)
