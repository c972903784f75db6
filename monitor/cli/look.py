"""`status`: each rule with its value, threshold, distance and state, and how the data are, from what was stored."""

from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import paragraph, say, show_json, table
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.overview.rules import RuleRow
    from monitor.overview.status import LeaderRow, StatusView


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(status)


def status(*, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False) -> None:
    """Show each rule with its value, threshold, distance and state, and how fresh its data are."""
    from monitor.clock import read_clock
    from monitor.ledger import standpoints
    from monitor.opening import make_context, opened
    from monitor.overview.history import history
    from monitor.overview.rules import nearby
    from monitor.overview.status import read_status

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    with opened(found, claim=False) as (store, source):
        context, now = make_context(found, store, source), watch.now()
        points = standpoints(store, context.rulebook)
        near = nearby(points, history(context, now).values())
        view = read_status(context, points, near, now=now, clock=watch.label)
    if json:
        show_json(view)
    else:
        say(f"Prices: {view.prices}" + (f" | {view.clock}" if view.clock else ""))
        _show_rules(view)
        _show_data(view)
        _show_rest(view)
    if view.failures:
        raise MonitorError("\n".join(view.failures))


def _show_rules(view: "StatusView") -> None:
    """Rules by pack, the session they were judged in above them."""
    newest = max((row.session for row in view.rules if row.session), default=None)
    if newest:
        say(f"Rules, judged up to {newest}:")
    cells: list[tuple[object, ...]] = []
    for pack, own in groupby(view.rules, key=lambda row: row.rule.partition("/")[0]):
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


def _show_data(view: "StatusView") -> None:
    """The series as a table, the gaps, and the source where it is unwell."""
    cells = [
        (row.series, row.last_session or "-", row.freshness, row.missing, row.age_shown) for row in view.data
    ]
    table(("data", "last session", "freshness", "missing", "age"), cells, right=(3, 4))
    for row in view.data:
        if row.gaps:
            paragraph(f"Gap in {row.series}: {', '.join(str(day) for day in row.gaps)}.")
    for line in view.notes:
        say(line)


def _show_rest(view: "StatusView") -> None:
    count = view.outbox.get
    merged = count("merged", 0)
    told = f" and {merged:,} told in them" if merged else ""
    say(f"Messages: {count('sent', 0):,} sent{told}, {view.owed:,} owed, {view.given_up:,} given up.")
    if view.heartbeat:
        say(f"Last heartbeat {view.heartbeat[:19].replace('T', ' ')} UTC.")
    if not view.is_judged:
        say("Some rules were not judged yet: run `metalwatch once`, or `metalwatch run`.")
    _show_leader(view.leader)


def _show_leader(lead: "LeaderRow | None") -> None:
    if lead is None:
        return
    if lead.leads:
        say(f"{lead.holder} leads since {lead.since:%Y-%m-%d %H:%M:%S} UTC (epoch {lead.epoch}).")
    else:
        say(f"No daemon leads; the last was {lead.holder}: run `metalwatch run`.")
