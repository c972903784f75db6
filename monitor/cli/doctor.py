"""`doctor`: is everything in place that a daemon needs?  Nothing is sent, and one price at most is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import ClockOption, JsonOption, SettingsOption, configuration
from monitor.cli.screen import paragraph, say, show_json, working
from monitor.errors import MonitorError, SourceError, StorageError, UnreachableError, UsageError

if TYPE_CHECKING:
    from monitor.clock import Clock
    from monitor.config import Configuration
    from monitor.rules import Rulebook

OK, WARNING, FAULT, UNREACHED = "ok", "warning", "fault", "not reached"
LEAST_FREE = 200_000_000
"""Bytes that should be free where the database is."""
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class _Finding:
    """One thing that was looked at."""

    what: str
    state: str
    told: str


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(doctor)


def doctor(
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also judge the last month again from what is stored.")
    ] = False,
    settings: SettingsOption = None,
    clock: ClockOption = None,
    json: JsonOption = False,
) -> None:
    """Look at clock, settings, rules, calendars, database, source and channels, and say what to do."""
    from monitor.clock import read_clock

    found = configuration(settings)
    watch = read_clock(clock or found.clock)
    with working("looking"):
        findings = list(_all(found, watch, deep=deep))
    if json:
        show_json({"findings": [vars(one) for one in findings]})
    else:
        for one in findings:
            paragraph(f"{one.state:<11} {one.what}: {one.told}", hang=" " * 12)
        wrong = sum(one.state in (FAULT, UNREACHED) for one in findings)
        say("everything is in place" if not wrong else f"{wrong} of {len(findings)} need care")
    if any(one.state == UNREACHED for one in findings):
        raise typer.Exit(SourceError.exit_code)
    if any(one.state == FAULT for one in findings):
        raise typer.Exit(1)


def _all(found: "Configuration", watch: "Clock", *, deep: bool) -> Iterator[_Finding]:
    now = watch.now()
    yield _Finding("settings", OK, str(found.file) if found.file else "none, the defaults hold")
    rulebook: Rulebook | None = None
    try:
        rulebook = found.rulebook
    except MonitorError as error:
        yield _Finding("rules", FAULT, f"{_first(error)}; `metalwatch check` lists everything")
    else:
        yield _Finding("rules", OK, f"{len(rulebook.instances)} in force")
        yield _guarded("calendars", lambda: _calendars(rulebook, now))
    yield from _database(found, watch)
    if rulebook is not None:
        yield from _self_check(found, rulebook, now, deep=deep)
    yield _guarded("source", lambda: _source(found, rulebook, now))
    for name in found.settings.channels:
        yield _channel(found, name)


def _guarded(what: str, look: Callable[[], _Finding]) -> _Finding:
    """A finding, or what went wrong while it was looked for."""
    try:
        return look()
    except UnreachableError as error:
        return _Finding(what, UNREACHED, _first(error))
    except MonitorError as error:
        return _Finding(what, FAULT, _first(error))


def _first(error: MonitorError) -> str:
    return str(error).splitlines()[0]


def _calendars(rulebook: "Rulebook", now: datetime) -> _Finding:
    """Sessions of the coming year, of every calendar the rules need."""
    from monitor.sessions import known_until

    calendars = sorted({one.calendar for one in rulebook.catalogue.subset(rulebook.instruments)})
    a_year_on = now.date() + timedelta(days=365)
    ends = {name: known_until(name, a_year_on) for name in calendars}
    if short := [f"{name} up to {day}" for name, day in ends.items() if day < a_year_on]:
        told = f"holidays are known of {', '.join(short)}; after that every weekday counts as a session"
        return _Finding("calendars", FAULT, f"{told}; update exchange-calendars")
    return _Finding("calendars", OK, f"{', '.join(calendars)}: sessions are known for the coming year")


def _database(found: "Configuration", watch: "Clock") -> Iterator[_Finding]:
    from contextlib import closing

    from monitor.storage.store import open_store

    try:
        with closing(open_store(found.database)) as store:
            counts, faults, free, newest = store.counts(), store.faults(), store.free_bytes(), store.newest()
    except StorageError as error:
        yield _Finding("database", UNREACHED, _first(error))
        return
    told = f"{store.name}, {counts.bars:,} bar versions, {counts.transitions:,} transitions"
    if faults:
        yield _Finding("database", FAULT, f"{store.name} is damaged ({faults[0]}); restore the backup")
    elif free is not None and free < LEAST_FREE:
        yield _Finding("database", WARNING, f"{told}; only {free / 1e6:,.0f} MB are free there: make room")
    else:
        yield _Finding("database", OK, told)
    yield _clock(watch, newest)


def _self_check(
    found: "Configuration", rulebook: "Rulebook", now: datetime, *, deep: bool
) -> Iterator[_Finding]:
    """What the daemon's last self-check found, or with `deep` all that one finds now."""
    from contextlib import closing

    from monitor.selfcheck import material, recheck
    from monitor.storage.store import open_store
    from monitor.wellbeing import last_check

    what = "self-check"
    try:
        with closing(open_store(found.database)) as store:
            done = last_check(store)
            again = recheck(rulebook, material(store, rulebook, now=now)) if deep else None
    except StorageError:
        return  # the database has a finding of its own
    if again is not None:
        yield _Finding(what, FAULT if again.differences else OK, str(again))
        for one in again.differences[1:]:
            yield _Finding(what, FAULT, one.told)
    elif done is None:
        yield _Finding(what, OK, "the daemon does it every night, and has not yet; `--deep` does it now")
    else:
        yield _Finding(what, OK if done.well else FAULT, f"{done.at:%Y-%m-%d %H:%M} UTC: {done.told}")


