"""The demo: a few weeks that mattered, replayed live on the sample market.

Each week is a first start and then one cycle per session with a set clock, on a database of its own: fetch, keep,
judge, commit, deliver, as `metalwatch run` does it.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor.backtest import run
from monitor.cli.screen import say
from monitor.config import load_rulebook
from monitor.cycle import Context, Result, run_cycle
from monitor.delivery.channel import console_channel
from monitor.delivery.outbox import deliver_due
from monitor.instruments import Instrument
from monitor.prices.sample import SampleSource, sample_bars
from monitor.sessions import expected_sessions
from monitor.storage.store import open_store

PACKS = ("precious", "shocks")


@dataclass(frozen=True)
class Week:
    """Some sessions worth watching."""

    title: str
    first: date
    last: date


WEEKS = (
    Week("Silver breaks after its run to 48", date(2011, 5, 2), date(2011, 5, 6)),
    Week("Two days that gold fell", date(2013, 4, 11), date(2013, 4, 16)),
    Week("A rush into cash", date(2020, 3, 11), date(2020, 3, 16)),
    Week("Tariffs", date(2025, 4, 2), date(2025, 4, 7)),
    Week("The top of 2026", date(2026, 1, 26), date(2026, 2, 2)),
)


def rehearse() -> None:
    """Show the whole path, then say what to try next."""
    began = time.perf_counter()
    source = SampleSource()
    say(f"Metalwatch demo: {source.label}. Nothing here is a real price.")
    say(f"Rules: {', '.join(PACKS)}. Each week below is a first start and then one live cycle per session.")
    sent = sum(_watch(week, source) for week in WEEKS)
    _summarise(source, sent, time.perf_counter() - began)


def _watch(week: Week, source: SampleSource) -> int:
    say(f"\n=== {week.title}: {week.first} to {week.last} ({source.label})")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'demo.db'}")
        try:
            rulebook = load_rulebook(PACKS, folder=Path())
            context = Context(store=store, source=source, rulebook=rulebook, channels=("console",))
            gold = rulebook.catalogue.instruments["gold"]
            return sum(_session(context, session, now) for session, now in _evenings(gold, week))
        finally:
            store.close()


def _evenings(instrument: Instrument, week: Week) -> Iterator[tuple[date, datetime]]:
    """Each session of a week with an instant after it has settled."""
    for session in expected_sessions(instrument, week.first, week.last):
        yield session, datetime(session.year, session.month, session.day, 22, tzinfo=UTC)


def _session(context: Context, session: date, now: datetime) -> int:
    result = run_cycle(context, now=now)
    _explain(result, session)
    ticks = iter(range(1000))
    channels = {"console": console_channel("console", _indented)}
    done = deliver_due(
        context.store, channels, now=lambda: now + timedelta(seconds=next(ticks)), jitter=lambda: 0.0
    )
    return done.sent


def _explain(result: Result, session: date) -> None:
    if not result.sessions:
        say(f"{session}  first start: history judged without messages, {result.new_bars:,} bars")
    elif not result.owed:
        say(f"{session}  judged, nothing to tell")
    else:
        say(f"{session}  judged, {result.owed} message:")


def _indented(text: str) -> None:
    sys.stdout.write("".join(f"    {line}\n" for line in text.strip().splitlines()))


def _summarise(source: SampleSource, sent: int, seconds: float) -> None:
    rulebook = load_rulebook(PACKS, folder=Path())
    done = run(rulebook, sample_bars())
    messages = sum(one.sent for one in done.decided)
    sessions = max(len(track.sessions) for track in done.tracks)
    say(f"\nSeen: {sent} messages in {len(WEEKS)} weeks, in {seconds:.1f} s.")
    say(f"Over all {sessions:,} sessions of the {source.label}, these rules send {messages} messages.")
    say("Try next:")
    say("  metalwatch init                    settings for real prices (Yahoo)")
    say("  metalwatch init --source sample    the same, offline")
    say("  metalwatch check                   are the rules right?")
    say("  metalwatch once                    fetch and judge once")
    say("  metalwatch status                  every rule with value and distance")
    say("  metalwatch backtest precious       what the rules would have said")
