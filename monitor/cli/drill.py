"""`drill`: whether the alert of a rule would reach the people it is for."""

from random import random
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.alerts import instances_of
from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.running import _write
from monitor.cli.screen import note, say, show_json
from monitor.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from monitor.storage.records import OutboxRow


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(drill)


def drill(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule in force.")],
    *,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Send the real message of a rule over its real routes, marked as a drill; no state changes."""
    from monitor.clock import read_clock
    from monitor.delivery.outbox import LEASE, deliver_due
    from monitor.drill import drill as owe
    from monitor.opening import make_context, open_channels, opened, terms_of

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    instances = instances_of(found.rulebook, rule, "not")
    channels = open_channels(found, note if json else _write)
    with opened(found, claim=False) as (store, source):
        messages = owe(make_context(found, store, source), instances, now=watch.now())
        lease, terms = watch.spans(LEASE), terms_of(found)
        deliver_due(store, channels, now=watch.now, jitter=random, terms=terms, lease=lease)
        rows = [row for one in messages for row in store.outbox_rows(ref=one.ref)]
    if not rows:
        raise UsageError(f"no route takes the alerts of {rule}; end `routes:` with one that has no `match`")
    if json:
        drilled = [
            {"channel": row.channel, "ref": row.ref, "status": row.status, "error": row.last_error}
            for row in rows
        ]
        show_json({"title": rows[0].title, "messages": drilled})
    else:
        for row in rows:
            say(f'channel "{row.channel}": {_fate(row)}, ref {row.ref}')
    if failed := [row for row in rows if row.last_error]:
        raise UnreachableError("\n".join(f'channel "{row.channel}": {row.last_error}' for row in failed))


def _fate(row: "OutboxRow") -> str:
    from monitor.storage.records import OPEN, Owed

    told = {Owed.SENT: "delivered", Owed.MERGED: "delivered with others that waited"}
    if row.status not in OPEN:
        return told.get(row.status, "given up")
    if row.last_error:
        return f"not delivered, tried again from {row.next_at:%Y-%m-%d %H:%M} UTC"
    if row.next_at > row.created_at:
        return f"owed until its quiet hours are over, {row.next_at:%Y-%m-%d %H:%M} UTC"
    return "owed; others wait before it, or the channel is left alone for a while"
