"""The `routes:`, `quiet_hours:` and `digests:` of settings -> `Routing` and `Schedule`, with every fault and its place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from typing import Annotated, Any, Literal, Protocol, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from monitor.alerts import Severity
from monitor.digest import WEEKDAYS, Every, Schedule
from monitor.errors import Fault, Place, hidden, shown
from monitor.routing import Match, QuietHours, Route, Routing, everything
from monitor.yamltext import Document, did_you_mean

_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _clock(value: object) -> object:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value.zfill(5))
    raise ValueError(f'expected a time of day such as "22:00", in quotes; got {shown(value)}')


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"expected a zone such as Europe/Berlin or America/New_York; got {shown(value)}"
        ) from None
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class MatchFile(_Strict):
    """What a route is about; one value or a list of them."""

    severity: Annotated[tuple[Severity, ...], BeforeValidator(_listed)] = ()
    pack: Words = ()
    rule: Words = ()
    instrument: Words = ()
    labels: dict[str, str] = {}
    health: bool = False

    def match(self) -> Match:
        """The frozen value."""
        given = {"pack": self.pack, "rule": self.rule, "instrument": self.instrument}
        return Match(severity=frozenset(self.severity), labels=self.labels, health=self.health, **given)


class RouteFile(_Strict):
    """One route."""

    match: MatchFile = MatchFile()
    channels: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]


class QuietHoursFile(_Strict):
    """Hours in which a channel is left alone."""

    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    zone: Zone
    exempt: Literal["info", "warning", "critical", "none"] = Field(default="critical", alias="except")
    """Messages so loud, or louder, are sent all the same."""

    @model_validator(mode="after")
    def _hold_for_a_while(self) -> Self:
        if self.start == self.end:
            raise ValueError(
                f"from {self.start:%H:%M} to {self.end:%H:%M} nothing would wait; expected two times"
            )
        return self

    def hours(self) -> QuietHours:
        """The frozen value."""
        exempt = None if self.exempt == "none" else Severity(self.exempt)
        return QuietHours(start=self.start, end=self.end, zone=self.zone, exempt=exempt)


class DigestFile(_Strict):
    """When a digest comes, and where."""

    every: Every
    at: Clock
    zone: Zone
    on_day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    """Of a weekly one."""
    channels: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]

    @model_validator(mode="after")
    def _a_day_of_a_week(self) -> Self:
        if self.every is Every.DAY and "on_day" in self.model_fields_set:
            raise ValueError("`on_day` is of weekly digests; write `every: week`, or leave it out")
        return self

    def schedule(self) -> Schedule:
        """The frozen value."""
        weekday = WEEKDAYS.index(self.on_day)
        return Schedule(every=self.every, at=self.at, zone=self.zone, weekday=weekday, channels=self.channels)


def routing(
    routes: Sequence[RouteFile], channels: Sequence[str], quiet: Mapping[str, QuietHoursFile]
) -> Routing:
    """The routes of settings; without any, every channel hears everything."""
    hours = {name: one.hours() for name, one in quiet.items()}
    if not routes:
        return Routing(routes=everything(channels).routes, quiet=hours)
    return Routing(
        routes=tuple(Route(match=r.match.match(), channels=r.channels) for r in routes), quiet=hours
    )


class Named(Protocol):
    """The parts of settings that name channels, and the channels there are."""

    @property
    def channels(self) -> Mapping[str, object]: ...
    @property
    def routes(self) -> Sequence[RouteFile]: ...
    @property
    def digests(self) -> Sequence[DigestFile]: ...
    @property
    def notices(self) -> Sequence[str]: ...


def route_faults(settings: Named, document: Document) -> Iterator[Fault]:
    """Channels that there are not, and a last route that does not take everything."""
    routes, known = settings.routes, list(settings.channels)
    named = {
        "routes": [one.channels for one in routes],
        "digests": [one.channels for one in settings.digests],
    }
    for key, entries in named.items():
        for index, names in enumerate(entries):
            yield from _channel_faults(names, known, document.place((key, index, "channels")))
    yield from _channel_faults(settings.notices, known, document.place(("notices",)))
    if routes and not routes[-1].match.match().takes_all:
        yield Fault(
            document.place(("routes", len(routes) - 1)),
            "the last route does not take everything, so alerts that no route matches would reach nobody",
            hint="end with a route without `match`, such as `- {channels: [mail]}`",
        )


def _channel_faults(named: Sequence[str], channels: Sequence[str], place: Place) -> Iterator[Fault]:
    for name in named:
        if name not in channels:
            hint = did_you_mean(name, channels) or f"channels: {', '.join(channels)}"
            yield Fault(place, f'unknown channel "{hidden(name)}"', hint=hint)
