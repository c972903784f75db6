"""Fetch what is due and keep what came: the first half of a live cycle.

Only instruments with a settled bar missing are asked for.  Time is an argument.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from monitor.alerts import Severity
from monitor.bars import UTC, Quote, Status, empty
from monitor.errors import UsageError
from monitor.instruments import AssetKind, Instrument
from monitor.messages import PLAIN, Message, Style, message_key
from monitor.prices.source import Fetched, Outcome, PriceSource
from monitor.quality import Finding, Judged, Kind, judge_live, siblings
from monitor.routing import Routing
from monitor.rules import Rulebook
from monitor.sessions import expected_sessions, missing_sessions, settled_at, trading_since
from monitor.storage.records import FIRST_STARTED, Polled
from monitor.storage.store import Store

LONGEST_CLOSURE = timedelta(days=12)
"""No calendar pauses longer: so far back is far enough to find the session before."""
LATELY = timedelta(days=40)
"""What a daemon that runs needs to look at between two sessions."""
AS_FAR_AS_JUDGED = timedelta(days=240)
"""So much of what is held tells whether a move is believable."""
MANY = 3
"""Revisions in one poll after which the whole history is asked for: a vendor revises the last bar only."""
INTERVAL = "1d"
HOLDS = "holds_prices"
SIMULATED = "sample"


@dataclass(frozen=True)
class Context:
    """What every cycle of a daemon shares."""

    store: Store
    source: PriceSource
    rulebook: Rulebook
    routing: Routing = field(default_factory=Routing)
    instruments: frozenset[str] = field(default_factory=frozenset)
    """Besides those of the rules."""
    styles: Mapping[str, Style] = field(default_factory=dict)
    """How channels are written to, where that is not plain text."""

    def style(self, channel: str) -> Style:
        """How a channel is written to."""
        return self.styles.get(channel, PLAIN)

    @property
    def shows_pictures(self) -> bool:
        """Whether some channel takes a picture with a message."""
        return any(style.pictures for style in self.styles.values())


def keep_apart(store: Store, source: PriceSource, *, claim: bool) -> None:
    """Simulated prices and real ones never share a database: the first source that is opened with `claim` decides."""
    kind = "simulated" if source.name == SIMULATED else "real"
    held = store.meta(HOLDS)
    if held not in (None, kind):
        raise UsageError(
            f"the database {store.name} holds {held} prices, and the settings name {kind} ones ({source.label}); "
            "name another file under `database:`"
        )
    if held is None and claim:
        store.set_meta(HOLDS, kind)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of asking the source."""

    answers: tuple[Fetched, ...] = ()
    new_bars: int = 0
    findings: tuple[Finding, ...] = ()
    """What was found about the bars that came, and was not known before."""


def fetch(context: Context, *, now: datetime, calendars: Collection[str] | None = None) -> Gathered:
    """Ask the source for every instrument with a settled bar missing, or of a live rule while it is traded.

    A manual series is nobody's to ask: it is imported.
    """
    wanted = context.rulebook.catalogue.subset(context.rulebook.instruments | context.instruments)
    held = _held_since(context, [instrument.id for instrument in wanted], now.date() - LATELY)
    final, live = _last_final(held), _read_live(context.rulebook)
    due = [
        i
        for i in wanted
        if (calendars is None or i.calendar in calendars)
        and i.kind is not AssetKind.MANUAL
        and (is_due(i, final.get(i.id), now) or (i.id in live and trading_since(i, now) is not None))
    ]
    return ask(context, due, _back_to_gaps(due, held, final), now=now) if due else Gathered()


def _read_live(rulebook: Rulebook) -> set[str]:
    """The instruments that live rules read."""
    return {name for one in rulebook.instances if one.rule.live for name in one.instruments}


def ask(
    context: Context, instruments: Sequence[Instrument], since: Mapping[str, date], *, now: datetime
) -> Gathered:
    """Ask for some instruments, judge the bars that come beside those held, and keep them."""
    store, names = context.store, [one.id for one in context.rulebook.catalogue.instruments.values()]
    answers = list(context.source.fetch(instruments, interval=INTERVAL, since=since, now=now))
    held = _held_since(context, names, now.date() - AS_FAR_AS_JUDGED)
    judged = _judged(context, answers, held, now)
    if kin := _kin(context, judged, {one.id for one in instruments}):
        answers += context.source.fetch(kin, interval=INTERVAL, since=_last_final(held), now=now)
        judged = _judged(context, answers, held, now)
    if moved := _elsewhere(judged, answers, held):
        whole = context.rulebook.catalogue.subset(moved)
        again = context.source.fetch(whole, interval=INTERVAL, since={}, now=now)
        answers = [*(one for one in answers if one.instrument not in moved), *again]
        judged = _judged(context, answers, store.bars(), now)
    polled = Polled(
        bars=_known_when_seen(judged.frame, store, now),
        quotes=[_quote(one) for one in answers],
        actions=[action for one in answers for action in one.actions],
        findings=[*judged.findings, *(finding for one in answers for finding in one.findings)],
        messages=_doubts(judged, context),
    )
    kept = store.keep(polled, seen_at=now, source=context.source.name)
    return Gathered(tuple(answers), kept.new_bars, kept.findings)


def _judged(context: Context, answers: Sequence[Fetched], held: pl.DataFrame, now: datetime) -> Judged:
    """The bars that came, with their statuses; siblings among all that is held confirm a move."""
    came = [one.bars for one in answers if one.outcome is Outcome.OK]
    if not came:
        return Judged(empty())
    incoming = confirm(pl.concat(came), held)
    names, since = incoming["instrument"].unique(), incoming.select(pl.col("session").min()).item()
    seen = context.store.sightings(names, since=since)
    return judge_live(incoming, held, context.rulebook.catalogue, now=now, sightings=seen)


