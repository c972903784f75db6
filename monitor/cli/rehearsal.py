"""The demo: a few weeks that mattered, replayed live on the sample market.

Each week is a first start and then one cycle per session with a set clock, on a database of its own: fetch, keep,
judge, commit, deliver, as `metalwatch run` does it.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from monitor.backtest import run
from monitor.cli.screen import paragraph, say, write_message
from monitor.cycle import Result, run_cycle
from monitor.delivery.channel import console_channel
from monitor.delivery.outbox import deliver_due
from monitor.gather import Context
from monitor.instruments import Instrument
from monitor.overview.words import counted
from monitor.packs import load_rulebook
from monitor.prices.sample import SampleSource, sample_bars
from monitor.routing import everything
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
    Week("Silver breaks", date(2011, 5, 2), date(2011, 5, 6)),
    Week("Two days of falling gold", date(2013, 4, 11), date(2013, 4, 16)),
    Week("A rush into cash", date(2020, 3, 11), date(2020, 3, 16)),
    Week("Tariffs", date(2025, 4, 2), date(2025, 4, 7)),
    Week("The top of 2026", date(2026, 1, 26), date(2026, 2, 2)),
)

NEXT = (
    ("init --source sample", "settings for the sample market, here"),
    ("check", "are the rules right?"),
    ("once", "fetch and judge once"),
    ("status", "every rule with its value and distance"),
    ("backtest", "what the rules would have said"),
    ("init", "settings for real prices, from Yahoo"),
)


def rehearse() -> None:
    """Show the whole path, then say what to try next."""
    began = time.perf_counter()
    source = SampleSource()
    say(f"Metalwatch demo: {source.label}. No price below is real.")
    paragraph(
        f"The rules of {len(PACKS)} packs ({', '.join(PACKS)}) watch {len(WEEKS)} weeks. "
        "Each is a first start, then one live cycle per session: fetch, keep, judge, send.",
        hang="",
    )
    sent = sum(_watch(week, source) for week in WEEKS)
    _summarise(source, sent, time.perf_counter() - began)


def _watch(week: Week, source: SampleSource) -> int:
    say(f"\n== {week.title}, {week.first} to {week.last} ({source.label})\n")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'demo.db'}")
        try:
            rulebook = load_rulebook(PACKS, folder=Path())
            context = Context(store=store, source=source, rulebook=rulebook, routing=everything(["console"]))
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
    say(f"{session}  {_told(result)}")
    ticks = iter(range(1000))
    channels = {"console": console_channel("console", partial(write_message, indent="  "))}
    done = deliver_due(
        context.store, channels, now=lambda: now + timedelta(seconds=next(ticks)), jitter=lambda: 0.0
    )
    return done.sent


def _told(result: Result) -> str:
    if not result.sessions:
        already = "; already true:" if result.owed else ""
        return f"first start: {counted(result.new_bars, 'bar')} of history judged in silence{already}"
    told = sum(one.sent for one in result.decided)
    return f"{counted(told, 'alert')}, one message:" if result.owed else "nothing to tell"


def _summarise(source: SampleSource, sent: int, seconds: float) -> None:
    rulebook = load_rulebook(PACKS, folder=Path())
    done = run(rulebook, sample_bars())
    messages = sum(one.sent for one in done.decided)
    sessions = max(len(track.sessions) for track in done.tracks)
    say(f"\n== {sent} messages in {len(WEEKS)} weeks, judged and sent in {seconds:.1f} s\n")
    paragraph(
        f"Over all {sessions:,} sessions of the {source.label}, these rules give {messages} alerts.", hang=""
    )
    say("Try next, each is offline unless it says Yahoo:")
    for command, what in NEXT:
        say(f"  metalwatch {command:<24} {what}")
    if shutil.which("metalwatch") is None:
        say(f"`metalwatch` stands in {_shown(Path(sys.executable).parent)}.")


def _shown(folder: Path) -> str:
    """The path as people would write it."""
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
