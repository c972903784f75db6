"""The observations of one instance, and a transition made of one of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from monitor.alerts import Kind, Reason, Severity, Transition, Verdict, transition_id
from monitor.language import DERIVED, Node, written
from monitor.rules import Instance

Verdicts = np.ndarray[tuple[int], np.dtype[np.int8]]


@dataclass(frozen=True)
class Track:
    """The observations of one instance, in the order of sessions."""

    instance: Instance
    sessions: pl.Series
    instants: Callable[[], pl.Series]
    """Gives `at` from `start` on."""
    metrics: Mapping[str, pl.Series]
    """The metrics by their keys, from `start` on, maybe with others; unknown is null."""
    verdicts: tuple[Verdicts, ...]
    """The class of each session, per level."""
    wide: pl.DataFrame
    """Legs side by side, to show what a value was made of."""
    start: int = 0

    @cached_property
    def at(self) -> pl.Series:
        """The instant from which all was known, of each session; few ask, and where legs differ it has to be found."""
        return self.instants().slice(self.start, len(self.sessions))

    @cached_property
    def frame(self) -> pl.DataFrame:
        """`session`, `at` and a column per metric, named by its key; of most of a thousand tracks nobody asks for it."""
        nodes = (*self.instance.inputs, *self.instance.shown.values())
        own = dict.fromkeys(node.key for node in nodes)
        return pl.DataFrame([self.sessions, self.at, *(self._own(key) for key in own)])

    @cached_property
    def series(self) -> dict[str, pl.Series]:
        """The columns of `frame` by their names."""
        return {column.name: column for column in self.frame.iter_columns()}

    def _own(self, key: str) -> pl.Series:
        return self.metrics[key].slice(self.start, len(self.sessions))

    @property
    def known(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """In which sessions some level has an answer, shape (sessions,)."""
        found: np.ndarray[tuple[int], np.dtype[np.bool_]]
        found = np.any([verdicts != Verdict.UNKNOWN for verdicts in self.verdicts], axis=0)
        return found

    def row_of(self, session: date) -> int:
        """The row of a session, or of the first one after it."""
        return bisect_left(self.sessions, session)

    def row_after(self, session: date) -> int:
        """The first row after a session."""
        return bisect_right(self.sessions, session)

    def cut(self, *, after: date | None = None, upto: date | None = None) -> "Track":
        """The observations after one session and up to another."""
        start = 0 if after is None else self.row_after(after)
        stop = len(self.sessions) if upto is None else self.row_after(upto)
        cut = tuple(verdicts[start:stop] for verdicts in self.verdicts)
        return replace(self, sessions=self.sessions[start:stop], verdicts=cut, start=self.start + start)

    def verdict(self, level: int, row: int) -> Verdict:
        """The class of one level in one session."""
        return Verdict(int(self.verdicts[level][row]))

    def values(self, row: int) -> dict[str, float | None]:
        """The metrics people read, in one session."""
        return {name: self._value(node, row) for name, node in self.instance.shown.items()}

    def answers(self, row: int) -> dict[str, float | None]:
        """The yes/no metrics its conditions ask, in one session: 1 for yes, 0 for no."""
        return {written(node): self._value(node, row) for node in self.instance.inputs if node.yesno}

    def _value(self, node: Node, row: int) -> float | None:
        value = self.metrics[node.key][self.start + row]
        return None if value is None else float(value)

    def legs(self, row: int) -> dict[str, dict[str, object]]:
        """What was known of each leg in that session: value, its session and known_at."""
        upto = bisect_right(self.wide["session"], self.sessions[row])
        found: dict[str, dict[str, object]] = {}
        nodes = (*self.instance.inputs, *self.instance.shown.values())
        for instrument, name in sorted({leg for node in nodes for leg in node.legs if leg[1] != DERIVED}):
            value, known = self.wide[f"{instrument}.{name}"], self.wide[f"{instrument}.known_at"]
            last = _last_known(value, known, upto)
            if last is not None:
                at = self.wide["session"][last]
                found[f"{instrument}.{name}"] = {"value": value[last], "session": at, "known_at": known[last]}
        return found


def _last_known(value: pl.Series, known: pl.Series, upto: int) -> int | None:
    """The last row before this one in which both are known."""
    if upto and value[upto - 1] is not None and known[upto - 1] is not None:
        return upto - 1
    both = (value[:upto].is_not_null() & known[:upto].is_not_null()).arg_true()
    return both[-1] if len(both) else None


def transition(  # noqa: PLR0913 - a record has the fields it has
    track: Track,
    row: int,
    kind: Kind,
    level: Severity,
    *,
    episode: int,
    opened: date | None,
    reason: Reason = Reason.THRESHOLD,
) -> Transition:
    """A transition of one instance in one of its sessions, with the numbers of that session."""
    rule, member = track.instance.key
    session = track.sessions[row]
    return Transition(
        id=transition_id(rule, member, level, kind, session),
        rule=rule,
        instance=member,
        kind=kind,
        level=level,
        session=session,
        at=track.at[row],
        reason=reason,
        episode=episode,
        opened=opened,
        values=track.values(row),
        legs=track.legs(row),
    )
