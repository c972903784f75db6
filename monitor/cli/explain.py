"""`explain`: why something fired, or did not, from what was stored at the time."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import JsonOption, SettingsOption, configuration
from monitor.cli.screen import paragraph, say, show_json
from monitor.errors import UsageError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.rules import Instance, Rulebook
    from monitor.storage.records import Evaluation, OutboxRow, Recorded
    from monitor.storage.store import Store

DAY = "%Y-%m-%d"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(explain)


def explain(
    what: Annotated[str, typer.Argument(metavar="REF|RULE", help="The ref of a message, or a rule.")],
    *,
    at: Annotated[datetime | None, typer.Option(formats=[DAY], help="The session; else the latest.")] = None,
    settings: SettingsOption = None,
    json: JsonOption = False,
) -> None:
    """Say why something fired, or did not, from stored evaluations."""
    from monitor.opening import opened

    found = configuration(settings)
    rulebook = found.rulebook
    with opened(found, claim=False) as (store, source):
        messages = store.outbox_rows(ref=what)
        lines = _message(store, messages, rulebook) if messages else _rule(store, what, rulebook, at)
    if json:
        show_json({"about": what, "prices": source.label, "lines": lines})
        return
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        paragraph(line.strip(), indent=indent)
    say(f"Prices: {source.label}")


def _message(store: "Store", messages: "list[OutboxRow]", rulebook: "Rulebook") -> list[str]:
    lines: list[str] = []
    for row in messages:
        lines.append(f"{row.title}")
        lines.append(
            f"  channel {row.channel}: {row.status.value}"
            + (f" at {row.sent_at:%Y-%m-%d %H:%M:%S} UTC" if row.sent_at else "")
        )
        for attempt in store.attempts(row.key):
            outcome = attempt.outcome.value if attempt.outcome else "under way, or its process died"
            lines.append(
                f"  attempt {attempt.number} at {attempt.started_at:%Y-%m-%d %H:%M:%S} UTC: {outcome}"
                + (f" ({attempt.error})" if attempt.error else "")
            )
    for recorded in store.transitions(ids=messages[0].transitions):
        lines.extend(_transition(recorded, rulebook))
    return lines


def _transition(recorded: "Recorded", rulebook: "Rulebook") -> list[str]:
    from monitor.messages import leg_line

    one = recorded.transition
    fate = "sent" if recorded.sent else f"withheld: {recorded.cause}"
    lines = [
        f"{one.session} {one.rule}{' ' + one.instance if one.instance else ''}: {one.kind.value} at {one.level.value}, reason {one.reason.value}, {fate}"
    ]
    lines.append(f"  {recorded.text}")
    lines.extend(f"  {leg_line(name, leg, rulebook.catalogue)}" for name, leg in one.legs.items())
    return lines


def _rule(store: "Store", name: str, rulebook: "Rulebook", at: datetime | None) -> list[str]:
    instances = rulebook.find(name)
    if not instances:
        from monitor.yamltext import did_you_mean

        known = sorted({n for i in rulebook.instances for n in (i.rule.id, i.rule.name)})
        hint = did_you_mean(name, known) or f"rules in force: {', '.join(k for k in known if '/' in k)}"
        raise UsageError(f'"{name}" is neither the ref of a message nor a rule in force; {hint}')
    lines: list[str] = []
    for instance in instances:
        evaluation = store.evaluation(*instance.key, at.date() if at else None)
        lines.extend(_instance(store, instance, evaluation, rulebook, at))
    return lines


def _instance(
    store: "Store",
    instance: "Instance",
    evaluation: "Evaluation | None",
    rulebook: "Rulebook",
    at: datetime | None,
) -> list[str]:
    from monitor.messages import leg_line
    from monitor.standing import truths

    name = instance.rule.id + (f" {instance.member}" if instance.member else "")
    if evaluation is None:
        when = f"in session {at:%Y-%m-%d}" if at else "yet"
        return [f"{name}: not judged {when}; `metalwatch once` judges what is complete"]
    lines = [f"{name}, session {evaluation.session}: {evaluation.phase}"]
    for level, verdict in zip(instance.levels, evaluation.verdicts, strict=False):
        lines.append(
            f"  {level.severity.value}: {verdict}; fires when {level.when_text} (for {counted(level.dwell.bars, 'bar')})"
        )
        lines.extend(f"    {truth}" for truth in truths(level, evaluation.values))
    lines.extend(f"  {leg_line(leg, values, rulebook.catalogue)}" for leg, values in evaluation.legs.items())
    memory = store.memories().get(instance.key)
    if memory is not None and memory.rule_hash == instance.semantic_hash and at is None:
        for level, state in zip(instance.levels, memory.state.levels, strict=True):
            counters = [f"{state.fires}/{level.dwell.bars} fires"] if state.fires else []
            counters += [f"{state.clears}/{level.dwell.clear_bars} clears"] if state.clears else []
            lines.append(
                f"  {level.severity.value} is {state.phase.value}"
                + (f" ({', '.join(counters)})" if counters else "")
            )
    recent = store.transitions(rule=instance.rule.id, instance=instance.member, limit=5)
    for recorded in recent:
        lines.extend(_transition(recorded, rulebook)[:2])
    return lines
