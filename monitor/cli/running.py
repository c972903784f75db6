"""`run`, `once` and `demo`: the daemon, one cycle of it, and the whole path on the sample market."""

import sys
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import note, say, show_json
from monitor.errors import SourceError

if TYPE_CHECKING:
    from monitor.cycle import Result


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(run)
    app.command()(once)
    app.command()(demo)


def run(*, settings: SettingsOption = None, clock: ClockOption = None) -> None:
    """Keep watching: fetch, judge and deliver until told to stop."""
    from monitor.daemon import read_clock, run_daemon

    found = configuration(settings)
    run_daemon(found, read_clock(clock or found.clock), write=_write)


def once(*, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False) -> None:
    """Fetch, judge and deliver once."""
    from monitor.cli.screen import working
    from monitor.cycle import run_cycle
    from monitor.daemon import make_context, only_one, open_channels, opened, read_clock, send_owed

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    channels = open_channels(found, _write)
    with opened(found) as (store, source), only_one(store):
        with working(f"asking {source.label}"):
            result = run_cycle(make_context(found, store, source), now=watch.now())
        delivered = send_owed(store, channels, watch)
    if json:
        show_json(_report(result, delivered.sent))
    else:
        _tell(result, source.label, delivered.sent, watch.label)
    if result.failed and len(result.failed) == len(result.fetched):
        raise SourceError(
            f"{source.label} gave no prices: {result.failed[0].detail or result.failed[0].outcome}"
        )


def demo() -> None:
    """Watch a simulated market, offline: the whole path, session by session."""
    from monitor.cli.rehearsal import rehearse

    rehearse()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _tell(result: "Result", source: str, sent: int, clock: str) -> None:
    for answer in result.failed:
        note(f"warning: {answer.instrument}: {answer.outcome}: {answer.detail}")
    asked = f"{len(result.fetched)} series asked for" if result.fetched else "nothing was due"
    say(
        f"{source}: {asked}, {result.new_bars} new bars, {len(result.sessions)} sessions judged, {sent} messages sent."
    )
    if clock:
        say(f"Time is that of a {clock}.")
    say("`metalwatch status` shows every rule with its value and distance.")


def _report(result: "Result", sent: int) -> dict[str, object]:
    return {
        "asked": len(result.fetched),
        "failed": [
            {"instrument": a.instrument, "outcome": a.outcome, "detail": a.detail} for a in result.failed
        ],
        "new_bars": result.new_bars,
        "sessions": result.sessions,
        "decided": [
            {
                "rule": d.transition.rule,
                "kind": d.transition.kind,
                "session": d.transition.session,
                "text": d.text,
            }
            for d in result.decided
        ],
        "messages_sent": sent,
    }
