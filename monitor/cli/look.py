"""`status`: each rule with its value, threshold, distance and state, and how the data are, from what was stored."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from monitor.cli.data import data_rows, show_data, source_row, stale_since, unwell_series
from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.owed import failures, owed
from monitor.cli.screen import say, show_json, table
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.health import Health
    from monitor.rules import Instance, Rulebook
    from monitor.storage.records import Evaluation, OutboxRow


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(status)


def status(*, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False) -> None:
    """Show each rule with its value, threshold, distance and state, and how fresh its data are."""
    from monitor.daemon import HEARTBEAT, read_clock
    from monitor.opening import make_context, opened
    from monitor.wellbeing import current_health

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    now = watch.now()
    with opened(found, claim=False) as (store, source):
        context = make_context(found, store, source)
        health = current_health(context, now=now)
        evaluations, messages, heartbeat = (
            store.latest_evaluations(),
            store.outbox_rows(),
            store.meta(HEARTBEAT),
        )
    rows = list(_rows(context.rulebook, evaluations, health))
    data = data_rows(health, context.rulebook.catalogue, now)
    wrong = [*failures(messages), *unwell_series(health)]
    if json:
        show_json(
            {
                "prices": source.label,
                "clock": watch.label or None,
                "rules": rows,
                "data": data,
                "source": source_row(health.source),
                "outbox": Counter(row.status.value for row in messages),
                "failures": wrong,
                "heartbeat": heartbeat,
            }
        )
    else:
        say(f"Prices: {source.label}" + (f" | {watch.label}" if watch.label else ""))
        _show_rules(rows)
        show_data(data, health.source)
        _show_rest(rows, messages, heartbeat)
    if wrong:
        raise MonitorError("\n".join(wrong))


def _rows(
    rulebook: "Rulebook", evaluations: "dict[tuple[str, str | None], Evaluation]", health: "Health"
) -> Iterator[dict[str, object]]:
    for instance in rulebook.instances:
        since = stale_since(instance, health)
        yield {**_row(instance, evaluations.get(instance.key)), "stale_since": since and since.date()}


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


def _show_rules(rows: list[dict[str, object]]) -> None:
    cells = [
        (
            f"{row['rule']}" + (f" {row['instance']}" if row["instance"] else ""),
            row["value_shown"],
            row["waits_for"],
            row["distance"],
            f"{row['state']}\nstale since\n{row['stale_since']}" if row["stale_since"] else row["state"],
            row["session"] or "-",
        )
        for row in rows
    ]
    table(("rule", "value", "waits for", "distance", "state", "session"), cells, right=(1, 2, 3))


def _show_rest(rows: list[dict[str, object]], messages: "list[OutboxRow]", heartbeat: str | None) -> None:
    sent, dead = (sum(row.status.value == end for row in messages) for end in ("sent", "dead"))
    say(f"Messages: {sent} sent, {len(owed(messages))} owed, {dead} given up.")
    if heartbeat:
        say(f"Last heartbeat {heartbeat[:19].replace('T', ' ')} UTC.")
    if any(row["state"] == "not judged" for row in rows):
        say("Some rules were not judged yet: run `metalwatch once`, or `metalwatch run`.")
