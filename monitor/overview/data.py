"""How the data are: a row for each series, a row for their source, and what makes somebody look."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from monitor.health import Freshness, Health, SeriesHealth, SourceHealth
from monitor.instruments import Catalogue
from monitor.overview.row import Row
from monitor.overview.words import discreet
from monitor.rules import Instance
from monitor.sessions import settled_at


class SeriesRow(Row):
    """How fresh one series is."""

    series: str
    """The instrument."""
    last_session: date | None
    """Session of the last final bar that is held."""
    freshness: Freshness
    since: datetime | None
    """Of a series that is not fresh: since when it is as it is."""
    missing: int
    """Settled sessions after the last one."""
    age_hours: float | None
    """Hours since the values of the last session were settled."""
    age_shown: str
    gaps: tuple[date, ...]
    """Sessions of the last weeks that are missing before the last one."""
    quote_at: datetime | None
    """When the newest price was made, as the source says."""
    last_answer: str | None
    """What the source answered last."""
    detail: str | None
    """In its words, without paths and addresses."""


class SourceRow(Row):
    """How the price source is."""

    failing: bool
    """When it was asked last, most series got no prices."""
    incident_since: datetime | None
    behind_since: datetime | None
    """Since when its quotes stand still while exchanges are open."""


def data_rows(health: Health, catalogue: Catalogue, now: datetime) -> list[SeriesRow]:
    """Each watched series, in the order of the catalogue."""
    watched = catalogue.subset(health.series)
    return [_row(health.series[one.id], _age(health.series[one.id], catalogue, now)) for one in watched]


def _row(one: SeriesHealth, age: timedelta | None) -> SeriesRow:
    return SeriesRow(
        series=one.instrument,
        last_session=one.last_session,
        freshness=one.freshness,
        since=one.since,
        missing=one.missing,
        age_hours=None if age is None else round(age / timedelta(hours=1), 1),
        age_shown=_shown(age),
        gaps=one.gaps,
        quote_at=one.quote_at,
        last_answer=one.outcome or None,
        detail=discreet(one.detail) or None,
    )


def _age(one: SeriesHealth, catalogue: Catalogue, now: datetime) -> timedelta | None:
    """How long ago the values of the last session were settled."""
    if one.last_session is None:
        return None
    return max(now - settled_at(catalogue.instruments[one.instrument], one.last_session), timedelta())


def _shown(age: timedelta | None) -> str:
    if age is None:
        return "-"
    return f"{age.days} d" if age.days > 1 else f"{age // timedelta(hours=1)} h"


def source_row(source: SourceHealth) -> SourceRow:
    """How the source is."""
    return SourceRow(failing=source.failing, incident_since=source.since, behind_since=source.behind_since)


def unwell_source(source: SourceHealth) -> list[str]:
    """What is wrong with the source as a whole."""
    lines = []
    if source.since is not None:
        lines.append(f"{source.source}: most series get no prices since {source.since:%Y-%m-%d %H:%M} UTC.")
    if source.behind_since is not None:
        lines.append(f"{source.source}: quotes stand still since {source.behind_since:%Y-%m-%d %H:%M} UTC.")
    return lines


def stale_since(instance: Instance, health: Health) -> datetime | None:
    """Since when an instance waits for a series it reads."""
    found: Iterable[SeriesHealth] = (
        health.series[name] for name in instance.instruments & set(health.series)
    )
    return min((one.since for one in found if one.freshness.is_down and one.since), default=None)
