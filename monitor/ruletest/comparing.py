"""What came of a case, held against what was expected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.alerts import RECORDED_ONLY, AlertState, Dwell, LevelState, Phase, Transition
from monitor.messages import Entry, compose
from monitor.policy import Decided
from monitor.rules import Instance
from monitor.ruletest.cases import Case, named
from monitor.ruletest.model import MessageFile, TransitionFile
from monitor.ruletest.running import Run


@dataclass(frozen=True)
class Difference:
    """One thing that was expected and did not come, or came and was not expected."""

    column: int
    subject: str
    """The rule, or the channel."""
    what: str
    """`state`, `transition`, `message`."""
    expected: str | None
    got: str | None


@dataclass(frozen=True)
class Arrived:
    """A message a channel has."""

    column: int
    channel: str
    kinds: tuple[str, ...]
    text: str


def expected_transitions(case: Case, run: Run) -> list[tuple[int, Transition]]:
    """The transitions a case is asked about, each with the column of its session."""
    listed = {wanted.kind for wanted in case.expect.transitions}
    found = []
    for heard in run.heard:
        one = heard.decided.transition
        column = case.timeline.column(one.session)
        asked = (one.rule, one.instance) in case.keys and (
            one.kind not in RECORDED_ONLY or one.kind in listed
        )
        if asked:
            found.append((heard.column if column is None else column, one))
    return found


def differences(case: Case, run: Run, arrived: Sequence[Arrived]) -> list[Difference]:
    """Everything that is not as expected, in the order of columns."""
    found = [*_transitions(case, run), *_states(case, run)]
    if case.expect.messages is not None:
        found += _messages(case.expect.messages, arrived)
    return sorted(found, key=lambda one: one.column)


def _transitions(case: Case, run: Run) -> Iterator[Difference]:
    left = expected_transitions(case, run)
    # The most particular first, so that a plain one does not take what only it could match.
    for wanted in sorted(case.expect.transitions, key=lambda one: -len(one.model_fields_set)):
        match = next((one for one in left if _is(wanted, *one, case)), None)
        if match is None:
            yield Difference(wanted.at, wanted.rule, "transition", _wanted(wanted), None)
        else:
            left.remove(match)
    for column, one in left:
        reason = "" if one.reason == "threshold" else f" {one.reason}"
        yield Difference(column, subject(one), "transition", None, f"{one.kind} {one.level}{reason}")


def subject(transition: Transition) -> str:
    """`gsr-high`, `single-name-shock mp`."""
    name = transition.rule.partition("/")[2]
    return f"{name} {transition.instance}" if transition.instance else name


def _is(wanted: TransitionFile, column: int, one: Transition, case: Case) -> bool:
    target = named(wanted.rule, case.instances)
    return (
        target is not None
        and (one.rule, one.instance) == target.instance.key
        and (column, one.kind) == (wanted.at, wanted.kind)
        and wanted.level in (None, one.level)
        and wanted.reason in (None, one.reason)
    )


def _wanted(wanted: TransitionFile) -> str:
    return " ".join(str(part) for part in (wanted.kind, wanted.level, wanted.reason) if part)


def _states(case: Case, run: Run) -> Iterator[Difference]:
    for column, states in case.expect.states.items():
        for text, wanted in states.items():
            got = state_at(case, run, column, text)
            if got != wanted and got.partition(" ")[0] != wanted:
                yield Difference(column, text, "state", wanted, got)


def state_at(case: Case, run: Run, column: int, text: str) -> str:
    """The state of a rule, or of one of its levels, after a column."""
    target = named(text, case.instances)
    if target is None:
        return Phase.OK
    memory = run.samples[column].get(target.instance.key)
    return Phase.OK if memory is None else shown_state(memory.state, target.instance, target.level)


def shown_state(state: AlertState, instance: Instance, level: int | None) -> str:
    """`ok`, `pending 2/3`, `firing`, `recovering 1/2`; of a ladder as a whole without counters."""
    if level is None and len(instance.levels) > 1:
        return state.phase.value
    return _shown(state.levels[level or 0], instance.levels[level or 0].dwell)


def _shown(state: LevelState, dwell: Dwell) -> str:
    if state.phase is Phase.PENDING:
        return f"{state.phase} {state.fires}/{dwell.bars}"
    if state.phase is Phase.RECOVERING:
        return f"{state.phase} {state.clears}/{dwell.clear_bars}"
    return state.phase.value


def composed(case: Case, run: Run) -> list[Arrived]:
    """The messages of a run if every channel takes them at once: one per session and channel."""
    found = []
    for column in range(case.timeline.last + 1):
        sent = [heard.decided for heard in run.heard if heard.column == column and heard.decided.sent]
        own = [one for one in sent if (one.transition.rule, one.transition.instance) in case.keys]
        for session in sorted({one.transition.session for one in own}):
            entries = [_entry(case, one) for one in own if one.transition.session == session]
            found += [_arrived(case, column, channel, entries) for channel in case.channels]
    return found


def _entry(case: Case, decided: Decided) -> Entry:
    one = decided.transition
    instance = next(i for i in case.instances if i.key == (one.rule, one.instance))
    return Entry(instance=instance, transition=one, withheld=decided.withheld, causes=decided.causes)


def _arrived(case: Case, column: int, channel: str, entries: list[Entry]) -> Arrived:
    message = compose(channel, entries, catalogue=case.rulebook.catalogue, source="rule test")
    kinds = tuple(sorted(entry.transition.kind for entry in entries))
    return Arrived(column, channel, kinds, f"{message.title}\n{message.body}")


def _messages(wanted: Sequence[MessageFile], arrived: Sequence[Arrived]) -> Iterator[Difference]:
    left = list(arrived)
    for one in wanted:
        kinds = tuple(sorted(one.kinds))
        match = next(
            (m for m in left if (m.column, m.channel, m.kinds) == (one.at, one.channel, kinds)), None
        )
        if match is None:
            yield Difference(one.at, one.channel, "message", " ".join(kinds) or "a notice", None)
            continue
        left.remove(match)
        for text in one.contains:
            if text not in match.text:
                yield Difference(one.at, one.channel, "message", f'contains "{text}"', match.text)
        for text in one.not_contains:
            if text in match.text:
                yield Difference(one.at, one.channel, "message", f'does not contain "{text}"', match.text)
    for message in left:
        yield Difference(
            message.column, message.channel, "message", None, " ".join(message.kinds) or "a notice"
        )
