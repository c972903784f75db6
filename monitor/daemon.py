"""The long-running process: one clock, three kinds of jobs, signals, a clean end.

APScheduler only wakes; what is due is decided by the jobs from the data, so a job that runs late or twice does no
harm.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from monitor.catchup import PATIENCE
from monitor.clock import Clock
from monitor.config import Configuration
from monitor.cycle import Result, judge_new, preview
from monitor.delivery.channel import Channel
from monitor.delivery.heartbeat import beat
from monitor.delivery.outbox import LEASE, Delivered, Taken, deliver_due
from monitor.errors import MonitorError, NoLongerLeadingError
from monitor.gather import Context, fetch
from monitor.health import edit_mended, edit_refused
from monitor.ledger import digests_due
from monitor.logs import log_cycle, log_start, log_to_stderr
from monitor.memory import give_back
from monitor.messages import Message
from monitor.opening import last_good, make_context, open_channels, opened, terms_of
from monitor.rulefile.texts import texts_of_rules
from monitor.selfcheck import material, recheck
from monitor.signals import heed
from monitor.standby import this_process, work_while_leading
from monitor.storage.leading import Lead
from monitor.vitals import HEARTBEAT_EVERY, Judging, ills, leave, started, stopped
from monitor.wakeups import Jumps, scheduler_of, wake
from monitor.watchdog import Pulse, notify
from monitor.wellbeing import is_check_due, keep_check, keep_health, not_fresh, owe

DELIVER_EVERY = timedelta(seconds=10)
CHECK_EVERY = timedelta(hours=1)
PROVE_EVERY = timedelta(minutes=10)

log = structlog.get_logger()


class Daemon:
    """One running daemon: what its jobs share."""

    def __init__(
        self, configuration: Configuration, clock: Clock, context: Context, channels: Mapping[str, Channel]
    ) -> None:
        self.configuration = configuration
        self.clock = clock
        self.context = context
        self.channels = channels
        self.cycle_lock = threading.Lock()
        self.stopping = threading.Event()
        self.lost = threading.Event()
        """Set when another daemon leads."""
        self.edited = threading.Event()
        """Set when rules were read again, until every job runs with them."""
        self.outdated = False
        """Whether the rules may not be those that are written: they were edited since, or are faulty."""
        self.refused: datetime | None = None
        """When an edit of the rules was refused, while none was taken since."""
        self.pulse = Pulse(time.monotonic)
        self.texts = texts_of_rules(*context.rulebook.texts.values())
        self.up_to_date = False
        """Whether everything that is held has been judged by the rules in force."""
        self.judged_at = datetime.min.replace(tzinfo=UTC)
        """When it was; while a price is missing, what waits for it is looked at again."""
        self.next_known: datetime | None = None
        """When the next bar that is held already will be known."""
        self.looked_at: dict[str, datetime] = {}
        """When each calendar was looked at last."""
        self.unwritten: dict[str, Taken] = {}
        self.seen_upto: datetime | None = None
        """The newest of it: an import brings bars that no poll tells of."""

    def look(self) -> None:
        """Fetch and judge what is due, calendar by calendar, and once more by rules that were read again meanwhile."""
        rulebook = None
        while rulebook is not self.context.rulebook:
            rulebook = self.context.rulebook
            for name in sorted(self.calendars):
                self.guarded(self.judge, name)()

    def judge(self, calendar: str) -> None:
        """Fetch and judge what is due on one calendar."""
        with self.cycle_lock:
            now = self.clock.now()
            gathered = fetch(self.context, now=now, calendars={calendar})
            newest = self.context.store.newest()
            same = newest == self.seen_upto and (self.next_known is None or now < self.next_known)
            nothing_new = self.up_to_date = self.up_to_date and same
            health = tuple(keep_health(self.context, gathered.answers, now=now, calendars={calendar}))
            result = Result(gathered, health=health)
            if not nothing_new or (gathered.answers and now >= self.judged_at + PATIENCE / 2):
                result = replace(judge_new(self.context, now=now), gathered=gathered, health=health)
                self.up_to_date, self.seen_upto, self.judged_at = True, newest, now
                self.next_known = result.next_known
            if gathered.new_bars:
                seen = preview(self.context, now=now)
                result = replace(
                    result, decided=(*result.decided, *seen.decided), owed=result.owed + seen.owed
                )
            self.looked_at[calendar] = now
            if not nothing_new:
                leave(self.context.store, self.judging, now=now)
        log_cycle(calendar, result)
        if result.owed or result.health:
            self.deliver()

    @property
    def calendars(self) -> set[str]:
        """Those that the instruments of the rules follow."""
        rulebook = self.context.rulebook
        return {one.calendar for one in rulebook.catalogue.subset(rulebook.instruments)}

    def deliver(self) -> None:
        """Send what is owed."""
        store, terms = self.context.store, terms_of(self.configuration)
        now, lease, left = self.clock.now, self.clock.spans(LEASE), self.unwritten
        done = deliver_due(
            store, self.channels, now=now, jitter=random.random, terms=terms, lease=lease, unwritten=left
        )
        if done != Delivered():
            log.info("delivered", sent=done.sent, retried=done.retried, dead=done.dead)

    @property
    def judging(self) -> Judging:
        """How far the judging has come."""
        poll = timedelta(minutes=self.configuration.settings.poll)
        looked_at = min((at for name, at in self.looked_at.items() if name in self.calendars), default=None)
        return Judging(up_to_date=self.up_to_date, looked_at=looked_at, every=poll)

    def heartbeat(self) -> None:
        """Leave a sign of life in the database, and elsewhere while data, judgement and delivery are well."""
        now, judging = self.clock.now(), self.judging
        leave(self.context.store, judging, now=now)
        if self.configuration.settings.heartbeat is None:
            return
        found = ills(self.context, judging, now=now)
        if found:
            log.warning("heartbeat withheld", because=found)
            return
        beat(self.configuration.heartbeat or "")

    def tell_of_itself(self, tell: Callable[..., list[Message]]) -> None:
        """Owe the news that it starts or stops to the channels that asked for it."""
        now, names = self.clock.now(), self.configuration.settings.notices
        self.context.store.enqueue(tell(self.context, names, now=now, clock=self.clock.label), now=now)

    def digest(self) -> None:
        """Owe the digests that are due."""
        schedules, now = self.configuration.digests, self.clock.now()
        if not schedules or not self.calendars <= set(self.looked_at):  # what was missed is judged first
            return
        lines = not_fresh(self.context, now=now)
        store, source = self.context.store, self.context.source.label
        if digests_due(store, self.context.rulebook, schedules, now=now, source=source, health=lines):
            log.info("digest written")
            self.deliver()

    def self_check(self) -> None:
        """Once a night, judge the last month again from what is stored."""
        now, context = self.clock.now(), self.context
        if not is_check_due(context.store, now=now):
            return
        with self.cycle_lock:
            stored = material(context.store, context.rulebook, now=now)
        found = recheck(context.rulebook, stored)
        keep_check(context, found, now=now)
        log.log(logging.ERROR if found.differences else logging.INFO, "self-check", found=str(found))
        if found.differences:
            self.deliver()

    def prove(self) -> None:
        """Measure what history says of rules that are new, or were measured long ago; messages quote it."""
        from monitor.proving import keep_evidence

        kept = keep_evidence(self.context, now=self.clock.now())
        if kept:
            log.info("evidence measured", rules=kept)

    def reload(self) -> None:
        """Read the packs again; a faulty edit keeps the last good rulebook, and is told."""
        now = self.clock.now()
        try:
            rulebook = self.configuration.rulebook
        except MonitorError as error:
            log.error("reload refused, the last good rules stay in force", error=str(error))  # noqa: TRY400
            self.refused = now
            owe(self.context, edit_refused(str(error).splitlines(), at=now), now=now)
            return
        with self.cycle_lock:
            self.context = replace(self.context, rulebook=rulebook)
            self.texts = texts_of_rules(*rulebook.texts.values())
            self.up_to_date = False
        self.edited.set()
        log.info("reloaded", rules=len(rulebook.instances))
        if self.refused is not None:
            owe(self.context, edit_mended(since=self.refused), now=now)
            self.refused = None

    def work(self, lead: Lead) -> None:
        """Run the jobs until the lead is lost or the process is to stop."""
        with self.cycle_lock:
            self.context = replace(self.context, store=lead.store)
        self.lost, self.up_to_date, self.looked_at = lead.lost, False, {}
        if self.outdated:
            self.reload()
        self.edited.clear()
        scheduler = _schedule(self)
        log_start(self.context, list(self.channels), lead, self.clock.label)
        self.safely(self.tell_of_itself, started)
        scheduler.start()
        jumps = Jumps(Clock().now, time.monotonic)
        try:
            while not (self.stopping.wait(timeout=0.5) or self.lost.is_set()):
                if back := jumps.back():
                    log.warning("the clock was set back, all jobs run now", seconds=round(back))
                if back or self.edited.is_set():
                    self.edited.clear()
                    wake(scheduler, soon=_soon())
                if self.pulse.beats:
                    notify(self.configuration.notify_socket, "WATCHDOG=1", "STATUS=watching")
        finally:
            scheduler.shutdown(wait=True)
        if self.lost.is_set():
            log.warning("the lead is lost", epoch=lead.epoch)
            return
        self.safely(self.tell_of_itself, stopped)
        if self.configuration.settings.notices:
            self.safely(self.deliver)

    def end(self) -> None:
        """Let `work` end, and begin no more jobs."""
        self.stopping.set()
        notify(self.configuration.notify_socket, "STOPPING=1")

    def guarded(self, job: Callable[..., None], *args: Any) -> Callable[[], None]:
        """A job of a process that works: it is not begun once that is over."""

        def run() -> None:
            if not self.stopping.is_set() and not self.lost.is_set():
                self.safely(job, *args)

        return run

    def safely(self, job: Callable[..., None], *args: Any) -> None:
        """Log the failure of a job and live on: the outermost loop."""
        try:
            with self.pulse.job():
                job(*args)
        except NoLongerLeadingError as error:
            self.lost.set()
            log.warning("no longer leading", job=job.__name__, because=str(error))
        except MonitorError as error:
            log.error("job failed, it will be tried again", job=job.__name__, error=str(error))  # noqa: TRY400
        except Exception:
            log.exception("job failed unexpectedly, it will be tried again", job=job.__name__)


def run_daemon(configuration: Configuration, clock: Clock, *, write: Callable[[str], object]) -> None:
    """Start, work while this process leads, stop at a signal."""
    log_to_stderr()
    channels = open_channels(configuration, write)
    with opened(configuration) as (store, source):
        before = last_good(configuration, store)
        context = make_context(configuration, store, source, before)
        daemon = Daemon(configuration, clock, context, channels)
        daemon.outdated = before is not None
        heed(end=daemon.end, read_again=daemon.guarded(daemon.reload))
        manager = configuration.notify_socket
        notify(manager, "READY=1")

        def idle(waits_for: str) -> None:
            daemon.outdated = True
            notify(manager, "WATCHDOG=1", f"STATUS=standing by until {waits_for}")

        with _status_page(daemon):
            work_while_leading(
                store, daemon.work, holder=this_process(), now=clock.now, stopping=daemon.stopping, idle=idle
            )
        log.info("stopped")


def _status_page(daemon: Daemon) -> AbstractContextManager[None]:
    """The status page, where settings want one."""
    if daemon.configuration.settings.status is None:
        return nullcontext()
    from monitor.status.beside import beside

    return beside(daemon)


def _schedule(daemon: Daemon) -> Any:
    """The jobs: fetch and judge, deliver, heartbeat; each soon after the start."""
    poll = timedelta(minutes=daemon.configuration.settings.poll)
    jobs: list[tuple[str, Callable[[], None], timedelta]] = [
        ("deliver", daemon.guarded(daemon.deliver), DELIVER_EVERY),
        ("heartbeat", daemon.guarded(daemon.heartbeat), HEARTBEAT_EVERY),
        ("digest", daemon.guarded(daemon.digest), HEARTBEAT_EVERY),
        ("self-check", daemon.guarded(daemon.self_check), CHECK_EVERY),
        ("prove", daemon.guarded(daemon.prove), PROVE_EVERY),
        ("give back memory", daemon.guarded(give_back), HEARTBEAT_EVERY),
        ("judge", daemon.look, poll),
    ]
    return scheduler_of(((name, job, daemon.clock.seconds(every)) for name, job, every in jobs), soon=_soon())


def _soon() -> datetime:
    return Clock().now() + timedelta(milliseconds=1)
