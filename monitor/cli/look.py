"""`status`: each rule with its value, threshold, distance and state, from what was stored."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.owed import failures, owed
from monitor.cli.screen import say, show_json, table
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.rules import Instance, Rulebook
    from monitor.storage.records import Evaluation, OutboxRow


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(status)


def status(*, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False) -> None:
    """Show each rule with its value, threshold, distance and state."""
    from monitor.config import load_rulebook
    from monitor.daemon import HEARTBEAT, opened, read_clock

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    rulebook = load_rulebook(found.settings.packs, folder=found.folder)
    with opened(found, claim=False) as (store, source):
        evaluations, messages, heartbeat = (
            store.latest_evaluations(),
            store.outbox_rows(),
            store.meta(HEARTBEAT),
        )
    rows = list(_rows(rulebook, evaluations))
    wrong = failures(messages)
    if json:
        show_json(
            {
                "prices": source.label,
                "clock": watch.label or None,
                "rules": rows,
                "outbox": Counter(row.status.value for row in messages),
                "failures": wrong,
                "heartbeat": heartbeat,
            }
        )
    else:
        say(f"Prices: {source.label}" + (f" | {watch.label}" if watch.label else ""))
        _show(rows, messages, heartbeat)
    if wrong:
        raise MonitorError("\n".join(wrong))


def _rows(
    rulebook: "Rulebook", evaluations: "dict[tuple[str, str | None], Evaluation]"
) -> Iterator[dict[str, object]]:
    for instance in rulebook.instances:
        yield _row(instance, evaluations.get(instance.key))


def _row(instance: "Instance", evaluation: "Evaluation | None") -> dict[str, object]:
    from monitor.standing import standing

    level = instance.levels[0]
    values = evaluation.values if evaluation else {}
    phase = evaluation.phase if evaluation else "not judged"
    now = standing(level, values, opened=phase in ("firing", "recovering"))
    return {
        "rule": instance.rule.id,
        "instance": instance.member,
        "state": phase,
        "session": evaluation.session if evaluation else None,
        "metric": now.metric,
        "value": now.value,
        "value_shown": now.value_shown,
        "waits_for": now.threshold_shown,
        "distance": now.distance_shown,
        "labels": dict(instance.labels),
    }


def _show(rows: list[dict[str, object]], messages: "list[OutboxRow]", heartbeat: str | None) -> None:
    cells = [
        (
            f"{row['rule']}" + (f" {row['instance']}" if row["instance"] else ""),
            row["value_shown"],
            row["waits_for"],
            row["distance"],
            row["state"],
            row["session"] or "-",
        )
        for row in rows
    ]
    table(("rule", "value", "waits for", "distance", "state", "session"), cells, right=(1, 2, 3))
    sent, dead = (sum(row.status.value == end for row in messages) for end in ("sent", "dead"))
    say(f"Messages: {sent} sent, {len(owed(messages))} owed, {dead} given up.")
    if heartbeat:
        say(f"Last heartbeat {heartbeat[:19].replace('T', ' ')} UTC.")
    if any(row["state"] == "not judged" for row in rows):
        say("Some rules were not judged yet: run `metalwatch once`, or `metalwatch run`.")
