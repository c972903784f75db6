"""`status`: each rule with its value, threshold, distance and state, from what was stored."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import say, show_json, table

if TYPE_CHECKING:
    from monitor.rules import Instance, Rulebook
    from monitor.storage.records import Counts, Evaluation


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(status)


def status(*, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False) -> None:
    """Show each rule with its value, threshold, distance and state."""
    from monitor.config import load_rulebook
    from monitor.daemon import open_source, read_clock
    from monitor.storage.store import open_store

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    rulebook = load_rulebook(found.settings.packs, folder=found.folder)
    label = open_source(found).label
    store = open_store(found.database)
    try:
        evaluations, counts, heartbeat = (
            store.latest_evaluations(),
            store.counts(),
            store.meta("heartbeat_at"),
        )
    finally:
        store.close()
    rows = list(_rows(rulebook, evaluations))
    if json:
        show_json(
            {
                "prices": label,
                "clock": watch.label or None,
                "rules": rows,
                "outbox": dict(counts.outbox),
                "heartbeat": heartbeat,
            }
        )
    else:
        _show(rows, counts, label=label, clock=watch.label, heartbeat=heartbeat)
    if counts.outbox.get("dead"):  # type: ignore[call-overload]
        raise typer.Exit(1)


def _rows(
    rulebook: "Rulebook", evaluations: "dict[tuple[str, str | None], Evaluation]"
) -> Iterator[dict[str, object]]:
    for instance in rulebook.instances:
        yield _row(instance, evaluations.get(instance.key))


def _row(instance: "Instance", evaluation: "Evaluation | None") -> dict[str, object]:
    from monitor.messages import standing

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
    }


def _show(
    rows: list[dict[str, object]], counts: "Counts", *, label: str, clock: str, heartbeat: str | None
) -> None:
    say(f"Prices: {label}" + (f" | {clock}" if clock else ""))
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
    owed = sum(number for state, number in counts.outbox.items() if state not in ("sent", "dead"))
    dead = sum(number for state, number in counts.outbox.items() if state == "dead")
    sent = sum(number for state, number in counts.outbox.items() if state == "sent")
    say(
        f"Messages: {sent} sent, {owed} owed, {dead} given up."
        + ("" if not heartbeat else f" Last heartbeat {heartbeat[:19]} UTC.")
    )
    if any(row["state"] == "not judged" for row in rows):
        say("Some rules were not judged yet: run `metalwatch once`, or `metalwatch run`.")
