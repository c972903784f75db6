"""`--update`: the `expect` of failing cases, rewritten by what came; every other line of the file stays."""

import json
from collections.abc import Iterable, Iterator, Sequence

from monitor.alerts import Reason
from monitor.errors import FaultyFileError, UsageError
from monitor.ruletest.comparing import Arrived, composed, expected_transitions, state_at, subject
from monitor.ruletest.model import MessageFile
from monitor.ruletest.suite import Outcome
from monitor.yamltext import read_yaml


def updated(text: str, outcomes: Sequence[Outcome]) -> str:
    """The text of a rule test in which the given cases expect what came."""
    lines = text.splitlines()
    for outcome in sorted(outcomes, key=lambda one: -one.test.places[one.case.name].line):
        place = outcome.test.places[outcome.case.name]
        start, indent = place.line - 1, place.column - 1
        if lines[start][:indent].strip():
            raise UsageError(
                f"{place}: `expect` stands inside {{...}}; put it on a line of its own to update it"
            )
        lines[start : _end(lines, start, indent)] = [" " * indent + line for line in _written(outcome)]
    new = "\n".join(lines) + "\n"
    _check(text, new, outcomes)
    return new


def _end(lines: list[str], start: int, indent: int) -> int:
    """The first line after a block; blank lines and comments before the next key are not part of it."""
    end = start + 1
    for index in range(start + 1, len(lines)):
        line = lines[index]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if len(line) - len(line.lstrip()) <= indent:
            break
        end = index + 1
    return end


def _check(old: str, new: str, outcomes: Sequence[Outcome]) -> None:
    """The edit must change nothing but what is expected."""
    names = {outcome.case.name for outcome in outcomes}
    file = str(outcomes[0].test.file)
    try:
        same = _without(old, names, file) == _without(new, names, file)
    except FaultyFileError:
        same = False
    if not same:
        raise UsageError(f"{file}: cannot be updated without changing more than `expect`; edit it by hand")


def _without(text: str, names: set[str], file: str) -> object:
    value = read_yaml(text, file=file).value
    for name in names:
        value["cases"][name].pop("expect", None)
    return value


def _written(outcome: Outcome) -> Iterator[str]:
    """The lines of an `expect` that holds."""
    yield "expect:"
    states = outcome.case.expect.states
    if states:
        yield "  states:"
        for column, sampled in sorted(states.items()):
            now = ", ".join(
                f"{name}: {state_at(outcome.case, outcome.run, column, name)}" for name in sampled
            )
            yield f"    {column}: {{{now}}}"
    yield from _block("transitions", list(_transitions(outcome)))
    if outcome.case.expect.messages is not None:
        yield from _block("messages", list(_messages(outcome)))


def _block(key: str, rows: list[str]) -> Iterable[str]:
    return [f"  {key}:", *(f"    - {{{row}}}" for row in rows)] if rows else [f"  {key}: []"]


def _transitions(outcome: Outcome) -> Iterator[str]:
    for column, one in expected_transitions(outcome.case, outcome.run):
        reason = "" if one.reason is Reason.THRESHOLD else f", reason: {one.reason}"
        yield f"at: {column}, kind: {one.kind}, rule: {subject(one)}, level: {one.level}{reason}"


def _messages(outcome: Outcome) -> Iterator[str]:
    case, run = outcome.case, outcome.run
    arrived = _delivered(outcome) if case.outages else composed(case, run)
    old = case.expect.messages or ()
    for one in arrived:
        yield f"at: {one.column}, channel: {one.channel}, kinds: [{', '.join(one.kinds)}]{_kept(one, old)}"


def _delivered(outcome: Outcome) -> list[Arrived]:
    from monitor.ruletest.delivering import delivered

    return delivered(outcome.case, outcome.run)[0]


def _kept(one: Arrived, old: Sequence[MessageFile]) -> str:
    """What the message was said to contain, as far as it still does."""
    same = [m for m in old if (m.channel, tuple(sorted(m.kinds))) == (one.channel, one.kinds)]
    texts = dict.fromkeys(
        text for m in same for text in m.contains if m.at == one.column and text in one.text
    )
    return f", contains: {json.dumps(list(texts), ensure_ascii=False)}" if texts else ""
