"""Which transitions of which rule no case has exercised, and which rules have no case at all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitor.alerts import AlertState, Kind, LevelState, Phase, Verdict
from monitor.rules import Instance, Rulebook
from monitor.ruletest.suite import Outcome

OPEN = "open"
RESOLVE = "resolve"
ESCALATE = "escalate"
DROPPED = "dropped"
HELD = "held through unknown"
QUIET = "a bar that does not fire"

Marks = dict[tuple[str, int], set[str]]
"""What was exercised, by rule id and level."""


@dataclass(frozen=True)
class Uncovered:
    """What no case has shown of one level of a rule."""

    rule: str
    level: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """The gaps of all rule tests together."""

    uncovered: tuple[Uncovered, ...]
    untested: tuple[str, ...]
    """Rules without any case."""
    rules: int


def covered(rulebooks: Iterable[Rulebook], outcomes: Iterable[Outcome]) -> Coverage:
    """What the cases leave open of the rules of some packs."""
    marks: Marks = defaultdict(set)
    tested: set[str] = set()
    for outcome in outcomes:
        for instance in outcome.case.instances:
            tested.add(instance.rule.id)
            _mark(marks, instance, outcome)
    rules = {one.rule.id: one for book in rulebooks for one in book.instances}
    found = [gap for key, one in rules.items() if key in tested for gap in _gaps(one, marks)]
    return Coverage(tuple(found), tuple(key for key in rules if key not in tested), len(rules))


def _gaps(instance: Instance, marks: Marks) -> Iterator[Uncovered]:
    for index, level in enumerate(instance.levels):
        wanted = [OPEN, RESOLVE, QUIET, HELD]
        wanted += [ESCALATE] if index else []
        wanted += [DROPPED] if level.dwell.bars > 1 and level.dwell.of is None else []
        missing = tuple(one for one in wanted if one not in marks[instance.rule.id, index])
        if missing:
            name = level.severity.value if len(instance.levels) > 1 else ""
            yield Uncovered(instance.rule.id, name, missing)


def _mark(marks: Marks, instance: Instance, outcome: Outcome) -> None:
    """What one case has shown of one instance, column by column."""
    run, timeline = outcome.run, outcome.case.timeline
    for heard in run.heard:
        one = heard.decided.transition
        if one.kind is Kind.ESCALATE and (one.rule, one.instance) == instance.key:
            severities = [level.severity for level in instance.levels]
            marks[instance.rule.id, severities.index(one.level)].add(ESCALATE)
    track = next(track for track in run.tracks if track.instance.key == instance.key)
    rows = {session: row for row, session in enumerate(track.sessions)}
    before = AlertState.fresh(len(instance.levels))
    for column in timeline.steps:
        memory = run.samples[column].get(instance.key)
        after = before if memory is None else memory.state
        row = rows.get(timeline.session(column))
        for level in range(len(instance.levels)):
            verdict = None if row is None else track.verdict(level, row)
            marks[instance.rule.id, level] |= _shown(before.levels[level], after.levels[level], verdict)
        before = after


def _shown(before: LevelState, after: LevelState, verdict: Verdict | None) -> set[str]:
    """What one column shows of one level."""
    found = set()
    if after.phase.is_open and not before.phase.is_open:
        found.add(OPEN)
    if before.phase.is_open and not after.phase.is_open:
        found.add(RESOLVE)
    if before.phase is Phase.PENDING and after.phase is Phase.OK:
        found.add(DROPPED)
    if verdict is Verdict.UNKNOWN and before.phase is after.phase is not Phase.OK:
        found.add(HELD)
    if verdict is not None and verdict not in (Verdict.UNKNOWN, Verdict.FIRE):
        found.add(QUIET)
    return found