def _clock(watch: "Clock", newest: datetime | None) -> _Finding:
    now = watch.now()
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC" + (f", {watch.label}" if watch.label else "")
    if newest is not None and newest > now + AHEAD:
        late = f"the database was written at {newest:%Y-%m-%d %H:%M} UTC, which is later"
        return _Finding("clock", FAULT if not watch.label else WARNING, f"{shown}; {late}: set the clock")
    return _Finding("clock", OK, shown)


def _source(found: "Configuration", rulebook: "Rulebook | None", now: datetime) -> _Finding:
    from contextlib import closing

    from monitor.instruments import AssetKind
    from monitor.opening import open_source
    from monitor.prices.source import Outcome

    with closing(open_source(found)) as source:
        wanted = rulebook.catalogue.subset(rulebook.instruments) if rulebook else ()
        asked = [one for one in wanted if one.kind is not AssetKind.MANUAL][:1]
        if not asked:
            return _Finding("source", WARNING, f"{source.label}; no rule reads an instrument to ask for")
        (answer,) = source.fetch(asked, interval="1d", since={asked[0].id: now.date()}, now=now)
    if answer.outcome in (Outcome.OK, Outcome.EMPTY):
        return _Finding("source", OK, f"{source.label} answers for {asked[0].id}")
    return _Finding("source", UNREACHED, f"{source.label}: {answer.outcome.value}: {answer.detail}")


def _channel(found: "Configuration", name: str) -> _Finding:
    """Whether there is an address, and apprise can use it; nothing is sent."""
    from monitor.delivery.channel import url_faults, url_remarks
    from monitor.settings import CONSOLE

    what = f'channel "{name}"'
    if found.settings.channels[name].url == CONSOLE:
        return _Finding(what, OK, "the console")
    try:
        address = found.address(name)
    except UsageError as error:
        return _Finding(what, FAULT, _first(error))
    if faults := url_faults(address):
        return _Finding(what, FAULT, "; ".join(faults))
    if remarks := url_remarks(address):
        return _Finding(what, WARNING, "; ".join(remarks))
    return _Finding(what, OK, f"there is an address; `metalwatch channels test {name}` sends a message")