def _kin(context: Context, judged: Judged, asked: Collection[str]) -> list[Instrument]:
    """Instruments that were not asked for and may confirm at once what is doubted: the two closest of each."""
    catalogue = context.rulebook.catalogue
    doubted = {one.instrument for one in judged.unconfirmed}
    known = [[n for n in siblings(name) if n in catalogue.instruments] for name in sorted(doubted)]
    names = dict.fromkeys(name for kin in known for name in kin[:2])
    return [catalogue.instruments[name] for name in names if name not in asked]


def _elsewhere(judged: Judged, answers: Iterable[Fetched], held: pl.DataFrame) -> set[str]:
    """Instruments whose last bars came on another base, or mostly different, and not yet all of those before."""
    revised = Counter(one.instrument for one in judged.findings if one.kind is Kind.REVISION)
    moved = {one.instrument for one in judged.findings if one.kind is Kind.READJUSTMENT}
    moved |= {name for name, count in revised.items() if count >= MANY}
    first = dict(held.group_by("instrument").agg(pl.col("session").min()).iter_rows())
    return {
        one.instrument
        for one in answers
        if one.instrument in moved and one.bars["session"].min() > first[one.instrument]
    }


def _quote(answer: Fetched) -> Quote:
    contract, at = answer.meta.get("contract"), answer.meta.get("source_time")
    return Quote(
        answer.instrument,
        contract if isinstance(contract, str) else None,
        at if isinstance(at, datetime) else None,
    )


def _doubts(judged: Judged, context: Context) -> list[Message]:
    """What people hear of bars that are not believed yet, and of a series that turned into another."""
    told = [one for one in judged.findings if one.unconfirmed or one.kind is Kind.ANOTHER_SERIES]
    return [doubt(one, channel) for one in told for channel in context.routing.health]


def doubt(finding: Finding, channel: str) -> Message:
    """The news that a bar is not believed yet; rules see nothing of it until it is."""
    series = finding.kind is Kind.ANOTHER_SERIES
    what = "another series?" if series else "unconfirmed move"
    title = f"WARNING {finding.instrument}: {what}, {finding.session}"
    waits = (
        "Look at its symbol."
        if series
        else "Rules wait until a second poll, a sibling or the next bar confirms it."
    )
    return Message(
        channel=channel,
        session=finding.session,
        severity=Severity.WARNING,
        title=title,
        body=f"{finding.reason}.\n{waits}",
        transitions=(),
        key=message_key(channel, [str(part) for part in finding.key]),
    )


def _held_since(context: Context, instruments: Sequence[str], since: date) -> pl.DataFrame:
    """The bars since a session, and the whole history of an instrument that has none there."""
    recent = context.store.bars(instruments=instruments, since=since)
    others = set(instruments) - set(_last_final(recent))
    if not others:
        return recent
    rest = context.store.bars(instruments=sorted(others))
    return pl.concat([recent.filter(~pl.col("instrument").is_in(list(others))), rest])


def _back_to_gaps(
    instruments: Iterable[Instrument], held: pl.DataFrame, final: Mapping[str, date]
) -> dict[str, date]:
    """From where to ask: the last final bar, or the first session of the last weeks that is missing before it."""
    since = dict(final)
    sessions = dict(held.group_by("instrument").agg("session").iter_rows())
    for one in instruments:
        if one.id in since:
            lately = [day for day in sessions[one.id] if day >= since[one.id] - LATELY]
            since[one.id] = min([since[one.id], *missing_sessions(one, lately)])
    return since


def _known_when_seen(bars: pl.DataFrame, store: Store, now: datetime) -> pl.DataFrame:
    """A bar of a session since the first start was known when it came, not already when it settled."""
    started = store.meta(FIRST_STARTED)
    if started is None:
        return bars
    since = pl.col("known_at") > datetime.fromisoformat(started)
    known = pl.when(since).then(pl.max_horizontal("known_at", pl.lit(now, UTC))).otherwise("known_at")
    return bars.with_columns(known.alias("known_at"))


def is_due(instrument: Instrument, last_final: date | None, now: datetime) -> bool:
    """Whether a session after the last final bar is over and settled."""
    if last_final is None:
        return True
    start = max(last_final + timedelta(days=1), now.date() - LONGEST_CLOSURE)
    sessions = expected_sessions(instrument, start, now.date())
    return len(sessions) > 0 and settled_at(instrument, sessions[0]) <= now


def _last_final(held: pl.DataFrame) -> dict[str, date]:
    last = held.filter(pl.col("status") == Status.FINAL).group_by("instrument").agg(pl.col("session").max())
    return dict(last.iter_rows())


def confirm(new: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """A provisional bar that an earlier poll saw with the same values, believed or not, is final."""
    seen = pl.col("status").is_in([Status.PROVISIONAL, Status.QUARANTINED])
    before = held.filter(seen).select(
        "instrument", "session", *(pl.col(name).alias(f"{name} before") for name in ("close", "status"))
    )
    joined = new.join(before, on=["instrument", "session"], how="left", maintain_order="left")
    agrees = (pl.col("status") == Status.PROVISIONAL) & (pl.col("close") == pl.col("close before"))
    status = pl.when(agrees).then(pl.lit(Status.FINAL.value)).otherwise("status").alias("status")
    return joined.with_columns(status).select(new.columns)
