"""A case, run: bars arrive session by session and are judged by the engine that judges everything else.

Four ways, which must tell the same: straight; restarted after every bar; all bars at once; future poisoned.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import polars as pl

from monitor.bars import completed
from monitor.engine import Track, observe
from monitor.judge import Memory, judge
from monitor.policy import Decided
from monitor.rules import Instance, InstanceKey
from monitor.ruletest.cases import Case
from monitor.sessions import settled_at
from monitor.silences import hush
from monitor.storage.codec import from_plain, to_plain

Memories = Mapping[InstanceKey, Memory]
MOST_POISONED = 6
"""In so many columns the future of a case is poisoned at most, those around its transitions first."""
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Engine:
    """What is under test besides the rules; a test of the variants puts a broken one here."""

    observe: Callable[..., Sequence[Track]] = observe
    judge: Callable[..., tuple[dict[InstanceKey, Memory], list[Decided]]] = judge


@dataclass(frozen=True)
class Heard:
    """Something decided, and the column in which it was."""

    column: int
    decided: Decided


@dataclass
class Run:
    """What came of a case."""

    heard: list[Heard] = field(default_factory=list)
    samples: dict[int, Memories] = field(default_factory=dict)
    """The memories after each column."""
    tracks: Sequence[Track] = ()
    """The observations at the end."""


@dataclass(frozen=True)
class Divergence:
    """A variant that tells something else than the straight run."""

    variant: str
    session: date
    straight: tuple[str, ...]
    """What the straight run tells of the first session in which they differ."""
    variant_tells: tuple[str, ...]


class Judging:
    """The runs of one case, which share what they can of its observations."""

    def __init__(self, case: Case, engine: Engine) -> None:
        self.case, self.engine, self.timeline = case, engine, case.timeline
        self._hush = hush(case.silences, ())
        self._final: Sequence[Track] | None = None
        self._by_column: dict[int, Sequence[Track]] = {}

    def observed(self, bars: pl.DataFrame, column: int) -> Sequence[Track]:
        """The observations over bars, where the session of a column is complete."""
        book, session = self.case.rulebook, self.timeline.session(column)
        settled = (settled_at(one, session) for one in book.catalogue.subset(book.instruments))
        complete = max(settled, default=None)
        return self.engine.observe(book, completed(bars, now=_END_OF_TIME), complete=complete)

    @property
    def final(self) -> Sequence[Track]:
        """The observations over all bars."""
        if self._final is None:
            self._final = self.observed(self.timeline.everything, self.timeline.last)
        return self._final

    def tracks(self, column: int) -> Sequence[Track]:
        """The observations over what is known at the end of a column.

        Where no bar is missing or will change they are those of the end, cut: nothing looks ahead, and the
        poisoned run proves it.
        """
        if self.timeline.steady and column in self.timeline.whole:
            return self.final
        if column not in self._by_column:
            self._by_column[column] = self.observed(self.timeline.known(column), column)
        return self._by_column[column]

    def straight(self) -> Run:
        """Every column judged with what is known at its end."""
        return self._run(self.case.restarts, {})

    def restarted(self) -> Run:
        """The same; after every bar memories go through their stored form, and the pack is read again."""
        return self._run(frozenset(self.timeline.steps), self.case.restarted())

    def _run(self, restarts: frozenset[int], instances: Mapping[InstanceKey, Instance]) -> Run:
        run = Run(tracks=self.final)
        memories: Memories = {}
        for column in self.timeline.steps:
            tracks = _with(self.tracks(column), instances)
            memories = self._step(run, column, tracks, memories)
            if column in restarts:
                memories = stored(memories)
        return run

    def _step(self, run: Run, column: int, tracks: Sequence[Track], memories: Memories) -> Memories:
        after, decided = self.engine.judge(
            tracks, memories, upto=self.timeline.session(column), hush=self._hush
        )
        memories = {**memories, **after}
        run.heard.extend(Heard(column, one) for one in decided)
        run.samples[column] = memories
        return memories

    def at_once(self) -> Run:
        """All bars delivered at the end."""
        run = Run(tracks=self.final)
        self._step(run, self.timeline.last, self.final, {})
        return run

    def poisoned(self, straight: Run) -> Run:
        """Every column judged in a frame that goes on with bars that are not the true ones."""
        run = Run()
        memories: Memories = {}
        for column in self._poisoned_columns(straight):
            tracks = self.observed(self.timeline.poisoned(column), self.timeline.last)
            memories = self._step(run, column, self._as_far(tracks, straight, column), memories)
        return run

    def _as_far(self, tracks: Sequence[Track], straight: Run, column: int) -> list[Track]:
        """Cut where the straight run waited for a bar; else whole, with all their future."""
        session, sample = self.timeline.session(column), straight.samples[column]
        cut = []
        for track in tracks:
            judged = sample[track.instance.key].state.session
            if judged is None:
                cut.append(track.cut(upto=date.min))
            else:
                cut.append(track if judged == session else track.cut(upto=judged))
        return cut

    def _poisoned_columns(self, straight: Run) -> list[int]:
        steps = self.timeline.steps
        if not self.timeline.steady or len(steps) <= MOST_POISONED:
            return list(steps)
        wanted = [self.timeline.last, steps[0]]
        for heard in straight.heard:
            column = self.timeline.column(heard.decided.transition.session)
            wanted += [c for c in (column, (column or 0) - 1) if c is not None and c in steps]
        wanted += steps[:: max(1, len(steps) // MOST_POISONED)]
        return sorted(list(dict.fromkeys(wanted))[: MOST_POISONED + 1])


def _with(tracks: Sequence[Track], instances: Mapping[InstanceKey, Instance]) -> Sequence[Track]:
    if not instances:
        return tracks
    return [replace(track, instance=instances[track.instance.key]) for track in tracks]


def stored(memories: Memories) -> dict[InstanceKey, Memory]:
    """Memories as they come back after a restart."""
    return {
        key: from_plain(Memory, json.loads(json.dumps(to_plain(memory)))) for key, memory in memories.items()
    }


def divergences(judging: Judging, straight: Run) -> list[Divergence]:
    """The variants that do not tell what the straight run tells."""
    runs = {
        "restarted after every bar": judging.restarted(),
        "future poisoned": judging.poisoned(straight),
    }
    if judging.timeline.steady:
        runs["all bars at the end"] = judging.at_once()
    return [found for name, run in runs.items() if (found := compared(name, straight, run)) is not None]


def compared(variant: str, straight: Run, run: Run) -> Divergence | None:
    """The first session in which two runs differ."""
    one, other = (_told(heard.decided for heard in each.heard) for each in (straight, run))
    different = (one - other) + (other - one)
    if not different:
        return None
    session = min(day for day, _ in different)
    return Divergence(variant, session, _of(one, session), _of(other, session))


def _told(decided: Iterable[Decided]) -> Counter[tuple[date, str]]:
    found: Counter[tuple[date, str]] = Counter()
    for one in decided:
        t = one.transition
        member = f" {t.instance}" if t.instance else ""
        rule = t.rule.partition("/")[2]
        found[t.session, f"{t.kind} {rule}{member} {t.level} ({t.reason})"] += 1
    return found


def _of(told: Counter[tuple[date, str]], session: date) -> tuple[str, ...]:
    return tuple(sorted(text for day, text in told.elements() if day == session))
