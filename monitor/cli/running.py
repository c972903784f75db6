"""`run`, `once` and `demo`: the daemon, one cycle of it, and the whole path on the sample market."""

from collections.abc import Collection, Iterable
from random import random
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import note, say, show_json, write_message
from monitor.errors import MonitorError, UnreachableError
from monitor.overview.words import counted

if TYPE_CHECKING:
    from monitor.cycle import Result


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(run)
    app.command()(once)
    app.command()(demo)


def run(*, settings: SettingsOption = None, clock: ClockOption = None) -> None:
    """Keep watching: fetch, judge and deliver until told to stop."""
    from monitor.signals import held_back

    with held_back():
        from monitor.clock import read_clock
        from monitor.daemon import run_daemon
        from monitor.memory import stays

        found = configuration(settings)
        stays()
        run_daemon(found, read_clock(clock or found.clock), write=_write)


def once(*, settings: SettingsOption = None, clock: ClockOption = None, json: JsonOption = False) -> None:
    """Fetch, judge and deliver once."""
    from monitor.cli.screen import working
    from monitor.clock import read_clock
    from monitor.cycle import run_cycle
    from monitor.delivery.outbox import LEASE, deliver_due
    from monitor.opening import make_context, open_channels, opened, terms_of
    from monitor.overview.delivery import failures, later, owed
    from monitor.standby import this_process
    from monitor.storage.leading import only_one

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    channels = open_channels(found, note if json else _write)
    with (
        opened(found) as (held, source),
        only_one(held, holder=this_process(), since=watch.now()) as store,
    ):
        context = make_context(found, store, source)
        with working(f"asking {source.label}"):
            result = run_cycle(context, now=watch.now())
        delivered = deliver_due(
            store, channels, now=watch.now, jitter=random, terms=terms_of(found), lease=watch.spans(LEASE)
        )
        rows = store.outbox_rows()
    waiting = owed(rows)
    if json:
        show_json(_report(result, delivered.sent, len(waiting)))
    else:
        _tell(
            result, source.label, delivered.sent, watch.label, later(waiting, found.routing, now=watch.now())
        )
    undelivered = failures(rows if delivered.dead else waiting, now=watch.now())
    _complain(result, context.rulebook.instruments, source.label, undelivered)


def _complain(result: "Result", read: Collection[str], source: str, lines: list[str]) -> None:
    """What failed, a line each on stderr, and the exit code that says so; `lines` tell of channels.

    Only of series that rules `read` the code says so; others were asked for a second opinion.
    """
    for answer in result.failed:
        aside = "" if answer.instrument in read else "; no rule reads it, it would only confirm a move"
        note(f"warning: {answer.instrument}: {answer.outcome}: {answer.detail}{aside}")
    fetched, failed = (
        sum(one.instrument in read for one in answers) for answers in (result.fetched, result.failed)
    )
    if failed and failed == fetched:
        none = (
            f"{source} gave no prices; what is held stays, and once it answers every missed session is judged: "
            "try again later"
        )
        lines = [*lines, none]
    if lines:
        raise UnreachableError("\n".join(lines))
    if failed:
        raise MonitorError(f"{failed} of {fetched} series got no prices; the rules that need them wait")


def demo() -> None:
    """Watch a simulated market, offline: the whole path, session by session."""
    from monitor.cli.rehearsal import rehearse

    rehearse()


def _write(text: str) -> None:
    write_message(text + "\n")


def _tell(result: "Result", source: str, sent: int, clock: str, later: Iterable[str]) -> None:
    say(f"Prices: {source}" + (f" | {clock}" if clock else ""))
    asked = f"{len(result.fetched)} series asked for" if result.fetched else "no series was due"
    judged = f"{counted(len(result.sessions), 'new session')} judged" if result.sessions else "no new session"
    say(f"{asked}, {counted(result.new_bars, 'new bar')}; {judged}; {counted(sent, 'message')} sent.")
    for line in later:
        say(f"{line}; `metalwatch once` sends it then, or `metalwatch run`.")
    say("`metalwatch status` shows every rule with its value and distance.")


def _report(result: "Result", sent: int, owed: int) -> dict[str, object]:
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
        "messages_owed": owed,
    }
