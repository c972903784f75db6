"""Kill the daemon hundreds of times, at every point of its work and at random: is anything lost, or told twice?

    python -m tests.benchmarks.crash [--kills 300] [--seed 1]

A real daemon on made-up files of prices that grow by a session each evening, with a set clock, real SMTP and HTTP receivers on the loopback address.  Each session
has lives that end by `kill -9` at the points of `crash_entry`, or at a random moment, and a last one in which all is
done; it is killed too.  What is to arrive comes from a run that nobody disturbs.  Ends with 1 unless every message
arrived on every channel, and each arrived once, and once more for each kill between its arrival and its being settled.
"""

import argparse
import random
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from operator import mul
from pathlib import Path
from threading import Event
from typing import Any

from monitor.config import read_configuration
from monitor.cycle import run_cycle
from monitor.delivery.wording import POSSIBLE_REPEAT
from monitor.opening import make_context, opened
from monitor.packs import load_catalogue
from monitor.sessions import expected_sessions
from tests.benchmarks.crash_entry import POINTS
from tests.support.process import Home, Running, home
from tests.support.receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver

FIRST = date(2020, 3, 2)
HELD = 30
"""Sessions before the first evening."""
BETWEEN_LIVES = timedelta(minutes=7)
"""Longer than a lease."""
RANDOM = "at random"
DONE = "when all is done"
ON_ITS_WAY = 1.0
"""Seconds after which what a killed process sent has arrived, if it left at all."""

SETTINGS = """\
database: crash.db
packs: [crash.yml]
prices: {source: files, folder: prices}
channels: {web: env:WEB, hook: env:HOOK, mail: env:MAIL}
"""
PACK = """\
pack: crash
about: Rules that have something to tell on every day.
rules:
  always: {when: gold > 0, remind: {every: 1 bars}}
  gold-up: {when: "change(gold, 1) > 0%"}
  silver-up: {when: "change(silver, 1) > 0%"}
  silver-far: {when: "abs(change(silver, 1)) > 1%"}
"""

Copy = tuple[str, str]
"""A channel, and the ref of a message."""


@dataclass(frozen=True)
class Evening:
    """One session, and what an undisturbed daemon has told and recorded after it."""

    sessions: Sequence[date]
    """Those there are prices of."""
    at: datetime
    copies: frozenset[Copy]
    transitions: int


@dataclass
class Tally:
    """What is counted."""

    kills: Counter[str] = field(default_factory=Counter)
    in_window: Counter[Copy] = field(default_factory=Counter)
    """Kills after a copy arrived and before that was settled."""
    only_claimed: int = 0
    """Kills after a claim, before the message arrived."""


