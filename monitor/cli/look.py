"""`status`: each rule with its value, threshold, distance and state, and how the data are, from what was stored."""

from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import paragraph, say, show_json, table
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.gather import Context
    from monitor.health import Health, SourceHealth
    from monitor.overview.data import SeriesRow
    from monitor.overview.rules import RuleRow
    from monitor.storage.records import Leader, OutboxRow


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(status)


def status(*, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False) -> None:
    """Show each rule with its value, threshold, distance and state, and how fresh its data are."""
    from monitor.daemon import read_clock
    from monitor.opening import make_context, opened
    from monitor.overview.data import data_rows, source_row, unwell_series
    from monitor.overview.delivery import failures
    from monitor.storage.leading import leader
    from monitor.vitals import HEARTBEAT
    from monitor.wellbeing import current_health

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    now = watch.now()
    with opened(found, claim=False) as (store, source):
        context = make_context(found, store, source)
        health = current_health(context, now=now)
        rows = _rules(context, health, now)
        messages, heartbeat, lead = store.outbox_rows(), store.meta(HEARTBEAT), leader(store)
    data = data_rows(health, context.rulebook.catalogue, now)
    wrong = [*failures(messages, now=now), *unwell_series(health)]
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
                "leader": lead and asdict(lead),
            }
        )
    else:
        say(f"Prices: {source.label}" + (f" | {watch.label}" if watch.label else ""))
        _show_rules(rows)
        _show_data(data, health.source)
        _show_rest(rows, messages, heartbeat)
        _show_leader(lead)
    if wrong:
        raise MonitorError("\n".join(wrong))


def _rules(context: "Context", health: "Health", now: datetime) -> "list[RuleRow]":
    """Where each rule stands, and how near its trigger is by what is held."""
    from monitor.bars import completed
    from monitor.engine import observe
    from monitor.ledger import standpoints
    from monitor.overview.rules import nearby, rule_rows

    points = standpoints(context.store, context.rulebook)
    bars = context.store.bars(instruments=context.rulebook.instruments)
    tracks = observe(context.rulebook, completed(bars, now=now))
    return rule_rows(points, health, nearby(points, tracks))


def _show_rules(rows: "list[RuleRow]") -> None:
    """Rules by pack, the session they were judged in above them."""
    newest = max((row.session for row in rows if row.session), default=None)
    if newest:
        say(f"Rules, judged up to {newest}:")
    cells: list[tuple[object, ...]] = []
    for pack, own in groupby(rows, key=lambda row: row.rule.partition("/")[0]):
        cells.append((pack, *[""] * 6))
        cells += [_cells(row, newest) for row in own]
    table(
        ("rule", "value", "waits for", "distance", "days", "often", "state"),
        cells,
        right=range(1, 6),
    )
    paragraph(
        "days: the distance in standard deviations of one day's step, over the last year. often: from so many of all "
        "sessions it went as far within 21 sessions.",
        hang="",
    )


def _cells(row: "RuleRow", newest: date | None) -> tuple[object, ...]:
    name = row.rule.partition("/")[2] + (f" {row.instance}" if row.instance else "")
    state = row.state if row.session in (None, newest) else f"{row.state}\nin {row.session}"
    return (
        f"  {name}",
        row.value_shown,
        row.waits_for,
        row.distance + ("" if row.distance_in_percent is None else f"\n{row.distance_in_percent:+,.1f} %"),
        "" if row.steps is None else f"{row.steps:.1f}",
        "" if row.came_so_far is None else f"{row.came_so_far:.0%}".replace("%", " %"),
        f"{state}\nstale since\n{row.stale_since}" if row.stale_since else state,
    )


def _show_leader(lead: "Leader | None") -> None:
    if lead is None:
        return
    if lead.leads:
        say(f"{lead.holder} leads since {lead.since:%Y-%m-%d %H:%M:%S} UTC (epoch {lead.epoch}).")
    else:
        say(f"No daemon leads; the last was {lead.holder}: run `metalwatch run`.")


def _show_data(rows: "list[SeriesRow]", source: "SourceHealth") -> None:
    """The series as a table, the gaps, and the source where it is unwell."""
    from monitor.overview.data import unwell_source

    cells = [(row.series, row.last_session or "-", row.freshness, row.missing, row.age_shown) for row in rows]
    table(("data", "last session", "freshness", "missing", "age"), cells, right=(3, 4))
    for row in rows:
        if row.gaps:
            paragraph(f"Gap in {row.series}: {', '.join(str(day) for day in row.gaps)}.")
    for line in unwell_source(source):
        say(line)


def _show_rest(rows: "list[RuleRow]", messages: "list[OutboxRow]", heartbeat: str | None) -> None:
    from monitor.overview.delivery import given_up, owed
    from monitor.overview.rules import NOT_JUDGED

    sent, merged = (sum(row.status.value == end for row in messages) for end in ("sent", "merged"))
    told = f" and {merged:,} told in them" if merged else ""
    say(f"Messages: {sent:,} sent{told}, {len(owed(messages)):,} owed, {len(given_up(messages)):,} given up.")
    if heartbeat:
        say(f"Last heartbeat {heartbeat[:19].replace('T', ' ')} UTC.")
    if any(row.state == NOT_JUDGED for row in rows):
        say("Some rules were not judged yet: run `metalwatch once`, or `metalwatch run`.")
