"""A rule test, read: its cases, each with the rules it judges, its bars and what must come of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from monitor.errors import Place
from monitor.instruments import Catalogue
from monitor.routing import Match
from monitor.rulefile import read_rulebook
from monitor.rules import Instance, InstanceKey, Rulebook
from monitor.ruletest.model import EventFile, ExpectFile
from monitor.ruletest.timeline import Timeline
from monitor.sessions import settled_at
from monitor.silences import Silence

_AFTER_SETTLING = timedelta(hours=1)


@dataclass(frozen=True)
class Target:
    """What a name in a rule test means: an instance and, behind a slash, one of its levels."""

    instance: Instance
    level: int | None = None


def name_of(instance: Instance) -> str:
    """`gsr-high`, `single-name-shock mp`."""
    return instance.rule.name + (f" {instance.member}" if instance.member else "")


def named(text: str, instances: Iterable[Instance]) -> Target | None:
    """The target of `rule`, `rule member`, `rule/level` or `rule member/level`."""
    name, _, level = text.partition("/")
    instance = next((one for one in instances if name_of(one) == name), None)
    if instance is None:
        return None
    severities = [one.severity.value for one in instance.levels]
    if not level:
        return Target(instance)
    return Target(instance, severities.index(level)) if level in severities else None


@dataclass(frozen=True)
class Case:
    """One story."""

    name: str
    place: Place
    pack: "TestedPack"
    rulebook: Rulebook
    """The rules that are judged."""
    keys: frozenset[InstanceKey]
    """The instances of which transitions and messages are expected; of others they are ignored."""
    timeline: Timeline
    expect: ExpectFile
    events: tuple[EventFile, ...] = ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Those of which something is expected."""
        return tuple(one for one in self.rulebook.instances if one.key in self.keys)

    @property
    def restarts(self) -> frozenset[int]:
        return frozenset(event.at for event in self.events if event.do == "restart")

    @property
    def outages(self) -> tuple[EventFile, ...]:
        return tuple(event for event in self.events if event.do == "channel_down")

    @cached_property
    def silences(self) -> tuple[Silence, ...]:
        """What nobody wants to hear of; each hides what is known of the sessions of its columns."""
        events = [event for event in self.events if event.do == "silence"]
        return tuple(self._silence(number, event) for number, event in enumerate(events, 1))

    def _silence(self, number: int, event: EventFile) -> Silence:
        last = min(event.at + (event.bars or 1) - 1, self.timeline.last)
        return Silence(
            number=number,
            match=Match(rule=(event.rule or "",)),
            reason="rule test",
            author="rule test",
            since=min(self._settled(event.at)),
            until=self.over(last),
        )

    def over(self, column: int) -> datetime:
        """An instant after all values of a column's session have settled."""
        return max(self._settled(column)) + _AFTER_SETTLING

    def _settled(self, column: int) -> list[datetime]:
        session = self.timeline.session(column)
        used = self.rulebook.catalogue.subset(self.timeline.versions["instrument"].unique())
        return [settled_at(one, session) for one in used]

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel the case speaks of."""
        spoken = [event.channel for event in self.outages if event.channel]
        spoken += [message.channel for message in self.expect.messages or ()]
        return tuple(dict.fromkeys(spoken)) or ("console",)

    def restarted(self) -> dict[InstanceKey, Instance]:
        """The instances of the case, read again from the text of their pack."""
        keys = {one.key for one in self.rulebook.instances}
        return {one.key: one for one in self.pack.read_again.instances if one.key in keys}


@dataclass(frozen=True)
class TestedPack:
    """The pack beside a rule test."""

    shown: str
    """Its file, as people would write it."""
    text: str
    catalogue: Catalogue

    def read(self) -> Rulebook:
        """Its rules; FaultyFileError carries its faults."""
        return read_rulebook({self.shown: self.text}, self.catalogue)

    @cached_property
    def read_again(self) -> Rulebook:
        """Its rules after a restart."""
        return self.read()


@dataclass(frozen=True)
class RuleTest:
    """One file of cases."""

    file: Path
    text: str
    pack: str
    rulebook: Rulebook
    cases: tuple[Case, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    """Of each case the place of its `expect`."""