@dataclass(frozen=True)
class World:
    """A home with a daemon, and what it sends to."""

    home: Home
    web: WebReceiver
    hook: WebReceiver
    mail: MailReceiver

    def arrived(self) -> dict[Copy, list[str]]:
        """The text of every copy that arrived, in order."""
        texts = [("web", post.message) for post in list(self.web.received)]
        texts += [("hook", post.message) for post in list(self.hook.received)]
        texts += [("mail", mail.text) for mail in list(self.mail.received)]
        found: dict[Copy, list[str]] = {}
        for channel, text in texts:
            if ref := re.search(r"ref ([0-9a-f]{8})", text):
                found.setdefault((channel, ref[1]), []).append(text)
        return found

    def counts(self) -> Counter[Copy]:
        return Counter({copy: len(texts) for copy, texts in self.arrived().items()})

    def claimed(self) -> set[Copy]:
        """What was claimed and is not settled."""
        return {(channel, ref) for channel, ref, status in self._rows() if status == "sending"}

    def is_done(self, evening: Evening) -> bool:
        """Whether all of an evening is judged, and nothing is owed."""
        rows, judged = self._rows(), self.asked("select count(*) from transition")
        told = evening.copies <= {(channel, ref) for channel, ref, _ in rows}
        settled = all(status in ("sent", "merged") for _, _, status in rows)
        return judged == [(evening.transitions,)] and told and settled

    def _rows(self) -> list[tuple[str, str, str]]:
        return self.asked("select channel, ref, status from outbox")

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers; nothing where there is none yet."""
        with suppress(sqlite3.OperationalError), closing(self._reader()) as database:
            return list(database.execute(query))
        return []

    def _reader(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.home.folder / 'crash.db'}?mode=ro", uri=True)


def sessions_of(count: int) -> list[date]:
    """History, and so many evenings after it."""
    gold = load_catalogue().instruments["gold"]
    found = expected_sessions(gold, FIRST, FIRST + timedelta(days=2 * (HELD + count)))
    return list(found)[: HELD + count]


def write_prices(place: Home, sessions: Sequence[date]) -> None:
    """Two made-up series up to a session; the same sessions have the same prices."""
    folder = place.folder / "prices"
    folder.mkdir(exist_ok=True)
    for name, price in (("gold", 1600.0), ("silver", 17.0)):
        chance = random.Random(name)
        moves = accumulate((1 + chance.gauss(0, 0.012) for _ in sessions), mul)
        rows = zip(sessions, moves, strict=True)
        lines = ["date,close", *(f"{session},{price * move:.3f}" for session, move in rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")


def evenings(place: Home, sessions: Sequence[date]) -> Iterator[Evening]:
    """What an undisturbed run tells on the evenings of the last of some sessions."""
    environment = {**place.environment, "METALWATCH_SETTINGS": str(place.folder / "metalwatch.yml")}
    write_prices(place, sessions[: HELD + 1])
    configuration = read_configuration(environment=environment)
    with opened(configuration) as (store, source):
        context = make_context(configuration, store, source)
        for number, session in enumerate(sessions[HELD:], start=HELD + 1):
            write_prices(place, sessions[:number])
            at = datetime(session.year, session.month, session.day, 22, tzinfo=UTC)
            run_cycle(context, now=at)
            copies = frozenset((row.channel, row.ref) for row in store.outbox_rows())
            yield Evening(sessions[:number], at, copies, len(store.transitions()))


def run(folder: Path, plan: Sequence[Sequence[str]], *, chance: random.Random) -> "Told":
    """Live through as many evenings as a plan has: for each, the points at which a life ends before the last one."""
    with ExitStack() as stack:
        web, hook = stack.enter_context(web_receiver()), stack.enter_context(web_receiver())
        mail = stack.enter_context(mail_receiver())
        addresses = {"WEB": web.url, "HOOK": hook.url, "MAIL": mail.url()}
        for name in ("calm", "wild"):
            (folder / name).mkdir()
            (folder / name / "crash.yml").write_text(PACK, encoding="utf-8")
        known = list(evenings(home(folder / "calm", SETTINGS, **addresses), sessions_of(len(plan))))
        world = World(home(folder / "wild", SETTINGS, **addresses), web, hook, mail)
        tally, longest = Tally(), 2.0
        for points, evening in zip(plan, known, strict=True):
            write_prices(world.home, evening.sessions)
            for life, point in enumerate([*points, DONE]):
                at = evening.at + life * BETWEEN_LIVES
                seconds = chance.uniform(0.4, 1.0) * longest if point == RANDOM else None
                lasted = _live(world, tally, evening, point, at, seconds)
                longest = lasted if point == DONE else longest
        return Told(known, world.arrived(), tally, world.asked("select count(*) from transition")[0][0])


@dataclass(frozen=True)
class Told:
    """How it ended."""

    evenings: list[Evening]
    arrived: Mapping[Copy, list[str]]
    tally: Tally
    transitions: int

    @property
    def expected(self) -> frozenset[Copy]:
        return self.evenings[-1].copies

    @property
    def lost(self) -> list[Copy]:
        return sorted(self.expected - self.arrived.keys())

    @property
    def strange(self) -> list[Copy]:
        """What an undisturbed run does not tell."""
        return sorted(self.arrived.keys() - self.expected)

    @property
    def repeated(self) -> Counter[Copy]:
        return Counter({copy: len(texts) - 1 for copy, texts in self.arrived.items() if len(texts) > 1})

    @property
    def unmarked(self) -> list[Copy]:
        """What came again and did not say so."""
        return [c for c, texts in self.arrived.items() if any(POSSIBLE_REPEAT not in t for t in texts[1:])]

    @property
    def is_well(self) -> bool:
        exact = self.repeated == self.tally.in_window
        recorded = self.transitions == self.evenings[-1].transitions
        return exact and recorded and not (self.lost or self.strange or self.unmarked)


def _live(
    world: World, tally: Tally, evening: Evening, point: str, at: datetime, seconds: float | None
) -> float:
    """One life, and what it leaves behind; returns how long it lasted."""
    before, began = world.counts(), time.monotonic()
    through = ("tests.benchmarks.crash_entry", point) if point in POINTS else ("monitor",)
    with world.home.daemon("--clock", at.isoformat(), through=through) as daemon:
        came = _until(daemon, world, evening, seconds)
        daemon.kill()
    lasted = time.monotonic() - began
    tally.kills[point if came else DONE] += 1
    _account(world, tally, before)
    return lasted


def _until(daemon: Running, world: World, evening: Evening, seconds: float | None) -> bool:
    """Wait until the daemon has died by itself or so many seconds are over (true), or until all is done."""
    end = time.monotonic() + (seconds or 120)
    while time.monotonic() < end:
        if daemon.has_ended():
            assert daemon.process.returncode == -9, (
                f"the daemon ended; its log:\n{daemon.log.read_text()[-4000:]}"
            )
            return True
        if seconds is None and world.is_done(evening):
            return False
    assert seconds, f"the daemon did not get there; its log:\n{daemon.log.read_text()[-4000:]}"
    return True


def _account(world: World, tally: Tally, before: Counter[Copy]) -> None:
    """What was claimed when the process died: had it arrived, or not?"""
    claimed, end = world.claimed(), time.monotonic() + ON_ITS_WAY
    after = world.counts()
    while any(after[one] == before[one] for one in claimed) and time.monotonic() < end:
        Event().wait(0.01)
        after = world.counts()
    arrived = [one for one in claimed if after[one] > before[one]]
    tally.in_window.update(arrived)
    tally.only_claimed += len(claimed) - len(arrived)


def report(told: Told) -> Iterator[str]:
    """The table, and what is wrong."""
    for point in (*POINTS, RANDOM, DONE):
        yield f"{point:<36} {told.tally.kills[point]:>5} kills"
    copies = sum(len(texts) for texts in told.arrived.values())
    yield f"{'all':<36} {told.tally.kills.total():>5} kills over {len(told.evenings)} sessions"
    yield f"messages expected {len(told.expected):>5}"
    yield f"messages received {copies:>5}"
    yield f"repeated          {told.repeated.total():>5}, kills between arrival and settling {told.tally.in_window.total()}"
    yield f"lost              {len(told.lost):>5}"
    yield f"claimed, had not arrived when the process died: {told.tally.only_claimed}"
    wrong = {
        "lost": told.lost,
        "told by no undisturbed run": told.strange,
        "repeated unmarked": told.unmarked,
        "repeated without a kill, or the other way round": sorted(
            (told.repeated - told.tally.in_window) + (told.tally.in_window - told.repeated)
        ),
        "transitions": [] if told.transitions == told.evenings[-1].transitions else [told.transitions],
    }
    yield from (f"WRONG: {what}: {which}" for what, which in wrong.items() if which)


def plan_of(kills: int) -> list[list[str]]:
    """The points of so many kills at least: evenings with each point once, every third one with random moments."""
    plan: list[list[str]] = []
    while sum(len(points) + 1 for points in plan) < kills:
        plan.append([RANDOM] * len(POINTS) if len(plan) % 3 == 2 else list(POINTS))
    return plan


def main() -> None:
    """Kill, and say how it ended."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--kills", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    chance, began = random.Random(asked.seed), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        told = run(Path(folder), plan_of(asked.kills), chance=chance)
    sys.stdout.writelines(f"{line}\n" for line in (*report(told), f"{time.monotonic() - began:.0f} s"))
    sys.exit(0 if told.is_well else 1)


if __name__ == "__main__":
    main()
