"""What a case expects, held against its rules and columns before anything runs."""

from collections.abc import Iterator

from monitor.errors import Fault
from monitor.routing import Match
from monitor.ruletest.cases import Case, Target, name_of, named
from monitor.ruletest.model import TransitionFile
from monitor.yamltext import Document, did_you_mean
from monitor.yamltext import Path as Where


def check_expected(case: Case, document: Document, path: Where) -> list[Fault]:
    """Columns that are not there, rules and levels that nobody judges."""
    expect: Where = (*path, "expect")
    faults = list(_events(case, document, path))
    faults += _states(case, document, (*expect, "states"))
    for index, transition in enumerate(case.expect.transitions):
        faults += _transition(case, transition, document, (*expect, "transitions", index))
    for index, message in enumerate(case.expect.messages or ()):
        where = (*expect, "messages", index, "at")
        faults += _column(case, message.at, document, where, first=0)
    return faults


def _events(case: Case, document: Document, path: Where) -> Iterator[Fault]:
    for index, event in enumerate(case.events):
        where: Where = (*path, "events", index)
        yield from _column(case, event.at, document, (*where, "at"), first=0)
        if event.rule is not None and not _is_meant(event.rule, case):
            names = dict.fromkeys(one.rule.name for one in case.instances)
            hint = did_you_mean(event.rule, names) or f"judged here: {', '.join(names)}"
            place = document.place((*where, "rule"))
            yield Fault(place, f'no rule "{event.rule}" is judged in this case', hint=hint)


def _is_meant(rule: str, case: Case) -> bool:
    match = Match(rule=(rule,))
    return any(match.takes(one, level.severity) for one in case.instances for level in one.levels)


def _states(case: Case, document: Document, path: Where) -> Iterator[Fault]:
    for column, states in case.expect.states.items():
        yield from _column(case, column, document, (*path, str(column)), first=case.timeline.steps[0])
        for text in states:
            yield from _name(case, text, document, (*path, str(column), text))


def _transition(case: Case, wanted: TransitionFile, document: Document, path: Where) -> Iterator[Fault]:
    first = case.timeline.columns[0]
    yield from _column(case, wanted.at, document, (*path, "at"), first=first)
    faults = list(_name(case, wanted.rule, document, (*path, "rule")))
    yield from faults
    target = named(wanted.rule, case.instances)
    if faults or wanted.level is None or target is None:
        return
    levels = [level.severity for level in target.instance.levels]
    if wanted.level not in levels:
        hint = f"its levels: {', '.join(levels)}"
        place = document.place((*path, "level"))
        yield Fault(place, f'"{wanted.rule}" has no level {wanted.level}', hint=hint)


def _name(case: Case, text: str, document: Document, path: Where) -> Iterator[Fault]:
    target: Target | None = named(text, case.instances)
    if target is not None:
        return
    names = [name_of(one) for one in case.instances]
    ladders = [
        f"{name_of(one)}/{lv.severity}" for one in case.instances for lv in one.levels if len(one.levels) > 1
    ]
    hint = did_you_mean(text, [*names, *ladders]) or f"judged here: {', '.join(names)}"
    place = document.key_place(path) if path[-1] == text else document.place(path)
    yield Fault(place, f'no rule "{text}" is judged in this case', hint=hint)


def _column(case: Case, column: int, document: Document, path: Where, *, first: int) -> Iterator[Fault]:
    last = case.timeline.last
    if not first <= column <= last:
        place = document.key_place(path)
        yield Fault(place, f"there is no column {column}", hint=f"columns are {first} to {last}")
