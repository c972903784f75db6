"""Which channels hear of a transition, and from when on: routes, and the quiet hours of a channel.

Routes are asked in order, and the first that matches names the channels.  Whoever heard of an episode hears of its
end too, whatever the routes say of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from monitor.alerts import Severity, Transition
from monitor.messages import Entry
from monitor.rules import Instance, Rulebook

Episode = tuple[str, str | None, int]
"""A rule's full id, its instance, and the number of the episode."""


def episode_of(transition: Transition) -> Episode:
    """The episode a transition belongs to."""
    return transition.rule, transition.instance, transition.episode


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a route or a silence is about; what is empty matches everything."""

    severity: frozenset[Severity] = frozenset()
    pack: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    """Full ids or bare names; `*` stands for any letters, here and in packs and instruments."""
    instrument: tuple[str, ...] = ()
    """The member of a group, or an instrument that the rule reads."""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    health: bool = False
    """Health alerts, which are about data and channels; nothing else of the match is asked of them."""

    def takes(self, instance: Instance, level: Severity) -> bool:
        """Whether transitions of an instance at a level are meant."""
        rule = instance.rule
        read = {instance.member} if instance.member else instance.instruments
        return (
            not self.health
            and (not self.severity or level in self.severity)
            and (not self.pack or _any(self.pack, [rule.pack]))
            and (not self.rule or _any(self.rule, [rule.id, rule.name]))
            and (not self.instrument or _any(self.instrument, read))
            and all(instance.labels.get(name) == value for name, value in self.labels.items())
        )

    @property
    def takes_all(self) -> bool:
        """Whether it matches everything, health alerts too."""
        return self == Match()


def _any(patterns: Iterable[str], names: Iterable[str]) -> bool:
    known = list(names)
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in known)


@dataclass(frozen=True, kw_only=True)
class Route:
    """What it matches goes to these channels."""

    channels: tuple[str, ...]
    match: Match = field(default_factory=Match)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Hours of the day in which a channel is left alone; what comes then is owed until they end."""

    start: time
    end: time
    zone: str
    exempt: Severity | None = Severity.CRITICAL
    """Messages so loud, or louder, are sent all the same; None: no message is."""

    def over(self, now: datetime, severity: Severity) -> datetime:
        """The instant (UTC) from which a message may be sent: now, or the end of these hours."""
        if self.exempt is not None and severity.rank >= self.exempt.rank:
            return now
        zone = ZoneInfo(self.zone)
        local = now.astimezone(zone)
        if not self._hold(local.time()):
            return now
        day = local.date() + timedelta(days=int(self.start > self.end and local.time() >= self.start))
        end = datetime.combine(day, self.end, zone)
        if end <= now:  # in a night in which clocks go back there are two of it
            end = end.replace(fold=1)
        return end.astimezone(now.tzinfo)

    def _hold(self, clock: time) -> bool:
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, kw_only=True)
class Routing:
    """All routes in their order, and the quiet hours by channel."""

    routes: tuple[Route, ...] = ()
    quiet: Mapping[str, QuietHours] = field(default_factory=dict)

    def channels(self, instance: Instance, level: Severity) -> tuple[str, ...]:
        """The channels of the first route that matches."""
        found = (route for route in self.routes if route.match.takes(instance, level))
        return next((route.channels for route in found), ())

    @property
    def health(self) -> tuple[str, ...]:
        """The channels that hear of health alerts: the first route for them, else the one for everything."""
        found = (route for route in self.routes if route.match.health or route.match.takes_all)
        return next((route.channels for route in found), ())

    def over(self, channel: str, now: datetime, severity: Severity) -> datetime:
        """From when on a message may be sent on a channel."""
        quiet = self.quiet.get(channel)
        return now if quiet is None else quiet.over(now, severity)

    def by_channel(
        self, entries: Iterable[Entry], heard: Mapping[Episode, frozenset[str]]
    ) -> dict[str, list[Entry]]:
        """What each channel is told; `heard` are the channels that had a message of an episode."""
        found: dict[str, list[Entry]] = {}
        for entry in entries:
            one = entry.transition
            before = heard.get(episode_of(one), frozenset())
            for channel in dict.fromkeys((*self.channels(entry.instance, one.level), *sorted(before))):
                found.setdefault(channel, []).append(entry)
        return found

    def ended(
        self, transitions: Iterable[Transition], heard: Mapping[Episode, frozenset[str]]
    ) -> dict[str, list[Transition]]:
        """The ends of alerts whose rules are gone: they are told where somebody heard of them."""
        found: dict[str, list[Transition]] = {}
        for one in transitions:
            for channel in sorted(heard.get(episode_of(one), frozenset())):
                found.setdefault(channel, []).append(one)
        return found

    def unreached(self, rulebook: Rulebook) -> list[int]:
        """The routes, counted from 0, that no rule in force ever takes, because of those before them or at all."""
        taken = {
            self.routes.index(
                next(route for route in self.routes if route.match.takes(instance, level.severity))
            )
            for instance in rulebook.instances
            for level in instance.levels
        }
        health = next(
            (i for i, one in enumerate(self.routes) if one.match.health or one.match.takes_all), None
        )
        last = len(self.routes) - 1
        return [i for i in range(last) if i not in taken and i != health]


def everything(channels: Iterable[str]) -> Routing:
    """Every channel hears everything."""
    return Routing(routes=(Route(channels=tuple(channels)),))
