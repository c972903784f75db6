"""How many messages the rules would have made on each channel, and what nobody heard of: policy in the loop.

Routes are those of the daemon, and so is the grouping: all that is told in one session on one channel is one message.
A session that exchanges on both sides of the world share counts once here, while the daemon tells of each as it closes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from monitor.alerts import Kind
from monitor.backtest.run import Backtest, span
from monitor.messages import Entry
from monitor.messages.message import STORM
from monitor.routing import Episode, Routing, episode_of

Month = str
"""`2020-03`."""
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """One message that many opens came in."""

    session: date
    opens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one channel would have had to carry."""

    channel: str
    messages: int
    a_month: float
    """On average; each message over the time in which the rules in it had answers."""
    months: tuple[tuple[Month, int], ...]
    """Messages of every month that had one."""
    storms: tuple[Storm, ...]
    deferred: int
    """Messages that quiet hours would have held back."""

    @property
    def busiest(self) -> tuple[Month, int] | None:
        """The first of the months with most messages."""
        return max(self.months, key=lambda one: one[1]) if self.months else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What the rules would have asked of those who read their messages."""

    days: int
    """Of the span."""
    channels: tuple[Load, ...]
    withheld: tuple[tuple[str, int], ...]
    """How many alerts were not told, by cause; those of which people never hear are not among them."""


@dataclass(frozen=True, slots=True)
class _Message:
    session: date
    opens: int
    deferred: bool
    days: float
    """In which it could have come: those of the rule in it that had answers for longest."""


def attention(done: Backtest, routing: Routing) -> Attention:
    """The messages of a backtest on every channel that a route names."""
    first, last = span(done.tracks)
    first = max(filter(None, (first, done.start)), default=None)
    days = 0 if first is None or last is None else max((last - first).days + 1, 0)
    carried = _messages(done, routing)
    names = dict.fromkeys(name for route in routing.routes for name in route.channels)
    return Attention(
        days=days,
        channels=tuple(_load(name, carried.get(name, ())) for name in names),
        withheld=_withheld(done),
    )


def _withheld(done: Backtest) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(one.withheld_by for one in done.decided if one.withheld_by).items()))


def _messages(done: Backtest, routing: Routing) -> dict[str, list[_Message]]:
    """Session by session, because who heard of an episode hears of its end."""
    instances = {one.key: one for one in done.rulebook.instances}
    heard: dict[Episode, frozenset[str]] = {}
    found: dict[str, list[_Message]] = {}
    told = (one.transition for one in done.decided if one.sent)
    for session, group in groupby(told, key=lambda one: one.session):
        entries = [Entry(instance=instances[one.rule, one.instance], transition=one) for one in group]
        for channel, part in routing.by_channel(entries, heard).items():
            days = max(done.days[entry.instance.key] for entry in part)
            found.setdefault(channel, []).append(_message(session, channel, part, routing, days))
            for entry in part:
                episode = episode_of(entry.transition)
                heard[episode] = heard.get(episode, frozenset()) | {channel}
    return found


def _message(session: date, channel: str, part: Sequence[Entry], routing: Routing, days: float) -> _Message:
    at = max(entry.transition.at for entry in part)
    severity = max((entry.transition.level for entry in part), key=lambda one: one.rank)
    opens = sum(entry.transition.kind is Kind.OPEN for entry in part)
    return _Message(session, opens, deferred=routing.over(channel, at, severity) > at, days=days)


def _load(channel: str, messages: Sequence[_Message]) -> Load:
    months = Counter(f"{one.session:%Y-%m}" for one in messages)
    return Load(
        channel=channel,
        messages=len(messages),
        a_month=sum(DAYS_A_MONTH / one.days for one in messages),
        months=tuple(months.items()),
        storms=tuple(Storm(session=m.session, opens=m.opens) for m in messages if m.opens > STORM),
        deferred=sum(one.deferred for one in messages),
    )
